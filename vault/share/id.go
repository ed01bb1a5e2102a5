package share

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// Errors of this package. What comes from the storage is wrapped as it is, see vault/share/store.
var (
	// ErrFormat says that a text is not what this package writes: not strict JSON, a member that should not be there, a value out of its limits.
	ErrFormat = errors.New("share: not well formed")
	// ErrNewer says that something was written by a later program.
	ErrNewer = errors.New("share: format is newer than this program")
	// ErrTooLarge says that something is over one of the limits.
	ErrTooLarge = errors.New("share: too large")
	// ErrForeign says that none of the keys of this vault opens an object.
	ErrForeign = errors.New("share: not encrypted for this vault")
	// ErrForged says that a signature is missing, wrong or not by a key of this vault.
	ErrForged = errors.New("share: signature does not fit")
	// ErrSwapped says that an object says it is another one than its name says.
	ErrSwapped = errors.New("share: object under a wrong name")
	// ErrDamaged says that the bytes do not have the hash in their name: cut short, changed, or still on their way.
	ErrDamaged = errors.New("share: damaged or incomplete object")
	// ErrNotPermitted says that the role of a device does not allow it.
	ErrNotPermitted = errors.New("share: the role does not allow this")
	// ErrNotMember says that this device is not, or no longer, a member, or another one is not.
	ErrNotMember = errors.New("share: not a member")
	// ErrLastAdmin says that a vault would be left without an admin.
	ErrLastAdmin = errors.New("share: the last admin has to hand over first")
	// ErrInvite says that a text is not an invite.
	ErrInvite = errors.New("share: not an invite")
	// ErrInviteUsed says that an invite was used before.
	ErrInviteUsed = errors.New("share: invite was used")
	// ErrInviteWithdrawn says that an admin took an invite back.
	ErrInviteWithdrawn = errors.New("share: invite was withdrawn")
	// ErrInviteExpired says that an invite is too old.
	ErrInviteExpired = errors.New("share: invite has expired")
	// ErrNoRequest says that there is no such request to join.
	ErrNoRequest = errors.New("share: no such request")
	// ErrNoKey says that this device does not have the current key of the vault yet.
	ErrNoKey = errors.New("share: the current key has not arrived")
	// ErrNoAccount says that there is no such account, or no such value to keep.
	ErrNoAccount = errors.New("share: no such account")
	// ErrUnknown says that what is referred to has not been seen yet: read again later.
	ErrUnknown = errors.New("share: refers to something not seen yet")
)

// VaultID names a shared vault: 128 random bits, 32 lower-case hex digits.
type VaultID string

// DeviceID is the pseudonym of a device in one vault: the first 64 bits of the SHA-256 of its two public keys, 16 lower-case hex digits.
type DeviceID string

// AccountID names an account: 128 random bits, 32 lower-case hex digits. The id of zeros is the vault itself.
type AccountID string

// InviteID names an invite: 64 random bits, 16 lower-case hex digits.
type InviteID string

// Hash is a SHA-256, 64 lower-case hex digits.
type Hash string

// Self is the account id under which registers about the vault itself stand: its name, its people, its open invites.
const Self AccountID = "00000000000000000000000000000000"

// Valid reports whether it has the form of an id.
func (v VaultID) Valid() bool { return hexDigits(string(v), 32) }

// Valid reports whether it has the form of an id.
func (d DeviceID) Valid() bool { return hexDigits(string(d), 16) }

// Valid reports whether it has the form of an id.
func (a AccountID) Valid() bool { return hexDigits(string(a), 32) }

// Valid reports whether it has the form of an id.
func (i InviteID) Valid() bool { return hexDigits(string(i), 16) }

// Valid reports whether it has the form of a hash.
func (h Hash) Valid() bool { return hexDigits(string(h), 64) }

func hexDigits(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// hashOf is the SHA-256 of bytes.
func hashOf(b []byte) Hash {
	sum := sha256.Sum256(b)
	return Hash(hex.EncodeToString(sum[:]))
}

// randomHex returns n random bytes in hex.
func randomHex(random io.Reader, n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("share: no randomness: %w", err)
	}
	return hex.EncodeToString(b), nil
}
