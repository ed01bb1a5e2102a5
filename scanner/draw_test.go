package scanner

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"

	qrcode "github.com/skip2/go-qrcode"
)

// The pictures the tests look at are drawn here: pages with codes as a portal shows them.

// secretText is what the codes hold, of the shape and length of a real one.
const secretText = "otpauth://totp/Example:alice%40example.org?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Example"

// modules is the code for text as dark squares, without a quiet zone.
func modules(t testing.TB, text string, level qrcode.RecoveryLevel) [][]bool {
	t.Helper()
	q, err := qrcode.New(text, level)
	if err != nil {
		t.Fatalf("drawing a code: %v", err)
	}
	q.DisableBorder = true
	return q.Bitmap()
}

func page(w, h int, c color.Color) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	box(m, m.Rect, c)
	return m
}

func box(m *image.RGBA, r image.Rectangle, c color.Color) {
	r = r.Intersect(m.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			m.Set(x, y, c)
		}
	}
}

// stamp is how a code is put on a page.
type stamp struct {
	x, y   float64 // the middle
	px     float64 // pixels per module
	turn   float64 // degrees, clockwise
	quiet  float64 // modules around it
	dark   color.RGBA
	light  color.RGBA
	mirror bool
}

var (
	black = color.RGBA{0, 0, 0, 255}
	white = color.RGBA{255, 255, 255, 255}
)

// put draws the code and returns where its corners are.
func put(m *image.RGBA, code [][]bool, s stamp) [4]Point {
	if s.dark == s.light {
		s.dark, s.light = black, white
	}
	n := float64(len(code))
	sin, cos := math.Sincos(s.turn * math.Pi / 180)
	// From the code's own coordinates, modules from its middle, to the page.
	at := func(u, v float64) Point {
		if s.mirror {
			u = -u
		}
		return Point{s.x + s.px*(u*cos-v*sin), s.y + s.px*(u*sin+v*cos)}
	}
	reach := (n/2+s.quiet)*s.px*1.5 + 2
	const over = 4 // samples per pixel and direction: edges between pixels become grey, as in a browser
	for y := int(s.y - reach); y <= int(s.y+reach); y++ {
		for x := int(s.x - reach); x <= int(s.x+reach); x++ {
			if !(image.Point{X: x, Y: y}).In(m.Rect) {
				continue
			}
			ink, cover := 0.0, 0.0
			for j := range over {
				for i := range over {
					dx, dy := float64(x)+(float64(i)+0.5)/over-s.x, float64(y)+(float64(j)+0.5)/over-s.y
					u, v := (cos*dx+sin*dy)/s.px, (-sin*dx+cos*dy)/s.px
					if s.mirror {
						u = -u
					}
					if math.Abs(u) > n/2+s.quiet || math.Abs(v) > n/2+s.quiet {
						continue
					}
					cover++
					iu, iv := floor(u+n/2), floor(v+n/2)
					if iu >= 0 && iv >= 0 && iu < len(code) && iv < len(code) && code[iv][iu] {
						ink++
					}
				}
			}
			if cover == 0 {
				continue
			}
			old := m.RGBAAt(x, y)
			mix := func(d, l, o uint8) uint8 {
				v := (ink*float64(d) + (cover-ink)*float64(l) + (over*over-cover)*float64(o)) / (over * over)
				return uint8(v + 0.5)
			}
			m.SetRGBA(x, y, color.RGBA{mix(s.dark.R, s.light.R, old.R), mix(s.dark.G, s.light.G, old.G), mix(s.dark.B, s.light.B, old.B), 255})
		}
	}
	return [4]Point{at(-n/2, -n/2), at(n/2, -n/2), at(n/2, n/2), at(-n/2, n/2)}
}

// decoy draws a finder pattern that belongs to no code: an icon, a radio button.
func decoy(m *image.RGBA, x, y, px int) {
	for i, c := range []color.Color{black, white, black} {
		side := []int{7, 5, 3}[i] * px
		box(m, image.Rect(x-side/2, y-side/2, x-side/2+side, y-side/2+side), c)
	}
}

// scribble covers r with lines of dark and light stretches like text.
func scribble(m *image.RGBA, r image.Rectangle, c color.Color, rnd *rand.Rand) {
	for y := r.Min.Y; y+12 < r.Max.Y; y += 20 {
		for x := r.Min.X; x < r.Max.X; {
			w := 1 + rnd.IntN(6)
			box(m, image.Rect(x, y+rnd.IntN(4), x+w, y+8+rnd.IntN(4)), c)
			x += w + 1 + rnd.IntN(6)
		}
	}
}

// blurred is m seen through a soft lens of the given radius in pixels.
func blurred(m *image.RGBA, radius int) *image.RGBA {
	out := image.NewRGBA(m.Rect)
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			var r, g, b, n int
			for yy := max(0, y-radius); yy <= min(m.Rect.Dy()-1, y+radius); yy++ {
				for xx := max(0, x-radius); xx <= min(m.Rect.Dx()-1, x+radius); xx++ {
					c := m.RGBAAt(xx, yy)
					r, g, b, n = r+int(c.R), g+int(c.G), b+int(c.B), n+1
				}
			}
			out.SetRGBA(x, y, color.RGBA{uint8(r / n), uint8(g / n), uint8(b / n), 255})
		}
	}
	return out
}

// noisy adds noise of up to amount grey steps.
func noisy(m *image.RGBA, amount int, rnd *rand.Rand) *image.RGBA {
	for i := range m.Pix {
		if i%4 != 3 {
			m.Pix[i] = uint8(min(255, max(0, int(m.Pix[i])+rnd.IntN(2*amount+1)-amount)))
		}
	}
	return m
}

// desktop is a screen with a window of text and a row of icons, as every picture of a screen has.
func desktop(w, h int, paper, ink color.Color) *image.RGBA {
	rnd := rand.New(rand.NewPCG(1, uint64(w)))
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, color.RGBA{uint8(40 + 120*x/w), uint8(60 + 90*y/h), 150, 255})
		}
	}
	win := image.Rect(w/8, h/8, w*7/8, h*7/8)
	box(m, win, paper)
	scribble(m, image.Rect(win.Min.X+20, win.Min.Y+20, win.Min.X+win.Dx()/3, win.Max.Y-20), ink, rnd)
	for i := range 8 {
		decoy(m, 50, 60+90*i, 6)
	}
	return m
}
