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

// Another process changes the protection right after this one read which entry of the
// keyring to ask for.
func TestProtectionChangesWhileUnlocking(t *testing.T) {
	_, cfg := vaulttest.Create(t, "")
	ring := cfg.Keyring.(*vaulttest.Keyring)
	other := vaulttest.Open(t, cfg)
	ok(t, other.Unlock(ctx, pass("")))
	m := vaulttest.Open(t, cfg)
	during := func(change func() error) {
		ring.Fail(func(op, _ string) error {
			if op != "get" {
				return nil
			}
			ring.Fail(nil)
			return change()
		})
	}
	during(func() error { return other.SetPassphrase(ctx, pass(""), pass("p")) })
	want(t, m.Unlock(ctx, pass("")), vault.ErrNeedPass)
	during(func() error { return other.SetPassphrase(ctx, pass("p"), pass("q")) })
	want(t, m.Verify(ctx, pass("p")), vault.ErrPassphrase)
	during(func() error { return other.SetPassphrase(ctx, pass("q"), pass("")) })
	ok(t, m.Unlock(ctx, pass("q")))
}
