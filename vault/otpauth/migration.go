package otpauth

import (
	"encoding/base64"
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// Part is one QR code of a Google Authenticator export.
type Part struct {
	Index, Size int   // zero-based place, number of parts (1 when absent)
	Batch       int32 // batch id; 0 when the exporter gave none
	Entries     []Entry
	Skipped     []Skipped // accounts that cannot be used, with the reason; the good ones are kept
}

// Skipped is an account of an export that cannot be used. Err wraps one of this
// package's errors.
type Skipped struct {
	Issuer, Name string
	Err          error
}

// The payload, a protobuf message. Google never published it; these are the field
// numbers every export has.
const (
	payloadEntry      = 1 // repeated message
	payloadVersion    = 2
	payloadBatchSize  = 3
	payloadBatchIndex = 4
	payloadBatchID    = 5 // negative ones occur

	entrySecret    = 1 // bytes
	entryName      = 2 // "account" or "issuer:account"
	entryIssuer    = 3
	entryAlgorithm = 4 // enum: 0 unsaid, 1 SHA1, 2 SHA256, 3 SHA512, 4 MD5
	entryDigits    = 5 // enum, not a count: 0 unsaid, 1 six, 2 eight
	entryType      = 6 // enum: 0 unsaid, 1 HOTP, 2 TOTP
	entryCounter   = 7

	newestVersion = 2
)

// ParseMigration reads one part of a Google Authenticator export:
// otpauth-migration://offline?data=… with standard or URL base64, with or without
// padding, percent-encoded or raw. Collector joins the parts.
//
// Errors: ErrNotURI, ErrTooLong, and ErrMigration when the part as a whole is of no
// use. One account that cannot be used is in Skipped; what uses an algorithm this app
// has no codes for is never read as SHA1.
func ParseMigration(text string) (Part, error) {
	if len(text) > MaxMigrationText {
		return Part{}, ErrTooLong
	}
	scheme, rest := cutScheme(text)
	if scheme != schemeMigration {
		return Part{}, ErrNotURI
	}
	host, query, _ := strings.Cut(rest, "?")
	if !strings.EqualFold(strings.TrimSuffix(host, "/"), "offline") {
		return Part{}, fmt.Errorf("%w: it is of a kind this app does not know", ErrMigration)
	}
	payload, err := migrationData(query)
	if err != nil {
		return Part{}, err
	}
	defer clear(payload)
	return readPayload(payload)
}

// migrationData finds and decodes the data parameter.
func migrationData(query string) ([]byte, error) {
	for _, part := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		if !strings.EqualFold(name, "data") {
			continue
		}
		value, _, _ = strings.Cut(value, "#")
		value = strings.TrimSpace(unescape(value, false))
		value = strings.Map(func(r rune) rune {
			switch r {
			case ' ', '-': // a form reader made a space of +
				return '+'
			case '_':
				return '/'
			case '=', '\t', '\r', '\n':
				return -1
			}
			return r
		}, value)
		data, err := base64.RawStdEncoding.DecodeString(value)
		if err != nil || len(data) == 0 {
			return nil, fmt.Errorf("%w: it is not base64", ErrMigration)
		}
		return data, nil
	}
	return nil, fmt.Errorf("%w: there is no data in it", ErrMigration)
}

// field is one field of a protobuf message: a number or bytes, by its wire type.
type field struct {
	number protowire.Number
	kind   protowire.Type
	varint uint64
	bytes  []byte
}

// fields reads a protobuf message; ok is false when it is cut off or malformed.
func fields(message []byte, each func(field) bool) (ok bool) {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return false
		}
		message = message[n:]
		f := field{number: number, kind: kind}
		switch kind {
		case protowire.VarintType:
			f.varint, n = protowire.ConsumeVarint(message)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 || !each(f) {
			return false
		}
		message = message[n:]
	}
	return true
}

func readPayload(payload []byte) (Part, error) {
	p := Part{Size: 1}
	var version, size, index int64
	var entries [][]byte
	ok := fields(payload, func(f field) bool {
		want := protowire.VarintType
		switch f.number {
		case payloadEntry:
			want = protowire.BytesType
			entries = append(entries, f.bytes)
		case payloadVersion:
			version = int64(f.varint)
		case payloadBatchSize:
			size = int64(f.varint)
		case payloadBatchIndex:
			index = int64(f.varint)
		case payloadBatchID:
			p.Batch = int32(f.varint) // sign-extended to 64 bits when negative
		default:
			return true // a field of a later version
		}
		return f.kind == want
	})
	if size == 0 {
		size = 1
	}
	switch {
	case !ok:
		return Part{}, fmt.Errorf("%w: it is cut off or not an export", ErrMigration)
	case len(entries) == 0:
		return Part{}, fmt.Errorf("%w: there are no accounts in it", ErrMigration)
	case len(entries) > MaxEntries:
		return Part{}, fmt.Errorf("%w: a part has at most %d accounts", ErrMigration, MaxEntries)
	case version < 0, size < 1, size > MaxParts, index < 0, index >= size:
		return Part{}, fmt.Errorf("%w: its part numbers are impossible", ErrMigration)
	}
	p.Size, p.Index = int(size), int(index)
	for _, raw := range entries {
		e, err := readEntry(raw)
		if err != nil {
			p.Skipped = append(p.Skipped, Skipped{e.Issuer, e.Name, err})
			continue
		}
		if version > newestVersion {
			warn := warnings(e.Warnings)
			warn.add(WarnNewerExport)
			e.Warnings = warn
		}
		p.Entries = append(p.Entries, e)
	}
	return p, nil
}

// readEntry reads one account. With an error, the names are as far as they were read.
func readEntry(message []byte) (Entry, error) {
	var key []byte
	var name, issuer string
	var algorithm, digits, typ, counter uint64
	ok := fields(message, func(f field) bool {
		want := protowire.VarintType
		switch f.number {
		case entrySecret:
			want, key = protowire.BytesType, f.bytes
		case entryName:
			want, name = protowire.BytesType, string(f.bytes)
		case entryIssuer:
			want, issuer = protowire.BytesType, string(f.bytes)
		case entryAlgorithm:
			algorithm = f.varint
		case entryDigits:
			digits = f.varint
		case entryType:
			typ = f.varint
		case entryCounter:
			counter = f.varint
		default:
			return true
		}
		return f.kind == want
	})
	var warn warnings
	var e Entry
	e.Issuer = clean(issuer, &warn)
	e.Name = clean(withoutIssuer(name, e.Issuer), &warn) // in this order, or a prefix costs room
	var unheard warnings
	if whole := clean(name, &unheard); whole != e.Name {
		e.Label = whole
	}
	if !ok {
		return e, fmt.Errorf("%w: the account is cut off", ErrMigration)
	}
	if len(key) == 0 {
		return e, ErrNoSecret
	}

	switch typ {
	case 0, 2:
		e.Params = otp.New(otp.TOTP, secret.Bytes{})
	case 1:
		e.Params = otp.New(otp.HOTP, secret.Bytes{})
		e.Params.Counter = counter
	default:
		return e, ErrType
	}
	switch algorithm {
	case 0, 1:
	case 2:
		e.Params.Algorithm = otp.SHA256
	case 3:
		e.Params.Algorithm = otp.SHA512
	case 4:
		return e, fmt.Errorf("%w: it uses MD5, which this app makes no codes with", ErrParameter)
	default:
		return e, fmt.Errorf("%w: it uses an algorithm this app does not know", ErrParameter)
	}
	switch digits {
	case 0, 1:
	case 2:
		e.Params.Digits = 8
	default:
		return e, fmt.Errorf("%w: its number of digits is none this app knows", ErrParameter)
	}
	e.Params.Secret = secret.New(append([]byte(nil), key...))
	if err := e.Params.Validate(); err != nil {
		issuer, name := e.Issuer, e.Name
		return Entry{Issuer: issuer, Name: name}, checkKey(e.Params)
	}
	warn.addIf(len(key) < shortKey, WarnShortKey)
	warn.addIf(e.Params.Kind == otp.TOTP && strings.EqualFold(e.Issuer, "Steam"), WarnSteamIssuer)
	e.Warnings = warn
	return e, nil
}

// withoutIssuer takes "issuer:" off the front of an exported name. Only the issuer
// that the export names itself: in "encoding: UTF-8" nobody knows whether there is one.
func withoutIssuer(name, issuer string) string {
	if issuer == "" {
		return name
	}
	if rest, ok := cutIssuer(name, issuer); ok {
		return rest
	}
	return name
}
