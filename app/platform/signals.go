package platform

import (
	"context"
	"errors"
)

// Signals reports that the person left: the session was locked or the computer goes
// to sleep.
type Signals interface {
	// Watch calls fn for every signal until ctx ends, then returns nil. It blocks,
	// so it runs on a goroutine of its own; fn is called on that goroutine, one
	// signal at a time. A sleeping computer waits for fn (for some seconds), so
	// that what fn locks is locked before the memory is frozen.
	//
	// One event may be told twice, by two services of a desktop. Locking twice is
	// harmless, so nobody should count them.
	//
	// It fails with ErrNoSignals when nobody here would tell.
	Watch(ctx context.Context, fn func(Signal)) error
}

// Signal is one piece of news.
type Signal string

// The signals.
const (
	SessionLocked Signal = "session-locked" // the screen was locked or its saver started
	Sleeping      Signal = "sleeping"       // the computer is about to sleep or hibernate
)

// ErrNoSignals means that nobody tells about locking and sleeping here. Errors
// wrapping it say what is missing.
var ErrNoSignals = errors.New("platform: no news of session lock and sleep")
