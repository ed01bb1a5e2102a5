package team

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/backend"
)

// Place is where the storage of a shared vault is, and how to reach it.
type Place struct {
	Where  store.Location
	Access backend.Access // kept in the vault, encrypted

	// KeepPassword and KeepCA are for SetPlace alone: what is not given stays as it is. A password stays only for the server it was given for,
	// reached in the same way.
	KeepPassword, KeepCA bool
}

// SameServer reports whether credentials for one storage may be sent to another: it is the same server, reached in the same way.
func SameServer(a, b store.Location) bool {
	u, errU := url.Parse(a.URL)
	w, errW := url.Parse(b.URL)
	return errU == nil && errW == nil && a.Kind == b.Kind && u.Host == w.Host && u.Scheme == w.Scheme
}

func (p Place) kept() (store.Location, backend.Access) {
	a := p.Access
	a.Password, a.CA = a.Password.Clone(), slices.Clone(a.CA)
	return p.Where, a
}

// Create makes a shared vault with this device as its admin, and puts it on the storage, whose folder or bucket is made if it is not there.
// Nothing stays behind when the storage cannot be used. Errors: store.ErrOffline and the others of the storage, share.ErrTooLarge, and
// those of the vault.
func (s *Service) Create(ctx context.Context, name string, at Place, who share.Person) (share.VaultID, error) {
	st, err := s.cfg.Open(at.Where, at.Access)
	if err != nil {
		return "", err
	}
	defer shut(st)
	if m, ok := st.(interface{ Make(context.Context) error }); ok {
		if err := m.Make(ctx); err != nil {
			return "", err
		}
	}
	// A place that cannot be read or written is found out before there is a vault that needs it.
	if _, err := st.List(ctx, "sv-"); err != nil {
		return "", err
	}
	r, err := share.Create(s.cfg.Share, name, who, s.cfg.Now())
	if err != nil {
		return "", err
	}
	return s.begin(ctx, r, at, func(error) bool { return false })
}

// begin keeps a new replica and synchronises it for the first time. Unless stays says that it is to stay after such an error, nothing is left
// behind after one.
func (s *Service) begin(ctx context.Context, r *share.Replica, at Place, stays func(error) bool) (share.VaultID, error) {
	where, access := at.kept()
	rec := &record{where: where, access: access, aliases: map[share.AccountID]vault.ID{}, personal: map[share.AccountID]personal{}, replica: r}
	id := r.ID()
	err := s.cfg.Vault.Update(ctx, func(v *vault.Vault) error {
		if text, there := v.Share(string(id)); there {
			if was, err := s.decode(text); err != nil || !was.refused() {
				return ErrHere
			}
		}
		return rec.keep(v)
	})
	if err != nil {
		return "", err
	}
	rep, err := s.Sync(ctx, id)
	switch {
	case err != nil:
	case rep.Offline:
		err = store.ErrOffline
	case slices.ContainsFunc(rep.Findings, func(f share.Finding) bool { return f.Kind == share.InviteWasUsed }):
		err = share.ErrInviteUsed
	case slices.ContainsFunc(rep.Findings, func(f share.Finding) bool { return f.Kind == share.InviteWithdrawn }):
		err = share.ErrInviteWithdrawn
	}
	if err != nil && !stays(err) {
		_ = s.cfg.Vault.Update(context.WithoutCancel(ctx), func(v *vault.Vault) error { v.DropShare(string(id)); return nil })
		return "", err
	}
	return id, err
}

// refused reports whether a device asked to join and will not be let in any more: its invite was used by another one or taken back, or is too old.
func (rec *record) refused() bool {
	return rec.replica.State() == share.Joining && slices.ContainsFunc(rec.replica.Findings(), func(f share.Finding) bool {
		return f.Kind == share.InviteWasUsed || f.Kind == share.InviteTooOld || f.Kind == share.InviteWithdrawn
	})
}

// Join asks to be let into the shared vault an invite is for; an admin has to confirm. at says where the storage is for this device,
// which for a synchronised folder is another path than for the one who invited; at.Where.Kind "" takes what the invite says. When the storage
// is not reached the record stays, and the error says so: the next Sync asks again. After any other error nothing stays behind. A record of an earlier
// invite that was of no use gives way. Errors: share.ErrInvite, share.ErrInviteUsed, share.ErrInviteWithdrawn, share.ErrInviteExpired, share.ErrNewer, ErrHere, store.ErrLocation,
// and those of storage and vault.
func (s *Service) Join(ctx context.Context, invite secret.Bytes, at Place, who share.Person) (share.VaultID, error) {
	i, err := share.ParseInvite(invite)
	if err != nil {
		return "", err
	}
	if at.Where.Kind == "" {
		if at.Where, err = store.ParseLocation(i.Where); err != nil {
			return "", err
		}
	}
	st, err := s.cfg.Open(at.Where, at.Access)
	if err != nil {
		return "", err
	}
	shut(st)
	r, err := share.Join(s.cfg.Share, i, who, s.cfg.Now())
	if err != nil {
		return "", err
	}
	return s.begin(ctx, r, at, func(err error) bool { return errors.Is(err, store.ErrOffline) || ctx.Err() != nil })
}

// SetPlace changes where the storage of a shared vault is, or its credentials. Errors: ErrNoShare, store.ErrLocation, and those of the vault.
func (s *Service) SetPlace(ctx context.Context, id share.VaultID, at Place) error {
	st, err := s.cfg.Open(at.Where, at.Access)
	if err != nil {
		return err
	}
	shut(st)
	return s.update(ctx, id, func(rec *record, _ *vault.Vault) error {
		was, had := rec.where, rec.access
		rec.where, rec.access = at.kept()
		if at.KeepPassword && SameServer(was, at.Where) {
			rec.access.Password = had.Password
		}
		if at.KeepCA {
			rec.access.CA = had.CA
		}
		return nil
	})
}

// act changes a replica and synchronises. What was changed is saved before that, and goes out with the next Sync if the storage is not
// reached now: Report.Offline.
func (s *Service) act(ctx context.Context, id share.VaultID, change func(*share.Replica, time.Time) error) (Report, error) {
	done, err := s.turn(ctx, id)
	if err != nil {
		return Report{ID: id}, err
	}
	defer done()
	err = s.update(ctx, id, func(rec *record, _ *vault.Vault) error { return change(rec.replica, s.cfg.Now()) })
	if err != nil {
		return Report{ID: id}, err
	}
	return s.sync(ctx, id)
}

// fresh synchronises before something that should not be decided on old news. Only what the vault says is an error.
func (s *Service) fresh(ctx context.Context, id share.VaultID) (Report, error) {
	rep, err := s.Sync(ctx, id)
	if errors.Is(err, ErrNoShare) || errors.Is(err, ErrRecord) || errors.Is(err, vault.ErrLocked) || ctx.Err() != nil {
		return rep, err
	}
	return rep, nil
}

// Move makes accounts of this vault accounts of a shared one. Their tags stay personal. Errors: vault.ErrNoAccount, ErrShared, ErrNotReady,
// share.ErrNotPermitted, vault.ErrRecoverySealed for an account whose recovery keys only MoveOpened can share.
func (s *Service) Move(ctx context.Context, id share.VaultID, accounts ...vault.ID) (Report, error) {
	return s.MoveOpened(ctx, id, nil, accounts...)
}

// MoveOpened is Move for accounts whose recovery keys are sealed under a passphrase of their own: opened holds those sheets in the open, by
// account, and stays the caller's to wipe. From then on they lie in the open in the record of the shared vault, here and on all other devices,
// for the devices have to exchange them without anybody there; the passphrase still stands before the account's own copy.
func (s *Service) MoveOpened(ctx context.Context, id share.VaultID, opened map[vault.ID]recovery.Sheets, accounts ...vault.ID) (Report, error) {
	done, err := s.turn(ctx, id)
	if err != nil {
		return Report{ID: id}, err
	}
	defer done()
	err = s.update(ctx, id, func(rec *record, v *vault.Vault) error {
		if !rec.replica.Ready() {
			return ErrNotReady
		}
		if !rec.replica.Role().Writes() {
			return share.ErrNotPermitted
		}
		for _, account := range accounts {
			a, ok := v.Account(account)
			switch {
			case !ok:
				return vault.ErrNoAccount
			case v.IsShared(a) && a.Shared == string(id):
				continue
			case v.IsShared(a):
				return ErrShared
			}
			now := s.cfg.Now()
			a.Shared = string(id)
			if err := v.Put(a, now); err != nil {
				return err
			}
			if slices.ContainsFunc(a.Recovery, isSealed) {
				a, _ = v.Account(account)
				n := len(a.Recovery)
				if a.Recovery = readable(a.Recovery, opened[account]); len(a.Recovery) != n || slices.ContainsFunc(a.Recovery, isSealed) {
					return vault.ErrRecoverySealed
				}
				if err := rec.absorbOne(a, now); err != nil {
					return err
				}
			}
		}
		rec.absorbTags(v)
		return rec.absorb(v, s.cfg.Now())
	})
	if err != nil {
		return Report{ID: id}, err
	}
	return s.sync(ctx, id)
}

// Invite makes an invite for one device and puts it on the storage. Invite.Text is what to hand over: in person, or over a channel that is
// trusted; whoever has it can ask once, and an admin still has to confirm. Errors: store.ErrOffline, share.ErrNotPermitted, share.ErrNotMember, share.ErrNoKey,
// share.ErrFormat for a role or life that is none.
func (s *Service) Invite(ctx context.Context, id share.VaultID, role share.Role, life time.Duration) (share.Invite, error) {
	rep, err := s.Sync(ctx, id)
	if err != nil {
		return share.Invite{}, err
	}
	if rep.Offline {
		return share.Invite{}, store.ErrOffline
	}
	var name share.InviteID
	rep, err = s.act(ctx, id, func(r *share.Replica, now time.Time) error {
		var err error
		name, err = r.Invite(role, life, now)
		return err
	})
	if err != nil {
		return share.Invite{}, err
	}
	if rep.Offline {
		return share.Invite{}, store.ErrOffline
	}
	return s.InviteFor(id, name)
}

// InviteFor gives an open invite once more. Errors: share.ErrInvite, share.ErrInviteUsed, ErrNoShare.
func (s *Service) InviteFor(id share.VaultID, name share.InviteID) (share.Invite, error) {
	var i share.Invite
	err := s.read(id, func(rec *record, _ *vault.Vault) error {
		var err error
		i, err = rec.replica.InviteFor(name, rec.where.String())
		return err
	})
	return i, err
}

// OpenInvites returns the invites that may still be used, without their keys, as of the last synchronisation. Errors: ErrNoShare, those of
// the vault.
func (s *Service) OpenInvites(id share.VaultID) ([]share.Invite, error) {
	var list []share.Invite
	err := s.read(id, func(rec *record, _ *vault.Vault) error { list = rec.replica.OpenInvites(s.cfg.Now()); return nil })
	return list, err
}

// Withdraw takes an open invite back, and every request that answers it. Errors: share.ErrInvite, share.ErrInviteUsed, share.ErrNotPermitted.
func (s *Service) Withdraw(ctx context.Context, id share.VaultID, invite share.InviteID) (Report, error) {
	if _, err := s.fresh(ctx, id); err != nil {
		return Report{ID: id}, err
	}
	return s.act(ctx, id, func(r *share.Replica, now time.Time) error { return r.Withdraw(invite, now) })
}

// Requests returns the devices that wait to be confirmed, as of now if the storage is reached, else as of the last time. Errors: ErrNoShare, those of
// the vault.
func (s *Service) Requests(ctx context.Context, id share.VaultID) ([]share.Request, error) {
	if _, err := s.fresh(ctx, id); err != nil {
		return nil, err
	}
	var list []share.Request
	err := s.read(id, func(rec *record, _ *vault.Vault) error { list = rec.replica.Requests(); return nil })
	return list, err
}

// Words returns the eight safety words of this device and another: a member, or one that waits to be confirmed. An empty device means the
// admin who invited this one. It takes a twentieth of a second. Errors: share.ErrNotMember, ErrNoShare.
func (s *Service) Words(id share.VaultID, device share.DeviceID) (string, error) {
	var words string
	err := s.read(id, func(rec *record, _ *vault.Vault) error {
		if device == "" {
			device = rec.replica.Inviter()
		}
		var err error
		words, err = rec.replica.Words(device)
		return err
	})
	return words, err
}

// Inviter is the device that made the invite this one answered; empty when this one waits for nobody. ErrNoShare.
func (s *Service) Inviter(id share.VaultID) (share.DeviceID, error) {
	var d share.DeviceID
	err := s.read(id, func(rec *record, _ *vault.Vault) error { d = rec.replica.Inviter(); return nil })
	return d, err
}

// Resolve finds the member or request a person means: by its id or the beginning of it, or by the name of person or device. share.ErrNotMember.
func (s *Service) Resolve(id share.VaultID, text string) (share.DeviceID, error) {
	var d share.DeviceID
	err := s.read(id, func(rec *record, _ *vault.Vault) error {
		var err error
		d, err = rec.replica.Resolve(text)
		return err
	})
	return d, err
}

// Confirm lets a device in that asked to, after two people compared the words, which marks it as verified when they did. Errors: share.ErrNoRequest, share.ErrInviteUsed,
// share.ErrInviteExpired, share.ErrNotPermitted.
func (s *Service) Confirm(ctx context.Context, id share.VaultID, request share.DeviceID, compared bool) (Report, error) {
	if _, err := s.fresh(ctx, id); err != nil {
		return Report{ID: id}, err
	}
	return s.act(ctx, id, func(r *share.Replica, now time.Time) error {
		if err := r.Confirm(request, now); err != nil {
			return err
		}
		if compared {
			return r.Verify(request, true)
		}
		return nil
	})
}

// Dismiss forgets a request without letting the device in. share.ErrNoRequest.
func (s *Service) Dismiss(ctx context.Context, id share.VaultID, request share.DeviceID) error {
	return s.update(ctx, id, func(rec *record, _ *vault.Vault) error { return rec.replica.Dismiss(request) })
}

// Verify notes that two people compared the words of a member, or takes that back. share.ErrNotMember.
func (s *Service) Verify(ctx context.Context, id share.VaultID, device share.DeviceID, same bool) error {
	return s.update(ctx, id, func(rec *record, _ *vault.Vault) error { return rec.replica.Verify(device, same) })
}

// SetRole gives a device another role. Handing over is giving somebody else the role of an admin. Errors: share.ErrNotMember, share.ErrNotPermitted,
// share.ErrLastAdmin.
func (s *Service) SetRole(ctx context.Context, id share.VaultID, device share.DeviceID, role share.Role) (Report, error) {
	if _, err := s.fresh(ctx, id); err != nil {
		return Report{ID: id}, err
	}
	return s.act(ctx, id, func(r *share.Replica, now time.Time) error { return r.SetRole(device, role, now) })
}

// Remove removes a device, lost or of somebody who left. From then on it gets nothing new; what it has read it may keep: see Reenroll, and
// withdraw its access to the storage. Errors: share.ErrNotMember, share.ErrNotPermitted, share.ErrLastAdmin.
func (s *Service) Remove(ctx context.Context, id share.VaultID, device share.DeviceID) (Report, error) {
	if _, err := s.fresh(ctx, id); err != nil {
		return Report{ID: id}, err
	}
	return s.act(ctx, id, func(r *share.Replica, now time.Time) error {
		if device == r.Me() {
			return fmt.Errorf("%w: to leave is another thing", share.ErrNotPermitted)
		}
		return r.Remove(device, now)
	})
}

// Rotate makes a new key for all that follows. Errors: share.ErrNotPermitted.
func (s *Service) Rotate(ctx context.Context, id share.VaultID) (Report, error) {
	return s.act(ctx, id, func(r *share.Replica, now time.Time) error { return r.Rotate(now) })
}

// Redo repeats a change of members that lost against another one made at the same time (a share.Redo finding names it). share.ErrUnknown.
func (s *Service) Redo(ctx context.Context, id share.VaultID, entry share.Hash) (Report, error) {
	return s.act(ctx, id, func(r *share.Replica, now time.Time) error { return r.Redo(entry, now) })
}

// Rename gives the shared vault another name for everybody. Errors: share.ErrNotPermitted, share.ErrTooLarge.
func (s *Service) Rename(ctx context.Context, id share.VaultID, name string) (Report, error) {
	return s.act(ctx, id, func(r *share.Replica, now time.Time) error { return r.Rename(name, now) })
}

// SetPerson says who a device belongs to, and what it is called, from now on for everybody. Everybody who may write names their own devices, an admin
// those of others as well. Errors: share.ErrNotMember, share.ErrNotPermitted, share.ErrNoKey, share.ErrFormat (no name), share.ErrTooLarge.
func (s *Service) SetPerson(ctx context.Context, id share.VaultID, device share.DeviceID, who share.Person) (Report, error) {
	return s.act(ctx, id, func(r *share.Replica, now time.Time) error { return r.SetPerson(device, who, now) })
}

// Leave takes this device out of a shared vault. The others keep everything; what this device wrote last goes out first, so the storage has
// to be reached (store.ErrOffline). keep makes the accounts this vault's own, otherwise they go to the trash. A device that is no member, or
// no longer, just forgets the shared vault, reached or not. Errors: share.ErrLastAdmin: hand over first.
func (s *Service) Leave(ctx context.Context, id share.VaultID, keep bool) error {
	var state share.State
	if err := s.read(id, func(rec *record, _ *vault.Vault) error { state = rec.replica.State(); return nil }); err != nil {
		return err
	}
	if state == share.Joined {
		rep, err := s.Sync(ctx, id)
		if err == nil && rep.Offline {
			err = store.ErrOffline
		}
		if err != nil {
			return err
		}
		state = rep.State
	}
	if state == share.Joined {
		rep, err := s.act(ctx, id, func(r *share.Replica, now time.Time) error { return r.Leave(now) })
		if err == nil && rep.Offline {
			err = store.ErrOffline // it is written down here; calling again brings it out
		}
		if err != nil {
			return err
		}
	} else if state == share.Left {
		rep, err := s.Sync(ctx, id)
		if err == nil && rep.Offline {
			err = store.ErrOffline
		}
		if err != nil {
			return err
		}
	}
	return s.forget(ctx, id, keep)
}

// Forget drops a shared vault from this device without telling anybody: for one that this device was removed from, or whose storage is
// gone. keep as in Leave.
func (s *Service) Forget(ctx context.Context, id share.VaultID, keep bool) error {
	return s.forget(ctx, id, keep)
}

func (s *Service) forget(ctx context.Context, id share.VaultID, keep bool) error {
	done, err := s.turn(ctx, id)
	if err != nil {
		return err
	}
	defer done()
	err = s.cfg.Vault.Update(ctx, func(v *vault.Vault) error {
		if _, ok := v.Share(string(id)); !ok {
			return ErrNoShare
		}
		if !keep {
			for _, a := range v.Accounts() {
				if a.Shared == string(id) {
					if err := v.Remove(a.ID, s.cfg.Now()); err != nil {
						return err
					}
				}
			}
		}
		v.DropShare(string(id))
		return nil
	})
	s.letGo(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.last, id)
	return err
}
