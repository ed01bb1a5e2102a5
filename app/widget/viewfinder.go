package widget

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"

	"github.com/tallystick/tallystick/app/look"
)

// Viewfinder shows what a camera sees, and a line around what was recognised there.
type Viewfinder struct {
	fynewidget.BaseWidget
	picture *canvas.Image
	lines   [4]*canvas.Line
	marker  []fyne.Position
	inner   *renderer
}

// NewViewfinder makes an empty one.
func NewViewfinder() *Viewfinder {
	v := &Viewfinder{picture: newPicture()}
	for i := range v.lines {
		v.lines[i] = &canvas.Line{StrokeWidth: 4}
		v.lines[i].Hide()
	}
	v.ExtendBaseWidget(v)
	return v
}

// Set shows a picture whole, with its proportions kept (nil = none), and four corners of a line around something in it, in
// parts of the picture's width and height from 0 to 1; any other number of corners is no line.
func (v *Viewfinder) Set(img image.Image, marker []fyne.Position) {
	v.picture.Image = img
	show(v.picture, img != nil)
	v.marker = marker
	if len(marker) != len(v.lines) {
		v.marker = nil
	}
	if v.inner == nil {
		return
	}
	v.inner.layout(v.Size())
	if img != nil {
		v.picture.Refresh()
	}
}

// Marked reports whether there is a line around something.
func (v *Viewfinder) Marked() bool { return v.marker != nil }

// CreateRenderer implements fyne.Widget.
func (v *Viewfinder) CreateRenderer() fyne.WidgetRenderer {
	ground := &canvas.Rectangle{CornerRadius: look.Radius}
	r := &renderer{objects: []fyne.CanvasObject{ground, v.picture}}
	for _, l := range v.lines {
		r.objects = append(r.objects, l)
	}
	v.inner = r
	r.min = func() fyne.Size { return fyne.NewSize(240, 180) }
	r.layout = func(s fyne.Size) {
		place(ground, 0, 0, s.Width, s.Height)
		place(v.picture, 0, 0, s.Width, s.Height)
		at := lies(v.picture.Image, s)
		for i, l := range v.lines {
			show(l, v.marker != nil && v.picture.Image != nil)
			if v.marker == nil {
				continue
			}
			a, b := v.marker[i], v.marker[(i+1)%len(v.marker)]
			l.Position1 = fyne.NewPos(at.x+a.X*at.w, at.y+a.Y*at.h)
			l.Position2 = fyne.NewPos(at.x+b.X*at.w, at.y+b.Y*at.h)
			canvas.Refresh(l)
		}
	}
	r.refresh = func() {
		ground.FillColor = look.Color(v, look.ColorSunken)
		for _, l := range v.lines {
			l.StrokeColor = look.Color(v, theme.ColorNameSuccess)
		}
		r.layout(v.Size())
		canvas.Refresh(v)
	}
	r.refresh()
	return r
}

// area is a part of a widget.
type area struct{ x, y, w, h float32 }

// lies is where a picture lies that is shown whole in a place of that size.
func lies(img image.Image, s fyne.Size) area {
	if img == nil || img.Bounds().Empty() {
		return area{}
	}
	b := img.Bounds()
	scale := min(s.Width/float32(b.Dx()), s.Height/float32(b.Dy()))
	w, h := float32(b.Dx())*scale, float32(b.Dy())*scale
	return area{(s.Width - w) / 2, (s.Height - h) / 2, w, h}
}
