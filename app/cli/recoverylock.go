package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
)

// errNeedRecoveryPass is what a command ends with that needs the passphrase of the recovery
// keys and has nobody to ask.
var errNeedRecoveryPass = fail(statusLocked, "The recovery keys are sealed under a passphrase of their own: run this at a terminal, or give --recovery-passphrase-stdin.")

// recoveryPassphrase is the passphrase of the recovery keys: the line of standard input after
// that of --passphrase-stdin, or typed.
func (r *run) recoveryPassphrase(ctx context.Context, prompt string) (secret.Bytes, error) {
	if r.recoveryStdin {
		line, err := r.recoveryLine()
		if err == nil && line.IsEmpty() {
			err = errNeedRecoveryPass
		}
		return line, err
	}
	if r.env.Terminal == nil {
		return secret.Bytes{}, errNeedRecoveryPass
	}
	pass, err := r.env.Terminal.Secret(ctx, prompt)
	r.wipe = append(r.wipe, pass)
	if err == nil && pass.IsEmpty() {
		err = errNeedRecoveryPass
	}
	return pass, err
}

// recoveryLine is that line, read once and remembered. The passphrase of the vault comes
// before it, whether the vault was asked for it or not.
func (r *run) recoveryLine() (secret.Bytes, error) {
	if r.recoveryRead {
		return r.recoveryPass, nil
	}
	if r.passphraseStdin {
		if _, err := r.passphraseLine(); err != nil {
			return secret.Bytes{}, err
		}
	}
	line, err := r.inputLine()
	if err != nil {
		return secret.Bytes{}, err
	}
	r.recoveryRead, r.recoveryPass = true, line
	return line, nil
}

// recoveryKey is what opens the recovery keys of an open vault; nil where they are not
// sealed. It is wiped when the command ends.
func (r *run) recoveryKey(ctx context.Context, m *vault.Manager) (*vault.RecoveryKey, error) {
	sealed := false
	if err := m.Read(func(v *vault.Vault) error { sealed = v.RecoverySealed(); return nil }); err != nil {
		return nil, err
	}
	if !sealed {
		if r.recoveryStdin { // taken all the same, so that a script can do the same everywhere
			if _, err := r.recoveryLine(); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}
	for try := 1; ; try++ {
		pass, err := r.recoveryPassphrase(ctx, "Passphrase of the recovery keys: ")
		if err != nil {
			return nil, err
		}
		key, err := m.OpenRecovery(ctx, pass)
		if err == nil {
			r.keys = append(r.keys, key)
			return key, nil
		}
		if !errors.Is(err, vault.ErrPassphrase) || r.recoveryStdin || try == tries {
			return nil, err
		}
		r.note("That passphrase is not right.")
	}
}

// openedSheets are copies of an account's sheets with the texts of their keys, for the caller
// to wipe. A sheet that this key does not open, as one can come out of a backup with another
// passphrase, stays sealed.
func openedSheets(list recovery.Sheets, key *vault.RecoveryKey) (recovery.Sheets, error) {
	out := make(recovery.Sheets, len(list))
	for i, s := range list {
		open, err := key.Open(s)
		switch {
		case errors.Is(err, vault.ErrRecoverySealed):
			open = s.Clone()
		case err != nil:
			out.Wipe()
			return nil, err
		}
		out[i] = open
	}
	return out, nil
}

func (r *run) recoveryPassphraseCommand() *cobra.Command {
	var yes bool
	forget := &cobra.Command{
		Use: "forget", Short: "Delete all sealed recovery keys and the forgotten passphrase", Args: maxArgs(0),
		Long: `Delete all recovery keys that are sealed under a passphrase nobody knows any longer,
and the passphrase with them. Accounts and codes stay. That asks first, and where
nobody can be asked it needs --yes. Get new keys from the portals before.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.forgetRecovery(cmd.Context(), yes) },
	}
	forget.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd := &cobra.Command{
		Use:   "passphrase",
		Short: "Set, change or remove a second passphrase for all recovery keys",
		Long: `Set, change or remove a passphrase of the recovery keys alone, so that codes and
recovery keys are not in one hand: whoever opens the vault sees how many keys are
left, and can keep new ones, but only this passphrase shows them.

At a terminal it prompts. With --recovery-passphrase-stdin the current one is the
first line of standard input and the new one the second; "set" takes the new one
alone, "remove" the current one. With --passphrase-stdin the passphrase of the vault
comes before them.

Older copies of the vault are changed with it. Files that were copied elsewhere, and
what is left of deleted ones on the disk, keep the recovery keys as they were.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(*cobra.Command, []string) error {
			return usage("Say set, change, remove or forget.")
		},
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "set", Short: "Set a passphrase where there is none", Args: maxArgs(0),
			RunE: func(cmd *cobra.Command, _ []string) error { return r.setRecovery(cmd.Context()) },
		},
		&cobra.Command{
			Use: "change", Short: "Change the passphrase", Args: maxArgs(0),
			RunE: func(cmd *cobra.Command, _ []string) error { return r.changeRecovery(cmd.Context(), false) },
		},
		&cobra.Command{
			Use: "remove", Short: "Remove the passphrase", Args: maxArgs(0),
			RunE: func(cmd *cobra.Command, _ []string) error { return r.changeRecovery(cmd.Context(), true) },
		},
		forget,
	)
	return cmd
}

// sealedVault opens the vault and tells whether its recovery keys are sealed.
func (r *run) sealedVault(ctx context.Context) (m *vault.Manager, sealed bool, err error) {
	if m, err = r.open(ctx); err != nil {
		return nil, false, err
	}
	err = m.Read(func(v *vault.Vault) error { sealed = v.RecoverySealed(); return nil })
	return m, sealed, err
}

func (r *run) setRecovery(ctx context.Context) error {
	m, sealed, err := r.sealedVault(ctx)
	if m != nil {
		defer func() { _ = m.Close() }()
	}
	if err != nil {
		return err
	}
	if sealed {
		return fail(statusFailed, "The recovery keys have a passphrase already. `tallystick recovery passphrase change` changes it.")
	}
	next, err := r.newRecoveryPassphrase(ctx, r.recoveryLine)
	if err != nil {
		return err
	}
	if err := m.SetRecoveryPassphrase(ctx, secret.Bytes{}, next); err != nil {
		return err
	}
	r.print("The recovery keys are sealed. Without this passphrase nobody can read them, and nobody can recover it for you.")
	return nil
}

// newRecoveryPassphrase is the line that next gives, or typed twice.
func (r *run) newRecoveryPassphrase(ctx context.Context, next func() (secret.Bytes, error)) (secret.Bytes, error) {
	if r.recoveryStdin {
		line, err := next()
		if err == nil && line.IsEmpty() {
			err = usage("There is no new passphrase of the recovery keys on standard input.")
		}
		return line, err
	}
	pass, err := r.recoveryPassphrase(ctx, "New passphrase of the recovery keys: ")
	if err != nil {
		return secret.Bytes{}, err
	}
	again, err := r.recoveryPassphrase(ctx, "The same again: ")
	if err != nil {
		return secret.Bytes{}, err
	}
	if !pass.Equal(again) {
		return secret.Bytes{}, fail(statusFailed, "The two passphrases differ. Nothing was changed.")
	}
	return pass, nil
}

func (r *run) changeRecovery(ctx context.Context, removing bool) error {
	m, sealed, err := r.sealedVault(ctx)
	if m != nil {
		defer func() { _ = m.Close() }()
	}
	if err != nil {
		return err
	}
	if !sealed {
		return fail(statusFailed, "No passphrase is set for the recovery keys. `tallystick recovery passphrase set` sets one.")
	}
	current, err := r.recoveryPassphrase(ctx, "Current passphrase of the recovery keys: ")
	if err != nil {
		return err
	}
	key, err := m.OpenRecovery(ctx, current) // before a new one is asked for
	if err != nil {
		return err
	}
	key.Wipe()
	var next secret.Bytes
	if !removing {
		if next, err = r.newRecoveryPassphrase(ctx, r.inputLine); err != nil {
			return err
		}
	}
	if err := m.SetRecoveryPassphrase(ctx, current, next); err != nil {
		return err
	}
	if removing {
		r.print("The passphrase of the recovery keys is removed. Whoever opens the vault can read them now.")
	} else {
		r.print("The passphrase of the recovery keys is changed.")
	}
	return nil
}

func (r *run) forgetRecovery(ctx context.Context, yes bool) error {
	m, sealed, err := r.sealedVault(ctx)
	if m != nil {
		defer func() { _ = m.Close() }()
	}
	if err != nil {
		return err
	}
	if !sealed {
		return fail(statusFailed, "No passphrase is set for the recovery keys, so nothing is sealed.")
	}
	if err := r.agree(ctx, yes, "Delete all sealed recovery keys of all accounts? They cannot be brought back. [y/N] "); err != nil {
		return err
	}
	lost := 0
	if err := m.Update(ctx, func(v *vault.Vault) (err error) { lost, err = v.ForgetRecovery(); return err }); err != nil {
		return err
	}
	r.print("Deleted the sealed recovery keys, %d of them unused.", lost)
	return nil
}

// agree asks before something that cannot be undone.
func (r *run) agree(ctx context.Context, yes bool, question string) error {
	if yes {
		return nil
	}
	if !r.env.StdinTerminal || r.env.Terminal == nil {
		return usage("Deleting for ever needs --yes where nobody can be asked.")
	}
	answer, err := r.env.Terminal.Ask(ctx, question)
	if err != nil {
		return err
	}
	if word := strings.ToLower(strings.TrimSpace(answer)); word != "y" && word != "yes" {
		return fail(statusFailed, "Nothing was deleted.")
	}
	return nil
}
