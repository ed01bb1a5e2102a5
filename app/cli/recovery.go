package cli

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/recovery"
)

func (r *run) recoveryCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "recovery",
		Short: "Keep and use the recovery keys that portals hand out",
		Long: `Keep and use the recovery keys that portals hand out: the ones that sign in once
each when there is no code.

"use" prints a key and marks it as used; "list" tells how many are left.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(*cobra.Command, []string) error {
			return usage("Say parse, add, list, use, undo or export.")
		},
	}
	cmd.AddCommand(r.recoveryParse(), r.recoveryAdd(), r.recoveryList(), r.recoveryUse(), r.recoveryUndo(), r.recoveryExport())
	return cmd
}

// accountAnd asks for a word that names an account, and one more.
func accountAnd(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 2 || strings.TrimSpace(args[0]) == "" || args[1] == "" {
			return usage("Name one account and %s. Put a name with spaces in quotes.", what)
		}
		return nil
	}
}

const sheetFormats = `FILE is a text, CSV, JSON, HTML, RTF or PDF file as the portal handed it out, or a
picture of a QR code that holds the keys; "-" is standard input.`

func (r *run) recoveryParse() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "parse FILE|-",
		Short: "Print the recovery keys that a file holds",
		Long: `Print the recovery keys that a file holds, one on a line, used ones left out. No
vault is needed and nothing is kept. What is printed can be used to sign in.

` + sheetFormats,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "" {
				return usage("Name one file, or - for standard input.")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.parseSheet(cmd.Context(), args[0], asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

// parsed is what `recovery parse` prints: part of the contract in docs/cli.md.
type parsed struct {
	Keys    []string `json:"keys"`    // unused, in their order; never null
	Used    []string `json:"used"`    // struck out, ticked or called used; never null
	Ignored int      `json:"ignored"` // lines that are not blank and hold no key
	Source  string   `json:"source"`  // the file as given
	Service string   `json:"service"` // the portal's name, as guessed; "" = unknown
	Account string   `json:"account"` // as printed on the sheet; "" = none
	Date    string   `json:"date"`    // of the sheet, 2006-01-02; "" = none
	Notes   []string `json:"notes"`   // never null
}

func (r *run) parseSheet(ctx context.Context, file string, asJSON bool) error {
	r.denyInspection()
	d, err := r.readSheet(ctx, file)
	if err != nil {
		return err
	}
	defer d.Wipe()
	out := parsed{
		Keys: []string{}, Used: []string{}, Ignored: d.Ignored, Source: file,
		Service: d.Origin.Service, Account: d.Account, Notes: []string{},
	}
	for _, k := range d.Keys {
		if k.Used {
			out.Used = append(out.Used, string(k.Text.Reveal()))
		} else {
			out.Keys = append(out.Keys, string(k.Text.Reveal()))
		}
	}
	if !d.Date.IsZero() {
		out.Date = d.Date.Format(time.DateOnly)
	}
	for _, n := range d.Notes {
		out.Notes = append(out.Notes, string(n))
	}
	if asJSON {
		if err := r.json(out); err != nil {
			return err
		}
	} else {
		for _, k := range out.Keys {
			r.print("%s", clean(k))
		}
	}
	if len(d.Keys) == 0 {
		return fail(statusNothing, "There are no recovery keys in it.")
	}
	if !asJSON {
		r.tellDraft(d)
	}
	return nil
}

// tellDraft says how much was understood, on standard error.
func (r *run) tellDraft(d recovery.Draft) {
	line := amount(len(d.Keys), "recovery key")
	if n := d.Used(); n > 0 {
		line += ", " + strconv.Itoa(n) + " of them used"
	}
	if d.Origin.Service != "" {
		line += ", from " + clean(d.Origin.Service)
	}
	if d.Ignored > 0 {
		line += "; " + amount(d.Ignored, "other line")
	}
	r.note("%s.", line)
	for _, n := range d.Notes {
		switch n {
		case recovery.NoteSetupKey:
			r.note("The key for an authenticator stands there too. It is no recovery key and was left out.")
		case recovery.NoteCut:
			r.note("It is longer than what is read. Look whether keys are missing.")
		case recovery.NoteRepeated:
			r.note("A key stands there more than once. It was taken once.")
		}
	}
}

func amount(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// readSheet understands a file or standard input. A picture is searched for a QR code.
func (r *run) readSheet(ctx context.Context, file string) (recovery.Draft, error) {
	data, name, err := r.readSource(file)
	if err != nil {
		return recovery.Draft{}, err
	}
	defer clear(data)
	d, err := recovery.ReadBytes(ctx, data, name)
	switch {
	case errors.Is(err, recovery.ErrPicture):
		return r.scanSheet(ctx, data, name)
	case errors.Is(err, recovery.ErrTooLarge):
		err = fail(statusFailed, "That is far larger than a sheet of recovery keys.")
	case errors.Is(err, recovery.ErrFormat):
		err = fail(statusFailed, "This kind of file cannot be read. Copy the keys out of it and give them on standard input.")
	case errors.Is(err, recovery.ErrDamaged):
		err = fail(statusFailed, "The file is damaged or cut off. Download it again.")
	case errors.Is(err, recovery.ErrEncrypted):
		err = fail(statusFailed, "The file asks for a password. Open it, copy the keys, and give them on standard input.")
	}
	return d, err
}

// readSource reads a file or standard input, and the file's name without its directory.
func (r *run) readSource(file string) (data []byte, name string, err error) {
	if file == "-" {
		if r.env.StdinTerminal && !r.passphraseStdin {
			r.note("Paste the recovery keys, then press Ctrl+D on a line of its own.")
		}
		data, err = r.bodyBytes(recovery.MaxFile)
	} else {
		name = filepath.Base(file)
		var f *os.File
		if f, err = os.Open(file); err == nil {
			data, err = readCapped(f, recovery.MaxFile)
			_ = f.Close()
		}
	}
	if errors.Is(err, errTooMuchInput) {
		err = fail(statusFailed, "That is far larger than a sheet of recovery keys.")
	}
	return data, name, err
}

// scanSheet reads what the QR codes of a picture say.
func (r *run) scanSheet(ctx context.Context, data []byte, name string) (recovery.Draft, error) {
	const typeThem = "Type the keys from it and give them on standard input."
	picture, err := scanner.DecodePicture(bytes.NewReader(data), scanner.DefaultLimits())
	if errors.Is(err, scanner.ErrFormat) {
		return recovery.Draft{}, fail(statusFailed, "It is a picture of a kind that cannot be searched for a QR code. %s", typeThem)
	}
	if err != nil {
		return recovery.Draft{}, err
	}
	res, err := r.env.Scanner().Scan(ctx, picture)
	if err != nil {
		return recovery.Draft{}, err
	}
	if len(res.Codes) == 0 {
		return recovery.Draft{}, fail(statusNothing, "It is a picture, and no QR code in it can be read. %s", typeThem)
	}
	texts := make([]string, len(res.Codes))
	for i, c := range res.Codes {
		texts[i] = c.Text
	}
	d := recovery.Parse(strings.Join(texts, "\n"))
	d.Origin.File = name
	return d, nil
}

// sheetRecord is a sheet in JSON: part of the contract in docs/cli.md.
type sheetRecord struct {
	ID      string      `json:"id"`
	Service string      `json:"service"`
	File    string      `json:"file"`
	Printed string      `json:"printed"` // RFC 3339, as the two below; "" = not known
	Added   string      `json:"added"`
	Dead    string      `json:"replaced"`
	Left    int         `json:"left"`
	Total   int         `json:"total"`
	Keys    []keyRecord `json:"keys"`
}

type keyRecord struct {
	Number int     `json:"number"` // over all sheets, from 1; stays when sheets are added
	Shape  string  `json:"shape"`
	Used   *string `json:"used"`          // RFC 3339
	Key    *string `json:"key,omitempty"` // only with --show-secrets
}

// keptRecord is an account's recovery keys in JSON.
type keptRecord struct {
	ID     string        `json:"id"`
	Issuer string        `json:"issuer"`
	Name   string        `json:"name"`
	Left   int           `json:"left"`
	Total  int           `json:"total"`
	Sheets []sheetRecord `json:"sheets"` // oldest first; never null
}

func newKept(a vault.Account, showSecrets bool) keptRecord {
	k := keptRecord{
		ID: string(a.ID), Issuer: a.Issuer, Name: a.Name,
		Left: a.Recovery.Left(), Total: a.Recovery.Total(), Sheets: []sheetRecord{},
	}
	number := 0
	for _, s := range a.Recovery {
		rec := sheetRecord{
			ID: s.ID, Service: s.Origin.Service, File: s.Origin.File,
			Printed: stampOr(s.Printed), Added: stampOr(s.Added), Dead: stampOr(s.Dead),
			Left: s.Left(), Total: s.Total(), Keys: []keyRecord{},
		}
		for _, key := range s.Keys {
			number++
			kr := keyRecord{Number: number, Shape: shape(key.Text.Reveal())}
			if !key.Used.IsZero() {
				used := rfc3339(key.Used)
				kr.Used = &used
			}
			if showSecrets {
				text := string(key.Text.Reveal())
				kr.Key = &text
			}
			rec.Keys = append(rec.Keys, kr)
		}
		k.Sheets = append(k.Sheets, rec)
	}
	return k
}

func stampOr(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return rfc3339(t)
}

// shape shows how a key looks without showing it: every character but blanks and dashes is a dot.
func shape(key []byte) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '-', c == ' ':
			return c
		case unicode.IsSpace(c):
			return ' '
		}
		return '•'
	}, string(key))
}

func (r *run) recoveryAdd() *cobra.Command {
	var beside, asJSON bool
	cmd := &cobra.Command{
		Use:   "add ACCOUNT FILE|-",
		Short: "Keep the recovery keys of a file with an account",
		Long: `Keep the recovery keys of a file with an account. The sheet that was there before is
kept, marked as replaced; --beside leaves it valid, for portals that hand out keys
of several kinds. The same keys again change nothing.

` + sheetFormats + `
The file itself is left as it is: delete it when the keys are kept.`,
		Args: accountAnd("the file with its keys (- is standard input)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.addSheet(cmd.Context(), args[0], args[1], beside, asJSON)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&beside, "beside", false, "leave the keys that are there valid")
	f.BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

func (r *run) addSheet(ctx context.Context, account, file string, beside, asJSON bool) error {
	r.denyInspection()
	d, err := r.readSheet(ctx, file)
	if err != nil {
		return err
	}
	defer d.Wipe()
	if len(d.Keys) == 0 {
		return fail(statusNothing, "There are no recovery keys in it. Nothing was changed.")
	}
	var a vault.Account
	var replaced, kept int
	added := false
	err = r.updateClosing(ctx, func(v *vault.Vault) error {
		if a, err = r.one(v.Accounts(), account); err != nil {
			return err
		}
		now := r.env.Now()
		fresh, err := d.Sheet(r.env.Rand, now)
		if err != nil {
			return err
		}
		defer fresh.Wipe() // Put copies
		kept = a.Recovery.Left()
		next := a
		if beside {
			next.Recovery, added = a.Recovery.Add(fresh)
		} else {
			next.Recovery, added = a.Recovery.Replace(fresh, now)
		}
		if !added {
			a = a.Clone() // what is shown outlives the vault
			return nil
		}
		for _, s := range a.Recovery {
			if s.Valid() && !beside {
				replaced++
			}
		}
		if next.Pending == vault.PendingRecovery {
			next.Pending = vault.PendingNothing // the step that was left of the enrollment
		}
		if err := v.Put(next, now); err != nil {
			return err
		}
		a = next.Clone()
		return nil
	})
	if errors.Is(err, vault.ErrTooLong) {
		return fail(statusFailed, "An account keeps at most %d sheets of recovery keys, replaced ones included.", vault.MaxSheets)
	}
	if err != nil {
		return err
	}
	defer a.Recovery.Wipe()
	if asJSON {
		n := 0
		if added {
			n = len(d.Keys)
		}
		return r.json(struct {
			Added int `json:"added"` // keys; 0 = they were there already
			keptRecord
		}{n, newKept(a, false)})
	}
	called := nameOr(a.Issuer, a.Name, string(a.ID)[:8])
	if !added {
		r.print("These keys are kept with %s already. Nothing was changed.", called)
		return nil
	}
	r.tellDraft(d)
	r.print("Kept %s with %s; %d can be used.", amount(len(d.Keys), "recovery key"), called, a.Recovery.Left())
	if replaced > 0 {
		r.print("The sheet before is marked as replaced, with %s unused.", amount(kept, "key"))
	}
	return nil
}

func (r *run) recoveryList() *cobra.Command {
	var asJSON, showSecrets bool
	cmd := &cobra.Command{
		Use:   "list ACCOUNT",
		Short: "Show how many recovery keys are left, and when the others were used",
		Long: `Show how many recovery keys an account has left, how they look, and when the others
were used. --show-secrets shows the keys themselves, without marking any as used.`,
		Args: oneAccount,
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.readClosing(cmd.Context(), func(v *vault.Vault) error {
				a, err := r.one(v.Accounts(), args[0])
				if err != nil {
					return err
				}
				k := newKept(a, showSecrets)
				if asJSON {
					return r.json(k)
				}
				r.printKept(k)
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&asJSON, "json", false, "print a JSON object")
	f.BoolVar(&showSecrets, "show-secrets", false, "show the keys")
	return cmd
}

func (r *run) printKept(k keptRecord) {
	if len(k.Sheets) == 0 {
		r.note("No recovery keys are kept with %s. `tallystick recovery add` does it.", nameOr(k.Issuer, k.Name, k.ID[:8]))
		return
	}
	r.print("%s: %d of %d left", nameOr(k.Issuer, k.Name, k.ID[:8]), k.Left, k.Total)
	t := newTable("N", "KEY", "USED", "SHEET")
	for _, s := range k.Sheets {
		about := s.Service
		if about == "" {
			about = s.File
		}
		if s.Dead != "" {
			about = strings.TrimSpace(about + " (replaced)")
		}
		for _, key := range s.Keys {
			text, used := key.Shape, "-"
			if key.Key != nil {
				text = *key.Key
			}
			if key.Used != nil {
				used = *key.Used
			}
			t.row(strconv.Itoa(key.Number), text, used, about)
		}
	}
	t.write(r.out)
}

func (r *run) recoveryUse() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "use ACCOUNT",
		Short: "Print the next unused recovery key and mark it as used",
		Long: `Print the next unused recovery key and mark it as used. The mark is on disk before
the key is printed, so no key is given out twice; "recovery undo" takes it back.`,
		Args: oneAccount,
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.useKey(cmd.Context(), args[0], asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

func (r *run) useKey(ctx context.Context, text string, asJSON bool) error {
	var key recovery.Key
	var number, left, total int
	var id vault.ID
	err := r.updateClosing(ctx, func(v *vault.Vault) error {
		a, err := r.one(v.Accounts(), text)
		if err != nil {
			return err
		}
		id = a.ID
		sheet, place, err := a.Recovery.Next()
		if err != nil {
			return noneLeft(a)
		}
		number = place + 1
		for _, s := range a.Recovery[:sheet] {
			number += s.Total()
		}
		if key, err = v.SpendRecoveryKey(id, nil, r.env.Now()); err != nil {
			return err
		}
		r.wipe = append(r.wipe, key.Text)
		a, _ = v.Account(id)
		left, total = a.Recovery.Left(), a.Recovery.Total()
		return nil
	})
	if err != nil {
		return err
	}
	if asJSON {
		err = r.json(struct {
			ID     string `json:"id"`
			Number int    `json:"number"`
			Key    string `json:"key"`
			Used   string `json:"used"`
			Left   int    `json:"left"`
			Total  int    `json:"total"`
		}{string(id), number, string(key.Text.Reveal()), rfc3339(key.Used), left, total})
	} else {
		r.print("%s", clean(string(key.Text.Reveal())))
	}
	if err == nil {
		err = r.out.Flush()
	}
	if err != nil {
		return fail(statusFailed, "The key is marked as used, but it could not be printed. `tallystick recovery undo %s %d` takes the mark back.", string(id)[:8], number)
	}
	switch left {
	case 0:
		r.note("That was the last recovery key. Get new ones from the portal while you are signed in.")
	case 1, 2:
		r.note("%s left. Get new ones from the portal soon.", amount(left, "recovery key"))
	}
	return nil
}

// noneLeft says what there is instead of an unused key.
func noneLeft(a vault.Account) error {
	unused := 0
	for _, s := range a.Recovery {
		if s.Valid() {
			continue
		}
		for _, k := range s.Keys {
			if k.Used.IsZero() {
				unused++
			}
		}
	}
	switch {
	case len(a.Recovery) == 0:
		return fail(statusNothing, "No recovery keys are kept with this account.")
	case unused > 0:
		return fail(statusNothing, "No recovery key is left. Of sheets that were replaced %d are unused, and some portals still take those: `tallystick recovery list` with --show-secrets shows them.", unused)
	}
	return fail(statusNothing, "No recovery key is left. Ask the portal for new ones.")
}

func (r *run) recoveryUndo() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "undo ACCOUNT N",
		Short: "Mark a recovery key as unused again",
		Long:  "Mark a recovery key as unused again. N is its number in `tallystick recovery list`.",
		Args:  accountAnd("the number of a key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := strconv.Atoi(args[1])
			if err != nil || n < 1 {
				return usage("The second word is the number of a key, as `tallystick recovery list` shows it.")
			}
			return r.undoKey(cmd.Context(), args[0], n, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

func (r *run) undoKey(ctx context.Context, text string, n int, asJSON bool) error {
	var kept keptRecord
	changed := false
	err := r.updateClosing(ctx, func(v *vault.Vault) error {
		a, err := r.one(v.Accounts(), text)
		if err != nil {
			return err
		}
		a.Recovery = a.Recovery.Clone()
		defer a.Recovery.Wipe() // Put copies
		place := n - 1
		for i := range a.Recovery {
			s := &a.Recovery[i]
			if place >= s.Total() {
				place -= s.Total()
				continue
			}
			if changed = !s.Keys[place].Used.IsZero(); changed {
				if err := s.Undo(place); err != nil {
					return err
				}
				if err := v.Put(a, r.env.Now()); err != nil {
					return err
				}
			}
			kept = newKept(a, false)
			return nil
		}
		return fail(statusNothing, "There is no key of that number. `tallystick recovery list` shows them.")
	})
	if err != nil {
		return err
	}
	if asJSON {
		return r.json(kept)
	}
	if changed {
		r.print("Key %d is unused again; %d of %d left.", n, kept.Left, kept.Total)
	} else {
		r.print("Key %d was not used. Nothing was changed.", n)
	}
	return nil
}

// exists turns the refusal of writePrivate into words.
func exists(err error) error {
	if errors.Is(err, fs.ErrExist) {
		return fail(statusFailed, "That file is there already. --force replaces it.")
	}
	return err
}
