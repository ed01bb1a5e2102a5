package model

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"":                      "",
		"  Acme ":               "Acme",
		"a\tb\r\nc":             "a b  c",
		"a\u2028b\u2029c":       "a b c",
		"\u202eelgoog\u202c":    "elgoog",
		"\u2066a\u2069\u200fb":  "ab",
		"zero\u200bwidth\ufeff": "zerowidth",
		"bell\x07\x1b[31m\x00":  "bell[31m",
		"bad\xffutf8":           "badutf8",
		"Zürich 日本 🗝️":          "Zürich 日本 🗝️",
		"👩\u200d💻":              "👩\u200d💻", // one emoji
		"می\u200cخواهم":         "می\u200cخواهم",
		"wide\u00a0space":       "wide space",
		"tag\U000e0041":         "tag",
		"private\ue000use":      "privateuse",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
	if got := cleanNote("a\r\nb\x00\u202e"); got != "a \nb" {
		t.Errorf("cleanNote: %q", got)
	}
}

func FuzzClean(f *testing.F) {
	f.Add("Acme")
	f.Add("\u202eelgoog\x00\n")
	f.Add("bad\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := clean(s)
		if !utf8.ValidString(got) && !plainASCII(s) {
			t.Errorf("clean(%q) = %q is not UTF-8", s, got)
		}
		if strings.ContainsFunc(got, func(r rune) bool {
			return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == utf8.RuneError
		}) {
			t.Errorf("clean(%q) = %q", s, got)
		}
		if again := clean(got); again != got {
			t.Errorf("clean(%q) = %q, and once more %q", s, got, again)
		}
	})
}

// Every word of a text is found in it, however the query is written.
func FuzzSearchFindsWords(f *testing.F) {
	f.Add("Acme", "maria@shop.example", "note")
	f.Add("Café Ångström", "łukasz", "")
	f.Add("İstanbul", "ǅ", "ﬁn")
	f.Fuzz(func(t *testing.T, issuer, name, note string) {
		issuer, name, note = clean(issuer), clean(name), cleanNote(note)
		key := searchKey(issuer, name, nil, note)
		for _, text := range []string{issuer, name} {
			if _, ok := rank(key, queryWords(text)); !ok {
				t.Errorf("%q is not found in %q", text, key)
			}
		}
	})
}

func TestJoin(t *testing.T) {
	for want, in := range map[string][]string{
		"": nil, "a": {"a"}, "a and b": {"a", "b"}, "a, b and c": {"a", "b", "c"},
	} {
		if got := join(in); got != want {
			t.Errorf("join(%q) = %q", in, got)
		}
	}
	if got := sentenceCase("ärger"); got != "Ärger" {
		t.Errorf("sentenceCase: %q", got)
	}
}
