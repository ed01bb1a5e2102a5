package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/share/team"
)

func (r *run) listCommand() *cobra.Command {
	var trash, asJSON, showSecrets bool
	cmd := &cobra.Command{
		Use:   "list [QUERY]",
		Short: "List accounts",
		Long: `List accounts, in the person's own order, without codes.

QUERY is an id, the beginning of one (4 digits or more), or words that all occur
in the issuer, the name or the tags. No query means every account.`,
		Args: maxArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, s, err := r.teams(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { _ = m.Close() }()
			badges, err := s.Badges()
			if err != nil {
				return err
			}
			return m.Read(func(v *vault.Vault) error {
				r.noteBroken(v)
				list := v.Accounts()
				if trash {
					list = v.Trash()
				}
				q := parseQuery(first(args))
				found := q.filter(list)
				if asJSON {
					records := make([]listRecord, 0, len(found))
					for _, a := range found {
						records = append(records, listRecord{newRecord(a, showSecrets), newSharedRecord(badges[a.Shared])})
					}
					if err := r.json(records); err != nil {
						return err
					}
				} else if len(found) > 0 {
					r.accountTable(found, shortIDs(list), badges, trash, showSecrets)
				}
				switch {
				case len(found) == 0 && !q.all():
					return fail(statusNothing, "No account matches.")
				case len(found) == 0 && !asJSON && trash:
					r.note("The trash is empty.")
				case len(found) == 0 && !asJSON:
					r.note("There are no accounts yet. `tallystick add -` adds one.")
				}
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&trash, "trash", false, "removed accounts, newest first")
	f.BoolVar(&asJSON, "json", false, "print a JSON array")
	f.BoolVar(&showSecrets, "show-secrets", false, "add the keys, in base32")
	return cmd
}

func (r *run) jsonAccounts(list []vault.Account, showSecrets bool) error {
	records := make([]record, 0, len(list))
	for _, a := range list {
		records = append(records, newRecord(a, showSecrets))
	}
	return r.json(records)
}

// listRecord is a record with the shared vault the account belongs to.
type listRecord struct {
	record
	Shared *sharedRecord `json:"shared,omitempty"` // only there for accounts of a shared vault
}

type sharedRecord struct {
	ID       string `json:"id"`
	Vault    string `json:"vault"` // its name
	People   int    `json:"people"`
	Writable bool   `json:"writable"` // this device may change accounts
}

func newSharedRecord(b team.Badge) *sharedRecord {
	if b.ID == "" {
		return nil
	}
	return &sharedRecord{string(b.ID), b.Name, b.People, b.Writes}
}

func (r *run) accountTable(list []vault.Account, short map[vault.ID]string, badges map[string]team.Badge, trash, showSecrets bool) {
	head := []string{"ID", "KIND", "ISSUER", "NAME", "TAGS"}
	anyShared := slices.ContainsFunc(list, func(a vault.Account) bool { return badges[a.Shared].ID != "" })
	if anyShared {
		head = append(head, "SHARED")
	}
	if trash {
		head = append(head, "KEPT FOR")
	}
	if showSecrets {
		head = append(head, "KEY")
	}
	t := newTable(head...)
	for _, a := range list {
		name := a.Name
		if a.Favourite {
			name += " *"
		}
		cells := []string{short[a.ID], string(a.Params.Kind), a.Issuer, name, strings.Join(a.Tags, ", ")}
		if b := badges[a.Shared]; b.ID != "" {
			cells = append(cells, b.Name+", "+people(b.People))
		} else if anyShared {
			cells = append(cells, "")
		}
		if trash {
			cells = append(cells, r.keptFor(a))
		}
		if showSecrets {
			cells = append(cells, *newRecord(a, true).Secret)
		}
		t.row(cells...)
	}
	t.write(r.out)
}

// keptFor is how long a removed account can still be restored.
func (r *run) keptFor(a vault.Account) string {
	const day = 24 * time.Hour
	left := a.Trashed.Add(vault.TrashDays * day).Sub(r.env.Now())
	switch days := int((left + day - 1) / day); {
	case days <= 0:
		return "goes next"
	case days == 1:
		return "1 day"
	default:
		return fmt.Sprintf("%d days", days)
	}
}
