package transfer

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/backup"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/transfer/exports"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// Our own export and our own backup, read like those of any other app.
func TestTallystickOwn(t *testing.T) {
	ctx := context.Background()
	m, cfg := vaulttest.Create(t, "", append(vaulttest.Canonical(), vaulttest.Many(40)...)...)
	var gone vault.ID
	if err := m.Update(ctx, func(v *vault.Vault) error {
		a := v.Accounts()[0]
		a.Recovery = recovery.Sheets{{ID: strings.Repeat("ab", 16), Added: vaulttest.Epoch,
			Keys: []recovery.Key{{Text: secret.FromString("aaaa-bbbb")}, {Text: secret.FromString("cccc-dddd"), Used: vaulttest.Epoch}}}}
		gone = v.Accounts()[7].ID
		if err := v.Put(a, vaulttest.Epoch); err != nil {
			return err
		}
		return v.Remove(gone, vaulttest.Epoch)
	}); err != nil {
		t.Fatal(err)
	}
	var v *vault.Vault
	if err := m.Read(func(now *vault.Vault) error { v = now.Clone(); return nil }); err != nil {
		t.Fatal(err)
	}
	export, err := exports.Tallystick.Write(v, exports.Options{Passphrase: secret.FromString("words"), Now: vaulttest.Epoch, Work: 2})
	if err != nil {
		t.Fatal(err)
	}
	k := backup.New(backup.Config{Vault: m, Dir: cfg.Dir, Work: 2})
	if err := k.SetUp(ctx, t.TempDir(), secret.FromString("words")); err != nil {
		t.Fatal(err)
	}
	c, err := k.Make(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"export": export, "backup": readTestFile(t, c.Path)} {
		t.Run(name, func(t *testing.T) {
			im, err := Open(ctx, []File{{Data: data}})
			if err != nil {
				t.Fatal(err)
			}
			if im.Format() != "tallystick" || !im.Encrypted() || im.Cost().Memory != 4096 {
				t.Errorf("%s, %+v", im.Format(), im.Cost())
			}
			if _, err := im.Read(ctx, secret.FromString("word")); !errors.Is(err, ErrPassphrase) {
				t.Errorf("%v", err)
			}
			res, err := im.Read(ctx, secret.FromString("words"))
			if err != nil {
				t.Fatal(err)
			}
			want := append(v.Accounts(), v.Trash()...)
			if len(res.Entries) != len(want) || len(res.Skipped) != 0 || len(res.Warnings) != 1 {
				t.Fatalf("%d entries of %d, %v, %v", len(res.Entries), len(want), res.Skipped, res.Warnings)
			}
			for i, e := range res.Entries {
				a := want[i]
				issuer, called, p := e.Account()
				if issuer != a.Issuer || called != a.Name || p.Kind != a.Params.Kind || !p.Secret.Equal(a.Params.Secret) || !p.PIN.Equal(a.Params.PIN) ||
					p.Algorithm != a.Params.Algorithm || p.Digits != a.Params.Digits || p.Period != a.Params.Period || p.Counter != a.Params.Counter ||
					!slices.Equal(e.Tags, a.Tags) || e.Favourite != a.Favourite || e.Note != a.Note || e.URL != a.URL || e.Archived != (a.ID == gone) {
					t.Errorf("%q came back as another account", a.Issuer)
				}
			}
			if first := res.Entries[0]; len(first.Recovery) != 1 || string(first.Recovery[0].Reveal()) != "aaaa-bbbb" {
				t.Errorf("%d recovery keys", len(first.Recovery))
			}
		})
	}
	// Damage, a newer version, somebody else's file, and a cost that is too high, are four things.
	newer, _ := seal.EncryptPassphrase([]byte(`{"format":9}`), secret.FromString("words"), 2)
	letter, _ := seal.EncryptPassphrase([]byte(`a letter`), secret.FromString("words"), 2)
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"cut": {export[:len(export)-5], ErrDamaged}, "newer": {newer, ErrNewer}, "a letter": {letter, ErrUnknown},
		"costly": {[]byte(strings.Replace(string(export), " 2\n", " 25\n", 1)), ErrTooCostly},
	} {
		im, err := Open(ctx, []File{{Data: c.data}})
		if err == nil {
			_, err = im.Read(ctx, secret.FromString("words"))
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func readTestFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
