package view

import (
	"fmt"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/vault/secret"
)

// settingsPage holds what a person can choose. Every change takes effect at once.
type settingsPage struct {
	basePage
	root  *Root
	body  fyne.CanvasObject
	theme *widget.Select
	lock  *passphraseForm
	// recovery is the same for the passphrase of the recovery keys.
	recovery *passphraseForm
}

// choice is one entry of a selection: a word and the value it stands for.
type choice[T comparable] struct {
	label string
	value T
}

var (
	themes = []choice[string]{{"As the computer", "system"}, {"Light", "light"}, {"Dark", "dark"}}
	scales = []choice[float32]{{"100 %", 1}, {"125 %", 1.25}, {"150 %", 1.5}, {"175 %", 1.75}, {"200 %", 2}}
	clears = []choice[int]{{"10 seconds", 10}, {"30 seconds", 30}, {"1 minute", 60}, {"2 minutes", 120}}
	locks  = []choice[int]{{"1 minute", 1}, {"5 minutes", 5}, {"10 minutes", 10}, {"30 minutes", 30}, {"1 hour", 60}, {"Never", 0}}
)

// selectOf makes a selection over choices; changes go to set. A value that is none of them is shown as text of its own.
func selectOf[T comparable](choices []choice[T], current T, set func(T)) *widget.Select {
	labels := make([]string, 0, len(choices)+1)
	selected := ""
	for _, c := range choices {
		labels = append(labels, c.label)
		if c.value == current {
			selected = c.label
		}
	}
	if selected == "" {
		selected = fmt.Sprint(current)
		labels = append(labels, selected)
	}
	s := widget.NewSelect(labels, nil)
	s.SetSelected(selected)
	s.OnChanged = func(label string) {
		for _, c := range choices {
			if c.label == label {
				set(c.value)
			}
		}
	}
	return s
}

func (r *Root) openSettings() { r.show(newSettingsPage(r)) }

func newSettingsPage(r *Root) *settingsPage {
	p := &settingsPage{root: r}
	settings := r.session.Settings()
	prefs := settings.Prefs()
	change := func(fn func(*model.Prefs)) {
		now := settings.Prefs()
		fn(&now)
		settings.Set(now)
	}
	check := func(label string, on bool, set func(*model.Prefs, bool)) *widget.Check {
		return widget.NewCheck(label, on, func(on bool) { change(func(p *model.Prefs) { set(p, on) }) })
	}
	p.theme = selectOf(themes, prefs.Theme, func(v string) { change(func(p *model.Prefs) { p.Theme = v }) })
	p.lock = newPassphraseForm(r, appLock(r))
	p.recovery = newPassphraseForm(r, recoveryLock(r))

	appearance := widget.NewSection("Appearance",
		widget.NewFormField("Colours", p.theme, ""),
		widget.NewFormField("Text size", selectOf(scales, prefs.TextScale, func(v float32) { change(func(p *model.Prefs) { p.TextScale = v }) }), ""))
	codes := widget.NewSection("Codes",
		check("Hide codes until I click them", prefs.HideCodes, func(p *model.Prefs, on bool) { p.HideCodes = on }),
		widget.NewFormField("Take copied codes off the clipboard after",
			selectOf(clears, prefs.ClearSeconds, func(v int) { change(func(p *model.Prefs) { p.ClearSeconds = v }) }), ""))
	lock := []fyne.CanvasObject{p.lock.body}
	if r.session.HasPassphrase() {
		lock = append(lock,
			widget.NewFormField("Lock when nobody touches Tallystick for",
				selectOf(locks, prefs.AutoLockMinutes, func(v int) { change(func(p *model.Prefs) { p.AutoLockMinutes = v }) }), ""),
			check("Lock when the computer sleeps or its screen is locked", prefs.LockOnSleep, func(p *model.Prefs, on bool) { p.LockOnSleep = on }))
	}
	objects := []fyne.CanvasObject{appearance, codes, widget.NewSection("App lock", lock...), p.recoverySettings()}
	if r.session.CanBackup() {
		objects = append(objects, widget.NewSection("Backups and export",
			widget.NewText(widget.Muted, r.session.Backup().Summary()),
			widget.NewFlow(look.Space2,
				widget.NewButton(widget.Secondary, "Backups", look.IconHistory, r.openBackup),
				widget.NewButton(widget.Secondary, "Export", look.IconExport, r.openExport))))
	}
	if r.session.Sharing().Available() {
		objects = append(objects, widget.NewSection("Shared vaults",
			widget.NewText(widget.Muted, "Accounts that several people make codes for, on storage you have already."),
			widget.NewFlow(look.Space2, widget.NewButton(widget.Secondary, "Shared vaults", look.IconShare, r.openSharing))))
	}
	objects = append(objects, p.links())
	if r.tray {
		objects = append(objects, widget.NewSection("Window",
			check("Keep running in the tray when the window is closed", prefs.CloseToTray, func(p *model.Prefs, on bool) { p.CloseToTray = on })))
	}
	objects = append(objects, widget.NewSection("About",
		widget.NewField("Version", either(r.env.About.Version, "built by hand"), nil),
		widget.NewField("Where your data lies", r.env.About.DataDir, nil),
		widget.NewField("The key is kept in", r.env.About.KeyringName, nil)))
	p.body = sheet("Settings", r.home, objects...)
	return p
}

// links offers to open authenticator links that a browser meets, and code packs from the file manager, where the system lets a program do so.
func (p *settingsPage) links() fyne.CanvasObject {
	section := widget.NewSection("Links")
	section.Hide()
	p.root.env.LinksOpenHere(func(on, possible bool) {
		if !possible {
			return
		}
		label := "Open authenticator links (otpauth://) from the browser with Tallystick"
		if p.root.env.PacksToo {
			label = "Open authenticator links (otpauth://) and code packs (.tallypack) with Tallystick"
		}
		box := widget.NewCheck(label, on, nil)
		box.OnChanged = func(on bool) {
			p.root.env.OpenLinksHere(on, func(sentence string) {
				if sentence != "" {
					box.SetOn(!on)
					p.root.Notice(sentence, true)
				}
			})
		}
		section.SetObjects(box)
		section.Show()
	})
	return section
}

func (p *settingsPage) content() fyne.CanvasObject { return p.body }
func (p *settingsPage) focus() fyne.Focusable      { return p.theme }
func (p *settingsPage) escape()                    { p.root.home() }

func (p *settingsPage) leave() {
	p.lock.clear()
	p.recovery.clear()
}

// passphraseUse is what a passphrase form is for.
type passphraseUse struct {
	about                string
	old, first, again    string // what the fields are called
	set, change, remove  string // what the buttons are called
	has, removable       bool
	apply                func(old, new secret.Bytes, done func(sentence string))
	whenSet, whenRemoved string // what is said afterwards
}

func appLock(r *Root) passphraseUse {
	return passphraseUse{
		about: "With a passphrase, Tallystick asks for it at every start and after locking, and the key in the keyring alone opens nothing. Nobody can recover it for you.",
		old:   "Passphrase you have now", first: "New passphrase", again: "New passphrase once more",
		set: "Set a passphrase", change: "Change the passphrase", remove: "Remove it",
		has: r.session.HasPassphrase(), removable: r.session.KeyringWorks(), apply: r.session.SetPassphrase,
		whenSet:     "The passphrase is set. Tallystick asks for it from now on.",
		whenRemoved: "The passphrase is removed. The keyring alone opens your accounts now.",
	}
}

// recoveryLock is for the second passphrase, so that codes and recovery keys are not in one hand.
func recoveryLock(r *Root) passphraseUse {
	about := "With a passphrase of their own, recovery keys stay sealed while your codes are open: whoever gets at the one does not have the other. New keys can be kept without it. Nobody can recover it for you, and a recovery kit does not open them."
	if r.session.List().HasShared() {
		about += " Those of shared accounts are sealed on the screen only: the devices of a shared vault exchange them without anybody there, and keep them under the vault's key alone."
	}
	return passphraseUse{
		about: about,
		old:   "Their passphrase now", first: "New passphrase for recovery keys", again: "The same once more",
		set: "Seal the recovery keys", change: "Change their passphrase", remove: "Remove their passphrase",
		has: r.session.List().RecoverySealed(), removable: true, apply: r.session.SetRecoveryPassphrase,
		whenSet:     "The recovery keys are sealed. Their passphrase is asked for whenever they are shown.",
		whenRemoved: "The passphrase of the recovery keys is removed.",
	}
}

// passphraseForm sets, changes or removes a passphrase.
type passphraseForm struct {
	root              *Root
	use               passphraseUse
	body              *fyne.Container
	old, first, again *widget.PassphraseEntry
	banner            *widget.Banner
	buttons           []*widget.Button
}

func newPassphraseForm(r *Root, use passphraseUse) *passphraseForm {
	f := &passphraseForm{root: r, use: use, banner: widget.NewBanner(), body: widget.NewColumn(look.Space3)}
	f.old = widget.NewPassphraseEntry(use.old)
	f.first = widget.NewPassphraseEntry(use.first)
	f.again = widget.NewPassphraseEntry(use.again)
	f.old.OnSubmitted = func() { r.focusOn(f.first.Focusable()) }
	f.first.OnSubmitted = func() { r.focusOn(f.again.Focusable()) }
	f.again.OnSubmitted = f.set
	f.build()
	return f
}

func (f *passphraseForm) build() {
	f.buttons = []*widget.Button{widget.NewButton(widget.Secondary, f.use.set, look.IconLock, f.set)}
	f.body.Objects = []fyne.CanvasObject{widget.NewText(widget.Muted, f.use.about), f.banner}
	if f.use.has {
		f.buttons[0].SetLabel(f.use.change)
		f.body.Add(f.old)
		if f.use.removable {
			f.buttons = append(f.buttons, widget.NewButton(widget.Quiet, f.use.remove, look.IconUnlock, f.remove))
		}
	}
	f.body.Add(f.first)
	f.body.Add(f.again)
	flow := widget.NewFlow(look.Space2)
	for _, b := range f.buttons {
		flow.Add(b)
	}
	f.body.Add(flow)
}

func (f *passphraseForm) clear() {
	for _, e := range []*widget.PassphraseEntry{f.old, f.first, f.again} {
		e.Clear()
	}
}

func (f *passphraseForm) set() {
	if !f.root.agree(f.banner, f.first, f.again) {
		return
	}
	f.again.Clear()
	f.change(secret.New(f.first.Take()), f.use.whenSet)
}

func (f *passphraseForm) remove() { f.change(secret.Bytes{}, f.use.whenRemoved) }

func (f *passphraseForm) change(new secret.Bytes, done string) {
	f.busy(true)
	f.use.apply(secret.New(f.old.Take()), new, func(sentence string) {
		f.busy(false)
		if sentence != "" {
			f.banner.Set(widget.Trouble, "", sentence)
			return
		}
		f.clear()
		if _, here := f.root.current.(*settingsPage); here {
			f.root.openSettings()
		}
		f.root.Notice(done, false)
	})
}

func (f *passphraseForm) busy(on bool) {
	for _, b := range f.buttons {
		if on {
			b.Disable()
		} else {
			b.Enable()
		}
	}
	if on {
		f.banner.Set(widget.Info, "", "Working. Turning a passphrase into a key takes a moment on purpose.")
	} else {
		f.banner.Clear()
	}
}
