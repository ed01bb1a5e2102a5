package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	fynewidget "fyne.io/fyne/v2/widget"
)

// pressable is the behaviour of everything that is pressed: pointer, keyboard, focus, hover,
// disabled. Widgets embed it and draw from its fields.
type pressable struct {
	fynewidget.DisableableWidget
	focused, hovered, down bool
	press                  func()
}

var (
	_ fyne.Focusable     = (*pressable)(nil)
	_ fyne.Tappable      = (*pressable)(nil)
	_ desktop.Hoverable  = (*pressable)(nil)
	_ desktop.Mouseable  = (*pressable)(nil)
	_ desktop.Cursorable = (*pressable)(nil)
)

func (p *pressable) fire() {
	if p.Disabled() || p.press == nil {
		return
	}
	p.press()
}

// Tapped implements fyne.Tappable.
func (p *pressable) Tapped(*fyne.PointEvent) { p.fire() }

// TypedKey implements fyne.Focusable: Enter presses. Escape, F1 and what turns pages belong to the
// screen, and are passed on to it: the driver gives keys to what has the focus alone.
func (p *pressable) TypedKey(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		p.fire()
	case fyne.KeyEscape, fyne.KeyF1, fyne.KeyLeft, fyne.KeyRight, fyne.KeyPageUp, fyne.KeyPageDown:
		if c := p.canvas(); c != nil && c.OnTypedKey() != nil {
			c.OnTypedKey()(ev)
		}
	}
}

// canvas is the one on which p has the focus; nil when it has none.
func (p *pressable) canvas() fyne.Canvas {
	for _, w := range fyne.CurrentApp().Driver().AllWindows() {
		if f, ok := w.Canvas().Focused().(interface{ base() *pressable }); ok && f.base() == p {
			return w.Canvas()
		}
	}
	return nil
}

// base tells which pressable a widget is made of.
func (p *pressable) base() *pressable { return p }

// TypedRune implements fyne.Focusable: the space bar presses. It comes as a key and then as a
// character; were the key what presses, a field that gets the focus by it would get the character.
func (p *pressable) TypedRune(r rune) {
	if r == ' ' {
		p.fire()
	}
}

// FocusGained implements fyne.Focusable.
func (p *pressable) FocusGained() {
	p.focused = true
	p.Refresh()
}

// FocusLost implements fyne.Focusable.
func (p *pressable) FocusLost() {
	p.focused = false
	p.Refresh()
}

// MouseIn implements desktop.Hoverable.
func (p *pressable) MouseIn(*desktop.MouseEvent) {
	p.hovered = true
	p.Refresh()
}

// MouseMoved implements desktop.Hoverable.
func (p *pressable) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (p *pressable) MouseOut() {
	p.hovered, p.down = false, false
	p.Refresh()
}

// MouseDown implements desktop.Mouseable.
func (p *pressable) MouseDown(ev *desktop.MouseEvent) {
	if ev.Button == desktop.MouseButtonPrimary {
		p.down = true
		p.Refresh()
	}
}

// MouseUp implements desktop.Mouseable.
func (p *pressable) MouseUp(*desktop.MouseEvent) {
	if p.down {
		p.down = false
		p.Refresh()
	}
}

// Cursor implements desktop.Cursorable.
func (p *pressable) Cursor() desktop.Cursor {
	if p.Disabled() {
		return desktop.DefaultCursor
	}
	return desktop.PointerCursor
}

// target is a pressable place inside a larger widget that keeps the keyboard for itself: it is
// drawn by the larger one and never takes the focus.
type target struct {
	fynewidget.BaseWidget
	hovered bool
	press   func()
	drawn   func() // called when hovered changed
}

var (
	_ fyne.Tappable      = (*target)(nil)
	_ desktop.Hoverable  = (*target)(nil)
	_ desktop.Cursorable = (*target)(nil)
)

func newTarget(press, drawn func()) *target {
	t := &target{press: press, drawn: drawn}
	t.ExtendBaseWidget(t)
	return t
}

// CreateRenderer implements fyne.Widget.
func (t *target) CreateRenderer() fyne.WidgetRenderer {
	return &renderer{
		layout:  func(fyne.Size) {},
		min:     func() fyne.Size { return fyne.Size{} },
		refresh: func() {},
	}
}

// Tapped implements fyne.Tappable.
func (t *target) Tapped(*fyne.PointEvent) { t.press() }

// MouseIn implements desktop.Hoverable.
func (t *target) MouseIn(*desktop.MouseEvent) {
	t.hovered = true
	t.drawn()
}

// MouseMoved implements desktop.Hoverable.
func (t *target) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (t *target) MouseOut() {
	t.hovered = false
	t.drawn()
}

// Cursor implements desktop.Cursorable.
func (t *target) Cursor() desktop.Cursor { return desktop.PointerCursor }
