package platform

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Clipboard is the system's text clipboard. Safe for concurrent use.
//
// Text is UTF-8. Every method fails with [ErrNoClipboard] when there is no
// clipboard to talk to, which is normal in a terminal without a display.
type Clipboard interface {
	// SetSecret puts text on the clipboard, marked for clipboard managers as a
	// password where the system has a mark: x-kde-passwordManagerHint on X11,
	// ExcludeClipboardContentFromMonitorProcessing and the two history and cloud
	// opt-outs on Windows, wl-copy --sensitive on Wayland. On macOS the mark
	// (org.nspasteboard.ConcealedType) needs AppKit and is not set.
	// Fails with ErrTextTooLong above MaxCopy bytes.
	//
	// On X11 the text lives in this process and is gone when the process ends.
	SetSecret(ctx context.Context, text string) error
	// Text returns the text on the clipboard; "" when it is empty or holds no
	// text. Fails with ErrTextTooLong above MaxPaste bytes.
	Text(ctx context.Context) (string, error)
	// ClearIf empties the clipboard only if it still holds text, and reports
	// whether it did. It is how a copied code is taken back without taking away
	// what the person copied since.
	ClearIf(ctx context.Context, text string) (bool, error)
}

// Holder is a Clipboard that knows when its content was replaced. Programs that
// end after copying use it through [Hold].
type Holder interface {
	// Hold returns once the clipboard no longer holds what the last SetSecret
	// put there, or when ctx ends, whichever is first. It clears nothing.
	Hold(ctx context.Context) error
}

// Limits of clipboard text in bytes of UTF-8.
const (
	MaxCopy  = 64 << 10 // a sheet of recovery keys is under 2 KiB
	MaxPaste = 1 << 20  // a pasted export of several hundred links
)

var (
	// ErrNoClipboard means that there is no clipboard here. Errors wrapping it say why.
	ErrNoClipboard = errors.New("platform: no clipboard")
	// ErrTextTooLong means that a text is above MaxCopy or MaxPaste.
	ErrTextTooLong = errors.New("platform: text is too long for the clipboard")
)

// clipboardTimeout bounds one exchange with whoever serves the clipboard. A peer
// that hangs must not hang us; two seconds is what toolkits allow each other.
const clipboardTimeout = 2 * time.Second

// Hold keeps text on the clipboard until something else is copied or ctx ends,
// then takes text back if it is still there. It is for a command that copies a code
// and has nothing else to do: on X11 the text disappears with the process, and
// everywhere else it would stay for ever.
//
// The caller has put text there with SetSecret and bounds ctx (thirty seconds is
// what the window allows). An ended ctx is the ordinary way out and no error.
func Hold(ctx context.Context, c Clipboard, text string) error {
	if h, ok := c.(Holder); ok {
		if err := h.Hold(ctx); err != nil {
			return err
		}
	} else {
		<-ctx.Done()
	}
	// The end of ctx is what brought us here, so clearing gets time of its own.
	clearing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*clipboardTimeout)
	defer cancel()
	_, err := c.ClearIf(clearing, text)
	return err
}

func checkCopy(text string) error {
	if len(text) > MaxCopy {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTextTooLong, len(text), MaxCopy)
	}
	return nil
}
