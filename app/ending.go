package app

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// endWait is how long the program may take to end after its window was closed. The last save is on disk after a fraction of
// that or never; what else is cleared away then are connections to the display and to the bus, which can hang.
const endWait = 15 * time.Second

// ending sees to it that a program whose window is closed ends, whatever still hangs. Saves are whole or not there at any
// moment, so that ending in the middle loses nothing that was there before.
type ending struct {
	log   *slog.Logger
	exit  func(code int)
	doing atomic.Value // string: what is being waited for
	once  sync.Once
	timer atomic.Pointer[time.Timer]
}

// begin is called when the person closed the window.
func (e *ending) begin() {
	e.at("the window toolkit")
	e.once.Do(func() {
		e.timer.Store(time.AfterFunc(endWait, func() {
			e.log.Warn("the program did not end by itself", "waited for", e.doing.Load())
			e.exit(0)
		}))
	})
}

// at says what is waited for from here on.
func (e *ending) at(what string) { e.doing.Store(what) }

// done is called when nothing is left to do.
func (e *ending) done() {
	if t := e.timer.Load(); t != nil {
		t.Stop()
	}
}
