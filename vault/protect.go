package vault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/secret"
)

// Create makes a new, empty vault and leaves it unlocked. With a keyring that answers
// the key goes there, under the passphrase if one is given (app lock). Without one, or
// with one that stays locked, the key lies in device.json under the passphrase, which is
// then mandatory: ErrNeedPass together with ErrNoKeyring or ErrKeyLocked.
//
// ErrExists when any vault or device file is there, whatever state it is in. A Create
// that was interrupted before there was a vault can simply be repeated.
func (m *Manager) Create(ctx context.Context, passphrase secret.Bytes) error {
	ctx, done, err := m.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	release, err := m.lockFiles(ctx)
	if err != nil {
		return err
	}
	defer release()

	var old deviceState // of a Create that was interrupted
	switch d, err := m.loadDevice(); {
	case err == nil && d.Pending:
		if there, err := m.vaultThere(); err != nil || there {
			return errors.Join(ErrExists, err)
		}
		old = d
	case errors.Is(err, ErrAbsent):
	case err == nil, errors.Is(err, ErrDamaged), errors.Is(err, ErrNewer):
		return ErrExists
	default:
		return err
	}

	key, err := seal.GenerateKey()
	if err != nil {
		return err
	}
	d, err := m.createKeySlot(ctx, old, key, "", passphrase)
	if err != nil {
		key.Wipe()
		return err
	}
	next := &opened{vault: New(), revision: 1, saved: stamp(m.cfg.Now()), key: key}
	if next.stamp, err = m.write(next, nil); err != nil {
		key.Wipe()
		return saveError(vaultFile, err)
	}
	// There is a vault now, and it opens. That the device file stops calling it pending
	// is mended another time if it fails here.
	d.Pending = false
	if m.saveDevice(d) == nil {
		m.dropStale(ctx, d)
	}
	m.replace(next, true)
	return nil
}

// createKeySlot puts a new key where it is to be, and writes a pending device file that
// says where. The file comes first: whatever lands in the keyring is known by name. wanted
// is the protection to be used and no other; "" = the keyring if it answers.
func (m *Manager) createKeySlot(ctx context.Context, old deviceState, key *seal.Key, wanted keys.Protection, passphrase secret.Bytes) (device, error) {
	id, err := newID(m.cfg.Rand)
	if err != nil {
		return device{}, err
	}
	if old.Device != "" {
		id = ID(old.Device) // its names stay known as ours, to be deleted
	}
	d := device{Format: deviceFormat, Device: string(id), Key: key.Fingerprint(), Pending: true, Protection: keys.ByKeyring}
	for _, name := range append(old.Stale, old.Entry) {
		d = d.withStale(name)
	}
	if !passphrase.IsEmpty() {
		d.Protection = keys.ByKeyringAndPassphrase
	}

	var errRing error
	if wanted != keys.ByPassphrase {
		errRing = m.cfg.Keyring.Probe(ctx)
	}
	if wanted != keys.ByPassphrase && (errRing == nil || errors.Is(errRing, keys.ErrLocked)) {
		if d.Entry, err = d.newEntry(m.cfg.Rand); err != nil {
			return device{}, err
		}
		value, wipe, err := m.keyringValue(d, key, passphrase)
		if err != nil {
			return device{}, err
		}
		defer wipe()
		if err := m.saveDevice(d); err != nil {
			return device{}, err
		}
		if errRing = m.cfg.Keyring.Set(ctx, d.Entry, value); errRing == nil {
			return d, nil
		}
		d = d.withStale(d.Entry)
		d.Entry = ""
	}
	if passphrase.IsEmpty() {
		return device{}, fmt.Errorf("%w: %w", ErrNeedPass, keyError(errRing))
	}
	if ctx.Err() != nil { // the person gave up, which is not the same as having no keyring
		return device{}, busy(ctx)
	}
	if wanted == keys.ByKeyringAndPassphrase {
		return device{}, keyError(errRing)
	}
	d.Protection = keys.ByPassphrase
	if d.Slot, err = m.wrap(d, key, passphrase); err != nil {
		return device{}, err
	}
	return d, m.saveDevice(d)
}

// keyringValue is what the keyring holds for d: the key as it is, or a slot.
func (m *Manager) keyringValue(d device, key *seal.Key, passphrase secret.Bytes) (secret.Bytes, func(), error) {
	if d.Protection == keys.ByKeyring {
		return key.Secret(), func() {}, nil
	}
	slot, err := m.wrap(d, key, passphrase)
	if err != nil {
		return secret.Bytes{}, nil, err
	}
	text, err := slot.MarshalJSON()
	if err != nil {
		return secret.Bytes{}, nil, err
	}
	value := secret.New(text)
	return value, value.Wipe, nil
}

func (m *Manager) wrap(d device, key *seal.Key, passphrase secret.Bytes) (*seal.Slot, error) {
	defer giveBack(m.cfg.KDF)
	slot, err := seal.Wrap(key.Secret(), passphrase, m.cfg.KDF, m.cfg.KDFFloor, d.context(), m.cfg.Rand)
	if err != nil {
		return nil, slotError(err)
	}
	return &slot, nil
}

// unwrap opens a slot and checks that what is in it is the key of this vault.
func (m *Manager) unwrap(d device, slot *seal.Slot, passphrase secret.Bytes) (*seal.Key, error) {
	defer giveBack(slot.KDF)
	text, err := slot.Unwrap(passphrase, m.cfg.KDFFloor, d.context())
	if err != nil {
		return nil, slotError(err)
	}
	defer text.Wipe()
	return m.parseKey(d, text)
}

// giveBack returns the hundreds of megabytes a KDF took, once, to the system now instead
// of in some minutes: the app is to be small while it idles.
func giveBack(k seal.KDF) {
	if k.MemoryKiB >= seal.MinMemoryKiB {
		debug.FreeOSMemory()
	}
}

func (m *Manager) parseKey(d device, text secret.Bytes) (*seal.Key, error) {
	key, err := seal.ParseKey(text)
	if err != nil {
		return nil, &Damage{File: m.cfg.Keyring.Name(), What: "its entry for this vault is not a key", Cause: err}
	}
	if key.Fingerprint() != d.Key {
		key.Wipe()
		return nil, &Damage{File: m.cfg.Keyring.Name(), What: "its entry is the key of another vault", Cause: seal.ErrWrongKey}
	}
	return key, nil
}

// slotOf finds the slot of d on disk or in the keyring; without one, the bare key.
func (m *Manager) slotOf(ctx context.Context, d device) (*seal.Slot, secret.Bytes, error) {
	if d.Protection == keys.ByPassphrase {
		return d.Slot, secret.Bytes{}, nil
	}
	value, err := m.cfg.Keyring.Get(ctx, d.Entry)
	if err != nil {
		return nil, secret.Bytes{}, keyError(err)
	}
	if !seal.IsSlot(value.Reveal()) {
		return nil, value, nil
	}
	defer value.Wipe()
	var slot seal.Slot
	if err := slot.UnmarshalJSON(value.Reveal()); err != nil {
		if errors.Is(err, seal.ErrNewer) {
			return nil, secret.Bytes{}, fmt.Errorf("%w: %w", ErrNewer, err)
		}
		return nil, secret.Bytes{}, &Damage{File: m.cfg.Keyring.Name(), What: reason(err), Cause: err}
	}
	return &slot, secret.Bytes{}, nil
}

// deviceKey gets the key of this device. Errors: ErrNeedPass, ErrPassphrase, ErrKeyMissing,
// ErrKeyLocked, ErrNoKeyring, ErrDamaged, ErrNewer.
func (m *Manager) deviceKey(ctx context.Context, d device, passphrase secret.Bytes) (*seal.Key, error) {
	if d.Protection.NeedsPassphrase() && passphrase.IsEmpty() {
		return nil, ErrNeedPass // before the keyring asks for something of its own
	}
	slot, bare, err := m.slotOf(ctx, d)
	if err != nil {
		return nil, err
	}
	defer bare.Wipe()
	if slot == nil {
		return m.parseKey(d, bare)
	}
	if passphrase.IsEmpty() {
		return nil, ErrNeedPass
	}
	return m.unwrap(d, slot, passphrase)
}

// Unlock opens the vault. passphrase may be empty where none is set (else ErrNeedPass),
// and is not looked at there. Unlocking what is unlocked checks everything again.
// Nothing is written but the mending of what an interrupted change left behind.
//
// Errors: ErrAbsent, ErrNeedPass, ErrPassphrase, ErrKeyMissing, ErrKeyLocked, ErrNoKeyring,
// ErrDamaged, ErrNewer.
func (m *Manager) Unlock(ctx context.Context, passphrase secret.Bytes) error {
	ctx, done, err := m.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	d, key, err := m.keyNow(ctx, passphrase)
	if err != nil {
		return err
	}
	o, err := m.load(key)
	if err != nil {
		key.Wipe()
		return err
	}
	m.replace(o, true)
	m.mend(ctx, d)
	return nil
}

// keyNow is existing and deviceKey without the lock. Another process may change the
// protection between the two, and with it the entry of the keyring: then once more.
func (m *Manager) keyNow(ctx context.Context, passphrase secret.Bytes) (deviceState, *seal.Key, error) {
	d, err := m.existing()
	if err != nil {
		return d, nil, err
	}
	for {
		key, err := m.deviceKey(ctx, d.device, passphrase)
		if err == nil || !errors.Is(err, ErrKeyMissing) {
			return d, key, err
		}
		again, errAgain := m.existing()
		if errAgain != nil || again.Entry == d.Entry {
			return d, nil, err
		}
		d = again
	}
}

// existing is loadDevice for a vault that has to be there: a pending device file without
// a vault is none.
func (m *Manager) existing() (deviceState, error) {
	d, err := m.loadDevice()
	if err != nil {
		return d, err
	}
	if d.Pending {
		there, err := m.vaultThere()
		if err != nil {
			return d, err
		}
		if !there {
			return d, ErrAbsent
		}
	}
	return d, nil
}

// mend ends what a killed process began: a half-written device file, a new vault that is
// still called pending, entries of the keyring that are no longer used. If it does not
// get the lock at once or anything fails, the next time is as good.
func (m *Manager) mend(ctx context.Context, d deviceState) {
	release, ok := m.tryLockFiles()
	if !ok {
		return
	}
	defer release()
	removeTemps(m.fs, m.cfg.Dir)
	removeTemps(m.fs, m.path(generationsDir))
	oldCopy := m.copyIsOld()
	if !oldCopy && !d.Pending && len(d.Stale) == 0 {
		return
	}
	now, err := m.loadDevice() // under the lock: another process may have been faster
	if err != nil {
		return
	}
	if oldCopy || now.Pending {
		now.Pending = false
		if m.saveDevice(now.device) != nil {
			return
		}
	}
	m.dropStale(ctx, now.device)
}

// dropStale deletes the entries of the keyring that d no longer uses, and forgets those
// that are gone.
func (m *Manager) dropStale(ctx context.Context, d device) {
	var left []string
	for _, name := range d.Stale {
		if err := m.cfg.Keyring.Delete(ctx, name); err != nil && !errors.Is(err, keys.ErrMissing) {
			left = append(left, name)
		}
	}
	if len(left) == len(d.Stale) {
		return
	}
	d.Stale = left
	_ = m.saveDevice(d)
}

// Verify checks a passphrase without changing anything, locked or not. ErrPassphrase,
// ErrNeedPass for an empty one, ErrNoLock where none is set, and errors of the keyring.
func (m *Manager) Verify(ctx context.Context, passphrase secret.Bytes) error {
	ctx, done, err := m.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	d, err := m.existing()
	if err != nil {
		return err
	}
	if d.Protection.NeedsPassphrase() {
		var key *seal.Key
		if d, key, err = m.keyNow(ctx, passphrase); err != nil {
			return err
		}
		key.Wipe()
	}
	if !d.Protection.NeedsPassphrase() {
		return ErrNoLock
	}
	return nil
}

func (m *Manager) verify(ctx context.Context, d device, passphrase secret.Bytes) error {
	if !d.Protection.NeedsPassphrase() {
		return ErrNoLock
	}
	key, err := m.deviceKey(ctx, d, passphrase)
	if err != nil {
		return err
	}
	key.Wipe()
	return nil
}

// SetPassphrase sets, changes or (empty next) removes the passphrase. old is checked where
// one is set. Must be unlocked.
//
// A first passphrase goes on top of the keyring (app lock); where the keyring is gone, the
// passphrase takes its place. A vault protected by passphrase alone stays so when the
// passphrase changes, and moves to the keyring when it is removed: without a keyring that
// is ErrNeedPass.
//
// The key of the vault stays the same: somebody who has an old copy of this directory and
// of the keyring, and the old passphrase, can still open what is saved later.
func (m *Manager) SetPassphrase(ctx context.Context, old, next secret.Bytes) error {
	ctx, o, end, err := m.beginChange(ctx)
	if err != nil {
		return err
	}
	defer end()
	was, err := m.existing()
	if err != nil {
		return err
	}
	if was.Key != o.key.Fingerprint() {
		return &Damage{File: deviceFile, What: "it belongs to another vault"}
	}
	if err := m.verify(ctx, was.device, old); err != nil && !errors.Is(err, ErrNoLock) {
		return err
	}
	to := was.device
	to.Pending = false
	switch {
	case next.IsEmpty() && !was.Protection.NeedsPassphrase():
		return ErrNoLock
	case next.IsEmpty():
		to.Protection = keys.ByKeyring
	case was.Protection == keys.ByPassphrase:
		to.Protection = keys.ByPassphrase
	default:
		to.Protection = keys.ByKeyringAndPassphrase
	}
	if to.Protection != keys.ByPassphrase {
		err := keyError(m.cfg.Keyring.Probe(ctx))
		switch {
		case err == nil, errors.Is(err, ErrKeyLocked): // it will ask
		case next.IsEmpty():
			return fmt.Errorf("%w: %w", ErrNeedPass, err)
		default:
			to.Protection = keys.ByPassphrase
		}
	}
	return m.protect(ctx, was.device, to, o.key, next)
}

// protect goes from one protection to another. At every moment the device file names
// something that opens the vault, and knows the name of everything else that is, or may
// come to be, in the keyring:
//
//  1. the device file, unchanged but for the new entry in its list of stale ones;
//  2. the new entry (or slot) itself, read back;
//  3. the device file that uses it, and calls the old entry stale;
//  4. the old entry is deleted, and its name forgotten.
func (m *Manager) protect(ctx context.Context, was, to device, key *seal.Key, passphrase secret.Bytes) error {
	to.Slot, to.Entry = nil, ""
	var err error
	if to.Protection == keys.ByPassphrase {
		if to.Slot, err = m.wrap(to, key, passphrase); err != nil {
			return err
		}
	} else {
		if to.Entry, err = to.newEntry(m.cfg.Rand); err != nil {
			return err
		}
		value, wipe, err := m.keyringValue(to, key, passphrase)
		if err != nil {
			return err
		}
		defer wipe()
		before := was.withStale(to.Entry)
		if err := m.saveDevice(before); err != nil {
			return err
		}
		if err := m.cfg.Keyring.Set(ctx, to.Entry, value); err != nil {
			m.dropStale(ctx, before)
			return keyError(err)
		}
	}
	to = to.withStale(was.Entry)
	if err := m.saveDevice(to); err != nil {
		return err
	}
	m.dropStale(ctx, to)
	m.watchers.notify()
	return nil
}

// RestoreGeneration puts an older copy in the place of the vault file, and leaves the
// vault unlocked with it. What was in its place is kept among the older copies: as one of
// them if it opens, else as damaged-….age. A vault file of a newer format is not replaced.
//
// Errors: ErrDamaged when the copy does not open either, ErrNewer, ErrSave, ErrInvalid for
// a path that is not one of Generations, and those of Unlock.
func (m *Manager) RestoreGeneration(ctx context.Context, g Generation, passphrase secret.Bytes) error {
	ctx, done, err := m.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	if name := filepath.Base(g.Path); filepath.Clean(g.Path) != m.path(filepath.Join(generationsDir, name)) {
		return fmt.Errorf("%w: not an older copy of this vault", ErrInvalid)
	}
	release, err := m.lockFiles(ctx)
	if err != nil {
		return err
	}
	defer release()
	d, err := m.existing()
	if err != nil {
		return err
	}
	key, err := m.deviceKey(ctx, d.device, passphrase)
	if err != nil {
		return err
	}
	next, err := m.restore(g, key)
	if err != nil {
		key.Wipe()
		return err
	}
	m.replace(next, true)
	return nil
}

func (m *Manager) restore(g Generation, key *seal.Key) (*opened, error) {
	file, _, err := readFile(m.fs, g.Path, seal.MaxFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		older, _ := m.Generations()
		return nil, &Damage{File: filepath.Base(g.Path), What: "it is missing", Older: older, Cause: err}
	case errors.Is(err, errTooLarge):
		return nil, m.damage(filepath.Base(g.Path), err)
	case err != nil:
		return nil, fmt.Errorf("vault: %w", err)
	}
	next, err := unseal(file, key)
	if err != nil {
		return nil, m.damage(filepath.Base(g.Path), err)
	}
	keepReplaced := func() error { return nil }
	switch now, err := m.load(key); {
	case err == nil:
		keepReplaced = func() error { return m.keepCurrent(now.stamp, now.saved, now.revision) }
		defer now.vault.Wipe()
	case errors.Is(err, ErrNewer):
		return nil, err
	case errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, ErrDamaged):
		is, errStamp := stampFile(m.fs, m.path(vaultFile))
		if errStamp != nil {
			return nil, fmt.Errorf("vault: %w", errStamp)
		}
		name := damagedPrefix + strings.TrimPrefix(generationName(m.cfg.Now(), 0), generationPrefix)
		keepReplaced = func() error { return m.keep(m.path(vaultFile), is, name) }
	default:
		return nil, err
	}
	check := func(back []byte) error {
		if string(back) != string(file) {
			return errReadBack
		}
		return nil
	}
	if err := writeFile(m.fs, m.path(vaultFile), file, check, keepReplaced); err != nil {
		return nil, saveError(vaultFile, err)
	}
	if next.stamp, err = stampFile(m.fs, m.path(vaultFile)); err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	m.prune()
	return next, nil
}
