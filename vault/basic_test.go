package vault_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

var ctx = context.Background()

func pass(s string) secret.Bytes { return secret.FromString(s) }

// content is everything a vault holds, in a form that can be compared and kept.
func content(t testing.TB, m *vault.Manager) *vault.Vault {
	t.Helper()
	var c *vault.Vault
	if err := m.Read(func(v *vault.Vault) error { c = v.Clone(); return nil }); err != nil {
		t.Fatal(err)
	}
	return c
}

func want(t testing.TB, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("got error %v, want %v", err, target)
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestSavedAndReadAgain(t *testing.T) {
	for _, p := range []string{"", "open sesame"} {
		m, cfg := vaulttest.Create(t, p, vaulttest.Canonical()...)
		before := content(t, m)
		ok(t, m.Close())
		m = vaulttest.Open(t, cfg)
		want(t, m.Read(nil), vault.ErrLocked)
		if p != "" {
			want(t, m.Unlock(ctx, pass("")), vault.ErrNeedPass)
			want(t, m.Unlock(ctx, pass("open says me")), vault.ErrPassphrase)
		}
		ok(t, m.Unlock(ctx, pass(p)))
		after := content(t, m)
		a, b := before.Accounts(), after.Accounts()
		if len(a) != 6 || len(b) != 6 {
			t.Fatalf("%d and %d accounts", len(a), len(b))
		}
		for i := range a {
			if !a[i].Params.Secret.Equal(b[i].Params.Secret) || !a[i].Params.PIN.Equal(b[i].Params.PIN) {
				t.Errorf("%s: another key", a[i].Issuer)
			}
			a[i].Params.Secret, b[i].Params.Secret = secret.Bytes{}, secret.Bytes{}
			a[i].Params.PIN, b[i].Params.PIN = secret.Bytes{}, secret.Bytes{}
			if !reflect.DeepEqual(a[i], b[i]) {
				t.Errorf("saved %+v\nread  %+v", a[i], b[i])
			}
		}
	}
}

func TestStatus(t *testing.T) {
	ring := vaulttest.NewKeyring()
	cfg := vaulttest.Config(t.TempDir(), ring)
	m := vaulttest.Open(t, cfg)
	check := func(exists, unlocked bool, p keys.Protection) {
		t.Helper()
		s, err := m.Status(ctx)
		ok(t, err)
		if s.Exists != exists || s.Unlocked != unlocked || s.Protection != p {
			t.Errorf("%+v", s)
		}
	}
	check(false, false, "")
	want(t, m.Unlock(ctx, pass("")), vault.ErrAbsent)
	ok(t, m.Create(ctx, pass("")))
	want(t, m.Create(ctx, pass("")), vault.ErrExists)
	check(true, true, keys.ByKeyring)
	want(t, m.Lock(), vault.ErrNoLock)
	ok(t, m.SetPassphrase(ctx, pass(""), pass("p")))
	ok(t, m.Lock())
	check(true, false, keys.ByKeyringAndPassphrase)
	ring.FailAll(keys.ErrNone)
	s, err := m.Status(ctx)
	ok(t, err)
	want(t, s.KeyringErr, vault.ErrNoKeyring)
	want(t, m.Unlock(ctx, pass("p")), vault.ErrNoKeyring)
	ring.FailAll(keys.ErrLocked)
	want(t, m.Unlock(ctx, pass("p")), vault.ErrKeyLocked)
	ring.FailAll(nil)
	ok(t, m.Unlock(ctx, pass("p")))
	ok(t, m.Close())
	want(t, m.Unlock(ctx, pass("p")), vault.ErrClosed)
}

func TestNextHOTP(t *testing.T) {
	m, cfg := vaulttest.Create(t, "", vaulttest.Canonical()...)
	hotp := content(t, m).Accounts()[1]
	first, err := hotp.Params.Code(vaulttest.Epoch)
	ok(t, err)
	code, err := m.NextHOTP(ctx, hotp.ID)
	ok(t, err)
	if code != first {
		t.Errorf("got %s, want %s", code, first)
	}
	other := vaulttest.Open(t, cfg)
	ok(t, other.Unlock(ctx, pass("")))
	a, _ := content(t, other).Account(hotp.ID)
	if a.Params.Counter != hotp.Params.Counter+1 || a.Used.IsZero() {
		t.Errorf("counter %d on disk", a.Params.Counter)
	}
	_, err = m.NextHOTP(ctx, content(t, m).Accounts()[0].ID)
	want(t, err, vault.ErrInvalid)
	_, err = m.NextHOTP(ctx, "nobody")
	want(t, err, vault.ErrNoAccount)
	ok(t, m.Update(ctx, func(v *vault.Vault) error {
		a.Params.Counter = otp.MaxCounter
		return v.Put(a, vaulttest.Epoch)
	}))
	_, err = m.NextHOTP(ctx, hotp.ID)
	want(t, err, vault.ErrInvalid)
}
