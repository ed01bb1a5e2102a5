package model

import (
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
)

const (
	// nextWithin is how long before the change the next code is shown beside the old one.
	nextWithin = 10 * time.Second
	// copyNextWithin is when "copy" hands out the next code: nobody types six digits faster.
	copyNextWithin = 3 * time.Second
	// revealFor is how long a hidden code, or a HOTP code, stays on show.
	revealFor = 30 * time.Second
)

// Row is everything a list row or the detail pane shows of one account.
type Row struct {
	ID            vault.ID
	Issuer, Name  string // stripped of control characters
	Picture       string // the account's own, for DecodePicture; "" = none
	Kind          otp.Kind
	About         string   // what kind of code it makes, one line
	Tags          []string // shared between callers: not to be changed
	SharedTags    []string // those of Tags that everybody in the shared vault sees
	Favourite     bool
	Note, URL     string
	Broken        string // sentence when the entry no longer parses
	Digits        int    // characters of a code; 0 when the kind has none
	Code          string // ungrouped; "" when there is none to show (manual, HOTP before "next", hidden)
	Next          string // "" when not within the last 10 s
	Hidden        bool   // there is a code, and Reveal shows it
	Remaining     int    // whole seconds, rounded up; 0 when not rolling
	Period        int    // seconds
	Copied        bool   // "copied, clears in …"
	ClearsIn      int    // seconds
	Fresh         bool   // just added: highlight
	Created, Used time.Time
	SharedWith    int    // how many people have it; 0 = it is not shared
	SharedIn      string // the name of the shared vault
	ReadOnly      bool   // this device may not change it
}

// shown is a HOTP code on show.
type shown struct {
	code  string
	until time.Time
}

func (l *List) row(e *entry) Row {
	now, at := l.s.d.Now(), l.s.d.codeTime()
	a := &e.acc
	r := Row{
		ID: a.ID, Issuer: e.issuer, Name: e.name, Picture: a.Picture, Kind: a.Params.Kind, About: e.describe(), Tags: e.tags, Favourite: a.Favourite,
		Note: e.note, URL: e.url, Broken: e.broken, Created: a.Created, Used: e.used,
		Fresh: now.Before(l.fresh[a.ID]), Digits: a.Params.Digits,
	}
	r.ClearsIn = l.s.clip.secondsLeft(a.ID, now)
	r.Copied = r.ClearsIn > 0
	if b, ok := l.s.sharing.badges[a.Shared]; ok && a.Shared != "" {
		r.SharedWith, r.SharedIn, r.ReadOnly = max(1, b.People), clean(b.Name), !b.Writes
		r.SharedTags = onlyTags(e.tags, tidyTags(b.Tags[a.ID]))
	}
	switch {
	case e.broken != "":
	case a.Params.Kind == otp.HOTP:
		if c, ok := l.unlocked[a.ID]; ok && now.Before(c.until) {
			r.Code = c.code
		}
	case a.Params.Kind.Rolling():
		left := a.Params.Remaining(at)
		r.Remaining, r.Period = ceilSeconds(left), a.Params.Period
		if l.hidden(a.ID, now) {
			r.Hidden = true
			break
		}
		r.Code = e.codeAt(at)
		if left <= lastPart(a.Params.Period, nextWithin) {
			r.Next = e.nextAt(at)
		}
	}
	return r
}

// lastPart is the end of a period in which something is done early: within, or a
// third of a period too short for that.
func lastPart(period int, within time.Duration) time.Duration {
	return min(within, time.Duration(period)*time.Second/3)
}

func (l *List) hidden(id vault.ID, now time.Time) bool {
	return l.s.settings.prefs.HideCodes && !now.Before(l.revealed[id])
}

// describe is About, written once.
func (e *entry) describe() string {
	if e.about == "" && e.broken == "" {
		e.about = About(e.acc.Params)
	}
	return e.about
}

// codeAt is the code of a time, worked out once per step. An account whose code cannot
// be made has none: parameters were checked when the vault was read, so what is left
// is a clock before 1970.
func (e *entry) codeAt(at time.Time) string {
	step, ok := e.acc.Params.Step(at)
	if !ok {
		return ""
	}
	switch {
	case e.cached && step == e.step:
		return e.code
	case e.cached && step == e.step+1 && e.next != "":
		e.code = e.next
	default:
		e.code, _ = e.acc.Params.Code(at)
	}
	e.step, e.cached, e.next = step, true, ""
	return e.code
}

// nextAt is the code after that of a time.
func (e *entry) nextAt(at time.Time) string {
	if e.codeAt(at) != "" && e.next == "" {
		e.next, _ = e.acc.Params.Next(at)
	}
	return e.next
}

// Reveal shows one hidden code for a while.
func (l *List) Reveal(id vault.ID) {
	if l.entry(id) == nil {
		return
	}
	l.revealed[id] = l.s.d.Now().Add(revealFor)
	l.ticked.call()
}

// conceal hides what was shown on request.
func (l *List) conceal() {
	clear(l.revealed)
	clear(l.unlocked)
	l.ticked.call()
}
