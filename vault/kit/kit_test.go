package kit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	bip39 "github.com/tyler-smith/go-bip39"

	"github.com/tallystick/tallystick/vault/kit"
	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

func newKit(t testing.TB) (*seal.Key, kit.Kit) {
	t.Helper()
	key, err := seal.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	k, err := kit.New(key)
	if err != nil {
		t.Fatal(err)
	}
	return key, k
}

func words(k kit.Kit) []string {
	var list []string
	for _, w := range k.Words() {
		list = append(list, string(w.Reveal()))
	}
	return list
}

func parse(text string) (kit.Kit, error) { return kit.Parse(secret.FromString(text)) }

func same(t testing.TB, k kit.Kit, key *seal.Key) {
	t.Helper()
	got, err := k.Key()
	if err != nil {
		t.Fatal(err)
	}
	if !got.Secret().Equal(key.Secret()) || k.Vault() != key.Fingerprint() {
		t.Error("another key came back")
	}
}

func TestWordsAndCodeComeBack(t *testing.T) {
	for range 50 {
		key, k := newKit(t)
		same(t, k, key)
		for _, text := range []string{
			strings.Join(words(k), " "), string(k.QRText().Reveal()), string(key.Secret().Reveal()),
			" " + strings.ToLower(string(k.QRText().Reveal())) + "\r\n",
		} {
			back, err := parse(text)
			if err != nil {
				t.Fatal(err)
			}
			same(t, back, key)
		}
	}
}

// The words are those of BIP 39, as an independent implementation makes and reads them.
func TestWordsAreBIP39(t *testing.T) {
	for range 50 {
		key, k := newKit(t)
		mnemonic := strings.Join(words(k), " ")
		entropy, err := bip39.EntropyFromMnemonic(mnemonic)
		if err != nil {
			t.Fatal(err)
		}
		again, err := bip39.NewMnemonic(entropy)
		if err != nil || again != mnemonic {
			t.Errorf("%v: another mnemonic", err)
		}
		back, err := parse(again)
		if err != nil {
			t.Fatal(err)
		}
		same(t, back, key)
	}
	// A vector of BIP 39: 32 bytes of zero.
	zeros, err := parse(strings.Repeat("abandon ", 23) + "art")
	if err != nil {
		t.Fatal(err)
	}
	if text := string(zeros.QRText().Reveal()); !strings.Contains(text, ":AGE-SECRET-KEY-PQ-1"+strings.Repeat("Q", 52)) {
		t.Errorf("%d characters", len(text))
	}
}

func TestTypingIsForgiven(t *testing.T) {
	key, k := newKit(t)
	list := words(k)
	short := make([]string, len(list))
	numbered := ""
	for i, w := range list {
		short[i] = w[:min(4, len(w))]
		numbered += fmt.Sprintf("%2d. %s\r\n", i+1, w)
	}
	wide := strings.Map(func(r rune) rune { // full-width letters, as some keyboards type them
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'ａ'
		}
		return r
	}, strings.Join(list, " "))
	for _, text := range []string{
		strings.ToUpper(strings.Join(list, " ")), "\n  " + strings.Join(list, " \t\n ") + "  \n", strings.Join(short, " "),
		strings.ToUpper(strings.Join(short, ", ")), numbered, wide, strings.Join(list, "\u00a0"),
	} {
		back, err := parse(text)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		same(t, back, key)
	}
}

func TestWrongWordsAreNamedByPlace(t *testing.T) {
	_, k := newKit(t)
	list := words(k)
	with := func(places ...int) string {
		changed := slices.Clone(list)
		for _, p := range places {
			changed[p-1] = "qqmarkerqq"
		}
		return strings.Join(changed, " ")
	}
	for _, places := range [][]int{{1}, {7}, {24}, {3, 11, 20}} {
		_, err := parse(with(places...))
		var wrong *kit.WordError
		if !errors.Is(err, kit.ErrWord) || !errors.As(err, &wrong) || !slices.Equal(wrong.Places, places) {
			t.Errorf("%v: %v", places, err)
		}
	}
	// A word of the list that is longer than it should be is another word, not a near miss.
	longer := slices.Clone(list)
	longer[4] = list[4] + "x"
	if _, err := parse(strings.Join(longer, " ")); !errors.Is(err, kit.ErrWord) {
		t.Errorf("%v", err)
	}
	for n, want := range map[int]error{23: kit.ErrCount, 12: kit.ErrCount} {
		_, err := parse(strings.Join(list[:n], " "))
		var count *kit.CountError
		if !errors.Is(err, want) || !errors.As(err, &count) || count.Words != n {
			t.Errorf("%d words: %v", n, err)
		}
	}
	if _, err := parse(strings.Join(append(list, list[0]), " ")); !errors.Is(err, kit.ErrCount) {
		t.Errorf("25 words: %v", err)
	}
	for _, text := range []string{"", "   ", "1 2 3", "this is certainly not the page you were looking for", strings.Repeat("zoo ", 5000), "otpauth://totp/x?secret=MZXW6"} {
		if _, err := parse(text); !errors.Is(err, kit.ErrNotKit) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

// The checksum has 8 bits: of all kits with two words swapped 255 of 256 are refused.
func TestSwappedWordsDoNotBelongTogether(t *testing.T) {
	refused, tried := 0, 0
	for range 20 {
		_, k := newKit(t)
		list := words(k)
		for range 20 {
			i, j := rand.IntN(len(list)), rand.IntN(len(list))
			if list[i] == list[j] {
				continue
			}
			swapped := slices.Clone(list)
			swapped[i], swapped[j] = swapped[j], swapped[i]
			tried++
			switch back, err := parse(strings.Join(swapped, " ")); {
			case errors.Is(err, kit.ErrChecksum):
				refused++
			case err != nil:
				t.Fatal(err)
			case back.Vault() == k.Vault():
				t.Error("other words give the same vault")
			}
		}
	}
	if refused < tried*95/100 {
		t.Errorf("%d of %d refused", refused, tried)
	}
}

func TestCodeThatWasChangedIsRefused(t *testing.T) {
	key, k := newKit(t)
	text := string(k.QRText().Reveal())
	if len(text) != 17+32+1+77 || strings.Trim(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:") != "" {
		t.Errorf("%d characters, not all alphanumeric", len(text))
	}
	for i := range text { // every character matters
		c := byte('7')
		if text[i] == c {
			c = '2'
		}
		changed := []byte(text)
		changed[i] = c
		if _, err := parse(string(changed)); err == nil {
			t.Errorf("character %d can be changed", i)
		}
	}
	for i := len("TALLYSTICK-KIT:"); i < len(text); i++ {
		if _, err := parse(text[:i]); !errors.Is(err, kit.ErrDamaged) {
			t.Errorf("cut after %d: %v", i, err)
		}
	}
	if _, err := parse(strings.Replace(text, ":1:", ":2:", 1)); !errors.Is(err, kit.ErrNewer) {
		t.Errorf("%v", err)
	}
	_, other := newKit(t)
	mixed := strings.Replace(text, strings.ToUpper(key.Fingerprint()), strings.ToUpper(other.Vault()), 1)
	if _, err := parse(mixed); !errors.Is(err, kit.ErrDamaged) {
		t.Errorf("%v", err)
	}
}

func TestCheckAndPlaces(t *testing.T) {
	_, k := newKit(t)
	list := words(k)
	for i, w := range list {
		for _, typed := range []string{w, strings.ToUpper(w), " " + w + " ", w[:min(4, len(w))]} {
			if !k.Check(i+1, secret.FromString(typed)) {
				t.Errorf("word %d is refused", i+1)
			}
		}
		for _, typed := range []string{"", w + " " + w, w[:2], "zzzz"} {
			if k.Check(i+1, secret.FromString(typed)) {
				t.Errorf("word %d takes %q", i+1, typed)
			}
		}
		if j := (i + 1) % len(list); list[j] != w && k.Check(i+1, secret.FromString(list[j])) {
			t.Errorf("word %d takes its neighbour", i+1)
		}
	}
	for _, place := range []int{-1, 0, 25} {
		if k.Check(place, secret.FromString(list[0])) {
			t.Errorf("there is a word %d", place)
		}
	}
	if (kit.Kit{}).Check(1, secret.FromString("abandon")) {
		t.Error("no kit has a word")
	}
	seen := map[int]bool{}
	for seed := range uint64(200) {
		places, err := kit.Places(3, vaulttest.Random(seed))
		if err != nil || len(places) != 3 || !slices.IsSorted(places) || places[0] == places[1] || places[1] == places[2] || places[0] < 1 || places[2] > 24 {
			t.Fatalf("%v %v", places, err)
		}
		for _, p := range places {
			seen[p] = true
		}
	}
	if len(seen) != kit.Words {
		t.Errorf("only %d places are ever asked for", len(seen))
	}
	if _, err := kit.Places(3, bytes.NewReader(nil)); err == nil {
		t.Error("no randomness, no error")
	}
}

func TestNothingIsPrinted(t *testing.T) {
	_, k := newKit(t)
	list := words(k)
	identity := string(k.QRText().Reveal())[50:]
	broken := slices.Clone(list)
	broken[2] = "qqmarkerqq"
	_, err1 := parse(strings.Join(broken, " "))
	_, err2 := parse(strings.Join(list[:20], " "))
	_, err3 := parse(string(k.QRText().Reveal())[:100])
	swapped := append([]string{}, list[1:]...)
	_, err4 := parse(strings.Join(append(swapped, list[0]), " "))
	var out []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		out = append(out, fmt.Sprintf(verb, k), fmt.Sprintf(verb, &k), fmt.Sprintf(verb, []kit.Kit{k}), fmt.Sprintf(verb, k.Words()), fmt.Sprintf(verb, k.QRText()))
	}
	j, err := json.Marshal(map[string]any{"kit": k})
	if err != nil {
		t.Fatal(err)
	}
	out = append(out, string(j), fmt.Sprint(err1, err2, err3, err4))
	// Some words of the list ("secret", "together") are in our own sentences as well.
	ours := fmt.Sprint(kit.ErrNotKit, kit.ErrWord, kit.ErrCount, kit.ErrChecksum, kit.ErrDamaged, kit.Kit{}, secret.Redacted, " at place")
	for _, text := range out {
		for _, marker := range append([]string{"qqmarkerqq", identity}, list...) {
			if !strings.Contains(ours, marker) && strings.Contains(text, marker) {
				t.Errorf("%q shows a part of the kit", text)
			}
		}
	}
	if len(k.Short()) != 9 || !strings.HasPrefix(strings.ToUpper(k.Vault()), k.Short()[:4]+k.Short()[5:]) {
		t.Errorf("short form %q", k.Short())
	}
	clone := k.Clone()
	k.Wipe()
	if _, err := k.Key(); err == nil {
		t.Error("a wiped kit still has its key")
	}
	if _, err := clone.Key(); err != nil {
		t.Error("wiping reached the clone")
	}
}

func FuzzParse(f *testing.F) {
	zero, err := parse(strings.Repeat("abandon ", 23) + "art")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(strings.Repeat("abandon ", 23) + "art")
	f.Add(string(zero.QRText().Reveal()))
	f.Add("TALLYSTICK-KIT:2:x")
	f.Add("AGE-SECRET-KEY-PQ-1")
	f.Add(strings.Repeat("zoo ", 23) + "vote")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := parse(text)
		if err != nil {
			for _, known := range []error{kit.ErrNotKit, kit.ErrWord, kit.ErrCount, kit.ErrChecksum, kit.ErrDamaged, kit.ErrNewer} {
				if errors.Is(err, known) {
					return
				}
			}
			t.Fatalf("an error of another kind: %v", err)
		}
		again, err := parse(strings.Join(words(k), " "))
		if err != nil || again.Vault() != k.Vault() {
			t.Fatalf("what was read does not come back: %v", err)
		}
		code, err := kit.Parse(k.QRText())
		if err != nil || code.Vault() != k.Vault() {
			t.Fatalf("its code does not come back: %v", err)
		}
	})
}
