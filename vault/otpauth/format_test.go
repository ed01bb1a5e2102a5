package otpauth_test

import (
	"errors"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
	"github.com/tallystick/tallystick/vault/secret"
)

func TestFormat(t *testing.T) {
	entry := func(kind otp.Kind, issuer, name string, change func(*otpauth.Entry)) otpauth.Entry {
		keys := map[otp.Kind]string{otp.MOTP: hexKey, otp.Yandex: yaKeyRaw}
		if keys[kind] == "" {
			keys[kind] = keyText
		}
		e := otpauth.Entry{Issuer: issuer, Name: name, Params: otp.New(kind, secret.FromString(keys[kind]))}
		if change != nil {
			change(&e)
		}
		return e
	}
	for _, c := range []struct {
		e    otpauth.Entry
		want string
		err  error
	}{
		{entry(otp.TOTP, "Nordlicht", "ada@example.org", nil), "otpauth://totp/Nordlicht:ada%40example.org?secret=" + key + "&issuer=Nordlicht&digits=6&period=30", nil},
		{entry(otp.TOTP, "Nord Licht", "a+b", nil), "otpauth://totp/Nord%20Licht:a%2Bb?secret=" + key + "&issuer=Nord%20Licht&digits=6&period=30", nil},
		{entry(otp.TOTP, "", "ada", nil), "otpauth://totp/ada?secret=" + key + "&digits=6&period=30", nil},
		{entry(otp.TOTP, "", "a:b", nil), "otpauth://totp/:a%3Ab?secret=" + key + "&digits=6&period=30", nil},
		{entry(otp.TOTP, "N", "", nil), "otpauth://totp/N:?secret=" + key + "&issuer=N&digits=6&period=30", nil},
		{entry(otp.TOTP, "", "", nil), "otpauth://totp/?secret=" + key + "&digits=6&period=30", nil},
		{entry(otp.TOTP, "N", "a", func(e *otpauth.Entry) { e.Params.Algorithm, e.Params.Digits, e.Params.Period = otp.SHA512, 8, 60 }),
			"otpauth://totp/N:a?secret=" + key + "&issuer=N&algorithm=SHA512&digits=8&period=60", nil},
		{entry(otp.HOTP, "N", "a", func(e *otpauth.Entry) { e.Params.Counter = 7 }), "otpauth://hotp/N:a?secret=" + key + "&issuer=N&digits=6&counter=7", nil},
		{entry(otp.HOTP, "N", "a", nil), "otpauth://hotp/N:a?secret=" + key + "&issuer=N&digits=6&counter=0", nil},
		{entry(otp.Steam, "N", "a", nil), "otpauth://steam/N:a?secret=" + key + "&issuer=N&algorithm=SHA1&digits=5&period=30&encoder=steam", nil},
		{entry(otp.MOTP, "N", "a", func(e *otpauth.Entry) { e.Params.PIN = secret.FromString("2468") }), "motp://N:a?secret=" + hexKey, nil},
		{entry(otp.MOTP, "", "a", nil), "motp://:a?secret=" + hexKey, nil},
		{entry(otp.Yandex, "Yandex", "a", func(e *otpauth.Entry) { e.Params.PIN = secret.FromString("13579") }),
			"otpauth://yaotp/Yandex:a?secret=" + yaKey + "&issuer=Yandex&pin=GEZTKNZZ&pin_length=5", nil},
		{entry(otp.Yandex, "Yandex", "a", nil), "otpauth://yaotp/Yandex:a?secret=" + yaKey + "&issuer=Yandex", nil},
		{entry(otp.TOTP, "N", "a", func(e *otpauth.Entry) { e.Tags = []string{"on call", "a&b"} }),
			"otpauth://totp/N:a?secret=" + key + "&issuer=N&digits=6&period=30&tags=on%20call&tags=a%26b", nil},
		{entry(otp.TOTP, " N\n", "\u202ea", nil), "otpauth://totp/N:a?secret=" + key + "&issuer=N&digits=6&period=30", nil},
		{otpauth.Entry{Params: otp.Params{Kind: otp.Manual}}, "", otpauth.ErrType},
		{otpauth.Entry{}, "", otpauth.ErrType},
		{entry(otp.TOTP, "N", "a", func(e *otpauth.Entry) { e.Params.Secret = secret.Bytes{} }), "", otpauth.ErrSecret},
		{entry(otp.TOTP, "N", "a", func(e *otpauth.Entry) { e.Params.Digits = 0 }), "", otpauth.ErrParameter},
		{entry(otp.TOTP, "N", "a", func(e *otpauth.Entry) { e.Params.Algorithm = otp.MD5 }), "", otpauth.ErrParameter},
		{entry(otp.MOTP, "N", "a", func(e *otpauth.Entry) { e.Params.PIN = secret.FromString("2") }), "", otpauth.ErrParameter},
		{entry(otp.TOTP, strings.Repeat("🔑", 512), strings.Repeat("🔑", 512), nil), "", otpauth.ErrTooLong},
	} {
		got, err := otpauth.Format(c.e)
		if got != c.want || !errors.Is(err, c.err) || c.err == nil && err != nil {
			t.Errorf("%s %q %q: got %q, %v, want %q, %v", c.e.Params.Kind, c.e.Issuer, c.e.Name, got, err, c.want, c.err)
		}
	}
}

func sameEntry(a, b otpauth.Entry) bool {
	p, q := a.Params, b.Params
	return a.Issuer == b.Issuer && a.Name == b.Name && slices.Equal(a.Tags, b.Tags) &&
		p.Kind == q.Kind && p.Algorithm == q.Algorithm && p.Digits == q.Digits && p.Period == q.Period && p.Counter == q.Counter &&
		p.Secret.Equal(q.Secret) && p.PIN.Equal(q.PIN)
}

// Any entry comes back from its link, whatever is in its names; and the standard
// library, which is no friend of sloppy links, reads the same out of it.
func TestFormatThenParse(t *testing.T) {
	const seed = 4
	r := rand.New(rand.NewPCG(seed, seed))
	n := 50_000
	if testing.Short() {
		n /= 10
	}
	for range n {
		e := randomEntry(r)
		text, err := otpauth.Format(e)
		if err != nil {
			t.Fatalf("seed %d: %s %q %q: %v", seed, e.Params.Kind, e.Issuer, e.Name, err)
		}
		back, err := otpauth.Parse(text)
		if err != nil || !sameEntry(e, back) {
			t.Fatalf("seed %d: %s: %s, %q, %q, %q came back as %s, %q, %q, %q, %v", seed, text,
				e.Params.Kind, e.Issuer, e.Name, e.Tags, back.Params.Kind, back.Issuer, back.Name, back.Tags, err)
		}
		for _, w := range back.Warnings {
			switch w.Code {
			case otpauth.WarnShortKey, otpauth.WarnOddDigits, otpauth.WarnSteamIssuer, otpauth.WarnPINMissing:
			default:
				t.Fatalf("seed %d: our own link warns of %s: %s", seed, w.Code, text)
			}
		}
		if e.Params.Kind == otp.MOTP {
			continue // net/url cannot read any motp link
		}
		u, err := url.Parse(text)
		if err != nil {
			t.Fatalf("seed %d: net/url: %v", seed, err)
		}
		q, err := url.ParseQuery(u.RawQuery)
		if err != nil || q.Get("secret") != otp.EncodeBase32(e.Params.Secret.Reveal()) || q.Get("issuer") != e.Issuer || u.Fragment != "" {
			t.Fatalf("seed %d: net/url reads %s otherwise: %v", seed, text, err)
		}
		if e.Params.Kind == otp.HOTP && q.Get("counter") != strconv.FormatUint(e.Params.Counter, 10) {
			t.Fatalf("seed %d: no counter in %s", seed, text)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	const text = "otpauth://totp/Nord%20Licht:ada%40example.org?secret=ORQWY3DZON2GSY3LEBZWC3LQNRSSAMRQ&issuer=Nord%20Licht&algorithm=SHA256&digits=8&period=60"
	b.ReportAllocs()
	for b.Loop() {
		if _, err := otpauth.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

// The most expensive texts known, at the size limit.
func BenchmarkParseHostile(b *testing.B) {
	for name, text := range hostile {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, _ = otpauth.Parse(text)
			}
		})
	}
}

var hostile = map[string]string{
	"colons":     "otpauth://totp/" + strings.Repeat(":", 8000) + "?secret=" + key + "&issuer=N",
	"questions":  "otpauth://totp/" + strings.Repeat("?", 8000),
	"ampersands": "otpauth://totp/a?secret=" + key + "&issuer=" + strings.Repeat("&x", 4000),
	"glue":       "otpauth://totp/a?secret=" + key + "&issuer=" + strings.Repeat("digits=6", 1000),
	"tags":       "otpauth://totp/a?secret=" + key + strings.Repeat("&tags=a", 1100),
	"repeats":    "otpauth://totp/a?secret=" + key + strings.Repeat("&digits=6", 880),
	"hash":       "otpauth://totp/a?secret=0" + strings.Repeat("#", 8000),
}

func BenchmarkFormat(b *testing.B) {
	e, err := otpauth.Parse("otpauth://totp/Nord%20Licht:ada%40example.org?secret=ORQWY3DZON2GSY3LEBZWC3LQNRSSAMRQ&issuer=Nord%20Licht")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := otpauth.Format(e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRecognise(b *testing.B) {
	texts := []string{"otpauth://totp/a?secret=" + key, key, "https://example.org/page", "a line of ordinary text that somebody copied"}
	for b.Loop() {
		for _, text := range texts {
			otpauth.Recognise(text)
		}
	}
}
