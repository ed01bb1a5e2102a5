package view

import (
	"fmt"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/vault/secret"
)

// exportPage writes accounts for another app: the form, what it cannot hold, and then a file or QR codes on the screen.
type exportPage struct {
	basePage
	root         *Root
	export       *model.Export
	body         *fyne.Container
	first, again *widget.PassphraseEntry
	banner       *widget.Banner
	away         bool           // the person is being asked who they are; the flow goes on
	left         int            // ticks until QR codes go away by themselves
	begin        fyne.Focusable // where the keyboard begins; nil = nowhere
	shown        string         // the form that was on the screen last; "" = the choice of forms
}

func (r *Root) openExport() {
	p := &exportPage{root: r, export: r.session.Export(), body: newStack(), banner: widget.NewBanner()}
	p.first = widget.NewPassphraseEntry("Passphrase of the export")
	p.again = widget.NewPassphraseEntry("The same once more")
	p.first.OnSubmitted = func() { r.focusOn(p.again.Focusable()) }
	p.again.OnSubmitted = p.save
	p.export.Begin()
	r.show(p)
}

func (p *exportPage) content() fyne.CanvasObject { return p.body }

func (p *exportPage) focus() fyne.Focusable { return p.begin }

func (p *exportPage) escape() {
	if _, chosen := p.export.Chosen(); chosen {
		p.forms()
		return
	}
	p.root.home()
}

func (p *exportPage) leave() {
	if p.away {
		return
	}
	p.first.Clear()
	p.again.Clear()
	p.export.Close()
}

// tick takes QR codes off the screen when nobody turns them.
func (p *exportPage) tick() {
	if _, _, of, _ := p.export.Code(); of == 0 {
		return
	}
	if p.left--; p.left <= 0 {
		p.root.home()
	}
}

// forms goes back to the choice.
func (p *exportPage) forms() { p.export.Begin() }

var exportIcons = map[string]look.IconName{
	"tallystick": look.IconLock, "aegis": look.IconExport, "2fas": look.IconExport, "bitwarden": look.IconExport,
	"uris": look.IconFile, "google": look.IconQR, "pdf": look.IconNote,
}

func (p *exportPage) update() {
	p.banner.Set(widget.Trouble, "", p.export.Error())
	form, chosen := p.export.Chosen()
	if !chosen {
		objects := []fyne.CanvasObject{widget.NewText(widget.Body, "Your accounts are yours: take them to any app. What it cannot hold is said before anything is written.")}
		p.begin = nil
		for _, f := range p.export.Forms() {
			card := widget.NewChoiceCard(exportIcons[f.ID], "For "+f.App, f.About, func() { p.export.Choose(f.ID, false) })
			if objects = append(objects, card); p.begin == nil {
				p.begin = card
			}
		}
		p.root.rebuild(p, p.body, sheet("Export", p.root.home, objects...))
		p.refocus("")
		return
	}
	p.begin = p.first.Focusable()
	if p.export.InTheOpen() {
		p.begin = nil
	}
	var objects []fyne.CanvasObject
	switch _, _, of, _ := p.export.Code(); {
	case of > 0:
		objects = p.codes()
	case len(p.export.Saved()) > 0:
		objects = p.saved()
	default:
		objects = append(p.form(form), p.losses()...)
	}
	p.root.rebuild(p, p.body, sheet("Export for "+form.App, p.forms, append([]fyne.CanvasObject{p.banner}, objects...)...))
	p.refocus(form.ID)
}

// refocus gives the keyboard to what a form, or the choice of forms, begins with.
func (p *exportPage) refocus(form string) {
	if form != p.shown && p.root.current == page(p) {
		p.root.focusOn(p.begin)
	}
	p.shown = form
}

// form asks how the export is to be written.
func (p *exportPage) form(form model.ExportForm) []fyne.CanvasObject {
	save := widget.NewButton(widget.Primary, "Save the file", look.IconExport, p.save)
	flow := widget.NewFlow(look.Space2, save)
	if form.Codes {
		save.SetLabel("Save as pictures")
		show := widget.NewButton(widget.Secondary, "Show on the screen", look.IconQR, func() { p.confirm("show them", p.show) })
		flow.Add(show)
		if p.export.Written() == 0 {
			show.Disable()
		}
	}
	if p.export.Busy() || p.export.Written() == 0 {
		save.Disable()
	}
	objects := []fyne.CanvasObject{widget.NewText(widget.Body, count(p.export.Written(), "account is written.", "accounts are written."))}
	if p.export.InTheOpen() {
		warning := widget.NewBanner()
		warning.Set(widget.Warning, "In the open", "Everybody who gets this can make your codes. Delete it as soon as the other app has read it; until then Tallystick reminds you of it.")
		objects = append(objects, warning)
	} else {
		objects = append(objects, widget.NewFormField("Passphrase", widget.NewColumn(look.Space2, p.first, p.again), form.App+" asks for it when it reads the file."))
	}
	if form.Sealed && form.Plain {
		objects = append(objects, widget.NewCheck("Write it in the open, without a passphrase", p.export.InTheOpen(), func(on bool) { p.export.Choose(form.ID, on) }))
	}
	return append(objects, flow)
}

// losses says what stays behind, the accounts that are left out first.
func (p *exportPage) losses() []fyne.CanvasObject {
	list, always := p.export.Losses()
	var objects []fyne.CanvasObject
	rows := func(out bool, mood widget.Mood) (rows []fyne.CanvasObject) {
		for _, l := range list {
			if l.LeftOut != out {
				continue
			}
			if len(rows) == shownLines {
				return append(rows, widget.NewText(widget.Muted, "… and more."))
			}
			rows = append(rows, widget.NewFinding(mood, title(l.Issuer, l.Name), l.Text, ""))
		}
		return rows
	}
	if out := rows(true, widget.Warning); len(out) > 0 {
		objects = append(objects, widget.NewSection("Left out", out...))
	}
	if some := rows(false, widget.Info); len(some) > 0 {
		objects = append(objects, widget.NewSection("Not all of it", some...))
	}
	if len(always) > 0 {
		objects = append(objects, widget.NewText(widget.Muted, strings.Join(always, " ")))
	}
	return objects
}

func (p *exportPage) saved() []fyne.CanvasObject {
	files := p.export.Saved()
	where := filepath.Base(files[0])
	if len(files) > 1 {
		where = fmt.Sprintf("%s and %d more", where, len(files)-1)
	}
	good := widget.NewBanner()
	good.Set(widget.Good, "Written", fmt.Sprintf("%s, in the folder %s.", where, filepath.Base(filepath.Dir(files[0]))))
	if p.export.InTheOpen() {
		good.Set(widget.Warning, "Written in the open", fmt.Sprintf("%s, in the folder %s. Delete it as soon as the other app has read it.", where, filepath.Base(filepath.Dir(files[0]))))
	}
	return []fyne.CanvasObject{good, widget.NewFlow(look.Space2, widget.NewButton(widget.Primary, "Done", look.IconCheck, p.root.home))}
}

// codes shows the QR codes one after the other.
func (p *exportPage) codes() []fyne.CanvasObject {
	p.left = qrSeconds
	matrix, number, of, accounts := p.export.Code()
	qr := widget.NewQRImage(280)
	qr.SetModules(withoutBorder(matrix))
	before := widget.NewButton(widget.Secondary, "Back", look.IconBack, func() { p.export.Turn(-1) })
	next := widget.NewButton(widget.Primary, "Next", look.IconChevron, func() { p.export.Turn(1) })
	if number == 1 {
		before.Disable()
	}
	if number == of {
		next.Disable()
	}
	return []fyne.CanvasObject{
		widget.NewText(widget.Body, fmt.Sprintf("Code %d of %d, with %d of your accounts. In the other app choose to import or transfer accounts, and scan them in this order.", number, of, accounts)),
		qr,
		widget.NewFlow(look.Space2, before, next),
		widget.NewText(widget.Muted, "It goes away by itself after a minute."),
	}
}

// confirm makes sure who is there before something goes out in the open.
func (p *exportPage) confirm(what string, then func()) {
	p.away = true
	back := func(do func()) func() {
		return func() {
			p.root.show(p)
			p.away = false
			if do != nil {
				do()
			}
		}
	}
	p.root.show(newConfirmPage(p.root, "Export in the open", "Everybody who gets this export can make your codes for ever.", what, back(then), back(nil)))
}

func (p *exportPage) show() { p.export.ShowCodes() }

func (p *exportPage) save() {
	if p.export.InTheOpen() {
		p.confirm("go on", func() {
			p.root.saveFile(p.export.FileName(), func(path string) { p.export.Save(path, secret.Bytes{}) })
		})
		return
	}
	if !p.root.agree(p.banner, p.first, p.again) {
		return
	}
	p.root.saveFile(p.export.FileName(), func(path string) {
		pass := secret.New(p.first.Take())
		p.again.Clear()
		p.export.Save(path, pass)
	})
}

// exportChanged shows what changed in an export, or in what one left behind.
func (r *Root) exportChanged() {
	switch p := r.current.(type) {
	case *exportPage:
		p.update()
	case *mainPage:
		p.updateCare()
	}
}
