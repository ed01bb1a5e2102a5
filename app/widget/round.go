package widget

import (
	"image"
	"image/color"
	"math"

	"golang.org/x/image/draw"
)

// roundEdge is the edge of a round mark's picture, in pixels: the 40 of a row at twice the size, and some.
const roundEdge = 96

// inset is how much of the round a picture takes whose corners would be cut off otherwise.
const inset float64 = 0.72

// Round makes the picture of a round mark: img cut to a circle, on a ground it can be seen on. What fills its square is cut; a drawing on
// nothing that reaches into the corners is made smaller until it fits. It takes a millisecond: keep what it returns. An img without an end is taken for
// one colour.
func Round(img image.Image) *image.NRGBA {
	square := image.Rect(0, 0, roundEdge, roundEdge)
	if b := img.Bounds(); b.Dx() > 1<<16 || b.Dy() > 1<<16 {
		plain := image.NewRGBA(image.Rect(0, 0, 1, 1))
		plain.Set(0, 0, img.At(0, 0))
		img = plain
	}
	drawn := image.NewRGBA(square)
	draw.CatmullRom.Scale(drawn, square, img, img.Bounds(), draw.Src, nil)

	clear, corners := false, false // some of it is; something is outside the circle
	var light, weight float64
	for y := range roundEdge {
		for x := range roundEdge {
			c := drawn.RGBAAt(x, y)
			clear = clear || c.A < 0x80
			corners = corners || c.A >= 0x20 && cover(x, y) == 0
			light += 0.3*float64(c.R) + 0.59*float64(c.G) + 0.11*float64(c.B) // of what is seen: the colours are premultiplied
			weight += float64(c.A)
		}
	}
	ground := color.RGBA{0xff, 0xff, 0xff, 0xff}
	if clear && light > 0.8*weight {
		ground = color.RGBA{0x2e, 0x34, 0x3b, 0xff} // it is white itself
	}
	whole := image.NewRGBA(square)
	draw.Draw(whole, square, image.NewUniform(ground), image.Point{}, draw.Src)
	at, margin := square, (1-inset)/2*roundEdge
	if clear && corners {
		at = square.Inset(int(margin))
	}
	draw.CatmullRom.Scale(whole, at, drawn, square, draw.Over, nil)

	out := image.NewNRGBA(square)
	for y := range roundEdge {
		for x := range roundEdge {
			c := whole.RGBAAt(x, y)
			out.SetNRGBA(x, y, color.NRGBA{c.R, c.G, c.B, uint8(255 * cover(x, y))})
		}
	}
	return out
}

// cover is how much of a pixel lies in the circle, 0 to 1.
func cover(x, y int) float64 {
	const r = roundEdge / 2.0
	return min(max(r-math.Hypot(float64(x)+0.5-r, float64(y)+0.5-r)+0.5, 0), 1)
}
