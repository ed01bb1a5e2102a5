package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

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
