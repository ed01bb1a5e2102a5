package clock

import (
	"slices"
	"time"
)

// slack is by how much two sources may miss each other and still agree: servers' clocks
// are not perfect either, and codes do not need them to be.
const slack = time.Second

// Finding is what the sources say together.
type Finding struct {
	Sample        // meaningful when Answered is above zero
	Answered int  // sources that gave a time
	Agreeing int  // … and are part of this finding
	Sure     bool // more than half of those that answered agree
	Readings []Reading
	At       time.Time // when it was found, by the system clock
	mark     mark      // how the system clock stood then
}

// Combine weighs readings: what the largest number of sources can agree on wins
// (Marzullo's algorithm), and is as exact as they are together. Sources that say
// otherwise are marked in Readings.
func Combine(readings []Reading) Finding {
	f := Finding{Readings: slices.Clone(readings)}
	var best time.Duration
	for i := range f.Readings {
		if f.Readings[i].Agrees = false; f.Readings[i].Err != nil {
			continue
		}
		f.Answered++
		// The largest overlap begins where one of the intervals does.
		low := f.Readings[i].low() - slack/2
		if n := f.count(low); n > f.Agreeing {
			f.Agreeing, best = n, low
		}
	}
	if f.Answered == 0 {
		return f
	}
	f.Sure = 2*f.Agreeing > f.Answered
	var low, high time.Duration
	var middles []time.Duration
	for i := range f.Readings {
		r := &f.Readings[i]
		if r.Err != nil || !r.holds(best) {
			continue
		}
		r.Agrees = true
		if len(middles) == 0 {
			low, high = r.low(), r.high()
		}
		low, high = max(low, r.low()), min(high, r.high())
		middles = append(middles, r.Offset)
	}
	if low <= high {
		f.Sample = between(low, high)
	} else { // they miss each other by less than the slack: the truth is around there
		slices.Sort(middles)
		f.Sample = Sample{Offset: high + (low-high)/2, Error: (low-high)/2 + slack/2}
	}
	return f
}

// holds reports whether the interval, widened by the slack, holds an offset.
func (s Sample) holds(o time.Duration) bool {
	return s.low()-slack/2 <= o && o <= s.high()+slack/2
}

func (f *Finding) count(o time.Duration) (n int) {
	for _, r := range f.Readings {
		if r.Err == nil && r.holds(o) {
			n++
		}
	}
	return n
}
