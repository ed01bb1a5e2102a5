package scanner

import (
	"math"
	"math/bits"
)

// frame is the axes of a code as two of its finders suggest them.
type frame struct {
	right, down Point // unit vectors along the top edge and the left edge
	width       float64
	height      float64 // distance of the middles, pixels
	module      float64 // mean module size along the axes of the code, pixels
}

// frameOf takes the frame of three finders.
func frameOf(t triple) frame {
	var f frame
	f.right, f.width = unit(t.tl, t.tr)
	f.down, f.height = unit(t.tl, t.bl)
	f.module = (t.tl.module + t.tr.module + t.bl.module) / 3 * tilt(f.right)
	return f
}

// unit is the direction and distance from a to b.
func unit(a, b finder) (Point, float64) {
	d := math.Hypot(b.x-a.x, b.y-a.y)
	return Point{(b.x - a.x) / d, (b.y - a.y) / d}, d
}

// tilt corrects the size of a module for rotation: rows and columns cross a tilted square on
// a slant, which is longer by 1 / max(|cos|, |sin|).
func tilt(axis Point) float64 { return math.Max(math.Abs(axis.X), math.Abs(axis.Y)) }

// timingLine are the ends of the timing pattern between two finders: the middle of the
// corner modules of both, on the side towards inward.
func timingLine(a, b finder, along, inward Point, k float64) (from, to Point) {
	// Corner modules lie 3 modules from the middle of a finder, both ways.
	ma, mb := 3*a.module*k, 3*b.module*k
	return Point{a.x, a.y}.plus(ma, along, ma, inward), Point{b.x, b.y}.plus(-mb, along, mb, inward)
}

// How far apart the looks along a line are, in pixels: a module gets four, no pixel of a small module is skipped and no scratch
// of a large one. More looks only take longer.
const (
	looksPerModule = 4
	closestLooks   = 2.0 / 3
	widestLooks    = 2.0
)

// changes counts the colour changes on the way from one point to another, up to most, where a module has so many pixels.
// It gives up, with what it has, when there cannot be as many as least any more.
func changes(b *bitmap, from, to Point, module float64, least, most int) int {
	length := math.Hypot(to.X-from.X, to.Y-from.Y)
	n := int(length / min(max(module/looksPerModule, closestLooks), widestLooks))
	if n < 2 || n > 1<<16 { // nothing to see, or not in a picture
		return 0
	}
	// What is left of the way may change with every module, and half as often again: damage does that, too. To expect more only
	// takes longer.
	perLook := 1.5 * length / float64(n) / module
	w := b.walk(from, to, n)
	last := w.look(1)
	count := 0
	for left := n; left > 0; {
		k := min(left, 64)
		left -= k
		// The looks as bits beside each other, and each beside the one before.
		seen := w.look(k)
		count += bits.OnesCount64(seen ^ (seen>>1 | last<<(k-1)))
		last = seen & 1
		if count > most || float64(count)+perLook*float64(left)+2 < float64(least) {
			break
		}
	}
	return count
}

// joined reports whether a and c are finders of one code whose inner side is towards inward: both are
// complete squares along these axes, and a timing pattern runs between them.
func joined(l *levels, a, c finder, along, inward Point, distance float64) bool {
	k := tilt(along)
	b := l.bits
	if !square(b, a, along, inward, a.module*k) || !square(b, c, along, inward, c.module*k) {
		return false
	}
	from, to := timingLine(a, c, along, inward, k)
	count := changes(b, from, to, (a.module+c.module)/2*k, 0, maxSide)
	// From one corner module to the other there is a change per module. A sixth off for the guess at
	// the module size, two for blurred ends; and the ends are both dark.
	want := distance/((a.module+c.module)/2*k) - 6
	if count%2 != 0 || math.Abs(float64(count)-want) > max(2, want/6) {
		return false
	}
	// Every module must have its colour, not only the number of changes be right: text and
	// rulers have changes too. An eighth may be wrong.
	wrong := 0
	var sum, n [2]int // light and dark modules
	for i := 0; i <= count; i++ {
		part := float64(i) / float64(count)
		p := Point{from.X + part*(to.X-from.X), from.Y + part*(to.Y-from.Y)}
		if b.at(floor(p.X), floor(p.Y)) != (i%2 == 0) {
			wrong++
		}
		sum[i%2] += l.value(p)
		n[i%2]++
	}
	if wrong*8 > count {
		return false
	}
	// On a gradient the threshold alone changes from block to block and may alternate by chance. A printed
	// pattern has the contrast of its finders, or what blur leaves of it: a third.
	steps := sum[1]/n[1] - sum[0]/n[0]
	m := Point{a.x, a.y}
	full := l.value(m.plus(2*a.module*k, along, 0, inward)) - l.value(m)
	if l.inverted() {
		steps, full = -steps, -full
	}
	return full > 0 && 3*steps >= full
}

// value is the grey at p; light outside the picture.
func (l *levels) value(p Point) int {
	x, y := floor(p.X), floor(p.Y)
	if !l.bits.inside(x, y) {
		return 0xFF
	}
	return int(l.grey.pix[y*l.grey.stride+x])
}

// squareMisses of 49 modules may be wrong: a tenth.
const squareMisses = 5

// square reports whether the 7 × 7 modules around f are those of a finder.
func square(b *bitmap, f finder, along, across Point, module float64) bool {
	wrong := 0
	for v := -3; v <= 3; v++ {
		for u := -3; u <= 3; u++ {
			far := max(u, -u, v, -v)
			p := Point{f.x, f.y}.plus(float64(u)*module, along, float64(v)*module, across)
			if b.at(floor(p.X), floor(p.Y)) != (far != 2) {
				if wrong++; wrong > squareMisses {
					return false
				}
			}
		}
	}
	return true
}
