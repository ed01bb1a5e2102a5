package cli

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/clock"
	"github.com/tallystick/tallystick/app/platform"
	"github.com/tallystick/tallystick/vault/keys"
)

// findings are the checks of doctor --json by name.
func (r *rig) findings(got result) map[string]finding {
	r.t.Helper()
	var list []map[string]any
	if err := json.Unmarshal([]byte(got.out), &list); err != nil {
		r.t.Fatalf("%v: %q", err, got.out)
	}
	found := map[string]finding{}
	for _, f := range list {
		fields := []string{"name", "state", "text", "todo"}
		if f["name"] == "clock" {
			fields = []string{"correction", "margin", "name", "offset", "sources", "state", "text", "todo"}
		}
		if keys := slices.Sorted(maps.Keys(f)); !slices.Equal(keys, fields) {
			r.t.Errorf("fields %v", keys)
		}
		if f["text"] == "" || f["state"] != ok && f["todo"] == "" && f["name"] != "vault" {
			r.t.Errorf("says too little: %v", f)
		}
		name := f["name"].(string)
		found[name] = finding{name, f["state"].(string), f["text"].(string), f["todo"].(string)}
	}
	return found
}

func TestDoctor(t *testing.T) {
	r := newRig(t)
	expect := func(status int, want map[string]string) {
		t.Helper()
		got := r.run("doctor", "--json")
		if got.status != status {
			t.Errorf("status %d, want %d: %s", got.status, status, got.out)
		}
		found := r.findings(got)
		if want := []string{"backups", "clipboard", "clock", "files", "folder", "keyring", "older copies", "portal", "screen", "tray", "vault", "version"}; runtime.GOOS == "linux" && !slices.Equal(slices.Sorted(maps.Keys(found)), slices.DeleteFunc(want, func(n string) bool { return n == "backups" && !there(r.dir) })) {
			t.Errorf("checks %v", slices.Sorted(maps.Keys(found)))
		}
		for name, said := range want {
			state, text, _ := strings.Cut(said, " ")
			if f := found[name]; f.State != state || !strings.Contains(f.Text, text) {
				t.Errorf("%s: %+v, want %s", name, f, said)
			}
		}
	}

	expect(statusDone, map[string]string{
		"folder": "ok not there yet", "vault": "ok none yet", "older copies": "ok no vault", "keyring": "ok", "clock": "ok",
		"screen": "warn no screen", "clipboard": "ok answers", "version": "ok 1.2.3",
		"files": "ok none yet", "portal": "ok none is needed", "tray": "ok There is one",
	})
	if snapshot(t, r.dir) != "" {
		t.Error("the doctor made something")
	}

	r.add(linkRFC, linkOther)
	r.must("", "remove", "yeastar")
	r.age()
	expect(statusDone, map[string]string{"folder": "ok " + r.dir, "vault": "ok Accounts: 1, in the trash: 1.", "older copies": "ok the newest of"})

	r.env.CaptureMethod = func() string { return "x11" }
	r.clipboard.Fail(platform.ErrNoClipboard)
	r.now = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	expect(statusFailed, map[string]string{"screen": "ok x11", "clipboard": "warn none", "clock": "fail cannot be right"})
	r.now = moment
	r.env.clockKept = func() clock.Kept { return clock.KeptByNobody }
	expect(statusDone, map[string]string{"clock": "warn does not keep it right"})
	if err := os.Chtimes(filepath.Join(r.dir, "vault.age"), moment, moment.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	expect(statusFailed, map[string]string{"clock": "fail saved later"})

	if runtime.GOOS != "windows" {
		r = newRig(t)
		r.add(linkRFC)
		if err := os.Chmod(r.dir, 0o755); err != nil {
			t.Fatal(err)
		}
		r.age()
		expect(statusDone, map[string]string{"folder": "warn open to other people"})
	}

	r = newRig(t)
	r.add(linkRFC)
	r.keyring.FailAll(keys.ErrNone)
	r.age()
	expect(statusFailed, map[string]string{"keyring": "warn none", "vault": "fail no new key"})

	r = newRig(t)
	r.must(passOne+"\n"+linkRFC, "--passphrase-stdin", "add", "-")
	r.age()
	expect(statusDone, map[string]string{"vault": "ok not opened"})
	for pass, want := range map[string]string{passOne: ok, "wrong": bad} {
		if f := r.findings(r.with(pass, "--passphrase-stdin", "doctor", "--json"))["vault"]; f.State != want {
			t.Errorf("%+v, want %s", f, want)
		}
	}

	r = newRig(t)
	if err := os.WriteFile(r.dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	expect(statusFailed, map[string]string{"folder": "fail not a folder"})
}

func there(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && info.IsDir()
}

// The newest backup is opened where the vault is, and its age is told where it is not.
func TestDoctorLooksAtTheBackups(t *testing.T) {
	r := newRig(t)
	folder := t.TempDir()
	said := func(pass string) string {
		t.Helper()
		r.age()
		args := []string{"doctor", "--json"}
		if pass != "" {
			args = append([]string{"--passphrase-stdin"}, args...)
		}
		f := r.findings(r.with(pass, args...))["backups"]
		return f.State + " " + f.Text
	}
	says := func(pass, want string) {
		t.Helper()
		if got := said(pass); !strings.Contains(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
	r.must(passOne+"\n"+linkRFC, "--passphrase-stdin", "add", "-")
	says(passOne, "ok None are made yet") // nothing to speak of
	r.must(passOne+"\n"+linkOther, "--passphrase-stdin", "add", "-")
	says(passOne, "warn None are made. If this computer")
	says("", "warn None are made. If this computer") // how many accounts there are is not known
	r.must(passOne+"\nbackup words", "--passphrase-stdin", "backup", "set", folder)
	says(passOne, "ok The newest is of today 12:00, has 2 accounts, and opens.")
	says("", "ok The newest is of today 12:00, and opened after it was written. It was not tried now")
	r.now = r.now.Add(8 * 24 * time.Hour)
	says(passOne, "warn The newest is of 4 March 2026 12:00, has 2 accounts, and opens. That is more than a week ago.")
	list, err := filepath.Glob(filepath.Join(folder, "*.zip"))
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if err := os.Truncate(list[0], 100); err != nil {
		t.Fatal(err)
	}
	says(passOne, "and does not open. The backup is damaged")
	if err := os.Remove(list[0]); err != nil {
		t.Fatal(err)
	}
	says(passOne, "warn There is none in "+folder)
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	says(passOne, "warn The folder "+folder+" is not there. The last one was made 4 March")
}

func entries(t testing.TB, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names
}

func TestDoctorForPeople(t *testing.T) {
	r := newRig(t)
	got := r.must("", "doctor")
	if n := strings.Count(got.out, "\n"); n < 10 || !strings.Contains(got.out, "→ ") {
		t.Errorf("%q", got.out)
	}
}

// TestDoctorOfADamagedVault: it says so, and touches nothing.
func TestDoctorOfADamagedVault(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC)
	path := filepath.Join(r.dir, "vault.age")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, r.dir)
	got := r.run("doctor", "--json")
	if f := r.findings(got)["vault"]; f.State != bad || !strings.Contains(f.Text, "damaged") || got.status != statusFailed {
		t.Errorf("%+v", f)
	}
	code := r.run("code")
	code.wants(t, statusFailed, "damaged")
	if !strings.Contains(code.err, "vault.age") {
		t.Errorf("does not say which file: %q", code.err)
	}
	if snapshot(t, r.dir) != before {
		t.Error("something was changed")
	}
}

func TestAHangingKeyringIsAFinding(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	env := r.env
	env.Stdin, env.Stdout, env.Stderr = strings.NewReader(""), &strings.Builder{}, &strings.Builder{}
	if status := Run(ctx, []string{"doctor"}, env); status == statusDone {
		t.Error("a doctor that was stopped says that all is well")
	}
}
