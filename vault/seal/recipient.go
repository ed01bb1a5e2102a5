package seal

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"filippo.io/age"
)

// Recipient is the public half of a [Key]: whoever has it can encrypt, and read
// nothing. The zero value encrypts nothing.
type Recipient struct{ r *age.HybridRecipient }

// maxRecipient is the most bytes of a recipient's text that are looked at; the text
// of a hybrid recipient has about 1,960.
const maxRecipient = 4096

// Public is the public half of k, which may be kept when k is wiped.
func (k *Key) Public() Recipient { return Recipient{k.recipient} }

// ParseRecipient reads the text form "age1pq1…". Errors: ErrKey.
func ParseRecipient(text string) (Recipient, error) {
	if len(text) > maxRecipient || !strings.HasPrefix(text, "age1pq1") {
		return Recipient{}, fmt.Errorf("%w: not an age1pq1 text", ErrKey)
	}
	r, err := age.ParseHybridRecipient(text)
	if err != nil {
		// The library's error quotes what it was given.
		return Recipient{}, fmt.Errorf("%w: not an age1pq1 text", ErrKey)
	}
	return Recipient{r}, nil
}

// String is the text form "age1pq1…"; empty for the zero value.
func (r Recipient) String() string {
	if r.r == nil {
		return ""
	}
	return r.r.String()
}

// Fingerprint is the first 16 bytes of the SHA-256 of the text form, in hex: the
// same as that of the key.
func (r Recipient) Fingerprint() string {
	sum := sha256.Sum256([]byte(r.String()))
	return hex.EncodeToString(sum[:16])
}

// EncryptTo returns payload as an age file that only the key of r opens. Errors:
// ErrKey for the zero value, ErrTooLarge.
func EncryptTo(payload []byte, r Recipient) ([]byte, error) {
	if r.r == nil {
		return nil, fmt.Errorf("%w: no recipient", ErrKey)
	}
	return encrypt(payload, r.r)
}
