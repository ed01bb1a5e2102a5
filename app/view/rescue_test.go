package view

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/vault"
)

// From the lock screen: words with a slip are doubted as they are typed, then the kit fits, a protection is chosen, and leaving
// takes everything off the screen.
func TestRescueFromTheLockScreen(t *testing.T) {
	s := newStage(t, phone, look.Config{}, lockedVault)
	s.button(haveKit).OnTapped()
	p := s.root.current.(*rescuePage)
	if s.win.Canvas().Focused() != fyne.Focusable(p.words) {
		t.Error("the words do not have the keyboard")
	}
	p.next.OnTapped()
	if !s.says("Type the words first") {
		t.Error("nothing was typed, and nothing is said")
	}
	s.write("adapt explian ecology")
	if !s.says("3 of 24 words") || !s.says("Word 2 is not in the list of words. Did you mean “explain”?") {
		t.Error("the slip is not named")
	}
	p.words.SetText("")
	s.write(kitWords)
	if !s.says("24 of 24 words") || s.says("is not in the list") {
		t.Error("right words are doubted")
	}
	p.next.OnTapped()
	s.until(s.session.Rescue().Fits)
	if p.words.Text != "" || !s.says("This kit opens your accounts") {
		t.Error("the words are still on the screen, or nothing says that they fit")
	}

	p.how = model.ByPassphrase
	p.update()
	p.open.OnTapped()
	if !s.says("Type a passphrase first") {
		t.Error("no passphrase, and nothing is said")
	}
	s.root.focusOn(p.first.Focusable())
	s.write("one two")
	s.press(fyne.KeyReturn)
	s.write("one three")
	s.press(fyne.KeyReturn)
	if !s.says("not the same") || s.session.Rescue().Busy() != "" {
		t.Error("two different passphrases were taken")
	}
	s.press(fyne.KeyEscape) // another kit
	if s.session.Rescue().Fits() || s.root.current != page(p) {
		t.Error("Escape did not go back one step")
	}
	s.press(fyne.KeyEscape)
	if _, locked := s.root.current.(*unlockPage); !locked || s.session.Rescue().Active() {
		t.Errorf("Escape went to %T", s.root.current)
	}
}

// Where the keyring has no key the same way is offered; files that are dropped and the shortcut for the screen are for the kit.
func TestRescueFromAKeyringWithoutAKey(t *testing.T) {
	s := newStage(t, phone, look.Config{}, func(s *stage) {
		openVault(s)
		s.vault.Fail("unlock", vault.ErrKeyMissing)
	})
	if s.session.State() != model.Trouble {
		t.Fatalf("state %v", s.session.State())
	}
	s.button(haveKit).OnTapped()
	s.root.Dropped([]string{t.TempDir()})
	s.until(func() bool { return s.session.Rescue().Busy() == "" })
	if !s.says("neither a picture nor a PDF") {
		t.Error("the dropped file was not looked at")
	}
	s.root.ScanScreen()
	s.until(func() bool { return s.session.Rescue().Busy() == "" })
	if got := s.screens.Events(); !slices.Equal(got, []string{"hidden", "taken", "shown"}) || !s.says("No QR code was found") {
		t.Errorf("the screen: %v", got)
	}
	s.scanner.SeeTexts("https://portal.example", strings.ReplaceAll(kitWords, " ", "\n"))
	s.shortcut(fyne.KeyS, true)
	s.until(s.session.Rescue().Fits)
	s.vault.Fail("unlock", nil)
	s.button("Open my accounts").OnTapped()
	s.until(func() bool { return s.session.State() == model.Open })
	if s.root.current != page(s.root.main) {
		t.Errorf("the page is %T", s.root.current)
	}
}
