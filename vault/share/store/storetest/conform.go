// Package storetest holds every implementation of store.Store to the same promises, and plays storages that break them.
//
// Purpose: Conform is the conformance suite; ServeWebDAV and ServeS3 are honest servers in the process; Hostile is a storage that
// does whatever an attacker could, and records all that is sent to it, reachable as a Store, over WebDAV and over S3.
//
// Who may import it: _test.go files only (layers_test.go in the root holds that).
//
// Concurrency: Hostile may be used by many goroutines at once.
package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault/share/store"
)

// Storage is one storage under test, empty at first.
type Storage struct {
	// Open gives access to it, each time as another device would have it.
	Open func(t testing.TB) store.Store
	// Plant puts a file there behind the Store's back, under a name no object can have; nil where that cannot be.
	Plant func(t testing.TB, name string, data []byte)
	// Weak: two writers of different bytes under one name may both be told that they succeeded.
	Weak bool
	// Many is how many objects the test of long listings makes; 0 = 120.
	Many int
	// Brief leaves out what takes long: for one more habit of a storage that was held to everything.
	Brief bool
}

// limit of one test: nothing here takes long, and a test that hangs says where.
const limit = 2 * time.Minute

// Conform runs the suite; make gives a new storage for every test.
func Conform(t *testing.T, make func(t *testing.T) Storage) {
	tests := []struct {
		name string
		run  func(t *testing.T, ctx context.Context, s Storage)
		long bool
	}{
		{"what is put can be read", roundTrip, false},
		{"nothing is overwritten", noOverwrite, false},
		{"what is missing is said to be missing", missing, false},
		{"no more is read than allowed", caps, false},
		{"deleting", deleting, false},
		{"listing by any prefix", prefixes, false},
		{"long listings", long, true},
		{"long names", longNames, false},
		{"impossible names", impossible, false},
		{"a context that has ended", ended, false},
		{"one name, many writers, different bytes", race, true},
		{"one name, many writers, equal bytes", raceEqual, true},
		{"nobody sees half an object", torn, true},
		{"another device sees it", twoDevices, false},
		{"files of others", foreign, false},
		{"random operations against a model", model, false},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			defer cancel()
			storage := make(t)
			if storage.Brief && c.long {
				t.Skip("takes long, and this storage differs by one habit from one that was held to it")
			}
			open := storage.Open
			// As it is used: a server that is busy with one of them asks the others to come again.
			storage.Open = func(t testing.TB) store.Store {
				return store.Retry(open(t), store.Policy{Attempts: 10, Base: 5 * time.Millisecond, Max: 200 * time.Millisecond})
			}
			c.run(t, ctx, storage)
		})
	}
}

const vault = "sv-00112233445566778899aabbccddeeff"

// Name makes the name of an object in the manner of shared vaults: it ends in a hash of the bytes.
func Name(folder string, n int, data []byte) string {
	sum := sha256.Sum256(data)
	return fmt.Sprintf("%s/%s/%06d-%s", vault, folder, n, hex.EncodeToString(sum[:16]))
}

// Bytes makes n bytes that look like what is stored: random.
func Bytes(seed uint64, n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8(sha256.Sum256(fmt.Append(nil, seed))).Read(data)
	return data
}

func put(t *testing.T, ctx context.Context, s store.Store, name string, data []byte) {
	t.Helper()
	if err := s.PutNew(ctx, name, data); err != nil {
		t.Fatalf("PutNew %s: %v", name, err)
	}
}

func holds(t *testing.T, ctx context.Context, s store.Store, name string, want []byte) {
	t.Helper()
	got, err := s.Get(ctx, name, int64(len(want))+10)
	if err != nil {
		t.Fatalf("Get %s: %v", name, err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("Get %s: %d bytes, not the %d that were put", name, len(got), len(want))
	}
}

func lists(t *testing.T, ctx context.Context, s store.Store, prefix string, want map[string]int) {
	t.Helper()
	list, err := s.List(ctx, prefix)
	if err != nil {
		t.Fatalf("List %q: %v", prefix, err)
	}
	var names, wanted []string
	for _, o := range list {
		names = append(names, o.Name)
		if size, ok := want[o.Name]; ok && o.Size != int64(size) && o.Size != -1 {
			t.Errorf("List %q: %s has %d bytes, want %d", prefix, o.Name, o.Size, size)
		}
	}
	for name := range want {
		if strings.HasPrefix(name, prefix) {
			wanted = append(wanted, name)
		}
	}
	slices.Sort(wanted)
	if !slices.Equal(names, wanted) {
		t.Fatalf("List %q:\n got %q\nwant %q", prefix, names, wanted)
	}
}

func roundTrip(t *testing.T, ctx context.Context, storage Storage) {
	s := storage.Open(t)
	lists(t, ctx, s, "", nil)
	lists(t, ctx, s, vault+"/", nil)
	all := map[string]int{}
	for i, size := range []int{0, 1, 1700, 65536, 1 << 20} {
		data := Bytes(uint64(i), size)
		name := Name("ctl", i, data)
		put(t, ctx, s, name, data)
		holds(t, ctx, s, name, data)
		all[name] = size
		lists(t, ctx, s, vault+"/", all)
	}
	// At the top, without a folder.
	put(t, ctx, s, "0-ff", []byte("top"))
	holds(t, ctx, s, "0-ff", []byte("top"))
	all["0-ff"] = 3
	lists(t, ctx, s, "", all)
}

func noOverwrite(t *testing.T, ctx context.Context, storage Storage) {
	s := storage.Open(t)
	name := vault + "/dev/aa/1-00"
	put(t, ctx, s, name, []byte("first"))
	put(t, ctx, s, name, []byte("first"))
	for _, other := range []string{"other", "longer than first", "", "firs"} {
		if err := s.PutNew(ctx, name, []byte(other)); !errors.Is(err, store.ErrExists) {
			t.Errorf("PutNew of %q over %q: %v, want ErrExists", other, "first", err)
		}
		holds(t, ctx, s, name, []byte("first"))
	}
	lists(t, ctx, s, "", map[string]int{name: 5})
}

func missing(t *testing.T, ctx context.Context, storage Storage) {
	s := storage.Open(t)
	for _, name := range []string{"0-ff", vault + "/ctl/0-ff", vault + "/dev/aa/bb/0-ff"} {
		if data, err := s.Get(ctx, name, 10); !errors.Is(err, store.ErrNotFound) || data != nil {
			t.Errorf("Get %s: %q, %v, want ErrNotFound", name, data, err)
		}
		if err := s.Delete(ctx, name); err != nil {
			t.Errorf("Delete %s: %v", name, err)
		}
		lists(t, ctx, s, name, nil)
		lists(t, ctx, s, name+"/", nil)
	}
	put(t, ctx, s, vault+"/ctl/1-ff", []byte("x"))
	if _, err := s.Get(ctx, vault+"/ctl", 10); err == nil {
		t.Error("Get of a folder gives something")
	}
	if err := s.Delete(ctx, vault+"/key"); err != nil {
		t.Errorf("Delete of what is not there: %v", err)
	}
	holds(t, ctx, s, vault+"/ctl/1-ff", []byte("x"))
}

func caps(t *testing.T, ctx context.Context, storage Storage) {
	s := storage.Open(t)
	data := Bytes(1, 1000)
	name := Name("key", 1, data)
	put(t, ctx, s, name, data)
	put(t, ctx, s, vault+"/key/0-00", nil)
	for _, c := range []struct {
		name string
		max  int64
		ok   bool
	}{{name, 1000, true}, {name, 1 << 40, true}, {name, 999, false}, {name, 1, false}, {name, 0, false}, {vault + "/key/0-00", 0, true}} {
		got, err := s.Get(ctx, c.name, c.max)
		if c.ok && err != nil || !c.ok && (!errors.Is(err, store.ErrTooLarge) || got != nil) {
			t.Errorf("Get with a cap of %d: %d bytes, %v", c.max, len(got), err)
		}
	}
}

func deleting(t *testing.T, ctx context.Context, storage Storage) {
	s := storage.Open(t)
	name, kept := vault+"/dev/aa/1-00", vault+"/dev/aa/2-00"
	put(t, ctx, s, name, []byte("one"))
	put(t, ctx, s, kept, []byte("two"))
	for range 2 {
		if err := s.Delete(ctx, name); err != nil {
			t.Fatalf("Delete: %v", err)
		}
		if _, err := s.Get(ctx, name, 10); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Get after Delete: %v", err)
		}
		lists(t, ctx, s, "", map[string]int{kept: 3})
	}
	// A name that is free again can be taken, also by other bytes.
	put(t, ctx, s, name, []byte("other"))
	holds(t, ctx, s, name, []byte("other"))
	for _, name := range []string{name, kept} {
		if err := s.Delete(ctx, name); err != nil {
			t.Fatalf("Delete: %v", err)
		}
	}
	lists(t, ctx, s, "", nil)
	put(t, ctx, s, name, []byte("again"))
	lists(t, ctx, s, "", map[string]int{name: 5})
}

func prefixes(t *testing.T, ctx context.Context, storage Storage) {
	s := storage.Open(t)
	all := map[string]int{}
	for _, name := range []string{
		"sv-a/ctl/1-aa", "sv-a/ctl/10-ab", "sv-a/ctl/2-aa", "sv-a/dev/aa/1-00", "sv-a/dev/aa/2-00", "sv-a/dev/ab/1-00", "sv-a/dev/b/1-00",
		"sv-a/inbox/00-ff", "sv-ab/ctl/1-aa", "sv-b/key/1-aa-bb", "sv-a.x/ctl/1-aa",
	} {
		put(t, ctx, s, name, []byte(name))
		all[name] = len(name)
	}
	for _, prefix := range []string{
		"", "s", "sv-", "sv-a", "sv-a/", "sv-a/c", "sv-a/ctl", "sv-a/ctl/", "sv-a/ctl/1", "sv-a/ctl/1-", "sv-a/ctl/1-aa", "sv-a/ctl/1-aa/", "sv-a/ctl/3",
		"sv-a/dev", "sv-a/dev/", "sv-a/dev/a", "sv-a/dev/aa", "sv-a/dev/aa/", "sv-a/dev/aa/2", "sv-a/none/", "sv-c", "sv-c/x/y/z", "sv-b/key/1-aa", "sv-a.",
	} {
		lists(t, ctx, s, prefix, all)
	}
}

func long(t *testing.T, ctx context.Context, storage Storage) {
	n := storage.Many
	if n == 0 || testing.Short() {
		n = 120
	}
	var (
		mu    sync.Mutex
		group sync.WaitGroup
		all   = map[string]int{}
		queue = make(chan int)
	)
	for range 4 {
		s := storage.Open(t)
		group.Go(func() {
			for i := range queue {
				data := fmt.Appendf(nil, "%d", i)
				name := Name(fmt.Sprintf("dev/%02x", i%7), i, data)
				if err := s.PutNew(ctx, name, data); err != nil {
					t.Errorf("PutNew: %v", err)
				}
				mu.Lock()
				all[name] = len(data)
				mu.Unlock()
			}
		})
	}
	for i := range n {
		queue <- i
	}
	close(queue)
	group.Wait()
	s := storage.Open(t)
	lists(t, ctx, s, vault+"/", all)
	lists(t, ctx, s, vault+"/dev/03/", all)
	lists(t, ctx, s, "", all)
}

func longNames(t *testing.T, ctx context.Context, storage Storage) {
	s := storage.Open(t)
	part := strings.Repeat("a", store.MaxPart)
	name := part + "/" + part + "/" + strings.Repeat("b", store.MaxName-2*store.MaxPart-2)
	if len(name) != store.MaxName {
		t.Fatal("the test is wrong")
	}
	put(t, ctx, s, name, []byte("x"))
	holds(t, ctx, s, name, []byte("x"))
	dots := "sv-a..b/c.-.d"
	put(t, ctx, s, dots, []byte("y"))
	holds(t, ctx, s, dots, []byte("y"))
	lists(t, ctx, s, "", map[string]int{name: 1, dots: 1})
}

// Impossible are names that no Store takes.
var Impossible = []string{
	"", "/", "a/", "/a", "a//b", ".", "..", "../a", "a/../b", "a/..", ".a", "a/.b", "a.", "a./b", "A", "sv-A/b", "a b", "a\\b", "a\x00", "a\nb", "é", "a%2f", "a%",
	"~a", "a:b", "c:/a", "con", "nul.txt", "a/aux", "com1", "lpt9.x", "a/*", "a?", "a#b", "a_b", "a/b/../../c", "\xff",
	strings.Repeat("a", store.MaxPart+1), strings.Repeat("a/", 125) + "ab",
}

func impossible(t *testing.T, ctx context.Context, storage Storage) {
	s := storage.Open(t)
	for _, name := range Impossible {
		if _, err := s.Get(ctx, name, 10); !errors.Is(err, store.ErrName) {
			t.Errorf("Get %q: %v, want ErrName", name, err)
		}
		if err := s.PutNew(ctx, name, []byte("x")); !errors.Is(err, store.ErrName) {
			t.Errorf("PutNew %q: %v, want ErrName", name, err)
		}
		if err := s.Delete(ctx, name); !errors.Is(err, store.ErrName) {
			t.Errorf("Delete %q: %v, want ErrName", name, err)
		}
	}
	for _, prefix := range []string{"/", "../", "a//", "A", ".", "a/.", "a/../", "nul/", "x y"} {
		if _, err := s.List(ctx, prefix); !errors.Is(err, store.ErrName) {
			t.Errorf("List %q: %v, want ErrName", prefix, err)
		}
	}
	lists(t, ctx, s, "", nil)
}

func ended(t *testing.T, ctx context.Context, storage Storage) {
	s := storage.Open(t)
	put(t, ctx, s, "a/b", []byte("x"))
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	late, cancel := context.WithDeadline(ctx, time.Unix(1, 0))
	defer cancel()
	for ended, want := range map[context.Context]error{cancelled: context.Canceled, late: context.DeadlineExceeded} {
		_, gerr := s.Get(ended, "a/b", 10)
		_, lerr := s.List(ended, "")
		for op, err := range map[string]error{"Get": gerr, "List": lerr, "PutNew": s.PutNew(ended, "a/c", []byte("x")), "Delete": s.Delete(ended, "a/b")} {
			if !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", op, err, want)
			}
		}
	}
	lists(t, ctx, s, "", map[string]int{"a/b": 1})
}

// writers is how many write at once.
const writers = 12

func race(t *testing.T, ctx context.Context, storage Storage) {
	rounds := 5
	if testing.Short() {
		rounds = 2
	}
	for round := range rounds {
		name := fmt.Sprintf("%s/ctl/%d-00", vault, round)
		errs := make([]error, writers)
		all := at(storage, t, func(i int, s store.Store) { errs[i] = s.PutNew(ctx, name, content(i)) })
		won := 0
		got, err := all[0].Get(ctx, name, 1<<20)
		if err != nil {
			t.Fatalf("Get: %v", err)
		}
		for i, err := range errs {
			switch {
			case err == nil:
				won++
				if !storage.Weak && !bytes.Equal(got, content(i)) {
					t.Errorf("writer %d was told of success, and its bytes are not there", i)
				}
			case !errors.Is(err, store.ErrExists):
				t.Errorf("writer %d: %v, want nil or ErrExists", i, err)
			}
		}
		if won == 0 || won > 1 && !storage.Weak {
			t.Errorf("%d writers of different bytes were told that they succeeded", won)
		}
		if !ours(got) {
			t.Errorf("what is there was written by nobody: %d bytes", len(got))
		}
	}
}

// content is what writer i writes: sizes differ, so that a mixture shows.
func content(i int) []byte { return Bytes(uint64(i), 1000+i*997) }

func ours(data []byte) bool {
	for i := range writers {
		if bytes.Equal(data, content(i)) {
			return true
		}
	}
	return false
}

// at runs work as every writer at the same moment, each with an access of its own.
func at(storage Storage, t *testing.T, work func(i int, s store.Store)) []store.Store {
	t.Helper()
	var group sync.WaitGroup
	start := make(chan struct{})
	all := make([]store.Store, writers)
	for i := range all {
		all[i] = storage.Open(t)
		group.Go(func() {
			<-start
			work(i, all[i])
		})
	}
	close(start)
	group.Wait()
	return all
}

func raceEqual(t *testing.T, ctx context.Context, storage Storage) {
	data := Bytes(7, 20_000)
	name := Name("ctl", 7, data)
	errs := make([]error, writers)
	all := at(storage, t, func(i int, s store.Store) { errs[i] = s.PutNew(ctx, name, data) })
	for i, err := range errs {
		if err != nil {
			t.Errorf("writer %d: %v", i, err)
		}
	}
	holds(t, ctx, all[0], name, data)
	lists(t, ctx, all[0], "", map[string]int{name: len(data)})
}

func torn(t *testing.T, ctx context.Context, storage Storage) {
	objects := 25
	if testing.Short() {
		objects = 8
	}
	done := make(chan struct{})
	var group sync.WaitGroup
	w := storage.Open(t)
	group.Go(func() {
		defer close(done)
		for i := range objects {
			data := Bytes(uint64(i), 200_000)
			if err := w.PutNew(ctx, Name("dev/aa", i, data), data); err != nil {
				t.Errorf("PutNew: %v", err)
			}
		}
	})
	for range 2 {
		r := storage.Open(t)
		group.Go(func() {
			for last := false; !last; {
				select {
				case <-done:
					last = true // once more, now that all are there
				default:
				}
				list, err := r.List(ctx, vault+"/")
				if err != nil {
					t.Errorf("List: %v", err)
					return
				}
				if last && len(list) != objects {
					t.Errorf("%d objects at the end", len(list))
				}
				for _, o := range list[max(0, len(list)-2):] {
					data, err := r.Get(ctx, o.Name, 1<<20)
					if err != nil {
						t.Errorf("Get: %v", err)
						continue
					}
					sum := sha256.Sum256(data)
					if !strings.HasSuffix(o.Name, hex.EncodeToString(sum[:16])) {
						t.Errorf("a reader saw %d bytes that are not the object", len(data))
					}
				}
			}
		})
	}
	group.Wait()
}

func twoDevices(t *testing.T, ctx context.Context, storage Storage) {
	a, b := storage.Open(t), storage.Open(t)
	all := map[string]int{}
	for i := range 6 {
		from, to := a, b
		if i%2 == 1 {
			from, to = b, a
		}
		data := Bytes(uint64(i), 500)
		name := Name(fmt.Sprintf("dev/%02x", i%3), i, data)
		put(t, ctx, from, name, data)
		all[name] = len(data)
		lists(t, ctx, to, vault+"/", all)
		holds(t, ctx, to, name, data)
	}
}

// Foreign are names of files that lie about in folders of people.
var Foreign = []string{
	"desktop.ini.txt~", ".stignore", ".DS_Store", "Thumbs.db", "sv-a (conflicted copy 2026-01-01).x", vault + "/ctl/1-aa (1)", vault + "/ctl/1-aa.sync-conflict-20260101-101010-ABCDEFG",
	vault + "/ctl/Report 100%.odt", vault + "/dev/aa/.~lock.1#", "Über uns/läuft & steht.txt", vault + "/ctl/a+b=c;d@e,f'g!.x",
}

func foreign(t *testing.T, ctx context.Context, storage Storage) {
	if storage.Plant == nil {
		t.Skip("this storage has no way of putting a file there that the store under test did not write")
	}
	s := storage.Open(t)
	name := vault + "/ctl/1-aa"
	put(t, ctx, s, name, []byte("x"))
	put(t, ctx, s, vault+"/dev/aa/1-bb", []byte("x"))
	for _, f := range Foreign {
		storage.Plant(t, f, []byte("not ours"))
	}
	s = storage.Open(t)
	lists(t, ctx, s, "", map[string]int{name: 1, vault + "/dev/aa/1-bb": 1})
	holds(t, ctx, s, name, []byte("x"))
}

// model does random operations on the storage and on a map.
func model(t *testing.T, ctx context.Context, storage Storage) {
	r := rand.New(rand.NewPCG(1, 2))
	devices := []store.Store{storage.Open(t), storage.Open(t)}
	want := map[string][]byte{}
	sizes := func() map[string]int {
		m := map[string]int{}
		for name, data := range want {
			m[name] = len(data)
		}
		return m
	}
	name := func() string {
		return fmt.Sprintf("sv-%x/%s/%x-%x", r.IntN(2), []string{"ctl", "key", "dev/a", "dev/b", "inbox"}[r.IntN(5)], r.IntN(3), r.IntN(2))
	}
	for range 150 {
		s, n := devices[r.IntN(2)], name()
		there, ok := want[n]
		switch r.IntN(6) {
		case 0, 1, 2:
			data := Bytes(r.Uint64N(3), r.IntN(300))
			err := s.PutNew(ctx, n, data)
			switch {
			case !ok && err == nil:
				want[n] = data
			case ok && bytes.Equal(there, data) && err == nil:
			case ok && !bytes.Equal(there, data) && errors.Is(err, store.ErrExists):
			default:
				t.Fatalf("PutNew %s: %v; there already: %v", n, err, ok)
			}
		case 3:
			if err := s.Delete(ctx, n); err != nil {
				t.Fatalf("Delete %s: %v", n, err)
			}
			delete(want, n)
		case 4:
			got, err := s.Get(ctx, n, 300)
			if ok && (err != nil || !bytes.Equal(got, there)) || !ok && !errors.Is(err, store.ErrNotFound) {
				t.Fatalf("Get %s: %d bytes, %v; there: %v", n, len(got), err, ok)
			}
		case 5:
			lists(t, ctx, s, n[:r.IntN(len(n)+1)], sizes())
		}
	}
	for _, s := range devices {
		lists(t, ctx, s, "", sizes())
	}
}
