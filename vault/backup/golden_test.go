package backup

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

var update = flag.Bool("update", false, "write the backup of today's format anew; never do that to one that was released")

// testdata/v1 holds a backup and an export of format 1 that every later program has to open.
// The passphrase is "correct horse battery staple"; the cost is next to nothing.
func TestFormat1Opens(t *testing.T) {
	dir := filepath.Join("testdata", "v1")
	want := vault.New()
	random := vaulttest.Random(1)
	for _, a := range vaulttest.Canonical() {
		_, err := want.Add(a, random, vaulttest.Epoch)
		ok(t, err)
	}
	names := []string{"tallystick-backup-1a2b3c4d-20260304T180200Z.zip", "export.age"}
	if *update {
		ok(t, os.MkdirAll(dir, 0o755))
		text, err := vault.EncodeContent(want, evening)
		ok(t, err)
		key, err := seal.GenerateKey()
		ok(t, err)
		wrapped, err := seal.EncryptPassphrase(key.Secret().Reveal(), pass("correct horse battery staple"), cheap)
		ok(t, err)
		inner, err := seal.Encrypt(text, key)
		ok(t, err)
		file, err := build(about{Format: Format, Made: evening, Vault: "1a2b3c4d00000000000000000000ffff", Key: key.Fingerprint(), Accounts: 6}, wrapped, inner)
		ok(t, err)
		ok(t, os.WriteFile(filepath.Join(dir, names[0]), file, 0o644))
		export, err := seal.EncryptPassphrase(text, pass("correct horse battery staple"), cheap)
		ok(t, err)
		ok(t, os.WriteFile(filepath.Join(dir, names[1]), export, 0o644))
	}
	for _, name := range names {
		f, err := ReadFile(filepath.Join(dir, name))
		ok(t, err)
		o, err := f.Open(pass("correct horse battery staple"))
		ok(t, err)
		if !o.Vault.Equal(want) || !o.Saved.Equal(evening) {
			t.Errorf("%s opens as something else", name)
		}
	}
}

// A backup of 10,000 accounts: encrypted, written, synced, and opened again twice.
func BenchmarkMake10000(b *testing.B) {
	m, cfg := vaulttest.Create(b, "", vaulttest.Many(10_000)...)
	k := New(Config{Vault: m, Dir: cfg.Dir, Work: cheap})
	ok(b, k.SetUp(ctx, b.TempDir(), pass("p")))
	for b.Loop() {
		if _, err := k.Make(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

// What a person waits for at SetUp and Restore: the usual cost of the passphrase.
func BenchmarkPassphrase(b *testing.B) {
	m, cfg := vaulttest.Create(b, "", vaulttest.Canonical()...)
	k := New(Config{Vault: m, Dir: cfg.Dir})
	folder := b.TempDir()
	ok(b, k.SetUp(ctx, folder, pass("p")))
	c, err := k.Make(ctx)
	ok(b, err)
	for b.Loop() {
		f, err := ReadFile(c.Path)
		ok(b, err)
		if _, err := f.Open(pass("p")); err != nil {
			b.Fatal(err)
		}
	}
}
