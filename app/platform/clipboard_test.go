package platform_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tallystick/tallystick/app/apptest"
	"github.com/tallystick/tallystick/app/platform"
)

// clipboardBehaviour is what every clipboard owes its caller, real or fake.
// copyElsewhere is another program copying text.
func clipboardBehaviour(t *testing.T, c platform.Clipboard, copyElsewhere func(text string)) {
	t.Helper()
	ctx := t.Context()
	text := func(want string) {
		t.Helper()
		got, err := c.Text(ctx)
		if err != nil || got != want {
			t.Fatalf("Text = %q, %v; want %q", got, err, want)
		}
	}
	clearIf := func(arg string, want bool) {
		t.Helper()
		got, err := c.ClearIf(ctx, arg)
		if err != nil || got != want {
			t.Fatalf("ClearIf(%q) = %v, %v; want %v", arg, got, err, want)
		}
	}
	set := func(s string) {
		t.Helper()
		if err := c.SetSecret(ctx, s); err != nil {
			t.Fatal(err)
		}
	}

	text("")
	clearIf("492039", false)

	set("492039")
	text("492039")
	clearIf("118604", false)
	text("492039")
	clearIf("", false)
	text("492039")
	clearIf("492039", true)
	text("")
	clearIf("492039", false)

	set("492039")
	set("118604")
	clearIf("492039", false) // the first copy's timer must not take the second one
	text("118604")

	copyElsewhere("my shopping list")
	text("my shopping list")
	clearIf("118604", false)
	text("my shopping list")
	set("770182")
	text("770182")

	copyElsewhere("770182") // a clipboard manager that took the code over
	clearIf("770182", true)
	text("")

	set("Zürich → 東京 🔑")
	text("Zürich → 東京 🔑")

	if err := c.SetSecret(ctx, strings.Repeat("x", platform.MaxCopy+1)); !errors.Is(err, platform.ErrTextTooLong) {
		t.Fatalf("SetSecret above the limit: %v", err)
	}
	text("Zürich → 東京 🔑")
	long := strings.Repeat("x", platform.MaxCopy)
	set(long)
	text(long)
	clearIf(long, true)

	copyElsewhere(strings.Repeat("y", platform.MaxPaste+1))
	if _, err := c.Text(ctx); !errors.Is(err, platform.ErrTextTooLong) {
		t.Fatalf("Text above the limit: %v", err)
	}
	clearIf("770182", false)

	gone, cancel := context.WithCancel(ctx)
	cancel()
	if err := c.SetSecret(gone, "1"); !errors.Is(err, context.Canceled) {
		t.Fatalf("SetSecret with an ended context: %v", err)
	}

	// Hold ends when somebody copies, and leaves that alone.
	set("301556")
	held := make(chan error, 1)
	go func() { held <- platform.Hold(ctx, c, "301556") }()
	copyElsewhere("something new")
	if err := <-held; err != nil {
		t.Fatal(err)
	}
	text("something new")

	// Hold ends with its context and takes the code back.
	set("301556")
	short, stop := context.WithCancel(ctx)
	go func() { held <- platform.Hold(short, c, "301556") }()
	stop()
	if err := <-held; err != nil {
		t.Fatal(err)
	}
	text("")
}

func TestFakeClipboardBehavesLikeTheRealOne(t *testing.T) {
	c := &apptest.FakeClipboard{}
	clipboardBehaviour(t, c, c.CopyElsewhere)
	if got := c.History()[:3]; strings.Join(got, " ") != "492039 492039 118604" {
		t.Fatalf("history %q", got)
	}
}

func TestHoldTakesTheCodeBackWhenTimeIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &apptest.FakeClipboard{}
		if err := c.SetSecret(t.Context(), "492039"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()
		if err := platform.Hold(ctx, c, "492039"); err != nil {
			t.Fatal(err)
		}
		if held := time.Since(start); held != 30*time.Second {
			t.Fatalf("held for %v", held)
		}
		if got, _ := c.Text(t.Context()); got != "" {
			t.Fatalf("left %q on the clipboard", got)
		}
	})
}

// plainClipboard hides that the fake can tell when its content is replaced.
type plainClipboard struct{ platform.Clipboard }

func TestHoldWithoutAHolderWaitsItOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &apptest.FakeClipboard{}
		if err := c.SetSecret(t.Context(), "492039"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		done := make(chan error, 1)
		go func() { done <- platform.Hold(ctx, plainClipboard{c}, "492039") }()
		synctest.Wait()
		c.CopyElsewhere("mine")
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if got, _ := c.Text(t.Context()); got != "mine" {
			t.Fatalf("took away %q", got)
		}
	})
}

func TestHoldSaysThatTheClipboardIsGone(t *testing.T) {
	c := &apptest.FakeClipboard{}
	c.Fail(platform.ErrNoClipboard)
	if err := platform.Hold(t.Context(), c, "492039"); !errors.Is(err, platform.ErrNoClipboard) {
		t.Fatal(err)
	}
}
