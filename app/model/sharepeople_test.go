package model_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// sheeted is an account with a sheet of three recovery keys.
func sheeted(issuer string, n int) vault.Account {
	a := totp(issuer, "desk", n)
	sheet := recovery.Sheet{ID: "0102030405060708090a0b0c0d0e0f10", Origin: recovery.Origin{Service: issuer}, Added: vaulttest.Epoch}
	for _, k := range []string{"aaaa-1111", "bbbb-2222", "cccc-3333"} {
		sheet.Keys = append(sheet.Keys, recovery.Key{Text: secret.FromString(k)})
	}
	a.Recovery = recovery.Sheets{sheet}
	return a
}

// pair is an admin who shares these accounts, and somebody in that role.
func pair(t *testing.T, r model.Role, accounts ...vault.Account) (ada, ben *member) {
	t.Helper()
	folder := t.TempDir()
	ada = newMember(t, "Ada", "", folder, accounts...)
	ben = newMember(t, "Ben", "", folder)
	ada.create()
	ben.joins(ada, r)
	ben.until(func() bool { return ben.s.List().Total() == len(accounts) })
	ben.until(func() bool { return ben.row(0).SharedWith == 2 })
	return ada, ben
}

func (p *member) row(i int) model.Row { return p.s.List().Row(i) }

// told waits for the next notice after fn, and returns it.
func (p *member) told(fn func()) model.Notice {
	p.Helper()
	n := len(p.notices)
	fn()
	p.until(func() bool { return len(p.notices) > n })
	return p.notices[len(p.notices)-1]
}

// out brings what was changed here to the storage.
func (p *member) out() {
	p.Helper()
	looks := 0
	p.inStep(func() bool { looks++; return looks > 4 && !p.at().Unsaid })
}

// later is a second later than now, so that a change is one.
func (p *member) later() { p.loop.Jump(p.loop.Now().Add(time.Second)) }

func TestAViewerIsToldAtOnceWhyAndWhomToAsk(t *testing.T) {
	_, ben := pair(t, model.Viewer, sheeted("Acme", 1))
	list, id := ben.s.List(), ben.row(0).ID
	ben.until(func() bool { return ben.row(0).ReadOnly })
	wants := func(what, said string) {
		t.Helper()
		for _, part := range []string{"Front desk", "viewer", "Ask Ada"} {
			if !strings.Contains(said, part) {
				t.Errorf("%s: told %q, without %q", what, said, part)
			}
		}
	}
	form := list.Edit(id)
	wants("the form", form.ReadOnly)
	form.Name = "other"
	var problems map[string]string
	list.SaveEdit(*form, func(p map[string]string) { problems = p })
	ben.until(func() bool { return problems != nil })
	wants("an edit", problems[""])

	wants("the trash", ben.told(func() { list.Remove(id) }).Text)
	sheet := list.Sheets(id)[0].ID
	wants("a recovery key", ben.told(func() { list.UseRecoveryKey(id, sheet, 0) }).Text)
	wants("a new sheet", ben.told(func() { ben.s.Keep().Begin(id) }).Text)
	if ben.s.Keep().Active() {
		t.Error("the step of keeping keys began")
	}
	if text, _ := ben.clip.Text(ben.Context()); strings.Contains(text, "aaaa") {
		t.Error("a key was copied and not marked as used")
	}

	// The same key once more, from a QR code: it cannot replace what is shared.
	add := ben.s.Add()
	add.Begin()
	add.ReadText("otpauth://totp/Other:desk?issuer=Other&secret=" + otp.EncodeBase32(key(1).Reveal()))
	ben.until(func() bool { return add.Stage() == model.Found })
	if same := add.Draft().Same; same == nil || !same.ReadOnly {
		t.Errorf("same %+v", same)
	}
	add.Save(model.Replace)
	ben.until(func() bool { return add.Error() != "" })
	wants("replacing", add.Error())
	add.Cancel()

	// One's own.
	form = list.Edit(id)
	form.Tags, form.Favourite = []string{"mine"}, true
	saved := false
	list.SaveEdit(*form, func(p map[string]string) { saved = len(p) == 0 })
	ben.until(func() bool { return saved })
	ben.inStep(func() bool { return !ben.at().Busy })
	if row := ben.row(0); !row.Favourite || !slices.Equal(row.Tags, []string{"mine"}) || row.Name != "desk" || list.Total() != 1 || list.Recovery(id).Left != 3 {
		t.Errorf("afterwards %+v", row)
	}
}

func TestTagsForEverybodyAndOnesOwn(t *testing.T) {
	mine := totp("Acme", "desk", 1)
	mine.Tags = []string{"ada's"}
	ada, ben := pair(t, model.Editor, mine)
	edit := func(p *member, fn func(*model.Edit)) {
		t.Helper()
		p.later()
		form := p.s.List().Edit(p.row(0).ID)
		fn(form)
		saved := false
		p.s.List().SaveEdit(*form, func(problems map[string]string) {
			if saved = len(problems) == 0; !saved {
				t.Error(problems)
			}
		})
		p.until(func() bool { return saved })
		p.out()
	}
	// What everybody's tags are is known a moment before the list shows them: both are waited for.
	tags := func(p *member, shared, own string) func() bool {
		return func() bool {
			row := p.row(0)
			f := p.s.List().Edit(row.ID)
			return strings.Join(f.SharedTags, " ") == shared && strings.Join(f.Tags, " ") == own && strings.Join(row.SharedTags, " ") == shared
		}
	}
	ada.until(tags(ada, "", "ada's"))
	edit(ben, func(f *model.Edit) { f.Tags = []string{"own", "phones"} })
	ben.until(tags(ben, "", "own phones"))
	edit(ada, func(f *model.Edit) { f.SharedTags = []string{"phones", "night"} })
	ada.until(tags(ada, "phones night", "ada's"))
	ben.inStep(tags(ben, "phones night", "own"))
	if got := ben.row(0); !slices.Contains(got.Tags, "own") || !slices.Equal(got.SharedTags, []string{"phones", "night"}) {
		t.Errorf("Ben's row has %q, shared %q", got.Tags, got.SharedTags)
	}
	// From everybody's to one's own, in one edit.
	edit(ben, func(f *model.Edit) { f.SharedTags, f.Tags = []string{"night"}, []string{"own", "phones"} })
	ben.until(tags(ben, "night", "own phones"))
	ada.inStep(tags(ada, "night", "ada's"))
	// A note that is changed leaves tags alone.
	edit(ada, func(f *model.Edit) { f.Note = "changed" })
	ben.inStep(func() bool { return ben.row(0).Note == "changed" })
	if !tags(ben, "night", "own phones")() || !tags(ada, "night", "ada's")() {
		t.Error("an edit of a note changed tags")
	}
	ada.s.List().SetFavourite(ada.row(0).ID, true)
	ada.until(func() bool { return ada.row(0).Favourite })
	ada.out()
	ben.out()
	if ben.row(0).Favourite {
		t.Error("a favourite went to somebody else")
	}
}

func TestAUsedRecoveryKeyIsSeenByTheOtherOne(t *testing.T) {
	ada, ben := pair(t, model.Editor, sheeted("Acme", 1))
	left := func(p *member, want int) func() bool {
		return func() bool { return p.s.List().Recovery(p.row(0).ID).Left == want }
	}
	use := func(p *member, key int) string {
		t.Helper()
		p.later()
		if err := p.clip.SetSecret(p.Context(), "nothing"); err != nil {
			t.Fatal(err)
		}
		id := p.row(0).ID
		sheet := p.s.List().Sheets(id)[0].ID
		p.s.List().UseRecoveryKey(id, sheet, key)
		var text string
		p.until(func() bool { text, _ = p.clip.Text(p.Context()); return strings.Contains(text, "-") })
		return text
	}
	if got := use(ben, 0); got != "aaaa-1111" {
		t.Errorf("Ben got %q", got)
	}
	ben.until(left(ben, 2))
	ben.out()
	ada.inStep(left(ada, 2))
	if k := ada.s.List().Sheets(ada.row(0).ID)[0].Keys; k[0].Used.IsZero() || !k[1].Used.IsZero() {
		t.Errorf("Ada sees %+v", k)
	}
	// Both use one while the storage is away.
	ada.down.Store(true)
	ben.down.Store(true)
	use(ada, 1)
	ben.later()
	use(ben, 2)
	ada.until(left(ada, 1))
	ben.until(left(ben, 1))
	ada.down.Store(false)
	ben.down.Store(false)
	ada.out()
	ben.inStep(left(ben, 0))
	ben.out()
	ada.inStep(left(ada, 0))
	// Taken back, for both.
	ada.later()
	ada.s.List().UndoRecoveryKey(ada.row(0).ID, ada.s.List().Sheets(ada.row(0).ID)[0].ID, 2)
	ada.until(left(ada, 1))
	ada.out()
	ben.inStep(left(ben, 1))
}

func TestNamesOfVaultsPeopleAndDevices(t *testing.T) {
	ada, ben := pair(t, model.Editor, totp("Acme", "desk", 1))
	done := false
	ada.h.Rename("  ", func() { t.Error("no name was taken") })
	if ada.h.Error() == "" {
		t.Error("an empty name is not told")
	}
	ada.later()
	ada.h.Rename("Night desk", func() { done = true })
	ada.done()
	ada.until(func() bool { return done && ada.at().Name == "Night desk" })
	ben.inStep(func() bool { return ben.at().Name == "Night desk" && ben.row(0).SharedIn == "Night desk" })

	// An editor names themselves, and nobody else.
	ben.until(func() bool { return len(ben.h.People()) == 2 })
	for _, p := range ben.h.People() {
		if p.Devices[0].MayName != p.Me {
			t.Errorf("Ben may name %s: %v", p.Name, p.Devices[0].MayName)
		}
	}
	me := ben.h.People()[0]
	ben.later()
	ben.h.NamePerson(me, "Benjamin", map[model.DeviceID]string{me.Devices[0].ID: "till"}, func() {})
	ben.done()
	ada.inStep(func() bool {
		people := ada.h.People()
		return len(people) == 2 && people[1].Name == "Benjamin" && people[1].Devices[0].Name == "till"
	})
	if !ada.h.People()[1].Devices[0].Verified || !ada.h.People()[1].Devices[0].MayName {
		t.Error("a new name is no new key, and an admin names everybody")
	}

	// New keys by hand.
	rotated := false
	ada.h.Rotate(func() { rotated = true })
	ada.done()
	ada.until(func() bool { return rotated })
	ben.inStep(func() bool { return ben.at().Mood == model.MoodGood && ben.at().Ready })
	ben.change(ben.row(0).ID, func(a *vault.Account) { a.Note = "after the new keys" })
	ben.out()
	ada.inStep(func() bool { return ada.row(0).Note == "after the new keys" })

	said := ""
	ada.until(func() bool {
		said = ""
		for _, e := range ada.h.Log() {
			said += e.Text + "\n"
		}
		return strings.Contains(said, "changed the note")
	})
	wantText(t, "log", said, "You gave the shared vault its name.", "You made a new key", "Benjamin, till renamed “Ben, laptop” to “Benjamin, till”.", "Benjamin, till changed the note of Acme (desk).")
	said = ""
	for _, e := range ada.h.AccountLog(ada.row(0).ID) {
		said += e.Text + "\n"
	}
	wantText(t, "log of an account", said, "Benjamin, till changed the note of Acme (desk).", "You put in Acme (desk).")
	if strings.Contains(said, "new key for all") || ada.h.AccountLog("") != nil {
		t.Errorf("the log of an account says %q", said)
	}
}

// An invite that went astray is seen by every admin, and taken back by one; who answered it is not let in.
func TestAnOpenInviteIsWithdrawn(t *testing.T) {
	ada, ben := pair(t, model.Editor, totp("Acme", "desk", 1))
	ada.h.Invite(model.Viewer, 48*time.Hour)
	ada.done()
	ada.until(func() bool { return len(ada.h.OpenInvites()) == 1 })
	i := ada.h.OpenInvites()[0]
	if i.As != "As a viewer" || !strings.Contains(i.About, "Good until ") || !strings.Contains(i.About, "Made by you.") {
		t.Errorf("%+v", i)
	}
	ben.inStep(func() bool { return true })
	if len(ben.h.OpenInvites()) != 0 {
		t.Error("an editor is shown what only admins can take back")
	}
	withdrawn := false
	ada.later()
	ada.h.Withdraw(i.ID, func() { withdrawn = true })
	ada.done()
	ada.until(func() bool { return withdrawn && len(ada.h.OpenInvites()) == 0 })
	said := ""
	for _, e := range ada.h.Log() {
		said += e.Text + "\n"
	}
	wantText(t, "log", said, "You withdrew an invite.")
	ada.h.Withdraw(i.ID, func() { t.Error("withdrawn twice") })
	ada.until(func() bool { return ada.h.Busy() == "" })
	if ada.h.Error() == "" {
		t.Error("nothing is said of an invite that is none any more")
	}

	// What has run out is not shown any longer.
	ada.h.Invite(model.Viewer, time.Hour)
	ada.done()
	ada.until(func() bool { return len(ada.h.OpenInvites()) == 1 })
	ada.loop.Jump(ada.loop.Now().Add(2 * time.Hour))
	if len(ada.h.OpenInvites()) != 0 {
		t.Error("an invite that ran out is shown")
	}
}

func TestSealedRecoveryKeysAreSharedAfterThePassphrase(t *testing.T) {
	ada, ben := pair(t, model.Editor, totp("Acme", "desk", 1))
	pass := func() secret.Bytes { return secret.FromString("for the keys alone") }
	vaulttest.Fill(t, ada.m, sheeted("Sealed", 7))
	if err := ada.m.SetRecoveryPassphrase(ada.Context(), secret.Bytes{}, pass()); err != nil {
		t.Fatal(err)
	}
	ada.until(func() bool { return ada.s.List().Total() == 2 && ada.s.List().RecoverySealed() })
	id := ada.row(1).ID
	if !ada.h.HasSealed(id) || ada.h.HasSealed(ada.row(0).ID) || !ada.h.CanMove(id) {
		t.Fatal("what is sealed is not known")
	}
	ada.h.MoveInto(ada.at().ID, func() { t.Error("moved without the passphrase") }, id)
	if ada.h.Error() == "" || ada.h.Busy() != "" {
		t.Errorf("told %q", ada.h.Error())
	}
	opened := false
	ada.s.OpenRecovery(pass(), func(sentence string) { opened = sentence == "" })
	ada.until(func() bool { return opened })
	moved := false
	ada.later()
	ada.h.MoveInto(ada.at().ID, func() { moved = true }, id)
	ada.s.CloseRecovery() // at once, as the page does
	ada.done()
	ada.until(func() bool { return moved })
	ben.inStep(func() bool { return ben.s.List().Total() == 2 })
	sheets := ben.s.List().Sheets(ben.row(1).ID)
	if len(sheets) != 1 || len(sheets[0].Keys) != 3 || sheets[0].Keys[0].Text != "aaaa-1111" {
		t.Errorf("Ben has %+v", sheets)
	}
	if s := ada.s.List().Sheets(id); len(s) != 1 || !s[0].Sealed {
		t.Errorf("at Ada's they are %+v", s)
	}
}

func TestAStorageIsChangedWithoutTypingAllAgain(t *testing.T) {
	ada := newMember(t, "Ada", "", t.TempDir(), totp("Acme", "desk", 1))
	ada.create()
	for _, c := range []struct {
		place model.SharedPlace
		open  string
	}{
		{model.SharedPlace{Kind: model.StoreWebDAV, URL: "http://nas.local/dav/"}, "nas.local"},
		{model.SharedPlace{Kind: model.StoreWebDAV, URL: "HTTP://NAS:8080"}, "NAS"},
		{model.SharedPlace{Kind: model.StoreWebDAV, URL: "https://nas.local/dav/"}, ""},
		{model.SharedPlace{Kind: model.StoreWebDAV, URL: "http://127.0.0.1:8080/dav/"}, ""},
		{model.SharedPlace{Kind: model.StoreWebDAV, URL: "http://[::1]/dav/"}, ""},
		{model.SharedPlace{Kind: model.StoreWebDAV, URL: "http://localhost/dav/"}, ""},
		{model.SharedPlace{Kind: model.StoreWebDAV, URL: "http://"}, ""},
		{model.SharedPlace{Kind: model.StoreS3, Endpoint: "http://minio.local:9000", Bucket: "b"}, "minio.local"},
		{model.SharedPlace{Kind: model.StoreS3, Endpoint: "minio.local:9000", Bucket: "b"}, ""},
		{model.SharedPlace{Kind: model.StoreFolder, Folder: "/mnt/x", URL: "http://nas.local/"}, ""},
	} {
		if got := c.place.OpenTo(); got != c.open {
			t.Errorf("%+v: open to %q, want %q", c.place, got, c.open)
		}
	}
	ada.h.SetPlace(model.SharedPlace{Kind: model.StoreWebDAV, URL: "http://nas.local/dav/", User: "ada", Password: secret.FromString("marker")}, func() { t.Error("taken") })
	wantText(t, "told", ada.h.Error(), "nas.local", "not be encrypted")
}
