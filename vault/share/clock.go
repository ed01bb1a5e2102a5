package share

import (
	"cmp"
	"time"
)

// Clock is a moment of a hybrid logical clock: the time of the device that wrote, and a count for what was written within
// one millisecond or while the device's clock was behind what it had read.
type Clock struct {
	Wall int64 // milliseconds since 1970, UTC
	Tick int64 // from 0
}

// Limits of a Clock.
const (
	maxWall = 253_370_764_800_000 // the year 9999
	maxTick = 1<<32 - 1
)

// MaxAhead is how far ahead of this device's clock another one may be before that is reported. What it wrote stands, for the
// order of registers has to be the same for everybody, but this device does not move its own clock further than this.
const MaxAhead = 24 * time.Hour

// Compare orders moments.
func (c Clock) Compare(d Clock) int {
	return cmp.Or(cmp.Compare(c.Wall, d.Wall), cmp.Compare(c.Tick, d.Tick))
}

// Time is the wall part.
func (c Clock) Time() time.Time { return time.UnixMilli(c.Wall).UTC() }

func (c Clock) valid() bool {
	return c.Wall >= 0 && c.Wall < maxWall && c.Tick >= 0 && c.Tick <= maxTick
}

// after returns the first moment that is after c and not before wall.
func (c Clock) after(wall int64) Clock {
	switch {
	case wall > c.Wall:
		return Clock{Wall: wall}
	case c.Tick < maxTick:
		return Clock{Wall: c.Wall, Tick: c.Tick + 1}
	default:
		return Clock{Wall: c.Wall + 1}
	}
}

func millis(t time.Time) int64 { return max(0, min(t.UnixMilli(), maxWall-1)) }
