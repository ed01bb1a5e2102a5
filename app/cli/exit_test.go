package cli

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/backup"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/pack"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/team"
)

// The exit status is a contract with scripts, docs/cli.md: a script that asks for the passphrase again on 3, or for another name on 4, must
// not do so for anything else.
func TestStatusOfErrors(t *testing.T) {
	for status, list := range map[int][]error{
		statusLocked: {
			vault.ErrPassphrase, vault.ErrNeedPass, vault.ErrLocked, vault.ErrKeyLocked, vault.ErrNoKeyring, backup.ErrPassphrase, pack.ErrWrongKey,
		},
		statusNothing: {vault.ErrAbsent, vault.ErrNoAccount, backup.ErrNotSet, team.ErrNoShare, share.ErrNoRequest},
		statusOffline: {store.ErrOffline},
		statusFailed: {
			vault.ErrDamaged, vault.ErrNewer, vault.ErrSave, vault.ErrBusy, vault.ErrNoLock, store.ErrDenied, store.ErrUntrusted, share.ErrNotPermitted, pack.ErrDamaged,
			errors.New("something else"),
		},
	} {
		for _, err := range list {
			if got, sentence, _ := explain(fmt.Errorf("outer: %w", err)); got != status || sentence == "" {
				t.Errorf("%v: status %d, %q; want status %d", err, got, sentence, status)
			}
		}
	}
	if status, sentence, _ := explainAny(nil); status != statusDone || sentence != "" {
		t.Errorf("no error: status %d, %q", status, sentence)
	}
	// A status that a command chose itself stays, whatever it wraps.
	if status, _, _ := explain(fmt.Errorf("outer: %w", &failure{status: statusSuspicious, sentence: "s", err: vault.ErrLocked})); status != statusSuspicious {
		t.Errorf("a status of its own became %d", status)
	}
}
