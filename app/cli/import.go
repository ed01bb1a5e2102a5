package cli

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/transfer"
	"github.com/tallystick/tallystick/vault/transfer/intake"
)

type importOptions struct {
	format            string
	dryRun, recovery  bool
	json, showSecrets bool
}

func (r *run) importCommand() *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import FILE…",
		Short: "Add the accounts that another app exported",
		Long: `Add the accounts that another app exported. What a file is shows in its content. The
parts of one export belong into one command: the pictures of a Google export, a
manifest.json of Steam with its maFiles. "-" is standard input. Pictures are
searched for QR codes.

--dry-run shows what the files hold, and needs no vault. An account that makes the
same codes as one in the vault is not added again; accounts of the same names with
different keys are both kept. Nothing is ever written over.

With --passphrase-stdin the first line of standard input is the passphrase of the
vault (empty where there is none) and the second that of the files. With --dry-run,
or where the vault has none, the passphrase of the files may stand alone.

Formats:
` + importFormats() + ".",
		Example: `  tallystick import --dry-run aegis-export.json
  tallystick import google-1.png google-2.png`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("Name the file that the other app wrote, or - for standard input.")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return r.importFiles(cmd.Context(), args, o) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.format, "format", "", "read the files as `FORMAT` and nothing else")
	f.BoolVar(&o.dryRun, "dry-run", false, "show what is in the files, and change nothing")
	f.BoolVar(&o.recovery, "recovery", false, "keep what looks like recovery keys in notes as recovery keys")
	f.BoolVar(&o.json, "json", false, "print a JSON object")
	f.BoolVar(&o.showSecrets, "show-secrets", false, "with --json: add keys, PINs, notes and recovery keys")
	return cmd
}

// importFormats is the ids of all formats, in lines of at most 80 columns.
func importFormats() string {
	var b strings.Builder
	width := 0
	for i, f := range transfer.Formats() {
		if i > 0 {
			b.WriteByte(',')
		}
		if width += len(f.ID) + 2; width > 80 {
			b.WriteByte('\n')
			width = len(f.ID) + 2
		} else if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(f.ID)
	}
	return b.String()
}

// importRecord is what an import holds, or did: part of the contract in docs/cli.md. No list is ever null.
type importRecord struct {
	Format   string          `json:"format"`
	Accounts []importAccount `json:"accounts"`
	Skipped  []importSkipped `json:"skipped"`
	Warnings []string        `json:"warnings"`
}

type importAccount struct {
	record
	URL      string    `json:"url"`
	Archived bool      `json:"archived"` // in the other app's trash or archive
	Warnings []string  `json:"warnings"`
	Offered  int       `json:"recovery_keys"`      // how many texts look like recovery keys
	Outcome  string    `json:"outcome,omitempty"`  // without --dry-run: added, same, twice, pin
	PIN      *string   `json:"pin,omitempty"`      // the rest only with --show-secrets
	Recovery *[]string `json:"recovery,omitempty"` // never null where it is there
	Note     *string   `json:"note,omitempty"`
}

type importSkipped struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// newImportAccount is an entry as it is in the files. The id is empty.
func newImportAccount(e transfer.Entry, showSecrets bool) importAccount {
	a := importAccount{
		record: newRecord(vault.Account{Issuer: e.Issuer, Name: e.Name, Params: e.Params, Tags: e.Tags, Favourite: e.Favourite}, showSecrets),
		URL:    e.URL, Archived: e.Archived, Warnings: append([]string{}, e.Warnings...), Offered: len(e.Recovery),
	}
	if !showSecrets {
		return a
	}
	if e.Params.Kind == otp.MOTP {
		text := string(e.Params.Secret.Reveal()) // of mOTP the key is a text
		a.Secret = &text
	}
	pin, note, keys := string(e.Params.PIN.Reveal()), e.Note, []string{}
	for _, k := range e.Recovery {
		keys = append(keys, string(k.Reveal()))
	}
	a.PIN, a.Note, a.Recovery = &pin, &note, &keys
	return a
}

func (r *run) importFiles(ctx context.Context, names []string, o importOptions) error {
	if o.showSecrets && !o.json {
		return usage("--show-secrets goes with --json here.")
	}
	fromStdin := slices.Contains(names, "-")
	var pass secret.Bytes
	var err error
	if fromStdin && r.passphraseStdin { // before the export
		if pass, err = r.importPassphrase(ctx, true, o.dryRun); err != nil {
			return err
		}
	}
	files, err := r.readImport(ctx, names)
	if err != nil {
		return err
	}
	defer func() {
		for _, f := range files {
			clear(f.Data)
		}
	}()
	im, err := transfer.OpenAs(ctx, o.format, files)
	if err != nil {
		return importFailure(err)
	}
	if !fromStdin && r.passphraseStdin && im.Encrypted() {
		if pass, err = r.importPassphrase(ctx, false, o.dryRun); err != nil {
			return err
		}
	}
	got, err := r.readEntries(ctx, im, pass)
	if err != nil {
		return importFailure(err)
	}
	defer got.Wipe()
	if o.dryRun {
		return r.showImport(got, o)
	}
	return r.addImport(ctx, got, o)
}

// importPassphrase takes the passphrase of the files from standard input, after the vault's. Nothing is made yet where there is no
// vault: the files may turn out to be none that can be read.
func (r *run) importPassphrase(ctx context.Context, fromStdin, dryRun bool) (secret.Bytes, error) {
	switch {
	case fromStdin && dryRun:
		return r.passphraseLine() // the export follows
	case fromStdin:
		if _, err := r.passphraseLine(); err != nil {
			return secret.Bytes{}, err
		}
		return r.inputLine()
	case dryRun:
		return r.secondLine(ctx, nil)
	}
	m, _, err := r.manager(false)
	if errors.Is(err, vault.ErrAbsent) {
		return r.secondLine(ctx, nil)
	}
	if err != nil {
		return secret.Bytes{}, err
	}
	defer func() { _ = m.Close() }()
	return r.secondLine(ctx, m)
}

// readEntries reads the accounts, asking for a passphrase at a terminal.
func (r *run) readEntries(ctx context.Context, im *transfer.Import, pass secret.Bytes) (transfer.Result, error) {
	if !im.Encrypted() {
		return im.Read(ctx, pass)
	}
	if c := im.Cost(); c.Memory >= 256<<20 {
		r.note("This file asks for %d MB of memory to be opened, and some seconds.", c.Memory>>20)
	}
	if r.passphraseStdin {
		return im.Read(ctx, pass)
	}
	if r.env.Terminal == nil {
		return transfer.Result{}, transfer.ErrNeedsPass
	}
	for try := 1; ; try++ {
		typed, err := r.env.Terminal.Secret(ctx, "Passphrase of the export: ")
		if err != nil {
			return transfer.Result{}, err
		}
		r.wipe = append(r.wipe, typed)
		got, err := im.Read(ctx, typed)
		if !errors.Is(err, transfer.ErrPassphrase) || try == tries {
			return got, err
		}
		r.note("That passphrase is not right.")
	}
}

// readImport reads the files, and those beside them without which they cannot be opened.
func (r *run) readImport(ctx context.Context, names []string) ([]transfer.File, error) {
	files, err := model.ExportFiles{Scan: r.env.Scanner(), Stdin: r.in}.Read(ctx, names)
	p, ok := errors.AsType[*model.ExportProblem](err)
	switch {
	case !ok:
		return files, err
	case p.Reason != "":
		return nil, fail(statusNothing, "%s", p.Sentence(p.Path))
	}
	return nil, fail(statusFailed, "%s", p.Sentence(p.Path))
}

// showImport prints what is in the files.
func (r *run) showImport(got transfer.Result, o importOptions) error {
	if o.json {
		return r.json(newImportRecord(got, o.showSecrets))
	}
	for _, e := range got.Entries {
		r.print("%s", nameOr(e.Issuer, e.Name, ""))
		for _, w := range e.Warnings {
			r.note("Note on %s: %s", nameOr(e.Issuer, e.Name, ""), clean(w))
		}
	}
	r.noteImport(got)
	r.note("%s in an export of %s. Nothing was changed.", amount(len(got.Entries), "account"), clean(got.Format))
	return nil
}

func newImportRecord(got transfer.Result, showSecrets bool) importRecord {
	rec := importRecord{Format: got.Format, Accounts: []importAccount{}, Skipped: []importSkipped{}, Warnings: append([]string{}, got.Warnings...)}
	for _, e := range got.Entries {
		rec.Accounts = append(rec.Accounts, newImportAccount(e, showSecrets))
	}
	for _, s := range got.Skipped {
		rec.Skipped = append(rec.Skipped, importSkipped{s.What, s.Why})
	}
	return rec
}

func (r *run) noteImport(got transfer.Result) {
	for _, s := range got.Skipped {
		r.note("Left out: %s. %s", clean(s.What), clean(s.Why))
	}
	for _, w := range got.Warnings {
		r.note("%s", clean(w))
	}
}

// addImport puts the accounts into the vault, in one write.
func (r *run) addImport(ctx context.Context, got transfer.Result, o importOptions) error {
	rec := newImportRecord(got, o.showSecrets)
	r.noteImport(got)
	if len(got.Entries) == 0 {
		if o.json {
			if err := r.json(rec); err != nil {
				return err
			}
			return errSaid(statusNothing)
		}
		return fail(statusNothing, "There is no account in it that can be added.")
	}
	m, err := r.openOrCreate(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	pins, err := r.importPINs(ctx, got.Entries)
	if err != nil {
		return err
	}
	var plan []intake.Item
	var added []vault.Account
	err = r.update(ctx, m, func(v *vault.Vault) error {
		plan = intake.Plan(v, got.Entries)
		choices := make([]intake.Choice, len(plan))
		any := false
		for i, it := range plan {
			choices[i] = intake.Usual(it)
			choices[i].PIN, choices[i].Recovery = pins[i], o.recovery
			choices[i].Add = choices[i].Add || it.Verdict == intake.NeedsPIN && !pins[i].IsEmpty()
			any = any || choices[i].Add || choices[i].Picture
		}
		if !any {
			return errNothingToSave
		}
		var err error
		added, err = intake.Apply(v, plan, choices, r.env.Rand, r.env.Now())
		return err
	})
	if err != nil && !errors.Is(err, errNothingToSave) {
		return err
	}
	if added == nil {
		added = make([]vault.Account, len(plan))
	}
	return r.sayImport(rec, plan, added, o)
}

// importPINs asks for the PINs that no export holds. Where nobody can be asked they stay empty.
func (r *run) importPINs(ctx context.Context, entries []transfer.Entry) ([]secret.Bytes, error) {
	pins := make([]secret.Bytes, len(entries))
	if !r.canAsk() {
		return pins, nil
	}
	for i, e := range entries {
		if !e.Params.Kind.NeedsPIN() || !e.Params.PIN.IsEmpty() {
			continue
		}
		pin, err := r.env.Terminal.Secret(ctx, "PIN of "+nameOr(e.Issuer, e.Name, "")+" (empty to leave it out): ")
		if err != nil {
			return nil, err
		}
		r.wipe = append(r.wipe, pin)
		p := e.Params
		if p.PIN = pin; !pin.IsEmpty() {
			if err := p.Validate(); err != nil {
				return nil, err
			}
		}
		pins[i] = pin
	}
	return pins, nil
}

// sayImport tells what became of every account.
func (r *run) sayImport(rec importRecord, plan []intake.Item, added []vault.Account, o importOptions) error {
	counts := map[string]int{}
	offered, dressed := 0, 0
	for i, it := range plan {
		if it.Bare != "" {
			dressed++
		}
		name := nameOr(it.Account.Issuer, it.Account.Name, "")
		outcome := string(it.Verdict)
		if added[i].ID != "" {
			outcome = "added"
			rec.Accounts[i].ID = string(added[i].ID)
			rec.Accounts[i].Issuer, rec.Accounts[i].Name = added[i].Issuer, added[i].Name
			offered += len(it.Entry.Recovery)
		}
		rec.Accounts[i].Outcome = outcome
		counts[outcome]++
		for _, w := range it.Entry.Warnings {
			if outcome == "added" {
				r.note("Note on %s: %s", name, clean(w))
			}
		}
		switch {
		case outcome != "added" && it.Verdict == intake.NeedsPIN:
			r.note("Left out: %s. Its PIN is not in the export: import it at a terminal, where it is asked for.", name)
		case it.Verdict == intake.Same && it.Trashed:
			r.note("The key of %s is in the trash: `tallystick restore %s` brings it back.", name, string(it.There[0])[:8])
		case it.Verdict == intake.Same && it.Newer:
			r.note("%s is here already, but the export has used more of its codes. If a code is refused, take the next one.", name)
		case outcome == "added" && it.Verdict == intake.Namesake:
			r.note("There are now two accounts called %s, with different keys. See which one the portal accepts.", name)
		}
	}
	if dressed > 0 {
		r.note("%s here already had no picture, and took over the export's.", amount(dressed, "account"))
	}
	if offered > 0 && !o.recovery {
		r.note("%s in notes and fields look like recovery keys. --recovery keeps them as such.", amount(offered, "text"))
	}
	if o.json {
		if err := r.json(rec); err != nil {
			return err
		}
	} else {
		r.print("Added %s of %d. %d were here already.", amount(counts["added"], "account"), len(plan), counts[string(intake.Same)]+counts[string(intake.Twice)])
	}
	if counts[string(intake.NeedsPIN)] > 0 {
		return errSaid(statusFailed)
	}
	return nil
}

// importFailure puts words to what is wrong with an import.
func importFailure(err error) error {
	for _, w := range []struct {
		is       error
		status   int
		sentence string
	}{
		{transfer.ErrNeedsPass, statusLocked, "The export is encrypted: give its passphrase at a terminal, or with --passphrase-stdin."},
		{transfer.ErrPassphrase, statusLocked, "That is not the passphrase of the export"},
		{transfer.ErrRestricted, statusFailed, "This export can only be opened by the app and account that made it"},
		{transfer.ErrNewer, statusFailed, "This export was made by a newer version of the other app than Tallystick knows"},
		{transfer.ErrDamaged, statusFailed, "The export is damaged"},
		{transfer.ErrTooLarge, statusFailed, "The export is too large"},
		{transfer.ErrTooCostly, statusFailed, "The export asks for more work or memory than is allowed"},
		{transfer.ErrUnknown, statusFailed, "This is no export that Tallystick knows"},
	} {
		if errors.Is(err, w.is) {
			sentence := strings.TrimSuffix(w.sentence, ".")
			if d := transfer.Detail(err); d != "" {
				if !strings.HasPrefix(d, "or ") {
					sentence += ":"
				}
				sentence += " " + d
			}
			return &failure{status: w.status, sentence: clean(sentence) + ".", err: err}
		}
	}
	return err
}
