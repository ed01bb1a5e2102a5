package cli

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	qrcode "github.com/skip2/go-qrcode"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
	"github.com/tallystick/tallystick/vault/secret"
)

// What the tests import. The key of Shop is that of the links of the other tests' accounts nowhere.
const (
	importTwo    = `{"services":[{"name":"Shop","secret":"JBSWY3DPEHPK3PXP","groupId":"g","otp":{"account":"maria","issuer":"Shop","tokenType":"TOTP"}},{"name":"Bank","secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ","otp":{"account":"joe","issuer":"Bank","tokenType":"HOTP","counter":7}},{"name":"Odd","secret":"JBSWY3DPEHPK3PXP","otp":{"algorithm":"SHA224"}}],"groups":[{"id":"g","name":"Work"}],"schemaVersion":4,"appOrigin":"android"}`
	importMOTP   = "motp://M:joe?secret=0123456789abcdef0123\n"
	importBad    = `{"encrypted":true,"encKeyValidation_DO_NOT_EDIT":"2.a|b|c","items":[]}`
	importProton = `{"version":1,"salt":"BgYGBgYGBgYGBgYGBgYGBg==","content":"BwcHBwcHBwcHBwcHAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}` // opens with nothing
)

// steamManifest says how steamSealed is encrypted.
const steamManifest = `{"encrypted":true,"entries":[{"encryption_iv":"AwMDAwMDAwMDAwMDAwMDAw==","encryption_salt":"c2FsdHNhbHQ=","filename":"f","steamid":1}]}`

// steamSealed is a maFile under the passphrase "password".
func steamSealed() string {
	text := []byte(`{"shared_secret":"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=","account_name":"gamer","revocation_code":"R12345"}`)
	key, err := pbkdf2.Key(sha1.New, "password", []byte("saltsalt"), 50_000, 32)
	if err != nil {
		panic(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	n := aes.BlockSize - len(text)%aes.BlockSize
	text = append(text, bytes.Repeat([]byte{byte(n)}, n)...)
	cipher.NewCBCEncrypter(block, bytes.Repeat([]byte{3}, 16)).CryptBlocks(text, text)
	return base64.StdEncoding.EncodeToString(text)
}

// put writes a file of the test and returns its path.
func put(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func imported(t testing.TB, got result) (rec struct {
	Format   string
	Accounts []map[string]any
	Skipped  []struct{ What, Why string }
	Warnings []string
}) {
	t.Helper()
	if err := json.Unmarshal([]byte(got.out), &rec); err != nil {
		t.Fatalf("%v in %q (%s)", err, got.out, got.err)
	}
	return rec
}

func TestImportDryRun(t *testing.T) {
	r := newRig(t)
	file := put(t, "whatever.pdf", importTwo)
	got := r.must("", "import", "--dry-run", "--json", file)
	if strings.Contains(got.out, "JBSWY3DP") {
		t.Error("a key was shown without being asked for")
	}
	rec := imported(t, got)
	if rec.Format != "2fas" || len(rec.Accounts) != 2 || len(rec.Skipped) != 1 || rec.Skipped[0].What != "Odd" || rec.Warnings == nil {
		t.Errorf("%s", got.out)
	}
	a, b := rec.Accounts[0], rec.Accounts[1]
	if a["issuer"] != "Shop" || a["kind"] != "totp" || a["period"] != 30.0 || a["tags"].([]any)[0] != "Work" || b["counter"] != 7.0 || a["outcome"] != nil {
		t.Errorf("%s", got.out)
	}
	rec = imported(t, r.must("", "import", "--dry-run", "--json", "--show-secrets", file))
	if rec.Accounts[0]["secret"] != "JBSWY3DPEHPK3PXP" {
		t.Errorf("%v", rec.Accounts[0])
	}
	// Of mOTP the key is a text, and from standard input it reads the same.
	rec = imported(t, r.must(importMOTP, "import", "-", "--dry-run", "--json", "--show-secrets"))
	if rec.Accounts[0]["secret"] != "0123456789abcdef0123" || rec.Accounts[0]["pin"] != "" {
		t.Errorf("%v", rec.Accounts[0])
	}
	if out := r.must("", "import", "--dry-run", file); !strings.Contains(out.out, "Shop: maria") || !strings.Contains(out.err, "Nothing was changed") || !strings.Contains(out.err, "Left out: Odd") {
		t.Errorf("%+v", out)
	}
	if snapshot(t, r.dir) != "" {
		t.Error("a dry run made something")
	}
	if r.keyring.Calls() != 0 {
		t.Error("a dry run asked the keyring")
	}
}

func TestImportAdds(t *testing.T) {
	r := newRig(t)
	file := put(t, "export.json", importTwo)
	rec := imported(t, r.must("", "import", "--json", file))
	if rec.Accounts[0]["outcome"] != "added" || len(rec.Accounts[0]["id"].(string)) != 32 {
		t.Errorf("%v", rec.Accounts[0])
	}
	if got := r.records(r.must("", "list", "--json")); len(got) != 2 || got[1]["counter"] != 7.0 {
		t.Errorf("%v", got)
	}
	// The same again adds nothing; the same names with another key stand beside each other.
	rec = imported(t, r.must("", "import", "--json", file))
	if rec.Accounts[0]["outcome"] != "same" || rec.Accounts[0]["id"] != "" {
		t.Errorf("%v", rec.Accounts[0])
	}
	other := put(t, "x", strings.Replace(importTwo, "JBSWY3DPEHPK3PXP", "MFRGGZDFMZTWQ2LKNNWG23TP", 1))
	got := r.must("", "import", other)
	if !strings.Contains(got.err, "two accounts called Shop: maria") || !strings.Contains(got.out, "Added 1 account of 2. 1 were here already.") {
		t.Errorf("%+v", got)
	}
	if got := r.records(r.must("", "list", "--json")); len(got) != 3 {
		t.Errorf("%d accounts", len(got))
	}
	// One in the trash is the same too.
	r.must("", "remove", "Bank")
	if got := r.must("", "import", file); !strings.Contains(got.err, "is in the trash") {
		t.Errorf("%+v", got)
	}
}

func TestImportFailures(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		content string
		status  int
		said    string
	}{
		{"hello\n", statusFailed, "no export that Tallystick knows: f is a text without accounts in it"},
		{"", statusFailed, "f is empty"},
		{importBad, statusFailed, "only be opened by the app and account that made it: in Bitwarden, export again"},
		{importProton, statusLocked, "is encrypted: give its passphrase"},
		{`{"schemaVersion":99,"services":[]}`, statusFailed, "newer version of the other app"},
		{importTwo[:len(importTwo)-40], statusFailed, "damaged"},
		{`{"schemaVersion":4,"services":[]}`, statusNothing, "no account in it"},
	} {
		got := r.run("import", put(t, "f", c.content))
		got.wants(t, c.status, c.said)
		if got.out != "" {
			t.Errorf("printed %q", got.out)
		}
	}
	r.with("wrong\n", "import", "--passphrase-stdin", put(t, "f", importProton)).wants(t, statusLocked, "not the passphrase of the export")
	r.run("import", filepath.Join(t.TempDir(), "none")).wants(t, statusFailed, "There is no file")
	r.run("import").wants(t, statusUsage, "Name the file")
	r.run("import", "--show-secrets", "x").wants(t, statusUsage, "--json")
	r.run("import", "--format", "nothing", put(t, "f", importTwo)).wants(t, statusFailed, "no format")
	r.run("import", "--format", "aegis", put(t, "f", importTwo)).wants(t, statusFailed, "no export")
	r.run("import", put(t, "f", importMOTP)).wants(t, statusFailed, "Its PIN is not in the export")
}

// TestImportPassphrases has a vault with a passphrase and an export with another one.
func TestImportPassphrases(t *testing.T) {
	r := newRig(t)
	file := put(t, "f", steamSealed())
	put2 := filepath.Join(filepath.Dir(file), "manifest.json") // lies beside it, and is found
	if err := os.WriteFile(put2, []byte(steamManifest), 0o600); err != nil {
		t.Fatal(err)
	}
	r.must("vault pass\n", "--passphrase-stdin", "add", "--manual", "--kind", "manual", "--issuer", "X", "-")
	for _, c := range []struct {
		stdin  string
		args   []string
		status int
	}{
		{"password\n", []string{"--dry-run"}, statusDone},
		{"vault pass\npassword\n", []string{"--dry-run"}, statusDone},
		{"password\n", nil, statusLocked},
		{"password\nvault pass\n", nil, statusLocked},
		{"vault pass\npassword\n", nil, statusDone},
	} {
		got := r.with(c.stdin, slices.Concat([]string{"--passphrase-stdin", "import"}, c.args, []string{file})...)
		if got.status != c.status {
			t.Errorf("%q: %+v", c.stdin, got)
		}
	}
	if got := r.with("vault pass\n", "--passphrase-stdin", "list", "--json"); !strings.Contains(got.out, `"gamer"`) {
		t.Errorf("%+v", got)
	}
	// The line is the vault's where the export needs none.
	plain := newRig(t)
	plain.must("vault pass\n", "--passphrase-stdin", "import", put(t, "f", importTwo))
	plain.run("list").wants(t, statusLocked, "passphrase")
	// From standard input the export follows the lines.
	rest := newRig(t)
	rest.must("\n\n"+importTwo, "--passphrase-stdin", "import", "-")
	rest.must("unused\n"+importTwo, "--passphrase-stdin", "import", "--dry-run", "-")
	// At a terminal it is asked for.
	rTerm := newRig(t)
	rTerm.at("password")
	if got := rTerm.must("", "import", "--recovery", file); !strings.Contains(got.out, "Added 1 account") {
		t.Errorf("%+v", got)
	}
	if got := rTerm.must("", "recovery", "list", "gamer", "--show-secrets", "--json"); !strings.Contains(got.out, "R12345") {
		t.Errorf("%+v", got)
	}
}

// TestImportPictures reads an export of Google Authenticator from pictures of its QR codes.
func TestImportPictures(t *testing.T) {
	r := newRig(t)
	var entries []otpauth.Entry
	for i := range 12 {
		entries = append(entries, otpauth.Entry{Issuer: "I", Name: string(rune('a' + i)), Params: otp.New(otp.TOTP, secret.FromString("0123456789"+string(rune('a'+i))))})
	}
	links, _, err := otpauth.FormatMigration(entries, 5, otpauth.MaxMigrationText)
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, l := range links {
		data, err := qrcode.Encode(l, qrcode.Low, 600)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, put(t, "page", string(data)))
	}
	rec := imported(t, r.must("", append([]string{"import", "--dry-run", "--json"}, files...)...))
	if rec.Format != "google" || len(rec.Accounts) != 12 || len(rec.Warnings) != 0 {
		t.Errorf("%s with %d, %v", rec.Format, len(rec.Accounts), rec.Warnings)
	}
	rec = imported(t, r.must("", "import", "--dry-run", "--json", files[1]))
	if len(rec.Warnings) != 1 || !strings.Contains(rec.Warnings[0], "2 QR codes, and number 1 is not here") {
		t.Errorf("%v", rec.Warnings)
	}
}
