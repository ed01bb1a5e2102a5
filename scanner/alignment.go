package scanner

import "math"

// ring is the eight directions around a module.
var ring = [8]Point{{-1, -1}, {0, -1}, {1, -1}, {-1, 0}, {1, 0}, {-1, 1}, {0, 1}, {1, 1}}

// findAlignment looks for the middle of an alignment pattern (a dark module in a light ring in a dark one, ISO/IEC
// 18004 §6.3.6) within radius modules of near. right and down are one module along the axes of the code.
func findAlignment(b *bitmap, near, right, down Point, module, radius float64) (Point, bool) {
	if !near.finite() {
		return Point{}, false
	}
	// Three probes per module hit the middle one wherever it lies, and keep the number of probes the same
	// for every module size: (6·6+1)² at most.
	step := max(1, int(module/3))
	reach := max(2, int(radius*module))
	var found Point
	lowest := math.Inf(1)
	for dy := -reach; dy <= reach; dy += step {
		for dx := -reach; dx <= reach; dx += step {
			x, y := floor(near.X)+dx, floor(near.Y)+dy
			if !b.at(x, y) {
				continue
			}
			p, ok := spot(b, x, y, module)
			if !ok {
				continue
			}
			wrong := 0
			for _, r := range ring {
				if q := p.plus(r.X, right, r.Y, down); b.at(floor(q.X), floor(q.Y)) {
					wrong++
				}
				if q := p.plus(2*r.X, right, 2*r.Y, down); !b.at(floor(q.X), floor(q.Y)) {
					wrong++
				}
			}
			// Of sixteen modules a quarter may be wrong: rounding on small codes, dots instead of squares.
			if wrong > 4 {
				continue
			}
			// The best ring wins, and among equals the one nearest to where it should be.
			score := float64(wrong)*module + 0.5*math.Hypot(p.X-near.X, p.Y-near.Y)
			if score < lowest {
				lowest, found = score, p
			}
		}
	}
	return found, !math.IsInf(lowest, 1)
}

// spot measures the dark run through (x, y) along the row and then the column; it is a spot when both are about one
// module. The middle of it is returned.
func spot(b *bitmap, x, y int, module float64) (Point, bool) {
	most := int(2*module) + 1
	l, r := run(b, x, y, -1, 0, most), run(b, x, y, 1, 0, most)
	wide := float64(l + r + 1)
	slack := 0.6*module + 0.7 // half a module for rotation and dots, a pixel for rounding; half or twice as much reads the same
	if math.Abs(wide-module) > slack {
		return Point{}, false
	}
	mx := x + (r-l)/2
	u, d := run(b, mx, y, 0, -1, most), run(b, mx, y, 0, 1, most)
	if tall := float64(u + d + 1); math.Abs(tall-module) > slack {
		return Point{}, false
	}
	return Point{float64(x) + float64(r-l)/2 + 0.5, float64(y) + float64(d-u)/2 + 0.5}, true
}

// run counts dark pixels next to (x, y) in one direction, up to most.
func run(b *bitmap, x, y, dx, dy, most int) int {
	n := 0
	for n < most && b.at(x+(n+1)*dx, y+(n+1)*dy) {
		n++
	}
	return n
}
