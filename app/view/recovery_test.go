package view

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
)

const sealPass = "two hands, not one"

// sheetText is a sheet on which two keys are struck out.
const sheetText = "GitHub recovery codes for maria\n\n~~4f8a-91c2~~\n~~77de-03b5~~\nc01a-5e6f\n9b3d-2a48\ne5f7-60d1\n\nKeep them safe.\n"

// sheetsVault is openVault with recovery keys: of the first account a replaced sheet and a valid one, of the second one sheet.
func sheetsVault(s *stage) {
	list := accounts()
	sheet := func(id byte, text string, days int) recovery.Sheet {
		out, err := recovery.Parse(text).Sheet(bytes.NewReader(bytes.Repeat([]byte{id}, 16)), noon.AddDate(0, 0, -days))
		if err != nil {
			panic(err)
		}
		return out
	}
	old := sheet(1, "Recovery codes\n1a1a-2b2b\n3c3c-4d4d\n5e5e-6f6f\n", 40)
	old.Dead = noon.AddDate(0, 0, -3)
	list[0].Recovery = recovery.Sheets{old, sheet(2, "Recovery codes\n4f8a-91c2\n77de-03b5 used\nc01a-5e6f\n9b3d-2a48\n", 3)}
	list[1].Recovery = recovery.Sheets{sheet(3, "Recovery codes\n0a1b-2c3d\n4e5f-6a7b\n", 9)}
	s.vault.Fill("", list...)
}

func sealedVault(s *stage) {
	sheetsVault(s)
	s.vault.SealRecovery(sealPass)
}

// first is the account with two sheets.
func (s *stage) first() model.ID { return s.session.List().Row(0).ID }

// unseal types the passphrase of the recovery keys on the page that asks for it.
func (s *stage) unseal(pass string) {
	s.t.Helper()
	if _, here := s.root.current.(*sealedPage); !here {
		s.t.Fatalf("the passphrase is not asked for, but %T shown", s.root.current)
	}
	s.write(pass)
	s.press(fyne.KeyReturn)
	s.until(func() bool {
		p, here := s.root.current.(*sealedPage)
		return !here || !p.busy
	})
}

func init() {
	tall := fyne.NewSize(look.StartWidth, 1000)
	screens = append(screens, []screenOf{
		{"recovery-sealed", phone, 1, sealedVault, func(s *stage) { s.root.openRecovery(s.first()) }},
		{"recovery-replaced-sheet", tall, 1, sealedVault, func(s *stage) { s.root.openRecovery(s.first()); s.unseal(sealPass) }},
		{"recovery-print", phone, 1, sheetsVault, func(s *stage) { s.printout(s.first()) }},
		{"recovery-printed", phone, 1, sheetsVault, func(s *stage) {
			s.printout(s.first())
			dir := filepath.Join(s.t.TempDir(), "Documents")
			if err := os.Mkdir(dir, 0o700); err != nil {
				s.t.Fatal(err)
			}
			s.session.Printout().Save(filepath.Join(dir, "recovery-keys.pdf"))
			s.until(func() bool { return s.session.Printout().Saved() != "" })
		}},
		{"recovery-forgotten", phone, 1, sealedVault, func(s *stage) { s.root.openForget() }},
		{"settings-recovery", fyne.NewSize(look.StartWidth, 1400), 1, sealedVault, func(s *stage) { s.root.openSettings() }},
		{"keep-used-keys", tall, 1, sheetsVault, func(s *stage) {
			s.root.openKeep(s.first())
			s.loop.Run()
			s.session.Keep().ReadText(sheetText)
		}},
	}...)
}

// settled waits until all work on the vault that was asked for is done: it is done in its order.
func (s *stage) settled() {
	s.t.Helper()
	done := false
	s.session.OpenRecovery(secret.FromString("not the one"), func(string) { done = true })
	s.until(func() bool { return done })
}

// printout opens the page for printing past the question who sits there.
func (s *stage) printout(ids ...model.ID) {
	s.t.Helper()
	s.root.openPrintout(ids...)
	s.root.current.(*confirmPage).then()
}

// box finds the visible box with that label.
func (s *stage) box(label string) *widget.Check {
	s.t.Helper()
	for _, o := range test.LaidOutObjects(s.root.Content()) {
		if c, ok := o.(*widget.Check); ok && c.Visible() && c.AccessibilityLabel() == label {
			return c
		}
	}
	s.t.Fatalf("there is no box %q on the page", label)
	return nil
}

// Sealed recovery keys are on the screen only after their passphrase, and only while the page is.
func TestSealedRecoveryKeys(t *testing.T) {
	s := newStage(t, phone, look.Config{}, sealedVault)
	id := s.first()
	s.root.openDetail(id)
	if !s.says("3 of 4 left") && recoverySummary(s.session.List().Recovery(id)) != "3 of 4 left" {
		t.Error("the count needs the passphrase")
	}
	s.root.openRecovery(id)
	s.press(fyne.KeyReturn)
	if !s.says("first") || s.says("4f8a-91c2") {
		t.Error("an empty passphrase is not answered")
	}
	s.unseal("wrong")
	if !s.says("not right") || s.says("4f8a-91c2") {
		t.Fatal("a wrong passphrase is not answered")
	}
	s.unseal(sealPass)
	if !s.says("4f8a-91c2") || !s.says("Replaced by a newer sheet") {
		t.Fatal("the keys are not shown")
	}
	s.button("Use").OnTapped()
	s.until(func() bool { return s.session.List().Recovery(id).Left == 2 })
	s.until(func() bool { h := s.clip.History(); return len(h) > 0 && h[len(h)-1] == "4f8a-91c2" })

	// They go away by themselves, and what opened them with them.
	for range recoverySeconds {
		s.root.Tick()
	}
	if s.says("c01a-5e6f") || s.session.List().Sheets(id)[0].Keys[2].Text != "" {
		t.Error("the keys are still open")
	}
	s.root.openRecovery(id)
	if _, asks := s.root.current.(*sealedPage); !asks {
		t.Error("the passphrase is not asked for again")
	}
	// Escape while it is being checked: nothing is left open.
	release := s.vault.Hold("open recovery")
	s.write(sealPass)
	s.press(fyne.KeyReturn)
	s.root.current.escape()
	release()
	s.until(func() bool { return s.vault.Calls("open recovery") >= 3 })
	s.settled()
	if s.session.List().Sheets(id)[0].Keys[2].Text != "" {
		t.Error("open, and nobody is looking")
	}
}

// Set, changed and removed in the settings.
func TestRecoveryPassphraseInSettings(t *testing.T) {
	s := newStage(t, phone, look.Config{}, sheetsVault)
	form := func() *passphraseForm {
		t.Helper()
		p, here := s.root.current.(*settingsPage)
		if !here {
			t.Fatalf("not in the settings but at %T", s.root.current)
		}
		return p.recovery
	}
	typed := func(e *widget.PassphraseEntry, text string) {
		s.root.focusOn(e.Focusable())
		s.write(text)
	}
	settled := s.settled
	s.root.openSettings()
	typed(form().first, sealPass)
	typed(form().again, "different")
	form().set()
	if s.session.List().RecoverySealed() || !s.says("not the same") {
		t.Error("two different ones were taken")
	}
	typed(form().first, sealPass)
	typed(form().again, sealPass)
	form().set()
	s.until(s.session.List().RecoverySealed)
	settled()
	typed(form().old, "wrong")
	form().remove()
	settled()
	if !s.session.List().RecoverySealed() || !s.says("not right") {
		t.Error("a wrong passphrase removed it")
	}
	typed(form().old, sealPass)
	typed(form().first, "another")
	typed(form().again, "another")
	form().set()
	settled()
	typed(form().old, "another")
	form().remove()
	s.until(func() bool { return !s.session.List().RecoverySealed() })
	settled()
	if text := s.session.List().Sheets(s.first())[0].Keys[0].Text; text != "4f8a-91c2" {
		t.Errorf("%q", text)
	}
}

// A replaced sheet is deleted with a button, and comes back with "Undo".
func TestDeleteReplacedSheet(t *testing.T) {
	s := newStage(t, phone, look.Config{}, sheetsVault)
	var last model.Notice
	s.session.List().OnNotice(func(n model.Notice) { last = n })
	s.root.openRecovery(s.first())
	s.root.current.(*confirmPage).then()
	if !s.says("1a1a-2b2b") {
		t.Fatal("the old sheet is not shown")
	}
	s.button("Delete this sheet").OnTapped()
	s.until(func() bool { return len(s.session.List().Sheets(s.first())) == 1 })
	s.until(func() bool { return strings.Contains(s.root.toast.Text(), "deleted") })
	if s.says("1a1a-2b2b") {
		t.Error("it is still on the screen")
	}
	last.Undo()
	s.until(func() bool { return len(s.session.List().Sheets(s.first())) == 2 })
}

// The keys of chosen accounts are written, and the file is removed again.
func TestPrintRecoveryKeys(t *testing.T) {
	s := newStage(t, phone, look.Config{}, sealedVault)
	s.root.openPrintout(s.first())
	s.unseal(sealPass)
	out := s.session.Printout()
	if out.Chosen() != 1 {
		t.Errorf("%d chosen", out.Chosen())
	}
	s.box("Yeastar P-Series (superadmin) (2 of 2 left)").OnChanged(true)
	if out.Chosen() != 2 {
		t.Errorf("%d chosen", out.Chosen())
	}
	path := filepath.Join(t.TempDir(), "keys.pdf")
	out.Save(path)
	s.until(func() bool { return out.Saved() != "" || out.Error() != "" })
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := recovery.ReadBytes(t.Context(), data, "keys.pdf"); err != nil || len(d.Keys) != 6 {
		t.Errorf("%d keys, %v", len(d.Keys), err)
	}
	s.button("Overwrite and delete it").OnTapped()
	s.until(out.Removed)
	if _, err := os.Stat(path); err == nil || !s.says("SSDs") {
		t.Error("the file is still there, or nothing honest is said")
	}
	s.root.home()
	if s.session.List().Sheets(s.first())[0].Keys[0].Text != "" {
		t.Error("the keys are still open")
	}
}

// What a sheet strikes out is shown, can be corrected, and is kept so; the heading follows.
func TestKeepUsedKeys(t *testing.T) {
	s := newStage(t, phone, look.Config{}, sheetsVault)
	id := s.first()
	s.root.openRecovery(id)
	s.root.current.(*confirmPage).then()
	path := filepath.Join(t.TempDir(), "codes.md")
	if err := os.WriteFile(path, []byte(sheetText), 0o600); err != nil {
		t.Fatal(err)
	}
	s.root.Dropped([]string{path}) // on the old sheet
	s.until(func() bool { return len(s.session.Keep().Lines()) == 5 })
	if !s.says("2 of them marked as used") || !s.says("passed over") {
		t.Error("what was understood is not said")
	}
	first := s.box("4f8a-91c2")
	first.OnChanged(false)
	s.box("e5f7-60d1").OnChanged(true)
	if s.box("4f8a-91c2") != first || first.On() || !s.box("77de-03b5").On() {
		t.Error("the boxes do not follow")
	}
	s.button("Keep these keys").OnTapped()
	s.until(func() bool { return s.session.Keep().Saved() == 5 })
	if !s.says("Recovery keys kept") || s.says("Keep the recovery keys") {
		t.Error("the heading still asks for what is done")
	}
	s.vault.Content(func(v *vault.Vault) {
		a, _ := v.Account(id)
		got := a.Recovery[len(a.Recovery)-1]
		for i, used := range []bool{false, true, false, false, true} {
			if got.Keys[i].Used.IsZero() == used {
				t.Errorf("key %d: used %v", i, got.Keys[i].Used)
			}
		}
	})
	if s.win.Canvas().Focused() == nil {
		t.Error("the keyboard is nowhere")
	}
	s.press(fyne.KeyReturn)
	if s.root.current != page(s.root.main) {
		t.Errorf("at %T after Continue", s.root.current)
	}
}

// New keys stand beside the ones that are there when the person says so.
func TestKeepBeside(t *testing.T) {
	s := newStage(t, phone, look.Config{}, sheetsVault)
	id := s.first()
	s.root.openKeep(id)
	s.session.Keep().ReadText("Recovery codes\n8f8e-a1c2\n9b7d-03f5\n")
	s.box("The keys that are kept already stay valid, too").SetOn(true)
	s.button("Keep these keys").OnTapped()
	s.until(func() bool { return s.session.Keep().Saved() == 2 })
	if got := s.session.List().Recovery(id).Total; got != 6 {
		t.Errorf("%d keys are valid, want 6", got)
	}
}

// The file that the portal hands out while the step is open is offered without anybody asking.
func TestDownloadThatComesLater(t *testing.T) {
	s := newStage(t, phone, look.Config{}, sheetsVault)
	s.downloads = t.TempDir()
	s.root.openKeep(s.first())
	s.settled()
	path := filepath.Join(s.downloads, "recovery-codes.txt")
	if err := os.WriteFile(path, []byte(sheetText), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, noon, noon); err != nil {
		t.Fatal(err)
	}
	for range 6 {
		s.root.Tick()
		s.settled()
	}
	if len(s.session.Keep().Recent()) != 1 {
		t.Errorf("offered: %+v", s.session.Keep().Recent())
	}
}

// Whoever forgot the passphrase can delete what it seals, deliberately.
func TestForgottenRecoveryPassphrase(t *testing.T) {
	s := newStage(t, phone, look.Config{}, sealedVault)
	s.root.openSettings()
	s.button("I forgot this passphrase").OnTapped()
	p := s.root.current.(*forgetPage)
	p.hold.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	s.loop.Run()
	if !s.session.List().RecoverySealed() {
		t.Fatal("one press deleted them")
	}
	p.hold.KeyDown(&fyne.KeyEvent{Name: fyne.KeySpace})
	for range holdSteps {
		p.hold.Step()
	}
	s.until(func() bool { return !s.session.List().RecoverySealed() })
	if len(s.session.List().Sheets(s.first())) != 0 {
		t.Error("sealed sheets are still there")
	}
}
