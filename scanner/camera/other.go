//go:build !linux

package camera

// Supported reports whether cameras of this system can be read.
const Supported = false

func list() ([]Info, error) { return nil, ErrUnsupported }

func open(string) (*Camera, error) { return nil, ErrUnsupported }
