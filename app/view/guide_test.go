package view

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
)

// The guide is walked with the keyboard, and stops at both ends.
func TestGuideByKeyboard(t *testing.T) {
	s := newStage(t, phone, look.Config{}, openVault)
	closed := 0
	g := s.root.NewGuideWindow("ringlogix", func() { closed++ })
	at := func(step int) {
		t.Helper()
		if g.step != step {
			t.Errorf("at step %d, want %d", g.step, step)
		}
	}
	key := func(names ...fyne.KeyName) {
		for _, name := range names {
			g.TypedKey(&fyne.KeyEvent{Name: name})
		}
	}
	key(fyne.KeyLeft)
	at(0)
	key(fyne.KeyRight, fyne.KeyReturn)
	at(2)
	key(fyne.KeyPageUp)
	at(1)
	key(fyne.KeyPageDown, fyne.KeyRight, fyne.KeyRight, fyne.KeyRight)
	at(3)
	if closed != 0 {
		t.Error("the guide closed by itself")
	}
	key(fyne.KeyEscape)
	if closed != 1 {
		t.Error("Escape did not close the guide")
	}
}

// A way whose codes the portal sends leads to the form for such an account, also where it hands out no recovery key; once the
// account is there, it is not offered again.
func TestGuideAddsTheAccountOfItsWay(t *testing.T) {
	s := newStage(t, phone, look.Config{}, emptyVault)
	g := s.root.NewGuideWindow("voip-admin-panel", func() {})
	s.win.SetContent(g.Content())
	for range 2 {
		g.next()
	}
	offered := func() *widget.Button { return findButton(g.body, "Add this account") }
	if offered() == nil {
		t.Fatal("the way by SMS does not offer to add the account")
	}
	offered().OnTapped()
	add := s.session.Add()
	if f := add.Form(); add.Stage() != model.Typing || f.Kind != model.Manual || f.Issuer != "VoIP admin panel" {
		t.Fatalf("stage %v, form %+v", add.Stage(), f)
	}
	add.SubmitForm()
	s.loop.Run()
	add.Save(model.AddNew)
	s.until(func() bool { return add.Stage() == model.KeepKeys })
	g.update()
	if offered() != nil {
		t.Error("the account is there, and is offered again")
	}
}

// findButton finds a button by its label below o.
func findButton(o fyne.CanvasObject, label string) *widget.Button {
	for _, o := range test.LaidOutObjects(o) {
		if b, ok := o.(*widget.Button); ok && b.Visible() && b.Label() == label {
			return b
		}
	}
	return nil
}
