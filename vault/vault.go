// Package vault keeps the accounts of one person on one computer.
//
// Purpose: four nouns. An Account is one sign-in at one portal. A Vault is the
// content: an ordered set of accounts, a plain value. The file that holds it is
// vault/seal's business. A Manager owns one directory: it creates, opens, unlocks,
// saves and locks, and is the only thing here that touches disk and keyring.
//
// Who may import it: app/model, app/cli and app (to wire it), tests. It imports
// vault/otp, vault/seal, vault/keys, vault/secret and libraries, never a window.
//
// Concurrency: a Manager is safe for use by many goroutines. A Vault belongs to one
// goroutine at a time; give away a Clone.
//
// Ownership: accounts that come out of a Vault share their secrets' memory with it.
// What a Manager shows through Read is wiped when it locks, so whoever needs
// accounts for longer keeps a Clone and wipes it when done. What goes in with Add and
// Put is copied.
//
// Nothing in an error, a log or a file beside the encrypted one carries a secret.
package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/vault/otp"
)

// TrashDays is how long, in days of 24 hours, a removed account can be restored.
const TrashDays = 30

// MaxAccounts is the most entries a vault may have: live, trashed and broken.
const MaxAccounts = 50_000

// Vault is the content: an ordered set of accounts. A value is owned by one goroutine; Clone before sharing.
type Vault struct {
	// entries in the person's own order, trashed and broken ones in their places.
	// An entry is never changed once it is in here, only replaced: that is what
	// makes share cheap and safe.
	entries []*entry
	index   map[ID]int // place of every account, not of broken entries
	changed bool       // since it was made, loaded or shared
	lock    *sheetLock // seals the recovery keys of all accounts; nil = they are in the open
	shares  *shares    // records of shared vaults; nil = none
}

// entry is one account, or one entry of the file that could not be read as one.
type entry struct {
	account Account
	extra   [][]byte // members this program does not know, `"name":value`
	broken  *Broken  // then account is empty …
	raw     []byte   // … and this is the entry, byte for byte
}

// New returns an empty vault.
func New() *Vault { return &Vault{index: map[ID]int{}} }

// Clone returns a vault that shares no memory with this one.
func (v *Vault) Clone() *Vault {
	c := &Vault{entries: make([]*entry, len(v.entries)), index: maps.Clone(v.index), changed: v.changed, lock: v.lock}
	if v.shares != nil {
		c.shares = v.shares.copied(true)
	}
	block := make([]entry, len(v.entries))
	for i, e := range v.entries {
		block[i] = *e
		block[i].account = e.account.Clone()
		block[i].extra = cloneRaw(e.extra)
		block[i].raw = slices.Clone(e.raw)
		c.entries[i] = &block[i]
	}
	return c
}

// share returns a vault that shares all entries with this one but can be changed
// on its own. The two must not both be wiped.
func (v *Vault) share() *Vault {
	return &Vault{entries: slices.Clone(v.entries), index: maps.Clone(v.index), lock: v.lock, shares: v.shares}
}

// same reports whether two vaults hold the same entries in the same order.
func (v *Vault) same(o *Vault) bool {
	return v.lock.same(o.lock) && v.shares.same(o.shares) && slices.EqualFunc(v.entries, o.entries, func(a, b *entry) bool {
		if a.broken != nil || b.broken != nil {
			return a.broken != nil && b.broken != nil && bytes.Equal(a.raw, b.raw)
		}
		return a.account.same(&b.account) && slices.EqualFunc(a.extra, b.extra, bytes.Equal)
	})
}

// Format prints how much is in it and never what, under every verb.
func (v *Vault) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "vault of %d entries", len(v.entries)) }

// Wipe overwrites every key and PIN in it and empties it: for the owner of a Clone
// that is no longer needed.
func (v *Vault) Wipe() {
	for _, e := range v.entries {
		e.account.Params.Secret.Wipe()
		e.account.Params.PIN.Wipe()
		for _, r := range e.account.History {
			r.Params.Secret.Wipe()
			r.Params.PIN.Wipe()
		}
		e.account.Recovery.Wipe()
		clear(e.raw)
		for _, x := range e.extra {
			clear(x)
		}
	}
	v.shares.wipe()
	v.entries, v.index, v.lock, v.shares = nil, map[ID]int{}, nil, nil
}

// Accounts returns the live accounts in the person's own order.
func (v *Vault) Accounts() []Account {
	list := make([]Account, 0, len(v.entries))
	for _, e := range v.entries {
		if e.live() {
			list = append(list, e.account)
		}
	}
	return list
}

// Trash returns the removed accounts, the last removed first.
func (v *Vault) Trash() []Account {
	var list []Account
	for _, e := range v.entries {
		if e.trashed() {
			list = append(list, e.account)
		}
	}
	slices.SortStableFunc(list, func(a, b Account) int { return b.Trashed.Compare(a.Trashed) })
	return list
}

// Broken returns the entries that no longer parse, in their order.
func (v *Vault) Broken() []Broken {
	var list []Broken
	for _, e := range v.entries {
		if e.broken != nil {
			list = append(list, *e.broken)
		}
	}
	return list
}

// Len is the number of live accounts.
func (v *Vault) Len() int {
	n := 0
	for _, e := range v.entries {
		if e.live() {
			n++
		}
	}
	return n
}

// Account returns the account with an id, live or trashed.
func (v *Vault) Account(id ID) (Account, bool) {
	i, ok := v.index[id]
	if !ok {
		return Account{}, false
	}
	return v.entries[i].account, true
}

// Add gives the account an id (from random), Created and Changed, and appends it.
// It never looks at labels or secrets: ask SameKey first. The key is copied.
// Where the recovery keys of the vault are sealed, so are those of a.
// Errors: ErrInvalid, ErrTooLong, ErrTooMany, ErrDamaged or ErrNewer when recovery keys
// would have to be sealed and cannot be, or what random returns.
func (v *Vault) Add(a Account, random io.Reader, now time.Time) (Account, error) {
	if len(v.entries) >= MaxAccounts {
		return Account{}, fmt.Errorf("%w: %d", ErrTooMany, len(v.entries))
	}
	id, err := newID(random)
	if err != nil {
		return Account{}, err
	}
	if _, taken := v.index[id]; taken {
		// Not by chance in the life of the universe: the source is broken.
		return Account{}, errors.New("vault: the source of randomness repeats itself")
	}
	a.ID, a.Created, a.Changed, a.Trashed = id, stamp(now), stamp(now), time.Time{}
	if a, err = a.normal(); err != nil {
		return Account{}, err
	}
	if err := a.checkPicture(); err != nil {
		return Account{}, err
	}
	if a.Recovery, err = v.sealed(a.Recovery); err != nil {
		return Account{}, err
	}
	v.entries = append(v.entries, &entry{account: a.Clone()})
	v.index[id] = len(v.entries) - 1
	v.changed = true
	return a, nil
}

// Put replaces the account with a.ID; Changed becomes now, Created and Trashed stay
// as they were. The key is copied. Recovery keys are sealed as by Add. Errors:
// ErrNoAccount, ErrInvalid, ErrTooLong, and those of sealing.
func (v *Vault) Put(a Account, now time.Time) error {
	i, ok := v.index[a.ID]
	if !ok {
		return ErrNoAccount
	}
	was := v.entries[i]
	a.Created, a.Changed, a.Trashed = was.account.Created, stamp(now), was.account.Trashed
	a, err := a.normal()
	if err == nil && a.Picture != was.account.Picture {
		err = a.checkPicture()
	}
	if err != nil {
		return err
	}
	if a.Recovery, err = v.sealed(a.Recovery); err != nil {
		return err
	}
	v.replace(i, &entry{account: a.Clone(), extra: was.extra})
	return nil
}

// Touch sets when the code of an account was last copied or printed. It is not a
// change of the account: Changed stays. Errors: ErrNoAccount.
func (v *Vault) Touch(id ID, now time.Time) error {
	return v.edit(id, func(a *Account) { a.Used = stamp(now) })
}

// SameKey returns accounts, live ones first, whose parameters make the same codes.
func (v *Vault) SameKey(p otp.Params) []Account {
	var live, trashed []Account
	for _, e := range v.entries {
		switch {
		case e.broken != nil || !e.account.Params.Same(p):
		case e.live():
			live = append(live, e.account)
		default:
			trashed = append(trashed, e.account)
		}
	}
	return append(live, trashed...)
}

// SameNames returns the live accounts with the same issuer and name, ignoring case
// and space around them.
func (v *Vault) SameNames(issuer, name string) []Account {
	issuer, name = strings.TrimSpace(issuer), strings.TrimSpace(name)
	var list []Account
	for _, e := range v.entries {
		if e.live() && strings.EqualFold(strings.TrimSpace(e.account.Issuer), issuer) &&
			strings.EqualFold(strings.TrimSpace(e.account.Name), name) {
			list = append(list, e.account)
		}
	}
	return list
}

// Remove puts an account into the trash. One that is there already keeps its date.
// Errors: ErrNoAccount.
func (v *Vault) Remove(id ID, now time.Time) error {
	return v.edit(id, func(a *Account) {
		if a.Trashed.IsZero() {
			a.Trashed = stamp(now)
		}
	})
}

// Restore takes an account out of the trash, to where it was in the order.
// Errors: ErrNoAccount.
func (v *Vault) Restore(id ID) error {
	return v.edit(id, func(a *Account) { a.Trashed = time.Time{} })
}

// Purge removes an account from the trash for ever. A live account is not purged:
// ErrNoAccount.
func (v *Vault) Purge(id ID) error {
	i, ok := v.index[id]
	if !ok || !v.entries[i].trashed() {
		return fmt.Errorf("%w in the trash", ErrNoAccount)
	}
	v.notePurged(v.entries[i])
	v.entries = slices.Delete(v.entries, i, i+1)
	v.reindex()
	return nil
}

// PurgeOld removes what has been in the trash for more than TrashDays, and returns how many.
func (v *Vault) PurgeOld(now time.Time) int {
	before := len(v.entries)
	v.entries = slices.DeleteFunc(v.entries, func(e *entry) bool {
		old := e.trashed() && now.Sub(e.account.Trashed) > TrashDays*24*time.Hour
		if old {
			v.notePurged(e)
		}
		return old
	})
	n := before - len(v.entries)
	if n > 0 {
		v.reindex()
	}
	return n
}

// Move puts an account right before another one in the person's own order; an empty
// before means the end. Errors: ErrNoAccount.
func (v *Vault) Move(id ID, before ID) error {
	from, ok := v.index[id]
	if !ok {
		return ErrNoAccount
	}
	to := len(v.entries)
	if before != "" {
		if to, ok = v.index[before]; !ok {
			return ErrNoAccount
		}
	}
	if from == to || from+1 == to {
		return nil
	}
	e := v.entries[from]
	v.entries = slices.Delete(v.entries, from, from+1)
	if to > from {
		to--
	}
	v.entries = slices.Insert(v.entries, to, e)
	v.reindex()
	return nil
}

// Tags returns the tags of live accounts, unique and sorted ignoring case.
func (v *Vault) Tags() []string {
	var list []string
	for _, e := range v.entries {
		if e.live() {
			list = append(list, e.account.Tags...)
		}
	}
	slices.SortStableFunc(list, compareFold)
	return slices.CompactFunc(list, strings.EqualFold)
}

func (e *entry) live() bool    { return e.broken == nil && e.account.Trashed.IsZero() }
func (e *entry) trashed() bool { return e.broken == nil && !e.account.Trashed.IsZero() }

// edit replaces an entry by a changed copy.
func (v *Vault) edit(id ID, change func(*Account)) error {
	i, ok := v.index[id]
	if !ok {
		return ErrNoAccount
	}
	e := *v.entries[i]
	change(&e.account)
	v.replace(i, &e)
	return nil
}

func (v *Vault) replace(i int, e *entry) {
	v.entries[i] = e
	v.changed = true
}

// reindex is needed after entries changed their places.
func (v *Vault) reindex() {
	clear(v.index)
	for i, e := range v.entries {
		if e.broken == nil {
			v.index[e.account.ID] = i
		}
	}
	v.changed = true
}

func compareFold(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }

func cloneRaw(list [][]byte) [][]byte {
	if list == nil {
		return nil
	}
	c := make([][]byte, len(list))
	for i, b := range list {
		c[i] = slices.Clone(b)
	}
	return c
}
