package widget

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fynewidget "fyne.io/fyne/v2/widget"

	"github.com/tallystick/tallystick/app/look"
)

// roundel is the drawing of an issuer's mark: letters on a coloured round, or a picture that is round already (Round).
type roundel struct {
	disc *canvas.Circle
	text *canvas.Text
	own  *canvas.Image
}

func newRoundel() *roundel {
	m := &roundel{
		disc: canvas.NewCircle(color.Transparent),
		text: canvas.NewText("", color.Transparent),
		own:  newPicture(),
	}
	m.text.TextStyle = look.StrongStyle
	m.text.Alignment = fyne.TextAlignCenter
	m.own.Hide()
	return m
}

func (m *roundel) set(issuer, name string, own image.Image) {
	if own != m.own.Image {
		m.own.Image = own
		m.own.Refresh()
	}
	k := look.MarkFor(issuer, name)
	m.disc.FillColor = k.Fill
	m.text.Text, m.text.Color = k.Letters, k.Ink
	show(m.own, own != nil)
	show(m.disc, own == nil)
	show(m.text, own == nil)
}

func (m *roundel) place(x, y, edge float32) {
	place(m.disc, x, y, edge, edge)
	place(m.own, x, y, edge, edge)
	m.text.TextSize = edge * 0.38
	t := m.text.MinSize()
	place(m.text, x, y+(edge-t.Height)/2, edge, t.Height)
}

func (m *roundel) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{m.disc, m.text, m.own}
}

// IssuerMark is the round that stands for an issuer.
type IssuerMark struct {
	fynewidget.BaseWidget
	m *roundel
}

// NewIssuerMark makes a mark of the usual size (look.SizeMark).
func NewIssuerMark() *IssuerMark {
	m := &IssuerMark{m: newRoundel()}
	m.ExtendBaseWidget(m)
	return m
}

// Set shows own, a picture that Round made, or where it is nil the letters of issuer (or name, when there is no issuer).
func (m *IssuerMark) Set(issuer, name string, own image.Image) {
	m.m.set(issuer, name, own)
	m.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (m *IssuerMark) CreateRenderer() fyne.WidgetRenderer {
	r := &renderer{objects: m.m.objects()}
	r.min = func() fyne.Size { return fyne.NewSquareSize(look.Size(m, look.SizeMark)) }
	r.layout = func(s fyne.Size) {
		e := min(s.Width, s.Height)
		m.m.place((s.Width-e)/2, (s.Height-e)/2, e)
	}
	r.refresh = func() {
		r.layout(m.Size())
		canvas.Refresh(m)
	}
	return r
}
