package cli

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/team"
)

func (r *run) shareList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [VAULT]",
		Short: "List the shared vaults of this device",
		Args:  maxArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, s, err := r.teams(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { _ = m.Close() }()
			list, err := s.List()
			if err != nil {
				return err
			}
			if word := first(args); strings.TrimSpace(word) != "" {
				st, err := r.oneShare(s, word)
				if err != nil {
					return err
				}
				list = []team.Status{st}
			}
			records := make([]shareRecord, 0, len(list))
			for _, st := range list {
				records = append(records, newShareRecord(s, st))
			}
			if asJSON {
				return r.json(records)
			}
			if len(records) == 0 {
				r.note("There is no shared vault here yet. `tallystick share create` makes one, `tallystick share join -` takes part in one.")
				return nil
			}
			t := newTable("ID", "NAME", "STATE", "PEOPLE", "ACCOUNTS", "STORAGE")
			for i, rec := range records {
				t.row(rec.ID[:8], rec.Name, stateWord(list[i]), strconv.Itoa(rec.People), strconv.Itoa(rec.Accounts), rec.Store)
			}
			t.write(r.out)
			return nil
		},
	}
	jsonFlag(cmd, &asJSON, "array")
	return cmd
}

// stateWord says in a word or two how this device stands to a shared vault.
func stateWord(st team.Status) string {
	switch {
	case st.Err != nil && st.Me == "":
		return "cannot be read"
	case st.State == share.Joining:
		return "waits"
	case st.State != share.Joined:
		return string(st.State)
	case !st.Ready:
		return string(st.Role) + ", waits for keys"
	}
	return string(st.Role)
}

func (r *run) shareStatus() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status VAULT",
		Short: "Show how things stand with a shared vault, without asking its storage",
		Args:  vaultWord,
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.inShare(cmd.Context(), args[0], func(s *team.Service, st team.Status) error {
				rec := newShareRecord(s, st)
				if asJSON {
					return r.json(rec)
				}
				r.print("%-10s %s", "name", clean(rec.Name))
				r.print("%-10s %s", "id", rec.ID)
				r.print("%-10s %s", "storage", clean(rec.Store))
				r.print("%-10s %s", "device", rec.Device)
				r.print("%-10s %s", "state", stateWord(st))
				r.print("%-10s %s", "people", people(rec.People)+" with "+amount(rec.Devices, "device"))
				r.print("%-10s %s", "accounts", strconv.Itoa(rec.Accounts))
				reached := "never"
				if !st.Success.IsZero() {
					reached = st.Success.Local().Format("2006-01-02 15:04")
				}
				r.print("%-10s %s", "reached", reached)
				for _, line := range waiting(st) {
					r.print("%-10s %s", "", line)
				}
				for _, f := range rec.Findings {
					r.print("%-10s %s", "", clean(f.Text))
				}
				return nil
			})
		},
	}
	jsonFlag(cmd, &asJSON, "object")
	return cmd
}

// waiting says what waits for somebody.
func waiting(st team.Status) (lines []string) {
	if st.State == share.Expelled {
		return []string{"This device was removed: `tallystick share leave` puts it away here."}
	}
	if st.Unsaid {
		lines = append(lines, "What was changed here is not on the storage yet: `tallystick share sync`.")
	}
	if st.Requests > 0 {
		lines = append(lines, amount(st.Requests, "device")+" to be let in: `tallystick share requests`.")
	}
	if st.Conflicts > 0 {
		lines = append(lines, amount(st.Conflicts, "account")+" with several secrets to choose from: `tallystick share conflicts`.")
	}
	if st.Reenroll > 0 {
		lines = append(lines, amount(st.Reenroll, "account")+" to enroll again: `tallystick share reenroll`.")
	}
	return lines
}

// memberRecord is a device of a shared vault, in JSON: part of the contract in docs/cli.md.
type memberRecord struct {
	ID       string  `json:"id"`     // names the device in other commands
	Device   string  `json:"device"` // the same
	Person   string  `json:"person"`
	Name     string  `json:"name"` // of the device
	Role     string  `json:"role"`
	Me       bool    `json:"me"`
	Verified bool    `json:"verified"` // its words were compared on this device
	Since    *string `json:"since"`    // RFC 3339, UTC
	AddedBy  string  `json:"added_by"` // a device; "" = made the vault
}

func newMemberRecord(i share.Info) memberRecord {
	by := string(i.AddedBy)
	if i.AddedBy == i.Device {
		by = ""
	}
	return memberRecord{
		ID: string(i.Device), Device: string(i.Device), Person: i.Person.Name, Name: i.Person.Device, Role: string(i.Role), Me: i.Me, Verified: i.Verified,
		Since: moment3339(i.Since), AddedBy: by,
	}
}

func (r *run) shareMembers() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "members VAULT",
		Short: "List who takes part, with their devices",
		Args:  vaultWord,
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.inShare(cmd.Context(), args[0], func(s *team.Service, st team.Status) error {
				list, err := s.Members(st.ID)
				if err != nil {
					return err
				}
				records := make([]memberRecord, 0, len(list))
				t := newTable("DEVICE", "PERSON", "NAME", "ROLE", "WORDS COMPARED", "SINCE")
				for _, i := range list {
					records = append(records, newMemberRecord(i))
					compared := "no"
					switch {
					case i.Me:
						compared = "this device"
					case i.Verified:
						compared = "yes"
					}
					t.row(string(i.Device), i.Person.Name, i.Person.Device, string(i.Role), compared, i.Since.Local().Format("2006-01-02"))
				}
				if asJSON {
					return r.json(records)
				}
				t.write(r.out)
				return nil
			})
		},
	}
	jsonFlag(cmd, &asJSON, "array")
	return cmd
}

// eventRecord is one thing somebody did, in JSON: part of the contract in docs/cli.md.
type eventRecord struct {
	Time       string      `json:"time"`   // by the clock of whoever did it; RFC 3339, UTC
	Device     string      `json:"device"` // who did it
	Person     string      `json:"person"`
	What       string      `json:"what"`
	Account    string      `json:"account"` // id; "" when it is about the vault or its members
	Issuer     string      `json:"issuer"`
	Name       string      `json:"name"`
	Whom       string      `json:"whom"` // the device it is about
	WhomPerson string      `json:"whom_person"`
	Role       string      `json:"role"`
	Was        *nameRecord `json:"was"` // what the device and its person were called before, where what is "person"; else null
	Is         *nameRecord `json:"is"`  // and are called since
}

// nameRecord is what a person and a device are called, in JSON.
type nameRecord struct {
	Person string `json:"person"`
	Name   string `json:"name"`
}

func (r *run) shareLog() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "log VAULT",
		Short: "Show who changed what and when, the last thing first",
		Args:  vaultWord,
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.inShare(cmd.Context(), args[0], func(s *team.Service, st team.Status) error {
				list, err := s.Log(st.ID)
				if err != nil {
					return err
				}
				records := make([]eventRecord, 0, len(list))
				t := newTable("TIME", "WHO", "WHAT", "ABOUT")
				for _, e := range list {
					rec := eventRecord{
						Time: rfc3339(e.Time), Device: string(e.By), Person: personOr(e.Who), What: e.What, Issuer: e.Issuer, Name: e.Account,
						Whom: string(e.Device), WhomPerson: personOr(e.Whom), Role: string(e.Role),
					}
					about, what := "", didWhat(e.What)
					switch {
					case e.Event.Account == share.Self && e.What == share.Named:
						rec.Was, rec.Is = &nameRecord{e.Was.Name, e.Was.Device}, &nameRecord{e.Is.Name, e.Is.Device}
						about = callParty(e.Was, e.Device) + " to " + callParty(e.Is, e.Device)
					case e.Event.Account == share.Self:
						what = "named the vault"
					case share.EntryType(e.What) == share.InviteUsed && e.By == e.Device:
						what = "withdrew an invite"
					case e.Event.Account != "" && e.Event.Account != share.Self:
						rec.Account = string(e.Event.Account)
						about = nameOr(e.Issuer, e.Account, rec.Account[:8])
					case e.Device != "":
						about = strings.TrimSpace(callParty(e.Whom, e.Device) + " " + rec.Role)
					default:
						about = rec.Role
					}
					records = append(records, rec)
					t.row(e.Time.Local().Format("2006-01-02 15:04"), callParty(e.Who, e.By), what, about)
				}
				if asJSON {
					return r.json(records)
				}
				t.write(r.out)
				return nil
			})
		},
	}
	jsonFlag(cmd, &asJSON, "array")
	return cmd
}

// didWhat says what somebody did. JSON has the plain name.
func didWhat(what string) string {
	for _, w := range []struct{ name, words string }{
		{string(share.Genesis), "made the vault"}, {string(share.Invited), "made an invite"}, {string(share.InviteUsed), "took the answer to an invite"},
		{string(share.Added), "let in"}, {string(share.Removed), "removed"}, {string(share.RoleSet), "gave the role"}, {string(share.Rotated), "made a new key"},
		{share.Named, "renamed"}, {"otp", "set the secret"}, {"issuer", "named the issuer"}, {"name", "named"}, {"note", "wrote the note"}, {"url", "set the address"},
		{"icon", "set the icon"}, {"tags", "set the tags"}, {"sheet", "changed recovery keys"}, {"used", "used a recovery key"}, {"counter", "used a code"},
		{"deleted", "deleted"}, {"restored", "brought back"}, {"kept", "chose a secret"},
	} {
		if w.name == what {
			return w.words
		}
	}
	return what
}

// exposedRecord is an account to enroll again, in JSON: part of the contract in docs/cli.md.
type exposedRecord struct {
	accountName
	KnownTo []string `json:"known_to"` // people who knew the secret and are no longer in
	Since   *string  `json:"since"`    // when the secret was set; RFC 3339, UTC
}

func (r *run) shareReenroll() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "reenroll VAULT",
		Short: "List the accounts to enroll again, because somebody who left knew their secrets",
		Long: `List the accounts to enroll again at their portals, because somebody who was removed or
left knew their secrets. An account leaves the list by itself when its secret is another
one: "add - --over ACCOUNT" gives it that of the portal's new QR code.`,
		Args: vaultWord,
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.inShare(cmd.Context(), args[0], func(s *team.Service, st team.Status) error {
				list, err := s.Reenroll(st.ID)
				if err != nil {
					return err
				}
				records := make([]exposedRecord, 0, len(list))
				t := newTable("ID", "ISSUER", "NAME", "KNOWN TO")
				for _, x := range list {
					rec := exposedRecord{accountName{string(x.Local), x.Issuer, x.Name}, []string{}, moment3339(x.At)}
					for _, p := range x.To {
						rec.KnownTo = append(rec.KnownTo, personOr(p))
					}
					records = append(records, rec)
					t.row(rec.ID[:8], x.Issuer, x.Name, strings.Join(rec.KnownTo, ", "))
				}
				if asJSON {
					return r.json(records)
				}
				if len(records) == 0 {
					r.note("There is nothing to enroll again.")
					return nil
				}
				t.write(r.out)
				return nil
			})
		},
	}
	jsonFlag(cmd, &asJSON, "array")
	return cmd
}

// conflictRecord is an account with several secrets to choose from, in JSON: part of the contract in docs/cli.md.
type conflictRecord struct {
	accountName
	Choices []choiceRecord `json:"choices"` // by time; the last one is what codes are made with meanwhile
}

type choiceRecord struct {
	ID        string `json:"id"`
	Device    string `json:"device"`
	Person    string `json:"person"`
	Time      string `json:"time"` // RFC 3339, UTC
	Kind      string `json:"kind"`
	Algorithm string `json:"algorithm"`
	Digits    int    `json:"digits"`
	Period    int    `json:"period"`
	Code      string `json:"code"` // of now, to tell them apart at the portal; "" when it does not follow the clock
}

func (r *run) shareConflicts() *cobra.Command {
	var keep string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "conflicts VAULT",
		Short: "List accounts that two people gave different secrets, and choose",
		Long: `List accounts that two people gave different secrets without knowing of each other. Only
one of them is what the portal knows: try the codes. --keep ends the conflict for
everybody; the other secrets stay in the history of the account.`,
		Args: vaultWord,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return r.inShare(ctx, args[0], func(s *team.Service, st team.Status) error {
				list, err := s.Conflicts(st.ID)
				if err != nil {
					return err
				}
				defer func() {
					for _, c := range list {
						for _, o := range c.Choices {
							o.Params.Secret.Wipe()
						}
					}
				}()
				if keep != "" {
					c, choice, err := chosen(list, keep)
					if err != nil {
						return err
					}
					rep, err := s.Keep(ctx, st.ID, c.Local, choice.ID)
					if err != nil {
						return err
					}
					return r.shareDone(s, rep, asJSON, "%s has the secret of %s now.", nameOr(c.Issuer, c.Name, ""), callParty(choice.Who, choice.By))
				}
				return r.showConflicts(list, asJSON)
			})
		},
	}
	jsonFlag(cmd, &asJSON, "array; with --keep an object")
	cmd.Flags().StringVar(&keep, "keep", "", "keep the secret called `ID` (or its first four digits or more)")
	return cmd
}

// chosen finds the one secret that an id, or its beginning, means.
func chosen(list []team.Conflict, id string) (c team.Conflict, choice team.Choice, err error) {
	id = strings.ToLower(strings.TrimSpace(id))
	found := 0
	for _, l := range list {
		for _, o := range l.Choices {
			if o.ID == id || len(id) >= minIDPrefix && strings.HasPrefix(o.ID, id) {
				c, choice, found = l, o, found+1
			}
		}
	}
	switch found {
	case 1:
		return c, choice, nil
	case 0:
		return c, choice, fail(statusNothing, "No secret in a conflict has that id.")
	}
	return c, choice, fail(statusFailed, "Several secrets have ids that begin so. Give more digits.")
}

func (r *run) showConflicts(list []team.Conflict, asJSON bool) error {
	now, err := r.codeTime()
	if err != nil {
		return err
	}
	records := make([]conflictRecord, 0, len(list))
	t := newTable("ACCOUNT", "ID", "SET BY", "AT", "CODE NOW")
	for _, c := range list {
		rec := conflictRecord{accountName{string(c.Local), c.Issuer, c.Name}, []choiceRecord{}}
		for _, o := range c.Choices {
			code := ""
			if o.Params.Kind.Rolling() {
				code, _ = o.Params.Code(now)
			}
			rec.Choices = append(rec.Choices, choiceRecord{
				ID: o.ID, Device: string(o.By), Person: personOr(o.Who), Time: rfc3339(o.At), Kind: string(o.Params.Kind), Algorithm: string(o.Params.Algorithm),
				Digits: o.Params.Digits, Period: o.Params.Period, Code: code,
			})
			t.row(nameOr(c.Issuer, c.Name, rec.ID[:8]), o.ID[:min(8, len(o.ID))], callParty(o.Who, o.By), o.At.Local().Format("2006-01-02 15:04"), code)
		}
		records = append(records, rec)
	}
	if asJSON {
		return r.json(records)
	}
	if len(records) == 0 {
		r.note("There is no conflict.")
		return nil
	}
	t.write(r.out)
	return nil
}
