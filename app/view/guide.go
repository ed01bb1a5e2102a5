package view

import (
	"fmt"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
)

// guidesPage lists the portals there are guides for.
type guidesPage struct {
	basePage
	root  *Root
	first fyne.Focusable
	body  fyne.CanvasObject
}

func (r *Root) openGuides() {
	p := &guidesPage{root: r}
	objects := []fyne.CanvasObject{widget.NewText(widget.Muted, "A guide shows, step by step and beside the portal, where to click. It stays on top of the other windows.")}
	for _, g := range r.session.Guides() {
		card := widget.NewChoiceCard(look.IconHelp, g.Name, "", func() { r.env.OpenGuide(g.ID) })
		if p.first == nil {
			p.first = card
		}
		objects = append(objects, card)
	}
	p.body = sheet("Show me how", r.leaveAdd, objects...)
	r.show(p)
}

func (p *guidesPage) content() fyne.CanvasObject { return p.body }
func (p *guidesPage) focus() fyne.Focusable      { return p.first }
func (p *guidesPage) escape()                    { p.root.leaveAdd() }

// GuideWindow is the content of the narrow window that lies beside the portal.
type GuideWindow struct {
	root  *Root
	guide model.Guide
	way   int
	step  int
	body  *fyne.Container
	code  *widget.BigCode
	close func()
}

// GuideWidth and GuideHeight are the size of that window at 100 % text.
const (
	GuideWidth  float32 = 320
	GuideHeight float32 = 560
)

// NewGuideWindow makes the content for the guide of a portal; nil when there is none. close closes the window.
func (r *Root) NewGuideWindow(id string, close func()) *GuideWindow {
	g := &GuideWindow{root: r, body: newStack(), close: close}
	if !g.take(id, 0) {
		return nil
	}
	return g
}

func (g *GuideWindow) take(id string, way int) bool {
	guide, ok := g.root.session.Guide(id, way)
	if !ok {
		return false
	}
	g.guide, g.way, g.step = guide, way, 0
	g.update()
	return true
}

// Title is the title for the window.
func (g *GuideWindow) Title() string { return g.guide.Portal }

// Content is the object to put into the window.
func (g *GuideWindow) Content() fyne.CanvasObject { return g.body }

// TypedKey goes through the steps by keyboard: right and left, Enter for the next, Escape to close.
func (g *GuideWindow) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyRight, fyne.KeyPageDown, fyne.KeyReturn, fyne.KeyEnter:
		g.next()
	case fyne.KeyLeft, fyne.KeyPageUp:
		g.back()
	case fyne.KeyEscape:
		g.close()
	}
}

func (g *GuideWindow) next() {
	if g.step+1 < len(g.guide.Steps) {
		g.step++
		g.update()
	}
}

func (g *GuideWindow) back() {
	if g.step > 0 {
		g.step--
		g.update()
	}
}

// Tick shows what a second changed.
func (g *GuideWindow) Tick() {
	if g.code != nil {
		g.showCode()
	}
}

func (g *GuideWindow) update() {
	s := g.guide.Steps[g.step]
	g.code = nil
	objects := []fyne.CanvasObject{widget.NewText(widget.Strong, g.guide.Portal), widget.NewText(widget.Caption, g.guide.Way)}
	if g.step == 0 {
		for i, other := range g.guide.Other {
			if i != g.way {
				objects = append(objects, widget.NewFlow(0, widget.NewButton(widget.Quiet, "Instead: "+other, look.IconNext, func() { g.take(g.guide.ID, i) })))
			}
		}
		for _, line := range g.guide.Before {
			objects = append(objects, widget.NewText(widget.Muted, line))
		}
		if g.guide.Wants != "" {
			objects = append(objects, widget.NewText(widget.Muted, g.guide.Wants))
		}
	}
	step := []fyne.CanvasObject{widget.NewText(widget.Body, s.Text)}
	if s.Path != "" {
		step = append(step, widget.NewText(widget.Strong, s.Path))
	}
	switch s.Does {
	case model.GuideScan:
		step = append(step, widget.NewButton(widget.Primary, "Scan my screen", look.IconScan, g.root.ScanScreen))
		if g.guide.Key != "" {
			step = append(step, widget.NewText(widget.Muted, "A typed key is: "+g.guide.Key))
		}
		step = append(step, widget.NewFlow(0, widget.NewButton(widget.Quiet, "Type the key", look.IconKey, func() {
			g.root.session.Add().TypeKey()
			g.root.env.Raise()
		})))
	case model.GuideCode:
		g.code = widget.NewBigCode()
		g.code.OnTapped = func() {
			if row, ok := g.account(); ok {
				g.root.session.List().Copy(row.ID)
			}
		}
		g.showCode()
		step = append(step, g.code)
		for _, line := range g.guide.Refusals {
			step = append(step, widget.NewText(widget.Caption, line))
		}
	case model.GuideRecovery:
		step = append(step, widget.NewButton(widget.Primary, "Keep the recovery keys", look.IconRecovery, func() {
			switch row, ok := g.account(); {
			case ok && g.root.keeping(row.ID):
				// The step is on the screen already, behind the guide.
			case ok:
				g.root.openKeep(row.ID)
			default:
				g.addAccount() // the account comes first
			}
			g.root.env.Raise()
		}))
	case model.GuideDone:
		if _, ok := g.account(); !ok && g.guide.Sends {
			step = append(step, widget.NewButton(widget.Primary, "Add this account", look.IconAdd, func() {
				g.addAccount()
				g.root.env.Raise()
			}), widget.NewText(widget.Muted, "There is no code to make. Its recovery keys, sign-in address and a note are kept with it."))
		}
	}
	objects = append(objects, widget.NewSection(fmt.Sprintf("Step %d of %d", g.step+1, len(g.guide.Steps)), step...))

	var buttons []fyne.CanvasObject
	if g.step > 0 {
		buttons = append(buttons, widget.NewButton(widget.Secondary, "Back", look.IconBack, g.back))
	}
	if g.step+1 < len(g.guide.Steps) {
		buttons = append(buttons, widget.NewButton(widget.Primary, "Next", look.IconChevron, g.next))
	} else {
		buttons = append(buttons, widget.NewButton(widget.Primary, "Close", look.IconCheck, g.close))
	}
	objects = append(objects, widget.NewFlow(look.Space2, buttons...))
	if g.guide.NewKey != "" && s.Does == model.GuideDone {
		objects = append(objects, widget.NewText(widget.Caption, "A new recovery key: "+g.guide.NewKey))
	}
	g.body.Objects = []fyne.CanvasObject{columnOf(false, objects...)}
	g.body.Refresh()
}

// account is the one the guide is about: of those that go this way at this portal the one that was added last.
func (g *GuideWindow) account() (model.Row, bool) {
	return g.root.session.LatestOf(g.guide.ID, g.guide.Sends)
}

// addAccount opens the form for an account of this way.
func (g *GuideWindow) addAccount() {
	if g.guide.Sends {
		g.root.session.Add().TypeManual(g.guide.Issuer)
	} else {
		g.root.session.Add().TypeKey()
	}
}

// keeping reports whether the step of keeping recovery keys for an account is on the screen.
func (r *Root) keeping(id model.ID) bool {
	k := r.session.Keep()
	switch r.current.(type) {
	case *addPage, *keepPage:
		return k.Active() && k.Account() == id && k.Saved() == 0
	}
	return false
}

func (g *GuideWindow) showCode() {
	row, ok := g.account()
	if !ok {
		g.code.Set(widget.BigCodeState{Hint: "The code comes here once the QR code was scanned."})
		return
	}
	g.code.Set(bigCode(row))
}
