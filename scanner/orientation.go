package scanner

import (
	"encoding/binary"
	"image"
	"image/draw"
)

// orientation is how a camera was held: the value of the Exif tag 0x0112, 1 to 8 (Exif 2.32, 4.6.4). A code is read whichever
// way it lies; what is shown of the picture should stand as the person took it.
type orientation uint16

const upright orientation = 1

// orientationOf looks for the tag in a JPEG; upright when it is not there, or not as it should be.
func orientationOf(data []byte) orientation {
	const (
		app1 = 0xE1
		sos  = 0xDA
	)
	for at := 2; at+4 <= len(data) && data[at] == 0xFF; {
		marker, size := data[at+1], int(binary.BigEndian.Uint16(data[at+2:]))
		if marker == sos || size < 2 || at+2+size > len(data) {
			break
		}
		body := data[at+4 : at+2+size]
		if marker == app1 && len(body) > 6 && string(body[:6]) == "Exif\x00\x00" {
			return orientationIn(body[6:])
		}
		at += 2 + size
	}
	return upright
}

// orientationIn reads the first directory of a TIFF header (TIFF 6.0, section 2).
func orientationIn(tiff []byte) orientation {
	if len(tiff) < 8 {
		return upright
	}
	var order binary.ByteOrder = binary.LittleEndian
	if tiff[0] == 'M' {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return upright
	}
	n := int64(order.Uint16(tiff[at:]))
	for i := range n {
		entry := at + 2 + 12*i
		if entry+12 > int64(len(tiff)) {
			break
		}
		if order.Uint16(tiff[entry:]) == 0x0112 {
			if o := orientation(order.Uint16(tiff[entry+8:])); o >= 1 && o <= 8 {
				return o
			}
			break
		}
	}
	return upright
}

// stand turns a picture so that it stands upright. What stands already comes back as it is; what does not is copied.
func (o orientation) stand(m image.Image) image.Image {
	if o == upright {
		return m
	}
	b := m.Bounds()
	w, h := b.Dx(), b.Dy()
	// Where a pixel of the upright picture comes from, for each way of holding the camera.
	from := func(x, y int) (int, int) {
		switch o {
		case 2:
			return w - 1 - x, y
		case 3:
			return w - 1 - x, h - 1 - y
		case 4:
			return x, h - 1 - y
		case 5:
			return y, x
		case 6:
			return y, h - 1 - x
		case 7:
			return w - 1 - y, h - 1 - x
		default:
			return w - 1 - y, x
		}
	}
	size := image.Rect(0, 0, w, h)
	if o >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	if g, ok := m.(*image.Gray); ok {
		out := image.NewGray(size)
		for y := range size.Dy() {
			for x := range size.Dx() {
				fx, fy := from(x, y)
				out.Pix[y*out.Stride+x] = g.Pix[fy*g.Stride+fx]
			}
		}
		return out
	}
	flat := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(flat, flat.Bounds(), m, b.Min, draw.Src)
	out := image.NewRGBA(size)
	for y := range size.Dy() {
		for x := range size.Dx() {
			fx, fy := from(x, y)
			copy(out.Pix[y*out.Stride+4*x:][:4], flat.Pix[fy*flat.Stride+4*fx:][:4])
		}
	}
	return out
}
