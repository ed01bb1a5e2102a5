package exports

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
	"github.com/tallystick/tallystick/vault/picture"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/transfer"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func vaultOf(t testing.TB, accounts ...vault.Account) *vault.Vault {
	t.Helper()
	v := vault.New()
	random := vaulttest.Random(11)
	for _, a := range accounts {
		_, err := v.Add(a, random, vaulttest.Epoch)
		ok(t, err)
	}
	return v
}

func options(passphrase string) Options {
	return Options{Passphrase: secret.FromString(passphrase), Now: vaulttest.Epoch, Rand: vaulttest.Random(5), Work: 2}
}

// random makes accounts with whatever a vault accepts.
func random(seed uint64, n int) []vault.Account {
	r := rand.New(rand.NewPCG(seed, 1))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	text := func() string {
		return pick("", "Example", "Größe & mehr", "a:b", "x y", "100 %", "#1", "漢字", "back\\slash", "q?&=", "\"quoted\"", "tab\there", "new\nline", strings.Repeat("long ", 60))
	}
	key := func(n int) secret.Bytes {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.UintN(256))
		}
		return secret.New(b)
	}
	var list []vault.Account
	for range n {
		a := vault.Account{Issuer: text(), Name: text(), Note: pick("", "a note\nof two lines"), URL: pick("", "https://x.example/login"), Favourite: r.IntN(2) == 0}
		if len(list)%4 == 1 {
			a.Picture = drawn(byte(len(list)))
		}
		for range r.IntN(4) {
			a.Tags = append(a.Tags, pick("work", "home", "money", "Ü & é", "two words"))
		}
		switch r.IntN(7) {
		case 0, 1:
			a.Params = otp.New(otp.TOTP, key(1+r.IntN(64)))
			a.Params.Digits, a.Params.Period = 1+r.IntN(10), []int{10, 15, 30, 60, 90, 300}[r.IntN(6)]
			a.Params.Algorithm = []otp.Algorithm{otp.SHA1, otp.SHA256, otp.SHA512}[r.IntN(3)]
		case 2:
			a.Params = otp.New(otp.HOTP, key(20))
			a.Params.Counter = r.Uint64N(1 << (1 + r.UintN(62)))
			a.Params.Digits = 5 + r.IntN(5)
		case 3:
			a.Params = otp.New(otp.Steam, key(20))
		case 4:
			a.Params = otp.New(otp.MOTP, secret.FromString(pick("0123456789abcdef", "0123456789ABCDEF", "0123456789abcdef0")))
			a.Params.PIN = secret.FromString("1234")
		case 5:
			a.Params = otp.New(otp.Yandex, secret.FromString(vaulttest.YandexKey))
			a.Params.PIN = secret.FromString("5678")
		default:
			a.Params = otp.Params{Kind: otp.Manual}
		}
		if r.IntN(3) == 0 {
			a.Recovery = recovery.Sheets{{ID: strings.Repeat("ab", 16), Added: vaulttest.Epoch, Keys: []recovery.Key{{Text: secret.FromString("aaaa-bbbb")}}}}
		}
		list = append(list, a)
	}
	return list
}

// drawn is a picture as a vault keeps it, half transparent.
func drawn(shade byte) string {
	img := image.NewNRGBA(image.Rect(0, 0, 20, 20))
	for i := range img.Pix {
		img.Pix[i] = shade + byte(i)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		panic(err)
	}
	small, err := picture.Small(out.Bytes())
	if err != nil {
		panic(err)
	}
	return small
}

// read is what the reader of another app makes of a file.
func read(t testing.TB, file []byte, passphrase string) transfer.Result {
	t.Helper()
	im, err := transfer.Open(context.Background(), []transfer.File{{Data: file}})
	ok(t, err)
	if im.Encrypted() != (passphrase != "") {
		t.Fatalf("encrypted: %v", im.Encrypted())
	}
	res, err := im.Read(context.Background(), secret.FromString(passphrase))
	ok(t, err)
	return res
}

// Whatever a form says it holds comes back from the reader as it was; what it says it cannot
// hold is named before.
func TestExportsComeBack(t *testing.T) {
	accounts := append(vaulttest.Canonical(), random(1, 300)...)
	for _, k := range []otp.Kind{otp.TOTP, otp.Steam} { // a portal and an account that have the same name
		p := otp.New(k, secret.FromString("a key of twenty byte"))
		accounts = append(accounts, vault.Account{Issuer: "Acme", Name: "Acme", Params: p}, vault.Account{Issuer: strings.Repeat("Acme ", 90), Name: strings.Repeat("Acme ", 90), Params: p})
	}
	v := vaultOf(t, accounts...)
	for _, f := range []Format{Aegis, TwoFAS, Bitwarden, URIs} {
		for _, passphrase := range []string{"", "correct horse"} {
			info, _ := Lookup(string(f))
			if passphrase != "" && !info.Sealed {
				continue
			}
			t.Run(fmt.Sprintf("%s sealed %v", f, passphrase != ""), func(t *testing.T) {
				report := f.Losses(v.Accounts())
				lost := map[vault.ID]Loss{}
				for _, l := range report.Losses {
					lost[l.ID] = l
				}
				file, err := f.Write(v, options(passphrase))
				ok(t, err)
				res := read(t, file, passphrase)
				if len(res.Skipped) > 0 {
					t.Errorf("skipped: %v", res.Skipped)
				}
				if len(res.Entries) != report.Written || report.Written+report.LeftOut() != len(accounts) {
					t.Fatalf("%d entries, %d were said to be written, %d left out", len(res.Entries), report.Written, report.LeftOut())
				}
				i := 0
				for _, a := range v.Accounts() {
					l := lost[a.ID]
					if l.LeftOut != "" {
						continue
					}
					e := res.Entries[i]
					i++
					compare(t, f, a, e, l.What)
				}
			})
		}
	}
}

func compare(t *testing.T, f Format, a vault.Account, e transfer.Entry, lost []string) {
	t.Helper()
	is := func(text string) bool {
		return slices.ContainsFunc(lost, func(l string) bool { return strings.Contains(l, text) })
	}
	p := e.Params
	if a.Params.Kind == otp.MOTP && p.PIN.IsEmpty() && is("PIN") {
		p.PIN = a.Params.PIN
	}
	if !p.Same(a.Params) || p.Counter != a.Params.Counter {
		t.Errorf("%q %q (%s): it makes other codes", a.Issuer, a.Name, a.Params.Kind)
	}
	plain := func(s string) string { s, _ = otpauth.CleanLabel(s); return s } // every reader cleans names
	if !is("names are written") && (e.Issuer != plain(a.Issuer) || e.Name != plain(a.Name)) {
		t.Errorf("%s: %q %q came back as %q %q", f, a.Issuer, a.Name, e.Issuer, e.Name)
	}
	if !is("tag") && !slices.Equal(e.Tags, a.Tags) {
		t.Errorf("%s: tags %q came back as %q", f, a.Tags, e.Tags)
	}
	if e.Favourite != a.Favourite && !is("favourite") {
		t.Errorf("%s: favourite %v", f, e.Favourite)
	}
	if e.Note != a.Note && !is("note") {
		t.Errorf("%s: note %q came back as %q", f, a.Note, e.Note)
	}
	if e.URL != a.URL && !is("address") {
		t.Errorf("%s: address %q came back as %q", f, a.URL, e.URL)
	}
	if string(e.Icon.Data) != a.Picture && !is("picture") || a.Picture != "" && f == Aegis && is("picture") {
		t.Errorf("%s: its picture has %d bytes, and had %d", f, len(e.Icon.Data), len(a.Picture))
	}
	if len(a.Recovery) > 0 != is("recovery key") {
		t.Errorf("%s: recovery keys: %v", f, lost)
	}
}

func TestWrongPassphraseOpensNothing(t *testing.T) {
	v := vaultOf(t, vaulttest.Canonical()...)
	for _, f := range []Format{Aegis, TwoFAS, Bitwarden} {
		file, err := f.Write(v, options("correct horse"))
		ok(t, err)
		for _, a := range vaulttest.Canonical() {
			if bytes.Contains(file, a.Params.Secret.Reveal()) && !a.Params.Secret.IsEmpty() || bytes.Contains(file, []byte(otp.EncodeBase32(a.Params.Secret.Reveal()))) && !a.Params.Secret.IsEmpty() {
				t.Errorf("%s: a key is in the open", f)
			}
			if bytes.Contains(file, []byte(a.Name)) {
				t.Errorf("%s: a name is in the open", f)
			}
		}
		im, err := transfer.Open(context.Background(), []transfer.File{{Data: file}})
		ok(t, err)
		if _, err := im.Read(context.Background(), secret.FromString("correct")); !errors.Is(err, transfer.ErrPassphrase) {
			t.Errorf("%s: %v", f, err)
		}
	}
}

func TestEveryFormSaysWhatItCannotHold(t *testing.T) {
	mine := vaulttest.Canonical()
	odd := otp.New(otp.TOTP, secret.FromString("0123456789abcdef0123"))
	odd.Digits, odd.Period = 7, 45
	mine = append(mine, vault.Account{Issuer: "Odd", Name: "x", Params: odd})
	v := vaultOf(t, mine...)
	a := v.Accounts()[0]
	a.Retire(vaulttest.Epoch)
	a.Recovery = recovery.Sheets{{ID: strings.Repeat("ab", 16), Added: vaulttest.Epoch, Keys: []recovery.Key{{Text: secret.FromString("a-1")}, {Text: secret.FromString("a-2")}}}}
	a.Pending = vault.PendingProof
	ok(t, v.Put(a, vaulttest.Epoch))
	for f, want := range map[Format]struct {
		left  []string // issuers
		first string   // of the first account
	}{
		Tallystick: {},
		Aegis:      {[]string{"Call centre"}, "Stays behind: its sign-in address, its 2 recovery keys, its former key and that its set-up is not finished."},
		TwoFAS:     {[]string{"Build farm", "Yandex", "Call centre", "Odd"}, "Stays behind: one of its tags, that it is a favourite, its sign-in address, its 2 recovery keys, its former key and that its set-up is not finished."},
		Bitwarden:  {[]string{"Old Bank", "Build farm", "Yandex", "Call centre"}, "Stays behind: one of its tags, its 2 recovery keys, its former key and that its set-up is not finished."},
		URIs:       {[]string{"Call centre"}, "Stays behind: that it is a favourite, its sign-in address, its 2 recovery keys, its former key and that its set-up is not finished."},
		Google:     {[]string{"Steam", "Build farm", "Yandex", "Call centre", "Odd"}, "Stays behind: its 2 tags, that it is a favourite, its sign-in address, its 2 recovery keys, its former key and that its set-up is not finished."},
		PDF:        {[]string{"Call centre"}, "Stays behind: its 2 tags, that it is a favourite, its sign-in address, its 2 recovery keys, its former key and that its set-up is not finished."},
	} {
		r := f.Losses(v.Accounts())
		var left []string
		for _, l := range r.Losses {
			if l.LeftOut != "" {
				left = append(left, l.Issuer)
				if !strings.HasPrefix(l.Sentence(), "Left out: ") || !strings.HasSuffix(l.Sentence(), ".") {
					t.Errorf("%s: %q", f, l.Sentence())
				}
			} else if l.ID == a.ID && l.Sentence() != want.first {
				t.Errorf("%s: %s", f, l.Sentence())
			}
		}
		if !slices.Equal(left, want.left) || r.Written != 7-len(left) {
			t.Errorf("%s: left out %q, written %d", f, left, r.Written)
		}
	}
}

func TestPagesAreReadBack(t *testing.T) {
	accounts := append(random(3, 60), vaulttest.Many(25)...)
	v := vaultOf(t, accounts...)
	pages, err := Pages(v.Accounts(), vaulttest.Random(1))
	ok(t, err)
	var c otpauth.Collector
	written := 0
	for i, p := range pages {
		if p.Number != i+1 || p.Of != len(pages) || p.Accounts > 10 {
			t.Errorf("%+v", p)
		}
		written += p.Accounts
		picture, err := PNG(p.Link)
		ok(t, err)
		img, err := png.Decode(bytes.NewReader(picture))
		ok(t, err)
		bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
		ok(t, err)
		seen, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
		if err != nil {
			t.Fatalf("page %d of %d bytes: %v", p.Number, p.Link.Len(), err)
		}
		part, err := otpauth.ParseMigration(seen.GetText())
		ok(t, err)
		if len(part.Entries) != p.Accounts {
			t.Errorf("page %d has %d accounts, said %d", p.Number, len(part.Entries), p.Accounts)
		}
		ok(t, c.Add(part))
	}
	r := Google.Losses(v.Accounts())
	if len(c.Missing()) > 0 || len(c.Entries()) != r.Written || written != r.Written {
		t.Fatalf("missing %v, %d entries, %d written", c.Missing(), len(c.Entries()), r.Written)
	}
	held := Google.held(v.Accounts())
	for i, e := range c.Entries() {
		if !e.Params.Same(held[i].Params) || e.Params.Counter != held[i].Params.Counter {
			t.Errorf("account %d makes other codes", i)
		}
	}
	if _, err := Pages(nil, vaulttest.Random(1)); !errors.Is(err, ErrNothing) {
		t.Error(err)
	}
}

func TestPaperCodes(t *testing.T) {
	v := vaultOf(t, append(vaulttest.Canonical(), random(4, 50)...)...)
	list, err := PaperCodes(v.Accounts())
	ok(t, err)
	held := PDF.held(v.Accounts())
	if len(list) != len(held) || len(list) != PDF.Losses(v.Accounts()).Written {
		t.Fatalf("%d of %d", len(list), len(held))
	}
	for i, c := range list {
		e, err := otpauth.Parse(string(c.Link.Reveal()))
		ok(t, err)
		e.Params.PIN = held[i].Params.PIN
		if !e.Params.Same(held[i].Params) {
			t.Errorf("%d: the QR code makes other codes", i)
		}
		p, _, err := otpauth.ParseKey(held[i].Params.Kind, string(c.Key.Reveal()))
		if err != nil && !errors.Is(err, otp.ErrPIN) || !p.Secret.Equal(held[i].Params.Secret) {
			t.Errorf("%d: the printed key is another one: %v", i, err)
		}
		if _, err := Matrix(c.Link); err != nil {
			t.Error(err)
		}
	}
}

func TestOwnFormTakesEverything(t *testing.T) {
	v := vaultOf(t, append(vaulttest.Canonical(), random(6, 40)...)...)
	ok(t, v.Remove(v.Accounts()[3].ID, vaulttest.Epoch))
	file, err := Tallystick.Write(v, options("p"))
	ok(t, err)
	if !bytes.HasPrefix(file, []byte("age-encryption.org/v1\n-> scrypt ")) {
		t.Errorf("%.40q", file)
	}
}

func TestRefusedOptions(t *testing.T) {
	v := vaultOf(t, vaulttest.Canonical()...)
	manual := vaultOf(t, vaulttest.Canonical()[5])
	for _, c := range []struct {
		f    Format
		v    *vault.Vault
		pass string
		want error
	}{
		{"nothing", v, "", ErrFormat}, {Google, v, "", ErrFormat}, {PDF, v, "", ErrFormat}, {Tallystick, v, "", ErrNoPassphrase},
		{URIs, v, "p", ErrNotSealed}, {Aegis, v, strings.Repeat("x", 5000), ErrTooLarge}, {Aegis, manual, "", ErrNothing},
		{URIs, vault.New(), "", ErrNothing}, {Tallystick, vault.New(), "p", ErrNothing},
	} {
		if _, err := c.f.Write(c.v, options(c.pass)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.f, err, c.want)
		}
	}
	o := options("p")
	o.Rand = strings.NewReader("short")
	for _, f := range []Format{Aegis, TwoFAS, Bitwarden} {
		if _, err := f.Write(v, o); err == nil {
			t.Errorf("%s: written without randomness", f)
		}
	}
}

func TestTenThousandAccounts(t *testing.T) {
	if testing.Short() {
		t.Skip("large")
	}
	v := vaultOf(t, vaulttest.Many(10_000)...)
	for _, f := range []Format{Aegis, TwoFAS, Bitwarden, URIs} {
		start := time.Now()
		file, err := f.Write(v, options(""))
		ok(t, err)
		if res := read(t, file, ""); len(res.Entries) != 10_000 {
			t.Errorf("%s: %d", f, len(res.Entries))
		}
		t.Logf("%s: %d bytes, %v", f, len(file), time.Since(start))
	}
}
