package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func decodeAs[T any](t *testing.T, got result) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(got.out), &v); err != nil {
		t.Fatalf("%v: %q", err, got.out)
	}
	return v
}

func issuers(names []accountName) []string {
	var list []string
	for _, n := range names {
		list = append(list, n.Issuer)
	}
	return list
}

func TestBackupNeedsToBeSetUp(t *testing.T) {
	r := newRig(t)
	r.run("backup", "now").wants(t, statusNothing, "no vault here")
	r.run("backup", "list").wants(t, statusNothing, "backup set")
	r.add(linkRFC)
	r.run("backup", "now").wants(t, statusNothing, "backup set")
	r.run("backup", "restore", "latest").wants(t, statusNothing, "backup set")
	r.run("backup", "set", t.TempDir()).wants(t, statusLocked, "need a passphrase")
	r.with("words\n", "backup", "set", filepath.Join(t.TempDir(), "nowhere"), "--passphrase-stdin").wants(t, statusFailed, "folder for the backups is not there")
	r.run("backup").wants(t, statusUsage, "set, now, list")
	r.run("backup", "set").wants(t, statusUsage, "folder")
	r.run("backup", "restore").wants(t, statusUsage, "file")
	r.run("backup", "restore", "x", "--merge", "--replace").wants(t, statusUsage, "together")
	r.run("backup", "restore", "x", "--over", "y").wants(t, statusUsage, "--over")
}

func TestBackupAndRestoreElsewhere(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC, linkHOTP)
	r.must("", "code", "Counter") // the counter is at 1
	folder := t.TempDir()
	first := decodeAs[backupRecord](t, r.must("\nbackup words\n", "backup", "set", folder, "--passphrase-stdin", "--json"))
	if filepath.Dir(first.File) != folder || *first.Accounts != 2 || !first.Verified || first.Made != "2026-03-04T12:00:10Z" {
		t.Errorf("%+v", first)
	}
	r.now = r.now.Add(24 * time.Hour)
	r.add(linkSteam)
	second := decodeAs[backupRecord](t, r.must("", "backup", "now", "--json"))
	list := decodeAs[[]backupRecord](t, r.must("", "backup", "list", "--json"))
	if len(list) != 2 || list[0].File != second.File || !list[0].Verified || list[1].Verified || *list[1].Accounts != 2 {
		t.Errorf("%+v", list)
	}

	// Another computer: neither keyring nor files, only the backup and its passphrase.
	other := newRig(t)
	other.with("wrong\n", "backup", "restore", second.File, "--replace", "--passphrase-stdin").wants(t, statusLocked, "not the passphrase")
	if _, err := os.Stat(other.dir); err == nil {
		t.Error("a backup that did not open made something")
	}
	preview := decodeAs[restoreRecord](t, other.must("backup words\n", "backup", "restore", second.File, "--passphrase-stdin", "--json"))
	if preview.Done != "preview" || len(preview.Added) != 3 {
		t.Errorf("%+v", preview)
	}
	if _, err := os.Stat(other.dir); err == nil {
		t.Error("a preview made something")
	}
	done := decodeAs[restoreRecord](t, other.must("backup words\n", "backup", "restore", second.File, "--replace", "--passphrase-stdin", "--json"))
	if done.Done != "replace" || done.Accounts != 3 {
		t.Errorf("%+v", done)
	}
	mine, theirs := r.accounts(), other.accounts()
	if len(theirs) != 3 {
		t.Fatalf("%d accounts", len(theirs))
	}
	for i := range mine {
		if mine[i].ID != theirs[i].ID || !mine[i].Params.Same(theirs[i].Params) || mine[i].Params.Counter != theirs[i].Params.Counter || !mine[i].Created.Equal(theirs[i].Created) {
			t.Errorf("account %d came back as another one", i)
		}
	}
	// Where no keyring is, the first line protects the new vault.
	third := newRig(t)
	third.must("vault words\nbackup words\n", "backup", "restore", second.File, "--merge", "--passphrase-stdin")
	third.run("list").wants(t, statusLocked, "passphrase")
	third.must("vault words\n", "list", "--passphrase-stdin")
}

func TestRestoreMergesOrReplaces(t *testing.T) {
	r := newRig(t)
	ids := r.add(linkRFC, linkOther)
	r.must("words\n", "backup", "set", t.TempDir(), "--passphrase-stdin")
	r.must("", "remove", ids[0], "--for-ever", "--yes")
	r.must("", "edit", ids[1], "--name", "renamed")
	r.add(linkSteam)

	p := decodeAs[restoreRecord](t, r.must("words\n", "backup", "restore", "latest", "--passphrase-stdin", "--json"))
	if !slices.Equal(issuers(p.Added), []string{"Example"}) || !slices.Equal(issuers(p.Missing), []string{"Steam"}) || len(p.Changed) != 1 ||
		!slices.Equal(p.Changed[0].What, []string{"name"}) || p.Same != 0 {
		t.Errorf("%+v", p)
	}
	if n := len(r.accounts()); n != 2 {
		t.Errorf("a preview changed something: %d", n)
	}
	said := r.must("words\n", "backup", "restore", "latest", "--passphrase-stdin")
	for _, want := range []string{"Example", "Steam", "Yeastar: superadmin: name", "Nothing was changed"} {
		if !strings.Contains(said.err, want) {
			t.Errorf("the preview does not say %q: %s", want, said.err)
		}
	}
	r.must("words\n", "backup", "restore", "latest", "--passphrase-stdin", "--merge")
	names := func() (list []string) {
		for _, a := range r.accounts() {
			list = append(list, a.Issuer+"/"+a.Name)
		}
		slices.Sort(list)
		return list
	}
	if got := names(); !slices.Equal(got, []string{"Example/maria@shop.example", "Steam/gamer", "Yeastar/renamed"}) {
		t.Errorf("%v", got)
	}
	r.must("words\n", "backup", "restore", "latest", "--passphrase-stdin", "--merge", "--over", "Yeastar")
	if got := names(); !slices.Equal(got, []string{"Example/maria@shop.example", "Steam/gamer", "Yeastar/superadmin"}) {
		t.Errorf("%v", got)
	}
	before := len(entries(t, filepath.Join(r.dir, "generations")))
	r.must("words\n", "backup", "restore", "latest", "--passphrase-stdin", "--replace")
	if got := names(); !slices.Equal(got, []string{"Example/maria@shop.example", "Yeastar/superadmin"}) {
		t.Errorf("%v", got)
	}
	if after := len(entries(t, filepath.Join(r.dir, "generations"))); after <= before && after < 5 {
		t.Errorf("what it was before is not kept: %d, %d", before, after)
	}
	// At a terminal it asks.
	r.add(linkSteam)
	r.at("words", "n").with("", "backup", "restore", "latest").wants(t, statusFailed, "Nothing was changed")
	r.at("wrong", "words", "r").must("", "backup", "restore", "latest")
	if got := names(); len(got) != 2 {
		t.Errorf("%v", got)
	}
}

// Tallystick's own export is restored like a backup, with everything in it.
func TestRestoreOfAnExport(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC)
	r.fill(4)
	file := filepath.Join(t.TempDir(), "x.age")
	r.must("words\n", "export", file, "--passphrase-stdin")
	other := newRig(t)
	other.must("words\n", "backup", "restore", file, "--replace", "--passphrase-stdin")
	mine, theirs := r.accounts(), other.accounts()
	if len(theirs) != 5 {
		t.Fatalf("%d", len(theirs))
	}
	for i := range mine {
		if mine[i].ID != theirs[i].ID || !slices.Equal(mine[i].Tags, theirs[i].Tags) || mine[i].URL != theirs[i].URL {
			t.Errorf("account %d came back as another one", i)
		}
	}
	other.with("", "backup", "restore", filepath.Join(r.dir, "device.json"), "--passphrase-stdin").wants(t, statusFailed, "not a backup")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.age")
	if err := os.WriteFile(cut, data[:len(data)-10], 0o600); err != nil {
		t.Fatal(err)
	}
	other.with("words\n", "backup", "restore", cut, "--passphrase-stdin").wants(t, statusFailed, "damaged")
}

func TestBackupSetAgain(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC)
	one, two := t.TempDir(), t.TempDir()
	r.must("words\n", "backup", "set", one, "--passphrase-stdin")
	r.must("", "backup", "set", two) // the passphrase stays
	file := decodeAs[[]backupRecord](t, r.must("", "backup", "list", "--json"))[0].File
	r.must("words\n", "backup", "restore", file, "--passphrase-stdin")
	r.must("other\n", "backup", "set", two, "--new-passphrase", "--passphrase-stdin")
	r.with("words\n", "backup", "restore", "latest", "--passphrase-stdin").wants(t, statusLocked, "not the passphrase")
	r.must("other\n", "backup", "restore", "latest", "--passphrase-stdin")
	if got := r.must("", "backup", "set", filepath.Join(r.dir)); !strings.Contains(got.err, "beside the vault") {
		t.Errorf("%q", got.err)
	}
	if list := decodeAs[[]backupRecord](t, r.must("", "backup", "list", one, "--json")); len(list) != 1 {
		t.Errorf("%v", list)
	}
	r.must("", "backup", "off")
	r.run("backup", "now").wants(t, statusNothing, "backup set")
}

func TestLockedVaultMakesNoBackup(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC)
	r.must("vault words\n", "passphrase", "set", "--passphrase-stdin")
	r.must("vault words\nbackup words\n", "backup", "set", t.TempDir(), "--passphrase-stdin")
	r.run("backup", "now").wants(t, statusLocked, "passphrase")
	r.must("vault words\n", "backup", "now", "--passphrase-stdin")
	if list := decodeAs[[]backupRecord](t, r.must("", "backup", "list", "--json")); len(list) != 2 {
		t.Errorf("%v", list)
	}
	r.with("backup words\n", "backup", "restore", "latest", "--passphrase-stdin").wants(t, statusLocked, "Two lines")
	r.must("vault words\nbackup words\n", "backup", "restore", "latest", "--passphrase-stdin", "--merge")
}
