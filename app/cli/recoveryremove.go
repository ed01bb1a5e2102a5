package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/recovery"
)

func (r *run) recoveryRemove() *cobra.Command {
	var replaced, yes, asJSON bool
	cmd := &cobra.Command{
		Use:   "remove ACCOUNT SHEET|--replaced",
		Short: "Delete a sheet of recovery keys that was replaced",
		Long: `Delete a sheet of recovery keys that was replaced by a newer one, or all of them with
--replaced. SHEET is its id in "tallystick recovery list", or at least the first four
digits of it. A sheet whose keys the portal still takes is not deleted.

That asks first, and where nobody can be asked it needs --yes: some portals take the
keys of sheets they have replaced.`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case replaced && len(args) == 1 && strings.TrimSpace(args[0]) != "":
				return nil
			case !replaced && len(args) == 2 && strings.TrimSpace(args[0]) != "" && len(args[1]) >= 4:
				return nil
			}
			return usage("Name one account and the id of a sheet, or --replaced. Put a name with spaces in quotes.")
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			sheet := ""
			if !replaced {
				sheet = strings.ToLower(args[1])
			}
			return r.removeSheets(cmd.Context(), args[0], sheet, yes, asJSON)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&replaced, "replaced", false, "all sheets that were replaced")
	f.BoolVar(&yes, "yes", false, "do not ask")
	f.BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

// deadSheets are the replaced sheets whose id begins so; all of them for "".
func deadSheets(a vault.Account, prefix string) ([]recovery.Sheet, error) {
	var found []recovery.Sheet
	valid := false
	for _, s := range a.Recovery {
		switch {
		case !strings.HasPrefix(s.ID, prefix):
		case s.Valid():
			valid = true
		default:
			found = append(found, s)
		}
	}
	switch {
	case len(found) == 0 && valid && prefix != "":
		return nil, recovery.ErrValid
	case len(found) == 0 && prefix == "":
		return nil, fail(statusNothing, "No sheet of this account was replaced.")
	case len(found) == 0:
		return nil, fail(statusNothing, "There is no sheet of that id. `tallystick recovery list` shows them.")
	case prefix != "" && len(found) > 1:
		return nil, fail(statusFailed, "Several sheets have an id that begins so. Give more of it.")
	}
	return found, nil
}

// removeSheets deletes replaced sheets. The question is asked before the vault is locked for
// writing; the sheets are then found again by their ids.
func (r *run) removeSheets(ctx context.Context, text, prefix string, yes, asJSON bool) error {
	m, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	var ids []string
	var id vault.ID
	unused := 0
	err = m.Read(func(v *vault.Vault) error {
		a, err := r.one(v.Accounts(), text)
		if err != nil {
			return err
		}
		found, err := deadSheets(a, prefix)
		for _, s := range found {
			ids = append(ids, s.ID)
			for _, k := range s.Keys {
				if k.Used.IsZero() {
					unused++
				}
			}
		}
		id = a.ID
		return err
	})
	if err != nil {
		return err
	}
	what := amount(len(ids), "replaced sheet") + " with " + amount(unused, "unused key")
	if err := r.agree(ctx, yes, "Delete "+what+"? They cannot be brought back. [y/N] "); err != nil {
		return err
	}
	var kept keptRecord
	err = r.update(ctx, m, func(v *vault.Vault) error {
		for _, sheet := range ids {
			if err := v.RemoveSheet(id, sheet, r.env.Now()); err != nil && !errors.Is(err, recovery.ErrNotFound) {
				return err // one that is gone already is as good as deleted
			}
		}
		a, _ := v.Account(id)
		kept = newKept(a, a.Recovery, false)
		return nil
	})
	if err != nil {
		return err
	}
	if asJSON {
		return r.json(struct {
			Removed int `json:"removed"` // sheets
			keptRecord
		}{len(ids), kept})
	}
	r.print("Deleted %s.", what)
	return nil
}
