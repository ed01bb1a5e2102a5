package scanner

import "encoding/binary"

// half is p at half the width and height, each pixel the mean of four: codes
// with large modules come into the range the binarizer's blocks are made for, and
// noise and blur lose half their weight. The pixels are put into *into.
func half(p plane, into *[]byte) plane {
	w, h := p.w/2, p.h/2
	out := plane{pix: room(into, w*h), stride: w, w: w, h: h}
	bands(h, w*h, func(from, to int) {
		for y := from; y < to; y++ {
			halfRow(out.pix[y*w:][:w], p.pix[2*y*p.stride:][:2*w], p.pix[(2*y+1)*p.stride:][:2*w])
		}
	})
	return out
}

// halfRow makes one row of two, four pixels at a time.
func halfRow(dst, a, b []byte) {
	x := 0
	for ; x+4 <= len(dst); x += 4 {
		u, v := binary.LittleEndian.Uint64(a[2*x:]), binary.LittleEndian.Uint64(b[2*x:])
		// Four lanes of 16 bits, each the sum of four pixels.
		s := u&laneEven + u>>8&laneEven + v&laneEven + v>>8&laneEven + 0x0002000200020002
		s = s >> 2 & laneEven
		s = (s | s>>8) & 0x0000FFFF0000FFFF
		binary.LittleEndian.PutUint32(dst[x:], uint32(s|s>>16))
	}
	for ; x < len(dst); x++ {
		dst[x] = uint8((uint32(a[2*x]) + uint32(a[2*x+1]) + uint32(b[2*x]) + uint32(b[2*x+1]) + 2) >> 2)
	}
}

// double is p at twice the width and height, interpolated: a module of little more than a
// pixel gets a middle that can be sampled. Weights are 9, 3, 3, 1 sixteenths, the bilinear
// ones for pixel centres a quarter apart. The pixels are put into *into.
func double(p plane, into *[]byte) plane {
	w := 2 * p.w
	out := plane{pix: room(into, w*2*p.h), stride: w, w: w, h: 2 * p.h}
	bands(p.h, w*2*p.h, func(from, to int) {
		for y := from; y < to; y++ {
			mid := p.pix[y*p.stride:][:p.w]
			up := p.pix[max(y-1, 0)*p.stride:][:p.w]
			down := p.pix[min(y+1, p.h-1)*p.stride:][:p.w]
			doubleRow(out.pix[2*y*w:][:w], mid, up)
			doubleRow(out.pix[(2*y+1)*w:][:w], mid, down)
		}
	})
	return out
}

func doubleRow(dst, near, far []byte) {
	at := func(x int) uint32 { return 3*uint32(near[x]) + uint32(far[x]) }
	last := len(near) - 1
	prev, cur := at(0), at(0)
	for x := range near {
		next := at(min(x+1, last))
		dst[2*x] = uint8((3*cur + prev + 8) >> 4)
		dst[2*x+1] = uint8((3*cur + next + 8) >> 4)
		prev, cur = cur, next
	}
}
