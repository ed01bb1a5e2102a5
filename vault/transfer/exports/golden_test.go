package exports

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/tallystick/tallystick/vault/vaulttest"
)

var update = flag.Bool("update", false, "write the golden exports anew")

// What other apps are handed does not change by accident. With the same randomness an export
// is the same, byte for byte, encrypted ones too.
func TestGoldenExports(t *testing.T) {
	v := vaultOf(t, vaulttest.Canonical()...)
	for name, c := range map[string]struct {
		f          Format
		passphrase string
	}{
		"aegis.json": {Aegis, ""}, "aegis-sealed.json": {Aegis, "correct horse"}, "2fas.2fas": {TwoFAS, ""}, "2fas-sealed.2fas": {TwoFAS, "correct horse"},
		"bitwarden.json": {Bitwarden, ""}, "bitwarden-sealed.json": {Bitwarden, "correct horse"}, "uris.txt": {URIs, ""},
	} {
		o := options(c.passphrase)
		o.Work = 0 // as it is handed out
		got, err := c.f.Write(v, o)
		ok(t, err)
		path := filepath.Join("testdata", name)
		if *update {
			ok(t, os.MkdirAll("testdata", 0o755))
			ok(t, os.WriteFile(path, got, 0o644))
		}
		want, err := os.ReadFile(path)
		ok(t, err)
		if !bytes.Equal(got, bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))) {
			t.Errorf("%s changed; go test ./vault/transfer/exports -run Golden -update writes it anew. Now:\n%s", name, got)
		}
		if res := read(t, want, c.passphrase); len(res.Entries) != c.f.Losses(v.Accounts()).Written || len(res.Skipped) != 0 {
			t.Errorf("%s: %d entries, %v", name, len(res.Entries), res.Skipped)
		}
	}
}
