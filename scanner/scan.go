package scanner

import (
	"context"
	"fmt"
	"image"
)

const (
	// smallestLevel in pixels: the pyramid ends where a side would fall below half of this. A code that
	// fills a picture of 120 pixels has 3 to 5 pixels per module, and is larger in the level above.
	smallestLevel = 240
	// enlargeUpTo, in pixels, is what is looked at in double size when nothing was found: a full HD
	// picture and a bit. Larger ones would take as long as everything before together.
	enlargeUpTo = 2_200_000
)

// Scanner finds codes in pictures. It holds no state; make one with [New] and share it.
type Scanner struct {
	maxPixels int64
}

// New returns a scanner that looks at pictures of up to DefaultLimits().MaxPixels.
func New() *Scanner { return &Scanner{maxPixels: DefaultLimits().MaxPixels} }

// Scan finds every code in img, dark on light or light on dark, and returns each once, where it is, and
// why there is none if there is none.
//
// A picture without a code is not an error. Errors are ErrTooLarge for one with more pixels than
// DefaultLimits().MaxPixels, ErrFormat for nil, and ctx.Err() when ctx ends before the scan does.
// The work is bounded for any picture: it grows with the number of pixels, not with what they show.
func (s *Scanner) Scan(ctx context.Context, img image.Image) (Result, error) {
	r, _, err := s.scan(ctx, img)
	return r, err
}

// effort counts what a scan did, so that tests hold the bounds without a clock.
type effort struct {
	crossChecks, finders, joins, triples, looks, decodes int
	// decodeLimit is the value of decodes at which the current level ends.
	decodeLimit int
	// mostDecodes is what one level and polarity took at most.
	mostDecodes int
	// levels is the number of binarized pictures, both polarities counted.
	levels int
}

// scan is one run: what was found so far and what it took.
type scan struct {
	ctx      context.Context
	origin   image.Point
	reader   *reader
	effort   effort
	codes    []Code
	evidence bool // something looked like a code
}

func (s *Scanner) scan(ctx context.Context, img image.Image) (res Result, done effort, err error) {
	if img == nil {
		return Result{}, done, fmt.Errorf("%w: no picture", ErrFormat)
	}
	limit := s.maxPixels
	if limit == 0 { // a Scanner that was not made by New
		limit = DefaultLimits().MaxPixels
	}
	b := img.Bounds()
	if b.Dx() < minSide || b.Dy() < minSide {
		return Result{Reason: ReasonTooSmall}, done, nil
	}
	if int64(b.Dx()) > limit/int64(b.Dy()) {
		return Result{}, done, fmt.Errorf("%w: %d × %d", ErrTooLarge, b.Dx(), b.Dy())
	}
	sc := &scan{ctx: ctx, origin: b.Min, reader: newReader()}
	// The last defence, not the first: no stage is known to panic on a sound image, but an
	// image.Image is an interface, and one whose Pix is shorter than its Bounds promise must not
	// end the program.
	defer func() {
		if recover() != nil {
			res, done, err = Result{Reason: ReasonUnreadable}, sc.effort, nil
		}
	}()
	if err := sc.run(img); err != nil {
		return Result{}, sc.effort, err
	}
	order(sc.codes)
	return Result{Codes: sc.codes, Reason: sc.reason()}, sc.effort, nil
}

func (sc *scan) reason() Reason {
	switch {
	case len(sc.codes) > 0:
		return ReasonNone
	case sc.evidence:
		return ReasonUnreadable
	}
	return ReasonNoCode
}

// run looks at the picture in growing effort until something is found.
func (sc *scan) run(img image.Image) error {
	for _, on := range [2]backdrop{onWhite, onBlack} {
		if err := sc.ctx.Err(); err != nil {
			return err
		}
		p, translucent := grey(img, on)
		for _, try := range []func(plane) error{sc.allSizes, sc.faint, sc.enlarged} {
			if err := try(p); err != nil || len(sc.codes) > 0 {
				return err
			}
		}
		if !translucent {
			return nil // another backdrop changes nothing
		}
	}
	return nil
}

// allSizes looks at every level of the pyramid, also when the first shows codes: another code
// on the same screen may be larger or blurred. All levels after the first cost a third of it.
func (sc *scan) allSizes(p plane) error {
	for scale := 1.0; ; scale *= 2 {
		if err := sc.level(p, lookNormal, scale); err != nil {
			return err
		}
		if min(p.w, p.h) < smallestLevel {
			return nil
		}
		p = half(p)
	}
}

// faint looks for pale codes, in full size and, for large modules, half.
func (sc *scan) faint(p plane) error {
	if err := sc.level(p, lookFaint, 1); err != nil || len(sc.codes) > 0 || min(p.w, p.h) < smallestLevel {
		return err
	}
	return sc.level(half(p), lookFaint, 2)
}

// enlarged looks for codes with modules of a pixel or two.
func (sc *scan) enlarged(p plane) error {
	if p.w*p.h > enlargeUpTo {
		return nil
	}
	return sc.level(double(p), lookNormal, 0.5)
}

// level looks at one picture in both polarities. scale is the size of its pixels in pixels of the original.
func (sc *scan) level(p plane, how look, scale float64) error {
	if err := sc.ctx.Err(); err != nil {
		return err
	}
	l := binarize(p, how)
	for range 2 {
		if err := sc.ctx.Err(); err != nil {
			return err
		}
		if err := sc.polarity(l, scale); err != nil {
			return err
		}
		l.invert()
	}
	return nil
}

// polarity looks for dark codes on a light ground.
func (sc *scan) polarity(l *levels, scale float64) error {
	e := &sc.effort
	e.levels++
	before := e.decodes
	e.decodeLimit = before + maxDecodes
	defer func() { e.mostDecodes = max(e.mostDecodes, e.decodes-before) }()
	fs := sc.outside(findFinders(l, e), scale)
	if len(sc.codes) == 0 && !sc.evidence {
		sc.evidence = looksLikeCode(l, fs)
	}
	ts := joinTriples(fs, e)
	var found []Code
next:
	for i, t := range ts {
		if i%64 == 63 && sc.ctx.Err() != nil { // some milliseconds at most
			return sc.ctx.Err()
		}
		if e.decodes >= e.decodeLimit {
			break
		}
		for _, c := range found {
			// A finder belongs to one code.
			for _, f := range [3]finder{t.tl, t.tr, t.bl} {
				if c.holds(Point{f.x, f.y}, edgeMargin) {
					continue next
				}
			}
		}
		if hit, ok := locate(l, t, sc.reader, e); ok {
			found = append(found, Code{Text: hit.text, Corners: hit.corners})
		}
	}
	for _, c := range found {
		for i, p := range c.Corners {
			c.Corners[i] = Point{p.X*scale + float64(sc.origin.X), p.Y*scale + float64(sc.origin.Y)}
		}
		sc.codes = add(sc.codes, c)
	}
	return nil
}

// edgeMargin widens a code that was read before asking whether a finder is part of it: a twentieth of its sides, for the
// error of its corners. Two codes are never that close, their quiet zones are wider.
const edgeMargin = 0.05

// outside drops the finders of codes that were read already.
func (sc *scan) outside(fs []finder, scale float64) []finder {
	if len(sc.codes) == 0 {
		return fs
	}
	kept := fs[:0]
next:
	for _, f := range fs {
		p := Point{f.x*scale + float64(sc.origin.X), f.y*scale + float64(sc.origin.Y)}
		for _, c := range sc.codes {
			if c.holds(p, edgeMargin) {
				continue next
			}
		}
		kept = append(kept, f)
	}
	return kept
}
