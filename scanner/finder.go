package scanner

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// finder is a place that looks like one of the three square corners of a code: dark, light,
// dark, light, dark in the proportions 1:1:3:1:1 along a line through its middle
// (ISO/IEC 18004 §6.3.3).
type finder struct {
	x, y    float64 // middle, pixels of the level
	module  float64 // side of one module along the axes, pixels
	wide    float64 // the same along rows only
	tall    float64 // and along columns
	support int     // rows that crossed it and agreed
	known   bool    // the look before showed it, too
}

const (
	// perSize caps the finders of one size that go on. Joining three of n costs n³; a screen that
	// shows real codes has a dozen, a screen full of icons perhaps fifty, and 64 cubed is a millisecond
	// or two. gozxing, which has no cap, takes 16 s on 576.
	perSize = 64
	// perCrowd is the same where there is room left: a page of labels has sixty codes of one size, and three finders each. Only
	// moreFinders in all may go on beyond perSize, and each of a crowd is joined with nearFinders at most.
	perCrowd    = 256
	moreFinders = perCrowd - perSize
	// crowdSupport is how much of its height rows must agree on, in modules, for one of a crowd: the core is three high. What noise
	// makes by chance is smaller.
	crowdSupport = 2.2
	// cellCap bounds how many finders one cell of the grid remembers, so that looking up whether
	// a place is known stays constant whatever the picture: real patterns are at least 7 pixels
	// apart, some 20 to a cell.
	cellCap = 32
	// cellBits: cells of 32 × 32 pixels hold a small finder whole.
	cellBits = 5
	// Rows are left out in large pictures. The core of a finder is three modules high, so that at 2 pixels per module
	// two rows in three, or three in two, cross it. What is smaller on so large a screen cannot be told by eye either.
	everyRow  = 700  // height in pixels up to which no row is left out
	secondRow = 1500 // up to which every second is read; above, every third
	mostStep  = 3
	// crossedOnce times as many pixels as a row is read of is the size of a module up to which one row that agrees is followed up by
	// those beside it: from there on three modules are crossed by more than two of them in any case.
	crossedOnce = 1.5
	// pixelsPerCheck is for how many pixels of a row that is read one place may be looked at closely. Text has one in a
	// hundred, noise one in twenty; only patterns made for it have more.
	pixelsPerCheck = 16
	// checkRows: the looks are counted over so many rows, so that one line of small print may have more and no
	// picture spends all of them in its upper half.
	checkRows = 16
	// ringModule in pixels: from here on a finder is looked at all around.
	ringModule = 1.6
	// ringMisses of 16 directions may be damaged or blurred away.
	ringMisses = 5
	// ringEnds is in how many of 16 directions the dark ring must end, or ringEndsInside of eight beside each other, half of
	// them all. It has ended when it is no wider than widestRing modules: the diagonal of one that is not turned, and half a
	// module more.
	ringEnds, ringEndsInside = 12, 7
	widestRing               = 2.2
	// solidPart of solidWhole of a core must be dark: a speck of dust may lie on it.
	solidPart, solidWhole = 6, 7
	// minModule, in pixels: below, light and dark of neighbouring modules share every pixel.
	minModule = 0.8
	// halvedModule is the same in the levels of the pyramid that were halved: what is smaller there has twice
	// the size in the level above, and was seen.
	halvedModule = 1.5
	// faintModule is how large a module is at least, in pixels, where pale codes are looked for on a picture of more than
	// smallPicture pixels: noise has patterns of a pixel or two by the thousand, and on a screen nobody can see a code
	// that is both pale and tiny.
	faintModule  = 2
	smallPicture = 200_000
)

// leastModule is the smallest module that is looked for, in pixels, when one of so many rows is read: two of those must
// cross a core, which is three modules high.
func leastModule(step int) float64 {
	if step == 1 {
		return minModule
	}
	return 0.65 * float64(step)
}

// rowScan is what the rows of one band of a picture showed.
type rowScan struct {
	turns       []int32
	found       [2][]finder // dark ones and light ones
	grid        [2]grid
	crossChecks int
}

// grid knows which finders lie in a cell of the picture.
type grid struct {
	w, h  int
	cells [][]int32
}

// reset makes the grid empty for a picture of w × h pixels.
func (g *grid) reset(w, h int) {
	g.w, g.h = w>>cellBits+1, h>>cellBits+1
	cells := room(&g.cells, g.w*g.h)
	for i := range cells {
		cells[i] = cells[i][:0]
	}
}

// findFinders returns the finders of both polarities: dark on light and light on dark, those with the most support first
// within each size.
//
// scale is the size of the pixels in pixels of the original.
// only is where they are looked for, everywhere for nil.
func findFinders(b *bitmap, only *tiles, how look, scale float64, scans *[2]rowScan, e *effort) (finders [2][]finder) {
	least := smallestFinder(b, how, scale)
	step := rowStep(b.h)
	for step < mostStep && leastModule(step+1) <= least {
		step++ // what is smaller is not wanted here anyway
	}
	for i := range scans {
		scans[i].found = [2][]finder{scans[i].found[0][:0], scans[i].found[1][:0]}
	}
	parts := 0
	bands(b.h, b.w*b.h, func(from, to int) {
		half := 0
		if from > 0 {
			half = 1
		}
		scans[half].rows(b, only, from, to, step, least)
	})
	if b.w*b.h >= twoGoroutines {
		parts = 1
	}
	for part := 0; part <= parts; part++ {
		e.crossChecks += scans[part].crossChecks
	}
	for colour := range finders {
		all := scans[0].found[colour]
		if parts > 0 {
			all = sewn(all, scans[1].found[colour], b.h/2)
		}
		view := b
		if colour == 1 {
			view = b.inverse()
		}
		kept := all[:0]
		for _, f := range all {
			if f.support == 1 && step > 1 && f.module > ringModule && f.module < crossedOnce*float64(step) && leftOut(view, f) {
				f.support++
			}
			// One row alone is chance.
			if f.support > 1 && solid(view, f) && ringed(view, f) {
				kept = append(kept, f)
			}
		}
		kept = strongest(kept, step)
		for i := range kept {
			kept[i].centre(view)
		}
		e.finders += len(kept)
		finders[colour] = kept
	}
	return finders
}

// smallestFinder is the smallest module that is looked for, in pixels.
func smallestFinder(b *bitmap, how look, scale float64) float64 {
	least := leastModule(rowStep(b.h))
	if scale > 1 {
		least = max(least, halvedModule)
	}
	if how.local && b.w*b.h > smallPicture {
		least = max(least, faintModule)
	}
	return least
}

// sewn joins the finders of the upper and the lower half: one that lies across the seam was found in both.
func sewn(upper, lower []finder, seam int) []finder {
	n := len(upper)
next:
	for _, f := range lower {
		if f.y-4*f.module < float64(seam) {
			for i := range upper[:n] {
				if u := &upper[i]; math.Abs(u.x-f.x) < u.module && math.Abs(u.y-f.y) < u.module && math.Abs(u.module-f.module) < 0.6*u.module+0.5 {
					u.support += f.support
					continue next
				}
			}
		}
		upper = append(upper, f)
	}
	return upper
}

// rows looks for finders in the rows [from, to).
func (s *rowScan) rows(b *bitmap, only *tiles, from, to, step int, least float64) {
	s.grid[0].reset(b.w, b.h)
	s.grid[1].reset(b.w, b.h)
	s.crossChecks = 0
	views := [2]*bitmap{b, b.inverse()}
	first := from + step/2
	smallest := int32(math.Ceil(5 * least)) // of the five inner modules
	budget := 0
	for y := first; y < to; y += step {
		if (y-first)/step%checkRows == 0 {
			budget = b.w * checkRows / pixelsPerCheck
		}
		for x0, x1 := only.next(0, y, b.stride); x0 < b.stride; x0, x1 = only.next(x1, y, b.stride) {
			budget = s.stretch(b, &views, y, x0, x1, smallest, budget)
		}
	}
}

// stretch looks for finders in the words [from, to) of row y. budget is how many places may still be looked at closely; what is
// left of it is returned.
func (s *rowScan) stretch(b *bitmap, views *[2]*bitmap, y, from, to int, smallest int32, budget int) int {
	turns, dark := b.turns(y, from, to, s.turns[:0])
	s.turns = turns
	for k := 0; k+5 < len(turns); k++ {
		r := turns[k : k+6 : k+6]
		light1, core, light2 := r[2]-r[1], r[3]-r[2], r[4]-r[3]
		// finderRuns with a slack of a half, in whole numbers: nearly every place of every picture ends here.
		whole := light1 + core + light2
		if 20*core < 9*whole-15 || 4*core > 3*whole+3 || whole < smallest ||
			10*light1 > 3*whole+5 || 10*light2 > 3*whole+5 || 10*light1 < whole-5 || 10*light2 < whole-5 ||
			100*(r[1]-r[0]) < 9*whole || 100*(r[5]-r[4]) < 9*whole {
			continue
		}
		module := float64(whole) / 5
		colour := k & 1 // the core is of the colour of the first run for even k
		if !dark {
			colour ^= 1
		}
		x := float64(r[2]+r[3]) / 2
		g := &s.grid[colour]
		if g.known(s.found[colour], x, float64(y), module) {
			continue
		}
		if budget == 0 {
			continue
		}
		budget--
		s.crossChecks++
		f, ok := crossCheck(views[colour], int(r[2]+r[3])/2, y, module)
		if !ok {
			continue
		}
		cell := &g.cells[int(f.y)>>cellBits*g.w+int(f.x)>>cellBits]
		if len(*cell) >= cellCap {
			continue
		}
		*cell = append(*cell, int32(len(s.found[colour])))
		s.found[colour] = append(s.found[colour], f)
	}
	return budget
}

// known reports whether a row at (x, y) crosses a finder that was found already, and
// counts it as support.
func (g *grid) known(found []finder, x, y, module float64) bool {
	if len(found) == 0 {
		return false
	}
	cx, cy := int(x)>>cellBits, int(y)>>cellBits
	// The rows of a finder reach 1.5 modules above and below its middle.
	up := cy - 1 - int(1.5*module)>>cellBits
	for yy := max(0, up); yy <= min(cy+1, g.h-1); yy++ {
		for xx := max(0, cx-1); xx <= min(cx+1, g.w-1); xx++ {
			for _, i := range g.cells[yy*g.w+xx] {
				f := &found[i]
				if math.Abs(f.x-x) < f.module && math.Abs(f.y-y) <= 1.6*f.module && math.Abs(f.module-module) < 0.6*f.module+0.5 {
					f.support++
					return true
				}
			}
		}
	}
	return false
}

// finderRuns reports whether five runs (dark, light, dark, light, dark) have the proportions of a
// finder, and the module size. slack is the part of a module by which a run may be off, besides
// half a pixel for rounding. The outer dark runs have no upper limit: on a
// dark page without a quiet zone they run into the page.
func finderRuns(r [5]float64, slack float64) (module float64, ok bool) {
	module = (r[1] + r[2] + r[3]) / 5
	if module < minModule {
		return 0, false
	}
	off := module*slack + 0.5
	if math.Abs(r[1]-module) > off || math.Abs(r[3]-module) > off || math.Abs(r[2]-3*module) > 1.5*off {
		return 0, false
	}
	// Blur and thresholds eat into the thin outer ring; half of it must be left.
	if r[0] < 0.45*module || r[4] < 0.45*module {
		return 0, false
	}
	return module, true
}

// crossCheck looks at a place one row believes in along the column, the row through the middle and
// both diagonals. No look is longer than a finder is wide.
func crossCheck(b *bitmap, x, y int, module float64) (finder, bool) {
	most := int(2*module + 2)
	up := b.down(x, y-1, -1, 3*most, true)
	downward := b.down(x, y+1, 1, 3*most, true)
	core := up + 1 + downward
	// Chance places end here: nothing is as tall as a core is wide. The limits of what follows, loosened.
	if !b.at(x, y) || float64(core) < 1.3*module-1.5 || float64(core) > 6.4*module+4 {
		return finder{}, false
	}
	var col [5]float64
	col[2] = float64(core)
	light := b.down(x, y-1-up, -1, most+1, false)
	above := y - 1 - up - light
	col[1], col[0] = float64(light), float64(b.down(x, above, -1, most+1, true))
	light = b.down(x, y+1+downward, 1, most+1, false)
	below := y + 1 + downward + light
	col[3], col[4] = float64(light), float64(b.down(x, below, 1, most+1, true))
	// Where the picture ends nobody knows how the ring goes on.
	if above-int(col[0]) < 0 {
		col[0] = max(col[0], col[2]/3)
	}
	if below+int(col[4]) >= b.h {
		col[4] = max(col[4], col[2]/3)
	}
	tall, ok := finderRuns(col, 0.6)
	// Perspective and unequal scaling stretch one axis; more than 1.7 is not a code seen on a screen
	// or held to a camera.
	if !ok || tall > 2.4*module+0.5 || module > 2.4*tall+0.5 {
		return finder{}, false
	}
	cy := float64(y-up) + col[2]/2
	my := int(cy)
	if !b.at(x, my) {
		return finder{}, false
	}
	left, right := b.along(x-1, my, -1, 3*most, true), b.along(x+1, my, 1, 3*most, true)
	var row [5]float64
	row[2] = float64(left + 1 + right)
	light = b.along(x-1-left, my, -1, most+1, false)
	row[1], row[0] = float64(light), float64(b.along(x-1-left-light, my, -1, most+1, true))
	light = b.along(x+1+right, my, 1, most+1, false)
	row[3], row[4] = float64(light), float64(b.along(x+1+right+light, my, 1, most+1, true))
	wide, ok := finderRuns(row, 0.6)
	if !ok {
		return finder{}, false
	}
	cx := float64(x-left) + row[2]/2
	m := (wide + tall) / 2
	// Of the two outer runs of an axis one faces the code, where the ring ends after one module.
	if math.Min(row[0], row[4]) > 2.4*m || math.Min(col[0], col[4]) > 2.4*m {
		return finder{}, false
	}
	for _, dy := range [2]int{1, -1} {
		// A square core measures 3 modules on both diagonals, counted in steps; a rotated one up to
		// 3·√2 and one with round corners down to 2. A cross or a line is outside.
		core, ok := diagonal(b, int(cx), my, dy, 2*most)
		if !ok || float64(core) < 1.2*m || float64(core) > 5.5*m+1 {
			return finder{}, false
		}
	}
	return finder{x: cx, y: cy, module: m, wide: wide, tall: tall, support: 1}, true
}

// diagonal measures the core of a finder around (x, y) along (1, dy), in steps. ok: on both sides a light and a dark run
// follow.
func diagonal(b *bitmap, x, y, dy, most int) (core int, ok bool) {
	if !b.at(x, y) {
		return 0, false
	}
	core = 1
	for _, s := range [2]int{1, -1} {
		px, py := x+s, y+s*dy
		for n := 0; n < 3*most && b.at(px, py); n++ {
			core++
			px, py = px+s, py+s*dy
		}
		n := 0
		for n < most && b.inside(px, py) && !b.at(px, py) {
			n++
			px, py = px+s, py+s*dy
		}
		if n == 0 || b.inside(px, py) && !b.at(px, py) {
			return 0, false
		}
	}
	return core, true
}

// solid reports whether the core of f is dark all through, as far as a module reaches in every direction: that is inside,
// whichever way the pattern is turned. Noise is dark along the lines that were looked at and speckled between them.
func solid(b *bitmap, f finder) bool {
	dark, all := 0, 0
	step := max(1, f.module/6) // some hundred looks, however large
	for dy := -f.tall; dy <= f.tall; dy += step {
		for dx := -f.wide; dx <= f.wide; dx += step {
			if u, v := dx/f.wide, dy/f.tall; u*u+v*v > 1 {
				continue
			}
			all++
			if b.at(floor(f.x+dx), floor(f.y+dy)) {
				dark++
			}
		}
	}
	return dark*solidWhole >= all*solidPart
}

// around is the directions a finder is looked at in.
var around = func() (d [16]Point) {
	for i := range d {
		sin, cos := math.Sincos(2 * math.Pi * (float64(i) + 0.5) / float64(len(d)))
		d[i] = Point{cos, sin}
	}
	return d
}()

// ringed reports whether f looks like a finder all around, whichever way it is turned: from the middle outwards come the
// core, the light ring and the dark one. Text and noise have the proportions in a row and a column by chance, but not on
// every side.
//
// And the dark ring must end: all around where there is a quiet zone, and on the two sides towards the code where there is none and
// the ring runs into a dark page. In the letter o, light on dark, it ends wherever the next letter happens to be.
func ringed(b *bitmap, f finder) bool {
	misses, ends := 0, uint32(0)
	step := max(0.2, 1/f.module) // modules
	for i, d := range around {
		dx, dy := d.X*f.wide, d.Y*f.tall
		// Where the core ends and where the light ring does. Straight on that is after 1.5 and 2.5 modules, on the
		// diagonal after 2.1 and 3.5; and a module of a pattern that is turned measures up to 1.4 in rows and columns, so
		// that all of this may also be a factor of 0.7 less.
		var core, ring, end float64
		out := false
		for r := step; r < 7 && end == 0; r += step {
			x, y := floor(f.x+r*dx), floor(f.y+r*dy)
			if out = core != 0 && !b.inside(x, y); out {
				break
			}
			switch dark := b.at(x, y); {
			case core == 0:
				if !dark {
					core = r
				}
			case ring == 0:
				if dark {
					ring = r
				}
			case !dark:
				end = r
			}
		}
		if out {
			ends |= 1 << i // the picture ends before it
			continue
		}
		if end != 0 && end-ring < widestRing {
			ends |= 1 << i
		}
		// A pixel is too coarse for the rest where modules are small.
		if f.module >= ringModule && (core < 0.8 || core > 2.6 || ring == 0 || ring > 4.2 || ring-core < 0.35 || ring-core > 1.9) {
			if misses++; misses > ringMisses {
				return false
			}
		}
	}
	if bits.OnesCount32(ends) >= ringEnds {
		return true
	}
	ends |= ends << len(around)
	for i := range around {
		if bits.OnesCount32(ends>>i&0xFF) >= ringEndsInside {
			return true
		}
	}
	return false
}

// leftOut reports whether the two rows beside the middle of f agree with it. Where rows are left out, a turned or round core of a
// few pixels is crossed where it counts by only one that was read.
func leftOut(b *bitmap, f finder) bool {
	most := int(2*f.wide + 2)
	x := floor(f.x)
	for _, y := range [2]int{floor(f.y) - 1, floor(f.y) + 1} {
		left, right := b.along(x-1, y, -1, 3*most, true), b.along(x+1, y, 1, 3*most, true)
		r := [5]float64{2: float64(left + 1 + right)}
		light := b.along(x-1-left, y, -1, most+1, false)
		r[1], r[0] = float64(light), float64(b.along(x-1-left-light, y, -1, most+1, true))
		light = b.along(x+1+right, y, 1, most+1, false)
		r[3], r[4] = float64(light), float64(b.along(x+1+right+light, y, 1, most+1, true))
		module, ok := finderRuns(r, 0.5)
		if !ok || !b.at(x, y) || math.Abs(module-f.wide) > 0.3*f.wide+0.5 {
			return false
		}
	}
	return true
}

// rowStep is how many rows one is read of.
func rowStep(height int) int {
	switch {
	case height <= everyRow:
		return 1
	case height <= secondRow:
		return 2
	}
	return mostStep
}

// strongest keeps the perSize best supported finders of each size, where a size is a doubling of
// the module: only finders of like size are ever joined, so a crowd of large decoys does not
// push out a small code. moreFinders go on beyond that, up to perCrowd of a size. One of step rows was read.
func strongest(all []finder, step int) []finder {
	slices.SortStableFunc(all, func(a, b finder) int { return cmp.Compare(b.support, a.support) })
	var taken [16]int // 2^16 modules of 0.8 pixels are more than any picture is wide
	kept, more := all[:0], 0
	for _, f := range all {
		size := min(max(int(math.Log2(f.module/minModule)), 0), len(taken)-1)
		if taken[size] >= perSize {
			if taken[size] >= perCrowd || more == moreFinders || float64(f.support*step) < crowdSupport*f.module {
				continue
			}
			more++
		}
		taken[size]++
		kept = append(kept, f)
	}
	return kept
}

// centre moves f to the centroid of its core, which is exact to a tenth of a pixel where edges are
// exact to one.
func (f *finder) centre(b *bitmap) {
	limit := int(3.2*f.module) + 2 // the core is 3 modules, on the diagonal 4.3 from middle to middle
	x0, y0 := floor(f.x), floor(f.y)
	if !b.at(x0, y0) {
		return
	}
	var sx, sy, n float64
	walk := func(dir, first int) {
		l, r := x0, x0
		for k := first; k <= limit; k++ {
			y := y0 + dir*k
			s := l
			for s <= r && !b.at(s, y) {
				s++
			}
			if s > r {
				return
			}
			l, r = s, s
			for l > x0-limit && b.at(l-1, y) {
				l--
			}
			for r < x0+limit && b.at(r+1, y) {
				r++
			}
			m := float64(r - l + 1)
			sx += m * (float64(l+r)/2 + 0.5)
			sy += m * (float64(y) + 0.5)
			n += m
		}
	}
	walk(1, 0)
	walk(-1, 1)
	// A blob that leaked into its surroundings is no core; keep the old middle.
	if x, y := sx/n, sy/n; math.Hypot(x-f.x, y-f.y) < 1.2*f.module {
		f.x, f.y = x, y
	}
}

// floor is the pixel that holds the coordinate v.
func floor(v float64) int { return int(math.Floor(v)) }
