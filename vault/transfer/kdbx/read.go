package kdbx

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/tallystick/tallystick/vault/secret"
)

// Read derives the key of the passphrase, decrypts, and gives what is inside. It takes as long as Cost says and ends early,
// with the context's error, when the context does. Errors: ErrPassphrase, ErrDamaged, ErrNewer, ErrTooLarge.
func (d *Database) Read(ctx context.Context, passphrase secret.Bytes) (Content, error) {
	password := sha256.Sum256(passphrase.Reveal())
	defer clear(password[:])
	transformed, err := d.kdf.derive(ctx, sha256.Sum256(password[:]))
	if err != nil {
		return Content{}, err
	}
	defer clear(transformed)
	if d.major >= 4 {
		return d.read4(ctx, transformed)
	}
	return d.read3(ctx, transformed)
}

// keyOf is the key of the content.
func (d *Database) keyOf(transformed []byte) [32]byte {
	h := sha256.New()
	h.Write(d.masterSeed)
	h.Write(transformed)
	return [32]byte(h.Sum(nil))
}

// read4 reads version 4: header checks, blocks with an authentication code each, cipher, gzip, inner header, XML.
func (d *Database) read4(ctx context.Context, transformed []byte) (Content, error) {
	_, code, blocks, err := d.splitSums()
	if err != nil {
		return Content{}, err
	}
	h := sha512.New()
	h.Write(d.masterSeed)
	h.Write(transformed)
	h.Write([]byte{1})
	codeKey := h.Sum(nil)
	defer clear(codeKey)
	if !hmac.Equal(code, blockCode(codeKey, math.MaxUint64, d.header)) {
		return Content{}, ErrPassphrase
	}
	data, err := joinBlocks(codeKey, blocks)
	if err != nil {
		return Content{}, err
	}
	defer clear(data)
	plain, ok := d.cipher.decrypt(d.keyOf(transformed), d.iv, data)
	if !ok {
		return Content{}, fmt.Errorf("%w: its content", ErrDamaged)
	}
	size, err := d.measure(plain)
	if err != nil {
		return Content{}, err
	}
	packed, err := d.unpack(plain)
	if err != nil {
		return Content{}, err
	}
	r := bufio.NewReader(packed)
	stream, err := readInnerHeader(r)
	if err != nil {
		return Content{}, err
	}
	return readXML(ctx, r, size, stream, true)
}

// read3 reads version 3.1: cipher, start bytes, blocks with a checksum each, gzip, XML.
func (d *Database) read3(ctx context.Context, transformed []byte) (Content, error) {
	data := bytes.Clone(d.body)
	defer clear(data)
	plain, ok := d.cipher.decrypt(d.keyOf(transformed), d.iv, data)
	if !ok || len(plain) < 32 || !hmac.Equal(plain[:32], d.startBytes) {
		return Content{}, ErrPassphrase
	}
	plain, err := joinHashed(plain[32:])
	if err != nil {
		return Content{}, err
	}
	stream, err := newKeystream(d.stream, d.streamKey)
	if err != nil {
		return Content{}, err
	}
	size, err := d.measure(plain)
	if err != nil {
		return Content{}, err
	}
	r, err := d.unpack(plain)
	if err != nil {
		return Content{}, err
	}
	c, err := readXML(ctx, r, size, stream, true)
	if err != nil {
		return Content{}, err
	}
	if c.headerHash != "" {
		want := d.headerSum()
		if got, err := base64.StdEncoding.DecodeString(c.headerHash); err != nil || !bytes.Equal(got, want[:]) {
			c.Wipe()
			return Content{}, fmt.Errorf("%w: its header does not have the checksum it should have", ErrDamaged)
		}
	}
	return c, nil
}

// blockCode is the authentication code of block n (of the header: the highest number there is).
func blockCode(codeKey []byte, n uint64, parts ...[]byte) []byte {
	var number [8]byte
	binary.LittleEndian.PutUint64(number[:], n)
	h := sha512.New()
	h.Write(number[:])
	h.Write(codeKey)
	mac := hmac.New(sha256.New, h.Sum(nil))
	if n != math.MaxUint64 {
		mac.Write(number[:])
	}
	for _, p := range parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}

// joinBlocks checks and joins the blocks of version 4: code (32), length (4), data; the last one is empty.
func joinBlocks(codeKey, blocks []byte) ([]byte, error) {
	joined := make([]byte, 0, len(blocks))
	for n := uint64(0); ; n++ {
		if len(blocks) < 36 {
			return nil, fmt.Errorf("%w: it ends too early", ErrDamaged)
		}
		code, length := blocks[:32], blocks[32:36]
		size := uint64(binary.LittleEndian.Uint32(length))
		if blocks = blocks[36:]; uint64(len(blocks)) < size {
			return nil, fmt.Errorf("%w: it ends too early", ErrDamaged)
		}
		if !hmac.Equal(code, blockCode(codeKey, n, length, blocks[:size])) {
			return nil, fmt.Errorf("%w: block %d", ErrDamaged, n+1)
		}
		if size == 0 {
			return joined, nil
		}
		joined = append(joined, blocks[:size]...)
		blocks = blocks[size:]
	}
}

// joinHashed checks and joins the blocks of version 3.1, in place: number (4), SHA-256 (32), length (4), data; the last one
// is empty.
func joinHashed(data []byte) ([]byte, error) {
	joined := data[:0]
	for n := uint32(0); ; n++ {
		if len(data) < 40 {
			return nil, fmt.Errorf("%w: it ends too early", ErrDamaged)
		}
		number, sum, size := binary.LittleEndian.Uint32(data), data[4:36], uint64(binary.LittleEndian.Uint32(data[36:]))
		if data = data[40:]; size == 0 {
			if number != n || !bytes.Equal(sum, make([]byte, 32)) {
				return nil, fmt.Errorf("%w: its last block", ErrDamaged)
			}
			return joined, nil
		}
		if uint64(len(data)) < size {
			return nil, fmt.Errorf("%w: it ends too early", ErrDamaged)
		}
		if got := sha256.Sum256(data[:size]); number != n || !bytes.Equal(sum, got[:]) {
			return nil, fmt.Errorf("%w: block %d", ErrDamaged, n+1)
		}
		joined = append(joined, data[:size]...)
		data = data[size:]
	}
}

// unpack undoes gzip where the header says so.
func (d *Database) unpack(plain []byte) (io.Reader, error) {
	if !d.packed {
		return bytes.NewReader(plain), nil
	}
	r, err := gzip.NewReader(bytes.NewReader(plain))
	if err != nil {
		return nil, fmt.Errorf("%w: its content", ErrDamaged)
	}
	r.Multistream(false) // some programs pad also what needs no padding
	return r, nil
}

// Limits of what is unpacked. XML of a database packs to a tenth; what packs to less than a thirtieth and is large is there
// to fill the memory.
const (
	maxInner  = 256 << 20 // bytes after gzip, attachments included
	smallXML  = 4 << 20   // bytes of XML that are fine however well they are packed
	maxRatio  = 32
	maxXML    = 96 << 20 // bytes of XML
	maxStream = 1 << 10  // bytes of a key in the inner header
)

// measure goes through the content once without keeping it, so that one that is damaged or too large is refused before
// anything is made of it, and says how many bytes of XML may come.
func (d *Database) measure(plain []byte) (limit int64, err error) {
	limit = min(maxXML, smallXML+maxRatio*int64(len(plain)))
	packed, err := d.unpack(plain)
	if err != nil {
		return 0, err
	}
	r := bufio.NewReader(io.LimitReader(packed, maxInner+1))
	if d.major >= 4 {
		if _, err := readInnerHeader(r); err != nil {
			return 0, err
		}
	}
	n, err := io.Copy(io.Discard, io.LimitReader(r, limit+1))
	if err != nil {
		return 0, fmt.Errorf("%w: its content", ErrDamaged)
	}
	if n > limit {
		return 0, ErrTooLarge
	}
	return limit, nil
}

// readInnerHeader reads the header version 4 has inside: the cipher over protected values, and attachments, which are
// passed over.
func readInnerHeader(r *bufio.Reader) (keystream, error) {
	const (
		end       = 0
		streamIs  = 1
		streamKey = 2
	)
	ended := func(err error) error {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("%w: it ends too early", ErrDamaged)
		}
		return fmt.Errorf("%w: its content", ErrDamaged)
	}
	id, key := streamNone, []byte(nil)
	var head [5]byte
	for {
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return nil, ended(err)
		}
		size := int64(binary.LittleEndian.Uint32(head[1:]))
		switch head[0] {
		case streamIs, streamKey:
			if size > maxStream {
				return nil, fmt.Errorf("%w: its inner header", ErrDamaged)
			}
			value := make([]byte, size)
			if _, err := io.ReadFull(r, value); err != nil {
				return nil, ended(err)
			}
			if head[0] == streamKey {
				key = value
			} else if size == 4 {
				id = streamID(binary.LittleEndian.Uint32(value))
			}
		default:
			if _, err := io.CopyN(io.Discard, r, size); err != nil {
				return nil, ended(err)
			}
		}
		if head[0] == end {
			return newKeystream(id, key)
		}
	}
}
