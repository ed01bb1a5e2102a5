package widget

import (
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// Control is something that can have the keyboard: what is pressed, chosen or typed into.
type Control interface {
	fyne.CanvasObject
	fyne.Focusable
}

// holder is a widget with others inside.
type holder interface{ parts() []fyne.CanvasObject }

func (b *Banner) parts() []fyne.CanvasObject      { return []fyne.CanvasObject{b.row, b.close} }
func (s *Section) parts() []fyne.CanvasObject     { return s.body.Objects }
func (f *Field) parts() []fyne.CanvasObject       { return []fyne.CanvasObject{f.copy} }
func (f *FormField) parts() []fyne.CanvasObject   { return f.box.Objects }
func (s *secretField) parts() []fyne.CanvasObject { return []fyne.CanvasObject{s.field} }

// Controls are the controls in o that can be seen, in the order they stand there, with those that are turned off.
func Controls(o fyne.CanvasObject) []Control {
	if o == nil || !o.Visible() {
		return nil
	}
	var inside []fyne.CanvasObject
	switch o := o.(type) {
	case Control:
		return []Control{o}
	case *fyne.Container:
		inside = o.Objects
	case *container.Scroll:
		inside = []fyne.CanvasObject{o.Content}
	case holder:
		inside = o.parts()
	}
	var all []Control
	for _, part := range inside {
		all = append(all, Controls(part)...)
	}
	return all
}

// Held reports whether a control in o is held down with the pointer just now.
func Held(o fyne.CanvasObject) bool {
	return slices.ContainsFunc(Controls(o), func(c Control) bool {
		p, ok := c.(interface{ base() *pressable })
		return ok && p.base().down
	})
}

// Place says where a control stands among those of a page, in a way that outlives the page's being built anew: its kind and what it
// says, and which it is of those of that kind that say the same. The zero Place is nowhere.
type Place struct {
	name      string
	which, of int
}

// PlaceOf is where c stands in o; the zero Place when it does not stand there.
func PlaceOf(o fyne.CanvasObject, c fyne.Focusable) Place {
	one, ok := c.(Control)
	if !ok {
		return Place{}
	}
	same := alike(o, nameOf(one))
	which := slices.Index(same, one)
	if which < 0 {
		return Place{}
	}
	return Place{name: nameOf(one), which: which, of: len(same)}
}

// In is the control at this place of o. nil when there is none, or when there are more or fewer that say the same than there were: it
// cannot be told which of several rows it was.
func (p Place) In(o fyne.CanvasObject) Control {
	same := alike(o, p.name)
	if p.of == 0 || len(same) != p.of {
		return nil
	}
	return same[p.which]
}

// alike are the controls in o of that name.
func alike(o fyne.CanvasObject, name string) []Control {
	return slices.DeleteFunc(Controls(o), func(c Control) bool { return nameOf(c) != name })
}

// nameOf tells one control from others. What a list of options says changes with the choice, and what a field holds with every key.
func nameOf(c Control) string {
	name := fmt.Sprintf("%T", c)
	if _, list := c.(*Select); list {
		return name
	}
	if says, ok := c.(fyne.Accessible); ok {
		name += " " + says.AccessibilityLabel()
	}
	return name
}
