package widget

import (
	"image"
	"image/color"
	"testing"

	"github.com/tallystick/tallystick/app/look"
)

func filled(c color.Color, in image.Rectangle) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			img.Set(x, y, c)
		}
	}
	return img
}

func TestRound(t *testing.T) {
	red, white := color.NRGBA{200, 0, 0, 255}, color.NRGBA{255, 255, 255, 255}
	all := image.Rect(0, 0, 64, 64)
	at := func(img image.Image, x, y int) color.NRGBA { return img.(*image.NRGBA).NRGBAAt(x, y) }
	full := Round(filled(red, all))
	if at(full, 0, 0).A != 0 || at(full, 95, 95).A != 0 || at(full, 48, 48) != red || at(full, 2, 48) != red {
		t.Errorf("a square is not cut to a circle: %v %v %v", at(full, 0, 0), at(full, 48, 48), at(full, 2, 48))
	}
	logo := filled(red, image.Rect(0, 0, 64, 20)) // a drawing on nothing, into the corners
	if r := Round(logo); at(r, 48, 3) != white || at(r, 48, 20) != red || at(r, 48, 80) != white {
		t.Errorf("a drawing is not made to fit: %v %v %v", at(r, 48, 3), at(r, 48, 20), at(r, 48, 80))
	}
	if r := Round(filled(white, image.Rect(20, 20, 44, 44))); at(r, 48, 48) != white || at(r, 48, 4).R > 0x40 {
		t.Errorf("white on white: %v on %v", at(r, 48, 48), at(r, 48, 4))
	}
}

// TestRowShowsThePicture: the picture is where the letters are, and goes with the account.
func TestRowShowsThePicture(t *testing.T) {
	useLook(t, look.Light, 1)
	s := sampleRows[0]
	letters := shownRow(freshRow(s), 380)
	s.Picture = Round(filled(color.NRGBA{200, 0, 0, 255}, image.Rect(0, 0, 64, 64)))
	r := freshRow(s)
	with := shownRow(r, 380)
	if with == letters || !r.mark.own.Visible() || r.mark.disc.Visible() || r.mark.text.Visible() {
		t.Error("the picture is not shown")
	}
	r.Tick(s.Tick())
	if r.mark.own.Image != s.Picture {
		t.Error("a tick took the picture")
	}
	r.Set(sampleRows[0])
	if shownRow(r, 380) != letters {
		t.Error("the picture stays with the next account")
	}
}

func BenchmarkRound(b *testing.B) {
	img := filled(color.NRGBA{200, 0, 0, 255}, image.Rect(0, 0, 64, 64))
	for b.Loop() {
		Round(img)
	}
}
