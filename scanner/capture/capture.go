// Package capture takes pictures of the screen.
//
// Purpose: one call that gives a picture of every monitor, on every system, for package scanner to
// look at. How it is done differs:
//
//   - X11: read from the root window, see x11.go.
//   - Wayland: no program may look at the screen itself; the desktop portal is asked, which may ask the person, see portal.go.
//   - Windows and macOS: by github.com/kbinani/screenshot, see direct.go; compiled and vetted, but not run by us. On macOS that needs cgo; a build without it has
//     no way and says so. macOS asks for the permission to record the screen once and gives a picture without other
//     programs' windows until it is granted; nothing here can tell that from an empty screen.
//
// Who may import it: app/model, app/platform and app/cli. It imports package scanner (to decode what the portal
// leaves) and no window toolkit.
//
// Concurrency: everything may be called from any goroutine. Screens blocks: for milliseconds on X11, for as long as a
// person takes to answer on Wayland. Call it off the window's goroutine and with a context that ends.
//
// Ownership: the pictures belong to the caller. They may show secrets: nothing is written to disk here, the file that the portal
// writes is deleted as soon as it is open, and no shared memory is used that other users could read.
package capture

import (
	"context"
	"errors"
	"image"
)

// Shot is the picture of one monitor, or of all of them where the system gives only one.
type Shot struct {
	Name   string          // "screen 1", "screen 2", … in the order of the system
	Bounds image.Rectangle // place on the desktop, pixels
	Image  *image.RGBA     // opaque; its own bounds begin at (0, 0) and are as large as Bounds
}

// Errors of Screens, besides the context's.
var (
	// ErrNoDisplay: there is no screen: a terminal on a server, a service.
	ErrNoDisplay = errors.New("capture: no display")
	// ErrDenied: the system or its settings do not let this program see the screen.
	ErrDenied = errors.New("capture: the system refused a picture of the screen")
	// ErrCancelled: the person closed the system's question.
	ErrCancelled = errors.New("capture: cancelled by the person")
	// ErrFailed: everything else; the text says what, for a log.
	ErrFailed = errors.New("capture: no picture could be taken")
)

// MethodPortal is the answer of Method where the desktop portal is asked, and with it perhaps the person, for every picture.
const MethodPortal = methodPortal

// The answers of Method.
const (
	methodX11     = "x11"
	methodPortal  = "portal"
	methodWindows = "windows"
	methodMac     = "macos"
	methodNone    = "none"
)

// Screens takes a picture of every monitor. It returns at least one, or an error: ErrNoDisplay, ErrDenied, ErrCancelled, ErrFailed or
// ctx.Err(). Without a display it fails at once.
func Screens(ctx context.Context) ([]Shot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return screens(ctx)
}

// Method names the way pictures are taken here, for the doctor: "x11", "portal", "windows", "macos" or "none".
// It looks at the environment and does not try.
func Method() string { return method() }
