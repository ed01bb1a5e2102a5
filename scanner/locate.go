package scanner

import (
	"math"

	"github.com/makiuchi-d/gozxing"
)

// Sides of a code in modules: version 1 and version 40, in steps of 4.
const (
	minSide = 21
	maxSide = 177
)

// maxDecodes caps the attempts to decode in one level and polarity. One takes 20 µs to 1 ms; a screen
// full of codes needs a few per code. Patterns that pass the timing test and do
// not decode are rare enough that honest pictures stay below a tenth of this.
const maxDecodes = 250

// located is a code that was read, in pixels of its level.
type located struct {
	text    string
	corners [4]Point
}

// locate reads the code whose corners t holds, trying the sizes and maps that fit it, the
// likeliest first.
func locate(l *levels, t triple, r *reader, e *effort) (located, bool) {
	e.looks++
	f := frameOf(t)
	corner, haveCorner := farCorner(l.bits, t, f)
	for _, side := range sides(l.bits, t, f) {
		// Nearly all triples are chance, and nearly all of those end here: no map that needs no search
		// shows a timing pattern.
		rough := roughMaps(l.bits, t, side, corner, haveCorner)
		if len(rough) == 0 {
			continue
		}
		for _, m := range maps(l.bits, t, f, side, rough) {
			if hit, ok := attempt(l, m, f, side, r, e); ok {
				return hit, true
			}
			if e.decodes >= e.decodeLimit {
				return located{}, false
			}
		}
	}
	return located{}, false
}

// attempt decodes what m shows.
func attempt(l *levels, m warp, f frame, side int, r *reader, e *effort) (located, bool) {
	if !timed(l.bits, m, side) {
		return located{}, false
	}
	// One pixel per module first. Where a module is larger than two and a half pixels, the mean of
	// nine as well; below that the nine would reach into the neighbours.
	for _, area := range [2]bool{false, true} {
		if area && (f.width+f.height)/2/float64(side-7) < 2.5 {
			break
		}
		e.decodes++
		text, mirrored, ok := r.read(sample(l, m, side, area))
		if !ok {
			continue
		}
		d := float64(side)
		c := [4]Point{m.at(0, 0), m.at(d, 0), m.at(d, d), m.at(0, d)}
		for _, p := range c {
			if !p.finite() {
				return located{}, false
			}
		}
		if mirrored {
			c[1], c[3] = c[3], c[1]
		}
		return located{text: text, corners: c}, true
	}
	return located{}, false
}

// sides lists how many modules wide the code may be: what counting the timing patterns says, then
// what the distances say, then their neighbours.
func sides(b *bitmap, t triple, f frame) []int {
	k := tilt(f.right)
	guess := (f.width+f.height)/2/f.module + 7
	var out []int
	add := func(n int) {
		if n < minSide || n > maxSide || n%4 != 1 {
			return
		}
		for _, have := range out {
			if have == n {
				return
			}
		}
		out = append(out, n)
	}
	for _, line := range [2][2]Point{
		pair(timingLine(t.tl, t.tr, f.right, f.down, k)),
		pair(timingLine(t.tl, t.bl, f.down, f.right, k)),
	} {
		// The way from corner module to corner module is 13 modules shorter than the code, and
		// changes colour with every module. A count far off the geometry is text, not timing.
		n := changes(b, line[0], line[1]) + 13
		if math.Abs(float64(n)-guess) < 0.2*guess+4 {
			add(n)
		}
	}
	near := int(math.Round((guess-1)/4))*4 + 1
	add(near)
	if guess < float64(near) {
		add(near - 4)
		add(near + 4)
	} else {
		add(near + 4)
		add(near - 4)
	}
	// The error of the guess grows with the size: from version 12 it may be two versions off.
	if guess > 65 {
		add(near - 8)
		add(near + 8)
	}
	return out
}

func pair(a, b Point) [2]Point { return [2]Point{a, b} }

// gridMap lays the grid of side modules over the middles of the three finders and a fourth point p, which is at
// module (u, u).
func gridMap(t triple, side int, u float64, p Point) warp {
	d := float64(side)
	return warpQuad(
		[4]Point{{3.5, 3.5}, {d - 3.5, 3.5}, {u, u}, {3.5, d - 3.5}},
		[4]Point{{t.tl.x, t.tl.y}, {t.tr.x, t.tr.y}, p, {t.bl.x, t.bl.y}})
}

// roughMaps are the maps that need no search, as far as they show timing patterns: the fourth corner where the outer
// edges cross, which knows perspective, and where it completes a parallelogram, which does not.
func roughMaps(b *bitmap, t triple, side int, corner Point, haveCorner bool) []warp {
	out := make([]warp, 0, 2)
	if haveCorner {
		if m := gridMap(t, side, float64(side), corner); timed(b, m, side) {
			out = append(out, m)
		}
	}
	flat := gridMap(t, side, float64(side)-3.5, Point{t.tr.x + t.bl.x - t.tl.x, t.tr.y + t.bl.y - t.tl.y})
	if timed(b, flat, side) {
		out = append(out, flat)
	}
	return out
}

// maps puts a better one before the rough maps where the alignment pattern in the fourth corner is found.
func maps(b *bitmap, t triple, f frame, side int, rough []warp) []warp {
	d := float64(side)
	if side == minSide { // version 1 has no alignment pattern
		return rough
	}
	module := (f.width + f.height) / 2 / (d - 7)
	right, down := Point{f.right.X * module, f.right.Y * module}, Point{f.down.X * module, f.down.Y * module}
	// Two and a half modules around where the maps expect it; six if the picture is more
	// tilted than they know.
	for _, radius := range [2]float64{2.5, 6} {
		for _, m := range rough {
			if p, ok := findAlignment(b, m.at(d-6.5, d-6.5), right, down, module, radius); ok {
				return append([]warp{gridMap(t, side, d-6.5, p)}, rough...)
			}
		}
	}
	return rough
}

// timed reports whether both timing patterns, seen through m, alternate. Up to a third of their modules
// may be wrong (glare, a logo, a slightly wrong map); a grid laid over anything else has half of them wrong.
func timed(b *bitmap, m warp, side int) bool {
	wrong, n := 0, 2*(side-16)
	for i := 8; i < side-8; i++ {
		at := float64(i) + 0.5
		for _, p := range [2]Point{m.at(at, 6.5), m.at(6.5, at)} {
			if b.at(floor(p.X), floor(p.Y)) != (i%2 == 0) {
				wrong++
			}
		}
		if 3*wrong > n {
			return false
		}
	}
	return true
}

// sample reads side × side modules through m.
func sample(l *levels, m warp, side int, area bool) *gozxing.BitMatrix {
	out, err := gozxing.NewSquareBitMatrix(side)
	if err != nil {
		return nil // side is at least minSide
	}
	for y := range side {
		for x := range side {
			p := m.at(float64(x)+0.5, float64(y)+0.5)
			if l.dark(p.X, p.Y, area) {
				out.Set(x, y)
			}
		}
	}
	return out
}
