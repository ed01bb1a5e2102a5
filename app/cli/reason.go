package cli

import (
	"errors"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/pack"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/team"
)

// failureRecord is why a command failed, in JSON: part of the contract in docs/cli.md.
type failureRecord struct {
	Error  string `json:"error"`  // the sentence on standard error
	Reason string `json:"reason"` // a name for scripts
	Status int    `json:"status"` // the exit status
}

// reasons are the names of errors, in the order in which they are looked for.
var reasons = []struct {
	err  error
	name string
}{
	{share.ErrInviteUsed, "invite-used"},
	{share.ErrInviteWithdrawn, "invite-withdrawn"},
	{share.ErrInviteExpired, "invite-expired"},
	{share.ErrInvite, "not-an-invite"},
	{share.ErrLastAdmin, "last-admin"},
	{share.ErrNotPermitted, "not-permitted"},
	{share.ErrNotMember, "not-a-member"},
	{share.ErrNoRequest, "no-request"},
	{share.ErrNoKey, "key-missing"},
	{share.ErrNoAccount, "not-found"},
	{share.ErrNewer, "newer"},
	{share.ErrTooLarge, "too-large"},
	{team.ErrNoShare, "not-found"},
	{team.ErrHere, "member-already"},
	{team.ErrShared, "shared-already"},
	{team.ErrNotReady, "not-ready"},
	{team.ErrRecord, "record"},
	{vault.ErrRecoverySealed, "sealed"},
	{vault.ErrAbsent, "no-vault"},
	{vault.ErrNoAccount, "not-found"},
	{store.ErrOffline, "offline"},
	{store.ErrDenied, "denied"},
	{store.ErrUntrusted, "untrusted"},
	{store.ErrFull, "full"},
	{store.ErrExists, "taken"},
	{store.ErrTooLarge, "too-large"},
	{store.ErrLocation, "location"},
	{store.ErrNotFound, "not-found"},
	{store.ErrStorage, "storage"},
	{pack.ErrKind, "no-codes"},
	{pack.ErrLife, "life"},
	{pack.ErrTooLarge, "too-large"},
	{pack.ErrNewer, "newer"},
	{pack.ErrWrongKey, "wrong-key"},
	{pack.ErrRecipient, "recipient"},
	{pack.ErrDamaged, "damaged"},
	{pack.ErrNotYet, "not-yet"},
	{pack.ErrOver, "over"},
}

// reasonOf is the name of an error for scripts: never empty.
func reasonOf(err error) string {
	var f *failure
	if errors.As(err, &f) && f.reason != "" {
		return f.reason
	}
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return r.name
		}
	}
	status, _, _ := explain(err)
	switch status {
	case statusUsage:
		return "usage"
	case statusLocked:
		return "locked"
	case statusNothing:
		return "not-found"
	case statusOffline:
		return "offline"
	case statusSuspicious:
		return "suspicious"
	}
	return "failed"
}

// because gives an error that has a sentence of its own its name for scripts.
func because(reason string, err error) error {
	var f *failure
	if errors.As(err, &f) {
		f.reason = reason
	}
	return err
}

// wantsJSON reports whether a command line asks for JSON, of a command that says in JSON why it failed, too.
func wantsJSON(path string, args []string) bool {
	if !slices.Contains([]string{"share", "pack"}, first(strings.Fields(strings.TrimPrefix(path, "tallystick")))) {
		return false
	}
	if i := slices.Index(args, "--"); i >= 0 {
		args = args[:i]
	}
	return slices.Contains(args, "--json") || slices.Contains(args, "--json=true")
}
