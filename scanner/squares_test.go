package scanner

import (
	"math"
	"testing"
)

// strayPlaces are modules of a finder that may be wrong without anything that is measured on it moving: beside the middle of its rings.
var strayPlaces = [][2]int{{1, -3}, {3, 1}, {-1, 3}, {-3, -1}, {1, -2}, {2, 1}, {-1, 2}, {-2, -1}, {-1, -3}, {3, -1}, {1, 3}, {-3, 1}}

// corners draws a code of side modules of 8 pixels with nothing in it but three finders, the given number of whose modules are wrong.
func corners(side, wrong int, rest func(u, v int) bool) (*levels, triple, frame) {
	stray := map[[2]int]bool{}
	for i := range wrong {
		c := [3][2]int{{3, 3}, {side - 4, 3}, {3, side - 4}}[i%3]
		at := strayPlaces[i/3]
		stray[[2]int{c[0] + at[0], c[1] + at[1]}] = true
	}
	return leaning(side, 1, 1, 8, func(u, v int) bool {
		for _, c := range [3][2]int{{3, 3}, {side - 4, 3}, {3, side - 4}} {
			if du, dv := u-c[0], v-c[1]; max(du, -du, dv, -dv) <= 4 {
				return max(du, -du, dv, -dv) <= 3 && finderAt(du, dv) != stray[[2]int{u, v}]
			}
		}
		return rest(u, v)
	})
}

// TestAstray: what is wrong in the finders is counted, and so much of it is allowed.
func TestAstray(t *testing.T) {
	nothing := func(u, v int) bool { return false }
	for wrong := range timedWrong + 2 {
		l, tr, f := corners(29, wrong, nothing)
		got := astray(l.bits, tr, f)
		if got != wrong {
			t.Fatalf("%d of %d modules that are wrong are seen", got, wrong)
		}
		if tr.likely(got) != (wrong <= 33) {
			t.Errorf("both timing patterns, %d modules wrong: %v", wrong, tr.likely(got))
		}
		for _, one := range []triple{{top: 29}, {left: 29}} {
			if one.likely(got) != (wrong <= 24) {
				t.Errorf("one timing pattern, %d modules wrong: %v", wrong, one.likely(got))
			}
		}
	}
}

// TestAstrayShapes: round finders are as good as square ones, one larger than the others too, and one with a scratch across its core; rings that
// are turned otherwise than the code are not.
func TestAstrayShapes(t *testing.T) {
	const px, far = 6.0, 60
	at := [3]Point{{80, 80}, {80 + far*px, 80}, {80, 80 + far*px}}
	sizes := [3]float64{px, 1.5 * px, px}
	square := func(x, y float64) float64 { return math.Max(math.Abs(x), math.Abs(y)) }
	for _, c := range []struct {
		name string
		size func(x, y float64) float64 // how far a place is from the middle, as the rings see it
		bad  func(x, y float64) bool
		want bool
	}{
		{"square", square, nil, true},
		{"round", math.Hypot, nil, true},
		{"turned by 5°", func(x, y float64) float64 { return square(x-0.087*y, y+0.087*x) }, nil, true},
		{"turned by 45°", func(x, y float64) float64 { return square((x-y)*0.707, (x+y)*0.707) }, nil, false},
		{"turned by 30°", func(x, y float64) float64 { return square(x*0.87-y*0.5, x*0.5+y*0.87) }, nil, false},
		{"scratched", square, func(x, y float64) bool { return math.Abs(x-y) < 0.3 }, true},
	} {
		l := drawing(600, 600, func(x, y int) bool {
			for i, p := range at {
				u, v := (float64(x)+0.5-p.X)/sizes[i], (float64(y)+0.5-p.Y)/sizes[i]
				if r := c.size(u, v); r < 3.5 && (c.bad == nil || !c.bad(u, v)) {
					return r < 1.5 || r >= 2.5
				}
			}
			return false
		})
		var tr triple
		for i, f := range []*finder{&tr.tl, &tr.tr, &tr.bl} {
			*f = finder{x: at[i].X, y: at[i].Y, module: sizes[i], wide: sizes[i], tall: sizes[i]}
		}
		if got := astray(l.bits, tr, frameOf(tr)); tr.likely(got) != c.want {
			t.Errorf("%s: %d modules wrong", c.name, got)
		}
	}
}

// TestMapsForSquares: what takes long is not begun for finders with more wrong modules than codes have.
func TestMapsForSquares(t *testing.T) {
	const side = 41
	noise := func(u, v int) bool { return u > 12 && v > 12 && (u*7+v*13+u*v)%5 < 2 } // not beside the finders, whose edges are measured
	for _, c := range []struct {
		wrong      int
		lean, bend bool
	}{{0, true, true}, {19, true, true}, {20, true, false}, {24, true, false}, {25, false, false}} {
		l, tr, _ := corners(side, c.wrong, noise)
		var e effort
		e.decodeLimit = maxDecodes
		locate(l, tr, newReader(), &e)
		if leans, bends := e.leans > 0, e.bent > 0; leans != c.lean || bends != c.bend {
			t.Errorf("%d modules wrong: %d leans, %d modules bent", c.wrong, e.leans, e.bent)
		}
	}
}

// TestTimedNear: a bend is grown on as long as three fifths of the timing pattern are there, as far as it is known.
func TestTimedNear(t *testing.T) {
	const side = 57
	for _, c := range []struct {
		near  float64
		wrong int
		want  bool
	}{
		// Within seven modules of a middle are three of a timing pattern, at each of four ends.
		{growFrom, 0, true}, {growFrom, 4, true}, {growFrom, 5, false},
		{side, 32, true}, {side, 33, false},
	} {
		left := c.wrong
		l := drawing(side*8, side*8, func(x, y int) bool {
			u, v := x/8, y/8
			return (u+v)%2 == 0 && (u == 6 || v == 6)
		})
		for i := 8; i < side-8 && left > 0; i++ {
			for _, p := range [2][2]int{{i, 6}, {6, i}} {
				if left > 0 {
					left--
					for y := p[1] * 8; y < p[1]*8+8; y++ {
						l.bits.words[y*l.bits.stride+p[0]/8] ^= 0xFF << (p[0] % 8 * 8)
					}
				}
			}
		}
		b := bend{flat: warp{8, 0, 0, 0, 8, 0, 0, 0, 1}, side: side}
		if got := b.timedNear(l.bits, c.near); got != c.want {
			t.Errorf("%d modules wrong within %g: %v", c.wrong, c.near, got)
		}
	}
}

// TestLeastSide: between the finders of version 1 are eight changes of colour, of which one module that is lost takes two.
func TestLeastSide(t *testing.T) {
	for changes := 2; changes <= 8; changes += 2 {
		// From corner module to corner module, each of 10 pixels, eight on; those that are lost are dark.
		l := drawing(300, 40, func(x, y int) bool {
			i := x/10 - 8
			return i <= 0 || i >= 8 || i%2 == 0 || i > changes
		})
		a, f := finder{x: 55, y: -25, module: 10}, finder{x: 195, y: -25, module: 10}
		if got := newLinks(l.bits, []finder{a, f}, nil).along(0, 1); got > 0 != (changes >= 6) {
			t.Errorf("%d changes: %d", changes, got)
		}
	}
}
