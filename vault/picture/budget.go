package picture

import (
	"crypto/sha256"
	"fmt"
)

// maxBudget is how many pixels of one import are decoded: about a second's work. 340 pictures of 256 × 256 pixels.
const maxBudget = 32 << 20

// Budget makes small pictures of the many of one import: each one once, however often it occurs, and not more of them than is work for a
// second. The zero value is ready for use.
type Budget struct {
	spent int // pixels
	made  map[[sha256.Size]byte]result
}

type result struct {
	small string
	err   error
}

// minimum is what a picture costs besides its pixels, in pixels: writing the small one.
const minimum = 1 << 15

// Small is like the function of that name. Errors: also ErrTooLarge when there was too much before.
func (b *Budget) Small(data []byte) (string, error) {
	if len(data) > MaxSource {
		return "", fmt.Errorf("%w: %d bytes", ErrTooLarge, len(data))
	}
	sum := sha256.Sum256(data)
	if r, ok := b.made[sum]; ok {
		return r.small, r.err
	}
	pixels, err := Size(data)
	r := result{err: err}
	if err == nil {
		if b.spent+pixels+minimum > maxBudget {
			return "", fmt.Errorf("%w: there are too many pictures", ErrTooLarge)
		}
		b.spent += pixels + minimum
		r.small, r.err = Small(data)
	}
	if b.made == nil {
		b.made = map[[sha256.Size]byte]result{}
	}
	b.made[sum] = r
	return r.small, r.err
}
