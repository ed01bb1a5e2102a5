package widget

import (
	"image/color"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fynewidget "fyne.io/fyne/v2/widget"

	"github.com/tallystick/tallystick/app/look"
)

// lowSeconds is from when on a ring warns: the code is about to change.
const lowSeconds = 5

// dial is the drawing of a ring: a track and an arc over it.
type dial struct {
	track *canvas.Arc
	arc   *canvas.Arc
	end   float32
	low   bool
}

func newDial() *dial {
	return &dial{
		track: canvas.NewArc(0, 360, 0.66, color.Transparent),
		arc:   canvas.NewArc(0, 360, 0.66, color.Transparent),
		end:   360,
	}
}

func (d *dial) place(x, y, edge float32) {
	place(d.track, x, y, edge, edge)
	place(d.arc, x, y, edge, edge)
}

func (d *dial) show(on bool) {
	show(d.track, on)
	show(d.arc, on && d.end > 0)
}

// paint takes the colours from the theme of owner.
func (d *dial) paint(owner fyne.CanvasObject) {
	d.track.FillColor = look.Color(owner, look.ColorWoodSoft)
	d.arc.FillColor = look.Color(owner, d.color())
}

func (d *dial) color() fyne.ThemeColorName {
	if d.low {
		return look.ColorLow
	}
	return look.ColorWood
}

// set steps the arc to seconds of period. It reports whether anything changed.
func (d *dial) set(owner fyne.CanvasObject, seconds, period int) bool {
	end := float32(360)
	if period > 0 {
		end = 360 * float32(min(max(seconds, 0), period)) / float32(period)
	}
	low := seconds <= lowSeconds
	if end == d.end && low == d.low {
		return false
	}
	if low != d.low {
		d.low = low
		d.arc.FillColor = look.Color(owner, d.color())
	}
	d.end = end
	d.arc.EndAngle = end
	return true
}

// Ring shows how long a code is still good: an arc that shrinks a step a second, and the seconds
// as a number beside it, so that nobody has to read the colour.
type Ring struct {
	fynewidget.BaseWidget
	seconds, period int

	dial *dial
	text *canvas.Text
}

// NewRing makes a ring that shows nothing yet.
func NewRing() *Ring {
	r := &Ring{dial: newDial(), text: canvas.NewText("", color.Transparent)}
	r.text.Alignment = fyne.TextAlignTrailing
	r.ExtendBaseWidget(r)
	return r
}

// Set steps the ring: seconds left of period, both in whole seconds. Only what changed is drawn.
func (r *Ring) Set(seconds, period int) {
	if r.dial.set(r, seconds, period) {
		r.dial.show(true)
		canvas.Refresh(r.dial.arc)
	}
	if seconds != r.seconds || r.text.Text == "" {
		r.text.Text = strconv.Itoa(seconds)
		canvas.Refresh(r.text)
	}
	r.seconds, r.period = seconds, period
}

// CreateRenderer implements fyne.Widget.
func (r *Ring) CreateRenderer() fyne.WidgetRenderer {
	w := &renderer{objects: []fyne.CanvasObject{r.dial.track, r.dial.arc, r.text}}
	room := func() fyne.Size { return textSize("00", look.Size(r, look.SizeBody), fyne.TextStyle{}) }
	w.min = func() fyne.Size {
		edge, t := look.Size(r, look.SizeRing), room()
		return fyne.NewSize(edge+look.Space1+t.Width, max(edge, t.Height))
	}
	w.layout = func(s fyne.Size) {
		edge, t := look.Size(r, look.SizeRing), room()
		r.dial.place(0, (s.Height-edge)/2, edge)
		place(r.text, edge+look.Space1, (s.Height-t.Height)/2, t.Width, t.Height)
	}
	w.refresh = func() {
		r.dial.paint(r)
		r.text.Color = look.Color(r, look.ColorMuted)
		r.text.TextSize = look.Size(r, look.SizeBody)
		w.layout(r.Size())
		canvas.Refresh(r)
	}
	w.refresh()
	return w
}
