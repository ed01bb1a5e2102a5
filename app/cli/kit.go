package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/app/print"
	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/kit"
	"github.com/tallystick/tallystick/vault/secret"
)

func (r *run) kitCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "kit",
		Short: "Print a page that opens the vault when this computer is gone",
		Long: `Print a page that opens the vault when this computer is gone, check that the page is
right, and get the accounts back with it and a copy of the vault file.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(*cobra.Command, []string) error { return usage("Say create, check or restore.") },
	}
	cmd.AddCommand(r.kitCreate(), r.kitCheck(), r.kitRestore())
	return cmd
}

// kitRecord tells which vault a kit is for: part of the contract in docs/cli.md.
type kitRecord struct {
	Vault string `json:"vault"` // short: "1A2B-3C4D"
	File  string `json:"file,omitempty"`
}

func (r *run) kitCreate() *cobra.Command {
	var force, asJSON bool
	cmd := &cobra.Command{
		Use:   "create FILE.pdf|FILE.png",
		Short: "Write the recovery kit of this vault to a file to print",
		Long: `Write the recovery kit of this vault to a file to print: one page with the key as 24
words and as a QR code. It stays valid when accounts or the passphrase change.

Whoever has the page and a copy of the vault file can make the codes. The file is
readable by you only; print it, delete it, and try "tallystick kit check".`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 && kitWriter(args[0]) != nil {
				return nil
			}
			return usage("Name one file that ends in .pdf or .png.")
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.createKit(cmd.Context(), args[0], force, asJSON)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&force, "force", false, "replace a file that is there")
	f.BoolVar(&asJSON, "json", false, "print a JSON object about what was written")
	return cmd
}

// kitWriter draws a kit in the form that the name of a file asks for; nil for another form.
func kitWriter(file string) func(*bytes.Buffer, print.Kit) error {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".pdf":
		return func(b *bytes.Buffer, k print.Kit) error { return print.KitPDF(b, k) }
	case ".png":
		return func(b *bytes.Buffer, k print.Kit) error { return print.KitPNG(b, k) }
	}
	return nil
}

// kitOf is the kit of this vault, wiped when the command ends.
func (r *run) kitOf(ctx context.Context) (kit.Kit, error) {
	m, _, err := r.manager(false)
	if err != nil {
		return kit.Kit{}, err
	}
	defer func() { _ = m.Close() }()
	var k kit.Kit
	err = r.withPassphrase(ctx, func(pass secret.Bytes) (err error) {
		k, err = m.Kit(ctx, pass)
		return err
	})
	return k, err
}

func (r *run) createKit(ctx context.Context, file string, force, asJSON bool) error {
	k, err := r.kitOf(ctx)
	if err != nil {
		return err
	}
	defer k.Wipe()
	page := print.Kit{Vault: k.Short(), Made: r.env.Now(), Words: k.Words(), QR: k.QRText()}
	r.wipe = append(append(r.wipe, page.QR), page.Words...)
	var doc bytes.Buffer
	if err := kitWriter(file)(&doc, page); err != nil {
		return err
	}
	defer clear(doc.Bytes())
	if err := writePrivate(file, doc.Bytes(), force); err != nil {
		return exists(err)
	}
	r.note("Whoever has this page and a copy of the vault file can make your codes. Print it, delete the file, and try `tallystick kit check`.")
	if asJSON {
		return r.json(kitRecord{Vault: k.Short(), File: file})
	}
	r.print("Wrote the recovery kit of vault %s to %s.", k.Short(), clean(file))
	return nil
}

func (r *run) kitCheck() *cobra.Command {
	var picture string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Rehearse: see whether the printed page is the kit of this vault",
		Long: `Rehearse: see whether the printed page is the kit of this vault. At a terminal it asks
for three of the words. Otherwise it reads numbers and words from standard input,
such as "3 word 11 word 20 word"; three at least. --picture looks at a photo or a scan
of the page instead.`,
		Args: maxArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if picture != "" {
				return r.checkPicture(cmd.Context(), picture, asJSON)
			}
			return r.checkWords(cmd.Context(), asJSON)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&picture, "picture", "", "read the QR code of a `FILE` (PNG, JPEG …) instead of asking for words")
	f.BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

// rehearsed is how many words a rehearsal takes.
const rehearsed = 3

// asked is one word of a rehearsal.
type asked struct {
	place int
	word  secret.Bytes
}

// checked is what a rehearsal gives: part of the contract in docs/cli.md.
type checked struct {
	kitRecord
	Right []int `json:"right"` // places of words; never null
	Wrong []int `json:"wrong"`
}

func (r *run) checkWords(ctx context.Context, asJSON bool) error {
	atTerminal := r.env.StdinTerminal && r.env.Terminal != nil && !r.passphraseStdin
	var given []asked
	if !atTerminal {
		b, err := r.bodyBytes(maxLine)
		if err != nil {
			return err
		}
		defer clear(b)
		if given, err = r.numbered(b); err != nil {
			return err
		}
	}
	k, err := r.kitOf(ctx)
	if err != nil {
		return err
	}
	defer k.Wipe()
	if atTerminal {
		places, err := kit.Places(rehearsed, r.env.Rand)
		if err != nil {
			return err
		}
		r.note("Take the page of vault %s.", k.Short())
		for _, place := range places {
			word, err := r.env.Terminal.Secret(ctx, "Word "+strconv.Itoa(place)+": ")
			if err != nil {
				return err
			}
			r.wipe = append(r.wipe, word)
			given = append(given, asked{place, word})
		}
	}
	out := checked{kitRecord: kitRecord{Vault: k.Short()}, Right: []int{}, Wrong: []int{}}
	for _, a := range given {
		if k.Check(a.place, a.word) {
			out.Right = append(out.Right, a.place)
		} else {
			out.Wrong = append(out.Wrong, a.place)
		}
	}
	if asJSON {
		if err := r.json(out); err != nil {
			return err
		}
	}
	if len(out.Wrong) > 0 {
		return fail(statusFailed, "Not right: word %s. Look again whether the page is that of vault %s, or make a new one with `tallystick kit create`.", places(out.Wrong), k.Short())
	}
	if !asJSON {
		r.print("Right: the page is the kit of vault %s.", k.Short())
	}
	return nil
}

// numbered reads "3 word 11 word 20 word".
func (r *run) numbered(text []byte) ([]asked, error) {
	bad := usage("Give three words at least, each after its number: 3 word 11 word 20 word.")
	fields := bytes.Fields(text)
	var list []asked
	seen := map[int]bool{}
	for i := 0; i+1 < len(fields); i += 2 {
		place, err := strconv.Atoi(string(bytes.TrimRight(fields[i], ".:)")))
		if err != nil || place < 1 || place > kit.Words || seen[place] {
			return nil, bad
		}
		seen[place] = true
		word := secret.New(bytes.Clone(fields[i+1]))
		r.wipe = append(r.wipe, word)
		list = append(list, asked{place, word})
	}
	if len(list) < rehearsed || len(fields)%2 != 0 {
		return nil, bad
	}
	return list, nil
}

// places is a list of numbers for a sentence.
func places(list []int) string {
	texts := make([]string, len(list))
	for i, n := range list {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, ", ")
}

func (r *run) checkPicture(ctx context.Context, file string, asJSON bool) error {
	seen, err := r.scanKit(ctx, file)
	if err != nil {
		return err
	}
	defer seen.Wipe()
	k, err := r.kitOf(ctx)
	if err != nil {
		return err
	}
	defer k.Wipe()
	if seen.Vault() != k.Vault() {
		return fail(statusFailed, "This is the kit of vault %s; the vault here is %s.", seen.Short(), k.Short())
	}
	if asJSON {
		return r.json(kitRecord{Vault: k.Short(), File: file})
	}
	r.print("Right: the page is the kit of vault %s.", k.Short())
	return nil
}

func (r *run) kitRestore() *cobra.Command {
	var picture string
	var force, asJSON bool
	cmd := &cobra.Command{
		Use:   "restore",
		Short: "Get the accounts back with a recovery kit and a copy of the vault file",
		Long: `Get the accounts back with a recovery kit and a copy of the vault file, vault.age, in
this program's folder (--dir). It reads the words of the kit, or the text of its QR
code, from standard input; --picture takes the QR code from a photo or a scan of the
page. The first four letters of each word are enough.

The key goes into the keyring. With --passphrase-stdin the first line is a passphrase
that protects the vault as well; without a keyring there has to be one.`,
		Args: maxArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.restoreKit(cmd.Context(), picture, force, asJSON)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&picture, "picture", "", "read the QR code of a `FILE` (PNG, JPEG …) instead of words")
	f.BoolVar(&force, "force", false, "replace a key that is here already, as when the passphrase was forgotten")
	f.BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

func (r *run) restoreKit(ctx context.Context, picture string, force, asJSON bool) error {
	m, _, err := r.manager(false)
	if err != nil {
		return noVaultFile(err)
	}
	defer func() { _ = m.Close() }()
	r.denyInspection()
	k, err := r.readKit(ctx, picture)
	if err != nil {
		return err
	}
	defer k.Wipe()
	var pass secret.Bytes
	if r.passphraseStdin {
		if pass, err = r.passphraseLine(); err != nil {
			return err
		}
	}
	err = m.RestoreKit(ctx, k, pass, force)
	if errors.Is(err, vault.ErrNeedPass) {
		if r.passphraseStdin || r.env.Terminal == nil {
			return fail(statusLocked, "There is no keyring that answers, so the vault needs a passphrase: run this at a terminal, or give --passphrase-stdin.")
		}
		r.note("There is no keyring that answers, so the vault needs a new passphrase. Without it, or this kit, nobody can open the vault.")
		if pass, err = r.newPassphrase(ctx); err != nil {
			return err
		}
		err = m.RestoreKit(ctx, k, pass, force)
	}
	switch {
	case errors.Is(err, vault.ErrOtherKit):
		return fail(statusFailed, "The kit was read right, but it is that of another vault: %s. Nothing was changed.", k.Short())
	case errors.Is(err, vault.ErrKeyThere):
		return fail(statusFailed, "There is a key here already, or a keyring that does not answer and may have it. Nothing was changed; --force replaces it.")
	case errors.Is(err, vault.ErrKeyBack):
		return fail(statusFailed, "The key is back, but vault.age itself does not open with it; an older copy does. `tallystick vault generations` lists them, and `tallystick vault restore` goes back to one.")
	case err != nil:
		return noVaultFile(err)
	}
	status, err := m.Status(ctx)
	if err != nil {
		return err
	}
	accounts := 0
	if err := m.Read(func(v *vault.Vault) error {
		r.noteBroken(v)
		accounts = v.Len()
		return nil
	}); err != nil {
		return err
	}
	if asJSON {
		return r.json(struct {
			kitRecord
			Accounts   int    `json:"accounts"`
			Protection string `json:"protection"`
		}{kitRecord{Vault: k.Short()}, accounts, string(status.Protection)})
	}
	r.print("Vault %s opens again: %s.", k.Short(), amount(accounts, "account"))
	if status.Protection == keys.ByKeyring {
		r.note("Its key is in the keyring. No passphrase is set; `tallystick passphrase set` sets one.")
	} else {
		r.note("It is protected by the new passphrase.")
	}
	return nil
}

// noVaultFile says what a restore needs besides the kit.
func noVaultFile(err error) error {
	if errors.Is(err, vault.ErrAbsent) {
		return fail(statusNothing, "There is no vault file here. The kit holds the key, not the accounts: put a copy of vault.age into this folder first, or name its folder with --dir.")
	}
	return err
}

// readKit reads a kit from a picture, standard input or the terminal.
func (r *run) readKit(ctx context.Context, picture string) (kit.Kit, error) {
	if picture != "" {
		return r.scanKit(ctx, picture)
	}
	text, err := r.body(ctx, "The 24 words of the kit, with blanks between them (not shown while you type): ")
	if err != nil {
		return kit.Kit{}, err
	}
	k, err := kit.Parse(text)
	return k, kitError(err)
}

// scanKit reads the QR code of a page.
func (r *run) scanKit(ctx context.Context, file string) (kit.Kit, error) {
	r.denyInspection()
	f, err := os.Open(file)
	if err != nil {
		return kit.Kit{}, err
	}
	defer func() { _ = f.Close() }()
	img, err := scanner.DecodePicture(f, scanner.DefaultLimits())
	if err != nil {
		return kit.Kit{}, err
	}
	res, err := r.env.Scanner().Scan(ctx, img)
	if err != nil {
		return kit.Kit{}, err
	}
	if len(res.Codes) == 0 {
		return kit.Kit{}, fail(statusNothing, "%s", reasonSentence(res))
	}
	for _, c := range res.Codes {
		var k kit.Kit
		if k, err = kit.Parse(secret.FromString(c.Text)); err == nil {
			return k, nil
		}
	}
	return kit.Kit{}, kitError(err)
}

// kitError puts words to what is wrong with the text of a kit. It names places, never words.
func kitError(err error) error {
	var wrong *kit.WordError
	var count *kit.CountError
	switch {
	case errors.As(err, &wrong):
		if len(wrong.Places) == 1 {
			return fail(statusFailed, "Word %d is not in the list of words. Read it again.", wrong.Places[0])
		}
		return fail(statusFailed, "Words %s are not in the list of words. Read them again.", places(wrong.Places))
	case errors.As(err, &count):
		return fail(statusFailed, "A kit has %d words; these are %d.", kit.Words, count.Words)
	case errors.Is(err, kit.ErrChecksum):
		return fail(statusFailed, "All are words of the list, but they do not belong together: one was taken for another, or two changed places. Read them again.")
	case errors.Is(err, kit.ErrDamaged):
		return fail(statusFailed, "The text of the QR code is cut off or changed. Scan it again, or type the words.")
	case errors.Is(err, kit.ErrNewer):
		return fail(statusFailed, "The kit was made by a newer version of Tallystick. Update Tallystick, or type the words.")
	case errors.Is(err, kit.ErrNotKit):
		return fail(statusFailed, "These are neither the words nor the QR code of a recovery kit.")
	}
	return err
}
