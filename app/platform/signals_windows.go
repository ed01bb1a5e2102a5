package platform

import (
	"context"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	wtsapi32 = windows.NewLazySystemDLL("wtsapi32.dll")

	procRegisterClassEx         = user32.NewProc("RegisterClassExW")
	procUnregisterClass         = user32.NewProc("UnregisterClassW")
	procCreateWindowEx          = user32.NewProc("CreateWindowExW")
	procDestroyWindow           = user32.NewProc("DestroyWindow")
	procDefWindowProc           = user32.NewProc("DefWindowProcW")
	procGetMessage              = user32.NewProc("GetMessageW")
	procDispatchMessage         = user32.NewProc("DispatchMessageW")
	procPostMessage             = user32.NewProc("PostMessageW")
	procGetModuleHandle         = kernel32.NewProc("GetModuleHandleW")
	procWTSRegisterNotification = wtsapi32.NewProc("WTSRegisterSessionNotification")
	procWTSUnregister           = wtsapi32.NewProc("WTSUnRegisterSessionNotification")
)

const (
	wmPowerBroadcast   = 0x0218 // WM_POWERBROADCAST
	wmWTSSessionChange = 0x02B1 // WM_WTSSESSION_CHANGE
	wmStop             = 0x8000 // WM_APP, our own: leave the loop
	pbtAPMSuspend      = 0x0004 // PBT_APMSUSPEND
)

// NewSignals returns the news that Windows sends to windows.
func NewSignals() Signals { return windowSignals{} }

// windowSignals has a window that is never shown. Session changes are sent to who
// registers for them, sleep to every top-level window, so it is not a message-only
// window: broadcasts pass those by.
type windowSignals struct{}

// wndClassEx is WNDCLASSEXW.
type wndClassEx struct {
	size, style            uint32
	proc                   uintptr
	clsExtra, wndExtra     int32
	instance, icon, cursor uintptr
	background             uintptr
	menuName, className    *uint16
	iconSm                 uintptr
}

// winMessage is MSG.
type winMessage struct {
	window  uintptr
	message uint32
	wParam  uintptr
	lParam  uintptr
	time    uint32
	x, y    int32
	private uint32
}

func (windowSignals) Watch(ctx context.Context, fn func(Signal)) error {
	// A window and its messages belong to the thread that made it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	name, err := windows.UTF16PtrFromString(fmt.Sprintf("TallystickSignals%d", windows.GetCurrentThreadId()))
	if err != nil {
		return err
	}
	instance, _, _ := procGetModuleHandle.Call(0)
	proc := func(hwnd, message, wParam, lParam uintptr) uintptr {
		switch {
		case message == wmPowerBroadcast && wParam == pbtAPMSuspend:
			fn(Sleeping) // Windows gives a window about two seconds
			return 1
		case message == wmWTSSessionChange && wParam == windows.WTS_SESSION_LOCK:
			fn(SessionLocked)
			return 0
		}
		r, _, _ := procDefWindowProc.Call(hwnd, message, wParam, lParam)
		return r
	}
	class := wndClassEx{proc: windows.NewCallback(proc), instance: instance, className: name}
	class.size = uint32(unsafe.Sizeof(class))
	if r, _, err := procRegisterClassEx.Call(uintptr(unsafe.Pointer(&class))); r == 0 {
		return fmt.Errorf("%w: no window class: %w", ErrNoSignals, err)
	}
	defer procUnregisterClass.Call(uintptr(unsafe.Pointer(name)), instance)
	hwnd, _, err := procCreateWindowEx.Call(0, uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(name)),
		0, 0, 0, 0, 0, 0, 0, instance, 0)
	if hwnd == 0 {
		return fmt.Errorf("%w: no window: %w", ErrNoSignals, err)
	}
	defer procDestroyWindow.Call(hwnd)
	const thisSession = 0 // NOTIFY_FOR_THIS_SESSION
	if r, _, err := procWTSRegisterNotification.Call(hwnd, thisSession); r == 0 {
		return fmt.Errorf("%w: not told of session changes: %w", ErrNoSignals, err)
	}
	defer procWTSUnregister.Call(hwnd)

	stop := context.AfterFunc(ctx, func() { _, _, _ = procPostMessage.Call(hwnd, wmStop, 0, 0) })
	defer stop()
	for {
		var m winMessage
		// 0 is WM_QUIT, -1 an error; neither happens to a window of our own.
		r, _, err := procGetMessage.Call(uintptr(unsafe.Pointer(&m)), hwnd, 0, 0)
		switch {
		case int32(r) <= 0:
			return fmt.Errorf("%w: the window broke: %w", ErrNoSignals, err)
		case m.message == wmStop:
			return nil
		}
		_, _, _ = procDispatchMessage.Call(uintptr(unsafe.Pointer(&m)))
	}
}
