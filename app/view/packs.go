package view

import (
	"strconv"
	"strings"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
)

// sentPack is what somebody presses who was sent a code pack and has nothing yet.
const sentPack = "I was sent a code pack"

// packsPage shows the code packs this person was given, and leads to making and opening one.
type packsPage struct {
	basePage
	root   *Root
	packs  *model.Packs
	body   *fyne.Container
	banner *widget.Banner
	first  fyne.Focusable
	said   string // what the page says of the packs now; it changes with the clock
}

func (r *Root) openPacks() {
	p := &packsPage{root: r, packs: r.session.Packs(), body: newStack(), banner: widget.NewBanner()}
	p.packs.ClearError()
	r.show(p)
}

func (p *packsPage) content() fyne.CanvasObject { return p.body }
func (p *packsPage) focus() fyne.Focusable      { return p.first }
func (p *packsPage) escape()                    { p.root.home() }

// tick builds the page anew when a minute made another sentence.
func (p *packsPage) tick() {
	if p.say() != p.said {
		p.update()
	}
}

func (p *packsPage) say() string {
	var b strings.Builder
	for _, g := range p.packs.List() {
		b.WriteString(g.Title + g.Head + g.Text)
	}
	return b.String()
}

func (p *packsPage) update() {
	p.said, p.first = p.say(), nil
	showWork(p.banner, p.packs)
	p.root.rebuild(p, p.body, sheet("Code packs", p.root.home, append([]fyne.CanvasObject{p.banner}, p.objects()...)...))
}

// showWork shows what is under way about code packs, or went wrong.
func showWork(b *widget.Banner, packs *model.Packs) {
	if busy := packs.Busy(); busy != "" {
		b.Set(widget.Info, "", busy+"…", widget.Action{Label: "Stop", Do: packs.Stop})
		return
	}
	b.Set(widget.Trouble, "", packs.Error())
}

func (p *packsPage) objects() []fyne.CanvasObject {
	r := p.root
	objects := []fyne.CanvasObject{widget.NewText(widget.Body, "A code pack has the codes of some accounts for some hours or days, and no keys. It works offline, and when its time is over it is worth nothing.")}
	for _, g := range p.packs.List() {
		show := widget.NewButton(widget.Primary, "Show the codes", look.IconEye, func() { r.openGuestPack(g.ID) })
		if g.State != model.PackRunning {
			show = widget.NewButton(widget.Secondary, "Open", look.IconInfo, func() { r.openGuestPack(g.ID) })
		}
		if p.first == nil {
			p.first = show
		}
		remove := widget.NewButton(widget.Quiet, "Remove", look.IconDelete, func() { p.packs.Remove(g.ID) })
		objects = append(objects, widget.NewSection(g.Title,
			widget.NewFinding(moodOf(g.Mood), g.Head, strings.Join(some(g.Accounts, 3), ", "), ""),
			widget.NewFlow(look.Space2, show, remove)))
	}
	make := widget.NewChoiceCard(look.IconClock, "Make a code pack", "Somebody is to sign in for a while, without your keys", func() { r.openPackMaker() })
	if p.first == nil {
		p.first = make
	}
	objects = append(objects, make,
		widget.NewChoiceCard(look.IconFile, "Open a code pack", "Somebody sent you a file of codes. You can also drop it on the window", func() { r.chooseFile(r.OpenPack) }))
	if key, check := p.packs.Key(); key != "" {
		copied := widget.NewButton(widget.Secondary, "Copy my key", look.IconCopy, p.packs.CopyKey)
		save := widget.NewButton(widget.Secondary, "Save it as a file", look.IconExport, p.saveKey)
		if p.packs.Busy() != "" {
			copied.Disable()
			save.Disable()
		}
		objects = append(objects, widget.NewSection("Your key",
			widget.NewText(widget.Muted, "Whoever gives you codes can lock the pack with a passphrase, or with your key: then only this vault opens it. The key is long and no secret; send it any way you like, and compare these signs by phone so that you both know it is yours:"),
			widget.NewText(widget.Mono, check),
			widget.NewFlow(look.Space2, copied, save)))
	}
	return objects
}

func (p *packsPage) saveKey() { p.root.saveFile("tallystick-key.txt", p.packs.SaveKey) }

// some are the first n texts, and how many more there are.
func some(texts []string, n int) []string {
	if len(texts) <= n+1 { // "and 1 more" would be no shorter
		return texts
	}
	return append(texts[:n:n], "and "+strconv.Itoa(len(texts)-n)+" more")
}

// packsChanged shows what changed about code packs, and the one that was just opened.
func (r *Root) packsChanged() {
	if id, ok := r.session.Packs().TakeOpened(); ok {
		r.openGuestPack(id)
		return
	}
	switch p := r.current.(type) {
	case *packsPage:
		p.update()
	case *packOpenPage:
		p.update()
	case *guestPackPage:
		p.update()
	case *aboutPackPage:
		p.update()
	case *mainPage:
		p.updateGuest()
	}
}

// packMakerChanged shows what changed in the making of a code pack.
func (r *Root) packMakerChanged() {
	if p, ok := r.current.(*packMakePage); ok {
		p.update()
	}
}

// packHome goes back to the code packs, or to what is shown while no vault is open.
func (r *Root) packHome() {
	if r.session.State() == model.Open {
		r.openPacks()
		return
	}
	r.showState()
}

// guestBanner leads from the list to the codes somebody gave to this person.
type guestBanner struct {
	*widget.Banner
	several bool
}

// updateGuest shows that banner for as long as there are such codes.
func (p *mainPage) updateGuest() {
	g, others, ok := p.root.session.Packs().Running()
	text := ""
	if ok {
		text = g.Title + ", u" + strings.TrimPrefix(g.Head, "U") + "."
	}
	if text == p.guest.Text() && p.guest.several == (others > 0) {
		return
	}
	p.guest.several = others > 0
	switch {
	case !ok:
		p.guest.Clear()
	case others > 0:
		p.guest.Set(widget.Info, "", text, widget.Action{Label: "Show all code packs", Do: p.root.openPacks})
	default:
		p.guest.Set(widget.Info, "", text, widget.Action{Label: "Show the codes", Do: func() { p.root.openGuestPack(g.ID) }})
	}
	p.left.Refresh()
	p.left.Refresh() // text that wraps knows its height only after it was given its width
}

// tick takes the banner away when the codes have run out.
func (p *mainPage) tick() { p.updateGuest() }
