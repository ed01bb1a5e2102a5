package vault_test

import (
	"fmt"
	"testing"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

func sizes(b *testing.B, run func(b *testing.B, n int)) {
	for _, n := range []int{10, 1_000, 10_000} {
		b.Run(fmt.Sprintf("accounts=%d", n), func(b *testing.B) { run(b, n) })
	}
}

// A whole save: encode, encrypt, write, fsync, read back, decrypt, compare, rename.
func BenchmarkSave(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		m, _ := vaulttest.Create(b, "", vaulttest.Many(n)...)
		id := content(b, m).Accounts()[n/2].ID
		for b.Loop() {
			ok(b, m.Update(ctx, func(v *vault.Vault) error { return v.Touch(id, vaulttest.Epoch) }))
		}
	})
}

// Unlock without KDF: device file, keyring (in memory), read, decrypt, parse.
func BenchmarkUnlock(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		m, _ := vaulttest.Create(b, "", vaulttest.Many(n)...)
		for b.Loop() {
			ok(b, m.Unlock(ctx, secret.Bytes{}))
		}
	})
}

func BenchmarkSameKey(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		v := vaulttest.Vault(b, vaulttest.Many(n)...)
		p := otp.New(otp.TOTP, secret.FromString("a key that is not there"))
		for b.Loop() {
			if len(v.SameKey(p)) != 0 {
				b.Fatal("found")
			}
		}
	})
}

func BenchmarkClone(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		v := vaulttest.Vault(b, vaulttest.Many(n)...)
		for b.Loop() {
			v.Clone()
		}
	})
}

func BenchmarkAccount(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		v := vaulttest.Vault(b, vaulttest.Many(n)...)
		id := v.Accounts()[n/2].ID
		for b.Loop() {
			if _, ok := v.Account(id); !ok {
				b.Fatal("not found")
			}
		}
	})
}
