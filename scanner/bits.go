package scanner

import "math/bits"

// bitmap is a picture with one bit per pixel. A bit is set where the picture is dark, or, seen the other way round, where it
// is light: that is what flip says, so that both polarities share their words.
type bitmap struct {
	w, h   int
	stride int // words per row
	words  []uint64
	flip   uint64 // 0, or all ones when dark and light are exchanged
}

func newBitmap(w, h int) *bitmap {
	s := (w + 63) / 64
	return &bitmap{w: w, h: h, stride: s, words: make([]uint64, s*h)}
}

// inverse is b with dark and light exchanged: a light code on a dark page becomes an ordinary one. No pixel is
// touched.
func (b *bitmap) inverse() *bitmap {
	c := *b
	c.flip = ^c.flip
	return &c
}

// at reports whether (x, y) is dark; everything outside is light.
func (b *bitmap) at(x, y int) bool {
	if uint(x) >= uint(b.w) || uint(y) >= uint(b.h) {
		return false
	}
	return (b.words[y*b.stride+x>>6]^b.flip)>>(uint(x)&63)&1 != 0
}

// bit is 1 where (x, y) is dark and 0 elsewhere, for sums: colours along a line are as good as random, and a branch on each would
// cost more than all the rest.
func (b *bitmap) bit(x, y int) uint64 {
	if uint(x) >= uint(b.w) || uint(y) >= uint(b.h) {
		return 0
	}
	return (b.words[y*b.stride+x>>6] ^ b.flip) >> (uint(x) & 63) & 1
}

// inside reports whether (x, y) is a pixel of the picture.
func (b *bitmap) inside(x, y int) bool { return uint(x) < uint(b.w) && uint(y) < uint(b.h) }

// turns appends where the runs of row y begin in the words [from, to): the first pixel, every place where the colour changes, and
// the pixel after the last. dark is the colour of the first run. Sixty-four pixels of one colour cost one comparison.
func (b *bitmap) turns(y, from, to int, out []int32) (turns []int32, dark bool) {
	row := b.words[y*b.stride+from:][:to-from]
	out = append(out, int32(from*64))
	last := row[0] & 1
	dark = (row[0]^b.flip)&1 != 0
	for i, v := range row {
		change := v ^ (v<<1 | last)
		last = v >> 63
		for change != 0 {
			out = append(out, int32((from+i)*64+bits.TrailingZeros64(change)))
			change &= change - 1
		}
	}
	// The bits past the width have no colour that counts.
	end := int32(min(to*64, b.w))
	for out[len(out)-1] >= end {
		out = out[:len(out)-1]
	}
	return append(out, end), dark
}

// down counts the pixels of one colour from (x, y) on, going by step rows, up to most.
func (b *bitmap) down(x, y, step, most int, dark bool) int {
	if uint(x) >= uint(b.w) {
		return 0
	}
	want := b.flip
	if dark {
		want = ^want
	}
	i, d, shift := y*b.stride+x>>6, step*b.stride, uint(x)&63
	n := 0
	for n < most && uint(y) < uint(b.h) && (b.words[i]^want)>>shift&1 == 0 {
		n++
		y += step
		i += d
	}
	return n
}

// along counts the pixels of one colour from (x, y) on, going by step columns, up to most.
func (b *bitmap) along(x, y, step, most int, dark bool) int {
	n := 0
	for n < most && b.inside(x, y) && b.at(x, y) == dark {
		n++
		x += step
	}
	return n
}

// walk is a way along a straight line in equal steps.
type walk struct {
	b            *bitmap
	x, y, dx, dy int64 // in parts of a pixel
	inside       bool  // all of it is in the picture, and a pixel away from its edges
}

// walkBits of a coordinate are the part of a pixel: after 2¹⁶ steps the error of each has not become a pixel.
const walkBits = 32

// walk begins at from and is at to after n steps. Both are within 2³⁰ pixels of the picture.
func (b *bitmap) walk(from, to Point, n int) walk {
	const one = 1 << walkBits
	return walk{
		b: b, x: int64(from.X * one), y: int64(from.Y * one),
		dx: int64((to.X - from.X) / float64(n) * one), dy: int64((to.Y - from.Y) / float64(n) * one),
		inside: min(from.X, to.X) >= 1 && min(from.Y, to.Y) >= 1 && max(from.X, to.X) < float64(b.w-1) && max(from.Y, to.Y) < float64(b.h-1),
	}
}

// look takes n steps, at most 64, and returns the colours of the pixels it comes from, the first in the highest of n bits: 1 is
// dark.
func (w *walk) look(n int) (seen uint64) {
	x, y := w.x, w.y
	if w.inside { // nearly always
		words, stride := w.b.words, w.b.stride
		for range n {
			at := uint64(x) >> walkBits
			seen = seen<<1 | words[int(y>>walkBits)*stride+int(at>>6)]>>(at&63)&1
			x, y = x+w.dx, y+w.dy
		}
		w.x, w.y = x, y
		return seen ^ w.b.flip&(1<<n-1)
	}
	for range n {
		seen = seen<<1 | w.b.bit(int(x>>walkBits), int(y>>walkBits))
		x, y = x+w.dx, y+w.dy
	}
	w.x, w.y = x, y
	return seen
}
