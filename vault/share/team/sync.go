package team

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
)

// Report is how a synchronisation of one shared vault ended.
type Report struct {
	ID share.VaultID
	share.Summary
	State share.State
}

// replay gives again what was read from a storage before.
type replay struct {
	listing []store.Object
	objects map[string][]byte
}

func (p replay) List(context.Context, string) ([]store.Object, error) { return p.listing, nil }

func (p replay) Get(_ context.Context, name string, _ int64) ([]byte, error) {
	if data, ok := p.objects[name]; ok {
		return bytes.Clone(data), nil
	}
	return nil, store.ErrNotFound
}

// recorder reads from a storage and remembers what it read.
type recorder struct {
	store.Store
	replay
}

func (r *recorder) List(ctx context.Context, prefix string) ([]store.Object, error) {
	list, err := r.Store.List(ctx, prefix)
	r.listing = list
	return list, err
}

func (r *recorder) Get(ctx context.Context, name string, limit int64) ([]byte, error) {
	data, err := r.Store.Get(ctx, name, limit)
	if err == nil {
		r.objects[name] = bytes.Clone(data)
	}
	return data, err
}

// Sync brings one shared vault in step with its storage: what is new there is read, checked and saved, then what is new here is saved and
// written. A storage that is not reached is Report.Offline and no error. Errors: ErrNoShare, ErrRecord, those of vault and of the
// storage (store.ErrDenied, ErrFull, ErrUntrusted, ErrStorage …).
func (s *Service) Sync(ctx context.Context, id share.VaultID) (Report, error) {
	done, err := s.turn(ctx, id)
	if err != nil {
		return Report{ID: id}, err
	}
	defer done()
	return s.sync(ctx, id)
}

func (s *Service) sync(ctx context.Context, id share.VaultID) (Report, error) {
	rep, err := s.round(ctx, id)
	now := s.cfg.Now()
	l := s.lastOf(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	l.tried, l.offline, l.err = now, rep.Offline, err
	if err == nil && !rep.Offline {
		l.success = now
	}
	return rep, err
}

func (s *Service) round(ctx context.Context, id share.VaultID) (Report, error) {
	rep := Report{ID: id}
	// What was changed here goes into the record first, with its time, whatever becomes of the storage.
	var before []byte
	var scratch *record
	err := s.cfg.Vault.Update(ctx, func(v *vault.Vault) error {
		text, ok := v.Share(string(id))
		if !ok {
			return ErrNoShare
		}
		var err error
		if scratch, err = s.decode(text); err != nil {
			return err
		}
		if err := scratch.absorb(v, s.cfg.Now()); err != nil {
			return err
		}
		if scratch.changed {
			if err := scratch.project(v); err != nil {
				return err
			}
			if err := scratch.keep(v); err != nil {
				return err
			}
			text, _ = v.Share(string(id))
		}
		before = bytes.Clone(text)
		return nil
	})
	defer clear(before)
	if err != nil {
		return rep, err
	}
	rep.State = scratch.replica.State()
	st, err := s.open(id, scratch)
	if err != nil {
		return rep, err
	}
	now := s.cfg.Now()
	rec := &recorder{Store: st, replay: replay{objects: map[string][]byte{}}}
	view, err := scratch.replica.Pull(ctx, rec, now)
	if errors.Is(err, store.ErrOffline) {
		rep.Offline = true
		rep.Findings = scratch.replica.Findings()
		return rep, nil
	}
	if err != nil {
		return rep, fmt.Errorf("team: read the storage: %w", err)
	}
	rep.Findings, rep.Gets, rep.Bytes, rep.State = view.Findings, view.Gets, view.Bytes, scratch.replica.State()
	out, changed, err := scratch.replica.Decide(view, now)
	if err != nil {
		return rep, err
	}
	stale := now.Sub(scratch.synced) > keepSynced
	var settled kept
	if changed || view.Changed || !out.Empty() || stale {
		if settled, out, err = s.settle(ctx, id, before, scratch, rec.replay, out, now); err != nil {
			return rep, err
		}
	}
	err = out.Push(ctx, st)
	if errors.Is(err, store.ErrOffline) {
		rep.Offline = true
		return rep, nil
	}
	if err != nil {
		return rep, fmt.Errorf("team: write the storage: %w", err)
	}
	rep.Puts, rep.Deletes = len(out.Put), len(out.Delete)
	for _, item := range out.Put {
		rep.Bytes += int64(len(item.Data))
	}
	_ = s.pushed(ctx, id, settled, out) // lost, the next look at the storage says the same
	return rep, nil
}

// kept is a record as it was kept last, and how it was written.
type kept struct {
	rec  *record
	text [sha256.Size]byte
}

// pushed remembers that the storage took what was written, so that one that shows less later is found out.
func (s *Service) pushed(ctx context.Context, id share.VaultID, was kept, out share.Outbox) error {
	if len(out.Put) == 0 {
		return nil
	}
	return s.cfg.Vault.Update(ctx, func(v *vault.Vault) error {
		text, ok := v.Share(string(id))
		if !ok {
			return nil // forgotten meanwhile
		}
		rec := was.rec
		if rec == nil || sha256.Sum256(text) != was.text { // somebody changed it meanwhile
			var err error
			if rec, err = s.decode(text); err != nil {
				return err
			}
		}
		if !rec.replica.Pushed(out) {
			return nil
		}
		return rec.keep(v)
	})
}

// settle makes durable what was read and what is to be written. If somebody changed the vault meanwhile, what was read is taken in once more
// on top of that.
func (s *Service) settle(ctx context.Context, id share.VaultID, before []byte, scratch *record, got replay, out share.Outbox, now time.Time) (kept, share.Outbox, error) {
	var settled kept
	err := s.cfg.Vault.Update(ctx, func(v *vault.Vault) error {
		text, ok := v.Share(string(id))
		if !ok {
			return ErrNoShare
		}
		rec, err := s.decode(text)
		if err != nil {
			return err
		}
		if err := rec.absorb(v, now); err != nil {
			return err
		}
		if !rec.changed && bytes.Equal(text, before) {
			rec = scratch
		} else {
			view, err := rec.replica.Pull(ctx, got, now)
			if err != nil {
				return err
			}
			if err := rec.absorbWaiting(v, now); err != nil {
				return err
			}
			if out, _, err = rec.replica.Decide(view, now); err != nil {
				return err
			}
		}
		rec.synced = now.UTC().Truncate(time.Millisecond)
		if err := rec.project(v); err != nil {
			return err
		}
		if err := rec.keep(v); err != nil {
			return err
		}
		text, _ = v.Share(string(id))
		settled = kept{rec, sha256.Sum256(text)}
		return nil
	})
	return settled, out, err
}

// Watch sends after the storage of a shared vault may have changed, as store.Watch does; nil, which blocks for ever, where storage does not
// tell.
func (s *Service) Watch(ctx context.Context, id share.VaultID) (<-chan struct{}, error) {
	done, err := s.turn(ctx, id)
	if err != nil {
		return nil, err
	}
	defer done()
	var st store.Store
	err = s.read(id, func(rec *record, _ *vault.Vault) error {
		var err error
		st, err = s.open(id, rec)
		return err
	})
	if err != nil {
		return nil, err
	}
	return store.Watch(ctx, st, id.Folder())
}

// Clock is what the replies of the storages said about the clock of this computer, the narrowest of them; false when none said anything.
func (s *Service) Clock() (store.ClockReading, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var best store.ClockReading
	found := false
	for _, l := range s.last {
		if l.store == nil {
			continue
		}
		if c, ok := store.Clock(l.store); ok && (!found || c.High-c.Low < best.High-best.Low) {
			best, found = c, true
		}
	}
	return best, found
}
