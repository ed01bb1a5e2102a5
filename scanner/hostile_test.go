package scanner

import (
	"context"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	qrcode "github.com/skip2/go-qrcode"
)

// hostile are pictures made to break the bounds of a scan, 1920 × 1080.
func hostile(t testing.TB) map[string]func() *image.RGBA {
	const w, h = 1920, 1080
	rnd := rand.New(rand.NewPCG(21, 22))
	grid := func(px, pitch int) func() *image.RGBA {
		return func() *image.RGBA {
			m := page(w, h, white)
			for y := pitch / 2; y < h; y += pitch {
				for x := pitch / 2; x < w; x += pitch {
					decoy(m, x, y, px)
				}
			}
			return m
		}
	}
	return map[string]func() *image.RGBA{
		"576 finders":          grid(3, 60),
		"thousands of finders": grid(1, 14),
		"finders side by side": grid(3, 21),
		"finders of many sizes": func() *image.RGBA {
			m := page(w, h, white)
			x, y := 10, 40
			for i := range 800 {
				px := 1 + i%6
				if x += 8*px + 4; x > w-30 {
					x, y = 30, y+64
				}
				decoy(m, x, y, px)
			}
			return m
		},
		"nested finders": func() *image.RGBA {
			m := page(w, h, white)
			for px := 70; px >= 1; px = px * 3 / 7 { // each the core of the one around it
				decoy(m, 500, 500, px)
				decoy(m, 1400, 500, px)
				decoy(m, 500, 100+px, max(1, px/9))
			}
			return m
		},
		"checkerboard": func() *image.RGBA {
			m := page(w, h, white)
			for y := range h {
				for x := range w {
					if (x/2+y/2)%2 == 0 {
						m.SetRGBA(x, y, black)
					}
				}
			}
			return m
		},
		"stripes 1:1:3:1:1": func() *image.RGBA {
			m := page(w, h, white)
			for x := range w {
				if k := x / 2 % 8; k == 0 || k == 2 || k == 3 || k == 4 || k == 6 {
					box(m, image.Rect(x, 0, x+1, h), black)
				}
			}
			return m
		},
		"noise": func() *image.RGBA { return noisy(page(w, h, white), 255, rnd) },
		"coarse noise": func() *image.RGBA {
			m := page(w, h, white)
			for y := 0; y < h; y += 3 {
				for x := 0; x < w; x += 3 {
					if rnd.IntN(2) == 0 {
						box(m, image.Rect(x, y, x+3, y+3), black)
					}
				}
			}
			return m
		},
		"one enormous code, damaged": func() *image.RGBA {
			m := page(w, h, white)
			code := modules(t, secretText, qrcode.Low)
			for y := 9; y < len(code)-9; y++ {
				for x := 9; x < len(code)-9; x++ {
					code[y][x] = !code[y][x]
				}
			}
			put(m, code, stamp{x: w / 2, y: h / 2, px: 28, quiet: 1})
			return m
		},
		// Every finder is the corner of a code with each of its neighbours: all have timing patterns between them.
		"lattice of finders and timing": func() *image.RGBA {
			m := page(w, h, white)
			const px, period = 3, 22 // modules: version 3
			for y := 40; y < h; y += period * px {
				for x := 40; x < w; x += period * px {
					decoy(m, x, y, px)
					for _, side := range []int{-3, 3} {
						for i := 5; i <= period-5; i += 2 {
							a, b := i*px-px/2, side*px-px/2
							box(m, image.Rect(x+a, y+b, x+a+px, y+b+px), black)
							box(m, image.Rect(x+b, y+a, x+b+px, y+a+px), black)
						}
					}
				}
			}
			return m
		},
		// Letters that have rings: a page of them has a finder, light on dark, in every second place.
		"a page of the letter o": func() *image.RGBA {
			m := page(w, h, white)
			for y := 6; y < h-12; y += 14 {
				for x := 6; x < w-12; x += 9 + rnd.IntN(3) {
					box(m, image.Rect(x, y, x+7, y+8), black)
					box(m, image.Rect(x+1+rnd.IntN(2), y+2, x+5, y+6), white)
				}
			}
			return m
		},
		"a page of dotted zeros": func() *image.RGBA {
			m := page(w, h, white)
			for y := 6; y < h-20; y += 17 {
				for x := 6; x < w-14; x += 11 {
					box(m, image.Rect(x, y, x+8, y+12), black)
					box(m, image.Rect(x+1, y+1, x+7, y+11), white)
					box(m, image.Rect(x+3, y+4, x+5, y+8), black)
				}
			}
			return m
		},
		"soft noise of all sizes": func() *image.RGBA {
			m := page(w, h, white)
			var grid [6][]uint8
			for i := range grid {
				grid[i] = make([]uint8, (w>>i+2)*(h>>i+2))
				for j := range grid[i] {
					grid[i][j] = uint8(rnd.IntN(256))
				}
			}
			for y := range h {
				for x := range w {
					sum := 0
					for i := range grid {
						sum += int(grid[i][y>>i*(w>>i+2)+x>>i])
					}
					g := uint8(sum / len(grid))
					m.SetRGBA(x, y, color.RGBA{g, g, g, 255})
				}
			}
			return m
		},
		"a gradient with noise": func() *image.RGBA {
			m := page(w, h, white)
			for y := range h {
				for x := range w {
					g := uint8(x * 255 / w)
					m.SetRGBA(x, y, color.RGBA{g, g, uint8(y * 255 / h), 255})
				}
			}
			return noisy(m, 20, rnd)
		},
		"dots of a printed picture": func() *image.RGBA {
			m := page(w, h, white)
			for y := range h {
				for x := range w {
					dx, dy := x%9-4, y%9-4
					if r := 2 + 14*x/w; dx*dx+dy*dy <= r {
						m.SetRGBA(x, y, black)
					}
				}
			}
			return m
		},
		// Finders in a ring: every three of them are nearly a right angle with nearly equal sides for some size.
		"finders in circles": func() *image.RGBA {
			m := page(w, h, white)
			for i := range 360 {
				sin, cos := math.Sincos(float64(i) * 2.399963)
				r := 25 * math.Sqrt(float64(i))
				decoy(m, w/2+int(r*cos*1.7), h/2+int(r*sin), 2+i%3)
			}
			return m
		},
		"forty damaged codes": func() *image.RGBA {
			m := page(w, h, white)
			code := modules(t, secretText, qrcode.Low)
			for i := range code {
				code[len(code)-10][i] = !code[len(code)-10][i]
				code[len(code)-11][i] = !code[len(code)-11][i]
				code[len(code)-12][i] = !code[len(code)-12][i]
				code[i][len(code)-10] = !code[i][len(code)-10]
				code[i][len(code)-11] = !code[i][len(code)-11]
			}
			for i := range 40 {
				put(m, code, stamp{x: float64(120 + 230*(i%8)), y: float64(110 + 210*(i/8)), px: 4, quiet: 2})
			}
			return m
		},
	}
}

// TestBoundedWork holds the bounds of a scan on hostile pictures: by counting, not by the clock.
func TestBoundedWork(t *testing.T) {
	const w, h = 1920, 1080
	for name, draw := range hostile(t) {
		t.Run(name, func(t *testing.T) {
			r, e, err := New().scan(context.Background(), draw())
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: %q %+v", name, r.Reason, e)
			if len(r.Codes) != 0 {
				t.Errorf("%d codes where there is none", len(r.Codes))
			}
			// Levels: the pyramid of a 1080-line picture has four, the faint look two, the enlarged one;
			// both polarities each.
			if e.levels > 14 {
				t.Errorf("%d levels", e.levels)
			}
			// Every second row may cost one per sixteen pixels, twice (pale codes too); the smaller levels are read row by row.
			if e.crossChecks > w*h/5 {
				t.Errorf("%d cross checks", e.crossChecks)
			}
			// Finders come in a few sizes, perSize of each, and one crowd.
			if e.finders > e.levels*(perSize*8+192) {
				t.Errorf("%d finders", e.finders)
			}
			// A finder is joined with those up to 1.7 times larger or smaller: three doublings.
			if limit := e.finders * (3 * perSize) * (3 * perSize); e.joins > limit || e.joins > 60_000_000 {
				t.Errorf("%d joins", e.joins)
			}
			if e.triples > e.levels*200 || e.looks > e.triples {
				t.Errorf("%d triples, %d looked at", e.triples, e.looks)
			}
			// All of these are counted over the whole scan; again the figures stand here by themselves.
			if e.bent > 45_000 || e.leans > 100 || e.modules > 600_000+2*maxSide*maxSide {
				t.Errorf("%d modules bent, %d maps leant, %d modules sampled", e.bent, e.leans, e.modules)
			}
			// One look may overshoot by the attempts on its last map. The figure stands here by itself, so that raising
			// the cap is a decision and not a slip.
			if e.mostDecodes > 252 {
				t.Errorf("%d decodes in one level", e.mostDecodes)
			}
		})
	}
}

// lattice are links in which everything has a timing pattern with everything.
func lattice(fs []finder) *links {
	k := newLinks(newBitmap(64, 64), fs, nil)
	for i := range k.count {
		k.count[i].Store(21)
	}
	return k
}

// TestCaps: the caps are what bounds the work, not luck with the pictures above.
func TestCaps(t *testing.T) {
	var fs []finder
	for i := range 5000 {
		fs = append(fs, finder{x: float64(40 * (i % 14)), y: float64(40 * (i / 14)), module: 3, support: 8 + i%3})
	}
	kept := strongest(fs, 1)
	if len(kept) != perCrowd || perCrowd > 256 {
		t.Fatalf("%d finders of one size kept", len(kept))
	}
	for _, f := range kept {
		if f.support != 10 {
			t.Fatalf("one with support %d kept before one with 10", f.support)
		}
	}
	var e effort
	if ts := joinTriples(lattice(kept), &e); len(ts) != maxTriples || e.triples != maxTriples {
		t.Errorf("%d triples, counted %d", len(ts), e.triples)
	}
	if e.joins > 64*64*64 {
		t.Errorf("%d joins: one of a crowd is joined with the nearest only", e.joins)
	}
	// Nor is everything walked between only to say why there is no code.
	many := newLinks(newBitmap(64, 64), fs[:500], nil)
	if explain(&levels{bits: many.b}, many, &effort{}, 1); many.walks.Load() > 4096 {
		t.Errorf("%d walks to explain", many.walks.Load())
	}
	// Crowds of several sizes do not add up.
	fs = fs[:0]
	for i := range 5000 {
		fs = append(fs, finder{x: float64(i), module: float64(int(1) << (i % 8)), support: 900})
	}
	if kept := strongest(fs, 1); len(kept) != 8*perSize+192 {
		t.Errorf("%d finders of eight sizes kept", len(kept))
	}
	// A small code next to a crowd of large decoys keeps its finders.
	fs = fs[:0]
	for i := range 500 {
		fs = append(fs, finder{x: float64(i), module: 9, support: 90})
	}
	for range 3 {
		fs = append(fs, finder{module: 2, support: 3})
	}
	small := 0
	for _, f := range strongest(fs, 1) {
		if f.module == 2 {
			small++
		}
	}
	if small != 3 {
		t.Errorf("%d of 3 small finders left", small)
	}
}

// TestEverySize: every small picture, whatever its shape, is answered.
func TestEverySize(t *testing.T) {
	rnd := rand.New(rand.NewPCG(31, 32))
	s := New()
	for w := range 45 {
		for h := range 45 {
			m := noisy(page(w, h, white), 255, rnd)
			r, err := s.Scan(context.Background(), m)
			if err != nil {
				t.Fatalf("%d × %d: %v", w, h, err)
			}
			if want := w < 21 || h < 21; (r.Reason == ReasonTooSmall) != want || len(r.Codes) > 0 {
				t.Fatalf("%d × %d: %+v", w, h, r)
			}
		}
	}
	for _, size := range [][2]int{{21, 60000}, {60000, 21}, {22, 4097}} {
		m := image.NewGray(image.Rect(0, 0, size[0], size[1]))
		for i := range m.Pix {
			m.Pix[i] = uint8(rnd.IntN(2) * 255)
		}
		if r := mustScan(t, m); len(r.Codes) > 0 {
			t.Errorf("%v: %+v", size, r)
		}
	}
}

// FuzzScan: any small picture is answered, and nothing is read where nothing can be.
func FuzzScan(f *testing.F) {
	code := modules(f, "x", qrcode.Low)
	n := len(code)
	small := make([]byte, n*n)
	for y := range code {
		for x := range code {
			if !code[y][x] {
				small[y*n+x] = 255
			}
		}
	}
	f.Add(small, uint8(n))
	m := page(64, 64, white)
	put(m, code, stamp{x: 32, y: 32, px: 2, quiet: 2, turn: 20})
	p, _ := grey(m, onWhite, new([]byte))
	f.Add(p.pix, uint8(64))
	f.Fuzz(func(t *testing.T, pix []byte, width uint8) {
		if width == 0 || len(pix) > 1<<14 {
			return
		}
		w := int(width)
		h := len(pix) / w
		m := &image.Gray{Pix: pix, Stride: w, Rect: image.Rect(0, 0, w, h)}
		sc := &scan{ctx: context.Background(), work: new(workspace), reader: newReader()}
		if w < minSide || h < minSide {
			return
		}
		// Without the last defence: a panic is a find.
		if err := sc.run(m); err != nil {
			t.Fatal(err)
		}
		for _, c := range sc.codes {
			b := c.Bounds(image.Rect(-w, -h, 2*w, 2*h))
			if c.Text == "" || b.Empty() {
				t.Fatalf("a code without text or place: %v", c.Corners)
			}
		}
	})
}

// TestCapsAreWideEnough: what honest pictures need. Each of these needs more than half of one cap, so that a cap of half its size loses
// codes here.
func TestCapsAreWideEnough(t *testing.T) {
	look := func(t *testing.T, m image.Image, want int) effort {
		t.Helper()
		r, e, err := New().scan(context.Background(), m)
		if err != nil || len(r.Codes) != want {
			t.Errorf("%d of %d codes, %v", len(r.Codes), want, err)
		}
		return e
	}
	t.Run("decodes", func(t *testing.T) { // four codes that cannot be read, and one that can and fits least
		m := page(1300, 1000, white)
		code := modules(t, "otpauth://totp/a?secret=JBSWY3DPEHPK3PXP", qrcode.Low)
		spoilt := modules(t, "otpauth://totp/a?secret=JBSWY3DPEHPK3PXP", qrcode.Low)
		for v := 9; v < len(spoilt)-9; v++ {
			for u := 9; u < len(spoilt)-9; u++ {
				spoilt[v][u] = !spoilt[v][u]
			}
		}
		for i := range 4 {
			put(m, spoilt, stamp{x: 150 + 250*float64(i), y: 200, px: 2.5, quiet: 4})
		}
		put(m, code, stamp{x: 600, y: 800, px: 2.5, quiet: 4, turn: 20})
		if e := look(t, m, 1); e.mostDecodes <= maxDecodes/2 {
			t.Errorf("only %d decodes: too easy to show anything", e.mostDecodes)
		}
	})
	t.Run("modules", func(t *testing.T) { // 24 codes of version 25
		const px, over = 3, 8
		code := modules(t, strings.Repeat("otpauth://totp/a?secret=JBSWY3DPEHPK3PXP", 24), qrcode.Medium)
		step := (len(code) + over) * px
		m := image.NewGray(image.Rect(0, 0, 6*step, 4*step))
		for i := range m.Pix {
			m.Pix[i] = 255
			if u, v := i%m.Stride%step/px-over/2, i/m.Stride%step/px-over/2; u >= 0 && v >= 0 && u < len(code) && v < len(code) && code[v][u] {
				m.Pix[i] = 0
			}
		}
		if e := look(t, m, 24); e.modules <= maxModules/2 {
			t.Errorf("only %d modules: too easy to show anything", e.modules)
		}
	})
	t.Run("bent", func(t *testing.T) { // one of version 34 that is off by a third of a module
		code := modules(t, strings.Repeat("otpauth://totp/a?secret=JBSWY3DPEHPK3PXP", 54), qrcode.Low)
		half := float64(len(code)) * 3.2 / 2
		w := int(2*half) + 60
		m := page(w, w, white)
		putThrough(m, code, func(x, y float64) (float64, float64) {
			u, v := (x-float64(w)/2)/half, (y-float64(w)/2)/half
			return u + 0.006*math.Sin(2*v+0.5), v + 0.006*math.Cos(2*u)
		})
		if e := look(t, m, 1); e.bent <= maxBent/2 {
			t.Errorf("only %d modules bent: too easy to show anything", e.bent)
		}
	})
}
