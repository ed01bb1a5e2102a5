package transfer

import (
	"context"
	"crypto/pbkdf2"
	"errors"
	"fmt"
	"hash"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/scrypt"

	"github.com/tallystick/tallystick/vault/secret"
)

// Limits of a key derivation's work, next to MaxMemory. The dearest real files are those of ente, which ask for 4 passes over 1 GiB,
// or for less memory and as many more passes.
const (
	maxRounds  = 10_000_000 // of PBKDF2, and of AES in a KeePass file
	maxPasses  = 16 << 20   // KiB × passes of Argon2
	maxLanes   = 64
	maxScryptP = 16
)

// derivation is a key derivation that a file asks for. Its cost was checked when it was made.
type derivation struct {
	cost Cost
	run  func(passphrase []byte) []byte
}

// pbkdf2Of is PBKDF2 with an HMAC (RFC 8018). size is in bytes. Fails with ErrTooCostly and ErrDamaged.
func pbkdf2Of(h func() hash.Hash, salt []byte, rounds int64, size int) (derivation, error) {
	switch {
	case rounds > maxRounds:
		return derivation{}, fmt.Errorf("%w: %d rounds, at most %d are allowed", ErrTooCostly, rounds, maxRounds)
	case rounds < 1:
		return derivation{}, fmt.Errorf("%w: %d rounds to derive the key", ErrDamaged, rounds)
	}
	return derivation{Cost{Iterations: rounds}, func(passphrase []byte) []byte {
		key, err := pbkdf2.Key(h, string(passphrase), salt, int(rounds), size)
		if err != nil { // only in FIPS mode, for what FIPS forbids
			return nil
		}
		return key
	}}, nil
}

// argon2id is Argon2id (RFC 9106). memory is in KiB. Fails with ErrTooCostly and ErrDamaged.
func argon2id(salt []byte, passes, memory, lanes int64, size uint32) (derivation, error) {
	switch {
	case memory > MaxMemory>>10:
		return derivation{}, fmt.Errorf("%w: %d MiB of memory, at most %d are allowed", ErrTooCostly, memory>>10, MaxMemory>>20)
	case passes < 1, memory < 1, lanes < 1:
		return derivation{}, fmt.Errorf("%w: the settings to derive the key are impossible", ErrDamaged)
	case passes > maxPasses, passes*memory > maxPasses, lanes > maxLanes:
		return derivation{}, fmt.Errorf("%w: %d passes over %d MiB", ErrTooCostly, passes, memory>>10)
	}
	return derivation{Cost{Memory: memory << 10, Iterations: passes}, func(passphrase []byte) []byte {
		return argon2.IDKey(passphrase, salt, uint32(passes), uint32(memory), uint8(lanes), size)
	}}, nil
}

// scryptOf is scrypt (RFC 7914). Fails with ErrTooCostly and ErrDamaged.
func scryptOf(salt []byte, n, r, p int64, size int) (derivation, error) {
	switch {
	case n < 2, n&(n-1) != 0, r < 1, p < 1:
		return derivation{}, fmt.Errorf("%w: the settings to derive the key are impossible", ErrDamaged)
	case r > 1<<10, p > maxScryptP, n > MaxMemory/(128*r):
		return derivation{}, fmt.Errorf("%w: scrypt with n=%d, r=%d, p=%d", ErrTooCostly, n, r, p)
	}
	return derivation{Cost{Memory: 128 * n * r, Iterations: p}, func(passphrase []byte) []byte {
		key, err := scrypt.Key(passphrase, salt, int(n), int(r), int(p), size)
		if err != nil { // impossible settings, and they were checked
			return nil
		}
		return key
	}}, nil
}

// key derives the key. When ctx ends it returns at once with the context's error; the derivation, which cannot be
// broken off, runs on alone and its key is wiped.
func (d derivation) key(ctx context.Context, passphrase secret.Bytes) (secret.Bytes, error) {
	return d.keyOf(ctx, passphrase.Reveal())
}

// keyOf is key for a passphrase in a form that only this file has. The bytes stay the caller's.
func (d derivation) keyOf(ctx context.Context, passphrase []byte) (secret.Bytes, error) {
	if err := ctx.Err(); err != nil {
		return secret.Bytes{}, err
	}
	text := append([]byte(nil), passphrase...) // the caller may wipe its own while this still runs
	result := make(chan []byte, 1)
	go func() {
		defer clear(text)
		result <- d.run(text)
	}()
	select {
	case key := <-result:
		if key == nil {
			return secret.Bytes{}, fmt.Errorf("%w: the key cannot be derived", ErrDamaged)
		}
		return secret.New(key), nil
	case <-ctx.Done():
		go func() { clear(<-result) }()
		return secret.Bytes{}, ctx.Err()
	}
}

// errSealed is what decrypting gives when the key is wrong or the content was changed: mostly nobody can tell which.
var errSealed = errors.New("transfer: does not decrypt")
