package vault_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"github.com/fsnotify/fsnotify"

	"github.com/tallystick/tallystick/vault"
)

// faultyDisk counts the steps of an operation and calls at before each. What at
// returns, the step returns, with nothing done. A write is two steps, with half of the
// data on the disk between them.
type faultyDisk struct {
	vault.Disk
	mu    sync.Mutex
	steps int
	at    func(step int, op, path string) error
}

func newFaultyDisk(at func(step int, op, path string) error) *faultyDisk {
	return &faultyDisk{Disk: vault.OSDisk(), at: at}
}

func (d *faultyDisk) step(op, path string) error {
	d.mu.Lock()
	d.steps++
	n, at := d.steps, d.at
	d.mu.Unlock()
	if at == nil {
		return nil
	}
	return at(n, op, path)
}

// set starts counting again, with another fault.
func (d *faultyDisk) set(at func(step int, op, path string) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.steps, d.at = 0, at
}

func (d *faultyDisk) MkdirAll(dir string) error {
	if err := d.step("mkdir", dir); err != nil {
		return err
	}
	return d.Disk.MkdirAll(dir)
}

func (d *faultyDisk) Link(from, to string) error {
	if err := d.step("link", to); err != nil {
		return err
	}
	return d.Disk.Link(from, to)
}

func (d *faultyDisk) Rename(from, to string) error {
	if err := d.step("rename", to); err != nil {
		return err
	}
	return d.Disk.Rename(from, to)
}

func (d *faultyDisk) Remove(path string) error {
	if err := d.step("remove", path); err != nil {
		return err
	}
	return d.Disk.Remove(path)
}

func (d *faultyDisk) SyncDir(dir string) error {
	if err := d.step("syncdir", dir); err != nil {
		return err
	}
	return d.Disk.SyncDir(dir)
}

func (d *faultyDisk) Watch(dir string) (*fsnotify.Watcher, error) {
	if err := d.step("watch", dir); err != nil {
		return nil, err
	}
	return d.Disk.Watch(dir)
}

func (d *faultyDisk) Open(path string) (vault.ReadHandle, error) {
	if err := d.step("open", path); err != nil {
		return nil, err
	}
	return d.Disk.Open(path)
}

func (d *faultyDisk) CreateTemp(dir string) (vault.WriteHandle, error) {
	if err := d.step("create", dir); err != nil {
		return nil, err
	}
	f, err := d.Disk.CreateTemp(dir)
	if err != nil {
		return nil, err
	}
	return &faultyFile{f, d}, nil
}

type faultyFile struct {
	vault.WriteHandle
	d *faultyDisk
}

func (f *faultyFile) Write(b []byte) (int, error) {
	if err := f.d.step("write", f.Name()); err != nil {
		return 0, err
	}
	n, err := f.WriteHandle.Write(b[:len(b)/2])
	if err != nil {
		return n, err
	}
	if err := f.d.step("write more", f.Name()); err != nil {
		return n, err
	}
	m, err := f.WriteHandle.Write(b[len(b)/2:])
	return n + m, err
}

func (f *faultyFile) Sync() error {
	if err := f.d.step("sync", f.Name()); err != nil {
		return err
	}
	return f.WriteHandle.Sync()
}

// Close closes in any case: a test must not run out of files.
func (f *faultyFile) Close() error {
	err := f.d.step("close", f.Name())
	if errClose := f.WriteHandle.Close(); err == nil {
		err = errClose
	}
	return err
}

// changes reports whether an operation changes the disk.
func changes(op string) bool { return op != "open" }

// temps lists leftovers of interrupted saves.
func temps(t testing.TB, dir string) []string {
	t.Helper()
	var list []string
	for name := range snapshot(t, dir) {
		if strings.HasSuffix(name, ".tmp") {
			list = append(list, name)
		}
	}
	return list
}

// snapshot reads everything under dir but the lock, which has no content.
func snapshot(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	root := dirFS(dir)
	err := fs.WalkDir(root, ".", func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || e.IsDir() || path == vault.LockFile {
			return err
		}
		b, err := fs.ReadFile(root, path)
		files[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// describe names a step in failure messages.
func describe(step int, op, path string) string {
	return fmt.Sprintf("step %d (%s %s)", step, op, path)
}
