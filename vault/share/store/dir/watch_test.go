package dir

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/tallystick/tallystick/vault/share/store"
)

// told reports whether a message came by now; it takes it.
func told(out <-chan struct{}) bool {
	synctest.Wait()
	select {
	case <-out:
		return true
	default:
		return false
	}
}

// watching starts a watch whose events come from the test.
func watching(t *testing.T, root, prefix string) (events chan fsnotify.Event, out chan struct{}) {
	events, out = make(chan fsnotify.Event), make(chan struct{}, 1)
	w := &watch{s: New(root, Config{}), prefix: prefix, out: out, events: events}
	w.known, _ = w.s.List(t.Context(), prefix)
	ctx, cancel := context.WithCancel(t.Context())
	go w.run(ctx)
	t.Cleanup(func() {
		cancel()
		if _, open := <-out; open {
			<-out
		}
	})
	return events, out
}

// One message for a burst of events, after it is over or after the longest wait.
func TestBurst(t *testing.T) {
	root := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		events, out := watching(t, root, "sv-a/")
		at := func(name string) fsnotify.Event {
			return fsnotify.Event{Name: filepath.Join(root, filepath.FromSlash(name)), Op: fsnotify.Create}
		}
		for range 5 {
			events <- at("sv-a/dev/aa/1-00")
			time.Sleep(quiet / 2)
		}
		if told(out) {
			t.Error("told before it was over")
		}
		time.Sleep(quiet)
		if !told(out) {
			t.Error("not told")
		}
		time.Sleep(time.Second)
		if told(out) {
			t.Error("told twice")
		}
		begin := time.Now()
		for !told(out) {
			events <- at("sv-a/dev/aa/2-00")
			time.Sleep(quiet / 2)
			if time.Since(begin) > 2*longest {
				t.Fatal("events without a pause are never told")
			}
		}
		// Nobody's concern.
		for _, name := range []string{"sv-a/dev/aa/.~tally-00.tmp", "sv-b/dev/aa/1-00", "sv-a/dev/aa/.syncthing.1-00.tmp", "Report.odt", "../sv-a/x"} {
			events <- at(name)
		}
		events <- fsnotify.Event{Name: filepath.Join(root, "sv-a", "ctl"), Op: fsnotify.Chmod}
		time.Sleep(time.Second)
		if told(out) {
			t.Error("told of nothing")
		}
		events <- at("sv-a")
		time.Sleep(time.Second)
		if !told(out) {
			t.Error("not told of the folder")
		}
	})
}

// Without any event, a change is found by looking once a minute.
func TestPoll(t *testing.T) {
	root := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		_, out := watching(t, root, "")
		time.Sleep(5 * pollEvery)
		if told(out) {
			t.Error("told of nothing")
		}
		s := New(root, Config{})
		if err := s.PutNew(t.Context(), "sv-a/ctl/1-00", []byte("x")); err != nil {
			t.Fatal(err)
		}
		if told(out) {
			t.Error("told before anybody looked")
		}
		time.Sleep(pollEvery)
		if !told(out) {
			t.Error("not told")
		}
		time.Sleep(3 * pollEvery)
		if told(out) {
			t.Error("told twice")
		}
		if err := os.WriteFile(filepath.Join(root, "sv-a", "ctl", "1-00"), []byte("longer"), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(pollEvery)
		if !told(out) {
			t.Error("a file that grew is not told")
		}
	})
}

// The system's own events, in folders that are made after the watch began.
func TestSystemEvents(t *testing.T) {
	root := t.TempDir()
	s := New(root, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	out, err := store.Watch(ctx, store.Retry(s, store.Policy{}), "sv-a/")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sv-a/ctl/1-00", "sv-a/dev/aa/1-00", "sv-a/dev/aa/2-00"} {
		if err := New(root, Config{}).PutNew(ctx, name, []byte("x")); err != nil {
			t.Fatal(err)
		}
		<-out // the test's own limit is the only clock here
	}
	if err := s.Delete(ctx, "sv-a/dev/aa/2-00"); err != nil {
		t.Fatal(err)
	}
	<-out
	cancel()
	for range out {
	}
	if _, err := s.Watch(t.Context(), "../x"); err == nil {
		t.Error("watches what lies outside")
	}
}

// A folder that is not there yet is watched as soon as it is.
func TestWatchBeforeItIsThere(t *testing.T) {
	root := filepath.Join(t.TempDir(), "share")
	synctest.Test(t, func(t *testing.T) {
		_, out := watching(t, root, "")
		time.Sleep(3 * pollEvery)
		if told(out) {
			t.Error("told of a folder that is not there")
		}
		s := New(root, Config{})
		if err := s.Make(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.PutNew(t.Context(), "sv-a/ctl/1-00", []byte("x")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(pollEvery)
		if !told(out) {
			t.Error("not told")
		}
	})
}
