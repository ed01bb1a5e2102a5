package otpauth

import (
	"encoding/base64"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tallystick/tallystick/vault/otp"
)

// perPart is how many accounts Google Authenticator puts into one QR code.
const perPart = 10

// migratable says why an account cannot be in an export (ErrType, ErrParameter,
// ErrSecret), or nil. An export has room for TOTP with 30 seconds and HOTP, with 6 or 8
// digits.
func migratable(e Entry) error {
	p := e.Params
	if p.Kind != otp.TOTP && p.Kind != otp.HOTP {
		return fmt.Errorf("%w: an export holds only the two usual types", ErrType)
	}
	if err := checkKey(p); err != nil {
		return err
	}
	if p.Kind == otp.TOTP && p.Period != 30 {
		return fmt.Errorf("%w: an export holds only codes of 30 seconds", ErrParameter)
	}
	if p.Digits != 6 && p.Digits != 8 {
		return fmt.Errorf("%w: an export holds only codes of 6 or 8 digits", ErrParameter)
	}
	return nil
}

// FormatMigration writes the parts of an export that Google Authenticator and
// ParseMigration read: at most ten accounts each, and at most limit bytes, so that each
// fits into a QR code. counts is how many accounts each has. batch ties the parts
// together: any number, random for each export. No accounts give no parts. Tags are not
// part of the format.
//
// Nothing is left out silently: ErrType, ErrParameter or ErrSecret for the first account
// that an export has no room for, which is all but TOTP with 30 seconds and HOTP, with 6
// or 8 digits; ErrTooLong for one that alone makes too long a part.
func FormatMigration(entries []Entry, batch int32, limit int) (parts []string, counts []int, err error) {
	var messages [][]byte
	defer func() {
		for _, m := range messages {
			clear(m)
		}
	}()
	for i, e := range entries {
		if err := migratable(e); err != nil {
			return nil, nil, fmt.Errorf("account %d: %w", i+1, err)
		}
		m := protowire.AppendTag(nil, payloadEntry, protowire.BytesType)
		messages = append(messages, protowire.AppendBytes(m, appendEntry(nil, e)))
	}
	var groups [][][]byte
	for start := 0; start < len(messages); {
		end := start + 1
		for end < len(messages) && end-start < perPart && len(migrationPart(messages[start:end+1], MaxParts, MaxParts-1, batch)) <= limit {
			end++
		}
		if end == start+1 && len(migrationPart(messages[start:end], MaxParts, MaxParts-1, batch)) > limit {
			return nil, nil, fmt.Errorf("account %d: %w: its names", start+1, ErrTooLong)
		}
		groups, start = append(groups, messages[start:end]), end
	}
	if len(groups) > MaxParts {
		return nil, nil, fmt.Errorf("%w: an export has at most %d parts", ErrTooLong, MaxParts)
	}
	for index, g := range groups {
		parts, counts = append(parts, migrationPart(g, len(groups), index, batch)), append(counts, len(g))
	}
	return parts, counts, nil
}

// migrationPart is the link of one part.
func migrationPart(messages [][]byte, size, index int, batch int32) string {
	var b []byte
	for _, m := range messages {
		b = append(b, m...)
	}
	b = appendVarint(b, payloadVersion, 1) // 2 has no batch id
	b = appendVarint(b, payloadBatchSize, uint64(size))
	b = appendVarint(b, payloadBatchIndex, uint64(index))
	b = appendVarint(b, payloadBatchID, uint64(int64(batch)))
	defer clear(b)
	return schemeMigration + "offline?data=" + escape(base64.StdEncoding.EncodeToString(b))
}

func appendEntry(b []byte, e Entry) []byte {
	var unheard warnings
	p, issuer, name := e.Params, clean(e.Issuer, &unheard), clean(e.Name, &unheard)
	if withoutIssuer(name, issuer) != name {
		name = issuer + ":" + name // readers take one such prefix off
	}
	b = appendBytes(b, entrySecret, p.Secret.Reveal())
	b = appendBytes(b, entryName, []byte(name))
	b = appendBytes(b, entryIssuer, []byte(issuer))
	algorithms := map[otp.Algorithm]uint64{otp.SHA1: 1, otp.SHA256: 2, otp.SHA512: 3}
	b = appendVarint(b, entryAlgorithm, algorithms[p.Algorithm])
	b = appendVarint(b, entryDigits, map[int]uint64{6: 1, 8: 2}[p.Digits])
	if p.Kind == otp.HOTP {
		b = appendVarint(b, entryType, 1)
		return appendVarint(b, entryCounter, p.Counter)
	}
	return appendVarint(b, entryType, 2)
}

func appendBytes(b []byte, number protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), value)
}

func appendVarint(b []byte, number protowire.Number, value uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), value)
}
