package vault_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/gofrs/flock"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// While another program holds the lock, a change waits for as long as its context lasts;
// reading and unlocking do not need it.
func TestBusy(t *testing.T) {
	dir := t.TempDir()
	cfg := sharedConfig(dir)
	m := vaulttest.Open(t, cfg)
	ok(t, m.Create(ctx, pass("")))
	other := flock.New(filepath.Join(cfg.Dir, vault.LockFile))
	ok(t, other.Lock())

	short, cancel := context.WithCancel(ctx)
	began := make(chan struct{})
	result := make(chan error)
	go func() {
		close(began)
		result <- m.Update(short, func(*vault.Vault) error { return errors.New("called without the lock") })
	}()
	<-began
	ok(t, m.Read(func(*vault.Vault) error { return nil }))
	second := vaulttest.Open(t, cfg)
	ok(t, second.Unlock(ctx, pass("")))
	cancel()
	err := <-result
	want(t, err, vault.ErrBusy)
	want(t, err, context.Canceled)

	// Close ends a wait as well.
	go func() {
		result <- second.Update(ctx, func(*vault.Vault) error { return errors.New("called without the lock") })
	}()
	ok(t, second.Close())
	if err := <-result; !errors.Is(err, vault.ErrBusy) && !errors.Is(err, vault.ErrClosed) && !errors.Is(err, vault.ErrLocked) {
		t.Errorf("got %v", err)
	}

	// With the lock free the change is made.
	ok(t, other.Unlock())
	vaulttest.Fill(t, m, vaulttest.Canonical()...)

	// A context that has ended already changes nothing.
	err = m.Update(short, func(*vault.Vault) error { return errors.New("called") })
	want(t, err, vault.ErrBusy)
}
