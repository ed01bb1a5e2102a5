package look

import (
	"hash/fnv"
	"image/color"
	"strings"
	"unicode"
)

// Mark is what stands in the round of an issuer without a logo.
type Mark struct {
	Letters string // one or two letters, or one sign (CJK, emoji); never empty
	Fill    color.NRGBA
	Ink     color.NRGBA // contrast to Fill at least 4.5 : 1
}

// markFills are the colours of marks, dark enough for white letters in both variants.
var markFills = [...]color.NRGBA{
	rgb(0x8c4a1c), // chestnut
	rgb(0xa13a34), // redwood
	rgb(0x9a3560), // cherry
	rgb(0x7b3f8c), // plum
	rgb(0x5747a6), // iris
	rgb(0x35569f), // ink
	rgb(0x24668a), // slate blue
	rgb(0x1d6b6b), // spruce
	rgb(0x2b6b45), // fir
	rgb(0x566520), // moss
	rgb(0x7a5a12), // oak
	rgb(0x595b66), // graphite
}

var markInk = rgb(0xffffff)

// MarkFor gives issuer its letters and its colour. The same name has the same colour on every
// computer and in every version: it is a hash of the name without case and surrounding space.
// When issuer is empty, name (the account's) stands in.
func MarkFor(issuer, name string) Mark {
	s := strings.TrimSpace(issuer)
	if s == "" {
		s = strings.TrimSpace(name)
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(strings.ToLower(s)))
	return Mark{Letters: letters(s), Fill: markFills[h.Sum32()%uint32(len(markFills))], Ink: markInk}
}

// letters picks what a person would call the name by: the first letters of its first two words,
// else its first two letters or letter and digit; one sign for scripts whose signs are words.
func letters(s string) string {
	rs := []rune(s)
	first := -1
	for i, r := range rs {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			first = i
			break
		}
		if unicode.Is(unicode.So, r) && r != unicode.ReplacementChar { // emoji and other pictures
			return string(r)
		}
	}
	if first < 0 {
		return "?"
	}
	a := rs[first]
	if wide(a) {
		return string(a)
	}
	var next rune // the second letter of the first word
	inWord := true
	for _, r := range rs[first+1:] {
		switch {
		case unicode.IsMark(r):
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			inWord = false
		case !inWord:
			if wide(r) {
				return string(unicode.ToUpper(a))
			}
			return string([]rune{unicode.ToUpper(a), unicode.ToUpper(r)})
		case next == 0 && !wide(r):
			next = r
		}
	}
	if next == 0 {
		return string(unicode.ToUpper(a))
	}
	if unicode.IsDigit(a) || unicode.IsDigit(next) { // B3, 3C
		return string([]rune{unicode.ToUpper(a), unicode.ToUpper(next)})
	}
	return string([]rune{unicode.ToUpper(a), unicode.ToLower(next)})
}

// wide reports scripts of which one sign is enough.
func wide(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}
