package platform_test

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/platform"
	"github.com/tallystick/tallystick/vault/secret"
)

const link = "otpauth://totp/Shop:maria?secret=JBSWY3DPEHPK3PXP&issuer=Shop"

// claim makes this process the window of dir and returns what its handler was asked.
func claim(t testing.TB, dir string) (platform.Instance, <-chan string) {
	t.Helper()
	asked := make(chan string, 100)
	w, err := platform.Claim(dir, platform.Request{}, func(r platform.Request) platform.Reply {
		asked <- r.Command + " " + string(r.Text.Reveal())
		r.Text.Wipe()
		if r.Command == "lock" {
			return platform.Reply{Word: "nothing-to-lock-with"}
		}
		return platform.Reply{Word: "ok"}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w, asked
}

func TestSecondStartHandsItsLinkOver(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "by claim")
	_, asked := claim(t, dir)
	text := secret.FromString(link)
	second, err := platform.Claim(dir, platform.Request{Command: "open", Text: text}, func(platform.Request) platform.Reply {
		t.Error("the second start became a window")
		return platform.Reply{}
	})
	if second != nil || !errors.Is(err, platform.ErrRunning) {
		t.Fatal(second, err)
	}
	if got := <-asked; got != "open "+link {
		t.Fatalf("asked %q", got)
	}
	if string(text.Reveal()) != link {
		t.Fatal("the sender's link was taken away")
	}
	if _, err := platform.Claim(dir, platform.Request{}, nil); !errors.Is(err, platform.ErrRunning) {
		t.Fatal(err)
	}
	if got := <-asked; got != "show " {
		t.Fatalf("asked %q", got)
	}
}

func TestSend(t *testing.T) {
	dir := t.TempDir()
	if _, err := platform.Send(t.Context(), filepath.Join(dir, "missing"), platform.Request{Command: "lock"}); !errors.Is(err, platform.ErrNotRunning) {
		t.Fatal(err)
	}
	if _, err := platform.Send(t.Context(), dir, platform.Request{Command: "lock"}); !errors.Is(err, platform.ErrNotRunning) {
		t.Fatal(err)
	}
	w, asked := claim(t, dir)
	reply, err := platform.Send(t.Context(), dir, platform.Request{Command: "lock"})
	if err != nil || reply.Word != "nothing-to-lock-with" {
		t.Fatal(reply, err)
	}
	<-asked
	// Another name of the same directory is the same window.
	other := filepath.Join(t.TempDir(), "alias")
	if err := os.Symlink(dir, other); err == nil {
		if _, err := platform.Send(t.Context(), other, platform.Request{Command: "show"}); err != nil {
			t.Fatal(err)
		}
		<-asked
	}
	long := secret.New([]byte(strings.Repeat("x", platform.MaxRequestText)))
	if _, err := platform.Send(t.Context(), dir, platform.Request{Command: "open", Text: long}); err != nil {
		t.Fatal(err)
	}
	if got := <-asked; len(got) != len("open ")+platform.MaxRequestText {
		t.Fatalf("%d bytes arrived", len(got))
	}
	for _, bad := range []platform.Request{
		{},
		{Command: "Show me"},
		{Command: strings.Repeat("x", 33)},
		{Command: "open", Text: secret.New([]byte(strings.Repeat("x", platform.MaxRequestText+1)))},
	} {
		if _, err := platform.Send(t.Context(), dir, bad); !errors.Is(err, platform.ErrRequest) {
			t.Errorf("%q: %v", bad.Command, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatalf("closing twice: %v", err)
	}
	if _, err := platform.Send(t.Context(), dir, platform.Request{Command: "lock"}); !errors.Is(err, platform.ErrNotRunning) {
		t.Fatal(err)
	}
	claim(t, dir) // there is room again
}

func TestOfManyStartsOneWins(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var won []platform.Instance
	delivered := 0
	for range 12 {
		wg.Go(func() {
			w, err := platform.Claim(dir, platform.Request{}, func(platform.Request) platform.Reply {
				mu.Lock()
				defer mu.Unlock()
				delivered++
				return platform.Reply{Word: "ok"}
			})
			switch {
			case err == nil:
				mu.Lock()
				won = append(won, w)
				mu.Unlock()
			case !errors.Is(err, platform.ErrRunning):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 || delivered != 11 {
		t.Fatalf("%d windows, %d requests delivered", len(won), delivered)
	}
	_ = won[0].Close()
}

func TestRequestsAreHandledOneAtATime(t *testing.T) {
	dir := t.TempDir()
	var mu sync.Mutex
	w, err := platform.Claim(dir, platform.Request{}, func(platform.Request) platform.Reply {
		if !mu.TryLock() {
			t.Error("two at once")
			return platform.Reply{}
		}
		defer mu.Unlock()
		for range 1000 { // time for another one to come in
			runtime.Gosched()
		}
		return platform.Reply{Word: "ok"}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if _, err := platform.Send(t.Context(), dir, platform.Request{Command: "show"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// startWindowElsewhere runs a window of dir in another process.
func startWindowElsewhere(t *testing.T, dir string) *os.Process {
	t.Helper()
	cmd := exec.Command(os.Args[0], "as-child", "window", dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("the other process said %q, %v", line, err)
	}
	return cmd.Process
}

func TestAKilledWindowLeavesNothingInTheWay(t *testing.T) {
	dir := t.TempDir()
	p := startWindowElsewhere(t, dir)
	if reply, err := platform.Send(t.Context(), dir, platform.Request{Command: "show"}); err != nil || reply.Word != "child-show" {
		t.Fatal(reply, err)
	}
	if _, err := platform.Claim(dir, platform.Request{}, nil); !errors.Is(err, platform.ErrRunning) {
		t.Fatal(err)
	}
	_ = p.Kill()
	_, _ = p.Wait()
	if _, err := os.Lstat(filepath.Join(dir, "window.sock")); err != nil {
		t.Fatalf("the test needs the socket that was left behind: %v", err)
	}
	if _, err := platform.Send(t.Context(), dir, platform.Request{Command: "show"}); !errors.Is(err, platform.ErrNotRunning) {
		t.Fatal(err)
	}
	_, asked := claim(t, dir)
	if _, err := platform.Send(t.Context(), dir, platform.Request{Command: "show"}); err != nil {
		t.Fatal(err)
	}
	<-asked
	conn, err := net.Dial("unix", filepath.Join(dir, "window.sock"))
	if err != nil {
		t.Fatalf("it had to move elsewhere: %v", err)
	}
	_ = conn.Close()
}

func TestNonsenseIsDropped(t *testing.T) {
	dir := t.TempDir()
	_, asked := claim(t, dir)
	for _, bytes := range []string{
		"", "GET / HTTP/1.1\r\n\r\n", "TSW1", "TSW1\x04\xff\xff\xff\xffopen", "TSW1\xff\x00\x00\x00\x00",
		"TSW1\x04\x00\x00\x00\x00OPEN", "TSW2\x04\x00\x00\x00\x00show", "TSW1\x04\x00\x00\x00\x09opencut",
	} {
		conn, err := net.Dial("unix", filepath.Join(dir, "window.sock"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte(bytes))
		_ = conn.(*net.UnixConn).CloseWrite()
		if n, err := conn.Read(make([]byte, 10)); n != 0 {
			t.Errorf("%q was answered: %v", bytes, err)
		}
		_ = conn.Close()
	}
	if _, err := platform.Send(t.Context(), dir, platform.Request{Command: "show"}); err != nil {
		t.Fatal(err)
	}
	if got := <-asked; got != "show " || len(asked) != 0 {
		t.Fatalf("asked %q and %d more", got, len(asked))
	}
}

func TestAWindowThatHangs(t *testing.T) {
	dir := t.TempDir()
	release := make(chan struct{})
	w, err := platform.Claim(dir, platform.Request{}, func(platform.Request) platform.Reply {
		<-release
		return platform.Reply{}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := platform.Send(ctx, dir, platform.Request{Command: "show"}); !errors.Is(err, platform.ErrNoAnswer) || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
}

func TestClaimWhereNothingCanBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := platform.Claim(filepath.Join(file, "dir"), platform.Request{}, nil)
	var pathErr *fs.PathError
	if w != nil || !errors.As(err, &pathErr) {
		t.Fatal(w, err)
	}
}
