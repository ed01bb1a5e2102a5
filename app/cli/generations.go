package cli

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/secret"
)

func (r *run) vaultCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "vault",
		Short: "Look at the older copies of the vault, and go back to one",
		Long: `Look at the older copies of the vault, and go back to one. With every save the file that
was there is kept: the last five, and the last one of each of the last seven days.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(*cobra.Command, []string) error { return usage("Say generations or restore.") },
	}
	cmd.AddCommand(r.vaultGenerations(), r.vaultRestore())
	return cmd
}

// generationRecord is an older copy: part of the contract in docs/cli.md.
type generationRecord struct {
	Number int       `json:"number"` // from 1, the newest
	Saved  time.Time `json:"saved"`
	Bytes  int64     `json:"bytes"`
	File   string    `json:"file"`
}

func recordOfGeneration(i int, g vault.Generation) generationRecord {
	return generationRecord{Number: i + 1, Saved: g.Saved.UTC(), Bytes: g.Bytes, File: g.Path}
}

func (r *run) vaultGenerations() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "generations",
		Short: "List the older copies of the vault, the newest first",
		Long: `List the older copies of the vault, the newest first. Nothing is opened, so no passphrase is
asked for; whether a copy can be read shows when it is restored.`,
		Args: maxArgs(0),
		RunE: func(*cobra.Command, []string) error { return r.listGenerations(asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON array")
	return cmd
}

// generations are the older copies, in the order of their numbers.
func (r *run) generations() (*vault.Manager, []vault.Generation, error) {
	m, _, err := r.manager(false)
	if err != nil {
		return nil, nil, err
	}
	list, err := m.Generations()
	if err == nil && len(list) == 0 {
		err = fail(statusNothing, "There are no older copies of the vault here.")
	}
	if err != nil {
		_ = m.Close()
		return nil, nil, err
	}
	return m, list, nil
}

func (r *run) listGenerations(asJSON bool) error {
	m, list, err := r.generations()
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	records := make([]generationRecord, len(list))
	for i, g := range list {
		records[i] = recordOfGeneration(i, g)
	}
	if asJSON {
		return r.json(records)
	}
	for _, g := range records {
		r.print("%2d  %s  %d kB", g.Number, g.Saved.In(r.env.Now().Location()).Format("2 January 2006, 15:04:05"), (g.Bytes+999)/1000)
	}
	return nil
}

func (r *run) vaultRestore() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "restore N|TIME",
		Short: "Put an older copy in the place of the vault",
		Long: `Put an older copy in the place of the vault: the one with that number in "vault generations",
or with that time of saving, as its --json prints it. What was added or changed after it
was saved is then missing. What it replaces is kept: among the older copies, or as
damaged-….age beside them where it cannot be read.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("Name one of the older copies by its number.")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.restoreGeneration(cmd.Context(), args[0], asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object about what was restored")
	return cmd
}

func (r *run) restoreGeneration(ctx context.Context, which string, asJSON bool) error {
	m, list, err := r.generations()
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	chosen, err := chooseGeneration(list, which)
	if err != nil {
		return err
	}
	record := recordOfGeneration(chosen, list[chosen])
	err = r.withPassphrase(ctx, func(pass secret.Bytes) error { return m.RestoreGeneration(ctx, list[chosen], pass) })
	if err != nil {
		return err
	}
	accounts := 0
	err = m.Read(func(v *vault.Vault) error {
		r.noteBroken(v)
		accounts = v.Len()
		return nil
	})
	if err != nil {
		return err
	}
	if asJSON {
		return r.json(struct {
			Saved    time.Time `json:"saved"`
			Accounts int       `json:"accounts"`
		}{record.Saved, accounts})
	}
	r.print("The vault is as it was saved on %s: %s. What was there before is kept among the older copies.",
		record.Saved.In(r.env.Now().Location()).Format("2 January 2006, 15:04:05"), amount(accounts, "account"))
	return nil
}

// chooseGeneration finds the copy that a number or a time of saving names.
func chooseGeneration(list []vault.Generation, which string) (int, error) {
	if at, err := time.Parse(time.RFC3339Nano, which); err == nil {
		for i, g := range list {
			if g.Saved.Equal(at) {
				return i, nil
			}
		}
		return 0, fail(statusNothing, "No older copy was saved at that time. `tallystick vault generations` lists them.")
	}
	n, err := strconv.Atoi(which)
	if err != nil {
		return 0, usage("Name an older copy by its number, or by its time as `tallystick vault generations --json` prints it.")
	}
	if n < 1 || n > len(list) {
		return 0, fail(statusNothing, "There is no older copy %d; there are %d. `tallystick vault generations` lists them.", n, len(list))
	}
	return n - 1, nil
}
