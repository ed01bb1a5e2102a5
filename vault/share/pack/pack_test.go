package pack

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

var from = time.Date(2026, 3, 4, 5, 6, 7, 800, time.UTC)

const marker = "TALLYpackKEYmarker01"

func accounts() []Account {
	motp := otp.New(otp.MOTP, secret.FromString("7a11e5713c6d0705"))
	motp.PIN = secret.FromString("9876")
	eight := otp.New(otp.TOTP, secret.FromString(marker))
	eight.Digits, eight.Period, eight.Algorithm = 8, 60, otp.SHA512
	return []Account{
		{"Harbour PBX", "anna", otp.New(otp.TOTP, secret.FromString(marker))},
		{"Steam", "anna", otp.New(otp.Steam, secret.FromString(marker))},
		{"Build farm", "ü", motp},
		{"Eight", "", eight},
	}
}

// TestEveryCode compares each second of a pack with what the account says.
func TestEveryCode(t *testing.T) {
	p, err := Make(accounts(), from, 3*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	file, err := p.sealPassphrase(secret.FromString("pass phrase"), 4)
	if err != nil {
		t.Fatal(err)
	}
	p.Wipe()
	if !NeedsPassphrase(file) {
		t.Error("it asks for no passphrase")
	}
	p, err = OpenPassphrase(file, secret.FromString("pass phrase"))
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range accounts() {
		for at := p.From; at.Before(p.Until); at = at.Add(time.Second) {
			want, err := a.Params.Code(at)
			if err != nil {
				t.Fatal(err)
			}
			got, left, err := p.Accounts[i].Code(at)
			if err != nil || got != want || left != a.Params.Remaining(at) {
				t.Fatalf("%s at %s: %s for %s, %v; want %s for %s", a.Issuer, at, got, left, err, want, a.Params.Remaining(at))
			}
		}
	}
	if _, err := p.Left(p.From); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		at   time.Time
		want error
	}{{p.From.Add(-2 * time.Minute), ErrNotYet}, {p.Until.Add(time.Minute), ErrOver}} {
		if _, _, err := p.Accounts[0].Code(c.at); !errors.Is(err, c.want) {
			t.Errorf("at %s: %v", c.at, err)
		}
		if _, err := p.Left(c.at); !errors.Is(err, c.want) {
			t.Errorf("at %s: %v", c.at, err)
		}
	}
}

func TestNoSecretInside(t *testing.T) {
	p, err := Make(accounts(), from, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{marker, "KRAUYTCZ", "7a11e5713c6d0705", "9876"} {
		if word != "9876" && bytes.Contains(text, []byte(word)) {
			t.Errorf("the pack holds %s", word)
		}
	}
	code, _, err := p.Accounts[0].Code(p.From)
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{fmt.Sprintf("%v %+v %#v %s", p, p, p, p), fmt.Sprintf("%v %#v", p.Accounts[0], p.Accounts)} {
		if strings.Contains(printed, code) {
			t.Errorf("printed: %s", printed)
		}
	}
}

func TestToAKey(t *testing.T) {
	p, err := Make(accounts()[:1], from, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	pq, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	classic, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct{ to, with, other string }{
		{pq.Recipient().String(), pq.String(), classic.String()}, {classic.Recipient().String(), classic.String(), pq.String()},
	} {
		file, err := p.SealTo(k.to)
		if err != nil {
			t.Fatal(err)
		}
		if NeedsPassphrase(file) {
			t.Error("it asks for a passphrase")
		}
		if _, err := OpenWith(file, secret.FromString(k.with)); err != nil {
			t.Error(err)
		}
		if _, err := OpenWith(file, secret.FromString(k.other)); !errors.Is(err, ErrWrongKey) {
			t.Errorf("another key: %v", err)
		}
		for i := range file {
			if i%37 == 0 {
				bad := bytes.Clone(file)
				bad[i] ^= 1
				if _, err := OpenWith(bad, secret.FromString(k.with)); err == nil {
					t.Fatalf("opened with byte %d changed", i)
				}
			}
		}
	}
	if _, err := p.SealTo("age1nonsense"); !errors.Is(err, ErrRecipient) {
		t.Errorf("to nobody: %v", err)
	}
}

func TestWrongPassphrase(t *testing.T) {
	p, err := Make(accounts()[:1], from, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	file, err := p.sealPassphrase(secret.FromString("one"), 4)
	if err != nil {
		t.Fatal(err)
	}
	for _, pass := range []string{"two", ""} {
		if _, err := OpenPassphrase(file, secret.FromString(pass)); !errors.Is(err, ErrWrongKey) {
			t.Errorf("%q: %v", pass, err)
		}
	}
	if _, err := p.SealPassphrase(secret.Bytes{}); !errors.Is(err, ErrWrongKey) {
		t.Errorf("sealed under nothing: %v", err)
	}
	costly := bytes.Replace(file, []byte(" 4\n"), []byte(" 30\n"), 1)
	if _, err := OpenPassphrase(costly, secret.FromString("one")); !errors.Is(err, ErrDamaged) {
		t.Errorf("a file that costs too much to open: %v", err)
	}
}

func TestWhatCannotBePacked(t *testing.T) {
	for _, c := range []struct {
		a    []Account
		life time.Duration
		want error
	}{
		{[]Account{{Params: otp.New(otp.HOTP, secret.FromString(marker))}}, time.Hour, ErrKind},
		{[]Account{{Params: otp.Params{Kind: otp.Manual}}}, time.Hour, ErrKind},
		{accounts(), 0, ErrLife},
		{accounts(), MaxLife + 1, ErrLife},
		{nil, time.Hour, ErrTooLarge},
		{[]Account{{Params: otp.New(otp.TOTP, secret.Bytes{})}}, time.Hour, otp.ErrSecret},
	} {
		if _, err := Make(c.a, from, c.life); !errors.Is(err, c.want) {
			t.Errorf("%d accounts for %s: %v, want %v", len(c.a), c.life, err, c.want)
		}
	}
	many := otp.New(otp.TOTP, secret.FromString(marker))
	many.Period = 1
	if _, err := Make([]Account{{Params: many}, {Params: many}}, from, MaxLife); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a code every second for a month: %v", err)
	}
}

// TestWhoMadeIt: the name goes along, and is part of what is the same.
func TestWhoMadeIt(t *testing.T) {
	p, err := Make(accounts(), from, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	p.By = "Maria, front desk"
	text, err := p.encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(text)
	if err != nil || back.By != p.By || !back.Same(p) {
		t.Errorf("%v, by %q", err, back.By)
	}
	copied := p.Clone()
	back.By = "Ben"
	if back.Same(p) || !copied.Same(p) {
		t.Error("packs of two people are the same")
	}
	other, err := Make(accounts()[1:], from, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	later, err := Make(accounts(), from.Add(time.Second), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if other.By, later.By = p.By, p.By; other.Same(p) || later.Same(p) {
		t.Error("packs of other accounts or times are the same")
	}
	p.Wipe()
	if _, _, err := copied.Accounts[0].Code(from); err != nil || copied.Accounts[0].Digits() != 6 {
		t.Errorf("a copy went with the original: %v", err)
	}
	copied.By = strings.Repeat("m", maxLabel+1)
	if _, err := copied.encode(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a name without end: %v", err)
	}
	if _, err := Decode(bytes.Replace(text, []byte("Maria"), bytes.Repeat([]byte("m"), maxLabel), 1)); !errors.Is(err, ErrDamaged) {
		t.Errorf("a name without end is read: %v", err)
	}
}

// TestSizeIsNearlyRight: what is said before is about what is written.
func TestSizeIsNearlyRight(t *testing.T) {
	key, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	for _, life := range []time.Duration{MinLife, 8 * time.Hour, 7 * 24 * time.Hour} {
		size, err := Size(accounts(), from, life)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Make(accounts(), from, life)
		if err != nil {
			t.Fatal(err)
		}
		file, err := p.SealTo(key.Recipient().String())
		if err != nil {
			t.Fatal(err)
		}
		if off := size - int64(len(file)); off < -500 || off > 1_500 {
			t.Errorf("%s: %d bytes were announced, %d written", life, size, len(file))
		}
	}
	if _, err := Size(accounts(), from, 0); !errors.Is(err, ErrLife) {
		t.Error(err)
	}
	if _, err := Size([]Account{{Params: otp.New(otp.HOTP, secret.Bytes{})}}, from, time.Hour); !errors.Is(err, ErrKind) {
		t.Error(err)
	}
}

func FuzzDecode(f *testing.F) {
	p, err := Make(accounts(), from, time.Minute)
	if err != nil {
		f.Fatal(err)
	}
	text, err := p.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"format":2}`))
	f.Add([]byte(`{"format":1,"from":1,"until":2,"accounts":[{"kind":"totp","period":1,"start":1,"width":1,"codes":"1"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := Decode(text)
		if err != nil {
			return
		}
		for at := p.From; at.Before(p.Until); at = at.Add(max(time.Second, p.Until.Sub(p.From)/8)) {
			for _, c := range p.Accounts {
				if code, left, err := c.Code(at); err != nil || code == "" || left <= 0 {
					t.Errorf("%q for %s at %s: %v", code, left, at, err)
				}
			}
		}
		again, err := p.encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(again); err != nil {
			t.Error(err)
		}
	})
}
