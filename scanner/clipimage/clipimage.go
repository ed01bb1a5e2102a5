// Package clipimage reads a picture from the clipboard.
//
// Purpose: a person makes a picture of part of the screen with the system's own tool, or copies a picture in a
// browser or a file manager, and Tallystick looks at it. The window toolkit's clipboard holds text only. How it is done:
//
//   - X11: the selection CLIPBOARD is asked for as ICCCM describes it, see x11.go and selection.go.
//   - Wayland: through XWayland's bridge, which is X11, where there is one, and else by wl-paste, see wayland.go.
//   - Windows: the registered format "PNG", else a device-independent bitmap, see windows.go. Not run by us.
//   - macOS: by osascript, which is part of the system, see darwin.go. It needs no cgo. Not run by us.
//
// A list of files on the clipboard (X11 and Wayland) with one file in it counts as that picture.
//
// Who may import it: app/model, app/platform and app/cli. It imports package scanner for the size limit only.
//
// Concurrency: Read may be called from any goroutine. It blocks until the program that holds the clipboard answers or
// the context ends; call it off the window's goroutine.
//
// Ownership: the bytes belong to the caller. They may show a secret: they are not written anywhere here.
package clipimage

import (
	"context"
	"errors"

	"github.com/tallystick/tallystick/scanner"
)

// Errors of Read, besides the context's.
var (
	// ErrEmpty: there is nothing on the clipboard, or nothing that is a picture.
	ErrEmpty = errors.New("clipimage: no picture on the clipboard")
	// ErrUnsupported: there is no way to a picture on the clipboard of this system.
	ErrUnsupported = errors.New("clipimage: pictures on the clipboard cannot be read here")
	// ErrTooLarge: more than the limit of scanner.DefaultLimits in bytes.
	ErrTooLarge = errors.New("clipimage: picture on the clipboard is too large")
	// ErrNoAnswer: the program that holds the clipboard does not hand its picture over.
	ErrNoAnswer = errors.New("clipimage: the program that holds the clipboard does not answer")
)

// Read returns the picture on the clipboard as the bytes of a picture file, for scanner.DecodePicture: png where it can be had, else
// bmp, jpeg, tiff, webp or gif. It does not look into them.
//
// Errors: ErrEmpty, ErrUnsupported, ErrTooLarge, ErrNoAnswer or ctx.Err(). Nothing of the clipboard is in their texts.
func Read(ctx context.Context) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return read(ctx, scanner.DefaultLimits().MaxBytes)
}
