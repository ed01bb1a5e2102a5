package platform

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

func harden() error {
	var errs []error
	var limit unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_CORE, &limit)
	if err == nil {
		limit.Cur = min(1, limit.Max)
		err = unix.Setrlimit(unix.RLIMIT_CORE, &limit)
	}
	if err != nil {
		errs = append(errs, fmt.Errorf("platform: cannot limit core files: %w", err))
	}
	if err := os.WriteFile("/proc/self/coredump_filter", []byte("0\n"), 0); err != nil {
		errs = append(errs, fmt.Errorf("platform: cannot empty core files: %w", err))
	}
	return errors.Join(errs...)
}

func denyInspection() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("platform: cannot deny inspection: %w", err)
	}
	return nil
}
