//go:build unix && !linux && !darwin

package dir

var exclusive = []naming{link}
