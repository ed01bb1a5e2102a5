package cli

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
)

// record is an account in JSON: part of the contract in docs/cli.md. Every field is
// there for every kind; one that the kind has no use for is 0 or "".
type record struct {
	ID        string   `json:"id"`
	Issuer    string   `json:"issuer"`
	Name      string   `json:"name"`
	Kind      string   `json:"kind"`
	Algorithm string   `json:"algorithm"`
	Digits    int      `json:"digits"`
	Period    int      `json:"period"` // seconds
	Counter   uint64   `json:"counter"`
	Tags      []string `json:"tags"` // never null
	Favourite bool     `json:"favourite"`
	Secret    *string  `json:"secret,omitempty"` // base32, only with --show-secrets
}

// codeRecord is a record with its code. The four are null for an account whose code
// does not follow the clock, apart from the code of a HOTP account that was asked for alone.
type codeRecord struct {
	record
	Code       *string `json:"code"`
	Next       *string `json:"next"`
	Remaining  *int    `json:"remaining"`   // seconds until code is no longer valid, rounded up
	ValidUntil *string `json:"valid_until"` // RFC 3339, UTC
}

func newRecord(a vault.Account, showSecret bool) record {
	rec := record{
		ID: string(a.ID), Issuer: a.Issuer, Name: a.Name,
		Kind: string(a.Params.Kind), Algorithm: string(a.Params.Algorithm),
		Digits: a.Params.Digits, Period: a.Params.Period, Counter: a.Params.Counter,
		Tags: append([]string{}, a.Tags...), Favourite: a.Favourite,
	}
	if showSecret {
		s := otp.EncodeBase32(a.Params.Secret.Reveal())
		rec.Secret = &s
	}
	return rec
}

// json writes v as one line.
func (r *run) json(v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := r.out.Write(cleanJSON(b.Bytes()))
	return err
}

// rfc3339 is t as JSON shows it.
func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }
