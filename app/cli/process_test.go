package cli

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// program builds the command line program once for a test or benchmark.
func program(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tallystick")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-X main.version=9.8.7", "-o", path, "./tallystick")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// process runs the program with text on standard input, in a session without a keyring.
func process(t testing.TB, path, dir, stdin string, args ...string) result {
	t.Helper()
	cmd := exec.Command(path, args...)
	cmd.Env = []string{"TALLYSTICK_DIR=" + dir, "HOME=" + dir, "PATH=" + os.Getenv("PATH"), "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent"}
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// TestNoWindowToolkit holds that the program without a window has none in it.
func TestNoWindowToolkit(t *testing.T) {
	for _, system := range []string{"linux", "windows", "darwin"} {
		cmd := exec.Command("go", "list", "-deps", "./tallystick")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		deps := strings.Fields(string(out))
		if len(deps) < 50 {
			t.Fatalf("only %d packages: the question is wrong", len(deps))
		}
		for _, d := range deps {
			if strings.HasPrefix(d, "fyne.io/") || strings.Contains(d, "go-gl/") {
				t.Errorf("%s: imports %s", system, d)
			}
		}
	}
}

// TestTheProgram is one walk through the real program, with nothing faked: no keyring, so a
// passphrase with its real cost.
func TestTheProgram(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program and derives keys at full cost")
	}
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere the keyring is always there, and is the person's own")
	}
	path := program(t)
	dir := t.TempDir()
	if got := process(t, path, dir, "", "version"); !strings.HasPrefix(got.out, "tallystick 9.8.7 ") {
		t.Errorf("%+v", got)
	}
	process(t, path, dir, linkRFC, "add", "-").wants(t, statusLocked, "no keyring")
	process(t, path, dir, passOne+"\n"+linkRFC, "--passphrase-stdin", "add", "-").wants(t, statusDone, "protected by the passphrase")
	got := process(t, path, dir, passOne+"\n", "--passphrase-stdin", "code", "example", "--at", "1970-01-01T00:00:59Z")
	if got.out != "287082\n" || got.status != statusDone {
		t.Errorf("%+v", got)
	}
	process(t, path, dir, "wrong\n", "--passphrase-stdin", "code").wants(t, statusLocked, "not right")
	process(t, path, dir, "", "code").wants(t, statusLocked, "passphrase is needed")
	process(t, path, dir, "").wants(t, statusUsage, "tallystick help")
	process(t, path, dir, "", "lock").wants(t, statusDone, "")
}

// BenchmarkCode is `tallystick code` in this process: open, unlock without KDF, one code.
func BenchmarkCode(b *testing.B) {
	for _, n := range []int{10, 1000, 10000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			r := newRig(b)
			r.must(linkRFC, "add", "-")
			r.fill(n - 1)
			b.ResetTimer()
			for range b.N {
				r.must("", "code", "maria")
			}
		})
	}
}

// BenchmarkCodeProcess is the whole program from start to exit. "start" opens no vault: it is
// what the process itself costs. "code" is `tallystick code` on a vault whose key is in a real
// keyring, on a bus of its own.
func BenchmarkCodeProcess(b *testing.B) {
	path := program(b)
	b.Run("start", func(b *testing.B) {
		for range b.N {
			if got := process(b, path, b.TempDir(), "", "version"); got.status != statusDone {
				b.Fatalf("%+v", got)
			}
		}
	})
	b.Run("code", func(b *testing.B) {
		for _, tool := range []string{"dbus-run-session", "gnome-keyring-daemon", "sh"} {
			if _, err := exec.LookPath(tool); err != nil {
				b.Skip("there is no " + tool)
			}
		}
		benchmarkWithKeyring(b, path)
	})
}

// keyringSession makes a vault in a session with a keyring, says "go", runs the program N
// times, and says "done". The shell's own share is one fork and exec each.
const keyringSession = `
printf x | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1 || exit 1
printf '%s\n' "$LINK" | "$PROGRAM" add - >/dev/null || exit 1
echo go
i=0
while [ $i -lt $N ]; do "$PROGRAM" code maria >/dev/null || exit 1; i=$((i+1)); done
echo done
`

func benchmarkWithKeyring(b *testing.B, path string) {
	home := b.TempDir()
	cmd := exec.Command("dbus-run-session", "--", "sh", "-c", keyringSession)
	cmd.Env = []string{
		"HOME=" + home, "XDG_RUNTIME_DIR=" + home, "TALLYSTICK_DIR=" + filepath.Join(home, "data"), "PATH=" + os.Getenv("PATH"),
		"LINK=" + linkRFC, "PROGRAM=" + path, "N=" + strconv.Itoa(b.N),
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	said := bufio.NewScanner(out)
	for said.Scan() {
		switch said.Text() {
		case "go":
			b.ResetTimer()
		case "done":
			b.StopTimer()
		}
	}
	if err := cmd.Wait(); err != nil {
		b.Fatalf("%v: %s", err, errs.String())
	}
}
