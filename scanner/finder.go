package scanner

import (
	"cmp"
	"math"
	"slices"
)

// finder is a place that looks like one of the three square corners of a code: dark, light,
// dark, light, dark in the proportions 1:1:3:1:1 along a line through its middle
// (ISO/IEC 18004 §6.3.3).
type finder struct {
	x, y    float64 // middle, pixels of the level
	module  float64 // side of one module along the axes, pixels
	support int     // rows that crossed it and agreed
}

const (
	// perSize caps the finders of one size that go on. Joining three of n costs n³; a screen that
	// shows real codes has a dozen, a screen full of icons perhaps fifty, and 64 cubed is a millisecond
	// or two. gozxing, which has no cap, takes 16 s on 576.
	perSize = 64
	// cellCap bounds how many finders one cell of the grid remembers, so that looking up whether
	// a place is known stays constant whatever the picture: real patterns are at least 7 pixels
	// apart, some 20 to a cell.
	cellCap = 32
	// cellBits: cells of 32 × 32 pixels hold a small finder whole.
	cellBits = 5
	// rowStep: every second row is read in large pictures. The core of a finder is three modules high,
	// so even at 2 pixels per module three rows cross it; small pictures are read row by row.
	rowStep = 2
	// smallHeight is the height in pixels up to which every row is read: it costs little there.
	smallHeight = 700
	// minModule, in pixels: below, light and dark of neighbouring modules share every pixel.
	minModule = 0.8
)

// findFinders returns the finders of l, those with the most support first within each size.
func findFinders(l *levels, e *effort) []finder {
	b := l.bits
	step := rowStep
	if b.h <= smallHeight {
		step = 1
	}
	gw := b.w>>cellBits + 1
	grid := make([][]int32, gw*(b.h>>cellBits+1))
	var found []finder
	edges := make([]int32, 0, b.w/4)
	for y := step / 2; y < b.h; y += step {
		edges = b.edges(y, edges[:0])
		for k := 0; k+5 < len(edges); k += 2 {
			r := edges[k : k+6 : k+6]
			light1, core, light2 := r[2]-r[1], r[3]-r[2], r[4]-r[3]
			// The commonest misses in whole numbers, before anything is computed.
			if core < light1 || core < light2 || light1 > 2*light2+1 || light2 > 2*light1+1 || core > 5*light1+2 {
				continue
			}
			module, ok := finderRuns([5]float64{float64(r[1] - r[0]), float64(light1), float64(core), float64(light2), float64(r[5] - r[4])}, 0.5)
			if !ok {
				continue
			}
			x := float64(r[2]+r[3]) / 2
			if known(found, grid, gw, x, float64(y), module) {
				continue
			}
			e.crossChecks++
			f, ok := crossCheck(b, floor(x), y, module)
			if !ok {
				continue
			}
			cell := &grid[floor(f.y)>>cellBits*gw+floor(f.x)>>cellBits]
			if len(*cell) >= cellCap {
				continue
			}
			*cell = append(*cell, int32(len(found)))
			found = append(found, f)
		}
	}
	kept := found[:0]
	for _, f := range found {
		// One row alone is chance, except where a finder is so small that no second row can cross it.
		if f.support > 1 || f.module < minModule*float64(step) {
			kept = append(kept, f)
		}
	}
	kept = strongest(kept)
	for i := range kept {
		kept[i].centre(b)
	}
	e.finders += len(kept)
	return kept
}

// known reports whether a row at (x, y) crosses a finder that was found already, and
// counts it as support.
func known(found []finder, grid [][]int32, gw int, x, y, module float64) bool {
	cx, cy := int(x)>>cellBits, int(y)>>cellBits
	// The rows of a finder reach 1.5 modules above and below its middle.
	up := cy - 1 - int(1.5*module)>>cellBits
	for yy := max(0, up); yy <= min(cy+1, len(grid)/gw-1); yy++ {
		for xx := max(0, cx-1); xx <= min(cx+1, gw-1); xx++ {
			for _, i := range grid[yy*gw+xx] {
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

// cross measures the five runs through the dark pixel (x, y) along (dx, dy). Runs are cut off at most pixels
// (the core at 3 × most), so one look costs no more than the finder is wide.
func cross(b *bitmap, x, y, dx, dy, most int) (r [5]float64, start int, ok bool) {
	var n [5]int
	side := func(sx, sy int, runs [3]int) int {
		px, py := x+sx, y+sy
		core := 0
		for i, run := range runs {
			limit := most
			if i == 0 {
				limit = 3 * most
			}
			for n[run] <= limit && b.inside(px, py) && b.at(px, py) == (i != 1) {
				n[run]++
				px, py = px+sx, py+sy
				if i == 0 {
					core++
				}
			}
		}
		return core
	}
	if !b.at(x, y) {
		return r, 0, false
	}
	n[2] = 1
	start = side(-dx, -dy, [3]int{2, 1, 0})
	side(dx, dy, [3]int{2, 3, 4})
	for i, v := range n {
		r[i] = float64(v)
	}
	return r, start, n[0] > 0 && n[1] > 0 && n[3] > 0 && n[4] > 0
}

// crossCheck looks at a place one row believes in along the column, the row through the middle and
// both diagonals.
func crossCheck(b *bitmap, x, y int, module float64) (finder, bool) {
	most := int(2*module + 2)
	col, up, ok := cross(b, x, y, 0, 1, most)
	if !ok {
		return finder{}, false
	}
	tall, ok := finderRuns(col, 0.6)
	// Perspective and unequal scaling stretch one axis; more than 1.7 is not a code seen on a screen
	// or held to a camera.
	if !ok || tall > 1.7*module+0.5 || module > 1.7*tall+0.5 {
		return finder{}, false
	}
	cy := float64(y-up) + col[2]/2
	row, left, ok := cross(b, x, floor(cy), 1, 0, most)
	if !ok {
		return finder{}, false
	}
	wide, ok := finderRuns(row, 0.6)
	if !ok {
		return finder{}, false
	}
	cx := float64(x-left) + row[2]/2
	m := (wide + tall) / 2
	for _, dy := range [2]int{1, -1} {
		// A square core measures 3 modules on both diagonals, counted in steps; a rotated one up to
		// 3·√2 and one with round corners down to 2. A cross or a line is outside.
		d, _, ok := cross(b, floor(cx), floor(cy), 1, dy, 2*most)
		if !ok || d[2] < 1.2*m || d[2] > 5.5*m+1 {
			return finder{}, false
		}
	}
	// Of the two outer runs of an axis one faces the code, where the ring ends after one module.
	if math.Min(row[0], row[4]) > 2.4*m || math.Min(col[0], col[4]) > 2.4*m {
		return finder{}, false
	}
	return finder{x: cx, y: cy, module: m, support: 1}, true
}

// strongest keeps the perSize best supported finders of each size, where a size is a doubling of
// the module: only finders of like size are ever joined, so a crowd of large decoys does not
// push out a small code.
func strongest(all []finder) []finder {
	slices.SortStableFunc(all, func(a, b finder) int { return cmp.Compare(b.support, a.support) })
	var taken [16]int // 2^16 modules of 0.8 pixels are more than any picture is wide
	kept := all[:0]
	for _, f := range all {
		size := min(max(int(math.Log2(f.module/minModule)), 0), len(taken)-1)
		if taken[size] < perSize {
			taken[size]++
			kept = append(kept, f)
		}
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
