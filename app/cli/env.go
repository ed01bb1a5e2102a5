package cli

import (
	"context"
	"crypto/rand"
	"image"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/tallystick/tallystick/app/clock"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/platform"
	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/scanner/capture"
	"github.com/tallystick/tallystick/scanner/clipimage"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/backend"
)

// Terminal asks the person in front of it.
type Terminal interface {
	// Secret shows prompt and reads a line that is not shown while it is typed.
	Secret(ctx context.Context, prompt string) (secret.Bytes, error)
	// Ask shows prompt and reads a line.
	Ask(ctx context.Context, prompt string) (string, error)
}

// Scanner finds codes in a picture; scanner.Scanner is one.
type Scanner interface {
	Scan(ctx context.Context, img image.Image) (scanner.Result, error)
}

// Env is everything a command gets from outside. [System] fills it for a real process.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// StdinTerminal: questions may be asked on standard input. StdoutTerminal: a person reads the output.
	StdinTerminal, StdoutTerminal bool
	Terminal                      Terminal // nil: nobody is there to type a passphrase

	Getenv  func(string) string
	Now     func() time.Time
	After   func(time.Duration) <-chan time.Time
	Rand    io.Reader
	Version string // "" = what the build says

	DataDir          func() (string, error)
	Keyring          func() keys.Keyring
	KDF              seal.KDF // cost of new passphrases; zero = the vault's own
	KDFFloor         uint32   // for tests, see vault.Config
	Work             int      // cost of the passphrases of exports and backups, see seal.EncryptPassphrase; 0 = the usual one
	Clipboard        func() platform.Clipboard
	Send             func(ctx context.Context, dir string, req platform.Request) (platform.Reply, error)
	Scanner          func() Scanner
	Screens          func(ctx context.Context) ([]capture.Shot, error)
	Cameras          model.Cameras // nil = they cannot be used on this system
	CaptureMethod    func() string
	ClipboardPicture func(ctx context.Context) ([]byte, error)

	// DenyInspection closes this process to others before it holds a key; nil = it stays open.
	DenyInspection func() error

	// Uptime and TimeSources are what a comparison of the clock needs; nil = the real ones.
	Uptime      func() (boot string, since time.Duration, err error)
	TimeSources func(addresses []string, server string) ([]clock.Source, error)
	// Portal and Tray ask for services of the desktop; nil = the doctor leaves them out.
	Portal func(ctx context.Context) (version uint32, err error)
	Tray   func(ctx context.Context) bool

	// OpenStorage opens the storage of a shared vault; nil = the real ones. Who is what the system calls person and device.
	OpenStorage func(store.Location, backend.Access) (store.Store, error)
	Who         func() share.Person

	clockKept func() clock.Kept // what the system says about its clock; nil = ask it
}

func (e Env) withDefaults() Env {
	if e.Getenv == nil {
		e.Getenv = func(string) string { return "" }
	}
	if e.Now == nil {
		e.Now = time.Now
	}
	if e.After == nil {
		e.After = time.After
	}
	if e.Rand == nil {
		e.Rand = rand.Reader
	}
	if e.clockKept == nil {
		e.clockKept = clock.SystemKeeps
	}
	if e.Uptime == nil {
		e.Uptime = clock.Uptime
	}
	if e.TimeSources == nil {
		now := e.Now
		e.TimeSources = func(addresses []string, server string) ([]clock.Source, error) {
			return model.TimeSources(addresses, server, now)
		}
	}
	if e.OpenStorage == nil {
		e.OpenStorage = openStorage(e.Now)
	}
	if e.Who == nil {
		e.Who = whoAmI
	}
	if e.Version == "" {
		e.Version = buildVersion()
	}
	return e
}

// System is the Env of this process: the real terminal, keyring, screen and clipboard.
// Nothing is opened before a command needs it.
func System() Env {
	e := Env{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		StdinTerminal:    term.IsTerminal(int(os.Stdin.Fd())),
		StdoutTerminal:   term.IsTerminal(int(os.Stdout.Fd())),
		Getenv:           os.Getenv,
		DataDir:          platform.DataDir,
		Keyring:          func() keys.Keyring { return keys.System(KeyringService) },
		Clipboard:        platform.NewClipboard,
		Send:             platform.Send,
		Scanner:          func() Scanner { return scanner.New() },
		Screens:          capture.Screens,
		Cameras:          model.SystemCameras(),
		CaptureMethod:    capture.Method,
		ClipboardPicture: clipimage.Read,
		DenyInspection:   platform.DenyInspection,
		Portal:           platform.DesktopPortal,
		Tray:             platform.TrayAvailable,
	}
	if e.StdinTerminal || term.IsTerminal(int(os.Stderr.Fd())) {
		e.Terminal = tty{}
	}
	return e
}

// KeyringService is the name under which keys lie in the keyring. The window uses the
// same one; changing it would lose every vault's key.
const KeyringService = "tallystick"

// Main carries out the command line of this process and returns its exit status.
// version is what `tallystick version` prints; "" = what the build says. An interrupt
// or a request to end stops the command in good order.
func Main(args []string, version string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl+C ends what does not listen to the first
	env := System()
	env.Version = version
	return Run(ctx, args, env)
}

// buildVersion is what the Go tool wrote into the program.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "development build"
	}
	return info.Main.Version
}
