package store_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/storetest"
)

func TestNames(t *testing.T) {
	for _, name := range []string{
		"a", "0", "-", "sv-00112233445566778899aabbccddeeff/dev/0011/000001-aabb", "a.b", "a..b", "com", "com10", "lpt", "console", "auxx", "nul-1", "-a-",
		strings.Repeat("a", store.MaxPart),
	} {
		if err := store.CheckName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range storetest.Impossible {
		if err := store.CheckName(name); !errors.Is(err, store.ErrName) {
			t.Errorf("%q: %v, want ErrName", name, err)
		}
	}
	for prefix, want := range map[string]bool{
		"": true, "a": true, "a/": true, "a/b": true, "a.": true, "a/b.": true, "nul": true, "-": true,
		"/": false, "a//": false, ".": false, "..": false, "a/.": false, "../": false, "a/../": false, "nul/": false, "A": false, "a/B": false, " ": false, "a\x00": false,
	} {
		if got := store.ValidPrefix(prefix); got != want {
			t.Errorf("prefix %q: %v", prefix, got)
		}
	}
}

// Whatever passes as a name stays below the folder it is joined to, and is the same after a round through the file system's form.
func FuzzName(f *testing.F) {
	for _, name := range storetest.Impossible {
		f.Add(name)
	}
	f.Add("sv-00/dev/aa/1-ff")
	f.Fuzz(func(t *testing.T, name string) {
		if store.CheckName(name) != nil {
			return
		}
		if !filepath.IsLocal(filepath.FromSlash(name)) || filepath.ToSlash(filepath.Clean(filepath.FromSlash(name))) != name {
			t.Errorf("%q does not stay where it is", name)
		}
		if strings.ToLower(name) != name || len(name) > store.MaxName {
			t.Errorf("%q", name)
		}
		for i := range len(name) + 1 {
			if !store.ValidPrefix(name[:i]) {
				t.Errorf("%q is no prefix of %q", name[:i], name)
			}
		}
	})
}
