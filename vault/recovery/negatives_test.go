package recovery_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/tallystick/tallystick/vault/recovery"
)

// What looks a little like keys and is none. The names of these files say nothing
// about recovery keys, as those of most files do not.
func TestOtherTextsGiveNoKeys(t *testing.T) {
	files, err := filepath.Glob("testdata/negatives/*")
	if err != nil || len(files) < 30 {
		t.Fatalf("only %d texts: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			read, err := recovery.ReadBytes(context.Background(), data, file)
			if err != nil && err != recovery.ErrFormat {
				t.Fatal(err)
			}
			for how, d := range map[string]recovery.Draft{"read": read, "pasted": recovery.Parse(string(data))} {
				for _, k := range d.Keys {
					t.Errorf("%s: %q is taken for a key in\n%s", how, k.Text.Reveal(), data)
				}
				if d.Origin.Service != "" || d.Account != "" || !d.Date.IsZero() {
					t.Errorf("%s: no keys, and still %+v", how, d)
				}
			}
		})
	}
}
