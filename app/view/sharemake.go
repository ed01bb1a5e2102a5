package view

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/vault/secret"
)

// openCreateShare makes a shared vault.
func (r *Root) openCreateShare() {
	h, list := r.session.Sharing(), r.session.List()
	var p *sharePage
	name, person, computer := widget.NewEntry("Front desk"), widget.NewEntry(""), widget.NewEntry("")
	me, device := h.Me()
	person.SetText(me)
	computer.SetText(device)
	form := newStorageForm(r, model.SharedPlace{}, func() { p.update() })
	chosen := map[model.ID]bool{}
	p = newSharePage(r, "Make a shared vault", r.openSharing, func(p *sharePage) []fyne.CanvasObject {
		p.first = name
		create := p.button(widget.Primary, "Make it", look.IconCheck, func() {
			var ids []model.ID
			for _, row := range own(list) {
				if chosen[row.ID] {
					ids = append(ids, row.ID)
				}
			}
			h.Create(model.NewShare{Name: name.Text, Place: form.take(), Person: person.Text, Computer: computer.Text, Accounts: ids}, r.openShared)
		})
		objects := []fyne.CanvasObject{
			widget.NewText(widget.Body, "It lies on storage you have already, encrypted. You are its first admin, and invite the others afterwards."),
			widget.NewFormField("Name", name, "Only members can read it."),
			widget.NewSection("Storage", form.objects()...),
			widget.NewSection("You", widget.NewFormField("What the others shall call you", person, ""), widget.NewFormField("This computer", computer, "")),
		}
		var checks []fyne.CanvasObject
		var apart []string // to be shared one by one
		for i, row := range own(list) {
			if h.HasSealed(row.ID) {
				apart = append(apart, title(row.Issuer, row.Name))
				continue
			}
			if i == shownItems {
				checks = append(checks, widget.NewText(widget.Muted, "… Move the others later, from the account's page."))
				break
			}
			checks = append(checks, widget.NewCheck(title(row.Issuer, row.Name), chosen[row.ID], func(on bool) { chosen[row.ID] = on }))
		}
		if len(checks) > 0 {
			checks = append([]fyne.CanvasObject{widget.NewText(widget.Muted, "Everybody in the shared vault will see their codes, keys and recovery keys. Tags and favourites stay yours.")}, checks...)
			if len(apart) > 0 {
				checks = append(checks, widget.NewText(widget.Muted, "The recovery keys of "+strings.Join(apart[:min(len(apart), 5)], ", ")+dots(len(apart) > 5)+" are sealed under your passphrase: share those afterwards, from their own pages."))
			}
			objects = append(objects, widget.NewSection("Accounts to move into it", checks...))
		}
		return append(objects, widget.NewFlow(look.Space2, create, widget.NewButton(widget.Quiet, "Cancel", "", r.openSharing)))
	})
	p.end, p.form = form.clear, true
	p.open()
}

// own are the accounts that belong to no shared vault, as they are listed.
func own(list *model.List) []model.Row {
	var rows []model.Row
	for i := range list.Len() {
		if row := list.Row(i); row.SharedWith == 0 && row.Broken == "" {
			rows = append(rows, row)
		}
	}
	return rows
}

// openMove moves an account into a shared vault.
func (r *Root) openMove(id model.ID) {
	row, ok := r.session.List().Get(id)
	if !ok {
		return
	}
	newSharePage(r, "Share this account", r.home, func(p *sharePage) []fyne.CanvasObject {
		objects := []fyne.CanvasObject{
			widget.NewText(widget.Strong, title(row.Issuer, row.Name)),
			widget.NewText(widget.Body, "It becomes an account of everybody in the shared vault: they can make its codes, see its note and use its recovery keys, and who leaves later may have copied its key. Your tags and whether it is a favourite stay yours."),
		}
		sealed := p.h.HasSealed(id)
		if sealed {
			warning := widget.NewBanner()
			warning.Set(widget.Warning, "Its recovery keys are sealed", "Shared, they no longer have that protection: all devices of the shared vault, this one too, keep them under the key of the vault alone, because they exchange them without anybody there. Your passphrase is asked for once more, and still stands before them on the screen.")
			objects = append(objects, warning)
		}
		for _, v := range p.h.Targets() {
			card := widget.NewChoiceCard(look.IconShare, "Move it to “"+v.Name+"”", "Shared with "+count(v.People, "person", "people"), func() {
				if !sealed {
					p.h.MoveInto(v.ID, r.home, id)
					return
				}
				r.confirmRecovery("Share this account", "Its recovery keys go to everybody in “"+v.Name+"”.", "share it", func() {
					p.open()
					p.h.MoveInto(v.ID, r.home, id)
					r.session.CloseRecovery()
				}, p.open)
			})
			if p.first == nil {
				p.first = card
			}
			objects = append(objects, card)
		}
		return append(objects, widget.NewFlow(look.Space2, widget.NewButton(widget.Quiet, "Cancel", "", r.home)))
	}).open()
}

func dots(more bool) string {
	if more {
		return " …"
	}
	return ""
}

func lifeWord(d time.Duration) string {
	if d < 24*time.Hour {
		return count(int(d/time.Hour), "hour", "hours")
	}
	return count(int(d/(24*time.Hour)), "day", "days")
}

// openInvite makes an invite and shows it.
func (r *Root) openInvite() {
	id := r.currentShare()
	back := func() { r.openShared(id) }
	role, life := model.Editor, model.InviteLives()[1]
	var lives []choice[time.Duration]
	for _, d := range model.InviteLives() {
		lives = append(lives, choice[time.Duration]{lifeWord(d), d})
	}
	p := newSharePage(r, "Invite somebody", back, func(p *sharePage) []fyne.CanvasObject {
		about, ok := p.h.Invited()
		if !ok {
			make := p.button(widget.Primary, "Make the invite", look.IconAdd, func() { p.h.Invite(role, life) })
			p.first = make
			return []fyne.CanvasObject{
				widget.NewText(widget.Body, "An invite is for one device of one person. Hand it over in person, or over a channel you trust; then they ask, and you let them in after comparing eight words."),
				widget.NewFormField("As", selectOf(roles, role, func(v model.Role) { role = v }), ""),
				widget.NewFormField("Good for", selectOf(lives, life, func(v time.Duration) { life = v }), ""),
				widget.NewFlow(look.Space2, make),
			}
		}
		copied := p.button(widget.Primary, "Copy as text", look.IconCopy, p.h.CopyInvite)
		p.first = copied
		objects := []fyne.CanvasObject{widget.NewText(widget.Body, about)}
		if code := p.h.InviteCode(); code != nil {
			objects = append(objects, newLargeQR(withoutBorder(code)))
		} else {
			objects = append(objects, widget.NewText(widget.Muted, "It is too long for a QR code. Copy it, or save it as a file."))
		}
		return append(objects,
			widget.NewFlow(look.Space2, copied, p.button(widget.Secondary, "Save as a file", look.IconExport, func() { r.saveInvite(p.h) })),
			widget.NewText(widget.Muted, "When they have answered it, they stand on the page of the shared vault, waiting to be let in."),
			widget.NewFlow(look.Space2, widget.NewButton(widget.Secondary, "Done", look.IconCheck, back)))
	})
	p.end = r.session.Sharing().CloseInvite
	p.open()
}

func (r *Root) saveInvite(h *model.Sharing) { r.saveFile("invite.txt", h.SaveInvite) }

const joinTitle = "Join a shared vault"

// openJoin reads an invite and answers it.
func (r *Root) openJoin() {
	h := r.session.Sharing()
	var p *sharePage
	text := widget.NewMultiLineEntry("TALLYSTICK-SHARE:1:…", 4)
	person, computer := widget.NewEntry(""), widget.NewEntry("")
	me, device := h.Me()
	person.SetText(me)
	computer.SetText(device)
	var form *storageForm
	read := func() {
		typed := text.Text
		text.SetText("")
		h.ReadInvite(secret.FromString(typed))
	}
	p = newSharePage(r, joinTitle, r.leaveJoin, func(p *sharePage) []fyne.CanvasObject {
		plan, ok := h.Plan()
		if !ok {
			form = nil
			p.first = text
			return []fyne.CanvasObject{
				widget.NewText(widget.Body, "Somebody made an invite for you. Paste its text, or show its QR code."),
				widget.NewFormField("Invite", text, ""),
				widget.NewFlow(look.Space2,
					p.button(widget.Primary, "Go on", look.IconCheck, read),
					p.button(widget.Secondary, "Scan my screen", look.IconScan, r.session.Add().ScanScreen),
					p.button(widget.Secondary, "Open a picture", look.IconPicture, r.openPicture),
					p.button(widget.Secondary, "Open a file", look.IconFile, func() { r.chooseFile(h.ReadInviteFile) })),
			}
		}
		if form == nil {
			form = newStorageForm(r, plan.Storage, func() { p.update() })
		}
		join := p.button(widget.Primary, "Ask to be let in", look.IconCheck, func() {
			h.Join(form.take(), person.Text, computer.Text, r.openShared)
		})
		p.first = person
		form.submits(join)
		return []fyne.CanvasObject{
			widget.NewText(widget.Title, plan.Vault),
			widget.NewText(widget.Body, plan.About),
			widget.NewSection("You", widget.NewFormField("What the others shall call you", person, ""), widget.NewFormField("This computer", computer, "")),
			widget.NewSection("Storage", append([]fyne.CanvasObject{widget.NewText(widget.Muted, "The same place as the others use, as this computer reaches it.")}, form.objects()...)...),
			widget.NewFlow(look.Space2, join, widget.NewButton(widget.Quiet, "Cancel", "", r.leaveJoin)),
		}
	})
	p.form = true
	p.drop = func(paths []string) {
		if len(paths) == 1 {
			h.ReadInviteFile(paths[0])
		}
	}
	p.end = func() {
		if form != nil {
			form.clear()
		}
	}
	p.open()
}

// leaveJoin forgets the invite and goes back to the shared vaults.
func (r *Root) leaveJoin() {
	r.session.Sharing().CancelJoin()
	r.openSharing()
}

// sharedWith says with how many people an account is shared, this one included.
func sharedWith(row model.Row) string {
	return "Shared with " + count(row.SharedWith, "person", "people") + " in “" + row.SharedIn + "”"
}
