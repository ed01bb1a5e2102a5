package view

import (
	"fmt"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/vault/secret"
)

// confirmRecovery makes sure of the person before recovery keys are shown: by the passphrase that seals them where there is one,
// which then is enough, else as before anything secret.
func (r *Root) confirmRecovery(title, why, what string, then, back func()) {
	if r.session.List().RecoverySealed() {
		r.show(newSealedPage(r, title, why, what, then, back))
		return
	}
	r.show(newConfirmPage(r, title, why, what, then, back))
}

// sealedPage asks for the passphrase of the recovery keys.
type sealedPage struct {
	basePage
	root   *Root
	body   fyne.CanvasObject
	banner *widget.Banner
	entry  *widget.PassphraseEntry
	button *widget.Button
	label  string
	busy   bool
	then   func()
	back   func()
}

func newSealedPage(r *Root, title, why, what string, then, back func()) *sealedPage {
	p := &sealedPage{root: r, banner: widget.NewBanner(), label: upper(what), then: then, back: back}
	p.entry = widget.NewPassphraseEntry("Passphrase of the recovery keys")
	p.entry.OnSubmitted = p.submit
	p.button = widget.NewButton(widget.Primary, p.label, look.IconUnlock, p.submit)
	p.body = sheet(title, back,
		widget.NewText(widget.Body, why+" They are sealed under a passphrase of their own."),
		p.entry, p.banner, p.button)
	return p
}

func (p *sealedPage) content() fyne.CanvasObject { return p.body }
func (p *sealedPage) escape()                    { p.back() }
func (p *sealedPage) focus() fyne.Focusable      { return p.entry.Focusable() }
func (p *sealedPage) leave()                     { p.entry.Clear() }

func (p *sealedPage) submit() {
	if p.busy {
		return
	}
	pass := secret.New(p.entry.Take())
	if pass.IsEmpty() {
		p.banner.Set(widget.Trouble, "", "Type the passphrase of the recovery keys first.")
		return
	}
	p.busy = true
	p.banner.Clear()
	setBusy(p.button, true, p.label, "Opening…")
	p.root.session.OpenRecovery(pass, func(sentence string) {
		p.busy = false
		setBusy(p.button, false, p.label, "")
		switch {
		case p.root.current != page(p):
			p.root.session.CloseRecovery() // nobody is looking any longer
		case sentence == "":
			p.then()
		default:
			p.banner.Set(widget.Trouble, "", sentence)
			p.root.focusOn(p.entry.Focusable())
		}
	})
}

// upper begins a label with a capital letter.
func upper(text string) string {
	if text == "" {
		return ""
	}
	return string(text[0]-'a'+'A') + text[1:]
}

// recoverySettings are what can be chosen about all recovery keys.
func (p *settingsPage) recoverySettings() fyne.CanvasObject {
	r := p.root
	objects := []fyne.CanvasObject{p.recovery.body}
	buttons := []fyne.CanvasObject{widget.NewButton(widget.Secondary, "Print recovery keys", look.IconExport, func() { r.openPrintout() })}
	if r.session.List().RecoverySealed() {
		buttons = append(buttons, widget.NewButton(widget.Quiet, "I forgot this passphrase", look.IconHelp, r.openForget))
	}
	return widget.NewSection("Recovery keys", append(objects, widget.NewFlow(look.Space2, buttons...))...)
}

// forgetPage deletes recovery keys that nobody can open any longer.
type forgetPage struct {
	basePage
	body fyne.CanvasObject
	hold *widget.HoldButton
	root *Root
}

func (r *Root) openForget() {
	p := &forgetPage{root: r}
	p.hold = newHold(r, "Hold to delete the sealed keys", func() {
		r.session.ForgetRecovery(func(lost int, sentence string) {
			if sentence != "" {
				r.Notice(sentence, true)
				return
			}
			if r.current == page(p) {
				r.openSettings()
			}
			r.Notice(fmt.Sprintf("Deleted. %s could still have been used.", count(lost, "key", "keys")), false)
		})
	})
	p.hold.Icon = look.IconDelete
	warning := widget.NewBanner()
	warning.Set(widget.Warning, "They cannot be opened without it", "There is no way around the passphrase: not with the app lock's, and not with a recovery kit. What can be done is to delete the sealed keys, and to keep new ones.")
	p.body = sheet("Forgotten passphrase", r.openSettings, warning,
		widget.NewText(widget.Body, "Sign in to each portal with a code, and get a new sheet of recovery keys there, before you delete these. Your accounts and codes stay."),
		p.hold)
	r.show(p)
}

func (p *forgetPage) content() fyne.CanvasObject { return p.body }
func (p *forgetPage) escape()                    { p.root.openSettings() }
