package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/vault"
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
			return r.readClosing(cmd.Context(), func(v *vault.Vault) error {
				list := v.Accounts()
				if trash {
					list = v.Trash()
				}
				q := parseQuery(first(args))
				found := q.filter(list)
				if asJSON {
					if err := r.jsonAccounts(found, showSecrets); err != nil {
						return err
					}
				} else if len(found) > 0 {
					r.accountTable(found, shortIDs(list), trash, showSecrets)
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

func (r *run) accountTable(list []vault.Account, short map[vault.ID]string, trash, showSecrets bool) {
	head := []string{"ID", "KIND", "ISSUER", "NAME", "TAGS"}
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
