package share

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tallystick/tallystick/vault/share/store"
)

// Outbox is what a device has to write, in this order. The replica that made it has to be durable before any of it is written.
type Outbox struct {
	Put    []Item
	Delete []string
}

// Item is one object to write.
type Item struct {
	Name string
	Data []byte
}

// Empty reports whether there is nothing to do.
func (o Outbox) Empty() bool { return len(o.Put) == 0 && len(o.Delete) == 0 }

// Push writes an outbox. It stops at the first error, one of the storage's or the context's; whatever is missing then is made anew by
// the next Decide. That a name is taken by other bytes can only be the storage's doing and is an error as well.
func (o Outbox) Push(ctx context.Context, st store.Store) error {
	for _, item := range o.Put {
		if err := st.PutNew(ctx, item.Name, item.Data); err != nil {
			return err
		}
	}
	for _, name := range o.Delete {
		if err := st.Delete(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// Pushed notes that the storage took all of an outbox: from now on it is a storage that was rolled back if it does not show what is in it.
// changed says that the replica is another one than before. Saving that can wait, and be lost: then the next Pull says so.
func (r *Replica) Pushed(out Outbox) (changed bool) {
	for _, item := range out.Put {
		o, ok := parseName(r.vault, item.Name)
		switch {
		case !ok:
		case o.kind == kindCtl && r.unsent[o.hash]:
			delete(r.unsent, o.hash)
			changed = true
		case o.kind == kindDev && o.device == r.me.Device && o.n == r.mine.N && o.hash == r.mine.Hash && !r.mine.Shown:
			r.mine.Shown, changed = true, true
		}
	}
	return changed
}

// Decide makes what this device has to write, in the light of what a Pull just showed. changed says that the replica is another one than
// before; an outbox that is not empty has always changed it. With nothing to say it is empty.
func (r *Replica) Decide(v *View, now time.Time) (out Outbox, changed bool, err error) {
	switch r.State() {
	case Joining:
		if r.joining != nil && r.chain.Standing().Used[r.joining.invite.ID] == "" && !now.After(r.joining.invite.Expires) {
			name := inboxName(r.vault, r.joining.invite.ID, hashOf(r.joining.request))
			if !v.names[name] {
				out.Put = append(out.Put, Item{name, r.joining.request})
			}
		}
		return out, false, nil
	case Left, Expelled:
		r.putChain(v, &out)
		return out, false, nil
	}
	if r.outdated() {
		r.putChain(v, &out)
		return out, false, nil
	}
	if r.joining != nil {
		if _, ok := r.current(); ok {
			r.joining.invite.key.Wipe()
			r.joining, changed = nil, true
		}
	}
	if role := r.Role(); role != r.mine.Role { // what we may keep on the storage is another thing now
		r.mine.Role, r.dirty, changed = role, true, true
	}
	rotated, err := r.rotate(now)
	if err != nil {
		return out, changed, err
	}
	r.putChain(v, &out)
	wrapped, err := r.putKeys(v, now, &out)
	if err != nil {
		return out, changed, err
	}
	r.adopt(v)
	said, err := r.putContribution(v, now, &out)
	if err != nil {
		return out, changed, err
	}
	r.sweep(v, &out)
	return out, changed || rotated || wrapped || said, nil
}

// rotate writes down removals of branches that lost, and makes a new key when somebody who is gone knows the current one.
func (r *Replica) rotate(now time.Time) (bool, error) {
	s := r.chain.Standing()
	if !s.RotationDue || !r.Role().Writes() || len(s.Unsealed) > 0 && r.Role() != Admin {
		return false, nil
	}
	if _, ok := r.current(); !ok && r.Role() != Admin {
		return false, nil // it may still come
	}
	for _, g := range s.Unsealed {
		err := r.appendEntry(Entry{Type: Removed, Device: g.Device, Seq: g.Seq}, now)
		if err != nil && !errors.Is(err, ErrNotPermitted) {
			return true, err
		}
	}
	return true, r.newEpoch(now)
}

// newEpoch makes the next key.
func (r *Replica) newEpoch(now time.Time) error {
	s := r.chain.Standing()
	key, err := r.newEpochKey(s.Epoch + 1)
	if err != nil {
		return err
	}
	minimum := s.MinFormat
	if r.Role() == Admin {
		minimum = max(minimum, Format)
	}
	if err := r.appendEntry(Entry{Type: Rotated, Epoch: key.Epoch, Commit: key.Commit, MinFormat: minimum}, now); err != nil {
		return err
	}
	r.keys = append(r.keys, key)
	sortKeys(r.keys)
	r.ring = ringOf(r.keys)
	return nil
}

// ringOf lists keys by what they commit to.
func ringOf(keys []EpochKey) map[Hash]bool {
	ring := map[Hash]bool{}
	for _, k := range keys {
		ring[k.Commit] = true
	}
	return ring
}

// putChain writes entries that the storage does not show: our own, and those of devices that can no longer do it themselves.
func (r *Replica) putChain(v *View, out *Outbox) {
	s := r.chain.Standing()
	for _, e := range r.chain.Entries() {
		name := ctlName(r.vault, e.Entry.N, e.Hash)
		_, member := s.Members[e.Entry.By]
		if !v.names[name] && (e.Entry.By == r.me.Device || !member) {
			out.Put = append(out.Put, Item{name, r.chain.Raw(e.Hash)})
		}
	}
}

// putKeys wraps the keys for members who have none for this epoch. It is the part of admins, and of whoever made the key.
func (r *Replica) putKeys(v *View, now time.Time, out *Outbox) (bool, error) {
	s := r.chain.Standing()
	if _, ok := r.current(); !ok || r.Role() != Admin && r.madeKey() != r.me.Device {
		return false, nil
	}
	// The name of a key object says the number of the key. When two branches made a key of this number, only those we made ourselves
	// are known to be of the right one.
	twice := 0
	for _, n := range r.chain.Epochs() {
		if n == s.Epoch {
			twice++
		}
	}
	there := map[DeviceID]bool{}
	for _, o := range v.key {
		if o.n == s.Epoch && r.bad[o.name] == "" && (twice == 1 || r.wrapped[o.name] == s.Commit) {
			there[o.device] = true
		}
	}
	ring := keyring{Format: Format, Vault: r.vault, Epoch: s.Epoch, By: r.me.Device, Time: millis(now)}
	for _, k := range slices.Backward(r.keys) {
		ring.Keys = append(ring.Keys, keyText{k.Epoch, string(k.Identity.Reveal())})
	}
	any := false
	for _, d := range sortedKeys(s.Members) {
		if there[d] { // our own, too: this device may be started from an older copy of its vault file
			continue
		}
		ring.Device = d
		stored, err := sealKeys(r.cfg.Crypto, r.signer, ring, s.Members[d].Recipient)
		if errors.Is(err, ErrFormat) {
			continue // no key to encrypt for: an admin let it in, and it will never read anything
		}
		if err != nil {
			return any, err
		}
		name := keyName(r.vault, s.Epoch, d, hashOf(stored))
		out.Put = append(out.Put, Item{name, stored})
		if !any {
			maps.DeleteFunc(r.wrapped, func(_ string, commit Hash) bool { return commit != s.Commit })
		}
		r.wrapped[name] = s.Commit
		any = true
	}
	return any, nil
}

// madeKey is the device that made the current key.
func (r *Replica) madeKey() DeviceID {
	for _, e := range slices.Backward(r.chain.Standing().Path) {
		if e.Type == Rotated || e.Type == Genesis {
			return e.By
		}
	}
	return ""
}

// adopt makes this device keep what its authors can no longer keep on the storage, or do not any more, unless another writer does. What an
// author stopped keeping is as a rule superseded by something on its way here, so that waits until nothing is.
func (r *Replica) adopt(v *View) {
	late := slices.ContainsFunc(v.Findings, func(f Finding) bool { return f.Kind.Suspicious() })
	if !r.writes(r.me.Device) || r.chain.Standing().RotationDue {
		return
	}
	for k := range r.by {
		if !r.writes(r.by[k]) {
			delete(r.by, k)
		}
	}
	if !r.mayOrphan() {
		return
	}
	standing := map[string]bool{}
	for _, o := range r.content.Registers() {
		if o.Author == r.me.Device {
			continue
		}
		k := o.key()
		standing[k] = true
		if (!r.writes(o.Author) || r.dropped[k] && !late) && r.by[k] == "" && !r.carry[k] {
			r.carry[k] = true
			r.dirty = true
		}
	}
	for k := range r.carry {
		if other := r.by[k]; !standing[k] || other != "" && other < r.me.Device {
			delete(r.carry, k)
		}
	}
	maps.DeleteFunc(r.dropped, func(k string, _ bool) bool { return !standing[k] })
}

// maxLeap is how many of its numbers a device leaves out because of objects under its name that it cannot read. Its own may be among them: of
// a time that an older copy of its vault file does not know of.
const maxLeap = 1 << 20

// putContribution says what this device has to say, if there is anything new or the storage lost it.
func (r *Replica) putContribution(v *View, now time.Time, out *Outbox) (bool, error) {
	s := r.chain.Standing()
	key, ok := r.current()
	if !ok || s.RotationDue {
		return false, nil
	}
	lost := r.mine.N > 0 && !v.names[devName(r.vault, r.me.Device, r.mine.N, r.mine.Hash)]
	if r.mine.N > 0 && !lost && !r.dirty && r.readable(r.mine.Commit) {
		return false, nil
	}
	c := contribution{
		Format: Format, Vault: r.vault, Epoch: key.Epoch, Device: r.me.Device, Seq: r.mine.N + 1, Head: s.Head, Time: millis(now), Seen: map[DeviceID]Head{},
		Registers: []*Register{},
	}
	// Never twice under one number, whoever put that there. A number far from ours cannot be ours, and to go past it would use up all
	// there are: a name is enough to put it there.
	for _, o := range v.dev[r.me.Device] {
		if o.n >= c.Seq && o.n-r.mine.N <= maxLeap {
			c.Seq = o.n + 1
			break
		}
	}
	for d := range s.Members {
		if h := r.held[d]; d != r.me.Device && h.N > 0 {
			c.Seen[d] = h
		}
	}
	if s.Members[r.me.Device].Role.Writes() {
		if err := r.bindToEpoch(key.Epoch); err != nil {
			return false, err
		}
		for _, o := range r.content.Registers() {
			if o.Author == r.me.Device || r.carry[o.key()] {
				c.Registers = append(c.Registers, o)
			}
		}
	}
	stored, err := c.seal(r.cfg.Crypto, r.signer, key)
	if err != nil {
		return false, err
	}
	hash := hashOf(stored)
	out.Put = append(out.Put, Item{devName(r.vault, r.me.Device, c.Seq, hash), stored})
	r.mine = published{Head: Head{c.Seq, hash}, Commit: key.Commit, Role: r.mine.Role}
	r.dirty, r.fresh = false, map[AccountID]bool{}
	return true, nil
}

// readable reports whether every member has a key: it is of the branch that won, and the current one or among those that were wrapped
// for all together with a later one.
func (r *Replica) readable(commit Hash) bool {
	s := r.chain.Standing()
	return commit == s.Commit || r.ring[commit] && slices.ContainsFunc(s.Path, func(e Entry) bool { return e.Commit == commit })
}

// bindToEpoch notes under which key secrets that nobody has seen yet go out: it decides who was able to read them.
func (r *Replica) bindToEpoch(epoch int64) error {
	for id, fresh := range r.fresh {
		if !fresh { // records of before have such
			continue
		}
		cell := r.content.cells[id][regOTP]
		for i, o := range cell {
			if o.Author != r.me.Device || o.code.epoch >= epoch {
				continue
			}
			c := *o.code
			c.epoch = epoch
			value, err := encodeCode(&c)
			if err != nil {
				return err
			}
			bound, err := newRegister(id, regOTP, o.version, value)
			if err != nil {
				return err
			}
			cell = slices.Clone(cell)
			cell[i] = bound
			delete(r.content.of[o.Author], o)
			r.content.index(bound)
			r.content.cells[id][regOTP] = cell
		}
	}
	return nil
}

// sweep deletes what is of no more use: our own contributions before the one that is shown, and as an admin what removed devices
// left behind once all of it is in ours, keys of earlier epochs, and answers to invites that were used.
func (r *Replica) sweep(v *View, out *Outbox) {
	s := r.chain.Standing()
	shown := int64(0)
	for _, o := range v.dev[r.me.Device] {
		if o.hash == r.mine.Hash || shown == 0 {
			shown = max(shown, o.n)
		}
	}
	for _, o := range v.dev[r.me.Device] {
		if o.n < shown {
			out.Delete = append(out.Delete, o.name)
		}
	}
	if r.Role() != Admin {
		return
	}
	settled := v.names[devName(r.vault, r.me.Device, r.mine.N, r.mine.Hash)] && !r.dirty
	for d, gone := range s.Gone {
		if settled && (gone.RemovedBy == r.me.Device || gone.RemovedBy == d && r.madeKey() == r.me.Device) && r.held[d].N >= gone.Seq {
			for _, o := range v.dev[d] {
				out.Delete = append(out.Delete, o.name)
			}
		}
	}
	current := map[DeviceID]bool{}
	for _, o := range v.key {
		if o.n == s.Epoch {
			current[o.device] = true
		}
	}
	for _, o := range v.key {
		_, gone := s.Gone[o.device]
		if o.n < s.Epoch && (current[o.device] || gone) && r.madeKey() == r.me.Device {
			out.Delete = append(out.Delete, o.name)
		}
	}
	for _, o := range v.inbox {
		if d, used := s.Used[o.invite]; used && s.Members[d].AddedBy == r.me.Device {
			out.Delete = append(out.Delete, o.name)
		}
	}
	slices.Sort(out.Delete)
}

// Summary is how a synchronisation ended.
type Summary struct {
	Offline  bool // the storage was not reached: everything that was changed here waits
	Findings []Finding
	Gets     int
	Puts     int
	Deletes  int
	Bytes    int64 // read and written
}

// InStep reports whether the storage was reached and showed all it should.
func (s Summary) InStep() bool {
	return !s.Offline && !slices.ContainsFunc(s.Findings, func(f Finding) bool { return f.Kind.Suspicious() })
}

// Sync does one round: Pull, Decide, save if anything changed, Push. save makes the replica durable; its error ends the round before
// anything is written. A storage that was not reached is no error but Summary.Offline.
func (r *Replica) Sync(ctx context.Context, st store.Store, now time.Time, save func() error) (Summary, error) {
	var sum Summary
	v, err := r.Pull(ctx, st, now)
	if errors.Is(err, store.ErrOffline) {
		sum.Offline = true
		return sum, nil
	}
	if err != nil {
		return sum, fmt.Errorf("share: read the storage: %w", err)
	}
	sum.Findings, sum.Gets, sum.Bytes = v.Findings, v.Gets, v.Bytes
	out, changed, err := r.Decide(v, now)
	if err != nil {
		return sum, err
	}
	if changed || v.Changed || !out.Empty() {
		if err := save(); err != nil {
			return sum, err
		}
	}
	err = out.Push(ctx, st)
	if errors.Is(err, store.ErrOffline) {
		sum.Offline = true
		return sum, nil
	}
	if err != nil {
		return sum, fmt.Errorf("share: write the storage: %w", err)
	}
	sum.Puts, sum.Deletes = len(out.Put), len(out.Delete)
	for _, item := range out.Put {
		sum.Bytes += int64(len(item.Data))
	}
	if r.Pushed(out) {
		return sum, save()
	}
	return sum, nil
}
