// Package vaulttest has what tests need of a vault: a keyring in memory that can fail
// in every way, a cheap KDF, one account of each kind with keys one can search for, and
// vaults with many accounts.
//
// Who may import it: _test.go files only. A test on the import graph holds that.
//
// Concurrency: a Keyring may be used by many goroutines; the rest are plain functions.
//
// Ownership: everything returned belongs to the test.
package vaulttest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/secret"
)

// Keyring is a keyring in memory. The zero value works and is empty.
type Keyring struct {
	mu     sync.Mutex
	values map[string]secret.Bytes // so that printing a keyring prints nothing
	fail   func(op, account string) error
	hang   bool
	calls  int
}

var _ keys.Keyring = (*Keyring)(nil)

// NewKeyring returns an empty keyring that answers.
func NewKeyring() *Keyring { return &Keyring{} }

// Fail makes every call return what fn returns, if that is not nil, with nothing done.
// op is "get", "set", "delete" or "probe" (account is empty). A nil fn heals it.
func (k *Keyring) Fail(fn func(op, account string) error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.fail = fn
}

// FailAll makes every call return err; nil heals it. Use it with keys.ErrNone (the
// keyring is stopped) and keys.ErrLocked.
func (k *Keyring) FailAll(err error) {
	if err == nil {
		k.Fail(nil)
		return
	}
	k.Fail(func(string, string) error { return err })
}

// Hang makes every call wait for the end of its context, like a keyring that shows a
// dialog nobody answers.
func (k *Keyring) Hang(on bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hang = on
}

// Values returns a copy of everything in it, as text.
func (k *Keyring) Values() map[string]string {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := make(map[string]string, len(k.values))
	for account, v := range k.values {
		all[account] = string(v.Reveal())
	}
	return all
}

// Accounts returns the names in it, sorted.
func (k *Keyring) Accounts() []string { return slices.Sorted(maps.Keys(k.Values())) }

// Put sets a value past all failures.
func (k *Keyring) Put(account, value string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.values == nil {
		k.values = make(map[string]secret.Bytes)
	}
	k.values[account] = secret.FromString(value)
}

// Drop removes a value past all failures.
func (k *Keyring) Drop(account string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.values, account)
}

// Calls is how many calls there were.
func (k *Keyring) Calls() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.calls
}

// enter does what every call begins with. Without an error k.mu is held after it.
func (k *Keyring) enter(ctx context.Context, op, account string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", keys.ErrLocked, err)
	}
	k.mu.Lock()
	k.calls++
	hang, fail := k.hang, k.fail
	k.mu.Unlock()
	if hang {
		<-ctx.Done()
		return fmt.Errorf("%w: %w", keys.ErrLocked, ctx.Err())
	}
	if fail != nil {
		if err := fail(op, account); err != nil {
			return err
		}
	}
	k.mu.Lock()
	return nil
}

// Get returns a value or keys.ErrMissing.
func (k *Keyring) Get(ctx context.Context, account string) (secret.Bytes, error) {
	if err := k.enter(ctx, "get", account); err != nil {
		return secret.Bytes{}, err
	}
	defer k.mu.Unlock()
	v, ok := k.values[account]
	if !ok {
		return secret.Bytes{}, keys.ErrMissing
	}
	return v.Clone(), nil
}

// Set stores a value of at most keys.MaxValue bytes.
func (k *Keyring) Set(ctx context.Context, account string, value secret.Bytes) error {
	if value.Len() > keys.MaxValue {
		return keys.ErrTooBig
	}
	if err := k.enter(ctx, "set", account); err != nil {
		return err
	}
	defer k.mu.Unlock()
	if k.values == nil {
		k.values = make(map[string]secret.Bytes)
	}
	k.values[account] = value.Clone()
	return nil
}

// Delete removes a value or returns keys.ErrMissing.
func (k *Keyring) Delete(ctx context.Context, account string) error {
	if err := k.enter(ctx, "delete", account); err != nil {
		return err
	}
	defer k.mu.Unlock()
	if _, ok := k.values[account]; !ok {
		return keys.ErrMissing
	}
	delete(k.values, account)
	return nil
}

// Probe returns nil unless it is made to fail.
func (k *Keyring) Probe(ctx context.Context) error {
	if err := k.enter(ctx, "probe", ""); err != nil {
		return err
	}
	k.mu.Unlock()
	return nil
}

// Name returns "test keyring".
func (k *Keyring) Name() string { return "test keyring" }

// ErrInjected is for failures that are none of the known ones.
var ErrInjected = errors.New("vaulttest: injected failure")
