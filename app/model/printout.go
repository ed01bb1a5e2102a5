package model

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/tallystick/tallystick/app/print"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/recovery"
)

// Printout is a PDF of the recovery keys of chosen accounts: chosen, written, printed by another program, and removed again.
type Printout struct {
	task
	chosen map[vault.ID]bool
	saved  string // where the file lies; "" = none
	gone   bool   // it was removed
}

// Printout is the one printout of the session.
func (s *Session) Printout() *Printout { return s.printout }

// Saved is the file that was written; "" = none, or removed again, which Removed tells.
func (p *Printout) Saved() string { return p.saved }

// Removed reports that the file was overwritten and deleted.
func (p *Printout) Removed() bool { return p.gone }

// Begin starts anew, with these accounts chosen.
func (p *Printout) Begin(ids ...vault.ID) {
	p.drop()
	for _, id := range ids {
		p.chosen[id] = true
	}
	p.changed.call()
}

func (p *Printout) drop() {
	p.leave()
	p.chosen = map[vault.ID]bool{}
	p.saved, p.gone = "", false
}

// PrintChoice is an account that has recovery keys to print.
type PrintChoice struct {
	ID          vault.ID
	Title       string
	Left, Total int
	Chosen      bool
}

// Choices are the accounts with recovery keys, in the order of the list.
func (p *Printout) Choices() []PrintChoice {
	l := p.s.list
	if l.snap == nil {
		return nil
	}
	var out []PrintChoice
	for _, i := range l.snap.byName {
		e := &l.snap.entries[i]
		if total := e.acc.Recovery.Total(); e.broken == "" && total > 0 {
			out = append(out, PrintChoice{
				ID: e.acc.ID, Title: title(e.issuer, e.name), Left: e.acc.Recovery.Left(), Total: total, Chosen: p.chosen[e.acc.ID],
			})
		}
	}
	return out
}

// Choose takes an account in, or leaves it out.
func (p *Printout) Choose(id vault.ID, on bool) {
	p.chosen[id] = on
	p.changed.call()
}

// Chosen is how many accounts would be printed.
func (p *Printout) Chosen() int {
	n := 0
	for _, c := range p.Choices() {
		if c.Chosen {
			n++
		}
	}
	return n
}

// Save writes the PDF, readable by its owner only. It never replaces a file, but for an empty one that a dialogue has
// just made. Call it only after Session.Confirm, or Session.OpenRecovery where the keys are sealed.
func (p *Printout) Save(path string) {
	if p.busy || p.s.state != Open {
		return
	}
	sheets, opened, err := p.sheets()
	if err == nil && len(sheets) == 0 {
		err = recovery.ErrNoneLeft
	}
	if err != nil {
		opened.Wipe()
		p.err = Sentence(err)
		p.changed.call()
		return
	}
	now := p.s.d.Now()
	p.slow(func(context.Context) error {
		defer opened.Wipe()
		var doc bytes.Buffer
		defer func() { clear(doc.Bytes()) }()
		if err := print.RecoveryPDF(&doc, now, sheets); err != nil {
			return err
		}
		var err error
		path, err = saveAs(path, ".pdf", doc.Bytes())
		return err
	}, func(err error) {
		if errors.Is(err, print.ErrCharacter) {
			p.err = "A key has a character that cannot be printed here. Nothing was written."
		} else if err == nil {
			p.saved, p.gone = path, false
		}
	}, func() { opened.Wipe() })
}

// Remove overwrites and deletes the file that was written.
func (p *Printout) Remove() {
	path := p.saved
	if path == "" {
		return
	}
	p.slow(func(context.Context) error { return shred(path) }, func(err error) {
		if err != nil {
			p.err = "The file could not be deleted. Delete it by hand: " + filepath.Base(path)
			return
		}
		p.saved, p.gone = "", true
	}, nil)
}

// sheets are the valid sheets of the chosen accounts, and the copies of their keys, which the caller wipes.
func (p *Printout) sheets() (out []print.Sheet, opened recovery.Sheets, err error) {
	for _, c := range p.Choices() {
		e := p.s.list.entry(c.ID)
		if !c.Chosen || e == nil {
			continue
		}
		for _, s := range e.acc.Recovery {
			if !s.Valid() {
				continue
			}
			open, err := p.s.opener.Open(s)
			if err != nil {
				return nil, opened, err
			}
			opened = append(opened, open)
			about := "kept since " + s.Added.Format(time.DateOnly)
			if from := sourceOf(s.Origin); from != "" {
				about = from + ", " + about
			}
			sheet := print.Sheet{Title: c.Title, About: about}
			for _, k := range open.Keys {
				sheet.Keys = append(sheet.Keys, print.Key{Text: k.Text, Used: k.Used})
			}
			out = append(out, sheet)
		}
	}
	return out, opened, nil
}
