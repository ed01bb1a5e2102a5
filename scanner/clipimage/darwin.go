//go:build darwin

package clipimage

import (
	"context"
	"os/exec"
)

// read asks osascript, a part of macOS, for the clipboard as PNG, then as TIFF, the system's own form, which it makes from
// every other one. NSPasteboard itself needs cgo or Objective-C calls by hand. The script is fixed text; the picture
// comes on standard output as hexadecimal digits. This file compiles and is vetted, but we have no Mac to run it on.
func read(ctx context.Context, limit int64) ([]byte, error) {
	path, err := exec.LookPath("osascript")
	if err != nil {
		return nil, ErrUnsupported
	}
	for _, class := range []string{"PNGf", "TIFF"} {
		cmd := exec.CommandContext(ctx, path, "-e", "the clipboard as «class "+class+"»")
		out, err := cmd.StdoutPipe()
		if err != nil {
			return nil, ErrUnsupported
		}
		if err := cmd.Start(); err != nil {
			return nil, ErrUnsupported
		}
		// Two digits a byte, and the frame around them.
		text, readErr := readLimited(out, 2*limit+64)
		if readErr == ErrTooLarge {
			cmd.Process.Kill()
		}
		failed := cmd.Wait()
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case readErr == ErrTooLarge:
			return nil, ErrTooLarge
		case readErr != nil || failed != nil:
			continue // it is not there in this form
		}
		if data, err := appleData(text); err == nil {
			return data, nil
		}
	}
	return nil, ErrEmpty
}
