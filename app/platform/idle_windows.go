package platform

import (
	"context"
	"fmt"
	"time"
	"unsafe"
)

var (
	procGetLastInputInfo = user32.NewProc("GetLastInputInfo")
	procGetTickCount     = kernel32.NewProc("GetTickCount")
)

// NewIdle returns the idle time of the session.
func NewIdle() Idle { return inputIdle{} }

type inputIdle struct{}

func (inputIdle) Since(context.Context) (time.Duration, error) {
	info := struct{ size, tick uint32 }{size: 8} // LASTINPUTINFO
	if r, _, err := procGetLastInputInfo.Call(uintptr(unsafe.Pointer(&info))); r == 0 {
		return 0, fmt.Errorf("%w: %w", ErrNoIdle, err)
	}
	now, _, _ := procGetTickCount.Call()
	// Both count milliseconds since the start of the system in 32 bits and wrap
	// around after 49.7 days; their difference does not care.
	return time.Duration(uint32(now)-info.tick) * time.Millisecond, nil
}
