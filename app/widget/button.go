package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"

	"github.com/tallystick/tallystick/app/look"
)

// ButtonKind is how much a button asks for.
type ButtonKind int

const (
	// Secondary is an outlined button: the usual one.
	Secondary ButtonKind = iota
	// Primary is the one thing to do on a screen.
	Primary
	// Quiet has no ground until the pointer or the keyboard is on it.
	Quiet
	// Danger deletes.
	Danger
)

// Button is a button with a label, an icon, or both.
type Button struct {
	pressable
	kind  ButtonKind
	label string
	icon  look.IconName
	hint  string

	// OnTapped is called when the button is pressed by pointer, Enter or the space bar.
	OnTapped func()
}

var _ fyne.Accessible = (*Button)(nil)

// NewButton makes a button. Icon may be "".
func NewButton(kind ButtonKind, label string, icon look.IconName, tapped func()) *Button {
	b := &Button{kind: kind, label: label, icon: icon, OnTapped: tapped}
	b.press = func() {
		if b.OnTapped != nil {
			b.OnTapped()
		}
	}
	b.ExtendBaseWidget(b)
	return b
}

// NewIconButton makes a square quiet button of an icon alone; name says what it does to those who
// do not see the icon.
func NewIconButton(icon look.IconName, name string, tapped func()) *Button {
	b := NewButton(Quiet, "", icon, tapped)
	b.hint = name
	return b
}

// SetLabel changes the label.
func (b *Button) SetLabel(s string) { b.label = s; b.Refresh() }

// SetIcon changes the icon; "" for none.
func (b *Button) SetIcon(n look.IconName) { b.icon = n; b.Refresh() }

// SetKind changes the kind.
func (b *Button) SetKind(k ButtonKind) { b.kind = k; b.Refresh() }

// Label is the label.
func (b *Button) Label() string { return b.label }

// AccessibilityLabel implements fyne.Accessible.
func (b *Button) AccessibilityLabel() string {
	if b.label != "" {
		return b.label
	}
	return b.hint
}

// AccessibilityRole implements fyne.Accessible.
func (b *Button) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// colors answers the ground, the line around it and what is written on it.
func (b *Button) colors() (ground, line color.Color, text fyne.ThemeColorName) {
	c := func(n fyne.ThemeColorName) color.Color { return look.Color(b, n) }
	ground, line = color.Transparent, color.Transparent
	switch {
	case b.Disabled() && b.kind == Quiet:
		return ground, line, theme.ColorNameDisabled
	case b.Disabled():
		return c(theme.ColorNameDisabledButton), line, theme.ColorNameDisabled
	}
	switch b.kind {
	case Primary:
		return c(theme.ColorNamePrimary), line, theme.ColorNameForegroundOnPrimary
	case Danger:
		return c(theme.ColorNameError), line, theme.ColorNameForegroundOnError
	case Quiet:
		return ground, line, theme.ColorNameForeground
	}
	return c(theme.ColorNameButton), c(look.ColorOutline), theme.ColorNameForeground
}

// fitLabel puts s on text in size, smaller where the room is short, and only then with an ellipsis.
// With large text set, the smallest is still larger than the usual size.
func fitLabel(text *canvas.Text, s string, size, room float32) {
	text.TextSize = max(fitSize(s, size, room, text.TextStyle), size*0.6)
	text.Text = s
	if room > 0 {
		text.Text = fit(s, room, text.TextSize, text.TextStyle)
	}
}

// mostLabel is the width a label may ask for, in pixels; longer ones shrink. Without a limit one
// long label in large text would keep the window from being narrow.
const mostLabel = 272

// shrink puts s on text in size, or as small as the room asks for: for what must not be cut.
func shrink(text *canvas.Text, s string, size, room float32) {
	text.Text, text.TextSize = s, fitSize(s, size, room, text.TextStyle)
}

// CreateRenderer implements fyne.Widget.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	bg := &canvas.Rectangle{CornerRadius: look.Radius}
	over := &canvas.Rectangle{CornerRadius: look.Radius}
	ring := newFocusLine()
	text := canvas.NewText("", color.Transparent)
	text.TextStyle = look.StrongStyle
	icon := newIcon()

	pad := func() (x, y float32) {
		if b.label == "" {
			return look.Space2, look.Space2
		}
		if b.kind == Quiet {
			return look.Space3, look.Space2
		}
		return look.Space4, look.Space2
	}
	r := &renderer{objects: []fyne.CanvasObject{bg, over, icon.Image, text, ring}}
	r.layout = func(s fyne.Size) {
		place(bg, 0, 0, s.Width, s.Height)
		place(over, 0, 0, s.Width, s.Height)
		place(ring, -3, -3, s.Width+6, s.Height+6)
		padX, _ := pad()
		edge, gap := float32(0), float32(0)
		if b.icon != "" {
			edge = look.Size(b, look.SizeIcon)
		}
		if b.icon != "" && b.label != "" {
			gap = look.Space2
		}
		fitLabel(text, b.label, look.Size(b, look.SizeBody), s.Width-2*padX-edge-gap)
		t := text.MinSize()
		if b.label == "" {
			t.Width = 0
		}
		x := (s.Width - edge - gap - t.Width) / 2
		place(icon, x, (s.Height-edge)/2, edge, edge)
		place(text, x+edge+gap, (s.Height-t.Height)/2, t.Width, t.Height)
	}
	r.min = func() fyne.Size {
		padX, padY := pad()
		w, h := float32(0), float32(0)
		if b.icon != "" {
			w, h = look.Size(b, look.SizeIcon), look.Size(b, look.SizeIcon)
		}
		if b.label != "" {
			t := textSize(b.label, look.Size(b, look.SizeBody), look.StrongStyle)
			if w > 0 {
				w += look.Space2
			}
			w, h = w+t.Width, max(h, t.Height)
		}
		return fyne.NewSize(min(max(w+2*padX, look.Hit), mostLabel), max(h+2*padY, look.Hit))
	}
	r.refresh = func() {
		ground, line, on := b.colors()
		bg.FillColor, bg.StrokeColor, bg.StrokeWidth = ground, line, 1
		over.FillColor = color.Transparent
		if !b.Disabled() {
			switch {
			case b.down:
				over.FillColor = look.Color(b, theme.ColorNamePressed)
			case b.hovered || (b.focused && b.kind == Quiet):
				over.FillColor = look.Color(b, theme.ColorNameHover)
			}
		}
		ring.StrokeColor = look.Color(b, look.ColorFocusRing)
		ring.CornerRadius = look.Radius + 3
		show(ring, b.focused)
		text.Color = look.Color(b, on)
		if b.icon != "" {
			icon.set(b, b.icon, on)
		}
		show(icon, b.icon != "")
		r.layout(b.Size())
		canvas.Refresh(b)
	}
	r.refresh()
	return r
}
