package share

import (
	"crypto/sha256"
	"math/big"
	"strings"

	"github.com/tyler-smith/go-bip39/wordlists"
	"golang.org/x/crypto/argon2"
)

// WordCount is how many safety words two people read to each other: 88 bits, 11 in each word.
const WordCount = 8

// Words returns the safety words of two devices in a vault, the same for both of them: eight words of the English list of BIP 39
// over the public keys of both and the id of the vault. Somebody in between who wants two pairs of devices to have the same words has to
// try about 2^44 keys, and pays for each with 64 MiB of memory for a twentieth of a second (Argon2id, version 19, one pass, one lane).
func Words(vault VaultID, a, b Member) string {
	one, two := fingerprint(a), fingerprint(b)
	if string(one) > string(two) {
		one, two = two, one
	}
	sum := argon2.IDKey(append(one, two...), []byte("tallystick share words 1\n"+string(vault)), 1, 64<<10, 1, WordCount*11/8)
	return wordsOf(sum)
}

func fingerprint(m Member) []byte {
	sum := sha256.Sum256(append(append([]byte("tallystick share device 1\n"), m.Public...), m.Recipient...))
	return sum[:]
}

// wordsOf cuts 88 bits into words, the first bits first.
func wordsOf(sum []byte) string {
	n, words := new(big.Int).SetBytes(sum), make([]string, WordCount)
	mask := big.NewInt(1<<11 - 1)
	for i := WordCount - 1; i >= 0; i-- {
		words[i] = wordlists.English[new(big.Int).And(n, mask).Int64()]
		n.Rsh(n, 11)
	}
	return strings.Join(words, " ")
}
