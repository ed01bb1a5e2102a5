package seal

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Format is the version of the payload this program writes. It reads this one
// and no other: a higher one is ErrNewer, and there is no lower one.
const Format = 1

// MaxEntries is the most entries a payload may have.
const MaxEntries = 100_000

// timeLayout is RFC 3339 in UTC with milliseconds, always 24 characters.
const timeLayout = "2006-01-02T15:04:05.000Z"

// Document is a payload taken apart as far as the envelope goes: the entries
// stay JSON texts, for what an account is, is not known here.
type Document struct {
	// Revision counts saves, from 1.
	Revision uint64
	// Saved is when the file was written; UTC, whole milliseconds.
	Saved time.Time
	// Entries are JSON values, one per account, in the person's order. After Decode
	// they share the payload's memory. They are syntactically JSON, nothing more:
	// not necessarily objects, possibly with doubled names or invalid UTF-8.
	Entries [][]byte
	// Older is how many formats before Format the payload was written in; 0 after Decode of
	// what this program writes, and ignored by Encode.
	Older int
	// Extra are the members of the top-level object that this program does not
	// know, as `"name":value` texts, kept for the program that does.
	Extra [][]byte
}

// Encode writes the payload: one line for the envelope, one per entry, so that a
// person who opened the file with the age tool can read it. Entries and Extra
// must be JSON texts. Errors: ErrTooLarge.
func (d Document) Encode() ([]byte, error) {
	if len(d.Entries) > MaxEntries {
		return nil, fmt.Errorf("%w: %d entries, at most %d are allowed", ErrTooLarge, len(d.Entries), MaxEntries)
	}
	size := 256
	for _, e := range d.Entries {
		size += len(e) + 2
	}
	for _, e := range d.Extra {
		size += len(e) + 2
	}
	if size > MaxFile {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrTooLarge, size, MaxFile)
	}
	out := make([]byte, 0, size)
	out = append(out, `{"format":`...)
	out = strconv.AppendInt(out, Format, 10)
	out = append(out, `,"revision":`...)
	out = strconv.AppendUint(out, d.Revision, 10)
	out = append(out, `,"saved":"`...)
	out = d.Saved.UTC().AppendFormat(out, timeLayout)
	out = append(out, '"')
	for _, e := range d.Extra {
		out = append(append(out, ",\n"...), e...)
	}
	out = append(out, `,"accounts":[`...)
	for i, e := range d.Entries {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(out, '\n'), e...)
	}
	return append(out, "\n]}\n"...), nil
}

// Decode takes a payload apart. Errors: ErrDamaged, ErrNewer, ErrTooLarge.
//
// "format" has to come first, so that a newer payload is known as such before
// anything else in it is judged by today's rules.
func Decode(payload []byte) (Document, error) {
	var d Document
	// Names and UTF-8 of entries are judged entry by entry, by whoever parses them:
	// one bad entry must not take the others with it.
	dec := jsontext.NewDecoder(bytes.NewBuffer(payload), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if dec.PeekKind() != '{' {
		return d, damaged("the content is not a JSON object")
	}
	if _, err := dec.ReadToken(); err != nil {
		return d, notJSON(dec)
	}
	seen := make(map[string]bool, 8)
	for dec.PeekKind() == '"' {
		rawName, err := read(dec, payload)
		if err != nil {
			return d, notJSON(dec)
		}
		nameText, err := jsontext.AppendUnquote(nil, rawName)
		if err != nil {
			return d, notJSON(dec)
		}
		name := string(nameText)
		if len(seen) == 0 && name != "format" {
			return d, damaged(`the content does not begin with "format"`)
		}
		if seen[name] {
			return d, damaged("a name of the content occurs twice")
		}
		if seen[name] = true; len(seen) > 64 {
			return d, fmt.Errorf("%w: over 64 members in the content", ErrTooLarge)
		}
		if name == "accounts" {
			if err := d.decodeEntries(dec, payload); err != nil {
				return d, err
			}
			continue
		}
		value, err := read(dec, payload)
		if err != nil {
			return d, notJSON(dec)
		}
		switch name {
		case "format":
			n, err := strconv.ParseUint(string(value), 10, 32)
			switch {
			case err != nil || n == 0:
				return d, damaged(`"format" is not a number from 1`)
			case n > Format:
				return d, fmt.Errorf("%w: it has format %d, this program knows %d", ErrNewer, n, Format)
			}
			d.Older = Format - int(n)
		case "revision":
			if d.Revision, err = strconv.ParseUint(string(value), 10, 64); err != nil {
				return d, damaged(`"revision" is not a whole number`)
			}
		case "saved":
			if d.Saved, err = time.Parse(`"`+timeLayout+`"`, string(value)); err != nil {
				return d, damaged(`"saved" is not a time`)
			}
		default:
			extra := append(bytes.Clone(rawName), ':')
			d.Extra = append(d.Extra, append(extra, value...))
		}
	}
	if _, err := dec.ReadToken(); err != nil { // the closing brace
		return d, notJSON(dec)
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return d, damaged("there is more after the content")
	}
	for _, name := range []string{"revision", "saved", "accounts"} {
		if !seen[name] {
			return d, damaged(`the content has no "` + name + `"`)
		}
	}
	return d, nil
}

// read returns the next value as a part of payload, which, unlike what the
// decoder itself returns, stays valid after the next read.
func read(dec *jsontext.Decoder, payload []byte) ([]byte, error) {
	v, err := dec.ReadValue()
	if err != nil {
		return nil, err
	}
	end := dec.InputOffset()
	return payload[end-int64(len(v)) : end : end], nil
}

func (d *Document) decodeEntries(dec *jsontext.Decoder, payload []byte) error {
	if dec.PeekKind() != '[' {
		return damaged(`"accounts" is not a list`)
	}
	if _, err := dec.ReadToken(); err != nil {
		return notJSON(dec)
	}
	for {
		switch dec.PeekKind() {
		case ']':
			_, err := dec.ReadToken()
			return err
		case 0:
			return notJSON(dec)
		}
		if len(d.Entries) == MaxEntries {
			return fmt.Errorf("%w: over %d entries", ErrTooLarge, MaxEntries)
		}
		value, err := read(dec, payload)
		if err != nil {
			return notJSON(dec)
		}
		d.Entries = append(d.Entries, value)
	}
}

func damaged(what string) error { return fmt.Errorf("%w: %s", ErrDamaged, what) }

// notJSON says where, never what: the decoder's own message would quote plaintext.
func notJSON(dec *jsontext.Decoder) error {
	return fmt.Errorf("%w: the content stops being JSON after byte %d", ErrDamaged, dec.InputOffset())
}
