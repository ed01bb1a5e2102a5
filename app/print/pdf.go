package print

import (
	"io"
	"time"

	"github.com/go-pdf/fpdf"
)

// document is a canvas that becomes a PDF.
type document struct {
	f    *fpdf.Fpdf
	last *style // set last: the library writes every change into the file, even for measuring
}

func newPDF(title string, made time.Time) document {
	f := fpdf.New("P", "mm", "A4", "")
	f.SetAutoPageBreak(false, 0)
	f.SetMargins(0, 0, 0)
	f.SetTitle(title, true)
	f.SetCreator("Tallystick", true)
	f.SetCreationDate(made)
	f.SetModificationDate(made)
	f.SetCatalogSort(true)
	for _, face := range faces {
		// The library writes into what it is given.
		f.AddUTF8FontFromBytes(face.name, "", append([]byte(nil), face.file()...))
	}
	return document{f, new(style)}
}

func (p document) set(s style) {
	if *p.last == s {
		return
	}
	*p.last = s
	p.f.SetFont(faces[s.face].name, "", s.size)
	p.f.SetTextColor(int(s.grey), int(s.grey), int(s.grey))
}

func (p document) width(s style, text string) float64 {
	p.set(s)
	return p.f.GetStringWidth(text)
}

func (p document) text(x, y float64, s style, text string) {
	p.set(s)
	p.f.Text(x, y, text)
}

func (p document) box(x, y, w, h float64, grey uint8) {
	p.f.SetFillColor(int(grey), int(grey), int(grey))
	p.f.Rect(x, y, w, h, "F")
}

func (p document) page() { p.f.AddPage() }

func (p document) write(w io.Writer) error { return p.f.Output(w) }
