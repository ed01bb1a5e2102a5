package vault_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// Whatever stands in the place of the lock: it stays there byte for byte, no sheet is added in
// the open beside it, and nothing of it gets into an error.
func FuzzSheetLock(f *testing.F) {
	v := vault.New()
	ok(f, v.SetRecoveryPassphrase(secret.Bytes{}, pass(firstPass), vaulttest.CheapKDF(), vaulttest.KDFFloor, vaulttest.Random(5)))
	text, err := vault.EncodeContent(v, sheetDay)
	ok(f, err)
	_, good, _ := strings.Cut(string(text), `"recovery_lock":`)
	good, _, _ = strings.Cut(good, `,"accounts"`)
	for _, seed := range []string{good, `{}`, `null`, `1`, `[]`, `""`, strings.Replace(good, `"slot":1`, `"slot":9`, 1), strings.Replace(good, `"salt":"`, `"salt":"A`, 1),
		strings.Replace(good, "age1pq1", "age1", 1), `{"recipient":"` + strings.Repeat("age1pq1", 900) + `","slot":{}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		text := `{"format":1,"revision":1,"saved":"2026-03-04T05:06:07.089Z","recovery_lock":` + value + `,"accounts":[]}`
		v, saved, err := vault.DecodeContent([]byte(text))
		if err != nil {
			return // not a payload at all
		}
		if !v.RecoverySealed() {
			t.Fatal("a lock was passed over")
		}
		again, err := vault.EncodeContent(v, saved)
		ok(t, err)
		back, _, err := vault.DecodeContent(again)
		ok(t, err)
		if !back.Equal(v) {
			t.Fatal("the lock did not come back")
		}
		s := recovery.Sheet{ID: strings.Repeat("a", 32), Keys: []recovery.Key{{Text: secret.FromString(liveKeys[0])}}}
		a, err := v.Add(vault.Account{Params: otp.Params{Kind: otp.Manual}, Recovery: recovery.Sheets{s}}, vaulttest.Random(3), sheetDay)
		switch {
		case err == nil && !a.Recovery[0].IsSealed():
			t.Fatal("a sheet got in in the open")
		case err != nil && (strings.Contains(fmt.Sprint(err), liveKeys[0]) || len(value) > 40 && strings.Contains(fmt.Sprint(err), value)):
			t.Fatalf("said %v", err)
		}
	})
}
