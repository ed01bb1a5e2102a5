package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// Policy says how patient the wrapper of Retry is. Zero fields take the values of DefaultPolicy.
type Policy struct {
	Attempts int           // of one operation, the first included
	Base     time.Duration // the wait after the first attempt is about this, and doubles
	Max      time.Duration // the longest wait; a storage that asks for more is offline until later
	Timeout  time.Duration // of one attempt
	// Sleep waits, or returns the error of a context that ends first. Nil is the system's clock.
	Sleep func(context.Context, time.Duration) error
	// Random gives a number from 0 up to 1, for waits that differ between devices. Nil is a source of its own.
	Random func() float64
}

// DefaultPolicy is patient for about a quarter of a minute when a storage stumbles, and gives one attempt two minutes.
func DefaultPolicy() Policy {
	return Policy{Attempts: 5, Base: 500 * time.Millisecond, Max: 10 * time.Second, Timeout: 2 * time.Minute, Sleep: sleep, Random: rand.Float64}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Retry wraps s: every attempt gets a deadline, and one that failed for a reason that passes (Failure.Again) is repeated
// after a wait that doubles and varies. Every operation of a Store may be repeated: PutNew of bytes that arrived although the
// reply got lost finds its own bytes and is content. An attempt that ran out of its own time is ErrOffline; the end of the
// caller's context is the context's error.
func Retry(s Store, p Policy) Store {
	d := DefaultPolicy()
	if p.Attempts <= 0 {
		p.Attempts = d.Attempts
	}
	if p.Base <= 0 {
		p.Base = d.Base
	}
	if p.Max <= 0 {
		p.Max = d.Max
	}
	if p.Timeout <= 0 {
		p.Timeout = d.Timeout
	}
	if p.Sleep == nil {
		p.Sleep = d.Sleep
	}
	if p.Random == nil {
		p.Random = d.Random
	}
	return &patient{under: s, policy: p}
}

type patient struct {
	under  Store
	policy Policy
}

// Unwrap gives the store that is tried again.
func (s *patient) Unwrap() Store { return s.under }

func (s *patient) List(ctx context.Context, prefix string) (list []Object, err error) {
	err = s.do(ctx, "list", func(ctx context.Context) error {
		list, err = s.under.List(ctx, prefix)
		return err
	})
	return list, err
}

func (s *patient) Get(ctx context.Context, name string, max int64) (data []byte, err error) {
	err = s.do(ctx, "get", func(ctx context.Context) error {
		data, err = s.under.Get(ctx, name, max)
		return err
	})
	return data, err
}

func (s *patient) PutNew(ctx context.Context, name string, data []byte) error {
	return s.do(ctx, "put", func(ctx context.Context) error { return s.under.PutNew(ctx, name, data) })
}

func (s *patient) Delete(ctx context.Context, name string) error {
	return s.do(ctx, "delete", func(ctx context.Context) error { return s.under.Delete(ctx, name) })
}

func (s *patient) do(ctx context.Context, op string, attempt func(context.Context) error) error {
	wait := s.policy.Base
	for n := 1; ; n++ {
		err := s.once(ctx, op, attempt)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		after, ok := again(err)
		if !ok || n == s.policy.Attempts || after > s.policy.Max {
			return err
		}
		// Between half and one and a half of the wait: devices that lost a storage together do not come back together.
		pause := min(time.Duration((0.5+s.policy.Random())*float64(wait)), s.policy.Max)
		if err := s.policy.Sleep(ctx, max(pause, after)); err != nil {
			return err
		}
		wait = min(2*wait, s.policy.Max)
	}
}

func (s *patient) once(ctx context.Context, op string, attempt func(context.Context) error) error {
	inner, cancel := context.WithTimeout(ctx, s.policy.Timeout)
	defer cancel()
	err := attempt(inner)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		// Not tried again: it has waited long already.
		return &Failure{Op: op, Kind: ErrOffline, Detail: "no answer within " + s.policy.Timeout.String()}
	}
	return err
}
