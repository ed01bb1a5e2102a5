package keys

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/tallystick/tallystick/vault/secret"
)

// How long a call may take. A locked keyring may show a dialog of its own, and a
// person needs time to type; everything else answers at once or never.
const (
	answerTime = 5 * time.Second
	promptTime = 90 * time.Second
)

// System is the OS keyring through zalando/go-keyring. service is the name entries
// are stored under. Every call has a deadline, runs off the caller's goroutine, and
// its result is dropped when it comes late.
func System(service string) Keyring {
	return newSystem(service, library{}, platform())
}

// backend is the part of go-keyring that is used, so that tests can stand in for it.
type backend interface {
	Get(service, account string) (string, error)
	Set(service, account, value string) error
	Delete(service, account string) error
}

type library struct{}

func (library) Get(s, a string) (string, error) { return keyring.Get(s, a) }
func (library) Set(s, a, v string) error        { return keyring.Set(s, a, v) }
func (library) Delete(s, a string) error        { return keyring.Delete(s, a) }

// host is what differs between operating systems.
type host struct {
	name string
	// check finds out, without asking the person anything, whether the keyring is
	// usable: nil, ErrNone, errPrompt (usable once the person unlocks it), or
	// ErrLocked.
	check func(context.Context) error
	// classify turns an error of the library into a sentinel; nil if it is not known.
	classify func(error) error
}

// errPrompt is the ErrLocked of a keyring that will ask the person to unlock it.
var errPrompt = fmt.Errorf("%w: it will ask to be unlocked", ErrLocked)

type system struct {
	service string
	lib     backend
	host    host
	// running holds a place for each call of the library that has not come back.
	// One that hangs for ever keeps its place, so hung calls cannot pile up.
	running chan struct{}
}

const maxRunning = 8

func newSystem(service string, lib backend, h host) *system {
	return &system{service: service, lib: lib, host: h, running: make(chan struct{}, maxRunning)}
}

func (s *system) Name() string { return s.host.name }

func (s *system) Probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	_, err := run(ctx, s, func() (struct{}, error) { return struct{}{}, s.host.check(ctx) })
	return err
}

// ready is Probe for calls that may show a dialog: it gives the time they may take.
func (s *system) ready(ctx context.Context) (time.Duration, error) {
	err := s.Probe(ctx)
	if errors.Is(err, errPrompt) {
		return promptTime, nil
	}
	return answerTime, err
}

func (s *system) Get(ctx context.Context, account string) (secret.Bytes, error) {
	limit, err := s.ready(ctx)
	if err != nil {
		return secret.Bytes{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return run(ctx, s, func() (secret.Bytes, error) {
		v, err := s.lib.Get(s.service, account)
		return secret.FromString(v), s.sentinel(err)
	})
}

func (s *system) Set(ctx context.Context, account string, value secret.Bytes) error {
	if value.Len() > MaxValue {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTooBig, value.Len(), MaxValue)
	}
	limit, err := s.ready(ctx)
	if err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	text := string(value.Reveal()) // before the call leaves this goroutine: value is the caller's
	if _, err := run(within, s, func() (struct{}, error) {
		return struct{}{}, s.sentinel(s.lib.Set(s.service, account, text))
	}); err != nil {
		return err
	}
	back, err := s.Get(ctx, account)
	if err != nil {
		if errors.Is(err, ErrMissing) {
			return fmt.Errorf("%w: nothing", ErrBroken)
		}
		return err
	}
	defer back.Wipe()
	if !back.Equal(value) {
		return ErrBroken
	}
	return nil
}

func (s *system) Delete(ctx context.Context, account string) error {
	limit, err := s.ready(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	_, err = run(ctx, s, func() (struct{}, error) {
		return struct{}{}, s.sentinel(s.lib.Delete(s.service, account))
	})
	return err
}

// sentinel turns an error of go-keyring into one of ours. What is not known is
// ErrLocked, never ErrMissing: "missing" must not be a guess.
func (s *system) sentinel(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, keyring.ErrNotFound):
		return ErrMissing
	case errors.Is(err, keyring.ErrSetDataTooBig):
		return ErrTooBig
	case errors.Is(err, keyring.ErrUnsupportedPlatform):
		return ErrNone
	}
	if known := s.host.classify(err); known != nil {
		return known
	}
	// The type, not the text: nobody knows what a keyring puts into its messages.
	return fmt.Errorf("%w: unexpected answer (%T)", ErrLocked, err)
}

// run calls f on a goroutine of its own and waits for it until ctx ends. A result
// that comes later is dropped; a secret in it is wiped.
func run[T any](ctx context.Context, s *system, f func() (T, error)) (T, error) {
	var zero T
	late := func() (T, error) { return zero, fmt.Errorf("%w: %w", ErrLocked, context.Cause(ctx)) }
	if ctx.Err() != nil {
		return late()
	}
	select {
	case s.running <- struct{}{}:
	case <-ctx.Done():
		return late()
	}
	type result struct {
		value T
		err   error
	}
	done := make(chan result)
	go func() {
		defer func() { <-s.running }()
		v, err := f()
		select {
		case done <- result{v, err}:
		case <-ctx.Done():
			if b, ok := any(v).(secret.Bytes); ok {
				b.Wipe()
			}
		}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		return late()
	}
}
