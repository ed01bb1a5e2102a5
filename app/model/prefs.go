package model

import "math"

// SettingsStore keeps harmless interface state: plain JSON under the data
// directory, written atomically, with nothing secret in it. Load and Save are never
// called at the same time.
type SettingsStore interface {
	Load() (Prefs, error)
	Save(Prefs) error
}

// Prefs is what is kept. The zero value is not the default: DefaultPrefs.
type Prefs struct {
	Theme                     string  // "system", "light", "dark"
	TextScale                 float32 // 1.0 – 2.0
	HideCodes                 bool    // codes are shown only after a click
	AutoLockMinutes           int     // 0 = never
	LockOnSleep               bool    // also when the session of the computer is locked
	ClearSeconds              int     // until a copied code is taken off the clipboard
	Sort                      Sort
	CloseToTray               bool
	WindowWidth, WindowHeight float32 // in Fyne's units; 0 = never set
	BackupAskAfter            int64   // seconds since 1970: until then a missing backup is not spoken of
}

// Bounds of Prefs.
const (
	MinClearSeconds    = 5
	MaxClearSeconds    = 300
	MaxAutoLockMinutes = 24 * 60
	MaxTextScale       = 2
	maxWindow          = 20000
)

// DefaultPrefs is what somebody who never opened the settings has.
func DefaultPrefs() Prefs {
	return Prefs{
		Theme: "system", TextScale: 1, AutoLockMinutes: 10, LockOnSleep: true, ClearSeconds: 30, Sort: ByName,
	}
}

// Clamped returns p with every value inside its bounds; what cannot be clamped
// becomes its default.
func (p Prefs) Clamped() Prefs {
	d := DefaultPrefs()
	switch p.Theme {
	case "system", "light", "dark":
	default:
		p.Theme = d.Theme
	}
	switch p.Sort {
	case ByName, ByUsed, ByOwn:
	default:
		p.Sort = d.Sort
	}
	p.TextScale = clampFloat(p.TextScale, 1, MaxTextScale)
	p.WindowWidth = clampFloat(p.WindowWidth, 0, maxWindow)
	p.WindowHeight = clampFloat(p.WindowHeight, 0, maxWindow)
	p.AutoLockMinutes = min(max(p.AutoLockMinutes, 0), MaxAutoLockMinutes)
	p.ClearSeconds = min(max(p.ClearSeconds, MinClearSeconds), MaxClearSeconds)
	return p
}

func clampFloat(v, low, high float32) float32 {
	if math.IsNaN(float64(v)) {
		return low
	}
	return min(max(v, low), high)
}
