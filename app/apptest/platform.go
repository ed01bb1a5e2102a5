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
