// Package secret holds bytes that must never be printed: keys, PINs, passphrases.
//
// Purpose: one opaque type whose every way out, but one, is closed. Formatting
// with any fmt verb, logging through log/slog, and encoding as JSON, text, XML or
// gob all give the same fixed word. The one way out is [Bytes.Reveal], which is
// easy to find in a review.
//
// Who may import it: every package. It imports only the standard library.
//
// Concurrency: a Bytes may be read from many goroutines; Wipe may not run beside
// a read of the same value. Copies of a Bytes share memory, so wiping one wipes
// all of them.
//
// Ownership: New takes the slice over; the caller does not use it afterwards.
// Go's garbage collector may have copied bytes before they arrive here, so
// wiping is best effort: it shortens the time a secret stays in memory, it does
// not prove its absence.
package secret

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// Redacted is what every printed form of a secret looks like.
const Redacted = "[secret]"

// ErrNotPrintable is returned by encoders that were handed a secret: whoever wants
// to store one has to reveal it on purpose.
var ErrNotPrintable = errors.New("secret: refuses to be encoded; reveal it on purpose")

// Bytes is a secret byte string. The zero value is the empty secret.
type Bytes struct{ b *[]byte }

// New makes a secret of b and takes b over.
func New(b []byte) Bytes {
	if len(b) == 0 {
		return Bytes{}
	}
	return Bytes{b: &b}
}

// FromString makes a secret of the UTF-8 bytes of s. The string itself cannot be
// wiped; prefer New where the bytes are still bytes.
func FromString(s string) Bytes { return New([]byte(s)) }

// Reveal returns the bytes themselves, not a copy; nil for the empty secret.
// The caller must not change or keep them past the life of the secret.
func (s Bytes) Reveal() []byte {
	if s.b == nil {
		return nil
	}
	return *s.b
}

// Len is the number of bytes.
func (s Bytes) Len() int { return len(s.Reveal()) }

// IsEmpty reports whether there is nothing in it.
func (s Bytes) IsEmpty() bool { return s.Len() == 0 }

// Clone returns a secret with memory of its own.
func (s Bytes) Clone() Bytes { return New(append([]byte(nil), s.Reveal()...)) }

// Equal compares two secrets in time that depends on their lengths only.
func (s Bytes) Equal(o Bytes) bool { return subtle.ConstantTimeCompare(s.Reveal(), o.Reveal()) == 1 }

// Wipe overwrites the bytes with zeros, in every copy of this value, and empties it.
func (s Bytes) Wipe() {
	if s.b == nil {
		return
	}
	clear(*s.b)
	*s.b = nil
}

// Format prints Redacted under every verb and flag.
func (s Bytes) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Redacted) }

// String returns Redacted.
func (s Bytes) String() string { return Redacted }

// GoString returns Redacted.
func (s Bytes) GoString() string { return Redacted }

// LogValue returns Redacted.
func (s Bytes) LogValue() slog.Value { return slog.StringValue(Redacted) }

// MarshalJSON returns the JSON string Redacted, so that a struct logged as JSON stays printable.
func (s Bytes) MarshalJSON() ([]byte, error) { return []byte(`"` + Redacted + `"`), nil }

// UnmarshalJSON always fails with ErrNotPrintable: a secret is never read back from a printed form.
func (s *Bytes) UnmarshalJSON([]byte) error { return ErrNotPrintable }

// MarshalText returns Redacted.
func (s Bytes) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// UnmarshalText always fails with ErrNotPrintable.
func (s *Bytes) UnmarshalText([]byte) error { return ErrNotPrintable }

// GobEncode always fails with ErrNotPrintable.
func (s Bytes) GobEncode() ([]byte, error) { return nil, ErrNotPrintable }

// GobDecode always fails with ErrNotPrintable.
func (s *Bytes) GobDecode([]byte) error { return ErrNotPrintable }
