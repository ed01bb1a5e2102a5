package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/pack"
)

func (r *run) packCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pack",
		Short: "Give somebody codes for some hours, without the secret",
		Long: `Give somebody codes for some hours or days, without the secret: a code pack holds codes
that were worked out beforehand, encrypted under a passphrase or to one person's key. It
works offline, cannot be extended, and is worth nothing when it has run out.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(*cobra.Command, []string) error { return usage("Say make, open or key.") },
	}
	cmd.AddCommand(r.packMake(), r.packOpen(), r.packKey())
	return cmd
}

type packOptions struct {
	life          string
	to            string
	by            string
	force, asJSON bool
}

func (r *run) packMake() *cobra.Command {
	var o packOptions
	cmd := &cobra.Command{
		Use:   "make ACCOUNT… --for TIME FILE",
		Short: "Work out the codes of accounts for a time, into an encrypted file",
		Long: `Work out the codes of accounts for a time, from now on, into an encrypted FILE. TIME is
such as 8h, 90m or 3d, at most 31d.

Whoever is to use it opens it with the passphrase, which is asked for, or is the second
line of standard input with --passphrase-stdin (the first is that of the vault; alone it
is the one of the pack, where the vault has none). With --to it is encrypted to one
person's key instead: what "pack key" prints there, or any age recipient; or the file
that holds one.

Accounts that count instead of following the clock have no codes beforehand.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usage("Name the accounts, and the file to write.")
			}
			for _, a := range args {
				if strings.TrimSpace(a) == "" {
					return usage("Name the accounts, and the file to write.")
				}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.makePack(cmd.Context(), args[:len(args)-1], args[len(args)-1], o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.life, "for", "", "how long there are codes: a `TIME` such as 8h or 3d")
	f.StringVar(&o.to, "to", "", "encrypt to the `KEY` of one person instead of a passphrase")
	f.StringVar(&o.by, "as", "", "what you call yourself: your `NAME`, which the guest sees")
	f.BoolVar(&o.force, "force", false, "replace a file that is there")
	f.BoolVar(&o.asJSON, "json", false, "print a JSON object")
	return cmd
}

// packRecord is a code pack in JSON: part of the contract in docs/cli.md.
type packRecord struct {
	File     string        `json:"file"`
	By       string        `json:"by"`    // what the maker calls themselves; nothing proves it
	From     string        `json:"from"`  // RFC 3339, UTC
	Until    string        `json:"until"` // the first moment without a code
	Accounts []packAccount `json:"accounts"`
}

type packAccount struct {
	Issuer     string  `json:"issuer"`
	Name       string  `json:"name"`
	Kind       string  `json:"kind"`
	Period     int     `json:"period"`      // seconds
	Code       *string `json:"code"`        // pack open only; null in what pack make prints
	Remaining  *int    `json:"remaining"`   // seconds until code is no longer valid, rounded up
	ValidUntil *string `json:"valid_until"` // RFC 3339, UTC
}

// lifeOf reads a length of time that may be in days.
func lifeOf(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 8)
		if err != nil {
			return 0, err
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	return time.ParseDuration(text)
}

func (r *run) makePack(ctx context.Context, words []string, file string, o packOptions) error {
	life, err := lifeOf(o.life)
	if err != nil || life < pack.MinLife || life > pack.MaxLife {
		return usage("--for needs a time such as 8h or 3d, from a minute to 31 days.")
	}
	to, err := recipientOf(o.to)
	if err != nil {
		return err
	}
	if !o.force {
		if _, err := os.Lstat(file); err == nil {
			return because("exists", fail(statusFailed, "That file is there already. --force replaces it."))
		}
	}
	m, _, err := r.manager(false)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	var pass secret.Bytes
	if to == "" && r.passphraseStdin {
		if pass, err = r.secondLine(ctx, m); err != nil {
			return err
		}
	}
	if err := r.unlock(ctx, m); err != nil {
		return err
	}
	p, err := r.computePack(m, words, life)
	if err != nil {
		return err
	}
	defer p.Wipe()
	p.By = strings.TrimSpace(o.by)
	if to == "" && !r.passphraseStdin {
		if r.env.Terminal == nil {
			return fail(statusLocked, "The pack needs a passphrase: run this at a terminal, give --passphrase-stdin, or a key with --to.")
		}
		if pass, err = r.chosenPassphrase(ctx, "Passphrase for the pack: "); err != nil {
			return err
		}
	}
	var sealed []byte
	switch {
	case to != "":
		sealed, err = p.SealTo(to)
	case pass.IsEmpty():
		return fail(statusLocked, "The pack needs a passphrase of its own. Nothing was written.")
	default:
		sealed, err = p.SealPassphrase(pass)
	}
	if err != nil {
		return err
	}
	if err := writePrivate(file, sealed, o.force); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return because("exists", fail(statusFailed, "That file is there already. --force replaces it."))
		}
		return err
	}
	if o.asJSON {
		return r.json(newPackRecord(file, p))
	}
	r.print("Wrote the codes of %s to %s, until %s.", amount(len(p.Accounts), "account"), clean(file), p.Until.Local().Format("2006-01-02 15:04:05"))
	return nil
}

// recipientOf is the key --to names: itself, or the file it is in.
func recipientOf(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" || strings.HasPrefix(strings.ToLower(text), "age1") {
		return text, nil
	}
	f, err := os.Open(text)
	if errors.Is(err, fs.ErrNotExist) {
		return "", pack.ErrRecipient
	}
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	content, err := readCapped(f, 1<<16)
	if err != nil {
		return "", err
	}
	for _, line := range lines(content) {
		if line[0] != '#' {
			return string(line), nil
		}
	}
	return "", pack.ErrRecipient
}

func (r *run) computePack(m *vault.Manager, words []string, life time.Duration) (pack.Pack, error) {
	now, err := r.codeTime()
	if err != nil {
		return pack.Pack{}, err
	}
	var list []pack.Account
	err = m.Read(func(v *vault.Vault) error {
		seen := map[vault.ID]bool{}
		for _, w := range words {
			a, err := r.one(v.Accounts(), w)
			if err != nil {
				return err
			}
			if !a.Params.Kind.Rolling() {
				return because("no-codes", fail(statusFailed, "%s has no codes that follow the time, so they cannot be worked out beforehand. Nothing was written.", nameOr(a.Issuer, a.Name, "")))
			}
			if !seen[a.ID] {
				seen[a.ID] = true
				list = append(list, pack.Account{Issuer: a.Issuer, Name: a.Name, Params: a.Clone().Params})
			}
		}
		return nil
	})
	if err != nil {
		return pack.Pack{}, err
	}
	defer func() {
		for _, a := range list {
			a.Params.Secret.Wipe()
			a.Params.PIN.Wipe()
		}
	}()
	return pack.Make(list, now, life)
}

func newPackRecord(file string, p pack.Pack) packRecord {
	rec := packRecord{File: file, By: p.By, From: rfc3339(p.From), Until: rfc3339(p.Until), Accounts: []packAccount{}}
	for _, c := range p.Accounts {
		rec.Accounts = append(rec.Accounts, packAccount{Issuer: c.Issuer, Name: c.Name, Kind: string(c.Kind), Period: c.Period})
	}
	return rec
}

func (r *run) packOpen() *cobra.Command {
	var at string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "open FILE",
		Short: "Show the codes of a code pack",
		Long: `Show the codes of a code pack at this moment, or at another one with --at. One account
prints just the code, several a table. The passphrase is asked for, or is on standard
input with --passphrase-stdin: the only line, or the second after that of the vault. A
pack to the key of this vault ("pack key") opens the vault instead.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "" {
				return usage("Name one file.")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return r.openPack(cmd.Context(), args[0], at, asJSON) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&at, "at", "", "the codes at a `TIME` such as 2026-01-31T12:00:00Z (RFC 3339) instead of now")
	f.BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

func (r *run) openPack(ctx context.Context, file, at string, asJSON bool) error {
	var moment time.Time
	var err error
	if at == "" {
		moment, err = r.codeTime()
	} else if moment, err = time.Parse(time.RFC3339, at); err != nil {
		err = usage("--at needs a time such as 2026-01-31T12:00:00Z.")
	}
	if err != nil {
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	sealed, err := readCapped(f, pack.MaxFile)
	if errors.Is(err, errTooMuchInput) {
		return pack.ErrTooLarge
	}
	if err != nil {
		return err
	}
	p, err := r.unsealPack(ctx, sealed)
	if err != nil {
		return err
	}
	defer p.Wipe()
	if _, err := p.Left(moment); err != nil {
		return r.outside(p, err)
	}
	rec := newPackRecord(file, p)
	t := newTable("CODE", "LEFT", "ISSUER", "NAME")
	for i, c := range p.Accounts {
		code, left, err := c.Code(moment)
		if err != nil {
			return r.outside(p, err)
		}
		seconds, until := int((left+time.Second-1)/time.Second), rfc3339(moment.Add(left))
		rec.Accounts[i].Code, rec.Accounts[i].Remaining, rec.Accounts[i].ValidUntil = &code, &seconds, &until
		t.row(code, strconv.Itoa(seconds)+" s", c.Issuer, c.Name)
	}
	switch {
	case asJSON:
		return r.json(rec)
	case len(rec.Accounts) == 1:
		r.print("%s", *rec.Accounts[0].Code)
	default:
		t.write(r.out)
	}
	return nil
}

// outside says from when until when a pack has codes.
func (r *run) outside(p pack.Pack, err error) error {
	const layout = "2006-01-02 15:04:05"
	switch {
	case errors.Is(err, pack.ErrNotYet):
		return because("not-yet", fail(statusFailed, "The first code of this pack is of %s. Check the clock of this computer.", p.From.Local().Format(layout)))
	case errors.Is(err, pack.ErrOver):
		return because("over", fail(statusFailed, "This code pack ran out at %s. Ask for another one.", p.Until.Local().Format(layout)))
	}
	return err
}

func (r *run) unsealPack(ctx context.Context, sealed []byte) (pack.Pack, error) {
	if !pack.NeedsPassphrase(sealed) {
		m, err := r.open(ctx)
		if err != nil {
			return pack.Pack{}, err
		}
		defer func() { _ = m.Close() }()
		text, err := m.OpenBeside(sealed)
		if err != nil {
			return pack.Pack{}, pack.ErrWrongKey
		}
		defer text.Wipe()
		return pack.Decode(text.Reveal())
	}
	if r.passphraseStdin {
		pass, err := r.secondLine(ctx, nil)
		if err != nil {
			return pack.Pack{}, err
		}
		return pack.OpenPassphrase(sealed, pass)
	}
	if r.env.Terminal == nil {
		return pack.Pack{}, fail(statusLocked, "The pack needs its passphrase: run this at a terminal, or give --passphrase-stdin.")
	}
	for try := 1; ; try++ {
		pass, err := r.env.Terminal.Secret(ctx, "Passphrase of the pack: ")
		if err != nil {
			return pack.Pack{}, err
		}
		r.wipe = append(r.wipe, pass)
		p, err := pack.OpenPassphrase(sealed, pass)
		if !errors.Is(err, pack.ErrWrongKey) || try == tries {
			return p, err
		}
		r.note("That passphrase is not right.")
	}
}

func (r *run) packKey() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Print the key that others encrypt code packs to, for this vault to open",
		Long: `Print the key that others encrypt code packs to with "pack make --to", and that only this
vault opens. It is no secret.`,
		Args: maxArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := r.open(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { _ = m.Close() }()
			key, err := m.Recipient()
			if err != nil {
				return err
			}
			if asJSON {
				return r.json(struct {
					Key string `json:"key"`
				}{key})
			}
			r.print("%s", key)
			return nil
		},
	}
	jsonFlag(cmd, &asJSON, "object")
	return cmd
}
