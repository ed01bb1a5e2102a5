package otpauth_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
)

// reference reads a file of the reference collection, which lies beside the
// repository on some machines and is never copied into it.
func reference(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "fixtures", filepath.FromSlash(name)))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("the reference collection is not on this machine: no %s", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// expected is what an origin's own tests say of a link. What is not said is not checked.
type expected struct {
	Issuer, Name    *string
	Secret          string
	Type            otp.Kind
	Algorithm       otp.Algorithm
	Digits, Period  int
	Counter         *uint64
	Code            string
	Time            int64
	nameIsSaidEmpty bool
}

func (x *expected) UnmarshalJSON(b []byte) error {
	type bare expected
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	if err := json.Unmarshal(b, (*bare)(x)); err != nil {
		return err
	}
	x.nameIsSaidEmpty = string(raw["name"]) == "null"
	return nil
}

// differs reports the first thing in which an entry is not as expected.
func (x expected) differs(e otpauth.Entry) string {
	p := e.Params
	if x.Type == "" {
		x.Type = otp.TOTP
	}
	key := string(p.Secret.Reveal())
	want := x.Secret
	if x.Type != otp.MOTP && want != "" {
		decoded, err := otp.DecodeBase32(want)
		if err != nil {
			return "secret cannot be decoded"
		}
		want = string(decoded.Reveal())
	}
	code, err := p.Code(time.Unix(x.Time, 0))
	switch {
	case x.Issuer != nil && *x.Issuer != e.Issuer:
		return "issuer " + e.Issuer
	case x.Name != nil && *x.Name != e.Name:
		return "name " + e.Name
	case x.nameIsSaidEmpty && e.Name != "":
		return "name " + e.Name
	case p.Kind != x.Type:
		return "kind " + string(p.Kind)
	case x.Secret != "" && key != want:
		return "key"
	case x.Algorithm != "" && x.Algorithm != p.Algorithm:
		return "algorithm " + string(p.Algorithm)
	case x.Digits != 0 && x.Digits != p.Digits:
		return "digits"
	case x.Period != 0 && x.Period != p.Period:
		return "period"
	case x.Counter != nil && *x.Counter != p.Counter:
		return "counter"
	case x.Code != "" && (err != nil || code != x.Code):
		return "code " + code
	}
	return ""
}

type uriCase struct {
	URI, Origin string
	Expect      *expected
	ExpectError string `json:"expect_error"`
}

// override is a case in which we differ from its origin, on purpose. The reasons are
// in docs/decisions/0002-reading-otpauth-links.md under the same headings.
type override struct {
	why          string
	issuer, name string
	kind         otp.Kind // "" = totp
	digits       int
	period       int
	err          error // instead of the above
}

const (
	whyLabel   = "a label without a colon is the account"
	whyBlank   = "a blank issuer is none"
	whySteam   = "an issuer called Steam proves nothing"
	whyColon   = "all colons encoded: the first one parts"
	whyBare    = "prose is no key"
	whyEmpty   = "an empty value is an absent one"
	whyRange   = "out of range is refused"
	whyInRange = "1 to 86400 seconds is in range"
)

// The keys are the first twelve hex digits of SHA-256 of the link: the collection is
// other people's work and is not copied, not even in part.
var overrides = map[string]override{
	"38df85e83257": {why: whyLabel, name: "issuer"},
	"58d829727e4d": {why: whyLabel, name: "issuer", kind: otp.HOTP},
	"01a630c7e3a0": {why: whyLabel, name: "issuer", digits: 7},
	"e7d9ba311424": {why: whyLabel, name: "issuer"},
	"08669db42c94": {why: whyBlank, name: "username"},
	"4f207f7d40a2": {why: whyBlank, name: "account"},
	"b1bbc93b9fd7": {why: whySteam, issuer: "Steam", name: "username", digits: 6},
	"e6a59a3fa8e3": {
		why: whyColon, issuer: "My", name: "Company:user@example.com"},
	"1103f208bbda": {why: whyBare, err: otpauth.ErrNotURI},
	"d0ff2311355f": {
		why: whyEmpty, issuer: "Example Website", name: "test@example.com", digits: 6},
	"cc3db119cd0c": {
		why: whyRange, err: otpauth.ErrParameter},
	"0f90838de29e": {why: whyRange, err: otpauth.ErrParameter},
	"419074f5abd9": {why: whyRange, err: otpauth.ErrParameter},
	"f72dd6155f5d": {
		why: whyInRange, issuer: "Example", name: "alice", period: 150},
	"154923040266": {why: whyInRange, name: "bar", period: 4},
}

func TestReferenceURIs(t *testing.T) {
	var cases []uriCase
	if err := json.Unmarshal(reference(t, "vectors/otpauth-uri-cases.json"), &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 62 {
		t.Errorf("only %d cases were read", len(cases))
	}
	used := map[string]bool{}
	for _, c := range cases {
		e, err := otpauth.Parse(c.URI)
		agrees := ""
		switch {
		case c.Expect == nil && err == nil:
			agrees = "no error, want one: " + c.ExpectError
		case c.Expect != nil && err != nil:
			agrees = err.Error()
		case c.Expect != nil:
			agrees = c.Expect.differs(e)
		}
		sum := sha256.Sum256([]byte(c.URI))
		id := hex.EncodeToString(sum[:])[:12]
		o, overridden := overrides[id]
		if !overridden {
			if agrees != "" {
				t.Errorf("%s (%s): %s", c.URI, c.Origin, agrees)
			}
			continue
		}
		used[id] = true
		if agrees == "" {
			t.Errorf("%s (%s): is listed as different from its origin (%s), but is not", c.URI, c.Origin, o.why)
		}
		if o.err != nil {
			if !errors.Is(err, o.err) {
				t.Errorf("%s: got %v, want %v (%s)", c.URI, err, o.err, o.why)
			}
			continue
		}
		x := expected{Issuer: &o.issuer, Name: &o.name, Type: o.kind, Digits: o.digits, Period: o.period}
		if err != nil {
			t.Errorf("%s: %v (%s)", c.URI, err, o.why)
		} else if d := x.differs(e); d != "" {
			t.Errorf("%s: %s (%s)", c.URI, d, o.why)
		}
	}
	for id, o := range overrides {
		if !used[id] {
			t.Errorf("no such case any more: %s (%s)", id, o.why)
		}
	}
}

func TestReferenceMigrations(t *testing.T) {
	var cases []struct {
		URI, Origin string
		ExpectError string `json:"expect_error"`
		Entries     []expected
		Payload     struct {
			Size  int `json:"batch_size"`
			Index int `json:"batch_index"`
		}
	}
	if err := json.Unmarshal(reference(t, "vectors/google-migration-uris.json"), &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 7 {
		t.Errorf("only %d cases were read", len(cases))
	}
	for _, c := range cases {
		part, err := otpauth.ParseMigration(c.URI)
		if c.ExpectError != "" {
			if err == nil {
				t.Errorf("%s: no error, want one: %s", c.URI, c.ExpectError)
			}
			continue
		}
		if err != nil || len(part.Entries) != len(c.Entries) || len(part.Skipped) != 0 {
			t.Errorf("%s: %d accounts, %d skipped, %v", c.Origin, len(part.Entries), len(part.Skipped), err)
			continue
		}
		if part.Size != max(c.Payload.Size, 1) || part.Index != c.Payload.Index {
			t.Errorf("%s: part %d of %d", c.Origin, part.Index, part.Size)
		}
		for i, x := range c.Entries {
			// The collection has names as they are in the payload; the issuer's own prefix is not part of ours.
			if *x.Issuer != "" && *x.Name == *x.Issuer+":alice@google.com" {
				name := "alice@google.com"
				x.Name = &name
			}
			if d := x.differs(part.Entries[i]); d != "" {
				t.Errorf("%s, account %d: %s", c.Origin, i, d)
			}
		}
	}
}
