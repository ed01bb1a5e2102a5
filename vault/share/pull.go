package share

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/store"
)

// Source is what Pull reads from: a store, or what was read from one before.
type Source interface {
	List(ctx context.Context, prefix string) ([]store.Object, error)
	Get(ctx context.Context, name string, max int64) ([]byte, error)
}

// View is what one look at the storage showed.
type View struct {
	Findings []Finding
	Gets     int   // objects read
	Bytes    int64 // of them
	Changed  bool  // the replica is another one now: save it
	ctl      []object
	key      []object
	dev      map[DeviceID][]object // the newest first
	inbox    []object
	names    map[string]bool
	knew     map[Hash]bool // the entries of the chain before this look; nil when it brought none
}

// Limits of one look.
const (
	maxListed   = 500_000 // objects
	maxTries    = 32      // objects of one device that fail, before the rest waits for the next time
	maxRequests = 64      // requests to join

	// contestedFor is how long two changes of members at one time are worth a word.
	contestedFor = 7 * 24 * time.Hour
)

// Pull looks at the storage once: LIST, then GET of everything that is new, checked and merged. An error is one of the storage's (see
// vault/share/store) or the context's; whatever was read before it stands. With nothing new it is one LIST.
func (r *Replica) Pull(ctx context.Context, src Source, now time.Time) (*View, error) {
	listing, err := src.List(ctx, r.vault.Folder())
	if err != nil {
		return nil, err
	}
	v := r.look(listing)
	g := &getter{ctx: ctx, src: src, view: v}
	for _, step := range []func(*getter, time.Time) error{r.pullChain, r.pullKeys, r.pullContributions, r.pullRequests} {
		if err := step(g, now); err != nil {
			return nil, err
		}
	}
	if err := r.startAfresh(g, now); err != nil {
		return nil, err
	}
	r.judge(v, now)
	r.stamp(v, now)
	return v, nil
}

// look sorts a listing.
func (r *Replica) look(listing []store.Object) *View {
	v := &View{dev: map[DeviceID][]object{}, names: map[string]bool{}}
	for i, item := range listing {
		if i >= maxListed {
			v.find(Finding{Kind: TooMuch, Shown: int64(len(listing))})
			break
		}
		o, ok := parseName(r.vault, item.Name)
		if !ok {
			continue // a conflict copy, desktop.ini, .stignore
		}
		o.size = item.Size
		v.names[o.name] = true
		switch o.kind {
		case kindCtl:
			v.ctl = append(v.ctl, o)
		case kindKey:
			v.key = append(v.key, o)
		case kindDev:
			v.dev[o.device] = append(v.dev[o.device], o)
		case kindInbox:
			v.inbox = append(v.inbox, o)
		}
	}
	newest := func(a, b object) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.name, b.name)) }
	slices.SortFunc(v.ctl, func(a, b object) int { return -newest(a, b) })
	slices.SortFunc(v.key, newest)
	for _, list := range v.dev {
		slices.SortFunc(list, newest)
	}
	return v
}

func (v *View) find(f Finding) { v.Findings = append(v.Findings, f) }

// getter reads objects and counts.
type getter struct {
	ctx  context.Context
	src  Source
	view *View
}

// get reads an object. gone: it was deleted since the listing, or is larger than it may be, or the storage stumbled over this one.
func (g *getter) get(o object) (data []byte, gone bool, err error) {
	data, err = g.src.Get(g.ctx, o.name, o.limit())
	switch {
	case err == nil:
		g.view.Gets++
		g.view.Bytes += int64(len(data))
		return data, false, nil
	case errors.Is(err, store.ErrNotFound):
		return nil, true, nil
	case errors.Is(err, store.ErrTooLarge):
		g.view.find(Finding{Kind: Damaged, Device: o.device, Object: o.name})
		return nil, true, nil
	}
	return nil, true, err
}

// pullChain reads entries that are not known.
func (r *Replica) pullChain(g *getter, _ time.Time) error {
	for _, o := range g.view.ctl {
		if r.chain.Has(o.hash) {
			if r.unsent[o.hash] {
				delete(r.unsent, o.hash)
				g.view.Changed = true
			}
			continue
		}
		if kind, failed := r.bad[o.name]; failed {
			g.view.find(Finding{Kind: kind, Object: o.name})
			continue
		}
		raw, gone, err := g.get(o)
		if err != nil {
			return err
		}
		if gone {
			continue
		}
		if g.view.knew == nil {
			g.view.knew = make(map[Hash]bool, len(r.chain.nodes))
			for h := range r.chain.nodes {
				g.view.knew[h] = true
			}
		}
		added := false
		if hashOf(raw) != o.hash {
			err = ErrDamaged
		} else if e, _, _, parsed := parseEntry(raw); parsed == nil && e.N != o.n {
			err = ErrSwapped
		} else if errors.Is(parsed, ErrFormat) {
			err = fmt.Errorf("%w: not even an entry", ErrForged) // entries are not encrypted: anybody can put such a thing there
		} else {
			added, err = r.chain.Add(raw)
		}
		g.view.Changed = g.view.Changed || added
		if err != nil && !errors.Is(err, ErrUnknown) { // one that waits for its parent is judged with the whole chain
			r.failed(g, o, "", err)
		}
	}
	return nil
}

// failed reports an object, and remembers it if it will never be better.
func (r *Replica) failed(g *getter, o object, device DeviceID, err error) {
	kind := kindOf(err)
	if permanent(err) {
		r.remember(o.name, kind)
		g.view.Changed = true
	}
	g.view.find(Finding{Kind: kind, Device: device, Object: o.name})
}

func (r *Replica) keepers() keepers {
	return keepers{r.cfg.Crypto, r.vault, r.keys, r.chain}
}

// pullKeys reads keys wrapped for this device, when one is missing.
func (r *Replica) pullKeys(g *getter, _ time.Time) error {
	if r.State() != Joined {
		return nil
	}
	have := map[Hash]bool{}
	for _, k := range r.keys {
		have[k.Commit] = true
	}
	missing := false
	for commit := range r.chain.Epochs() {
		missing = missing || !have[commit]
	}
	if !missing {
		return nil
	}
	for _, o := range g.view.key {
		if o.device != r.me.Device || r.readKeys[o.name] {
			continue
		}
		if kind, failed := r.bad[o.name]; failed {
			g.view.find(Finding{Kind: kind, Device: o.device, Object: o.name})
			continue
		}
		stored, gone, err := g.get(o)
		if err != nil {
			return err
		}
		if gone {
			continue
		}
		keys, all, err := r.keepers().openKeys(o, stored, r.identity)
		if err != nil {
			// What is not for our own, published key was not made by anybody who wanted us to read it.
			if errors.Is(err, ErrForeign) {
				r.remember(o.name, Foreign)
			}
			r.failed(g, o, o.device, err)
			continue
		}
		if all { // else it is read once more when the chain has grown: where folders are synchronised, nothing arrives in order
			r.readKeys[o.name] = true
			g.view.Changed = true
		}
		if ring := ringOf(keys); ring[r.chain.Standing().Commit] {
			r.ring = ring
		}
		for _, k := range keys {
			if !have[k.Commit] {
				have[k.Commit], g.view.Changed = true, true
				r.keys = append(r.keys, k)
			}
		}
		sortKeys(r.keys)
	}
	return nil
}

// pullContributions reads what is new of every device.
func (r *Replica) pullContributions(g *getter, now time.Time) error {
	if r.State() != Joined || len(r.keys) == 0 {
		return nil
	}
	s := r.chain.Standing()
	for _, d := range sortedKeys(g.view.dev) {
		list := g.view.dev[d]
		gone, wasMember := s.Gone[d]
		switch {
		case s.Members[d].Device == d:
		case wasMember:
			late := list[0].n > gone.Seq && list[0].n > r.held[d].N
			if late {
				g.view.find(Finding{Kind: AfterRemoval, Device: d, Object: list[0].name})
			}
			list = slices.DeleteFunc(slices.Clone(list), func(o object) bool { return o.n > gone.Seq })
		default:
			if _, known := r.chain.Introduced(d); !known { // else a branch that lost added it
				g.view.find(Finding{Kind: Stranger, Device: d, Object: list[0].name})
			}
			continue
		}
		if err := r.pullDevice(g, d, list, now); err != nil {
			return err
		}
	}
	return nil
}

// pullDevice takes the newest contribution of a device that is true.
func (r *Replica) pullDevice(g *getter, d DeviceID, list []object, now time.Time) error {
	have := r.held[d]
	if d == r.me.Device {
		have = r.mine.Head
	}
	tries := 0
	for _, o := range list {
		if o.n < have.N || o.n == have.N && o.hash == have.Hash {
			continue
		}
		if kind, failed := r.bad[o.name]; failed {
			g.view.find(Finding{Kind: kind, Device: d, Object: o.name})
			continue
		}
		if tries++; tries > maxTries {
			break
		}
		stored, gone, err := g.get(o)
		if err != nil {
			return err
		}
		if gone {
			continue
		}
		c, err := r.keepers().open(o, stored)
		switch {
		case errors.Is(err, errOutdated):
			r.held[d], have = Head{c.Seq, o.hash}, Head{c.Seq, o.hash}
			g.view.Changed = true
			continue
		case err != nil:
			r.failed(g, o, d, err)
			continue
		case o.n == have.N:
			kind := Forked
			if d == r.me.Device {
				kind = Duplicated
			}
			r.remember(o.name, kind)
			r.merge(c, now) // both are true: nothing of either is lost
			g.view.Changed = true
			g.view.find(Finding{Kind: kind, Device: d, Object: o.name, Known: have.N})
			continue
		}
		g.view.Changed = true
		if d == r.me.Device {
			g.view.find(Finding{Kind: Restored, Device: d, Known: o.n, Shown: have.N})
			r.mine = published{Head: Head{o.n, o.hash}, Shown: true, Role: r.mine.Role}
			r.merge(c, now)
			r.dirty = true
			return nil
		}
		r.take(c, o.hash, now)
		have = r.held[d] // older ones are superseded
	}
	return nil
}

// take makes a contribution the latest one of its device.
func (r *Replica) take(c contribution, hash Hash, now time.Time) {
	r.held[c.Device] = Head{c.Seq, hash}
	r.merge(c, now)
	carried := map[string]bool{}
	for _, g := range c.Registers {
		if g.Author == c.Device {
			continue
		}
		k := g.key()
		carried[k] = true
		if have, ok := r.by[k]; !ok || c.Device < have || !r.writes(have) {
			r.by[k] = c.Device
		}
	}
	for k, d := range r.by {
		if d == c.Device && !carried[k] {
			delete(r.by, k)
		}
	}
	type writing struct {
		account AccountID
		name    string
		version
	}
	said := make(map[writing]*Register, len(c.Registers))
	for _, g := range c.Registers {
		said[writing{g.Account, g.Name, g.version}] = g
	}
	for o := range r.content.of[c.Device] {
		if g := said[writing{o.Account, o.Name, o.version}]; g != nil && g.same(o) {
			delete(r.dropped, o.key())
		} else {
			r.dropped[o.key()] = true
		}
	}
}

// merge merges registers and what a device saw.
func (r *Replica) merge(c contribution, now time.Time) {
	limit := millis(now.Add(MaxAhead))
	furthest := c.Time
	for _, g := range c.Registers {
		if g.Author == c.Device {
			furthest = max(furthest, g.At.Wall)
		}
		if g.At.Wall <= limit && g.At.Compare(r.clock) > 0 {
			r.clock = g.At
		}
		before := r.content.latest(g.Account, g.Name)
		if r.content.Merge(g) && r.content.standing(g) {
			e := Event{Time: g.At.Time(), By: g.Author, Account: g.Account, What: plainName(g.Name)}
			if d, is := strings.CutPrefix(g.Name, regPerson); is && g.Account == Self {
				if before == nil {
					continue // the name that came with the device
				}
				e.Device, e.Is = DeviceID(d), r.content.Person(DeviceID(d))
				e.Was, _ = decodePerson(before.value.Reveal())
			}
			r.note(e)
		}
	}
	if furthest > limit {
		r.ahead[c.Device] = furthest
	} else {
		delete(r.ahead, c.Device)
	}
	for d, h := range c.Seen {
		if d == r.me.Device {
			continue // of what we wrote ourselves, others know no more than we do
		}
		if h.N > r.toldOf(d).N {
			r.told[d] = saw{h, c.Device}
		}
		if have := r.held[d]; have.N == h.N && have.Hash != h.Hash && have.N > 0 {
			r.told[d] = saw{h, c.Device} // two under one number: judge says so
		}
	}
}

// toldOf is the most that a member says it saw of a device. What somebody says who is none any more is no longer worth anything: it might be a lie,
// which nobody could take back, and members who saw as much say it themselves.
func (r *Replica) toldOf(d DeviceID) saw {
	t := r.told[d]
	if _, member := r.chain.Standing().Members[t.By]; !member {
		return saw{}
	}
	return t
}

// pullRequests reads requests to join.
func (r *Replica) pullRequests(g *getter, now time.Time) error {
	if r.Role() != Admin || !r.Ready() {
		return nil
	}
	s, open := r.chain.Standing(), r.content.openInvites()
	read := 0
	for _, o := range g.view.inbox {
		invite, known := open[o.invite]
		entry, wanted := s.Invites[o.invite]
		if !known || !wanted || r.requestIs(o.hash) {
			continue
		}
		if kind, failed := r.bad[o.name]; failed {
			g.view.find(Finding{Kind: kind, Object: o.name})
			continue
		}
		if read++; read > maxRequests {
			break
		}
		stored, gone, err := g.get(o)
		if err != nil {
			return err
		}
		if gone {
			continue
		}
		key := secret.FromString(invite.Key)
		t, err := openRequest(r.cfg.Crypto, r.vault, o, stored, key)
		if err == nil && checkOf(key) != entry.Check {
			err = ErrForged
		}
		key.Wipe()
		if err != nil {
			if errors.Is(err, ErrForeign) {
				r.remember(o.name, Foreign) // the one-time key does not change
			}
			r.failed(g, o, "", err)
			continue
		}
		g.view.Changed = true
		r.requests[t.Device] = Request{
			Device: t.Device, Person: t.Person, Role: entry.Role, Invite: o.invite, Time: timeOf(t.Time), Expires: timeOf(entry.Expires),
			public: t.Public, recipient: t.Recipient, hash: o.hash,
		}
	}
	for d, q := range r.requests {
		if _, still := s.Invites[q.Invite]; !still {
			delete(r.requests, d)
			g.view.Changed = true
		}
	}
	return nil
}

func (r *Replica) requestIs(h Hash) bool {
	for _, q := range r.requests {
		if q.hash == h {
			return true
		}
	}
	return false
}

// judge compares what the storage shows with what is known to have been there.
func (r *Replica) judge(v *View, now time.Time) {
	s := r.chain.Standing()
	r.judgeChain(v, s, now)
	state := r.State()
	if state == Joining && r.joining != nil {
		if used, ok := s.Used[r.joining.invite.ID]; ok && used != r.me.Device {
			kind := InviteWasUsed
			if s.withdrawn(r.joining.invite.ID) {
				kind = InviteWithdrawn
			}
			v.find(Finding{Kind: kind, Device: used})
		} else if now.After(r.joining.invite.Expires) {
			v.find(Finding{Kind: InviteTooOld, Known: millis(r.joining.invite.Expires)})
		}
	}
	if state != Joined {
		return
	}
	if r.outdated() {
		v.find(Finding{Kind: Newer, Known: int64(s.MinFormat), Shown: Format})
	}
	if _, ok := r.current(); !ok {
		v.find(Finding{Kind: KeyMissing, Known: s.Epoch})
	}
	for _, d := range sortedKeys(s.Members) {
		if d == r.me.Device {
			continue
		}
		shown := int64(0)
		if list := v.dev[d]; len(list) > 0 {
			shown = list[0].n
		}
		held, told := r.held[d], r.toldOf(d)
		switch {
		case shown == 0 && r.swept(d, now):
		case shown < held.N:
			v.find(Finding{Kind: RolledBack, Device: d, Known: held.N, Shown: shown})
		case held.N < told.N:
			v.find(Finding{Kind: Behind, Device: d, By: told.By, Known: told.N, Shown: held.N})
		case told.N > 0 && held.N == told.N && held.Hash != told.Hash:
			v.find(Finding{Kind: Forked, Device: d, By: told.By, Known: held.N})
		}
		if held.N == shown && shown > 0 && !v.names[devName(r.vault, d, held.N, held.Hash)] && !slices.ContainsFunc(v.Findings, func(f Finding) bool { return f.Device == d }) {
			v.find(Finding{Kind: RolledBack, Device: d, Known: held.N, Shown: shown})
		}
		if wall, ok := r.ahead[d]; ok && wall > millis(now.Add(MaxAhead)) {
			v.find(Finding{Kind: ClockAhead, Device: d, Known: wall})
		}
	}
	shown := v.names[devName(r.vault, r.me.Device, r.mine.N, r.mine.Hash)]
	switch {
	case shown && !r.mine.Shown:
		r.mine.Shown, v.Changed = true, true
	case !shown && r.mine.Shown && r.mine.N > 0 && !(len(v.dev[r.me.Device]) == 0 && r.swept(r.me.Device, now)):
		own := Finding{Kind: RolledBack, Device: r.me.Device, Known: r.mine.N}
		if list := v.dev[r.me.Device]; len(list) > 0 {
			own.Shown = min(list[0].n, r.mine.N-1)
		}
		v.find(own)
	}
	for _, o := range v.key {
		if _, known := r.chain.Introduced(o.device); !known {
			v.find(Finding{Kind: Stranger, Device: o.device, Object: o.name})
		}
	}
	if r.undone {
		i := slices.IndexFunc(r.findings, func(f Finding) bool { return f.Kind == NoPermission })
		if r.writes(r.me.Device) || i >= 0 && now.Sub(r.findings[i].Since) >= undoneFor {
			r.undone, v.Changed = false, true
		} else {
			v.find(Finding{Kind: NoPermission, Device: r.me.Device})
		}
	}
}

// undoneFor is how long it is said that changes were undone: nothing is left to be done about it.
const undoneFor = 24 * time.Hour

// swept reports whether nothing of a device may be on the storage, in all honesty: an admin removed it, cleaned up after it, and then lost
// against a change of another admin.
func (r *Replica) swept(d DeviceID, now time.Time) bool {
	return r.chain.removedInVain(d, millis(now.Add(-contestedFor)))
}

func (r *Replica) judgeChain(v *View, s *Standing, now time.Time) {
	known, missing := int64(0), int64(0)
	for _, e := range r.chain.Entries() {
		if r.unsent[e.Hash] {
			continue
		}
		known++
		if !v.names[ctlName(r.vault, e.Entry.N, e.Hash)] {
			missing++
		}
	}
	if missing > 0 {
		v.find(Finding{Kind: RolledBack, Known: known, Shown: known - missing})
	}
	if len(r.chain.queued) > 0 {
		v.find(Finding{Kind: Behind, Known: s.Head.N + 1, Shown: s.Head.N})
	}
	if r.joining != nil && r.chain.Raw(r.joining.invite.Head.Hash) == nil {
		v.find(Finding{Kind: Behind, By: r.joining.invite.By, Known: r.joining.invite.Head.N, Shown: s.Head.N})
	}
	for _, f := range s.Forks {
		// An entry that loses long after it was made is worth a word all the same: somebody wrote another one beside it in hindsight.
		overturned := v.knew[f.LoserHash] && !v.knew[f.WinnerHash]
		told := slices.ContainsFunc(r.findings, func(o Finding) bool {
			return o.Kind == Contested && o.Entry == f.LoserHash && now.Sub(o.Since) <= contestedFor
		})
		if now.Sub(f.Loser.When()) > contestedFor && !overturned && !told {
			continue // what is missing of it is offered below, for as long as it is
		}
		v.find(Finding{Kind: Contested, Device: f.Loser.By, By: f.Winner.By, Known: f.Loser.N, Entry: f.LoserHash})
	}
	for _, l := range s.Lost {
		v.find(Finding{Kind: Redo, Device: l.Entry.Device, By: l.Entry.By, Entry: l.Hash})
	}
	if s.RotationDue && (!r.writes(r.me.Device) || len(s.Unsealed) > 0 && r.Role() != Admin) {
		v.find(Finding{Kind: RotationNeeded})
	}
}

// stamp says of every finding since when it is there.
func (r *Replica) stamp(v *View, now time.Time) {
	v.Findings = sortFindings(v.Findings)
	since := map[string]time.Time{}
	for _, f := range r.findings {
		since[f.key()] = f.Since
	}
	for i := range v.Findings {
		f := &v.Findings[i]
		if at, known := since[f.key()]; known {
			f.Since = at
		} else {
			f.Since = timeOf(millis(now))
		}
	}
	if !slices.Equal(v.Findings, r.findings) {
		r.findings, v.Changed = slices.Clone(v.Findings), true
	}
}

// startAfresh is for a viewer who has merged what others refuse: something written by a device that was removed or made a viewer
// meanwhile, and that no writer kept. A writer keeps such things for all; a viewer cannot, and reads everything again instead.
func (r *Replica) startAfresh(g *getter, now time.Time) error {
	if r.State() != Joined || r.writes(r.me.Device) || !r.Ready() || !r.orphaned() {
		return nil
	}
	s := r.chain.Standing()
	fresh := *r
	fresh.content, fresh.held, fresh.by, fresh.dropped, fresh.log = NewContent(), map[DeviceID]Head{}, map[string]DeviceID{}, map[string]bool{}, nil
	before := len(g.view.Findings)
	for _, d := range sortedKeys(s.Members) {
		if d == r.me.Device || !s.Members[d].Role.Writes() {
			if h, ok := r.held[d]; ok {
				fresh.held[d] = h
			}
			continue
		}
		if err := fresh.pullDevice(g, d, g.view.dev[d], now); err != nil {
			return err
		}
		if fresh.held[d].N < max(r.held[d].N, r.toldOf(d).N) {
			g.view.Findings = g.view.Findings[:before]
			return nil // not all of it is there: what we have is better
		}
	}
	g.view.Findings = g.view.Findings[:before]
	r.content, r.held, r.by, r.dropped = fresh.content, fresh.held, fresh.by, fresh.dropped
	r.dirty, r.fresh, r.carry, r.undone = false, map[AccountID]bool{}, map[string]bool{}, true
	g.view.Changed = true
	return nil
}

// mayOrphan reports whether anything can stand that its author does not keep on the storage; to be sure costs a look at everything.
func (r *Replica) mayOrphan() bool {
	if len(r.carry)+len(r.dropped) > 0 {
		return true
	}
	for author, list := range r.content.of {
		if len(list) > 0 && !r.writes(author) {
			return true
		}
	}
	return false
}

// orphaned reports whether something stands that no writer keeps on the storage.
func (r *Replica) orphaned() bool {
	if !r.mayOrphan() {
		return false
	}
	for _, o := range r.content.Registers() {
		k := o.key()
		if (!r.writes(o.Author) || r.dropped[k]) && !r.writes(r.by[k]) {
			return true
		}
	}
	return false
}
