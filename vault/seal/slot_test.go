package seal

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/secret"
)

// cheap is a KDF cost for tests; its memory is under the floor of real slots.
var cheap = KDF{MemoryKiB: 64, Time: 1, Threads: 1}

const cheapFloor = 8

var where = Context{Device: strings.Repeat("0f", 16), Use: OnDisk}

func wrap(t testing.TB, value, pass string) Slot {
	t.Helper()
	s, err := Wrap(secret.FromString(value), secret.FromString(pass), cheap, cheapFloor, where, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSlot(t *testing.T) {
	k := newKey(t)
	s := wrap(t, string(k.Secret().Reveal()), "correct horse")
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 400 || !IsSlot(text) || IsSlot(k.Secret().Reveal()) {
		t.Errorf("%d bytes: %s", len(text), text)
	}
	var back Slot
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	got, err := back.Unwrap(secret.FromString("correct horse"), cheapFloor, where)
	if err != nil || !got.Equal(k.Secret()) {
		t.Fatalf("not what was put in: %v", err)
	}
	for _, wrong := range []string{"Correct horse", "correct horse ", "x"} {
		if _, err := back.Unwrap(secret.FromString(wrong), cheapFloor, where); !errors.Is(err, ErrPassphrase) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if _, err := back.Unwrap(secret.Bytes{}, cheapFloor, where); !errors.Is(err, ErrPassphrase) {
		t.Errorf("empty: %v", err)
	}
	if _, err := back.Unwrap(secret.FromString(strings.Repeat("x", MaxPassphrase+1)), cheapFloor, where); !errors.Is(err, ErrTooLarge) {
		t.Errorf("long: %v", err)
	}
}

// The same letters are the same passphrase, however they were composed.
func TestPassphraseIsNormalised(t *testing.T) {
	s := wrap(t, "value", "Zür\u0131ch ﬁ ａ") // composed, ligature, wide
	if _, err := s.Unwrap(secret.FromString("Zu\u0308r\u0131ch fi a"), cheapFloor, where); err != nil {
		t.Error(err)
	}
}

// Everything public about a slot is bound to it.
func TestSlotIsBound(t *testing.T) {
	pass := secret.FromString("p")
	s := wrap(t, "value", "p")
	for name, change := range map[string]func(*Slot, *Context){
		"device": func(_ *Slot, c *Context) { c.Device = strings.Repeat("0e", 16) },
		"use":    func(_ *Slot, c *Context) { c.Use = InKeyring },
		"memory": func(s *Slot, _ *Context) { s.KDF.MemoryKiB++ },
		"time":   func(s *Slot, _ *Context) { s.KDF.Time++ },
		"lanes":  func(s *Slot, _ *Context) { s.KDF.Threads++ },
		"salt":   func(s *Slot, _ *Context) { s.Salt[0] ^= 1 },
		"nonce":  func(s *Slot, _ *Context) { s.Nonce[0] ^= 1 },
		"box":    func(s *Slot, _ *Context) { s.Box = append([]byte{s.Box[0] ^ 1}, s.Box[1:]...) },
	} {
		other, c := s, where
		change(&other, &c)
		if _, err := other.Unwrap(pass, cheapFloor, c); !errors.Is(err, ErrPassphrase) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Unwrap(pass, cheapFloor, where); err != nil {
		t.Error("the unchanged one:", err)
	}
}

func TestKDFLimits(t *testing.T) {
	if err := DefaultKDF().Validate(0); err != nil {
		t.Error(err)
	}
	ok := KDF{MinMemoryKiB, 1, 1}
	for _, k := range []KDF{ok, {MaxMemoryKiB, MaxTime, MaxThreads}} {
		if err := k.Validate(0); err != nil {
			t.Error(k, err)
		}
	}
	for _, k := range []KDF{
		{}, cheap, {MinMemoryKiB - 1, 1, 1}, {MaxMemoryKiB + 1, 1, 1}, {MinMemoryKiB, 0, 1},
		{MinMemoryKiB, MaxTime + 1, 1}, {MinMemoryKiB, 1, 0}, {MinMemoryKiB, 1, MaxThreads + 1}, {1<<32 - 1, 1<<32 - 1, 255},
	} {
		if err := k.Validate(0); !errors.Is(err, ErrKDF) {
			t.Errorf("%v: %v", k, err)
		}
		s := wrap(t, "value", "p")
		s.KDF = k
		if _, err := s.Unwrap(secret.FromString("p"), 0, where); !errors.Is(err, ErrKDF) {
			t.Errorf("%v: read: %v", k, err)
		}
		if _, err := Wrap(secret.FromString("v"), secret.FromString("p"), k, 0, where, rand.Reader); !errors.Is(err, ErrKDF) {
			t.Errorf("%v: written: %v", k, err)
		}
	}
	if err := (KDF{8, 1, 2}).Validate(cheapFloor); !errors.Is(err, ErrKDF) {
		t.Errorf("too little memory for two lanes: %v", err)
	}
}

func TestSlotText(t *testing.T) {
	good, err := json.Marshal(wrap(t, "value", "p"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(good)
	// with is the same text with another number of bytes in one of its parts.
	with := func(part string, n int) string {
		var all map[string]json.RawMessage
		if err := json.Unmarshal(good, &all); err != nil {
			t.Fatal(err)
		}
		all[part], _ = json.Marshal(make([]byte, n))
		changed, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		return string(changed)
	}
	var s Slot
	if err := s.UnmarshalJSON([]byte(with("salt", 16))); err != nil {
		t.Fatalf("in another order, with the right number of bytes: %v", err)
	}
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"newer":        {strings.Replace(text, `"slot":1`, `"slot":2,"new":true`, 1), ErrNewer},
		"unknown":      {strings.Replace(text, `"slot":1`, `"slot":1,"new":true`, 1), ErrDamaged},
		"no version":   {strings.Replace(text, `"slot":1,`, ``, 1), ErrDamaged},
		"kdf":          {strings.Replace(text, `argon2id`, `argon2d`, 1), ErrDamaged},
		"norm":         {strings.Replace(text, `nfkc`, `nfc`, 1), ErrDamaged},
		"huge threads": {strings.Replace(text, `"threads":1`, `"threads":1000`, 1), ErrDamaged},
		"negative":     {strings.Replace(text, `"time":1`, `"time":-1`, 1), ErrDamaged},
		"short salt":   {with("salt", 15), ErrDamaged},
		"long salt":    {with("salt", 17), ErrDamaged},
		"short nonce":  {with("nonce", 23), ErrDamaged},
		"long nonce":   {with("nonce", 25), ErrDamaged},
		"empty box":    {with("box", 16), ErrDamaged}, // the tag, and nothing in it
		"no JSON":      {text[1:], ErrDamaged},
		"two":          {text + text, ErrDamaged},
		"no box":       {text[:strings.Index(text, `"box"`)] + `"box":""}`, ErrDamaged},
		"long":         {strings.Replace(text, `"box":"`, `"box":"`+strings.Repeat("A", MaxSlot), 1), ErrTooLarge},
		"list":         {`[]`, ErrDamaged},
	} {
		var s Slot
		if err := s.UnmarshalJSON([]byte(c.text)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// faltering is a source of random bytes that fails at one reading, and only then.
type faltering int

func (f *faltering) Read(p []byte) (int, error) {
	if *f--; *f == 0 {
		return 0, errors.New("not now")
	}
	return len(p), nil
}

func TestNoRandomness(t *testing.T) {
	for _, n := range []faltering{1, 2} {
		at := n
		if _, err := Wrap(secret.FromString("v"), secret.FromString("p"), cheap, cheapFloor, where, &n); err == nil {
			t.Errorf("a slot although reading %d of random bytes failed", at)
		}
	}
}

func TestWhatDoesNotGoIntoASlot(t *testing.T) {
	for name, c := range map[string]struct {
		value, pass string
		want        error
	}{
		"nothing to type": {"v", "", ErrPassphrase}, "too much to type": {"v", strings.Repeat("x", MaxPassphrase+1), ErrTooLarge},
		"too much inside": {strings.Repeat("v", MaxSlot/2+1), "p", ErrTooLarge},
	} {
		if _, err := Wrap(secret.FromString(c.value), secret.FromString(c.pass), cheap, cheapFloor, where, rand.Reader); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if IsSlot(nil) {
		t.Error("nothing is a slot")
	}
}
