package share

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// What is tried here is not to read or forge anything, but to bring a vault to a stand for good.

// A name is enough to put a number under somebody's own; none uses up all the numbers there are.
func TestNumbersAreNotUsedUp(t *testing.T) {
	tm := newTeam(t, Config{Crypto: newToy(61)}, 61)
	b := tm.join(0, Editor)
	tm.settle()
	r := tm.devs[b]
	junk := []byte("junk")
	for _, n := range []int64{maxNumber, maxNumber - 1, maxNumber / 2, r.mine.N + 3} {
		tm.st.objects[devName(r.vault, r.Me(), n, hashOf(junk))] = junk
	}
	before := r.mine.N
	for i := range 3 {
		_, err := r.Put(account(byte(i+1), "key"), tm.now)
		tm.must(err)
		if sum := tm.sync(b); sum.InStep() {
			t.Error("not reported")
		}
		tm.sync(0)
		if _, ok := tm.devs[0].Account(account(byte(i+1), "").ID); !ok {
			t.Errorf("change %d is not read by the other; it was written under %d", i, r.mine.N)
		}
	}
	if n := r.mine.N; n != before+6 {
		t.Errorf("it writes under %d, was %d", n, before)
	}
}

// An editor may make new keys, but cannot shut out everybody whose program is of today: that is never taken back.
func TestAnEditorCannotAskForALaterFormat(t *testing.T) {
	tm, a, _, _, d := admins(t, 62)
	s := d.chain.Standing()
	key, err := d.newEpochKey(s.Epoch + 1)
	tm.must(err)
	later := Entry{Type: Rotated, Epoch: key.Epoch, Commit: key.Commit, MinFormat: Format + 1}
	if err := d.appendEntry(later, tm.now); !errors.Is(err, ErrNotPermitted) {
		t.Errorf("by its own program: %v", err)
	}
	raw, err := d.signEntry(later, tm.now)
	tm.must(err)
	tm.st.objects[ctlName(a.vault, s.Head.N+1, hashOf(raw))] = raw
	sum := tm.sync(0)
	if !slices.ContainsFunc(sum.Findings, func(f Finding) bool { return f.Kind == NotPermitted }) || a.outdated() {
		t.Errorf("findings %+v, outdated %v", sum.Findings, a.outdated())
	}
	delete(tm.st.objects, ctlName(a.vault, s.Head.N+1, hashOf(raw)))
	tm.must(d.newEpoch(tm.now)) // what an editor may
	tm.settle()
	if a.chain.Standing().Epoch != s.Epoch+1 || !a.Ready() {
		t.Error("an editor's new key is not taken")
	}
}

// Whoever makes a key and gives it to nobody, by malice or because that computer burned down in between, does not stop the admins: they remove
// it, or just make another key, and everything goes on.
func TestAKeyThatIsWithheld(t *testing.T) {
	for _, how := range []string{"removed", "another key"} {
		t.Run(how, func(t *testing.T) {
			tm, a, b, c, d := admins(t, 63)
			_, err := b.Put(account(1, "before"), tm.now)
			tm.must(err)
			tm.settle()
			key, err := d.newEpochKey(d.chain.Standing().Epoch + 1)
			tm.must(err)
			head := d.chain.Standing().Head
			raw, err := d.signEntry(Entry{Type: Rotated, Epoch: key.Epoch, Commit: key.Commit, MinFormat: Format}, tm.now)
			tm.must(err)
			tm.st.objects[ctlName(a.vault, head.N+1, hashOf(raw))] = raw
			for i := range 3 {
				tm.sync(i)
			}
			if a.Ready() || b.Ready() || c.Ready() {
				t.Fatal("somebody has the key that was withheld")
			}
			if how == "removed" {
				tm.must(a.Remove(d.Me(), tm.now))
			} else {
				tm.must(a.Rotate(tm.now))
			}
			for range 3 {
				for i := range 3 {
					tm.sync(i)
				}
			}
			_, err = c.Put(account(2, "after"), tm.now)
			tm.must(err)
			for range 3 {
				for i := range 3 {
					if sum := tm.sync(i); i == 2 && !sum.InStep() {
						t.Errorf("%+v", sum.Findings)
					}
				}
			}
			for i, r := range []*Replica{a, b, c} {
				_, one := r.Account(account(1, "").ID)
				_, two := r.Account(account(2, "").ID)
				if !r.Ready() || !one || !two {
					t.Errorf("device %d: ready %v, sees what was written before %v and after %v", i, r.Ready(), one, two)
				}
			}
			if _, removed := a.chain.Standing().Gone[d.Me()]; removed != (how == "removed") {
				t.Errorf("removed: %v", removed)
			}
			// Editors and viewers get no such right.
			if err := d.Rotate(tm.now); err == nil {
				t.Error("an editor made a key by hand")
			}
		})
	}
}

// Entries without what they follow cost nothing to make: nobody has to sign them. Filling all the room for such with them keeps no true entry
// out for longer than they are there.
func TestRoomForWaitingEntriesIsFilled(t *testing.T) {
	tm, a, b, _, d := admins(t, 64)
	away := maps.Clone(tm.st.objects) // what b is shown
	tm.must(a.SetRole(d.Me(), Viewer, tm.now))
	tm.sync(0)
	tm.must(a.SetRole(d.Me(), Editor, tm.now.Add(time.Second)))
	tm.sync(0)
	s := a.chain.Standing()
	first, second := s.Path[len(s.Path)-2], s.Path[len(s.Path)-1]

	stranger := newReplica(tm.cfg, a.vault, a.chain.root)
	tm.must(stranger.newDevice())
	for i := range maxWaiting + 5 {
		e := Entry{Format: Format, Vault: a.vault, N: 1, Prev: hashOf(fmt.Append(nil, i)), Type: RoleSet, By: d.Me(), Time: millis(tm.now), Device: d.Me(), Role: Admin}
		body, err := marshal(e)
		tm.must(err)
		raw, err := sign(tm.cfg.Crypto, stranger.signer, signedEntry, body)
		tm.must(err)
		away[ctlName(a.vault, 1, hashOf(raw))] = raw
	}
	child := ctlName(a.vault, second.N, s.Head.Hash)
	away[child] = tm.st.objects[child] // and not the one before
	honest := tm.st.objects
	tm.st.objects = away
	if sum := tm.sync(1); sum.InStep() {
		t.Error("not reported")
	}
	tm.st.objects = honest
	text, err := b.Encode()
	tm.must(err)
	tm.devs[1], err = Decode(tm.cfg, text)
	tm.must(err)
	tm.settle()
	if got := tm.devs[1].chain.Standing().Head; got != a.chain.Standing().Head {
		t.Errorf("it stands at %d, the others at %d, after %d", got.N, a.chain.Standing().Head.N, first.N)
	}
	if !strings.HasPrefix(string(tm.devs[1].Role()), "admin") {
		t.Errorf("it is %s", tm.devs[1].Role())
	}
}

// A member that says it saw what never was makes everybody miss it, and say who says so. With its author the lie goes, and what others truly
// saw counts again.
func TestALieAboutWhatWasSeenGoesWithItsAuthor(t *testing.T) {
	for _, same := range []bool{false, true} {
		tm, a, b, c, d := admins(t, 65)
		_, err := b.Put(account(1, "key"), tm.now)
		tm.must(err)
		tm.settle()
		key, _ := d.current()
		lie := Head{N: a.held[b.Me()].N + 1000, Hash: hashOf([]byte("never was"))}
		kind := Behind
		if same {
			lie.N, kind = a.held[b.Me()].N, Forked
		}
		said := contribution{
			Format: Format, Vault: a.vault, Epoch: key.Epoch, Device: d.Me(), Seq: a.held[d.Me()].N + 1, Head: d.chain.Standing().Head, Time: millis(tm.now),
			Seen: map[DeviceID]Head{b.Me(): lie}, Registers: []*Register{},
		}
		stored, err := said.seal(tm.cfg.Crypto, d.signer, key)
		tm.must(err)
		tm.st.objects[devName(a.vault, d.Me(), said.Seq, hashOf(stored))] = stored
		sum := tm.sync(0)
		if !slices.ContainsFunc(sum.Findings, func(f Finding) bool { return f.Kind == kind && f.Device == b.Me() && f.By == d.Me() }) {
			t.Fatalf("%s is not reported: %+v", kind, sum.Findings)
		}
		tm.must(a.Remove(d.Me(), tm.now))
		for round := range 4 {
			for i := range 3 {
				if sum = tm.sync(i); round == 3 && !sum.InStep() {
					t.Errorf("for device %d the lie outlives its author: %+v", i, sum.Findings)
				}
			}
		}
		// c hears of something of b that is withheld from a.
		_, err = b.Put(account(2, "key"), tm.now)
		tm.must(err)
		before := maps.Clone(tm.st.objects)
		tm.sync(1)
		tm.sync(2)
		_, err = c.Put(account(3, "key"), tm.now)
		tm.must(err)
		tm.sync(2)
		for name := range tm.st.objects {
			if o, _ := parseName(a.vault, name); o.kind == kindDev && o.device == b.Me() {
				delete(tm.st.objects, name)
			}
		}
		for name, data := range before {
			if o, _ := parseName(a.vault, name); o.kind == kindDev && o.device == b.Me() {
				tm.st.objects[name] = data
			}
		}
		sum = tm.sync(0)
		if !slices.ContainsFunc(sum.Findings, func(f Finding) bool { return f.Kind == Behind && f.Device == b.Me() && f.By == c.Me() }) {
			t.Errorf("what another one truly saw does not count: %+v", sum.Findings)
		}
	}
}

// A removed admin who can still write to the storage may try hashes until an entry beside the own removal wins. However late that is, everybody who
// knew the removal is told what was overturned and by whom, for a week.
func TestARemovalIsOverturnedLate(t *testing.T) {
	tm, a, b, _, _ := admins(t, 66)
	head := a.chain.Standing().Head
	tm.must(a.Remove(b.Me(), tm.now))
	for range 3 {
		for _, i := range []int{0, 2, 3} {
			tm.sync(i)
		}
	}
	removal := a.chain.Standing().Path[head.N+1]
	var removed Hash
	for _, e := range a.chain.Entries() {
		if e.Entry.N == head.N+1 {
			removed = e.Hash
		}
	}
	tm.now = tm.now.Add(90 * 24 * time.Hour)
	var raw []byte
	for i := int64(0); raw == nil || hashOf(raw) > removed; i++ {
		body, err := marshal(Entry{Format: Format, Vault: a.vault, N: head.N + 1, Prev: head.Hash, Type: Removed, By: b.Me(), Time: removal.Time - i, Device: a.Me()})
		tm.must(err)
		raw, err = sign(tm.cfg.Crypto, b.signer, signedEntry, body)
		tm.must(err)
	}
	tm.st.objects[ctlName(a.vault, head.N+1, hashOf(raw))] = raw
	told := func(i int) bool {
		return slices.ContainsFunc(tm.sync(i).Findings, func(f Finding) bool {
			return f.Kind == Contested && f.By == b.Me() && f.Device == a.Me() && f.Entry == removed
		})
	}
	for look := range 3 {
		for _, i := range []int{2, 3} {
			if !told(i) {
				t.Errorf("look %d: device %d is not told", look, i)
			}
			text, err := tm.devs[i].Encode()
			tm.must(err)
			tm.devs[i], err = Decode(tm.cfg, text)
			tm.must(err)
		}
		tm.now = tm.now.Add(2 * 24 * time.Hour)
	}
	tm.now = tm.now.Add(4 * 24 * time.Hour)
	if told(2) {
		t.Error("told for ever")
	}
}
