package transfer

import (
	"context"
	"crypto/sha1" // what the format uses
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// andOTP, plain: an array of {"secret","issuer","label","digits","type","algorithm","last_used","period" or "counter","tags"}. The old
// export of GNOME Authenticator is the same with the issuer as the first tag.
var andotp = source{
	id: "andotp", name: "andOTP",
	sniff: func(in *input) bool {
		return in.hasEach("secret", "label", "type") || in.hasEach("secret", "label", "thumbnail")
	},
	open: func(_ context.Context, in *input) (opened, error) {
		return plain(func(ctx context.Context) (Result, error) { return readAndOTP(ctx, in.text) }), nil
	},
}

// andotpSealed is andOTP's encrypted export. It has no mark of its own:
//
//	new: rounds u32, salt 12, nonce 12, AES-256-GCM; key = PBKDF2-HMAC-SHA1
//	old: nonce 12, AES-256-GCM; key = SHA-256 of the passphrase
var andotpSealed = source{id: "andotp", name: "andOTP", sniff: sniffAndOTP, open: openAndOTP}

const (
	andotpSalt  = 12
	andotpNonce = 12
	andotpTag   = 16
	andotpLeast = 1_000 // rounds; fewer are none but the first bytes of a nonce
)

func sniffAndOTP(in *input) bool {
	return in.text == nil && len(in.data) > andotpNonce+andotpTag+2 && looksRandom(in.data)
}

// looksRandom reports whether data can be encrypted: none of the beginnings that are known, and nearly as many different byte
// values as chance gives.
func looksRandom(data []byte) bool {
	for _, magic := range []string{"PK\x03\x04", "PK\x05\x06", "SQLite format 3", "\x89PNG", "\xff\xd8\xff", "GIF8", "%PDF", "MZ", "\x7fELF", "\x1f\x8b", "7z\xbc\xaf",
		"Rar!", "bplist", "RIFF", "\xac\xed\x00\x05", "\x03\xd9\xa2\x9a", "AUTHENTICATORPRO", "AuthenticatorPro", "OTPClient", "BM", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe"} {
		if strings.HasPrefix(string(data[:min(len(data), 16)]), magic) {
			return false
		}
	}
	head := data[:min(len(data), 2048)]
	var seen [256]bool
	distinct := 0
	for _, c := range head {
		if !seen[c] {
			seen[c] = true
			distinct++
		}
	}
	// Of n random bytes 256·(1−(255/256)^n) are different; two thirds of it or n/2, whichever is less, is asked for.
	switch n := len(head); {
	case n >= 1024:
		return distinct > 240
	case n >= 256:
		return distinct > 140
	default:
		return distinct*5 > n*3
	}
}

func openAndOTP(_ context.Context, in *input) (opened, error) {
	data := in.data
	old := func(passphrase secret.Bytes) ([]byte, error) {
		key := sha256.Sum256(passphrase.Reveal())
		defer clear(key[:])
		return openGCM(key[:], data[:andotpNonce], data[andotpNonce:], nil)
	}
	var d derivation
	if rounds := int64(binary.BigEndian.Uint32(data)); len(data) > 4+andotpSalt+andotpNonce+andotpTag && rounds >= andotpLeast && rounds <= maxRounds {
		var err error
		if d, err = pbkdf2Of(sha1.New, data[4:4+andotpSalt], rounds, 32); err != nil {
			return opened{}, err
		}
	}
	return opened{encrypted: true, cost: d.cost, read: func(ctx context.Context, passphrase secret.Bytes) (Result, error) {
		open, err := old(passphrase)
		if err != nil && d.run != nil {
			var key secret.Bytes
			if key, err = d.key(ctx, passphrase); err != nil {
				return Result{}, err
			}
			defer key.Wipe()
			rest := data[4+andotpSalt:]
			open, err = openGCM(key.Reveal(), rest[:andotpNonce], rest[andotpNonce:], nil)
		}
		if err != nil {
			return Result{}, fmt.Errorf("%w, or the file is none of andOTP", ErrPassphrase)
		}
		defer clear(open)
		return readAndOTP(ctx, open)
	}}, nil
}

func readAndOTP(ctx context.Context, data []byte) (Result, error) {
	var entries list
	if err := decode(data, &entries); err != nil {
		return Result{}, err
	}
	g := newGather(ctx)
	g.expect(len(entries))
	for _, raw := range entries {
		var e struct {
			Secret    text   `json:"secret"`
			Issuer    *text  `json:"issuer"`
			Label     text   `json:"label"`
			Digits    number `json:"digits"`
			Type      text   `json:"type"`
			Algorithm text   `json:"algorithm"`
			LastUsed  number `json:"last_used"`
			Period    number `json:"period"`
			Counter   number `json:"counter"`
			Tags      texts  `json:"tags"`
		}
		if err := decode(raw, &e); err != nil {
			g.skip("", reason(err))
			continue
		}
		kind, ok := kindOf(string(e.Type))
		if !ok {
			g.skip(string(e.Label), notSupported)
			continue
		}
		d := draft{
			kind: kind, name: string(e.Label), key: string(e.Secret), algorithm: string(e.Algorithm),
			digits: e.Digits, period: e.Period, counter: e.Counter,
			extra: extra{tags: e.Tags, used: millis(e.LastUsed)},
		}
		switch before, after, split := strings.Cut(d.name, " - "); {
		case e.Issuer != nil:
			d.issuer = string(*e.Issuer)
		case split:
			// Before there was an issuer, "Issuer - Name" was the label.
			d.suggest(before, after)
		case len(e.Tags) > 0:
			d.issuer, d.tags = e.Tags[0], e.Tags[1:]
		}
		if kind == otp.MOTP {
			// Written is base32 of the hex digits as text; of the bytes they stand for would be as Aegis has it.
			if key, err := otp.DecodeBase32(d.key); err == nil {
				if d.bytes = key; !isHex(key.Reveal()) {
					d.bytes = hexText(d.key)
				}
			}
		}
		g.add(d)
	}
	return g.done()
}

func isHex(b []byte) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return len(b) > 0
}
