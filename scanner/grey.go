package scanner

import (
	"encoding/binary"
	"image"
	"image/color"
	"sync"
)

// plane is a picture with one byte per pixel, 0 black to 255 white. The bytes may
// belong to the caller's picture and are never written to.
type plane struct {
	pix          []byte
	stride, w, h int
}

// Weights of red, green and blue in 256ths: the luma of ITU-R BT.601, which JPEG
// uses too, so that a screenshot and its JPEG give the same grey. They add up to 256.
const (
	weightR = 77
	weightG = 150
	weightB = 29
)

// backdrop is what a see-through pixel is laid on. A code exported with a
// transparent background is drawn for a light page or a dark one, and only
// trying tells which.
type backdrop uint8

const (
	onWhite backdrop = 0xFF
	onBlack backdrop = 0x00
)

// twoGoroutines is the number of pixels from which a stage is split in two: below
// about a quarter of a megapixel (0.1 ms of work) starting a goroutine and waiting for it
// costs as much as it saves. Two and no more: scans run beside a window that
// wants its processors, and memory bandwidth is used up by two.
const twoGoroutines = 1 << 18

// bands calls f for [0, n) in one part or, for large work, two at once.
func bands(n, pixels int, f func(from, to int)) {
	if pixels < twoGoroutines || n < 2 {
		f(0, n)
		return
	}
	// A panic (a picture whose Pix is shorter than its Bounds say) must reach the caller's
	// recover: in a goroutine of its own it would end the program.
	var wg sync.WaitGroup
	var caught any
	wg.Add(1)
	go func() {
		defer wg.Done()
		defer func() { caught = recover() }()
		f(n/2, n)
	}()
	func() {
		defer wg.Wait() // also when the first half panics: nothing may outlive the scan
		f(0, n/2)
	}()
	if caught != nil {
		panic(caught)
	}
}

// grey converts img. See-through pixels are laid on the backdrop; translucent
// reports whether there were any, that is, whether another backdrop gives another
// picture. Types of the standard library are read straight from their Pix, which
// is ten times faster than asking an image.Image pixel by pixel. What has to be converted is put into *into.
func grey(img image.Image, on backdrop, into *[]byte) (p plane, translucent bool) {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	switch m := img.(type) {
	case *image.Gray:
		// Already what is wanted: share it.
		return plane{pix: m.Pix[m.PixOffset(b.Min.X, b.Min.Y):], stride: m.Stride, w: w, h: h}, false
	case *image.YCbCr:
		return plane{pix: m.Y[m.YOffset(b.Min.X, b.Min.Y):], stride: m.YStride, w: w, h: h}, false
	}
	p = plane{pix: room(into, w*h), stride: w, w: w, h: h}
	// row converts row y of the picture into dst and returns the AND of all alphas.
	var row func(dst []byte, y int) uint8
	switch m := img.(type) {
	case *image.RGBA:
		row = func(dst []byte, y int) uint8 { return greyRGBA(dst, m.Pix[m.PixOffset(b.Min.X, y):], on) }
	case *image.NRGBA:
		row = func(dst []byte, y int) uint8 { return greyNRGBA(dst, m.Pix[m.PixOffset(b.Min.X, y):], on) }
	case *image.Paletted:
		lut, opaque := paletteGrey(m.Palette, on)
		row = func(dst []byte, y int) uint8 {
			src := m.Pix[m.PixOffset(b.Min.X, y):][:len(dst)]
			for x, i := range src {
				dst[x] = lut[i]
			}
			return opaque
		}
	case *image.Gray16:
		row = func(dst []byte, y int) uint8 {
			src := m.Pix[m.PixOffset(b.Min.X, y):][:2*len(dst)]
			for x := range dst {
				dst[x] = src[2*x]
			}
			return 0xFF
		}
	case *image.RGBA64:
		row = func(dst []byte, y int) uint8 {
			src := m.Pix[m.PixOffset(b.Min.X, y):][:8*len(dst)]
			all := uint8(0xFF)
			for x := range dst {
				s := src[8*x : 8*x+8 : 8*x+8]
				// The high byte of each channel is enough: one grey step of 256 decides nothing.
				dst[x] = laid(luma(uint32(s[0]), uint32(s[2]), uint32(s[4])), s[6], on)
				all &= s[6]
			}
			return all
		}
	case *image.NRGBA64:
		row = func(dst []byte, y int) uint8 {
			src := m.Pix[m.PixOffset(b.Min.X, y):][:8*len(dst)]
			all := uint8(0xFF)
			for x := range dst {
				s := src[8*x : 8*x+8 : 8*x+8]
				dst[x] = blended(luma(uint32(s[0]), uint32(s[2]), uint32(s[4])), s[6], on)
				all &= s[6]
			}
			return all
		}
	case *image.NYCbCrA:
		row = func(dst []byte, y int) uint8 {
			src := m.Y[m.YOffset(b.Min.X, y):][:len(dst)]
			alpha := m.A[m.AOffset(b.Min.X, y):][:len(dst)]
			all := uint8(0xFF)
			for x := range dst {
				dst[x] = blended(uint32(src[x]), alpha[x], on)
				all &= alpha[x]
			}
			return all
		}
	default:
		row = func(dst []byte, y int) uint8 {
			all := uint8(0xFF)
			for x := range dst {
				r, g, bl, a := img.At(b.Min.X+x, y).RGBA()
				dst[x] = laid(luma(r>>8, g>>8, bl>>8), uint8(a>>8), on)
				all &= uint8(a >> 8)
			}
			return all
		}
	}
	// One flag per half, written by one goroutine each.
	var see [2]bool
	bands(h, w*h, func(from, to int) {
		half := 0
		if from > 0 {
			half = 1
		}
		for y := from; y < to; y++ {
			if row(p.pix[y*w:][:w:w], b.Min.Y+y) != 0xFF {
				see[half] = true
			}
		}
	})
	return p, see[0] || see[1]
}

// luma is the grey of one colour, each channel 0 to 255.
func luma(r, g, b uint32) uint32 { return (weightR*r + weightG*g + weightB*b) >> 8 }

// laid puts a colour that is already multiplied by its alpha on the backdrop.
func laid(y uint32, alpha uint8, on backdrop) uint8 {
	if on == onWhite {
		return uint8(min(255, y+255-uint32(alpha)))
	}
	return uint8(min(255, y))
}

// blended puts a colour that is not multiplied by its alpha on the backdrop.
func blended(y uint32, alpha uint8, on backdrop) uint8 {
	a := uint32(alpha)
	return uint8((y*a + uint32(on)*(255-a) + 127) / 255)
}

// lumas is the grey of pixels of four bytes each, red first, and the AND of all of them. Two pixels lie in one word, and none
// of the products of a channel, 150 × 255 at most, reaches into the other.
func lumas(dst, src []byte) (all uint32) {
	const channel = 0x000000FF000000FF
	src = src[:4*len(dst)]
	both, x := ^uint64(0), 0
	for ; x+4 <= len(dst); x += 4 {
		u, v := binary.LittleEndian.Uint64(src[4*x:]), binary.LittleEndian.Uint64(src[4*x+8:])
		both &= u & v
		u = (u&channel*weightR + u>>8&channel*weightG + u>>16&channel*weightB) >> 8 & channel
		v = (v&channel*weightR + v>>8&channel*weightG + v>>16&channel*weightB) >> 8 & channel
		binary.LittleEndian.PutUint32(dst[x:], uint32(u|u>>24)|uint32(v|v>>24)<<16)
	}
	all = uint32(both & (both >> 32))
	for ; x < len(dst); x++ {
		v := binary.LittleEndian.Uint32(src[4*x:])
		all &= v
		dst[x] = uint8(luma(v&0xFF, v>>8&0xFF, v>>16&0xFF))
	}
	return all
}

// greyRGBA is the common case, a screen picture: no branch while everything is opaque.
func greyRGBA(dst, src []byte, on backdrop) uint8 {
	all := lumas(dst, src)
	if all>>24 != 0xFF && on == onWhite {
		for x := range dst {
			dst[x] = uint8(min(255, uint32(dst[x])+255-uint32(src[4*x+3])))
		}
	}
	return uint8(all >> 24)
}

func greyNRGBA(dst, src []byte, on backdrop) uint8 {
	all := lumas(dst, src)
	if all>>24 != 0xFF {
		for x := range dst {
			dst[x] = blended(uint32(dst[x]), src[4*x+3], on)
		}
	}
	return uint8(all >> 24)
}

// paletteGrey is the grey of every index, and the AND of the alphas. An index past the
// end of the palette (a damaged file) is the backdrop, not a panic.
func paletteGrey(pal color.Palette, on backdrop) (lut [256]uint8, opaque uint8) {
	opaque = 0xFF
	for i := range lut {
		if i >= len(pal) || pal[i] == nil {
			lut[i] = uint8(on)
			continue
		}
		r, g, b, a := pal[i].RGBA()
		lut[i] = laid(luma(r>>8, g>>8, b>>8), uint8(a>>8), on)
		opaque &= uint8(a >> 8)
	}
	return lut, opaque
}
