package clock

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// File is the name of the file of a Clock in the data directory.
const File = "clock.json"

// MaxCorrection is the most that codes are corrected by. A clock that is further off is
// to be set: too much else goes wrong with it, and nobody should be talked into it.
const MaxCorrection = 300 * time.Second

const (
	// maxError is how exact a finding has to be for codes to follow it.
	maxError = 45 * time.Second
	// maxAge is for how long a correction holds: clocks drift apart by a second or two a day.
	maxAge = 7 * 24 * time.Hour
	// recallFor is for how long what was found can be agreed to.
	recallFor = time.Hour
	// drift is how fast a clock of a computer runs wrong at worst, as a part of the time.
	drift = 100e-6
)

// Errors of Apply.
var (
	// ErrTooFar: the clock is off by more than MaxCorrection.
	ErrTooFar = errors.New("clock: off by more than can be corrected")
	// ErrRight: there is nothing to correct.
	ErrRight = errors.New("clock: right already")
	// ErrUnsure: the sources do not agree, none answered, or the answer is too vague.
	ErrUnsure = errors.New("clock: not known well enough")
	// ErrMoved: the clock was set since it was compared.
	ErrMoved = errors.New("clock: set since it was compared")
)

// Config is what a Clock gets from outside.
type Config struct {
	Path   string           // of its file; the directory is made when something is to be kept
	Now    func() time.Time // the system clock
	Uptime func() (boot string, since time.Duration, err error)
}

// Clock knows how wrong the system clock is, as far as anybody found out, and corrects
// the time of codes once a person agreed.
type Clock struct {
	path   string
	now    func() time.Time
	uptime func() (string, time.Duration, error)
	born   mark // when this Clock was opened

	mu      sync.Mutex
	kept    *record // what is known; nil = nothing
	dropped bool    // the correction of kept was found not to hold
}

// Open reads what is kept. A file that cannot be read, or that says impossible things,
// is as good as none: the worst it costs is a question.
func Open(cfg Config) *Clock {
	c := &Clock{path: cfg.Path, now: cfg.Now, uptime: cfg.Uptime}
	c.born = c.readMark()
	c.kept = readRecord(c.path)
	return c
}

// Reload reads what another process may have kept.
func (c *Clock) Reload() {
	r := readRecord(c.path)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.kept.same(r) {
		c.kept, c.dropped = r, false
	}
}

// System is the time of the system clock.
func (c *Clock) System() time.Time { return c.now() }

// Now is the time for codes: the system's, corrected when a person agreed to that and
// the system clock was not set since. It is corrected by whole seconds, so that codes
// change when the system's seconds do, and cheap enough for every code on the screen.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if c.use(now) != Used {
		return now
	}
	return now.Add(-c.kept.Offset.Round(time.Second))
}

// Use says whether there is a correction, and why one is not used.
type Use int

// The answers.
const (
	None      Use = iota // nobody agreed to any
	Used                 // codes follow the corrected time
	ClockSet             // the system clock was set since: it is not used any more
	Restarted            // the computer was started anew (or, on Windows, the clock set), and nobody can tell whether it still fits: it is not used
	Old                  // it was found more than a week ago: it is not used
)

// use decides about the kept correction. It is called with the lock held.
func (c *Clock) use(now time.Time) Use {
	if c.kept == nil || !c.kept.Applied {
		return None
	}
	moved, known := c.readMark().moved(c.kept.mark())
	switch age := now.Sub(c.kept.Measured); {
	case !known:
		return Restarted
	case moved.Abs() > moveLimit || c.dropped:
		c.dropped = true // also when it is set back: somebody is at it
		return ClockSet
	case age.Abs() > maxAge:
		return Old
	}
	return Used
}

// Status is everything that is known without asking anybody.
type Status struct {
	Use        Use
	Correction time.Duration // of the kept correction, used or not: how far the clock is ahead by it

	// What the last comparison found, and what the clock must be off by now, if nothing
	// but its drift and its being set is reckoned with.
	Known    bool // there was one, since the computer was started
	Off      Sample
	Measured time.Time // when, by the system clock; zero = never, as far as is known

	// Jump is how far the clock was set forward (below zero: back) since this Clock was
	// opened; zero when it was not.
	Jump time.Duration
}

// Status looks at the clock, and asks nobody.
func (c *Clock) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	var s Status
	now, here := c.now(), c.readMark()
	if here.ok && c.born.ok { // one process: the same start of the computer
		if moved := here.Started.Sub(c.born.Started); moved.Abs() > moveLimit {
			s.Jump = moved.Round(time.Second)
		}
	}
	if c.kept == nil {
		return s
	}
	s.Measured = c.kept.Measured
	if s.Use = c.use(now); s.Use != None {
		s.Correction = c.kept.Offset
	}
	if moved, known := here.moved(c.kept.mark()); known {
		s.Known = true
		passed := now.Sub(c.kept.Measured) - moved
		s.Off = Sample{
			Offset: c.kept.Offset + moved,
			Error:  c.kept.Error + time.Duration(float64(passed.Abs())*drift),
		}
	}
	return s
}

// Measure asks sources, and returns what they say together. It keeps nothing.
func (c *Clock) Measure(ctx context.Context, sources []Source) Finding {
	before := c.readMark()
	f := Combine(Measure(ctx, sources))
	f.At, f.mark = c.now().Round(0), c.readMark()
	if moved, known := f.mark.moved(before); known && moved.Abs() > moveLimit {
		f.Sure = false // some were asked before, some after
	}
	return f
}

// Fits says whether codes may follow a finding: nil, or one of the errors above.
func (f Finding) Fits() error {
	switch {
	case f.Answered == 0 || !f.Sure:
		return ErrUnsure
	case f.Offset.Abs() > MaxCorrection:
		return ErrTooFar
	case f.Offset.Abs() < time.Second && f.Error < moveLimit:
		return ErrRight
	case f.Error > maxError || f.Offset.Abs() < f.Error: // it may be right, or wrong the other way
		return ErrUnsure
	}
	return nil
}

// Recall is the last finding that was kept, as long as it still holds: the clock was not
// set since, and it is less than an hour old.
func (c *Clock) Recall() (Finding, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		return Finding{}, false
	}
	now, here := c.now().Round(0), c.readMark()
	moved, known := here.moved(c.kept.mark())
	if !known || moved.Abs() > moveLimit || now.Sub(c.kept.Measured).Abs() > recallFor {
		return Finding{}, false
	}
	n := c.kept.Sources
	return Finding{
		Sample: Sample{c.kept.Offset, c.kept.Error}, Answered: n, Agreeing: n, Sure: n > 0, At: c.kept.Measured, mark: c.kept.mark(),
	}, true
}

// Apply corrects codes by what was found, from now on and in other processes: the
// person agreed. It fails as [Finding.Fits] does, with ErrMoved when the clock was set
// meanwhile, and when the file cannot be written; then nothing changed.
func (c *Clock) Apply(f Finding) error {
	if err := f.Fits(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if moved, known := c.readMark().moved(f.mark); !known || moved.Abs() > moveLimit {
		return ErrMoved
	}
	return c.keep(f.record(true))
}

// Keep remembers what was found, for when there is no network. A correction that is in
// use stays so when the finding bears it out; one that it speaks against is dropped,
// and a person has to agree anew.
func (c *Clock) Keep(f Finding) error {
	if f.Answered == 0 || !f.Sure || !f.mark.ok {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	used := c.use(c.now()) == Used
	if used && (f.Offset-c.kept.Offset).Abs() <= moveLimit+f.Error {
		return nil // what is kept holds
	}
	if f.Offset.Abs() > maxKept {
		return nil // a clock that is off by a day is to be set; there is nothing to remember
	}
	return c.keep(f.record(false))
}

// Forget drops the correction and everything that was found.
func (c *Clock) Forget() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := removeRecord(c.path); err != nil {
		return fmt.Errorf("clock: cannot be forgotten: %w", err)
	}
	c.kept, c.dropped = nil, false
	return nil
}

// keep writes r and takes it over.
func (c *Clock) keep(r *record) error {
	if err := writeRecord(c.path, r); err != nil {
		return fmt.Errorf("clock: cannot be kept: %w", err)
	}
	c.kept, c.dropped = r, false
	return nil
}
