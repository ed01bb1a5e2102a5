package model

import (
	"cmp"
	"time"

	"github.com/tallystick/tallystick/vault"
)

// TrashRow is one removed account.
type TrashRow struct {
	ID           vault.ID
	Issuer, Name string // stripped of control characters
	Picture      string // for DecodePicture; "" = none
	DaysLeft     int    // until it is gone for ever, rounded up
	SharedIn     string // the shared vault it belongs to; "" = none
	ReadOnly     bool   // it was deleted for everybody, and this device may not bring it back
}

const trashAge = vault.TrashDays * 24 * time.Hour

// Trash lists the removed accounts, the last removed first.
func (l *List) Trash() []TrashRow {
	if l.snap == nil {
		return nil
	}
	now := l.s.d.Now()
	rows := make([]TrashRow, 0, len(l.snap.trash))
	for _, a := range l.snap.trash {
		row := TrashRow{ID: a.ID, Issuer: clean(a.Issuer), Name: clean(a.Name), Picture: a.Picture, DaysLeft: daysLeft(a.Trashed, now)}
		if b, ok := l.s.sharing.badges[a.Shared]; ok && a.Shared != "" {
			row.SharedIn, row.ReadOnly = cmp.Or(clean(b.Name), nameless), !b.Writes
		}
		rows = append(rows, row)
	}
	return rows
}

// daysLeft is the number of days, rounded up, until an account trashed at t is gone.
func daysLeft(t, now time.Time) int {
	const day = 24 * time.Hour
	left := trashAge - now.Sub(t)
	return min(max(int((left+day-1)/day), 0), vault.TrashDays)
}

// Restore takes an account out of the trash.
func (l *List) Restore(id vault.ID) {
	l.change(func(v *vault.Vault) error { return v.Restore(id) }, func(err error) {
		if !l.failed(err) {
			l.Select(id)
		}
	})
}

// Purge removes an account from the trash for ever.
func (l *List) Purge(id vault.ID) {
	l.change(func(v *vault.Vault) error { return v.Purge(id) }, func(err error) {
		if !l.failed(err) {
			l.notify(Notice{Text: "Removed for ever."})
		}
	})
}

// purgeOld empties the trash of what was in it long enough.
func (l *List) purgeOld() {
	now, overdue := l.s.d.Now(), false
	for _, a := range l.snap.trash {
		overdue = overdue || now.Sub(a.Trashed) > trashAge
	}
	if !overdue {
		return
	}
	// Nobody asked for this, so nobody is told when it fails: the next start tries again.
	l.change(func(v *vault.Vault) error {
		v.PurgeOld(now)
		return nil
	}, func(error) {})
}
