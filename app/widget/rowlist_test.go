package widget

import (
	"fmt"
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"github.com/tallystick/tallystick/app/look"
)

// manyRows is a list of n rows in a window of 420 by 680.
func manyRows(t testing.TB, n int) (*RowList, fyne.Window) {
	t.Helper()
	l := NewRowList(func() int { return n }, func(i int) CodeRowState {
		return CodeRowState{Issuer: fmt.Sprintf("Issuer %d", i), Name: "maria", Code: fmt.Sprintf("%06d", i), Seconds: 20, Period: 30}
	})
	w := test.NewWindow(l)
	t.Cleanup(w.Close)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(420, 680))
	return l, w
}

// shown lists the rows that exist, by what they show, top to bottom, and checks their places.
func shown(t *testing.T, l *RowList) []int {
	t.Helper()
	var out []int
	for _, r := range l.rows {
		var i int
		if _, err := fmt.Sscanf(r.State().Issuer, "Issuer %d", &i); err != nil {
			t.Fatalf("row %d shows %q", r.index, r.State().Issuer)
		}
		if i != r.index {
			t.Errorf("row %d shows the state of %d", r.index, i)
		}
		if y := r.Position().Y; y != float32(i)*l.height() {
			t.Errorf("row %d lies at %v, want %v", i, y, float32(i)*l.height())
		}
		out = append(out, i)
	}
	return out
}

func key(l fyne.Focusable, names ...fyne.KeyName) {
	for _, n := range names {
		l.TypedKey(&fyne.KeyEvent{Name: n})
		if n == fyne.KeySpace { // the driver tells it twice
			l.TypedRune(' ')
		}
	}
}

// scrollTo turns the wheel until the list is at offset y.
func scrollTo(l *RowList, y float32) {
	l.scroll.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, l.scroll.Offset.Y-y)})
}

func TestRowListMakesOnlyVisibleRows(t *testing.T) {
	useLook(t, look.Light, 1)
	l, _ := manyRows(t, 10_000)
	if n := len(shown(t, l)); n < 7 || n > 11 {
		t.Fatalf("%d rows exist", n)
	}
	made := map[*listRow]bool{}
	for i := range 400 {
		scrollTo(l, float32(i)*700)
		rows := shown(t, l)
		first, last := l.VisibleRows()
		if rows[0] != first || rows[len(rows)-1] != last-1 {
			t.Fatalf("visible %d–%d, shown %v", first, last, rows)
		}
		top, bottom := l.scroll.Offset.Y, l.scroll.Offset.Y+l.scroll.Size().Height
		if float32(first)*l.height() > top || (float32(last)*l.height() < bottom && last < 10_000) {
			t.Fatalf("a gap shows at offset %v", top)
		}
		for _, r := range l.rows {
			made[r] = true
		}
	}
	if len(made) > 24 {
		t.Errorf("%d rows were made for a screen of 9: they are not pooled", len(made))
	}
}

func TestRowListKeys(t *testing.T) {
	useLook(t, look.Light, 1)
	l, w := manyRows(t, 100)
	var activated, current []int
	var runes []rune
	var others []fyne.KeyName
	l.OnActivate = func(i int) { activated = append(activated, i) }
	l.OnCurrent = func(i int) { current = append(current, i) }
	l.OnRune = func(r rune) { runes = append(runes, r) }
	l.OnKey = func(ev *fyne.KeyEvent) { others = append(others, ev.Name) }
	w.Canvas().Focus(l)
	if !l.rows[0].State().Focused || !l.rows[0].focus.Visible() {
		t.Fatal("the first row has no focus line")
	}
	key(l, fyne.KeyUp, fyne.KeyDown, fyne.KeyDown, fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace)
	if !slices.Equal(activated, []int{2, 2, 2}) || !slices.Equal(current, []int{1, 2}) {
		t.Errorf("activated %v, went over %v", activated, current)
	}
	if l.row(0).State().Focused || !l.row(2).State().Focused {
		t.Error("the focus line stayed behind")
	}
	key(l, fyne.KeyEnd)
	if l.Current() != 99 || l.row(99) == nil || !l.row(99).State().Focused {
		t.Errorf("End went to %d", l.Current())
	}
	shown(t, l)
	key(l, fyne.KeyPageUp)
	if c := l.Current(); c < 85 || c > 95 {
		t.Errorf("Page Up went to %d", c)
	}
	key(l, fyne.KeyDown, fyne.KeyHome, fyne.KeyPageDown)
	if c := l.Current(); c < 4 || c > 12 || l.row(c) == nil {
		t.Errorf("Page Down from the top went to %d", c)
	}
	key(l, fyne.KeyF2, fyne.KeyEscape)
	l.TypedRune('g')
	l.TypedRune(' ')
	if !slices.Equal(others, []fyne.KeyName{fyne.KeyF2, fyne.KeyEscape}) || string(runes) != "g" {
		t.Errorf("other keys %v, runes %q", others, string(runes))
	}
	w.Canvas().Unfocus()
	if l.row(l.Current()).State().Focused {
		t.Error("the focus line stays when the keyboard leaves")
	}
}

func TestRowListMenuKeys(t *testing.T) {
	useLook(t, look.Light, 1)
	l, w := manyRows(t, 50)
	var menus []int
	var at fyne.Position
	l.OnMenu = func(i int, p fyne.Position) { menus, at = append(menus, i), p }
	w.Canvas().Focus(l)
	key(l, fyne.KeyDown, desktop.KeyMenu, fyne.KeyF10)
	l.KeyDown(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	key(l, fyne.KeyF10)
	l.KeyUp(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	key(l, fyne.KeyF10)
	if !slices.Equal(menus, []int{1, 1}) {
		t.Errorf("menus opened: %v", menus)
	}
	if at.X < 300 || at.Y < l.height() || at.Y > 2*l.height() {
		t.Errorf("the menu opened at %v, not at its row", at)
	}
}

func TestRowListPointer(t *testing.T) {
	useLook(t, look.Light, 1)
	l, w := manyRows(t, 50)
	var activated, menus, nexts []int
	l.OnActivate = func(i int) { activated = append(activated, i) }
	l.OnMenu = func(i int, _ fyne.Position) { menus = append(menus, i) }
	l.OnNext = func(i int) { nexts = append(nexts, i) }
	h := l.height()
	test.TapCanvas(w.Canvas(), fyne.NewPos(100, 3*h+10))
	if !slices.Equal(activated, []int{3}) || l.Current() != 3 || w.Canvas().Focused() != l {
		t.Errorf("a click on row 3: activated %v, current %d, focused %T", activated, l.Current(), w.Canvas().Focused())
	}
	l.row(2).TappedSecondary(&fyne.PointEvent{})
	l.row(4).nextHit.Tapped(nil)
	if !slices.Equal(menus, []int{2}) || !slices.Equal(nexts, []int{4}) || l.Current() != 4 {
		t.Errorf("menus %v, nexts %v, current %d", menus, nexts, l.Current())
	}
	// Pooled rows answer for what they show now.
	scrollTo(l, 20*h)
	test.TapCanvas(w.Canvas(), fyne.NewPos(100, h+10))
	if activated[len(activated)-1] != 21 {
		t.Errorf("after scrolling, row 21 answers as %v", activated)
	}
}

func TestRowListTickTouchesVisibleRowsOnly(t *testing.T) {
	useLook(t, look.Light, 1)
	l, _ := manyRows(t, 10_000)
	asked := map[int]int{}
	seconds := 19
	l.State = func(i int) CodeRowState {
		asked[i]++
		return CodeRowState{Issuer: fmt.Sprintf("Issuer %d", i), Name: "maria", Code: fmt.Sprintf("%06d", i), Seconds: seconds, Period: 30}
	}
	l.Tick()
	first, last := l.VisibleRows()
	if len(asked) != last-first {
		t.Errorf("a tick asked for %d rows, %d are visible", len(asked), last-first)
	}
	for _, r := range l.rows {
		if r.seconds.Text != "19" {
			t.Errorf("row %d shows %s s", r.index, r.seconds.Text)
		}
	}
	// Rows from the pool show the time of now, not of when they were last seen.
	seconds = 7
	scrollTo(l, 50*l.height())
	for _, r := range l.rows {
		if r.seconds.Text != "7" {
			t.Errorf("row %d came into view with %s s", r.index, r.seconds.Text)
		}
	}
}

func TestRowListShrinksAndEmpties(t *testing.T) {
	useLook(t, look.Light, 1)
	n := 300
	l := NewRowList(func() int { return n }, func(i int) CodeRowState {
		if i < 0 || i >= n {
			t.Errorf("asked for row %d of %d", i, n)
		}
		return CodeRowState{Issuer: fmt.Sprintf("Issuer %d", i)}
	})
	w := test.NewTempWindow(t, l)
	w.Resize(fyne.NewSize(420, 680))
	l.SetCurrent(250)
	if l.row(250) == nil {
		t.Fatal("row 250 was not scrolled to")
	}
	n = 3
	l.Tick() // before the refresh: must not ask for rows that are gone
	l.Refresh()
	if got := shown(t, l); !slices.Equal(got, []int{0, 1, 2}) || l.Current() != 2 {
		t.Errorf("of 3 rows %v are shown, current %d", got, l.Current())
	}
	n = 0
	l.Refresh()
	key(l, fyne.KeyDown, fyne.KeyReturn, fyne.KeyEnd, desktop.KeyMenu)
	if got := shown(t, l); len(got) != 0 || l.Current() != 0 {
		t.Errorf("of no rows %v are shown, current %d", got, l.Current())
	}
	n = 5
	l.Refresh()
	if got := shown(t, l); len(got) != 5 {
		t.Errorf("of 5 rows %v are shown", got)
	}
}

func TestRowListGrowsWithTheText(t *testing.T) {
	useLook(t, look.Light, 1)
	l, w := manyRows(t, 50)
	before := l.height()
	fyne.CurrentApp().Settings().SetTheme(look.New(look.Config{TextScale: 2}))
	w.Content().Refresh()
	if l.height() < before*1.6 {
		t.Errorf("rows are %v high at 200 %%, %v at 100 %%", l.height(), before)
	}
	shown(t, l)
}

func BenchmarkRowListScroll10000(b *testing.B) {
	useLook(b, look.Light, 1)
	l, _ := manyRows(b, 10_000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		scrollTo(l, float32(i%9000)*60)
	}
}

func BenchmarkRowListScrollAndDraw10000(b *testing.B) {
	useLook(b, look.Light, 1)
	l, w := manyRows(b, 10_000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		scrollTo(l, float32(i%9000)*60)
		w.Canvas().Capture()
	}
}

func BenchmarkRowListTick10000(b *testing.B) {
	useLook(b, look.Light, 1)
	l, _ := manyRows(b, 10_000)
	sec := 30
	l.State = func(i int) CodeRowState {
		return CodeRowState{Issuer: "Issuer", Name: "maria", Code: "492039", Seconds: sec, Period: 30}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		sec = 30 - i%20
		l.Tick()
	}
}

func BenchmarkRowListKeyDown10000(b *testing.B) {
	useLook(b, look.Light, 1)
	l, w := manyRows(b, 10_000)
	w.Canvas().Focus(l)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%9000 == 8999 {
			key(l, fyne.KeyHome)
		}
		key(l, fyne.KeyDown)
	}
}
