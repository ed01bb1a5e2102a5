// Package look is what Tallystick looks like: one theme with a light and a dark variant, the
// colours, sizes and spacing every screen uses, the icons, the bundled typeface, the colours of
// issuer marks, and how a code is grouped.
//
// Who may import it: app, app/view and app/widget. It imports fyne and assets, nothing else of
// ours.
//
// Concurrency: a Theme is immutable, so it may be read from anywhere; the functions that look at
// the running application ([Color], [Size]) belong to the window's goroutine.
//
// Ownership: resources are shared and read only.
package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"github.com/tallystick/tallystick/assets"
)

// Appearance chooses between light and dark.
type Appearance int

const (
	// System follows what the desktop says.
	System Appearance = iota
	// Light is always light.
	Light
	// Dark is always dark.
	Dark
)

// ParseAppearance reads the words settings use: "light", "dark"; anything else is System.
func ParseAppearance(s string) Appearance {
	switch s {
	case "light":
		return Light
	case "dark":
		return Dark
	}
	return System
}

// The range of Config.TextScale.
const (
	MinTextScale float32 = 1
	MaxTextScale float32 = 2
)

// Config is what a person can set.
type Config struct {
	Appearance Appearance
	// TextScale multiplies every text size and the shapes that belong to text (icons, rings,
	// marks): 1 is 100 %, 2 is 200 %. Values outside 1–2, and the zero value, are clamped.
	TextScale float32
}

// Theme is a fyne.Theme. Make it with New.
type Theme struct {
	cfg Config
}

var _ fyne.Theme = (*Theme)(nil)

// New makes the theme for cfg.
func New(cfg Config) *Theme {
	cfg.TextScale = min(max(cfg.TextScale, MinTextScale), MaxTextScale)
	return &Theme{cfg: cfg}
}

// TextScale is the factor on text sizes, 1–2.
func (t *Theme) TextScale() float32 { return t.cfg.TextScale }

func (t *Theme) dark(v fyne.ThemeVariant) bool {
	switch t.cfg.Appearance {
	case Light:
		return false
	case Dark:
		return true
	}
	return v == theme.VariantDark
}

// Color implements fyne.Theme. A name neither fyne nor this package knows is transparent.
func (t *Theme) Color(n fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	p := light
	if t.dark(v) {
		p = dark
	}
	if c, ok := p[n]; ok {
		return c
	}
	return color.Transparent
}

// Font implements fyne.Theme.
func (t *Theme) Font(s fyne.TextStyle) fyne.Resource {
	switch {
	case s.Symbol:
		return theme.DefaultTheme().Font(s)
	case s.Monospace:
		return fontMono
	case s.Bold:
		return fontBold
	}
	return fontRegular
}

// Icon implements fyne.Theme.
func (t *Theme) Icon(n fyne.ThemeIconName) fyne.Resource {
	if own, ok := fyneIcons[n]; ok {
		return Icon(own)
	}
	return theme.DefaultTheme().Icon(n)
}

var (
	fontRegular = fyne.NewStaticResource("IBMPlexSans-Regular.ttf", assets.FontRegular())
	fontBold    = fyne.NewStaticResource("IBMPlexSans-SemiBold.ttf", assets.FontSemiBold())
	fontMono    = fyne.NewStaticResource("IBMPlexMono-Medium.ttf", assets.FontMono())
)

// current is the theme obj is drawn with, when it is ours.
func current(obj fyne.CanvasObject) (*Theme, fyne.ThemeVariant) {
	v := fyne.CurrentApp().Settings().ThemeVariant()
	if t, ok := theme.CurrentForWidget(obj).(*Theme); ok {
		return t, v
	}
	return fallback, v
}

// fallback serves objects drawn under a foreign theme, which knows none of our names.
var fallback = New(Config{})

// Color looks a colour up for obj: from its theme override, or the application's theme.
func Color(obj fyne.CanvasObject, n fyne.ThemeColorName) color.Color {
	t, v := current(obj)
	return t.Color(n, v)
}

// Size looks a size up for obj, in device-independent pixels.
func Size(obj fyne.CanvasObject, n fyne.ThemeSizeName) float32 {
	t, _ := current(obj)
	return t.Size(n)
}
