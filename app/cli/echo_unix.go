//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package cli

import "golang.org/x/sys/unix"

// hideTyping switches echo off. term.ReadPassword does so too, but only after the prompt is
// on the screen, and a fast hand would see its first characters.
func hideTyping(fd int) {
	state, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return
	}
	state.Lflag &^= unix.ECHO
	_ = unix.IoctlSetTermios(fd, setTermios, state)
}
