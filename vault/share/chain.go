package share

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Chain is the tree of membership entries of one vault, and the judgement which path through it counts. What it says depends on the
// entries it was given, never on their order. It belongs to one goroutine.
type Chain struct {
	crypto  Crypto
	vault   VaultID
	root    Hash // the genesis
	nodes   map[Hash]*node
	waiting map[Hash][][]byte // entries whose parent has not come, by its hash
	queued  map[Hash]bool     // the hashes of these
	now     *Standing         // judged; nil = to be judged again
}

// maxWaiting bounds entries that may wait for a parent that never comes.
const maxWaiting = 10_000

type node struct {
	entry    Entry
	raw      []byte
	hash     Hash
	parent   *node
	children []*node
	epoch    int64
	commit   Hash
	minimum  int
	admins   int
	members  int
}

// Member is a device of a vault.
type Member struct {
	Device    DeviceID
	Role      Role
	Public    []byte
	Recipient string
	Since     int64    // milliseconds; of the entry that added it
	AddedBy   DeviceID // itself, for the one that made the vault
	Invite    InviteID
}

// Gone is a device that was a member.
type Gone struct {
	Member
	Time      int64    // of the removal, milliseconds
	RemovedBy DeviceID // itself, when it left
	Seq       int64    // the last contribution of it that counts
	Epoch     int64    // the last key it knows
}

// Lost is an entry of a branch that did not win, whose effect is missing: an admin may do it again.
type Lost struct {
	Entry Entry
	Hash  Hash
}

// Fork is a place where two entries follow one.
type Fork struct {
	Winner, Loser Entry
	WinnerHash    Hash
	LoserHash     Hash
}

// Standing is what a chain comes to.
type Standing struct {
	Head      Head
	Path      []Entry // genesis first
	Members   map[DeviceID]Member
	Gone      map[DeviceID]Gone
	Invites   map[InviteID]Entry    // open, expired or not
	Used      map[InviteID]DeviceID // used by
	Epoch     int64
	Commit    Hash
	MinFormat int
	// RotationDue: somebody who was removed knows the current key.
	RotationDue bool
	// Unsealed are removals of branches that lost: they count, and an admin's program writes them down again.
	Unsealed []Gone
	Lost     []Lost
	Forks    []Fork
}

// Head is the last entry of a chain, or the latest contribution of a device.
type Head struct {
	N    int64 `json:"n"`
	Hash Hash  `json:"hash"`
}

// NewChain makes a chain that accepts only one genesis, the one with the hash root.
func NewChain(crypto Crypto, vault VaultID, root Hash) *Chain {
	return &Chain{crypto: crypto, vault: vault, root: root, nodes: map[Hash]*node{}, waiting: map[Hash][][]byte{}, queued: map[Hash]bool{}}
}

// Has reports whether an entry is in the chain or waits for its parent.
func (c *Chain) Has(h Hash) bool {
	return c.nodes[h] != nil || c.queued[h]
}

// Add takes the stored bytes of an entry. added says that the chain is another one now. An entry whose parent has not been seen is
// kept (ErrUnknown). Errors: ErrFormat, ErrNewer, ErrTooLarge, ErrForged, ErrSwapped (of another vault), ErrNotPermitted.
func (c *Chain) Add(raw []byte) (added bool, err error) {
	h := hashOf(raw)
	if c.nodes[h] != nil {
		return false, nil
	}
	e, sig, body, err := parseEntry(raw)
	if err != nil {
		return false, err
	}
	if e.Vault != c.vault {
		return false, fmt.Errorf("%w: an entry of another vault", ErrSwapped)
	}
	n := &node{entry: e, raw: raw, hash: h}
	if e.Type == Genesis {
		if h != c.root {
			return false, fmt.Errorf("%w: another beginning of the chain", ErrForged)
		}
		if !c.crypto.Verify(e.Public, append([]byte(signedEntry), body...), sig) {
			return false, fmt.Errorf("%w: the beginning of the chain", ErrForged)
		}
		n.epoch, n.commit, n.minimum, n.admins, n.members = e.Epoch, e.Commit, e.MinFormat, 1, 1
	} else {
		parent := c.nodes[e.Prev]
		if parent == nil {
			if len(c.queued) >= maxWaiting {
				// Not for ever: whatever fills the room can be had for nothing, and the one that has no room may be true.
				return false, fmt.Errorf("%w: too many entries without what they follow", ErrUnknown)
			}
			if !c.queued[h] {
				c.waiting[e.Prev] = append(c.waiting[e.Prev], raw)
				c.queued[h] = true
			}
			return false, fmt.Errorf("%w: the entry before", ErrUnknown)
		}
		if err := c.check(n, parent, sig, body); err != nil {
			return false, err
		}
		parent.children = append(parent.children, n)
	}
	c.nodes[h], c.now = n, nil
	rest := c.waiting[h]
	delete(c.waiting, h)
	for _, raw := range rest {
		delete(c.queued, hashOf(raw))
		_, _ = c.Add(raw) // one that is not right was not worth keeping
	}
	return true, nil
}

// check judges a node in the light of the chain up to its parent.
func (c *Chain) check(n, parent *node, sig, body []byte) error {
	e := n.entry
	if e.N != parent.entry.N+1 {
		return fmt.Errorf("%w: an entry out of its place", ErrSwapped)
	}
	by, ok := parent.member(e.By)
	if !ok {
		// The keys of whoever was a member once are known: a wrong signature and a late one are two things.
		if was, known := parent.introduced(e.By); known && c.crypto.Verify(was.Public, append([]byte(signedEntry), body...), sig) {
			return fmt.Errorf("%w: signed by a removed device", ErrNotPermitted)
		}
		return fmt.Errorf("%w: signed by nobody of this vault", ErrForged)
	}
	if !c.crypto.Verify(by.Public, append([]byte(signedEntry), body...), sig) {
		return fmt.Errorf("%w: an entry of the chain", ErrForged)
	}
	denied := func(why string) error { return fmt.Errorf("%w: %s", ErrNotPermitted, why) }
	if e.Format < parent.minimum {
		return denied("a format that is no longer allowed")
	}
	switch {
	case e.Type == Removed && e.Device == e.By: // to leave is everybody's right
	case e.Type == Rotated && by.Role.Writes(): // new keys after somebody left need no admin
	case by.Role != Admin:
		return denied("an entry by a device that is no admin")
	}
	n.parent, n.epoch, n.commit, n.minimum, n.admins, n.members = parent, parent.epoch, parent.commit, parent.minimum, parent.admins, parent.members
	switch e.Type {
	case Invited:
		if _, twice := parent.find(Invited, e.Invite); twice {
			return denied("an invite twice")
		}
	case InviteUsed:
		invite, ok := parent.find(Invited, e.Invite)
		if !ok {
			return denied("an invite nobody made")
		}
		if _, used := parent.find(InviteUsed, e.Invite); used {
			return fmt.Errorf("%w: %w", ErrNotPermitted, ErrInviteUsed)
		}
		if e.Time > invite.Expires {
			return fmt.Errorf("%w: %w", ErrNotPermitted, ErrInviteExpired)
		}
	case Added:
		if _, known := parent.introduced(e.Device); known {
			return denied("a device twice")
		}
		if e.Invite != "" {
			if p := parent.entry; p.Type != InviteUsed || p.Device != e.Device || p.Invite != e.Invite || p.By != e.By {
				return denied("an invite that was not used for this device first")
			}
			if invite, _ := parent.find(Invited, e.Invite); invite.Role != e.Role {
				return denied("another role than the invite's")
			}
		}
		n.members++
		if e.Role == Admin {
			n.admins++
		}
	case Removed, RoleSet:
		m, ok := parent.member(e.Device)
		if !ok {
			return denied("it is about nobody of this vault")
		}
		if e.Type == Removed {
			n.members--
		} else if m.Role == e.Role {
			return denied("it changes nothing")
		}
		if m.Role == Admin {
			n.admins--
		} else if e.Role == Admin {
			n.admins++
		}
		if n.admins == 0 {
			return fmt.Errorf("%w: %w", ErrNotPermitted, ErrLastAdmin)
		}
	case Rotated:
		if e.Epoch != parent.epoch+1 || e.MinFormat < parent.minimum {
			return denied("an epoch or a format that goes back")
		}
		if e.MinFormat > parent.minimum && by.Role != Admin {
			return denied("a format that only an admin may ask for") // it cannot be taken back, and locks out who has an older program
		}
		n.epoch, n.commit, n.minimum = e.Epoch, e.Commit, e.MinFormat
	}
	return nil
}

// member looks a device up in the path that ends with n.
func (n *node) member(d DeviceID) (Member, bool) {
	role := Role("")
	for at := n; at != nil; at = at.parent {
		e := &at.entry
		if e.Device != d {
			continue
		}
		switch e.Type {
		case Removed:
			return Member{}, false
		case RoleSet:
			if role == "" {
				role = e.Role
			}
		case Added, Genesis:
			return memberOf(e, role), true
		}
	}
	return Member{}, false
}

// introduced finds the entry that added a device, removed since or not.
func (n *node) introduced(d DeviceID) (Member, bool) {
	for at := n; at != nil; at = at.parent {
		if e := &at.entry; e.Device == d && (e.Type == Added || e.Type == Genesis) {
			return memberOf(e, ""), true
		}
	}
	return Member{}, false
}

func memberOf(e *Entry, role Role) Member {
	if role = cmp.Or(role, e.Role); e.Type == Genesis {
		role = cmp.Or(role, Admin)
	}
	return Member{Device: e.Device, Role: role, Public: e.Public, Recipient: e.Recipient, Since: e.Time, AddedBy: e.By, Invite: e.Invite}
}

// find looks an entry about an invite up in the path that ends with n.
func (n *node) find(t EntryType, i InviteID) (Entry, bool) {
	for at := n; at != nil; at = at.parent {
		if at.entry.Type == t && at.entry.Invite == i {
			return at.entry, true
		}
	}
	return Entry{}, false
}

// RoleAt is the role a device has at an entry, whichever branch that is on. ErrUnknown: the entry has not been seen; ErrNotMember.
func (c *Chain) RoleAt(head Hash, d DeviceID) (Role, error) {
	n := c.nodes[head]
	if n == nil {
		return "", fmt.Errorf("%w: an entry of the chain", ErrUnknown)
	}
	m, ok := n.member(d)
	if !ok {
		return "", ErrNotMember
	}
	return m.Role, nil
}

// minimumAt is the least format that an entry lets others write in; 0 when the entry has not been seen.
func (c *Chain) minimumAt(head Hash) int {
	if n := c.nodes[head]; n != nil {
		return n.minimum
	}
	return 0
}

// Introduced returns the keys of a device that any branch added.
func (c *Chain) Introduced(d DeviceID) (Member, bool) {
	if m, ok := c.Standing().Members[d]; ok {
		return m, true
	}
	for _, n := range c.nodes {
		if e := &n.entry; e.Device == d && (e.Type == Added || e.Type == Genesis) {
			return memberOf(e, ""), true // the id is derived from the keys, so all such entries agree on them
		}
	}
	return Member{}, false
}

// removedInVain reports whether a branch removed a device after a time, and that did not count.
func (c *Chain) removedInVain(d DeviceID, after int64) bool {
	if _, member := c.Standing().Members[d]; !member {
		return false
	}
	for _, n := range c.nodes {
		if e := &n.entry; e.Type == Removed && e.Device == d && e.Time > after {
			return true // a device is never added twice, so a member's removal can only be one that lost
		}
	}
	return false
}

// Epochs returns the keys that some branch began, by what they commit to.
func (c *Chain) Epochs() map[Hash]int64 {
	all := map[Hash]int64{}
	for _, n := range c.nodes {
		all[n.commit] = n.epoch
	}
	return all
}

// Raw returns the stored bytes of an entry of the chain; nil when it is not there.
func (c *Chain) Raw(h Hash) []byte {
	if n := c.nodes[h]; n != nil {
		return n.raw
	}
	return nil
}

// Entries returns all entries of all branches, by place and hash.
func (c *Chain) Entries() []Lost {
	all := make([]Lost, 0, len(c.nodes))
	for _, n := range c.nodes {
		all = append(all, Lost{n.entry, n.hash})
	}
	slices.SortFunc(all, func(a, b Lost) int {
		return cmp.Or(cmp.Compare(a.Entry.N, b.Entry.N), cmp.Compare(a.Hash, b.Hash))
	})
	return all
}

// Standing judges the chain. The result is shared, and not to be changed. Without a genesis it is empty.
//
// Where several entries follow one, the branch wins whose first entry's signer no other branch removes or demotes; of several such,
// or if there is none, the one with the lowest hash. Removals in branches that lost count, as long as an admin remains.
func (c *Chain) Standing() *Standing {
	if c.now != nil {
		return c.now
	}
	s := &Standing{
		Members: map[DeviceID]Member{}, Gone: map[DeviceID]Gone{}, Invites: map[InviteID]Entry{}, Used: map[InviteID]DeviceID{},
	}
	c.now = s
	n := c.nodes[c.root]
	if n == nil {
		return s
	}
	var losers []*node
	onPath := map[Hash]bool{}
	keyAt, removedAt := 0, -1
	for {
		onPath[n.hash] = true
		s.apply(n)
		switch n.entry.Type {
		case Rotated:
			keyAt = len(s.Path)
		case Removed:
			removedAt = len(s.Path)
		}
		if len(n.children) == 0 {
			break
		}
		next := n.children[0]
		if len(n.children) > 1 {
			next = winner(n.children)
			for _, child := range n.children {
				if child != next {
					s.Forks = append(s.Forks, Fork{next.entry, child.entry, next.hash, child.hash})
					losers = append(losers, child)
				}
			}
		}
		n = next
	}
	s.Head, s.Epoch, s.Commit, s.MinFormat = Head{n.entry.N, n.hash}, n.epoch, n.commit, n.minimum
	s.RotationDue = removedAt > keyAt
	c.salvage(s, losers)
	return s
}

// apply lets one more entry of the path take effect.
func (s *Standing) apply(n *node) {
	e := n.entry
	s.Path = append(s.Path, e)
	switch e.Type {
	case Genesis, Added:
		s.Members[e.Device] = memberOf(&e, "")
	case Removed:
		s.Gone[e.Device] = Gone{Member: s.Members[e.Device], Time: e.Time, RemovedBy: e.By, Seq: e.Seq, Epoch: n.epoch}
		delete(s.Members, e.Device)
	case RoleSet:
		m := s.Members[e.Device]
		m.Role = e.Role
		s.Members[e.Device] = m
	case Invited:
		s.Invites[e.Invite] = e
	case InviteUsed:
		delete(s.Invites, e.Invite)
		s.Used[e.Invite] = e.Device
	}
}

// withdrawn reports whether an admin took an invite back, which is to use it up for itself.
func (s *Standing) withdrawn(i InviteID) bool {
	return slices.ContainsFunc(s.Path, func(e Entry) bool { return e.Type == InviteUsed && e.Invite == i && e.Device == e.By })
}

// winner picks one of several entries that follow the same one.
func winner(children []*node) *node {
	fair := make([]*node, 0, len(children))
	for _, c := range children {
		stripped := slices.ContainsFunc(children, func(o *node) bool { return o != c && o.strips(c.entry.By) })
		if !stripped {
			fair = append(fair, c)
		}
	}
	if len(fair) == 0 {
		fair = children
	}
	return slices.MinFunc(fair, func(a, b *node) int { return cmp.Compare(a.hash, b.hash) })
}

// strips reports whether a branch takes the rights of an admin from a device.
func (n *node) strips(d DeviceID) bool {
	for todo := []*node{n}; len(todo) > 0; {
		at := todo[len(todo)-1]
		todo = append(todo[:len(todo)-1], at.children...)
		e := &at.entry
		if e.Device == d && (e.Type == Removed || e.Type == RoleSet && e.Role != Admin) {
			return true
		}
	}
	return false
}

// salvage counts the removals of branches that lost, and lists what else they had.
func (c *Chain) salvage(s *Standing, losers []*node) {
	var all []*node
	for todo := losers; len(todo) > 0; {
		at := todo[len(todo)-1]
		todo = append(todo[:len(todo)-1:len(todo)-1], at.children...)
		all = append(all, at)
	}
	slices.SortFunc(all, func(a, b *node) int { return cmp.Or(cmp.Compare(a.entry.N, b.entry.N), cmp.Compare(a.hash, b.hash)) })
	admins := 0
	for _, m := range s.Members {
		if m.Role == Admin {
			admins++
		}
	}
	for _, n := range all {
		e := n.entry
		if e.Type != Removed {
			continue
		}
		m, there := s.Members[e.Device]
		if !there || m.Role == Admin && admins == 1 {
			continue
		}
		// Whoever the winning branch took the rights from, removes nobody but himself any more.
		if by, ok := s.Members[e.By]; e.By != e.Device && (!ok || by.Role != Admin) {
			continue
		}
		if m.Role == Admin {
			admins--
		}
		gone := Gone{Member: m, Time: e.Time, RemovedBy: e.By, Seq: e.Seq, Epoch: max(n.epoch, s.Epoch)}
		delete(s.Members, e.Device)
		s.Gone[e.Device] = gone
		s.Unsealed = append(s.Unsealed, gone)
		s.RotationDue = true
	}
	offered := map[DeviceID]bool{}
	for _, n := range slices.Backward(all) { // the last word of a branch about a device counts
		e := n.entry
		if e.Type != Added && e.Type != RoleSet || offered[e.Device] {
			continue
		}
		m, there := s.Members[e.Device]
		_, gone := s.Gone[e.Device]
		switch {
		case gone:
		case e.Type == Added && !there, e.Type == RoleSet && there && m.Role != e.Role && !s.roleSince(e):
			offered[e.Device] = true
			s.Lost = append(s.Lost, Lost{e, n.hash})
		}
	}
	slices.Reverse(s.Lost)
}

// roleSince reports whether the path says something about the role of the device of e at or after e's place.
func (s *Standing) roleSince(e Entry) bool {
	return slices.ContainsFunc(s.Path, func(p Entry) bool { return p.Type == RoleSet && p.Device == e.Device && p.N >= e.N })
}

// permanent reports whether an object that failed like this will fail for ever.
func permanent(err error) bool {
	return !errors.Is(err, ErrUnknown) && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrForeign) && !errors.Is(err, ErrNewer)
}
