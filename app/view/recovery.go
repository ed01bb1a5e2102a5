package view

import (
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
)

// recoveryPage shows the recovery keys of an account: after the person confirmed who they are, and only for a while.
type recoveryPage struct {
	basePage
	root *Root
	id   model.ID
	name string
	body *fyne.Container
	why  string // why nothing can be changed about them here; "" = it can
	left int    // ticks until it goes away by itself
}

// recoverySeconds is how long recovery keys stay on the screen without the person doing anything.
const recoverySeconds = 120

func (r *Root) openRecovery(id model.ID) {
	row, ok := r.session.List().Get(id)
	if !ok {
		return
	}
	name := title(row.Issuer, row.Name)
	r.confirmRecovery("Recovery keys",
		"The recovery keys of "+name+" let anybody in who also has the password.",
		"show them", func() {
			p := &recoveryPage{root: r, id: id, name: name, body: newStack(), left: recoverySeconds}
			r.show(p)
		}, r.home)
}

func (p *recoveryPage) content() fyne.CanvasObject { return p.body }
func (p *recoveryPage) escape()                    { p.root.home() }
func (p *recoveryPage) leave()                     { p.root.session.CloseRecovery() }

func (p *recoveryPage) tick() {
	if p.left--; p.left <= 0 {
		p.root.home()
	}
}

func (p *recoveryPage) update() {
	list := p.root.session.List()
	p.left = recoverySeconds
	objects := []fyne.CanvasObject{widget.NewText(widget.Muted, p.name)}
	if warning := list.Recovery(p.id).Warning; warning != "" {
		b := widget.NewBanner()
		b.Set(widget.Warning, "", warning)
		objects = append(objects, b)
	}
	more := widget.NewFlow(look.Space2)
	if p.why = p.root.session.Sharing().WhyReadOnly(p.id); p.why != "" {
		why := widget.NewBanner()
		why.Set(widget.Info, "Only to look at", p.why+" Before you type a key at the portal, have it marked as used there, or somebody else tries it again.")
		objects = slices.Insert(objects, 1, fyne.CanvasObject(why))
	} else {
		more.Add(widget.NewButton(widget.Secondary, "The portal gave me a new sheet", look.IconAdd, func() { p.root.openKeep(p.id) }))
	}
	more.Add(widget.NewButton(widget.Quiet, "Print", look.IconExport, func() { p.root.openPrintout(p.id) }))
	for _, s := range list.Sheets(p.id) {
		objects = append(objects, p.sheet(s))
	}
	objects = append(objects, more)
	p.root.rebuild(p, p.body, sheet("Recovery keys", p.root.home, objects...))
}

// dropped takes a new sheet that is dropped on the old one: it is shown as it was understood before anything is kept.
func (p *recoveryPage) dropped(paths []string) {
	p.root.openKeep(p.id)
	p.root.session.Keep().ReadFile(paths[0])
}

func (p *recoveryPage) sheet(s model.Sheet) fyne.CanvasObject {
	list := p.root.session.List()
	name := "Kept on " + model.Day(s.Added)
	if s.Source != "" {
		name += ", from " + s.Source
	}
	var rows []fyne.CanvasObject
	if !s.Dead.IsZero() {
		rows = append(rows, widget.NewText(widget.Muted, "Replaced by a newer sheet on "+model.Day(s.Dead)+". The portal no longer takes these."))
	}
	if s.Sealed {
		// The passphrase was changed behind this page, or the sheet came out of a copy that had another one.
		rows = append(rows, widget.NewText(widget.Muted, fmt.Sprintf("%s, sealed under another passphrase than the one that was typed.", count(len(s.Keys), "key", "keys"))),
			widget.NewFlow(look.Space2, widget.NewButton(widget.Secondary, "Type it again", look.IconUnlock, func() { p.root.openRecovery(p.id) })))
		return widget.NewSection(name, append(rows, p.removal(s)...)...)
	}
	for i, k := range s.Keys {
		var action fyne.CanvasObject
		text := widget.NewText(widget.Mono, k.Text)
		switch {
		case !s.Dead.IsZero():
		case p.why != "":
			if !k.Used.IsZero() {
				text.SetColor(look.ColorMuted)
			}
		case k.Used.IsZero():
			action = widget.NewButton(widget.Secondary, "Use", look.IconCopy, func() { list.UseRecoveryKey(p.id, s.ID, i) })
		default:
			text.SetColor(look.ColorMuted)
			action = widget.NewButton(widget.Quiet, "Undo", look.IconRestore, func() { list.UndoRecoveryKey(p.id, s.ID, i) })
		}
		key := []fyne.CanvasObject{text}
		if !k.Used.IsZero() {
			key = append(key, widget.NewText(widget.Caption, "Used on "+model.Day(k.Used)))
		}
		rows = append(rows, container.NewBorder(nil, nil, nil, action, widget.NewPadded(0, look.Space2, widget.NewColumn(0, key...))))
	}
	return widget.NewSection(name, append(rows, p.removal(s)...)...)
}

// removal deletes a sheet that was replaced; the list offers to undo it.
func (p *recoveryPage) removal(s model.Sheet) []fyne.CanvasObject {
	if s.Dead.IsZero() || p.why != "" {
		return nil
	}
	return []fyne.CanvasObject{widget.NewFlow(look.Space2, widget.NewButton(widget.Quiet, "Delete this sheet", look.IconDelete, func() {
		p.root.session.List().RemoveSheet(p.id, s.ID)
	}))}
}

// recoverySummary is the line in an account's details.
func recoverySummary(r model.Recovery) string {
	if r.Total == 0 {
		return "None kept"
	}
	return fmt.Sprintf("%d of %d left", r.Left, r.Total)
}
