package platform

import (
	"fmt"

	"golang.org/x/sys/unix"
)

func harden() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("platform: cannot limit core files: %w", err)
	}
	return nil
}

func denyInspection() error {
	if err := unix.PtraceDenyAttach(); err != nil {
		return fmt.Errorf("platform: cannot deny inspection: %w", err)
	}
	return nil
}
