//go:build linux || freebsd || openbsd || netbsd || dragonfly

package capture

import (
	"context"
	"encoding/binary"
	"errors"
	"image"
	"math"
	"os"
	"testing"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	qrcode "github.com/skip2/go-qrcode"

	"github.com/tallystick/tallystick/scanner"
)

func TestNoDisplay(t *testing.T) {
	t.Setenv("WAYLAND_DISPLAY", "")
	for _, display := range []string{"", ":98765", "nonsense"} {
		t.Setenv("DISPLAY", display)
		if shots, err := Screens(context.Background()); !errors.Is(err, ErrNoDisplay) || shots != nil {
			t.Errorf("DISPLAY=%q: %v", display, err)
		}
	}
	t.Setenv("DISPLAY", "")
	if m := Method(); m != "none" {
		t.Errorf("method %q", m)
	}
}

func TestMethod(t *testing.T) {
	for _, c := range []struct{ display, wayland, session, want string }{
		{"", "", "", "none"},
		{":0", "", "x11", "x11"},
		{":0", "", "", "x11"},
		{":0", "wayland-0", "wayland", "portal"},
		{"", "wayland-0", "", "portal"},
		{":0", "wayland-1", "tty", "portal"}, // a compositor started from a console
		{":0", "wayland-1", "x11", "x11"},    // a nested compositor in an X session
		{":0", "", "wayland", "x11"},
	} {
		t.Setenv("DISPLAY", c.display)
		t.Setenv("WAYLAND_DISPLAY", c.wayland)
		t.Setenv("XDG_SESSION_TYPE", c.session)
		if m := Method(); m != c.want {
			t.Errorf("%+v: %q", c, m)
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Screens(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestLayouts: pixels as the servers write them, usual and not.
func TestLayouts(t *testing.T) {
	le, be := binary.ByteOrder(binary.LittleEndian), binary.ByteOrder(binary.BigEndian)
	cases := []struct {
		name string
		l    layout
		row  []byte // two pixels, red 255 green 0 blue ~half, then white; padded
	}{
		{"32 bits", layout{le, 4, 4, 0xFF0000, 0xFF00, 0xFF}, []byte{128, 0, 255, 0, 255, 255, 255, 0}},
		{"32 bits, other end first", layout{be, 4, 4, 0xFF0000, 0xFF00, 0xFF}, []byte{0, 255, 0, 128, 0, 255, 255, 255}},
		{"32 bits, red first", layout{le, 4, 4, 0xFF, 0xFF00, 0xFF0000}, []byte{255, 0, 128, 0, 255, 255, 255, 0}},
		{"30 bits", layout{le, 4, 4, 0x3FF00000, 0xFFC00, 0x3FF}, []byte{0x02, 0x02, 0xF0, 0x3F, 0xFF, 0xFF, 0xFF, 0x3F}},
		{"16 bits", layout{le, 2, 4, 0xF800, 0x7E0, 0x1F}, []byte{0x10, 0xF8, 0xFF, 0xFF}},
		{"16 bits, other end first", layout{be, 2, 4, 0xF800, 0x7E0, 0x1F}, []byte{0xF8, 0x10, 0xFF, 0xFF}},
		{"24 bits packed", layout{le, 3, 4, 0xFF0000, 0xFF00, 0xFF}, []byte{128, 0, 255, 255, 255, 255, 0, 0}},
	}
	for _, c := range cases {
		m, err := c.l.image(append(c.row, c.row...), 2, 2)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for y := range 2 {
			a, b := m.RGBAAt(0, y), m.RGBAAt(1, y)
			if a.R != 255 || a.G != 0 || a.B < 123 || a.B > 133 || a.A != 255 || b.R != 255 || b.G != 255 || b.B != 255 || b.A != 255 {
				t.Errorf("%s: %v %v", c.name, a, b)
			}
		}
		if _, err := c.l.image(c.row, 2, 2); !errors.Is(err, ErrFailed) {
			t.Errorf("%s: half a picture: %v", c.name, err)
		}
	}
}

// paint puts a code on the screen in a window that no window manager touches, and returns what takes it away. It draws with
// the server's own black and white, so it works for every number of colours.
func paint(t *testing.T, text string, at image.Point, px int) (side int, remove func()) {
	t.Helper()
	c, err := xgb.NewConn()
	if err != nil {
		t.Skip("the X server at DISPLAY does not answer: ", err)
	}
	q, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		t.Fatal(err)
	}
	q.DisableBorder = true
	code := q.Bitmap()
	side = len(code) * px
	screen := xproto.Setup(c).DefaultScreen(c)
	win, _ := xproto.NewWindowId(c)
	black, _ := xproto.NewGcontextId(c)
	quiet := 4 * px
	xproto.CreateWindow(c, screen.RootDepth, win, screen.Root, int16(at.X-quiet), int16(at.Y-quiet), uint16(side+2*quiet), uint16(side+2*quiet), 0,
		xproto.WindowClassInputOutput, screen.RootVisual, xproto.CwBackPixel|xproto.CwOverrideRedirect|xproto.CwEventMask,
		[]uint32{screen.WhitePixel, 1, xproto.EventMaskExposure})
	xproto.CreateGC(c, black, xproto.Drawable(win), xproto.GcForeground, []uint32{screen.BlackPixel})
	if err := xproto.MapWindowChecked(c, win).Check(); err != nil {
		t.Fatal(err)
	}
	for { // what is drawn before the window shows is lost
		e, _ := c.WaitForEvent()
		if _, ok := e.(xproto.ExposeEvent); ok {
			break
		}
		if e == nil {
			t.Fatal("the X server went away")
		}
	}
	var rs []xproto.Rectangle
	for y := range code {
		for x, dark := range code[y] {
			if dark {
				rs = append(rs, xproto.Rectangle{X: int16(x*px + quiet), Y: int16(y*px + quiet), Width: uint16(px), Height: uint16(px)})
			}
		}
	}
	if err := xproto.PolyFillRectangleChecked(c, xproto.Drawable(win), black, rs).Check(); err != nil {
		t.Fatal(err)
	}
	return side, c.Close
}

// TestScreenToText: a code on the screen is captured and read, at its place. It needs an X server, of any depth.
func TestScreenToText(t *testing.T) {
	if os.Getenv("DISPLAY") == "" {
		t.Skip("no DISPLAY: needs an X server (make display gives it one)")
	}
	t.Setenv("WAYLAND_DISPLAY", "")
	const text = "otpauth://totp/screen:test?secret=JBSWY3DPEHPK3PXP"
	at := image.Pt(160, 120)
	side, remove := paint(t, text, at, 3)
	defer remove()
	shots, err := Screens(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if Method() != "x11" {
		t.Errorf("method %q", Method())
	}
	found := false
	for i, s := range shots {
		if s.Image.Rect != image.Rect(0, 0, s.Bounds.Dx(), s.Bounds.Dy()) || s.Name == "" {
			t.Errorf("shot %d: %q, picture %v for %v", i, s.Name, s.Image.Rect, s.Bounds)
		}
		r, err := scanner.New().Scan(context.Background(), s.Image)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range r.Codes {
			x, y := c.Corners[0].X+float64(s.Bounds.Min.X), c.Corners[0].Y+float64(s.Bounds.Min.Y)
			x2 := c.Corners[2].X + float64(s.Bounds.Min.X)
			if c.Text == text && math.Abs(x-float64(at.X)) < 2 && math.Abs(y-float64(at.Y)) < 2 && math.Abs(x2-float64(at.X+side)) < 2 {
				found = true
			}
		}
	}
	if !found {
		t.Errorf("the code is in none of %d pictures", len(shots))
	}
}

func BenchmarkScreens(b *testing.B) {
	if os.Getenv("DISPLAY") == "" {
		b.Skip("no DISPLAY: needs an X server (make bench gives it one)")
	}
	b.Setenv("WAYLAND_DISPLAY", "")
	c, err := xgb.NewConn() // a test server starts anew when its last client leaves
	if err != nil {
		b.Skip("the X server at DISPLAY does not answer: ", err)
	}
	defer c.Close()
	for b.Loop() {
		if _, err := Screens(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
