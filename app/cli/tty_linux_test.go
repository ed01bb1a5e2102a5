package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// screen is a person at a terminal: what the program writes there, and a keyboard.
type screen struct {
	keyboard *os.File // the person's end
	line     *os.File // the program's end

	mu      sync.Mutex
	changed *sync.Cond
	text    bytes.Buffer
	closed  bool
}

// newScreen makes a terminal, the way xterm does.
func newScreen(t *testing.T) *screen {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals here: ", err)
	}
	fd := int(keyboard.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	line, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals here: ", err)
	}
	s := &screen{keyboard: keyboard, line: line}
	s.changed = sync.NewCond(&s.mu)
	t.Cleanup(func() { _ = keyboard.Close(); _ = line.Close() })
	go func() {
		b := make([]byte, 1024)
		for {
			n, err := keyboard.Read(b)
			s.mu.Lock()
			s.text.Write(b[:n])
			s.closed = err != nil
			s.changed.Broadcast()
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return s
}

// waitFor returns when text is on the screen. The test's own deadline bounds it.
func (s *screen) waitFor(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !strings.Contains(s.text.String(), text) && !s.closed {
		s.changed.Wait()
	}
}

func (s *screen) shows() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (s *screen) types(text string) { _, _ = io.WriteString(s.keyboard, text) }

// echoes reports whether what is typed is shown.
func (s *screen) echoes(t *testing.T) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(s.line.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// start runs the program on the screen, which is its controlling terminal. stdin nil is the screen too.
func (s *screen) start(t *testing.T, path, dir string, stdin io.Reader, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(path, args...)
	cmd.Env = []string{"TALLYSTICK_DIR=" + dir, "HOME=" + dir, "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent"}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, s.line, s.line
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 1}
	if stdin == nil {
		cmd.Stdin = s.line
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd
}

// TestTerminal asks for passphrases on a real terminal.
func TestTerminal(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program and derives keys at full cost")
	}
	path, dir := program(t), t.TempDir()
	ends := func(cmd *exec.Cmd, status int, s *screen) {
		t.Helper()
		_ = cmd.Wait()
		if got := cmd.ProcessState.ExitCode(); got != status {
			t.Errorf("status %d, want %d: %q", got, status, s.shows())
		}
		if !s.echoes(t) {
			t.Error("the terminal is left without echo")
		}
		if strings.Contains(s.shows(), passOne) || strings.Contains(s.shows(), rfcKey) {
			t.Errorf("a secret is on the screen: %q", s.shows())
		}
	}

	t.Run("link and new passphrase", func(t *testing.T) {
		s := newScreen(t)
		cmd := s.start(t, path, dir, nil, "add", "-")
		s.waitFor("Link (not shown): ")
		s.types(linkRFC + "\n")
		s.waitFor("New passphrase: ")
		s.types(passOne + "\n")
		s.waitFor("The same again: ")
		s.types(passOne + "\n")
		ends(cmd, statusDone, s)
		s.waitFor("Added Example")
	})
	t.Run("passphrase beside piped input", func(t *testing.T) {
		s := newScreen(t)
		cmd := s.start(t, path, dir, strings.NewReader(linkOther), "add", "-")
		s.waitFor("Passphrase: ")
		if s.echoes(t) {
			t.Error("the passphrase would be shown")
		}
		s.types(passOne + "\n")
		ends(cmd, statusDone, s)
		s.waitFor("Added Yeastar")
	})
	t.Run("interrupted while typing", func(t *testing.T) {
		s := newScreen(t)
		cmd := s.start(t, path, dir, nil, "code", "example")
		s.waitFor("Passphrase: ")
		s.types("half of it\x03") // Ctrl+C
		ends(cmd, statusFailed, s)
	})
	t.Run("question", func(t *testing.T) {
		s := newScreen(t)
		cmd := s.start(t, path, dir, nil, "remove", "yeastar", "--for-ever")
		s.waitFor("Passphrase: ")
		s.types(passOne + "\n")
		s.waitFor("[y/N] ")
		s.types("y\n")
		ends(cmd, statusDone, s)
		s.waitFor("Deleted Yeastar")
	})
}
