package otpauth_test

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
	"github.com/tallystick/tallystick/vault/secret"
)

// randomBytes is n random bytes as a secret.
func randomBytes(r *rand.Rand, n int) secret.Bytes {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return secret.New(b)
}

// randomName is a name with everything in it that links trip over.
func randomName(r *rand.Rand) string {
	pieces := []string{"Nordlicht", "ada", "🔑", "👩\u200d🚀", "ä", "日本", ":", "::", "#", "&", "&&", "=", "%", "%3A", "%25", "+", "?", "/", "//", " ", "  ",
		"@", ";", "\"", "<", ">", "'", "\\", "secret=", "period=5", "issuer=", "?secret=", "&digits=0", "otpauth://", "null", "Steam", "-", "_", "~", ".", "%zz", "\u00a0x"}
	var b strings.Builder
	for range r.IntN(6) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return strings.TrimSpace(b.String())
}

// randomEntry is a valid account of any kind that has a link.
func randomEntry(r *rand.Rand) otpauth.Entry {
	digits := func(n int) secret.Bytes {
		b := make([]byte, n)
		for i := range b {
			b[i] = '0' + byte(r.IntN(10))
		}
		return secret.New(b)
	}
	algorithms := []otp.Algorithm{otp.SHA1, otp.SHA256, otp.SHA512}
	e := otpauth.Entry{Issuer: randomName(r), Name: randomName(r)}
	p := &e.Params
	switch r.IntN(8) {
	case 0:
		*p = otp.New(otp.Steam, randomBytes(r, 1+r.IntN(40)))
	case 1:
		*p = otp.New(otp.MOTP, secret.FromString(hex.EncodeToString(randomBytes(r, 8+r.IntN(9)).Reveal())))
		return e // no room for tags or a PIN
	case 2:
		*p = otp.New(otp.Yandex, randomBytes(r, 16))
		if r.IntN(4) > 0 {
			p.PIN = digits(4 + r.IntN(13))
		}
	case 3, 4:
		*p = otp.New(otp.HOTP, randomBytes(r, 1+r.IntN(70)))
		p.Algorithm, p.Digits, p.Counter = algorithms[r.IntN(3)], 1+r.IntN(10), r.Uint64()>>(1+r.IntN(63))
	default:
		*p = otp.New(otp.TOTP, randomBytes(r, 1+r.IntN(70)))
		if r.IntN(2) == 0 {
			p.Algorithm, p.Digits, p.Period = algorithms[r.IntN(3)], 1+r.IntN(10), 1+r.IntN(86400)
		}
	}
	for range r.IntN(3) {
		if tag := randomName(r); tag != "" {
			e.Tags = append(e.Tags, tag)
		}
	}
	return e
}
