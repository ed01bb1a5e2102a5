package scanner

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

// format is one kind of picture file. The table is our own and not the registry of package image, to which
// any package of the program may add decoders that nobody here has looked at.
type format struct {
	name   string
	magic  string // at the start; '?' stands for any byte
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

var formats = []format{
	{"png", "\x89PNG\r\n\x1a\n", png.DecodeConfig, png.Decode},
	{"jpeg", "\xff\xd8\xff", jpeg.DecodeConfig, jpeg.Decode},
	{"gif", "GIF8?a", gif.DecodeConfig, gif.Decode},
	{"bmp", "BM", bmp.DecodeConfig, bmp.Decode},
	{"tiff", "II*\x00", tiff.DecodeConfig, tiff.Decode},
	{"tiff", "MM\x00*", tiff.DecodeConfig, tiff.Decode},
	{"webp", "RIFF????WEBP", webp.DecodeConfig, webp.Decode},
}

// sniff tells the format from the first bytes.
func sniff(data []byte) (format, bool) {
next:
	for _, f := range formats {
		if len(data) < len(f.magic) {
			continue
		}
		for i := range len(f.magic) {
			if f.magic[i] != '?' && f.magic[i] != data[i] {
				continue next
			}
		}
		return f, true
	}
	return format{}, false
}

// weight is how many times four bytes one pixel takes while it is decoded.
func (f format) weight(c image.Config, data []byte) int64 {
	switch c.ColorModel {
	case color.RGBA64Model, color.NRGBA64Model:
		return 2
	}
	// A progressive JPEG keeps the coefficients of all channels, four bytes each, until its last scan. Its
	// frame marker may also stand in a thumbnail; a large picture is then refused that would have fitted.
	if f.name == "jpeg" && bytes.Contains(data, []byte{0xFF, 0xC2}) {
		return 2
	}
	return 1
}
