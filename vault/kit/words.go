package kit

import (
	"bytes"
	"crypto/sha256"
	"unicode"
	"unicode/utf8"

	"github.com/tyler-smith/go-bip39/wordlists"
	"golang.org/x/text/unicode/norm"

	"github.com/tallystick/tallystick/vault/secret"
)

// The words are BIP 39's: 256 bits of the key, then the first 8 bits of their SHA-256,
// cut into 24 numbers of 11 bits, each the number of a word in the English list of
// 2,048. They are packed here, because the library makes one string of them that cannot be
// wiped; tests hold both against each other.

const bitsPerWord = 11

// numberOf finds a word, or the four letters that no two words of the list share.
var numberOf = func() map[string]int {
	m := make(map[string]int, 2*len(wordlists.English))
	for i, w := range wordlists.English {
		m[w] = i
	}
	return m
}()

const shortest = 4 // letters that tell a word of the list from all others

var byBeginning = func() map[string]int {
	m := make(map[string]int, len(wordlists.English))
	for i, w := range wordlists.English {
		m[w[:min(shortest, len(w))]] = i
	}
	return m
}()

// lookUp finds the number of a word that was typed in full or from its first four letters on.
func lookUp(typed []byte) (int, bool) {
	if i, ok := numberOf[string(typed)]; ok {
		return i, true
	}
	if len(typed) < shortest {
		return 0, false
	}
	i, ok := byBeginning[string(typed[:shortest])]
	if !ok || len(wordlists.English[i]) < len(typed) || wordlists.English[i][:len(typed)] != string(typed) {
		return 0, false
	}
	return i, true
}

// Words are the 24 words, in order.
func (k Kit) Words() []secret.Bytes {
	numbers := k.numbers()
	defer clear(numbers)
	words := make([]secret.Bytes, len(numbers))
	for i, n := range numbers {
		words[i] = secret.FromString(wordlists.English[n])
	}
	return words
}

func (k Kit) numbers() []int {
	seed := k.seed.Reveal()
	sum := sha256.Sum256(seed)
	defer clear(sum[:])
	numbers := make([]int, Words)
	for bit := range Words * bitsPerWord {
		from, at := seed, bit
		if bit >= 8*len(seed) {
			from, at = sum[:], bit-8*len(seed)
		}
		numbers[bit/bitsPerWord] = numbers[bit/bitsPerWord]<<1 | int(from[at/8]>>(7-at%8)&1)
	}
	return numbers
}

// maxText is far more than 24 words or a QR text have, in bytes.
const maxText = 16 << 10

// Parse reads the words of a kit, or the text of its QR code, whichever it is.
//
// Words may be in any case, cut to four letters or more, numbered, and parted by anything
// that is no letter. Errors: ErrNotKit, ErrWord (a *WordError), ErrCount (a *CountError),
// ErrChecksum; for the QR code ErrDamaged and ErrNewer.
func Parse(text secret.Bytes) (Kit, error) {
	if text.Len() > maxText {
		return Kit{}, ErrNotKit
	}
	if isCode(text.Reveal()) {
		return parseCode(text.Reveal())
	}
	typed, wipe := split(text.Reveal())
	defer wipe()
	numbers := make([]int, len(typed))
	defer clear(numbers)
	var wrong []int
	for i, word := range typed {
		n, ok := lookUp(word)
		if !ok {
			wrong = append(wrong, i+1)
		}
		numbers[i] = n
	}
	switch {
	case len(typed) == 0, len(wrong) > len(typed)/2:
		return Kit{}, ErrNotKit
	case len(wrong) > 0:
		return Kit{}, &WordError{Places: wrong}
	case len(typed) != Words:
		return Kit{}, &CountError{Words: len(typed)}
	}
	var bits [Words * bitsPerWord / 8]byte
	defer clear(bits[:])
	for i, n := range numbers {
		for b := range bitsPerWord {
			at := i*bitsPerWord + b
			bits[at/8] |= byte(n>>(bitsPerWord-1-b)&1) << (7 - at%8)
		}
	}
	seed := bits[:seedLen]
	if sum := sha256.Sum256(seed); sum[0] != bits[seedLen] {
		return Kit{}, ErrChecksum
	}
	return fromSeed(secret.New(bytes.Clone(seed)))
}

// split takes a text apart into its words, in small letters, and says how to wipe them.
func split(text []byte) (words [][]byte, wipe func()) {
	plain := bytes.ToLower(norm.NFKC.Bytes(text))
	rest := plain
	for len(rest) > 0 {
		r, size := utf8.DecodeRune(rest)
		if !unicode.IsLetter(r) && !unicode.IsMark(r) {
			rest = rest[size:]
			continue
		}
		end := bytes.IndexFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })
		if end < 0 {
			end = len(rest)
		}
		words = append(words, rest[:end])
		rest = rest[end:]
	}
	return words, func() { clear(plain) }
}
