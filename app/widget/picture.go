package widget

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fynewidget "fyne.io/fyne/v2/widget"

	"github.com/tallystick/tallystick/app/look"
)

// Cutout shows a piece of a picture in a frame: where on the screen a code was found.
type Cutout struct {
	fynewidget.BaseWidget
	picture *canvas.Image
	edge    float32
}

// NewCutout makes an empty frame of edge by edge pixels.
func NewCutout(edge float32) *Cutout {
	c := &Cutout{picture: &canvas.Image{}, edge: edge}
	c.picture.FillMode = canvas.ImageFillContain
	c.picture.CornerRadius = look.Radius - 4
	c.ExtendBaseWidget(c)
	return c
}

// Set shows img whole, with its proportions kept; nil empties the frame.
func (c *Cutout) Set(img image.Image) {
	c.picture.Image = img
	show(c.picture, img != nil)
	c.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (c *Cutout) CreateRenderer() fyne.WidgetRenderer {
	frame := &canvas.Rectangle{CornerRadius: look.Radius}
	r := &renderer{objects: []fyne.CanvasObject{frame, c.picture}}
	r.min = func() fyne.Size { return fyne.NewSquareSize(c.edge) }
	r.layout = func(s fyne.Size) {
		place(frame, 0, 0, s.Width, s.Height)
		place(c.picture, look.Space1, look.Space1, s.Width-2*look.Space1, s.Height-2*look.Space1)
	}
	r.refresh = func() {
		frame.FillColor = look.Color(c, look.ColorSunken)
		frame.StrokeColor, frame.StrokeWidth = look.Color(c, look.ColorHairline), 1
		if c.picture.Image != nil {
			c.picture.Refresh()
		}
		canvas.Refresh(c)
	}
	r.refresh()
	return r
}

// quiet is how many modules of white a QR code needs around it (ISO/IEC 18004).
const quiet = 4

// QRImage shows a QR code: black on white in both variants, because scanners expect it so.
type QRImage struct {
	fynewidget.BaseWidget
	picture *canvas.Image
	edge    float32
}

// NewQRImage makes an empty place of edge by edge pixels, white border included.
func NewQRImage(edge float32) *QRImage {
	q := &QRImage{picture: &canvas.Image{}, edge: edge}
	q.picture.ScaleMode = canvas.ImageScalePixels
	q.picture.FillMode = canvas.ImageFillContain
	q.ExtendBaseWidget(q)
	return q
}

// EdgeOf is how wide a QRImage of so many modules is, white border included, when each is edge pixels wide.
func EdgeOf(modules int, edge float32) float32 {
	return float32(modules+2*quiet)*edge + 2*look.Space1
}

// SetModules shows a matrix of modules: rows of cells, true is dark, without a border.
func (q *QRImage) SetModules(m [][]bool) {
	if len(m) == 0 {
		q.SetImage(nil)
		return
	}
	n := len(m) + 2*quiet
	img := image.NewGray(image.Rect(0, 0, n, n))
	for i := range img.Pix {
		img.Pix[i] = 0xff
	}
	for y, row := range m {
		for x, dark := range row {
			if dark {
				img.SetGray(x+quiet, y+quiet, color.Gray{})
			}
		}
	}
	q.SetImage(img)
}

// SetImage shows a picture that brings its border; nil empties the place.
func (q *QRImage) SetImage(img image.Image) {
	q.picture.Image = img
	show(q.picture, img != nil)
	q.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (q *QRImage) CreateRenderer() fyne.WidgetRenderer {
	ground := &canvas.Rectangle{CornerRadius: look.Radius, FillColor: color.White}
	r := &renderer{objects: []fyne.CanvasObject{ground, q.picture}}
	r.min = func() fyne.Size { return fyne.NewSquareSize(q.edge) }
	r.layout = func(s fyne.Size) {
		e := min(s.Width, s.Height)
		x, y := (s.Width-e)/2, (s.Height-e)/2
		place(ground, x, y, e, e)
		// Whole modules of whole pixels: anything else makes the lines uneven.
		inner := e - 2*look.Space1
		if q.picture.Image != nil {
			if n := float32(q.picture.Image.Bounds().Dx()); n > 0 && inner >= n {
				inner = float32(int(inner/n)) * n
			}
		}
		edge := (e - inner) / 2
		place(q.picture, float32(int(x+edge)), float32(int(y+edge)), inner, inner)
	}
	r.refresh = func() {
		r.layout(q.Size())
		if q.picture.Image != nil {
			q.picture.Refresh()
		}
		canvas.Refresh(q)
	}
	r.refresh()
	return r
}
