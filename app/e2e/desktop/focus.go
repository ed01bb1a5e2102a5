//go:build linux

package desktop

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"slices"
	"time"
)

// ringColors are those of the thin line around what has the keyboard, in a light and in a dark window of Tallystick. Larger areas may
// have them too.
var ringColors = []color.RGBA{{0x2f, 0x4d, 0xa0, 0xff}, {0x9d, 0xb4, 0xff, 0xff}}

const (
	ringFade   = 70 // how far a value of the colour may be off: lines lie between pixels
	ringBlue   = 55 // how much more blue than red there is at least: it is no letter
	ringWidth  = 3  // pixels; a line of two that lies between pixels touches three
	ringLength = 12 // the shortest line that counts, without the round corners: no stroke of a letter is as long
	ringLow    = 14 // the least height of what has the keyboard
	ringCorner = 8  // how much shorter one line may be at either end: the corners are round
)

// Rings are the frames around what has the keyboard in a picture: one, or none. What looks like one may be there as well.
func Rings(img *image.RGBA) []image.Rectangle {
	b := img.Bounds()
	is := func(x, y int) bool {
		if !image.Pt(x, y).In(b) {
			return false
		}
		c := img.RGBAAt(x, y)
		return int(c.B)-int(c.R) >= ringBlue && slices.ContainsFunc(ringColors, func(r color.RGBA) bool {
			return near(c.R, r.R) && near(c.G, r.G) && near(c.B, r.B)
		})
	}
	// Lines: as long as what they frame, and thin.
	var lines []image.Rectangle
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if !is(x, y) {
				continue
			}
			from := x
			for is(x, y) {
				x++
			}
			middle, thick := (from+x)/2, 0
			if x-from < ringLength || is(middle, y-1) {
				continue
			}
			for is(middle, y+thick) {
				thick++
			}
			if thick <= ringWidth {
				lines = append(lines, image.Rect(from, y, x, y+thick))
			}
		}
	}
	// Two of them, one below the other.
	var rings []image.Rectangle
	for i, top := range lines {
		for _, bottom := range lines[i+1:] {
			if bottom.Max.Y-top.Min.Y >= ringLow && apart(top.Min.X, bottom.Min.X) <= ringCorner && apart(top.Max.X, bottom.Max.X) <= ringCorner {
				rings = append(rings, top.Union(bottom))
				break
			}
		}
	}
	return rings
}

func near(a, b uint8) bool { return apart(int(a), int(b)) <= ringFade }

func apart(a, b int) int { return max(a-b, b-a) }

// Focused waits until something in the window has the keyboard.
func (w *Window) Focused(ctx context.Context) error {
	return Wait(ctx, "something to have the keyboard", func() error {
		if err := w.Activate(ctx); err != nil {
			return err
		}
		img, err := w.Picture()
		if err == nil && len(Rings(img)) == 0 {
			err = errNoFocus
		}
		return err
	})
}

var errNoFocus = errors.New("nothing has the keyboard")

// FocusedOn waits until what has the keyboard is called as the phrase says: that stands on it, or right above.
func (w *Window) FocusedOn(ctx context.Context, phrase string) error {
	return Wait(ctx, fmt.Sprintf("%q to have the keyboard", phrase), func() error {
		if err := w.Activate(ctx); err != nil {
			return err
		}
		_, err := w.focusedOn(ctx, phrase)
		return err
	})
}

// focusedOn says why what has the keyboard now is not called so, and what has it.
func (w *Window) focusedOn(ctx context.Context, phrase string) ([]image.Rectangle, error) {
	img, err := w.Picture()
	if err != nil {
		return nil, err
	}
	rings := Rings(img)
	if len(rings) == 0 {
		return nil, errNoFocus
	}
	var seen []string
	for _, ring := range rings {
		// What stands in it and the label of a field are read by themselves: a ring and the edge of a button make poor letters.
		for _, part := range []image.Rectangle{ring.Inset(ringInside), image.Rect(ring.Min.X-ringInside, ring.Min.Y-labelHeight, ring.Max.X, ring.Min.Y-1)} {
			words, err := w.d.read(ctx, padded(img, part.Intersect(img.Bounds())))
			if err != nil {
				return rings, err
			}
			if _, ok := Find(words, phrase); ok {
				return rings, nil
			}
			seen = append(seen, Text(words))
		}
	}
	return rings, fmt.Errorf("what lies at %v has it, and reads %q", rings, seen)
}

const (
	ringInside  = 6  // from the outer edge of a ring to what it surrounds, in pixels
	labelHeight = 24 // how far above a field its label begins, in pixels
	padding     = 20 // text recognition reads nothing at the very edge of a picture
)

// padded is a part of a picture with a margin in the colour of its corner.
func padded(img *image.RGBA, part image.Rectangle) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, part.Dx()+2*padding, part.Dy()+2*padding))
	draw.Draw(out, out.Rect, image.NewUniform(img.RGBAAt(part.Min.X, part.Min.Y)), image.Point{}, draw.Src)
	draw.Draw(out, part.Sub(part.Min).Add(image.Pt(padding, padding)), img, part.Min, draw.Src)
	return out
}

// KeyMoves presses a key that moves the keyboard to something else, and waits until it is there.
func (w *Window) KeyMoves(ctx context.Context, key string) error {
	if err := w.Focused(ctx); err != nil {
		return err
	}
	img, err := w.Picture()
	if err != nil {
		return err
	}
	before := Rings(img)
	if err := w.Key(ctx, key); err != nil {
		return err
	}
	return w.moved(ctx, before)
}

// moved waits until something else has the keyboard than what did, and stands still: a page may move with it a moment later.
func (w *Window) moved(ctx context.Context, before []image.Rectangle) error {
	var last []image.Rectangle
	return WaitFor(ctx, "the keyboard to move on", func() bool {
		img, err := w.Picture()
		if err != nil {
			return false
		}
		now := Rings(img)
		still := len(now) > 0 && slices.Equal(now, last) && !slices.Equal(now, before)
		last = now
		return still
	})
}

// moveIn is how long a press of Tab may take to be seen. Where it brings what has the keyboard to the same place, because the page moved
// on below it, nothing is seen: then the next look decides.
const moveIn = 3 * time.Second

// KeyTo presses a key, Tab or an arrow, until what has the keyboard is called as the phrase says. It looks before every press.
func (w *Window) KeyTo(ctx context.Context, key, phrase string) error {
	const most = 40 // more than any page has to offer
	var missed []error
	for range most {
		rings, err := w.focusedOn(ctx, phrase)
		if err == nil {
			return nil
		}
		missed = append(missed, err)
		if err := w.Key(ctx, key); err != nil {
			return err
		}
		soon, cancel := context.WithTimeout(ctx, moveIn)
		_ = w.moved(soon, rings)
		cancel()
		if err := ctx.Err(); err != nil {
			break
		}
	}
	return fmt.Errorf("%s never led to %q: %w", key, phrase, errors.Join(missed...))
}
