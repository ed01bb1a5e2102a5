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

// RestoreKit puts the key of a kit back where a device keeps it, and leaves the vault
// unlocked: on a computer that has only the vault file, after the keyring was lost, or
// when the passphrase was forgotten. passphrase protects the vault from then on, as in
// Create; empty means the keyring alone.
//
// The kit has to open the vault file, or at least an older copy, before anything is
// written. A device file that names this vault is kept and changed; one that is missing
// or damaged is made anew, with a new device id: it is another device. Unless replace is
// set, a key that is in its place, or in a keyring that does not answer, or that of
// another vault, stays untouched: ErrKeyThere. A RestoreKit that was interrupted can
// simply be repeated.
//
// Errors: ErrOtherKit, ErrKeyThere, ErrAbsent without any vault file, ErrNewer, ErrSave,
// ErrTooLong, and ErrNeedPass together with ErrNoKeyring or ErrKeyLocked as in Create.
// ErrDamaged when the vault file does not open; together with ErrKeyBack when an older
// copy does: then the vault is as it was before the call, locked or not, the key is in its
// place, and RestoreGeneration brings the copy back.
func (m *Manager) RestoreKit(ctx context.Context, k kit.Kit, passphrase secret.Bytes, replace bool) error {
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

	d, err := m.loadDevice()
	known := err == nil
	if err != nil && !errors.Is(err, ErrDamaged) {
		return err // ErrAbsent, ErrNewer, or the disk
	}
	key, err := k.Key()
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	next, damage := m.load(key)
	if damage != nil && !m.olderOpens(damage, key) {
		key.Wipe()
		if errors.Is(damage, seal.ErrWrongKey) && !(known && d.Key == k.Vault()) {
			return ErrOtherKit
		}
		return damage
	}
	if err := m.putBack(ctx, d, known, key, passphrase, replace); err != nil {
		if next != nil {
			next.vault.Wipe()
		}
		key.Wipe()
		return err
	}
	if damage != nil {
		key.Wipe()
		m.watchers.notify()
		return fmt.Errorf("%w: %w", ErrKeyBack, damage)
	}
	m.replace(next, true)
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

// putBack puts the key into the keyring, or under the passphrase into the device file. d is
// the device file where it is known.
func (m *Manager) putBack(ctx context.Context, d deviceState, known bool, key *seal.Key, passphrase secret.Bytes, replace bool) error {
	ours := known && d.Key == key.Fingerprint()
	if known && !replace {
		if !ours {
			return fmt.Errorf("%w: that of another vault", ErrKeyThere)
		}
		if err := m.keyGone(ctx, d.device); err != nil {
			return err
		}
	}
	if !ours || d.Pending {
		old := deviceState{} // names of another vault's device stay as they are
		if ours {
			old = d
		}
		to, err := m.createKeySlot(ctx, old, key, passphrase)
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
	to.Protection = keys.ByKeyring
	if !passphrase.IsEmpty() {
		to.Protection = keys.ByKeyringAndPassphrase
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
