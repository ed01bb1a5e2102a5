package seal

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/secret"
)

const cheapWork = 2

func passFile(t testing.TB, payload, passphrase string) []byte {
	t.Helper()
	file, err := EncryptPassphrase([]byte(payload), secret.FromString(passphrase), cheapWork)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestPassphraseFileRoundTrip(t *testing.T) {
	for _, payload := range []string{"", "x", strings.Repeat("0123456789abcdef", 10_000)} {
		file := passFile(t, payload, "correct horse")
		if work, ok := PassphraseWork(file); !ok || work != cheapWork {
			t.Errorf("work factor %d, %v", work, ok)
		}
		got, err := DecryptPassphrase(file, secret.FromString("correct horse"))
		if err != nil || string(got) != payload {
			t.Errorf("%v, %d bytes", err, len(got))
		}
		if _, err := DecryptPassphrase(file, secret.FromString("correct horse ")); !errors.Is(err, ErrPassphrase) {
			t.Errorf("got %v", err)
		}
	}
}

// The same letters, typed on a keyboard that makes one character of an umlaut and on one that makes two.
func TestPassphraseFileTakesOtherSpellings(t *testing.T) {
	const composed, decomposed = "schl\u00fcssel", "schlu\u0308ssel"
	for _, pair := range [][2]string{{composed, decomposed}, {decomposed, composed}} {
		typed := secret.FromString(pair[1])
		if _, err := DecryptPassphrase(passFile(t, "p", pair[0]), typed); err != nil {
			t.Errorf("%+q does not open what %+q closed: %v", pair[1], pair[0], err)
		}
		if string(typed.Reveal()) != pair[1] {
			t.Errorf("%+q is not the caller's any more: %d bytes", pair[1], typed.Len())
		}
	}
}

func TestPassphraseFileRefused(t *testing.T) {
	good := passFile(t, strings.Repeat("content ", 20_000), "p")
	costly := bytes.Replace(good, []byte(" 2\n"), []byte(" 21\n"), 1)
	huge := bytes.Replace(good, []byte(" 2\n"), []byte(" 999999999999\n"), 1)
	key, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	vault, err := Encrypt([]byte("x"), key)
	if err != nil {
		t.Fatal(err)
	}
	body := bytes.Clone(good)
	body[len(body)-9] ^= 1
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"empty": {nil, ErrDamaged}, "vault file": {vault, ErrDamaged}, "cut in the header": {good[:60], ErrDamaged},
		"cut in the content": {good[:len(good)-70_000], ErrDamaged}, "changed content": {body, ErrDamaged},
		"costly": {costly, ErrKDF}, "far too costly": {huge, ErrKDF},
		"too large": {make([]byte, MaxFile+1), ErrTooLarge},
	} {
		if _, err := DecryptPassphrase(c.file, secret.FromString("p")); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	for passphrase, want := range map[string]error{"": ErrPassphrase, strings.Repeat("x", MaxPassphrase+1): ErrTooLarge} {
		if _, err := EncryptPassphrase(nil, secret.FromString(passphrase), cheapWork); !errors.Is(err, want) {
			t.Errorf("closed with a passphrase of %d bytes: %v, want %v", len(passphrase), err, want)
		}
		if _, err := DecryptPassphrase(good, secret.FromString(passphrase)); !errors.Is(err, want) {
			t.Errorf("opened with a passphrase of %d bytes: %v, want %v", len(passphrase), err, want)
		}
	}
	if _, err := EncryptPassphrase(make([]byte, MaxFile), secret.FromString("p"), cheapWork); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a file of more than may be read was written: %v", err)
	}
	if WorkMemory(DefaultWork) != 256<<20 || WorkMemory(MaxWork) != 1<<30 || WorkMemory(1000) < 1<<40 {
		t.Error("the memory of a work factor is wrong")
	}
}

// What a file asks for is read before anything of it is believed: a number that is not written as age writes it is none.
func TestPassphraseWork(t *testing.T) {
	const head = intro + "-> scrypt "
	for text, want := range map[string]int{
		head + "c2FsdA 18\n": 18, head + "c2FsdA 9\n": 9, head + "c2FsdA 30\nmore": 30,
		"": 0, intro: 0, head: 0, head + "c2FsdA 18": 0, head + "c2FsdA\n": 0, head + "c2FsdA \n": 0, head + "c2FsdA 018\n": 0, head + "c2FsdA +18\n": 0,
		head + "c2FsdA -18\n": 0, head + "c2FsdA 0\n": 0, head + "c2FsdA 1x\n": 0, head + "c2FsdA 18 \n": 0, head + "c2FsdA 99999999999999999999\n": 0,
		intro + "-> X25519 c2FsdA 18\n": 0, head + strings.Repeat("c", 200) + " 18\n": 0,
	} {
		if work, ok := PassphraseWork([]byte(text)); ok != (want != 0) || ok && work != want {
			t.Errorf("%.60q: work factor %d, %v; want %d", text, work, ok, want)
		}
	}
}

// Nobody who does not say what it is to cost gets less than the age tool takes.
func TestPassphraseFileCostsWhatItShould(t *testing.T) {
	file, err := EncryptPassphrase([]byte("x"), secret.FromString("p"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if work, ok := PassphraseWork(file); !ok || work != DefaultWork || work < 18 {
		t.Errorf("work factor %d, %v", work, ok)
	}
}
