//go:build windows

package clipimage

import (
	"context"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	user32   = windows.NewLazySystemDLL("user32.dll")
	kernel32 = windows.NewLazySystemDLL("kernel32.dll")

	openClipboard           = user32.NewProc("OpenClipboard")
	closeClipboard          = user32.NewProc("CloseClipboard")
	getClipboardData        = user32.NewProc("GetClipboardData")
	formatAvailable         = user32.NewProc("IsClipboardFormatAvailable")
	registerClipboardFormat = user32.NewProc("RegisterClipboardFormatW")
	globalLock              = kernel32.NewProc("GlobalLock")
	globalUnlock            = kernel32.NewProc("GlobalUnlock")
	globalSize              = kernel32.NewProc("GlobalSize")
)

// https://learn.microsoft.com/windows/win32/dataxchg/standard-clipboard-formats
const (
	cfDIB   = 8
	cfDIBV5 = 17
)

// retry is how long to leave the clipboard to another program that has it open. They hold it for the time of a copy.
const retry = 20 * time.Millisecond

// read takes "PNG", which browsers and office programs register, else a bitmap. Windows makes CF_DIB and CF_DIBV5 out of each
// other and out of CF_BITMAP; CF_DIB is asked for first, because made from CF_DIBV5 it comes without colour masks.
func read(ctx context.Context, limit int64) ([]byte, error) {
	// The clipboard is open for a thread, not for a program.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		if ok, _, _ := openClipboard.Call(0); ok != 0 {
			break
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(retry):
		}
	}
	defer closeClipboard.Call()

	name, err := windows.UTF16PtrFromString("PNG")
	if err != nil {
		return nil, ErrUnsupported
	}
	if png, _, _ := registerClipboardFormat.Call(uintptr(unsafe.Pointer(name))); png != 0 {
		if data, err := global(png, limit); err != ErrEmpty {
			return data, err
		}
	}
	for _, format := range []uintptr{cfDIB, cfDIBV5} {
		dib, err := global(format, limit)
		if err == ErrEmpty {
			continue
		}
		if err != nil {
			return nil, err
		}
		if bmp, err := dibToBMP(dib); err == nil {
			return bmp, nil
		}
	}
	return nil, ErrEmpty
}

// global copies the memory of one clipboard format. The handle stays the clipboard's.
func global(format uintptr, limit int64) ([]byte, error) {
	if ok, _, _ := formatAvailable.Call(format); ok == 0 {
		return nil, ErrEmpty
	}
	h, _, _ := getClipboardData.Call(format)
	if h == 0 {
		return nil, ErrEmpty
	}
	size, _, _ := globalSize.Call(h)
	if size == 0 {
		return nil, ErrEmpty
	}
	if int64(size) > limit {
		return nil, ErrTooLarge
	}
	p, _, _ := globalLock.Call(h)
	if p == 0 {
		return nil, ErrEmpty
	}
	defer globalUnlock.Call(h)
	out := make([]byte, size)
	// p is memory of the system, not of Go: the conversion goes through the address of p, because the rule that
	// go vet checks knows only pointers into Go memory.
	copy(out, unsafe.Slice(*(**byte)(unsafe.Pointer(&p)), size))
	return out, nil
}
