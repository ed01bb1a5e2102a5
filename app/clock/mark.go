package clock

import "time"

// moveLimit is how far the clock may move against the time since the start of the
// computer before it counts as having been set.
const moveLimit = 2 * time.Second

// mark is how the system clock stands: by it, the computer was started at Started. Who
// sets the clock moves that moment, and nothing else does.
type mark struct {
	Boot    string // which start of the computer; "" where systems have no name for it
	Started time.Time
	ok      bool
}

// readMark reads clock and uptime as one.
func (c *Clock) readMark() mark {
	for range 3 {
		before := c.now().Round(0)
		boot, since, err := c.uptime()
		if err != nil {
			return mark{}
		}
		if c.now().Round(0).Sub(before).Abs() < 100*time.Millisecond { // not put to sleep in between
			return mark{Boot: boot, Started: before.Add(-since), ok: true}
		}
	}
	return mark{}
}

// moved is how far the clock was set forward between two marks. known is false when they
// are of different starts of the computer, or cannot be compared.
func (m mark) moved(since mark) (d time.Duration, known bool) {
	if !m.ok || !since.ok || m.Boot != since.Boot {
		return 0, false
	}
	d = m.Started.Sub(since.Started)
	if m.Boot == "" && d.Abs() > moveLimit {
		return 0, false // set, or started anew: nobody can tell
	}
	return d, true
}
