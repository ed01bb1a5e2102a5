package scanner

import "errors"

// Errors of DecodePicture and Scan. None carries anything of the picture's content.
var (
	// ErrTooLarge: more pixels than the limit. Nothing was decoded.
	ErrTooLarge = errors.New("scanner: picture has too many pixels")
	// ErrTooManyByte: the file is longer than the limit. Nothing was decoded.
	ErrTooManyByte = errors.New("scanner: picture file too large")
	// ErrFormat: not png, jpeg, gif, bmp, tiff or webp.
	ErrFormat = errors.New("scanner: not a picture this program reads")
	// ErrDamaged: one of these formats, but broken, cut off, or of a kind that is not supported.
	ErrDamaged = errors.New("scanner: damaged picture")
)

// Limits caps what DecodePicture accepts.
type Limits struct {
	MaxBytes  int64 // length of the file, bytes
	MaxPixels int64 // width × height, read from the header before anything is decoded
}

// DefaultLimits are 64 MiB and 64 megapixels. The largest screens in use have 33 megapixels (8K), phone photographs
// 12 to 50; decoded, 64 megapixels take 256 MB, and a few thousand bytes of PNG can ask for a hundred times that.
func DefaultLimits() Limits { return Limits{MaxBytes: 64 << 20, MaxPixels: 64 << 20} }
