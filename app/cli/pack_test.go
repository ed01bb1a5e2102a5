package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestPackFlow(t *testing.T) {
	if testing.Short() {
		t.Skip("derives keys at full cost")
	}
	r := newRig(t)
	r.add(linkRFC, linkOther, linkHOTP, linkSteam)
	file := filepath.Join(t.TempDir(), "guest.pack")
	r.must("guest pass\n", "--passphrase-stdin", "pack", "make", "example", "steam", "--for", "8h", file)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("%v %v", info, err)
	}
	raw, err := os.ReadFile(file)
	if err != nil || leaksOf(raw) != "" {
		t.Errorf("%v: in the open: %q", err, leaksOf(raw))
	}

	// The guest has a computer of their own, without a vault.
	guest := newRig(t)
	open := func(at time.Time, more ...string) result {
		return guest.with("guest pass\n", append([]string{"--passphrase-stdin", "pack", "open", file, "--at", at.Format(time.RFC3339)}, more...)...)
	}
	for _, after := range []time.Duration{0, 29 * time.Second, time.Hour, 8*time.Hour - time.Second} {
		at := moment.Add(after)
		stamp := at.Format(time.RFC3339)
		rec := jsonObject(t, open(at, "--json"))
		accounts := rec["accounts"].([]any)
		if len(accounts) != 2 {
			t.Fatalf("%v", rec)
		}
		for i, query := range []string{"example", "steam"} {
			want := r.records(r.must("", "code", query, "--at", stamp, "--json"))[0]
			got := accounts[i].(map[string]any)
			for _, field := range []string{"issuer", "name", "kind", "period", "code", "remaining", "valid_until"} {
				if got[field] != want[field] {
					t.Errorf("after %v: %s of %s is %v, want %v", after, field, query, got[field], want[field])
				}
			}
		}
	}
	if got := open(moment); got.status != statusDone || !strings.Contains(got.out, "Example") || !strings.Contains(got.out, "LEFT") {
		t.Errorf("%+v", got)
	}
	open(moment.Add(9*time.Hour)).wants(t, statusFailed, "ran out")
	open(moment.Add(-time.Hour)).wants(t, statusFailed, "first code of this pack")
	guest.with("wrong\n", "--passphrase-stdin", "pack", "open", file).wants(t, statusLocked, "does not open")
	guest.run("pack", "open", file).wants(t, statusLocked, "passphrase")
	guest.run("pack", "open", filepath.Join(t.TempDir(), "none")).wants(t, statusFailed, "no such file")
	if snapshot(t, guest.dir) != "" {
		t.Error("opening a pack made something")
	}

	// Damage.
	for name, change := range map[string]func([]byte) []byte{
		"cut":   func(b []byte) []byte { return b[:len(b)-20] },
		"bit":   func(b []byte) []byte { b[len(b)-20] ^= 1; return b },
		"other": func([]byte) []byte { return []byte("not a pack") },
		"empty": func([]byte) []byte { return nil },
	} {
		bad := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(bad, change(bytes.Clone(raw)), 0o600); err != nil {
			t.Fatal(err)
		}
		got := guest.with("guest pass\n", "--passphrase-stdin", "pack", "open", bad)
		if got.status == statusDone || got.out != "" {
			t.Errorf("%s: %+v", name, got)
		}
	}

	// One account prints just its code.
	one := filepath.Join(t.TempDir(), "one.pack")
	r.must("guest pass\n", "--passphrase-stdin", "pack", "make", "example", "--for", "1d", one)
	want := r.must("", "code", "example").out
	if got := guest.with("guest pass\n", "--passphrase-stdin", "pack", "open", one, "--at", moment.Format(time.RFC3339)); got.out != want {
		t.Errorf("%q, want %q", got.out, want)
	}
	// A vault with a passphrase: its line comes first.
	r.must(passOne, "--passphrase-stdin", "passphrase", "set")
	r.with("guest pass\n", "--passphrase-stdin", "pack", "make", "example", "--for", "8h", filepath.Join(t.TempDir(), "x")).wants(t, statusLocked, "Two lines")
	r.must(passOne+"\nguest pass\n", "--passphrase-stdin", "pack", "make", "example", "--for", "8h", one, "--force")
}

// leaksOf looks for the keys of the test accounts.
func leaksOf(content []byte) string {
	for _, word := range []string{rfcKey, otherKey, "12345678901234567890", "Example", "maria"} {
		if bytes.Contains(content, []byte(word)) {
			return word
		}
	}
	return ""
}

func TestPackToAKey(t *testing.T) {
	r, friend, stranger := newRig(t), newRig(t), newRig(t)
	for _, x := range []*rig{r, friend, stranger} {
		x.add(linkRFC)
	}
	key := strings.TrimSpace(friend.must("", "pack", "key").out)
	if !strings.HasPrefix(key, "age1") || strings.Contains(key, "\n") {
		t.Fatalf("%q", key)
	}
	dir := t.TempDir()
	keyFile, file := filepath.Join(dir, "friend.key"), filepath.Join(dir, "a.pack")
	if err := os.WriteFile(keyFile, []byte("# my friend\n"+key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{key, keyFile} {
		r.must("", "pack", "make", "example", "--for", "8h", "--to", to, "--as", " Maria ", file, "--force")
		if got := jsonObject(t, friend.run("pack", "open", file, "--json", "--at", moment.Format(time.RFC3339)))["by"]; got != "Maria" {
			t.Errorf("made by %v", got)
		}
		at := moment.Add(time.Hour).Format(time.RFC3339)
		if got, want := friend.must("", "pack", "open", file, "--at", at).out, r.must("", "code", "example", "--at", at).out; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		stranger.run("pack", "open", file).wants(t, statusLocked, "does not open")
	}
	r.run("pack", "make", "example", "--for", "8h", "--to", "age1nonsense", filepath.Join(dir, "b")).wants(t, statusFailed, "not the key")
	r.run("pack", "make", "example", "--for", "8h", "--to", "nobody", filepath.Join(dir, "b")).wants(t, statusFailed, "not the key")
}

func TestPackRefusals(t *testing.T) {
	if testing.Short() {
		t.Skip("derives keys at full cost")
	}
	r := newRig(t)
	r.add(linkRFC, linkHOTP)
	dir := t.TempDir()
	file := filepath.Join(dir, "x.pack")
	for _, life := range []string{"", "0s", "30s", "soon", "32d", "999d", "-8h", "800h"} {
		r.with("p\n", "--passphrase-stdin", "pack", "make", "example", "--for", life, file).wants(t, statusUsage, "--for")
	}
	r.with("p\n", "--passphrase-stdin", "pack", "make", "counter joe", "--for", "8h", file).wants(t, statusFailed, "no codes that follow the time")
	r.with("p\n", "--passphrase-stdin", "pack", "make", "nobody", "--for", "8h", file).wants(t, statusNothing, "No account")
	r.run("pack", "make", "example", "--for", "8h", file).wants(t, statusLocked, "passphrase")
	r.run("pack", "make", file, "--for", "8h").wants(t, statusUsage, "file to write")
	r.run("pack").wants(t, statusUsage, "")
	if _, err := os.Stat(file); err == nil {
		t.Error("something was written")
	}
	r.must("p\n", "--passphrase-stdin", "pack", "make", "example", "--for", "8h", file)
	r.with("p\n", "--passphrase-stdin", "pack", "make", "example", "--for", "8h", file).wants(t, statusFailed, "--force")
	r.with("p\n", "--passphrase-stdin", "pack", "open", file, "--at", "noon").wants(t, statusUsage, "--at")
	// At a terminal: asked twice, three tries to open.
	r.at("one", "two")
	r.run("pack", "make", "example", "--for", "8h", filepath.Join(dir, "t.pack")).wants(t, statusFailed, "differ")
	r.at("one", "one")
	r.must("", "pack", "make", "example", "--for", "8h", filepath.Join(dir, "t.pack"))
	r.at("bad", "worse", "one")
	r.must("", "pack", "open", filepath.Join(dir, "t.pack"))
	r.at("bad", "worse", "no")
	r.run("pack", "open", filepath.Join(dir, "t.pack")).wants(t, statusLocked, "does not open")
}
