package otp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/tallystick/tallystick/vault/secret"
)

// Yandex ("yaotp"). A key comes as 16 bytes from a QR code, or as 26 bytes when
// typed: the same 16, eight bytes this package does not use, and a checksum in the
// last 12 bits. Both are stored as they came.
const (
	yandexDigits  = 8
	yandexPeriod  = 30 // seconds
	yandexKey     = 16 // bytes, QR form and what codes depend on
	yandexTyped   = 26 // bytes, typed form
	yandexMinPIN  = 4  // digits
	yandexMaxPIN  = 16 // digits
	yandexCheck   = 12 // bits of checksum
	yandexModulus = 0b1_1000_1111_0011
)

func validateYandex(p Params) error {
	key := p.Secret.Reveal()
	switch len(key) {
	case yandexKey:
	case yandexTyped:
		if !yandexChecksumOK(key) {
			return fmt.Errorf("%w: the Yandex key's checksum is wrong, a character was mistyped", ErrSecret)
		}
	default:
		return fmt.Errorf("%w: a Yandex key has %d or %d bytes", ErrSecret, yandexKey, yandexTyped)
	}
	if !digitsOnly(p.PIN.Reveal(), yandexMinPIN, yandexMaxPIN) {
		return fmt.Errorf("%w: a Yandex PIN has %d to %d digits", ErrPIN, yandexMinPIN, yandexMaxPIN)
	}
	return nil
}

// yandexChecksumOK divides all bits but the last twelve, as one long binary
// polynomial, by yandexModulus; the remainder is the checksum.
func yandexChecksumOK(key []byte) bool {
	bits := len(key)*8 - yandexCheck
	var rest uint16
	for i := range bits {
		rest = rest<<1 | uint16(key[i/8]>>(7-i%8)&1)
		if rest>>yandexCheck != 0 {
			rest ^= yandexModulus
		}
	}
	return rest == binary.BigEndian.Uint16(key[len(key)-2:])&(1<<yandexCheck-1)
}

// yandexSameKey compares what codes are made of: the typed and the QR form of one
// key are the same key.
func yandexSameKey(a, b secret.Bytes) bool {
	if a.Len() < yandexKey || b.Len() < yandexKey {
		return a.Equal(b)
	}
	return hmac.Equal(a.Reveal()[:yandexKey], b.Reveal()[:yandexKey])
}

func yandexCode(p Params, step uint64) string {
	pin := p.PIN.Reveal()
	mixed := make([]byte, 0, yandexMaxPIN+yandexKey)
	mixed = append(mixed, pin...)
	mixed = append(mixed, p.Secret.Reveal()[:yandexKey]...)
	sum := sha256.Sum256(mixed)
	clear(mixed)
	key := sum[:]
	if key[0] == 0 {
		key = key[1:] // one leading zero byte, and only one, is dropped: part of the format
	}

	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], step)
	mac := hmac.New(sha256.New, key)
	mac.Write(counter[:])
	hash := mac.Sum(nil)
	clear(sum[:])

	offset := hash[len(hash)-1] & 15
	number := binary.BigEndian.Uint64(hash[offset:]) &^ (1 << 63)
	var code [yandexDigits]byte
	for i := len(code) - 1; i >= 0; i-- {
		code[i] = 'a' + byte(number%26)
		number /= 26
	}
	return string(code[:])
}
