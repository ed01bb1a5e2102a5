package model

import (
	"context"
	"slices"
	"time"

	"github.com/tallystick/tallystick/app/clock"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/team"
)

const (
	// beatSoon is how long a change made here waits for others that follow it.
	beatSoon = 2 * time.Second
	// beatFast is between two looks at a folder, and at other storage while something happens there.
	beatFast = time.Minute
	// beatSlow is the most that lies between two looks when nothing happens, or nobody answers.
	beatSlow = 15 * time.Minute
	// beatEager is between two looks while two people wait for each other: an invite is out, or this device waits to be let in.
	beatEager = 5 * time.Second
	// beatPatience is for how long they are taken to be waiting.
	beatPatience = 10 * time.Minute
	// beatSluggish is how long a storage may take before it is said that it is slow.
	beatSluggish = 20 * time.Second
	// beatFresh is how old a look may be when somebody brings the window to the front.
	beatFresh = 15 * time.Second
)

// beat synchronises one shared vault: at the start, after a change, when the window comes to the front, when its folder changes, and by
// the clock, which slows down while nothing happens, and is quick while somebody is about to be let in.
type beat struct {
	h        *Sharing
	id       share.VaultID
	folder   bool
	busy     bool
	again    bool // something changed during the synchronisation that is under way
	wait     time.Duration
	tried    time.Time
	stop     func()    // of the timer; nil when none runs
	eager    time.Time // until when somebody is waited for; zero = nobody
	slow     bool      // what is under way takes long
	unslow   func()    // stops the timer that will say so; nil when none runs
	watching bool
	halted   bool
}

// keepBeats has one beat for every shared vault there is.
func (h *Sharing) keepBeats() {
	for _, st := range h.list {
		b := h.beats[st.ID]
		if b == nil && st.State != share.Expelled {
			b = &beat{h: h, id: st.ID, wait: beatFast}
			h.beats[st.ID] = b
			b.folder = st.Where.Kind == store.Folder
			b.now()
		}
		if b != nil && b.eager.IsZero() && (st.State == share.Joining || st.State == share.Joined && !st.Ready) {
			b.expect()
		}
	}
	for id, b := range h.beats {
		if !slices.ContainsFunc(h.list, func(st team.Status) bool { return st.ID == id }) {
			b.halt()
			delete(h.beats, id)
		}
	}
}

func (b *beat) halt() {
	b.halted = true
	b.answered()
	if b.stop != nil {
		b.stop()
		b.stop = nil
	}
}

// in sets the timer.
func (b *beat) in(d time.Duration) {
	if b.halted {
		return
	}
	if b.stop != nil {
		b.stop()
	}
	b.stop = b.h.s.d.After(d, func() {
		b.stop = nil
		b.now()
	})
}

// expect looks often for a while: somebody sits at another screen and waits.
func (b *beat) expect() {
	b.eager = b.h.s.d.Now().Add(beatPatience)
	if !b.busy {
		b.in(beatEager)
	}
}

// answered notes that nothing takes long any more.
func (b *beat) answered() {
	b.slow = false
	if b.unslow != nil {
		b.unslow()
		b.unslow = nil
	}
}

// soon synchronises after a moment.
func (b *beat) soon() {
	if b.busy {
		b.again = true
		return
	}
	b.wait = beatFast
	b.in(beatSoon)
}

// now synchronises.
func (b *beat) now() {
	h := b.h
	if b.halted || !h.running() {
		return
	}
	if b.busy {
		b.again = true
		return
	}
	if b.stop != nil {
		b.stop()
		b.stop = nil
	}
	b.busy, b.again, b.tried = true, false, h.s.d.Now()
	b.unslow = h.s.d.After(beatSluggish, func() {
		b.slow, b.unslow = true, nil
		h.changed.call()
	})
	teams, ctx, id := h.s.d.Teams, h.ctx, b.id
	go func() {
		rep, err := teams.Sync(ctx, id)
		h.s.d.Post(func() {
			b.busy = false
			b.answered()
			if b.halted || ctx.Err() != nil {
				return
			}
			b.next(rep, err)
			h.refresh()
			if rep.Gets > 0 || rep.Puts > 0 {
				h.s.news()
			}
			h.learnTime()
			h.changed.call()
		})
	}()
	h.changed.call()
}

// next decides when to look again.
func (b *beat) next(rep team.Report, err error) {
	reached := err == nil && !rep.Offline
	switch {
	case reached && (b.folder || rep.Gets > 0 || rep.Puts > 0):
		b.wait = beatFast
	default:
		b.wait = min(2*b.wait, beatSlow)
	}
	if reached && b.h.s.d.Now().Before(b.eager) {
		b.wait = beatEager
	}
	if reached {
		b.watch()
	}
	if b.again {
		b.again = false
		b.in(beatSoon)
		return
	}
	b.in(b.wait)
}

// watch follows the changes of a storage that tells of them.
func (b *beat) watch() {
	if b.watching {
		return
	}
	b.watching = true
	h, ctx, id := b.h, b.h.ctx, b.id
	post := func(fn func()) {
		h.s.d.Post(func() {
			if ctx.Err() == nil && !b.halted {
				fn()
			}
		})
	}
	go func() {
		news, err := h.s.d.Teams.Watch(ctx, id)
		if err != nil || news == nil {
			if err != nil {
				post(func() { b.watching = false }) // tried again after the next look that reaches it
			}
			return
		}
		for {
			select {
			case _, ok := <-news:
				if !ok {
					post(func() { b.watching = false })
					return
				}
				post(b.soon)
			case <-ctx.Done():
				return
			}
		}
	}()
}

// SyncNow synchronises at once; "" is every shared vault.
func (h *Sharing) SyncNow(id ShareID) {
	for each, b := range h.beats {
		if id == "" || id == each {
			b.now()
		}
	}
}

// Front says that the window came to the front.
func (h *Sharing) Front() {
	if !h.running() {
		return
	}
	for _, b := range h.beats {
		if h.s.d.Now().Sub(b.tried) >= beatFresh {
			b.now()
		}
	}
}

// vaultChanged says that accounts are other ones than before: what of it is shared goes out soon.
func (h *Sharing) vaultChanged() {
	if !h.running() || len(h.list) == 0 {
		return
	}
	for _, b := range h.beats {
		b.soon()
	}
	h.refresh()
}

// learnTime keeps what the storages' replies say about the clock, for the check-up. It is only a hint: it never replaces a correction that
// a person agreed to, nor a finding that it does not contradict, and codes follow it only when a person agrees.
func (h *Sharing) learnTime() {
	c, teams := h.s.d.Clock, h.s.d.Teams
	if c == nil {
		return
	}
	go func() {
		r, ok := teams.Clock()
		if !ok {
			return
		}
		// The storage says true time minus ours, the check-up ours minus the true one.
		told := clock.Sample{Offset: -(r.Low + r.High) / 2, Error: max((r.High-r.Low)/2, time.Millisecond)}
		st := c.Status()
		if st.Use == clock.Used || st.Known && (st.Off.Offset-told.Offset).Abs() <= st.Off.Error+told.Error {
			return
		}
		_ = c.Keep(c.Measure(context.Background(), []clock.Source{storageTime(told)})) // nothing is lost when it cannot be kept
	}()
}

// storageTime is a source of the time that was asked already.
type storageTime clock.Sample

// Name says for people what was asked.
func (storageTime) Name() string { return "shared storage" }

// Measure gives what the replies said.
func (t storageTime) Measure(context.Context) (clock.Sample, error) { return clock.Sample(t), nil }
