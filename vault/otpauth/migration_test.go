package otpauth_test

import (
	"encoding/base64"
	"errors"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
	"github.com/tallystick/tallystick/vault/secret"
)

const migrationPrefix = "otpauth-migration://offline?data="

// message builds a protobuf message; a value is a number, a text or a message.
func message(fieldsAndValues ...any) []byte {
	var b []byte
	for i := 0; i < len(fieldsAndValues); i += 2 {
		number := protowire.Number(fieldsAndValues[i].(int))
		switch v := fieldsAndValues[i+1].(type) {
		case int:
			b = protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), uint64(v))
		case string:
			b = protowire.AppendString(protowire.AppendTag(b, number, protowire.BytesType), v)
		case []byte:
			b = protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), v)
		}
	}
	return b
}

func migrationURI(payload []byte) string {
	return migrationPrefix + url.QueryEscape(base64.StdEncoding.EncodeToString(payload))
}

func TestParseMigration(t *testing.T) {
	payload := message(
		1, message(1, keyText, 2, "Nordlicht:ada", 3, "Nordlicht", 4, 1, 5, 1, 6, 2, 8, "an id"),
		1, message(1, keyText, 2, "Nordlicht: bob", 3, "Nordlicht", 4, 2, 5, 2, 6, 1, 7, 41),
		1, message(1, keyText, 2, "charset: UTF-8"),
		1, message(1, keyText, 2, "carl", 3, "Südlicht", 4, 3, 9, "a later field", 10, 7),
		2, 2, 3, 4, 4, 2, 5, -77, 6, "a later field")
	part, err := otpauth.ParseMigration(migrationURI(payload))
	if err != nil || part.Index != 2 || part.Size != 4 || part.Batch != -77 || len(part.Skipped) != 0 || len(part.Entries) != 4 {
		t.Fatalf("got part %d of %d, batch %d, %d and %d accounts, %v", part.Index, part.Size, part.Batch, len(part.Entries), len(part.Skipped), err)
	}
	for i, w := range []want{
		{issuer: "Nordlicht", name: "ada"},
		{issuer: "Nordlicht", name: "bob", kind: otp.HOTP, algorithm: otp.SHA256, digits: 8, counter: 41},
		{name: "charset: UTF-8"},
		{issuer: "Südlicht", name: "carl", algorithm: otp.SHA512},
	} {
		w.check(t, "account", part.Entries[i], nil)
	}

	one := message(1, message(1, keyText+"\xff\xef\xbe", 2, "a")) // has + and / in base64
	for _, text := range []string{
		migrationURI(one),
		migrationPrefix + base64.StdEncoding.EncodeToString(one),
		migrationPrefix + base64.RawStdEncoding.EncodeToString(one),
		migrationPrefix + base64.URLEncoding.EncodeToString(one),
		migrationPrefix + strings.ReplaceAll(base64.StdEncoding.EncodeToString(one), "+", " "),
		migrationPrefix + base64.StdEncoding.EncodeToString(one)[:20] + "\n" + base64.StdEncoding.EncodeToString(one)[20:],
		" OTPAUTH-MIGRATION://OFFLINE/?x=y&DATA=" + url.QueryEscape(base64.StdEncoding.EncodeToString(one)) + "#top\n",
		"QR-Code:" + migrationURI(one),
	} {
		part, err := otpauth.ParseMigration(text)
		if err != nil || len(part.Entries) != 1 || part.Size != 1 || part.Index != 0 || part.Batch != 0 {
			t.Errorf("%q: %+v, %v", text, part, err)
			continue
		}
		want{name: "a", secret: keyText + "\xff\xef\xbe"}.check(t, text, part.Entries[0], nil)
	}
}

func TestParseMigrationKeepsTheGoodOnes(t *testing.T) {
	good := message(1, keyText, 2, "good")
	for _, c := range []struct {
		what  string
		entry []byte
		err   error
	}{
		{"MD5", message(1, keyText, 2, "bad", 3, "N", 4, 4), otpauth.ErrParameter},
		{"an unknown algorithm", message(1, keyText, 2, "bad", 3, "N", 4, 5), otpauth.ErrParameter},
		{"unknown digits", message(1, keyText, 2, "bad", 3, "N", 5, 3), otpauth.ErrParameter},
		{"an unknown type", message(1, keyText, 2, "bad", 3, "N", 6, 3), otpauth.ErrType},
		{"a counter below 0", message(1, keyText, 2, "bad", 3, "N", 6, 1, 7, -1), otpauth.ErrParameter},
		{"no key", message(2, "bad", 3, "N"), otpauth.ErrNoSecret},
		{"a key without end", message(1, strings.Repeat("k", 2000), 2, "bad", 3, "N"), otpauth.ErrSecret},
		{"an account cut off", append(message(2, "N:bad", 3, "N"), 0x0a, 99, 1), otpauth.ErrMigration},
		{"a name that is a number", append(message(1, keyText, 2, "bad", 3, "N"), message(2, 7)...), otpauth.ErrMigration},
		{"an algorithm that is a text", append(message(1, keyText, 2, "bad", 3, "N"), message(4, "SHA1")...), otpauth.ErrMigration},
	} {
		part, err := otpauth.ParseMigration(migrationURI(message(1, good, 1, c.entry, 1, good)))
		if err != nil || len(part.Entries) != 2 || len(part.Skipped) != 1 {
			t.Errorf("%s: %d accounts, %d skipped, %v", c.what, len(part.Entries), len(part.Skipped), err)
			continue
		}
		s := part.Skipped[0]
		if !errors.Is(s.Err, c.err) || s.Issuer != "N" || s.Name != "bad" && c.what != "a name that is a number" {
			t.Errorf("%s: skipped %q %q, %v", c.what, s.Issuer, s.Name, s.Err)
		}
	}
}

func TestParseMigrationRefuses(t *testing.T) {
	account := message(1, keyText, 2, "a")
	many := []any{}
	for range 101 {
		many = append(many, 1, account)
	}
	for text, want := range map[string]error{
		"":                                 otpauth.ErrNotURI,
		"totp://offline?data=CjUK":         otpauth.ErrNotURI,
		"otpauth://totp/a?secret=" + key:   otpauth.ErrNotURI,
		"otpauth-migration:offline?data=A": otpauth.ErrNotURI,
		"otpauth-migration://online?data=" + base64.StdEncoding.EncodeToString(message(1, account)): otpauth.ErrMigration,
		"otpauth-migration://offline":                                                 otpauth.ErrMigration,
		migrationPrefix:                                                               otpauth.ErrMigration,
		migrationPrefix + "A":                                                         otpauth.ErrMigration,
		migrationPrefix + "!!!!":                                                      otpauth.ErrMigration,
		migrationURI(message(2, 1)):                                                   otpauth.ErrMigration, // no accounts
		migrationURI(message(1, 5)):                                                   otpauth.ErrMigration, // an account that is a number
		migrationURI(message(1, account, 2, "1")):                                     otpauth.ErrMigration,
		migrationURI(message(1, account, 2, -1)):                                      otpauth.ErrMigration,
		migrationURI(message(1, account, 3, 2, 4, 2)):                                 otpauth.ErrMigration, // third of two
		migrationURI(message(1, account, 3, 2, 4, -1)):                                otpauth.ErrMigration,
		migrationURI(message(1, account, 3, -1)):                                      otpauth.ErrMigration,
		migrationURI(message(1, account, 3, 1001)):                                    otpauth.ErrMigration,
		migrationURI(append(message(1, account), 0x0a)):                               otpauth.ErrMigration, // cut off
		migrationURI(append(message(1, account), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)): otpauth.ErrMigration,
		migrationURI(message(many...)):                                                otpauth.ErrMigration,
		migrationPrefix + strings.Repeat("A", 65<<10):                                 otpauth.ErrTooLong,
	} {
		part, err := otpauth.ParseMigration(text)
		if !errors.Is(err, want) || part.Entries != nil || part.Size != 0 {
			t.Errorf("%.60q: %d accounts, %v, want %v", text, len(part.Entries), err, want)
		}
	}
	// A newer version is read with a warning: protobuf fields keep their meaning.
	part, err := otpauth.ParseMigration(migrationURI(message(1, account, 2, 3)))
	if err != nil || !slices.Equal(codes(part.Entries[0].Warnings), codeList{otpauth.WarnNewerExport}) {
		t.Errorf("version 3: %+v, %v", part, err)
	}
}

// A part cut off anywhere is refused or has fewer accounts; it never has a wrong one.
func TestMigrationCutOffAnywhere(t *testing.T) {
	payload := message(1, message(1, keyText, 2, "a", 4, 2, 6, 2), 1, message(1, keyText, 2, "b", 4, 2, 6, 2), 2, 1)
	for n := range payload {
		part, err := otpauth.ParseMigration(migrationURI(payload[:n]))
		for _, e := range part.Entries {
			if string(e.Params.Secret.Reveal()) != keyText || e.Params.Algorithm != otp.SHA256 || e.Name != "a" && e.Name != "b" {
				t.Errorf("cut at %d: %+v", n, e)
			}
		}
		if err == nil && len(part.Entries) == 0 {
			t.Errorf("cut at %d: no account and no error", n)
		}
	}
}

// migratable reports whether an export holds an account.
func migratable(e otpauth.Entry) bool {
	_, _, err := otpauth.FormatMigration([]otpauth.Entry{e}, 1, otpauth.MaxMigrationText)
	return err == nil
}

func randomMigratable(r *rand.Rand) otpauth.Entry {
	for {
		e := randomEntry(r)
		e.Tags = nil
		if e.Params.Kind == otp.TOTP {
			e.Params.Period = 30
		}
		e.Params.Digits = []int{6, 8}[r.IntN(2)]
		if migratable(e) {
			return e
		}
	}
}

func TestFormatMigrationThenParse(t *testing.T) {
	const seed = 11
	r := rand.New(rand.NewPCG(seed, seed))
	for range 300 {
		var entries []otpauth.Entry
		for range r.IntN(35) {
			entries = append(entries, randomMigratable(r))
		}
		batch := int32(r.Uint32())
		texts, _, err := otpauth.FormatMigration(entries, batch, otpauth.MaxMigrationText)
		if err != nil || len(texts) != (len(entries)+9)/10 {
			t.Fatalf("seed %d: %d parts of %d accounts, %v", seed, len(texts), len(entries), err)
		}
		var c otpauth.Collector
		for _, i := range r.Perm(len(texts)) {
			for range 1 + r.IntN(2) { // repeated
				part, err := otpauth.ParseMigration(texts[i])
				if err != nil || part.Index != i || part.Size != len(texts) || part.Batch != batch || len(part.Skipped) != 0 {
					t.Fatalf("seed %d: part %d of %d, %v", seed, part.Index, part.Size, err)
				}
				if err := c.Add(part); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
			}
		}
		if got := c.Entries(); !slices.EqualFunc(entries, got, sameEntry) || len(c.Missing()) != 0 || c.Size() != len(texts) {
			t.Fatalf("seed %d: %d of %d came back, missing %v", seed, len(got), len(entries), c.Missing())
		}
	}
}

func TestFormatMigrationKeepsLongNames(t *testing.T) {
	e := mustParse(t, "otpauth://totp/?secret="+key)
	e.Issuer, e.Name = "A", "A:"+strings.Repeat("x", otpauth.MaxLabel-2)
	texts, _, err := otpauth.FormatMigration([]otpauth.Entry{e}, 1, otpauth.MaxMigrationText)
	if err != nil {
		t.Fatal(err)
	}
	part, err := otpauth.ParseMigration(texts[0])
	if err != nil || part.Entries[0].Name != e.Name || len(part.Entries[0].Warnings) != 0 {
		t.Errorf("%d characters came back, %v", len(part.Entries[0].Name), err)
	}
}

func TestFormatMigrationRefuses(t *testing.T) {
	good := mustParse(t, "otpauth://totp/a?secret="+key)
	for _, c := range []struct {
		change func(*otpauth.Entry)
		want   error
	}{
		{func(e *otpauth.Entry) { e.Params = otp.New(otp.Steam, e.Params.Secret) }, otpauth.ErrType},
		{func(e *otpauth.Entry) { e.Params = otp.Params{Kind: otp.Manual} }, otpauth.ErrType},
		{func(e *otpauth.Entry) { e.Params.Period = 60 }, otpauth.ErrParameter},
		{func(e *otpauth.Entry) { e.Params.Digits = 7 }, otpauth.ErrParameter},
		{func(e *otpauth.Entry) { e.Params.Secret = secret.Bytes{} }, otpauth.ErrSecret},
	} {
		e := good
		c.change(&e)
		if parts, _, err := otpauth.FormatMigration([]otpauth.Entry{good, e}, 1, otpauth.MaxMigrationText); !errors.Is(err, c.want) || parts != nil {
			t.Errorf("%s %d digits %d s: %v", e.Params.Kind, e.Params.Digits, e.Params.Period, err)
		}
	}
	if parts, _, err := otpauth.FormatMigration(nil, 1, otpauth.MaxMigrationText); len(parts) != 0 || err != nil {
		t.Errorf("nothing: %v, %v", parts, err)
	}
}

func TestCollector(t *testing.T) {
	part := func(index, size int, batch int32, names ...string) otpauth.Part {
		p := otpauth.Part{Index: index, Size: size, Batch: batch}
		for _, name := range names {
			p.Entries = append(p.Entries, otpauth.Entry{Name: name, Params: otp.New(otp.TOTP, secret.FromString(keyText+name))})
		}
		return p
	}
	var c otpauth.Collector
	if c.Size() != 0 || len(c.Missing()) != 0 || len(c.Entries()) != 0 || len(c.Skipped()) != 0 {
		t.Error("a new collector is not empty")
	}
	bad := part(1, 3, 0, "c")
	bad.Skipped = []otpauth.Skipped{{Name: "s", Err: otpauth.ErrParameter}}
	steps := []struct {
		part    otpauth.Part
		err     error
		missing []int
		entries int
	}{
		{part(2, 3, 0, "e"), nil, []int{0, 1}, 1},
		{part(2, 3, 0, "e"), nil, []int{0, 1}, 1}, // again
		{part(0, 2, 0, "a"), otpauth.ErrOtherBatch, []int{0, 1}, 1},
		{part(0, 3, 9, "a"), otpauth.ErrOtherBatch, []int{0, 1}, 1},
		{part(2, 3, 0, "x"), otpauth.ErrOtherBatch, []int{0, 1}, 1}, // same place, other accounts
		{part(3, 3, 0, "a"), otpauth.ErrMigration, []int{0, 1}, 1},
		{part(-1, 3, 0, "a"), otpauth.ErrMigration, []int{0, 1}, 1},
		{part(0, 0, 0, "a"), otpauth.ErrMigration, []int{0, 1}, 1},
		{part(0, 5000, 0, "a"), otpauth.ErrMigration, []int{0, 1}, 1},
		{part(0, 3, 0, "a", "b"), nil, []int{1}, 3},
		{bad, nil, nil, 4},
		{part(1, 3, 0, "c"), otpauth.ErrOtherBatch, nil, 4}, // nothing skipped: not the same
	}
	for i, s := range steps {
		err := c.Add(s.part)
		if !errors.Is(err, s.err) || s.err == nil && err != nil || !slices.Equal(c.Missing(), s.missing) || len(c.Entries()) != s.entries || c.Size() != 3 {
			t.Errorf("step %d: %v, missing %v, %d accounts", i, err, c.Missing(), len(c.Entries()))
		}
	}
	var names []string
	for _, e := range c.Entries() {
		names = append(names, e.Name)
	}
	if strings.Join(names, "") != "abce" || len(c.Skipped()) != 1 {
		t.Errorf("in the order %v, %d skipped", names, len(c.Skipped()))
	}
}

func BenchmarkParseMigration(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	var entries []otpauth.Entry
	for range 10 {
		entries = append(entries, randomMigratable(r))
	}
	texts, _, err := otpauth.FormatMigration(entries, 1, otpauth.MaxMigrationText)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := otpauth.ParseMigration(texts[0]); err != nil {
			b.Fatal(err)
		}
	}
}
