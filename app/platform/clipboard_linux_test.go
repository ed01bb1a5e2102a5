package platform_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"github.com/tallystick/tallystick/app/platform"
)

func TestX11Clipboard(t *testing.T) {
	x := startX(t)
	clipboardBehaviour(t, platform.NewClipboard(), x.copyElsewhere(t))
}

func TestX11OtherProgramsGetTheTextAndTheMark(t *testing.T) {
	x := startX(t)
	c := platform.NewClipboard()
	if err := c.SetSecret(t.Context(), "492 039"); err != nil {
		t.Fatal(err)
	}
	targets, err := x.xclip("", "-out", "-target", "TARGETS")
	if err != nil {
		t.Fatal(err)
	}
	offered := strings.Fields(targets)
	for _, want := range []string{"TARGETS", "MULTIPLE", "TIMESTAMP", "UTF8_STRING",
		"text/plain;charset=utf-8", "text/plain", "TEXT", "STRING", "x-kde-passwordManagerHint"} {
		if !slices.Contains(offered, want) {
			t.Errorf("TARGETS lacks %s: %q", want, offered)
		}
	}
	for target, want := range map[string]string{
		"":                          "492 039",
		"UTF8_STRING":               "492 039",
		"STRING":                    "492 039",
		"TEXT":                      "492 039",
		"text/plain":                "492 039",
		"text/plain;charset=utf-8":  "492 039",
		"x-kde-passwordManagerHint": "secret",
	} {
		args := []string{"-out"}
		if target != "" {
			args = append(args, "-target", target)
		}
		if got, err := x.xclip("", args...); err != nil || got != want {
			t.Errorf("%s = %q, %v; want %q", target, got, err, want)
		}
	}
	if got, err := x.xclip("", "-out", "-target", "TIMESTAMP"); err != nil || got == "" || strings.TrimSpace(got) == "0" {
		t.Errorf("TIMESTAMP = %q, %v", got, err)
	}
	if got, err := x.xclip("", "-out", "-target", "image/png"); err == nil {
		t.Errorf("answered image/png with %q", got)
	}
	// The other selection, pasted with the middle button, is none of our business.
	out, _ := exec.Command("xclip", "-display", x.display, "-selection", "primary", "-out").Output()
	if len(out) != 0 {
		t.Errorf("PRIMARY holds %q", out)
	}

	if ok, err := c.ClearIf(t.Context(), "492 039"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if got, err := x.xclip("", "-out"); err == nil {
		t.Errorf("after clearing, xclip still gets %q", got)
	}
}

func TestX11LatinOneIsOfferedOnlyWhereItCanBe(t *testing.T) {
	x := startX(t)
	c := platform.NewClipboard()
	for text, want := range map[string]string{"Zürich": "Z\xfcrich", "東京": ""} {
		if err := c.SetSecret(t.Context(), text); err != nil {
			t.Fatal(err)
		}
		targets, err := x.xclip("", "-out", "-target", "TARGETS")
		if err != nil {
			t.Fatal(err)
		}
		if offers := slices.Contains(strings.Fields(targets), "STRING"); offers != (want != "") {
			t.Errorf("%s: STRING offered: %v", text, offers)
		}
		if want == "" {
			if got, err := x.xclip("", "-out", "-target", "STRING"); err == nil {
				t.Errorf("%s as STRING = %q", text, got)
			}
		}
	}
}

// TestX11ReadsALargeTextInPieces: xclip hands over what does not fit one request
// piece by piece (INCR).
func TestX11ReadsALargeTextInPieces(t *testing.T) {
	x := startX(t)
	want := strings.Repeat("otpauth://totp/Ä ", 70_000)[:platform.MaxPaste-100]
	want = strings.ToValidUTF8(want, "")
	x.copyElsewhere(t)(want)
	got, err := platform.NewClipboard().Text(t.Context())
	if err != nil || got != want {
		t.Fatalf("%d bytes, %v; want %d", len(got), err, len(want))
	}
}

func TestX11ManyAtOnce(t *testing.T) {
	x := startX(t)
	c := platform.NewClipboard()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				text := fmt.Sprintf("%03d%03d", i, j)
				if err := c.SetSecret(t.Context(), text); err != nil {
					t.Error(err)
				}
				if _, err := c.Text(t.Context()); err != nil {
					t.Error(err)
				}
				if _, err := c.ClearIf(t.Context(), text); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	// Whatever the order was, the clipboard and we agree on the end.
	want, err := c.Text(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := x.xclip("", "-out"); got != want {
		t.Fatalf("xclip gets %q, we say %q", got, want)
	}
}

// peer is another X program made of bare requests, for what xclip does not do.
type peer struct {
	conn *xgb.Conn
	win  xproto.Window
	t    testing.TB
}

func newPeer(t testing.TB, x *xServer) *peer {
	t.Helper()
	conn, err := xgb.NewConnDisplay(x.display)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	win, err := xproto.NewWindowId(conn)
	if err != nil {
		t.Fatal(err)
	}
	root := xproto.Setup(conn).Roots[0].Root
	if err := xproto.CreateWindowChecked(conn, 0, win, root, 0, 0, 1, 1, 0,
		xproto.WindowClassInputOnly, 0, 0, nil).Check(); err != nil {
		t.Fatal(err)
	}
	return &peer{conn: conn, win: win, t: t}
}

func (p *peer) atom(name string) xproto.Atom {
	reply, err := xproto.InternAtom(p.conn, false, uint16(len(name)), name).Reply()
	if err != nil {
		p.t.Fatal(err)
	}
	return reply.Atom
}

// convert asks for a target at a time and returns the property it came in.
func (p *peer) convert(target, property string, at xproto.Timestamp) (xproto.Atom, *xproto.GetPropertyReply) {
	p.t.Helper()
	xproto.ConvertSelection(p.conn, p.win, p.atom("CLIPBOARD"), p.atom(target), p.atom(property), at)
	for {
		ev, err := p.conn.WaitForEvent()
		if err != nil || ev == nil {
			p.t.Fatal(ev, err)
		}
		n, ok := ev.(xproto.SelectionNotifyEvent)
		if !ok {
			continue
		}
		reply, replyErr := xproto.GetProperty(p.conn, true, p.win, p.atom(property), xproto.GetPropertyTypeAny, 0, 1000).Reply()
		if replyErr != nil {
			p.t.Fatal(replyErr)
		}
		return n.Property, reply
	}
}

func TestX11SeveralTargetsInOneRequest(t *testing.T) {
	x := startX(t)
	if err := platform.NewClipboard().SetSecret(t.Context(), "492039"); err != nil {
		t.Fatal(err)
	}
	p := newPeer(t, x)
	pairs := []xproto.Atom{
		p.atom("UTF8_STRING"), p.atom("P1"),
		p.atom("image/png"), p.atom("P2"),
		p.atom("x-kde-passwordManagerHint"), p.atom("P3"),
		p.atom("MULTIPLE"), p.atom("P4"), // not inside itself
	}
	data := make([]byte, 4*len(pairs))
	for i, a := range pairs {
		xgb.Put32(data[4*i:], uint32(a))
	}
	xproto.ChangeProperty(p.conn, xproto.PropModeReplace, p.win, p.atom("PAIRS"), p.atom("ATOM_PAIR"), 32, uint32(len(pairs)), data)
	property, reply := p.convert("MULTIPLE", "PAIRS", xproto.TimeCurrentTime)
	if property != p.atom("PAIRS") || reply.Type != p.atom("ATOM_PAIR") || len(reply.Value) != len(data) {
		t.Fatalf("answered in %d with %d bytes of %d", property, len(reply.Value), reply.Type)
	}
	for i, refused := range []bool{false, true, false, true} {
		if got := xgb.Get32(reply.Value[8*i+4:]) == 0; got != refused {
			t.Errorf("pair %d refused: %v", i, got)
		}
	}
	for name, want := range map[string]string{"P1": "492039", "P3": "secret"} {
		got, err := xproto.GetProperty(p.conn, true, p.win, p.atom(name), xproto.GetPropertyTypeAny, 0, 1000).Reply()
		if err != nil || string(got.Value) != want {
			t.Errorf("%s = %q, %v; want %q", name, got.Value, err, want)
		}
	}
	// Without a list there is nothing to convert.
	if property, _ := p.convert("MULTIPLE", "NOLIST", xproto.TimeCurrentTime); property != xproto.AtomNone {
		// An absent list is an empty list: zero conversions, all of them done.
		if r, _ := xproto.GetProperty(p.conn, true, p.win, p.atom("NOLIST"), xproto.GetPropertyTypeAny, 0, 10).Reply(); len(r.Value) != 0 {
			t.Errorf("invented conversions: % x", r.Value)
		}
	}
}

func TestX11RefusesAPasteFromBeforeTheCopy(t *testing.T) {
	x := startX(t)
	if err := platform.NewClipboard().SetSecret(t.Context(), "492039"); err != nil {
		t.Fatal(err)
	}
	p := newPeer(t, x)
	_, reply := p.convert("TIMESTAMP", "P", xproto.TimeCurrentTime)
	since := xproto.Timestamp(xgb.Get32(reply.Value))
	if property, _ := p.convert("UTF8_STRING", "P", since-1); property != xproto.AtomNone {
		t.Error("answered a request older than the copy")
	}
	if property, reply := p.convert("UTF8_STRING", "P", since); property == xproto.AtomNone || string(reply.Value) != "492039" {
		t.Error("refused a request as old as the copy")
	}
}

func TestX11OwnerThatNeverAnswers(t *testing.T) {
	x := startX(t)
	p := newPeer(t, x)
	xproto.SetSelectionOwner(p.conn, p.win, p.atom("CLIPBOARD"), xproto.TimeCurrentTime)
	p.atom("sync")
	c := platform.NewClipboard()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if got, err := c.Text(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Text = %q, %v", got, err)
	}
	// It does not keep us from copying.
	if err := c.SetSecret(t.Context(), "492039"); err != nil {
		t.Fatal(err)
	}
	if got, err := x.xclip("", "-out"); got != "492039" {
		t.Fatal(got, err)
	}
}

func TestX11ServerGoesAwayAndComesBack(t *testing.T) {
	x := startX(t)
	front := startXFront(t, x)
	t.Setenv("DISPLAY", front.display)
	c := platform.NewClipboard()
	if err := c.SetSecret(t.Context(), "492039"); err != nil {
		t.Fatal(err)
	}
	held := make(chan error, 1)
	go func() { held <- c.(platform.Holder).Hold(t.Context()) }()
	front.stop()
	if err := <-held; err != nil && !errors.Is(err, platform.ErrNoClipboard) { // it may not have begun before
		t.Fatal(err)
	}
	if err := c.SetSecret(t.Context(), "118604"); !errors.Is(err, platform.ErrNoClipboard) {
		t.Fatalf("without a server: %v", err)
	}
	if _, err := c.ClearIf(t.Context(), "492039"); !errors.Is(err, platform.ErrNoClipboard) {
		t.Fatalf("without a server: %v", err)
	}
	front.listen(t)
	if err := c.SetSecret(t.Context(), "118604"); err != nil {
		t.Fatal(err)
	}
	if got, err := x.xclip("", "-out"); got != "118604" {
		t.Fatal(got, err)
	}
}

func TestX11ServerThatHangs(t *testing.T) {
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "x:0")) // accepts, says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("DISPLAY", filepath.Join(dir, "x:0"))
	t.Setenv("WAYLAND_DISPLAY", "")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := platform.NewClipboard().SetSecret(ctx, "492039"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
}

func TestX11ServerThatTalksNonsense(t *testing.T) {
	for name, greeting := range map[string][]byte{
		"refusal with a long reason": append([]byte{0, 255, 11, 0, 0, 0, 64, 0}, make([]byte, 256)...),
		"empty setup":                {1, 0, 11, 0, 0, 0, 0, 0},
		"other protocol":             []byte("HTTP/1.1 400 Bad Request\r\n\r\n"),
		"setup of zeros":             append([]byte{1, 0, 11, 0, 0, 0, 64, 0}, make([]byte, 256)...),
		"setup of ones":              append([]byte{1, 0, 11, 0, 0, 0, 64, 0}, bytes.Repeat([]byte{255}, 256)...),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l, err := net.Listen("unix", filepath.Join(dir, "x:0"))
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				if c, err := l.Accept(); err == nil {
					_, _ = c.Write(greeting)
					_ = c.Close()
				}
			}()
			t.Setenv("DISPLAY", filepath.Join(dir, "x:0"))
			t.Setenv("WAYLAND_DISPLAY", "")
			if err := platform.NewClipboard().SetSecret(t.Context(), "492039"); !errors.Is(err, platform.ErrNoClipboard) {
				t.Fatal(err)
			}
		})
	}
}

func TestNoClipboard(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for name, env := range map[string][2]string{
		"nothing":         {"", ""},
		"no server there": {":64321", ""},
		"nonsense":        {"what?", ""},
		"no such screen":  {":64321.9", ""},
		"no tools":        {"", "wayland-0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("DISPLAY", env[0])
			t.Setenv("WAYLAND_DISPLAY", env[1])
			c := platform.NewClipboard()
			if err := c.SetSecret(t.Context(), "492039"); !errors.Is(err, platform.ErrNoClipboard) || strings.Contains(err.Error(), "492039") {
				t.Error(err)
			}
			if _, err := c.Text(t.Context()); !errors.Is(err, platform.ErrNoClipboard) {
				t.Error(err)
			}
			if _, err := c.ClearIf(t.Context(), "492039"); !errors.Is(err, platform.ErrNoClipboard) {
				t.Error(err)
			}
			if err := platform.Hold(t.Context(), c, "492039"); !errors.Is(err, platform.ErrNoClipboard) {
				t.Error(err)
			}
		})
	}
}

func TestX11ScreenThatDoesNotExist(t *testing.T) {
	x := startX(t)
	t.Setenv("DISPLAY", x.display+".9")
	if err := platform.NewClipboard().SetSecret(t.Context(), "1"); !errors.Is(err, platform.ErrNoClipboard) {
		t.Fatal(err)
	}
}

// fakeWayland puts scripts named wl-copy and wl-paste on PATH, which keep the
// clipboard in a file and record how they were called.
func fakeWayland(t *testing.T, help string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	script := func(name, body string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\ncd "+dir+"\n"+body), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// Like the real one, wl-copy leaves a process behind that keeps its files open.
	script("wl-copy", `echo "$@" >>calls
case "$1" in
--help) echo '`+help+`'; exit;;
--clear) rm -f board; exit;;
esac
/bin/cat >board
/bin/sleep 30 & echo $! >>left
`)
	script("wl-paste", `test -e broken && { echo 'Failed to connect to a Wayland server' >&2; exit 1; }
test -e board || { echo 'Nothing is copied' >&2; exit 1; }
exec /bin/cat board
`)
	t.Setenv("PATH", dir+":/bin:/usr/bin")
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "wayland-0")
	t.Cleanup(func() {
		pids, _ := os.ReadFile(filepath.Join(dir, "left"))
		for _, pid := range strings.Fields(string(pids)) {
			_ = exec.Command("kill", pid).Run()
		}
	})
	return dir
}

func TestWaylandTools(t *testing.T) {
	dir := fakeWayland(t, "  -o --paste-once\n  --sensitive  hint")
	c := platform.NewClipboard()
	copyElsewhere := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "board"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	if got, err := c.Text(ctx); got != "" || err != nil {
		t.Fatal(got, err)
	}
	if err := c.SetSecret(ctx, "492039"); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Text(ctx); got != "492039" || err != nil {
		t.Fatal(got, err)
	}
	copyElsewhere("mine")
	if ok, err := c.ClearIf(ctx, "492039"); ok || err != nil {
		t.Fatal(ok, err)
	}
	copyElsewhere("492039")
	if ok, err := c.ClearIf(ctx, "492039"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if got, err := c.Text(ctx); got != "" || err != nil {
		t.Fatal(got, err)
	}
	copyElsewhere(strings.Repeat("y", platform.MaxPaste+1))
	if _, err := c.Text(ctx); !errors.Is(err, platform.ErrTextTooLong) {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "broken"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Text(ctx); !errors.Is(err, platform.ErrNoClipboard) {
		t.Fatal(err)
	}
	calls, err := os.ReadFile(filepath.Join(dir, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(calls), "492039") {
		t.Fatalf("a code was an argument:\n%s", calls)
	}
	if !strings.Contains(string(calls), "--type text/plain;charset=utf-8 --sensitive\n") {
		t.Fatalf("copied without the mark:\n%s", calls)
	}
}

func TestOldWaylandToolsAreNotGivenAnUnknownOption(t *testing.T) {
	dir := fakeWayland(t, "  -o --paste-once")
	if err := platform.NewClipboard().SetSecret(t.Context(), "492039"); err != nil {
		t.Fatal(err)
	}
	calls, err := os.ReadFile(filepath.Join(dir, "calls"))
	if err != nil || strings.Contains(string(calls), "sensitive") {
		t.Fatalf("%s %v", calls, err)
	}
}
