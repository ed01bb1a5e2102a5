//go:build e2e && linux

package e2e

import (
	"debug/buildinfo"
	"errors"
	"image"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

// All of Fyne belongs to one goroutine. A build without migrated_fynedo looks at the goroutine of every call, and logs
// the ones that come from elsewhere. This walks through every screen of such a build with the keyboard.
func TestEveryScreenOnTheRightThread(t *testing.T) {
	if _, err := os.Stat(binThreads); errors.Is(err, fs.ErrNotExist) {
		if err := build(binThreads, "no_animations"); err != nil {
			t.Fatal(err)
		}
	}
	// The control: a program whose checks are switched off would pass without being looked at.
	info, err := buildinfo.ReadFile(binThreads)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range info.Settings {
		if s.Key == "-tags" && strings.Contains(s.Value, "migrated_fynedo") {
			t.Fatalf("%s was built with -tags %s: Fyne's checks are switched off", binThreads, s.Value)
		}
	}

	d := newDesktop(t, desktop.Options{})
	a := newTally(t, d)
	a.bin = binThreads
	steps := 0
	step := func(w *desktop.Window, phrase string, keys ...string) {
		t.Helper()
		a.press(w, keys...)
		a.shows(w, phrase)
		steps++
	}

	// First start, the flow of adding from the screen, and the empty list.
	p, w := a.open()
	a.shows(w, "Start")
	step(w, "Add your first account", "Return")
	step(w, "Nothing to add was found", "ctrl+shift+s")
	step(w, "Add your first account", "Escape", "Escape")
	page := openPortal(t, d, "Example Portal", "maria@shop.example", image.Rect(560, 30, 1500, 880), 1)
	step(w, "Is this it", "ctrl+shift+s")
	step(w, "Type this into", "Return")
	a.clicks(w, "It was refused")
	a.shows(w, "What to check")
	a.clicks(w, "The portal accepted")
	a.shows(w, "Keep the recovery keys")
	a.press(w, "Return") // it gave none
	a.shows(w, "Show my accounts")
	step(w, "Example Portal", "Return")
	step(w, "You have this key already", "ctrl+shift+s")
	step(w, "Favourites", "Escape", "Escape")
	page.browser.Stop()
	typeKey(a, w, "Second", "paul", linkSecret)
	if err := d.SetClipboard(within(t, patience), "otpauth://hotp/Third:anna?secret="+linkSecret+"ABC&issuer=Third&counter=7"); err != nil {
		t.Fatal(err)
	}
	step(w, "Is this it", "ctrl+shift+v")
	a.press(w, "Return")
	a.finish(w)
	a.shows(w, "Third")

	// The list: search, copying, counting, favourite, the menus.
	step(w, "paul", "ctrl+f")
	a.types(w, "sec")
	a.shows(w, "paul")
	step(w, "Copied", "Return")
	step(w, "Favourites", "Escape")
	step(w, "Third", "Down", "Down", "Return", "ctrl+b", "Menu", "Escape")

	// Every page that has a key.
	step(w, "Keyboard", "F1")
	step(w, "Favourites", "Escape")
	step(w, "Edit", "ctrl+e")
	step(w, "Favourites", "Escape")
	step(w, "Third", "ctrl+d")
	step(w, "Favourites", "Escape")
	step(w, "screen is not being shared", "ctrl+shift+q")
	step(w, "Favourites", "Escape")
	step(w, "Undo", "Delete")
	step(w, "Trash", "ctrl+t")
	step(w, "Favourites", "Escape")
	step(w, "Appearance", "ctrl+comma")
	picture(t, d, "settings")
	step(w, "Favourites", "Escape")

	// From outside: another process adds, edits and locks.
	a.exits(done, "otpauth://totp/Outside:eve?secret="+linkSecret+"QQ&issuer=Outside\n", "add", "-")
	a.shows(w, "Outside")
	a.exits(done, "", "otpauth://totp/Fourth:otto?secret="+linkSecret+"AA&issuer=Fourth")
	a.shows(w, "Is this it")
	step(w, "Favourites", "Escape", "Escape")
	a.exits(done, passphrase+"\n", "--passphrase-stdin", "passphrase", "set")
	a.exits(done, "", "lock")
	a.shows(w, "Type your passphrase")
	a.types(w, "wrong\n")
	a.shows(w, "not right")
	a.types(w, passphrase+"\n")
	a.shows(w, "Outside")

	// Two panes, and small again.
	for _, size := range []image.Rectangle{image.Rect(10, 40, 1200, 840), image.Rect(10, 40, 370, 700)} {
		if err := w.Move(within(t, patience), size); err != nil {
			t.Fatal(err)
		}
		a.shows(w, "Outside")
	}
	picture(t, d, "at-the-end")
	a.quit(p, w)

	out := p.Output()
	for _, bad := range []string{"Error in Fyne call thread", "fyne.Do", "DoAndWait", "should have been called"} {
		if strings.Contains(out, bad) {
			t.Fatalf("calls into Fyne from the wrong goroutine:\n%s", out)
		}
	}
	t.Logf("%d steps, and every call into Fyne came from its own goroutine", steps)
}
