package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fynewidget "fyne.io/fyne/v2/widget"

	"github.com/tallystick/tallystick/app/look"
)

// Finding is one line of a check: how it went, told by an icon and its colour, what was looked
// at, what was found, and what to do about it.
type Finding struct {
	fynewidget.BaseWidget
	mood              Mood
	title, text, todo *Text
	column            *fyne.Container
}

var _ fyne.Accessible = (*Finding)(nil)

// NewFinding makes a finding. Todo may be "".
func NewFinding(mood Mood, title, text, todo string) *Finding {
	f := &Finding{mood: mood, title: NewText(Strong, title), text: NewText(Muted, text), todo: NewText(Body, todo)}
	f.column = NewColumn(look.Space1/2, f.title, f.text, f.todo)
	f.ExtendBaseWidget(f)
	return f
}

// AccessibilityLabel implements fyne.Accessible.
func (f *Finding) AccessibilityLabel() string {
	return f.title.text + ", " + f.mood.word() + ", " + f.text.text + " " + f.todo.text
}

// AccessibilityRole implements fyne.Accessible.
func (f *Finding) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// word says a mood to those who see neither icon nor colour.
func (m Mood) word() string {
	switch m {
	case Good:
		return "fine"
	case Warning:
		return "warning"
	case Trouble:
		return "trouble"
	}
	return "note"
}

// CreateRenderer implements fyne.Widget.
func (f *Finding) CreateRenderer() fyne.WidgetRenderer {
	icon := newIcon()
	r := &renderer{objects: []fyne.CanvasObject{icon.Image, f.column}}
	left := func() float32 { return look.Size(f, look.SizeIcon) + look.Space3 }
	r.min = func() fyne.Size {
		m := f.column.MinSize()
		return fyne.NewSize(m.Width+left(), max(m.Height, look.Size(f, look.SizeIcon)))
	}
	r.layout = func(s fyne.Size) {
		edge := look.Size(f, look.SizeIcon)
		place(icon, 0, 0, edge, edge)
		place(f.column, left(), 0, s.Width-left(), s.Height)
	}
	r.refresh = func() {
		_, on := f.mood.colors()
		icon.set(f, f.mood.icon(), on)
		for _, t := range []*Text{f.title, f.text, f.todo} {
			t.Refresh()
		}
		f.column.Refresh()
		r.layout(f.Size())
		canvas.Refresh(f)
	}
	r.refresh()
	return r
}
