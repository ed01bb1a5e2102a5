package dir

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/tallystick/tallystick/vault/share/store"
)

const (
	// pollEvery is how often the folder is looked at besides: network mounts send no events.
	pollEvery = time.Minute
	// quiet is how long nothing has to happen before a change is told, and longest how long it may be put off: a program
	// that keeps folders in step brings many files at once.
	quiet   = 300 * time.Millisecond
	longest = 3 * time.Second
)

// Watch tells of changes by the system's events and by looking once a minute. Where the system gives no events (network mounts,
// too many watches) looking is all there is.
func (s *Store) Watch(ctx context.Context, prefix string) (<-chan struct{}, error) {
	if !store.ValidPrefix(prefix) {
		return nil, store.ErrName
	}
	out := make(chan struct{}, 1)
	w := &watch{s: s, prefix: prefix, out: out}
	if system, err := fsnotify.NewWatcher(); err == nil {
		w.system = system
		w.events, w.errors = system.Events, system.Errors
	}
	w.known, _ = s.List(ctx, prefix)
	w.follow()
	go w.run(ctx)
	return out, nil
}

// watch is one call of Watch. Its fields belong to the goroutine of run.
type watch struct {
	s      *Store
	prefix string
	out    chan struct{}
	system *fsnotify.Watcher // nil = none
	events <-chan fsnotify.Event
	errors <-chan error
	known  []store.Object // what the last look found
}

func (w *watch) run(ctx context.Context) {
	defer close(w.out)
	if w.system != nil {
		defer w.system.Close()
	}
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	tell := time.NewTimer(time.Hour)
	tell.Stop()
	defer tell.Stop()
	var since time.Time // of the first event not told yet; zero = none
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-w.events:
			if !ok {
				w.events = nil
				continue
			}
			if !w.concerns(e) {
				continue
			}
			now := time.Now()
			if since.IsZero() {
				since = now
			}
			tell.Reset(max(0, min(quiet, longest-now.Sub(since))))
		case _, ok := <-w.errors:
			if !ok {
				w.errors = nil
				continue
			}
			// Events were lost: something happened.
			tell.Reset(quiet)
		case <-tell.C:
			since = time.Time{}
			w.follow()
			w.tell()
		case <-poll.C:
			if list, err := w.s.List(ctx, w.prefix); err == nil && !slices.Equal(list, w.known) {
				w.known = list
				w.follow()
				w.tell()
			}
		}
	}
}

func (w *watch) tell() {
	select {
	case w.out <- struct{}{}:
	default: // one message is waiting already
	}
}

// concerns leaves out temporary files, also those of others, and what lies beside the prefix. New folders concern us: there may
// be something in them before they are watched.
func (w *watch) concerns(e fsnotify.Event) bool {
	if e.Op == fsnotify.Chmod {
		return false
	}
	rel, err := filepath.Rel(w.s.path, e.Name)
	if err != nil {
		return false
	}
	name := filepath.ToSlash(rel)
	if name == "." {
		return true
	}
	return store.CheckName(name) == nil && (strings.HasPrefix(name, w.prefix) || strings.HasPrefix(w.prefix, name+"/"))
}

// follow has the system watch every folder on the way to the prefix and below it. One that is watched already is watched once.
func (w *watch) follow() {
	if w.system == nil {
		return
	}
	root, err := os.OpenRoot(w.s.path)
	if err != nil {
		return // looked for again with the next poll
	}
	defer root.Close()
	for todo := []string{""}; len(todo) > 0; todo = todo[1:] {
		if err := w.system.Add(filepath.Join(w.s.path, filepath.FromSlash(todo[0]))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return // as many as the system allows; the rest is polled
		}
		entries, err := readDir(root, todo[0])
		if err != nil {
			continue
		}
		for _, e := range entries {
			name := path.Join(todo[0], e.Name())
			if e.IsDir() && store.CheckName(name) == nil && (strings.HasPrefix(name, w.prefix) || strings.HasPrefix(w.prefix, name+"/")) {
				todo = append(todo, name)
			}
		}
	}
}
