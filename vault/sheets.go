package vault

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tallystick/tallystick/vault/recovery"
)

// MaxSheets is how many sheets of recovery keys an account keeps, replaced ones included.
const MaxSheets = 20

func sameSheet(a, b recovery.Sheet) bool {
	return a.ID == b.ID && a.Origin == b.Origin && a.Account == b.Account &&
		a.Printed.Equal(b.Printed) && a.Added.Equal(b.Added) && a.Dead.Equal(b.Dead) && bytes.Equal(a.Sealed, b.Sealed) &&
		slices.EqualFunc(a.Keys, b.Keys, func(k, l recovery.Key) bool { return k.Text.Equal(l.Text) && k.Used.Equal(l.Used) })
}

func normalSheets(list recovery.Sheets) (recovery.Sheets, error) {
	if len(list) == 0 {
		return nil, nil
	}
	if len(list) > MaxSheets {
		return nil, fmt.Errorf("%w: %d sheets of recovery keys, at most %d are kept", ErrTooLong, len(list), MaxSheets)
	}
	list = slices.Clone(list)
	for i := range list {
		if err := list[i].Validate(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		s := &list[i]
		s.Printed, s.Added, s.Dead = stamp(s.Printed), stamp(s.Added), stamp(s.Dead)
		s.Keys = slices.Clone(s.Keys)
		for k := range s.Keys {
			s.Keys[k].Used = stamp(s.Keys[k].Used)
		}
	}
	return list, nil
}

// appendSheets writes the records of the sheets. They are few, so the library may do it.
func appendSheets(out []byte, list recovery.Sheets) []byte {
	if len(list) == 0 {
		return out
	}
	records := make([]recovery.Record, len(list))
	for i, s := range list {
		records[i] = s.Record()
	}
	text, err := json.Marshal(records)
	if err != nil {
		panic("vault: a sheet that cannot be written got into a vault")
	}
	out = append(append(out, `,"recovery":`...), text...)
	clear(text)
	return out
}

// sheets reads what appendSheets wrote. An unknown member makes the entry broken: it is kept as it is.
func sheets(value []byte) (recovery.Sheets, bool) {
	dec := json.NewDecoder(bytes.NewReader(value))
	dec.DisallowUnknownFields()
	var records []recovery.Record
	if dec.Decode(&records) != nil || len(records) > MaxSheets {
		return nil, false
	}
	list := make(recovery.Sheets, len(records))
	for i, r := range records {
		s, err := r.Sheet()
		if err != nil {
			return nil, false
		}
		list[i] = s
	}
	return list, true
}

// SpendRecoveryKey marks the next unused recovery key of an account as used at the time of the change and returns a copy of it. open
// is for keys that are sealed; nil where they are not. Errors: ErrNoAccount, recovery.ErrNoneLeft, and those of RecoveryKey.Open.
func (v *Vault) SpendRecoveryKey(id ID, open *RecoveryKey, now time.Time) (recovery.Key, error) {
	a, ok := v.Account(id)
	if !ok {
		return recovery.Key{}, ErrNoAccount
	}
	a.Recovery = a.Recovery.Clone()
	sheet, key, err := a.Recovery.Next()
	if err != nil {
		return recovery.Key{}, err
	}
	shown, err := open.Open(a.Recovery[sheet])
	if err != nil {
		return recovery.Key{}, err
	}
	defer shown.Wipe()
	if err := a.Recovery[sheet].UseAt(key, now); err != nil {
		return recovery.Key{}, err
	}
	return recovery.Key{Text: shown.Keys[key].Text.Clone(), Used: a.Recovery[sheet].Keys[key].Used}, v.Put(a, now)
}

// RemoveSheet takes a dead sheet of recovery keys out of an account for ever. A valid one stays: recovery.ErrValid. Errors:
// ErrNoAccount, recovery.ErrNotFound.
func (v *Vault) RemoveSheet(id ID, sheet string, now time.Time) error {
	a, ok := v.Account(id)
	if !ok {
		return ErrNoAccount
	}
	left, err := a.Recovery.Remove(sheet)
	if err != nil {
		return err
	}
	a.Recovery = left
	return v.Put(a, now)
}

// RestoreSheet puts back a sheet that RemoveSheet took out, in the order in which sheets were added. It does nothing when the sheet is
// there. Errors: ErrNoAccount, and those of Put.
func (v *Vault) RestoreSheet(id ID, sheet recovery.Sheet, now time.Time) error {
	a, ok := v.Account(id)
	if !ok {
		return ErrNoAccount
	}
	if slices.ContainsFunc(a.Recovery, func(s recovery.Sheet) bool { return s.ID == sheet.ID }) {
		return nil
	}
	a.Recovery = append(a.Recovery.Clone(), sheet.Clone())
	slices.SortStableFunc(a.Recovery, func(s, o recovery.Sheet) int { return s.Added.Compare(o.Added) })
	return v.Put(a, now)
}
