package vault_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// What the sheets of these tests hold, and the passphrases that are set for them.
var (
	liveKeys  = []string{"kq7mx-2vbnc", "w9jzt-4hdrf", "p3gys-8clqk"}
	deadKeys  = []string{"m6tvw-1xzbj", "d8fhr-5nkgp"}
	trashKeys = []string{"zz1qx-7pwkm"}
	allKeys   = append(append(append([]string(nil), liveKeys...), deadKeys...), trashKeys...)
	sheetDay  = time.Date(2026, 5, 2, 12, 0, 0, 0, time.UTC)
)

const (
	firstPass  = "two hands, not one"
	secondPass = "another pair of hands"
)

// sheetVault has an account with a valid sheet and a dead one, and one in the trash, and an
// older copy or two. Its ids come with it.
func sheetVault(t *testing.T) (*vault.Manager, vault.Config, vault.ID, vault.ID) {
	t.Helper()
	dead := sheetOf(t, deadKeys...)
	dead.ID, dead.Dead = strings.Repeat("d", 32), sheetDay
	gone := sheetOf(t, trashKeys...)
	m, cfg := vaulttest.Create(t, "",
		vault.Account{Issuer: "Live", Params: otp.Params{Kind: otp.Manual}, Recovery: recovery.Sheets{dead, sheetOf(t, liveKeys...)}},
		vault.Account{Issuer: "Trashed", Params: otp.Params{Kind: otp.Manual}, Recovery: recovery.Sheets{gone}})
	list := content(t, m).Accounts()
	ok(t, m.Update(ctx, func(v *vault.Vault) error { return v.Remove(list[1].ID, time.Now()) }))
	return m, cfg, list[0].ID, list[1].ID
}

// inTheOpen says which recovery keys can be read in the vault and its older copies by
// somebody who has the key of the vault and no passphrase.
func inTheOpen(t *testing.T, cfg vault.Config) (found []string) {
	t.Helper()
	key := deviceKey(t, cfg)
	for name, text := range snapshot(t, cfg.Dir) {
		if !strings.HasSuffix(name, ".age") {
			continue
		}
		payload, err := seal.Decrypt([]byte(text), key)
		ok(t, err)
		for _, k := range allKeys {
			if bytes.Contains(payload, []byte(k)) {
				found = append(found, name+": "+k)
			}
		}
	}
	return found
}

// shown is what a key opens of the live account.
func shown(t *testing.T, m *vault.Manager, id vault.ID, key *vault.RecoveryKey) string {
	t.Helper()
	a, _ := content(t, m).Account(id)
	var out []string
	for _, s := range a.Recovery {
		open, err := key.Open(s)
		ok(t, err)
		for _, k := range open.Keys {
			out = append(out, string(k.Text.Reveal()))
		}
	}
	return strings.Join(out, " ")
}

func opened(t *testing.T, m *vault.Manager, passphrase string) *vault.RecoveryKey {
	t.Helper()
	key, err := m.OpenRecovery(ctx, pass(passphrase))
	ok(t, err)
	t.Cleanup(key.Wipe)
	return key
}

func TestRecoveryPassphrase(t *testing.T) {
	m, cfg, id, trashed := sheetVault(t)
	if len(inTheOpen(t, cfg)) < len(allKeys) {
		t.Fatal("the search does not find what is in the open")
	}
	_, err := m.OpenRecovery(ctx, pass(firstPass))
	want(t, err, vault.ErrNoRecoveryLock)
	want(t, m.SetRecoveryPassphrase(ctx, pass(""), pass("")), vault.ErrNoRecoveryLock)

	ok(t, m.SetRecoveryPassphrase(ctx, pass(""), pass(firstPass)))
	check := func(when string) {
		t.Helper()
		if found := inTheOpen(t, cfg); found != nil {
			t.Fatalf("%s: readable without the passphrase: %v", when, found)
		}
	}
	check("set")
	// What is known without the passphrase: counts, marks, which sheet is dead.
	v := content(t, m)
	a, _ := v.Account(id)
	if !v.RecoverySealed() || a.Recovery.Left() != 3 || a.Recovery.Total() != 3 || a.Recovery[0].Valid() || a.Recovery[0].Total() != 2 {
		t.Fatalf("%d of %d left", a.Recovery.Left(), a.Recovery.Total())
	}
	// What needs it.
	var none *vault.RecoveryKey
	_, err = none.Open(a.Recovery[1])
	want(t, err, vault.ErrRecoverySealed)
	for typed, target := range map[string]error{"": vault.ErrRecoverySealed, "wrong": vault.ErrPassphrase, strings.Repeat("x", 5000): vault.ErrTooLong} {
		_, err := m.OpenRecovery(ctx, pass(typed))
		want(t, err, target)
	}
	want(t, m.Update(ctx, func(v *vault.Vault) error { _, err := v.SpendRecoveryKey(id, nil, sheetDay); return err }), vault.ErrRecoverySealed)
	if a, _ := content(t, m).Account(id); a.Recovery.Left() != 3 {
		t.Error("a key that could not be read was marked as used")
	}
	ok(t, m.Close())

	// Across a restart.
	m = vaulttest.Open(t, cfg)
	ok(t, m.Unlock(ctx, pass("")))
	key := opened(t, m, firstPass)
	if got, all := shown(t, m, id, key), strings.Join(append(append([]string(nil), deadKeys...), liveKeys...), " "); got != all {
		t.Fatalf("opened %q, want %q", got, all)
	}
	var spent recovery.Key
	ok(t, m.Update(ctx, func(v *vault.Vault) (err error) { spent, err = v.SpendRecoveryKey(id, key, sheetDay); return err }))
	if string(spent.Text.Reveal()) != liveKeys[0] || !spent.Used.Equal(sheetDay) {
		t.Errorf("spent %q", spent.Text.Reveal())
	}
	check("spent")

	// A sheet is added without the passphrase, and sealed. Every other change leaves it so.
	fresh := sheetOf(t, "yy2rv-6nbhj")
	fresh.ID = strings.Repeat("e", 32)
	allKeys = append(allKeys, "yy2rv-6nbhj")
	defer func() { allKeys = allKeys[:len(allKeys)-1] }()
	ok(t, m.Update(ctx, func(v *vault.Vault) error {
		a, _ := v.Account(id)
		var added bool
		if a.Recovery, added = a.Recovery.Clone().Replace(fresh, sheetDay); !added {
			t.Error("not added")
		}
		return v.Put(a, sheetDay)
	}))
	_, err = vault.New().Add(vault.Account{Params: otp.Params{Kind: otp.Manual}}, vaulttest.Random(3), sheetDay)
	ok(t, err)
	ok(t, m.Update(ctx, func(v *vault.Vault) error { return errors.Join(v.Restore(trashed), v.Touch(id, sheetDay)) }))
	check("added")
	if got := shown(t, m, id, key); !strings.HasSuffix(got, " yy2rv-6nbhj") {
		t.Errorf("opened %q", got)
	}
	if got := shown(t, m, trashed, key); got != trashKeys[0] {
		t.Errorf("out of the trash %q", got)
	}

	// Changed: the passphrase and the key of before open nothing, in no copy.
	want(t, m.SetRecoveryPassphrase(ctx, pass("wrong"), pass(secondPass)), vault.ErrPassphrase)
	want(t, m.SetRecoveryPassphrase(ctx, pass(""), pass(secondPass)), vault.ErrRecoverySealed)
	ok(t, m.SetRecoveryPassphrase(ctx, pass(firstPass), pass(secondPass)))
	check("changed")
	_, err = m.OpenRecovery(ctx, pass(firstPass))
	want(t, err, vault.ErrPassphrase)
	a, _ = content(t, m).Account(id)
	_, err = key.Open(a.Recovery[1])
	want(t, err, vault.ErrRecoverySealed)
	list, err := m.Generations()
	ok(t, err)
	for _, g := range list[:3] { // each restored one makes another the last that is kept
		ok(t, m.RestoreGeneration(ctx, g, pass("")))
		for _, a := range content(t, m).Accounts() {
			shown(t, m, a.ID, opened(t, m, secondPass))
		}
	}
	ok(t, m.RestoreGeneration(ctx, list[0], pass("")))

	// Removed: as if it had never been.
	want(t, m.SetRecoveryPassphrase(ctx, pass(firstPass), pass("")), vault.ErrPassphrase)
	ok(t, m.SetRecoveryPassphrase(ctx, pass(secondPass), pass("")))
	if content(t, m).RecoverySealed() || !strings.Contains(shown(t, m, id, nil), liveKeys[2]) {
		t.Error("the keys are not back in the open")
	}
	key.Wipe()
	key.Wipe()
}

// The recovery kit opens the vault; the recovery keys keep their own passphrase.
func TestRecoveryPassphraseOutlivesTheKit(t *testing.T) {
	m, cfg, id, _ := sheetVault(t)
	ok(t, m.SetRecoveryPassphrase(ctx, pass(""), pass(firstPass)))
	kit, err := m.Kit(ctx, pass(""))
	ok(t, err)
	ok(t, m.Close())
	elsewhere := vaulttest.Config(t.TempDir(), vaulttest.NewKeyring())
	ok(t, os.WriteFile(filepath.Join(elsewhere.Dir, vault.VaultFile), read(t, cfg, vault.VaultFile), 0o600))
	m = vaulttest.Open(t, elsewhere)
	ok(t, m.RestoreKit(ctx, kit, pass(""), false))
	_, err = m.OpenRecovery(ctx, pass("wrong"))
	want(t, err, vault.ErrPassphrase)
	if got := shown(t, m, id, opened(t, m, firstPass)); !strings.Contains(got, liveKeys[0]) {
		t.Errorf("opened %q", got)
	}
}

// Another process changes the passphrase: what was opened before is of no use, and nothing is lost.
func TestRecoveryPassphraseChangedElsewhere(t *testing.T) {
	m, cfg, id, _ := sheetVault(t)
	other := vaulttest.Open(t, cfg)
	ok(t, other.Unlock(ctx, pass("")))
	ok(t, other.SetRecoveryPassphrase(ctx, pass(""), pass(firstPass)))
	// Not yet reloaded here, and yet nothing goes into the file in the open.
	ok(t, m.Update(ctx, func(v *vault.Vault) error {
		a, _ := v.Account(id)
		return v.Put(a, sheetDay)
	}))
	if found := inTheOpen(t, cfg); found != nil {
		t.Fatal(found)
	}
	key := opened(t, m, firstPass)
	_, err := other.Reload(ctx)
	ok(t, err)
	ok(t, other.SetRecoveryPassphrase(ctx, pass(firstPass), pass(secondPass)))
	want(t, m.Update(ctx, func(v *vault.Vault) error { _, err := v.SpendRecoveryKey(id, key, sheetDay); return err }), vault.ErrRecoverySealed)
	if got := shown(t, m, id, opened(t, m, secondPass)); !strings.Contains(got, liveKeys[0]) {
		t.Errorf("opened %q", got)
	}
}

// A lock that cannot be used stays one: it is kept as it is, counts are shown, nothing opens
// and nothing is added in the open.
func TestUnusableRecoveryLock(t *testing.T) {
	for name, c := range map[string]struct {
		change func(string) string
		target error
	}{
		"newer":     {func(s string) string { return strings.Replace(s, `"slot":{"slot":1`, `"slot":{"slot":2`, 1) }, vault.ErrNewer},
		"member":    {func(s string) string { return strings.Replace(s, `"recovery_lock":{`, `"recovery_lock":{"more":1,`, 1) }, vault.ErrDamaged},
		"recipient": {func(s string) string { return strings.Replace(s, `"recipient":"age1pq1q`, `"recipient":"age1pq1p`, 1) }, vault.ErrDamaged},
		"cost":      {func(s string) string { return strings.Replace(s, `"memory_kib":8`, `"memory_kib":2000000`, 1) }, vault.ErrDamaged},
		"spelling": {func(s string) string {
			return strings.Replace(s, `"recovery_lock":{`, `"recovery\u005flock":{"more":1,`, 1)
		}, vault.ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			m, cfg, id, _ := sheetVault(t)
			ok(t, m.SetRecoveryPassphrase(ctx, pass(""), pass(firstPass)))
			ok(t, m.Close())
			rewrite(t, cfg, func(s string) string {
				if name == "recipient" && !strings.Contains(s, `"age1pq1q`) {
					return strings.Replace(s, `"recipient":"age1pq1`, `"recipient":"age1pq1b`, 1)
				}
				return c.change(s)
			})
			m = vaulttest.Open(t, cfg)
			ok(t, m.Unlock(ctx, pass("")))
			_, err := m.OpenRecovery(ctx, pass(firstPass))
			want(t, err, c.target)
			want(t, m.SetRecoveryPassphrase(ctx, pass(firstPass), pass("")), c.target)
			if a, _ := content(t, m).Account(id); a.Recovery.Left() != 3 {
				t.Errorf("%d left", a.Recovery.Left())
			}
			add := m.Update(ctx, func(v *vault.Vault) error {
				a, _ := v.Account(id)
				fresh := sheetOf(t, "yy2rv-6nbhj")
				fresh.ID = strings.Repeat("e", 32)
				a.Recovery, _ = a.Recovery.Clone().Add(fresh)
				return v.Put(a, sheetDay)
			})
			if name != "cost" { // a lock can be too costly to open and good enough to seal with
				want(t, add, c.target)
			}
			ok(t, m.Update(ctx, func(v *vault.Vault) error { return v.Touch(id, sheetDay) }))
			kept := ""
			rewrite(t, cfg, func(s string) string { kept = s; return s + "\n" })
			if strings.Contains(kept, "yy2rv") || !strings.Contains(kept, `lock":{`) {
				t.Error("the lock is not in the file any longer")
			}
		})
	}
}

// A box that belongs to another sheet does not open as this one's.
func TestRecoveryBoxesAreBoundToTheirSheets(t *testing.T) {
	m, _, id, _ := sheetVault(t)
	ok(t, m.SetRecoveryPassphrase(ctx, pass(""), pass(firstPass)))
	key := opened(t, m, firstPass)
	a, _ := content(t, m).Account(id)
	moved := a.Recovery[1].Clone()
	moved.Sealed = a.Recovery[0].Sealed
	_, err := key.Open(moved)
	want(t, err, vault.ErrDamaged)
	cut := a.Recovery[1].Clone()
	cut.Keys = cut.Keys[:2]
	_, err = key.Open(cut)
	want(t, err, vault.ErrDamaged)
	flipped := a.Recovery[1].Clone()
	flipped.Sealed[len(flipped.Sealed)-1] ^= 1
	_, err = key.Open(flipped)
	want(t, err, vault.ErrDamaged)
	if text := fmt.Sprintf("%v %+v %#v", key, key, key); strings.Contains(text, "AGE") {
		t.Error(text)
	}
}

// Whatever fails on the way, the vault is the old one or the new one, and either opens.
func TestRecoveryPassphraseFaults(t *testing.T) {
	m, cfg, id, _ := sheetVault(t)
	ok(t, m.Close())
	disk := newFaultyDisk(nil)
	m = vaulttest.Open(t, vault.WithDisk(cfg, disk))
	ok(t, m.Unlock(ctx, pass("")))
	older := 0
	for k := 1; ; k++ {
		steps := 0
		disk.set(func(n int, op, path string) error {
			if n == k && changes(op) {
				return syscall.EIO
			}
			steps = n
			return nil
		})
		err := m.SetRecoveryPassphrase(ctx, pass(""), pass(firstPass))
		disk.set(nil)
		_, errLoad := m.Reload(ctx)
		ok(t, errLoad)
		sealedNow := content(t, m).RecoverySealed()
		switch {
		case errors.Is(err, vault.ErrOlderUnsealed):
			older++
			fallthrough
		case err == nil:
			if !sealedNow {
				t.Fatalf("step %d: not sealed after %v", k, err)
			}
			shown(t, m, id, opened(t, m, firstPass))
			ok(t, m.SetRecoveryPassphrase(ctx, pass(firstPass), pass("")))
		case errors.Is(err, vault.ErrSave):
			if sealedNow { // its name alone could not be made durable
				ok(t, m.SetRecoveryPassphrase(ctx, pass(firstPass), pass("")))
			}
		default:
			t.Fatalf("step %d: %v", k, err)
		}
		if k > steps+1 {
			break
		}
	}
	if older == 0 {
		t.Error("no fault hit the older copies")
	}
	ok(t, m.SetRecoveryPassphrase(ctx, pass(""), pass(firstPass)))
	if found := inTheOpen(t, cfg); found != nil {
		t.Errorf("after all: %v", found)
	}
}

// What leaves the vault as a whole takes the lock with it, and comes back with it.
func TestSealedKeysInBackups(t *testing.T) {
	m, cfg, id, trashed := sheetVault(t)
	plain, err := vault.EncodeContent(content(t, m), sheetDay)
	ok(t, err)
	ok(t, m.SetRecoveryPassphrase(ctx, pass(""), pass(firstPass)))
	sealed, err := vault.EncodeContent(content(t, m), sheetDay)
	ok(t, err)
	for _, k := range allKeys {
		if bytes.Contains(sealed, []byte(k)) {
			t.Fatalf("the backup holds %s in the open", k)
		}
	}
	decode := func(text []byte) *vault.Vault {
		t.Helper()
		v, _, err := vault.DecodeContent(text)
		ok(t, err)
		return v
	}
	if !decode(sealed).Equal(content(t, m)) || !decode(sealed).Only([]vault.ID{id}).RecoverySealed() {
		t.Error("the lock was lost on the way")
	}
	ids := []vault.ID{id, trashed}
	manual := otp.Params{Kind: otp.Manual}
	others := []vault.Account{{Params: manual}, {Params: manual}, {Params: manual, Recovery: recovery.Sheets{sheetOf(t, "kk7mx-2vbnd")}}}

	// An open backup into a sealed vault: sealed.
	ok(t, m.Update(ctx, func(v *vault.Vault) error { _, _, err := v.Merge(decode(plain), ids); return err }))
	if found := inTheOpen(t, cfg); found != nil {
		t.Error(found)
	}
	if got := shown(t, m, id, opened(t, m, firstPass)); !strings.Contains(got, liveKeys[2]) {
		t.Errorf("opened %q", got)
	}

	// A sealed backup into a vault without a passphrase, with sheets of its own: all sealed.
	other, cfgOther := vaulttest.Create(t, "", others...)
	own := content(t, other).Accounts()[2].ID
	ok(t, other.Update(ctx, func(v *vault.Vault) error { _, _, err := v.Merge(decode(sealed), ids); return err }))
	text := ""
	rewrite(t, cfgOther, func(s string) string { text = s; return s + "\n" })
	_, err = other.Reload(ctx)
	ok(t, err)
	if strings.Contains(text, "kk7mx") || !strings.Contains(shown(t, other, id, opened(t, other, firstPass)), liveKeys[2]) || shown(t, other, own, opened(t, other, firstPass)) != "kk7mx-2vbnd" {
		t.Error("not sealed, or not to be opened")
	}

	// Under two passphrases: kept, not to be opened, and no hindrance to anything else.
	third, _ := vaulttest.Create(t, "", others...)
	own = content(t, third).Accounts()[2].ID
	ok(t, third.SetRecoveryPassphrase(ctx, pass(""), pass(secondPass)))
	ok(t, third.Update(ctx, func(v *vault.Vault) error { _, _, err := v.Merge(decode(sealed), ids); return err }))
	a, _ := content(t, third).Account(id)
	_, err = opened(t, third, secondPass).Open(a.Recovery[1])
	want(t, err, vault.ErrRecoverySealed)
	ok(t, third.SetRecoveryPassphrase(ctx, pass(secondPass), pass(firstPass)))
	if got := shown(t, third, own, opened(t, third, firstPass)); got != "kk7mx-2vbnd" {
		t.Errorf("opened %q", got)
	}
	// Brought back whole it has its own passphrase again.
	ok(t, third.Update(ctx, func(v *vault.Vault) error { return v.Become(decode(sealed)) }))
	if got := shown(t, third, id, opened(t, third, firstPass)); !strings.Contains(got, liveKeys[0]) {
		t.Errorf("opened %q", got)
	}
}

// A forgotten passphrase costs the sealed sheets and nothing else.
func TestForgetRecovery(t *testing.T) {
	m, _, id, _ := sheetVault(t)
	_, err := vault.New().ForgetRecovery()
	want(t, err, vault.ErrNoRecoveryLock)
	ok(t, m.SetRecoveryPassphrase(ctx, pass(""), pass(firstPass)))
	lost := 0
	ok(t, m.Update(ctx, func(v *vault.Vault) (err error) { lost, err = v.ForgetRecovery(); return err }))
	v := content(t, m)
	if a, _ := v.Account(id); lost != 4 || v.RecoverySealed() || len(a.Recovery) != 0 || a.Issuer != "Live" {
		t.Errorf("lost %d, %+v", lost, a)
	}
	fresh := sheetOf(t, liveKeys...)
	ok(t, m.Update(ctx, func(v *vault.Vault) error {
		a, _ := v.Account(id)
		a.Recovery = recovery.Sheets{fresh}
		return v.Put(a, sheetDay)
	}))
	if got := shown(t, m, id, nil); got != strings.Join(liveKeys, " ") {
		t.Errorf("%q", got)
	}
}

// A dead sheet can be taken out and put back; a valid one stays.
func TestRemoveSheet(t *testing.T) {
	m, _, id, _ := sheetVault(t)
	before, _ := content(t, m).Account(id)
	dead, valid := before.Recovery[0], before.Recovery[1]
	remove := func(sheet string) error {
		return m.Update(ctx, func(v *vault.Vault) error { return v.RemoveSheet(id, sheet, sheetDay) })
	}
	want(t, remove(valid.ID), recovery.ErrValid)
	want(t, remove("none"), recovery.ErrNotFound)
	want(t, m.Update(ctx, func(v *vault.Vault) error { return v.RemoveSheet("none", dead.ID, sheetDay) }), vault.ErrNoAccount)
	ok(t, remove(dead.ID))
	if a, _ := content(t, m).Account(id); len(a.Recovery) != 1 || a.Recovery[0].ID != valid.ID {
		t.Fatalf("%+v", a.Recovery)
	}
	for range 2 { // a second time changes nothing
		ok(t, m.Update(ctx, func(v *vault.Vault) error { return v.RestoreSheet(id, dead, sheetDay) }))
	}
	if a, _ := content(t, m).Account(id); len(a.Recovery) != 2 || a.Recovery[0].Left()+a.Recovery[1].Left() != 3 {
		t.Errorf("%+v", a.Recovery)
	}
}

// Marks of use do not need the passphrase, and stay with their keys.
func TestUndoWithoutThePassphrase(t *testing.T) {
	m, _, id, _ := sheetVault(t)
	ok(t, m.SetRecoveryPassphrase(ctx, pass(""), pass(firstPass)))
	mark := func(change func(*recovery.Sheet) error) recovery.Sheet {
		t.Helper()
		ok(t, m.Update(ctx, func(v *vault.Vault) error {
			a, _ := v.Account(id)
			a.Recovery = a.Recovery.Clone()
			return errors.Join(change(&a.Recovery[1]), v.Put(a, sheetDay))
		}))
		a, _ := content(t, m).Account(id)
		open, err := opened(t, m, firstPass).Open(a.Recovery[1])
		ok(t, err)
		return open
	}
	s := mark(func(s *recovery.Sheet) error { return s.UseAt(1, sheetDay) })
	if s.Left() != 2 || s.Keys[1].Used.IsZero() || !s.Keys[1].Text.Equal(secret.FromString(liveKeys[1])) {
		t.Errorf("%d left", s.Left())
	}
	if s = mark(func(s *recovery.Sheet) error { return s.Undo(1) }); s.Left() != 3 {
		t.Errorf("%d left", s.Left())
	}
}

// Opened with nothing of ours but the description in docs/format.md.
func TestSealedKeysOpenAsDescribed(t *testing.T) {
	m, cfg, _, _ := sheetVault(t)
	ok(t, m.SetRecoveryPassphrase(ctx, pass(""), pass(firstPass)))
	payload, err := seal.Decrypt(read(t, cfg, vault.VaultFile), deviceKey(t, cfg))
	ok(t, err)
	var doc struct {
		Lock struct {
			Recipient string
			Slot      struct {
				Memory           uint32 `json:"memory_kib"`
				Time             uint32
				Threads          uint8
				Salt, Nonce, Box []byte
			}
		} `json:"recovery_lock"`
		Accounts []struct {
			Recovery []struct {
				ID     string
				Sealed []byte
			}
		}
	}
	ok(t, json.Unmarshal(payload, &doc))
	slot, print := doc.Lock.Slot, sha256.Sum256([]byte(doc.Lock.Recipient))
	bound := fmt.Sprintf("tallystick passphrase slot 1\n%x\nrecovery\nargon2id\n%d\n%d\n%d\nnfkc\n%s\n",
		print[:16], slot.Memory, slot.Time, slot.Threads, base64.StdEncoding.EncodeToString(slot.Salt))
	aead, err := chacha20poly1305.NewX(argon2.IDKey([]byte(firstPass), slot.Salt, slot.Time, slot.Memory, slot.Threads, 32))
	ok(t, err)
	text, err := aead.Open(nil, slot.Nonce, slot.Box, []byte(bound))
	ok(t, err)
	identity, err := age.ParseHybridIdentity(string(text))
	ok(t, err)
	for _, s := range doc.Accounts[0].Recovery {
		r, err := age.Decrypt(bytes.NewReader(s.Sealed), identity)
		ok(t, err)
		plain, err := io.ReadAll(r)
		ok(t, err)
		var box struct {
			Sheet string
			Keys  []string
		}
		ok(t, json.Unmarshal(plain, &box))
		keys := liveKeys
		if s.ID[0] == 'd' {
			keys = deadKeys
		}
		if box.Sheet != s.ID || !slices.Equal(box.Keys, keys) || len(plain)%256 != 0 {
			t.Errorf("%d bytes: %s", len(plain), plain)
		}
	}
}

// A sealed sheet costs what is said in docs/decisions.
func BenchmarkSealSheet(b *testing.B) {
	v := vault.New()
	ok(b, v.SetRecoveryPassphrase(secret.Bytes{}, pass(firstPass), vaulttest.CheapKDF(), vaulttest.KDFFloor, vaulttest.Random(5)))
	key, err := v.OpenRecovery(pass(firstPass), vaulttest.KDFFloor)
	ok(b, err)
	var d recovery.Draft
	for _, k := range allKeys {
		d.Keys = append(d.Keys, recovery.Found{Text: secret.FromString(k)})
	}
	s, err := d.Sheet(vaulttest.Random(7), sheetDay)
	ok(b, err)
	a, err := v.Add(vault.Account{Params: otp.Params{Kind: otp.Manual}, Recovery: recovery.Sheets{s}}, vaulttest.Random(8), sheetDay)
	ok(b, err)
	b.Run("seal", func(b *testing.B) {
		for b.Loop() {
			a.Recovery = recovery.Sheets{s}
			ok(b, v.Put(a, sheetDay))
		}
	})
	kept, _ := v.Account(a.ID)
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			open, err := key.Open(kept.Recovery[0])
			ok(b, err)
			open.Wipe()
		}
	})
}

// A process that is killed after the vault was sealed leaves older copies in the open; changing
// the passphrase to the same one seals them.
func TestOlderCopiesAreMended(t *testing.T) {
	m, cfg, _, _ := sheetVault(t)
	open := map[string][]byte{}
	for name, text := range snapshot(t, cfg.Dir) {
		if strings.HasPrefix(name, vault.GenerationsDir) {
			open[name] = []byte(text)
		}
	}
	ok(t, m.SetRecoveryPassphrase(ctx, pass(""), pass(firstPass)))
	for name, text := range open {
		write(t, cfg, name, text)
	}
	if inTheOpen(t, cfg) == nil {
		t.Fatal("there is nothing to mend")
	}
	ok(t, m.SetRecoveryPassphrase(ctx, pass(firstPass), pass(firstPass)))
	if found := inTheOpen(t, cfg); found != nil {
		t.Error(found)
	}
}
