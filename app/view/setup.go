package view

import (
	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/vault/secret"
)

// setupPage is what somebody sees who opens Tallystick for the first time: one button where there is a keyring, a passphrase where there
// is none.
type setupPage struct {
	basePage
	root           *Root
	body           fyne.CanvasObject
	banner, guest  *widget.Banner
	first, again   *widget.PassphraseEntry
	create         *widget.Button
	needPassphrase bool
}

func newSetupPage(r *Root) *setupPage {
	p := &setupPage{root: r, needPassphrase: !r.session.KeyringWorks(), banner: widget.NewBanner(), guest: widget.NewBanner()}
	p.create = widget.NewButton(widget.Primary, "Start", "", p.submit)
	objects := []fyne.CanvasObject{
		p.guest,
		logo(),
		widget.NewText(widget.Title, "Tallystick"),
		widget.NewText(widget.Body, "Your half of a two-factor sign-in, on this computer. Point it at the QR code a portal shows, and it makes the codes from then on."),
	}
	if p.needPassphrase {
		p.first = widget.NewPassphraseEntry("Passphrase")
		p.again = widget.NewPassphraseEntry("The same once more")
		p.first.OnSubmitted = func() { r.focusOn(p.again.Focusable()) }
		p.again.OnSubmitted = p.submit
		notice := widget.NewBanner()
		notice.Set(widget.Warning, "", r.session.KeyringSentence())
		objects = append(objects,
			notice,
			widget.NewText(widget.Body, "So that nobody else can read your keys, choose a passphrase. Tallystick asks for it at every start. Nobody can recover it for you: four or more unrelated words are both strong and easy to remember."),
			p.first, p.again)
	} else {
		objects = append(objects, widget.NewText(widget.Muted, "Your accounts are encrypted. The key is kept in "+r.env.About.KeyringName+", so there is nothing to remember. You can add a passphrase later."))
	}
	objects = append(objects, p.banner, p.create,
		widget.NewFlow(0, widget.NewButton(widget.Quiet, sentPack, look.IconFile, func() { r.chooseFile(r.OpenPack) })))
	p.body = centred(objects...)
	p.update()
	return p
}

func (p *setupPage) content() fyne.CanvasObject { return p.body }

func (p *setupPage) focus() fyne.Focusable {
	if p.needPassphrase {
		return p.first.Focusable()
	}
	return p.create
}

func (p *setupPage) update() {
	setBusy(p.create, p.root.session.Busy(), "Start", "Setting up…")
	p.banner.Set(widget.Trouble, "", p.root.session.Error())
	if g, _, ok := p.root.session.Packs().Running(); ok { // opened before there is a vault, and only in memory
		p.guest.Set(widget.Info, g.Title, "They are kept for the next time once you have started.", widget.Action{Label: "Show the codes", Do: func() { p.root.openGuestPack(g.ID) }})
	}
}

func (p *setupPage) submit() {
	if p.root.session.Busy() {
		return
	}
	if !p.needPassphrase {
		p.root.session.Create(secret.Bytes{})
		return
	}
	if p.root.agree(p.banner, p.first, p.again) {
		p.again.Clear()
		p.root.session.Create(secret.New(p.first.Take()))
	}
}

func (p *setupPage) leave() {
	if p.needPassphrase {
		p.first.Clear()
		p.again.Clear()
	}
}
