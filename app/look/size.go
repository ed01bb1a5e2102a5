package look

import (
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Spacing in device-independent pixels: everything lies on a 4 px grid. Spacing does not grow
// with the text scale; there is less to lose at the edges than in the middle.
const (
	Space1  float32 = 4
	Space2  float32 = 8
	Space3  float32 = 12
	Space4  float32 = 16
	Space5  float32 = 20
	Space6  float32 = 24
	Space8  float32 = 32
	Space12 float32 = 48

	// Radius rounds every corner.
	Radius float32 = 8
	// FocusWidth is the line around what has the keyboard.
	FocusWidth float32 = 2
	// Hit is the least edge of anything that can be pressed.
	Hit float32 = 32
)

// Window sizes in device-independent pixels (ui.md).
const (
	StartWidth  float32 = 420
	StartHeight float32 = 680
	MinWidth    float32 = 340
	MinHeight   float32 = 420
	TwoPaneFrom float32 = 760
)

// Size names of our own. All of them grow with the text scale.
const (
	SizeCode     fyne.ThemeSizeName = "tallystick.code"         // text: the code on a row
	SizeCodeNext fyne.ThemeSizeName = "tallystick.codeNext"     // text: the next code on a row
	SizeCodeBig  fyne.ThemeSizeName = "tallystick.codeBig"      // text: the code of the detail pane
	SizeTitle    fyne.ThemeSizeName = "tallystick.title"        // text: the head of a screen
	SizeBody                        = theme.SizeNameText        // text: everything else
	SizeCaption                     = theme.SizeNameCaptionText // text: labels, hints
	SizeMark     fyne.ThemeSizeName = "tallystick.mark"         // edge of an issuer mark
	SizeRing     fyne.ThemeSizeName = "tallystick.ring"         // edge of a ring on a row
	SizeIcon                        = theme.SizeNameInlineIcon  // edge of an icon beside text
)

var sizes = map[fyne.ThemeSizeName]float32{
	theme.SizeNamePadding:              4,
	theme.SizeNameInnerPadding:         8,
	theme.SizeNameLineSpacing:          4,
	theme.SizeNameScrollBar:            12,
	theme.SizeNameScrollBarSmall:       4,
	theme.SizeNameScrollBarRadius:      4,
	theme.SizeNameSeparatorThickness:   1,
	theme.SizeNameSplitThickness:       1,
	theme.SizeNameInputBorder:          1,
	theme.SizeNameInputRadius:          Radius,
	theme.SizeNameSelectionRadius:      Radius,
	theme.SizeNameButtonRadius:         Radius,
	theme.SizeNameCardRadius:           Radius,
	theme.SizeNameDialogRadius:         Radius,
	theme.SizeNamePopupRadius:          Radius,
	theme.SizeNameMenuRadius:           Radius,
	theme.SizeNameInnerWindowRadius:    Radius,
	theme.SizeNameModalBlurRadius:      0,
	theme.SizeNameWindowButtonHeight:   16,
	theme.SizeNameWindowButtonRadius:   8,
	theme.SizeNameWindowButtonIcon:     14,
	theme.SizeNameWindowTitleBarHeight: 26,
}

var scaled = map[fyne.ThemeSizeName]float32{
	theme.SizeNameText:           14,
	theme.SizeNameCaptionText:    12,
	theme.SizeNameSubHeadingText: 17,
	theme.SizeNameHeadingText:    22,
	theme.SizeNameInlineIcon:     20,
	SizeTitle:                    22,
	SizeCode:                     27,
	SizeCodeNext:                 15,
	SizeCodeBig:                  52,
	SizeMark:                     40,
	SizeRing:                     20,
}

// Size implements fyne.Theme. Unknown names are 0.
func (t *Theme) Size(n fyne.ThemeSizeName) float32 {
	if s, ok := scaled[n]; ok {
		return float32(math.Round(float64(s * t.cfg.TextScale)))
	}
	if s, ok := sizes[n]; ok {
		return s
	}
	return theme.DefaultTheme().Size(n)
}
