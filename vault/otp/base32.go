package otp

import (
	"encoding/base32"
	"fmt"
	"unicode"

	"github.com/tallystick/tallystick/vault/secret"
)

// DecodeBase32 reads a key as people and portals write it: either case, with
// spaces of any sort (line breaks and the invisible ones of web pages too), dashes,
// underscores and = padding, in lengths RFC 4648 forbids. Five bits per character,
// every full byte is kept, left-over bits are dropped: what Google Authenticator
// does. (encoding/base32 instead drops the last group of such a key without an
// error, and then shows wrong codes.)
//
// 0, 1, 8 and 9 are refused, not read as O, I or B: a wrong guess shows wrong
// codes. So is anything else, a letter after padding, a text of less than a byte,
// and more than MaxSecret bytes. The error is ErrSecret with the place, never with
// the character.
func DecodeBase32(text string) (secret.Bytes, error) {
	out := make([]byte, 0, min(len(text)*5/8, MaxSecret))
	var bits uint32 // the last n bits are waiting for a full byte
	var n, place int
	padded := false
	for _, r := range text {
		place++
		if IsSeparator(r) {
			continue
		}
		if r == '=' {
			padded = true
			continue
		}
		five, ok := base32Value(r)
		if !ok || padded {
			clear(out)
			return secret.Bytes{}, fmt.Errorf("%w: character %d cannot be part of a key", ErrSecret, place)
		}
		bits, n = bits<<5|five, n+5
		if n < 8 {
			continue
		}
		if len(out) == MaxSecret {
			clear(out)
			return secret.Bytes{}, fmt.Errorf("%w: a key has at most %d bytes", ErrSecret, MaxSecret)
		}
		n -= 8
		out = append(out, byte(bits>>n))
	}
	if len(out) == 0 {
		return secret.Bytes{}, fmt.Errorf("%w: the key is empty", ErrSecret)
	}
	return secret.New(out), nil
}

// IsSeparator reports whether r stands between the characters of a written key and
// means nothing: spaces, dashes, underscores, and the invisible characters that come
// along when copying from a web page.
func IsSeparator(r rune) bool {
	switch r {
	case ' ', '-', '_':
		return true
	case '\u00ad', '\u200b', '\u200c', '\u200d', '\u2060', '\ufeff': // soft hyphen, zero width
		return true
	case '\u2010', '\u2011', '\u2012', '\u2013', '\u2014', '\u2015', '\u2212': // hyphens, dashes, minus
		return true
	}
	return unicode.IsSpace(r)
}

func base32Value(r rune) (five uint32, ok bool) {
	switch {
	case r >= 'A' && r <= 'Z':
		return uint32(r - 'A'), true
	case r >= 'a' && r <= 'z':
		return uint32(r - 'a'), true
	case r >= '2' && r <= '7':
		return uint32(r-'2') + 26, true
	}
	return 0, false
}

var canonical = base32.StdEncoding.WithPadding(base32.NoPadding)

// EncodeBase32 writes a key the way portals do: upper case, no padding, nothing in
// between. The result is a secret in an ordinary string: show it, do not keep it.
func EncodeBase32(b []byte) string { return canonical.EncodeToString(b) }
