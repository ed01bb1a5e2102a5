package model

import "context"

// task is the slow work of a flow, one thing at a time, and what its page shows of it. A flow
// embeds it; it belongs to the models' goroutine like the flow.
type task struct {
	s       *Session
	busy    bool
	err     string // why the last thing that was asked for was not done; "" = it was
	round   uint64 // raised by leave: what was under way then is not wanted any more
	changed listeners
}

// OnChange registers fn to be called when anything of the flow changed.
func (t *task) OnChange(fn func()) { t.changed.add(fn) }

// Busy reports that something is under way.
func (t *task) Busy() bool { return t.busy }

// Error is why the last thing that was asked for was not done; "" = it was.
func (t *task) Error() string { return t.err }

// leave lets go of what is under way, and of what went wrong.
func (t *task) leave() {
	t.round++
	t.busy, t.err = false, ""
}

// slow runs work after other work on the vault, off the models' goroutine, and then then on it.
// When the flow was left or the vault locked meanwhile, unwanted (which may be nil) runs instead:
// it wipes what work brought.
func (t *task) slow(work func(ctx context.Context) error, then func(err error), unwanted func()) {
	t.busy, t.err = true, ""
	round := t.round
	stale := func() {
		if unwanted != nil {
			unwanted()
		}
	}
	var err error
	t.s.job(func(ctx context.Context) { err = work(ctx) }, func() {
		if t.round != round {
			stale()
			return
		}
		t.busy, t.err = false, Sentence(err)
		then(err)
		t.changed.call()
	}, stale)
	t.changed.call()
}
