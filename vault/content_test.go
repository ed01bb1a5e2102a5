package vault_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// rich is a vault with one account of each kind, one with everything an account can have, one
// in the trash and an entry that cannot be read.
func rich(t testing.TB) *vault.Vault {
	t.Helper()
	v := vault.New()
	random := vaulttest.Random(7)
	for _, a := range vaulttest.Canonical() {
		_, err := v.Add(a, random, vaulttest.Epoch)
		ok(t, err)
	}
	a := v.Accounts()[0]
	a.Retire(vaulttest.Epoch)
	a.Params = otp.New(otp.TOTP, secret.FromString("another key, 20 byte"))
	a.Recovery = recovery.Sheets{{ID: strings.Repeat("ab", 16), Added: vaulttest.Epoch, Origin: recovery.Origin{Service: "Harbour"},
		Keys: []recovery.Key{{Text: secret.FromString("aaaa-bbbb")}, {Text: secret.FromString("cccc-dddd"), Used: vaulttest.Epoch}}}}
	a.Portal, a.Pending = "harbour", vault.PendingRecovery
	ok(t, v.Put(a, vaulttest.Epoch))
	ok(t, v.Touch(a.ID, vaulttest.Epoch))
	ok(t, v.Remove(v.Accounts()[1].ID, vaulttest.Epoch))
	text, err := vault.EncodeContent(v, vaulttest.Epoch)
	ok(t, err)
	with := strings.Replace(string(text), "\n]}", ",\n"+`{"id":"0123456789abcdef0123456789abcdef","kind":"later","later":[1]},`+"\n"+
		`{"id":"1123456789abcdef0123456789abcdef","kind":"manual","later":{"x":[1,2]}}`+"\n]}", 1)
	v, _, err = vault.DecodeContent([]byte(with))
	ok(t, err)
	if live, trashed, broken := v.Count(); live != 6 || trashed != 1 || broken != 1 {
		t.Fatalf("%d live, %d in the trash, %d broken", live, trashed, broken)
	}
	return v
}

func TestContentRoundTrip(t *testing.T) {
	v := rich(t)
	text, err := vault.EncodeContent(v, vaulttest.Epoch)
	ok(t, err)
	again, saved, err := vault.DecodeContent(text)
	ok(t, err)
	if !again.Equal(v) || !saved.Equal(vaulttest.Epoch) {
		t.Error("what was written does not come back")
	}
	clear(text)
	if !again.Equal(v) {
		t.Error("it shares memory with the text")
	}
	for text, want := range map[string]error{`{"format":2}`: vault.ErrNewer, `{}`: vault.ErrDamaged, ``: vault.ErrDamaged} {
		if _, _, err := vault.DecodeContent([]byte(text)); !errors.Is(err, want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestCompareFindsWhatDiffers(t *testing.T) {
	v := rich(t)
	if d := v.Compare(v.Clone()); !d.Empty() || len(d.Missing) != 0 || d.Same != 7 {
		t.Errorf("a vault differs from itself: %+v", d)
	}
	ids := v.Accounts()
	now := v.Clone()
	ok(t, now.Remove(ids[1].ID, vaulttest.Epoch))
	a, _ := now.Account(ids[2].ID)
	a.Note, a.Favourite, a.Tags, a.URL, a.Name = "n", true, []string{"t"}, "https://x.example", "other"
	ok(t, now.Put(a, vaulttest.Epoch))
	b, _ := now.Account(ids[0].ID)
	b.Params = otp.New(otp.TOTP, secret.FromString("a third key of 20 by"))
	b.Recovery = b.Recovery.Clone()
	ok(t, b.Recovery[0].UseAt(0, vaulttest.Epoch))
	ok(t, now.Put(b, vaulttest.Epoch))
	fresh, err := now.Add(vaulttest.Many(1)[0], vaulttest.Random(99), vaulttest.Epoch)
	ok(t, err)

	d := now.Compare(v)
	if len(d.Added) != 0 || !slices.Equal(d.Missing, []vault.ID{fresh.ID}) || d.Broken != 0 {
		t.Errorf("%+v", d)
	}
	got := map[vault.ID][]string{}
	for _, c := range d.Changed {
		got[c.There] = c.What
	}
	if want := map[vault.ID][]string{
		ids[0].ID: {"key", "recovery keys"}, ids[1].ID: {"trash"}, ids[2].ID: {"name", "tags", "favourite", "note", "address"},
	}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if d := vault.New().Compare(v); len(d.Added) != 7 || d.Broken != 1 || d.Same != 0 {
		t.Errorf("%+v", d)
	}
}

// An account that was enrolled in two vaults separately has two ids and one key: it is one account.
func TestCompareKnowsAnAccountByItsKey(t *testing.T) {
	a, b := vault.New(), vault.New()
	random := vaulttest.Random(3)
	for _, account := range vaulttest.Canonical() {
		_, err := a.Add(account, random, vaulttest.Epoch)
		ok(t, err)
		_, err = b.Add(account, random, vaulttest.Epoch)
		ok(t, err)
	}
	d := a.Compare(b)
	if !d.Empty() || len(d.Missing) != 0 || d.Same != 6 {
		t.Errorf("%+v", d)
	}
	added, replaced, err := a.Merge(b, nil)
	if err != nil || added != 0 || replaced != 0 || a.Len() != 6 {
		t.Errorf("%d added, %d replaced, %d accounts, %v", added, replaced, a.Len(), err)
	}
}

func TestMergeBringsBackAndKeeps(t *testing.T) {
	old := rich(t)
	now := old.Clone()
	ids := old.Accounts()
	ok(t, now.Remove(ids[0].ID, vaulttest.Epoch))
	ok(t, now.Purge(ids[0].ID))
	changed, _ := now.Account(ids[1].ID)
	changed.Note = "written since"
	ok(t, now.Put(changed, vaulttest.Epoch))

	work := now.Clone()
	added, replaced, err := work.Merge(old, nil)
	ok(t, err)
	back, found := work.Account(ids[0].ID)
	if added != 1 || replaced != 0 || !found || !back.Recovery[0].Keys[0].Text.Equal(ids[0].Recovery[0].Keys[0].Text) || len(back.History) != 1 {
		t.Errorf("%d added, %d replaced, back: %v", added, replaced, found)
	}
	if a, _ := work.Account(ids[1].ID); a.Note != "written since" {
		t.Error("what changed here since was overwritten unasked")
	}
	if _, _, broken := work.Count(); broken != 1 {
		t.Errorf("%d entries that cannot be read", broken)
	}

	work = now.Clone()
	if _, replaced, err = work.Merge(old, []vault.ID{ids[1].ID}); err != nil || replaced != 1 {
		t.Errorf("%d, %v", replaced, err)
	}
	if a, _ := work.Account(ids[1].ID); a.Note != ids[1].Note {
		t.Error("what was asked for was not replaced")
	}
	old.Wipe()
	if a, _ := work.Account(ids[0].ID); a.Params.Secret.Len() != 20 || a.Params.Secret.Reveal()[0] == 0 {
		t.Error("what was merged shares memory with where it came from")
	}
}

func TestBecomeKeepsCounters(t *testing.T) {
	old := vault.New()
	random := vaulttest.Random(5)
	for _, a := range vaulttest.Canonical() {
		_, err := old.Add(a, random, vaulttest.Epoch)
		ok(t, err)
	}
	now := old.Clone()
	hotp := now.Accounts()[1]
	hotp.Params.Counter = 50
	ok(t, now.Put(hotp, vaulttest.Epoch))
	_, err := now.Add(vaulttest.Many(1)[0], random, vaulttest.Epoch)
	ok(t, err)
	ok(t, now.Become(old))
	if a, _ := now.Account(hotp.ID); a.Params.Counter != 50 {
		t.Errorf("the counter went back to %d", a.Params.Counter)
	}
	a, _ := now.Account(hotp.ID)
	a.Params.Counter = 41
	ok(t, old.Put(a, vaulttest.Epoch))
	ok(t, now.Put(a, vaulttest.Epoch))
	if !now.Equal(old) {
		t.Error("it did not become the other")
	}
}

func TestOnly(t *testing.T) {
	v := rich(t)
	ids := []vault.ID{v.Accounts()[3].ID, v.Accounts()[0].ID, "nobody"}
	part := v.Only(ids)
	if part.Len() != 2 || part.Accounts()[0].ID != ids[1] {
		t.Errorf("%d accounts", part.Len())
	}
}

func TestBesideNeedsTheKey(t *testing.T) {
	m, _ := vaulttest.Create(t, "p", vaulttest.Canonical()...)
	sealed, err := m.SealBeside(pass("something small"))
	ok(t, err)
	plain, err := m.OpenBeside(sealed)
	if err != nil || string(plain.Reveal()) != "something small" {
		t.Errorf("%v", err)
	}
	name, err := m.Fingerprint()
	if err != nil || len(name) != 32 {
		t.Errorf("%q %v", name, err)
	}
	ok(t, m.Lock())
	_, err = m.SealBeside(pass("x"))
	want(t, err, vault.ErrLocked)
	_, err = m.OpenBeside(sealed)
	want(t, err, vault.ErrLocked)
	_, err = m.Fingerprint()
	want(t, err, vault.ErrLocked)
	other, _ := vaulttest.Create(t, "")
	_, err = other.OpenBeside(sealed)
	want(t, err, vault.ErrDamaged)
}

// The first save in a newer format waits for a copy, and is not made without one.
func TestBeforeMigration(t *testing.T) {
	cfg := vaulttest.Config(t.TempDir(), nil)
	var asked int
	var answer error
	cfg.BeforeMigration = func(_ context.Context, v *vault.Vault) error {
		asked++
		if v.Len() != 6 {
			t.Errorf("%d accounts before the change", v.Len())
		}
		return answer
	}
	m := vaulttest.Open(t, cfg)
	ok(t, m.Create(ctx, pass("")))
	vaulttest.Fill(t, m, vaulttest.Canonical()...)
	if asked != 0 {
		t.Error("asked without a change of format")
	}
	vault.PretendOlder(m)
	touch := func() error {
		return m.Update(ctx, func(v *vault.Vault) error { return v.Touch(v.Accounts()[0].ID, vaulttest.Epoch) })
	}
	answer = errors.New("no copy")
	err := touch()
	want(t, err, vault.ErrSave)
	want(t, err, answer)
	answer = nil
	ok(t, touch())
	ok(t, touch())
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
}
