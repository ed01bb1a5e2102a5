package model

import (
	"context"
	"crypto/rand"
	"image"
	"io"
	"time"

	"github.com/tallystick/tallystick/app/clock"
	"github.com/tallystick/tallystick/app/platform"
	"github.com/tallystick/tallystick/app/portal"
	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/scanner/capture"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
)

// Vault is what the window needs of a vault.Manager.
type Vault interface {
	Status(ctx context.Context) (vault.Status, error)
	Create(ctx context.Context, passphrase secret.Bytes) error
	Unlock(ctx context.Context, passphrase secret.Bytes) error
	Lock() error
	Read(fn func(*vault.Vault) error) error
	Update(ctx context.Context, fn func(*vault.Vault) error) error
	NextHOTP(ctx context.Context, id vault.ID) (string, error)
	Reload(ctx context.Context) (bool, error)
	Watch(ctx context.Context, fn func()) error
	Verify(ctx context.Context, passphrase secret.Bytes) error
	SetPassphrase(ctx context.Context, old, new secret.Bytes) error
	OpenRecovery(ctx context.Context, passphrase secret.Bytes) (*vault.RecoveryKey, error)
	SetRecoveryPassphrase(ctx context.Context, old, next secret.Bytes) error
	Generations() ([]vault.Generation, error)
	RestoreGeneration(ctx context.Context, g vault.Generation, passphrase secret.Bytes) error
}

// Scanner finds codes in a picture.
type Scanner interface {
	Scan(ctx context.Context, img image.Image) (scanner.Result, error)
}

// Deps is everything the models get from outside. All but Clock, TimeSources, Body, Downloads, Guides, Languages and Rand are required.
type Deps struct {
	Vault   Vault
	Scanner Scanner
	// Screens takes a picture of every monitor.
	Screens func(ctx context.Context) ([]capture.Shot, error)
	// Cameras are the webcams; nil = they cannot be used on this system.
	Cameras Cameras
	// ClipboardPicture returns the encoded picture on the clipboard; clipimage.ErrEmpty when there is none.
	ClipboardPicture func(ctx context.Context) ([]byte, error)
	Clipboard        platform.Clipboard
	Settings         SettingsStore
	Now              func() time.Time
	// Clock gives the time that codes are made for, which differs from Now when a person
	// let them be corrected; nil = codes follow Now. Everything that is saved keeps Now.
	Clock *clock.Clock
	// TimeSources makes sources of web addresses and of the time server a person named
	// ("" = none); nil = the real ones.
	TimeSources func(addresses []string, server string) ([]clock.Source, error)
	// Body is what the check-up looks at besides the above; the session fills in Vault,
	// Older, Now, Clock and Clipboard.
	Body Body
	// Post queues fn on the goroutine that owns the models (the window's). It never
	// blocks and never runs fn at once.
	Post func(fn func())
	// After calls fn through Post after d; the returned func stops it, and is
	// harmless when fn has run.
	After func(d time.Duration, fn func()) (stop func())
	// Hide hides the own window and returns when it is off the screen; the returned
	// func shows it again. Called off the models' goroutine; the returned func too,
	// always, and once.
	Hide func(ctx context.Context) (show func())
	// Kits makes and takes recovery kits; nil = not here.
	Kits KitKeeper
	// Backups makes and lists backups; nil = not here.
	Backups BackupKeeper
	// Exports remembers exports in the open; nil = nobody does.
	Exports ExportReminders
	// Teams does everything with shared vaults; nil = there are none. A change that it makes to the vault is seen by Vault.
	Teams Teams
	// Packs keeps code packs that were given to this person until they have run out; nil = they are shown, and not kept.
	Packs PackKeeper
	// Who is what the system calls the person and this computer, to begin with; nil = unknown.
	Who func() share.Person
	// Downloads is where the browser puts files; nil or "" = unknown.
	Downloads func() string
	// Guides are the portal guides; nil = none.
	Guides *portal.Set
	// Languages are those the person reads, the best first ("de-AT").
	Languages []string
	// Rand makes the ids of new accounts; nil = crypto/rand.Reader.
	Rand io.Reader
}

// codeTime is the time that codes are made for.
func (d *Deps) codeTime() time.Time {
	if d.Clock == nil {
		return d.Now()
	}
	return d.Clock.Now()
}

func (d *Deps) random() io.Reader {
	if d.Rand == nil {
		return rand.Reader
	}
	return d.Rand
}
