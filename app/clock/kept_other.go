//go:build !linux

package clock

// SystemKeeps cannot be told here.
func SystemKeeps() Kept { return KeptUnknown }
