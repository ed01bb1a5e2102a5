package kit

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tyler-smith/go-bip39/wordlists"

	"github.com/tallystick/tallystick/vault/secret"
)

// Typing is how far somebody is who types the words of a kit.
type Typing struct {
	Words  int     // typed so far
	Doubts []Doubt // words that are not in the list
	Code   bool    // it is the text of a QR code, not words
}

// Doubt is a word that is not in the list.
type Doubt struct {
	Place int      // from 1
	Near  []string // words of the list it may be meant for, the likeliest first; at most three
}

// maxNear is how many words a Doubt offers.
const maxNear = 3

// Look judges a text that is being typed. A last word that still may become one of the
// list is no doubt yet. What Near says is as secret as the words themselves: it is for
// the eyes of whoever typed them, never for an error or a log.
func Look(text secret.Bytes) Typing {
	if text.Len() > maxText {
		return Typing{}
	}
	if isCode(text.Reveal()) {
		return Typing{Code: true}
	}
	typed, wipe := split(text.Reveal())
	defer wipe()
	t := Typing{Words: len(typed)}
	last, _ := utf8.DecodeLastRune(text.Reveal())
	growing := unicode.IsLetter(last) || unicode.IsMark(last)
	for i, word := range typed {
		if _, ok := lookUp(word); ok || growing && i == len(typed)-1 && begins(word) {
			continue
		}
		t.Doubts = append(t.Doubts, Doubt{Place: i + 1, Near: near(word)})
	}
	return t
}

// begins reports whether a word of the list begins with these letters.
func begins(letters []byte) bool {
	return slices.ContainsFunc(wordlists.English, func(w string) bool { return strings.HasPrefix(w, string(letters)) })
}

// near finds the words of the list that are a slip or two away.
func near(typed []byte) []string {
	if len(typed) < 2 || len(typed) > 2*longest {
		return nil
	}
	allowed := 2
	if len(typed) < shortest+1 {
		allowed = 1
	}
	type candidate struct {
		word string
		away int
	}
	var found []candidate
	for _, w := range wordlists.English {
		away := slips(typed, w)
		// Four letters are enough to type, so a slip may be in those alone.
		if len(typed) >= shortest && len(w) > len(typed) {
			away = min(away, slips(typed, w[:len(typed)]))
		}
		if away <= allowed {
			found = append(found, candidate{w, away})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int {
		if a.away != b.away {
			return a.away - b.away
		}
		return common(typed, b.word) - common(typed, a.word)
	})
	var words []string
	for _, c := range found[:min(maxNear, len(found))] {
		words = append(words, c.word)
	}
	return words
}

// longest is the length of the longest word of the list, in letters.
const longest = 8

// common is how many letters two words begin with together.
func common(a []byte, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// slips is how many letters were left out, added, mistaken, or swapped with their neighbour
// (the optimal string alignment distance).
func slips(a []byte, b string) int {
	var rows [3][2*longest + 1]int
	defer clear(rows[:])
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		now, before, earlier := &rows[i%3], &rows[(i-1)%3], &rows[(i+1)%3]
		now[0] = i
		for j := 1; j <= len(b); j++ {
			wrong := 1
			if a[i-1] == b[j-1] {
				wrong = 0
			}
			now[j] = min(before[j]+1, now[j-1]+1, before[j-1]+wrong)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], earlier[j-2]+1)
			}
		}
	}
	return rows[len(a)%3][len(b)]
}

// FromPage reads the words off the text of the printed page, as a reader of PDF files gives
// it: in lines of numbered words with other text around. Errors: as Parse;
// ErrNotKit when not every number from 1 to Words has its word.
func FromPage(text secret.Bytes) (Kit, error) {
	if text.Len() > maxPage {
		return Kit{}, ErrNotKit
	}
	words := make([][]byte, Words)
	for line := range bytes.Lines(text.Reveal()) {
		fields := bytes.Fields(line)
		if len(fields) == 0 || len(fields)%2 != 0 || !numbered(fields) {
			continue // prose
		}
		for i := 0; i < len(fields); i += 2 {
			if at, _ := placeOf(fields[i]); words[at-1] == nil {
				words[at-1] = fields[i+1]
			}
		}
	}
	if slices.ContainsFunc(words, func(w []byte) bool { return w == nil }) {
		return Kit{}, ErrNotKit
	}
	joined := secret.New(bytes.Join(words, []byte(" ")))
	defer joined.Wipe()
	return Parse(joined)
}

// maxPage is far more than the text of the page, in bytes.
const maxPage = 256 << 10

// numbered reports whether a line is nothing but numbers with their words.
func numbered(fields [][]byte) bool {
	for i := 0; i < len(fields); i += 2 {
		if _, ok := placeOf(fields[i]); !ok {
			return false
		}
		if _, ok := lookUp(bytes.ToLower(fields[i+1])); !ok {
			return false
		}
	}
	return true
}

func placeOf(field []byte) (int, bool) {
	field = bytes.TrimRight(field, ".:)")
	if len(field) == 0 || len(field) > 2 {
		return 0, false
	}
	n := 0
	for _, c := range field {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, n >= 1 && n <= Words
}
