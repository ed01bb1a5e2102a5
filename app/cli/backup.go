package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/backup"
	"github.com/tallystick/tallystick/vault/secret"
)

func (r *run) backupCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Keep encrypted backups in a folder, and bring accounts back from them",
		Long: `Keep encrypted backups in a folder, and bring accounts back from them, on this computer
or another. Once set up, the window makes one every day; each is opened and counted after
it was written. Kept are the last ones of 7 days, 5 weeks and 12 months.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(*cobra.Command, []string) error { return usage("Say set, now, list, restore or off.") },
	}
	cmd.AddCommand(r.backupSet(), r.backupNow(), r.backupList(), r.backupRestore(), r.backupOff())
	return cmd
}

func (r *run) keeper(m *vault.Manager, dir string) *backup.Keeper {
	return backup.New(backup.Config{Vault: m, Dir: dir, Now: r.env.Now, Work: r.env.Work})
}

// backupRecord is a backup in JSON: part of the contract in docs/cli.md.
type backupRecord struct {
	File     string `json:"file"`     // absolute
	Made     string `json:"made"`     // RFC 3339, UTC
	Accounts *int   `json:"accounts"` // null where the file does not say
	Bytes    int64  `json:"bytes"`
	Vault    string `json:"vault"`    // first eight hex digits of its fingerprint
	Verified bool   `json:"verified"` // the last one that was opened again after writing
}

func newBackupRecord(c backup.Copy, last *backup.Last) backupRecord {
	rec := backupRecord{File: c.Path, Made: rfc3339(c.Made), Bytes: c.Bytes, Vault: c.Vault, Verified: last != nil && filepath.Base(c.Path) == last.File}
	if c.Accounts >= 0 {
		rec.Accounts = &c.Accounts
	}
	return rec
}

func (r *run) backupSet() *cobra.Command {
	var fresh, asJSON bool
	cmd := &cobra.Command{
		Use:   "set FOLDER",
		Short: "Choose the folder and the backup passphrase, and make the first backup",
		Long: `Choose the folder and the backup passphrase, and make the first backup. The folder has to
be there: best on another disk, or one that is copied elsewhere. Whoever wants to restore
a backup needs its file and this passphrase, and nothing of this computer.

The passphrase is asked for, or is the second line of standard input with
--passphrase-stdin (the first is that of the vault; alone it is the one of the backups,
where the vault has none). Where backups are set up already only the folder changes,
unless --new-passphrase is given; older backups keep the passphrase they were made with.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 && args[0] != "" {
				return nil
			}
			return usage("Name one folder.")
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.setBackup(cmd.Context(), args[0], fresh, asJSON)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&fresh, "new-passphrase", false, "choose another passphrase for the backups to come")
	f.BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

func (r *run) setBackup(ctx context.Context, folder string, fresh, asJSON bool) error {
	m, dir, err := r.manager(false)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	k := r.keeper(m, dir)
	st, err := k.Status()
	choose := fresh || err != nil || !st.Set
	if errors.Is(err, backup.ErrNewer) {
		return err
	}
	var pass secret.Bytes
	if choose && r.passphraseStdin {
		if pass, err = r.secondLine(ctx, m); err != nil {
			return err
		}
	}
	if err := r.unlock(ctx, m); err != nil {
		return err
	}
	if choose && !r.passphraseStdin {
		if r.env.Terminal == nil {
			return fail(statusLocked, "The backups need a passphrase: run this at a terminal, or give --passphrase-stdin.")
		}
		r.note("The backups need a passphrase of their own. Write it down where you find it without this computer: nobody can restore a backup without it.")
		if pass, err = r.chosenPassphrase(ctx, "Backup passphrase: "); err != nil {
			return err
		}
	}
	switch {
	case choose && pass.IsEmpty():
		return fail(statusLocked, "The backups need a passphrase of their own. Nothing was changed.")
	case choose:
		err = k.SetUp(ctx, folder, pass)
	default:
		err = k.Move(folder)
	}
	if err != nil {
		return err
	}
	if inside(dir, folder) {
		r.note("This folder lies beside the vault itself: what takes one away takes both. A folder on another disk is safer.")
	}
	return r.makeBackup(ctx, k, asJSON)
}

// inside reports whether a folder is below another one.
func inside(dir, folder string) bool {
	abs, err := filepath.Abs(folder)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(dir, abs)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

func (r *run) backupNow() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "now",
		Short: "Make a backup, and open it again to see that it is good",
		Args:  maxArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, dir, err := r.manager(false)
			if err != nil {
				return err
			}
			defer func() { _ = m.Close() }()
			if err := r.unlock(cmd.Context(), m); err != nil {
				return err
			}
			return r.makeBackup(cmd.Context(), r.keeper(m, dir), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

func (r *run) makeBackup(ctx context.Context, k *backup.Keeper, asJSON bool) error {
	c, err := k.Make(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return r.json(newBackupRecord(c, &backup.Last{File: filepath.Base(c.Path)}))
	}
	r.print("Backed up %s to %s, and opened it again.", amount(c.Accounts, "account"), clean(c.Path))
	return nil
}

func (r *run) backupList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [FOLDER]",
		Short: "List the backups in the folder, newest first",
		Args:  maxArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return r.listBackups(first(args), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON array")
	return cmd
}

func (r *run) listBackups(folder string, asJSON bool) error {
	dir, err := r.place()
	if err != nil {
		return err
	}
	k := r.keeper(nil, dir) // nothing is opened for it
	var last *backup.Last
	var list []backup.Copy
	if folder == "" {
		st, err := k.Status()
		if err != nil {
			return err
		}
		if !st.Set {
			return backup.ErrNotSet
		}
		last = st.Last
		if st.Failed != nil {
			r.note("The last attempt, %s, made no backup.", st.FailedAt.Local().Format("2006-01-02 15:04"))
		}
		list, err = k.List()
		if err != nil {
			return err
		}
	} else if list, err = k.ListIn(folder); err != nil {
		return err
	}
	if asJSON {
		records := make([]backupRecord, 0, len(list))
		for _, c := range list {
			records = append(records, newBackupRecord(c, last))
		}
		return r.json(records)
	}
	if len(list) == 0 {
		r.note("There is no backup in this folder.")
		return nil
	}
	t := newTable("MADE", "ACCOUNTS", "VAULT", "FILE")
	for _, c := range list {
		rec, accounts := newBackupRecord(c, last), "?"
		if rec.Accounts != nil {
			accounts = amount(*rec.Accounts, "account")
		}
		name := filepath.Base(c.Path)
		if rec.Verified {
			name += "  (opened again after it was written)"
		}
		t.row(c.Made.Local().Format("2006-01-02 15:04"), accounts, c.Vault, name)
	}
	t.write(r.out)
	return nil
}

func (r *run) backupOff() *cobra.Command {
	return &cobra.Command{
		Use:   "off",
		Short: "Make no more backups; those that were made stay",
		Args:  maxArgs(0),
		RunE: func(*cobra.Command, []string) error {
			dir, err := r.place()
			if err != nil {
				return err
			}
			if err := r.keeper(nil, dir).Off(); err != nil {
				return err
			}
			r.note("No more backups are made. Those that were made stay where they are.")
			return nil
		},
	}
}

type restoreOptions struct {
	merge, replace, asJSON bool
	over                   []string
}

func (r *run) backupRestore() *cobra.Command {
	var o restoreOptions
	cmd := &cobra.Command{
		Use:   "restore FILE|latest",
		Short: "Bring accounts back from a backup or an export of Tallystick",
		Long: `Bring accounts back from a backup or an export of Tallystick. It first says what would
change; without --merge or --replace it asks at a terminal, and else changes nothing.

--merge adds the accounts that are not here and leaves the others alone; --over names
accounts to be taken from the backup all the same. --replace makes the vault what it was.
Either way the vault as it is now is kept among its older copies, and a HOTP counter
never goes back. Where there is no vault yet, one is made.

The backup passphrase is asked for, or is the second line of standard input with
--passphrase-stdin (the first is that of the vault; alone it is the one of the backup,
where the vault has none). "latest" is the newest one in the folder that was set.`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) != 1 || args[0] == "":
				return usage("Name one file, or latest.")
			case o.merge && o.replace:
				return usage("--merge and --replace do not go together.")
			case len(o.over) > 0 && !o.merge:
				return usage("--over goes with --merge.")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return r.restoreBackup(cmd.Context(), args[0], o) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&o.merge, "merge", false, "add what is not here")
	f.StringArrayVar(&o.over, "over", nil, "with --merge: take this `ACCOUNT` from the backup even though it is here")
	f.BoolVar(&o.replace, "replace", false, "make the vault what it was")
	f.BoolVar(&o.asJSON, "json", false, "print a JSON object")
	return cmd
}

// restoreRecord tells what a restore did or would do: part of the contract in docs/cli.md.
type restoreRecord struct {
	File     string          `json:"file"`
	Made     string          `json:"made"`
	Done     string          `json:"done"` // "preview", "merge", "replace"
	Accounts int             `json:"accounts"`
	Added    []accountName   `json:"added"`
	Changed  []changedRecord `json:"changed"`
	Missing  []accountName   `json:"missing"` // here, not in the backup
	Same     int             `json:"same"`
	Broken   int             `json:"unreadable"`
}

type changedRecord struct {
	accountName
	What []string `json:"what"`
}

func (r *run) restoreBackup(ctx context.Context, name string, o restoreOptions) error {
	dir, err := r.place()
	if err != nil {
		return err
	}
	file, err := r.backupFile(dir, name)
	if err != nil {
		return err
	}
	parsed, err := backup.ReadFile(file)
	if err != nil {
		return err
	}
	// The vault comes second: nothing is made, or asked for, because of a file that does not open.
	m, _, err := r.manager(false)
	absent := errors.Is(err, vault.ErrAbsent)
	if err != nil && !absent {
		return err
	}
	if !absent {
		defer func() { _ = m.Close() }()
		status, err := m.Status(ctx)
		if err != nil {
			return err
		}
		absent = !status.Exists
	}
	r.denyInspection()
	opened, err := r.openBackup(ctx, parsed, m)
	if err != nil {
		return err
	}
	defer opened.Wipe()
	now := vault.New()
	if !absent {
		if err := r.unlock(ctx, m); err != nil {
			return err
		}
		if err := m.Read(func(v *vault.Vault) error { now = v.Clone(); return nil }); err != nil {
			return err
		}
		defer now.Wipe()
	}
	rec := newRestoreRecord(file, opened, now, now.Compare(opened.Vault))
	if !o.merge && !o.replace {
		if !r.canAsk() || o.asJSON {
			return r.previewOnly(rec, o.asJSON)
		}
		r.notePreview(rec)
		answer, err := r.env.Terminal.Ask(ctx, "Add what is missing (m), replace everything (r), or leave it (n)? ")
		if err != nil {
			return err
		}
		switch strings.ToLower(strings.TrimSpace(answer)) {
		case "m", "merge":
			o.merge = true
		case "r", "replace":
			o.replace = true
		default:
			return fail(statusFailed, "Nothing was changed.")
		}
	}
	if absent {
		made, err := r.openOrCreate(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = made.Close() }()
		m = made
	}
	over, err := r.overIDs(opened.Vault, o.over)
	if err != nil {
		return err
	}
	if o.replace { // the shared vaults become what they were as well
		err = m.Update(ctx, func(v *vault.Vault) error { return v.Become(opened.Vault) })
	} else {
		err = r.update(ctx, m, func(v *vault.Vault) error {
			_, _, err := v.Merge(opened.Vault, over)
			return err
		})
	}
	if err != nil {
		return err
	}
	rec.Done = "merge"
	if o.replace {
		rec.Done = "replace"
	}
	if o.asJSON {
		return r.json(rec)
	}
	if o.replace {
		r.print("The vault is what it was on %s: %s. What it was before is kept among its older copies.", opened.Saved.Local().Format("2006-01-02 15:04"), amount(rec.Accounts, "account"))
	} else {
		r.print("Added %s; %s were here already.", amount(len(rec.Added), "account"), amount(rec.Same+len(rec.Changed), "account"))
	}
	return nil
}

// overIDs are the accounts of the backup that --over names.
func (r *run) overIDs(v *vault.Vault, queries []string) ([]vault.ID, error) {
	var ids []vault.ID
	for _, q := range queries {
		a, err := r.one(v.Accounts(), q)
		if err != nil {
			return nil, err
		}
		ids = append(ids, a.ID)
	}
	return ids, nil
}

// backupFile is the file that a name means: a path, "latest", or the name of one in the folder.
func (r *run) backupFile(dir, name string) (string, error) {
	_, err := os.Stat(name)
	if err == nil {
		return name, nil
	}
	k := r.keeper(nil, dir)
	st, statusErr := k.Status()
	if statusErr != nil || !st.Set {
		if name == "latest" {
			return "", errors.Join(backup.ErrNotSet, statusErr)
		}
		return "", err
	}
	if name != "latest" {
		inFolder := filepath.Join(st.Folder, filepath.Base(name))
		if _, inErr := os.Stat(inFolder); inErr == nil && name == filepath.Base(name) {
			return inFolder, nil
		}
		return "", err
	}
	list, err := k.List()
	if err != nil {
		return "", err
	}
	for _, c := range list {
		if st.Last == nil || filepath.Base(c.Path) == st.Last.File {
			return c.Path, nil
		}
	}
	if len(list) > 0 {
		return list[0].Path, nil
	}
	return "", fail(statusNothing, "There is no backup in %s.", clean(st.Folder))
}

// openBackup asks for the passphrase of a backup: three tries at a terminal.
func (r *run) openBackup(ctx context.Context, f *backup.File, m *vault.Manager) (*backup.Opened, error) {
	if r.passphraseStdin {
		pass, err := r.secondLine(ctx, m)
		if err != nil {
			return nil, err
		}
		return f.Open(pass)
	}
	if r.env.Terminal == nil {
		return nil, fail(statusLocked, "The backup needs its passphrase: run this at a terminal, or give --passphrase-stdin.")
	}
	prompt := "Backup passphrase: "
	if f.Export {
		prompt = "Passphrase of the export: "
	}
	for try := 1; ; try++ {
		pass, err := r.env.Terminal.Secret(ctx, prompt)
		if err != nil {
			return nil, err
		}
		r.wipe = append(r.wipe, pass)
		o, err := f.Open(pass)
		if !errors.Is(err, backup.ErrPassphrase) || try == tries {
			return o, err
		}
		r.note("That passphrase is not right.")
	}
}

func (r *run) previewOnly(rec restoreRecord, asJSON bool) error {
	if asJSON {
		return r.json(rec)
	}
	r.notePreview(rec)
	r.note("Nothing was changed. --merge adds what is missing, --replace makes the vault what it was.")
	return nil
}

func newRestoreRecord(file string, opened *backup.Opened, now *vault.Vault, d vault.Difference) restoreRecord {
	name := func(v *vault.Vault, id vault.ID) accountName {
		a, _ := v.Account(id)
		return accountName{string(id), a.Issuer, a.Name}
	}
	live, _, _ := opened.Vault.Count()
	rec := restoreRecord{
		File: file, Made: opened.Saved.UTC().Format(time.RFC3339), Done: "preview", Accounts: live,
		Added: []accountName{}, Changed: []changedRecord{}, Missing: []accountName{}, Same: d.Same, Broken: d.Broken,
	}
	for _, id := range d.Added {
		rec.Added = append(rec.Added, name(opened.Vault, id))
	}
	for _, c := range d.Changed {
		rec.Changed = append(rec.Changed, changedRecord{name(opened.Vault, c.There), c.What})
	}
	for _, id := range d.Missing {
		rec.Missing = append(rec.Missing, name(now, id))
	}
	return rec
}

// notePreview says what a restore would change.
func (r *run) notePreview(rec restoreRecord) {
	r.note("Backup of %s: %s.", rec.Made, amount(rec.Accounts, "account"))
	list := func(what string, names []accountName) {
		if len(names) > 0 {
			r.note("%s:", what)
		}
		for _, n := range names {
			r.note("  %s", nameOr(n.Issuer, n.Name, n.ID))
		}
	}
	list("Not here, to be added", rec.Added)
	if len(rec.Changed) > 0 {
		r.note("Different here:")
	}
	for _, c := range rec.Changed {
		r.note("  %s: %s", nameOr(c.Issuer, c.Name, c.ID), strings.Join(c.What, ", "))
	}
	list("Here and not in the backup, gone after replacing", rec.Missing)
	if rec.Broken > 0 {
		r.note("Entries that cannot be read, and are kept as they are: %d", rec.Broken)
	}
	r.note("The same in both: %s.", amount(rec.Same, "account"))
}
