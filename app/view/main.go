package view

import (
	"slices"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynewidget "fyne.io/fyne/v2/widget"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
)

// mainPage is the list of accounts, and beside it, in a wide window, the details of the selected one.
type mainPage struct {
	basePage
	root   *Root
	list   *model.List
	search *widget.SearchEntry
	chips  *widget.Chips
	rows   *widget.RowList
	empty  *emptyState
	none   fyne.CanvasObject // nothing matches
	open   *widget.Banner    // an enrollment that was interrupted
	care   *widget.Banner    // an export in the open, or no backup
	guest  guestBanner       // codes somebody gave to this person
	left   *fyne.Container
	panes  *twoPane
	detail *detailPane
	body   fyne.CanvasObject

	searching bool           // the keyboard is in the search field
	filters   []model.Filter // by chip
}

func newMainPage(r *Root) *mainPage {
	p := &mainPage{root: r, list: r.session.List()}
	p.search = widget.NewSearchEntry("Search", p.seek)
	p.search.OnEnter = func() { p.activate(p.rows.Current()) }
	p.search.OnMove = func(e *fyne.KeyEvent) { p.rows.TypedKey(e) }
	p.search.OnEscape = p.escape
	p.search.OnFocus = func(on bool) {
		p.searching = on
		p.rows.RefreshRow(p.rows.Current())
	}

	add := widget.NewIconButton(look.IconAdd, "Add an account", func() { r.session.Add().Begin() })
	more := widget.NewIconButton(look.IconMore, "Menu", nil)
	more.OnTapped = func() { p.showAppMenu(more) }

	p.chips = widget.NewChips(p.chooseFilter)
	p.rows = widget.NewRowList(p.list.Len, p.rowState)
	p.rows.OnActivate = p.activate
	p.rows.OnNext = func(i int) { p.list.NextHOTP(p.list.Row(i).ID) }
	p.rows.OnMenu = p.showRowMenu
	p.rows.OnCurrent = p.selectRow
	p.rows.OnRune = p.typed
	p.rows.OnKey = p.key

	p.empty = newEmptyState(r)
	p.none = centred(widget.NewCentered(widget.Muted, "No account matches."))

	bar := container.NewBorder(nil, nil, nil, container.NewHBox(add, more), p.search)
	p.open, p.care, p.guest.Banner = widget.NewBanner(), widget.NewBanner(), widget.NewBanner()
	top := widget.NewPadded(look.Space2, look.Space2, widget.NewColumn(look.Space2, bar, p.chips, p.guest.Banner, p.open, p.care))
	p.left = container.NewBorder(top, nil, nil, nil, container.NewStack(p.rows, p.none, p.empty.body))
	p.detail = newDetailPane(r)
	p.panes = newTwoPane(p.left, p.detail.body)
	p.panes.onSwitch = func(bool) { p.update() }
	p.body = p.panes.body

	p.list.OnChange(p.update)
	p.list.OnTick(p.tickRows)
	return p
}

func (p *mainPage) content() fyne.CanvasObject { return p.body }

func (p *mainPage) focus() fyne.Focusable {
	if p.list.Total() == 0 {
		return p.empty.first()
	}
	return p.rows
}

// hasKeyboard reports whether the list has the keyboard, or what stands in its place while there is no account.
func (p *mainPage) hasKeyboard() bool {
	focused := p.root.win.Canvas().Focused()
	return focused == fyne.Focusable(p.rows) || slices.ContainsFunc(widget.Controls(p.empty.body), func(c widget.Control) bool { return focused == fyne.Focusable(c) })
}

// wide reports whether the details stand beside the list.
func (p *mainPage) wide() bool { return p.panes.wide() }

func (p *mainPage) update() {
	if p.root.session.State() != model.Open {
		return
	}
	total, shown := p.list.Total(), p.list.Len()
	moved := p.empty.body.Visible() != (total == 0) && p.hasKeyboard() // to what takes the place of what had it
	setVisible(p.empty.body, total == 0)
	setVisible(p.rows, shown > 0)
	setVisible(p.none, total > 0 && shown == 0)
	setVisible(p.chips, total > 0)
	p.updateChips()
	p.updateUnfinished()
	p.updateCare()
	p.updateGuest()
	if q := p.list.Query(); q != p.search.Text {
		p.search.SetText(q)
	}
	p.rows.Refresh()
	if id, ok := p.list.Selected(); ok {
		if i := p.list.Index(id); i >= 0 && i != p.rows.Current() {
			p.rows.SetCurrent(i)
		}
	}
	if moved {
		p.root.focusOn(p.focus())
	}
	p.detail.update()
	if p.root.firstCodes != nil && shown > 0 {
		p.root.firstCodes()
		p.root.firstCodes = nil
	}
}

// updateChips offers "All", "Favourites" and so on, and each tag, as long as there is something to choose between.
func (p *mainPage) updateChips() {
	chips := []widget.Chip{{ID: "0", Label: "All"}, {ID: "1", Label: "Favourites", Icon: look.IconStar}}
	p.filters = []model.Filter{{}, {Favourites: true}}
	offer := func(f model.Filter, label string, icon look.IconName) {
		chips = append(chips, widget.Chip{ID: strconv.Itoa(len(chips)), Label: label, Icon: icon})
		p.filters = append(p.filters, f)
	}
	if p.list.HasShared() {
		offer(model.Filter{Shared: true}, "Shared", look.IconShare)
	}
	if p.list.HasManual() {
		offer(model.Filter{Manual: true}, "By e-mail or SMS", look.IconMail)
	}
	for _, t := range p.list.Tags() {
		offer(model.Filter{Tag: t}, t, look.IconTag)
	}
	p.chips.Set(chips, strconv.Itoa(max(0, slices.Index(p.filters, p.list.Filter()))))
}

// updateUnfinished offers to go on with an enrollment that was interrupted.
func (p *mainPage) updateUnfinished() {
	defer p.left.Refresh() // the banner takes room from the list, or gives it back
	rows := p.list.Unfinished()
	if len(rows) == 0 || p.root.session.Add().Active() {
		p.open.Clear()
		return
	}
	a := rows[0]
	p.open.Set(widget.Info, "", "Setting up "+title(a.Issuer, a.Name)+" was not finished.",
		widget.Action{Label: "Go on", Do: func() { p.root.session.Add().Resume(a.ID) }},
		widget.Action{Label: "It is done", Do: func() { p.list.EndEnrollment(a.ID) }})
}

// updateCare speaks of exports that lie about in the open, and else of a backup that is missing.
func (p *mainPage) updateCare() {
	defer p.left.Refresh()
	exports, backups, sharing := p.root.session.Export(), p.root.session.Backup(), p.root.session.Sharing()
	if v, ok := sharing.Alarm(); ok {
		p.care.Set(widget.Trouble, v.Head, "“"+v.Name+"”: "+v.Text, widget.Action{Label: "Look at it", Do: func() { p.root.openShared(v.ID) }})
		return
	}
	if v, ok := sharing.Asking(); ok {
		p.care.Set(widget.Info, "", "Somebody wants to join “"+v.Name+"”.", widget.Action{Label: "Look who", Do: func() { p.root.openShared(v.ID) }})
		return
	}
	if v, ok := sharing.Torn(); ok {
		p.care.Set(widget.Warning, "Two keys for one account of “"+v.Name+"”", tornText(v)+" The list shows one of them.", widget.Action{Label: "Choose", Do: func() { p.root.openShared(v.ID) }})
		return
	}
	if v, ok := sharing.Failing(); ok {
		p.care.Set(widget.Warning, "“"+v.Name+"” is not in step", v.Text, widget.Action{Label: "Look at it", Do: func() { p.root.openShared(v.ID) }})
		return
	}
	if left := exports.Left(); left != "" {
		p.care.Set(widget.Warning, "Keys in the open", left,
			widget.Action{Label: "Delete", Do: exports.DeleteLeft},
			widget.Action{Label: "Keep", Do: exports.KeepLeft})
		return
	}
	reminder := backups.Reminder()
	switch {
	case reminder == "" || p.root.session.Add().Active() || len(p.list.Unfinished()) > 0:
		p.care.Clear()
	case backups.IsSet():
		p.care.Set(widget.Warning, "", reminder, widget.Action{Label: "Look at the backups", Do: p.root.openBackup})
	default:
		p.care.Set(widget.Info, "", reminder,
			widget.Action{Label: "Set up backups", Do: p.root.openBackup},
			widget.Action{Label: "Later", Do: backups.Later})
	}
}

func (p *mainPage) chooseFilter(id string) {
	if i, err := strconv.Atoi(id); err == nil && i < len(p.filters) {
		p.list.SetFilter(p.filters[i])
	}
}

func (p *mainPage) tickRows() {
	p.rows.Tick()
	p.detail.tickCode()
}

func (p *mainPage) rowState(i int) widget.CodeRowState {
	r := p.list.Row(i)
	selected, _ := p.list.Selected()
	s := rowState(r, p.wide() && r.ID == selected || p.searching && i == p.rows.Current())
	s.Picture = p.root.marks.of(r.ID, r.Picture)
	return s
}

// activate does what Enter and a click do: copy the code, show a hidden one, or count up.
func (p *mainPage) activate(i int) {
	if i < 0 || i >= p.list.Len() {
		return
	}
	r := p.list.Row(i)
	switch {
	case r.Broken != "" || r.Kind == model.Manual:
		p.root.openDetail(r.ID)
	case r.Hidden:
		p.list.Reveal(r.ID)
	case r.Kind == model.HOTP && r.Code == "":
		p.list.NextHOTP(r.ID)
	default:
		p.list.Copy(r.ID)
	}
}

func (p *mainPage) selectRow(i int) {
	if i >= 0 && i < p.list.Len() {
		p.list.Select(p.list.Row(i).ID)
	}
}

// withSelected calls fn with the account the keyboard is on.
func (p *mainPage) withSelected(fn func(model.ID)) {
	if i := p.rows.Current(); i >= 0 && i < p.list.Len() {
		fn(p.list.Row(i).ID)
	}
}

// seek searches for q. Enter is meant for the best match, whatever was chosen before, so that is
// chosen and in sight; without a search the choice stays where it is.
func (p *mainPage) seek(q string) {
	if q == p.list.Query() {
		return
	}
	p.list.SetQuery(q)
	if q != "" && p.list.Len() > 0 {
		p.rows.SetCurrent(0)
		p.selectRow(0)
	}
}

func (p *mainPage) focusSearch() { p.root.focusOn(p.search) }

func (p *mainPage) escape() {
	switch {
	case p.search.Text != "":
		p.search.SetText("")
	case p.list.Filter() != model.Filter{}:
		p.list.SetFilter(model.Filter{})
	}
	p.root.focusOn(p.focus())
}

// typed starts a search with the character that was typed.
func (p *mainPage) typed(c rune) {
	if p.list.Total() == 0 {
		return
	}
	p.root.focusOn(p.search)
	p.search.TypedRune(c)
}

func (p *mainPage) key(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyEscape:
		p.escape()
	case fyne.KeyF1:
		p.root.openHelp()
	case fyne.KeyDelete:
		p.withSelected(p.list.Remove)
	case fyne.KeyUp, fyne.KeyDown, fyne.KeyReturn, fyne.KeyEnter:
		if p.list.Len() > 0 {
			p.root.focusOn(p.rows)
			p.rows.TypedKey(e)
		}
	}
}

// showRowMenu offers everything that can be done with one account.
func (p *mainPage) showRowMenu(i int, at fyne.Position) {
	if i < 0 || i >= p.list.Len() {
		return
	}
	r := p.list.Row(i)
	p.root.popUp(p.root.accountMenu(r, !p.wide()), at)
}

// accountMenu is the menu of one account; details are left out where they are on the screen already.
func (r *Root) accountMenu(a model.Row, details bool) *fyne.Menu {
	list := r.session.List()
	menu := fyne.NewMenu("")
	add := func(label string, icon look.IconName, fn func()) {
		item := fyne.NewMenuItem(label, fn)
		item.Icon = look.Icon(icon)
		menu.Items = append(menu.Items, item)
	}
	generates := a.Broken == "" && a.Kind != model.Manual
	if generates {
		add("Copy code", look.IconCopy, func() { list.Copy(a.ID) })
		if a.Kind != model.HOTP {
			add("Copy next code", look.IconNext, func() { list.CopyNext(a.ID) })
		}
	}
	if details {
		add("Details", look.IconInfo, func() { r.openDetail(a.ID) })
	}
	if a.Broken == "" {
		edit := "Edit"
		if a.ReadOnly {
			edit = "Own tags"
		}
		add(edit, look.IconEdit, func() { r.openEdit(a.ID) })
		if a.Favourite {
			add("No longer a favourite", look.IconStar, func() { list.SetFavourite(a.ID, false) })
		} else {
			add("Favourite", look.IconStarFilled, func() { list.SetFavourite(a.ID, true) })
		}
		if list.Sort() == model.ByOwn {
			i := list.Index(a.ID)
			if i > 0 {
				add("Move up", look.IconUp, func() { list.Move(a.ID, list.Row(i-1).ID) })
			}
			if i >= 0 && i+1 < list.Len() {
				add("Move down", look.IconDown, func() { list.Move(list.Row(i+1).ID, a.ID) })
			}
		}
	}
	if a.URL != "" {
		add("Open the portal", look.IconOpen, func() { r.env.OpenURL(a.URL) })
	}
	if generates {
		add("Show QR code", look.IconQR, func() { r.openQR(a.ID) })
	}
	if generates && a.Kind != model.HOTP {
		add("Codes for a guest", look.IconClock, func() { r.openPackMaker(a.ID) })
	}
	if r.session.Sharing().CanMove(a.ID) {
		add("Share with a team", look.IconShare, func() { r.openMove(a.ID) })
	}
	if a.Broken == "" && !a.ReadOnly {
		add("Move to trash", look.IconDelete, func() { list.Remove(a.ID) })
	}
	return menu
}

// showAppMenu offers what belongs to no account.
func (p *mainPage) showAppMenu(button fyne.CanvasObject) {
	r := p.root
	item := func(label string, icon look.IconName, fn func()) *fyne.MenuItem {
		m := fyne.NewMenuItem(label, fn)
		m.Icon = look.Icon(icon)
		return m
	}
	sorted := fyne.NewMenuItem("Sort", nil)
	sorted.Icon = look.Icon(look.IconSort)
	sorted.ChildMenu = fyne.NewMenu("")
	for _, s := range []struct {
		by    model.Sort
		label string
	}{{model.ByName, "By name"}, {model.ByUsed, "By last use"}, {model.ByOwn, "In my own order"}} {
		m := fyne.NewMenuItem(s.label, func() { p.list.SetSort(s.by) })
		m.Checked = p.list.Sort() == s.by
		sorted.ChildMenu.Items = append(sorted.ChildMenu.Items, m)
	}
	menu := fyne.NewMenu("",
		item("Scan my screen", look.IconScan, r.ScanScreen),
		item("Add an account", look.IconAdd, r.session.Add().Begin),
		fyne.NewMenuItemSeparator(),
		sorted,
		item("Trash", look.IconDelete, r.openTrash),
		item("Recovery kit", look.IconRecovery, r.openKit),
		item("Backups", look.IconHistory, r.openBackup),
		item(sharingWord(r.session.Sharing()), look.IconShare, r.openSharing),
		item("Code packs", look.IconClock, r.openPacks),
		item("Export", look.IconExport, r.openExport),
		item("Settings", look.IconSettings, r.openSettings),
		item("Check-up", look.IconSuccess, r.openDoctor),
		item("Keyboard", look.IconKeyboard, r.openHelp),
		fyne.NewMenuItemSeparator(),
		item("Lock", look.IconLock, r.Lock),
		item("Quit", look.IconClose, r.env.Quit),
	)
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(button)
	r.popUp(menu, at.AddXY(0, button.Size().Height))
}

// sharingWord is the entry of the menu, with a quiet sign while a storage is not reached.
func sharingWord(h *model.Sharing) string {
	if h.IsOffline() {
		return "Shared vaults (offline)"
	}
	return "Shared vaults"
}

// popUp shows a menu, kept inside the window.
func (r *Root) popUp(menu *fyne.Menu, at fyne.Position) {
	canvas := r.win.Canvas()
	pop := fynewidget.NewPopUpMenu(menu, canvas)
	size, window := pop.MinSize(), canvas.Size()
	at.X = max(0, min(at.X, window.Width-size.Width-look.Space2))
	at.Y = max(0, min(at.Y, window.Height-size.Height-look.Space2))
	pop.ShowAtPosition(at)
}
