package vault

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// settle is how long after a change of a file more changes are waited for: one save
	// is several events.
	settle = 50 * time.Millisecond
	// pollEvery is how often the file is looked at where the system does not tell of
	// changes (network mounts, or no watches left).
	pollEvery = 5 * time.Second
)

// watchers tells everybody who asked that something is new. The zero value is ready.
type watchers struct {
	mu   sync.Mutex
	list map[chan struct{}]bool
	last string // what was seen outside the last time
}

// add returns a channel that holds at most one message, however many there were.
func (w *watchers) add() chan struct{} {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.list == nil {
		w.list = make(map[chan struct{}]bool)
	}
	w.list[c] = true
	return c
}

func (w *watchers) remove(c chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.list, c)
}

func (w *watchers) notify() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.list {
		poke(c)
	}
}

// saw remembers what is seen outside, and reports whether it is something else than before.
func (w *watchers) saw(now string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	news := w.last != now
	w.last = now
	return news
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Watch calls fn (on a goroutine of its own, coalesced) after the content, the locked state
// or the protection changed, from inside or outside this process, until ctx ends or the
// Manager is closed. It returns at once. A file that changed outside is reloaded before fn
// is called; when that fails fn is called too, and Reload says why.
func (m *Manager) Watch(ctx context.Context, fn func()) error {
	if m.quit.Err() != nil {
		return ErrClosed
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(m.quit, cancel)
	changed := m.watchers.add()
	m.watchers.saw(m.outside(nil))

	var events <-chan fsnotify.Event
	var overflow <-chan error
	var poll <-chan time.Time
	files, err := m.fs.Watch(m.cfg.Dir)
	if err == nil {
		events, overflow = files.Events, files.Errors
	} else {
		ticker := time.NewTicker(pollEvery)
		context.AfterFunc(ctx, ticker.Stop)
		poll = ticker.C
	}

	go func() { // what happens outside
		defer cancel()
		defer stop()
		if files != nil {
			defer files.Close()
		}
		var quiet <-chan time.Time
		for {
			select {
			case <-ctx.Done():
				return
			case e, ok := <-events:
				if !ok {
					return
				}
				if name := filepath.Base(e.Name); name == vaultFile || name == deviceFile {
					quiet = time.After(settle)
				}
			case <-overflow: // events were lost
				quiet = time.After(settle)
			case <-poll:
				m.lookAgain(ctx)
			case <-quiet:
				quiet = nil
				m.lookAgain(ctx)
			}
		}
	}()
	go func() { // what is to be told
		defer m.watchers.remove(changed)
		for {
			select {
			case <-ctx.Done():
				return
			case <-changed:
				if ctx.Err() != nil { // both were ready
					return
				}
				fn()
			}
		}
	}()
	return nil
}

// lookAgain reloads after a change outside. Reload tells the watchers of new content;
// here they are told that it failed, and that the protection is another one.
func (m *Manager) lookAgain(ctx context.Context) {
	_, err := m.Reload(ctx)
	if ctx.Err() != nil {
		return
	}
	if m.watchers.saw(m.outside(err)) {
		m.watchers.notify()
	}
}

// outside describes what Status and Reload tell beside the content.
func (m *Manager) outside(reload error) string {
	d, err := m.loadDevice()
	return fmt.Sprint(d.Protection, err, reload != nil && !errors.Is(reload, ErrLocked))
}
