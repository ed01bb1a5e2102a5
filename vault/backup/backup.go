// Package backup keeps copies of a vault in a folder that the person picked, and opens them
// again on any computer.
//
// Purpose: a backup is one ZIP file with the content of the vault, encrypted to a key of its
// own, and that key, wrapped under the backup passphrase. So one can be made at any time
// without asking, and opened with nothing but the file and the passphrase; the stock tools
// unzip and age do as well as this program. A [Keeper] makes them, and counts one only after
// it was read back from the disk, decrypted, and compared account by account. How files and
// settings look is in docs/format.md; why they look like that, in
// docs/decisions/0008-exports-and-backups.md.
//
// Who may import it: app/model, app/cli and app (to wire it). It imports vault, vault/seal,
// vault/secret and libraries, never a window.
//
// Concurrency: a Keeper is safe for use by many goroutines, and for several processes: files
// have names of their own, and what is not finished has no name that counts. Everything else
// is plain functions.
//
// Ownership: passphrases belong to the caller. What Open returns owns its keys; Wipe it when
// done.
//
// Errors hold file names and never a key, a passphrase or a name of an account.
package backup

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tallystick/tallystick/vault/seal"
)

// What can be wrong. The first three are three different things to tell a person.
var (
	ErrPassphrase = errors.New("backup: wrong passphrase")
	ErrDamaged    = errors.New("backup: the file is damaged")
	ErrNewer      = errors.New("backup: made by a newer version of Tallystick")
	ErrNotBackup  = errors.New("backup: not a backup or export of Tallystick")
	// ErrNotSet: no folder and passphrase were chosen yet.
	ErrNotSet = errors.New("backup: not set up")
	// ErrSettings: the settings of the backups are damaged, or belong to another vault. Setting
	// them up again is the remedy; backups that were made stay.
	ErrSettings = errors.New("backup: the settings cannot be used")
	// ErrFolder: the folder is not there, as when a stick was pulled out.
	ErrFolder = errors.New("backup: the folder is not there")
	// ErrFailed: no backup was made. The ones before are untouched. It wraps the cause.
	ErrFailed = errors.New("backup: no backup was made")
	// ErrReadBack: what was written did not come back as it was; it was taken away again.
	ErrReadBack = errors.New("backup: what was written cannot be opened again")
)

// MaxFile is the most bytes that are read as a backup: a vault file, and a little more.
const MaxFile = seal.MaxFile + 1<<20

// Copy is one backup file, as far as it is known without opening it.
type Copy struct {
	Path     string
	Vault    string    // first eight hex digits of the vault's fingerprint
	Made     time.Time // UTC, whole seconds
	Bytes    int64
	Accounts int // live ones, as the file says in the open; -1 = not known
}

// Names: tallystick-backup-1a2b3c4d-20260304T180200Z.zip, and -2 before .zip for a second one.
const (
	namePrefix = "tallystick-backup-"
	nameSuffix = ".zip"
	nameTime   = "20060102T150405Z"
	shortLen   = 8
)

func copyName(vault string, made time.Time, n int) string {
	name := namePrefix + vault + "-" + made.UTC().Format(nameTime)
	if n > 1 {
		name += "-" + strconv.Itoa(n)
	}
	return name + nameSuffix
}

// parseName is the inverse, for the base name of a file.
func parseName(name string) (c Copy, ok bool) {
	rest, ok1 := strings.CutPrefix(name, namePrefix)
	rest, ok2 := strings.CutSuffix(rest, nameSuffix)
	vault, rest, ok3 := strings.Cut(rest, "-")
	at, number, twice := strings.Cut(rest, "-")
	if !ok1 || !ok2 || !ok3 || len(vault) != shortLen || strings.Trim(vault, "0123456789abcdef") != "" {
		return Copy{}, false
	}
	if n, err := strconv.Atoi(number); twice && (err != nil || n < 2 || strconv.Itoa(n) != number) {
		return Copy{}, false
	}
	made, err := time.Parse(nameTime, at)
	return Copy{Vault: vault, Made: made, Accounts: -1}, err == nil
}

func failed(doing string, err error) error {
	return fmt.Errorf("%w: %s: %w", ErrFailed, doing, err)
}
