package platform

import (
	"crypto/sha256"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// maxSocketPath is UNIX_PATH_MAX, which holds a final zero as well.
const maxSocketPath = 108

// addresses are the places where the window of dir may listen, best first. The
// person's own temporary directory stands in for a data directory with a long name.
func addresses(dir string) []address {
	sum := sha256.Sum256([]byte(dir))
	var short []address
	for _, a := range []address{
		{path: filepath.Join(dir, socketFileName)},
		{path: filepath.Join(os.TempDir(), "tallystick", fmt.Sprintf("%x.sock", sum[:12])), shared: true},
	} {
		if len(a.path) < maxSocketPath {
			short = append(short, a)
		}
	}
	return short
}

// makePrivate makes the directory. What is under a profile is closed to other people
// by the access list it inherits.
func makePrivate(dir string) error { return os.MkdirAll(dir, 0o700) }

func checkPrivate(dir string) error {
	_, err := os.Stat(dir)
	return err
}

// checkPeer has nothing to ask: Windows tells no peer of a unix socket. Opening the
// socket takes the right to write to its file, which the profile gives to this
// person only.
func checkPeer(*net.UnixConn) error { return nil }
