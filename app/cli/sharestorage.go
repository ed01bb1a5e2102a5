package cli

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/backend"
	"github.com/tallystick/tallystick/vault/share/team"
)

// storageOptions say how a storage is reached.
type storageOptions struct {
	where string
	ca    string
	plain bool
}

func (o *storageOptions) flags(f *pflag.FlagSet, where string) {
	f.StringVar(&o.where, "store", "", where)
	f.StringVar(&o.ca, "ca", "", "trust the certificates in `FILE` (PEM) as well, besides those of the system")
	f.BoolVar(&o.plain, "plain-http", false, "insist on http:// to another computer: everybody on the way reads the credentials")
}

// access reads what --ca and --plain-http say.
func (o *storageOptions) access() (backend.Access, error) {
	a := backend.Access{PlainHTTP: o.plain}
	if o.ca == "" {
		return a, nil
	}
	f, err := os.Open(o.ca)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return a, fail(statusFailed, "The file with the certificates is not there.")
		}
		return a, err
	}
	defer func() { _ = f.Close() }()
	a.CA, err = readCapped(f, maxInput)
	return a, err
}

// parse reads an address of a storage.
func parseWhere(text string) (store.Location, error) {
	l, err := store.ParseLocation(text)
	if err != nil {
		_, reason, _ := strings.Cut(err.Error(), ": ")
		if _, after, ok := strings.Cut(reason, ": "); ok {
			reason = after
		}
		return l, usage("--store needs dir:PATH, webdav:URL or s3:ENDPOINT/BUCKET[/PREFIX]: %s.", reason)
	}
	return l, nil
}

// credentials takes who one is at a storage from standard input, where it comes after the passphrase of the vault: the name on one
// line, the password on the next. At a terminal they are asked for. Nothing there: nobody in particular.
func (r *run) credentials(ctx context.Context, l store.Location, a *backend.Access) error {
	return r.credentialsOr(ctx, l, a, false)
}

// credentialsOr is credentials where some are kept: nothing on standard input needs no word then.
func (r *run) credentialsOr(ctx context.Context, l store.Location, a *backend.Access, kept bool) error {
	if !l.NeedsCredentials() {
		return nil
	}
	if r.canAsk() && !r.passphraseStdin {
		return r.askCredentials(ctx, l, a)
	}
	if r.passphraseStdin {
		if _, err := r.passphraseLine(); err != nil {
			return err
		}
	}
	one, err := r.inputLine()
	if err != nil {
		return err
	}
	two, err := r.inputLine()
	if err != nil {
		return err
	}
	if kept && one.IsEmpty() && two.IsEmpty() {
		return nil
	}
	return r.takeCredentials(ctx, l, a, one, two)
}

// takeCredentials takes them from two lines that were read.
func (r *run) takeCredentials(ctx context.Context, l store.Location, a *backend.Access, one, two secret.Bytes) error {
	switch {
	case !l.NeedsCredentials():
		return nil
	case one.IsEmpty() && two.IsEmpty() && r.env.Terminal != nil && !r.passphraseStdin:
		return r.askCredentials(ctx, l, a)
	case one.IsEmpty() && two.IsEmpty():
		r.note("There are no credentials on standard input, so the storage is asked without any.")
		return nil
	case one.IsEmpty() || two.IsEmpty():
		return usage("Credentials are two lines on standard input: the %s, then the %s.", userWord(l), passwordWord(l))
	}
	a.User, a.Password = string(one.Reveal()), two
	return nil
}

func (r *run) askCredentials(ctx context.Context, l store.Location, a *backend.Access) error {
	user, err := r.env.Terminal.Ask(ctx, upperFirst(userWord(l))+": ")
	if err != nil {
		return err
	}
	if a.User = strings.TrimSpace(user); a.User == "" {
		return nil
	}
	a.Password, err = r.env.Terminal.Secret(ctx, upperFirst(passwordWord(l))+": ")
	r.wipe = append(r.wipe, a.Password)
	return err
}

func userWord(l store.Location) string {
	if l.Kind == store.S3 {
		return "access key ID"
	}
	return "user name"
}

func passwordWord(l store.Location) string {
	if l.Kind == store.S3 {
		return "secret access key"
	}
	return "password"
}

func upperFirst(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// invitation takes an invite from standard input, and the credentials that follow it. An invite that was broken into lines, as mail
// programs do, is put together again.
func (r *run) invitation(ctx context.Context, l *store.Location, a *backend.Access) (secret.Bytes, error) {
	if r.canAsk() && !r.passphraseStdin {
		text, err := r.env.Terminal.Secret(ctx, "Invite: ")
		r.wipe = append(r.wipe, text)
		if err != nil {
			return text, err
		}
		i, err := share.ParseInvite(text)
		if err != nil {
			return text, err
		}
		if err := r.inviteWhere(i, l); err != nil {
			return text, err
		}
		return text, r.askIfNeeded(ctx, *l, a)
	}
	rest, err := r.bodyBytes(maxInput)
	if err != nil {
		return secret.Bytes{}, err
	}
	defer clear(rest)
	lines := bytes.Split(rest, []byte("\n"))
	for i := range lines {
		lines[i] = bytes.TrimSuffix(lines[i], []byte("\r"))
	}
	for len(lines) > 0 && len(bytes.TrimSpace(lines[0])) == 0 {
		lines = lines[1:]
	}
	invite, text, used, err := wholeInvite(lines)
	r.wipe = append(r.wipe, text)
	if err != nil {
		return text, err
	}
	if err := r.inviteWhere(invite, l); err != nil {
		return text, err
	}
	var two [2]secret.Bytes
	for i := range two {
		if n := used + i; n < len(lines) {
			two[i] = secret.New(bytes.Clone(lines[n]))
			r.wipe = append(r.wipe, two[i])
		}
	}
	return text, r.takeCredentials(ctx, *l, a, two[0], two[1])
}

// wholeInvite takes as many lines as make an invite. Its error is that of the first line.
func wholeInvite(lines [][]byte) (i share.Invite, text secret.Bytes, used int, err error) {
	if len(lines) == 0 {
		return i, text, 0, usage("The invite goes to standard input.")
	}
	var first error
	for n := 1; n <= len(lines); n++ {
		text = secret.New(bytes.Join(lines[:n], []byte("\n")))
		i, err = share.ParseInvite(text)
		if err == nil {
			return i, text, n, nil
		}
		if first == nil {
			first = err
		}
		text.Wipe()
	}
	return i, secret.Bytes{}, 0, first
}

// inviteWhere takes the place of the storage from an invite that can still be used, unless --store named one.
func (r *run) inviteWhere(i share.Invite, l *store.Location) error {
	if r.env.Now().After(i.Expires) {
		return share.ErrInviteExpired // before a vault is made for it
	}
	if l.Kind != "" {
		return nil
	}
	where, err := store.ParseLocation(i.Where)
	if err != nil {
		return usage("The invite does not say where the storage is. Name it with --store.")
	}
	*l = where
	return nil
}

func (r *run) askIfNeeded(ctx context.Context, l store.Location, a *backend.Access) error {
	if !l.NeedsCredentials() {
		return nil
	}
	return r.askCredentials(ctx, l, a)
}

func (r *run) shareStorage() *cobra.Command {
	var o storageOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "storage VAULT",
		Short: "Change where the storage of a shared vault is, or the credentials for it",
		Long: `Change where the storage of a shared vault is for this device, or the credentials for it.
Without --store it stays where it is. Credentials are asked for, or are two lines on
standard input (after that of --passphrase-stdin): user name and password, or access key
ID and secret access key. Without any, the ones that are kept go on being used for the
same server, and for no other. Certificates of --ca are kept as well; --plain-http holds as
given here.

Exit status 5 when the storage was not reached there; it is changed all the same.`,
		Args: vaultWord,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return r.inShare(ctx, args[0], func(s *team.Service, st team.Status) error {
				where := st.Where
				access, err := o.access()
				if err != nil {
					return err
				}
				if o.where != "" {
					if where, err = parseWhere(o.where); err != nil {
						return err
					}
				}
				keep := st.User != "" && team.SameServer(st.Where, where)
				if err := r.credentialsOr(ctx, where, &access, keep); err != nil {
					return err
				}
				place := team.Place{Where: where, Access: access, KeepCA: o.ca == ""}
				if keep && access.User == "" {
					place.Access.User, place.KeepPassword = st.User, true
				}
				if err := s.SetPlace(ctx, st.ID, place); err != nil {
					return err
				}
				rep, err := s.Sync(ctx, st.ID)
				if err != nil {
					return err
				}
				if !rep.Offline {
					return r.shareDone(s, rep, asJSON, "The storage of %s is %s now.", callShare(st), clean(where.String()))
				}
				if asJSON {
					err = r.shareDone(s, rep, true, "")
				} else {
					r.print("The storage of %s is %s now.", callShare(st), clean(where.String()))
					r.note("It was not reached there. If the address is right, `tallystick share sync` tries again.")
				}
				if err == nil {
					err = errSaid(statusOffline)
				}
				return err
			})
		},
	}
	jsonFlag(cmd, &asJSON, "object")
	o.flags(cmd.Flags(), "the `STORAGE`: dir:PATH, webdav:URL or s3:ENDPOINT/BUCKET[/PREFIX]")
	return cmd
}
