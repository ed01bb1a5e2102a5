//go:build linux

package desktop

import (
	"context"
	"fmt"
	"strings"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// Drop drops these onto the middle of the window, as a file manager does what is dragged: XDND, version 5
// (https://freedesktop.org/wiki/Specifications/XDND). uris are addresses: file:///… or others.
func (w *Window) Drop(ctx context.Context, uris ...string) error {
	// A connection of its own: it gets events, and the desktop's is not read.
	c, err := xgb.NewConnDisplay(w.d.Display)
	if err != nil {
		return err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, c.Close)() // what waits for an event ends with ctx

	atoms := map[string]xproto.Atom{}
	for _, name := range []string{"XdndAware", "XdndSelection", "XdndEnter", "XdndPosition", "XdndStatus", "XdndDrop", "XdndFinished", "XdndActionCopy", "text/uri-list"} {
		r, err := xproto.InternAtom(c, false, uint16(len(name)), name).Reply()
		if err != nil {
			return err
		}
		atoms[name] = r.Atom
	}
	source, err := xproto.NewWindowId(c)
	if err != nil {
		return err
	}
	screen := xproto.Setup(c).DefaultScreen(c)
	if err := xproto.CreateWindowChecked(c, 0, source, screen.Root, -10, -10, 1, 1, 0, xproto.WindowClassInputOutput, screen.RootVisual, 0, nil).Check(); err != nil {
		return err
	}
	if err := xproto.SetSelectionOwnerChecked(c, source, atoms["XdndSelection"], xproto.TimeCurrentTime).Check(); err != nil {
		return err
	}
	bounds, err := w.Bounds()
	if err != nil {
		return err
	}
	tell := func(kind string, data ...uint32) error {
		data = append([]uint32{uint32(source)}, data...)
		data = append(data, make([]uint32, 5-len(data))...)
		ev := xproto.ClientMessageEvent{Format: 32, Window: w.ID, Type: atoms[kind], Data: xproto.ClientMessageDataUnionData32New(data)}
		return xproto.SendEventChecked(c, false, w.ID, 0, string(ev.Bytes())).Check()
	}
	at := bounds.Min.Add(bounds.Max).Div(2)
	if err := tell("XdndEnter", 5<<24, uint32(atoms["text/uri-list"])); err != nil {
		return err
	}
	if err := tell("XdndPosition", 0, uint32(at.X)<<16|uint32(at.Y), xproto.TimeCurrentTime, uint32(atoms["XdndActionCopy"])); err != nil {
		return err
	}
	for {
		ev, xerr := c.WaitForEvent()
		switch ev := ev.(type) {
		case nil:
			if xerr == nil {
				return fmt.Errorf("desktop: the window does not finish the drop: %w", ctx.Err())
			}
		case xproto.SelectionRequestEvent:
			list := strings.Join(uris, "\r\n") + "\r\n"
			xproto.ChangeProperty(c, xproto.PropModeReplace, ev.Requestor, ev.Property, ev.Target, 8, uint32(len(list)), []byte(list))
			answer := xproto.SelectionNotifyEvent{Time: ev.Time, Requestor: ev.Requestor, Selection: ev.Selection, Target: ev.Target, Property: ev.Property}
			xproto.SendEvent(c, false, ev.Requestor, 0, string(answer.Bytes()))
		case xproto.ClientMessageEvent:
			switch ev.Type {
			case atoms["XdndStatus"]:
				if ev.Data.Data32[1]&1 == 0 {
					return fmt.Errorf("desktop: the window takes nothing")
				}
				if err := tell("XdndDrop", 0, xproto.TimeCurrentTime); err != nil {
					return err
				}
			case atoms["XdndFinished"]:
				return nil
			}
		}
	}
}
