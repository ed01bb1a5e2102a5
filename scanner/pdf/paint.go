package pdf

import (
	"context"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
	"golang.org/x/image/vector"
)

// matrix maps a point (x, y) to (ax+cy+e, bx+dy+f); ISO 32000-1, 8.3.3.
type matrix struct{ a, b, c, d, e, f float64 }

// then is first m, then n.
func (m matrix) then(n matrix) matrix {
	return matrix{
		m.a*n.a + m.b*n.c, m.a*n.b + m.b*n.d,
		m.c*n.a + m.d*n.c, m.c*n.b + m.d*n.d,
		m.e*n.a + m.f*n.c + n.e, m.e*n.b + m.f*n.d + n.f,
	}
}

func (m matrix) apply(p point) point { return point{m.a*p.x + m.c*p.y + m.e, m.b*p.x + m.d*p.y + m.f} }

type point struct{ x, y float64 }

// painter draws pages on grey paper.
type painter struct {
	ctx    context.Context
	doc    *model.Context
	paper  *image.Gray
	images int
	drawn  int  // pixels of pictures, read and painted
	unread bool // a picture was there that could not be unpacked
	ops    int
}

// state is the part of the graphics state that filling needs; ISO 32000-1, 8.4.
type state struct {
	ctm  matrix
	ink  uint8 // grey value of what is filled
	hide bool  // the fill is a pattern, which is not drawn
	fill space // what the components of a colour stand for
}

// page draws one page.
func (p *painter) page(content []byte, of inherited) image.Image {
	w, h := of.box.x1-of.box.x0, of.box.y1-of.box.y0
	scale := min(dpi/72.0, maxSide/max(w, h))
	p.paper = image.NewGray(image.Rect(0, 0, max(1, int(math.Ceil(w*scale))), max(1, int(math.Ceil(h*scale)))))
	for i := range p.paper.Pix {
		p.paper.Pix[i] = 0xff
	}
	p.images, p.drawn, p.ops = 0, 0, 0
	// From points with the origin at the lower left to pixels with the origin at the upper left.
	p.paint(content, of.resources, state{fill: space{kind: light, n: 1}, ctm: matrix{scale, 0, 0, -scale, -of.box.x0 * scale, of.box.y1 * scale}}, 0)
	return p.paper
}

// paint follows one content stream.
func (p *painter) paint(content []byte, resources types.Dict, s state, depth int) {
	objects := p.dict(resources["XObject"])
	r := reader{data: content}
	var saved []state
	var args []float64
	var named string
	var path []subpath
	arg := func(i int) float64 {
		if i < len(args) {
			return args[i]
		}
		return 0
	}
	add := func(points ...point) {
		if len(path) == 0 {
			path = append(path, subpath{})
		}
		last := &path[len(path)-1]
		for _, at := range points {
			last.points = append(last.points, s.ctm.apply(at))
		}
	}
	for {
		t, ok := r.next()
		if !ok || p.ops > maxOps {
			return
		}
		switch t.kind {
		case number:
			if len(args) < 16 {
				args = append(args, t.n)
			}
			continue
		case name:
			named = t.text
			continue
		case other:
			continue
		}
		if p.ops++; p.ops%1024 == 0 && p.ctx.Err() != nil {
			return
		}
		switch t.text {
		case "q":
			if len(saved) < maxDeep {
				saved = append(saved, s)
			}
		case "Q":
			if n := len(saved); n > 0 {
				s, saved = saved[n-1], saved[:n-1]
			}
		case "cm":
			s.ctm = matrix{arg(0), arg(1), arg(2), arg(3), arg(4), arg(5)}.then(s.ctm)
		case "m":
			path = append(path, subpath{})
			add(point{arg(0), arg(1)})
		case "l":
			add(point{arg(0), arg(1)})
		case "c": // a curve is drawn as the polygon of its points: modules with round corners stay modules
			add(point{arg(0), arg(1)}, point{arg(2), arg(3)}, point{arg(4), arg(5)})
		case "v", "y":
			add(point{arg(0), arg(1)}, point{arg(2), arg(3)})
		case "re":
			x, y, w, h := arg(0), arg(1), arg(2), arg(3)
			path = append(path, subpath{})
			add(point{x, y}, point{x + w, y}, point{x + w, y + h}, point{x, y + h})
		case "f", "F", "f*", "b", "b*", "B", "B*":
			if !s.hide {
				p.fill(path, s.ink, strings.HasSuffix(t.text, "*"))
			}
			path = nil
		case "n", "S", "s":
			path = nil
		case "g":
			s.fill, s.ink, s.hide = space{kind: light, n: 1}, luma(arg(0), arg(0), arg(0)), false
		case "rg":
			s.fill, s.ink, s.hide = space{kind: rgb, n: 3}, luma(arg(0), arg(1), arg(2)), false
		case "k":
			s.fill, s.ink, s.hide = space{kind: cmyk, n: 4}, inks(arg(0), arg(1), arg(2), arg(3)), false
		case "cs":
			s.fill, _ = p.space(types.Name(named), resources, 0)
			s.ink, s.hide = 0, named == "Pattern"
		case "sc", "scn":
			if v, ok := s.fill.inkOf(args); ok {
				s.ink = v
			}
		case "Do":
			p.object(objects[named], resources, s, depth)
		case "BI":
			if sd := r.inline(); sd != nil {
				p.image(sd, resources, s)
			}
		}
		args, named = args[:0], ""
	}
}

// subpath is a polygon, in pixels.
type subpath struct {
	points []point
	turned bool // is to be gone through the other way round
}

// luma is the brightness of a colour whose parts go from 0 to 1, with the weights of BT.601.
func luma(r, g, b float64) uint8 { return level(0.299*r + 0.587*g + 0.114*b) }

func inks(c, m, y, k float64) uint8 {
	return luma((1-c)*(1-k), (1-m)*(1-k), (1-y)*(1-k))
}

// inkOf is the grey of the components that an operator names; false when there are none. Where the space is not known, or has
// another number of them, they are what so many usually are.
func (s space) inkOf(v []float64) (uint8, bool) {
	if len(v) != s.n || s.n == 0 {
		switch len(v) {
		case 1:
			return luma(v[0], v[0], v[0]), true
		case 3:
			return luma(v[0], v[1], v[2]), true
		case 4:
			return inks(v[0], v[1], v[2], v[3]), true
		}
		return 0, false
	}
	switch s.kind {
	case indexed:
		if v[0] >= 0 && int(v[0]) < len(s.table) {
			return s.table[int(v[0])], true
		}
		return 0, true
	case lab:
		return level(v[0] / 100), true
	}
	c := make([]uint8, s.n)
	for i := range c {
		c[i] = level(v[i])
	}
	return s.of(c), true
}

func level(v float64) uint8 {
	if !(v > 0) { // not a number is black, like everything a colour space here has no idea of
		return 0
	}
	return uint8(math.Round(255 * min(v, 1)))
}

// fill paints the inside of a path.
func (p *painter) fill(path []subpath, ink uint8, evenOdd bool) {
	b := p.paper.Bounds()
	if len(path) == 1 {
		if r, ok := path[0].upright(b); ok {
			// Edges go to whole pixels: squares that touch must leave no light line between them. (Within one path they
			// cannot: there the parts that two squares cover of a pixel add up.)
			for y := r.Min.Y; y < r.Max.Y; y++ {
				row := p.paper.Pix[y*p.paper.Stride+r.Min.X : y*p.paper.Stride+r.Max.X]
				for i := range row {
					row[i] = ink
				}
			}
			p.ops += r.Dx() * r.Dy() / pixelsPerOp
			return
		}
	}
	if evenOdd {
		alternate(path)
	}
	// Only the part of the paper that the path touches is gone over: a code may be drawn square by square.
	part := bounds(path, b)
	if part.Empty() {
		return
	}
	z := vector.NewRasterizer(part.Dx(), part.Dy())
	for _, s := range path {
		for i, at := range s.points {
			x, y := clamp(at.x-float64(part.Min.X), b.Dx()), clamp(at.y-float64(part.Min.Y), b.Dy())
			if i == 0 {
				z.MoveTo(x, y)
			} else {
				z.LineTo(x, y)
			}
		}
		if len(s.points) > 0 {
			z.ClosePath()
		}
	}
	z.Draw(p.paper, part, image.NewUniform(color.Gray{Y: ink}), image.Point{})
	p.ops += part.Dx() * part.Dy() / pixelsPerOp
}

// pixelsPerOp is how many pixels of filling count as one operator.
const pixelsPerOp = 1_000

// bounds is the part of the paper that holds a path.
func bounds(path []subpath, paper image.Rectangle) image.Rectangle {
	lo, hi := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, s := range path {
		for _, at := range s.points {
			lo, hi = point{min(lo.x, at.x), min(lo.y, at.y)}, point{max(hi.x, at.x), max(hi.y, at.y)}
		}
	}
	if !(lo.x <= hi.x && lo.y <= hi.y) { // no points, or some that are no numbers
		return image.Rectangle{}
	}
	return image.Rect(int(clamp(lo.x, paper.Dx())), int(clamp(lo.y, paper.Dy())), int(clamp(hi.x, paper.Dx()))+1, int(clamp(hi.y, paper.Dy()))+1).Intersect(paper)
}

// maxNested is how many subpaths are looked at for lying in each other.
const maxNested = 1_000

// alternate turns subpaths that lie within an odd number of others round: for the rasterizer, which counts windings, they
// are holes then.
func alternate(path []subpath) {
	if len(path) > maxNested {
		return
	}
	for i := range path {
		depth := 0
		for j := range path {
			if i != j && len(path[i].points) > 0 && path[j].contains(path[i].points[0]) {
				depth++
			}
		}
		if (path[i].area() > 0) != (depth%2 == 0) {
			path[i].turned = true
		}
	}
	for _, s := range path {
		if s.turned {
			slices.Reverse(s.points)
		}
	}
}

// area is twice the area, negative when the points go the other way round.
func (s subpath) area() float64 {
	sum := 0.0
	for i, a := range s.points {
		b := s.points[(i+1)%len(s.points)]
		sum += a.x*b.y - b.x*a.y
	}
	return sum
}

// contains reports whether a point lies inside, by counting the edges on one side of it.
func (s subpath) contains(p point) bool {
	in := false
	for i, a := range s.points {
		b := s.points[(i+1)%len(s.points)]
		if (a.y > p.y) != (b.y > p.y) && p.x < a.x+(p.y-a.y)/(b.y-a.y)*(b.x-a.x) {
			in = !in
		}
	}
	return in
}

// clamp keeps a place within reach of the paper: coordinates come from the file.
func clamp(v float64, size int) float32 {
	if math.IsNaN(v) {
		return 0
	}
	return float32(min(max(v, -float64(size)), 2*float64(size)))
}

// upright gives the pixels of a subpath that is a rectangle along the axes.
func (s subpath) upright(paper image.Rectangle) (image.Rectangle, bool) {
	pts := s.points
	if len(pts) == 5 && pts[4] == pts[0] {
		pts = pts[:4]
	}
	if len(pts) != 4 {
		return image.Rectangle{}, false
	}
	const near = 0.01 // pixels
	for i := range 4 {
		d := point{pts[(i+1)%4].x - pts[i].x, pts[(i+1)%4].y - pts[i].y}
		if !(math.Abs(d.x) < near || math.Abs(d.y) < near) {
			return image.Rectangle{}, false
		}
	}
	edge := func(v float64, size int) int { return int(math.Round(float64(clamp(v, size)))) }
	r := image.Rect(edge(pts[0].x, paper.Dx()), edge(pts[0].y, paper.Dy()), edge(pts[2].x, paper.Dx()), edge(pts[2].y, paper.Dy()))
	return r.Intersect(paper), true
}

// object draws a picture, or a drawing within the drawing.
func (p *painter) object(o types.Object, resources types.Dict, s state, depth int) {
	if o == nil || depth > 8 || p.ctx.Err() != nil {
		return
	}
	sd := p.stream(o)
	if sd == nil {
		return
	}
	kind := ""
	if n, ok := sd.Dict["Subtype"].(types.Name); ok {
		kind = n.Value()
	}
	switch kind {
	case "Form":
		if sd.Content == nil && sd.DecodeWithLimit(maxDecoded) != nil {
			return
		}
		if m := p.array(sd.Dict["Matrix"]); len(m) == 6 {
			var n [6]float64
			for i := range n {
				n[i], _ = p.number(m[i])
			}
			s.ctm = matrix{n[0], n[1], n[2], n[3], n[4], n[5]}.then(s.ctm)
		}
		if own := p.dict(sd.Dict["Resources"]); own != nil {
			resources = own
		}
		p.ops += 64 // a drawing that draws itself ends by this
		p.paint(sd.Content, resources, s, depth+1)
	case "Image":
		p.image(sd, resources, s)
	}
}

// image draws a picture, and remembers when it cannot.
func (p *painter) image(sd *types.StreamDict, resources types.Dict, s state) {
	if p.images++; p.images > maxImages || p.drawn > maxDrawn {
		return
	}
	defer func() {
		if recover() != nil { // the library panics on some files; what else is on the page is drawn
			p.unread = true
		}
	}()
	if s.hide && p.resolve(sd.Dict["ImageMask"]) == types.Boolean(true) {
		return
	}
	r, err := p.raster(sd, resources, s.ink, false)
	if err != nil {
		p.unread = true
		return
	}
	p.drawn += len(r.grey.Pix)
	p.picture(r.shrunk(s.ctm).picture(), s.ctm)
}

// picture draws a picture where the unit square lies; ISO 32000-1, 8.9.5.
func (p *painter) picture(m image.Image, ctm matrix) {
	size := m.Bounds().Size()
	// The first row of a picture is its upper one: y goes down in it, and up in the unit square.
	at := matrix{1 / float64(size.X), 0, 0, -1 / float64(size.Y), 0, 1}.then(ctm)
	for _, v := range []float64{at.a, at.b, at.c, at.d, at.e, at.f} {
		if math.IsNaN(v) || math.Abs(v) > 1e6 {
			return
		}
	}
	to := f64.Aff3{at.a, at.c, at.e, at.b, at.d, at.f}
	corners := []point{at.apply(point{}), at.apply(point{float64(size.X), 0}), at.apply(point{0, float64(size.Y)}), at.apply(point{float64(size.X), float64(size.Y)})}
	part := bounds([]subpath{{points: corners}}, p.paper.Rect)
	p.drawn += part.Dx() * part.Dy()
	xdraw.BiLinear.Transform(p.paper, to, m, m.Bounds(), xdraw.Over, nil)
}

// resolve follows a reference; nil when it leads nowhere.
func (p *painter) resolve(o types.Object) types.Object {
	if _, ok := o.(types.IndirectRef); !ok {
		return o
	}
	o, err := p.doc.Dereference(o)
	if err != nil {
		return nil
	}
	return o
}

func (p *painter) dict(o types.Object) types.Dict {
	d, _ := p.resolve(o).(types.Dict)
	return d
}

func (p *painter) array(o types.Object) types.Array {
	a, _ := p.resolve(o).(types.Array)
	return a
}

func (p *painter) stream(o types.Object) *types.StreamDict {
	switch sd := p.resolve(o).(type) {
	case types.StreamDict:
		return &sd
	case *types.StreamDict:
		return sd
	}
	return nil
}

func (p *painter) number(o types.Object) (float64, bool) {
	switch n := p.resolve(o).(type) {
	case types.Integer:
		return float64(n.Value()), true
	case types.Float:
		return n.Value(), true
	}
	return 0, false
}

// box reads a rectangle; false for one that is missing or no page.
func (p *painter) box(o types.Object) (rect, bool) {
	a := p.array(o)
	if len(a) != 4 {
		return rect{}, false
	}
	var n [4]float64
	for i := range n {
		v, ok := p.number(a[i])
		if !ok || math.IsNaN(v) || math.Abs(v) > 1e6 {
			return rect{}, false
		}
		n[i] = v
	}
	r := rect{min(n[0], n[2]), min(n[1], n[3]), max(n[0], n[2]), max(n[1], n[3])}
	return r, r.x1-r.x0 >= 1 && r.y1-r.y0 >= 1
}
