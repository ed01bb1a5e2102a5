package view

import (
	"fmt"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/vault/secret"
)

// kitPage makes the recovery kit: who you are, the page to print, and the rehearsal with three words.
type kitPage struct {
	basePage
	root   *Root
	kit    *model.Kit
	body   *fyne.Container
	pass   *widget.PassphraseEntry
	words  []*widget.Entry
	banner *widget.Banner
}

func (r *Root) openKit() {
	p := &kitPage{root: r, kit: r.session.Kit(), body: newStack(), banner: widget.NewBanner()}
	p.pass = widget.NewPassphraseEntry("Passphrase")
	p.pass.OnSubmitted = p.begin
	r.show(p)
	if !r.session.HasPassphrase() {
		p.kit.Begin(secret.Bytes{})
	}
}

func (p *kitPage) content() fyne.CanvasObject { return p.body }
func (p *kitPage) escape()                    { p.root.home() }

func (p *kitPage) focus() fyne.Focusable {
	if !p.root.session.HasPassphrase() {
		return nil
	}
	return p.pass.Focusable()
}

func (p *kitPage) leave() {
	p.pass.Clear()
	p.kit.Close()
}

func (p *kitPage) begin() { p.kit.Begin(secret.New(p.pass.Take())) }

func (p *kitPage) update() {
	p.banner.Set(widget.Trouble, "", p.kit.Error())
	objects := []fyne.CanvasObject{
		widget.NewText(widget.Body, "The recovery kit is one page with the key to all your accounts, as words and as a QR code. With it and the file of your vault, everything comes back on another computer, or when the keyring or the passphrase is lost."),
		p.banner,
	}
	switch {
	case !p.kit.Active():
		objects = append(objects, widget.NewText(widget.Muted, "Type your passphrase to go on."), p.pass,
			widget.NewButton(widget.Primary, "Continue", look.IconUnlock, p.begin))
	case p.kit.Passed():
		good := widget.NewBanner()
		good.Set(widget.Good, "You have it", "Keep the page where you keep your passport, and delete the file: whoever finds it has all your accounts.")
		objects = append(objects, good, widget.NewButton(widget.Primary, "Done", look.IconCheck, p.root.home))
	case p.kit.Saved() == "":
		save := widget.NewButton(widget.Primary, "Save the page", look.IconExport, p.save)
		if p.kit.Busy() {
			save.Disable()
		}
		objects = append(objects, widget.NewText(widget.Muted, "Save it, print it, and delete the file. Its name may end in .pdf or .png."), save)
	default:
		objects = append(objects, p.rehearsal())
	}
	p.root.rebuild(p, p.body, sheet("Recovery kit", p.root.home, objects...))
}

// rehearsal asks for three of the words.
func (p *kitPage) rehearsal() fyne.CanvasObject {
	if len(p.words) != len(p.kit.Places()) {
		p.words = nil
		for range p.kit.Places() {
			e := widget.NewEntry("")
			e.OnSubmitted = func(string) { p.check() }
			p.words = append(p.words, e)
		}
	}
	objects := []fyne.CanvasObject{widget.NewText(widget.Body, "Print the page and take these words from it. That shows that it can be read.")}
	for i, place := range p.kit.Places() {
		objects = append(objects, widget.NewFormField(fmt.Sprintf("Word %d", place), p.words[i], ""))
	}
	objects = append(objects, widget.NewFlow(look.Space2, widget.NewButton(widget.Primary, "Check", look.IconCheck, p.check)))
	return widget.NewSection("Rehearsal", objects...)
}

func (p *kitPage) check() {
	typed := make([]string, len(p.words))
	for i, e := range p.words {
		typed[i] = e.Text
	}
	p.kit.Check(typed)
}

func (p *kitPage) save() { p.root.saveFile("tallystick-recovery-kit.pdf", p.kit.Save) }
