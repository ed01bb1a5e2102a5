package model

// chain runs pieces of work one after the other, each on a goroutine of its own,
// in the order of the calls. It is used from the models' goroutine.
type chain struct{ last <-chan struct{} }

// do runs work after everything that was given to do before. The returned channel
// is closed when work has returned.
func (c *chain) do(work func()) (done <-chan struct{}) {
	before, finished := c.last, make(chan struct{})
	c.last = finished
	go func() {
		defer close(finished)
		if before != nil {
			<-before
		}
		work()
	}()
	return finished
}

// listeners are functions called when something changed.
type listeners struct{ fns []func() }

// add registers fn for the life of the session; nil forgets all of them.
func (l *listeners) add(fn func()) {
	if fn == nil {
		l.fns = nil
		return
	}
	l.fns = append(l.fns, fn)
}

func (l *listeners) call() {
	for _, fn := range l.fns {
		fn()
	}
}
