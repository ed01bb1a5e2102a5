package share

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// attack does one thing the storage, or somebody who writes to it, can do to one device, and demands that it is reported under its name.
// The device sees the attack through a folder of its own, which is taken away afterwards.
func (m *model) attack() {
	i := m.rng.IntN(len(m.devs))
	r := m.devs[i]
	if !r.Ready() || m.offline[i] {
		return
	}
	m.round(i) // it knows what there is to know
	if !r.Ready() {
		return
	}
	m.save(i)
	attacks := []func(int) bool{
		m.rollBackDevice, m.rollBackChain, m.withhold, m.damage, m.swap, m.renumber, m.foreign, m.forge, m.stranger, m.replay, m.writeAfterRemoval,
		m.forgeEntry, m.overstep, m.equivocate, m.malformed, m.newer, m.viewerWrites, m.fastClock, m.wrongKeys, m.litter, m.otherVault, m.restoreBackup, m.rollBackOwn,
	}
	for range 4 { // not every one is possible every time
		if attacks[m.rng.IntN(len(attacks))](i) {
			return
		}
		// One that was not possible may have let somebody else say something, such as that this device is removed.
		if m.round(i); !m.devs[i].Ready() {
			return
		}
		m.save(i)
	}
}

// shown lets device i look at a changed storage, and wants a finding of a kind about a device. before prepares nothing else than the folder.
func (m *model) shown(i int, change func(objects map[string][]byte), kind Kind, device DeviceID) bool {
	m.t.Helper()
	real := m.folders[i]
	fake := newShelf()
	fake.objects = maps.Clone(real.objects)
	change(fake.objects)
	m.folders[i] = fake
	sum := m.round(i)
	m.folders[i] = real
	for name, data := range fake.objects { // what the device itself wrote meanwhile
		if o, ok := parseName(m.devs[i].vault, name); ok && (o.kind != kindDev || o.device == m.devs[i].Me()) && hashOf(data) == o.hash && real.objects[name] == nil && m.own(i, o, data) {
			real.objects[name] = data
		}
	}
	m.save(i)
	ok := slices.ContainsFunc(sum.Findings, func(f Finding) bool { return f.Kind == kind && f.Device == device })
	if !ok {
		m.fatalf("device %d was not told of %s about %q: %+v", i, kind, device, sum.Findings)
	}
	if kind.Suspicious() && sum.InStep() {
		m.fatalf("device %d is in step: %v, after %s", i, sum.InStep(), kind)
	}
	m.seen[kind]++
	return true
}

// own reports whether a device wrote an object itself.
func (m *model) own(i int, o object, data []byte) bool {
	r := m.devs[i]
	switch o.kind {
	case kindDev:
		return o.hash == r.mine.Hash
	case kindCtl:
		return r.chain.Raw(o.hash) != nil
	}
	return o.kind == kindKey
}

// other picks a member that has said something device i holds.
func (m *model) other(i int) (DeviceID, Head, bool) {
	r := m.devs[i]
	for _, d := range sortedKeys(r.chain.Standing().Members) {
		if h := r.held[d]; d != r.Me() && h.N > 0 && hashOf(m.folders[i].objects[devName(r.vault, d, h.N, h.Hash)]) == h.Hash {
			return d, h, true
		}
	}
	return "", Head{}, false
}

// replicaOf is the replica of a device.
func (m *model) replicaOf(d DeviceID) (int, *Replica) {
	for i, r := range m.devs {
		if r.Me() == d {
			return i, r
		}
	}
	return -1, nil
}

// utter makes a contribution of a device that says whatever is wanted, signed by it and encrypted to the current key of r.
func (m *model) utter(r, by *Replica, change func(*contribution)) (contribution, []byte) {
	key, _ := r.current()
	c := contribution{
		Format: Format, Vault: r.vault, Epoch: key.Epoch, Device: by.Me(), Seq: r.held[by.Me()].N + 1 + int64(m.rng.IntN(3)), Head: r.chain.Standing().Head,
		Time: millis(m.now), Seen: map[DeviceID]Head{}, Registers: []*Register{},
	}
	change(&c)
	stored, err := c.seal(m.cfg.Crypto, by.signer, key)
	m.must(err)
	return c, stored
}

func under(v VaultID, d DeviceID, seq int64, stored []byte) func(map[string][]byte) {
	return func(objects map[string][]byte) { objects[devName(v, d, seq, hashOf(stored))] = stored }
}

func (m *model) rollBackDevice(i int) bool {
	d, h, ok := m.other(i)
	if !ok {
		return false
	}
	return m.shown(i, func(objects map[string][]byte) {
		maps.DeleteFunc(objects, func(name string, _ []byte) bool {
			o, ok := parseName(m.devs[i].vault, name)
			return ok && o.kind == kindDev && o.device == d && o.n >= h.N
		})
	}, RolledBack, d)
}

func (m *model) rollBackChain(i int) bool {
	r := m.devs[i]
	head := r.chain.Standing().Head
	by := r.chain.Standing().Path[len(r.chain.Standing().Path)-1].By
	if by == r.Me() && r.unsent[head.Hash] {
		return false
	}
	return m.shown(i, func(o map[string][]byte) { delete(o, ctlName(r.vault, head.N, head.Hash)) }, RolledBack, "")
}

// withhold hides what one device wrote and another one saw.
func (m *model) withhold(i int) bool {
	r := m.devs[i]
	d, _, ok := m.other(i)
	if !ok {
		return false
	}
	w, by := m.replicaOf(d)
	var x int
	var witness *Replica
	for n, o := range m.devs {
		if n != i && n != w && o.Ready() && r.held[o.Me()].N > 0 && r.chain.Standing().Members[o.Me()].Role != "" && o.chain.Standing().Head == r.chain.Standing().Head {
			x, witness = n, o
		}
	}
	if witness == nil || w < 0 || !by.Ready() || x < 0 {
		return false
	}
	said, stored := m.utter(r, by, func(c *contribution) { c.Seq = r.held[d].N + 5 })
	// The witness is played, so what it told is not kept.
	text := bytes.Clone(m.saved[i])
	seq := r.held[witness.Me()].N + 1
	_, tells := m.utter(r, witness, func(c *contribution) {
		c.Seq = seq
		c.Seen[d] = Head{said.Seq, hashOf(stored)}
		c.Registers = m.stillSays(i, witness.Me())
	})
	done := m.shown(i, under(r.vault, witness.Me(), seq, tells), Behind, d)
	m.saved[i] = text
	m.revive(i)
	return done
}

// stillSays is what a device says in its latest contribution.
func (m *model) stillSays(i int, d DeviceID) []*Register {
	r := m.devs[i]
	if !r.writes(d) {
		return []*Register{}
	}
	var list []*Register
	for _, o := range r.content.Registers() {
		if o.Author == d {
			list = append(list, o)
		}
	}
	return list
}

func (m *model) damage(i int) bool {
	d, h, ok := m.other(i)
	if !ok {
		return false
	}
	_, by := m.replicaOf(d)
	if by == nil {
		return false
	}
	_, stored := m.utter(m.devs[i], by, func(c *contribution) { c.Seq = h.N + 1 })
	name := devName(m.devs[i].vault, d, h.N+1, hashOf(stored))
	switch m.rng.IntN(3) {
	case 0:
		stored = stored[:m.rng.IntN(len(stored))]
	case 1:
		stored = bytes.Clone(stored)
		stored[m.rng.IntN(len(stored))] ^= 1 << m.rng.IntN(8)
	default:
		stored = append(bytes.Clone(stored), 'x')
	}
	return m.shown(i, func(o map[string][]byte) { o[name] = stored }, Damaged, d)
}

// swap puts what one device wrote under the name of another.
func (m *model) swap(i int) bool {
	r := m.devs[i]
	d, h, ok := m.other(i)
	if !ok {
		return false
	}
	data := m.folders[i].objects[devName(r.vault, d, h.N, h.Hash)]
	for _, e := range sortedKeys(r.chain.Standing().Members) {
		if e != d && e != r.Me() {
			return m.shown(i, under(r.vault, e, r.held[e].N+2, data), Swapped, e)
		}
	}
	return false
}

// renumber gives an old contribution a new number.
func (m *model) renumber(i int) bool {
	r := m.devs[i]
	d, h, ok := m.other(i)
	if !ok {
		return false
	}
	return m.shown(i, under(r.vault, d, h.N+3, m.folders[i].objects[devName(r.vault, d, h.N, h.Hash)]), Swapped, d)
}

func (m *model) foreign(i int) bool {
	r := m.devs[i]
	d, h, ok := m.other(i)
	if !ok {
		return false
	}
	identity, err := m.cfg.Crypto.NewIdentity()
	m.must(err)
	recipient, err := m.cfg.Crypto.Recipient(identity)
	m.must(err)
	stored, err := m.cfg.Crypto.Seal(recipient, []byte("anything"))
	m.must(err)
	return m.shown(i, under(r.vault, d, h.N+1, stored), Foreign, d)
}

// otherVault shows an object of another vault.
func (m *model) otherVault(i int) bool {
	r := m.devs[i]
	d, h, ok := m.other(i)
	if !ok {
		return false
	}
	other, err := Create(m.cfg, "Other", Person{Name: "Person"}, m.now)
	m.must(err)
	_, stored := m.utter(other, other, func(*contribution) {})
	return m.shown(i, under(r.vault, d, h.N+1, stored), Foreign, d)
}

// forge is by somebody who has the key of the vault, such as a member who was removed, and signs for somebody else.
func (m *model) forge(i int) bool {
	r := m.devs[i]
	d, h, ok := m.other(i)
	if !ok {
		return false
	}
	stranger := newReplica(m.cfg, r.vault, r.chain.root)
	m.must(stranger.newDevice())
	_, stored := m.utter(r, stranger, func(c *contribution) { c.Device, c.Seq = d, h.N+1 })
	return m.shown(i, under(r.vault, d, h.N+1, stored), Forged, d)
}

func (m *model) stranger(i int) bool {
	r := m.devs[i]
	stranger := newReplica(m.cfg, r.vault, r.chain.root)
	m.must(stranger.newDevice())
	if m.rng.IntN(2) == 0 {
		return m.shown(i, func(o map[string][]byte) {
			o[keyName(r.vault, r.chain.Standing().Epoch, stranger.Me(), hashOf([]byte("k")))] = []byte("k")
		}, Stranger, stranger.Me())
	}
	_, stored := m.utter(r, stranger, func(c *contribution) { c.Seq = 1 })
	return m.shown(i, under(r.vault, stranger.Me(), 1, stored), Stranger, stranger.Me())
}

// replay brings old objects back, as many as there ever were: no harm is done, and none is reported.
func (m *model) replay(i int) bool {
	r := m.devs[i]
	d, h, ok := m.other(i)
	if !ok || h.N < 2 {
		return false
	}
	_, by := m.replicaOf(d)
	if by == nil {
		return false
	}
	before, err := r.content.Encode()
	m.must(err)
	_, stored := m.utter(r, by, func(c *contribution) { c.Seq = h.N - 1 })
	m.folders[i].objects[devName(r.vault, d, h.N-1, hashOf(stored))] = stored
	m.round(i)
	after, err := r.content.Encode()
	m.must(err)
	if !bytes.Equal(before, after) {
		m.fatalf("a replayed contribution changed something")
	}
	delete(m.folders[i].objects, devName(r.vault, d, h.N-1, hashOf(stored)))
	return true
}

// writeAfterRemoval is a removed device that goes on.
func (m *model) writeAfterRemoval(i int) bool {
	r := m.devs[i]
	for _, g := range r.Gone() {
		_, by := m.replicaOf(g.Device)
		if by == nil || r.held[g.Device].N > g.Seq {
			continue
		}
		_, stored := m.utter(r, by, func(c *contribution) { c.Seq = g.Seq + 1 })
		return m.shown(i, under(r.vault, g.Device, g.Seq+1, stored), AfterRemoval, g.Device)
	}
	return false
}

// forgeEntry adds to the chain without being anybody, or with somebody's name and not his key.
func (m *model) forgeEntry(i int) bool {
	r := m.devs[i]
	fake := newReplica(m.cfg, r.vault, r.chain.root)
	m.must(fake.newDevice())
	head := r.chain.Standing().Head
	e := Entry{Format: Format, Vault: r.vault, N: head.N + 1, Prev: head.Hash, Type: RoleSet, By: r.Me(), Time: millis(m.now), Device: fake.Me(), Role: Admin}
	if m.rng.IntN(2) == 0 {
		e.By = fake.Me()
	}
	raw := m.entry(fake, e)
	return m.shown(i, func(o map[string][]byte) { o[ctlName(r.vault, e.N, hashOf(raw))] = raw }, Forged, "")
}

func (m *model) entry(by *Replica, e Entry) []byte {
	body, err := marshal(e)
	m.must(err)
	raw, err := sign(m.cfg.Crypto, by.signer, signedEntry, body)
	m.must(err)
	return raw
}

// overstep is a member who is no admin and writes an entry, or an admin who was removed.
func (m *model) overstep(i int) bool {
	r := m.devs[i]
	s := r.chain.Standing()
	var by *Replica
	for _, d := range m.devs {
		_, gone := s.Gone[d.Me()]
		if x := s.Members[d.Me()]; x.Role == Editor || x.Role == Viewer || gone {
			by = d
		}
	}
	if by == nil {
		return false
	}
	target := s.Path[0].Device
	e := Entry{Format: Format, Vault: r.vault, N: s.Head.N + 1, Prev: s.Head.Hash, Type: RoleSet, By: by.Me(), Time: millis(m.now), Device: target, Role: Viewer}
	raw := m.entry(by, e)
	if by == r {
		return false
	}
	return m.shown(i, func(o map[string][]byte) { o[ctlName(r.vault, e.N, hashOf(raw))] = raw }, NotPermitted, "")
}

// equivocate is one device that says two things under one number: a copy of its vault file on another computer.
func (m *model) equivocate(i int) bool {
	r := m.devs[i]
	d, h, ok := m.other(i)
	if !ok {
		return false
	}
	_, by := m.replicaOf(d)
	if by == nil {
		return false
	}
	_, stored := m.utter(r, by, func(c *contribution) { c.Seq = h.N })
	return m.shown(i, under(r.vault, d, h.N, stored), Forked, d)
}

// malformed is truly signed nonsense.
func (m *model) malformed(i int) bool {
	r := m.devs[i]
	d, h, ok := m.other(i)
	if !ok {
		return false
	}
	_, by := m.replicaOf(d)
	key, have := r.current()
	if by == nil || !have {
		return false
	}
	bodies := []string{
		`{"format":1}x`, `{"format":1,"format":1}`, `{"format":1,"vault":1}`,
		fmt.Sprintf(`{"format":1,"vault":"%s","epoch":%d,"device":"%s","seq":%d,"head":{"n":0,"hash":"%s"},"time":0,"seen":{},"registers":[["%s","otp",1,0,"%s",{"kind":"totp"}]]}`,
			r.vault, key.Epoch, d, h.N+1, r.chain.root, strings.Repeat("a", 32), d),
		`{}`, ``,
	}
	return m.shown(i, under(r.vault, d, h.N+1, m.body(r, by, bodies[m.rng.IntN(len(bodies))])), Malformed, d)
}

func (m *model) body(r, by *Replica, body string) []byte {
	key, _ := r.current()
	plain, err := sign(m.cfg.Crypto, by.signer, signedContribution, []byte(body))
	m.must(err)
	recipient, err := m.cfg.Crypto.Recipient(key.Identity)
	m.must(err)
	stored, err := m.cfg.Crypto.Seal(recipient, plain)
	m.must(err)
	return stored
}

func (m *model) newer(i int) bool {
	r := m.devs[i]
	d, h, ok := m.other(i)
	if !ok {
		return false
	}
	_, by := m.replicaOf(d)
	if by == nil {
		return false
	}
	return m.shown(i, under(r.vault, d, h.N+1, m.body(r, by, `{"format":2,"what":"ever"}`)), Newer, d)
}

func (m *model) viewerWrites(i int) bool {
	r := m.devs[i]
	for _, by := range m.devs {
		if r.chain.Standing().Members[by.Me()].Role != Viewer || by == r {
			continue
		}
		value, err := encodeText("changed by a viewer")
		m.must(err)
		o, err := newRegister(Self, regName, version{Clock{Wall: millis(m.now)}, by.Me()}, value)
		m.must(err)
		c, stored := m.utter(r, by, func(c *contribution) { c.Registers = []*Register{o} })
		return m.shown(i, under(r.vault, by.Me(), c.Seq, stored), NotPermitted, by.Me())
	}
	return false
}

// fastClock is a device whose clock is days ahead. Its edits stand, and others can still write after them.
func (m *model) fastClock(i int) bool {
	r := m.devs[i]
	for j, by := range m.devs {
		if j == i || !by.Ready() || !by.Role().Writes() || m.offline[j] || m.folders[i] != m.folders[j] || !r.writes(by.Me()) || m.tainted[by.Me()] {
			continue
		}
		was := m.skew[j]
		m.skew[j] = m.skew[i] + 80*time.Hour
		m.edit(j)
		m.round(j)
		m.skew[j] = was
		m.save(j)
		if !by.mine.Shown && by.mine.N == 0 || by.State() != Joined {
			return false
		}
		name := devName(r.vault, by.Me(), by.mine.N, by.mine.Hash)
		if m.folders[j].objects[name] == nil || r.held[by.Me()].N >= by.mine.N || !r.writes(by.Me()) || !r.Ready() {
			return false
		}
		before := r.held[by.Me()].N
		sum := m.round(i)
		m.save(i)
		if r.held[by.Me()].N == before {
			return false // it was removed or demoted meanwhile
		}
		if !slices.ContainsFunc(sum.Findings, func(f Finding) bool { return f.Kind == ClockAhead && f.Device == by.Me() }) {
			if wall := r.ahead[by.Me()]; wall == 0 {
				return false // it had nothing new to say
			}
			m.fatalf("a clock days ahead is not reported: %+v", sum.Findings)
		}
		m.seen[ClockAhead]++
		return true
	}
	return false
}

// wrongKeys wraps a key that is none.
func (m *model) wrongKeys(i int) bool {
	r := m.devs[i]
	if r.Role() != Admin {
		return false
	}
	m.must(r.Rotate(m.clock(i)))
	m.save(i)
	m.round(i)
	return true
}

// litter puts things there that are no objects: nothing is said about them.
func (m *model) litter(i int) bool {
	r := m.devs[i]
	for _, name := range []string{"desktop.ini", "ctl/0-x (conflicted copy)", ".stignore", "dev/x", "key/1", "ctl/00-" + strings.Repeat("a", 64)} {
		m.folders[i].objects[r.vault.Folder()+name] = []byte("x")
	}
	m.round(i)
	for _, f := range r.Findings() {
		if strings.Contains(f.Object, "desktop") || strings.Contains(f.Object, "conflicted") {
			m.fatalf("litter is reported: %+v", f)
		}
	}
	return true
}

// restoreBackup starts a device from an older copy of its vault file, when all it wrote is on the storage.
func (m *model) restoreBackup(i int) bool {
	r := m.devs[i]
	if m.old[i] == nil || r.dirty || len(r.unsent) > 0 || r.State() != Joined || m.folders[i].objects[devName(r.vault, r.Me(), r.mine.N, r.mine.Hash)] == nil {
		return false
	}
	old, err := Decode(m.cfg, m.old[i])
	m.must(err)
	newer := r.mine.N > old.mine.N
	m.devs[i], m.old[i] = old, nil
	sum := m.round(i)
	m.save(i)
	if newer && old.State() == Joined && old.Ready() && !slices.ContainsFunc(sum.Findings, func(f Finding) bool { return f.Kind == Restored }) {
		m.fatalf("an old copy of a vault file went unnoticed: %+v", sum.Findings)
	}
	m.seen[Restored]++
	return true
}

// rollBackOwn takes away what a device wrote last, which that device knows the storage took.
func (m *model) rollBackOwn(i int) bool {
	r := m.devs[i]
	if r.State() != Joined || !r.mine.Shown {
		return false
	}
	return m.shown(i, func(o map[string][]byte) { delete(o, devName(r.vault, r.Me(), r.mine.N, r.mine.Hash)) }, RolledBack, r.Me())
}
