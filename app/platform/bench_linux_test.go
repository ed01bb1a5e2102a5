package platform_test

import (
	"testing"

	"github.com/tallystick/tallystick/app/platform"
)

// BenchmarkCopyAndClear is a click on a code and its timer, against a real X server.
func BenchmarkCopyAndClear(b *testing.B) {
	startX(b)
	c := platform.NewClipboard()
	for b.Loop() {
		if err := c.SetSecret(b.Context(), "492039"); err != nil {
			b.Fatal(err)
		}
		if ok, err := c.ClearIf(b.Context(), "492039"); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

// BenchmarkFirstCopy is what `tallystick code --copy` pays: connecting and copying.
func BenchmarkFirstCopy(b *testing.B) {
	x := startX(b)
	front := startXFront(b, x)
	b.Setenv("DISPLAY", front.display)
	for b.Loop() {
		if err := platform.NewClipboard().SetSecret(b.Context(), "492039"); err != nil {
			b.Fatal(err)
		}
		front.drop()
	}
}

// BenchmarkSend is a second start handing a request to the window.
func BenchmarkSend(b *testing.B) {
	dir := b.TempDir()
	w, err := platform.Claim(dir, platform.Request{}, func(platform.Request) platform.Reply { return platform.Reply{Word: "ok"} })
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	for b.Loop() {
		if _, err := platform.Send(b.Context(), dir, platform.Request{Command: "show"}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkClaim is what a start pays for being the only one.
func BenchmarkClaim(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		w, err := platform.Claim(dir, platform.Request{}, nil)
		if err != nil {
			b.Fatal(err)
		}
		_ = w.Close()
	}
}

// BenchmarkTrayAvailable is a whole connection to the bus: it is asked once per start.
func BenchmarkTrayAvailable(b *testing.B) {
	startBus(b, sessionBus)
	for b.Loop() {
		platform.TrayAvailable(b.Context())
	}
}
