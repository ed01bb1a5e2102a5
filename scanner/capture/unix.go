//go:build linux || freebsd || openbsd || netbsd || dragonfly

package capture

import (
	"context"
	"os"
)

func method() string {
	switch {
	case wayland():
		return methodPortal
	case os.Getenv("DISPLAY") != "":
		return methodX11
	}
	return methodNone
}

// wayland reports whether the session is one. DISPLAY is set there too, but what X11 programs see of a Wayland screen is
// themselves on black. A session started from a console has the type "tty", so only "x11" speaks against it: that is an
// X session with a nested compositor running in it.
func wayland() bool {
	return os.Getenv("WAYLAND_DISPLAY") != "" && os.Getenv("XDG_SESSION_TYPE") != "x11"
}

func screens(ctx context.Context) ([]Shot, error) {
	if wayland() {
		return portalScreens(ctx)
	}
	return x11Screens(ctx)
}
