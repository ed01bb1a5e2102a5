package otp

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"strconv"
)

// Mobile-OTP, http://motp.sourceforge.net: the first six hex digits of
// MD5(decimal(unix/10) + key as text + PIN).
const (
	motpDigits    = 6
	motpPeriod    = 10 // seconds
	motpMinSecret = 16 // hex digits
	motpPIN       = 4  // digits
	motpNumber    = 20 // decimal digits of the largest uint64
)

func validateMOTP(p Params) error {
	key := p.Secret.Reveal()
	if len(key) < motpMinSecret {
		return fmt.Errorf("%w: a Mobile-OTP key has at least %d characters", ErrSecret, motpMinSecret)
	}
	for _, c := range key {
		if !isHexDigit(c) {
			return fmt.Errorf("%w: a Mobile-OTP key is made of 0-9 and a-f", ErrSecret)
		}
	}
	if !digitsOnly(p.PIN.Reveal(), motpPIN, motpPIN) {
		return fmt.Errorf("%w: a Mobile-OTP PIN has %d digits", ErrPIN, motpPIN)
	}
	return nil
}

// motpCode hashes the key as it was typed: the server compares text, so the case
// of the hex digits is part of the key.
func motpCode(p Params, step uint64) string {
	key, pin := p.Secret.Reveal(), p.PIN.Reveal()
	text := make([]byte, 0, motpNumber+len(key)+len(pin))
	text = strconv.AppendUint(text, step, 10)
	text = append(text, key...)
	text = append(text, pin...)
	sum := md5.Sum(text)
	clear(text)
	return hex.EncodeToString(sum[:motpDigits/2])
}

func isHexDigit(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
