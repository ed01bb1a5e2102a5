package clock

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Errors of sources.
var (
	// ErrAddress: the address is not one that can be asked for the time: not https, no host.
	ErrAddress = errors.New("clock: not an address to ask for the time")
	// ErrNoAnswer: nobody answered, or not in time. The text says what, for a log.
	ErrNoAnswer = errors.New("clock: no answer")
	// ErrUntrusted: the answer may come from anybody: its certificate does not hold.
	ErrUntrusted = errors.New("clock: certificate not trusted")
	// ErrCertificateTime: by this computer's clock the certificate is not valid yet or no
	// longer. When several say so, the clock is off by months.
	ErrCertificateTime = errors.New("clock: certificate not valid at this time")
	// ErrNoTime: the answer holds no time, one from a cache, or an impossible one.
	ErrNoTime = errors.New("clock: the answer holds no usable time")
	// ErrJumped: the clock was set while it was compared.
	ErrJumped = errors.New("clock: set while it was being compared")
)

// Sample is one comparison: the true offset lies within Error of Offset.
type Sample struct {
	Offset time.Duration // system clock minus true time; positive = fast
	Error  time.Duration // half the width of the interval, above zero
}

func between(low, high time.Duration) Sample {
	return Sample{Offset: low + (high-low)/2, Error: (high - low + 1) / 2}
}

func (s Sample) low() time.Duration  { return s.Offset - s.Error }
func (s Sample) high() time.Duration { return s.Offset + s.Error }

// Source is something that knows the time.
type Source interface {
	// Name says for people who is asked: a host, "time server …".
	Name() string
	// Measure compares the system clock with it. It ends when ctx does.
	Measure(ctx context.Context) (Sample, error)
}

// Limits of one measurement.
const (
	// MaxSources is how many sources are asked at most; more would not make the answer better.
	MaxSources = 6
	// sourceTime is how long one source gets.
	sourceTime = 5 * time.Second
)

// Reading is what one source said.
type Reading struct {
	Source string
	Sample       // meaningful when Err is nil
	Err    error // why there is no sample
	Agrees bool  // with what was found in the end
}

// Measure asks the first [MaxSources] sources, all at the same time, each for at most
// five seconds. It returns one reading for each of them, in their order.
func Measure(ctx context.Context, sources []Source) []Reading {
	sources = sources[:min(len(sources), MaxSources)]
	readings := make([]Reading, len(sources))
	var all sync.WaitGroup
	for i, s := range sources {
		readings[i].Source = s.Name()
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, sourceTime)
			defer cancel()
			readings[i].Sample, readings[i].Err = s.Measure(ctx)
		})
	}
	all.Wait()
	return readings
}

// earliest and latest bound the times that are believed: this program was not there
// before, and nobody runs it after.
var (
	earliest = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2150, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Plausible reports whether t can be the present at all.
func Plausible(t time.Time) bool { return !t.Before(earliest) && t.Before(latest) }

// jumped reports whether the clock was set between two of its readings: then the time
// it shows moved differently from the time that passed. Readings without a monotonic
// part (tests) have nothing to compare with.
func jumped(before, after time.Time) bool {
	moved := after.Round(0).Sub(before.Round(0)) - after.Sub(before)
	return moved.Abs() > 100*time.Millisecond
}
