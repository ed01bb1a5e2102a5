package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/storetest"
)

// scripted answers with one error after another, then with success.
type scripted struct {
	store.Store
	errs  []error
	calls int
}

func (s *scripted) next() error {
	s.calls++
	if len(s.errs) == 0 {
		return nil
	}
	err := s.errs[0]
	s.errs = s.errs[1:]
	return err
}

func (s *scripted) List(context.Context, string) ([]store.Object, error) {
	return []store.Object{{Name: "a"}}, s.next()
}
func (s *scripted) Get(context.Context, string, int64) ([]byte, error) { return []byte("x"), s.next() }
func (s *scripted) PutNew(context.Context, string, []byte) error       { return s.next() }
func (s *scripted) Delete(context.Context, string) error               { return s.next() }

func passing(after time.Duration) error {
	return fmt.Errorf("wrapped: %w", &store.Failure{Kind: store.ErrOffline, Again: true, After: after})
}

// waits makes a policy that waits nowhere and tells how long it would have.
func waits(random float64) (store.Policy, *[]time.Duration) {
	var all []time.Duration
	return store.Policy{
		Attempts: 4, Base: time.Second, Max: 3 * time.Second,
		Sleep:  func(ctx context.Context, d time.Duration) error { all = append(all, d); return ctx.Err() },
		Random: func() float64 { return random },
	}, &all
}

func TestRetry(t *testing.T) {
	final := &store.Failure{Kind: store.ErrDenied}
	for _, c := range []struct {
		name   string
		random float64
		errs   []error
		want   error
		waits  []time.Duration
	}{
		{"nothing to repeat", 0, nil, nil, nil},
		{"no use", 0, []error{final}, store.ErrDenied, nil},
		{"plain errors are not repeated", 0, []error{store.ErrOffline}, store.ErrOffline, nil},
		{"once", 0, []error{passing(0)}, nil, []time.Duration{500 * time.Millisecond}},
		{"doubling, early", 0, []error{passing(0), passing(0), passing(0)}, nil, []time.Duration{500 * time.Millisecond, time.Second, 1500 * time.Millisecond}},
		{"doubling, late", 0.999, []error{passing(0), passing(0), passing(0)}, nil, []time.Duration{1499 * time.Millisecond, 2998 * time.Millisecond, 3 * time.Second}},
		{"in the end it gives up", 0, []error{passing(0), passing(0), passing(0), passing(0)}, store.ErrOffline, []time.Duration{500 * time.Millisecond, time.Second, 1500 * time.Millisecond}},
		{"as the storage asks", 0, []error{passing(2 * time.Second), passing(0)}, nil, []time.Duration{2 * time.Second, time.Second}},
		{"the storage asks for too much", 0, []error{passing(time.Hour)}, store.ErrOffline, nil},
		{"another error after", 0, []error{passing(0), final}, store.ErrDenied, []time.Duration{500 * time.Millisecond}},
	} {
		ops := map[string]func(context.Context, store.Store) error{
			"List": func(ctx context.Context, s store.Store) error { _, err := s.List(ctx, ""); return err },
			"Get":  func(ctx context.Context, s store.Store) error { _, err := s.Get(ctx, "a", 1); return err },
			"Put":  func(ctx context.Context, s store.Store) error { return s.PutNew(ctx, "a", nil) },
			"Del":  func(ctx context.Context, s store.Store) error { return s.Delete(ctx, "a") },
		}
		for op, do := range ops {
			p, got := waits(c.random)
			under := &scripted{errs: slices.Clone(c.errs)}
			err := do(t.Context(), store.Retry(under, p))
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("%s: %s: %v, want %v", c.name, op, err, c.want)
			}
			if !slices.Equal(*got, c.waits) || under.calls != len(c.waits)+1 {
				t.Errorf("%s: %s: waited %v in %d calls, want %v", c.name, op, *got, under.calls, c.waits)
			}
		}
	}
	p, _ := waits(0)
	s := store.Retry(&scripted{errs: []error{passing(0)}}, p)
	if list, err := s.List(t.Context(), ""); err != nil || len(list) != 1 {
		t.Errorf("List %v, %v", list, err)
	}
	if data, err := s.Get(t.Context(), "a", 1); err != nil || string(data) != "x" {
		t.Errorf("Get %q, %v", data, err)
	}
}

// slow answers only when its context ends.
type slow struct{ scripted }

func (s *slow) Get(ctx context.Context, _ string, _ int64) ([]byte, error) {
	s.calls++
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{}
		r := store.Retry(s, store.Policy{Timeout: time.Minute})
		began := time.Now()
		if _, err := r.Get(t.Context(), "a", 1); !errors.Is(err, store.ErrOffline) || time.Since(began) != time.Minute || s.calls != 1 {
			t.Errorf("%v after %v and %d calls, want ErrOffline after a minute and one", err, time.Since(began), s.calls)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := r.Get(ctx, "a", 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want the context's error", err)
		}
		// The caller goes away during a wait.
		ctx, cancel = context.WithCancel(t.Context())
		go func() {
			time.Sleep(100 * time.Millisecond)
			cancel()
		}()
		began = time.Now()
		err := store.Retry(&scripted{errs: []error{passing(0)}}, store.Policy{Base: 10 * time.Second}).Delete(ctx, "a")
		if !errors.Is(err, context.Canceled) || time.Since(began) != 100*time.Millisecond {
			t.Errorf("%v after %v, want the context's error at once", err, time.Since(began))
		}
	})
}

// A write whose reply got lost is repeated, and finds its own bytes.
func TestLostReply(t *testing.T) {
	h := storetest.NewHostile()
	s := h.Store("a")
	lost := 0
	flaky := &lossy{Store: s, lose: func() bool { lost++; return lost == 1 }}
	p, waited := waits(0)
	if err := store.Retry(flaky, p).PutNew(t.Context(), "a/b", []byte("x")); err != nil || len(*waited) != 1 {
		t.Errorf("%v after %d repetitions", err, len(*waited))
	}
	if got := h.Bytes("a/b"); string(got) != "x" {
		t.Errorf("there is %q", got)
	}
}

type lossy struct {
	store.Store
	lose func() bool
}

func (s *lossy) PutNew(ctx context.Context, name string, data []byte) error {
	err := s.Store.PutNew(ctx, name, data)
	if s.lose() {
		return passing(0)
	}
	return err
}

func TestWatchAndClockOfOthers(t *testing.T) {
	s := store.Retry(&scripted{}, store.Policy{})
	if ch, err := store.Watch(t.Context(), s, ""); ch != nil || err != nil {
		t.Errorf("Watch: %v, %v", ch, err)
	}
	if r, ok := store.Clock(s); ok {
		t.Errorf("Clock: %+v", r)
	}
	f := &store.Failure{Op: "GET", Kind: store.ErrFull, Detail: "status 507"}
	if got := f.Error(); got != "store: storage full: GET: status 507" {
		t.Errorf("%q", got)
	}
	if got := (&store.Failure{Kind: store.ErrFull}).Error(); got != "store: storage full" {
		t.Errorf("%q", got)
	}
}
