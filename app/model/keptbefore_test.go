package model_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Where keys are sealed and two sheets stay valid, one that looks like the other is spoken of: their keys may be counted twice.
func TestTheSameSheetBesideASealedOne(t *testing.T) {
	inWorld(t, func(w *world) {
		id := w.open("", manual("Acme", "maria"))[0]
		if got := w.setRecovery("", recoveryPass); got != "" {
			t.Fatal(got)
		}
		dir := t.TempDir()
		keep := w.s.Keep()
		take := func(name, text string, beside bool) string {
			t.Helper()
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			keep.Begin(id)
			keep.ReadFile(path)
			w.loop.Settle()
			keep.Save(beside)
			w.loop.Settle()
			if keep.Saved() == 0 {
				t.Fatalf("not kept: %q", keep.Error())
			}
			return strings.Join(keep.Notes(), " ")
		}
		for _, c := range []struct {
			name, text string
			beside     bool
			says       bool
		}{
			{"codes.txt", sheetText, true, false}, // the first
			{"codes.txt", sheetText, true, true},
			{"codes.txt", "Acme backup codes\n\n4f8a-91c2\n77de-03b5\nc01a-5e6f\n1b2c-3d4e\n", true, false}, // another number of keys
			{"other.txt", sheetText, true, false},  // another file
			{"codes.txt", sheetText, false, false}, // the ones before do not count any longer
		} {
			if got := take(c.name, c.text, c.beside); strings.Contains(got, "A sheet that looks the same was kept today") != c.says {
				t.Errorf("%s of %d bytes, beside %v: %q", c.name, len(c.text), c.beside, got)
			}
		}
	})
}
