//go:build linux || freebsd || openbsd || netbsd || dragonfly

package clipimage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	qrcode "github.com/skip2/go-qrcode"

	"github.com/tallystick/tallystick/scanner"
)

// TestMain keeps a connection to the X server, where there is one, from the first test to the last: a test server starts
// anew when its last client leaves, and refuses connections while it does.
func TestMain(m *testing.M) {
	if os.Getenv("DISPLAY") != "" {
		for range 50 { // it may be starting anew this moment
			c, err := xgb.NewConn()
			if err == nil {
				server = c
				break
			}
		}
	}
	code := m.Run()
	if server != nil {
		server.Close()
	}
	os.Exit(code)
}

var server *xgb.Conn

// display skips a test where there is no X server, and gives a connection to it.
func display(t *testing.T) *xgb.Conn {
	t.Helper()
	if os.Getenv("DISPLAY") == "" {
		t.Skip("no DISPLAY: needs an X server (make display gives it one)")
	}
	if server == nil {
		t.Fatal("DISPLAY is set, but no X server answers there")
	}
	t.Setenv("WAYLAND_DISPLAY", "")
	return server
}

// noisyPNG is a picture that does not compress: side² × 3 bytes and some.
func noisyPNG(t *testing.T, side int) []byte {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, 1))
	m := image.NewRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			v := rnd.Uint32()
			m.SetRGBA(x, y, color.RGBA{uint8(v), uint8(v >> 8), uint8(v >> 16), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// xclip puts data on the clipboard by another program, until the test ends.
func xclip(t *testing.T, kind string, data []byte) {
	t.Helper()
	path, err := exec.LookPath("xclip")
	if err != nil {
		t.Skip("xclip is not installed, and nothing else here copies")
	}
	clipboard, err := atom(server, "CLIPBOARD")
	if err != nil {
		t.Fatal(err)
	}
	xproto.SetSelectionOwner(server, xproto.WindowNone, clipboard, xproto.TimeCurrentTime)
	cmd := exec.Command(path, "-selection", "clipboard", "-t", kind, "-i", "-quiet") // quiet: it stays in the foreground
	cmd.Stdin = bytes.NewReader(data)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	t.Cleanup(func() { cmd.Process.Kill(); <-ended })
	for { // until it holds the clipboard; each turn waits for the server
		r, err := xproto.GetSelectionOwner(server, clipboard).Reply()
		if err != nil {
			t.Fatal(err)
		}
		if r.Owner != xproto.WindowNone {
			return
		}
		select {
		case <-ended:
			t.Fatal("xclip ended without taking the clipboard")
		default:
		}
	}
}

// TestXclip: what another program copied arrives byte by byte, small and in parts.
func TestXclip(t *testing.T) {
	display(t)
	for _, c := range []struct {
		kind string
		data []byte
	}{
		{"image/png", noisyPNG(t, 20)},
		{"image/jpeg", []byte("\xff\xd8\xff of odd length ")},
		{"image/png", noisyPNG(t, 300)},  // 270 KB
		{"image/png", noisyPNG(t, 1000)}, // 3 MB
	} {
		t.Run(fmt.Sprintf("%s of %d bytes", c.kind, len(c.data)), func(t *testing.T) {
			xclip(t, c.kind, c.data)
			got, err := Read(context.Background())
			if err != nil || !bytes.Equal(got, c.data) {
				t.Fatalf("%d bytes, %v; want %d", len(got), err, len(c.data))
			}
			if _, err := readX11(context.Background(), int64(len(c.data)-1)); !errors.Is(err, ErrTooLarge) {
				t.Errorf("over the limit: %v", err)
			}
		})
	}
	t.Run("text", func(t *testing.T) {
		xclip(t, "UTF8_STRING", []byte("otpauth://totp/x?secret=JBSWY3DP"))
		if got, err := Read(context.Background()); !errors.Is(err, ErrEmpty) {
			t.Errorf("%q, %v", got, err)
		}
	})
	t.Run("file", func(t *testing.T) {
		data := noisyPNG(t, 30)
		path := filepath.Join(t.TempDir(), "p.png")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		xclip(t, "text/uri-list", []byte("file://"+path+"\r\n"))
		if got, err := Read(context.Background()); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	})
}

// owner holds the clipboard and answers as a test tells it to.
type owner struct {
	c   *xgb.Conn
	win xproto.Window
	t   *testing.T
}

func (o *owner) atom(name string) xproto.Atom {
	a, err := atom(o.c, name)
	if err != nil {
		o.t.Error(err)
	}
	return a
}

// notify tells the requestor that its property is there, or that there is nothing.
func (o *owner) notify(r xproto.SelectionRequestEvent, property xproto.Atom) {
	e := xproto.SelectionNotifyEvent{Time: r.Time, Requestor: r.Requestor, Selection: r.Selection, Target: r.Target, Property: property}
	xproto.SendEvent(o.c, false, r.Requestor, 0, string(e.Bytes()))
}

func (o *owner) set(r xproto.SelectionRequestEvent, kind xproto.Atom, format byte, data []byte) {
	xproto.ChangeProperty(o.c, xproto.PropModeReplace, r.Requestor, r.Property, kind, format, uint32(len(data)/int(format/8)), data)
}

func (o *owner) offer(r xproto.SelectionRequestEvent, names ...string) {
	var b []byte
	for _, n := range names {
		b = append(b, 0, 0, 0, 0)
		xgb.Put32(b[len(b)-4:], uint32(o.atom(n)))
	}
	o.set(r, xproto.AtomAtom, 32, b)
	o.notify(r, r.Property)
}

// own takes the clipboard and gives every request to answer, until the test ends.
func own(t *testing.T, answer func(o *owner, r xproto.SelectionRequestEvent, target string)) {
	t.Helper()
	c, err := xgb.NewConn()
	if err != nil {
		t.Fatal(err)
	}
	o := &owner{c: c, t: t}
	o.win, _ = xproto.NewWindowId(c)
	screen := xproto.Setup(c).DefaultScreen(c)
	xproto.CreateWindow(c, 0, o.win, screen.Root, 0, 0, 1, 1, 0, xproto.WindowClassInputOutput, screen.RootVisual, 0, nil)
	clipboard := o.atom("CLIPBOARD")
	xproto.SetSelectionOwner(c, o.win, clipboard, xproto.TimeCurrentTime)
	if r, err := xproto.GetSelectionOwner(c, clipboard).Reply(); err != nil || r.Owner != o.win {
		t.Fatalf("the clipboard is not ours: %v", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			e, xerr := c.WaitForEvent()
			if e == nil && xerr == nil {
				return
			}
			if r, ok := e.(xproto.SelectionRequestEvent); ok {
				name, err := xproto.GetAtomName(c, r.Target).Reply()
				if err == nil {
					answer(o, r, name.Name)
				}
			}
		}
	}()
	t.Cleanup(func() { c.Close(); <-done })
}

// quick reads with a limit and steps of a fifth of a second, for owners that never answer.
func quick(t *testing.T, limit int64) ([]byte, error) {
	t.Helper()
	c, err := xgb.NewConn()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return readSelection(c, limit, 200*time.Millisecond)
}

func TestOwners(t *testing.T) {
	display(t)
	ctx := context.Background()
	const limit = 1 << 20

	t.Run("nobody", func(t *testing.T) {
		c := display(t)
		a, err := atom(c, "CLIPBOARD")
		if err != nil {
			t.Fatal(err)
		}
		xproto.SetSelectionOwner(c, xproto.WindowNone, a, xproto.TimeCurrentTime)
		if _, err := xproto.GetSelectionOwner(c, a).Reply(); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(ctx); !errors.Is(err, ErrEmpty) {
			t.Errorf("%v", err)
		}
	})
	t.Run("best type", func(t *testing.T) {
		own(t, func(o *owner, r xproto.SelectionRequestEvent, target string) {
			if target == "TARGETS" {
				o.offer(r, "TARGETS", "image/jpeg", "text/html", "image/png", "image/bmp")
				return
			}
			o.set(r, r.Target, 8, []byte(target))
			o.notify(r, r.Property)
		})
		if got, err := readX11(ctx, limit); err != nil || string(got) != "image/png" {
			t.Errorf("%q, %v", got, err)
		}
	})
	t.Run("does not know TARGETS", func(t *testing.T) {
		own(t, func(o *owner, r xproto.SelectionRequestEvent, target string) {
			if target != "image/png" {
				o.notify(r, xproto.AtomNone)
				return
			}
			o.set(r, r.Target, 8, []byte("picture"))
			o.notify(r, r.Property)
		})
		if got, err := readX11(ctx, limit); err != nil || string(got) != "picture" {
			t.Errorf("%q, %v", got, err)
		}
	})
	t.Run("refuses everything", func(t *testing.T) {
		own(t, func(o *owner, r xproto.SelectionRequestEvent, target string) { o.notify(r, xproto.AtomNone) })
		if _, err := readX11(ctx, limit); !errors.Is(err, ErrEmpty) {
			t.Errorf("%v", err)
		}
	})
	t.Run("says yes and gives nothing", func(t *testing.T) {
		own(t, func(o *owner, r xproto.SelectionRequestEvent, target string) { o.notify(r, r.Property) })
		if got, err := readX11(ctx, limit); !errors.Is(err, ErrEmpty) {
			t.Errorf("%q, %v", got, err)
		}
	})
	t.Run("answers to something else first", func(t *testing.T) {
		own(t, func(o *owner, r xproto.SelectionRequestEvent, target string) {
			if target == "TARGETS" {
				wrong := r
				wrong.Target = o.atom("image/png")
				o.notify(wrong, xproto.AtomNone)
				o.offer(r, "image/png", "not an atom at all")
				return
			}
			wrong := r
			wrong.Selection = xproto.AtomPrimary
			o.notify(wrong, xproto.AtomNone)
			o.set(r, r.Target, 8, []byte("picture"))
			o.notify(r, r.Property)
		})
		if got, err := readX11(ctx, limit); err != nil || string(got) != "picture" {
			t.Errorf("%q, %v", got, err)
		}
	})
	t.Run("offers nonsense", func(t *testing.T) {
		own(t, func(o *owner, r xproto.SelectionRequestEvent, target string) {
			if target == "TARGETS" {
				o.set(r, xproto.AtomAtom, 32, bytes.Repeat([]byte{0xFE, 0xFF, 0xFF, 0x7F}, 5000))
				o.notify(r, r.Property)
			}
		})
		if _, err := readX11(ctx, limit); !errors.Is(err, ErrEmpty) {
			t.Errorf("%v", err)
		}
	})
	t.Run("announces too much", func(t *testing.T) {
		own(t, func(o *owner, r xproto.SelectionRequestEvent, target string) {
			if target == "TARGETS" {
				o.offer(r, "image/png")
				return
			}
			o.set(r, o.atom("INCR"), 32, []byte{0xFF, 0xFF, 0xFF, 0x7F})
			o.notify(r, r.Property)
		})
		if _, err := readX11(ctx, limit); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%v", err)
		}
	})
	t.Run("announces and stops", func(t *testing.T) {
		own(t, func(o *owner, r xproto.SelectionRequestEvent, target string) {
			if target == "TARGETS" {
				o.offer(r, "image/png")
				return
			}
			o.set(r, o.atom("INCR"), 32, []byte{16, 0, 0, 0})
			o.notify(r, r.Property)
		})
		if _, err := quick(t, limit); !errors.Is(err, ErrNoAnswer) {
			t.Errorf("%v", err)
		}
	})
	t.Run("never answers", func(t *testing.T) {
		own(t, func(*owner, xproto.SelectionRequestEvent, string) {})
		if _, err := quick(t, limit); !errors.Is(err, ErrNoAnswer) {
			t.Errorf("%v", err)
		}
	})
	t.Run("never answers, caller gives up", func(t *testing.T) {
		c, cancel := context.WithCancel(ctx)
		defer cancel()
		own(t, func(*owner, xproto.SelectionRequestEvent, string) { cancel() })
		if _, err := Read(c); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
	t.Run("more and more pieces", func(t *testing.T) {
		own(t, func(o *owner, r xproto.SelectionRequestEvent, target string) {
			if target == "TARGETS" {
				o.offer(r, "image/png")
				return
			}
			xproto.ChangeWindowAttributes(o.c, r.Requestor, xproto.CwEventMask, []uint32{xproto.EventMaskPropertyChange})
			o.set(r, o.atom("INCR"), 32, []byte{16, 0, 0, 0})
			o.notify(r, r.Property)
			for range 100 { // ten times the limit
				for {
					e, xerr := o.c.WaitForEvent()
					if e == nil && xerr == nil {
						return
					}
					if n, ok := e.(xproto.PropertyNotifyEvent); ok && n.State == xproto.PropertyDelete {
						break
					}
					if _, ok := e.(xproto.SelectionRequestEvent); ok || xerr != nil { // the requestor has gone
						return
					}
				}
				o.set(r, r.Target, 8, make([]byte, limit/10))
			}
		})
		if got, err := readX11(ctx, limit); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	})
}

func TestNoWay(t *testing.T) {
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	if _, err := Read(context.Background()); !errors.Is(err, ErrUnsupported) {
		t.Errorf("neither: %v", err)
	}
	t.Setenv("DISPLAY", ":98765")
	if _, err := Read(context.Background()); !errors.Is(err, ErrUnsupported) {
		t.Errorf("no server: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestWayland: wl-paste is a script here; a compositor is not at hand. What it shows is that the right type is asked for, that
// its output is limited, and that its failures are understood.
func TestWayland(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	dir := t.TempDir()
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "wayland-test")
	t.Setenv("PATH", dir)
	if _, err := Read(context.Background()); !errors.Is(err, ErrUnsupported) {
		t.Errorf("no wl-paste: %v", err)
	}
	script := func(body string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "wl-paste"), []byte("#!"+sh+"\n"+body), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	const list = `if [ "$1" = --list-types ]; then echo text/plain; echo image/png; exit; fi` + "\n"
	script(list + `printf '%s %s %s' "$@"`)
	if got, err := Read(context.Background()); err != nil || string(got) != "--no-newline --type image/png" {
		t.Errorf("%q, %v", got, err)
	}
	script("echo Nothing is copied >&2; exit 1")
	if _, err := Read(context.Background()); !errors.Is(err, ErrEmpty) {
		t.Errorf("nothing copied: %v", err)
	}
	script("echo text/plain")
	if _, err := Read(context.Background()); !errors.Is(err, ErrEmpty) {
		t.Errorf("text copied: %v", err)
	}
	script(list + "while :; do echo 0123456789012345678901234567890123456789; done")
	if _, err := read(context.Background(), 10000); !errors.Is(err, ErrTooLarge) {
		t.Errorf("endless: %v", err)
	}
	// It hangs, and the caller gives up as soon as it has begun.
	fifo := filepath.Join(dir, "begun")
	script(list + ": > " + fifo + "\nread x < " + filepath.Join(dir, "never"))
	if mkfifo, err := exec.LookPath("/usr/bin/mkfifo"); err != nil || exec.Command(mkfifo, fifo, filepath.Join(dir, "never")).Run() != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		f, err := os.Open(fifo)
		if err == nil {
			f.Close()
		}
		cancel()
	}()
	if _, err := Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("hanging: %v", err)
	}
}

// TestToText: from another program's clipboard to what the code holds.
func TestToText(t *testing.T) {
	display(t)
	const text = "otpauth://totp/clipboard:test?secret=JBSWY3DPEHPK3PXP"
	file, err := qrcode.Encode(text, qrcode.Medium, 200)
	if err != nil {
		t.Fatal(err)
	}
	xclip(t, "image/png", file)
	got, err := Read(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	m, err := scanner.DecodePicture(bytes.NewReader(got), scanner.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := scanner.New().Scan(context.Background(), m)
	if err != nil || len(r.Codes) != 1 || r.Codes[0].Text != text {
		t.Errorf("%d codes, reason %q, %v", len(r.Codes), r.Reason, err)
	}
}
