package view

import (
	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
)

// keyForm is the manual way: names and key, and under "More" what almost nobody has to change.
type keyForm struct {
	add                     *model.Add
	kind                    *widget.Select
	issuer, name            *widget.Entry
	key, pin                *widget.KeyEntry
	algorithm               *widget.Select
	digits, period, counter *widget.Entry
	fields                  map[string]*widget.FormField
	more                    *fyne.Container
	moreButton              *widget.Button
	about                   *widget.Text
	filling                 bool
}

func newKeyForm(add *model.Add, escapes func(*fyne.KeyEvent) bool) *keyForm {
	f := &keyForm{add: add, fields: map[string]*widget.FormField{}}
	entry := func(hint string) *widget.Entry {
		e := widget.NewEntry(hint)
		e.OnKey = escapes
		e.OnChanged = func(string) { f.changed() }
		e.OnSubmitted = func(string) { f.submit() }
		return e
	}
	f.issuer, f.name = entry("For example Yeastar"), entry("For example superadmin")
	f.digits, f.period, f.counter = entry("6"), entry("30"), entry("0")
	f.key = widget.NewKeyEntry("Spaces do not matter")
	f.key.OnChanged = func(string) { f.changed() }
	f.key.OnSubmitted = f.submit
	f.pin = widget.NewKeyEntry("The PIN of this account")
	f.pin.SetMasked(true)
	f.pin.OnChanged = func(string) { f.changed() }
	f.pin.OnSubmitted = f.submit

	labels := make([]string, len(kinds))
	for i, k := range kinds {
		labels[i] = k.label
	}
	f.kind = widget.NewSelect(labels, func(string) { f.kindChanged() })
	f.algorithm = widget.NewSelect(model.Algorithms(), func(string) { f.changed() })

	field := func(id, label string, o fyne.CanvasObject, hint string) {
		f.fields[id] = widget.NewFormField(label, o, hint)
	}
	field("issuer", "Portal", f.issuer, "")
	field("name", "Account name", f.name, "")
	field("kind", "How the code is made", f.kind, "")
	field("key", "Key", f.key, "")
	field("pin", "PIN", f.pin, "")
	field("algorithm", "Algorithm", f.algorithm, "")
	field("digits", "Digits", f.digits, "")
	field("period", "Seconds per code", f.period, "")
	field("counter", "Counter", f.counter, "The number of the next code")
	f.more = widget.NewColumn(look.Space4, f.fields["kind"], f.fields["algorithm"], f.fields["digits"], f.fields["period"], f.fields["counter"])
	f.more.Hide()
	f.moreButton = widget.NewButton(widget.Quiet, "More", look.IconDown, f.toggleMore)
	f.about = widget.NewText(widget.Muted, "")
	f.fill(add.Form())
	return f
}

func (f *keyForm) first() fyne.Focusable { return f.issuer }

func (f *keyForm) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{
		f.about,
		f.fields["issuer"], f.fields["name"], f.fields["key"], f.fields["pin"],
		widget.NewFlow(0, f.moreButton), f.more,
	}
}

// fill shows what the model has.
func (f *keyForm) fill(form model.Form) {
	f.filling = true
	defer func() { f.filling = false }()
	f.issuer.SetText(form.Issuer)
	f.name.SetText(form.Name)
	f.key.SetText(form.Key)
	f.pin.SetText(form.PIN)
	f.digits.SetText(form.Digits)
	f.period.SetText(form.Period)
	f.counter.SetText(form.Counter)
	f.algorithm.SetSelected(string(form.Algorithm))
	for _, k := range kinds {
		if k.kind == form.Kind {
			f.kind.SetSelected(k.label)
		}
	}
	f.showFor(form.Kind)
}

func (f *keyForm) selectedKind() model.Kind {
	for _, k := range kinds {
		if k.label == f.kind.Selected {
			return k.kind
		}
	}
	return model.TOTP
}

// kindChanged presets what the kind prescribes.
func (f *keyForm) kindChanged() {
	if f.filling {
		return
	}
	f.add.SetForm(f.form()) // a changed kind brings its presets
	f.fill(f.add.Form())
}

// showFor hides the fields that mean nothing for a kind.
func (f *keyForm) showFor(kind model.Kind) {
	plain := kind == model.TOTP || kind == model.HOTP
	if kind == model.Manual {
		f.about.SetText("The portal sends the code itself, so there is none to make. Recovery keys, the sign-in address and a note can be kept with the account.")
	} else {
		f.about.SetText("Portals offer this beside the QR code, as “Can't scan?” or “Enter the key by hand”. Most need nothing but the key.")
	}
	setVisible(f.fields["key"], kind != model.Manual)
	setVisible(f.fields["pin"], kind == model.MOTP || kind == model.Yandex)
	setVisible(f.fields["algorithm"], plain)
	setVisible(f.fields["digits"], plain)
	setVisible(f.fields["period"], kind == model.TOTP)
	setVisible(f.fields["counter"], kind == model.HOTP)
}

func (f *keyForm) toggleMore() {
	if f.more.Visible() {
		f.more.Hide()
		f.moreButton.SetIcon(look.IconDown)
		f.moreButton.SetLabel("More")
		return
	}
	f.more.Show()
	f.moreButton.SetIcon(look.IconUp)
	f.moreButton.SetLabel("Less")
}

func (f *keyForm) form() model.Form {
	return model.Form{
		Issuer: f.issuer.Text, Name: f.name.Text, Key: f.key.Text(), PIN: f.pin.Text(),
		Kind: f.selectedKind(), Algorithm: model.Algorithm(f.algorithm.Selected),
		Digits: f.digits.Text, Period: f.period.Text, Counter: f.counter.Text,
	}
}

func (f *keyForm) changed() {
	if !f.filling {
		f.add.SetForm(f.form())
	}
}

func (f *keyForm) submit() {
	f.add.SetForm(f.form())
	f.add.SubmitForm()
}

// say puts each sentence under its field, and opens "More" when a problem is there.
func (f *keyForm) say(problems, hints map[string]string) {
	f.fields["key"].SetHint(hints["key"])
	for id, field := range f.fields {
		if field.Problem() != problems[id] {
			field.SetProblem(problems[id])
		}
		switch id {
		case "algorithm", "digits", "period", "counter":
			if problems[id] != "" && !f.more.Visible() {
				f.toggleMore()
			}
		}
	}
}

// clear takes the key and the PIN out of the fields.
func (f *keyForm) clear() {
	f.filling = true
	defer func() { f.filling = false }()
	f.key.Clear()
	f.pin.Clear()
}
