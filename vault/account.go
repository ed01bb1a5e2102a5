package vault

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/picture"
	"github.com/tallystick/tallystick/vault/recovery"
)

// ID names an account for ever: 128 random bits, 32 lower-case hex digits.
type ID string

// Valid reports whether it has the form of an id.
func (id ID) Valid() bool {
	if len(id) != 32 {
		return false
	}
	for i := range len(id) {
		if c := id[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func newID(random io.Reader) (ID, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("vault: no randomness: %w", err)
	}
	return ID(hex.EncodeToString(b[:])), nil
}

// Account is one sign-in at one portal. Times are UTC, in whole milliseconds once
// they have been through a Vault.
type Account struct {
	ID           ID
	Issuer, Name string
	Params       otp.Params // Kind Manual: nothing else set
	Tags         []string   // as typed, unique ignoring case, in the person's order
	Favourite    bool
	Note         string
	URL          string // sign-in address
	Icon         string // name of a bundled icon; "" = letters
	Picture      string // the person's own picture: a PNG file as package picture makes it; "" = none
	Created      time.Time
	Changed      time.Time
	Used         time.Time       // last time the code was copied or printed; zero = never
	Trashed      time.Time       // zero = live
	Portal       string          // id of the portal guide the person follows; "" = none
	Pending      Pending         // what is left of an enrollment that was begun; "" = nothing
	History      []Retired       // keys it had before, the last one first; at most MaxHistory
	Recovery     recovery.Sheets // what the portal handed out for when there is no code; at most MaxSheets
	Shared       string          // id of the shared vault it belongs to, see Vault.IsShared; "" = this vault's own
}

// Broken is an entry that no longer parses: shown, kept byte for byte on save, never dropped.
type Broken struct {
	ID     ID // may be empty
	Issuer string
	Name   string
	Err    error
}

// Limits of an account's texts, in code points, and of its tags. They are held when
// an account is added or changed; a longer one that is in the file already is still read.
const (
	MaxLabel = 1_000 // issuer, name
	MaxNote  = 10_000
	MaxURL   = 4_000
	MaxIcon  = 200 // the name of one; of a picture see picture.MaxBytes
	MaxTag   = 100
	MaxTags  = 50
)

// Clone returns a copy that shares no memory with this account.
func (a Account) Clone() Account {
	a.Params.Secret = a.Params.Secret.Clone()
	a.Params.PIN = a.Params.PIN.Clone()
	a.Tags = slices.Clone(a.Tags)
	a.History = cloneHistory(a.History)
	a.Recovery = a.Recovery.Clone()
	return a
}

// same compares every field.
func (a *Account) same(b *Account) bool {
	p, q := &a.Params, &b.Params
	return a.ID == b.ID && a.Issuer == b.Issuer && a.Name == b.Name &&
		sameParams(p, q) &&
		slices.Equal(a.Tags, b.Tags) && a.Favourite == b.Favourite && a.Note == b.Note && a.URL == b.URL && a.Icon == b.Icon && a.Picture == b.Picture &&
		a.Shared == b.Shared && a.Portal == b.Portal && a.Pending == b.Pending && slices.EqualFunc(a.History, b.History, Retired.same) &&
		slices.EqualFunc(a.Recovery, b.Recovery, sameSheet) &&
		a.Created.Equal(b.Created) && a.Changed.Equal(b.Changed) && a.Used.Equal(b.Used) && a.Trashed.Equal(b.Trashed)
}

// sameParams compares every field, the counter too.
func sameParams(p, q *otp.Params) bool {
	return p.Kind == q.Kind && p.Secret.Equal(q.Secret) && p.PIN.Equal(q.PIN) && p.Algorithm == q.Algorithm &&
		p.Digits == q.Digits && p.Period == q.Period && p.Counter == q.Counter
}

// normal returns the account as a vault keeps it, or why it cannot.
func (a Account) normal() (Account, error) {
	if err := checkParams(a.Params); err != nil {
		return a, err
	}
	if a.Params.Kind == otp.Manual {
		a.Params = otp.Params{Kind: otp.Manual}
	}
	for _, t := range []struct {
		what string
		text *string
		most int
	}{
		{"issuer", &a.Issuer, MaxLabel}, {"name", &a.Name, MaxLabel}, {"note", &a.Note, MaxNote},
		{"address", &a.URL, MaxURL}, {"icon", &a.Icon, MaxIcon}, {"portal guide", &a.Portal, MaxIcon},
	} {
		*t.text = strings.ToValidUTF8(*t.text, "\uFFFD")
		if n := utf8.RuneCountInString(*t.text); n > t.most {
			return a, fmt.Errorf("%w: the %s has %d characters, at most %d are kept", ErrTooLong, t.what, n, t.most)
		}
	}
	tags, err := normalTags(a.Tags)
	if err != nil {
		return a, err
	}
	a.Tags = tags
	if a.Shared != "" && !ID(a.Shared).Valid() {
		return a, fmt.Errorf("%w: the id of a shared vault", ErrInvalid)
	}
	if !a.Pending.valid() {
		return a, fmt.Errorf("%w: unknown step of an enrollment", ErrInvalid)
	}
	if a.History, err = normalHistory(a.History); err != nil {
		return a, err
	}
	if a.Recovery, err = normalSheets(a.Recovery); err != nil {
		return a, err
	}
	a.Used = stamp(a.Used)
	for _, t := range []time.Time{a.Created, a.Changed, a.Used, a.Trashed} {
		if y := t.Year(); y < 1 || y > 9999 {
			return a, fmt.Errorf("%w: a time in the year %d", ErrInvalid, y)
		}
	}
	return a, nil
}

// checkPicture reports whether a vault takes the account's picture. One that is there already stays, whatever it is.
func (a *Account) checkPicture() error {
	if a.Picture == "" {
		return nil
	}
	err := picture.Check(a.Picture)
	switch {
	case errors.Is(err, picture.ErrTooLarge):
		return fmt.Errorf("%w: %w", ErrTooLong, err)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil
}

func checkParams(p otp.Params) error {
	if err := p.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if p.Kind == otp.Manual && !(p.Secret.IsEmpty() && p.PIN.IsEmpty()) {
		return fmt.Errorf("%w: a manual account keeps no key", ErrInvalid)
	}
	if !utf8.Valid(p.PIN.Reveal()) {
		return fmt.Errorf("%w: %w", ErrInvalid, otp.ErrPIN)
	}
	return nil
}

func normalTags(tags []string) ([]string, error) {
	var list []string
	for _, t := range tags {
		t = strings.TrimSpace(strings.ToValidUTF8(t, "\uFFFD"))
		if t == "" || slices.ContainsFunc(list, func(o string) bool { return strings.EqualFold(o, t) }) {
			continue
		}
		if n := utf8.RuneCountInString(t); n > MaxTag {
			return nil, fmt.Errorf("%w: a tag has %d characters, at most %d are kept", ErrTooLong, n, MaxTag)
		}
		if list = append(list, t); len(list) > MaxTags {
			return nil, fmt.Errorf("%w: an account has at most %d tags", ErrTooLong, MaxTags)
		}
	}
	return list, nil
}

// stamp is a time as the file keeps it: UTC, whole milliseconds. Zero stays zero.
func stamp(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}
