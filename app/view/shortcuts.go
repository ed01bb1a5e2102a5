package view

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
)

// command is one thing that a key combination does anywhere in the open window.
type command struct {
	key   fyne.KeyName
	shift bool
	does  string // for the help page
	keys  string // as written on keyboards
	run   func(r *Root)
}

// commands are the combinations with Ctrl (Cmd on macOS). The help page lists them from here, so it cannot lie.
var commands = []command{
	{fyne.KeyN, false, "Add an account", "Ctrl+N", func(r *Root) { r.session.Add().Begin() }},
	{fyne.KeyS, true, "Scan my screen", "Ctrl+Shift+S", (*Root).ScanScreen},
	{fyne.KeyV, true, "Add from the clipboard", "Ctrl+Shift+V", func(r *Root) { r.session.Add().ScanClipboard() }},
	{fyne.KeyF, false, "Search", "Ctrl+F", func(r *Root) { r.home(); r.main.focusSearch() }},
	{fyne.KeyE, false, "Edit the selected account", "Ctrl+E", func(r *Root) { r.main.withSelected(r.openEdit) }},
	{fyne.KeyD, false, "Details of the selected account", "Ctrl+D", func(r *Root) { r.main.withSelected(r.openDetail) }},
	{fyne.KeyB, false, "Favourite, or no longer", "Ctrl+B", func(r *Root) { r.main.withSelected(r.toggleFavourite) }},
	{fyne.KeyQ, true, "Show the selected account's QR code", "Ctrl+Shift+Q", func(r *Root) { r.main.withSelected(r.openQR) }},
	{fyne.KeyT, false, "Trash", "Ctrl+T", (*Root).openTrash},
	{fyne.KeyComma, false, "Settings", "Ctrl+,", (*Root).openSettings},
}

// keysOfTheList are what the list does with plain keys; for the help page.
var keysOfTheList = [][2]string{
	{"any letter", "Search"},
	{"↑ ↓", "Choose an account"},
	{"Enter", "Copy its code (an account with a counter: next code)"},
	{"Delete", "Move to the trash"},
	{"Menu", "Everything that can be done with it"},
	{"Esc", "Clear the search"},
}

// keysEverywhere are bound one by one, below.
var keysEverywhere = [][2]string{
	{"Ctrl+L", "Lock"},
	{"Ctrl+W", "Close the window"},
	{"Ctrl+Z", "Undo, while it is offered"},
	{"F1", "This list"},
	{"Esc", "Go back"},
	{"Tab", "Go to the next control"},
}

func (r *Root) bindShortcuts() {
	canvas := r.win.Canvas()
	bind := func(shortcut fyne.Shortcut, run func()) {
		do := func(fyne.Shortcut) { run() }
		r.shortcuts.AddShortcut(shortcut, do)
		canvas.AddShortcut(shortcut, do)
	}
	add := func(key fyne.KeyName, mod fyne.KeyModifier, run func()) {
		bind(&desktop.CustomShortcut{KeyName: key, Modifier: mod}, run)
	}
	for _, c := range commands {
		mod := fyne.KeyModifierShortcutDefault
		if c.shift {
			mod |= fyne.KeyModifierShift
		}
		add(c.key, mod, func() {
			r.session.Touch()
			if p, ok := r.current.(*rescuePage); ok {
				p.shortcut(c.key, c.shift)
			} else if r.session.State() == model.Open {
				c.run(r)
			}
		})
	}
	add(fyne.KeyL, fyne.KeyModifierShortcutDefault, r.Lock)
	add(fyne.KeyW, fyne.KeyModifierShortcutDefault, func() { r.win.Close() })
	bind(&fyne.ShortcutUndo{}, func() { // Ctrl+Z has a name of its own in the toolkit; a text field takes it for its text
		r.session.Touch()
		r.toast.Act()
	})
	canvas.SetOnTypedKey(func(e *fyne.KeyEvent) {
		r.session.Touch()
		switch e.Name {
		case fyne.KeyEscape:
			r.current.escape()
		case fyne.KeyF1:
			if r.session.State() == model.Open {
				r.openHelp()
			}
		default:
			r.current.key(e)
		}
	})
	canvas.SetOnTypedRune(func(c rune) {
		r.session.Touch()
		r.current.typed(c)
	})
}

// helpPage lists every key.
type helpPage struct {
	basePage
	root *Root
	body fyne.CanvasObject
}

func (r *Root) openHelp() { r.show(newHelpPage(r)) }

func newHelpPage(r *Root) *helpPage {
	p := &helpPage{root: r}
	list := widget.ShortcutGroup{Title: "In the list"}
	for _, k := range keysOfTheList {
		list.Shortcuts = append(list.Shortcuts, widget.Shortcut{Keys: strings.Fields(k[0]), Does: k[1]})
	}
	everywhere := widget.ShortcutGroup{Title: "Everywhere"}
	for _, k := range keysEverywhere {
		everywhere.Shortcuts = append(everywhere.Shortcuts, widget.Shortcut{Keys: strings.Split(k[0], "+"), Does: k[1]})
	}
	for _, c := range commands {
		everywhere.Shortcuts = append(everywhere.Shortcuts, widget.Shortcut{Keys: strings.Split(c.keys, "+"), Does: c.does})
	}
	p.body = sheet("Keyboard", r.home, widget.NewShortcutTable(everywhere, list))
	return p
}

func (p *helpPage) content() fyne.CanvasObject { return p.body }
func (p *helpPage) escape()                    { p.root.home() }
