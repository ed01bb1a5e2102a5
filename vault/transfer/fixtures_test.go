package transfer

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// referenceDir is where files that other apps wrote are, when they are there. They are not ours to keep.
const referenceDir = "../../../shared/fixtures"

// wantFile is one file of the reference with what is in it.
type wantFile struct {
	File      string
	Encrypted bool
	Password  string
	Count     *int `json:"entry_count"`
	Entries   []wantEntry
}

type wantEntry struct {
	Type      string
	Issuer    string
	Name      string
	SecretHex string `json:"secret_hex"`
	Secret    string
	Algorithm string
	Digits    int
	Period    *int
	Counter   *uint64
	Groups    []string
}

// differsFrom says in what an entry is not as expected; empty when it is.
func (w wantEntry) differsFrom(e Entry) string {
	p := e.Params
	switch {
	case string(p.Kind) != w.Type:
		return fmt.Sprintf("kind %s, want %s", p.Kind, w.Type)
	case e.Issuer != w.Issuer:
		return fmt.Sprintf("issuer %q, want %q", e.Issuer, w.Issuer)
	case e.Name != w.Name:
		return fmt.Sprintf("name %q, want %q", e.Name, w.Name)
	case hex.EncodeToString(p.Secret.Reveal()) != w.SecretHex:
		return "another key"
	case string(p.Algorithm) != w.Algorithm:
		return fmt.Sprintf("algorithm %s, want %s", p.Algorithm, w.Algorithm)
	case p.Digits != w.Digits:
		return fmt.Sprintf("%d digits, want %d", p.Digits, w.Digits)
	case w.Period != nil && p.Period != *w.Period:
		return fmt.Sprintf("period %d, want %d", p.Period, *w.Period)
	case p.Kind == otp.HOTP && w.Counter != nil && p.Counter != *w.Counter:
		return fmt.Sprintf("counter %d, want %d", p.Counter, *w.Counter)
	}
	for i, g := range w.Groups {
		if i >= len(e.Tags) || e.Tags[i] != g {
			return fmt.Sprintf("tags %q, want %q", e.Tags, w.Groups)
		}
	}
	return ""
}

// beside is the files that have to be opened together with one.
func beside(t *testing.T, path string) []File {
	if !strings.HasSuffix(path, ".maFile") {
		return nil
	}
	data, err := os.ReadFile(filepath.Join(filepath.Dir(path), steamManifestName))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return []File{{Name: steamManifestName, Data: data}}
}

// TestFixtures reads every file of the reference and compares it with what is expected of it, entry by entry.
func TestFixtures(t *testing.T) {
	lists, err := filepath.Glob(filepath.Join(referenceDir, "expected", "*.json"))
	if err != nil || len(lists) == 0 {
		t.Skip("the reference files are not here")
	}
	passed, total := 0, 0
	for _, list := range lists {
		data, err := os.ReadFile(list)
		if err != nil {
			t.Fatal(err)
		}
		var want struct {
			App   string
			Files []wantFile
		}
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatal(list, err)
		}
		for _, w := range want.Files {
			total++
			if t.Run(w.File, func(t *testing.T) { checkFixture(t, want.App, w) }) {
				passed++
			}
		}
	}
	t.Logf("%d of %d files", passed, total)
}

func checkFixture(t *testing.T, app string, w wantFile) {
	path := filepath.Join(referenceDir, w.File)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.HasPrefix(data, []byte("\x89PNG")) {
		t.Skip("a picture: reading QR codes is tested where pictures are read")
	}
	files := append([]File{{Name: filepath.Base(path), Data: data}}, beside(t, path)...)
	if len(files) == 1 && w.Encrypted && strings.HasSuffix(path, ".maFile") {
		// Nothing can open it without its manifest, and the reference has none. It must say so.
		im, err := Open(t.Context(), files)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := im.Read(t.Context(), secret.FromString(w.Password)); !errors.Is(err, ErrPassphrase) || !strings.Contains(err.Error(), steamManifestName) {
			t.Fatalf("without its manifest: %v", err)
		}
		return
	}
	im, err := Open(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	if im.Encrypted() != w.Encrypted {
		t.Errorf("encrypted %t, want %t", im.Encrypted(), w.Encrypted)
	}
	if w.Encrypted {
		if _, err := im.Read(t.Context(), secret.Bytes{}); !errors.Is(err, ErrNeedsPass) {
			t.Errorf("without a passphrase: %v", err)
		}
		if c := im.Cost(); c.Memory < 64<<20 && c.Iterations <= 10_000 { // the dear ones are tested on files of our own
			if _, err := im.Read(t.Context(), secret.FromString("not "+w.Password)); !errors.Is(err, ErrPassphrase) {
				t.Errorf("with a wrong passphrase: %v", err)
			}
		}
	}
	r, err := im.Read(t.Context(), secret.FromString(w.Password))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Wipe()
	if r.Format != app && w.File != "freeotpplus/aegis-tests/freeotp_plus_internal.xml" { // the two apps write the same there
		t.Errorf("format %q, want %q", r.Format, app)
	}
	if w.Count == nil {
		return // the reference could not read it either
	}
	if len(r.Entries) != *w.Count || len(r.Skipped) != 0 {
		t.Fatalf("%d accounts and %v skipped, want %d", len(r.Entries), r.Skipped, *w.Count)
	}
	// Some formats have no order. Those that have one are read in it: what comes first is compared first.
	left := slices.Clone(r.Entries)
	for i, want := range w.Entries {
		same := slices.IndexFunc(left, func(e Entry) bool { return want.differsFrom(e) == "" })
		if same >= 0 {
			left = slices.Delete(left, same, same+1)
			continue
		}
		t.Errorf("entry %d, %s (%s): %s", i, want.Issuer, want.Name, want.differsFrom(left[0]))
		left = left[1:]
	}
}

// TestStorageCases reads what the browser extension's own tests import: hex keys under a wrong type, keys with spaces, members that
// are missing. None of them is skipped.
func TestStorageCases(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(referenceDir, "authenticator-extension", "storage-cases.json"))
	if err != nil {
		t.Skip("the reference files are not here")
	}
	var cases []struct {
		Name string
		Data map[string]struct{ Secret, Account, Issuer, Type string }
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	var raw []struct{ Data json.RawMessage }
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		im, err := Open(t.Context(), []File{{Data: raw[i].Data}})
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		r, err := im.Read(t.Context(), secret.Bytes{})
		if err != nil || r.Format != "authenticator" || len(r.Entries) != len(c.Data) || len(r.Skipped) != 0 {
			t.Errorf("%s: %s, %d accounts, %v, %v", c.Name, r.Format, len(r.Entries), r.Skipped, err)
			continue
		}
		for _, want := range c.Data {
			if !slices.ContainsFunc(r.Entries, func(e Entry) bool {
				return e.Issuer == want.Issuer && e.Name == want.Account || strings.HasPrefix(want.Secret, "blz-") && e.Issuer == "Battle.net"
			}) {
				t.Errorf("%s: %v", c.Name, r.Entries[0].Issuer)
			}
		}
	}
}
