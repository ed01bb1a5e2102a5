package otpauth

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tallystick/tallystick/vault/otp"
)

// Form is what a text looks like, without judging whether it is well formed.
type Form int

// The forms.
const (
	Unknown   Form = iota // nothing of ours (a web address, Wi-Fi, prose …)
	URI                   // otpauth://, motp://, steam://, apple-otpauth://
	Migration             // otpauth-migration://
	BareKey               // something that can be typed as a key
)

// The schemes, in lower case.
const (
	schemeOTPAuth   = "otpauth://"
	schemeApple     = "apple-otpauth://"
	schemeMOTP      = "motp://"
	schemeSteam     = "steam://"
	schemeMigration = "otpauth-migration://"
)

// Recognise says what a text is: a code found on the screen, or the clipboard. It
// never says what is wrong with it; Parse and ParseMigration do.
//
// steam:// is also how web pages start games: such a link (steam://run/…) is Unknown.
// A bare key has to look like one; see isBareKey.
func Recognise(text string) Form {
	scheme, rest := cutScheme(text)
	switch scheme {
	case schemeOTPAuth, schemeApple, schemeMOTP:
		return URI
	case schemeMigration:
		return Migration
	case schemeSteam:
		if isSteamCommand(rest) {
			return Unknown
		}
		return URI
	}
	if isBareKey(text) {
		return BareKey
	}
	return Unknown
}

// cutScheme takes one of our schemes off a text, in any letter case, with what
// copying puts around a link: spaces, invisible characters, quotes, <…>, and the
// "QR-Code:" of zbarimg. scheme is empty when there is none.
func cutScheme(text string) (scheme, rest string) {
	text = trimText(text)
	for _, s := range []string{schemeOTPAuth, schemeApple, schemeMOTP, schemeSteam, schemeMigration} {
		if len(text) >= len(s) && strings.EqualFold(text[:len(s)], s) {
			return s, text[len(s):]
		}
	}
	return "", text
}

func trimText(text string) string {
	text = strings.Trim(strings.TrimSpace(text), "\ufeff\u200b\u2060 \t\r\n\x00")
	text = strings.TrimSpace(strings.TrimPrefix(text, "QR-Code:"))
	for _, q := range []string{`""`, `''`, "<>"} {
		if len(text) > 2 && text[0] == q[0] && text[len(text)-1] == q[1] {
			return text[1 : len(text)-1]
		}
	}
	return text
}

// isSteamCommand tells steam://run/440 from a key: a word of small letters, a slash
// and something else, and no key as a whole.
func isSteamCommand(rest string) bool {
	word, after, _ := strings.Cut(rest, "/")
	if after == "" || len(word) < 2 || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") != "" {
		return false
	}
	_, isKey := steamBase64(steamText(rest))
	return !isKey
}

// isBareKey tells a key that somebody copied from ordinary text. A key
//   - has 16 to 128 characters of base32, a number that base32 can have;
//   - is in capitals or in small letters, not both;
//   - is in one piece or in groups of one length (the last may be shorter), parted by
//     one and the same separator;
//   - has a digit from 2 to 7 in it, as 96 % of the keys of 16 characters and nearly
//     all longer ones have, or five consonants in a row, as most of the rest and hardly
//     any word has.
//
// What fails here can still be typed as a key: ParseKey asks for none of this.
func isBareKey(text string) bool {
	const shortest, longest = 16, 128
	if len(text) > 4*longest {
		return false
	}
	text = strings.TrimRight(trimText(text), "= ")
	if !utf8.ValidString(text) {
		return false
	}
	var separator rune
	count, group, groupSize, consonants := 0, 0, 0, 0
	var small, capital, digit, random bool
	for _, r := range text {
		switch {
		case otp.IsSeparator(r):
			if unicode.IsSpace(r) {
				r = ' '
			}
			if separator != 0 && separator != r {
				return false
			}
			if group == 0 {
				continue // a second space
			}
			if groupSize != 0 && group != groupSize {
				return false
			}
			separator, groupSize, group = r, group, 0
			continue
		case r >= 'a' && r <= 'z':
			small = true
		case r >= 'A' && r <= 'Z':
			capital = true
		case r >= '2' && r <= '7':
			digit = true
		default:
			return false
		}
		count++
		group++
		if strings.ContainsRune("aeiouyAEIOUY234567", r) {
			consonants = 0
		} else if consonants++; consonants == 5 {
			random = true
		}
	}
	return count >= shortest && count <= longest && lengthOK(count) &&
		!(small && capital) && (groupSize == 0 || group <= groupSize) && (digit || random)
}
