package view

import (
	"fmt"
	"path/filepath"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
)

// printoutPage writes the recovery keys of chosen accounts to a PDF, to be printed and deleted.
type printoutPage struct {
	basePage
	root *Root
	out  *model.Printout
	body *fyne.Container
	left int // ticks until it goes away by itself

	checks map[model.ID]*widget.Check // by account; they stay, and with them the keyboard
}

// openPrintout lets the person choose, with these accounts chosen already.
func (r *Root) openPrintout(ids ...model.ID) {
	r.confirmRecovery("Print recovery keys",
		"Whoever has a printed recovery key, and the password, can sign in with it.",
		"go on", func() {
			p := &printoutPage{root: r, out: r.session.Printout(), body: newStack(), left: recoverySeconds, checks: map[model.ID]*widget.Check{}}
			p.out.Begin(ids...)
			r.show(p)
		}, r.home)
}

func (p *printoutPage) content() fyne.CanvasObject { return p.body }
func (p *printoutPage) escape()                    { p.root.home() }

func (p *printoutPage) leave() {
	p.out.Begin()
	p.root.session.CloseRecovery()
}

// tick closes what is open when nobody does anything; a file that was written stays offered for deletion.
func (p *printoutPage) tick() {
	if p.left--; p.left <= 0 && p.out.Saved() == "" {
		p.root.home()
	}
}

func (p *printoutPage) update() {
	p.left = recoverySeconds
	banner := widget.NewBanner()
	banner.Set(widget.Trouble, "", p.out.Error())
	objects := []fyne.CanvasObject{banner}
	switch {
	case p.out.Removed():
		objects = append(objects, p.said(widget.Good, "Deleted", "The file was overwritten and deleted. SSDs, backups and synced folders may still keep a copy."), p.done())
	case p.out.Saved() != "":
		dir, name := filepath.Split(p.out.Saved())
		file := widget.NewBanner()
		file.Set(widget.Warning, "Print it, then delete it", fmt.Sprintf("%s, in the folder %s, holds the keys readable for everybody who gets at this computer.", name, filepath.Base(dir)),
			widget.Action{Label: "Overwrite and delete it", Do: p.out.Remove})
		objects = append(objects, file, p.done())
	default:
		objects = append(objects, p.choices()...)
	}
	p.root.rebuild(p, p.body, sheet("Print recovery keys", p.root.home, objects...))
}

func (p *printoutPage) said(kind widget.Mood, title, text string) fyne.CanvasObject {
	b := widget.NewBanner()
	b.Set(kind, title, text)
	return b
}

func (p *printoutPage) done() fyne.CanvasObject {
	return widget.NewFlow(look.Space2, widget.NewButton(widget.Primary, "Done", look.IconCheck, p.root.home))
}

func (p *printoutPage) choices() []fyne.CanvasObject {
	choices := p.out.Choices()
	if len(choices) == 0 {
		return []fyne.CanvasObject{widget.NewText(widget.Body, "No recovery keys are kept yet, so there is nothing to print."), p.done()}
	}
	var checks []fyne.CanvasObject
	for _, c := range choices {
		if p.checks[c.ID] == nil {
			p.checks[c.ID] = widget.NewCheck(fmt.Sprintf("%s (%d of %d left)", c.Title, c.Left, c.Total), c.Chosen,
				func(on bool) { p.out.Choose(c.ID, on) })
		}
		p.checks[c.ID].SetOn(c.Chosen)
		checks = append(checks, p.checks[c.ID])
	}
	save := widget.NewButton(widget.Primary, "Save as PDF", look.IconExport, p.save)
	if p.out.Chosen() == 0 || p.out.Busy() {
		save.Disable()
	}
	return []fyne.CanvasObject{
		widget.NewText(widget.Body, "The sheet has a box to tick for each key; used ones are struck out. Print it, keep it where you keep your passport, and delete the file."),
		widget.NewSection("Accounts", checks...),
		widget.NewFlow(look.Space2, save, widget.NewButton(widget.Quiet, "Cancel", "", p.root.home)),
	}
}

func (p *printoutPage) save() { p.root.saveFile("recovery-keys.pdf", p.out.Save) }

// printoutChanged shows what changed in the printing of recovery keys.
func (r *Root) printoutChanged() {
	if p, ok := r.current.(*printoutPage); ok {
		p.update()
	}
}
