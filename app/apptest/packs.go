package apptest

import (
	"bytes"
	"io"

	"filippo.io/age"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/pack/shelf"
)

// Shelf returns a shelf for code packs in a directory, beside a vault that has nothing but a key.
func Shelf(dir string) shelf.Shelf {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		panic(err) // no randomness, no tests
	}
	return shelf.Shelf{Dir: dir, Vault: keyOnly{id}}
}

type keyOnly struct{ id *age.HybridIdentity }

func (k keyOnly) Recipient() (string, error) { return k.id.Recipient().String(), nil }

func (k keyOnly) OpenBeside(file []byte) (secret.Bytes, error) {
	r, err := age.Decrypt(bytes.NewReader(file), k.id)
	if err != nil {
		return secret.Bytes{}, vault.ErrDamaged
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return secret.Bytes{}, vault.ErrDamaged
	}
	return secret.New(text), nil
}
