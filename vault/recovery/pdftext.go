package recovery

import (
	"context"
	"strings"
)

// PDFText is the text of a PDF, a line of the page to a line, columns parted by tabs: for
// pages of Tallystick's own that are read back. data is not kept, and not wiped.
//
// Fails with ErrTooLarge, ErrDamaged, ErrEncrypted, ErrFormat for what is no PDF, or the
// context's error; it takes no longer than reading a sheet may.
func PDFText(ctx context.Context, data []byte) (string, error) {
	switch {
	case len(data) > MaxFile:
		return "", ErrTooLarge
	case !isPDF(data):
		return "", ErrFormat
	}
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	text, err := readPDF(ctx, data)
	if err != nil {
		return "", err
	}
	return strings.Map(func(r rune) rune {
		if r == strikeOn || r == strikeOff {
			return -1
		}
		return r
	}, text), nil
}
