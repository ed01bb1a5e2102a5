package scanner

import "math"

// warp maps modules to pixels: a projective map of the plane, rows of a 3 × 3 matrix.
type warp [9]float64

// warpQuad is the warp that takes each corner of from to the same corner of to. Three corners on
// one line have none; the result is then not finite, and everything sampled through it is light.
func warpQuad(from, to [4]Point) warp {
	return unitTo(to).mul(unitTo(from).adjoint())
}

// unitTo takes the unit square, corner by corner (0,0), (1,0), (1,1), (0,1), to q.
// Heckbert, Fundamentals of Texture Mapping and Image Warping, §2.2.3.
func unitTo(q [4]Point) warp {
	sx, sy := q[0].X-q[1].X+q[2].X-q[3].X, q[0].Y-q[1].Y+q[2].Y-q[3].Y
	dx1, dy1 := q[1].X-q[2].X, q[1].Y-q[2].Y
	dx2, dy2 := q[3].X-q[2].X, q[3].Y-q[2].Y
	d := dx1*dy2 - dx2*dy1
	g, h := (sx*dy2-dx2*sy)/d, (dx1*sy-sx*dy1)/d
	return warp{
		q[1].X - q[0].X + g*q[1].X, q[3].X - q[0].X + h*q[3].X, q[0].X,
		q[1].Y - q[0].Y + g*q[1].Y, q[3].Y - q[0].Y + h*q[3].Y, q[0].Y,
		g, h, 1,
	}
}

// adjoint is the inverse up to a factor, which a projective map does not feel.
func (m warp) adjoint() warp {
	return warp{
		m[4]*m[8] - m[5]*m[7], m[2]*m[7] - m[1]*m[8], m[1]*m[5] - m[2]*m[4],
		m[5]*m[6] - m[3]*m[8], m[0]*m[8] - m[2]*m[6], m[2]*m[3] - m[0]*m[5],
		m[3]*m[7] - m[4]*m[6], m[1]*m[6] - m[0]*m[7], m[0]*m[4] - m[1]*m[3],
	}
}

func (m warp) mul(n warp) (p warp) {
	for r := range 3 {
		for c := range 3 {
			p[3*r+c] = m[3*r]*n[c] + m[3*r+1]*n[3+c] + m[3*r+2]*n[6+c]
		}
	}
	return p
}

// at is where the module coordinate (u, v) lies in the picture.
func (m warp) at(u, v float64) Point {
	w := m[6]*u + m[7]*v + m[8]
	return Point{(m[0]*u + m[1]*v + m[2]) / w, (m[3]*u + m[4]*v + m[5]) / w}
}

func (p Point) finite() bool {
	return !math.IsNaN(p.X) && !math.IsInf(p.X, 0) && !math.IsNaN(p.Y) && !math.IsInf(p.Y, 0)
}

// plus is p moved by u along a and by v along b.
func (p Point) plus(u float64, a Point, v float64, b Point) Point {
	return Point{p.X + u*a.X + v*b.X, p.Y + u*a.Y + v*b.Y}
}
