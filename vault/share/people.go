package share

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// MaxInviteLife is how long an invite is good for at most.
const MaxInviteLife = 30 * 24 * time.Hour

// Request is a device that answered an invite and waits for an admin to confirm it.
type Request struct {
	Device    DeviceID // names the request
	Person    Person   // as it says itself
	Role      Role     // as the invite has it
	Invite    InviteID
	Time      time.Time // by its own clock
	Expires   time.Time // of the invite
	public    []byte
	recipient string
	hash      Hash
}

// Info is a member as people see it.
type Info struct {
	Device   DeviceID
	Person   Person
	Role     Role
	Me       bool
	Verified bool // somebody compared the words on this device
	Since    time.Time
	AddedBy  DeviceID
	Latest   int64 // number of its latest contribution taken in; 0 = none yet
}

// Members returns the devices of the vault, those of one person beside each other.
func (r *Replica) Members() []Info {
	var list []Info
	for d, m := range r.chain.Standing().Members {
		i := Info{
			Device: d, Person: r.content.Person(d), Role: m.Role, Me: d == r.me.Device, Verified: r.verified[d], Since: timeOf(m.Since), AddedBy: m.AddedBy,
			Latest: r.held[d].N,
		}
		if i.Me {
			i.Latest = r.mine.N
		}
		list = append(list, i)
	}
	slices.SortFunc(list, func(a, b Info) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Person.Name), strings.ToLower(b.Person.Name)), cmp.Compare(a.Device, b.Device))
	})
	return list
}

// People is the number of different persons among the members, going by their names.
func (r *Replica) People() int {
	names := map[string]bool{}
	for d := range r.chain.Standing().Members {
		name := strings.ToLower(strings.TrimSpace(r.content.Person(d).Name))
		names[cmp.Or(name, string(d))] = true
	}
	return len(names)
}

// Person is who a device belongs to, or belonged to; empty when nobody said.
func (r *Replica) Person(d DeviceID) Person { return r.content.Person(d) }

// Gone returns the devices that were removed or left, the last one first.
func (r *Replica) Gone() []Gone {
	list := make([]Gone, 0)
	for _, g := range r.chain.Standing().Gone {
		list = append(list, g)
	}
	slices.SortFunc(list, func(a, b Gone) int { return cmp.Or(cmp.Compare(b.Time, a.Time), cmp.Compare(a.Device, b.Device)) })
	return list
}

func (r *Replica) admin() error {
	if err := r.adminWithoutKey(); err != nil {
		return err
	}
	if _, ok := r.current(); !ok {
		return ErrNoKey
	}
	return nil
}

// adminWithoutKey is admin for what makes a new key. It must not ask for the current one: whoever made that, or the only device that got so far,
// may have given it to nobody, and then this is the way out.
func (r *Replica) adminWithoutKey() error {
	switch {
	case r.State() != Joined:
		return ErrNotMember
	case r.Role() != Admin:
		return ErrNotPermitted
	case r.outdated():
		return ErrNewer
	}
	return nil
}

// Invite makes an invite for one device. It is of use once it is on the storage: Decide, save, Push, then InviteText. Errors:
// ErrNotMember, ErrNotPermitted, ErrNoKey, ErrFormat (role, or a life of nothing or over MaxInviteLife).
func (r *Replica) Invite(role Role, life time.Duration, now time.Time) (InviteID, error) {
	if err := r.admin(); err != nil {
		return "", err
	}
	if !role.Valid() || life <= 0 || life > MaxInviteLife {
		return "", fmt.Errorf("%w: role or life of an invite", ErrFormat)
	}
	text, err := randomHex(r.cfg.Rand, 8)
	if err != nil {
		return "", err
	}
	key, err := r.cfg.Crypto.NewIdentity()
	if err != nil {
		return "", err
	}
	id, expires := InviteID(text), millis(now.Add(life))
	if err := r.appendEntry(Entry{Type: Invited, Role: role, Invite: id, Check: checkOf(key), Expires: expires}, now); err != nil {
		return "", err
	}
	r.dirty = true // what this device saw goes out with it
	return id, r.setInvite(id, openInvite{string(key.Reveal()), role, expires}, now)
}

func (r *Replica) setInvite(id InviteID, i openInvite, now time.Time) error {
	value, err := marshal(i)
	if err != nil {
		return err
	}
	return r.setSelfValue(regInvite+string(id), value, now)
}

// InviteFor returns an open invite to hand out. where is the storage, as the newcomer will reach it. Errors: ErrInvite (none of that
// id), ErrInviteUsed.
func (r *Replica) InviteFor(id InviteID, where string) (Invite, error) {
	s := r.chain.Standing()
	if _, used := s.Used[id]; used {
		return Invite{}, ErrInviteUsed
	}
	e, made := s.Invites[id]
	i, open := r.content.openInvites()[id]
	if !made || !open {
		return Invite{}, fmt.Errorf("%w: there is none of this name", ErrInvite)
	}
	return Invite{
		Vault: r.vault, Name: r.Name(), Genesis: r.chain.root, Head: s.Head, By: r.me.Device, Seen: r.mine.Head, Where: where, ID: id,
		Role: e.Role, Expires: timeOf(e.Expires), key: secret.FromString(i.Key),
	}, nil
}

// Requests returns the devices that wait to be confirmed, the first one first.
func (r *Replica) Requests() []Request {
	list := make([]Request, 0, len(r.requests))
	for _, q := range r.requests {
		list = append(list, q)
	}
	slices.SortFunc(list, func(a, b Request) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Device, b.Device)) })
	return list
}

// OpenInvites returns the invites that may still be used, the one that lasts longest first. None has its key: see InviteFor.
func (r *Replica) OpenInvites(now time.Time) []Invite {
	var list []Invite
	for id, e := range r.chain.Standing().Invites {
		if i := (Invite{Vault: r.vault, Name: r.Name(), Genesis: r.chain.root, By: e.By, ID: id, Role: e.Role, Expires: timeOf(e.Expires)}); now.Before(i.Expires) {
			list = append(list, i)
		}
	}
	slices.SortFunc(list, func(a, b Invite) int { return cmp.Or(b.Expires.Compare(a.Expires), cmp.Compare(a.ID, b.ID)) })
	return list
}

// Withdraw takes an open invite back: nobody can be let in with it any more. Errors: ErrInvite (none of that id), ErrInviteUsed, and as of Invite.
func (r *Replica) Withdraw(id InviteID, now time.Time) error {
	if err := r.admin(); err != nil {
		return err
	}
	s := r.chain.Standing()
	e, open := s.Invites[id]
	if _, used := s.Used[id]; used {
		return ErrInviteUsed
	} else if !open {
		return fmt.Errorf("%w: there is none of this name", ErrInvite)
	}
	if err := r.appendEntry(Entry{Type: InviteUsed, Device: r.me.Device, Invite: id}, now); err != nil {
		return plain(err)
	}
	for d, q := range r.requests {
		if q.Invite == id {
			delete(r.requests, d)
		}
	}
	return r.setInvite(id, openInvite{Role: e.Role, Expires: e.Expires}, now)
}

// Confirm lets a device in that asked to. Whoever calls it has compared the words, or says so to the person. Errors: ErrNoRequest, ErrInviteUsed,
// ErrInviteExpired, and as of Invite.
func (r *Replica) Confirm(d DeviceID, now time.Time) error {
	if err := r.admin(); err != nil {
		return err
	}
	q, ok := r.requests[d]
	if !ok {
		return ErrNoRequest
	}
	if err := r.appendEntry(Entry{Type: InviteUsed, Device: d, Invite: q.Invite}, now); err != nil {
		return err
	}
	if err := r.appendEntry(Entry{Type: Added, Device: d, Public: q.public, Recipient: q.recipient, Role: q.Role, Invite: q.Invite}, now); err != nil {
		return err
	}
	delete(r.requests, d)
	if err := r.setInvite(q.Invite, openInvite{Role: q.Role, Expires: millis(q.Expires)}, now); err != nil {
		return err
	}
	return r.setPerson(d, q.Person, now)
}

// Dismiss forgets a request. ErrNoRequest.
func (r *Replica) Dismiss(d DeviceID) error {
	q, ok := r.requests[d]
	if !ok {
		return ErrNoRequest
	}
	delete(r.requests, d)
	r.remember(inboxName(r.vault, q.Invite, q.hash), NotPermitted)
	return nil
}

// Words returns the safety words of this device and another: a member, one that waits to be confirmed, or, for a device that waits
// itself, the admin who invited it. Errors: ErrNotMember.
func (r *Replica) Words(d DeviceID) (string, error) {
	other, ok := r.chain.Standing().Members[d]
	if q, waits := r.requests[d]; !ok && waits {
		other, ok = Member{Public: q.public, Recipient: q.recipient}, true
	}
	if !ok || d == r.me.Device {
		return "", ErrNotMember
	}
	return Words(r.vault, r.me, other), nil
}

// Inviter is the device that made the invite this device answered; empty when it waits for nobody.
func (r *Replica) Inviter() DeviceID {
	if r.joining == nil {
		return ""
	}
	return r.joining.invite.By
}

// Verify notes that two people compared the words of a device, or that they no longer trust that. Errors: ErrNotMember.
func (r *Replica) Verify(d DeviceID, same bool) error {
	if _, ok := r.chain.Standing().Members[d]; !ok || d == r.me.Device {
		return ErrNotMember
	}
	if same {
		r.verified[d] = true
	} else {
		delete(r.verified, d)
	}
	return nil
}

// Resolve finds the device a person means: by its id, the beginning of it, the name of the person, of the device, or both with a
// slash. ErrNotMember when there is none or more than one. Requests are found as well.
func (r *Replica) Resolve(text string) (DeviceID, error) {
	text = strings.TrimSpace(text)
	var found []DeviceID
	match := func(d DeviceID, p Person) {
		names := []string{string(d), p.Name, p.Device, p.Name + "/" + p.Device}
		if text != "" && (slices.ContainsFunc(names, func(n string) bool { return n != "" && strings.EqualFold(n, text) }) ||
			len(text) >= 4 && strings.HasPrefix(string(d), strings.ToLower(text))) {
			found = append(found, d)
		}
	}
	for d := range r.chain.Standing().Members {
		match(d, r.content.Person(d))
	}
	for d, q := range r.requests {
		match(d, q.Person)
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%w: %d devices go by that name", ErrNotMember, len(found))
	}
	return found[0], nil
}

// SetRole gives a device another role. Errors: ErrNotMember, ErrNotPermitted, ErrLastAdmin, ErrNoKey, ErrFormat.
func (r *Replica) SetRole(d DeviceID, role Role, now time.Time) error {
	if err := r.admin(); err != nil {
		return err
	}
	m, ok := r.chain.Standing().Members[d]
	switch {
	case !role.Valid():
		return fmt.Errorf("%w: a role", ErrFormat)
	case !ok:
		return ErrNotMember
	case m.Role == role:
		return nil
	}
	if err := r.appendEntry(Entry{Type: RoleSet, Device: d, Role: role}, now); err != nil {
		return plain(err)
	}
	if !role.Writes() {
		r.takeOver(d)
	}
	return nil
}

// SetPerson says who a member belongs to, and what its device is called. A device names itself and the others of its person, by the name they go
// by now; an admin names all. Errors: ErrNotMember, ErrNotPermitted, ErrNoKey, ErrFormat (a person without a name), ErrTooLarge.
func (r *Replica) SetPerson(d DeviceID, who Person, now time.Time) error {
	if _, ok := r.chain.Standing().Members[d]; !ok {
		return ErrNotMember
	}
	mine := r.content.Person(r.me.Device).Name
	if r.Role() != Admin && d != r.me.Device && (mine == "" || !strings.EqualFold(r.content.Person(d).Name, mine)) {
		return ErrNotPermitted
	}
	who = Person{strings.TrimSpace(who.Name), strings.TrimSpace(who.Device)}
	if who.Name == "" {
		return fmt.Errorf("%w: a person without a name", ErrFormat)
	}
	was := r.content.Person(d)
	if who == was {
		return nil
	}
	if err := r.setPerson(d, who, now); err != nil {
		return err
	}
	r.note(Event{Time: now, By: r.me.Device, Account: Self, What: Named, Device: d, Was: was, Is: who})
	return nil
}

// plain drops the wrapping of an error that is more telling without.
func plain(err error) error {
	for _, e := range []error{ErrLastAdmin, ErrInviteUsed, ErrInviteExpired} {
		if errors.Is(err, e) {
			return e
		}
	}
	return err
}

// takeOver makes this device keep on the storage what another one wrote or kept.
func (r *Replica) takeOver(d DeviceID) {
	for _, o := range r.content.Registers() {
		if k := o.key(); (o.Author == d || r.by[k] == d) && o.Author != r.me.Device {
			r.carry[k] = true
			r.dirty = true
		}
	}
}

// Remove removes a device: lost, or of somebody who left the team. It gets nothing new from the moment this is on the storage, for
// there is a new key for all that follows; what it wrote is kept. What it saw it may keep: see Reenroll. Errors: as of SetRole, without ErrNoKey.
func (r *Replica) Remove(d DeviceID, now time.Time) error {
	if d == r.me.Device {
		return r.Leave(now)
	}
	if err := r.adminWithoutKey(); err != nil {
		return err
	}
	if _, ok := r.chain.Standing().Members[d]; !ok {
		return ErrNotMember
	}
	r.takeOver(d)
	if err := r.appendEntry(Entry{Type: Removed, Device: d, Seq: r.held[d].N}, now); err != nil {
		return plain(err)
	}
	return r.newEpoch(now)
}

// Leave removes this device from the vault. The last admin of others cannot: ErrLastAdmin. The last member of all may simply forget the
// vault. What this device wrote has to be on the storage before: Sync first. Errors: ErrNotMember, ErrLastAdmin.
func (r *Replica) Leave(now time.Time) error {
	if r.State() != Joined {
		return ErrNotMember
	}
	if len(r.chain.Standing().Members) == 1 {
		r.left = true
		return nil
	}
	if err := r.appendEntry(Entry{Type: Removed, Device: r.me.Device, Seq: r.mine.N}, now); err != nil {
		return plain(err)
	}
	r.left = true
	return nil
}

// Rotate makes a new key for all that follows without removing anybody. Like Remove it works for an admin whom the current key did not reach, too:
// what was written under that stays unreadable until it comes. Errors: ErrNotMember, ErrNotPermitted, ErrNewer.
func (r *Replica) Rotate(now time.Time) error {
	if err := r.adminWithoutKey(); err != nil {
		return err
	}
	return r.newEpoch(now)
}

// Lost returns the membership changes that lost against others made at the same time, and whose effect is missing.
func (r *Replica) Lost() []Lost { return slices.Clone(r.chain.Standing().Lost) }

// Redo does one of them again. Errors: ErrUnknown (not one of them), and as of SetRole.
func (r *Replica) Redo(h Hash, now time.Time) error {
	if err := r.admin(); err != nil {
		return err
	}
	s := r.chain.Standing()
	i := slices.IndexFunc(s.Lost, func(l Lost) bool { return l.Hash == h })
	if i < 0 {
		return fmt.Errorf("%w: a change that was lost", ErrUnknown)
	}
	e := s.Lost[i].Entry
	if e.Type == RoleSet {
		return r.SetRole(e.Device, e.Role, now)
	}
	return r.appendEntry(Entry{Type: Added, Device: e.Device, Public: e.Public, Recipient: e.Recipient, Role: e.Role}, now)
}

// Exposed is an account whose secret somebody knows who is no longer a member.
type Exposed struct {
	Account AccountID
	To      []DeviceID // who knew it, the last one removed first
	By      DeviceID   // who set the secret
	At      time.Time  // when
}

// Reenroll returns the accounts to enroll again at their portals, by account: those that a removed device was able to read and whose
// secret nobody changed since. A changed secret leaves the list by itself; so does an account that was deleted.
func (r *Replica) Reenroll() []Exposed {
	gone := r.Gone()
	var list []Exposed
	for _, id := range r.content.Accounts() {
		if _, deleted := r.content.deleted(id); deleted {
			continue
		}
		x := Exposed{Account: id}
		for _, o := range r.content.cells[id][regOTP] {
			if o.code.params.Kind == otp.Manual {
				continue
			}
			for _, g := range gone {
				if o.code.epoch <= g.Epoch && !slices.Contains(x.To, g.Device) {
					x.To = append(x.To, g.Device)
				}
			}
			x.By, x.At = o.Author, o.At.Time()
		}
		if len(x.To) > 0 {
			list = append(list, x)
		}
	}
	return list
}
