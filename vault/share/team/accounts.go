package team

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/share"
)

// This file is the border between accounts, which a person sees and changes, and registers, which devices exchange. What is shared is
// issuer, name, icon, note, address, key, counter, former keys, recovery keys, and whether it is deleted. What stays personal are the
// place in the list, favourite, tags that the person added or took away, last use, and the step of an enrollment.

// local is the id an account of the shared vault has here.
func (rec *record) local(id share.AccountID) vault.ID {
	if alias, ok := rec.aliases[id]; ok {
		return alias
	}
	return vault.ID(id)
}

// shared is the id an account of here has in the shared vault.
func (rec *record) shared(id vault.ID) share.AccountID {
	for theirs, ours := range rec.aliases {
		if ours == id {
			return theirs
		}
	}
	return share.AccountID(id)
}

// marked returns the accounts of this shared vault that are here, in the trash or not.
func (rec *record) marked(v *vault.Vault) []vault.Account {
	var list []vault.Account
	for _, a := range append(v.Accounts(), v.Trash()...) {
		if a.Shared == string(rec.replica.ID()) {
			list = append(list, a)
		}
	}
	return list
}

// absorb takes in what a person changed here since the last time.
func (rec *record) absorb(v *vault.Vault, now time.Time) error {
	if err := rec.takeIn(v, now); err != nil {
		return err
	}
	if rec.replica.Ready() && rec.replica.Role().Writes() {
		v.ForgetPurged(string(rec.replica.ID()))
	}
	return nil
}

// takeIn is absorb without a change of the vault.
func (rec *record) takeIn(v *vault.Vault, now time.Time) error {
	r := rec.replica
	rec.absorbTags(v)
	if !r.Ready() || !r.Role().Writes() {
		for _, a := range rec.marked(v) {
			changed, deleted, _, known := r.Brief(rec.shared(a.ID))
			if !known || a.Changed.Equal(changed) && deleted != a.Trashed.IsZero() {
				continue
			}
			rec.changed = true // of a viewer project undoes it; whoever asks a person for changes says so before
			if r.Role().Writes() {
				if rec.waiting == nil {
					rec.waiting = map[vault.ID]share.Account{}
				}
				rec.waiting[a.ID], _ = r.Account(rec.shared(a.ID))
			}
		}
		return nil
	}
	id := string(r.ID())
	for _, gone := range v.Purged(id) {
		rec.changed = true
		if err := r.Delete(rec.shared(gone), now); err != nil && !errors.Is(err, share.ErrNoAccount) {
			return err
		}
	}
	for _, a := range rec.marked(v) {
		if err := rec.absorbOne(a, now); err != nil {
			return err
		}
	}
	return nil
}

// absorbWaiting takes in what was changed before the key to write with arrived.
func (rec *record) absorbWaiting(v *vault.Vault, now time.Time) error {
	if !rec.replica.Ready() || !rec.replica.Role().Writes() {
		return nil
	}
	for id, before := range rec.waiting {
		if a, ok := v.Account(id); ok {
			if err := rec.absorbOne(rec.onTop(a, before), now); err != nil {
				return err
			}
		}
	}
	rec.waiting = nil
	return nil
}

// onTop is an account that was changed here while the key had not arrived, with what others changed meanwhile: what a person left as it was
// before is no change, and must not take back what came with the key.
func (rec *record) onTop(a vault.Account, before share.Account) vault.Account {
	is, ok := rec.replica.Account(rec.shared(a.ID))
	if !ok {
		return a
	}
	a = a.Clone()
	for _, t := range []struct {
		here         *string
		before, then string
	}{
		{&a.Issuer, before.Issuer, is.Issuer}, {&a.Name, before.Name, is.Name}, {&a.Icon, before.Icon, is.Icon}, {&a.Note, before.Note, is.Note}, {&a.URL, before.URL, is.URL},
	} {
		if *t.here == t.before {
			*t.here = t.then
		}
	}
	was := before.Params
	was.Counter = a.Params.Counter
	if sameParams(a.Params, was) && !a.Params.Same(is.Params) {
		a.Params = is.Params
	}
	if slices.EqualFunc(readable(a.Recovery, before.Sheets), before.Sheets, sameSheet) {
		a.Recovery = is.Sheets
	}
	return a
}

func (rec *record) absorbOne(a vault.Account, now time.Time) error {
	r, id := rec.replica, rec.shared(a.ID)
	changed, deleted, counter, known := r.Brief(id)
	wall := a.Changed
	if wall.IsZero() || wall.After(now) {
		wall = now
	}
	switch {
	case known && deleted && !a.Trashed.IsZero():
		return nil
	case known && deleted:
		rec.changed = true
		if err := r.Restore(id, now); err != nil {
			return err
		}
	case known && !a.Trashed.IsZero():
		when := a.Trashed
		if when.After(now) {
			when = now
		}
		rec.changed = true
		return r.Delete(id, when)
	case known && a.Changed.Equal(changed) && (a.Params.Kind != otp.HOTP || a.Params.Counter <= counter):
		return nil
	}
	base, _ := r.Account(id)
	next := share.Account{
		ID: id, Issuer: a.Issuer, Name: a.Name, Icon: a.Icon, Note: a.Note, URL: a.URL, Tags: base.Tags, Params: a.Params, Sheets: readable(a.Recovery, base.Sheets),
	}
	if !known {
		for _, h := range a.History {
			next.Past = append(next.Past, share.Past{Params: h.Params, At: h.Retired})
		}
	}
	_, err := r.Put(next, wall)
	rec.changed = true // also without news: the account gets its time back
	return err
}

// readable replaces sheets that are sealed here by what the shared vault has of them; a sealed one it does not have stays out.
func readable(here, theirs recovery.Sheets) recovery.Sheets {
	var list recovery.Sheets
	for _, s := range here {
		if !s.IsSealed() {
			list = append(list, s)
			continue
		}
		i := slices.IndexFunc(theirs, func(o recovery.Sheet) bool { return o.ID == s.ID })
		if i < 0 {
			continue
		}
		open := theirs[i].Clone()
		open.Dead = s.Dead
		for k := range min(len(open.Keys), len(s.Keys)) {
			open.Keys[k].Used = s.Keys[k].Used
		}
		list = append(list, open)
	}
	return list
}

// absorbTags finds out which tags a person added to, or took from, the shared ones.
func (rec *record) absorbTags(v *vault.Vault) {
	for _, a := range rec.marked(v) {
		id := rec.shared(a.ID)
		shared := rec.replica.Tags(id)
		rec.setPersonal(id, personal{Add: without(a.Tags, shared), Hide: without(shared, a.Tags)})
	}
}

func (rec *record) setPersonal(id share.AccountID, p personal) {
	was := rec.personal[id]
	if slices.Equal(was.Add, p.Add) && slices.Equal(was.Hide, p.Hide) {
		return
	}
	rec.changed = true
	if len(p.Add)+len(p.Hide) == 0 {
		delete(rec.personal, id)
	} else {
		rec.personal[id] = p
	}
}

func (rec *record) waits(id vault.ID) bool { _, ok := rec.waiting[id]; return ok }

// tags are the tags a person sees.
func (rec *record) tags(id share.AccountID, shared []string) []string {
	p := rec.personal[id]
	return unique(append(without(shared, p.Hide), p.Add...))
}

func without(list, what []string) []string {
	var out []string
	for _, t := range list {
		if !slices.ContainsFunc(what, func(o string) bool { return strings.EqualFold(o, t) }) {
			out = append(out, t)
		}
	}
	return out
}

// project brings the accounts here up to what the shared vault says.
func (rec *record) project(v *vault.Vault) error {
	r := rec.replica
	if r.State() != share.Joined {
		return nil
	}
	for _, id := range r.Accounts() {
		if err := rec.projectOne(v, id); err != nil {
			return err
		}
	}
	return nil
}

func (rec *record) projectOne(v *vault.Vault, id share.AccountID) error {
	r, mark := rec.replica, string(rec.replica.ID())
	here, ok := v.Account(rec.local(id))
	if ok && here.Shared != mark {
		rec.aliases[id] = alias(r.ID(), id)
		here, ok = v.Account(rec.local(id))
	}
	changed, deleted, counter, known := r.Brief(id)
	if !known || !ok && deleted || rec.waits(here.ID) && r.Role().Writes() {
		return nil
	}
	_, personal := rec.personal[id]
	if ok && !personal && !r.Touched(id) && here.Changed.Equal(changed) && deleted == !here.Trashed.IsZero() && (here.Params.Kind != otp.HOTP || here.Params.Counter >= counter) {
		return nil
	}
	a, ok2 := r.Account(id)
	if !ok2 {
		return nil
	}
	next := here.Clone()
	next.ID, next.Shared = rec.local(id), mark
	next.Issuer, next.Name, next.Icon, next.Note, next.URL, next.Tags = a.Issuer, a.Name, a.Icon, a.Note, a.URL, rec.tags(id, a.Tags)
	if next.Params.Same(a.Params) {
		a.Params.Counter = max(a.Params.Counter, next.Params.Counter) // a viewer's own count
	}
	next.Params, next.History, next.Recovery = a.Params, nil, sealedAs(a.Sheets, here.Recovery)
	for _, p := range a.Past {
		next.History = append(next.History, vault.Retired{Params: p.Params, Retired: p.At})
	}
	if !ok {
		next.Created, next.Changed = a.Changed, a.Changed
		return v.Adopt(next)
	}
	switch {
	case deleted && here.Trashed.IsZero():
		if err := v.Remove(next.ID, a.Deleted); err != nil {
			return err
		}
	case !deleted && !here.Trashed.IsZero():
		if err := v.Restore(next.ID); err != nil {
			return err
		}
	}
	if same(here, next) && here.Changed.Equal(a.Changed) {
		return nil
	}
	return v.Put(next, a.Changed)
}

// sealedAs keeps sheets that are sealed here, and still say the same, as they are; sealing them again would be a change each time. Sheets
// that are sealed and not shared stay.
func sealedAs(theirs, here recovery.Sheets) recovery.Sheets {
	list := slices.Clone(theirs)
	for _, s := range here {
		if !s.IsSealed() {
			continue
		}
		i := slices.IndexFunc(list, func(o recovery.Sheet) bool { return o.ID == s.ID })
		switch {
		case i < 0:
			list = append(list, s)
		case len(list[i].Keys) == len(s.Keys):
			kept := s.Clone()
			kept.Dead = list[i].Dead
			for k := range kept.Keys {
				kept.Keys[k].Used = list[i].Keys[k].Used
			}
			list[i] = kept
		}
	}
	return list
}

// same compares what project sets.
func same(a, b vault.Account) bool {
	return a.Issuer == b.Issuer && a.Name == b.Name && a.Icon == b.Icon && a.Note == b.Note && a.URL == b.URL && a.Shared == b.Shared &&
		slices.Equal(a.Tags, b.Tags) && sameParams(a.Params, b.Params) &&
		slices.EqualFunc(a.History, b.History, func(x, y vault.Retired) bool { return sameParams(x.Params, y.Params) && x.Retired.Equal(y.Retired) }) &&
		slices.EqualFunc(a.Recovery, b.Recovery, sameSheet)
}

func sameParams(a, b otp.Params) bool {
	return (a.Same(b) || a.Kind == otp.Manual && b.Kind == otp.Manual) && a.Algorithm == b.Algorithm && a.Digits == b.Digits && a.Period == b.Period &&
		a.Counter == b.Counter && a.PIN.Equal(b.PIN) && a.Secret.Equal(b.Secret)
}

func sameSheet(a, b recovery.Sheet) bool {
	return a.ID == b.ID && a.Origin == b.Origin && a.Account == b.Account && a.Printed.Equal(b.Printed) && a.Added.Equal(b.Added) && a.Dead.Equal(b.Dead) &&
		a.IsSealed() == b.IsSealed() &&
		slices.EqualFunc(a.Keys, b.Keys, func(x, y recovery.Key) bool { return x.Text.Equal(y.Text) && x.Used.Equal(y.Used) })
}

// alias is the id of an account here whose own id is taken by another one.
func alias(v share.VaultID, id share.AccountID) vault.ID {
	sum := sha256.Sum256([]byte("tallystick share alias 1\n" + string(v) + string(id)))
	return vault.ID(hex.EncodeToString(sum[:16]))
}
