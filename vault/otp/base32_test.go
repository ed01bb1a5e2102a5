package otp_test

import (
	"bytes"
	"errors"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/otp"
)

func TestDecodeBase32(t *testing.T) {
	for text, want := range map[string]string{
		"MZXW6YTBOI":                             "foobar",
		"MZXW6YTBOI======":                       "foobar",
		"mzxw6ytboi":                             "foobar",
		"MzXw6yTbOi":                             "foobar",
		" mzxw 6ytb oi ":                         "foobar",
		"MZXW-6YTB-OI":                           "foobar",
		"MZXW_6YTB_OI":                           "foobar",
		"mzxw\u00a06ytb\u00a0oi":                 "foobar", // no-break space
		"mzxw\u20116ytb\u2014oi":                 "foobar", // other dashes
		"\ufeffmzxw\u200b6ytb\u00adoi\r\n":       "foobar", // invisible ones
		"MZXW6YTBOI= = =":                        "foobar",
		"MZXW6YTBOJ":                             "foobar", // left-over bits that are not zero
		"ME":                                     "a",
		"MEA":                                    "a",   // 3: a length RFC 4648 forbids
		"MFRGG":                                  "abc", // 5
		"MFRGGA":                                 "abc", // 6: forbidden; the standard library gives nothing, without an error
		"MFRGGZDFM":                              "abcde",
		"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ":       "12345678901234567890",
		"gezd gnbv gy3t qojq gezd gnbv gy3tqojq": "12345678901234567890",
	} {
		if got, err := otp.DecodeBase32(text); err != nil || string(got.Reveal()) != want {
			t.Errorf("%q: got %q, %v, want %q", text, got.Reveal(), err, want)
		}
	}
	for _, text := range []string{
		"", " ", "====", "A", "A=", "-", "MZXW0YTBOI", "MZXW1YTBOI", "MZXW8YTBOI", "MZXW9YTBOI", "MZXW6YTBOI!", "MZXW6YTBOI======A",
		"MZ=XW", "MZXW6YTBÖI", "MZXW6YTB\xffI", "ＭＺＸＷ６ＹＴＢＯＩ", "MZXW6YTB+I", "MZXW6YTB/I", "MZXW6YTB%4FI", "MZXW\x00YTB",
		strings.Repeat("A", 1640), // 1025 bytes
	} {
		if got, err := otp.DecodeBase32(text); !errors.Is(err, otp.ErrSecret) || !got.IsEmpty() {
			t.Errorf("%q: got %d bytes, %v", text, got.Len(), err)
		}
	}
	for text, place := range map[string]string{"1ZXW": "character 1 ", "MZXW 6Y!B": "character 8 ", "ü1": "character 1 ", "MZXW6YTBOI======A": "character 17 "} {
		if _, err := otp.DecodeBase32(text); err == nil || !strings.Contains(err.Error(), place) {
			t.Errorf("%q: %v, want the place: %s", text, err, place)
		}
	}
	if got, err := otp.DecodeBase32(strings.Repeat("A", 1639)); err != nil || got.Len() != 1024 {
		t.Errorf("1024 bytes: %d, %v", got.Len(), err)
	}
}

// bigBase32 decodes by arithmetic on one large number: nothing in common with the
// bitwise loop.
func bigBase32(text string) []byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	n := new(big.Int)
	for _, c := range text {
		n.Mul(n, big.NewInt(32)).Add(n, big.NewInt(int64(strings.IndexRune(alphabet, c))))
	}
	size := len(text) * 5 / 8
	n.Rsh(n, uint(len(text)*5-size*8))
	return n.FillBytes(make([]byte, size))
}

func TestBase32Properties(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for range 20_000 {
		raw := make([]byte, 1+r.IntN(80))
		for i := range raw {
			raw[i] = byte(r.Uint32())
		}
		text := otp.EncodeBase32(raw)
		if strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
			t.Fatalf("EncodeBase32 wrote %q", text)
		}
		got, err := otp.DecodeBase32(text)
		if err != nil || !bytes.Equal(got.Reveal(), raw) {
			t.Fatalf("%x became %q became %x, %v", raw, text, got.Reveal(), err)
		}
		// Any number of characters, and anything put between them.
		var chars, dressed strings.Builder
		for range 2 + r.IntN(60) {
			c := "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[r.IntN(32)]
			chars.WriteByte(c)
			if r.IntN(2) == 0 {
				dressed.WriteString(strings.ToLower(string(c)))
			} else {
				dressed.WriteByte(c)
			}
			dressed.WriteString([]string{"", "", " ", "-", "\u00a0", "\t"}[r.IntN(6)])
		}
		dressed.WriteString("===="[:r.IntN(5)])
		got, err = otp.DecodeBase32(dressed.String())
		if want := bigBase32(chars.String()); err != nil || !bytes.Equal(got.Reveal(), want) {
			t.Fatalf("%q: got %x, %v, want %x", dressed.String(), got.Reveal(), err, want)
		}
	}
}

func FuzzDecodeBase32(f *testing.F) {
	for _, seed := range []string{"", "MZXW6YTBOI======", "mzxw 6ytb-oi_", "ABCDEF", "A", "0", "MZ=XW", "\ufeffmz\u00a0xw", "\xff", "ｍｚ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := otp.DecodeBase32(text)
		if err != nil {
			if !errors.Is(err, otp.ErrSecret) || !got.IsEmpty() {
				t.Fatalf("%d bytes, %v", got.Len(), err)
			}
			return
		}
		// The same characters, and nothing else, give the same bytes by other arithmetic.
		clean := strings.Map(func(r rune) rune {
			if r == '=' || otp.IsSeparator(r) {
				return -1
			}
			return r
		}, strings.ToUpper(text))
		if want := bigBase32(clean); !bytes.Equal(got.Reveal(), want) {
			t.Fatalf("got %x, want %x", got.Reveal(), want)
		}
		again, err := otp.DecodeBase32(otp.EncodeBase32(got.Reveal()))
		if err != nil || !again.Equal(got) {
			t.Fatalf("not the same again: %v", err)
		}
	})
}

func BenchmarkDecodeBase32(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := otp.DecodeBase32("gezd gnbv gy3t qojq gezd gnbv gy3t qojq"); err != nil {
			b.Fatal(err)
		}
	}
}
