package widget

import (
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fynewidget "fyne.io/fyne/v2/widget"

	"github.com/tallystick/tallystick/app/look"
)

// Steps shows how far one is on a way of few steps, as a stick that gets its notches: one piece of
// wood per step, filled up to the current one, with "2 of 4 · Prove it" beside it.
type Steps struct {
	fynewidget.BaseWidget
	names   []string
	current int
}

// NewSteps makes the stick for steps of those names; the first is current.
func NewSteps(names ...string) *Steps {
	s := &Steps{names: names}
	s.ExtendBaseWidget(s)
	return s
}

// SetCurrent moves to step i, counted from 0.
func (s *Steps) SetCurrent(i int) { s.current = i; s.Refresh() }

// CreateRenderer implements fyne.Widget.
func (s *Steps) CreateRenderer() fyne.WidgetRenderer {
	text := canvas.NewText("", color.Transparent)
	r := &renderer{}
	parts := make([]*canvas.Rectangle, len(s.names))
	for i := range parts {
		parts[i] = &canvas.Rectangle{CornerRadius: 2}
		r.objects = append(r.objects, parts[i])
	}
	r.objects = append(r.objects, text)
	const thick = 4
	r.min = func() fyne.Size {
		t := textSize("0", look.Size(s, look.SizeCaption), fyne.TextStyle{})
		return fyne.NewSize(160, t.Height+look.Space2+thick)
	}
	r.layout = func(size fyne.Size) {
		n := float32(len(parts))
		w := (size.Width - look.Space1*(n-1)) / n
		for i, p := range parts {
			place(p, float32(i)*(w+look.Space1), 0, w, thick)
		}
		t := text.MinSize()
		place(text, 0, thick+look.Space2, size.Width, t.Height)
	}
	r.refresh = func() {
		for i, p := range parts {
			p.FillColor = look.Color(s, look.ColorWoodSoft)
			if i <= s.current {
				p.FillColor = look.Color(s, look.ColorWood)
			}
		}
		text.TextSize, text.Color = look.Size(s, look.SizeCaption), look.Color(s, look.ColorMuted)
		text.Text = ""
		if s.current >= 0 && s.current < len(s.names) {
			text.Text = fmt.Sprintf("%d of %d · %s", s.current+1, len(s.names), s.names[s.current])
		}
		r.layout(s.Size())
		canvas.Refresh(s)
	}
	r.refresh()
	return r
}
