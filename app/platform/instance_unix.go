//go:build unix

package platform

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// addresses are the places where the window of dir may listen, best first. A socket's
// path has room for about a hundred bytes, so a deep data directory needs a short
// name elsewhere, and so does a file system that cannot hold sockets. Both sides try
// the same list: the environment of a start from a browser may lack what the first
// start had.
func addresses(dir string) []address {
	list := []address{{path: filepath.Join(dir, socketFileName)}}
	sum := sha256.Sum256([]byte(dir))
	for _, base := range []string{os.Getenv("XDG_RUNTIME_DIR"), os.TempDir(), "/tmp"} {
		if filepath.IsAbs(base) {
			list = append(list, address{shared: true,
				path: filepath.Join(base, "tallystick-"+strconv.Itoa(os.Geteuid()), fmt.Sprintf("%x.sock", sum[:12]))})
		}
	}
	short := list[:0]
	for _, a := range list {
		if len(a.path) < maxSocketPath {
			short = append(short, a)
		}
	}
	return short
}

// maxSocketPath is the size of sun_path, which holds a final zero as well.
var maxSocketPath = len(unix.RawSockaddrUnix{}.Path)

var errNotPrivate = errors.New("platform: a directory for sockets is not private")

// makePrivate makes a directory of our own in a place where others may write, or
// makes sure that the one there is ours.
func makePrivate(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("platform: no directory for sockets: %w", err)
	}
	return checkPrivate(dir)
}

// checkPrivate fails unless dir is a directory, not a link to one, that belongs to
// this person and that nobody else can enter.
func checkPrivate(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || int(stat.Uid) != os.Geteuid() || info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%w: %s", errNotPrivate, dir)
	}
	return nil
}

var errOtherPerson = errors.New("platform: the other side is not the same person")

// checkPeer fails unless the process at the other end runs as this person (or as the
// administrator, who can read our memory anyway).
func checkPeer(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var uid uint32
	var credErr error
	if err := raw.Control(func(fd uintptr) { uid, credErr = peerUID(int(fd)) }); err != nil {
		return err
	}
	if credErr != nil {
		return credErr
	}
	return samePerson(uid)
}

func samePerson(uid uint32) error {
	if uid != uint32(os.Geteuid()) && uid != 0 {
		return errOtherPerson
	}
	return nil
}
