//go:build !linux

package platform

import "context"

func desktopPortal(context.Context) (uint32, error) { return 0, ErrNoDesktopPortal }
