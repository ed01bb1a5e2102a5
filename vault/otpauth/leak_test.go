package otpauth_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
)

// markerForms are all ways in which a key could come out, of which no six characters
// in a row may.
func markerForms(raw []byte) []string {
	return []string{
		otp.EncodeBase32(raw), string(raw), hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw),
		strings.Trim(fmt.Sprint(raw), "[]"),
	}
}

func leaks(text string, forms []string) bool {
	const window = 6
	text = strings.ToLower(text)
	for _, f := range forms {
		f = strings.ToLower(f)
		for i := 0; i+window <= len(f); i++ {
			if strings.Contains(text, f[i:i+window]) {
				return true
			}
		}
	}
	return false
}

// mutate damages a link in one to four places: what comes out is anything from
// still good to rubbish, with the key anywhere.
func mutate(r *rand.Rand, text string) string {
	b := []byte(text)
	for range 1 + r.IntN(4) {
		if len(b) == 0 {
			break
		}
		at := r.IntN(len(b))
		switch r.IntN(6) {
		case 0:
			b = append(b[:at], b[at+1:]...)
		case 1:
			b[at] = byte(r.Uint32())
		case 2:
			const special = "?&=#%/: +0;\n\x00\xff"
			b = append(b[:at], append([]byte{special[r.IntN(len(special))]}, b[at:]...)...)
		case 3:
			b = b[:at]
		case 4:
			to := at + r.IntN(len(b)-at)
			b = append(b, b[at:to]...)
		case 5:
			to := r.IntN(len(b))
			b[at], b[to] = b[to], b[at]
		}
	}
	return string(b)
}

// Tens of thousands of damaged links, keys and exports are read, and no error or
// warning has a piece of the key in it, in any form.
func TestErrorsAndWarningsNeverHoldAKey(t *testing.T) {
	const seed = 9
	r := rand.New(rand.NewPCG(seed, seed))
	raw := []byte("\x9d\xd4\x17marker-of-20byte\xfe")
	forms := markerForms(raw)
	b32, hexed := otp.EncodeBase32(raw), hex.EncodeToString(raw)
	migration, _, err := otpauth.FormatMigration([]otpauth.Entry{
		mustParse(t, "otpauth://totp/N:a?secret="+b32), mustParse(t, "otpauth://hotp/N:b?counter=1&secret="+b32),
	}, 5, otpauth.MaxMigrationText)
	if err != nil {
		t.Fatal(err)
	}
	forms = append(forms, strings.TrimPrefix(migration[0], "otpauth-migration://offline?data="))
	texts := []string{
		"otpauth://totp/Nordlicht:ada?secret=" + b32 + "&issuer=Nordlicht&algorithm=SHA1&digits=6&period=30",
		"otpauth://totp/Nordlicht:ada?issuer=" + b32 + "&digits=" + b32 + "&secret=0" + b32,
		"otpauth://hotp/ada?secret=" + b32 + "&counter=" + b32,
		"otpauth://steam/ada?secret=" + b32 + "&algorithm=" + b32,
		"otpauth://" + b32 + "/ada?secret=" + b32,
		"otpauth://motp/ada?secret=" + hexed + "&pin=1234",
		"otpauth://yaotp/ada?secret=" + otp.EncodeBase32(raw[:16]) + "&pin=" + b32,
		"motp://Gate:ada?secret=" + hexed + "&pin=" + hexed,
		"steam://" + base64.StdEncoding.EncodeToString(raw),
		"steam://" + b32, b32, hexed, migration[0],
	}
	for _, name := range []string{"issuer", "algorithm", "digits", "period", "counter", "encoder", "steam", "pin", "pin_length", "tags"} {
		for _, host := range []string{"totp", "hotp", "steam", "motp", "yaotp"} {
			for _, value := range []string{b32, hexed} {
				texts = append(texts, "otpauth://"+host+"/a?"+name+"="+value+"&secret="+hexed, "otpauth://"+host+"/a?"+name+"="+value+"&secret="+b32)
			}
		}
	}
	n := 100
	if testing.Short() {
		n /= 10
	}
	failed, warned := 0, 0
	for _, text := range texts {
		for i := range n {
			m := text // once as it is
			if i > 0 {
				m = mutate(r, text)
			}
			e, err := otpauth.Parse(m)
			part, migrationErr := otpauth.ParseMigration(m)
			said := []string{fmt.Sprint(err), fmt.Sprintf("%+v %#v", err, err), fmt.Sprint(migrationErr)}
			for u := errors.Unwrap(err); u != nil; u = errors.Unwrap(u) {
				said = append(said, fmt.Sprintf("%+v", u))
			}
			warn := e.Warnings
			for _, x := range part.Entries {
				warn = append(warn, x.Warnings...)
			}
			for _, s := range part.Skipped {
				said = append(said, fmt.Sprint(s.Err))
			}
			for _, kind := range []otp.Kind{otp.TOTP, otp.Steam, otp.MOTP, otp.Yandex} {
				_, keyWarn, err := otpauth.ParseKey(kind, m)
				warn, said = append(warn, keyWarn...), append(said, fmt.Sprint(err))
			}
			for _, w := range warn {
				warned++
				said = append(said, fmt.Sprint(w))
			}
			if err != nil {
				failed++
			}
			for _, s := range said {
				if leaks(s, forms) {
					t.Fatalf("seed %d: reading %q says %q", seed, m, s)
				}
			}
		}
	}
	if failed < n || warned < n {
		t.Errorf("only %d errors and %d warnings were looked at", failed, warned)
	}
	if !leaks("x "+b32[4:12]+" y", forms) {
		t.Error("this test cannot see a leak")
	}
}

func mustParse(t testing.TB, text string) otpauth.Entry {
	t.Helper()
	e, err := otpauth.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return e
}
