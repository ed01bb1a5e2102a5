//go:build e2e && linux

package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

// patience is how long anything may take on a slow machine that does other things as well. Nothing waits that long
// when things go well.
const patience = 2 * time.Minute

var (
	bin        string // the program under test
	binThreads string // the same, with Fyne's thread checks
	artefacts  string // directory for logs and pictures
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "tallystick-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		if artefacts = os.Getenv("E2E_ARTEFACTS"); artefacts == "" {
			if artefacts, err = os.MkdirTemp("", "tallystick-artefacts-"); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
			fmt.Println("pictures and logs:", artefacts)
		}
		if bin = os.Getenv("TALLYSTICK_BIN"); bin == "" {
			bin = filepath.Join(dir, "tallystick")
			if err := build(bin, "migrated_fynedo,no_animations"); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
		if binThreads = os.Getenv("TALLYSTICK_BIN_THREADS"); binThreads == "" {
			// Built by the one test that needs it.
			binThreads = filepath.Join(dir, "threads", "tallystick")
		}
		return m.Run()
	}())
}

// build builds the windowed program.
func build(out, tags string) error {
	cmd := exec.Command("go", "build", "-tags", tags, "-o", out, "github.com/tallystick/tallystick")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("building the program under test: %w", err)
	}
	return nil
}

// newDesktop starts a desktop that ends with the test. When the test fails, a last picture is taken.
func newDesktop(t testing.TB, opt desktop.Options) *desktop.Desktop {
	t.Helper()
	opt.Artefacts = filepath.Join(artefacts, strings.ReplaceAll(t.Name(), "/", "_"))
	d, err := desktop.Start(within(t, patience), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			if path, err := d.SavePicture("failed"); err == nil {
				t.Logf("the screen at the end: %s", path)
			}
			t.Logf("logs and pictures: %s", d.Artefacts)
		}
		d.Close()
	})
	return d
}

// within is a context that ends with the test or after a time, whichever comes first.
func within(t testing.TB, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

// picture saves a picture of the screen with the test's artefacts.
func picture(t testing.TB, d *desktop.Desktop, name string) {
	t.Helper()
	if _, err := d.SavePicture(name); err != nil {
		t.Error(err)
	}
}
