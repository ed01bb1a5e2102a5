// Package apptest has fakes of what the window asks of the outside, which behave as
// the real things do as far as a caller can tell: the clipboard fake passes the same
// behaviour test as the real clipboard.
//
// Who may import it: _test.go files only.
//
// Concurrency: every fake may be used from many goroutines. Ownership: a fake holds
// what it was given until the test ends.
package apptest

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/tallystick/tallystick/app/platform"
)

// FakeClipboard is a clipboard in memory. The zero value is empty and ready.
type FakeClipboard struct {
	mu      sync.Mutex
	text    string
	ours    bool
	lost    chan struct{}
	history []string
	fail    error
}

var (
	_ platform.Clipboard = (*FakeClipboard)(nil)
	_ platform.Holder    = (*FakeClipboard)(nil)
)

// Fail makes every later call return err, as when the X server went away; nil ends that.
func (c *FakeClipboard) Fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail = err
}

// CopyElsewhere is the person copying text in another program.
func (c *FakeClipboard) CopyElsewhere(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = text
	c.dropLocked()
}

// History is every text that SetSecret put on the clipboard, oldest first.
func (c *FakeClipboard) History() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.history...)
}

// SetSecret implements platform.Clipboard.
func (c *FakeClipboard) SetSecret(ctx context.Context, text string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.readyLocked(ctx); err != nil {
		return err
	}
	if len(text) > platform.MaxCopy {
		return fmt.Errorf("%w: %d bytes", platform.ErrTextTooLong, len(text))
	}
	c.dropLocked()
	c.text, c.ours, c.lost = text, true, make(chan struct{})
	c.history = append(c.history, text)
	return nil
}

// Text implements platform.Clipboard.
func (c *FakeClipboard) Text(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.readyLocked(ctx); err != nil {
		return "", err
	}
	if len(c.text) > platform.MaxPaste {
		return "", fmt.Errorf("%w: %d bytes", platform.ErrTextTooLong, len(c.text))
	}
	return strings.ToValidUTF8(c.text, "\uFFFD"), nil
}

// ClearIf implements platform.Clipboard.
func (c *FakeClipboard) ClearIf(ctx context.Context, text string) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.readyLocked(ctx); err != nil {
		return false, err
	}
	if text == "" || c.text != text {
		return false, nil
	}
	c.text = ""
	c.dropLocked()
	return true, nil
}

// Hold implements platform.Holder.
func (c *FakeClipboard) Hold(ctx context.Context) error {
	c.mu.Lock()
	err, ours, lost := c.fail, c.ours, c.lost
	c.mu.Unlock()
	if err != nil || !ours {
		return err
	}
	select {
	case <-lost:
	case <-ctx.Done():
	}
	return nil
}

func (c *FakeClipboard) readyLocked(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.fail
}

func (c *FakeClipboard) dropLocked() {
	if c.ours {
		close(c.lost)
	}
	c.ours = false
}

// FakeSignals tells what the test says. The zero value is ready.
type FakeSignals struct {
	// Missing makes Watch fail with it, as on a system that tells nothing.
	Missing error

	mu      sync.Mutex
	watches []*signalWatch
	changed chan struct{} // closed when a watch begins or ends
}

type signalWatch struct {
	news chan emission
	ctx  context.Context
}

type emission struct {
	signal platform.Signal
	done   chan struct{}
}

var _ platform.Signals = (*FakeSignals)(nil)

// Watch implements platform.Signals.
func (s *FakeSignals) Watch(ctx context.Context, fn func(platform.Signal)) error {
	if s.Missing != nil {
		return fmt.Errorf("%w: %w", platform.ErrNoSignals, s.Missing)
	}
	w := &signalWatch{news: make(chan emission), ctx: ctx}
	s.change(func() { s.watches = append(s.watches, w) })
	defer s.change(func() {
		for i, o := range s.watches {
			if o == w {
				s.watches = append(s.watches[:i:i], s.watches[i+1:]...)
				return
			}
		}
	})
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-w.news:
			fn(e.signal)
			close(e.done)
		}
	}
}

// Emit tells signal to everybody who watches and returns when all have handled it,
// as a sleeping computer waits for them. It waits for the first watch to begin.
func (s *FakeSignals) Emit(ctx context.Context, signal platform.Signal) error {
	if err := s.Watched(ctx, true); err != nil {
		return err
	}
	s.mu.Lock()
	watches := append([]*signalWatch(nil), s.watches...)
	s.mu.Unlock()
	for _, w := range watches {
		e := emission{signal: signal, done: make(chan struct{})}
		select {
		case w.news <- e:
		case <-w.ctx.Done():
			continue
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case <-e.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Watched returns when somebody watches (true) or nobody does (false).
func (s *FakeSignals) Watched(ctx context.Context, want bool) error {
	for {
		s.mu.Lock()
		if (len(s.watches) > 0) == want {
			s.mu.Unlock()
			return nil
		}
		if s.changed == nil {
			s.changed = make(chan struct{})
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *FakeSignals) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// FakeURIHandler keeps the registration in memory. The zero value has nothing
// registered.
type FakeURIHandler struct {
	// OtherApp is what opens links unless Tallystick is the default.
	OtherApp string
	// Missing makes every call fail with it, wrapped in ErrNoURIHandler.
	Missing error

	mu                   sync.Mutex
	installed, isDefault bool
}

var _ platform.URIHandler = (*FakeURIHandler)(nil)

// Status implements platform.URIHandler.
func (h *FakeURIHandler) Status(context.Context) (platform.URIStatus, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.missing(); err != nil {
		return platform.URIStatus{}, err
	}
	s := platform.URIStatus{Installed: h.installed, Default: h.isDefault}
	if !s.Default {
		s.Other = h.OtherApp
	}
	return s, nil
}

// Install implements platform.URIHandler.
func (h *FakeURIHandler) Install(_ context.Context, makeDefault bool) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.missing(); err != nil {
		return err
	}
	h.installed = true
	h.isDefault = h.isDefault || makeDefault
	return nil
}

// Remove implements platform.URIHandler.
func (h *FakeURIHandler) Remove(context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.missing(); err != nil {
		return err
	}
	h.installed, h.isDefault = false, false
	return nil
}

func (h *FakeURIHandler) missing() error {
	if h.Missing == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", platform.ErrNoURIHandler, h.Missing)
}
