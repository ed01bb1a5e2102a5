package view

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"

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
	shown   string // the keys in the text field, to tell the person's own typing from news of the model
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
	p.save = widget.NewButton(widget.Primary, "Keep these keys", look.IconCheck, func() { p.keep.Save(false) })
	return p
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
		objects = append(objects, widget.NewText(widget.Muted, text))
	}
	for _, note := range k.Notes() {
		objects = append(objects, widget.NewText(widget.Muted, note))
	}
	setVisible(p.save, len(lines) > 0)
	if k.Busy() != "" {
		p.save.Disable()
	} else {
		p.save.Enable()
	}
	return append(objects, widget.NewFlow(look.Space2, p.save, widget.NewButton(widget.Quiet, p.skip, "", p.leave)))
}

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
	return append(objects, widget.NewButton(widget.Primary, "Continue", look.IconCheck, p.leave))
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
	p.filling = true
	p.text.SetText("")
	p.filling = false
	p.shown = ""
}

func (p *keepPane) paste() { p.keep.ReadClipboard() }

func (p *keepPane) open() {
	d := dialog.NewFileOpen(func(file fyne.URIReadCloser, err error) {
		if err != nil || file == nil {
			return
		}
		path := file.URI().Path()
		_ = file.Close()
		p.keep.ReadFile(path)
	}, p.root.win)
	d.Resize(p.root.dialogSize())
	d.Show()
}

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
func (p *keepPage) focus() fyne.Focusable      { return p.pane.text }
func (p *keepPage) leave()                     { p.pane.clear() }
func (p *keepPage) dropped(paths []string)     { p.pane.keep.ReadFile(paths[0]) }

func (p *keepPage) update() {
	putSheet(p.body, sheet("Recovery keys", p.escape, p.pane.objects()...))
}

func (p *keepPage) escape() {
	p.root.session.Keep().Cancel()
	p.root.show(p.root.main)
}
