package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/vault"
)

func (r *run) removeCommand() *cobra.Command {
	var forEver, yes bool
	cmd := &cobra.Command{
		Use:   "remove ACCOUNT",
		Short: "Put an account into the trash",
		Long: `Put an account into the trash, where it can be restored for 30 days.

With --for-ever it is gone at once, from the trash as well. That asks first, and
where nobody can be asked it needs --yes. Turn the second step off at the portal
before: without the account you cannot sign in there.`,
		Args: oneAccount,
		RunE: func(cmd *cobra.Command, args []string) error {
			if yes && !forEver {
				return usage("--yes goes with --for-ever.")
			}
			if forEver {
				return r.purge(cmd.Context(), args[0], yes)
			}
			return r.remove(cmd.Context(), args[0])
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&forEver, "for-ever", false, "delete it at once, or out of the trash")
	f.BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func (r *run) restoreCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "restore ACCOUNT",
		Short: "Take an account out of the trash",
		Long:  "Take an account out of the trash. `tallystick list --trash` shows what is there.",
		Args:  oneAccount,
		RunE: func(cmd *cobra.Command, args []string) error {
			var a vault.Account
			err := r.updateClosing(cmd.Context(), func(v *vault.Vault) (err error) {
				if a, err = r.one(v.Trash(), args[0]); err != nil {
					return err
				}
				return v.Restore(a.ID)
			})
			if err != nil {
				return err
			}
			r.print("Restored %s (%s).", nameOr(a.Issuer, a.Name, ""), string(a.ID)[:8])
			return nil
		},
	}
}

func (r *run) remove(ctx context.Context, text string) error {
	var a vault.Account
	err := r.updateClosing(ctx, func(v *vault.Vault) (err error) {
		if a, err = r.one(v.Accounts(), text); err != nil {
			return err
		}
		return v.Remove(a.ID, r.env.Now())
	})
	if err != nil {
		return err
	}
	short := string(a.ID)[:8]
	r.print("Put %s into the trash. `tallystick restore %s` brings it back within %d days.",
		nameOr(a.Issuer, a.Name, ""), short, vault.TrashDays)
	return nil
}

// purge deletes an account that is live or in the trash. The question is asked before the
// vault is locked for writing; the account is then found again by its id.
func (r *run) purge(ctx context.Context, text string, yes bool) error {
	m, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	var a vault.Account
	err = m.Read(func(v *vault.Vault) (err error) {
		a, err = r.one(append(v.Accounts(), v.Trash()...), text)
		return err
	})
	if err != nil {
		return err
	}
	called, id, live := nameOr(a.Issuer, a.Name, ""), a.ID, a.Trashed.IsZero()
	if !yes {
		if !r.env.StdinTerminal || r.env.Terminal == nil {
			return usage("Deleting for ever needs --yes where nobody can be asked.")
		}
		answer, err := r.env.Terminal.Ask(ctx, "Delete "+called+" for ever? It cannot be brought back. [y/N] ")
		if err != nil {
			return err
		}
		if word := strings.ToLower(strings.TrimSpace(answer)); word != "y" && word != "yes" {
			return fail(statusFailed, "Nothing was deleted.")
		}
	}
	err = r.update(ctx, m, func(v *vault.Vault) error {
		if live {
			if err := v.Remove(id, r.env.Now()); err != nil {
				return err
			}
		}
		return v.Purge(id)
	})
	if err != nil {
		return err
	}
	r.print("Deleted %s for ever.", called)
	return nil
}
