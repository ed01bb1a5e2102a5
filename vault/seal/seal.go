// Package seal turns the content of a vault into the bytes of one file and back.
//
// Purpose: everything about the file on disk that is not about accounts. A vault
// file is one age file (https://age-encryption.org/v1) encrypted to one hybrid,
// post-quantum recipient; its payload is versioned JSON. FORMAT.md beside this
// file and docs/format.md say the same for another implementer. The package also
// holds the passphrase slot: the device key wrapped under Argon2id.
//
// Who may import it: vault and its tests. It imports vault/secret and libraries.
//
// Concurrency: all functions may run at the same time. A Key may be used by many
// goroutines, but Wipe may not run beside another use of it.
//
// Ownership: functions never keep or change what they are given; what they return
// belongs to the caller, who wipes plaintext when done with it.
//
// Everything read is hostile until authenticated: sizes, counts and costs are
// capped before work is spent on them.
package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"

	"github.com/tallystick/tallystick/vault/secret"
)

// MaxFile is the most bytes a vault file may have. 10,000 accounts need about 4 MB.
const MaxFile = 64 << 20

// Sentinels. Each is wrapped by an error that says what exactly is wrong and
// never quotes plaintext or keys.
var (
	// ErrDamaged: the bytes are not what was written: not an age file, cut short,
	// changed, or a payload that is not our JSON.
	ErrDamaged = errors.New("seal: damaged")
	// ErrNewer: written by a later format than this program knows.
	ErrNewer = errors.New("seal: format is newer than this program")
	// ErrTooLarge: over one of the size or count limits.
	ErrTooLarge = errors.New("seal: too large")
	// ErrKey: the key is not a device key of the form this package makes.
	ErrKey = errors.New("seal: not a device key")
	// ErrWrongKey: a well-formed key that does not open this file.
	ErrWrongKey = errors.New("seal: the key does not open this file")
	// ErrPassphrase: the passphrase does not open the slot.
	ErrPassphrase = errors.New("seal: wrong passphrase")
	// ErrKDF: the cost of a passphrase slot is outside the limits.
	ErrKDF = errors.New("seal: KDF cost outside the limits")
)

// Key is the device key that opens a vault file: one age hybrid identity
// (ML-KEM-768 with X25519). It is the only kind used: age does not mix
// post-quantum and classic recipients in one file.
type Key struct {
	identity  *age.HybridIdentity
	recipient *age.HybridRecipient
	text      secret.Bytes
}

// GenerateKey makes a new device key from the system's randomness.
func GenerateKey() (*Key, error) {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return nil, fmt.Errorf("seal: no new key: %w", err)
	}
	return &Key{identity: id, recipient: id.Recipient(), text: secret.FromString(id.String())}, nil
}

// ParseKey reads a device key from its text form, as [Key.Secret] gives it. Space
// around it and lines that begin with # are ignored, as in an age identity file.
// Errors: ErrKey. text is not kept.
func ParseKey(text secret.Bytes) (*Key, error) {
	var line []byte
	for l := range bytes.Lines(text.Reveal()) {
		l = bytes.TrimSpace(l)
		if len(l) == 0 || l[0] == '#' {
			continue
		}
		if line != nil {
			return nil, fmt.Errorf("%w: more than one line", ErrKey)
		}
		line = l
	}
	id, err := age.ParseHybridIdentity(string(line))
	if err != nil {
		// The library's error is left out: it may describe the text it was given.
		return nil, fmt.Errorf("%w: not an AGE-SECRET-KEY-PQ-1 text", ErrKey)
	}
	return &Key{identity: id, recipient: id.Recipient(), text: secret.New(bytes.Clone(line))}, nil
}

// Secret is the text form "AGE-SECRET-KEY-PQ-1…" (under 100 bytes), which the
// stock age tool takes as an identity file. It shares memory with the key.
func (k *Key) Secret() secret.Bytes { return k.text }

// Recipient is the public half, "age1pq1…" (about 1,960 bytes).
func (k *Key) Recipient() string { return k.recipient.String() }

// Fingerprint is the first 16 bytes of the SHA-256 of Recipient, in hex. It is
// public, and tells "another key" from "damaged file".
func (k *Key) Fingerprint() string {
	return k.Public().Fingerprint()
}

// Format prints secret.Redacted under every verb.
func (k *Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, secret.Redacted) }

// Wipe overwrites the text form and drops the rest. age offers no way to
// overwrite an identity, so its memory is only left to the garbage collector.
func (k *Key) Wipe() {
	k.text.Wipe()
	k.identity, k.recipient = nil, nil
}

// Encrypt returns payload as an age file for k.
func Encrypt(payload []byte, k *Key) ([]byte, error) { return encrypt(payload, k.recipient) }

func encrypt(payload []byte, to *age.HybridRecipient) ([]byte, error) {
	var out bytes.Buffer
	// Header under 4 KiB, then 16 bytes of tag per 64 KiB.
	out.Grow(len(payload) + len(payload)/4096 + 4096)
	w, err := age.Encrypt(&out, to)
	if err != nil {
		return nil, fmt.Errorf("seal: encrypt: %w", err)
	}
	if _, err := w.Write(payload); err != nil {
		return nil, fmt.Errorf("seal: encrypt: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("seal: encrypt: %w", err)
	}
	if out.Len() > MaxFile {
		return nil, fmt.Errorf("%w: the file would have %d bytes, at most %d are allowed", ErrTooLarge, out.Len(), MaxFile)
	}
	return out.Bytes(), nil
}

const intro = "age-encryption.org/v1\n"

// Decrypt returns the payload of an age file. All of it is authenticated, or
// none is returned. Errors: ErrTooLarge, ErrDamaged, ErrWrongKey.
//
// A file whose wrapped key was changed and a file made for another key look the
// same here (ErrWrongKey); compare [Key.Fingerprint] to tell them apart.
func Decrypt(file []byte, k *Key) ([]byte, error) {
	if len(file) > MaxFile {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrTooLarge, len(file), MaxFile)
	}
	switch n := min(len(file), len(intro)); {
	case len(file) == 0:
		return nil, fmt.Errorf("%w: the file is empty", ErrDamaged)
	case string(file[:n]) != intro[:n]:
		return nil, fmt.Errorf("%w: it does not begin like an age file", ErrDamaged)
	case n < len(intro):
		return nil, fmt.Errorf("%w: cut short after %d bytes, in its first line", ErrDamaged, len(file))
	}
	// The library's own errors quote header lines of thousands of characters, so
	// they are classified, not shown.
	src := bytes.NewReader(file)
	r, err := age.Decrypt(src, k.identity)
	if err != nil {
		var noMatch *age.NoIdentityMatchError
		switch {
		case errors.As(err, &noMatch):
			return nil, ErrWrongKey
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil, fmt.Errorf("%w: cut short after %d bytes, in its header", ErrDamaged, len(file))
		default:
			return nil, fmt.Errorf("%w: its header was changed", ErrDamaged)
		}
	}
	return readPayload(r, len(file))
}

// readPayload reads what age decrypts of a file of so many bytes.
func readPayload(r io.Reader, size int) ([]byte, error) {
	payload := make([]byte, 0, size)
	for {
		if len(payload) == cap(payload) { // never: a payload is shorter than its file
			return nil, fmt.Errorf("%w: payload longer than its file", ErrDamaged)
		}
		n, err := r.Read(payload[len(payload):cap(payload)])
		payload = payload[:len(payload)+n]
		if err == io.EOF {
			return payload, nil
		}
		if err != nil {
			good := len(payload)
			clear(payload)
			return nil, fmt.Errorf("%w: changed or cut short; of its content the first %d bytes are good", ErrDamaged, good)
		}
	}
}
