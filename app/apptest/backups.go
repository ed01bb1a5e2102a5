package apptest

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/vault/backup"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/transfer/exports"
)

// Backups is a backup.Keeper without files. Now is required.
type Backups struct {
	Now      func() time.Time
	Accounts int

	mu     sync.Mutex
	status backup.Status
	made   int
	fail   error
	broken error
	pass   string
}

var _ model.BackupKeeper = (*Backups)(nil)

// Put sets how things stand.
func (b *Backups) Put(st backup.Status) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status = st
}

// Fail makes the next backups fail with err; nil heals it.
func (b *Backups) Fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = err
}

// Break makes Status fail with err.
func (b *Backups) Break(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = err
}

// Made is how many backups were made.
func (b *Backups) Made() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.made
}

// Passphrase is the one that was set last.
func (b *Backups) Passphrase() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pass
}

// Status implements model.BackupKeeper.
func (b *Backups) Status() (backup.Status, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status, b.broken
}

// SetUp implements model.BackupKeeper.
func (b *Backups) SetUp(_ context.Context, folder string, pass secret.Bytes) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status, b.pass, b.broken = backup.Status{Set: true, Folder: folder, FolderThere: true}, string(pass.Reveal()), nil
	return nil
}

// Move implements model.BackupKeeper.
func (b *Backups) Move(folder string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.Folder, b.status.Last = folder, nil
	return nil
}

// Make implements model.BackupKeeper.
func (b *Backups) Make(context.Context) (backup.Copy, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.Now()
	if b.fail != nil {
		b.status.Failed, b.status.FailedAt = b.fail, now
		return backup.Copy{}, b.fail
	}
	b.made++
	b.status.Failed, b.status.Last = nil, &backup.Last{File: "x.zip", Made: now, Accounts: b.Accounts}
	return backup.Copy{Path: filepath.Join(b.status.Folder, "x.zip"), Made: now, Accounts: b.Accounts}, nil
}

// Check implements model.BackupKeeper: the last one opens.
func (b *Backups) Check(context.Context) (backup.Copy, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l := b.status.Last; l != nil {
		return backup.Copy{Path: filepath.Join(b.status.Folder, l.File), Made: l.Made, Accounts: l.Accounts}, nil
	}
	return backup.Copy{}, nil
}

// List implements model.BackupKeeper.
func (b *Backups) List() ([]backup.Copy, error) { return nil, nil }

// Off implements model.BackupKeeper.
func (b *Backups) Off() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status = backup.Status{}
	return nil
}

// Exports remembers exports in the open in memory, whether or not there are such files.
type Exports struct {
	mu   sync.Mutex
	left []exports.Left
}

var _ model.ExportReminders = (*Exports)(nil)

// Add implements model.ExportReminders.
func (e *Exports) Add(form exports.Format, now time.Time, paths ...string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range paths {
		e.left = append(e.left, exports.Left{Path: p, Format: form, Written: now})
	}
	return nil
}

// List implements model.ExportReminders.
func (e *Exports) List() ([]exports.Left, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]exports.Left(nil), e.left...), nil
}

// Forget implements model.ExportReminders.
func (e *Exports) Forget() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.left = nil
	return nil
}
