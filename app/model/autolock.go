package model

import "time"

// autoLock locks after some idle minutes, where a passphrase is set.
//
// A timer alone is not enough: timers stand still while the computer sleeps. So
// every tick and every touch compares the clock as well, and whichever clock, the
// one on the wall or the one that only runs forwards, says that it is time, wins.
type autoLock struct {
	s       *Session
	touched time.Time
	halt    func() // of the running timer; nil when none runs
}

// limit is the idle time after which to lock; 0 = never.
func (a *autoLock) limit() time.Duration {
	if a.s.state != Open || !a.s.HasPassphrase() {
		return 0
	}
	return time.Duration(a.s.settings.prefs.AutoLockMinutes) * time.Minute
}

// restart begins to count from now.
func (a *autoLock) restart() {
	a.stop()
	a.touched = a.s.d.Now()
	if limit := a.limit(); limit > 0 {
		a.arm(limit)
	}
}

func (a *autoLock) stop() {
	if a.halt != nil {
		a.halt()
		a.halt = nil
	}
}

func (a *autoLock) arm(d time.Duration) {
	a.halt = a.s.d.After(d, func() {
		a.halt = nil
		if !a.check() && a.limit() > 0 {
			a.arm(max(a.limit()-a.idle(), time.Second))
		}
	})
}

// idle is how long nobody did anything.
func (a *autoLock) idle() time.Duration {
	now := a.s.d.Now()
	return max(now.Sub(a.touched), now.Round(0).Sub(a.touched.Round(0)), 0)
}

// check locks when it is time, and reports whether it did.
func (a *autoLock) check() bool {
	limit := a.limit()
	if limit == 0 || a.idle() < limit {
		return false
	}
	a.s.lockNow()
	return true
}

// touch puts the lock off, unless it is overdue: the first key press after a night
// of sleep finds the vault locked.
func (a *autoLock) touch() {
	if !a.check() {
		a.touched = a.s.d.Now()
	}
}
