package cli

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/team"
)

func (r *run) shareRename() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "rename VAULT NAME",
		Short: "Give a shared vault another name, for everybody",
		Long: `Give a shared vault another name, for everybody in it. Only members can read it. Editors and
admins may do so.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 || strings.TrimSpace(args[0]) == "" || strings.TrimSpace(args[1]) == "" {
				return usage("Name one shared vault, and say what it is called from now on. Put a name with spaces in quotes.")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, name := cmd.Context(), strings.TrimSpace(args[1])
			return r.inShare(ctx, args[0], func(s *team.Service, st team.Status) error {
				list, err := s.List()
				if err != nil {
					return err
				}
				for _, other := range list {
					if other.ID != st.ID && fold(other.Name) == fold(name) {
						return because("exists", fail(statusFailed, "Another shared vault of that name is here already."))
					}
				}
				rep, err := s.Rename(ctx, st.ID, name)
				if err != nil {
					return err
				}
				return r.shareDone(s, rep, asJSON, "%s is called %s now.", callShare(st), clean(name))
			})
		},
	}
	jsonFlag(cmd, &asJSON, "object")
	return cmd
}

// personRecord is somebody with their devices, in JSON: part of the contract in docs/cli.md.
type personRecord struct {
	Person  string         `json:"person"`
	Me      bool           `json:"me"`
	Devices []memberRecord `json:"devices"`
}

func (r *run) sharePeople() *cobra.Command {
	var who share.Person
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "people VAULT [WHO]",
		Short: "List people with their devices, and say what they are called",
		Long: `List people with their devices, or say what one of them is called from now on, for everybody.
WHO is a device as in the other commands, or the name of a person, which means all devices of
theirs:

  share people VAULT Ben --as Benedict             the person has another name
  share people VAULT Ben/laptop --as Carla         the device belongs to Carla, from now on
  share people VAULT Ben/laptop --device desk      the device has another name

Editors name their own devices, admins everybody's. The safety words stay the same: they
belong to the keys, and names prove nothing.`,
		Args: func(cmd *cobra.Command, args []string) error {
			as, device := cmd.Flags().Changed("as"), cmd.Flags().Changed("device")
			who.Name, who.Device = strings.TrimSpace(who.Name), strings.TrimSpace(who.Device)
			switch {
			case len(args) == 0 || len(args) > 2 || strings.TrimSpace(args[0]) == "" || len(args) == 2 && strings.TrimSpace(args[1]) == "":
				return usage("Name one shared vault and, where you want, one person or device. Put a name with spaces in quotes.")
			case (as || device) && len(args) == 1:
				return usage("--as and --device need a person or a device behind the shared vault.")
			case as && who.Name == "" || device && who.Device == "":
				return usage("--as and --device need a name.")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return r.inShare(ctx, args[0], func(s *team.Service, st team.Status) error {
				list, err := s.Members(st.ID)
				if err != nil {
					return err
				}
				if len(args) == 2 {
					if list, err = r.personOrDevice(list, args[1]); err != nil {
						return err
					}
				}
				if who == (share.Person{}) {
					return r.showPeople(list, asJSON)
				}
				return r.namePeople(ctx, s, st, list, who, asJSON)
			})
		},
	}
	jsonFlag(cmd, &asJSON, "array; with --as or --device an object")
	cmd.Flags().StringVar(&who.Name, "as", "", "the `NAME` of the person the device belongs to")
	cmd.Flags().StringVar(&who.Device, "device", "", "what the device is called: `NAME`")
	return cmd
}

// personOrDevice finds the devices that a word means: one of them, or all of one person who is called so.
func (r *run) personOrDevice(list []share.Info, word string) ([]share.Info, error) {
	parties := make([]party, 0, len(list))
	var theirs []share.Info
	for _, i := range list {
		parties = append(parties, party{device: i.Device, person: i.Person})
		if i.Person.Name != "" && strings.EqualFold(i.Person.Name, strings.TrimSpace(word)) {
			theirs = append(theirs, i)
		}
	}
	if len(theirs) > 0 {
		return theirs, nil
	}
	p, err := r.oneParty(parties, word, "Nobody matches. `tallystick share people` lists people and devices.")
	if err != nil {
		return nil, err
	}
	for _, i := range list {
		if i.Device == p.device {
			return []share.Info{i}, nil
		}
	}
	return nil, nil
}

func (r *run) showPeople(list []share.Info, asJSON bool) error {
	records := []personRecord{}
	at := map[string]int{}
	for _, i := range list {
		key := cmp.Or(strings.ToLower(i.Person.Name), string(i.Device)) // as people are counted: those without a name are not one person
		n, there := at[key]
		if !there {
			n = len(records)
			at[key] = n
			records = append(records, personRecord{Person: i.Person.Name, Devices: []memberRecord{}})
		}
		records[n].Me = records[n].Me || i.Me
		records[n].Devices = append(records[n].Devices, newMemberRecord(i))
	}
	if asJSON {
		return r.json(records)
	}
	t := newTable("PERSON", "DEVICE", "NAME", "ROLE")
	for _, p := range records {
		name := p.Person
		if p.Me {
			name = strings.TrimSpace(name + " (you)")
		}
		for _, d := range p.Devices {
			t.row(name, d.ID, d.Name, d.Role)
			name = ""
		}
	}
	t.write(r.out)
	return nil
}

// namePeople says what a person, the devices of whom are given, or a device is called.
func (r *run) namePeople(ctx context.Context, s *team.Service, st team.Status, list []share.Info, who share.Person, asJSON bool) error {
	if who.Device != "" && len(list) > 1 {
		return usage("%s has %s. Name the one that --device is for, by its id or as PERSON/NAME.", clean(list[0].Person.Name), amount(len(list), "device"))
	}
	var rep team.Report
	// This device last: an editor names devices of their own name, which is that of this device.
	if at := slices.IndexFunc(list, func(i share.Info) bool { return i.Me }); at >= 0 {
		mine := list[at]
		list = append(slices.Delete(list, at, at+1), mine)
	}
	for _, i := range list {
		p := share.Person{Name: cmp.Or(who.Name, i.Person.Name), Device: cmp.Or(who.Device, i.Person.Device)}
		if p.Name == "" {
			return usage("Nobody said yet who this device belongs to: say it with --as.")
		}
		var err error
		if rep, err = s.SetPerson(ctx, st.ID, i.Device, p); err != nil {
			return err
		}
	}
	if len(list) > 1 {
		return r.shareDone(s, rep, asJSON, "%s is called %s now, with %s.", clean(list[0].Person.Name), clean(who.Name), amount(len(list), "device"))
	}
	was := list[0]
	is := share.Person{Name: cmp.Or(who.Name, was.Person.Name), Device: cmp.Or(who.Device, was.Person.Device)}
	return r.shareDone(s, rep, asJSON, "%s is called %s now.", callParty(was.Person, was.Device), callParty(is, was.Device))
}

func (r *run) shareRotate() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "rotate VAULT",
		Short: "Make a new key for everything that follows",
		Long: `Make a new key for everything that follows, and hand it to every device that is a member now.
Nobody has to do anything: each device gets it with its next "share sync". Do it when a key
may be known outside, for instance with somebody's old backup; when a device is removed or
leaves, it happens by itself. Only admins can.

Who has an old key can go on reading what was written with it, if they also reach the
storage. The secrets of the accounts stay the same: those are changed at the portals.`,
		Args: vaultWord,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return r.inShare(ctx, args[0], func(s *team.Service, st team.Status) error {
				rep, err := s.Rotate(ctx, st.ID)
				if err != nil {
					return err
				}
				return r.shareDone(s, rep, asJSON, "All that follows in %s is encrypted with a new key.", callShare(st))
			})
		},
	}
	jsonFlag(cmd, &asJSON, "object")
	return cmd
}
