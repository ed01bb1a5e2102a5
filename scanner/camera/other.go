//go:build !linux

package camera

func list() ([]Info, error) { return nil, ErrUnsupported }

func open(string) (*Camera, error) { return nil, ErrUnsupported }
