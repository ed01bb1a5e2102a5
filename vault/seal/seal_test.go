package seal

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/secret"
)

func newKey(t testing.TB) *Key {
	t.Helper()
	k, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestRoundTrip(t *testing.T) {
	k := newKey(t)
	// Around the 64 KiB chunks of age, where the last chunk is full or nearly.
	for _, n := range []int{0, 1, 65535, 65536, 65537, 131072, 200_000} {
		want := bytes.Repeat([]byte{'x'}, n)
		file, err := Encrypt(want, k)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decrypt(file, k)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: %d came back, %v", n, len(got), err)
		}
	}
}

func TestKeyText(t *testing.T) {
	k := newKey(t)
	text := string(k.Secret().Reveal())
	if !strings.HasPrefix(text, "AGE-SECRET-KEY-PQ-1") || len(text) > 100 {
		t.Fatalf("%d bytes, not an age identity", len(text))
	}
	for _, form := range []string{text, text + "\n", "# made by hand\n\n  " + text + "\r\n"} {
		again, err := ParseKey(secret.FromString(form))
		if err != nil {
			t.Fatal(err)
		}
		if again.Recipient() != k.Recipient() || again.Fingerprint() != k.Fingerprint() || !again.Secret().Equal(k.Secret()) {
			t.Error("another key came back")
		}
	}
	for _, bad := range []string{"", "#", "x", text[:len(text)-1], text + "A", text + "\n" + text, strings.Replace(text, "-PQ", "", 1)} {
		_, err := ParseKey(secret.FromString(bad))
		if !errors.Is(err, ErrKey) {
			t.Errorf("got %v, want ErrKey", err)
		} else if len(bad) > 20 && strings.Contains(err.Error(), bad[20:]) {
			t.Errorf("the error quotes the key: %v", err)
		}
	}
}

func TestAnotherKey(t *testing.T) {
	file, err := Encrypt([]byte("x"), newKey(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Decrypt(file, newKey(t)); !errors.Is(err, ErrWrongKey) {
		t.Errorf("got %v, want ErrWrongKey", err)
	}
}

// Every byte flipped and every length cut has to be noticed, and said in few words.
func TestEveryByteCounts(t *testing.T) {
	k := newKey(t)
	payload := []byte(`{"format":1} otpauth`)
	file, err := Encrypt(payload, k)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, at int, changed []byte) {
		t.Helper()
		got, err := Decrypt(changed, k)
		if err == nil {
			t.Fatalf("%s %d went unnoticed", what, at)
		}
		if got != nil {
			t.Errorf("%s %d: content came with the error", what, at)
		}
		if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrWrongKey) {
			t.Errorf("%s %d: %v", what, at, err)
		}
		if len(err.Error()) > 120 {
			t.Errorf("%s %d: an error of %d characters", what, at, len(err.Error()))
		}
	}
	for i := range file {
		changed := bytes.Clone(file)
		changed[i] ^= 1
		check("flipped byte", i, changed)
		check("cut at", i, file[:i])
	}
	check("added byte", len(file), append(bytes.Clone(file), 0))
}

func TestFileTooLarge(t *testing.T) {
	if _, err := Decrypt(make([]byte, MaxFile+1), newKey(t)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
	if _, err := Encrypt(make([]byte, MaxFile), newKey(t)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
}
