package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Everything that leaves the vault for a file, and everything that asks for a second passphrase: neither what the commands say nor
// any file they leave, temporary ones and those on the storage of a team included, has a key, a recovery key or a passphrase in it.
func TestSecretsOfFilesStayInside(t *testing.T) {
	if testing.Short() {
		t.Skip("derives keys at full cost")
	}
	const (
		backupPass   = "BACKUPmarker one"
		exportPass   = "EXPORTmarker two"
		sheetPass    = "SHEETmarker three"
		packPass     = "PACKmarker four"
		storePass    = "STOREmarker five"
		recoveryKey1 = "kq7mx-2vbnc"
		recoveryKey2 = "w9jzt-4hdrf"
	)
	temp := t.TempDir()
	for _, name := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(name, temp)
	}
	r := newRig(t)
	r.canonical()
	markers := []string{backupPass, exportPass, sheetPass, packPass, storePass, recoveryKey1, recoveryKey2}
	for _, value := range r.keyring.Values() {
		markers = append(markers, value)
	}
	search := func(text string) (found []string) {
		for _, m := range markers {
			if strings.Contains(text, m) {
				found = append(found, m)
			}
		}
		return append(found, leaksIn(text)...)
	}
	say := func(status int, stdin string, args ...string) {
		t.Helper()
		got := r.with(stdin, args...)
		if got.status != status {
			t.Errorf("%q: status %d, want %d: %s", args, got.status, status, got.err)
		}
		if found := search(got.out + got.err); found != nil {
			t.Errorf("%q printed %q:\n%s%s", args, found, got.out, got.err)
		}
	}
	files := t.TempDir()
	at := func(name string) string { return filepath.Join(files, name) }
	for _, name := range []string{"backups", "team"} {
		if err := os.Mkdir(at(name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	sheet := "Acme backup codes\n\n" + recoveryKey1 + "\n" + recoveryKey2 + "\n"

	// Recovery keys, then sealed apart.
	say(statusDone, sheet, "recovery", "add", "harbour", "-", "--json")
	say(statusDone, "", "recovery", "list", "harbour", "--json")
	say(statusDone, sheetPass+"\n", "recovery", "passphrase", "set", "--recovery-passphrase-stdin")
	say(statusDone, sheetPass+"\n"+sheet, "recovery", "add", "harbour", "-", "--recovery-passphrase-stdin")
	say(statusLocked, sheetPass+"!\n", "recovery", "use", "harbour", "--recovery-passphrase-stdin")
	say(statusLocked, sheetPass+"!\n", "recovery", "list", "harbour", "--show-secrets", "--recovery-passphrase-stdin")

	// Backups.
	say(statusDone, backupPass+"\n", "--passphrase-stdin", "backup", "set", at("backups"), "--json")
	say(statusDone, "", "backup", "now")
	say(statusDone, "", "backup", "list", "--json")
	say(statusDone, backupPass+"\n", "--passphrase-stdin", "backup", "restore", "latest", "--json")
	say(statusLocked, backupPass+"!\n", "--passphrase-stdin", "backup", "restore", "latest")
	r.age()
	say(statusDone, "", "doctor", "--json")

	// Exports that are encrypted, and reading them.
	for _, form := range []string{"tallystick", "aegis", "2fas", "bitwarden"} {
		say(statusDone, exportPass+"\n", "--passphrase-stdin", "export", "--format", form, "--json", at(form))
		say(statusLocked, exportPass+"!\n", "--passphrase-stdin", "import", "--dry-run", at(form))
		say(statusDone, exportPass+"\n", "--passphrase-stdin", "import", "--dry-run", "--json", at(form))
	}
	say(statusUsage, "", "export", "--format", exportPass, at("none"))

	// The recovery kit: its page is the key, what is said of it is not.
	say(statusDone, "", "kit", "create", at("kit.pdf"), "--json")
	say(statusFailed, "3 abandon 11 abandon 20 abandon", "kit", "check")
	say(statusFailed, strings.Repeat(recoveryKey1+" ", 24), "kit", "restore", "--force")

	// Code packs and a team.
	say(statusDone, packPass+"\n", "--passphrase-stdin", "pack", "make", "harbour", "--for", "8h", at("pack"))
	say(statusDone, packPass+"\n", "--passphrase-stdin", "pack", "open", at("pack"), "--json")
	say(statusLocked, packPass+"!\n", "--passphrase-stdin", "pack", "open", at("pack"))
	say(statusDone, "", "share", "create", "Desk", "--store", "dir:"+at("team"), "--as", "Maria", "--json")
	say(statusDone, "", "share", "move", "bank", "--to", "Desk", "--json")
	say(statusDone, "", "share", "invite", "Desk", "--file", at("invite"))
	say(statusDone, "", "share", "sync", "--json")
	say(statusOffline, "maria\n"+storePass+"\n", "share", "storage", "Desk", "--store", "webdav:http://127.0.0.1:1/dav", "--json")
	say(statusUsage, "", "share", "create", "Two", "--store", "webdav:https://maria:"+strings.ReplaceAll(storePass, " ", "")+"@127.0.0.1:1/dav")

	looked := 0
	inspect := func(root string, but ...string) {
		t.Helper()
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			content, err := os.ReadFile(path)
			looked++
			if found := search(string(content)); found != nil {
				t.Errorf("%s holds %q", path, found)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	inspect(r.dir)
	inspect(files)
	left, err := os.ReadDir(temp)
	if err != nil || len(left) > 0 {
		t.Errorf("left among the temporary files: %v, %v", left, err)
	}
	if looked < 15 {
		t.Errorf("only %d files were looked at", looked)
	}

	// The test can see a leak: what is printed and written on purpose is found.
	if got := r.must(sheetPass+"\n", "recovery", "list", "harbour", "--show-secrets", "--recovery-passphrase-stdin"); len(search(got.out)) == 0 {
		t.Error("a recovery key that is shown is not found")
	}
	r.must("", "export", "--format", "uris", "--plain", at("open.txt"))
	if content, err := os.ReadFile(at("open.txt")); err != nil || len(search(string(content))) == 0 {
		t.Errorf("an export in the open is not found: %v", err)
	}
}
