package vault_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

func keyNamed(n int) otp.Params {
	return otp.New(otp.TOTP, secret.FromString(fmt.Sprintf("key number %02d of this account", n)))
}

// Enrolling seven times keeps the five keys before the last, on disk too, and any of them comes back.
func TestHistoryIsFiveDeepAndRestorable(t *testing.T) {
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	m, cfg := vaulttest.Create(t, "", vault.Account{Issuer: "I", Params: keyNamed(0), Portal: "yeastar", Pending: vault.PendingProof})
	id := content(t, m).Accounts()[0].ID
	for n := 1; n <= 6; n++ {
		ok(t, m.Update(ctx, func(v *vault.Vault) error {
			a, _ := v.Account(id)
			a.Retire(at.Add(time.Duration(n) * time.Hour))
			a.Params = keyNamed(n)
			a.Pending = vault.PendingRecovery
			return v.Put(a, at)
		}))
	}
	ok(t, m.Close())
	m = vaulttest.Open(t, cfg)
	ok(t, m.Unlock(ctx, pass("")))
	a, _ := content(t, m).Account(id)
	if !a.Params.Same(keyNamed(6)) || a.Portal != "yeastar" || a.Pending != vault.PendingRecovery || len(a.History) != vault.MaxHistory {
		t.Fatalf("read back %+v", a)
	}
	for i, r := range a.History {
		if !r.Params.Same(keyNamed(5-i)) || !r.Retired.Equal(at.Add(time.Duration(6-i)*time.Hour)) {
			t.Errorf("history %d is %+v", i, r)
		}
	}
	ok(t, m.Update(ctx, func(v *vault.Vault) error { return v.RestoreKey(id, 2, at) }))
	a, _ = content(t, m).Account(id)
	if !a.Params.Same(keyNamed(3)) || !a.History[0].Params.Same(keyNamed(6)) || len(a.History) != vault.MaxHistory {
		t.Errorf("after restoring the third: %+v", a)
	}
	want(t, m.Update(ctx, func(v *vault.Vault) error { return v.RestoreKey(id, 9, at) }), vault.ErrInvalid)
	want(t, m.Update(ctx, func(v *vault.Vault) error {
		a, _ := v.Account(id)
		a.Pending = "half"
		return v.Put(a, at)
	}), vault.ErrInvalid)
}

// A manual account has no key to remember, and a clone shares no memory.
func TestRetireAndClone(t *testing.T) {
	a := vault.Account{Params: otp.Params{Kind: otp.Manual}}
	a.Retire(time.Now())
	if len(a.History) != 0 {
		t.Error("a manual account got a history")
	}
	a.Params = keyNamed(1)
	a.Retire(time.Now())
	c := a.Clone()
	a.History[0].Params.Secret.Wipe()
	if !c.History[0].Params.Same(keyNamed(1)) {
		t.Error("the clone lost its history with the original")
	}
}
