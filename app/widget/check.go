package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"

	"github.com/tallystick/tallystick/app/look"
)

// Check is a box that is on or off, with a label that wraps: the toolkit's own is as wide as its
// label and pushes a narrow window apart.
type Check struct {
	pressable
	label *Text
	on    bool

	// OnChanged is called when the person turned it on or off.
	OnChanged func(on bool)
}

// NewCheck makes a box. Changed may be nil.
func NewCheck(label string, on bool, changed func(on bool)) *Check {
	c := &Check{label: NewText(Body, label), on: on, OnChanged: changed}
	c.press = func() {
		c.SetOn(!c.on)
		if c.OnChanged != nil {
			c.OnChanged(c.on)
		}
	}
	c.ExtendBaseWidget(c)
	return c
}

// On reports whether it is on.
func (c *Check) On() bool { return c.on }

// SetOn turns it on or off. It does not call OnChanged.
func (c *Check) SetOn(on bool) {
	c.on = on
	c.Refresh()
}

// AccessibilityLabel implements fyne.Accessible.
func (c *Check) AccessibilityLabel() string { return c.label.text }

// AccessibilityRole implements fyne.Accessible.
func (c *Check) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// CreateRenderer implements fyne.Widget.
func (c *Check) CreateRenderer() fyne.WidgetRenderer {
	box := &canvas.Rectangle{CornerRadius: look.Radius / 2}
	tick := newIcon()
	focus := newFocusLine()
	r := &renderer{objects: []fyne.CanvasObject{box, tick.Image, c.label, focus}}
	edge := func() float32 { return look.Size(c, look.SizeIcon) }
	r.min = func() fyne.Size {
		m := c.label.MinSize()
		return fyne.NewSize(edge()+look.Space2+m.Width, max(edge(), m.Height)+2*look.Space1)
	}
	r.layout = func(s fyne.Size) {
		e := edge()
		first := min(s.Height, e+2*look.Space1) // the box stands at the first line
		place(box, 0, (first-e)/2, e, e)
		place(tick, 2, (first-e)/2+2, e-4, e-4)
		w := s.Width - e - look.Space2
		c.label.Resize(fyne.NewSize(w, s.Height))
		h := c.label.MinSize().Height
		place(c.label, e+look.Space2, (s.Height-h)/2, w, h)
		place(focus, -3, 0, s.Width+6, s.Height)
	}
	r.refresh = func() {
		box.FillColor, box.StrokeColor, box.StrokeWidth = color.Transparent, look.Color(c, look.ColorOutline), 1.5
		if c.on {
			box.FillColor, box.StrokeWidth = look.Color(c, theme.ColorNamePrimary), 0
		} else if c.hovered {
			box.FillColor = look.Color(c, theme.ColorNameHover)
		}
		tick.set(c, look.IconCheck, theme.ColorNameForegroundOnPrimary)
		show(tick, c.on)
		focus.StrokeColor = look.Color(c, look.ColorFocusRing)
		show(focus, c.focused)
		canvas.Refresh(c)
	}
	r.refresh()
	return r
}
