package vault_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// damaged makes a vault with one older copy and closes it.
func damaged(t testing.TB, passphrase string) (cfg vault.Config, older, newer *vault.Vault) {
	t.Helper()
	cfg = vaulttest.Config(quickDir(t), nil)
	m := vaulttest.Open(t, cfg)
	ok(t, m.Create(ctx, pass(passphrase)))
	vaulttest.Fill(t, m, vaulttest.Canonical()[0])
	older = content(t, m)
	vaulttest.Fill(t, m, vaulttest.Canonical()[1])
	newer = content(t, m)
	ok(t, m.Close())
	return cfg, older, newer
}

func read(t testing.TB, cfg vault.Config, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(cfg.Dir, name))
	ok(t, err)
	return b
}

func write(t testing.TB, cfg vault.Config, name string, b []byte) {
	t.Helper()
	ok(t, os.WriteFile(filepath.Join(cfg.Dir, name), b, 0o600))
}

// unlockError is why a vault does not open; it also holds that trying changed nothing.
func unlockError(t testing.TB, cfg vault.Config, passphrase string) error {
	t.Helper()
	before := snapshot(t, cfg.Dir)
	m, err := vault.Open(cfg)
	ok(t, err)
	defer m.Close()
	err = m.Unlock(ctx, pass(passphrase))
	if err != nil && !maps.Equal(before, snapshot(t, cfg.Dir)) {
		t.Fatalf("a vault that does not open was changed (%v)", err)
	}
	return err
}

func mustBeDamage(t testing.TB, what string, at int, err error) *vault.Damage {
	t.Helper()
	var d *vault.Damage
	if !errors.As(err, &d) || !errors.Is(err, vault.ErrDamaged) {
		t.Fatalf("%s %d: got %v, want damage", what, at, err)
	}
	if errors.Is(err, vault.ErrPassphrase) || errors.Is(err, vault.ErrAbsent) || d.File == "" || d.What == "" || len(err.Error()) > 300 {
		t.Fatalf("%s %d: an error that does not help: %v", what, at, err)
	}
	return d
}

// Every byte of the vault file flipped, and every length: the error names the file, says
// that there are older copies, and nothing on the disk changes. The newest copy brings
// the last state but one back.
func TestEveryByteOfTheVaultFile(t *testing.T) {
	cfg, older, newer := damaged(t, "")
	good := read(t, cfg, vault.VaultFile)
	check := func(what string, at int, b []byte) {
		t.Helper()
		write(t, cfg, vault.VaultFile, b)
		d := mustBeDamage(t, what, at, unlockError(t, cfg, ""))
		if d.File != vault.VaultFile || len(d.Older) != 2 || !strings.Contains(d.Error(), "2 older copies") {
			t.Fatalf("%s %d: %+v", what, at, d)
		}
	}
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 1 << (i % 8)
		check("flipped byte", i, b)
		check("cut to", i, good[:i])
	}
	check("longer by", 1, append(bytes.Clone(good), 0))

	m := vaulttest.Open(t, cfg)
	d := mustBeDamage(t, "", 0, m.Unlock(ctx, pass("")))
	want(t, m.RestoreGeneration(ctx, vault.Generation{Path: filepath.Join(cfg.Dir, vault.VaultFile)}, pass("")), vault.ErrInvalid)
	want(t, m.RestoreGeneration(ctx, vault.Generation{Path: "/etc/passwd"}, pass("")), vault.ErrInvalid)
	ok(t, m.RestoreGeneration(ctx, d.Older[0], pass("")))
	if !vault.Same(older, content(t, m)) || !vault.Same(older, reopened(t, cfg, "")) {
		t.Error("another state came back")
	}
	// What had been in its place is kept, and the vault goes on.
	kept := 0
	for name := range snapshot(t, cfg.Dir) {
		if strings.Contains(name, "damaged-") {
			kept++
		}
	}
	if kept != 1 {
		t.Errorf("%d damaged files kept, want 1", kept)
	}
	vaulttest.Fill(t, m, vaulttest.Canonical()[1])
	if reopened(t, cfg, "").Len() != newer.Len() {
		t.Error("the restored vault does not go on")
	}
}

// A generation that is damaged itself is not put in the place of anything.
func TestDamagedGeneration(t *testing.T) {
	cfg, _, newer := damaged(t, "")
	m := vaulttest.Open(t, cfg)
	list, err := m.Generations()
	ok(t, err)
	b, err := os.ReadFile(list[0].Path)
	ok(t, err)
	b[len(b)-1] ^= 1
	ok(t, os.WriteFile(list[0].Path, b, 0o600))
	d := mustBeDamage(t, "", 0, m.RestoreGeneration(ctx, list[0], pass("")))
	if d.File != filepath.Base(list[0].Path) {
		t.Errorf("blames %s", d.File)
	}
	if !vault.Same(newer, reopened(t, cfg, "")) {
		t.Error("the vault is not what it was")
	}
	// Going back from a file that opens keeps it as one more copy.
	ok(t, m.RestoreGeneration(ctx, list[1], pass("")))
	after, err := m.Generations()
	ok(t, err)
	ok(t, m.RestoreGeneration(ctx, after[0], pass("")))
	if !vault.Same(newer, content(t, m)) {
		t.Error("what was replaced by an older copy is lost")
	}
}

// Every byte of the device file flipped, and every length: its copy takes its place and
// it is mended. With the copy gone too the error is about the file, never about the
// passphrase.
func TestEveryByteOfTheDeviceFile(t *testing.T) {
	ring := vaulttest.NewKeyring()
	ring.FailAll(keys.ErrNone) // so that the key itself lies in the file
	cfg := vaulttest.Config(quickDir(t), ring)
	m := vaulttest.Open(t, cfg)
	ok(t, m.Create(ctx, pass("p")))
	ok(t, m.Close())
	good := read(t, cfg, vault.DeviceFile)
	if !bytes.Equal(good, read(t, cfg, vault.DeviceCopy)) {
		t.Fatal("the copy is none")
	}
	check := func(what string, at int, b []byte) {
		t.Helper()
		write(t, cfg, vault.DeviceFile, b)
		ok(t, os.RemoveAll(filepath.Join(cfg.Dir, vault.DeviceCopy)))
		mustBeDamage(t, what, at, unlockError(t, cfg, "p"))
		write(t, cfg, vault.DeviceCopy, b)
		mustBeDamage(t, what, at, unlockError(t, cfg, "p"))
		write(t, cfg, vault.DeviceCopy, good)
		ok(t, unlockError(t, cfg, "p"))
		if !bytes.Equal(read(t, cfg, vault.DeviceFile), good) {
			t.Fatalf("%s %d: not mended", what, at)
		}
	}
	for i := range good {
		if testing.Short() && i%7 != 0 {
			continue
		}
		b := bytes.Clone(good)
		b[i] ^= 1 << (i % 8)
		check("flipped byte", i, b)
		check("cut to", i, good[:i])
	}
	// The copy is mended as well.
	write(t, cfg, vault.DeviceCopy, []byte("x"))
	ok(t, unlockError(t, cfg, "p"))
	if !bytes.Equal(read(t, cfg, vault.DeviceCopy), good) {
		t.Error("the copy is not mended")
	}
}

// A missing file is not an absent vault, and nothing new is made in its place.
func TestMissingFiles(t *testing.T) {
	for name, c := range map[string]struct {
		remove []string
		file   string
		older  int
	}{
		"vault file":                {[]string{vault.VaultFile}, vault.VaultFile, 2},
		"vault file and copies":     {[]string{vault.VaultFile, vault.GenerationsDir}, vault.VaultFile, 0},
		"device files":              {[]string{vault.DeviceFile, vault.DeviceCopy}, vault.DeviceFile, 0},
		"all but the older copies":  {[]string{vault.VaultFile, vault.DeviceFile, vault.DeviceCopy}, vault.DeviceFile, 0},
		"all but the vault file":    {[]string{vault.GenerationsDir, vault.DeviceFile, vault.DeviceCopy}, vault.DeviceFile, 0},
		"vault and one device file": {[]string{vault.VaultFile, vault.DeviceFile}, vault.VaultFile, 2},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _, _ := damaged(t, "")
			for _, f := range c.remove {
				ok(t, os.RemoveAll(filepath.Join(cfg.Dir, f)))
			}
			d := mustBeDamage(t, name, 0, unlockError(t, cfg, ""))
			if d.File != c.file || len(d.Older) != c.older {
				t.Errorf("%+v", d)
			}
			m := vaulttest.Open(t, cfg)
			want(t, m.Create(ctx, pass("")), vault.ErrExists)
			s, err := m.Status(ctx)
			want(t, err, vault.ErrDamaged)
			if !s.Exists {
				t.Error("Status says that there is no vault")
			}
			if c.older > 0 {
				ok(t, m.RestoreGeneration(ctx, d.Older[0], pass("")))
				if content(t, m).Len() != 1 {
					t.Error("not what was there before")
				}
			}
		})
	}
}

// The file goes bad while the vault is open: nothing is overwritten, and what is in
// memory stays.
func TestDamagedWhileOpen(t *testing.T) {
	m, cfg := vaulttest.Create(t, "", vaulttest.Canonical()...)
	for _, bad := range [][]byte{[]byte("x"), nil} {
		if bad != nil {
			write(t, cfg, vault.VaultFile, bad)
		} else {
			ok(t, os.Remove(filepath.Join(cfg.Dir, vault.VaultFile)))
		}
		before := snapshot(t, cfg.Dir)
		mustBeDamage(t, "", 0, m.Update(ctx, func(*vault.Vault) error { t.Error("called"); return nil }))
		_, err := m.Reload(ctx)
		mustBeDamage(t, "", 0, err)
		if content(t, m).Len() != 6 || !maps.Equal(before, snapshot(t, cfg.Dir)) {
			t.Error("something changed")
		}
	}
}

// rewrite puts another payload into the vault file, under its own key.
func rewrite(t testing.TB, cfg vault.Config, change func(string) string) {
	t.Helper()
	key := deviceKey(t, cfg)
	payload, err := seal.Decrypt(read(t, cfg, vault.VaultFile), key)
	ok(t, err)
	text := change(string(payload))
	if text == string(payload) {
		t.Fatal("nothing changed")
	}
	file, err := seal.Encrypt([]byte(text), key)
	ok(t, err)
	write(t, cfg, vault.VaultFile, file)
}

func deviceKey(t testing.TB, cfg vault.Config) *seal.Key {
	t.Helper()
	for _, v := range cfg.Keyring.(*vaulttest.Keyring).Values() {
		key, err := seal.ParseKey(secret.FromString(v))
		ok(t, err)
		return key
	}
	t.Fatal("no key in the keyring")
	return nil
}

// A newer format anywhere is refused and left alone, locked or not.
func TestNewerIsLeftAlone(t *testing.T) {
	newerDevice := func(b []byte) []byte {
		text := strings.Replace(string(b[:bytes.LastIndex(b, []byte(`  "check"`))]), `"format": 1`, `"format": 2`, 1)
		sum := sha256.Sum256([]byte(text))
		return []byte(text + `  "check": "` + hex.EncodeToString(sum[:16]) + "\"\n}\n")
	}
	for name, change := range map[string]func(t *testing.T, cfg vault.Config){
		"vault file": func(t *testing.T, cfg vault.Config) {
			rewrite(t, cfg, func(s string) string { return strings.Replace(s, `"format":1`, `"format":2`, 1) })
		},
		"device file": func(t *testing.T, cfg vault.Config) {
			write(t, cfg, vault.DeviceFile, newerDevice(read(t, cfg, vault.DeviceFile)))
		},
		"slot": func(_ *testing.T, cfg vault.Config) {
			ring := cfg.Keyring.(*vaulttest.Keyring)
			ring.Put(ring.Accounts()[0], `{"slot":2,"kdf":"something better"}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _, _ := damaged(t, "")
			open := vaulttest.Open(t, cfg)
			ok(t, open.Unlock(ctx, pass("")))
			change(t, cfg)
			before := snapshot(t, cfg.Dir)
			want(t, unlockError(t, cfg, "p"), vault.ErrNewer)
			want(t, open.Create(ctx, pass("")), vault.ErrExists)
			list, err := open.Generations()
			ok(t, err)
			want(t, open.RestoreGeneration(ctx, list[0], pass("p")), vault.ErrNewer)
			if name == "vault file" {
				want(t, open.Update(ctx, func(*vault.Vault) error { t.Error("called"); return nil }), vault.ErrNewer)
			} else {
				want(t, open.SetPassphrase(ctx, pass(""), pass("x")), map[string]error{"device file": vault.ErrNewer}[name])
			}
			if name != "slot" && !maps.Equal(before, snapshot(t, cfg.Dir)) {
				t.Error("something was written")
			}
		})
	}
}

// Wrong things in the keyring are told apart, and never replaced by a new key.
func TestWrongKeyring(t *testing.T) {
	another, err := seal.GenerateKey()
	ok(t, err)
	for name, c := range map[string]struct {
		value string // "" = removed
		want  error
	}{
		"missing":     {"", vault.ErrKeyMissing},
		"not a key":   {"hunter2", vault.ErrDamaged},
		"another key": {string(another.Secret().Reveal()), vault.ErrDamaged},
		"broken slot": {`{"slot":1}`, vault.ErrDamaged},
	} {
		cfg, _, newer := damaged(t, "")
		ring := cfg.Keyring.(*vaulttest.Keyring)
		account := ring.Accounts()[0]
		was := ring.Values()[account]
		if c.value == "" {
			ring.Drop(account)
		} else {
			ring.Put(account, c.value)
		}
		values := ring.Values()
		err := unlockError(t, cfg, "p")
		want(t, err, c.want)
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: quotes the keyring", name)
		}
		if !maps.Equal(values, ring.Values()) {
			t.Errorf("%s: the keyring was changed", name)
		}
		ring.Put(account, was)
		if !vault.Same(newer, reopened(t, cfg, "")) {
			t.Errorf("%s: does not open with the right key", name)
		}
	}
}

// A slot that asks for more than the limits is refused before it costs anything.
func TestHostileKDF(t *testing.T) {
	m, cfg := vaulttest.Create(t, "p")
	ok(t, m.Close())
	ring := cfg.Keyring.(*vaulttest.Keyring)
	account := ring.Accounts()[0]
	ring.Put(account, strings.Replace(ring.Values()[account], `"memory_kib":8,`, `"memory_kib":4000000000,`, 1))
	err := unlockError(t, cfg, "p")
	want(t, err, seal.ErrKDF)
	want(t, err, vault.ErrDamaged)

	// And less than the floor, where tests have not lowered it.
	m2, cfg2 := vaulttest.Create(t, "p")
	ok(t, m2.Close())
	cfg2.KDFFloor, cfg2.KDF = 0, seal.DefaultKDF()
	want(t, unlockError(t, cfg2, "p"), seal.ErrKDF)
	cfg2.KDF = vaulttest.CheapKDF()
	_, err = vault.Open(cfg2)
	want(t, err, seal.ErrKDF)
}
