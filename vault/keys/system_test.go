package keys

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/tallystick/tallystick/vault/secret"
)

// fakeLib stands in for go-keyring. hang makes calls wait until it is closed.
type fakeLib struct {
	mu     sync.Mutex
	values map[string]string
	err    error
	hang   chan struct{}
	calls  int
	store  func(string) string // what Set keeps of a value
}

func (l *fakeLib) enter() error {
	l.mu.Lock()
	l.calls++
	hang, err := l.hang, l.err
	l.mu.Unlock()
	if hang != nil {
		<-hang
	}
	return err
}

func (l *fakeLib) called() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.calls
}

func (l *fakeLib) Get(service, account string) (string, error) {
	if err := l.enter(); err != nil {
		return "", err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	v, there := l.values[service+"/"+account]
	if !there {
		return "", keyring.ErrNotFound
	}
	return v, nil
}

func (l *fakeLib) Set(service, account, value string) error {
	if err := l.enter(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.store != nil {
		value = l.store(value)
	}
	if l.values == nil {
		l.values = map[string]string{}
	}
	l.values[service+"/"+account] = value
	return nil
}

func (l *fakeLib) Delete(service, account string) error {
	if err := l.enter(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, there := l.values[service+"/"+account]; !there {
		return keyring.ErrNotFound
	}
	delete(l.values, service+"/"+account)
	return nil
}

// fake is a keyring over lib whose host answers check with *state.
func fake(lib backend, state *error) *system {
	return newSystem("svc", lib, host{
		name:     "fake",
		check:    func(context.Context) error { return *state },
		classify: func(error) error { return nil },
	})
}

var ctx = context.Background()

func TestSystem(t *testing.T) {
	lib, state := &fakeLib{}, error(nil)
	s := fake(lib, &state)
	if _, err := s.Get(ctx, "a"); !errors.Is(err, ErrMissing) {
		t.Error(err)
	}
	if err := s.Delete(ctx, "a"); !errors.Is(err, ErrMissing) {
		t.Error(err)
	}
	if err := s.Set(ctx, "a", secret.FromString("value")); err != nil {
		t.Fatal(err)
	}
	if v, err := s.Get(ctx, "a"); err != nil || string(v.Reveal()) != "value" {
		t.Error(err)
	}
	if lib.values["svc/a"] != "value" {
		t.Error("stored under another name")
	}
	if err := s.Delete(ctx, "a"); err != nil || len(lib.values) != 0 {
		t.Error(err)
	}
	if err := s.Set(ctx, "a", secret.New(make([]byte, MaxValue+1))); !errors.Is(err, ErrTooBig) || lib.called() != 6 {
		t.Error(err, lib.called())
	}
	if s.Name() != "fake" {
		t.Error(s.Name())
	}
}

// What Set stored is read back.
func TestSetReadsBack(t *testing.T) {
	state := error(nil)
	for name, store := range map[string]func(string) string{
		"cut": func(v string) string { return v[:len(v)-1] }, "changed": strings.ToUpper, "dropped": func(string) string { return "" },
	} {
		s := fake(&fakeLib{store: store}, &state)
		err := s.Set(ctx, "a", secret.FromString("hunter2"))
		if !errors.Is(err, ErrBroken) || strings.Contains(strings.ToLower(err.Error()), "hunter") {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := fake(forgetful{&fakeLib{}}, &state)
	if err := s.Set(ctx, "a", secret.FromString("v")); !errors.Is(err, ErrBroken) {
		t.Error(err)
	}
}

type forgetful struct{ *fakeLib }

func (forgetful) Set(string, string, string) error { return nil }

// The host's answer comes first: the library is not even called when there is no keyring.
func TestHostIsAskedFirst(t *testing.T) {
	for _, want := range []error{ErrNone, ErrLocked} {
		lib, state := &fakeLib{}, fmt.Errorf("%w: because", want)
		s := fake(lib, &state)
		_, errGet := s.Get(ctx, "a")
		for _, err := range []error{errGet, s.Set(ctx, "a", secret.FromString("v")), s.Delete(ctx, "a"), s.Probe(ctx)} {
			if !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		}
		if lib.called() != 0 {
			t.Error("the library was called")
		}
	}
}

// Errors of the library that nobody knows are "locked", never "missing", and quote nothing.
// What the host knows of an error counts before the guess that an unknown one is a lock: without a keyring a passphrase is offered, with a
// locked one it is not.
func TestTheHostNamesErrors(t *testing.T) {
	odd := errors.New("odd")
	s := newSystem("svc", &fakeLib{err: odd}, host{
		name: "fake", check: func(context.Context) error { return nil },
		classify: func(err error) error {
			if errors.Is(err, odd) {
				return fmt.Errorf("%w: it is gone", ErrNone)
			}
			return nil
		},
	})
	_, got := s.Get(ctx, "a")
	for name, err := range map[string]error{"get": got, "set": s.Set(ctx, "a", secret.FromString("v")), "delete": s.Delete(ctx, "a")} {
		if !errors.Is(err, ErrNone) || errors.Is(err, ErrLocked) {
			t.Errorf("%s: %v, want ErrNone", name, err)
		}
	}
}

func TestUnknownErrors(t *testing.T) {
	state := error(nil)
	for err, want := range map[error]error{
		errors.New("dbus said hunter2"):          ErrLocked,
		keyring.ErrNotFound:                      ErrMissing,
		keyring.ErrSetDataTooBig:                 ErrTooBig,
		keyring.ErrUnsupportedPlatform:           ErrNone,
		fmt.Errorf("x: %w", keyring.ErrNotFound): ErrMissing,
	} {
		s := fake(&fakeLib{err: err}, &state)
		_, got := s.Get(ctx, "a")
		if !errors.Is(got, want) || errors.Is(got, ErrMissing) != (want == ErrMissing) || strings.Contains(got.Error(), "hunter2") {
			t.Errorf("%v: got %v, want %v", err, got, want)
		}
	}
}

// A call that hangs is given up after the deadline, which is longer when the person has
// to type something, and its late result is dropped.
func TestDeadlines(t *testing.T) {
	for name, c := range map[string]struct {
		state error
		limit time.Duration
	}{"answering": {nil, answerTime}, "asking": {errPrompt, promptTime}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lib := &fakeLib{hang: make(chan struct{}), values: map[string]string{"svc/a": "v"}}
				s := fake(lib, &c.state)
				var began time.Time
				for call, f := range map[string]func() error{
					"get":    func() error { _, err := s.Get(ctx, "a"); return err },
					"set":    func() error { return s.Set(ctx, "a", secret.FromString("new")) },
					"delete": func() error { return s.Delete(ctx, "a") },
				} {
					began = time.Now()
					err := f()
					if !errors.Is(err, ErrLocked) || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != c.limit {
						t.Errorf("%s: %v after %v", call, err, time.Since(began))
					}
				}
				close(lib.hang)
				synctest.Wait() // all the late ones come back, to nobody
				if len(s.running) != 0 {
					t.Errorf("%d calls still hold a place", len(s.running))
				}
			})
		})
	}
}

// The caller's context ends a call at once.
func TestCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lib, state := &fakeLib{hang: make(chan struct{})}, error(nil)
		s := fake(lib, &state)
		c, cancel := context.WithCancel(ctx)
		began := time.Now()
		time.AfterFunc(time.Second, cancel)
		_, err := s.Get(c, "a")
		if !errors.Is(err, ErrLocked) || !errors.Is(err, context.Canceled) || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		calls := lib.called()
		if _, err := s.Get(c, "a"); !errors.Is(err, context.Canceled) || lib.called() != calls {
			t.Errorf("a call with an ended context: %v", err)
		}
		close(lib.hang)
	})
}

// Calls that hang for ever do not pile up.
func TestHungCallsDoNotPileUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lib, state := &fakeLib{hang: make(chan struct{})}, error(nil)
		s := fake(lib, &state)
		for range 3 * maxRunning {
			if _, err := s.Get(ctx, "a"); !errors.Is(err, ErrLocked) {
				t.Fatal(err)
			}
		}
		if lib.called() > maxRunning {
			t.Errorf("%d calls are waiting", lib.called())
		}
		close(lib.hang)
		synctest.Wait()
		if _, err := s.Get(ctx, "a"); !errors.Is(err, ErrMissing) {
			t.Errorf("it does not recover: %v", err)
		}
	})
}
