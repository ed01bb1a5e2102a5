package vault_test

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

var updateGolden = flag.Bool("update", false, "write testdata/v1 anew; only right before the first release of a format")

const goldenPass = "Zürich 42" // in NFC; the test types it in NFD

// A vault of format 1, as it was written when format 1 was made, opens. These files are
// never written again: a program that fails here has broken somebody's vault.
func TestFormat1(t *testing.T) {
	from := filepath.Join("testdata", "v1")
	ring := vaulttest.NewKeyring()
	ring.FailAll(keys.ErrNone)
	if *updateGolden {
		cfg := vaulttest.Config(t.TempDir(), ring)
		m := vaulttest.Open(t, cfg)
		ok(t, m.Create(ctx, pass(goldenPass)))
		vaulttest.Fill(t, m, vaulttest.Canonical()...)
		ok(t, m.Update(ctx, func(v *vault.Vault) error {
			list := v.Accounts()
			if err := v.Touch(list[0].ID, vaulttest.Epoch.AddDate(0, 1, 0)); err != nil {
				return err
			}
			return v.Remove(list[5].ID, vaulttest.Epoch.AddDate(2000, 0, 0)) // stays in the trash of any test
		}))
		ok(t, os.MkdirAll(from, 0o755))
		for _, name := range []string{vault.VaultFile, vault.DeviceFile} {
			ok(t, os.WriteFile(filepath.Join(from, name), read(t, cfg, name), 0o644))
		}
	}
	cfg := vaulttest.Config(t.TempDir(), ring)
	for _, name := range []string{vault.VaultFile, vault.DeviceFile} {
		b, err := os.ReadFile(filepath.Join(from, name))
		ok(t, err)
		write(t, cfg, name, b)
	}
	m := vaulttest.Open(t, cfg)
	ok(t, m.Unlock(ctx, pass(strings.Replace(goldenPass, "ü", "u\u0308", 1))))
	v := content(t, m)
	live, trash := v.Accounts(), v.Trash()
	if len(live) != 5 || len(trash) != 1 || len(v.Broken()) != 0 {
		t.Fatalf("%d live, %d trashed, %d broken", len(live), len(trash), len(v.Broken()))
	}
	for i, wanted := range vaulttest.Canonical() {
		got := append(live, trash...)[i]
		if !got.Params.Secret.Equal(wanted.Params.Secret) || !got.Params.PIN.Equal(wanted.Params.PIN) || !got.Created.Equal(vaulttest.Epoch) || !got.ID.Valid() {
			t.Errorf("%s: %+v", wanted.Issuer, got)
		}
		if got.Used.IsZero() != (i != 0) || got.Trashed.IsZero() != (i != 5) {
			t.Errorf("%s: used %v, trashed %v", wanted.Issuer, got.Used, got.Trashed)
		}
		for _, a := range []*vault.Account{&got, &wanted} {
			a.ID, a.Created, a.Changed, a.Used, a.Trashed = "", vaulttest.Epoch, vaulttest.Epoch, vaulttest.Epoch, vaulttest.Epoch
			a.Params.Secret, a.Params.PIN = secret.Bytes{}, secret.Bytes{}
		}
		if !reflect.DeepEqual(got, wanted) {
			t.Errorf("got  %+v\nwant %+v", got, wanted)
		}
	}
}
