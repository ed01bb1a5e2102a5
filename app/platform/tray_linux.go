package platform

import (
	"context"

	"github.com/godbus/dbus/v5"
)

// trayAvailable asks the StatusNotifierWatcher, where icons are announced, whether a
// host that draws them has registered. A watcher alone shows nothing, and GNOME
// without an extension has neither.
// https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/
func trayAvailable(ctx context.Context) bool {
	ok, err := inTime(ctx, busTimeout, func(ctx context.Context) (bool, error) {
		conn, err := dialSession(ctx)
		if err != nil {
			return false, err
		}
		defer conn.Close()
		const watcher = "org.kde.StatusNotifierWatcher"
		var hosted dbus.Variant
		err = conn.Object(watcher, "/StatusNotifierWatcher").
			CallWithContext(ctx, properties+".Get", dbus.FlagNoAutoStart, watcher, "IsStatusNotifierHostRegistered").
			Store(&hosted)
		if err != nil {
			return false, err
		}
		yes, _ := hosted.Value().(bool)
		return yes, nil
	})
	return ok && err == nil
}
