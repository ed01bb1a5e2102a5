package dir_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/dir"
	"github.com/tallystick/tallystick/vault/share/store/storetest"
)

func plant(t testing.TB, root, name string, data []byte) {
	t.Helper()
	file := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestConformance(t *testing.T) {
	storetest.Conform(t, func(t *testing.T) storetest.Storage {
		root := t.TempDir()
		return storetest.Storage{
			Open:  func(testing.TB) store.Store { return dir.New(root, dir.Config{}) },
			Plant: func(t testing.TB, name string, data []byte) { plant(t, root, name, data) },
			Many:  400,
		}
	})
}
