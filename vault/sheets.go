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
		a.Printed.Equal(b.Printed) && a.Added.Equal(b.Added) && a.Dead.Equal(b.Dead) &&
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

// SpendRecoveryKey marks the next unused recovery key of an account as used at the time of the change and returns a copy of it.
// Errors: ErrNoAccount, recovery.ErrNoneLeft.
func (v *Vault) SpendRecoveryKey(id ID, now time.Time) (recovery.Key, error) {
	a, ok := v.Account(id)
	if !ok {
		return recovery.Key{}, ErrNoAccount
	}
	a.Recovery = a.Recovery.Clone()
	sheet, key, err := a.Recovery.Next()
	if err != nil {
		return recovery.Key{}, err
	}
	if err := a.Recovery[sheet].UseAt(key, now); err != nil {
		return recovery.Key{}, err
	}
	k := a.Recovery[sheet].Keys[key]
	return recovery.Key{Text: k.Text.Clone(), Used: k.Used}, v.Put(a, now)
}
