package backup

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tallystick/tallystick/vault/durable"
)

// disk is the file operations a backup needs, so that tests can make each of them fail or
// stop the process right before it. Files are made 0600.
type disk interface {
	ReadDir(dir string) ([]fs.DirEntry, error)
	Stat(path string) (fs.FileInfo, error)
	ReadFile(path string, limit int64) ([]byte, error)
	CreateTemp(dir string) (tempFile, error)
	Rename(from, to string) error
	Remove(path string) error
	SyncDir(dir string) error
}

type tempFile interface {
	io.WriteCloser
	Name() string
	Sync() error
}

const (
	tempPrefix = ".tsbackup-" // not that of vault, which takes away what it thinks was left behind
	tempSuffix = ".tmp"
)

var errTooLarge = errors.New("file is too large")

// osDisk is the real one.
type osDisk struct{}

func (osDisk) ReadDir(dir string) ([]fs.DirEntry, error) { return os.ReadDir(dir) }
func (osDisk) Stat(path string) (fs.FileInfo, error)     { return os.Lstat(path) }
func (osDisk) Rename(from, to string) error              { return durable.Rename(from, to) }
func (osDisk) SyncDir(dir string) error                  { return durable.SyncDir(dir) }
func (osDisk) Remove(path string) error                  { return os.Remove(path) }

func (osDisk) CreateTemp(dir string) (tempFile, error) {
	f, err := os.CreateTemp(dir, tempPrefix+"*"+tempSuffix)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (osDisk) ReadFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%w: over %d bytes", errTooLarge, limit)
	}
	return data, err
}

// writeFile puts data at path, which check has judged as it came back from the disk: under a
// temporary name, so that a name that counts never shows half a file. That judge, and the disk that
// tests make fail, are why it is not durable.Replace.
func writeFile(d disk, path string, data []byte, check func(back []byte) error) (err error) {
	dir := filepath.Dir(path)
	f, err := d.CreateTemp(dir)
	if err != nil {
		return err
	}
	temp := f.Name()
	defer func() {
		if err != nil {
			_ = d.Remove(temp)
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	back, err := d.ReadFile(temp, int64(len(data)))
	if err != nil {
		return err
	}
	if err = check(back); err != nil {
		return err
	}
	if err = d.Rename(temp, path); err != nil {
		return err
	}
	return d.SyncDir(dir)
}
