package scanner

import (
	"bytes"
	"encoding/binary"
	"image"
	"testing"
)

// tiffOf writes grey pictures into one TIFF, a page each.
func tiffOf(order binary.ByteOrder, pages ...*image.Gray) []byte {
	var b bytes.Buffer
	if order == binary.BigEndian {
		b.WriteString("MM\x00*")
	} else {
		b.WriteString("II*\x00")
	}
	put32 := func(v int) { _ = binary.Write(&b, order, uint32(v)) }
	put16 := func(v int) { _ = binary.Write(&b, order, uint16(v)) }
	next := 8
	put32(next)
	for i, m := range pages {
		const entries = 8
		size := m.Rect.Size()
		pixels := next + 2 + 12*entries + 4
		put16(entries)
		for _, e := range [entries][2]int{{256, size.X}, {257, size.Y}, {258, 8}, {259, 1}, {262, 1}, {273, pixels}, {278, size.Y}, {279, len(m.Pix)}} {
			put16(e[0])
			put16(4)
			put32(1)
			put32(e[1])
		}
		next = pixels + len(m.Pix)
		if i == len(pages)-1 {
			put32(0)
		} else {
			put32(next)
		}
		b.Write(m.Pix)
	}
	return b.Bytes()
}

func greyPage(w int, shade uint8) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, w, 10))
	for i := range m.Pix {
		m.Pix[i] = shade
	}
	return m
}

func TestPagesOfATIFF(t *testing.T) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		data := tiffOf(order, greyPage(20, 10), greyPage(30, 20), greyPage(40, 30))
		for most, want := range map[int][]int{1: {20}, 2: {20, 30}, 5: {20, 30, 40}} {
			pages, err := DecodePictures(data, Limits{}, most)
			if err != nil || len(pages) != len(want) {
				t.Fatalf("%d pages, %v; want %v", len(pages), err, want)
			}
			for i, m := range pages {
				if m.Bounds().Dx() != want[i] || m.At(3, 3) != greyPage(1, uint8(10*i+10)).At(0, 0) {
					t.Errorf("page %d: %v, %v", i, m.Bounds(), m.At(3, 3))
				}
			}
		}
		// All of them count against the limit.
		if pages, err := DecodePictures(data, Limits{MaxPixels: 620}, 5); err != nil || len(pages) != 2 {
			t.Errorf("%d pages, %v", len(pages), err)
		}
		// A page that is broken ends it; so does a chain that leads back.
		if pages, err := DecodePictures(data[:len(data)-1], Limits{}, 5); err != nil || len(pages) != 2 {
			t.Errorf("cut off: %d pages, %v", len(pages), err)
		}
		ring := bytes.Clone(data)
		order.PutUint32(ring[8+2+12*8:], 8)
		if pages, err := DecodePictures(ring, Limits{}, 4); err != nil || len(pages) != 4 {
			t.Errorf("a ring: %d pages, %v", len(pages), err)
		}
	}
	if _, err := DecodePictures([]byte("II*\x00"), Limits{}, 5); err == nil {
		t.Error("a header alone is no picture")
	}
}

func FuzzPagesOfATIFF(f *testing.F) {
	f.Add(tiffOf(binary.LittleEndian, greyPage(3, 1), greyPage(2, 9)))
	f.Add(tiffOf(binary.BigEndian, greyPage(3, 1), greyPage(2, 9)))
	f.Fuzz(func(t *testing.T, data []byte) {
		const most = 3
		pages, err := DecodePictures(data, Limits{MaxPixels: 1 << 16}, most)
		if err != nil && pages != nil || err == nil && (len(pages) < 1 || len(pages) > most) {
			t.Fatalf("%d pages, %v", len(pages), err)
		}
		all := 0
		for _, m := range pages {
			all += m.Bounds().Dx() * m.Bounds().Dy()
		}
		if all > 1<<16 {
			t.Fatalf("%d pixels", all)
		}
	})
}
