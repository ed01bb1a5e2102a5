package recovery

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// line is one line of a text with what was understood of it.
type line struct {
	text      string // without marks
	struck    []bool // per byte of text
	masked    string // text with what is no key overwritten; same length
	tokens    []token
	cands     []candidate
	blank     bool
	prose     bool // has words that do not belong to keys
	label     bool // speaks of recovery keys
	other     bool // speaks of other lists of numbers
	setup     bool // speaks of the key of an authenticator, not of recovery keys
	used      bool // has a word or a mark for "used"
	date      time.Time
	labelEnd  int // where the last label ends, in text
	labelFrom int
	key       bool // gave a key
}

// token is a run of letters and digits, dashes and underscores.
type token struct {
	from, to int    // bytes of line.text
	gap      string // what stands before it, since the token before
	kind     kind
	struck   bool
	used     bool // ticked, or followed by a word for "used"
}

type kind uint8

const (
	kindWord   kind = iota
	kindMasked      // recognised as something else
	kindCount       // one, two or three digits: the number of a key, mostly
	kindFiller      // words that stand beside keys
	kindUsed
	kindUnused
	kindSoft // only letters: a key or a word
	kindHard // has what words do not have
)

// candidate is what could be one key.
type candidate struct {
	line     int
	from, to int    // bytes of line.text
	shape    string // lengths of its parts: "4-4", "4 4", "16"
	soft     bool
	struck   bool
	used     bool
	first    int // its tokens
	last     int
}

var tick = regexp.MustCompile(`[✓✔☑☒✅✗✘❌]|\[[xX]\]|` + string(usedMark))

func newLine(raw string, struckIn bool) (l line, struckOut bool) {
	var b strings.Builder
	on := struckIn
	for _, r := range raw {
		switch r {
		case strikeOn:
			on = true
			continue
		case strikeOff:
			on = false
			continue
		}
		b.WriteRune(r)
		for len(l.struck) < b.Len() {
			l.struck = append(l.struck, on)
		}
	}
	l.text = b.String()
	l.blank = strings.TrimFunc(l.text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) == ""
	return l, on
}

// tokenise takes the masked line apart.
func (l *line) tokenise() {
	text := l.masked
	from, gapFrom := -1, 0
	flush := func(to int) {
		if from < 0 {
			return
		}
		a, z := from, to
		for a < z && strings.IndexByte("-_+/", text[a]) >= 0 {
			a++
		}
		for z > a && strings.IndexByte("-_+/", text[z-1]) >= 0 {
			z--
		}
		if a < z {
			if z == to { // what base64 pads with belongs to it
				for n := 0; n < 2 && z < len(text) && text[z] == '=' && z-a >= 16; n++ {
					z++
				}
			}
			n := 0
			for i := a; i < z; i++ {
				if l.struck[i] {
					n++
				}
			}
			t := token{from: a, to: z, gap: text[gapFrom:a], struck: 2*n > z-a}
			t.kind = kindOf(text[a:z])
			l.tokens = append(l.tokens, t)
			gapFrom = z
		}
		from = -1
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		in := r == '-' || r == '_' || r == '+' || r == '/' || r == maskMark || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
		// A mask never joins what stands beside it.
		if in && from >= 0 && (r == maskMark) != (text[i-1] == maskMark) {
			flush(i)
		}
		if in && from < 0 && i >= gapFrom {
			from = i
		}
		if !in {
			flush(i)
		}
		i += size
	}
	flush(len(text))
	l.judge(text[min(gapFrom, len(text)):])
}

func kindOf(t string) kind {
	digits, lower, upper, other, dashes := 0, 0, 0, 0, 0
	for _, r := range t {
		switch {
		case r == maskMark:
			return kindMasked
		case r >= '0' && r <= '9':
			digits++
		case r >= 'a' && r <= 'z':
			lower++
		case r >= 'A' && r <= 'Z':
			upper++
		case r == '-' || r == '_':
			dashes++
		case r == '+' || r == '/' || r == '=':
		default:
			other++
		}
	}
	low := strings.ToLower(t)
	switch {
	case usedWord.MatchString(low):
		return kindUsed
	case unusedWord.MatchString(low):
		return kindUnused
	case fillers[low]:
		return kindFiller
	case other > 0:
		return kindWord
	case lower+upper+dashes == 0 && digits <= 3:
		if digits == 3 {
			return kindSoft
		}
		return kindCount
	case len(t) < 3 || len(t) > MaxKey || strings.ContainsAny(t, "+/") && len(t) < 20:
		return kindWord
	case notKeyWords[low]:
		return kindWord
	case digits > 0:
		return kindHard
	case lower > 0 && upper > 0:
		if len(t) >= 16 && mixed(t) {
			return kindHard
		}
		return kindWord
	default:
		return kindSoft
	}
}

// mixed reports whether upper and lower case change as often as in something random.
func mixed(t string) bool {
	changes := 0
	for i := 1; i < len(t); i++ {
		if (t[i]&0x20 != 0) != (t[i-1]&0x20 != 0) {
			changes++
		}
	}
	return changes*4 >= len(t)
}

// judge reads the marks around tokens, then puts neighbouring tokens together.
func (l *line) judge(tail string) {
	t := l.tokens
	for i := range t {
		after := tail
		if i+1 < len(t) {
			after = t[i+1].gap
		}
		// A tick in front of the first key of a line counts for it; any other for the key before.
		if tick.MatchString(after) {
			t[i].used, l.used = true, true
		}
		if i == 0 && tick.MatchString(t[i].gap) {
			l.used = true
			for j := range t {
				if t[j].kind == kindHard || t[j].kind == kindSoft {
					t[j].used = true
					break
				}
			}
		}
		if t[i].kind == kindCount && i > 0 && t[i].used {
			// "✓ 3. key" and "1. key ✓ 2. key" are told apart by what the number stands before.
			t[i].used = false
			for j := i - 1; j >= 0 && i+1 == len(t); j-- {
				if t[j].kind >= kindSoft {
					t[j].used = true
					break
				}
			}
		}
	}
	for i := range t {
		if t[i].kind != kindUsed {
			continue
		}
		if i > 0 && t[i-1].kind == kindFiller && (l.masked[t[i-1].from:t[i-1].to] == "not" || l.masked[t[i-1].from:t[i-1].to] == "never") {
			t[i].kind = kindUnused
			continue
		}
		l.used = true
		found := false
		for j := i - 1; j >= 0; j-- {
			if t[j].kind >= kindSoft {
				t[j].used, found = true, true
				// Parts of one grouped key.
				for j > 0 && t[j-1].kind >= kindSoft && t[j].gap == " " {
					j--
					t[j].used = true
				}
				break
			}
		}
		for j := i + 1; !found && j < len(t); j++ { // "used: key"
			if t[j].kind >= kindSoft {
				t[j].used, found = true, true
			}
		}
		// What follows on the line says when and where.
		keysAfter := false
		for j := i + 1; j < len(t); j++ {
			keysAfter = keysAfter || t[j].kind == kindHard
		}
		if found && !keysAfter {
			for j := i + 1; j < len(t); j++ {
				t[j].kind = kindFiller
			}
			break
		}
	}
	l.group()
	for _, x := range t {
		if x.kind == kindWord {
			l.prose = true
		}
	}
}

// group makes candidates of tokens: parts of equal length with one space between are
// one key, whatever else is parted is several.
func (l *line) group() {
	t := l.tokens
	for i := 0; i < len(t); {
		if t[i].kind < kindSoft {
			i++
			continue
		}
		j := i + 1
		for j < len(t) && t[j].kind >= kindSoft && t[j].gap == " " {
			j++
		}
		// "3 1234 5678": a number of one or two digits is no part and was left before.
		n := t[i].to - t[i].from
		joined := j-i >= 2 && n >= 3 && n <= 5 || j-i >= 3 && n == 6
		for k := i; k < j && joined; k++ {
			size := t[k].to - t[k].from
			joined = size == n || k == j-1 && j-i >= 4 && size < n
			for p := t[k].from; p < t[k].to && joined; p++ {
				joined = l.masked[p] != '-' && l.masked[p] != '_'
			}
		}
		if joined {
			l.add(i, j)
		} else {
			for k := i; k < j; k++ {
				l.add(k, k+1)
			}
		}
		i = j
	}
}

func (l *line) add(i, j int) {
	c := candidate{from: l.tokens[i].from, to: l.tokens[j-1].to, soft: true, struck: true, first: i, last: j - 1}
	for _, t := range l.tokens[i:j] {
		c.soft = c.soft && t.kind == kindSoft
		c.struck = c.struck && t.struck
		c.used = c.used || t.used
	}
	c.shape = shapeOf(l.masked[c.from:c.to])
	l.cands = append(l.cands, c)
}

// shapeOf gives the lengths of the parts of a key with what parts them.
func shapeOf(key string) string {
	var b strings.Builder
	n := 0
	part := func() {
		if n > 99 {
			n = 99
		}
		b.WriteByte(byte('0' + n/10))
		b.WriteByte(byte('0' + n%10))
		n = 0
	}
	for i := 0; i < len(key); i++ {
		switch c := key[i]; c {
		case '-', '_', ' ':
			part()
			b.WriteByte(c)
		default:
			n++
		}
	}
	part()
	return b.String()
}
