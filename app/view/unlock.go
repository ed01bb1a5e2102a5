package view

import (
	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/vault/secret"
)

// haveKit leads to the way in with a recovery kit; the printed page names it.
const haveKit = "I have a recovery kit"

// unlockPage asks for the passphrase.
type unlockPage struct {
	basePage
	root   *Root
	body   fyne.CanvasObject
	banner *widget.Banner
	entry  *widget.PassphraseEntry
	unlock *widget.Button
	kit    *widget.Button // the way in for who forgot the passphrase
}

func newUnlockPage(r *Root) *unlockPage {
	p := &unlockPage{root: r, banner: widget.NewBanner(), entry: widget.NewPassphraseEntry("Passphrase")}
	p.unlock = widget.NewButton(widget.Primary, "Unlock", look.IconUnlock, p.submit)
	p.entry.OnSubmitted = p.submit
	p.kit = widget.NewButton(widget.Quiet, haveKit, look.IconRecovery, r.openRescue)
	setVisible(p.kit, r.session.OffersKit())
	p.body = centred(
		logo(),
		widget.NewText(widget.Title, "Locked"),
		widget.NewText(widget.Body, "Type your passphrase to see your codes."),
		p.entry, p.banner, p.unlock,
		widget.NewFlow(0, p.kit),
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
