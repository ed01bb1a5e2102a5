// Package cli is Tallystick in a terminal: the commands that docs/cli.md describes,
// on the same vault, scanner and clipboard as the window, without a window toolkit.
//
// Purpose: turn arguments into calls on vault.Manager, scanner and app/platform, and
// their answers into text, JSON and an exit status. It holds no rules about accounts
// of its own.
//
// Who may import it: the two main packages (the root and app/cli/tallystick). It
// imports vault/..., scanner/..., app/platform and app/model, never Fyne.
//
// Concurrency: one [Run] per process is the intended use; Run itself keeps no global
// state, so tests run many, each with an [Env] of its own.
//
// Ownership: secrets that are read from a terminal or standard input are wiped when
// the command that read them ends. Text that came from outside (names in a QR code)
// is made harmless before it reaches a terminal, see clean.go.
package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/secret"
)

// run is the state of one command: what was asked for, and what has to be put away
// at the end.
type run struct {
	env Env
	in  *bufio.Reader // standard input; the passphrase line and the rest share it
	out *bufio.Writer // standard output, flushed once at the end or before a wait

	dirFlag, profileFlag string
	passphraseStdin      bool

	passRead bool         // the first line of standard input was taken
	pass     secret.Bytes // that line
	wipe     []secret.Bytes

	recoveryStdin bool         // --recovery-passphrase-stdin
	recoveryRead  bool         // its line was taken
	recoveryPass  secret.Bytes // that line
	keys          []*vault.RecoveryKey
}

// Run carries out one command line (without the program's name) and returns the exit
// status: 0 done, 1 failed, 2 usage, 3 locked or wrong passphrase, 4 nothing found, 5
// storage not reached, 6 storage not to be believed.
// Cancelling ctx stops it: a prompt is left with the terminal as it was, a copied code
// is taken off the clipboard.
func Run(ctx context.Context, args []string, env Env) int {
	r := &run{env: env.withDefaults()}
	r.in = bufio.NewReader(r.env.Stdin)
	r.out = bufio.NewWriter(r.env.Stdout)
	defer func() {
		for _, s := range r.wipe {
			s.Wipe()
		}
		for _, k := range r.keys {
			k.Wipe()
		}
	}()

	root := r.root()
	if args == nil {
		args = []string{} // cobra takes nil for os.Args
	}
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if status, sentence, _ := explainAny(err); sentence != "" && wantsJSON(cmd.CommandPath(), args) {
		r.out.Reset(r.env.Stdout) // one document, and not the beginning of another one
		_ = r.json(failureRecord{sentence, reasonOf(err), status})
	}
	if flushErr := r.out.Flush(); err == nil && flushErr != nil {
		err = fail(statusFailed, "The output could not be written.")
	}
	if err == nil {
		return statusDone
	}
	status, sentence, details := explain(err)
	if sentence != "" {
		fmt.Fprintf(r.env.Stderr, "tallystick: %s\n", sentence)
	}
	if details != "" {
		fmt.Fprintf(r.env.Stderr, "  details: %s\n", clean(details))
	}
	return status
}

const rootLong = `Codes for signing in, from a vault on this computer.

Without a command the window opens, where this build has one.`

// root builds the command tree. It is built anew for every run: commands keep their
// flags in variables of the run.
func (r *run) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "tallystick",
		Short:         "Codes for signing in, from a vault on this computer",
		Long:          rootLong,
		SilenceErrors: true,
		SilenceUsage:  true,
		// Args and RunE are set so that cobra does not repeat an unknown word, which may be
		// a key that was pasted in the wrong place, in an error.
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := r.place(); err != nil {
				return err
			}
			switch {
			case len(args) == 0:
				return usage("Say what to do: `tallystick help` lists the commands.")
			case isLink(args[0]):
				return usage("A link is opened by the window. `tallystick add -` reads one from standard input.")
			}
			return usage("There is no such command. `tallystick help` lists them.")
		},
	}
	root.SetIn(r.in)
	root.SetOut(r.out)
	root.SetErr(r.env.Stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return flagError(err) })
	root.SetHelpCommandGroupID("")

	r.globalFlags(root.PersistentFlags())
	root.AddCommand(
		r.codeCommand(), r.listCommand(), r.addCommand(), r.scanCommand(), r.importCommand(),
		r.editCommand(), r.removeCommand(), r.restoreCommand(), r.qrCommand(),
		r.recoveryCommand(), r.kitCommand(), r.vaultCommand(), r.lockCommand(), r.passphraseCommand(),
		r.exportCommand(), r.backupCommand(), r.shareCommand(), r.packCommand(), r.doctorCommand(), r.rehearseCommand(), r.versionCommand(),
	)
	return root
}

// note tells the person something beside the result, on standard error.
func (r *run) note(format string, args ...any) {
	fmt.Fprintf(r.env.Stderr, format+"\n", args...)
}

// print writes one line of the result to standard output.
func (r *run) print(format string, args ...any) {
	fmt.Fprintf(r.out, format+"\n", args...)
}

// maxArgs refuses more than n words after the command.
func maxArgs(n int) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > n {
			return usage("There are too many words after the command. Put a name with spaces in quotes.")
		}
		return nil
	}
}

// oneAccount asks for exactly one word that names an account.
func oneAccount(_ *cobra.Command, args []string) error {
	if len(args) != 1 || strings.TrimSpace(args[0]) == "" {
		return usage("Name one account, by its id or a part of its name. Put a name with spaces in quotes.")
	}
	return nil
}

// errTooMuchInput is returned when standard input holds more than any command needs.
var errTooMuchInput = errors.New("cli: too much on standard input")

// maxInput is the most that is read from standard input as text, in bytes.
const maxInput = 1 << 20

// readCapped reads all of in, up to max bytes.
func readCapped(in io.Reader, max int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(in, max+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > max {
		return nil, errTooMuchInput
	}
	return b, nil
}
