package platform

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/screensaver"
	"github.com/jezek/xgb/xproto"
)

// NewIdle returns the idle time of the session, from the X server or the desktop.
func NewIdle() Idle { return &sessionIdle{} }

// sessionIdle asks whoever sees all input. On a Wayland desktop that is the
// compositor: XWayland sees only what goes to X windows, and would call a person idle
// who types into any other.
type sessionIdle struct {
	mu   sync.Mutex // held over a question
	x    *xgb.Conn
	root xproto.Window
	bus  *dbus.Conn
}

func (s *sessionIdle) Since(ctx context.Context) (time.Duration, error) {
	return inTime(ctx, busTimeout, func(ctx context.Context) (time.Duration, error) {
		if !s.mu.TryLock() { // an earlier question may hang for ever; do not queue behind it
			return 0, fmt.Errorf("%w: still waiting for the last answer", ErrNoIdle)
		}
		defer s.mu.Unlock()
		var reasons []error
		if os.Getenv("WAYLAND_DISPLAY") == "" {
			idle, err := s.fromX(ctx)
			if err == nil {
				return idle, nil
			}
			reasons = append(reasons, err)
		}
		idle, err := s.fromDesktop(ctx)
		if err == nil {
			return idle, nil
		}
		return 0, fmt.Errorf("%w: %w", ErrNoIdle, errors.Join(append(reasons, err)...))
	})
}

const screenSaverExtension = "MIT-SCREEN-SAVER"

// fromX asks the X server's screen saver extension.
func (s *sessionIdle) fromX(ctx context.Context) (time.Duration, error) {
	if s.x == nil {
		display := os.Getenv("DISPLAY")
		if display == "" {
			return 0, errors.New("DISPLAY is not set")
		}
		conn, root, err := dialX(ctx, display)
		if err != nil {
			return 0, err
		}
		ext, err := xproto.QueryExtension(conn, uint16(len(screenSaverExtension)), screenSaverExtension).Reply()
		if err != nil || !ext.Present {
			conn.Close()
			return 0, fmt.Errorf("the X server has no %s extension", screenSaverExtension)
		}
		// screensaver.Init would also enter its events into a table of the library
		// that connections on other goroutines read without a lock. We ask for no
		// events, so the number of the extension is all that is needed.
		conn.ExtLock.Lock()
		conn.Extensions[screenSaverExtension] = ext.MajorOpcode
		conn.ExtLock.Unlock()
		s.x, s.root = conn, root
		go func() { // nobody asked for events; errors are returned with replies
			for {
				if ev, err := conn.WaitForEvent(); ev == nil && err == nil {
					return
				}
			}
		}()
	}
	info, err := screensaver.QueryInfo(s.x, xproto.Drawable(s.root)).Reply()
	if err != nil {
		s.x.Close()
		s.x = nil
		return 0, fmt.Errorf("the X server does not tell: %w", err)
	}
	return time.Duration(info.MsSinceUserInput) * time.Millisecond, nil
}

// fromDesktop asks the compositor: GNOME's has an interface of its own, KDE's answers
// a call in the screen saver's. Both count in milliseconds.
func (s *sessionIdle) fromDesktop(ctx context.Context) (time.Duration, error) {
	if s.bus == nil || !s.bus.Connected() {
		conn, err := dialSession(ctx)
		if err != nil {
			return 0, fmt.Errorf("session bus: %w", err)
		}
		s.bus = conn
	}
	var gnome uint64
	err := s.bus.Object("org.gnome.Mutter.IdleMonitor", "/org/gnome/Mutter/IdleMonitor/Core").
		CallWithContext(ctx, "org.gnome.Mutter.IdleMonitor.GetIdletime", dbus.FlagNoAutoStart).Store(&gnome)
	if err == nil {
		return millis(gnome), nil
	}
	var kde uint32
	kdeErr := s.bus.Object("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver").
		CallWithContext(ctx, "org.freedesktop.ScreenSaver.GetSessionIdleTime", dbus.FlagNoAutoStart).Store(&kde)
	if kdeErr == nil {
		return millis(uint64(kde)), nil
	}
	return 0, fmt.Errorf("the desktop does not tell: %w, %w", err, kdeErr)
}

// millis turns a count into a duration; an absurd one is cut, not wrapped around.
func millis(n uint64) time.Duration {
	const most = uint64(1<<63-1) / uint64(time.Millisecond)
	return time.Duration(min(n, most)) * time.Millisecond
}
