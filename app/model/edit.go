package model

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
)

// Edit is the form of one account: names, tags, note, address, parameters under
// "More". It is a value: the view changes its copy and hands it to SaveEdit.
type Edit struct {
	ID             vault.ID
	Issuer, Name   string
	Tags           []string // the person's own
	SharedTags     []string // those that everybody in the shared vault sees
	SharedIn       string   // the name of the shared vault; "" = it is not shared
	ReadOnly       string   // why nothing but Tags, Favourite and Picture can be changed, and whom to ask; "" = all can
	Note, URL      string
	Favourite      bool
	Picture        string // as ReadPicture gives it; "" = none, the letters are shown
	Kind           otp.Kind
	Algorithm      otp.Algorithm
	Digits, Period string // as typed
	Counter        string // HOTP: of the next code

	// before is the form as it was handed out: only what differs from it is saved, so
	// that a counter that moved on meanwhile, or a change from another window, stays.
	before *Edit
}

// Edit gives a form on an account; nil when it is gone or cannot be read.
func (l *List) Edit(id vault.ID) *Edit {
	e := l.entry(id)
	if e == nil || e.broken != "" {
		return nil
	}
	form := editOf(e.acc)
	if b, ok := l.s.sharing.badges[e.acc.Shared]; ok && e.acc.Shared != "" {
		form.SharedIn, form.SharedTags = cmp.Or(clean(b.Name), nameless), tidyTags(b.Tags[id])
		form.Tags = withoutTags(form.Tags, form.SharedTags)
		form.ReadOnly = l.s.sharing.WhyReadOnly(id)
	}
	before := form
	before.Tags, before.SharedTags = slices.Clone(form.Tags), slices.Clone(form.SharedTags)
	form.before = &before
	return &form
}

func editOf(a vault.Account) Edit {
	e := Edit{
		ID: a.ID, Issuer: clean(a.Issuer), Name: clean(a.Name), Tags: slices.Clone(a.Tags), Note: cleanNote(a.Note),
		URL: clean(a.URL), Favourite: a.Favourite, Picture: a.Picture, Kind: a.Params.Kind, Algorithm: a.Params.Algorithm,
	}
	if a.Params.Kind != otp.Manual {
		e.Digits = strconv.Itoa(a.Params.Digits)
	}
	if a.Params.Kind.Rolling() {
		e.Period = strconv.Itoa(a.Params.Period)
	}
	if a.Params.Kind == otp.HOTP {
		e.Counter = strconv.FormatUint(a.Params.Counter, 10)
	}
	return e
}

// SaveEdit checks the form and saves what was changed. done gets nil when it is
// saved, else a sentence per field: "issuer", "name", "tags", "note", "url",
// "kind", "algorithm", "digits", "period", "counter", and "" for what belongs to
// none. It is not called when the vault is locked meanwhile.
func (l *List) SaveEdit(e Edit, done func(problems map[string]string)) {
	current := l.entry(e.ID)
	if current == nil || current.broken != "" {
		done(map[string]string{"": Sentence(vault.ErrNoAccount)})
		return
	}
	// Tried on a copy first, so that a mistake is told without touching the disk.
	trial := current.acc
	if problems := e.applyTo(&trial); len(problems) > 0 {
		done(problems)
		return
	}
	now, teams := l.s.d.Now(), l.s.d.Teams
	l.change(func(v *vault.Vault) error {
		a, ok := v.Account(e.ID)
		if !ok {
			return vault.ErrNoAccount
		}
		if problems := e.applyTo(&a); len(problems) > 0 {
			return vault.ErrInvalid // changed from outside into something this no longer fits
		}
		if err := v.Put(a, now); err != nil || teams == nil || e.SharedIn == "" || e.before == nil || slices.Equal(e.SharedTags, e.before.SharedTags) {
			return err
		}
		shared := tidyTags(e.SharedTags)
		if err := teams.PutTags(v, e.ID, shared); err != nil {
			return err
		}
		// A tag that was everybody's and is the person's own now went with the others.
		a, _ = v.Account(e.ID)
		a.Tags = tidyTags(append(onlyTags(a.Tags, shared), e.Tags...))
		return v.Put(a, now)
	}, func(err error) {
		if err != nil {
			done(map[string]string{"": Sentence(err)})
			return
		}
		done(nil)
	})
}

// applyTo writes into a what differs from the form as it was handed out.
func (e Edit) applyTo(a *vault.Account) map[string]string {
	b := e.before
	if b == nil {
		all := editOf(vault.Account{Params: otp.Params{Kind: otp.Manual}})
		b = &all
	}
	problems := map[string]string{}
	if e.Issuer != b.Issuer {
		a.Issuer = clean(e.Issuer)
	}
	if e.Name != b.Name {
		a.Name = clean(e.Name)
	}
	if a.Issuer == "" && a.Name == "" {
		problems["issuer"] = "Give it an issuer or a name, or it cannot be told apart."
	}
	if !slices.Equal(e.Tags, b.Tags) {
		a.Tags = tidyTags(append(onlyTags(a.Tags, b.SharedTags), e.Tags...))
	}
	if e.Note != b.Note {
		a.Note = cleanNote(e.Note)
	}
	if e.URL != b.URL {
		address, ok := webAddress(e.URL)
		if !ok {
			problems["url"] = "This is not a web address. It looks like https://portal.example/login"
		}
		a.URL = address
	}
	if e.Favourite != b.Favourite {
		a.Favourite = e.Favourite
	}
	if e.Picture != b.Picture {
		a.Picture = e.Picture
	}
	if e.Kind != b.Kind {
		e.changeKind(a, problems)
	}
	e.applyNumbers(a, b, problems)
	if len(problems) == 0 {
		if field, sentence := paramProblem(a.Params.Validate()); field != "" {
			problems[field] = sentence
		}
	}
	return problems
}

// changeKind turns an account into one of another kind, as far as its key allows.
func (e Edit) changeKind(a *vault.Account, problems map[string]string) {
	text := func(k otp.Kind) bool { return k == otp.MOTP } // its key is a text, not bytes
	switch {
	case e.Kind == otp.Manual:
		// The key is dropped: what makes no codes must not keep one.
		a.Params = otp.Params{Kind: otp.Manual}
	case a.Params.Kind == otp.Manual, text(a.Params.Kind) != text(e.Kind):
		problems["kind"] = "The key does not fit this kind. Add the account again with its key."
	default:
		p := otp.New(e.Kind, a.Params.Secret)
		p.PIN = a.Params.PIN
		if e.Kind == otp.TOTP || e.Kind == otp.HOTP {
			switch e.Algorithm {
			case otp.SHA1, otp.SHA256, otp.SHA512:
				p.Algorithm = e.Algorithm
			}
			if n, ok := number(e.Digits, otp.MinDigits, otp.MaxDigits); ok {
				p.Digits = n
			}
		}
		a.Params = p
	}
}

func (e Edit) applyNumbers(a *vault.Account, b *Edit, problems map[string]string) {
	p := &a.Params
	if p.Kind != otp.TOTP && p.Kind != otp.HOTP {
		return // the other kinds fix all of these
	}
	if e.Algorithm != b.Algorithm {
		p.Algorithm = e.Algorithm
	}
	if e.Digits != b.Digits {
		n, ok := number(e.Digits, otp.MinDigits, otp.MaxDigits)
		if !ok {
			problems["digits"] = Sentence(otp.ErrDigits)
		}
		p.Digits = n
	}
	if p.Kind == otp.TOTP && e.Period != b.Period {
		n, ok := number(e.Period, otp.MinPeriod, otp.MaxPeriod)
		if !ok {
			problems["period"] = Sentence(otp.ErrPeriod)
		}
		p.Period = n
	}
	if p.Kind == otp.HOTP && e.Counter != b.Counter {
		n, err := strconv.ParseUint(strings.TrimSpace(e.Counter), 10, 63)
		if err != nil {
			problems["counter"] = counterSentence
		}
		p.Counter = n
	}
}

const counterSentence = "The counter is a whole number, 0 or more."

// number reads a whole number between low and high.
func number(text string, low, high int) (int, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	return n, err == nil && n >= low && n <= high
}

// paramProblem says which field of a form an error of otp.Params.Validate is about;
// "" when there is none.
func paramProblem(err error) (field, sentence string) {
	if err == nil {
		return "", ""
	}
	for _, known := range [...]struct {
		err   error
		field string
	}{
		{otp.ErrKind, "kind"}, {otp.ErrAlgorithm, "algorithm"}, {otp.ErrDigits, "digits"}, {otp.ErrPeriod, "period"},
		{otp.ErrCounter, "counter"}, {otp.ErrSecret, "key"}, {otp.ErrPIN, "pin"},
	} {
		if errors.Is(err, known.err) {
			if known.field == "counter" {
				return known.field, counterSentence
			}
			return known.field, Sentence(err)
		}
	}
	return "key", Sentence(err)
}

// tidyTags trims tags, and drops empty ones and those that differ from an earlier
// one only in case.
func tidyTags(tags []string) []string {
	var tidy []string
	for _, t := range tags {
		t = clean(t)
		if t != "" && !slices.ContainsFunc(tidy, func(o string) bool { return strings.EqualFold(o, t) }) {
			tidy = append(tidy, t)
		}
	}
	return tidy
}

// onlyTags are those of tags that occur in among, whatever their case.
func onlyTags(tags, among []string) []string {
	var out []string
	for _, t := range tags {
		if hasTag(among, t) {
			out = append(out, t)
		}
	}
	return out
}

// withoutTags are those of tags that do not occur in among.
func withoutTags(tags, among []string) []string {
	var out []string
	for _, t := range tags {
		if !hasTag(among, t) {
			out = append(out, t)
		}
	}
	return out
}

func hasTag(tags []string, tag string) bool {
	return slices.ContainsFunc(tags, func(o string) bool { return strings.EqualFold(o, tag) })
}

// webAddress completes what people type. Only http and https: the address is
// opened with one click, and other schemes start other programs.
func webAddress(text string) (string, bool) {
	text = clean(text)
	if text == "" {
		return "", true
	}
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || strings.ContainsAny(text, " \"<>") {
		return "", false
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		return text, true
	}
	return "", false
}
