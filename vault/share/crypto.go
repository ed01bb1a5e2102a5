package share

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"

	"github.com/tallystick/tallystick/vault/secret"
)

// Crypto is everything done with keys. [Age] is the one that is used; a test that plays a hundred thousand synchronisations has a
// cheap one. Implementations may be used by many goroutines at once.
type Crypto interface {
	// NewIdentity makes a key that opens, in its text form.
	NewIdentity() (secret.Bytes, error)
	// Recipient is the public half of an identity, in its text form. ErrFormat.
	Recipient(identity secret.Bytes) (string, error)
	// Seal encrypts to one recipient. ErrFormat.
	Seal(recipient string, plain []byte) ([]byte, error)
	// Open decrypts, all or nothing. ErrForeign: made for another key, or changed.
	Open(identity secret.Bytes, sealed []byte) ([]byte, error)
	// NewSigner makes a key that signs: 32 bytes of seed.
	NewSigner() (secret.Bytes, error)
	// Public is the public half of a signing key, 32 bytes. ErrFormat.
	Public(signer secret.Bytes) ([]byte, error)
	// Sign signs a message: 64 bytes. ErrFormat.
	Sign(signer secret.Bytes, message []byte) ([]byte, error)
	// Verify reports whether a signature fits.
	Verify(public, message, signature []byte) bool
}

// Age is age's hybrid, post-quantum kind of key (ML-KEM-768 with X25519) and Ed25519 (RFC 8032). Keys come from the system's randomness.
type Age struct{}

var _ Crypto = Age{}

// NewIdentity makes an AGE-SECRET-KEY-PQ-1… text.
func (Age) NewIdentity() (secret.Bytes, error) {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return secret.Bytes{}, fmt.Errorf("share: no new key: %w", err)
	}
	return secret.FromString(id.String()), nil
}

// Recipient is an age1pq1… text.
func (Age) Recipient(identity secret.Bytes) (string, error) {
	id, err := age.ParseHybridIdentity(string(identity.Reveal()))
	if err != nil { // the library's error may quote the key
		return "", fmt.Errorf("%w: a key that opens", ErrFormat)
	}
	return id.Recipient().String(), nil
}

// Seal writes a binary age v1 file.
func (Age) Seal(recipient string, plain []byte) ([]byte, error) {
	r, err := age.ParseHybridRecipient(recipient)
	if err != nil {
		return nil, fmt.Errorf("%w: a key to encrypt for", ErrFormat)
	}
	var out bytes.Buffer
	out.Grow(len(plain) + len(plain)/4096 + 2048)
	w, err := age.Encrypt(&out, r)
	if err != nil {
		return nil, fmt.Errorf("share: encrypt: %w", err)
	}
	if _, err := w.Write(plain); err != nil {
		return nil, fmt.Errorf("share: encrypt: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("share: encrypt: %w", err)
	}
	return out.Bytes(), nil
}

// Open reads a binary age v1 file.
func (Age) Open(identity secret.Bytes, sealed []byte) ([]byte, error) {
	id, err := age.ParseHybridIdentity(string(identity.Reveal()))
	if err != nil {
		return nil, fmt.Errorf("%w: a key that opens", ErrFormat)
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), id)
	if err != nil { // the library's errors quote long header lines
		return nil, ErrForeign
	}
	var plain bytes.Buffer
	plain.Grow(len(sealed))
	if _, err := io.Copy(&plain, r); err != nil {
		clear(plain.Bytes())
		return nil, ErrForeign
	}
	return plain.Bytes(), nil
}

// NewSigner makes an Ed25519 seed.
func (Age) NewSigner() (secret.Bytes, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(rand.Reader, seed); err != nil {
		return secret.Bytes{}, fmt.Errorf("share: no randomness: %w", err)
	}
	return secret.New(seed), nil
}

// Public is the Ed25519 public key of a seed.
func (Age) Public(signer secret.Bytes) ([]byte, error) {
	if signer.Len() != ed25519.SeedSize {
		return nil, fmt.Errorf("%w: a key that signs", ErrFormat)
	}
	return ed25519.NewKeyFromSeed(signer.Reveal()).Public().(ed25519.PublicKey), nil
}

// Sign signs with Ed25519.
func (Age) Sign(signer secret.Bytes, message []byte) ([]byte, error) {
	if signer.Len() != ed25519.SeedSize {
		return nil, fmt.Errorf("%w: a key that signs", ErrFormat)
	}
	return ed25519.Sign(ed25519.NewKeyFromSeed(signer.Reveal()), message), nil
}

// Verify checks an Ed25519 signature.
func (Age) Verify(public, message, signature []byte) bool {
	return len(public) == ed25519.PublicKeySize && ed25519.Verify(public, message, signature)
}

// deviceOf derives the pseudonym of a device from its public keys.
func deviceOf(public []byte, recipient string) DeviceID {
	h := sha256.New()
	_, _ = io.WriteString(h, "tallystick share device 1\n")
	h.Write(public)
	_, _ = io.WriteString(h, recipient)
	return DeviceID(hex.EncodeToString(h.Sum(nil)[:8]))
}

// What is signed begins with a line that says what it is, so that nothing signed as one thing is ever taken for another.
const (
	signedEntry        = "tallystick share entry 1\n"
	signedContribution = "tallystick share contribution 1\n"
	signedKeys         = "tallystick share keys 1\n"
	signedRequest      = "tallystick share request 1\n"
)

var errSignatureLine = errors.New("no signature line")

// sign puts the line of the signature before a body: base64 of 64 bytes, a line feed.
func sign(c Crypto, signer secret.Bytes, what string, body []byte) ([]byte, error) {
	sig, err := c.Sign(signer, append([]byte(what), body...))
	if err != nil {
		return nil, err
	}
	out := base64.StdEncoding.AppendEncode(make([]byte, 0, len(body)+96), sig)
	return append(append(out, '\n'), body...), nil
}

// split takes signature and body apart.
func split(signed []byte) (sig, body []byte, err error) {
	line, body, ok := bytes.Cut(signed, []byte{'\n'})
	if !ok || len(line) != base64.StdEncoding.EncodedLen(ed25519.SignatureSize) {
		return nil, nil, fmt.Errorf("%w: %w", ErrFormat, errSignatureLine)
	}
	sig = make([]byte, base64.StdEncoding.DecodedLen(len(line)))
	n, err := base64.StdEncoding.Strict().Decode(sig, line)
	if err != nil || n != ed25519.SignatureSize {
		return nil, nil, fmt.Errorf("%w: %w", ErrFormat, errSignatureLine)
	}
	return sig[:n], body, nil
}
