package share

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// chainOf copies a chain, entry by entry, in an order of its own.
func chainOf(t *testing.T, r *Replica, order func(n int, swap func(i, j int)), more ...[]byte) *Chain {
	t.Helper()
	c := NewChain(r.cfg.Crypto, r.vault, r.chain.root)
	var raws [][]byte
	for _, e := range r.chain.Entries() {
		raws = append(raws, r.chain.Raw(e.Hash))
	}
	raws = append(raws, more...)
	if order != nil {
		order(len(raws), func(i, j int) { raws[i], raws[j] = raws[j], raws[i] })
	}
	for _, raw := range raws {
		if _, err := c.Add(raw); err != nil && !errors.Is(err, ErrUnknown) {
			t.Fatal(err)
		}
	}
	return c
}

// branch is what one device adds, on its own, to the chain as r has it.
func branch(t *testing.T, r *Replica, entries ...Entry) [][]byte {
	t.Helper()
	alone := &Replica{cfg: r.cfg, vault: r.vault, me: r.me, signer: r.signer, chain: chainOf(t, r, nil), unsent: map[Hash]bool{}}
	var raws [][]byte
	for i, e := range entries {
		raw, err := alone.signEntry(e, epoch.Add(time.Duration(i)*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := alone.chain.Add(raw); err != nil {
			t.Fatal(err)
		}
		raws = append(raws, raw)
	}
	return raws
}

// admins is a team of three admins and an editor, all in step.
func admins(t *testing.T, seed uint64) (tm *team, a, b, c, d *Replica) {
	tm = newTeam(t, Config{Crypto: newToy(seed)}, seed)
	for _, role := range []Role{Admin, Admin, Editor} {
		tm.join(0, role)
	}
	tm.settle()
	return tm, tm.devs[0], tm.devs[1], tm.devs[2], tm.devs[3]
}

func TestForks(t *testing.T) {
	lower := 0
	for seed := range uint64(24) {
		_, a, b, c, d := admins(t, 100+seed)
		role := func(x *Replica, r Role) Entry { return Entry{Type: RoleSet, Device: x.Me(), Role: r} }
		remove := func(x *Replica) Entry { return Entry{Type: Removed, Device: x.Me()} }
		for _, f := range []struct {
			name       string
			one, two   [][]byte
			oneWins    bool // whatever the hashes; else the lowest hash does
			byHash     bool
			members    func(oneWon bool) []*Replica
			rotate     bool
			lost       func(oneWon bool) int
			oneIsFirst bool
		}{
			{name: "two roles", one: branch(t, a, role(d, Viewer)), two: branch(t, b, role(d, Admin)), byHash: true,
				members: func(bool) []*Replica { return []*Replica{a, b, c, d} }, lost: func(bool) int { return 0 }},
			{name: "a role and a removal", one: branch(t, a, role(d, Viewer)), two: branch(t, b, remove(c)), byHash: true, rotate: true,
				members: func(bool) []*Replica { return []*Replica{a, b, d} }, lost: func(oneWon bool) int {
					if oneWon {
						return 0
					}
					return 1
				}},
			{name: "a removed admin goes on", one: branch(t, a, remove(b)), two: branch(t, b, role(d, Admin)), oneWins: true, rotate: true,
				members: func(bool) []*Replica { return []*Replica{a, c, d} }, lost: func(bool) int { return 1 }},
			{name: "a removed admin removes somebody else", one: branch(t, a, remove(b)), two: branch(t, b, remove(c)), oneWins: true, rotate: true,
				members: func(bool) []*Replica { return []*Replica{a, c, d} }, lost: func(bool) int { return 0 }},
			{name: "demoted later in the branch", one: branch(t, a, role(d, Viewer), role(b, Editor)), two: branch(t, b, remove(a)), oneWins: false, byHash: true, rotate: true,
				members: func(oneWon bool) []*Replica {
					if oneWon {
						return []*Replica{a, b, c, d}
					}
					return []*Replica{b, c, d}
				}, lost: nil},
			{name: "each removes the other", one: branch(t, a, remove(b)), two: branch(t, b, remove(a)), byHash: true, rotate: true,
				members: func(oneWon bool) []*Replica {
					if oneWon {
						return []*Replica{a, c, d}
					}
					return []*Replica{b, c, d}
				}, lost: func(bool) int { return 0 }},
		} {
			more := append(slices.Clone(f.one), f.two...)
			chain := chainOf(t, a, nil, more...)
			s := chain.Standing()
			h1, h2 := hashOf(f.one[0]), hashOf(f.two[0])
			oneWon := slices.ContainsFunc(s.Path, func(e Entry) bool { return e.N > 0 && chainHash(chain, e) == h1 })
			want := f.oneWins
			if f.byHash {
				if want = h1 < h2; want {
					lower++
				}
			}
			if oneWon != want {
				t.Errorf("%s: the first branch won: %v, want %v", f.name, oneWon, want)
			}
			if f.name == "demoted later in the branch" && !oneWon && s.RotationDue != true {
				t.Errorf("%s: no new key", f.name)
			}
			var got, members []DeviceID
			got = sortedKeys(s.Members)
			for _, r := range f.members(oneWon) {
				members = append(members, r.Me())
			}
			slices.Sort(members)
			if !slices.Equal(got, members) {
				t.Errorf("%s (first won %v): members %v, want %v", f.name, oneWon, got, members)
			}
			if f.name != "demoted later in the branch" && s.RotationDue != f.rotate {
				t.Errorf("%s: a new key is due: %v", f.name, s.RotationDue)
			}
			if f.lost != nil && len(s.Lost) != f.lost(oneWon) {
				t.Errorf("%s (first won %v): lost %+v", f.name, oneWon, s.Lost)
			}
			// The order in which entries come makes no difference.
			rng := rand.New(rand.NewPCG(seed, 1))
			for range 3 {
				if o := chainOf(t, a, rng.Shuffle, more...).Standing(); !reflect.DeepEqual(o, s) {
					t.Errorf("%s: in another order it comes to %+v, want %+v", f.name, o, s)
				}
			}
		}
	}
	if lower == 0 || lower == 24*4 {
		t.Errorf("of the forks that hashes decide %d were won by the first branch: one side is not played", lower)
	}
}

// TestAllAdminsLeaveAtOnce, and an editor too, none knowing of the others: the vault keeps one admin, whichever leaving came first, and loses
// everybody else.
func TestAllAdminsLeaveAtOnce(t *testing.T) {
	for seed := range uint64(8) {
		_, a, b, c, d := admins(t, 140+seed)
		var all [][]byte
		for _, r := range []*Replica{a, b, c, d} {
			all = append(all, branch(t, r, Entry{Type: Removed, Device: r.Me()})...)
		}
		s := chainOf(t, a, nil, all...).Standing()
		if len(s.Members) != 1 {
			t.Errorf("seed %d: %d members are left", seed, len(s.Members))
		}
		for _, m := range s.Members {
			if m.Role != Admin {
				t.Errorf("seed %d: the one who is left is a %s", seed, m.Role)
			}
		}
	}
}

func chainHash(c *Chain, e Entry) Hash {
	for _, l := range c.Entries() {
		if reflect.DeepEqual(l.Entry, e) {
			return l.Hash
		}
	}
	return ""
}

func TestEntriesThatAreRefused(t *testing.T) {
	tm, a, b, _, d := admins(t, 7)
	id, err := a.Invite(Editor, time.Hour, tm.now)
	tm.must(err)
	tm.settle()
	stranger := newReplica(tm.cfg, a.vault, a.chain.root)
	tm.must(stranger.newDevice())
	added := func(e Entry) Entry {
		e.Type, e.Device, e.Public, e.Recipient = Added, stranger.Me(), stranger.me.Public, stranger.me.Recipient
		return e
	}
	for _, c := range []struct {
		name string
		by   *Replica
		at   time.Time
		e    Entry
		want error
	}{
		{"an editor adds", d, tm.now, added(Entry{Role: Admin}), ErrNotPermitted},
		{"an editor makes itself admin", d, tm.now, Entry{Type: RoleSet, Device: d.Me(), Role: Admin}, ErrNotPermitted},
		{"an editor removes another", d, tm.now, Entry{Type: Removed, Device: a.Me()}, ErrNotPermitted},
		{"a stranger rotates", stranger, tm.now, Entry{Type: Rotated, Epoch: 2, Commit: hashOf(nil), MinFormat: 1}, ErrForged},
		{"an invite with another role", a, tm.now, added(Entry{Role: Admin, Invite: id}), ErrNotPermitted},
		{"an invite that was not used first", a, tm.now, added(Entry{Role: Editor, Invite: id}), ErrNotPermitted},
		{"an invite nobody made", a, tm.now, Entry{Type: InviteUsed, Device: stranger.Me(), Invite: "0011223344556677"}, ErrNotPermitted},
		{"an invite that has expired", a, tm.now.Add(2 * time.Hour), Entry{Type: InviteUsed, Device: stranger.Me(), Invite: id}, ErrInviteExpired},
		{"a device twice", a, tm.now, Entry{Type: Added, Device: b.Me(), Public: b.me.Public, Recipient: b.me.Recipient, Role: Viewer}, ErrNotPermitted},
		{"somebody who is not there", a, tm.now, Entry{Type: Removed, Device: stranger.Me()}, ErrNotPermitted},
		{"an epoch that jumps", a, tm.now, Entry{Type: Rotated, Epoch: 3, Commit: hashOf(nil), MinFormat: 1}, ErrNotPermitted},
		{"an epoch that goes back", a, tm.now, Entry{Type: Rotated, Epoch: 1, Commit: hashOf(nil), MinFormat: 1}, ErrNotPermitted},
		{"keys of another device", a, tm.now, Entry{Type: Added, Device: "0011223344556677", Public: stranger.me.Public, Recipient: stranger.me.Recipient, Role: Viewer}, ErrFormat},
		{"a second genesis", a, tm.now, Entry{Type: Genesis, Device: a.Me(), Public: a.me.Public, Recipient: a.me.Recipient, Epoch: 1, Commit: hashOf(nil), MinFormat: 1}, ErrForged},
		{"a role that says more than it may", a, tm.now, Entry{Type: RoleSet, Device: d.Me(), Role: Admin, Expires: 5}, ErrFormat},
	} {
		c.by.chain.now = nil
		signer := &Replica{cfg: a.cfg, vault: a.vault, me: c.by.me, signer: c.by.signer, chain: a.chain}
		raw, err := signer.signEntry(c.e, c.at)
		tm.must(err)
		chain := chainOf(t, a, nil)
		if added, err := chain.Add(raw); added || !errors.Is(err, c.want) {
			t.Errorf("%s: added %v, %v", c.name, added, err)
		}
	}
	// An invite is good for one device.
	used := branch(t, a, Entry{Type: InviteUsed, Device: stranger.Me(), Invite: id}, added(Entry{Role: Editor, Invite: id}))
	chain := chainOf(t, a, nil, used...)
	again := &Replica{cfg: a.cfg, vault: a.vault, me: a.me, signer: a.signer, chain: chain}
	raw, err := again.signEntry(Entry{Type: InviteUsed, Device: "0011223344556677", Invite: id}, tm.now)
	tm.must(err)
	if _, err := chain.Add(raw); !errors.Is(err, ErrInviteUsed) {
		t.Errorf("an invite twice: %v", err)
	}
	// And only for the one it was used by: nobody comes in by an invite whose key they never had.
	other, err := a.Invite(Editor, time.Hour, tm.now)
	tm.must(err)
	tm.settle()
	chain = chainOf(t, a, nil, branch(t, a, Entry{Type: InviteUsed, Device: stranger.Me(), Invite: id})...)
	instead := &Replica{cfg: a.cfg, vault: a.vault, me: a.me, signer: a.signer, chain: chain}
	raw, err = instead.signEntry(added(Entry{Role: Editor, Invite: other}), tm.now)
	tm.must(err)
	if _, err := chain.Add(raw); !errors.Is(err, ErrNotPermitted) {
		t.Errorf("in by another invite than the one that was used: %v", err)
	}
	// The last admin stays one.
	for _, x := range []*Replica{b, tm.devs[2]} {
		tm.must(a.Remove(x.Me(), tm.now))
	}
	for name, err := range map[string]error{"leaves": a.Leave(tm.now), "steps down": a.SetRole(a.Me(), Editor, tm.now)} {
		if !errors.Is(err, ErrLastAdmin) {
			t.Errorf("the last admin %s: %v", name, err)
		}
	}
}

// TestAnEditComesAfterWhatItKnew: a clock that is days ahead locks nobody out, and does not pull other clocks after it.
func TestAnEditComesAfterWhatItKnew(t *testing.T) {
	tm := newTeam(t, Config{Crypto: newToy(3)}, 3)
	b := tm.join(0, Editor)
	x := account(1, "first key")
	_, err := tm.devs[b].Put(x, tm.now.Add(1000*time.Hour))
	tm.must(err)
	tm.settle()
	x.Issuer, x.Params = "written after it", otp.New(otp.TOTP, secret.FromString("second key"))
	_, err = tm.devs[0].Put(x, tm.now)
	tm.must(err)
	tm.settle()
	for i, r := range tm.devs {
		if got, _ := r.Account(x.ID); got.Issuer != x.Issuer || !got.Params.Same(x.Params) || len(got.Conflict) != 0 {
			t.Errorf("device %d has %q, %d values", i, got.Issuer, len(got.Conflict))
		}
	}
	if ahead := tm.devs[0].clock.Time().Sub(tm.now); ahead > MaxAhead {
		t.Errorf("the clock of the other followed by %s", ahead)
	}
	if _, err := tm.devs[0].Put(account(2, "key"), tm.now); err != nil {
		t.Fatal(err)
	}
	if got, _ := tm.devs[0].Account(account(2, "").ID); got.Changed.Sub(tm.now) > time.Minute {
		t.Errorf("something else is dated %s", got.Changed)
	}
}

// TestGarbageUnderOnesOwnNumber: whoever writes to the storage cannot make a device say something twice under one number, or keep it silent.
func TestGarbageUnderOnesOwnNumber(t *testing.T) {
	tm := newTeam(t, Config{Crypto: newToy(4)}, 4)
	b := tm.join(0, Editor)
	tm.settle()
	junk := []byte("junk")
	tm.st.objects[devName(tm.devs[b].vault, tm.devs[b].Me(), 50, hashOf(junk))] = junk
	_, err := tm.devs[b].Put(account(1, "key"), tm.now)
	tm.must(err)
	if sum := tm.sync(b); sum.InStep() {
		t.Error("not reported")
	}
	if n := tm.devs[b].mine.N; n != 51 {
		t.Errorf("it writes under %d", n)
	}
	tm.sync(0)
	if _, ok := tm.devs[0].Account(account(1, "").ID); !ok {
		t.Error("not read by the other")
	}
}

// TestAKeyThatLost: two admins make a key at once. What was written under the one that lost is said again, so that all can read it.
func TestAKeyThatLost(t *testing.T) {
	for seed := range uint64(8) {
		tm, a, b, _, _ := admins(t, 40+seed)
		away := newShelf()
		for name, data := range tm.st.objects {
			away.objects[name] = data
		}
		tm.must(a.Rotate(tm.now))
		tm.must(b.Rotate(tm.now))
		_, err := a.Put(account(1, "key of a"), tm.now)
		tm.must(err)
		_, err = b.Put(account(2, "key of b"), tm.now)
		tm.must(err)
		tm.sync(0)
		here := tm.st
		tm.st = away
		tm.sync(1)
		for name, data := range away.objects {
			here.objects[name] = data
		}
		tm.st = here
		tm.settle()
		tm.settle()
		for i, r := range tm.devs {
			if len(r.Accounts()) != 2 {
				t.Fatalf("seed %d: device %d reads %d accounts", seed, i, len(r.Accounts()))
			}
		}
		tm.same()
	}
}

// TestWhatARemovedDeviceWroteIsKeptByWhoRemovedIt, at once and by nobody else.
func TestWhatARemovedDeviceWroteIsKeptByWhoRemovedIt(t *testing.T) {
	tm := newTeam(t, Config{Crypto: newToy(9)}, 9)
	b, c := tm.join(0, Editor), tm.join(0, Editor)
	_, err := tm.devs[b].Put(account(1, "key"), tm.now)
	tm.must(err)
	tm.settle()
	tm.must(tm.devs[0].Remove(tm.devs[b].Me(), tm.now))
	tm.sync(0)
	if sum := tm.sync(c); sum.Puts != 0 {
		t.Errorf("another device wrote %d objects", sum.Puts)
	}
	tm.sync(0)
	for name := range tm.st.objects {
		if o, ok := parseName(tm.devs[0].vault, name); ok && o.device == tm.devs[b].Me() {
			t.Errorf("%s is still there", name)
		}
	}
	n := tm.join(0, Viewer)
	if _, ok := tm.devs[n].Account(account(1, "").ID); !ok {
		t.Error("a newcomer does not see what the removed device wrote")
	}
}

// TestTwoAdminsRemoveEachOther, both out of reach of the other: one of them is removed, the other one and everybody else go on, and nobody is
// told that the storage tampered with anything, although the one who lost had cleaned up after the other.
func TestTwoAdminsRemoveEachOther(t *testing.T) {
	won := map[int]bool{}
	for seed := range uint64(12) {
		tm, a, b, c, d := admins(t, 300+seed)
		tm.must(a.Remove(b.Me(), tm.now))
		tm.must(b.Remove(a.Me(), tm.now))
		for range 3 {
			for _, i := range []int{0, 0, 1, 2, 3} { // the first one twice: it also sweeps
				if sum := tm.sync(i); !sum.InStep() {
					t.Errorf("run %d: device %d: %+v", seed, i, sum.Findings)
				}
			}
		}
		tm.same()
		winner, loser := a, b
		if a.State() != Joined {
			winner, loser = b, a
			won[1] = true
		} else {
			won[0] = true
		}
		if winner.State() != Joined || winner.Role() != Admin || loser.State() != Expelled {
			t.Errorf("run %d: %s and %s", seed, winner.State(), loser.State())
		}
		for _, r := range []*Replica{winner, c, d} {
			if !r.Ready() || len(r.Members()) != 3 {
				t.Errorf("run %d: %s is ready: %v, with %d members", seed, r.Me(), r.Ready(), len(r.Members()))
			}
			if commit := r.chain.Standing().Commit; slices.ContainsFunc(loser.keys, func(k EpochKey) bool { return k.Commit == commit }) {
				t.Errorf("run %d: who was removed has the key", seed)
			}
		}
		// What is withheld of the winner from now on is found out as ever.
		i := slices.Index(tm.devs, winner)
		tm.must(winner.Rename("another name", tm.now))
		tm.sync(i)
		tm.sync(2)
		name := devName(winner.vault, winner.Me(), winner.mine.N, winner.mine.Hash)
		kept := tm.st.objects[name]
		delete(tm.st.objects, name)
		if sum := tm.sync(2); sum.InStep() {
			t.Errorf("run %d: what is missing of the winner is not told", seed)
		}
		tm.st.objects[name] = kept
	}
	if len(won) != 2 {
		t.Errorf("always the same one won: %v", won)
	}
}

// TestAVaultForLaterPrograms: once an admin with a later program says so, this one reads on, says why, and writes nothing; nothing of the old
// format counts any more.
func TestAVaultForLaterPrograms(t *testing.T) {
	tm, a, b, _, d := admins(t, 17)
	id := AccountID(strings.Repeat("ab", 16))
	account := Account{ID: id, Issuer: "before", Params: otp.New(otp.TOTP, secret.FromString("0123456789"))}
	_, err := a.Put(account, tm.now)
	tm.must(err)
	tm.settle()
	head, key := a.chain.Standing().Head, EpochKey{}
	key, err = a.newEpochKey(a.chain.Standing().Epoch + 1)
	tm.must(err)
	tm.must(a.appendEntry(Entry{Type: Rotated, Epoch: key.Epoch, Commit: key.Commit, MinFormat: Format + 1}, tm.now))
	tm.sync(0)
	// Somebody who has not heard of it goes on from there, and somebody who has wants to go back.
	before := b.mine.N
	if sum := tm.sync(1); !slices.ContainsFunc(sum.Findings, func(f Finding) bool { return f.Kind == Newer && f.Device == "" }) || sum.Puts != 0 || b.mine.N != before {
		t.Errorf("%+v", sum)
	}
	for what, err := range map[string]error{
		"an account": func() error { _, err := b.Put(account, tm.now); return err }(), "an invite": func() error { _, err := b.Invite(Editor, time.Hour, tm.now); return err }(),
		"a role": b.SetRole(d.Me(), Viewer, tm.now), "removing": b.Remove(d.Me(), tm.now), "leaving": b.Leave(tm.now), "a new key": b.Rotate(tm.now), "renaming": b.Rename("x", tm.now),
	} {
		if !errors.Is(err, ErrNewer) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if b.State() != Joined {
		t.Errorf("%s after all that was refused", b.State())
	}
	if got, ok := b.Account(id); !ok || got.Issuer != "before" {
		t.Errorf("what was there is gone: %+v", got)
	}
	for _, e := range []Entry{
		{Type: RoleSet, Device: d.Me(), Role: Viewer}, {Type: Rotated, Epoch: key.Epoch + 1, Commit: head.Hash, MinFormat: Format},
	} {
		e.Format, e.Vault, e.By, e.Time = Format, b.vault, b.Me(), millis(tm.now)
		now := b.chain.Standing().Head
		e.N, e.Prev = now.N+1, now.Hash
		body, err := marshal(e)
		tm.must(err)
		raw, err := sign(tm.cfg.Crypto, b.signer, signedEntry, body)
		tm.must(err)
		if _, err := a.chain.Add(raw); !errors.Is(err, ErrNotPermitted) {
			t.Errorf("an entry of the old format: %v", err)
		}
	}
	c := contribution{Format: Format, Vault: b.vault, Epoch: b.keys[0].Epoch, Device: b.Me(), Seq: 99, Head: b.chain.Standing().Head, Time: millis(tm.now), Seen: map[DeviceID]Head{}, Registers: []*Register{}}
	stored, err := c.seal(tm.cfg.Crypto, b.signer, b.keys[0])
	tm.must(err)
	name, _ := parseName(b.vault, devName(b.vault, b.Me(), 99, hashOf(stored)))
	if _, err := a.keepers().open(name, stored); !errors.Is(err, ErrNotPermitted) {
		t.Errorf("a contribution of the old format: %v", err)
	}
}

// TestAnEntryOfAnotherVault is refused, though an admin of both signed it and all else in it is right.
func TestAnEntryOfAnotherVault(t *testing.T) {
	tm, a, b, _, d := admins(t, 41)
	e := Entry{Format: Format, Vault: VaultID(strings.Repeat("0f", 16)), By: b.Me(), Time: millis(tm.now), Type: RoleSet, Device: d.Me(), Role: Viewer}
	head := a.chain.Standing().Head
	e.N, e.Prev = head.N+1, head.Hash
	add := func() error {
		body, err := marshal(e)
		tm.must(err)
		raw, err := sign(tm.cfg.Crypto, b.signer, signedEntry, body)
		tm.must(err)
		_, err = a.chain.Add(raw)
		return err
	}
	if err := add(); !errors.Is(err, ErrSwapped) {
		t.Errorf("of another vault: %v", err)
	}
	e.Vault = a.vault
	if err := add(); err != nil {
		t.Errorf("of this one: %v", err)
	}
}

// TestGarbageInTheChain: anybody can put something under the name of an entry, and it is called what it is.
func TestGarbageInTheChain(t *testing.T) {
	tm, a, _, _, _ := admins(t, 43)
	raw := []byte("this was signed by nobody")
	tm.st.objects[ctlName(a.vault, a.chain.Standing().Head.N+1, hashOf(raw))] = raw
	for range 2 { // the second time it is remembered
		if sum := tm.sync(0); len(sum.Findings) != 1 || sum.Findings[0].Kind != Forged || sum.InStep() {
			t.Errorf("%+v", sum.Findings)
		}
	}
}
