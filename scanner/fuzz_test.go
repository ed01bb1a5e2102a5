package scanner

import (
	"context"
	"image"
	"testing"

	qrcode "github.com/skip2/go-qrcode"
)

// bitmapOf makes a picture of bits, w wide.
func bitmapOf(data []byte, w int) *bitmap {
	b := newBitmap(w, len(data)*8/w)
	for y := range b.h {
		for x := range b.w {
			if i := y*b.w + x; data[i/8]>>(i%8)&1 != 0 {
				b.words[y*b.stride+x/64] |= 1 << (x % 64)
			}
		}
	}
	return b
}

// greyOf is a bitmap as a picture.
func greyOf(b *bitmap) plane {
	p := plane{pix: make([]byte, b.w*b.h), stride: b.w, w: b.w, h: b.h}
	for i := range p.pix {
		if !b.at(i%b.w, i/b.w) {
			p.pix[i] = 255
		}
	}
	return p
}

// bitsOf packs a code with a light edge around it, every module side pixels.
func bitsOf(code [][]bool, side int) (data []byte, w int) {
	n := len(code)
	w = (n + 8) * side
	data = make([]byte, (w*w+7)/8)
	for y := range n * side {
		for x := range n * side {
			if code[y/side][x/side] {
				i := (y+4*side)*w + x + 4*side
				data[i/8] |= 1 << (i % 8)
			}
		}
	}
	return data, w
}

// FuzzModules: a matrix of bits, one module to three pixels, is answered, and what comes out has a text and a place.
func FuzzModules(f *testing.F) {
	data, w := bitsOf(modules(f, "x", qrcode.Low), 1)
	f.Add(data, uint8(w))
	data, w = bitsOf(modules(f, secretText, qrcode.High), 1)
	f.Add(data, uint8(w))
	f.Fuzz(func(t *testing.T, data []byte, width uint8) {
		w := int(width)
		if w < minSide || len(data) > 1<<12 || len(data)*8/w < minSide {
			return
		}
		b := bitmapOf(data, w)
		m := image.NewGray(image.Rect(0, 0, 3*b.w, 3*b.h))
		for y := range 3 * b.h {
			for x := range 3 * b.w {
				if !b.at(x/3, y/3) {
					m.Pix[y*m.Stride+x] = 255
				}
			}
		}
		sc := &scan{ctx: context.Background(), work: new(workspace), reader: newReader()}
		if err := sc.run(m); err != nil {
			t.Fatal(err)
		}
		for _, c := range join(sc.codes) {
			if c.Text == "" || c.Bounds(image.Rect(-m.Rect.Dx(), -m.Rect.Dy(), 2*m.Rect.Dx(), 2*m.Rect.Dy())).Empty() || c.Version < 1 || c.Version > 40 || c.Sure < 0 || c.Sure > 1 {
				t.Fatalf("%+v", c)
			}
		}
		if u := sc.unread; u != nil && (u.String() == "" || u.Why == CutOff && len(u.Edges) == 0) {
			t.Fatalf("%+v", u)
		}
	})
}

// FuzzStages: every stage after the thresholds stands any bits and any three finders.
func FuzzStages(f *testing.F) {
	data, w := bitsOf(modules(f, "x", qrcode.Low), 2)
	f.Add(data, uint8(w), int16(15), int16(15), int16(43), int16(15), int16(15), int16(43), uint8(20))
	f.Add(data, uint8(w), int16(15), int16(15), int16(15), int16(15), int16(15), int16(15), uint8(0))
	f.Add(data, uint8(w), int16(-900), int16(15), int16(900), int16(-15), int16(3), int16(30000), uint8(255))
	f.Fuzz(func(t *testing.T, data []byte, width uint8, x0, y0, x1, y1, x2, y2 int16, module uint8) {
		w := int(width)
		if w < 8 || len(data) > 1<<12 || len(data)*8/w < 8 {
			return
		}
		b := bitmapOf(data, w)
		l := binarize(greyOf(b), lookFaint)
		for _, view := range []*levels{l, l.inverse()} {
			var e effort
			e.decodeLimit = maxDecodes
			at := func(x, y int16) finder {
				m := 0.8 + float64(module)/10
				return finder{x: float64(x), y: float64(y), module: m, wide: m, tall: m, support: 2}
			}
			fs := []finder{at(x0, y0), at(x1, y1), at(x2, y2)}
			k := newLinks(view.bits, fs, nil)
			for _, tr := range joinTriples(k, &e) {
				if hit, ok := locate(view, tr, newReader(), &e); ok && hit.text == "" {
					t.Fatal("a code without a text")
				}
			}
			explain(view, k, &e, 1)
			// What a finder would have let through is not all that may come.
			fr := frameOf(triple{tl: fs[0], tr: fs[1], bl: fs[2]})
			if s := sides(triple{tl: fs[0], tr: fs[1], bl: fs[2]}, fr); len(s) > 0 {
				locate(view, triple{tl: fs[0], tr: fs[1], bl: fs[2], top: s[0], left: s[0]}, newReader(), &e)
				flat := gridMap(triple{tl: fs[0], tr: fs[1], bl: fs[2]}, s[0], float64(s[0])-3.5, Point{float64(x1), float64(y2)})
				bend := bend{flat: flat, side: float64(s[0])}
				bend.anchor(view.bits, Point{1, 0}, Point{0, 1}, 1)
				bend.straighten(view.bits)
			}
		}
		var scans [2]rowScan
		findFinders(l.bits, nil, lookNormal, 1, &scans, &effort{})
	})
}
