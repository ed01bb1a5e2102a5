package otpauth

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/vault/otp"
)

// Format writes a link that other apps read: percent-encoded with %20, the issuer
// both before the label's one literal colon and as a parameter. Digits and period are
// always there, because not every reader has defaults (KeePassXC has been seen to make one
// digit of a link without them); the algorithm is where it is not SHA1.
//
//   - Steam is otpauth://steam/…&encoder=steam: Aegis, ente and andOTP know the host,
//     KeePassXC the parameter, and who knows neither refuses it instead of showing
//     six digits.
//   - mOTP is motp://Issuer:name?secret=HEX, which has room for neither tags nor the
//     PIN: the reader asks for it.
//   - Yandex is otpauth://yaotp/… with the PIN as Aegis writes it (base32) and its length
//     as Stratum does.
//
// Parse gives the same entry back, but for the warnings and mOTP's PIN and tags, if
// issuer, name and tags are clean (as Parse leaves them) to begin with; otherwise they
// are cleaned. The result holds the key: it is the caller's to keep from being seen.
//
// Errors: ErrType for Manual, ErrTooLong when the names make more than MaxText, ErrSecret
// and ErrParameter for parameters that otp refuses. A missing PIN is left out.
func Format(e Entry) (string, error) {
	if e.Params.Kind == otp.Manual {
		return "", fmt.Errorf("%w: an account without codes has no link", ErrType)
	}
	if err := e.Params.Validate(); errors.Is(err, otp.ErrKind) {
		return "", fmt.Errorf("%w (%w)", ErrType, err)
	} else if err != nil && !(errors.Is(err, otp.ErrPIN) && e.Params.PIN.IsEmpty()) {
		if errors.Is(err, otp.ErrSecret) {
			return "", fmt.Errorf("%w (%w)", ErrSecret, err)
		}
		return "", fmt.Errorf("%w (%w)", ErrParameter, err)
	}
	text := link(e)
	if len(text) > MaxText {
		return "", ErrTooLong
	}
	return text, nil
}

func link(e Entry) string {
	var unheard warnings
	p, issuer, name := e.Params, clean(e.Issuer, &unheard), clean(e.Name, &unheard)
	key := string(p.Secret.Reveal())
	if p.Kind != otp.MOTP {
		key = otp.EncodeBase32(p.Secret.Reveal())
	}

	var b strings.Builder
	param := func(name, value string) { b.WriteString("&" + name + "=" + value) }
	label := escape(name)
	if issuer != "" || strings.Contains(name, ":") {
		label = escape(issuer) + ":" + label // a colon before a name that has one says: no issuer
	}
	if p.Kind == otp.MOTP {
		if issuer == "" {
			label = ":" + escape(name)
		}
		return schemeMOTP + label + "?secret=" + key
	}
	host := map[otp.Kind]string{otp.TOTP: "totp", otp.HOTP: "hotp", otp.Steam: "steam", otp.Yandex: "yaotp"}[p.Kind]
	b.WriteString(schemeOTPAuth + host + "/" + label + "?secret=" + key)
	if issuer != "" {
		param("issuer", escape(issuer))
	}
	switch p.Kind {
	case otp.TOTP, otp.HOTP:
		if p.Algorithm != otp.SHA1 {
			param("algorithm", string(p.Algorithm))
		}
		param("digits", strconv.Itoa(p.Digits))
		if p.Kind == otp.HOTP {
			param("counter", strconv.FormatUint(p.Counter, 10))
		} else {
			param("period", strconv.Itoa(p.Period))
		}
	case otp.Steam:
		param("algorithm", string(p.Algorithm))
		param("digits", strconv.Itoa(p.Digits))
		param("period", strconv.Itoa(p.Period))
		param("encoder", "steam")
	case otp.Yandex:
		if !p.PIN.IsEmpty() {
			param("pin", otp.EncodeBase32(p.PIN.Reveal()))
			param("pin_length", strconv.Itoa(p.PIN.Len()))
		}
	}
	for _, tag := range e.Tags {
		if tag = clean(tag, &unheard); tag != "" {
			param("tags", escape(tag))
		}
	}
	return b.String()
}
