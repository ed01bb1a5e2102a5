package model

import (
	"errors"
	"image"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
)

// Draft is an account before it is saved.
type Draft struct {
	Issuer, Name string
	Params       otp.Params
	About        string // what kind of code it makes, one line
	Tags         []string
	Lines        []string // odd parameters and warnings in plain words, one line each
	Same         *Row     // an account with the same key is there already
	SameNames    []Row    // other accounts with the same names
	Portal       string   // id of the portal guide that fits; "" = none
	whole        bool     // nothing is left to do once it is saved
}

// Candidate is one thing that was found.
type Candidate struct {
	Draft   Draft
	Where   string      // "screen 1", a file name, "the clipboard"
	Cutout  image.Image // the place in the picture, with some margin; nil for typed text
	Problem string      // sentence when it is not an authenticator code or cannot be used; then Draft is empty
	Chosen  bool        // AddAll takes it
}

// draftOf takes over what a link says.
func draftOf(e otpauth.Entry) Draft {
	d := Draft{Issuer: clean(e.Issuer), Name: clean(e.Name), Params: e.Params, Tags: tidyTags(e.Tags), About: About(e.Params)}
	for _, w := range e.Warnings {
		if w.Code != otpauth.WarnOddDigits { // said with the number in it below
			d.Lines = append(d.Lines, w.Text)
		}
	}
	d.Lines = append(d.Lines, oddities(e.Params)...)
	if d.Issuer == "" {
		d.Lines = append(d.Lines, "The link gave no issuer. Type who the portal is, so that you find it again.")
	}
	return d
}

// needsPIN reports that nothing but the person's PIN is missing.
func (d *Draft) needsPIN() bool { return errors.Is(d.Params.Validate(), otp.ErrPIN) }

func (d *Draft) wipe() {
	d.Params.Secret.Wipe()
	d.Params.PIN.Wipe()
	*d = Draft{}
}

// compare looks for what is there already.
func (l *List) compare(d *Draft) {
	d.Same = nil
	if l.snap == nil {
		d.SameNames = nil
		return
	}
	for i := range l.snap.entries {
		e := &l.snap.entries[i]
		if e.broken == "" && e.acc.Params.Same(d.Params) {
			row := l.row(e)
			d.Same = &row
			break
		}
	}
	const trashed = "You removed an account with this key. It is still in the trash and can be restored there."
	inTrash := d.Same == nil && slices.ContainsFunc(l.snap.trash, func(a vault.Account) bool { return a.Params.Same(d.Params) })
	d.Lines = slices.DeleteFunc(d.Lines, func(s string) bool { return s == trashed })
	if inTrash {
		d.Lines = append(d.Lines, trashed)
	}
	l.compareNames(d)
}

// compareNames looks for other accounts that are called the same.
func (l *List) compareNames(d *Draft) {
	d.SameNames = nil
	if l.snap == nil || d.Issuer == "" && d.Name == "" {
		return
	}
	for i := range l.snap.entries {
		e := &l.snap.entries[i]
		if d.Same != nil && e.acc.ID == d.Same.ID {
			continue
		}
		if strings.EqualFold(e.issuer, d.Issuer) && strings.EqualFold(e.name, d.Name) {
			d.SameNames = append(d.SameNames, l.row(e))
		}
	}
}
