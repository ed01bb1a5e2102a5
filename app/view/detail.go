package view

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
)

// detailPane shows everything about one account: beside the list in a wide window, as a page of its own in a narrow one.
type detailPane struct {
	root *Root
	id   model.ID // the account; "" follows the list's selection
	body *fyne.Container
	code *widget.BigCode
	row  model.Row
}

func newDetailPane(r *Root) *detailPane {
	d := &detailPane{root: r, body: container.NewStack()}
	d.code = widget.NewBigCode()
	d.code.OnTapped = d.activate
	return d
}

// current is the row to show.
func (d *detailPane) current() (model.Row, bool) {
	list := d.root.session.List()
	if d.id != "" {
		return list.Get(d.id)
	}
	id, ok := list.Selected()
	if !ok || list.Index(id) < 0 {
		return model.Row{}, false
	}
	return list.Get(id)
}

func (d *detailPane) update() {
	if !d.body.Visible() {
		return
	}
	row, ok := d.current()
	d.row = row
	if !ok {
		d.body.Objects = []fyne.CanvasObject{centred(widget.NewText(widget.Muted, "Choose an account to see its details."))}
		d.body.Refresh()
		return
	}
	d.body.Objects = []fyne.CanvasObject{columnOf(false, d.objects(row)...)}
	d.body.Refresh()
	d.tickCode()
}

func (d *detailPane) objects(a model.Row) []fyne.CanvasObject {
	r := d.root
	mark := widget.NewIssuerMark()
	mark.Set(a.Issuer, a.Name, r.marks.of(a.ID, a.Picture))
	names := container.NewBorder(nil, nil, widget.NewPadded(look.Space2, 0, mark), nil,
		widget.NewColumn(0, widget.NewText(widget.Title, either(a.Issuer, a.Name)), widget.NewText(widget.Muted, second(a))))
	objects := []fyne.CanvasObject{names}

	switch {
	case a.Broken != "":
		broken := widget.NewBanner()
		broken.Set(widget.Trouble, "", a.Broken)
		return append(objects, broken)
	case a.Kind == model.Manual:
		objects = append(objects, widget.NewText(widget.Body, "The portal sends the code for this account by e-mail or SMS. There is nothing to generate; its note and address are kept here."))
	default:
		objects = append(objects, d.code)
	}

	var buttons []fyne.CanvasObject
	if a.Kind != model.Manual {
		buttons = append(buttons, widget.NewButton(widget.Primary, "Copy", look.IconCopy, d.activate))
	}
	if a.Kind == model.HOTP {
		buttons = append(buttons, widget.NewButton(widget.Secondary, "Next code", look.IconNext, func() { r.session.List().NextHOTP(a.ID) }))
	}
	if a.URL != "" {
		buttons = append(buttons, widget.NewButton(widget.Secondary, "Open portal", look.IconOpen, func() { r.env.OpenURL(a.URL) }))
	}
	if guide := r.session.GuideFor(a.ID); guide != "" {
		buttons = append(buttons, widget.NewButton(widget.Quiet, "Guide", look.IconHelp, func() { r.env.OpenGuide(guide) }))
	}
	edit := "Edit"
	if a.ReadOnly {
		edit = "Own tags"
	}
	buttons = append(buttons, widget.NewButton(widget.Secondary, edit, look.IconEdit, func() { r.openEdit(a.ID) }))
	if a.Kind != model.Manual {
		buttons = append(buttons, widget.NewButton(widget.Quiet, "QR code", look.IconQR, func() { r.openQR(a.ID) }))
	}
	if r.session.Sharing().CanMove(a.ID) {
		buttons = append(buttons, widget.NewButton(widget.Quiet, "Share with a team", look.IconShare, func() { r.openMove(a.ID) }))
	}
	objects = append(objects, widget.NewFlow(look.Space2, buttons...))
	if a.SharedWith > 0 {
		text := sharedWith(a) + "."
		if a.ReadOnly {
			text += " " + r.session.Sharing().WhyReadOnly(a.ID)
		}
		objects = append(objects, widget.NewField("Shared", text, nil),
			widget.NewFlow(look.Space2, widget.NewButton(widget.Quiet, "Open the shared vault", look.IconShare, func() { r.openShared(r.session.Sharing().Of(a.ID)) }),
				widget.NewButton(widget.Quiet, "Who changed it", look.IconHistory, func() {
					r.session.Sharing().Open(r.session.Sharing().Of(a.ID))
					r.openShareLog(a.ID, func() { r.openDetail(a.ID) })
				})))
	}

	field := func(label, value string) {
		if value != "" {
			objects = append(objects, widget.NewField(label, value, nil))
		}
	}
	if a.Favourite {
		field("Favourite", "Yes")
	}
	recovery := widget.NewField("Recovery keys", recoverySummary(r.session.List().Recovery(a.ID)), nil)
	objects = append(objects, recovery)
	if warning := r.session.List().Recovery(a.ID).Warning; warning != "" {
		b := widget.NewBanner()
		b.Set(widget.Warning, "", warning)
		objects = append(objects, b)
	}
	if r.session.List().Recovery(a.ID).Total > 0 {
		objects = append(objects, widget.NewFlow(look.Space2, widget.NewButton(widget.Secondary, "Show recovery keys", look.IconRecovery, func() { r.openRecovery(a.ID) })))
	} else if !a.ReadOnly {
		objects = append(objects, widget.NewFlow(look.Space2, widget.NewButton(widget.Secondary, "Keep recovery keys", look.IconRecovery, func() { r.openKeep(a.ID) })))
	}
	if a.SharedWith > 0 {
		shared, own := tagsOf(a)
		field("Tags of everybody in “"+a.SharedIn+"”", strings.Join(shared, ", "))
		field("Your own tags", strings.Join(own, ", "))
	} else {
		field("Tags", strings.Join(a.Tags, ", "))
	}
	field("Note", a.Note)
	field("Sign-in address", a.URL)
	field("Kind of code", r.session.List().About(a.ID))
	for i, f := range r.session.List().History(a.ID) {
		objects = append(objects, widget.NewField("Former key, until "+model.Day(f.Retired), f.About, nil))
		if !a.ReadOnly {
			objects = append(objects, widget.NewFlow(look.Space2, widget.NewButton(widget.Quiet, "Use this key again", look.IconHistory, func() { r.session.List().RestoreKey(a.ID, i) })))
		}
	}
	field("Added", model.Day(a.Created))
	if !a.Used.IsZero() {
		field("Last used", model.Day(a.Used))
	}
	return objects
}

// tagsOf tells the tags that everybody in a shared vault sees from the person's own.
func tagsOf(a model.Row) (shared, own []string) {
	for _, t := range a.Tags {
		if slices.Contains(a.SharedTags, t) {
			shared = append(shared, t)
		} else {
			own = append(own, t)
		}
	}
	return shared, own
}

// tickCode shows what a second changed.
func (d *detailPane) tickCode() {
	if !d.body.Visible() {
		return
	}
	row, ok := d.current()
	if !ok || row.ID != d.row.ID {
		return
	}
	d.row = row
	d.code.Set(bigCode(row))
}

// activate copies the code, or shows a hidden one first.
func (d *detailPane) activate() {
	list := d.root.session.List()
	switch {
	case d.row.Hidden:
		list.Reveal(d.row.ID)
	case d.row.Kind == model.HOTP && d.row.Code == "":
		list.NextHOTP(d.row.ID)
	default:
		list.Copy(d.row.ID)
	}
}

func bigCode(r model.Row) widget.BigCodeState {
	return widget.BigCodeState{
		Code: r.Code, Next: r.Next, Hidden: r.Hidden, Digits: r.Digits,
		Seconds: r.Remaining, Period: r.Period, Notice: notice(r), Hint: copyHint,
	}
}

func either(first, second string) string {
	if first != "" {
		return first
	}
	return second
}

func second(a model.Row) string {
	if a.Issuer == "" {
		return ""
	}
	return a.Name
}

// detailPage is the pane as a page.
type detailPage struct {
	basePage
	pane *detailPane
	body fyne.CanvasObject
	root *Root
}

func (r *Root) openDetail(id model.ID) {
	if r.main.wide() {
		r.session.List().Select(id)
		r.show(r.main)
		return
	}
	p := &detailPage{root: r, pane: newDetailPane(r)}
	p.pane.id = id
	p.body = container.NewBorder(head("Account", r.home), nil, nil, nil, p.pane.body)
	r.show(p)
}

func (p *detailPage) content() fyne.CanvasObject { return p.body }
func (p *detailPage) escape()                    { p.root.home() }
func (p *detailPage) tick()                      { p.pane.tickCode() }

func (p *detailPage) update() {
	if _, ok := p.pane.current(); !ok {
		p.root.show(p.root.main)
		return
	}
	p.pane.update()
}

func (r *Root) toggleFavourite(id model.ID) {
	if row, ok := r.session.List().Get(id); ok {
		r.session.List().SetFavourite(id, !row.Favourite)
	}
}
