// Package intake says what an import would change in a vault, and changes it.
//
// Purpose: the rules for accounts that may be there already, in one place for the window and the command line:
//
//   - An account that makes the same codes (kind, key and settings) is the same account, whatever it is called. It is not added again.
//   - What such an account has no picture for, it gets from the import: that writes nothing over. Accounts of shared vaults are left alone.
//   - Accounts of the same names with another key are two accounts. Neither is ever written over; the person is told.
//   - The same account twice in one import is added once.
//
// Who may import it: app/model, app/cli. It imports vault, vault/recovery and vault/transfer.
//
// Concurrency: plain functions on values that belong to the caller.
//
// Ownership: a Plan shares the secrets of the entries it was made from, until they are added; a vault copies what it is given.
//
// Errors never hold a key, and are those of package vault.
package intake

import (
	"hash/maphash"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/picture"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/transfer"
)

// Verdict is what an entry is to a vault.
type Verdict string

// The verdicts.
const (
	New      Verdict = "new"      // nothing like it is there
	Namesake Verdict = "namesake" // the vault has the same names with another key: both are kept, and the person looks
	Same     Verdict = "same"     // the vault has an account that makes the same codes
	Twice    Verdict = "twice"    // an earlier entry of the import makes the same codes
	NeedsPIN Verdict = "pin"      // it cannot be added before the person has said its PIN
)

// Adds reports whether an entry of that verdict is added unless the person says otherwise.
func (v Verdict) Adds() bool { return v == New || v == Namesake }

// MaxPictures is how many bytes all pictures of a vault may have for an import to add another one: a vault file has at most 64 MiB.
const MaxPictures = 16 << 20

// ArchiveTag marks accounts that were in the other app's trash or archive.
const ArchiveTag = "archive"

// Item is one entry of an import and what it is to the vault.
type Item struct {
	Entry   transfer.Entry
	Account vault.Account // what would be added; without an id, and without recovery keys
	Verdict Verdict
	There   []vault.ID // Same, Namesake: the accounts that are there, live ones first
	Trashed bool       // Same: all of There are in the trash
	Earlier int        // Twice: the place in the plan of the entry that makes the same codes
	Newer   bool       // Same, HOTP: the import is ahead of the account that is there, whose codes may be refused
	Bare    vault.ID   // Same: the account that is there without a picture, which can have the entry's; "" = none
}

// Plan compares entries with a vault, in order. The vault is not changed. 10,000 entries against 10,000 accounts take
// milliseconds: keys are found by a hash.
func Plan(v *vault.Vault, entries []transfer.Entry) []Item {
	known := index{seed: maphash.MakeSeed(), byKey: map[uint64][]place{}, byName: map[string][]vault.ID{}}
	for _, a := range v.Accounts() {
		known.account(a)
		known.byName[nameKey(a.Issuer, a.Name)] = append(known.byName[nameKey(a.Issuer, a.Name)], a.ID)
	}
	for _, a := range v.Trash() {
		known.account(a)
	}
	plan := make([]Item, len(entries))
	for i, e := range entries {
		plan[i] = known.judge(i, e)
	}
	leavePictures(v, plan)
	return plan
}

// leavePictures takes the pictures off that would make the vault file too large, the last ones first.
func leavePictures(v *vault.Vault, plan []Item) {
	room := MaxPictures
	for _, a := range v.Accounts() {
		room -= len(a.Picture)
	}
	for i := range plan {
		a := &plan[i].Account
		if !plan[i].Verdict.Adds() && plan[i].Bare == "" || a.Picture == "" {
			continue
		}
		if len(a.Picture) > room {
			a.Picture, plan[i].Bare = "", ""
			plan[i].Entry.Warnings = append(slices.Clip(plan[i].Entry.Warnings), "Its icon is not kept: there are too many.")
			continue
		}
		room -= len(a.Picture)
	}
}

// Becomes is the account an entry becomes, without an id and without recovery keys. An icon that is not of the form a vault keeps stays behind.
func Becomes(e transfer.Entry) vault.Account {
	a := vault.Account{Tags: e.Tags, Favourite: e.Favourite, Note: e.Note, URL: e.URL, Used: e.Used}
	if small := string(e.Icon.Data); picture.Check(small) == nil {
		a.Picture = small
	}
	a.Issuer, a.Name, a.Params = e.Account()
	if e.Archived {
		a.Tags = append(append([]string(nil), a.Tags...), ArchiveTag)
	}
	return a
}

// place is where parameters were seen: an account of the vault, or an entry of the import.
type place struct {
	params  otp.Params
	id      vault.ID
	trashed bool
	bare    bool // it has no picture, and can have one
	entry   int  // when id is empty
}

type index struct {
	seed   maphash.Seed
	byKey  map[uint64][]place
	byName map[string][]vault.ID
}

// hash is the same for parameters that make the same codes. Of a Yandex key only the first 16 bytes count.
func (x *index) hash(p otp.Params) uint64 {
	key := p.Secret.Reveal()
	if p.Kind == otp.Yandex {
		key = key[:min(len(key), 16)]
	}
	return maphash.Bytes(x.seed, key)
}

func (x *index) account(a vault.Account) {
	if a.Params.Kind == otp.Manual {
		return
	}
	h := x.hash(a.Params)
	x.byKey[h] = append(x.byKey[h], place{params: a.Params, id: a.ID, trashed: !a.Trashed.IsZero(), bare: a.Trashed.IsZero() && a.Picture == "" && a.Shared == ""})
}

func (x *index) judge(i int, e transfer.Entry) Item {
	it := Item{Entry: e, Account: Becomes(e), Verdict: New}
	p := it.Account.Params
	h := x.hash(p)
	earlier := -1
	it.Trashed = true
	for _, at := range x.byKey[h] {
		switch {
		case !at.params.Same(p):
		case at.id == "":
			if earlier < 0 {
				earlier = at.entry
			}
		default:
			it.There = append(it.There, at.id)
			it.Trashed = it.Trashed && at.trashed
			if it.Bare == "" && at.bare && it.Account.Picture != "" {
				it.Bare = at.id
			}
			it.Newer = it.Newer || p.Kind == otp.HOTP && p.Counter > at.params.Counter
		}
	}
	it.Trashed = it.Trashed && len(it.There) > 0
	switch {
	case p.Kind.NeedsPIN() && p.PIN.IsEmpty():
		it.Verdict = NeedsPIN
		return it
	case len(it.There) > 0:
		it.Verdict = Same
		return it
	case earlier >= 0:
		it.Verdict, it.Earlier = Twice, earlier
		return it
	}
	if it.There = x.byName[nameKey(it.Account.Issuer, it.Account.Name)]; len(it.There) > 0 {
		it.Verdict = Namesake
	}
	x.byKey[h] = append(x.byKey[h], place{params: p, entry: i})
	return it
}

func nameKey(issuer, name string) string {
	return strings.ToLower(strings.TrimSpace(issuer)) + "\x00" + strings.ToLower(strings.TrimSpace(name))
}

// Choice is what the person wants of one item.
type Choice struct {
	Add      bool         // add it, whatever its verdict is
	Recovery bool         // keep what looks like recovery keys as such
	Picture  bool         // give the account that is there the entry's picture, see Item.Bare
	PIN      secret.Bytes // for NeedsPIN
}

// Usual is the choice for an item when nobody is asked.
func Usual(it Item) Choice { return Choice{Add: it.Verdict.Adds(), Picture: it.Bare != ""} }

// Apply adds what was chosen to the vault, in order, and returns the accounts as they are there, with a zero one for each item that
// was not chosen. choices has one Choice for each item. Errors: what vault.Vault.Add returns, with nothing undone: use it inside
// Manager.Update, which keeps the old vault then.
func Apply(v *vault.Vault, plan []Item, choices []Choice, random io.Reader, now time.Time) ([]vault.Account, error) {
	added := make([]vault.Account, len(plan))
	for i, it := range plan {
		if choices[i].Picture && it.Bare != "" {
			if err := dress(v, it, now); err != nil {
				return nil, err
			}
		}
		if !choices[i].Add {
			continue
		}
		a := it.Account
		if !choices[i].PIN.IsEmpty() {
			a.Params.PIN = choices[i].PIN
		}
		if choices[i].Recovery {
			sheet, ok, err := sheetOf(it.Entry, random, now)
			if err != nil {
				return nil, err
			}
			if ok {
				a.Recovery = append(a.Recovery, sheet)
			}
		}
		var err error
		if added[i], err = v.Add(a, random, now); err != nil {
			return nil, err
		}
	}
	return added, nil
}

// dress gives an account that is there the picture of an entry, unless it is gone or has one by now.
func dress(v *vault.Vault, it Item, now time.Time) error {
	a, ok := v.Account(it.Bare)
	if !ok || a.Picture != "" {
		return nil
	}
	a.Picture = it.Account.Picture
	return v.Put(a, now)
}

// sheetOf makes a sheet of what an entry offers as recovery keys.
func sheetOf(e transfer.Entry, random io.Reader, now time.Time) (recovery.Sheet, bool, error) {
	var d recovery.Draft
	for _, k := range e.Recovery {
		seen := false
		for _, f := range d.Keys {
			seen = seen || recovery.Same(f.Text, k)
		}
		if !seen {
			d.Keys = append(d.Keys, recovery.Found{Text: k})
		}
	}
	if len(d.Keys) == 0 {
		return recovery.Sheet{}, false, nil
	}
	d.Origin.Service, d.Account = e.Issuer, e.Name
	s, err := d.Sheet(random, now)
	return s, err == nil, err
}
