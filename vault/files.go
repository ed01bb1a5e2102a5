package vault

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/tallystick/tallystick/vault/durable"
)

// Names inside the directory of a vault.
const (
	vaultFile      = "vault.age"
	deviceFile     = "device.json"
	deviceCopy     = "device.copy.json"
	lockFile       = "lock"
	generationsDir = "generations"
	tempPrefix     = ".tallystick-"
	tempSuffix     = ".tmp"
)

var (
	errTooLarge = errors.New("file is too large")
	errReadBack = errors.New("what was written does not come back")
)

// disk is the file operations a vault needs, so that tests can make each of them fail
// or stop the process right before it. Directories are made 0700, files 0600.
type disk interface {
	MkdirAll(dir string) error
	ReadDir(dir string) ([]fs.DirEntry, error)
	Stat(path string) (fs.FileInfo, error)
	Open(path string) (readHandle, error)
	CreateTemp(dir string) (writeHandle, error) // a new file, tempPrefix*tempSuffix
	Link(from, to string) error
	Rename(from, to string) error
	Remove(path string) error
	SyncDir(dir string) error
	Watch(dir string) (*fsnotify.Watcher, error)
}

type readHandle interface {
	io.ReadCloser
	Stat() (fs.FileInfo, error)
}

type writeHandle interface {
	io.WriteCloser
	Name() string
	Sync() error
}

// osDisk is the real one.
type osDisk struct{}

func (osDisk) MkdirAll(dir string) error                 { return os.MkdirAll(dir, 0o700) }
func (osDisk) ReadDir(dir string) ([]fs.DirEntry, error) { return os.ReadDir(dir) }
func (osDisk) Stat(path string) (fs.FileInfo, error)     { return os.Stat(path) }
func (osDisk) Link(from, to string) error                { return os.Link(from, to) }
func (osDisk) Remove(path string) error                  { return os.Remove(path) }
func (osDisk) Rename(from, to string) error              { return durable.Rename(from, to) }
func (osDisk) SyncDir(dir string) error                  { return durable.SyncDir(dir) }

func (osDisk) Open(path string) (readHandle, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// CreateTemp makes a file that only its owner can read: os.CreateTemp uses 0600.
func (osDisk) CreateTemp(dir string) (writeHandle, error) {
	f, err := os.CreateTemp(dir, tempPrefix+"*"+tempSuffix)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Watch tells of changes of the files in dir.
func (osDisk) Watch(dir string) (*fsnotify.Watcher, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	if err := w.Add(dir); err != nil {
		_ = w.Close()
		return nil, err
	}
	return w, nil
}

// stampOf tells one state of a file from another. A vault file is never the same
// twice: its first bytes hold a key made for that one save.
type fileStamp struct {
	head [sha256.Size]byte // of the first headBytes
	size int64
	time time.Time
	info fs.FileInfo
}

const headBytes = 4096

func (s fileStamp) same(o fileStamp) bool {
	return s.head == o.head && s.size == o.size && s.time.Equal(o.time) && s.info != nil && o.info != nil && os.SameFile(s.info, o.info)
}

// sameBytes is same for a copy in another place.
func (s fileStamp) sameBytes(o fileStamp) bool { return s.head == o.head && s.size == o.size }

func newStamp(info fs.FileInfo, head []byte) fileStamp {
	return fileStamp{head: sha256.Sum256(head[:min(len(head), headBytes)]), size: info.Size(), time: info.ModTime(), info: info}
}

// stampFile reads just enough of a file to know whether it is another one.
func stampFile(d disk, path string) (fileStamp, error) {
	f, err := d.Open(path)
	if err != nil {
		return fileStamp{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fileStamp{}, err
	}
	head, err := io.ReadAll(io.LimitReader(f, headBytes))
	if err != nil {
		return fileStamp{}, err
	}
	return newStamp(info, head), nil
}

// readFile reads a whole file of at most limit bytes (errTooLarge).
func readFile(d disk, path string, limit int64) ([]byte, fileStamp, error) {
	f, err := d.Open(path)
	if err != nil {
		return nil, fileStamp{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fileStamp{}, err
	}
	if info.IsDir() {
		return nil, fileStamp{}, &fs.PathError{Op: "read", Path: path, Err: errors.New("is a directory")}
	}
	if info.Size() > limit {
		return nil, fileStamp{}, fmt.Errorf("%w: %d bytes, at most %d are read", errTooLarge, info.Size(), limit)
	}
	data := make([]byte, info.Size()+1) // one more, to see the end
	n, err := io.ReadFull(f, data)
	switch {
	case err == nil:
		// It grew since it was measured. Nobody of ours writes into a file that is there.
		return nil, fileStamp{}, fmt.Errorf("%s: changed while it was read", filepath.Base(path))
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		data = data[:n]
		return data, newStamp(info, data), nil
	}
	return nil, fileStamp{}, err
}

// writeFile puts data at path so that whatever happens, path holds the old content or
// the new one, whole. check judges what is read back before it counts; beforeRename is
// the last thing that can stop it. After an error path may still hold the new content
// if the error came from making the name durable. durable.Replace knows neither check nor
// beforeRename; and what a killed save leaves of this goes under the lock (removeTemps).
func writeFile(d disk, path string, data []byte, check func(back []byte) error, beforeRename func() error) (err error) {
	dir := filepath.Dir(path)
	f, err := d.CreateTemp(dir)
	if err != nil {
		return err
	}
	temp := f.Name()
	defer func() {
		if err != nil {
			_ = d.Remove(temp) // what stays is removed under the lock later
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if errClose := f.Close(); err == nil {
		err = errClose
	}
	if err != nil {
		return err
	}
	back, _, err := readFile(d, temp, int64(len(data)))
	if err != nil {
		return err
	}
	if err = check(back); err != nil {
		return err
	}
	if beforeRename != nil {
		if err = beforeRename(); err != nil {
			return err
		}
	}
	if err = d.Rename(temp, path); err != nil {
		return err
	}
	return d.SyncDir(dir)
}

// removeTemps deletes what saves that were killed left behind. Only under the lock.
func removeTemps(d disk, dir string) {
	list, err := d.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range list {
		if name := e.Name(); strings.HasPrefix(name, tempPrefix) && strings.HasSuffix(name, tempSuffix) {
			_ = d.Remove(filepath.Join(dir, name))
		}
	}
}
