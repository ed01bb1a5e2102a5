package kit_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tyler-smith/go-bip39/wordlists"

	"github.com/tallystick/tallystick/vault/kit"
	"github.com/tallystick/tallystick/vault/secret"
)

func look(text string) kit.Typing { return kit.Look(secret.FromString(text)) }

func TestLookNamesTheWordAndWhatWasMeant(t *testing.T) {
	for _, c := range []struct {
		text  string
		words int
		place int // of the one doubt; 0 = none
		meant string
	}{
		{"", 0, 0, ""},
		{"adapt explain ecology", 3, 0, ""},
		{"1. adapt 2. explain 3. ecol", 3, 0, ""},
		{"adapt expl", 2, 0, ""},
		{"adapt ex", 2, 0, ""},              // is still being typed
		{"adapt ex ", 2, 2, ""},             // is not
		{"adapt explian ", 2, 2, "explain"}, // swapped
		{"adapt expain ", 2, 2, "explain"},  // left out
		{"adapt exxplain", 2, 2, "explain"}, // added
		{"adapt eqplain ", 2, 2, "explain"}, // mistaken
		{"adapt axpl dinner", 3, 2, "explain"},
		{"dimmer glare", 2, 1, "dinner"},
		{"adapt über ", 2, 2, ""},
		{"adapt " + strings.Repeat("x", 900) + " dinner", 3, 2, ""},
	} {
		got := look(c.text)
		if got.Words != c.words || got.Code {
			t.Errorf("%.40q: %d words, want %d", c.text, got.Words, c.words)
		}
		if c.place == 0 {
			if len(got.Doubts) != 0 {
				t.Errorf("%.40q: doubts %v, want none", c.text, got.Doubts)
			}
			continue
		}
		if len(got.Doubts) != 1 || got.Doubts[0].Place != c.place || c.meant != "" && !slices.Contains(got.Doubts[0].Near, c.meant) {
			t.Errorf("%.40q: doubts %v, want %q at %d", c.text, got.Doubts, c.meant, c.place)
		}
	}
	_, k := newKit(t)
	if got := look(string(k.QRText().Reveal())); !got.Code || got.Words != 0 {
		t.Errorf("the text of a QR code: %+v", got)
	}
}

// One slip in any word of the list, and the word is among those offered; whatever is offered is in the list.
func TestLookFindsEveryWordAgain(t *testing.T) {
	missed := 0
	for i, word := range wordlists.English {
		if len(word) < 5 {
			continue // of three letters and one slip, too many can be made
		}
		at := 1 + i%(len(word)-1)
		slip := word[:at] + word[at+1:] // left out
		if slices.Contains(wordlists.English, slip) {
			continue
		}
		got := look(slip + " ")
		if len(got.Doubts) == 0 { // the beginning of a word of its own
			continue
		}
		for _, near := range got.Doubts[0].Near {
			if !slices.Contains(wordlists.English, near) {
				t.Fatalf("%q offers %q, which is not in the list", slip, near)
			}
		}
		if !slices.Contains(got.Doubts[0].Near, word) {
			missed++
		}
	}
	if missed > len(wordlists.English)/25 {
		t.Errorf("%d words were not found again", missed)
	}
}

// page is the text of a printed page as a PDF gives it: four columns of numbered words, and prose around.
func page(k kit.Kit) string {
	list := words(k)
	var b strings.Builder
	b.WriteString("Tallystick recovery kit\nVault 1A2B-3C4D · made 14 March 2026\nThis page opens your vault.\nThe words\n")
	for row := range 6 {
		for col := range 4 {
			fmt.Fprintf(&b, "%d\t%s\t", col*6+row+1, list[col*6+row])
		}
		b.WriteString("\n")
	}
	b.WriteString("To get your accounts back\n1. Install Tallystick.\n2. Put a copy of your vault file into its folder.\n1 able\n")
	return b.String()
}

func TestFromPage(t *testing.T) {
	for range 20 {
		key, k := newKit(t)
		text := page(k)
		back, err := kit.FromPage(secret.FromString(text))
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		same(t, back, key)
		short := strings.Replace(text, "\t"+words(k)[23]+"\t", "\t", 1)
		if _, err := kit.FromPage(secret.FromString(short)); !errors.Is(err, kit.ErrNotKit) {
			t.Errorf("a page without its last word: %v", err)
		}
	}
	for _, text := range []string{"", "\n\n", "1 able 2 able", "99 able", "0 able", strings.Repeat("1 able\n", 50_000)} {
		if _, err := kit.FromPage(secret.FromString(text)); !errors.Is(err, kit.ErrNotKit) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func FuzzLook(f *testing.F) {
	f.Add("adapt explian ecology")
	f.Add("1 adapt 7 captain")
	f.Add("TALLYSTICK-KIT:1:")
	f.Fuzz(func(t *testing.T, text string) {
		got := look(text)
		for _, d := range got.Doubts {
			if d.Place < 1 || d.Place > got.Words || len(d.Near) > 3 {
				t.Errorf("%+v of %d words", d, got.Words)
			}
		}
		k, err := kit.FromPage(secret.FromString(text))
		if err == nil {
			k.Wipe()
		}
		if utf8.ValidString(text) && len(got.Doubts) > 0 && !got.Code {
			if _, err := kit.Parse(secret.FromString(text)); err == nil {
				t.Error("doubts about a kit that can be read")
			}
		}
	})
}
