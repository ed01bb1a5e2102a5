package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Colour names of our own, beside the ones of fyne.io/fyne/v2/theme. They are asked for with
// [Color] or with the theme's Color method.
const (
	// ColorInk is the main text: issuer names, codes. The same as theme.ColorNameForeground.
	ColorInk = theme.ColorNameForeground
	// ColorMuted is secondary text: account names, captions, the next code.
	ColorMuted fyne.ThemeColorName = "tallystick.muted"
	// ColorSurface is what lies on the background: cards, fields, banners without a mood, the detail pane.
	ColorSurface fyne.ThemeColorName = "tallystick.surface"
	// ColorSunken is a quiet inset on a surface: key caps, the frame of a cut-out, a masked code.
	ColorSunken fyne.ThemeColorName = "tallystick.sunken"
	// ColorOutline is the line around buttons, cards and fields (3 : 1 against what it lies on).
	ColorOutline fyne.ThemeColorName = "tallystick.outline"
	// ColorHairline divides rows. Decoration only.
	ColorHairline fyne.ThemeColorName = "tallystick.hairline"
	// ColorAccent is the one accent: what can be pressed, links, the chosen filter.
	ColorAccent = theme.ColorNamePrimary
	// ColorAccentSoft is a wash of the accent: the chosen filter, the chosen row.
	ColorAccentSoft fyne.ThemeColorName = "tallystick.accentSoft"
	// ColorOnAccentSoft is text on ColorAccentSoft.
	ColorOnAccentSoft fyne.ThemeColorName = "tallystick.onAccentSoft"
	// ColorFocusRing is the two pixel line around what has the keyboard (3 : 1 on every ground).
	ColorFocusRing fyne.ThemeColorName = "tallystick.focusRing"
	// ColorWood is the wood of the mark: rings, stars, the drawn stick. For shapes, not for text.
	ColorWood fyne.ThemeColorName = "tallystick.wood"
	// ColorWoodSoft is the ground a wooden shape is drawn on: the track of a ring, a fresh row.
	ColorWoodSoft fyne.ThemeColorName = "tallystick.woodSoft"
	// ColorLow is the ring in a code's last seconds.
	ColorLow fyne.ThemeColorName = "tallystick.low"

	// The four moods of banners and notices: the ground and the text on it.
	ColorInfoSoft      fyne.ThemeColorName = "tallystick.infoSoft"
	ColorOnInfoSoft    fyne.ThemeColorName = "tallystick.onInfoSoft"
	ColorSuccessSoft   fyne.ThemeColorName = "tallystick.successSoft"
	ColorOnSuccessSoft fyne.ThemeColorName = "tallystick.onSuccessSoft"
	ColorWarningSoft   fyne.ThemeColorName = "tallystick.warningSoft"
	ColorOnWarningSoft fyne.ThemeColorName = "tallystick.onWarningSoft"
	ColorErrorSoft     fyne.ThemeColorName = "tallystick.errorSoft"
	ColorOnErrorSoft   fyne.ThemeColorName = "tallystick.onErrorSoft"

	// ColorToast and ColorOnToast are the small dark slip that reports what succeeded.
	ColorToast   fyne.ThemeColorName = "tallystick.toast"
	ColorOnToast fyne.ThemeColorName = "tallystick.onToast"
	// ColorToastAction is the word to press on a toast.
	ColorToastAction fyne.ThemeColorName = "tallystick.toastAction"
	// ColorToastHover lies under that word while the pointer is on it.
	ColorToastHover fyne.ThemeColorName = "tallystick.toastHover"
)

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xff}
}

func rgba(v uint32, a uint8) color.NRGBA {
	c := rgb(v)
	c.A = a
	return c
}

// palette is one variant: every colour the theme answers with.
type palette map[fyne.ThemeColorName]color.NRGBA

// Light is birch and iron-gall ink; dark is ink and birch. The neutrals come from the two, the
// accent is the blue that fresh ink has, and wood itself is kept for shapes.
var light = palette{
	theme.ColorNameBackground:                rgb(0xf5f2ec),
	theme.ColorNameForeground:                rgb(0x1b2030),
	theme.ColorNamePrimary:                   rgb(0x2f4da0),
	theme.ColorNameForegroundOnPrimary:       rgb(0xffffff),
	theme.ColorNameHyperlink:                 rgb(0x2f4da0),
	theme.ColorNameFocus:                     rgba(0x2f4da0, 0x2e),
	theme.ColorNameSelection:                 rgba(0x2f4da0, 0x33),
	theme.ColorNameHover:                     rgba(0x1b2030, 0x0d),
	theme.ColorNamePressed:                   rgba(0x1b2030, 0x1f),
	theme.ColorNameButton:                    rgb(0xffffff),
	theme.ColorNameDisabledButton:            rgb(0xebe7df),
	theme.ColorNameDisabled:                  rgb(0x63656e),
	theme.ColorNamePlaceHolder:               rgb(0x676a76),
	theme.ColorNameInputBackground:           rgb(0xffffff),
	theme.ColorNameInputBorder:               rgb(0x8d8579),
	theme.ColorNameMenuBackground:            rgb(0xffffff),
	theme.ColorNameOverlayBackground:         rgb(0xfcfbf8),
	theme.ColorNameHeaderBackground:          rgb(0xefebe3),
	theme.ColorNameSeparator:                 rgb(0xe2dcd0),
	theme.ColorNameScrollBar:                 rgba(0x1b2030, 0x66),
	theme.ColorNameScrollBarBackground:       rgba(0x1b2030, 0x0a),
	theme.ColorNameShadow:                    rgba(0x1b2030, 0x24),
	theme.ColorNameInnerWindowBorder:         rgb(0xe2dcd0),
	theme.ColorNameInnerWindowBorderInactive: rgb(0xebe7df),
	theme.ColorNameSuccess:                   rgb(0x1f6b45),
	theme.ColorNameForegroundOnSuccess:       rgb(0xffffff),
	theme.ColorNameWarning:                   rgb(0x8a5300),
	theme.ColorNameForegroundOnWarning:       rgb(0xffffff),
	theme.ColorNameError:                     rgb(0xb3261e),
	theme.ColorNameForegroundOnError:         rgb(0xffffff),

	ColorMuted:         rgb(0x5a5e6c),
	ColorSurface:       rgb(0xffffff),
	ColorSunken:        rgb(0xefebe3),
	ColorOutline:       rgb(0x8d8579),
	ColorHairline:      rgb(0xe2dcd0),
	ColorAccentSoft:    rgb(0xdfe5f6),
	ColorOnAccentSoft:  rgb(0x23397a),
	ColorFocusRing:     rgb(0x2f4da0),
	ColorWood:          rgb(0xa8672a),
	ColorWoodSoft:      rgb(0xf0e3d0),
	ColorLow:           rgb(0xb3261e),
	ColorInfoSoft:      rgb(0xe3e9f7),
	ColorOnInfoSoft:    rgb(0x1f3268),
	ColorSuccessSoft:   rgb(0xdcefe3),
	ColorOnSuccessSoft: rgb(0x14492f),
	ColorWarningSoft:   rgb(0xfbead0),
	ColorOnWarningSoft: rgb(0x5f3900),
	ColorErrorSoft:     rgb(0xfae0dd),
	ColorOnErrorSoft:   rgb(0x7d1811),
	ColorToast:         rgb(0x262b3b),
	ColorOnToast:       rgb(0xf5f2ec),
	ColorToastAction:   rgb(0xe6b878),
	ColorToastHover:    rgb(0x3a4052),
}

var dark = palette{
	theme.ColorNameBackground:                rgb(0x14161d),
	theme.ColorNameForeground:                rgb(0xede8de),
	theme.ColorNamePrimary:                   rgb(0x9db4ff),
	theme.ColorNameForegroundOnPrimary:       rgb(0x121833),
	theme.ColorNameHyperlink:                 rgb(0x9db4ff),
	theme.ColorNameFocus:                     rgba(0x9db4ff, 0x38),
	theme.ColorNameSelection:                 rgba(0x9db4ff, 0x40),
	theme.ColorNameHover:                     rgba(0xede8de, 0x10),
	theme.ColorNamePressed:                   rgba(0xede8de, 0x24),
	theme.ColorNameButton:                    rgb(0x262a36),
	theme.ColorNameDisabledButton:            rgb(0x20232c),
	theme.ColorNameDisabled:                  rgb(0x8f909a),
	theme.ColorNamePlaceHolder:               rgb(0x9b9ca6),
	theme.ColorNameInputBackground:           rgb(0x1d2029),
	theme.ColorNameInputBorder:               rgb(0x6b7080),
	theme.ColorNameMenuBackground:            rgb(0x242833),
	theme.ColorNameOverlayBackground:         rgb(0x1d2029),
	theme.ColorNameHeaderBackground:          rgb(0x1d2029),
	theme.ColorNameSeparator:                 rgb(0x2b2f3b),
	theme.ColorNameScrollBar:                 rgba(0xede8de, 0x66),
	theme.ColorNameScrollBarBackground:       rgba(0xede8de, 0x0a),
	theme.ColorNameShadow:                    rgba(0x000000, 0x66),
	theme.ColorNameInnerWindowBorder:         rgb(0x2b2f3b),
	theme.ColorNameInnerWindowBorderInactive: rgb(0x20232c),
	theme.ColorNameSuccess:                   rgb(0x86d3a6),
	theme.ColorNameForegroundOnSuccess:       rgb(0x0c2a1a),
	theme.ColorNameWarning:                   rgb(0xf0bf6c),
	theme.ColorNameForegroundOnWarning:       rgb(0x2e1d00),
	theme.ColorNameError:                     rgb(0xff9e94),
	theme.ColorNameForegroundOnError:         rgb(0x3d0905),

	ColorMuted:         rgb(0xadacb0),
	ColorSurface:       rgb(0x1d2029),
	ColorSunken:        rgb(0x272b36),
	ColorOutline:       rgb(0x6b7080),
	ColorHairline:      rgb(0x2b2f3b),
	ColorAccentSoft:    rgb(0x2a3350),
	ColorOnAccentSoft:  rgb(0xc9d5ff),
	ColorFocusRing:     rgb(0x9db4ff),
	ColorWood:          rgb(0xd9a05b),
	ColorWoodSoft:      rgb(0x352c22),
	ColorLow:           rgb(0xff8a7d),
	ColorInfoSoft:      rgb(0x232b44),
	ColorOnInfoSoft:    rgb(0xcbd6fb),
	ColorSuccessSoft:   rgb(0x1b3327),
	ColorOnSuccessSoft: rgb(0xb5e6c8),
	ColorWarningSoft:   rgb(0x3a2d18),
	ColorOnWarningSoft: rgb(0xf6d9a4),
	ColorErrorSoft:     rgb(0x43211f),
	ColorOnErrorSoft:   rgb(0xffc9c3),
	ColorToast:         rgb(0xede8de),
	ColorOnToast:       rgb(0x1b2030),
	ColorToastAction:   rgb(0x7b4713),
	ColorToastHover:    rgb(0xdcd5c6),
}
