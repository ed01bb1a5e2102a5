package model_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/model"
)

func TestSettingsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "settings.json")
	store := model.FileSettings(path)
	p, err := store.Load()
	if err != nil || p != model.DefaultPrefs() {
		t.Fatalf("without a file: %+v, %v", p, err)
	}
	p.Theme, p.TextScale, p.HideCodes, p.AutoLockMinutes, p.LockOnSleep = "dark", 1.5, true, 3, false
	p.ClearSeconds, p.Sort, p.CloseToTray, p.WindowWidth, p.WindowHeight = 45, model.ByOwn, true, 900, 700
	if err := store.Save(p); err != nil {
		t.Fatal(err)
	}
	if got, err := model.FileSettings(path).Load(); err != nil || got != p {
		t.Errorf("read back %+v, %v", got, err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("files left: %v, %v", left, err)
	}
}

func TestSettingsFileKeepsWhatItDoesNotKnow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings.json")
	if err := os.WriteFile(path, []byte(`{"theme":"dark","fromTheFuture":{"a":[1,2]},"clearSeconds":"ten"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	store := model.FileSettings(path)
	p, err := store.Load()
	if err != nil || p.Theme != "dark" || p.ClearSeconds != model.DefaultPrefs().ClearSeconds {
		t.Errorf("%+v, %v", p, err)
	}
	p.Theme = "light"
	if err := store.Save(p); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil || fields["theme"] != "light" || fields["fromTheFuture"] == nil {
		t.Errorf("%s, %v", data, err)
	}
}

func TestDamagedSettingsFile(t *testing.T) {
	for _, content := range []string{"", "{", "[1]", "\x00\x00", strings.Repeat(" ", 2<<20)} {
		path := filepath.Join(t.TempDir(), "settings.json")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		store := model.FileSettings(path)
		p, err := store.Load()
		if !errors.Is(err, model.ErrSettings) || p != model.DefaultPrefs() {
			t.Errorf("%.10q: %+v, %v", content, p, err)
		}
		if aside, err := os.ReadFile(path + ".damaged"); err != nil || string(aside) != content {
			t.Errorf("%.10q: not kept aside: %v", content, err)
		}
		if err := store.Save(p); err != nil {
			t.Errorf("%.10q: %v", content, err)
		}
	}
}

func TestClamped(t *testing.T) {
	nan := float32(math.NaN())
	wild := model.Prefs{Theme: "plaid", TextScale: nan, AutoLockMinutes: -5, ClearSeconds: 0, Sort: "size", WindowWidth: nan, WindowHeight: float32(math.Inf(1))}
	got := wild.Clamped()
	if got.Theme != "system" || got.TextScale != 1 || got.AutoLockMinutes != 0 || got.ClearSeconds != model.MinClearSeconds ||
		got.Sort != model.ByName || got.WindowWidth != 0 || math.IsInf(float64(got.WindowHeight), 0) {
		t.Errorf("%+v", got)
	}
	if got := (model.Prefs{TextScale: 9, AutoLockMinutes: 1 << 30, ClearSeconds: 1 << 30}).Clamped(); got.TextScale != 2 ||
		got.AutoLockMinutes != model.MaxAutoLockMinutes || got.ClearSeconds != model.MaxClearSeconds {
		t.Errorf("%+v", got)
	}
	if d := model.DefaultPrefs(); d != d.Clamped() {
		t.Errorf("the defaults are out of bounds: %+v", d)
	}
}

func TestSettingsAreSavedTogether(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		changes := 0
		set := w.s.Settings()
		set.OnChange(func() { changes++ })
		for i := range 50 { // a window being resized
			p := set.Prefs()
			p.WindowWidth = float32(400 + i)
			set.Set(p)
		}
		set.Set(set.Prefs())
		if changes != 50 || w.settings.Saves() != 0 {
			t.Errorf("%d changes, %d saves", changes, w.settings.Saves())
		}
		w.loop.Advance(time.Second)
		w.loop.Settle()
		if stored, _ := w.settings.Load(); w.settings.Saves() != 1 || stored.WindowWidth != 449 {
			t.Errorf("%d saves, stored %+v", w.settings.Saves(), stored)
		}
	})
}

func TestSettingsThatCannotBeSaved(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.settings.Fail(os.ErrPermission)
		w.list.SetSort(model.ByUsed)
		w.loop.Advance(time.Second)
		w.loop.Settle()
		if n := w.notice(); !n.Error || w.list.Sort() != model.ByUsed {
			t.Errorf("notice %+v, order %q", n, w.list.Sort())
		}
	})
}

func TestUnreadableSettingsDoNotStopTheStart(t *testing.T) {
	inWorld(t, func(w *world) {
		w.settings.Fail(model.ErrSettings)
		w.open("", totp("Acme", "maria", 1))
		w.wantTitles("Acme maria")
	})
}
