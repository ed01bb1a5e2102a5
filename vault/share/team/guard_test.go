package team_test

import (
	"errors"
	"slices"
	"testing"

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
	if err := put(b, "own"); !errors.Is(err, team.ErrReadOnly) {
		t.Errorf("a viewer changed the tags of all: %v", err)
	}
	a.must(put(a))
	a.sync(id)
	b.sync(id)
	if got := b.named("Harbour PBX").Tags; !slices.Equal(got, []string{"mine"}) {
		t.Errorf("after taking them away: %q", got)
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
	}
}
