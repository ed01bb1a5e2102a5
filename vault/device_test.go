package vault_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// deviceWith is a device file in which fn changed what it says, with a checksum that fits: whoever can write into the folder can do that.
func deviceWith(t *testing.T, file []byte, fn func(map[string]any)) []byte {
	t.Helper()
	at := bytes.LastIndex(file, []byte(`  "check": "`))
	if at < 0 {
		t.Fatalf("no checksum in %s", file)
	}
	var all map[string]any
	if err := json.Unmarshal(append(bytes.TrimSuffix(bytes.TrimSpace(bytes.Clone(file[:at])), []byte(",")), '}'), &all); err != nil {
		t.Fatal(err)
	}
	fn(all)
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return vault.WithChecksum(append(bytes.TrimSuffix(text, []byte("\n}")), ",\n"...))
}

// The device file names entries of the keyring to read and to delete, so nothing in it is believed that this program does not write.
func TestDeviceFileThatIsRefused(t *testing.T) {
	files := map[string][]byte{}
	for name, passphrase := range map[string]string{"keyring": "", "keyring and passphrase": "p"} {
		m, cfg := vaulttest.Create(t, passphrase)
		ok(t, m.Close())
		files[name] = read(t, cfg, vault.DeviceFile)
	}
	ring := vaulttest.NewKeyring()
	ring.FailAll(vaulttest.ErrInjected)
	cfg := vaulttest.Config(t.TempDir(), ring)
	ok(t, vaulttest.Open(t, cfg).Create(ctx, pass("p")))
	files["passphrase"] = read(t, cfg, vault.DeviceFile)

	set := func(name string, value any) func(map[string]any) {
		return func(d map[string]any) { d[name] = value }
	}
	stale := func(names ...string) func(map[string]any) {
		return func(d map[string]any) {
			var list []string
			for _, name := range names {
				list = append(list, d["device"].(string)+name)
			}
			d["stale"] = list
		}
	}
	both, one := []string{"keyring", "keyring and passphrase", "passphrase"}, []string{"keyring", "keyring and passphrase"}
	for what, c := range map[string]struct {
		of     []string
		change func(map[string]any)
		want   error
	}{
		"nothing changed":                  {both, func(map[string]any) {}, nil},
		"an entry to delete":               {both, stale(".0a1b2c3d"), nil},
		"no format":                        {both, set("format", 0), vault.ErrDevice},
		"a later format, and more in it":   {both, func(d map[string]any) { d["format"], d["more"] = 99, 1 }, vault.ErrNewer},
		"more than is known":               {both, set("more", 1), vault.ErrDevice},
		"no device":                        {both, set("device", ""), vault.ErrDevice},
		"a device that is a path":          {both, set("device", "../"+strings.Repeat("a", 29)), vault.ErrDevice},
		"no fingerprint":                   {both, set("key", "x"), vault.ErrDevice},
		"an entry of somebody else's":      {one, set("entry", "login password"), vault.ErrDevice},
		"an entry of another device":       {one, set("entry", strings.Repeat("0", 32)+".0a1b2c3d"), vault.ErrDevice},
		"an entry without end":             {one, func(d map[string]any) { d["entry"] = d["device"].(string) + "." + strings.Repeat("a", 40) }, vault.ErrDevice},
		"somebody else's entry to delete":  {both, set("stale", []string{"login password"}), vault.ErrDevice},
		"nothing to delete":                {both, set("stale", []string{""}), vault.ErrDevice},
		"many to delete":                   {both, stale(strings.Split(strings.Repeat(".0a1b2c3d ", 17)+".0", " ")...), vault.ErrDevice},
		"its own entry to delete":          {one, func(d map[string]any) { d["stale"] = []any{d["entry"]} }, vault.ErrDevice},
		"a protection that nobody knows":   {both, set("protection", "none"), vault.ErrDevice},
		"a keyring without its entry":      {one, func(d map[string]any) { delete(d, "entry") }, vault.ErrDevice},
		"a passphrase without its slot":    {[]string{"passphrase"}, func(d map[string]any) { delete(d, "slot") }, vault.ErrDevice},
		"a passphrase and a keyring entry": {[]string{"passphrase"}, func(d map[string]any) { d["entry"] = d["device"].(string) + ".0a1b2c3d" }, vault.ErrDevice},
		"a keyring and a slot": {one, func(d map[string]any) {
			d["slot"] = json.RawMessage(slotOf(t, files["passphrase"]))
		}, vault.ErrDevice},
	} {
		for _, of := range c.of {
			_, err := vault.DecodeDevice(deviceWith(t, files[of], c.change))
			if !errors.Is(err, c.want) || err == nil && c.want != nil {
				t.Errorf("%s, protected by %s: %v, want %v", what, of, err, c.want)
			}
		}
	}
}

func slotOf(t *testing.T, file []byte) []byte {
	t.Helper()
	var d struct{ Slot json.RawMessage }
	if err := json.Unmarshal(file, &d); err != nil || len(d.Slot) == 0 {
		t.Fatalf("no slot: %v", err)
	}
	return d.Slot
}
