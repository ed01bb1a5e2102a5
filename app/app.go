// Package app is the window: it composes the models, the views and the operating system, and owns their life from start to exit.
//
// Purpose: composition and life-cycle only. What a screen does is in app/model, how it looks in app/view; this package decides
// who gets which clock, clipboard and keyring, and what happens when the window closes, the session locks or a link arrives.
//
// Who may import it: main.
//
// Concurrency: Run blocks the calling goroutine, which must be the main one, until the window is closed. Everything it starts ends
// with it.
//
// Ownership: Run owns the vault directory's instance lock and the vault's manager while it runs. The fyne.App is the caller's.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"github.com/tallystick/tallystick/app/clock"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/platform"
	"github.com/tallystick/tallystick/app/portal"
	"github.com/tallystick/tallystick/app/view"
	"github.com/tallystick/tallystick/assets"
	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/scanner/capture"
	"github.com/tallystick/tallystick/scanner/clipimage"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/backup"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/pack/shelf"
	"github.com/tallystick/tallystick/vault/share/team"
	"github.com/tallystick/tallystick/vault/transfer/exports"
)

// Config is what the window gets from outside.
type Config struct {
	Dir     string          // the data directory; everything that is stored is under it
	Link    secret.Bytes    // an authenticator link to open on the preview; empty for none
	Pack    string          // the absolute path of a code pack to open; "" = none
	Version string          // shown in the settings
	Keyring keys.Keyring    // where the device secret is kept
	Log     *slog.Logger    // nothing secret is ever logged
	Started time.Time       // when the process started, for the startup trace
	Trace   bool            // log the moment of the first frame with codes
	Exit    func(code int)  // ends the process when it hangs after its window was closed; os.Exit
	NewApp  func() fyne.App // starts the window toolkit; called once it is certain that a window is wanted
}

// Run opens the window of cfg.Dir and returns when it has closed. When another process already shows that directory, the
// link, the code pack, or a request to come to the front, is handed to it and Run returns nil at once.
func Run(cfg Config) error {
	var backups *backup.Keeper
	manager, err := vault.Open(vault.Config{
		Dir: cfg.Dir, Keyring: cfg.Keyring,
		BeforeMigration: func(ctx context.Context, v *vault.Vault) error { return backups.BeforeMigration(ctx, v) },
	})
	if err != nil {
		return fmt.Errorf("open data directory: %w", err)
	}
	defer func() { _ = manager.Close() }()
	backups = backup.New(backup.Config{Vault: manager, Dir: cfg.Dir})

	requests := make(chan request)
	claim := platform.Request{Command: commandShow}
	if !cfg.Link.IsEmpty() {
		claim = platform.Request{Command: commandOpen, Text: cfg.Link}
	}
	if cfg.Pack != "" {
		claim = platform.Request{Command: commandPack, Text: secret.FromString(cfg.Pack)}
	}
	stop := make(chan struct{})
	instance, err := platform.Claim(cfg.Dir, claim, func(r platform.Request) platform.Reply {
		return hand(requests, stop, r)
	})
	switch {
	case errors.Is(err, platform.ErrRunning):
		return nil
	case err != nil:
		return fmt.Errorf("claim data directory: %w", err)
	}
	defer func() { _ = instance.Close() }()
	defer close(stop)

	guides, err := portal.Load(assets.Portals())
	if err != nil {
		return fmt.Errorf("read portal guides: %w", err)
	}

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	fyneApp := cfg.NewApp()
	w := newWindow(fyneApp, cfg)
	teams := team.New(team.Config{Vault: manager})
	session := model.NewSession(model.Deps{
		Vault:            manager,
		Scanner:          scanner.New(),
		Screens:          capture.Screens,
		Cameras:          model.SystemCameras(),
		ClipboardPicture: clipimage.Read,
		Clipboard:        platform.NewClipboard(),
		Settings:         model.FileSettings(filepath.Join(cfg.Dir, "settings.json")),
		Now:              time.Now,
		Clock:            clock.Open(clock.Config{Path: filepath.Join(cfg.Dir, clock.File), Now: time.Now, Uptime: clock.Uptime}),
		Body:             body(cfg),
		Post:             fyne.Do,
		After:            after,
		Hide:             w.hide,
		Kits:             manager,
		Backups:          backups,
		Exports:          exports.Reminders{Dir: cfg.Dir},
		Teams:            teams,
		Packs:            shelf.Shelf{Dir: cfg.Dir, Vault: manager},
		Who:              whoAmI,
		Downloads:        downloads,
		Guides:           guides,
		Languages:        languages(),
	})
	w.show(ctx, session, view.About{Version: cfg.Version, DataDir: cfg.Dir, KeyringName: cfg.Keyring.Name()})
	go serve(ctx, requests, session, w)
	go w.watchSignals(ctx, session)
	w.run(ctx, session, cfg.Link, cfg.Pack)
	w.ending.at("the last save")
	session.Close()
	w.ending.at("the vault")
	// Closed here and not by the deferred call alone, so that it, too, is waited for no longer than the rest.
	_ = manager.Close()
	w.ending.done()
	return nil
}

// whoAmI is what the system calls the person and this computer: the beginning of what others in a shared vault see.
func whoAmI() share.Person {
	var p share.Person
	if u, err := user.Current(); err == nil {
		if p.Name = strings.TrimSpace(u.Name); p.Name == "" {
			p.Name = u.Username[strings.LastIndexByte(u.Username, '\\')+1:] // Windows puts the domain before it
		}
	}
	if host, err := os.Hostname(); err == nil {
		p.Device, _, _ = strings.Cut(host, ".")
	}
	return p
}

// body is what the check-up looks at.
func body(cfg Config) model.Body {
	b := model.Body{
		Dir: cfg.Dir, Version: cfg.Version, Keyring: cfg.Keyring,
		ClockKept: clock.SystemKeeps, Capture: capture.Method, Tray: platform.TrayAvailable,
	}
	if runtime.GOOS == "linux" {
		b.Portal = platform.DesktopPortal
	}
	return b
}

// downloads is the directory where browsers put files; "" when the system does not say.
func downloads() string {
	dir, err := platform.DownloadsDir()
	if err != nil {
		return ""
	}
	return dir
}

// languages are those of the person's desktop.
func languages() []string { return []string{lang.SystemLocale().LanguageString()} }

// after calls fn on the window's goroutine after d.
func after(d time.Duration, fn func()) (stop func()) {
	t := time.AfterFunc(d, func() { fyne.Do(fn) })
	return func() { t.Stop() }
}
