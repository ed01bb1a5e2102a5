package vault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/secret"
)

// The second passphrase: whoever opens the vault sees codes, and of recovery keys only how
// many there are. Every sheet is encrypted to a key of its own, whose public half lies in
// the vault, so that sheets can be added, and whose private half lies beside it under the
// passphrase. docs/format.md describes both, decisions/0006 says why.

// lockMember is the member of the payload that holds the lock.
const lockMember = "recovery_lock"

// sheetLock is that member. It is never changed, only replaced.
type sheetLock struct {
	member []byte // `"recovery_lock":{…}`, as it is in the file
	to     seal.Recipient
	slot   seal.Slot
	err    error // why it cannot be used, wrapping ErrNewer or ErrDamaged
}

type lockJSON struct {
	Recipient string    `json:"recipient"`
	Slot      seal.Slot `json:"slot"`
}

// takeLock finds the lock among the members of a payload that are not known to seal, and
// returns the others. One that cannot be used is kept byte for byte, and stays a lock: what
// it sealed stays sealed, and nothing is added in the open.
func takeLock(extra [][]byte) (*sheetLock, [][]byte) {
	for i, x := range extra {
		value, is := memberValue(x, lockMember)
		if !is {
			continue
		}
		l := &sheetLock{member: bytes.Clone(x)}
		l.err = l.read(value)
		return l, append(append([][]byte(nil), extra[:i]...), extra[i+1:]...)
	}
	return nil, extra
}

// memberValue is the value of a `"name":value` text, if it has that name in any spelling.
func memberValue(member []byte, name string) ([]byte, bool) {
	end := 1
	for end < len(member) && member[end] != '"' {
		if member[end] == '\\' {
			end++
		}
		end++
	}
	if end+1 >= len(member) || member[end+1] != ':' {
		return nil, false
	}
	text, err := jsontext.AppendUnquote(nil, member[:end+1])
	return member[end+2:], err == nil && string(text) == name
}

func (l *sheetLock) read(value []byte) error {
	const what = "the passphrase of the recovery keys"
	var j lockJSON
	dec := json.NewDecoder(bytes.NewReader(value))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&j); errors.Is(err, seal.ErrNewer) {
		return fmt.Errorf("%w: %s", ErrNewer, what)
	} else if err != nil {
		return fmt.Errorf("%w: %s is not what was written", ErrDamaged, what)
	}
	to, err := seal.ParseRecipient(j.Recipient)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDamaged, what, err)
	}
	l.to, l.slot = to, j.Slot
	return nil
}

func (l *sheetLock) same(o *sheetLock) bool {
	if l == nil || o == nil {
		return l == o
	}
	return bytes.Equal(l.member, o.member)
}

// members are what a payload holds of the lock.
func (l *sheetLock) members() [][]byte {
	if l == nil {
		return nil
	}
	return [][]byte{l.member}
}

func (l *sheetLock) context() seal.Context {
	return seal.Context{Device: l.to.Fingerprint(), Use: seal.ForRecovery}
}

// newLock makes a key and the lock whose slot holds it.
func newLock(passphrase secret.Bytes, k seal.KDF, floorKiB uint32, random io.Reader) (*sheetLock, error) {
	key, err := seal.GenerateKey()
	if err != nil {
		return nil, err
	}
	defer key.Wipe()
	l := &sheetLock{to: key.Public()}
	defer giveBack(k)
	l.slot, err = seal.Wrap(key.Secret(), passphrase, k, floorKiB, l.context(), random)
	if err != nil {
		return nil, slotError(err)
	}
	text, err := json.Marshal(lockJSON{l.to.String(), l.slot})
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	l.member = append([]byte(`"`+lockMember+`":`), text...)
	return l, nil
}

// open gets the key out of the slot.
func (l *sheetLock) open(passphrase secret.Bytes, floorKiB uint32) (*RecoveryKey, error) {
	switch {
	case l == nil:
		return nil, ErrNoRecoveryLock
	case l.err != nil:
		return nil, l.err
	case passphrase.IsEmpty():
		return nil, ErrRecoverySealed
	}
	defer giveBack(l.slot.KDF)
	text, err := l.slot.Unwrap(passphrase, floorKiB, l.context())
	if err != nil {
		return nil, slotError(err)
	}
	defer text.Wipe()
	key, err := seal.ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("%w: what the passphrase of the recovery keys opens: %w", ErrDamaged, err)
	}
	if key.Fingerprint() != l.to.Fingerprint() {
		key.Wipe()
		return nil, fmt.Errorf("%w: the passphrase of the recovery keys belongs to other keys", ErrDamaged)
	}
	return &RecoveryKey{key}, nil
}

// RecoveryKey opens sheets of recovery keys that are sealed. It belongs to whoever got it,
// who wipes it; locking the vault does not reach it. nil opens only what is not sealed.
type RecoveryKey struct{ key *seal.Key }

// Open returns a copy of a sheet with the texts of its keys, for the caller to wipe.
// Errors: ErrRecoverySealed when the sheet is sealed and k is nil, wiped, or the key of
// another passphrase than the one set now; ErrDamaged.
func (k *RecoveryKey) Open(s recovery.Sheet) (recovery.Sheet, error) {
	if s.IsSealed() && (k == nil || k.key == nil) {
		return recovery.Sheet{}, ErrRecoverySealed
	}
	out, err := s.Open(func(box []byte) ([]byte, error) { return seal.Decrypt(box, k.key) })
	switch {
	case err == nil:
		return out, nil
	case errors.Is(err, seal.ErrWrongKey):
		return recovery.Sheet{}, fmt.Errorf("%w: %w", ErrRecoverySealed, err)
	}
	return recovery.Sheet{}, fmt.Errorf("%w: sheet %.8s: %w", ErrDamaged, s.ID, err)
}

// Format prints secret.Redacted under every verb.
func (k *RecoveryKey) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, secret.Redacted) }

// Wipe forgets the key; nothing sealed opens with k afterwards.
func (k *RecoveryKey) Wipe() {
	if k != nil && k.key != nil {
		k.key.Wipe()
		k.key = nil
	}
}

// RecoverySealed reports whether the recovery keys of all accounts are sealed under a
// passphrase of their own. How many there are, and which are used, is known all the same.
func (v *Vault) RecoverySealed() bool { return v.lock != nil }

// sealed returns sheets as the vault keeps them: where there is a lock, every sheet sealed.
func (v *Vault) sealed(list recovery.Sheets) (recovery.Sheets, error) {
	if v.lock == nil || len(list) == 0 {
		return list, nil
	}
	out := make(recovery.Sheets, len(list))
	for i, s := range list {
		if s.IsSealed() {
			out[i] = s
			continue
		}
		if v.lock.err != nil {
			return nil, v.lock.err
		}
		var err error
		out[i], err = s.Seal(func(text []byte) ([]byte, error) { return seal.EncryptTo(text, v.lock.to) })
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
	}
	return out, nil
}

// relock opens every sheet with a key and seals it under another lock; nil leaves it in the
// open. Trashed accounts are no exception; entries that do not parse cannot be reached. A sheet
// that does not open, such as one that came out of a backup with another passphrase, stays as
// it is.
func (v *Vault) relock(with *RecoveryKey, to *sheetLock) error {
	v.lock, v.changed = to, true
	for i, e := range v.entries {
		if e.broken != nil || len(e.account.Recovery) == 0 {
			continue
		}
		open := make(recovery.Sheets, len(e.account.Recovery))
		for i, s := range e.account.Recovery {
			var err error
			if open[i], err = with.Open(s); err != nil {
				open[i] = s.Clone()
			}
		}
		kept, err := v.sealed(open)
		if err != nil {
			open.Wipe()
			return err
		}
		for i := range open {
			if kept[i].IsSealed() && !open[i].IsSealed() {
				open[i].Wipe()
			}
		}
		next := *e
		next.account.Recovery = kept
		v.entries[i] = &next
	}
	return nil
}

// ForgetRecovery removes the passphrase of the recovery keys together with every sheet that is
// sealed under it, for somebody who no longer knows it. It returns how many keys could still
// have been used. Older copies of the vault keep them, sealed. Errors: ErrNoRecoveryLock.
func (v *Vault) ForgetRecovery() (lost int, err error) {
	if v.lock == nil {
		return 0, ErrNoRecoveryLock
	}
	v.lock, v.changed = nil, true
	for i, e := range v.entries {
		if e.broken != nil || len(e.account.Recovery) == 0 {
			continue
		}
		next := *e
		next.account.Recovery = nil
		for _, s := range e.account.Recovery {
			if s.IsSealed() {
				lost += s.Left()
			} else {
				next.account.Recovery = append(next.account.Recovery, s)
			}
		}
		v.entries[i] = &next
	}
	return lost, nil
}

// OpenRecovery checks the passphrase of the recovery keys and returns what opens them; see
// Manager.OpenRecovery. floorKiB is as in seal.KDF.Validate.
func (v *Vault) OpenRecovery(passphrase secret.Bytes, floorKiB uint32) (*RecoveryKey, error) {
	return v.lock.open(passphrase, floorKiB)
}

// SetRecoveryPassphrase sets, changes or (empty next) removes the passphrase of the recovery
// keys in a vault that no Manager keeps; see Manager.SetRecoveryPassphrase.
func (v *Vault) SetRecoveryPassphrase(old, next secret.Bytes, k seal.KDF, floorKiB uint32, random io.Reader) error {
	with, to, err := v.nextLock(old, next, k, floorKiB, random)
	if err != nil {
		return err
	}
	defer with.Wipe()
	return v.relock(with, to)
}

// nextLock is what opens the sheets now, and what they are to be sealed with.
func (v *Vault) nextLock(old, next secret.Bytes, k seal.KDF, floorKiB uint32, random io.Reader) (with *RecoveryKey, to *sheetLock, err error) {
	if v.lock == nil && next.IsEmpty() {
		return nil, nil, ErrNoRecoveryLock
	}
	if v.lock != nil {
		if with, err = v.lock.open(old, floorKiB); err != nil {
			return nil, nil, err
		}
	}
	if !next.IsEmpty() {
		if to, err = newLock(next, k, floorKiB, random); err != nil {
			with.Wipe()
			return nil, nil, err
		}
	}
	return with, to, nil
}

// OpenRecovery checks the passphrase of the recovery keys and returns what opens them. The
// vault must be unlocked. Errors: ErrLocked, ErrNoRecoveryLock where none is set,
// ErrRecoverySealed for an empty passphrase, ErrPassphrase, ErrTooLong, ErrDamaged, ErrNewer.
func (m *Manager) OpenRecovery(ctx context.Context, passphrase secret.Bytes) (*RecoveryKey, error) {
	_, done, err := m.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	o := m.current()
	if o == nil {
		return nil, ErrLocked
	}
	return o.vault.OpenRecovery(passphrase, m.cfg.KDFFloor)
}

// SetRecoveryPassphrase sets, changes or (empty next) removes the passphrase of the recovery
// keys. old is checked where one is set. Every change makes a new key, and seals all sheets
// anew, in the older copies of the vault as well: what opened them before opens none of them
// afterwards, but in copies of the files that lie elsewhere.
//
// Errors: ErrLocked, ErrNoRecoveryLock when there is none to remove, ErrRecoverySealed and
// ErrPassphrase for old, ErrTooLong, ErrDamaged, ErrNewer, ErrBusy, ErrSave. ErrOlderUnsealed
// when the vault is changed but an older copy could not be written.
func (m *Manager) SetRecoveryPassphrase(ctx context.Context, old, next secret.Bytes) error {
	_, o, end, err := m.beginChange(ctx)
	if err != nil {
		return err
	}
	defer end()
	if o, err = m.catchUp(o); err != nil {
		return err
	}
	was := o.vault.lock
	with, to, err := o.vault.nextLock(old, next, m.cfg.KDF, m.cfg.KDFFloor, m.cfg.Rand)
	if err != nil {
		return err
	}
	defer with.Wipe()
	work := o.vault.share()
	if err := work.relock(with, to); err != nil {
		return err
	}
	saved, err := m.save(o, work)
	if err != nil {
		return err
	}
	m.replace(saved, false)
	for i, e := range o.vault.entries { // nobody has them any longer, and the vault no longer wipes them
		if e != work.entries[i] {
			e.account.Recovery.Wipe()
		}
	}
	return m.relockOlder(o.key, was, with, to)
}

// relockOlder does to the older copies what was done to the vault: those that have the lock
// it had, or none. Their names stay, and with them what they say of when they were saved.
func (m *Manager) relockOlder(key *seal.Key, was *sheetLock, with *RecoveryKey, to *sheetLock) error {
	older, err := m.Generations()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrOlderUnsealed, err)
	}
	var failed []error
	for _, g := range older {
		file, _, err := readFile(m.fs, g.Path, seal.MaxFile)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		o, err := unseal(file, key)
		if err != nil {
			continue // it does not open, so nobody reads keys in it either
		}
		if o.vault.lock == nil && was != nil && to == nil || o.vault.lock != nil && !o.vault.lock.same(was) {
			o.vault.Wipe() // nothing to do, or the lock of another time, which goes on holding
			continue
		}
		err = o.vault.relock(with, to)
		if err == nil {
			err = m.writeTo(g.Path, o, nil)
		}
		o.vault.Wipe()
		if err != nil {
			failed = append(failed, err)
		}
	}
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("%w: %w", ErrOlderUnsealed, errors.New(strings.ReplaceAll(err.Error(), "\n", "; ")))
	}
	return nil
}
