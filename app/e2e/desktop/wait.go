//go:build linux

package desktop

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// poll is how often Wait looks. Short against what a person notices, long against the cost of a look.
const poll = 50 * time.Millisecond

// errNotYet is what Wait reports when the condition never said why it does not hold.
var errNotYet = errors.New("not yet")

// Wait calls cond until it returns nil, or ctx ends. Its error names what was waited for and wraps cond's last answer.
func Wait(ctx context.Context, what string, cond func() error) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	start := time.Now()
	var last error // the newest answer that is not about the end of the time
	for {
		err := cond()
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || last == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %v for %s: %w", time.Since(start).Round(time.Millisecond), what, last)
		case <-tick.C:
		}
	}
}

// WaitFor is Wait for a yes or no.
func WaitFor(ctx context.Context, what string, cond func() bool) error {
	return Wait(ctx, what, func() error {
		if cond() {
			return nil
		}
		return errNotYet
	})
}
