// Package team is what a window and a command line need of shared vaults: the accounts of a vault, the replicas beside them, and the
// storage, brought together.
//
// Purpose: a [Service] belongs to one vault.Manager. It keeps the replica of every shared vault, and the credentials of its storage,
// as a record inside that vault (vault.Vault.Share); it turns what a person changed about an account with the shared mark into registers
// and registers into accounts; and it synchronises. Everything is saved before it leaves the computer, so that the program may be killed
// at any moment.
//
// Whatever else changes accounts (adding, editing, removing, a HOTP code) goes on as before through vault.Manager.Update: the next
// call of any method here finds the difference.
//
// Who may import it: app/model, app/cli, app to wire it, tests. It imports vault and vault/share/....
//
// Concurrency: a Service is safe for use by many goroutines. Methods with a context may take as long as the storage takes; the others
// read memory. Calls that change one shared vault wait for each other. Methods must not be called from within a function handed to
// Manager.Read or Update.
//
// Ownership: what is returned is the caller's. Passwords and invites that are handed in stay the caller's, who wipes them.
//
// Errors: those of vault (ErrLocked, ErrSave, …), of vault/share and of vault/share/store, and the ones here. That the storage is not
// reached is no error of Sync, but it is one (store.ErrOffline) of what makes no sense without it.
package team

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/backend"
)

// Errors of this package.
var (
	// ErrNoShare says that there is no such shared vault on this device, or that a name means several.
	ErrNoShare = errors.New("team: no such shared vault")
	// ErrHere says that this device belongs to that shared vault already.
	ErrHere = errors.New("team: this device is in that shared vault already")
	// ErrRecord says that what was remembered of a shared vault cannot be read.
	ErrRecord = errors.New("team: the record of a shared vault cannot be read")
	// ErrShared says that an account belongs to a shared vault already.
	ErrShared = errors.New("team: the account is shared already")
	// ErrNotReady says that this device is not, or not yet, a member with all keys.
	ErrNotReady = errors.New("team: not a member yet")
)

// Config is what a Service gets from outside. Vault is required.
type Config struct {
	Vault *vault.Manager
	Open  func(store.Location, backend.Access) (store.Store, error) // nil = backend.Open
	Now   func() time.Time                                          // nil = time.Now
	Share share.Config                                              // zero = real keys, the system's randomness
}

// Service does everything with shared vaults for one vault.
type Service struct {
	cfg   Config
	mu    sync.Mutex
	turns map[share.VaultID]chan struct{} // one call at a time per shared vault
	last  map[share.VaultID]*last
}

// last is what is remembered of the latest synchronisation, in memory only.
type last struct {
	tried   time.Time
	success time.Time
	offline bool
	err     error
	store   store.Store
	where   string
	access  backend.Access
	badge   Badge  // see Badges
	badgeOf []byte // the record that badge was made of; nil = none
}

// New makes a service.
func New(cfg Config) *Service {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Open == nil {
		cfg.Open = func(l store.Location, a backend.Access) (store.Store, error) {
			s, err := backend.Open(l, a, backend.Config{Now: cfg.Now})
			if err != nil {
				return nil, err
			}
			return s, nil
		}
	}
	return &Service{cfg: cfg, turns: map[share.VaultID]chan struct{}{}, last: map[share.VaultID]*last{}}
}

// turn waits until no other call changes that shared vault.
func (s *Service) turn(ctx context.Context, id share.VaultID) (func(), error) {
	s.mu.Lock()
	c := s.turns[id]
	if c == nil {
		c = make(chan struct{}, 1)
		s.turns[id] = c
	}
	s.mu.Unlock()
	select {
	case c <- struct{}{}:
		return func() { <-c }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *Service) lastOf(id share.VaultID) *last {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.last[id]
	if l == nil {
		l = &last{}
		s.last[id] = l
	}
	return l
}

// record is what lies in the vault for one shared vault.
type record struct {
	where    store.Location
	access   backend.Access
	aliases  map[share.AccountID]vault.ID // accounts whose id was taken here
	personal map[share.AccountID]personal
	synced   time.Time // last success, not newer than keepSynced makes it
	replica  *share.Replica
	changed  bool // since it was read, by what a person changed about accounts

	// waiting are accounts that were changed here while the key to write with had not arrived: not yet taken in, and not to be undone. With each
	// is what the shared vault said before that key: only what differs from it is the person's change.
	waiting map[vault.ID]share.Account
}

// keepSynced is how old the noted time of the last success may get before it is worth a save of its own.
const keepSynced = 10 * time.Minute

// personal is what this person's tags of an account are, in comparison with the shared ones.
type personal struct {
	Add  []string `json:"add,omitempty"`
	Hide []string `json:"hide,omitempty"`
}

type recordText struct {
	Format   int                          `json:"format"`
	Where    string                       `json:"where"`
	User     string                       `json:"user,omitzero"`
	Password []byte                       `json:"password,omitempty"`
	CA       []byte                       `json:"ca,omitempty"`
	Plain    bool                         `json:"plain_http,omitzero"`
	Aliases  map[share.AccountID]vault.ID `json:"aliases,omitempty"`
	Personal map[share.AccountID]personal `json:"personal,omitempty"`
	Synced   int64                        `json:"synced,omitzero"`
	Replica  jsontext.Value               `json:"replica"`
}

const recordFormat = 1

func (rec *record) encode() ([]byte, error) {
	replica, err := rec.replica.Encode()
	if err != nil {
		return nil, err
	}
	t := recordText{
		Format: recordFormat, Where: rec.where.String(), User: rec.access.User, Password: rec.access.Password.Reveal(), CA: rec.access.CA,
		Plain: rec.access.PlainHTTP, Aliases: rec.aliases, Personal: rec.personal, Replica: replica,
	}
	if !rec.synced.IsZero() {
		t.Synced = rec.synced.UnixMilli()
	}
	text, err := json.Marshal(t, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("%w: it cannot be written", ErrRecord)
	}
	return text, nil
}

func (s *Service) decode(text []byte) (*record, error) {
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(text, &version); err != nil || version.Format < 1 {
		return nil, fmt.Errorf("%w: not what was written", ErrRecord)
	}
	if version.Format > recordFormat {
		return nil, fmt.Errorf("%w: %w", ErrRecord, share.ErrNewer)
	}
	var t recordText
	if err := json.Unmarshal(text, &t, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("%w: not what was written", ErrRecord) // the library's text may quote values
	}
	where, err := store.ParseLocation(t.Where)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	replica, err := share.Decode(s.cfg.Share, t.Replica)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	rec := &record{
		where: where, access: backend.Access{User: t.User, Password: secret.New(t.Password), CA: t.CA, PlainHTTP: t.Plain},
		aliases: t.Aliases, personal: t.Personal, replica: replica,
	}
	if t.Synced != 0 {
		rec.synced = time.UnixMilli(t.Synced).UTC()
	}
	if rec.aliases == nil {
		rec.aliases = map[share.AccountID]vault.ID{}
	}
	if rec.personal == nil {
		rec.personal = map[share.AccountID]personal{}
	}
	return rec, nil
}

// latest gives the record with what a person changed about accounts since it was saved, and saves nothing.
func (s *Service) latest(id share.VaultID, fn func(*record, *vault.Vault) error) error {
	return s.read(id, func(rec *record, v *vault.Vault) error {
		if err := rec.takeIn(v, s.cfg.Now()); err != nil { // the next synchronisation says what cannot be shared; to look is possible all the same
			return s.in(id, v, fn)
		}
		return fn(rec, v)
	})
}

// read gives the record as it was saved last.
func (s *Service) read(id share.VaultID, fn func(*record, *vault.Vault) error) error {
	return s.cfg.Vault.Read(func(v *vault.Vault) error { return s.in(id, v, fn) })
}

func (s *Service) in(id share.VaultID, v *vault.Vault, fn func(*record, *vault.Vault) error) error {
	text, ok := v.Share(string(id))
	if !ok {
		return ErrNoShare
	}
	rec, err := s.decode(text)
	if err != nil {
		return err
	}
	return fn(rec, v)
}

// update changes a record: what was changed about accounts is taken in first, fn does its part, and accounts are brought up to it.
// Nothing changed is nothing saved.
func (s *Service) update(ctx context.Context, id share.VaultID, fn func(*record, *vault.Vault) error) error {
	return s.cfg.Vault.Update(ctx, func(v *vault.Vault) error {
		text, ok := v.Share(string(id))
		if !ok {
			return ErrNoShare
		}
		rec, err := s.decode(text)
		if err != nil {
			return err
		}
		if err := rec.absorb(v, s.cfg.Now()); err != nil {
			return err
		}
		if fn != nil {
			if err := fn(rec, v); err != nil {
				return err
			}
		}
		if err := rec.project(v); err != nil {
			return err
		}
		return rec.keep(v)
	})
}

// keep puts the record into the vault, unless it is the same.
func (rec *record) keep(v *vault.Vault) error {
	text, err := rec.encode()
	if err != nil {
		return err
	}
	id := string(rec.replica.ID())
	if was, ok := v.Share(id); ok && bytes.Equal(was, text) {
		clear(text)
		return nil
	}
	return v.SetShare(id, text)
}

// IDs returns the shared vaults of this device.
func (s *Service) IDs() ([]share.VaultID, error) {
	var ids []share.VaultID
	err := s.cfg.Vault.Read(func(v *vault.Vault) error {
		for _, id := range v.Shares() {
			ids = append(ids, share.VaultID(id))
		}
		return nil
	})
	return ids, err
}

// Find finds the shared vault a person means: by its name, its id, or at least four digits its id begins with. ErrNoShare when there is
// none or more than one.
func (s *Service) Find(text string) (share.VaultID, error) {
	text = strings.TrimSpace(text)
	var exact, begins []share.VaultID
	err := s.cfg.Vault.Read(func(v *vault.Vault) error {
		for _, id := range v.Shares() {
			if id == strings.ToLower(text) {
				exact = append(exact, share.VaultID(id))
				continue
			}
			raw, _ := v.Share(id)
			rec, err := s.decode(raw)
			if err == nil && strings.EqualFold(rec.replica.Name(), text) {
				exact = append(exact, share.VaultID(id))
			} else if len(text) >= 4 && strings.HasPrefix(id, strings.ToLower(text)) {
				begins = append(begins, share.VaultID(id))
			}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	if len(exact) == 0 {
		exact = begins
	}
	if len(exact) != 1 {
		return "", fmt.Errorf("%w: %d go by that name", ErrNoShare, len(exact))
	}
	return exact[0], nil
}

// unique drops what occurs twice, ignoring case.
func unique(list []string) []string {
	var out []string
	for _, t := range list {
		if !slices.ContainsFunc(out, func(o string) bool { return strings.EqualFold(o, t) }) {
			out = append(out, t)
		}
	}
	return out
}

func compareFold(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }
