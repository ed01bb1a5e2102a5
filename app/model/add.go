package model

import (
	"context"
	"errors"
	"image"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
	"github.com/tallystick/tallystick/vault/secret"
)

// Stage of adding an account.
type Stage int

// The stages.
const (
	Choose       Stage = iota // the ways to begin
	Working                   // scanning, reading; Back or Cancel stops it
	Filming                   // Add.Film: what the camera sees; Back or Cancel switches it off
	NothingFound              // Add.Reason says why and what to try
	Several                   // Add.Candidates: pick
	Found                     // Add.Draft: preview, duplicate question
	Typing                    // the manual form
	ProveIt                   // "type this into the portal"
	KeepKeys                  // the recovery keys, in Session.Keep
	Done
)

// Resolution answers "already have it?".
type Resolution int

// The answers.
const (
	AddNew   Resolution = iota // there is none with this key; asked again if that turns out wrong
	Replace                    // keep the account, its id, tags, history; take the new parameters and names
	KeepBoth                   // a second account with the same key
)

// Add is the flow of adding an account. Everything in it is dropped and wiped when
// the flow ends or the vault is locked.
type Add struct {
	s      *Session
	active bool
	stage  Stage
	busy   string
	reason string
	err    string

	round  uint64 // raised when the flow moves on: slower results are stale
	cancel context.CancelFunc

	film       Film
	candidates []Candidate
	exports    []*export // parts of Google exports seen so far
	draft      Draft
	origin     Stage // where Found came from: Choose, Several or Typing
	form       Form
	problems   map[string]string
	hints      map[string]string

	over    vault.ID // the account that is enrolled again; "" = none
	saved   []vault.ID
	skipped []string // what AddAll left out, a sentence each
	proof   proving
	left    leftover // what lies on the clipboard because of us
	pending secret.Bytes

	changed listeners
}

func newAdd(s *Session) *Add { return &Add{s: s} }

// Active reports whether the flow is on the screen: from Begin, or any of the ways
// in, until Finish, Cancel, or a lock.
func (a *Add) Active() bool { return a.active }

// Stage is the step to show.
func (a *Add) Stage() Stage { return a.stage }

// Busy says what is under way ("Looking at your screen…"); "" = nothing.
func (a *Add) Busy() string { return a.busy }

// Reason says in full sentences why nothing was found, and what to try.
func (a *Add) Reason() string { return a.reason }

// Error is the last sentence for the current stage; "" = none.
func (a *Add) Error() string { return a.err }

// Candidates are what was found, usable ones first.
func (a *Add) Candidates() []Candidate { return slices.Clone(a.candidates) }

// Draft is the account to be saved. Its key shares memory with the flow's.
func (a *Add) Draft() Draft { return a.draft }

// Saved are the accounts that the flow added or replaced.
func (a *Add) Saved() []vault.ID { return slices.Clone(a.saved) }

// SkippedLines says in Done what AddAll left out and why, a sentence each.
func (a *Add) SkippedLines() []string { return slices.Clone(a.skipped) }

// OnChange registers fn to be called when anything of the flow changed.
func (a *Add) OnChange(fn func()) { a.changed.add(fn) }

// enter begins or goes on with the flow; false when nothing is open, or a save runs.
func (a *Add) enter() bool {
	if a.s.state != Open || a.saving() {
		return false
	}
	if !a.active || a.stage == Done || a.stage == ProveIt || a.stage == KeepKeys {
		a.reset()
	}
	a.active = true
	return true
}

// Begin → Choose, with everything from before dropped.
func (a *Add) Begin() {
	if a.s.state != Open || a.saving() {
		return
	}
	a.reset()
	a.active = true
	a.changed.call()
}

// reset forgets everything and wipes what can be wiped.
func (a *Add) reset() {
	a.stop()
	a.leaveResults()
	for _, e := range a.exports {
		e.wipe()
	}
	a.exports = nil
	a.clearForm()
	a.proof.wipe()
	a.saved, a.skipped, a.left = nil, nil, leftover{}
	a.active, a.stage, a.busy, a.err = false, Choose, "", ""
}

// stop ends slow work and makes its result stale.
func (a *Add) stop() {
	a.round++
	if a.cancel != nil {
		a.cancel()
		a.cancel = nil
	}
	a.busy = ""
}

// leaveResults drops what was found and previewed. Drafts of an export stay, for
// when its missing parts turn up.
func (a *Add) leaveResults() {
	a.draft.wipe()
	for i := range a.candidates {
		c := &a.candidates[i]
		c.Draft.wipe()
		blank(c.Cutout)
	}
	blank(a.film.Picture)
	a.film = Film{}
	a.candidates, a.reason, a.err = nil, "", ""
}

// blank paints over a cut-out: a picture of a QR code is the key.
func blank(img image.Image) {
	switch p := img.(type) {
	case *image.RGBA:
		clear(p.Pix)
	case *image.NRGBA:
		clear(p.Pix)
	case *image.RGBA64:
		clear(p.Pix)
	case *image.NRGBA64:
		clear(p.Pix)
	case *image.Gray:
		clear(p.Pix)
	case *image.Gray16:
		clear(p.Pix)
	case *image.Paletted:
		clear(p.Pix)
	case *image.CMYK:
		clear(p.Pix)
	case *image.YCbCr:
		clear(p.Y)
		clear(p.Cb)
		clear(p.Cr)
	case *image.NYCbCrA:
		clear(p.Y)
		clear(p.Cb)
		clear(p.Cr)
		clear(p.A)
	}
}

// drop ends the flow because the vault is locked.
func (a *Add) drop() {
	was := a.active
	a.reset()
	a.pending.Wipe()
	if was {
		a.changed.call()
	}
}

// opened goes on with a link that came while the vault was locked.
func (a *Add) opened() {
	if a.pending.IsEmpty() {
		return
	}
	link := a.pending
	a.pending = secret.Bytes{}
	// Posted, so that the window has shown the open vault before the flow covers it.
	a.s.d.Post(func() {
		text := string(link.Reveal())
		link.Wipe()
		a.ReadText(text)
	})
}

// Cancel leaves the flow and drops everything; an account that is saved stays.
func (a *Add) Cancel() {
	if !a.active {
		return
	}
	kept := (a.stage == ProveIt || a.stage == KeepKeys) && !a.saving()
	draftTitle := title(a.draft.Issuer, a.draft.Name)
	a.reset()
	a.changed.call()
	if kept {
		a.s.list.notify(Notice{Text: draftTitle + " was kept in the list."})
	}
}

// Back goes one step back. What is saved cannot be gone back on: there it does nothing.
func (a *Add) Back() {
	if a.saving() {
		return
	}
	switch a.stage {
	case Choose:
		a.Cancel()
		return
	case ProveIt, KeepKeys, Done:
		return
	case Found:
		a.stop()
		if a.origin == Typing {
			a.draft.wipe()
			a.stage, a.err = Typing, ""
			a.validate()
			break
		}
		if a.origin == Several && len(a.candidates) > 1 {
			a.draft.wipe()
			a.stage, a.err = Several, ""
			break
		}
		a.leaveResults()
		a.stage = Choose
	default:
		a.stop()
		a.leaveResults()
		a.clearForm()
		a.stage = Choose
	}
	a.changed.call()
}

// preview shows what would be saved.
func (a *Add) preview(d Draft, origin Stage) {
	a.draft.wipe()
	a.draft, a.origin, a.stage, a.err = d, origin, Found, ""
	a.s.list.compare(&a.draft)
	a.changed.call()
}

// Pick takes the i-th candidate: Several → Found, or Typing when its PIN is needed.
func (a *Add) Pick(i int) {
	if a.stage != Several || a.saving() || i < 0 || i >= len(a.candidates) || a.candidates[i].Problem != "" {
		return
	}
	a.pick(i)
}

func (a *Add) pick(i int) {
	d := a.candidates[i].Draft
	d.Params.Secret, d.Params.PIN = d.Params.Secret.Clone(), d.Params.PIN.Clone()
	d.Lines = slices.Clone(d.Lines)
	if d.needsPIN() {
		f := keyForm(&d)
		d.wipe()
		a.openForm(f)
		return
	}
	origin := Choose
	if a.stage == Several {
		origin = Several
	}
	a.preview(d, origin)
}

// Choose marks a candidate to be taken by AddAll, or not.
func (a *Add) Choose(i int, on bool) {
	if a.stage != Several || i < 0 || i >= len(a.candidates) || !a.candidates[i].usable() || a.candidates[i].Chosen == on {
		return
	}
	a.candidates[i].Chosen = on
	a.changed.call()
}

// usable reports that it can be saved as it is.
func (c *Candidate) usable() bool { return c.Problem == "" && !c.Draft.needsPIN() }

// SetNames changes the names on the preview.
func (a *Add) SetNames(issuer, name string) {
	issuer, name = clean(issuer), clean(name)
	if a.stage != Found || a.saving() || issuer == a.draft.Issuer && name == a.draft.Name {
		return
	}
	a.draft.Issuer, a.draft.Name = issuer, name
	a.s.list.compareNames(&a.draft)
	a.changed.call()
}

const savingText = "Saving…"

func (a *Add) saving() bool { return a.busy == savingText }

// errSame: between the preview and the save, the same key turned up in the vault.
var errSame = errors.New("model: an account with the same key is there")

// Save: Found → saved → ProveIt; a manual account goes to Done.
func (a *Add) Save(r Resolution) {
	if a.stage != Found || a.saving() {
		return
	}
	if a.draft.Issuer == "" && a.draft.Name == "" {
		a.err = "Type who the portal is, so that you find it again."
		a.changed.call()
		return
	}
	d := a.draft
	d.Params.Secret, d.Params.PIN = d.Params.Secret.Clone(), d.Params.PIN.Clone() // the flow may be dropped meanwhile
	var replace vault.ID
	switch {
	case a.over != "":
		replace = a.over
	case d.Same != nil && r == Replace:
		replace = d.Same.ID
	}
	now, random, store, update := a.s.d.Now(), a.s.d.random(), a.s.d.Vault, a.s.update
	var id vault.ID
	var first string
	var firstErr error
	a.store(func(ctx context.Context) error {
		defer d.Params.Secret.Wipe()
		defer d.Params.PIN.Wipe()
		err := update(ctx, func(v *vault.Vault) (err error) {
			id, err = saveDraft(v, d, r, replace, func(n vault.Account) (vault.Account, error) { return v.Add(n, random, now) }, now)
			return err
		})
		if err == nil && d.Params.Kind == otp.HOTP {
			first, firstErr = store.NextHOTP(ctx, id)
		}
		return err
	}, func(err error) {
		if errors.Is(err, errSame) {
			a.s.list.compare(&a.draft)
			return
		}
		if err != nil {
			a.err = Sentence(err)
			return
		}
		a.saved = []vault.ID{id}
		a.clearForm()
		a.removeLeftover()
		if a.draft.Params.Kind == otp.Manual {
			a.draft.wipe()
			a.keepKeys(id)
			return
		}
		if a.s.list.failed(firstErr) {
			a.draft.wipe()
			a.stage = Done // saved, with nothing to type
			return
		}
		if first != "" {
			a.s.list.show(id, first)
		}
		a.prove(id, first)
	})
}

// SaveOver gives an account of the preview's SameNames the new key: it was enrolled again. Its old key goes to its history.
func (a *Add) SaveOver(id vault.ID) {
	a.over = id
	a.Save(Replace)
	a.over = ""
}

// saveDraft puts d into v: as a new account, or over the one with the id replace.
func saveDraft(v *vault.Vault, d Draft, r Resolution, replace vault.ID, add func(vault.Account) (vault.Account, error), now time.Time) (vault.ID, error) {
	if replace != "" {
		if have, ok := v.Account(replace); ok && have.Trashed.IsZero() {
			// The QR code still has the counter it began with.
			counter := max(have.Params.Counter, d.Params.Counter)
			if !have.Params.Same(d.Params) {
				have.Retire(now) // the portal may still want the old key
				counter = d.Params.Counter
				have.Pending = vault.PendingProof
			}
			have.Issuer, have.Name, have.Params = d.Issuer, d.Name, d.Params
			have.Params.Counter = counter
			return have.ID, v.Put(have, now)
		}
	}
	if r == AddNew {
		for _, same := range v.SameKey(d.Params) {
			if same.Trashed.IsZero() {
				return "", errSame
			}
		}
	}
	fresh := vault.Account{Issuer: d.Issuer, Name: d.Name, Params: d.Params, Tags: d.Tags, Portal: d.Portal}
	if !d.whole {
		fresh.Pending = vault.PendingProof
		if d.Params.Kind == otp.Manual {
			fresh.Pending = vault.PendingRecovery
		}
	}
	saved, err := add(fresh)
	return saved.ID, err
}

// AddAll saves every chosen candidate: Several → Done.
func (a *Add) AddAll() {
	if a.stage != Several || a.saving() {
		return
	}
	var drafts []Draft
	var left []string
	for i := range a.candidates {
		c := &a.candidates[i]
		name := title(c.Draft.Issuer, c.Draft.Name)
		switch {
		case c.Problem != "":
			left = append(left, c.Problem)
			continue
		case !c.usable():
			left = append(left, name+" needs your PIN: add it by itself.")
			continue
		case c.Draft.Same != nil && !c.Chosen:
			left = append(left, name+" was there already.")
			continue
		case !c.Chosen:
			continue
		}
		d := c.Draft
		d.whole = true // they come from an app where they worked
		d.Params.Secret, d.Params.PIN = d.Params.Secret.Clone(), d.Params.PIN.Clone()
		drafts = append(drafts, d)
	}
	if len(drafts) == 0 {
		a.err = "None of these is to be added. Choose some, or pick one to look at it."
		a.changed.call()
		return
	}
	now, random, update := a.s.d.Now(), a.s.d.random(), a.s.update
	var ids []vault.ID
	var skipped []string
	a.store(func(ctx context.Context) error {
		defer func() {
			for i := range drafts {
				drafts[i].wipe()
			}
		}()
		return update(ctx, func(v *vault.Vault) error {
			ids, skipped = nil, nil
			for _, d := range drafts {
				id, err := saveDraft(v, d, AddNew, "", func(n vault.Account) (vault.Account, error) { return v.Add(n, random, now) }, now)
				switch {
				case errors.Is(err, errSame):
					skipped = append(skipped, title(d.Issuer, d.Name)+" was there already.")
				case err != nil:
					return err
				default:
					ids = append(ids, id)
				}
			}
			return nil
		})
	}, func(err error) {
		if err != nil {
			a.err = Sentence(err)
			return
		}
		a.saved, a.skipped = ids, append(left, skipped...)
		a.removeLeftover()
		a.leaveResults()
		a.stage = Done
	})
}

// store saves with the flow shown as busy, and calls then unless the flow was left.
func (a *Add) store(work func(ctx context.Context) error, then func(err error)) {
	a.busy, a.err = savingText, ""
	round := a.round
	a.s.list.apply(work, false, func(err error) {
		if a.round != round {
			a.s.list.failed(err) // the flow is gone, a failed save must still be told
			return
		}
		a.busy = ""
		then(err)
		a.changed.call()
	})
	a.changed.call()
}

// Finish ends the flow: the list shows the new rows, highlighted, the first selected.
func (a *Add) Finish() {
	if a.stage != Done {
		return
	}
	saved := a.saved
	a.reset()
	a.s.list.welcome(saved)
	a.changed.call()
}

// welcome makes new accounts visible.
func (l *List) welcome(ids []vault.ID) {
	until := l.s.d.Now().Add(freshFor)
	for _, id := range ids {
		l.fresh[id] = until
	}
	if len(ids) == 0 {
		return
	}
	if l.Index(ids[0]) < 0 {
		l.query, l.words, l.filter = "", nil, Filter{}
	}
	if l.entry(ids[0]) != nil {
		l.selected = ids[0]
	}
	l.refine()
}

// ReadText takes a link or a key: from another program, the command line, or
// pasted. While the vault is locked it waits for the unlocking.
func (a *Add) ReadText(text string) {
	if a.s.state != Open {
		a.pending.Wipe()
		a.pending = secret.FromString(text)
		return
	}
	if !a.enter() {
		return
	}
	a.stop()
	a.clearForm()
	a.take(look{findings: textFindings(text, ""), text: true})
}

// textFindings splits a text into what may be links, one per line.
func textFindings(text, where string) []finding {
	const most = 1000
	var found []finding
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); isLink(line) && len(found) < most {
			found = append(found, finding{text: line, where: where})
		}
	}
	if len(found) == 0 {
		found = append(found, finding{text: strings.TrimSpace(text), where: where})
	}
	return found
}

func isLink(text string) bool {
	form := otpauth.Recognise(text)
	return form == otpauth.URI || form == otpauth.Migration
}
