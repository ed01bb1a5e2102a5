package realtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/dir"
	"github.com/tallystick/tallystick/vault/share/store/storetest"

	"github.com/tallystick/tallystick/vault/share/store/realtest/servers"
)

// TestSyncthing: a folder that two daemons keep in step promises less than a server, so it has a test of its own. What one puts
// the other gets, whole; what one deletes goes; two files of one name become one object and a conflict copy that is not seen.
func TestSyncthing(t *testing.T) {
	t.Parallel()
	a, b := servers.SyncthingPair(t)
	sa, sb := dir.New(a.Files, dir.Config{}), dir.New(b.Files, dir.Config{})
	ctx := t.Context()

	want := map[string][]byte{}
	equal := func(s store.Store) func(context.Context) error {
		return func(ctx context.Context) error {
			list, err := s.List(ctx, "")
			if err != nil {
				t.Fatalf("List: %v", err)
			}
			for _, o := range list {
				data, err := s.Get(ctx, o.Name, 1<<20)
				if errors.Is(err, store.ErrNotFound) {
					return fmt.Errorf("%s went between the listing and the reading", o.Name) // the daemon deletes or replaces it
				}
				if err != nil {
					t.Fatalf("Get %s: %v", o.Name, err)
				}
				if content, ok := want[o.Name]; ok && !bytes.Equal(data, content) {
					return fmt.Errorf("%s has %d bytes, not yet its %d", o.Name, len(data), len(content))
				}
			}
			if len(list) != len(want) {
				return fmt.Errorf("%d objects, want %d", len(list), len(want))
			}
			return nil
		}
	}
	put := func(s store.Store, folder string, from, n int) {
		for i := from; i < from+n; i++ {
			data := storetest.Bytes(uint64(i), 100+i*3001)
			name := storetest.Name(folder, i, data)
			if err := s.PutNew(ctx, name, data); err != nil {
				t.Fatal(err)
			}
			want[name] = data
		}
	}

	watch, err := store.Watch(ctx, sb, "")
	if err != nil {
		t.Fatal(err)
	}
	put(sa, "dev/aa", 0, 20)
	a.Nudge(t)
	servers.Eventually(t, "what the first put", equal(sb))
	if watch != nil {
		select {
		case <-watch:
		case <-ctx.Done():
			t.Fatal("files came, and the watcher saw nothing")
		}
	}

	put(sb, "dev/bb", 20, 10)
	put(sa, "ctl", 30, 5)
	a.Nudge(t)
	b.Nudge(t)
	servers.Eventually(t, "what the second put", equal(sa))
	servers.Eventually(t, "what the first put then", equal(sb))

	gone := 0
	for name := range want {
		if gone++; gone > 10 {
			break
		}
		if err := sa.Delete(ctx, name); err != nil {
			t.Fatal(err)
		}
		delete(want, name)
	}
	a.Nudge(t)
	servers.Eventually(t, "what the first deleted", equal(sb))

	// Apart, both take one name for different bytes, and each something of its own.
	a.Part(t)
	const both = "sv-00112233445566778899aabbccddeeff/ctl/7-00"
	for s, text := range map[store.Store]string{sa: "of the first", sb: "of the second one"} {
		if err := s.PutNew(ctx, both, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	put(sa, "dev/aa", 40, 1)
	put(sb, "dev/bb", 41, 1)
	a.Meet(t)
	a.Nudge(t)
	b.Nudge(t)
	servers.Eventually(t, "the copy of the conflict", func(context.Context) error {
		for _, root := range []string{a.Files, b.Files} {
			if found, _ := filepath.Glob(filepath.Join(root, filepath.Dir(filepath.FromSlash(both)), "*sync-conflict*")); len(found) == 0 {
				return fmt.Errorf("none in %s", filepath.Base(filepath.Dir(root)))
			}
		}
		return nil
	})
	delete(want, both)
	servers.Eventually(t, "both to hold the same", func(ctx context.Context) error {
		first, err := sa.Get(ctx, both, 100)
		if err != nil {
			return err
		}
		second, err := sb.Get(ctx, both, 100)
		if err != nil {
			return err
		}
		if !bytes.Equal(first, second) {
			return fmt.Errorf("%q and %q", first, second)
		}
		la, err := sa.List(ctx, "")
		if err != nil {
			return err
		}
		lb, err := sb.List(ctx, "")
		if err != nil {
			return err
		}
		if len(la) != len(want)+1 || !slices.Equal(la, lb) {
			return fmt.Errorf("%d and %d objects, want %d", len(la), len(lb), len(want)+1)
		}
		return nil
	})
}
