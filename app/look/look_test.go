package look

import (
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"github.com/tallystick/tallystick/assets"
)

// luminance and contrast are those of WCAG 2.2, section "relative luminance".
func luminance(c color.NRGBA) float64 {
	lin := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(c.R) + 0.7152*lin(c.G) + 0.0722*lin(c.B)
}

func contrast(a, b color.NRGBA) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// over lays c, which may be translucent, over an opaque ground.
func over(c, ground color.NRGBA) color.NRGBA {
	mix := func(a, b uint8) uint8 {
		return uint8(math.Round((float64(a)*float64(c.A) + float64(b)*float64(255-c.A)) / 255))
	}
	return color.NRGBA{R: mix(c.R, ground.R), G: mix(c.G, ground.G), B: mix(c.B, ground.B), A: 255}
}

func TestContrastFormula(t *testing.T) {
	if got := contrast(rgb(0xffffff), rgb(0x000000)); math.Abs(got-21) > 0.001 {
		t.Errorf("white on black is %v, want 21", got)
	}
	if got := contrast(rgb(0x777777), rgb(0xffffff)); math.Abs(got-4.48) > 0.01 {
		t.Errorf("#777 on white is %v, want 4.48", got)
	}
}

// Every text on every ground it can stand on, hovered and pressed too.
func TestTextContrast(t *testing.T) {
	grounds := []fyne.ThemeColorName{
		theme.ColorNameBackground, ColorSurface, ColorSunken, theme.ColorNameButton, theme.ColorNameInputBackground,
		theme.ColorNameMenuBackground, theme.ColorNameOverlayBackground, theme.ColorNameHeaderBackground,
		ColorAccentSoft, ColorWoodSoft,
	}
	plain := []fyne.ThemeColorName{ColorInk, ColorMuted}
	type pair struct{ text, ground fyne.ThemeColorName }
	var pairs []pair
	for _, g := range grounds {
		for _, c := range plain {
			pairs = append(pairs, pair{c, g})
		}
	}
	for _, g := range []fyne.ThemeColorName{theme.ColorNameBackground, ColorSurface, theme.ColorNameOverlayBackground, ColorAccentSoft, ColorWoodSoft} {
		pairs = append(pairs,
			pair{theme.ColorNameError, g}, pair{theme.ColorNameSuccess, g}, pair{theme.ColorNameWarning, g},
			pair{theme.ColorNamePrimary, g}, pair{theme.ColorNameHyperlink, g})
	}
	pairs = append(pairs,
		pair{theme.ColorNameSuccess, ColorSunken},
		pair{theme.ColorNamePlaceHolder, theme.ColorNameInputBackground},
		pair{theme.ColorNameDisabled, theme.ColorNameBackground},
		pair{theme.ColorNameDisabled, ColorSurface},
		pair{theme.ColorNameDisabled, theme.ColorNameDisabledButton},
		pair{theme.ColorNameForegroundOnPrimary, theme.ColorNamePrimary},
		pair{theme.ColorNameForegroundOnError, theme.ColorNameError},
		pair{theme.ColorNameForegroundOnSuccess, theme.ColorNameSuccess},
		pair{theme.ColorNameForegroundOnWarning, theme.ColorNameWarning},
		pair{ColorOnAccentSoft, ColorAccentSoft},
		pair{ColorOnInfoSoft, ColorInfoSoft}, pair{ColorOnSuccessSoft, ColorSuccessSoft},
		pair{ColorOnWarningSoft, ColorWarningSoft}, pair{ColorOnErrorSoft, ColorErrorSoft},
		pair{ColorOnToast, ColorToast}, pair{ColorToastAction, ColorToast}, pair{ColorToastAction, ColorToastHover},
	)
	for name, p := range map[string]palette{"light": light, "dark": dark} {
		for _, c := range pairs {
			ground := p[c.ground]
			for how, veil := range map[string]color.NRGBA{
				"": {}, " hovered": p[theme.ColorNameHover], " pressed": p[theme.ColorNamePressed],
			} {
				if how != "" && (c.text == theme.ColorNameDisabled || c.text == theme.ColorNamePlaceHolder) {
					continue // these are neither hovered nor pressed
				}
				if how == " pressed" && c.text != ColorInk && c.text != theme.ColorNameForegroundOnPrimary && c.text != theme.ColorNameForegroundOnError {
					continue // only buttons and cards darken while pressed
				}
				if got := contrast(p[c.text], over(veil, ground)); got < 4.5 {
					t.Errorf("%s: %s on %s%s has contrast %.2f, want 4.5", name, c.text, c.ground, how, got)
				}
			}
		}
	}
}

// Shapes that carry meaning need 3 : 1 (WCAG 1.4.11).
func TestShapeContrast(t *testing.T) {
	type pair struct{ shape, ground fyne.ThemeColorName }
	var pairs []pair
	for _, g := range []fyne.ThemeColorName{theme.ColorNameBackground, ColorSurface, ColorSunken, ColorAccentSoft, ColorWoodSoft} {
		pairs = append(pairs, pair{ColorWood, g}, pair{ColorLow, g}, pair{ColorFocusRing, g})
	}
	pairs = append(pairs, pair{ColorOutline, theme.ColorNameBackground}, pair{ColorOutline, ColorSurface},
		pair{theme.ColorNameInputBorder, theme.ColorNameInputBackground}, pair{theme.ColorNameInputBorder, theme.ColorNameBackground})
	for name, p := range map[string]palette{"light": light, "dark": dark} {
		for _, c := range pairs {
			if got := contrast(p[c.shape], p[c.ground]); got < 3 {
				t.Errorf("%s: %s on %s has contrast %.2f, want 3", name, c.shape, c.ground, got)
			}
		}
	}
}

func TestMarkContrast(t *testing.T) {
	for _, c := range markFills {
		if got := contrast(c, markInk); got < 4.5 {
			t.Errorf("letters on %v have contrast %.2f, want 4.5", c, got)
		}
	}
}

// Both variants answer every name, ours and the toolkit's, or a screen has holes.
func TestVariantsAnswerTheSameNames(t *testing.T) {
	for n := range light {
		if _, ok := dark[n]; !ok {
			t.Errorf("dark lacks %s", n)
		}
	}
	for n := range dark {
		if _, ok := light[n]; !ok {
			t.Errorf("light lacks %s", n)
		}
	}
	for _, n := range []fyne.ThemeColorName{
		theme.ColorNameBackground, theme.ColorNameButton, theme.ColorNameDisabled, theme.ColorNameDisabledButton,
		theme.ColorNameError, theme.ColorNameFocus, theme.ColorNameForeground, theme.ColorNameForegroundOnError,
		theme.ColorNameForegroundOnPrimary, theme.ColorNameForegroundOnSuccess, theme.ColorNameForegroundOnWarning,
		theme.ColorNameHeaderBackground, theme.ColorNameHover, theme.ColorNameHyperlink, theme.ColorNameInnerWindowBorder,
		theme.ColorNameInnerWindowBorderInactive, theme.ColorNameInputBackground, theme.ColorNameInputBorder,
		theme.ColorNameMenuBackground, theme.ColorNameOverlayBackground, theme.ColorNamePlaceHolder, theme.ColorNamePressed,
		theme.ColorNamePrimary, theme.ColorNameScrollBar, theme.ColorNameScrollBarBackground, theme.ColorNameSelection,
		theme.ColorNameSeparator, theme.ColorNameShadow, theme.ColorNameSuccess, theme.ColorNameWarning,
	} {
		if _, ok := light[n]; !ok {
			t.Errorf("no colour for %s", n)
		}
	}
}

func TestAppearance(t *testing.T) {
	for _, c := range []struct {
		a       Appearance
		variant fyne.ThemeVariant
		want    palette
	}{
		{System, theme.VariantLight, light}, {System, theme.VariantDark, dark},
		{Light, theme.VariantDark, light}, {Dark, theme.VariantLight, dark},
	} {
		if got := New(Config{Appearance: c.a}).Color(theme.ColorNameBackground, c.variant); got != c.want[theme.ColorNameBackground] {
			t.Errorf("appearance %d under variant %d: %v", c.a, c.variant, got)
		}
	}
	if ParseAppearance("light") != Light || ParseAppearance("dark") != Dark || ParseAppearance("system") != System || ParseAppearance("") != System {
		t.Error("the words of the settings are read wrongly")
	}
	if New(Config{}).Color("no such colour", theme.VariantLight) != color.Transparent {
		t.Error("an unknown colour should be transparent")
	}
}

func TestTextScale(t *testing.T) {
	for _, c := range []struct{ set, want float32 }{{0, 1}, {1, 1}, {1.5, 1.5}, {2, 2}, {9, 2}, {-1, 1}} {
		th := New(Config{TextScale: c.set})
		if th.TextScale() != c.want {
			t.Errorf("scale %v became %v, want %v", c.set, th.TextScale(), c.want)
		}
		for _, n := range []fyne.ThemeSizeName{SizeBody, SizeCaption, SizeCode, SizeCodeBig, SizeTitle, SizeMark, SizeRing, SizeIcon, theme.SizeNameHeadingText} {
			base := New(Config{}).Size(n)
			if got := th.Size(n); math.Abs(float64(got-base*c.want)) > 0.5 {
				t.Errorf("at %v, %s is %v, want %v", c.set, n, got, base*c.want)
			}
		}
		if th.Size(theme.SizeNamePadding) != 4 || th.Size(theme.SizeNameInnerPadding) != 8 {
			t.Errorf("spacing grew with the text at %v", c.set)
		}
	}
}

func TestGrid(t *testing.T) {
	for _, s := range []float32{Space1, Space2, Space3, Space4, Space5, Space6, Space8, Space12, Radius, Hit} {
		if math.Mod(float64(s), 4) != 0 {
			t.Errorf("%v is not on the 4 px grid", s)
		}
	}
	th := New(Config{})
	for _, n := range []fyne.ThemeSizeName{theme.SizeNameInputRadius, theme.SizeNameButtonRadius, theme.SizeNameSelectionRadius, theme.SizeNameCardRadius, theme.SizeNameMenuRadius} {
		if th.Size(n) != Radius {
			t.Errorf("%s is %v, want %v", n, th.Size(n), Radius)
		}
	}
	if th.Size(SizeMark) != 40 {
		t.Errorf("marks are %v, want 40", th.Size(SizeMark))
	}
}

func TestFonts(t *testing.T) {
	th := New(Config{})
	for _, c := range []struct {
		style fyne.TextStyle
		want  []byte
	}{
		{fyne.TextStyle{}, assets.FontRegular()}, {CodeStyle, assets.FontSemiBold()}, {MonoStyle, assets.FontMono()},
		{fyne.TextStyle{Italic: true}, assets.FontRegular()}, {fyne.TextStyle{Bold: true, Italic: true}, assets.FontSemiBold()},
	} {
		if got := th.Font(c.style).Content(); &got[0] != &c.want[0] {
			t.Errorf("style %+v has the wrong font", c.style)
		}
	}
	if th.Font(fyne.TextStyle{Symbol: true}) == nil {
		t.Error("no font for symbols")
	}
}

func TestEveryIconIsThereAndTakesItsColour(t *testing.T) {
	test.NewApp().Settings().SetTheme(New(Config{Appearance: Light}))
	defer test.NewApp()
	for own := range map[IconName]bool{
		IconAdd: true, IconAccount: true, IconBack: true, IconCheck: true, IconChevron: true, IconClear: true,
		IconClipboard: true, IconClock: true, IconCopy: true, IconDelete: true, IconDown: true, IconDuplicate: true,
		IconEdit: true, IconError: true, IconExport: true, IconEye: true, IconEyeOff: true, IconFile: true, IconFolder: true,
		IconHelp: true, IconHistory: true, IconInfo: true, IconKey: true, IconKeyboard: true, IconLock: true, IconMail: true,
		IconMore: true, IconMoveIn: true, IconNext: true, IconNote: true, IconOpen: true,
		IconPicture: true, IconQR: true, IconRecovery: true, IconRestore: true, IconScan: true, IconSearch: true,
		IconSettings: true, IconShare: true, IconSort: true, IconStar: true, IconStarFilled: true, IconSuccess: true,
		IconTag: true, IconUnlock: true, IconUp: true, IconWarning: true,
	} {
		plain, colored := Icon(own), ColoredIcon(own, ColorWood)
		if plain.Name() == colored.Name() {
			t.Errorf("%s: both colours share the name %s, and with it their place in the cache", own, plain.Name())
		}
		if string(plain.Content()) == string(colored.Content()) {
			t.Errorf("%s: does not take its colour", own)
		}
	}
	for n, own := range fyneIcons {
		if New(Config{}).Icon(n) != Icon(own) {
			t.Errorf("%s is not ours", n)
		}
	}
	if New(Config{}).Icon(theme.IconNameMailSend) == nil {
		t.Error("icons of the toolkit that we have no own for should stay")
	}
	for _, r := range []fyne.Resource{AppIcon(), TrayIcon()} {
		if len(r.Content()) == 0 {
			t.Errorf("%s is empty", r.Name())
		}
	}
}

// Widgets also meet a theme that is not ours, in tests and under overrides; they must not vanish.
func TestForeignThemeFallsBack(t *testing.T) {
	test.NewApp() // the toolkit's test theme
	if Color(nil, ColorMuted) == color.Transparent || Size(nil, SizeCode) == 0 {
		t.Error("our names answer nothing under a foreign theme")
	}
}

func TestGroupCode(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "1": "1", "1234": "1234", "12345": "12345", "492039": "492 039", "0482910": "048 2910",
		"12345678": "1234 5678", "123456789": "123 456 789", "1234567890": "12345 67890",
		"R7KWB": "R7KWB", "abcdefgh": "abcdefgh", "12345a": "12345a", "12345678901": "12345678901",
	} {
		if got := GroupCode(in); got != want {
			t.Errorf("%q is grouped %q, want %q", in, got, want)
		}
	}
}

func TestMarkLetters(t *testing.T) {
	for _, c := range []struct{ issuer, name, want string }{
		{"B3Networks", "", "B3"}, {"Yeastar P-Series", "", "YP"}, {"GitHub", "", "Gi"}, {"github", "", "Gi"},
		{"  Acme  ", "", "Ac"}, {"X", "", "X"}, {"3CX", "", "3C"}, {"", "maria@shop.example", "MS"},
		{"(test) portal", "", "TP"}, {"ß", "", "ß"}, {"Ελληνική Τράπεζα", "", "ΕΤ"}, {"яндекс", "", "Ян"},
		{"楽天銀行", "", "楽"}, {"ボイス電話", "", "ボ"}, {"네이버", "", "네"}, {"Bank 楽天", "", "B"},
		{"🦊 Firefox", "", "🦊"}, {"🔑", "", "🔑"}, {"", "", "?"}, {"---", "", "?"}, {"e\u0301cole", "", "Ec"},
		{"a\x00b", "", "AB"}, {"\xff\xfe", "", "?"},
	} {
		if got := MarkFor(c.issuer, c.name).Letters; got != c.want {
			t.Errorf("%q / %q has letters %q, want %q", c.issuer, c.name, got, c.want)
		}
	}
}

func TestMarkColour(t *testing.T) {
	if MarkFor("GitHub", "a").Fill != MarkFor(" github ", "b").Fill {
		t.Error("case, space and account name should not change the colour of an issuer")
	}
	// These are on people's screens: a change of the hash or the palette's order would recolour them.
	for issuer, want := range map[string]color.NRGBA{"B3Networks": rgb(0xa13a34), "Steam": rgb(0x1d6b6b), "GitHub": rgb(0x9a3560)} {
		if got := MarkFor(issuer, "").Fill; got != want {
			t.Errorf("%s is %v, want %v", issuer, got, want)
		}
	}
	seen := map[color.NRGBA]int{}
	for i := range 1200 {
		seen[MarkFor(string(rune('a'+i%26))+string(rune('a'+i/26)), "").Fill]++
	}
	for _, c := range markFills {
		if seen[c] < 40 {
			t.Errorf("%v is hardly used: %d of 1200", c, seen[c])
		}
	}
}

func FuzzMarkFor(f *testing.F) {
	for _, s := range []string{"B3Networks", "楽天", "🦊 Firefox", "e\u0301", "\xff\xfe", "", "---", "\u200d\u200d"} {
		f.Add(s, "maria")
	}
	f.Fuzz(func(t *testing.T, issuer, name string) {
		m := MarkFor(issuer, name)
		if n := len([]rune(m.Letters)); n < 1 || n > 2 {
			t.Errorf("%q has %d code points: %q", issuer, n, m.Letters)
		}
		if m != MarkFor(issuer, name) {
			t.Error("not stable")
		}
	})
}
