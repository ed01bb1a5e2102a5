// Package otpauth reads and writes the links that QR codes of portals and exports
// of other authenticators carry: otpauth://, apple-otpauth://, motp://, steam://,
// bare keys, and the otpauth-migration:// parts of a Google Authenticator export.
//
// Purpose: from a text to an account before it has an id, and back. What portals
// write is often sloppy, so reading is tolerant where only a name can come out
// wrong, and strict where a wrong guess would show wrong codes. Everything that was
// changed, guessed or ignored comes back as a [Warning]. Which reading was chosen
// where other apps disagree, and why, is written down in
// docs/decisions/0002-reading-otpauth-links.md. Links are taken apart by hand:
// net/url loses the key behind a raw #, fails on a stray % and on every motp:// link.
//
// Who may import it: app/model, app/cli, vault/transfer. It imports vault/otp and
// vault/secret.
//
// Concurrency: the functions may be called from many goroutines at once. A
// [Collector] belongs to one goroutine.
//
// Ownership: an Entry shares no memory with the text it was read from; its secrets
// belong to the caller. The text itself is a string and cannot be wiped.
//
// Errors and warnings are fixed sentences: no part of the input is ever in them,
// because in a damaged link the key can stand anywhere.
package otpauth

import (
	"errors"

	"github.com/tallystick/tallystick/vault/otp"
)

// Limits of what is read. A QR code holds at most 2,953 bytes.
const (
	MaxText          = 8 << 10  // bytes of a link or a key
	MaxMigrationText = 64 << 10 // bytes of one part of an export
	MaxLabel         = 512      // code points of an issuer, a name or a tag; longer ones are cut
	MaxTags          = 32       // tags of one link; more are dropped
	MaxEntries       = 100      // accounts in one part of an export; Google writes 10
	MaxParts         = 1000     // parts of one export
)

// Entry is what one link says: an account before it has an id.
//
// Params passes otp.Params.Validate, with one exception: links of mOTP never carry
// the PIN and links of Yandex not always. Then Validate says otp.ErrPIN, Warnings
// has WarnPINMissing, and the person has to be asked.
type Entry struct {
	Issuer, Name string // cleaned, trimmed, at most MaxLabel code points; either may be empty
	Params       otp.Params
	Tags         []string
	Warnings     []Warning // what was changed or guessed while reading

	// Label is the name as an export of Google Authenticator writes it, cleaned, where that is "issuer:name" and Name has only the
	// rest. It is empty otherwise, and for links.
	Label string
}

// What can be wrong with a text. Errors of this package wrap one of these.
var (
	ErrNotURI     = errors.New("otpauth: not an authenticator link")
	ErrTooLong    = errors.New("otpauth: text too long")
	ErrNoSecret   = errors.New("otpauth: no key in the link")
	ErrSecret     = errors.New("otpauth: the key is mistyped or damaged")
	ErrType       = errors.New("otpauth: unknown type of code")
	ErrParameter  = errors.New("otpauth: impossible parameter")
	ErrMigration  = errors.New("otpauth: damaged migration data")
	ErrOtherBatch = errors.New("otpauth: part of another export")
)
