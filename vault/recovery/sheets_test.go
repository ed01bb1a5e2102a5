package recovery_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/recovery"
)

const noDay = "-"

// shown writes a draft the way the files with what is expected do.
func shown(d recovery.Draft, like string) string {
	var b strings.Builder
	line := func(what, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s %s\n", what, value)
		}
	}
	line("service", d.Origin.Service)
	line("account", d.Account)
	if !d.Date.IsZero() {
		line("date", d.Date.Format("2006-01-02"))
	}
	if strings.Contains("\n"+like, "\nignored ") {
		fmt.Fprintf(&b, "ignored %d\n", d.Ignored)
	}
	for _, n := range d.Notes {
		line("note", string(n))
	}
	for _, k := range d.Keys {
		switch day := k.UsedOn.Format("2006-01-02"); {
		case !k.Used:
			line("key", string(k.Text.Reveal()))
		case k.UsedOn.IsZero():
			line("used "+noDay, string(k.Text.Reveal()))
		default:
			line("used "+day, string(k.Text.Reveal()))
		}
	}
	return b.String()
}

// Sheets in the styles of many portals, made by us: all names and codes are invented.
func TestSheetsAreReadRight(t *testing.T) {
	files, err := filepath.Glob("testdata/sheets/*.want")
	if err != nil || len(files) < 40 {
		t.Fatalf("only %d sheets: %v", len(files), err)
	}
	for _, wantFile := range files {
		file := strings.TrimSuffix(wantFile, ".want")
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, err := os.ReadFile(wantFile)
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			d, err := recovery.ReadBytes(context.Background(), data, file)
			if err != nil {
				t.Fatal(err)
			}
			if got := shown(d, string(want)); got != string(want) {
				t.Errorf("read\n%s\nwant\n%s\nof\n%s", got, want, data)
			}
		})
	}
}
