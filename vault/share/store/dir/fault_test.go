package dir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/storetest"
)

func unsupported(*os.Root, string, string) error { return errUnsupported }

// Every way of giving a file its name keeps the promises, the last one as far as it can.
func TestEveryWayOfNaming(t *testing.T) {
	ways := slices.Concat(exclusive, []naming{lookThenRename})
	for i, way := range ways {
		weak := i == len(ways)-1
		t.Run(fmt.Sprintf("way %d", i), func(t *testing.T) {
			storetest.Conform(t, func(t *testing.T) storetest.Storage {
				root := t.TempDir()
				return storetest.Storage{Weak: weak, Open: func(testing.TB) store.Store {
					s := New(root, Config{})
					s.naming = []naming{unsupported, way}
					return s
				}}
			})
		})
	}
}

// No way of naming replaces what has the name, without having looked first; so no moment is left for somebody else.
func TestNamingDoesNotReplace(t *testing.T) {
	for i, way := range exclusive {
		place := t.TempDir()
		root, err := os.OpenRoot(place)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		for name, text := range map[string]string{"temp": "new", "final": "old"} {
			if err := root.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		err = way(root, "temp", "final")
		if errors.Is(err, errUnsupported) {
			t.Logf("way %d is not known to this file system", i)
			continue
		}
		if got, rerr := root.ReadFile("final"); !errors.Is(err, fs.ErrExist) || rerr != nil || string(got) != "old" {
			t.Errorf("way %d: %v, and there is %q, %v", i, err, got, rerr)
		}
		if err := way(root, "temp", "free"); err != nil {
			t.Errorf("way %d to a free name: %v", i, err)
		}
	}
	// The store takes the best way first.
	if s := New(t.TempDir(), Config{}); len(s.naming) != len(exclusive)+1 || len(exclusive) == 0 {
		t.Errorf("%d ways", len(s.naming))
	}
}

func names(t *testing.T, root string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, d.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A name that cannot be given leaves nothing behind, and the reason comes through.
func TestNoWayOfNaming(t *testing.T) {
	root := t.TempDir()
	s := New(root, Config{})
	for _, c := range []struct{ err, want error }{
		{syscall.ENOSPC, store.ErrFull}, {syscall.EDQUOT, store.ErrFull}, {syscall.EACCES, store.ErrDenied}, {syscall.EROFS, store.ErrDenied},
		{syscall.EIO, store.ErrOffline}, {syscall.ESTALE, store.ErrOffline}, {syscall.EBUSY, store.ErrOffline}, {syscall.EBADF, store.ErrStorage},
		{errUnsupported, store.ErrStorage},
	} {
		s.naming = []naming{func(_ *os.Root, from, to string) error {
			return &os.LinkError{Op: "link", Old: "/secret/place", New: "/other", Err: c.err}
		}}
		err := s.PutNew(t.Context(), "a/b", []byte("x"))
		if !errors.Is(err, c.want) {
			t.Errorf("%v: %v, want %v", c.err, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "place") {
			t.Errorf("%v tells where the folder lies", err)
		}
	}
	if left := names(t, root); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
	s.random = io.LimitReader(nil, 0)
	if err := s.PutNew(t.Context(), "a/b", []byte("x")); err == nil {
		t.Error("writes without randomness")
	}
}

// A folder that is not there is offline, and is not made by using it.
func TestNotThere(t *testing.T) {
	place := t.TempDir()
	root := filepath.Join(place, "mount", "team")
	s := New(root, Config{})
	ctx := t.Context()
	_, gerr := s.Get(ctx, "a/b", 10)
	_, lerr := s.List(ctx, "")
	for op, err := range map[string]error{"Get": gerr, "List": lerr, "PutNew": s.PutNew(ctx, "a/b", nil), "Delete": s.Delete(ctx, "a/b")} {
		if !errors.Is(err, store.ErrOffline) {
			t.Errorf("%s: %v, want ErrOffline", op, err)
		}
	}
	if err := s.Make(ctx); err == nil {
		t.Error("made a folder where its parent is missing")
	}
	if _, err := os.Stat(filepath.Join(place, "mount")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something was made: %v", err)
	}
	if err := os.Mkdir(filepath.Join(place, "mount"), 0o777); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Make(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.PutNew(ctx, "a/b", []byte("x")); err != nil {
		t.Fatal(err)
	}
	// A file in its place.
	file := New(filepath.Join(root, "a", "b"), Config{})
	if _, err := file.List(ctx, ""); !errors.Is(err, store.ErrStorage) {
		t.Errorf("List of a file: %v, want ErrStorage", err)
	}
	if _, err := New(filepath.Join(root, "a", "b", "c"), Config{}).List(ctx, ""); !errors.Is(err, store.ErrOffline) {
		t.Errorf("List below a file: %v, want ErrOffline", err)
	}
}

// Links do not lead out, and what is no regular file is no object.
func TestLinks(t *testing.T) {
	outside, root := t.TempDir(), t.TempDir()
	s := New(root, Config{})
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(filepath.Join(outside, "1-00"), []byte("outside"), 0o600))
	must(os.MkdirAll(filepath.Join(root, "sv-a", "ctl"), 0o700))
	must(os.WriteFile(filepath.Join(root, "sv-a", "ctl", "1-00"), []byte("inside"), 0o600))
	for to, at := range map[string]string{
		outside: "sv-a/out", filepath.Join(outside, "1-00"): "sv-a/ctl/2-00", "1-00": "sv-a/ctl/3-00", "../ctl": "sv-a/again", "..": "sv-a/loop", "nowhere": "sv-a/ctl/4-00",
	} {
		if err := os.Symlink(filepath.FromSlash(to), filepath.Join(root, filepath.FromSlash(at))); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	list, err := s.List(ctx, "")
	if err != nil || len(list) != 1 || list[0].Name != "sv-a/ctl/1-00" {
		t.Errorf("List %v, %v", list, err)
	}
	if list, err := s.List(ctx, "sv-a/out/"); err != nil || len(list) != 0 {
		t.Errorf("List through a link: %v, %v", list, err)
	}
	for _, name := range []string{"sv-a/out/1-00", "sv-a/ctl/2-00", "sv-a/ctl/3-00", "sv-a/ctl/4-00"} {
		if data, err := s.Get(ctx, name, 100); err == nil {
			t.Errorf("Get %s follows a link: %q", name, data)
		}
	}
	if err := s.PutNew(ctx, "sv-a/out/9-00", []byte("x")); err == nil {
		t.Error("PutNew writes through a link")
	}
	if err := s.PutNew(ctx, "sv-a/ctl/4-00", []byte("x")); !errors.Is(err, store.ErrExists) {
		t.Errorf("PutNew over a link: %v", err)
	}
	if err := s.Delete(ctx, "sv-a/out/1-00"); err == nil {
		t.Error("Delete goes through a link")
	}
	if got := names(t, outside); len(got) != 1 {
		t.Errorf("outside there is now %q", got)
	}
	// A link in place of an object can be removed, and only the link.
	must(s.Delete(ctx, "sv-a/ctl/2-00"))
	if data, err := os.ReadFile(filepath.Join(outside, "1-00")); err != nil || string(data) != "outside" {
		t.Errorf("the file outside: %q, %v", data, err)
	}
}

// What programs that keep folders in step leave halfway.
func TestHalfway(t *testing.T) {
	root := t.TempDir()
	now := time.Now()
	s := New(root, Config{Now: func() time.Time { return now }})
	ctx := t.Context()
	name := "sv-a/ctl/1-00"
	if err := s.PutNew(ctx, name, []byte("whole")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(root, filepath.FromSlash(name))
	if err := os.Truncate(file, 2); err != nil {
		t.Fatal(err)
	}
	if data, err := s.Get(ctx, name, 5); err != nil || string(data) != "wh" {
		t.Errorf("Get of half a file: %q, %v: the hash in the name is for the caller to check", data, err)
	}
	if err := s.PutNew(ctx, name, []byte("whole")); !errors.Is(err, store.ErrExists) {
		t.Errorf("PutNew over half a file: %v", err)
	}
	if err := s.Delete(ctx, name); err != nil {
		t.Fatal(err)
	}
	if err := s.PutNew(ctx, name, []byte("whole")); err != nil {
		t.Fatal(err)
	}
	// Temporary files of one that was interrupted: left alone for a day, then swept. Others' never.
	ours, theirs := filepath.Join(root, "sv-a", "ctl", ".~tally-0011.tmp"), filepath.Join(root, "sv-a", "ctl", ".~lock.tmp")
	for _, f := range []string{ours, theirs} {
		if err := os.WriteFile(f, []byte("wh"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		later time.Duration
		left  int
	}{{0, 3}, {staleAfter - time.Hour, 3}, {staleAfter + time.Hour, 2}} {
		now = time.Now().Add(c.later)
		if list, err := s.List(ctx, "sv-a/"); err != nil || len(list) != 1 {
			t.Fatalf("List %v, %v", list, err)
		}
		if left := names(t, root); len(left) != c.left {
			t.Errorf("%v later there are %q", c.later, left)
		}
	}
	if _, err := os.Stat(theirs); err != nil {
		t.Error("somebody else's file was removed")
	}
}

// A mount that hangs does not take its callers with it.
func TestHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New("/nowhere", Config{})
		hang := make(chan struct{})
		for range maxHanging + 5 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			began := time.Now()
			err := s.do(ctx, func() error { <-hang; return nil })
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Minute {
				t.Errorf("after %v: %v", time.Since(began), err)
			}
			cancel()
		}
		if len(s.slots) != maxHanging {
			t.Errorf("%d hang", len(s.slots))
		}
		// And when it wakes up, all is well.
		close(hang)
		synctest.Wait()
		if err := s.do(t.Context(), func() error { return nil }); err != nil {
			t.Error(err)
		}
	})
}
