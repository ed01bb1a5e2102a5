package scanner

import (
	"math"

	"github.com/makiuchi-d/gozxing/qrcode/decoder"
)

// Paper bends, cloth has folds, lenses curve lines; and the larger a code, the sooner the little that one flat map is off
// adds up to a module. A bend is what has to be added to a place of the code, in modules, before a flat map takes it to
// the picture.

// bendTerms are the terms of a polynomial of degree three in two variables, in the order in which they are fitted: the
// first three are a straight map, six a bowl or a saddle, ten an S.
const bendTerms = 10

// bend is a flat map with a polynomial before it.
type bend struct {
	flat   warp
	side   float64
	du, dv [bendTerms]float64
}

// terms are the powers of u and v, which run from -1 to 1 across the code.
func (b *bend) terms(u, v float64) [bendTerms]float64 {
	x, y := 2*u/b.side-1, 2*v/b.side-1
	return [bendTerms]float64{1, x, y, x * x, x * y, y * y, x * x * x, x * x * y, x * y * y, y * y * y}
}

// at is where the place (u, v) of the code lies in the picture.
func (b *bend) at(u, v float64) Point {
	t := b.terms(u, v)
	var du, dv float64
	for i, p := range t {
		du += b.du[i] * p
		dv += b.dv[i] * p
	}
	return b.flat.at(u+du, v+dv)
}

// normal are the normal equations of a least squares fit, with the right side in the last column. They are symmetric: what lies
// below the diagonal is not kept.
type normal [bendTerms][bendTerms + 1]float64

func (n *normal) add(t [bendTerms]float64, value, weight float64) {
	for i := range t {
		for j := i; j < bendTerms; j++ {
			n[i][j] += weight * t[i] * t[j]
		}
		n[i][bendTerms] += weight * t[i] * value
	}
}

// solve fits the first terms. A little of every square is added to the diagonal, so that what the edges say nothing
// about stays straight.
func (n normal) solve(terms int) (x [bendTerms]float64, ok bool) {
	for i := range terms {
		n[i][i] += bendStiffness
	}
	for i := range terms {
		if !(n[i][i] > 1e-9) { // also catches NaN
			return x, false
		}
		for j := i + 1; j < terms; j++ {
			f := n[i][j] / n[i][i] // what is left stays symmetric
			for k := j; k < terms; k++ {
				n[j][k] -= f * n[i][k]
			}
			n[j][bendTerms] -= f * n[i][bendTerms]
		}
	}
	for i := terms - 1; i >= 0; i-- {
		s := n[i][bendTerms]
		for k := i + 1; k < terms; k++ {
			s -= n[i][k] * x[k]
		}
		x[i] = s / n[i][i]
	}
	return x, true
}

const (
	// bendStep, in modules: how finely edges are looked for.
	bendStep = 0.25
	// bendReach, in modules: an edge further from where one should be may belong to the next. Edges are known to a bendStep, so that
	// all from one of those to two are the same.
	bendReach = 0.42
	// bendStiffness is the weight of staying straight, in edges: a code of version 1 has some four hundred. A twentieth of this reads
	// the same; none at all would leave undetermined what no edge tells.
	bendStiffness = 2
	// growFrom, in modules from the middle of a finder, is where growing begins: three modules around the finder. The corners of a
	// finder are known to a tenth of a module, so that as far again as it is wide nothing is off by half of one. To begin nearer, or to
	// grow by less, only takes longer.
	growFrom = 7.0
	growBy   = 1.25
	// anchorWeight is what an alignment pattern weighs in edges: its own sixteen and more, because it cannot be mistaken. Five times
	// as much reads the same, thirty times as much loses codes on bottles: then it is the edges that do not count any more.
	anchorWeight = 30
	// anchorReach, in modules: how far from where it should be an alignment pattern is looked for. Two are at least 16 apart.
	anchorReach = 2.5
)

// straighten fits b to the edges between dark and light modules: each must lie on a line of the grid. Few terms first, so
// that the whole is in place before parts of it are moved.
func (b *bend) straighten(bits *bitmap) bool {
	for _, terms := range [...]int{3, 6, 10, 10} {
		if !b.fit(bits, terms, b.side, nil) {
			return false
		}
	}
	return true
}

// grow fits b to what an outline says, and then to the edges of the modules around the three finders, further and further away:
// where the bend is known it is known a few modules further too. So a code is read whose rows and columns are bent by many
// modules, like one on a bottle.
func (b *bend) grow(bits *bitmap, o *outline) bool {
	pins := make([]pin, 0, len(o)*4)
	from, to := o.modules(int(b.side)), o.pixels()
	back := b.flat.adjoint()
	for i, c := range from {
		pins = append(pins, pin{c, back.at(to[i].X, to[i].Y)})
	}
	if !b.fit(bits, bendTerms, 0, pins) {
		return false
	}
	for near := growFrom; near < b.side; near *= growBy {
		if !b.fit(bits, bendTerms, near, pins) || !b.timedNear(bits, near) {
			return false // nearly everything that is no code ends here, before most of the work
		}
	}
	for range 2 {
		if !b.fit(bits, bendTerms, b.side, nil) {
			return false
		}
	}
	return true
}

// timedNear is timed for the modules no more than near away from the middle of a finder: as far as the bend is known there must be a
// timing pattern. Two fifths may be wrong, because what covers a third of the whole may lie beside a finder.
func (b *bend) timedNear(bits *bitmap, near float64) bool {
	wrong, n := 0, 0
	for i := 8; i < int(b.side)-8; i++ {
		at := float64(i) + 0.5
		if min(at, b.side-at)-3.5 > near {
			continue
		}
		for _, p := range [2]Point{b.at(at, 6.5), b.at(6.5, at)} {
			n++
			if bits.at(floor(p.X), floor(p.Y)) != (i%2 == 0) {
				wrong++
			}
		}
	}
	return 5*wrong <= 2*n
}

// pin is a place of the code that is known: where the flat map has it instead.
type pin struct{ at, seen Point }

// fit moves the first terms of b to the edges no more than near modules away from the middle of a finder, and to the pins.
func (b *bend) fit(bits *bitmap, terms int, near float64, pins []pin) bool {
	var du, dv normal
	if near > 0 {
		for i := range int(b.side) {
			at := float64(i) + 0.5
			b.edges(bits, at, false, near, &du)
			b.edges(bits, at, true, near, &dv)
		}
	}
	for _, p := range pins {
		t := b.terms(p.at.X, p.at.Y)
		x, y := p.seen.X-p.at.X, p.seen.Y-p.at.Y
		for i, v := range t {
			x -= b.du[i] * v
			y -= b.dv[i] * v
		}
		du.add(t, x, anchorWeight)
		dv.add(t, y, anchorWeight)
	}
	u, ok := du.solve(terms)
	v, ok2 := dv.solve(terms)
	if !ok || !ok2 {
		return false
	}
	for i := range terms {
		b.du[i] += u[i]
		b.dv[i] += v[i]
	}
	return true
}

// stretches are the parts of a row of modules, or a column, that are no more than near modules away from the middle of a finder.
func (b *bend) stretches(at, near float64) (parts [2][2]float64) {
	if near >= b.side {
		return [2][2]float64{{0, b.side}}
	}
	first, last := math.Abs(at-3.5) <= near, math.Abs(b.side-3.5-at) <= near
	if first || last {
		parts[0] = [2]float64{0, min(b.side, 3.5+near)}
	}
	if first {
		parts[1] = [2]float64{max(parts[0][1], b.side-3.5-near), b.side}
	}
	return parts
}

// edges walks along a row of modules, or a column, as far as it is no more than near modules away from the middle of a finder,
// and adds what every change of colour says.
func (b *bend) edges(bits *bitmap, at float64, column bool, near float64, into *normal) {
	for _, part := range b.stretches(at, near) {
		b.edgesBetween(bits, at, column, part[0], part[1], into)
	}
}

func (b *bend) edgesBetween(bits *bitmap, at float64, column bool, begin, end float64, into *normal) {
	// Along a line the polynomial has one variable.
	du, dv := b.line(&b.du, at, column), b.line(&b.dv, at, column)
	last, begun := false, false
	for s := begin + bendStep/2; s < end; s += bendStep {
		x := 2*s/b.side - 1
		u, v := s, at
		if column {
			u, v = v, u
		}
		p := b.flat.at(u+du[0]+x*(du[1]+x*(du[2]+x*du[3])), v+dv[0]+x*(dv[1]+x*(dv[2]+x*dv[3])))
		dark := bits.at(floor(p.X), floor(p.Y))
		if begun && dark != last {
			edge := s - bendStep/2
			off := edge - math.Round(edge)
			if math.Abs(off) < bendReach {
				if column {
					v = edge
				} else {
					u = edge
				}
				into.add(b.terms(u, v), off, 1)
			}
		}
		last, begun = dark, true
	}
}

// line is the polynomial d along the row of modules at v, or the column at u.
func (b *bend) line(d *[bendTerms]float64, at float64, column bool) [4]float64 {
	y := 2*at/b.side - 1
	if column {
		return [4]float64{d[0] + y*(d[1]+y*(d[3]+y*d[6])), d[2] + y*(d[4]+y*d[7]), d[5] + y*d[8], d[9]}
	}
	return [4]float64{d[0] + y*(d[2]+y*(d[5]+y*d[9])), d[1] + y*(d[4]+y*d[8]), d[3] + y*d[7], d[6]}
}

// anchor fits b to the alignment patterns, which codes from version 7 on have all over: where the flat map is off by
// more than half a module, only they tell which line of the grid an edge belongs to. module is the size of one in
// pixels, right and down one along the axes of the code. It reports whether there are enough.
func (b *bend) anchor(bits *bitmap, right, down Point, module float64) bool {
	version, err := decoder.Version_GetVersionForNumber((int(b.side) - 17) / 4)
	if err != nil {
		return false
	}
	centres := version.GetAlignmentPatternCenters()
	if len(centres) < 3 {
		return false
	}
	back := b.flat.adjoint()
	var du, dv normal
	// The finders stand where they are: the flat map was made from them.
	for _, c := range [3]Point{{3.5, 3.5}, {b.side - 3.5, 3.5}, {3.5, b.side - 3.5}} {
		du.add(b.terms(c.X, c.Y), 0, anchorWeight)
		dv.add(b.terms(c.X, c.Y), 0, anchorWeight)
	}
	found := 0
	above := make([]Point, len(centres)) // how far off the pattern above was, and then this one
	for j, row := range centres {
		var left Point
		for i, col := range centres {
			if j == 0 && (i == 0 || i == len(centres)-1) || i == 0 && j == len(centres)-1 {
				left, above[i] = Point{}, Point{}
				continue // a finder
			}
			u, v := float64(col)+0.5, float64(row)+0.5
			// What was off beside it will be off here.
			guess := Point{(left.X + above[i].X) / 2, (left.Y + above[i].Y) / 2}
			p, ok := findAlignment(bits, b.flat.at(u+guess.X, v+guess.Y), right, down, module, anchorReach)
			if ok {
				at := back.at(p.X, p.Y)
				guess = Point{at.X - u, at.Y - v}
				du.add(b.terms(u, v), guess.X, anchorWeight)
				dv.add(b.terms(u, v), guess.Y, anchorWeight)
				found++
			}
			left, above[i] = guess, guess
		}
	}
	if found < 3 {
		return false
	}
	x, ok := du.solve(6)
	y, ok2 := dv.solve(6)
	b.du, b.dv = x, y
	return ok && ok2
}
