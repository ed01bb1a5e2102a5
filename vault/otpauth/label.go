package otpauth

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// CleanLabel makes an issuer, a name or a tag of another source than a link fit to be shown, by the same rules as the labels
// of links: see clean. The warnings are WarnLabelCleaned and WarnLabelCut.
func CleanLabel(s string) (string, []Warning) {
	var warn warnings
	s = clean(s, &warn)
	return s, warn
}

// clean makes an issuer, a name or a tag fit to be shown: valid UTF-8, no control
// characters (a line break becomes a space), nothing that turns the direction of
// text around (a name that reads differently than it is stored is a way to deceive),
// nothing of no width but the joiners emoji and some scripts need; trimmed; at most
// MaxLabel code points.
func clean(s string, warn *warnings) string {
	s = strings.TrimSpace(s)
	if isPlain(s) {
		return s
	}
	bad := false
	s = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError: // also what strings.Map makes of invalid bytes
			bad = true
			return utf8.RuneError
		case r == '\t' || r == '\n' || r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			bad = true
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u200b', r == '\u2060', r == '\ufeff':
			bad = true
			return -1
		}
		return r
	}, s)
	warn.addIf(bad, WarnLabelCleaned)
	s = strings.TrimSpace(s)
	count := 0
	for i := range s {
		if count == MaxLabel {
			warn.add(WarnLabelCut)
			return strings.TrimSpace(s[:i])
		}
		count++
	}
	return s
}

// isPlain is the short way for what nearly all names are: printable ASCII of ordinary length.
func isPlain(s string) bool {
	if len(s) > MaxLabel {
		return false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// splitLabel takes the label of an otpauth link, still encoded, and the raw issuer
// parameter, and says who the issuer is and what the account is called.
//
//   - The parameter is the issuer. If the label begins with it and a colon, the name is the
//     rest. If the label begins with something else and a colon, the whole label is
//     the name: nobody knows which of the two is right, and nothing gets lost.
//   - Without a parameter the label is split at its first literal colon, because who
//     encodes at all encodes the colons that are not the separator. If all colons
//     are encoded, at the first one.
//   - A blank issuer is none. A label without a colon is the account name.
func splitLabel(label, issuerParam string, warn *warnings) (issuer, name string) {
	whole := unescape(label, false)
	// "Disney+" is a plus where the label says so, and a space otherwise.
	for _, plusIsSpace := range []bool{false, true} {
		candidate := clean(unescape(issuerParam, plusIsSpace), warn)
		if candidate == "" {
			continue
		}
		if rest, ok := cutIssuer(whole, candidate); ok {
			return candidate, clean(rest, warn)
		}
	}
	prefix, rest, split := cutColon(label, issuerParam == "", warn)
	issuer = clean(unescape(issuerParam, true), warn)
	switch {
	case !split:
		return issuer, clean(whole, warn)
	case isBlank(prefix):
		return issuer, clean(rest, warn)
	case issuer == "":
		return clean(prefix, warn), clean(rest, warn)
	default:
		warn.add(WarnIssuerDiffers)
		return issuer, clean(whole, warn)
	}
}

// cutIssuer returns what follows issuer and a colon at the start of a decoded label.
func cutIssuer(label, issuer string) (rest string, ok bool) {
	const tries = 16 // colons in an issuer; a label of nothing but colons must stay cheap
	var unheard warnings
	at := 0
	for range tries {
		colon := strings.IndexByte(label[at:], ':')
		if colon < 0 {
			break
		}
		at += colon + 1
		if strings.EqualFold(clean(label[:at-1], &unheard), issuer) {
			return label[at:], true
		}
	}
	return "", false
}

// cutColon splits an encoded label at its separator and decodes both sides.
func cutColon(label string, guessed bool, warn *warnings) (prefix, rest string, ok bool) {
	if before, after, found := strings.Cut(label, ":"); found {
		return unescape(before, false), unescape(after, false), true
	}
	whole := unescape(label, false)
	before, after, found := strings.Cut(whole, ":")
	if !found {
		return "", "", false
	}
	warn.addIf(guessed && strings.Contains(strings.TrimLeft(after, ":"), ":") && !isBlank(before), WarnLabelGuessed)
	return before, after, true
}

func isBlank(s string) bool {
	var unheard warnings
	return clean(s, &unheard) == ""
}
