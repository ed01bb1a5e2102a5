package dir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/windows"
)

const nonblock = 0

var (
	denied  = []syscall.Errno{windows.ERROR_ACCESS_DENIED, windows.ERROR_WRITE_PROTECT, windows.ERROR_LOGON_FAILURE, windows.ERROR_NETWORK_ACCESS_DENIED}
	full    = []syscall.Errno{windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED}
	offline = []syscall.Errno{windows.ERROR_BAD_NETPATH, windows.ERROR_BAD_NET_NAME, windows.ERROR_NETNAME_DELETED, windows.ERROR_UNEXP_NET_ERR,
		windows.ERROR_NOT_READY, windows.ERROR_NETWORK_UNREACHABLE, windows.ERROR_HOST_UNREACHABLE, windows.ERROR_SEM_TIMEOUT, windows.ERROR_DEV_NOT_EXIST,
		windows.ERROR_BAD_DEV_TYPE, windows.ERROR_NETWORK_BUSY, windows.ERROR_CONNECTION_UNAVAIL, windows.ERROR_IO_DEVICE}
	// A program that keeps folders in step, or looks for viruses, has a file open for a moment.
	busy    = []syscall.Errno{windows.ERROR_SHARING_VIOLATION, windows.ERROR_LOCK_VIOLATION, windows.ERROR_BUSY, windows.ERROR_DELETE_PENDING}
	tooLong = []syscall.Errno{windows.ERROR_FILENAME_EXCED_RANGE, windows.ERROR_INVALID_NAME}
)

var exclusive = []naming{move}

// move renames without MOVEFILE_REPLACE_EXISTING, which every file system of Windows knows. It takes paths, not a root: that
// the folder of both lies within the root was seen when the temporary file was written there.
func move(root *os.Root, temp, final string) error {
	from, err := windows.UTF16PtrFromString(long(filepath.Join(root.Name(), filepath.FromSlash(temp))))
	if err != nil {
		return err
	}
	to, err := windows.UTF16PtrFromString(long(filepath.Join(root.Name(), filepath.FromSlash(final))))
	if err != nil {
		return err
	}
	err = windows.MoveFileEx(from, to, windows.MOVEFILE_WRITE_THROUGH)
	switch {
	case errors.Is(err, windows.ERROR_ALREADY_EXISTS), errors.Is(err, windows.ERROR_FILE_EXISTS):
		return fs.ErrExist
	case errors.Is(err, windows.ERROR_NOT_SUPPORTED), errors.Is(err, windows.ERROR_INVALID_FUNCTION):
		return errUnsupported
	}
	return err
}

// long writes a path in the form that may be longer than 260 characters. Package os does so by itself, plain calls do not.
func long(p string) string {
	if len(p) < 240 || len(p) >= 4 && p[:4] == `\\?\` {
		return p
	}
	if len(p) > 2 && p[:2] == `\\` {
		return `\\?\UNC` + p[1:]
	}
	return `\\?\` + filepath.Clean(p)
}
