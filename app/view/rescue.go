package view

import (
	"strings"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/vault/secret"
)

// rescuePage opens the vault with its recovery kit: the kit first, then how the vault is protected from now on.
type rescuePage struct {
	basePage
	root   *Root
	rescue *model.Rescue
	body   *fyne.Container
	banner *widget.Banner

	words    *widget.Entry
	progress *widget.Text
	doubts   *widget.Text
	next     *widget.Button

	how          model.Protection
	first, again *widget.PassphraseEntry
	open         *widget.Button
	fits         bool // the second step is on the screen
}

func (r *Root) openRescue() {
	p := &rescuePage{root: r, rescue: r.session.Rescue(), body: newStack(), banner: widget.NewBanner()}
	p.words = widget.NewMultiLineEntry("The 24 words, in their order", 5)
	p.words.Wrapping = fyne.TextWrapWord
	p.progress = widget.NewText(widget.Muted, "")
	p.doubts = widget.NewText(widget.Problem, "")
	p.words.OnChanged = func(string) { p.judge() }
	p.next = widget.NewButton(widget.Primary, "Continue", look.IconChevron, p.read)
	p.first = widget.NewPassphraseEntry("New passphrase")
	p.again = widget.NewPassphraseEntry("The same once more")
	p.first.OnSubmitted = func() { r.focusOn(p.again.Focusable()) }
	p.again.OnSubmitted = p.restore
	p.open = widget.NewButton(widget.Primary, "Open my accounts", look.IconUnlock, p.restore)
	p.rescue.Begin()
	if p.rescue.Active() {
		r.show(p)
	}
}

func (p *rescuePage) content() fyne.CanvasObject { return p.body }

func (p *rescuePage) focus() fyne.Focusable {
	if p.rescue.Fits() {
		return p.open
	}
	return p.words
}

// escape goes back one step, and from the first to where the person came from.
func (p *rescuePage) escape() {
	if p.rescue.Fits() && p.rescue.Busy() == "" {
		p.rescue.Again()
		p.root.focusOn(p.words)
		return
	}
	p.root.showState()
}

func (p *rescuePage) leave() {
	p.words.OnChanged = nil
	p.words.SetText("")
	p.first.Clear()
	p.again.Clear()
	p.rescue.Close()
}

func (p *rescuePage) update() {
	if p.root.current != page(p) {
		return
	}
	busy := p.rescue.Busy()
	p.banner.Set(widget.Trouble, "", p.rescue.Error())
	if fits := p.rescue.Fits(); fits != p.fits {
		p.fits = fits
		if fits { // the words are not needed on the screen any more
			p.words.SetText("")
			p.how = p.rescue.Ways()[0]
		}
	}
	if p.fits {
		p.showChoice(busy)
	} else {
		p.showKit(busy)
	}
}

// showKit asks for the kit.
func (p *rescuePage) showKit(busy string) {
	scan := widget.NewButton(widget.Secondary, "Scan my screen", look.IconScan, p.rescue.ScanScreen)
	open := widget.NewButton(widget.Secondary, "Open a file", look.IconFolder, p.openFile)
	paste := widget.NewButton(widget.Secondary, "Paste", look.IconClipboard, p.rescue.ReadClipboard)
	setBusy(p.next, busy != "", "Continue", orText(busy, "Continue"))
	if busy != "" {
		for _, b := range []*widget.Button{scan, open, paste} {
			b.Disable()
		}
	}
	p.show("With your recovery kit",
		widget.NewText(widget.Body, "The recovery kit is the page with 24 words and a QR code that you printed. It opens your accounts when the passphrase is forgotten or the key is lost. Nothing is changed before you choose how to go on."),
		widget.NewSection("Show the page", widget.NewText(widget.Muted, "A photo, a scan, or the PDF it was printed from. You can drop the file here."), widget.NewFlow(look.Space2, scan, open, paste)),
		widget.NewSection("Or type its words", widget.NewText(widget.Muted, "The first four letters of each word are enough; the numbers need not be typed."), p.words, p.progress, p.doubts),
		p.banner,
		widget.NewFlow(look.Space2, p.next, widget.NewButton(widget.Quiet, "Cancel", "", p.escape)))
}

// protections are what a person chooses between.
var protections = map[model.Protection]string{
	model.ByKeyring:              "The keyring of this computer. Nothing to remember: it opens when I sign in to the computer.",
	model.ByKeyringAndPassphrase: "The keyring and a passphrase. Tallystick asks for it at every start and when it is locked.",
	model.ByPassphrase:           "A passphrase alone. Nothing is kept in the keyring.",
}

// showChoice asks how to go on.
func (p *rescuePage) showChoice(busy string) {
	good := widget.NewBanner()
	good.Set(widget.Good, "This kit opens your accounts", "It is the one of vault "+p.rescue.Vault()+". It stays valid.")
	objects := []fyne.CanvasObject{good}
	var choices []fyne.CanvasObject
	ways := p.rescue.Ways()
	if len(ways) == 1 {
		p.how = ways[0]
		choices = append(choices, widget.NewText(widget.Muted, p.root.session.KeyringSentence()))
	} else {
		for _, how := range ways {
			choices = append(choices, widget.NewCheck(protections[how], how == p.how, func(bool) {
				p.how = how
				p.update()
			}))
		}
	}
	if p.how.NeedsPassphrase() {
		choices = append(choices, widget.NewText(widget.Muted, "Four or more unrelated words are both strong and easy to remember."), p.first, p.again)
	}
	setBusy(p.open, busy != "", "Open my accounts", "Opening…")
	objects = append(objects,
		widget.NewSection("What is to protect them from now on?", choices...),
		widget.NewText(widget.Muted, "What protected them before is no longer asked for: a forgotten passphrase ends with this."),
		p.banner,
		widget.NewFlow(look.Space2, p.open, widget.NewButton(widget.Quiet, "Another kit", "", p.escape)))
	p.show("With your recovery kit", objects...)
}

func (p *rescuePage) show(title string, objects ...fyne.CanvasObject) {
	p.judgeQuietly()
	p.root.rebuild(p, p.body, sheet(title, p.escape, objects...))
}

// judge says of the words typed so far what is wrong with them.
func (p *rescuePage) judge() {
	p.judgeQuietly()
	p.body.Refresh()
}

func (p *rescuePage) judgeQuietly() {
	progress, doubts := p.rescue.Typed(p.words.Text)
	p.progress.SetText(progress)
	p.doubts.SetText(strings.Join(doubts, "\n"))
	setVisible(p.progress, progress != "")
	setVisible(p.doubts, len(doubts) > 0)
}

func (p *rescuePage) read() {
	if strings.TrimSpace(p.words.Text) == "" {
		p.banner.Set(widget.Trouble, "", "Type the words first, or show the page.")
		p.root.focusOn(p.words)
		return
	}
	p.rescue.ReadWords(secret.FromString(p.words.Text))
}

func (p *rescuePage) restore() {
	if p.rescue.Busy() != "" {
		return
	}
	if !p.how.NeedsPassphrase() {
		p.rescue.Restore(p.how, secret.Bytes{})
		return
	}
	if p.root.agree(p.banner, p.first, p.again) {
		p.again.Clear()
		p.rescue.Restore(p.how, secret.New(p.first.Take()))
	}
}

// shortcut does for the kit what the combination does for an account.
func (p *rescuePage) shortcut(key fyne.KeyName, shift bool) {
	switch {
	case key == fyne.KeyS && shift:
		p.rescue.ScanScreen()
	case key == fyne.KeyV && shift:
		p.rescue.ReadClipboard()
	}
}

// dropped takes a picture or a PDF of the page.
func (p *rescuePage) dropped(paths []string) { p.rescue.ReadFile(paths[0]) }

func (p *rescuePage) openFile() {
	p.root.chooseFile(p.rescue.ReadFile, append([]string{".pdf"}, pictureTypes...)...)
}

func orText(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
