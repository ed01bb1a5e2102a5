// Package keys is where the secret of this device lives: the keyring of the
// operating system.
//
// Purpose: one small interface over the OS keyrings, whose answers can be acted
// on. "The entry is missing", "the keyring is locked or hangs" and "there is no
// keyring" are three different answers, and none of them is ever a reason to make
// a new key. The keyring behind it is github.com/zalando/go-keyring, which has no
// timeouts and tells its errors apart only in part; both are added here.
//
// Who may import it: vault, app/cli and main (to make the system's keyring), tests.
//
// Concurrency: a Keyring may be used by many goroutines.
//
// Ownership: values that come back belong to the caller, who wipes them; values
// handed in are not kept.
package keys

import (
	"context"
	"errors"

	"github.com/tallystick/tallystick/vault/secret"
)

// Keyring stores small secrets of the person signed in to the computer.
// Implementations are safe for concurrent use and honour ctx.
type Keyring interface {
	// Get returns the value of an account. ErrMissing, ErrLocked, ErrNone.
	Get(ctx context.Context, account string) (secret.Bytes, error)
	// Set stores a value of at most MaxValue bytes, reads it back, and fails with
	// ErrBroken when something else comes back. ErrLocked, ErrNone, ErrTooBig.
	// After an error the keyring may hold the old value, the new one or none.
	Set(ctx context.Context, account string, value secret.Bytes) error
	// Delete removes an account. ErrMissing, ErrLocked, ErrNone.
	Delete(ctx context.Context, account string) error
	// Probe reports whether the keyring would answer now, without asking the
	// person anything: nil, ErrNone, or ErrLocked.
	Probe(ctx context.Context) error
	// Name is for people: "GNOME keyring (Secret Service)", …
	Name() string
}

// Sentinels. None of them carries a value of the keyring.
var (
	ErrMissing = errors.New("keys: not in the keyring")
	ErrLocked  = errors.New("keys: keyring is locked or did not answer in time")
	ErrNone    = errors.New("keys: no keyring on this computer")
	ErrBroken  = errors.New("keys: keyring gave back something else than was stored")
	ErrTooBig  = errors.New("keys: value too big for a keyring")
)

// MaxValue is the most bytes a value may have. Windows holds 2,560 and macOS about
// 3,000 of its own encoding, so this leaves room for both.
const MaxValue = 500

// Protection says what opens the vault.
type Protection string

// The protections there are.
const (
	ByKeyring              Protection = "keyring"
	ByKeyringAndPassphrase Protection = "keyring+passphrase" // app lock
	ByPassphrase           Protection = "passphrase"         // no keyring
)

// NeedsPassphrase reports whether a person has to type something.
func (p Protection) NeedsPassphrase() bool { return p != ByKeyring }
