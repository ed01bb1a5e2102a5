package recovery

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/tallystick/tallystick/vault/secret"
)

// A sealed sheet says how many keys it has, which of them are used and when, and
// holds their texts encrypted in one box. How it is encrypted is the business of
// whoever calls Seal and Open; docs/format.md describes what is in it.

// maxSealed is the most bytes of a box: all the text a sheet may hold, as JSON, and
// a header.
const maxSealed = 1 << 20

// sealedPad is what the content of a box is filled up to a multiple of with spaces, so
// that its length tells little about the keys.
const sealedPad = 256

// sealed is the content of a box.
type sealed struct {
	Sheet string   `json:"sheet"` // the sheet's id, so that a box belongs to one sheet only
	Keys  []string `json:"keys"`
}

// IsSealed reports whether the texts of the keys are encrypted.
func (s Sheet) IsSealed() bool { return len(s.Sealed) > 0 }

// validSealed holds what can be seen of a sealed sheet against the limits.
func (s Sheet) validSealed() error {
	if len(s.Sealed) > maxSealed {
		return fmt.Errorf("%w: its box has %d bytes", ErrInvalid, len(s.Sealed))
	}
	for i, k := range s.Keys {
		if !k.Text.IsEmpty() {
			return fmt.Errorf("%w: key %d of a sealed sheet is in the open", ErrInvalid, i+1)
		}
	}
	return nil
}

// Seal returns a copy of the sheet whose texts encrypt has put away. One that is
// sealed already is only copied. Fails with ErrInvalid, and as encrypt does.
func (s Sheet) Seal(encrypt func([]byte) ([]byte, error)) (Sheet, error) {
	if s.IsSealed() {
		return s.Clone(), nil
	}
	if err := s.Validate(); err != nil {
		return Sheet{}, err
	}
	content := sealed{Sheet: s.ID, Keys: make([]string, len(s.Keys))}
	out := s
	out.Keys = make([]Key, len(s.Keys))
	for i, k := range s.Keys {
		if !utf8.Valid(k.Text.Reveal()) { // JSON would change it
			return Sheet{}, fmt.Errorf("%w: key %d is not text", ErrInvalid, i+1)
		}
		content.Keys[i] = string(k.Text.Reveal())
		out.Keys[i] = Key{Used: k.Used}
	}
	text, err := json.Marshal(content)
	if err != nil {
		return Sheet{}, fmt.Errorf("%w: its keys cannot be written", ErrInvalid)
	}
	defer clear(text)
	padded := make([]byte, (len(text)+sealedPad-1)/sealedPad*sealedPad)
	defer clear(padded)
	for i := copy(padded, text); i < len(padded); i++ {
		padded[i] = ' '
	}
	if out.Sealed, err = encrypt(padded); err != nil {
		return Sheet{}, err
	}
	return out, out.Validate()
}

// Open returns a copy of the sheet with the texts of its keys, taken out of the box by
// decrypt; the caller wipes it. One that is not sealed is only copied. Fails with
// ErrInvalid when the box belongs to another sheet or is not what Seal made, and as
// decrypt does.
func (s Sheet) Open(decrypt func([]byte) ([]byte, error)) (Sheet, error) {
	if !s.IsSealed() {
		return s.Clone(), nil
	}
	text, err := decrypt(s.Sealed)
	if err != nil {
		return Sheet{}, err
	}
	defer clear(text)
	var content sealed
	if json.Unmarshal(text, &content) != nil { // its own error would quote keys
		return Sheet{}, fmt.Errorf("%w: its box does not hold keys", ErrInvalid)
	}
	if content.Sheet != s.ID || len(content.Keys) != len(s.Keys) {
		return Sheet{}, fmt.Errorf("%w: its box belongs to another sheet", ErrInvalid)
	}
	out := s
	out.Sealed, out.Keys = nil, make([]Key, len(s.Keys))
	for i, k := range s.Keys {
		out.Keys[i] = Key{Text: secret.FromString(content.Keys[i]), Used: k.Used}
	}
	if err := out.Validate(); err != nil {
		out.Wipe()
		return Sheet{}, err
	}
	return out, nil
}
