package platform

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
)

// NewClipboard returns the clipboard of the session this process runs in. It
// opens nothing yet: a process that never copies never connects.
//
// The X server is asked first, on Wayland desktops too: XWayland passes the
// selection on, and only there can we add the password mark with every version of
// every tool. Without an X server the wl-clipboard tools are used if installed.
func NewClipboard() Clipboard { return &sessionClipboard{} }

// sessionClipboard finds out on first use what the session offers and stays with it.
type sessionClipboard struct {
	mu     sync.Mutex
	chosen Clipboard
}

func (s *sessionClipboard) choose(ctx context.Context) (Clipboard, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.chosen != nil {
		return s.chosen, nil
	}
	var reasons []error
	if display := os.Getenv("DISPLAY"); display != "" {
		x := newX11Clipboard(display)
		if _, err := x.connect(ctx); err == nil {
			s.chosen = x
			return x, nil
		} else {
			reasons = append(reasons, err)
		}
	} else {
		reasons = append(reasons, errors.New("DISPLAY is not set"))
	}
	if os.Getenv("WAYLAND_DISPLAY") != "" {
		w, err := newWaylandClipboard()
		if err == nil {
			s.chosen = w
			return w, nil
		}
		reasons = append(reasons, err)
	} else {
		reasons = append(reasons, errors.New("WAYLAND_DISPLAY is not set"))
	}
	return nil, fmt.Errorf("%w: %w", ErrNoClipboard, errors.Join(reasons...))
}

func (s *sessionClipboard) SetSecret(ctx context.Context, text string) error {
	if err := checkCopy(text); err != nil {
		return err
	}
	c, err := s.choose(ctx)
	if err != nil {
		return err
	}
	return c.SetSecret(ctx, text)
}

func (s *sessionClipboard) Text(ctx context.Context) (string, error) {
	c, err := s.choose(ctx)
	if err != nil {
		return "", err
	}
	return c.Text(ctx)
}

func (s *sessionClipboard) ClearIf(ctx context.Context, text string) (bool, error) {
	c, err := s.choose(ctx)
	if err != nil {
		return false, err
	}
	return c.ClearIf(ctx, text)
}

// Hold implements Holder. What serves the clipboard by polling or not at all is
// simply waited out.
func (s *sessionClipboard) Hold(ctx context.Context) error {
	c, err := s.choose(ctx)
	if err != nil {
		return err
	}
	if h, ok := c.(Holder); ok {
		return h.Hold(ctx)
	}
	<-ctx.Done()
	return nil
}
