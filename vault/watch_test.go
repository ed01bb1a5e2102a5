package vault_test

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// watch returns a channel that gets a message for each call, and is never in its way.
func watch(t testing.TB, m *vault.Manager) (called chan struct{}, stop func()) {
	t.Helper()
	called = make(chan struct{}, 1000)
	c, cancel := context.WithCancel(ctx)
	t.Cleanup(cancel)
	ok(t, m.Watch(c, func() { called <- struct{}{} }))
	return called, cancel
}

// until waits for calls until something is so. What was notified may have been an
// earlier change.
func until(called chan struct{}, so func() bool) {
	for !so() {
		<-called
	}
}

func TestWatchInside(t *testing.T) {
	m, _ := vaulttest.Create(t, "p")
	called, _ := watch(t, m)
	unlocked := func() bool {
		s, err := m.Status(ctx)
		ok(t, err)
		return s.Unlocked
	}
	vaulttest.Fill(t, m, vaulttest.Canonical()...)
	<-called
	ok(t, m.Lock())
	<-called
	if unlocked() {
		t.Fatal("not locked")
	}
	ok(t, m.Unlock(ctx, pass("p")))
	until(called, unlocked)
}

// Changes by another process: content, protection, damage and its repair.
func TestWatchOutside(t *testing.T) {
	m, cfg := vaulttest.Create(t, "")
	called, _ := watch(t, m)
	other := vaulttest.Open(t, cfg)
	ok(t, other.Unlock(ctx, pass("")))

	vaulttest.Fill(t, other, vaulttest.Canonical()...)
	until(called, func() bool { return content(t, m).Len() == 6 })

	ok(t, other.SetPassphrase(ctx, pass(""), pass("p")))
	until(called, func() bool {
		s, err := m.Status(ctx)
		return err == nil && s.Protection.NeedsPassphrase()
	})

	good := read(t, cfg, vault.VaultFile)
	write(t, cfg, vault.VaultFile, good[:100])
	until(called, func() bool { _, err := m.Reload(ctx); return err != nil })
	if content(t, m).Len() != 6 {
		t.Error("the content is gone from memory")
	}
	temp := filepath.Join(cfg.Dir, "x")
	ok(t, os.WriteFile(temp, good, 0o600))
	ok(t, os.Rename(temp, filepath.Join(cfg.Dir, vault.VaultFile)))
	until(called, func() bool { _, err := m.Reload(ctx); return err == nil })
}

// Many changes while fn is busy are one more call, which sees the last of them.
func TestWatchCoalesces(t *testing.T) {
	m, _ := vaulttest.Create(t, "")
	entered, leave := make(chan int), make(chan struct{})
	c, cancel := context.WithCancel(ctx)
	defer cancel()
	ok(t, m.Watch(c, func() {
		n := -1 // not on the test's goroutine: no Fatal here
		_ = m.Read(func(v *vault.Vault) error { n = v.Len(); return nil })
		entered <- n
		<-leave
	}))
	vaulttest.Fill(t, m, vaulttest.Canonical()[0])
	<-entered
	for range 20 {
		vaulttest.Fill(t, m, vaulttest.Canonical()[0])
	}
	leave <- struct{}{}
	if n := <-entered; n != 21 {
		t.Errorf("the next call saw %d accounts", n)
	}
	leave <- struct{}{}
	vaulttest.Fill(t, m, vaulttest.Canonical()[0])
	if n := <-entered; n != 22 { // had there been calls in between, one of them would be here
		t.Errorf("the call after it saw %d accounts", n)
	}
	leave <- struct{}{}
}

// Where the system does not tell of changes the file is looked at every few seconds.
func TestWatchByLooking(t *testing.T) {
	cfg := vaulttest.Config(t.TempDir(), nil)
	synctest.Test(t, func(t *testing.T) {
		disk := newFaultyDisk(func(_ int, op, _ string) error {
			if op == "watch" {
				return syscall.EMFILE
			}
			return nil
		})
		m, err := vault.Open(vault.WithDisk(cfg, disk))
		ok(t, err)
		ok(t, m.Create(ctx, pass("")))
		called, stop := watch(t, m)
		other, err := vault.Open(cfg)
		ok(t, err)
		ok(t, other.Unlock(ctx, pass("")))
		vaulttest.Fill(t, other, vaulttest.Canonical()...)
		until(called, func() bool { return content(t, m).Len() == 6 })
		stop()
		ok(t, m.Close())
		ok(t, other.Close())
		synctest.Wait()
	})
}

func TestWatchAfterClose(t *testing.T) {
	m, _ := vaulttest.Create(t, "")
	ok(t, m.Close())
	want(t, m.Watch(ctx, func() {}), vault.ErrClosed)
	want(t, m.Update(ctx, nil), vault.ErrClosed)
	want(t, m.Create(ctx, pass("")), vault.ErrClosed)
	want(t, m.Read(nil), vault.ErrLocked)
	_, err := m.Status(ctx)
	want(t, err, vault.ErrClosed)
	ok(t, m.Close())
}
