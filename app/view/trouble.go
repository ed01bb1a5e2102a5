package view

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/vault/secret"
)

// troublePage is shown when there is a vault that cannot be opened. It never offers to start anew over it.
type troublePage struct {
	basePage
	root   *Root
	body   *fyne.Container
	banner *widget.Banner
	retry  *widget.Button
	entry  *widget.PassphraseEntry
}

func newTroublePage(r *Root) *troublePage {
	p := &troublePage{root: r, body: container.NewStack(), banner: widget.NewBanner()}
	p.retry = widget.NewButton(widget.Primary, "Try again", look.IconNext, r.session.Retry)
	p.entry = widget.NewPassphraseEntry("Passphrase")
	p.update()
	return p
}

func (p *troublePage) content() fyne.CanvasObject { return p.body }
func (p *troublePage) leave()                     { p.entry.Clear() }

func (p *troublePage) focus() fyne.Focusable {
	if p.root.session.Problem().CanRetry {
		return p.retry
	}
	return nil
}

func (p *troublePage) update() {
	problem := p.root.session.Problem()
	objects := []fyne.CanvasObject{logo(), widget.NewText(widget.Title, problem.Title), widget.NewText(widget.Body, problem.Text), p.banner}
	if problem.CanRetry {
		setBusy(p.retry, p.root.session.Busy(), "Try again", "Trying…")
		objects = append(objects, p.retry)
	}
	if len(problem.Generations) > 0 {
		older := []fyne.CanvasObject{widget.NewText(widget.Muted, "Restoring one puts it in the place of the damaged file, which is kept beside it.")}
		if problem.NeedPassphrase {
			older = append(older, p.entry)
		}
		for _, g := range problem.Generations {
			older = append(older, p.generation(g))
		}
		objects = append(objects, widget.NewSection("Older copies of your vault", older...))
	}
	if p.root.session.OffersKit() {
		objects = append(objects, widget.NewFlow(0, widget.NewButton(widget.Secondary, haveKit, look.IconRecovery, p.root.openRescue)))
	}
	p.banner.Set(widget.Trouble, "", p.root.session.Error())
	p.body.Objects = []fyne.CanvasObject{centred(objects...)}
	p.body.Refresh()
}

func (p *troublePage) generation(g model.Generation) fyne.CanvasObject {
	label := fmt.Sprintf("%s · %d kB", g.Saved.Local().Format("2 January 2006, 15:04"), (g.Bytes+999)/1000)
	restore := widget.NewButton(widget.Secondary, "Restore", look.IconRestore, func() {
		var pass secret.Bytes
		if p.root.session.Problem().NeedPassphrase {
			if pass = secret.New(p.entry.Take()); pass.IsEmpty() {
				p.banner.Set(widget.Trouble, "", "Type your passphrase first.")
				p.root.focusOn(p.entry.Focusable())
				return
			}
		}
		p.root.session.RestoreGeneration(g, pass)
	})
	return container.NewBorder(nil, nil, nil, restore, widget.NewText(widget.Body, label))
}
