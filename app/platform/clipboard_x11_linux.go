package platform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// x11Clipboard owns the CLIPBOARD selection from inside this process. Owning it
// ourselves, instead of running a tool, is what lets us offer the password mark,
// answer with the moment of copying, and give up exactly our own content.
//
// Selections are described in the Inter-Client Communication Conventions Manual
// (ICCCM) version 2.0, chapter 2; section numbers below are of that document.
type x11Clipboard struct {
	display string

	mu   sync.Mutex
	live *selection // nil before first use and after the server went away
}

func newX11Clipboard(display string) *x11Clipboard { return &x11Clipboard{display: display} }

// connect returns the live connection, or makes a new one if there is none or the
// server was restarted.
func (c *x11Clipboard) connect(ctx context.Context) (*selection, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.live != nil {
		select {
		case <-c.live.closed:
			c.live = nil
		default:
			return c.live, nil
		}
	}
	s, err := newSelection(ctx, c.display)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoClipboard, err)
	}
	c.live = s
	return s, nil
}

func (c *x11Clipboard) SetSecret(ctx context.Context, text string) error {
	if err := checkCopy(text); err != nil {
		return err
	}
	_, err := inTime(ctx, clipboardTimeout, func(ctx context.Context) (struct{}, error) {
		s, err := c.connect(ctx)
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, s.own(ctx, []byte(text))
	})
	return err
}

func (c *x11Clipboard) Text(ctx context.Context) (string, error) {
	return inTime(ctx, clipboardTimeout, func(ctx context.Context) (string, error) {
		s, err := c.connect(ctx)
		if err != nil {
			return "", err
		}
		return s.text(ctx)
	})
}

func (c *x11Clipboard) ClearIf(ctx context.Context, text string) (bool, error) {
	if text == "" {
		return false, nil
	}
	return inTime(ctx, clipboardTimeout, func(ctx context.Context) (bool, error) {
		s, err := c.connect(ctx)
		if err != nil {
			return false, err
		}
		return s.clearIf(ctx, text)
	})
}

// Hold implements Holder.
func (c *x11Clipboard) Hold(ctx context.Context) error {
	s, err := c.connect(ctx)
	if err != nil {
		return err
	}
	select {
	case <-s.ownership():
	case <-s.closed:
	case <-ctx.Done():
	}
	return nil
}

var (
	errXClosed  = errors.New("platform: the X server went away")
	errNotOwner = errors.New("platform: another program keeps taking the clipboard")
	errXPeer    = errors.New("platform: the program that owns the clipboard does not answer")
)

// selection is one connection to an X server and what we own through it.
//
// One goroutine, run, reads events for as long as the connection lives. It serves
// other programs that paste, so pasting works while the rest of the application is
// busy. Operations of our own use a window of their own each, and run hands them
// the events of that window.
type selection struct {
	conn  *xgb.Conn
	root  xproto.Window
	win   xproto.Window // owner of the selection; never shown
	atoms atomSet
	limit int // bytes that fit into one property

	closed chan struct{} // closed when the connection is gone

	// copying is held over a whole copy, so that copies from two goroutines do not
	// take each other for another program.
	copying sync.Mutex

	// mu is held over round trips to the server that decide who owns the
	// selection, never while waiting for another program.
	mu      sync.Mutex
	content []byte           // nil when we do not own the selection
	since   xproto.Timestamp // server time of our acquisition (2.1)
	lost    chan struct{}    // closed when content stops being on the clipboard

	waitMu  sync.Mutex
	waiting map[xproto.Window]chan xgb.Event
}

type atomSet struct {
	clipboard, targets, multiple, atomPair, timestamp, integer xproto.Atom
	utf8String, textPlainUTF8, textPlain, text                 xproto.Atom
	passwordHint, incr, transfer                               xproto.Atom
}

func newSelection(ctx context.Context, display string) (*selection, error) {
	conn, root, err := dialX(ctx, display)
	if err != nil {
		return nil, err
	}
	s := &selection{
		conn: conn, root: root,
		closed:  make(chan struct{}),
		lost:    make(chan struct{}),
		waiting: make(map[xproto.Window]chan xgb.Event),
		// MaximumRequestLength counts four-byte units; the slack is the request's
		// own header.
		limit: int(xproto.Setup(conn).MaximumRequestLength)*4 - 64,
	}
	close(s.lost) // nothing is held yet
	if err := s.setUp(); err != nil {
		conn.Close()
		return nil, err
	}
	go s.run()
	return s, nil
}

func (s *selection) setUp() error {
	a := &s.atoms
	names := []struct {
		atom *xproto.Atom
		name string
	}{
		{&a.clipboard, "CLIPBOARD"}, {&a.targets, "TARGETS"}, {&a.multiple, "MULTIPLE"},
		{&a.atomPair, "ATOM_PAIR"}, {&a.timestamp, "TIMESTAMP"}, {&a.integer, "INTEGER"},
		{&a.utf8String, "UTF8_STRING"}, {&a.textPlainUTF8, "text/plain;charset=utf-8"},
		{&a.textPlain, "text/plain"}, {&a.text, "TEXT"},
		{&a.passwordHint, "x-kde-passwordManagerHint"}, {&a.incr, "INCR"},
		{&a.transfer, "TALLYSTICK_TRANSFER"},
	}
	cookies := make([]xproto.InternAtomCookie, len(names))
	for i, n := range names {
		cookies[i] = xproto.InternAtom(s.conn, false, uint16(len(n.name)), n.name)
	}
	for i, n := range names {
		reply, err := cookies[i].Reply()
		if err != nil {
			return fmt.Errorf("platform: cannot name %s: %w", n.name, err)
		}
		*n.atom = reply.Atom
	}
	var err error
	s.win, err = s.newWindow()
	return err
}

// newWindow makes a window that is never mapped, only named in requests.
func (s *selection) newWindow() (xproto.Window, error) {
	id, err := xproto.NewWindowId(s.conn)
	if err != nil {
		return 0, fmt.Errorf("platform: no window for the clipboard: %w", err)
	}
	err = xproto.CreateWindowChecked(s.conn, 0, id, s.root, 0, 0, 1, 1, 0,
		xproto.WindowClassInputOnly, 0, xproto.CwEventMask, []uint32{xproto.EventMaskPropertyChange}).Check()
	if err != nil {
		return 0, fmt.Errorf("platform: no window for the clipboard: %w", err)
	}
	return id, nil
}

// run serves events until the connection ends.
func (s *selection) run() {
	defer func() {
		close(s.closed)
		s.mu.Lock()
		s.dropLocked()
		s.mu.Unlock()
	}()
	for {
		ev, xerr := s.conn.WaitForEvent()
		if ev == nil && xerr == nil {
			return
		}
		switch e := ev.(type) {
		case xproto.SelectionRequestEvent:
			s.serve(e)
		case xproto.SelectionClearEvent:
			s.cleared(e)
		case xproto.SelectionNotifyEvent:
			s.pass(e.Requestor, e)
		case xproto.PropertyNotifyEvent:
			s.pass(e.Window, e)
		}
		// An X error here is about a requestor's window that vanished before our
		// answer: its loss.
	}
}

// pass hands an event to the operation whose window it is about. An operation that
// has stopped listening loses it; run never blocks.
func (s *selection) pass(w xproto.Window, ev xgb.Event) {
	s.waitMu.Lock()
	defer s.waitMu.Unlock()
	if ch := s.waiting[w]; ch != nil {
		select {
		case ch <- ev:
		default:
		}
	}
}

// operation is one exchange with the server or another program, on its own window.
type operation struct {
	s      *selection
	win    xproto.Window
	events chan xgb.Event
}

func (s *selection) begin() (*operation, error) {
	win, err := s.newWindow()
	if err != nil {
		return nil, err
	}
	op := &operation{s: s, win: win, events: make(chan xgb.Event, 64)}
	s.waitMu.Lock()
	s.waiting[win] = op.events
	s.waitMu.Unlock()
	return op, nil
}

func (op *operation) end() {
	op.s.waitMu.Lock()
	delete(op.s.waiting, op.win)
	op.s.waitMu.Unlock()
	xproto.DestroyWindow(op.s.conn, op.win)
}

// await returns the first event that want accepts.
func (op *operation) await(ctx context.Context, want func(xgb.Event) bool) (xgb.Event, error) {
	for {
		select {
		case ev := <-op.events:
			if want(ev) {
				return ev, nil
			}
		case <-op.s.closed:
			return nil, fmt.Errorf("%w: %w", ErrNoClipboard, errXClosed)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// serverTime is the X server's clock now. Ownership is ordered by it (2.1), and the
// way to read it is to change a property and see when that happened.
func (op *operation) serverTime(ctx context.Context) (xproto.Timestamp, error) {
	a := op.s.atoms
	xproto.ChangeProperty(op.s.conn, xproto.PropModeAppend, op.win, a.timestamp, a.integer, 32, 0, nil)
	ev, err := op.await(ctx, func(ev xgb.Event) bool {
		p, ok := ev.(xproto.PropertyNotifyEvent)
		return ok && p.Atom == a.timestamp
	})
	if err != nil {
		return 0, err
	}
	return ev.(xproto.PropertyNotifyEvent).Time, nil
}

// own makes content what CLIPBOARD holds and takes content over.
func (s *selection) own(ctx context.Context, content []byte) error {
	s.copying.Lock()
	defer s.copying.Unlock()
	op, err := s.begin()
	if err != nil {
		return err
	}
	defer op.end()
	// Somebody who copies in the very moment between our asking for the time and
	// our claim wins, rightly. The person pressed "copy" here last, so try again,
	// but not for ever.
	for range 3 {
		now, err := op.serverTime(ctx)
		if err != nil {
			return err
		}
		s.mu.Lock()
		ok, err := s.claimLocked(content, now)
		s.mu.Unlock()
		if ok || err != nil {
			return err
		}
	}
	return errNotOwner
}

// claimLocked takes the selection at the given time and reports whether the server
// agreed. A program that pastes meanwhile is served when mu is free again.
func (s *selection) claimLocked(content []byte, at xproto.Timestamp) (bool, error) {
	xproto.SetSelectionOwner(s.conn, s.win, s.atoms.clipboard, at)
	mine, err := s.ownerLocked()
	if err != nil || !mine {
		return false, err
	}
	s.dropLocked()
	s.content, s.since, s.lost = content, at, make(chan struct{})
	return true, nil
}

// ownerLocked asks the server whether our window owns the selection.
func (s *selection) ownerLocked() (bool, error) {
	reply, err := xproto.GetSelectionOwner(s.conn, s.atoms.clipboard).Reply()
	if err != nil {
		return false, fmt.Errorf("%w: %w: %w", ErrNoClipboard, errXClosed, err)
	}
	return reply.Owner == s.win, nil
}

// dropLocked forgets the content and tells whoever waits for that.
func (s *selection) dropLocked() {
	clear(s.content)
	s.content = nil
	select {
	case <-s.lost:
	default:
		close(s.lost)
	}
}

// ownership is closed when the content of now stops being on the clipboard.
func (s *selection) ownership() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

// cleared handles the news that somebody else owns the selection. The news may be
// older than our latest claim, so the server has the last word.
func (s *selection) cleared(e xproto.SelectionClearEvent) {
	if e.Selection != s.atoms.clipboard {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if mine, err := s.ownerLocked(); err != nil || !mine {
		s.dropLocked()
	}
}

// clearIf empties the clipboard if it holds text.
func (s *selection) clearIf(ctx context.Context, text string) (bool, error) {
	if owned, cleared, err := s.disown(text); owned || err != nil {
		return cleared, err
	}
	// A clipboard manager may have taken our text over under its own name. The
	// server orders claims by time: claiming with a time from before the look
	// fails by itself if anybody copied after it.
	op, err := s.begin()
	if err != nil {
		return false, err
	}
	defer op.end()
	before, err := op.serverTime(ctx)
	if err != nil {
		return false, err
	}
	got, err := op.read(ctx)
	if errors.Is(err, ErrTextTooLong) {
		return false, nil // then it cannot be text
	}
	if err != nil || got != text {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.content != nil {
		return false, nil // copied again on another goroutine meanwhile
	}
	if ok, err := s.claimLocked(nil, before); !ok || err != nil {
		return false, err
	}
	return true, s.releaseLocked()
}

// disown gives the selection up if we own it and it is text.
func (s *selection) disown(text string) (owned, cleared bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.content == nil {
		return false, false, nil
	}
	if string(s.content) != text {
		return true, false, nil
	}
	mine, err := s.ownerLocked()
	if err != nil {
		return true, false, err
	}
	if !mine { // the event that says so is still on its way
		s.dropLocked()
		return false, false, nil
	}
	return true, true, s.releaseLocked()
}

// releaseLocked gives the selection up under the time it was taken (2.3.1), which
// the server ignores if somebody else has it by now.
func (s *selection) releaseLocked() error {
	err := xproto.SetSelectionOwnerChecked(s.conn, xproto.WindowNone, s.atoms.clipboard, s.since).Check()
	s.dropLocked()
	if err != nil {
		return fmt.Errorf("%w: %w: %w", ErrNoClipboard, errXClosed, err)
	}
	return nil
}

// text returns what CLIPBOARD holds, from memory if it is ours.
func (s *selection) text(ctx context.Context) (string, error) {
	if own, ok, err := s.ownText(); ok || err != nil {
		return own, err
	}
	op, err := s.begin()
	if err != nil {
		return "", err
	}
	defer op.end()
	return op.read(ctx)
}

// ownText is the text we put there, if the server still says that it is ours: the
// event that says otherwise may be on its way.
func (s *selection) ownText() (text string, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.content == nil {
		return "", false, nil
	}
	mine, err := s.ownerLocked()
	if err != nil {
		return "", false, err
	}
	if !mine {
		s.dropLocked()
		return "", false, nil
	}
	return string(s.content), true, nil
}

// read asks the owner of CLIPBOARD for its text; "" when there is none.
func (op *operation) read(ctx context.Context) (string, error) {
	a := op.s.atoms
	for _, target := range []xproto.Atom{a.utf8String, a.textPlainUTF8, xproto.AtomString} {
		now, err := op.serverTime(ctx)
		if err != nil {
			return "", err
		}
		data, ok, err := op.convert(ctx, target, now)
		if err != nil {
			return "", err
		}
		if !ok {
			continue
		}
		defer clear(data)
		data = bytes.TrimRight(data, "\x00") // some toolkits send the C string's end
		if target == xproto.AtomString {
			return fromLatin1(data), nil
		}
		return strings.ToValidUTF8(string(data), "\uFFFD"), nil
	}
	return "", nil
}

// convert is one conversion (2.4); ok is false when the owner does not offer target.
func (op *operation) convert(ctx context.Context, target xproto.Atom, now xproto.Timestamp) (data []byte, ok bool, err error) {
	a, conn := op.s.atoms, op.s.conn
	xproto.ConvertSelection(conn, op.win, a.clipboard, target, a.transfer, now)
	ev, err := op.await(ctx, func(ev xgb.Event) bool {
		n, ok := ev.(xproto.SelectionNotifyEvent)
		return ok && n.Selection == a.clipboard && n.Target == target
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, false, fmt.Errorf("%w: %w", errXPeer, err)
	}
	if err != nil {
		return nil, false, err
	}
	if ev.(xproto.SelectionNotifyEvent).Property == xproto.AtomNone {
		return nil, false, nil
	}
	data, kind, err := op.take()
	if err != nil || kind != a.incr {
		return data, err == nil, err
	}
	// Too large for one property: it comes in pieces, each announced by a change
	// of the property, the last one empty (2.7.2). Deleting the first announcement,
	// which take did, asks for the first piece.
	data = nil
	tooLong := false
	for {
		_, err := op.await(ctx, func(ev xgb.Event) bool {
			p, ok := ev.(xproto.PropertyNotifyEvent)
			return ok && p.Atom == a.transfer && p.State == xproto.PropertyNewValue
		})
		if errors.Is(err, context.DeadlineExceeded) {
			return nil, false, fmt.Errorf("%w: %w", errXPeer, err)
		}
		if err != nil {
			return nil, false, err
		}
		piece, _, err := op.take()
		if err != nil {
			return nil, false, err
		}
		switch {
		case len(piece) == 0 && tooLong:
			return nil, false, fmt.Errorf("%w: more than %d bytes", ErrTextTooLong, MaxPaste)
		case len(piece) == 0:
			return data, true, nil
		case tooLong || len(data)+len(piece) > MaxPaste:
			// Take the rest and keep none of it: simple owners, xclip for one, die of
			// a requestor that leaves in the middle, and the content with them.
			tooLong, data = true, nil
		default:
			data = append(data, piece...)
		}
	}
}

// take reads and deletes the transfer property.
func (op *operation) take() ([]byte, xproto.Atom, error) {
	reply, err := xproto.GetProperty(op.s.conn, true, op.win, op.s.atoms.transfer,
		xproto.GetPropertyTypeAny, 0, MaxPaste/4).Reply()
	if err != nil {
		return nil, 0, fmt.Errorf("platform: cannot read the clipboard: %w", err)
	}
	if reply.BytesAfter > 0 {
		return nil, 0, fmt.Errorf("%w: more than %d bytes", ErrTextTooLong, MaxPaste)
	}
	return reply.Value, reply.Type, nil
}

// serve answers a program that pastes.
func (s *selection) serve(e xproto.SelectionRequestEvent) {
	property := e.Property
	if property == xproto.AtomNone {
		property = e.Target // requestors from before ICCCM (2.2)
	}
	s.mu.Lock()
	content, since := append([]byte(nil), s.content...), s.since
	s.mu.Unlock()
	defer clear(content)

	ok := e.Selection == s.atoms.clipboard && e.Owner == s.win && len(content) > 0
	// A request from before our time is about somebody else's content (2.2).
	if e.Time != xproto.TimeCurrentTime && int32(e.Time-since) < 0 {
		ok = false
	}
	if ok {
		if e.Target == s.atoms.multiple {
			ok = e.Property != xproto.AtomNone && s.answerMultiple(e.Requestor, e.Property, content, since)
		} else {
			ok = s.answer(e.Requestor, property, e.Target, content, since)
		}
	}
	if !ok {
		property = xproto.AtomNone
	}
	reply := xproto.SelectionNotifyEvent{
		Time: e.Time, Requestor: e.Requestor, Selection: e.Selection, Target: e.Target, Property: property,
	}
	xproto.SendEvent(s.conn, false, e.Requestor, xproto.EventMaskNoEvent, string(reply.Bytes()))
}

// answer writes content as target into a property of the requestor, and reports
// whether it could.
func (s *selection) answer(w xproto.Window, property, target xproto.Atom, content []byte, since xproto.Timestamp) bool {
	a := s.atoms
	put := func(kind xproto.Atom, data []byte) bool {
		if len(data) > s.limit {
			return false
		}
		xproto.ChangeProperty(s.conn, xproto.PropModeReplace, w, property, kind, 8, uint32(len(data)), data)
		return true
	}
	switch target {
	case a.targets:
		offered := []xproto.Atom{a.targets, a.multiple, a.timestamp,
			a.utf8String, a.textPlainUTF8, a.textPlain, a.text, a.passwordHint}
		if _, ok := toLatin1(content); ok {
			offered = append(offered, xproto.AtomString)
		}
		data := make([]byte, 4*len(offered))
		for i, atom := range offered {
			xgb.Put32(data[4*i:], uint32(atom))
		}
		xproto.ChangeProperty(s.conn, xproto.PropModeReplace, w, property, xproto.AtomAtom, 32, uint32(len(offered)), data)
		return true
	case a.timestamp:
		data := make([]byte, 4)
		xgb.Put32(data, uint32(since))
		xproto.ChangeProperty(s.conn, xproto.PropModeReplace, w, property, a.integer, 32, 1, data)
		return true
	case a.utf8String, a.text:
		return put(a.utf8String, content)
	case a.textPlainUTF8, a.textPlain:
		return put(target, content)
	case xproto.AtomString:
		data, ok := toLatin1(content)
		defer clear(data)
		return ok && put(xproto.AtomString, data)
	case a.passwordHint:
		// KDE's convention, since taken up by most clipboard managers: content with
		// this mark goes into no history.
		return put(a.passwordHint, []byte("secret"))
	}
	return false
}

// maxPairs is how many conversions one MULTIPLE request may ask for.
const maxPairs = 32

// answerMultiple does the list of conversions in the requestor's property and marks
// those that failed (2.6.2).
func (s *selection) answerMultiple(w xproto.Window, property xproto.Atom, content []byte, since xproto.Timestamp) bool {
	reply, err := xproto.GetProperty(s.conn, false, w, property, xproto.GetPropertyTypeAny, 0, 2*maxPairs).Reply()
	if err != nil || reply.Format != 32 || reply.BytesAfter > 0 || len(reply.Value)%8 != 0 {
		return false
	}
	pairs := append([]byte(nil), reply.Value...)
	for i := 0; i < len(pairs); i += 8 {
		target, prop := xproto.Atom(xgb.Get32(pairs[i:])), xproto.Atom(xgb.Get32(pairs[i+4:]))
		if target == s.atoms.multiple || prop == xproto.AtomNone || !s.answer(w, prop, target, content, since) {
			xgb.Put32(pairs[i+4:], uint32(xproto.AtomNone))
		}
	}
	xproto.ChangeProperty(s.conn, xproto.PropModeReplace, w, property, s.atoms.atomPair, 32, uint32(len(pairs)/4), pairs)
	return true
}

// toLatin1 turns UTF-8 into ISO 8859-1, which is what the target STRING means; false
// if a character has no place there.
func toLatin1(text []byte) ([]byte, bool) {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r > 0xFF || (r == utf8.RuneError && n == 1) {
			clear(out)
			return nil, false
		}
		out, text = append(out, byte(r)), text[n:]
	}
	return out, true
}

func fromLatin1(data []byte) string {
	out := make([]rune, len(data))
	for i, b := range data {
		out[i] = rune(b)
	}
	return string(out)
}
