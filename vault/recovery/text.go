package recovery

import (
	"encoding/csv"
	"io"
	"regexp"
	"strings"
)

var (
	crossedOut = regexp.MustCompile(`~~([^~\n]+)~~`)
	// A ticked box, at the start of an item.
	tickedItem = regexp.MustCompile(`(?m)^([ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]+)?\[[xX]\][ \t]+`)
	openItem   = regexp.MustCompile(`(?m)^([ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]+)?\[ \][ \t]+`)
	htmlStrike = regexp.MustCompile(`(?i)<(/?)(?:s|del|strike)>`)
)

// markdown puts our marks where Markdown has its own: ~~struck~~, [x] and [ ]. A plain
// text is Markdown too.
func markdown(text string) string {
	text = crossedOut.ReplaceAllString(text, string(strikeOn)+"$1"+string(strikeOff))
	text = htmlStrike.ReplaceAllStringFunc(text, func(tag string) string {
		if tag[1] == '/' {
			return string(strikeOff)
		}
		return string(strikeOn)
	})
	text = tickedItem.ReplaceAllString(text, "$1"+string(usedMark)+" ")
	return openItem.ReplaceAllString(text, "$1")
}

var (
	keyColumn  = regexp.MustCompile(`(?i)^(?:codes?|keys?|values?|tokens?|.*\b(?:` + keyAdjective + `)\b.*|(?:single|one)[- ]time codes?)$`)
	usedColumn = regexp.MustCompile(`(?i)^(?:(?:is )?(?:used|redeemed|consumed|spent)(?: (?:at|on|date))?|status|state|date used|used\?|verwendet|benutzt|utilisé)$`)
	day4       = regexp.MustCompile(`\d{4}`)
)

// commaSeparated reads a table with a heading that names a column of keys: of it the
// keys and whether they are used remain, one per line, below the heading. Any other
// text comes back as it is.
func commaSeparated(text string) string {
	first, _, found := strings.Cut(strings.TrimLeft(text, "\n"), "\n")
	if !found || len(first) > 1000 {
		return text
	}
	comma := rune(0)
	for _, c := range ",;\t" {
		if strings.ContainsRune(first, c) {
			comma = c
			break
		}
	}
	if comma == 0 {
		return text
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.LazyQuotes, r.TrimLeadingSpace, r.ReuseRecord = comma, true, true, true
	head, err := r.Read()
	if err != nil {
		return text
	}
	heading := append([]string(nil), head...)
	key := -1
	var used []int
	for i, h := range heading {
		h = strings.TrimSpace(words(h))
		switch {
		case usedColumn.MatchString(h):
			used = append(used, i)
		case key < 0 && keyColumn.MatchString(h), keyColumn.MatchString(h) && !keyColumn.MatchString(strings.TrimSpace(words(heading[max(key, 0)]))):
			key = i
		}
	}
	if key < 0 {
		return text
	}
	var b strings.Builder
	for _, h := range heading {
		b.WriteString(words(h))
		b.WriteString(" \t ")
	}
	b.WriteByte('\n')
	for rows := 0; rows < MaxLines; rows++ {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil || len(row) != len(heading) {
			return text // a list with commas, not a table
		}
		b.WriteString(oneLine(row[key]))
		for _, u := range used {
			switch state := oneLine(row[u]); {
			case yesWord.MatchString(state):
				b.WriteString(" " + string(usedMark))
			case day4.MatchString(state):
				b.WriteString(" used " + state)
			default:
				b.WriteString(" \t" + stateWord(state))
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// stateWord keeps of a state what can be a word for used or unused.
func stateWord(state string) string {
	switch strings.ToLower(state) {
	case "", "no", "false", "0", "n", "nein", "non", "-":
		return ""
	}
	return state
}

func oneLine(cell string) string { return strings.Join(strings.Fields(cell), " ") }
