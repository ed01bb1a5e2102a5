package platform

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// The X library prints every lost connection and every missing .Xauthority to
// standard error. Both are ordinary (we return them as errors), and standard error
// belongs to the commands. The variable is the library's only switch; it is set
// before any connection exists because connections read it without a lock.
func init() { xgb.Logger = log.New(io.Discard, "", 0) }

var errNoXServer = errors.New("platform: cannot reach the X server")

// dialX connects to the X server of display (":0", "host:10.0") and returns the
// connection and the root window of its screen. The library neither takes a
// context nor survives a nonsensical answer, so it runs on a goroutine of its own
// behind a recover; one that finishes late closes what it opened.
func dialX(ctx context.Context, display string) (*xgb.Conn, xproto.Window, error) {
	type result struct {
		conn *xgb.Conn
		root xproto.Window
		err  error
	}
	ctx, cancel := context.WithTimeout(ctx, clipboardTimeout)
	defer cancel()
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil {
				r = result{err: fmt.Errorf("%w %s: its greeting makes no sense", errNoXServer, display)}
			}
			if r.err != nil && r.conn != nil {
				r.conn.Close()
			}
			done <- r
		}()
		r.conn, r.err = xgb.NewConnDisplay(display)
		if r.err != nil {
			r.err = fmt.Errorf("%w %s: %w", errNoXServer, display, r.err)
			return
		}
		screens := xproto.Setup(r.conn).Roots
		if r.conn.DefaultScreen < 0 || r.conn.DefaultScreen >= len(screens) {
			r.err = fmt.Errorf("%w %s: it has %d screens", errNoXServer, display, len(screens))
			return
		}
		r.root = screens[r.conn.DefaultScreen].Root
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return nil, 0, r.err
		}
		return r.conn, r.root, nil
	case <-ctx.Done():
		go func() {
			if r := <-done; r.err == nil {
				r.conn.Close()
			}
		}()
		return nil, 0, fmt.Errorf("%w %s: %w", errNoXServer, display, ctx.Err())
	}
}
