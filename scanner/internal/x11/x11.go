// Package x11 connects to an X server for as long as one task takes, and no longer than a context allows.
//
// Purpose: the X library knows no contexts, writes to standard error and may wait for ever on a server
// that hangs; package capture and package clipimage must not.
//
// Who may import it: scanner/capture and scanner/clipimage. It imports no package of ours.
//
// Concurrency: every Do has a connection of its own; any number may run at once.
//
// Ownership: Do opens and closes the connection; the task must not keep it.
package x11

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/jezek/xgb"
)

// ErrNoDisplay: there is no X server to talk to: DISPLAY is not set, or nothing answers there, or it refuses us.
var ErrNoDisplay = errors.New("x11: no display")

// errPanic: the X library gave up on what the server sent.
var errPanic = errors.New("x11: the display answered in an unexpected way")

// The library's logger is a global. It is set before anything can use it, so no one races with it: what it says
// ("could not get authority info") means nothing to a person, and may not stand between the lines of a command's output.
func init() { xgb.Logger = log.New(io.Discard, "", 0) }

// Do connects to $DISPLAY, runs task and closes the connection.
//
// When ctx ends first, Do returns ctx.Err() at once and closes the connection, which makes every request of the task fail, so
// that it ends soon after; its result is dropped. A server that accepts a connection and then never
// greets keeps one goroutine until it goes away.
func Do[T any](ctx context.Context, task func(*xgb.Conn) (T, error)) (T, error) {
	var zero T
	if err := ctx.Err(); err != nil {
		return zero, err
	}
	display := os.Getenv("DISPLAY")
	if display == "" {
		return zero, fmt.Errorf("%w: DISPLAY is not set", ErrNoDisplay)
	}
	type result struct {
		v   T
		err error
	}
	done := make(chan result, 1)
	connected := make(chan *xgb.Conn, 1)
	go func() {
		var r result
		defer func() {
			if recover() != nil {
				r = result{err: errPanic}
			}
			done <- r
		}()
		conn, err := xgb.NewConnDisplay(display)
		if err != nil {
			// What the library says may hold a host name and nothing a person could use.
			r.err = fmt.Errorf("%w: nothing usable at DISPLAY", ErrNoDisplay)
			return
		}
		defer conn.Close()
		connected <- conn
		if ctx.Err() != nil { // ended while connecting: nobody is left to close this one from outside
			return
		}
		r.v, r.err = task(conn)
	}()
	select {
	case r := <-done:
		return r.v, r.err
	case <-ctx.Done():
		select {
		case conn := <-connected:
			conn.Close()
		default:
		}
		return zero, ctx.Err()
	}
}
