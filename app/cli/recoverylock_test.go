package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const recPass, recPass2 = "two hands, not one", "another pair of hands"

// sealedRig is withSheet with a passphrase for the recovery keys.
func sealedRig(t *testing.T) (*rig, string) {
	t.Helper()
	r, id := withSheet(t)
	r.must(recPass+"\n", "recovery", "passphrase", "set", "--recovery-passphrase-stdin")
	return r, id
}

// holdsKey reports whether any of the keys is in a text.
func holdsKey(text string) bool {
	return slices.ContainsFunc(append(slices.Clone(firstKeys), secondKeys...), func(k string) bool { return strings.Contains(text, k) })
}

// What shows no key asks for nothing; what does takes the passphrase from standard input.
func TestSealedRecoveryKeys(t *testing.T) {
	r, id := sealedRig(t)
	list := r.must("", "recovery", "list", "centre")
	if !strings.Contains(list.out, "5 of 5 left") || !strings.Contains(list.out, "(sealed)") || strings.Contains(list.out, "•") {
		t.Errorf("%s", list.out)
	}
	for _, args := range [][]string{{"recovery", "list", "centre", "--show-secrets"}, {"recovery", "use", "centre"},
		{"recovery", "export", "centre", filepath.Join(t.TempDir(), "a.txt")}} {
		before := snapshot(t, r.dir)
		got := r.run(args...)
		got.wants(t, statusLocked, "--recovery-passphrase-stdin")
		wrong := r.with("wrong\n", append(args, "--recovery-passphrase-stdin")...)
		wrong.wants(t, statusLocked, "not right")
		empty := r.with("\n", append(args, "--recovery-passphrase-stdin")...)
		empty.wants(t, statusLocked, "sealed")
		if holdsKey(got.out+got.err+wrong.out+wrong.err+empty.out) || snapshot(t, r.dir) != before {
			t.Errorf("%q showed a key or changed something", args)
		}
	}
	shown := r.must(recPass+"\n", "recovery", "list", "centre", "--show-secrets", "--recovery-passphrase-stdin")
	for _, k := range firstKeys {
		if !strings.Contains(shown.out, k) {
			t.Errorf("no %s in %s", k, shown.out)
		}
	}
	if got := r.must(recPass, "recovery", "use", "centre", "--recovery-passphrase-stdin"); got.out != firstKeys[0]+"\n" {
		t.Errorf("used %q", got.out)
	}
	record := object(t, r.must(recPass, "recovery", "use", id, "--recovery-passphrase-stdin", "--json").out)
	if record["key"] != firstKeys[1] || record["left"] != 3.0 || record["number"] != 2.0 {
		t.Errorf("%v", record)
	}
	r.must("", "recovery", "undo", "centre", "2")

	// A sheet goes in without the passphrase, and with it the same one is known again.
	added := r.must(sheet(secondKeys), "recovery", "add", "centre", "-")
	if !strings.Contains(added.err, "They are sealed") || !strings.Contains(added.out, "3 can be used") {
		t.Errorf("%+v", added)
	}
	again := r.must(recPass+"\n"+sheet(secondKeys), "recovery", "add", "centre", "-", "--recovery-passphrase-stdin")
	if !strings.Contains(again.out, "already") {
		t.Errorf("%+v", again)
	}
	kept := object(t, r.must("", "recovery", "list", "centre", "--json").out)
	sheets := kept["sheets"].([]any)
	if len(sheets) != 2 || sheets[1].(map[string]any)["sealed"] != true || kept["left"] != 3.0 {
		t.Errorf("%v", kept)
	}
	target := filepath.Join(t.TempDir(), "keys.txt")
	r.must(recPass, "recovery", "export", "--all", target, "--recovery-passphrase-stdin")
	text, err := os.ReadFile(target)
	if err != nil || !strings.Contains(string(text), secondKeys[2]) || strings.Contains(string(text), firstKeys[0]) {
		t.Errorf("%v %s", err, text)
	}
	r.must(recPass, "recovery", "export", "centre", filepath.Join(t.TempDir(), "keys.pdf"), "--recovery-passphrase-stdin")
	for _, a := range r.accounts() {
		for _, s := range a.Recovery {
			if !s.IsSealed() {
				t.Error("a sheet is in the open")
			}
		}
	}
}

func TestRecoveryPassphraseCommands(t *testing.T) {
	r, _ := withSheet(t)
	set := func(stdin, word string) result {
		return r.with(stdin, "recovery", "passphrase", word, "--recovery-passphrase-stdin")
	}
	set("x\n", "change").wants(t, statusFailed, "passphrase set")
	set("x\n", "remove").wants(t, statusFailed, "No passphrase")
	set("\n", "set").wants(t, statusUsage, "no new passphrase")
	r.run("recovery", "passphrase", "set").wants(t, statusLocked, "--recovery-passphrase-stdin")
	r.run("recovery", "passphrase").wants(t, statusUsage, "Say set")
	r.run("recovery", "passphrase", "forget", "--yes").wants(t, statusFailed, "nothing is sealed")
	if got := set(recPass+"\n", "set"); got.status != statusDone {
		t.Fatalf("%+v", got)
	}
	set(recPass2+"\n", "set").wants(t, statusFailed, "already")
	set("wrong\n"+recPass2+"\n", "change").wants(t, statusLocked, "not right")
	set(recPass+"\n", "change").wants(t, statusUsage, "no new passphrase")
	if got := set(recPass+"\n"+recPass2+"\n", "change"); got.status != statusDone {
		t.Fatalf("%+v", got)
	}
	r.with(recPass, "recovery", "use", "centre", "--recovery-passphrase-stdin").wants(t, statusLocked, "not right")
	set(recPass+"\n", "remove").wants(t, statusLocked, "not right")

	// Together with the passphrase of the vault: that one comes first.
	r.must("app lock\n", "--passphrase-stdin", "passphrase", "set")
	got := r.must("app lock\n"+recPass2+"\n", "--passphrase-stdin", "recovery", "use", "centre", "--recovery-passphrase-stdin")
	if got.out != firstKeys[0]+"\n" {
		t.Errorf("%q", got.out)
	}
	r.must("app lock\n", "--passphrase-stdin", "recovery", "list", "centre")
	r.must("app lock\n"+recPass2+"\n"+sheet(secondKeys), "--passphrase-stdin", "recovery", "add", "centre", "-", "--recovery-passphrase-stdin")
	r.must("app lock\n"+recPass2+"\n", "--passphrase-stdin", "recovery", "passphrase", "remove", "--recovery-passphrase-stdin")
	r.must("app lock\n", "--passphrase-stdin", "passphrase", "remove")
	if got := r.must("ignored\n", "recovery", "use", "centre", "--recovery-passphrase-stdin"); got.out != secondKeys[0]+"\n" {
		t.Errorf("%q", got.out)
	}

	// At a terminal, where nothing is shown while it is typed.
	r.at(recPass, "different").run("recovery", "passphrase", "set").wants(t, statusFailed, "differ")
	r.at(recPass, recPass).must("", "recovery", "passphrase", "set")
	if got := r.at("wrong", recPass).must("", "recovery", "use", "centre"); got.out != secondKeys[1]+"\n" {
		t.Errorf("%q", got.out)
	}
	r.at("n").run("recovery", "passphrase", "forget").wants(t, statusFailed, "Nothing was deleted")
	r.at("y").must("", "recovery", "passphrase", "forget")
	if a := r.accounts()[0]; len(a.Recovery) != 0 {
		t.Errorf("%d sheets are left", len(a.Recovery))
	}
	for _, prompt := range r.asked {
		if holdsKey(prompt) {
			t.Error(prompt)
		}
	}
}

// Twenty sheets fill an account; a replaced one makes room, one that is valid never does.
func TestRecoveryRemove(t *testing.T) {
	r, _ := withSheet(t)
	r.run("recovery", "remove", "centre", "--replaced", "--yes").wants(t, statusNothing, "replaced")
	r.must(sheet(secondKeys), "recovery", "add", "centre", "-")
	sheets := r.accounts()[0].Recovery
	dead, valid := sheets[0].ID, sheets[1].ID
	r.run("recovery", "remove", "centre", valid[:8], "--yes").wants(t, statusFailed, "still takes")
	r.run("recovery", "remove", "centre", "ffff0000", "--yes").wants(t, statusNothing, "no sheet of that id")
	r.run("recovery", "remove", "centre", dead[:8]).wants(t, statusUsage, "--yes")
	r.run("recovery", "remove", "centre").wants(t, statusUsage, "id of a sheet")
	r.at("no").run("recovery", "remove", "centre", dead[:8]).wants(t, statusFailed, "Nothing was deleted")
	if !strings.Contains(r.asked[len(r.asked)-1], "1 replaced sheet with 5 unused keys") {
		t.Errorf("asked %q", r.asked)
	}
	if list := r.must("", "recovery", "list", "centre").out; !strings.Contains(list, dead[:8]) {
		t.Errorf("the list does not name the sheet: %s", list)
	}
	got := object(t, r.must("", "recovery", "remove", "centre", dead[:8], "--yes", "--json").out)
	if got["removed"] != 1.0 || len(got["sheets"].([]any)) != 1 || got["left"] != 3.0 {
		t.Errorf("%v", got)
	}
	r.must(sheet(firstKeys), "recovery", "add", "centre", "-")
	r.must("", "recovery", "remove", "centre", "--replaced", "--yes")
	if left := r.accounts()[0].Recovery; len(left) != 1 || left.Left() != len(firstKeys) || left[0].Valid() != true {
		t.Errorf("%v", left)
	}
}
