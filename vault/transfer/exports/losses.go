package exports

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
)

// Loss is what of one account a form cannot hold.
type Loss struct {
	ID           vault.ID
	Issuer, Name string
	// LeftOut says in a sentence why the whole account is left out; "" = it is not.
	LeftOut string
	// What stays behind of an account that is written: "its note", "its 8 recovery keys".
	What []string
}

// Sentence says it in words.
func (l Loss) Sentence() string {
	if l.LeftOut != "" {
		return "Left out: " + l.LeftOut
	}
	return "Stays behind: " + join(l.What) + "."
}

// Report is what a form cannot hold.
type Report struct {
	Written int      // accounts that will be in the export
	Always  []string // sentences that hold for every account of this form
	Losses  []Loss   // accounts of which something is lost, in the order of the accounts
}

// LeftOut is how many accounts are left out as a whole.
func (r Report) LeftOut() int {
	n := 0
	for _, l := range r.Losses {
		if l.LeftOut != "" {
			n++
		}
	}
	return n
}

// Losses says, before anything is written, what of the accounts the form cannot hold: what a
// person typed, kept or marked, and whatever the codes depend on. Pure.
func (f Format) Losses(accounts []vault.Account) Report {
	r := Report{Written: len(accounts)}
	if f == Tallystick {
		return r
	}
	c := capacities[f]
	r.Always = c.always
	for _, a := range accounts {
		l := Loss{ID: a.ID, Issuer: a.Issuer, Name: a.Name, LeftOut: f.leftOut(a)}
		if l.LeftOut != "" {
			r.Written--
		} else {
			l.What = f.lost(a)
		}
		if l.LeftOut != "" || len(l.What) > 0 {
			r.Losses = append(r.Losses, l)
		}
	}
	return r
}

// capacity is what a form has room for, besides names and keys.
type capacity struct {
	app    string
	kinds  []otp.Kind
	digits func(int) bool
	period func(int) bool
	tags   int // how many of one account
	mark   bool
	note   bool
	url    bool
	pins   bool // of mOTP and Yandex
	icons  bool
	always []string // what is lost of every account
}

const timesLost = "When accounts were added, changed and last used is not written."

func anyNumber(int) bool { return true }

var capacities = map[Format]capacity{
	Aegis: {app: "Aegis", kinds: []otp.Kind{otp.TOTP, otp.HOTP, otp.Steam, otp.MOTP, otp.Yandex}, digits: anyNumber, period: anyNumber,
		tags: math.MaxInt, mark: true, note: true, pins: true, icons: true, always: []string{timesLost}},
	TwoFAS: {app: "2FAS", kinds: []otp.Kind{otp.TOTP, otp.HOTP, otp.Steam},
		digits: func(n int) bool { return n >= 5 && n <= 8 }, period: func(n int) bool { return n == 10 || n == 30 || n == 60 || n == 90 },
		tags: 1, always: []string{timesLost}},
	Bitwarden: {app: "Bitwarden", kinds: []otp.Kind{otp.TOTP, otp.Steam}, digits: anyNumber, period: anyNumber,
		tags: 1, mark: true, note: true, url: true, always: []string{timesLost}},
	URIs: {app: "a link", kinds: []otp.Kind{otp.TOTP, otp.HOTP, otp.Steam, otp.MOTP, otp.Yandex}, digits: anyNumber, period: anyNumber,
		tags: otpauth.MaxTags, pins: true, always: []string{timesLost}},
	Google: {app: "Google Authenticator", kinds: []otp.Kind{otp.TOTP, otp.HOTP},
		digits: func(n int) bool { return n == 6 || n == 8 }, period: func(n int) bool { return n == 30 },
		always: []string{timesLost}},
	PDF: {app: "the page", kinds: []otp.Kind{otp.TOTP, otp.HOTP, otp.Steam, otp.MOTP, otp.Yandex}, digits: anyNumber, period: anyNumber,
		pins: true, always: []string{timesLost}},
}

// leftOut says why the form cannot hold an account at all; "" = it can.
func (f Format) leftOut(a vault.Account) string {
	if f == Tallystick {
		return ""
	}
	c, p := capacities[f], a.Params
	switch {
	case p.Kind == otp.Manual:
		return "the portal sends its codes itself, so there is no key to write."
	case !slices.Contains(c.kinds, p.Kind):
		return fmt.Sprintf("%s makes no codes of this kind (%s).", c.app, kindName(p.Kind))
	case (p.Kind == otp.TOTP || p.Kind == otp.HOTP) && !c.digits(p.Digits):
		return fmt.Sprintf("%s makes no codes of %d digits.", c.app, p.Digits)
	case p.Kind == otp.TOTP && !c.period(p.Period):
		return fmt.Sprintf("%s makes no codes that last %d seconds.", c.app, p.Period)
	case f == TwoFAS && p.Kind == otp.HOTP && p.Counter > math.MaxInt32:
		return "2FAS does not count that far."
	case f == Aegis && p.Kind == otp.MOTP && !lowerHexPairs(p.Secret.Reveal()):
		return "Aegis would turn its key into another one (capital letters, or an odd number of digits)."
	}
	if f == URIs || f == Google || f == PDF {
		if !fitsLink(f, a) {
			return "its names are too long, or changed so that a link would mean something else."
		}
	}
	return ""
}

func kindName(k otp.Kind) string {
	switch k {
	case otp.HOTP:
		return "counted codes"
	case otp.Steam:
		return "Steam Guard"
	case otp.MOTP:
		return "Mobile-OTP"
	case otp.Yandex:
		return "Yandex"
	}
	return string(k)
}

// lowerHexPairs reports whether the text is what its bytes give again in hex.
func lowerHexPairs(key []byte) bool { return len(key)%2 == 0 && bytes.Equal(key, bytes.ToLower(key)) }

// lost names what stays behind of an account that the form holds.
func (f Format) lost(a vault.Account) []string {
	c := capacities[f]
	var what []string
	add := func(is bool, text string) {
		if is {
			what = append(what, text)
		}
	}
	add(f.namesDiffer(a), "how its names are written exactly")
	tags := a.Tags
	room := c.tags
	if a.Params.Kind == otp.MOTP && (f == URIs || f == PDF) {
		room = 0 // its link has no place for them
	}
	switch extra := len(tags) - room; {
	case extra <= 0:
	case room == 0:
		add(true, count(len(tags), "its tag", "its %d tags"))
	default:
		add(true, count(extra, "one of its tags", "%d of its tags"))
	}
	add(a.Favourite && !c.mark, "that it is a favourite")
	add(a.Note != "" && !c.note, "its note")
	add(a.URL != "" && !c.url, "its sign-in address")
	add(a.Params.Kind == otp.MOTP && (f == URIs || f == PDF), "its PIN, which you will be asked for")
	add(a.Picture != "" && !c.icons, "its picture")
	keys := 0
	for _, s := range a.Recovery {
		keys += len(s.Keys)
	}
	add(keys > 0, count(keys, "its recovery key", "its %d recovery keys"))
	add(len(a.History) > 0, count(len(a.History), "its former key", "its %d former keys"))
	add(a.Pending != vault.PendingNothing, "that its set-up is not finished")
	return what
}

// namesDiffer reports whether the other app will show other names than here.
func (f Format) namesDiffer(a vault.Account) bool {
	switch f {
	case TwoFAS, Bitwarden: // there an entry has to be called something
		return strings.TrimSpace(a.Issuer) == ""
	case URIs, Google, PDF:
		e, ok := linked(f, a)
		return ok && (e.Issuer != a.Issuer || e.Name != a.Name)
	}
	return false
}

// linked is what somebody who reads the link of an account understands.
func linked(f Format, a vault.Account) (otpauth.Entry, bool) {
	e := entryOf(a)
	if f == Google {
		parts, _, err := otpauth.FormatMigration([]otpauth.Entry{e}, 1, maxQRText)
		if err != nil {
			return otpauth.Entry{}, false
		}
		part, err := otpauth.ParseMigration(parts[0])
		if err != nil || len(part.Entries) != 1 {
			return otpauth.Entry{}, false
		}
		return part.Entries[0], true
	}
	if f == PDF {
		e.Tags = nil
	}
	link, err := otpauth.Format(e)
	if err != nil || f == PDF && len(link) > maxQRText {
		return otpauth.Entry{}, false
	}
	back, err := otpauth.Parse(link)
	return back, err == nil
}

// fitsLink reports whether a link gives the same codes again.
func fitsLink(f Format, a vault.Account) bool {
	back, ok := linked(f, a)
	if !ok {
		return false
	}
	p := back.Params
	if a.Params.Kind == otp.MOTP {
		p.PIN = a.Params.PIN
	}
	return p.Same(a.Params) && p.Counter == a.Params.Counter
}

// entryOf is an account as links know it.
func entryOf(a vault.Account) otpauth.Entry {
	return otpauth.Entry{Issuer: a.Issuer, Name: a.Name, Params: a.Params, Tags: a.Tags}
}

func count(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf(many, n)
}

// join writes a list as people do.
func join(list []string) string {
	switch len(list) {
	case 0:
		return "nothing"
	case 1:
		return list[0]
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}
