package scanner

import (
	"image"
	"math"
)

// Point is a place in picture pixels, in the coordinates of the scanned image's
// Bounds: x to the right, y downwards. A whole number is the edge between two
// pixels, so the middle of the first pixel of a picture at the origin is (0.5, 0.5).
type Point struct{ X, Y float64 }

// Code is one QR code that was read.
type Code struct {
	// Text is what the code holds, as UTF-8. Treat it as a secret.
	Text string
	// Corners are the outer corners of the code (without its quiet zone): top left,
	// top right, bottom right, bottom left as the code itself is oriented. A code
	// that stands upright has Corners[0] at its upper left in the picture; one turned
	// by 90° clockwise has it at the upper right. They run clockwise in the picture,
	// except for a mirrored code, where they run the other way round.
	Corners [4]Point
	// Version is 1 to 40: the code is 17 + 4 × Version modules wide.
	Version int
	// Sure is how much of the error correction was left where least of it was: 1 when every code word was right, 0
	// when one more wrong one would have made it unreadable.
	Sure float64
	// Mirrored: seen in a mirror. Inverted: light on dark.
	Mirrored, Inverted bool
	// Part is set when Text is a part of a text that was spread over several codes, and not all of them were found. A
	// text that was found whole is one code, in the place of its first part.
	Part *Part
}

// Part says which part of a longer text a code holds (structured append, ISO/IEC 18004 §8).
type Part struct {
	Index  int   // from 0
	Total  int   // 2 to 16
	Parity uint8 // the same in all parts of a text
}

// Bounds is the smallest rectangle of whole pixels that holds the corners, cut to r
// (usually the Bounds of the scanned image). It is empty when they share no pixel.
func (c Code) Bounds(r image.Rectangle) image.Rectangle {
	x0, y0 := c.Corners[0].X, c.Corners[0].Y
	x1, y1 := x0, y0
	for _, p := range c.Corners[1:] {
		x0, x1 = math.Min(x0, p.X), math.Max(x1, p.X)
		y0, y1 = math.Min(y0, p.Y), math.Max(y1, p.Y)
	}
	return image.Rect(whole(math.Floor(x0)), whole(math.Floor(y0)), whole(math.Ceil(x1)), whole(math.Ceil(y1))).Intersect(r)
}

// whole turns v into an int without the undefined results of converting NaN or
// numbers an int cannot hold; no picture has coordinates near the limit.
func whole(v float64) int {
	const limit = 1 << 30
	switch {
	case math.IsNaN(v):
		return 0
	case v > limit:
		return limit
	case v < -limit:
		return -limit
	}
	return int(v)
}

// Reason says why nothing was found; ReasonNone when codes were found.
type Reason string

// The reasons. They are part of the command line's JSON and do not change.
const (
	// ReasonNone: at least one code was read.
	ReasonNone Reason = ""
	// ReasonNoCode: nothing in the picture looks like a QR code.
	ReasonNoCode Reason = "no-code"
	// ReasonUnreadable: there are finder patterns with a timing pattern between them, so
	// this is a code, but it could not be read: cut off, covered, damaged, too small. Result.Unread says which.
	ReasonUnreadable Reason = "unreadable"
	// ReasonTooSmall: the picture has fewer pixels on a side than the smallest
	// code has modules.
	ReasonTooSmall Reason = "picture-too-small"
)

// Result is what one picture gave.
type Result struct {
	// Codes as a page is read: line by line from the top, each from the left.
	Codes []Code
	// Reason is ReasonNone exactly when Codes is not empty.
	Reason Reason
	// Unread is what is known about the code that could not be read, nil when nothing is.
	Unread *Unread
}
