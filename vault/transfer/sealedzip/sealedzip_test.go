package sealedzip

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"crypto/aes"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// member is what a test writes.
type member struct {
	name, text string
	stored     bool
	later      bool // sizes follow the data: another byte tells a wrong passphrase
	aes        int  // key bytes; 0 = traditional
	version    int  // of AES
	pass       string
	sum        uint32 // instead of the right one
	size       uint64 // instead of the right one
}

// write makes an archive. Salts and headers are fixed: nothing here is secret.
func write(t testing.TB, members ...member) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, m := range members {
		packed, method := []byte(m.text), zip.Store
		if !m.stored {
			var b bytes.Buffer
			f, _ := flate.NewWriter(&b, flate.BestSpeed)
			f.Write(packed)
			f.Close()
			packed, method = b.Bytes(), zip.Deflate
		}
		//lint:ignore SA1019 the field as it is in the file
		h := &zip.FileHeader{Name: m.name, Method: method, CRC32: crc32.ChecksumIEEE([]byte(m.text)), UncompressedSize64: uint64(len(m.text)), ModifiedTime: 0xAB12}
		if m.sum != 0 {
			h.CRC32 = m.sum
		}
		if m.size != 0 {
			h.UncompressedSize64 = m.size
		}
		if m.later {
			h.Flags |= flagLater
		}
		switch {
		case m.pass == "":
		case m.aes == 0:
			h.Flags |= flagEncrypted
			last := byte(h.CRC32 >> 24)
			if m.later {
				last = 0xAB
			}
			packed = traditional(packed, m.pass, last)
		default:
			h.Flags |= flagEncrypted
			extra := []byte{0x01, 0x99, 7, 0, byte(m.version), 0, 'A', 'E', byte((m.aes - 8) / 8), byte(method), 0}
			h.Extra = append([]byte{0x55, 0x54, 1, 0, 0}, extra...)
			h.Method = methodAES
			if m.version == 2 {
				h.CRC32 = 0
			}
			packed = winzip(t, packed, m.pass, m.aes)
		}
		h.CompressedSize64 = uint64(len(packed))
		raw, err := w.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		raw.Write(packed)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// traditional encrypts, with a header whose last byte is last.
func traditional(packed []byte, pass string, last byte) []byte {
	k := newKeys([]byte(pass))
	plain := append([]byte("header bytes"[:11]), last)
	plain = append(plain, packed...)
	out := make([]byte, len(plain))
	for i, c := range plain {
		// The key stream does not depend on the byte it is used for: decrypting zero gives it, on a copy.
		copied := *k
		out[i] = c ^ copied.decrypt(0)
		k.update(c)
	}
	return out
}

func winzip(t testing.TB, packed []byte, pass string, size int) []byte {
	t.Helper()
	salt := []byte("0123456789abcdef")[:size/2]
	keys, err := pbkdf2.Key(sha1.New, pass, salt, aesRounds, 2*size+aesVerify)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(keys[:size])
	if err != nil {
		t.Fatal(err)
	}
	sealed := make([]byte, len(packed))
	xorLittleEndian(block, sealed, packed)
	mac := hmac.New(sha1.New, keys[size:2*size])
	mac.Write(sealed)
	out := append(append([]byte{}, salt...), keys[2*size:]...)
	return append(append(out, sealed...), mac.Sum(nil)[:aesCode]...)
}

func readAll(t testing.TB, data []byte, pass string, limit int) (map[string]string, error) {
	t.Helper()
	a, err := Open(data)
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for _, m := range a.Members {
		text, err := m.Read(context.Background(), []byte(pass), limit)
		if err != nil {
			return texts, err
		}
		texts[m.Name] = string(text)
	}
	return texts, nil
}

const testPass = "correct horse"

// every is a member in each way of packing and encrypting.
func every() []member {
	text := strings.Repeat("otpauth://totp/Shop:maria?secret=JBSWY3DPEHPK3PXP\n", 40)
	list := []member{{name: "plain", text: text}, {name: "stored", text: text, stored: true}, {name: "empty", stored: true}}
	for _, stored := range []bool{true, false} {
		list = append(list,
			member{name: fmt.Sprint("traditional ", stored), text: text, stored: stored, pass: testPass},
			member{name: fmt.Sprint("traditional later ", stored), text: text, stored: stored, later: true, pass: testPass})
		for _, size := range []int{16, 24, 32} {
			for _, version := range []int{1, 2} {
				list = append(list, member{name: fmt.Sprint("aes ", stored, size, version), text: text, stored: stored, aes: size, version: version, pass: testPass})
			}
		}
	}
	return list
}

func TestRead(t *testing.T) {
	members := every()
	got, err := readAll(t, write(t, members...), testPass, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range members {
		if got[m.name] != m.text {
			t.Errorf("%s: %d bytes, want %d", m.name, len(got[m.name]), len(m.text))
		}
	}
	for _, m := range members {
		data := write(t, m)
		a, err := Open(data)
		if err != nil {
			t.Fatal(err)
		}
		if encrypted := slices.ContainsFunc(a.Members, (*Member).Encrypted); encrypted != (m.pass != "") {
			t.Errorf("%s: encrypted %t", m.name, encrypted)
		}
		if m.pass != "" {
			for _, wrong := range []string{"", "correct hors", "x"} {
				if _, err := readAll(t, data, wrong, 1<<20); !errors.Is(err, ErrPassphrase) {
					t.Errorf("%s with %q: %v", m.name, wrong, err)
				}
			}
		}
		if m.text != "" {
			if _, err := readAll(t, data, testPass, len(m.text)-1); !errors.Is(err, ErrTooLarge) {
				t.Errorf("%s with less room: %v", m.name, err)
			}
		}
	}
}

// TestOthers reads what zip and 7z write, where they are installed.
func TestOthers(t *testing.T) {
	text := strings.Repeat("otpauth://totp/Shop:maria?secret=JBSWY3DPEHPK3PXP\n", 40)
	for _, tc := range []struct {
		name string
		args []string
	}{
		{"zip", []string{"-q", "-P", testPass, "out.zip", "Accounts.txt"}},
		{"zip", []string{"-q", "-0", "-P", testPass, "out.zip", "Accounts.txt"}},
		{"7z", []string{"a", "-tzip", "-mem=ZipCrypto", "-p" + testPass, "out.zip", "Accounts.txt"}},
		{"7z", []string{"a", "-tzip", "-mem=AES128", "-p" + testPass, "out.zip", "Accounts.txt"}},
		{"7z", []string{"a", "-tzip", "-mem=AES192", "-p" + testPass, "out.zip", "Accounts.txt"}},
		{"7z", []string{"a", "-tzip", "-mem=AES256", "-p" + testPass, "out.zip", "Accounts.txt"}},
		{"7z", []string{"a", "-tzip", "-mem=AES256", "-mm=Copy", "-p" + testPass, "out.zip", "Accounts.txt"}},
	} {
		t.Run(strings.Join(append([]string{tc.name}, tc.args[:4]...), " "), func(t *testing.T) {
			program, err := exec.LookPath(tc.name)
			if err != nil {
				t.Skip("not installed: ", tc.name)
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "Accounts.txt"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(program, tc.args...)
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			data, err := os.ReadFile(filepath.Join(dir, "out.zip"))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := readAll(t, data, testPass, 1<<20); err != nil || got["Accounts.txt"] != text {
				t.Errorf("%d bytes, %v", len(got["Accounts.txt"]), err)
			}
			if _, err := readAll(t, data, "wrong", 1<<20); !errors.Is(err, ErrPassphrase) {
				t.Errorf("wrong passphrase: %v", err)
			}
		})
	}
}

// TestDamage: cut off or with single bytes changed, an archive gives its content or one of our errors, and AES never gives another
// content.
func TestDamage(t *testing.T) {
	m := member{name: "a", text: strings.Repeat("text ", 20), aes: 32, version: 2, pass: testPass}
	data := write(t, m)
	known := func(err error) bool {
		for _, e := range []error{nil, ErrNotZIP, ErrDamaged, ErrMethod, ErrPassphrase, ErrTooLarge} {
			if errors.Is(err, e) {
				return true
			}
		}
		return false
	}
	for n := range data {
		if _, err := readAll(t, data[:n], testPass, 1<<20); err == nil || !known(err) {
			t.Errorf("%d bytes: %v", n, err)
		}
		changed := bytes.Clone(data)
		changed[n] ^= 1
		got, err := readAll(t, changed, testPass, 1<<20)
		if !known(err) {
			t.Errorf("byte %d changed: %v", n, err)
		}
		for _, text := range got {
			if err == nil && text != m.text {
				t.Errorf("byte %d changed: another content", n)
			}
		}
	}
	for name, tc := range map[string]struct {
		m    member
		want error
	}{
		"checksum":             {member{name: "a", text: "text", sum: 1}, ErrDamaged},
		"checksum, AE-1":       {member{name: "a", text: "text", sum: 1, aes: 16, version: 1, pass: testPass}, ErrDamaged},
		"checksum, ZipCrypto":  {member{name: "a", text: "text", sum: 1, pass: testPass}, ErrPassphrase},
		"AE-3":                 {member{name: "a", text: "text", aes: 16, version: 3, pass: testPass}, ErrDamaged},
		"a size that is a lie": {member{name: "a", text: "text", size: 1 << 40}, ErrTooLarge},
	} {
		if _, err := readAll(t, write(t, tc.m), testPass, 1<<20); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}

// TestBombs are refused without the memory they ask for.
func TestBombs(t *testing.T) {
	zeros := strings.Repeat("\x00", 300<<20)
	// The list says it is small.
	lie := write(t, member{name: "zeros", text: zeros, size: 10})
	sealed := write(t, member{name: "zeros", text: zeros, size: 10, aes: 32, version: 2, pass: testPass})
	var entries []byte
	for range 20_000 {
		entries = append(entries, "PK\x01\x02"...)
		entries = append(entries, make([]byte, 42)...)
	}
	list := append([]byte("PK\x03\x04"), entries...)
	end := append([]byte("PK\x05\x06\x00\x00\x00\x00"), 0x20, 0x4E, 0x20, 0x4E)
	end = binary.LittleEndian.AppendUint32(end, uint32(len(entries)))
	end = append(binary.LittleEndian.AppendUint32(end, 4), 0, 0)
	for name, data := range map[string][]byte{"zeros": lie, "encrypted zeros": sealed, "a long list": append(list, end...)} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := readAll(t, data, testPass, 16<<20)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s, %d bytes: %v", name, len(data), err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 200<<20 {
			t.Errorf("%s, %d bytes: %d MB of memory", name, len(data), used>>20)
		}
	}
}

func TestCancelled(t *testing.T) {
	a, err := Open(write(t, member{name: "a", text: "text"}))
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Members[0].Read(ended, nil, 10); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func FuzzRead(f *testing.F) {
	for _, m := range every()[1:] {
		if len(m.text) > 0 {
			m.text = m.text[:60]
		}
		f.Add(write(f, m))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const limit = 1 << 16
		texts, _ := readAll(t, data, testPass, limit)
		for _, text := range texts {
			if len(text) > limit {
				t.Fatal("more than was asked for")
			}
		}
	})
}
