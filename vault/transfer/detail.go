package transfer

import (
	"errors"
	"strings"
)

// sentinels is all errors of this package.
var sentinels = []error{ErrUnknown, ErrPassphrase, ErrNeedsPass, ErrDamaged, ErrNewer, ErrRestricted, ErrTooLarge, ErrTooCostly}

// Detail is what an error of this package says besides the sentinel it wraps: which file it is about, or what is the way out. It is a
// part of a sentence in small letters, and empty when there is no more to say.
func Detail(err error) string {
	for _, s := range sentinels {
		if errors.Is(err, s) {
			_, after, _ := strings.Cut(err.Error(), s.Error())
			return strings.TrimLeft(after, ":,; ")
		}
	}
	return ""
}
