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
// full of codes needs one or two per code. One that has all three finders and is damaged takes fifty, so that four of them leave
// room for one that can be read.
const maxDecodes = 250

// maxModules caps the modules that are sampled and decoded in one scan: 50 to 100 ns each. The largest code has 31,329, a
// screen full of codes takes a tenth of this.
const maxModules = 600_000

const (
	// maxBent caps the modules of the maps that are bent in one scan: some thirty looks for each. Nearly everything that
	// has a timing pattern and three finders is a code, and nearly every code is flat. One of version 40, or
	// forty of version 4.
	maxBent = 45_000
	// maxLeans caps how many maps are measured on timing patterns: some thousand looks each. Between a tenth and ten times of this
	// nothing that was tried is read or lost; it is here so that a page of chance takes no longer.
	maxLeans = 100
	// maxCurve, in modules: the corners of three finders of a flat code fit a flat map to a tenth of one, around half a bottle to
	// one or two; those of finders that do not belong together are off by five and more. Half of this loses codes on bottles; up to
	// twice as much reads the same.
	maxCurve = 2.0
	// outlineModule in pixels: a corner of a finder is known to a quarter of a pixel, and what it is off grows eight times on the
	// way to the far corner. Twice as much reads the same in all that was tried: small modules are read by the maps before.
	outlineModule = 2
	// leanModule in pixels: the sizes of smaller modules say nothing about which is nearer.
	leanModule = 2
)

// located is a code that was read, in pixels of its level.
type located struct {
	reading
	corners [4]Point
}

// locate reads the code whose corners t holds, trying the sizes and maps that fit it, the
// likeliest first.
func locate(l *levels, t triple, r *reader, e *effort) (located, bool) {
	e.looks++
	f := frameOf(t)
	var corner Point
	haveCorner, lookedForCorner := false, false
	var edge outline
	haveOutline, lookedForOutline := false, false
	wrong := -1
	for _, side := range sides(t, f) {
		// The first map completes a parallelogram, as every code on a screen is one.
		d := float64(side)
		flat := gridMap(t, side, d-3.5, Point{t.tr.x + t.bl.x - t.tl.x, t.tr.y + t.bl.y - t.tl.y})
		if timed(l.bits, flat.at, side) {
			if hit, ok := attempts(l, t, f, side, flat, r, e); ok {
				return hit, true
			}
		}
		// Nearly all triples are chance, and nearly all of those end here: what follows takes long.
		if wrong < 0 {
			wrong = astray(l.bits, t, f)
		}
		if !t.likely(wrong) {
			continue
		}
		// The second has its fourth corner where the outer edges cross, which knows perspective.
		if !lookedForCorner {
			lookedForCorner = true
			corner, haveCorner = farCorner(l.bits, t, f)
		}
		if haveCorner && !e.spent() {
			if tilted := gridMap(t, side, d, corner); timed(l.bits, tilted.at, side) {
				if hit, ok := attempts(l, t, f, side, tilted, r, e); ok {
					return hit, true
				}
			}
		}
		// The third is measured on the timing patterns themselves, where both were seen.
		if wrong <= squaresWrong && t.top != 0 && t.left != 0 && f.module > leanModule && !e.spent() && e.leans < maxLeans {
			e.leans++
			if leaning, ok := leaningMap(l.bits, t, f, side); ok && timed(l.bits, leaning.at, side) {
				if hit, ok := attempts(l, t, f, side, leaning, r, e); ok {
					return hit, true
				}
			}
		}
		if e.spent() {
			break
		}
		// The fourth needs nothing but the finders themselves.
		if f.module < outlineModule {
			continue
		}
		if !lookedForOutline {
			lookedForOutline = true
			edge, haveOutline = outlineOf(l.bits, t, f)
		}
		if !haveOutline {
			continue
		}
		m, off := edge.flat(side)
		if off > maxCurve {
			continue // nearly all triples of chance end here
		}
		if timed(l.bits, m.at, side) {
			if hit, ok := attempts(l, t, f, side, m, r, e); ok {
				return hit, true
			}
		}
		// The fifth is on paper that is wrapped around something.
		if wrong > bentWrong {
			continue
		}
		if e.spent() || e.bent+2*side*side > maxBent {
			break
		}
		e.bent += 2 * side * side
		b := bend{flat: m, side: d}
		if b.grow(l.bits, &edge) && timed(l.bits, b.at, side) {
			if hit, _, ok := decode(l, b.at, f.moduleOf(side), side, r, e); ok {
				return hit, true
			}
		}
	}
	return located{}, false
}

// moduleOf is the side of a module, in pixels, when the code is side modules wide.
func (f frame) moduleOf(side int) float64 { return (f.width + f.height) / 2 / float64(side-7) }

// attempts decodes what rough shows and what better maps near it show.
func attempts(l *levels, t triple, f frame, side int, rough warp, r *reader, e *effort) (located, bool) {
	if m, ok := aligned(l.bits, t, f, side, rough); ok {
		if hit, ok := attempt(l, m, f, side, r, e); ok {
			return hit, true
		}
	}
	if e.spent() {
		return located{}, false
	}
	return attempt(l, rough, f, side, r, e)
}

// attempt decodes what m shows, and what it shows once it is bent to the edges of the modules.
func attempt(l *levels, m warp, f frame, side int, r *reader, e *effort) (located, bool) {
	if !timed(l.bits, m.at, side) {
		return located{}, false
	}
	d := float64(side)
	module := f.moduleOf(side)
	hit, framed, ok := decode(l, m.at, module, side, r, e)
	if framed && !ok && e.framed == nil {
		e.framed = &[4]Point{m.at(0, 0), m.at(d, 0), m.at(d, d), m.at(0, d)}
		e.framedModule, e.framedSide = module, side
	}
	if ok || !framed || e.spent() || e.bent+side*side > maxBent {
		return hit, ok
	}
	e.bent += side * side
	b := bend{flat: m, side: d}
	b.anchor(l.bits, Point{f.right.X * module, f.right.Y * module}, Point{f.down.X * module, f.down.Y * module}, module)
	if b.straighten(l.bits) {
		hit, _, ok = decode(l, b.at, module, side, r, e)
	}
	return hit, ok
}

// decode samples the modules where at says they are and reads them. framed: whatever they hold, the three finders are where they
// belong.
func decode(l *levels, at func(u, v float64) Point, module float64, side int, r *reader, e *effort) (hit located, framed, ok bool) {
	if !hasFinders(l.bits, at, side) {
		return located{}, false, false
	}
	// One pixel per module first. Where a module is larger than two and a half pixels, the mean of
	// nine as well; below that the nine would reach into the neighbours. Last what stands out from the modules around it.
	for way := range 3 {
		var m *gozxing.BitMatrix
		switch {
		case way == 0:
			m = sample(l, at, side, false)
		case way == 1 && module < 2.5:
			continue
		case way == 1:
			m = sample(l, at, side, true)
		default:
			m = standingOut(l, at, side)
		}
		e.modules += side * side
		e.decodes++
		got, ok := r.read(m)
		if !ok {
			continue
		}
		d := float64(side)
		c := [4]Point{at(0, 0), at(d, 0), at(d, d), at(0, d)}
		for _, p := range c {
			if !p.finite() {
				return located{}, false, false
			}
		}
		if got.mirrored {
			c[1], c[3] = c[3], c[1]
		}
		return located{got, c}, true, true
	}
	return located{}, true, false
}

// hasFinders reports whether a grid has a finder and the light edge around it in three corners. A quarter of their modules may
// be wrong. Those in the corners of the rings are not asked: round finders have others there.
func hasFinders(b *bitmap, at func(u, v float64) Point, side int) bool {
	wrong := 0
	for v := range 8 {
		for u := range 8 {
			far, near := max(u-3, 3-u, v-3, 3-v), min(max(u-3, 3-u), max(v-3, 3-v))
			if far < 4 && near > 1 {
				continue
			}
			dark := far != 2 && far < 4
			for _, c := range [3][2]int{{u, v}, {side - 1 - u, v}, {u, side - 1 - v}} {
				if p := at(float64(c[0])+0.5, float64(c[1])+0.5); b.at(floor(p.X), floor(p.Y)) != dark {
					wrong++
				}
			}
		}
		if wrong > 3*48/4 {
			return false
		}
	}
	return true
}

// sides lists how many modules wide the code may be: what counting the timing patterns says, then
// what the distances say, then their neighbours.
func sides(t triple, f frame) []int {
	guess := (f.width+f.height)/2/f.module + 7
	out := make([]int, 0, 9)
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
	add(t.top)
	add(t.left)
	// A module that was missed, or seen twice, in blur or at a slant.
	for _, n := range [2]int{t.top, t.left} {
		if n%4 != 1 {
			add((n+1)/4*4 + 1)
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

// gridMap lays the grid of side modules over the middles of the three finders and a fourth point p, which is at
// module (u, u).
func gridMap(t triple, side int, u float64, p Point) warp {
	d := float64(side)
	return warpQuad(
		[4]Point{{3.5, 3.5}, {d - 3.5, 3.5}, {u, u}, {3.5, d - 3.5}},
		[4]Point{{t.tl.x, t.tl.y}, {t.tr.x, t.tr.y}, p, {t.bl.x, t.bl.y}})
}

// aligned is a better map than rough, where the alignment pattern in the fourth corner is found.
func aligned(b *bitmap, t triple, f frame, side int, rough warp) (warp, bool) {
	if side == minSide { // version 1 has no alignment pattern
		return warp{}, false
	}
	d := float64(side)
	module := f.moduleOf(side)
	right, down := Point{f.right.X * module, f.right.Y * module}, Point{f.down.X * module, f.down.Y * module}
	// Two and a half modules around where the map expects it; six if the picture is more
	// tilted than it knows.
	for _, radius := range [2]float64{2.5, 6} {
		if p, ok := findAlignment(b, rough.at(d-6.5, d-6.5), right, down, module, radius); ok {
			return gridMap(t, side, d-6.5, p), true
		}
	}
	return warp{}, false
}

// timed reports whether both timing patterns alternate where place says they are. Up to a third of their modules
// may be wrong (glare, a logo, a slightly wrong map); a grid laid over anything else has half of them wrong.
func timed(b *bitmap, place func(u, v float64) Point, side int) bool {
	wrong, n := 0, 2*(side-16)
	for i := 8; i < side-8; i++ {
		at := float64(i) + 0.5
		for _, p := range [2]Point{place(at, 6.5), place(6.5, at)} {
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
