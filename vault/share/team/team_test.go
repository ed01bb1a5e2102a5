package team_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/backend"
	"github.com/tallystick/tallystick/vault/share/team"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// shelf is a storage in memory.
type shelf struct {
	mu      sync.Mutex
	objects map[string][]byte
	fail    error
	puts    func(name string) error // before each PUT
	lists   int
}

func (s *shelf) List(_ context.Context, prefix string) ([]store.Object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists++
	var list []store.Object
	for name, data := range s.objects {
		if strings.HasPrefix(name, prefix) {
			list = append(list, store.Object{Name: name, Size: int64(len(data))})
		}
	}
	slices.SortFunc(list, func(a, b store.Object) int { return strings.Compare(a.Name, b.Name) })
	return list, s.fail
}

func (s *shelf) Get(_ context.Context, name string, _ int64) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, ok := s.objects[name]
	if !ok {
		return nil, store.ErrNotFound
	}
	return bytes.Clone(data), s.fail
}

func (s *shelf) PutNew(_ context.Context, name string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	if s.puts != nil {
		if err := s.puts(name); err != nil {
			return err
		}
	}
	s.objects[name] = bytes.Clone(data)
	return nil
}

func (s *shelf) Delete(_ context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.objects, name)
	return s.fail
}

// person is somebody with a vault.
type person struct {
	t   *testing.T
	m   *vault.Manager
	s   *team.Service
	now *time.Time
	st  *shelf
}

var (
	ctx   = context.Background()
	where = store.Location{Kind: store.S3, URL: "https://s3.example.com", Bucket: "desk"}
	place = team.Place{Where: where, Access: backend.Access{User: "key id", Password: secret.FromString("key secret marker")}}
)

func newPerson(t *testing.T, st *shelf, now *time.Time, accounts ...vault.Account) *person {
	t.Helper()
	cfg := vaulttest.Config(t.TempDir(), nil)
	cfg.Now = func() time.Time { return *now }
	m := vaulttest.Open(t, cfg)
	if err := m.Create(ctx, secret.Bytes{}); err != nil {
		t.Fatal(err)
	}
	vaulttest.Fill(t, m, accounts...)
	p := &person{t: t, m: m, now: now, st: st}
	p.s = team.New(team.Config{
		Vault: m, Now: func() time.Time { *now = now.Add(time.Second); return *now },
		Open: func(store.Location, backend.Access) (store.Store, error) { return st, nil },
	})
	return p
}

func (p *person) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *person) sync(id share.VaultID) team.Report {
	p.t.Helper()
	rep, err := p.s.Sync(ctx, id)
	p.must(err)
	return rep
}

func (p *person) accounts() []vault.Account {
	p.t.Helper()
	var list []vault.Account
	p.must(p.m.Read(func(v *vault.Vault) error {
		for _, a := range v.Accounts() {
			list = append(list, a.Clone())
		}
		return nil
	}))
	return list
}

func (p *person) named(issuer string) vault.Account {
	p.t.Helper()
	for _, a := range p.accounts() {
		if a.Issuer == issuer {
			return a
		}
	}
	p.t.Fatalf("there is no account %q", issuer)
	return vault.Account{}
}

func (p *person) edit(issuer string, fn func(*vault.Account)) {
	p.t.Helper()
	a := p.named(issuer)
	fn(&a)
	p.must(p.m.Update(ctx, func(v *vault.Vault) error { return v.Put(a, p.clock()) }))
}

func (p *person) clock() time.Time { *p.now = p.now.Add(time.Second); return *p.now }

// meet makes a shared vault of the first person's accounts and lets the others in.
func meet(t *testing.T, others int, accounts ...vault.Account) (share.VaultID, *shelf, []*person) {
	t.Helper()
	now := vaulttest.Epoch.Add(time.Hour)
	st := &shelf{objects: map[string][]byte{}}
	a := newPerson(t, st, &now, accounts...)
	id, err := a.s.Create(ctx, "Harbour desk", place, share.Person{Name: "Anna", Device: "laptop"})
	a.must(err)
	var ids []vault.ID
	for _, x := range a.accounts() {
		ids = append(ids, x.ID)
	}
	_, err = a.s.Move(ctx, id, ids...)
	a.must(err)
	people := []*person{a}
	for i := range others {
		p := newPerson(t, st, &now)
		invite, err := a.s.Invite(ctx, id, share.Editor, 24*time.Hour)
		a.must(err)
		text, err := invite.Text()
		a.must(err)
		got, err := p.s.Join(ctx, text, team.Place{}, share.Person{Name: []string{"Ben", "Cleo"}[i], Device: "desk"})
		p.must(err)
		if got != id {
			t.Fatalf("joined %s", got)
		}
		requests, err := a.s.Requests(ctx, id)
		a.must(err)
		if len(requests) != 1 {
			t.Fatalf("%d requests", len(requests))
		}
		mine, err := a.s.Words(id, requests[0].Device)
		a.must(err)
		p.sync(id)
		theirs, err := p.s.Words(id, "")
		p.must(err)
		if mine != theirs {
			t.Fatalf("words %q and %q", mine, theirs)
		}
		_, err = a.s.Confirm(ctx, id, requests[0].Device, true)
		a.must(err)
		if rep := p.sync(id); !rep.InStep() || rep.State != share.Joined {
			t.Fatalf("after joining: %+v", rep)
		}
		people = append(people, p)
	}
	return id, st, people
}

func TestAccountsOfATeam(t *testing.T) {
	id, _, people := meet(t, 2, vaulttest.Canonical()...)
	a, b, c := people[0], people[1], people[2]
	for _, want := range vaulttest.Canonical() {
		for i, p := range people {
			got := p.named(want.Issuer)
			if !got.Params.Same(want.Params) && want.Params.Kind != otp.Manual || got.Name != want.Name || got.Note != want.Note || got.Shared != string(id) || got.Params.Counter != want.Params.Counter {
				t.Errorf("person %d has %+v, want %+v", i, got, want)
			}
			if i > 0 && (len(got.Tags) > 0 || got.Favourite) {
				t.Errorf("person %d was given somebody's own tags: %+v", i, got)
			}
			if i == 0 && (!slices.Equal(got.Tags, want.Tags) || got.Favourite != want.Favourite) {
				t.Errorf("the mover's own tags are %v", got.Tags)
			}
		}
	}
	for _, p := range people {
		p.sync(id)
	}
	// An ordinary edit reaches the others; tags and favourites do not.
	b.edit("Harbour PBX", func(x *vault.Account) { x.Name, x.Tags, x.Favourite = "desk@example.com", []string{"mine"}, true })
	b.sync(id)
	for _, p := range []*person{a, c} {
		if rep := p.sync(id); rep.Gets != 1 || rep.Puts != 0 {
			t.Errorf("one edit cost %d GET, %d PUT", rep.Gets, rep.Puts)
		}
		if got := p.named("Harbour PBX"); got.Name != "desk@example.com" || slices.Contains(got.Tags, "mine") {
			t.Errorf("after an edit: %+v", got)
		}
	}
	if got := b.named("Harbour PBX"); !slices.Equal(got.Tags, []string{"mine"}) || !got.Favourite {
		t.Errorf("own tags are gone: %+v", got)
	}
	// Shared tags, with what people added.
	a.must(a.m.Update(ctx, func(v *vault.Vault) error { return a.s.PutTags(v, a.named("Harbour PBX").ID, []string{"phones"}) }))
	a.sync(id)
	b.sync(id)
	c.sync(id)
	if got := b.named("Harbour PBX").Tags; !slices.Equal(got, []string{"phones", "mine"}) {
		t.Errorf("tags: %v", got)
	}
	if got := c.named("Harbour PBX").Tags; !slices.Equal(got, []string{"phones"}) {
		t.Errorf("tags: %v", got)
	}
	// A counter that was used is used for all.
	_, err := c.m.NextHOTP(ctx, c.named("Old Bank").ID)
	c.must(err)
	c.sync(id)
	a.sync(id)
	if got := a.named("Old Bank").Params.Counter; got != 42 {
		t.Errorf("counter %d", got)
	}
	// Deleting and bringing back.
	gone := a.named("Steam")
	a.must(a.m.Update(ctx, func(v *vault.Vault) error { return v.Remove(gone.ID, a.clock()) }))
	a.sync(id)
	b.sync(id)
	a.must(b.m.Read(func(v *vault.Vault) error {
		if x, _ := v.Account(gone.ID); x.Trashed.IsZero() {
			t.Error("not in everybody's trash")
		}
		return nil
	}))
	b.must(b.m.Update(ctx, func(v *vault.Vault) error { return v.Restore(gone.ID) }))
	b.sync(id)
	a.sync(id)
	a.named("Steam")
	// Away for ever, before anybody heard of it.
	a.must(a.m.Update(ctx, func(v *vault.Vault) error {
		if err := v.Remove(gone.ID, a.clock()); err != nil {
			return err
		}
		return v.Purge(gone.ID)
	}))
	a.sync(id)
	b.sync(id)
	a.must(b.m.Read(func(v *vault.Vault) error {
		if x, _ := v.Account(gone.ID); x.Trashed.IsZero() {
			t.Error("purged here, and alive there")
		}
		return nil
	}))
	// Idle.
	for _, p := range people {
		p.sync(id)
		p.sync(id)
		lists := p.st.lists
		if rep := p.sync(id); rep.Gets+rep.Puts+rep.Deletes != 0 || p.st.lists != lists+1 || !rep.InStep() {
			t.Errorf("idle: %+v", rep)
		}
	}
}

const shareSheet = "0102030405060708090a0b0c0d0e0f10"

func TestSpentRecoveryKeysAreSpentForAll(t *testing.T) {
	x := vaulttest.Canonical()[0]
	sheet := recovery.Sheet{ID: shareSheet, Origin: recovery.Origin{Service: "Harbour"}, Added: vaulttest.Epoch}
	for _, k := range []string{"aaaa-1111", "bbbb-2222", "cccc-3333", "dddd-4444"} {
		sheet.Keys = append(sheet.Keys, recovery.Key{Text: secret.FromString(k)})
	}
	x.Recovery = recovery.Sheets{sheet}
	id, _, people := meet(t, 1, x)
	a, b := people[0], people[1]
	if got := b.named("Harbour PBX").Recovery; got.Left() != 4 {
		t.Fatalf("%d keys arrived", got.Left())
	}
	b.must(b.m.Update(ctx, func(v *vault.Vault) error {
		_, err := v.SpendRecoveryKey(b.named2(v, "Harbour PBX"), nil, b.clock())
		return err
	}))
	b.sync(id)
	a.sync(id)
	if got := a.named("Harbour PBX").Recovery; got.Left() != 3 || got[0].Keys[0].Used.IsZero() {
		t.Errorf("%d keys left", got.Left())
	}
}

// named2 is named for use inside of an Update.
func (p *person) named2(v *vault.Vault, issuer string) vault.ID {
	for _, a := range v.Accounts() {
		if a.Issuer == issuer {
			return a.ID
		}
	}
	p.t.Fatalf("there is no account %q", issuer)
	return ""
}

func TestRemovingAPerson(t *testing.T) {
	id, _, people := meet(t, 2, vaulttest.Canonical()...)
	a, b, c := people[0], people[1], people[2]
	ben, err := a.s.Resolve(id, "ben")
	a.must(err)
	_, err = a.s.Remove(ctx, id, ben)
	a.must(err)
	c.sync(id)
	list, err := c.s.Reenroll(id)
	c.must(err)
	if len(list) != 5 { // all but the manual one
		t.Errorf("%d accounts to enroll again", len(list))
	}
	if list[0].To[0].Name != "Ben" {
		t.Errorf("because of %+v", list[0].To)
	}
	for i, x := range list {
		a.edit(x.Issuer, func(acc *vault.Account) {
			acc.Retire(a.clock())
			p := acc.Params
			p.Secret = secret.FromString("TALLYfreshKEY00" + string(rune('a'+i)))
			if p.Kind == otp.Yandex {
				p.Secret = secret.FromString("TALLYfreshKEY004")
			}
			if p.Kind == otp.MOTP {
				p.Secret = secret.FromString("8a11e5713c6d0705")
			}
			acc.Params = p
		})
		a.sync(id)
		c.sync(id)
		left, err := c.s.Reenroll(id)
		c.must(err)
		if len(left) != len(list)-i-1 {
			t.Fatalf("after %d fresh keys %d accounts are left: %+v", i+1, len(left), left)
		}
	}
	if got := c.named("Harbour PBX"); len(got.History) != 1 {
		t.Errorf("the key before is not in the history: %+v", got)
	}
	if rep := b.sync(id); rep.State != share.Expelled {
		t.Errorf("the removed device is %s", rep.State)
	}
	if got := b.named("Harbour PBX"); strings.Contains(string(got.Params.Secret.Reveal()), "fresh") {
		t.Error("the removed device has a new key")
	}
	b.must(b.s.Forget(ctx, id, false))
	if got := b.accounts(); len(got) != 0 {
		t.Errorf("after forgetting, %d accounts are left", len(got))
	}
}

func TestLeavingAndTheLastAdmin(t *testing.T) {
	id, _, people := meet(t, 1, vaulttest.Canonical()[0])
	a, b := people[0], people[1]
	if err := a.s.Leave(ctx, id, true); !errors.Is(err, share.ErrLastAdmin) {
		t.Errorf("the last admin left: %v", err)
	}
	ben, err := a.s.Resolve(id, "Ben/desk")
	a.must(err)
	_, err = a.s.SetRole(ctx, id, ben, share.Admin)
	a.must(err)
	a.edit("Harbour PBX", func(x *vault.Account) { x.Note = "the last thing Anna wrote" })
	a.must(a.s.Leave(ctx, id, true))
	if got := a.named("Harbour PBX"); got.Shared != "" {
		t.Error("still marked")
	}
	b.sync(id)
	b.sync(id)
	if got := b.named("Harbour PBX"); got.Note != "the last thing Anna wrote" {
		t.Errorf("lost: %+v", got)
	}
	members, err := b.s.Members(id)
	b.must(err)
	if len(members) != 1 || !members[0].Me || members[0].Role != share.Admin {
		t.Errorf("members: %+v", members)
	}
}

func TestConflictsAreChosenByAPerson(t *testing.T) {
	id, _, people := meet(t, 1, vaulttest.Canonical()[0])
	a, b := people[0], people[1]
	fresh := func(key string) func(*vault.Account) {
		return func(x *vault.Account) { x.Params = otp.New(otp.TOTP, secret.FromString(key)) }
	}
	a.edit("Harbour PBX", fresh("key of Anna 01234567"))
	b.edit("Harbour PBX", fresh("key of Ben 012345678"))
	a.sync(id)
	b.sync(id)
	a.sync(id)
	list, err := a.s.Conflicts(id)
	a.must(err)
	if len(list) != 1 || len(list[0].Choices) != 2 {
		t.Fatalf("conflicts: %+v", list)
	}
	var anna string
	for _, c := range list[0].Choices {
		if c.Who.Name == "Anna" {
			anna = c.ID
		}
	}
	_, err = a.s.Keep(ctx, id, list[0].Local, anna[:6])
	a.must(err)
	b.sync(id)
	for i, p := range people {
		if got, err := p.s.Conflicts(id); err != nil || len(got) != 0 {
			t.Errorf("person %d still has %+v, %v", i, got, err)
		}
		if got := p.named("Harbour PBX"); string(got.Params.Secret.Reveal()) != "key of Anna 01234567" || len(got.History) != 2 {
			t.Errorf("person %d kept another one, or no history: %d", i, len(got.History))
		}
	}
}

func TestOffline(t *testing.T) {
	id, st, people := meet(t, 1, vaulttest.Canonical()[0])
	a, b := people[0], people[1]
	st.fail = store.ErrOffline
	a.edit("Harbour PBX", func(x *vault.Account) { x.Note = "written offline" })
	if rep := a.sync(id); !rep.Offline || rep.InStep() {
		t.Errorf("offline: %+v", rep)
	}
	if s, err := a.s.Status(id); err != nil || !s.Offline || !s.Unsaid {
		t.Errorf("status %+v, %v", s, err)
	}
	if _, err := a.s.Invite(ctx, id, share.Editor, time.Hour); !errors.Is(err, store.ErrOffline) {
		t.Errorf("an invite offline: %v", err)
	}
	st.fail = nil
	a.sync(id)
	b.sync(id)
	if got := b.named("Harbour PBX").Note; got != "written offline" {
		t.Errorf("note %q", got)
	}
}

// TestAStorageThatForgets: what the storage took is remembered at once, so whoever wrote it finds out as well that it is gone.
func TestAStorageThatForgets(t *testing.T) {
	id, st, people := meet(t, 1, vaulttest.Canonical()[0])
	a, b := people[0], people[1]
	b.sync(id)
	before := maps.Clone(st.objects)
	a.edit("Harbour PBX", func(x *vault.Account) { x.Note = "taken and forgotten" })
	a.sync(id)
	if s, err := a.s.Status(id); err != nil || s.Unsaid {
		t.Errorf("the storage took it, and the status says it waits: %+v, %v", s, err)
	}
	if rep := a.sync(id); rep.Puts != 0 || !rep.InStep() {
		t.Errorf("nothing new: %+v", rep)
	}
	a.edit("Harbour PBX", func(x *vault.Account) { x.Note = "taken and forgotten again" })
	a.sync(id)
	st.objects = before
	rep := a.sync(id)
	if !slices.ContainsFunc(rep.Findings, func(f share.Finding) bool { return f.Kind == share.RolledBack && f.Shown < f.Known }) || rep.InStep() {
		t.Errorf("whoever wrote it was not told: %+v", rep)
	}
	b.sync(id)
	if got := b.named("Harbour PBX").Note; got != "taken and forgotten again" {
		t.Errorf("it was not written again: %q", got)
	}
	// The same of an invite, which is an entry of the chain.
	before = maps.Clone(st.objects)
	_, err := a.s.Invite(ctx, id, share.Editor, time.Hour)
	a.must(err)
	st.objects = before
	rep = a.sync(id)
	if !slices.ContainsFunc(rep.Findings, func(f share.Finding) bool {
		return f.Kind == share.RolledBack && f.Device == "" && f.Shown == f.Known-1 && f.Shown > 0
	}) {
		t.Errorf("an entry that is gone: %+v", rep.Findings)
	}
}

// TestALookShowsWhatWasJustChanged: what a person changed counts before the storage is asked.
func TestALookShowsWhatWasJustChanged(t *testing.T) {
	id, st, people := meet(t, 1, vaulttest.Canonical()[0])
	a := people[0]
	ben, err := a.s.Resolve(id, "Ben")
	a.must(err)
	_, err = a.s.Remove(ctx, id, ben)
	a.must(err)
	if list, err := a.s.Reenroll(id); err != nil || len(list) != 1 {
		t.Fatalf("to enroll again: %+v, %v", list, err)
	}
	lists := st.lists
	a.edit("Harbour PBX", func(x *vault.Account) { x.Params.Secret = secret.FromString("another key 01234567") })
	if list, err := a.s.Reenroll(id); err != nil || len(list) != 0 {
		t.Errorf("after its secret changed, to enroll again: %+v, %v", list, err)
	}
	if s, err := a.s.Status(id); err != nil || s.Reenroll != 0 || !s.Unsaid {
		t.Errorf("status %+v, %v", s, err)
	}
	if log, err := a.s.Log(id); err != nil || !slices.ContainsFunc(log, func(e team.Event) bool { return e.What == "otp" && e.Who.Name == "Anna" }) {
		t.Errorf("log %+v, %v", log, err)
	}
	if st.lists != lists {
		t.Error("to look asked the storage")
	}
	a.sync(id)
	if s, err := a.s.Status(id); err != nil || s.Reenroll != 0 || s.Unsaid {
		t.Errorf("status after a synchronisation %+v, %v", s, err)
	}
}

// TestAnInviteIsTakenBack: whoever answered it is told, and is not let in; whoever comes later neither.
func TestAnInviteIsTakenBack(t *testing.T) {
	id, st, people := meet(t, 1)
	a, b := people[0], people[1]
	i, err := a.s.Invite(ctx, id, share.Viewer, time.Hour)
	a.must(err)
	other, err := a.s.Invite(ctx, id, share.Editor, 2*time.Hour)
	a.must(err)
	text, err := i.Text()
	a.must(err)
	c, d := newPerson(t, st, a.now), newPerson(t, st, a.now)
	_, err = c.s.Join(ctx, text, team.Place{}, share.Person{Name: "Chloe"})
	c.must(err)
	list, err := a.s.Requests(ctx, id)
	a.must(err)
	open, err := a.s.OpenInvites(id)
	a.must(err)
	if len(list) != 1 || len(open) != 2 || open[0].ID != other.ID || open[1].ID != i.ID || open[1].Role != share.Viewer {
		t.Fatalf("requests %+v, invites %v", list, open)
	}
	if _, err := b.s.Withdraw(ctx, id, i.ID); !errors.Is(err, share.ErrNotPermitted) {
		t.Errorf("taken back by an editor: %v", err)
	}
	_, err = a.s.Withdraw(ctx, id, i.ID)
	a.must(err)
	if _, err := a.s.Withdraw(ctx, id, i.ID); !errors.Is(err, share.ErrInviteUsed) {
		t.Errorf("taken back twice: %v", err)
	}
	if _, err := a.s.Withdraw(ctx, id, "0123456789abcdef"); !errors.Is(err, share.ErrInvite) {
		t.Errorf("one that is not: %v", err)
	}
	if _, err := a.s.Confirm(ctx, id, list[0].Device, true); !errors.Is(err, share.ErrNoRequest) {
		t.Errorf("the request that answered it: %v", err)
	}
	if open, err := a.s.OpenInvites(id); err != nil || len(open) != 1 || open[0].ID != other.ID {
		t.Errorf("left open: %v, %v", open, err)
	}
	if rep := c.sync(id); rep.State != share.Joining || len(rep.Findings) != 1 || rep.Findings[0].Kind != share.InviteWithdrawn {
		t.Errorf("who asked with it: %+v", rep)
	}
	if _, err := d.s.Join(ctx, text, team.Place{}, share.Person{Name: "Dan"}); !errors.Is(err, share.ErrInviteWithdrawn) {
		t.Errorf("who comes with it: %v", err)
	}
	for _, p := range people {
		if rep := p.sync(id); !rep.InStep() {
			t.Errorf("%+v", rep.Findings)
		}
	}
	text, err = other.Text()
	a.must(err)
	_, err = c.s.Join(ctx, text, team.Place{}, share.Person{Name: "Chloe"})
	c.must(err)
	*a.now = a.now.Add(3 * time.Hour)
	if open, err := a.s.OpenInvites(id); err != nil || len(open) != 0 {
		t.Errorf("one that is too old is open: %v, %v", open, err)
	}
}

// TestAnInviteIsOfUseOnce: who comes second with an invite is told at once, and may come again with another one.
func TestAnInviteIsOfUseOnce(t *testing.T) {
	id, st, people := meet(t, 1, vaulttest.Canonical()[0])
	a := people[0]
	line := func() secret.Bytes {
		t.Helper()
		i, err := a.s.Invite(ctx, id, share.Editor, time.Hour)
		a.must(err)
		text, err := i.Text()
		a.must(err)
		return text
	}
	confirm := func(name string) {
		t.Helper()
		list, err := a.s.Requests(ctx, id)
		a.must(err)
		i := slices.IndexFunc(list, func(q share.Request) bool { return q.Person.Name == name })
		if i < 0 {
			t.Fatalf("%s is not among %+v", name, list)
		}
		_, err = a.s.Confirm(ctx, id, list[i].Device, true)
		a.must(err)
	}
	text := line()
	c, d, e := newPerson(t, st, a.now), newPerson(t, st, a.now), newPerson(t, st, a.now)
	_, err := c.s.Join(ctx, text, team.Place{}, share.Person{Name: "Chloe"})
	c.must(err)
	_, err = d.s.Join(ctx, text, team.Place{}, share.Person{Name: "Dan"}) // nobody was confirmed yet
	d.must(err)
	confirm("Chloe")
	if _, err := e.s.Join(ctx, text, team.Place{}, share.Person{Name: "Eve"}); !errors.Is(err, share.ErrInviteUsed) {
		t.Errorf("an invite that was used: %v", err)
	}
	if ids, err := e.s.IDs(); err != nil || len(ids) != 0 {
		t.Errorf("left behind: %v, %v", ids, err)
	}
	if _, err := d.s.Join(ctx, line(), team.Place{}, share.Person{Name: "Dan"}); !errors.Is(err, team.ErrHere) {
		t.Errorf("while the first request waits, for all this device knows: %v", err)
	}
	if rep := d.sync(id); !slices.ContainsFunc(rep.Findings, func(f share.Finding) bool { return f.Kind == share.InviteWasUsed }) {
		t.Errorf("who came second is not told: %+v", rep.Findings)
	}
	_, err = d.s.Join(ctx, line(), team.Place{}, share.Person{Name: "Dan"})
	d.must(err)
	confirm("Dan")
	d.sync(id)
	d.named("Harbour PBX")
	// Refused credentials are no reason to be stuck with them.
	text = line()
	st.fail = store.ErrDenied
	if _, err := e.s.Join(ctx, text, team.Place{}, share.Person{Name: "Eve"}); !errors.Is(err, store.ErrDenied) {
		t.Errorf("refused: %v", err)
	}
	st.fail = nil
	_, err = e.s.Join(ctx, text, team.Place{}, share.Person{Name: "Eve"})
	e.must(err)
}

func TestNothingStaysBehindWhenTheStorageCannotBeUsed(t *testing.T) {
	now := vaulttest.Epoch
	st := &shelf{objects: map[string][]byte{}, fail: store.ErrDenied}
	p := newPerson(t, st, &now)
	if _, err := p.s.Create(ctx, "x", place, share.Person{Name: "Anna"}); !errors.Is(err, store.ErrDenied) {
		t.Errorf("created: %v", err)
	}
	st.fail = nil
	st.puts = func(string) error { return store.ErrFull }
	if _, err := p.s.Create(ctx, "x", place, share.Person{Name: "Anna"}); !errors.Is(err, store.ErrFull) {
		t.Errorf("created: %v", err)
	}
	if ids, err := p.s.IDs(); err != nil || len(ids) != 0 {
		t.Errorf("left behind: %v, %v", ids, err)
	}
}

func TestAViewersChangesAreUndone(t *testing.T) {
	id, _, people := meet(t, 1, vaulttest.Canonical()...)
	a, b := people[0], people[1]
	ben, err := a.s.Resolve(id, "Ben")
	a.must(err)
	_, err = a.s.SetRole(ctx, id, ben, share.Viewer)
	a.must(err)
	b.sync(id)
	b.edit("Harbour PBX", func(x *vault.Account) { x.Name, x.Tags = "changed by a viewer", []string{"own"} })
	gone := b.named("Steam").ID
	b.must(b.m.Update(ctx, func(v *vault.Vault) error { return v.Remove(gone, b.clock()) }))
	if rep := b.sync(id); rep.Puts != 0 {
		t.Errorf("a viewer wrote %d objects", rep.Puts)
	}
	a.sync(id)
	for i, p := range people {
		if got := p.named("Harbour PBX"); got.Name != "anna@example.com" {
			t.Errorf("person %d has %q", i, got.Name)
		}
		p.named("Steam")
	}
	if got := b.named("Harbour PBX"); !slices.Equal(got.Tags, []string{"own"}) {
		t.Errorf("a viewer's own tags are %v", got.Tags)
	}
	if _, err := b.s.Move(ctx, id, vaulttest.Fill(t, b.m, vaulttest.Canonical()[0])[0].ID); !errors.Is(err, share.ErrNotPermitted) {
		t.Errorf("a viewer moved an account in: %v", err)
	}
	// A code of a counter is made all the same, and the count stays here.
	_, err = b.m.NextHOTP(ctx, b.named("Old Bank").ID)
	b.must(err)
	b.sync(id)
	if got := b.named("Old Bank").Params.Counter; got != 42 {
		t.Errorf("counter %d", got)
	}
}
