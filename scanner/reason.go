package scanner

import (
	"fmt"
	"math"
	"strings"
)

// Unread is a code that was seen and could not be read: where it is and what is wrong with it.
type Unread struct {
	Why Why
	// Edges are the edges of the picture at which it is cut off, for CutOff: "left", "top", "right", "bottom".
	Edges []string
	// Module is the side of one module in pixels of the picture.
	Module float64
	// Corners are where it seems to lie, clockwise, in the coordinates of the picture. What is cut off lies outside of it.
	Corners [4]Point

	// weight is how much was seen: the more, the nearer to the truth.
	weight int
}

// Why is what is wrong with a code that cannot be read.
type Why string

// What can be wrong. The words are for programs; String is for people.
const (
	// CutOff: it goes on beyond an edge of the picture.
	CutOff Why = "cut-off"
	// Covered: one of its three corner patterns is not to be seen.
	Covered Why = "covered"
	// TooSmall: it has too few pixels, see minReadable.
	TooSmall Why = "too-small"
	// Damaged: its pattern is whole, and more of its content is covered, smeared or missing than it can do without.
	Damaged Why = "damaged"
)

// minReadable in pixels per module: below, what was not read was most likely too small.
const minReadable = 1.8

// String says it in words that go on after "There is a QR code, but": "it is cut off at the left edge".
func (u *Unread) String() string {
	switch u.Why {
	case CutOff:
		edges := strings.Join(u.Edges, " and the ")
		return "it is cut off at the " + edges + " edge"
	case Covered:
		return "a corner of it is covered"
	case TooSmall:
		return fmt.Sprintf("it is too small: its squares are %.1f pixels wide, and two are needed", u.Module)
	}
	return "too much of it is covered, blurred or damaged"
}

// maxExplained is how many pairs of finders are looked at, in one level and polarity, for want of a code: all pairs
// of some sixty.
const maxExplained = 4096

// maxHidden is how many codes with a hidden finder are tried in one level and polarity, two for each pair of finders: more are rarely
// on a screen, and each costs what any code costs.
const maxHidden = 16

// What was seen of a code, by how much it says.
const (
	sawOneFinder = 1 + iota // and a timing pattern from there to an edge of the picture
	sawTwoFinders
	sawGrid
)

// explain says what is wrong with a code in l that was not read; nil when there seems to be none. A single
// finder is no evidence: icons, radio buttons and the letter O look like one; three of
// them in a right angle are not either, on a desktop with rows of icons. Two with a timing pattern between them are enough,
// so that a code that is cut off or half covered is seen too; or one from which a timing pattern runs out of the picture.
//
// hidden are the codes that those two may be part of, with the finder that is not to be seen where it has to be.
func explain(l *levels, k *links, e *effort, scale float64) (unread *Unread, hidden []triple) {
	if e.framed != nil {
		u := Unread{Why: Damaged, Corners: *e.framed, Module: e.framedModule, weight: sawGrid}
		if cornerHidden(l.bits, u.Corners, float64(e.framedSide)) {
			u.Why = Covered
		}
		return verdict(l.bits, u, scale), nil
	}
	fs := k.fs
	left := maxExplained
pairs:
	for i, a := range fs {
		for j, c := range fs {
			// Corners of one code are of one size; a third covers perspective.
			if i == j || ratio(a.module, c.module) > 0.35 || k.stale(&a, &c, &c) {
				continue
			}
			along, distance := unit(a, c)
			m := (a.module + c.module) / 2 * tilt(along)
			if distance < 13*m || distance > 175*m { // versions 1 to 40, as in joinTriples
				continue
			}
			if left--; left < 0 {
				break pairs
			}
			inward := Point{-along.Y, along.X}
			if k.along(i, j) == 0 || !joined(l, a, c, along, inward, distance) {
				continue
			}
			n := k.along(i, j)
			// The one that is hidden is the lower left, or the upper right.
			if hidden = append(hidden,
				triple{tl: a, tr: c, bl: a.moved(distance, inward), top: n},
				triple{tl: c, tr: c.moved(distance, inward), bl: a, left: n}); len(hidden) >= maxHidden {
				break pairs
			}
			if unread != nil {
				continue // of several the first is explained
			}
			side := float64(n)
			m = distance / (side - 7)
			u := Unread{Why: Covered, Module: m, weight: sawTwoFinders, Corners: laidOut(a, along, inward, m, side)}
			// A third finder where one belongs: then nothing hides the corners.
			for _, f := range fs {
				for _, from := range [2]finder{a, c} {
					want := Point{from.x, from.y}.plus(distance, inward, 0, along)
					if math.Hypot(f.x-want.X, f.y-want.Y) < 3*m && ratio(f.module, a.module) < 0.35 {
						u.Why = Damaged
					}
				}
			}
			unread = verdict(l.bits, u, scale)
		}
	}
	if unread != nil {
		return unread, hidden
	}
	if u, t := facing(l, k, scale); u != nil {
		return u, []triple{t}
	}
	for _, f := range fs {
		if !f.known {
			if u := alone(l, f, scale); u != nil {
				return u, nil
			}
		}
	}
	return nil, nil
}

// aloneTurns is in how many directions within a quarter of a turn a single finder is looked at: every 15°. A square that is off by half of
// that still looks like one, and its own edges say the rest.
const aloneTurns = 6

// alone looks for a code of which only the finder f is to be seen, and a timing pattern that sets out from there: to the edge of the
// picture, or until something covers it. nil when there is none.
func alone(l *levels, f finder, scale float64) *Unread {
	var covered *Unread
	for turn := range aloneTurns {
		sin, cos := math.Sincos(math.Pi / 2 * float64(turn) / aloneTurns)
		right, down, module := Point{cos, sin}, Point{-sin, cos}, f.module*cos
		if turn > aloneTurns/2 {
			module = f.module * sin
		}
		if !square(l.bits, f, right, down, module) {
			continue
		}
		if turn != 0 {
			c, ok := ringCorners(l.bits, f, right, down)
			if !ok {
				continue
			}
			x, y := c[1].X-c[0].X+c[2].X-c[3].X, c[1].Y-c[0].Y+c[2].Y-c[3].Y
			d := math.Hypot(x, y)
			right, down, module = Point{x / d, y / d}, Point{-y / d, x / d}, d/2/(2*ringMiddle)
		}
		for _, way := range [4][2]Point{{right, down}, {down, right}, {right.back(), down}, {down.back(), right}} {
			for _, sense := range [2]float64{1, -1} {
				along, inward := way[0], Point{way[1].X * sense, way[1].Y * sense}
				// How large the code is nobody knows; the smallest is what is certain.
				if edge, distance, ok := leaves(l, f, along, inward, module); ok {
					return &Unread{
						Why: CutOff, Edges: []string{edges[edge]}, Module: module, weight: sawOneFinder,
						Corners: laidOut(f, along, inward, module, math.Max(minSide, distance/module+7)),
					}
				}
				if covered == nil && setsOut(l.bits, f, along, inward, module, aloneModules) && !striped(l.bits, f, along, inward, module) {
					covered = verdict(l.bits, Unread{Why: Covered, Module: module, weight: sawOneFinder, Corners: laidOut(f, along, inward, module, minSide+4)}, scale)
				}
			}
		}
	}
	return covered
}

// back is the other way.
func (p Point) back() Point { return Point{-p.X, -p.Y} }

// moved is a finder like f some pixels away.
func (f finder) moved(by float64, dir Point) finder {
	f.x, f.y = f.x+by*dir.X, f.y+by*dir.Y
	return f
}

// cornerHidden reports whether one of the three finders of a code with these corners is not to be seen: a third of its modules and more are wrong.
func cornerHidden(b *bitmap, corners [4]Point, side float64) bool {
	place := warpQuad([4]Point{{0, 0}, {side, 0}, {side, side}, {0, side}}, corners)
	for _, c := range [3]Point{{3.5, 3.5}, {side - 3.5, 3.5}, {3.5, side - 3.5}} {
		wrong := 0
		for v := -3; v <= 3; v++ {
			for u := -3; u <= 3; u++ {
				p := place.at(c.X+float64(u), c.Y+float64(v))
				if b.at(floor(p.X), floor(p.Y)) != (max(u, -u, v, -v) != 2) {
					wrong++
				}
			}
		}
		if 3*wrong > 49 {
			return true
		}
	}
	return false
}

// facing looks for a code whose upper left corner is covered: two finders across from each other, from each of which a timing pattern
// sets out to where the third should be. nil when there is none.
func facing(l *levels, k *links, scale float64) (*Unread, triple) {
	left := maxExplained
	for i, a := range k.fs {
		for _, c := range k.fs[:i] {
			if ratio(a.module, c.module) > 0.35 || k.stale(&a, &c, &c) {
				continue
			}
			across, distance := unit(a, c)
			d := distance / math.Sqrt2
			for _, sense := range [2]float64{1, -1} {
				// The missing corner, and from there to both.
				p := Point{(a.x + c.x) / 2, (a.y + c.y) / 2}.plus(-sense*distance/2*across.Y, Point{1, 0}, sense*distance/2*across.X, Point{0, 1})
				toA, toC := Point{(a.x - p.X) / d, (a.y - p.Y) / d}, Point{(c.x - p.X) / d, (c.y - p.Y) / d}
				m := (a.module + c.module) / 2 * tilt(toA)
				if d < 13*m || d > 175*m {
					continue
				}
				if left--; left < 0 {
					return nil, triple{}
				}
				// The distance knows the side of a module better than a finder does, if the number of modules is right.
				near := math.Round((d/m+6)/4)*4 + 1
				for _, side := range [3]float64{near, near - 4, near + 4} {
					m := d / (side - 7)
					if side < minSide || !setsOut(l.bits, a, toA.back(), toC, m, facingModules) || !setsOut(l.bits, c, toC.back(), toA, m, facingModules) {
						continue
					}
					u := Unread{Why: Covered, Module: m, weight: sawTwoFinders}
					u.Corners = laidOut(finder{x: p.X, y: p.Y}, toA, toC, m, side)
					t := triple{tl: a.moved(-d, toA), tr: a, bl: c, top: int(side), left: int(side)}
					if toA.X*toC.Y-toA.Y*toC.X < 0 {
						t.tr, t.bl = c, a
					}
					return verdict(l.bits, u, scale), t
				}
			}
		}
	}
	return nil, triple{}
}

const (
	// facingModules of a timing pattern, and all of them, set out from each of two finders that face each other: fewer are text.
	facingModules = 9
	// aloneModules do from a finder that has no other.
	aloneModules = 14
)

// setsOut reports whether a timing pattern of n modules of m pixels begins at f and goes along.
func setsOut(b *bitmap, f finder, along, inward Point, m float64, n int) bool {
	for i := range n {
		p := Point{f.x, f.y}.plus(float64(3+i)*m, along, 3*m, inward)
		if b.at(floor(p.X), floor(p.Y)) != (i%2 == 0) {
			return false
		}
	}
	return square(b, f, along, inward, m)
}

// striped reports whether what looks like a timing pattern goes on in the row of modules beside it, on either side: cloth does, a code has its
// data there.
func striped(b *bitmap, f finder, along, inward Point, m float64) bool {
	for _, row := range [2]float64{2, 4} {
		same := 0
		for i := 5; i < aloneModules; i++ { // beyond the finder and the light around it
			p := Point{f.x, f.y}.plus(float64(3+i)*m, along, row*m, inward)
			if b.at(floor(p.X), floor(p.Y)) == (i%2 == 0) {
				same++
			}
		}
		if same >= aloneModules-5-1 {
			return true
		}
	}
	return false
}

// laidOut are the corners of a code of side modules that has the finder f in a corner.
func laidOut(f finder, along, inward Point, module, side float64) [4]Point {
	c := Point{f.x, f.y}.plus(-3.5*module, along, -3.5*module, inward)
	d := side * module
	out := [4]Point{c, c.plus(d, along, 0, inward), c.plus(d, along, d, inward), c.plus(0, along, d, inward)}
	if along.X*inward.Y-along.Y*inward.X < 0 { // the other way round
		out[1], out[3] = out[3], out[1]
	}
	return out
}

// edges are the words for the edges of a picture.
var edges = [4]string{"left", "top", "right", "bottom"}

// verdict looks whether u is cut off, or too small, which say more than what it came with. scale is the size of the pixels of b
// in pixels of the original.
func verdict(b *bitmap, u Unread, scale float64) *Unread {
	// Half a finder outside: less than that is the error of the guess.
	slack := 3.5 * u.Module
	var out [4]bool
	for _, p := range u.Corners {
		out[0] = out[0] || p.X < -slack
		out[1] = out[1] || p.Y < -slack
		out[2] = out[2] || p.X > float64(b.w)+slack
		out[3] = out[3] || p.Y > float64(b.h)+slack
	}
	for i, edge := range edges {
		if out[i] {
			u.Edges = append(u.Edges, edge)
		}
	}
	switch {
	case len(u.Edges) > 0:
		u.Why = CutOff
	case u.Module*scale < minReadable:
		u.Why = TooSmall
	}
	return &u
}

// wayOut is which edge of the picture is met first from p on, and how far it is.
func wayOut(b *bitmap, p, along Point) (edge int, distance float64) {
	distance = math.Inf(1)
	for i, d := range [4]float64{p.X / -along.X, p.Y / -along.Y, (float64(b.w) - p.X) / along.X, (float64(b.h) - p.Y) / along.Y} {
		if d >= 0 && d < distance { // not so for NaN
			edge, distance = i, d
		}
	}
	return edge, distance
}

// leaves reports whether a timing pattern of such modules runs from f along a line to an edge of the picture, which, and how far it is from
// the middle of f. Six modules of it at least: fewer are text.
func leaves(l *levels, f finder, along, inward Point, module float64) (edge int, distance float64, ok bool) {
	if !square(l.bits, f, along, inward, module) {
		return 0, 0, false
	}
	first := Point{f.x, f.y}.plus(3*module, along, 3*module, inward)
	edge, length := wayOut(l.bits, first, along)
	n := int(length/module - 0.5) // modules from the corner of the finder to the edge
	if n < 7 || n > maxSide {
		return 0, 0, false
	}
	wrong := 0
	for i := range n {
		p := first.plus(float64(i)*module, along, 0, inward)
		if l.bits.at(floor(p.X), floor(p.Y)) != (i%2 == 0) {
			wrong++
		}
	}
	// The count of changes must fit too, or stripes of another width would do.
	to := first.plus(float64(n-1)*module, along, 0, inward)
	count := changes(l.bits, first, to, module, 0, maxSide)
	return edge, length + 3*module, wrong*8 <= n && math.Abs(float64(count-(n-1))) <= 1+float64(n)/8
}
