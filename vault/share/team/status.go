package team

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
)

func isSealed(s recovery.Sheet) bool { return s.IsSealed() }

// Status is how things stand with one shared vault, as far as this device knows without asking the storage.
type Status struct {
	ID        share.VaultID
	Name      string
	State     share.State
	Ready     bool // a member with all keys
	Role      share.Role
	Me        share.DeviceID
	Where     store.Location
	User      string // at the storage
	Password  bool   // one is kept for it
	CA        bool   // an own authority is trusted
	PlainHTTP bool   // it may be reached without encryption
	People    int
	Devices   int
	Accounts  int // live ones
	Conflicts int
	Reenroll  int
	Requests  int
	Unsaid    bool      // something written here is not on the storage yet
	Tried     time.Time // last attempt since the program started; zero = none
	Success   time.Time // last success
	Offline   bool      // the last attempt did not reach the storage
	Err       error     // of the last attempt
	Findings  []share.Finding
}

// Suspicious reports whether the storage shows less than it should, or something it should not.
func (s Status) Suspicious() bool {
	return slices.ContainsFunc(s.Findings, func(f share.Finding) bool { return f.Kind.Suspicious() })
}

// Status returns how things stand, with what was changed here and not synchronised yet. Errors: ErrNoShare, ErrRecord, vault.ErrLocked.
func (s *Service) Status(id share.VaultID) (Status, error) {
	var st Status
	err := s.latest(id, func(rec *record, _ *vault.Vault) error {
		r := rec.replica
		st = Status{
			ID: id, Name: r.Name(), State: r.State(), Ready: r.Ready(), Role: r.Role(), Me: r.Me(), Where: rec.where,
			User: rec.access.User, Password: !rec.access.Password.IsEmpty(), CA: len(rec.access.CA) > 0, PlainHTTP: rec.access.PlainHTTP, People: r.People(),
			Devices: len(r.Members()), Conflicts: len(r.Conflicts()), Reenroll: len(r.Reenroll()), Requests: len(r.Requests()),
			Unsaid: r.Unsaid(), Success: rec.synced, Findings: r.Findings(),
		}
		for _, a := range r.Accounts() {
			if _, deleted, _, _ := r.Brief(a); !deleted {
				st.Accounts++
			}
		}
		return nil
	})
	l := s.lastOf(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	st.Tried, st.Offline, st.Err = l.tried, l.offline, l.err
	if l.success.After(st.Success) {
		st.Success = l.success
	}
	return st, err
}

// List returns the status of every shared vault of this device; one whose record cannot be read has Err set and little else.
func (s *Service) List() ([]Status, error) {
	ids, err := s.IDs()
	if err != nil {
		return nil, err
	}
	list := make([]Status, 0, len(ids))
	for _, id := range ids {
		st, err := s.Status(id)
		if err != nil {
			st.ID, st.Err = id, err
		}
		list = append(list, st)
	}
	return list, nil
}

// Badge is what an account's row shows of a shared vault.
type Badge struct {
	ID     share.VaultID
	Name   string
	People int
	Writes bool                  // this device may change accounts
	State  share.State           // how this device stands to the shared vault
	Admins []string              // whom to ask for more: names of people, each once
	Tags   map[vault.ID][]string // tags that everybody sees, of the accounts that have any
}

// Badges returns what rows show, by the mark of their accounts (vault.Account.Shared). They are read anew only when the record of a shared vault is
// another one, because a window asks after every change: at 10,000 accounts a record takes half a second. They are shared between callers, and not to
// be changed. Errors: vault.ErrLocked, after which nothing of them is kept.
func (s *Service) Badges() (map[string]Badge, error) {
	badges := map[string]Badge{}
	ids, err := s.IDs()
	if errors.Is(err, vault.ErrLocked) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, l := range s.last {
			l.badge, l.badgeOf = Badge{}, nil
		}
		return badges, err
	}
	for _, id := range ids {
		_ = s.cfg.Vault.Read(func(v *vault.Vault) error {
			text, ok := v.Share(string(id))
			if !ok {
				return ErrNoShare
			}
			if b, ok := s.keptBadge(id, text); ok {
				badges[string(id)] = b
				return nil
			}
			return s.in(id, v, func(rec *record, _ *vault.Vault) error {
				b := rec.badge()
				badges[string(id)] = b
				l := s.lastOf(id)
				s.mu.Lock()
				defer s.mu.Unlock()
				l.badge, l.badgeOf = b, text
				return nil
			})
		})
	}
	return badges, err
}

// keptBadge is the badge that was made of exactly this record. A record in a vault is replaced and never changed, and badgeOf keeps its memory from
// being used for another one, so that being the same memory is being the same record.
func (s *Service) keptBadge(id share.VaultID, text []byte) (Badge, bool) {
	l := s.lastOf(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	return l.badge, len(text) > 0 && len(l.badgeOf) == len(text) && &l.badgeOf[0] == &text[0]
}

func (rec *record) badge() Badge {
	r := rec.replica
	b := Badge{ID: r.ID(), Name: r.Name(), People: r.People(), Writes: r.Role().Writes(), State: r.State(), Admins: rec.admins(), Tags: map[vault.ID][]string{}}
	for _, a := range r.Accounts() {
		if tags := r.Tags(a); len(tags) > 0 {
			b.Tags[rec.local(a)] = tags
		}
	}
	return b
}

// Members returns the devices of a shared vault, those of one person beside each other.
func (s *Service) Members(id share.VaultID) ([]share.Info, error) {
	var list []share.Info
	err := s.read(id, func(rec *record, _ *vault.Vault) error { list = rec.replica.Members(); return nil })
	return list, err
}

// Gone returns the devices that were removed or left, the last one first, and who they belonged to.
func (s *Service) Gone(id share.VaultID) ([]share.Gone, []share.Person, error) {
	var list []share.Gone
	var people []share.Person
	err := s.read(id, func(rec *record, _ *vault.Vault) error {
		list = rec.replica.Gone()
		for _, g := range list {
			people = append(people, rec.replica.Person(g.Device))
		}
		return nil
	})
	return list, people, err
}

// Event is one thing somebody did, with the names as they are now.
type Event struct {
	share.Event
	Who     share.Person
	Whom    share.Person // whom an entry about members is about
	Local   vault.ID     // of the account, here
	Issuer  string       // of the account
	Account string       // its name
}

// Log returns who changed what and when, the last thing first.
func (s *Service) Log(id share.VaultID) ([]Event, error) {
	var list []Event
	err := s.latest(id, func(rec *record, _ *vault.Vault) error {
		for _, e := range rec.replica.Log() {
			event := Event{Event: e, Who: rec.replica.Person(e.By)}
			if e.Device != "" {
				event.Whom = rec.replica.Person(e.Device)
			}
			if a, ok := rec.replica.Account(e.Account); ok {
				event.Local, event.Issuer, event.Account = rec.local(a.ID), a.Issuer, a.Name
			}
			list = append(list, event)
		}
		return nil
	})
	return list, err
}

// Exposed is an account to enroll again at its portal.
type Exposed struct {
	Local  vault.ID
	Issuer string
	Name   string
	To     []share.Person // who knew the secret, and is no longer a member; the last one removed first
	share.Exposed
}

// Reenroll returns the accounts to enroll again, those of one portal beside each other. A changed secret ticks an account off by itself.
func (s *Service) Reenroll(id share.VaultID) ([]Exposed, error) {
	var list []Exposed
	err := s.latest(id, func(rec *record, _ *vault.Vault) error {
		for _, x := range rec.replica.Reenroll() {
			a, _ := rec.replica.Account(x.Account)
			e := Exposed{Local: rec.local(x.Account), Issuer: a.Issuer, Name: a.Name, Exposed: x}
			for _, d := range x.To {
				e.To = append(e.To, rec.replica.Person(d))
			}
			list = append(list, e)
		}
		return nil
	})
	slices.SortStableFunc(list, func(a, b Exposed) int { return compareFold(a.Issuer+"\x00"+a.Name, b.Issuer+"\x00"+b.Name) })
	return list, err
}

// Conflict is an account of which people set different secrets without knowing of each other.
type Conflict struct {
	Local   vault.ID
	Issuer  string
	Name    string
	Choices []Choice // by time; the last one is what the account shows meanwhile
}

// Choice is one of the values. Params is a copy, for the caller to wipe.
type Choice struct {
	share.Choice
	Who share.Person
}

// Conflicts returns what a person has to choose between.
func (s *Service) Conflicts(id share.VaultID) ([]Conflict, error) {
	var list []Conflict
	err := s.latest(id, func(rec *record, _ *vault.Vault) error {
		for _, a := range rec.replica.Conflicts() {
			c := Conflict{Local: rec.local(a.ID), Issuer: a.Issuer, Name: a.Name}
			for _, o := range a.Conflict {
				c.Choices = append(c.Choices, Choice{o, rec.replica.Person(o.By)})
			}
			list = append(list, c)
		}
		return nil
	})
	return list, err
}

// Keep ends a conflict for everybody; the other values stay in the history of the account. choice is the ID of a Choice, or at least four
// digits it begins with. share.ErrNoAccount when there is no such choice.
func (s *Service) Keep(ctx context.Context, id share.VaultID, account vault.ID, choice string) (Report, error) {
	var rep Report
	done, err := s.turn(ctx, id)
	if err != nil {
		return rep, err
	}
	defer done()
	err = s.update(ctx, id, func(rec *record, _ *vault.Vault) error {
		theirs := rec.shared(account)
		a, _ := rec.replica.Account(theirs)
		full := ""
		for _, c := range a.Conflict {
			if c.ID == choice || len(choice) >= 4 && len(choice) < len(c.ID) && c.ID[:len(choice)] == choice {
				if full != "" {
					return share.ErrNoAccount
				}
				full = c.ID
			}
		}
		return rec.replica.Keep(theirs, full, s.cfg.Now())
	})
	if err != nil {
		return rep, err
	}
	return s.sync(ctx, id)
}
