package recovery

import (
	"bytes"
	"context"
	"encoding/binary"
	"path"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// maxTime is how long reading a PDF may take when the caller's context sets no
// earlier end.
const maxTime = 10 * time.Second

// ReadBytes reads a file: what it is shows in its content, not in its name. name is the
// file's name, with or without its directory, and is only a hint about the portal; it
// may be empty. It keeps no reference to data.
//
// Fails with ErrPicture, ErrTooLarge (more than MaxFile bytes), ErrFormat, ErrDamaged,
// ErrEncrypted, or the context's error. A file that can be read and holds no recovery
// keys gives a Draft without keys and no error.
func ReadBytes(ctx context.Context, data []byte, name string) (Draft, error) {
	if len(data) > MaxFile {
		return Draft{}, ErrTooLarge
	}
	if err := ctx.Err(); err != nil {
		return Draft{}, err
	}
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if name == "." || name == "/" {
		name = ""
	}
	if clean, _ := sanitise(name); len(clean) <= 255 {
		name = strings.ReplaceAll(clean, "\n", " ")
	} else {
		name = ""
	}
	switch {
	case isPicture(data):
		return Draft{}, ErrPicture
	case isPDF(data):
		ctx, cancel := context.WithTimeout(ctx, maxTime)
		defer cancel()
		text, err := readPDF(ctx, data)
		if err != nil {
			return Draft{}, err
		}
		return finish(text, name), nil
	case isForeign(data):
		return Draft{}, ErrFormat
	}
	text, ok := decode(data)
	if !ok {
		return Draft{}, ErrFormat
	}
	head := strings.ToLower(strings.TrimLeft(text[:min(2048, len(text))], " \t\r\n\ufeff"))
	switch {
	case strings.HasPrefix(head, `{\rtf`):
		return finish(readRTF(text), name), nil
	case looksLikeHTML(head):
		return finish(readHTML(text), name), nil
	}
	return parse(text, name), nil
}

// finish understands a text that a reader of a format has sanitised and marked.
func finish(text string, name string) Draft {
	cut := false
	if len(text) > MaxText {
		text, cut = text[:MaxText], true
	}
	d := understand(text, name)
	if cut {
		d.note(NoteCut)
	}
	return d
}

// isPDF also knows files that some programs put something in front of.
func isPDF(data []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(data[:min(1024, len(data))], "\xef\xbb\xbf\x00 \t\r\n"), []byte("%PDF-"))
}

// isPicture knows the pictures that cameras, screenshots and browsers make.
func isPicture(data []byte) bool {
	for _, magic := range []string{"\x89PNG\r\n", "\xff\xd8\xff", "GIF8", "BM", "II*\x00", "MM\x00*", "\x00\x00\x01\x00", "\x00\x00\x00\x0cjP", "qoif"} {
		if bytes.HasPrefix(data, []byte(magic)) {
			return magic != "BM" || len(data) > 30 && bytes.Equal(data[6:10], []byte{0, 0, 0, 0})
		}
	}
	if len(data) > 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP" {
		return true
	}
	if len(data) > 12 && string(data[4:8]) == "ftyp" {
		switch string(data[8:12]) {
		case "heic", "heix", "mif1", "avif", "msf1":
			return true
		}
	}
	head := bytes.ToLower(data[:min(512, len(data))])
	return bytes.Contains(head, []byte("<svg")) && !bytes.Contains(head, []byte("<html")) && !bytes.Contains(head, []byte("<body"))
}

// isForeign knows files that hold text in a form this does not read, so that the
// bytes of an archive are not searched for keys.
func isForeign(data []byte) bool {
	for _, magic := range []string{"PK\x03\x04", "PK\x05\x06", "\x1f\x8b", "7z\xbc\xaf", "Rar!", "\xd0\xcf\x11\xe0", "SQLite format 3", "\x7fELF", "MZ", "bplist", "age-encryption.org/", "-----BEGIN ", "ssh-"} {
		if bytes.HasPrefix(data, []byte(magic)) {
			return magic != "MZ" || bytes.IndexByte(data[:min(64, len(data))], 0) >= 0
		}
	}
	return false
}

// decode makes text of bytes: UTF-8, UTF-16 with a byte order mark or with the zeros
// that Western text has in it, else Windows-1252. False for what is no text.
func decode(data []byte) (string, bool) {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		data = data[3:]
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		return wide(data[2:], binary.LittleEndian), true
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		return wide(data[2:], binary.BigEndian), true
	}
	if zeros := bytes.Count(data, []byte{0}); zeros > 0 {
		even, odd := 0, 0
		for i, c := range data {
			if c == 0 && i%2 == 0 {
				even++
			} else if c == 0 {
				odd++
			}
		}
		switch {
		case len(data)%2 == 0 && odd*10 >= len(data)*4 && even == 0:
			return wide(data, binary.LittleEndian), true
		case len(data)%2 == 0 && even*10 >= len(data)*4 && odd == 0:
			return wide(data, binary.BigEndian), true
		}
		return "", false
	}
	if utf8.Valid(data) {
		return string(data), true
	}
	controls := 0
	for _, c := range data {
		if c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' {
			controls++
		}
	}
	if controls*50 > len(data) {
		return "", false
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(data)
	return string(text), err == nil
}

func wide(data []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	return string(utf16.Decode(units))
}
