package widget

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	fynewidget "fyne.io/fyne/v2/widget"

	"github.com/tallystick/tallystick/app/look"
)

// PictureView shows a picture to read from: whole at first, larger step by step, and moved with the wheel, the bars or by
// dragging. It keeps no copy: Set(nil) forgets the picture.
type PictureView struct {
	fynewidget.BaseWidget
	picture *pannable
	scroll  *container.Scroll
	smaller *Button
	larger  *Button
	bar     fyne.CanvasObject
	zoom    int // steps above "whole"
	height  float32

	// OnPutAway is called when the person has read enough.
	OnPutAway func()
}

// zoomSteps is how much larger than whole a picture is shown.
var zoomSteps = []float32{1, 1.5, 2, 3, 4, 6}

// NewPictureView makes an empty view that is height pixels high, the buttons not counted.
func NewPictureView(height float32) *PictureView {
	v := &PictureView{height: height, picture: newPannable()}
	v.scroll = container.NewScroll(v.picture)
	v.picture.drag = func(dx, dy float32) {
		v.scroll.ScrollToOffset(v.scroll.Offset.SubtractXY(dx, dy))
	}
	v.smaller = NewButton(Secondary, "Smaller", "", func() { v.Zoom(v.zoom - 1) })
	v.larger = NewButton(Secondary, "Larger", look.IconSearch, func() { v.Zoom(v.zoom + 1) })
	v.bar = NewFlow(look.Space2, v.larger, v.smaller, NewButton(Quiet, "Put away", "", func() {
		if v.OnPutAway != nil {
			v.OnPutAway()
		}
	}))
	v.ExtendBaseWidget(v)
	v.Zoom(0)
	return v
}

// Set shows img; nil forgets the one before. The same picture again keeps the place the person looks at.
func (v *PictureView) Set(img image.Image) {
	if v.picture.image.Image == img {
		return
	}
	v.picture.image.Image = img
	v.scroll.ScrollToOffset(fyne.Position{})
	v.Zoom(0)
}

// Zoom shows the picture n steps larger than whole, as far as there are steps. The middle of what is seen stays in the middle.
func (v *PictureView) Zoom(n int) {
	n = max(0, min(n, len(zoomSteps)-1))
	before := v.picture.MinSize()
	middle := v.scroll.Offset.AddXY(v.scroll.Size().Width/2, v.scroll.Size().Height/2)
	v.zoom = n
	v.fit()
	after := v.picture.MinSize()
	if before.Width > 0 && before.Height > 0 {
		middle = fyne.NewPos(middle.X*after.Width/before.Width, middle.Y*after.Height/before.Height)
		v.scroll.ScrollToOffset(middle.SubtractXY(v.scroll.Size().Width/2, v.scroll.Size().Height/2))
	}
	enable := func(b *Button, on bool) {
		if on {
			b.Enable()
		} else {
			b.Disable()
		}
	}
	enable(v.smaller, n > 0)
	enable(v.larger, n < len(zoomSteps)-1)
	v.Refresh()
}

// Shown is the size of the picture as it is shown, cut off or not; zero without a picture.
func (v *PictureView) Shown() fyne.Size { return v.picture.size }

// fit gives the picture its size: whole in the place there is, times the zoom.
func (v *PictureView) fit() {
	size := fyne.Size{}
	if img, room := v.picture.image.Image, v.scroll.Size(); img != nil && room.Width > 0 && room.Height > 0 {
		b := img.Bounds()
		whole := min(room.Width/float32(b.Dx()), room.Height/float32(b.Dy()))
		scale := whole * zoomSteps[v.zoom]
		size = fyne.NewSize(float32(b.Dx())*scale, float32(b.Dy())*scale)
	}
	v.picture.size = size
	v.picture.Refresh()
	v.scroll.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (v *PictureView) CreateRenderer() fyne.WidgetRenderer {
	frame := &canvas.Rectangle{CornerRadius: look.Radius}
	r := &renderer{objects: []fyne.CanvasObject{frame, v.scroll, v.bar}}
	r.min = func() fyne.Size {
		bar := v.bar.MinSize()
		return fyne.NewSize(bar.Width, v.height+look.Space2+bar.Height)
	}
	r.layout = func(s fyne.Size) {
		v.bar.Resize(fyne.NewSize(s.Width, v.bar.MinSize().Height))
		bar := v.bar.MinSize().Height
		room := s.Height - bar - look.Space2
		place(frame, 0, 0, s.Width, room)
		was := v.scroll.Size()
		place(v.scroll, 1, 1, s.Width-2, room-2)
		place(v.bar, 0, s.Height-bar, s.Width, bar)
		if v.scroll.Size() != was {
			v.fit()
		}
	}
	r.refresh = func() {
		frame.FillColor = look.Color(v, look.ColorSunken)
		frame.StrokeColor, frame.StrokeWidth = look.Color(v, look.ColorHairline), 1
		canvas.Refresh(v)
	}
	r.refresh()
	return r
}

// pannable is a picture that is moved by dragging.
type pannable struct {
	fynewidget.BaseWidget
	image *canvas.Image
	size  fyne.Size
	drag  func(dx, dy float32)
}

var _ fyne.Draggable = (*pannable)(nil)

func newPannable() *pannable {
	p := &pannable{image: &canvas.Image{FillMode: canvas.ImageFillContain}}
	p.ExtendBaseWidget(p)
	return p
}

// Dragged implements fyne.Draggable.
func (p *pannable) Dragged(e *fyne.DragEvent) { p.drag(e.Dragged.DX, e.Dragged.DY) }

// DragEnd implements fyne.Draggable.
func (p *pannable) DragEnd() {}

// CreateRenderer implements fyne.Widget.
func (p *pannable) CreateRenderer() fyne.WidgetRenderer {
	r := &renderer{objects: []fyne.CanvasObject{p.image}}
	r.min = func() fyne.Size { return p.size }
	r.layout = func(s fyne.Size) {
		// In the middle where there is more room than picture.
		w, h := min(s.Width, p.size.Width), min(s.Height, p.size.Height)
		place(p.image, (s.Width-w)/2, (s.Height-h)/2, w, h)
	}
	r.refresh = func() {
		show(p.image, p.image.Image != nil)
		r.layout(p.Size())
		p.image.Refresh()
		canvas.Refresh(p)
	}
	return r
}
