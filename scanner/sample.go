package scanner

import "github.com/makiuchi-d/gozxing"

// sample reads side × side modules where at says they are.
func sample(l *levels, at func(u, v float64) Point, side int, area bool) *gozxing.BitMatrix {
	out, err := gozxing.NewSquareBitMatrix(side)
	if err != nil {
		return nil // side is at least minSide
	}
	for y := range side {
		for x := range side {
			p := at(float64(x)+0.5, float64(y)+0.5)
			if l.dark(p.X, p.Y, area) {
				out.Set(x, y)
			}
		}
	}
	return out
}

const (
	// aroundModules is how far the modules reach, to every side, that one is compared with: far enough that dark and light ones
	// are about as many in any code (the masks of ISO/IEC 18004 §7.8 see to that), near enough for the edge of a shadow.
	aroundModules = 3
	// leak8 is, in eighths, the part of a module's grey that blur lets each of its four neighbours have. Blur of half a module lets them have a
	// sixth; taking it off where nothing is blurred only adds contrast.
	leak8 = 1
)

// inModule are the looks into a module, in modules from its edge: its inner three fifths, so that a line of text or a scratch
// across it is only a part of what is seen.
var inModule = [5]float64{0.2, 0.35, 0.5, 0.65, 0.8}

// standingOut reads side × side modules where at says they are by their own grey, not by the threshold of the pixels: dark is what
// is darker than the modules around it, less what blur lent it from its neighbours. It reads what lies under shadows, glare and
// stripes, what shines through, and what is blurred; and costs several times as much.
func standingOut(l *levels, at func(u, v float64) Point, side int) *gozxing.BitMatrix {
	out, err := gozxing.NewSquareBitMatrix(side)
	if err != nil {
		return nil // side is at least minSide
	}
	// With one more row and column of zeros before the first, sums of sums: any square costs four looks.
	n := side + 1
	grey, sums := make([]int32, side*side), make([]int32, n*n)
	// Within a module every map is as good as straight: its corners say where all of it is.
	top, bottom := make([]Point, n), make([]Point, n)
	for x := range bottom {
		bottom[x] = at(float64(x), 0)
	}
	for y := range side {
		top, bottom = bottom, top
		for x := range bottom {
			bottom[x] = at(float64(x), float64(y+1))
		}
		row := int32(0)
		for x := range side {
			g := int32(0)
			for _, dv := range inModule {
				left, right := between(top[x], bottom[x], dv), between(top[x+1], bottom[x+1], dv)
				for _, du := range inModule {
					g += int32(l.value(between(left, right, du)))
				}
			}
			if l.inverted() {
				g = -g
			}
			grey[y*side+x] = g
			row += g
			sums[(y+1)*n+x+1] = sums[y*n+x+1] + row
		}
	}
	for y := range side {
		for x := range side {
			x0, y0 := max(0, x-aroundModules), max(0, y-aroundModules)
			x1, y1 := min(side, x+aroundModules+1), min(side, y+aroundModules+1)
			mean := (sums[y1*n+x1] - sums[y0*n+x1] - sums[y1*n+x0] + sums[y0*n+x0]) / int32((x1-x0)*(y1-y0))
			g := grey[y*side+x]
			off := 8 * (g - mean)
			for _, d := range [4][2]int{{-1, 0}, {1, 0}, {0, -1}, {0, 1}} {
				if u, v := x+d[0], y+d[1]; u >= 0 && v >= 0 && u < side && v < side {
					off += leak8 * (g - grey[v*side+u])
				}
			}
			if off < 0 {
				out.Set(x, y)
			}
		}
	}
	return out
}

// between is the place that is the given part of the way from a to b.
func between(a, b Point, part float64) Point {
	return Point{a.X + part*(b.X-a.X), a.Y + part*(b.Y-a.Y)}
}
