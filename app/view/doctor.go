package view

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
)

// doctorPage is the check-up: one line for each thing that was looked at, and the clock, which can be compared and made up for.
type doctorPage struct {
	basePage
	root    *Root
	doctor  *model.Doctor
	body    *fyne.Container
	server  *widget.Entry
	compare *widget.Button
	proving bool            // opened out of the flow of adding, which goes on behind it
	trial   model.ID        // the account whose codes are tried; "" = none
	shown   string          // the codes of trial that are on the screen
	codes   *widget.Section // of trial
	busy    bool            // at the last update
}

// openDoctor shows the check-up. Going back leads to where it was opened: the list, or the code that a portal refused.
func (r *Root) openDoctor() {
	p := &doctorPage{root: r, doctor: r.session.Doctor(), body: newStack(), proving: r.proving()}
	p.server = widget.NewEntry("For example pool.ntp.org")
	p.server.OnSubmitted = func(string) { p.measure() }
	p.server.OnKey = func(e *fyne.KeyEvent) bool {
		if e.Name == fyne.KeyEscape {
			p.escape()
			return true
		}
		return false
	}
	p.compare = widget.NewButton(widget.Primary, "Compare the clock", look.IconClock, p.measure)
	r.show(p)
	p.doctor.Begin()
}

// proving reports whether the flow of adding shows a code to be typed into a portal.
func (r *Root) proving() bool { return r.session.Add().Stage() == model.ProveIt }

func (p *doctorPage) content() fyne.CanvasObject { return p.body }
func (p *doctorPage) leave()                     { p.doctor.Leave() }
func (p *doctorPage) measure()                   { p.doctor.Measure(strings.TrimSpace(p.server.Text)) }

// focus is the button that compares; there is none before the first checks are there.
func (p *doctorPage) focus() fyne.Focusable {
	if len(p.doctor.Checks()) == 0 {
		return nil
	}
	return p.compare
}

func (p *doctorPage) escape() {
	if p.proving && p.root.session.Add().Active() {
		p.root.show(newAddPage(p.root))
		return
	}
	p.root.home()
}

// doctorChanged shows what the check-up found.
func (r *Root) doctorChanged() {
	if p, here := r.current.(*doctorPage); here {
		p.update()
	}
}

// checkTitles are the names of checks as headings.
var checkTitles = map[string]string{
	"folder": "Folder", "files": "Files", "keyring": "Keyring", "vault": "Vault", "older copies": "Older copies", "backups": "Backups", "clock": "Clock",
	"screen": "Screen", "portal": "Desktop portal", "tray": "Tray", "clipboard": "Clipboard", "version": "Version",
}

func mood(h model.Health) widget.Mood {
	switch h {
	case model.Healthy:
		return widget.Good
	case model.Ailing:
		return widget.Warning
	}
	return widget.Trouble
}

func finding(c model.Check) fyne.CanvasObject {
	return widget.NewFinding(mood(c.State), checkTitles[c.Name], c.Text, c.Todo)
}

func (p *doctorPage) update() {
	busy := p.doctor.Busy()
	setBusy(p.compare, busy != "", "Compare the clock", busy)
	defer p.refocus(busy != "")
	checks := p.doctor.Checks()
	if len(checks) == 0 {
		p.root.rebuild(p, p.body, sheet("Check-up", p.escape, widget.NewText(widget.Muted, busy)))
		return
	}
	var clock, rest []fyne.CanvasObject
	wanting := 0
	for _, c := range checks {
		if c.State != model.Healthy {
			wanting++
		}
		if c.Name == "clock" {
			clock = p.clock(c)
		} else {
			rest = append(rest, finding(c))
		}
	}
	sum := widget.NewBanner()
	switch wanting {
	case 0:
		sum.Set(widget.Good, "", "Everything that was looked at works.")
	default:
		sum.Set(widget.Warning, "", count(wanting, "thing needs", "things need")+" your attention. What to do is written beside it.")
	}
	objects := []fyne.CanvasObject{sum}
	if clock != nil {
		objects = append(objects, widget.NewSection("", clock...))
	}
	objects = append(objects, widget.NewSection("", rest...))
	if trial := p.tryCodes(); trial != nil && clock != nil {
		objects = append(objects, trial)
	}
	p.root.rebuild(p, p.body, sheet("Check-up", p.escape, objects...))
}

// refocus gives the keyboard back when something ended: what it was on may be gone.
func (p *doctorPage) refocus(busy bool) {
	if p.busy && !busy && p.root.current == page(p) {
		p.root.focusOn(p.compare)
	}
	p.busy = busy
}

// clock is what is known about the clock, and what can be done about it.
func (p *doctorPage) clock(c model.Check) []fyne.CanvasObject {
	objects := []fyne.CanvasObject{finding(c)}
	for _, l := range p.doctor.Readings() {
		m := widget.Warning
		if l.Good {
			m = widget.Good
		}
		objects = append(objects, widget.NewFinding(m, l.Name, l.Text, ""))
	}
	if text := p.doctor.Error(); text != "" {
		trouble := widget.NewBanner()
		trouble.Set(widget.Trouble, "", text)
		objects = append(objects, trouble)
	}
	by, whyNot := p.doctor.CanApply()
	if by != "" {
		objects = append(objects,
			widget.NewText(widget.Body, "Tallystick can make its codes for the right time all the same. It touches nothing else, and it ends when the clock is set or the computer started anew."),
			widget.NewFlow(look.Space2, widget.NewButton(widget.Primary, "Correct codes by "+by, look.IconCheck, p.doctor.Apply)))
	} else if whyNot != "" {
		objects = append(objects, widget.NewText(widget.Body, whyNot))
	}
	if p.doctor.CanForget() {
		objects = append(objects, widget.NewFlow(look.Space2, widget.NewButton(widget.Secondary, "No longer correct codes", look.IconClose, p.doctor.Forget)))
	}
	p.compare.SetKind(widget.Primary)
	if by != "" {
		p.compare.SetKind(widget.Secondary)
	}
	return append(objects,
		widget.NewFormField("Time server, if you want one asked", p.server, ""),
		widget.NewFlow(look.Space2, p.compare), widget.NewText(widget.Caption, p.whoIsAsked()))
}

// whoIsAsked says where a comparison goes, before it does.
func (p *doctorPage) whoIsAsked() string {
	hosts := p.doctor.Sources()
	if len(hosts) == 0 {
		return "No account has the web address where you sign in, so nobody but the time server is asked. You can give accounts their address with Edit."
	}
	return "Asks " + strings.Join(hosts, ", ") + " for the time, where you sign in anyway, and the time server, if you name one. Nobody else, and nothing else."
}

const tryText = "A portal that takes the code from a little before or after now tells how wrong the clock is. Choose the account, type its codes into the portal, the nearest first, and press the one that was taken."

// tryCodes offers the codes around now, for a portal that refuses the present one.
func (p *doctorPage) tryCodes() fyne.CanvasObject {
	accounts := p.doctor.Triable()
	if len(accounts) == 0 {
		return nil
	}
	const nobody = "Choose an account"
	labels, selected := []string{nobody}, nobody
	ids := map[string]model.ID{}
	for _, a := range accounts {
		label := title(a.Issuer, a.Name)
		for n := 2; ids[label] != ""; n++ {
			label = fmt.Sprintf("%s · %d", title(a.Issuer, a.Name), n)
		}
		labels, ids[label] = append(labels, label), a.ID
		if a.ID == p.trial {
			selected = label
		}
	}
	choose := widget.NewSelect(labels, nil)
	choose.SetSelected(selected)
	choose.OnChanged = func(label string) {
		p.trial = ids[label]
		p.update()
	}
	p.codes = widget.NewSection("A portal refuses the code, and there is no network", widget.NewText(widget.Body, tryText), choose)
	p.showCodes(choose)
	return p.codes
}

// showCodes puts the codes of the chosen account below the choice.
func (p *doctorPage) showCodes(choose fyne.CanvasObject) {
	codes := p.doctor.Trial(p.trial)
	p.shown = joinCodes(codes)
	if len(codes) == 0 {
		return
	}
	flow := widget.NewFlow(look.Space2)
	for _, c := range codes {
		flow.Add(widget.NewButton(widget.Secondary, model.Group(c.Code)+" · "+c.When, "", func() { p.doctor.Took(c) }))
	}
	p.codes.SetObjects(widget.NewText(widget.Body, tryText), choose, flow)
}

func joinCodes(codes []model.TrialCode) string {
	var b strings.Builder
	for _, c := range codes {
		b.WriteString(c.Code + " ")
	}
	return b.String()
}

// tick brings the codes up to date.
func (p *doctorPage) tick() {
	if p.trial != "" && joinCodes(p.doctor.Trial(p.trial)) != p.shown {
		p.update()
	}
}
