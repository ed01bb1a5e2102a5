package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/app/platform"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/secret"
)

func (r *run) lockCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "lock",
		Short: "Lock the window that is open",
		Long: `Lock the window that is open, so that it asks for the passphrase. Where no
passphrase is set there is nothing to lock with, and this says so.`,
		Args: maxArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return r.lock(cmd.Context()) },
	}
}

// Replies of the window to "lock".
const (
	replyLocked        = "ok"
	replyNothingToLock = "nothing-to-lock-with"
)

func (r *run) lock(ctx context.Context) error {
	m, dir, err := r.manager(false)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	status, err := m.Status(ctx)
	if err != nil {
		return err
	}
	if !status.Exists {
		return vault.ErrAbsent
	}
	if !status.Protection.NeedsPassphrase() {
		return fail(statusFailed, "No passphrase is set, so there is nothing to lock with. `tallystick passphrase set` sets one.")
	}
	reply, err := r.env.Send(ctx, dir, platform.Request{Command: "lock"})
	switch {
	case errors.Is(err, platform.ErrNotRunning):
		r.print("No window is open, so the vault is locked already.")
		return nil
	case err != nil:
		return err
	case reply.Word == replyLocked:
		r.print("Locked.")
		return nil
	case reply.Word == replyNothingToLock:
		return vault.ErrNoLock
	}
	return fail(statusFailed, "The window did not lock. Close it to be sure.")
}

func (r *run) passphraseCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "passphrase",
		Short: "Set, change or remove the passphrase",
		Long: `Set, change or remove the passphrase that is asked for at every start and after
locking. At a terminal it prompts. With --passphrase-stdin the first line of
standard input is the current passphrase and the second the new one; "set" also
takes the new one alone.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(*cobra.Command, []string) error {
			return usage("Say set, change or remove.")
		},
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "set", Short: "Set a passphrase where there is none", Args: maxArgs(0),
			RunE: func(cmd *cobra.Command, _ []string) error { return r.setPassphrase(cmd.Context()) },
		},
		&cobra.Command{
			Use: "change", Short: "Change the passphrase", Args: maxArgs(0),
			RunE: func(cmd *cobra.Command, _ []string) error { return r.changePassphrase(cmd.Context(), false) },
		},
		&cobra.Command{
			Use: "remove", Short: "Remove the passphrase", Args: maxArgs(0),
			RunE: func(cmd *cobra.Command, _ []string) error { return r.changePassphrase(cmd.Context(), true) },
		},
	)
	return cmd
}

// setPassphrase protects a vault that had none.
func (r *run) setPassphrase(ctx context.Context) error {
	m, _, err := r.manager(false)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	r.denyInspection()
	switch err := m.Unlock(ctx, secret.Bytes{}); {
	case errors.Is(err, vault.ErrNeedPass):
		return fail(statusFailed, "A passphrase is set already. `tallystick passphrase change` changes it.")
	case err != nil:
		return err
	}
	var pass secret.Bytes
	if r.passphraseStdin {
		pass, err = r.loneNewLine()
	} else {
		pass, err = r.newPassphrase(ctx)
	}
	if err != nil {
		return err
	}
	if err := m.SetPassphrase(ctx, secret.Bytes{}, pass); err != nil {
		return err
	}
	r.print("The passphrase is set. Without it nobody can open the vault.")
	return nil
}

// loneNewLine is the new passphrase where there is no current one: the only line, or the
// second of two of which the first is empty or the same.
func (r *run) loneNewLine() (secret.Bytes, error) {
	one, err := r.passphraseLine()
	if err != nil {
		return secret.Bytes{}, err
	}
	two, err := r.inputLine()
	if err != nil {
		return secret.Bytes{}, err
	}
	switch {
	case one.IsEmpty() && two.IsEmpty():
		return secret.Bytes{}, usage("There is no passphrase on standard input.")
	case one.IsEmpty():
		return two, nil
	case two.IsEmpty() || one.Equal(two):
		return one, nil
	}
	return secret.Bytes{}, usage("No passphrase is set, so the first line of standard input stays empty or is the only one.")
}

// changePassphrase replaces or removes the passphrase that is set.
func (r *run) changePassphrase(ctx context.Context, removing bool) error {
	m, _, err := r.manager(false)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	r.denyInspection()
	switch err := m.Unlock(ctx, secret.Bytes{}); {
	case err == nil:
		return fail(statusFailed, "No passphrase is set. `tallystick passphrase set` sets one.")
	case !errors.Is(err, vault.ErrNeedPass):
		return err
	}
	current, err := r.passphrase(ctx, "Current passphrase: ")
	if err != nil {
		return err
	}
	if err := m.Unlock(ctx, current); err != nil {
		return err
	}
	var pass secret.Bytes
	switch {
	case removing:
	case r.passphraseStdin:
		if pass, err = r.inputLine(); err == nil && pass.IsEmpty() {
			err = usage("The new passphrase goes on the second line of standard input.")
		}
	default:
		pass, err = r.newPassphrase(ctx)
	}
	if err != nil {
		return err
	}
	err = m.SetPassphrase(ctx, current, pass)
	switch {
	case removing && errors.Is(err, vault.ErrNeedPass):
		return fail(statusFailed, "There is no keyring on this computer, so the passphrase cannot be removed: nothing else would protect the vault.")
	case err != nil:
		return err
	case removing:
		r.print("The passphrase is removed. The keyring alone opens the vault now.")
	default:
		r.print("The passphrase is changed.")
	}
	return nil
}
