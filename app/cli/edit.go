package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/vault"
)

// change is one thing to alter on an account.
type change func(*vault.Account)

func (r *run) editCommand() *cobra.Command {
	var (
		issuer, name, url string
		tags, untags      []string
		favourite, note   bool
		asJSON            bool
	)
	cmd := &cobra.Command{
		Use:   "edit ACCOUNT",
		Short: "Change the names, tags, note or address of an account",
		Long: `Change what an account is called and how it is found. The key stays as it is:
"add - --over ACCOUNT" gives the account another one.`,
		Args: oneAccount,
		RunE: func(cmd *cobra.Command, args []string) error {
			var changes []change
			set := func(flag string, c change) {
				if cmd.Flags().Changed(flag) {
					changes = append(changes, c)
				}
			}
			set("issuer", func(a *vault.Account) { a.Issuer = issuer })
			set("name", func(a *vault.Account) { a.Name = name })
			set("url", func(a *vault.Account) { a.URL = url })
			set("favourite", func(a *vault.Account) { a.Favourite = favourite })
			set("untag", func(a *vault.Account) {
				for _, t := range untags {
					a.Tags = withoutTag(a.Tags, t)
				}
			})
			set("tag", func(a *vault.Account) {
				for _, t := range tags {
					a.Tags = withTag(a.Tags, t)
				}
			})
			if note {
				text, err := r.bodyBytes(maxInput)
				if err != nil {
					return err
				}
				changes = append(changes, func(a *vault.Account) { a.Note = trimLineEnds(text) })
			}
			if len(changes) == 0 {
				return usage("Say what to change, for example --name or --tag.")
			}
			return r.edit(cmd.Context(), args[0], changes, asJSON)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&issuer, "issuer", "", "the portal's `NAME`")
	f.StringVar(&name, "name", "", "the `NAME` one signs in with")
	f.StringArrayVar(&tags, "tag", nil, "put a `TAG` on it; may be given several times")
	f.StringArrayVar(&untags, "untag", nil, "take a `TAG` off it; may be given several times")
	f.BoolVar(&favourite, "favourite", false, "make it a favourite (--favourite=false: no longer)")
	f.StringVar(&url, "url", "", "the `ADDRESS` where one signs in")
	f.BoolVar(&note, "note-stdin", false, "take the note from standard input")
	f.BoolVar(&asJSON, "json", false, "print the account as a JSON array")
	return cmd
}

func (r *run) edit(ctx context.Context, text string, changes []change, asJSON bool) error {
	var edited vault.Account
	err := r.updateClosing(ctx, func(v *vault.Vault) error {
		a, err := r.one(v.Accounts(), text)
		if err != nil {
			return err
		}
		for _, c := range changes {
			c(&a)
		}
		edited = a
		return v.Put(a, r.env.Now())
	})
	if err != nil {
		return err
	}
	if asJSON {
		return r.jsonAccounts([]vault.Account{edited}, false)
	}
	r.print("Changed %s (%s).", nameOr(edited.Issuer, edited.Name, ""), string(edited.ID)[:8])
	return nil
}

func trimLineEnds(text []byte) string {
	for len(text) > 0 && (text[len(text)-1] == '\n' || text[len(text)-1] == '\r') {
		text = text[:len(text)-1]
	}
	return string(text)
}
