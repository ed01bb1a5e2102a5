package vault_test

import (
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

func sheetOf(t *testing.T, texts ...string) recovery.Sheet {
	t.Helper()
	var d recovery.Draft
	for _, text := range texts {
		d.Keys = append(d.Keys, recovery.Found{Text: secret.FromString(text)})
	}
	d.Origin = recovery.Origin{Service: "Shop", File: "codes.txt"}
	s, err := d.Sheet(vaulttest.Random(7), time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
	ok(t, err)
	return s
}

// Recovery keys of a manual account go to disk and come back, one at a time is spent, and none is spent twice.
func TestRecoveryKeysAreKeptAndSpent(t *testing.T) {
	now := time.Date(2026, 5, 2, 12, 0, 0, 0, time.UTC)
	sheets := recovery.Sheets{sheetOf(t, "aaaa-bbbb", "cccc-dddd")}
	m, cfg := vaulttest.Create(t, "", vault.Account{Issuer: "I", Params: otp.Params{Kind: otp.Manual}, Recovery: sheets})
	id := content(t, m).Accounts()[0].ID
	for _, text := range []string{"aaaa-bbbb", "cccc-dddd", ""} {
		var k recovery.Key
		err := m.Update(ctx, func(v *vault.Vault) (err error) {
			k, err = v.SpendRecoveryKey(id, nil, now)
			return err
		})
		if text == "" {
			want(t, err, recovery.ErrNoneLeft)
			break
		}
		ok(t, err)
		if string(k.Text.Reveal()) != text || !k.Used.Equal(now) {
			t.Errorf("spent %q at %v, want %q", k.Text.Reveal(), k.Used, text)
		}
		ok(t, m.Close())
		m = vaulttest.Open(t, cfg)
		ok(t, m.Unlock(ctx, pass("")))
	}
	a, _ := content(t, m).Account(id)
	if a.Recovery.Left() != 0 || a.Recovery.Total() != 2 || a.Recovery[0].Origin.File != "codes.txt" {
		t.Errorf("read back %d of %d, %+v", a.Recovery.Left(), a.Recovery.Total(), a.Recovery[0].Origin)
	}
	want(t, m.Update(ctx, func(v *vault.Vault) error {
		a, _ := v.Account(id)
		a.Recovery = make(recovery.Sheets, vault.MaxSheets+1)
		return v.Put(a, now)
	}), vault.ErrTooLong)
}
