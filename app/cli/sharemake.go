package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	qrcode "github.com/skip2/go-qrcode"
	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/team"
)

func (r *run) shareCreate() *cobra.Command {
	var o storageOptions
	var who share.Person
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "create NAME --store STORAGE",
		Short: "Make a shared vault, on storage the team already has",
		Long: `Make a shared vault, empty at first, with this device as its admin. STORAGE is one of

  dir:PATH                           a folder that is synchronised, or on a network share
  webdav:URL                         Nextcloud and other WebDAV servers
  s3:ENDPOINT/BUCKET[/PREFIX]        an S3 bucket; may end in ?region=NAME and ?style=path

The folder or bucket is made if it is not there. User name and password (S3: access key ID
and secret access key) are asked for, or are two lines on standard input, after that of
--passphrase-stdin. They are kept in the vault, encrypted.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || strings.TrimSpace(args[0]) == "" {
				return usage("Give the shared vault one name. Put a name with spaces in quotes.")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.createShare(cmd.Context(), strings.TrimSpace(args[0]), o, who, asJSON)
		},
	}
	jsonFlag(cmd, &asJSON, "object")
	o.flags(cmd.Flags(), "the `STORAGE`: dir:PATH, webdav:URL or s3:ENDPOINT/BUCKET[/PREFIX]")
	personFlags(cmd, &who)
	return cmd
}

func personFlags(cmd *cobra.Command, who *share.Person) {
	cmd.Flags().StringVar(&who.Name, "as", "", "the `NAME` the others see (instead of the one of the system)")
	cmd.Flags().StringVar(&who.Device, "device", "", "what this device is called (instead of the `NAME` of the computer)")
}

// introduce fills in what was not said about person and device.
func (r *run) introduce(who share.Person) share.Person {
	system := r.env.Who()
	if who.Name = strings.TrimSpace(who.Name); who.Name == "" {
		who.Name = system.Name
	}
	if who.Device = strings.TrimSpace(who.Device); who.Device == "" {
		who.Device = system.Device
	}
	return who
}

func (r *run) createShare(ctx context.Context, name string, o storageOptions, who share.Person, asJSON bool) error {
	if o.where == "" {
		return usage("Say where it is kept: --store dir:PATH, webdav:URL or s3:ENDPOINT/BUCKET[/PREFIX].")
	}
	where, err := parseWhere(o.where)
	if err != nil {
		return err
	}
	access, err := o.access()
	if err != nil {
		return err
	}
	m, err := r.openOrCreate(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	if err := r.credentials(ctx, where, &access); err != nil {
		return err
	}
	s := r.service(m)
	list, err := s.List()
	if err != nil {
		return err
	}
	for _, st := range list {
		if fold(st.Name) == fold(name) {
			return because("exists", fail(statusFailed, "There is a shared vault of that name already."))
		}
	}
	id, err := s.Create(ctx, name, team.Place{Where: where, Access: access}, r.introduce(who))
	if errors.Is(err, store.ErrNotFound) && where.Kind == store.Folder {
		return because("not-found", fail(statusFailed, "The folder around that one is not there. Make it first, or mount the network share or drive it is on."))
	}
	if errors.Is(err, store.ErrOffline) { // nothing is tried again by itself
		return because("offline", fail(statusOffline, "The storage was not reached, and no shared vault was made. Check the address and the connection."))
	}
	if err != nil {
		return err
	}
	r.keepClock(s)
	rep := team.Report{ID: id}
	return r.shareDone(s, rep, asJSON, "Made the shared vault %s on %s. `tallystick share move ACCOUNT --to` puts accounts into it, `tallystick share invite` lets people in.",
		clean(name), clean(where.String()))
}

func (r *run) shareMove() *cobra.Command {
	var to string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "move ACCOUNT… --to VAULT",
		Short: "Put accounts of this vault into a shared one",
		Long: `Put accounts of this vault into a shared one, with their recovery keys and former keys.
Everybody in it can make their codes from then on. Tags, favourites and the place in the
list stay personal.`,
		Args: func(_ *cobra.Command, args []string) error {
			for _, a := range args {
				if strings.TrimSpace(a) == "" {
					args = nil
				}
			}
			if len(args) == 0 {
				return usage("Name the accounts to share, by their ids or a part of their names. Put a name with spaces in quotes.")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(to) == "" {
				return usage("Name the shared vault with --to.")
			}
			ctx := cmd.Context()
			m, s, err := r.teams(ctx)
			if err != nil {
				return err
			}
			defer func() { _ = m.Close() }()
			st, err := r.oneShare(s, to)
			if err != nil {
				return err
			}
			ids, err := r.several(m, args)
			if err != nil {
				return err
			}
			rep, err := s.Move(ctx, st.ID, ids...)
			if err != nil {
				return err
			}
			r.keepClock(s)
			return r.shareDone(s, rep, asJSON, "%s in the shared vault %s now.", are(len(ids), "account"), callShare(st))
		},
	}
	jsonFlag(cmd, &asJSON, "object")
	cmd.Flags().StringVar(&to, "to", "", "the shared `VAULT`")
	return cmd
}

// are is amount with its verb.
func are(n int, what string) string {
	if n == 1 {
		return amount(n, what) + " is"
	}
	return amount(n, what) + " are"
}

// several finds one account for each word.
func (r *run) several(m *vault.Manager, words []string) ([]vault.ID, error) {
	var ids []vault.ID
	err := m.Read(func(v *vault.Vault) error {
		list := v.Accounts()
		for _, w := range words {
			a, err := r.one(list, w)
			if err != nil {
				return err
			}
			ids = append(ids, a.ID)
		}
		return nil
	})
	return ids, err
}

type inviteOptions struct {
	role, expires string
	qr, file      string
	withdraw      string
	list          bool
	force, asJSON bool
}

func (r *run) shareInvite() *cobra.Command {
	o := inviteOptions{role: string(share.Editor), expires: "24h"}
	cmd := &cobra.Command{
		Use:   "invite VAULT",
		Short: "Make an invite for one device, printed as one line",
		Long: `Make an invite for one device, printed as one line, for "share join -" or the window of
the other person. It is used up by one device, and an admin still has to confirm that
device. It says where the storage is, and holds no credentials for it.

An invite is a secret until it is used: hand it over in person or over a channel you
trust. One that went astray is taken back with --withdraw; --list names those that may
still be used.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if other := o.qr != "" || o.file != "" || o.force || cmd.Flags().Changed("role") || cmd.Flags().Changed("expires"); o.list && o.withdraw != "" || other && (o.list || o.withdraw != "") {
				return usage("--list and --withdraw go with --json only.")
			}
			if o.withdraw == "" && cmd.Flags().Changed("withdraw") {
				return usage("--withdraw needs the id of an invite: --list names them.")
			}
			return vaultWord(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error { return r.invite(cmd.Context(), args[0], o) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.role, "role", o.role, "what the device may do: `ROLE` is admin, editor or viewer")
	f.StringVar(&o.expires, "expires", o.expires, "how long it can be used: a `TIME` such as 24h or 7d, at most 30d")
	f.StringVar(&o.qr, "qr", "", "also draw it as a QR code into the PNG `FILE`")
	f.StringVar(&o.file, "file", "", "write it to `FILE` instead (readable by you only)")
	f.BoolVar(&o.force, "force", false, "replace files that are there")
	f.BoolVar(&o.list, "list", false, "list the invites that may still be used, instead of making one")
	f.StringVar(&o.withdraw, "withdraw", "", "take back the invite called `ID` (or its first four digits or more)")
	f.BoolVar(&o.asJSON, "json", false, "print a JSON object; with --list an array")
	return cmd
}

// openInviteRecord is an invite that may still be used, in JSON: part of the contract in docs/cli.md.
type openInviteRecord struct {
	ID      string `json:"id"`
	Role    string `json:"role"`
	Expires string `json:"expires"` // RFC 3339, UTC
	Device  string `json:"device"`  // that made it
	Person  string `json:"person"`
}

func (r *run) openInvites(ctx context.Context, word string, o inviteOptions) error {
	return r.inShare(ctx, word, func(s *team.Service, st team.Status) error {
		if rep, err := s.Sync(ctx, st.ID); err == nil && rep.Offline {
			r.note("The storage of %s was not reached; this is from the last time.", callShare(st))
		}
		list, err := s.OpenInvites(st.ID)
		if err != nil {
			return err
		}
		if o.withdraw != "" {
			return r.withdraw(ctx, s, st, list, o)
		}
		name := namesOf(s, st.ID)
		records := make([]openInviteRecord, 0, len(list))
		t := newTable("ID", "ROLE", "UNTIL", "MADE BY")
		for _, i := range list {
			records = append(records, openInviteRecord{string(i.ID), string(i.Role), rfc3339(i.Expires), string(i.By), name(i.By)})
			t.row(string(i.ID), string(i.Role), i.Expires.Local().Format("2006-01-02 15:04"), name(i.By))
		}
		switch {
		case o.asJSON:
			return r.json(records)
		case len(records) == 0:
			r.note("There is no open invite.")
		default:
			t.write(r.out)
		}
		return nil
	})
}

func (r *run) withdraw(ctx context.Context, s *team.Service, st team.Status, list []share.Invite, o inviteOptions) error {
	word := strings.ToLower(strings.TrimSpace(o.withdraw))
	var found []share.InviteID
	for _, i := range list {
		if string(i.ID) == word || len(word) >= minIDPrefix && strings.HasPrefix(string(i.ID), word) {
			found = append(found, i.ID)
		}
	}
	switch {
	case len(found) == 0:
		return fail(statusNothing, "No open invite has that id. --list names those that may still be used.")
	case len(found) > 1:
		return because("ambiguous", fail(statusFailed, "Several invites have ids that begin so. Give more digits."))
	}
	rep, err := s.Withdraw(ctx, st.ID, found[0])
	if err != nil {
		return err
	}
	return r.shareDone(s, rep, o.asJSON, "The invite %s cannot be used any more.", string(found[0]))
}

// inviteRecord is an invite in JSON: part of the contract in docs/cli.md.
type inviteRecord struct {
	Invite  string `json:"invite"` // the line
	ID      string `json:"id"`
	Vault   string `json:"vault"`
	Name    string `json:"name"`
	Role    string `json:"role"`
	Expires string `json:"expires"` // RFC 3339, UTC
	File    string `json:"file"`    // "" = none
	QR      string `json:"qr"`      // "" = none
}

func (r *run) invite(ctx context.Context, word string, o inviteOptions) error {
	if o.list || o.withdraw != "" {
		return r.openInvites(ctx, word, o)
	}
	role := share.Role(strings.ToLower(o.role))
	life, err := lifeOf(o.expires)
	switch {
	case !role.Valid():
		return usage("--role is admin, editor or viewer.")
	case err != nil || life <= 0 || life > share.MaxInviteLife:
		return usage("--expires needs a time such as 24h or 7d, and at most 30d.")
	case o.force && o.qr == "" && o.file == "":
		return usage("--force goes with --qr or --file.")
	}
	for _, file := range []string{o.qr, o.file} { // before there is an invite that nobody has
		if _, err := os.Lstat(file); file != "" && err == nil && !o.force {
			return errInviteFile()
		}
	}
	return r.inShare(ctx, word, func(s *team.Service, st team.Status) error {
		i, err := s.Invite(ctx, st.ID, role, life)
		if errors.Is(err, store.ErrOffline) {
			return because("offline", fail(statusOffline, "The storage was not reached, and an invite is noted there. Make it again when the storage is there."))
		}
		if err != nil {
			return err
		}
		text, err := i.Text()
		if err != nil {
			return err
		}
		r.wipe = append(r.wipe, text)
		if err := r.drawInvite(i, o); err != nil {
			return err
		}
		if o.file != "" {
			line := append(append([]byte(nil), text.Reveal()...), '\n')
			defer clear(line)
			if err := r.inviteFile(o.file, line, o.force); err != nil {
				return err
			}
		}
		switch {
		case o.asJSON:
			return r.json(inviteRecord{string(text.Reveal()), string(i.ID), string(st.ID), st.Name, string(role), rfc3339(i.Expires), o.file, o.qr})
		case o.file == "":
			r.print("%s", text.Reveal())
		}
		r.note("It lets one device ask to join, until %s. Then compare the words of `tallystick share requests` with that person.",
			i.Expires.Local().Format("2006-01-02 15:04"))
		return nil
	})
}

func (r *run) drawInvite(i share.Invite, o inviteOptions) error {
	if o.qr == "" {
		return nil
	}
	text, err := i.Code()
	if err != nil {
		return err
	}
	r.wipe = append(r.wipe, text)
	code, err := qrcode.New(string(text.Reveal()), qrcode.Low)
	if err != nil {
		return fail(statusFailed, "The invite is too long for a QR code. Use --file.")
	}
	png, err := code.PNG(-moduleSize)
	if err != nil {
		return err
	}
	return r.inviteFile(o.qr, png, o.force)
}

func errInviteFile() error {
	return because("exists", fail(statusFailed, "That file is there already. --force replaces it."))
}

func (r *run) inviteFile(file string, content []byte, force bool) error {
	err := writePrivate(file, content, force)
	if errors.Is(err, fs.ErrExist) {
		return errInviteFile()
	}
	if err == nil {
		r.note("Wrote %s. Delete it when the invite was used.", clean(file))
	}
	return err
}

func (r *run) shareJoin() *cobra.Command {
	var o storageOptions
	var who share.Person
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "join -",
		Short: "Ask to join a shared vault, with an invite on standard input",
		Long: `Ask to join a shared vault. The invite is asked for, or is read from standard input (after
the line of --passphrase-stdin); the credentials for the storage follow it on two lines,
where it needs any. An admin then compares eight words with you ("share words") and
confirms; "share sync" brings the accounts.

--store names the storage where it has another address for this device than for the one
who invites, as a synchronised folder often has.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 && args[0] == "-" || len(args) == 0 && r.canAsk() {
				return nil
			}
			return usage("The invite is a secret, and goes to standard input: `tallystick share join -`.")
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return r.join(cmd.Context(), o, who, asJSON) },
	}
	jsonFlag(cmd, &asJSON, "object")
	o.flags(cmd.Flags(), "the `STORAGE`, where it is another one than the invite says")
	personFlags(cmd, &who)
	return cmd
}

func (r *run) join(ctx context.Context, o storageOptions, who share.Person, asJSON bool) error {
	var where store.Location
	var err error
	if o.where != "" {
		if where, err = parseWhere(o.where); err != nil {
			return err
		}
	}
	access, err := o.access()
	if err != nil {
		return err
	}
	text, err := r.invitation(ctx, &where, &access)
	if err != nil {
		return err
	}
	m, err := r.openOrCreate(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	s := r.service(m)
	id, err := s.Join(ctx, text, team.Place{Where: where, Access: access}, r.introduce(who))
	rep := team.Report{ID: id}
	rep.Offline = errors.Is(err, store.ErrOffline)
	if errors.Is(err, team.ErrHere) {
		return r.hereAlready(s, text)
	}
	if err != nil && (id == "" || !rep.Offline) {
		return err
	}
	r.keepClock(s)
	st, err := s.Status(id)
	if err != nil {
		return err
	}
	rep.Findings = st.Findings
	rec, err := r.syncRecord(s, rep, nil)
	if err != nil {
		return err
	}
	words, _ := s.Words(id, "") // none yet, where the storage was not reached
	if asJSON {
		err = r.json(joinRecord{rec, words})
	} else {
		r.print("Asked to join %s.", callShare(st))
		if words != "" {
			r.print("Compare these words with the one who invited you:\n\n  %s\n", words)
		} else {
			r.print("Compare the words of `tallystick share words` with the one who invited you.")
		}
		r.print("After an admin confirms, `tallystick share sync` brings the accounts.")
		r.say(s, rep)
	}
	if rep.Offline && err == nil {
		return errSaid(statusOffline)
	}
	return err
}

// joinRecord is how asking to join ended, in JSON: part of the contract in docs/cli.md.
type joinRecord struct {
	syncRecord
	Words string `json:"words"` // to compare with the admin who made the invite; "" = not known yet
}

// hereAlready says how this device stands to the shared vault that an invite is for.
func (r *run) hereAlready(s *team.Service, invite secret.Bytes) error {
	sentence := "This device is in that shared vault already."
	if i, err := share.ParseInvite(invite); err == nil {
		switch st, err := s.Status(i.Vault); {
		case err != nil:
		case st.State == share.Joining:
			sentence = "This device asked to join that shared vault already, and waits for an admin to confirm it."
		case st.State == share.Expelled, st.State == share.Left:
			sentence = "This device is no longer in that shared vault, and still keeps it. Put it away with `tallystick share leave`, then join anew."
		}
	}
	return because("member-already", fail(statusFailed, "%s", sentence))
}
