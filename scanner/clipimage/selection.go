//go:build linux || freebsd || openbsd || netbsd || dragonfly

package clipimage

import (
	"sync"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// selection is a conversation with the owner of the clipboard (ICCCM 2.0, §2: the requestor's side). It uses one
// property of a window of its own that is never shown.
type selection struct {
	conn  *xgb.Conn
	win   xproto.Window
	limit int64

	clipboard, property, incr, targetsAtom, atomType xproto.Atom

	// The connection is closed when a step takes longer than wait: the library has no other way to
	// stop waiting for an event.
	wait  time.Duration
	timer *time.Timer
	late  chan struct{}
}

const (
	// piece is how many 4-byte units are read from a property at once: 256 KiB, what servers accept everywhere.
	piece = 64 << 10
	// maxTargets caps the list of offered types; programs offer some dozens.
	maxTargets = 1024
)

func newSelection(c *xgb.Conn, limit int64, wait time.Duration) (*selection, error) {
	s := &selection{conn: c, limit: limit, wait: wait, late: make(chan struct{}), atomType: xproto.AtomAtom}
	for name, to := range map[string]*xproto.Atom{
		"CLIPBOARD": &s.clipboard, "TALLYSTICK_PICTURE": &s.property, "INCR": &s.incr, "TARGETS": &s.targetsAtom,
	} {
		a, err := atom(c, name)
		if err != nil {
			return nil, err
		}
		*to = a
	}
	win, err := xproto.NewWindowId(c)
	if err != nil {
		return nil, err
	}
	screen := xproto.Setup(c).DefaultScreen(c)
	if err := xproto.CreateWindowChecked(c, 0, win, screen.Root, 0, 0, 1, 1, 0, xproto.WindowClassInputOutput, screen.RootVisual,
		xproto.CwEventMask, []uint32{xproto.EventMaskPropertyChange}).Check(); err != nil {
		return nil, err
	}
	s.win = win
	var once sync.Once // the clock may be set anew in the moment it strikes, and strike twice
	s.timer = time.AfterFunc(wait, func() { once.Do(func() { close(s.late); c.Close() }) })
	return s, nil
}

func (s *selection) end() {
	s.timer.Stop()
	xproto.DestroyWindow(s.conn, s.win)
}

func atom(c *xgb.Conn, name string) (xproto.Atom, error) {
	r, err := xproto.InternAtom(c, false, uint16(len(name)), name).Reply()
	if err != nil {
		return 0, err
	}
	return r.Atom, nil
}

// event waits for the next event of the kind that want accepts.
func (s *selection) event(want func(xgb.Event) bool) error {
	for {
		e, xerr := s.conn.WaitForEvent()
		if e == nil && xerr == nil {
			return ErrNoAnswer // the connection is closed: too late, or the server went away
		}
		if e != nil && want(e) {
			return nil
		}
	}
}

// next starts a step: the clock begins anew.
func (s *selection) next() error {
	select {
	case <-s.late:
		return ErrNoAnswer
	default:
	}
	s.timer.Reset(s.wait)
	return nil
}

// targets are the names of the types on offer. An owner that does not know how to say is asked for png.
func (s *selection) targets() ([]string, error) {
	raw, err := s.convert(s.targetsAtom)
	if err == ErrEmpty {
		return []string{"image/png"}, nil
	}
	if err != nil {
		return nil, err
	}
	raw = raw[:min(len(raw), 4*maxTargets)]
	var cookies []xproto.GetAtomNameCookie
	for ; len(raw) >= 4; raw = raw[4:] {
		cookies = append(cookies, xproto.GetAtomName(s.conn, xproto.Atom(xgb.Get32(raw))))
	}
	var names []string
	for _, c := range cookies {
		if r, err := c.Reply(); err == nil { // an atom that is none is no reason to give up
			names = append(names, r.Name)
		}
	}
	return names, nil
}

// convert asks the owner for the selection as target and returns what it hands over. ErrEmpty: it refuses.
func (s *selection) convert(target xproto.Atom) ([]byte, error) {
	if err := s.next(); err != nil {
		return nil, err
	}
	xproto.DeleteProperty(s.conn, s.win, s.property)
	xproto.ConvertSelection(s.conn, s.win, s.clipboard, target, s.property, xproto.TimeCurrentTime)
	var answer xproto.SelectionNotifyEvent
	if err := s.event(func(e xgb.Event) bool {
		n, ok := e.(xproto.SelectionNotifyEvent)
		// The answer to an earlier question may still come.
		if !ok || n.Requestor != s.win || n.Selection != s.clipboard || n.Target != target {
			return false
		}
		answer = n
		return true
	}); err != nil {
		return nil, err
	}
	if answer.Property == xproto.AtomNone {
		return nil, ErrEmpty
	}
	data, kind, err := s.take()
	if err != nil || kind != s.incr {
		return data, err
	}
	// The announcement is the least size to come. It may be smaller than what comes.
	if len(data) >= 4 && int64(xgb.Get32(data)) > s.limit {
		return nil, ErrTooLarge
	}
	return s.pieces()
}

// pieces reads a picture that comes in parts (§2.7.2, INCR): the owner writes the property again each time it was
// deleted, and an empty one at the end. Taking the announcement has deleted it for the first time.
func (s *selection) pieces() ([]byte, error) {
	var all []byte
	for {
		if err := s.next(); err != nil {
			return nil, err
		}
		if err := s.event(func(e xgb.Event) bool {
			n, ok := e.(xproto.PropertyNotifyEvent)
			return ok && n.Window == s.win && n.Atom == s.property && n.State == xproto.PropertyNewValue
		}); err != nil {
			return nil, err
		}
		part, kind, err := s.take()
		switch {
		case err != nil:
			return nil, err
		case kind == xproto.AtomNone:
			continue // the notice of a value that was taken already: the announcement itself
		case len(part) == 0:
			return all, nil
		case int64(len(all)+len(part)) > s.limit:
			return nil, ErrTooLarge
		}
		all = append(all, part...)
	}
}

// take reads the property and deletes it. Its type is AtomNone where there is none.
func (s *selection) take() ([]byte, xproto.Atom, error) {
	var data []byte
	for {
		// The server deletes it with the read that leaves nothing.
		r, err := xproto.GetProperty(s.conn, true, s.win, s.property, xproto.GetPropertyTypeAny, uint32(len(data)/4), piece).Reply()
		if err != nil {
			return nil, 0, err
		}
		data = append(data, r.Value...)
		if int64(len(data))+int64(r.BytesAfter) > s.limit {
			return nil, 0, ErrTooLarge
		}
		if r.BytesAfter == 0 || len(r.Value) == 0 {
			return data, r.Type, nil
		}
	}
}
