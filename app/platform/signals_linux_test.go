package platform_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/tallystick/tallystick/app/platform"
)

const (
	sessionBus = "DBUS_SESSION_BUS_ADDRESS"
	systemBus  = "DBUS_SYSTEM_BUS_ADDRESS"

	ownSession   = dbus.ObjectPath("/org/freedesktop/login1/session/_32")
	otherSession = dbus.ObjectPath("/org/freedesktop/login1/session/_33")
)

// fakeLogind is as much of logind as we talk to.
type fakeLogind struct {
	t    *testing.T
	conn *dbus.Conn

	inhibited chan *inhibitor
	noInhibit bool
	byID      bool // answers GetSession
	byPID     bool // answers GetSessionByPID
}

func startLogind(t *testing.T, b *bus, options ...func(*fakeLogind)) *fakeLogind {
	t.Helper()
	l := &fakeLogind{t: t, inhibited: make(chan *inhibitor, 10), byID: true}
	for _, o := range options {
		o(l)
	}
	l.conn = b.serve(t, "org.freedesktop.login1")
	if err := l.conn.Export(l, "/org/freedesktop/login1", "org.freedesktop.login1.Manager"); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *fakeLogind) GetSession(id string) (dbus.ObjectPath, *dbus.Error) {
	if !l.byID || id != "2" {
		return "", dbus.NewError("org.freedesktop.login1.NoSuchSession", nil)
	}
	return ownSession, nil
}

func (l *fakeLogind) GetSessionByPID(pid uint32) (dbus.ObjectPath, *dbus.Error) {
	if !l.byPID || pid != uint32(os.Getpid()) {
		return "", dbus.NewError("org.freedesktop.login1.NoSessionForPID", nil)
	}
	return ownSession, nil
}

func (l *fakeLogind) Inhibit(what, who, why, mode string) (dbus.UnixFD, *dbus.Error) {
	if what != "sleep" || mode != "delay" || who != "Tallystick" || why == "" {
		l.t.Errorf("Inhibit(%q, %q, %q, %q)", what, who, why, mode)
	}
	if l.noInhibit {
		return 0, dbus.NewError("org.freedesktop.DBus.Error.AccessDenied", nil)
	}
	r, w, err := os.Pipe()
	if err != nil {
		l.t.Error(err)
	}
	fd := dbus.UnixFD(w.Fd())
	l.inhibited <- &inhibitor{r, w}
	return fd, nil
}

// inhibitor is logind's side of one delay: sleep waits until every copy of w is closed.
type inhibitor struct{ r, w *os.File }

// wait returns once the other side has let go. It is called when that side has shown,
// by passing a signal on, that it has received its copy.
func (i *inhibitor) wait(t *testing.T) {
	t.Helper()
	_ = i.w.Close()
	if n, err := i.r.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Fatalf("sleep is still delayed: %d, %v", n, err)
	}
	_ = i.r.Close()
}

// held reports whether the other side still delays sleep.
func (i *inhibitor) held(t *testing.T) bool {
	t.Helper()
	_ = i.w.Close()
	if err := i.r.SetReadDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	_, err := i.r.Read(make([]byte, 1))
	_ = i.r.SetReadDeadline(time.Time{})
	return errors.Is(err, os.ErrDeadlineExceeded)
}

func (l *fakeLogind) emit(path dbus.ObjectPath, name string, args ...any) {
	l.t.Helper()
	if err := l.conn.Emit(path, name, args...); err != nil {
		l.t.Fatal(err)
	}
}

func (l *fakeLogind) hint(path dbus.ObjectPath, locked bool) {
	l.emit(path, "org.freedesktop.DBus.Properties.PropertiesChanged", "org.freedesktop.login1.Session",
		map[string]dbus.Variant{"LockedHint": dbus.MakeVariant(locked)}, []string{})
}

// watch starts Watch and returns its signals and its end.
func watch(t *testing.T) (got chan platform.Signal, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	got = make(chan platform.Signal, 100)
	done := make(chan error, 1)
	go func() {
		done <- platform.NewSignals().Watch(ctx, func(s platform.Signal) { got <- s })
	}()
	stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = stop() })
	return got, stop
}

func TestSessionLockAndSleep(t *testing.T) {
	startBus(t, sessionBus)
	l := startLogind(t, startBus(t, systemBus))
	t.Setenv("XDG_SESSION_ID", "2")
	got, stop := watch(t)
	delay := <-l.inhibited // the last thing Watch does before it listens

	expect := func(want platform.Signal) {
		t.Helper()
		if s := <-got; s != want {
			t.Fatalf("got %s, want %s", s, want)
		}
	}
	l.emit(otherSession, "org.freedesktop.login1.Session.Lock")
	l.emit(ownSession, "org.freedesktop.login1.Session.Unlock")
	l.emit(ownSession, "org.freedesktop.login1.Session.Lock")
	expect(platform.SessionLocked)

	l.hint(otherSession, true)
	l.hint(ownSession, false)
	l.emit(ownSession, "org.freedesktop.DBus.Properties.PropertiesChanged", "org.freedesktop.login1.Session",
		map[string]dbus.Variant{"IdleHint": dbus.MakeVariant(true)}, []string{})
	l.emit(ownSession, "org.freedesktop.DBus.Properties.PropertiesChanged", "org.freedesktop.login1.Session", "nonsense")
	l.hint(ownSession, true)
	expect(platform.SessionLocked)

	// Sleep waits until fn has run, not longer.
	if !delay.held(t) {
		t.Fatal("sleep is not delayed")
	}
	l.emit("/org/freedesktop/login1", "org.freedesktop.login1.Manager.PrepareForSleep", true)
	expect(platform.Sleeping)
	delay.wait(t)
	l.emit("/org/freedesktop/login1", "org.freedesktop.login1.Manager.PrepareForSleep", false)
	again := <-l.inhibited // ready for the next time
	l.emit("/org/freedesktop/login1", "org.freedesktop.login1.Manager.PrepareForSleep", true)
	expect(platform.Sleeping)
	again.wait(t)

	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if len(got) != 0 {
		t.Fatalf("unexpected %s", <-got)
	}
}

func TestSleepIsNotDelayedAfterWatchEnded(t *testing.T) {
	startBus(t, sessionBus)
	l := startLogind(t, startBus(t, systemBus))
	got, stop := watch(t)
	delay := <-l.inhibited
	l.emit(ownSession, "org.freedesktop.login1.Session.Lock")
	<-got
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	delay.wait(t)
}

func TestSessionFoundByProcess(t *testing.T) {
	startBus(t, sessionBus)
	l := startLogind(t, startBus(t, systemBus), func(l *fakeLogind) { l.byPID = true })
	t.Setenv("XDG_SESSION_ID", "")
	got, _ := watch(t)
	<-l.inhibited
	l.emit(otherSession, "org.freedesktop.login1.Session.Lock")
	l.emit("/org/freedesktop/login1", "org.freedesktop.login1.Manager.PrepareForSleep", true)
	if s := <-got; s != platform.Sleeping {
		t.Fatalf("somebody else's lock was told as %s", s)
	}
}

func TestAnySessionCountsWhenOursIsUnknown(t *testing.T) {
	startBus(t, sessionBus)
	l := startLogind(t, startBus(t, systemBus))
	t.Setenv("XDG_SESSION_ID", "")
	got, _ := watch(t)
	<-l.inhibited
	l.emit(otherSession, "org.freedesktop.login1.Session.Lock")
	if s := <-got; s != platform.SessionLocked {
		t.Fatal(s)
	}
}

// TestForgedLogind: only the owner of logind's name is believed on the system bus.
func TestForgedLogind(t *testing.T) {
	startBus(t, sessionBus)
	system := startBus(t, systemBus)
	l := startLogind(t, system)
	got, _ := watch(t)
	<-l.inhibited
	forger := system.serve(t)
	if err := forger.Emit("/org/freedesktop/login1", "org.freedesktop.login1.Manager.PrepareForSleep", true); err != nil {
		t.Fatal(err)
	}
	if err := forger.BusObject().Call("org.freedesktop.DBus.GetId", 0).Err; err != nil { // it has left the forger
		t.Fatal(err)
	}
	l.emit(ownSession, "org.freedesktop.login1.Session.Lock")
	if s := <-got; s != platform.SessionLocked {
		t.Fatalf("a forged %s was believed", s)
	}
}

func TestScreenSaver(t *testing.T) {
	session := startBus(t, sessionBus)
	l := startLogind(t, startBus(t, systemBus))
	saver := session.serve(t, "org.gnome.ScreenSaver", "org.freedesktop.ScreenSaver")
	got, stop := watch(t)
	<-l.inhibited // both buses are listened to
	emit := func(path dbus.ObjectPath, name string, args ...any) {
		t.Helper()
		if err := saver.Emit(path, name, args...); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]any{{false}, {"true"}, {}, {true, true}} {
		emit("/org/gnome/ScreenSaver", "org.gnome.ScreenSaver.ActiveChanged", args...)
	}
	emit("/other", "org.example.ActiveChanged", true)
	emit("/ScreenSaver", "org.freedesktop.ScreenSaver.ActiveChanged", true)
	emit("/org/gnome/ScreenSaver", "org.gnome.ScreenSaver.ActiveChanged", true)
	for range 2 {
		if s := <-got; s != platform.SessionLocked {
			t.Fatal(s)
		}
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if len(got) != 0 {
		t.Fatalf("%d signals too many", len(got))
	}
}

func TestOneBusEndsTheOtherGoesOn(t *testing.T) {
	session := startBus(t, sessionBus)
	l := startLogind(t, startBus(t, systemBus), func(l *fakeLogind) { l.noInhibit = true }) // not everybody may
	t.Setenv("XDG_SESSION_ID", "2")
	got, _ := watch(t)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for stopped := false; ; {
		select {
		case <-got:
			if stopped {
				return
			}
			session.stop()
			stopped = true
		case <-tick.C:
			l.emit(ownSession, "org.freedesktop.login1.Session.Lock")
		}
	}
}

func TestNoSignals(t *testing.T) {
	noBus(t, sessionBus, systemBus)
	err := platform.NewSignals().Watch(t.Context(), func(platform.Signal) {})
	if !errors.Is(err, platform.ErrNoSignals) || !strings.Contains(err.Error(), "system bus") || !strings.Contains(err.Error(), "session bus") {
		t.Fatal(err)
	}
}

func TestBothBusesEnd(t *testing.T) {
	session := startBus(t, sessionBus)
	system := startBus(t, systemBus)
	l := startLogind(t, system)
	done := make(chan error, 1)
	go func() { done <- platform.NewSignals().Watch(t.Context(), func(platform.Signal) {}) }()
	<-l.inhibited
	session.stop()
	system.stop()
	if err := <-done; !errors.Is(err, platform.ErrNoSignals) {
		t.Fatal(err)
	}
}

type tray struct{ hosted bool }

func (w tray) Get(iface, name string) (dbus.Variant, *dbus.Error) {
	if iface != "org.kde.StatusNotifierWatcher" || name != "IsStatusNotifierHostRegistered" {
		return dbus.Variant{}, dbus.NewError("org.freedesktop.DBus.Error.UnknownProperty", nil)
	}
	return dbus.MakeVariant(w.hosted), nil
}

func TestTray(t *testing.T) {
	noBus(t, sessionBus)
	if platform.TrayAvailable(t.Context()) {
		t.Error("a tray without a bus")
	}
	session := startBus(t, sessionBus)
	if platform.TrayAvailable(t.Context()) {
		t.Error("a tray without a watcher")
	}
	watcher := session.serve(t, "org.kde.StatusNotifierWatcher")
	for _, hosted := range []bool{false, true} {
		if err := watcher.Export(tray{hosted}, "/StatusNotifierWatcher", "org.freedesktop.DBus.Properties"); err != nil {
			t.Fatal(err)
		}
		if got := platform.TrayAvailable(t.Context()); got != hosted {
			t.Errorf("tray %v with a host %v", got, hosted)
		}
	}
}
