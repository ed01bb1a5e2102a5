package model

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
)

// Copy puts the code on the clipboard: the next one when fewer than 3 s remain. It
// marks the account as used and takes the code off the clipboard after the time in
// the settings, on lock and at the end, if it is still ours. A HOTP account without
// a code on show gets its next one first.
func (l *List) Copy(id vault.ID) {
	e := l.usable(id)
	if e == nil {
		return
	}
	now := l.s.d.Now()
	p := &e.acc.Params
	switch {
	case p.Kind == otp.HOTP:
		if c, ok := l.unlocked[id]; ok && now.Before(c.until) {
			l.copyCode(id, c.code)
			return
		}
		l.makeHOTP(id, func(code string) { l.copyCode(id, code) })
	case p.Kind.Rolling():
		at := l.s.d.codeTime()
		code := e.codeAt(at)
		if p.Remaining(at) < lastPart(p.Period, copyNextWithin) {
			code = e.nextAt(at)
		}
		l.copyCode(id, code)
	default:
		l.notify(Notice{Text: "The portal sends the codes of this account itself, by e-mail or text message; there is nothing to copy."})
	}
}

// CopyNext puts the code of the next step on the clipboard.
func (l *List) CopyNext(id vault.ID) {
	e := l.usable(id)
	if e == nil {
		return
	}
	if !e.acc.Params.Kind.Rolling() {
		l.Copy(id)
		return
	}
	l.copyCode(id, e.nextAt(l.s.d.codeTime()))
}

func (l *List) copyCode(id vault.ID, code string) {
	if code == "" {
		l.notify(Notice{Text: Sentence(otp.ErrTime), Error: true})
		return
	}
	l.s.clip.copy(id, code, func(err error) {
		if err != nil {
			l.notify(Notice{Text: "The code could not be copied. " + Sentence(err), Error: true})
			return
		}
		l.touchUsed(id)
		l.ticked.call()
	})
}

// NextHOTP raises the counter on disk, then shows the code for a while.
func (l *List) NextHOTP(id vault.ID) {
	if l.usable(id) == nil {
		return
	}
	l.makeHOTP(id, func(string) { l.touchUsed(id) })
}

// makeHOTP gets one code; asking again while it is made changes nothing, so that a
// double click does not skip a code.
func (l *List) makeHOTP(id vault.ID, then func(code string)) {
	if l.asking[id] {
		return
	}
	l.asking[id] = true
	var code string
	l.apply(func(ctx context.Context) (err error) {
		code, err = l.s.d.Vault.NextHOTP(ctx, id)
		return err
	}, true, func(err error) {
		delete(l.asking, id)
		if l.failed(err) {
			return
		}
		l.show(id, code)
		then(code)
	})
}

// show puts a HOTP code on show.
func (l *List) show(id vault.ID, code string) {
	l.unlocked[id] = shown{code: code, until: l.s.d.Now().Add(revealFor)}
	l.ticked.call()
	l.s.d.After(revealFor+time.Second, func() { l.Tick() }) // also when nobody ticks, hidden in the tray
}
