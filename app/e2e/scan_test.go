//go:build e2e && linux

package e2e

import (
	"image"
	"testing"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

// An empty screen is said to be one, and a code on an enlarged screen is found as well.
func TestScanScreens(t *testing.T) {
	d := newDesktop(t, desktop.Options{})
	a := newTally(t, d)
	res := a.exits(nothing, "", "scan", "--screen", "--json")
	if seen := decode[look](t, res.Stdout); len(seen.Codes) != 0 || seen.Reason == "" {
		t.Errorf("an empty screen: %s", res.Stdout)
	}
	page := openPortal(t, d, "Example", "maria", image.Rect(560, 30, 1500, 880), 1.5)
	res = a.exits(done, "", "scan", "--screen", "--json")
	if seen := decode[look](t, res.Stdout); len(seen.Codes) != 1 || seen.Codes[0].Text != page.URI() {
		t.Errorf("on a screen at 150 %%: %s", res.Stdout)
	}
}
