package cli

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/team"
)

// requestRecord is a device that waits to be confirmed, in JSON: part of the contract in docs/cli.md.
type requestRecord struct {
	ID      string  `json:"id"`     // names the request in other commands
	Device  string  `json:"device"` // the same: it is the device that asks
	Person  string  `json:"person"`
	Name    string  `json:"name"` // of the device
	Role    string  `json:"role"`
	Asked   *string `json:"asked"`   // by its own clock; RFC 3339, UTC
	Expires *string `json:"expires"` // of the invite
	Words   string  `json:"words"`
}

func (r *run) shareRequests() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "requests VAULT",
		Short: "List the devices that wait to be let in, with the words to compare",
		Long: `List the devices that wait to be let in, with the eight words to compare with the person
at that device, who sees them with "share words VAULT". Ask over the telephone or in
person: the same words mean that nobody came in between.`,
		Args: vaultWord,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return r.inShare(ctx, args[0], func(s *team.Service, st team.Status) error {
				list, err := s.Requests(ctx, st.ID)
				if err != nil {
					return err
				}
				records := make([]requestRecord, 0, len(list))
				for _, q := range list {
					words, err := s.Words(st.ID, q.Device)
					if err != nil {
						return err
					}
					records = append(records, requestRecord{
						string(q.Device), string(q.Device), q.Person.Name, q.Person.Device, string(q.Role), moment3339(q.Time), moment3339(q.Expires), words,
					})
				}
				if err := r.sayAfter(s, st.ID); err != nil {
					return err
				}
				if asJSON {
					return r.json(records)
				}
				if len(records) == 0 {
					r.note("Nobody waits to be let in.")
					return nil
				}
				t := newTable("REQUEST", "PERSON", "NAME", "ROLE", "WORDS")
				for _, q := range records {
					t.row(q.ID, q.Person, q.Name, q.Role, q.Words)
				}
				t.write(r.out)
				return nil
			})
		},
	}
	jsonFlag(cmd, &asJSON, "array")
	return cmd
}

// sayAfter tells what the last synchronisation found.
func (r *run) sayAfter(s *team.Service, id share.VaultID) error {
	st, err := s.Status(id)
	if err != nil {
		return err
	}
	if st.Offline {
		r.note("The storage of %s was not reached; this is from the last time.", callShare(st))
	}
	rep := team.Report{ID: id}
	rep.Findings = st.Findings
	r.say(s, rep)
	return nil
}

// wordsRecord is the words of two devices, in JSON: part of the contract in docs/cli.md.
type wordsRecord struct {
	Words    string `json:"words"`
	Device   string `json:"device"` // the other one
	Person   string `json:"person"`
	Verified bool   `json:"verified"`
}

func (r *run) shareWords() *cobra.Command {
	var same, differ, asJSON bool
	cmd := &cobra.Command{
		Use:   "words VAULT [DEVICE]",
		Short: "Show the eight safety words of this device and another",
		Long: `Show the eight safety words of this device and another: a member, or one that waits to be
let in. Read them to each other, on the telephone or in person; the same words on both
sides mean that the keys are those of the two devices and of nobody in between. --same
notes that they were the same, --differ that they were not, or are no longer trusted.

Without DEVICE it is the device that invited this one, for as long as this one waits; the
names of the others are not known before.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || len(args) > 2 || strings.TrimSpace(args[0]) == "" {
				return usage("Name one shared vault and one device. Put a name with spaces in quotes.")
			}
			if same && differ {
				return usage("--same and --differ do not go together.")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return r.inShare(ctx, args[0], func(s *team.Service, st team.Status) error {
				p := party{}
				if len(args) == 2 {
					var err error
					p, err = r.memberOrRequest(ctx, s, st, args[1])
					var f *failure
					if errors.As(err, &f) && f.status == statusNothing && st.State == share.Joining && !same && !differ {
						// Names come with the keys. The words of a wrong device differ, and that is what they are read out for.
						r.note("Names are not known here before you are let in: these are the words with the device that invited you.")
						err = nil
					}
					if err != nil {
						return err
					}
				} else if same || differ {
					return usage("--same and --differ need a device.")
				}
				words, err := s.Words(st.ID, p.device)
				if err != nil && p.device == "" {
					if st.State != share.Joining {
						return usage("Name the device to compare with.")
					}
					if _, err = s.Sync(ctx, st.ID); err == nil { // the chain with the keys of the admin may not have been read yet
						words, err = s.Words(st.ID, "")
					}
				}
				if err != nil {
					return err
				}
				if same || differ {
					if p.waits {
						return usage("This device waits to be let in: `tallystick share confirm` does it.")
					}
					if err := s.Verify(ctx, st.ID, p.device, same); err != nil {
						return err
					}
					if same {
						r.note("Noted: the words of %s are the same.", callParty(p.person, p.device))
					} else {
						r.note("Noted: the words of %s are not the same, or no longer trusted. If they differ, somebody may stand between you: remove that device, and invite again.", callParty(p.person, p.device))
					}
				}
				if p.device == "" {
					if p.device, err = s.Inviter(st.ID); err != nil {
						return err
					}
				}
				rec := wordsRecord{Words: words, Device: string(p.device), Person: p.person.Name}
				infos, err := s.Members(st.ID)
				if err != nil {
					return err
				}
				for _, i := range infos {
					rec.Verified = rec.Verified || i.Device == p.device && i.Verified
				}
				if asJSON {
					return r.json(rec)
				}
				r.print("%s", words)
				return nil
			})
		},
	}
	jsonFlag(cmd, &asJSON, "object")
	cmd.Flags().BoolVar(&same, "same", false, "note that the words were compared, and were the same")
	cmd.Flags().BoolVar(&differ, "differ", false, "note that they were not, or take that back")
	return cmd
}

// memberOrRequest finds a device among the members, and those that wait; a request nobody knows of here is looked for on the storage.
func (r *run) memberOrRequest(ctx context.Context, s *team.Service, st team.Status, word string) (party, error) {
	list, err := members(s, st.ID)
	if err != nil {
		return party{}, err
	}
	var names []named
	for _, p := range list {
		names = append(names, named{string(p.device), []string{p.person.Name, p.person.Device, p.person.Name + "/" + p.person.Device}})
	}
	if len(meant(names, word)) == 0 {
		waiting, err := requests(ctx, s, st.ID)
		if err != nil {
			return party{}, err
		}
		list = append(list, waiting...)
	}
	return r.oneParty(list, word, "No device matches. `tallystick share members` and `requests` list them.")
}

func requests(ctx context.Context, s *team.Service, id share.VaultID) ([]party, error) {
	waiting, err := s.Requests(ctx, id)
	var list []party
	for _, q := range waiting {
		list = append(list, party{device: q.Device, person: q.Person, waits: true})
	}
	return list, err
}

func (r *run) shareConfirm() *cobra.Command {
	var unverified, refuse, asJSON bool
	cmd := &cobra.Command{
		Use:   "confirm VAULT REQUEST",
		Short: "Let a device in, after the words were compared",
		Long: `Let a device in that asked to join, after its words were compared ("share requests" shows
them). At a terminal it shows them once more and asks. Where nobody can be asked, giving
this command says that they were the same; --unverified lets the device in without that,
and --refuse forgets the request.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if unverified && refuse {
				return usage("--unverified and --refuse do not go together.")
			}
			return vaultAndDevice(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return r.inShare(ctx, args[0], func(s *team.Service, st team.Status) error {
				waiting, err := requests(ctx, s, st.ID)
				if err != nil {
					return err
				}
				p, err := r.oneParty(waiting, args[1], "Nobody asked to join under that name. `tallystick share requests` lists who did.")
				if err != nil {
					return err
				}
				called := callParty(p.person, p.device)
				if refuse {
					if err := s.Dismiss(ctx, st.ID, p.device); err != nil {
						return err
					}
					return r.shareDone(s, team.Report{ID: st.ID}, asJSON, "Forgot the request of %s.", called)
				}
				if !unverified && r.canAsk() {
					words, err := s.Words(st.ID, p.device)
					if err != nil {
						return err
					}
					r.note("%s has to see these words:\n\n  %s\n", called, words)
					if err := r.agreeOr(ctx, "Are they the same? [y/N] ", "Nobody was let in. If the words differ, somebody may be in between: make a new invite."); err != nil {
						return err
					}
				}
				rep, err := s.Confirm(ctx, st.ID, p.device, !unverified)
				if err != nil {
					return err
				}
				return r.shareDone(s, rep, asJSON, "%s is in %s now.", called, callShare(st))
			})
		},
	}
	jsonFlag(cmd, &asJSON, "object")
	cmd.Flags().BoolVar(&unverified, "unverified", false, "let it in although nobody compared the words")
	cmd.Flags().BoolVar(&refuse, "refuse", false, "forget the request instead")
	return cmd
}

// agreeOr asks a question that only yes answers; otherwise is said when it was another answer.
func (r *run) agreeOr(ctx context.Context, question, otherwise string) error {
	answer, err := r.env.Terminal.Ask(ctx, question)
	if err != nil {
		return err
	}
	if word := strings.ToLower(strings.TrimSpace(answer)); word != "y" && word != "yes" {
		return fail(statusFailed, "%s", otherwise)
	}
	return nil
}

func (r *run) shareRole() *cobra.Command {
	var named string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "role VAULT DEVICE [ROLE]",
		Short: "Make a device an admin, an editor or a viewer",
		Long: `Give a device another role: admin, editor or viewer. A viewer sees codes and changes
nothing, an editor changes accounts, an admin also changes who takes part. The last admin
hands over by making somebody else one.

Without ROLE it prints the role that the device has.`,
		Args: func(_ *cobra.Command, args []string) error {
			bad := usage("Name one shared vault, one device, and the role: admin, editor or viewer.")
			if len(args) < 2 || len(args) > 3 || strings.TrimSpace(args[0]) == "" || strings.TrimSpace(args[1]) == "" || len(args) == 3 && named != "" {
				return bad
			}
			if len(args) == 3 {
				named = args[2]
			}
			if named = strings.ToLower(strings.TrimSpace(named)); named != "" && !share.Role(named).Valid() || named == "" && len(args) == 3 {
				return bad
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, role := cmd.Context(), share.Role(named)
			if role == "" {
				return r.showRole(ctx, args[0], args[1], asJSON)
			}
			return r.inShare(ctx, args[0], func(s *team.Service, st team.Status) error {
				list, err := members(s, st.ID)
				if err != nil {
					return err
				}
				p, err := r.oneParty(list, args[1], "No device matches. `tallystick share members` lists them.")
				if err != nil {
					return err
				}
				rep, err := s.SetRole(ctx, st.ID, p.device, role)
				if err != nil {
					return err
				}
				return r.shareDone(s, rep, asJSON, "%s is %s now.", callParty(p.person, p.device), article(role))
			})
		},
	}
	jsonFlag(cmd, &asJSON, "object")
	cmd.Flags().StringVar(&named, "role", "", "the same as `ROLE` behind the device")
	return cmd
}

// showRole prints the role of a device.
func (r *run) showRole(ctx context.Context, vaultWord, deviceWord string, asJSON bool) error {
	return r.inShare(ctx, vaultWord, func(s *team.Service, st team.Status) error {
		infos, err := s.Members(st.ID)
		if err != nil {
			return err
		}
		list := make([]party, 0, len(infos))
		for _, i := range infos {
			list = append(list, party{device: i.Device, person: i.Person})
		}
		p, err := r.oneParty(list, deviceWord, "No device matches. `tallystick share members` lists them.")
		if err != nil {
			return err
		}
		i := slices.IndexFunc(infos, func(i share.Info) bool { return i.Device == p.device })
		if asJSON {
			return r.json(newMemberRecord(infos[i]))
		}
		r.print("%s", infos[i].Role)
		return nil
	})
}

func article(role share.Role) string {
	if role == share.Viewer {
		return "a viewer"
	}
	return "an " + string(role)
}

func (r *run) shareRemove() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "remove VAULT DEVICE",
		Short: "Remove a device that was lost, or of somebody who left",
		Long: `Remove a device that was lost, or of somebody who left. From then on it gets nothing new:
the others have another key. What it has read it may keep, so "share reenroll" lists the
accounts to enroll again at their portals. Also withdraw its access to the storage.`,
		Args: vaultAndDevice,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return r.inShare(ctx, args[0], func(s *team.Service, st team.Status) error {
				list, err := members(s, st.ID)
				if err != nil {
					return err
				}
				p, err := r.oneParty(list, args[1], "No device matches. `tallystick share members` lists them.")
				if err != nil {
					return err
				}
				if p.device == st.Me {
					return fail(statusFailed, "That is this device. `tallystick share leave` takes it out.")
				}
				rep, err := s.Remove(ctx, st.ID, p.device)
				if err != nil {
					return err
				}
				exposed, err := s.Reenroll(st.ID)
				if err != nil {
					return err
				}
				exposed = slices.DeleteFunc(exposed, func(x team.Exposed) bool { return !slices.Contains(x.Exposed.To, p.device) })
				if len(exposed) > 0 {
					r.note("It knew the secrets of %s: `tallystick share reenroll` lists what to enroll again. Withdraw its access to the storage as well.", amount(len(exposed), "account"))
				}
				return r.shareDone(s, rep, asJSON, "%s is removed from %s.", callParty(p.person, p.device), callShare(st))
			})
		},
	}
	jsonFlag(cmd, &asJSON, "object")
	return cmd
}

func (r *run) shareRedo() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "redo VAULT ENTRY",
		Short: "Make a change of members again that lost against another one",
		Long: `Make a change of members again that lost against another one made at the same time by
another admin. ENTRY is what the finding "redo" of "share status --json" names, or at least
its first four digits.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 || strings.TrimSpace(args[0]) == "" || len(args[1]) < minIDPrefix {
				return usage("Name one shared vault, and the entry.")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, word := cmd.Context(), strings.ToLower(args[1])
			return r.inShare(ctx, args[0], func(s *team.Service, st team.Status) error {
				var found []share.Hash
				for _, f := range st.Findings {
					if f.Kind == share.Redo && strings.HasPrefix(string(f.Entry), word) {
						found = append(found, f.Entry)
					}
				}
				if len(found) != 1 {
					return fail(statusNothing, "No change of members waits to be made again under that name.")
				}
				rep, err := s.Redo(ctx, st.ID, found[0])
				if err != nil {
					return err
				}
				return r.shareDone(s, rep, asJSON, "Made the change of members again.")
			})
		},
	}
	jsonFlag(cmd, &asJSON, "object")
	return cmd
}

// leaveRecord tells of a shared vault that was left: part of the contract in docs/cli.md.
type leaveRecord struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Kept bool   `json:"kept"` // the accounts are this vault's own now
}

func (r *run) shareLeave() *cobra.Command {
	var keep, forget, asJSON bool
	cmd := &cobra.Command{
		Use:   "leave VAULT",
		Short: "Take this device out of a shared vault",
		Long: `Take this device out of a shared vault. What it changed last goes out first, so the
storage has to be reached. Its accounts go to the trash here, or stay as this vault's own
with --keep; the others keep everything. The last admin hands over first.

--forget drops the shared vault without telling anybody, for one whose storage is gone.`,
		Args: vaultWord,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			m, s, err := r.teams(ctx)
			if err != nil {
				return err
			}
			defer func() { _ = m.Close() }()
			st, err := r.oneShare(s, args[0])
			if err != nil {
				return err
			}
			if forget {
				err = s.Forget(ctx, st.ID, keep)
			} else {
				err = s.Leave(ctx, st.ID, keep)
			}
			if errors.Is(err, store.ErrOffline) {
				return because("offline", fail(statusOffline, "The storage was not reached, and the others learn of it there. Leave again when it is; --forget drops the shared vault without telling anybody."))
			}
			if err != nil {
				return err
			}
			if asJSON {
				return r.json(leaveRecord{string(st.ID), st.Name, keep})
			}
			if keep {
				r.print("Left %s. Its accounts are this vault's own now.", callShare(st))
			} else {
				r.print("Left %s. Its accounts are in the trash.", callShare(st))
			}
			return nil
		},
	}
	jsonFlag(cmd, &asJSON, "object")
	cmd.Flags().BoolVar(&keep, "keep", false, "keep the accounts, as this vault's own")
	cmd.Flags().BoolVar(&forget, "forget", false, "drop it here without telling anybody")
	return cmd
}
