package clock

import (
	"context"
	"time"
)

// Accepted makes a source of what a portal did: at some time between from and to (by the
// system clock) it took the code of a step, counted from 1970 as in RFC 6238, and had
// refused those of steps nearer to the clock. period is how long a code lasts. It needs
// no network.
//
// Portals take the code of their own step and, most of them, the ones beside it. So the
// portal's clock is in the step of the code it took, or one further away; when it took
// the present code, in the step itself or either one beside it.
func Accepted(from, to time.Time, period time.Duration, step int64) Source {
	return accepted{from.Round(0), to.Round(0), period, step}
}

type accepted struct {
	from, to time.Time
	period   time.Duration
	step     int64
}

func (accepted) Name() string { return "the portal" }

func (a accepted) Measure(context.Context) (Sample, error) {
	if a.period < time.Second || a.period > 24*time.Hour || a.to.Before(a.from) || a.to.Sub(a.from) > time.Hour {
		return Sample{}, ErrNoTime
	}
	seconds := int64(a.period / time.Second)
	earlier, later := int64(1), int64(1) // how many steps further the portal's clock may be
	switch {
	case a.step < floorDiv(a.from.Unix(), seconds):
		later = 0
	case a.step > floorDiv(a.to.Unix(), seconds):
		earlier = 0
	}
	if a.step < 1 || a.step > latest.Unix()/seconds {
		return Sample{}, ErrNoTime
	}
	begin := time.Unix((a.step-earlier)*seconds, 0) // the portal's clock was not before …
	end := time.Unix((a.step+later+1)*seconds, 0)   // … and not after
	return between(a.from.Sub(end), a.to.Sub(begin)), nil
}

func floorDiv(a, b int64) int64 {
	if a < 0 {
		return (a - b + 1) / b
	}
	return a / b
}
