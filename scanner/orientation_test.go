package scanner

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
)

// held gives the picture as a camera stores it that was held in one of the eight ways, so that turning it by the rules of
// Exif gives it back: the first row and the first column of what is stored lie where the table of the standard says.
func held(m *image.Gray, o orientation) *image.Gray {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	// Where row 0 and column 0 of the stored picture are in the upright one.
	row := [...]string{1: "top", 2: "top", 3: "bottom", 4: "bottom", 5: "left", 6: "right", 7: "right", 8: "left"}[o]
	column := [...]string{1: "left", 2: "right", 3: "right", 4: "left", 5: "top", 6: "top", 7: "bottom", 8: "bottom"}[o]
	size := image.Rect(0, 0, w, h)
	if o >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	out := image.NewGray(size)
	for r := range size.Dy() {
		for c := range size.Dx() {
			var x, y int
			for _, v := range []struct {
				side string
				n    int
			}{{row, r}, {column, c}} {
				switch v.side {
				case "top":
					y = v.n
				case "bottom":
					y = h - 1 - v.n
				case "left":
					x = v.n
				case "right":
					x = w - 1 - v.n
				}
			}
			out.SetGray(c, r, m.GrayAt(x, y))
		}
	}
	return out
}

// withExif puts an Exif segment with the tag behind the start of a JPEG.
func withExif(plain []byte, order binary.AppendByteOrder, o uint16) []byte {
	mark := "II"
	if order == binary.AppendByteOrder(binary.BigEndian) {
		mark = "MM"
	}
	tiff := append([]byte(mark), order.AppendUint16(nil, 42)...)
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, 2)
	tiff = order.AppendUint32(order.AppendUint32(order.AppendUint16(order.AppendUint16(tiff, 0x010F), 2), 1), 0)
	tiff = order.AppendUint32(order.AppendUint16(order.AppendUint16(tiff, 0x0112), 3), 1)
	tiff = order.AppendUint16(order.AppendUint16(tiff, o), 0)
	tiff = order.AppendUint32(tiff, 0)
	body := append([]byte("Exif\x00\x00"), tiff...)
	out := bytes.Clone(plain[:2])
	out = append(out, 0xFF, 0xE1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(body)+2))
	return append(append(out, body...), plain[2:]...)
}

func TestPhotographsStandUpright(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 48, 32))
	for y := range 32 {
		for x := range 48 {
			m.SetGray(x, y, color.Gray{Y: uint8(4*x + 2*y)})
		}
	}
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for o := orientation(1); o <= 8; o++ {
			var b bytes.Buffer
			if err := jpeg.Encode(&b, held(m, o), &jpeg.Options{Quality: 100}); err != nil {
				t.Fatal(err)
			}
			data := withExif(b.Bytes(), order, uint16(o))
			got, err := DecodePicture(bytes.NewReader(data), DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			if got.Bounds() != m.Rect {
				t.Fatalf("held the way %d: %v", o, got.Bounds())
			}
			for y := range 32 {
				for x := range 48 {
					is := color.GrayModel.Convert(got.At(x, y)).(color.Gray).Y
					if d := int(is) - int(m.GrayAt(x, y).Y); max(d, -d) > 4 {
						t.Fatalf("held the way %d: %d instead of %d at %d,%d", o, is, m.GrayAt(x, y).Y, x, y)
					}
				}
			}
		}
	}
}

// Whatever the segment says, it is a way of holding the camera or none.
func FuzzOrientation(f *testing.F) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)), nil); err != nil {
		f.Fatal(err)
	}
	f.Add(withExif(b.Bytes(), binary.LittleEndian, 6))
	f.Add(withExif(b.Bytes(), binary.BigEndian, 9))
	f.Add([]byte{0xFF, 0xD8, 0xFF, 0xE1, 0, 14, 'E', 'x', 'i', 'f', 0, 0, 'I', 'I', 42, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		if o := orientationOf(data); o < 1 || o > 8 {
			t.Fatalf("orientation %d", o)
		}
	})
}
