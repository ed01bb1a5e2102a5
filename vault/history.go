package vault

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tallystick/tallystick/vault/otp"
)

// Pending is the step at which an enrollment stopped: the account is saved, the portal may not know it yet.
type Pending string

// The steps that can be left open.
const (
	PendingNothing  Pending = ""         // enrolled, as far as is known
	PendingProof    Pending = "proof"    // the portal has not accepted a code yet
	PendingRecovery Pending = "recovery" // accepted, the recovery keys are not kept yet
)

func (p Pending) valid() bool {
	return p == PendingNothing || p == PendingProof || p == PendingRecovery
}

// MaxHistory is how many former keys an account keeps.
const MaxHistory = 5

// Retired is a key an account had before it was enrolled anew.
type Retired struct {
	Params  otp.Params
	Retired time.Time // when it was replaced
}

func (r Retired) same(o Retired) bool {
	return sameParams(&r.Params, &o.Params) && r.Retired.Equal(o.Retired)
}

// Retire puts the account's key at the head of its history, the oldest falling out. It is for whoever then sets another one:
//
//	a.Retire(now)
//	a.Params = fresh
func (a *Account) Retire(now time.Time) {
	if a.Params.Kind == otp.Manual {
		return // there was no key
	}
	a.History = append([]Retired{{Params: a.Params, Retired: stamp(now)}}, a.History...)
	a.History = a.History[:min(len(a.History), MaxHistory)]
}

// RestoreKey makes the i-th former key the account's key again; the one it has now takes the head of the history.
// ErrNoAccount, ErrInvalid when there is no such key.
func (v *Vault) RestoreKey(id ID, i int, now time.Time) error {
	a, ok := v.Account(id)
	if !ok {
		return ErrNoAccount
	}
	if i < 0 || i >= len(a.History) {
		return fmt.Errorf("%w: no such former key", ErrInvalid)
	}
	old := a.History[i].Params
	a.History = slices.Delete(slices.Clone(a.History), i, i+1)
	a.Retire(now)
	a.Params = old
	return v.Put(a, now)
}

func cloneHistory(list []Retired) []Retired {
	if list == nil {
		return nil
	}
	clone := slices.Clone(list)
	for i := range clone {
		clone[i].Params.Secret = clone[i].Params.Secret.Clone()
		clone[i].Params.PIN = clone[i].Params.PIN.Clone()
	}
	return clone
}

func normalHistory(list []Retired) ([]Retired, error) {
	if len(list) == 0 {
		return nil, nil
	}
	list = slices.Clone(list[:min(len(list), MaxHistory)])
	for i := range list {
		if err := checkParams(list[i].Params); err != nil {
			return nil, err
		}
		list[i].Retired = stamp(list[i].Retired)
	}
	return list, nil
}

// appendHistory writes the former keys as objects of the same members an account has.
func appendHistory(out []byte, list []Retired) []byte {
	for i := range list {
		if i == 0 {
			out = append(out, `,"history":[`...)
		} else {
			out = append(out, ',')
		}
		out = append(out, `{"kind":`...)
		out = appendText(out, string(list[i].Params.Kind))
		out = appendParams(out, &list[i].Params)
		out = appendTime(out, `,"retired":"`, list[i].Retired)
		out = append(out, '}')
		if i == len(list)-1 {
			out = append(out, ']')
		}
	}
	return out
}

// history reads what appendHistory wrote. Unlike in an account, an unknown member makes the entry broken: it is kept as it is.
func history(value []byte) ([]Retired, bool) {
	var list []Retired
	ok := eachObject(value, func(name string, value []byte) bool {
		r := &list[len(list)-1]
		if name == `"retired"` {
			var ok bool
			r.Retired, ok = moment(value)
			return ok
		}
		switch name {
		case `"kind"`, `"secret"`, `"pin"`, `"algorithm"`, `"digits"`, `"period"`, `"counter"`:
		default:
			return false // a member of an account, or of a later program
		}
		var a Account
		a.Params = r.Params
		known, err := decodeMember(name, value, &a)
		r.Params = a.Params
		return known && err == nil
	}, func() { list = append(list, Retired{}) })
	if !ok || len(list) > MaxHistory {
		return nil, false
	}
	for _, r := range list {
		if checkParams(r.Params) != nil {
			return nil, false
		}
	}
	return list, true
}

// eachObject reads an array of objects: begin for each of them, member for each of its members (the name quoted).
func eachObject(value []byte, member func(name string, value []byte) bool, begin func()) bool {
	dec := jsontext.NewDecoder(bytes.NewBuffer(value))
	if dec.PeekKind() != '[' {
		return false
	}
	if _, err := dec.ReadToken(); err != nil {
		return false
	}
	for dec.PeekKind() == '{' {
		if _, err := dec.ReadToken(); err != nil {
			return false
		}
		begin()
		for dec.PeekKind() == '"' {
			name, err := dec.ReadValue()
			if err != nil {
				return false
			}
			quoted := string(name)
			value, err := dec.ReadValue()
			if err != nil || !member(quoted, value) {
				return false
			}
		}
		if _, err := dec.ReadToken(); err != nil {
			return false
		}
	}
	end, err := dec.ReadToken()
	return err == nil && end.Kind() == ']'
}
