package camera

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
)

// layout is how a camera puts pixels into bytes, named by its V4L2 code
// (https://docs.kernel.org/userspace-api/media/v4l/pixfmt.html).
type layout string

// The layouts that are read. Nearly every webcam has YUYV or MJPG.
const (
	yuyv  layout = "YUYV" // luma and chroma in turns, 16 bits a pixel
	uyvy  layout = "UYVY" // the same, chroma first
	nv12  layout = "NV12" // a plane of luma, then one of chroma
	yu12  layout = "YU12" // three planes
	grey  layout = "GREY" // luma only
	mjpg  layout = "MJPG" // JPEG, often without its Huffman tables
	jpeg_ layout = "JPEG"
)

// layouts in the order they are asked for: the ones that need no decoding first.
var layouts = []layout{yuyv, nv12, yu12, uyvy, grey, mjpg, jpeg_}

// code is the number V4L2 has for a layout: four characters, the first one lowest.
func (l layout) code() uint32 {
	return uint32(l[0]) | uint32(l[1])<<8 | uint32(l[2])<<16 | uint32(l[3])<<24
}

// picture makes a picture of a raw frame, which it may keep. Colour is kept where it costs nothing: a code is read from
// the luma alone, and a person recognises what the camera sees.
func (l layout) picture(raw []byte, size image.Point) (image.Image, error) {
	w, h := size.X, size.Y
	r := image.Rect(0, 0, w, h)
	if l == mjpg || l == jpeg_ {
		whole := withTables(raw)
		// The header is looked at first: a frame must not ask for more memory than it was announced to need.
		if c, err := jpeg.DecodeConfig(bytes.NewReader(whole)); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		} else if image.Pt(c.Width, c.Height) != size {
			return nil, fmt.Errorf("%w: a frame of %d × %d instead of %v", ErrFormat, c.Width, c.Height, size)
		}
		m, err := jpeg.Decode(bytes.NewReader(whole))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
		return m, nil
	}
	need := map[layout]int{yuyv: 2 * w * h, uyvy: 2 * w * h, nv12: w*h + 2*((w+1)/2)*((h+1)/2), yu12: w*h + 2*((w+1)/2)*((h+1)/2), grey: w * h}[l]
	if need == 0 || len(raw) < need {
		return nil, fmt.Errorf("%w: %d bytes for a frame of %v", ErrFormat, len(raw), size)
	}
	switch l {
	case grey:
		return &image.Gray{Pix: raw[:w*h], Stride: w, Rect: r}, nil
	case yu12:
		c := ((w + 1) / 2) * ((h + 1) / 2)
		return &image.YCbCr{Y: raw[:w*h], Cb: raw[w*h : w*h+c], Cr: raw[w*h+c : w*h+2*c], YStride: w, CStride: (w + 1) / 2,
			SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: r}, nil
	case nv12:
		m := image.NewYCbCr(r, image.YCbCrSubsampleRatio420)
		copy(m.Y, raw[:w*h])
		for i := range m.Cb {
			m.Cb[i], m.Cr[i] = raw[w*h+2*i], raw[w*h+2*i+1]
		}
		return m, nil
	}
	luma, chroma := 0, 1
	if l == uyvy {
		luma, chroma = 1, 0
	}
	m := image.NewYCbCr(r, image.YCbCrSubsampleRatio422)
	for y := range h {
		row, out, tint := raw[2*w*y:2*w*(y+1)], m.Y[m.YStride*y:], m.CStride*y
		for x := range w {
			out[x] = row[2*x+luma]
		}
		for x := range w / 2 {
			m.Cb[tint+x], m.Cr[tint+x] = row[4*x+chroma], row[4*x+2+chroma]
		}
	}
	return m, nil
}

// withTables puts the usual Huffman tables into a JPEG that has none. Motion JPEG leaves them out, because they are the
// same in every frame (they are those of ITU-T T.81, Annex K.3).
func withTables(raw []byte) []byte {
	const (
		dht = 0xc4
		sos = 0xda
	)
	if len(raw) < 4 || raw[0] != 0xff || raw[1] != 0xd8 {
		return raw
	}
	for at := 2; at+4 <= len(raw) && raw[at] == 0xff; {
		switch raw[at+1] {
		case dht:
			return raw
		case sos:
			out := make([]byte, 0, len(raw)+len(huffmanTables))
			return append(append(append(out, raw[:at]...), huffmanTables...), raw[at:]...)
		}
		at += 2 + int(raw[at+2])<<8 + int(raw[at+3])
	}
	return raw
}
