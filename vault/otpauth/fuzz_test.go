package otpauth_test

import (
	"errors"
	"slices"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
)

var sentinels = []error{otpauth.ErrNotURI, otpauth.ErrTooLong, otpauth.ErrNoSecret, otpauth.ErrSecret, otpauth.ErrType,
	otpauth.ErrParameter, otpauth.ErrMigration, otpauth.ErrOtherBatch}

// checkEntry holds for everything that was read from anything.
func checkEntry(t *testing.T, e otpauth.Entry) {
	t.Helper()
	if err := e.Params.Validate(); err != nil && !(errors.Is(err, otp.ErrPIN) && slices.Contains(codes(e.Warnings), otpauth.WarnPINMissing)) {
		t.Fatalf("parameters that make no codes: %v", err)
	}
	if len(e.Tags) > otpauth.MaxTags {
		t.Fatalf("%d tags", len(e.Tags))
	}
	for _, s := range append([]string{e.Issuer, e.Name}, e.Tags...) {
		if !utf8.ValidString(s) || utf8.RuneCountInString(s) > otpauth.MaxLabel {
			t.Fatalf("a name of %d bytes", len(s))
		}
		for _, r := range s {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Fatalf("a name with %U", r)
			}
		}
	}
	for _, c := range codes(e.Warnings) {
		if c == "" {
			t.Fatal("a warning of nothing")
		}
	}
}

func checkError(t *testing.T, err error) {
	t.Helper()
	if !slices.ContainsFunc(sentinels, func(s error) bool { return errors.Is(err, s) }) {
		t.Fatalf("an error of its own: %v", err)
	}
}

// Whatever is read is valid and clean, and its link reads the same again.
func FuzzParse(f *testing.F) {
	for _, cases := range parseCases {
		for text := range cases {
			if len(text) < 400 {
				f.Add(text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		form := otpauth.Recognise(text)
		e, err := otpauth.Parse(text)
		if err != nil {
			checkError(t, err)
			return
		}
		if form != otpauth.URI && form != otpauth.BareKey {
			t.Fatalf("read, but recognised as %d", form)
		}
		checkEntry(t, e)
		link, err := otpauth.Format(e)
		if errors.Is(err, otpauth.ErrTooLong) {
			return
		}
		if err != nil {
			t.Fatalf("no link: %v", err)
		}
		back, err := otpauth.Parse(link)
		if err != nil {
			t.Fatalf("our own link is not read: %v", err)
		}
		if e.Params.Kind == otp.MOTP { // its links have no room for these
			e.Tags, e.Params.PIN = nil, back.Params.PIN
		}
		if !sameEntry(e, back) {
			t.Fatalf("%q, %q, %q came back as %q, %q, %q", e.Issuer, e.Name, e.Tags, back.Issuer, back.Name, back.Tags)
		}
	})
}

// Whatever is read is valid and clean, and what can be exported comes back.
func FuzzParseMigration(f *testing.F) {
	account := message(1, keyText, 2, "N:a", 3, "N", 4, 1, 5, 1, 6, 2)
	for _, payload := range [][]byte{
		message(1, account),
		message(1, account, 1, message(1, keyText, 2, "b", 4, 4), 2, 1, 3, 3, 4, 2, 5, -1),
		message(1, message(1, keyText, 6, 1, 7, -1)),
		append(message(1, account), 0x0a, 0x7f),
		{0x0b, 0x0b, 0x0c, 0x0c},
	} {
		f.Add(payload)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		part, err := otpauth.ParseMigration(migrationURI(payload))
		if err != nil {
			checkError(t, err)
			return
		}
		var c otpauth.Collector
		if err := c.Add(part); err != nil {
			t.Fatalf("the collector refuses it: %v", err)
		}
		if len(part.Entries)+len(part.Skipped) == 0 || len(part.Entries)+len(part.Skipped) > otpauth.MaxEntries {
			t.Fatalf("%d accounts", len(part.Entries))
		}
		for _, s := range part.Skipped {
			checkError(t, s.Err)
		}
		for _, e := range part.Entries {
			checkEntry(t, e)
		}
		texts, _, err := otpauth.FormatMigration(part.Entries, part.Batch, otpauth.MaxMigrationText)
		if err != nil {
			t.Fatalf("what was exported cannot be: %v", err)
		}
		var back []otpauth.Entry
		for _, text := range texts {
			p, err := otpauth.ParseMigration(text)
			if err != nil || len(p.Skipped) != 0 {
				t.Fatalf("our own export is not read: %v", err)
			}
			back = append(back, p.Entries...)
		}
		if !slices.EqualFunc(part.Entries, back, sameEntry) {
			t.Fatal("other accounts came back")
		}
	})
}

// Free text around the payload: schemes, escapes, broken base64.
func FuzzParseMigrationText(f *testing.F) {
	uri := migrationURI(message(1, message(1, keyText, 2, "a")))
	for _, text := range []string{uri, uri + "#x", uri[:40], "QR-Code:" + uri, migrationPrefix, "otpauth-migration://", "otpauth-migration://offline?data=%", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		part, err := otpauth.ParseMigration(text)
		if err != nil {
			checkError(t, err)
			return
		}
		if otpauth.Recognise(text) != otpauth.Migration {
			t.Fatal("read, but not recognised")
		}
		for _, e := range part.Entries {
			checkEntry(t, e)
		}
	})
}
