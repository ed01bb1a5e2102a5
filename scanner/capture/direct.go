//go:build windows || darwin

package capture

import (
	"context"
	"fmt"
	"runtime"

	"github.com/kbinani/screenshot"
)

func method() string {
	switch {
	case screenshot.NumActiveDisplays() == 0: // also a macOS build without cgo
		return methodNone
	case runtime.GOOS == "windows":
		return methodWindows
	}
	return methodMac
}

// screens asks the library in a goroutine of its own: it knows no context, and on macOS it waits for the system without
// end. One that hangs stays behind and holds nothing but itself.
func screens(ctx context.Context) ([]Shot, error) {
	type result struct {
		shots []Shot
		err   error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if recover() != nil {
				r = result{err: fmt.Errorf("%w: the system answered in an unexpected way", ErrFailed)}
			}
			done <- r
		}()
		r.shots, r.err = all()
	}()
	select {
	case r := <-done:
		return r.shots, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func all() ([]Shot, error) {
	n := screenshot.NumActiveDisplays()
	if n == 0 {
		return nil, ErrNoDisplay
	}
	var shots []Shot
	for i := range n {
		b := screenshot.GetDisplayBounds(i)
		m, err := screenshot.CaptureRect(b)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFailed, err)
		}
		shots = append(shots, Shot{Name: fmt.Sprintf("screen %d", i+1), Bounds: b, Image: m})
	}
	return shots, nil
}
