//go:build linux

// Command demo shows Tallystick's main job on a machine without a screen: it starts a virtual desktop, opens a page with
// a QR code in a browser, lets Tallystick scan the screen, add the account and copy its code, signs in with that code,
// and says where the pictures of it lie. `make run` starts it when there is no display.
//
// Everything it starts and stores is its own and temporary: a person's vault, keyring and browser are not touched.
//
// It imports app/e2e/desktop and app/e2e/portal, and nothing else of ours: it does what a person could do.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/tallystick/tallystick/app/e2e/desktop"
	"github.com/tallystick/tallystick/app/e2e/portal"
)

// patience is how long one step may take.
const patience = time.Minute

func main() {
	bin := flag.String("bin", "build/tallystick", "the `PROGRAM` to show")
	out := flag.String("out", "build/demo", "the `DIRECTORY` for pictures and logs")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *bin, *out); err != nil {
		fmt.Fprintf(os.Stderr, "\nIt did not work: %v\nLogs and pictures: %s\n", err, *out)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, bin, out string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*patience)
	defer cancel()
	if bin, err = filepath.Abs(bin); err != nil {
		return err
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}

	say("There is no display here, so this shows the main job on a virtual one.")
	step("Starting a desktop: X server, window manager, keyring")
	d, err := desktop.Start(ctx, desktop.Options{Artefacts: out})
	if err != nil {
		return err
	}
	defer d.Close()
	defer func() {
		if err != nil {
			_, _ = d.SavePicture("failed")
		}
	}()

	step("Opening a portal in a browser. It shows a QR code")
	page, err := portal.Start("Example Portal", "maria@shop.example")
	if err != nil {
		return err
	}
	defer page.Close()
	browser, window, err := openPage(ctx, d, page)
	if err != nil {
		return err
	}

	step("Starting Tallystick, for the first time")
	tally, err := d.Start("tallystick", desktop.StartOptions{}, bin)
	if err != nil {
		return err
	}
	w, err := d.WindowOf(ctx, tally)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, tally.Output())
	}
	if err := w.Move(ctx, image.Rect(30, 60, 450, 740)); err != nil {
		return err
	}
	if err := follow(ctx, w, "Start", "Return", "Add your first account"); err != nil {
		return err
	}

	step("Ctrl+Shift+S: scan the screen")
	if err := follow(ctx, w, "Add your first account", "ctrl+shift+s", "Is this it"); err != nil {
		return err
	}
	found, err := d.SavePicture("found")
	if err != nil {
		return err
	}
	say("     found: %s, %s", page.Issuer, page.Name)

	step("Enter: add it. Tallystick shows the code to type into the portal")
	if err := follow(ctx, w, "Is this it", "Return", "Type this into"); err != nil {
		return err
	}
	if err := follow(ctx, w, "Type this into", "Return", "Keep the recovery keys"); err != nil {
		return err
	}
	if err := follow(ctx, w, "Keep the recovery keys", "Return", "Show my accounts"); err != nil {
		return err
	}
	if err := follow(ctx, w, "Show my accounts", "Return", "Example Portal"); err != nil {
		return err
	}

	step("Enter: copy the code")
	code, at, err := copyCode(ctx, d, w)
	if err != nil {
		return err
	}
	say("     the code at %s is %s", at.Format(time.TimeOnly), code)
	if err := judge(ctx, d, page, code, at); err != nil {
		return err
	}

	step("Pasting it into the portal")
	if err := window.Key(ctx, "ctrl+v", "Return"); err != nil {
		return err
	}
	if _, err := d.WindowTitled(ctx, "Signed in"); err != nil {
		return err
	}
	if attempts := page.Attempts(); len(attempts) != 1 || !attempts[0] {
		return errors.New("the portal refused the code")
	}
	say("     the portal says: signed in")
	result, err := d.SavePicture("signed-in")
	if err != nil {
		return err
	}
	browser.Stop()
	say("\nDone. The pictures:\n  %s\n  %s", found, result)
	return nil
}

// openPage shows the portal in a browser and waits until it is on the screen.
func openPage(ctx context.Context, d *desktop.Desktop, page *portal.Portal) (*desktop.Process, *desktop.Window, error) {
	place := image.Rect(500, 40, 1500, 860)
	browser, window, err := d.Browser(ctx, page.URL, place, 1)
	if err != nil {
		return nil, nil, err
	}
	select {
	case <-page.Shown():
	case <-browser.Done():
		return nil, nil, fmt.Errorf("the browser ended: %s", browser.Output())
	case <-ctx.Done():
		return nil, nil, fmt.Errorf("the browser never showed the page: %w", ctx.Err())
	}
	err = desktop.WaitFor(ctx, "the page to be on the screen", func() bool {
		img, err := d.Picture()
		return err == nil && desktop.Count(img, portal.Header) > place.Dx()*20
	})
	return browser, window, err
}

// follow waits for the window to show one phrase, presses a key, and waits for the next phrase.
func follow(ctx context.Context, w *desktop.Window, shows, key, then string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, _, err := w.WaitText(ctx, shows); err != nil {
		return err
	}
	if err := w.Key(ctx, key); err != nil {
		return err
	}
	_, _, err := w.WaitText(ctx, then)
	return err
}

// copyCode presses Enter in the list and returns what is on the clipboard then. It waits for the first part of a
// period, so that there is time to paste the code.
func copyCode(ctx context.Context, d *desktop.Desktop, w *desktop.Window) (code string, at time.Time, err error) {
	err = desktop.WaitFor(ctx, "a fresh code", func() bool { return time.Now().Unix()%30 < 20 })
	if err != nil {
		return "", at, err
	}
	if err := w.Key(ctx, "Down", "Return"); err != nil {
		return "", at, err
	}
	err = desktop.WaitFor(ctx, "the code on the clipboard", func() bool {
		at = time.Now()
		code, err = d.Clipboard(ctx)
		return err == nil && len(code) == 6
	})
	return code, at, err
}

// judge asks somebody else: oathtool where it is installed, else the portal's own arithmetic.
func judge(ctx context.Context, d *desktop.Desktop, page *portal.Portal, code string, at time.Time) error {
	want, who := page.Code(at), "the portal"
	if _, err := exec.LookPath("oathtool"); err == nil {
		res, err := d.Run(ctx, page.Secret()+"\n", "oathtool", "--totp", "--base32", fmt.Sprintf("--now=@%d", at.Unix()), "-")
		if err != nil {
			return err
		}
		want, who = strings.TrimSpace(res.Stdout), "oathtool"
	}
	if code != want {
		return fmt.Errorf("%s says %s", who, want)
	}
	say("     %s says the same", who)
	return nil
}

var steps int

func step(what string) {
	steps++
	say("%3d. %s", steps, what)
}

func say(format string, args ...any) { fmt.Printf(format+"\n", args...) }
