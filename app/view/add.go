package view

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
)

// addPage is the flow of adding an account: one page whose body follows the stage of the model.
type addPage struct {
	basePage
	root  *Root
	add   *model.Add
	stage model.Stage
	body  *fyne.Container
	first fyne.Focusable // what gets the keyboard on this stage
	fresh bool           // the stage has just changed

	// What a tick or a keystroke changes without building the stage anew:
	banner *widget.Banner
	code   *widget.BigCode
	advice int // how many lines of advice are on the screen
	form   *keyForm
	keys   *keepPane
	save   *widget.Button
	film   *filmPane
}

func newAddPage(r *Root) *addPage {
	return &addPage{root: r, add: r.session.Add(), stage: -1, body: container.NewStack()}
}

func (p *addPage) content() fyne.CanvasObject { return p.body }
func (p *addPage) focus() fyne.Focusable      { return p.first }
func (p *addPage) escape()                    { p.back() }

// dropped takes files for the step that is on the screen.
func (p *addPage) dropped(paths []string) {
	if p.stage == model.KeepKeys {
		p.root.session.Keep().ReadFile(paths[0])
		return
	}
	p.add.ReadFiles(paths)
}

func (p *addPage) leave() {
	if p.form != nil {
		p.form.clear()
	}
	if p.keys != nil {
		p.keys.clear()
	}
}

// back goes one step back, or leaves the flow from its first one.
func (p *addPage) back() {
	switch p.add.Stage() {
	case model.Choose, model.ProveIt, model.KeepKeys:
		p.add.Cancel() // what is saved stays
	case model.Done:
		p.add.Finish()
	default:
		p.add.Back()
	}
}

func (p *addPage) update() {
	stage := p.add.Stage()
	advised := stage == model.ProveIt && len(p.add.Proof().Advice) != p.advice
	changed := stage != p.stage
	if changed || advised || stage == model.KeepKeys || stage == model.Several || stage == model.Working {
		p.stage, p.fresh = stage, changed
		p.build()
		p.body.Refresh()
		if p.root.current == page(p) && (stage != model.KeepKeys || changed) {
			p.root.focusOn(p.first)
		}
		if stage == model.KeepKeys && p.root.current == page(p) {
			p.keys.takeFocus()
		}
	}
	p.refresh()
}

// refresh shows what changes within a stage.
func (p *addPage) refresh() {
	if p.banner != nil {
		p.banner.Set(widget.Trouble, "", p.add.Error())
	}
	switch p.stage {
	case model.Typing:
		p.form.say(p.add.FormProblems(), p.add.FormHints())
	case model.ProveIt:
		p.tick()
	case model.Filming:
		p.film.update()
	}
}

func (p *addPage) build() {
	p.banner, p.code, p.advice, p.save = widget.NewBanner(), nil, 0, nil
	if p.form != nil {
		p.form.clear()
		p.form = nil
	}
	p.first = nil
	var body fyne.CanvasObject
	switch p.stage {
	case model.Working:
		body = p.working()
	case model.Filming:
		body = p.filming()
	case model.NothingFound:
		body = p.nothingFound()
	case model.Several:
		body = p.several()
	case model.Found:
		body = p.found()
	case model.Typing:
		body = p.typing()
	case model.ProveIt:
		body = p.proveIt()
	case model.KeepKeys:
		body = p.keepKeys()
	case model.Done:
		body = p.done()
	default:
		w := newWays(p.root)
		p.first = w.cards[0]
		body = sheet("Add an account", p.back, p.banner, w.body)
	}
	if p.stage == model.KeepKeys && !p.fresh { // built anew with every keystroke
		p.root.rebuild(p, p.body, body)
		return
	}
	p.body.Objects = []fyne.CanvasObject{body}
}

func (p *addPage) working() fyne.CanvasObject {
	cancel := widget.NewButton(widget.Secondary, "Cancel", "", p.add.Cancel)
	p.first = cancel
	more := "This takes a moment."
	if p.add.Watching() {
		more = "Go to where the portal shows its QR code, and do not cover it with this window. The code is taken as soon as it can be seen."
	}
	return centred(widget.NewText(widget.Title, p.add.Busy()), widget.NewText(widget.Muted, more), cancel)
}

func (p *addPage) nothingFound() fyne.CanvasObject {
	again := widget.NewButton(widget.Primary, "Scan my screen", look.IconScan, p.add.ScanScreen)
	p.first = again
	reason := widget.NewBanner()
	reason.Set(widget.Warning, "Nothing to add was found", p.add.Reason())
	next := []fyne.CanvasObject{again,
		widget.NewButton(widget.Secondary, "Wait for it to appear", look.IconClock, p.add.WatchScreen),
		widget.NewButton(widget.Secondary, "Open a picture", look.IconPicture, p.root.openPicture),
		widget.NewButton(widget.Secondary, "Type the key", look.IconKey, p.add.TypeKey)}
	return sheet("Add an account", p.back, reason, widget.NewFlow(look.Space2, next...))
}

// several lets a person choose between the codes that were found, by a cut-out picture of each.
func (p *addPage) several() fyne.CanvasObject {
	candidates := p.add.Candidates()
	objects := []fyne.CanvasObject{p.banner}
	chosen, usable := 0, 0
	for i, c := range candidates {
		if c.Problem == "" {
			usable++
		}
		if c.Chosen {
			chosen++
		}
		objects = append(objects, p.candidate(i, c))
	}
	text := "Choose the one you want to add."
	if usable == 0 {
		text = "None of them is an authenticator code."
	}
	head := []fyne.CanvasObject{widget.NewText(widget.Body, fmt.Sprintf("%s found. %s", count(len(candidates), "code was", "codes were"), text))}
	missing := widget.NewBanner()
	missing.Set(widget.Warning, "", p.add.MissingParts())
	head = append(head, missing)
	if chosen > 1 {
		p.save = widget.NewButton(widget.Primary, fmt.Sprintf("Add all %d", chosen), look.IconAdd, p.add.AddAll)
		head = append(head, p.save)
	}
	return sheet("Which one?", p.back, append(head, objects...)...)
}

// candidate is one choice: the place on the screen, and what was read there.
func (p *addPage) candidate(i int, c model.Candidate) fyne.CanvasObject {
	icon, name, text := look.IconQR, title(c.Draft.Issuer, c.Draft.Name), c.Where
	if c.Problem != "" {
		icon, name, text = look.IconInfo, "Not an account", c.Problem
	}
	card := widget.NewChoiceCard(icon, name, text, func() { p.add.Pick(i) })
	if c.Problem != "" {
		card.Disable()
	} else if p.first == nil {
		p.first = card
	}
	if c.Cutout != nil {
		card.SetPicture(c.Cutout)
	}
	return card
}

// copyHint says under a large code that it can be pressed.
const copyHint = "Click the code to copy it"

// found is the preview: what the code says, in words, before anything is saved.
func (p *addPage) found() fyne.CanvasObject {
	d := p.add.Draft()
	issuer, name := widget.NewEntry("For example B3Networks"), widget.NewEntry("For example maria@shop.example")
	issuer.SetText(d.Issuer)
	name.SetText(d.Name)
	rename := func(string) { p.add.SetNames(issuer.Text, name.Text) }
	issuer.OnChanged, name.OnChanged = rename, rename
	name.OnSubmitted = func(string) { p.saveFound() }
	issuer.OnSubmitted = func(string) { p.root.focusOn(name) }
	for _, e := range []*widget.Entry{issuer, name} {
		e.OnKey = p.escapes
	}

	objects := []fyne.CanvasObject{
		p.banner,
		widget.NewFormField("Portal", issuer, ""),
		widget.NewFormField("Account name", name, ""),
		widget.NewText(widget.Muted, d.About),
	}
	for _, line := range d.Lines {
		b := widget.NewBanner()
		b.Set(widget.Info, "", line)
		objects = append(objects, b)
	}
	switch {
	case d.Same != nil && d.Same.ReadOnly:
		same := widget.NewBanner()
		same.Set(widget.Info, "You have this key already", fmt.Sprintf("It belongs to %s. %s", title(d.Same.Issuer, d.Same.Name), p.root.session.Sharing().WhyReadOnly(d.Same.ID)))
		p.save = widget.NewButton(widget.Secondary, "Keep both", look.IconDuplicate, func() { p.add.Save(model.KeepBoth) })
		objects = append(objects, same, widget.NewFlow(look.Space2, p.save, widget.NewButton(widget.Quiet, "Cancel", "", p.add.Cancel)))
	case d.Same != nil:
		same := widget.NewBanner()
		same.Set(widget.Warning, "You have this key already", fmt.Sprintf("It belongs to %s. Replacing keeps that account with its history and tags, and gives it these names.", title(d.Same.Issuer, d.Same.Name)))
		p.save = widget.NewButton(widget.Primary, "Replace it", look.IconCheck, func() { p.add.Save(model.Replace) })
		objects = append(objects, same, widget.NewFlow(look.Space2, p.save,
			widget.NewButton(widget.Secondary, "Keep both", look.IconDuplicate, func() { p.add.Save(model.KeepBoth) }),
			widget.NewButton(widget.Quiet, "Cancel", "", p.add.Cancel)))
	default:
		if len(d.SameNames) > 0 && d.SameNames[0].ReadOnly {
			names := widget.NewBanner()
			names.Set(widget.Info, "Enrolled again?", "There is an account with these names and another key. "+p.root.session.Sharing().WhyReadOnly(d.SameNames[0].ID)+" Have the new key put there, or add this one beside it for yourself.")
			objects = append(objects, names)
		} else if len(d.SameNames) > 0 {
			names := widget.NewBanner()
			names.Set(widget.Info, "Enrolled again?", "There is an account with these names and another key. If the portal made you enroll again, give that account the new key: the old one stays in its history. Otherwise add this one beside it.",
				widget.Action{Label: "Give it the new key", Do: func() { p.add.SaveOver(d.SameNames[0].ID) }})
			objects = append(objects, names)
		}
		p.save = widget.NewButton(widget.Primary, "Add this account", look.IconCheck, p.saveFound)
		objects = append(objects, widget.NewFlow(look.Space2, p.save, widget.NewButton(widget.Quiet, "Cancel", "", p.add.Cancel)))
	}
	p.first = p.save
	return sheet("Is this it?", p.back, objects...)
}

func (p *addPage) saveFound() {
	if p.add.Draft().Same == nil {
		p.add.Save(model.AddNew)
	}
}

// escapes lets Escape leave a field; everything else is the field's.
func (p *addPage) escapes(e *fyne.KeyEvent) bool {
	if e.Name == fyne.KeyEscape {
		p.back()
		return true
	}
	return false
}

func (p *addPage) typing() fyne.CanvasObject {
	p.form = newKeyForm(p.add, p.escapes)
	p.first = p.form.first()
	p.save = widget.NewButton(widget.Primary, "Continue", look.IconCheck, p.form.submit)
	title := "Type the key"
	if p.add.Form().Kind == model.Manual { // as a guide opens it
		title = "Codes by e-mail or SMS"
	}
	return sheet(title, p.back, append(append([]fyne.CanvasObject{p.banner}, p.form.objects()...), p.save)...)
}

// proveIt shows the code very large, to be typed into the portal.
func (p *addPage) proveIt() fyne.CanvasObject {
	proof := p.add.Proof()
	p.code = widget.NewBigCode()
	p.code.OnTapped = func() {
		if ids := p.add.Saved(); len(ids) > 0 {
			p.root.session.List().Copy(ids[0])
		}
	}
	accepted := widget.NewButton(widget.Primary, "The portal accepted it", look.IconCheck, p.add.Accepted)
	p.first = accepted
	objects := []fyne.CanvasObject{
		widget.NewText(widget.Body, "The account is saved. Type the code into the page that showed the QR code, and confirm there."),
		p.code,
	}
	if proof.Period > 0 {
		// Always there: a line that comes and goes moves the buttons below it away under the pointer.
		objects = append(objects, widget.NewText(widget.Muted, "When a code is about to change, the next one is waited for, so that you have time to type it."))
	}
	objects = append(objects, widget.NewFlow(look.Space2, accepted,
		widget.NewButton(widget.Secondary, "It was refused", look.IconClose, p.add.Refused)))
	p.advice = len(proof.Advice)
	if p.advice > 0 {
		lines := make([]fyne.CanvasObject, p.advice)
		for i, line := range proof.Advice {
			lines[i] = widget.NewText(widget.Body, fmt.Sprintf("%d. %s", i+1, line))
		}
		lines = append(lines, widget.NewFlow(look.Space2, widget.NewButton(widget.Secondary, "Check-up", look.IconSuccess, p.root.openDoctor)))
		objects = append(objects, widget.NewSection("What to check", lines...))
	}
	return sheet("Type this into "+proof.Portal, p.add.Cancel, objects...)
}

func (p *addPage) tick() {
	if p.stage == model.KeepKeys && p.keys != nil {
		p.keys.tick()
	}
	if p.stage != model.ProveIt || p.code == nil {
		return
	}
	proof := p.add.Proof()
	state := widget.BigCodeState{Code: proof.Code, Seconds: proof.Remaining, Period: proof.Period, Waiting: proof.Waiting, Hint: copyHint}
	if ids := p.add.Saved(); len(ids) > 0 {
		if row, ok := p.root.session.List().Get(ids[0]); ok {
			state.Notice = notice(row)
		}
	}
	p.code.Set(state)
}

// keepKeys keeps the pane, with what was typed into it, while its parts are put together anew.
func (p *addPage) keepKeys() fyne.CanvasObject {
	if p.keys == nil {
		p.keys = newKeepPane(p.root, "The portal gave me none", p.add.KeysKept)
	}
	objects := p.keys.objects()
	p.first = p.keys.first()
	return sheet(p.keys.title(), p.add.Cancel, objects...)
}

func (p *addPage) done() fyne.CanvasObject {
	finish := widget.NewButton(widget.Primary, "Show my accounts", look.IconCheck, p.add.Finish)
	p.first = finish
	n := len(p.add.Saved())
	text := "From now on the code is in your list whenever the portal asks for it."
	if n != 1 {
		text = fmt.Sprintf("%s in your list now.", count(n, "account is", "accounts are"))
	}
	good := widget.NewBanner()
	good.Set(widget.Good, "Done", text)
	objects := []fyne.CanvasObject{good, p.banner}
	if p.root.session.List().Total() == 1 && p.root.session.CanKit() {
		kit := widget.NewBanner()
		kit.Set(widget.Info, "Your first account", "A recovery kit on paper brings all your accounts back when this computer is lost.",
			widget.Action{Label: "Make a recovery kit", Do: func() {
				p.add.Finish()
				p.root.openKit()
			}})
		if p.root.session.CanBackup() && !p.root.session.Backup().IsSet() {
			kit.Set(widget.Info, "Your first account", "A recovery kit on paper and a backup in another place bring all your accounts back when this computer is lost.",
				widget.Action{Label: "Make a recovery kit", Do: func() {
					p.add.Finish()
					p.root.openKit()
				}},
				widget.Action{Label: "Set up backups", Do: func() {
					p.add.Finish()
					p.root.openBackup()
				}})
		}
		objects = append(objects, kit)
	}
	for _, line := range append([]string{p.add.MissingParts()}, p.add.SkippedLines()...) {
		b := widget.NewBanner()
		b.Set(widget.Warning, "", line)
		objects = append(objects, b)
	}
	return sheet("Added", p.add.Finish, append(objects, finish)...)
}

// count puts a number before the right form of a word.
func count(n int, one, many string) string {
	if n == 1 {
		return "One " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// kinds are the kinds of account a person can type in, with the words for them.
var kinds = []struct {
	kind  model.Kind
	label string
}{
	{model.TOTP, "Changes every half minute (the usual one)"},
	{model.HOTP, "With a counter (HOTP)"},
	{model.Steam, "Steam"},
	{model.MOTP, "mOTP, with a PIN"},
	{model.Yandex, "Yandex, with a PIN"},
	{model.Manual, "The portal sends it by e-mail or SMS"},
}
