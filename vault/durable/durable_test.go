package durable

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var (
	before = []byte("what was there")
	after  = bytes.Repeat([]byte("what is written, "), 1000)
)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// holds reads a file; nil when there is none.
func holds(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	ok(t, err)
	return data
}

// names lists a folder.
func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	ok(t, err)
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// private holds that only the owner can read a file.
func private(t *testing.T, path string) {
	t.Helper()
	info, err := os.Lstat(path)
	ok(t, err)
	if runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("%s has mode %v", filepath.Base(path), info.Mode())
	}
}

// refusal holds an error against what is promised of all of them.
func refusal(t *testing.T, err error, path string, want error) {
	t.Helper()
	var pe *fs.PathError
	if !errors.As(err, &pe) || pe.Path != path || !errors.Is(err, want) {
		t.Errorf("%v: want a PathError of %s with %v", err, path, want)
		return
	}
	if text := err.Error(); strings.Contains(text, tempPrefix) || strings.Contains(text, "what ") {
		t.Errorf("the error tells too much: %v", err)
	}
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	for _, data := range [][]byte{after, {}, before} {
		ok(t, Replace(path, data))
		if got := holds(t, path); !bytes.Equal(got, data) {
			t.Fatalf("%d bytes instead of %d", len(got), len(data))
		}
		private(t, path)
		ok(t, os.Chmod(path, 0o644)) // somebody opened it up: what is written next is private again
	}
	elsewhere := filepath.Join(dir, "elsewhere")
	ok(t, os.WriteFile(elsewhere, before, 0o600))
	if err := os.Symlink(elsewhere, filepath.Join(dir, "link")); err == nil {
		ok(t, Replace(filepath.Join(dir, "link"), after))
		private(t, filepath.Join(dir, "link"))
		if !bytes.Equal(holds(t, elsewhere), before) {
			t.Error("a link was followed")
		}
	}
	for _, name := range names(t, dir) {
		if strings.HasPrefix(name, tempPrefix) {
			t.Errorf("%s was left", name)
		}
	}
}

func TestNew(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	ok(t, New(path, after))
	if !bytes.Equal(holds(t, path), after) {
		t.Fatal("something else was written")
	}
	private(t, path)

	taken := map[string]func(path string) error{
		"a file":                     func(p string) error { return os.WriteFile(p, before, 0o644) },
		"an empty file":              func(p string) error { return os.WriteFile(p, nil, 0o644) },
		"a folder":                   func(p string) error { return os.Mkdir(p, 0o755) },
		"a link that leads nowhere":  func(p string) error { return os.Symlink("nowhere", p) },
		"a link to another file":     func(p string) error { return os.Symlink("file", p) },
		"a name that a folder lacks": nil,
	}
	for what, make := range taken {
		for _, d := range []disk{osDisk{}, &faultyDisk{at: only("link", syscall.EPERM)}} {
			dir := t.TempDir()
			path := filepath.Join(dir, "taken")
			if make == nil {
				path = filepath.Join(dir, "no", "folder")
				refusal(t, write(d, path, after, makeNew), path, fs.ErrNotExist)
				continue
			}
			if err := make(path); err != nil {
				t.Logf("%s: %v", what, err)
				continue
			}
			was, err := os.Lstat(path)
			ok(t, err)
			refusal(t, write(d, path, after, makeNew), path, fs.ErrExist)
			if is, err := os.Lstat(path); err != nil || !os.SameFile(was, is) || was.Size() != is.Size() {
				t.Errorf("%s was touched", what)
			}
			if list := names(t, dir); len(list) != 1 {
				t.Errorf("%s: left %v", what, list)
			}
		}
	}
}

// What the system itself refuses.
func TestRefusals(t *testing.T) {
	ways := map[string]func(string, []byte) error{"replace": Replace, "new": New}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "gone", "file")
			refusal(t, way(path, after), path, fs.ErrNotExist)

			ok(t, os.MkdirAll(filepath.Join(dir, "full", "of", "files"), 0o700))
			path = filepath.Join(dir, "full")
			err := way(path, after)
			var pe *fs.PathError
			if !errors.As(err, &pe) || pe.Path != path {
				t.Errorf("onto a folder: %v", err)
			}
			if list := names(t, dir); len(list) != 1 || len(names(t, path)) != 1 {
				t.Errorf("onto a folder: left %v", list)
			}
			path = filepath.Join(dir, strings.Repeat("n", 300))
			if err := way(path, after); err == nil {
				t.Error("a name of 300 characters was taken")
			}
			if list := names(t, dir); len(list) != 1 {
				t.Errorf("too long a name: left %v", list)
			}
		})
		t.Run(name+" in a folder that is not writable", func(t *testing.T) {
			dir := t.TempDir()
			ok(t, os.Chmod(dir, 0o500))
			defer func() { _ = os.Chmod(dir, 0o700) }()
			path := filepath.Join(dir, "file")
			err := way(path, after)
			if err == nil {
				t.Skip("this user may write everywhere")
			}
			refusal(t, err, path, fs.ErrPermission)
		})
	}
}

// faultyDisk calls at before each step. What at returns, the step returns, with nothing done; a write is two steps, with half of the
// data on the disk between them.
type faultyDisk struct {
	osDisk
	steps int
	at    func(step int, op string) error
}

func (d *faultyDisk) step(op string) error {
	d.steps++
	return d.at(d.steps, op)
}

// only makes one operation fail, always.
func only(what string, err error) func(int, string) error {
	return func(_ int, op string) error {
		if op == what {
			return &fs.PathError{Op: op, Path: tempPrefix, Err: err}
		}
		return nil
	}
}

func (d *faultyDisk) CreateTemp(dir string) (file, error) {
	if err := d.step("create"); err != nil {
		return nil, err
	}
	f, err := d.osDisk.CreateTemp(dir)
	return &faultyFile{f, d}, err
}

func (d *faultyDisk) Lstat(path string) (fs.FileInfo, error) {
	if err := d.step("lstat"); err != nil {
		return nil, err
	}
	return d.osDisk.Lstat(path)
}

func (d *faultyDisk) Link(from, to string) error {
	if err := d.step("link"); err != nil {
		return err
	}
	return d.osDisk.Link(from, to)
}

func (d *faultyDisk) Rename(from, to string) error {
	if err := d.step("rename"); err != nil {
		return err
	}
	return d.osDisk.Rename(from, to)
}

func (d *faultyDisk) Remove(path string) error {
	if err := d.step("remove"); err != nil {
		return err
	}
	return d.osDisk.Remove(path)
}

func (d *faultyDisk) SyncDir(dir string) error {
	if err := d.step("syncdir"); err != nil {
		return err
	}
	return d.osDisk.SyncDir(dir)
}

type faultyFile struct {
	file
	disk *faultyDisk
}

func (f *faultyFile) Write(data []byte) (int, error) {
	if err := f.disk.step("write"); err != nil {
		return 0, err
	}
	n, err := f.file.Write(data[:len(data)/2])
	if err != nil {
		return n, err
	}
	if err := f.disk.step("write the rest"); err != nil {
		return n, err
	}
	m, err := f.file.Write(data[len(data)/2:])
	return n + m, err
}

func (f *faultyFile) Sync() error {
	if err := f.disk.step("sync"); err != nil {
		return err
	}
	return f.file.Sync()
}

func (f *faultyFile) Close() error {
	err := f.file.Close()
	if fault := f.disk.step("close"); fault != nil {
		return fault
	}
	return err
}

// ways are all the ways a file is written: what was there, what fails from the beginning, and what must happen.
var ways = map[string]struct {
	name  naming
	was   []byte
	links bool // the file system knows second names
}{
	"replace":                  {replace, before, true},
	"replace nothing":          {replace, nil, true},
	"new":                      {makeNew, nil, true},
	"new without second names": {makeNew, nil, false},
}

// Bytes are on the disk before the file has its name, and the name is before the call returns.
func TestOrder(t *testing.T) {
	for name, want := range map[string]string{
		"replace":                  "create, write, write the rest, sync, close, rename, syncdir",
		"replace nothing":          "create, write, write the rest, sync, close, rename, syncdir",
		"new":                      "create, write, write the rest, sync, close, link, remove, syncdir",
		"new without second names": "create, write, write the rest, sync, close, link, lstat, rename, syncdir",
	} {
		var steps []string
		d := &faultyDisk{at: func(_ int, op string) error {
			steps = append(steps, op)
			if op == "link" && !ways[name].links {
				return syscall.EPERM
			}
			return nil
		}}
		ok(t, write(d, filepath.Join(t.TempDir(), "file"), after, ways[name].name))
		if got := strings.Join(steps, ", "); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// Every step fails, with every kind of failure: the name shows what was there or all that was written, and nothing is left beside it.
func TestEveryStepFails(t *testing.T) {
	for name, way := range ways {
		for _, fault := range []error{syscall.ENOSPC, syscall.EROFS, syscall.EACCES, syscall.EIO} {
			for fails := 1; ; fails++ {
				dir := t.TempDir()
				path := filepath.Join(dir, "file")
				if way.was != nil {
					ok(t, os.WriteFile(path, way.was, 0o600))
				}
				what := ""
				d := &faultyDisk{at: func(step int, op string) error {
					if op == "link" && !way.links {
						return syscall.EPERM
					}
					if step != fails {
						return nil
					}
					what = op
					return &os.LinkError{Op: op, Old: tempPrefix, New: tempPrefix, Err: fault}
				}}
				err := write(d, path, after, way.name)
				if what == "" && d.steps < fails {
					ok(t, err)
					if fails < 7 {
						t.Errorf("%s: only %d steps were seen", name, fails-1)
					}
					break
				}
				is := holds(t, path)
				switch {
				case err == nil && what == "link": // done in the other way
					if !bytes.Equal(is, after) {
						t.Errorf("%s: %d bytes after a link that failed", name, len(is))
					}
				case what == "": // it was the link that always fails
				default:
					refusal(t, err, path, fault)
					want := way.was
					if what == "syncdir" && strings.HasPrefix(name, "replace") {
						want = after // too late to have the old one back
					}
					if !bytes.Equal(is, want) {
						t.Errorf("%s, %s fails: %d bytes instead of %d", name, what, len(is), len(want))
					}
				}
				for _, left := range names(t, dir) {
					if left != "file" {
						t.Errorf("%s, %s fails: %s was left", name, what, left)
					}
				}
			}
		}
	}
}

// The process ends before every step: the name shows what was there or all that was written, what is left is private, and a
// later write takes it away once nobody can be writing it.
func TestKilledBetweenSteps(t *testing.T) {
	for name, way := range ways {
		for last := 1; ; last++ {
			dir := t.TempDir()
			path := filepath.Join(dir, "file")
			if way.was != nil {
				ok(t, os.WriteFile(path, way.was, 0o600))
			}
			killed := false
			d := &faultyDisk{at: func(step int, op string) error {
				if step >= last {
					killed = true // nothing happens any more, not even what clears up
					return errors.New("no such process")
				}
				if op == "link" && !way.links {
					return syscall.EPERM
				}
				return nil
			}}
			err := write(d, path, after, way.name)
			if !killed {
				ok(t, err)
				break
			}
			is := holds(t, path)
			if !bytes.Equal(is, way.was) && !bytes.Equal(is, after) {
				t.Errorf("%s, killed at step %d: %d bytes", name, last, len(is))
			}
			var left []string
			for _, n := range names(t, dir) {
				if n != "file" {
					private(t, filepath.Join(dir, n))
					left = append(left, n)
				}
			}
			other := filepath.Join(dir, "other")
			ok(t, Replace(other, before))
			if now := names(t, dir); len(now) < len(left)+1 {
				t.Errorf("%s, killed at step %d: %v was taken away while somebody may be writing it", name, last, left)
			}
			for _, n := range left {
				long := time.Now().Add(-2 * leftAfter)
				ok(t, os.Chtimes(filepath.Join(dir, n), long, long))
			}
			ok(t, New(filepath.Join(dir, "third"), before))
			for _, n := range left {
				if _, err := os.Lstat(filepath.Join(dir, n)); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s, killed at step %d: %s stays (%v)", name, last, n, err)
				}
			}
			if !bytes.Equal(holds(t, path), is) {
				t.Errorf("%s, killed at step %d: clearing up touched the file", name, last)
			}
		}
	}
}

// Files of others, and folders, are never cleared up.
func TestSweepsOnlyItsOwn(t *testing.T) {
	dir := t.TempDir()
	long := time.Now().Add(-2 * leftAfter)
	keep := []string{".tallystick-1.tmp", ".tsbackup-1.tmp", "tallynew-1.tmp", tempPrefix + "1", tempPrefix + "1.tmp.pdf"}
	for _, name := range keep {
		ok(t, os.WriteFile(filepath.Join(dir, name), before, 0o600))
		ok(t, os.Chtimes(filepath.Join(dir, name), long, long))
	}
	folder := filepath.Join(dir, tempPrefix+"2"+tempSuffix)
	ok(t, os.Mkdir(folder, 0o700))
	ok(t, os.Chtimes(folder, long, long))
	ok(t, Replace(filepath.Join(dir, "file"), after))
	if list := names(t, dir); len(list) != len(keep)+2 {
		t.Errorf("left are %v", list)
	}
}

// Some network file systems and mounts know no sync, of files or of folders.
func TestWithoutSync(t *testing.T) {
	for _, unknown := range []error{syscall.EINVAL, syscall.ENOTSUP, syscall.ENOSYS, errors.ErrUnsupported} {
		path := filepath.Join(t.TempDir(), "file")
		ok(t, write(&faultyDisk{at: only("sync", unknown)}, path, after, replace))
		if !bytes.Equal(holds(t, path), after) {
			t.Errorf("%v: not written", unknown)
		}
	}
	if err := Sync(syncer{syscall.EIO}); !errors.Is(err, syscall.EIO) {
		t.Errorf("a disk that dies: %v", err)
	}
	if err := SyncDir(filepath.Join(t.TempDir(), "gone")); runtime.GOOS != "windows" && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
	ok(t, SyncDir(t.TempDir()))
}

type syncer struct{ err error }

func (s syncer) Sync() error { return s.err }

// Several at once: one of those who make a file wins, and whoever reads one that is replaced sees it whole.
func TestAtOnce(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "new")
	var all sync.WaitGroup
	won := make(chan byte, 8)
	for i := range byte(8) {
		all.Go(func() {
			if err := New(path, bytes.Repeat([]byte{i}, 10_000)); err == nil {
				won <- i
			} else {
				refusal(t, err, path, fs.ErrExist)
			}
		})
	}
	all.Wait()
	if len(won) != 1 || !bytes.Equal(holds(t, path), bytes.Repeat([]byte{<-won}, 10_000)) {
		t.Error("not one of them made the file")
	}
	path = filepath.Join(dir, "replaced")
	ok(t, Replace(path, bytes.Repeat([]byte{0}, 10_000)))
	for i := range byte(4) {
		all.Go(func() {
			for range 20 {
				if err := Replace(path, bytes.Repeat([]byte{i}, 10_000)); err != nil {
					t.Error(err)
				}
			}
		})
		all.Go(func() {
			for range 100 {
				data, err := os.ReadFile(path)
				if err != nil && runtime.GOOS == "windows" {
					continue // is being renamed
				}
				if err != nil || len(data) != 10_000 || bytes.Count(data, data[:1]) != 10_000 {
					t.Errorf("half a file of %d bytes was seen (%v)", len(data), err)
				}
			}
		})
	}
	all.Wait()
	if list := names(t, dir); len(list) != 2 {
		t.Errorf("left are %v", list)
	}
}
