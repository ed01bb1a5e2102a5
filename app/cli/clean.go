package cli

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Names come out of QR codes that strangers made. On a terminal, control characters can
// move the cursor, change colours or the title, and even type; marks that turn the
// direction of writing can make one name look like another.

// harmful reports whether a character may not reach a terminal.
func harmful(c rune) bool {
	return unicode.IsControl(c) || // C0, DEL and C1, which holds an 8-bit escape
		c == '\u2028' || c == '\u2029' || // line and paragraph separators
		unicode.Is(unicode.Bidi_Control, c) ||
		c == utf8.RuneError
}

// clean makes text fit to print: harmful characters become U+FFFD, one for each run of
// them, so that something is seen to be there.
func clean(text string) string {
	if strings.IndexFunc(text, harmful) < 0 && utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	last := false
	for _, c := range text { // an invalid byte ranges as RuneError
		bad := harmful(c)
		switch {
		case !bad:
			b.WriteRune(c)
		case !last:
			b.WriteRune(utf8.RuneError)
		}
		last = bad
	}
	return b.String()
}

// cleanJSON writes harmful characters of a JSON text as \u escapes, which keeps the
// value exactly as it is. encoding/json does that below U+0020 only.
func cleanJSON(text []byte) []byte {
	if bytes.IndexFunc(text, func(c rune) bool { return harmful(c) && c != '\n' }) < 0 {
		return text
	}
	var b bytes.Buffer
	for _, c := range string(text) {
		if harmful(c) && c != '\n' {
			fmt.Fprintf(&b, `\u%04x`, c)
		} else {
			b.WriteRune(c)
		}
	}
	return b.Bytes()
}
