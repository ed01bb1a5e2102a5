package view

import (
	"fmt"
	"image"
	"os"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/secret"
)

// button finds the visible button with that label on the current page.
func (s *stage) button(label string) *widget.Button {
	s.t.Helper()
	for _, o := range test.LaidOutObjects(s.root.Content()) {
		if b, ok := o.(*widget.Button); ok && b.Visible() && b.Label() == label {
			return b
		}
	}
	s.t.Fatalf("there is no button %q on the page", label)
	return nil
}

// says reports whether a text is on the current page.
func (s *stage) says(text string) bool {
	for _, o := range test.LaidOutObjects(s.root.Content()) {
		switch o := o.(type) {
		case *widget.Text:
			if strings.Contains(o.Text(), text) {
				return true
			}
		case *widget.Banner:
			if o.Visible() && strings.Contains(o.Title()+" "+o.Text(), text) {
				return true
			}
		}
	}
	return false
}

// The whole main job with nothing but the keyboard: first start, scan, add, prove, done, copy.
func TestMainJobByKeyboard(t *testing.T) {
	s := newStage(t, phone, look.Config{}, nil)
	if s.session.State() != model.Setup {
		t.Fatalf("state %v, want Setup", s.session.State())
	}
	s.press(fyne.KeyReturn) // Start
	s.until(func() bool { return s.session.State() == model.Open })

	s.scanner.SeeTexts(link)
	s.shortcut(fyne.KeyS, true)
	s.idle()
	if got := s.session.Add().Stage(); got != model.Found {
		t.Fatalf("stage %v after the scan, want Found", got)
	}
	if got := s.screens.Events(); !slices.Equal(got, []string{"hidden", "taken", "shown"}) {
		t.Errorf("the window was not hidden while the picture was taken: %v", got)
	}
	s.press(fyne.KeyReturn) // Add this account
	s.until(func() bool { return s.session.Add().Stage() == model.ProveIt })
	s.root.Tick()
	proof := s.session.Add().Proof()
	if len(proof.Code) != 6 {
		t.Fatalf("no code to type into the portal: %+v", proof)
	}
	s.press(fyne.KeyReturn) // The portal accepted it
	s.until(func() bool { return s.session.Add().Stage() == model.KeepKeys })
	s.press(fyne.KeyReturn) // no recovery keys
	s.loop.Run()
	s.press(fyne.KeyReturn) // Show my accounts
	s.loop.Run()
	if s.root.current != page(s.root.main) {
		t.Fatalf("not back at the list but at %T", s.root.current)
	}
	row := s.session.List().Row(0)
	if !row.Fresh || row.Issuer != "Yeastar P-Series" {
		t.Errorf("the new row is not highlighted: %+v", row)
	}
	s.press(fyne.KeyReturn) // copy
	s.until(func() bool { return s.session.List().Row(0).Copied })
	if got := s.clip.History(); len(got) == 0 || got[len(got)-1] != proof.Code {
		t.Errorf("clipboard history %v, want the code %s last", got, proof.Code)
	}
}

// Typing anywhere searches, the arrows move, Enter copies, Escape brings everything back.
func TestSearchByTyping(t *testing.T) {
	s := newStage(t, phone, look.Config{}, openVault)
	s.write("qon")
	if got := s.session.List().Len(); got != 1 {
		t.Fatalf("%d rows match, want 1", got)
	}
	want := s.session.List().Row(0)
	s.press(fyne.KeyReturn)
	s.until(func() bool { return s.session.List().Row(0).Copied })
	if got := s.clip.History(); got[len(got)-1] != want.Code {
		t.Errorf("copied %v, want %s", got, want.Code)
	}
	s.press(fyne.KeyEscape)
	if got := s.session.List().Len(); got != len(accounts()) {
		t.Errorf("%d rows after Escape, want all", got)
	}
}

// Enter copies the best match and that row is marked, wherever the list stood before the search.
func TestSearchGoesToTheBestMatch(t *testing.T) {
	s := newStage(t, fyne.NewSize(phone.Width, 400), look.Config{}, openVault)
	list, rows := s.session.List(), s.root.main.rows
	s.press(fyne.KeyEnd) // scrolled, and with an account chosen that matches as well
	s.write("e")
	s.loop.Run()
	if list.Len() < 5 {
		t.Fatalf("%d rows match, want a list that has to be scrolled", list.Len())
	}
	if first, _ := rows.VisibleRows(); first != 0 || rows.Current() != 0 {
		t.Errorf("the list begins with row %d and the keyboard is on row %d, want the best match", first, rows.Current())
	}
	if !s.root.main.rowState(0).Selected || s.root.main.rowState(1).Selected {
		t.Error("nothing shows what Enter would copy")
	}
	s.press(fyne.KeyDown)
	if s.root.main.rowState(0).Selected || !s.root.main.rowState(1).Selected {
		t.Error("an arrow key in the search field does not show where it went")
	}
	s.write("y") // "ey": another search, another best match
	want := list.Row(0)
	s.press(fyne.KeyReturn)
	s.until(func() bool { return list.Row(0).Copied })
	if got := s.clip.History(); got[len(got)-1] != want.Code {
		t.Errorf("copied %v, want %s of %s", got, want.Code, want.Issuer)
	}
	s.press(fyne.KeyEscape)
	if id, _ := list.Selected(); id != want.ID || rows.Current() != list.Index(want.ID) {
		t.Error("what was found is not what is chosen after the search")
	}
	s.press(fyne.KeyEscape) // out of the field
	if s.root.main.rowState(rows.Current()).Selected {
		t.Error("the mark of the search is still there")
	}
}

// What Delete took away comes back with Ctrl+Z while that is offered; the trash tells accounts of one portal apart.
func TestRemoveAndUndo(t *testing.T) {
	s := newStage(t, phone, look.Config{}, openVault)
	list := s.session.List()
	id := list.Row(0).ID
	s.press(fyne.KeyDelete)
	s.until(func() bool { return list.Index(id) < 0 })
	s.root.openTrash()
	if name := list.Trash()[0].Name; !s.says(name) {
		t.Errorf("the trash does not name %q", name)
	}
	s.root.home()
	s.root.shortcuts.TypedShortcut(&fyne.ShortcutUndo{})
	s.until(func() bool { return list.Index(id) >= 0 })
	if text := s.root.toast.Text(); text != "" {
		t.Errorf("after it was undone the window still says %q", text)
	}
	s.root.shortcuts.TypedShortcut(&fyne.ShortcutUndo{}) // nothing is offered
	s.loop.Run()
	if list.Index(id) < 0 || list.Len() != len(accounts()) {
		t.Error("undoing nothing changed the list")
	}
}

// The space bar on a card leads to a field, and leaves nothing in it.
func TestSpaceBarLeavesNoTrace(t *testing.T) {
	s := newStage(t, phone, look.Config{}, openVault)
	s.root.openExport()
	s.press(fyne.KeySpace)
	if _, chosen := s.session.Export().Chosen(); !chosen {
		t.Fatal("the first form is not chosen")
	}
	p := s.root.current.(*exportPage)
	if s.win.Canvas().Focused() != p.first.Focusable() || !p.first.IsEmpty() {
		t.Errorf("the keyboard is in %T, which is empty: %v", s.win.Canvas().Focused(), p.first.IsEmpty())
	}
}

func TestUnlockPage(t *testing.T) {
	s := newStage(t, phone, look.Config{}, lockedVault)
	s.write("wrong")
	s.press(fyne.KeyReturn)
	s.idle()
	if s.session.State() != model.Locked || !s.says("passphrase") {
		t.Fatal("a wrong passphrase must leave the vault locked and be said")
	}
	s.write("correct horse")
	s.press(fyne.KeyReturn)
	s.until(func() bool { return s.session.State() == model.Open })
	s.shortcut(fyne.KeyL, false)
	s.loop.Run()
	if s.session.State() != model.Locked {
		t.Error("Ctrl+L did not lock")
	}
	if s.says("Qontak") {
		t.Error("an account is still on the screen of a locked vault")
	}
}

// Without a passphrase there is nothing to lock with; the window says so and stays open.
func TestLockWithoutPassphrase(t *testing.T) {
	s := newStage(t, phone, look.Config{}, openVault)
	s.shortcut(fyne.KeyL, false)
	s.loop.Run()
	if s.session.State() != model.Open || s.root.toast.Text() == "" {
		t.Errorf("state %v, toast %q", s.session.State(), s.root.toast.Text())
	}
}

// A link that arrives while the vault is locked is shown once it is open, and never before.
func TestLinkWaitsForTheVault(t *testing.T) {
	s := newStage(t, phone, look.Config{}, lockedVault)
	s.root.OpenLink(secret.FromString(link))
	s.loop.Run()
	if s.session.Add().Active() {
		t.Fatal("the link was read while the vault was locked")
	}
	s.write("correct horse")
	s.press(fyne.KeyReturn)
	s.until(func() bool { return s.session.Add().Stage() == model.Found && s.session.Add().Active() })
}

// A damaged vault is never answered with an empty one.
func TestTroubleOffersOlderCopies(t *testing.T) {
	s := newStage(t, phone, look.Config{}, func(s *stage) {
		s.vault.Fill("", accounts()...)
		s.vault.Fail("unlock", vault.ErrDamaged)
		s.vault.Older(vault.Generation{Path: "a", Saved: noon, Bytes: 10})
	})
	if s.session.State() != model.Trouble || !s.says("damaged") {
		t.Fatalf("state %v", s.session.State())
	}
	s.vault.Fail("unlock", nil)
	s.button("Restore").OnTapped()
	s.until(func() bool { return s.session.State() == model.Open })
}

// The same key a second time is asked about, not added.
func TestSameKeyAsks(t *testing.T) {
	s := newStage(t, phone, look.Config{}, emptyVault)
	add := func() {
		s.session.Add().ReadText(link)
		s.idle()
	}
	add()
	s.session.Add().Save(model.AddNew)
	s.until(func() bool { return s.session.Add().Stage() == model.ProveIt })
	s.session.Add().Finish()
	s.loop.Run()
	add()
	if !s.says("You have this key already") {
		t.Fatal("the second time was not noticed")
	}
	s.button("Keep both").OnTapped()
	s.until(func() bool { return s.session.List().Total() == 2 })
}

// The manual form: a key with a wrong character is said under its field, a good one goes on to the preview.
func TestTypeTheKey(t *testing.T) {
	s := newStage(t, phone, look.Config{}, emptyVault)
	s.session.Add().TypeKey()
	form := s.root.current.(*addPage).form
	form.issuer.SetText("Yeastar")
	form.name.SetText("superadmin")
	form.key.SetText("JBSW Y3DP EHPK 0189")
	form.submit()
	if form.fields["key"].Problem() == "" {
		t.Error("digits that cannot be in a key were not said")
	}
	form.key.SetText("765 432")
	if hint := form.fields["key"].Hint(); !strings.Contains(hint, "looks like a code") {
		t.Errorf("a code in place of the key: hint %q", hint)
	}
	form.key.SetText("JBSW Y3DP EHPK 3PXP")
	if form.fields["key"].Hint() != "" {
		t.Error("the hint stays beside a key that is one")
	}
	form.submit()
	s.idle()
	if got := s.session.Add().Stage(); got != model.Found {
		t.Fatalf("stage %v, problems %v", got, s.session.Add().FormProblems())
	}
	if got := form.key.Text(); got != "" {
		t.Error("the key is still in the form that was left")
	}
}

// Files that are dropped start the flow; what is not a picture is said.
func TestDrop(t *testing.T) {
	s := newStage(t, phone, look.Config{}, openVault)
	s.root.Dropped([]string{"/nonexistent/picture.png"})
	s.idle()
	if s.session.Add().Stage() != model.NothingFound {
		t.Errorf("stage %v", s.session.Add().Stage())
	}
}

// The page of the recovery kit is a PDF only its owner can read; three right words end the rehearsal, wrong ones are named.
func TestRecoveryKit(t *testing.T) {
	s := newStage(t, phone, look.Config{}, openVault)
	path := savedKit(s)
	data, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(data), "%PDF-") {
		t.Fatalf("no PDF: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	page := s.root.current.(*kitPage)
	words := strings.Fields(kitWords)
	for i, place := range s.session.Kit().Places() {
		page.words[i].SetText(words[place-1])
	}
	page.words[1].SetText("zebra")
	page.check()
	if s.session.Kit().Passed() || !s.says(fmt.Sprintf("Word %d", s.session.Kit().Places()[1])) {
		t.Error("a wrong word was not named")
	}
	page.words[1].SetText(words[s.session.Kit().Places()[1]-1])
	page.check()
	if !s.session.Kit().Passed() || !s.says("You have it") {
		t.Error("the right words were not taken")
	}
	page.escape()
	if s.session.Kit().Active() {
		t.Error("the kit is still in memory")
	}
}

// Every page can be reached and left by keyboard, and draws at the narrowest width and the largest text.
func TestEveryPageByKeyboard(t *testing.T) {
	for _, size := range []fyne.Size{small, phone, wide} {
		t.Run(fmt.Sprint(size.Width), func(t *testing.T) {
			s := newStage(t, size, look.Config{TextScale: 2}, openVault)
			for _, c := range commands {
				if c.keys == "Ctrl+Shift+S" || c.keys == "Ctrl+Shift+V" {
					continue // their own tests
				}
				before := s.root.current
				s.shortcut(c.key, c.shift)
				s.loop.Run()
				if opens := c.keys != "Ctrl+F" && c.keys != "Ctrl+B" && (c.keys != "Ctrl+D" || size != wide); opens && s.root.current == before {
					t.Errorf("%s opens nothing", c.keys)
				}
				s.root.current.escape()
				s.loop.Run()
			}
			if s.root.current != page(s.root.main) {
				t.Errorf("the way back ended at %T", s.root.current)
			}
		})
	}
}

// A page wider than the window would be cut off at the edge.
func TestNothingWiderThanTheWindow(t *testing.T) {
	for _, screen := range screens {
		t.Run(screen.name, func(t *testing.T) {
			s := newStage(t, small, look.Config{TextScale: 2}, screen.prepare)
			if screen.walk != nil {
				screen.walk(s)
				s.loop.Run()
			}
			if w := s.root.Content().MinSize().Width; w > small.Width {
				t.Errorf("needs %.0f pixels at 200 %% text, the window has %.0f", w, small.Width)
			}
		})
	}
}

// A picture without a QR code is shown beside the field, larger and smaller, and the keys are typed from it; when they are kept
// nothing of it is left. A file that is dropped at this step is for the keys, not for a new account.
func TestTypingFromAPicture(t *testing.T) {
	s := newStage(t, phone, look.Config{}, openVault)
	proveIt(s)
	s.session.Add().Accepted()
	s.until(func() bool { return s.session.Add().Stage() == model.KeepKeys })
	s.root.Dropped([]string{sheetPicture(t)})
	s.until(func() bool { return s.session.Keep().Picture() != nil })
	if !s.says("Type the keys as you see them") {
		t.Error("nothing says what to do")
	}
	picture := s.session.Keep().Picture().(*image.RGBA)
	view := s.root.current.(*addPage).keys.picture
	whole := view.Shown()
	s.button("Larger").OnTapped()
	if got := view.Shown(); got.Width <= whole.Width || got.Height <= whole.Height {
		t.Errorf("larger is %v, whole was %v", got, whole)
	}
	s.button("Smaller").OnTapped()
	if got := view.Shown(); got != whole {
		t.Errorf("smaller again is %v, whole was %v", got, whole)
	}
	s.win.Canvas().Focus(s.root.current.(*addPage).keys.text)
	s.write("4f8a-91c2")
	if !s.says("One key was understood") || s.session.Keep().Picture() == nil {
		t.Error("the picture went away while the keys were typed")
	}
	s.session.Keep().Save(false)
	s.until(func() bool { return s.session.Keep().Saved() == 1 })
	if s.session.Keep().Picture() != nil || slices.ContainsFunc(picture.Pix, func(b uint8) bool { return b != 0 }) {
		t.Error("the picture is still in memory")
	}
	if view.Shown() != (fyne.Size{}) {
		t.Error("the picture is still on the screen")
	}
	if !s.says("The file is still there") {
		t.Error("nobody offers to delete the picture's file")
	}
}

// A recovery key that is used on its page is marked there at once, and unmarked again.
func TestRecoveryPageShowsWhatWasUsed(t *testing.T) {
	s := newStage(t, phone, look.Config{}, openVault)
	keepKeys(s)
	s.session.Keep().Save(false)
	s.until(func() bool { return s.session.Keep().Saved() > 0 })
	id := s.session.Keep().Account()
	s.session.Add().KeysKept()
	s.session.Add().Finish()
	s.loop.Run()
	s.root.openRecovery(id)
	s.root.current.(*confirmPage).then()
	if s.says("Used on") {
		t.Fatal("a key is marked before any was used")
	}
	s.button("Use").OnTapped()
	s.until(func() bool { return s.session.List().Recovery(id).Left == 4 })
	s.loop.Run()
	if !s.says("Used on") {
		t.Error("the key that was used is not marked on the page")
	}
	s.button("Undo").OnTapped()
	s.until(func() bool { return s.session.List().Recovery(id).Left == 5 })
	s.loop.Run()
	if s.says("Used on") {
		t.Error("the mark is still on the page")
	}
}

// The first account comes by itself, from a command or from a shared vault: the keyboard was at a way of adding one, which is gone, and is in
// the list then. So it is when the last one goes.
func TestTheKeyboardFollowsTheFirstAccount(t *testing.T) {
	s := newStage(t, phone, look.Config{}, emptyVault)
	focused := func() fyne.Focusable { return s.win.Canvas().Focused() }
	if focused() != s.root.main.empty.first() {
		t.Fatalf("at first the keyboard is at %T", focused())
	}
	var id vault.ID
	s.vault.Outside(func(v *vault.Vault) {
		a, err := v.Add(accounts()[0], strings.NewReader(strings.Repeat("y", 64)), noon)
		if err != nil {
			t.Fatal(err)
		}
		id = a.ID
	})
	s.until(func() bool { return s.session.List().Total() == 1 })
	if focused() != fyne.Focusable(s.root.main.rows) {
		t.Errorf("the keyboard is at %T", focused())
	}
	s.vault.Outside(func(v *vault.Vault) {
		if err := v.Remove(id, noon); err != nil {
			t.Fatal(err)
		}
	})
	s.until(func() bool { return s.session.List().Total() == 0 })
	if focused() != s.root.main.empty.first() {
		t.Errorf("with the last account gone, the keyboard is at %T", focused())
	}

	// Somebody who is searching goes on.
	s.root.main.focusSearch()
	s.vault.Outside(func(v *vault.Vault) {
		if _, err := v.Add(accounts()[1], strings.NewReader(strings.Repeat("z", 64)), noon); err != nil {
			t.Fatal(err)
		}
	})
	s.until(func() bool { return s.session.List().Total() == 1 })
	if focused() != fyne.Focusable(s.root.main.search) {
		t.Errorf("the keyboard went from the search to %T", focused())
	}
}
