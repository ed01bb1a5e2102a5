package backup

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/secret"
)

// Vault is what a Keeper needs of a vault.Manager. It has to be unlocked, but for Status and List.
type Vault interface {
	Read(fn func(*vault.Vault) error) error
	SealBeside(plain secret.Bytes) ([]byte, error)
	OpenBeside(file []byte) (secret.Bytes, error)
	Fingerprint() (string, error)
}

// Config is everything a Keeper gets from outside. Vault and Dir are required.
type Config struct {
	Vault Vault
	Dir   string           // of the vault: backup.json lies there
	Now   func() time.Time // nil = time.Now
	Work  int              // cost of the backup passphrase, see seal.EncryptPassphrase; 0 = the usual one

	disk disk // nil = the real one
}

// Keeper makes backups of one vault. Safe for concurrent use.
type Keeper struct {
	vault Vault
	dir   string
	now   func() time.Time
	work  int
	disk  disk
	mu    sync.Mutex // one backup, or change of the settings, at a time
}

// New makes a Keeper. It touches nothing.
func New(cfg Config) *Keeper {
	k := &Keeper{vault: cfg.Vault, dir: cfg.Dir, now: cfg.Now, work: cfg.Work, disk: cfg.disk}
	if k.now == nil {
		k.now = time.Now
	}
	if k.disk == nil {
		k.disk = osDisk{}
	}
	return k
}

func (k *Keeper) settingsPath() string { return filepath.Join(k.dir, settingsFile) }

// Status is what a person wants to know of the backups; nothing has to be unlocked for it.
type Status struct {
	Set         bool
	Folder      string // absolute
	FolderThere bool
	Last        *Last     // the last one that was opened again after writing; nil = none
	Failed      error     // why the last attempt made none; nil = it made one
	FailedAt    time.Time // when that was
}

// Status says how the backups stand. Nothing chosen yet is no error.
// Errors: ErrSettings, ErrNewer.
func (k *Keeper) Status() (Status, error) {
	s, err := k.load()
	if errors.Is(err, ErrNotSet) {
		return Status{}, nil
	}
	if err != nil {
		return Status{}, err
	}
	st := Status{Set: true, Folder: s.Folder, FolderThere: k.folder(s.Folder) == nil, Last: s.Last, Failed: s.Failed.err()}
	if s.Failed != nil {
		st.FailedAt = s.Failed.At
	}
	return st, nil
}

// retryAfter is how long a failed daily backup is left alone.
const retryAfter = time.Hour

// Due reports whether the daily backup is to be made now. A folder that is not there is looked
// for every hour.
func (s Status) Due(now time.Time) bool {
	if !s.Set {
		return false
	}
	if s.Failed != nil && now.Sub(s.FailedAt).Abs() < retryAfter {
		return false
	}
	return s.Last == nil || Due(s.Last.Made, now)
}

// folder reports ErrFolder unless path is a directory. It is never made here: where a stick or
// a share is mounted, a directory of that name would take backups that nobody finds.
func (k *Keeper) folder(path string) error {
	info, err := k.disk.Stat(path)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 { // to a folder, as a rule
		_, err = k.disk.ReadDir(path)
		if err == nil {
			return nil
		}
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrFolder, err)
	case !info.IsDir():
		return fmt.Errorf("%w: it is a file", ErrFolder)
	}
	return nil
}

// SetUp chooses the folder and the backup passphrase, and makes a new key for the backups to
// come. Backups that were made before open with the passphrase they were made with. It makes
// no backup yet.
//
// Errors: ErrFolder, vault.ErrLocked, ErrPassphrase for an empty passphrase, ErrFailed.
func (k *Keeper) SetUp(_ context.Context, folder string, passphrase secret.Bytes) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	folder, err := filepath.Abs(folder)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	if err := k.folder(folder); err != nil {
		return err
	}
	name, err := k.vault.Fingerprint()
	if err != nil {
		return err
	}
	key, err := seal.GenerateKey()
	if err != nil {
		return err
	}
	defer key.Wipe()
	wrapped, err := seal.EncryptPassphrase(key.Secret().Reveal(), passphrase, k.work)
	if err != nil {
		return sealError(err)
	}
	// A passphrase that does not open what it closed would be found out when it is too late.
	back, err := seal.DecryptPassphrase(wrapped, passphrase)
	if err != nil || !bytes.Equal(back, key.Secret().Reveal()) {
		return failed("check the passphrase", ErrReadBack)
	}
	clear(back)
	inner := sealedKey(key.Secret(), wrapped)
	defer inner.Wipe()
	sealed, err := k.vault.SealBeside(inner)
	if err != nil {
		return err
	}
	s := settings{Folder: folder, Vault: name, Key: wrapped, Sealed: sealed}
	if was, err := k.load(); err == nil && was.Folder == folder && was.Vault == name {
		s.Last = was.Last
	}
	if err := k.save(s); err != nil {
		return failed("keep the settings", err)
	}
	return nil
}

// Move chooses another folder and keeps the passphrase. Backups in the old one stay there.
// Errors: ErrNotSet, ErrFolder, ErrSettings, ErrFailed.
func (k *Keeper) Move(folder string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, err := k.load()
	if err != nil {
		return err
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	if err := k.folder(folder); err != nil {
		return err
	}
	if s.Folder != folder {
		s.Folder, s.Last, s.Failed = folder, nil, nil
	}
	if err := k.save(s); err != nil {
		return failed("keep the settings", err)
	}
	return nil
}

// Make makes a backup of the vault as it is now, opens it again, counts, and takes away older
// ones that are not kept any longer. After an error the ones before are all there.
//
// Errors: ErrNotSet, ErrSettings, vault.ErrLocked, ErrFailed with ErrFolder, ErrReadBack or
// what the disk says.
func (k *Keeper) Make(ctx context.Context) (Copy, error) {
	var now *vault.Vault
	if err := k.vault.Read(func(v *vault.Vault) error { now = v.Clone(); return nil }); err != nil {
		return Copy{}, err
	}
	defer now.Wipe()
	return k.make(ctx, now)
}

// BeforeMigration makes a backup of v, which was read in an older format; for
// vault.Config.BeforeMigration. Where no backups are set up there is nothing to do: the older
// copies beside the vault have it.
func (k *Keeper) BeforeMigration(ctx context.Context, v *vault.Vault) error {
	now := v.Clone()
	defer now.Wipe()
	_, err := k.make(ctx, now)
	if errors.Is(err, ErrNotSet) {
		return nil
	}
	return err
}

func (k *Keeper) make(ctx context.Context, now *vault.Vault) (Copy, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, err := k.load()
	if err != nil {
		return Copy{}, err
	}
	c, err := k.write(ctx, s, now)
	if errors.Is(err, vault.ErrLocked) {
		return Copy{}, err
	}
	if err != nil {
		s.Failed = newFailure(k.now().UTC(), err)
		_ = k.save(s) // the failure itself is what is told
		return Copy{}, err
	}
	s.Failed = nil
	s.Last = &Last{File: filepath.Base(c.Path), Made: c.Made, Accounts: c.Accounts, Bytes: c.Bytes}
	k.prune(s)
	if err := k.save(s); err != nil {
		// The backup is there and good; that it was made is what is not noted.
		return c, failed("note the backup that was made", err)
	}
	return c, nil
}

// write writes one backup, and counts it only when it came back.
func (k *Keeper) write(ctx context.Context, s settings, now *vault.Vault) (Copy, error) {
	key, err := k.key(s)
	if err != nil {
		return Copy{}, err
	}
	defer key.Wipe()
	if err := k.folder(s.Folder); err != nil {
		return Copy{}, failed(filepath.Base(s.Folder), err)
	}
	made := k.now().UTC().Truncate(time.Second)
	a := about{Format: Format, Made: made, Vault: s.Vault, Key: key.Fingerprint()}
	a.Accounts, a.Trashed, a.Broken = now.Count()
	text, err := vault.EncodeContent(now, made)
	if err != nil {
		return Copy{}, failed("encode", err)
	}
	defer clear(text)
	accounts, err := seal.Encrypt(text, key)
	if err != nil {
		return Copy{}, failed("encrypt", err)
	}
	data, err := build(a, s.Key, accounts)
	if err != nil {
		return Copy{}, failed("pack", err)
	}
	if ctx.Err() != nil {
		return Copy{}, failed("stopped", ctx.Err())
	}
	path, err := k.freeName(s.Folder, s.Vault[:shortLen], made)
	if err != nil {
		return Copy{}, failed("find a name", err)
	}
	check := func(back []byte) error { return verify(filepath.Base(path), back, s.Key, key, now) }
	k.sweep(s.Folder)
	if err := writeFile(k.disk, path, data, check); err != nil {
		return Copy{}, failed(filepath.Base(path), err)
	}
	// Once more under its name: that is what somebody will open one day.
	back, err := k.disk.ReadFile(path, MaxFile)
	if err == nil {
		err = check(back)
	}
	if err != nil {
		_ = k.disk.Remove(path)
		return Copy{}, failed(filepath.Base(path), err)
	}
	return Copy{Path: path, Vault: s.Vault[:shortLen], Made: made, Bytes: int64(len(data)), Accounts: a.Accounts}, nil
}

// verify reports ErrReadBack unless data is a backup that the wrapped key belongs to and that
// holds exactly want.
func verify(name string, data, wrapped []byte, key *seal.Key, want *vault.Vault) error {
	f, err := Parse(name, data)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrReadBack, err)
	}
	if !bytes.Equal(f.key, wrapped) {
		return fmt.Errorf("%w: the wrapped key differs", ErrReadBack)
	}
	o, err := f.openWith(key)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrReadBack, err)
	}
	defer o.Wipe()
	live, _, _ := o.Vault.Count()
	if live != f.Accounts || !o.Vault.Equal(want) {
		return fmt.Errorf("%w: it holds something else", ErrReadBack)
	}
	return nil
}

// freeName is the name of a new backup: none that is there is ever replaced.
func (k *Keeper) freeName(folder, short string, made time.Time) (string, error) {
	for n := 1; n <= 100; n++ {
		path := filepath.Join(folder, copyName(short, made, n))
		_, err := k.disk.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return path, nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", fs.ErrExist
}

// stale is how old a temporary file is when nobody writes it any longer.
const stale = 24 * time.Hour

// sweep takes away what backups that were killed left in the folder.
func (k *Keeper) sweep(folder string) {
	list, err := k.disk.ReadDir(folder)
	if err != nil {
		return
	}
	for _, f := range list {
		if !strings.HasPrefix(f.Name(), tempPrefix) || !strings.HasSuffix(f.Name(), tempSuffix) {
			continue
		}
		if info, err := f.Info(); err == nil && k.now().Sub(info.ModTime()) > stale {
			_ = k.disk.Remove(filepath.Join(folder, f.Name()))
		}
	}
}

// prune takes away backups of this vault that are not kept any longer. Failing does no harm.
func (k *Keeper) prune(s settings) {
	list, err := k.list(s.Folder)
	if err != nil {
		return
	}
	list = slices.DeleteFunc(list, func(c Copy) bool {
		return c.Vault != s.Vault[:shortLen] || filepath.Base(c.Path) == s.Last.File
	})
	last := Copy{Path: filepath.Join(s.Folder, s.Last.File), Made: s.Last.Made}
	for _, c := range Superfluous(append(list, last)) {
		if c.Path != last.Path { // the one that is known to open stays, whatever the clock says
			_ = k.disk.Remove(c.Path)
		}
	}
}

func (k *Keeper) list(folder string) ([]Copy, error) {
	files, err := k.disk.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	var list []Copy
	for _, f := range files {
		c, ok := parseName(f.Name())
		if !ok {
			continue
		}
		info, err := f.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		c.Path, c.Bytes = filepath.Join(folder, f.Name()), info.Size()
		list = append(list, c)
	}
	slices.SortFunc(list, compareNewest)
	return list, nil
}

// List is the backups in the folder, of this vault and of others, newest first. Whether they
// open is not known. Errors: ErrNotSet, ErrSettings, ErrFolder.
func (k *Keeper) List() ([]Copy, error) {
	s, err := k.load()
	if err != nil {
		return nil, err
	}
	return k.listCounted(s.Folder)
}

// ListIn is List for any folder, as on a computer where no backups are set up yet.
// Errors: ErrFolder.
func (k *Keeper) ListIn(folder string) ([]Copy, error) { return k.listCounted(folder) }

func (k *Keeper) listCounted(folder string) ([]Copy, error) {
	list, err := k.list(folder)
	for i := range list {
		list[i].Accounts = countIn(list[i].Path)
	}
	return list, err
}

// countIn is the number of accounts that a backup says it has; -1 = unknown.
func countIn(path string) int {
	z, err := zip.OpenReader(path)
	if err != nil {
		return -1
	}
	defer func() { _ = z.Close() }()
	f, err := parseMembers(&z.Reader, MaxFile)
	if err != nil {
		return -1
	}
	return f.Accounts
}

// ReadFile reads and parses a backup or an export at path. Errors: those of Parse, and what
// the disk says.
func ReadFile(path string) (*File, error) {
	data, err := osDisk{}.ReadFile(path, MaxFile)
	if errors.Is(err, errTooLarge) {
		return nil, fmt.Errorf("%w: %w", ErrNotBackup, err)
	}
	if err != nil {
		return nil, err
	}
	return Parse(filepath.Base(path), data)
}
