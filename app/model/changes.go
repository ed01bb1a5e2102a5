package model

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"time"

	"github.com/tallystick/tallystick/vault"
)

// usedDelay gathers times of use into one save. A crash loses at most these.
const usedDelay = 20 * time.Second

// change applies fn to the vault, saves it, loads what came out, and calls then
// with the outcome; never when the vault was locked meanwhile. fn runs off the
// models' goroutine.
func (l *List) change(fn func(*vault.Vault) error, then func(err error)) {
	l.apply(func(ctx context.Context) error { return l.s.update(ctx, fn) }, false, then)
}

// update changes the vault. What this device may only look at in a shared vault is refused at once: the next synchronisation would undo it.
func (s *Session) update(ctx context.Context, fn func(*vault.Vault) error) error {
	if s.d.Teams != nil {
		fn = s.d.Teams.Guard(fn)
	}
	return s.d.Vault.Update(ctx, fn)
}

// apply is change for any work on the vault.
func (l *List) apply(work func(ctx context.Context) error, steady bool, then func(err error)) {
	s, known := l.s, l.print()
	var snap *snapshot
	var err error
	s.job(func(ctx context.Context) {
		if err = work(ctx); err == nil || errors.Is(err, errSame) {
			// The change is saved by now, or something is in the vault that the list does not know of yet. If it cannot
			// be read back, the vault was locked under us, and the news of that are on their way.
			snap, _ = readSnapshot(s.d.Vault, s.seed, known)
		}
	}, func() {
		if snap != nil {
			l.load(snap, steady)
			s.sharing.vaultChanged()
		}
		then(err)
	}, func() { snap.wipe() })
}

// failed tells the person, and reports whether there was something to tell.
func (l *List) failed(err error) bool {
	if err == nil {
		return false
	}
	l.notify(Notice{Text: Sentence(err), Error: true})
	return true
}

func (l *List) ignore(err error) { l.failed(err) }

// editAccount changes one account in place, without touching what fn leaves alone.
func editAccount(id vault.ID, now time.Time, fn func(*vault.Account)) func(*vault.Vault) error {
	return func(v *vault.Vault) error {
		a, ok := v.Account(id)
		if !ok {
			return vault.ErrNoAccount
		}
		fn(&a)
		return v.Put(a, now)
	}
}

// SetFavourite marks an account as a favourite, or not.
func (l *List) SetFavourite(id vault.ID, on bool) {
	if e := l.usable(id); e == nil || e.acc.Favourite == on {
		return
	}
	l.change(editAccount(id, l.s.d.Now(), func(a *vault.Account) { a.Favourite = on }), l.ignore)
}

// Move puts an account before another in the person's own order; before "" = to the end.
func (l *List) Move(id, before vault.ID) {
	if id == before || l.usable(id) == nil {
		return
	}
	l.change(func(v *vault.Vault) error { return v.Move(id, before) }, l.ignore)
}

// Remove puts an account into the trash, selects its neighbour, and offers to undo.
func (l *List) Remove(id vault.ID) {
	e := l.usable(id)
	if e == nil || l.s.sharing.mayNot(id) {
		return
	}
	name, neighbour, now := title(e.issuer, e.name), l.neighbour(id), l.s.d.Now()
	l.change(func(v *vault.Vault) error { return v.Remove(id, now) }, func(err error) {
		if l.failed(err) {
			return
		}
		if l.selected == "" && neighbour != "" {
			l.Select(neighbour)
		}
		l.notify(Notice{
			Text: "Removed " + name + ". It stays in the trash for " + strconv.Itoa(vault.TrashDays) + " days.",
			Undo: func() { l.Restore(id) },
		})
	})
}

// neighbour is the row to select when the selected row id goes: the one below it,
// else the one above; "" when id is not selected.
func (l *List) neighbour(id vault.ID) vault.ID {
	i := l.Index(id)
	if id != l.selected || i < 0 {
		return ""
	}
	for _, n := range [...]int{i + 1, i - 1} {
		if n >= 0 && n < len(l.rows) {
			return l.snap.entries[l.rows[n]].acc.ID
		}
	}
	return ""
}

// touchUsed notes that a code of an account was used. Saving the vault for each
// copied code would be a storm of writes, so the times are gathered.
func (l *List) touchUsed(id vault.ID) {
	e := l.entry(id)
	if e == nil {
		return
	}
	e.used = l.s.d.Now()
	l.used[id] = e.used
	l.stale = l.stale || l.sort == ByUsed
	if l.stopSave == nil {
		l.stopSave = l.s.d.After(usedDelay, func() {
			l.stopSave = nil
			l.saveUsed()
		})
	}
}

func (l *List) saveUsed() {
	used := l.used
	if len(used) == 0 {
		return
	}
	l.used = map[vault.ID]time.Time{}
	l.apply(func(ctx context.Context) error { return markUsed(ctx, l.s.d.Vault, used) }, true, func(err error) {
		if err == nil {
			return
		}
		for id, at := range used { // for the next time
			if l.used[id].Before(at) {
				l.used[id] = at
			}
		}
		l.failed(err)
	})
}

// markUsed saves when accounts were used; those that are gone are left out.
func markUsed(ctx context.Context, v Vault, used map[vault.ID]time.Time) error {
	if len(used) == 0 {
		return nil
	}
	used = maps.Clone(used)
	return v.Update(ctx, func(content *vault.Vault) error {
		for id, at := range used {
			if a, ok := content.Account(id); !ok || !a.Used.Before(at) {
				continue
			}
			if err := content.Touch(id, at); err != nil {
				return err
			}
		}
		return nil
	})
}
