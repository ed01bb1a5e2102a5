package scanner

import (
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/makiuchi-d/gozxing"
	qrcode "github.com/skip2/go-qrcode"
)

// slow hides the type of an image, so that grey takes the road through At.
type slow struct{ image.Image }

// TestGreyAgrees: every fast road gives what asking pixel by pixel gives, on either backdrop, for pictures that begin anywhere.
func TestGreyAgrees(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	r := image.Rect(-3, 7, 61, 50)
	src := image.NewNRGBA(r)
	for i := range src.Pix {
		src.Pix[i] = uint8(rnd.IntN(256))
	}
	opaque := image.NewNRGBA(r)
	draw.Draw(opaque, r, image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(opaque, r, src, r.Min, draw.Over)
	pal := color.Palette{color.NRGBA{10, 20, 200, 255}, color.NRGBA{250, 0, 0, 128}, color.White, color.Black, color.NRGBA{0, 0, 0, 0}}
	paletted := image.NewPaletted(r, pal)
	for i := range paletted.Pix {
		paletted.Pix[i] = uint8(rnd.IntN(len(pal)))
	}
	ycc := image.NewYCbCr(r, image.YCbCrSubsampleRatio420)
	for i := range ycc.Y {
		ycc.Y[i] = uint8(rnd.IntN(256))
	}
	for i := range ycc.Cb { // colourless: luma is then the grey itself
		ycc.Cb[i], ycc.Cr[i] = 128, 128
	}
	yca := &image.NYCbCrA{YCbCr: *ycc, A: make([]uint8, len(ycc.Y)), AStride: ycc.YStride}
	for i := range yca.A {
		yca.A[i] = uint8(rnd.IntN(256))
	}
	into := func(dst draw.Image) image.Image {
		draw.Draw(dst, r, src, r.Min, draw.Src)
		return dst
	}
	cases := map[string]image.Image{
		"RGBA": into(image.NewRGBA(r)), "NRGBA": src, "opaque": opaque, "Gray": into(image.NewGray(r)), "Gray16": into(image.NewGray16(r)),
		"RGBA64": into(image.NewRGBA64(r)), "NRGBA64": into(image.NewNRGBA64(r)), "Paletted": paletted, "YCbCr": ycc, "NYCbCrA": yca,
		"CMYK": into(image.NewCMYK(r)), "RGBA part": into(image.NewRGBA(r)).(*image.RGBA).SubImage(image.Rect(4, 11, 40, 40)),
		"Gray part": into(image.NewGray(r)).(*image.Gray).SubImage(image.Rect(4, 11, 40, 40)), "YCbCr part": ycc.SubImage(image.Rect(5, 12, 40, 40)),
	}
	for name, m := range cases {
		b := m.Bounds()
		for _, on := range []backdrop{onWhite, onBlack} {
			got, seeThrough := grey(m, on, new([]byte))
			want, wantThrough := grey(slow{m}, on, new([]byte))
			if seeThrough != wantThrough {
				t.Errorf("%s: translucent %v, want %v", name, seeThrough, wantThrough)
			}
			if got.w != b.Dx() || got.h != b.Dy() {
				t.Fatalf("%s: %d × %d, want %v", name, got.w, got.h, b)
			}
			for y := range got.h {
				for x := range got.w {
					g, w := int(got.pix[y*got.stride+x]), int(want.pix[y*want.stride+x])
					// Premultiplied colours are rounded before they are weighted: two steps.
					if max(g-w, w-g) > 2 {
						t.Fatalf("%s on %d: (%d,%d) is %d, pixel by pixel %d", name, on, x, y, g, w)
					}
				}
			}
		}
	}
}

// TestGreyPaletteIndex: an index without a colour is the backdrop, not a crash.
func TestGreyPaletteIndex(t *testing.T) {
	m := image.NewPaletted(image.Rect(0, 0, 2, 1), color.Palette{color.Black})
	m.Pix[1] = 200
	if p, _ := grey(m, onWhite, new([]byte)); p.pix[0] != 0 || p.pix[1] != 255 {
		t.Errorf("got %v", p.pix)
	}
}

func TestLanes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 20000 {
		a, b := rnd.Uint64()&laneMost, rnd.Uint64()&laneMost
		if rnd.IntN(2) == 0 { // near each other, and equal in some lanes
			b = a ^ rnd.Uint64()&rnd.Uint64()&rnd.Uint64()&laneMost
		}
		var x, y [8]byte
		binary.LittleEndian.PutUint64(x[:], a)
		binary.LittleEndian.PutUint64(y[:], b)
		var ge, hi [8]byte
		for i := range x {
			if x[i] >= y[i] {
				ge[i] = 0x80
			}
			hi[i] = max(x[i], y[i])
		}
		if g := lanesGE(a, b); g != binary.LittleEndian.Uint64(ge[:]) {
			t.Fatalf("lanesGE(%x, %x) = %x, want %x", a, b, g, ge)
		}
		if g := lanesMax(a, b); g != binary.LittleEndian.Uint64(hi[:]) {
			t.Fatalf("lanesMax(%x, %x) = %x, want %x", a, b, g, hi)
		}
	}
}

// TestThreshold: every bit is what comparing one pixel with the limit of its block gives, for widths that fill no word.
func TestThreshold(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 9))
	for _, size := range [][2]int{{21, 21}, {64, 30}, {65, 33}, {127, 41}, {200, 24}, {1030, 600}} {
		p := plane{w: size[0], h: size[1], stride: size[0] + 3}
		p.pix = make([]byte, p.stride*p.h)
		for i := range p.pix {
			p.pix[i] = uint8(rnd.IntN(256))
		}
		l := binarize(p, lookNormal)
		dark := 0
		for y := range p.h {
			for x := range p.w {
				want := p.pix[y*p.stride+x] <= l.limit[y/8*l.blocksW+x/8]
				if l.bits.at(x, y) != want {
					t.Fatalf("%v: bit (%d,%d) is %v", size, x, y, !want)
				}
				if want {
					dark++
				}
			}
		}
		if part := float64(dark) / float64(p.w*p.h); part < 0.4 || part > 0.6 {
			t.Errorf("%v: %.2f of noise is dark", size, part)
		}
	}
}

// TestMeasure: the ends and the threshold of every block are those of its pixels, to the step that is kept.
func TestMeasure(t *testing.T) {
	rnd := rand.New(rand.NewPCG(12, 9))
	for _, size := range [][2]int{{21, 21}, {64, 30}, {71, 33}, {1030, 600}} {
		p := plane{w: size[0], h: size[1], stride: size[0] + 5}
		p.pix = make([]byte, p.stride*p.h)
		base, spread := 0, 256
		for i := range p.pix {
			if i%997 == 0 {
				base = rnd.IntN(256)
				spread = 1 + rnd.IntN(256-base)
			}
			p.pix[i] = uint8(base + rnd.IntN(spread))
		}
		l := binarize(p, lookNormal)
		for by := range l.blocksH {
			for bx := range l.blocksW {
				x0, y0 := min(bx*8, p.w-8), min(by*8, p.h-8)
				low, high, sum := 255, 0, 0
				for y := y0; y < y0+8; y++ {
					for x := x0; x < x0+8; x++ {
						v := int(p.pix[y*p.stride+x])
						low, high, sum = min(low, v), max(high, v), sum+v
					}
				}
				i := by*l.blocksW + bx
				if int(l.low[i]) != low&^1 || int(l.high[i]) != high|1 {
					t.Fatalf("%v: block (%d,%d) from %d to %d, measured %d to %d", size, bx, by, low, high, l.low[i], l.high[i])
				}
				if own := (sum/64 + (low+high)/2) / 2; math.Abs(float64(own-int(l.own[i]))) > 2 {
					t.Fatalf("%v: block (%d,%d) has threshold %d, want %d", size, bx, by, l.own[i], own)
				}
			}
		}
	}
}

// TestContrast: what has less contrast than noise is one colour, and what has more is not, in either way of looking.
func TestContrast(t *testing.T) {
	for _, c := range []struct {
		how    look
		steps  int
		shown  bool
		belief string
	}{
		{lookNormal, 22, false, "sensor noise and JPEG ringing"},
		{lookNormal, 30, true, "grey text"},
		{lookFaint, 8, false, "dithering"},
		{lookFaint, 14, true, "a pale code"},
	} {
		p := plane{pix: make([]byte, 160*160), stride: 160, w: 160, h: 160}
		for i := range p.pix {
			p.pix[i] = 90
			if (i%160/5+i/160/5)%2 == 0 {
				p.pix[i] += uint8(c.steps)
			}
		}
		l := binarize(p, c.how)
		dark := 0
		for y := range p.h {
			for x := range p.w {
				if l.bits.at(x, y) {
					dark++
				}
			}
		}
		if shown := dark > 160*160/3 && dark < 160*160*2/3; shown != c.shown {
			t.Errorf("%s, %d steps, contrast %d: %d of %d pixels are dark", c.belief, c.steps, c.how.contrast, dark, 160*160)
		}
	}
}

// TestNoiseHasFewFinders: of the thousands of places in noise that have the proportions of a finder in a row few are dark all
// through and ringed all around. A filter that lets more through costs time on every photograph.
func TestNoiseHasFewFinders(t *testing.T) {
	grain := func(side int) *bitmap {
		rnd := rand.New(rand.NewPCG(3, uint64(side)))
		b := newBitmap(1600, 1000)
		for y := 0; y < b.h; y += side {
			for x := 0; x < b.w; x += side {
				if rnd.IntN(2) == 0 {
					continue
				}
				for v := y; v < min(b.h, y+side); v++ {
					for u := x; u < min(b.w, x+side); u++ {
						b.words[v*b.stride+u/64] |= 1 << (u % 64)
					}
				}
			}
		}
		return b
	}
	for side := 1; side <= 3; side++ {
		const most = 188 // what was measured, 183, and three percent
		var scans [2]rowScan
		var e effort
		fs := findFinders(grain(side), nil, lookNormal, 1, &scans, &e)
		t.Logf("grain of %d: %d places looked at, %d and %d finders", side, e.crossChecks, len(fs[0]), len(fs[1]))
		if n := len(fs[0]) + len(fs[1]); n > most {
			t.Errorf("grain of %d: %d finders, at most %d", side, n, most)
		}
	}
}

// TestCrossCheckCap: a picture made of places that look promising in every row is looked at in a fixed number of them.
func TestCrossCheckCap(t *testing.T) {
	b := newBitmap(1920, 1080)
	for y := range b.h {
		for x := range b.w {
			// Roughly 1:1:3:1:1 in modules of 1.6 pixels and a pixel between: no column agrees.
			if k := x % 13; k < 2 || k >= 4 && k < 9 || k >= 10 && k < 12 {
				b.words[y*b.stride+x/64] |= 1 << (x % 64)
			}
		}
	}
	var scans [2]rowScan
	var e effort
	findFinders(b, nil, lookNormal, 1, &scans, &e)
	// Every second row is read; what is begun of a group of rows has its allowance.
	if limit := b.w*b.h/2/pixelsPerCheck + 2*b.w; e.crossChecks > limit || e.crossChecks < limit/2 || pixelsPerCheck < 16 {
		t.Errorf("%d places looked at, the limit is %d", e.crossChecks, limit)
	}
}

// TestReach: squares of twenty pixels have their colour right to the middle, on a page that grows darker to one side.
func TestReach(t *testing.T) {
	p := plane{pix: make([]byte, 400*400), stride: 400, w: 400, h: 400}
	truth := func(x, y int) bool { return (x/20+y/20)%2 == 0 }
	for i := range p.pix {
		x, y := i%400, i/400
		g := 60 + x/4 // paper
		if !truth(x, y) {
			g += 70
		}
		p.pix[i] = uint8(g)
	}
	l := binarize(p, lookNormal)
	wrong := 0
	for y := range 400 {
		for x := range 400 {
			if l.bits.at(x, y) != truth(x, y) {
				wrong++
			}
		}
	}
	if wrong > 400 { // a quarter of a percent
		t.Errorf("%d pixels are wrong", wrong)
	}
}

// TestSmooth: the threshold of a block is the mean around it, weighted by contrast, whether the picture is done in one part or
// two.
func TestSmooth(t *testing.T) {
	rnd := rand.New(rand.NewPCG(13, 9))
	for _, size := range [][2]int{{8, 8}, {120, 90}, {800, 600}} {
		p := plane{w: size[0], h: size[1], stride: size[0], pix: make([]byte, size[0]*size[1])}
		for i := range p.pix {
			if x, y := i%p.w, i/p.w; x > p.w/4 && (x/100+y/100)%2 == 0 { // flat, and flat at the left edge, too
				p.pix[i] = uint8(rnd.IntN(256))
			}
		}
		l := binarize(p, lookNormal)
		for by := range l.blocksH {
			for bx := range l.blocksW {
				sum, n := 0, 0
				for y := max(0, by-2); y <= min(l.blocksH-1, by+2); y++ {
					for x := max(0, bx-2); x <= min(l.blocksW-1, bx+2); x++ {
						i := y*l.blocksW + x
						if c := int(l.high[i]) - int(l.low[i]); c > 25 {
							sum += c * int(l.own[i])
							n += c
						}
					}
				}
				want := 127
				switch i := by*l.blocksW + bx; {
				case n > 0:
					want = sum/n | 1
				case bx > 0:
					want = int(l.limit[i-1])
				case by > 0:
					want = int(l.limit[i-l.blocksW])
				}
				if got := int(l.limit[by*l.blocksW+bx]); got != want {
					t.Fatalf("%v: block (%d,%d) has %d, want %d", size, bx, by, got, want)
				}
			}
		}
	}
}

// TestBits: turns, runs and the inverse agree with looking at single pixels.
func TestBits(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, w := range []int{1, 31, 32, 33, 63, 64, 65, 100, 128, 200} {
		b := newBitmap(w, 5)
		for y := range b.h {
			for x := range b.stride * 64 { // past the width, too: what is there counts for nothing
				if rnd.IntN(3) == 0 {
					b.words[y*b.stride+x/64] |= 1 << (x % 64)
				}
			}
		}
		for range 2 {
			for y := range b.h {
				want := []int32{0}
				for x := 1; x < w; x++ {
					if b.at(x, y) != b.at(x-1, y) {
						want = append(want, int32(x))
					}
				}
				want = append(want, int32(w))
				got, dark := b.turns(y, 0, b.stride, nil)
				if !slices.Equal(got, want) || dark != b.at(0, y) {
					t.Fatalf("width %d: %v from %v, want %v", w, got, dark, want)
				}
				for x := -1; x <= w; x++ {
					for _, step := range []int{-1, 1} {
						for _, dark := range []bool{true, false} {
							down, along := 0, 0
							for b.inside(x, y+down*step) && b.at(x, y+down*step) == dark && down < 3 {
								down++
							}
							for b.inside(x+along*step, y) && b.at(x+along*step, y) == dark && along < 3 {
								along++
							}
							if g := b.down(x, y, step, 3, dark); g != down {
								t.Fatalf("width %d: down from (%d,%d) by %d: %d, want %d", w, x, y, step, g, down)
							}
							if g := b.along(x, y, step, 3, dark); g != along {
								t.Fatalf("width %d: along from (%d,%d) by %d: %d, want %d", w, x, y, step, g, along)
							}
						}
					}
				}
			}
			before := b.at(w-1, 1)
			b = b.inverse()
			if b.at(w-1, 1) == before || b.at(w, 1) || b.at(-1, 1) || b.at(0, -1) || b.at(0, 5) {
				t.Fatalf("width %d: the inverse is wrong or reaches outside", w)
			}
		}
	}
}

func TestHalfAndDouble(t *testing.T) {
	p := plane{pix: []byte{0, 100, 200, 9, 40, 60, 100, 9, 7, 7, 7, 7}, stride: 4, w: 4, h: 3}
	h := half(p, new([]byte))
	if h.w != 2 || h.h != 1 || h.pix[0] != 50 || h.pix[1] != 80 {
		t.Errorf("half: %+v", h)
	}
	flat := plane{pix: []byte{77, 77, 77, 77, 77, 77}, stride: 3, w: 3, h: 2}
	d := double(flat, new([]byte))
	if d.w != 6 || d.h != 4 {
		t.Fatalf("double: %d × %d", d.w, d.h)
	}
	for i, v := range d.pix {
		if v != 77 {
			t.Errorf("double of a flat picture has %d at %d", v, i)
		}
	}
	step := double(plane{pix: []byte{0, 160}, stride: 2, w: 2, h: 1}, new([]byte))
	if want := []byte{0, 40, 120, 160}; string(step.pix[:4]) != string(want) {
		t.Errorf("double of a step: %v, want %v", step.pix[:4], want)
	}
}

// TestWarp: a map takes the corners it was made from to each other, and lines to lines.
func TestWarp(t *testing.T) {
	rnd := rand.New(rand.NewPCG(4, 4))
	quad := func(x, y, s float64) (q [4]Point) {
		for i, c := range [4]Point{{0, 0}, {1, 0}, {1, 1}, {0, 1}} {
			q[i] = Point{x + s*(c.X+0.3*rnd.Float64()), y + s*(c.Y+0.3*rnd.Float64())}
		}
		return q
	}
	for range 500 {
		a, b := quad(3, 4, 30), quad(-100, 500, 200)
		m := warpQuad(a, b)
		for i := range a {
			if p := m.at(a[i].X, a[i].Y); math.Hypot(p.X-b[i].X, p.Y-b[i].Y) > 1e-6 {
				t.Fatalf("corner %d lands at %v, want %v", i, p, b[i])
			}
		}
		p, q, r := m.at(5, 6), m.at(10, 13), m.at(15, 20) // on one line
		if area := (q.X-p.X)*(r.Y-p.Y) - (q.Y-p.Y)*(r.X-p.X); math.Abs(area) > 1e-5 {
			t.Fatalf("a line is bent by %g", area)
		}
	}
	m := warpQuad([4]Point{}, [4]Point{})
	if p := m.at(1, 1); p.finite() {
		t.Errorf("a map without extent gives %v", p)
	}
}

func TestMerge(t *testing.T) {
	at := func(text string, x, y, s float64) Code {
		return Code{Text: text, Corners: [4]Point{{x, y}, {x + s, y}, {x + s, y + s}, {x, y + s}}}
	}
	var cs []Code
	for _, c := range []Code{
		at("b", 300, 100, 50), at("a", 100, 100, 50), at("a", 102, 99, 51), // the same one, seen at another size
		at("a", 500, 100, 50),      // the same text elsewhere
		at("c", 110, 110, 50),      // another text in the same place
		at("mirror", 100, 300, 50), // corners the other way round
	} {
		if c.Text == "mirror" {
			c.Corners[1], c.Corners[3] = c.Corners[3], c.Corners[1]
			cs = add(cs, c)
		}
		cs = add(cs, c)
	}
	order(cs)
	got := ""
	for _, c := range cs {
		got += c.Text + " "
	}
	if want := "a c b a mirror "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestReaderSurvives: modules that are no code end an attempt, whatever they are.
func TestReaderSurvives(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	r := newReader()
	for i := range 400 {
		side := 21 + 4*(i%40)
		code := modules(t, secretText, qrcode.Low)
		m, err := gozxing.NewSquareBitMatrix(side)
		if err != nil {
			t.Fatal(err)
		}
		for y := range side {
			for x := range side {
				dark := rnd.IntN(2) == 0
				if i%2 == 0 && x < len(code) && y < len(code) { // a real code with most of its modules in disorder
					dark = code[y][x] != (rnd.IntN(4) == 0)
				}
				if dark {
					m.Set(x, y)
				}
			}
		}
		if got, ok := r.read(m); ok {
			t.Errorf("noise of %d modules reads as %d bytes", side, len(got.text))
		}
	}
	if _, ok := r.read(nil); ok {
		t.Error("nothing reads as something")
	}
}

// TestOutline: the corners of the three rings are known to a fraction of a module, a flat code fits a flat map, and three finders of
// different codes do not.
func TestOutline(t *testing.T) {
	code := modules(t, secretText, qrcode.Medium)
	side := len(code)
	for _, turn := range []float64{0, 17, 45, 100, 250} {
		for _, quiet := range []float64{4, 0} { // on a dark page without a quiet zone
			m := page(500, 500, color.RGBA{30, 30, 30, 255})
			corners := put(m, code, stamp{x: 250, y: 250, px: 7, turn: turn, quiet: quiet})
			p, _ := grey(m, onWhite, new([]byte))
			b := binarize(p, lookNormal).bits
			place := warpQuad([4]Point{{0, 0}, {float64(side), 0}, {float64(side), float64(side)}, {0, float64(side)}}, corners)
			at := func(u, v float64) finder {
				p := place.at(u, v)
				return finder{x: p.X, y: p.Y, module: 7, wide: 7, tall: 7}
			}
			far := float64(side) - 3.5
			tr := triple{tl: at(3.5, 3.5), tr: at(far, 3.5), bl: at(3.5, far)}
			o, ok := outlineOf(b, tr, frameOf(tr))
			if !ok {
				t.Errorf("turned by %g°, quiet zone of %g: no outline", turn, quiet)
				continue
			}
			if quiet == 0 {
				continue // where the ring ends is a guess then
			}
			want := o.modules(side)
			for i, p := range o.pixels() {
				if q := place.at(want[i].X, want[i].Y); math.Hypot(p.X-q.X, p.Y-q.Y) > 1.5 {
					t.Errorf("turned by %g°: corner %d is at %.1f, seen at %.1f", turn, i, q, p)
				}
			}
			if flat, off := o.flat(side); off > 0.2 {
				t.Errorf("turned by %g°: off by %.2f modules", turn, off)
			} else if p, q := flat.at(float64(side), float64(side)), corners[2]; math.Hypot(p.X-q.X, p.Y-q.Y) > 7 {
				t.Errorf("turned by %g°: the far corner is at %.1f, seen at %.1f", turn, q, p)
			}
			// Not of this size, and not of one code.
			if _, off := o.flat(side + 12); off < 0.5 {
				t.Errorf("turned by %g°: as well 12 modules wider, off by %.2f", turn, off)
			}
			o[1], o[2] = o[2], o[1]
			if _, off := o.flat(side); off < maxCurve {
				t.Errorf("turned by %g°: off by only %.2f modules the wrong way round", turn, off)
			}
		}
	}
}
