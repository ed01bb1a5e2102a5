package view

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
)

// qrPage shows the QR code of an account, for another device. Only after the person confirmed who they are, and only for a while.
type qrPage struct {
	basePage
	root *Root
	body fyne.CanvasObject
	left int // ticks until it goes away by itself
}

// qrSeconds is how long the picture of a key stays on the screen.
const qrSeconds = 60

func (r *Root) openQR(id model.ID) {
	row, ok := r.session.List().Get(id)
	if !ok {
		return
	}
	name := title(row.Issuer, row.Name)
	r.show(newConfirmPage(r, "Show QR code",
		"The QR code of "+name+" contains its key. Whoever photographs it can make its codes for ever.",
		"show it", func() { r.showQR(id, name) }, r.home))
}

func (r *Root) showQR(id model.ID, name string) {
	matrix, sentence := r.session.List().QR(id)
	if sentence != "" {
		r.home()
		r.Notice(sentence, true)
		return
	}
	p := &qrPage{root: r, left: qrSeconds}
	qr := widget.NewQRImage(280)
	qr.SetModules(withoutBorder(matrix))
	p.body = sheet(name, r.home,
		widget.NewText(widget.Muted, "Scan it with the other device. It goes away by itself after a minute."), qr)
	r.show(p)
}

func (p *qrPage) content() fyne.CanvasObject { return p.body }
func (p *qrPage) escape()                    { p.root.home() }

func (p *qrPage) tick() {
	if p.left--; p.left <= 0 {
		p.root.home()
	}
}

// largeQR shows a QR code with modules of modulePixels where there is room, and else as wide as there is: codes that hold much are read
// off this screen by another one, over a video call or with a camera.
type largeQR struct{ edge float32 }

const (
	modulePixels         = 4
	smallestQR   float32 = 260
)

func newLargeQR(modules [][]bool) *fyne.Container {
	qr := widget.NewQRImage(smallestQR)
	qr.SetModules(modules)
	return container.New(largeQR{max(smallestQR, widget.EdgeOf(len(modules), modulePixels))}, qr)
}

// Layout implements fyne.Layout.
func (l largeQR) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	edge := max(smallestQR, min(size.Width, l.edge))
	for _, o := range objects {
		o.Resize(fyne.NewSquareSize(edge))
		o.Move(fyne.NewPos((size.Width-edge)/2, 0))
	}
}

// MinSize implements fyne.Layout: as narrow as the smallest, as high as what it was laid out to last.
func (l largeQR) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.NewSquareSize(smallestQR)
	for _, o := range objects {
		size.Height = max(size.Height, o.Size().Height)
	}
	return size
}

// withoutBorder cuts the quiet zone off a matrix that brings one: the picture draws its own.
func withoutBorder(m [][]bool) [][]bool {
	dark := func(row []bool) bool { return slices.Contains(row, true) }
	first := slices.IndexFunc(m, dark)
	if first < 0 {
		return nil
	}
	inner := make([][]bool, 0, len(m)-2*first)
	for _, row := range m[first : len(m)-first] {
		inner = append(inner, row[first:len(row)-first])
	}
	return inner
}
