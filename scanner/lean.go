package scanner

import "math"

// leaningMap is the map of a code that leans towards the camera or away from it. Three finders fix a projective map but for
// two numbers: how much nearer the upper right corner is than the upper left, and how much the lower left. Nearer
// modules are larger, so that each number shows in the spacing of one timing pattern, and there it is looked for.
func leaningMap(b *bitmap, t triple, f frame, side int) (warp, bool) {
	// Modules at both ends, measured across the pattern, in rows or columns: their ratio is a first guess.
	right := bestLean(b, t, side, lean(t.tl, t.tr, f.right), 1, false)
	down := bestLean(b, t, side, lean(t.tl, t.bl, f.down), right, true)
	right = bestLean(b, t, side, right, down, false)
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
	// maxLean is the square root of 2.5: modules at one end 2.5 times as large as at the other.
	maxLean = 1.58
	// leanSteps to both sides of the guess, each leanStep: the size of a module is known to a sixth or so, and at the
	// middle of version 10 one step moves the pattern by an eighth of a module.
	leanSteps = 16
	leanStep  = 1.01
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

// bestLean tries leans around guess and returns the middle of those that show most of the timing pattern.
func bestLean(b *bitmap, t triple, side int, guess, other float64, down bool) float64 {
	most, sum, n := 0, 0.0, 0.0
	at := guess / math.Pow(leanStep, leanSteps)
	for range 2*leanSteps + 1 {
		m := leanMap(t, side, at, other)
		if down {
			m = leanMap(t, side, other, at)
		}
		right := 0
		// Three looks into every module: all of it must have the colour, or it is half the neighbour's.
		for i := 8 * 3; i < (side-8)*3; i++ {
			u, v := (float64(i)+0.5)/3, 6.5
			if down {
				u, v = v, u
			}
			if p := m.at(u, v); b.at(floor(p.X), floor(p.Y)) == (i/3%2 == 0) {
				right++
			}
		}
		switch {
		case right > most:
			most, sum, n = right, at, 1
		case right == most:
			sum, n = sum+at, n+1
		}
		at *= leanStep
	}
	return sum / n
}
