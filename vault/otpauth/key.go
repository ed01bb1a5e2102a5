package otpauth

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// shortKey is the least number of bytes that passes without a warning: RFC 4226
// wants 16, Google handed out 10 for years.
const shortKey = 10

// ParseKey reads a typed key for a kind and gives it that kind's usual parameters:
// base32 for TOTP, HOTP, Steam (also Steam's own base64) and Yandex, hex digits for
// mOTP. Spaces, dashes and letter case are as people type them; a mOTP key keeps its
// case, which is part of it. mOTP and Yandex still need their PIN (otp.ErrPIN until
// then). Errors: ErrSecret, ErrNoSecret, ErrTooLong, ErrType for a kind without a key.
func ParseKey(kind otp.Kind, text string) (otp.Params, []Warning, error) {
	if len(text) > MaxText {
		return otp.Params{}, nil, ErrTooLong
	}
	var warn warnings
	p, err := parseKey(kind, text, &warn)
	if err != nil {
		return otp.Params{}, nil, err
	}
	if err := checkKey(p); err != nil {
		return otp.Params{}, nil, err
	}
	return p, warn, nil
}

func parseKey(kind otp.Kind, text string, warn *warnings) (otp.Params, error) {
	if symbols(text) == 0 {
		return otp.Params{}, ErrNoSecret
	}
	switch kind {
	case otp.TOTP, otp.HOTP, otp.Yandex:
		key, err := base32Key(text, warn)
		return otp.New(kind, key), err
	case otp.Steam:
		if key, ok := steamBase64(text); ok {
			warn.add(WarnKeyForm)
			return otp.New(kind, key), nil
		}
		key, err := base32Key(text, warn)
		return otp.New(kind, key), err
	case otp.MOTP:
		return otp.New(kind, secret.FromString(strip(text))), nil
	}
	return otp.Params{}, fmt.Errorf("%w: this kind has no key", ErrType)
}

// checkKey maps what otp thinks of a key to this package's errors; a PIN that is not
// there yet is no fault of the key.
func checkKey(p otp.Params) error {
	err := p.Validate()
	switch {
	case err == nil, errors.Is(err, otp.ErrPIN):
		return nil
	case errors.Is(err, otp.ErrSecret):
		return fmt.Errorf("%w (%w)", ErrSecret, err)
	}
	return fmt.Errorf("%w (%w)", ErrParameter, err)
}

func base32Key(text string, warn *warnings) (secret.Bytes, error) {
	key, err := otp.DecodeBase32(text)
	if err != nil {
		return secret.Bytes{}, fmt.Errorf("%w (%w)", ErrSecret, err)
	}
	warn.addIf(key.Len() < shortKey, WarnShortKey)
	warn.addIf(!lengthOK(symbols(text)), WarnKeyLength)
	return key, nil
}

// lengthOK reports whether base32 of whole bytes can have that many characters.
func lengthOK(symbols int) bool {
	switch symbols % 8 {
	case 1, 3, 6:
		return false
	}
	return true
}

// strip takes out what means nothing in a written key.
func strip(text string) string {
	return strings.Map(func(r rune) rune {
		if otp.IsSeparator(r) {
			return -1
		}
		return r
	}, text)
}

// symbols counts the characters of a key, without separators and padding.
func symbols(text string) int {
	n := 0
	for _, r := range text {
		if r != '=' && !otp.IsSeparator(r) {
			n++
		}
	}
	return n
}

// steamBase64 reads a key as Steam's own files write it: 20 bytes in base64, which
// are 27 characters and one =. Base32 is never of that length with one =; without
// it, letters of both cases or characters that base32 lacks tell.
func steamBase64(text string) (secret.Bytes, bool) {
	text = strings.TrimSpace(text)
	bare, padded := strings.CutSuffix(text, "=")
	if len(bare) != 27 {
		return secret.Bytes{}, false
	}
	if !padded && (bare == strings.ToUpper(bare) || bare == strings.ToLower(bare)) {
		if _, err := otp.DecodeBase32(bare); err == nil {
			return secret.Bytes{}, false
		}
	}
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(bare, "-_") {
		encoding = base64.RawURLEncoding
	}
	key, err := encoding.DecodeString(bare)
	if err != nil || len(key) != 20 {
		return secret.Bytes{}, false
	}
	return secret.New(key), true
}

// motpLinkKey reads the key of an otpauth://motp link. Written there are the hex
// digits themselves, base32 of their text, or (Aegis) base32 of the bytes they
// stand for. Hex digits are nearly never base32 of anything: 0, 1, 8 and 9 are not.
func motpLinkKey(text string, warn *warnings) (otp.Params, error) {
	p := otp.New(otp.MOTP, secret.FromString(strip(text)))
	if checkKey(p) == nil {
		return p, nil
	}
	key, err := otp.DecodeBase32(text)
	if err != nil {
		return p, fmt.Errorf("%w (%w)", ErrSecret, err)
	}
	warn.add(WarnKeyForm)
	if asText := otp.New(otp.MOTP, key); checkKey(asText) == nil {
		return asText, nil
	}
	defer key.Wipe()
	return otp.New(otp.MOTP, secret.New(hex.AppendEncode(nil, key.Reveal()))), nil
}

// linkPIN reads a PIN parameter: digits as they are, or base32 of them as Aegis
// writes it. Base32 of a digit begins with G, so the two cannot be mixed up.
func linkPIN(text string) (secret.Bytes, error) {
	if strings.Trim(text, "0123456789") == "" {
		return secret.FromString(text), nil
	}
	pin, err := otp.DecodeBase32(text)
	if err != nil {
		return secret.Bytes{}, fmt.Errorf("%w: the PIN has characters that cannot be part of one", ErrParameter)
	}
	return pin, nil
}
