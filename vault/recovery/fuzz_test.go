package recovery_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tallystick/tallystick/vault/recovery"
)

// sound holds for whatever was read: every key stands in what was read, is there once,
// and the draft can be kept.
func sound(t *testing.T, d recovery.Draft) {
	t.Helper()
	if len(d.Keys) > recovery.MaxKeys || d.Ignored < 0 {
		t.Fatalf("%d keys, %d ignored", len(d.Keys), d.Ignored)
	}
	seen := map[string]bool{}
	for _, k := range d.Keys {
		text := string(k.Text.Reveal())
		norm := string(recovery.Normalise([]byte(text)))
		if len(norm) < 6 || seen[norm] || !utf8.ValidString(text) || strings.ContainsAny(text, "\n\r\t\x0e\x0f\x10\x11") || strings.TrimSpace(text) != text {
			t.Fatalf("not a key: %q", text)
		}
		if !k.Used && !k.UsedOn.IsZero() {
			t.Fatal("unused, with a day")
		}
		seen[norm] = true
	}
	if len(d.Keys) == 0 {
		return
	}
	s, err := d.Sheet(bytes.NewReader(make([]byte, 16)), clock)
	if err != nil {
		t.Fatal(err)
	}
	back, err := s.Record().Sheet()
	if err != nil || !back.Equal(s) || back.Left() != s.Left() {
		t.Fatalf("does not come back from its record: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, dir := range []string{"sheets", "negatives"} {
		files, err := filepath.Glob("testdata/" + dir + "/*")
		if err != nil {
			f.Fatal(err)
		}
		for i, file := range files {
			if data, err := os.ReadFile(file); err == nil && !strings.HasSuffix(file, ".want") && (i%3 == 0) {
				f.Add(string(data))
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 20_000 {
			return
		}
		d := recovery.Parse(text)
		sound(t, d)
		// In a text without marks, a key is made of characters that stand there.
		for _, k := range d.Keys {
			for _, r := range string(recovery.Normalise(k.Text.Reveal())) {
				if r < 0x80 && !strings.ContainsRune(strings.ToLower(text), r) && !strings.ContainsFunc(text, func(c rune) bool { return c > 0x7f }) {
					t.Fatalf("%q is not in the text", k.Text.Reveal())
				}
			}
		}
	})
}

func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/sheets/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		switch filepath.Ext(file) {
		case ".rtf", ".html", ".csv", ".json", ".md":
			if data, err := os.ReadFile(file); err == nil {
				f.Add(data)
			}
		}
	}
	f.Add(sheetPDF(f, "Okta recovery codes", "Courier", 2, []string{"a1b2c-3d4e5", "f6a7b-8c9d0", "11aa2-2bb33"}, []string{"f6a7b-8c9d0"}))
	f.Add([]byte("\xff\xfeR\x00e\x00c\x00o\x00v\x00e\x00r\x00y\x00 \x00k\x00e\x00y\x00:\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 50_000 {
			return
		}
		d, err := recovery.ReadBytes(context.Background(), data, "recovery-codes")
		if err != nil {
			if len(d.Keys) > 0 {
				t.Fatal("keys beside an error")
			}
			return
		}
		sound(t, d)
	})
}
