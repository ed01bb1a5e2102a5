package model

import (
	"os"

	"github.com/tallystick/tallystick/vault/durable"
)

// saveNew writes a file that only its owner can read, durably and never half. It replaces
// nothing but an empty file, which is what a dialogue for saving leaves.
func saveNew(path string, data []byte) error {
	if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() && info.Size() == 0 {
		return durable.Replace(path, data)
	}
	return durable.New(path, data)
}
