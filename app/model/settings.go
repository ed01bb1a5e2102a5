package model

import "time"

// settingsDelay gathers changes that come in a row (a window being resized, a
// slider being dragged) into one write.
const settingsDelay = 500 * time.Millisecond

// Settings is what the person chose about the window.
type Settings struct {
	d       *Deps
	prefs   Prefs
	dirty   bool
	stop    func() // of the waiting save; nil when none waits
	writes  chain
	changed listeners
	failed  func(error)
}

func newSettings(d *Deps, failed func(error)) *Settings {
	// A settings file that cannot be read costs the choices in it, nothing else:
	// the store hands out the defaults beside its error.
	prefs, _ := d.Settings.Load()
	return &Settings{d: d, prefs: prefs.Clamped(), failed: failed}
}

// Prefs is what holds now.
func (s *Settings) Prefs() Prefs { return s.prefs }

// Set takes p, clamped, and saves it in the background a moment later.
func (s *Settings) Set(p Prefs) {
	p = p.Clamped()
	if p == s.prefs {
		return
	}
	s.prefs, s.dirty = p, true
	if s.stop == nil {
		s.stop = s.d.After(settingsDelay, func() {
			s.stop = nil
			s.save()
		})
	}
	s.changed.call()
}

// OnChange registers fn to be called after a preference changed.
func (s *Settings) OnChange(fn func()) { s.changed.add(fn) }

// save writes what is not written yet. The channel is closed when it has been.
func (s *Settings) save() (done <-chan struct{}) {
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
	if !s.dirty {
		return s.writes.do(func() {})
	}
	s.dirty = false
	p, store, post := s.prefs, s.d.Settings, s.d.Post
	return s.writes.do(func() {
		if err := store.Save(p); err != nil {
			post(func() { s.failed(err) })
		}
	})
}
