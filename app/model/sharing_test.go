package model_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/apptest"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/backend"
	"github.com/tallystick/tallystick/vault/share/team"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// member is somebody with a window over a real vault, and a folder that others have as well.
type member struct {
	*real
	m       *vault.Manager
	h       *model.Sharing
	folder  string
	down    atomic.Bool // the storage is not reached
	reached reached
	notices []model.Notice
	changes int
}

// downStore is a folder that can be out of reach.
type downStore struct {
	store.Store
	down *atomic.Bool
}

func (s downStore) Unwrap() store.Store { return s.Store }

func (s downStore) List(ctx context.Context, prefix string) ([]store.Object, error) {
	if s.down.Load() {
		return nil, store.ErrOffline
	}
	return s.Store.List(ctx, prefix)
}

// reached is how storages were opened, and how many of them were closed.
type reached struct {
	mu       sync.Mutex
	opened   int
	closed   int
	accesses []backend.Access
	wake     func()
}

func (r *reached) numbers() (opened, closed int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.opened, r.closed
}

// closable counts when it is closed.
type closable struct {
	downStore
	r *reached
}

func (c closable) Close() {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	c.r.closed++
	c.r.wake()
}

func newMember(t *testing.T, name, pass, folder string, accounts ...vault.Account) *member {
	t.Helper()
	m, _ := vaulttest.Create(t, pass, accounts...)
	p := &member{m: m, folder: folder}
	p.real = &real{T: t, loop: apptest.NewLoop(noon), clip: &apptest.FakeClipboard{}}
	p.reached.wake = func() { p.loop.Post(func() {}) }
	screens, picture := &apptest.Screens{}, &apptest.Picture{}
	teams := team.New(team.Config{Vault: m, Now: p.loop.Now, Open: func(l store.Location, a backend.Access) (store.Store, error) {
		st, err := backend.Open(l, a, backend.Config{Now: p.loop.Now})
		if err != nil {
			return nil, err
		}
		p.reached.mu.Lock()
		defer p.reached.mu.Unlock()
		p.reached.opened++
		p.reached.accesses = append(p.reached.accesses, a)
		return closable{downStore{st, &p.down}, &p.reached}, nil
	}})
	p.s = model.NewSession(model.Deps{
		Vault: m, Scanner: &apptest.Scanner{}, Screens: screens.Take, ClipboardPicture: picture.Read, Clipboard: p.clip,
		Settings: model.FileSettings(filepath.Join(t.TempDir(), "settings.json")),
		Now:      p.loop.Now, Post: p.loop.Post, After: p.loop.After, Hide: screens.Hide,
		Teams: teams, Who: func() share.Person { return share.Person{Name: name, Device: "laptop"} },
	})
	p.h = p.s.Sharing()
	p.h.OnChange(func() { p.changes++ })
	p.s.List().OnNotice(func(n model.Notice) { p.notices = append(p.notices, n) })
	t.Cleanup(p.s.Close)
	p.s.Start(t.Context())
	p.until(func() bool { return p.s.State() != model.Starting })
	if pass != "" && p.s.State() == model.Locked {
		p.s.Unlock(secret.FromString(pass))
	}
	p.until(func() bool { return p.s.State() == model.Open && p.h.Known() })
	return p
}

// done waits for what is under way, and fails on its error.
func (p *member) done() {
	p.Helper()
	p.until(func() bool { return p.h.Busy() == "" })
	if e := p.h.Error(); e != "" {
		p.Fatal(e)
	}
}

// inStep synchronises by hand until cond holds after a round and the look at what came of it.
func (p *member) inStep(cond func() bool) {
	p.Helper()
	for range 20 {
		p.h.SyncNow("")
		p.until(func() bool { return p.s.Resting() })
		if cond() {
			return
		}
	}
	p.Fatal("not in step after twenty rounds")
}

func (p *member) at() model.SharedVault { v, _ := p.h.At(); return v }

func (p *member) place() model.SharedPlace {
	return model.SharedPlace{Kind: model.StoreFolder, Folder: p.folder}
}

// create makes a shared vault with everything this person has.
func (p *member) create() {
	p.Helper()
	var ids []model.ID
	for i := range p.s.List().Len() {
		ids = append(ids, p.s.List().Row(i).ID)
	}
	name, device := p.h.Me()
	made := false
	p.h.Create(model.NewShare{Name: "Front desk", Place: p.place(), Person: name, Computer: device, Accounts: ids}, func(model.ShareID) { made = true })
	p.done()
	p.until(func() bool { return made && p.at().Ready && p.at().Accounts == len(ids) })
}

// invites makes an invite and takes it off the clipboard.
func (p *member) invites(r model.Role) secret.Bytes {
	p.Helper()
	p.h.Invite(r, time.Hour)
	p.done()
	p.h.CopyInvite()
	var text string
	p.until(func() bool { text, _ = p.clip.Text(p.Context()); return text != "" })
	return secret.FromString(text)
}

// joins answers an invite, and the admin lets in after both saw the same words.
func (p *member) joins(admin *member, r model.Role) {
	p.Helper()
	if !p.h.ReadInvite(admin.invites(r)) {
		p.Fatal(p.h.Error())
	}
	plan, _ := p.h.Plan()
	if plan.Vault != "Front desk" || plan.Storage.Kind != model.StoreFolder || plan.Storage.Folder != "" {
		p.Errorf("plan %+v", plan)
	}
	name, device := p.h.Me()
	p.h.Join(p.place(), name, device, func(model.ShareID) {})
	p.done()
	p.until(func() bool { return p.h.JoinWords() != "" })
	admin.inStep(func() bool { return len(admin.h.Requests()) == 1 })
	ask := admin.h.Requests()[0]
	if ask.Name != name || ask.Words != p.h.JoinWords() || len(strings.Fields(ask.Words)) != 8 {
		p.Errorf("request %+v, words here %q", ask, p.h.JoinWords())
	}
	admin.h.Confirm(ask.Device, true)
	admin.done()
	p.inStep(func() bool { return p.at().Ready })
}

// change changes an account a second later than whatever was before.
func (p *member) change(id model.ID, fn func(*vault.Account)) {
	p.Helper()
	p.loop.Jump(p.loop.Now().Add(time.Second))
	if err := p.m.Update(p.Context(), func(v *vault.Vault) error {
		a, ok := v.Account(id)
		if !ok {
			return vault.ErrNoAccount
		}
		fn(&a)
		return v.Put(a, p.loop.Now())
	}); err != nil {
		p.Fatal(err)
	}
}

func (p *member) code(issuer string) string {
	for i := range p.s.List().Len() {
		if r := p.s.List().Row(i); r.Issuer == issuer {
			return r.Code
		}
	}
	return ""
}

func TestATeamFromFirstToLast(t *testing.T) {
	folder := t.TempDir()
	ada := newMember(t, "Ada", "", folder, totp("Acme", "desk", 1), totp("Beta", "desk", 2))
	ben := newMember(t, "Ben", "open sesame", folder, totp("Own", "ben", 9))
	ada.create()
	if row := ada.s.List().Row(0); row.SharedWith != 1 || row.SharedIn != "Front desk" || row.ReadOnly {
		t.Errorf("row %+v", row)
	}
	ben.joins(ada, model.Editor)
	ben.until(func() bool { return ben.s.List().Total() == 3 })
	if ben.code("Acme") != codeAt(t, totp("", "", 1), noon) {
		t.Error("another code at Ben's")
	}
	ben.until(func() bool {
		id := ben.s.List().Row(0).ID
		row, _ := ben.s.List().Get(id)
		return row.SharedWith == 2
	})
	ben.s.List().SetFilter(model.Filter{Shared: true})
	if got := ben.s.List().Len(); got != 2 {
		t.Errorf("%d rows are shared", got)
	}
	ben.s.List().SetFilter(model.Filter{})

	// The words again, any time, and verified after both saw them.
	ada.inStep(func() bool { return len(ada.h.People()) == 2 })
	bens := ada.h.People()[1].Devices[0]
	if !bens.Verified || bens.Role != model.Editor {
		t.Errorf("Ben's device %+v", bens)
	}
	ada.h.ShowWords(bens.ID)
	ada.done()
	if words := ada.h.People()[1].Devices[0].Words; len(strings.Fields(words)) != 8 {
		t.Errorf("words %q", words)
	}

	// A use of a recovery key, and a changed note, arrive at the other's.
	ada.h.SetRole(bens.ID, model.Viewer)
	ada.done()
	ben.inStep(func() bool { return ben.at().Role == model.Viewer })
	ben.until(func() bool {
		for i := range ben.s.List().Len() {
			if r := ben.s.List().Row(i); r.Issuer == "Acme" {
				return r.ReadOnly
			}
		}
		return false
	})

	// Removal: Ben gets nothing more, and Ada has a list to work through.
	ada.h.Remove(bens.ID)
	ada.done()
	ada.until(func() bool { return len(ada.h.Reenroll()) == 2 && len(ada.h.Former()) == 1 })
	for _, l := range ada.h.Reenroll() {
		if l.Done || !strings.Contains(l.Who, "Ben") {
			t.Errorf("line %+v", l)
		}
	}
	var acme model.ID
	for i := range ada.s.List().Len() {
		if r := ada.s.List().Row(i); r.Issuer == "Acme" {
			acme = r.ID
		}
	}
	ada.change(acme, func(a *vault.Account) { a.Params = otp.New(otp.TOTP, key(77)) })
	ada.inStep(func() bool {
		for _, l := range ada.h.Reenroll() {
			if l.ID == acme {
				return l.Done && ada.at().Reenroll == 1 // the other one is left
			}
		}
		return false
	})
	ben.inStep(func() bool { return ben.at().Out })
	if ben.code("Acme") == codeAt(t, totp("", "", 77), noon) {
		t.Error("Ben has the new key")
	}
	if text := ben.at().Text; !strings.Contains(text, "removed") {
		t.Errorf("Ben is told %q", text)
	}
	said := ""
	for _, e := range ada.h.Log() {
		said += e.Text + "\n"
	}
	wantText(t, "log", said, "You made the shared vault.", "You let Ben, laptop in.", "You removed Ben, laptop.", "You set the key of Acme (desk).")

	gone := false
	ben.h.ForgetVault(false, func() { gone = true })
	ben.done()
	ben.until(func() bool { return gone && ben.s.List().Total() == 1 && len(ben.h.Vaults()) == 0 })
}

func TestTwoKeysAtOnceAreChosenFrom(t *testing.T) {
	folder := t.TempDir()
	ada := newMember(t, "Ada", "", folder, totp("Acme", "desk", 1))
	ben := newMember(t, "Ben", "", folder)
	ada.create()
	ben.joins(ada, model.Editor)
	ben.until(func() bool { return ben.s.List().Total() == 1 })
	id := ada.s.List().Row(0).ID
	set := func(p *member, n int) {
		p.down.Store(true)
		p.change(id, func(a *vault.Account) { a.Params = otp.New(otp.TOTP, key(n)) })
		p.inStep(func() bool { return p.at().Head == "Offline" })
		if !p.at().Unsaid || !p.h.IsOffline() {
			t.Errorf("offline with a change: %+v", p.at())
		}
	}
	set(ada, 50)
	set(ben, 60)
	ada.down.Store(false)
	ben.down.Store(false)
	ada.inStep(func() bool { return ada.at().Mood == model.MoodGood })
	ben.inStep(func() bool { return len(ben.h.Clashes()) == 1 })
	c := ben.h.Clashes()[0]
	codes := map[string]bool{codeAt(t, totp("", "", 50), noon): true, codeAt(t, totp("", "", 60), noon): true}
	if len(c.Choices) != 2 || !codes[c.Choices[0].Code] || !codes[c.Choices[1].Code] {
		t.Fatalf("choices %+v", c.Choices)
	}
	for _, o := range c.Choices {
		if o.Code == codeAt(t, totp("", "", 50), noon) {
			ben.loop.Jump(ben.loop.Now().Add(time.Second))
			ben.h.Keep(id, o.ID)
		}
	}
	ben.done()
	ada.inStep(func() bool { return ada.at().Clashes == 0 && ada.code("Acme") == codeAt(t, totp("", "", 50), noon) })
	ben.until(func() bool { return ben.code("Acme") == codeAt(t, totp("", "", 50), noon) })
}

func TestARolledBackStorageIsSaidSo(t *testing.T) {
	folder := t.TempDir()
	ada := newMember(t, "Ada", "", folder, totp("Acme", "desk", 1))
	ben := newMember(t, "Ben", "", folder)
	ada.create()
	ben.joins(ada, model.Editor)
	ben.until(func() bool { return ben.s.List().Total() == 1 })
	before := map[string][]byte{}
	walk(t, folder, func(path string, data []byte) { before[path] = data })
	ada.change(ada.s.List().Row(0).ID, func(a *vault.Account) { a.Note = "changed" })
	ada.inStep(func() bool { return !ada.at().Unsaid })
	ben.inStep(func() bool { return ben.s.List().Row(0).Note == "changed" })
	walk(t, folder, func(path string, _ []byte) { _ = os.Remove(path) })
	for path, data := range before {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ben.inStep(func() bool { return ben.at().Mood == model.MoodTrouble })
	v, ok := ben.h.Alarm()
	if !ok || v.Head != "The storage was rolled back" || !strings.Contains(v.Text, "Ada") || !strings.Contains(v.Text, "Since ") {
		t.Errorf("alarm %+v", v)
	}
	if ben.s.List().Row(0).Note != "changed" {
		t.Error("the older state was taken")
	}
	// Ada's program says again what is missing, and all is well.
	ada.inStep(func() bool { return ada.at().Mood == model.MoodGood })
	ben.inStep(func() bool { return ben.at().Mood == model.MoodGood })
}

func walk(t *testing.T, folder string, fn func(path string, data []byte)) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		fn(path, data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestLockingEndsFlowsOfSharing(t *testing.T) {
	folder := t.TempDir()
	ada := newMember(t, "Ada", "open sesame", folder, totp("Acme", "desk", 1))
	ada.create()
	ada.h.Invite(model.Editor, time.Hour)
	ada.done()
	if _, ok := ada.h.Invited(); !ok || ada.h.InviteCode() == nil {
		t.Fatal("no invite to show")
	}
	password := secret.FromString("app password marker")
	ada.h.SetPlace(model.SharedPlace{Kind: model.StoreWebDAV, URL: "https://127.0.0.1:1/x/", User: "ada", Password: password}, func() { t.Error("done after the lock") })
	if _, locked := ada.s.Lock(); !locked {
		t.Fatal("not locked")
	}
	if _, ok := ada.h.Invited(); ok || ada.h.InviteCode() != nil || len(ada.h.Vaults()) != 0 || ada.h.Busy() != "" || len(ada.h.People()) != 0 {
		t.Error("something is left after the lock")
	}
	if ada.h.ReadInvite(secret.FromString("TALLYSTICK-SHARE:1:abc")) {
		t.Error("an invite is taken while locked")
	}
}

// A locked window has no open storage and no password of one; it opens them anew after the next unlocking.
func TestLockingLetsGoOfStorages(t *testing.T) {
	for _, how := range []string{"locked by a person", "locked from outside", "closed"} {
		t.Run(how, func(t *testing.T) {
			folder := t.TempDir()
			ada := newMember(t, "Ada", "open sesame", folder, totp("Acme", "desk", 1))
			ada.create()
			ada.h.SetPlace(model.SharedPlace{Kind: model.StoreFolder, Folder: folder, Password: secret.FromString("app password marker")}, func() {})
			ada.done()
			ada.inStep(func() bool {
				ada.reached.mu.Lock()
				defer ada.reached.mu.Unlock()
				return !ada.reached.accesses[len(ada.reached.accesses)-1].Password.IsEmpty()
			})
			if opened, closed := ada.reached.numbers(); opened == closed {
				t.Fatal("no storage is open before locking")
			}
			switch how {
			case "locked by a person":
				if _, locked := ada.s.Lock(); !locked {
					t.Fatal("not locked")
				}
			case "locked from outside":
				if err := ada.m.Lock(); err != nil {
					t.Fatal(err)
				}
				ada.until(func() bool { return ada.s.State() == model.Locked })
			case "closed":
				ada.s.Close()
			}
			ada.until(func() bool { opened, closed := ada.reached.numbers(); return opened == closed })
			for i, a := range ada.reached.accesses {
				// What SetPlace tried the password with is the caller's copy, which it wipes as well.
				if !a.Password.IsEmpty() {
					t.Errorf("the password of opening %d is left", i)
				}
			}
			if how == "closed" {
				return
			}
			before, _ := ada.reached.numbers()
			ada.s.Unlock(secret.FromString("open sesame"))
			ada.until(func() bool { return ada.s.State() == model.Open && ada.h.Known() })
			ada.inStep(func() bool { opened, _ := ada.reached.numbers(); return opened > before })
			ada.reached.mu.Lock()
			defer ada.reached.mu.Unlock()
			if got := string(ada.reached.accesses[len(ada.reached.accesses)-1].Password.Reveal()); got != "app password marker" {
				t.Errorf("opened again with %q", got)
			}
		})
	}
}

func TestErrorsOfSharingHoldNoSecrets(t *testing.T) {
	ada := newMember(t, "Ada", "", t.TempDir())
	for _, text := range []string{"", "hello", "TALLYSTICK-SHARE:1:marker", "otpauth://totp/x?secret=MARKER"} {
		if ada.h.ReadInvite(secret.FromString(text)) || ada.h.Error() == "" || strings.Contains(strings.ToLower(ada.h.Error()), "marker") {
			t.Errorf("%q: %q", text, ada.h.Error())
		}
	}
	for _, p := range []model.SharedPlace{
		{Kind: model.StoreFolder}, {Kind: model.StoreWebDAV, URL: "https://ada:marker@cloud.example/"}, {Kind: model.StoreS3, Endpoint: "s3.example"},
		{Kind: model.StoreWebDAV, URL: "not an address marker\x00"}, {Kind: model.StoreFolder, Folder: filepath.Join(ada.folder, "not there")},
		{Kind: model.StoreFolder, Folder: "marker/team"}, // from where?
		{Kind: model.StoreFolder, Folder: ada.folder, CAFile: filepath.Join(ada.folder, "none.pem")},
	} {
		p.Password = secret.FromString("secret marker")
		ada.h.Create(model.NewShare{Name: "Desk", Place: p, Person: "Ada"}, func(model.ShareID) { t.Errorf("%+v was made", p.Kind) })
		ada.until(func() bool { return ada.h.Busy() == "" })
		if e := ada.h.Error(); e == "" || strings.Contains(e, "marker") || e == model.Unexplained {
			t.Errorf("%s: %q", p.Kind, e)
		}
	}
}

// What is not tried again by itself is not said to be.
func TestNothingIsMadeWithoutTheStorage(t *testing.T) {
	inWorld(t, func(w *world) {
		w.teams = &apptest.Teams{Fails: store.ErrOffline}
		w.open("", totp("Acme", "maria", 1))
		h := w.s.Sharing()
		says := func(want string) {
			t.Helper()
			w.loop.Settle()
			if e := h.Error(); h.Busy() != "" || !strings.Contains(e, want) || strings.Contains(e, "tried again") {
				t.Errorf("%q, want %q", e, want)
			}
		}
		for want, place := range map[string]model.SharedPlace{
			"That folder is not there": {Kind: model.StoreFolder, Folder: t.TempDir()},
			"Check the address":        {Kind: model.StoreWebDAV, URL: "https://cloud.example/x/"},
		} {
			h.Create(model.NewShare{Name: "Desk", Place: place, Person: "Ada"}, func(model.ShareID) { t.Error("it was made") })
			says(want)
		}
		h.Invite(model.Editor, time.Hour)
		says("Make it again")
	})
}
