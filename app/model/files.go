package model

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/tallystick/tallystick/vault/durable"
)

// errNoFile is a folder, or a pipe that would never end, in place of a file.
var errNoFile = errors.New("model: not a file")

// readFile reads a file that a person chose: all of it, or its first limit+1 bytes, by which the
// caller sees that there are too many. none is the error for what is no file.
func readFile(path string, limit int64, none error) ([]byte, error) {
	f, err := openFile(path, none)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only: nothing can be lost
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// headOf is the first bytes of a file, at most n; nothing of what is no file, or cannot be read.
func headOf(path string, n int) []byte {
	f, err := openFile(path, errNoFile)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, n)
	n, _ = io.ReadFull(f, head) // a short file is a file
	return head[:n]
}

func openFile(path string, none error) (*os.File, error) {
	// Looked at before it is opened: opening a pipe waits for somebody at its other end.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, none
	}
	return os.Open(path)
}

// saveNew writes a file that only its owner can read, durably and never half. It replaces
// nothing but an empty file, which is what a dialogue for saving leaves.
func saveNew(path string, data []byte) error {
	if isEmptyFile(path) {
		return durable.Replace(path, data)
	}
	return durable.New(path, data)
}

// saveAs is saveNew with a suffix for a name that has none. It returns the name; what the dialogue
// left under the one without it is removed.
func saveAs(path, suffix string, data []byte) (string, error) {
	if filepath.Ext(path) != "" {
		return path, saveNew(path, data)
	}
	removeEmpty(path)
	return path + suffix, saveNew(path+suffix, data)
}

// removeEmpty removes an empty file; anything else stays.
func removeEmpty(path string) {
	if isEmptyFile(path) {
		_ = os.Remove(path)
	}
}

func isEmptyFile(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().IsRegular() && info.Size() == 0
}
