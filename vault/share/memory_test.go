package share

import (
	"maps"
	"slices"
	"testing"
	"time"
)

func has(list []Finding, kind Kind, device, by DeviceID) bool {
	return slices.ContainsFunc(list, func(f Finding) bool { return f.Kind == kind && f.Device == device && f.By == by })
}

// TestANewcomerIsShownAnOldState: an invite says how far things were, so even the first look finds out that less is shown, of the chain and of
// what whoever invited had written.
func TestANewcomerIsShownAnOldState(t *testing.T) {
	tm, a, _, _, _ := admins(t, 59)
	before := maps.Clone(tm.st.objects)
	tm.must(a.Rename("another name", tm.now))
	tm.sync(0)
	id, err := a.Invite(Editor, time.Hour, tm.now)
	tm.must(err)
	tm.sync(0)
	invite, err := a.InviteFor(id, "dir:/x")
	tm.must(err)
	r, err := Join(tm.cfg, invite, Person{Name: "Newcomer"}, tm.now)
	tm.must(err)
	tm.devs = append(tm.devs, r)
	n := len(tm.devs) - 1
	real := tm.st.objects
	tm.st.objects = maps.Clone(before)
	if sum := tm.sync(n); !has(sum.Findings, Behind, "", a.Me()) || sum.InStep() {
		t.Errorf("an old chain: %+v", sum.Findings)
	}
	maps.Copy(real, tm.st.objects) // the request
	tm.st.objects = real
	tm.sync(0)
	tm.must(a.Confirm(r.Me(), tm.now))
	tm.sync(0)
	tm.sync(n) // not the first look: as it should be
	if !r.Ready() {
		t.Fatal("not let in")
	}

	// The same once more, with a newcomer who is let in, and shown what was written before the invite.
	again, err := Join(tm.cfg, invite, Person{Name: "Newcomer"}, tm.now)
	tm.must(err)
	again.identity, again.signer, again.me = r.identity, r.signer, r.me
	tm.devs[n] = again
	shown := maps.Clone(real)
	maps.DeleteFunc(shown, func(name string, _ []byte) bool {
		o, ok := parseName(a.vault, name)
		return ok && o.kind == kindDev
	})
	for name, data := range before {
		if o, ok := parseName(a.vault, name); ok && o.kind == kindDev {
			shown[name] = data
		}
	}
	tm.st.objects = shown
	if sum := tm.sync(n); !has(sum.Findings, Behind, a.Me(), a.Me()) || sum.InStep() {
		t.Errorf("old news of whoever invited: %+v", sum.Findings)
	}
}

// TestTwoSidesOfAStorage: somebody says they saw something else under the number that is shown here.
func TestTwoSidesOfAStorage(t *testing.T) {
	tm, a, b, c, _ := admins(t, 61)
	held := b.held[a.Me()]
	said := contribution{
		Format: Format, Vault: c.vault, Epoch: c.keys[0].Epoch, Device: c.Me(), Seq: c.mine.N + 1, Head: c.chain.Standing().Head, Time: millis(tm.now),
		Seen: map[DeviceID]Head{a.Me(): {held.N, hashOf([]byte("another one"))}}, Registers: []*Register{},
	}
	stored, err := said.seal(tm.cfg.Crypto, c.signer, c.keys[0])
	tm.must(err)
	tm.st.objects[devName(c.vault, c.Me(), said.Seq, hashOf(stored))] = stored
	if sum := tm.sync(1); !has(sum.Findings, Forked, a.Me(), c.Me()) || sum.InStep() {
		t.Errorf("%+v", sum.Findings)
	}
}

// TestAKeyThatComesBeforeItsEntry, as in a folder that somebody synchronises, is read again when the entry has come.
func TestAKeyThatComesBeforeItsEntry(t *testing.T) {
	tm, a, b, _, _ := admins(t, 67)
	tm.must(a.Rotate(tm.now))
	tm.sync(0)
	first := a.chain.Standing().Head
	b.readKeys = map[string]bool{}
	tm.must(a.Rotate(tm.now))
	tm.sync(0)
	last := a.chain.Standing().Head
	name := ctlName(a.vault, last.N, last.Hash)
	late := tm.st.objects[name]
	delete(tm.st.objects, name)
	tm.sync(1) // it has the entry of the key before, which it misses, and the keys of the one after
	if b.chain.Standing().Head != first || len(b.readKeys) == 0 && b.Ready() {
		t.Fatal("not played as it should be")
	}
	tm.st.objects[name] = late
	tm.sync(1)
	if !b.Ready() {
		t.Error("the key was read too early, and never again")
	}
	tm.settle()
	tm.same()
}

// TestWhatADeviceSawItTellsTheOthers: a storage that shows somebody's latest words to one and keeps them from another is found out as soon as
// the one who saw them writes anything, a viewer too.
func TestWhatADeviceSawItTellsTheOthers(t *testing.T) {
	for _, role := range []Role{Editor, Viewer} {
		tm := newTeam(t, Config{Crypto: newToy(71)}, 71)
		a, b, c := 0, tm.join(0, Admin), tm.join(0, Admin)
		tm.settle()
		before := maps.Clone(tm.st.objects)
		_, err := tm.devs[a].Put(account(1, "key"), tm.now)
		tm.must(err)
		tm.sync(a)
		tm.sync(b)
		latest := tm.devs[b].held[tm.devs[a].Me()].N
		if latest <= tm.devs[c].held[tm.devs[a].Me()].N {
			t.Fatal("not played as it should be")
		}
		if role == Viewer {
			tm.must(tm.devs[b].SetRole(tm.devs[b].Me(), Viewer, tm.now))
		} else {
			_, err := tm.devs[b].Put(account(2, "key"), tm.now)
			tm.must(err)
		}
		tm.sync(b)
		shown := maps.Clone(tm.st.objects)
		mine := func(name string) bool {
			o, ok := parseName(tm.devs[a].vault, name)
			return ok && o.kind == kindDev && o.device == tm.devs[a].Me()
		}
		maps.DeleteFunc(shown, func(name string, _ []byte) bool { return mine(name) })
		for name, data := range before {
			if mine(name) {
				shown[name] = data
			}
		}
		tm.st.objects = shown
		sum := tm.sync(c)
		if !slices.ContainsFunc(sum.Findings, func(f Finding) bool {
			return f.Kind == Behind && f.Device == tm.devs[a].Me() && f.By == tm.devs[b].Me() && f.Known == latest
		}) || sum.InStep() {
			t.Errorf("the witness is a %s: %+v", role, sum.Findings)
		}
	}
}

// TestADeviceThatMayNoLongerWriteTakesItsWordsBack: what it wrote is kept by those who may, and what it says from then on holds nothing.
func TestADeviceThatMayNoLongerWriteTakesItsWordsBack(t *testing.T) {
	tm := newTeam(t, Config{Crypto: newToy(73)}, 73)
	b := tm.join(0, Editor)
	_, err := tm.devs[b].Put(account(1, "key"), tm.now)
	tm.must(err)
	tm.settle()
	said := func() (n int) {
		for name, stored := range tm.st.objects {
			o, ok := parseName(tm.devs[0].vault, name)
			if !ok || o.kind != kindDev || o.device != tm.devs[b].Me() {
				continue
			}
			c, err := tm.devs[0].keepers().open(o, stored)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			n += len(c.Registers)
		}
		return n
	}
	if said() == 0 {
		t.Fatal("an editor says nothing")
	}
	tm.must(tm.devs[0].SetRole(tm.devs[b].Me(), Viewer, tm.now))
	tm.settle()
	if n := said(); n != 0 {
		t.Errorf("as a viewer it still says %d things", n)
	}
	for i := range tm.devs {
		if _, ok := tm.devs[i].Account(account(1, "").ID); !ok {
			t.Errorf("device %d lost the account", i)
		}
	}
	tm.same()
}

// TestDeletingAndBringingBackStandInTheLog, each by its name.
func TestDeletingAndBringingBackStandInTheLog(t *testing.T) {
	tm := newTeam(t, Config{Crypto: newToy(79)}, 79)
	r, x := tm.devs[0], account(1, "key")
	_, err := r.Put(x, tm.now)
	tm.must(err)
	tm.must(r.Delete(x.ID, tm.now.Add(time.Minute)))
	tm.must(r.Restore(x.ID, tm.now.Add(2*time.Minute)))
	var said []string
	for _, e := range r.Log() {
		if e.Account == x.ID {
			said = append(said, e.What)
		}
	}
	if len(said) < 3 || said[0] != "restored" || said[1] != regDeleted {
		t.Errorf("the log says, the last thing first: %q", said)
	}
}

// TestTheOnlyMemberMayLeave: nobody is left behind who would need an admin.
func TestTheOnlyMemberMayLeave(t *testing.T) {
	tm := newTeam(t, Config{Crypto: newToy(83)}, 83)
	tm.must(tm.devs[0].Leave(tm.now))
	if state := tm.devs[0].State(); state == Joined {
		t.Errorf("after leaving it is %s", state)
	}
}

// TestWhoSawLessTakesNothingBack: what one member saw stays known, whatever others, who were away, say they saw.
func TestWhoSawLessTakesNothingBack(t *testing.T) {
	tm, a, b, c, d := admins(t, 97)
	held := b.held[a.Me()]
	for _, said := range []struct {
		by   *Replica
		seen Head
	}{
		{c, Head{held.N + 5, hashOf([]byte("later"))}}, {d, held}, {d, Head{held.N - 1, hashOf([]byte("before"))}}, {d, Head{held.N + 4, hashOf([]byte("nearly"))}},
	} {
		b.merge(contribution{Device: said.by.Me(), Seen: map[DeviceID]Head{a.Me(): said.seen}}, tm.now)
	}
	if told := b.told[a.Me()]; told.N != held.N+5 || told.By != c.Me() {
		t.Errorf("told of number %d by %s, want %d by %s", told.N, told.By, held.N+5, c.Me())
	}
	if sum := tm.sync(1); !has(sum.Findings, Behind, a.Me(), c.Me()) || sum.InStep() {
		t.Errorf("%+v", sum.Findings)
	}
}
