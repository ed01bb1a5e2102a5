package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/backup"
	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/secret"
)

// Tallystick's own export, an age file with a passphrase, and its backups. Both hold the content of a vault, so vault/backup opens
// them; what an account of another vault has besides what every import brings, such as dates and former keys, comes back by
// restoring the file instead, which the warning says.
var tallystick = source{
	id: "tallystick", name: "Tallystick",
	sniff: func(in *input) bool { return isOwnExport(in.data) || isOwnBackup(in.data) },
	open:  openTallystick,
}

func isOwnExport(data []byte) bool {
	_, ok := seal.PassphraseWork(data)
	return ok
}

// isOwnBackup looks for the names of the parts, which are stored at the beginning and listed at the end.
func isOwnBackup(data []byte) bool {
	return bytes.HasPrefix(data, []byte("PK\x03\x04")) && bytes.Contains(data[:min(len(data), 4096)], []byte("about.json")) &&
		bytes.Contains(data[max(0, len(data)-1024):], []byte("accounts.age"))
}

const restoreInstead = "An import brings names, keys, tags, notes, pictures and unused recovery keys. Restoring this file instead brings everything: dates, former keys and used recovery keys as well."

func openTallystick(_ context.Context, in *input) (opened, error) {
	file, err := backup.Parse(in.name, in.data)
	if err != nil {
		return opened{}, ownError(err)
	}
	cost := Cost{Memory: file.Memory(), Iterations: file.Memory() / seal.WorkMemory(0)}
	if cost.Memory > MaxMemory {
		return opened{}, fmt.Errorf("%w: %d MiB of memory, at most %d are allowed", ErrTooCostly, cost.Memory>>20, MaxMemory>>20)
	}
	return opened{encrypted: true, cost: cost, read: func(ctx context.Context, passphrase secret.Bytes) (Result, error) {
		content, err := file.Open(passphrase)
		if err != nil {
			return Result{}, ownError(err)
		}
		defer content.Wipe()
		return readOwn(ctx, content.Vault)
	}}, nil
}

func ownError(err error) error {
	switch {
	case errors.Is(err, backup.ErrPassphrase):
		return ErrPassphrase
	case errors.Is(err, backup.ErrNewer):
		return fmt.Errorf("%w: %v", ErrNewer, err)
	case errors.Is(err, backup.ErrNotBackup):
		return fmt.Errorf("%w: encrypted with another program; decrypt it there first", ErrUnknown)
	case errors.Is(err, seal.ErrKDF):
		return fmt.Errorf("%w: %v", ErrTooCostly, err)
	}
	return fmt.Errorf("%w: %v", ErrDamaged, err)
}

// readOwn takes the live accounts, and then those in the trash.
func readOwn(ctx context.Context, v *vault.Vault) (Result, error) {
	g := newGather(ctx)
	g.warn(restoreInstead)
	for _, a := range v.Accounts() {
		g.addOwn(a)
	}
	for _, a := range v.Trash() {
		g.addOwn(a)
	}
	for _, b := range v.Broken() {
		g.skip(title(b.Issuer, b.Name), "It could not be read when it was exported. Restoring the file keeps it as it is.")
	}
	return g.done()
}

func (g *gather) addOwn(a vault.Account) {
	if !g.next() {
		return
	}
	x := extra{icon: iconFrom("", []byte(a.Picture)), favourite: a.Favourite, archived: !a.Trashed.IsZero(), url: a.URL, used: a.Used}
	for _, s := range a.Recovery {
		switch {
		case !s.Valid():
		case s.IsSealed():
			x.warnings = append(x.warnings, "Its recovery keys are under a passphrase of their own and stay behind.")
		default:
			for _, k := range s.Keys {
				if k.Used.IsZero() {
					x.recovery = append(x.recovery, k.Text.Clone())
				}
			}
		}
	}
	p := a.Params
	p.Secret, p.PIN = p.Secret.Clone(), p.PIN.Clone()
	before := len(g.result.Entries)
	g.keep(a.Issuer, a.Name, p, a.Tags, x, nil)
	if len(g.result.Entries) > before {
		g.result.Entries[before].Note = a.Note // as it is: what looks like recovery keys in it was never offered as such
	}
}
