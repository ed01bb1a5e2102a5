package cli

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"image/png"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/backend"
	"github.com/tallystick/tallystick/vault/share/store/storetest"
)

// crew is a team: a rig for each device, and the storage between them.
type crew struct {
	t       *testing.T
	storage *storetest.Hostile
	rigs    map[string]*rig
	now     time.Time
	vault   string // id of the shared vault
}

// deskLinks are the accounts of the first one.
var deskLinks = []string{linkRFC, linkOther, linkHOTP, linkSteam}

// newCrew makes a shared vault "Harbour desk" of Annabel's with everybody else in it, each in the role after the colon.
func newCrew(t *testing.T, others ...string) *crew {
	t.Helper()
	c := &crew{t: t, storage: storetest.NewHostile(), rigs: map[string]*rig{}, now: moment}
	anna := c.person("Annabel")
	anna.add(deskLinks...)
	c.vault = jsonObject(t, c.must("Annabel", "", "share", "create", "Harbour desk", "--store", "dir:"+t.TempDir(), "--json"))["id"].(string)
	c.must("Annabel", "", "share", "move", "example", "yeastar", "counter", "steam", "--to", "harbour")
	for _, other := range others {
		name, role, _ := strings.Cut(other, ":")
		c.person(name)
		c.letIn(name, role)
	}
	return c
}

// client is what the storage knows somebody as: it records that, so that it is not their name.
func client(name string) string { return "client-" + name[:1] }

func (c *crew) person(name string) *rig {
	r := newRig(c.t)
	r.env.Now = func() time.Time { return c.now }
	r.env.Who = func() share.Person { return share.Person{Name: name, Device: "desk"} }
	r.env.OpenStorage = func(store.Location, backend.Access) (store.Store, error) { return c.storage.Store(client(name)), nil }
	c.rigs[name] = r
	return r
}

// run carries out a command of a person, a second after the one before.
func (c *crew) run(name, stdin string, args ...string) result {
	c.t.Helper()
	c.now = c.now.Add(time.Second)
	return c.rigs[name].with(stdin, args...)
}

func (c *crew) must(name, stdin string, args ...string) result {
	c.t.Helper()
	got := c.run(name, stdin, args...)
	if got.status != statusDone {
		c.t.Fatalf("%s: %q ended with %d: %s%s", name, args, got.status, got.out, got.err)
	}
	return got
}

func (c *crew) letIn(name, role string) {
	c.t.Helper()
	invite := c.must("Annabel", "", "share", "invite", "harbour desk", "--role", role).out
	c.must(name, invite, "share", "join", "-")
	theirs := c.must(name, "", "share", "words", "harbour").out
	ours := c.must("Annabel", "", "share", "words", "harbour", name).out
	if ours != theirs || len(strings.Fields(ours)) != share.WordCount {
		c.t.Fatalf("words %q and %q", ours, theirs)
	}
	c.must("Annabel", "", "share", "confirm", "harbour", name)
	c.must(name, "", "share", "sync")
}

// sync synchronises everybody named, and wants each in step.
func (c *crew) sync(names ...string) {
	c.t.Helper()
	for _, n := range names {
		c.must(n, "", "share", "sync")
	}
}

// jsonObject reads the JSON object a command printed.
func jsonObject(t testing.TB, got result) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(got.out), &v); err != nil {
		t.Fatalf("not a JSON object: %v: %q", err, got.out)
	}
	return v
}

func (c *crew) list(name string, args ...string) []map[string]any {
	c.t.Helper()
	return c.rigs[name].records(c.must(name, "", append(args, "--json")...))
}

func TestShareFlow(t *testing.T) {
	c := newCrew(t, "Benedict:editor", "Cleopatra:viewer")

	// Everybody makes the same codes; the mark says with whom.
	c.sync("Benedict")
	for _, name := range []string{"Benedict", "Cleopatra"} {
		for _, query := range []string{"example", "yeastar", "steam"} {
			at := c.now.Add(time.Hour).UTC().Format(time.RFC3339)
			ours, theirs := c.must("Annabel", "", "code", query, "--at", at).out, c.must(name, "", "code", query, "--at", at).out
			if ours != theirs || len(ours) < 5 {
				t.Errorf("%s: code of %s %q, want %q", name, query, theirs, ours)
			}
		}
	}
	for name, writable := range map[string]bool{"Benedict": true, "Cleopatra": false} {
		for _, rec := range c.list(name, "list") {
			shared, _ := rec["shared"].(map[string]any)
			if shared["vault"] != "Harbour desk" || shared["people"] != 3.0 || shared["writable"] != writable {
				t.Errorf("%s: shared %v", name, rec["shared"])
			}
		}
	}
	if got := c.must("Benedict", "", "list").out; !strings.Contains(got, "Harbour desk, 3 people") {
		t.Errorf("the list of Benedict has no mark:\n%s", got)
	}
	c.rigs["Benedict"].add("otpauth://totp/Own:ben?secret=" + fourthKey + "&issuer=Own")
	for _, rec := range c.list("Benedict", "list", "own ben") {
		if _, there := rec["shared"]; there {
			t.Error("an account of one's own is marked")
		}
	}

	// An edit goes out with the next sync; tags and favourites stay.
	c.must("Benedict", "", "edit", "example", "--name", "joan@shop.example", "--tag", "mine", "--favourite")
	c.sync("Benedict", "Annabel")
	rec := c.list("Annabel", "list", "joan")[0]
	if rec["name"] != "joan@shop.example" || len(rec["tags"].([]any)) != 0 || rec["favourite"] != false {
		t.Errorf("after an edit: %v", rec)
	}
	// A counter is used up for all.
	c.sync("Benedict", "Cleopatra")
	first := c.must("Annabel", "", "code", "counter joe").out
	c.sync("Annabel", "Benedict")
	if second := c.must("Benedict", "", "code", "counter joe").out; second == first {
		t.Error("a code of a counter was used twice")
	}
	// Recovery keys, and that one was used.
	c.must("Annabel", sheet(firstKeys), "recovery", "add", "yeastar", "-")
	c.sync("Annabel", "Benedict")
	used := c.must("Benedict", "", "recovery", "use", "yeastar").out
	c.sync("Benedict", "Annabel")
	if again := c.must("Annabel", "", "recovery", "use", "yeastar").out; again == used {
		t.Error("a recovery key was handed out twice")
	}
	// Removing and bringing back.
	c.must("Benedict", "", "remove", "steam")
	c.sync("Benedict", "Annabel")
	if got := c.list("Annabel", "list", "--trash"); len(got) != 1 {
		t.Errorf("the trash has %v", got)
	}
	c.must("Annabel", "", "restore", "steam")
	c.sync("Annabel", "Benedict")
	c.must("Benedict", "", "code", "steam")

	// Who did what.
	var what []string
	for _, e := range c.list("Annabel", "share", "log", "harbour") {
		what = append(what, e["person"].(string)+" "+e["what"].(string))
	}
	for _, want := range []string{"Annabel genesis", "Annabel add", "Benedict name", "Annabel otp"} {
		if !slices.Contains(what, want) {
			t.Errorf("the log has no %q: %q", want, what)
		}
	}
	// A viewer changes nothing of the others, and may keep tags and favourites.
	c.sync("Cleopatra")
	for _, args := range [][]string{{"edit", "example", "--name", "x"}, {"remove", "example"}, {"recovery", "use", "yeastar"}} {
		c.run("Cleopatra", "", args...).wants(t, statusFailed, "viewer")
	}
	c.must("Cleopatra", "", "edit", "example", "--tag", "mine", "--favourite")
	c.run("Cleopatra", "", "share", "invite", "harbour").wants(t, statusFailed, "role")
	c.must("Annabel", "", "share", "role", "harbour", "cleopatra/desk", "editor")
	c.sync("Cleopatra")
	c.must("Cleopatra", "", "edit", "example", "--url", "https://shop.example/login")
	c.sync("Cleopatra", "Annabel")

	// Removing: nothing new, the list of what to enroll again, which empties itself.
	c.must("Annabel", "", "share", "remove", "harbour", "Cleopatra")
	c.sync("Benedict")
	c.must("Annabel", "otpauth://totp/Example:joan%40shop.example?secret="+thirdKey+"&issuer=Example", "add", "-", "--over", "example")
	c.sync("Annabel", "Benedict")
	c.run("Cleopatra", "", "share", "sync").wants(t, statusDone, "")
	if got := c.must("Cleopatra", "", "share", "status", "harbour").out; !strings.Contains(got, "This device was removed") || strings.Contains(got, "enroll again") {
		t.Errorf("who was removed is shown:\n%s", got)
	}
	at := c.now.Add(time.Hour).UTC().Format(time.RFC3339)
	anna, ben, cleo := c.must("Annabel", "", "code", "example", "--at", at).out, c.must("Benedict", "", "code", "example", "--at", at).out, c.run("Cleopatra", "", "code", "example", "--at", at).out
	if anna != ben || anna == cleo {
		t.Errorf("after removing: codes %q, %q, and %q of the one who was removed", anna, ben, cleo)
	}
	left := map[string]bool{}
	for _, x := range c.list("Benedict", "share", "reenroll", "harbour") {
		left[x["issuer"].(string)] = true
		if fmt.Sprint(x["known_to"]) != "[Cleopatra]" {
			t.Errorf("known to %v", x["known_to"])
		}
	}
	if len(left) != 3 || left["Example"] {
		t.Errorf("to enroll again: %v", left)
	}
	for issuer, link := range map[string]string{"Yeastar": "otpauth://totp/Yeastar:superadmin?issuer=Yeastar&secret=" + fourthKey,
		"Counter": "otpauth://hotp/Counter:joe?issuer=Counter&counter=0&secret=" + fourthKey, "Steam": "otpauth://steam/Steam:gamer?issuer=Steam&secret=" + fourthKey} {
		c.must("Benedict", link, "add", "-", "--over", strings.ToLower(issuer))
		delete(left, issuer)
	}
	c.sync("Benedict", "Annabel")
	if got := c.list("Annabel", "share", "reenroll", "harbour"); len(got) != 0 {
		t.Errorf("still to enroll again: %v", got)
	}
	// The last admin hands over, then leaves.
	c.run("Annabel", "", "share", "leave", "harbour").wants(t, statusFailed, "somebody else an admin")
	c.must("Annabel", "", "share", "role", "harbour", "ben", "admin")
	c.must("Annabel", "", "share", "leave", "harbour", "--keep")
	if got := c.list("Annabel", "list"); len(got) != 4 {
		t.Errorf("kept %v", got)
	}
	c.sync("Benedict")
	if got := c.list("Benedict", "share", "members", "harbour"); len(got) != 1 {
		t.Errorf("members %v", got)
	}
	c.must("Benedict", "", "share", "leave", "harbour")
	if got := c.list("Benedict", "list"); len(got) != 1 {
		t.Errorf("Benedict still has %v", got)
	}
}

// TestShareOffline: away for a while, changes on both sides, and a conflict for a person to choose.
func TestShareOffline(t *testing.T) {
	c := newCrew(t, "Benedict:editor")
	c.storage.Before(storetest.Offline(client("Benedict")))
	got := c.run("Benedict", "", "share", "sync", "--json")
	if got.status != statusOffline || c.rigs["Benedict"].records(got)[0]["result"] != offline {
		t.Errorf("%+v", got)
	}
	c.run("Benedict", "", "share", "sync", "harbour").wants(t, statusOffline, "not reached")
	c.must("Benedict", "", "edit", "example", "--name", "written-offline")
	c.must("Benedict", "otpauth://totp/Yeastar:superadmin?issuer=Yeastar&secret="+thirdKey, "add", "-", "--over", "yeastar")
	c.must("Annabel", "otpauth://totp/Yeastar:superadmin?issuer=Yeastar&secret="+fourthKey, "add", "-", "--over", "yeastar")
	c.must("Annabel", "", "edit", "steam", "--name", "meanwhile")
	c.sync("Annabel")
	c.storage.Before(nil)
	c.sync("Benedict", "Annabel", "Benedict")
	if got := c.must("Annabel", "", "share", "sync").err; !strings.Contains(got, "1 account with several secrets to choose from") {
		t.Errorf("a conflict is not told: %q", got)
	}
	for _, name := range []string{"Annabel", "Benedict"} {
		c.must(name, "", "code", "written-offline")
		c.must(name, "", "code", "meanwhile")
		list := c.list(name, "share", "conflicts", "harbour")
		if len(list) != 1 || list[0]["issuer"] != "Yeastar" || len(list[0]["choices"].([]any)) != 2 {
			t.Fatalf("%s: conflicts %v", name, list)
		}
	}
	choices := c.list("Annabel", "share", "conflicts", "harbour")[0]["choices"].([]any)
	var keep string
	for _, o := range choices {
		if choice := o.(map[string]any); choice["person"] == "Annabel" {
			keep = choice["id"].(string)
		}
	}
	c.run("Benedict", "", "share", "conflicts", "harbour", "--keep", "0000ffff").wants(t, statusNothing, "No secret")
	c.must("Benedict", "", "share", "conflicts", "harbour", "--keep", keep[:6])
	c.sync("Annabel")
	for _, name := range []string{"Annabel", "Benedict"} {
		if rec := c.rigs[name].records(c.must(name, "", "list", "yeastar", "--json", "--show-secrets"))[0]; rec["secret"] != fourthKey {
			t.Errorf("%s kept %v", name, rec["secret"])
		}
		if got := c.list(name, "share", "conflicts", "harbour"); len(got) != 0 {
			t.Errorf("%s: still %v", name, got)
		}
	}
	// What needs no storage is done here, and says that it waits.
	c.storage.Before(storetest.Offline(""))
	got = c.must("Annabel", "", "share", "role", "harbour", "ben", "viewer", "--json")
	if jsonObject(t, got)["offline"] != true {
		t.Errorf("%s", got.out)
	}
	c.run("Annabel", "", "share", "invite", "harbour").wants(t, statusOffline, "Make it again when the storage is there")
	c.run("Annabel", "", "share", "create", "Other", "--store", "dir:/nowhere").wants(t, statusOffline, "no shared vault was made")
	c.run("Benedict", "", "share", "leave", "harbour").wants(t, statusOffline, "Leave again when it is")
	c.run("Benedict", "", "share", "storage", "harbour", "--store", "dir:"+t.TempDir()).wants(t, statusOffline, "not reached there")
	for _, args := range [][]string{{"invite", "harbour"}, {"create", "Other", "--store", "dir:/nowhere"}, {"storage", "harbour"}} {
		got := c.run("Benedict", "", append(append([]string{"share"}, args...), "--json")...)
		if rec := jsonObject(t, got); got.status != statusOffline || rec["reason"] != "offline" {
			t.Errorf("%q: %d %v", args, got.status, rec)
		}
	}
	if got := c.list("Annabel", "share", "list"); len(got) != 1 {
		t.Errorf("a vault without storage stayed: %v", got)
	}
	c.storage.Before(nil)
	c.sync("Annabel", "Benedict")
	if got := c.list("Benedict", "share", "list")[0]; got["role"] != "viewer" {
		t.Errorf("%v", got)
	}
}

func TestShareInvites(t *testing.T) {
	c := newCrew(t)
	dir := t.TempDir()
	file, picture := filepath.Join(dir, "invite.txt"), filepath.Join(dir, "invite.png")
	got := c.must("Annabel", "", "share", "invite", "harbour", "--expires", "1h", "--file", file, "--qr", picture)
	if got.out != "" {
		t.Errorf("printed %q beside the file", got.out)
	}
	line, err := os.ReadFile(file)
	if err != nil || !strings.HasPrefix(string(line), share.InvitePrefix) || strings.Count(string(line), "\n") != 1 {
		t.Fatalf("%v: %q", err, line)
	}
	f, err := os.Open(picture)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	found, err := scanner.New().Scan(t.Context(), img)
	if err != nil || len(found.Codes) != 1 {
		t.Fatalf("the QR code is not read: %v", err)
	}
	drawn, err := share.ParseInvite(secret.FromString(found.Codes[0].Text))
	written, err2 := share.ParseInvite(secret.New(line))
	if err != nil || err2 != nil || drawn.ID != written.ID || img.Bounds().Dx() > (89+8)*moduleSize {
		t.Errorf("the QR code says something else, or is as large as the whole text: %v, %v, %v", err, err2, img.Bounds())
	}
	open := len(c.list("Annabel", "share", "invite", "harbour", "--list"))
	c.run("Annabel", "", "share", "invite", "harbour", "--file", file).wants(t, statusFailed, "--force")
	c.run("Annabel", "", "share", "invite", "harbour", "--qr", picture).wants(t, statusFailed, "--force")
	if now := len(c.list("Annabel", "share", "invite", "harbour", "--list")); now != open {
		t.Errorf("%d open invites instead of %d: one was made that nobody has", now, open)
	}
	c.must("Annabel", "", "share", "invite", "harbour", "--file", file, "--force")

	rec := jsonObject(t, c.must("Annabel", "", "share", "invite", "harbour", "--json", "--role", "viewer"))
	if rec["name"] != "Harbour desk" || rec["role"] != "viewer" || !strings.HasPrefix(rec["invite"].(string), share.InvitePrefix) {
		t.Errorf("%v", rec)
	}

	// Broken into lines by a mail program; used once; too late; not one at all.
	text := strings.TrimSpace(string(line))
	c.person("Benedict")
	c.must("Benedict", "\n"+text[:70]+"\r\n"+text[70:200]+"\r\n"+text[200:]+"\r\n", "share", "join", "-")
	c.run("Benedict", text, "share", "join", "-").wants(t, statusFailed, "already")
	c.person("Cleopatra")
	c.run("Cleopatra", "", "share", "join", "-").wants(t, statusUsage, "standard input")
	c.run("Cleopatra", text[:300], "share", "join", "-").wants(t, statusFailed, "not an invite")
	c.run("Cleopatra", text, "share", "join", text).wants(t, statusUsage, "secret")
	c.now = c.now.Add(2 * time.Hour)
	c.run("Cleopatra", text, "share", "join", "-").wants(t, statusFailed, "expired")
	if _, err := os.Stat(c.rigs["Cleopatra"].dir); !os.IsNotExist(err) {
		t.Error("an invite that was refused left a vault behind")
	}
	for _, args := range [][]string{{"--role", "owner"}, {"--expires", "0s"}, {"--expires", "1000h"}, {"--expires", "soon"}, {"--force"}} {
		c.run("Annabel", "", append([]string{"share", "invite", "harbour"}, args...)...).wants(t, statusUsage, "")
	}
	// Refusing.
	c.person("Dan")
	c.must("Dan", c.must("Annabel", "", "share", "invite", "harbour").out, "share", "join", "-", "--as", "Daniel", "--device", "tablet")
	if got := c.list("Annabel", "share", "requests", "harbour"); len(got) == 0 || !slices.ContainsFunc(got, func(q map[string]any) bool { return q["person"] == "Daniel" && q["name"] == "tablet" }) {
		t.Errorf("%v", got)
	}
	c.must("Annabel", "", "share", "confirm", "harbour", "daniel", "--refuse")
	c.run("Annabel", "", "share", "confirm", "harbour", "daniel").wants(t, statusNothing, "Nobody asked")
}

func TestConfirmAsksForTheWords(t *testing.T) {
	c := newCrew(t)
	c.person("Benedict")
	c.must("Benedict", c.must("Annabel", "", "share", "invite", "harbour").out, "share", "join", "-")
	words := strings.TrimSpace(c.must("Benedict", "", "share", "words", "harbour").out)
	if got := c.must("Benedict", "", "share", "words", "harbour", "Annabel"); strings.TrimSpace(got.out) != words || !strings.Contains(got.err, "not known") {
		t.Errorf("the words with somebody whose name is not known yet: %q, %q", got.out, got.err)
	}
	if rec := jsonObject(t, c.must("Benedict", "", "share", "words", "harbour", "--json")); rec["words"] != words || rec["device"] != c.list("Annabel", "share", "list")[0]["device"] {
		t.Errorf("%v", rec)
	}
	c.rigs["Annabel"].at("n")
	got := c.run("Annabel", "", "share", "confirm", "harbour", "ben")
	got.wants(t, statusFailed, "Nobody was let in")
	if !strings.Contains(got.err, words) {
		t.Error("the words were not shown")
	}
	c.rigs["Annabel"].at("y")
	c.must("Annabel", "", "share", "confirm", "harbour", "ben")
	if got := c.list("Annabel", "share", "members", "harbour"); len(got) != 2 || !slices.ContainsFunc(got, func(m map[string]any) bool { return m["person"] == "Benedict" && m["verified"] == true }) {
		t.Errorf("%v", got)
	}
	c.sync("Benedict")
	if rec := jsonObject(t, c.must("Benedict", "", "share", "words", "harbour", "anna", "--json")); rec["verified"] != false || rec["words"] != words {
		t.Errorf("%v", rec)
	}
	if got := c.must("Benedict", "", "share", "words", "harbour", "anna", "--same"); !strings.Contains(got.err, "Noted: the words of Annabel (desk) are the same.") {
		t.Errorf("%q", got.err)
	}
	if rec := jsonObject(t, c.must("Benedict", "", "share", "words", "harbour", "anna", "--same", "--json")); rec["verified"] != true {
		t.Errorf("%v", rec)
	}
	if rec := jsonObject(t, c.must("Benedict", "", "share", "words", "harbour", "anna", "--differ", "--json")); rec["verified"] != false {
		t.Errorf("%v", rec)
	}
}

func TestShareNames(t *testing.T) {
	c := newCrew(t, "Benedict:editor")
	c.must("Annabel", "", "share", "create", "Harbour cafe", "--store", "dir:"+t.TempDir())
	c.run("Annabel", "", "share", "create", "harbour CAFE", "--store", "dir:"+t.TempDir()).wants(t, statusFailed, "of that name")
	c.run("Annabel", "", "share", "status", "harbour").wants(t, statusFailed, "Several shared vaults match")
	c.run("Annabel", "", "share", "status", "office").wants(t, statusNothing, "No shared vault matches")
	id := c.list("Annabel", "share", "list")[0]["id"].(string)
	for _, word := range []string{id, strings.ToUpper(id), id[:6], "desk", "HARBOUR DESK", "cafe"} {
		c.must("Annabel", "", "share", "status", word)
	}
	device := ""
	for _, m := range c.list("Annabel", "share", "members", "desk") {
		if m["person"] == "Benedict" {
			device = m["device"].(string)
		}
	}
	for _, word := range []string{device, device[:4], "ben", "Benedict/desk"} {
		c.must("Annabel", "", "share", "words", "harbour desk", word)
	}
	c.run("Annabel", "", "share", "words", "harbour desk", "desk").wants(t, statusFailed, "Several devices match") // both are called so
	c.run("Annabel", "", "share", "remove", "harbour desk", "anna").wants(t, statusFailed, "share leave")
	c.run("Annabel", "", "share", "remove", "harbour desk", "zoe").wants(t, statusNothing, "No device")
	for _, args := range [][]string{
		{"share"}, {"share", "create"}, {"share", "create", "x"}, {"share", "create", "x", "--store", "ftp:x"}, {"share", "create", "x", "--store", "webdav:https://user:pass@dav.example/"},
		{"share", "move", "--to", "desk"}, {"share", "move", "example"}, {"share", "status"}, {"share", "role", "desk"}, {"share", "role", "desk", "ben", "boss"}, {"share", "role", "desk", "ben", "admin", "--role", "viewer"},
		{"share", "role", "desk", "ben", "--role", "boss"}, {"share", "list", "a", "b"},
		{"share", "words"}, {"share", "words", "desk", "ben", "--same", "--differ"}, {"share", "confirm", "desk"}, {"share", "sync", "a", "b"}, {"share", "join"},
	} {
		got := c.run("Annabel", "", args...)
		got.wants(t, statusUsage, "")
		if strings.Contains(got.err, "user:pass") || strings.Contains(got.err, "pass@") {
			t.Errorf("%q repeats credentials: %s", args, got.err)
		}
	}
	newRig(t).run("share", "list").wants(t, statusNothing, "share join -")
}

// TestShareOverHTTP takes credentials from standard input, in their order, over TLS with an authority of its own.
func TestShareOverHTTP(t *testing.T) {
	for _, kind := range []string{"webdav", "s3"} {
		t.Run(kind, func(t *testing.T) {
			storage := storetest.NewHostile()
			var handler http.Handler = storage.WebDAV()
			if kind == "s3" {
				handler = storage.S3("")
			}
			srv := serveTLS(t, handler)
			ca := filepath.Join(t.TempDir(), "ca.pem")
			if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600); err != nil {
				t.Fatal(err)
			}
			where := "webdav:" + srv.URL + "/team"
			if kind == "s3" {
				where = "s3:" + srv.URL + "/" + storetest.Bucket
			}
			anna, ben := newRig(t), newRig(t)
			for name, r := range map[string]*rig{"Annabel": anna, "Benedict": ben} {
				r.env.Who = func() share.Person { return share.Person{Name: name, Device: "desk"} }
				r.env.OpenStorage = func(l store.Location, a backend.Access) (store.Store, error) {
					return backend.Open(l, a, backend.Config{Retry: store.Policy{Attempts: 1}})
				}
			}
			anna.must(passOne+"\n"+linkRFC, "--passphrase-stdin", "add", "-")
			got := anna.with(passOne+"\nanna\nsekret-one\n", "--passphrase-stdin", "share", "create", "Harbour desk", "--store", where)
			got.wants(t, statusFailed, "cannot be trusted") // without --ca
			anna.with(passOne+"\nanna\n", "--passphrase-stdin", "share", "create", "Harbour desk", "--store", where, "--ca", ca).wants(t, statusUsage, "two lines")
			anna.must(passOne+"\nanna\nsekret-one\n", "--passphrase-stdin", "share", "create", "Harbour desk", "--store", where, "--ca", ca)
			anna.must(passOne, "--passphrase-stdin", "share", "move", "example", "--to", "harbour")
			invite := anna.must(passOne, "--passphrase-stdin", "share", "invite", "harbour").out
			ben.must(passTwo+"\n"+invite+"ben\nsekret-two\n", "--passphrase-stdin", "share", "join", "-", "--ca", ca)
			anna.must(passOne, "--passphrase-stdin", "share", "confirm", "harbour", "ben")
			ben.must(passTwo, "--passphrase-stdin", "share", "sync")
			if got := ben.must(passTwo, "--passphrase-stdin", "code", "example", "--at", "1970-01-01T00:00:59Z").out; got != "287082\n" {
				t.Errorf("code %q", got)
			}
			// Other credentials; none, and the same ones are used, also with the certificates of before; another server is never shown them.
			ben.must(passTwo+"\nben2\nsekret-three\n", "--passphrase-stdin", "share", "storage", "harbour", "--ca", ca)
			n := len(storage.Ops())
			ben.must(passTwo+"\n", "--passphrase-stdin", "share", "storage", "harbour")
			if ops := storage.Ops(); len(ops) == n || ops[len(ops)-1].Client != "ben2" {
				t.Error("the credentials that are kept were not used")
			}
			shown := make(chan string, 100)
			other := serveTLS(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				shown <- req.Header.Get("Authorization")
				handler.ServeHTTP(w, req)
			}))
			otherCA := filepath.Join(t.TempDir(), "other.pem")
			if err := os.WriteFile(otherCA, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: other.Certificate().Raw}), 0o600); err != nil {
				t.Fatal(err)
			}
			_ = ben.with(passTwo+"\n", "--passphrase-stdin", "share", "storage", "harbour", "--ca", otherCA, "--store", strings.Replace(where, srv.URL, other.URL, 1))
			if len(shown) == 0 {
				t.Error("the other server was not asked")
			}
			for len(shown) > 0 {
				if got := <-shown; got != "" {
					t.Errorf("the other server was shown %q", got)
				}
			}
			clients := map[string]bool{}
			for _, op := range storage.Ops() {
				clients[op.Client] = true
			}
			if !clients["anna"] || !clients["ben"] || !clients["ben2"] {
				t.Errorf("who came: %v", clients)
			}
			for _, r := range []*rig{anna, ben} {
				if disk := snapshot(t, r.dir); strings.Contains(disk, fmt.Sprintf("%x", "sekret-")) {
					t.Error("a password lies in the open")
				}
			}
			// The clock that the replies tell.
			if _, err := os.Stat(filepath.Join(anna.dir, "clock.json")); err != nil {
				t.Errorf("nothing is known of the clock: %v", err)
			}
		})
	}
	r := newRig(t)
	r.with("a\nb\n", "share", "create", "x", "--store", "webdav:http://dav.example/team").wants(t, statusFailed, "cannot be trusted")
}

func serveTLS(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // one client does not trust it
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv
}

// TestStorageTellsTheTime: a storage whose clock differs from ours is a hint for the doctor, and no more.
func TestStorageTellsTheTime(t *testing.T) {
	storage := storetest.NewHostile()
	inner := storage.S3("")
	srv := storetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Date", time.Now().Add(100*time.Second).UTC().Format(http.TimeFormat))
		inner.ServeHTTP(w, req)
	}))
	r := newRig(t)
	r.env.OpenStorage = func(l store.Location, a backend.Access) (store.Store, error) {
		return backend.Open(l, a, backend.Config{})
	} // by the real clock
	r.add(linkRFC)
	before := r.must("", "code", "example").out
	r.must("key\nsecret\n", "share", "create", "Harbour desk", "--store", "s3:"+srv.URL+"/"+storetest.Bucket)
	r.must("", "share", "sync")
	r.age()
	var offset any
	for _, check := range r.records(r.run("doctor", "--json")) {
		if check["name"] == "clock" {
			offset = check["offset"]
			if check["correction"] != 0.0 || check["state"] == ok {
				t.Errorf("%v", check)
			}
		}
	}
	if seconds, is := offset.(float64); !is || seconds > -95 || seconds < -105 {
		t.Errorf("the clock is 100 s slow, and the doctor says %v", offset)
	}
	if after := r.must("", "code", "example").out; after != before {
		t.Error("codes were corrected without a person")
	}
}
