package appdb

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
)

// What SQLCipher 3 does when it is told nothing else.
const (
	CipherRounds  = 64_000 // of PBKDF2-HMAC-SHA1 from passphrase to key
	CipherKey     = 32     // bytes
	CipherSalt    = 16     // bytes, at the beginning of the file
	cipherPage    = 1024
	cipherReserve = 48 // bytes at the end of a page: start value, authentication code, nothing
	codeRounds    = 2
	codeSaltMask  = 0x3A
)

// MaybeSQLCipher reports whether data could be an SQLCipher 3 file. It has no mark: only the size tells.
func MaybeSQLCipher(data []byte) bool {
	return len(data) >= 2*cipherPage && len(data)%cipherPage == 0 && !Recognise(data)
}

// Decrypt returns the database inside of an SQLCipher 3 file. Errors: ErrNotDatabase, ErrTooLarge, ErrKey when the key does not
// fit the first page, ErrDamaged when a later page does not fit.
func Decrypt(data, key []byte) ([]byte, error) {
	if !MaybeSQLCipher(data) {
		return nil, ErrNotDatabase
	}
	if len(data) > MaxFile {
		return nil, fmt.Errorf("%w: at most %d MB are read", ErrTooLarge, MaxFile>>20)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, ErrKey
	}
	code, err := codeKey(data, key)
	if err != nil {
		return nil, ErrKey
	}
	defer clear(code)
	open := make([]byte, len(data))
	copy(open, magic)
	for at := 0; at < len(data); at += cipherPage {
		page, skip := data[at:at+cipherPage], 0
		if at == 0 {
			skip = CipherSalt
		}
		if !pageFits(page, skip, uint32(at/cipherPage)+1, code) {
			if at == 0 {
				return nil, ErrKey
			}
			return nil, fmt.Errorf("%w: page %d", ErrDamaged, at/cipherPage+1)
		}
		end := cipherPage - cipherReserve
		cipher.NewCBCDecrypter(block, page[end:end+aes.BlockSize]).CryptBlocks(open[at+skip:at+end], page[skip:end])
	}
	return open, nil
}

// codeKey is the key of the pages' authentication codes.
func codeKey(data, key []byte) ([]byte, error) {
	salt := make([]byte, CipherSalt)
	for i := range salt {
		salt[i] = data[i] ^ codeSaltMask
	}
	return pbkdf2.Key(sha1.New, string(key), salt, codeRounds, CipherKey)
}

// pageFits checks the authentication code of a page: over its content, its start value and its number.
func pageFits(page []byte, skip int, number uint32, key []byte) bool {
	end := cipherPage - cipherReserve + aes.BlockSize
	var n [4]byte
	binary.LittleEndian.PutUint32(n[:], number)
	mac := hmac.New(sha1.New, key)
	mac.Write(page[skip:end])
	mac.Write(n[:])
	return hmac.Equal(mac.Sum(nil), page[end:end+sha1.Size])
}
