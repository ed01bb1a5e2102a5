package exports

import (
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// typedKey is a key as a person types it: base32, the hex digits of mOTP as they are.
func typedKey(p otp.Params) secret.Bytes {
	if p.Kind == otp.MOTP {
		return p.Secret.Clone()
	}
	return secret.FromString(otp.EncodeBase32(p.Secret.Reveal()))
}

// settings says what has to be set by hand where a key is typed; "" when it is the usual.
func settings(p otp.Params) string {
	var list []string
	add := func(unusual bool, text string) {
		if unusual {
			list = append(list, text)
		}
	}
	switch p.Kind {
	case otp.TOTP, otp.HOTP:
		add(p.Digits != 6, strconv.Itoa(p.Digits)+" digits")
		add(p.Kind == otp.TOTP && p.Period != 30, "new every "+strconv.Itoa(p.Period)+" seconds")
		add(p.Algorithm != otp.SHA1, string(p.Algorithm))
		add(p.Kind == otp.HOTP, "counter "+strconv.FormatUint(p.Counter, 10))
	case otp.Steam, otp.MOTP, otp.Yandex:
		list = append(list, kindName(p.Kind))
	}
	return strings.Join(list, ", ")
}
