package store

import "time"

// ClockReading is what the storage's replies tell about the clock of this computer: the true time minus the local one lies
// between Low and High, as far as the storage can be believed. It is never used for a decision on trust.
type ClockReading struct {
	Low, High time.Duration
	At        time.Time // local time of the latest reply that counted
}

// Clocked is a Store whose replies carry the time.
type Clocked interface {
	// ClockReading gives the narrowest reading so far; false before the first reply.
	ClockReading() (ClockReading, bool)
}

// Clock asks s, or what it wraps, for its reading of the clock; false when it has none.
func Clock(s Store) (ClockReading, bool) {
	if c, ok := as[Clocked](s); ok {
		return c.ClockReading()
	}
	return ClockReading{}, false
}
