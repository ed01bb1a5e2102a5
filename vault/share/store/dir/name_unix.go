//go:build unix

package dir

import (
	"errors"
	"os"
	"syscall"
)

// nonblock keeps the opening of a file that turned into a pipe from waiting for ever.
const nonblock = syscall.O_NONBLOCK

var (
	denied  = []syscall.Errno{syscall.EACCES, syscall.EPERM, syscall.EROFS}
	full    = []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG}
	offline = []syscall.Errno{syscall.EIO, syscall.ESTALE, syscall.ENOTCONN, syscall.ECONNRESET, syscall.ECONNABORTED,
		syscall.EHOSTDOWN, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.ETIMEDOUT, syscall.ENXIO, syscall.ENODEV}
	busy    = []syscall.Errno{syscall.EBUSY, syscall.EAGAIN, syscall.EINTR, syscall.EMFILE, syscall.ENFILE, syscall.ETXTBSY}
	tooLong = []syscall.Errno{syscall.ENAMETOOLONG}
)

// noSuchWay is what file systems say that do not know links, or a rename that does not replace.
var noSuchWay = []syscall.Errno{syscall.EPERM, syscall.ENOTSUP, syscall.EOPNOTSUPP, syscall.ENOSYS, syscall.EINVAL, syscall.EMLINK, syscall.EXDEV}

func link(root *os.Root, temp, final string) error { return known(root.Link(temp, final)) }

func known(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) && isErrno(errno, noSuchWay) {
		return errUnsupported
	}
	return err
}
