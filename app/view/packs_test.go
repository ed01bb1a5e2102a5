package view

import (
	"context"
	"os"
	"path/filepath"
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
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/pack"
	"github.com/tallystick/tallystick/vault/share/pack/shelf"
)

// given is a shelf in memory, with a key that is always the same.
type given struct{ kept []shelf.Kept }

func (given) Key() (string, error)           { return "age1pq1" + strings.Repeat("picture", 280), nil }
func (given) Open([]byte) (pack.Pack, error) { return pack.Pack{}, pack.ErrWrongKey }
func (given) Keep(context.Context, pack.Pack, time.Time) (string, error) {
	return strings.Repeat("a", 32), nil
}
func (g given) List(context.Context, time.Time) (list []shelf.Kept, err error) {
	for _, k := range g.kept {
		list = append(list, shelf.Kept{ID: k.ID, Pack: k.Pack.Clone()})
	}
	return list, nil
}
func (given) Drop(string) error { return nil }

// codesFrom puts a pack of some of the pictured accounts on the shelf.
func codesFrom(s *stage, by string, from time.Time, life time.Duration, which ...int) {
	list, accounts := accounts(), []pack.Account{}
	for _, i := range which {
		accounts = append(accounts, pack.Account{Issuer: list[i].Issuer, Name: list[i].Name, Params: list[i].Params})
	}
	p, err := pack.Make(accounts, from, life)
	if err != nil {
		s.t.Fatal(err)
	}
	p.By = by
	on, _ := s.packs.(given)
	on.kept = append(on.kept, shelf.Kept{ID: strings.Repeat(string("0123456789"[len(on.kept)]), 32), Pack: p})
	s.packs = on
}

func aGuest(s *stage) {
	emptyVault(s)
	codesFrom(s, "Maria", noon.Add(-time.Hour), 9*time.Hour, 0, 3, 6)
}

func guestAndOwner(s *stage) {
	openVault(s)
	codesFrom(s, "Ben", noon.Add(-30*time.Hour), 24*time.Hour, 1)
	codesFrom(s, "Maria", noon.Add(-time.Hour), 9*time.Hour, 0, 3, 6)
	codesFrom(s, "", noon.Add(-time.Hour), 50*time.Hour, 2)
}

// firstPack opens the page of the pack with that title.
func firstPack(s *stage, title string) {
	s.until(s.session.Resting)
	for _, g := range s.session.Packs().List() {
		if g.Title == title {
			s.root.openGuestPack(g.ID)
			s.root.Tick()
			return
		}
	}
	s.t.Fatalf("no pack %q", title)
}

// making walks to a pack of two accounts.
func making(s *stage) *packMakePage {
	list := s.session.List()
	s.root.openPackMaker(list.Row(0).ID, list.Row(2).ID)
	return s.root.current.(*packMakePage)
}

// packScreens are those of code packs.
var packScreens = []screenOf{
	{"packs", fyne.NewSize(look.StartWidth, 1000), 1, guestAndOwner, func(s *stage) { s.until(s.session.Resting); s.root.openPacks() }},
	{"pack-codes", phone, 1, aGuest, func(s *stage) { firstPack(s, "Codes from Maria") }},
	{"pack-codes-200-percent", small, 2, aGuest, func(s *stage) { firstPack(s, "Codes from Maria") }},
	{"pack-about", phone, 1, aGuest, func(s *stage) {
		firstPack(s, "Codes from Maria")
		s.root.openAboutPack(s.session.Packs().List()[0].ID)
	}},
	{"pack-over", phone, 1, guestAndOwner, func(s *stage) { firstPack(s, "Codes from Ben") }},
	{"pack-too-early", phone, 1, func(s *stage) {
		emptyVault(s)
		codesFrom(s, "Maria", noon.Add(26*time.Hour), 8*time.Hour, 0, 3)
	}, func(s *stage) { firstPack(s, "Codes from Maria") }},
	{"pack-passphrase", phone, 1, nil, func(s *stage) {
		s.root.OpenPack(sealedPack(s.t))
		s.until(func() bool { _, ok := s.session.Packs().Asking(); return ok })
	}},
	{"pack-make", fyne.NewSize(look.StartWidth, 1060), 1, openVault, func(s *stage) { making(s) }},
	{"pack-make-key", fyne.NewSize(look.StartWidth, 1200), 1, openVault, func(s *stage) {
		p := making(s)
		chooseOption(s.t, p, packLocks[2].label)
		chooseOption(s.t, p, otherLife)
		p.number.SetText("36")
		p.guestKey.SetText(guestKey)
	}},
	{"pack-made", phone, 1, openVault, func(s *stage) {
		making(s)
		s.session.PackMaker().Save(filepath.Join(folder(s.t, "For Emil"), "codes-until-2026-03-14"), model.NewPack{By: "Maria", Lock: model.PackByWords})
		s.until(func() bool { _, ok := s.session.PackMaker().Saved(); return ok })
	}},
	{"list-guest", phone, 1, guestAndOwner, nil},
}

func folder(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// guestKey is an age recipient of nobody.
const guestKey = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"

// sealedPack is a file that begins like a pack under a passphrase.
func sealedPack(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "codes-until-2026-03-14.tallypack")
	if err := os.WriteFile(path, []byte("age-encryption.org/v1\n-> scrypt bm90aGluZyBpcyBpbiBpdA 18\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A guest with nothing but the file: the first start, the file, the words, the codes, copied by keyboard; then a vault, and the codes stay.
func TestGuestByKeyboard(t *testing.T) {
	if testing.Short() {
		t.Skip("derives keys at full cost")
	}
	maker := newStage(t, phone, look.Config{}, openVault)
	form := making(maker)
	words := maker.session.PackMaker().Words()
	file := filepath.Join(t.TempDir(), "x.tallypack")
	maker.session.PackMaker().Save(file, model.NewPack{By: form.name.Text, Lock: model.PackByWords})
	maker.until(func() bool { _, ok := maker.session.PackMaker().Saved(); return ok })
	if !maker.says(strings.Join(strings.Fields(words)[:3], " ")) || !maker.says("x.tallypack") {
		t.Error("the words, or the file, are not shown")
	}
	want := maker.session.List().Row(0)
	maker.press(fyne.KeyReturn) // Done
	maker.loop.Run()
	if _, ok := maker.root.current.(*packsPage); !ok || maker.session.PackMaker().Words() != "" {
		t.Errorf("at %T, with the words %q", maker.root.current, maker.session.PackMaker().Words())
	}

	s := newStage(t, phone, look.Config{}, func(s *stage) { s.packs = apptest.Shelf(t.TempDir()) })
	s.button(sentPack)
	s.root.Dropped([]string{file})
	s.until(func() bool { _, ok := s.session.Packs().Asking(); return ok && s.session.Packs().Busy() == "" })
	s.write("not these words")
	s.press(fyne.KeyReturn)
	s.until(func() bool { return s.session.Packs().Error() != "" })
	if !s.says("not its passphrase") {
		t.Error("a wrong passphrase is not said")
	}
	s.write(words)
	s.press(fyne.KeyReturn)
	s.until(func() bool { _, ok := s.root.current.(*guestPackPage); return ok })
	if !s.says("Codes from Maria") || !s.says("Until 17:26 today") || !s.says("not kept") {
		t.Error("what it is, until when, and that it is not kept, is not said")
	}
	s.press(fyne.KeyReturn)
	s.until(func() bool { return len(s.clip.History()) > 0 })
	if got := s.clip.History(); got[len(got)-1] != want.Code {
		t.Errorf("copied %v, want %s", got, want.Code)
	}
	s.press(fyne.KeyEscape)
	if s.session.State() != model.Setup || !s.says("Codes from Maria") {
		t.Fatalf("state %v, or no way back to the codes", s.session.State())
	}
	s.button("Start").OnTapped()
	s.until(func() bool { return s.session.State() == model.Open && s.session.Resting() })
	s.loop.Run()
	if !s.says("Codes from Maria, until 17:26 today.") {
		t.Error("the list does not lead to the codes")
	}
	s.button("Show the codes").OnTapped()
	if p, ok := s.root.current.(*guestPackPage); !ok || p.rows.Len() != 2 || s.says("not kept") {
		t.Errorf("at %T", s.root.current)
	}
	s.press(fyne.KeyEscape)
	s.press(fyne.KeyEscape)
	if s.root.current != page(s.root.main) {
		t.Errorf("at %T", s.root.current)
	}
}

// A pack that runs out while somebody looks at it shows no code any longer, and the list leads to it no more.
func TestPackRunsOutOnTheScreen(t *testing.T) {
	s := newStage(t, phone, look.Config{}, aGuest)
	firstPack(s, "Codes from Maria")
	codes := func() (found []string) {
		for _, o := range test.LaidOutObjects(s.root.Content()) {
			if row, ok := o.(*widget.CodeRow); ok && row.Visible() && row.State().Code != "" {
				found = append(found, row.State().Code)
			}
		}
		return found
	}
	if got := codes(); len(got) != 3 {
		t.Fatalf("%d codes on the screen", len(got))
	}
	before := codes()[0]
	s.at(30 * time.Second)
	if got := codes(); len(got) != 3 || slices.Contains(got, before) {
		t.Errorf("a step later the codes are %v", got)
	}
	s.root.home()
	s.at(8*time.Hour - 31*time.Second)
	if !s.says("Codes from Maria, until") {
		t.Error("the list does not lead to it in its last second")
	}
	firstPack(s, "Codes from Maria")
	s.at(time.Second)
	if got := codes(); len(got) != 0 || !s.says("Ran out at 17:26 today") || !s.says("B3Networks") {
		t.Errorf("it ran out, and shows %v", got)
	}
	s.button("Check the clock")
	s.root.home()
	s.root.Tick()
	if s.says("Codes from Maria") {
		t.Error("the list still leads to it")
	}
	firstPack(s, "Codes from Maria")
	s.root.openAboutPack(s.session.Packs().List()[0].ID)
	if !s.says("nothing proves it") {
		t.Error("it does not say that the maker's name is not proven")
	}
	s.button("Remove").OnTapped()
	s.until(func() bool { return len(s.session.Packs().List()) == 0 && s.session.Packs().Busy() == "" })
	if _, ok := s.root.current.(*packsPage); !ok {
		t.Errorf("removed, and still at %T", s.root.current)
	}
}

// A pack that arrives while the vault is locked waits for it; locking forgets the file that asks for its passphrase.
func TestPackWaitsForTheVault(t *testing.T) {
	s := newStage(t, phone, look.Config{}, lockedVault)
	s.root.OpenPack(sealedPack(t))
	s.loop.Run()
	if !strings.Contains(s.root.toast.Text(), "Unlock first") || s.session.Packs().Busy() != "" {
		t.Errorf("toast %q", s.root.toast.Text())
	}
	s.session.Unlock(secret.FromString("correct horse"))
	s.until(func() bool { _, ok := s.session.Packs().Asking(); return ok })
	s.shortcut(fyne.KeyL, false)
	s.loop.Run()
	if _, ok := s.session.Packs().Asking(); ok || s.session.State() != model.Locked {
		t.Error("locked, and it still asks for the passphrase")
	}
}

// The account's menu begins a pack of it; what has no codes beforehand is refused in words; searching and choosing work by keyboard.
func TestMakePackPage(t *testing.T) {
	s := newStage(t, phone, look.Config{}, openVault)
	list := s.session.List()
	find := func(issuer string) model.Row {
		for i := range list.Len() {
			if row := list.Row(i); row.Issuer == issuer {
				return row
			}
		}
		t.Fatalf("no %s", issuer)
		return model.Row{}
	}
	offered := func(issuer string) bool {
		return slices.ContainsFunc(s.root.accountMenu(find(issuer), true).Items, func(m *fyne.MenuItem) bool { return m.Label == "Codes for a guest" })
	}
	if !offered("Qontak") || offered("Warehouse VPN") || offered("VoIP admin panel") {
		t.Error("the menu offers it for the wrong accounts")
	}
	s.root.openPackMaker(find("Warehouse VPN").ID)
	if !s.says("counts instead of following the clock") || !s.says("Choose at least one account") {
		t.Error("a counter is not refused in words")
	}
	if b := s.button("Save the code pack"); !b.Disabled() {
		t.Error("nothing can be saved")
	}
	s.write("qontak")
	if c := s.session.PackMaker().Choices(); len(c) != 1 {
		t.Fatalf("%+v", c)
	}
	for range 5 { // over the cross of the search field
		if _, on := s.win.Canvas().Focused().(*widget.Check); on {
			break
		}
		s.win.Canvas().FocusNext()
	}
	s.press(fyne.KeySpace)
	if plan := s.session.PackMaker().Plan(); plan.Accounts != 1 || !s.says("the codes of Qontak (agent07@callcentre.example) until 17:26 today") {
		t.Errorf("%+v", plan)
	}
	if _, on := s.win.Canvas().Focused().(*widget.Check); !on {
		t.Errorf("the keyboard left the box for %T", s.win.Canvas().Focused())
	}
	if s.button("Save the code pack").Disabled() {
		t.Error("it cannot be saved")
	}
	chooseOption(t, s.root.current, otherLife)
	p := s.root.current.(*packMakePage)
	for text, says := range map[string]string{"40": "until 01:26 on Monday", "900": "at most 31 days", "x": "whole number"} {
		p.number.SetText(text)
		if !s.says(says) {
			t.Errorf("%s: %q is not said", text, says)
		}
	}
	chooseOption(t, s.root.current, packLocks[1].label)
	p.number.SetText("2")
	p.first.Focusable().TypedRune('a')
	p.save()
	if !s.says("not the same") {
		t.Error("two passphrases that differ")
	}
	chooseOption(t, s.root.current, packLocks[2].label)
	p.guestKey.SetText("age1nonsense")
	if !s.says("It begins with age1") {
		t.Error("no key")
	}
	p.guestKey.SetText(guestKey[:30] + "\n" + guestKey[30:])
	if !s.says("Compare by phone") {
		t.Error("a key that a mail program broke into lines")
	}
	s.press(fyne.KeyEscape)
	s.root.home()
	if s.session.PackMaker().Words() != "" {
		t.Error("the words stay after the page is left")
	}
}

// The banner that leads to the codes takes its room from the list, however many lines it has.
func TestGuestBannerCoversNoRow(t *testing.T) {
	s := newStage(t, small, look.Config{TextScale: 2}, guestAndOwner)
	s.until(s.session.Resting)
	s.loop.Run()
	p := s.root.main
	driver := fyne.CurrentApp().Driver()
	bottom := driver.AbsolutePositionForObject(p.guest.Banner).Y + p.guest.MinSize().Height
	if top := driver.AbsolutePositionForObject(p.rows).Y; !p.guest.Visible() || top < bottom {
		t.Errorf("the banner ends at %v, the list begins at %v", bottom, top)
	}
}
