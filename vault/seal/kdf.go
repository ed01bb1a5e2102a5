package seal

import (
	"fmt"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/tallystick/tallystick/vault/secret"
)

// KDF is the cost of turning a passphrase into a key (Argon2id, RFC 9106).
type KDF struct {
	MemoryKiB uint32 // kibibytes
	Time      uint32 // passes
	Threads   uint8  // lanes
}

// DefaultKDF is what new passphrase slots get: 256 MiB, 3 passes, 4 lanes.
func DefaultKDF() KDF { return KDF{MemoryKiB: 256 << 10, Time: 3, Threads: 4} }

// Limits of a KDF. A slot below the floor is refused, because somebody may have
// put it there to make guessing cheap; one above the ceiling, because opening it
// would take the memory or the minutes of the computer.
const (
	MinMemoryKiB = 64 << 10 // 64 MiB
	MaxMemoryKiB = 1 << 20  // 1 GiB
	MaxTime      = 16
	MaxThreads   = 16
)

// Validate reports whether the cost is within the limits (ErrKDF). floorKiB is the
// least memory accepted; 0 means MinMemoryKiB. Only tests pass anything else.
func (k KDF) Validate(floorKiB uint32) error {
	if floorKiB == 0 {
		floorKiB = MinMemoryKiB
	}
	switch {
	case k.MemoryKiB < floorKiB:
		return fmt.Errorf("%w: %d KiB of memory, at least %d are needed", ErrKDF, k.MemoryKiB, floorKiB)
	case k.MemoryKiB > MaxMemoryKiB:
		return fmt.Errorf("%w: %d KiB of memory, at most %d are allowed", ErrKDF, k.MemoryKiB, MaxMemoryKiB)
	case k.Time < 1 || k.Time > MaxTime:
		return fmt.Errorf("%w: %d passes, 1 to %d are allowed", ErrKDF, k.Time, MaxTime)
	case k.Threads < 1 || k.Threads > MaxThreads:
		return fmt.Errorf("%w: %d lanes, 1 to %d are allowed", ErrKDF, k.Threads, MaxThreads)
	case k.MemoryKiB < 8*uint32(k.Threads): // RFC 9106, section 3.1
		return fmt.Errorf("%w: %d KiB of memory are too little for %d lanes", ErrKDF, k.MemoryKiB, k.Threads)
	}
	return nil
}

// MaxPassphrase is the most bytes a passphrase may have, as typed.
const MaxPassphrase = 4096

// derive returns 32 bytes of key. The passphrase is normalised to NFKC first: the
// same letters typed on two keyboards, composed or not, wide or not, are the same
// passphrase.
func derive(passphrase secret.Bytes, salt []byte, k KDF) secret.Bytes {
	text := norm.NFKC.Append(nil, passphrase.Reveal()...)
	defer clear(text)
	return secret.New(argon2.IDKey(text, salt, k.Time, k.MemoryKiB, k.Threads, 32))
}
