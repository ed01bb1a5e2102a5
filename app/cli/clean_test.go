package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"":                   "",
		"Café ☕ 日本語":         "Café ☕ 日本語",
		"a\x1b[31mb":         "a�[31mb",
		"a\x1b\x1b\x07b":     "a�b",
		"a\u009b31mb":        "a�31mb",
		"two\nlines\ttab":    "two�lines�tab",
		"safe\u202egnp.exe":  "safe�gnp.exe",
		"bad \xff\xfe utf-8": "bad � utf-8",
		"a\u2028b":           "a�b",
		"\x7f":               "�",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\x1b]0;x\x07\u202e\xff")
	f.Fuzz(func(t *testing.T, text string) {
		if i := strings.IndexFunc(clean(text), func(c rune) bool { return harmful(c) && c != '\uFFFD' }); i >= 0 {
			t.Errorf("clean(%q) lets something through", text)
		}
		in, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		out := cleanJSON(in)
		if bytes.ContainsFunc(out, harmful) {
			t.Errorf("cleanJSON(%q) lets something through", in)
		}
		var a, b string
		if json.Unmarshal(in, &a) != nil || json.Unmarshal(out, &b) != nil || a != b {
			t.Errorf("cleanJSON changed %q to %q", a, b)
		}
	})
}

func TestTableLinesUp(t *testing.T) {
	tab := newTable("A", "B")
	tab.row("日本", "x")
	tab.row("e\u0301e", "y\x1b[2J")
	var b strings.Builder
	tab.write(&b)
	want := "A     B\n日本  x\ne\u0301e    y�[2J\n"
	if b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}
