package view

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
)

// sharePage is a screen about shared vaults: a sheet that is built anew when anything of them changed. What is typed lives in widgets
// that build puts into it again and again.
type sharePage struct {
	basePage
	root   *Root
	h      *model.Sharing
	title  func() string
	back   func()
	build  func(p *sharePage) []fyne.CanvasObject
	end    func() // the page is left: drop what is secret
	drop   func(paths []string)
	drawn  func() string // what time alone changes, codes; nil for nothing
	last   string        // of drawn, when the page was built
	put    bool          // building anew waits for a button to be let go of
	first  fyne.Focusable
	body   *fyne.Container
	banner *widget.Banner
	said   string // by the banner
	form   bool   // the button that begins something stands at the end: what is under way is shown, not only what went wrong
	away   bool   // the person is asked something on another page, and comes back
}

func newSharePage(r *Root, title string, back func(), build func(p *sharePage) []fyne.CanvasObject) *sharePage {
	return &sharePage{
		root: r, h: r.session.Sharing(), title: func() string { return title }, back: back, build: build, end: func() {},
		body: newStack(), banner: widget.NewBanner(),
	}
}

// open shows the page, without what went wrong on the one before.
func (p *sharePage) open() {
	p.h.ClearError()
	p.root.show(p)
}

func (p *sharePage) content() fyne.CanvasObject { return p.body }
func (p *sharePage) focus() fyne.Focusable      { return p.first }
func (p *sharePage) escape()                    { p.back() }

func (p *sharePage) leave() {
	if !p.away {
		p.end()
	}
}

// dropped takes a file with an invite where one is asked for; pictures are looked at for a QR code wherever they are dropped.
func (p *sharePage) dropped(paths []string) {
	if p.drop != nil && !slices.Contains(pictureTypes, strings.ToLower(filepath.Ext(paths[0]))) {
		p.drop(paths)
		return
	}
	p.root.session.Add().ReadFiles(paths)
}

func (p *sharePage) tick() {
	if p.drawn != nil && p.drawn() != p.last {
		p.update()
	}
}

// letGo is how long a page waits before it looks again whether a button was let go of.
const letGo = 50 * time.Millisecond

func (p *sharePage) update() {
	if widget.Held(p.body) { // a press counts for the button it began on: were that replaced meanwhile, it would be lost
		if !p.put {
			p.put = true
			p.root.env.After(letGo, func() {
				if p.put = false; p.root.current == page(p) {
					p.update()
				}
			})
		}
		return
	}
	p.first = nil
	if p.drawn != nil {
		p.last = p.drawn()
	}
	said := p.h.Error()
	if busy := p.h.Busy(); busy != "" {
		said = busy + "…"
		p.banner.Set(widget.Info, "", said, widget.Action{Label: "Stop", Do: p.h.Stop})
	} else {
		p.banner.Set(widget.Trouble, "", said)
	}
	p.root.rebuild(p, p.body, sheet(p.title(), p.back, append([]fyne.CanvasObject{p.banner}, p.build(p)...)...))
	if said != p.said && said != "" && (p.form || p.h.Busy() == "") {
		if scroll := scrollOf(p.body.Objects[0]); scroll != nil {
			scroll.ScrollToTop() // the button that was pressed may stand far below what is said about it
		}
	}
	p.said = said
}

// button is one that cannot be pressed while something is under way.
func (p *sharePage) button(kind widget.ButtonKind, label string, icon look.IconName, do func()) *widget.Button {
	b := widget.NewButton(kind, label, icon, do)
	if p.h.Busy() != "" {
		b.Disable()
	}
	return b
}

// sharingChanged shows what changed about shared vaults, and leads to the page for joining when an invite was read.
func (r *Root) sharingChanged() {
	if r.session.State() != model.Open {
		return
	}
	if _, ok := r.session.Sharing().Plan(); ok {
		if p, here := r.current.(*sharePage); !here || p.title() != joinTitle {
			r.openJoin()
			return
		}
	}
	switch p := r.current.(type) {
	case *sharePage:
		p.update()
	case *mainPage:
		p.update()
	}
}

func moodOf(m model.Mood) widget.Mood {
	switch m {
	case model.MoodGood:
		return widget.Good
	case model.MoodWarning:
		return widget.Warning
	case model.MoodTrouble:
		return widget.Trouble
	}
	return widget.Info
}

// openSharing shows the shared vaults of this device.
func (r *Root) openSharing() {
	r.session.Sharing().Open("")
	newSharePage(r, "Shared vaults", r.home, func(p *sharePage) []fyne.CanvasObject {
		vaults := p.h.Vaults()
		objects := []fyne.CanvasObject{}
		if len(vaults) == 0 {
			objects = append(objects, widget.NewText(widget.Body, "Several people, each on their own computer, make codes for the same sign-ins. What is shared lies encrypted on storage you have already: a synchronised folder, Nextcloud, a network share or S3. Whoever runs it sees sizes and times, and nothing else."))
		}
		for _, v := range vaults {
			about := []string{count(v.People, "person", "people"), count(v.Accounts, "account", "accounts")}
			if v.Waiting || v.Broken {
				about = nil
			}
			if v.Requests > 0 {
				about = append(about, count(v.Requests, "device waits to be let in", "devices wait to be let in"))
			}
			if v.Clashes > 0 {
				about = append(about, count(v.Clashes, "account has two keys", "accounts have two keys"))
			}
			if v.Reenroll > 0 {
				about = append(about, count(v.Reenroll, "account", "accounts")+" to enroll again")
			}
			for i := 1; i < len(about); i++ {
				if rest, one := strings.CutPrefix(about[i], "One "); one {
					about[i] = "one " + rest
				}
			}
			head := v.Head
			if v.Busy {
				head = "Synchronising"
			}
			open := widget.NewButton(widget.Secondary, "Open", look.IconShare, func() { r.openShared(v.ID) })
			if p.first == nil {
				p.first = open
			}
			objects = append(objects, widget.NewSection(v.Name,
				widget.NewFinding(moodOf(v.Mood), head, strings.TrimSpace(v.Last+" "+strings.Join(about, ", ")), ""),
				widget.NewFlow(look.Space2, open)))
		}
		if len(vaults) > 0 {
			objects = append(objects, widget.NewFlow(look.Space2, widget.NewButton(widget.Quiet, "Sync all now", look.IconNext, func() { p.h.SyncNow("") })))
		}
		create := widget.NewChoiceCard(look.IconShare, "Make a shared vault", "From accounts you have, or empty", r.openCreateShare)
		if p.first == nil {
			p.first = create
		}
		return append(objects, create,
			widget.NewChoiceCard(look.IconMoveIn, "Join a shared vault", "Somebody invited you: a text, a QR code or a file", r.openJoin))
	}).open()
}

// openShared shows one shared vault.
func (r *Root) openShared(id model.ShareID) {
	h := r.session.Sharing()
	h.Open(id)
	p := newSharePage(r, "", r.openSharing, r.sharedObjects)
	p.title = func() string {
		v, _ := h.At()
		return either(v.Name, "Shared vault")
	}
	p.open()
}

func (r *Root) sharedObjects(p *sharePage) []fyne.CanvasObject {
	v, ok := p.h.At()
	if !ok {
		return []fyne.CanvasObject{widget.NewText(widget.Muted, "Looking…")}
	}
	back := func() { r.openShared(v.ID) }
	objects := []fyne.CanvasObject{}
	standing := widget.NewBanner()
	head, text := v.Head, v.Text
	if v.Busy {
		head = head + ", synchronising"
	}
	if v.Last != "" && !v.Waiting {
		text = strings.TrimSpace(text + " " + v.Last)
	}
	standing.Set(moodOf(v.Mood), head, text)
	objects = append(objects, standing)
	sync := p.button(widget.Secondary, "Sync now", look.IconNext, func() { p.h.SyncNow(v.ID) })
	if v.Busy {
		sync.Disable()
	}
	p.first = sync
	storage := p.button(widget.Quiet, "Storage", look.IconFolder, r.openStorage)
	if v.Out || v.Broken {
		return append(objects, r.goneObjects(p)...)
	}
	if v.Waiting {
		return append(objects, wordsOf(p.h.JoinWords(), "Call the admin who invited you, or meet. Read these eight words to each other: the same words on both screens mean that nobody stands between you."),
			widget.NewFlow(look.Space2, sync, storage, p.button(widget.Quiet, "Give up", "", func() { p.h.ForgetVault(true, r.openSharing) })))
	}
	for _, text := range v.More {
		objects = append(objects, widget.NewFinding(widget.Warning, "Also", text, ""))
	}
	for _, redo := range v.Redo {
		b := widget.NewBanner()
		b.Set(widget.Warning, "", redo.Text, widget.Action{Label: "Make it again", Do: func() { p.h.Redo(redo) }})
		objects = append(objects, b)
	}
	for _, q := range p.h.Requests() {
		objects = append(objects, r.requestObjects(p, v, q))
	}
	if v.Reenroll > 0 {
		b := widget.NewBanner()
		b.Set(widget.Warning, "Enroll again: "+count(v.Reenroll, "account", "accounts"), "Somebody who is no longer a member knows their keys, and can make their codes until the keys are changed at the portals.",
			widget.Action{Label: "Show the list", Do: func() { r.openReenroll() }})
		objects = append(objects, b)
	}
	if v.Clashes > 0 {
		b := widget.NewBanner()
		b.Set(widget.Warning, "Two keys for one account", tornText(v)+" Choose one.",
			widget.Action{Label: "Choose", Do: func() { r.openClashes() }})
		objects = append(objects, b)
	}
	flow := widget.NewFlow(look.Space2)
	if v.Role == model.Admin && v.Ready {
		invite := p.button(widget.Primary, "Invite somebody", look.IconAdd, r.openInvite)
		p.first = invite
		flow.Add(invite)
	}
	flow.Add(sync)
	flow.Add(p.button(widget.Quiet, "Who changed what", look.IconHistory, func() { r.openShareLog("", back) }))
	flow.Add(storage)
	objects = append(objects, flow)
	objects = append(objects, r.inviteObjects(p)...)
	objects = append(objects, r.peopleObjects(p, v)...)
	facts := []fyne.CanvasObject{
		widget.NewField("Accounts", fmt.Sprint(v.Accounts), nil), widget.NewField("Your role", v.RoleWord, nil), widget.NewField("Storage", v.Where, nil),
	}
	if v.Unsaid {
		facts = append(facts, widget.NewText(widget.Muted, "Something that was changed here is not on the storage yet."))
	}
	if v.Role.Writes() && v.Ready {
		change := widget.NewFlow(look.Space2, p.button(widget.Quiet, "Rename the shared vault", look.IconEdit, func() { r.openRenameShare(v) }))
		if v.Role == model.Admin {
			change.Add(p.button(widget.Quiet, "New keys", look.IconKey, r.openRotate))
		}
		facts = append(facts, change)
	} else if v.Role == model.Admin { // the way out when the current key never comes
		facts = append(facts, widget.NewFlow(look.Space2, p.button(widget.Quiet, "New keys", look.IconKey, r.openRotate)))
	}
	objects = append(objects, widget.NewSection("About", facts...))
	return append(objects, widget.NewFlow(look.Space2, p.button(widget.Quiet, "Leave this shared vault", look.IconOpen, r.openLeave)))
}

// tornText says that there are accounts with several keys.
func tornText(v model.SharedVault) string {
	return count(v.Clashes, "account has", "accounts have") + " different keys, set by people who did not know of each other."
}

// goneObjects is what is left to do about a shared vault that this device is no longer in.
func (r *Root) goneObjects(p *sharePage) []fyne.CanvasObject {
	off := p.button(widget.Primary, "Take them off", look.IconDelete, func() { p.h.ForgetVault(false, r.openSharing) })
	keep := p.button(widget.Secondary, "Keep them as my own", look.IconCheck, func() { p.h.ForgetVault(true, r.openSharing) })
	p.first = keep // what is easier to take back
	return []fyne.CanvasObject{
		widget.NewText(widget.Body, "Its accounts are still in your list. Take them off, or keep them as your own: they stop following the others either way."),
		widget.NewFlow(look.Space2, off, keep),
	}
}

// wordsOf shows eight safety words, and how to use them.
func wordsOf(words, how string) fyne.CanvasObject {
	if words == "" {
		return widget.NewText(widget.Muted, "Working out the words…")
	}
	list := strings.Fields(words)
	var lines []string
	for i := 0; i < len(list); i += 4 {
		lines = append(lines, strings.Join(list[i:min(i+4, len(list))], "  "))
	}
	return widget.NewSection("Safety words", widget.NewText(widget.Mono, strings.Join(lines, "\n")), widget.NewText(widget.Muted, how))
}

// requestObjects is somebody who waits to be let in.
func (r *Root) requestObjects(p *sharePage, v model.SharedVault, q model.JoinRequest) fyne.CanvasObject {
	who := q.Name
	if q.Computer != "" {
		who += ", on “" + q.Computer + "”"
	}
	return widget.NewSection("Let somebody in?",
		widget.NewText(widget.Body, who+", wants to join. "+q.About+" Invited as "+string(q.Role)+"."),
		widget.NewText(widget.Mono, wordLines(q.Words)),
		widget.NewText(widget.Muted, "They call themselves so; the words prove it. Call them, or meet, and read the eight words to each other."),
		widget.NewFlow(look.Space2,
			p.button(widget.Primary, "The words are the same: let in", look.IconCheck, func() { p.h.Confirm(q.Device, true) }),
			p.button(widget.Secondary, "They differ: refuse", look.IconClose, func() { p.h.Refuse(q.Device) }),
			p.button(widget.Quiet, "Let in without comparing", "", func() { p.h.Confirm(q.Device, false) })))
}

func wordLines(words string) string {
	list := strings.Fields(words)
	if len(list) < 8 {
		return words
	}
	return strings.Join(list[:4], "  ") + "\n" + strings.Join(list[4:], "  ")
}
