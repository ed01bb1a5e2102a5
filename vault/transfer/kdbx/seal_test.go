package kdbx

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"math"
	"testing"

	"golang.org/x/crypto/chacha20"

	"github.com/tallystick/tallystick/vault/secret"
)

// sealed is a database that a test writes: the XML is taken as it is, so that it can be anything.
type sealed struct {
	major  uint16 // 3 or 4
	cipher cipherID
	stream streamID
	plain  bool // without gzip
	kdf    kdf
	inner  []byte // more fields of the inner header
	xml    []byte
	header map[byte][]byte // instead of what would be written
}

const testPassphrase = "correct horse"

var testKDF = kdf{kind: kdfAES, iterations: 3}

// write encrypts with testPassphrase. Seeds and the like are fixed: nothing here is secret.
func (s sealed) write(t testing.TB) []byte {
	t.Helper()
	seed, iv := bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{9}, s.cipher.ivSize())
	salt := bytes.Repeat([]byte{5}, 32)
	k := s.kdf
	k.salt = salt
	var name []byte
	for n, id := range cipherNames {
		if id == s.cipher {
			name = n[:]
		}
	}
	packed := uint32(1)
	if s.plain {
		packed = 0
	}
	fields := []struct {
		id   byte
		data []byte
	}{
		{fieldCipher, name}, {fieldCompression, binary.LittleEndian.AppendUint32(nil, packed)}, {fieldMasterSeed, seed}, {fieldIV, iv},
	}
	add := func(id byte, data []byte) {
		fields = append(fields, struct {
			id   byte
			data []byte
		}{id, data})
	}
	start, streamKey := bytes.Repeat([]byte{3}, 32), bytes.Repeat([]byte{4}, 32)
	if s.major == 4 {
		add(fieldKDF, k.write())
	} else {
		add(fieldTransSeed, salt)
		add(fieldTransRounds, binary.LittleEndian.AppendUint64(nil, k.iterations))
		add(fieldStreamKey, streamKey)
		add(fieldStartBytes, start)
		add(fieldStream, binary.LittleEndian.AppendUint32(nil, uint32(s.stream)))
	}
	add(fieldEnd, []byte("\r\n\r\n"))
	out := binary.LittleEndian.AppendUint32(nil, signature1)
	out = binary.LittleEndian.AppendUint32(out, signature2)
	out = binary.LittleEndian.AppendUint16(out, 1)
	out = binary.LittleEndian.AppendUint16(out, s.major)
	for _, f := range fields {
		data := f.data
		if other, ok := s.header[f.id]; ok {
			data = other
		}
		out = append(out, f.id)
		if s.major == 4 {
			out = binary.LittleEndian.AppendUint32(out, uint32(len(data)))
		} else {
			out = binary.LittleEndian.AppendUint16(out, uint16(len(data)))
		}
		out = append(out, data...)
	}
	password := sha256.Sum256([]byte(testPassphrase))
	transformed, err := k.derive(context.Background(), sha256.Sum256(password[:]))
	if err != nil {
		t.Fatal(err)
	}
	content := s.xml
	if s.major == 4 {
		field := func(to []byte, id byte, data []byte) []byte {
			return append(binary.LittleEndian.AppendUint32(append(to, id), uint32(len(data))), data...)
		}
		inner := field(nil, 1, binary.LittleEndian.AppendUint32(nil, uint32(s.stream)))
		inner = field(inner, 2, streamKey)
		content = append(field(append(inner, s.inner...), 0, nil), content...)
	}
	if !s.plain {
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
		z.Write(content)
		z.Close()
		content = b.Bytes()
	}
	key := sha256.New()
	key.Write(seed)
	key.Write(transformed)
	if s.major == 3 {
		sum := sha256.Sum256(content)
		block := append(append([]byte{0, 0, 0, 0}, sum[:]...), binary.LittleEndian.AppendUint32(nil, uint32(len(content)))...)
		content = append(append(append(bytes.Clone(start), block...), content...), binary.LittleEndian.AppendUint32(nil, 1)...)
		content = append(content, make([]byte, 36)...)
		return append(out, s.encrypt(t, key.Sum(nil), iv, content)...)
	}
	h := sha512.New()
	h.Write(seed)
	h.Write(transformed)
	h.Write([]byte{1})
	codeKey := h.Sum(nil)
	code := func(n uint64, data ...[]byte) []byte {
		of := sha512.Sum512(append(binary.LittleEndian.AppendUint64(nil, n), codeKey...))
		mac := hmac.New(sha256.New, of[:])
		for _, d := range data {
			mac.Write(d)
		}
		return mac.Sum(nil)
	}
	sum := sha256.Sum256(out)
	header := bytes.Clone(out)
	out = append(append(out, sum[:]...), code(math.MaxUint64, header)...)
	body := s.encrypt(t, key.Sum(nil), iv, content)
	for n := uint64(0); ; n++ {
		block := body[:min(len(body), 1<<10)] // KeePass takes 1 MiB; small ones make many
		body = body[len(block):]
		length := binary.LittleEndian.AppendUint32(nil, uint32(len(block)))
		out = append(out, code(n, binary.LittleEndian.AppendUint64(nil, n), length, block)...)
		out = append(append(out, length...), block...)
		if len(block) == 0 {
			return out
		}
	}
}

func (s sealed) encrypt(t testing.TB, key, iv, content []byte) []byte {
	t.Helper()
	if s.cipher == cipherChaCha20 {
		c, err := chacha20.NewUnauthenticatedCipher(key, iv)
		if err != nil {
			t.Fatal(err)
		}
		out := make([]byte, len(content))
		c.XORKeyStream(out, content)
		return out
	}
	if s.cipher != cipherAES {
		t.Fatal("this writer has no Twofish; gokeepasslib has")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	pad := 16 - len(content)%16
	content = append(bytes.Clone(content), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(content, content)
	return content
}

// write is the parameters as version 4 keeps them.
func (k kdf) write() []byte {
	var name []byte
	for n, kind := range kdfNames {
		if kind == k.kind && n[0] != 0x7C {
			name = n[:]
		}
	}
	out := []byte{0, 1}
	add := func(kind byte, key string, value []byte) {
		out = append(binary.LittleEndian.AppendUint32(append(out, kind), uint32(len(key))), key...)
		out = append(binary.LittleEndian.AppendUint32(out, uint32(len(value))), value...)
	}
	add(0x42, "$UUID", name)
	add(0x42, "S", k.salt)
	if k.kind == kdfAES {
		add(5, "R", binary.LittleEndian.AppendUint64(nil, k.iterations))
	} else {
		add(5, "I", binary.LittleEndian.AppendUint64(nil, k.iterations))
		add(5, "M", binary.LittleEndian.AppendUint64(nil, k.memory))
		add(4, "P", binary.LittleEndian.AppendUint32(nil, k.lanes))
		add(4, "V", binary.LittleEndian.AppendUint32(nil, 0x13))
	}
	return append(out, 0)
}

// hide is protected values as they stand in the document, under a stream with the writer's key.
func hide(t testing.TB, id streamID) func(string) string {
	t.Helper()
	s, err := newKeystream(id, bytes.Repeat([]byte{4}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return func(value string) string {
		out := make([]byte, len(value))
		s.XORKeyStream(out, []byte(value))
		return base64.StdEncoding.EncodeToString(out)
	}
}

func read(t testing.TB, data []byte) (Content, error) {
	t.Helper()
	d, err := Parse(data)
	if err != nil {
		return Content{}, err
	}
	return d.Read(context.Background(), secret.FromString(testPassphrase))
}
