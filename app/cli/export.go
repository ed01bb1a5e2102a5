package cli

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/app/print"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/transfer/exports"
)

type exportOptions struct {
	format                       string
	only                         string
	plain, dryRun, force, asJSON bool
}

func (r *run) exportCommand() *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:   "export FILE|-",
		Short: "Write the accounts to a file that this or another app reads",
		Long:  exportLong(),
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 1 && args[0] != "", len(args) == 0 && o.dryRun:
				return nil
			}
			return usage("Name one file, or - for standard output.")
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			info, ok := exports.Lookup(o.format)
			if !ok {
				return usage("There is no such format. Known are %s.", strings.Join(formatNames(), ", "))
			}
			return r.export(cmd.Context(), info, first(args), o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.format, "format", string(exports.Tallystick), "the `FORM`: "+strings.Join(formatNames(), ", "))
	f.BoolVar(&o.plain, "plain", false, "in the open: everybody who gets the file can make the codes")
	f.StringVar(&o.only, "only", "", "only the accounts that match `QUERY`")
	f.BoolVar(&o.dryRun, "dry-run", false, "say what the format cannot hold, and write nothing")
	f.BoolVar(&o.force, "force", false, "replace files that are there")
	f.BoolVar(&o.asJSON, "json", false, "print a JSON object about what was written and what was left out")
	return cmd
}

func formatNames() []string {
	var names []string
	for _, i := range exports.Formats() {
		names = append(names, string(i.Format))
	}
	return names
}

func exportLong() string {
	var b strings.Builder
	b.WriteString("Write the accounts to a file that this or another app reads:\n\n")
	for _, i := range exports.Formats() {
		fmt.Fprintf(&b, "  %-11s %s\n", i.Format, i.About)
	}
	b.WriteString(`
What a form cannot hold is said before it is written. tallystick, aegis, 2fas and
bitwarden are encrypted: the passphrase is asked for, or is the second line of standard
input with --passphrase-stdin (the first is that of the vault; alone it is the one of the
export, where the vault has none). --plain writes in the open what can be; the others are
never anything else, and need it too where nobody can be asked.

google writes pictures into the folder FILE, or one file for each page where FILE ends in
.png; pdf a document to print. Files are readable by you only where they are written. The
window reminds you of files in the open until they are gone.`)
	return b.String()
}

// exportRecord tells what an export did: part of the contract in docs/cli.md.
type exportRecord struct {
	Format    string      `json:"format"`
	Files     []string    `json:"files"` // never null
	Encrypted bool        `json:"encrypted"`
	Accounts  int         `json:"accounts"`
	LeftOut   []leftOut   `json:"left_out"` // whole accounts
	Stays     []staysHere `json:"stays_behind"`
	Always    []string    `json:"always"`
}

type accountName struct {
	ID     string `json:"id"`
	Issuer string `json:"issuer"`
	Name   string `json:"name"`
}

type leftOut struct {
	accountName
	Why string `json:"why"`
}

type staysHere struct {
	accountName
	What []string `json:"what"`
}

func (r *run) export(ctx context.Context, info exports.Info, file string, o exportOptions) error {
	sealed := info.Sealed && !o.plain
	switch {
	case o.plain && !info.Plain:
		return usage("An export for Tallystick is always encrypted. Leave --plain out.")
	case o.force && file == "-":
		return usage("--force goes with a file.")
	case file == "-" && r.env.StdoutTerminal && !o.dryRun:
		return usage("An export is not shown on the screen. Name a file.")
	case file == "-" && info.Format == exports.Google:
		return usage("Pictures are several files. Name a folder, or a file that ends in .png.")
	case file == "-" && o.asJSON:
		return usage("--json and - both need standard output. Name a file.")
	case !sealed && !o.plain && !o.dryRun && !r.canAsk():
		return usage("Everybody who gets this export can make the codes. Where nobody can be asked it needs --plain.")
	}
	m, dir, err := r.manager(false)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	var pass secret.Bytes
	if sealed && !o.dryRun && r.passphraseStdin {
		if pass, err = r.secondLine(ctx, m); err != nil {
			return err
		}
	}
	if err := r.unlock(ctx, m); err != nil {
		return err
	}
	work := vault.New()
	defer work.Wipe()
	if err := m.Read(func(v *vault.Vault) error {
		r.noteBroken(v)
		if info.Format == exports.Tallystick && o.only == "" {
			work = v.Clone()
			return nil
		}
		var ids []vault.ID
		for _, a := range parseQuery(o.only).filter(v.Accounts()) {
			ids = append(ids, a.ID)
		}
		work = v.Only(ids).Clone()
		return nil
	}); err != nil {
		return err
	}
	if live, trashed, broken := work.Count(); live+trashed+broken == 0 {
		return fail(statusNothing, "No account matches.")
	}
	report := info.Format.Losses(work.Accounts())
	r.noteLosses(info, report)
	rec := newExportRecord(info, report, sealed)
	if o.dryRun {
		return r.sayExport(rec, o.asJSON)
	}
	if report.Written == 0 && info.Format != exports.Tallystick {
		return fail(statusNothing, "None of the accounts can be written in this form.")
	}
	if sealed && !r.passphraseStdin {
		if r.env.Terminal == nil {
			return fail(statusLocked, "The export needs a passphrase: run this at a terminal, or give --passphrase-stdin.")
		}
		if pass, err = r.chosenPassphrase(ctx, "Passphrase for the export: "); err != nil {
			return err
		}
	}
	if sealed && pass.IsEmpty() {
		return fail(statusLocked, "The export needs a passphrase of its own. Nothing was written.")
	}
	if !sealed && !o.plain {
		if err := r.agreeTo(ctx, "Everybody who gets this export can make the codes. Write it all the same? [y/N] "); err != nil {
			return err
		}
	}
	files, err := r.makeExport(info, work, file, pass)
	if err != nil {
		return err
	}
	defer func() {
		for _, f := range files {
			clear(f.data)
		}
	}()
	if file == "-" {
		_, err := r.out.Write(files[0].data)
		return err
	}
	for _, f := range files {
		rec.Files = append(rec.Files, f.path)
	}
	if err := writeExport(files, o.force); err != nil {
		return exists(err)
	}
	if !sealed {
		// Before anything else is said: a reminder that could not be kept is said, the export is there.
		if err := (exports.Reminders{Dir: dir}).Add(info.Format, r.env.Now(), rec.Files...); err != nil {
			r.note("The window cannot remind you of this file: that could not be noted.")
		}
		r.note("Everybody who gets %s can make your codes. Delete %s when the other app has read %s.", those(len(files), "this file", "these files"), those(len(files), "it", "them"), those(len(files), "it", "them"))
	}
	return r.sayExport(rec, o.asJSON)
}

func those(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func (r *run) canAsk() bool {
	return r.env.StdinTerminal && r.env.Terminal != nil && !r.passphraseStdin
}

// agreeTo asks a question that only yes answers.
func (r *run) agreeTo(ctx context.Context, question string) error {
	answer, err := r.env.Terminal.Ask(ctx, question)
	if err != nil {
		return err
	}
	if word := strings.ToLower(strings.TrimSpace(answer)); word != "y" && word != "yes" {
		return fail(statusFailed, "Nothing was written.")
	}
	return nil
}

// chosenPassphrase asks twice for a passphrase that is not the vault's.
func (r *run) chosenPassphrase(ctx context.Context, prompt string) (secret.Bytes, error) {
	var typed [2]secret.Bytes
	for i, p := range []string{prompt, "The same again: "} {
		line, err := r.env.Terminal.Secret(ctx, p)
		if err != nil {
			return secret.Bytes{}, err
		}
		r.wipe = append(r.wipe, line)
		if line.IsEmpty() {
			return secret.Bytes{}, fail(statusLocked, "A passphrase is needed. Nothing was changed.")
		}
		typed[i] = line
	}
	if !typed[0].Equal(typed[1]) {
		return secret.Bytes{}, fail(statusFailed, "The two passphrases differ. Nothing was changed.")
	}
	return typed[0], nil
}

// secondLine is the second line of standard input: a passphrase that is not the vault's. Where
// there is only one line and the vault needs none, it is that one.
func (r *run) secondLine(ctx context.Context, m *vault.Manager) (secret.Bytes, error) {
	one, err := r.passphraseLine()
	if err != nil {
		return secret.Bytes{}, err
	}
	two, err := r.inputLine()
	if err != nil || !two.IsEmpty() {
		return two, err
	}
	needs := false
	if m != nil {
		status, err := m.Status(ctx)
		if err != nil {
			return secret.Bytes{}, err
		}
		needs = status.Exists && status.Protection.NeedsPassphrase()
	}
	if needs {
		return secret.Bytes{}, fail(statusLocked, "Two lines are needed on standard input: the passphrase of the vault, and this one.")
	}
	r.pass = secret.Bytes{} // it was not the vault's
	return one, nil
}

func (r *run) noteLosses(info exports.Info, report exports.Report) {
	if len(report.Losses) == 0 {
		return
	}
	r.note("What %s cannot hold:", info.App)
	for _, l := range report.Losses {
		r.note("  %s: %s", nameOr(l.Issuer, l.Name, string(l.ID)), clean(l.Sentence()))
	}
}

func newExportRecord(info exports.Info, report exports.Report, sealed bool) exportRecord {
	rec := exportRecord{
		Format: string(info.Format), Files: []string{}, Encrypted: sealed, Accounts: report.Written,
		LeftOut: []leftOut{}, Stays: []staysHere{}, Always: append([]string{}, report.Always...),
	}
	for _, l := range report.Losses {
		name := accountName{string(l.ID), l.Issuer, l.Name}
		if l.LeftOut != "" {
			rec.LeftOut = append(rec.LeftOut, leftOut{name, l.LeftOut})
		} else {
			rec.Stays = append(rec.Stays, staysHere{name, l.What})
		}
	}
	return rec
}

func (r *run) sayExport(rec exportRecord, asJSON bool) error {
	if asJSON {
		return r.json(rec)
	}
	switch len(rec.Files) {
	case 0:
		r.print("%s would be written, %s left out.", amount(rec.Accounts, "account"), amount(len(rec.LeftOut), "account"))
	case 1:
		r.print("Wrote %s to %s.", amount(rec.Accounts, "account"), clean(rec.Files[0]))
	default:
		r.print("Wrote %s to %s:", amount(rec.Accounts, "account"), amount(len(rec.Files), "file"))
		for _, f := range rec.Files {
			r.print("  %s", clean(f))
		}
	}
	return nil
}

// exportFile is one file to write.
type exportFile struct {
	path string
	data []byte
}

func (r *run) makeExport(info exports.Info, v *vault.Vault, file string, pass secret.Bytes) ([]exportFile, error) {
	var files []exportFile
	var err error
	switch info.Format {
	case exports.Google:
		files, err = r.googleFiles(v, file)
	case exports.PDF:
		var data []byte
		data, err = r.paper(v)
		files = []exportFile{{file, data}}
	default:
		var data []byte
		data, err = info.Format.Write(v, exports.Options{Passphrase: pass, Now: r.env.Now(), Rand: r.env.Rand, Work: r.env.Work})
		files = []exportFile{{file, data}}
	}
	return files, err
}

// googleFiles are the pictures of the pages: in a folder, or beside each other where the name
// is that of a picture.
func (r *run) googleFiles(v *vault.Vault, file string) ([]exportFile, error) {
	pages, err := exports.Pages(v.Accounts(), r.env.Rand)
	if err != nil {
		return nil, err
	}
	ext := filepath.Ext(file)
	var files []exportFile
	for _, p := range pages {
		data, err := exports.PNG(p.Link)
		p.Wipe()
		if err != nil {
			return nil, err
		}
		number := fmt.Sprintf("%d-of-%d", p.Number, p.Of)
		path := filepath.Join(file, "google-"+number+".png")
		switch {
		case strings.EqualFold(ext, ".png") && len(pages) == 1:
			path = file
		case strings.EqualFold(ext, ".png"):
			path = strings.TrimSuffix(file, ext) + "-" + number + ext
		}
		files = append(files, exportFile{path, data})
	}
	if !strings.EqualFold(ext, ".png") {
		if err := os.MkdirAll(file, 0o700); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func (r *run) paper(v *vault.Vault) ([]byte, error) {
	codes, err := exports.PaperCodes(v.Accounts())
	if err != nil {
		return nil, err
	}
	var list []print.Account
	for _, c := range codes {
		r.wipe = append(r.wipe, c.Link, c.Key)
		list = append(list, print.Account{Title: nameOr(c.Issuer, c.Name, ""), About: c.Settings, Link: c.Link, Key: c.Key})
	}
	var doc bytes.Buffer
	if err := print.AccountsPDF(&doc, r.env.Now(), list); err != nil {
		return nil, err
	}
	return doc.Bytes(), nil
}

// writeExport writes all files or, where one is there already, none.
func writeExport(files []exportFile, force bool) error {
	if !force {
		for _, f := range files {
			if _, err := os.Lstat(f.path); err == nil {
				return &fs.PathError{Op: "create", Path: f.path, Err: fs.ErrExist}
			}
		}
	}
	for i, f := range files {
		if err := writePrivate(f.path, f.data, force); err != nil {
			for _, done := range files[:i] {
				if !force {
					_ = os.Remove(done.path)
				}
			}
			return err
		}
	}
	return nil
}
