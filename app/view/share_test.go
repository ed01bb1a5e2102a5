package view

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/tallystick/tallystick/app/apptest"
	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/team"
)

// A made-up team for pictures: ids are as long as real ones.
const (
	deskID  share.VaultID  = "11112222333344445555666677778888"
	maria   share.DeviceID = "aaaa000011112222"
	ben     share.DeviceID = "bbbb000011112222"
	benHome share.DeviceID = "bbbb000033334444"
	carla   share.DeviceID = "cccc000011112222"
	dan     share.DeviceID = "dddd000011112222"
	words                  = "acid tiger window marble harvest ocean pencil rocket"
)

// invitePicture is a well-formed invite that leads nowhere.
func invitePicture(expires time.Time) string {
	text := `{"format":1,"vault":"` + string(deskID) + `","name":"Front desk","genesis":"` + digits("genesis") + `","head":{"n":4,"hash":"` + digits("head") +
		`"},"by":"` + string(maria) + `","seen":{"n":9,"hash":"` + digits("seen") + `"},"where":"webdav:https://cloud.example/remote.php/dav/files/maria/Team%20codes/","invite":"` +
		digits("invite")[:16] + `","role":"editor","expires":` + base10(expires.UnixMilli()) + `,"key":"AGE-SECRET-KEY-PQ-1` + strings.ToUpper(digits("key")[:58]) + `"}`
	return share.InvitePrefix + base64.RawURLEncoding.EncodeToString([]byte(text))
}

// digits are hex digits without a pattern, as real ones have none: what is packed is as long as it is in life.
func digits(of string) string {
	sum := sha256.Sum256([]byte(of))
	return hex.EncodeToString(sum[:])
}

func base10(n int64) string {
	var digits []byte
	for ; n > 0; n /= 10 {
		digits = append(digits, byte('0'+n%10))
	}
	slices.Reverse(digits)
	return string(digits)
}

// sharedDesk is a vault of which some accounts are shared, in a team of four.
func sharedDesk(s *stage) *apptest.Teams {
	list := accounts()
	list[1].Shared, list[2].Shared = string(deskID), string(deskID)
	ids := s.vault.Fill("", list...)
	s.ids = ids
	where, err := store.ParseLocation("webdav:https://cloud.example/remote.php/dav/files/maria/Team%20codes/")
	if err != nil {
		s.t.Fatal(err)
	}
	day := func(n int) time.Time { return noon.Add(time.Duration(-n) * 24 * time.Hour) }
	t := &apptest.Teams{
		Safety: words,
		Status: []team.Status{{
			ID: deskID, Name: "Front desk", State: share.Joined, Ready: true, Role: share.Admin, Me: maria, Where: where, People: 4, Devices: 5,
			Accounts: 2, Tried: noon, Success: noon.Add(-2 * time.Minute),
		}},
		People: []share.Info{
			{Device: maria, Person: share.Person{Name: "Maria", Device: "desk PC"}, Role: share.Admin, Me: true, Since: day(60), AddedBy: maria},
			{Device: ben, Person: share.Person{Name: "Ben", Device: "laptop"}, Role: share.Editor, Verified: true, Since: day(58), AddedBy: maria},
			{Device: benHome, Person: share.Person{Name: "Ben", Device: "at home"}, Role: share.Viewer, Since: day(12), AddedBy: maria},
			{Device: carla, Person: share.Person{Name: "Carla", Device: "ThinkPad"}, Role: share.Admin, Verified: true, Since: day(40), AddedBy: maria},
			{Device: "eeee000011112222", Person: share.Person{Name: "Emil", Device: "Mac"}, Role: share.Viewer, Since: day(3), AddedBy: carla},
		},
	}
	t.Events = []team.Event{
		{Event: share.Event{Time: noon.Add(-20 * time.Minute), By: carla, Account: share.Self, What: share.Named, Device: ben,
			Was: share.Person{Name: "Benjamin", Device: "laptop"}, Is: share.Person{Name: "Ben", Device: "laptop"}}, Who: share.Person{Name: "Carla", Device: "ThinkPad"}},
		{Event: share.Event{Time: noon.Add(-time.Hour), By: ben, Account: share.AccountID(ids[1]), What: "otp"}, Who: share.Person{Name: "Ben", Device: "laptop"}, Issuer: "Yeastar P-Series", Account: "superadmin"},
		{Event: share.Event{Time: day(3), By: carla, What: "add", Device: "eeee000011112222"}, Who: share.Person{Name: "Carla", Device: "ThinkPad"}, Whom: share.Person{Name: "Emil", Device: "Mac"}},
		{Event: share.Event{Time: day(60), By: maria, What: "genesis"}, Who: share.Person{Name: "Maria", Device: "desk PC"}},
	}
	s.teams = t
	return t
}

func withDesk(change func(t *apptest.Teams, s *stage)) func(*stage) {
	return func(s *stage) {
		t := sharedDesk(s)
		if change != nil {
			change(t, s)
		}
	}
}

// openDesk opens the page of the shared vault and waits for what it shows.
func openDesk(s *stage) {
	h := s.session.Sharing()
	s.until(func() bool { return h.Known() })
	s.root.openShared(deskID)
	s.until(func() bool { v, ok := h.At(); return ok && len(h.People()) > 0 && !v.Busy })
	s.loop.Run()
}

func somebodyAsks(t *apptest.Teams, _ *stage) {
	t.Status[0].Requests = 1
	t.Asking = []share.Request{{Device: dan, Person: share.Person{Name: "Dan", Device: "MacBook"}, Role: share.Editor, Time: noon.Add(-5 * time.Minute), Expires: noon.Add(20 * time.Hour)}}
}

func anInvite(t *apptest.Teams, s *stage) {
	var err error
	if t.Made, err = share.ParseInvite(secret.FromString(invitePicture(noon.Add(24 * time.Hour)))); err != nil {
		s.t.Fatal(err)
	}
}

func twoInvites(t *apptest.Teams, _ *stage) {
	t.Invites = []share.Invite{
		{ID: "1111222233334444", Role: share.Editor, Expires: noon.Add(22 * time.Hour), By: maria},
		{ID: "5555666677778888", Role: share.Viewer, Expires: noon.Add(5 * time.Hour), By: carla},
	}
}

func danLeft(t *apptest.Teams, s *stage) {
	ids := s.ids
	knew := []share.Person{{Name: "Dan", Device: "MacBook"}}
	t.Status[0].Reenroll = 2
	t.Exposed = []team.Exposed{
		{Local: ids[2], Issuer: "Qontak", Name: "agent07@callcentre.example", To: knew},
		{Local: ids[1], Issuer: "Yeastar P-Series", Name: "superadmin", To: knew},
	}
}

func twoKeys(t *apptest.Teams, s *stage) {
	t.Status[0].Conflicts = 1
	params := func(key string) otp.Params { return otp.New(otp.TOTP, secret.FromString("a key for pictures: "+key)) }
	t.Clashes = []team.Conflict{{Local: s.ids[1], Issuer: "Yeastar P-Series", Name: "superadmin", Choices: []team.Choice{
		{Choice: share.Choice{ID: "1111", Params: params("yeastar"), By: ben, At: noon.Add(-3 * time.Hour)}, Who: share.Person{Name: "Ben", Device: "laptop"}},
		{Choice: share.Choice{ID: "2222", Params: params("other"), By: maria, At: noon.Add(-2 * time.Hour)}, Who: share.Person{Name: "Maria", Device: "desk PC"}},
	}}}
}

func rolledBack(t *apptest.Teams, _ *stage) {
	t.Status[0].Findings = []share.Finding{{Kind: share.RolledBack, Device: ben, Known: 31, Shown: 24, Since: noon.Add(-50 * time.Minute)}}
}

func behind(t *apptest.Teams, _ *stage) {
	t.Status[0].Findings = []share.Finding{{Kind: share.Behind, Device: ben, By: carla, Known: 31, Shown: 29, Since: noon.Add(-10 * time.Minute)}}
}

func accountEvents(t *apptest.Teams, s *stage) {
	at := func(n int, by share.DeviceID, who, what string) team.Event {
		return team.Event{Event: share.Event{Time: noon.Add(-time.Duration(n) * time.Hour), By: by, Account: share.AccountID(s.ids[1]), What: what}, Local: s.ids[1],
			Who: share.Person{Name: who, Device: "laptop"}, Issuer: "Yeastar P-Series", Account: "superadmin"}
	}
	t.Events = []team.Event{
		at(2, ben, "Ben", "used"), at(30, ben, "Ben", "sheet"), at(31, maria, "Maria", "otp"), at(300, carla, "Carla", "note"),
		at(1200, maria, "Maria", "issuer"), at(1200, maria, "Maria", "name"), at(1200, maria, "Maria", "otp"),
	}
}

func offline(t *apptest.Teams, _ *stage) {
	t.Status[0].Offline, t.Status[0].Unsaid = true, true
}

// onlyLooking makes this device a viewer, with tags and a sheet of recovery keys to look at.
func onlyLooking(t *apptest.Teams, s *stage) {
	t.Status[0].Role, t.People[0].Role = share.Viewer, share.Viewer
	t.Admins = []string{"Carla"}
	t.Tags = map[vault.ID][]string{s.ids[1]: {"Telephony"}}
	sheet := recovery.Sheet{ID: "0102030405060708090a0b0c0d0e0f10", Origin: recovery.Origin{Service: "Yeastar"}, Added: noon.Add(-30 * 24 * time.Hour)}
	for _, k := range []string{"k7q2-m4xt", "p9wd-3hrn", "x2cv-8sbf"} {
		sheet.Keys = append(sheet.Keys, recovery.Key{Text: secret.FromString(k)})
	}
	sheet.Keys[0].Used = noon.Add(-4 * 24 * time.Hour)
	s.change(1, func(a *vault.Account) { a.Recovery = recovery.Sheets{sheet}; a.Tags = append(a.Tags, "mine") })
}

// tagged gives a shared account a tag of everybody's besides the person's own.
func tagged(t *apptest.Teams, s *stage) {
	t.Tags = map[vault.ID][]string{s.ids[1]: {"Telephony"}}
	s.change(1, func(a *vault.Account) { a.Tags = append(a.Tags, "mine") })
}

// overHTTP has the storage of the desk at an address in the open, with an own authority.
func overHTTP(t *apptest.Teams, s *stage) {
	where, err := store.ParseLocation("webdav:http://nas.local/dav/team/")
	if err != nil {
		s.t.Fatal(err)
	}
	t.Status[0].Where, t.Status[0].User, t.Status[0].Password, t.Status[0].CA, t.Status[0].PlainHTTP = where, "maria", true, true, true
}

// badgesKnown waits until rows show with whom they are shared.
func badgesKnown(s *stage) {
	s.until(func() bool { row, _ := s.session.List().Get(s.ids[1]); return row.SharedWith > 0 })
}

// shareScreens are those of sharing.
var shareScreens = []screenOf{
	{"share", phone, 1, withDesk(nil), func(s *stage) {
		s.until(s.session.Sharing().Known)
		s.root.openSharing()
	}},
	{"share-first", phone, 1, openVault, func(s *stage) { s.root.openSharing() }},
	{"share-create", fyne.NewSize(look.StartWidth, 1100), 1, openVault, func(s *stage) { s.root.openCreateShare() }},
	{"share-create-webdav", fyne.NewSize(look.StartWidth, 1200), 1, emptyVault, func(s *stage) {
		s.root.openCreateShare()
		chooseOption(s.t, s.root.current, storageKinds[1].label)
	}},
	{"share-create-s3", fyne.NewSize(look.StartWidth, 1200), 1, emptyVault, func(s *stage) {
		s.root.openCreateShare()
		chooseOption(s.t, s.root.current, storageKinds[2].label)
	}},
	{"share-invite", fyne.NewSize(look.StartWidth, 760), 1, withDesk(anInvite), func(s *stage) {
		openDesk(s)
		s.root.openInvite()
		s.session.Sharing().Invite(model.Editor, 24*time.Hour)
		s.until(func() bool { _, ok := s.session.Sharing().Invited(); return ok })
	}},
	{"share-join", fyne.NewSize(look.StartWidth, 1000), 1, emptyVault, func(s *stage) {
		s.session.Add().ReadText(invitePicture(noon.Add(24 * time.Hour)))
		s.loop.Run()
	}},
	{"share-words", fyne.NewSize(look.StartWidth, 760), 1, withDesk(somebodyAsks), openDesk},
	{"share-invites", fyne.NewSize(look.StartWidth, 760), 1, withDesk(twoInvites), openDesk},
	{"share-withdraw", phone, 1, withDesk(twoInvites), func(s *stage) {
		openDesk(s)
		s.root.openWithdraw(s.session.Sharing().OpenInvites()[0])
	}},
	{"share-members", fyne.NewSize(look.StartWidth, 1780), 1, withDesk(nil), openDesk},
	{"share-viewer", fyne.NewSize(look.StartWidth, 1000), 1, withDesk(onlyLooking), openDesk},
	{"account-viewer", fyne.NewSize(look.StartWidth, 1000), 1, withDesk(onlyLooking), func(s *stage) { badgesKnown(s); s.root.openDetail(s.ids[1]) }},
	{"edit-viewer", phone, 1, withDesk(onlyLooking), func(s *stage) { badgesKnown(s); s.root.openEdit(s.ids[1]) }},
	{"edit-shared", fyne.NewSize(look.StartWidth, 900), 1, withDesk(tagged), func(s *stage) { badgesKnown(s); s.root.openEdit(s.ids[1]) }},
	{"recovery-viewer", phone, 1, withDesk(onlyLooking), func(s *stage) {
		badgesKnown(s)
		p := &recoveryPage{root: s.root, id: s.ids[1], name: "Yeastar P-Series (superadmin)", body: newStack(), left: recoverySeconds}
		s.root.show(p)
	}},
	{"share-person", phone, 1, withDesk(nil), func(s *stage) { openDesk(s); s.root.openNamePerson(s.session.Sharing().People()[1]) }},
	{"share-rename", phone, 1, withDesk(nil), func(s *stage) { openDesk(s); v, _ := s.session.Sharing().At(); s.root.openRenameShare(v) }},
	{"share-new-keys", phone, 1, withDesk(nil), func(s *stage) { openDesk(s); s.root.openRotate() }},
	{"share-storage", fyne.NewSize(look.StartWidth, 1000), 1, withDesk(overHTTP), func(s *stage) { openDesk(s); s.root.openStorage() }},
	{"share-account-log", phone, 1, withDesk(accountEvents), func(s *stage) { openDesk(s); s.root.openShareLog(s.ids[1], s.root.home) }},
	{"share-remove", phone, 1, withDesk(nil), func(s *stage) { openDesk(s); s.root.openRemove("Ben's “laptop”", ben) }},
	{"share-reenroll", fyne.NewSize(look.StartWidth, 760), 1, withDesk(danLeft), func(s *stage) {
		openDesk(s)
		s.until(func() bool { return len(s.session.Sharing().Reenroll()) == 2 })
		s.root.openReenroll()
	}},
	{"share-conflict", phone, 1, withDesk(twoKeys), func(s *stage) { openDesk(s); s.root.openClashes() }},
	{"share-log", phone, 1, withDesk(nil), func(s *stage) { openDesk(s); s.root.openShareLog("", s.root.home) }},
	{"share-rolled-back", phone, 1, withDesk(rolledBack), openDesk},
	{"share-behind", phone, 1, withDesk(behind), openDesk},
	{"share-offline", phone, 1, withDesk(offline), openDesk},
	{"share-move", phone, 1, withDesk(nil), func(s *stage) {
		s.until(s.session.Sharing().Known)
		s.root.openMove(s.ids[0])
	}},
	{"list-shared", phone, 1, withDesk(rolledBack), func(s *stage) {
		s.until(func() bool { _, ok := s.session.Sharing().Alarm(); return ok })
		s.loop.Run()
	}},
}

// selectsIn are the selections on a page.
func selectsIn(o fyne.CanvasObject) (found []*widget.Select) {
	for _, each := range test.LaidOutObjects(o) {
		if s, ok := each.(*widget.Select); ok {
			found = append(found, s)
		}
	}
	return found
}

// chooseOption chooses an entry of whichever selection on the page has it.
func chooseOption(t *testing.T, p page, label string) {
	t.Helper()
	for _, s := range selectsIn(p.content()) {
		if slices.Contains(s.Options, label) {
			s.SetSelected(label)
			return
		}
	}
	t.Fatalf("no selection offers %q", label)
}

// change changes the n-th account before the window opens.
func (s *stage) change(n int, fn func(*vault.Account)) {
	s.t.Helper()
	s.vault.Content(func(v *vault.Vault) {
		a, _ := v.Account(s.ids[n])
		fn(&a)
		if err := v.Put(a, noon); err != nil {
			s.t.Fatal(err)
		}
	})
}

// entriesOf are the fields on a page.
func entriesOf(o fyne.CanvasObject) (found []*widget.Entry) {
	for _, each := range test.LaidOutObjects(o) {
		if e, ok := each.(*widget.Entry); ok {
			found = append(found, e)
		}
	}
	return found
}
