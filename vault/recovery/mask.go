package recovery

import (
	"regexp"
	"strings"
	"time"
)

// What a key is never made of. Each is overwritten with maskMark before a line is
// taken into tokens, so that no piece of it can look like a key.
var (
	setupLink = regexp.MustCompile(`(?i)\b(?:otpauth(?:-migration)?|apple-otpauth|motp|steam)://\S*`)
	masks     = []*regexp.Regexp{
		regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]{1,20}://\S*`),
		regexp.MustCompile(`(?i)\bwww\.\S+`),
		regexp.MustCompile(`[^\s@<>()\[\]"',;:=]+@[^\s@<>()\[\]"',;:]+\.[^\s@<>()\[\]"',;:]+`),
		regexp.MustCompile(`(?i)\b(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/\S*)?(?:\b|$)`), // hosts, file names
		regexp.MustCompile(`(?:^|[\s"'(=])(?:~|\.{1,2})?(?:/[\w.@+-]+){2,}/?`),  // paths
		regexp.MustCompile(`(?i)\b[a-z]:\\\S+`),
		regexp.MustCompile(`(?i)\b(?:sha-?(?:1|224|256|384|512)|md5|blake\w+|crc32)[:=-]\s?\S+`),
		regexp.MustCompile(`(?i)\b[0-9a-f]{2}(?::[0-9a-f]{2}){3,}\b`),                             // MAC addresses, fingerprints
		regexp.MustCompile(`(?i)(?:[0-9a-f]{1,4}:){3,7}:?[0-9a-f]{1,4}\b|[0-9a-f:]+::[0-9a-f:]*`), // IPv6
		regexp.MustCompile(`\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?(?:[.,]\d+)?(?:Z|\s?[+-]\d{2}:?\d{2})?`),
		regexp.MustCompile(`\b\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?(?:\s?[AaPp]\.?[Mm]\.?)?\b`),
		regexp.MustCompile(`(?i)(?:[$€£¥]|\b(?:eur|usd|gbp|chf|idr|sgd|rp)\b)\s?\d[\d.,' ]*`),
		regexp.MustCompile(`(?i)\d[\d.,']*\s?(?:[$€£¥%]|\b(?:eur|usd|gbp|chf|idr|sgd|kb|mb|gb|tb|kib|mib|gib|ms|px|kg|km)\b)`),
		regexp.MustCompile(`\bv?\d+(?:[.,]\d+)+[\w.+-]*`), // versions, amounts, IPv4
		regexp.MustCompile(`\+\d[\d ()./-]{5,}\d`),        // telephone
		regexp.MustCompile(`\(\d{2,5}\)[ -]?\d[\d /-]{3,}\d`),
		regexp.MustCompile(`\b\d{3}[ .-]\d{3}[ .-]\d{4}\b`),
		regexp.MustCompile(`\b0\d{1,4}[ /]\d[\d /-]{4,}\d\b`),
		regexp.MustCompile(`(?i)\b[a-z]{2}\d{2}(?: ?[a-z0-9]{4}){3,7}(?: ?[a-z0-9]{1,3})?\b`), // IBAN; see isIBAN
	}
	iban     = masks[len(masks)-1]
	uuidForm = regexp.MustCompile(`(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
)

// blank overwrites what a pattern finds in masked, where keep does not object.
func blank(masked []byte, pattern *regexp.Regexp, keep func(string) bool) bool {
	hit := false
	for _, at := range pattern.FindAllIndex(masked, -1) {
		if keep != nil && keep(string(masked[at[0]:at[1]])) {
			continue
		}
		hit = true
		for i := at[0]; i < at[1]; i++ {
			masked[i] = maskMark
		}
	}
	return hit
}

// notIBAN applies the check digits of ISO 13616, so that grouped keys which begin with
// two letters and two digits stay keys.
func notIBAN(text string) bool {
	text = strings.ToUpper(strings.ReplaceAll(text, " ", ""))
	if len(text) < 15 || len(text) > 34 {
		return true
	}
	rest := 0
	for _, c := range text[4:] + text[:4] {
		if c >= '0' && c <= '9' {
			rest = (rest*10 + int(c-'0')) % 97
		} else {
			rest = (rest*100 + int(c-'A') + 10) % 97
		}
	}
	return rest != 1
}

const monthNames = `jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz|apr(?:il)?|may|mai|june?|juni|july?|juli|aug(?:ust)?|sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?`

var (
	isoDate   = regexp.MustCompile(`\b((?:19|20)\d\d)[-/.](\d{1,2})[-/.](\d{1,2})\b`)
	dottedDay = regexp.MustCompile(`\b(\d{1,2})\.(\d{1,2})\.((?:19|20)?\d\d)\b`)
	slashed   = regexp.MustCompile(`\b(\d{1,2})[/-](\d{1,2})[/-]((?:19|20)\d\d|\d\d)\b`)
	dayMonth  = regexp.MustCompile(`(?i)\b(\d{1,2})(?:st|nd|rd|th|\.)?[ -](?:of )?(` + monthNames + `)\b\.?(?:,?[ -]((?:19|20)\d\d)\b)?`)
	monthDay  = regexp.MustCompile(`(?i)\b(` + monthNames + `)\.? (\d{1,2})(?:st|nd|rd|th)?\b(?:,? ((?:19|20)\d\d)\b)?`)
	slashDay  = regexp.MustCompile(`\b\d{1,2}/\d{1,2}\b`)
)

var months = map[string]time.Month{
	"jan": 1, "feb": 2, "mar": 3, "mär": 3, "apr": 4, "may": 5, "mai": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10,
	"okt": 10, "nov": 11, "dec": 12, "dez": 12,
}

// dates overwrites the dates of a line, and returns the first that is certain: with a
// year, and with no doubt which number is the day.
func dates(masked []byte) time.Time {
	var first time.Time
	at := len(masked)
	find := func(pattern *regexp.Regexp, read func(g []string) time.Time) {
		for _, m := range pattern.FindAllSubmatchIndex(masked, -1) {
			g := make([]string, 4)
			for i := range g {
				if 2*i+1 < len(m) && m[2*i] >= 0 {
					g[i] = string(masked[m[2*i]:m[2*i+1]])
				}
			}
			if t := read(g); !t.IsZero() && m[0] < at {
				first, at = t, m[0]
			}
			for i := m[0]; i < m[1]; i++ {
				masked[i] = maskMark
			}
		}
	}
	find(isoDate, func(g []string) time.Time { return day(g[1], number(g[2]), number(g[3])) })
	find(dottedDay, func(g []string) time.Time { return day(g[3], number(g[2]), number(g[1])) })
	find(slashed, func(g []string) time.Time {
		a, b := number(g[1]), number(g[2])
		switch {
		case len(g[3]) < 4:
			return time.Time{}
		case a > 12 || a == b:
			return day(g[3], b, a)
		case b > 12:
			return day(g[3], a, b)
		}
		return time.Time{}
	})
	find(dayMonth, func(g []string) time.Time { return day(g[3], int(monthOf(g[2])), number(g[1])) })
	find(monthDay, func(g []string) time.Time { return day(g[3], int(monthOf(g[1])), number(g[2])) })
	find(slashDay, func([]string) time.Time { return time.Time{} })
	return first
}

func monthOf(name string) time.Month {
	r := []rune(strings.ToLower(name))
	return months[string(r[:3])]
}

func number(digits string) int {
	n := 0
	for _, c := range digits {
		n = n*10 + int(c-'0')
	}
	return n
}

func day(year string, month, dayOfMonth int) time.Time {
	y := number(year)
	if year == "" {
		return time.Time{}
	}
	if y < 100 {
		y += 2000
	}
	t := time.Date(y, time.Month(month), dayOfMonth, 0, 0, 0, 0, time.UTC)
	if int(t.Month()) != month || t.Day() != dayOfMonth || y < 1990 || y > 2100 {
		return time.Time{}
	}
	return t
}
