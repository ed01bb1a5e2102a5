package scanner

import "math"

// A finder says more than where its middle is: its four corners show how the code is turned, how it leans and how it bends
// just there. The corners of three finders fix a map that needs nothing of what lies between them.

// ringMiddle is where the corners of an outline lie, in modules from the middle of the finder: half way through the dark ring, so
// that blur and thresholds, which make dark parts wider or narrower, move nothing.
const ringMiddle = 3

// outline is the corners of the rings of a triple's finders, upper left, upper right and lower left, each clockwise from its own
// upper left, in pixels.
type outline [3][4]Point

// outlineOf measures the outline of t. ok: all of it was seen.
func outlineOf(b *bitmap, t triple, f frame) (o outline, ok bool) {
	for i, at := range [3]finder{t.tl, t.tr, t.bl} {
		if o[i], ok = ringCorners(b, at, f.right, f.down); !ok {
			return o, false
		}
	}
	return o, true
}

// modules are the places of the corners in a code that is side modules wide.
func (o *outline) modules(side int) (at [12]Point) {
	far := float64(side) - 3.5
	for i, c := range [3]Point{{3.5, 3.5}, {far, 3.5}, {3.5, far}} {
		for j, d := range [4]Point{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}} {
			at[4*i+j] = Point{c.X + ringMiddle*d.X, c.Y + ringMiddle*d.Y}
		}
	}
	return at
}

// pixels are the corners in the order of modules.
func (o *outline) pixels() (at [12]Point) {
	for i := range o {
		copy(at[4*i:], o[i][:])
	}
	return at
}

// flat is the flat map of a code that is side modules wide, and how far off it is where it is off most, in modules.
func (o *outline) flat(side int) (m warp, off float64) {
	from, to := o.modules(side), o.pixels()
	m, ok := warpThrough(from[:], to[:])
	if !ok {
		return m, math.Inf(1)
	}
	for i := range from {
		p := m.at(from[i].X, from[i].Y)
		// Against a side of its own ring, which is as large there as a module is.
		a, b := to[i], to[i&^3|(i+1)&3]
		module := math.Hypot(b.X-a.X, b.Y-a.Y) / (2 * ringMiddle)
		off = max(off, math.Hypot(p.X-to[i].X, p.Y-to[i].Y)/module)
	}
	return m, off
}

// ringCorners are the corners of the dark ring of f, where lines through the middles of its four sides cross.
func ringCorners(b *bitmap, f finder, right, down Point) (c [4]Point, ok bool) {
	mx, ok := coreModule(b, f, right)
	if !ok {
		return c, false
	}
	my, ok := coreModule(b, f, down)
	if !ok {
		return c, false
	}
	var on, dir [4]Point // top, right, bottom, left
	for i, side := range [4]struct {
		out, along  Point
		away, apart float64
	}{
		{Point{-down.X, -down.Y}, right, my, mx},
		{right, down, mx, my},
		{down, right, my, mx},
		{Point{-right.X, -right.Y}, down, mx, my},
	} {
		if on[i], dir[i], ok = ringSide(b, f, side.out, side.along, side.away, side.apart); !ok {
			return c, false
		}
	}
	for i := range c {
		if c[i], ok = crossing(on[(i+3)%4], dir[(i+3)%4], on[i], dir[i]); !ok {
			return c, false
		}
		// Straight on a corner is three modules away, on the diagonal 4.2; a stretched one is at most twice that.
		if math.Hypot(c[i].X-f.x, c[i].Y-f.y) > 2*1.5*ringMiddle*max(mx, my) {
			return c, false
		}
	}
	return c, true
}

// coreModule is a module along dir in pixels, a third of the core of f.
func coreModule(b *bitmap, f finder, dir Point) (float64, bool) {
	most := 5 * f.module
	step := 0.25 * math.Max(1, f.module/6)
	length := 0.0
	for _, sign := range [2]float64{1, -1} {
		d := 0.0
		for d < most && b.at(floor(f.x+sign*d*dir.X), floor(f.y+sign*d*dir.Y)) {
			d += step
		}
		length += d
	}
	m := (length - step) / 3
	return m, m > minModule/2 && length < most
}

// ringSide fits a line through the middle of one side of the ring of f. away is a module in the direction out, apart one along it.
func ringSide(b *bitmap, f finder, out, along Point, away, apart float64) (on, dir Point, ok bool) {
	var ps [9]Point
	n := 0
	step := 0.25 * math.Max(1, away/6)
	for k := -4; k <= 4; k++ {
		start := Point{f.x, f.y}.plus(0, out, 0.3*apart*float64(k), along) // as in outerEdge: all of them in the core
		var edge [3]float64
		stage := 0
		for d := 0.0; d < 7*away && stage < 3; d += step {
			if b.at(floor(start.X+out.X*d), floor(start.Y+out.Y*d)) != (stage%2 == 0) {
				edge[stage] = d - step/2
				stage++
			}
		}
		if stage < 2 || edge[0] < 0 {
			continue
		}
		// Half a module into the ring, wherever it ends: without a light edge around it, it runs on into what is beside the code.
		middle := edge[1] + 0.5*away
		if stage == 3 && edge[2]-edge[1] < 1.8*away {
			middle = (edge[1] + edge[2]) / 2
		}
		if middle < 1.5*away || middle > 5*away {
			continue
		}
		ps[n] = start.plus(middle, out, 0, along)
		n++
	}
	if n < 5 {
		return Point{}, Point{}, false
	}
	on, dir = lineThrough(ps[:n])
	return on, dir, true
}

// crossing is where two lines meet.
func crossing(p, pd, q, qd Point) (Point, bool) {
	det := pd.X*qd.Y - pd.Y*qd.X
	if math.Abs(det) < 0.2 {
		return Point{}, false // nearly parallel: the crossing would be anywhere
	}
	s := ((q.X-p.X)*qd.Y - (q.Y-p.Y)*qd.X) / det
	return Point{p.X + s*pd.X, p.Y + s*pd.Y}, true
}

// lineThrough is the line with the least squares of distances to ps: a place on it and its direction.
func lineThrough(ps []Point) (on, dir Point) {
	n := float64(len(ps))
	for _, p := range ps {
		on.X += p.X / n
		on.Y += p.Y / n
	}
	var sxx, sxy, syy float64
	for _, p := range ps {
		dx, dy := p.X-on.X, p.Y-on.Y
		sxx, sxy, syy = sxx+dx*dx, sxy+dx*dy, syy+dy*dy
	}
	a := 0.5 * math.Atan2(2*sxy, sxx-syy)
	return on, Point{math.Cos(a), math.Sin(a)}
}

// warpThrough is the projective map that takes from nearest to to, in the sense of least squares.
func warpThrough(from, to []Point) (warp, bool) {
	// Both are moved and scaled to about -1 to 1 first, or the squares of pixels drown those of 1.
	mid := func(ps []Point) (c Point, size float64) {
		for _, p := range ps {
			c.X += p.X / float64(len(ps))
			c.Y += p.Y / float64(len(ps))
		}
		for _, p := range ps {
			size = max(size, math.Abs(p.X-c.X), math.Abs(p.Y-c.Y))
		}
		return c, size
	}
	fc, fs := mid(from)
	tc, ts := mid(to)
	var a [8][9]float64
	add := func(row [9]float64) {
		for i := range 8 {
			for j := range 9 {
				a[i][j] += row[i] * row[j]
			}
		}
	}
	for i := range from {
		x, y := (from[i].X-fc.X)/fs, (from[i].Y-fc.Y)/fs
		u, v := (to[i].X-tc.X)/ts, (to[i].Y-tc.Y)/ts
		add([9]float64{x, y, 1, 0, 0, 0, -u * x, -u * y, u})
		add([9]float64{0, 0, 0, x, y, 1, -v * x, -v * y, v})
	}
	for i := range 8 {
		if !(a[i][i] > 1e-9) { // also catches NaN
			return warp{}, false
		}
		for j := i + 1; j < 8; j++ {
			k := a[j][i] / a[i][i]
			for c := i; c < 9; c++ {
				a[j][c] -= k * a[i][c]
			}
		}
	}
	m := warp{8: 1}
	for i := 7; i >= 0; i-- {
		s := a[i][8]
		for j := i + 1; j < 8; j++ {
			s -= a[i][j] * m[j]
		}
		m[i] = s / a[i][i]
	}
	return warp{ts, 0, tc.X, 0, ts, tc.Y, 0, 0, 1}.mul(m).mul(warp{1 / fs, 0, -fc.X / fs, 0, 1 / fs, -fc.Y / fs, 0, 0, 1}), true
}
