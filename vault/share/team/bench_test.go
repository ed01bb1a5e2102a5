package team_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/backend"
	"github.com/tallystick/tallystick/vault/share/team"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// BenchmarkLooks measures what a window does after every change: it reads how all shared vaults stand, and what rows show; and what the guard
// of an edit costs.
func BenchmarkLooks(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(fmt.Sprint(n, " accounts"), func(b *testing.B) {
			cfg := vaulttest.Config(b.TempDir(), nil)
			cfg.Now = func() time.Time { return vaulttest.Epoch }
			m := vaulttest.Open(b, cfg)
			if err := m.Create(ctx, secret.Bytes{}); err != nil {
				b.Fatal(err)
			}
			st := &shelf{objects: map[string][]byte{}}
			s := team.New(team.Config{
				Vault: m, Now: cfg.Now, Open: func(store.Location, backend.Access) (store.Store, error) { return st, nil },
			})
			id, err := s.Create(ctx, "Desk", place, share.Person{Name: "Anna"})
			if err != nil {
				b.Fatal(err)
			}
			var list []vault.Account
			for i := range n {
				list = append(list, vault.Account{Issuer: "Portal " + fmt.Sprint(i%50), Name: fmt.Sprint("user ", i), Params: otp.New(otp.TOTP, secret.FromString(fmt.Sprintf("key of twenty bytes %06d", i)))})
			}
			vaulttest.Fill(b, m, list...)
			var ids []vault.ID
			if err := m.Read(func(v *vault.Vault) error {
				for _, a := range v.Accounts() {
					ids = append(ids, a.ID)
				}
				return nil
			}); err != nil {
				b.Fatal(err)
			}
			if _, err := s.Move(ctx, id, ids...); err != nil {
				b.Fatal(err)
			}
			b.Run("badges", func(b *testing.B) {
				for b.Loop() {
					if _, err := s.Badges(); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("list", func(b *testing.B) {
				for b.Loop() {
					if _, err := s.List(); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("guard", func(b *testing.B) {
				change := s.Guard(func(*vault.Vault) error { return nil })
				for b.Loop() {
					if err := m.Read(change); err != nil { // nothing is changed
						b.Fatal(err)
					}
				}
			})
		})
	}
}
