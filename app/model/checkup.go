package model

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/tallystick/tallystick/app/clock"
	"github.com/tallystick/tallystick/app/platform"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/keys"
)

// Health is how a check went.
type Health int

// The answers of a check, the worst last.
const (
	Healthy Health = iota
	Ailing         // something does not work, and the rest does
	Broken         // codes are wrong, or cannot be had
)

// Check is what one check of the check-up says.
type Check struct {
	Name  string // "folder", "keyring" …: part of the contract of the command line
	State Health
	Text  string
	Todo  string // what to do; "" when nothing
}

// Body is what a check-up looks at. The window and the command line each fill it. What
// is nil is not looked at. The functions are called off the models' goroutine.
type Body struct {
	Dir       string
	Version   string
	Keyring   keys.Keyring
	Vault     func(ctx context.Context) Check
	Older     func() ([]vault.Generation, error)
	Backups   func(ctx context.Context) BackupsFound
	Now       func() time.Time
	Clock     *clock.Clock
	ClockKept func() clock.Kept
	// Capture is scanner/capture.Method; Portal platform.DesktopPortal; Tray platform.TrayAvailable.
	Capture   func() string
	Portal    func(ctx context.Context) (uint32, error)
	Tray      func(ctx context.Context) bool
	Clipboard platform.Clipboard
}

// checkTime bounds one check: a keyring or a clipboard that hangs is a finding too.
const checkTime = 5 * time.Second

// CheckUp looks at everything, one thing after the other, and changes nothing. Each
// check stands alone, so that one that fails takes none of the others with it. found is
// what a comparison of the clock just brought; nil = there was none. It blocks, for
// seconds when something hangs; it ends early, with what it has, when ctx does.
func (b Body) CheckUp(ctx context.Context, found *clock.Finding) []Check {
	var list []Check
	for _, c := range []struct {
		name string
		on   bool
		look func(context.Context) Check
	}{
		{"folder", b.Dir != "", b.folder},
		{"files", b.Dir != "", b.files},
		{"keyring", b.Keyring != nil, b.keyring},
		{"vault", b.Vault != nil, b.Vault},
		{"older copies", b.Older != nil, b.older},
		{"backups", b.Backups != nil, func(ctx context.Context) Check { return b.Backups(ctx).Check(b.Now()) }},
		{"clock", b.Clock != nil, func(context.Context) Check { return b.clock(found) }},
		{"screen", b.Capture != nil, b.screen},
		{"portal", b.Capture != nil && b.Portal != nil, b.portal},
		{"tray", b.Tray != nil, b.tray},
		{"clipboard", b.Clipboard != nil, b.clipboard},
		{"version", true, b.version},
	} {
		if !c.on || ctx.Err() != nil {
			continue
		}
		checkCtx, cancel := context.WithTimeout(ctx, checkTime)
		check := c.look(checkCtx)
		cancel()
		check.Name = c.name
		list = append(list, check)
	}
	return list
}

func (b Body) folder(context.Context) Check {
	info, err := os.Stat(b.Dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Check{Text: b.Dir + " is not there yet; the first account makes it."}
	case err != nil:
		return Check{State: Broken, Text: b.Dir + " cannot be looked at. " + Sentence(err), Todo: "Check who owns it and its permissions."}
	case !info.IsDir():
		return Check{State: Broken, Text: b.Dir + " is a file, not a folder.", Todo: "Move it away, or use another folder."}
	case !writable(b.Dir):
		return Check{State: Broken, Text: b.Dir + " cannot be written to: changes cannot be saved.", Todo: "Check who owns it, its permissions, and whether the disk is read-only."}
	case openToOthers(info):
		return Check{State: Ailing, Text: b.Dir + " is open to other people on this computer.", Todo: "chmod 700 " + b.Dir}
	}
	return Check{Text: b.Dir}
}

// openToOthers reports whether other people may look at a file. On Windows the mode says
// nothing about that; folders of one's own are closed there.
func openToOthers(info fs.FileInfo) bool {
	return runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0
}

// maxLooked is how many files are looked at; a data directory has a few dozen.
const maxLooked = 1000

// files looks at the permissions of everything in the folder. Profiles are folders of
// their own, with check-ups of their own.
func (b Body) files(ctx context.Context) Check {
	var open []string
	seen := 0
	err := filepath.WalkDir(b.Dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil && path == b.Dir:
			return fs.SkipAll // said by the check of the folder
		case err != nil:
			return err
		case ctx.Err() != nil || seen > maxLooked:
			return fs.SkipAll
		case path == b.Dir:
			return nil
		case e.IsDir() && e.Name() == "profiles":
			return fs.SkipDir
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone since: a save is under way
		}
		if err != nil {
			return err
		}
		seen++
		if info.Mode().Type() == fs.ModeSocket || info.Mode().Type() == fs.ModeSymlink {
			return nil // their own permissions say little
		}
		if openToOthers(info) {
			open = append(open, e.Name())
		}
		return nil
	})
	switch {
	case err != nil:
		return Check{State: Ailing, Text: "Not every file in the folder can be looked at. " + Sentence(err), Todo: "Check who owns the files and their permissions."}
	case len(open) > 0:
		return Check{
			State: Ailing, Text: fmt.Sprintf("%s open to other people on this computer, for example %s. The vault is encrypted all the same.", count(len(open), "file is", "files are"), open[0]),
			Todo: "chmod -R go= " + b.Dir,
		}
	case seen == 0:
		return Check{Text: "There are none yet."}
	}
	return Check{Text: "Only you can read them."}
}

func (b Body) keyring(ctx context.Context) Check {
	switch err := b.Keyring.Probe(ctx); {
	case err == nil:
		return Check{Text: b.Keyring.Name()}
	case errors.Is(err, keys.ErrNone):
		return Check{State: Ailing, Text: "There is none on this computer.", Todo: "A vault needs a passphrase here. On Linux, gnome-keyring, KWallet or KeePassXC gives a keyring."}
	default:
		return Check{State: Broken, Text: Sentence(err), Todo: "Unlock the keyring, usually by signing in to the desktop again."}
	}
}

// VaultTrouble is the check of a vault that does not open.
func VaultTrouble(err error) Check {
	c := Check{State: Broken, Text: Sentence(err)}
	switch {
	case errors.Is(err, vault.ErrDamaged):
		c.Todo = "Open the window: it offers the older copies."
	case errors.Is(err, vault.ErrNewer):
		c.Todo = "Install the newer version."
	case errors.Is(err, vault.ErrKeyMissing):
		c.Todo = "Restore the keyring from a backup, or sign in as the person who made the vault."
	}
	return c
}

// VaultOpen is the check of a vault that opens: how much is in it. locks tells whether a
// passphrase is set.
func VaultOpen(live, trashed, unreadable int, locks bool) Check {
	text := fmt.Sprintf("It opens. Accounts: %d, in the trash: %d.", live, trashed)
	if unreadable > 0 {
		return Check{
			State: Ailing, Text: text + fmt.Sprintf(" Entries that cannot be read: %d.", unreadable),
			Todo: "They are kept as they are. A newer version of Tallystick may know them.",
		}
	}
	if !locks {
		text += " No passphrase is set."
	}
	return Check{Text: text}
}

func (b Body) older(context.Context) Check {
	older, err := b.Older()
	switch {
	case errors.Is(err, vault.ErrAbsent):
		return Check{Text: "There is no vault yet."}
	case err != nil:
		return VaultTrouble(err)
	case len(older) == 0:
		return Check{Text: "There are none yet; every change keeps one."}
	}
	return Check{Text: fmt.Sprintf("Kept: %d, the newest of %s.", len(older), older[0].Saved.Local().Format("2006-01-02 15:04"))}
}

func (b Body) screen(context.Context) Check {
	switch method := b.Capture(); method {
	case "none", "":
		return Check{State: Ailing, Text: "There is no screen to take a picture of.", Todo: "Scan picture files instead, or start this in a desktop session."}
	case "portal":
		return Check{Text: "Wayland. Pictures are taken through the desktop portal, which asks first."}
	case "x11":
		return Check{Text: "X11. Pictures are taken with x11."}
	default:
		return Check{Text: "Pictures are taken with " + method + "."}
	}
}

// portal looks for the service that takes pictures on Wayland.
func (b Body) portal(ctx context.Context) Check {
	needed := b.Capture() == "portal"
	version, err := b.Portal(ctx)
	switch {
	case err == nil:
		return Check{Text: fmt.Sprintf("The desktop portal answers (version %d of its pictures of the screen).", version)}
	case !needed:
		return Check{Text: "There is none, and none is needed here to take pictures of the screen."}
	case errors.Is(err, platform.ErrNoDesktopPortal):
		return Check{
			State: Ailing, Text: "There is no desktop portal that takes pictures, so the screen cannot be scanned.",
			Todo: "Install xdg-desktop-portal and the part of it for this desktop (-gnome, -kde, -wlr …), or open a screenshot as a file.",
		}
	}
	return Check{State: Ailing, Text: "The desktop portal does not answer, so the screen cannot be scanned.", Todo: "Sign in to the desktop again, or open a screenshot as a file."}
}

func (b Body) tray(ctx context.Context) Check {
	if b.Tray(ctx) {
		return Check{Text: "There is one; the window can stay in it when it is closed."}
	}
	return Check{Text: "There is none, so closing the window ends Tallystick."}
}

// clipboard asks whether there is one. What is on it is dropped unseen.
func (b Body) clipboard(ctx context.Context) Check {
	switch _, err := b.Clipboard.Text(ctx); {
	case err == nil || errors.Is(err, platform.ErrTextTooLong):
		return Check{Text: "It answers."}
	case errors.Is(err, platform.ErrNoClipboard):
		return Check{State: Ailing, Text: "There is none.", Todo: "Codes can be typed. On Wayland, install wl-clipboard."}
	default:
		return Check{State: Ailing, Text: "It does not answer. " + Sentence(err), Todo: "Close the program that holds the clipboard, or copy something anew."}
	}
}

func (b Body) version(context.Context) Check {
	return Check{Text: strings.TrimSpace(b.Version + ", " + runtime.GOOS + "/" + runtime.GOARCH)}
}

// saved is when a vault in the folder was last written; zero when there is none.
func (b Body) saved() (newest time.Time) {
	entries, err := os.ReadDir(b.Dir)
	if err != nil {
		return newest
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && filepath.Ext(e.Name()) == ".age" && info.Mode().IsRegular() && info.ModTime().After(newest) {
			newest = info.ModTime()
		}
	}
	return newest
}
