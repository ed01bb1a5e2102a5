package scanner

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
)

const (
	// maxPictureSide in pixels: what PNG-like formats may claim in 32 bits and screens and cameras never have. It
	// bounds the number of strips and rows, each of which costs a decoder work of its own however thin it is.
	maxPictureSide = 1 << 16
	// maxScans of a progressive JPEG. Each costs a pass over the whole picture and may be a few bytes
	// long; encoders write about ten, and libjpeg-turbo's own advice is to stop at 500.
	maxScans = 200
)

// DecodePicture reads a png, jpeg (turned upright, as its Exif data says), gif (the first frame), bmp, tiff or webp (still pictures) from r.
//
// The format is told from the first bytes, never from a name. Size and kind are read from the header and
// held against l before anything is decoded; a field of l that is not positive takes its default.
// No more than l.MaxBytes + 1 bytes are read from r.
//
// Errors: ErrTooManyByte and ErrTooLarge for the limits, ErrFormat for anything else than these formats, ErrDamaged for one that
// breaks off (then io.ErrUnexpectedEOF is wrapped too) or is of a kind the decoders do not know; the error of
// r when reading fails. Their texts name the format and the size, nothing of the content.
func DecodePicture(r io.Reader, l Limits) (image.Image, error) {
	if l.MaxBytes <= 0 {
		l.MaxBytes = DefaultLimits().MaxBytes
	}
	if l.MaxPixels <= 0 {
		l.MaxPixels = DefaultLimits().MaxPixels
	}
	data, err := io.ReadAll(io.LimitReader(r, l.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("scanner: reading a picture: %w", err)
	}
	if int64(len(data)) > l.MaxBytes {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooManyByte, l.MaxBytes)
	}
	f, ok := sniff(data)
	if !ok {
		return nil, ErrFormat
	}
	c, err := header(f, data)
	if err != nil {
		return nil, err
	}
	if err := within(c, f.weight(c, data), l.MaxPixels); err != nil {
		return nil, err
	}
	if f.name == "jpeg" && bytes.Count(data, []byte{0xFF, 0xDA}) > maxScans {
		// The marker cannot stand inside a scan, so this counts scans (and those of a thumbnail).
		return nil, fmt.Errorf("%w: jpeg with more than %d scans", ErrDamaged, maxScans)
	}
	m, err := pixels(f, data)
	if err == nil && f.name == "jpeg" {
		m = orientationOf(data).stand(m)
	}
	return m, err
}

// within holds the size in c against the limit. weight is how many times the usual four bytes
// a pixel takes while it is decoded.
func within(c image.Config, weight, maxPixels int64) error {
	if c.Width <= 0 || c.Height <= 0 {
		return fmt.Errorf("%w: no pixels", ErrDamaged)
	}
	if c.Width > maxPictureSide || c.Height > maxPictureSide || int64(c.Width)*int64(c.Height) > maxPixels/weight {
		return fmt.Errorf("%w: %d × %d", ErrTooLarge, c.Width, c.Height)
	}
	return nil
}

// header reads the size. A decoder that panics on hostile bytes has found damage.
func header(f format, data []byte) (c image.Config, err error) {
	defer func() {
		if recover() != nil {
			c, err = image.Config{}, damaged(f, nil)
		}
	}()
	c, err = f.config(bytes.NewReader(data))
	if err != nil {
		return image.Config{}, damaged(f, err)
	}
	return c, nil
}

// pixels decodes the picture.
func pixels(f format, data []byte) (m image.Image, err error) {
	defer func() {
		if recover() != nil {
			m, err = nil, damaged(f, nil)
		}
	}()
	m, err = f.decode(bytes.NewReader(data))
	if err != nil {
		return nil, damaged(f, err)
	}
	return m, nil
}

// damaged hides what a decoder said, which may quote the file, and keeps whether it is cut off.
func damaged(f format, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %s: %w", ErrDamaged, f.name, io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("%w: %s", ErrDamaged, f.name)
}
