package team_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/team"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// viewer makes a shared vault in which the second person may only look.
func viewer(t *testing.T) (id share.VaultID, admin, looker *person) {
	t.Helper()
	list := vaulttest.Canonical()[:2]
	sheet := recovery.Sheet{ID: shareSheet, Origin: recovery.Origin{Service: "Harbour"}, Added: vaulttest.Epoch}
	for _, k := range []string{"aaaa-1111", "bbbb-2222"} {
		sheet.Keys = append(sheet.Keys, recovery.Key{Text: secret.FromString(k)})
	}
	list[0].Recovery = recovery.Sheets{sheet}
	id, _, people := meet(t, 1, list...)
	a, b := people[0], people[1]
	members, err := a.s.Members(id)
	a.must(err)
	for _, m := range members {
		if !m.Me {
			_, err := a.s.SetRole(ctx, id, m.Device, share.Viewer)
			a.must(err)
		}
	}
	b.sync(id)
	return id, a, b
}

// guarded changes an account as a person does, and returns the error.
func (p *person) guarded(issuer string, fn func(*vault.Account)) error {
	a := p.named(issuer)
	fn(&a)
	return p.m.Update(ctx, p.s.Guard(func(v *vault.Vault) error { return v.Put(a, p.clock()) }))
}

func TestAViewerIsRefusedAtOnce(t *testing.T) {
	id, a, b := viewer(t)
	x := b.named("Harbour PBX")
	forbidden := map[string]func(v *vault.Vault) error{
		"the trash":  func(v *vault.Vault) error { return v.Remove(x.ID, b.clock()) },
		"for ever":   func(v *vault.Vault) error { return errors.Join(v.Remove(x.ID, b.clock()), v.Purge(x.ID)) },
		"taking out": func(v *vault.Vault) error { y, _ := v.Account(x.ID); y.Shared = ""; return v.Put(y, b.clock()) },
		"a used key": func(v *vault.Vault) error { _, err := v.SpendRecoveryKey(x.ID, nil, b.clock()); return err },
	}
	for what, fn := range map[string]func(*vault.Account){
		"name": func(a *vault.Account) { a.Name = "other" }, "issuer": func(a *vault.Account) { a.Issuer = "other" },
		"note": func(a *vault.Account) { a.Note = "other" }, "address": func(a *vault.Account) { a.URL = "https://other.example" },
		"icon": func(a *vault.Account) { a.Icon = "other" }, "digits": func(a *vault.Account) { a.Params.Digits = 7 },
		"key":    func(a *vault.Account) { a.Params.Secret = secret.FromString("another key of twenty") },
		"sheets": func(a *vault.Account) { a.Recovery = nil },
	} {
		forbidden[what] = func(v *vault.Vault) error { y, _ := v.Account(x.ID); fn(&y); return v.Put(y, b.clock()) }
	}
	for what, fn := range forbidden {
		err := b.m.Update(ctx, b.s.Guard(fn))
		var refused *team.ReadOnlyError
		if !errors.Is(err, team.ErrReadOnly) || !errors.As(err, &refused) {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if refused.Vault != "Harbour desk" || refused.Issuer != "Harbour PBX" || refused.State != share.Joined || !slices.Equal(refused.Admins, []string{"Anna"}) {
			t.Errorf("%s: %+v", what, refused)
		}
		if got := b.named("Harbour PBX"); got.Name != x.Name || got.Recovery.Left() != 2 || got.Shared != string(id) || !got.Trashed.IsZero() {
			t.Errorf("%s was done in spite of it", what)
		}
	}
	b.must(b.guarded("Harbour PBX", func(a *vault.Account) { a.Favourite, a.Tags = true, []string{"mine"} }))
	b.must(b.m.Update(ctx, b.s.Guard(func(v *vault.Vault) error { return v.Touch(x.ID, b.clock()) })))
	b.sync(id)
	if got := b.named("Harbour PBX"); !got.Favourite || !slices.Equal(got.Tags, []string{"mine"}) {
		t.Errorf("what is personal: %+v", got)
	}
	// What everybody deleted may leave the trash.
	a.must(a.m.Update(ctx, a.s.Guard(func(v *vault.Vault) error { return v.Remove(x.ID, a.clock()) })))
	a.sync(id)
	b.sync(id)
	if err := b.m.Update(ctx, b.s.Guard(func(v *vault.Vault) error { return v.Restore(x.ID) })); !errors.Is(err, team.ErrReadOnly) {
		t.Errorf("bringing back: %v", err)
	}
	b.must(b.m.Update(ctx, b.s.Guard(func(v *vault.Vault) error { return v.Purge(x.ID) })))
	// One of one's own is nobody's business.
	vaulttest.Fill(t, b.m, vaulttest.Canonical()[3])
	b.must(b.guarded(vaulttest.Canonical()[3].Issuer, func(a *vault.Account) { a.Note = "mine" }))
}

func TestTagsOfEverybodyAndOwnOnes(t *testing.T) {
	id, a, b := viewer(t)
	x := a.named("Harbour PBX")
	own := x.Tags
	put := func(p *person, tags ...string) error {
		return p.m.Update(ctx, p.s.Guard(func(v *vault.Vault) error { return p.s.PutTags(v, x.ID, tags) }))
	}
	b.must(b.guarded("Harbour PBX", func(a *vault.Account) { a.Tags = []string{"mine"} }))
	a.must(put(a, "phones", " Phones ", "", "night"))
	a.sync(id)
	b.sync(id)
	if got := a.named("Harbour PBX").Tags; !slices.Equal(got, append([]string{"phones", "night"}, own...)) {
		t.Errorf("the editor sees %q", got)
	}
	if got := b.named("Harbour PBX").Tags; !slices.Equal(got, []string{"phones", "night", "mine"}) {
		t.Errorf("the viewer sees %q", got)
	}
	badges, err := b.s.Badges()
	b.must(err)
	badge := badges[string(id)]
	if got := badge.Tags[b.named("Harbour PBX").ID]; !slices.Equal(got, []string{"phones", "night"}) || len(badge.Tags) != 1 {
		t.Errorf("shared tags %q", badge.Tags)
	}
	if badge.Writes || badge.State != share.Joined || !slices.Equal(badge.Admins, []string{"Anna"}) {
		t.Errorf("badge %+v", badge)
	}
	again, err := b.s.Badges()
	b.must(err)
	if len(again[string(id)].Tags) != 1 {
		t.Error("asked twice, it is another badge")
	}
	if err := put(b, "own"); !errors.Is(err, team.ErrReadOnly) {
		t.Errorf("a viewer changed the tags of all: %v", err)
	}
	a.must(put(a))
	a.sync(id)
	b.sync(id)
	if got := b.named("Harbour PBX").Tags; !slices.Equal(got, []string{"mine"}) {
		t.Errorf("after taking them away: %q", got)
	}
	badges, err = b.s.Badges()
	b.must(err)
	if len(badges[string(id)].Tags) != 0 {
		t.Error("what was kept is shown for what is")
	}
}

func TestNamesOfAllKinds(t *testing.T) {
	id, _, people := meet(t, 2, vaulttest.Canonical()[:1]...)
	a, b, c := people[0], people[1], people[2]
	device := func(p *person) share.DeviceID {
		st, err := p.s.Status(id)
		p.must(err)
		return st.Me
	}
	_, err := b.s.SetPerson(ctx, id, device(b), share.Person{Name: " Benjamin ", Device: "till"})
	b.must(err)
	_, err = a.s.SetPerson(ctx, id, device(c), share.Person{Name: "Cleopatra", Device: "desk"})
	a.must(err)
	_, err = a.s.Rename(ctx, id, "Night desk")
	a.must(err)
	if _, err := b.s.SetPerson(ctx, id, device(a), share.Person{Name: "Nobody"}); !errors.Is(err, share.ErrNotPermitted) {
		t.Errorf("an editor named somebody else: %v", err)
	}
	if _, err := b.s.SetPerson(ctx, id, device(b), share.Person{Name: "  "}); !errors.Is(err, share.ErrFormat) {
		t.Errorf("no name: %v", err)
	}
	if _, err := b.s.SetPerson(ctx, id, "0000000000000000", share.Person{Name: "Who"}); !errors.Is(err, share.ErrNotMember) {
		t.Errorf("a stranger: %v", err)
	}
	for _, p := range people {
		p.sync(id)
		p.sync(id)
		names := map[string]bool{}
		members, err := p.s.Members(id)
		p.must(err)
		for _, m := range members {
			names[m.Person.Name+"/"+m.Person.Device] = true
		}
		st, err := p.s.Status(id)
		p.must(err)
		if !names["Benjamin/till"] || !names["Cleopatra/desk"] || !names["Anna/laptop"] || st.Name != "Night desk" {
			t.Errorf("%v in %q", names, st.Name)
		}
		log, err := p.s.Log(id)
		p.must(err)
		if !slices.ContainsFunc(log, func(e team.Event) bool {
			return e.Event.Account == share.Self && e.What == "name" && e.Who.Name == "Anna"
		}) {
			t.Error("the log does not tell who renamed it")
		}
		var told []string
		for _, e := range log {
			if e.What == share.Named {
				told = append(told, e.Who.Name+": "+e.Was.Name+"/"+e.Was.Device+" to "+e.Is.Name+"/"+e.Is.Device)
			}
		}
		if want := []string{"Anna: Cleo/desk to Cleopatra/desk", "Benjamin: Ben/desk to Benjamin/till"}; !slices.Equal(told, want) {
			t.Errorf("the log tells of names %q, want %q", told, want)
		}
	}
}

// An account whose recovery keys are sealed is shared with the passphrase, and everybody can use the keys; sealing and forgetting the passphrase
// here takes nothing from the others.
func TestSealedKeysAreShared(t *testing.T) {
	x := vaulttest.Canonical()[0]
	sheet := recovery.Sheet{ID: shareSheet, Origin: recovery.Origin{Service: "Harbour"}, Added: vaulttest.Epoch}
	for _, k := range []string{"aaaa-1111", "bbbb-2222", "cccc-3333"} {
		sheet.Keys = append(sheet.Keys, recovery.Key{Text: secret.FromString(k)})
	}
	x.Recovery = recovery.Sheets{sheet}
	id, _, people := meet(t, 1)
	a, b := people[0], people[1]
	vaulttest.Fill(t, a.m, x)
	pass := func() secret.Bytes { return secret.FromString("for the keys alone") }
	a.must(a.m.SetRecoveryPassphrase(ctx, secret.Bytes{}, pass()))
	mine := a.named("Harbour PBX")
	if _, err := a.s.Move(ctx, id, mine.ID); !errors.Is(err, vault.ErrRecoverySealed) {
		t.Fatalf("moved without the passphrase: %v", err)
	}
	if a.named("Harbour PBX").Shared != "" {
		t.Fatal("half moved")
	}
	key, err := a.m.OpenRecovery(ctx, pass())
	a.must(err)
	opened := map[vault.ID]recovery.Sheets{}
	for _, s := range mine.Recovery {
		open, err := key.Open(s)
		a.must(err)
		opened[mine.ID] = append(opened[mine.ID], open)
	}
	_, err = a.s.MoveOpened(ctx, id, opened, mine.ID)
	a.must(err)
	b.sync(id)
	texts := func(p *person) (list []string) {
		for _, s := range p.named("Harbour PBX").Recovery {
			for _, k := range s.Keys {
				text := string(k.Text.Reveal())
				if !k.Used.IsZero() {
					text += " used"
				}
				list = append(list, text)
			}
		}
		return list
	}
	if got := texts(b); !slices.Equal(got, []string{"aaaa-1111", "bbbb-2222", "cccc-3333"}) {
		t.Errorf("the other one has %q", got)
	}
	if got := a.named("Harbour PBX").Recovery; len(got) != 1 || !got[0].IsSealed() || got.Left() != 3 {
		t.Errorf("here they are %+v", got)
	}
	// Use counts both ways, sealed or not.
	b.must(b.m.Update(ctx, b.s.Guard(func(v *vault.Vault) error {
		_, err := v.SpendRecoveryKey(b.named2(v, "Harbour PBX"), nil, b.clock())
		return err
	})))
	b.sync(id)
	a.sync(id)
	if got := a.named("Harbour PBX").Recovery; got.Left() != 2 || !got[0].IsSealed() {
		t.Errorf("here, after one was used there: %d left", got.Left())
	}
	a.must(a.m.Update(ctx, a.s.Guard(func(v *vault.Vault) error {
		_, err := v.SpendRecoveryKey(mine.ID, key, a.clock())
		return err
	})))
	a.sync(id)
	b.sync(id)
	if got := texts(b); !slices.Equal(got, []string{"aaaa-1111 used", "bbbb-2222 used", "cccc-3333"}) {
		t.Errorf("after both used one: %q", got)
	}
	// The passphrase is forgotten here: the keys of the team stay.
	a.must(a.m.Update(ctx, func(v *vault.Vault) error { _, err := v.ForgetRecovery(); return err }))
	a.sync(id)
	b.sync(id)
	a.sync(id)
	for _, p := range people {
		if got := texts(p); !slices.Equal(got, []string{"aaaa-1111 used", "bbbb-2222 used", "cccc-3333"}) {
			t.Errorf("after the passphrase was forgotten: %q", got)
		}
	}
}

// What is changed on a device whose clock is behind that of the device before arrives all the same, and the next change there does not undo it.
func TestAChangeByAClockThatIsBehindArrives(t *testing.T) {
	id, _, people := meet(t, 1, vaulttest.Canonical()[0])
	a, b := people[0], people[1]
	for _, behind := range []time.Duration{0, time.Second, time.Minute, 2 * time.Hour} {
		note := "behind by " + behind.String()
		b.edit("Harbour PBX", func(x *vault.Account) { x.Name = "before " + note })
		b.sync(id)
		a.sync(id)
		*a.now = a.now.Add(-behind)
		a.edit("Harbour PBX", func(x *vault.Account) { x.Note = note })
		a.sync(id)
		*a.now = a.now.Add(behind)
		b.sync(id)
		if got := b.named("Harbour PBX").Note; got != note {
			t.Errorf("%s: %q arrived", behind, got)
		}
		b.edit("Harbour PBX", func(x *vault.Account) { x.Name = "after " + note })
		b.sync(id)
		a.sync(id)
		for i, p := range people {
			if got := p.named("Harbour PBX"); got.Note != note || got.Name != "after "+note {
				t.Errorf("%s: person %d has %q, %q", behind, i, got.Name, got.Note)
			}
		}
	}
}

// Two people change different things of one account without knowing of each other: both see both, and so does a third.
func TestChangesAtOnceAreSeenByAll(t *testing.T) {
	id, _, people := meet(t, 2, vaulttest.Canonical()[0])
	a, b, c := people[0], people[1], people[2]
	for _, p := range people {
		p.sync(id)
	}
	a.edit("Harbour PBX", func(x *vault.Account) { x.Note = "by Anna" })
	b.edit("Harbour PBX", func(x *vault.Account) { x.Name = "by Ben" })
	for range 2 {
		for _, p := range []*person{b, a, c} {
			p.sync(id)
		}
	}
	for i, p := range people {
		if got := p.named("Harbour PBX"); got.Note != "by Anna" || got.Name != "by Ben" {
			t.Errorf("person %d has note %q, name %q", i, got.Note, got.Name)
		}
	}
	b.edit("Harbour PBX", func(x *vault.Account) { x.URL = "https://ben.example" })
	for range 2 {
		for _, p := range []*person{b, a, c} {
			p.sync(id)
		}
	}
	for i, p := range people {
		if got := p.named("Harbour PBX"); got.Note != "by Anna" || got.Name != "by Ben" || got.URL != "https://ben.example" {
			t.Errorf("after another change, person %d has note %q, name %q, address %q", i, got.Note, got.Name, got.URL)
		}
	}
}

// Somebody edits while a new key is still on its way to them, as in a folder of which a part has arrived: the edit waits, and is not undone.
func TestAnEditWaitsForTheKey(t *testing.T) {
	id, st, people := meet(t, 1, vaulttest.Canonical()[:2]...)
	a, b := people[0], people[1]
	me, err := b.s.Status(id)
	b.must(err)
	held := map[string][]byte{}
	_, err = a.s.Rotate(ctx, id)
	a.must(err)
	for name, data := range st.objects {
		if strings.Contains(name, "/key/") && strings.Contains(name, string(me.Me)) {
			held[name] = data
			delete(st.objects, name)
		}
	}
	b.sync(id)
	if now, err := b.s.Status(id); err != nil || now.Ready {
		t.Fatalf("ready without the key: %v", err)
	}
	b.edit("Harbour PBX", func(x *vault.Account) { x.Note = "while it waits" })
	b.sync(id)
	b.sync(id)
	if got := b.named("Harbour PBX").Note; got != "while it waits" {
		t.Errorf("the edit was undone: %q", got)
	}
	// What the other one changes meanwhile stays changed: an edit is of what was edited, not of all there is about an account.
	sheet := recovery.Sheet{ID: shareSheet, Origin: recovery.Origin{Service: "Harbour"}, Added: vaulttest.Epoch, Keys: []recovery.Key{{Text: secret.FromString("aaaa-1111")}}}
	a.edit("Harbour PBX", func(x *vault.Account) {
		x.URL, x.Params.Secret, x.Recovery = "https://harbour.example/", secret.FromString("another key altogether"), recovery.Sheets{sheet}
	})
	a.sync(id)
	b.sync(id)
	for name, data := range held {
		st.objects[name] = data
	}
	b.sync(id)
	a.sync(id)
	b.sync(id)
	for i, p := range people {
		x := p.named("Harbour PBX")
		if x.Note != "while it waits" || x.URL != "https://harbour.example/" || string(x.Params.Secret.Reveal()) != "another key altogether" || len(x.Recovery) != 1 {
			t.Errorf("person %d has note %q, address %q, the key that was set meanwhile: %v, %d sheets", i, x.Note, x.URL, string(x.Params.Secret.Reveal()) == "another key altogether", len(x.Recovery))
		}
	}
}
