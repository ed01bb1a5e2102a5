package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault/share/store/storetest"
)

// TestShareRenames: the vault, people and devices get other names, everybody sees them, and the log says who did it.
func TestShareRenames(t *testing.T) {
	c := newCrew(t, "Benedict:editor", "Cleopatra:viewer")
	rec := jsonObject(t, c.must("Benedict", "", "share", "rename", "harbour", " Night desk ", "--json"))
	if rec["name"] != "Night desk" || rec["result"] != inStep {
		t.Errorf("%v", rec)
	}
	c.sync("Annabel")
	c.must("Annabel", "", "share", "status", "night desk")
	c.must("Annabel", "", "share", "create", "Other", "--store", "dir:"+t.TempDir())
	c.run("Annabel", "", "share", "rename", "night", "OTHER").wants(t, statusFailed, "Another shared vault of that name")
	c.must("Annabel", "", "share", "rename", "night", "Night Desk") // the same in other letters is no other one
	c.sync("Cleopatra")
	c.run("Cleopatra", "", "share", "rename", "night", "Mine").wants(t, statusFailed, "role")
	c.run("Annabel", "", "share", "rename", "night", strings.Repeat("x", 2_000)).wants(t, statusFailed, "larger")

	// A second device of Benedict's; people are shown with all of theirs.
	c.person("Benedict2")
	c.must("Benedict2", c.must("Annabel", "", "share", "invite", "night").out, "share", "join", "-", "--as", "Benedict", "--device", "till")
	c.must("Annabel", "", "share", "confirm", "night", "Benedict/till")
	c.sync("Benedict2", "Benedict")
	people := func(name string, args ...string) map[string][]string {
		got := map[string][]string{}
		for _, p := range c.list(name, append([]string{"share", "people", "night"}, args...)...) {
			for _, d := range p["devices"].([]any) {
				got[p["person"].(string)] = append(got[p["person"].(string)], d.(map[string]any)["name"].(string))
			}
			slices.Sort(got[p["person"].(string)])
		}
		return got
	}
	if got := fmt.Sprint(people("Annabel")); got != "map[Annabel:[desk] Benedict:[desk till] Cleopatra:[desk]]" {
		t.Error(got)
	}
	if got := fmt.Sprint(people("Annabel", "benedict")); got != "map[Benedict:[desk till]]" {
		t.Error(got)
	}
	if got := c.must("Annabel", "", "share", "people", "night").out; !strings.Contains(got, "Annabel (you)") || strings.Count(got, "Benedict") != 1 {
		t.Errorf("%s", got)
	}

	// An editor names all devices of their own, and nobody else's; a name of several is no name of a device.
	got := c.must("Benedict", "", "share", "people", "night", "benedict", "--as", "Ben")
	if !strings.Contains(got.out, "Benedict is called Ben now, with 2 devices.") {
		t.Errorf("%s", got.out)
	}
	c.run("Benedict", "", "share", "people", "night", "Annabel", "--as", "Boss").wants(t, statusFailed, "role")
	c.run("Benedict", "", "share", "people", "night", "ben", "--device", "x").wants(t, statusUsage, "has 2 devices")
	c.sync("Annabel")
	// An admin says who a device belongs to, and what it is called.
	got = c.must("Annabel", "", "share", "people", "night", "Ben/till", "--as", "Cleopatra", "--device", "phone")
	if !strings.Contains(got.out, "Ben (till) is called Cleopatra (phone) now.") {
		t.Errorf("%s", got.out)
	}
	if got := fmt.Sprint(people("Annabel")); got != "map[Annabel:[desk] Ben:[desk] Cleopatra:[desk phone]]" {
		t.Error(got)
	}
	c.storage.Before(storetest.Offline(""))
	if rec := jsonObject(t, c.must("Annabel", "", "share", "people", "night", "annabel", "--device", "office", "--json")); rec["offline"] != true || rec["people"] != 3.0 {
		t.Errorf("%v", rec)
	}
	c.storage.Before(nil)
	c.sync("Annabel", "Benedict")
	if got := fmt.Sprint(people("Benedict")); got != "map[Annabel:[office] Ben:[desk] Cleopatra:[desk phone]]" {
		t.Error(got)
	}

	for _, args := range [][]string{
		{"share", "rename", "night"}, {"share", "rename", "night", " "}, {"share", "rename", "night", "desk", "two"}, {"share", "people"}, {"share", "people", "night", " "},
		{"share", "people", "night", "--as", "Ben"}, {"share", "people", "night", "ben", "--as", " "}, {"share", "people", "night", "ben", "--device", ""}, {"share", "rotate"},
	} {
		c.run("Annabel", "", args...).wants(t, statusUsage, "")
	}
	c.run("Annabel", "", "share", "people", "night", "zoe", "--as", "Zoe").wants(t, statusNothing, "Nobody matches")
	c.run("Annabel", "", "share", "people", "night", "desk", "--as", "Zoe").wants(t, statusFailed, "Several devices match")

	// Who did it, on every device that saw it.
	for _, name := range []string{"Annabel", "Benedict"} {
		var told []string
		for _, e := range c.list(name, "share", "log", "night") {
			if was, is := e["was"], e["is"]; was != nil {
				told = append(told, fmt.Sprintf("%s %s: %s/%s to %s/%s", e["person"], e["what"], was.(map[string]any)["person"], was.(map[string]any)["name"], is.(map[string]any)["person"], is.(map[string]any)["name"]))
			}
		}
		want := []string{"Annabel person: Annabel/desk to Annabel/office", "Annabel person: Ben/till to Cleopatra/phone", "Ben person: Benedict/till to Ben/till", "Ben person: Benedict/desk to Ben/desk"}
		slices.Sort(told)
		slices.Sort(want)
		if !slices.Equal(told, want) {
			t.Errorf("%s is told %q, want %q", name, told, want)
		}
	}
	text := c.must("Annabel", "", "share", "log", "night").out
	for _, want := range []string{"named the vault", "Ben (till) to Cleopatra (phone)", "took the answer to an invite"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %q:\n%s", want, text)
		}
	}
	c.must("Annabel", "", "share", "invite", "night")
	id := c.list("Annabel", "share", "invite", "night", "--list")[0]["id"].(string)
	c.must("Annabel", "", "share", "invite", "night", "--withdraw", id)
	if text := c.must("Annabel", "", "share", "log", "night").out; !strings.Contains(text, "withdrew an invite") {
		t.Errorf("the log does not tell of an invite that was withdrawn:\n%s", text)
	}
}

// TestUndoneIsSaidForADay: what an editor changed who was made a viewer meanwhile is undone; that is said, and not for ever.
func TestUndoneIsSaidForADay(t *testing.T) {
	c := newCrew(t, "Benedict:editor")
	c.storage.Before(storetest.Offline(client("Benedict")))
	c.must("Benedict", "", "edit", "example", "--name", "meanwhile")
	c.run("Benedict", "", "share", "sync").wants(t, statusOffline, "")
	c.must("Annabel", "", "share", "role", "harbour", "ben", "viewer")
	c.storage.Before(nil)
	for _, at := range []struct {
		after time.Duration
		said  bool
	}{{0, true}, {time.Hour, true}, {24 * time.Hour, false}, {time.Hour, false}} {
		c.now = c.now.Add(at.after)
		c.sync("Annabel")
		got := c.must("Benedict", "", "share", "sync")
		if strings.Contains(got.err, "was undone") != at.said {
			t.Errorf("after %v more: %q", at.after, got.err)
		}
	}
	c.run("Benedict", "", "code", "meanwhile").wants(t, statusNothing, "")
}

// TestShareRotate: a new key for all that follows, which only admins make, and with which everybody goes on.
func TestShareRotate(t *testing.T) {
	c := newCrew(t, "Benedict:editor")
	c.run("Benedict", "", "share", "rotate", "harbour").wants(t, statusFailed, "role")
	rotations := func() (n int) {
		for _, e := range c.list("Benedict", "share", "log", "harbour") {
			if e["what"] == "rotate" {
				n++
			}
		}
		return n
	}
	before := rotations()
	if rec := jsonObject(t, c.must("Annabel", "", "share", "rotate", "harbour", "--json")); rec["result"] != inStep || rec["ready"] != true {
		t.Errorf("%v", rec)
	}
	c.must("Annabel", "", "edit", "example", "--name", "after")
	c.sync("Annabel", "Benedict")
	if rotations() != before+1 {
		t.Error("no new key was made")
	}
	c.must("Benedict", "", "code", "after")
	c.storage.Before(storetest.Offline(""))
	c.must("Annabel", "", "share", "rotate", "harbour")
	if rec := jsonObject(t, c.must("Annabel", "", "share", "rotate", "harbour", "--json")); rec["offline"] != true {
		t.Errorf("%v", rec)
	}
	c.storage.Before(nil)
	c.sync("Annabel", "Benedict", "Annabel")
}
