//go:build linux || freebsd || openbsd || netbsd || dragonfly

package clipimage

import (
	"context"
	"errors"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"github.com/tallystick/tallystick/scanner/internal/x11"
)

// answerTime is how long one step may take: the owner's answer, or the next piece of a large picture. Programs answer
// in milliseconds; a large browser that swaps may need a second. Five are what other clipboard readers wait.
const answerTime = 5 * time.Second

// readX11 reads the picture that the owner of CLIPBOARD offers.
func readX11(ctx context.Context, limit int64) ([]byte, error) {
	data, err := x11.Do(ctx, func(c *xgb.Conn) ([]byte, error) { return readSelection(c, limit, answerTime) })
	switch {
	case err == nil:
		return data, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, x11.ErrNoDisplay):
		return nil, ErrUnsupported
	}
	for _, ours := range []error{ErrEmpty, ErrTooLarge, ErrNoAnswer} {
		if errors.Is(err, ours) {
			return nil, err
		}
	}
	return nil, ErrNoAnswer // the connection broke
}

func readSelection(c *xgb.Conn, limit int64, wait time.Duration) ([]byte, error) {
	s, err := newSelection(c, limit, wait)
	if err != nil {
		return nil, err
	}
	defer s.end()
	owner, err := xproto.GetSelectionOwner(c, s.clipboard).Reply()
	if err != nil {
		return nil, err
	}
	if owner.Owner == xproto.WindowNone {
		return nil, ErrEmpty
	}
	offered, err := s.targets()
	if err != nil {
		return nil, err
	}
	kind, ok := choose(offered)
	if !ok {
		return nil, ErrEmpty
	}
	target, err := atom(c, kind)
	if err != nil {
		return nil, err
	}
	data, err := s.convert(target)
	if err != nil {
		return nil, err
	}
	return finish(kind, data, limit)
}
