package platform

import (
	"context"
	"fmt"
	"time"
)

// inTime runs f and waits for it at most limit. Libraries that talk to another
// process without taking a context are called through it: when the peer hangs, the
// caller goes on and the stuck goroutine ends with the connection.
func inTime[T any](ctx context.Context, limit time.Duration, f func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		defer cancel()
		v, err := f(ctx)
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
	}
	select {
	case r := <-done: // both at once: the answer is worth more
		return r.value, r.err
	default:
		var none T
		return none, fmt.Errorf("platform: no answer: %w", ctx.Err())
	}
}
