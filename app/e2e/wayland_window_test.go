//go:build e2e && linux

package e2e

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/godbus/dbus/v5"
	"github.com/skip2/go-qrcode"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

// The window in a Wayland session: a real compositor whose screen is a window, the real portal, and a browser that shows a
// portal's page. Everything is pressed and read as a person would.
func TestTheWindowOnWayland(t *testing.T) {
	d := newDesktop(t, desktop.Options{NoKeyring: true})
	way := newWayland(t, d)
	a := newTally(t, d)
	page := lateCode(t)
	screen, err := d.WindowTitled(within(t, patience), "wlroots")
	if err != nil {
		t.Fatalf("%v\n%s", err, way.logs())
	}
	way.start("chromium", "--app="+page.url, "--ozone-platform=wayland", "--window-size=580,740", "--no-sandbox", "--test-type",
		"--user-data-dir="+way.path("home/browser"), "--no-first-run", "--no-default-browser-check", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-breakpad", "--password-store=basic",
		"--disable-gpu", "--disable-dev-shm-usage", "--noerrdialogs")
	a.shows(screen, "sending you")
	program := way.start(way.path("bin/tallystick"), "--dir", way.path("home/data"))
	a.shows(screen, "Start")
	a.press(screen, "Return")
	a.shows(screen, "Add your first account")
	if tree := way.msg("-t", "get_tree"); !strings.Contains(tree, "io.github.tallystick.Tallystick") || strings.Contains(tree, `"shell": "xwayland"`) {
		t.Errorf("the window has no name that desktops know it by, or is none of Wayland's:\n%s", tree)
	}

	// Nothing is there yet; then it is waited for, and comes.
	a.press(screen, "ctrl+shift+s")
	a.shows(screen, "Nothing to add was found")
	a.clicks(screen, "Wait for it to appear")
	a.shows(screen, "Waiting for a code")
	picture(t, d, "waiting")
	page.appear()
	a.shows(screen, "Is this it")
	a.shows(screen, "maria@shop.example")
	a.press(screen, "Return")
	a.finish(screen)

	// The window lies over the code, and is out of the way in the moment of the picture.
	way.msg("[app_id=\"io.github.tallystick.Tallystick\"]", "move", "position", "60", "0")
	a.press(screen, "ctrl+shift+s")
	a.shows(screen, "You have this key already")
	picture(t, d, "again")
	a.press(screen, "Escape", "Escape")

	// The person, or the system, says no: the window says so and what else can be done.
	way.grabber.kill()
	answer := way.beGrabber()
	for _, c := range []struct {
		code uint32
		says string // a word of the sentence: where lines break is the window's business
	}{{1, "answered"}, {2, "privacy"}} {
		answer.Store(c.code)
		a.press(screen, "ctrl+shift+s")
		a.shows(screen, c.says)
		picture(t, d, fmt.Sprintf("answer-%d", c.code))
		a.press(screen, "Escape")
		a.shows(screen, "Type the key", "Scan my screen")
	}
	if text, err := os.ReadFile(program.log); err != nil || complaints(string(text)) != "" {
		t.Errorf("the window's log complains: %v\n%s", err, complaints(string(text)))
	}
	program.kill()
}

// The same window as a program of X11, as it is on desktops that draw no title bars for others: what X11 sees of such a screen
// is nothing but X11 programs, so that the portal is asked all the same.
func TestTheWindowOnXWayland(t *testing.T) {
	d := newDesktop(t, desktop.Options{NoKeyring: true})
	way := newWayland(t, d)
	a := newTally(t, d)
	screen, err := d.WindowTitled(within(t, patience), "wlroots")
	if err != nil {
		t.Fatalf("%v\n%s", err, way.logs())
	}
	way.shows(oneLink)
	display := ""
	way.waitFor("XWayland's display", func() error {
		text, err := os.ReadFile(way.path("run/display"))
		if display = strings.TrimSpace(string(text)); err == nil && (display == "" || display == d.Display) {
			err = fmt.Errorf("it is %q", display)
		}
		return err
	})
	way.startWith([]string{"DISPLAY=" + display, "FYNE_PLATFORM=x11"}, "", way.path("bin/tallystick"), "--dir", way.path("home/data"))
	a.shows(screen, "Start")
	a.press(screen, "Return")
	a.shows(screen, "Add your first account")
	if tree := way.msg("-t", "get_tree"); !strings.Contains(tree, `"shell": "xwayland"`) {
		t.Fatalf("the window is none of X11:\n%s", tree)
	}
	a.press(screen, "ctrl+shift+s")
	a.shows(screen, "Is this it")
	a.shows(screen, "maria@shop.example")
	picture(t, d, "found")
}

// latePage is a web page that shows its code when it is told to.
type latePage struct {
	url    string
	appear func()
}

func lateCode(t *testing.T) latePage {
	t.Helper()
	png, err := qrcode.Encode(oneLink, qrcode.Medium, -5)
	if err != nil {
		t.Fatal(err)
	}
	now := make(chan struct{})
	p := latePage{appear: sync.OnceFunc(func() { close(now) })}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/late" {
			select {
			case <-now:
			case <-r.Context().Done():
			}
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!DOCTYPE html><title>Gallery</title><style>body{font:20px "DejaVu Sans",sans-serif;margin:24px;background:#fff}</style>
<p>We are sending you an e-mail</p><img id="code" hidden src="data:image/png;base64,%s">
<script>fetch("/late").then(() => { code.hidden = false })</script>`, base64.StdEncoding.EncodeToString(png))
	}))
	t.Cleanup(server.Close)
	t.Cleanup(p.appear)
	p.url = server.URL
	return p
}

// msg asks the compositor for something.
func (w *wayland) msg(args ...string) string {
	w.t.Helper()
	sockets, err := os.ReadDir(w.path("run"))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range sockets {
		if strings.HasPrefix(s.Name(), "sway-ipc.") {
			out, err := w.command("swaymsg", append([]string{"-s", w.path("run/" + s.Name())}, args...)...).CombinedOutput()
			if err != nil {
				w.t.Fatalf("swaymsg %q: %v %s", args, err, out)
			}
			return string(out)
		}
	}
	w.t.Fatal("the compositor has no socket")
	return ""
}

// grabber takes the place of what takes pictures, and answers with no: org.freedesktop.impl.portal.Screenshot.
type grabber struct{ answer *atomic.Uint32 }

// Screenshot is the question for a picture of the screen.
func (g grabber) Screenshot(dbus.ObjectPath, string, string, map[string]dbus.Variant) (uint32, map[string]dbus.Variant, *dbus.Error) {
	return g.answer.Load(), map[string]dbus.Variant{}, nil
}

func (w *wayland) beGrabber() *atomic.Uint32 {
	w.t.Helper()
	conn, err := w.bus()
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close() })
	answer := new(atomic.Uint32)
	if err := conn.Export(grabber{answer}, "/org/freedesktop/portal/desktop", "org.freedesktop.impl.portal.Screenshot"); err != nil {
		w.t.Fatal(err)
	}
	w.waitFor("the name of what takes pictures", func() error {
		reply, err := conn.RequestName("org.freedesktop.impl.portal.desktop.wlr", dbus.NameFlagDoNotQueue)
		if err == nil && reply != dbus.RequestNameReplyPrimaryOwner && reply != dbus.RequestNameReplyAlreadyOwner {
			err = fmt.Errorf("somebody else has it: %v", reply)
		}
		return err
	})
	return answer
}
