// Tallystick keeps your half of a two-factor sign-in on your desktop.
//
// This file only wires: what the command line asks for is either a command, which app/cli carries out without touching the
// window toolkit, or the window, which package app runs. Only this package starts the toolkit, in toolkit.go.
package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/tallystick/tallystick/app"
	"github.com/tallystick/tallystick/app/cli"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/platform"
	"github.com/tallystick/tallystick/vault/keys"
)

// version is set by the linker; "" means a build by hand.
var version string

func main() {
	started := time.Now()
	_ = platform.Harden() // best effort: the doctor reports when it does not hold
	window, ok := cli.WantsWindow(os.Args[1:])
	if !ok {
		os.Exit(cli.Main(os.Args[1:], version))
	}
	err := onDesktop(func() error { return openWindow(window, started) })
	switch {
	case errors.Is(err, errNoDesktop):
		fmt.Fprintln(os.Stderr, "tallystick:", noDesktop)
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "tallystick:", model.Sentence(err))
		os.Exit(1)
	}
}

func openWindow(w cli.Window, started time.Time) error {
	dir, err := cli.Place(w.Dir, w.Profile, os.Getenv, platform.DataDir)
	if err != nil {
		return err
	}
	// The toolkit wants a place for its cache, and complains where the system's place for caches does not exist yet.
	if cache, err := os.UserCacheDir(); err == nil {
		_ = os.MkdirAll(cache, 0o700)
	}
	return app.Run(app.Config{
		Dir:     dir,
		Link:    w.Link,
		Pack:    w.Pack,
		Version: version,
		Keyring: keys.System(cli.KeyringService),
		Log:     slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Started: started,
		Trace:   os.Getenv("TALLYSTICK_TRACE") == "startup",
		Exit:    os.Exit,
		NewApp:  newApp,
	})
}
