package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fynewidget "fyne.io/fyne/v2/widget"

	"github.com/tallystick/tallystick/app/look"
)

// Mood is what a banner is about.
type Mood int

const (
	Info Mood = iota
	Good
	Warning
	Trouble
)

func (m Mood) colors() (ground, on fyne.ThemeColorName) {
	switch m {
	case Good:
		return look.ColorSuccessSoft, look.ColorOnSuccessSoft
	case Warning:
		return look.ColorWarningSoft, look.ColorOnWarningSoft
	case Trouble:
		return look.ColorErrorSoft, look.ColorOnErrorSoft
	}
	return look.ColorInfoSoft, look.ColorOnInfoSoft
}

func (m Mood) icon() look.IconName {
	switch m {
	case Good:
		return look.IconSuccess
	case Warning:
		return look.IconWarning
	case Trouble:
		return look.IconError
	}
	return look.IconInfo
}

// Action is something a person can do about a banner or a toast.
type Action struct {
	Label string
	Do    func()
}

// Banner says in place what happened, what it means and what to do, with a mood told by icon and
// colour, and buttons for the ways out. Empty, it takes no room.
type Banner struct {
	fynewidget.BaseWidget
	mood        Mood
	title, text *Text
	buttons     []*Button
	row         *fyne.Container
	column      *fyne.Container
	close       *Button

	// OnDismissed, when set before Set, adds a cross that calls it.
	OnDismissed func()
}

// NewBanner makes an empty, hidden banner.
func NewBanner() *Banner {
	b := &Banner{title: NewText(Strong, ""), text: NewText(Body, "")}
	b.row = NewFlow(look.Space2)
	b.close = NewIconButton(look.IconClose, "Close", func() {
		if b.OnDismissed != nil {
			b.OnDismissed()
		}
	})
	b.column = NewColumn(look.Space1, b.title, b.text, NewPaddedTop(look.Space1, b.row))
	b.ExtendBaseWidget(b)
	b.Hide()
	return b
}

// Set shows the banner. Title or text may be "". With both empty the banner goes away.
func (b *Banner) Set(mood Mood, title, text string, actions ...Action) {
	b.mood = mood
	b.title.text, b.text.text = title, text
	_, on := mood.colors()
	b.title.color, b.text.color = on, on
	b.buttons = b.buttons[:0]
	b.row.Objects = nil
	for _, a := range actions {
		btn := NewButton(Secondary, a.Label, "", a.Do)
		b.buttons = append(b.buttons, btn)
		b.row.Objects = append(b.row.Objects, btn)
	}
	show(b, title != "" || text != "")
	b.Refresh()
}

// Clear takes the banner away.
func (b *Banner) Clear() { b.Set(Info, "", "") }

// Title and Text are what is said now.
func (b *Banner) Title() string { return b.title.text }

// Text is the second part of what is said now.
func (b *Banner) Text() string { return b.text.text }

// Buttons are the buttons of the actions, in order.
func (b *Banner) Buttons() []*Button { return b.buttons }

// CreateRenderer implements fyne.Widget.
func (b *Banner) CreateRenderer() fyne.WidgetRenderer {
	bg := &canvas.Rectangle{CornerRadius: look.Radius}
	icon := newIcon()
	r := &renderer{objects: []fyne.CanvasObject{bg, icon.Image, b.column, b.close}}
	left := func() float32 { return look.Space3 + look.Size(b, look.SizeIcon) + look.Space3 }
	right := func() float32 {
		if b.OnDismissed != nil {
			return look.Space2 + b.close.MinSize().Width
		}
		return look.Space3
	}
	r.min = func() fyne.Size {
		m := b.column.MinSize()
		return fyne.NewSize(m.Width+left()+right(), max(m.Height, look.Size(b, look.SizeIcon))+2*look.Space3)
	}
	r.layout = func(s fyne.Size) {
		place(bg, 0, 0, s.Width, s.Height)
		edge := look.Size(b, look.SizeIcon)
		place(icon, look.Space3, look.Space3, edge, edge)
		place(b.column, left(), look.Space3, s.Width-left()-right(), s.Height-2*look.Space3)
		c := b.close.MinSize()
		place(b.close, s.Width-c.Width-look.Space1, look.Space1, c.Width, c.Height)
	}
	r.refresh = func() {
		ground, on := b.mood.colors()
		bg.FillColor = look.Color(b, ground)
		icon.set(b, b.mood.icon(), on)
		show(b.close, b.OnDismissed != nil)
		b.title.Refresh()
		b.text.Refresh()
		b.column.Refresh()
		r.layout(b.Size())
		canvas.Refresh(b)
	}
	r.refresh()
	return r
}

// NewPaddedTop puts y pixels above o, and nothing at all while o is empty.
func NewPaddedTop(y float32, o fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &paddedTop{y}, Objects: []fyne.CanvasObject{o}}
}

type paddedTop struct{ y float32 }

func (p *paddedTop) Layout(objects []fyne.CanvasObject, s fyne.Size) {
	place(objects[0], 0, p.y, s.Width, s.Height-p.y)
}

func (p *paddedTop) MinSize(objects []fyne.CanvasObject) fyne.Size {
	m := objects[0].MinSize()
	if m.Height > 0 {
		m.Height += p.y
	}
	return m
}

// Toast is a small dark slip that says what succeeded, with at most one thing to do about it. The
// screen that owns it decides how long it stays.
type Toast struct {
	fynewidget.BaseWidget
	action Action
	label  *Text
	bg     *canvas.Rectangle
	button *toastButton
}

// NewToast makes a hidden toast.
func NewToast() *Toast {
	t := &Toast{label: NewText(Body, ""), bg: &canvas.Rectangle{CornerRadius: look.Radius}}
	t.button = newToastButton(t.Act)
	t.ExtendBaseWidget(t)
	t.Hide()
	return t
}

// Say shows text; action may be the zero value.
func (t *Toast) Say(text string, action Action) {
	t.label.text, t.label.color, t.action = text, look.ColorOnToast, action
	t.label.width = 0 // broken anew
	t.button.label = action.Label
	show(t.button, action.Label != "")
	show(t, text != "")
	t.Refresh()
}

// Dismiss takes the toast away.
func (t *Toast) Dismiss() { t.Say("", Action{}) }

// Act does what the toast offers, if it offers anything now.
func (t *Toast) Act() {
	if t.action.Do != nil {
		t.action.Do()
	}
}

// Text is what is said now.
func (t *Toast) Text() string { return t.label.text }

// CreateRenderer implements fyne.Widget.
func (t *Toast) CreateRenderer() fyne.WidgetRenderer {
	r := &renderer{objects: []fyne.CanvasObject{t.bg, t.label, t.button}}
	r.min = func() fyne.Size {
		m := t.label.MinSize()
		if t.label.width == 0 { // not laid out yet: one line, if that is not too long
			m = textSize(t.label.text, look.Size(t, look.SizeBody), fyne.TextStyle{})
		} else {
			m.Width = t.label.width
		}
		w := min(m.Width, 180) + 2*look.Space4
		h := m.Height + 2*look.Space3
		if t.action.Label != "" {
			b := t.button.MinSize()
			w, h = w+b.Width-look.Space2, max(h, b.Height+look.Space2)
		}
		return fyne.NewSize(w, h)
	}
	r.layout = func(s fyne.Size) {
		place(t.bg, 0, 0, s.Width, s.Height)
		end := s.Width - look.Space4
		if t.action.Label != "" {
			b := t.button.MinSize()
			place(t.button, s.Width-b.Width-look.Space1, (s.Height-b.Height)/2, b.Width, b.Height)
			end = s.Width - b.Width - look.Space2
		}
		t.label.Resize(fyne.NewSize(end-look.Space4, t.label.MinSize().Height))
		m := t.label.MinSize()
		place(t.label, look.Space4, (s.Height-m.Height)/2, end-look.Space4, m.Height)
	}
	r.refresh = func() {
		t.bg.FillColor = look.Color(t, look.ColorToast)
		t.label.Refresh()
		t.button.Refresh()
		r.layout(t.Size())
		canvas.Refresh(t)
	}
	r.refresh()
	return r
}

// toastButton is the word to press on a toast.
type toastButton struct {
	pressable
	label string
}

func newToastButton(do func()) *toastButton {
	b := &toastButton{}
	b.press = do
	b.ExtendBaseWidget(b)
	b.Hide()
	return b
}

// CreateRenderer implements fyne.Widget.
func (b *toastButton) CreateRenderer() fyne.WidgetRenderer {
	text := canvas.NewText("", color.Transparent)
	text.TextStyle = look.StrongStyle
	text.Alignment = fyne.TextAlignCenter
	line := newFocusLine()
	over := &canvas.Rectangle{CornerRadius: look.Radius}
	r := &renderer{objects: []fyne.CanvasObject{over, text, line}}
	r.min = func() fyne.Size {
		m := textSize(b.label, look.Size(b, look.SizeBody), look.StrongStyle)
		return fyne.NewSize(m.Width+2*look.Space3, max(m.Height+2*look.Space1, look.Hit))
	}
	r.layout = func(s fyne.Size) {
		place(over, 0, 0, s.Width, s.Height)
		place(text, 0, 0, s.Width, s.Height)
		place(line, 1, 1, s.Width-2, s.Height-2)
	}
	r.refresh = func() {
		text.Text, text.TextSize = b.label, look.Size(b, look.SizeBody)
		over.FillColor = color.Transparent
		if b.hovered {
			over.FillColor = look.Color(b, look.ColorToastHover)
		}
		text.Color = look.Color(b, look.ColorToastAction)
		line.StrokeColor = look.Color(b, look.ColorToastAction)
		show(line, b.focused)
		canvas.Refresh(b)
	}
	r.refresh()
	return r
}
