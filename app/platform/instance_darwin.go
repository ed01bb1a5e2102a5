package platform

import "golang.org/x/sys/unix"

// peerUID is the user at the other end of a unix socket, as of its connect or listen.
func peerUID(fd int) (uint32, error) {
	cred, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return 0, err
	}
	return cred.Uid, nil
}
