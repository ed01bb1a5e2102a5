package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fynewidget "fyne.io/fyne/v2/widget"

	"github.com/tallystick/tallystick/app/look"
)

// Shortcut is one line of the shortcut help: the keys that are pressed together, and what they do.
type Shortcut struct {
	Keys []string // "Ctrl", "N"
	Does string
}

// ShortcutGroup is a titled group of lines.
type ShortcutGroup struct {
	Title     string
	Shortcuts []Shortcut
}

// NewShortcutTable makes the help that F1 shows.
func NewShortcutTable(groups ...ShortcutGroup) fyne.CanvasObject {
	column := NewColumn(look.Space5)
	for _, g := range groups {
		lines := NewColumn(look.Space2, NewText(Strong, g.Title))
		for _, s := range g.Shortcuts {
			lines.Add(newShortcutLine(s))
		}
		column.Add(lines)
	}
	return column
}

// shortcutLine is what a shortcut does, and at the right end its keys as caps.
type shortcutLine struct {
	fynewidget.BaseWidget
	does *Text
	caps []*keyCap
}

func newShortcutLine(s Shortcut) *shortcutLine {
	l := &shortcutLine{does: NewText(Body, s.Does)}
	for _, k := range s.Keys {
		l.caps = append(l.caps, newKeyCap(k))
	}
	l.ExtendBaseWidget(l)
	return l
}

// CreateRenderer implements fyne.Widget.
func (l *shortcutLine) CreateRenderer() fyne.WidgetRenderer {
	r := &renderer{objects: []fyne.CanvasObject{l.does}}
	for _, c := range l.caps {
		r.objects = append(r.objects, c)
	}
	keys := func() float32 {
		w := float32(0)
		for _, c := range l.caps {
			w += c.MinSize().Width + look.Space1
		}
		return w
	}
	r.min = func() fyne.Size {
		m := l.does.MinSize()
		h := m.Height
		for _, c := range l.caps {
			h = max(h, c.MinSize().Height)
		}
		return fyne.NewSize(m.Width+look.Space3+keys(), h)
	}
	r.layout = func(s fyne.Size) {
		x := s.Width - keys() + look.Space1
		w := x - look.Space3
		m := l.does.MinSize()
		place(l.does, 0, (s.Height-m.Height)/2, w, m.Height)
		for _, c := range l.caps {
			m := c.MinSize()
			place(c, x, (s.Height-m.Height)/2, m.Width, m.Height)
			x += m.Width + look.Space1
		}
	}
	r.refresh = func() {
		r.layout(l.Size())
		canvas.Refresh(l)
	}
	return r
}

// keyCap is one key, drawn as a key.
type keyCap struct {
	fynewidget.BaseWidget
	key string
}

func newKeyCap(key string) *keyCap {
	k := &keyCap{key: key}
	k.ExtendBaseWidget(k)
	return k
}

// CreateRenderer implements fyne.Widget.
func (k *keyCap) CreateRenderer() fyne.WidgetRenderer {
	bg := &canvas.Rectangle{CornerRadius: look.Space1}
	text := canvas.NewText(k.key, color.Transparent)
	text.Alignment = fyne.TextAlignCenter
	r := &renderer{objects: []fyne.CanvasObject{bg, text}}
	r.min = func() fyne.Size {
		t := textSize(k.key, look.Size(k, look.SizeCaption), fyne.TextStyle{})
		return fyne.NewSize(max(t.Width+2*look.Space2, t.Height+2*look.Space1), t.Height+2*look.Space1)
	}
	r.layout = func(s fyne.Size) {
		place(bg, 0, 0, s.Width, s.Height)
		place(text, 0, 0, s.Width, s.Height)
	}
	r.refresh = func() {
		bg.FillColor = look.Color(k, look.ColorSunken)
		bg.StrokeColor, bg.StrokeWidth = look.Color(k, look.ColorOutline), 1
		text.Color, text.TextSize = look.Color(k, look.ColorInk), look.Size(k, look.SizeCaption)
		canvas.Refresh(k)
	}
	r.refresh()
	return r
}
