//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package cli

// hideTyping has nothing to add to term.ReadPassword here.
func hideTyping(int) {}
