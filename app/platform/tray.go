package platform

import "context"

// TrayAvailable reports whether an icon in the notification area would be seen, so
// that closing the window to the tray does not make it disappear for good. It asks
// again every time: trays come and go with panels and extensions.
func TrayAvailable(ctx context.Context) bool { return trayAvailable(ctx) }
