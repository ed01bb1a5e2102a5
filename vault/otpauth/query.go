package otpauth

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/vault/otp"
)

// known are the parameters of all apps' links, with what is read of them here. The
// rest is known so that repairs do not take it for a piece of an issuer.
var known = map[string]bool{
	"secret": true, "issuer": true, "algorithm": true, "digits": true, "period": true, "counter": true,
	"encoder": true, "steam": true, "pin": true, "pin_length": true, "tags": true,
	"image": true, "color": true, "lock": true, "icon": true, "codedisplay": true, "serial": true, "deviceid": true, "data": true,
}

// query is the part of a link after the question mark: raw values (still encoded) by
// lower-case name.
type query struct {
	values map[string]string
	tags   []string // raw
}

// findQuery returns where the label ends and where the query begins: the first
// question mark that a parameter's name follows, because a label may hold a raw one.
func findQuery(s string) (label, rest string) {
	first := -1
	for i := 0; i < len(s); i++ {
		if s[i] != '?' {
			continue
		}
		if first < 0 {
			first = i
		}
		end := strings.IndexAny(s[i+1:], "=&?")
		if end < 0 {
			end = len(s) - i - 1
		}
		if name, _ := paramName(s[i+1 : i+1+min(end, 64)]); known[name] {
			return s[:i], s[i+1:]
		}
	}
	if first < 0 {
		return s, ""
	}
	return s[:first], s[first+1:]
}

// paramName brings a parameter's name into the form of known. escaped says that it
// came through HTML, as in "&amp;issuer".
func paramName(raw string) (name string, escaped bool) {
	name = strings.ToLower(strings.TrimSpace(unescape(raw, true)))
	return strings.TrimPrefix(name, "amp;"), strings.HasPrefix(name, "amp;")
}

// pair is one parameter as it stands in the query: its name in the form of known,
// its value still encoded.
type pair struct{ name, raw string }

// glued are the parameters that some writers append without an ampersand, as in
// "issuer=Acmeperiod=30".
var glued = []string{"secret=", "algorithm=", "digits=", "period=", "counter="}

// splitQuery takes the query apart at its ampersands, and mends what is known to be
// written wrongly around an issuer. A ; is no separator.
func splitQuery(raw string, warn *warnings) []pair {
	var pairs []pair
	for _, part := range strings.Split(raw, "&") {
		rawName, value, hasValue := strings.Cut(part, "=")
		name, escaped := paramName(rawName)
		warn.addIf(escaped && known[name], WarnAmpersand)
		if name == "steam" && !hasValue && strings.TrimSpace(rawName) != "steam" {
			name = "& steam" // "issuer=Wind & Steam" must not change the codes; the flag is written small
		}
		if last := len(pairs) - 1; last >= 0 && pairs[last].name == "issuer" && !hasValue && !known[name] && name != "" {
			pairs[last].raw += "&" + part // "issuer=Marks & Spencer"
			warn.add(WarnAmpersand)
			continue
		}
		pairs = append(pairs, pair{name, value})
	}
	for i := 0; i < len(pairs); i++ {
		at, ok := findGlued(pairs[i].raw)
		if !ok || pairs[i].name != "issuer" && !isGlued(pairs[i].name) {
			continue
		}
		name, value, _ := strings.Cut(pairs[i].raw[at:], "=")
		pairs[i].raw = pairs[i].raw[:at]
		pairs = slices.Insert(pairs, i+1, pair{lowerASCII(name), value})
		warn.add(WarnAmpersand)
	}
	return pairs
}

// hasKnown reports whether a piece of a query has parameters that are known.
func hasKnown(raw string) bool {
	var unheard warnings
	return slices.ContainsFunc(splitQuery(raw, &unheard), func(p pair) bool { return known[p.name] })
}

// readQuery reads the pairs into a query. Of a repeated parameter the last value
// counts, but two different keys are refused: either could be the wrong one.
func readQuery(raw string, warn *warnings) (query, error) {
	q := query{values: map[string]string{}}
	for _, p := range splitQuery(raw, warn) {
		old, have := q.values[p.name]
		switch {
		case p.name == "tags":
			q.tags = append(q.tags, p.raw)
		case isAbsent(p.name, p.raw):
			if !have {
				q.values[p.name] = "" // there, without a value
			}
		default:
			if old != "" && known[p.name] && plain(old) != plain(p.raw) {
				if p.name == "secret" {
					return q, fmt.Errorf("%w: two different keys", ErrParameter)
				}
				warn.add(WarnRepeated)
			}
			q.values[p.name] = p.raw
		}
	}
	return q, nil
}

// findGlued returns where in a raw value another parameter begins.
func findGlued(raw string) (at int, ok bool) {
	at = len(raw)
	lower := lowerASCII(raw)
	for _, g := range glued {
		if i := strings.Index(lower, g); i >= 0 && i < at {
			at, ok = i, true
		}
	}
	return at, ok
}

func isGlued(name string) bool { return slices.Contains(glued, name+"=") }

// lowerASCII is a strings.ToLower that moves nothing: places found in its result are
// places in s.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// plain is a value as it is compared with another one of the same parameter.
func plain(raw string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if r == '=' || otp.IsSeparator(r) {
			return -1
		}
		return r
	}, unescape(raw, true)))
}

// isAbsent reports whether a value says that there is none: empty, or the null that
// a program wrote out. An issuer may be called Null.
func isAbsent(name, raw string) bool {
	v := strings.TrimSpace(unescape(raw, true))
	if name == "issuer" {
		return v == ""
	}
	return v == "" || strings.EqualFold(v, "null") || strings.EqualFold(v, "undefined")
}

// get returns a value decoded and trimmed; empty when it is absent.
func (q query) get(name string) string {
	return strings.TrimSpace(unescape(q.values[name], true))
}

// has reports whether a parameter is there at all, with or without a value.
func (q query) has(name string) bool {
	_, ok := q.values[name]
	return ok
}

// key returns the secret parameter.
func (q query) key() (string, error) {
	text := q.get("secret")
	if text == "" {
		return "", ErrNoSecret
	}
	return text, grouped(text)
}

// grouped refuses a key in a link with spaces that no groups of one length make. They
// come from text that was copied along with the link, and most words are base32.
func grouped(text string) error {
	groups := strings.Fields(strings.TrimRight(text, "= "))
	for i, g := range groups {
		if last := i == len(groups)-1; len(g) > len(groups[0]) || !last && len(g) < len(groups[0]) {
			return fmt.Errorf("%w: there are spaces in odd places", ErrSecret)
		}
	}
	return nil
}

// number reads a whole number of minimum to maximum; given is false when it is absent.
func (q query) number(name string, minimum, maximum uint64) (n uint64, given bool, err error) {
	text := q.get(name)
	if text == "" {
		return 0, false, nil
	}
	n, err = strconv.ParseUint(text, 10, 64) // no sign, no underscores in base 10
	if err != nil || n < minimum || n > maximum {
		return 0, true, fmt.Errorf("%w: %s must be a whole number from %d to %d", ErrParameter, name, minimum, maximum)
	}
	return n, true, nil
}

// algorithm reads the hash for TOTP and HOTP in the spellings seen.
func (q query) algorithm(warn *warnings) (a otp.Algorithm, given bool, err error) {
	text := q.get("algorithm")
	if text == "" {
		return "", false, nil
	}
	bare := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text)
	bare = strings.TrimPrefix(strings.TrimPrefix(bare, "ALGORITHM"), "HMAC")
	for _, a := range []otp.Algorithm{otp.SHA1, otp.SHA256, otp.SHA512} { // not bare itself: it may be a piece of the link, key and all
		if string(a) == bare {
			warn.addIf(!strings.EqualFold(text, bare), WarnAlgorithmSpelling)
			return a, true, nil
		}
	}
	return "", true, fmt.Errorf("%w: the algorithm must be SHA1, SHA256 or SHA512", ErrParameter)
}
