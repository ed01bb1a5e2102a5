package vault_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/kit"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

func init() { children["kit"] = childKit }

// onPaper is what is left of a kit when only the page is left: its words, read again.
func onPaper(t testing.TB, m *vault.Manager, passphrase string) kit.Kit {
	t.Helper()
	k, err := m.Kit(ctx, pass(passphrase))
	ok(t, err)
	var page []byte
	for _, w := range k.Words() {
		page = append(append(page, w.Reveal()...), '\n')
	}
	k.Wipe()
	again, err := kit.Parse(secret.New(page))
	ok(t, err)
	return again
}

// elsewhere is another computer that has nothing but a copy of the vault file.
func elsewhere(t testing.TB, cfg vault.Config) vault.Config {
	t.Helper()
	other := vaulttest.Config(t.TempDir(), nil)
	write(t, other, vault.VaultFile, read(t, cfg, vault.VaultFile))
	return other
}

// The vault file and the page are enough, with and without a keyring, whatever protected the
// vault before.
func TestKitOpensTheVaultElsewhere(t *testing.T) {
	for _, was := range []string{"", "old pass"} {
		m, cfg := vaulttest.Create(t, was, vaulttest.Canonical()...)
		k := onPaper(t, m, was)
		before := content(t, m)
		device := read(t, cfg, vault.DeviceFile)
		ok(t, m.Close())
		for _, c := range []struct {
			name, pass string
			ring       bool
			protection keys.Protection
		}{
			{"keyring", "", true, keys.ByKeyring},
			{"keyring and passphrase", "new pass", true, keys.ByKeyringAndPassphrase},
			{"passphrase", "new pass", false, keys.ByPassphrase},
		} {
			t.Run(c.name+", was "+was, func(t *testing.T) {
				there := elsewhere(t, cfg)
				ring := there.Keyring.(*vaulttest.Keyring)
				if !c.ring {
					ring.FailAll(keys.ErrNone)
				}
				m := vaulttest.Open(t, there)
				if s, err := m.Status(ctx); !s.Exists || !errors.Is(err, vault.ErrDamaged) {
					t.Errorf("before: %+v, %v", s, err)
				}
				ok(t, m.RestoreKit(ctx, k, pass(c.pass), false))
				if !vault.Same(before, content(t, m)) {
					t.Error("other content")
				}
				vaulttest.Fill(t, m, vaulttest.Canonical()[0]) // and it goes on
				ok(t, m.Close())
				if n := reopened(t, there, c.pass).Len(); n != before.Len()+1 {
					t.Errorf("%d accounts at the next start", n)
				}
				m = vaulttest.Open(t, there)
				if s, err := m.Status(ctx); err != nil || s.Protection != c.protection {
					t.Errorf("after: %+v, %v", s, err)
				}
				now := read(t, there, vault.DeviceFile)
				if field(now, "device") == field(device, "device") || field(now, "key") != field(device, "key") {
					t.Error("another device has to have another id, and the same key")
				}
				if c.protection != keys.ByKeyring {
					want(t, m.Unlock(ctx, pass("old pass")), vault.ErrPassphrase)
				}
				again := onPaper(t, m, c.pass)
				if again.Vault() != k.Vault() {
					t.Error("another kit")
				}
			})
		}
	}
}

// field is the value of a member of a device file.
func field(device []byte, name string) string {
	_, rest, _ := strings.Cut(string(device), `"`+name+`": "`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

func TestKitAsksForThePassphrase(t *testing.T) {
	m, cfg := vaulttest.Create(t, "pass", vaulttest.Canonical()...)
	_, err := m.Kit(ctx, pass("")) // though it is unlocked
	want(t, err, vault.ErrNeedPass)
	_, err = m.Kit(ctx, pass("wrong"))
	want(t, err, vault.ErrPassphrase)
	ok(t, m.Lock())
	before := snapshot(t, cfg.Dir)
	unlocked := onPaper(t, m, "pass")
	if _, err := unlocked.Key(); err != nil {
		t.Error(err)
	}
	want(t, m.Read(func(*vault.Vault) error { return nil }), vault.ErrLocked)
	same(t, before, snapshot(t, cfg.Dir))
	ok(t, m.Close())
	_, err = m.Kit(ctx, pass("pass"))
	want(t, err, vault.ErrClosed)
	_, err = vaulttest.Open(t, vaulttest.Config(t.TempDir(), nil)).Kit(ctx, pass(""))
	want(t, err, vault.ErrAbsent)
}

func same(t testing.TB, before, after map[string]string) {
	t.Helper()
	for name, text := range after {
		if filepath.Base(name) != vault.LockFile && before[name] != text {
			t.Errorf("%s was changed", name)
		}
	}
	for name := range before {
		if _, there := after[name]; !there {
			t.Errorf("%s is gone", name)
		}
	}
}

// What a kit does not fit is left alone, to the last byte.
func TestKitThatDoesNotFitChangesNothing(t *testing.T) {
	m, cfg := vaulttest.Create(t, "", vaulttest.Canonical()...)
	k := onPaper(t, m, "")
	other, otherCfg := vaulttest.Create(t, "", vaulttest.Canonical()...)
	wrong := onPaper(t, other, "")
	for _, c := range []struct {
		name string
		kit  kit.Kit
		make func(t *testing.T) vault.Config
		err  error
		not  error
	}{
		{"kit of another vault, vault file only", wrong, func(t *testing.T) vault.Config { return elsewhere(t, cfg) }, vault.ErrOtherKit, vault.ErrDamaged},
		{"kit of another vault, device file too", wrong, func(t *testing.T) vault.Config {
			there := elsewhere(t, cfg)
			write(t, there, vault.DeviceFile, read(t, cfg, vault.DeviceFile))
			return there
		}, vault.ErrOtherKit, vault.ErrKeyThere},
		{"device file of another vault", k, func(t *testing.T) vault.Config {
			there := elsewhere(t, cfg)
			write(t, there, vault.DeviceFile, read(t, otherCfg, vault.DeviceFile))
			return there
		}, vault.ErrKeyThere, nil},
		{"nothing there", k, func(t *testing.T) vault.Config { return vaulttest.Config(t.TempDir(), nil) }, vault.ErrAbsent, nil},
		{"a key in its place", k, func(t *testing.T) vault.Config { return cfg }, vault.ErrKeyThere, nil},
		{"damaged vault file", k, func(t *testing.T) vault.Config {
			there := elsewhere(t, cfg)
			b := read(t, cfg, vault.VaultFile)
			b[len(b)-1] ^= 1
			write(t, there, vault.VaultFile, b)
			return there
		}, vault.ErrDamaged, vault.ErrKeyBack},
		{"no keyring, no passphrase", k, func(t *testing.T) vault.Config {
			there := elsewhere(t, cfg)
			there.Keyring.(*vaulttest.Keyring).FailAll(keys.ErrNone)
			return there
		}, vault.ErrNeedPass, nil},
		{"no kit at all", kit.Kit{}, func(t *testing.T) vault.Config { return elsewhere(t, cfg) }, errAny, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			there := c.make(t)
			ring := there.Keyring.(*vaulttest.Keyring)
			before, values := snapshot(t, there.Dir), fmt.Sprint(ring.Values())
			m := vaulttest.Open(t, there)
			err := m.RestoreKit(ctx, c.kit, pass(""), false)
			switch {
			case err == nil:
				t.Fatal("restored")
			case c.err != errAny && !errors.Is(err, c.err):
				t.Errorf("got %v, want %v", err, c.err)
			case c.not != nil && errors.Is(err, c.not):
				t.Errorf("%v is %v as well", err, c.not)
			}
			want(t, m.Read(func(*vault.Vault) error { return nil }), vault.ErrLocked)
			same(t, before, snapshot(t, there.Dir))
			if fmt.Sprint(ring.Values()) != values {
				t.Error("the keyring was changed")
			}
		})
	}
}

var errAny = errors.New("any error")

// Content of a newer format is nothing this program should give a device file to.
func TestKitLeavesANewerVaultAlone(t *testing.T) {
	m, cfg := vaulttest.Create(t, "", vaulttest.Canonical()...)
	k := onPaper(t, m, "")
	ok(t, m.Close())
	rewrite(t, cfg, func(s string) string { return strings.Replace(s, `"format":1`, `"format":2`, 1) })
	there := elsewhere(t, cfg)
	before := snapshot(t, there.Dir)
	want(t, vaulttest.Open(t, there).RestoreKit(ctx, k, pass(""), true), vault.ErrNewer)
	same(t, before, snapshot(t, there.Dir))
	if n := len(there.Keyring.(*vaulttest.Keyring).Values()); n != 0 {
		t.Errorf("%d entries in the keyring", n)
	}
}

// A keyring that lost its entry, on the computer that has everything else: the device stays
// what it is, and nothing is left in the keyring but the key.
func TestKitAfterTheKeyringWasLost(t *testing.T) {
	for _, c := range []struct{ was, next string }{{"", ""}, {"old", ""}, {"old", "new"}, {"", "new"}} {
		t.Run(c.was+" to "+c.next, func(t *testing.T) {
			m, cfg := vaulttest.Create(t, c.was, vaulttest.Canonical()...)
			k := onPaper(t, m, c.was)
			before := content(t, m)
			ok(t, m.Close())
			ring := cfg.Keyring.(*vaulttest.Keyring)
			for name := range ring.Values() {
				ring.Drop(name)
			}
			device := field(read(t, cfg, vault.DeviceFile), "device")
			m = vaulttest.Open(t, cfg)
			want(t, m.Unlock(ctx, pass(c.was)), vault.ErrKeyMissing)
			ok(t, m.RestoreKit(ctx, k, pass(c.next), false))
			ok(t, m.Close())
			if !vault.Same(before, reopened(t, cfg, c.next)) {
				t.Error("other content")
			}
			if now := read(t, cfg, vault.DeviceFile); field(now, "device") != device || strings.Contains(string(now), "stale") {
				t.Errorf("device file %s", now)
			}
			if len(ring.Values()) != 1 {
				t.Errorf("%d entries in the keyring", len(ring.Values()))
			}
		})
	}
}

// A passphrase that was forgotten: the kit sets another one, when it is asked to.
func TestKitReplacesAKeyOnlyWhenAsked(t *testing.T) {
	for _, ringGone := range []bool{false, true} {
		cfg := vaulttest.Config(t.TempDir(), nil)
		ring := cfg.Keyring.(*vaulttest.Keyring)
		if ringGone {
			noRing(ring)
		}
		m := vaulttest.Open(t, cfg)
		ok(t, m.Create(ctx, pass("forgotten")))
		vaulttest.Fill(t, m, vaulttest.Canonical()...)
		k := onPaper(t, m, "forgotten")
		ok(t, m.Lock())
		want(t, m.RestoreKit(ctx, k, pass("new"), false), vault.ErrKeyThere)
		ok(t, m.RestoreKit(ctx, k, pass("new"), true))
		ok(t, m.Lock())
		want(t, m.Unlock(ctx, pass("forgotten")), vault.ErrPassphrase)
		ok(t, m.Unlock(ctx, pass("new")))
		if n := len(ring.Values()); !ringGone && n != 1 {
			t.Errorf("%d entries in the keyring", n)
		}
	}
}

// A keyring that is locked, or stopped, may still have the key: nobody knows.
func TestKitWithAKeyringThatDoesNotAnswer(t *testing.T) {
	for _, answer := range []error{keys.ErrLocked, keys.ErrNone} {
		m, cfg := vaulttest.Create(t, "", vaulttest.Canonical()...)
		k := onPaper(t, m, "")
		before := content(t, m)
		ok(t, m.Close())
		cfg.Keyring.(*vaulttest.Keyring).FailAll(answer)
		m = vaulttest.Open(t, cfg)
		want(t, m.RestoreKit(ctx, k, pass("new"), false), vault.ErrKeyThere)
		want(t, m.RestoreKit(ctx, k, pass(""), true), vault.ErrNeedPass)
		ok(t, m.RestoreKit(ctx, k, pass("new"), true))
		ok(t, m.Close())
		if !vault.Same(before, reopened(t, cfg, "new")) {
			t.Error("other content")
		}
	}
}

// A device file of another vault is given up when asked; what it names in the keyring is not touched.
func TestKitBesideADeviceFileOfAnotherVault(t *testing.T) {
	m, cfg := vaulttest.Create(t, "", vaulttest.Canonical()...)
	k := onPaper(t, m, "")
	_, otherCfg := vaulttest.Create(t, "")
	write(t, otherCfg, vault.VaultFile, read(t, cfg, vault.VaultFile))
	there := vaulttest.Open(t, otherCfg)
	want(t, there.RestoreKit(ctx, k, pass(""), false), vault.ErrKeyThere)
	ring := otherCfg.Keyring.(*vaulttest.Keyring)
	entry := ring.Accounts()[0]
	value := ring.Values()[entry]
	ok(t, there.RestoreKit(ctx, k, pass(""), true))
	if ring.Values()[entry] != value || len(ring.Values()) != 2 {
		t.Error("the other vault's key was touched")
	}
	if !vault.Same(content(t, m), content(t, there)) {
		t.Error("other content")
	}
}

// Where the vault file does not open but an older copy does, the key comes back, and then the copy.
func TestKitAndAnOlderCopy(t *testing.T) {
	for _, what := range []string{"changed", "missing", "of another vault"} {
		t.Run(what, func(t *testing.T) {
			m, cfg := vaulttest.Create(t, "", vaulttest.Canonical()...)
			before := content(t, m)
			vaulttest.Fill(t, m, vaulttest.Canonical()...)
			k := onPaper(t, m, "")
			ok(t, m.Close())
			file := filepath.Join(cfg.Dir, vault.VaultFile)
			switch what {
			case "missing":
				ok(t, os.Remove(file))
			case "changed":
				b := read(t, cfg, vault.VaultFile)
				b[len(b)/2] ^= 1
				write(t, cfg, vault.VaultFile, b)
			default:
				_, other := vaulttest.Create(t, "")
				write(t, cfg, vault.VaultFile, read(t, other, vault.VaultFile))
			}
			ok(t, os.Remove(filepath.Join(cfg.Dir, vault.DeviceFile)))
			ok(t, os.Remove(filepath.Join(cfg.Dir, vault.DeviceCopy)))
			cfg.Keyring = vaulttest.NewKeyring()
			m = vaulttest.Open(t, cfg)
			err := m.RestoreKit(ctx, k, pass(""), false)
			want(t, err, vault.ErrKeyBack)
			var d *vault.Damage
			if !errors.As(err, &d) || len(d.Older) == 0 {
				t.Fatalf("%v", err)
			}
			for _, g := range d.Older {
				if m.RestoreGeneration(ctx, g, pass("")) == nil {
					break
				}
			}
			if !vault.Same(before, content(t, m)) {
				t.Error("other content")
			}
		})
	}
}

// childKit's argument is the kit's code. It is a test's key, in the environment of a child.
func childKit(dir string, step int, code string) error {
	cfg, arm := deadly(dir, step)
	k, err := kit.Parse(secret.FromString(code))
	if err != nil {
		return err
	}
	m, err := vault.Open(cfg)
	if err != nil {
		return err
	}
	arm()
	return m.RestoreKit(ctx, k, pass(""), true)
}

// Kill -9 at every step: restoring again ends it, the vault file is never touched, and
// where a key was in its place it opens at every moment.
func TestKilledWhileRestoringFromAKit(t *testing.T) {
	for _, there := range []string{"nothing", "device file", "everything"} {
		t.Run(there, func(t *testing.T) {
			t.Parallel()
			for step := 1; ; step++ {
				dir := quickDir(t)
				cfg := sharedConfig(dir)
				m := vaulttest.Open(t, cfg)
				ok(t, m.Create(ctx, pass("")))
				vaulttest.Fill(t, m, vaulttest.Canonical()...)
				before := content(t, m)
				k := onPaper(t, m, "")
				ok(t, m.Close())
				if there != "everything" {
					ok(t, os.RemoveAll(newFileRing(dir).path))
				}
				if there == "nothing" {
					ok(t, os.Remove(filepath.Join(cfg.Dir, vault.DeviceFile)))
					ok(t, os.Remove(filepath.Join(cfg.Dir, vault.DeviceCopy)))
				}
				file := string(read(t, cfg, vault.VaultFile))
				killed := child(t, "kit", dir, step, string(k.QRText().Reveal()))().killed
				if string(read(t, cfg, vault.VaultFile)) != file {
					t.Fatalf("step %d: the vault file was changed", step)
				}
				m = vaulttest.Open(t, cfg)
				err := m.Unlock(ctx, pass(""))
				if err != nil && (!killed || there == "everything") {
					t.Fatalf("step %d: %v", step, err)
				}
				if err != nil {
					ok(t, m.RestoreKit(ctx, k, pass(""), false))
				}
				if !vault.Same(before, content(t, m)) {
					t.Fatalf("step %d: other content", step)
				}
				ok(t, m.Close())
				reopened(t, cfg, "")
				values, err := newFileRing(dir).values()
				ok(t, err)
				if len(values) != 1 {
					t.Errorf("step %d: %d entries in the keyring", step, len(values))
				}
				if left := temps(t, cfg.Dir); len(left) > 0 {
					t.Errorf("step %d: left %v", step, left)
				}
				if !killed {
					if step < 10 {
						t.Errorf("only %d steps: the test does not see them", step)
					}
					return
				}
			}
		})
	}
}

// No error of a kit holds a word or the key of it.
func TestKitErrorsTellNothing(t *testing.T) {
	m, cfg := vaulttest.Create(t, "", vaulttest.Canonical()...)
	k := onPaper(t, m, "")
	code := string(k.QRText().Reveal())
	identity := code[strings.LastIndex(code, ":")+1:]
	there := vaulttest.Open(t, elsewhere(t, cfg))
	_, otherCfg := vaulttest.Create(t, "")
	other := vaulttest.Open(t, elsewhere(t, otherCfg))
	errs := []error{
		m.RestoreKit(ctx, k, pass(""), false),
		other.RestoreKit(ctx, k, pass(""), false),
		there.RestoreKit(ctx, kit.Kit{}, pass(""), false),
	}
	text := fmt.Sprint(errs, k, m)
	for _, marker := range []string{identity, strings.ToLower(identity), identity[20:40]} {
		if strings.Contains(text, marker) {
			t.Errorf("%q holds the key", text)
		}
	}
}

// With a kit every protection can be chosen, whichever was there before; what opened the vault before no longer does,
// and nothing superfluous stays in the keyring.
func TestKitChoosesTheProtection(t *testing.T) {
	for _, was := range []keys.Protection{keys.ByKeyring, keys.ByKeyringAndPassphrase, keys.ByPassphrase} {
		for _, next := range []keys.Protection{keys.ByKeyring, keys.ByKeyringAndPassphrase, keys.ByPassphrase} {
			t.Run(string(was)+" to "+string(next), func(t *testing.T) {
				cfg := vaulttest.Config(t.TempDir(), nil)
				ring := cfg.Keyring.(*vaulttest.Keyring)
				old, fresh := "", ""
				if was.NeedsPassphrase() {
					old = "forgotten"
				}
				if next.NeedsPassphrase() {
					fresh = "new pass"
				}
				if was == keys.ByPassphrase {
					noRing(ring)
				}
				m := vaulttest.Open(t, cfg)
				ok(t, m.Create(ctx, pass(old)))
				vaulttest.Fill(t, m, vaulttest.Canonical()...)
				k := onPaper(t, m, old)
				before := content(t, m)
				ok(t, m.Close())
				ring.FailAll(nil)

				m = vaulttest.Open(t, cfg)
				place := vault.KitPlace{Protection: next, Passphrase: pass(fresh)}
				want(t, m.RestoreKitAs(ctx, k, place), vault.ErrKeyThere)
				place.Replace = vault.ReplaceSameKey
				ok(t, m.RestoreKitAs(ctx, k, place))
				if !vault.Same(before, content(t, m)) {
					t.Error("other content")
				}
				if s, err := m.Status(ctx); err != nil || s.Protection != next {
					t.Errorf("protected by %s, %v", s.Protection, err)
				}
				ok(t, m.Close())
				entries := 1
				if next == keys.ByPassphrase {
					entries = 0
				}
				if n := len(ring.Values()); n != entries {
					t.Errorf("%d entries in the keyring, want %d", n, entries)
				}
				if old != "" && fresh != "" {
					want(t, vaulttest.Open(t, cfg).Unlock(ctx, pass(old)), vault.ErrPassphrase)
				}
				if !vault.Same(before, reopened(t, cfg, fresh)) {
					t.Error("other content at the next start")
				}
			})
		}
	}
}

// A keyring that was asked for by name is not silently left out, and a protection without its passphrase is none.
func TestKitProtectionThatCannotBe(t *testing.T) {
	m, cfg := vaulttest.Create(t, "forgotten", vaulttest.Canonical()...)
	k := onPaper(t, m, "forgotten")
	ok(t, m.Lock())
	before := snapshot(t, cfg.Dir)
	for _, place := range []vault.KitPlace{
		{Protection: keys.ByKeyring, Passphrase: pass("new")},
		{Protection: keys.ByPassphrase},
		{Protection: keys.ByKeyringAndPassphrase},
	} {
		place.Replace = vault.ReplaceSameKey
		want(t, m.RestoreKitAs(ctx, k, place), vault.ErrInvalid)
	}
	noRing(cfg.Keyring.(*vaulttest.Keyring))
	both := vault.KitPlace{Protection: keys.ByKeyringAndPassphrase, Passphrase: pass("new"), Replace: vault.ReplaceSameKey}
	want(t, m.RestoreKitAs(ctx, k, both), vault.ErrNoKeyring)
	same(t, before, snapshot(t, cfg.Dir))

	// The same where there is no device file.
	there := elsewhere(t, cfg)
	noRing(there.Keyring.(*vaulttest.Keyring))
	empty := snapshot(t, there.Dir)
	want(t, vaulttest.Open(t, there).RestoreKitAs(ctx, k, both), vault.ErrNoKeyring)
	same(t, empty, snapshot(t, there.Dir))
}

// Looking whether a kit fits changes nothing, and opens nothing.
func TestFitsKit(t *testing.T) {
	m, cfg := vaulttest.Create(t, "pass", vaulttest.Canonical()...)
	k := onPaper(t, m, "pass")
	other, _ := vaulttest.Create(t, "")
	wrong := onPaper(t, other, "")
	ok(t, m.Lock())
	before := snapshot(t, cfg.Dir)
	ok(t, m.FitsKit(ctx, k))
	want(t, m.FitsKit(ctx, wrong), vault.ErrOtherKit)
	want(t, m.Read(func(*vault.Vault) error { return nil }), vault.ErrLocked)
	same(t, before, snapshot(t, cfg.Dir))
	want(t, vaulttest.Open(t, vaulttest.Config(t.TempDir(), nil)).FitsKit(ctx, k), vault.ErrAbsent)
	write(t, cfg, vault.VaultFile, []byte("not a vault"))
	ok(t, m.FitsKit(ctx, k)) // an older copy opens
}

// The device file of another vault may hold the only way to that: replacing the same key is not enough to be rid of it.
func TestKitLeavesAnotherVaultsKey(t *testing.T) {
	m, cfg := vaulttest.Create(t, "", vaulttest.Canonical()...)
	k := onPaper(t, m, "")
	_, otherCfg := vaulttest.Create(t, "")
	write(t, otherCfg, vault.VaultFile, read(t, cfg, vault.VaultFile))
	before := snapshot(t, otherCfg.Dir)
	err := vaulttest.Open(t, otherCfg).RestoreKitAs(ctx, k, vault.KitPlace{Replace: vault.ReplaceSameKey})
	want(t, err, vault.ErrOtherKey)
	want(t, err, vault.ErrKeyThere)
	same(t, before, snapshot(t, otherCfg.Dir))
}
