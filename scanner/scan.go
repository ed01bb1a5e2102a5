package scanner

import (
	"context"
	"fmt"
	"image"
	"sync"
)

const (
	// smallestLevel in pixels: the pyramid ends where a side would fall below half of this. A code that
	// fills a picture of 120 pixels has 3 to 5 pixels per module, and is larger in the level above.
	smallestLevel = 240
	// enlargeUpTo, in pixels, is what is looked at in double size when nothing was found: a full HD
	// picture and a bit. Larger ones would take as long as everything before together.
	enlargeUpTo = 1_000_000
)

// Scanner finds codes in pictures. It holds memory from one scan to the next, never what was in it; make one with [New] and
// share it.
type Scanner struct {
	maxPixels  int64
	workspaces sync.Pool // of *workspace; one that nobody needs goes with the next garbage collections
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
	crossChecks, finders, joins, walks, triples, looks, decodes, bent, leans int
	modules                                                                  int // sampled and given to the decoder
	// decodeLimit is the value of decodes at which the current level ends.
	decodeLimit int
	// mostDecodes is what one level and polarity took at most.
	mostDecodes int
	// levels is the number of binarized pictures, both polarities counted.
	levels int
	// framed is where the first grid with finders and timing lies that was not read in the current level, nil for none; and its
	// module in pixels.
	framed       *[4]Point
	framedModule float64
	framedSide   int // in modules
}

// spent reports whether the current level must not decode any more.
func (e *effort) spent() bool { return e.decodes >= e.decodeLimit || e.modules >= maxModules }

// scan is one run: what was found so far and what it took.
type scan struct {
	ctx    context.Context
	work   *workspace
	origin image.Point
	reader *reader
	effort effort
	codes  []Code
	unread *Unread // what looked most like a code and was not read
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
	work, _ := s.workspaces.Get().(*workspace)
	if work == nil {
		work = new(workspace)
	}
	sc := &scan{ctx: ctx, work: work, origin: b.Min, reader: newReader()}
	defer s.workspaces.Put(work)
	defer work.wipe()
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
	res = Result{Codes: join(sc.codes), Reason: sc.reason()}
	if res.Reason == ReasonUnreadable {
		res.Unread = sc.unread
	}
	return res, sc.effort, nil
}

func (sc *scan) reason() Reason {
	switch {
	case len(sc.codes) > 0:
		return ReasonNone
	case sc.unread != nil:
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
		p, translucent := grey(img, on, &sc.work.grey)
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
	for i := 0; ; i++ {
		if i > 0 {
			p = half(p, &sc.work.level(i).half)
		}
		l := &sc.work.level(i).measured
		l.measure(p, sc.work.level(i))
		if err := sc.level(l, lookNormal, float64(int(1)<<i)); err != nil {
			return err
		}
		if min(p.w, p.h) < smallestLevel {
			return nil
		}
	}
}

// faint looks for pale codes, in full size and, for large modules, half.
func (sc *scan) faint(plane) error {
	for i := range min(2, len(sc.work.sizes)) {
		l := &sc.work.sizes[i].measured
		if l.bits == nil {
			break // left over from a larger picture
		}
		if err := sc.level(l, lookFaint, float64(int(1)<<i)); err != nil || len(sc.codes) > 0 {
			return err
		}
	}
	return nil
}

// enlarged looks for codes with modules of a pixel or two.
func (sc *scan) enlarged(p plane) error {
	if p.w*p.h > enlargeUpTo {
		return nil
	}
	l := new(levels)
	l.measure(double(p, &sc.work.double), &sc.work.enlarge)
	return sc.level(l, lookNormal, 0.5)
}

// level looks at one picture in both polarities. scale is the size of its pixels in pixels of the original.
func (sc *scan) level(l *levels, how look, scale float64) error {
	if err := sc.ctx.Err(); err != nil {
		return err
	}
	l.apply(how)
	if err := sc.ctx.Err(); err != nil {
		return err
	}
	if l.news != nil && !l.news.any {
		return nil // the same bits again
	}
	finders := findFinders(l.bits, l.news, how, scale, &sc.work.finders, &sc.effort)
	if l.news != nil {
		least := smallestFinder(l.bits, how, scale)
		for i, before := range l.seen {
			finders[i] = l.news.carry(finders[i], before, least)
		}
	} else {
		for i, fs := range finders {
			l.seen[i] = append(l.room.seen[i][:0], fs...)
			l.room.seen[i] = l.seen[i]
		}
	}
	for i, fs := range finders {
		if err := sc.ctx.Err(); err != nil {
			return err
		}
		view := l
		if i == 1 {
			view = l.inverse()
		}
		if err := sc.polarity(view, fs, scale); err != nil {
			return err
		}
	}
	return nil
}

// polarity looks for dark codes on a light ground.
func (sc *scan) polarity(l *levels, fs []finder, scale float64) error {
	e := &sc.effort
	e.levels++
	before := e.decodes
	e.decodeLimit = before + maxDecodes
	defer func() { e.mostDecodes = max(e.mostDecodes, e.decodes-before) }()
	fs = sc.outside(fs, scale)
	if len(fs) == 0 {
		return nil
	}
	e.framed = nil
	k := newLinks(l.bits, fs, l.news)
	ts := joinTriples(k, e)
	found, err := sc.readAll(l, ts, nil)
	if err != nil {
		return err
	}
	var seen *Unread
	if len(found) == 0 && len(sc.codes) == 0 {
		// Two finders and the timing pattern between them say where the third one is, though something lies on it.
		seen, ts = explain(l, k, e, scale)
		if found, err = sc.readAll(l, ts, found); err != nil {
			return err
		}
	}
	for _, c := range found {
		for i, p := range c.Corners {
			c.Corners[i] = Point{p.X*scale + float64(sc.origin.X), p.Y*scale + float64(sc.origin.Y)}
		}
		sc.codes = add(sc.codes, c)
	}
	if len(sc.codes) == 0 {
		sc.note(seen, scale)
	}
	return nil
}

// readAll reads the codes of ts and appends them to found. They are in pixels of the level.
func (sc *scan) readAll(l *levels, ts []triple, found []Code) ([]Code, error) {
	e := &sc.effort
next:
	for i, t := range ts {
		if i%64 == 63 && sc.ctx.Err() != nil { // some milliseconds at most
			return found, sc.ctx.Err()
		}
		if e.spent() {
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
			found = append(found, Code{
				Text: hit.text, Corners: hit.corners, Version: hit.version, Sure: hit.sure,
				Mirrored: hit.mirrored, Inverted: l.inverted(), Part: hit.part,
			})
		}
	}
	return found, nil
}

// note keeps what says most about a code that was not read. Its places are in pixels of a level.
func (sc *scan) note(u *Unread, scale float64) {
	if u == nil || sc.unread != nil && sc.unread.weight >= u.weight {
		return
	}
	for i, p := range u.Corners {
		u.Corners[i] = Point{p.X*scale + float64(sc.origin.X), p.Y*scale + float64(sc.origin.Y)}
	}
	u.Module *= scale
	sc.unread = u
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
