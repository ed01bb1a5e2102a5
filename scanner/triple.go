package scanner

import (
	"cmp"
	"math"
	"slices"
	"sync/atomic"
)

// triple is three finders that could be the corners of one code.
type triple struct {
	tl, tr, bl finder
	// What counting the changes of colour along the top and the left edge says the side is, in modules.
	top, left int
}

// candidate is a triple while it waits to be ranked: small, because there may be many.
type candidate struct {
	// misfit is how far the three are from a right angle with equal sides, 0 is perfect.
	misfit     float32
	tl, tr, bl int32 // indices
}

const (
	// maxTriples caps those that are looked at in one level and polarity, best first.
	maxTriples = 200
	// maxMisfit is what a code has that leans by 60°, the most that a camera sees modules at.
	maxMisfit = 1.6
	// oneTiming is added to the misfit where only one edge has a timing pattern.
	oneTiming = 0.4
	// Distance of two corners in modules: version 1 has 14 between their middles, version 40 has 170.
	// Wider by a third and a fifth, because the module size of a small finder is a rough guess.
	minDistance = 9.5
	maxDistance = 205
	// nearFinders is how many a finder is joined with, the nearest, when there are more than perSize: in a crowd of codes its own
	// lies next to it, and the nearest corners of all eight codes around it are fewer than these.
	nearFinders = 28
)

// links remembers what lies between the finders of a level: a timing pattern is looked for once per pair and side,
// however many triples the pair is part of.
type links struct {
	b     *bitmap
	fs    []finder
	news  *tiles         // what the look before did not show
	count []atomic.Int32 // sides in modules as counted, by from, to; 0: not looked at, -1: nothing like a timing pattern
	walks atomic.Int32   // how many lines were looked at
}

func newLinks(b *bitmap, fs []finder, news *tiles) *links {
	return &links{b: b, fs: fs, news: news, count: make([]atomic.Int32, len(fs)*len(fs))}
}

// stale reports whether the look before showed all there is to see of a code that has these three finders.
func (k *links) stale(a, f, g *finder) bool {
	return a.known && f.known && g.known && !k.news.at((f.x+g.x)/2, (f.y+g.y)/2) &&
		!k.news.at((a.x+f.x)/2, (a.y+f.y)/2) && !k.news.at((a.x+g.x)/2, (a.y+g.y)/2)
}

// along is the number of modules a code would have whose edge runs from finder i to finder j and which lies on the right
// of that way, y growing downwards; 0 when what lies between them is no timing pattern. It may be asked by two goroutines at once.
func (k *links) along(i, j int) int {
	c := &k.count[i*len(k.fs)+j]
	n := c.Load()
	if n == 0 {
		n = k.side(k.fs[i], k.fs[j])
		if c.CompareAndSwap(0, n) {
			k.walks.Add(1)
		}
	}
	return max(0, int(n))
}

// side counts what along returns; -1 where there is no timing pattern.
func (k *links) side(a, f finder) int32 {
	along, distance := unit(a, f)
	inward := Point{-along.Y, along.X}
	tilted := tilt(along)
	from, to := timingLine(a, f, along, inward, tilted)
	module := (a.module + f.module) / 2 * tilted
	guess := distance/module + 7
	if !k.begins(from, to, along, module, guess) {
		return -1
	}
	// The way from corner module to corner module is 13 modules shorter than the code, and
	// changes colour with every module. A count far off the geometry is text, not timing.
	off := 0.2*guess + 4
	n := changes(k.b, from, to, module, max(int(guess-off), leastSide)-13, int(guess+off)-12) + 13
	if n < leastSide || math.Abs(float64(n)-guess) >= off {
		return -1
	}
	return int32(n)
}

// leastSide is how few modules wide a code may seem: one module of version 1 may be lost, and its edges with it. Between icons
// there are two or four changes of colour.
const leastSide = minSide - 2

const (
	// endModules at either end of a long line are looked at first: nearly all lines are none of a code, and end there.
	endModules = 12
	// Where at least so many and at most so many changes are there, the line goes on; the size of a module is known to a
	// third.
	endLeast, endMost = 7, 17
)

// begins reports whether the way from one corner module to another looks like a timing pattern at one of its ends at least: the
// other may be covered.
func (k *links) begins(from, to, along Point, module, guess float64) bool {
	if guess-13 < 3*endModules {
		return true
	}
	reach := endModules * module
	for _, end := range [2]Point{from, to.plus(-reach, along, 0, along)} {
		if n := changes(k.b, end, end.plus(reach, along, 0, along), module, 0, endMost+1); n >= endLeast && n <= endMost {
			return true
		}
	}
	return false
}

// pairWork is what looking at a pair of finders costs, in pixels of other stages.
const pairWork = 64

// joinTriples lists which finders could belong together, the best first.
func joinTriples(k *links, e *effort) []triple {
	n := len(k.fs)
	var halves [2][]candidate
	var joins [2]int
	bands(n, n*n*pairWork, func(from, to int) {
		half := 0
		if from > 0 {
			half = 1
		}
		halves[half], joins[half] = k.join(from, to)
	})
	e.joins += joins[0] + joins[1]
	e.walks += int(k.walks.Load())
	out := best(append(halves[0], halves[1]...))
	e.triples += len(out)
	ts := make([]triple, len(out))
	for i, c := range out {
		ts[i] = triple{k.fs[c.tl], k.fs[c.tr], k.fs[c.bl], k.along(int(c.tl), int(c.tr)), k.along(int(c.bl), int(c.tl))}
	}
	return ts
}

// join lists the candidates with one of the finders [from, to) in the upper left. joins is how many were looked at.
func (k *links) join(from, to int) (out []candidate, joins int) {
	type side struct {
		dx, dy, length float64
		to             int
	}
	fs := k.fs
	var sides []side
	for i := from; i < to; i++ {
		a := fs[i]
		sides = sides[:0]
		for j := range fs {
			f := fs[j]
			if j == i || f.module > 1.7*a.module+0.3 || a.module > 1.7*f.module+0.3 {
				continue
			}
			dx, dy := f.x-a.x, f.y-a.y
			m := (a.module + f.module) / 2
			square := dx*dx + dy*dy
			if square < minDistance*minDistance*m*m || square > maxDistance*maxDistance*m*m {
				continue
			}
			sides = append(sides, side{dx, dy, math.Sqrt(square), j})
		}
		if len(sides) > perSize {
			slices.SortFunc(sides, func(a, b side) int { return cmp.Or(cmp.Compare(a.length, b.length), cmp.Compare(a.to, b.to)) })
			sides = sides[:nearFinders]
		}
		joins += len(sides) * len(sides)
		for _, u := range sides {
			for _, v := range sides {
				// y grows downwards, so the way from the upper right round to the lower left turns
				// with a positive cross product. The other sense is the same three the other way round.
				area := u.length * v.length
				turn := u.dx*v.dy - u.dy*v.dx
				if turn < 0.65*area || v.length > 1.8*u.length || u.length > 1.8*v.length {
					continue // more than 50° away from a right angle, or sides too unequal even for a camera
				}
				r, b := fs[u.to], fs[v.to]
				misfit := ratio(u.length, v.length) + math.Abs(u.dx*v.dx+u.dy*v.dy)/area +
					0.4*(ratio(r.module, a.module)+ratio(b.module, a.module))
				if misfit > maxMisfit || k.stale(&a, &r, &b) {
					continue
				}
				// One of two timing patterns may be covered, but then the rest should fit all the better.
				if top, left := k.along(i, u.to), k.along(v.to, i); top == 0 && left == 0 {
					continue
				} else if top == 0 || left == 0 {
					misfit += oneTiming
				}
				out = append(out, candidate{float32(misfit), int32(i), int32(u.to), int32(v.to)})
			}
		}
		// Every so often only the best are kept, so that memory stays bounded too.
		if len(out) > 16*maxTriples {
			out = best(out)
		}
	}
	return out, joins
}

// best keeps the maxTriples that fit best; among equals the order of the finders decides, so that the same picture always
// gives the same result.
func best(cs []candidate) []candidate {
	slices.SortFunc(cs, func(a, b candidate) int {
		if c := cmp.Compare(a.misfit, b.misfit); c != 0 {
			return c // nearly always
		}
		return cmp.Or(cmp.Compare(a.tl, b.tl), cmp.Compare(a.tr, b.tr), cmp.Compare(a.bl, b.bl))
	})
	return cs[:min(len(cs), maxTriples)]
}

// ratio is by which part the larger of two exceeds the smaller.
func ratio(a, b float64) float64 { return max(a, b)/min(a, b) - 1 }
