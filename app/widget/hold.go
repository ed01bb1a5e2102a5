package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"

	"github.com/tallystick/tallystick/app/look"
)

// HoldButton is pressed and held on purpose, to show what should not be shown by a slip. It has
// no clock: whoever owns it calls Step while Holding, as often as it likes, and after so many
// steps the button is done. The space bar and Enter hold like the pointer does.
type HoldButton struct {
	pressable
	label   string
	steps   int
	done    int
	holding bool

	// Icon says what comes of it; an eye unless set right after the button was made.
	Icon look.IconName

	// OnHold: the holding began; start stepping. OnRelease: it ended, done or not; stop stepping.
	OnHold, OnRelease func()
	// OnDone: it was held for all steps.
	OnDone func()
}

var (
	_ desktop.Keyable = (*HoldButton)(nil)
	_ fyne.Accessible = (*HoldButton)(nil)
)

// NewHoldButton makes a button that takes so many steps, at least one.
func NewHoldButton(label string, steps int, done func()) *HoldButton {
	h := &HoldButton{label: label, steps: max(steps, 1), OnDone: done, Icon: look.IconEye}
	h.ExtendBaseWidget(h)
	return h
}

// Holding reports whether the button is held now.
func (h *HoldButton) Holding() bool { return h.holding }

// Progress is the part of the steps that is done, 0–1.
func (h *HoldButton) Progress() float32 { return float32(h.done) / float32(h.steps) }

// Step is one step of holding. It does nothing while nobody holds, or when all are done.
func (h *HoldButton) Step() {
	if !h.holding || h.done >= h.steps {
		return
	}
	h.done++
	h.Refresh()
	if h.done == h.steps && h.OnDone != nil {
		h.OnDone()
	}
}

func (h *HoldButton) begin() {
	if h.Disabled() || h.holding {
		return
	}
	h.holding, h.done = true, 0
	h.Refresh()
	if h.OnHold != nil {
		h.OnHold()
	}
}

func (h *HoldButton) end() {
	if !h.holding {
		return
	}
	h.holding, h.done = false, 0
	h.Refresh()
	if h.OnRelease != nil {
		h.OnRelease()
	}
}

// Tapped implements fyne.Tappable. A tap is not a hold.
func (h *HoldButton) Tapped(*fyne.PointEvent) {}

// TypedKey implements fyne.Focusable. A key press is not a hold; what belongs to the window goes there.
func (h *HoldButton) TypedKey(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
	default:
		h.pressable.TypedKey(ev)
	}
}

// KeyDown implements desktop.Keyable.
func (h *HoldButton) KeyDown(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		h.begin()
	}
}

// KeyUp implements desktop.Keyable.
func (h *HoldButton) KeyUp(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		h.end()
	}
}

// MouseDown implements desktop.Mouseable.
func (h *HoldButton) MouseDown(ev *desktop.MouseEvent) {
	if ev.Button == desktop.MouseButtonPrimary {
		h.begin()
	}
}

// MouseUp implements desktop.Mouseable.
func (h *HoldButton) MouseUp(*desktop.MouseEvent) { h.end() }

// MouseOut implements desktop.Hoverable: leaving lets go.
func (h *HoldButton) MouseOut() {
	h.end()
	h.pressable.MouseOut()
}

// FocusLost implements fyne.Focusable: leaving lets go.
func (h *HoldButton) FocusLost() {
	h.end()
	h.pressable.FocusLost()
}

// AccessibilityLabel implements fyne.Accessible.
func (h *HoldButton) AccessibilityLabel() string { return h.label }

// AccessibilityRole implements fyne.Accessible.
func (h *HoldButton) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// CreateRenderer implements fyne.Widget.
func (h *HoldButton) CreateRenderer() fyne.WidgetRenderer {
	bg := &canvas.Rectangle{CornerRadius: look.Radius}
	fill := &canvas.Rectangle{CornerRadius: look.Radius}
	line := newFocusLine()
	icon := newIcon()
	text := canvas.NewText("", color.Transparent)
	text.TextStyle = look.StrongStyle
	r := &renderer{objects: []fyne.CanvasObject{bg, fill, icon.Image, text, line}}
	r.min = func() fyne.Size {
		t := textSize(h.label, look.Size(h, look.SizeBody), look.StrongStyle)
		e := look.Size(h, look.SizeIcon)
		return fyne.NewSize(min(e+look.Space2+t.Width+2*look.Space4, mostLabel), max(t.Height, e)+2*look.Space2)
	}
	r.layout = func(s fyne.Size) {
		place(bg, 0, 0, s.Width, s.Height)
		place(line, -3, -3, s.Width+6, s.Height+6)
		place(fill, 0, 0, s.Width*h.Progress(), s.Height)
		e := look.Size(h, look.SizeIcon)
		fitLabel(text, h.label, look.Size(h, look.SizeBody), s.Width-e-look.Space2-2*look.Space3)
		t := text.MinSize()
		x := (s.Width - e - look.Space2 - t.Width) / 2
		place(icon, x, (s.Height-e)/2, e, e)
		place(text, x+e+look.Space2, (s.Height-t.Height)/2, t.Width, t.Height)
	}
	r.refresh = func() {
		bg.FillColor = look.Color(h, theme.ColorNameButton)
		bg.StrokeColor, bg.StrokeWidth = look.Color(h, look.ColorOutline), 1
		fill.FillColor = look.Color(h, look.ColorAccentSoft)
		on := theme.ColorNameForeground
		if h.Disabled() {
			on = theme.ColorNameDisabled
			bg.FillColor, bg.StrokeColor = look.Color(h, theme.ColorNameDisabledButton), color.Transparent
		} else if h.hovered {
			bg.FillColor = look.Color(h, look.ColorSunken)
		}
		text.Color = look.Color(h, on)
		icon.set(h, h.Icon, on)
		line.StrokeColor, line.CornerRadius = look.Color(h, look.ColorFocusRing), look.Radius+3
		show(line, h.focused)
		show(fill, h.done > 0)
		r.layout(h.Size())
		canvas.Refresh(h)
	}
	r.refresh()
	return r
}
