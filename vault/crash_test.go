package vault_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// The scenarios below run in a process of their own, which kills itself right before the
// step it is told, whether that is one of the disk or of the keyring.

// children are what the test binary does instead of testing.
var children map[string]func(dir string, step int, arg string) error

func init() { // not a composite literal: the functions use what uses children
	children = map[string]func(string, int, string) error{
		"save":    childSave,
		"create":  childCreate,
		"protect": childProtect,
		"restore": childRestore,
		"hotp":    childHOTP,
		"add":     childAdd,
	}
}

// sharedConfig is a vault that several processes use.
func sharedConfig(dir string) vault.Config {
	cfg := vaulttest.Config(filepath.Join(dir, "vault"), nil)
	cfg.Keyring = newFileRing(dir)
	return cfg
}

// deadly is sharedConfig for a process that dies at a step counted from arm on.
func deadly(dir string, step int) (cfg vault.Config, arm func()) {
	disk := newFaultyDisk(nil)
	cfg = vault.WithDisk(sharedConfig(dir), disk)
	ring := newFileRing(dir)
	ring.step = func(op, account string) error { return disk.step(op, account) }
	cfg.Keyring = ring
	return cfg, func() {
		disk.set(func(n int, _, _ string) error {
			if n == step {
				die()
			}
			return nil
		})
	}
}

func childSave(dir string, step int, _ string) error {
	cfg, arm := deadly(dir, step)
	m, err := vault.Open(cfg)
	if err != nil {
		return err
	}
	if err := m.Unlock(ctx, pass("")); err != nil {
		return err
	}
	arm()
	return m.Update(ctx, func(v *vault.Vault) error {
		a := v.Accounts()[0]
		a.Note = "after"
		return v.Put(a, vaulttest.Epoch)
	})
}

// Kill -9 at every step of a save.
func TestKilledWhileSaving(t *testing.T) {
	for k := 1; ; k++ {
		dir := quickDir(t)
		cfg := sharedConfig(dir)
		m := vaulttest.Open(t, cfg)
		ok(t, m.Create(ctx, pass("")))
		vaulttest.Fill(t, m, vaulttest.Canonical()...)
		before := content(t, m)
		ok(t, m.Close())

		killed := child(t, "save", dir, k, "")().killed

		m = vaulttest.Open(t, cfg)
		ok(t, m.Unlock(ctx, pass("")))
		after := content(t, m)
		note := after.Accounts()[0].Note
		if after.Len() != before.Len() {
			t.Fatalf("step %d: %d accounts of %d", k, after.Len(), before.Len())
		}
		switch {
		case note == "after":
		case !killed:
			t.Fatalf("the save ran through, and the disk has the old state")
		case !vault.Same(before, after):
			t.Fatalf("step %d: neither the old nor the new state", k)
		}
		if left := temps(t, cfg.Dir); len(left) > 0 {
			t.Errorf("step %d: unlocking left %v behind", k, left)
		}
		vaulttest.Fill(t, m, vaulttest.Canonical()[0]) // and it goes on
		if list, err := m.Generations(); err != nil || len(list) == 0 {
			t.Errorf("step %d: no older copies (%v)", k, err)
		}
		if !killed {
			if k < 10 {
				t.Errorf("a save of only %d steps: the test does not see them", k)
			}
			return
		}
	}
}

func childCreate(dir string, step int, passphrase string) error {
	cfg, arm := deadly(dir, step)
	m, err := vault.Open(cfg)
	if err != nil {
		return err
	}
	arm()
	return m.Create(ctx, pass(passphrase))
}

// Kill -9 at every step of making a vault: either there is one that opens, or there is
// none and it can be made. Nothing stays in the keyring but its key.
func TestKilledWhileCreating(t *testing.T) {
	for _, passphrase := range []string{"", "pass"} {
		for k := 1; ; k++ {
			dir := quickDir(t)
			killed := child(t, "create", dir, k, passphrase)().killed
			cfg := sharedConfig(dir)
			m := vaulttest.Open(t, cfg)
			s, err := m.Status(ctx)
			ok(t, err)
			if !s.Exists {
				if !killed {
					t.Fatal("Create ran through, and there is no vault")
				}
				want(t, m.Unlock(ctx, pass(passphrase)), vault.ErrAbsent)
				ok(t, m.Create(ctx, pass(passphrase)))
			} else {
				want(t, m.Create(ctx, pass(passphrase)), vault.ErrExists)
				ok(t, m.Unlock(ctx, pass(passphrase)))
			}
			vaulttest.Fill(t, m, vaulttest.Canonical()...)
			ok(t, m.Close())
			if n := reopened(t, cfg, passphrase).Len(); n != 6 {
				t.Fatalf("step %d: %d accounts", k, n)
			}
			values, err := newFileRing(dir).values()
			ok(t, err)
			if len(values) != 1 {
				t.Errorf("step %d: %d entries in the keyring", k, len(values))
			}
			if !killed {
				if k < 15 {
					t.Errorf("only %d steps: the test does not see them", k)
				}
				break
			}
		}
	}
}

func childProtect(dir string, step int, arg string) error {
	i, err := strconv.Atoi(arg)
	if err != nil {
		return err
	}
	c := protectionChanges[i]
	cfg, arm := deadly(dir, step)
	// The keyring may come or go between unlocking and the change.
	ring := &switchRing{cfg.Keyring.(fileRing)}
	cfg.Keyring = ring
	ring.gone = c.from == keys.ByPassphrase
	m, err := vault.Open(cfg)
	if err != nil {
		return err
	}
	if err := m.Unlock(ctx, pass(c.old)); err != nil {
		return err
	}
	ring.gone = c.ringGone
	arm()
	return m.SetPassphrase(ctx, pass(c.old), pass(c.next))
}

// switchRing is a keyring that can go away.
type switchRing struct{ fileRing }

// Kill -9 at every step of every change of protection.
func TestKilledWhileChangingProtection(t *testing.T) {
	for i, c := range protectionChanges {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for k := 1; ; k++ {
				dir := quickDir(t)
				cfg := sharedConfig(dir)
				ring := cfg.Keyring.(fileRing)
				ring.gone = c.from == keys.ByPassphrase
				cfg.Keyring = ring
				m := vaulttest.Open(t, cfg)
				ok(t, m.Create(ctx, pass(c.old)))
				vaulttest.Fill(t, m, vaulttest.Canonical()...)
				before := content(t, m)
				ok(t, m.Close())
				killed := child(t, "protect", dir, k, strconv.Itoa(i))().killed

				// The checks are those of failing steps, on a keyring in memory.
				values, err := ring.values()
				ok(t, err)
				memory := vaulttest.NewKeyring()
				for name, v := range values {
					memory.Put(name, v)
				}
				cfg.Keyring = memory
				err = nil
				if killed {
					err = fmt.Errorf("killed")
				}
				checkEither(t, fmt.Sprintf("step %d", k), cfg, c, err, before)
				if !killed {
					if k < 10 {
						t.Errorf("only %d steps: the test does not see them", k)
					}
					return
				}
			}
		})
	}
}

func childRestore(dir string, step int, _ string) error {
	cfg, arm := deadly(dir, step)
	m, err := vault.Open(cfg)
	if err != nil {
		return err
	}
	list, err := m.Generations()
	if err != nil {
		return err
	}
	arm()
	return m.RestoreGeneration(ctx, list[0], pass(""))
}

// Kill -9 at every step of putting an older copy in the place of a damaged file: what is
// there is the damaged file, which says so, or the older copy; and the older copy is
// still among the older ones.
func TestKilledWhileRestoring(t *testing.T) {
	for k := 1; ; k++ {
		dir := quickDir(t)
		cfg := sharedConfig(dir)
		m := vaulttest.Open(t, cfg)
		ok(t, m.Create(ctx, pass("")))
		vaulttest.Fill(t, m, vaulttest.Canonical()...)
		before := content(t, m)
		vaulttest.Fill(t, m, vaulttest.Canonical()...)
		ok(t, m.Close())
		file := filepath.Join(cfg.Dir, vault.VaultFile)
		damaged, err := os.ReadFile(file)
		ok(t, err)
		damaged[len(damaged)/2] ^= 1
		ok(t, os.WriteFile(file, damaged, 0o600))

		killed := child(t, "restore", dir, k, "")().killed

		m = vaulttest.Open(t, cfg)
		if err := m.Unlock(ctx, pass("")); err != nil {
			if !killed {
				t.Fatal("restored, and it does not open:", err)
			}
			var d *vault.Damage
			if !errors.As(err, &d) || len(d.Older) == 0 {
				t.Fatalf("step %d: %v", k, err)
			}
			ok(t, m.RestoreGeneration(ctx, d.Older[0], pass("")))
		}
		if !vault.Same(before, content(t, m)) {
			t.Fatalf("step %d: other content", k)
		}
		kept := false
		for name, text := range snapshot(t, cfg.Dir) {
			kept = kept || strings.Contains(name, "damaged-") && text == string(damaged)
		}
		if !kept {
			t.Errorf("step %d: the damaged file was not kept", k)
		}
		if !killed {
			return
		}
	}
}

func childHOTP(dir string, step int, id string) error {
	cfg, arm := deadly(dir, step)
	m, err := vault.Open(cfg)
	if err != nil {
		return err
	}
	if err := m.Unlock(ctx, pass("")); err != nil {
		return err
	}
	arm()
	code, err := m.NextHOTP(ctx, vault.ID(id))
	if err != nil {
		return err
	}
	_, err = os.Stdout.WriteString(code)
	return err
}

// Kill -9 at every step of taking a HOTP code: no code is ever shown twice.
func TestKilledWhileCounting(t *testing.T) {
	dir := quickDir(t)
	cfg := sharedConfig(dir)
	m := vaulttest.Open(t, cfg)
	ok(t, m.Create(ctx, pass("")))
	id := vaulttest.Fill(t, m, vaulttest.Canonical()[1])[0].ID
	shown := map[string]bool{}
	for k := 1; ; k++ {
		before, _ := reopened(t, cfg, "").Account(id)
		r := child(t, "hotp", dir, k, string(id))()
		after, _ := reopened(t, cfg, "").Account(id)
		if after.Params.Counter < before.Params.Counter {
			t.Fatalf("step %d: the counter went back", k)
		}
		if r.stdout != "" {
			if after.Params.Counter == before.Params.Counter || shown[r.stdout] {
				t.Fatalf("step %d: a code can come twice", k)
			}
			shown[r.stdout] = true
		}
		if !r.killed {
			if r.stdout == "" {
				t.Fatal("no code from a call that ran through")
			}
			return
		}
	}
}

func childAdd(dir string, _ int, arg string) error {
	m, err := vault.Open(sharedConfig(dir))
	if err != nil {
		return err
	}
	defer m.Close()
	if err := m.Unlock(ctx, pass("")); err != nil {
		return err
	}
	for i := range addedByEach {
		a := vaulttest.Canonical()[0]
		a.Name = fmt.Sprintf("%s/%d", arg, i)
		err := m.Update(ctx, func(v *vault.Vault) error {
			_, err := v.Add(a, vaulttest.Random(uint64(i)+uint64(arg[0])<<32), vaulttest.Epoch)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

const addedByEach = 20

// Three processes and two managers of this one add accounts at the same time. Nothing
// is lost.
func TestManyWriters(t *testing.T) {
	dir := t.TempDir()
	cfg := sharedConfig(dir)
	m := vaulttest.Open(t, cfg)
	ok(t, m.Create(ctx, pass("")))
	var wait []func() childResult
	for _, name := range []string{"a", "b", "c"} {
		wait = append(wait, child(t, "add", dir, 0, name))
	}
	done := make(chan error)
	for _, name := range []string{"x", "y"} {
		go func() { done <- childAdd(dir, 0, name) }()
	}
	ok(t, <-done)
	ok(t, <-done)
	for _, w := range wait {
		w()
	}
	changed, err := m.Reload(ctx)
	ok(t, err)
	if !changed {
		t.Error("Reload does not see the change")
	}
	names := map[string]bool{}
	for _, a := range content(t, m).Accounts() {
		names[a.Name] = true
	}
	if len(names) != 5*addedByEach {
		t.Errorf("%d accounts, want %d", len(names), 5*addedByEach)
	}
	if again, err := m.Reload(ctx); err != nil || again {
		t.Errorf("a second Reload: %v %v", again, err)
	}
}
