package platform

import (
	"context"
	"errors"
	"fmt"

	"github.com/godbus/dbus/v5"
)

// desktopPortal reads the version of the interface that takes pictures.
// https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.Screenshot.html
func desktopPortal(ctx context.Context) (uint32, error) {
	version, err := inTime(ctx, busTimeout, func(ctx context.Context) (uint32, error) {
		conn, err := dialSession(ctx)
		if err != nil {
			return 0, err
		}
		defer conn.Close()
		var version dbus.Variant
		err = conn.Object("org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop").
			CallWithContext(ctx, properties+".Get", 0, "org.freedesktop.portal.Screenshot", "version").
			Store(&version)
		if err != nil {
			return 0, err
		}
		n, _ := version.Value().(uint32)
		return n, nil
	})
	switch {
	case err == nil && version > 0:
		return version, nil
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return 0, err
	}
	return 0, fmt.Errorf("%w: %v", ErrNoDesktopPortal, err)
}
