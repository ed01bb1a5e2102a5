package view

import (
	"image/color"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/vault/secret"
)

// toastTime is how long a sentence at the bottom stays: long enough to read it and to reach for "Undo".
const toastTime = 6 * time.Second

// About is what the settings say of the program itself.
type About struct {
	Version     string
	DataDir     string
	KeyringName string // for people: "GNOME keyring"
}

// Env is what views may ask of the window they are in.
type Env struct {
	About   About
	OpenURL func(address string) // opens the browser
	// OpenGuide opens the window with the guide of a portal.
	OpenGuide func(id string)
	// PacksToo says that what is asked and set for links below goes for the files of code packs as well.
	PacksToo bool
	// LinksOpenHere asks whether authenticator links are opened by this program; possible is false where the system gives no say.
	LinksOpenHere func(then func(on, possible bool))
	// OpenLinksHere turns that on or off; then gets a sentence when it failed.
	OpenLinksHere func(on bool, then func(sentence string))
	// Raise brings the window to the front.
	Raise func()
	After After
	Quit  func()
}

// Root is the content of the window. It shows the one page that fits the session's state, or the page a person went to from the list.
type Root struct {
	win     fyne.Window
	session *model.Session
	env     Env
	host    *fyne.Container
	toast   *widget.Toast
	foot    *fyne.Container // holds the toast
	main    *mainPage
	current page
	state   model.State
	tray    bool
	marks   pictures
	showing bool // a page is being put on the screen

	keyboard fyne.Focusable // who had it when it was looked at last
	waits    widget.Place   // where it goes back to when what stands there can be pressed again

	shortcuts fyne.ShortcutHandler // what the canvas knows too, for whoever has no canvas of a real window

	pendingLink secret.Bytes // a link that arrived before the vault was open
	pendingPack string       // the file of a code pack that did
	firstCodes  func()
	stopToast   func()
}

// NewRoot builds the content of win over session. The session is started by the caller.
func NewRoot(win fyne.Window, session *model.Session, env Env) *Root {
	r := &Root{win: win, session: session, env: env, state: -1, stopToast: func() {}}
	r.toast = widget.NewToast()
	r.foot = container.New(foot{}, r.toast)
	r.host = container.NewStack()
	r.main = newMainPage(r)
	session.OnChange(r.sessionChanged)
	session.Add().OnChange(r.addChanged)
	session.Keep().OnChange(r.keepChanged)
	session.Kit().OnChange(r.kitChanged)
	session.Backup().OnChange(r.backupChanged)
	session.Restore().OnChange(r.restoreChanged)
	session.Export().OnChange(r.exportChanged)
	session.MoveIn().OnChange(r.moveInChanged)
	session.Printout().OnChange(r.printoutChanged)
	session.Rescue().OnChange(r.rescueChanged)
	session.Sharing().OnChange(r.sharingChanged)
	session.Packs().OnChange(r.packsChanged)
	session.PackMaker().OnChange(r.packMakerChanged)
	session.Doctor().OnChange(r.doctorChanged)
	session.List().OnChange(r.listChanged)
	session.List().OnNotice(r.showNotice)
	r.bindShortcuts()
	r.sessionChanged()
	return r
}

// Content is the object to give to the window.
func (r *Root) Content() fyne.CanvasObject {
	floor := canvas.NewRectangle(color.Transparent)
	floor.SetMinSize(fyne.NewSize(look.MinWidth, look.MinHeight))
	return container.NewStack(floor, r.host, r.foot)
}

// Tick redraws what changes with time. Called once a second while the window is visible.
func (r *Root) Tick() {
	if r.session.State() == model.Open {
		r.session.List().Tick()
		r.session.Add().Tick()
		r.session.Doctor().Tick()
	}
	r.current.tick()
	r.followKeyboard()
}

// Dropped takes files that were dropped on the window.
func (r *Root) Dropped(paths []string) {
	if len(paths) == 0 {
		return
	}
	if len(paths) == 1 && model.IsPack(paths[0]) {
		r.OpenPack(paths[0])
		return
	}
	if p, ok := r.current.(dropper); ok {
		p.dropped(paths)
		return
	}
	if r.session.State() != model.Open {
		return
	}
	if slices.ContainsFunc(paths, model.IsExport) {
		r.moveIn(paths)
		return
	}
	r.session.Add().ReadFiles(paths)
}

// OpenLink shows the preview of an authenticator link, now or as soon as the vault is open.
func (r *Root) OpenLink(link secret.Bytes) {
	if r.session.State() != model.Open {
		r.pendingLink = link
		return
	}
	r.session.Add().ReadText(string(link.Reveal()))
}

// ScanScreen starts looking for a code on the screen.
func (r *Root) ScanScreen() {
	if p, ok := r.current.(*rescuePage); ok {
		p.rescue.ScanScreen()
		return
	}
	if r.session.State() == model.Open {
		r.session.Add().ScanScreen()
	}
}

// Lock locks, or says why that cannot be done.
func (r *Root) Lock() {
	if sentence, locked := r.session.Lock(); !locked && sentence != "" {
		r.Notice(sentence, false)
	}
}

// Notice shows a sentence at the bottom of the window for a few seconds.
func (r *Root) Notice(text string, isError bool) {
	r.showNotice(model.Notice{Text: text, Error: isError})
}

// SetTrayAvailable tells whether closing can hide the window in a tray.
func (r *Root) SetTrayAvailable(ok bool) { r.tray = ok }

// OnFirstCodes calls fn once, when rows with codes have been laid out for the first time.
func (r *Root) OnFirstCodes(fn func()) { r.firstCodes = fn }

func (r *Root) showNotice(n model.Notice) {
	action := widget.Action{}
	if n.Undo != nil {
		action = widget.Action{Label: "Undo", Do: func() {
			r.toast.Dismiss()
			n.Undo()
		}}
	}
	r.toast.Say(n.Text, action)
	r.foot.Refresh()
	r.stopToast()
	r.stopToast = r.env.After(toastTime, r.toast.Dismiss)
}

// sessionChanged shows the page of the session's state.
func (r *Root) sessionChanged() {
	state := r.session.State()
	if state == r.state {
		r.current.update()
		return
	}
	r.state = state
	r.toast.Dismiss()
	r.marks.forget()
	r.showState()
}

// showState shows the page of the session's state.
func (r *Root) showState() {
	switch r.session.State() {
	case model.Setup:
		r.show(newSetupPage(r))
	case model.Locked:
		r.show(newUnlockPage(r))
	case model.Trouble:
		r.show(newTroublePage(r))
	case model.Open:
		r.show(r.main)
		if !r.pendingLink.IsEmpty() {
			link := r.pendingLink
			r.pendingLink = secret.Bytes{}
			r.OpenLink(link)
		}
	default:
		r.show(newStartingPage())
	}
	r.openPendingPack()
}

// addChanged brings the add flow to the front when it starts, and the list back when it ends.
func (r *Root) addChanged() {
	if r.session.State() != model.Open {
		return
	}
	flow, adding := r.current.(*addPage)
	doctor, looking := r.current.(*doctorPage)
	switch {
	case looking && doctor.proving && r.proving():
		// The code changed behind the check-up that was opened from it.
	case r.session.Add().Active() && !adding:
		r.show(newAddPage(r))
	case !r.session.Add().Active() && adding:
		r.show(r.main)
	case adding:
		flow.update()
	}
}

// keepChanged shows what changed in the step of keeping recovery keys, wherever it is.
func (r *Root) keepChanged() {
	switch p := r.current.(type) {
	case *addPage:
		p.update()
	case *keepPage:
		p.update()
	}
}

// listChanged shows what changed about an account on the pages of one: a recovery key that was used, a former key that is back.
func (r *Root) listChanged() {
	if r.session.State() != model.Open {
		return
	}
	switch p := r.current.(type) {
	case *detailPage:
		p.update()
	case *recoveryPage:
		p.update()
	}
}

// kitChanged shows what changed in the making of a recovery kit.
func (r *Root) kitChanged() {
	if p, ok := r.current.(*kitPage); ok {
		p.update()
	}
}

// rescueChanged shows what changed in the way in with a recovery kit.
func (r *Root) rescueChanged() {
	if p, ok := r.current.(*rescuePage); ok {
		was := p.fits
		p.update()
		if p.fits != was {
			r.focusOn(p.focus())
		}
	}
}

// show makes p the current page.
func (r *Root) show(p page) {
	if r.current != nil && r.current != p {
		r.current.leave()
	}
	r.current = p
	r.host.Objects = []fyne.CanvasObject{p.content()}
	r.showing = true
	p.update()
	r.showing = false
	r.host.Refresh()
	r.focusOn(p.focus())
}

// home goes back to the list.
func (r *Root) home() {
	if r.session.Add().Active() {
		r.session.Add().Cancel()
		return
	}
	r.show(r.main)
}

// focusOn gives f the keyboard. While a page is being put on the screen nothing can have it yet; show gives it at the end.
func (r *Root) focusOn(f fyne.Focusable) {
	if r.showing {
		return
	}
	r.keyboard = f
	if f == nil {
		r.win.Canvas().Unfocus()
		return
	}
	r.win.Canvas().Focus(f)
}

// foot lays its object at the lower edge, as wide as the window leaves room for and as high as its text then needs.
type foot struct{}

// Layout implements fyne.Layout.
func (foot) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		w := min(size.Width-2*look.Space4, readable)
		o.Resize(fyne.NewSize(w, o.MinSize().Height))
		h := o.MinSize().Height
		o.Resize(fyne.NewSize(w, h))
		o.Move(fyne.NewPos((size.Width-w)/2, size.Height-h-look.Space4))
	}
}

// MinSize implements fyne.Layout.
func (foot) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }
