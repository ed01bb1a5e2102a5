package cli

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/tallystick/tallystick/vault"
)

// query is what a person typed to mean accounts.
type query struct {
	id    string   // the query when it can be an id or the beginning of one
	words []string // folded; every one has to occur
}

// minIDPrefix is how many hex digits of an id have to be typed: fewer are words.
const minIDPrefix = 4

// fold makes text comparable regardless of case and accents, in every script.
func fold(text string) string {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			bare := strings.Map(func(c rune) rune {
				if unicode.Is(unicode.Mn, c) {
					return -1
				}
				return c
			}, norm.NFKD.String(text))
			return cases.Fold().String(bare)
		}
	}
	return strings.ToLower(text)
}

// parseQuery never fails: any text is a query, and the empty one means every account.
func parseQuery(text string) query {
	q := query{words: strings.Fields(fold(text))}
	if len(q.words) == 1 && isHex(q.words[0]) && len(q.words[0]) >= minIDPrefix {
		q.id = q.words[0]
	}
	return q
}

// all reports whether the query means every account.
func (q query) all() bool { return len(q.words) == 0 }

// filter keeps the accounts the query means, in their order. A full id means that
// account alone, whatever else its digits may occur in.
func (q query) filter(list []vault.Account) []vault.Account {
	var found []vault.Account
	for _, a := range list {
		if q.id != "" && string(a.ID) == q.id {
			return []vault.Account{a}
		}
		if q.matches(a) {
			found = append(found, a)
		}
	}
	return found
}

func (q query) matches(a vault.Account) bool {
	if q.id != "" && strings.HasPrefix(string(a.ID), q.id) {
		return true
	}
	if q.all() {
		return true
	}
	text := fold(a.Issuer + "\n" + a.Name + "\n" + strings.Join(a.Tags, "\n"))
	for _, word := range q.words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

func isHex(s string) bool {
	return s != "" && strings.Trim(s, "0123456789abcdef") == ""
}

// shortIDs gives every account the shortest beginning of its id, of at least eight
// digits, that no other account of the list shares.
func shortIDs(list []vault.Account) map[vault.ID]string {
	for n := 8; ; n++ {
		short := make(map[vault.ID]string, len(list))
		seen := make(map[string]bool, len(list))
		unique := true
		for _, a := range list {
			id := string(a.ID)
			if len(id) > n {
				id = id[:n]
			}
			unique = unique && (!seen[id] || n >= 32)
			seen[id], short[a.ID] = true, id
		}
		if unique {
			return short
		}
	}
}
