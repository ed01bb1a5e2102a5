package model

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/vault"
)

// clipWait is how long the system's clipboard may take to answer.
const clipWait = 5 * time.Second

// clip is the code that we put on the clipboard, if any.
type clip struct {
	s      *Session
	ops    chain
	round  uint64 // raised by every copy and every clear
	text   string // what lies there, or is about to; "" = nothing of ours
	id     vault.ID
	until  time.Time // cleared then; zero while it is not there yet
	cancel func()
}

// copy puts text on the clipboard for some seconds. done gets the outcome, unless
// another copy, a clear, a lock or the end came first.
func (c *clip) copy(id vault.ID, text string, done func(err error)) {
	before := c.text
	c.forget()
	c.text, c.id = text, id
	round, clipboard, post := c.round, c.s.d.Clipboard, c.s.d.Post
	var err error
	ctx := c.s.ctx
	c.ops.do(func() {
		ctx, cancel := context.WithTimeout(ctx, clipWait)
		defer cancel()
		if err = clipboard.SetSecret(ctx, text); err != nil && before != "" {
			_, _ = clipboard.ClearIf(ctx, before) // the older code must not outlive the failed copy
		}
		post(func() {
			if c.round != round {
				return
			}
			if err != nil {
				c.forget()
			} else {
				c.start()
			}
			done(err)
		})
	})
}

// start counts down to the clearing.
func (c *clip) start() {
	keep := time.Duration(c.s.settings.prefs.ClearSeconds) * time.Second
	c.until = c.s.d.Now().Add(keep)
	c.cancel = c.s.d.After(keep, func() {
		c.cancel = nil
		c.clear()
	})
}

// forget stops counting and takes the text for gone.
func (c *clip) forget() {
	c.round++
	if c.cancel != nil {
		c.cancel()
	}
	c.text, c.id, c.until, c.cancel = "", "", time.Time{}, nil
}

// clear empties the clipboard if it still holds what we put there.
func (c *clip) clear() {
	text := c.text
	c.forget()
	if text == "" {
		return
	}
	c.discard(text)
	c.s.list.ticked.call()
}

// discard takes text off the clipboard if it is what lies there.
func (c *clip) discard(text string) {
	clipboard, post := c.s.d.Clipboard, c.s.d.Post
	base := context.WithoutCancel(c.s.ctx) // also while the session ends
	c.ops.do(func() {
		ctx, cancel := context.WithTimeout(base, clipWait)
		defer cancel()
		if _, err := clipboard.ClearIf(ctx, text); err != nil {
			post(func() {
				if !c.s.closed {
					c.s.list.notify(Notice{Text: "What was copied could not be taken off the clipboard. Copy something else over it.", Error: true})
				}
			})
		}
	})
}

// done is closed when everything asked for has been done.
func (c *clip) done() <-chan struct{} { return c.ops.do(func() {}) }

// tick clears what a sleeping computer kept too long.
func (c *clip) tick(now time.Time) {
	if !c.until.IsZero() && !now.Round(0).Before(c.until.Round(0)) {
		c.clear()
	}
}

// secondsLeft is how long the code of id stays on the clipboard, rounded up; 0 when
// it is not there.
func (c *clip) secondsLeft(id vault.ID, now time.Time) int {
	if c.id != id || c.until.IsZero() {
		return 0
	}
	return ceilSeconds(c.until.Sub(now))
}

func ceilSeconds(d time.Duration) int {
	return max(int((d+time.Second-1)/time.Second), 0)
}
