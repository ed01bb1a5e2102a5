package model

import (
	"slices"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
)

// keepKeys → KeepKeys for the account id.
func (a *Add) keepKeys(id vault.ID) {
	a.stage, a.err = KeepKeys, ""
	a.s.keep.Begin(id)
}

// KeysKept: the recovery keys are saved, or the portal gave none → Done.
func (a *Add) KeysKept() {
	if a.stage != KeepKeys || len(a.saved) == 0 {
		return
	}
	a.s.list.setPending(a.saved[0], vault.PendingNothing)
	a.s.keep.Cancel()
	a.stage, a.err = Done, ""
	a.changed.call()
}

// setPending notes how far the enrollment of an account got.
func (l *List) setPending(id vault.ID, step vault.Pending) {
	if e := l.usable(id); e == nil || e.acc.Pending == step {
		return
	}
	l.change(editAccount(id, l.s.d.Now(), func(a *vault.Account) { a.Pending = step }), l.ignore)
}

// Unfinished are the accounts whose enrollment was begun and not ended, the last one first.
func (l *List) Unfinished() []Row {
	if l.snap == nil {
		return nil
	}
	var out []Row
	for i := range l.snap.entries {
		if e := &l.snap.entries[i]; e.broken == "" && e.acc.Pending != vault.PendingNothing {
			out = append(out, l.row(e))
		}
	}
	slices.SortFunc(out, func(a, b Row) int { return b.Created.Compare(a.Created) })
	return out
}

// EndEnrollment says that there is nothing left to do for an account.
func (l *List) EndEnrollment(id vault.ID) {
	l.setPending(id, vault.PendingNothing)
}

// Resume goes on with an enrollment that was interrupted: to the code to be typed, or to the recovery keys.
func (a *Add) Resume(id vault.ID) {
	e := a.s.list.usable(id)
	if e == nil || !a.enter() {
		return
	}
	a.reset()
	a.active = true
	a.saved = []vault.ID{id}
	if e.acc.Pending == vault.PendingRecovery || e.acc.Params.Kind == otp.Manual {
		a.keepKeys(id)
		a.changed.call()
		return
	}
	a.draft = Draft{Issuer: e.issuer, Name: e.name, Params: e.acc.Params}
	a.draft.Params.Secret, a.draft.Params.PIN = e.acc.Params.Secret.Clone(), e.acc.Params.PIN.Clone()
	if e.acc.Params.Kind != otp.HOTP {
		a.prove(id, "")
		a.changed.call()
		return
	}
	round := a.round
	a.s.list.makeHOTP(id, func(code string) {
		if a.round == round && a.active {
			a.prove(id, code)
			a.changed.call()
		}
	})
}
