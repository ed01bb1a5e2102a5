package platform

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"
)

// NewClipboard returns the clipboard of this window station.
//
// A copied text stays on the clipboard after the process has ended: [Hold] or
// ClearIf take it back.
func NewClipboard() Clipboard { return &winClipboard{} }

type winClipboard struct {
	sequence atomic.Uint32 // the system's count of changes after our last one
}

var (
	user32                         = windows.NewLazySystemDLL("user32.dll")
	procOpenClipboard              = user32.NewProc("OpenClipboard")
	procCloseClipboard             = user32.NewProc("CloseClipboard")
	procEmptyClipboard             = user32.NewProc("EmptyClipboard")
	procGetClipboardData           = user32.NewProc("GetClipboardData")
	procSetClipboardData           = user32.NewProc("SetClipboardData")
	procIsClipboardFormatAvailable = user32.NewProc("IsClipboardFormatAvailable")
	procRegisterClipboardFormat    = user32.NewProc("RegisterClipboardFormatW")
	procGetClipboardSequenceNumber = user32.NewProc("GetClipboardSequenceNumber")

	kernel32         = windows.NewLazySystemDLL("kernel32.dll")
	procGlobalAlloc  = kernel32.NewProc("GlobalAlloc")
	procGlobalFree   = kernel32.NewProc("GlobalFree")
	procGlobalLock   = kernel32.NewProc("GlobalLock")
	procGlobalUnlock = kernel32.NewProc("GlobalUnlock")
	procGlobalSize   = kernel32.NewProc("GlobalSize")
)

const (
	cfUnicodeText = 13     // CF_UNICODETEXT
	gmemMoveable  = 0x0002 // GMEM_MOVEABLE, which the clipboard requires
)

// Formats by which a program keeps its text out of clipboard histories and off
// other devices. The first is honoured by monitors because it is there at all; the
// others hold a DWORD, and 0 means no.
// https://learn.microsoft.com/windows/win32/dataxchg/clipboard-formats#cloud-clipboard-and-clipboard-history-formats
var keepOutFormats = []string{
	"ExcludeClipboardContentFromMonitorProcessing",
	"CanIncludeInClipboardHistory",
	"CanUploadToCloudClipboard",
}

func (c *winClipboard) SetSecret(ctx context.Context, text string) error {
	if err := checkCopy(text); err != nil {
		return err
	}
	units := append(utf16.Encode([]rune(text)), 0)
	defer clear(units)
	err := c.opened(ctx, func() error {
		if r, _, err := procEmptyClipboard.Call(); r == 0 {
			return fmt.Errorf("%w: cannot empty it: %w", ErrNoClipboard, err)
		}
		// The marks come first: a monitor wakes up when the clipboard is closed, but
		// if anything fails in between, an unmarked code must not be what is left.
		for _, name := range keepOutFormats {
			ptr, err := windows.UTF16PtrFromString(name)
			if err != nil {
				return err
			}
			format, _, callErr := procRegisterClipboardFormat.Call(uintptr(unsafe.Pointer(ptr)))
			if format == 0 {
				return fmt.Errorf("%w: cannot mark a password: %w", ErrNoClipboard, callErr)
			}
			if err := putGlobal(format, []uint16{0, 0}); err != nil {
				return err
			}
		}
		return putGlobal(cfUnicodeText, units)
	})
	// Closing counts as a change too, so the count is taken after it.
	n, _, _ := procGetClipboardSequenceNumber.Call()
	c.sequence.Store(uint32(n))
	return err
}

func (c *winClipboard) Text(ctx context.Context) (text string, err error) {
	if r, _, _ := procIsClipboardFormatAvailable.Call(cfUnicodeText); r == 0 {
		return "", nil
	}
	err = c.opened(ctx, func() error {
		text, err = currentText()
		return err
	})
	return text, err
}

// ClearIf looks and empties while the clipboard is open, so nobody can copy in between.
func (c *winClipboard) ClearIf(ctx context.Context, text string) (cleared bool, err error) {
	if text == "" {
		return false, nil
	}
	err = c.opened(ctx, func() error {
		got, err := currentText()
		if err != nil || got != text {
			return nil // what cannot be read as text, or is too long, is not text
		}
		if r, _, err := procEmptyClipboard.Call(); r == 0 {
			return fmt.Errorf("%w: cannot empty it: %w", ErrNoClipboard, err)
		}
		cleared = true
		return nil
	})
	return cleared, err
}

// Hold implements Holder by watching the system's count of clipboard changes, which
// costs nothing to read.
func (c *winClipboard) Hold(ctx context.Context) error {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if n, _, _ := procGetClipboardSequenceNumber.Call(); uint32(n) != c.sequence.Load() {
				return nil
			}
		}
	}
}

// opened runs f with the clipboard open. The clipboard belongs to a thread, and one
// program at a time may have it open, each for milliseconds: so it retries.
//
// It is opened without a window. The documentation says that data cannot be set
// then, but what it means is delayed rendering: programs without windows have
// always set their data this way, and an owner window on a thread that runs no
// message loop would make other programs hang in EmptyClipboard.
func (c *winClipboard) opened(ctx context.Context, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, clipboardTimeout)
	defer cancel()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		r, _, err := procOpenClipboard.Call(0)
		if r != 0 {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: another program keeps it open: %w", ErrNoClipboard, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	defer procCloseClipboard.Call()
	return f()
}

// putGlobal gives the clipboard a copy of units under format.
func putGlobal(format uintptr, units []uint16) error {
	handle, _, err := procGlobalAlloc.Call(gmemMoveable, uintptr(len(units)*2))
	if handle == 0 {
		return fmt.Errorf("%w: no memory: %w", ErrNoClipboard, err)
	}
	at, _, err := procGlobalLock.Call(handle)
	if at == 0 {
		_, _, _ = procGlobalFree.Call(handle)
		return fmt.Errorf("%w: no memory: %w", ErrNoClipboard, err)
	}
	copy(unsafe.Slice((*uint16)(pointerTo(at)), len(units)), units)
	_, _, _ = procGlobalUnlock.Call(handle)
	if r, _, err := procSetClipboardData.Call(format, handle); r == 0 {
		_, _, _ = procGlobalFree.Call(handle) // taken over by the system only on success
		return fmt.Errorf("%w: cannot set its content: %w", ErrNoClipboard, err)
	}
	return nil
}

// currentText reads CF_UNICODETEXT from the open clipboard; "" when there is none.
func currentText() (string, error) {
	handle, _, _ := procGetClipboardData.Call(cfUnicodeText)
	if handle == 0 {
		return "", nil
	}
	size, _, _ := procGlobalSize.Call(handle)
	if size/2 > MaxPaste {
		return "", fmt.Errorf("%w: %d bytes", ErrTextTooLong, size)
	}
	at, _, err := procGlobalLock.Call(handle)
	if at == 0 {
		return "", fmt.Errorf("%w: cannot read its content: %w", ErrNoClipboard, err)
	}
	defer procGlobalUnlock.Call(handle)
	text := windows.UTF16ToString(unsafe.Slice((*uint16)(pointerTo(at)), size/2))
	if len(text) > MaxPaste {
		return "", fmt.Errorf("%w: more than %d bytes", ErrTextTooLong, MaxPaste)
	}
	return strings.ToValidUTF8(text, "\uFFFD"), nil
}

// pointerTo turns an address that the system returned into a pointer. The memory is
// not Go's and does not move while locked; going through the variable's own address
// says that to vet.
func pointerTo(address uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&address))
}
