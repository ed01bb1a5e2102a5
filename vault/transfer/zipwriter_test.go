package transfer

import (
	"archive/zip"
	"bytes"
	"maps"
	"slices"
	"testing"
)

// zipOf is a ZIP file without a passphrase.
func zipOf(t testing.TB, members map[string]string) File {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		m, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Write([]byte(members[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return File{Name: "export.zip", Data: out.Bytes()}
}
