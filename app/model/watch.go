package model

import (
	"context"
	"hash/maphash"
	"time"

	"github.com/tallystick/tallystick/scanner/capture"
	"github.com/tallystick/tallystick/vault/otpauth"
)

const (
	// watchEvery is how long the screen is left alone between two looks: short against the patience of a person, long
	// against the time a look takes.
	watchEvery = 700 * time.Millisecond
	// watchPortalEvery is the same where the desktop portal takes the pictures: each goes through a file, and some desktops
	// flash.
	watchPortalEvery = 3 * time.Second
	// askedTime is how long the portal takes at least when it asks a person. By itself it answers in a fraction.
	askedTime = 1500 * time.Millisecond
	// maxAsked is how often a person may be asked while a code is waited for: the first answer may be one for good.
	maxAsked = 2
	// watchFor is how long a code is waited for. Some portals show it only after a confirmation by e-mail.
	watchFor = 5 * time.Minute
)

// WatchScreen looks at every screen again and again until a code for an authenticator appears, for portals that show it
// late. The window stays where it is, so that it can be stopped; codes for something else are passed over. Where the system
// asks the person for each picture it ends with the second one.
func (a *Add) WatchScreen() {
	d := a.s.d
	a.work(watchingText, func(ctx context.Context) look {
		w := watch{d: &d, seen: map[string]uint64{}, seed: maphash.MakeSeed(), every: watchEvery}
		if w.portal = d.Body.Capture != nil && d.Body.Capture() == capture.MethodPortal; w.portal {
			w.every = watchPortalEvery
		}
		return w.run(ctx)
	})
}

const watchingText = "Waiting for a code to appear"

// Watching reports whether the screen is being watched: what is busy then goes on until somebody stops it.
func (a *Add) Watching() bool { return a.busy == watchingText }

// watch is one wait for a code.
type watch struct {
	d      *Deps
	every  time.Duration
	portal bool // the pictures come from the desktop portal
	seed   maphash.Seed
	seen   map[string]uint64 // what each screen showed at the last look
	asked  int               // how often a person was
}

func (w *watch) run(ctx context.Context) look {
	end := time.NewTimer(watchFor)
	defer end.Stop()
	again := time.NewTicker(w.every)
	defer again.Stop()
	for {
		l, changed := w.look(ctx)
		if l.err != nil || l.usable() {
			return l
		}
		if w.asked >= maxAsked {
			l.asked = true
			return l
		}
		l.wipe()
		select {
		case <-ctx.Done():
			return look{err: ctx.Err(), screen: true}
		case <-end.C:
			if !changed {
				l = look{screen: true}
			}
			l.findings, l.waited = nil, true
			return l
		case <-again.C:
		}
	}
}

// look looks once at the screens that changed since the last time; changed reports whether any did.
func (w *watch) look(ctx context.Context) (l look, changed bool) {
	l = look{screen: true}
	began := time.Now() // of the same clock as the ticker
	shots, err := w.d.Screens(ctx)
	if w.portal && time.Since(began) >= askedTime {
		w.asked++
	}
	if err == nil && len(shots) == 0 {
		err = capture.ErrNoDisplay
	}
	l.err = err
	for _, shot := range shots {
		if sum := maphash.Bytes(w.seed, shot.Image.Pix); w.seen[shot.Name] != sum {
			w.seen[shot.Name], changed = sum, true
			l.scan(ctx, w.d.Scanner, shot.Image, shot.Name)
		}
		clear(shot.Image.Pix) // whatever else was on the screen is none of our business
	}
	return l, changed
}

// usable reports whether a code for an authenticator is among what was seen.
func (l *look) usable() bool {
	for _, f := range l.findings {
		if ForAuthenticator(f.text) {
			return true
		}
	}
	return false
}

// ForAuthenticator reports whether the text of a QR code is one that accounts are made of, and not a web address or the like.
func ForAuthenticator(text string) bool {
	form := otpauth.Recognise(text)
	return form == otpauth.URI || form == otpauth.Migration
}
