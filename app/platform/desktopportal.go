package platform

import (
	"context"
	"errors"
)

// ErrNoDesktopPortal: no desktop portal (xdg-desktop-portal) is there, or none that
// takes pictures of the screen.
var ErrNoDesktopPortal = errors.New("platform: no desktop portal for pictures of the screen")

// DesktopPortal asks for the desktop portal, through which programs on Wayland see the
// screen, and returns the version of its interface for that. ErrNoDesktopPortal where
// there is none, which on systems other than Linux is always. A portal that is not
// running yet is started by the question, as by every other use of it.
func DesktopPortal(ctx context.Context) (version uint32, err error) { return desktopPortal(ctx) }
