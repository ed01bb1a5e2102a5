package scanner

import "math/bits"

// bitmap is a picture with one bit per pixel, set where it is dark. Bits past the
// width are unset, and stay so when it is inverted.
type bitmap struct {
	w, h   int
	stride int // words per row
	words  []uint64
}

func newBitmap(w, h int) *bitmap {
	s := (w + 63) / 64
	return &bitmap{w: w, h: h, stride: s, words: make([]uint64, s*h)}
}

// at reports whether (x, y) is dark; everything outside is light.
func (b *bitmap) at(x, y int) bool {
	if uint(x) >= uint(b.w) || uint(y) >= uint(b.h) {
		return false
	}
	return b.words[y*b.stride+x>>6]>>(uint(x)&63)&1 != 0
}

// inside reports whether (x, y) is a pixel of the picture.
func (b *bitmap) inside(x, y int) bool { return uint(x) < uint(b.w) && uint(y) < uint(b.h) }

// invert exchanges dark and light: a light code on a dark page becomes an ordinary one.
// Flipping the bits costs a twentieth of converting and thresholding the picture again.
func (b *bitmap) invert() {
	tail := ^uint64(0)
	if r := uint(b.w) & 63; r != 0 {
		tail = 1<<r - 1
	}
	for y := range b.h {
		row := b.words[y*b.stride:][:b.stride]
		for i := range row {
			row[i] = ^row[i]
		}
		row[len(row)-1] &= tail
	}
}

// edges appends the places where row y changes colour, counted from a light start:
// even entries begin a dark run, odd ones end it. The last run is closed at the width.
func (b *bitmap) edges(y int, out []int32) []int32 {
	var carry uint64 // last pixel of the word before
	for i, v := range b.words[y*b.stride:][:b.stride] {
		change := v ^ (v<<1 | carry)
		carry = v >> 63
		for change != 0 {
			out = append(out, int32(i*64+bits.TrailingZeros64(change)))
			change &= change - 1
		}
	}
	if len(out)%2 == 1 {
		out = append(out, int32(b.w))
	}
	return out
}
