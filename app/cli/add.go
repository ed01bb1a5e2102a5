package cli

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
	"github.com/tallystick/tallystick/vault/secret"
)

type addOptions struct {
	manual       bool
	issuer, name string
	tags         []string

	kind, algorithm string
	digits, period  int
	counter         uint64
	given           map[string]bool // flags that were set, by name

	keepBoth, replace bool
	over              string
	json, showSecrets bool
}

func (r *run) addCommand() *cobra.Command {
	var o addOptions
	cmd := &cobra.Command{
		Use:   "add URI|-",
		Short: "Add an account from a link or a key",
		Long: `Add an account from a link (otpauth, otpauth-migration, motp, steam), or, with
--manual, from a key. "-" reads from standard input, which is the better way:
arguments are seen by everybody in the list of processes and stay in the history
of the shell. Several links go on lines of their own.

With --manual the key is the first line of standard input and, for mOTP and
Yandex, the PIN the second. An account of the kind "manual" has no key: its
portal sends the codes itself.

Where there is no vault yet, this makes one.`,
		Example: `  wl-paste | tallystick add -
  tallystick add --manual --issuer Example --name maria@shop.example -`,
		Args: maxArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.given = map[string]bool{}
			for _, name := range []string{"kind", "algorithm", "digits", "period", "counter"} {
				o.given[name] = cmd.Flags().Changed(name)
			}
			return r.add(cmd.Context(), args, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.issuer, "issuer", "", "the portal's `NAME`, instead of the link's")
	f.StringVar(&o.name, "name", "", "the `NAME` one signs in with, instead of the link's")
	f.StringArrayVar(&o.tags, "tag", nil, "a `TAG`; may be given several times")
	f.BoolVar(&o.manual, "manual", false, "read a key instead of a link")
	f.StringVar(&o.kind, "kind", "totp", "with --manual: the `KIND`, totp, hotp, steam, motp, yandex or manual")
	f.StringVar(&o.algorithm, "algorithm", "SHA1", "with --manual: the `NAME` of the hash, SHA1, SHA256 or SHA512")
	f.IntVar(&o.digits, "digits", 6, "with --manual: a code has `N` characters")
	f.IntVar(&o.period, "period", 30, "with --manual: a code lasts `N` seconds")
	f.Uint64Var(&o.counter, "counter", 0, "with --manual, hotp: the next code is the one of counter `N`")
	f.BoolVar(&o.replace, "replace", false, "when the key is there already: take the new names and settings")
	f.BoolVar(&o.keepBoth, "keep-both", false, "when the key is there already: add it again")
	f.StringVar(&o.over, "over", "", "give this `ACCOUNT` the key, because its portal made another one")
	f.BoolVar(&o.json, "json", false, "print what was added as a JSON array")
	f.BoolVar(&o.showSecrets, "show-secrets", false, "with --json: add the keys")
	return cmd
}

func (o addOptions) choice() (choice, error) { return duplicateChoice(o.replace, o.keepBoth) }

func duplicateChoice(replaceIt, both bool) (choice, error) {
	switch {
	case replaceIt && both:
		return refuse, usage("--replace and --keep-both exclude each other.")
	case replaceIt:
		return replace, nil
	case both:
		return keepBoth, nil
	}
	return refuse, nil
}

func (r *run) add(ctx context.Context, args []string, o addOptions) error {
	general, err := o.choice()
	if err != nil {
		return err
	}
	switch {
	case o.showSecrets && !o.json:
		return usage("--show-secrets goes with --json here.")
	case o.over != "" && general != refuse:
		return usage("--over goes without --replace and --keep-both.")
	}
	var got found
	if o.manual {
		var e otpauth.Entry
		if e, err = r.manualEntry(ctx, args, o); err == nil {
			got.entries = []otpauth.Entry{e}
		}
	} else {
		got, err = r.linkEntries(ctx, args, o)
	}
	if err != nil {
		return err
	}
	entries := got.all()
	if len(entries) > 1 && (o.issuer != "" || o.name != "") {
		return usage("--issuer and --name go with one account, and there are %d here.", len(entries))
	}
	for i := range entries {
		if o.issuer != "" {
			entries[i].Issuer = o.issuer
		}
		if o.name != "" {
			entries[i].Name = o.name
		}
		for _, tag := range o.tags {
			entries[i].Tags = withTag(entries[i].Tags, tag)
		}
	}
	got.tell(r)
	if len(entries) == 0 {
		return fail(statusFailed, "There is nothing in it that can be added.")
	}
	show := func(out saved, did string) error {
		if o.json {
			return r.jsonAccounts(out.accounts, o.showSecrets)
		}
		for _, a := range out.accounts {
			r.print("%s %s (%s).", did, nameOr(a.Issuer, a.Name, ""), string(a.ID)[:8])
		}
		return nil
	}
	if o.over != "" {
		out, err := r.enrollAgain(ctx, entries, o)
		if err != nil {
			return err
		}
		return show(out, "Changed the key of")
	}
	return r.addEntries(ctx, entries, general, func(out saved) error { return show(out, "Added") })
}

// enrollAgain gives an account the key of the one entry there is. It keeps its names, unless the command says others, and everything
// else; the key it had stays in its history.
func (r *run) enrollAgain(ctx context.Context, entries []otpauth.Entry, o addOptions) (saved, error) {
	if len(entries) != 1 {
		return saved{}, usage("--over goes with one account, and there are %d here.", len(entries))
	}
	r.warn(entries)
	entries, leftOut, err := r.askPINs(ctx, entries)
	if err != nil {
		return saved{}, err
	}
	if leftOut > 0 || len(entries) == 0 {
		return saved{}, errSaid(statusFailed)
	}
	m, err := r.open(ctx)
	if err != nil {
		return saved{}, err
	}
	defer func() { _ = m.Close() }()
	var out saved
	err = r.update(ctx, m, func(v *vault.Vault) error {
		a, err := r.one(v.Accounts(), o.over)
		if err != nil {
			return err
		}
		if o.issuer != "" {
			a.Issuer = o.issuer
		}
		if o.name != "" {
			a.Name = o.name
		}
		for _, tag := range o.tags {
			a.Tags = withTag(a.Tags, tag)
		}
		counter := a.Params.Counter
		same := a.Params.Same(entries[0].Params)
		a.Params = entries[0].Params
		if same && a.Params.Kind == otp.HOTP {
			a.Params.Counter = max(counter, a.Params.Counter)
		}
		if err := v.Put(a, r.env.Now()); err != nil {
			return err
		}
		a, _ = v.Account(a.ID)
		out = saved{accounts: []vault.Account{a}}
		return nil
	})
	return out, err
}

// addEntries saves entries and lets show print what was added. It fails, after saving
// the rest, when something was refused.
func (r *run) addEntries(ctx context.Context, entries []otpauth.Entry, general choice, show func(saved) error) error {
	r.warn(entries)
	entries, leftOut, err := r.askPINs(ctx, entries)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return errSaid(statusFailed)
	}
	m, err := r.openOrCreate(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	out, err := r.save(ctx, m, entries, general)
	if err != nil {
		return err
	}
	if err := show(out); err != nil {
		return err
	}
	if out.refused > 0 || leftOut > 0 {
		return errSaid(statusFailed)
	}
	return nil
}

// linkEntries reads the links of the argument or of standard input.
func (r *run) linkEntries(ctx context.Context, args []string, o addOptions) (found, error) {
	for name, given := range o.given {
		if given {
			return found{}, usage("--%s goes with --manual: a link says it itself.", name)
		}
	}
	if len(args) == 0 {
		return found{}, usage("Give a link, or - to read it from standard input.")
	}
	texts := [][]byte{[]byte(args[0])}
	if args[0] == "-" {
		body, err := r.body(ctx, "Link (not shown): ")
		if err != nil {
			return found{}, err
		}
		if texts = lines(body.Reveal()); len(texts) == 0 {
			return found{}, fail(statusFailed, "There is no link on standard input.")
		}
	}
	var got found
	for i := 0; i < len(texts); i++ {
		text := texts[i]
		// A bare key says nothing about where it is for, so a name has to come with it.
		err := got.add(string(text), o.issuer != "" || o.name != "")
		if errors.Is(err, errNothingUsable) {
			if otpauth.Recognise(string(text)) == otpauth.BareKey {
				return found{}, fail(statusFailed, "This is a key without a link. Say where it is for: add --manual --issuer I --name N -")
			}
			return found{}, otpauth.ErrNotURI
		}
		if err != nil {
			return found{}, err
		}
		if n := len(got.entries); n > 0 && missesPIN(got.entries[n-1]) && i+1 < len(texts) && isPIN(texts[i+1]) {
			i++
			pin := secret.New(append([]byte(nil), texts[i]...))
			r.wipe = append(r.wipe, pin)
			got.entries[n-1].Params.PIN = pin
		}
	}
	return got, nil
}

// isPIN reports whether a line can be the PIN of the link above it: digits alone.
func isPIN(line []byte) bool { return len(bytes.Trim(line, "0123456789")) == 0 }

var kinds = []otp.Kind{otp.TOTP, otp.HOTP, otp.Steam, otp.MOTP, otp.Yandex, otp.Manual}

// manualEntry makes an entry of the flags and the key on standard input.
func (r *run) manualEntry(ctx context.Context, args []string, o addOptions) (otpauth.Entry, error) {
	kind := otp.Kind(strings.ToLower(o.kind))
	if !slices.Contains(kinds, kind) {
		return otpauth.Entry{}, usage("--kind is one of totp, hotp, steam, motp, yandex and manual.")
	}
	if o.issuer == "" && o.name == "" {
		return otpauth.Entry{}, usage("Say where the key is for, with --issuer and --name.")
	}
	e := otpauth.Entry{Issuer: o.issuer, Name: o.name}
	if kind == otp.Manual {
		e.Params = otp.New(otp.Manual, secret.Bytes{})
		return e, nil
	}
	if len(args) != 1 || args[0] != "-" {
		return otpauth.Entry{}, usage("The key is read from standard input: end the command with -")
	}
	key, pin, err := r.keyAndPIN(ctx, kind)
	if err != nil {
		return otpauth.Entry{}, err
	}
	if e.Params, e.Warnings, err = otpauth.ParseKey(kind, string(key.Reveal())); err != nil {
		return otpauth.Entry{}, err
	}
	e.Params.PIN = pin
	if o.given["algorithm"] {
		e.Params.Algorithm = otp.Algorithm(strings.ReplaceAll(strings.ToUpper(o.algorithm), "-", ""))
	}
	if o.given["digits"] {
		e.Params.Digits = o.digits
	}
	if o.given["period"] {
		e.Params.Period = o.period
	}
	if o.given["counter"] {
		e.Params.Counter = o.counter
	}
	return e, e.Params.Validate()
}

// keyAndPIN reads the key, and for the kinds that have one the PIN.
func (r *run) keyAndPIN(ctx context.Context, kind otp.Kind) (key, pin secret.Bytes, err error) {
	hasPIN := kind.NeedsPIN()
	if key, err = r.body(ctx, "Key (not shown): "); err != nil {
		return key, pin, err
	}
	if r.env.StdinTerminal && r.env.Terminal != nil && !r.passphraseStdin {
		if hasPIN {
			pin, err = r.env.Terminal.Secret(ctx, "PIN: ")
			r.wipe = append(r.wipe, pin)
		}
		return key, pin, err
	}
	text := lines(key.Reveal())
	switch {
	case len(text) == 0:
		return key, pin, fail(statusFailed, "There is no key on standard input.")
	case !hasPIN && len(text) > 1:
		return key, pin, fail(statusFailed, "There is more than one line on standard input, and a key is one line.")
	case hasPIN && len(text) != 2:
		return key, pin, fail(statusFailed, "This kind needs the key on one line and the PIN on the next.")
	}
	one := secret.New(append([]byte(nil), text[0]...))
	r.wipe = append(r.wipe, one)
	if hasPIN {
		pin = secret.New(append([]byte(nil), text[1]...))
		r.wipe = append(r.wipe, pin)
	}
	return one, pin, nil
}
