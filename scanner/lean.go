package scanner

import "math"

// leaningMap is the map of a code that leans towards the camera or away from it. Three finders fix a projective map but for
// two numbers: how much nearer the upper right corner is than the upper left, and how much the lower left. Nearer
// modules are larger, so that each number shows in the spacing of one timing pattern, and there it is looked for.
func leaningMap(b *bitmap, t triple, f frame, side int) (warp, bool) {
	// Modules at both ends, measured across the pattern, in rows or columns: their ratio is a first guess.
	right, _ := bestLean(b, t, side, lean(t.tl, t.tr, f.right), 1, false) // bent by the other lean: few modules may agree yet
	down, ok := bestLean(b, t, side, lean(t.tl, t.bl, f.down), right, true)
	if !ok {
		return warp{}, false
	}
	right, _ = bestLean(b, t, side, right, down, false)
	m := leanMap(t, side, right, down)
	return m, right+down > 1.2 // the far corner is not behind the camera
}

// lean is the first guess for how much nearer to is than from: modules along a line shrink with the square.
func lean(from, to finder, along Point) float64 {
	size := func(f finder) float64 {
		if math.Abs(along.X) > math.Abs(along.Y) {
			return f.wide
		}
		return f.tall
	}
	return min(max(math.Sqrt(size(from)/size(to)), 1/maxLean), maxLean)
}

const (
	// maxLean is the square root of 2.5: modules at one end 2.5 times as large as at the other. More would only waste time: nobody
	// holds a code like that.
	maxLean = 1.58
	// leanSteps to both sides of the guess, each leanStep: the size of a module is known to a sixth or so, and at the
	// middle of version 10 one step moves the pattern by an eighth of a module. More steps only take longer.
	leanSteps = 16
	leanStep  = 1.01
	// leanLooks into every module, as few as show a shift of a third: all of it must have the colour, or it is half the neighbour's.
	leanLooks = 3
	// leanModules is how many modules of the pattern are looked at. More take longer and say no more.
	leanModules = 49
	// leanShown, in hundredths: so many of the looks must have the right colour where both leans are known. Nine in ten have in a
	// code, six in most of what is none.
	leanShown = 75
)

// leanMap is the map over three finders with the given leans; 1 and 1 is flat.
func leanMap(t triple, side int, right, down float64) warp {
	x0, y0 := t.tl.x, t.tl.y
	// From the square between the middles of the finders.
	m := warp{
		right*t.tr.x - x0, down*t.bl.x - x0, x0,
		right*t.tr.y - y0, down*t.bl.y - y0, y0,
		right - 1, down - 1, 1,
	}
	k := 1 / float64(side-7)
	return m.mul(warp{k, 0, -3.5 * k, 0, k, -3.5 * k, 0, 0, 1})
}

// bestLean tries leans around guess and returns the middle of those that show most of the timing pattern. ok: it may be one.
func bestLean(b *bitmap, t triple, side int, guess, other float64, down bool) (best float64, ok bool) {
	most, sum, n := 0, 0.0, 0.0
	at := guess / math.Pow(leanStep, leanSteps)
	// The ends of the pattern lie beside finders and stay where they are: in a large code the middle is what moves.
	modules := min(side-16, leanModules)
	looks := modules * leanLooks
	first := float64((side-modules)/4*2) + 0.5/leanLooks // an even module, which is dark
	for range 2*leanSteps + 1 {
		var m warp
		var d Point
		u, v := first, 6.5
		if down {
			m, u, v, d = leanMap(t, side, other, at), v, u, Point{0, 1.0 / leanLooks}
		} else {
			m, d = leanMap(t, side, at, other), Point{1.0 / leanLooks, 0}
		}
		// Along a line all three coordinates of a projective map grow by equal steps.
		x, y, w := m[0]*u+m[1]*v+m[2], m[3]*u+m[4]*v+m[5], m[6]*u+m[7]*v+m[8]
		dx, dy, dw := m[0]*d.X+m[1]*d.Y, m[3]*d.X+m[4]*d.Y, m[6]*d.X+m[7]*d.Y
		right := 0
		for i := 0; i < looks; i += leanLooks {
			dark := uint64(0)
			for range leanLooks {
				inv := 1 / w
				dark += b.bit(floor(x*inv), floor(y*inv))
				x, y, w = x+dx, y+dy, w+dw
			}
			if i/leanLooks%2 != 0 {
				dark = leanLooks - dark
			}
			right += int(dark)
		}
		switch {
		case right > most:
			most, sum, n = right, at, 1
		case right == most:
			sum, n = sum+at, n+1
		}
		at *= leanStep
	}
	return sum / n, 100*most >= leanShown*looks
}
