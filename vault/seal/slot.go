package seal

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/tallystick/tallystick/vault/secret"
)

// SlotFormat is the version of the passphrase slot.
const SlotFormat = 1

// MaxSlot is the most bytes a slot's text may have. What this package writes is
// under 400, for the smallest keyrings hold little.
const MaxSlot = 2048

// Use says where a slot lies and what it is for. It is bound into the slot, so that
// one cannot be moved to another place.
type Use string

// Where slots lie.
const (
	// InKeyring: both the keyring and the passphrase are needed (app lock).
	InKeyring Use = "keyring"
	// OnDisk: in device.json; the passphrase alone opens it.
	OnDisk Use = "disk"
	// ForRecovery: in the vault itself, around the key that opens its recovery keys.
	ForRecovery Use = "recovery"
)

// Context is what a slot belongs to. A slot does not open in any other context.
type Context struct {
	Device string // the device id, 32 lower-case hex digits; with ForRecovery the fingerprint of the wrapped key
	Use    Use
}

// Slot is a device key wrapped under a passphrase: Argon2id over the passphrase in
// NFKC gives the key of an XChaCha20-Poly1305 box. Everything but the box's
// content is public; all of it, and the Context, is authenticated with the box.
type Slot struct {
	KDF   KDF
	Salt  [16]byte
	Nonce [chacha20poly1305.NonceSizeX]byte
	Box   []byte // 16 bytes longer than what is in it
}

// slotJSON is the text form.
type slotJSON struct {
	Format int    `json:"slot"`
	KDF    string `json:"kdf"`
	Memory uint32 `json:"memory_kib"`
	Time   uint32 `json:"time"`
	Lanes  uint8  `json:"threads"`
	Norm   string `json:"norm"`
	Salt   []byte `json:"salt"`
	Nonce  []byte `json:"nonce"`
	Box    []byte `json:"box"`
}

const (
	kdfName  = "argon2id"
	normName = "nfkc"
)

// Wrap puts value under a passphrase. random gives salt and nonce. floorKiB is as in
// [KDF.Validate]. Errors: ErrKDF, ErrTooLarge, ErrPassphrase for an empty one.
func Wrap(value, passphrase secret.Bytes, k KDF, floorKiB uint32, c Context, random io.Reader) (Slot, error) {
	s := Slot{KDF: k}
	if err := k.Validate(floorKiB); err != nil {
		return s, err
	}
	if err := checkPassphrase(passphrase); err != nil {
		return s, err
	}
	if value.Len() > MaxSlot/2 {
		return s, fmt.Errorf("%w: %d bytes do not go into a slot", ErrTooLarge, value.Len())
	}
	if _, err := io.ReadFull(random, s.Salt[:]); err != nil {
		return s, fmt.Errorf("seal: no randomness: %w", err)
	}
	if _, err := io.ReadFull(random, s.Nonce[:]); err != nil {
		return s, fmt.Errorf("seal: no randomness: %w", err)
	}
	key := derive(passphrase, s.Salt[:], k)
	defer key.Wipe()
	aead, err := chacha20poly1305.NewX(key.Reveal())
	if err != nil {
		return s, fmt.Errorf("seal: %w", err)
	}
	s.Box = aead.Seal(nil, s.Nonce[:], value.Reveal(), s.bound(c))
	return s, nil
}

// Unwrap returns what Wrap was given. The cost is checked before anything is spent.
// Errors: ErrKDF, ErrPassphrase (also when the slot belongs to another context or was
// changed: the box cannot tell).
func (s Slot) Unwrap(passphrase secret.Bytes, floorKiB uint32, c Context) (secret.Bytes, error) {
	if err := s.KDF.Validate(floorKiB); err != nil {
		return secret.Bytes{}, err
	}
	if err := checkPassphrase(passphrase); err != nil {
		return secret.Bytes{}, err
	}
	key := derive(passphrase, s.Salt[:], s.KDF)
	defer key.Wipe()
	aead, err := chacha20poly1305.NewX(key.Reveal())
	if err != nil {
		return secret.Bytes{}, fmt.Errorf("seal: %w", err)
	}
	value, err := aead.Open(nil, s.Nonce[:], s.Box, s.bound(c))
	if err != nil {
		return secret.Bytes{}, ErrPassphrase
	}
	return secret.New(value), nil
}

func checkPassphrase(p secret.Bytes) error {
	if p.IsEmpty() {
		return fmt.Errorf("%w: it is empty", ErrPassphrase)
	}
	if p.Len() > MaxPassphrase {
		return fmt.Errorf("%w: a passphrase has at most %d bytes", ErrTooLarge, MaxPassphrase)
	}
	return nil
}

// bound is the associated data of the box: every public fact, one per line.
func (s Slot) bound(c Context) []byte {
	return []byte(strings.Join([]string{
		"tallystick passphrase slot " + strconv.Itoa(SlotFormat),
		c.Device,
		string(c.Use),
		kdfName,
		strconv.FormatUint(uint64(s.KDF.MemoryKiB), 10),
		strconv.FormatUint(uint64(s.KDF.Time), 10),
		strconv.FormatUint(uint64(s.KDF.Threads), 10),
		normName,
		base64.StdEncoding.EncodeToString(s.Salt[:]),
		"",
	}, "\n"))
}

// IsSlot reports whether a text from the keyring is meant to be a slot, not a bare key.
func IsSlot(text []byte) bool { return len(text) > 0 && text[0] == '{' }

// MarshalJSON writes the text form: one line, under 400 bytes for a device key.
func (s Slot) MarshalJSON() ([]byte, error) {
	return json.Marshal(slotJSON{SlotFormat, kdfName, s.KDF.MemoryKiB, s.KDF.Time, s.KDF.Threads,
		normName, s.Salt[:], s.Nonce[:], s.Box})
}

// UnmarshalJSON reads the text form. It checks shapes; the cost is checked by
// Unwrap. Errors: ErrDamaged, ErrNewer, ErrTooLarge.
func (s *Slot) UnmarshalJSON(text []byte) error {
	if len(text) > MaxSlot {
		return fmt.Errorf("%w: a slot has at most %d bytes", ErrTooLarge, MaxSlot)
	}
	var version struct {
		Format int `json:"slot"`
	}
	if err := json.Unmarshal(text, &version); err != nil {
		return damaged("the passphrase slot is not JSON")
	}
	if version.Format > SlotFormat {
		return fmt.Errorf("%w: the passphrase slot has format %d, this program knows %d", ErrNewer, version.Format, SlotFormat)
	}
	var j slotJSON
	if err := strict(text, &j); err != nil {
		return damaged("the passphrase slot is not what was written")
	}
	switch {
	case j.Format != SlotFormat, j.KDF != kdfName, j.Norm != normName:
		return damaged("the passphrase slot names no known method")
	case len(j.Salt) != len(s.Salt), len(j.Nonce) != len(s.Nonce), len(j.Box) <= chacha20poly1305.Overhead:
		return damaged("the passphrase slot has parts of a wrong length")
	}
	*s = Slot{KDF: KDF{j.Memory, j.Time, j.Lanes}, Salt: [16]byte(j.Salt),
		Nonce: [chacha20poly1305.NonceSizeX]byte(j.Nonce), Box: j.Box}
	return nil
}

// strict decodes one JSON value and nothing after it, without unknown members.
func strict(text []byte, into any) error {
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("more after the value")
	}
	return nil
}
