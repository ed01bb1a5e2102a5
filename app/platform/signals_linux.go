package platform

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"
)

// NewSignals returns the news of logind and of the desktop's screen saver.
func NewSignals() Signals { return busSignals{} }

// busSignals listens on both buses. logind (system bus) tells of sleep and of
// session locks that go through it, which is all of them on GNOME and KDE; smaller
// desktops only have the screen saver's own signal (session bus).
type busSignals struct{}

const (
	loginName    = "org.freedesktop.login1"
	loginPath    = dbus.ObjectPath("/org/freedesktop/login1")
	loginManager = "org.freedesktop.login1.Manager"
	loginSession = "org.freedesktop.login1.Session"
	properties   = "org.freedesktop.DBus.Properties"
)

// screenSavers are the interfaces that have a signal ActiveChanged(boolean). On KDE
// and GNOME active means locked; elsewhere it may mean blank, and a blank screen is
// a person who left just as well.
var screenSavers = []string{
	"org.freedesktop.ScreenSaver",
	"org.gnome.ScreenSaver",
	"org.cinnamon.ScreenSaver",
	"org.mate.ScreenSaver",
	"org.xfce.ScreenSaver",
}

func (busSignals) Watch(ctx context.Context, fn func(Signal)) error {
	var reasons []error
	saver, err := newSaverWatch(ctx)
	if err != nil {
		reasons = append(reasons, fmt.Errorf("session bus: %w", err))
	} else {
		defer saver.conn.Close()
	}
	// logind comes last: from then on it waits for us with sleeping.
	login, err := newLoginWatch(ctx)
	if err != nil {
		reasons = append(reasons, fmt.Errorf("system bus: %w", err))
	}
	defer func() { login.close() }()
	// A nil channel is never ready, so a bus that is missing or goes away later
	// leaves the other one working.
	for login.signals() != nil || saver.signals() != nil {
		select {
		case <-ctx.Done():
			return nil
		case sig, ok := <-login.signals():
			if !ok {
				reasons = append(reasons, errors.New("system bus: it went away"))
				login.close()
				login = nil
				continue
			}
			login.handle(ctx, sig, fn)
		case sig, ok := <-saver.signals():
			if !ok {
				reasons = append(reasons, errors.New("session bus: it went away"))
				saver = nil
				continue
			}
			if len(sig.Body) != 1 || !strings.HasSuffix(sig.Name, ".ActiveChanged") {
				continue
			}
			if active, ok := sig.Body[0].(bool); ok && active {
				fn(SessionLocked)
			}
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrNoSignals, errors.Join(reasons...))
}

type saverWatch struct {
	conn *dbus.Conn
	ch   chan *dbus.Signal
}

func newSaverWatch(ctx context.Context) (*saverWatch, error) {
	conn, err := dialSession(ctx)
	if err != nil {
		return nil, err
	}
	w := &saverWatch{conn: conn, ch: make(chan *dbus.Signal, 16)}
	conn.Signal(w.ch)
	for _, name := range screenSavers {
		err := conn.AddMatchSignalContext(ctx, dbus.WithMatchInterface(name), dbus.WithMatchMember("ActiveChanged"))
		if err != nil {
			_ = conn.Close()
			return nil, err
		}
	}
	return w, nil
}

func (w *saverWatch) signals() <-chan *dbus.Signal {
	if w == nil {
		return nil
	}
	return w.ch
}

// loginWatch is what logind tells.
type loginWatch struct {
	conn    *dbus.Conn
	ch      chan *dbus.Signal
	session dbus.ObjectPath // ours, or "" when logind does not know us
	delay   int             // file descriptor that delays sleep, -1 when we hold none
}

func newLoginWatch(ctx context.Context) (*loginWatch, error) {
	conn, err := dialSystem(ctx)
	if err != nil {
		return nil, err
	}
	w := &loginWatch{conn: conn, ch: make(chan *dbus.Signal, 16), delay: -1}
	conn.Signal(w.ch)
	// The bus lets only logind use this sender's name.
	for _, match := range [][]dbus.MatchOption{
		{dbus.WithMatchInterface(loginManager), dbus.WithMatchMember("PrepareForSleep")},
		{dbus.WithMatchInterface(loginSession), dbus.WithMatchMember("Lock")},
		{dbus.WithMatchInterface(properties), dbus.WithMatchMember("PropertiesChanged"), dbus.WithMatchArg(0, loginSession)},
	} {
		err := conn.AddMatchSignalContext(ctx, append(match, dbus.WithMatchSender(loginName))...)
		if err != nil {
			_ = conn.Close()
			return nil, err
		}
	}
	w.session = w.ownSession(ctx)
	w.delaySleep(ctx)
	return w, nil
}

func (w *loginWatch) signals() <-chan *dbus.Signal {
	if w == nil {
		return nil
	}
	return w.ch
}

func (w *loginWatch) close() {
	if w == nil {
		return
	}
	w.allowSleep()
	_ = w.conn.Close()
}

// ownSession asks logind which session is ours. A program started by the desktop's
// own service manager is in none, so the person's main session is the next guess.
// When all fail, any session's lock counts: too early is better than never.
func (w *loginWatch) ownSession(ctx context.Context) dbus.ObjectPath {
	ctx, cancel := context.WithTimeout(ctx, busTimeout)
	defer cancel()
	manager := w.conn.Object(loginName, loginPath)
	var path dbus.ObjectPath
	if id := os.Getenv("XDG_SESSION_ID"); id != "" {
		if manager.CallWithContext(ctx, loginManager+".GetSession", 0, id).Store(&path) == nil {
			return path
		}
	}
	if manager.CallWithContext(ctx, loginManager+".GetSessionByPID", 0, uint32(os.Getpid())).Store(&path) == nil {
		return path
	}
	var user dbus.ObjectPath
	if manager.CallWithContext(ctx, loginManager+".GetUser", 0, uint32(os.Getuid())).Store(&user) == nil {
		var display dbus.Variant
		err := w.conn.Object(loginName, user).CallWithContext(ctx, properties+".Get", 0, loginName+".User", "Display").Store(&display)
		if err == nil {
			if pair, ok := display.Value().([]any); ok && len(pair) == 2 {
				if p, ok := pair[1].(dbus.ObjectPath); ok && p != "/" {
					return p
				}
			}
		}
	}
	return ""
}

// delaySleep asks logind to wait with sleeping until we have let go. Without it the
// news of sleep races against sleep itself. logind bounds the wait (five seconds by
// default), so a hanging fn cannot keep the computer awake.
func (w *loginWatch) delaySleep(ctx context.Context) {
	// Not cut short by the end of Watch: an answer nobody waits for would leave its
	// descriptor open, and sleep delayed.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), busTimeout)
	defer cancel()
	var fd dbus.UnixFD
	err := w.conn.Object(loginName, loginPath).CallWithContext(ctx, loginManager+".Inhibit", 0,
		"sleep", "Tallystick", "Locking the vault", "delay").Store(&fd)
	if err != nil {
		return // not allowed to this person: the race stays
	}
	unix.CloseOnExec(int(fd))
	w.delay = int(fd)
}

func (w *loginWatch) allowSleep() {
	if w.delay >= 0 {
		_ = unix.Close(w.delay)
		w.delay = -1
	}
}

func (w *loginWatch) handle(ctx context.Context, sig *dbus.Signal, fn func(Signal)) {
	switch sig.Name {
	case loginManager + ".PrepareForSleep":
		if len(sig.Body) != 1 {
			return
		}
		switch before, _ := sig.Body[0].(bool); {
		case before:
			fn(Sleeping)
			w.allowSleep()
		case w.delay < 0: // awake again
			w.delaySleep(ctx)
		}
	case loginSession + ".Lock":
		if w.ours(sig.Path) {
			fn(SessionLocked)
		}
	case properties + ".PropertiesChanged":
		if len(sig.Body) < 2 || !w.ours(sig.Path) {
			return
		}
		changed, _ := sig.Body[1].(map[string]dbus.Variant)
		if locked, ok := changed["LockedHint"].Value().(bool); ok && locked {
			fn(SessionLocked)
		}
	}
}

func (w *loginWatch) ours(path dbus.ObjectPath) bool { return w.session == "" || path == w.session }
