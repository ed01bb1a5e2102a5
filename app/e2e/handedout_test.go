//go:build e2e && linux

package e2e

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

var handedOutKeys = []string{"kq7mx-2vbnc", "w9jzt-4hdrf", "p3cgy-8nwsk"}

// What is handed out on purpose, to paper and to the clipboard, goes there and nowhere else: a printout makes the one file
// that was named, readable by its owner only, and no temporary one; what is copied is marked as a password and leaves the
// clipboard again; and nobody on the session bus, where notifications travel, hears of any of it.
func TestWhatIsHandedOutGoesNowhereElse(t *testing.T) {
	d := newDesktop(t, desktop.Options{})
	a := newTally(t, d)
	all := formsOf("key", seeds["piped"])
	for _, key := range handedOutKeys {
		all = append(all, formsOf("recovery key "+key[:2], []byte(key))...)
	}
	clean := func(what string, heap []byte) {
		t.Helper()
		if names := found(heap, all); len(names) > 0 {
			t.Errorf("%s contains: %s", what, strings.Join(names, "; "))
		}
	}
	bus := overhear(t, d)
	temporary := watchNewFiles(t, variable(d, "TMPDIR"))

	a.exits(done, "otpauth://totp/Piped:maria?secret="+base32Of("piped")+"&issuer=Piped\n", "add", "-")
	a.exits(done, "Recovery codes\n"+strings.Join(handedOutKeys, "\n")+"\n", "recovery", "add", "piped", "-")

	// Paper, by command. The folder is the working directory of no one, so all that is in it was asked for.
	paper := filepath.Join(d.Home, "Paper")
	if err := os.Mkdir(paper, 0o700); err != nil {
		t.Fatal(err)
	}
	named := watchNewFiles(t, paper)
	a.exits(done, "", "recovery", "export", "piped", filepath.Join(paper, "keys.pdf"))
	a.exits(done, "", "kit", "create", filepath.Join(paper, "kit.pdf"))
	for _, name := range []string{"keys.pdf", "kit.pdf"} {
		ownersAlone(t, filepath.Join(paper, name))
	}
	for _, name := range named() {
		if !slices.Contains([]string{"keys.pdf", "kit.pdf"}, name) && !strings.HasPrefix(name, ".tallynew-") {
			t.Errorf("beside the printout, %q was made", name)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(paper, ".tallynew-*")); len(left) > 0 {
		t.Errorf("left beside the printouts: %v", left)
	}

	// The clipboard, by window: a code, then a recovery key.
	p, w := a.open()
	a.shows(w, "Piped")
	marked := func(what string, fits func(text string) bool) {
		t.Helper()
		ctx := within(t, patience)
		if err := desktop.WaitFor(ctx, what+" on the clipboard", func() bool {
			text, err := d.Clipboard(ctx)
			return err == nil && fits(text)
		}); err != nil {
			t.Fatal(err)
		}
		hint, err := d.Run(ctx, "", "xclip", "-selection", "clipboard", "-out", "-target", "x-kde-passwordManagerHint")
		if err != nil || hint.Stdout != "secret" {
			t.Errorf("%s is marked as %q for clipboard managers (%v), want \"secret\"", what, hint.Stdout, err)
		}
		if res, err := d.Run(ctx, "", "xclip", "-selection", "primary", "-out"); err != nil || res.Exit == 0 && res.Stdout != "" {
			t.Errorf("with %s copied, a middle click pastes %q, %v", what, res.Stdout, err)
		}
	}
	a.press(w, "Down", "Return")
	marked("a code", func(text string) bool { return len(text) == 6 })
	a.press(w, "ctrl+d")
	a.shows(w, "3 of 3 left")
	a.clicks(w, "Show recovery keys")
	a.holds(w, "Hold to show", "Kept on")
	a.clicks(w, "Use")
	a.shows(w, "marked as used")
	marked("a recovery key", func(text string) bool { return slices.Contains(handedOutKeys, text) })

	// Paper, by window, and deleted again there.
	a.clicks(w, "Print")
	a.holds(w, "Hold to", "has a box to tick")
	a.clicks(w, "Save as")
	a.shows(w, "Save File")
	a.press(w, "ctrl+a")
	a.types(w, "from-the-window.pdf\n")
	a.shows(w, "Print it, then delete it")
	picture(t, d, "printed")
	sheet := filepath.Join(d.Home, "from-the-window.pdf")
	ownersAlone(t, sheet)
	a.clicks(w, "Overwrite and delete it")
	a.shows(w, "was overwritten")
	if _, err := os.Lstat(sheet); !os.IsNotExist(err) {
		t.Errorf("the deleted sheet: %v", err)
	}
	if title := w.Title(); title != "Tallystick" {
		t.Errorf("the window's title, which every program can read, is %q", title)
	}
	a.quit(p, w)
	if text, err := d.Clipboard(within(t, patience)); err != nil || text != "" {
		t.Errorf("after closing, the clipboard still holds %d bytes (%v)", len(text), err)
	}

	// Nothing else was made: no document but the two that were named, and no trace of what they say.
	err := filepath.WalkDir(d.Home, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		clean(strings.TrimPrefix(path, d.Home), b)
		if bytes.Contains(b, []byte("%PDF-")) && filepath.Dir(path) != paper {
			t.Errorf("%s is a document that nobody asked for", strings.TrimPrefix(path, d.Home))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	clean("the window's log", []byte(p.Output()))

	// The control: a file that is gone again at once is noticed, and so is what a notification says.
	passing := filepath.Join(variable(d, "TMPDIR"), "passing")
	if err := os.WriteFile(passing, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	os.Remove(passing)
	if made := temporary(); !slices.Equal(made, []string{"passing"}) {
		t.Errorf("temporary files were made: %q, want the test's own alone", made)
	}
	before := bus.said()
	clean("the session bus", before)
	for _, service := range []string{"freedesktop.Notifications", "portal.Notification", "gtk.Notifications"} {
		if bytes.Contains(before, []byte(service)) {
			t.Errorf("%s was called; docs/threat-model.md has to say what a notification may hold", service)
		}
	}
	if !bytes.Contains(before, []byte("org.freedesktop.secrets")) {
		t.Error("the bus was not overheard: not even the keyring was called")
	}
	bus.notify(t, handedOutKeys[0])
	if err := desktop.WaitFor(within(t, patience), "the test's own notification on the bus", func() bool {
		return len(found(bus.said(), all)) > 0
	}); err != nil {
		t.Error(err)
	}
}

// ownersAlone holds a document to what is promised of it.
func ownersAlone(t *testing.T, path string) {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 || info.Size() < 1000 {
		t.Errorf("%s: %v, %d bytes; want a document that its owner alone can read", filepath.Base(path), info.Mode(), info.Size())
	}
}

// holds keeps a button of the window pressed until it has done what it does.
func (a *tally) holds(w *desktop.Window, phrase, brings string) {
	a.t.Helper()
	ctx := within(a.t, patience)
	_, box, err := w.WaitText(ctx, phrase)
	if err == nil {
		err = w.Activate(ctx)
	}
	if err == nil {
		err = w.Point(ctx, (box.Min.X+box.Max.X)/2, (box.Min.Y+box.Max.Y)/2)
	}
	if err != nil {
		a.t.Fatal(err)
	}
	mouse := func(does string) {
		if res, err := a.d.Run(within(a.t, patience), "", "xdotool", does, "1"); err != nil || res.Exit != 0 {
			a.t.Fatalf("xdotool %s: %v %s", does, err, res.Stderr)
		}
	}
	mouse("mousedown")
	defer mouse("mouseup")
	a.shows(w, brings)
}

// variable is one variable of the environment that programs on the desktop have.
func variable(d *desktop.Desktop, name string) string {
	for _, v := range d.Env() {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// watchNewFiles returns a function that tells the names of all files that were made in a directory since, also of those
// that are gone.
func watchNewFiles(t *testing.T, dir string) func() []string {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_CREATE|unix.IN_MOVED_TO); err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	return func() (names []string) {
		t.Helper()
		buf := make([]byte, 64<<10)
		for {
			n, err := unix.Read(fd, buf)
			if err == unix.EAGAIN {
				return names
			}
			if err != nil {
				t.Fatal(err)
			}
			for b := buf[:n]; len(b) >= unix.SizeofInotifyEvent; { // struct inotify_event: the length of the name is its fourth number
				length := int(b[12]) | int(b[13])<<8
				name := b[unix.SizeofInotifyEvent : unix.SizeofInotifyEvent+length]
				names = append(names, string(bytes.TrimRight(name, "\x00")))
				b = b[unix.SizeofInotifyEvent+length:]
			}
		}
	}
}

// overheard is everything that was said on a session bus.
type overheard struct {
	d    *desktop.Desktop
	mu   sync.Mutex
	heap bytes.Buffer
}

// overhear listens to the session bus until the test ends.
func overhear(t *testing.T, d *desktop.Desktop) *overheard {
	t.Helper()
	conn, err := dbus.Connect(d.BusAddress, dbus.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.BusObject().Call("org.freedesktop.DBus.Monitoring.BecomeMonitor", 0, []string{}, uint32(0)).Err; err != nil {
		t.Fatal(err)
	}
	o, messages := &overheard{d: d}, make(chan *dbus.Message, 1024)
	conn.Eavesdrop(messages)
	go func() {
		for m := range messages {
			o.mu.Lock()
			fmt.Fprintln(&o.heap, m.Type, m.Headers, m.Body)
			o.mu.Unlock()
		}
	}()
	return o
}

func (o *overheard) said() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return bytes.Clone(o.heap.Bytes())
}

// notify sends a notification, as programs do.
func (o *overheard) notify(t *testing.T, text string) {
	t.Helper()
	conn, err := dbus.Connect(o.d.BusAddress)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// Nobody shows it on this desktop, so the call fails; it is said on the bus all the same.
	conn.Object("org.freedesktop.Notifications", "/org/freedesktop/Notifications").
		Go("org.freedesktop.Notifications.Notify", 0, make(chan *dbus.Call, 1), "test", uint32(0), "", "Copied", text, []string{}, map[string]dbus.Variant{}, int32(time.Second/time.Millisecond))
	_ = conn.BusObject().Call("org.freedesktop.DBus.GetId", 0).Err // sent after it, so it has gone out
}
