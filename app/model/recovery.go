package model

import (
	"fmt"
	"strings"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/recovery"
)

// lowRecovery is at how many unused recovery keys the person is warned.
const lowRecovery = 2

// Recovery says how many recovery keys an account has; never what they are.
type Recovery struct {
	Left, Total int
	Warning     string // sentence when two or fewer are left of more; "" = all is well, or there never were any
}

// Recovery is the number of recovery keys of an account.
func (l *List) Recovery(id vault.ID) Recovery {
	e := l.entry(id)
	if e == nil {
		return Recovery{}
	}
	r := Recovery{Left: e.acc.Recovery.Left(), Total: e.acc.Recovery.Total()}
	switch {
	case r.Total == 0:
	case r.Left == 0:
		r.Warning = "No recovery key is left. Get a new sheet from the portal while you can still sign in."
	case r.Left <= lowRecovery && r.Total > lowRecovery:
		r.Warning = "Only " + count(r.Left, "recovery key is", "recovery keys are") + " left. Get a new sheet from the portal soon."
	}
	return r
}

// Sheet is one sheet of recovery keys with its keys in the open.
type Sheet struct {
	ID     string
	Source string // "GitHub, codes.txt"; "" = unknown
	Added  time.Time
	Dead   time.Time // when a newer sheet replaced it; zero = valid
	Sealed bool      // its keys cannot be shown: they have no texts here
	Keys   []SheetKey
}

// SheetKey is one recovery key.
type SheetKey struct {
	Text string    // "" while sealed
	Used time.Time // zero = unused
}

// Sheets shows the recovery keys of an account, the newest sheet first. Call it only after Session.Confirm, or after
// Session.OpenRecovery where they are sealed, and drop the result soon: texts cannot be wiped.
func (l *List) Sheets(id vault.ID) []Sheet {
	e := l.entry(id)
	if e == nil {
		return nil
	}
	out := make([]Sheet, 0, len(e.acc.Recovery))
	for i := len(e.acc.Recovery) - 1; i >= 0; i-- {
		s := e.acc.Recovery[i]
		row := Sheet{ID: s.ID, Source: sourceOf(s.Origin), Added: s.Added, Dead: s.Dead}
		open, err := l.s.opener.Open(s)
		if err != nil {
			open, row.Sealed = s.Clone(), true
		}
		for _, k := range open.Keys {
			row.Keys = append(row.Keys, SheetKey{Text: string(k.Text.Reveal()), Used: k.Used})
		}
		open.Wipe()
		out = append(out, row)
	}
	return out
}

func sourceOf(o recovery.Origin) string {
	var parts []string
	for _, p := range []string{clean(o.Service), clean(o.File)} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ", ")
}

// keyText is the text of one recovery key.
func (l *List) keyText(id vault.ID, sheet string, key int) (string, error) {
	e := l.entry(id)
	if e == nil {
		return "", vault.ErrNoAccount
	}
	for _, s := range e.acc.Recovery {
		if s.ID != sheet || key < 0 || key >= len(s.Keys) {
			continue
		}
		open, err := l.s.opener.Open(s)
		if err != nil {
			return "", err
		}
		defer open.Wipe()
		return string(open.Keys[key].Text.Reveal()), nil
	}
	return "", recovery.ErrNotFound
}

// UseRecoveryKey copies a recovery key and marks it as used. It is marked first: a key that was handed out without a mark would be
// tried twice.
func (l *List) UseRecoveryKey(id vault.ID, sheet string, key int) {
	now := l.s.d.Now()
	text, err := l.keyText(id, sheet, key)
	if l.failed(err) {
		return
	}
	l.change(func(v *vault.Vault) error {
		return changeSheet(v, id, sheet, now, func(s *recovery.Sheet) error {
			return s.UseAt(key, now)
		})
	}, func(err error) {
		if l.failed(err) {
			return
		}
		l.s.clip.copy(id, text, func(err error) {
			if err != nil {
				l.notify(Notice{Text: "The key is marked as used, but it could not be copied. " + Sentence(err), Error: true})
				return
			}
			l.notify(Notice{
				Text: fmt.Sprintf("Copied, and marked as used. %s left.", count(l.Recovery(id).Left, "key is", "keys are")),
				Undo: func() { l.UndoRecoveryKey(id, sheet, key) },
			})
		})
	})
}

// UndoRecoveryKey makes a recovery key unused again.
func (l *List) UndoRecoveryKey(id vault.ID, sheet string, key int) {
	now := l.s.d.Now()
	l.change(func(v *vault.Vault) error {
		return changeSheet(v, id, sheet, now, func(s *recovery.Sheet) error { return s.Undo(key) })
	}, l.ignore)
}

// RemoveSheet deletes a sheet that was replaced, and offers to undo it until the next one is deleted or the vault is locked.
func (l *List) RemoveSheet(id vault.ID, sheet string) {
	now := l.s.d.Now()
	var removed recovery.Sheet
	l.change(func(v *vault.Vault) error {
		a, ok := v.Account(id)
		if !ok {
			return vault.ErrNoAccount
		}
		for _, s := range a.Recovery {
			if s.ID == sheet {
				removed = s.Clone()
			}
		}
		return v.RemoveSheet(id, sheet, now)
	}, func(err error) {
		if l.failed(err) {
			removed.Wipe()
			return
		}
		l.removed.Wipe()
		l.removed = removed
		l.notify(Notice{Text: "The replaced sheet is deleted.", Undo: func() { l.restoreSheet(id, sheet) }})
	})
}

// restoreSheet puts back what RemoveSheet deleted last.
func (l *List) restoreSheet(id vault.ID, sheet string) {
	if l.removed.ID != sheet {
		return
	}
	back, now := l.removed.Clone(), l.s.d.Now()
	l.change(func(v *vault.Vault) error {
		defer back.Wipe()
		return v.RestoreSheet(id, back, now)
	}, l.ignore)
}

func changeSheet(v *vault.Vault, id vault.ID, sheet string, now time.Time, fn func(*recovery.Sheet) error) error {
	a, ok := v.Account(id)
	if !ok {
		return vault.ErrNoAccount
	}
	a.Recovery = a.Recovery.Clone()
	for i := range a.Recovery {
		if a.Recovery[i].ID == sheet {
			if err := fn(&a.Recovery[i]); err != nil {
				return err
			}
			return v.Put(a, now)
		}
	}
	return recovery.ErrNotFound
}

// Former is a key an account had before.
type Former struct {
	About   string
	Retired time.Time
}

// History lists the former keys of an account, the last one first.
func (l *List) History(id vault.ID) []Former {
	e := l.entry(id)
	if e == nil {
		return nil
	}
	out := make([]Former, len(e.acc.History))
	for i, r := range e.acc.History {
		out[i] = Former{About: About(r.Params), Retired: r.Retired}
	}
	return out
}

// RestoreKey makes a former key the account's key again; the present one goes to the history.
func (l *List) RestoreKey(id vault.ID, i int) {
	now := l.s.d.Now()
	l.change(func(v *vault.Vault) error { return v.RestoreKey(id, i, now) }, func(err error) {
		if !l.failed(err) {
			l.notify(Notice{Text: "The former key is back. The other one is in the history."})
		}
	})
}
