package seal

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/tallystick/tallystick/vault/secret"
)

// The committed corpus holds a file for this key, which protects nothing else.
const (
	fuzzKey     = "AGE-SECRET-KEY-PQ-19HNQDCGGQHAWQPVGU6PWFL96MEYNPH8UFFH0NHAL8FFZG6UD3C9SHUTNFF"
	fuzzPayload = `{"format":1,"revision":1,"saved":"2026-01-01T00:00:00.000Z","accounts":[{}]}`
)

// Any bytes as a vault file: an error of this package, or content. Nothing that was not
// made with the key decrypts.
func FuzzOpen(f *testing.F) {
	k, err := ParseKey(secret.FromString(fuzzKey))
	if err != nil {
		f.Fatal(err)
	}
	payload := []byte(fuzzPayload)
	file, err := Encrypt(payload, k)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file, true)
	f.Add(file[:len(file)-1], true)
	f.Add([]byte("age-encryption.org/v1\n-> mlkem768x25519 AAAA\nAAAA\n--- AAAA\n"), true)
	f.Add([]byte("age-encryption.org/v1\n-> scrypt AAAA 30\nAAAA\n--- AAAA\n"), true)
	f.Add([]byte("-----BEGIN AGE ENCRYPTED FILE-----\n"), true)
	f.Add(payload, false)
	f.Fuzz(func(t *testing.T, data []byte, sealed bool) {
		if sealed {
			plain, err := Decrypt(data, k)
			if err != nil {
				if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrWrongKey) && !errors.Is(err, ErrTooLarge) {
					t.Fatal(err)
				}
				return
			}
			if !bytes.Equal(plain, payload) {
				t.Fatal("something forged decrypts")
			}
			data = plain
		}
		d, err := Decode(data)
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNewer) && !errors.Is(err, ErrTooLarge) {
				t.Fatal(err)
			}
			return
		}
		text, err := d.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(text)
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if second, err := again.Encode(); err != nil || !bytes.Equal(second, text) {
			t.Fatalf("%v: %s became %s", err, text, second)
		}
	})
}

// Any text as a slot: an error of this package, or a slot that can be written again. Costs
// are not spent: the limits are checked first, and here they let nothing through.
func FuzzSlot(f *testing.F) {
	good, err := json.Marshal(wrap(f, "value", "p"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"slot":1,"kdf":"argon2id","memory_kib":4294967295,"time":4294967295,"threads":255,"norm":"nfkc","salt":"AAAAAAAAAAAAAAAAAAAAAA==","nonce":"","box":""}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var s Slot
		if err := s.UnmarshalJSON(text); err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNewer) && !errors.Is(err, ErrTooLarge) {
				t.Fatal(err)
			}
			return
		}
		again, err := s.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var back Slot
		if err := back.UnmarshalJSON(again); err != nil {
			t.Fatalf("%v: %s", err, again)
		}
		if s.KDF.Validate(0) != nil {
			if _, err := s.Unwrap(secret.FromString("p"), 0, where); !errors.Is(err, ErrKDF) {
				t.Fatal(err)
			}
		}
	})
}
