package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
)

// found collects what links say before anything is saved: single accounts and the parts
// of exports, which may come in any order and from several pictures.
type found struct {
	entries []otpauth.Entry
	exports []*otpauth.Collector
}

// errNothingUsable is returned for a text that is no authenticator link.
var errNothingUsable = errors.New("cli: nothing that can be added")

// add takes one text: a link of any kind, or a bare key where bareKey allows it.
func (f *found) add(text string, bareKey bool) error {
	switch form := otpauth.Recognise(text); {
	case form == otpauth.Migration:
		part, err := otpauth.ParseMigration(text)
		if err != nil {
			return err
		}
		for _, c := range f.exports {
			if err := c.Add(part); !errors.Is(err, otpauth.ErrOtherBatch) {
				return err
			}
		}
		c := &otpauth.Collector{}
		f.exports = append(f.exports, c)
		return c.Add(part)
	case form == otpauth.URI, form == otpauth.BareKey && bareKey:
		e, err := otpauth.Parse(text)
		if err != nil {
			return err
		}
		f.entries = append(f.entries, e)
		return nil
	}
	return errNothingUsable
}

// all is every entry found, single ones first.
func (f *found) all() []otpauth.Entry {
	all := append([]otpauth.Entry(nil), f.entries...)
	for _, c := range f.exports {
		all = append(all, c.Entries()...)
	}
	return all
}

// tell says what could not be used and what is still missing.
func (f *found) tell(r *run) {
	for _, c := range f.exports {
		for _, s := range c.Skipped() {
			_, sentence, _ := explain(s.Err)
			r.note("Left out: %s. %s", nameOr(s.Issuer, s.Name, ""), sentence)
		}
		if missing := c.Missing(); len(missing) > 0 {
			numbers := make([]string, len(missing))
			for i, m := range missing {
				numbers[i] = fmt.Sprint(m + 1)
			}
			r.note("This export has %d QR codes. Still missing: %s. Add them the same way.", c.Size(), strings.Join(numbers, ", "))
		}
	}
}

// choice is what to do with an entry whose key is in the vault already.
type choice int

const (
	refuse choice = iota
	replace
	keepBoth
)

// saved is what became of the entries.
type saved struct {
	accounts []vault.Account // added or replaced, in order
	refused  int
}

// save puts entries into the vault, in one write. A key that is there already follows
// the general choice, or, at a terminal, the person's answer.
func (r *run) save(ctx context.Context, m *vault.Manager, entries []otpauth.Entry, general choice) (saved, error) {
	choices, err := r.choose(ctx, m, entries, general)
	if err != nil {
		return saved{}, err
	}
	var out saved
	var notes []string
	err = r.update(ctx, m, func(v *vault.Vault) error {
		out, notes = saved{}, nil
		for i, e := range entries {
			same := v.SameKey(e.Params)
			if len(same) > 0 && choices[i] == refuse {
				out.refused++
				notes = append(notes, thereAlready(e, same[0]))
				continue
			}
			var a vault.Account
			var err error
			if len(same) > 0 && choices[i] == replace {
				a, err = r.replaceAccount(v, same[0], e)
			} else {
				a, err = v.Add(vault.Account{Issuer: e.Issuer, Name: e.Name, Params: e.Params, Tags: e.Tags}, r.env.Rand, r.env.Now())
			}
			if err != nil {
				return err
			}
			out.accounts = append(out.accounts, a)
		}
		if len(out.accounts) == 0 {
			return errNothingToSave
		}
		return nil
	})
	if errors.Is(err, errNothingToSave) {
		err = nil
	}
	if err != nil {
		return saved{}, err
	}
	for _, n := range notes {
		r.note("%s", n)
	}
	return out, nil
}

// missesPIN reports whether an entry makes no codes before its PIN is known: a link does
// not always hold it.
func missesPIN(e otpauth.Entry) bool {
	return e.Params.Kind.NeedsPIN() && e.Params.PIN.IsEmpty()
}

// askPINs asks for the PINs that links do not hold. Where nobody can be asked, those
// entries are left out, with a word about each.
func (r *run) askPINs(ctx context.Context, entries []otpauth.Entry) (complete []otpauth.Entry, leftOut int, err error) {
	for _, e := range entries {
		if missesPIN(e) {
			called := nameOr(e.Issuer, e.Name, "")
			if !r.env.StdinTerminal || r.env.Terminal == nil {
				r.note("Left out: %s. Its link does not hold the PIN: `tallystick add -` takes the link on one line and the PIN on the next.", called)
				leftOut++
				continue
			}
			if e.Params.PIN, err = r.env.Terminal.Secret(ctx, "PIN of "+called+": "); err != nil {
				return nil, 0, err
			}
			r.wipe = append(r.wipe, e.Params.PIN)
			if err := e.Params.Validate(); err != nil {
				return nil, 0, err
			}
		}
		complete = append(complete, e)
	}
	return complete, leftOut, nil
}

// errNothingToSave ends an update that would change nothing, so that no file is written.
var errNothingToSave = errors.New("cli: nothing to save")

// choose asks about every key that is there already, before the vault is locked for
// writing: a question must not keep other programs out.
func (r *run) choose(ctx context.Context, m *vault.Manager, entries []otpauth.Entry, general choice) ([]choice, error) {
	choices := make([]choice, len(entries))
	for i := range choices {
		choices[i] = general
	}
	if general != refuse || !r.env.StdinTerminal || r.env.Terminal == nil {
		return choices, nil
	}
	same := make([]string, len(entries)) // how the account that is there is called; "" = none
	err := m.Read(func(v *vault.Vault) error {
		for i, e := range entries {
			if there := v.SameKey(e.Params); len(there) > 0 {
				same[i] = thereAlready(e, there[0])
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, sentence := range same {
		if sentence == "" {
			continue
		}
		r.note("%s", sentence)
		answer, err := r.env.Terminal.Ask(ctx, "Replace it, keep both, or leave it? [r/k/L] ")
		if err != nil {
			return nil, err
		}
		switch strings.ToLower(strings.TrimSpace(answer)) {
		case "r", "replace":
			choices[i] = replace
		case "k", "keep", "keep both":
			choices[i] = keepBoth
		}
	}
	return choices, nil
}

func thereAlready(e otpauth.Entry, there vault.Account) string {
	short := string(there.ID)
	if len(short) > 8 {
		short = short[:8]
	}
	if !there.Trashed.IsZero() {
		return fmt.Sprintf("The key of %s is in the trash, as %s: `tallystick restore %s` brings it back, --keep-both adds it anew.",
			nameOr(e.Issuer, e.Name, ""), nameOr(there.Issuer, there.Name, ""), short)
	}
	return fmt.Sprintf("The key of %s is there already, as %s (%s). --replace takes the new names and settings, --keep-both adds it again.",
		nameOr(e.Issuer, e.Name, ""), nameOr(there.Issuer, there.Name, ""), short)
}

// replaceAccount keeps the account's id, tags, note and dates and takes the new names
// and parameters. An account in the trash comes back. A HOTP counter never goes back.
func (r *run) replaceAccount(v *vault.Vault, a vault.Account, e otpauth.Entry) (vault.Account, error) {
	if !a.Trashed.IsZero() {
		if err := v.Restore(a.ID); err != nil {
			return vault.Account{}, err
		}
		a.Trashed = vault.Account{}.Trashed
	}
	if e.Issuer != "" {
		a.Issuer = e.Issuer
	}
	if e.Name != "" {
		a.Name = e.Name
	}
	counter := max(a.Params.Counter, e.Params.Counter)
	a.Params = e.Params
	if a.Params.Kind == otp.HOTP {
		a.Params.Counter = counter
	}
	for _, tag := range e.Tags {
		a.Tags = withTag(a.Tags, tag)
	}
	if err := v.Put(a, r.env.Now()); err != nil {
		return vault.Account{}, err
	}
	put, ok := v.Account(a.ID)
	if !ok {
		return vault.Account{}, vault.ErrNoAccount
	}
	return put, nil
}

// withTag adds a tag unless it is there in any case.
func withTag(tags []string, tag string) []string {
	tag = strings.TrimSpace(tag)
	if tag == "" {
		return tags
	}
	for _, t := range tags {
		if fold(t) == fold(tag) {
			return tags
		}
	}
	return append(append([]string(nil), tags...), tag)
}

// withoutTag leaves out a tag in any case.
func withoutTag(tags []string, tag string) []string {
	var rest []string
	for _, t := range tags {
		if fold(t) != fold(strings.TrimSpace(tag)) {
			rest = append(rest, t)
		}
	}
	return rest
}

// warn passes on what the parser changed or guessed.
func (r *run) warn(entries []otpauth.Entry) {
	for _, e := range entries {
		for _, w := range e.Warnings {
			r.note("Note on %s: %s", nameOr(e.Issuer, e.Name, ""), clean(w.Text))
		}
	}
}
