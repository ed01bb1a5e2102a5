package cli

import (
	"context"

	"github.com/tallystick/tallystick/vault"
)

// update changes the accounts of an open vault. What somebody may only look at in a shared vault is not changed: the next
// synchronisation would undo it, and so the person is told at once.
func (r *run) update(ctx context.Context, m *vault.Manager, fn func(*vault.Vault) error) error {
	return m.Update(ctx, r.service(m).Guard(fn))
}
