package view

import (
	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/vault/secret"
)

// packMakePage makes a code pack: the accounts, for how long, under what, and then a file.
type packMakePage struct {
	basePage
	root         *Root
	maker        *model.PackMaker
	body         *fyne.Container
	banner       *widget.Banner
	search       *widget.SearchEntry
	checks       map[model.ID]*widget.Check // by account; they stay, and with them the keyboard
	life         *widget.Select
	number       *widget.Entry
	unit         *widget.Select
	days, other  bool
	name         *widget.Entry
	lock         *widget.Select
	how          model.PackLock
	first, again *widget.PassphraseEntry
	guestKey     *widget.Entry
	saved        bool
	done         *widget.Button
}

const otherLife = "Another time"

var packLocks = []choice[model.PackLock]{
	{"Six words, made up for it", model.PackByWords}, {"A passphrase of my own", model.PackByPassphrase}, {"The key of my guest", model.PackByKey},
}

// openPackMaker makes a code pack, with these accounts chosen already.
func (r *Root) openPackMaker(ids ...model.ID) {
	p := &packMakePage{root: r, maker: r.session.PackMaker(), body: newStack(), banner: widget.NewBanner(), checks: map[model.ID]*widget.Check{}, how: model.PackByWords}
	p.maker.Begin(ids...)
	p.search = widget.NewSearchEntry("Search your accounts", p.maker.SetQuery)
	p.search.OnEscape = p.escape
	var labels []string
	for _, d := range model.PackLives() {
		labels = append(labels, lifeWord(d))
	}
	p.life = widget.NewSelect(append(labels, otherLife), nil)
	p.life.SetSelected(lifeWord(p.maker.Life()))
	p.life.OnChanged = p.chooseLife
	p.number = widget.NewEntry("2")
	p.number.OnChanged = func(string) { p.typeLife() }
	p.unit = selectOf([]choice[bool]{{"hours", false}, {"days", true}}, false, func(days bool) { p.days = days; p.typeLife() })
	p.name = widget.NewEntry("")
	p.name.SetText(p.maker.Me())
	p.lock = selectOf(packLocks, p.how, func(how model.PackLock) { p.how = how; p.update() })
	p.first, p.again = widget.NewPassphraseEntry("Passphrase of the code pack"), widget.NewPassphraseEntry("The same once more")
	p.first.OnSubmitted = func() { r.focusOn(p.again.Focusable()) }
	p.again.OnSubmitted = p.save
	p.guestKey = widget.NewMultiLineEntry("age1pq1…", 3)
	p.guestKey.OnChanged = func(string) { p.update() }
	r.show(p)
}

func (p *packMakePage) content() fyne.CanvasObject { return p.body }
func (p *packMakePage) escape()                    { p.root.openPacks() }

func (p *packMakePage) focus() fyne.Focusable {
	if p.saved {
		return p.done
	}
	return p.search
}

func (p *packMakePage) leave() {
	p.first.Clear()
	p.again.Clear()
	p.maker.Close()
}

func (p *packMakePage) chooseLife(label string) {
	p.other = label == otherLife
	if p.other {
		p.typeLife()
		p.root.focusOn(p.number)
		return
	}
	for _, d := range model.PackLives() {
		if lifeWord(d) == label {
			p.maker.SetLife(d)
		}
	}
}

func (p *packMakePage) typeLife() {
	life, _ := model.ParsePackLife(p.number.Text, p.days)
	p.maker.SetLife(life)
}

func (p *packMakePage) update() {
	if p.root.current != page(p) { // it is being left
		return
	}
	p.banner.Set(widget.Trouble, "", p.maker.Error())
	if p.maker.Busy() {
		p.banner.Set(widget.Info, "", "Working out the codes…")
	}
	saved, ok := p.maker.Saved()
	if ok {
		was := p.saved
		p.saved = true
		p.root.rebuild(p, p.body, sheet("Make a code pack", p.root.openPacks, p.savedObjects(saved)...))
		if !was {
			p.root.focusOn(p.done)
		}
		return
	}
	p.root.rebuild(p, p.body, sheet("Make a code pack", p.root.openPacks, append([]fyne.CanvasObject{
		widget.NewText(widget.Body, "For somebody who is to sign in for a while: they get the codes of that time, worked out beforehand, and none of your keys."),
		p.accounts(),
	}, p.form()...)...))
}

// accounts lets the person choose.
func (p *packMakePage) accounts() fyne.CanvasObject {
	choices := p.maker.Choices()
	objects := []fyne.CanvasObject{p.search}
	for i, c := range choices {
		if i == shownLines {
			objects = append(objects, widget.NewText(widget.Muted, "… "+count(len(choices)-shownLines, "more account. Search to find it.", "more accounts. Search to find them.")))
			break
		}
		label := c.Title
		if c.Shared != "" {
			label += ", in “" + c.Shared + "”"
		}
		if c.Why != "" {
			objects = append(objects, widget.NewText(widget.Muted, label+": "+lower(c.Why)))
			continue
		}
		if p.checks[c.ID] == nil {
			p.checks[c.ID] = widget.NewCheck(label, c.Chosen, func(on bool) { p.maker.Choose(c.ID, on) })
		}
		p.checks[c.ID].SetOn(c.Chosen)
		objects = append(objects, p.checks[c.ID])
	}
	if len(choices) == 0 {
		objects = append(objects, widget.NewText(widget.Muted, "No account matches."))
	}
	return widget.NewSection("Accounts", objects...)
}

// form asks for the rest, and says what it comes to.
func (p *packMakePage) form() []fyne.CanvasObject {
	plan := p.maker.Plan()
	life := widget.NewFormField("For how long", p.life, "")
	if p.other {
		life = widget.NewFormField("For how long", widget.NewColumn(look.Space2, p.life, p.number, p.unit), "")
		if _, problem := model.ParsePackLife(p.number.Text, p.days); p.number.Text != "" {
			life.SetProblem(problem)
		}
	}
	hint, problem := p.lockHint()
	lock := widget.NewFormField("Locked with", widget.NewColumn(look.Space2, append([]fyne.CanvasObject{p.lock}, p.lockObjects()...)...), hint)
	lock.SetProblem(problem)
	objects := []fyne.CanvasObject{life, widget.NewFormField("Your name", p.name, "Your guest sees it. Nothing proves it."), lock}
	save := widget.NewButton(widget.Primary, "Save the code pack", look.IconExport, p.save)
	if plan.Problem != "" || p.maker.Busy() {
		save.Disable()
	}
	says := []fyne.CanvasObject{}
	if plan.Problem == "" {
		says = append(says, widget.NewText(widget.Body, plan.Says))
		if plan.Shared != "" {
			says = append(says, widget.NewText(widget.Body, plan.Shared))
		}
		says = append(says, widget.NewText(widget.Muted, "The file is "+plan.Size+"."))
	} else {
		says = append(says, widget.NewText(widget.Muted, plan.Problem))
	}
	return append(objects, widget.NewSection("What your guest gets", says...), p.banner,
		widget.NewFlow(look.Space2, save, widget.NewButton(widget.Quiet, "Cancel", "", p.root.openPacks)))
}

func (p *packMakePage) lockObjects() []fyne.CanvasObject {
	switch p.how {
	case model.PackByPassphrase:
		return []fyne.CanvasObject{p.first, p.again}
	case model.PackByKey:
		open := widget.NewButton(widget.Secondary, "Open the file with it", look.IconFile, func() {
			p.root.chooseFile(func(path string) { p.maker.ReadKey(path, p.guestKey.SetText) })
		})
		return []fyne.CanvasObject{p.guestKey, widget.NewFlow(look.Space2, open)}
	}
	return nil
}

func (p *packMakePage) lockHint() (hint, problem string) {
	switch p.how {
	case model.PackByPassphrase:
		return "Tell it by phone or in person, never in the message with the file.", ""
	case model.PackByKey:
		check, problem := p.maker.CheckKey(p.guestKey.Text)
		if check != "" {
			return "Compare by phone: your guest's Tallystick shows " + check + " under “Code packs”.", ""
		}
		return "Your guest finds it in Tallystick under “Code packs”. No passphrase is needed then.", problem
	}
	return "You see them when the file is written. Tell them by phone or in person.", ""
}

// savedObjects is what to do with the file.
func (p *packMakePage) savedObjects(s model.PackSaved) []fyne.CanvasObject {
	good := widget.NewBanner()
	good.Set(widget.Good, "Written", s.File+", in the folder "+s.Folder+". It has codes until "+s.Until+".")
	objects := []fyne.CanvasObject{good}
	p.done = widget.NewButton(widget.Primary, "Done", look.IconCheck, p.root.openPacks)
	if s.Lock == model.PackByWords {
		objects = append(objects, widget.NewSection("Its passphrase",
			widget.NewText(widget.Mono, sixLines(p.maker.Words())),
			widget.NewText(widget.Muted, "Write it down or tell it now: it is not shown again. Tell your guest by phone or in person, never in the message with the file.")))
	}
	how := "Send the file any way you like. Your guest opens it in Tallystick, on a computer of their own: they drop it on the window, or choose “" + sentPack + "” at the first start."
	if s.Lock == model.PackByKey {
		how = "Send the file any way you like. Only your guest's Tallystick opens it: they drop it on the window, or choose “Code packs”."
	}
	return append(objects, widget.NewText(widget.Body, how), widget.NewFlow(look.Space2, p.done))
}

func (p *packMakePage) save() {
	if p.maker.Busy() {
		return
	}
	n := model.NewPack{By: p.name.Text, Lock: p.how, Key: p.guestKey.Text}
	if p.how == model.PackByPassphrase && !p.root.agree(p.banner, p.first, p.again) {
		return
	}
	p.root.saveFile(p.maker.FileName(), func(path string) {
		if p.how == model.PackByPassphrase {
			n.Pass = secret.New(p.first.Take())
			p.again.Clear()
		}
		p.maker.Save(path, n)
	})
}

// sixLines breaks words into lines of three.
func sixLines(words string) string {
	var out []byte
	spaces := 0
	for _, c := range []byte(words) {
		if c == ' ' {
			if spaces++; spaces%3 == 0 {
				c = '\n'
			}
		}
		out = append(out, c)
	}
	return string(out)
}

// lower begins a text with a small letter.
func lower(text string) string {
	if text == "" || text[0] < 'A' || text[0] > 'Z' {
		return text
	}
	return string(text[0]-'A'+'a') + text[1:]
}
