package clipimage

import "encoding/binary"

// Bitmap headers, https://learn.microsoft.com/windows/win32/gdi/bitmap-header-types.
const (
	fileHeaderLen = 14
	infoHeaderLen = 40
	rgb           = 0 // BI_RGB
	bitFields     = 3 // BI_BITFIELDS
)

// dibToBMP makes a bmp file of a device-independent bitmap, which is such a file without its first 14 bytes (CF_DIB and
// CF_DIBV5). Screenshots come with 32 bits per pixel and colour masks, which decoders of bmp files do not all
// take; where the masks are the usual ones, they are left out. Alpha is left out too: programs leave it zero by mistake
// more often than they mean it. Errors: ErrEmpty for anything that is not such a bitmap.
func dibToBMP(dib []byte) ([]byte, error) {
	le := binary.LittleEndian
	if len(dib) < infoHeaderLen {
		return nil, ErrEmpty
	}
	head := int(le.Uint32(dib))
	bits := int(le.Uint16(dib[14:]))
	method := le.Uint32(dib[16:])
	used := int(le.Uint32(dib[32:]))
	if head < infoHeaderLen || head > len(dib) || head > 124 { // BITMAPINFOHEADER to BITMAPV5HEADER
		return nil, ErrEmpty
	}
	table := 0 // bytes between the header and the pixels
	switch {
	case method == bitFields && bits == 32:
		// The masks lie in the longer headers, or behind the short one.
		masks := dib[infoHeaderLen:]
		if head == infoHeaderLen {
			table = 12
		}
		if len(masks) < 12 || le.Uint32(masks) != 0xFF0000 || le.Uint32(masks[4:]) != 0xFF00 || le.Uint32(masks[8:]) != 0xFF {
			return nil, ErrEmpty
		}
	case method != rgb:
		return nil, ErrEmpty // compressed, or 16 bits: no screenshot tool writes these
	case bits <= 8:
		if used == 0 {
			used = 1 << bits
		}
		if used < 0 || used > 256 {
			return nil, ErrEmpty
		}
		table = 4 * used
	}
	if head+table > len(dib) {
		return nil, ErrEmpty
	}
	out := make([]byte, fileHeaderLen+infoHeaderLen, fileHeaderLen+infoHeaderLen+len(dib)-head)
	copy(out, "BM")
	copy(out[fileHeaderLen:], dib[:infoHeaderLen])
	le.PutUint32(out[fileHeaderLen:], infoHeaderLen)
	le.PutUint32(out[fileHeaderLen+16:], rgb)
	if bits <= 8 {
		out = append(out, dib[head:head+table]...)
	}
	le.PutUint32(out[10:], uint32(len(out)))
	out = append(out, dib[head+table:]...)
	le.PutUint32(out[2:], uint32(len(out)))
	return out, nil
}
