package scanner

import (
	"context"
	"image"
	"math"
	"math/rand/v2"
	"testing"
)

// The thresholds that decide alone, each from both sides: what is just inside and what is just outside. What several decide together
// is held by the rates of TestHitRate.

// drawing is a bitmap with the grey it could have come from.
func drawing(w, h int, dark func(x, y int) bool) *levels {
	l := &levels{bits: newBitmap(w, h), grey: plane{pix: make([]byte, w*h), stride: w, w: w, h: h}}
	for y := range h {
		for x := range w {
			if dark(x, y) {
				l.bits.words[y*l.bits.stride+x/64] |= 1 << (x % 64)
			} else {
				l.grey.pix[y*w+x] = 255
			}
		}
	}
	return l
}

// finderAt is the colour of module (u, v) of a finder whose middle is (0, 0).
func finderAt(u, v int) bool {
	far := max(u, -u, v, -v)
	return far <= 1 || far == 3
}

// TestSquare: five modules of a finder may be wrong, six not.
func TestSquare(t *testing.T) {
	const px = 4
	for wrong := range 12 {
		l := drawing(15*px, 15*px, func(x, y int) bool {
			u, v := x/px-7, y/px-7
			return finderAt(u, v) != (v == -3 && u >= -3 && u < wrong-3 || v == 3 && u >= -3 && u < wrong-10)
		})
		f := finder{x: 7.5 * px, y: 7.5 * px, module: px, wide: px, tall: px}
		if got := square(l.bits, f, Point{1, 0}, Point{0, 1}, px); got != (wrong <= 5) {
			t.Errorf("%d modules wrong: %v", wrong, got)
		}
	}
}

// edge is two finders of a code and what is between them: pattern says where the line is dark, in modules from 0, where the corner
// module of the first begins, to n+1.
func edge(px, n int, pattern func(at float64) bool) (l *levels, a, c finder) {
	const margin = 6
	at := func(i int) float64 { return (float64(margin+i) + 0.5) * float64(px) }
	l = drawing((2*margin+n+7)*px, 20*px, func(x, y int) bool {
		u, v := x/px-margin, y/px-margin
		switch {
		case u <= 3:
			return finderAt(u, v)
		case u >= n+3:
			return finderAt(u-n-6, v)
		}
		return v == 3 && pattern((float64(x)+0.5)/float64(px)-margin-3)
	})
	m := float64(px)
	a = finder{x: at(0), y: at(0), module: m, wide: m, tall: m}
	c = finder{x: at(n + 6), y: at(0), module: m, wide: m, tall: m}
	return l, a, c
}

// steady is a timing pattern as it should be.
func steady(at float64) bool { return floor(at)%2 == 0 }

// TestJoined: what may be wrong with the timing pattern between two finders that are to explain a picture without a code.
func TestJoined(t *testing.T) {
	const n = 24
	// Modules that are too wide at first and too narrow then: most are off by a part of a module, so many by more than half.
	swaying := func(by float64) func(float64) bool {
		return func(at float64) bool { return steady(at + by*math.Sin(math.Pi*(at-0.5)/n)) }
	}
	// Dark modules that are moved on by more than half a module: the middles of two are wrong, and the changes as many as before.
	moved := func(which ...int) func(float64) bool {
		return func(at float64) bool {
			for _, i := range which {
				if part := at - float64(i); part >= 0 && part < 2 {
					return part >= 0.55 && part < 1.55
				}
			}
			return steady(at)
		}
	}
	for _, c := range []struct {
		name    string
		pattern func(at float64) bool
		scale   float64 // by which the way is thought longer than it is
		fade    float64 // how much of its contrast the pattern has
		want    bool
	}{
		{"as it should be", steady, 1, 1, true},
		{"off by half a module at one place", swaying(0.5), 1, 1, true},
		{"off by more for a third of the way", swaying(0.65), 1, 1, false},
		{"two modules wrong", moved(8), 1, 1, true},
		{"four modules wrong", moved(8, 14), 1, 1, false},
		{"stripes twice as wide", func(at float64) bool { return steady(at / 2) }, 1, 1, false},
		{"a seventh longer", steady, 1.14, 1, true},
		{"a tenth shorter", steady, 0.9, 1, true},
		{"a quarter longer", steady, 1.25, 1, false},
		{"a third shorter", steady, 0.72, 1, false},
		{"two fifths of the contrast", steady, 1, 0.4, true},
		{"a seventh of the contrast", steady, 1, 0.15, false},
	} {
		l, a, f := edge(5, n, c.pattern)
		for x := int(a.x + 3.5*5); x < int(f.x-3.5*5); x++ {
			for y := range l.bits.h {
				if l.bits.at(x, y) {
					l.grey.pix[y*l.grey.stride+x] = uint8(255 - 255*c.fade)
				}
			}
		}
		if got := joined(l, a, f, Point{1, 0}, Point{0, 1}, (f.x-a.x)*c.scale); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// TestLeaves: what may be wrong with a timing pattern that runs out of the picture, and how long it has to be.
func TestLeaves(t *testing.T) {
	const px = 5
	even := func(i int) bool { return i%2 == 0 }
	for _, c := range []struct {
		name    string
		modules int // to the edge, from the corner module on
		pattern func(i int) bool
		want    bool
	}{
		{"seven modules", 7, even, true},
		{"six modules", 6, even, false},
		{"twenty", 20, even, true},
		{"one of eight wrong", 16, func(i int) bool { return even(i) != (i == 9) }, true},
		{"two of sixteen wrong", 16, func(i int) bool { return even(i) != (i == 8 || i == 9) }, true},
		{"two of 24 wrong, far from each other", 24, func(i int) bool { return even(i) != (i == 8 || i == 14) }, true},
		{"three of 24 wrong, far from each other", 24, func(i int) bool { return even(i) != (i == 8 || i == 12 || i == 16) }, false},
		{"three of sixteen wrong", 16, func(i int) bool { return even(i) != (i == 7 || i == 8 || i == 9) }, false},
		{"stripes twice as wide", 16, func(i int) bool { return i/2%2 == 0 }, false},
		{"a line in every light module", 16, nil, false},
		{"nothing", 16, func(i int) bool { return false }, false},
	} {
		w := (c.modules + 10) * px
		l := drawing(w, 20*px, func(x, y int) bool {
			u, v := x/px-6, y/px-6
			if u <= 3 {
				return finderAt(u, v)
			}
			if c.pattern == nil { // right in the middle of every module, and wrong beside it
				return v == 3 && (even(u-3) || x%px == 1)
			}
			return v == 3 && c.pattern(u-3)
		})
		f := finder{x: 6.5 * px, y: 6.5 * px, module: px, wide: px, tall: px}
		if edge, _, got := leaves(l, f, Point{1, 0}, Point{0, 1}, px); got != c.want || got && edges[edge] != "right" {
			t.Errorf("%s: %v, %s", c.name, got, edges[edge])
		}
	}
}

// TestBegins: a long line goes on if one of its ends looks like a timing pattern, also where the size of a module is known to a
// quarter; a line of text does not.
func TestBegins(t *testing.T) {
	const n = 90
	for _, c := range []struct {
		name    string
		pattern func(at float64) bool
		guess   float64 // of a module, in modules
		want    bool
	}{
		{"as it should be", steady, 1, true},
		{"modules thought a third larger", steady, 1.33, true},
		{"modules thought a third smaller", steady, 0.68, true},
		{"the first half covered", func(at float64) bool { return steady(at) && at > 40 }, 1, true},
		{"the second half covered", func(at float64) bool { return steady(at) && at < 50 }, 1, true},
		{"both ends covered", func(at float64) bool { return steady(at) && at > 12 && at < n-12 }, 1, false},
		{"a change in two modules", func(at float64) bool { return steady(at / 2) }, 1, false},
		{"three changes in two modules", func(at float64) bool { return steady(at * 1.6) }, 1, false},
		{"modules thought half as large", steady, 0.5, false},
		{"modules thought far larger", steady, 1.6, false},
	} {
		l, a, f := edge(5, n, c.pattern)
		m := 5 * c.guess
		from, to := timingLine(a, f, Point{1, 0}, Point{0, 1}, 1)
		k := newLinks(l.bits, []finder{a, f}, nil)
		if got := k.begins(from, to, Point{1, 0}, m, (f.x-a.x)/m+7); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	// A short line is no dearer than its ends.
	l, a, f := edge(5, 30, func(float64) bool { return false })
	from, to := timingLine(a, f, Point{1, 0}, Point{0, 1}, 1)
	if !newLinks(l.bits, []finder{a, f}, nil).begins(from, to, Point{1, 0}, 5, 35+13) {
		t.Error("a short line is not looked at whole")
	}
}

// TestChanges: every module is counted, at any angle and from a pixel or so up, and the count stops where it says nothing any more.
func TestChanges(t *testing.T) {
	for _, module := range []float64{1.6, 2, 3, 5, 9, 20} {
		for turn := 0.0; turn < 90; turn += 7.5 {
			sin, cos := math.Sincos(turn * math.Pi / 180)
			const n = 40
			side := int(n*module) + 20
			l := drawing(side, side, func(x, y int) bool {
				d := (float64(x)+0.5-10)*cos + (float64(y)+0.5-10)*sin
				return int(math.Floor(d/module))%2 == 0 && d >= 0
			})
			at := func(i float64) Point { return Point{10 + (i+0.5)*module*cos, 10 + (i+0.5)*module*sin} }
			if got := changes(l.bits, at(0), at(n-2), module, 0, 200); got != n-2 {
				t.Errorf("modules of %g pixels, %g°: %d changes of %d", module, turn, got, n-2)
			}
		}
	}
	// A scratch is a change, too, however large the modules are.
	scratched := drawing(1000, 10, func(x, y int) bool { return x/20%2 == 0 && !(x >= 406 && x < 409) })
	if got := changes(scratched.bits, Point{10, 5}, Point{810, 5}, 20, 0, 200); got != 42 {
		t.Errorf("%d changes with a scratch, want 42", got)
	}
	empty := drawing(2000, 10, func(x, y int) bool { return false })
	if got := changes(empty.bits, Point{1, 5}, Point{1990, 5}, 5, 300, 400); got != 0 {
		t.Error(got)
	}
	// Half of it changes with every module: enough for as many as that, and no more.
	half := drawing(2000, 10, func(x, y int) bool { return x >= 1000 && x/5%2 == 0 })
	if got := changes(half.bits, Point{1, 5}, Point{1990, 5}, 5, 190, 400); got < 190 {
		t.Errorf("%d changes: what came late was given up", got)
	}
}

// TestOneTiming: a triple with both timing patterns goes before one with one that fits better by less than two fifths.
func TestOneTiming(t *testing.T) {
	at := func(x, y float64) finder { return finder{x: x, y: y, module: 4, wide: 4, tall: 4, support: 9} }
	fs := []finder{
		at(0, 0), at(100, 0), at(0, 100), // one timing pattern, fits perfectly
		at(5000, 0), at(5130, 0), at(5000, 100), // both, 0.3 off
		at(10000, 0), at(10150, 0), at(10000, 100), // both, 0.5 off
	}
	k := newLinks(newBitmap(64, 64), fs, nil)
	for i := range k.count {
		k.count[i].Store(-1)
	}
	n := len(fs)
	k.count[0*n+1].Store(25)
	for _, i := range []int{3, 6} {
		k.count[i*n+i+1].Store(25)
		k.count[(i+2)*n+i].Store(25)
	}
	ts := joinTriples(k, &effort{})
	if len(ts) < 3 || ts[0].tl.x != 5000 || ts[1].tl.x != 0 || ts[2].tl.x != 10000 {
		t.Errorf("%+v", ts)
	}
}

// TestDistances: the corners of the smallest code and of the largest belong together also when their size is not known well; what
// is nearer or further does not.
func TestDistances(t *testing.T) {
	for _, c := range []struct {
		modules float64
		want    bool
	}{{8, false}, {9, false}, {10, true}, {14, true}, {170, true}, {200, true}, {210, false}} {
		at := func(x, y float64) finder { return finder{x: x * 4, y: y * 4, module: 4, wide: 4, tall: 4, support: 9} }
		k := lattice([]finder{at(0, 0), at(c.modules, 0), at(0, c.modules)})
		if ts := joinTriples(k, &effort{}); len(ts) > 0 != c.want {
			t.Errorf("%g modules apart: %d triples", c.modules, len(ts))
		}
	}
}

// TestSmallestRuns: below eight tenths of a pixel nothing is a finder, at nine tenths it is.
func TestSmallestRuns(t *testing.T) {
	for _, c := range []struct {
		module float64
		want   bool
	}{{0.9, true}, {0.82, true}, {0.75, false}, {0.6, false}} {
		m := c.module
		if _, ok := finderRuns([5]float64{m, m, 3 * m, m, m}, 0.5); ok != c.want {
			t.Errorf("%g pixels: %v", m, ok)
		}
	}
}

// TestRows: how many rows one is read of, and from which size on finders are looked for. What they say of each other: two rows
// cross the core of the smallest.
func TestRows(t *testing.T) {
	for _, c := range []struct{ height, step int }{{100, 1}, {700, 1}, {720, 2}, {1080, 2}, {1440, 2}, {1600, 3}, {2160, 3}} {
		if got := rowStep(c.height); got != c.step {
			t.Errorf("height %d: one row of %d", c.height, got)
		}
	}
	for _, c := range []struct {
		w, h  int
		how   look
		scale float64
		least float64
	}{
		{400, 300, lookNormal, 1, 0.8},
		{1920, 1080, lookNormal, 1, 1.3},
		{3840, 2160, lookNormal, 1, 1.95},
		{960, 540, lookNormal, 2, 1.5},
		{440, 440, lookFaint, 1, 0.8},
		{500, 440, lookFaint, 1, 2},
		{1920, 1080, lookFaint, 1, 2},
	} {
		b := newBitmap(c.w, c.h)
		if got := smallestFinder(b, c.how, c.scale); math.Abs(got-c.least) > 1e-9 {
			t.Errorf("%d × %d, pale %v, level %g: modules from %g pixels on", c.w, c.h, c.how.local, c.scale, got)
		}
	}
}

// TestEnlarged: a picture of a megapixel is looked at in double size when nothing was found, a larger one not: it would take longer
// than everything before.
func TestEnlarged(t *testing.T) {
	levels := func(w, h int) int {
		m := image.NewGray(image.Rect(0, 0, w, h))
		rnd := rand.New(rand.NewPCG(1, 1))
		for i := range m.Pix {
			m.Pix[i] = uint8(rnd.IntN(2) * 255)
		}
		_, e, err := New().scan(context.Background(), m)
		if err != nil {
			t.Fatal(err)
		}
		return e.levels
	}
	// Both have as many levels, and the smaller one that of its double size, with both polarities.
	if small, large := levels(990, 1000), levels(1010, 1000); small != large+2 {
		t.Errorf("%d and %d levels", small, large)
	}
}

// leaning is a code of side modules under a map with the given leans, and its finders as they are seen.
func leaning(side int, right, down, px float64, dark func(u, v int) bool) (*levels, triple, frame) {
	// From the square between the middles of the finders, 30 pixels away from the edges.
	d := float64(side-7) * px
	t := triple{
		tl: finder{x: 80, y: 80}, tr: finder{x: 80 + d, y: 80}, bl: finder{x: 80, y: 80 + d}, top: side, left: side,
	}
	m := leanMap(t, side, right, down)
	for _, f := range []struct {
		f    *finder
		u, v float64
	}{{&t.tl, 3.5, 3.5}, {&t.tr, float64(side) - 3.5, 3.5}, {&t.bl, 3.5, float64(side) - 3.5}} {
		a, b := m.at(f.u-0.5, f.v), m.at(f.u+0.5, f.v)
		c, e := m.at(f.u, f.v-0.5), m.at(f.u, f.v+0.5)
		f.f.wide, f.f.tall = math.Hypot(b.X-a.X, b.Y-a.Y), math.Hypot(c.X-e.X, c.Y-e.Y)
		f.f.module = (f.f.wide + f.f.tall) / 2
	}
	back := m.adjoint()
	w := int(d) + 160
	l := drawing(w, w, func(x, y int) bool {
		p := back.at(float64(x)+0.5, float64(y)+0.5)
		u, v := floor(p.X), floor(p.Y)
		return u >= 0 && v >= 0 && u < side && v < side && dark(u, v)
	})
	return l, t, frameOf(t)
}

// TestLeaningMap: the lean of a code is found from its timing patterns, also when the sizes of its finders mislead by a sixth, up
// to modules 2.5 times as large at one end; and no lean is found where there is no pattern.
func TestLeaningMap(t *testing.T) {
	timing := func(side int) func(u, v int) bool {
		return func(u, v int) bool {
			switch {
			case v == 6 && u >= 8 && u < side-8:
				return u%2 == 0
			case u == 6 && v >= 8 && v < side-8:
				return v%2 == 0
			}
			return (u*7+v*13+u*v)%5 < 2
		}
	}
	for _, side := range []int{25, 41, 57, 97} {
		for _, c := range []struct{ right, down, mislead float64 }{
			{1.1, 1, 1}, {1.25, 0.9, 1}, {1.5, 1, 1}, {1.75, 1, 1}, {1.08, 1.05, 1.3}, {1, 1.06, 0.76}, {0.8, 0.85, 1},
		} {
			l, tr, f := leaning(side, c.right, c.down, 8, timing(side))
			tr.tr.wide *= c.mislead
			m, ok := leaningMap(l.bits, tr, f, side)
			if !ok {
				t.Errorf("side %d, %+v: no map", side, c)
				continue
			}
			// The middle of the code moves most.
			want, d := leanMap(tr, side, c.right, c.down), float64(side)
			for _, at := range [][2]float64{{d / 2, d / 2}, {d - 7, d / 2}, {d - 6.5, d - 6.5}} {
				p, q := m.at(at[0], at[1]), want.at(at[0], at[1])
				if off := math.Hypot(p.X-q.X, p.Y-q.Y) / 8; off > 0.6 && at[0] < d-6.5 || off > 1.5 {
					t.Errorf("side %d, %+v: (%g, %g) is off by %.2f modules", side, c, at[0], at[1], off)
				}
			}
		}
	}
	// An eighth of the pattern may be damaged.
	for _, side := range []int{41, 57, 97} {
		whole := timing(side)
		l, tr, f := leaning(side, 1.15, 1.05, 8, func(u, v int) bool { return whole(u, v) != ((v == 6 || u == 6) && (u+v)%8 == 0) })
		if _, ok := leaningMap(l.bits, tr, f, side); !ok {
			t.Errorf("side %d: no map of a damaged pattern", side)
		}
	}
	// Modules of two pixels and less are not tried.
	for _, px := range []float64{1.7, 2.4} {
		pattern := timing(41)
		l, tr, _ := leaning(41, 1.3, 1, px, func(u, v int) bool {
			switch {
			case u < 7 && v < 7 || u > 33 && v < 7:
				return finderAt(u%34-3, v-3)
			case u < 7 && v > 33:
				return finderAt(u-3, v-37)
			}
			return pattern(u, v)
		})
		for _, f := range []*finder{&tr.tl, &tr.tr, &tr.bl} {
			f.wide, f.tall, f.module = px, px, px
		}
		var e effort
		e.decodeLimit = maxDecodes
		locate(l, tr, newReader(), &e)
		if tried := e.leans > 0; tried != (px > 2) {
			t.Errorf("modules of %g pixels: %d leans", px, e.leans)
		}
	}
	rnd := rand.New(rand.NewPCG(8, 15))
	for _, side := range []int{33, 57} {
		chance := 0
		for range 40 {
			l, tr, f := leaning(side, 1.1, 1, 6, func(u, v int) bool { return rnd.IntN(2) == 0 })
			if _, ok := leaningMap(l.bits, tr, f, side); ok {
				chance++
			}
		}
		if chance > 4 {
			t.Errorf("side %d: %d of 40 leans of nothing", side, chance)
		}
	}
}

// TestRingEnds: the dark ring of a finder ends on all sides, or on the two towards the code where the page is dark.
func TestRingEnds(t *testing.T) {
	const px = 4
	// Where the ring runs on, in modules from the middle.
	for _, c := range []struct {
		name string
		open func(u, v int) bool
		want bool
	}{
		{"all around", func(u, v int) bool { return false }, true},
		{"a dark page, upper left", func(u, v int) bool { return u < -3 || v < -3 }, true},
		{"a dark page, lower right", func(u, v int) bool { return u > 3 || v > 3 }, true},
		{"a dark page, and a bar of text", func(u, v int) bool { return u < -3 || v < -3 || u > 3 && v == 3 }, true},
		{"a dark page on three sides", func(u, v int) bool { return u < -3 || v < -3 || v > 3 }, false},
		{"a dark page on two sides that face each other", func(u, v int) bool { return v < -3 || v > 3 }, false},
		{"a bar on one side", func(u, v int) bool { return u > 3 && v >= -1 && v <= 1 }, true},
		{"a ring without end", func(u, v int) bool { return max(u, -u, v, -v) > 3 }, false},
		{"a ring of two modules", func(u, v int) bool { return max(u, -u, v, -v) == 4 }, false},
	} {
		l := drawing(31*px, 31*px, func(x, y int) bool {
			u, v := x/px-15, y/px-15
			return finderAt(u, v) || c.open(u, v)
		})
		f := finder{x: 15.5 * px, y: 15.5 * px, module: px, wide: px, tall: px}
		if got := ringed(l.bits, f); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// TestLumas: two pixels in one word are the grey of each.
func TestLumas(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 7))
	for n := range 23 {
		src, dst := make([]byte, 4*n), make([]byte, n)
		want := ^uint32(0)
		for i := range src {
			src[i] = uint8(255 * rnd.IntN(2))
			if rnd.IntN(3) > 0 {
				src[i] = uint8(rnd.IntN(256))
			}
		}
		all := lumas(dst, src)
		for i, got := range dst {
			p := src[4*i : 4*i+4]
			if w := luma(uint32(p[0]), uint32(p[1]), uint32(p[2])); uint32(got) != w {
				t.Fatalf("pixel %d of %d: %d, want %d", i, n, got, w)
			}
			want &= uint32(p[0]) | uint32(p[1])<<8 | uint32(p[2])<<16 | uint32(p[3])<<24
		}
		if all != want {
			t.Fatalf("%d pixels: the AND is %x, want %x", n, all, want)
		}
	}
}

// round is a round finder of the given module around the middle of a bitmap; wrong changes what is seen at a distance, in modules, in
// one of sixteen directions.
func round(module float64, wrong func(direction int, r float64, dark bool) bool) (*bitmap, finder) {
	side := int(24 * module)
	mid := float64(side) / 2
	l := drawing(side, side, func(x, y int) bool {
		dx, dy := float64(x)+0.5-mid, float64(y)+0.5-mid
		r := math.Hypot(dx, dy) / module
		direction := int((math.Atan2(dy, dx)/(2*math.Pi) + 1) * 16)
		return wrong(direction%16, r, r < 1.5 || r >= 2.5 && r < 3.5)
	})
	return l.bits, finder{x: mid, y: mid, module: module, wide: module, tall: module}
}

// TestRingCounts: how many of sixteen directions may be wrong, and in what way.
func TestRingCounts(t *testing.T) {
	ring := func(module float64, wrong func(direction int, r float64, dark bool) bool) bool {
		b, f := round(module, wrong)
		return ringed(b, f)
	}
	spread := [16]int{0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15}
	for n := range 17 {
		// The dark ring goes on and on in n directions far from each other.
		open := func(d int) bool {
			for _, s := range spread[:n] {
				if s == d {
					return true
				}
			}
			return false
		}
		if got := ring(8, func(d int, r float64, dark bool) bool { return dark || r > 3 && open(d) }); got != (n <= 4) {
			t.Errorf("the ring goes on in %d directions: %v", n, got)
		}
		// It ends in n directions beside each other only.
		if got := ring(8, func(d int, r float64, dark bool) bool { return dark || r > 3 && d >= n }); got != (n >= 7) {
			t.Errorf("the ring ends in %d directions beside each other: %v", n, got)
		}
		// The light ring is not to be seen in n directions beside each other.
		filled := func(d int, r float64, dark bool) bool { return dark || r < 3 && d < n }
		if got := ring(8, filled); got != (n <= 5) {
			t.Errorf("the light ring is filled in %d directions: %v", n, got)
		}
		if got := ring(1.9, filled); n == 0 && !got || n == 7 && got {
			t.Errorf("the light ring of small modules is filled in %d directions: %v", n, got)
		}
		if got := ring(1.4, filled); n == 7 && !got {
			t.Errorf("modules of a pixel: filled in %d directions: %v", n, got)
		}
	}
	for _, c := range []struct {
		wide float64
		want bool
	}{{0.7, true}, {1.5, true}, {1.95, true}, {2.5, false}, {3, false}} {
		if got := ring(8, func(d int, r float64, dark bool) bool { return r < 1.5 || r >= 2.5 && r < 2.5+c.wide }); got != c.want {
			t.Errorf("a ring of %g modules: %v", c.wide, got)
		}
	}
}

// TestSolid: a speck may lie on the core of a finder.
func TestSolid(t *testing.T) {
	const px = 6
	for _, c := range []struct {
		side int // of the speck, pixels
		want bool
	}{{0, true}, {3, true}, {5, false}, {8, false}} {
		l := drawing(15*px, 15*px, func(x, y int) bool {
			dx, dy := x-15*px/2, y-15*px/2
			return finderAt(x/px-7, y/px-7) && !(dx >= 0 && dx < c.side && dy >= 0 && dy < c.side)
		})
		if got := solid(l.bits, finder{x: 7.5 * px, y: 7.5 * px, module: px, wide: px, tall: px}); got != c.want {
			t.Errorf("a speck of %d pixels: %v", c.side, got)
		}
	}
}

// pattern is the colour of module (u, v) of a code of side modules where that is the same for all codes, and light elsewhere.
func pattern(side, u, v int) bool {
	for _, c := range [3][2]int{{3, 3}, {side - 4, 3}, {3, side - 4}} {
		if du, dv := u-c[0], v-c[1]; max(du, -du, dv, -dv) <= 3 {
			return finderAt(du, dv)
		}
	}
	return v == 6 && u >= 8 && u < side-8 && u%2 == 0 || u == 6 && v >= 8 && v < side-8 && v%2 == 0
}

// TestTimed: a third of the modules of both timing patterns may be wrong.
func TestTimed(t *testing.T) {
	const px, side = 4, 29
	n := side - 16 // of each
	for wrong := range 2 * n {
		l := drawing(side*px, side*px, func(x, y int) bool {
			u, v := x/px, y/px
			flip := v == 6 && u >= 8 && u < 8+min(wrong, n) || u == 6 && v >= 8 && v < 8+wrong-n
			return pattern(side, u, v) != flip
		})
		at := func(u, v float64) Point { return Point{u * px, v * px} }
		if got := timed(l.bits, at, side); got != (wrong <= 2*n/3) {
			t.Errorf("%d of %d modules wrong: %v", wrong, 2*n, got)
		}
	}
}

// TestHasFinders: a quarter of the modules of three finders and the light around them may be wrong, besides those in the corners of
// the rings, which are others where finders are round.
func TestHasFinders(t *testing.T) {
	const px, side = 4, 29
	at := func(u, v float64) Point { return Point{u * px, v * px} }
	var asked [8][8]int // how many were asked before; -1 for one that is not
	n := 0
	for v := range 8 {
		for u := range 8 {
			asked[v][u] = -1
			if corner := u < 7 && v < 7 && max(u-3, 3-u) > 1 && max(v-3, 3-v) > 1; !corner {
				asked[v][u] = n
				n++
			}
		}
	}
	for _, wrong := range []int{0, 20, 35, 36, 37, 45} {
		l := drawing(side*px, side*px, func(x, y int) bool {
			u, v := x/px, y/px
			// All corners of rings of all three are wrong, and so many others of the first.
			flip := u < 8 && v < 8 && asked[v][u] >= 0 && asked[v][u] < wrong
			for _, c := range [3][2]int{{u, v}, {side - 1 - u, v}, {u, side - 1 - v}} {
				flip = flip || c[0] < 7 && c[1] < 7 && asked[c[1]][c[0]] < 0
			}
			return pattern(side, u, v) != flip
		})
		if got := hasFinders(l.bits, at, side); got != (wrong <= 36) {
			t.Errorf("%d of 144 modules wrong: %v", wrong, got)
		}
	}
}

// TestLeftOut: both rows beside the middle of a finder have to agree, where only one was crossed by a row that is read.
func TestLeftOut(t *testing.T) {
	for _, px := range []float64{2, 2.5, 3, 4} {
		for ragged := -1; ragged <= 1; ragged++ {
			const mid = 30
			l := drawing(60, 60, func(x, y int) bool {
				u, v := (float64(x)-mid)/px, (float64(y)-mid)/px
				far := max(math.Abs(u), math.Abs(v))
				dark := far < 1.5 || far > 2.5 && far < 3.5
				// One of the rows lacks a part of the core.
				return dark && (ragged == 0 || y != mid+ragged || u <= -1.5 || u > 0)
			})
			f := finder{x: mid + 0.5, y: mid + 0.5, module: px, wide: px, tall: px, support: 1}
			if got := leftOut(l.bits, f); got != (ragged == 0) {
				t.Errorf("%g pixels, ragged %d: %v", px, ragged, got)
			}
		}
	}
}

// TestAlignmentDamaged: a quarter of the sixteen modules around the middle of an alignment pattern may be wrong, and it is looked for
// as far away as asked.
func TestAlignmentDamaged(t *testing.T) {
	const px = 5
	for wrong := range 9 {
		l := drawing(21*px, 21*px, func(x, y int) bool {
			u, v := x/px-10, y/px-10
			far := max(u, -u, v, -v)
			dark := far == 0 || far == 2
			for i, r := range ring {
				// First the dark ones of the outer ring, every second, so that no other spot of a module arises.
				if i < wrong && u == 2*int(r.X) && v == 2*int(r.Y) {
					dark = !dark
				}
			}
			return dark
		})
		middle := Point{10.5 * px, 10.5 * px}
		p, ok := findAlignment(l.bits, middle, Point{px, 0}, Point{0, px}, px, 2.5)
		if ok != (wrong <= 4) || ok && math.Hypot(p.X-middle.X, p.Y-middle.Y) > 1 {
			t.Errorf("%d modules wrong: %v, %v", wrong, ok, p)
		}
		for _, off := range []float64{2, 3.2} {
			if _, ok := findAlignment(l.bits, Point{middle.X + off*px, middle.Y}, Point{px, 0}, Point{0, px}, px, 2.5); ok != (wrong <= 4 && off < 3) {
				t.Errorf("%d modules wrong, %g modules away: %v", wrong, off, ok)
			}
		}
	}
}

// TestLocalThreshold: a block with contrast of its own keeps a threshold that leaves an eighth of it on both sides, and takes its own
// where the blocks around it say something else.
func TestLocalThreshold(t *testing.T) {
	for _, c := range []struct {
		around int // the threshold of one block beside it, of so much contrast
		own    bool
	}{{199, true}, {206, false}, {220, false}, {239, false}, {247, true}} {
		l := &levels{blocksW: 3, blocksH: 1, low: []uint8{200, 20, 200}, high: []uint8{241, 221, 200}, own: []uint8{220, uint8(c.around), 200}, limit: make([]uint8, 3)}
		l.smooth(0, 1, lookFaint)
		mean := (41*220+201*c.around)/(41+201) | 1
		if want := map[bool]int{true: 221, false: mean}[c.own]; int(l.limit[0]) != want {
			t.Errorf("%d around: the threshold is %d, want %d", c.around, l.limit[0], want)
		}
		l.smooth(0, 1, lookNormal)
		if int(l.limit[0]) != mean {
			t.Errorf("%d around, normally: the threshold is %d, want %d", c.around, l.limit[0], mean)
		}
	}
}

// TestTriplesCap: two hundred triples of one level go on. More would take longer on every page of text that looks a little like
// codes, fewer would lose the last codes of a page of labels.
func TestTriplesCap(t *testing.T) {
	var fs []finder
	for i := range 64 {
		fs = append(fs, finder{x: float64(40 * (i % 8)), y: float64(40 * (i / 8)), module: 3, wide: 3, tall: 3, support: 9})
	}
	if ts := joinTriples(lattice(fs), &effort{}); len(ts) != 200 {
		t.Errorf("%d triples", len(ts))
	}
}

// TestShapes: how far from a right angle with equal sides three finders may be, seen through a camera.
func TestShapes(t *testing.T) {
	for _, c := range []struct {
		name         string
		angle, sides float64 // degrees, how much longer one is
		size         float64 // how much larger one of the finders is
		want         bool
	}{
		{"a square", 90, 1, 1, true},
		{"leaning", 44, 1, 1, true},
		{"leaning the other way", 137, 1, 1, true},
		{"leaning too far", 36, 1, 1, false},
		{"leaning too far the other way", 145, 1, 1, false},
		{"one side longer", 90, 1.7, 1, true},
		{"one side far longer", 90, 2, 1, false},
		{"leaning, and one side longer", 55, 1.6, 1.2, true},
		{"leaning, one side longer, and one finder larger", 45, 1.7, 1.6, false},
	} {
		at := func(x, y, m float64) finder { return finder{x: x, y: y, module: m, wide: m, tall: m, support: 9} }
		sin, cos := math.Sincos(c.angle * math.Pi / 180)
		fs := []finder{at(0, 0, 4), at(120, 0, 4), at(120*c.sides*cos, 120*c.sides*sin, 4*c.size)}
		found := false
		for _, tr := range joinTriples(lattice(fs), &effort{}) {
			found = found || tr.tl == fs[0]
		}
		if found != c.want {
			t.Errorf("%s: %v", c.name, found)
		}
	}
}

// TestSide: how far the changes of colour between two finders may be from what their distance says.
func TestSide(t *testing.T) {
	stripes := drawing(600, 40, func(x, y int) bool { return x/5%2 == 0 })
	for _, c := range []struct {
		guess float64 // of a module, in modules
		want  bool
	}{{1, true}, {0.75, true}, {0.69, false}, {1.3, true}, {1.43, false}} {
		m := 5 * c.guess
		a, f := finder{x: 50, y: 10, module: m}, finder{x: 380, y: 10, module: m}
		if got := newLinks(stripes.bits, []finder{a, f}, nil).along(0, 1); got > 0 != c.want {
			t.Errorf("modules thought %g times as large: %d", c.guess, got)
		}
	}
}

// TestNearest: in a crowd a finder is joined with the nearest, and those of its own code are among them, though corners of others are
// nearer.
func TestNearest(t *testing.T) {
	at := func(x, y float64) finder { return finder{x: x, y: y, module: 2, wide: 2, tall: 2, support: 9} }
	fs := []finder{at(500, 500), at(550, 500), at(500, 550)}
	for i := range 24 {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / 24)
		fs = append(fs, at(500+40*cos, 500+40*sin))
	}
	for i := range 60 {
		fs = append(fs, at(700+float64(i), 300))
	}
	found := false
	k := lattice(fs)
	all, _ := k.join(0, 1)
	for _, c := range all {
		found = found || c.tr == 1 && c.bl == 2
	}
	if !found {
		t.Error("not joined with its own")
	}
}

// TestCrowdedCells: finders of a pixel per module, as near to each other as can be, are all remembered.
func TestCrowdedCells(t *testing.T) {
	const n, pitch = 12, 8
	l := drawing(n*pitch, n*pitch, func(x, y int) bool {
		u, v := x%pitch-3, y%pitch-3
		return u < 4 && v < 4 && finderAt(u, v)
	})
	var scans [2]rowScan
	findFinders(l.bits, nil, lookNormal, 1, &scans, &effort{})
	if got := len(scans[0].found[0]); got < n*n*9/10 {
		t.Errorf("%d of %d places", got, n*n)
	}
}

// TestCheckAllowance: stripes that look like a finder in every row take neither the allowance of the line they stand in nor that of
// the lines below.
func TestCheckAllowance(t *testing.T) {
	const w, h = 640, 300
	for _, c := range []struct {
		name     string
		from, to int // rows of stripes
		row      int // of the middle of the finder
	}{
		{"in the line of the finder", 32, 44, 40},
		{"above", 0, 130, 150},
	} {
		l := drawing(w, h, func(x, y int) bool {
			if y >= c.from && y < c.to && x < 600 {
				k := x % 8
				return k == 0 || k >= 2 && k <= 4 || k == 6
			}
			u, v := x-620, y-c.row
			return max(u, -u, v, -v) <= 3 && finderAt(u, v)
		})
		var scans [2]rowScan
		findFinders(l.bits, nil, lookNormal, 1, &scans, &effort{})
		if got := len(scans[0].found[0]); got != 1 {
			t.Errorf("%s: %d finders, want 1", c.name, got)
		}
	}
}

// TestTooSmall: below 1.8 pixels a module is said to be too small, in pixels of the picture and not of a level.
func TestTooSmall(t *testing.T) {
	b := newBitmap(400, 400)
	for _, c := range []struct {
		module, scale float64
		want          Why
	}{{1.7, 1, TooSmall}, {1.9, 1, Covered}, {0.95, 2, Covered}, {3.4, 0.5, TooSmall}} {
		u := verdict(b, Unread{Why: Covered, Module: c.module, Corners: [4]Point{{50, 50}, {90, 50}, {90, 90}, {50, 90}}}, c.scale)
		if u.Why != c.want {
			t.Errorf("modules of %g pixels at level %g: %s", c.module, c.scale, u.Why)
		}
	}
}

// TestSizes: a picture is halved as long as its smaller side has 240 pixels.
func TestSizes(t *testing.T) {
	for _, c := range []struct{ side, levels int }{{230, 2}, {250, 4}, {470, 4}, {490, 6}} {
		m := image.NewGray(image.Rect(0, 0, c.side, 2200)) // not enlarged, and stripes without a pale part
		for i := range m.Pix {
			m.Pix[i] = uint8(i % c.side / 20 % 2 * 255)
		}
		sc := &scan{ctx: context.Background(), work: new(workspace), reader: newReader()}
		p, _ := grey(m, onWhite, &sc.work.grey)
		if err := sc.allSizes(p); err != nil || sc.effort.levels != c.levels {
			t.Errorf("%d pixels: %d levels, %v", c.side, sc.effort.levels, err)
		}
	}
}

// TestOutside: finders of a code that was read, and a little beyond its corners, are no others.
func TestOutside(t *testing.T) {
	sc := &scan{codes: []Code{{Corners: [4]Point{{100, 100}, {200, 100}, {200, 200}, {100, 200}}}}}
	for _, c := range []struct {
		x    float64
		kept bool
	}{{150, false}, {203, false}, {208, true}, {97, false}, {92, true}} {
		if got := len(sc.outside([]finder{{x: c.x, y: 150}}, 1)); got != map[bool]int{true: 1}[c.kept] {
			t.Errorf("%g: %d kept", c.x, got)
		}
		if got := len(sc.outside([]finder{{x: c.x / 2, y: 75}}, 2)); got != map[bool]int{true: 1}[c.kept] {
			t.Errorf("%g in a smaller level: %d kept", c.x, got)
		}
	}
}

// TestExplainedAmongMany: half a code is seen though sixty other places look like finders.
func TestExplainedAmongMany(t *testing.T) {
	l, a, c := edge(5, 24, steady)
	var fs []finder
	for i := range 60 {
		fs = append(fs, finder{x: 1000 + 14*float64(i), y: 50, module: 5, wide: 5, tall: 5, support: 20})
	}
	fs = append(fs, a, c)
	if u, _ := explain(l, newLinks(l.bits, fs, nil), &effort{}, 1); u == nil {
		t.Error("nothing is said")
	}
}

// TestAnchorReach: an alignment pattern is found where it is off by two modules, and not where it is off by three and a half: there the
// next thing that looks like one may be nearer than it.
func TestAnchorReach(t *testing.T) {
	const px, side = 6, 45 // version 7
	for _, c := range []struct {
		off  float64 // modules
		want bool
	}{{0, true}, {2.2, true}, {-2.2, true}, {3.6, false}, {-3.6, false}} {
		l := drawing((side+10)*px, (side+10)*px, func(x, y int) bool {
			u, v := floor(float64(x)/px-5-c.off), floor(float64(y)/px-5)
			for _, cu := range [3]int{6, 22, 38} {
				for _, cv := range [3]int{6, 22, 38} {
					if far := max(u-cu, cu-u, v-cv, cv-v); far == 0 || far == 2 {
						return true
					}
				}
			}
			return false
		})
		b := bend{flat: warp{px, 0, 5 * px, 0, px, 5 * px, 0, 0, 1}, side: side}
		if got := b.anchor(l.bits, Point{px, 0}, Point{0, px}, px); got != c.want {
			t.Errorf("off by %g modules: %v", c.off, got)
		}
	}
}

// TestBendStiffness: a single edge is enough for a bend, and moves it by less than it is off; hundreds are followed to a hundredth of a
// module.
func TestBendStiffness(t *testing.T) {
	b := bend{side: 45}
	shift := func(n normal, u, v float64) (by float64) {
		x, ok := n.solve(bendTerms)
		if !ok {
			t.Fatal("no solution")
		}
		for i, p := range b.terms(u, v) {
			by += x[i] * p
		}
		return by
	}
	var one, many normal
	one.add(b.terms(22.5, 22.5), 0.4, 1)
	for v := range 45 {
		for u := 0; u < 45; u += 4 {
			many.add(b.terms(float64(u), float64(v)), 0.3+0.2*float64(u)/45, 1)
		}
	}
	if by := shift(one, 22.5, 22.5); by < 0.05 || by > 0.35 {
		t.Errorf("one edge that is off by 0.4 modules moves its place by %.2f", by)
	}
	if by := shift(many, 45, 22); math.Abs(by-0.5) > 0.005 {
		t.Errorf("moved by %.3f modules, want 0.5", by)
	}
}

// TestAlone: what is said of a single finder with a timing pattern that something covers after a while.
func TestAlone(t *testing.T) {
	const px = 5
	for _, c := range []struct {
		name string
		dark func(u, v int) bool // modules from the corner module of the finder, v from the timing pattern
		want bool
	}{
		{"fourteen modules", func(u, v int) bool { return v == 0 && u < 14 && u%2 == 0 }, true},
		{"twenty", func(u, v int) bool { return v == 0 && u < 20 && u%2 == 0 }, true},
		{"twelve modules", func(u, v int) bool { return v == 0 && u < 12 && u%2 == 0 }, false},
		{"one of them wrong", func(u, v int) bool { return v == 0 && u < 20 && u%2 == 0 && u != 8 }, false},
		{"stripes", func(u, v int) bool { return u < 20 && u%2 == 0 }, false},
		{"stripes on one side", func(u, v int) bool { return u < 20 && u%2 == 0 && v >= 0 }, false},
		{"data beside it", func(u, v int) bool { return u > 1 && u < 20 && (v == 0 && u%2 == 0 || v != 0 && (u*u+v)%3 == 0) }, true},
	} {
		l := drawing(60*px, 40*px, func(x, y int) bool {
			u, v := x/px-10, y/px-10
			if u <= 3 {
				return finderAt(u, v)
			}
			return c.dark(u-3, v-3)
		})
		f := finder{x: 10.5 * px, y: 10.5 * px, module: px, wide: px, tall: px}
		u := alone(l, f, 1)
		if got := u != nil; got != c.want || got && u.Why != Covered {
			t.Errorf("%s: %v", c.name, u)
		}
	}
}
