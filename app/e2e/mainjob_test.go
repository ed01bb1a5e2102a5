//go:build e2e && linux

package e2e

import (
	"image"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

// The main job: a portal shows a QR code in a browser, Tallystick scans the screen, and its code signs in. The next day
// the code is there.
func TestMainJob(t *testing.T) {
	d := newDesktop(t, desktop.Options{})
	a := newTally(t, d)
	ctx := within(t, 5*patience)
	place := image.Rect(560, 30, 1500, 880)
	page := openPortal(t, d, "Example Portal", "maria@shop.example", place, 1)
	picture(t, d, "portal")

	// From the command line first: what does the screen say, and where?
	out := a.exits(done, "", "scan", "--screen", "--json").Stdout
	if strings.Count(strings.TrimSpace(out), "\n") != 0 {
		t.Fatalf("more than one line for one screen:\n%s", out)
	}
	seen := decode[look](t, out)
	if len(seen.Codes) != 1 || seen.Codes[0].Text != page.URI() || seen.Reason != "" {
		t.Fatalf("scan --screen --json: %s\nwant the one code %s", out, page.URI())
	}
	if len(seen.Codes[0].Corners) != 4 {
		t.Fatalf("%d corners, want 4", len(seen.Codes[0].Corners))
	}
	bounds, err := page.window.Bounds()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range seen.Codes[0].Corners {
		if !image.Pt(int(c[0]), int(c[1])).In(bounds) {
			t.Errorf("a corner of the code is said to be at %v, outside the browser at %v", c, bounds)
		}
	}
	if vaults := a.run("", "list"); vaults.Exit != nothing {
		t.Fatalf("looking made a vault: list ends with %d\n%s", vaults.Exit, vaults.Stderr)
	}

	// Now as a person: the window, for the first time.
	p, w := a.open()
	a.shows(w, "Your accounts are encrypted", "Start")
	picture(t, d, "first-start")
	a.press(w, "Return")
	a.shows(w, "Add your first account")
	picture(t, d, "empty")
	a.press(w, "ctrl+shift+s")
	a.shows(w, "Is this it")
	picture(t, d, "found")
	a.shows(w, "Example Portal")
	a.press(w, "Return")
	a.shows(w, "Type this into")
	picture(t, d, "type-this-into-the-portal")
	accounts := a.list("--show-secrets")
	if len(accounts) != 1 || accounts[0].Issuer != page.Issuer || accounts[0].Name != page.Name || accounts[0].Secret != page.Secret() {
		t.Fatalf("saved: %+v, want %s, %s", accounts, page.Issuer, page.Name)
	}

	// What the window shows is what oathtool says.
	a.finish(w)
	a.shows(w, "Example Portal")
	agrees(t, d, page.Secret(), "the window", func() string { return readCode(t, w) })
	agrees(t, d, page.Secret(), "the command line", func() string {
		return strings.TrimSpace(a.exits(done, "", "code", "example").Stdout)
	})

	// Copy it with Enter, paste it into the portal, and be signed in.
	copies(t, a, w, page)
	picture(t, d, "copied")
	if err := page.window.Key(ctx, "ctrl+v", "Return"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.WindowTitled(ctx, "Signed in"); err != nil {
		t.Fatal(err)
	}
	if got := page.Attempts(); len(got) != 1 || !got[0] {
		t.Fatalf("attempts at the portal: %v, want one right one", got)
	}
	picture(t, d, "signed-in")

	// The next day.
	a.quit(p, w)
	if text, err := d.Clipboard(ctx); err != nil || text != "" {
		t.Errorf("after closing, the clipboard still holds %q (%v)", text, err)
	}
	p, w = a.open()
	a.shows(w, "Example Portal")
	copies(t, a, w, page)
	picture(t, d, "restarted")
	a.quit(p, w)

	// Nothing was left in the temporary directory: no picture of the screen, above all.
	if left, _ := filepath.Glob(filepath.Join(d.Home, ".tmp", "*")); len(left) > 0 {
		t.Errorf("left in the temporary directory: %v", left)
	}
}

// copies presses Enter in the list, and holds what is then on the clipboard against oathtool.
func copies(t *testing.T, a *tally, w *desktop.Window, page *portalPage) {
	t.Helper()
	agrees(t, a.d, page.Secret(), "the clipboard", func() string {
		if err := a.d.SetClipboard(within(t, patience), "something else"); err != nil {
			t.Fatal(err)
		}
		a.chooses(w, page.Issuer)
		// Near the end of a period Tallystick copies the next code, which is right, but not what oathtool says now.
		if err := desktop.WaitFor(within(t, patience), "the middle of a period", midPeriod); err != nil {
			t.Fatal(err)
		}
		a.press(w, "Return")
		var text string
		err := desktop.WaitFor(within(t, patience), "a code on the clipboard", func() bool {
			var err error
			text, err = a.d.Clipboard(within(t, patience))
			return err == nil && text != "something else" && text != ""
		})
		if err != nil {
			t.Fatal(err)
		}
		return text
	})
}

// grouped is a six-digit code as the window shows it.
var grouped = regexp.MustCompile(`\b(\d{3}) ?(\d{3})\b`)

// readCode reads the first code that the window shows.
func readCode(t *testing.T, w *desktop.Window) string {
	t.Helper()
	ctx := within(t, patience)
	var code string
	err := desktop.WaitFor(ctx, "a code in the window", func() bool {
		if !midPeriod() { // in its last ten seconds the next code stands beside it
			return false
		}
		words, err := w.Read(ctx)
		if err != nil {
			return false
		}
		m := grouped.FindStringSubmatch(desktop.Text(words))
		if m != nil {
			code = m[1] + m[2]
		}
		return m != nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return code
}
