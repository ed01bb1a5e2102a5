// Package transfer reads what other authenticators export.
//
// Purpose: from the bytes of one or several files to accounts that have no id yet. The source is told from the
// content, never from a file's name. Reading goes in three steps: Open says what the files are and whether a passphrase is
// needed and at which cost; Import.Read gives the Result; whoever called chooses what becomes an account. An entry that
// cannot be read is in Result.Skipped with the reason, and the others are there all the same.
// What an entry becomes is said by Entry.Account, and what that changes in a vault by package intake; package exports writes.
//
// Who may import it: app/model, app/cli. It imports vault and vault/backup for Tallystick's own files, vault/otp,
// vault/otpauth, vault/recovery, vault/seal, vault/secret and libraries. It opens no file and no network connection, and asks no clock.
//
// Concurrency: the functions may be called from many goroutines. An Import belongs to one goroutine at a time.
//
// Ownership: a Result owns its secrets; Wipe it when done. A File's bytes belong to the caller and are not changed.
//
// Errors, warnings and reasons never hold a key, a passphrase or a recovery key.
package transfer

import (
	"errors"
	"time"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// Limits of what is read.
const (
	MaxFile    = 64 << 20 // bytes of one file
	MaxFiles   = 200      // files of one import: a Google export as pictures
	MaxEntries = 50_000   // accounts of one import
	MaxMemory  = 1 << 30  // bytes a key derivation may ask for
)

// What can be wrong with an import as a whole. Errors of this package wrap one of these.
var (
	ErrUnknown    = errors.New("transfer: no known export")
	ErrPassphrase = errors.New("transfer: wrong passphrase")
	ErrNeedsPass  = errors.New("transfer: a passphrase is needed")
	ErrDamaged    = errors.New("transfer: the file is damaged")
	ErrNewer      = errors.New("transfer: made by a newer version of the other app")
	ErrRestricted = errors.New("transfer: can only be opened by the app and account that made it")
	ErrTooLarge   = errors.New("transfer: too large")
	ErrTooCostly  = errors.New("transfer: the file asks for more work or memory than is allowed")
)

// File is one file of an import, or a text.
type File struct {
	Name string // for messages only; may be empty
	Data []byte
}

// Entry is one account of an export: an account before it has an id.
type Entry struct {
	Issuer, Name string // cleaned as otpauth does
	// Params passes otp.Params.Validate, with one exception: a missing PIN of mOTP and Yandex (otp.ErrPIN), which the person
	// has to be asked for.
	Params    otp.Params
	Tags      []string // the other app's groups, folders and tags
	Favourite bool
	Note      string
	URL       string // sign-in address
	Icon      Icon
	Used      time.Time      // zero = never or not known
	Archived  bool           // in the other app's trash or archive
	Recovery  []secret.Bytes // what looks like recovery keys in the other app's notes and fields, as offered to the person
	Warnings  []string       // what was changed or guessed; sentences without secrets

	better      *names // how the account is better called than the export does; nil = as it does
	lastCounter bool   // Params.Counter is the one of the last code, not of the next
}

// names is how an account is called.
type names struct{ issuer, name string }

// Icon is a picture an export carries. In a Result it is of the form a vault keeps (package picture), always image/png.
type Icon struct {
	MIME string // image/png, image/jpeg, image/svg+xml, image/webp, image/gif, image/bmp; "" = none
	Data []byte
}

// Skipped is an entry that could not be read.
type Skipped struct {
	What string // how the entry is called, or its place: "entry 3"
	Why  string // a sentence with the reason, and the way out where there is one
}

// Result is what an import holds.
type Result struct {
	Format   string // the id of the source, such as "aegis"
	Entries  []Entry
	Skipped  []Skipped
	Warnings []string // about the export as a whole
}

// Cost is what a key derivation asks for, so that it can be announced before it runs.
type Cost struct {
	Memory     int64 // bytes; 0 = next to none
	Iterations int64 // rounds
}
