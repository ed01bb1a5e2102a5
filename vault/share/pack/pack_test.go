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
	for _, word := range []string{marker, "KRAUYTCZ", "7a11e5713c6d0705"} { // a PIN of four digits would be found among codes
		if bytes.Contains(text, []byte(word)) {
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

// openWith opens a pack as the age command does, with the text of an identity file.
func openWith(t *testing.T, file []byte, identity string) (Pack, error) {
	t.Helper()
	ids, err := age.ParseIdentities(strings.NewReader(identity))
	if err != nil {
		t.Fatal(err)
	}
	return open(file, ids...)
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
		if _, err := openWith(t, file, k.with); err != nil {
			t.Error(err)
		}
		if _, err := openWith(t, file, k.other); !errors.Is(err, ErrWrongKey) {
			t.Errorf("another key: %v", err)
		}
		for i := range file {
			if i%37 == 0 {
				bad := bytes.Clone(file)
				bad[i] ^= 1
				if _, err := openWith(t, bad, k.with); err == nil {
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
	for _, work := range []int{maxWork + 1, 30} { // the first is one that age by itself would spend
		costly := bytes.Replace(file, []byte(" 4\n"), fmt.Appendf(nil, " %d\n", work), 1)
		if _, err := OpenPassphrase(costly, secret.FromString("one")); !errors.Is(err, ErrDamaged) {
			t.Errorf("a file that costs too much to open, %d: %v", work, err)
		}
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
		{make([]Account, MaxAccounts+1), time.Hour, ErrTooLarge},
		{[]Account{{Issuer: strings.Repeat("i", maxLabel+1), Params: otp.New(otp.TOTP, secret.FromString(marker))}}, time.Hour, ErrTooLarge},
		{[]Account{{Name: strings.Repeat("n", maxLabel+1), Params: otp.New(otp.TOTP, secret.FromString(marker))}}, time.Hour, ErrTooLarge},
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

// TestWhatIsNoPack: each is wrong in one thing, and would give codes that are wrong, or too many of them.
func TestWhatIsNoPack(t *testing.T) {
	p, err := Make(accounts()[:1], from, 10*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.encode()
	if err != nil {
		t.Fatal(err)
	}
	codes := string(p.Accounts[0].text.Reveal())
	life := int64(MaxLife / time.Second)
	for what, x := range map[string]struct {
		was, is string
		want    error
	}{
		"no JSON":                             {"{", "", ErrDamaged},
		"no format":                           {`"format":1`, `"format":0`, ErrDamaged},
		"a later format, and more unknown":    {`"format":1`, `"format":2,"later":[]`, ErrNewer},
		"more than is known":                  {`"format":1`, `"format":1,"later":[]`, ErrDamaged},
		"a time before 1970":                  {fmt.Sprintf(`"from":%d`, p.From.Unix()), `"from":-1`, ErrDamaged},
		"an end before its beginning":         {fmt.Sprintf(`"until":%d`, p.Until.Unix()), fmt.Sprintf(`"until":%d`, p.From.Unix()), ErrDamaged},
		"a longer time than any":              {fmt.Sprintf(`"until":%d`, p.Until.Unix()), fmt.Sprintf(`"until":%d`, p.From.Unix()+life+1), ErrDamaged},
		"no accounts":                         {string(text[bytes.IndexByte(text, '['):]), "[]}", ErrTooLarge},
		"a kind that counts":                  {`"kind":"totp"`, `"kind":"hotp"`, ErrDamaged},
		"a kind that nobody knows":            {`"kind":"totp"`, `"kind":"x"`, ErrDamaged},
		"no period":                           {`"period":30`, `"period":0`, ErrDamaged},
		"a period over a day":                 {`"period":30`, `"period":86401`, ErrDamaged},
		"codes of no digits":                  {`"width":6`, `"width":0`, ErrDamaged},
		"codes of too many digits":            {`"width":6`, `"width":11`, ErrDamaged},
		"codes that begin at another time":    {fmt.Sprintf(`"start":%d`, p.Accounts[0].start), fmt.Sprintf(`"start":%d`, p.Accounts[0].start+1), ErrDamaged},
		"a code too few":                      {codes, codes[6:], ErrDamaged},
		"half a code too many":                {codes, codes + "123", ErrDamaged},
		"a blank among the codes":             {codes, " " + codes[1:], ErrDamaged},
		"a sign between digits and letters":   {codes, ":" + codes[1:], ErrDamaged},
		"a sign between the letters":          {codes, "[" + codes[1:], ErrDamaged},
		"a sign behind the letters":           {codes, "{" + codes[1:], ErrDamaged},
		"a name of an account without end":    {`"name":"anna"`, `"name":"` + strings.Repeat("n", maxLabel+1) + `"`, ErrDamaged},
		"an issuer of an account without end": {`"Harbour PBX"`, `"` + strings.Repeat("i", maxLabel+1) + `"`, ErrDamaged},
	} {
		if !bytes.Contains(text, []byte(x.was)) {
			t.Fatalf("%s: %s is not in the pack", what, x.was)
		}
		if _, err := Decode(bytes.Replace(text, []byte(x.was), []byte(x.is), 1)); !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", what, err, x.want)
		}
	}
	if _, err := Decode(text); err != nil {
		t.Errorf("the unchanged one: %v", err)
	}
	// These hang together in all else.
	consistent := func(from, life, period int64, width int) Pack {
		first, last := from/period, (from+life-1)/period
		return Pack{From: time.Unix(from, 0), Until: time.Unix(from+life, 0), Accounts: []Codes{{
			Kind: otp.TOTP, Period: int(period), start: first, width: width, text: secret.FromString(strings.Repeat("0", int(last-first+1)*width)),
		}}}
	}
	start := p.From.Unix()
	crowd := consistent(start, 600, 30, 6)
	for range MaxAccounts {
		crowd.Accounts = append(crowd.Accounts, crowd.Accounts[0])
	}
	for what, x := range map[string]struct {
		p    Pack
		want error
	}{
		"the longest time":                  {consistent(start, life, 3600, 6), nil},
		"a second more":                     {consistent(start, life+1, 3600, 6), ErrDamaged},
		"the longest period":                {consistent(start, 600, otp.MaxPeriod, 6), nil},
		"a second more of a period":         {consistent(start, 600, otp.MaxPeriod+1, 6), ErrDamaged},
		"the most digits":                   {consistent(start, 600, 30, otp.MaxDigits), nil},
		"a digit more":                      {consistent(start, 600, 30, otp.MaxDigits+1), ErrDamaged},
		"the first second of all":           {consistent(0, 600, 30, 6), nil},
		"an account more than there may be": {crowd, ErrTooLarge},
	} {
		text, err := x.p.encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(text); !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", what, err, x.want)
		}
	}
	pair, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openWith(t, make([]byte, MaxFile+1), pair.String()); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a file without end: %v", err)
	}
	file, err := p.SealTo(" " + pair.Recipient().String() + "\n") // as it is pasted
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenPassphrase(file, secret.FromString("words")); !errors.Is(err, ErrDamaged) {
		t.Errorf("words for a file that is for a key: %v", err)
	}
}

// TestWhatIsTheSame: a pack that differs in one thing is another one.
func TestWhatIsTheSame(t *testing.T) {
	p, err := Make(accounts()[:1], from, 10*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*Pack){
		"the beginning":  func(p *Pack) { p.From = p.From.Add(time.Second) },
		"the end":        func(p *Pack) { p.Until = p.Until.Add(time.Second) },
		"an issuer":      func(p *Pack) { p.Accounts[0].Issuer = "x" },
		"a name":         func(p *Pack) { p.Accounts[0].Name = "x" },
		"a kind":         func(p *Pack) { p.Accounts[0].Kind = otp.Steam },
		"a period":       func(p *Pack) { p.Accounts[0].Period++ },
		"the first code": func(p *Pack) { p.Accounts[0].start++ },
		"a width":        func(p *Pack) { p.Accounts[0].width++ },
		"the codes":      func(p *Pack) { p.Accounts[0].text.Reveal()[0] ^= 1 },
		"an account":     func(p *Pack) { p.Accounts = append(p.Accounts, p.Accounts[0]) },
	} {
		other := p.Clone()
		if !other.Same(p) {
			t.Fatal("a copy is another one")
		}
		if change(&other); other.Same(p) {
			t.Errorf("another pack in %s is taken for the same", what)
		}
	}
	text := p.Accounts[0].text
	if p.Wipe(); len(p.Accounts) != 0 || !text.IsEmpty() {
		t.Error("wiping left codes behind")
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
