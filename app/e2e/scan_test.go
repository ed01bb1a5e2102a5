//go:build e2e && linux

package e2e

import (
	"fmt"
	"image"
	"math"
	"strings"
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

	// The same pixels as two monitors: each is a picture of its own, and places are counted from its corner.
	before := decode[look](t, res.Stdout).Codes[0].Corners
	split := int(before[0][0]) - 60
	for _, monitor := range [][]string{
		{"left", fmt.Sprintf("%d/100x1000/265+0+0", split), "none"}, {"right", fmt.Sprintf("%d/300x1000/265+%d+0", 1600-split, split), "screen"},
	} {
		if res, err := d.Run(within(t, patience), "", "xrandr", append([]string{"--setmonitor"}, monitor...)...); err != nil || res.Exit != 0 {
			t.Fatalf("xrandr: %v %s", err, res.Stderr)
		}
	}
	res = a.exits(done, "", "scan", "--screen", "--json")
	left, right, _ := strings.Cut(strings.TrimSpace(res.Stdout), "\n")
	if seen := decode[look](t, left); seen.Source != "screen 1" || len(seen.Codes) != 0 {
		t.Errorf("on the left: %s", left)
	}
	if seen := decode[look](t, right); seen.Source != "screen 2" || len(seen.Codes) != 1 || seen.Codes[0].Text != page.URI() || math.Abs(before[0][0]-seen.Codes[0].Corners[0][0]-float64(split)) > 2 {
		t.Errorf("on the right: %s, which was at %v of both", right, before)
	}
}
