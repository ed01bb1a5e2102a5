package main

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"

	qrcode "github.com/skip2/go-qrcode"
)

// drawn are screens and camera pictures made on the spot, so that there is always something to measure: n of every case,
// the same for the same seed.
func drawn(n int, seed uint64, each func(p picture, m *image.RGBA) error) error {
	for _, size := range [][2]int{{1920, 1080}, {3840, 2160}} {
		for _, c := range cases {
			for i := range n {
				rnd := rand.New(rand.NewPCG(seed, uint64(size[0]+i)))
				s := screen{m: image.NewRGBA(image.Rect(0, 0, size[0], size[1])), rnd: rnd, scale: float64(size[0]) / 1920}
				s.desktop(c.dark)
				c.draw(&s)
				p := picture{Set: fmt.Sprintf("%s, %d × %d", c.name, size[0], size[1]), Image: fmt.Sprintf("%s %d/%d", c.name, size[0], i), Expected: s.texts}
				if err := each(p, s.m); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

var cases = []struct {
	name string
	dark bool
	draw func(s *screen)
}{
	{"a code", false, func(s *screen) { s.code(s.px(), plain2d, black, white) }},
	{"light on dark", true, func(s *screen) { s.code(s.px(), plain2d, white, color.RGBA{24, 24, 28, 255}) }},
	{"pale", false, func(s *screen) { s.code(s.px(), plain2d, color.RGBA{215, 215, 215, 255}, white) }},
	{"turned", false, func(s *screen) { s.code(s.px(), turned(s.rnd.Float64()*360), black, white) }},
	{"leaning", false, func(s *screen) { s.code(s.px()+2, leaning(0.3*s.rnd.Float64(), 0.3*s.rnd.Float64()), black, white) }},
	{"bent", false, func(s *screen) { s.code(s.px()+2, bent(0.04), black, white) }},
	{"nothing", false, func(*screen) {}},
}

var (
	black = color.RGBA{0, 0, 0, 255}
	white = color.RGBA{255, 255, 255, 255}
)

// screen is a picture being drawn.
type screen struct {
	m     *image.RGBA
	rnd   *rand.Rand
	scale float64
	texts []string
}

// px is a module in pixels, as portals have them.
func (s *screen) px() float64 { return math.Round((2 + 5*s.rnd.Float64()) * s.scale) }

func (s *screen) fill(r image.Rectangle, c color.RGBA) {
	r = r.Intersect(s.m.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			s.m.SetRGBA(x, y, c)
		}
	}
}

// desktop is a wallpaper with some noise, icons that look like finders, and two windows of text.
func (s *screen) desktop(dark bool) {
	w, h := s.m.Rect.Dx(), s.m.Rect.Dy()
	for y := range h {
		for x := range w {
			n := s.rnd.IntN(13) - 6
			c := func(v int) uint8 { return uint8(min(255, max(0, v+n))) }
			s.m.SetRGBA(x, y, color.RGBA{c(40 + 120*x/w), c(60 + 90*y/h), c(150 - 60*x/w), 255})
		}
	}
	u := func(v int) int { return int(float64(v) * s.scale) }
	for i := range 10 {
		x, y, z := u(20), u(30+95*i), u(49)
		for k, c := range [...]color.RGBA{{20, 40, 60, 255}, {230, 230, 240, 255}, {10, 20, 40, 255}} {
			s.fill(image.Rect(x+k*z/7, y+k*z/7, x+z-k*z/7, y+z-k*z/7), c)
		}
	}
	for i, r := range []image.Rectangle{image.Rect(u(150), u(60), u(800), u(700)), image.Rect(u(700), u(120), u(1880), u(1000))} {
		paper, ink := white, color.RGBA{32, 33, 36, 255}
		if dark == (i == 1) {
			paper, ink = color.RGBA{24, 24, 28, 255}, color.RGBA{214, 214, 214, 255}
		}
		s.fill(r, paper)
		for y := r.Min.Y + u(50); y < r.Max.Y-u(20); y += u(20) {
			for x := r.Min.X + u(20); x < r.Max.X-u(20); {
				// A letter: strokes of a pixel or two, one or two ways.
				lw := u(2 + s.rnd.IntN(7))
				s.fill(image.Rect(x, y, x+max(1, u(1)), y+u(10)), ink)
				if s.rnd.IntN(2) == 0 {
					s.fill(image.Rect(x, y+u(s.rnd.IntN(9)), x+lw, y+u(s.rnd.IntN(9))+max(1, u(1))), ink)
				}
				if x += lw + u(2); s.rnd.IntN(6) == 0 {
					x += u(5)
				}
			}
		}
	}
}

// A shape takes a place beside the middle of a code, in its half sides, to where it is seen from the code: from -1 to 1
// is inside.
type shape func(x, y float64) (u, v float64)

func plain2d(x, y float64) (float64, float64) { return x, y }

func turned(degrees float64) shape {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	return func(x, y float64) (float64, float64) { return cos*x + sin*y, cos*y - sin*x }
}

func leaning(a, b float64) shape {
	return func(x, y float64) (float64, float64) { return x / (1 - a*x - b*y), y / (1 - a*x - b*y) }
}

func bent(by float64) shape {
	return func(x, y float64) (float64, float64) { return x + by*math.Sin(3*y), y + by*math.Sin(3*x) }
}

// code draws one in the large window.
func (s *screen) code(px float64, at shape, dark, light color.RGBA) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	key := make([]byte, []int{16, 26, 32, 52}[s.rnd.IntN(4)])
	for i := range key {
		key[i] = letters[s.rnd.IntN(len(letters))]
	}
	text := fmt.Sprintf("otpauth://totp/Example:person%d%%40example.org?secret=%s&issuer=Example", s.rnd.IntN(1000), key)
	q, err := qrcode.New(text, []qrcode.RecoveryLevel{qrcode.Low, qrcode.Medium, qrcode.High}[s.rnd.IntN(3)])
	if err != nil {
		panic(err) // a hundred letters always fit
	}
	q.DisableBorder = true
	code := q.Bitmap()
	s.texts = append(s.texts, text)
	n := float64(len(code))
	half := n / 2 * px
	// Whole pixels, as a browser puts it.
	cx, cy := math.Round(1290*s.scale)+half-math.Floor(half), math.Round(560*s.scale)+half-math.Floor(half)
	reach := int(half*1.8 + 6*px)
	const over = 3
	for y := int(cy) - reach; y < int(cy)+reach; y++ {
		for x := int(cx) - reach; x < int(cx)+reach; x++ {
			if !(image.Pt(x, y).In(s.m.Rect)) {
				continue
			}
			ink, cover := 0, 0
			for j := range over * over {
				dx, dy := (float64(j%over)+0.5)/over, (float64(j/over)+0.5)/over
				u, v := at((float64(x)+dx-cx)/half, (float64(y)+dy-cy)/half)
				iu, iv := int(math.Floor((u+1)*n/2)), int(math.Floor((v+1)*n/2))
				if iu < -4 || iv < -4 || iu >= len(code)+4 || iv >= len(code)+4 {
					continue
				}
				cover++
				if iu >= 0 && iv >= 0 && iu < len(code) && iv < len(code) && code[iv][iu] {
					ink++
				}
			}
			if cover == 0 {
				continue
			}
			old := s.m.RGBAAt(x, y)
			mix := func(d, l, o uint8) uint8 {
				return uint8((ink*int(d) + (cover-ink)*int(l) + (over*over-cover)*int(o)) / (over * over))
			}
			s.m.SetRGBA(x, y, color.RGBA{mix(dark.R, light.R, old.R), mix(dark.G, light.G, old.G), mix(dark.B, light.B, old.B), 255})
		}
	}
}
