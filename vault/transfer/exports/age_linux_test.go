package exports

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/backup"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// ageTool is the stock age tool, built from the module this program uses.
func ageTool(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the age tool")
	}
	tool := filepath.Join(t.TempDir(), "age")
	build := exec.Command("go", "build", "-o", tool, "filippo.io/age/cmd/age")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("cannot build the age tool: %v: %s", err, out)
	}
	return tool
}

// atTerminal runs a command in a session of its own whose terminal types text: age asks there
// and nowhere else.
func atTerminal(t *testing.T, text string, cmd *exec.Cmd) ([]byte, error) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals here: ", err)
	}
	defer keyboard.Close()
	if err := unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(keyboard.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	line, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals here: ", err)
	}
	defer line.Close()
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = line, &out, line
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { // what it says there: the question
		b := make([]byte, 1024)
		for {
			if _, err := keyboard.Read(b); err != nil {
				return
			}
		}
	}()
	if _, err := keyboard.WriteString(text + "\n"); err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	return out.Bytes(), err
}

// Nobody is locked in: the stock age tool opens our export, and, with unzip, our backup, with
// nothing but the passphrase.
func TestStockAgeOpensWhatWeWrite(t *testing.T) {
	tool := ageTool(t)
	m, cfg := vaulttest.Create(t, "", vaulttest.Canonical()...)
	var v *vault.Vault
	ok(t, m.Read(func(now *vault.Vault) error { v = now.Clone(); return nil }))
	dir := t.TempDir()
	export := filepath.Join(dir, "export.age")
	file, err := Tallystick.Write(v, options("correct horse"))
	ok(t, err)
	ok(t, os.WriteFile(export, file, 0o600))

	k := backup.New(backup.Config{Vault: m, Dir: cfg.Dir, Work: 2})
	ok(t, k.SetUp(t.Context(), t.TempDir(), secret.FromString("correct horse")))
	c, err := k.Make(t.Context())
	ok(t, err)
	unzip, err := exec.LookPath("unzip")
	if err != nil {
		t.Skip("unzip is not installed")
	}
	if out, err := exec.Command(unzip, "-q", c.Path, "-d", dir).CombinedOutput(); err != nil {
		t.Fatalf("unzip does not open the backup: %v: %s", err, out)
	}

	for name, args := range map[string][]string{
		"export": {"-d", export},
		"backup": {"-d", "-i", filepath.Join(dir, "key.age"), filepath.Join(dir, "accounts.age")},
	} {
		out, err := atTerminal(t, "correct horse", exec.Command(tool, args...))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if len(lines) != 8 || !strings.HasPrefix(lines[0], `{"format":1,`) || !strings.Contains(lines[1], `"secret":"KRAUYTCZORXXI4CLIVMW2YLSNNSXEMBR"`) {
			t.Errorf("%s: %d lines, of which the first is %s", name, len(lines), lines[0])
		}
		if _, err := atTerminal(t, "wrong", exec.Command(tool, args...)); err == nil {
			t.Errorf("%s: opened with another passphrase", name)
		}
	}
}
