package vault_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// What a later program wrote into entries and beside them, and what does not parse,
// outlives every kind of change here.
func TestForeignAndBrokenAreKept(t *testing.T) {
	m, cfg := vaulttest.Create(t, "", vaulttest.Canonical()...)
	ids := content(t, m).Accounts()
	ok(t, m.Close())
	broken := []string{
		`{"id":"00000000000000000000000000000001","kind":"quantum","issuer":"Later","name":"x","secret":"AAAA"}`,
		`{"id":"00000000000000000000000000000002","kind":"totp","issuer":"Odd \u0041","digits":"six" , "x":[ 1,2 ]}`,
		`{"kind":"manual"}`,
		`{"id":"nonsense","kind":"manual","name":"n"}`,
		`{"id":"00000000000000000000000000000003","id":"00000000000000000000000000000004","kind":"manual"}`,
		"{\"id\":\"00000000000000000000000000000005\",\"kind\":\"manual\",\"note\":\"\xff\"}",
		`{"id":"` + string(ids[0].ID) + `","kind":"manual","issuer":"Twin"}`,
		`{"id":"00000000000000000000000000000006","kind":"totp","secret":"AB","algorithm":"SHA1","digits":6,"period":30}`,
		`{"id":"00000000000000000000000000000007","kind":"totp","secret":"aaaa","algorithm":"SHA1","digits":6,"period":30}`,
		`{"id":"00000000000000000000000000000008","kind":"totp","secret":"AAAAAAAA","algorithm":"SHA1","digits":11,"period":30}`,
		`{"id":"00000000000000000000000000000009","kind":"manual","created":"yesterday","favourite":1,"tags":[1]}`,
		`[1,{}]`, `"text"`, `null`, `-17.25e1`,
	}
	const foreign = `"later":{"deep":[1, 2.50,"ü"]}`
	rewrite(t, cfg, func(s string) string {
		s = strings.Replace(s, `"accounts":[`, `"shares":[ {"a":1} ],"accounts":[`, 1)
		s = strings.Replace(s, `"kind":"hotp"`, `"kind":"hotp",`+foreign, 1)
		return strings.Replace(s, "\n]}", ",\n"+strings.Join(broken, ",\n")+"\n]}", 1)
	})
	m = vaulttest.Open(t, cfg)
	ok(t, m.Unlock(ctx, pass("")))
	list := content(t, m).Broken()
	if len(list) != len(broken) {
		t.Fatalf("%d broken entries, want %d", len(list), len(broken))
	}
	for i, b := range list {
		if b.Err == nil || strings.Contains(b.Err.Error(), "AAAA") {
			t.Errorf("entry %d: %v", i, b.Err)
		}
	}
	if list[0].Issuer != "Later" || list[0].ID != "00000000000000000000000000000001" || list[1].Issuer != "Odd A" || list[6].Issuer != "Twin" {
		t.Errorf("names of broken entries: %+v", list)
	}
	// Every kind of change, to the account with the foreign member too.
	ok(t, m.Update(ctx, func(v *vault.Vault) error {
		a, _ := v.Account(ids[1].ID)
		a.Note = "changed"
		return errors.Join(v.Put(a, time.Now()), v.Touch(a.ID, time.Now()), v.Remove(a.ID, time.Now()), v.Restore(a.ID),
			v.Move(a.ID, ""), v.Move(ids[0].ID, ids[3].ID), v.Remove(ids[5].ID, time.Now()), v.Purge(ids[5].ID))
	}))
	_, err := m.NextHOTP(ctx, ids[1].ID)
	ok(t, err)
	ok(t, m.Close())
	var text string
	m = vaulttest.Open(t, cfg)
	ok(t, m.Unlock(ctx, pass("")))
	rewrite(t, cfg, func(s string) string { text = s; return s + "\n" })
	for _, part := range append(broken, `"shares":[ {"a":1} ]`) {
		if strings.Count(text, part) != 1 {
			t.Errorf("lost or doubled: %s", part)
		}
	}
	line := text[strings.Index(text, `"kind":"hotp"`):]
	line = line[:strings.Index(line, "\n")]
	if !strings.Contains(line, foreign) || !strings.Contains(line, `"note":"changed"`) || !strings.Contains(line, `"counter":42`) {
		t.Errorf("the account with a foreign member: %s", line)
	}
}

// Of many saves, the last five and the last of each of seven days stay.
func TestGenerations(t *testing.T) {
	now := vaulttest.Epoch
	cfg := vaulttest.Config(quickDir(t), nil)
	cfg.Now = func() time.Time { return now }
	m := vaulttest.Open(t, cfg)
	ok(t, m.Create(ctx, pass("")))
	id := vaulttest.Fill(t, m, vaulttest.Canonical()[0])[0].ID
	for range 12 { // days
		for range 4 { // saves
			ok(t, m.Update(ctx, func(v *vault.Vault) error { return v.Touch(id, now) }))
			now = now.Add(time.Hour)
		}
		now = now.Add(20 * time.Hour)
	}
	list, err := m.Generations()
	ok(t, err)
	days := map[string]int{}
	for i, g := range list {
		days[g.Saved.Format(time.DateOnly)]++
		if i > 0 && !g.Saved.Before(list[i-1].Saved) {
			t.Error("not newest first")
		}
		if g.Bytes == 0 {
			t.Error("no size")
		}
	}
	if len(days) != 7 || len(list) != 5+5 { // the last five lie on two days
		t.Errorf("%d copies of %d days: %v", len(list), len(days), days)
	}
	for _, g := range []vault.Generation{list[len(list)-1], list[0]} { // restoring adds one, so others may go
		ok(t, m.RestoreGeneration(ctx, g, pass("")))
		if content(t, m).Len() != 1 {
			t.Errorf("%s: does not hold the account", g.Path)
		}
	}
}

// A clock that is set back does not make the newest copies the first to go.
func TestClockSetBack(t *testing.T) {
	now := vaulttest.Epoch
	cfg := vaulttest.Config(quickDir(t), nil)
	cfg.Now = func() time.Time { return now }
	m := vaulttest.Open(t, cfg)
	ok(t, m.Create(ctx, pass("")))
	for i := range 10 {
		a := vaulttest.Canonical()[0]
		a.Name = fmt.Sprint(i)
		ok(t, m.Update(ctx, func(v *vault.Vault) error { _, err := v.Add(a, vaulttest.Random(uint64(i)), now); return err }))
		now = now.Add(-time.Hour)
	}
	list, err := m.Generations()
	ok(t, err)
	ok(t, m.RestoreGeneration(ctx, list[0], pass("")))
	if n := content(t, m).Len(); n != 9 {
		t.Errorf("the newest copy has %d accounts, want 9", n)
	}
}

func TestSuperfluous(t *testing.T) {
	at := func(day, hour int) vault.Generation {
		return vault.Generation{Saved: time.Date(2026, 5, day, hour, 0, 0, 0, time.UTC), Path: fmt.Sprintf("%d/%d", day, hour)}
	}
	var list []vault.Generation
	for day := 20; day > 8; day-- {
		list = append(list, at(day, 12), at(day, 3))
	}
	var gone []string
	for _, g := range vault.Superfluous(list) {
		gone = append(gone, g.Path)
	}
	// Kept: 20/12 20/3 19/12 19/3 18/12 as the latest, 17 16 15 14 at noon as days four to seven.
	if got, want := strings.Join(gone, " "), "18/3 17/3 16/3 15/3 14/3 13/12 13/3 12/12 12/3 11/12 11/3 10/12 10/3 9/12 9/3"; got != want {
		t.Errorf("gone %s\nwant %s", got, want)
	}
	if vault.Superfluous(nil) != nil || vault.Superfluous(list[:5]) != nil {
		t.Error("the latest five always stay")
	}
}

func TestGenerationNames(t *testing.T) {
	name := vault.GenerationName(vaulttest.Epoch.Add(89*time.Millisecond), 12)
	if name != "vault-20260304T050607.089Z-12.age" {
		t.Error(name)
	}
	for _, n := range []string{name, strings.Replace(name, "-12", "-12-2", 1)} {
		if g, ok := vault.ParseGeneration(n); !ok || !g.Saved.Equal(vaulttest.Epoch.Add(89*time.Millisecond)) {
			t.Errorf("%s: %v %v", n, g, ok)
		}
	}
	for _, n := range []string{"", "vault.age", "vault-.age", "vault-20260304T050607.089Z.age", "vault-20260304T050607.089Z-x.age", "damaged-20260304T050607.089Z-0.age", name + ".bak"} {
		if _, ok := vault.ParseGeneration(n); ok {
			t.Errorf("%q taken for a generation", n)
		}
	}
}

// A file system without hard links gets copies.
func TestNoHardLinks(t *testing.T) {
	disk := newFaultyDisk(func(_ int, op, path string) error {
		if op == "link" {
			return &os.LinkError{Op: "link", New: path, Err: syscall.ENOTSUP}
		}
		return nil
	})
	cfg := vault.WithDisk(vaulttest.Config(quickDir(t), nil), disk)
	m := vaulttest.Open(t, cfg)
	ok(t, m.Create(ctx, pass("")))
	vaulttest.Fill(t, m, vaulttest.Canonical()[0])
	vaulttest.Fill(t, m, vaulttest.Canonical()[1])
	list, err := m.Generations()
	ok(t, err)
	if len(list) != 2 {
		t.Fatalf("%d copies", len(list))
	}
	ok(t, m.RestoreGeneration(ctx, list[0], pass("")))
	if content(t, m).Len() != 1 {
		t.Error("not what was copied")
	}
}

// Nobody but the owner can read anything.
func TestPermissions(t *testing.T) {
	if os.PathSeparator == '\\' {
		t.Skip("Windows keeps rights elsewhere: the profile directory is its owner's already")
	}
	cfg := vaulttest.Config(filepath.Join(t.TempDir(), "a", "b"), nil)
	m := vaulttest.Open(t, cfg)
	ok(t, m.Create(ctx, pass("")))
	vaulttest.Fill(t, m, vaulttest.Canonical()...)
	ok(t, filepath.WalkDir(filepath.Dir(cfg.Dir), func(path string, e fs.DirEntry, err error) error {
		info, err2 := e.Info()
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return nil
	}))
}

// A disk that is full for real, and one that is read-only for real.
func TestRealFullAndReadOnlyDisk(t *testing.T) {
	dir := t.TempDir()
	if err := mountTmpfs(dir, "size=256k"); err != nil {
		t.Skipf("cannot mount a small disk here: %v", err)
	}
	t.Cleanup(func() { unmount(dir) })
	cfg := vaulttest.Config(filepath.Join(dir, "vault"), nil)
	m := vaulttest.Open(t, cfg)
	ok(t, m.Create(ctx, pass("")))
	vaulttest.Fill(t, m, vaulttest.Canonical()...)
	var err error
	for i := 0; err == nil; i++ {
		if i == 100 {
			t.Fatal("a disk of 256 KiB never fills")
		}
		err = m.Update(ctx, func(v *vault.Vault) error {
			random := vaulttest.Random(uint64(i) + 1000)
			for _, a := range vaulttest.Many(50) {
				a.Note = strings.Repeat("x", 200)
				if _, err := v.Add(a, random, vaulttest.Epoch); err != nil {
					return err
				}
			}
			return nil
		})
	}
	want(t, err, vault.ErrSave)
	want(t, err, syscall.ENOSPC)
	if !vault.Same(content(t, m), reopened(t, cfg, "")) || content(t, m).Len() < 56 {
		t.Error("the full disk does not hold the last good state")
	}
	if left := temps(t, cfg.Dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	// Smaller saves still work once something was deleted.
	ok(t, m.Update(ctx, func(v *vault.Vault) error {
		for _, a := range v.Accounts()[6:] {
			if err := errors.Join(v.Remove(a.ID, vaulttest.Epoch), v.Purge(a.ID)); err != nil {
				return err
			}
		}
		return nil
	}))

	if err := remount(dir, true); err != nil {
		t.Skipf("cannot make it read-only: %v", err)
	}
	before := content(t, m)
	err = m.Update(ctx, func(v *vault.Vault) error { return v.Remove(v.Accounts()[0].ID, vaulttest.Epoch) })
	want(t, err, vault.ErrSave)
	want(t, err, syscall.EROFS)
	want(t, m.SetPassphrase(ctx, pass(""), pass("p")), vault.ErrSave)
	if !vault.Same(before, content(t, m)) || !vault.Same(before, reopened(t, cfg, "")) {
		t.Error("a read-only vault has to be readable, and the same")
	}
	ok(t, remount(dir, false))
}
