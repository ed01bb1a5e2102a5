package view

import (
	"fmt"
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
)

// openReenroll shows the accounts to enroll again at their portals.
func (r *Root) openReenroll() {
	id := r.currentShare()
	newSharePage(r, "Enroll again", func() { r.openShared(id) }, func(p *sharePage) []fyne.CanvasObject {
		lines := p.h.Reenroll()
		left := 0
		for _, l := range lines {
			if !l.Done {
				left++
			}
		}
		objects := []fyne.CanvasObject{widget.NewText(widget.Body, "Somebody who is no longer a member knows these keys. Sign in at each portal, set up the authenticator anew there, and save the new key here over the old one. An account is ticked off by itself, for all admins.")}
		state := widget.NewBanner()
		if left == 0 {
			state.Set(widget.Good, "Nothing is left", "Nobody outside the team knows a key of this shared vault.")
		} else {
			state.Set(widget.Warning, "", count(left, "account is left.", "accounts are left."))
		}
		objects = append(objects, state)
		for _, l := range lines {
			if l.Done {
				objects = append(objects, widget.NewFinding(widget.Good, l.Title, "Done: the key was changed.", ""))
				continue
			}
			open := widget.NewButton(widget.Secondary, "Open the account", look.IconChevron, func() { r.openDetail(l.ID) })
			if p.first == nil {
				p.first = open
			}
			flow := widget.NewFlow(look.Space2, open)
			if row, ok := r.session.List().Get(l.ID); ok && row.URL != "" {
				flow.Add(widget.NewButton(widget.Quiet, "Open portal", look.IconOpen, func() { r.env.OpenURL(row.URL) }))
			}
			if guide := r.session.GuideFor(l.ID); guide != "" {
				flow.Add(widget.NewButton(widget.Quiet, "Guide", look.IconHelp, func() { r.env.OpenGuide(guide) }))
			}
			objects = append(objects, widget.NewSection("", widget.NewFinding(widget.Warning, l.Title, l.Who, ""), flow))
		}
		return objects
	}).open()
}

// openClashes shows the keys that people set without knowing of each other.
func (r *Root) openClashes() {
	id := r.currentShare()
	p := newSharePage(r, "Choose a key", func() { r.openShared(id) }, func(p *sharePage) []fyne.CanvasObject {
		clashes := p.h.Clashes()
		if len(clashes) == 0 {
			done := widget.NewButton(widget.Primary, "Back", look.IconCheck, func() { r.openShared(id) })
			p.first = done
			return []fyne.CanvasObject{widget.NewText(widget.Body, "There is nothing to choose."), widget.NewFlow(look.Space2, done)}
		}
		objects := []fyne.CanvasObject{widget.NewText(widget.Body, "Try at the portal which code it takes, and keep that key. It counts for everybody; the other one stays in the account's history.")}
		v, _ := p.h.At()
		for _, c := range clashes {
			var cards []fyne.CanvasObject
			for _, o := range c.Choices {
				about := "Set " + o.When + ". " + o.About + "."
				if o.Shown {
					about += " The list shows this one meanwhile."
				}
				parts := []fyne.CanvasObject{widget.NewText(widget.Strong, o.Who)}
				if o.Code != "" {
					parts = append(parts, widget.NewText(widget.Title, look.GroupCode(o.Code)))
				}
				parts = append(parts, widget.NewText(widget.Muted, about))
				if v.Role != model.Viewer {
					parts = append(parts, widget.NewFlow(look.Space2, p.button(widget.Secondary, "Keep this one", look.IconCheck, func() { p.h.Keep(c.ID, o.ID) })))
				}
				cards = append(cards, widget.NewSection("", parts...))
			}
			objects = append(objects, widget.NewText(widget.Strong, c.Title), newSideBySide(cards...))
		}
		return objects
	})
	p.drawn = func() string { return fmt.Sprint(p.h.Clashes()) }
	p.open()
}

// openShareLog shows who changed what and when: in the whole shared vault, or about one account of it.
func (r *Root) openShareLog(account model.ID, back func()) {
	newSharePage(r, "Who changed what", back, func(p *sharePage) []fyne.CanvasObject {
		var objects []fyne.CanvasObject
		events := p.h.Log()
		if account != "" {
			events = p.h.AccountLog(account)
			if row, ok := r.session.List().Get(account); ok {
				objects = append(objects, widget.NewText(widget.Strong, title(row.Issuer, row.Name)))
			}
		}
		if v, ok := p.h.At(); !ok || !p.h.Looked() {
			return append(objects, widget.NewText(widget.Muted, "Looking…"))
		} else if account != "" {
			objects = append(objects, widget.NewText(widget.Muted, "Shared with "+count(v.People, "person", "people")+" in “"+v.Name+"”."))
		}
		if len(events) == 0 {
			return append(objects, widget.NewText(widget.Muted, "This computer saw no change arrive yet."))
		}
		for i, e := range events {
			if i == shownItems {
				objects = append(objects, widget.NewText(widget.Muted, "… and older ones: tallystick share log shows all of them."))
				break
			}
			objects = append(objects, widget.NewField(e.When, e.Text, nil))
		}
		return append(objects, widget.NewText(widget.Muted, "Times are those of the computers where something was done. Changes of accounts are those this computer saw arrive."))
	}).open()
}

// openRenameShare gives the shared vault another name.
func (r *Root) openRenameShare(v model.SharedVault) {
	back := func() { r.openShared(v.ID) }
	name := widget.NewEntry("Front desk")
	name.SetText(v.Name)
	var p *sharePage
	save := func() { p.h.Rename(name.Text, back) }
	name.OnSubmitted = func(string) { save() }
	p = newSharePage(r, "Rename", back, func(p *sharePage) []fyne.CanvasObject {
		p.first = name
		return []fyne.CanvasObject{
			widget.NewFormField("Name of the shared vault", name, "For everybody in it. Only members can read it."),
			widget.NewFlow(look.Space2, p.button(widget.Primary, "Save", look.IconCheck, save), widget.NewButton(widget.Quiet, "Cancel", "", back)),
		}
	})
	p.open()
}

// openRotate makes a new key for all that follows, when somebody asks for it.
func (r *Root) openRotate() {
	id := r.currentShare()
	back := func() { r.openShared(id) }
	newSharePage(r, "New keys", back, func(p *sharePage) []fyne.CanvasObject {
		do := p.button(widget.Primary, "Make new keys", look.IconKey, func() { p.h.Rotate(back) })
		cancel := widget.NewButton(widget.Quiet, "Cancel", "", back)
		p.first = cancel
		return []fyne.CanvasObject{
			widget.NewText(widget.Body, "Everything on the storage is encrypted with a key that all devices have. This makes another one for all that follows, and hands it to every device that is a member now. Nobody has to do anything; each device gets it at its next synchronisation."),
			widget.NewText(widget.Body, "Do it when a key may be known outside: an old backup of somebody's vault went astray, for instance. When a device is removed or leaves, it happens by itself."),
			widget.NewText(widget.Muted, "Who has an old key can go on reading what was written with it, if they also reach the storage. The keys of the accounts themselves do not change: those are changed at the portals."),
			widget.NewFlow(look.Space2, do, cancel),
		}
	}).open()
}

// sideBySide sets things of equal width beside each other while each gets at least sideWidth at 100 % text, else below each other.
type sideBySide struct{}

const sideWidth float32 = 160

func newSideBySide(objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(sideBySide{}, objects...)
}

func (sideBySide) columns(objects []fyne.CanvasObject, width float32) int {
	if len(objects) == 0 {
		return 1
	}
	each := sideWidth * look.Size(objects[0], look.SizeBody) / baseText
	return max(1, min(len(objects), int((width+look.Space2)/(each+look.Space2))))
}

// Layout implements fyne.Layout.
func (s sideBySide) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	n := s.columns(objects, size.Width)
	w := (size.Width - float32(n-1)*look.Space2) / float32(n)
	y := float32(0)
	for i := 0; i < len(objects); i += n {
		row, h := objects[i:min(i+n, len(objects))], float32(0)
		for _, o := range row {
			o.Resize(fyne.NewSize(w, o.Size().Height)) // wrapped text knows its height only at its width
			h = max(h, o.MinSize().Height)
		}
		for k, o := range row {
			o.Resize(fyne.NewSize(w, h))
			o.Move(fyne.NewPos(float32(k)*(w+look.Space2), y))
		}
		y += h + look.Space2
	}
}

// MinSize implements fyne.Layout: as wide as the widest alone, as high as what it was laid out to last.
func (s sideBySide) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var size fyne.Size
	bottom := float32(0)
	for _, o := range objects {
		size.Width = max(size.Width, o.MinSize().Width)
		bottom = max(bottom, o.Position().Y+o.MinSize().Height)
	}
	return fyne.NewSize(size.Width, bottom)
}
