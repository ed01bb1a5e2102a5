package kdbx

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/chacha20"
	//lint:ignore SA1019 the format has protected values under Salsa20, one stream over all of them
	"golang.org/x/crypto/salsa20/salsa"
	//lint:ignore SA1019 some databases are encrypted with Twofish; nothing is written with it
	"golang.org/x/crypto/twofish"
)

// cipherID is the cipher around the content.
type cipherID int

const (
	cipherAES cipherID = iota
	cipherTwofish
	cipherChaCha20
)

// The names of the ciphers in a header.
var cipherNames = map[[16]byte]cipherID{
	{0x31, 0xC1, 0xF2, 0xE6, 0xBF, 0x71, 0x43, 0x50, 0xBE, 0x58, 0x05, 0x21, 0x6A, 0xFC, 0x5A, 0xFF}: cipherAES,
	{0xAD, 0x68, 0xF2, 0x9F, 0x57, 0x6F, 0x4B, 0xB9, 0xA3, 0x6A, 0xD4, 0x7A, 0xF9, 0x65, 0x34, 0x6C}: cipherTwofish,
	{0xD6, 0x03, 0x8A, 0x2B, 0x8B, 0x6F, 0x4C, 0xB5, 0xA5, 0x24, 0x33, 0x9A, 0x31, 0xDB, 0xB5, 0x9A}: cipherChaCha20,
}

func cipherOf(name []byte) (cipherID, error) {
	if len(name) != 16 {
		return 0, fmt.Errorf("%w: no cipher in its header", ErrDamaged)
	}
	id, known := cipherNames[[16]byte(name)]
	if !known {
		return 0, fmt.Errorf("%w: cipher", ErrNewer)
	}
	return id, nil
}

func (c cipherID) ivSize() int {
	if c == cipherChaCha20 {
		return chacha20.NonceSize
	}
	return aes.BlockSize
}

// decrypt decrypts data in place and takes the padding off. ok is false when that cannot be: wrong key or damage.
func (c cipherID) decrypt(key [32]byte, iv, data []byte) (plain []byte, ok bool) {
	var block cipher.Block
	var err error
	switch c {
	case cipherChaCha20:
		stream, err := chacha20.NewUnauthenticatedCipher(key[:], iv)
		if err != nil {
			return nil, false
		}
		stream.XORKeyStream(data, data)
		return data, true
	case cipherTwofish:
		block, err = twofish.NewCipher(key[:])
	default:
		block, err = aes.NewCipher(key[:])
	}
	if err != nil || len(data) == 0 || len(data)%block.BlockSize() != 0 {
		return nil, false
	}
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(data, data)
	pad := int(data[len(data)-1])
	if pad == 0 || pad > block.BlockSize() {
		return nil, false
	}
	for _, b := range data[len(data)-pad:] {
		if int(b) != pad {
			return nil, false
		}
	}
	return data[:len(data)-pad], true
}

// streamID is the cipher over the protected values inside.
type streamID uint32

const (
	streamNone     streamID = 0
	streamSalsa20  streamID = 2
	streamChaCha20 streamID = 3
)

// keystream hides protected values, one after the other in the order of the document.
type keystream interface{ XORKeyStream(dst, src []byte) }

// newKeystream makes the stream; nil for a database whose values are not hidden.
func newKeystream(id streamID, key []byte) (keystream, error) {
	switch id {
	case streamNone:
		return nil, nil
	case streamSalsa20:
		s := &salsaStream{key: sha256.Sum256(key)}
		copy(s.counter[:], []byte{0xE8, 0x30, 0x09, 0x4B, 0x97, 0x20, 0x5D, 0x2A})
		return s, nil
	case streamChaCha20:
		sum := sha512.Sum512(key)
		return chacha20.NewUnauthenticatedCipher(sum[:32], sum[32:44])
	}
	return nil, fmt.Errorf("%w: inner cipher %d", ErrNewer, id)
}

// salsaStream is Salsa20 over any number of values; the library's function always starts at a whole block.
type salsaStream struct {
	key     [32]byte
	counter [16]byte // nonce, then the number of the next block, little endian
	block   [64]byte
	left    int // bytes at the end of block that were not used yet
}

// XORKeyStream sets dst to src xor the next bytes of the stream.
func (s *salsaStream) XORKeyStream(dst, src []byte) {
	for i := range src {
		if s.left == 0 {
			clear(s.block[:])
			salsa.XORKeyStream(s.block[:], s.block[:], &s.counter, &s.key)
			binary.LittleEndian.PutUint64(s.counter[8:], binary.LittleEndian.Uint64(s.counter[8:])+1)
			s.left = len(s.block)
		}
		dst[i] = src[i] ^ s.block[len(s.block)-s.left]
		s.left--
	}
}
