package view

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
)

// keepPane is the step of keeping recovery keys: the last one of adding an account, and a page of its own from an account's details.
type keepPane struct {
	root    *Root
	keep    *model.Keep
	leave   func() // goes on without keys, or after they are kept
	skip    string // the label of going on without keys
	text    *widget.Entry
	picture *widget.PictureView // to type from, when a program could not read it
	banner  *widget.Banner
	save    *widget.Button
	beside  *widget.Check   // keep the sheet that is there valid
	onward  *widget.Button  // when the keys are kept
	boxes   []*widget.Check // for the marks, by line
	kept    bool            // they were, when the page was drawn last
	marking bool            // the person wants to say which keys are used
	shown   string          // the keys in the text field, to tell the person's own typing from news of the model
	filling bool
}

func newKeepPane(r *Root, skip string, leave func()) *keepPane {
	p := &keepPane{root: r, keep: r.session.Keep(), leave: leave, skip: skip, banner: widget.NewBanner()}
	p.picture = widget.NewPictureView(pictureHeight)
	p.picture.OnPutAway = p.keep.DropPicture
	p.text = widget.NewMultiLineEntry("Paste or type the keys here, one on each line", 6)
	p.text.OnChanged = func(text string) {
		if p.filling {
			return
		}
		p.shown = text
		p.keep.Correct(text)
	}
	p.text.OnKey = func(e *fyne.KeyEvent) bool {
		switch e.Name {
		case fyne.KeyReturn, fyne.KeyEnter:
			if p.text.Text == "" { // Enter alone goes on: there is nothing to keep
				p.leave()
				return true
			}
		case fyne.KeyEscape:
			r.current.escape()
			return true
		}
		return false
	}
	p.beside = widget.NewCheck("The keys that are kept already stay valid, too", false, nil)
	p.save = widget.NewButton(widget.Primary, "Keep these keys", look.IconCheck, func() { p.keep.Save(p.keep.Beside() && p.beside.On()) })
	p.onward = widget.NewButton(widget.Primary, "Continue", look.IconCheck, leave)
	return p
}

// title is the heading of the step.
func (p *keepPane) title() string {
	if p.keep.Saved() > 0 {
		return "Recovery keys kept"
	}
	return "Keep the recovery keys"
}

// first is what gets the keyboard.
func (p *keepPane) first() fyne.Focusable {
	if p.keep.Saved() > 0 {
		return p.onward
	}
	return p.text
}

// objects are what the step shows now.
func (p *keepPane) objects() []fyne.CanvasObject {
	k := p.keep
	p.banner.Set(widget.Trouble, "", k.Error())
	p.picture.Set(k.Picture())
	if n := k.Saved(); n > 0 {
		return p.saved(n)
	}
	lines := k.Lines()
	p.fill(lines)
	if k.Picture() != nil {
		return p.typing(lines)
	}
	objects := []fyne.CanvasObject{
		widget.NewText(widget.Body, "If the portal handed out recovery keys (also called backup codes), keep them here: they let you in when there is no code. Most portals show them only once."),
		p.banner,
	}
	for _, d := range k.Recent() {
		objects = append(objects, widget.NewChoiceCard(look.IconFile, d.Name, "Appeared in Downloads "+ago(d), func() { k.ReadFile(d.Path) }))
	}
	objects = append(objects,
		widget.NewFlow(look.Space2,
			widget.NewButton(widget.Secondary, "Paste", look.IconClipboard, p.paste),
			widget.NewButton(widget.Secondary, "Open a file", look.IconFolder, p.open)),
		p.text)
	return p.understood(objects, lines)
}

// pictureHeight leaves room for the field below it in a window of the usual size.
const pictureHeight = 250

// typing shows a picture without anything to read for a program, and the field beside it.
func (p *keepPane) typing(lines []model.KeepLine) []fyne.CanvasObject {
	return p.understood([]fyne.CanvasObject{
		widget.NewText(widget.Body, "There is no QR code with keys in this picture. Type the keys as you see them, one on each line."),
		p.banner, p.picture, p.text,
	}, lines)
}

// understood adds what the keys were taken for, and the buttons, to a page.
func (p *keepPane) understood(objects []fyne.CanvasObject, lines []model.KeepLine) []fyne.CanvasObject {
	k := p.keep
	if n := len(lines); n > 0 {
		text := count(n, "key was understood.", "keys were understood.")
		if used := usedOf(lines); used > 0 {
			text += fmt.Sprintf(" %d of them marked as used.", used)
		}
		if s := k.Source(); s != "" {
			text += " From " + s + "."
		}
		if s := k.PrintedFor(); s != "" {
			text += " Printed for " + s + "."
		}
		if i := k.Ignored(); i > 0 {
			text += " " + count(i, "other line was", "other lines were") + " passed over."
		}
		objects = append(objects, widget.NewText(widget.Muted, text))
		objects = append(objects, p.marks(lines)...)
	}
	for _, note := range k.Notes() {
		objects = append(objects, widget.NewText(widget.Muted, note))
	}
	if len(lines) > 0 && k.Beside() {
		objects = append(objects, widget.NewText(widget.Muted, "The sheet that is kept now is marked as replaced, unless the portal hands out keys of several kinds."), p.beside)
	}
	setVisible(p.save, len(lines) > 0)
	if k.Busy() != "" {
		p.save.Disable()
	} else {
		p.save.Enable()
	}
	ends := []fyne.CanvasObject{p.save, widget.NewButton(widget.Quiet, p.skip, "", p.leave)}
	if len(lines) > 0 && !p.marking {
		ends = append(ends, widget.NewButton(widget.Quiet, "Some are used already", look.IconEdit, func() {
			p.marking = true
			p.root.keepChanged()
		}))
	}
	return append(objects, widget.NewFlow(look.Space2, ends...))
}

// maxMarks is how many keys are shown with a box for having been used; of longer sheets, those that are used.
const maxMarks = 40

// marks lets the person see and correct which keys count as used.
func (p *keepPane) marks(lines []model.KeepLine) []fyne.CanvasObject {
	if usedOf(lines) == 0 && !p.marking {
		return nil
	}
	p.marking = true // taking the last mark away must not take the boxes away
	var boxes []fyne.CanvasObject
	for i, l := range lines {
		if l.Used || len(lines) <= maxMarks {
			boxes = append(boxes, p.box(i, l))
		}
	}
	return []fyne.CanvasObject{widget.NewSection("Used already", boxes...)}
}

// box is the box of one key: the same one as before, so that it keeps the keyboard when the page is put together anew.
func (p *keepPane) box(i int, l model.KeepLine) *widget.Check {
	if i >= len(p.boxes) {
		p.boxes = append(p.boxes, make([]*widget.Check, i+1-len(p.boxes))...)
	}
	if b := p.boxes[i]; b != nil && b.AccessibilityLabel() == l.Text {
		b.SetOn(l.Used)
		return b
	}
	p.boxes[i] = widget.NewCheck(l.Text, l.Used, func(on bool) { p.keep.MarkUsed(i, on) })
	return p.boxes[i]
}

// tick looks for a download that came while the step was on the screen.
func (p *keepPane) tick() { p.keep.Tick() }

// saved says what was kept, and offers to delete the file it came from.
func (p *keepPane) saved(n int) []fyne.CanvasObject {
	good := widget.NewBanner()
	good.Set(widget.Good, "Kept", count(n, "recovery key is", "recovery keys are")+" with this account now, encrypted.")
	objects := []fyne.CanvasObject{good, p.banner}
	if file := p.keep.LooseFile(); file != "" {
		loose := widget.NewBanner()
		loose.Set(widget.Warning, "The file is still there", file+" holds the keys readable for everybody who gets at this computer.",
			widget.Action{Label: "Overwrite and delete it", Do: p.keep.RemoveLooseFile})
		objects = append(objects, loose)
	}
	for _, note := range p.keep.Notes() {
		objects = append(objects, widget.NewText(widget.Muted, note))
	}
	return append(objects, p.onward)
}

// takeFocus gives the keyboard to what goes on, once the field it was in is gone.
func (p *keepPane) takeFocus() {
	kept := p.keep.Saved() > 0
	if kept && !p.kept {
		p.root.focusOn(p.onward)
	}
	p.kept = kept
}

// fill puts the model's keys into the text field, unless the person is typing them.
func (p *keepPane) fill(lines []model.KeepLine) {
	texts := make([]string, len(lines))
	for i, l := range lines {
		texts[i] = l.Text
	}
	text := strings.Join(texts, "\n")
	if normalLines(p.shown) == text {
		return
	}
	p.filling = true
	p.text.SetText(text)
	p.filling = false
	p.shown = text
}

// normalLines is typed text as the model keeps it.
func normalLines(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

// clear takes the keys out of the field, and the picture off the screen.
func (p *keepPane) clear() {
	p.picture.Set(nil)
	p.marking, p.boxes = false, nil
	p.filling = true
	p.text.SetText("")
	p.filling = false
	p.shown = ""
}

func (p *keepPane) paste() { p.keep.ReadClipboard() }

func (p *keepPane) open() { p.root.chooseFile(p.keep.ReadFile) }

func usedOf(lines []model.KeepLine) int {
	n := 0
	for _, l := range lines {
		if l.Used {
			n++
		}
	}
	return n
}

func ago(d model.Download) string {
	switch m := int(d.Ago.Minutes()); m {
	case 0:
		return "just now"
	case 1:
		return "a minute ago"
	default:
		return fmt.Sprintf("%d minutes ago", m)
	}
}

// keepPage is the step as a page of its own.
type keepPage struct {
	basePage
	root *Root
	pane *keepPane
	body *fyne.Container
}

func (r *Root) openKeep(id model.ID) {
	r.session.Keep().Begin(id)
	if !r.session.Keep().Active() {
		return
	}
	p := &keepPage{root: r, body: newStack()}
	p.pane = newKeepPane(r, "Cancel", p.escape)
	r.show(p)
}

func (p *keepPage) content() fyne.CanvasObject { return p.body }
func (p *keepPage) focus() fyne.Focusable      { return p.pane.first() }
func (p *keepPage) tick()                      { p.pane.tick() }
func (p *keepPage) leave()                     { p.pane.clear() }
func (p *keepPage) dropped(paths []string)     { p.pane.keep.ReadFile(paths[0]) }

func (p *keepPage) update() {
	p.root.rebuild(p, p.body, sheet(p.pane.title(), p.escape, p.pane.objects()...))
	p.pane.takeFocus()
}

func (p *keepPage) escape() {
	p.root.session.Keep().Cancel()
	p.root.show(p.root.main)
}
