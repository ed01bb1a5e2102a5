package model

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/app/print"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/transfer/exports"
)

// ExportReminders remembers exports in the open until they are gone; exports.Reminders is one.
type ExportReminders interface {
	Add(form exports.Format, now time.Time, paths ...string) error
	List() ([]exports.Left, error)
	Forget() error
}

// ExportForm is one form to choose.
type ExportForm struct {
	ID     string
	App    string
	About  string
	Suffix string // of the file
	Sealed bool   // it can be encrypted
	Plain  bool   // it can be in the open
	Codes  bool   // QR codes, also on the screen
}

// Export is the flow of writing accounts for another app: the form, what it cannot hold, who
// you are, and then the file, or QR codes on the screen.
type Export struct {
	task
	form   exports.Info
	chosen bool
	plain  bool
	only   []vault.ID // nil = all
	report exports.Report
	saved  []string
	pages  []exports.Page
	page   int
	left   []exports.Left
}

// Export is the flow; always the same one.
func (s *Session) Export() *Export { return s.export }

// Forms are the forms to choose from.
func (x *Export) Forms() []ExportForm {
	var list []ExportForm
	for _, i := range exports.Formats() {
		list = append(list, ExportForm{
			ID: string(i.Format), App: i.App, About: i.About, Suffix: i.Suffix, Sealed: i.Sealed, Plain: i.Plain, Codes: i.Format == exports.Google,
		})
	}
	return list
}

// Begin opens the flow for these accounts; none means all.
func (x *Export) Begin(ids ...vault.ID) {
	x.drop()
	x.only = ids
	x.changed.call()
}

// Choose takes a form. plain says that the person wants it in the open where it could be encrypted.
func (x *Export) Choose(id string, plain bool) {
	info, ok := exports.Lookup(id)
	if !ok || x.s.state != Open || x.busy {
		return
	}
	x.form, x.chosen, x.plain = info, true, !info.Sealed || plain && info.Plain
	x.saved, x.err = nil, ""
	x.wipePages()
	x.report = info.Format.Losses(x.accounts())
	x.changed.call()
}

// accounts are the chosen live accounts, as the list has them.
func (x *Export) accounts() []vault.Account {
	var list []vault.Account
	if x.s.list.snap == nil {
		return nil
	}
	for i := range x.s.list.snap.entries {
		e := &x.s.list.snap.entries[i]
		if e.broken == "" && (x.only == nil || slices.Contains(x.only, e.acc.ID)) {
			list = append(list, e.acc)
		}
	}
	return list
}

// Chosen is the form that was chosen; ok is false before.
func (x *Export) Chosen() (form ExportForm, ok bool) {
	for _, f := range x.Forms() {
		if x.chosen && f.ID == string(x.form.Format) {
			return f, true
		}
	}
	return ExportForm{}, false
}

// InTheOpen reports that what is chosen is written in the open.
func (x *Export) InTheOpen() bool { return x.chosen && x.plain }

// Written is how many accounts the chosen form holds.
func (x *Export) Written() int { return x.report.Written }

// ExportLoss is what of one account stays behind.
type ExportLoss struct {
	Issuer, Name string
	Text         string
	LeftOut      bool // all of it
}

// Losses says account by account what the chosen form cannot hold, and what it holds of none.
func (x *Export) Losses() (list []ExportLoss, always []string) {
	for _, l := range x.report.Losses {
		text := l.Sentence()
		if l.LeftOut != "" { // what it is about stands above it
			text = strings.ToUpper(l.LeftOut[:1]) + l.LeftOut[1:]
		}
		list = append(list, ExportLoss{clean(l.Issuer), clean(l.Name), clean(text), l.LeftOut != ""})
	}
	return list, x.report.Always
}

// FileName is what the file may be called.
func (x *Export) FileName() string {
	name := "tallystick-" + string(x.form.Format)
	if x.form.Format == exports.Tallystick {
		name = "tallystick-export"
	}
	return name + "-" + x.s.d.Now().Format("2006-01-02") + x.form.Suffix
}

// Saved are the files that were written.
func (x *Export) Saved() []string { return x.saved }

// Save writes the export. Files that are there are never replaced, but for an empty one that a
// dialogue has just made. pass is taken over and wiped; it is empty in the open. Call it only
// after Session.Confirm where the export is in the open.
func (x *Export) Save(path string, pass secret.Bytes) {
	if x.s.state != Open || !x.chosen || x.busy || pass.IsEmpty() != x.plain {
		if x.chosen && !x.plain && pass.IsEmpty() && !x.busy {
			x.err = Sentence(exports.ErrNoPassphrase)
			x.changed.call()
		}
		pass.Wipe()
		return
	}
	info, only, now, random, plain := x.form, x.only, x.s.d.Now(), x.s.d.random(), x.plain
	reminders := x.s.d.Exports
	var files []string
	x.slow(func(context.Context) error {
		defer pass.Wipe()
		var part *vault.Vault
		if err := x.s.d.Vault.Read(func(v *vault.Vault) error {
			if only != nil {
				v = v.Only(only)
			}
			part = v.Clone()
			return nil
		}); err != nil {
			return err
		}
		defer part.Wipe()
		made, err := exportFiles(info, part, path, exports.Options{Passphrase: pass, Now: now, Rand: random})
		if err != nil {
			return err
		}
		for _, f := range made {
			defer clear(f.data)
		}
		for _, f := range made {
			if err = saveNew(f.path, f.data); err != nil {
				break
			}
			files = append(files, f.path)
		}
		if plain && reminders != nil && len(files) > 0 { // also of the first pictures of several, when the next could not be written
			_ = reminders.Add(info.Format, now, files...) // the file is there; not being reminded of it is no failure of the export
		}
		if err != nil {
			return err
		}
		if !slices.Contains(files, path) { // several pictures: what the dialogue made is none of them
			removeEmpty(path)
		}
		return nil
	}, func(error) {
		x.saved = files
		x.lookLeft()
	}, nil)
}

type exportFile struct {
	path string
	data []byte
}

// exportFiles makes the files of an export.
func exportFiles(info exports.Info, v *vault.Vault, path string, o exports.Options) ([]exportFile, error) {
	switch info.Format {
	case exports.Google:
		pages, err := exports.Pages(v.Accounts(), o.Rand)
		if err != nil {
			return nil, err
		}
		var files []exportFile
		for _, p := range pages {
			data, err := exports.PNG(p.Link)
			p.Wipe()
			if err != nil {
				return nil, err
			}
			name := path
			if p.Of > 1 {
				ext := filepath.Ext(path)
				name = fmt.Sprintf("%s-%d-of-%d%s", strings.TrimSuffix(path, ext), p.Number, p.Of, ext)
			}
			files = append(files, exportFile{name, data})
		}
		return files, nil
	case exports.PDF:
		codes, err := exports.PaperCodes(v.Accounts())
		if err != nil {
			return nil, err
		}
		var list []print.Account
		for _, c := range codes {
			defer c.Wipe()
			list = append(list, print.Account{Title: title(clean(c.Issuer), clean(c.Name)), About: c.Settings, Link: c.Link, Key: c.Key})
		}
		var doc bytes.Buffer
		if err := print.AccountsPDF(&doc, o.Now, list); err != nil {
			return nil, err
		}
		return []exportFile{{path, doc.Bytes()}}, nil
	}
	data, err := info.Format.Write(v, o)
	return []exportFile{{path, data}}, err
}

// ShowCodes makes the QR codes of the chosen form for the screen. Call it only after Session.Confirm.
func (x *Export) ShowCodes() {
	if x.s.state != Open || x.form.Format != exports.Google || x.busy {
		return
	}
	x.wipePages()
	pages, err := exports.Pages(x.accounts(), x.s.d.random())
	x.err = Sentence(err)
	x.pages, x.page = pages, 0
	x.changed.call()
}

// Code is the QR code that is shown: its modules, rows first, true = dark, which one it is, and
// how many accounts it has. of is 0 when none is shown.
func (x *Export) Code() (matrix [][]bool, number, of, accounts int) {
	if x.page >= len(x.pages) {
		return nil, 0, 0, 0
	}
	p := x.pages[x.page]
	matrix, err := exports.Matrix(p.Link)
	if err != nil {
		return nil, 0, 0, 0
	}
	return matrix, p.Number, p.Of, p.Accounts
}

// Turn shows the QR code n further; before the first and after the last nothing happens.
func (x *Export) Turn(n int) {
	if to := x.page + n; to >= 0 && to < len(x.pages) {
		x.page = to
		x.changed.call()
	}
}

// Close ends the flow and wipes what it holds.
func (x *Export) Close() {
	x.drop()
	x.changed.call()
}

func (x *Export) wipePages() {
	for _, p := range x.pages {
		p.Wipe()
	}
	x.pages, x.page = nil, 0
}

func (x *Export) drop() {
	x.leave()
	x.wipePages()
	x.form, x.chosen, x.plain, x.only, x.report, x.saved = exports.Info{}, false, false, nil, exports.Report{}, nil
}

// opened looks whether exports in the open were left somewhere.
func (x *Export) opened() { x.lookLeft() }

func (x *Export) lookLeft() {
	if x.s.d.Exports == nil {
		return
	}
	var left []exports.Left
	x.s.job(func(context.Context) { left, _ = x.s.d.Exports.List() }, func() {
		x.left = left
		x.changed.call()
	}, nil)
}

// CheckLeft looks again, as when the window comes to the front.
func (x *Export) CheckLeft() {
	if x.s.state == Open && len(x.left) > 0 {
		x.lookLeft()
	}
}

// Left is what is said of exports in the open that are still there; "" = there are none.
func (x *Export) Left() string {
	switch len(x.left) {
	case 0:
		return ""
	case 1:
		return "An export with your keys in the open still lies here: " + clean(x.left[0].Path) + ". Delete it once the other app has read it."
	}
	return fmt.Sprintf("%d exports with your keys in the open still lie on this computer, the last one here: %s. Delete them once the other app has read them.",
		len(x.left), clean(x.left[len(x.left)-1].Path))
}

// DeleteLeft removes those files.
func (x *Export) DeleteLeft() {
	left := x.left
	var failed error
	x.s.job(func(context.Context) {
		for _, l := range left {
			if err := os.Remove(l.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				failed = err
			}
		}
	}, func() {
		if failed != nil {
			x.s.list.notify(Notice{Text: "A file could not be deleted. " + Sentence(failed), Error: true})
		}
		x.lookLeft()
	}, nil)
}

// KeepLeft says that the person wants to keep them, and not to be reminded.
func (x *Export) KeepLeft() {
	x.s.job(func(context.Context) {
		if x.s.d.Exports != nil {
			_ = x.s.d.Exports.Forget()
		}
	}, x.lookLeft, nil)
}
