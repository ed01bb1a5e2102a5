package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/backend"
	"github.com/tallystick/tallystick/vault/share/store/storetest"
)

// TestFailuresInJSON: with --json one document is printed whatever happens, and it names the reason.
func TestFailuresInJSON(t *testing.T) {
	c := newCrew(t, "Benedict:viewer")
	c.person("Cleopatra")
	over := c.must("Annabel", "", "share", "invite", "harbour", "--expires", "1s").out
	c.now = c.now.Add(time.Minute)
	for _, x := range []struct {
		who, in, args, reason string
		status                int
	}{
		{"Annabel", "", "share status nowhere", "not-found", statusNothing},
		{"Annabel", "", "share leave harbour", "last-admin", statusFailed},
		{"Annabel", "", "share role harbour annabel viewer", "last-admin", statusFailed},
		{"Annabel", "", "share confirm harbour nobody", "not-found", statusNothing},
		{"Annabel", "", "share remove harbour desk", "ambiguous", statusFailed},
		{"Annabel", "", "share invite harbour --role boss", "usage", statusUsage},
		{"Annabel", "", "share invite harbour --no-such-flag", "usage", statusUsage},
		{"Annabel", "", "share create x --store ftp:x", "usage", statusUsage},
		{"Annabel", "", "share move counter --to nowhere", "not-found", statusNothing},
		{"Benedict", "", "share invite harbour", "not-permitted", statusFailed},
		{"Cleopatra", over, "share join -", "invite-expired", statusFailed},
		{"Cleopatra", "nonsense", "share join -", "not-an-invite", statusFailed},
		{"Cleopatra", "", "share sync", "no-vault", statusNothing},
		{"Annabel", "", "pack make counter --for 8h " + t.TempDir() + "/x.pack", "no-codes", statusFailed},
		{"Annabel", "", "pack make example --for 900d " + t.TempDir() + "/x.pack", "usage", statusUsage},
		{"Annabel", "", "pack make example --for 8h --to age1nonsense " + t.TempDir() + "/x.pack", "recipient", statusFailed},
	} {
		got := c.run(x.who, x.in, append(strings.Fields(x.args), "--json")...)
		got.wants(t, x.status, "")
		rec := jsonObject(t, got)
		if rec["reason"] != x.reason || rec["status"] != float64(x.status) || rec["error"] == "" || !strings.Contains(got.err, rec["error"].(string)) {
			t.Errorf("%s: %s%s", x.args, got.out, got.err)
		}
		if got := c.run(x.who, x.in, strings.Fields(x.args)...); got.out != "" {
			t.Errorf("%s without --json prints %q", x.args, got.out)
		}
	}
	c.storage.Before(storetest.Offline(""))
	got := c.run("Annabel", "", "share", "invite", "harbour", "--json")
	got.wants(t, statusOffline, "not reached")
	if rec := jsonObject(t, got); rec["reason"] != "offline" {
		t.Errorf("%s", got.out)
	}
	rec := c.rigs["Annabel"].records(c.run("Annabel", "", "share", "sync", "--json"))[0]
	if rec["result"] != offline || rec["reason"] != "offline" {
		t.Errorf("%v", rec)
	}
	// What a storage refuses.
	c.rigs["Annabel"].env.OpenStorage = func(store.Location, backend.Access) (store.Store, error) { return nil, store.ErrDenied }
	got = c.run("Annabel", "", "share", "sync", "--json")
	if rec := c.rigs["Annabel"].records(got)[0]; got.status != statusFailed || rec["result"] != failed || rec["reason"] != "denied" || rec["error"] == "" {
		t.Errorf("%v", rec)
	}
}

// TestTheSecondWithAnInvite is told at once, or with the next synchronisation, and does not wait for ever.
func TestTheSecondWithAnInvite(t *testing.T) {
	c := newCrew(t)
	for _, name := range []string{"Benedict", "Cleopatra", "Dorothea"} {
		c.person(name)
	}
	invite := c.must("Annabel", "", "share", "invite", "harbour").out
	asked := c.must("Benedict", invite, "share", "join", "-")
	words := strings.TrimSpace(c.must("Benedict", "", "share", "words", "harbour").out)
	if len(strings.Fields(words)) != share.WordCount || !strings.Contains(asked.out, words) {
		t.Errorf("whoever asks to join is not told the words %q: %s", words, asked.out)
	}
	if rec := jsonObject(t, c.must("Cleopatra", invite, "share", "join", "-", "--json")); len(strings.Fields(rec["words"].(string))) != share.WordCount || rec["state"] != "joining" {
		t.Errorf("%v", rec)
	}
	c.run("Cleopatra", invite, "share", "join", "-").wants(t, statusFailed, "waits for an admin")
	c.must("Annabel", "", "share", "confirm", "harbour", "benedict")
	c.run("Dorothea", invite, "share", "join", "-").wants(t, statusFailed, "used already")
	if got := c.list("Dorothea", "share", "list"); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
	got := c.run("Cleopatra", "", "share", "sync", "--json")
	if rec := c.rigs["Cleopatra"].records(got)[0]; got.status != statusFailed || rec["result"] != failed || rec["reason"] != "invite-used" {
		t.Errorf("%v", rec)
	}
	got = c.run("Cleopatra", "", "share", "sync")
	got.wants(t, statusFailed, "Another device used the invite")
	if strings.Count(got.err, "\n") != 1 || got.out != "" {
		t.Errorf("%q %q", got.out, got.err)
	}
	c.must("Cleopatra", c.must("Annabel", "", "share", "invite", "harbour").out, "share", "join", "-")
	c.must("Annabel", "", "share", "confirm", "harbour", "cleopatra")
	c.sync("Cleopatra")
	c.must("Cleopatra", "", "code", "example")
	// A device that was removed says so, and comes back as another one.
	c.must("Annabel", "", "share", "remove", "harbour", "cleopatra")
	c.must("Cleopatra", "", "share", "sync")
	invite = c.must("Annabel", "", "share", "invite", "harbour").out
	c.run("Cleopatra", invite, "share", "join", "-").wants(t, statusFailed, "share leave")
	c.must("Cleopatra", "", "share", "leave", "harbour")
	c.must("Cleopatra", invite, "share", "join", "-")
	c.must("Annabel", "", "share", "confirm", "harbour", "cleopatra")
	c.sync("Cleopatra")
	at := c.now.Add(time.Hour).UTC().Format(time.RFC3339)
	if ours, theirs := c.must("Annabel", "", "code", "example", "--at", at).out, c.must("Cleopatra", "", "code", "example", "--at", at).out; ours != theirs {
		t.Errorf("codes %q and %q", ours, theirs)
	}
}

// TestWithdraw: an invite that went astray is listed, and taken back.
func TestWithdraw(t *testing.T) {
	c := newCrew(t)
	c.person("Benedict")
	c.must("Annabel", "", "share", "invite", "harbour", "--role", "viewer", "--expires", "2d")
	invite := c.must("Annabel", "", "share", "invite", "harbour").out
	c.must("Benedict", invite, "share", "join", "-")
	list := c.list("Annabel", "share", "invite", "harbour", "--list")
	if len(list) != 2 || list[0]["role"] != "viewer" || list[1]["role"] != "editor" || list[0]["person"] != "Annabel" {
		t.Fatalf("%v", list)
	}
	id := list[1]["id"].(string)
	c.run("Annabel", "", "share", "invite", "harbour", "--withdraw", "zzzz").wants(t, statusNothing, "No open invite")
	c.must("Annabel", "", "share", "invite", "harbour", "--withdraw", id[:6])
	c.run("Annabel", "", "share", "invite", "harbour", "--withdraw", id).wants(t, statusNothing, "No open invite")
	if got := c.must("Annabel", "", "share", "invite", "harbour", "--list").out; strings.Contains(got, id) || !strings.Contains(got, list[0]["id"].(string)) {
		t.Errorf("%s", got)
	}
	if got := c.list("Annabel", "share", "requests", "harbour"); len(got) != 0 {
		t.Errorf("%v", got)
	}
	c.run("Benedict", "", "share", "sync").wants(t, statusFailed, "withdrawn")
	c.person("Cleopatra")
	c.run("Cleopatra", invite, "share", "join", "-").wants(t, statusFailed, "withdrawn")
	for _, args := range [][]string{{"--list", "--role", "viewer"}, {"--withdraw", ""}, {"--list", "--withdraw", id}, {"--withdraw", id, "--qr", "x.png"}} {
		c.run("Annabel", "", append([]string{"share", "invite", "harbour"}, args...)...).wants(t, statusUsage, "")
	}
}

// TestRoles: behind the device or as a flag, and what it is.
func TestRoles(t *testing.T) {
	c := newCrew(t, "Benedict:editor")
	role := func(want string, args ...string) {
		t.Helper()
		c.must("Annabel", "", append([]string{"share", "role", "harbour", "benedict"}, args...)...)
		if got := strings.TrimSpace(c.must("Annabel", "", "share", "role", "harbour", "benedict").out); got != want {
			t.Errorf("role %q, want %q", got, want)
		}
	}
	role("editor")
	role("viewer", "viewer")
	role("admin", "--role", "Admin")
	if rec := jsonObject(t, c.must("Annabel", "", "share", "role", "harbour", "benedict", "--json")); rec["role"] != "admin" || rec["id"] != rec["device"] {
		t.Errorf("%v", rec)
	}
	if got := c.list("Annabel", "share", "list", "harbour"); len(got) != 1 || got[0]["name"] != "Harbour desk" {
		t.Errorf("%v", got)
	}
	c.run("Annabel", "", "share", "list", "nowhere").wants(t, statusNothing, "No shared vault")
}
