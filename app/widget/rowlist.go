package widget

import (
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	fynewidget "fyne.io/fyne/v2/widget"
)

// RowList is a list of any number of CodeRows, of which only the visible ones exist. It is not a
// fyne List: that one makes and drops rows at every key press and refreshes all of them to change
// one, and it has no line around the row the keyboard is on.
type RowList struct {
	fynewidget.BaseWidget

	// Len is how many rows there are; State is what row i shows. Both are asked on the window's
	// goroutine, for visible rows only. Focused is set by the list itself.
	Len   func() int
	State func(i int) CodeRowState

	// OnActivate: row i was clicked, or Enter or the space bar was pressed on it.
	OnActivate func(i int)
	// OnNext: the "next" button of row i.
	OnNext func(i int)
	// OnMenu: "more", the secondary button, the menu key or Shift+F10 on row i.
	OnMenu func(i int, at fyne.Position)
	// OnCurrent: the keyboard or a click moved to row i.
	OnCurrent func(i int)
	// OnRune: a letter was typed while the list has the keyboard: search.
	OnRune func(r rune)
	// OnKey: a key the list has no use for.
	OnKey func(ev *fyne.KeyEvent)

	current int
	focused bool
	shift   bool
	rowH    float32
	rows    []*listRow // the visible window, rows[k] shows item first+k
	spare   []*listRow
	first   int
	body    *fyne.Container
	scroll  *container.Scroll
}

type listRow struct {
	*CodeRow
	index int
}

var (
	_ fyne.Focusable  = (*RowList)(nil)
	_ desktop.Keyable = (*RowList)(nil)
)

// NewRowList makes a list over length rows.
func NewRowList(length func() int, state func(i int) CodeRowState) *RowList {
	l := &RowList{Len: length, State: state}
	l.body = container.New(&rowListBody{l})
	l.scroll = container.NewVScroll(l.body)
	l.scroll.OnScrolled = func(fyne.Position) { l.arrange(false) }
	l.ExtendBaseWidget(l)
	return l
}

// rowListBody gives the scrolled content its height; rows are placed by the list.
type rowListBody struct{ l *RowList }

func (b *rowListBody) Layout([]fyne.CanvasObject, fyne.Size) { b.l.arrange(false) }
func (b *rowListBody) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(0, b.l.height()*float32(b.l.Len()))
}

func (l *RowList) height() float32 {
	if l.rowH == 0 {
		l.rowH = NewCodeRow().minSize().Height
	}
	return l.rowH
}

func (l *RowList) newRow() *listRow {
	if n := len(l.spare); n > 0 {
		r := l.spare[n-1]
		l.spare = l.spare[:n-1]
		return r
	}
	r := &listRow{CodeRow: NewCodeRow(), index: -1}
	r.OnTapped = func() {
		l.moveTo(r.index)
		if c := fyne.CurrentApp().Driver().CanvasForObject(l); c != nil {
			c.Focus(l)
		}
		if l.OnActivate != nil {
			l.OnActivate(r.index)
		}
	}
	r.OnNext = func() {
		l.moveTo(r.index)
		if l.OnNext != nil {
			l.OnNext(r.index)
		}
	}
	r.OnMenu = func(at fyne.Position) {
		l.moveTo(r.index)
		if l.OnMenu != nil {
			l.OnMenu(r.index, at)
		}
	}
	return r
}

// arrange makes the rows that should be visible be there. With all set every row is set anew,
// else only those that come into view.
func (l *RowList) arrange(all bool) {
	size := l.scroll.Size()
	n, h := l.Len(), l.height()
	if size.Height <= 0 || size.Width <= 0 {
		return
	}
	first := max(int(math.Floor(float64(l.scroll.Offset.Y/h))), 0)
	last := min(int(math.Ceil(float64((l.scroll.Offset.Y+size.Height)/h))), n) // exclusive
	first = min(first, last)

	kept := map[int]*listRow{}
	for _, r := range l.rows {
		if r.index >= first && r.index < last {
			kept[r.index] = r
		} else {
			l.spare = append(l.spare, r)
		}
	}
	same := len(kept) == len(l.rows) && len(kept) == last-first
	l.rows = l.rows[:0]
	for i := first; i < last; i++ {
		r, ok := kept[i]
		if !ok {
			r = l.newRow()
			r.index = i
		}
		if !ok || all {
			r.Set(l.stateOf(i))
		}
		place(r.CodeRow, 0, float32(i)*h, size.Width, h)
		l.rows = append(l.rows, r)
	}
	l.first = first
	if same && !all {
		return
	}
	clear(l.body.Objects)
	l.body.Objects = l.body.Objects[:0]
	for _, r := range l.rows {
		l.body.Objects = append(l.body.Objects, r.CodeRow)
	}
	canvas.Refresh(l.body)
}

func (l *RowList) stateOf(i int) CodeRowState {
	s := l.State(i)
	s.Focused = l.focused && i == l.current
	return s
}

// row is the visible row of item i, or nil.
func (l *RowList) row(i int) *listRow {
	if k := i - l.first; k >= 0 && k < len(l.rows) {
		return l.rows[k]
	}
	return nil
}

// Tick lets the visible rows show what a second changed.
func (l *RowList) Tick() {
	n := l.Len()
	for _, r := range l.rows {
		if r.index < n {
			r.Tick(l.State(r.index).Tick())
		}
	}
}

// RefreshRow sets row i anew, if it is visible.
func (l *RowList) RefreshRow(i int) {
	if r := l.row(i); r != nil && i < l.Len() {
		r.Set(l.stateOf(i))
	}
}

// Current is the row the keyboard is on; 0 when the list is empty.
func (l *RowList) Current() int { return l.current }

// SetCurrent moves the keyboard to row i and scrolls to it. It does not call OnCurrent.
func (l *RowList) SetCurrent(i int) {
	i = max(min(i, l.Len()-1), 0)
	old := l.current
	l.current = i
	l.reveal(i)
	if old != i {
		l.RefreshRow(old)
	}
	l.RefreshRow(i)
}

// moveTo is SetCurrent by the person.
func (l *RowList) moveTo(i int) {
	i = max(min(i, l.Len()-1), 0)
	changed := i != l.current
	l.SetCurrent(i)
	if changed && l.OnCurrent != nil {
		l.OnCurrent(i)
	}
}

// reveal scrolls no further than needed to show row i.
func (l *RowList) reveal(i int) {
	h, view := l.height(), l.scroll.Size().Height
	if view <= 0 {
		return
	}
	y := float32(i) * h
	off := l.scroll.Offset.Y
	switch {
	case y < off:
		off = y
	case y+h > off+view:
		off = y + h - view
	default:
		return
	}
	l.scroll.ScrollToOffset(fyne.NewPos(0, off))
	l.arrange(false)
}

// ScrollToTop shows the first row.
func (l *RowList) ScrollToTop() {
	l.scroll.ScrollToTop()
	l.arrange(false)
}

// VisibleRows is the range of rows that exist now: from first up to, not including, last.
func (l *RowList) VisibleRows() (first, last int) { return l.first, l.first + len(l.rows) }

// MenuPosition is where a menu for row i belongs when the keyboard asks for it.
func (l *RowList) MenuPosition(i int) fyne.Position {
	r := l.row(i)
	if r == nil {
		return fyne.CurrentApp().Driver().AbsolutePositionForObject(l)
	}
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(r.moreHit)
	return at.AddXY(0, r.moreHit.Size().Height)
}

// CreateRenderer implements fyne.Widget.
func (l *RowList) CreateRenderer() fyne.WidgetRenderer {
	w := &renderer{objects: []fyne.CanvasObject{l.scroll}}
	w.layout = func(s fyne.Size) {
		l.scroll.Resize(s)
		l.arrange(false)
	}
	w.min = func() fyne.Size { return fyne.NewSize(280, l.height()) }
	w.refresh = func() {
		l.rowH = 0 // the theme may have changed
		l.current = max(min(l.current, l.Len()-1), 0)
		l.scroll.Refresh()
		l.arrange(true)
		canvas.Refresh(l)
	}
	return w
}

// FocusGained implements fyne.Focusable.
func (l *RowList) FocusGained() {
	l.focused = true
	l.RefreshRow(l.current)
}

// FocusLost implements fyne.Focusable.
func (l *RowList) FocusLost() {
	l.focused, l.shift = false, false
	l.RefreshRow(l.current)
}

// TypedRune implements fyne.Focusable.
func (l *RowList) TypedRune(r rune) {
	if r == ' ' {
		return // pressed as a key
	}
	if l.OnRune != nil {
		l.OnRune(r)
	}
}

// KeyDown implements desktop.Keyable.
func (l *RowList) KeyDown(ev *fyne.KeyEvent) {
	switch ev.Name {
	case desktop.KeyShiftLeft, desktop.KeyShiftRight:
		l.shift = true
	}
}

// KeyUp implements desktop.Keyable.
func (l *RowList) KeyUp(ev *fyne.KeyEvent) {
	switch ev.Name {
	case desktop.KeyShiftLeft, desktop.KeyShiftRight:
		l.shift = false
	}
}

// TypedKey implements fyne.Focusable.
func (l *RowList) TypedKey(ev *fyne.KeyEvent) {
	page := max(int(l.scroll.Size().Height/l.height())-1, 1)
	switch ev.Name {
	case fyne.KeyDown:
		l.moveTo(l.current + 1)
	case fyne.KeyUp:
		l.moveTo(l.current - 1)
	case fyne.KeyPageDown:
		l.moveTo(l.current + page)
	case fyne.KeyPageUp:
		l.moveTo(l.current - page)
	case fyne.KeyHome:
		l.moveTo(0)
	case fyne.KeyEnd:
		l.moveTo(l.Len() - 1)
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		if l.Len() > 0 && l.OnActivate != nil {
			l.OnActivate(l.current)
		}
	case desktop.KeyMenu:
		l.keyMenu()
	case fyne.KeyF10:
		if l.shift {
			l.keyMenu()
		}
	default:
		if l.OnKey != nil {
			l.OnKey(ev)
		}
	}
}

func (l *RowList) keyMenu() {
	if l.Len() > 0 && l.OnMenu != nil {
		l.reveal(l.current)
		l.OnMenu(l.current, l.MenuPosition(l.current))
	}
}
