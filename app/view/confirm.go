package view

import (
	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/vault/secret"
)

// confirmPage makes sure that it is the person themselves before something secret is shown: by the passphrase where one is set,
// by a deliberate hold where none is.
type confirmPage struct {
	basePage
	root   *Root
	body   fyne.CanvasObject
	banner *widget.Banner
	entry  *widget.PassphraseEntry
	hold   *widget.HoldButton
	then   func()
	back   func()
}

func newConfirmPage(r *Root, title, why, what string, then, back func()) *confirmPage {
	p := &confirmPage{root: r, banner: widget.NewBanner(), then: then, back: back}
	p.banner.Hide()
	objects := []fyne.CanvasObject{widget.NewText(widget.Body, why)}
	if r.session.HasPassphrase() {
		p.entry = widget.NewPassphraseEntry("Passphrase")
		p.entry.OnSubmitted = p.submit
		objects = append(objects, p.entry, p.banner, widget.NewButton(widget.Primary, what, look.IconUnlock, p.submit))
	} else {
		p.hold = newHold(r, "Hold to "+what, p.then)
		objects = append(objects, widget.NewText(widget.Muted, "Make sure that nobody is looking over your shoulder, and that your screen is not being shared."), p.hold)
	}
	p.body = sheet(title, back, objects...)
	return p
}

func (p *confirmPage) content() fyne.CanvasObject { return p.body }
func (p *confirmPage) escape()                    { p.back() }

func (p *confirmPage) focus() fyne.Focusable {
	if p.entry != nil {
		return p.entry.Focusable()
	}
	return p.hold
}

func (p *confirmPage) leave() {
	if p.entry != nil {
		p.entry.Clear()
	}
}

func (p *confirmPage) submit() {
	var pass secret.Bytes
	if pass = secret.New(p.entry.Take()); pass.IsEmpty() {
		p.banner.Set(widget.Trouble, "", "Type your passphrase first.")
		return
	}
	p.root.session.Confirm(pass, func(ok bool, sentence string) {
		switch {
		case p.root.current != page(p):
		case ok:
			p.then()
		default:
			p.banner.Set(widget.Trouble, "", sentence)
			p.root.focusOn(p.entry.Focusable())
		}
	})
}
