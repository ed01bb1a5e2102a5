package scanner

import (
	"cmp"
	"math"
	"slices"
)

// middle is the mean of the corners.
func (c Code) middle() Point {
	var m Point
	for _, p := range c.Corners {
		m.X += p.X / 4
		m.Y += p.Y / 4
	}
	return m
}

// holds reports whether p lies within the corners, which run one way round. margin is how far outside it may be, as part of
// the sides.
func (c Code) holds(p Point, margin float64) bool {
	m := c.middle()
	side := func(a, b, q Point) float64 { return (b.X-a.X)*(q.Y-a.Y) - (b.Y-a.Y)*(q.X-a.X) }
	for i := range c.Corners {
		a, b := c.Corners[i], c.Corners[(i+1)%4]
		a.X, a.Y = a.X+(a.X-m.X)*2*margin, a.Y+(a.Y-m.Y)*2*margin
		b.X, b.Y = b.X+(b.X-m.X)*2*margin, b.Y+(b.Y-m.Y)*2*margin
		if side(a, b, p)*side(a, b, m) < 0 {
			return false
		}
	}
	return true
}

// add puts c to the codes unless it is one of them: the same text in the same place. The same
// text in two places is two codes, and stays so; which of them to use is not for the scanner
// to say.
func add(codes []Code, c Code) []Code {
	for _, have := range codes {
		if have.Text == c.Text && (have.holds(c.middle(), 0) || c.holds(have.middle(), 0)) {
			return codes
		}
	}
	return append(codes, c)
}

// order sorts codes as a page is read: line by line. Those whose middles are less than half a code apart stand in one line.
func order(codes []Code) {
	slices.SortStableFunc(codes, func(a, b Code) int { return cmp.Compare(a.middle().Y, b.middle().Y) })
	for len(codes) > 0 {
		n, first := 1, codes[0].middle()
		height := math.Hypot(codes[0].Corners[3].X-codes[0].Corners[0].X, codes[0].Corners[3].Y-codes[0].Corners[0].Y)
		for n < len(codes) && codes[n].middle().Y-first.Y < height/2 {
			n++
		}
		slices.SortStableFunc(codes[:n], func(a, b Code) int { return cmp.Compare(a.middle().X, b.middle().X) })
		codes = codes[n:]
	}
}
