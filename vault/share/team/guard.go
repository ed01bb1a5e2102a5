package team

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/share"
)

// ErrReadOnly says that this device may only look at an account. What is returned is always a *ReadOnlyError, which says why and whom to ask.
var ErrReadOnly = errors.New("team: this device may only look at that account")

// ReadOnlyError is an ErrReadOnly about one account. It holds names, so its text does not.
type ReadOnlyError struct {
	Vault   string // the name of the shared vault
	Issuer  string // of the account
	Account string // its name
	State   share.State
	Admins  []string // whom to ask: names of people, each once
}

func (e *ReadOnlyError) Error() string { return ErrReadOnly.Error() }

// Is reports that it is an ErrReadOnly.
func (e *ReadOnlyError) Is(target error) bool { return target == ErrReadOnly }

// Guard wraps a change of accounts that a person asked for, to be handed to Manager.Update. What changes an account of a shared vault in which this
// device may only look would be undone by the next synchronisation; Guard refuses it at once, and then nothing is changed. What is personal
// about an account may change: tags, favourite, picture, the place in the list, the step of an enrollment, the last use, the own count of
// a counter. Error: *ReadOnlyError, besides those of change.
func (s *Service) Guard(change func(*vault.Vault) error) func(*vault.Vault) error {
	return func(v *vault.Vault) error {
		if len(v.Shares()) == 0 {
			return change(v)
		}
		var before []vault.Account
		for _, list := range [][]vault.Account{v.Accounts(), v.Trash()} {
			for _, a := range list {
				if v.IsShared(a) {
					before = append(before, a)
				}
			}
		}
		if err := change(v); err != nil {
			return err
		}
		may := map[string]bool{}
		for _, was := range before {
			is, there := v.Account(was.ID)
			if there && is.Changed.Equal(was.Changed) && !sameForAll(was, is) {
				// By the time of its change an account is known to be another one than before: also within one millisecond.
				if err := v.Put(is, is.Changed.Add(time.Millisecond)); err != nil {
					return err
				}
			}
			// One that everybody deleted may leave this device's trash for ever.
			if there && sameForAll(was, is) || !there && !was.Trashed.IsZero() || may[was.Shared] {
				continue
			}
			if refused := s.readOnly(v, was); refused != nil {
				return refused
			}
			may[was.Shared] = true
		}
		return nil
	}
}

// readOnly says why this device may not change an account; nil when it may. A record that cannot be read, or that went away with the change,
// stands in nobody's way.
func (s *Service) readOnly(v *vault.Vault, a vault.Account) error {
	text, ok := v.Share(a.Shared)
	if !ok {
		return nil
	}
	rec, err := s.decode(text)
	if err != nil || rec.replica.Role().Writes() {
		return nil
	}
	r := rec.replica
	return &ReadOnlyError{Vault: r.Name(), Issuer: a.Issuer, Account: a.Name, State: r.State(), Admins: rec.admins()}
}

// admins are the names of the people who are admins, each once.
func (rec *record) admins() []string {
	var names []string
	for _, m := range rec.replica.Members() {
		if name := cmp.Or(m.Person.Name, m.Person.Device); m.Role == share.Admin && name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, compareFold)
	return names
}

// sameForAll compares what everybody in a shared vault sees of an account. A counter that goes on is everybody's own.
func sameForAll(a, b vault.Account) bool {
	p, q := a.Params, b.Params
	p.Counter, q.Counter = 0, 0
	return a.Shared == b.Shared && a.Issuer == b.Issuer && a.Name == b.Name && a.Icon == b.Icon && a.Note == b.Note && a.URL == b.URL &&
		a.Trashed.IsZero() == b.Trashed.IsZero() && p.Kind == q.Kind && (p.Kind == otp.Manual || sameParams(p, q)) &&
		slices.EqualFunc(a.Recovery, b.Recovery, func(x, y recovery.Sheet) bool {
			return x.ID == y.ID && x.Dead.Equal(y.Dead) && x.IsSealed() == y.IsSealed() &&
				slices.EqualFunc(x.Keys, y.Keys, func(k, l recovery.Key) bool { return k.Text.Equal(l.Text) && k.Used.Equal(l.Used) })
		})
}

// PutTags sets the tags of an account that everybody in its shared vault sees; what the person added or hid stays. It works on a vault that is
// being changed: it is to be called from within a function handed to Manager.Update, best under Guard. The next Sync brings it to the others. Errors:
// ErrNoShare (the account is nobody else's), vault.ErrNoAccount, ErrRecord, *ReadOnlyError, share.ErrNoKey, share.ErrTooLarge, share.ErrFormat.
func (s *Service) PutTags(v *vault.Vault, account vault.ID, tags []string) error {
	a, ok := v.Account(account)
	if !ok {
		return vault.ErrNoAccount
	}
	text, ok := v.Share(a.Shared)
	if !ok {
		return ErrNoShare
	}
	rec, err := s.decode(text)
	if err != nil {
		return err
	}
	if refused := s.readOnly(v, a); refused != nil {
		return refused
	}
	now := s.cfg.Now()
	if err := rec.absorb(v, now); err != nil {
		return err
	}
	shared, ok := rec.replica.Account(rec.shared(account))
	if !ok {
		return vault.ErrNoAccount
	}
	var clean []string
	for _, t := range tags {
		if t = strings.TrimSpace(t); t != "" {
			clean = append(clean, t)
		}
	}
	shared.Tags = unique(clean)
	if _, err := rec.replica.Put(shared, now); err != nil {
		return err
	}
	if err := rec.project(v); err != nil {
		return err
	}
	return rec.keep(v)
}
