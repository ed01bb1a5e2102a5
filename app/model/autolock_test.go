package model_test

import (
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/model"
)

func (w *world) autoLock(minutes int) {
	w.Helper()
	p := w.s.Settings().Prefs()
	p.AutoLockMinutes = minutes
	w.s.Settings().Set(p)
	w.loop.Settle()
}

func (w *world) wantState(when string, want model.State) {
	w.Helper()
	if got := w.s.State(); got != want {
		w.Errorf("%s: state %v, want %v", when, got, want)
	}
}

func TestAutoLock(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("open sesame", totp("Acme", "maria", 1))
		w.autoLock(5)
		w.loop.Advance(4 * time.Minute)
		w.s.Touch()
		w.loop.Advance(4*time.Minute + 59*time.Second)
		w.wantState("a second early", model.Open)
		w.loop.Advance(2 * time.Second)
		w.loop.Settle()
		w.wantState("after five idle minutes", model.Locked)
		if w.vault.Unlocked() {
			t.Error("the vault still has its keys")
		}
	})
}

func TestAutoLockWithoutPassphrase(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("", totp("Acme", "maria", 1))
		w.autoLock(5)
		w.loop.Advance(time.Hour)
		w.list.Tick()
		w.wantState("with nothing to lock with", model.Open)
	})
}

func TestAutoLockNever(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("open sesame", totp("Acme", "maria", 1))
		w.autoLock(0)
		w.loop.Advance(24 * time.Hour)
		w.list.Tick()
		w.wantState("switched off", model.Open)
	})
}

// While a computer sleeps its timers stand still, and the clock on the wall does not.
func TestAutoLockAfterSleep(t *testing.T) {
	for name, wake := range map[string]func(w *world){
		"tick":  func(w *world) { w.list.Tick() },
		"touch": func(w *world) { w.s.Touch() },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.open("open sesame", totp("Acme", "maria", 1))
				w.autoLock(5)
				w.loop.Jump(noon.Add(8 * time.Hour))
				wake(w)
				w.loop.Settle()
				w.wantState("after a night", model.Locked)
			})
		})
	}
}

func TestAutoLockWhenClockIsSetBack(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("open sesame", totp("Acme", "maria", 1))
		w.autoLock(5)
		w.loop.Jump(noon.Add(-48 * time.Hour))
		w.list.Tick()
		w.wantState("right after", model.Open)
		w.s.Touch()
		w.loop.Advance(6 * time.Minute)
		w.list.Tick()
		w.loop.Settle()
		w.wantState("five minutes after the last touch", model.Locked)
	})
}
