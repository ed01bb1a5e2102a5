package scanner

import (
	"image"
	"math/rand/v2"
	"testing"

	qrcode "github.com/skip2/go-qrcode"
)

// TestTiles: a second look marks exactly the tiles it changes, whatever the size of the picture, and what lies around them.
func TestTiles(t *testing.T) {
	rnd := rand.New(rand.NewPCG(15, 9))
	for _, size := range [][2]int{{64, 24}, {130, 41}, {800, 600}} {
		p := plane{w: size[0], h: size[1], stride: size[0], pix: make([]byte, size[0]*size[1])}
		for i := range p.pix {
			p.pix[i] = 200
			if x, y := i%p.w, i/p.w; x/90%3 == 1 && y/50%3 == 1 {
				p.pix[i] -= uint8(rnd.IntN(19)) // pale
			} else if x/90%3 == 0 {
				p.pix[i] -= uint8(rnd.IntN(2) * 150)
			}
		}
		var room buffers
		var l levels
		l.measure(p, &room)
		l.apply(lookNormal)
		if l.news != nil {
			t.Fatal("the first look has news")
		}
		before := append([]uint64(nil), l.bits.words...)
		l.apply(lookFaint)
		changed := func(x, y int) (is bool) {
			for r := y * blockSide; r < min(p.h, (y+1)*blockSide); r++ {
				is = is || before[r*l.bits.stride+x] != l.bits.words[r*l.bits.stride+x]
			}
			return is
		}
		n := 0
		for y := range l.news.h {
			for x := range l.news.w {
				want, near := changed(x, y), false
				if want {
					n++
				}
				for yy := max(0, y-2); yy <= min(l.news.h-1, y+2); yy++ {
					for xx := max(0, x-1); xx <= min(l.news.w-1, x+1); xx++ {
						near = near || changed(xx, yy)
					}
				}
				if l.news.changed[y*l.news.w+x] != want || l.news.near[y*l.news.w+x] != near || l.news.at(float64(64*x)+0.5, float64(8*y)+0.5) != want {
					t.Fatalf("%v: tile (%d,%d): changed %v, near %v; want %v, %v", size, x, y, l.news.changed[y*l.news.w+x], l.news.near[y*l.news.w+x], want, near)
				}
			}
			// The stretches of a row are the tiles near a change, each once.
			row := make([]bool, l.news.w)
			for from, to := l.news.next(0, y*blockSide, l.bits.stride); from < l.bits.stride; from, to = l.news.next(to, y*blockSide, l.bits.stride) {
				for x := from; x < to; x++ {
					row[x] = true
				}
			}
			for x, got := range row {
				if want := l.news.near[y*l.news.w+x]; got != want {
					t.Fatalf("%v: row %d, tile %d: %v", size, y, x, got)
				}
			}
		}
		if l.news.any != (n > 0) || size[0] > 200 && n == 0 {
			t.Errorf("%v: %d tiles changed, any: %v", size, n, l.news.any)
		}
		l.apply(lookFaint)
		if l.news.any {
			t.Errorf("%v: the same look again has news", size)
		}
	}
}

// TestPalePart: a code of which only a part is pale needs what the first look showed and what the second did.
func TestPalePart(t *testing.T) {
	code := modules(t, secretText, qrcode.Low)
	const px = 4
	n := len(code)
	draw := func(pale func(u, v int) bool) *image.RGBA {
		m := page(1200, 800, white)
		for v := range n {
			for u := range n {
				if !code[v][u] {
					continue
				}
				c := black
				if pale(u, v) {
					c.R, c.G, c.B = 238, 238, 238
				}
				box(m, image.Rect(500+u*px, 300+v*px, 500+(u+1)*px, 300+(v+1)*px), c)
			}
		}
		return m
	}
	for name, pale := range map[string]func(u, v int) bool{
		"the lower half":             func(u, v int) bool { return v > n/2 },
		"the right half":             func(u, v int) bool { return u > n/2 },
		"everything but the finders": func(u, v int) bool { return !(u < 7 && v < 7 || u < 7 && v >= n-7 || u >= n-7 && v < 7) },
		"the data alone":             func(u, v int) bool { return u > 8 && v > 8 },
		"a finder":                   func(u, v int) bool { return u < 7 && v >= n-7 },
	} {
		if r := mustScan(t, draw(pale)); len(r.Codes) != 1 {
			t.Errorf("%s is pale: %q", name, r.Reason)
		}
	}
}
