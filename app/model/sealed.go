package model

import (
	"context"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/secret"
)

// RecoverySealed reports whether the recovery keys have a passphrase of their own: then Sheets shows how many there are, and what
// they are only after Session.OpenRecovery.
func (l *List) RecoverySealed() bool { return l.snap != nil && l.snap.sealed }

// OpenRecovery checks the passphrase of the recovery keys, and lets Sheets show them until CloseRecovery, or until the vault is
// locked. done gets "" when they are open. pass is taken over and wiped.
func (s *Session) OpenRecovery(pass secret.Bytes, done func(sentence string)) {
	if s.state != Open {
		pass.Wipe()
		done(Sentence(vault.ErrLocked))
		return
	}
	var key *vault.RecoveryKey
	var err error
	s.job(func(ctx context.Context) {
		key, err = s.d.Vault.OpenRecovery(ctx, pass)
		pass.Wipe()
	}, func() {
		if err == nil {
			s.CloseRecovery()
			s.opener = key
		}
		done(Sentence(err))
	}, func() { key.Wipe() })
}

// CloseRecovery forgets what OpenRecovery opened.
func (s *Session) CloseRecovery() {
	s.opener.Wipe()
	s.opener = nil
}

// SetRecoveryPassphrase sets, changes or (with an empty new) removes the passphrase of the recovery keys. done gets "" when it is
// done. Both are taken over and wiped.
func (s *Session) SetRecoveryPassphrase(old, new secret.Bytes, done func(sentence string)) {
	if s.state != Open {
		old.Wipe()
		new.Wipe()
		done(Sentence(vault.ErrLocked))
		return
	}
	s.CloseRecovery() // it opens nothing any longer
	s.list.apply(func(ctx context.Context) error {
		defer old.Wipe()
		defer new.Wipe()
		return s.d.Vault.SetRecoveryPassphrase(ctx, old, new)
	}, false, func(err error) { done(Sentence(err)) })
}

// ForgetRecovery deletes every sheet that is sealed together with the passphrase, for somebody who no longer knows it. done gets
// how many keys could still have been used.
func (s *Session) ForgetRecovery(done func(lost int, sentence string)) {
	lost := 0
	s.CloseRecovery()
	// Not guarded as other changes are: those of shared vaults come back out of their records.
	s.list.apply(func(ctx context.Context) error {
		return s.d.Vault.Update(ctx, func(v *vault.Vault) (err error) {
			lost, err = v.ForgetRecovery()
			return err
		})
	}, false, func(err error) { done(lost, Sentence(err)) })
}
