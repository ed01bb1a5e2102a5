package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"

	"github.com/tallystick/tallystick/app/look"
)

// Select is one choice of a few, shown in a field with a line around it like every other field:
// the toolkit's own has none, and on a card nothing says that it can be pressed. Enter and the
// space bar open the list, up and down change the choice without opening it.
type Select struct {
	pressable

	Options  []string
	Selected string // "" when nothing is chosen
	// OnChanged is called when another option was chosen, by the person or by SetSelected.
	OnChanged func(option string)

	open *fynewidget.PopUpMenu
}

var _ fyne.Accessible = (*Select)(nil)

// NewSelect makes a field with nothing chosen. Changed may be nil.
func NewSelect(options []string, changed func(option string)) *Select {
	s := &Select{Options: options, OnChanged: changed}
	s.press = s.openList
	s.ExtendBaseWidget(s)
	return s
}

// SetSelected chooses option. An option that is not there is shown all the same.
func (s *Select) SetSelected(option string) {
	if option == s.Selected {
		return
	}
	s.Selected = option
	s.Refresh()
	if s.OnChanged != nil {
		s.OnChanged(option)
	}
}

// SelectedIndex is the place of the choice among the options, -1 when it is not among them.
func (s *Select) SelectedIndex() int {
	for i, o := range s.Options {
		if o == s.Selected {
			return i
		}
	}
	return -1
}

// openList shows the options under the field.
func (s *Select) openList() {
	c := fyne.CurrentApp().Driver().CanvasForObject(s)
	if c == nil || len(s.Options) == 0 {
		return
	}
	items := make([]*fyne.MenuItem, 0, len(s.Options))
	for _, o := range s.Options {
		item := fyne.NewMenuItem(o, func() { s.SetSelected(o) })
		item.Checked = o == s.Selected
		items = append(items, item)
	}
	s.open = fynewidget.NewPopUpMenu(fyne.NewMenu("", items...), c)
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(s)
	s.open.ShowAtPosition(at.AddXY(0, s.Size().Height+look.Space1))
	m := s.open.MinSize()
	s.open.Resize(fyne.NewSize(max(m.Width, s.Size().Width), m.Height))
}

// TypedKey implements fyne.Focusable.
func (s *Select) TypedKey(ev *fyne.KeyEvent) {
	i := s.SelectedIndex()
	switch {
	case s.Disabled():
	case ev.Name == fyne.KeyDown && i+1 < len(s.Options):
		s.SetSelected(s.Options[i+1])
	case ev.Name == fyne.KeyUp && i > 0:
		s.SetSelected(s.Options[i-1])
	default:
		s.pressable.TypedKey(ev)
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (s *Select) AccessibilityLabel() string { return s.Selected }

// AccessibilityRole implements fyne.Accessible.
func (s *Select) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// CreateRenderer implements fyne.Widget.
func (s *Select) CreateRenderer() fyne.WidgetRenderer {
	bg := &canvas.Rectangle{CornerRadius: look.Radius}
	over := &canvas.Rectangle{CornerRadius: look.Radius}
	line := newFocusLine()
	text := canvas.NewText("", color.Transparent)
	chevron := newIcon()
	r := &renderer{objects: []fyne.CanvasObject{bg, over, text, chevron.Image, line}}
	r.min = func() fyne.Size {
		size := look.Size(s, look.SizeBody)
		m := textSize("0", size, fyne.TextStyle{})
		for _, o := range s.Options {
			m.Width = max(m.Width, textSize(o, size, fyne.TextStyle{}).Width)
		}
		e := look.Size(s, look.SizeIcon)
		return fyne.NewSize(min(m.Width+e+3*look.Space2, mostLabel), max(m.Height, e)+2*look.Space2)
	}
	r.layout = func(size fyne.Size) {
		place(bg, 0, 0, size.Width, size.Height)
		place(over, 0, 0, size.Width, size.Height)
		place(line, 0, 0, size.Width, size.Height)
		e := look.Size(s, look.SizeIcon)
		place(chevron, size.Width-look.Space2-e, (size.Height-e)/2, e, e)
		fitLabel(text, s.Selected, look.Size(s, look.SizeBody), size.Width-3*look.Space2-e)
		t := text.MinSize()
		place(text, look.Space2, (size.Height-t.Height)/2, t.Width, t.Height)
	}
	r.refresh = func() {
		on := theme.ColorNameForeground
		bg.FillColor = look.Color(s, theme.ColorNameInputBackground)
		bg.StrokeColor, bg.StrokeWidth = look.Color(s, theme.ColorNameInputBorder), 1
		over.FillColor = color.Transparent
		switch {
		case s.Disabled():
			on = theme.ColorNameDisabled
			bg.FillColor = look.Color(s, theme.ColorNameDisabledButton)
		case s.down:
			over.FillColor = look.Color(s, theme.ColorNamePressed)
		case s.hovered:
			over.FillColor = look.Color(s, theme.ColorNameHover)
		}
		text.Color = look.Color(s, on)
		chevron.set(s, look.IconDown, on)
		line.StrokeColor = look.Color(s, look.ColorFocusRing)
		show(line, s.focused)
		r.layout(s.Size())
		canvas.Refresh(s)
	}
	r.refresh()
	return r
}
