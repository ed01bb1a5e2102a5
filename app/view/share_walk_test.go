package view

import (
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"github.com/tallystick/tallystick/app/apptest"
	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
)

// asked waits for a call that changes something, and fails unless it is the one.
func asked(s *stage, want string) {
	s.t.Helper()
	s.until(func() bool { return s.session.Sharing().Busy() == "" })
	if calls := s.teams.(*apptest.Teams).Calls(); len(calls) == 0 || calls[len(calls)-1] != want {
		s.t.Errorf("asked for %q, want %q last", calls, want)
	}
}

func TestSomebodyIsLetInAfterTheWords(t *testing.T) {
	s := newStage(t, phone, look.Config{}, withDesk(somebodyAsks))
	s.until(func() bool { _, ok := s.session.Sharing().Asking(); return ok })
	s.loop.Run()
	if !s.says("Somebody wants to join") {
		t.Error("the list does not say that somebody asks")
	}
	openDesk(s)
	if !s.says("acid  tiger  window  marble") || !s.says("Dan, on “MacBook”") {
		t.Error("name or words are not shown")
	}
	s.button("The words are the same: let in").OnTapped()
	asked(s, "confirm compared")
	s.button("They differ: refuse").OnTapped()
	asked(s, "dismiss")
}

func TestRemovingSaysWhatItCannotTakeBack(t *testing.T) {
	s := newStage(t, phone, look.Config{}, withDesk(nil))
	openDesk(s)
	s.button("Lost or leaving").OnTapped()
	if !s.says("nobody can take that back") || !s.says("cloud.example") {
		t.Error("the consequences are not told")
	}
	if b := s.button("Cancel"); s.win.Canvas().Focused() != fyne.Focusable(b) {
		t.Error("the keyboard is on the button that removes")
	}
	findButton(s.root.current.content(), "Remove Ben's “laptop”").OnTapped()
	asked(s, "remove "+string(ben))
}

// Whoever made the current key may have given it to nobody: an admin is offered the way out, and nobody else.
func TestAKeyThatNeverComesIsReplaced(t *testing.T) {
	for role, offered := range map[share.Role]bool{share.Admin: true, share.Editor: false} {
		s := newStage(t, phone, look.Config{}, withDesk(func(t *apptest.Teams, _ *stage) { t.Status[0].Ready, t.Status[0].Role = false, role }))
		openDesk(s)
		if got := findButton(s.root.current.content(), "New keys") != nil; got != offered {
			t.Errorf("%s: offered %v", role, got)
		}
		if findButton(s.root.current.content(), "Invite somebody") != nil {
			t.Errorf("%s: an invite is offered without the key", role)
		}
		if offered {
			s.button("New keys").OnTapped()
			s.button("Make new keys").OnTapped()
			asked(s, "rotate")
		}
	}
}

func TestAConflictIsChosenFrom(t *testing.T) {
	s := newStage(t, phone, look.Config{}, withDesk(twoKeys))
	openDesk(s)
	s.root.openClashes()
	s.button("Keep this one").OnTapped()
	asked(s, "keep 1111")
}

func TestAnAccountIsMovedIn(t *testing.T) {
	s := newStage(t, phone, look.Config{}, withDesk(nil))
	s.until(s.session.Sharing().Known)
	if s.session.Sharing().CanMove(s.ids[1]) || !s.session.Sharing().CanMove(s.ids[0]) {
		t.Error("what can be moved")
	}
	s.root.openMove(s.ids[0])
	if !s.says("use its recovery keys") {
		t.Error("what it means is not told")
	}
	s.session.Sharing().MoveInto(deskID, s.root.home, s.ids[0])
	asked(s, "move")
	if s.root.current != page(s.root.main) {
		t.Errorf("ended at %T", s.root.current)
	}
}

// The typed password leaves the form with the page, and an error of the storage is told in words that hold none of it.
func TestThePasswordLeavesTheForm(t *testing.T) {
	s := newStage(t, phone, look.Config{}, func(s *stage) {
		s.vault.Fill("")
		s.teams = &apptest.Teams{Fails: store.ErrDenied}
	})
	form := newStorageForm(s.root, model.SharedPlace{Kind: model.StoreWebDAV}, func() {})
	s.win.Canvas().Focus(form.password.Focusable())
	for _, r := range "marker" {
		form.password.Focusable().TypedRune(r)
	}
	form.url.SetText("https://cloud.example/x/")
	place := form.take()
	if !form.password.IsEmpty() || string(place.Password.Reveal()) != "marker" {
		t.Fatal("the password is still in the field, or did not leave it")
	}
	s.session.Sharing().Create(model.NewShare{Name: "Desk", Place: place, Person: "Maria"}, func(model.ShareID) { t.Error("made") })
	s.until(func() bool { return s.session.Sharing().Busy() == "" })
	if text := s.session.Sharing().Error(); text != model.Sentence(store.ErrDenied) {
		t.Errorf("told %q", text)
	}
	if slices.ContainsFunc(place.Password.Reveal(), func(b byte) bool { return b != 0 }) {
		t.Error("the password was not wiped")
	}
}

// What went wrong is seen: it is said at the top of a page whose button stands at the bottom.
func TestAnErrorIsScrolledTo(t *testing.T) {
	s := newStage(t, fyne.NewSize(420, 420), look.Config{}, func(s *stage) {
		s.vault.Fill("")
		s.teams = &apptest.Teams{Fails: store.ErrDenied}
	})
	s.until(s.session.Sharing().Known)
	s.root.openCreateShare()
	page := s.root.current.(*sharePage)
	scroll := scrollOf(page.body.Objects[0])
	scroll.ScrollToBottom()
	if scroll.Offset.Y == 0 {
		t.Fatal("the page fits the window, and proves nothing")
	}
	s.session.Sharing().Create(model.NewShare{Name: "Desk", Person: "Maria", Place: model.SharedPlace{Kind: model.StoreFolder, Folder: t.TempDir()}}, func(model.ShareID) {})
	s.until(func() bool { return s.session.Sharing().Error() != "" })
	s.loop.Run()
	if at := scrollOf(page.body.Objects[0]).Offset.Y; at != 0 {
		t.Errorf("scrolled %.0f past what went wrong", at)
	}
}

// A page that is built anew while somebody goes through it with the keyboard leaves the keyboard where it is.
func TestTheKeyboardStaysOnItsButton(t *testing.T) {
	s := newStage(t, phone, look.Config{}, withDesk(twoKeys))
	openDesk(s)
	page := s.root.current.(*sharePage)
	for _, label := range []string{"Sync now", "Leave this shared vault", "Choose"} { // the last one in a banner
		b := s.button(label)
		s.root.focusOn(b)
		page.update()
		now := s.button(label)
		if now == b {
			t.Fatal("the page was not built anew")
		}
		if s.win.Canvas().Focused() != fyne.Focusable(now) {
			t.Errorf("the keyboard left %q", label)
		}
	}
}

// A press counts for the button it began on. What is told meanwhile waits until the button was let go of.
func TestAPressIsNotLost(t *testing.T) {
	s := newStage(t, phone, look.Config{}, withDesk(nil))
	pressed, built := 0, 0
	page := newSharePage(s.root, "Page", s.root.home, func(p *sharePage) []fyne.CanvasObject {
		built++
		return []fyne.CanvasObject{widget.NewButton(widget.Primary, "Go", "", func() { pressed++ })}
	})
	page.open()
	var then []func()
	s.root.env.After = func(_ time.Duration, fn func()) func() { then = append(then, fn); return func() {} }
	b := s.button("Go")
	b.MouseDown(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary})
	before := built
	page.update()
	page.update()
	if s.button("Go") != b {
		t.Fatal("the button was replaced under the pointer")
	}
	b.MouseUp(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary})
	b.Tapped(nil)
	for _, fn := range then {
		fn()
	}
	if pressed != 1 || built != before+1 {
		t.Errorf("pressed %d times and built anew %d times, want once each", pressed, built-before)
	}
}

// The codes of a conflict are those of now; between two of them the page stands still.
func TestAConflictShowsTheCodesOfNow(t *testing.T) {
	s := newStage(t, phone, look.Config{}, withDesk(twoKeys))
	openDesk(s)
	s.root.openClashes()
	page := s.root.current.(*sharePage)
	old, b := s.session.Sharing().Clashes()[0].Choices[0].Code, s.button("Keep this one")
	page.tick()
	if s.button("Keep this one") != b {
		t.Error("the page was built anew although nothing changed")
	}
	s.loop.Jump(s.loop.Now().Add(31 * time.Second))
	now := s.session.Sharing().Clashes()[0].Choices[0].Code
	page.tick()
	if now == old || !s.says(look.GroupCode(now)) {
		t.Errorf("the code was %s and is %s, and the page does not show it", old, now)
	}
}

// A button that cannot be pressed for a while loses the keyboard, and has it back afterwards; unless the person went elsewhere with it.
// With one button gone of several that say the same, nobody knows which one it was: the page begins anew.
func TestTheKeyboardComesBack(t *testing.T) {
	s := newStage(t, phone, look.Config{}, withDesk(nil))
	first := widget.NewButton(widget.Primary, "Begin", "", nil)
	others, busy := 2, false
	page := newSharePage(s.root, "Page", s.root.home, func(p *sharePage) []fyne.CanvasObject {
		p.first = first
		objects := []fyne.CanvasObject{first}
		for range others {
			b := widget.NewButton(widget.Secondary, "Remove", "", nil)
			if busy {
				b.Disable()
			}
			objects = append(objects, widget.NewSection("", b))
		}
		return objects
	})
	page.open()
	focused := func() fyne.Focusable { return s.win.Canvas().Focused() }
	button := func(i int) fyne.Focusable { return widget.Controls(page.body)[1+i] } // after the first
	s.win.Canvas().Focus(button(1))
	busy = true
	page.update()
	if focused() != nil {
		t.Errorf("the keyboard is on %v while nothing can be pressed", focused())
	}
	page.update()
	busy = false
	page.update()
	if focused() != button(1) {
		t.Error("the keyboard did not come back")
	}
	busy = true
	page.update()
	s.win.Canvas().Focus(first)
	busy = false
	page.update()
	if focused() != fyne.Focusable(first) {
		t.Error("the keyboard came back although the person had gone elsewhere with it")
	}
	s.win.Canvas().Focus(button(0))
	others = 1
	page.update()
	if focused() != fyne.Focusable(first) {
		t.Error("the keyboard is on the button of another row")
	}
	s.win.Canvas().Focus(button(0))
	others, first = 0, widget.NewButton(widget.Primary, "Begin", "", nil) // and what it says it begins with is not shown
	page.build = func(p *sharePage) []fyne.CanvasObject {
		p.first = first
		return nil
	}
	page.update()
	if focused() != nil {
		t.Errorf("the keyboard is on %v, which is gone", focused())
	}
}

// An account with two keys shows the code of one of them, maybe the wrong one: the list says so, and the shared vaults do.
func TestAConflictIsToldWhereTheCodesAre(t *testing.T) {
	s := newStage(t, phone, look.Config{}, withDesk(twoKeys))
	s.until(func() bool { _, ok := s.session.Sharing().Torn(); return ok })
	s.loop.Run()
	if !s.says("Two keys for one account of “Front desk”") {
		t.Error("the list does not say it")
	}
	s.button("Choose").OnTapped()
	if _, ok := s.root.current.(*sharePage); !ok {
		t.Errorf("the button leads to %T", s.root.current)
	}
	s.root.openSharing()
	s.loop.Run()
	if !s.says("one account has two keys") {
		t.Error("the shared vaults do not say it")
	}
}

// Whoever may change nothing is not asked to choose.
func TestAViewerIsNotAskedToChoose(t *testing.T) {
	s := newStage(t, phone, look.Config{}, withDesk(func(t *apptest.Teams, s *stage) {
		twoKeys(t, s)
		t.Status[0].Role = share.Viewer
	}))
	s.until(s.session.Sharing().Known)
	if _, ok := s.session.Sharing().Torn(); ok {
		t.Error("a viewer is asked")
	}
}

// With the keyboard alone: another kind of storage leads to its first field, and Enter in the last one asks to be let in.
func TestTheStorageIsTypedWithTheKeyboard(t *testing.T) {
	s := newStage(t, phone, look.Config{}, func(s *stage) {
		s.vault.Fill("")
		s.teams = &apptest.Teams{}
	})
	s.until(s.session.Sharing().Known)
	form := newStorageForm(s.root, model.SharedPlace{Kind: model.StoreWebDAV}, func() {})
	newSharePage(s.root, "Storage", s.root.home, func(*sharePage) []fyne.CanvasObject { return form.objects() }).open()
	form.begin()
	if s.win.Canvas().Focused() != fyne.Focusable(form.url) {
		t.Errorf("the keyboard is on %T", s.win.Canvas().Focused())
	}
	pressed := 0
	b := widget.NewButton(widget.Primary, "Go", "", func() { pressed++ })
	form.submits(b)
	form.password.OnSubmitted()
	b.Disable()
	form.key.OnSubmitted()
	if pressed != 1 {
		t.Errorf("pressed %d times, want once: not while it cannot be pressed", pressed)
	}
	form.kind = model.StoreFolder
	form.folder.SetText("/mnt/team codes")
	if p := form.take(); p.Folder != "/mnt/team codes" {
		t.Errorf("the folder is %q", p.Folder)
	}
}

// What gets the keyboard is on the page, also where there is little left to do.
func TestTheKeyboardOfSomebodyWhoWasRemoved(t *testing.T) {
	s := newStage(t, phone, look.Config{}, withDesk(func(t *apptest.Teams, _ *stage) { t.Status[0].State = share.Expelled }))
	h := s.session.Sharing()
	s.until(h.Known)
	s.root.openShared(deskID)
	s.until(func() bool { _, ok := h.At(); return ok })
	s.loop.Run()
	if b := s.button("Keep them as my own"); s.root.current.focus() != fyne.Focusable(b) {
		t.Error("the keyboard is somewhere else")
	}
}

// A viewer may look: what would be undone is not offered, and what comes by a key is refused with why and whom to ask.
func TestAViewerIsOfferedOnlyWhatWorks(t *testing.T) {
	s := newStage(t, phone, look.Config{}, withDesk(onlyLooking))
	badgesKnown(s)
	s.root.openDetail(s.ids[1])
	for _, label := range []string{"Edit", "Share with a team", "Keep recovery keys"} {
		if findButton(s.root.current.content(), label) != nil {
			t.Errorf("a viewer is offered %q", label)
		}
	}
	if !s.says("Ask Carla") || !s.says("Tags of everybody in “Front desk”") || !s.says("Your own tags") {
		t.Error("why, whom to ask, or whose tags are whose, is not said")
	}
	s.button("Own tags").OnTapped()
	page, ok := s.root.current.(*editPage)
	if !ok || page.sharedTags != nil || len(page.fields) != 2 { // own tags and picture
		t.Fatalf("the form of a viewer is %+v", page)
	}
	page.tags.SetText("own, other")
	page.submit()
	s.until(func() bool { row, _ := s.session.List().Get(s.ids[1]); return slices.Contains(row.Tags, "other") })
	if row, _ := s.session.List().Get(s.ids[1]); !slices.Contains(row.Tags, "Telephony") {
		t.Errorf("the tags of everybody went: %q", row.Tags)
	}

	s.root.home()
	s.session.List().Select(s.ids[1])
	s.session.List().Remove(s.ids[1])
	s.idle()
	if row, ok := s.session.List().Get(s.ids[1]); !ok || row.SharedWith == 0 {
		t.Error("a viewer threw away what is everybody's")
	}
	p := &recoveryPage{root: s.root, id: s.ids[1], name: "Yeastar", body: newStack(), left: recoverySeconds}
	s.root.show(p)
	for _, label := range []string{"Use", "Undo", "The portal gave me a new sheet"} {
		if findButton(p.content(), label) != nil {
			t.Errorf("a viewer is offered %q", label)
		}
	}
	openDesk(s)
	for _, label := range []string{"Invite somebody", "Rename the shared vault", "New keys", "Lost or leaving", "Rename"} {
		if findButton(s.root.current.content(), label) != nil {
			t.Errorf("a viewer is offered %q", label)
		}
	}
}

func TestTagsOfEverybodyAreSaved(t *testing.T) {
	s := newStage(t, phone, look.Config{}, withDesk(tagged))
	badgesKnown(s)
	s.root.openEdit(s.ids[1])
	form := s.root.current
	page := form.(*editPage)
	if page.sharedTags == nil || page.sharedTags.Text != "Telephony" || page.tags.Text != "mine" {
		t.Fatal("whose tags are whose is not told apart")
	}
	page.sharedTags.SetText("Telephony, night")
	page.submit()
	s.until(func() bool { return s.root.current != form })
	if calls := s.teams.(*apptest.Teams).Calls(); !slices.Contains(calls, "tags Telephony, night") {
		t.Errorf("asked for %q", calls)
	}
}

// The QR code of an invite has modules of four pixels where the window is as wide as it starts, and can be read off a picture of the window also where
// that is as narrow as it gets.
func TestTheCodeOfAnInviteIsReadOffTheScreen(t *testing.T) {
	for _, c := range []struct {
		size  fyne.Size
		scale float32
		each  float32 // pixels
	}{{fyne.NewSize(look.StartWidth, look.StartHeight), 1, 4}, {fyne.NewSize(look.MinWidth, look.StartHeight), 1, 3}, {fyne.NewSize(look.StartWidth, look.StartHeight), 2, 4}, {fyne.NewSize(1200, 900), 1, 4}} {
		s := newStage(t, c.size, look.Config{TextScale: c.scale}, withDesk(anInvite))
		openDesk(s)
		s.root.openInvite()
		s.session.Sharing().Invite(model.Editor, 24*time.Hour)
		s.until(func() bool { _, ok := s.session.Sharing().Invited(); return ok })
		s.loop.Run()
		n := len(withoutBorder(s.session.Sharing().InviteCode()))
		for _, o := range test.LaidOutObjects(s.root.current.content()) {
			if qr, ok := o.(*widget.QRImage); ok && (qr.Size().Width < widget.EdgeOf(n, c.each) || qr.Size().Width > s.win.Canvas().Size().Width) {
				t.Errorf("at %v the code of %d modules is %v wide", c.size, n, qr.Size().Width)
			}
		}
		if c.scale > 1 {
			continue // more is above it than the window is high
		}
		found, err := scanner.New().Scan(t.Context(), s.pictureNow())
		if err != nil || len(found.Codes) != 1 || !share.IsInvite([]byte(found.Codes[0].Text)) {
			t.Errorf("at %v the scanner reads %v, %v", c.size, found, err)
			continue
		}
		i, err := share.ParseInvite(secret.FromString(found.Codes[0].Text))
		if err != nil || i.Vault != deskID {
			t.Errorf("at %v: %v, %v", c.size, i, err)
		}
	}
}

func TestAnInviteIsWithdrawn(t *testing.T) {
	s := newStage(t, phone, look.Config{}, withDesk(twoInvites))
	openDesk(s)
	for _, text := range []string{"Open invites", "As an editor", "As a viewer", "Made by Carla"} {
		if !s.says(text) {
			t.Errorf("the page does not say %q", text)
		}
	}
	s.button("Withdraw").OnTapped()
	if b := s.button("Cancel"); s.root.current.focus() != fyne.Focusable(b) || len(s.teams.(*apptest.Teams).Calls()) != 0 {
		t.Error("it is not asked first")
	}
	s.button("Withdraw the invite").OnTapped()
	asked(s, "withdraw 1111222233334444")
	s.until(func() bool { return s.says("Open invites") })

	// Whoever is no admin is offered none of it.
	s = newStage(t, phone, look.Config{}, withDesk(func(t *apptest.Teams, s *stage) { twoInvites(t, s); onlyLooking(t, s) }))
	openDesk(s)
	if s.says("Open invites") {
		t.Error("a viewer sees invites")
	}
}

// While something is under way, nothing else is begun: neither by a button nor by the role of a device.
func TestNoRoleIsChangedMeanwhile(t *testing.T) {
	s := newStage(t, phone, look.Config{}, withDesk(nil))
	openDesk(s)
	disabled := func() (n, all int) {
		for _, o := range test.LaidOutObjects(s.root.current.content()) {
			if c, ok := o.(*widget.Select); ok {
				all++
				if c.Disabled() {
					n++
				}
			}
		}
		return n, all
	}
	if n, all := disabled(); n != 0 || all != 5 {
		t.Fatalf("%d of %d roles cannot be chosen", n, all)
	}
	s.session.Sharing().Rotate(func() {})
	s.root.current.(*sharePage).update()
	if n, all := disabled(); n != all || all != 5 {
		t.Errorf("%d of %d roles cannot be chosen while keys are made", n, all)
	}
	s.idle()
}

func TestNamesAndKeysAreChanged(t *testing.T) {
	s := newStage(t, phone, look.Config{}, withDesk(nil))
	openDesk(s)
	s.button("Rename the shared vault").OnTapped()
	entriesOf(s.root.current.content())[0].SetText("Night desk")
	s.button("Save").OnTapped()
	asked(s, "rename Night desk")
	openDesk(s)
	s.root.openNamePerson(s.session.Sharing().People()[1])
	fields := entriesOf(s.root.current.content())
	if len(fields) != 3 || fields[0].Text != "Ben" {
		t.Fatalf("%d fields", len(fields))
	}
	fields[0].SetText("Benjamin")
	s.button("Save").OnTapped()
	asked(s, "name "+string(benHome)+" Benjamin/at home")
	// Whoever has several devices names this one last: an editor may name those that go by the name of this one.
	openDesk(s)
	s.root.openNamePerson(model.SharedPerson{Name: "Maria", Me: true, Devices: []model.SharedDevice{{ID: maria, Called: "desk PC", Me: true}, {ID: dan, Called: "till"}}})
	entriesOf(s.root.current.content())[0].SetText("Mary")
	s.button("Save").OnTapped()
	asked(s, "name "+string(maria)+" Mary/desk PC")
	openDesk(s)
	s.button("New keys").OnTapped()
	if !s.says("go on reading what was written with it") {
		t.Error("what new keys cannot do is not told")
	}
	s.button("Make new keys").OnTapped()
	asked(s, "rotate")
}

// To send a password in the open somebody has to say so, for that server; the one kept for another server is not sent.
func TestPlainHTTPIsInsistedOn(t *testing.T) {
	s := newStage(t, phone, look.Config{}, emptyVault)
	form := newStorageForm(s.root, model.SharedPlace{Kind: model.StoreWebDAV}, func() {})
	offered := func() bool { return slices.Contains(form.objects(), fyne.CanvasObject(form.plain)) }
	for _, c := range []struct {
		url  string
		open bool
	}{{"https://cloud.example/", false}, {"http://127.0.0.1:8080/", false}, {"http://nas.local/dav", true}, {"http://localhost/", false}, {"http://nas.local/dav", true}} {
		form.url.SetText(c.url)
		if offered() != c.open {
			t.Errorf("%s: asked %v", c.url, offered())
		}
	}
	if p := form.take(); p.PlainHTTP {
		t.Error("insisted on without a word")
	}
	form.plain.SetOn(true)
	if p := form.take(); !p.PlainHTTP || p.OpenTo() != "nas.local" {
		t.Errorf("%+v", p)
	}
	form.url.SetText("http://other.local/dav")
	if p := form.take(); p.PlainHTTP {
		t.Error("what was said of one server holds for another")
	}
}

// Somebody whose password was withdrawn learns it where they look: nothing arrives any more until they do something about it. Not being
// reached is no such thing.
func TestAStorageThatRefusesIsToldOverTheList(t *testing.T) {
	for _, offline := range []bool{false, true} {
		s := newStage(t, phone, look.Config{}, withDesk(func(t *apptest.Teams, _ *stage) {
			t.Status[0].Err, t.Status[0].Offline = store.ErrDenied, offline
		}))
		s.until(s.session.Sharing().Known)
		s.loop.Run()
		if told := s.says("“Front desk” is not in step"); told == offline {
			t.Errorf("offline: %v, told: %v", offline, told)
		}
	}
}
