//go:build unix

package platform_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/platform"
	"github.com/tallystick/tallystick/vault/secret"
)

func sendBare(socket string) string {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return "not connected"
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "TSW1\x04\x00\x00\x00\x00show")
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	answer, err := io.ReadAll(conn)
	return fmt.Sprintf("answer %q timeout %v", answer, errors.Is(err, os.ErrDeadlineExceeded))
}

func TestSocketIsOpenToNobodyElse(t *testing.T) {
	dir := t.TempDir()
	claim(t, dir)
	info, err := os.Lstat(filepath.Join(dir, "window.sock"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info.Mode(), err)
	}
}

func TestDeepDirectoryGetsAShortSocket(t *testing.T) {
	runtimeDir := shortDir(t)
	t.Setenv("XDG_RUNTIME_DIR", runtimeDir)
	dir := filepath.Join(t.TempDir(), strings.Repeat("deep/", 30))
	w, asked := claim(t, dir)
	found, err := filepath.Glob(filepath.Join(runtimeDir, "*", "*.sock"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	if info, err := os.Lstat(filepath.Dir(found[0])); err != nil || info.Mode().Perm() != 0o700 {
		t.Fatal(info.Mode(), err)
	}
	if info, err := os.Lstat(found[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info.Mode(), err)
	}
	if _, err := platform.Send(t.Context(), dir, platform.Request{Command: "show"}); err != nil {
		t.Fatal(err)
	}
	<-asked
	other := filepath.Join(filepath.Dir(filepath.Dir(dir)), "neighbour", strings.Repeat("x", 40))
	claim(t, other) // its own window, not this one
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(found[0]); !errors.Is(err, os.ErrNotExist) {
		t.Fatal("the socket was left behind", err)
	}
}

// shortDir is a directory whose name leaves room for a socket's.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "pt-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// TestSomebodyElsesDirectoryIsNotUsed: in a place where everybody may write, another
// person can be first to make the directory that we would use.
func TestSomebodyElsesDirectoryIsNotUsed(t *testing.T) {
	me := fmt.Sprintf("tallystick-%d", os.Geteuid())
	for name, plant := range map[string]func(path string) error{
		"open to all": func(path string) error { return errors.Join(os.Mkdir(path, 0o777), os.Chmod(path, 0o777)) },
		"a link":      func(path string) error { return os.Symlink(t.TempDir(), path) },
		"a file":      func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"another owner": func(path string) error {
			if os.Geteuid() != 0 {
				return errors.ErrUnsupported
			}
			return errors.Join(os.Mkdir(path, 0o700), os.Chown(path, 65534, 65534))
		},
	} {
		t.Run(name, func(t *testing.T) {
			trap, good := shortDir(t), shortDir(t)
			if err := plant(filepath.Join(trap, me)); errors.Is(err, errors.ErrUnsupported) {
				t.Skip("SKIPPED: only an administrator can make files of another owner")
			} else if err != nil {
				t.Fatal(err)
			}
			t.Setenv("XDG_RUNTIME_DIR", trap)
			t.Setenv("TMPDIR", good)
			dir := filepath.Join(t.TempDir(), strings.Repeat("deep/", 30))
			_, asked := claim(t, dir)
			if inTrap, _ := filepath.Glob(filepath.Join(trap, "*", "*")); len(inTrap) != 0 {
				t.Fatalf("listens in %q", inTrap)
			}
			if inGood, _ := filepath.Glob(filepath.Join(good, me, "*.sock")); len(inGood) != 1 {
				t.Fatalf("found %q", inGood)
			}
			if _, err := platform.Send(t.Context(), dir, platform.Request{Command: "show"}); err != nil {
				t.Fatal(err)
			}
			<-asked
		})
	}
}

// listenBare is a false window: it takes one connection and says what came over it.
func listenBare(socket string) string {
	l, err := net.Listen("unix", socket)
	if err != nil {
		return "does not listen"
	}
	fmt.Println("ready")
	conn, err := l.Accept()
	if err != nil {
		return "not connected"
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	got, err := io.ReadAll(conn)
	return fmt.Sprintf("got %q timeout %v", got, errors.Is(err, os.ErrDeadlineExceeded))
}

// TestNoLinkGoesIntoATrap: where everybody may write, somebody has put a directory with our name and listens in it.
func TestNoLinkGoesIntoATrap(t *testing.T) {
	good, trap := shortDir(t), shortDir(t)
	me := fmt.Sprintf("tallystick-%d", os.Geteuid())
	dir := filepath.Join(t.TempDir(), strings.Repeat("deep/", 30))
	t.Setenv("TMPDIR", good)
	t.Setenv("XDG_RUNTIME_DIR", good)
	w, _ := claim(t, dir)
	sockets, _ := filepath.Glob(filepath.Join(good, me, "*.sock"))
	if len(sockets) != 1 {
		t.Fatalf("listens at %q", sockets)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Mkdir(filepath.Join(trap, me), 0o700), os.Chmod(filepath.Join(trap, me), 0o777)); err != nil {
		t.Fatal(err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: filepath.Join(trap, me, filepath.Base(sockets[0]))})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("XDG_RUNTIME_DIR", trap)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second) // a trap does not answer
	defer cancel()
	if _, err := platform.Send(ctx, dir, platform.Request{Command: "open", Text: secret.FromString(link)}); !errors.Is(err, platform.ErrNotRunning) {
		t.Errorf("sent to a trap: %v", err)
	}
	if err := l.SetDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if conn, err := l.Accept(); err == nil {
		conn.Close()
		t.Error("the trap was spoken to")
	}
}

// TestAnotherPersonsWindowGetsNoLink: what listens at the right place runs as somebody else.
func TestAnotherPersonsWindowGetsNoLink(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: only an administrator can start a process of another person")
	}
	public := shortDir(t)
	dir, tool := filepath.Join(public, "dir"), filepath.Join(public, "test")
	binary, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(tool, binary, 0o755), os.Chmod(public, 0o755), os.Mkdir(dir, 0o700), os.Chmod(dir, 0o777)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(tool, "as-child", "listen-bare", filepath.Join(dir, "window.sock"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	said := bufio.NewReader(out)
	if line, err := said.ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("the other process said %q, %v", line, err)
	}
	if _, err := platform.Send(t.Context(), dir, platform.Request{Command: "open", Text: secret.FromString(link)}); !errors.Is(err, platform.ErrNoAnswer) {
		t.Errorf("sent to another person: %v", err)
	}
	if line, err := said.ReadString('\n'); err != nil || line != "got \"\" timeout false\n" {
		t.Errorf("the other person's process %s, %v", line, err)
	}
}

// TestAnotherPersonIsNotHeard opens the socket to everybody and connects as nobody.
func TestAnotherPersonIsNotHeard(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: only an administrator can start a process of another person")
	}
	public, err := os.MkdirTemp("/tmp", "platform-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(public) })
	dir, tool := filepath.Join(public, "dir"), filepath.Join(public, "test")
	binary, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(tool, binary, 0o755), os.Chmod(public, 0o755)); err != nil {
		t.Fatal(err)
	}
	_, asked := claim(t, dir)
	socket := filepath.Join(dir, "window.sock")
	if err := errors.Join(os.Chmod(dir, 0o777), os.Chmod(socket, 0o777)); err != nil {
		t.Fatal(err)
	}
	as := func(uid uint32) string {
		cmd := exec.Command(tool, "as-child", "send-bare", socket)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v", out, err)
		}
		return strings.TrimSpace(string(out))
	}
	if got := as(0); got != `answer "\x02ok" timeout false` {
		t.Fatalf("as ourselves: %s", got)
	}
	<-asked
	if got := as(65534); got != `answer "" timeout false` {
		t.Fatalf("as nobody: %s", got)
	}
	if len(asked) != 0 {
		t.Fatalf("nobody was heard: %q", <-asked)
	}
}

func TestAWindowThatIsStopped(t *testing.T) {
	dir := t.TempDir()
	p := startWindowElsewhere(t, dir)
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus // the signal takes a moment to stop every thread
	if _, err := syscall.Wait4(p.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatal(status, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := platform.Send(ctx, dir, platform.Request{Command: "show"}); !errors.Is(err, platform.ErrNoAnswer) {
		t.Fatal(err)
	}
}
