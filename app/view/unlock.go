package view

import (
	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/vault/secret"
)

// unlockPage asks for the passphrase.
type unlockPage struct {
	basePage
	root   *Root
	body   fyne.CanvasObject
	banner *widget.Banner
	entry  *widget.PassphraseEntry
	unlock *widget.Button
}

func newUnlockPage(r *Root) *unlockPage {
	p := &unlockPage{root: r, banner: widget.NewBanner(), entry: widget.NewPassphraseEntry("Passphrase")}
	p.unlock = widget.NewButton(widget.Primary, "Unlock", look.IconUnlock, p.submit)
	p.entry.OnSubmitted = p.submit
	p.body = centred(
		logo(),
		widget.NewText(widget.Title, "Locked"),
		widget.NewText(widget.Body, "Type your passphrase to see your codes."),
		p.entry, p.banner, p.unlock,
	)
	return p
}

func (p *unlockPage) content() fyne.CanvasObject { return p.body }
func (p *unlockPage) focus() fyne.Focusable      { return p.entry.Focusable() }
func (p *unlockPage) leave()                     { p.entry.Clear() }

func (p *unlockPage) update() {
	busy := p.root.session.Busy()
	setBusy(p.unlock, busy, "Unlock", "Unlocking…")
	p.banner.Set(widget.Trouble, "", p.root.session.Error())
	if !busy && p.root.current == page(p) {
		p.root.focusOn(p.entry.Focusable())
	}
}

func (p *unlockPage) submit() {
	if p.root.session.Busy() {
		return
	}
	pass := secret.New(p.entry.Take())
	if pass.IsEmpty() {
		p.banner.Set(widget.Trouble, "", "Type your passphrase first.")
		return
	}
	p.root.session.Unlock(pass)
}

// startingPage is there for the moment it takes to ask the keyring.
type startingPage struct {
	basePage
	body fyne.CanvasObject
}

func newStartingPage() *startingPage {
	return &startingPage{body: centred(logo(), widget.NewText(widget.Muted, "Opening…"))}
}

func (p *startingPage) content() fyne.CanvasObject { return p.body }
