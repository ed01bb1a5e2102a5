package widget

import (
	"image"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	fynewidget "fyne.io/fyne/v2/widget"

	"github.com/tallystick/tallystick/app/look"
)

// useLook starts a fresh test application in one appearance and text scale.
func useLook(t testing.TB, a look.Appearance, scale float32) {
	t.Helper()
	app := test.NewApp()
	app.Settings().SetTheme(look.New(look.Config{Appearance: a, TextScale: scale}))
	t.Cleanup(func() { test.NewApp() })
}

// rows are the states a list can show, one of each.
var sampleRows = []CodeRowState{
	{Issuer: "B3Networks", Name: "maria@shop.example", Code: "492039", Seconds: 21, Period: 30, Favourite: true},
	{Issuer: "Yeastar P-Series", Name: "superadmin", Code: "770182", Next: "301556", Seconds: 8, Period: 30, Shared: 4},
	{Issuer: "GitHub", Name: "maria", Code: "118604", Seconds: 3, Period: 30, Next: "900417", Notice: "Copied, clears in 30 s"},
	{Issuer: "Steam", Name: "maria_plays", Code: "R7KWB", Seconds: 14, Period: 30},
	{Issuer: "Grandstream UCM", Name: "admin", Hidden: true, Code: "664120", Seconds: 21, Period: 30},
	{Issuer: "Old VPN", Name: "m.keller", Kind: RowCounter, Code: "55120934"},
	{Issuer: "Tax office", Name: "12/345/67890", Kind: RowManual, Note: "The code comes by e-mail"},
	{Issuer: "Intranet", Name: "mkeller", Kind: RowBroken, Note: "This entry cannot be read"},
	{Issuer: "Ελληνική Τράπεζα", Name: "Ирина", Code: "0482910", Seconds: 27, Period: 60, Fresh: true},
	{Name: "just-a-name@very-long-domain-of-a-customer.example", Code: "1234567890", Seconds: 27, Period: 30},
	{Issuer: "An issuer with a name that does not fit on any line at all", Name: "x", Code: "123456789", Seconds: 2, Period: 30, Favourite: true, Shared: 12},
}

func sampleList() *RowList {
	l := NewRowList(func() int { return len(sampleRows) }, func(i int) CodeRowState { return sampleRows[i] })
	return l
}

func sampleScreen() fyne.CanvasObject {
	chips := NewChips(nil)
	chips.Set([]Chip{{ID: "", Label: "All"}, {ID: "fav", Label: "Favourites", Icon: look.IconStar}, {ID: "manual", Label: "Manual"}, {ID: "work", Label: "work"}, {ID: "shop", Label: "shop"}}, "")
	search := NewSearchEntry("Search", nil)
	add := NewButton(Primary, "", look.IconAdd, nil)
	top := container.NewBorder(nil, nil, nil, add, search)
	head := NewPadded(look.Space3, look.Space2, NewColumn(look.Space2, top, chips))
	return container.NewBorder(head, nil, nil, nil, sampleList())
}

func sampleParts() fyne.CanvasObject {
	off := NewButton(Primary, "Disabled", "", nil)
	off.Disable()
	info := NewBanner()
	info.Set(Warning, "The keyring does not answer", "Your codes are safe. Unlock the keyring of your desktop, or use your passphrase instead.",
		Action{Label: "Try again"}, Action{Label: "Use the passphrase"})
	bad := NewBanner()
	bad.OnDismissed = func() {}
	bad.Set(Trouble, "", "No QR code on screen 1. Make the code larger, then scan again.")
	good := NewBanner()
	good.Set(Good, "Saved", "The portal accepted the code.")
	note := NewBanner()
	note.Set(Info, "", "This account uses 8 digits.")
	key := NewKeyEntry("The key the portal shows")
	key.Check = func(string) string { return "A key has only letters and the digits 2 to 7." }
	key.SetText("JBSW Y3DP 1HPK")
	pass := NewPassphraseEntry("Passphrase")
	pass.field.SetText("correct horse")
	toast := NewToast()
	toast.Say("Account moved to the trash", Action{Label: "Undo"})
	hold := NewHoldButton("Hold to show the key", 10, nil)
	hold.begin()
	for range 4 {
		hold.Step()
	}
	big := NewBigCode()
	big.Set(BigCodeState{Code: "492039", Next: "118604", Seconds: 9, Period: 30})
	card := NewChoiceCard(look.IconScan, "Scan my screen", "The portal shows a QR code on this computer", nil)
	card.SetRecommended(true)
	return NewPadded(look.Space4, look.Space4, NewColumn(look.Space3,
		NewText(Title, "Prove it"),
		NewText(Body, "Type this into B3Networks. The window stays open until the portal accepted the code or you come back."),
		big,
		NewFlow(look.Space2, NewButton(Primary, "Copy", look.IconCopy, nil), NewButton(Secondary, "Open portal", look.IconOpen, nil),
			NewButton(Quiet, "Skip", "", nil), NewButton(Danger, "Delete", look.IconDelete, nil), off, NewIconButton(look.IconMore, "More", nil)),
		info, bad, good, note,
		card,
		NewChoiceCard(look.IconPicture, "Open or drop a picture", "A screenshot or a photo of the code", nil),
		NewFormField("Key", key, ""),
		NewFormField("Passphrase", pass, ""),
		NewFormField("Algorithm", func() fyne.CanvasObject {
			s := NewSelect([]string{"SHA1", "SHA256"}, nil)
			s.SetSelected("SHA1")
			return s
		}(), ""),
		NewCheck("Hide codes until they are clicked", true, nil),
		NewFormField("Name", NewEntry("maria@shop.example"), "What you sign in with"),
		hold, toast,
	))
}

func sampleDetails() fyne.CanvasObject {
	q := NewQRImage(148)
	q.SetModules(checker(29))
	cut := NewCutout(72)
	img := image.NewNRGBA(image.Rect(0, 0, 60, 40))
	for i := range img.Pix {
		img.Pix[i] = uint8(i * 7)
	}
	cut.Set(img)
	return NewPadded(look.Space4, look.Space4, NewColumn(look.Space4,
		NewSection("Account",
			NewField("Issuer", "B3Networks", nil),
			NewField("Name", "maria@shop.example", func() {}),
			NewField("Address", "portal.b3networks.example/sign-in", func() {}).SetMono(),
		),
		container.NewHBox(q, cut),
		NewShortcutTable(
			ShortcutGroup{Title: "List", Shortcuts: []Shortcut{
				{Keys: []string{"Enter"}, Does: "Copy the code"},
				{Keys: []string{"↑", "↓"}, Does: "Move"},
			}},
			ShortcutGroup{Title: "Window", Shortcuts: []Shortcut{
				{Keys: []string{"Ctrl", "N"}, Does: "Add an account"},
				{Keys: []string{"Ctrl", "Shift", "S"}, Does: "Scan the screen"},
			}},
		),
	))
}

// sampleStates shows what has the keyboard, what is pressed, hovered and chosen.
func sampleStates() fyne.CanvasObject {
	focus := func(p *pressable) { p.focused = true }
	row := func(i int, f func(*CodeRowState)) fyne.CanvasObject {
		r, s := NewCodeRow(), sampleRows[i]
		f(&s)
		r.Set(s)
		return r
	}
	hovered := NewCodeRow()
	hovered.Set(sampleRows[2])
	hovered.hovered = true
	buttons := NewFlow(look.Space3)
	for _, k := range []ButtonKind{Primary, Secondary, Quiet, Danger} {
		b := NewButton(k, "Focus", look.IconCheck, nil)
		focus(&b.pressable)
		buttons.Add(b)
	}
	for _, k := range []ButtonKind{Primary, Secondary, Quiet} {
		b := NewButton(k, "Hover", "", nil)
		b.hovered = true
		buttons.Add(b)
	}
	card := NewChoiceCard(look.IconKey, "Type the key", "The letters next to the QR code", nil)
	focus(&card.pressable)
	found := NewChoiceCard(look.IconQR, "B3Networks", "maria@shop.example, on screen 1", nil)
	found.SetPicture(image.NewGray(image.Rect(0, 0, 80, 60)))
	off := NewChoiceCard(look.IconShare, "Join a shared vault", "Not yet", nil)
	off.Disable()
	chips := NewChips(nil)
	chips.Set([]Chip{{ID: "", Label: "All"}, {ID: "fav", Label: "Favourites", Icon: look.IconStar}}, "fav")
	focus(&chips.cells[1].pressable)
	chips.cells[1].Refresh()
	return container.New(&column{gap: 0},
		row(0, func(s *CodeRowState) { s.Focused = true }),
		row(1, func(s *CodeRowState) { s.Selected = true }),
		row(3, func(s *CodeRowState) { s.Selected, s.Focused = true, true }),
		hovered,
		NewPadded(look.Space4, look.Space3, NewColumn(look.Space3, chips, buttons, card, found, off)),
	)
}

func checker(n int) [][]bool {
	m := make([][]bool, n)
	for y := range m {
		m[y] = make([]bool, n)
		for x := range m[y] {
			m[y][x] = (x*y+x/3+y/2)%3 == 0
		}
	}
	return m
}

// shoot renders o in a window of that size.
func shoot(t *testing.T, o fyne.CanvasObject, w, h float32) image.Image {
	t.Helper()
	win := test.NewTempWindow(t, o)
	win.SetPadded(false)
	win.Resize(fyne.NewSize(w, h))
	return win.Canvas().Capture()
}

// The pictures that define the look. They hold nothing that is not bundled, so every machine draws
// the same.
func TestPictures(t *testing.T) {
	for _, c := range []struct {
		name  string
		look  look.Appearance
		scale float32
		make  func() fyne.CanvasObject
		w, h  float32
	}{
		{"list_light", look.Light, 1, sampleScreen, 420, 680},
		{"list_dark", look.Dark, 1, sampleScreen, 420, 680},
		{"list_large", look.Dark, 2, sampleScreen, 340, 900},
		{"parts_light", look.Light, 1, sampleParts, 420, 1320},
		{"states_dark", look.Dark, 1, sampleStates, 420, 780},
		{"details_light", look.Light, 1, sampleDetails, 420, 600},
	} {
		t.Run(c.name, func(t *testing.T) {
			useLook(t, c.look, c.scale)
			test.AssertImageMatches(t, "pictures/"+c.name+".png", shoot(t, c.make(), c.w, c.h))
		})
	}
}

// Large text in the narrowest window: nothing is cut off or shortened, except names on rows.
func TestNothingIsClipped(t *testing.T) {
	for _, scale := range []float32{1, 1.5, 2} {
		for _, width := range []float32{340, 420} {
			for name, make := range map[string]func() fyne.CanvasObject{"parts": sampleParts, "details": sampleDetails, "states": sampleStates} {
				useLook(t, look.Light, scale)
				o := make()
				win := inWindow(t, o, width, 3200)
				if w := o.MinSize().Width; w > width {
					t.Errorf("%s at %v needs %v px of %v", name, scale, w, width)
				}
				var walk func(o fyne.CanvasObject, x float32)
				walk = func(o fyne.CanvasObject, x float32) {
					if !o.Visible() {
						return
					}
					x += o.Position().X
					switch o := o.(type) {
					case *CodeRow, *fynewidget.Entry, *Entry:
						return // rows have a test of their own, fields scroll
					case *fyne.Container:
						for _, c := range o.Objects {
							walk(c, x)
						}
					case fyne.Widget:
						for _, c := range test.WidgetRenderer(o).Objects() {
							walk(c, x)
						}
					case *canvas.Text:
						w := o.MinSize().Width
						switch o.Alignment {
						case fyne.TextAlignCenter:
							x += (o.Size().Width - w) / 2
						case fyne.TextAlignTrailing:
							x += o.Size().Width - w
						}
						if strings.Contains(o.Text, ellipsis) || x < 0 || x+w > width {
							t.Errorf("%s at %v in %v px: %q from %v to %v", name, scale, width, o.Text, x, x+w)
						}
					}
				}
				walk(win.Content(), 0)
			}
		}
	}
}
