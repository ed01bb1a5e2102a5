package dir

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/tallystick/tallystick/vault/share/store"
)

// A pipe in place of an object does not make anybody wait, and names that are no UTF-8 hurt nobody.
func TestOddFiles(t *testing.T) {
	root := t.TempDir()
	s := New(root, Config{})
	ctx := t.Context()
	if err := s.PutNew(ctx, "sv-a/ctl/1-00", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(root, "sv-a", "ctl", "2-00"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"\xff\xfe", "new\nline", "sv-a/ctl/\xc3\x28"} {
		if err := os.WriteFile(filepath.Join(root, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(root, "sv-a", "ctl", "3-00"), 0o700); err != nil {
		t.Fatal(err)
	}
	if list, err := s.List(ctx, ""); err != nil || len(list) != 1 {
		t.Errorf("List %v, %v", list, err)
	}
	for _, name := range []string{"sv-a/ctl/2-00", "sv-a/ctl/3-00"} {
		if _, err := s.Get(ctx, name, 10); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Get %s: %v, want ErrNotFound", name, err)
		}
		if err := s.PutNew(ctx, name, []byte("x")); !errors.Is(err, store.ErrExists) {
			t.Errorf("PutNew %s: %v, want ErrExists", name, err)
		}
	}
}

// The umask decides who else may read: a team shares a folder under accounts of its own.
func TestPermissions(t *testing.T) {
	root := t.TempDir()
	old := syscall.Umask(0o002)
	defer syscall.Umask(old)
	s := New(root, Config{})
	if err := s.PutNew(t.Context(), "sv-a/ctl/1-00", []byte("x")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{"sv-a/ctl": os.ModeDir | 0o775, "sv-a/ctl/1-00": 0o664} {
		info, err := os.Stat(filepath.Join(root, name))
		if err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v, want %v", name, info.Mode(), err, want)
		}
	}
}
