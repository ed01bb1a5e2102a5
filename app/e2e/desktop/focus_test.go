//go:build linux

package desktop

import (
	"image"
	"image/color"
	"image/draw"
	"slices"
	"testing"
)

// A ring is found around a field, around a button of its own colour, and where its line lies between two rows of pixels; an edge in grey, a
// button without a ring and an underlined word are none.
func TestRings(t *testing.T) {
	ground, ring, faint := color.RGBA{0x14, 0x16, 0x1d, 0xff}, ringColors[1], color.RGBA{0x72, 0x83, 0xba, 0xff}
	grey := color.RGBA{0x53, 0x57, 0x65, 0xff}
	fill := func(img *image.RGBA, c color.Color, r image.Rectangle) {
		draw.Draw(img, r, image.NewUniform(c), image.Point{}, draw.Src)
	}
	frame := func(img *image.RGBA, outer, inner color.Color, r image.Rectangle) {
		fill(img, outer, r)
		fill(img, inner, r.Inset(1))
		fill(img, ground, r.Inset(2))
	}
	at := image.Rect(30, 40, 200, 80)
	for _, c := range []struct {
		name  string
		paint func(img *image.RGBA)
		want  []image.Rectangle
	}{
		{"field", func(img *image.RGBA) { frame(img, ring, ring, at) }, []image.Rectangle{at}},
		{"between pixels", func(img *image.RGBA) { frame(img, ring, faint, at) }, []image.Rectangle{at}},
		{"button of that colour", func(img *image.RGBA) { frame(img, ring, faint, at); fill(img, ring, at.Inset(4)) }, []image.Rectangle{at}},
		{"edge", func(img *image.RGBA) { frame(img, grey, grey, at) }, nil},
		{"button without a ring", func(img *image.RGBA) { fill(img, ring, at) }, nil},
		{"underlined", func(img *image.RGBA) { fill(img, ring, image.Rect(30, 40, 90, 42)) }, nil},
		{"two underlined words", func(img *image.RGBA) {
			fill(img, ring, image.Rect(30, 40, 90, 42))
			fill(img, ring, image.Rect(60, 70, 150, 72))
		}, nil},
	} {
		img := image.NewRGBA(image.Rect(0, 0, 300, 200))
		fill(img, ground, img.Rect)
		c.paint(img)
		if got := Rings(img); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
