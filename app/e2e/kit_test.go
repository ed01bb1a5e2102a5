//go:build e2e && linux

package e2e

import (
	"image"
	"path/filepath"
	"testing"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

// The passphrase is forgotten. The page of the recovery kit is shown on the screen; the window reads it, and opens without a
// passphrase from then on.
func TestForgottenPassphrase(t *testing.T) {
	d := newDesktop(t, desktop.Options{})
	a := newTally(t, d)
	a.exits(done, link+"\n", "add", "-")
	page := filepath.Join(d.Home, "kit.png")
	a.exits(done, "", "kit", "create", page)
	a.exits(done, passphrase+"\n", "--passphrase-stdin", "passphrase", "set")

	p, w := a.open()
	a.shows(w, "Type your passphrase")
	a.types(w, "I do not know any more\n")
	a.shows(w, "not right")
	a.clicks(w, "I have a recovery kit")
	a.shows(w, "Or type its words")
	a.types(w, "abandn ")
	a.shows(w, "Word 1 is not in the list")
	picture(t, d, "typed-wrong")

	if _, _, _, err := d.BrowserWithTools(within(t, patience), "file://"+page, image.Rect(560, 30, 1500, 980), 1); err != nil {
		t.Fatal(err)
	}
	err := desktop.WaitFor(within(t, patience), "the page on the screen", func() bool {
		res := a.run("", "scan", "--screen", "--json")
		return res.Exit == done && len(decode[look](t, res.Stdout).Codes) == 1
	})
	if err != nil {
		t.Fatal(err)
	}
	a.press(w, "ctrl+shift+s")
	a.shows(w, "This kit opens your accounts")
	picture(t, d, "kit-fits")
	a.press(w, "Return") // the keyring alone
	a.shows(w, "Your accounts are back", "maria")
	a.shows(w, "maria")
	picture(t, d, "open")
	a.quit(p, w)

	a.exits(done, "", "code") // asks for nothing
	p, w = a.open()
	a.shows(w, "maria")
	a.quit(p, w)
}
