// Package picture makes small pictures of large ones: the marks that people gave their accounts in another app.
//
// Purpose: a vault keeps of a picture one form only, a PNG file of at most MaxEdge × MaxEdge pixels and MaxBytes bytes, so that everything
// that reads a vault has to know one decoder and one size. Small makes it of PNG, JPEG, WebP, GIF and BMP files.
//
// The files come from strangers. Their size in bytes and pixels is looked at before anything is decoded, what would cost a decoder more than its
// size says is refused, and a decoder that panics is an error. An SVG file is a program rather than a picture (scripts, references to itself,
// dashes without end); it is told apart, and not drawn.
//
// Who may import it: vault, vault/transfer and below, app/model. It imports nothing of ours.
//
// Concurrency: plain functions. A Budget belongs to one goroutine.
//
// Ownership: what is returned shares no memory with what was given. A picture that was made is a string: it never changes, and copies of an
// account share it.
package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"sync"

	"golang.org/x/image/bmp"
	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

// The form a vault keeps.
const (
	MaxEdge  = 96       // pixels, of both sides
	MaxBytes = 32 << 10 // bytes of the PNG file
)

// Limits of what a small picture is made of.
const (
	MaxSource = 2 << 20     // bytes of the file
	MaxPixels = 2048 * 2048 // of the picture
	// maxWebP is MaxPixels for WebP, whose lossless form may ask for 2.7 kB of tables for every 16 pixels.
	maxWebP = 512 * 512
	// maxScans is how often a JPEG file may go over the whole picture. Progressive files of cameras have 10.
	maxScans = 64
	// fallback is the edge, in pixels, of a picture that is too large as a file at MaxEdge: 16 kB even of noise.
	fallback = 64
)

// What can be wrong with a picture. Errors of this package wrap one of these.
var (
	ErrUnknown  = errors.New("picture: no picture of a kind that is known")
	ErrDrawing  = errors.New("picture: an SVG drawing")
	ErrTooLarge = errors.New("picture: too large")
	ErrDamaged  = errors.New("picture: damaged")
)

// kind is a file format.
type kind struct {
	is     func(data []byte) bool
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	pixels int // at most
}

func begins(magic string) func([]byte) bool {
	return func(data []byte) bool { return bytes.HasPrefix(data, []byte(magic)) }
}

var kinds = []kind{
	{begins("\x89PNG\r\n\x1a\n"), png.DecodeConfig, png.Decode, MaxPixels},
	{begins("\xff\xd8\xff"), jpeg.DecodeConfig, jpeg.Decode, MaxPixels},
	{func(d []byte) bool { return len(d) > 12 && string(d[:4]) == "RIFF" && string(d[8:12]) == "WEBP" }, webp.DecodeConfig, webp.Decode, maxWebP},
	{begins("GIF8"), gif.DecodeConfig, gif.Decode, MaxPixels}, // the first frame
	{begins("BM"), bmp.DecodeConfig, bmp.Decode, MaxPixels},
}

// Size is how many pixels the picture has, from its first bytes: nothing is decoded. Errors: ErrUnknown, ErrDrawing, ErrTooLarge, ErrDamaged.
func Size(data []byte) (pixels int, err error) {
	_, pixels, err = look(data)
	return pixels, err
}

func look(data []byte) (k kind, pixels int, err error) {
	defer recovered(&err)
	if len(data) > MaxSource {
		return kind{}, 0, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(data))
	}
	for _, k := range kinds {
		if !k.is(data) {
			continue
		}
		c, err := k.config(bytes.NewReader(data))
		switch {
		case err != nil || c.Width < 1 || c.Height < 1:
			return kind{}, 0, ErrDamaged
		case c.Width > k.pixels/c.Height: // so that the product is no larger
			return kind{}, 0, fmt.Errorf("%w: %d × %d pixels", ErrTooLarge, c.Width, c.Height)
		case bytes.HasPrefix(data, []byte("\xff\xd8")) && bytes.Count(data, []byte("\xff\xda")) > maxScans:
			return kind{}, 0, fmt.Errorf("%w: more than %d scans", ErrTooLarge, maxScans)
		}
		return k, c.Width * c.Height, nil
	}
	if bytes.Contains(data[:min(len(data), 4096)], []byte("<svg")) {
		return kind{}, 0, ErrDrawing
	}
	return kind{}, 0, ErrUnknown
}

// Small makes the form a vault keeps: scaled down, made square with nothing around it, and stripped of whatever else was in the file. The small
// picture of a small picture is the same, byte for byte. Errors: as of Size.
func Small(data []byte) (small string, err error) {
	defer recovered(&err)
	k, _, err := look(data)
	if err != nil {
		return "", err
	}
	img, err := k.decode(bytes.NewReader(data))
	if err != nil || img.Bounds().Empty() {
		return "", ErrDamaged // what the decoder says may quote the file
	}
	for _, edge := range []int{MaxEdge, fallback} {
		var out bytes.Buffer
		e := png.Encoder{BufferPool: buffers{}}
		if err := e.Encode(&out, square(img, edge)); err != nil {
			return "", ErrDamaged
		}
		if out.Len() <= MaxBytes {
			return out.String(), nil
		}
	}
	return "", ErrTooLarge
}

// square is img, no larger than edge × edge pixels, in the middle of a square.
func square(img image.Image, edge int) *image.NRGBA {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if long := max(w, h); long > edge {
		w, h = max(1, w*edge/long), max(1, h*edge/long)
		small := image.NewRGBA(image.Rect(0, 0, w, h))
		draw.BiLinear.Scale(small, small.Bounds(), img, b, draw.Src, nil)
		img, b = small, small.Bounds()
	}
	side := max(w, h)
	out := image.NewNRGBA(image.Rect(0, 0, side, side))
	dx, dy := (side-w)/2, (side-h)/2
	for y := range h {
		for x := range w {
			// One by one, for that is exact where img is of this kind already.
			c := color.NRGBAModel.Convert(img.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA)
			if c.A == 0 {
				c = color.NRGBA{}
			}
			out.SetNRGBA(dx+x, dy+y, c)
		}
	}
	return out
}

// Check reports whether text is of the form a vault keeps, by its first bytes. Errors: ErrUnknown, ErrTooLarge, ErrDamaged.
func Check(text string) error {
	if len(text) > MaxBytes {
		return fmt.Errorf("%w: %d bytes, at most %d are kept", ErrTooLarge, len(text), MaxBytes)
	}
	if !begins("\x89PNG\r\n\x1a\n")([]byte(text[:min(len(text), 8)])) {
		return ErrUnknown
	}
	c, err := png.DecodeConfig(strings.NewReader(text))
	switch {
	case err != nil:
		return ErrDamaged
	case c.Width > MaxEdge || c.Height > MaxEdge:
		return fmt.Errorf("%w: %d × %d pixels", ErrTooLarge, c.Width, c.Height)
	}
	return nil
}

// Decode is the picture of a text that Check lets pass. Errors: as of Check.
func Decode(text string) (img image.Image, err error) {
	defer recovered(&err)
	if err := Check(text); err != nil {
		return nil, err
	}
	if img, err = png.Decode(strings.NewReader(text)); err != nil {
		return nil, ErrDamaged
	}
	return img, nil
}

// recovered makes an error of a decoder's panic.
func recovered(err *error) {
	if recover() != nil {
		*err = ErrDamaged
	}
}

// buffers keeps the encoder's working memory, of about 1 MB, from one picture to the next.
type buffers struct{}

var spare sync.Pool

func (buffers) Get() *png.EncoderBuffer {
	b, _ := spare.Get().(*png.EncoderBuffer)
	return b
}

func (buffers) Put(b *png.EncoderBuffer) { spare.Put(b) }
