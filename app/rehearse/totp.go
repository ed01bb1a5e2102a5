package rehearse

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"time"
)

// The portals' own TOTP: RFC 6238 with SHA-1, 6 digits and 30 seconds, written without a look at vault/otp. A mistake in one of
// the two shows when they meet.

const (
	keyBytes = 20 // RFC 4226, section 4, R6
	period   = 30 // seconds
	window   = 1  // steps accepted on either side, RFC 6238, section 5.2
)

// totp is the code of a time step.
func totp(key []byte, step int64) string {
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, step)
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0x0f
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1_000_000)
}

// authenticator is a key that was handed out, and the steps whose code was taken.
type authenticator struct {
	key  []byte
	used map[int64]bool
}

type verdict int

const (
	wrong    verdict = iota
	reused           // right, but it was accepted before
	accepted         // and is not accepted again
)

// check judges a code at a time, and spends it. drift is the step it belongs to, seen from the portal's own.
func (a *authenticator) check(code string, at time.Time) (v verdict, drift int) {
	here := at.Unix() / period
	for step := range a.used {
		if step < here-window {
			delete(a.used, step)
		}
	}
	for _, drift := range []int{0, -window, window} {
		step := here + int64(drift)
		switch {
		case !hmac.Equal([]byte(totp(a.key, step)), []byte(code)):
		case a.used[step]:
			v = reused
		default:
			a.used[step] = true
			return accepted, drift
		}
	}
	return v, 0
}

// typed is the key as it is shown to be typed: base32 in groups of four.
func (a *authenticator) typed() string {
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(a.key)
	grouped := text[:4]
	for i := 4; i < len(text); i += 4 {
		grouped += " " + text[i:min(i+4, len(text))]
	}
	return grouped
}

// link is what the QR code says (Key Uri Format of Google Authenticator).
func (a *authenticator) link(issuer, user string, full bool) string {
	link := "otpauth://totp/" + url.PathEscape(issuer) + ":" + url.PathEscape(user) +
		"?secret=" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(a.key) + "&issuer=" + url.QueryEscape(issuer)
	if full {
		link += "&algorithm=SHA1&digits=6&period=30"
	}
	return link
}
