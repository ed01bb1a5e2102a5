package scanner

import (
	"bytes"
	"encoding/binary"
	"image"
)

// DecodePictures is DecodePicture for files that may hold several pictures: the first pages of a TIFF, as scanners and fax
// programs write them, at most so many, as far as they fit into the limit together. Of every other format it is the one.
// Only the first page has to be readable.
func DecodePictures(data []byte, l Limits, most int) ([]image.Image, error) {
	first, err := DecodePicture(bytes.NewReader(data), l)
	if err != nil {
		return nil, err
	}
	if l.MaxPixels <= 0 {
		l.MaxPixels = DefaultLimits().MaxPixels
	}
	pages := []image.Image{first}
	for _, at := range furtherPages(data, most-1) {
		last := pages[len(pages)-1].Bounds()
		if l.MaxPixels -= int64(last.Dx()) * int64(last.Dy()); l.MaxPixels <= 0 {
			break
		}
		// The decoder reads the page that the header names.
		page := bytes.Clone(data)
		copy(page[4:8], at[:])
		m, err := DecodePicture(bytes.NewReader(page), l)
		clear(page)
		if err != nil {
			break
		}
		pages = append(pages, m)
	}
	return pages, nil
}

// furtherPages gives where the pages of a TIFF behind the first begin, as the file writes it (TIFF 6.0, section 2).
func furtherPages(data []byte, most int) (at [][4]byte) {
	f, ok := sniff(data)
	if !ok || f.name != "tiff" || len(data) < 8 {
		return nil
	}
	var order binary.ByteOrder = binary.LittleEndian
	if data[0] == 'M' {
		order = binary.BigEndian
	}
	begins := int64(order.Uint32(data[4:]))
	for len(at) < most {
		if begins+2 > int64(len(data)) {
			break
		}
		next := begins + 2 + 12*int64(order.Uint16(data[begins:]))
		if next+4 > int64(len(data)) {
			break
		}
		page := [4]byte(data[next:])
		if begins = int64(order.Uint32(page[:])); begins == 0 {
			break
		}
		at = append(at, page) // a chain that bites its tail ends by most
	}
	return at
}
