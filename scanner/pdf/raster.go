package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"

	"github.com/pdfcpu/pdfcpu/pkg/filter"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"github.com/tallystick/tallystick/scanner"
)

// pdfcpu unpacks the bytes of a picture here and no more. Its own way from there to a picture file knows no stencils, few
// colour spaces and filters, and panics on some files.

// errKind says that a picture is packed in a way that cannot be unpacked here: JPEG 2000, JBIG2, or something unknown.
var errKind = errors.New("pdf: a picture of an unknown kind")

// raster is a picture as samples: grey, with how much of it covers the paper, nil = all.
type raster struct {
	grey  *image.Gray
	cover []uint8 // one for each pixel
}

// raster unpacks a picture; ISO 32000-1, 8.9.5. ink is the grey value that a stencil is painted with.
func (p *painter) raster(sd *types.StreamDict, resources types.Dict, ink uint8, nested bool) (raster, error) {
	w, okW := p.number(sd.Dict["Width"])
	h, okH := p.number(sd.Dict["Height"])
	if !okW || !okH || w < 1 || h < 1 || w > maxPixels || h > maxPixels || w*h > maxPixels {
		return raster{}, errKind
	}
	size := image.Pt(int(w), int(h))
	r, err := p.samples(sd, resources, size, ink)
	if err != nil || nested {
		return r, err
	}
	for _, key := range []string{"SMask", "Mask"} {
		mask := p.stream(sd.Dict[key])
		if mask == nil {
			continue // none, or a range of colours, which no code is made of
		}
		m, err := p.raster(mask, nil, 0, true)
		if err != nil {
			return raster{}, err
		}
		if key == "Mask" { // a stencil: what it would paint shows the picture
			return r.under(m.grey.Rect.Size(), m.cover), nil
		}
		return r.under(m.grey.Rect.Size(), m.grey.Pix), nil
	}
	return r, nil
}

// samples unpacks a picture without its mask.
func (p *painter) samples(sd *types.StreamDict, resources types.Dict, size image.Point, ink uint8) (raster, error) {
	last := ""
	if n := len(sd.FilterPipeline); n > 0 {
		last = sd.FilterPipeline[n-1].Name
	}
	if last == filter.JPX || last == filter.JBIG2 {
		return raster{}, errKind
	}
	if sd.Content == nil {
		sd.CSComponents = 0 // a JPEG stays one
		if err := sd.DecodeWithLimit(maxDecoded); err != nil {
			return raster{}, fmt.Errorf("%w: %w", errKind, err)
		}
	}
	bounds := p.numbers(sd.Dict["Decode"])
	if last == filter.DCT {
		return jpegRaster(sd.Content, len(bounds) > 1 && len(bounds) < 8 && bounds[0] > bounds[1])
	}
	if p.resolve(sd.Dict["ImageMask"]) == types.Boolean(true) {
		return stencilRaster(sd.Content, size, ink, len(bounds) > 0 && bounds[0] >= 1), nil
	}
	bits, ok := p.number(sd.Dict["BitsPerComponent"])
	if last == filter.CCITTFax {
		bits, ok = 1, true
	}
	cs := space{kind: light, n: 1}
	if o := sd.Dict["ColorSpace"]; o != nil {
		var known bool
		if cs, known = p.space(o, resources, 0); !known {
			return raster{}, errKind
		}
	}
	switch bits {
	case 1, 2, 4, 8, 16:
		return cs.raster(sd.Content, size, int(bits), bounds), nil
	}
	if ok {
		return raster{}, errKind
	}
	return cs.raster(sd.Content, size, 8, bounds), nil
}

// jpegRaster decodes a JPEG within the file. negative turns it round.
func jpegRaster(data []byte, negative bool) (raster, error) {
	limits := scanner.DefaultLimits()
	limits.MaxPixels = min(limits.MaxPixels, maxPixels)
	m, err := scanner.DecodePicture(bytes.NewReader(data), limits)
	if err != nil {
		return raster{}, fmt.Errorf("%w: %w", errKind, err)
	}
	b := m.Bounds()
	g := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	switch m := m.(type) {
	case *image.YCbCr:
		for y := range b.Dy() {
			copy(g.Pix[y*g.Stride:][:b.Dx()], m.Y[y*m.YStride:])
		}
	case *image.Gray:
		for y := range b.Dy() {
			copy(g.Pix[y*g.Stride:][:b.Dx()], m.Pix[y*m.Stride:])
		}
	default:
		for y := range b.Dy() {
			for x := range b.Dx() {
				g.Pix[y*g.Stride+x] = color.GrayModel.Convert(m.At(b.Min.X+x, b.Min.Y+y)).(color.Gray).Y
			}
		}
	}
	if negative {
		for i := range g.Pix {
			g.Pix[i] = ^g.Pix[i]
		}
	}
	return raster{grey: g}, nil
}

// stencilRaster is a picture of one bit for each pixel, through which ink falls where the bit is 0; ISO 32000-1, 8.9.6.2.
func stencilRaster(data []byte, size image.Point, ink uint8, ones bool) raster {
	r := raster{grey: image.NewGray(image.Rect(0, 0, size.X, size.Y)), cover: make([]uint8, size.X*size.Y)}
	for i := range r.grey.Pix {
		r.grey.Pix[i] = ink
	}
	stride := (size.X + 7) / 8
	for y := range min(size.Y, len(data)/stride) {
		row, out := data[y*stride:][:stride], r.cover[y*size.X:][:size.X]
		for x := range out {
			if (row[x/8]>>(7-x%8)&1 == 1) == ones {
				out[x] = 0xff
			}
		}
	}
	return r
}

// under puts a mask before a picture; both are as large as the larger one then.
func (r raster) under(size image.Point, cover []uint8) raster {
	own := r.grey.Rect.Size()
	all := image.Pt(max(own.X, size.X), max(own.Y, size.Y))
	if all.X*all.Y > maxPixels || len(cover) < size.X*size.Y {
		return r
	}
	out := raster{grey: image.NewGray(image.Rectangle{Max: all}), cover: make([]uint8, all.X*all.Y)}
	for y := range all.Y {
		for x := range all.X {
			out.grey.Pix[y*all.X+x] = r.grey.Pix[y*own.Y/all.Y*r.grey.Stride+x*own.X/all.X]
			out.cover[y*all.X+x] = cover[y*size.Y/all.Y*size.X+x*size.X/all.X]
		}
	}
	return out
}

// shrunk takes the mean of so many pixels that one is about as large as one of the paper, where the unit square goes with ctm:
// drawing a scanned page takes a tenth of the time then.
func (r raster) shrunk(ctm matrix) raster {
	size := r.grey.Rect.Size()
	by := int(min(float64(size.X)/math.Hypot(ctm.a, ctm.b), float64(size.Y)/math.Hypot(ctm.c, ctm.d), maxSide))
	if by < 2 {
		return r
	}
	w, h := (size.X+by-1)/by, (size.Y+by-1)/by
	out := raster{grey: image.NewGray(image.Rect(0, 0, w, h))}
	mean := func(pix []uint8, into []uint8) {
		sums, counts := make([]int, w), make([]int, w)
		for y := range h {
			clear(sums)
			clear(counts)
			for row := range slices.Chunk(pix[y*by*size.X:min((y+1)*by, size.Y)*size.X], size.X) {
				for x, at := 0, 0; x < w; x++ {
					end := min(at+by, size.X)
					for _, v := range row[at:end] {
						sums[x] += int(v)
					}
					counts[x] += end - at
					at = end
				}
			}
			for x := range w {
				into[y*w+x] = uint8((sums[x] + counts[x]/2) / counts[x])
			}
		}
	}
	mean(r.grey.Pix, out.grey.Pix)
	if r.cover != nil {
		out.cover = make([]uint8, w*h)
		mean(r.cover, out.cover)
	}
	return out
}

// picture is the raster for drawing.
func (r raster) picture() image.Image {
	if r.cover == nil {
		return r.grey
	}
	m := image.NewNRGBA(r.grey.Rect)
	for i, v := range r.grey.Pix {
		m.Pix[4*i], m.Pix[4*i+1], m.Pix[4*i+2], m.Pix[4*i+3] = v, v, v, r.cover[i]
	}
	return m
}

// space is a colour space, as far as its greys go; ISO 32000-1, 8.6.
type space struct {
	kind  spaceKind
	n     int     // components
	table []uint8 // for indexed ones: the grey of each index
}

type spaceKind uint8

const (
	light   spaceKind = iota // 0 is black: grey
	rgb                      // three of them
	cmyk                     // cyan, magenta, yellow, black
	ink                      // 0 is paper: each component is an ink of some name
	lab                      // the first component is the lightness
	indexed                  // a number in a table
)

// space reads a colour space; false for one that greys cannot be told of, like patterns.
func (p *painter) space(o types.Object, resources types.Dict, depth int) (space, bool) {
	if depth > 4 {
		return space{}, false
	}
	kind, rest := "", types.Array(nil)
	switch v := p.resolve(o).(type) {
	case types.Name:
		kind = v.Value()
	case types.Array:
		if len(v) > 0 {
			if n, ok := v[0].(types.Name); ok {
				kind, rest = n.Value(), v[1:]
			}
		}
	}
	switch kind {
	case "DeviceGray", "G", "CalGray":
		return space{kind: light, n: 1}, true
	case "DeviceRGB", "RGB", "CalRGB":
		return space{kind: rgb, n: 3}, true
	case "DeviceCMYK", "CMYK":
		return space{kind: cmyk, n: 4}, true
	case "Lab":
		return space{kind: lab, n: 3}, true
	case "Separation":
		return space{kind: ink, n: 1}, true
	case "DeviceN":
		if len(rest) > 0 {
			if n := len(p.array(rest[0])); n > 0 && n <= 32 {
				return space{kind: ink, n: n}, true
			}
		}
		return space{}, false
	case "ICCBased":
		if len(rest) > 0 {
			if profile := p.stream(rest[0]); profile != nil {
				n, _ := p.number(profile.Dict["N"])
				switch n {
				case 1:
					return space{kind: light, n: 1}, true
				case 3:
					return space{kind: rgb, n: 3}, true
				case 4:
					return space{kind: cmyk, n: 4}, true
				}
			}
		}
		return space{}, false
	case "Indexed", "I":
		if len(rest) < 3 {
			return space{}, false
		}
		base, ok := p.space(rest[0], resources, depth+1)
		entries := p.bytes(rest[2])
		if !ok || base.kind == indexed || base.n == 0 {
			return space{}, false
		}
		s := space{kind: indexed, n: 1}
		for ; len(entries) >= base.n && len(s.table) < 256; entries = entries[base.n:] {
			s.table = append(s.table, base.of(entries[:base.n]))
		}
		return s, true
	case "", "Pattern":
		return space{}, false
	}
	if named := p.dict(resources["ColorSpace"]); named != nil && rest == nil && named[kind] != nil {
		return p.space(named[kind], nil, depth+1)
	}
	return space{}, false
}

// bytes reads a string, or the content of a stream.
func (p *painter) bytes(o types.Object) []byte {
	switch v := p.resolve(o).(type) {
	case types.HexLiteral:
		b, _ := v.Bytes()
		return b
	case types.StringLiteral:
		b, _ := types.Unescape(v.Value())
		return b
	case types.StreamDict:
		if v.Content == nil && v.DecodeWithLimit(maxDecoded) != nil {
			return nil
		}
		return v.Content
	}
	return nil
}

// numbers reads a list of numbers.
func (p *painter) numbers(o types.Object) []float64 {
	var out []float64
	for _, o := range p.array(o) {
		n, ok := p.number(o)
		if !ok || len(out) >= 64 {
			return nil
		}
		out = append(out, n)
	}
	return out
}

// of is the grey of a colour, each component from 0 to 255.
func (s space) of(c []uint8) uint8 {
	switch s.kind {
	case rgb:
		return uint8((299*int(c[0]) + 587*int(c[1]) + 114*int(c[2]) + 500) / 1000)
	case cmyk:
		k := 255 - int(c[3])
		return uint8((299*(255-int(c[0])) + 587*(255-int(c[1])) + 114*(255-int(c[2]))) / 1000 * k / 255)
	case ink:
		return 255 - slices.Max(c[:s.n])
	}
	return c[0]
}

// raster reads samples of so many bits, row by row, each row beginning with a byte. decode has a lowest and a highest value
// for each component; empty = the usual ones. Rows that are missing are white.
func (s space) raster(data []byte, size image.Point, bits int, decode []float64) raster {
	g := image.NewGray(image.Rect(0, 0, size.X, size.Y))
	for i := range g.Pix {
		g.Pix[i] = 0xff
	}
	stride := (size.X*s.n*bits + 7) / 8
	highest := 1<<min(bits, 8) - 1
	values := make([][256]uint8, s.n) // what a sample stands for, by component
	for c := range values {
		lo, hi := 0.0, 1.0
		if s.kind == indexed {
			hi = float64(highest)
		}
		if s.kind != lab && len(decode) >= 2*s.n {
			lo, hi = decode[2*c], decode[2*c+1]
		}
		for v := range highest + 1 {
			at := lo + (hi-lo)*float64(v)/float64(highest)
			if s.kind == indexed {
				if i := int(math.Round(min(max(at, 0), 255))); i < len(s.table) {
					values[c][v] = s.table[i]
				}
				continue
			}
			values[c][v] = level(at)
		}
	}
	if s.n == 1 { // one step from the sample to the grey
		for v := range highest + 1 {
			values[0][v] = s.of(values[0][v : v+1])
		}
	}
	colour := make([]uint8, s.n)
	for y := range size.Y {
		if (y+1)*stride > len(data) {
			break
		}
		row, out := data[y*stride:][:stride], g.Pix[y*g.Stride:][:size.X]
		if s.n == 1 && bits < 16 {
			grey, per := &values[0], 8/bits
			for x := range out {
				out[x] = grey[row[x/per]>>(8-bits-x%per*bits)&uint8(highest)]
			}
			continue
		}
		at := 0 // sample
		for x := range out {
			for c := range colour {
				var v uint8
				switch bits {
				case 8:
					v = row[at]
				case 16:
					v = row[2*at] // the lower byte makes no difference that counts
				default:
					v = row[at*bits/8] >> (8 - bits - at*bits%8) & uint8(highest)
				}
				colour[c] = values[c][v]
				at++
			}
			if s.n == 1 {
				out[x] = colour[0]
			} else {
				out[x] = s.of(colour)
			}
		}
	}
	return raster{grey: g}
}
