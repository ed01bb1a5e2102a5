package view

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/vault/secret"
)

// packOpenPage reads a code pack from a file, and asks for its passphrase where it has one.
type packOpenPage struct {
	basePage
	root   *Root
	packs  *model.Packs
	body   *fyne.Container
	banner *widget.Banner
	entry  *widget.PassphraseEntry
	first  fyne.Focusable
}

// OpenPack opens a code pack from a file, now or as soon as the vault is open.
func (r *Root) OpenPack(path string) {
	if !r.session.Packs().CanRead() {
		r.pendingPack = path
		if r.session.State() == model.Locked {
			r.Notice("Unlock first, then the code pack is opened.", false)
		}
		return
	}
	p := &packOpenPage{root: r, packs: r.session.Packs(), body: newStack(), banner: widget.NewBanner()}
	p.entry = widget.NewPassphraseEntry("Passphrase of the code pack")
	p.entry.OnSubmitted = p.submit
	r.show(p)
	p.packs.Read(path)
}

// openPendingPack opens the code pack that arrived before it could be.
func (r *Root) openPendingPack() {
	if path := r.pendingPack; path != "" && r.session.Packs().CanRead() {
		r.pendingPack = ""
		r.OpenPack(path)
	}
}

func (p *packOpenPage) content() fyne.CanvasObject { return p.body }
func (p *packOpenPage) focus() fyne.Focusable      { return p.first }
func (p *packOpenPage) escape()                    { p.root.packHome() }

func (p *packOpenPage) leave() {
	p.entry.Clear()
	p.packs.CancelAsking()
}

func (p *packOpenPage) update() {
	showWork(p.banner, p.packs)
	objects := []fyne.CanvasObject{}
	name, asking := p.packs.Asking()
	was := p.first
	switch {
	case asking:
		open := widget.NewButton(widget.Primary, "Open", look.IconUnlock, p.submit)
		if p.packs.Busy() != "" {
			open.Disable()
		}
		p.first = p.entry.Focusable()
		objects = append(objects,
			widget.NewText(widget.Strong, name),
			widget.NewText(widget.Body, "Whoever made it has its passphrase, most likely six words. Ask them by phone, or when you meet."),
			p.entry, p.banner, widget.NewFlow(look.Space2, open, widget.NewButton(widget.Quiet, "Cancel", "", p.root.packHome)))
	case p.packs.Busy() != "":
		objects = append(objects, p.banner)
	default:
		other := widget.NewButton(widget.Secondary, "Open another file", look.IconFile, func() { p.root.chooseFile(p.root.OpenPack) })
		p.first = other
		objects = append(objects, p.banner, widget.NewFlow(look.Space2, other, widget.NewButton(widget.Quiet, "Back", "", p.root.packHome)))
	}
	p.root.rebuild(p, p.body, sheet("Open a code pack", p.root.packHome, objects...))
	if asking && p.packs.Busy() == "" || was != p.first {
		p.root.focusOn(p.first)
	}
}

func (p *packOpenPage) submit() {
	if p.packs.Busy() != "" {
		return
	}
	pass := secret.New(p.entry.Take())
	if pass.IsEmpty() {
		p.banner.Set(widget.Trouble, "", "Type the passphrase of the code pack first.")
		return
	}
	p.packs.Unlock(pass)
}

// guestPackPage shows the codes of one pack as the list shows those of accounts, until it has run out.
type guestPackPage struct {
	basePage
	root   *Root
	packs  *model.Packs
	id     model.PackID
	body   *fyne.Container
	banner *widget.Banner
	rows   *widget.RowList
	shown  model.PackState
	built  bool
	said   string
	first  fyne.Focusable
}

func (r *Root) openGuestPack(id model.PackID) {
	p := &guestPackPage{root: r, packs: r.session.Packs(), id: id, body: newStack(), banner: widget.NewBanner()}
	p.rows = widget.NewRowList(func() int { return p.packs.Len(id) }, func(i int) widget.CodeRowState { return rowState(p.packs.Row(id, i), false) })
	p.rows.OnActivate = p.activate
	p.rows.OnMenu = p.menu
	p.rows.OnKey = func(e *fyne.KeyEvent) {
		if e.Name == fyne.KeyEscape {
			p.escape()
		}
	}
	p.packs.ClearError()
	r.show(p)
}

func (p *guestPackPage) content() fyne.CanvasObject { return p.body }
func (p *guestPackPage) focus() fyne.Focusable      { return p.first }
func (p *guestPackPage) escape()                    { p.root.packHome() }
func (p *guestPackPage) key(e *fyne.KeyEvent)       { p.rows.TypedKey(e) }

func (p *guestPackPage) tick() {
	g, _ := p.packs.Get(p.id)
	if !p.built || g.State != p.shown || g.Head+g.Text != p.said {
		p.update()
		return
	}
	p.rows.Tick()
}

func (p *guestPackPage) update() {
	g, ok := p.packs.Get(p.id)
	if !ok { // removed
		if p.root.current == page(p) {
			p.root.packHome()
		}
		return
	}
	p.say(g)
	if p.built && p.shown == g.State && g.State == model.PackRunning {
		p.rows.Refresh()
		p.body.Refresh()
		return
	}
	p.built, p.shown = true, g.State
	remove := widget.NewButton(widget.Quiet, "Remove", look.IconDelete, func() { p.packs.Remove(p.id) })
	if g.State == model.PackRunning {
		p.first = p.rows
		about := widget.NewIconButton(look.IconInfo, "About this code pack", func() { p.root.openAboutPack(p.id) })
		top := container.NewVBox(container.NewBorder(nil, nil, nil, widget.NewPadded(look.Space2, look.Space2, about), head(g.Title, p.root.packHome)),
			widget.NewPadded(look.Space2, 0, p.banner))
		p.body.Objects = []fyne.CanvasObject{container.NewBorder(top, nil, nil, nil, widget.NewPadded(0, look.Space2, p.rows))}
		p.body.Refresh()
	} else {
		buttons := widget.NewFlow(look.Space2)
		if p.root.session.State() == model.Open {
			check := widget.NewButton(widget.Secondary, "Check the clock", look.IconClock, p.root.openDoctor)
			buttons.Add(check)
			p.first = check
		} else {
			p.first = remove
		}
		buttons.Add(remove)
		its := "It was for"
		if g.State == model.PackNotYet {
			its = "It is for"
		}
		var names []fyne.CanvasObject
		for i, name := range g.Accounts {
			if i == shownLines {
				names = append(names, widget.NewText(widget.Muted, "… and more."))
				break
			}
			names = append(names, widget.NewText(widget.Body, name))
		}
		p.root.rebuild(p, p.body, sheet(g.Title, p.root.packHome, p.banner, buttons, widget.NewSection(its, names...)))
	}
	if p.root.current == page(p) {
		p.root.focusOn(p.first)
	}
}

// say shows how the pack stands.
func (p *guestPackPage) say(g model.GuestPack) {
	p.said = g.Head + g.Text
	if p.packs.Busy() != "" || p.packs.Error() != "" {
		showWork(p.banner, p.packs)
		return
	}
	p.banner.Set(moodOf(g.Mood), g.Head, g.Text)
}

// aboutPackPage is what a guest may ask about a pack.
type aboutPackPage struct {
	basePage
	root   *Root
	id     model.PackID
	body   *fyne.Container
	remove *widget.Button
}

func (r *Root) openAboutPack(id model.PackID) {
	p := &aboutPackPage{root: r, id: id, body: newStack()}
	p.remove = widget.NewButton(widget.Secondary, "Remove", look.IconDelete, func() { r.session.Packs().Remove(id) })
	r.show(p)
}

func (p *aboutPackPage) content() fyne.CanvasObject { return p.body }
func (p *aboutPackPage) focus() fyne.Focusable      { return p.remove }
func (p *aboutPackPage) escape()                    { p.back() }
func (p *aboutPackPage) back()                      { p.root.openGuestPack(p.id) }

func (p *aboutPackPage) update() {
	g, ok := p.root.session.Packs().Get(p.id)
	if !ok { // removed
		if p.root.current == page(p) {
			p.root.packHome()
		}
		return
	}
	from := "They did not say. Ask whoever sent it."
	if g.From != "" {
		from = g.From + ". That is what they call themselves, and nothing proves it."
	}
	keeping := "Here, until it has run out. The file is no longer needed."
	if !g.Kept {
		keeping = "Nowhere: open the file again after a restart."
	}
	p.root.rebuild(p, p.body, sheet("About this code pack", p.back,
		widget.NewText(widget.Body, "It has codes that were worked out beforehand, and no keys: it works offline, and when its time is over it is worth nothing."),
		widget.NewSection("", widget.NewField("Made by", from, nil), widget.NewField("Codes", "From "+g.Begins+" until "+g.Ends, nil),
			widget.NewField("Accounts", strings.Join(some(g.Accounts, shownLines), ", "), nil), widget.NewField("Kept", keeping, nil)),
		widget.NewFlow(look.Space2, p.remove)))
}

func (p *guestPackPage) activate(i int) {
	if p.packs.Row(p.id, i).Hidden {
		p.packs.Reveal(p.id, i)
		return
	}
	p.packs.Copy(p.id, i)
}

func (p *guestPackPage) menu(i int, at fyne.Position) {
	item := func(label string, icon look.IconName, fn func()) *fyne.MenuItem {
		m := fyne.NewMenuItem(label, fn)
		m.Icon = look.Icon(icon)
		return m
	}
	p.root.popUp(fyne.NewMenu("",
		item("Copy code", look.IconCopy, func() { p.packs.Copy(p.id, i) }),
		item("Copy next code", look.IconNext, func() { p.packs.CopyNext(p.id, i) })), at)
}
