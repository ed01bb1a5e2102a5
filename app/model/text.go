package model

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// clean makes a name safe to show on one line. Issuers and names come from QR
// codes of strangers: line breaks would spread over other rows, and characters that
// turn the writing direction make "elgoog" read as something it is not.
func clean(s string) string {
	if plainASCII(s) {
		return strings.TrimSpace(s)
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune { return visible(r, false) }, s))
}

// cleanNote is clean for a text of several lines.
func cleanNote(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune { return visible(r, true) }, s))
}

// visible maps a character to what may be shown: itself, a space, or nothing (-1).
func visible(r rune, lines bool) rune {
	switch {
	case r == '\n' && lines:
		return r
	case r == '\n', r == '\r', r == '\t', r == '\v', r == '\f', r == '\u0085', r == '\u2028', r == '\u2029':
		return ' '
	case r == '\u200c', r == '\u200d':
		return r // joiners: words in Persian and Hindi, and most emoji, need them
	case r == utf8.RuneError, unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co):
		return -1 // controls, direction overrides, invisible characters, private use
	case unicode.IsSpace(r):
		return ' '
	}
	return r
}

func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// letters without a decomposition that people type as others all the same.
var foldedLetters = strings.NewReplacer(
	"ß", "ss", "ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "æ", "ae", "œ", "oe", "ı", "i", "ħ", "h", "ŧ", "t",
)

// fold brings a text into the form that search compares: lower case, no accents,
// wide and styled letters as ordinary ones.
func fold(s string) string {
	ascii := true
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		return strings.ToLower(s)
	}
	return foldedLetters.Replace(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s)))
}

// Group writes a code in groups, as people read them aloud: "492 039",
// "1234 5678", "123 456 789". Up to five characters stay together, and so do
// letters (Steam, Yandex, mOTP), which people type as one word.
func Group(code string) string {
	for i := range len(code) {
		if code[i] < '0' || code[i] > '9' {
			return code
		}
	}
	sizes := []int(nil)
	switch len(code) {
	case 6:
		sizes = []int{3, 3}
	case 7:
		sizes = []int{3, 4}
	case 8:
		sizes = []int{4, 4}
	case 9:
		sizes = []int{3, 3, 3}
	case 10:
		sizes = []int{3, 3, 4}
	default:
		return code
	}
	var b strings.Builder
	for i, n := range sizes {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(code[:n])
		code = code[n:]
	}
	return b.String()
}

// title is what a sentence calls an account.
func title(issuer, name string) string {
	switch {
	case issuer != "" && name != "":
		return issuer + " (" + name + ")"
	case issuer != "":
		return issuer
	case name != "":
		return name
	}
	return "the account without a name"
}

// count writes "1 account", "3 accounts".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// join writes "a", "a and b", "a, b and c".
func join(parts []string) string {
	switch len(parts) {
	case 0:
		return ""
	case 1:
		return parts[0]
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}

// sentenceCase starts a text with a capital letter.
func sentenceCase(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[size:]
}
