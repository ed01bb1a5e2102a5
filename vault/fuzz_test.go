package vault_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// Any entries at all: what comes out is an account or a broken entry, nothing is lost,
// and writing it and reading it again changes nothing.
func FuzzEntries(f *testing.F) {
	for _, e := range vault.EncodeVault(vaulttest.Vault(f, vaulttest.Canonical()...)) {
		f.Add(e)
	}
	f.Add([]byte(`{"id":"00000000000000000000000000000001","kind":"manual","n\u0061me":"x","later":[1,{"a":2}],"tags":["a","\u00fc"]}`))
	f.Add([]byte(`{"id":"00000000000000000000000000000001","id":"00000000000000000000000000000001","kind":"totp"}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, entry []byte) {
		// Only what the envelope lets through gets here.
		d, err := seal.Decode([]byte(`{"format":1,"revision":1,"saved":"2026-01-01T00:00:00.000Z","accounts":[` + string(entry) + `]}`))
		if err != nil {
			return
		}
		v := vault.DecodeVault(d.Entries)
		if len(v.Accounts())+len(v.Trash())+len(v.Broken()) != len(d.Entries) {
			t.Fatal("entries are lost")
		}
		for i, e := range vault.EncodeVault(v) {
			if len(v.Broken()) == len(d.Entries) && !bytes.Equal(e, d.Entries[i]) {
				t.Fatal("a broken entry was changed")
			}
		}
		again := vault.DecodeVault(vault.EncodeVault(v))
		if !vault.Same(v, again) {
			t.Fatalf("read, written and read again is something else: %s", vault.EncodeVault(v))
		}
		for _, b := range v.Broken() {
			if b.Err == nil {
				t.Fatal("broken without a reason")
			}
		}
	})
}

// Any device file: an error, or what can be written and read again.
func FuzzDevice(f *testing.F) {
	for _, p := range []string{"", "p"} {
		m, cfg := vaulttest.Create(f, p)
		_ = m.Close()
		f.Add(read(f, cfg, vault.DeviceFile))
	}
	ring := vaulttest.NewKeyring()
	ring.FailAll(vaulttest.ErrInjected)
	cfg := vaulttest.Config(f.TempDir(), ring)
	m := vaulttest.Open(f, cfg)
	ok(f, m.Create(ctx, pass("p")))
	f.Add(read(f, cfg, vault.DeviceFile))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		// The checksum would keep the fuzzer out; it is made to fit.
		if at := bytes.LastIndex(text, []byte(`  "check": "`)); at >= 0 {
			text = vault.WithChecksum(text[:at])
		}
		again, err := vault.DecodeDevice(text)
		if err != nil {
			if !errors.Is(err, vault.ErrDevice) && !errors.Is(err, vault.ErrNewer) {
				t.Fatal(err)
			}
			return
		}
		third, err := vault.DecodeDevice(again)
		if err != nil || !bytes.Equal(again, third) {
			t.Fatalf("%v: %s", err, again)
		}
		if len(again) > 64<<10 || strings.Contains(string(again), "AGE-SECRET-KEY") {
			t.Fatal("what is in there?")
		}
	})
}
