package cli

import (
	"context"
	"slices"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/recovery"
)

// update changes the accounts of an open vault. What somebody may only look at in a shared vault is not changed: the next
// synchronisation would undo it, and so the person is told at once.
func (r *run) update(ctx context.Context, m *vault.Manager, fn func(*vault.Vault) error) error {
	badges, err := r.service(m).Badges()
	if err != nil {
		return err
	}
	locked := func(a vault.Account) bool { b, is := badges[a.Shared]; return is && !b.Writes }
	return m.Update(ctx, func(v *vault.Vault) error {
		before := map[vault.ID]vault.Account{}
		for _, a := range append(v.Accounts(), v.Trash()...) {
			if locked(a) {
				before[a.ID] = a.Clone()
			}
		}
		if err := fn(v); err != nil || len(before) == 0 {
			return err
		}
		for id, was := range before {
			if is, there := v.Account(id); !there || !sameForAll(was, is) {
				return fail(statusFailed, "%s belongs to the shared vault %s, where you are a viewer: you can change your own tags and favourites only. Nothing was changed.",
					nameOr(was.Issuer, was.Name, ""), clean(badges[was.Shared].Name))
			}
		}
		return nil
	})
}

// sameForAll compares what everybody in a shared vault sees of an account. A counter that goes on is everybody's own.
func sameForAll(a, b vault.Account) bool {
	p, q := a.Params, b.Params
	p.Counter, q.Counter = 0, 0
	return a.Shared == b.Shared && a.Issuer == b.Issuer && a.Name == b.Name && a.Icon == b.Icon && a.Note == b.Note && a.URL == b.URL &&
		a.Trashed.IsZero() == b.Trashed.IsZero() && sameParams(p, q) &&
		slices.EqualFunc(a.Recovery, b.Recovery, func(x, y recovery.Sheet) bool {
			return x.ID == y.ID && x.Dead.Equal(y.Dead) && x.IsSealed() == y.IsSealed() &&
				slices.EqualFunc(x.Keys, y.Keys, func(k, l recovery.Key) bool { return k.Text.Equal(l.Text) && k.Used.Equal(l.Used) })
		})
}

func sameParams(p, q otp.Params) bool {
	return p.Kind == q.Kind && p.Algorithm == q.Algorithm && p.Digits == q.Digits && p.Period == q.Period && p.Counter == q.Counter && p.Secret.Equal(q.Secret) && p.PIN.Equal(q.PIN)
}
