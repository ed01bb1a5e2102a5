package transfer

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// input is one file of an import, with what is known of its content. What several sources look at is worked out once.
type input struct {
	name  string // for messages
	place int    // in the import, from 0
	data  []byte // as it is in the file
	text  []byte // as UTF-8 without a byte order mark; nil when it is no text
	json  *shape // nil when text is no JSON object and no JSON array
	prefs *prefs // nil when text is no Android preferences file
	table *table // nil when text is no table with a header

	others []*input // all inputs of the import, this one too
}

func newInput(f File, place int) *input {
	in := &input{name: f.label(place), place: place, data: f.Data}
	in.text = readText(f.Data)
	if in.text == nil {
		return in
	}
	switch head := bytes.TrimLeft(in.text, " \t\r\n"); {
	case len(head) == 0:
	case head[0] == '{', head[0] == '[':
		in.json = readShape(in.text)
	case head[0] == '<':
		in.prefs = readPrefs(in.text)
	default:
		in.table = readHeader(in.text)
	}
	return in
}

// unknown says about an input that nobody knows what can be said without showing it.
func (in *input) unknown() string {
	switch {
	case in.json != nil && in.json.err != nil:
		return in.name + " looks like JSON and is damaged"
	case bytes.HasPrefix(in.data, []byte("-----BEGIN PGP MESSAGE-----")), bytes.HasPrefix(in.data, []byte("-----BEGIN AGE ENCRYPTED")):
		return in.name + " is encrypted with another program; decrypt it there first"
	case in.text != nil:
		return in.name + " is a text without accounts in it"
	}
	return fmt.Sprintf("%s is of a kind that is not known", in.name)
}

// readText returns data as UTF-8, or nil when it is no text: UTF-8 and UTF-16 with a byte order mark, UTF-16 without one
// when it begins with ASCII, UTF-8, and Windows-1252, which old programs of Windows write.
func readText(data []byte) []byte {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		data = data[3:]
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return fromUTF16(data, unicode.LittleEndian, unicode.UseBOM)
	case len(data) >= 4 && data[0] != 0 && data[1] == 0 && data[2] != 0 && data[3] == 0:
		return fromUTF16(data, unicode.LittleEndian, unicode.IgnoreBOM)
	case len(data) >= 4 && data[0] == 0 && data[1] != 0 && data[2] == 0 && data[3] != 0:
		return fromUTF16(data, unicode.BigEndian, unicode.IgnoreBOM)
	}
	if hasControl(data) {
		return nil
	}
	if utf8.Valid(data) {
		return data
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(data)
	if err != nil || !mostlyASCII(data) {
		return nil
	}
	return text
}

func fromUTF16(data []byte, order unicode.Endianness, bom unicode.BOMPolicy) []byte {
	text, err := unicode.UTF16(order, bom).NewDecoder().Bytes(data)
	if err != nil || hasControl(text) {
		return nil
	}
	return text
}

// hasControl reports whether there are bytes that no text has.
func hasControl(data []byte) bool {
	for _, c := range data {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f' {
			return true
		}
	}
	return false
}

// mostlyASCII tells a text in an old encoding from short random data.
func mostlyASCII(data []byte) bool {
	high := 0
	for _, c := range data {
		if c >= utf8.RuneSelf {
			high++
		}
	}
	return high*5 < len(data)
}

// lines calls each with every line of the text that is not blank, trimmed, and its number from 1, until it returns false. A line
// ends with LF, CR LF or CR.
func lines(text []byte, each func(number int, line string) bool) {
	for number := 1; len(text) > 0; number++ {
		end, skip := bytes.IndexAny(text, "\r\n"), 1
		if end < 0 {
			end, skip = len(text), 0
		} else if bytes.HasPrefix(text[end:], []byte("\r\n")) {
			skip = 2
		}
		line := strings.TrimSpace(string(text[:end]))
		if line != "" && !each(number, line) {
			return
		}
		text = text[end+skip:]
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
