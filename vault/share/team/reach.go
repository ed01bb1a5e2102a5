package team

import (
	"context"
	"slices"

	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/backend"
)

// open gives the storage of a shared vault; the same one as long as where and how to reach it stay the same, and LetGo is not called.
// The caller has the turn of that shared vault.
func (s *Service) open(id share.VaultID, rec *record) (store.Store, error) {
	l := s.lastOf(id)
	s.mu.Lock()
	if l.store != nil && l.where == rec.where.String() && l.access.User == rec.access.User && l.access.Password.Equal(rec.access.Password) &&
		slices.Equal(l.access.CA, rec.access.CA) && l.access.PlainHTTP == rec.access.PlainHTTP {
		defer s.mu.Unlock()
		return l.store, nil
	}
	s.mu.Unlock()
	s.letGo(id)
	access := rec.access
	access.Password = access.Password.Clone()
	st, err := s.cfg.Open(rec.where, access)
	if err != nil {
		access.Password.Wipe()
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l.store, l.where, l.access = st, rec.where.String(), access
	return st, nil
}

// LetGo forgets how the storages are reached: their connections end, their passwords are wiped, and what was kept of records goes. It is
// for when the vault is locked; whatever is done afterwards opens the storages anew, with what lies in the vault. A call that is under way
// is waited for, so end its context first.
func (s *Service) LetGo(ctx context.Context) error {
	s.mu.Lock()
	ids := make([]share.VaultID, 0, len(s.last))
	for id, l := range s.last {
		ids = append(ids, id)
		l.badge, l.badgeOf = Badge{}, nil
	}
	s.mu.Unlock()
	for _, id := range ids {
		done, err := s.turn(ctx, id)
		if err != nil {
			return err
		}
		s.letGo(id)
		done()
	}
	return nil
}

// letGo is LetGo for one shared vault, by whoever has its turn.
func (s *Service) letGo(id share.VaultID) {
	l := s.lastOf(id)
	s.mu.Lock()
	st, access := l.store, l.access
	l.store, l.where, l.access = nil, "", backend.Access{}
	s.mu.Unlock()
	access.Password.Wipe()
	shut(st)
}

// shut ends the connections of a storage that is not needed any more; nil is none.
func shut(st store.Store) {
	if c, ok := st.(interface{ Close() }); ok {
		c.Close()
	}
}
