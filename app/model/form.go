package model

import (
	"errors"
	"maps"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
	"github.com/tallystick/tallystick/vault/secret"
)

// Form is what a person types on the manual way. Strings as typed.
type Form struct {
	Issuer, Name, Key, PIN string // Key and PIN are dropped when the form is left
	Kind                   otp.Kind
	Algorithm              otp.Algorithm
	Digits, Period         string
	Counter                string
}

// newForm is the form with what nearly every portal uses.
func newForm() Form { return preset(Form{}, otp.TOTP) }

// preset puts in what a kind has when nothing else is said.
func preset(f Form, kind otp.Kind) Form {
	p := otp.New(kind, secret.Bytes{})
	f.Kind, f.Algorithm, f.Digits, f.Period, f.Counter = kind, p.Algorithm, "", "", ""
	if p.Digits > 0 {
		f.Digits = strconv.Itoa(p.Digits)
	}
	if p.Period > 0 {
		f.Period = strconv.Itoa(p.Period)
	}
	if kind == otp.HOTP {
		f.Counter = "0"
	}
	return f
}

// keyForm writes a draft back into a form, for what is still to be typed.
func keyForm(d *Draft) Form {
	f := preset(Form{Issuer: d.Issuer, Name: d.Name}, d.Params.Kind)
	if d.Params.Kind == otp.MOTP {
		f.Key = string(d.Params.Secret.Reveal())
	} else {
		f.Key = otp.EncodeBase32(d.Params.Secret.Reveal())
	}
	return f
}

// whole reports that the key field holds a link with everything in it.
func (f *Form) whole() bool {
	form := otpauth.Recognise(f.Key)
	return form == otpauth.URI || form == otpauth.Migration
}

// check reads the form. typing leaves out what is merely not typed yet. problems
// stand in the way, hints do not; both by field: "issuer", "key", "pin",
// "algorithm", "digits", "period", "counter". The caller owns the secrets of p.
func (f *Form) check(typing bool) (p otp.Params, problems, hints map[string]string) {
	problems, hints = map[string]string{}, map[string]string{}
	if !typing && clean(f.Issuer) == "" && clean(f.Name) == "" {
		problems["issuer"] = "Type who the portal is, so that you find it again."
	}
	if f.Kind == otp.Manual {
		return otp.Params{Kind: otp.Manual}, problems, hints
	}
	p = f.checkKey(typing, problems, hints)
	f.checkNumbers(&p, problems)
	if f.PIN != "" || !typing {
		p.PIN = secret.FromString(strings.TrimSpace(f.PIN))
	}
	if !f.Kind.NeedsPIN() {
		p.PIN.Wipe()
	}
	if len(problems) == 0 && !p.Secret.IsEmpty() {
		field, sentence := paramProblem(p.Validate())
		if field != "" && (field != "pin" || f.PIN != "" || !typing) {
			problems[field] = sentence
		}
	}
	return p, problems, hints
}

func (f *Form) checkKey(typing bool, problems, hints map[string]string) otp.Params {
	text := strings.TrimSpace(f.Key)
	switch {
	case text == "" && typing:
		return otp.New(f.Kind, secret.Bytes{})
	case text == "":
		problems["key"] = "Type the key. The portal shows it beside the QR code, often behind “can't scan it?”."
		return otp.New(f.Kind, secret.Bytes{})
	case f.whole():
		hints["key"] = "This is a whole link. Everything in it will be used."
		return otp.New(f.Kind, secret.Bytes{})
	}
	p, warnings, err := otpauth.ParseKey(f.Kind, text)
	if err != nil {
		if looks := keyLooksLike(f.Kind, text); looks != "" {
			problems["key"] = looks
		} else if !typing || !errors.Is(err, otp.ErrSecret) || len(text) >= 16 {
			problems["key"] = Sentence(err)
		}
		return otp.New(f.Kind, secret.Bytes{})
	}
	for _, w := range warnings {
		if typing && (w.Code == otpauth.WarnKeyLength || w.Code == otpauth.WarnShortKey) && len(text) < 16 {
			continue // it is still growing
		}
		hints["key"] = w.Text
		break
	}
	if f.Kind == otp.TOTP && len(text) >= 6 && strings.Trim(text, "234567 ") == "" {
		hints["key"] = "This looks like a code. The key is longer, and the codes are made from it."
	}
	return p
}

// keyLooksLike recognises what people put in place of a key; "" when nothing known.
func keyLooksLike(kind otp.Kind, text string) string {
	lower := strings.ToLower(text)
	bare := strings.NewReplacer(" ", "", "-", "").Replace(text)
	switch {
	case strings.HasPrefix(lower, "http://"), strings.HasPrefix(lower, "https://"), strings.HasPrefix(lower, "www."):
		return "This looks like a web address, not a key."
	case strings.Contains(text, "://"):
		return sentenceCase("this is " + foreign(text) + ".")
	case strings.Contains(text, "@") && strings.Contains(text, "."):
		return "This looks like an e-mail address, not a key."
	case kind != otp.MOTP && len(bare) >= 4 && len(bare) <= 10 && strings.Trim(bare, "0123456789") == "":
		return "This looks like a code. The key is longer, and the codes are made from it."
	case kind != otp.MOTP && len(bare) >= 16 && strings.Trim(strings.ToLower(bare), "0123456789abcdef") == "":
		return "This looks like a key in hexadecimal digits. If the portal calls it Mobile-OTP, choose that kind; otherwise ask it for the key in letters."
	case kind != otp.MOTP && strings.ContainsAny(text, "0189"):
		return "A key has no 0, 1, 8 or 9 in it. Look again whether they are the letters O, I, B or G."
	}
	if kind != otp.MOTP {
		for _, r := range text {
			if !base32Rune(r) {
				return "A key has only letters from A to Z and digits from 2 to 7 in it, so “" + clean(string(r)) + "” cannot be right."
			}
		}
	}
	return ""
}

func base32Rune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '2' && r <= '7' || r == '=' || otp.IsSeparator(r)
}

// checkNumbers reads what is under "More". Kinds that fix these are left alone.
func (f *Form) checkNumbers(p *otp.Params, problems map[string]string) {
	if f.Kind != otp.TOTP && f.Kind != otp.HOTP {
		return
	}
	p.Algorithm = f.Algorithm
	var ok bool
	if p.Digits, ok = number(f.Digits, otp.MinDigits, otp.MaxDigits); !ok {
		problems["digits"] = Sentence(otp.ErrDigits)
	}
	if f.Kind == otp.TOTP {
		if p.Period, ok = number(f.Period, otp.MinPeriod, otp.MaxPeriod); !ok {
			problems["period"] = Sentence(otp.ErrPeriod)
		}
		return
	}
	n, err := strconv.ParseUint(strings.TrimSpace(f.Counter), 10, 63)
	if err != nil {
		problems["counter"] = counterSentence
	}
	p.Counter = n
}

// Form is the manual form as typed.
func (a *Add) Form() Form { return a.form }

// FormProblems says per field what stands in the way: "issuer", "key", "pin",
// "algorithm", "digits", "period", "counter".
func (a *Add) FormProblems() map[string]string { return maps.Clone(a.problems) }

// FormHints says per field what the person may want to know, without standing in
// the way: "This looks like …".
func (a *Add) FormHints() map[string]string { return maps.Clone(a.hints) }

// TypeKey → Typing.
func (a *Add) TypeKey() {
	if !a.enter() {
		return
	}
	a.stop()
	a.leaveResults()
	a.openForm(newForm())
}

// TypeManual → Typing, for an account whose code the portal sends.
func (a *Add) TypeManual(issuer string) {
	if !a.enter() {
		return
	}
	a.stop()
	a.leaveResults()
	a.openForm(preset(Form{Issuer: clean(issuer)}, otp.Manual))
}

func (a *Add) openForm(f Form) {
	a.form = f
	a.stage = Typing
	a.validate()
	a.changed.call()
}

// SetForm takes what was typed and checks it. A changed kind brings its presets.
func (a *Add) SetForm(f Form) {
	if a.stage != Typing || f == a.form {
		return
	}
	if f.Kind != a.form.Kind {
		f = preset(f, f.Kind)
	}
	a.form, a.err = f, ""
	a.validate()
	a.changed.call()
}

// SetKind changes the kind of the form, and presets what the kind prescribes.
func (a *Add) SetKind(k otp.Kind) {
	f := a.form
	f.Kind = k
	a.SetForm(f)
}

func (a *Add) validate() {
	p, problems, hints := a.form.check(true)
	p.Secret.Wipe()
	p.PIN.Wipe()
	a.problems, a.hints = problems, hints
}

// SubmitForm → Found, or FormProblems.
func (a *Add) SubmitForm() {
	if a.stage != Typing {
		return
	}
	if a.form.Kind != otp.Manual && a.form.whole() {
		link := a.form.Key
		a.clearForm()
		a.ReadText(link)
		return
	}
	p, problems, hints := a.form.check(false)
	a.problems, a.hints = problems, hints
	if len(problems) > 0 {
		p.Secret.Wipe()
		p.PIN.Wipe()
		a.changed.call()
		return
	}
	d := Draft{Issuer: clean(a.form.Issuer), Name: clean(a.form.Name), Params: p, About: About(p), Lines: oddities(p)}
	if hint := hints["key"]; hint != "" {
		d.Lines = append(d.Lines, hint)
	}
	a.preview(d, Typing)
}

// clearForm drops what was typed. Strings cannot be wiped; nothing points to them
// any more.
func (a *Add) clearForm() { a.form, a.problems, a.hints = Form{}, nil, nil }
