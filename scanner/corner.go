package scanner

import "math"

// farCorner is the outer corner of the code that has no finder, as the crossing of the right edge
// (continued from the finder at the top) and the bottom edge (from the one at the left). It
// sees perspective without an alignment pattern.
func farCorner(b *bitmap, t triple, f frame) (Point, bool) {
	k := tilt(f.right)
	p, pd, ok := outerEdge(b, t.tr, f.right, f.down, t.tr.module*k)
	if !ok {
		return Point{}, false
	}
	q, qd, ok := outerEdge(b, t.bl, f.down, f.right, t.bl.module*k)
	if !ok {
		return Point{}, false
	}
	x, ok := crossing(p, pd, q, qd)
	if !ok {
		return Point{}, false
	}
	// Without perspective it lies here; more than a third of the code's sides away, an edge was wrong.
	want := Point{t.tr.x + t.bl.x - t.tl.x, t.tr.y + t.bl.y - t.tl.y}.plus(3.5*f.module, f.right, 3.5*f.module, f.down)
	if math.Hypot(x.X-want.X, x.Y-want.Y) > 0.35*(f.width+f.height) {
		return Point{}, false
	}
	return x, true
}

// outerEdge fits a line to the edge of f that faces out; along is the direction of that edge.
func outerEdge(b *bitmap, f finder, out, along Point, module float64) (on, dir Point, ok bool) {
	var ps [9]Point
	n := 0
	for k := -4; k <= 4; k++ {
		// Nine rays, 0.3 modules apart: all start within the core, 3 modules wide.
		o := float64(k) * 0.3 * module
		start := Point{f.x, f.y}.plus(0, out, o, along)
		if d, hit := ringEnd(b, start, out, module); hit {
			ps[n] = start.plus(d, out, 0, along)
			n++
		}
	}
	if n < 5 {
		return Point{}, Point{}, false // a line through fewer follows their noise
	}
	on, dir = lineThrough(ps[:n])
	return on, dir, true
}

// ringEnd walks from inside the core along dir: dark, light, dark, and returns where the second dark ends, in pixels
// from start; 3.5 modules where nothing is bent.
func ringEnd(b *bitmap, start, dir Point, module float64) (float64, bool) {
	stage := 0
	step := 0.25 * math.Max(1, module/6)
	for d := 0.0; d < 6*module; d += step {
		dark := b.at(floor(start.X+dir.X*d), floor(start.Y+dir.Y*d))
		switch stage {
		case 0, 1:
			if dark != (stage == 0) {
				stage++
			}
		case 2:
			if !dark {
				return d - step/2, d > 2*module
			}
		}
	}
	return 0, false
}
