//go:build linux

package desktop

import (
	"context"
	"fmt"
	"image"
	"strconv"
	"strings"

	"github.com/jezek/xgb/xproto"
)

// Window is a top-level window.
type Window struct {
	ID xproto.Window

	d *Desktop
}

// FindWindow waits for a visible window for which fit says yes, given its title and the process id it names.
func (d *Desktop) FindWindow(ctx context.Context, what string, fit func(title string, pid int) bool) (*Window, error) {
	var found *Window
	err := Wait(ctx, what, func() error {
		windows, err := d.windows()
		if err != nil {
			return err
		}
		var titles []string
		for _, w := range windows {
			title, pid := w.Title(), w.pid()
			if fit(title, pid) && w.visible() {
				found = w
				return nil
			}
			titles = append(titles, title)
		}
		return fmt.Errorf("%w among %q", errNoWindow, titles)
	})
	return found, err
}

// WindowOf waits for a visible window of a program.
func (d *Desktop) WindowOf(ctx context.Context, p *Process) (*Window, error) {
	return d.FindWindow(ctx, "a window of "+p.Name, func(_ string, pid int) bool { return pid == p.Pid() })
}

// WindowTitled waits for a visible window whose title contains text.
func (d *Desktop) WindowTitled(ctx context.Context, text string) (*Window, error) {
	return d.FindWindow(ctx, "a window titled "+strconv.Quote(text), func(title string, _ int) bool {
		return strings.Contains(title, text)
	})
}

// windows lists the top-level windows that the window manager knows.
func (d *Desktop) windows() ([]*Window, error) {
	ids, err := d.windowProperty(d.screen.Root, "_NET_CLIENT_LIST")
	if err != nil {
		return nil, err
	}
	out := make([]*Window, len(ids))
	for i, id := range ids {
		out[i] = &Window{ID: xproto.Window(id), d: d}
	}
	return out, nil
}

// Title is the window's title; "" when it is gone.
func (w *Window) Title() string {
	for _, name := range []string{"_NET_WM_NAME", "WM_NAME"} {
		atom, err := xproto.InternAtom(w.d.x, true, uint16(len(name)), name).Reply()
		if err != nil || atom.Atom == xproto.AtomNone {
			continue
		}
		reply, err := xproto.GetProperty(w.d.x, false, w.ID, atom.Atom, xproto.GetPropertyTypeAny, 0, 1024).Reply()
		if err == nil && len(reply.Value) > 0 {
			return string(reply.Value)
		}
	}
	return ""
}

// pid is the process that made the window, as the window says; 0 when it does not.
func (w *Window) pid() int {
	v, err := w.d.windowProperty(w.ID, "_NET_WM_PID")
	if err != nil || len(v) == 0 {
		return 0
	}
	return int(v[0])
}

func (w *Window) visible() bool {
	a, err := xproto.GetWindowAttributes(w.d.x, w.ID).Reply()
	return err == nil && a.MapState == xproto.MapStateViewable
}

// Visible reports whether the window is there and mapped.
func (w *Window) Visible() bool { return w.visible() }

// Bounds is where the window's content lies on the screen, in pixels.
func (w *Window) Bounds() (image.Rectangle, error) {
	g, err := xproto.GetGeometry(w.d.x, xproto.Drawable(w.ID)).Reply()
	if err != nil {
		return image.Rectangle{}, err
	}
	t, err := xproto.TranslateCoordinates(w.d.x, w.ID, w.d.screen.Root, 0, 0).Reply()
	if err != nil {
		return image.Rectangle{}, err
	}
	return image.Rect(0, 0, int(g.Width), int(g.Height)).Add(image.Pt(int(t.DstX), int(t.DstY))), nil
}

// Picture is what the screen shows where the window is.
func (w *Window) Picture() (*image.RGBA, error) {
	r, err := w.Bounds()
	if err != nil {
		return nil, err
	}
	return w.d.picture(r)
}

// Activate raises the window and gives it the keyboard, and waits until it has it.
func (w *Window) Activate(ctx context.Context) error {
	return Wait(ctx, "the window to take the keyboard", func() error {
		active, err := w.d.windowProperty(w.d.screen.Root, "_NET_ACTIVE_WINDOW")
		if err != nil {
			return err
		}
		if len(active) > 0 && xproto.Window(active[0]) == w.ID {
			return nil
		}
		if err := w.message("_NET_ACTIVE_WINDOW", 2); err != nil { // 2: a person asked for it
			return err
		}
		return fmt.Errorf("window %v is active", active)
	})
}

// Close asks the window to close, as its close button does.
func (w *Window) Close() error { return w.message("_NET_CLOSE_WINDOW", 0, 2) }

// Minimise hides the window behind its icon.
func (w *Window) Minimise() error {
	const iconicState = 3
	return w.message("WM_CHANGE_STATE", iconicState)
}

// Move places the window's frame.
func (w *Window) Move(ctx context.Context, to image.Rectangle) error {
	id := strconv.Itoa(int(w.ID))
	if _, err := w.d.xdo(ctx, "windowmove", id, strconv.Itoa(to.Min.X), strconv.Itoa(to.Min.Y)); err != nil {
		return err
	}
	if _, err := w.d.xdo(ctx, "windowsize", id, strconv.Itoa(to.Dx()), strconv.Itoa(to.Dy())); err != nil {
		return err
	}
	return Wait(ctx, "the window to be placed", func() error {
		r, err := w.Bounds()
		if err != nil {
			return err
		}
		// The frame around the content is up to a few dozen pixels thick.
		if at := r.Min.Sub(to.Min); at.X < 0 || at.Y < 0 || at.X > 40 || at.Y > 40 {
			return fmt.Errorf("it is at %v", r)
		}
		return nil
	})
}

// message sends a client message about the window to the window manager.
func (w *Window) message(kind string, data ...uint32) error {
	atom, err := xproto.InternAtom(w.d.x, false, uint16(len(kind)), kind).Reply()
	if err != nil {
		return err
	}
	data = append(data, make([]uint32, 5-len(data))...)
	ev := xproto.ClientMessageEvent{Format: 32, Window: w.ID, Type: atom.Atom, Data: xproto.ClientMessageDataUnionData32New(data)}
	return xproto.SendEventChecked(w.d.x, false, w.d.screen.Root,
		xproto.EventMaskSubstructureNotify|xproto.EventMaskSubstructureRedirect, string(ev.Bytes())).Check()
}

// Click moves the mouse to a point of the window, in its own pixels, and presses the left button.
func (w *Window) Click(ctx context.Context, x, y int) error {
	if err := w.Point(ctx, x, y); err != nil {
		return err
	}
	_, err := w.d.xdo(ctx, "click", "1")
	return err
}

// Point moves the mouse to a point of the window, in its own pixels.
func (w *Window) Point(ctx context.Context, x, y int) error {
	r, err := w.Bounds()
	if err != nil {
		return err
	}
	_, err = w.d.xdo(ctx, "mousemove", "--sync", strconv.Itoa(r.Min.X+x), strconv.Itoa(r.Min.Y+y))
	return err
}

// Key presses key combinations one after the other, named as xdotool does: "ctrl+shift+s", "Return", "Tab".
func (w *Window) Key(ctx context.Context, keys ...string) error {
	if err := w.Activate(ctx); err != nil {
		return err
	}
	_, err := w.d.xdo(ctx, append([]string{"key", "--clearmodifiers", "--delay", "40"}, keys...)...)
	return err
}

// Type types text on the keyboard into whatever has the focus in the window; "\n" and "\t" are the Return and the Tab
// key. The text travels through standard input: passphrases are never arguments, not even here.
func (w *Window) Type(ctx context.Context, text string) error {
	for len(text) > 0 {
		n := strings.IndexAny(text, "\n\t")
		switch {
		case n == 0: // xdotool types a line feed, a key that no keyboard has
			key := map[byte]string{'\n': "Return", '\t': "Tab"}[text[0]]
			if err := w.Key(ctx, key); err != nil {
				return err
			}
			text = text[1:]
			continue
		case n < 0:
			n = len(text)
		}
		if err := w.Activate(ctx); err != nil {
			return err
		}
		res, err := w.d.Run(ctx, text[:n], "xdotool", "type", "--clearmodifiers", "--delay", "25", "--file", "-")
		if err != nil {
			return err
		}
		if res.Exit != 0 {
			return fmt.Errorf("desktop: xdotool type: %s", res.Stderr)
		}
		text = text[n:]
	}
	return nil
}

// xdo runs xdotool, the hands on keyboard and mouse.
func (d *Desktop) xdo(ctx context.Context, args ...string) (string, error) {
	res, err := d.Run(ctx, "", "xdotool", args...)
	if err == nil && res.Exit != 0 {
		err = fmt.Errorf("desktop: xdotool %s: %s", strings.Join(args, " "), res.Stderr)
	}
	return res.Stdout, err
}

// Clipboard is the text on the clipboard; "" when there is none.
func (d *Desktop) Clipboard(ctx context.Context) (string, error) {
	res, err := d.Run(ctx, "", "xclip", "-selection", "clipboard", "-out")
	if err != nil {
		return "", err
	}
	if res.Exit != 0 { // "target STRING not available", "no owner": nothing there
		return "", nil
	}
	return res.Stdout, nil
}

// SetClipboard puts text on the clipboard, as another program would.
func (d *Desktop) SetClipboard(ctx context.Context, text string) error {
	_, err := d.Start("xclip", StartOptions{Stdin: strings.NewReader(text)}, "xclip", "-selection", "clipboard", "-in", "-quiet")
	if err != nil {
		return err
	}
	return Wait(ctx, "the clipboard to hold the text", func() error {
		now, err := d.Clipboard(ctx)
		if err == nil && now != text {
			err = errNotYet
		}
		return err
	})
}
