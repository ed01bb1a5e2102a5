// Package durable writes files whole: after a crash, a full disk or a pulled plug a name shows what it showed before or everything
// that was written, and what a call reported as written is on the disk.
//
// Purpose: the one place with the steps for that. The bytes go into a temporary file beside the target, which only its owner can
// read (mode 0600; on Windows the rights of the folder) and which is synced before it gets its name; then the folder is synced. A
// call that fails takes its temporary file away. One whose process was killed cannot: what it left is taken away by a later
// write into the same folder, after an hour.
//
// What a vault and a backup write is read back and judged before it gets its name, and has steps of its own for that; they take
// Rename and SyncDir from here. Objects of shared vaults have the rights their folder gives (vault/share/store/dir).
//
// Who may import it: everybody but app/view, app/widget, app/look and app/platform. It imports nothing of ours.
//
// Concurrency: there is no state; everything may be called by several goroutines and processes at once, on the same name too. Of
// several who replace a file one wins, whole; of several who make a new one the first.
//
// Ownership: bytes handed in stay the caller's and are not kept.
//
// Errors are *fs.PathError with the name that was asked for and what the system said inside, so that errors.Is finds
// fs.ErrExist, fs.ErrPermission, syscall.ENOSPC and the like. None of them holds anything of the content.
package durable

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	// Temporary files. The names are not those of vault and vault/backup, which take away what they think was left behind.
	tempPrefix, tempSuffix = ".tallynew-", ".tmp"
	// leftAfter is when a temporary file is taken for one that nobody will end.
	leftAfter = time.Hour
)

// Replace makes path a file with these bytes and mode 0600, whatever file it was before. A symbolic link is replaced, not followed.
// The folder has to be there.
//
// After an error path is what it was, unless it was the folder that could not be synced: then it may be the new file.
func Replace(path string, data []byte) error { return write(osDisk{}, path, data, replace) }

// New is Replace for a name that nothing has yet: fs.ErrExist when something has it, be it a folder or a link that leads
// nowhere. After an error of its own there is nothing at path.
//
// Where a file system knows no second names (FAT), somebody who makes the same name at the same moment may be replaced.
func New(path string, data []byte) error { return write(osDisk{}, path, data, makeNew) }

// Rename gives a file another name in the same folder, and replaces what has it. On Windows that fails while anybody, such as a
// virus scanner, has the file open, which is over in a moment: it is tried for a fifth of a second.
func Rename(from, to string) error {
	return patiently(func() error { return os.Rename(from, to) })
}

// SyncDir makes the names in a folder durable. Windows has no such operation; NTFS keeps a journal of names. It is nil as well
// where the file system knows no such thing, and for a folder that one may write into and not open.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	defer d.Close()
	return Sync(d)
}

// Sync is f.Sync, and nil where the file system knows no such thing, as some on networks: that is no reason to write nothing.
func Sync(f interface{ Sync() error }) error {
	err := f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// disk is the file operations that writing needs, so that tests can make each of them fail or be the last.
type disk interface {
	CreateTemp(dir string) (file, error)
	Lstat(path string) (fs.FileInfo, error)
	Link(from, to string) error
	Rename(from, to string) error
	Remove(path string) error
	SyncDir(dir string) error
}

type file interface {
	io.WriteCloser
	Name() string
	Stat() (fs.FileInfo, error)
	Sync() error
}

// osDisk is the real one.
type osDisk struct{}

func (osDisk) Lstat(path string) (fs.FileInfo, error) { return os.Lstat(path) }
func (osDisk) Link(from, to string) error             { return os.Link(from, to) }
func (osDisk) Rename(from, to string) error           { return Rename(from, to) }
func (osDisk) SyncDir(dir string) error               { return SyncDir(dir) }

func (osDisk) Remove(path string) error {
	return patiently(func() error { return os.Remove(path) })
}

// CreateTemp makes a file that only its owner can read: os.CreateTemp uses 0600.
func (osDisk) CreateTemp(dir string) (file, error) {
	f, err := os.CreateTemp(dir, tempPrefix+"*"+tempSuffix)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// patiently tries again what Windows refuses while somebody has the file open.
func patiently(do func() error) error {
	err := do()
	for try := 0; err != nil && runtime.GOOS == "windows" && !errors.Is(err, fs.ErrNotExist) && try < 20; try++ {
		time.Sleep(10 * time.Millisecond)
		err = do()
	}
	return err
}

// naming gives the file temp the name path.
type naming func(d disk, temp, path string) error

func write(d disk, path string, data []byte, name naming) (err error) {
	defer func() { err = told(path, err) }()
	dir := filepath.Dir(path)
	f, err := d.CreateTemp(dir)
	if err != nil {
		return err
	}
	temp := f.Name()
	defer func() {
		if err != nil {
			_ = d.Remove(temp) // the error that led here is the one to report
		}
	}()
	// By the clock of the file system: that of the computer may be another one.
	if made, err := f.Stat(); err == nil {
		sweep(dir, made.ModTime().Add(-leftAfter))
	}
	_, err = f.Write(data)
	if err == nil {
		err = Sync(f)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return name(d, temp, path)
}

func replace(d disk, temp, path string) error {
	if err := d.Rename(temp, path); err != nil {
		return err
	}
	return d.SyncDir(filepath.Dir(path))
}

func makeNew(d disk, temp, path string) error {
	if err := claim(d, temp, path); err != nil {
		return err
	}
	err := d.SyncDir(filepath.Dir(path))
	if err != nil {
		_ = d.Remove(path) // nobody was told of it
	}
	return err
}

// claim gives the file a name that nothing has, or leaves the name alone.
func claim(d disk, temp, path string) error {
	// A second name fails where somebody was faster; a rename would not.
	err := d.Link(temp, path)
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	if err == nil {
		if err = d.Remove(temp); err != nil {
			_ = d.Remove(path)
		}
		return err
	}
	// There are no second names here: what is seen has to do.
	if _, err = d.Lstat(path); err == nil {
		return fs.ErrExist
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return d.Rename(temp, path)
}

// sweep takes away what processes that were killed left in a folder before a time.
func sweep(dir string, before time.Time) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || !strings.HasPrefix(e.Name(), tempPrefix) || !strings.HasSuffix(e.Name(), tempSuffix) {
			continue
		}
		if info, err := e.Info(); err == nil && info.ModTime().Before(before) {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// told puts the name that was asked for in place of the temporary one.
func told(path string, err error) error {
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &pe):
		err = pe.Err
	case errors.As(err, &le):
		err = le.Err
	}
	return &fs.PathError{Op: "write", Path: path, Err: err}
}
