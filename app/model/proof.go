package model

import (
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
)

const (
	// typeTime is how long a code has to last for somebody who has yet to type it.
	typeTime = 8 * time.Second
	// lateTime is how long after a change of the code a refusal is most likely due to it.
	lateTime = 12 * time.Second
)

// Proof is the "type this into the portal" screen.
type Proof struct {
	Portal    string   // issuer or "the portal"
	Code      string   // "" while waiting
	Waiting   int      // seconds until a fresh code is shown; 0 = show
	Remaining int      // whole seconds, rounded up; 0 when not rolling
	Period    int      // seconds; 0 when not rolling
	Advice    []string // after "refused"
}

// proving is what the screen is worked out from.
type proving struct {
	id     vault.ID
	portal string
	name   string
	params otp.Params // a copy
	wait   time.Time  // nothing is shown before, by the time of codes; zero = do not wait
	hotp   string     // the code of a HOTP account
	shown  string     // what was shown last, to see a change
	advice []string
}

func (p *proving) wipe() {
	p.params.Secret.Wipe()
	p.params.PIN.Wipe()
	*p = proving{}
}

// prove → ProveIt with the account id. hotp is the first code of a HOTP account.
func (a *Add) prove(id vault.ID, hotp string) {
	a.proof.wipe()
	d := a.draft
	d.Params.Secret, d.Params.PIN = d.Params.Secret.Clone(), d.Params.PIN.Clone()
	a.proof = proving{id: id, portal: d.Issuer, name: d.Name, params: d.Params, hotp: hotp}
	a.stage = ProveIt
	a.fresh()
}

// fresh waits for the next code when the present one ends before it can be typed.
func (a *Add) fresh() {
	now, p := a.s.d.codeTime(), &a.proof
	p.wait = time.Time{}
	if !p.params.Kind.Rolling() {
		return
	}
	left := p.params.Remaining(now)
	if left < lastPart(p.params.Period, typeTime) {
		p.wait = now.Add(left)
	}
	p.shown = a.Proof().Code
}

// Proof is what to show now.
func (a *Add) Proof() Proof {
	if a.stage != ProveIt {
		return Proof{}
	}
	p, now := &a.proof, a.s.d.codeTime()
	out := Proof{Portal: p.portal, Advice: p.advice}
	if out.Portal == "" {
		out.Portal = "the portal"
	}
	if !p.params.Kind.Rolling() {
		out.Code = p.hotp
		return out
	}
	out.Remaining, out.Period = ceilSeconds(p.params.Remaining(now)), p.params.Period
	// A clock that was set back must not make anybody wait for hours.
	if left := p.wait.Sub(now); left > 0 && left <= time.Duration(p.params.Period)*time.Second {
		out.Waiting = ceilSeconds(left)
		return out
	}
	// The parameters were checked before they were saved: what is left is a clock
	// before 1970, and then there is no code to show.
	out.Code, _ = p.params.Code(now)
	return out
}

// Tick brings the flow up to date; the view calls it once a second and reads Proof
// afterwards. OnChange is called only when the code appears or changes.
func (a *Add) Tick() {
	if a.stage != ProveIt {
		return
	}
	if code := a.Proof().Code; code != a.proof.shown {
		a.proof.shown = code
		a.changed.call()
	}
}

// Accepted: the portal took the code → Done.
func (a *Add) Accepted() {
	if a.stage != ProveIt {
		return
	}
	id := a.proof.id
	a.s.list.touchUsed(id)
	a.s.list.setPending(id, vault.PendingRecovery)
	a.proof.wipe()
	a.draft.wipe()
	a.keepKeys(id)
	a.changed.call()
}

// Refused: the portal did not take the code. The flow stays where it is, with a
// fresh code, and Proof.Advice says what to check.
func (a *Add) Refused() {
	if a.stage != ProveIt || a.saving() {
		return
	}
	p := &a.proof
	p.advice = a.advice()
	if p.params.Kind == otp.HOTP {
		a.refusedHOTP()
		return
	}
	a.fresh()
	a.changed.call()
}

// refusedHOTP gets the next code: the portal may have moved its own counter on.
func (a *Add) refusedHOTP() {
	id, round := a.proof.id, a.round
	a.s.list.makeHOTP(id, func(code string) {
		if a.round != round || a.stage != ProveIt {
			return
		}
		a.proof.hotp = code
		a.changed.call()
	})
	a.changed.call()
}

// advice lists what makes portals refuse a code, the likeliest first.
func (a *Add) advice() []string {
	p, now := &a.proof, a.s.d.Now()
	var lines []string
	late := "A code may have changed while you typed it. Type the one shown now right away."
	clock := "This computer's clock says " + now.Format("15:04:05 on Monday, 2 January 2006 (MST, UTC-07:00)") +
		". If that is wrong by more than half a minute, set the clock to be kept by the system, and try again."
	switch {
	case p.params.Kind == otp.HOTP:
		lines = append(lines, "The portal counts along. Here is the next code; type it right away.")
	default:
		into := time.Duration(p.params.Period)*time.Second - p.params.Remaining(a.s.d.codeTime())
		if into < lastPart(p.params.Period, lateTime) {
			late = "The code changed " + seconds(max(int(into/time.Second), 1)) + " ago, perhaps while you typed. Type the one shown now right away."
		}
		lines = append(lines, late, clock)
	}
	if p.name != "" {
		lines = append(lines, "Check that the portal is asking for "+p.name+" and not for another account.")
	} else {
		lines = append(lines, "Check that the portal is asking for this account and not for another one.")
	}
	lines = append(lines, "If the portal's page was loaded again, it may have made a new QR code: cancel, and scan the one it shows now.")
	if odd := oddities(p.params); len(odd) > 0 {
		lines = append(lines, "This account is unusual, which the portal may not expect: "+odd[0])
	} else {
		lines = append(lines, "Some portals need other settings than the usual (algorithm, number of digits, seconds). If its page names any, put them in with Edit.")
	}
	return lines
}
