// Package kdbx reads KeePass databases: KDBX 3.1 and 4.x, and KeePass's XML.
//
// Purpose: from the bytes of a database and its passphrase to the entries in it, as they are: what a field means is for
// the package above. Parse reads the header, which says what opening will cost; Database.Read derives the key and gives the
// entries. Own code and not a library, because a database comes from a stranger: the header's cost has to be known before it
// is spent, a packed content must not fill the memory, a wrong passphrase and a damaged file must not look alike, and
// protected values have to be decrypted in the order of the document, whatever that is.
// Facts: https://keepass.info/help/kb/kdbx.html (KDBX 4), the sources of KeePass for 3.1, and real files.
//
// Who may import it: vault/transfer. It imports vault/secret and libraries.
//
// Concurrency: a Database may be used from many goroutines; it is not changed after Parse.
//
// Ownership: a Database shares the memory of the bytes it was made of. The caller owns what Read gives and wipes it.
//
// Errors never hold any part of the file.
package kdbx

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// What can be wrong. Errors of this package wrap one of these, or are the context's.
var (
	ErrNotKDBX    = errors.New("kdbx: not a KeePass database")
	ErrOld        = errors.New("kdbx: a database of KeePass 1, which is another format")
	ErrNewer      = errors.New("kdbx: a newer version of the format, or a cipher or key derivation that is not known")
	ErrDamaged    = errors.New("kdbx: the database is damaged")
	ErrPassphrase = errors.New("kdbx: wrong passphrase, or a key file is needed as well")
	ErrTooLarge   = errors.New("kdbx: the content is too large")
	ErrTooCostly  = errors.New("kdbx: the key derivation asks for more than is allowed")
)

// Limits of what a header may ask for.
const (
	MaxMemory = 1 << 30   // bytes of an Argon2 derivation
	MaxWork   = 128 << 30 // bytes of memory times passes of an Argon2 derivation
	MaxRounds = 1 << 31   // rounds of an AES derivation
	maxLanes  = 255
)

const (
	signature1   = 0x9AA2D903
	signature2   = 0xB54BFB67
	signature1x  = 0xB54BFB65 // KeePass 1
	signaturePre = 0xB54BFB66 // KeePass 2 before its release
)

// Database is a database whose header has been read.
type Database struct {
	major, minor uint16
	cipher       cipherID
	packed       bool
	masterSeed   []byte
	iv           []byte
	kdf          kdf
	// 3.1 only:
	startBytes []byte
	stream     streamID
	streamKey  []byte

	header []byte // all of it, as it is hashed
	body   []byte // what follows
}

// Recognise reports whether data begins as a KeePass database does, of whatever version.
func Recognise(data []byte) bool {
	if len(data) < 12 || binary.LittleEndian.Uint32(data) != signature1 {
		return false
	}
	switch binary.LittleEndian.Uint32(data[4:]) {
	case signature2, signature1x, signaturePre:
		return true
	}
	return false
}

// Parse reads the header. Errors: ErrNotKDBX, ErrOld, ErrNewer, ErrDamaged, ErrTooCostly.
func Parse(data []byte) (*Database, error) {
	if !Recognise(data) {
		return nil, ErrNotKDBX
	}
	if binary.LittleEndian.Uint32(data[4:]) != signature2 {
		return nil, ErrOld
	}
	d := &Database{
		minor:  binary.LittleEndian.Uint16(data[8:]),
		major:  binary.LittleEndian.Uint16(data[10:]),
		stream: streamNone,
	}
	if d.major != 3 && d.major != 4 {
		if d.major < 3 {
			return nil, fmt.Errorf("%w: version %d.%d", ErrOld, d.major, d.minor)
		}
		return nil, fmt.Errorf("%w: version %d.%d", ErrNewer, d.major, d.minor)
	}
	fields, rest, err := readHeader(data[12:], d.major >= 4)
	if err != nil {
		return nil, err
	}
	if err := d.apply(fields); err != nil {
		return nil, err
	}
	d.header, d.body = data[:len(data)-len(rest)], rest
	return d, nil
}

// Cost is what deriving the key takes: bytes of memory, and passes (Argon2) or rounds (AES).
func (d *Database) Cost() (memory, iterations int64) {
	return int64(d.kdf.memory), int64(min(d.kdf.iterations, 1<<62))
}

// headerField ids.
const (
	fieldEnd         = 0
	fieldCipher      = 2
	fieldCompression = 3
	fieldMasterSeed  = 4
	fieldTransSeed   = 5 // 3.1
	fieldTransRounds = 6 // 3.1
	fieldIV          = 7
	fieldStreamKey   = 8  // 3.1
	fieldStartBytes  = 9  // 3.1
	fieldStream      = 10 // 3.1
	fieldKDF         = 11 // 4
)

// readHeader takes the fields apart: id, length (2 bytes in version 3, 4 in version 4), data. The last one of an id counts.
func readHeader(data []byte, wide bool) (fields map[byte][]byte, rest []byte, err error) {
	fields = make(map[byte][]byte)
	for {
		var id byte
		var value []byte
		if id, value, data, err = nextField(data, wide); err != nil {
			return nil, nil, err
		}
		if id == fieldEnd {
			return fields, data, nil
		}
		fields[id] = value
	}
}

// nextField takes one field off the front of data.
func nextField(data []byte, wide bool) (id byte, value, rest []byte, err error) {
	size := 3
	if wide {
		size = 5
	}
	if len(data) < size {
		return 0, nil, nil, fmt.Errorf("%w: its header ends too early", ErrDamaged)
	}
	id = data[0]
	n := uint64(binary.LittleEndian.Uint16(data[1:]))
	if wide {
		n = uint64(binary.LittleEndian.Uint32(data[1:]))
	}
	data = data[size:]
	if uint64(len(data)) < n {
		return 0, nil, nil, fmt.Errorf("%w: its header ends too early", ErrDamaged)
	}
	return id, data[:n:n], data[n:], nil
}

func (d *Database) apply(fields map[byte][]byte) (err error) {
	if d.cipher, err = cipherOf(fields[fieldCipher]); err != nil {
		return err
	}
	compression := fields[fieldCompression]
	if len(compression) != 4 {
		return fmt.Errorf("%w: no compression in its header", ErrDamaged)
	}
	switch binary.LittleEndian.Uint32(compression) {
	case 0:
	case 1:
		d.packed = true
	default:
		return fmt.Errorf("%w: compression", ErrNewer)
	}
	if d.masterSeed = fields[fieldMasterSeed]; len(d.masterSeed) != 32 {
		return fmt.Errorf("%w: no seed in its header", ErrDamaged)
	}
	if d.iv = fields[fieldIV]; len(d.iv) != d.cipher.ivSize() {
		return fmt.Errorf("%w: its cipher has a start value of another length", ErrDamaged)
	}
	if d.major >= 4 {
		if d.kdf, err = kdfOf(fields[fieldKDF]); err != nil {
			return err
		}
		return d.kdf.check()
	}
	seed, rounds := fields[fieldTransSeed], fields[fieldTransRounds]
	if len(seed) != 32 || len(rounds) != 8 {
		return fmt.Errorf("%w: no key derivation in its header", ErrDamaged)
	}
	d.kdf = kdf{kind: kdfAES, salt: seed, iterations: binary.LittleEndian.Uint64(rounds)}
	if d.startBytes = fields[fieldStartBytes]; len(d.startBytes) != 32 {
		return fmt.Errorf("%w: no start bytes in its header", ErrDamaged)
	}
	d.streamKey = fields[fieldStreamKey]
	if id := fields[fieldStream]; len(id) == 4 {
		d.stream = streamID(binary.LittleEndian.Uint32(id))
	}
	return d.kdf.check()
}

// headerSum is what version 3.1 repeats inside as Meta/HeaderHash, and version 4 after the header.
func (d *Database) headerSum() [32]byte { return sha256.Sum256(d.header) }

// splitSums takes the header's checksum and authentication code off the body of version 4.
func (d *Database) splitSums() (sum, code, blocks []byte, err error) {
	if len(d.body) < 64 {
		return nil, nil, nil, fmt.Errorf("%w: it ends after its header", ErrDamaged)
	}
	sum, code, blocks = d.body[:32], d.body[32:64], d.body[64:]
	if want := d.headerSum(); !bytes.Equal(sum, want[:]) {
		return nil, nil, nil, fmt.Errorf("%w: its header does not have the checksum it should have", ErrDamaged)
	}
	return sum, code, blocks, nil
}
