package model

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// fieldEnd separates the fields of a search key. No word of a query contains it,
// so nothing matches across two fields.
const fieldEnd = "\n"

// searchKey is the text in which the words of a query are looked for: what the row
// is called first, then everything else, all folded once when the vault is read, so
// that a keystroke costs no more than a walk over ready strings.
func searchKey(issuer, name string, tags []string, note string) string {
	var b strings.Builder
	add := func(s string) {
		if s == "" {
			return
		}
		if b.Len() > 0 {
			b.WriteString(fieldEnd)
		}
		b.WriteString(strings.ReplaceAll(fold(s), fieldEnd, " "))
	}
	add(issuer)
	add(name)
	for _, t := range tags {
		add(t)
	}
	add(note)
	return b.String()
}

// How well one word fits; smaller is better. The ranks of all words are added up.
const (
	rankTitle     = 0 // the row's title begins with it
	rankWord      = 1 // some word begins with it
	rankSubstring = 2 // it is somewhere inside a word
	worstRank     = 2
)

// queryWords splits a query as typed.
func queryWords(query string) []string { return strings.Fields(fold(clean(query))) }

// rank looks for every word in key, in any order. ok is false when one is missing.
func rank(key string, words []string) (sum int, ok bool) {
	for _, w := range words {
		r, ok := rankWordIn(key, w)
		if !ok {
			return 0, false
		}
		sum += r
	}
	return sum, true
}

func rankWordIn(key, word string) (int, bool) {
	at := strings.Index(key, word)
	if at < 0 {
		return 0, false
	}
	if at == 0 {
		return rankTitle, true
	}
	for {
		if r, _ := utf8.DecodeLastRuneInString(key[:at]); !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return rankWord, true
		}
		next := strings.Index(key[at+1:], word)
		if next < 0 {
			return rankSubstring, true
		}
		at += 1 + next
	}
}

// sift returns the members of order that pass keep and contain every word, best
// first, in the given order where equally good. into is reused for the result.
func sift(entries []entry, order []int32, words []string, keep func(*entry) bool, into []int32) []int32 {
	into = into[:0]
	if len(words) == 0 {
		for _, i := range order {
			if keep(&entries[i]) {
				into = append(into, i)
			}
		}
		return into
	}
	buckets := make([][]int32, len(words)*worstRank+1)
	for _, i := range order {
		e := &entries[i]
		if r, ok := rank(e.key, words); ok && keep(e) {
			buckets[r] = append(buckets[r], i)
		}
	}
	for _, b := range buckets {
		into = append(into, b...)
	}
	return into
}
