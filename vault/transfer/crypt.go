package transfer

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

// openGCM decrypts AES-GCM; the tag is at the end of sealed. The nonce may have any length above 0. Fails with errSealed. The
// result is memory of its own.
func openGCM(key, nonce, sealed, additional []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil || len(nonce) == 0 {
		return nil, errSealed
	}
	gcm, err := cipher.NewGCMWithNonceSize(block, len(nonce))
	if err != nil {
		return nil, errSealed
	}
	open, err := gcm.Open(nil, nonce, sealed, additional)
	if err != nil {
		return nil, errSealed
	}
	return open, nil
}

// openCBC decrypts AES-CBC without looking at the padding. Fails with errSealed when a length is impossible.
func openCBC(key, iv, sealed []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil || len(iv) != aes.BlockSize || len(sealed) == 0 || len(sealed)%aes.BlockSize != 0 {
		return nil, errSealed
	}
	open := make([]byte, len(sealed))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(open, sealed)
	return open, nil
}

// openCBCPadded is openCBC with padding after PKCS #7, which is taken off. Fails with errSealed when the padding is none: the
// key is wrong. One wrong key in 256 passes.
func openCBCPadded(key, iv, sealed []byte) ([]byte, error) {
	open, err := openCBC(key, iv, sealed)
	if err != nil {
		return nil, err
	}
	n := int(open[len(open)-1])
	if n < 1 || n > aes.BlockSize || n > len(open) {
		clear(open)
		return nil, errSealed
	}
	good := 1
	for _, c := range open[len(open)-n:] {
		good &= subtle.ConstantTimeByteEq(c, byte(n))
	}
	if good == 0 {
		clear(open)
		return nil, errSealed
	}
	return open[:len(open)-n], nil
}

// fromBase64 reads base64 with or without padding, in both alphabets, with white space anywhere. Fails with ErrDamaged.
func fromBase64(text string) ([]byte, error) {
	text = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\r', '\n', '=':
			return -1
		case '-':
			return '+'
		case '_':
			return '/'
		}
		return r
	}, text)
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, ErrDamaged
	}
	return b, nil
}
