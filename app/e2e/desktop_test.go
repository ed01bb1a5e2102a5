//go:build e2e && linux

package e2e

import (
	"image"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/app/e2e/desktop"
	"github.com/tallystick/tallystick/app/e2e/portal"
)

// The desktop itself, without Tallystick: when this fails, the tools are at fault and not what they test.
func TestDesktop(t *testing.T) {
	d := newDesktop(t, desktop.Options{})

	p := openPortal(t, d, "Example", "maria@shop.example", image.Rect(500, 40, 1300, 840), 1)
	picture(t, d, "browser")

	// A wrong code, then the right one, typed into the page by hand.
	ctx := within(t, patience)
	if err := p.window.Type(ctx, "000000x\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.WindowTitled(ctx, "Wrong code"); err != nil {
		t.Fatal(err)
	}
	if got := p.Attempts(); len(got) != 1 || got[0] {
		t.Fatalf("attempts at the portal: %v, want a wrong one", got)
	}

	term, win, err := d.Terminal(ctx, desktop.StartOptions{}, "60x10+20+20", "sh", "-c", "echo Hello from a terminal window; cat")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := win.WaitText(ctx, "Hello from a terminal window"); err != nil {
		t.Fatal(err)
	}
	if err := win.Type(ctx, "twelve words\n"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := win.WaitText(ctx, "twelve words"); err != nil {
		t.Fatal(err)
	}
	picture(t, d, "terminal")

	if err := d.SetClipboard(ctx, "copied"); err != nil {
		t.Fatal(err)
	}

	// The keyring keeps what it is given, over a restart too.
	if res, err := d.Run(ctx, "a secret", "secret-tool", "store", "--label=x", "what", "test"); err != nil || res.Exit != 0 {
		t.Fatalf("the keyring takes nothing: %v %s", err, res.Stderr)
	}
	if err := d.StopKeyring(ctx); err != nil {
		t.Fatal(err)
	}
	if err := d.StartKeyring(ctx); err != nil {
		t.Fatal(err)
	}
	if res, err := d.Run(ctx, "", "secret-tool", "lookup", "what", "test"); err != nil || strings.TrimSpace(res.Stdout) != "a secret" {
		t.Fatalf("the keyring lost what was in it: %q %v %s", res.Stdout, err, res.Stderr)
	}

	if err := win.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := term.Wait(ctx); err != nil {
		t.Fatal(err)
	}
}

// portalPage is a portal that a browser shows.
type portalPage struct {
	*portal.Portal
	browser *desktop.Process
	window  *desktop.Window
}

// openPortal opens a portal's page in a browser, and waits until all of it is on the screen.
func openPortal(t testing.TB, d *desktop.Desktop, issuer, name string, bounds image.Rectangle, scale float64) *portalPage {
	t.Helper()
	return openPortalWithKey(t, d, issuer, name, nil, bounds, scale)
}

// openPortalWithKey is openPortal with a given key; nil = a random one.
func openPortalWithKey(t testing.TB, d *desktop.Desktop, issuer, name string, key []byte, bounds image.Rectangle, scale float64) *portalPage {
	t.Helper()
	start := func() (*portal.Portal, error) { return portal.Start(issuer, name) }
	if key != nil {
		start = func() (*portal.Portal, error) { return portal.StartWithKey(issuer, name, key) }
	}
	p, err := start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	ctx := within(t, patience)
	browser, window, err := d.Browser(ctx, p.URL, bounds, scale)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.Shown():
	case <-browser.Done():
		t.Fatalf("the browser ended: %s", browser.Output())
	case <-ctx.Done():
		t.Fatalf("the browser never showed the page: %s", browser.Output())
	}
	// The page says it was drawn; the screen has the last word.
	err = desktop.WaitFor(ctx, "the page to be on the screen", func() bool {
		img, err := d.Picture()
		return err == nil && desktop.Count(img, portal.Header) > bounds.Dx()*20
	})
	if err != nil {
		t.Fatal(err)
	}
	return &portalPage{Portal: p, browser: browser, window: window}
}
