// Package dir keeps the objects of shared vaults in a folder: one that a program keeps in step between computers (Nextcloud,
// Dropbox, Syncthing), or a network share.
//
// Purpose: the folder back end of vault/share/store. Objects are plain files under their names. A new one is written under a
// temporary name, made durable, and then given its name in one step that fails when the name is taken:
//
//   - a hard link, where the file system knows them;
//   - else a rename that does not replace (Linux renameat2, macOS renamex_np, always on Windows);
//   - else, where neither is known (some network mounts), the name is looked up and the file renamed. Two devices that do this
//     with the same name at the same moment may then replace one another's file. Names end in a hash of the bytes, so what is
//     replaced is equal, unless somebody lies, and vault/share finds those out by the hash.
//
// What a folder is like in practice: files of others lie about (conflict copies, desktop.ini, .stignore), files appear before
// they are complete, links may lead outside, a share may be unmounted. Files whose names cannot be an object's are not seen;
// symbolic links are not followed out of the folder, and links in place of objects are not seen at all; a folder that is not
// there is offline, and never made, unless Make is called.
//
// Who may import it: store/backend and tests.
//
// Concurrency: a Store may be used by many goroutines and processes at once. A network mount that hangs cannot be interrupted:
// calls return when their context ends, and what hangs goes on alone, at most maxHanging of them.
package dir

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/tallystick/tallystick/vault/durable"
	"github.com/tallystick/tallystick/vault/share/store"
)

const (
	// Temporary files. Unix hides them, and the usual programs leave such names where they are: Nextcloud (hidden), Dropbox
	// (begins with ".~").
	tempPrefix, tempSuffix = ".~tally-", ".tmp"
	// staleAfter is when a temporary file of somebody who was interrupted is removed.
	staleAfter = 24 * time.Hour
	maxHanging = 8
)

// Config is what a Store gets from outside. Zero fields are the system's.
type Config struct {
	Now    func() time.Time
	Random io.Reader
}

// Store is a folder.
type Store struct {
	path   string
	now    func() time.Time
	random io.Reader
	slots  chan struct{}
	naming []naming // the ways to give a file its name, best first
}

// naming gives the file temp, beside final, the name final: fs.ErrExist when it is taken, errUnsupported when the file system
// does not know this way.
type naming func(root *os.Root, temp, final string) error

var errUnsupported = errors.New("not known to this file system")

// New makes a store of the folder at path, an absolute path. Nothing is touched until it is used.
func New(path string, cfg Config) *Store {
	s := &Store{path: path, now: cfg.Now, random: cfg.Random, slots: make(chan struct{}, maxHanging), naming: slices.Concat(exclusive, []naming{lookThenRename})}
	if s.now == nil {
		s.now = time.Now
	}
	if s.random == nil {
		s.random = rand.Reader
	}
	return s
}

// Make makes the folder, if it is not there. Its parent has to be: a share that is not mounted is not to be replaced by a
// folder on the local disk.
func (s *Store) Make(ctx context.Context) error {
	return s.do(ctx, func() error {
		if err := os.Mkdir(s.path, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
			return failed("make folder", err)
		}
		return nil
	})
}

// List walks the folder that the prefix names.
func (s *Store) List(ctx context.Context, prefix string) ([]store.Object, error) {
	if !store.ValidPrefix(prefix) {
		return nil, fmt.Errorf("%w: %.120q", store.ErrName, prefix)
	}
	var list []store.Object
	err := s.in(ctx, "list", func(root *os.Root) (err error) {
		list, err = s.list(ctx, root, prefix)
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (s *Store) list(ctx context.Context, root *os.Root, prefix string) ([]store.Object, error) {
	start, _ := store.SplitPrefix(prefix)
	var list []store.Object
	// In breadth: a folder that somebody linked into itself is not walked, links are not followed.
	for todo := []string{start}; len(todo) > 0; todo = todo[1:] {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		entries, err := readDir(root, todo[0])
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			name := path.Join(todo[0], e.Name())
			if e.Type().IsRegular() && isTemp(e.Name()) {
				s.sweep(root, name, e)
				continue
			}
			if store.CheckName(name) != nil {
				continue
			}
			switch {
			case e.IsDir():
				if strings.HasPrefix(name, prefix) || strings.HasPrefix(prefix, name+"/") {
					todo = append(todo, name)
				}
			case e.Type().IsRegular() && strings.HasPrefix(name, prefix):
				info, err := e.Info()
				if err != nil {
					continue // gone since
				}
				if list = append(list, store.Object{Name: name, Size: info.Size()}); len(list) > store.MaxObjects {
					return nil, &store.Failure{Op: "list", Kind: store.ErrStorage, Detail: "too many files"}
				}
			}
		}
	}
	slices.SortFunc(list, func(a, b store.Object) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// readDir reads the entries of a folder, in whatever order, without following a link to it out of the root.
func readDir(root *os.Root, name string) ([]fs.DirEntry, error) {
	if name == "" {
		name = "."
	}
	info, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fs.ErrNotExist
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(store.MaxObjects * 2)
	if err == io.EOF {
		err = nil
	}
	return entries, err
}

// sweep removes a temporary file that nobody can be writing any more. Whoever is, all the same, tries again.
func (s *Store) sweep(root *os.Root, name string, e fs.DirEntry) {
	if info, err := e.Info(); err == nil && s.now().Sub(info.ModTime()) > staleAfter {
		_ = root.Remove(name)
	}
}

func isTemp(name string) bool {
	return strings.HasPrefix(name, tempPrefix) && strings.HasSuffix(name, tempSuffix)
}

// Get reads a regular file.
func (s *Store) Get(ctx context.Context, name string, max int64) ([]byte, error) {
	if err := store.CheckName(name); err != nil {
		return nil, err
	}
	var data []byte
	err := s.in(ctx, "read", func(root *os.Root) (err error) {
		data, err = read(root, name, max)
		return err
	})
	if err != nil {
		return nil, err
	}
	return data, nil
}

func read(root *os.Root, name string, max int64) ([]byte, error) {
	// Looked at before it is opened: opening a pipe would wait for somebody at its other end.
	info, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fs.ErrNotExist
	}
	f, err := root.OpenFile(name, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, err
	}
	if info.Size() > max {
		return nil, &store.Failure{Op: "read", Kind: store.ErrTooLarge}
	}
	data := bytes.NewBuffer(make([]byte, 0, info.Size()+bytes.MinRead))
	n, err := data.ReadFrom(io.LimitReader(f, max+1))
	if err != nil {
		return nil, err
	}
	if n > max {
		return nil, &store.Failure{Op: "read", Kind: store.ErrTooLarge}
	}
	return data.Bytes(), nil
}

// PutNew writes a file under a temporary name and gives it its own.
func (s *Store) PutNew(ctx context.Context, name string, data []byte) error {
	if err := store.CheckName(name); err != nil {
		return err
	}
	own := bytes.Clone(data) // the caller may have gone when a mount that hung goes on
	return s.in(ctx, "write", func(root *os.Root) error { return s.put(ctx, root, name, own) })
}

func (s *Store) put(ctx context.Context, root *os.Root, name string, data []byte) (err error) {
	switch err := same(root, name, data); {
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	folder := path.Dir(name)
	// The members of a team share the folder under accounts of their own: who may read and write is for the folder's
	// permissions and the umask to say. What is written is encrypted.
	if err := root.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	temp, err := s.tempName(folder)
	if err != nil {
		return err
	}
	defer func() {
		if rerr := root.Remove(temp); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) && err == nil {
			err = nil // the object is there; the leftover is swept later
		}
	}()
	if err := write(root, temp, data); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, way := range s.naming {
		err = way(root, temp, name)
		if !errors.Is(err, errUnsupported) {
			break
		}
	}
	if errors.Is(err, fs.ErrExist) {
		return same(root, name, data)
	}
	if err != nil {
		return err
	}
	syncFolder(root, folder)
	return nil
}

func (s *Store) tempName(folder string) (string, error) {
	var b [12]byte
	if _, err := io.ReadFull(s.random, b[:]); err != nil {
		return "", err
	}
	return path.Join(folder, tempPrefix+hex.EncodeToString(b[:])+tempSuffix), nil
}

// same reports nil when the file holds data, ErrExists when it holds something else, fs.ErrNotExist when nothing has the name.
func same(root *os.Root, name string, data []byte) error {
	if _, err := root.Lstat(name); err != nil {
		return err
	}
	there, err := read(root, name, int64(len(data)))
	switch {
	case err == nil && bytes.Equal(there, data):
		return nil
	case err == nil, errors.Is(err, store.ErrTooLarge), errors.Is(err, fs.ErrNotExist):
		// Not a regular file, or gone in between: taken, as far as this attempt goes.
		return &store.Failure{Op: "write", Kind: store.ErrExists}
	}
	return err
}

func write(root *os.Root, name string, data []byte) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = durable.Sync(f)
	}
	return errors.Join(err, f.Close())
}

// syncFolder makes the new name durable, where the system can. The object is in the writer's vault as well, so one that is
// lost with the power is written again.
func syncFolder(root *os.Root, folder string) {
	if f, err := root.Open(folder); err == nil {
		_ = f.Sync()
		_ = f.Close()
	}
}

// lookThenRename is for file systems that know nothing better.
func lookThenRename(root *os.Root, temp, final string) error {
	if _, err := root.Lstat(final); err == nil {
		return fs.ErrExist
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return root.Rename(temp, final)
}

// Delete removes a file. Folders that become empty stay: somebody may be about to write into them.
func (s *Store) Delete(ctx context.Context, name string) error {
	if err := store.CheckName(name); err != nil {
		return err
	}
	return s.in(ctx, "delete", func(root *os.Root) error {
		info, err := root.Lstat(name)
		if err == nil && info.IsDir() {
			return nil // no object
		}
		if err == nil {
			err = root.Remove(name)
		}
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			return nil
		}
		return err
	})
}

// in does work in the folder, which is opened anew each time: a share may have come and gone since.
func (s *Store) in(ctx context.Context, op string, work func(*os.Root) error) error {
	return s.do(ctx, func() error {
		info, err := os.Stat(s.path)
		if err == nil && !info.IsDir() {
			return &store.Failure{Op: op, Kind: store.ErrStorage, Detail: "that is no folder"}
		}
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			return &store.Failure{Op: op, Kind: store.ErrOffline, Detail: "the folder is not there"}
		}
		if err != nil {
			return failed(op, err)
		}
		root, err := os.OpenRoot(s.path)
		if err != nil {
			return failed(op, err)
		}
		defer root.Close()
		return failed(op, work(root))
	})
}

// do runs work beside the caller, who leaves when the context ends.
func (s *Store) do(ctx context.Context, work func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	done := make(chan error, 1)
	go func() {
		defer func() { <-s.slots }()
		done <- work()
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// failed says what an error of the file system means.
func failed(op string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if f := (*store.Failure)(nil); errors.As(err, &f) {
		return err
	}
	f := &store.Failure{Op: op, Kind: store.ErrStorage, Detail: reason(err)}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.Kind = store.ErrNotFound
	case errors.Is(err, fs.ErrPermission), isErrno(err, denied):
		f.Kind = store.ErrDenied
	case isErrno(err, full):
		f.Kind = store.ErrFull
	case isErrno(err, offline):
		f.Kind, f.Again = store.ErrOffline, true
	case isErrno(err, busy):
		f.Kind, f.Again = store.ErrOffline, true
	case isErrno(err, tooLong):
		f.Kind = store.ErrName
	}
	return f
}

// reason is the system's word for an error, without the path: where the folder lies is known to whoever asks, and of no
// concern to a log.
func reason(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return le.Err.Error()
	}
	return "unknown"
}

func isErrno(err error, list []syscall.Errno) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && slices.Contains(list, errno)
}
