package cli

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tallystick/tallystick/vault"
)

func accountsForQueries() []vault.Account {
	return []vault.Account{
		{ID: vault.ID("aaaa1111" + strings.Repeat("0", 24)), Issuer: "GitHub", Name: "maria", Tags: []string{"Work", "Straße"}},
		{ID: vault.ID("aaaa2222" + strings.Repeat("0", 24)), Issuer: "Gitlab", Name: "joe@shop.example"},
		{ID: vault.ID("bbbb3333" + strings.Repeat("0", 24)), Issuer: "ΟΔΟΣ", Name: "aaaa in the name"},
	}
}

func TestQuery(t *testing.T) {
	list := accountsForQueries()
	for text, want := range map[string]string{
		"":                 "012",
		"  ":               "012",
		"git":              "01",
		"GIT maria":        "0",
		"maria git":        "0",
		"maria joe":        "",
		"work":             "0",
		"STRASSE":          "0",
		"οδος":             "2",
		"strasse":          "0",
		"aaaa":             "012", // the beginning of two ids, and a word of a name
		"aaaa1":            "0",
		"AAAA1":            "0",
		"aaa":              "2", // too short for an id
		string(list[1].ID): "1",
		"zz":               "",
	} {
		got := ""
		for _, a := range parseQuery(text).filter(list) {
			for i := range list {
				if list[i].ID == a.ID {
					got += string(rune('0' + i))
				}
			}
		}
		if got != want {
			t.Errorf("%q found %q, want %q", text, got, want)
		}
	}
}

func TestAFullIDMeansThatAccountAlone(t *testing.T) {
	list := accountsForQueries()
	list[0].Name = string(list[1].ID)
	found := parseQuery(string(list[1].ID)).filter(list)
	if len(found) != 1 || found[0].ID != list[1].ID {
		t.Errorf("found %d", len(found))
	}
}

func TestShortIDs(t *testing.T) {
	list := []vault.Account{{ID: vault.ID("12345678" + "90" + strings.Repeat("0", 22))}, {ID: vault.ID("12345678" + "91" + strings.Repeat("0", 22))}}
	short := shortIDs(list)
	if short[list[0].ID] != "1234567890" || short[list[1].ID] != "1234567891" {
		t.Errorf("%v", short)
	}
}

func FuzzQuery(f *testing.F) {
	for _, s := range []string{"", "git", "aaaa1111", "\x00\xff", "ß ẞ", "İ", strings.Repeat("a", 33)} {
		f.Add(s)
	}
	list := accountsForQueries()
	f.Fuzz(func(t *testing.T, text string) {
		found := parseQuery(text).filter(list)
		for _, a := range found {
			// Adding a word can only narrow, unless it makes the query an id.
			q := parseQuery(text + " " + a.Issuer)
			if q.id == "" && utf8.ValidString(text) && len(q.words) > 0 && parseQuery(text).id == "" && len(q.filter([]vault.Account{a})) != 1 {
				t.Errorf("%q finds %q, with its issuer it does not", text, a.Issuer)
			}
		}
		if strings.TrimSpace(text) == "" && len(found) != len(list) {
			t.Errorf("%q found %d", text, len(found))
		}
	})
}
