package platform

import "context"

// trayAvailable: the menu bar is always there.
func trayAvailable(context.Context) bool { return true }
