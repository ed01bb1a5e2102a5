package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/backup"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/pack"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/team"
)

// Exit statuses, part of the contract in docs/cli.md.
const (
	statusDone    = 0
	statusFailed  = 1
	statusUsage   = 2
	statusLocked  = 3 // locked, or wrong passphrase
	statusNothing = 4 // nothing found

	statusOffline    = 5 // the storage of a shared vault was not reached
	statusSuspicious = 6 // it is behind, rolled back, tampered with, or cannot be trusted
)

// failure is an error with an exit status and a sentence of its own.
type failure struct {
	status   int
	sentence string // "" = say nothing more, it was said already
	reason   string // for scripts; "" = what reasonOf finds
	err      error  // nil, or what it wraps
}

func (f *failure) Error() string { return f.sentence }
func (f *failure) Unwrap() error { return f.err }

func fail(status int, format string, args ...any) error {
	return &failure{status: status, sentence: fmt.Sprintf(format, args...)}
}

func usage(format string, args ...any) error { return fail(statusUsage, format, args...) }

// errSaid ends a command with a status when everything was said already.
func errSaid(status int) error { return &failure{status: status} }

// explain turns an error into an exit status and words. details is the raw text, for
// errors that have no words; errors carry no secrets, that is a rule of the project.
func explain(err error) (status int, sentence, details string) {
	var f *failure
	if errors.As(err, &f) {
		return f.status, f.sentence, ""
	}
	if errors.Is(err, errTooMuchInput) {
		return statusFailed, "There is far more on standard input than a link or a key.", ""
	}
	sentence = model.Sentence(err)
	switch {
	case errors.Is(err, vault.ErrNeedPass):
		sentence = "A passphrase is needed: run this at a terminal, or give --passphrase-stdin."
	case errors.Is(err, vault.ErrAbsent):
		sentence = "There is no vault here yet. `tallystick add -` makes one with the first account."
	case errors.Is(err, store.ErrUntrusted):
		sentence += " `share create`, `join` and `storage` take it with --ca; --plain-http insists on http:// to another computer."
	case errors.Is(err, backup.ErrNotSet):
		sentence = "No backups are set up here yet. `tallystick backup set FOLDER` does it."
	}
	if d := (*vault.Damage)(nil); errors.As(err, &d) && len(d.Older) > 0 {
		sentence += " `tallystick vault generations` lists them."
	}
	if !model.Explained(err) || errors.Is(err, vault.ErrDamaged) {
		details = err.Error() // which file, and what is wrong with it
	}
	return statusOf(err), sentence, details
}

// explainAny is explain, for no error as well.
func explainAny(err error) (status int, sentence, details string) {
	if err == nil {
		return statusDone, "", ""
	}
	return explain(err)
}

// statusOf is the exit status of an error that comes from below.
func statusOf(err error) int {
	for _, locked := range []error{vault.ErrPassphrase, vault.ErrNeedPass, vault.ErrLocked, vault.ErrKeyLocked, vault.ErrNoKeyring, backup.ErrPassphrase} {
		if errors.Is(err, locked) {
			return statusLocked
		}
	}
	switch {
	case errors.Is(err, pack.ErrWrongKey):
		return statusLocked
	case errors.Is(err, vault.ErrAbsent), errors.Is(err, vault.ErrNoAccount), errors.Is(err, backup.ErrNotSet), errors.Is(err, team.ErrNoShare), errors.Is(err, share.ErrNoRequest):
		return statusNothing
	case errors.Is(err, store.ErrOffline):
		return statusOffline
	}
	return statusFailed
}

// plainFlag reports whether a name looks like a flag's, rather than like a key.
func plainFlag(name string) bool {
	return len(name) <= 16 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz-") == ""
}

// flagError says what is wrong with a flag without repeating the value, which may be a
// secret that was pasted in the wrong place.
func flagError(err error) error {
	var (
		unknown *pflag.NotExistError
		noValue *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
	)
	switch {
	case errors.As(err, &unknown):
		if name := unknown.GetSpecifiedName(); plainFlag(name) && unknown.GetSpecifiedShortnames() == "" {
			return usage("There is no flag --%s here. `tallystick help` and the command's name lists them.", name)
		}
		return usage("There is a flag that is not known here. `tallystick help` and the command's name lists them.")
	case errors.As(err, &noValue):
		return usage("--%s needs a value.", noValue.GetFlag().Name)
	case errors.As(err, &invalid):
		return usage("--%s needs a %s.", invalid.GetFlag().Name, valueWord(invalid.GetFlag().Value.Type()))
	}
	return usage("A flag is not written as it should be. `tallystick help` and the command's name lists them.")
}

func valueWord(kind string) string {
	switch kind {
	case "int", "uint64":
		return "whole number"
	case "bool":
		return "true or false"
	}
	return "different value"
}
