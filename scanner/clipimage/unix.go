//go:build linux || freebsd || openbsd || netbsd || dragonfly

package clipimage

import (
	"context"
	"errors"
	"os"
)

// read asks X11 first, also on Wayland: XWayland passes the clipboard on, and needs no program that may not be
// installed. Some compositors pass only text, or pass it only to focused windows; then wl-paste is asked.
func read(ctx context.Context, limit int64) ([]byte, error) {
	x, way := os.Getenv("DISPLAY") != "", os.Getenv("WAYLAND_DISPLAY") != ""
	err := ErrUnsupported
	if x {
		var data []byte
		if data, err = readX11(ctx, limit); err == nil || ctx.Err() != nil || errors.Is(err, ErrTooLarge) {
			return data, err
		}
	}
	if way {
		data, werr := readWayland(ctx, limit)
		// Without wl-paste, what X11 said is the better answer.
		if !x || !errors.Is(werr, ErrUnsupported) {
			return data, werr
		}
	}
	return nil, err
}
