package kdbx

import (
	"context"
	"testing"

	"github.com/tallystick/tallystick/vault/secret"
)

// FuzzParse: a header from anywhere is read or refused. Derivations that are cheap enough to be tried are tried.
func FuzzParse(f *testing.F) {
	for _, major := range []uint16{3, 4} {
		f.Add(sealed{major: major, cipher: cipherAES, stream: streamSalsa20, kdf: testKDF, xml: []byte("<KeePassFile/>")}.write(f))
	}
	f.Add(sealed{major: 4, cipher: cipherChaCha20, kdf: kdf{kind: kdfArgon2id, iterations: 1, memory: 8 << 10, lanes: 1}, xml: []byte("<KeePassFile/>")}.write(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(data)
		if err != nil {
			return
		}
		memory, iterations := d.Cost()
		if memory > MaxMemory || memory == 0 && iterations > MaxRounds {
			t.Fatalf("%d bytes and %d passes were let through", memory, iterations)
		}
		if memory > 1<<20 || iterations > 1000 {
			return
		}
		if c, err := d.Read(context.Background(), secret.FromString(testPassphrase)); err == nil {
			c.Wipe()
		}
	})
}

// FuzzContent puts anything where the XML is, under a right passphrase.
func FuzzContent(f *testing.F) {
	f.Add(testDocument(hide(f, streamSalsa20)), true, []byte{3, 1, 0, 0, 0, 9})
	f.Add([]byte(`<KeePassFile><Root><Group><Entry><String><Key>otp</Key><Value Protected="True">AA==</Value></String></Entry></Group></Root></KeePassFile>`), false, []byte{})
	f.Add([]byte(`<!DOCTYPE x [<!ENTITY a "b">]><KeePassFile>&a;</KeePassFile>`), true, []byte{2})
	f.Fuzz(func(t *testing.T, xml []byte, packed bool, inner []byte) {
		for _, major := range []uint16{3, 4} {
			c, err := read(t, sealed{major: major, cipher: cipherAES, stream: streamSalsa20, kdf: testKDF, plain: !packed, inner: inner, xml: xml}.write(t))
			if err == nil && len(c.Entries) > MaxEntries {
				t.Fatal("too many entries")
			}
		}
		if c, err := ReadXML(context.Background(), xml); err == nil && len(c.Entries) > MaxEntries {
			t.Fatal("too many entries")
		}
	})
}
