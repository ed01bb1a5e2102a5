package vault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/secret"
)

// What leaves a vault as a whole, a backup or an export, is the same JSON that the vault file
// holds, so there is one description and one parser of it.

// EncodeContent writes a vault as docs/format.md describes: live, trashed and broken entries,
// with everything they have, and the lock of the recovery keys. saved is the time in it. The result holds every key in the open:
// it is for what is encrypted as a whole, and the caller wipes it.
//
// Errors: ErrTooMany.
func EncodeContent(v *Vault, saved time.Time) ([]byte, error) {
	entries, wipe := v.encode()
	defer wipe()
	text, err := seal.Document{Revision: 1, Saved: stamp(saved), Entries: entries, Extra: v.lock.members()}.Encode()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTooMany, err)
	}
	return text, nil
}

// DecodeContent is the inverse. What it returns shares no memory with text.
// Errors: ErrDamaged, ErrNewer.
func DecodeContent(text []byte) (*Vault, time.Time, error) {
	doc, err := seal.Decode(text)
	switch {
	case errors.Is(err, seal.ErrNewer):
		return nil, time.Time{}, fmt.Errorf("%w: %w", ErrNewer, err)
	case err != nil:
		return nil, time.Time{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	v := decodeVault(doc.Entries)
	v.lock, _ = takeLock(doc.Extra)
	return v, doc.Saved, nil
}

// Count is how many entries there are of each sort.
func (v *Vault) Count() (live, trashed, broken int) {
	for _, e := range v.entries {
		switch {
		case e.broken != nil:
			broken++
		case e.trashed():
			trashed++
		default:
			live++
		}
	}
	return live, trashed, broken
}

// Equal reports whether two vaults hold the same entries, with everything they have, in the
// same order.
func (v *Vault) Equal(o *Vault) bool { return v.same(o) }

// Only returns a vault with nothing but the accounts of those ids, in the order of v; ids that
// are not there are passed over. It shares the memory of their keys with v.
func (v *Vault) Only(ids []ID) *Vault {
	part := New()
	part.lock = v.lock
	wanted := make(map[ID]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	for _, e := range v.entries {
		if e.broken == nil && wanted[e.account.ID] {
			part.append(e)
		}
	}
	return part
}

func (v *Vault) append(e *entry) {
	v.entries = append(v.entries, e)
	if e.broken == nil {
		v.index[e.account.ID] = len(v.entries) - 1
	}
	v.changed = true
}

// Difference is what another vault, such as a backup, holds in comparison with this one.
// Accounts are the same when they have the same id, or else the same key; those without a key,
// when they have the same names.
type Difference struct {
	Added   []ID     // ids of the other vault: not here
	Changed []Change // in both, with something that differs
	Missing []ID     // ids of this vault: not in the other
	Same    int      // in both, and alike
	Broken  int      // entries of the other vault that cannot be read and are not here either
}

// Change is an account that two vaults have in different states.
type Change struct {
	Here, There ID       // they differ when the account was found by its key
	What        []string // what differs, in plain words: "name", "key", "tags" …
}

// Empty reports whether there is nothing to bring back: all of the other vault is here.
func (d Difference) Empty() bool { return len(d.Added)+len(d.Changed)+d.Broken == 0 }

// Compare says how other differs from v.
func (v *Vault) Compare(other *Vault) Difference {
	var d Difference
	pairs, added := v.pair(other)
	taken := make(map[ID]bool, len(pairs))
	for _, p := range pairs {
		taken[p.Here] = true
		p.What = differences(&v.entries[v.index[p.Here]].account, &other.entries[other.index[p.There]].account)
		if len(p.What) == 0 {
			d.Same++
			continue
		}
		d.Changed = append(d.Changed, p)
	}
	d.Added = added
	for _, e := range v.entries {
		if e.broken == nil && !taken[e.account.ID] {
			d.Missing = append(d.Missing, e.account.ID)
		}
	}
	for _, e := range other.entries {
		if e.broken != nil && !v.hasBroken(e) {
			d.Broken++
		}
	}
	return d
}

// keyOf is what accounts of the same key have in common, for a map: not enough to be sure. A
// hash, because what is in a map cannot be wiped.
func keyOf(p otp.Params) (sum [sha256.Size]byte) {
	key := p.Secret.Reveal()
	if len(key) == 0 {
		return sum
	}
	h := sha256.New()
	h.Write([]byte(p.Kind))
	h.Write(key[:min(len(key), 16)]) // of longer keys of Yandex no more counts
	h.Sum(sum[:0])
	return sum
}

// pair finds for every account of other the one of v that it is; what is left is added. Both
// in the order of other.
func (v *Vault) pair(other *Vault) (pairs []Change, added []ID) {
	taken := make(map[ID]bool, len(v.entries))
	byKey := make(map[[sha256.Size]byte][]ID, len(v.entries))
	for _, e := range v.entries {
		if e.broken != nil {
			continue
		}
		if _, also := other.index[e.account.ID]; also {
			taken[e.account.ID] = true
			continue
		}
		if !e.account.Params.Secret.IsEmpty() {
			k := keyOf(e.account.Params)
			byKey[k] = append(byKey[k], e.account.ID)
		}
	}
	for _, e := range other.entries {
		if e.broken != nil {
			continue
		}
		id := e.account.ID
		if _, also := v.index[id]; also {
			pairs = append(pairs, Change{Here: id, There: id})
			continue
		}
		found := ID("")
		if e.account.Params.Kind == otp.Manual { // it has no key: its names have to do
			for _, a := range v.SameNames(e.account.Issuer, e.account.Name) {
				if a.Params.Kind == otp.Manual && !taken[a.ID] && e.live() {
					found = a.ID
					break
				}
			}
		}
		for _, here := range byKey[keyOf(e.account.Params)] {
			if !taken[here] && v.entries[v.index[here]].account.Params.Same(e.account.Params) {
				found = here
				break
			}
		}
		if found == "" {
			added = append(added, id)
			continue
		}
		taken[found] = true
		pairs = append(pairs, Change{Here: found, There: id})
	}
	return pairs, added
}

func (v *Vault) hasBroken(e *entry) bool {
	return slices.ContainsFunc(v.entries, func(o *entry) bool { return o.broken != nil && bytes.Equal(o.raw, e.raw) })
}

// differences names what differs between two states of an account, as a person would. Times
// of use and change are no difference.
func differences(a, b *Account) []string {
	var what []string
	add := func(differs bool, name string) {
		if differs {
			what = append(what, name)
		}
	}
	add(a.Issuer != b.Issuer || a.Name != b.Name, "name")
	add(!a.Params.Same(b.Params) && !(a.Params.Kind == otp.Manual && b.Params.Kind == otp.Manual), "key")
	add(a.Params.Counter != b.Params.Counter && a.Params.Same(b.Params), "counter")
	add(!slices.Equal(a.Tags, b.Tags), "tags")
	add(a.Favourite != b.Favourite, "favourite")
	add(a.Note != b.Note, "note")
	add(a.URL != b.URL, "address")
	add(a.Icon != b.Icon || a.Picture != b.Picture, "icon")
	add(a.Trashed.IsZero() != b.Trashed.IsZero(), "trash")
	add(!slices.EqualFunc(a.Recovery, b.Recovery, sameSheet), "recovery keys")
	add(!slices.EqualFunc(a.History, b.History, Retired.same), "former keys")
	add(a.Portal != b.Portal || a.Pending != b.Pending, "enrollment")
	return what
}

// Merge brings accounts of other into v. Those that are not here are added with their ids and
// times; of those that are here in another state, only the ones whose id (in other) is in over
// are replaced, and keep the id they have here. Entries of other that cannot be read are
// added, unless they are here byte for byte. A HOTP counter never goes back. It returns how
// many were added and replaced. Nothing is shared with other afterwards.
//
// Recovery keys that are sealed here or there stay so. Where only other has a passphrase for
// them it becomes that of v; where both have one and they differ, what comes from other stays
// under the one it had, which opens nothing here: such a copy has to be brought back whole.
//
// Errors: ErrTooMany, and those of sealing; then v must be dropped.
func (v *Vault) Merge(other *Vault, over []ID) (added, replaced int, err error) {
	if v.lock == nil && other.lock != nil {
		if err := v.relock(nil, other.lock); err != nil {
			return 0, 0, err
		}
	}
	pairs, fresh := v.pair(other)
	for _, p := range pairs {
		i, from := v.index[p.Here], other.entries[other.index[p.There]]
		if v.IsShared(v.entries[i].account) || !slices.Contains(over, p.There) || len(differences(&v.entries[i].account, &from.account)) == 0 {
			continue
		}
		e, err := v.take(from)
		if err != nil {
			return 0, 0, err
		}
		e.account.ID = p.Here
		keepCounter(&e.account, &v.entries[i].account)
		v.replace(i, e)
		replaced++
	}
	for _, id := range fresh {
		if v.IsShared(other.entries[other.index[id]].account) {
			continue // what the shared vault has of it comes from there
		}
		e, err := v.take(other.entries[other.index[id]])
		if err != nil {
			return 0, 0, err
		}
		v.append(e)
		added++
	}
	for _, e := range other.entries {
		if e.broken != nil && !v.hasBroken(e) {
			v.append(cloneEntry(e))
			added++
		}
	}
	if len(v.entries) > MaxAccounts {
		return 0, 0, fmt.Errorf("%w: %d", ErrTooMany, len(v.entries))
	}
	return added, replaced, nil
}

// take is a copy of an account's entry of another vault, its recovery keys sealed as v wants it.
func (v *Vault) take(from *entry) (*entry, error) {
	e := cloneEntry(from)
	open := e.account.Recovery
	var err error
	if e.account.Recovery, err = v.sealed(open); err != nil {
		return nil, err
	}
	for i := range open {
		if !open[i].IsSealed() && e.account.Recovery[i].IsSealed() {
			open[i].Wipe()
		}
	}
	return e, nil
}

// Become makes v the same as other, the passphrase of the recovery keys included, but for HOTP counters that are further here. Nothing is
// shared with other afterwards. Accounts of shared vaults stay as they are here: what is in an old copy is no news to the others.
// Errors: ErrTooMany; then v is as it was.
func (v *Vault) Become(other *Vault) error {
	if len(other.entries) > MaxAccounts {
		return fmt.Errorf("%w: %d", ErrTooMany, len(other.entries))
	}
	pairs, _ := v.pair(other)
	here := make(map[ID]*Account, len(pairs))
	for _, p := range pairs {
		here[p.There] = &v.entries[v.index[p.Here]].account
	}
	entries := make([]*entry, 0, len(other.entries))
	for _, e := range other.entries {
		if i, ok := v.index[e.account.ID]; ok && e.broken == nil && v.IsShared(v.entries[i].account) || v.IsShared(e.account) {
			continue
		}
		e = cloneEntry(e)
		if now, ok := here[e.account.ID]; ok && e.broken == nil {
			keepCounter(&e.account, now)
		}
		entries = append(entries, e)
	}
	for _, e := range v.entries {
		if e.broken == nil && v.IsShared(e.account) {
			entries = append(entries, e)
		}
	}
	if len(entries) > MaxAccounts {
		return fmt.Errorf("%w: %d", ErrTooMany, len(entries))
	}
	v.entries, v.lock = entries, other.lock
	v.reindex()
	return nil
}

// keepCounter keeps a counter from going back: codes of the past are no use at any portal.
func keepCounter(to, now *Account) {
	if to.Params.Kind == otp.HOTP && to.Params.Same(now.Params) && now.Params.Counter > to.Params.Counter {
		to.Params.Counter = now.Params.Counter
	}
}

func cloneEntry(e *entry) *entry {
	c := *e
	c.account, c.extra, c.raw = e.account.Clone(), cloneRaw(e.extra), slices.Clone(e.raw)
	return &c
}

// SealBeside encrypts something small that lies beside the vault file and is as secret as the
// vault, such as the key of the backups. Errors: ErrLocked.
func (m *Manager) SealBeside(plain secret.Bytes) ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.open == nil {
		return nil, ErrLocked
	}
	file, err := seal.Encrypt(plain.Reveal(), m.open.key)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	return file, nil
}

// OpenBeside is the inverse of SealBeside. Errors: ErrLocked, ErrDamaged (also for what
// belongs to another vault).
func (m *Manager) OpenBeside(file []byte) (secret.Bytes, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.open == nil {
		return secret.Bytes{}, ErrLocked
	}
	plain, err := seal.Decrypt(file, m.open.key)
	if err != nil {
		return secret.Bytes{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return secret.New(plain), nil
}

// Fingerprint is the public name of the key of this vault, 32 lower-case hex digits, the same
// for its life. Errors: ErrLocked.
func (m *Manager) Fingerprint() (string, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.open == nil {
		return "", ErrLocked
	}
	return m.open.key.Fingerprint(), nil
}

// migrate is called before the first save of a vault that was written in an older format.
func (m *Manager) migrate(ctx context.Context, o *opened) error {
	if o.older == 0 || m.cfg.BeforeMigration == nil {
		return nil
	}
	if err := m.cfg.BeforeMigration(ctx, o.vault); err != nil {
		return fmt.Errorf("%w: the copy before the change of format: %w", ErrSave, err)
	}
	return nil
}
