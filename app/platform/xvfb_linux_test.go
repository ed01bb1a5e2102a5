package platform_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jezek/xgb/xproto"
)

// need skips, visibly, where a real peer is not installed.
func need(t testing.TB, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED: %s is not installed, so nothing was tested against it", tool)
		}
	}
}

// xServer is a virtual X server of this test's own.
type xServer struct {
	display string // ":7"
	cmd     *exec.Cmd
}

// startX starts Xvfb on a display it picks itself and points DISPLAY at it.
func startX(t testing.TB) *xServer {
	t.Helper()
	need(t, "Xvfb", "xclip")
	x := launchX(t)
	t.Setenv("DISPLAY", x.display)
	t.Setenv("WAYLAND_DISPLAY", "")
	return x
}

func launchX(t testing.TB) *xServer {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "640x480x24", "-nolisten", "tcp", "-noreset")
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		t.Fatalf("Xvfb did not say its display: %v", err)
	}
	x := &xServer{display: ":" + strings.TrimSpace(line), cmd: cmd}
	t.Cleanup(x.stop)
	return x
}

func (x *xServer) stop() {
	_ = x.cmd.Process.Kill()
	_ = x.cmd.Wait()
}

// xFront is an address of an X server that can be shut and opened, which tells the
// loss of the connection from the end of the server.
type xFront struct {
	display string
	behind  *xServer

	mu    sync.Mutex
	l     net.Listener
	conns []net.Conn
}

func startXFront(t testing.TB, x *xServer) *xFront {
	t.Helper()
	f := &xFront{display: filepath.Join(t.TempDir(), "x:0"), behind: x}
	f.listen(t)
	t.Cleanup(f.stop)
	return f
}

func (f *xFront) listen(t testing.TB) {
	t.Helper()
	l, err := net.Listen("unix", f.display)
	if err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	f.l = l
	f.mu.Unlock()
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("unix", "/tmp/.X11-unix/X"+strings.TrimPrefix(f.behind.display, ":"))
			if err != nil {
				_ = in.Close()
				continue
			}
			f.mu.Lock()
			f.conns = append(f.conns, in, out)
			f.mu.Unlock()
			go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
		}
	}()
}

// stop closes the address and every connection.
func (f *xFront) stop() {
	f.mu.Lock()
	_ = f.l.Close()
	f.mu.Unlock()
	f.drop()
}

// drop closes every connection.
func (f *xFront) drop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		_ = c.Close()
	}
	f.conns = nil
}

// xclip runs xclip on the CLIPBOARD selection with in as its input.
func (x *xServer) xclip(in string, args ...string) (string, error) {
	cmd := exec.Command("xclip", append([]string{"-display", x.display, "-selection", "clipboard"}, args...)...)
	if in != "" {
		cmd.Stdin = strings.NewReader(in)
		return "", cmd.Run() // xclip stays behind to serve it; do not wait for its output
	}
	var out bytes.Buffer
	cmd.Stdout = &out
	err := cmd.Run()
	return out.String(), err
}

// copyElsewhere copies text in another program and returns once that owns the
// selection: xclip ends before its claim has reached the server.
func (x *xServer) copyElsewhere(t testing.TB) func(string) {
	p := newPeer(t, x)
	owner := func() xproto.Window {
		reply, err := xproto.GetSelectionOwner(p.conn, p.atom("CLIPBOARD")).Reply()
		if err != nil {
			t.Fatal(err)
		}
		return reply.Owner
	}
	return func(text string) {
		t.Helper()
		before := owner()
		if _, err := x.xclip(text, "-in"); err != nil {
			t.Fatalf("xclip -in: %v", err)
		}
		for now := before; now == before || now == xproto.WindowNone; now = owner() {
		}
	}
}
