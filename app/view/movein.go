package view

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/vault/secret"
)

// shownItems is how many accounts of an export are shown one by one. More come along all the same: nobody reads thousands.
const shownItems = 150

// moveInPage brings accounts over from another app: files, passphrase, preview, done.
type moveInPage struct {
	basePage
	root   *Root
	flow   *model.MoveIn
	body   *fyne.Container
	banner *widget.Banner
	pass   *widget.PassphraseEntry
	first  fyne.Focusable
	stage  model.MoveInStage
}

func (r *Root) openMoveIn() {
	r.moveIn(nil)
}

// moveIn opens the page, with files that are already chosen.
func (r *Root) moveIn(paths []string) {
	p := &moveInPage{root: r, flow: r.session.MoveIn(), body: newStack(), banner: widget.NewBanner(), stage: -1}
	p.pass = widget.NewPassphraseEntry("Passphrase of the export")
	p.pass.OnSubmitted = p.unlock
	p.flow.Begin()
	r.show(p)
	if len(paths) > 0 {
		p.flow.Open(paths)
	}
}

func (r *Root) moveInChanged() {
	if p, ok := r.current.(*moveInPage); ok {
		p.update()
	}
}

func (p *moveInPage) content() fyne.CanvasObject { return p.body }
func (p *moveInPage) focus() fyne.Focusable      { return p.first }
func (p *moveInPage) dropped(paths []string)     { p.flow.Open(paths) }

func (p *moveInPage) escape() {
	switch p.flow.Stage() {
	case model.MoveInChoose, model.MoveInDone:
		p.root.leaveAdd()
	default:
		p.flow.Cancel()
	}
}

func (p *moveInPage) leave() {
	p.pass.Clear()
	p.flow.Cancel()
}

func (p *moveInPage) update() {
	p.banner.Set(widget.Trouble, "", p.flow.Error())
	var objects []fyne.CanvasObject
	heading := "Move in from another app"
	switch p.flow.Stage() {
	case model.MoveInReading:
		cancel := widget.NewButton(widget.Secondary, "Cancel", "", p.flow.Cancel)
		p.first = cancel
		objects = []fyne.CanvasObject{widget.NewText(widget.Title, p.flow.Busy()), widget.NewText(widget.Muted, "This takes a moment."), cancel}
	case model.MoveInLocked:
		heading = "Moving in"
		objects = p.locked()
	case model.MoveInPreview:
		heading = "Moving in"
		objects = p.preview()
	case model.MoveInDone:
		objects = p.done()
	default:
		objects = p.choose()
	}
	p.root.rebuild(p, p.body, sheet(heading, p.escape, append([]fyne.CanvasObject{p.banner}, objects...)...))
	if p.flow.Stage() != p.stage {
		p.stage = p.flow.Stage()
		if p.root.current == page(p) {
			p.root.focusOn(p.first)
		}
	}
}

func (p *moveInPage) choose() []fyne.CanvasObject {
	open := widget.NewButton(widget.Primary, "Open its export", look.IconFolder, p.openFile)
	p.first = open
	return []fyne.CanvasObject{
		widget.NewText(widget.Body, "Have the other app export its accounts into a file, and open that file here, or drop it on this window. What app it is from shows in what is in it. Nothing is added before you have seen it."),
		open,
		widget.NewSection("Google Authenticator",
			widget.NewText(widget.Body, "On the phone: Menu, Transfer accounts, Export accounts. Bring pictures of its QR codes onto this computer and drop all of them here, or show them on this screen. Delete the pictures afterwards: they contain your keys."),
			widget.NewFlow(look.Space2, widget.NewButton(widget.Secondary, "Scan my screen", look.IconScan, p.root.session.Add().ScanScreen),
				widget.NewButton(widget.Secondary, "Open pictures", look.IconPicture, p.root.openPicture))),
		widget.NewSection("What can be read", widget.NewText(widget.Muted, strings.Join(p.flow.Apps(), ", ")+". Encrypted exports too, with their passphrase.")),
	}
}

func (p *moveInPage) openFile() {
	p.root.chooseFile(func(path string) { p.flow.Open([]string{path}) })
}

func (p *moveInPage) locked() []fyne.CanvasObject {
	p.first = p.pass.Focusable()
	objects := []fyne.CanvasObject{widget.NewText(widget.Body, p.flow.App()+": the export is encrypted. Type the passphrase that was given when it was made.")}
	if cost := p.flow.CostLine(); cost != "" {
		objects = append(objects, widget.NewText(widget.Muted, cost))
	}
	return append(objects, p.pass, widget.NewButton(widget.Primary, "Open it", look.IconUnlock, p.unlock))
}

func (p *moveInPage) unlock() {
	if pass := secret.New(p.pass.Take()); !pass.IsEmpty() {
		p.flow.Unlock(pass)
	}
}

func (p *moveInPage) preview() []fyne.CanvasObject {
	n, adding := p.flow.Len(), p.flow.Adding()
	add := widget.NewButton(widget.Primary, "Add them", look.IconCheck, p.flow.Save)
	p.first = add
	switch {
	case adding == 1:
		add.SetLabel("Add the one account")
	case adding > 1:
		add.SetLabel(fmt.Sprintf("Add %d accounts", adding))
	case p.flow.Chosen() > 0:
		add.SetLabel("Take the changes over")
	default:
		add.Disable()
	}
	if p.flow.Busy() != "" {
		add.Disable()
	}
	objects := []fyne.CanvasObject{widget.NewText(widget.Body, p.flow.App()+": "+strings.ToLower(count(n, "account.", "accounts."))+" Take out what you do not want.")}
	for _, w := range p.flow.Warnings() {
		b := widget.NewBanner()
		b.Set(widget.Warning, "", w)
		objects = append(objects, b)
	}
	objects = append(objects, widget.NewFlow(look.Space2, add,
		widget.NewButton(widget.Quiet, "All", "", func() { p.flow.ChooseAll(true) }), widget.NewButton(widget.Quiet, "None", "", func() { p.flow.ChooseAll(false) })))
	for i := range min(n, shownItems) {
		objects = append(objects, p.item(i))
	}
	if n > shownItems {
		objects = append(objects, widget.NewText(widget.Muted, fmt.Sprintf("… and %d more, which come along unless you choose None.", n-shownItems)))
	}
	if skipped := p.flow.Skipped(); len(skipped) > 0 {
		var lines []fyne.CanvasObject
		for i, s := range skipped {
			if i == shownItems {
				lines = append(lines, widget.NewText(widget.Muted, fmt.Sprintf("… and %d more.", len(skipped)-shownItems)))
				break
			}
			lines = append(lines, widget.NewFinding(widget.Warning, s.What, s.Why, ""))
		}
		objects = append(objects, widget.NewSection("Cannot come along", lines...))
	}
	return objects
}

// item is one account, with what has to be decided about it.
func (p *moveInPage) item(i int) fyne.CanvasObject {
	it := p.flow.Item(i)
	var objects []fyne.CanvasObject
	if it.Choosable {
		objects = append(objects, widget.NewCheck(it.Title, it.Add, func(on bool) { p.flow.Choose(i, on) }))
	} else {
		objects = append(objects, widget.NewText(widget.Body, it.Title))
	}
	if it.About != "" {
		objects = append(objects, widget.NewText(widget.Muted, it.About))
	}
	if it.Renamable {
		objects = append(objects, widget.NewCheck("Give it these names", it.Rename, func(on bool) { p.flow.Rename(i, on) }))
	}
	if it.NeedsPIN && !it.HasPIN {
		pin := widget.NewPassphraseEntry("PIN of " + it.Title)
		pin.OnSubmitted = func() { p.flow.SetPIN(i, secret.New(pin.Take())) }
		objects = append(objects, pin)
	}
	if it.NeedsPIN && it.HasPIN {
		objects = append(objects, widget.NewButton(widget.Quiet, "Type the PIN again", "", func() { p.flow.SetPIN(i, secret.Bytes{}) }))
	}
	if it.Recovery > 0 {
		objects = append(objects, widget.NewCheck("Keep "+count(it.Recovery, "text", "texts")+" of its note as recovery keys", it.KeepRecovery, func(on bool) { p.flow.KeepRecovery(i, on) }))
	}
	return widget.NewSection("", objects...)
}

func (p *moveInPage) done() []fyne.CanvasObject {
	finish := widget.NewButton(widget.Primary, "Show my accounts", look.IconCheck, p.root.home)
	p.first = finish
	good := widget.NewBanner()
	good.Set(widget.Good, "Moved in", strings.Join(p.flow.Summary(), " "))
	return []fyne.CanvasObject{
		good,
		widget.NewText(widget.Body, "Try one of the codes at its portal before you remove the other app. Then delete the export: everybody who has it can make your codes."),
		finish,
	}
}
