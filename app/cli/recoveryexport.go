package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/app/print"
	"github.com/tallystick/tallystick/vault"
)

func (r *run) recoveryExport() *cobra.Command {
	var all, force, asJSON bool
	cmd := &cobra.Command{
		Use:   "export ACCOUNT|--all FILE",
		Short: "Write recovery keys to a file to print or keep elsewhere",
		Long: `Write the recovery keys of one account, or of all, to a text file; to a PDF to print
when FILE ends in .pdf. Sheets that were replaced are left out.

Everybody who gets the file can read it and use the keys. It is readable by you only
where it is written; print it and delete it.`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case all && len(args) == 1 && args[0] != "":
				return nil
			case !all && len(args) == 2 && strings.TrimSpace(args[0]) != "" && args[1] != "":
				return nil
			}
			return usage("Name one account and a file, or --all and a file. Put a name with spaces in quotes.")
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			account := ""
			if !all {
				account = args[0]
			}
			return r.exportOf(cmd.Context(), account, args[len(args)-1], force, asJSON)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&all, "all", false, "of every account that has recovery keys")
	f.BoolVar(&force, "force", false, "replace a file that is there")
	f.BoolVar(&asJSON, "json", false, "print a JSON object about what was written")
	return cmd
}

// exportOf writes the keys of one account, or of all for "".
func (r *run) exportOf(ctx context.Context, account, file string, force, asJSON bool) error {
	m, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	var list []vault.Account
	defer func() {
		for _, a := range list {
			a.Recovery.Wipe()
		}
	}()
	err = m.Read(func(v *vault.Vault) error {
		r.noteBroken(v)
		found := v.Accounts()
		if account != "" {
			a, err := r.one(found, account)
			if err != nil {
				return err
			}
			found = []vault.Account{a}
		}
		for _, a := range found {
			if a.Recovery.Total() > 0 {
				a.Recovery = a.Recovery.Clone()
				list = append(list, a)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(list) > 0 {
		key, err := r.recoveryKey(ctx, m)
		if err != nil {
			return err
		}
		for i := range list {
			for k, s := range list[i].Recovery {
				if !s.Valid() {
					continue // is not written
				}
				open, err := key.Open(s)
				if err != nil {
					return err // half of the keys, unnoticed, would be worse than none
				}
				s.Wipe()
				list[i].Recovery[k] = open
			}
		}
	}
	return r.exportKeys(list, file, force, asJSON)
}

func (r *run) exportKeys(list []vault.Account, file string, force, asJSON bool) error {
	sheets, accounts, keys := sheetsToPrint(list)
	if keys == 0 {
		return fail(statusNothing, "There are no recovery keys to write.")
	}
	now := r.env.Now()
	var doc bytes.Buffer
	if isPDF := strings.EqualFold(filepath.Ext(file), ".pdf"); isPDF {
		err := print.RecoveryPDF(&doc, now, sheets)
		if errors.Is(err, print.ErrCharacter) {
			return fail(statusFailed, "A key has a character that cannot be printed. Export to a text file instead.")
		}
		if err != nil {
			return err
		}
	} else {
		writeSheets(&doc, now, sheets)
	}
	defer clear(doc.Bytes())
	if err := writePrivate(file, doc.Bytes(), force); err != nil {
		return exists(err)
	}
	r.note("Everybody who gets this file can read it and use the keys. Delete it when it is printed.")
	if asJSON {
		return r.json(struct {
			File     string `json:"file"`
			Accounts int    `json:"accounts"`
			Keys     int    `json:"keys"`
		}{file, accounts, keys})
	}
	r.print("Wrote %s of %s to %s.", amount(keys, "recovery key"), amount(accounts, "account"), clean(file))
	return nil
}

// sheetsToPrint are the valid sheets of accounts, which keep the memory of the keys.
func sheetsToPrint(list []vault.Account) (sheets []print.Sheet, accounts, keys int) {
	for _, a := range list {
		before := keys
		for _, s := range a.Recovery {
			if !s.Valid() {
				continue
			}
			p := print.Sheet{Title: nameOr(a.Issuer, a.Name, string(a.ID)[:8])}
			var about []string
			for _, part := range []string{s.Origin.Service, s.Origin.File} {
				if part != "" {
					about = append(about, clean(part))
				}
			}
			p.About = strings.Join(append(about, "kept since "+s.Added.Format(time.DateOnly)), ", ")
			for _, k := range s.Keys {
				p.Keys = append(p.Keys, print.Key{Text: k.Text, Used: k.Used})
				keys++
			}
			sheets = append(sheets, p)
		}
		if keys > before {
			accounts++
		}
	}
	return sheets, accounts, keys
}

// writeSheets is the same as text: `recovery parse` reads it back.
func writeSheets(b *bytes.Buffer, now time.Time, sheets []print.Sheet) {
	fmt.Fprintf(b, "Recovery keys, %s\nWhoever has this file can use them.\n", now.Format(time.DateOnly))
	for _, s := range sheets {
		fmt.Fprintf(b, "\n%s\n%s\n\n", s.Title, s.About)
		for _, k := range s.Keys {
			b.Write(k.Text.Reveal())
			if !k.Used.IsZero() {
				fmt.Fprintf(b, "  (used %s)", k.Used.Format(time.DateOnly))
			}
			b.WriteByte('\n')
		}
	}
}
