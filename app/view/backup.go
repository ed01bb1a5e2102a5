package view

import (
	"fmt"
	"path/filepath"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/vault/secret"
)

// backupPage says how the backups stand, sets them up, makes one, and leads to restoring.
type backupPage struct {
	basePage
	root         *Root
	backup       *model.Backup
	body         *fyne.Container
	folder       string // chosen, not yet used
	fresh        bool   // another passphrase is being chosen
	first, again *widget.PassphraseEntry
	banner       *widget.Banner
	begins       fyne.Focusable // what gets the keyboard when the page appears
	back         func()
}

func (r *Root) openBackup() {
	p := &backupPage{root: r, backup: r.session.Backup(), body: newStack(), banner: widget.NewBanner(), back: r.home}
	p.first = widget.NewPassphraseEntry("Backup passphrase")
	p.again = widget.NewPassphraseEntry("The same once more")
	p.first.OnSubmitted = func() { r.focusOn(p.again.Focusable()) }
	p.again.OnSubmitted = p.begin
	r.show(p)
}

func (p *backupPage) content() fyne.CanvasObject { return p.body }
func (p *backupPage) escape()                    { p.back() }
func (p *backupPage) focus() fyne.Focusable      { return p.begins }

func (p *backupPage) leave() {
	p.first.Clear()
	p.again.Clear()
}

func (p *backupPage) update() {
	p.banner.Set(widget.Trouble, "", p.backup.Error())
	var objects []fyne.CanvasObject
	switch {
	case p.backup.IsSet() && !p.fresh:
		objects = p.standing()
	default:
		objects = p.setUp()
	}
	restore := widget.NewButton(widget.Secondary, "Restore from a backup", look.IconRestore, p.root.openRestore)
	if p.backup.Busy() {
		p.begins = restore // the others cannot be pressed
	}
	objects = append(objects, widget.NewSection("Bring accounts back",
		widget.NewText(widget.Muted, "From a backup of this computer or another one. You see what would change before anything does."),
		widget.NewFlow(look.Space2, restore)))
	p.root.rebuild(p, p.body, sheet("Backups", p.back, objects...))
}

// standing is how it stands with backups that were set up.
func (p *backupPage) standing() []fyne.CanvasObject {
	mood, title := widget.Warning, "Look at this"
	if p.backup.Good() {
		mood, title = widget.Good, "Backups are made every day"
	}
	now := widget.NewButton(widget.Primary, "Back up now", look.IconExport, p.backup.MakeNow)
	p.begins = now
	other := widget.NewButton(widget.Secondary, "Another folder", look.IconFolder, func() { p.root.chooseFolder(p.backup.MoveTo) })
	fresh := widget.NewButton(widget.Secondary, "New passphrase", look.IconLock, func() {
		p.fresh, p.folder = true, p.backup.Folder()
		p.update()
		p.root.focusOn(p.begins)
	})
	off := widget.NewButton(widget.Quiet, "Make no more backups", "", p.backup.TurnOff)
	if p.backup.Busy() {
		for _, b := range []*widget.Button{now, other, fresh, off} {
			b.Disable()
		}
	}
	return []fyne.CanvasObject{
		widget.NewFinding(mood, title, p.backup.Summary(), ""),
		p.banner,
		widget.NewField("Folder", p.backup.Folder(), nil),
		widget.NewText(widget.Muted, "Every backup is opened and counted after it was written. Kept are those of the last 7 days, 5 weeks and 12 months."),
		widget.NewFlow(look.Space2, now, other, fresh, off),
	}
}

// setUp asks for folder and passphrase.
func (p *backupPage) setUp() []fyne.CanvasObject {
	intro := "A backup brings your accounts back when this computer is lost. Choose a folder on another disk, or one that is copied elsewhere, and a passphrase: with both, everything comes back on any computer."
	if p.fresh {
		intro = "The backups from now on get the new passphrase. Older ones keep the passphrase they were made with."
	}
	folder := widget.NewButton(widget.Secondary, "Choose a folder", look.IconFolder, func() {
		p.root.chooseFolder(func(path string) {
			p.folder = path
			p.update()
		})
	})
	p.begins = folder
	if p.fresh {
		p.begins = p.first.Focusable()
	}
	begin := widget.NewButton(widget.Primary, "Make the first backup", look.IconExport, p.begin)
	if p.fresh {
		begin.SetLabel("Use this passphrase")
	}
	if p.backup.Busy() {
		begin.Disable()
	}
	objects := []fyne.CanvasObject{widget.NewText(widget.Body, intro), p.banner}
	if !p.fresh {
		objects = append(objects, widget.NewFormField("Folder", folder, either(p.folder, "None chosen yet.")))
	}
	objects = append(objects,
		widget.NewFormField("Passphrase", widget.NewColumn(look.Space2, p.first, p.again), "Write it down where you find it without this computer. Nobody can restore a backup without it."))
	flow := widget.NewFlow(look.Space2, begin)
	if p.fresh {
		flow.Add(widget.NewButton(widget.Quiet, "Cancel", "", func() {
			p.fresh = false
			p.leave()
			p.update()
		}))
	}
	return append(objects, flow)
}

func (p *backupPage) begin() {
	if p.folder == "" {
		p.banner.Set(widget.Trouble, "", "Choose a folder first.")
		p.root.focusOn(nil)
		return
	}
	if !p.root.agree(p.banner, p.first, p.again) {
		return
	}
	p.again.Clear()
	p.backup.Choose(p.folder, secret.New(p.first.Take()), func(sentence string) {
		if sentence == "" {
			p.fresh = false
		}
	})
}

// backupChanged shows what changed about the backups, wherever it is.
func (r *Root) backupChanged() {
	switch p := r.current.(type) {
	case *backupPage:
		p.update()
	case *mainPage:
		p.updateCare()
	}
}

// restorePage brings accounts back: the file, its passphrase, what would change, and then one of two ways.
type restorePage struct {
	basePage
	root    *Root
	restore *model.Restore
	body    *fyne.Container
	pass    *widget.PassphraseEntry
	banner  *widget.Banner
	sure    bool // replacing was asked for once
}

func (r *Root) openRestore() {
	p := &restorePage{root: r, restore: r.session.Restore(), body: newStack(), banner: widget.NewBanner()}
	p.pass = widget.NewPassphraseEntry("Passphrase of the backup")
	p.pass.OnSubmitted = p.unlock
	p.restore.Close()
	r.show(p)
}

func (p *restorePage) content() fyne.CanvasObject { return p.body }
func (p *restorePage) escape()                    { p.root.openBackup() }
func (p *restorePage) dropped(paths []string)     { p.restore.Choose(paths[0]) }

func (p *restorePage) leave() {
	p.pass.Clear()
	p.restore.Close()
}

func (p *restorePage) unlock() {
	if !p.pass.IsEmpty() {
		p.restore.Unlock(secret.New(p.pass.Take()))
	}
}

// shownLines is how many accounts of a preview are listed.
const shownLines = 60

func (p *restorePage) update() {
	p.banner.Set(widget.Trouble, "", p.restore.Error())
	objects := []fyne.CanvasObject{p.banner}
	choose := widget.NewButton(widget.Primary, "Choose the file", look.IconFile, p.choose)
	if p.restore.Busy() {
		choose.Disable()
		p.banner.Set(widget.Info, "", "Working. Turning a passphrase into a key takes a moment on purpose.")
	}
	switch {
	case p.restore.Done() != "":
		done := widget.NewBanner()
		done.Set(widget.Good, "Done", p.restore.Done())
		objects = append(objects, done, widget.NewFlow(look.Space2, widget.NewButton(widget.Primary, "Show my accounts", look.IconCheck, p.root.home)))
	case p.restore.IsOpen():
		objects = append(objects, p.preview()...)
	case p.restore.Chosen() != "":
		open := widget.NewButton(widget.Primary, "Open it", look.IconUnlock, p.unlock)
		if p.restore.Busy() {
			open.Disable()
		}
		objects = append(objects,
			widget.NewField("File", filepath.Base(p.restore.Chosen()), nil),
			widget.NewText(widget.Muted, p.restore.About()), p.pass,
			widget.NewFlow(look.Space2, open, widget.NewButton(widget.Quiet, "Another file", look.IconFile, p.choose)))
	default:
		objects = append(objects, widget.NewText(widget.Body, "Choose a backup (tallystick-backup-….zip) or an export of Tallystick (.age), or drop it here."), widget.NewFlow(look.Space2, choose))
	}
	p.root.rebuild(p, p.body, sheet("Restore", p.root.openBackup, objects...))
}

func (p *restorePage) preview() []fyne.CanvasObject {
	added, changed, missing, same := p.restore.Counts()
	merge := widget.NewButton(widget.Primary, fmt.Sprintf("Add what is missing (%d)", added), look.IconAdd, p.restore.Merge)
	if added == 0 {
		merge.SetLabel("Nothing is missing")
		merge.Disable()
	}
	replace := widget.NewButton(widget.Secondary, "Make everything as it was", look.IconHistory, func() {
		p.sure = true
		p.update()
	})
	if p.sure {
		replace = widget.NewButton(widget.Danger, "Yes, replace my accounts", look.IconHistory, p.restore.Replace)
	}
	if p.restore.Busy() {
		merge.Disable()
		replace.Disable()
	}
	said := fmt.Sprintf("%d to be added, %d different here, %d not in the backup, %d the same.", added, changed, missing, same)
	objects := []fyne.CanvasObject{widget.NewText(widget.Body, said), widget.NewFlow(look.Space2, merge, replace)}
	if p.sure {
		warning := widget.NewBanner()
		warning.Set(widget.Warning, "", fmt.Sprintf("%d accounts will be as they were, and %d will be gone from the list. What is here now is kept among the older copies of the vault.", changed, missing))
		objects = append(objects, warning)
	}
	lines := p.restore.Preview()
	var rows []fyne.CanvasObject
	for i, l := range lines {
		if i == shownLines {
			rows = append(rows, widget.NewText(widget.Muted, fmt.Sprintf("… and %d more.", len(lines)-shownLines)))
			break
		}
		mood := widget.Info
		if l.Gone {
			mood = widget.Warning
		}
		rows = append(rows, widget.NewFinding(mood, title(l.Issuer, l.Name), l.What, ""))
	}
	if len(rows) > 0 {
		objects = append(objects, widget.NewSection("What would change", rows...))
	}
	return objects
}

func (p *restorePage) choose() { p.root.chooseFile(p.restore.Choose) }

// restoreChanged shows what changed in the flow of restoring.
func (r *Root) restoreChanged() {
	if p, ok := r.current.(*restorePage); ok {
		p.update()
	}
}
