package transfer

import (
	"errors"
	flags "flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// Every reader has a fuzz target. The committed corpus is what TestFormats reads, as far as it is text:
// go test ./vault/transfer -run TestCorpus -corpus writes it anew.
var writeCorpus = flags.Bool("corpus", false, "write the corpus of the fuzz targets anew")

// fuzzed is the targets, by the beginnings of the names of the cases that feed them.
var fuzzed = map[string][]string{
	"FuzzAegis": {"aegis"}, "FuzzTwofas": {"2fas"}, "FuzzAndOTP": {"andotp", "gnome"}, "FuzzStratum": {"stratum"}, "FuzzAuthy": {"authy"},
	"FuzzExtension": {"extension"}, "FuzzBattlenet": {"battle.net"}, "FuzzBitwarden": {"bitwarden"}, "FuzzDuo": {"duo"}, "FuzzEnte": {"ente"},
	"FuzzFreeOTP": {"freeotp"}, "FuzzLastPass": {"lastpass"}, "FuzzOnePassword": {"1password"}, "FuzzTables": {"apple", "keepassxc table", "proton pass table", "any table", "1password table", "authy table", "bitwarden table"},
	"FuzzProton": {"proton"}, "FuzzRaivo": {"raivo"}, "FuzzSteam": {"steam"}, "FuzzTOTPAuthenticator": {"totp authenticator"}, "FuzzLinks": {"links", "winauth", "ente"}, "FuzzAnyJSON": {"any json", "links in json"}, "FuzzPage": {"stratum page", "aegis page"},
}

func FuzzAegis(f *testing.F)             { fuzz(f) }
func FuzzTwofas(f *testing.F)            { fuzz(f) }
func FuzzAndOTP(f *testing.F)            { fuzz(f) }
func FuzzStratum(f *testing.F)           { fuzz(f) }
func FuzzAuthy(f *testing.F)             { fuzz(f) }
func FuzzExtension(f *testing.F)         { fuzz(f) }
func FuzzBattlenet(f *testing.F)         { fuzz(f) }
func FuzzBitwarden(f *testing.F)         { fuzz(f) }
func FuzzDuo(f *testing.F)               { fuzz(f) }
func FuzzEnte(f *testing.F)              { fuzz(f) }
func FuzzFreeOTP(f *testing.F)           { fuzz(f) }
func FuzzLastPass(f *testing.F)          { fuzz(f) }
func FuzzOnePassword(f *testing.F)       { fuzz(f) }
func FuzzTables(f *testing.F)            { fuzz(f) }
func FuzzProton(f *testing.F)            { fuzz(f) }
func FuzzRaivo(f *testing.F)             { fuzz(f) }
func FuzzSteam(f *testing.F)             { fuzz(f) }
func FuzzTOTPAuthenticator(f *testing.F) { fuzz(f) }
func FuzzLinks(f *testing.F)             { fuzz(f) }
func FuzzAnyJSON(f *testing.F)           { fuzz(f) }
func FuzzPage(f *testing.F)              { fuzz(f) }

// fuzz reads anything the way a person's file is read, and holds what comes out against what a vault takes.
func fuzz(f *testing.F) {
	for _, prefix := range fuzzed[f.Name()] {
		for _, c := range formatCases {
			if strings.HasPrefix(c.name, prefix) {
				f.Add(c.files[len(c.files)-1].Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		im, err := Open(t.Context(), []File{{Data: data}})
		if err != nil {
			if !isOurs(err) {
				t.Fatalf("%v", err)
			}
			return
		}
		if c := im.Cost(); c.Memory > 1<<20 || c.Iterations > 5_000 {
			return // a derivation that takes long finds nothing
		}
		r, err := im.Read(t.Context(), secret.FromString(pass))
		if err != nil {
			if !isOurs(err) {
				t.Fatalf("%v", err)
			}
			return
		}
		for _, e := range r.Entries {
			if err := sound(e); err != nil {
				t.Fatal(err)
			}
		}
		for _, s := range r.Skipped {
			if s.What == "" || s.Why == "" || !utf8.ValidString(s.What) {
				t.Fatalf("skipped without a word: %q", s)
			}
		}
	})
}

// sound says what a vault would not take of an entry.
func sound(e Entry) error {
	_, _, better := e.Account()
	for _, p := range []otp.Params{e.Params, better} {
		if err := p.Validate(); err != nil && !(errors.Is(err, otp.ErrPIN) && p.PIN.IsEmpty()) {
			return err
		}
	}
	issuer, name, _ := e.Account()
	for _, s := range append([]string{e.Issuer, e.Name, issuer, name}, e.Tags...) {
		if clean, _ := cleanName(s); clean != s || !utf8.ValidString(s) {
			return fmt.Errorf("not cleaned: %q", s)
		}
	}
	if utf8.RuneCountInString(e.Note) > maxNote || utf8.RuneCountInString(e.URL) > maxURL || len(e.Tags) > maxTags || !utf8.ValidString(e.Note) {
		return errors.New("a text is too long, or no text")
	}
	if (e.Icon.MIME == "") != (len(e.Icon.Data) == 0) {
		return errors.New("half an icon")
	}
	if y := e.Used.Year(); y > 9999 {
		return errors.New("a time no vault keeps")
	}
	for _, k := range e.Recovery {
		if k.IsEmpty() {
			return errors.New("an empty recovery key")
		}
	}
	return nil
}

// TestCorpus sees that every target has a corpus of its own in testdata.
func TestCorpus(t *testing.T) {
	for target, prefixes := range fuzzed {
		dir := filepath.Join("testdata", "fuzz", target)
		if *writeCorpus {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			for _, c := range formatCases {
				for _, p := range prefixes {
					data := c.files[len(c.files)-1].Data
					if !strings.HasPrefix(c.name, p) || len(data) > 4096 {
						continue
					}
					name := strings.Map(func(r rune) rune {
						if r == ' ' || r == ',' || r == '.' || r == '+' {
							return '-'
						}
						return r
					}, c.name)
					if err := os.WriteFile(filepath.Join(dir, name), fmt.Appendf(nil, "go test fuzz v1\n[]byte(%q)\n", data), 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if files, err := os.ReadDir(dir); err != nil || len(files) == 0 {
			t.Errorf("%s has no corpus: %v", target, err)
		}
	}
}
