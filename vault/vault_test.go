package vault_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/picture"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

func add(t testing.TB, v *vault.Vault, a vault.Account) vault.Account {
	t.Helper()
	a, err := v.Add(a, vaulttest.Random(rand.Uint64()), vaulttest.Epoch)
	ok(t, err)
	return a
}

func names(list []vault.Account) string {
	var s []string
	for _, a := range list {
		s = append(s, a.Name)
	}
	return strings.Join(s, " ")
}

// letters is a vault with accounts a b c …
func letters(t testing.TB, n int) (*vault.Vault, []vault.ID) {
	t.Helper()
	v := vault.New()
	var ids []vault.ID
	for i := range n {
		a := add(t, v, vault.Account{Name: string(rune('a' + i)), Params: otp.Params{Kind: otp.Manual}})
		ids = append(ids, a.ID)
	}
	return v, ids
}

// Two accounts with the same names and even the same key live side by side.
func TestAccountsAreKeyedByID(t *testing.T) {
	v := vault.New()
	first := vaulttest.Canonical()[0]
	a, b := add(t, v, first), add(t, v, first)
	if a.ID == b.ID || !a.ID.Valid() || v.Len() != 2 {
		t.Fatalf("%s %s", a.ID, b.ID)
	}
	if len(v.SameKey(first.Params)) != 2 || len(v.SameNames("HARBOUR pbx ", "Anna@example.com")) != 2 || len(v.SameNames("Harbour", "anna")) != 0 {
		t.Error("SameKey or SameNames do not find both")
	}
	b.Name = "other"
	ok(t, v.Put(b, vaulttest.Epoch))
	if got, _ := v.Account(a.ID); got.Name != first.Name {
		t.Error("changing one changed the other")
	}
	ok(t, v.Remove(a.ID, vaulttest.Epoch))
	same := v.SameKey(first.Params)
	if len(same) != 2 || same[0].ID != b.ID || same[1].ID != a.ID {
		t.Error("live accounts come first")
	}
	if len(v.SameNames(first.Issuer, first.Name)) != 0 {
		t.Error("SameNames finds a trashed one")
	}
	if _, err := v.Add(first, bytes.NewReader(bytes.Repeat([]byte{0x55}, 16)), vaulttest.Epoch); err != nil {
		t.Error(err)
	}
	if _, err := v.Add(first, bytes.NewReader(bytes.Repeat([]byte{0x55}, 16)), vaulttest.Epoch); err == nil {
		t.Error("an id was given out twice")
	}
	if _, err := v.Add(first, strings.NewReader("short"), vaulttest.Epoch); err == nil {
		t.Error("an id without randomness")
	}
}

func TestAddAndPut(t *testing.T) {
	v := vault.New()
	later := vaulttest.Epoch.Add(90*time.Minute + 123456789)
	a := vaulttest.Canonical()[0]
	a.ID, a.Trashed, a.Tags = "ignored", later, []string{" Work", "work", "", "WORK ", "Ünter"}
	a.Issuer = "bad \xff utf8"
	a, err := v.Add(a, vaulttest.Random(1), later)
	ok(t, err)
	wantTime := later.UTC().Truncate(time.Millisecond)
	if !a.Created.Equal(wantTime) || !a.Changed.Equal(wantTime) || !a.Trashed.IsZero() || a.Issuer != "bad \uFFFD utf8" ||
		!reflect.DeepEqual(a.Tags, []string{"Work", "Ünter"}) {
		t.Errorf("%+v", a)
	}
	a.Created, a.Name = time.Time{}, "new"
	ok(t, v.Put(a, later.Add(time.Hour)))
	got, _ := v.Account(a.ID)
	if !got.Created.Equal(wantTime) || !got.Changed.Equal(wantTime.Add(time.Hour)) || got.Name != "new" {
		t.Errorf("%+v", got)
	}
	// The vault keeps keys of its own.
	key := secret.FromString("12345678901234567890")
	a.Params.Secret = key
	ok(t, v.Put(a, later))
	key.Wipe()
	if got, _ := v.Account(a.ID); got.Params.Secret.Len() != 20 {
		t.Error("wiping the caller's key wiped the vault's")
	}

	want(t, v.Put(vault.Account{ID: "nobody", Params: otp.Params{Kind: otp.Manual}}, later), vault.ErrNoAccount)
	for name, c := range map[string]struct {
		change func(*vault.Account)
		want   []error
	}{
		"kind":         {func(a *vault.Account) { a.Params.Kind = "sms" }, []error{vault.ErrInvalid, otp.ErrKind}},
		"digits":       {func(a *vault.Account) { a.Params.Digits = 11 }, []error{vault.ErrInvalid, otp.ErrDigits}},
		"no key":       {func(a *vault.Account) { a.Params.Secret = secret.Bytes{} }, []error{vault.ErrInvalid, otp.ErrSecret}},
		"manual key":   {func(a *vault.Account) { a.Params.Kind = otp.Manual }, []error{vault.ErrInvalid}},
		"long issuer":  {func(a *vault.Account) { a.Issuer = strings.Repeat("ü", vault.MaxLabel+1) }, []error{vault.ErrTooLong}},
		"long name":    {func(a *vault.Account) { a.Name = strings.Repeat("x", vault.MaxLabel+1) }, []error{vault.ErrTooLong}},
		"long note":    {func(a *vault.Account) { a.Note = strings.Repeat("x", vault.MaxNote+1) }, []error{vault.ErrTooLong}},
		"long url":     {func(a *vault.Account) { a.URL = strings.Repeat("x", vault.MaxURL+1) }, []error{vault.ErrTooLong}},
		"long icon":    {func(a *vault.Account) { a.Icon = strings.Repeat("x", vault.MaxIcon+1) }, []error{vault.ErrTooLong}},
		"long picture": {func(a *vault.Account) { a.Picture = strings.Repeat("x", picture.MaxBytes+1) }, []error{vault.ErrTooLong, picture.ErrTooLarge}},
		"no picture":   {func(a *vault.Account) { a.Picture = "GIF89a" }, []error{vault.ErrInvalid, picture.ErrUnknown}},
		"long tag":     {func(a *vault.Account) { a.Tags = []string{strings.Repeat("x", vault.MaxTag+1)} }, []error{vault.ErrTooLong}},
		"used in -300": {func(a *vault.Account) { a.Used = time.Date(-300, 1, 1, 0, 0, 0, 0, time.UTC) }, []error{vault.ErrInvalid}},
		"many tags": {func(a *vault.Account) {
			for i := range vault.MaxTags + 1 {
				a.Tags = append(a.Tags, fmt.Sprint(i))
			}
		}, []error{vault.ErrTooLong}},
	} {
		b := a.Clone()
		b.Params.Secret = secret.FromString("12345678901234567890")
		c.change(&b)
		_, errAdd := v.Add(b, vaulttest.Random(2), later)
		errPut := v.Put(b, later)
		for _, target := range c.want {
			if !errors.Is(errAdd, target) || !errors.Is(errPut, target) {
				t.Errorf("%s: %v, %v, want %v", name, errAdd, errPut, target)
			}
		}
	}
	if got, _ := v.Account(a.ID); v.Len() != 1 || got.Params.Digits != 6 {
		t.Error("something refused was kept")
	}
	// As long as allowed, in code points.
	b := vault.Account{Issuer: strings.Repeat("ü", vault.MaxLabel), Params: otp.Params{Kind: otp.Manual, Digits: 6, Algorithm: otp.SHA1}}
	b, err = v.Add(b, vaulttest.Random(3), later)
	ok(t, err)
	if !reflect.DeepEqual(b.Params, otp.Params{Kind: otp.Manual}) {
		t.Errorf("a manual account keeps %+v", b.Params)
	}
}

func TestTrash(t *testing.T) {
	v, ids := letters(t, 4)
	day := 24 * time.Hour
	ok(t, v.Remove(ids[1], vaulttest.Epoch))
	ok(t, v.Remove(ids[2], vaulttest.Epoch.Add(day)))
	ok(t, v.Remove(ids[1], vaulttest.Epoch.Add(9*day))) // keeps its date
	if names(v.Accounts()) != "a d" || names(v.Trash()) != "c b" || v.Len() != 2 {
		t.Fatalf("%s, %s", names(v.Accounts()), names(v.Trash()))
	}
	want(t, v.Purge(ids[0]), vault.ErrNoAccount) // live
	want(t, v.Purge("nobody"), vault.ErrNoAccount)
	want(t, v.Remove("nobody", vaulttest.Epoch), vault.ErrNoAccount)
	want(t, v.Restore("nobody"), vault.ErrNoAccount)
	if n := v.PurgeOld(vaulttest.Epoch.Add(vault.TrashDays * day)); n != 0 {
		t.Errorf("%d went on the last day", n)
	}
	ok(t, v.Restore(ids[2]))
	if names(v.Accounts()) != "a c d" {
		t.Error("not restored to its place:", names(v.Accounts()))
	}
	if n := v.PurgeOld(vaulttest.Epoch.Add(vault.TrashDays*day + time.Millisecond)); n != 1 || len(v.Trash()) != 0 {
		t.Errorf("%d went after it", n)
	}
	if _, there := v.Account(ids[1]); there {
		t.Error("a purged account is found")
	}
	if a, there := v.Account(ids[3]); !there || a.Name != "d" {
		t.Error("the index is wrong after purging")
	}
	ok(t, v.Remove(ids[0], vaulttest.Epoch))
	ok(t, v.Purge(ids[0]))
	if names(v.Accounts()) != "c d" {
		t.Error(names(v.Accounts()))
	}
}

// What lay in the trash for too long goes with the next save, not before.
func TestTrashIsEmptiedOnSave(t *testing.T) {
	now := vaulttest.Epoch
	cfg := vaulttest.Config(t.TempDir(), nil)
	cfg.Now = func() time.Time { return now }
	m := vaulttest.Open(t, cfg)
	ok(t, m.Create(ctx, pass("")))
	list := vaulttest.Fill(t, m, vaulttest.Canonical()...)
	ok(t, m.Update(ctx, func(v *vault.Vault) error { return v.Remove(list[0].ID, now) }))
	now = now.Add((vault.TrashDays + 1) * 24 * time.Hour)
	if v := reopened(t, cfg, ""); len(v.Trash()) != 1 {
		t.Error("reading emptied the trash")
	}
	ok(t, m.Update(ctx, func(v *vault.Vault) error { return v.Touch(list[1].ID, now) }))
	if v := reopened(t, cfg, ""); len(v.Trash()) != 0 || v.Len() != 5 {
		t.Errorf("%d in the trash, %d live", len(v.Trash()), v.Len())
	}
}

// Move against a plain list, for every pair.
func TestMove(t *testing.T) {
	const n = 5
	for from := range n {
		for to := range n + 1 {
			v, ids := letters(t, n)
			before := vault.ID("")
			wantOrder := slices.Delete(slices.Clone(ids), from, from+1)
			if to < n {
				before = ids[to]
			}
			at := len(wantOrder)
			if before != "" && to != from {
				at = slices.Index(wantOrder, before)
			} else if to == from {
				at = from
			}
			wantOrder = slices.Insert(wantOrder, at, ids[from])
			ok(t, v.Move(ids[from], before))
			var got []vault.ID
			for _, a := range v.Accounts() {
				got = append(got, a.ID)
				if b, _ := v.Account(a.ID); b.ID != a.ID {
					t.Fatal("the index is wrong after a move")
				}
			}
			if !slices.Equal(got, wantOrder) {
				t.Errorf("%d before %d: %s", from, to, names(v.Accounts()))
			}
		}
	}
	v, ids := letters(t, 2)
	want(t, v.Move("nobody", ids[0]), vault.ErrNoAccount)
	want(t, v.Move(ids[0], "nobody"), vault.ErrNoAccount)
}

func TestTags(t *testing.T) {
	v := vault.New()
	for _, tags := range [][]string{{"work", "Zoo"}, {"Work", "äpfel", "bank"}, {"gone"}} {
		add(t, v, vault.Account{Tags: tags, Params: otp.Params{Kind: otp.Manual}})
	}
	ok(t, v.Remove(v.Accounts()[2].ID, vaulttest.Epoch))
	if got := strings.Join(v.Tags(), " "); got != "bank work Zoo äpfel" {
		t.Error(got)
	}
}

// A clone shares nothing with its original.
func TestClone(t *testing.T) {
	v := vaulttest.Vault(t, vaulttest.Canonical()...)
	c := v.Clone()
	if !vault.Same(v, c) {
		t.Fatal("not the same")
	}
	c.Wipe()
	if c.Len() != 0 || v.Len() != 6 || v.Accounts()[0].Params.Secret.Len() != len(vaulttest.TOTPKey) {
		t.Error("wiping a clone reached the original")
	}
	c = v.Clone()
	c.Accounts()[0].Tags[0] = "changed"
	ok(t, c.Remove(c.Accounts()[0].ID, vaulttest.Epoch))
	if v.Len() != 6 || v.Accounts()[0].Tags[0] != "work" {
		t.Error("changing a clone changed the original")
	}
}

// Many random changes, kept in a plain list as well.
func TestAgainstAModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	v := vault.New()
	var model []vault.Account
	find := func(id vault.ID) int {
		return slices.IndexFunc(model, func(a vault.Account) bool { return a.ID == id })
	}
	now := vaulttest.Epoch
	for step := range 5_000 {
		now = now.Add(time.Duration(r.IntN(6)) * time.Hour)
		var id, other vault.ID
		if len(model) > 0 {
			id, other = model[r.IntN(len(model))].ID, model[r.IntN(len(model))].ID
		}
		i := find(id)
		switch op := r.IntN(7); {
		case op == 0 || len(model) == 0:
			a, err := v.Add(vault.Account{Name: fmt.Sprint(step), Params: otp.Params{Kind: otp.Manual}}, vaulttest.Random(uint64(step)), now)
			ok(t, err)
			model = append(model, a)
		case op == 1:
			ok(t, v.Remove(id, now))
			if model[i].Trashed.IsZero() {
				model[i].Trashed = now
			}
		case op == 2:
			ok(t, v.Restore(id))
			model[i].Trashed = time.Time{}
		case op == 3 && !model[i].Trashed.IsZero():
			ok(t, v.Purge(id))
			model = slices.Delete(model, i, i+1)
		case op == 4 && id != other:
			ok(t, v.Move(id, other))
			a := model[i]
			model = slices.Delete(model, i, i+1)
			model = slices.Insert(model, find(other), a)
		case op == 5:
			a, _ := v.Account(id)
			a.Note = fmt.Sprint(step)
			ok(t, v.Put(a, now))
			model[i].Note, model[i].Changed = a.Note, now
		case op == 6 && step%50 == 0:
			v.PurgeOld(now)
			model = slices.DeleteFunc(model, func(a vault.Account) bool {
				return !a.Trashed.IsZero() && now.Sub(a.Trashed) > vault.TrashDays*24*time.Hour
			})
		}
		if step%100 == 0 { // through the file format and back
			v = vault.DecodeVault(vault.EncodeVault(v))
		}
		var live []vault.Account
		for _, a := range model {
			if a.Trashed.IsZero() {
				live = append(live, a)
			}
			if got, there := v.Account(a.ID); !there || !reflect.DeepEqual(got, a) {
				t.Fatalf("step %d: %+v, want %+v", step, got, a)
			}
		}
		if got := v.Accounts(); len(got) != len(live) || names(got) != names(live) || len(v.Trash()) != len(model)-len(live) {
			t.Fatalf("step %d: %s, want %s", step, names(got), names(live))
		}
	}
}

func TestTooMany(t *testing.T) {
	entries := make([][]byte, vault.MaxAccounts)
	for i := range entries {
		entries[i] = fmt.Appendf(nil, `{"id":"%032x","kind":"manual"}`, i)
	}
	v := vault.DecodeVault(entries)
	if v.Len() != vault.MaxAccounts {
		t.Fatal(v.Len(), v.Broken()[0])
	}
	_, err := v.Add(vault.Account{Params: otp.Params{Kind: otp.Manual}}, vaulttest.Random(1), vaulttest.Epoch)
	want(t, err, vault.ErrTooMany)
}

// A lock wipes what was shown through Read; a clone made before stays.
func TestLockWipes(t *testing.T) {
	m, _ := vaulttest.Create(t, "p", vaulttest.Canonical()...)
	var inside vault.Account
	ok(t, m.Read(func(v *vault.Vault) error { inside = v.Accounts()[0]; return nil }))
	raw := inside.Params.Secret.Reveal()
	clone := content(t, m)
	ok(t, m.Lock())
	if !bytes.Equal(raw, make([]byte, len(raw))) {
		t.Error("the key is still in memory")
	}
	if clone.Accounts()[0].Params.Secret.Len() != len(vaulttest.TOTPKey) {
		t.Error("a clone was wiped")
	}
	want(t, m.Read(func(*vault.Vault) error { return nil }), vault.ErrLocked)
	want(t, m.Update(ctx, nil), vault.ErrLocked)
	_, err := m.Reload(ctx)
	want(t, err, vault.ErrLocked)
	want(t, m.SetPassphrase(ctx, pass("p"), pass("q")), vault.ErrLocked)
	ok(t, m.Verify(ctx, pass("p")))
	want(t, m.Verify(ctx, pass("q")), vault.ErrPassphrase)
	want(t, m.Verify(ctx, pass("")), vault.ErrNeedPass)
	ok(t, m.Lock()) // twice
	ok(t, m.Unlock(ctx, pass("p")))
	want(t, m.SetPassphrase(ctx, pass("q"), pass("r")), vault.ErrPassphrase)
	want(t, m.SetPassphrase(ctx, pass(""), pass("r")), vault.ErrNeedPass)
	ok(t, m.SetPassphrase(ctx, pass("p"), pass("")))
	want(t, m.SetPassphrase(ctx, pass("p"), pass("")), vault.ErrNoLock)
	want(t, m.Verify(ctx, pass("p")), vault.ErrNoLock)
}

// An error of the function, or nothing changed by it, and nothing is written.
func TestUpdateThatChangesNothing(t *testing.T) {
	m, cfg := vaulttest.Create(t, "", vaulttest.Canonical()...)
	before, files := content(t, m), snapshot(t, cfg.Dir)
	mine := errors.New("mine")
	err := m.Update(ctx, func(v *vault.Vault) error {
		ok(t, v.Remove(v.Accounts()[0].ID, vaulttest.Epoch))
		ok(t, v.Purge(v.Trash()[0].ID))
		return mine
	})
	if err != mine {
		t.Errorf("got %v", err)
	}
	ok(t, m.Update(ctx, func(v *vault.Vault) error { v.Accounts(); return nil }))
	if !vault.Same(before, content(t, m)) || !reflect.DeepEqual(files, snapshot(t, cfg.Dir)) {
		t.Error("something changed")
	}
}

// Where no keyring is, a passphrase is needed from the start.
func TestCreateWithoutKeyring(t *testing.T) {
	for name, fail := range keyringFailures {
		t.Run(name, func(t *testing.T) {
			ring := vaulttest.NewKeyring()
			ring.FailAll(fail.answer)
			cfg := vaulttest.Config(t.TempDir(), ring)
			m := vaulttest.Open(t, cfg)
			err := m.Create(ctx, pass(""))
			want(t, err, vault.ErrNeedPass)
			want(t, err, fail.means)
			s, err := m.Status(ctx)
			ok(t, err)
			if s.Exists {
				t.Error("half a vault was made")
			}
			want(t, s.KeyringErr, fail.means)
			want(t, m.Unlock(ctx, pass("")), vault.ErrAbsent)
			ok(t, m.Create(ctx, pass("p")))
			vaulttest.Fill(t, m, vaulttest.Canonical()...)
			if reopened(t, cfg, "p").Len() != 6 {
				t.Error("not what was saved")
			}
			want(t, unlockError(t, cfg, ""), vault.ErrNeedPass)
			want(t, unlockError(t, cfg, "q"), vault.ErrPassphrase)
			want(t, m.SetPassphrase(ctx, pass("p"), pass("")), map[error]error{vault.ErrNoKeyring: vault.ErrNeedPass, vault.ErrKeyLocked: vault.ErrKeyLocked}[fail.means])
		})
	}
}

var keyringFailures = map[string]struct{ answer, means error }{
	"none":   {keys.ErrNone, vault.ErrNoKeyring},
	"locked": {keys.ErrLocked, vault.ErrKeyLocked},
	"broken": {keys.ErrBroken, vault.ErrNoKeyring},
	"odd":    {vaulttest.ErrInjected, vault.ErrKeyLocked},
}
