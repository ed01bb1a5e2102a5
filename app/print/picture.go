package print

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// dotsPerInch of a picture: sharp on paper, and still quickly read by a scanner.
const dotsPerInch = 200

// picture is a canvas of one page that becomes a PNG.
type picture struct {
	img   *image.Gray
	fonts [len(faces)]*opentype.Font
	drawn map[style]font.Face // grey left out
	err   error
}

func newPicture() (*picture, error) {
	p := &picture{drawn: map[style]font.Face{}}
	for i, face := range faces {
		parsed, err := opentype.Parse(face.file())
		if err != nil {
			return nil, fmt.Errorf("print: typeface: %w", err)
		}
		p.fonts[i] = parsed
	}
	return p, nil
}

func pixels(mm float64) float64 { return mm / 25.4 * dotsPerInch }

func (p *picture) face(s style) font.Face {
	s.grey = 0
	if f, ok := p.drawn[s]; ok {
		return f
	}
	f, err := opentype.NewFace(p.fonts[s.face], &opentype.FaceOptions{Size: s.size, DPI: dotsPerInch, Hinting: font.HintingNone})
	if err != nil {
		p.err = fmt.Errorf("print: typeface: %w", err)
	}
	p.drawn[s] = f
	return f
}

func (p *picture) width(s style, text string) float64 {
	f := p.face(s)
	if f == nil {
		return 0
	}
	return float64(font.MeasureString(f, text)) / 64 / dotsPerInch * 25.4
}

func (p *picture) text(x, y float64, s style, text string) {
	f := p.face(s)
	if f == nil {
		return
	}
	d := font.Drawer{
		Dst: p.img, Src: image.NewUniform(color.Gray{Y: s.grey}), Face: f,
		Dot: fixed.Point26_6{X: fixed.Int26_6(pixels(x) * 64), Y: fixed.Int26_6(pixels(y) * 64)},
	}
	d.DrawString(text)
}

func (p *picture) box(x, y, w, h float64, grey uint8) {
	// Each edge is rounded by itself, so that neighbours neither overlap nor leave a gap.
	edge := func(mm float64) int { return int(math.Round(pixels(mm))) }
	draw.Draw(p.img, image.Rect(edge(x), edge(y), edge(x+w), edge(y+h)), image.NewUniform(color.Gray{Y: grey}), image.Point{}, draw.Src)
}

func (p *picture) page() {
	p.img = image.NewGray(image.Rect(0, 0, int(math.Round(pixels(pageWidth))), int(math.Round(pixels(pageHeight)))))
	for i := range p.img.Pix {
		p.img.Pix[i] = 0xff
	}
}

func (p *picture) write(w io.Writer) error {
	if p.err != nil {
		return p.err
	}
	return png.Encode(w, p.img)
}
