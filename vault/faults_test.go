package vault_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

func dirFS(dir string) fs.FS { return os.DirFS(dir) }

// faults are what disks answer: full, read-only, not ours, dying.
var faults = map[string]error{
	"full":      syscall.ENOSPC,
	"read-only": syscall.EROFS,
	"denied":    syscall.EACCES,
	"dying":     syscall.EIO,
}

// Every step of a save fails, once with every kind of failure, alone and with all steps
// after it: the vault keeps its old content or has the new one, in memory and on disk
// alike, and works again once the disk does.
func TestEveryStepOfASaveFails(t *testing.T) {
	for name, fault := range faults {
		for _, onward := range []bool{false, true} {
			mode := name + " once"
			if onward {
				mode = name + " from then on"
			}
			t.Run(mode, func(t *testing.T) {
				disk := newFaultyDisk(nil)
				cfg := vault.WithDisk(vaulttest.Config(quickDir(t), nil), disk)
				m := vaulttest.Open(t, cfg)
				ok(t, m.Create(ctx, pass("")))
				vaulttest.Fill(t, m, vaulttest.Canonical()...)
				vaulttest.Fill(t, m, vaulttest.Canonical()[0]) // a generation to lose
				id := content(t, m).Accounts()[0].ID
				failed, counter := 0, 0
				for k := 1; ; k++ {
					_, err := m.Reload(ctx) // a save whose name was not made durable is on the disk
					ok(t, err)
					before := content(t, m)
					var what string
					disk.set(func(step int, op, path string) error {
						if step == k || (onward && step > k) {
							if what == "" {
								what = describe(step, op, filepath.Base(path))
							}
							return &fs.PathError{Op: op, Path: path, Err: fault}
						}
						return nil
					})
					err = m.Update(ctx, func(v *vault.Vault) error {
						counter++
						a, _ := v.Account(id)
						a.Note = strings.Repeat("x", counter%100)
						return v.Put(a, vaulttest.Epoch)
					})
					disk.set(nil)
					if what == "" {
						ok(t, err)
						break
					}
					if err != nil {
						failed++
						want(t, err, fault)
						if !errors.Is(err, vault.ErrSave) && !strings.Contains(what, "open") {
							t.Errorf("%s: %v", what, err)
						}
						if !vault.Same(before, content(t, m)) {
							t.Errorf("%s: the save failed, and memory changed", what)
						}
					}
					now := reopened(t, cfg, "")
					switch {
					case err == nil && !vault.Same(content(t, m), now):
						t.Errorf("%s: the save succeeded, and the disk does not have it", what)
					case err != nil && !vault.Same(before, now) && !strings.Contains(what, "syncdir") && !strings.Contains(what, "open"):
						t.Errorf("%s: the save failed, and the disk changed", what)
					case now.Len() != before.Len():
						t.Errorf("%s: accounts are gone", what)
					}
					if left := temps(t, cfg.Dir); len(left) > 0 {
						t.Errorf("%s: left behind %v", what, left)
					}
					if list, err := m.Generations(); err != nil || len(list) == 0 {
						t.Errorf("%s: the older copies are gone (%v)", what, err)
					}
				}
				if failed < 6 {
					t.Errorf("only %d steps could fail: the test does not see them", failed)
				}
			})
		}
	}
}

// reopened is the content as a new process finds it.
func reopened(t testing.TB, cfg vault.Config, passphrase string) *vault.Vault {
	t.Helper()
	m, err := vault.Open(cfg)
	ok(t, err)
	defer m.Close()
	ok(t, m.Unlock(ctx, pass(passphrase)))
	return content(t, m)
}

// A disk that says yes and stores something else.
func TestSilentlyWrongDisk(t *testing.T) {
	liar := &lyingDisk{Disk: vault.OSDisk()}
	cfg := vault.WithDisk(vaulttest.Config(t.TempDir(), nil), liar)
	m := vaulttest.Open(t, cfg)
	ok(t, m.Create(ctx, pass("")))
	vaulttest.Fill(t, m, vaulttest.Canonical()...)
	before := content(t, m)
	for _, lie := range []func([]byte) []byte{
		func(b []byte) []byte { return b[:len(b)-1] },
		func(b []byte) []byte { return nil },
		func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		func(b []byte) []byte { b[0] ^= 1; return b },
		func(b []byte) []byte { return append(b, 0) },
	} {
		liar.lie = lie
		err := m.Update(ctx, func(v *vault.Vault) error { return v.Remove(v.Accounts()[0].ID, vaulttest.Epoch) })
		want(t, err, vault.ErrSave)
		want(t, m.SetPassphrase(ctx, pass(""), pass("p")), vault.ErrSave)
		liar.lie = nil
		if !vault.Same(before, content(t, m)) || !vault.Same(before, reopened(t, cfg, "")) {
			t.Fatal("a save that did not come back counted")
		}
	}
}

type lyingDisk struct {
	vault.Disk
	lie func([]byte) []byte
}

func (d *lyingDisk) CreateTemp(dir string) (vault.WriteHandle, error) {
	f, err := d.Disk.CreateTemp(dir)
	return &lyingFile{f, d}, err
}

type lyingFile struct {
	vault.WriteHandle
	d *lyingDisk
}

func (f *lyingFile) Write(b []byte) (int, error) {
	if f.d.lie == nil {
		return f.WriteHandle.Write(b)
	}
	_, err := f.WriteHandle.Write(f.d.lie(append([]byte(nil), b...)))
	return len(b), err
}

// A HOTP code is only given once its counter is on the disk, whatever fails.
func TestNoHOTPCodeWithoutItsCounterOnDisk(t *testing.T) {
	disk := newFaultyDisk(nil)
	cfg := vault.WithDisk(vaulttest.Config(quickDir(t), nil), disk)
	m := vaulttest.Open(t, cfg)
	ok(t, m.Create(ctx, pass("")))
	id := vaulttest.Fill(t, m, vaulttest.Canonical()[1])[0].ID
	refused := 0
	for k := 1; ; k++ {
		a, _ := reopened(t, cfg, "").Account(id)
		reached := false
		disk.set(func(step int, _, _ string) error {
			if step == k {
				reached = true
				return syscall.ENOSPC
			}
			return nil
		})
		code, err := m.NextHOTP(ctx, id)
		disk.set(nil)
		b, _ := reopened(t, cfg, "").Account(id)
		if code != "" && b.Params.Counter <= a.Params.Counter {
			t.Fatalf("step %d: a code for counter %d, which is still on disk", k, a.Params.Counter)
		}
		if (err == nil) == (code == "") {
			t.Fatalf("step %d: code %q with error %v", k, code, err)
		}
		if err != nil {
			refused++
		}
		if !reached {
			ok(t, err)
			break
		}
	}
	if refused < 6 {
		t.Errorf("only %d steps could fail", refused)
	}
}

// Every step of a change of protection fails, on the disk and in the keyring: the vault
// opens with what it opened with before, or with what was asked for.
func TestEveryStepOfAProtectionChangeFails(t *testing.T) {
	for _, c := range protectionChanges {
		t.Run(c.name, func(t *testing.T) {
			for k := 1; ; k++ {
				ring := vaulttest.NewKeyring()
				disk := newFaultyDisk(nil)
				cfg := vault.WithDisk(vaulttest.Config(quickDir(t), ring), disk)
				m := vaulttest.Open(t, cfg)
				c.before(ring)
				ok(t, m.Create(ctx, pass(c.old)))
				vaulttest.Fill(t, m, vaulttest.Canonical()...)
				before := content(t, m)
				c.during(ring)
				reached := ""
				step := func(n int, op, path string) error {
					if n == k {
						reached = describe(n, op, filepath.Base(path))
						return syscall.ENOSPC
					}
					return nil
				}
				disk.set(step)
				ring.Fail(func(op, account string) error {
					if c.ringGone {
						return keys.ErrNone
					}
					return disk.step("keyring "+op, account)
				})
				err := m.SetPassphrase(ctx, pass(c.old), pass(c.next))
				disk.set(nil)
				ring.Fail(nil)
				c.during(ring)
				checkEither(t, reached, cfg, c, err, before)
				if reached == "" {
					ok(t, err)
					break
				}
			}
		})
	}
}

type protectionChange struct {
	name      string
	old, next string
	before    func(*vaulttest.Keyring) // before Create
	during    func(*vaulttest.Keyring) // before and after the change
	ringGone  bool
	from, to  keys.Protection
}

func noRing(r *vaulttest.Keyring)  { r.FailAll(keys.ErrNone) }
func hasRing(r *vaulttest.Keyring) { r.FailAll(nil) }

var protectionChanges = []protectionChange{
	{"lock on", "", "new", hasRing, hasRing, false, keys.ByKeyring, keys.ByKeyringAndPassphrase},
	{"lock off", "old", "", hasRing, hasRing, false, keys.ByKeyringAndPassphrase, keys.ByKeyring},
	{"lock changed", "old", "new", hasRing, hasRing, false, keys.ByKeyringAndPassphrase, keys.ByKeyringAndPassphrase},
	{"keyring lost, passphrase instead", "", "new", hasRing, noRing, true, keys.ByKeyring, keys.ByPassphrase},
	{"passphrase changed", "old", "new", noRing, noRing, true, keys.ByPassphrase, keys.ByPassphrase},
	{"passphrase to keyring", "old", "", noRing, hasRing, false, keys.ByPassphrase, keys.ByKeyring},
}

// checkEither: exactly one of the old and the new passphrase opens the vault, the content
// is whole, and a successful change is the new one. Then the keyring holds nothing that
// is not needed.
func checkEither(t *testing.T, where string, cfg vault.Config, c protectionChange, err error, before *vault.Vault) {
	t.Helper()
	ring := cfg.Keyring.(*vaulttest.Keyring)
	m, errOpen := vault.Open(cfg)
	ok(t, errOpen)
	defer m.Close()
	s, errStatus := m.Status(ctx)
	if errStatus != nil || !s.Exists {
		t.Fatalf("%s: %+v %v", where, s, errStatus)
	}
	if err == nil && s.Protection != c.to {
		t.Errorf("%s: protected by %s after a change to %s", where, s.Protection, c.to)
	}
	opens, tried := "", 0
	for _, p := range []string{c.old, c.next} {
		if s.Protection.NeedsPassphrase() && p == "" {
			continue
		}
		if !s.Protection.NeedsPassphrase() && p != "" {
			continue // any would do, it is not looked at
		}
		tried++
		switch errUnlock := m.Unlock(ctx, pass(p)); {
		case errUnlock == nil:
			opens += "[" + p + "]"
			if err == nil && p != c.next {
				t.Errorf("%s: still opens with the old passphrase", where)
			}
		case s.Protection == keys.ByKeyring && c.ringGone && errors.Is(errUnlock, vault.ErrNoKeyring):
			// The keyring is gone and the change did not happen: opens once it is back.
			hasRing(ring)
			ok(t, m.Unlock(ctx, pass("")))
			opens += "[]"
		case !errors.Is(errUnlock, vault.ErrPassphrase):
			t.Errorf("%s: %v", where, errUnlock)
		}
	}
	if strings.Count(opens, "[") != 1 {
		t.Fatalf("%s: opens with %q of %d passphrases (%v)", where, opens, tried, err)
	}
	if !vault.Same(before, content(t, m)) {
		t.Errorf("%s: other content", where)
	}
	hasRing(ring)
	// With the keyring back and one more start, nothing is left of the other way.
	again, errOpen := vault.Open(cfg)
	ok(t, errOpen)
	defer again.Close()
	ok(t, again.Unlock(ctx, pass(strings.Trim(opens, "[]"))))
	need := 1
	if s.Protection == keys.ByPassphrase {
		need = 0
	}
	if got := ring.Accounts(); len(got) != need {
		t.Errorf("%s: %d entries in the keyring under protection %s", where, len(got), s.Protection)
	}
	if need == 1 && s.Protection == keys.ByKeyringAndPassphrase {
		for _, v := range ring.Values() {
			if strings.Contains(v, "AGE-SECRET-KEY") {
				t.Errorf("%s: the bare key lies in the keyring under an app lock", where)
			}
		}
	}
}
