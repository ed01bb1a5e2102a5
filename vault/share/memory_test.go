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
