package apptest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tallystick/tallystick/app/apptest"
	"github.com/tallystick/tallystick/app/platform"
)

func TestEmitReturnsWhenTheSignalWasHandled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &apptest.FakeSignals{}
		ctx, stop := context.WithCancel(t.Context())
		var handled []platform.Signal
		done := make(chan error, 1)
		go func() {
			time.Sleep(time.Second) // Emit waits for the watch to begin
			done <- s.Watch(ctx, func(sig platform.Signal) {
				time.Sleep(time.Minute)
				handled = append(handled, sig)
			})
		}()
		for _, sig := range []platform.Signal{platform.SessionLocked, platform.Sleeping} {
			if err := s.Emit(t.Context(), sig); err != nil {
				t.Fatal(err)
			}
			if n := len(handled); n == 0 || handled[n-1] != sig {
				t.Fatalf("handled %v when Emit returned", handled)
			}
		}
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if err := s.Watched(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		ended, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Emit(ended, platform.Sleeping); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	})
}

func TestMissingParts(t *testing.T) {
	why := errors.New("no bus")
	err := (&apptest.FakeSignals{Missing: why}).Watch(t.Context(), nil)
	if !errors.Is(err, platform.ErrNoSignals) || !errors.Is(err, why) {
		t.Error(err)
	}
	h := &apptest.FakeURIHandler{Missing: why}
	if err := h.Install(t.Context(), true); !errors.Is(err, platform.ErrNoURIHandler) {
		t.Error(err)
	}
}

func TestFakeURIHandler(t *testing.T) {
	h := &apptest.FakeURIHandler{OtherApp: "keys.desktop"}
	check := func(want platform.URIStatus) {
		t.Helper()
		if got, err := h.Status(t.Context()); err != nil || got != want {
			t.Fatalf("%+v, %v; want %+v", got, err, want)
		}
	}
	check(platform.URIStatus{Other: "keys.desktop"})
	for _, step := range []struct {
		do   func() error
		want platform.URIStatus
	}{
		{func() error { return h.Install(t.Context(), false) }, platform.URIStatus{Installed: true, Other: "keys.desktop"}},
		{func() error { return h.Install(t.Context(), true) }, platform.URIStatus{Installed: true, Default: true}},
		{func() error { return h.Install(t.Context(), false) }, platform.URIStatus{Installed: true, Default: true}},
		{func() error { return h.Remove(t.Context()) }, platform.URIStatus{Other: "keys.desktop"}},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		check(step.want)
	}
}
