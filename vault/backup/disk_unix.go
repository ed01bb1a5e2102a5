//go:build unix

package backup

import (
	"errors"
	"syscall"
)

// notForDirs reports whether a file system says that it does not sync directories.
func notForDirs(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP)
}
