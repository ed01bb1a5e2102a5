package vault

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/seal"
)

// Sentinels. Where a cause lies in vault/otp, vault/seal or vault/keys, its sentinel
// is wrapped as well.
var (
	ErrNoAccount  = errors.New("vault: no such account")
	ErrInvalid    = errors.New("vault: account is not valid") // wraps the otp sentinel
	ErrTooMany    = errors.New("vault: too many accounts")
	ErrTooLong    = errors.New("vault: text too long")
	ErrLocked     = errors.New("vault: locked")
	ErrClosed     = errors.New("vault: closed")
	ErrAbsent     = errors.New("vault: no vault here")
	ErrExists     = errors.New("vault: there is a vault here already")
	ErrPassphrase = errors.New("vault: wrong passphrase")
	ErrNeedPass   = errors.New("vault: a passphrase is needed")
	ErrNoLock     = errors.New("vault: no passphrase is set, there is nothing to lock with")
	ErrDamaged    = errors.New("vault: file is damaged") // see Damage
	ErrNewer      = errors.New("vault: made by a newer version of Tallystick")
	ErrKeyMissing = errors.New("vault: the key is not in the keyring")
	ErrKeyLocked  = errors.New("vault: the keyring is locked or did not answer")
	ErrNoKeyring  = errors.New("vault: there is no keyring")
	ErrBusy       = errors.New("vault: another program is using the vault")
	ErrSave       = errors.New("vault: could not save")

	// ErrRecoverySealed: the recovery keys are sealed under a passphrase of their own, and
	// it was not given, or another one was set meanwhile.
	ErrRecoverySealed = errors.New("vault: the recovery keys are sealed")
	// ErrNoRecoveryLock: no passphrase is set for the recovery keys.
	ErrNoRecoveryLock = errors.New("vault: no passphrase is set for the recovery keys")
	// ErrOlderUnsealed: the change is made in the vault, but not in every older copy of it.
	ErrOlderUnsealed = errors.New("vault: an older copy could not be changed")
)

// Damage is the ErrDamaged that says what is wrong and what is left to go back to.
type Damage struct {
	File  string       // base name of the file
	What  string       // what is wrong with it
	Older []Generation // copies to restore from, newest first; they are not known to open
	Cause error        // may be nil
}

// Error says all of it in one line.
func (d *Damage) Error() string {
	s := fmt.Sprintf("%v: %s: %s", ErrDamaged, d.File, d.What)
	switch len(d.Older) {
	case 0:
		return s + "; there is no older copy"
	case 1:
		return s + "; there is one older copy, of " + d.Older[0].Saved.Format("2006-01-02 15:04:05 UTC")
	}
	return s + fmt.Sprintf("; there are %d older copies, the newest of %s", len(d.Older), d.Older[0].Saved.Format("2006-01-02 15:04:05 UTC"))
}

// Unwrap gives ErrDamaged and the cause.
func (d *Damage) Unwrap() []error {
	if d.Cause == nil {
		return []error{ErrDamaged}
	}
	return []error{ErrDamaged, d.Cause}
}

// keyError puts our sentinel around an answer of the keyring.
func keyError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, keys.ErrMissing):
		return fmt.Errorf("%w: %w", ErrKeyMissing, err)
	case errors.Is(err, keys.ErrNone), errors.Is(err, keys.ErrBroken), errors.Is(err, keys.ErrTooBig):
		// A keyring that does not keep what it is given is as good as none.
		return fmt.Errorf("%w: %w", ErrNoKeyring, err)
	default:
		return fmt.Errorf("%w: %w", ErrKeyLocked, err)
	}
}

// slotError puts our sentinel around an error of a passphrase slot.
func slotError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, seal.ErrPassphrase):
		return fmt.Errorf("%w: %w", ErrPassphrase, err)
	case errors.Is(err, seal.ErrTooLarge):
		return fmt.Errorf("%w: %w", ErrTooLong, err)
	case errors.Is(err, seal.ErrKDF):
		return fmt.Errorf("%w: %w", ErrDamaged, err) // nothing of ours wrote such a cost
	}
	return err
}

// busy says that waiting for a lock ended without it.
func busy(ctx context.Context) error { return fmt.Errorf("%w: %w", ErrBusy, context.Cause(ctx)) }

func saveError(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %s: %w", ErrSave, doing, err)
}

// reason is the text of a seal error without the sentinel in front, for a Damage.
func reason(err error) string { return strings.TrimPrefix(err.Error(), seal.ErrDamaged.Error()+": ") }
