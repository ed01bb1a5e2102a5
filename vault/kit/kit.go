// Package kit turns the key of a vault into words and a QR code for paper, and back.
//
// Purpose: the form of the recovery kit. The key is an age hybrid identity, which is
// made of 32 bytes; 24 words of the BIP 39 list hold exactly those and a checksum. The
// QR code says the same as the identity itself, so that the stock age tool can open
// the vault with it. The words hold nothing else: which vault they belong to follows
// from the key, whose fingerprint is in the vault's device file and, short, on the
// page. docs/format.md has the details. What a kit opens, and how the key gets back
// into its place, is the business of package vault.
//
// Who may import it: vault, app/model, app/cli, tests. Of ours it imports vault/seal
// and vault/secret.
//
// Concurrency: a Kit may be read from many goroutines; Wipe may not run beside.
//
// Ownership: a Kit owns its key; Wipe it when done. What its methods return belongs to
// the caller, who wipes it. No error holds a word or a part of what was read: words are
// named by their places.
package kit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/secret"
)

// Words is how many words a kit has.
const Words = 24

// What can be wrong with a text that is meant to be a kit.
var (
	// ErrNotKit: neither the words nor the QR code of a kit.
	ErrNotKit = errors.New("kit: not a recovery kit")
	// ErrWord: words that are not in the list. A *WordError says which.
	ErrWord = errors.New("kit: not a word of the list")
	// ErrCount: all words are in the list, but there are more or fewer than Words.
	ErrCount = errors.New("kit: not 24 words")
	// ErrChecksum: 24 words of the list that do not belong together: one was taken for
	// another, or two changed places.
	ErrChecksum = errors.New("kit: the words do not belong together")
	// ErrDamaged: a QR code of a kit whose text was changed or cut.
	ErrDamaged = errors.New("kit: the text of the QR code is damaged")
	// ErrNewer: a QR code of a later form.
	ErrNewer = errors.New("kit: made by a newer version")
)

// WordError is the ErrWord that says where.
type WordError struct{ Places []int } // from 1, ascending

// Error names the places.
func (e *WordError) Error() string { return fmt.Sprintf("%v: at place %v", ErrWord, e.Places) }

// Unwrap gives ErrWord.
func (*WordError) Unwrap() error { return ErrWord }

// CountError is the ErrCount that says how many there were.
type CountError struct{ Words int }

// Error says how many.
func (e *CountError) Error() string { return fmt.Sprintf("%v: %d", ErrCount, e.Words) }

// Unwrap gives ErrCount.
func (*CountError) Unwrap() error { return ErrCount }

// Kit is the recovery kit of one vault. The zero value is none.
type Kit struct {
	seed  secret.Bytes // 32 bytes
	vault string
}

// New makes the kit of the vault that key opens. The key is copied.
// Errors: seal.ErrKey for a key that is not made of 32 bytes.
func New(key *seal.Key) (Kit, error) {
	seed, err := decodeIdentity(key.Secret())
	if err != nil {
		return Kit{}, err
	}
	return Kit{seed: seed, vault: key.Fingerprint()}, nil
}

// fromSeed takes seed over.
func fromSeed(seed secret.Bytes) (Kit, error) {
	k := Kit{seed: seed}
	key, err := k.Key()
	if err != nil {
		seed.Wipe()
		return Kit{}, err
	}
	defer key.Wipe()
	k.vault = key.Fingerprint()
	return k, nil
}

// Key is the key of the vault.
func (k Kit) Key() (*seal.Key, error) {
	text := encodeIdentity(k.seed)
	defer text.Wipe()
	return seal.ParseKey(text)
}

// Vault is the fingerprint of the key: 32 lower-case hex digits, public. Two kits of one
// vault have the same, and no other vault has it.
func (k Kit) Vault() string { return k.vault }

// Short is the first eight digits of Vault as they stand on the page: "1A2B-3C4D".
func (k Kit) Short() string { return Short(k.vault) }

// Short is the short form of a fingerprint.
func Short(fingerprint string) string {
	if len(fingerprint) < 8 {
		return ""
	}
	b := []byte(fingerprint[:8])
	for i, c := range b {
		if c >= 'a' && c <= 'f' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b[:4]) + "-" + string(b[4:])
}

// Check reports whether word is the one at place (from 1 to Words), as tolerant as Parse is.
func (k Kit) Check(place int, word secret.Bytes) bool {
	if place < 1 || place > Words || k.seed.IsEmpty() {
		return false
	}
	typed, wipe := split(word.Reveal())
	defer wipe()
	if len(typed) != 1 {
		return false
	}
	at, ok := lookUp(typed[0])
	numbers := k.numbers()
	defer clear(numbers)
	return ok && at == numbers[place-1]
}

// Places picks n different places (from 1, ascending) to ask for in a rehearsal.
func Places(n int, random io.Reader) ([]int, error) {
	n = min(max(n, 0), Words)
	var places []int
	for len(places) < n {
		var b [8]byte
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return nil, fmt.Errorf("kit: no randomness: %w", err)
		}
		// 2^64 is not a multiple of 24; the difference is beyond noticing.
		place := int(binary.LittleEndian.Uint64(b[:])%Words) + 1
		if !slices.Contains(places, place) {
			places = append(places, place)
		}
	}
	slices.Sort(places)
	return places, nil
}

// Clone returns a kit with memory of its own.
func (k Kit) Clone() Kit { return Kit{seed: k.seed.Clone(), vault: k.vault} }

// Wipe overwrites the key, in every copy of this value.
func (k Kit) Wipe() { k.seed.Wipe() }

// Format prints which vault it is for and never the key, under every verb.
func (k Kit) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "kit of vault "+k.Short()) }
