package widget

import (
	"image"
	"image/color"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"

	"github.com/tallystick/tallystick/app/look"
)

// inWindow puts o into a window of that size.
func inWindow(t *testing.T, o fyne.CanvasObject, w, h float32) fyne.Window {
	t.Helper()
	win := test.NewTempWindow(t, o)
	win.SetPadded(false)
	win.Resize(fyne.NewSize(w, h))
	test.RenderToMarkup(win.Canvas()) // draws, so that everything can have the keyboard
	return win
}

// Everything that is pressed is pressed alike: by pointer, Enter and the space bar; it shows the
// keyboard; and not at all while disabled.
func TestPressables(t *testing.T) {
	useLook(t, look.Light, 1)
	count := 0
	press := func() { count++ }
	big := NewBigCode()
	big.OnTapped = press
	big.Set(BigCodeState{Code: "492039", Seconds: 9, Period: 30})
	toast := NewToast()
	toast.Say("Moved to the trash", Action{Label: "Undo", Do: press})
	chips := NewChips(nil)
	two := []Chip{{ID: "a", Label: "A"}, {ID: "b", Label: "B"}}
	chips.Set(two, "a")
	chips.OnSelected = func(string) { count++; chips.Set(two, "a") }
	type part struct {
		in fyne.CanvasObject // what shows it
		p  *pressable
		o  interface {
			fyne.Focusable
			fyne.Disableable
		}
	}
	button, icon := NewButton(Primary, "Copy", look.IconCopy, press), NewIconButton(look.IconMore, "More", press)
	card := NewChoiceCard(look.IconScan, "Scan", "my screen", press)
	choice := NewSelect([]string{"a", "b"}, nil)
	choice.press = press
	var box *Check
	box = NewCheck("Favourite", false, func(on bool) {
		if !on {
			t.Error("a box that was off is turned off")
		}
		count++
		box.SetOn(false)
	})
	for name, c := range map[string]part{
		"button":      {button, &button.pressable, button},
		"icon button": {icon, &icon.pressable, icon},
		"card":        {card, &card.pressable, card},
		"big code":    {big, &big.pressable, big},
		"toast":       {toast, &toast.button.pressable, toast.button},
		"check":       {box, &box.pressable, box},
		"select":      {choice, &choice.pressable, choice},
		"chip":        {chips, &chips.cells[1].pressable, chips.cells[1]},
	} {
		t.Run(name, func(t *testing.T) {
			w := inWindow(t, container.NewVBox(c.in), 300, 200)
			count = 0
			plain := test.RenderObjectToMarkup(c.in)
			w.Canvas().Focus(c.o)
			if !c.p.focused || test.RenderObjectToMarkup(c.in) == plain {
				t.Error("the keyboard does not show")
			}
			key(c.o, fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace, fyne.KeyA)
			c.o.(fyne.Tappable).Tapped(&fyne.PointEvent{})
			if count != 4 {
				t.Errorf("pressed 4 ways, counted %d", count)
			}
			w.Canvas().Unfocus()
			if test.RenderObjectToMarkup(c.in) != plain {
				t.Error("the keyboard leaves a trace")
			}
			h := c.o.(desktop.Hoverable)
			h.MouseIn(&desktop.MouseEvent{})
			if test.RenderObjectToMarkup(c.in) == plain {
				t.Error("hovering does not show")
			}
			h.MouseOut()
			if test.RenderObjectToMarkup(c.in) != plain {
				t.Error("hovering leaves a trace")
			}
			c.o.Disable()
			key(c.o, fyne.KeyReturn, fyne.KeySpace)
			c.o.(fyne.Tappable).Tapped(&fyne.PointEvent{})
			if count != 4 {
				t.Error("a disabled one was pressed")
			}
			if c.o.(desktop.Cursorable).Cursor() != desktop.DefaultCursor {
				t.Error("a disabled one has the hand of what can be pressed")
			}
		})
	}
}

func TestButtonPressedShows(t *testing.T) {
	useLook(t, look.Light, 1)
	b := NewButton(Secondary, "Copy", "", nil)
	inWindow(t, b, 100, 40)
	plain := test.RenderObjectToMarkup(b)
	b.MouseDown(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary})
	if test.RenderObjectToMarkup(b) == plain {
		t.Error("pressing does not show")
	}
	b.MouseUp(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary})
	if test.RenderObjectToMarkup(b) != plain {
		t.Error("pressing leaves a trace")
	}
	b.Tapped(nil) // no callback
	if b.AccessibilityLabel() != "Copy" || NewIconButton(look.IconMore, "More", nil).AccessibilityLabel() != "More" {
		t.Error("buttons do not say what they do")
	}
}

func TestTabReachesEverything(t *testing.T) {
	useLook(t, look.Light, 1)
	banner := NewBanner()
	banner.OnDismissed = func() {}
	banner.Set(Trouble, "Broken", "Very", Action{Label: "Again"}, Action{Label: "Leave"})
	chips := NewChips(nil)
	chips.Set([]Chip{{ID: "a", Label: "A"}, {ID: "b", Label: "B"}}, "a")
	key, pass := NewKeyEntry("key"), NewPassphraseEntry("pass")
	w := inWindow(t, NewColumn(8, chips, banner, NewFormField("Key", key, ""), pass,
		NewField("Name", "maria", func() {}), NewHoldButton("Hold", 3, nil), NewChoiceCard(look.IconScan, "a", "b", nil)), 400, 700)
	want := []fyne.Focusable{chips.cells[0], chips.cells[1], banner.Buttons()[0], banner.Buttons()[1], key.field, key.eye, pass.field, pass.eye}
	seen := map[fyne.Focusable]bool{}
	for range 20 {
		w.Canvas().(interface{ FocusNext() }).FocusNext()
		seen[w.Canvas().Focused()] = true
	}
	for _, f := range want {
		if !seen[f] {
			t.Errorf("%T %v cannot be reached with Tab", f, f)
		}
	}
	if len(seen) != len(want)+4 { // the cross, copy, hold, the card
		t.Errorf("Tab stops at %d places, want %d", len(seen), len(want)+4)
	}
}

func TestChips(t *testing.T) {
	useLook(t, look.Light, 1)
	var chosen []string
	c := NewChips(func(id string) { chosen = append(chosen, id) })
	all := []Chip{{"", "All", ""}, {"f", "Favourites", look.IconStar}, {"m", "Manual", ""}, {"w", "a tag that is long", ""}, {"s", "another long tag", ""}}
	c.Set(all, "")
	w := inWindow(t, c, 240, 40)
	w.Canvas().Focus(c.cells[0])
	for range 4 {
		key(w.Canvas().Focused(), fyne.KeyRight)
	}
	if w.Canvas().Focused() != c.cells[4] {
		t.Fatal("the right arrow does not move along the bar")
	}
	if x := c.cells[4].Position().X - c.offset; x < 0 || x+c.cells[4].Size().Width > 240+chipEdge {
		t.Errorf("the chip with the keyboard is out of sight at %v", x)
	}
	key(w.Canvas().Focused(), fyne.KeyRight, fyne.KeyReturn, fyne.KeyReturn)
	if !slices.Equal(chosen, []string{"s"}) || c.Selected() != "s" || !c.cells[4].on || c.cells[0].on {
		t.Errorf("chosen %v, selected %q", chosen, c.Selected())
	}
	c.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, 1000)})
	if c.offset != 0 {
		t.Errorf("scrolled back to %v", c.offset)
	}
	// Choosing moves nothing: a chip is as wide chosen as not.
	at := c.cells[2].Position()
	c.Select("f")
	if c.cells[2].Position() != at {
		t.Error("choosing moved the others")
	}
	c.Set(all[:2], "gone")
	if len(c.row.Objects) != 2 || c.Selected() != "gone" || c.cells[1].on {
		t.Error("a shorter bar keeps old chips")
	}
}

func TestKeyEntry(t *testing.T) {
	useLook(t, look.Light, 1)
	k := NewKeyEntry("The key")
	var changes []string
	submitted := 0
	k.OnChanged = func(s string) { changes = append(changes, s) }
	k.OnSubmitted = func() { submitted++ }
	k.Check = func(s string) string {
		if strings.Contains(s, "1") {
			return "A key has no 1."
		}
		return ""
	}
	w := inWindow(t, k, 300, 100)
	w.Canvas().Focus(k.Focusable())
	test.Type(k.Focusable(), "JB1")
	if k.Problem() != "A key has no 1." || !slices.Equal(changes, []string{"J", "JB", "JB1"}) {
		t.Errorf("problem %q, changes %v", k.Problem(), changes)
	}
	key(k.Focusable(), fyne.KeyBackspace, fyne.KeyReturn)
	if k.Problem() != "" || submitted != 1 {
		t.Errorf("problem %q, submitted %d", k.Problem(), submitted)
	}
	if k.Masked() {
		t.Error("a key that is typed should be seen")
	}
	test.Tap(k.eye)
	if !k.Masked() || strings.Contains(test.RenderObjectToMarkup(k), "JB") || w.Canvas().Focused() != k.field {
		t.Error("the eye does not mask the key and give the keyboard back")
	}
	if got := k.Take(); string(got) != "JB" || !k.IsEmpty() {
		t.Errorf("took %q, left %q", got, k.Text())
	}
	if got := k.Take(); len(got) != 0 {
		t.Errorf("took %q twice", got)
	}
}

func TestPassphraseEntry(t *testing.T) {
	useLook(t, look.Light, 1)
	p := NewPassphraseEntry("Passphrase")
	changed, submitted := 0, 0
	p.OnChanged = func() { changed++ }
	p.OnSubmitted = func() { submitted++ }
	w := inWindow(t, p, 300, 100)
	w.Canvas().Focus(p.Focusable())
	test.Type(p.Focusable(), "horse")
	if !p.Masked() || strings.Contains(test.RenderObjectToMarkup(p), "horse") {
		t.Error("a passphrase shows")
	}
	if p.CapsHint() || p.Len() != 5 || changed != 5 {
		t.Errorf("caps %v, length %d, changes %d", p.CapsHint(), p.Len(), changed)
	}
	p.field.TypedRune('H')
	if !p.CapsHint() || !strings.Contains(test.RenderObjectToMarkup(p), "Caps Lock") {
		t.Error("a capital without shift does not hint at the lock")
	}
	p.field.TypedRune('7')
	if !p.CapsHint() {
		t.Error("a digit tells nothing about the lock")
	}
	p.field.KeyDown(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	p.field.TypedRune('H')
	if p.CapsHint() {
		t.Error("a capital with shift is no lock")
	}
	p.field.TypedRune('h')
	p.field.KeyUp(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	if !p.CapsHint() {
		t.Error("a small letter with shift is the lock")
	}
	p.SetProblem("That is not the passphrase.")
	if p.Problem() == "" || p.CapsHint() {
		t.Error("the problem should show before the hint")
	}
	p.field.TypedRune('x')
	if p.Problem() != "" {
		t.Error("the problem stays while typing")
	}
	key(p.Focusable(), fyne.KeyReturn)
	test.Tap(p.eye)
	if submitted != 1 || p.Masked() {
		t.Errorf("submitted %d, masked %v", submitted, p.Masked())
	}
	q := NewPassphraseEntry("Again")
	if p.Same(q) {
		t.Error("different texts are the same")
	}
	q.field.SetText(string(p.field.Text))
	if !p.Same(q) {
		t.Error("the same texts are different")
	}
	if got := string(p.Take()); got != "horseH7Hhx" || !p.IsEmpty() || p.Len() != 0 {
		t.Errorf("took %q", got)
	}
	p.Disable()
	if !p.field.Disabled() || !p.eye.Disabled() {
		t.Error("disabled only in part")
	}
	p.Enable()
	if p.field.Disabled() || p.eye.Disabled() {
		t.Error("enabled only in part")
	}
}

func TestSearchEntry(t *testing.T) {
	useLook(t, look.Light, 1)
	var texts []string
	var moves []fyne.KeyName
	enter, escape := 0, 0
	s := NewSearchEntry("Search", func(x string) { texts = append(texts, x) })
	s.OnMove = func(ev *fyne.KeyEvent) { moves = append(moves, ev.Name) }
	s.OnEnter = func() { enter++ }
	s.OnEscape = func() { escape++ }
	w := inWindow(t, s, 300, 40)
	w.Canvas().Focus(s)
	if s.clear.Visible() {
		t.Error("there is nothing to empty yet")
	}
	test.Type(s, "gi")
	if !s.clear.Visible() {
		t.Error("the cross does not come")
	}
	if at := fyne.CurrentApp().Driver().AbsolutePositionForObject(s.clear); at.X < 200 || s.clear.Size().Width < look.Hit || at.X+s.clear.Size().Width > s.Size().Width {
		t.Errorf("the cross lies at %v, %v wide, in a field of %v", at.X, s.clear.Size().Width, s.Size().Width)
	}
	key(s, fyne.KeyDown, fyne.KeyUp, fyne.KeyPageDown, fyne.KeyLeft, fyne.KeyReturn, fyne.KeyEscape, fyne.KeyEscape)
	if !slices.Equal(moves, []fyne.KeyName{fyne.KeyDown, fyne.KeyUp, fyne.KeyPageDown}) || enter != 1 || escape != 1 {
		t.Errorf("moves %v, enter %d, escape %d", moves, enter, escape)
	}
	test.Type(s, "x")
	test.Tap(s.clear)
	if s.Text != "" || !slices.Equal(texts, []string{"g", "gi", "", "x", ""}) || w.Canvas().Focused() != s {
		t.Errorf("texts %q, left %q, focused %T", texts, s.Text, w.Canvas().Focused())
	}
}

// The toolkit's field swallows Ctrl+N and the like; ours hand them to the window, and keep the
// ones a field needs.
func TestEntriesLeaveShortcutsToTheWindow(t *testing.T) {
	useLook(t, look.Light, 1)
	search := NewSearchEntry("Search", nil)
	key, pass, plain := NewKeyEntry(""), NewPassphraseEntry(""), NewEntry("")
	w := software.NewCanvas() // the test window's canvas hides its shortcuts
	got := 0
	sc := &desktop.CustomShortcut{KeyName: fyne.KeyN, Modifier: fyne.KeyModifierControl}
	w.AddShortcut(sc, func(fyne.Shortcut) { got++ })
	word := &desktop.CustomShortcut{KeyName: fyne.KeyBackspace, Modifier: fyne.KeyModifierControl}
	w.AddShortcut(word, func(fyne.Shortcut) { got += 100 })
	for _, e := range []*Entry{&search.Entry, key.field, pass.field, plain} {
		e.canvasOf = func(o fyne.CanvasObject) fyne.Canvas {
			if s, ok := o.(*SearchEntry); e == &search.Entry && (!ok || s != search) {
				t.Errorf("asked for the canvas of %T, which lies on none", o)
			}
			return w
		}
		e.TypedShortcut(sc)
		e.TypedShortcut(word)
	}
	if got != 4 {
		t.Errorf("the window saw %d, want 4", got)
	}
	plain.SetText("abc")
	plain.TypedShortcut(&fyne.ShortcutSelectAll{})
	if plain.SelectedText() != "abc" {
		t.Error("the field lost its own shortcuts")
	}
}

func TestHoldButton(t *testing.T) {
	useLook(t, look.Light, 1)
	done, held, released := 0, 0, 0
	h := NewHoldButton("Hold to show", 3, func() { done++ })
	h.OnHold = func() { held++ }
	h.OnRelease = func() { released++ }
	w := inWindow(t, h, 200, 40)
	h.Step()
	if h.Progress() != 0 {
		t.Error("a step counts while nobody holds")
	}
	test.Tap(h)
	w.Canvas().Focus(h)
	key(h, fyne.KeySpace)
	if held != 0 || done != 0 {
		t.Error("a tap is not a hold")
	}
	hold := []struct {
		name       string
		begin, end func()
	}{
		{"pointer", func() { h.MouseDown(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary}) }, func() { h.MouseUp(nil) }},
		{"space bar", func() { h.KeyDown(&fyne.KeyEvent{Name: fyne.KeySpace}) }, func() { h.KeyUp(&fyne.KeyEvent{Name: fyne.KeySpace}) }},
		{"Enter", func() { h.KeyDown(&fyne.KeyEvent{Name: fyne.KeyReturn}) }, func() { h.KeyUp(&fyne.KeyEvent{Name: fyne.KeyReturn}) }},
		{"pointer leaves", func() { h.MouseDown(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary}) }, func() { h.MouseOut() }},
		{"focus leaves", func() { h.KeyDown(&fyne.KeyEvent{Name: fyne.KeySpace}) }, func() { h.FocusLost() }},
	}
	for i, c := range hold {
		t.Run(c.name, func(t *testing.T) {
			done, held, released = 0, 0, 0
			c.begin()
			h.Step()
			h.Step()
			if !h.Holding() || done != 0 || h.Progress() < 0.6 || h.Progress() > 0.7 {
				t.Fatalf("%d: holding %v, done %d, progress %v", i, h.Holding(), done, h.Progress())
			}
			c.end()
			if h.Holding() || h.Progress() != 0 || done != 0 || released != 1 {
				t.Fatal("letting go early does not start over")
			}
			c.begin()
			for range 9 {
				h.Step()
			}
			if done != 1 || !h.Holding() {
				t.Errorf("held to the end, done %d times", done)
			}
			c.end()
			if held != 2 || released != 2 || done != 1 {
				t.Errorf("held %d, released %d, done %d", held, released, done)
			}
		})
	}
	h.Disable()
	h.MouseDown(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary})
	if h.Holding() {
		t.Error("a disabled one is held")
	}
}

func TestBanner(t *testing.T) {
	useLook(t, look.Light, 1)
	b := NewBanner()
	below := NewText(Body, "below")
	box := NewColumn(8, b, below)
	inWindow(t, box, 300, 400)
	if b.Visible() || below.Position().Y != 0 {
		t.Error("an empty banner takes room")
	}
	pressed := ""
	b.Set(Warning, "The keyring does not answer", "Your codes are safe, and this sentence is long enough to need more lines than one.",
		Action{"Again", func() { pressed = "again" }}, Action{"Leave", func() { pressed = "leave" }})
	box.Refresh()
	if !b.Visible() || below.Position().Y < b.Size().Height {
		t.Error("the banner is not there")
	}
	if lines := len(b.text.lines); lines < 3 {
		t.Errorf("the text has %d lines in 300 px", lines)
	}
	test.Tap(b.Buttons()[1])
	if pressed != "leave" {
		t.Errorf("pressed %q", pressed)
	}
	b.Set(Good, "", "Saved")
	if len(b.Buttons()) != 0 || b.Title() != "" || b.Text() != "Saved" {
		t.Error("the banner keeps what it said before")
	}
	b.Clear()
	box.Refresh()
	if b.Visible() || below.Position().Y != 0 {
		t.Error("the banner stays")
	}
}

func TestToast(t *testing.T) {
	useLook(t, look.Light, 1)
	toast := NewToast()
	inWindow(t, container.NewCenter(toast), 360, 200)
	if toast.Visible() {
		t.Error("an empty toast shows")
	}
	toast.Say("Copied", Action{})
	if !toast.Visible() || toast.button.Visible() || toast.Text() != "Copied" {
		t.Error("a toast without an action is wrong")
	}
	undone := 0
	toast.Say("Account moved to the trash", Action{"Undo", func() { undone++ }})
	test.Tap(toast.button)
	if !toast.button.Visible() || undone != 1 {
		t.Errorf("undone %d", undone)
	}
	toast.Dismiss()
	if toast.Visible() {
		t.Error("the toast stays")
	}
}

func TestText(t *testing.T) {
	useLook(t, look.Light, 1)
	size := look.Size(nil, look.SizeBody)
	for _, s := range []string{
		"", "one", "Type this into the portal, then press Enter.", "a\nb\n\nc",
		"averyveryveryveryverylongwordthatdoesnotfitonanylineatall and more", "  spaces   between  ",
	} {
		for _, width := range []float32{40, 80, 120, 300} {
			lines := wrap(s, width, size, fyne.TextStyle{})
			for _, l := range lines {
				if w := textSize(l, size, fyne.TextStyle{}).Width; w > width && len([]rune(l)) > 1 {
					t.Errorf("%q in %v: line %q is %v wide", s, width, l, w)
				}
			}
			joined := strings.NewReplacer(" ", "", "\n", "").Replace(s)
			if got := strings.ReplaceAll(strings.Join(lines, ""), " ", ""); got != joined {
				t.Errorf("%q in %v lost letters: %q", s, width, got)
			}
		}
	}
	text := NewText(Body, "Type this into the portal, then press Enter.")
	below := NewText(Caption, "below")
	inWindow(t, NewColumn(4, text, below), 120, 300)
	if len(text.lines) < 3 || below.Position().Y != text.MinSize().Height+4 {
		t.Errorf("%d lines, what is below lies at %v and not at %v", len(text.lines), below.Position().Y, text.MinSize().Height+4)
	}
	text.SetText("")
	if text.MinSize().Height != 0 {
		t.Error("an empty text takes room")
	}
}

func TestFormField(t *testing.T) {
	useLook(t, look.Light, 1)
	f := NewFormField("Name", NewEntry(""), "What you sign in with")
	inWindow(t, f, 300, 120)
	if !strings.Contains(test.RenderObjectToMarkup(f), "What you sign in with") || f.Problem() != "" {
		t.Error("the hint does not show")
	}
	f.SetProblem("There is no name.")
	if m := test.RenderObjectToMarkup(f); !strings.Contains(m, "There is no name.") || strings.Contains(m, "What you") || f.Problem() == "" {
		t.Error("the problem does not take the place of the hint")
	}
	f.SetProblem("")
	if !strings.Contains(test.RenderObjectToMarkup(f), "What you sign in with") || f.Problem() != "" {
		t.Error("the hint does not come back")
	}
	f.SetHint("It is on the letter.")
	if !strings.Contains(test.RenderObjectToMarkup(f), "It is on the letter.") || f.Hint() != "It is on the letter." {
		t.Error("another hint does not show")
	}
	f.SetProblem("There is no name.")
	f.SetHint("It is in the mail.")
	if m := test.RenderObjectToMarkup(f); !strings.Contains(m, "There is no name.") || strings.Contains(m, "mail") {
		t.Error("a hint takes the place of a problem")
	}
}

func TestField(t *testing.T) {
	useLook(t, look.Light, 1)
	copied := 0
	f := NewField("Name", "maria", func() { copied++ })
	inWindow(t, f, 300, 60)
	test.Tap(f.copy)
	f.SetValue("paul")
	if copied != 1 || f.Value() != "paul" || !strings.Contains(test.RenderObjectToMarkup(f), "paul") {
		t.Errorf("copied %d, value %q", copied, f.Value())
	}
	f.SetValue("")
	if f.Visible() {
		t.Error("a field without a value takes room")
	}
	if n := NewField("Name", "maria", nil); test.TempWidgetRenderer(t, n) != nil && n.copy.Visible() {
		t.Error("a field without a copy has a button for it")
	}
}

func TestBigCode(t *testing.T) {
	useLook(t, look.Light, 1)
	b := NewBigCode()
	size := fyne.NewSize(340, b.MinSize().Height)
	renderer := test.WidgetRenderer(b)
	b.Resize(size)
	states := []BigCodeState{
		{Code: "492039", Seconds: 21, Period: 30},
		{Code: "492039", Seconds: 9, Period: 30, Next: "118604"},
		{Code: "492039", Seconds: 8, Period: 30, Next: "118604", Notice: "Copied, clears in 30 s"},
		{Code: "118604", Seconds: 30, Period: 30},
		{Waiting: 6, Period: 30},
		{Code: "1234567890", Seconds: 30, Period: 60, Hint: "Press to copy"},
		{Code: "R7KWB", Hidden: true, Digits: 5, Seconds: 3, Period: 30},
		{Code: "55120934"},
		{},
	}
	for i, a := range states {
		for j, s := range states {
			b.Set(a)
			b.Set(s)
			fresh := NewBigCode()
			fresh.Set(s)
			want := test.WidgetRenderer(fresh)
			fresh.Resize(size)
			if got, want := drawn(renderer.Objects()), drawn(want.Objects()); got != want {
				t.Errorf("after %d, state %d differs from a new one:\n%s\nwant\n%s", i, j, got, want)
			}
		}
	}
	b.Set(states[6])
	if strings.Contains(b.AccessibilityLabel(), "R7K") || strings.Contains(drawn(renderer.Objects()), "R7K") {
		t.Error("a hidden code shows")
	}
}

// At any size, the code and the line under it stay inside, whole.
func TestBigCodeFits(t *testing.T) {
	for _, scale := range []float32{1, 1.5, 2} {
		useLook(t, look.Light, scale)
		for _, width := range []float32{240, 308, 420} {
			b := NewBigCode()
			b.Set(BigCodeState{Code: "1234567890", Next: "0987654321", Seconds: 9, Period: 30})
			b.Resize(fyne.NewSize(width, b.MinSize().Height))
			test.RenderObjectToMarkup(b)
			if b.code.Text != "12345 67890" || b.below.Text != "next 09876 54321" {
				t.Errorf("scale %v, width %v: shown as %q, %q", scale, width, b.code.Text, b.below.Text)
			}
			for _, o := range []*canvas.Text{b.code, b.below, b.seconds} {
				if x := o.Position().X; x < 0 || x+o.MinSize().Width > width {
					t.Errorf("scale %v, width %v: %q from %v to %v", scale, width, o.Text, x, x+o.MinSize().Width)
				}
			}
		}
	}
}

func TestDial(t *testing.T) {
	useLook(t, look.Light, 1)
	owner, d := NewIssuerMark(), newDial()
	d.paint(owner)
	for _, c := range []struct {
		seconds, period int
		end             float32
		low             bool
	}{
		{30, 30, 360, false}, {15, 30, 180, false}, {6, 30, 72, false}, {5, 30, 60, true},
		{0, 30, 0, true}, {45, 60, 270, false}, {99, 30, 360, false}, {-3, 30, 0, true},
	} {
		d.set(owner, c.seconds, c.period)
		if d.arc.EndAngle != c.end || d.low != c.low {
			t.Errorf("%d of %d: angle %v, low %v", c.seconds, c.period, d.arc.EndAngle, d.low)
		}
		want := look.Color(owner, look.ColorWood)
		if c.low {
			want = look.Color(owner, look.ColorLow)
		}
		if d.arc.FillColor != want {
			t.Errorf("%d of %d: wrong colour", c.seconds, c.period)
		}
		if d.set(owner, c.seconds, c.period) {
			t.Errorf("%d of %d: the same again is drawn again", c.seconds, c.period)
		}
	}
}

func TestIssuerMark(t *testing.T) {
	useLook(t, look.Light, 1)
	m := NewIssuerMark()
	m.Set("B3Networks", "", nil)
	inWindow(t, container.NewCenter(m), 100, 100)
	if m.Size() != fyne.NewSquareSize(40) || m.m.text.Text != "B3" || m.m.own.Visible() {
		t.Errorf("size %v, letters %q", m.Size(), m.m.text.Text)
	}
	m.Set("B3Networks", "", Round(image.White))
	if !m.m.own.Visible() || m.m.text.Visible() || m.m.disc.Visible() {
		t.Error("the picture does not replace the letters")
	}
	m.Set("GitHub", "", nil)
	if m.m.own.Visible() || m.m.text.Text != "Gi" {
		t.Error("the letters do not come back")
	}
}

func TestSelect(t *testing.T) {
	useLook(t, look.Light, 1)
	var got []string
	s := NewSelect([]string{"System", "Light", "Dark"}, func(o string) { got = append(got, o) })
	w := inWindow(t, container.NewVBox(s), 300, 400)
	s.SetSelected("Light")
	s.SetSelected("Light")
	w.Canvas().Focus(s)
	key(s, fyne.KeyDown, fyne.KeyDown, fyne.KeyUp, fyne.KeyUp, fyne.KeyUp)
	if want := []string{"Light", "Dark", "Light", "System"}; !slices.Equal(got, want) || s.Selected != "System" {
		t.Errorf("chose %v, want %v", got, want)
	}
	key(s, fyne.KeyReturn)
	list := w.Canvas().Overlays().Top()
	if list == nil || s.open.Size().Width < s.Size().Width || len(s.open.Items) != 3 {
		t.Fatal("Enter does not open the list under the field, as wide as it")
	}
	if at := s.open.Position(); at.Y < s.Size().Height {
		t.Errorf("the list covers the field at %v", at)
	}
	s.open.Items[2].(fyne.Tappable).Tapped(nil)
	if s.Selected != "Dark" || w.Canvas().Overlays().Top() != nil {
		t.Errorf("chose %q, the list is open: %v", s.Selected, w.Canvas().Overlays().Top() != nil)
	}
	s.SetSelected("Sepia") // kept from an older version
	if s.SelectedIndex() != -1 || !strings.Contains(test.RenderObjectToMarkup(s), "Sepia") {
		t.Error("a choice that is not among the options does not show")
	}
	s.Disable()
	key(s, fyne.KeyDown, fyne.KeyReturn)
	if s.Selected != "Sepia" || w.Canvas().Overlays().Top() != nil {
		t.Error("a disabled one was changed")
	}
}

// Every field shows the keyboard by the same line as everything else.
func TestEntryFocusLine(t *testing.T) {
	useLook(t, look.Light, 1)
	plain, search, pass := NewEntry(""), NewSearchEntry("", nil), NewPassphraseEntry("")
	w := inWindow(t, NewColumn(4, plain, search, pass), 300, 200)
	for _, c := range []struct {
		at fyne.Focusable
		e  *Entry
	}{{plain, plain}, {search, &search.Entry}, {pass.Focusable(), pass.field}} {
		w.Canvas().Focus(c.at)
		for _, other := range []*Entry{plain, &search.Entry, pass.field} {
			if other.line.Visible() != (other == c.e) {
				t.Errorf("%T: the line is at the wrong field", c.at)
			}
		}
		if c.e.line.Size() != c.at.(fyne.CanvasObject).Size() {
			t.Errorf("%T: the line is %v, the field %v", c.at, c.e.line.Size(), c.at.(fyne.CanvasObject).Size())
		}
	}
	w.Canvas().Unfocus()
	if pass.field.line.Visible() {
		t.Error("the line stays")
	}
}

// Scanners need a border of four modules, black on white, in either variant, and even modules.
func TestQRImage(t *testing.T) {
	for _, a := range []look.Appearance{look.Light, look.Dark} {
		useLook(t, a, 1)
		m := checker(29)
		q := NewQRImage(200)
		q.SetModules(m)
		w := inWindow(t, q, 200, 200)
		picture := w.Canvas().Capture()
		const quiet = 4                   // ISO/IEC 18004
		const n, module = 29 + 2*quiet, 5 // 192 px of 37 modules are 5 px each
		const off = (200 - n*module) / 2
		for y := range n {
			for x := range n {
				want := color.Gray{Y: 255}
				if mx, my := x-quiet, y-quiet; mx >= 0 && my >= 0 && mx < 29 && my < 29 && m[my][mx] {
					want.Y = 0
				}
				for _, d := range [][2]int{{0, 0}, {module - 1, 0}, {0, module - 1}, {module - 1, module - 1}} {
					got := color.GrayModel.Convert(picture.At(off+x*module+d[0], off+y*module+d[1])).(color.Gray)
					if got != want {
						t.Fatalf("appearance %d: module %d,%d is %v, want %v", a, x, y, got, want)
					}
				}
			}
		}
		q.SetModules(nil)
		if q.picture.Visible() {
			t.Error("an empty code shows the old one")
		}
	}
}

func TestFlow(t *testing.T) {
	useLook(t, look.Light, 1)
	a, b, c := NewButton(Primary, "First", "", nil), NewButton(Secondary, "Second", "", nil), NewButton(Quiet, "Third", "", nil)
	f := NewFlow(8, a, b, c)
	f.Resize(fyne.NewSize(600, 100))
	if a.Position().Y != b.Position().Y || c.Position().Y != 0 || b.Position().X != a.Size().Width+8 {
		t.Error("three buttons do not fit on 600 px")
	}
	wide := f.MinSize().Height
	f.Resize(fyne.NewSize(120, 100))
	if b.Position().Y <= 0 || c.Position().Y <= b.Position().Y || f.MinSize().Height <= wide*2 {
		t.Error("the line does not break")
	}
	b.Hide()
	f.Resize(fyne.NewSize(600, 100))
	if c.Position().X != a.Size().Width+8 {
		t.Error("what is hidden leaves a gap")
	}
}

func TestChoiceCardPicture(t *testing.T) {
	useLook(t, look.Light, 1)
	c := NewChoiceCard(look.IconQR, "B3Networks", "maria", nil)
	inWindow(t, c, 400, 120)
	c.SetPicture(image.NewGray(image.Rect(0, 0, 40, 30)))
	if !c.picture.Visible() || c.MinSize().Height < pictureEdge {
		t.Error("the picture has no room")
	}
	c.SetPicture(nil)
	if c.picture.Visible() {
		t.Error("the picture stays")
	}
	if c.AccessibilityLabel() != "B3Networks, maria" {
		t.Errorf("the card says %q", c.AccessibilityLabel())
	}
}
