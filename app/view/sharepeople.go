package view

import (
	"slices"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
)

var roles = []choice[model.Role]{
	{model.RoleWord(model.Admin), model.Admin}, {model.RoleWord(model.Editor), model.Editor}, {model.RoleWord(model.Viewer), model.Viewer},
}

// peopleObjects are those who are in it, with their devices.
func (r *Root) peopleObjects(p *sharePage, v model.SharedVault) []fyne.CanvasObject {
	var objects []fyne.CanvasObject
	for _, person := range p.h.People() {
		name := person.Name
		if person.Me {
			name += " (you)"
		}
		var parts []fyne.CanvasObject
		var all []model.DeviceID
		var flow *fyne.Container // of the last device
		for _, d := range person.Devices {
			var about []fyne.CanvasObject
			about, flow = r.deviceObjects(p, v, person, d)
			parts = append(append(parts, about...), flow)
			all = append(all, d.ID)
		}
		if len(all) > 1 { // what follows is about the person
			flow = widget.NewFlow(look.Space2)
			parts = append(parts, flow)
		}
		if slices.ContainsFunc(person.Devices, func(d model.SharedDevice) bool { return d.MayName }) {
			flow.Add(p.button(widget.Quiet, "Rename", look.IconEdit, func() { r.openNamePerson(person) }))
		}
		if v.Role == model.Admin && !person.Me && len(all) > 1 {
			flow.Add(p.button(widget.Quiet, "Remove "+person.Name+" with all devices", look.IconDelete, func() {
				r.openRemove(person.Name, all...)
			}))
		}
		parts = slices.DeleteFunc(parts, func(o fyne.CanvasObject) bool { c, is := o.(*fyne.Container); return is && len(c.Objects) == 0 })
		objects = append(objects, widget.NewSection(name, parts...))
	}
	if former := p.h.Former(); len(former) > 0 {
		var lines []fyne.CanvasObject
		for _, line := range former {
			lines = append(lines, widget.NewText(widget.Muted, line))
		}
		objects = append(objects, widget.NewSection("No longer members", lines...))
	}
	return objects
}

// inviteObjects are the invites that may still be used.
func (r *Root) inviteObjects(p *sharePage) []fyne.CanvasObject {
	var lines []fyne.CanvasObject
	for _, i := range p.h.OpenInvites() {
		lines = append(lines, widget.NewFinding(widget.Info, i.As, i.About, ""),
			widget.NewFlow(look.Space2, p.button(widget.Quiet, "Withdraw", look.IconClear, func() { r.openWithdraw(i) })))
	}
	if lines == nil {
		return nil
	}
	return []fyne.CanvasObject{widget.NewSection("Open invites", lines...)}
}

// openWithdraw asks before an invite is taken back.
func (r *Root) openWithdraw(i model.OpenInvite) {
	id := r.currentShare()
	back := func() { r.openShared(id) }
	newSharePage(r, "Withdraw an invite", back, func(p *sharePage) []fyne.CanvasObject {
		cancel := widget.NewButton(widget.Quiet, "Cancel", "", back)
		p.first = cancel
		return []fyne.CanvasObject{
			widget.NewFinding(widget.Info, i.As, i.About, ""),
			widget.NewText(widget.Body, "Nobody can use it from then on, and whoever asked to be let in with it is refused. Do it when it went astray or is not needed; whoever is a member already stays one."),
			widget.NewFlow(look.Space2, p.button(widget.Primary, "Withdraw the invite", look.IconClear, func() { p.h.Withdraw(i.ID, back) }), cancel),
		}
	}).open()
}

// deviceObjects are what there is about a device, and what can be done about it.
func (r *Root) deviceObjects(p *sharePage, v model.SharedVault, person model.SharedPerson, d model.SharedDevice) (about []fyne.CanvasObject, does *fyne.Container) {
	flow := widget.NewFlow(look.Space2)
	mood, verified := widget.Info, "The words were not compared yet."
	switch {
	case d.Me:
		mood, verified = widget.Good, "This device."
	case d.Verified:
		mood, verified = widget.Good, "The words were compared."
	}
	objects := []fyne.CanvasObject{widget.NewFinding(mood, d.Name, d.About+" "+verified, "")}
	if v.Role == model.Admin {
		change := selectOf(roles, d.Role, func(role model.Role) {
			if role != d.Role {
				p.h.SetRole(d.ID, role)
			}
		})
		if p.h.Busy() != "" {
			change.Disable()
		}
		objects = append(objects, change)
	} else {
		objects = append(objects, widget.NewText(widget.Muted, model.RoleWord(d.Role)))
	}
	if d.Me {
		return objects, flow
	}
	if d.Words != "" {
		objects = append(objects, widget.NewText(widget.Mono, wordLines(d.Words)),
			widget.NewText(widget.Muted, "The same words stand on "+person.Name+"'s screen beside this device."),
			widget.NewFlow(look.Space2,
				p.button(widget.Primary, "They are the same", look.IconCheck, func() { p.h.Verify(d.ID, true) }),
				p.button(widget.Secondary, "They differ", look.IconWarning, func() { p.h.Verify(d.ID, false) })))
	}
	if d.Words == "" {
		flow.Add(p.button(widget.Quiet, "Compare words", look.IconEye, func() { p.h.ShowWords(d.ID) }))
	} else {
		flow.Add(p.button(widget.Quiet, "Hide the words", look.IconEyeOff, func() { p.h.ShowWords(d.ID) }))
	}
	if v.Role == model.Admin {
		flow.Add(p.button(widget.Quiet, "Lost or leaving", look.IconDelete, func() { r.openRemove(person.Name+"'s “"+d.Name+"”", d.ID) }))
	}
	return objects, flow
}

// openNamePerson changes what a person and the devices are called, for everybody.
func (r *Root) openNamePerson(person model.SharedPerson) {
	id := r.currentShare()
	back := func() { r.openShared(id) }
	name := widget.NewEntry("")
	name.SetText(person.Name)
	devices := map[model.DeviceID]*widget.Entry{}
	var p *sharePage
	save := func() {
		named := map[model.DeviceID]string{}
		for d, e := range devices {
			named[d] = e.Text
		}
		p.h.NamePerson(person, name.Text, named, back)
	}
	name.OnSubmitted = func(string) { save() }
	for _, d := range person.Devices {
		e := widget.NewEntry("Laptop")
		e.SetText(d.Called)
		e.OnSubmitted = func(string) { save() }
		devices[d.ID] = e
	}
	p = newSharePage(r, "Rename", back, func(p *sharePage) []fyne.CanvasObject {
		p.first = name
		text := "Everybody in the shared vault sees these names. The eight words stay the same: they belong to the keys."
		if !person.Me {
			text += " Two people of one name are shown as one."
		}
		objects := []fyne.CanvasObject{widget.NewText(widget.Body, text), widget.NewFormField("What the others shall call "+whom(person.Me), name, "")}
		for _, d := range person.Devices {
			label := "Computer"
			if d.Me {
				label = "This computer"
			}
			objects = append(objects, widget.NewFormField(label, devices[d.ID], d.About))
		}
		return append(objects, widget.NewFlow(look.Space2, p.button(widget.Primary, "Save", look.IconCheck, save), widget.NewButton(widget.Quiet, "Cancel", "", back)))
	})
	p.open()
}

func whom(me bool) string {
	if me {
		return "you"
	}
	return "them"
}

// openRemove asks before devices are removed, and says what that does and what it cannot do.
func (r *Root) openRemove(what string, devices ...model.DeviceID) {
	id := r.currentShare()
	back := func() { r.openShared(id) }
	newSharePage(r, "Remove a device", back, func(p *sharePage) []fyne.CanvasObject {
		remove := p.button(widget.Danger, "Remove "+what, look.IconDelete, func() {
			p.h.Remove(devices...)
			back()
		})
		cancel := widget.NewButton(widget.Quiet, "Cancel", "", back)
		p.first = cancel
		v, _ := p.h.At()
		return []fyne.CanvasObject{
			widget.NewText(widget.Body, "From now on it gets nothing new: there will be a new key for everything that follows."),
			widget.NewText(widget.Body, "What it has read it may keep, and nobody can take that back. So afterwards you get a list: every account it could read, to be enrolled again at its portal. An account leaves the list by itself when its key changes."),
			widget.NewText(widget.Body, "Also withdraw its access to the storage ("+v.Where+"), and sign it out at the portals."),
			widget.NewFlow(look.Space2, remove, cancel),
		}
	}).open()
}

// openLeave asks before this device leaves.
func (r *Root) openLeave() {
	id := r.currentShare()
	back := func() { r.openShared(id) }
	newSharePage(r, "Leave", back, func(p *sharePage) []fyne.CanvasObject {
		if p.h.LastAdmin() {
			ok := widget.NewButton(widget.Primary, "Back to the people", look.IconBack, back)
			p.first = ok
			return []fyne.CanvasObject{
				widget.NewText(widget.Body, "You are the only admin. Hand over first: give somebody else the role of an admin, on the page with the people. Otherwise nobody could let people in or remove them any more."),
				widget.NewFlow(look.Space2, ok),
			}
		}
		leave := p.button(widget.Danger, "Leave, and take the accounts off", look.IconOpen, func() { p.h.Leave(false, r.openSharing) })
		cancel := widget.NewButton(widget.Quiet, "Cancel", "", back)
		p.first = cancel
		return []fyne.CanvasObject{
			widget.NewText(widget.Body, "The others keep everything. They see that you left, and are asked to change the keys you knew."),
			widget.NewText(widget.Muted, "The storage has to be reached for this."),
			widget.NewFlow(look.Space2, leave,
				p.button(widget.Secondary, "Leave, but keep the accounts", "", func() { p.h.Leave(true, r.openSharing) }),
				cancel),
		}
	}).open()
}

// currentShare is the shared vault that is looked at.
func (r *Root) currentShare() model.ShareID {
	v, _ := r.session.Sharing().At()
	return v.ID
}
