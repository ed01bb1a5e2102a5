package backup

import (
	"errors"
	"testing"

	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/secret"
)

// The committed corpus holds files for this key, which protects nothing else.
const fuzzKey = "AGE-SECRET-KEY-PQ-19HNQDCGGQHAWQPVGU6PWFL96MEYNPH8UFFH0NHAL8FFZG6UD3C9SHUTNFF"

// Any bytes as a backup: an error of this package, or content that could be made again. No
// passphrase is tried, for that costs what the file asks for; the key itself opens it.
func FuzzParse(f *testing.F) {
	key, err := seal.ParseKey(secret.FromString(fuzzKey))
	ok(f, err)
	wrapped, err := seal.EncryptPassphrase(key.Secret().Reveal(), pass("p"), cheap)
	ok(f, err)
	inner, err := seal.Encrypt([]byte(`{"format":1,"revision":1,"saved":"2026-01-01T00:00:00.000Z","accounts":[{}]}`), key)
	ok(f, err)
	good, err := build(about{Format: 1, Made: evening, Vault: "x", Key: key.Fingerprint()}, wrapped, inner)
	ok(f, err)
	f.Add("tallystick-backup-1a2b3c4d-20260304T180200Z.zip", good)
	f.Add("", wrapped)
	f.Add("x.zip", good[:len(good)-40])
	f.Add("x.zip", []byte("PK\x05\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add("x.age", []byte("age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 30\n"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if _, named := parseName(name); named {
			c, _ := parseName(name)
			if copyName(c.Vault, c.Made, 1) == "" {
				t.Fatal("a name that cannot be written")
			}
		}
		file, err := Parse(name, data)
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNewer) && !errors.Is(err, ErrNotBackup) {
				t.Fatal(err)
			}
			return
		}
		if file.Memory() <= 0 {
			t.Fatal("a file that costs nothing")
		}
		if file.Export {
			return
		}
		o, err := file.openWith(key)
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNewer) {
				t.Fatal(err)
			}
			return
		}
		o.Wipe()
	})
}
