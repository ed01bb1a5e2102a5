package cli

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/backend"
	"github.com/tallystick/tallystick/vault/share/store/storetest"
)

// device is the id of somebody's device.
func (c *crew) device(name string) string {
	c.t.Helper()
	for _, m := range c.list("Annabel", "share", "members", "harbour") {
		if m["person"] == name {
			return m["device"].(string)
		}
	}
	c.t.Fatalf("%s is no member", name)
	return ""
}

// newest is the name of somebody's newest contribution, and its number.
func (c *crew) newest(name string) (object string, seq int) {
	c.t.Helper()
	folder := "sv-" + c.vault + "/dev/" + c.device(name) + "/"
	for _, n := range c.storage.Names(func(n string) bool { return strings.HasPrefix(n, folder) }) {
		number, _, _ := strings.Cut(strings.TrimPrefix(n, folder), "-")
		if i, err := strconv.Atoi(number); err == nil && i >= seq {
			object, seq = n, i
		}
	}
	if object == "" {
		c.t.Fatalf("%s has written nothing", name)
	}
	return object, seq
}

// hashed gives a name the hash of the bytes, as the true ones have it.
func hashed(stem string, data []byte) string { return fmt.Sprintf("%s-%x", stem, sha256.Sum256(data)) }

// write lets somebody change something and put it on the storage, a few times.
func (c *crew) write(name string) {
	c.t.Helper()
	c.must(name, "", "edit", "example", "--url", fmt.Sprintf("https://shop.example/%d", c.now.Unix()))
	c.must(name, "", "share", "sync")
}

// noticed synchronises somebody, and wants status 6, one kind of finding, and words about it; then the same as JSON.
func (c *crew) noticed(name, kind, words string) {
	c.t.Helper()
	got := c.run(name, "", "share", "sync")
	if got.status != statusSuspicious || !strings.Contains(got.err, words) {
		c.t.Errorf("%s: status %d, said %q; want %d and %q", name, got.status, got.out+got.err, statusSuspicious, words)
	}
	// Once more, for a storage that is still as it was: it is said again.
	got = c.run(name, "", "share", "sync", "harbour", "--json")
	list := c.rigs[name].records(got)
	var kinds []string
	for _, f := range list[0]["findings"].([]any) {
		kinds = append(kinds, f.(map[string]any)["kind"].(string))
	}
	if got.status != statusSuspicious || !slices.Contains(kinds, kind) || list[0]["result"] != suspicious {
		c.t.Errorf("%s: status %d, result %v, found %q, want %s", name, got.status, list[0]["result"], kinds, kind)
	}
	if st := jsonObject(c.t, c.must(name, "", "share", "status", "harbour", "--json")); len(st["findings"].([]any)) == 0 {
		c.t.Error("the status says nothing of it")
	}
}

// attacks is everything that somebody can do who runs the storage. Each is told to Benedict, who is in step before, and makes his codes after.
var attacks = map[string]struct {
	attack      func(c *crew)
	kind, words string
}{
	"rolled back": {func(c *crew) {
		m := c.storage.Mark()
		c.write("Annabel")
		c.sync("Benedict")
		c.storage.Rollback(m)
	}, "rolled-back", "rolled back: of Annabel"},
	"emptied": {func(c *crew) {
		for _, n := range c.storage.Names(func(string) bool { return true }) {
			c.storage.Remove(n)
		}
	}, "rolled-back", "rolled back"},
	"members rolled back": {func(c *crew) {
		m := c.storage.Mark()
		c.must("Annabel", "", "share", "role", "harbour", "cleo", "editor")
		c.sync("Benedict")
		c.storage.Rollback(m)
	}, "rolled-back", "older list of members"},
	"withheld": {func(c *crew) {
		c.must("Annabel", "", "share", "role", "harbour", "cleo", "editor")
		c.sync("Benedict", "Cleopatra", "Annabel", "Benedict")
		shown, _ := c.newest("Annabel")
		c.write("Annabel")
		c.sync("Cleopatra")
		c.write("Cleopatra") // who says what she saw
		c.storage.Replay(func(n string) bool { return n == shown })
		c.storage.Withhold(client("Benedict"), func(n string) bool { return n != shown && filepath.Dir(n) == filepath.Dir(shown) })
	}, "behind", "behind: it lacks what Cleopatra has seen of Annabel"},
	"an older state shown again": {func(c *crew) {
		c.write("Annabel")
		c.sync("Benedict")
		name, _ := c.newest("Annabel")
		c.storage.Replay(func(n string) bool { return strings.HasPrefix(n, filepath.ToSlash(filepath.Dir(name))) })
		c.storage.Remove(name)
	}, "rolled-back", "rolled back: of Annabel"},
	"cut off": {func(c *crew) {
		c.write("Annabel")
		name, _ := c.newest("Annabel")
		c.storage.Truncate(name, 500)
	}, "damaged", "damaged or cut off"},
	"one bit changed": {func(c *crew) {
		c.write("Annabel")
		name, _ := c.newest("Annabel")
		c.storage.Flip(name, -100)
	}, "damaged", "damaged or cut off"},
	"bytes swapped": {func(c *crew) {
		c.write("Annabel")
		c.must("Annabel", "", "share", "role", "harbour", "cleo", "editor")
		c.sync("Cleopatra")
		c.write("Cleopatra")
		c.write("Annabel")
		a, _ := c.newest("Annabel")
		b, _ := c.newest("Cleopatra")
		c.storage.Swap(a, b)
	}, "damaged", "damaged or cut off"},
	"under somebody else's name": {func(c *crew) {
		name, _ := c.newest("Annabel")
		data := c.storage.Bytes(name)
		c.storage.Inject(hashed("sv-"+c.vault+"/dev/"+c.device("Cleopatra")+"/99", data), data)
	}, "swapped", "false name"},
	"under a later number": {func(c *crew) {
		name, seq := c.newest("Annabel")
		data := c.storage.Bytes(name)
		c.storage.Inject(hashed("sv-"+c.vault+"/dev/"+c.device("Annabel")+"/"+strconv.Itoa(seq+5), data), data)
	}, "swapped", "false name"},
	"forged": {func(c *crew) {
		data := noise(3000)
		_, seq := c.newest("Annabel")
		c.storage.Inject(hashed("sv-"+c.vault+"/dev/"+c.device("Annabel")+"/"+strconv.Itoa(seq+1), data), data)
	}, "foreign", "another vault, or by somebody without its key"},
	"a member forged": {func(c *crew) {
		names := c.storage.Names(func(n string) bool { return strings.Contains(n, "/ctl/") })
		last := 0
		var entry []byte
		for _, n := range names {
			_, rest, _ := strings.Cut(n, "/ctl/")
			number, _, _ := strings.Cut(rest, "-")
			if i, _ := strconv.Atoi(number); i >= last {
				last, entry = i, c.storage.Bytes(n)
			}
		}
		// The last change of members with another time: its signature no longer fits.
		changed := bytes.Replace(entry, []byte(`"time":1`), []byte(`"time":2`), 1)
		if bytes.Equal(changed, entry) {
			c.t.Fatal("the entry has no time")
		}
		c.storage.Inject(hashed("sv-"+c.vault+"/ctl/"+strconv.Itoa(last), changed), changed)
	}, "forged", "signature"},
	"a stranger": {func(c *crew) {
		name, _ := c.newest("Annabel")
		data := c.storage.Bytes(name)
		c.storage.Inject(hashed("sv-"+c.vault+"/dev/0123456789abcdef/1", data), data)
	}, "stranger", "a device that nobody added"},
	"of another vault": {func(c *crew) {
		c.must("Annabel", "", "share", "create", "Other", "--store", "dir:/other")
		for _, n := range c.storage.Names(func(n string) bool { return !strings.HasPrefix(n, "sv-"+c.vault) && strings.Contains(n, "/dev/") }) {
			_, seq := c.newest("Annabel")
			data := c.storage.Bytes(n)
			c.storage.Inject(hashed("sv-"+c.vault+"/dev/"+c.device("Annabel")+"/"+strconv.Itoa(seq+1), data), data)
		}
	}, "foreign", "another vault"},
	"different things to different people": {func(c *crew) {
		// A copy of Annabel's directory: both write under one name. The storage shows each its own, then everything.
		twin := newRig(c.t)
		twin.env, twin.keyring = c.rigs["Annabel"].env, c.rigs["Annabel"].keyring
		if err := os.CopyFS(twin.dir, os.DirFS(c.rigs["Annabel"].dir)); err != nil {
			c.t.Fatal(err)
		}
		twin.env.OpenStorage = func(store.Location, backend.Access) (store.Store, error) { return c.storage.Store(client("Twin")), nil }
		dir := twin.dir
		twin.env.DataDir = func() (string, error) { return dir, nil }
		c.rigs["Twin"] = twin
		c.storage.Fork(client("Twin"))
		c.write("Twin")
		c.must("Annabel", "", "edit", "example", "--name", "first")
		c.must("Annabel", "", "share", "sync")
		c.storage.Honest()
	}, "forked", "two states of Annabel"},
}

// noise is bytes that look encrypted.
func noise(n int) []byte { return storetest.Bytes(7, n) }

func TestHostileStorageIsNoticed(t *testing.T) {
	for name, a := range attacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCrew(t, "Benedict:editor", "Cleopatra:viewer")
			c.sync("Benedict", "Annabel", "Benedict", "Cleopatra")
			a.attack(c)
			before := c.list("Benedict", "list")
			c.noticed("Benedict", a.kind, a.words)
			if after := c.list("Benedict", "list"); len(after) != len(before) || len(after) != 4 {
				t.Errorf("Benedict had %d accounts and has %d", len(before), len(after))
			}
			at := []string{"--at", "2030-01-01T00:00:00Z"}
			for _, query := range []string{"yeastar", "steam"} {
				ours, theirs := c.must("Annabel", "", append([]string{"code", query}, at...)...).out, c.must("Benedict", "", append([]string{"code", query}, at...)...).out
				if ours != theirs {
					t.Errorf("%s: codes %q and %q", query, ours, theirs)
				}
			}
			c.leaks()
		})
	}
}

// TestHostileStorageAndNewcomers: an invite says what there is, so that not even somebody new can be shown an old state.
func TestHostileStorageAndNewcomers(t *testing.T) {
	c := newCrew(t, "Benedict:editor")
	old := c.storage.Mark()
	c.write("Annabel")
	invite := c.must("Annabel", "", "share", "invite", "harbour").out
	c.person("Cleopatra")
	c.storage.ForkAt(client("Cleopatra"), old)
	got := c.run("Cleopatra", invite, "share", "join", "-")
	if got.status != statusDone && got.status != statusSuspicious {
		t.Fatalf("%+v", got)
	}
	c.noticed("Cleopatra", "behind", "behind")
	c.storage.Honest()
	c.must("Cleopatra", "", "share", "sync")
	c.must("Annabel", "", "share", "confirm", "harbour", "cleo")
	c.sync("Cleopatra")
	c.must("Cleopatra", "", "code", "example")
}

// TestHostileStorageAfterRemoval: whoever was removed, and still has access to the storage, is not believed.
func TestHostileStorageAfterRemoval(t *testing.T) {
	c := newCrew(t, "Benedict:editor", "Cleopatra:editor")
	c.sync("Benedict", "Cleopatra", "Annabel")
	c.storage.Fork(client("Cleopatra")) // who hears nothing of it, and writes on
	c.must("Annabel", "", "share", "remove", "harbour", "cleo")
	c.write("Cleopatra")
	c.storage.Honest()
	c.noticed("Benedict", "after-removal", "was removed")
	c.run("Cleopatra", "", "share", "sync", "--json").wants(t, statusDone, "")
	if st := jsonObject(t, c.must("Cleopatra", "", "share", "status", "harbour", "--json")); st["state"] != "removed" {
		t.Errorf("Cleopatra is %v", st["state"])
	}
}

// leaks looks for anything in the open, in everything that was sent to the storage or ever lay there.
func (c *crew) leaks() {
	c.t.Helper()
	for _, l := range c.storage.Leaks(openWords()...) {
		c.t.Errorf("in the open: %s", l)
	}
}

// openWords are what the storage must not learn: names of people, vaults, accounts and portals, addresses, secrets as text and as bytes.
func openWords() []string {
	words := []string{
		"Harbour desk", "Annabel", "Benedict", "Cleopatra", "Example", "maria@", "shop.example", "Yeastar", "superadmin", "Counter",
		rfcKey, otherKey, thirdKey, fourthKey, "12345678901234567890",
	}
	return append(words, firstKeys...)
}

// TestStorageLearnsNothing goes through the whole flow over WebDAV and S3, and looks at every byte that was sent and kept.
func TestStorageLearnsNothing(t *testing.T) {
	for _, kind := range []string{"webdav", "s3"} {
		t.Run(kind, func(t *testing.T) {
			c := &crew{t: t, storage: storetest.NewHostile(), rigs: map[string]*rig{}, now: moment}
			var handler http.Handler = c.storage.WebDAV()
			if kind == "s3" {
				handler = c.storage.S3("")
			}
			url := storetest.Serve(t, handler).URL
			where := map[string]string{"webdav": "webdav:" + url + "/", "s3": "s3:" + url + "/" + storetest.Bucket}[kind]
			credentials := "u-7431\nsekret-one\n"
			for _, name := range []string{"Annabel", "Benedict", "Cleopatra"} {
				r := c.person(name)
				r.env.OpenStorage = func(l store.Location, a backend.Access) (store.Store, error) {
					return backend.Open(l, a, backend.Config{Retry: store.Policy{Attempts: 1}})
				}
			}
			c.rigs["Annabel"].add(deskLinks...)
			c.must("Annabel", sheet(firstKeys), "recovery", "add", "yeastar", "-")
			c.vault = jsonObject(t, c.must("Annabel", credentials, "share", "create", "Harbour desk", "--store", where, "--json"))["id"].(string)
			c.must("Annabel", "", "share", "move", "example", "yeastar", "counter", "steam", "--to", "harbour")
			for _, name := range []string{"Benedict", "Cleopatra"} {
				invite := c.must("Annabel", "", "share", "invite", "harbour").out
				c.must(name, invite+credentials, "share", "join", "-")
				c.must("Annabel", "", "share", "confirm", "harbour", name)
				c.sync(name)
			}
			c.must("Benedict", "otpauth://totp/Yeastar:superadmin?issuer=Yeastar&secret="+thirdKey, "add", "-", "--over", "yeastar")
			c.must("Benedict", "", "recovery", "use", "yeastar")
			c.sync("Benedict", "Cleopatra")
			c.must("Annabel", "", "share", "remove", "harbour", "cleo")
			c.sync("Benedict", "Annabel")
			if cost := c.storage.Cost(); cost.Requests < 30 || cost.Up < 20_000 {
				t.Fatalf("nothing was captured: %+v", cost)
			}
			c.leaks()
			if leaks := c.storage.Leaks(c.vault); len(leaks) == 0 {
				t.Error("the search is blind: not even the id of the vault was found")
			}
		})
	}
}
