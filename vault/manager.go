package vault

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/seal"
)

// Config is everything a Manager gets from outside. Dir and Keyring are required.
type Config struct {
	Dir     string           // holds everything: vault.age, generations, device.json, lock
	Keyring keys.Keyring     // the OS keyring, or a fake
	KDF     seal.KDF         // cost of new passphrase slots; zero = seal.DefaultKDF()
	Now     func() time.Time // nil = time.Now
	Rand    io.Reader        // ids, salts, nonces; nil = crypto/rand.Reader. Keys always come from the system

	// KDFFloor is the least memory, in KiB, a passphrase slot may have to be opened;
	// 0 = seal.MinMemoryKiB. Anything else is for tests.
	KDFFloor uint32

	// BeforeMigration is called before the first save of a vault that was written in an older
	// format, with the content as it was read; its error ends that save with ErrSave. It may
	// call Read, SealBeside and OpenBeside, nothing else here. nil = nobody wants to know.
	BeforeMigration func(ctx context.Context, v *Vault) error

	disk disk // nil = the real one
}

// Status is what can be known without unlocking.
type Status struct {
	Exists     bool // a vault is there
	Protection keys.Protection
	Unlocked   bool
	KeyringErr error // nil when the keyring answers; else wraps ErrNoKeyring or ErrKeyLocked
}

// How long a call waits for another program to be done with the vault, if its context
// does not end earlier. A save takes a tenth of a second.
const (
	lockPatience = 15 * time.Second
	lockRetry    = 5 * time.Millisecond
)

// Manager owns one vault directory in this process. Safe for concurrent use.
//
// Its functions must not be called from within a function handed to Read or Update.
type Manager struct {
	cfg Config
	fs  disk

	// op has room for the one call that reads or writes files or keyring; a channel, so
	// that waiting for it can end with a context. Taken before the file lock and mu.
	op   chan struct{}
	quit context.Context // ends at Close, and with it every call that waits
	end  context.CancelFunc

	mu     sync.RWMutex
	open   *opened // nil while locked; what it points to is never changed, only replaced
	closed bool

	watchers watchers
}

// opened is an unlocked vault: what the file held when it was read or written last.
type opened struct {
	vault    *Vault
	revision uint64
	saved    time.Time
	extra    [][]byte
	key      *seal.Key
	stamp    fileStamp
	older    int // how many formats before today's the file is
}

// Open prepares a manager. It makes the directory (for its owner only) if it is not
// there, and touches nothing else.
func Open(cfg Config) (*Manager, error) {
	if cfg.Dir == "" || cfg.Keyring == nil {
		return nil, errors.New("vault: no directory or no keyring given")
	}
	if cfg.KDF == (seal.KDF{}) {
		cfg.KDF = seal.DefaultKDF()
	}
	if err := cfg.KDF.Validate(cfg.KDFFloor); err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.disk == nil {
		cfg.disk = osDisk{}
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	cfg.Dir = dir
	m := &Manager{cfg: cfg, fs: cfg.disk, op: make(chan struct{}, 1)}
	if err := m.fs.MkdirAll(dir); err != nil {
		return nil, saveError("make the directory", err)
	}
	m.quit, m.end = context.WithCancel(context.Background())
	return m, nil
}

// Format prints the directory, under every verb: not what is in the vault.
func (m *Manager) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "vault in %s", m.cfg.Dir) }

func (m *Manager) path(name string) string { return filepath.Join(m.cfg.Dir, name) }

// begin waits for the turn of a call. The context it returns ends with ctx and at Close.
func (m *Manager) begin(ctx context.Context) (context.Context, func(), error) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(m.quit, func() { cancel(ErrClosed) })
	done := func() { stop(); cancel(nil) }
	if m.quit.Err() != nil {
		done()
		return nil, nil, ErrClosed
	}
	select {
	case m.op <- struct{}{}:
		if ctx.Err() != nil { // both were possible
			<-m.op
			done()
			return nil, nil, busy(ctx)
		}
		return ctx, func() { <-m.op; done() }, nil
	case <-ctx.Done():
		err := busy(ctx)
		done()
		return nil, nil, err
	}
}

// beginChange is begin for a call that changes what is open: it keeps other processes out as well, until end. Errors: those of
// begin and lockFiles, ErrLocked.
func (m *Manager) beginChange(ctx context.Context) (_ context.Context, o *opened, end func(), err error) {
	ctx, done, err := m.begin(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	if o = m.current(); o == nil {
		done()
		return nil, nil, nil, ErrLocked
	}
	release, err := m.lockFiles(ctx)
	if err != nil {
		done()
		return nil, nil, nil, err
	}
	return ctx, o, func() { release(); done() }, nil
}

// lockFiles keeps other processes out, and takes away what killed ones left.
func (m *Manager) lockFiles(ctx context.Context) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	l := flock.New(m.path(lockFile))
	ok, err := l.TryLockContext(ctx, lockRetry)
	switch {
	case ctx.Err() != nil && !ok:
		return nil, busy(ctx)
	case err != nil:
		return nil, saveError("lock", err)
	case !ok:
		return nil, ErrBusy
	}
	removeTemps(m.fs, m.cfg.Dir)
	removeTemps(m.fs, m.path(generationsDir))
	return func() { _ = l.Unlock() }, nil
}

// tryLockFiles is lockFiles for work that can as well be done another time.
func (m *Manager) tryLockFiles() (release func(), ok bool) {
	l := flock.New(m.path(lockFile))
	if ok, err := l.TryLock(); err != nil || !ok {
		return nil, false
	}
	return func() { _ = l.Unlock() }, true
}

func (m *Manager) current() *opened {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.open
}

// replace makes o current and tells watchers. wipe says that what was current shares
// nothing with o and goes.
func (m *Manager) replace(o *opened, wipe bool) {
	m.mu.Lock()
	was := m.open
	m.open = o
	if was != nil && wipe {
		was.vault.Wipe()
		if o == nil || o.key != was.key {
			was.key.Wipe()
		}
	}
	m.mu.Unlock()
	m.watchers.notify()
}

// vaultThere reports whether there is a vault file or an older copy of one.
func (m *Manager) vaultThere() (bool, error) {
	_, err := m.fs.Stat(m.path(vaultFile))
	if err == nil {
		return true, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("vault: %w", err)
	}
	list, err := m.Generations()
	return len(list) > 0, err
}

// Status tells what can be known without unlocking. Where files are damaged, Exists is
// true and the error says how.
func (m *Manager) Status(ctx context.Context) (Status, error) {
	var s Status
	m.mu.RLock()
	s.Unlocked = m.open != nil
	closed := m.closed
	m.mu.RUnlock()
	if closed {
		return s, ErrClosed
	}
	s.KeyringErr = keyError(m.cfg.Keyring.Probe(ctx))
	d, err := m.loadDevice()
	if err != nil {
		s.Exists = !errors.Is(err, ErrAbsent)
		if !s.Exists {
			err = nil
		}
		return s, err
	}
	there, err := m.vaultThere()
	if err != nil {
		return s, err
	}
	s.Protection = d.Protection
	s.Exists = there || !d.Pending
	if !s.Exists {
		s.Protection = ""
	}
	if s.Exists {
		if _, err := m.fs.Stat(m.path(vaultFile)); errors.Is(err, fs.ErrNotExist) {
			return s, m.lost()
		}
	}
	return s, nil
}

// lost is the damage of a vault file that is not there though it should be.
func (m *Manager) lost() error {
	older, _ := m.Generations()
	return &Damage{File: vaultFile, What: "it is missing", Older: older, Cause: fs.ErrNotExist}
}

// load reads and opens the vault file. Errors: ErrDamaged, ErrNewer, or what the disk says.
func (m *Manager) load(key *seal.Key) (*opened, error) {
	file, is, err := readFile(m.fs, m.path(vaultFile), seal.MaxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, m.lost()
	}
	if errors.Is(err, errTooLarge) {
		return nil, m.damage(vaultFile, err)
	}
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	o, err := unseal(file, key)
	if err != nil {
		return nil, m.damage(vaultFile, err)
	}
	o.stamp = is
	return o, nil
}

// unseal opens the bytes of a vault file.
func unseal(file []byte, key *seal.Key) (*opened, error) {
	payload, err := seal.Decrypt(file, key)
	if err != nil {
		return nil, err
	}
	defer clear(payload)
	doc, err := seal.Decode(payload)
	if err != nil {
		return nil, err
	}
	o := &opened{vault: decodeVault(doc.Entries), revision: doc.Revision, saved: doc.Saved, key: key, older: doc.Older}
	o.vault.lock, o.extra = takeLock(doc.Extra)
	o.vault.shares, o.extra = takeShares(o.extra)
	return o, nil
}

// damage puts our sentinels around an error of seal about a file.
func (m *Manager) damage(name string, err error) error {
	if errors.Is(err, seal.ErrNewer) {
		return fmt.Errorf("%w: %w", ErrNewer, err)
	}
	what := reason(err)
	if errors.Is(err, seal.ErrWrongKey) {
		// The key is the right one, its fingerprint was compared before.
		what = "its header was changed, or it belongs to another device"
	}
	older, _ := m.Generations()
	return &Damage{File: name, What: what, Older: older, Cause: err}
}

// reload is load if the file is another one than o was. Errors as load.
func (m *Manager) reload(o *opened) (*opened, bool, error) {
	is, err := stampFile(m.fs, m.path(vaultFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, m.lost()
	}
	if err != nil {
		return nil, false, fmt.Errorf("vault: %w", err)
	}
	if is.same(o.stamp) {
		return o, false, nil
	}
	now, err := m.load(o.key)
	if err != nil {
		return nil, false, err
	}
	return now, true, nil
}

// Read calls fn with the current content, which fn must not change or keep (Clone).
// Errors: ErrLocked, and fn's own.
func (m *Manager) Read(fn func(*Vault) error) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.open == nil {
		return ErrLocked
	}
	return fn(m.open.vault)
}

// Update takes the file lock, reloads if another process changed the file, applies fn to
// a copy, saves it durably, and only then makes it current. What has been in the trash
// for too long goes on the way. fn's error aborts with nothing changed, and is returned
// as it is; a fn that changes nothing saves nothing.
//
// Errors: ErrLocked, ErrBusy, ErrDamaged, ErrNewer, ErrSave. After ErrSave the file is
// whole and nearly always the old one; if only its name could not be made durable it is
// the new one, which the next call finds out by itself.
func (m *Manager) Update(ctx context.Context, fn func(*Vault) error) error {
	ctx, o, end, err := m.beginChange(ctx)
	if err != nil {
		return err
	}
	defer end()
	if o, err = m.catchUp(o); err != nil {
		return err
	}
	work := o.vault.share()
	if err := fn(work); err != nil {
		return err
	}
	work.PurgeOld(m.cfg.Now())
	if !work.changed {
		return nil
	}
	if err := m.migrate(ctx, o); err != nil {
		return err
	}
	next, err := m.save(o, work)
	if err != nil {
		return err
	}
	m.replace(next, false)
	return nil
}

// save writes work as the successor of o, which is what the file holds now.
func (m *Manager) save(o *opened, work *Vault) (*opened, error) {
	saved := stamp(m.cfg.Now())
	if !saved.After(o.saved) {
		saved = o.saved.Add(time.Millisecond) // copies stay in order when the clock is set back
	}
	next := &opened{vault: work, revision: o.revision + 1, saved: saved, extra: o.extra, key: o.key}
	is, err := m.write(next, func() error { return m.keepCurrent(o.stamp, o.saved, o.revision) })
	if err != nil {
		return nil, saveError(vaultFile, err)
	}
	next.stamp = is
	work.changed = false
	m.prune()
	return next, nil
}

// write encrypts o into the vault file. What is read back from the disk, and taken apart
// as it will be at the next start, has to be what was meant, account by account.
func (m *Manager) write(o *opened, beforeRename func() error) (fileStamp, error) {
	path := m.path(vaultFile)
	if err := m.writeTo(path, o, beforeRename); err != nil {
		return fileStamp{}, err
	}
	return stampFile(m.fs, path)
}

// writeTo is write to any path.
func (m *Manager) writeTo(path string, o *opened, beforeRename func() error) error {
	entries, wipe := o.vault.encode()
	defer wipe()
	extra := slices.Concat(o.vault.lock.members(), o.vault.shares.members(), o.extra)
	payload, err := seal.Document{Revision: o.revision, Saved: o.saved, Entries: entries, Extra: extra}.Encode()
	if err != nil {
		return err
	}
	defer clear(payload)
	file, err := seal.Encrypt(payload, o.key)
	if err != nil {
		return err
	}
	check := func(back []byte) error {
		plain, err := seal.Decrypt(back, o.key)
		if err != nil {
			return fmt.Errorf("%w: %w", errReadBack, err)
		}
		defer clear(plain)
		if !bytes.Equal(plain, payload) {
			return errReadBack
		}
		doc, err := seal.Decode(plain)
		if err != nil {
			return fmt.Errorf("%w: %w", errReadBack, err)
		}
		again := decodeVault(doc.Entries)
		defer again.Wipe()
		again.lock, _ = takeLock(doc.Extra)
		again.shares, _ = takeShares(doc.Extra)
		if doc.Revision != o.revision || !again.same(o.vault) {
			return errReadBack
		}
		return nil
	}
	return writeFile(m.fs, path, file, check, beforeRename)
}

// NextHOTP returns the code of a HOTP account's counter; the raised counter is on disk
// before the code is returned. Errors: ErrNoAccount, ErrInvalid (not a HOTP account, or
// its counter cannot be raised), and those of Update.
func (m *Manager) NextHOTP(ctx context.Context, id ID) (string, error) {
	var code string
	err := m.Update(ctx, func(v *Vault) error {
		a, ok := v.Account(id)
		if !ok {
			return ErrNoAccount
		}
		if a.Params.Kind != otp.HOTP {
			return fmt.Errorf("%w: %w: no counter to raise", ErrInvalid, otp.ErrKind)
		}
		now := m.cfg.Now()
		next, err := a.Params.Code(now)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		raised := a.Params
		raised.Counter++
		if err := checkParams(raised); err != nil { // else the entry could not be read again
			return err
		}
		code = next
		return v.edit(id, func(a *Account) { a.Params.Counter, a.Used = raised.Counter, stamp(now) })
	})
	if err != nil {
		return "", err
	}
	return code, nil
}

// catchUp makes current what another process saved since o was read, and returns what is current. Errors: those of reload.
func (m *Manager) catchUp(o *opened) (*opened, error) {
	now, changed, err := m.reload(o)
	if err == nil && changed {
		m.replace(now, true)
	}
	return now, err
}

// Reload reads the file again if it changed; reports whether the content is new.
// Errors: ErrLocked, ErrDamaged, ErrNewer; the content stays what it was.
func (m *Manager) Reload(ctx context.Context) (changed bool, err error) {
	_, done, err := m.begin(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	o := m.current()
	if o == nil {
		return false, ErrLocked
	}
	now, changed, err := m.reload(o)
	if err != nil {
		return false, err
	}
	if changed {
		m.replace(now, true)
	}
	return changed, nil
}

// Lock wipes keys and content. It waits for a save that is under way. ErrNoLock when no
// passphrase is set. Locking what is locked does nothing.
func (m *Manager) Lock() error {
	_, done, err := m.begin(context.Background())
	if err != nil {
		return err
	}
	defer done()
	if m.current() == nil {
		return nil
	}
	d, err := m.loadDevice()
	// Where the device file cannot be read, locking is the safe side.
	if err == nil && !d.Protection.NeedsPassphrase() {
		return ErrNoLock
	}
	m.replace(nil, true)
	return nil
}

// Close locks whatever the protection and releases files and watchers. Calls that wait
// end with ErrClosed; a save that is under way is waited for.
func (m *Manager) Close() error {
	m.end()
	m.op <- struct{}{}
	defer func() { <-m.op }()
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.replace(nil, true)
	return nil
}
