package clock

import (
	"context"
	"time"
)

// Accepted makes a source of what a portal did: at the time at (by the system clock) it
// took the code that is steps away from the one of that moment (−1 = the previous code,
// +1 = the next one), and had refused the codes that are nearer. period is how long a
// code lasts. It needs no network.
//
// Portals take the code of their own step and, most of them, the ones beside it. So the
// portal's clock is in the step of the code it took, or one further away; when it took
// the present code (steps = 0), in the step itself or either one beside it.
func Accepted(at time.Time, period time.Duration, steps int) Source {
	return accepted{at.Round(0), period, steps}
}

type accepted struct {
	at     time.Time
	period time.Duration
	steps  int
}

func (accepted) Name() string { return "the portal" }

func (a accepted) Measure(context.Context) (Sample, error) {
	if a.period <= 0 || a.period > 24*time.Hour || a.steps < -10 || a.steps > 10 {
		return Sample{}, ErrNoTime
	}
	// Steps count from 1970, as in RFC 6238.
	unix := time.Duration(a.at.Unix())*time.Second + time.Duration(a.at.Nanosecond())
	into := ((unix % a.period) + a.period) % a.period
	first, last := a.steps, a.steps // steps the portal's clock may be in, seen from ours
	switch {
	case a.steps < 0:
		first--
	case a.steps > 0:
		last++
	default:
		first, last = -1, 1
	}
	// At the earliest the portal is at the beginning of first: then we are ahead the most.
	return between(into-time.Duration(last+1)*a.period, into-time.Duration(first)*a.period), nil
}
