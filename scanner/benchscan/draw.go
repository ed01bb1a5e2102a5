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
				s.background(i, c.dark)
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

// background is one of eight screens: what people have before them when they look for a code.
func (s *screen) background(kind int, dark bool) {
	w, h := s.m.Rect.Dx(), s.m.Rect.Dy()
	u := func(v int) int { return int(float64(v) * s.scale) }
	all := s.m.Rect
	switch kind % 8 {
	case 0:
		s.desktop(dark)
	case 1: // a page of text
		s.fill(all, paper(dark))
		s.text(all.Inset(u(60)), ink(dark), 20)
	case 2: // an editor: short lines in colours
		s.fill(all, color.RGBA{30, 30, 30, 255})
		colours := []color.RGBA{{86, 156, 214, 255}, {206, 145, 120, 255}, {78, 201, 176, 255}, {212, 212, 212, 255}}
		for y := u(20); y < h-u(20); y += u(20) {
			for x := u(20 + 30*s.rnd.IntN(5)); x < w-u(100) && s.rnd.IntN(5) > 0; {
				to := x + u(40+s.rnd.IntN(200))
				s.text(image.Rect(x, y, min(to, w), y+u(20)), colours[s.rnd.IntN(len(colours))], 20)
				x = to + u(10)
			}
		}
	case 3: // a table with lines
		s.fill(all, paper(dark))
		for y := u(10); y < h; y += u(22) {
			s.fill(image.Rect(0, y, w, y+max(1, u(1))), color.RGBA{128, 128, 128, 255})
			for x := u(8); x < w; x += u(84) {
				s.text(image.Rect(x, y+u(5), x+u(20+s.rnd.IntN(50)), y+u(22)), ink(dark), 17)
			}
		}
		for x := 0; x < w; x += u(84) {
			s.fill(image.Rect(x, 0, x+max(1, u(1)), h), color.RGBA{128, 128, 128, 255})
		}
	case 4: // a photograph
		s.soft(all, 6)
	case 5: // a gradient with a window
		for y := range h {
			for x := range w {
				s.m.SetRGBA(x, y, color.RGBA{uint8(20 + 200*x/w), uint8(40 + 100*(x+y)/(w+h)), uint8(200 - 150*y/h), 255})
			}
		}
		win := image.Rect(u(420), u(80), u(1800), u(1020))
		s.fill(win, paper(dark))
		s.text(win.Inset(u(40)), ink(dark), 26)
	case 6: // a gallery: small photographs with a line of text under each
		s.fill(all, paper(dark))
		for y := u(20); y < h; y += u(230) {
			for x := u(20); x < w; x += u(240) {
				s.soft(image.Rect(x, y, x+u(210), y+u(150)), 4)
				s.text(image.Rect(x, y+u(160), x+u(200), y+u(220)), ink(dark), 18)
			}
		}
	case 7: // small print in columns
		s.fill(all, paper(dark))
		for x := u(10); x < w-u(100); x += u(380) {
			s.text(image.Rect(x, u(10), x+u(360), h-u(10)), ink(dark), 14)
		}
	}
}

func paper(dark bool) color.RGBA {
	if dark {
		return color.RGBA{24, 24, 28, 255}
	}
	return white
}

func ink(dark bool) color.RGBA {
	if dark {
		return color.RGBA{214, 214, 214, 255}
	}
	return color.RGBA{32, 33, 36, 255}
}

// soft fills r with noise of so many sizes, as photographs have it.
func (s *screen) soft(r image.Rectangle, sizes int) {
	grids := make([][]int, sizes)
	w := r.Dx() + 2
	for i := range grids {
		grids[i] = make([]int, (w>>i+2)*(r.Dy()>>i+2))
		for j := range grids[i] {
			grids[i][j] = s.rnd.IntN(8 << i)
		}
	}
	tint := [3]int{60 + s.rnd.IntN(60), 60 + s.rnd.IntN(60), 60 + s.rnd.IntN(60)}
	for y := range r.Dy() {
		for x := range r.Dx() {
			sum := 0
			for i, g := range grids {
				// Between four places of the grid.
				one := 1 << i
				fx, fy, at := x&(one-1), y&(one-1), (y>>i)*(w>>i+2)+x>>i
				below := at + w>>i + 2
				sum += ((g[at]*(one-fx)+g[at+1]*fx)*(one-fy) + (g[below]*(one-fx)+g[below+1]*fx)*fy) >> (2 * i)
			}
			c := func(v int) uint8 { return uint8(min(255, v*sum/256+40)) }
			if p := image.Pt(r.Min.X+x, r.Min.Y+y); p.In(s.m.Rect) {
				s.m.SetRGBA(p.X, p.Y, color.RGBA{c(tint[0]), c(tint[1]), c(tint[2]), 255})
			}
		}
	}
}

// text fills r with lines of letters, a line every so many pixels.
func (s *screen) text(r image.Rectangle, ink color.RGBA, line int) {
	u := func(v int) int { return int(float64(v) * s.scale) }
	stroke, tall := max(1, u(1)), line/2
	for y := r.Min.Y; y+u(tall) <= r.Max.Y; y += u(line) {
		for x := r.Min.X; x < r.Max.X-u(9); {
			// A letter: strokes of a pixel or two, some of them closed to a ring.
			lw := u(2 + s.rnd.IntN(7))
			s.fill(image.Rect(x, y, x+stroke, y+u(tall)), ink)
			switch s.rnd.IntN(4) {
			case 0, 1:
				s.fill(image.Rect(x, y+u(s.rnd.IntN(tall-1)), x+lw, y+u(s.rnd.IntN(tall-1))+stroke), ink)
			case 2:
				s.fill(image.Rect(x, y+u(tall)-lw, x+lw, y+u(tall)-lw+stroke), ink)
				s.fill(image.Rect(x, y+u(tall)-stroke, x+lw, y+u(tall)), ink)
				s.fill(image.Rect(x+lw-stroke, y+u(tall)-lw, x+lw, y+u(tall)), ink)
			}
			if x += lw + u(2); s.rnd.IntN(6) == 0 {
				x += u(5)
			}
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
		s.fill(r, paper(dark == (i == 1)))
		s.text(image.Rect(r.Min.X+u(20), r.Min.Y+u(50), r.Max.X-u(20), r.Max.Y-u(20)), ink(dark == (i == 1)), 20)
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
