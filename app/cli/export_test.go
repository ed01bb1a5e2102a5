package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/vault/otpauth"
	"github.com/tallystick/tallystick/vault/transfer/exports"
)

func (r *rig) exported(got result) exportRecord {
	r.t.Helper()
	var rec exportRecord
	if err := json.Unmarshal([]byte(got.out), &rec); err != nil {
		r.t.Fatalf("%v: %q", err, got.out)
	}
	return rec
}

func TestExportForEveryApp(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC, linkOther, linkHOTP, linkSteam)
	dir := t.TempDir()
	for _, info := range exports.Formats() {
		if info.Several || !info.Plain {
			continue
		}
		file := filepath.Join(dir, string(info.Format)+info.Suffix)
		got := r.must("", "export", "--format", string(info.Format), "--plain", "--json", file)
		rec := r.exported(got)
		if rec.Format != string(info.Format) || rec.Encrypted || !slices.Equal(rec.Files, []string{file}) || rec.Accounts+len(rec.LeftOut) != 4 {
			t.Errorf("%+v", rec)
		}
		text, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(text, []byte(rfcKey)) {
			t.Errorf("%s: %v", info.Format, err)
		}
		if stat, _ := os.Stat(file); runtime.GOOS != "windows" && stat.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v", info.Format, stat.Mode())
		}
		for _, l := range rec.LeftOut {
			if !strings.Contains(got.err, l.Why) {
				t.Errorf("%s: said nothing of %q", info.Format, l.Why)
			}
		}
		r.with("", "export", "--format", string(info.Format), "--plain", file).wants(t, statusFailed, "there already")
		r.must("", "export", "--format", string(info.Format), "--plain", "--force", file)
	}
	left, err := exports.Reminders{Dir: r.dir}.List()
	if err != nil || len(left) != 4 {
		t.Errorf("reminders of %v, %v", left, err)
	}
}

func TestExportSealed(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC)
	dir := t.TempDir()
	for _, form := range []string{"tallystick", "aegis", "2fas", "bitwarden"} {
		file := filepath.Join(dir, form)
		r.with("", "export", "--format", form, file).wants(t, statusLocked, "needs a passphrase")
		r.with("\n\n", "export", "--format", form, "--passphrase-stdin", file).wants(t, statusLocked, "passphrase of its own")
		if _, err := os.Stat(file); err == nil {
			t.Fatal("written without a passphrase")
		}
		rec := r.exported(r.must("\nexport words\n", "export", "--format", form, "--passphrase-stdin", "--json", file))
		if !rec.Encrypted || rec.Accounts != 1 {
			t.Errorf("%+v", rec)
		}
		text, err := os.ReadFile(file)
		if err != nil || bytes.Contains(text, []byte(rfcKey)) || bytes.Contains(text, []byte("maria")) {
			t.Errorf("%s: in the open (%v)", form, err)
		}
	}
	if left, _ := (exports.Reminders{Dir: r.dir}).List(); len(left) != 0 {
		t.Errorf("reminders of encrypted files: %v", left)
	}
	// One line alone is the export's, where the vault has none.
	r.must("alone\n", "export", "--passphrase-stdin", filepath.Join(dir, "one-line"))
	r.with("", "export", "--plain", filepath.Join(dir, "x")).wants(t, statusUsage, "always encrypted")
	r.must("secret words\n", "passphrase", "set", "--passphrase-stdin")
	r.with("secret words\n", "export", "--passphrase-stdin", filepath.Join(dir, "y")).wants(t, statusLocked, "Two lines")
	r.with("wrong\nexport words\n", "export", "--passphrase-stdin", filepath.Join(dir, "y")).wants(t, statusLocked, "")
	r.must("secret words\nexport words\n", "export", "--passphrase-stdin", filepath.Join(dir, "y"))
	r.must("secret words\n", "export", "--passphrase-stdin", "--format", "uris", "--plain", filepath.Join(dir, "z"))
}

func TestExportAtATerminalAsks(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC)
	file := filepath.Join(t.TempDir(), "x.txt")
	r.at("no").with("", "export", "--format", "uris", file).wants(t, statusFailed, "Nothing was written")
	r.at("yes").must("", "export", "--format", "uris", file)
	r.at("a", "b").with("", "export", file+".age").wants(t, statusFailed, "differ")
	r.at("").with("", "export", file+".age").wants(t, statusLocked, "needed")
	if _, err := os.Stat(file + ".age"); err == nil {
		t.Error("written all the same")
	}
	r.at("a b", "a b").must("", "export", file+".age")
}

func TestExportToStandardOutput(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC, linkHOTP)
	got := r.must("", "export", "--format", "uris", "--plain", "-")
	if lines := strings.Split(strings.TrimSpace(got.out), "\n"); len(lines) != 2 {
		t.Errorf("%q", got.out)
	}
	if left, _ := (exports.Reminders{Dir: r.dir}).List(); len(left) != 0 {
		t.Errorf("%v", left)
	}
	r.with("", "export", "--format", "google", "--plain", "-").wants(t, statusUsage, "several files")
	r.with("", "export", "--format", "uris", "--plain", "--json", "-").wants(t, statusUsage, "")
	r.with("", "export", "--format", "nothing", "-").wants(t, statusUsage, "no such format")
	r.with("", "export", "--format", "uris", "-").wants(t, statusUsage, "--plain")
	r.with("", "export", "--format", "uris", "--plain").wants(t, statusUsage, "one file")
}

func TestExportDryRunWritesNothing(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC, linkSteam)
	before := snapshot(t, r.dir)
	rec := r.exported(r.must("", "export", "--format", "google", "--dry-run", "--json"))
	if rec.Accounts != 1 || len(rec.LeftOut) != 1 || rec.LeftOut[0].Issuer != "Steam" || len(rec.Files) != 0 {
		t.Errorf("%+v", rec)
	}
	if snapshot(t, r.dir) != before {
		t.Error("something changed")
	}
	r.with("", "export", "--format", "google", "--only", "gamer", "--plain", filepath.Join(t.TempDir(), "x")).wants(t, statusNothing, "None of the accounts")
	r.with("", "export", "--only", "nobody", "--dry-run").wants(t, statusNothing, "No account matches")
}

// The pictures of Google's export, seen by the scanner, are the accounts.
func TestExportGooglePictures(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC)
	r.fill(22)
	dir := filepath.Join(t.TempDir(), "pictures")
	rec := r.exported(r.must("", "export", "--format", "google", "--plain", "--json", dir))
	if len(rec.Files) != 3 || filepath.Base(rec.Files[1]) != "google-2-of-3.png" {
		t.Fatalf("%v", rec.Files)
	}
	var c otpauth.Collector
	for _, file := range rec.Files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		img, err := scanner.DecodePicture(f, scanner.DefaultLimits())
		_ = f.Close()
		if err != nil {
			t.Fatal(err)
		}
		res, err := scanner.New().Scan(t.Context(), img)
		if err != nil || len(res.Codes) != 1 {
			t.Fatalf("%s: %v, %d codes", file, err, len(res.Codes))
		}
		part, err := otpauth.ParseMigration(res.Codes[0].Text)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Add(part); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.Missing()) != 0 || len(c.Entries()) != 23 {
		t.Errorf("missing %v, %d accounts", c.Missing(), len(c.Entries()))
	}
	one := filepath.Join(t.TempDir(), "one.png")
	if rec := r.exported(r.must("", "export", "--format", "google", "--plain", "--json", "--only", "00003", one)); !slices.Equal(rec.Files, []string{one}) {
		t.Errorf("%v", rec.Files)
	}
	// One that is there keeps all of them from being written.
	many := filepath.Join(t.TempDir(), "many.png")
	if err := os.WriteFile(strings.TrimSuffix(many, ".png")+"-3-of-3.png", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r.with("", "export", "--format", "google", "--plain", many).wants(t, statusFailed, "there already")
	if list := entries(t, filepath.Dir(many)); len(list) != 1 {
		t.Errorf("%v", list)
	}
}

func TestExportPDF(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC, linkSteam)
	file := filepath.Join(t.TempDir(), "x.pdf")
	r.must("", "export", "--format", "pdf", "--plain", file)
	if text, err := os.ReadFile(file); err != nil || !bytes.HasPrefix(text, []byte("%PDF-")) {
		t.Errorf("%v", err)
	}
}
