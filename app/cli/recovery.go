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

	"github.com/tallystick/tallystick/app/model"
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

"use" prints a key and marks it as used; "list" tells how many are left. Where the keys
are sealed under a passphrase of their own, whatever shows one asks for it.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(*cobra.Command, []string) error {
			return usage("Say parse, add, list, use, undo, remove, export or passphrase.")
		},
	}
	cmd.PersistentFlags().BoolVar(&r.recoveryStdin, "recovery-passphrase-stdin", false,
		"take the second passphrase from standard input")
	cmd.AddCommand(r.recoveryParse(), r.recoveryAdd(), r.recoveryList(), r.recoveryUse(), r.recoveryUndo(), r.recoveryRemove(), r.recoveryExport(), r.recoveryPassphraseCommand())
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
	d, what, err := r.readSheet(ctx, file)
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
		return noKeys(what, "")
	}
	if !asJSON {
		r.tellDraft(d)
	}
	return nil
}

// noKeys is what a command ends with that found no recovery keys.
func noKeys(what, more string) error {
	if what == "" {
		return fail(statusNothing, "There are no recovery keys in it.%s", more)
	}
	return fail(statusNothing, "There are no recovery keys in it. %s%s", what, more)
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

// people is amount of those.
func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return strconv.Itoa(n) + " people"
}

// readSheet understands a file or standard input. A picture is searched for a QR code. what
// says, where no key was found, what it is instead; "" = nothing that has a name.
func (r *run) readSheet(ctx context.Context, file string) (d recovery.Draft, what string, err error) {
	data, name, err := r.readSource(file)
	if err != nil {
		return recovery.Draft{}, "", err
	}
	defer clear(data)
	d, err = recovery.ReadBytes(ctx, data, name)
	switch {
	case err == nil && len(d.Keys) == 0 && len(data) < maxLine:
		what = model.NotASheet([]string{string(data)}, false)
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
	return d, what, err
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
func (r *run) scanSheet(ctx context.Context, data []byte, name string) (d recovery.Draft, what string, err error) {
	const typeThem = "Type the keys from it and give them on standard input."
	picture, err := scanner.DecodePicture(bytes.NewReader(data), scanner.DefaultLimits())
	if errors.Is(err, scanner.ErrFormat) {
		return d, "", fail(statusFailed, "It is a picture of a kind that cannot be searched for a QR code. %s", typeThem)
	}
	if err != nil {
		return d, "", err
	}
	res, err := r.env.Scanner().Scan(ctx, picture)
	if err != nil {
		return d, "", err
	}
	if len(res.Codes) == 0 {
		return d, "", fail(statusNothing, "It is a picture, and no QR code in it can be read. %s", typeThem)
	}
	texts := make([]string, len(res.Codes))
	for i, c := range res.Codes {
		texts[i] = c.Text
	}
	d = recovery.Parse(strings.Join(texts, "\n"))
	d.Origin.File = name
	if len(d.Keys) == 0 {
		what = model.NotASheet(texts, true)
	}
	return d, what, nil
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
	Sealed  bool        `json:"sealed"` // under a passphrase of its own: no shapes
	Keys    []keyRecord `json:"keys"`
}

type keyRecord struct {
	Number int     `json:"number"`        // over all sheets, from 1; stays when sheets are added
	Shape  string  `json:"shape"`         // "" while sealed
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

// newKept describes an account's sheets; open are the same ones, opened where that could be done.
func newKept(a vault.Account, open recovery.Sheets, showSecrets bool) keptRecord {
	k := keptRecord{
		ID: string(a.ID), Issuer: a.Issuer, Name: a.Name,
		Left: a.Recovery.Left(), Total: a.Recovery.Total(), Sheets: []sheetRecord{},
	}
	number := 0
	for i, s := range a.Recovery {
		rec := sheetRecord{
			ID: s.ID, Service: s.Origin.Service, File: s.Origin.File,
			Printed: stampOr(s.Printed), Added: stampOr(s.Added), Dead: stampOr(s.Dead),
			Left: s.Left(), Total: s.Total(), Sealed: s.IsSealed(), Keys: []keyRecord{},
		}
		for _, key := range open[i].Keys {
			number++
			kr := keyRecord{Number: number, Shape: shape(key.Text.Reveal())}
			if !key.Used.IsZero() {
				used := rfc3339(key.Used)
				kr.Used = &used
			}
			if showSecrets && !open[i].IsSealed() {
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
	d, what, err := r.readSheet(ctx, file)
	if err != nil {
		return err
	}
	defer d.Wipe()
	if len(d.Keys) == 0 {
		return noKeys(what, " Nothing was changed.")
	}
	var a vault.Account
	var replaced, kept int
	added, sealed := false, false
	m, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	var opener *vault.RecoveryKey
	if r.recoveryStdin { // only to see whether the keys are there already
		if opener, err = r.recoveryKey(ctx, m); err != nil {
			return err
		}
	}
	err = r.update(ctx, m, func(v *vault.Vault) error {
		if a, err = r.one(v.Accounts(), account); err != nil {
			return err
		}
		now := r.env.Now()
		fresh, err := d.Sheet(r.env.Rand, now)
		if err != nil {
			return err
		}
		defer fresh.Wipe() // Put copies
		kept, sealed = a.Recovery.Left(), v.RecoverySealed()
		next := a
		same, err := keptAlready(a.Recovery, fresh, opener)
		if err != nil {
			return err
		}
		if same {
			a = a.Clone()
			return nil
		}
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
		return fail(statusFailed, "An account keeps at most %d sheets of recovery keys, replaced ones included. `tallystick recovery remove` deletes replaced ones.", vault.MaxSheets)
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
		}{n, newKept(a, a.Recovery, false)})
	}
	called := nameOr(a.Issuer, a.Name, string(a.ID)[:8])
	if !added {
		r.print("These keys are kept with %s already. Nothing was changed.", called)
		return nil
	}
	r.tellDraft(d)
	if sealed && opener == nil {
		r.note("They are sealed. Whether they were kept before cannot be seen without the passphrase of the recovery keys.")
	}
	r.print("Kept %s with %s; %d can be used.", amount(len(d.Keys), "recovery key"), called, a.Recovery.Left())
	if replaced > 0 {
		r.print("The sheet before is marked as replaced, with %s unused.", amount(kept, "key"))
	}
	return nil
}

// keptAlready reports whether a valid sheet that is sealed holds the keys of fresh.
func keptAlready(list recovery.Sheets, fresh recovery.Sheet, key *vault.RecoveryKey) (bool, error) {
	if key == nil {
		return false, nil
	}
	open, err := openedSheets(list, key)
	if err != nil {
		return false, err
	}
	defer open.Wipe()
	_, added := open.Add(fresh)
	return !added, nil
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
			return r.listKeys(cmd.Context(), args[0], showSecrets, asJSON)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&asJSON, "json", false, "print a JSON object")
	f.BoolVar(&showSecrets, "show-secrets", false, "show the keys")
	return cmd
}

func (r *run) listKeys(ctx context.Context, text string, showSecrets, asJSON bool) error {
	m, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	var a vault.Account
	err = m.Read(func(v *vault.Vault) error {
		r.noteBroken(v)
		if a, err = r.one(v.Accounts(), text); err == nil {
			a = a.Clone()
		}
		return err
	})
	if err != nil {
		return err
	}
	defer a.Recovery.Wipe()
	open := a.Recovery
	if showSecrets {
		key, err := r.recoveryKey(ctx, m)
		if err != nil {
			return err
		}
		if open, err = openedSheets(a.Recovery, key); err != nil {
			return err
		}
		defer open.Wipe()
		for _, s := range open {
			if s.IsSealed() {
				r.note("The keys of sheet %s are sealed under another passphrase, as it was in the copy they came from.", s.ID[:8])
			}
		}
	}
	k := newKept(a, open, showSecrets)
	if asJSON {
		return r.json(k)
	}
	r.printKept(k)
	return nil
}

func (r *run) printKept(k keptRecord) {
	if len(k.Sheets) == 0 {
		r.note("No recovery keys are kept with %s. `tallystick recovery add` does it.", nameOr(k.Issuer, k.Name, k.ID[:8]))
		return
	}
	r.print("%s: %d of %d left", nameOr(k.Issuer, k.Name, k.ID[:8]), k.Left, k.Total)
	t := newTable("N", "KEY", "USED", "SHEET", "ID")
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
			if text == "" {
				text = "(sealed)"
			}
			if key.Key != nil {
				text = *key.Key
			}
			if key.Used != nil {
				used = *key.Used
			}
			t.row(strconv.Itoa(key.Number), text, used, about, s.ID[:8])
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
	m, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	// Whether there is a key to print is known before anybody has to type a passphrase.
	err = m.Read(func(v *vault.Vault) error {
		a, err := r.one(v.Accounts(), text)
		if err != nil {
			return err
		}
		if id = a.ID; a.Recovery.Left() == 0 {
			return noneLeft(a)
		}
		return nil
	})
	if err != nil {
		return err
	}
	opener, err := r.recoveryKey(ctx, m)
	if err != nil {
		return err
	}
	err = r.update(ctx, m, func(v *vault.Vault) error {
		a, there := v.Account(id)
		if !there || !a.Trashed.IsZero() {
			return vault.ErrNoAccount
		}
		sheet, place, err := a.Recovery.Next()
		if err != nil {
			return noneLeft(a)
		}
		number = place + 1
		for _, s := range a.Recovery[:sheet] {
			number += s.Total()
		}
		if key, err = v.SpendRecoveryKey(id, opener, r.env.Now()); err != nil {
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
			kept = newKept(a, a.Recovery, false)
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
