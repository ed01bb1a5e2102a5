package transfer

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
	"github.com/tallystick/tallystick/vault/secret"
)

// TestAccount sees what is made better of what an export says, and that the entry itself stays as it was.
func TestAccount(t *testing.T) {
	for _, c := range []struct {
		about, file       string
		entry, issuer, as string
		counter           uint64 // of the entry
		next              uint64
	}{
		{"Authy repeats the issuer", `{"decrypted_authenticator_tokens":[{"name":"Shop: maria","issuer":"shop","decrypted_seed":"` + key10 + `"}]}`, "Shop: maria", "shop", "maria", 0, 0},
		{"Authy without an issuer", `{"decrypted_authenticator_tokens":[{"name":"Shop: maria","decrypted_seed":"` + key10 + `"}]}`, "Shop: maria", "Shop", "maria", 0, 0},
		{"only the issuer", `{"decrypted_authenticator_tokens":[{"name":"Shop:","issuer":"Shop","decrypted_seed":"` + key10 + `"}]}`, "Shop:", "Shop", "Shop:", 0, 0},
		{"another prefix stays", `{"decrypted_authenticator_tokens":[{"name":"Shopping: maria","issuer":"Shop","decrypted_seed":"` + key10 + `"}]}`, "Shopping: maria", "Shop", "Shopping: maria", 0, 0},
		{"old andOTP", `[{"secret":"` + key10 + `","label":"Deno - Deno:Mason","type":"TOTP","tags":[]}]`, "Deno - Deno:Mason", "Deno", "Mason", 0, 0},
		{"andOTP with an issuer", `[{"secret":"` + key10 + `","issuer":"","label":"a - b","type":"TOTP","tags":[]}]`, "a - b", "", "a - b", 0, 0},
		{"Google", "otpauth-migration://offline?data=CjsKFBHMQnKu/odWlB/zUy+dfiRIaHj0EhhFeGFtcGxlOmFsaWNlQGdvb2dsZS5jb20aB0V4YW1wbGUwAg==", "Example:alice@google.com", "Example", "alice@google.com", 0, 0},
		{"FreeOTP+", `{"tokens":[{"label":"h","type":"HOTP","counter":41,"secret":[1,2,3]}]}`, "h", "", "h", 41, 42},
		{"Aegis counts as we do", `{"version":1,"header":{},"db":{"entries":[{"type":"hotp","name":"h","info":{"secret":"` + key10 + `","counter":41}}]}}`, "h", "", "h", 41, 41},
	} {
		im, err := Open(t.Context(), one(c.file))
		if err != nil {
			t.Fatal(c.about, err)
		}
		r, err := im.Read(t.Context(), secret.Bytes{})
		if err != nil || len(r.Entries) != 1 {
			t.Fatal(c.about, err, r.Skipped)
		}
		e := r.Entries[0]
		issuer, name, p := e.Account()
		if e.Name != c.entry || issuer != c.issuer || name != c.as || e.Params.Counter != c.counter || p.Counter != c.next {
			t.Errorf("%s: %q at %d becomes %q, %q at %d", c.about, e.Name, e.Params.Counter, issuer, name, p.Counter)
		}
	}
}

// TestBeside sees that no name leads out of the folder.
func TestBeside(t *testing.T) {
	manifest := `{"entries":[{"filename":"1.maFile"},{"filename":"../2.maFile"},{"filename":"/etc/passwd"},{"filename":"a\\b"},{"filename":".hidden"},{"filename":""},{"filename":"C:x"}]}`
	for _, c := range []struct {
		file File
		want string
	}{
		{File{Data: []byte(manifest)}, "1.maFile"},
		{File{Name: "1.maFile", Data: []byte(b64(make([]byte, 64)))}, "manifest.json"},
		{File{Name: `C:\x\databases`, Data: []byte("SQLite format 3\x00 …")}, "databases-wal"},
		{File{Data: []byte(andotpJSON)}, ""},
		{File{}, ""},
	} {
		if got := strings.Join(Beside(c.file), " "); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// TestFilesTogether joins the parts of a Google export from several files, in any order, and reads files of different apps as one import.
func TestFilesTogether(t *testing.T) {
	links := strings.Split(strings.TrimSpace(migrationOf(t, 25)), "\n")
	if len(links) != 3 {
		t.Fatal(len(links))
	}
	read := func(files ...string) Result {
		t.Helper()
		var list []File
		for _, f := range files {
			list = append(list, File{Data: []byte(f)})
		}
		im, err := Open(t.Context(), list)
		if err != nil {
			t.Fatal(err)
		}
		r, err := im.Read(t.Context(), secret.Bytes{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := read(links[2], links[0], links[1], links[0]); r.Format != "google" || len(r.Entries) != 25 || len(r.Warnings) != 0 || r.Entries[24].Name != "account 24" {
		t.Errorf("%d accounts, %v", len(r.Entries), r.Warnings)
	}
	if r := read(links[1]); len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "numbers 1, 3 are not here") {
		t.Errorf("%v", r.Warnings)
	}
	if r := read(protonJSON, links[0]); r.Format != "proton+google" || len(r.Entries) != 2+10 {
		t.Errorf("%s, %d", r.Format, len(r.Entries))
	}
}

// TestFormatsAreListed sees that every source has a name, and every id is there once.
func TestFormatsAreListed(t *testing.T) {
	list := Formats()
	for i, f := range list {
		if f.ID == "" || f.Name == "" || i > 0 && list[i-1].ID >= f.ID {
			t.Errorf("%+v", f)
		}
	}
	for _, id := range []string{"2fas", "aegis", "andotp", "authplus", "authy", "battlenet", "bitwarden", "duo", "ente", "freeotp", "freeotpplus", "google", "keepass", "lastpass", "microsoft", "otpauth-ios", "otpauth-uri", "proton", "steam", "stratum", "totpauthenticator", "winauth"} {
		if !slices.ContainsFunc(list, func(f Format) bool { return f.ID == id }) {
			t.Errorf("%s is not listed", id)
		}
	}
	if _, err := OpenAs(t.Context(), "aegis", one(protonJSON)); err == nil {
		t.Error("a Proton export was read as Aegis")
	}
}

// migrationOf is an export of Google Authenticator with n accounts, a link in a line.
func migrationOf(t *testing.T, n int) string {
	t.Helper()
	var entries []otpauth.Entry
	for i := range n {
		entries = append(entries, otpauth.Entry{Issuer: "I", Name: fmt.Sprint("account ", i), Params: otp.New(otp.TOTP, secret.FromString(fmt.Sprint("0123456789", i)))})
	}
	links, _, err := otpauth.FormatMigration(entries, 7, otpauth.MaxMigrationText)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(links, "\n")
}
