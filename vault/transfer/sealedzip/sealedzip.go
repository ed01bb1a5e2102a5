// Package sealedzip reads ZIP files, also those with a passphrase.
//
// Purpose: archive/zip finds the members; this package takes off what archive/zip does not know: the traditional
// encryption of PKWARE (ZipCrypto) and that of WinZip (AES, versions AE-1 and AE-2), in members that are stored or deflated.
// A ZIP file comes from a stranger: how many members there may be and how large one may become is limited, whatever the file
// says of itself.
// Facts: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (6.1), https://www.winzip.com/en/support/aes-encryption/.
//
// Who may import it: vault/transfer. It imports the standard library.
//
// Concurrency: an Archive may be used from many goroutines; it is not changed after Open.
//
// Ownership: an Archive shares the bytes it was made of. What Read gives belongs to the caller.
//
// Errors never hold any part of the file.
package sealedzip

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/bits"
)

// MaxMembers is how many members an archive may have.
const MaxMembers = 10_000

// What can be wrong. Errors of this package wrap one of these, or are the context's.
var (
	ErrNotZIP     = errors.New("sealedzip: not a ZIP file")
	ErrDamaged    = errors.New("sealedzip: the ZIP file is damaged")
	ErrMethod     = errors.New("sealedzip: a way of packing or encrypting that is not known")
	ErrPassphrase = errors.New("sealedzip: wrong passphrase")
	ErrTooLarge   = errors.New("sealedzip: too many members, or too large ones")
)

// Archive is a ZIP file whose list of members has been read.
type Archive struct {
	Members []*Member // files, in the order of the list; no directories
}

// Member is one file in it.
type Member struct {
	Name   string
	Size   uint64 // bytes after unpacking, as the list says
	Packed uint64 // bytes in the file, as the list says

	file *zip.File
	data []byte
	aes  *aesExtra // nil = not WinZip's
}

// Recognise reports whether data begins as a ZIP file does.
func Recognise(data []byte) bool {
	return bytes.HasPrefix(data, []byte("PK\x03\x04")) || bytes.HasPrefix(data, []byte("PK\x05\x06"))
}

// Open reads the list of members. Errors: ErrNotZIP, ErrDamaged, ErrTooLarge.
func Open(data []byte) (*Archive, error) {
	if !Recognise(data) {
		return nil, ErrNotZIP
	}
	// archive/zip makes something of every entry of the list before anybody can say stop.
	if bytes.Count(data, []byte("PK\x01\x02")) > MaxMembers {
		return nil, fmt.Errorf("%w: more than %d members", ErrTooLarge, MaxMembers)
	}
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, ErrDamaged
	}
	a := &Archive{}
	for _, f := range r.File {
		if f.FileInfo().IsDir() {
			continue
		}
		m := &Member{Name: f.Name, Size: f.UncompressedSize64, Packed: f.CompressedSize64, file: f, data: data}
		if f.Method == methodAES {
			if m.aes = findAES(f.Extra); m.aes == nil {
				return nil, ErrDamaged
			}
		}
		a.Members = append(a.Members, m)
	}
	return a, nil
}

// Encrypted reports whether Read needs a passphrase.
func (m *Member) Encrypted() bool { return m.file.Flags&flagEncrypted != 0 }

// Bits of a member's flags, and methods.
const (
	flagEncrypted = 1 << 0
	flagLater     = 1 << 3 // sizes and checksum follow the data
	flagStrong    = 1 << 6 // PKWARE's own, which nobody else has

	methodAES = 99
)

// Read unpacks the member; passphrase is not looked at when it is not encrypted. It becomes at most limit bytes.
//
// Errors: ErrPassphrase, ErrMethod, ErrDamaged, ErrTooLarge, and the context's. A member of traditional encryption whose
// content turns out wrong is ErrPassphrase: one wrong passphrase in 256 is noticed only then.
func (m *Member) Read(ctx context.Context, passphrase []byte, limit int) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if m.Size > uint64(limit) {
		return nil, ErrTooLarge
	}
	offset, err := m.file.DataOffset()
	if err != nil || offset < 0 || offset > int64(len(m.data)) || m.file.CompressedSize64 > uint64(int64(len(m.data))-offset) {
		return nil, ErrDamaged
	}
	packed := m.data[offset : offset+int64(m.file.CompressedSize64)]
	method, sum, wrong := m.file.Method, true, ErrDamaged
	switch {
	case m.file.Flags&flagStrong != 0:
		return nil, ErrMethod
	case m.Encrypted() && m.aes != nil:
		if packed, err = m.aes.open(packed, passphrase); err != nil {
			return nil, err
		}
		defer clear(packed)
		// Version 2 has no checksum: it would tell something about a short content.
		method, sum = m.aes.method, m.aes.version == 1
	case m.Encrypted():
		if packed, err = m.openTraditional(packed, passphrase); err != nil {
			return nil, err
		}
		defer clear(packed)
		wrong = ErrPassphrase
	case method == methodAES:
		return nil, ErrDamaged
	}
	plain, err := unpack(packed, method, limit)
	if errors.Is(err, ErrDamaged) {
		return nil, wrong
	}
	if err != nil {
		return nil, err
	}
	if sum && crc32.ChecksumIEEE(plain) != m.file.CRC32 {
		clear(plain)
		return nil, wrong
	}
	return plain, nil
}

// unpack undoes the packing; the result is memory of its own.
func unpack(packed []byte, method uint16, limit int) ([]byte, error) {
	switch method {
	case zip.Store:
		if len(packed) > limit {
			return nil, ErrTooLarge
		}
		return bytes.Clone(packed), nil
	case zip.Deflate:
	default:
		return nil, ErrMethod
	}
	r := flate.NewReader(bytes.NewReader(packed))
	defer r.Close()
	plain, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		clear(plain)
		return nil, ErrDamaged
	}
	if len(plain) > limit {
		clear(plain)
		return nil, ErrTooLarge
	}
	return plain, nil
}

// aesExtra is what WinZip's encryption notes beside a member.
type aesExtra struct {
	version uint16 // 1 or 2
	keySize int    // bytes
	method  uint16 // what is under the encryption
}

// findAES looks for it among a member's extra fields.
func findAES(extra []byte) *aesExtra {
	const id, size = 0x9901, 7
	for len(extra) >= 4 {
		field, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if extra = extra[4:]; n > len(extra) {
			return nil
		}
		if field == id && n >= size {
			x := &aesExtra{version: binary.LittleEndian.Uint16(extra), method: binary.LittleEndian.Uint16(extra[5:])}
			strength := int(extra[4])
			if x.version < 1 || x.version > 2 || strength < 1 || strength > 3 {
				return nil
			}
			x.keySize = 8 + 8*strength
			return x
		}
		extra = extra[n:]
	}
	return nil
}

const (
	aesRounds = 1000
	aesVerify = 2  // bytes that tell a wrong passphrase
	aesCode   = 10 // bytes of the authentication code that are kept
)

// open decrypts: salt, verifier, data, authentication code.
func (x *aesExtra) open(sealed, passphrase []byte) ([]byte, error) {
	salt := x.keySize / 2
	if len(sealed) < salt+aesVerify+aesCode {
		return nil, ErrDamaged
	}
	keys, err := pbkdf2.Key(sha1.New, string(passphrase), sealed[:salt], aesRounds, 2*x.keySize+aesVerify)
	if err != nil {
		return nil, ErrDamaged
	}
	defer clear(keys)
	if !hmac.Equal(keys[2*x.keySize:], sealed[salt:salt+aesVerify]) {
		return nil, ErrPassphrase
	}
	data, code := sealed[salt+aesVerify:len(sealed)-aesCode], sealed[len(sealed)-aesCode:]
	mac := hmac.New(sha1.New, keys[x.keySize:2*x.keySize])
	mac.Write(data)
	if !hmac.Equal(mac.Sum(nil)[:aesCode], code) {
		// One wrong passphrase in 65,536 comes this far.
		return nil, ErrDamaged
	}
	block, err := aes.NewCipher(keys[:x.keySize])
	if err != nil {
		return nil, ErrDamaged
	}
	open := make([]byte, len(data))
	xorLittleEndian(block, open, data)
	return open, nil
}

// xorLittleEndian is counter mode with a counter that begins at 1 and whose lowest byte comes first; that of crypto/cipher
// comes last.
func xorLittleEndian(block cipher.Block, dst, src []byte) {
	var counter, stream [aes.BlockSize]byte
	for n := uint64(1); len(src) > 0; n++ {
		binary.LittleEndian.PutUint64(counter[:], n)
		block.Encrypt(stream[:], counter[:])
		size := min(len(src), aes.BlockSize)
		for i := range size {
			dst[i] = src[i] ^ stream[i]
		}
		dst, src = dst[size:], src[size:]
	}
}

// traditionalHeader is the random bytes before the data, whose last one is known.
const traditionalHeader = 12

// openTraditional decrypts ZipCrypto.
func (m *Member) openTraditional(sealed, passphrase []byte) ([]byte, error) {
	if len(sealed) < traditionalHeader {
		return nil, ErrDamaged
	}
	k := newKeys(passphrase)
	var head [traditionalHeader]byte
	for i := range head {
		head[i] = k.decrypt(sealed[i])
	}
	// Which byte it is depends on whether the checksum was known in time; not every program keeps to that.
	last := head[traditionalHeader-1]
	byTime, bySum := byte(m.file.ModifiedTime>>8), byte(m.file.CRC32>>24)
	if last != bySum && (last != byTime || m.file.Flags&flagLater == 0) {
		return nil, ErrPassphrase
	}
	open := make([]byte, len(sealed)-traditionalHeader)
	for i, c := range sealed[traditionalHeader:] {
		open[i] = k.decrypt(c)
	}
	return open, nil
}

// keys is the state of ZipCrypto.
type keys [3]uint32

func newKeys(passphrase []byte) *keys {
	k := &keys{0x12345678, 0x23456789, 0x34567890}
	for _, c := range passphrase {
		k.update(c)
	}
	return k
}

func (k *keys) update(plain byte) {
	k[0] = crc32.IEEETable[byte(k[0])^plain] ^ k[0]>>8
	k[1] = (k[1]+k[0]&0xFF)*134775813 + 1
	k[2] = crc32.IEEETable[byte(k[2])^byte(k[1]>>24)] ^ k[2]>>8
}

func (k *keys) decrypt(c byte) byte {
	t := k[2] | 2
	_, low := bits.Mul32(t, t^1)
	plain := c ^ byte(low>>8)
	k.update(plain)
	return plain
}
