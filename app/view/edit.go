package view

import (
	"image"
	"strings"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
)

// editPage changes what is written about an account. Its key is not shown and cannot be changed: another key is another account.
type editPage struct {
	basePage
	root                    *Root
	form                    model.Edit
	issuer, name, tags, url *widget.Entry
	sharedTags              *widget.Entry // of everybody; nil where there are none, or they may only be looked at
	note                    *widget.Entry
	favourite               *widget.Check
	digits, period, counter *widget.Entry
	algorithm               *widget.Select
	fields                  map[string]*widget.FormField
	banner                  *widget.Banner
	body                    fyne.CanvasObject
	save                    *widget.Button
	mark                    *widget.IssuerMark
	noPicture               *widget.Button
}

func (r *Root) openEdit(id model.ID) {
	form := r.session.List().Edit(id)
	if form == nil {
		r.Notice("That account cannot be edited.", true)
		return
	}
	r.show(newEditPage(r, *form))
}

func newEditPage(r *Root, form model.Edit) *editPage {
	p := &editPage{root: r, form: form, fields: map[string]*widget.FormField{}, banner: widget.NewBanner()}
	entry := func(text string) *widget.Entry {
		e := widget.NewEntry("")
		e.SetText(text)
		e.OnSubmitted = func(string) { p.submit() }
		e.OnKey = p.escapes
		return e
	}
	p.issuer, p.name = entry(form.Issuer), entry(form.Name)
	p.tags, p.url = entry(strings.Join(form.Tags, ", ")), entry(form.URL)
	p.tags.PlaceHolder = "For example work, customers"
	p.url.PlaceHolder = "https://"
	p.note = widget.NewMultiLineEntry("", 3)
	p.note.SetText(form.Note)
	p.note.OnKey = p.escapes
	p.favourite = widget.NewCheck("Favourite", form.Favourite, nil)
	p.digits, p.period, p.counter = entry(form.Digits), entry(form.Period), entry(form.Counter)
	p.algorithm = widget.NewSelect(model.Algorithms(), nil)
	p.algorithm.SetSelected(string(form.Algorithm))

	var objects []fyne.CanvasObject
	field := func(id, label string, o fyne.CanvasObject, hint string) fyne.CanvasObject {
		p.fields[id] = widget.NewFormField(label, o, hint)
		return p.fields[id]
	}
	everybody := "everybody in “" + form.SharedIn + "”"
	var tags []fyne.CanvasObject
	switch {
	case form.SharedIn == "":
		tags = append(tags, field("tags", "Tags", p.tags, "Separated by commas"))
	case form.ReadOnly != "":
		if len(form.SharedTags) > 0 {
			tags = append(tags, widget.NewField("Tags of "+everybody, strings.Join(form.SharedTags, ", "), nil))
		}
		tags = append(tags, field("tags", "Your own tags", p.tags, "Nobody else sees them. Separated by commas"))
	default:
		p.sharedTags = entry(strings.Join(form.SharedTags, ", "))
		tags = append(tags, field("sharedtags", "Tags for "+everybody, p.sharedTags, "Separated by commas"),
			field("tags", "Your own tags", p.tags, "Nobody else sees them. Separated by commas"))
	}
	p.save = widget.NewButton(widget.Primary, "Save", look.IconCheck, p.submit)
	if form.ReadOnly != "" {
		p.favourite = widget.NewCheck("Favourite, for you alone", form.Favourite, nil)
		why := widget.NewBanner()
		why.Set(widget.Info, "", form.ReadOnly)
		objects = append(objects, widget.NewText(widget.Strong, title(form.Issuer, form.Name)), why, p.banner)
		objects = append(append(objects, tags...), p.pictureField(), p.favourite, widget.NewFlow(look.Space2, p.save, widget.NewButton(widget.Secondary, "Cancel", "", r.home)))
		p.body = sheet("Own tags and favourite", r.home, objects...)
		return p
	}
	objects = append(objects, p.banner)
	if form.SharedIn != "" {
		p.favourite = widget.NewCheck("Favourite, for you alone", form.Favourite, nil)
		shared := widget.NewBanner()
		shared.Set(widget.Info, "", "This account is shared: what you change here changes for "+everybody+", but for your own tags, your picture and your favourite.")
		objects = append(objects, shared)
	}
	objects = append(objects,
		field("issuer", "Portal", p.issuer, ""),
		field("name", "Account name", p.name, ""))
	objects = append(append(objects, tags...),
		field("url", "Sign-in address", p.url, ""),
		field("note", "Note", p.note, ""),
		p.pictureField(),
		p.favourite)
	if form.Kind == model.TOTP || form.Kind == model.HOTP {
		more := widget.NewColumn(look.Space4,
			widget.NewText(widget.Muted, "These were set by the portal. A change makes other codes, which the portal will refuse."),
			field("algorithm", "Algorithm", p.algorithm, ""),
			field("digits", "Digits", p.digits, ""))
		if form.Kind == model.TOTP {
			more.Add(field("period", "Seconds per code", p.period, ""))
		} else {
			more.Add(field("counter", "Counter", p.counter, "The number of the next code"))
		}
		more.Hide()
		var toggle *widget.Button
		toggle = widget.NewButton(widget.Quiet, "More", look.IconDown, func() {
			setVisible(more, !more.Visible())
			if more.Visible() {
				toggle.SetLabel("Less")
				toggle.SetIcon(look.IconUp)
			} else {
				toggle.SetLabel("More")
				toggle.SetIcon(look.IconDown)
			}
		})
		objects = append(objects, widget.NewFlow(0, toggle), more)
	}
	objects = append(objects, widget.NewFlow(look.Space2, p.save,
		widget.NewButton(widget.Secondary, "Cancel", "", r.home),
		widget.NewButton(widget.Quiet, "Move to trash", look.IconDelete, func() {
			r.session.List().Remove(form.ID)
			r.home()
		})))
	p.body = sheet("Edit", r.home, objects...)
	return p
}

func (p *editPage) content() fyne.CanvasObject { return p.body }

func (p *editPage) focus() fyne.Focusable {
	if p.form.ReadOnly != "" {
		return p.tags
	}
	return p.issuer
}

func (p *editPage) escape() { p.root.home() }

func (p *editPage) escapes(e *fyne.KeyEvent) bool {
	if e.Name == fyne.KeyEscape {
		p.root.home()
		return true
	}
	return false
}

// pictureField shows the mark, with what can be done about it.
func (p *editPage) pictureField() fyne.CanvasObject {
	p.mark = widget.NewIssuerMark()
	p.noPicture = widget.NewButton(widget.Quiet, "Use letters", look.IconClear, func() { p.setPicture("") })
	choose := widget.NewButton(widget.Secondary, "Choose a picture", look.IconFile, p.choosePicture)
	p.setPicture(p.form.Picture)
	p.fields["picture"] = widget.NewFormField("Picture", widget.NewFlow(look.Space3, p.mark, choose, p.noPicture), "")
	return p.fields["picture"]
}

// setPicture shows what the account will have; it is saved with the form.
func (p *editPage) setPicture(text string) {
	p.form.Picture = text
	var shown image.Image
	if img := model.DecodePicture(text); img != nil {
		shown = widget.Round(img)
	}
	p.mark.Set(p.form.Issuer, p.form.Name, shown)
	setVisible(p.noPicture, text != "")
}

func (p *editPage) choosePicture() { p.root.chooseFile(p.takePicture) }

func (p *editPage) takePicture(path string) {
	p.root.session.List().ReadPicture(path, func(small, problem string) {
		if p.root.current != page(p) {
			return
		}
		p.fields["picture"].SetProblem(problem)
		if problem == "" {
			p.setPicture(small)
		}
	})
}

func (p *editPage) submit() {
	form := p.form
	form.Issuer, form.Name, form.URL, form.Note = p.issuer.Text, p.name.Text, p.url.Text, p.note.Text
	form.Favourite = p.favourite.On()
	form.Tags = splitTags(p.tags.Text)
	if p.sharedTags != nil {
		form.SharedTags = splitTags(p.sharedTags.Text)
	}
	form.Algorithm = model.Algorithm(p.algorithm.Selected)
	form.Digits, form.Period, form.Counter = p.digits.Text, p.period.Text, p.counter.Text
	p.root.session.List().SaveEdit(form, func(problems map[string]string) {
		if p.root.current != page(p) {
			return
		}
		if len(problems) == 0 {
			p.root.home()
			return
		}
		p.banner.Set(widget.Trouble, "", problems[""])
		for id, f := range p.fields {
			f.SetProblem(problems[id])
		}
	})
}

// splitTags reads tags separated by commas.
func splitTags(text string) []string {
	var tags []string
	for _, t := range strings.Split(text, ",") {
		if t = strings.TrimSpace(t); t != "" {
			tags = append(tags, t)
		}
	}
	return tags
}
