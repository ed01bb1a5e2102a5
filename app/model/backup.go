package model

import (
	"context"
	"strings"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/backup"
	"github.com/tallystick/tallystick/vault/secret"
)

// BackupKeeper is what the window needs of a backup.Keeper.
type BackupKeeper interface {
	Status() (backup.Status, error)
	SetUp(ctx context.Context, folder string, passphrase secret.Bytes) error
	Move(folder string) error
	Make(ctx context.Context) (backup.Copy, error)
	Check(ctx context.Context) (backup.Copy, error)
	List() ([]backup.Copy, error)
	Off() error
}

const (
	// backupCheck is how often it is looked at whether the daily backup is due.
	backupCheck = 10 * time.Minute
	// backupSettle is how long after opening the first look is: what a person came for comes first.
	backupSettle = 20 * time.Second
	// backupOld is when a last good backup is so old that it is said.
	backupOld = 7 * 24 * time.Hour
	// backupLater is how long the reminder stays away when it was put off.
	backupLater = 14 * 24 * time.Hour
	// backupWorth is how many accounts there are before a missing backup is spoken of.
	backupWorth = 2
)

// Backup is how the backups of this vault stand, and making them: daily by itself, while the
// vault is open, and when the person asks.
type Backup struct {
	task
	status    backup.Status
	statusErr error
	known     bool   // status was read
	stop      func() // of the waiting look; nil = none waits
}

// Backup is the backups; always the same one.
func (s *Session) Backup() *Backup { return s.backup }

// CanBackup reports whether backups can be made here.
func (s *Session) CanBackup() bool { return s.d.Backups != nil }

// IsSet reports whether folder and passphrase were chosen.
func (b *Backup) IsSet() bool { return b.known && b.status.Set }

// Folder is where backups go; "" = none chosen.
func (b *Backup) Folder() string { return b.status.Folder }

// Summary says in a line or two how the backups stand.
func (b *Backup) Summary() string {
	switch {
	case b.statusErr != nil:
		return Sentence(b.statusErr)
	case !b.IsSet():
		return "No backups are made. If this computer is lost, so are your accounts."
	}
	var text string
	if l := b.status.Last; l != nil {
		text = "Last verified backup: " + when(l.Made, b.s.d.Now()) + ", " + count(l.Accounts, "account", "accounts") + "."
	} else {
		text = "There is no verified backup in this folder yet."
	}
	if b.status.Failed != nil {
		text += " The attempt " + when(b.status.FailedAt, b.s.d.Now()) + " made none. " + Sentence(b.status.Failed)
	}
	return text
}

// Good reports whether there is a verified backup that is not old, and the last attempt made it.
func (b *Backup) Good() bool {
	return b.statusErr == nil && b.IsSet() && b.status.Last != nil && b.status.Failed == nil && b.s.d.Now().Sub(b.status.Last.Made) < backupOld
}

// Reminder is what is said above the list when there is no backup to rely on; "" = nothing.
func (b *Backup) Reminder() string {
	s := b.s
	if s.state != Open || s.d.Backups == nil || !b.known || b.busy || s.list.Total() < backupWorth {
		return ""
	}
	now := s.d.Now()
	switch l := b.status.Last; {
	case b.statusErr != nil:
		return Sentence(b.statusErr)
	case !b.status.Set:
		if now.Unix() < s.settings.prefs.BackupAskAfter {
			return ""
		}
		return "There is no backup of your accounts. If this computer is lost, so are they."
	case l == nil && b.status.Failed != nil:
		return "No backup could be made. " + Sentence(b.status.Failed)
	case l != nil && now.Sub(l.Made) >= backupOld:
		text := "The last backup is from " + when(l.Made, now) + "."
		if b.status.Failed != nil {
			text += " " + Sentence(b.status.Failed)
		}
		return text
	}
	return ""
}

// Later puts the reminder that there are no backups off for two weeks.
func (b *Backup) Later() {
	p := b.s.settings.Prefs()
	p.BackupAskAfter = b.s.d.Now().Add(backupLater).Unix()
	b.s.settings.Set(p)
	b.changed.call()
}

// opened reads how things stand, and begins to look whether the daily backup is due.
func (b *Backup) opened() {
	if b.s.d.Backups == nil {
		return
	}
	b.look()
	b.wait(backupSettle)
}

// drop ends the looking; the vault was locked or closed.
func (b *Backup) drop() {
	if b.stop != nil {
		b.stop()
		b.stop = nil
	}
	b.leave()
}

func (b *Backup) wait(d time.Duration) {
	if b.stop != nil {
		b.stop()
	}
	b.stop = b.s.d.After(d, func() {
		b.stop = nil
		if b.s.state != Open || b.s.closed {
			return
		}
		if !b.busy && b.known && b.statusErr == nil && b.status.Due(b.s.d.Now()) {
			b.make(false)
		}
		b.wait(backupCheck)
	})
}

// look reads the settings again.
func (b *Backup) look() {
	var st backup.Status
	var err error
	b.s.job(func(context.Context) { st, err = b.s.d.Backups.Status() }, func() { b.take(st, err) }, nil)
}

func (b *Backup) take(st backup.Status, err error) {
	b.status, b.statusErr, b.known = st, err, true
	b.changed.call()
}

// MakeNow makes a backup because the person asked for it.
func (b *Backup) MakeNow() { b.make(true) }

// make makes a backup; a person who asked is told of it.
func (b *Backup) make(asked bool) {
	if b.s.state != Open || b.s.d.Backups == nil || b.busy {
		return
	}
	var made backup.Copy
	b.change(func(ctx context.Context) (err error) { made, err = b.s.d.Backups.Make(ctx); return err }, func(err error) {
		switch {
		case err == nil && asked:
			b.s.list.notify(Notice{Text: "Backed up " + count(made.Accounts, "account", "accounts") + ", and opened the backup again to be sure."})
		case err != nil && !asked:
			b.err = "" // the summary and the reminder say it
		}
	})
}

// Choose sets the folder and the backup passphrase, and makes the first backup. pass is taken
// over and wiped. done gets "" when there is a backup that was opened again.
func (b *Backup) Choose(folder string, pass secret.Bytes, done func(sentence string)) {
	if b.s.state != Open || b.s.d.Backups == nil || b.busy {
		pass.Wipe()
		return
	}
	b.change(func(ctx context.Context) error {
		defer pass.Wipe()
		if err := b.s.d.Backups.SetUp(ctx, folder, pass); err != nil {
			return err
		}
		_, err := b.s.d.Backups.Make(ctx)
		return err
	}, func(err error) { done(Sentence(err)) })
}

// MoveTo chooses another folder, keeps the passphrase, and makes a backup there.
func (b *Backup) MoveTo(folder string) {
	if b.s.state != Open || b.s.d.Backups == nil || b.busy {
		return
	}
	b.change(func(ctx context.Context) error {
		if err := b.s.d.Backups.Move(folder); err != nil {
			return err
		}
		_, err := b.s.d.Backups.Make(ctx)
		return err
	}, func(error) {})
}

// TurnOff makes no more backups. Those that were made stay.
func (b *Backup) TurnOff() {
	if b.s.state != Open || b.s.d.Backups == nil || b.busy {
		return
	}
	b.change(func(context.Context) error { return b.s.d.Backups.Off() }, func(error) {})
}

// change does one thing and then looks how things stand.
func (b *Backup) change(work func(ctx context.Context) error, then func(error)) {
	var statusErr error
	var st backup.Status
	b.slow(func(ctx context.Context) error {
		err := work(ctx)
		st, statusErr = b.s.d.Backups.Status()
		return err
	}, func(err error) {
		b.status, b.statusErr, b.known = st, statusErr, true
		then(err)
	}, nil)
}

// when writes a time as people do: "today 18:02", "yesterday 18:02", "3 June 2026 18:02", in
// the time zone of now.
func when(t, now time.Time) string {
	t = t.In(now.Location())
	day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, t.Location()) }
	switch hours := day(now).Sub(day(t)).Hours(); {
	case hours == 0:
		return "today " + t.Format("15:04")
	case hours > 0 && hours < 30:
		return "yesterday " + t.Format("15:04")
	}
	return t.Format("2 January 2006 15:04")
}

// Restore brings accounts back from a backup or an export of Tallystick: a file, its
// passphrase, what would change, and then one of the two ways.
type Restore struct {
	task
	path   string
	file   *backup.File
	opened *backup.Opened
	diff   vault.Difference
	lines  []RestoreLine
	done   string
}

// RestoreLine is one account of a preview.
type RestoreLine struct {
	Issuer, Name string
	What         string // "will be added", "differs here: note and tags", "is not in the backup"
	Gone         bool   // replacing would take it away
}

// Restore is the flow; always the same one.
func (s *Session) Restore() *Restore { return s.restore }

// Done says what was brought back; "" = nothing yet.
func (r *Restore) Done() string { return r.done }

// Chosen is the name of the file; "" = none is chosen, or it cannot be used.
func (r *Restore) Chosen() string {
	if r.file == nil {
		return ""
	}
	return r.path
}

// About says what the chosen file is, as far as it tells without its passphrase.
func (r *Restore) About() string {
	switch {
	case r.file == nil:
		return ""
	case r.file.Export:
		return "An export of Tallystick, protected by a passphrase."
	}
	return "A backup of " + when(r.file.Made, r.s.d.Now()) + " with " + count(r.file.Accounts, "account", "accounts") + "."
}

// IsOpen reports that the file was decrypted and Preview says what is in it.
func (r *Restore) IsOpen() bool { return r.opened != nil }

// Preview is what would change, the accounts to be added first.
func (r *Restore) Preview() []RestoreLine { return r.lines }

// Counts are how many accounts would be added, differ, are not in the backup, and are alike.
func (r *Restore) Counts() (added, changed, missing, same int) {
	return len(r.diff.Added), len(r.diff.Changed), len(r.diff.Missing), r.diff.Same
}

// Choose takes a file.
func (r *Restore) Choose(path string) {
	if r.s.state != Open || r.busy {
		return
	}
	r.drop()
	var file *backup.File
	r.slow(func(context.Context) (err error) { file, err = backup.ReadFile(path); return err }, func(err error) {
		if err == nil {
			r.path, r.file = path, file
		}
	}, nil)
}

// Unlock opens the chosen file. pass is taken over and wiped.
func (r *Restore) Unlock(pass secret.Bytes) {
	if r.s.state != Open || r.busy || r.file == nil {
		pass.Wipe()
		return
	}
	file := r.file
	var opened *backup.Opened
	var diff vault.Difference
	var lines []RestoreLine
	r.slow(func(context.Context) (err error) {
		defer pass.Wipe()
		if opened, err = file.Open(pass); err != nil {
			return err
		}
		return r.s.d.Vault.Read(func(now *vault.Vault) error {
			diff = now.Compare(opened.Vault)
			lines = previewLines(now, opened.Vault, diff)
			return nil
		})
	}, func(err error) {
		if err != nil {
			opened.Wipe()
			return
		}
		r.opened, r.diff, r.lines = opened, diff, lines
	}, func() { opened.Wipe() })
}

func previewLines(now, then *vault.Vault, d vault.Difference) []RestoreLine {
	var lines []RestoreLine
	for _, id := range d.Added {
		a, _ := then.Account(id)
		what := "will be added"
		if !a.Trashed.IsZero() {
			what = "will be added to the trash"
		}
		lines = append(lines, RestoreLine{Issuer: clean(a.Issuer), Name: clean(a.Name), What: what})
	}
	for _, c := range d.Changed {
		a, _ := then.Account(c.There)
		lines = append(lines, RestoreLine{Issuer: clean(a.Issuer), Name: clean(a.Name), What: "differs here: " + strings.Join(c.What, ", ")})
	}
	for _, id := range d.Missing {
		a, _ := now.Account(id)
		lines = append(lines, RestoreLine{Issuer: clean(a.Issuer), Name: clean(a.Name), What: "is not in the backup", Gone: true})
	}
	return lines
}

// Merge adds what is not here and leaves the rest alone.
func (r *Restore) Merge() { r.apply(false) }

// Replace makes the vault what it was. What it is now is kept among its older copies.
func (r *Restore) Replace() { r.apply(true) }

func (r *Restore) apply(replace bool) {
	if r.s.state != Open || r.busy || r.opened == nil {
		return
	}
	// A copy: when the flow is left or the vault locked meanwhile, what it holds is wiped, and wiped keys must not be saved.
	then, saved := r.opened.Vault.Clone(), r.opened.Saved
	added := 0
	r.slow(func(ctx context.Context) error {
		defer then.Wipe()
		if replace { // the shared vaults become what they were as well
			return r.s.d.Vault.Update(ctx, func(v *vault.Vault) error { return v.Become(then) })
		}
		return r.s.update(ctx, func(v *vault.Vault) (err error) {
			added, _, err = v.Merge(then, nil)
			return err
		})
	}, func(err error) {
		if err != nil {
			return
		}
		done := "Your accounts are as they were " + when(saved, r.s.d.Now()) + ". What was here before is kept among the older copies of the vault."
		if !replace {
			done = "Added " + count(added, "account", "accounts") + "."
		}
		r.drop()
		r.done = done
		r.s.news()
	}, nil)
}

// Close ends the flow and wipes what it holds.
func (r *Restore) Close() {
	r.drop()
	r.changed.call()
}

func (r *Restore) drop() {
	r.leave()
	r.opened.Wipe()
	r.path, r.file, r.opened, r.diff, r.lines, r.done = "", nil, nil, vault.Difference{}, nil, ""
}
