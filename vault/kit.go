package vault

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/kit"
	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/secret"
)

var (
	// ErrOtherKit: the kit was read right and belongs to another vault than the file.
	ErrOtherKit = errors.New("vault: the recovery kit belongs to another vault")
	// ErrKeyThere: a key is, or may be, in its place here already. Restoring over it has
	// to be asked for.
	ErrKeyThere = errors.New("vault: there is a key here already")
	// ErrOtherKey is the ErrKeyThere of a device file that names another vault's key: the
	// only way to that vault may be in it.
	ErrOtherKey = fmt.Errorf("%w: that of another vault", ErrKeyThere)
	// ErrKeyBack: the key is in its place again, but only an older copy opens with it.
	ErrKeyBack = errors.New("vault: the key is back, but only an older copy of the vault opens")
)

// Kit is the recovery kit of the vault, locked or not; the caller wipes it. It asks for
// the passphrase where one is set, and makes sure that the kit opens the vault file as it
// is now. Nothing is written. The kit stays the same for the life of the vault.
//
// Errors: those of Unlock.
func (m *Manager) Kit(ctx context.Context, passphrase secret.Bytes) (kit.Kit, error) {
	ctx, done, err := m.begin(ctx)
	if err != nil {
		return kit.Kit{}, err
	}
	defer done()
	d, err := m.existing()
	if err != nil {
		return kit.Kit{}, err
	}
	key, err := m.deviceKey(ctx, d.device, passphrase)
	if err != nil {
		return kit.Kit{}, err
	}
	defer key.Wipe()
	o, err := m.load(key)
	if err != nil {
		return kit.Kit{}, err
	}
	o.vault.Wipe()
	k, err := kit.New(key)
	if err != nil {
		return kit.Kit{}, fmt.Errorf("vault: %w", err)
	}
	return k, nil
}

// Replace says which keys a kit may take the place of.
type Replace int

// What may be replaced.
const (
	ReplaceNothing  Replace = iota // a key that is, or may be, in its place stays: ErrKeyThere
	ReplaceSameKey                 // another way to this vault may go, since the kit's key is the same; another vault's stays: ErrOtherKey
	ReplaceWhatever                // the key of another vault may be lost with its device file
)

// KitPlace is where the key of a kit goes.
type KitPlace struct {
	// Protection is how the vault is protected from then on; "" = as in Create.
	Protection keys.Protection
	// Passphrase belongs to the caller. It is empty for keys.ByKeyring.
	Passphrase secret.Bytes
	Replace    Replace
}

// FitsKit tells whether a kit opens the vault file, or at least an older copy of it.
// Nothing is written and nothing changes.
//
// Errors: ErrOtherKit, ErrDamaged, ErrAbsent without any vault file, ErrNewer.
func (m *Manager) FitsKit(ctx context.Context, k kit.Kit) error {
	_, done, err := m.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	f, err := m.fit(k)
	if err != nil {
		return err
	}
	f.wipe()
	return nil
}

// fitting is a kit that opens a vault, and what it opened.
type fitting struct {
	device deviceState // where known
	known  bool        // the device file can be read
	key    *seal.Key
	next   *opened // nil when only an older copy opens:
	damage error   // then this is wrong with the file
}

func (f fitting) wipe() {
	if f.next != nil {
		f.next.vault.Wipe()
	}
	f.key.Wipe()
}

// fit opens the vault, or an older copy, with the key of a kit.
func (m *Manager) fit(k kit.Kit) (f fitting, err error) {
	f.device, err = m.loadDevice()
	f.known = err == nil
	if err != nil && !errors.Is(err, ErrDamaged) {
		return fitting{}, err // ErrAbsent, ErrNewer, or the disk
	}
	if f.key, err = k.Key(); err != nil {
		return fitting{}, fmt.Errorf("vault: %w", err)
	}
	f.next, f.damage = m.load(f.key)
	if f.damage != nil && !m.olderOpens(f.damage, f.key) {
		f.key.Wipe()
		if errors.Is(f.damage, seal.ErrWrongKey) && !(f.known && f.device.Key == k.Vault()) {
			return fitting{}, ErrOtherKit
		}
		return fitting{}, f.damage
	}
	return f, nil
}

// RestoreKit is RestoreKitAs where the keyring decides on the protection: it is used where
// it answers, under the passphrase unless that is empty.
func (m *Manager) RestoreKit(ctx context.Context, k kit.Kit, passphrase secret.Bytes, replace bool) error {
	to := KitPlace{Passphrase: passphrase}
	if replace {
		to.Replace = ReplaceWhatever
	}
	return m.RestoreKitAs(ctx, k, to)
}

// RestoreKitAs puts the key of a kit back where a device keeps it, and leaves the vault
// unlocked: on a computer that has only the vault file, after the keyring was lost, or
// when the passphrase was forgotten.
//
// The kit has to open the vault file, or at least an older copy, before anything is
// written. A device file that names this vault is kept and changed; one that is missing
// or damaged is made anew, with a new device id: it is another device. Unless to.Replace
// allows more, a key that is in its place, or in a keyring that does not answer, or that of
// another vault, stays untouched: ErrKeyThere. A RestoreKitAs that was interrupted can
// simply be repeated.
//
// Errors: ErrOtherKit, ErrKeyThere, ErrOtherKey, ErrAbsent without any vault file, ErrNewer,
// ErrSave, ErrTooLong, ErrNeedPass together with ErrNoKeyring or ErrKeyLocked as in Create,
// ErrNoKeyring or ErrKeyLocked alone when a keyring was asked for by name, ErrInvalid for a
// protection and a passphrase that do not go together. ErrDamaged when the vault file does
// not open; together with ErrKeyBack when an older copy does: then the vault is as it was
// before the call, locked or not, the key is in its place, and RestoreGeneration brings the
// copy back.
func (m *Manager) RestoreKitAs(ctx context.Context, k kit.Kit, to KitPlace) error {
	if to.Protection != "" && to.Protection.NeedsPassphrase() == to.Passphrase.IsEmpty() {
		return fmt.Errorf("%w: a passphrase goes with protections that need one", ErrInvalid)
	}
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

	f, err := m.fit(k)
	if err != nil {
		return err
	}
	if err := m.putBack(ctx, f, to); err != nil {
		f.wipe()
		return err
	}
	if f.damage != nil {
		f.key.Wipe()
		m.watchers.notify()
		return fmt.Errorf("%w: %w", ErrKeyBack, f.damage)
	}
	m.replace(f.next, true)
	return nil
}

// olderOpens reports whether any older copy opens with the key, for a vault file that is
// damaged or missing.
func (m *Manager) olderOpens(err error, key *seal.Key) bool {
	if errors.Is(err, ErrNewer) || !errors.Is(err, ErrDamaged) {
		return false
	}
	older, _ := m.Generations()
	for _, g := range older {
		file, _, err := readFile(m.fs, m.path(filepath.Join(generationsDir, filepath.Base(g.Path))), seal.MaxFile)
		if err != nil {
			continue
		}
		if o, err := unseal(file, key); err == nil {
			o.vault.Wipe()
			return true
		}
	}
	return false
}

// putBack puts the key into the keyring, or under the passphrase into the device file.
func (m *Manager) putBack(ctx context.Context, f fitting, place KitPlace) error {
	d, key, passphrase := f.device, f.key, place.Passphrase
	ours := f.known && d.Key == key.Fingerprint()
	switch {
	case f.known && !ours && place.Replace != ReplaceWhatever:
		return ErrOtherKey
	case ours && place.Replace == ReplaceNothing:
		if err := m.keyGone(ctx, d.device); err != nil {
			return err
		}
	}
	if !ours || d.Pending {
		old := deviceState{} // names of another vault's device stay as they are
		if ours {
			old = d
		}
		to, err := m.createKeySlot(ctx, old, key, place.Protection, passphrase)
		if err != nil {
			return err
		}
		to.Pending = false
		if m.saveDevice(to) == nil { // as in Create: mended another time if not
			m.dropStale(ctx, to)
		}
		return nil
	}
	to := d.device
	to.Protection = place.Protection
	if to.Protection == "" {
		to.Protection = keys.ByKeyring
		if !passphrase.IsEmpty() {
			to.Protection = keys.ByKeyringAndPassphrase
		}
	}
	if to.Protection == keys.ByPassphrase {
		return m.protect(ctx, d.device, to, key, passphrase)
	}
	errRing := m.cfg.Keyring.Probe(ctx)
	if errRing == nil || errors.Is(errRing, keys.ErrLocked) {
		err := m.protect(ctx, d.device, to, key, passphrase)
		if !errors.Is(err, ErrNoKeyring) && !errors.Is(err, ErrKeyLocked) {
			return err
		}
		errRing = err
	} else {
		errRing = keyError(errRing)
	}
	if passphrase.IsEmpty() {
		return fmt.Errorf("%w: %w", ErrNeedPass, errRing)
	}
	if ctx.Err() != nil {
		return busy(ctx)
	}
	if place.Protection != "" {
		return errRing // asked for by name: nothing else takes its place
	}
	to.Protection = keys.ByPassphrase
	return m.protect(ctx, d.device, to, key, passphrase)
}

// keyGone returns nil when the key of d is certainly not where d says, or when d was never
// finished; else ErrKeyThere with what is known.
func (m *Manager) keyGone(ctx context.Context, d device) error {
	slot, bare, err := m.slotOf(ctx, d)
	defer bare.Wipe()
	if err == nil && slot == nil {
		var key *seal.Key
		if key, err = m.parseKey(d, bare); err == nil {
			key.Wipe()
		}
	}
	switch {
	case err == nil:
		return ErrKeyThere
	case errors.Is(err, ErrNewer):
		return err
	case errors.Is(err, ErrKeyMissing), errors.Is(err, ErrDamaged), d.Pending:
		return nil
	}
	return fmt.Errorf("%w: %w", ErrKeyThere, err) // nobody knows: the keyring does not answer
}
