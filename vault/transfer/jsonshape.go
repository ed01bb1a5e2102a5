package transfer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// shape is what a JSON text looks like from outside: enough to tell whose it is.
type shape struct {
	array bool
	keys  map[string]value // of the object, or of the first object in the array
	count int              // elements of the array
	err   error            // the text is cut off or no JSON from some place on; keys are those before
}

// value is a JSON value that was not read yet: a piece of the input's text, sharing its memory. It is the zero value for what is
// not there.
type value []byte

// kind is the first byte of a value: { [ " t f n or 0 for a number; 'x' when there is none.
func (v value) kind() byte {
	switch b := bytes.TrimLeft(v, " \t\r\n"); {
	case len(b) == 0:
		return 'x'
	case b[0] == '-', b[0] >= '0' && b[0] <= '9':
		return '0'
	default:
		return b[0]
	}
}

// jsonOptions are for text that other programs wrote: what can be read is read.
var jsonOptions = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// readShape looks at an object or an array; nil when it is neither.
func readShape(text []byte) *shape { return lookAt(text, false) }

// readHead is readShape that looks no further than the first element of an array.
func readHead(text []byte) *shape { return lookAt(text, true) }

func lookAt(text []byte, one bool) *shape {
	s := &shape{keys: map[string]value{}}
	dec := jsontext.NewDecoder(bytes.NewBuffer(text), jsonOptions...)
	token, err := dec.ReadToken()
	if err != nil {
		return nil
	}
	switch token.Kind() {
	case '{':
		s.err = readKeys(dec, text, s.keys)
		return s
	case '[':
		s.array = true
	default:
		return nil
	}
	for dec.PeekKind() != ']' {
		if s.count == 0 && dec.PeekKind() == '{' {
			if _, s.err = dec.ReadToken(); s.err == nil {
				s.err = readKeys(dec, text, s.keys)
			}
		} else {
			s.err = dec.SkipValue()
		}
		if s.err != nil {
			return s
		}
		if s.count++; one {
			return s
		}
	}
	return s
}

// readKeys reads an object whose brace was read, to its end.
func readKeys(dec *jsontext.Decoder, text []byte, keys map[string]value) error {
	for {
		if dec.PeekKind() == '}' {
			_, err := dec.ReadToken()
			return err
		}
		token, err := dec.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		start := dec.InputOffset()
		if err := dec.SkipValue(); err != nil {
			keys[name] = nil
			return err
		}
		keys[name] = value(bytes.TrimLeft(text[start:dec.InputOffset()], " \t\r\n:"))
	}
}

// has reports whether the object has all of these keys.
func (in *input) has(keys ...string) bool {
	return in.json != nil && !in.json.array && in.json.all(keys)
}

// hasEach reports whether the text is an array whose first object has all of these keys.
func (in *input) hasEach(keys ...string) bool {
	return in.json != nil && in.json.array && in.json.all(keys)
}

func (s *shape) all(keys []string) bool {
	for _, k := range keys {
		if _, ok := s.keys[k]; !ok {
			return false
		}
	}
	return true
}

// decode reads a JSON text into v, whose fields should be text, number, flag and list where the other app's versions differ.
func decode(data []byte, v any) error {
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%w: %s", ErrDamaged, jsonFault(err))
	}
	return nil
}

// jsonFault says what is wrong with a JSON text without a piece of it.
func jsonFault(err error) string {
	switch e := err.(type) {
	case *json.SyntaxError:
		return fmt.Sprintf("it is no valid JSON at byte %d", e.Offset)
	case *json.UnmarshalTypeError:
		return fmt.Sprintf("unexpected %s at byte %d", strings.Fields(e.Value + " value")[0], e.Offset)
	}
	return "it is no valid JSON"
}

// text is a JSON string. Numbers and booleans become their text; null, and what has no text, is empty.
type text string

// UnmarshalJSON never fails.
func (t *text) UnmarshalJSON(b []byte) error {
	*t = ""
	switch value(b).kind() {
	case '"':
		var s string
		if json.Unmarshal(b, &s) == nil {
			*t = text(s)
		}
	case '0', 't', 'f':
		*t = text(b)
	}
	return nil
}

// number is a whole number: a JSON number, or a string that holds one. Null, an empty string and the word "null" are absent.
type number struct {
	value int64
	given bool
	bad   bool // given, and no whole number
}

func whole(n int64) number { return number{value: n, given: true} }

// UnmarshalJSON never fails.
func (n *number) UnmarshalJSON(b []byte) error {
	*n = number{}
	switch value(b).kind() {
	case '"':
		var s string
		_ = json.Unmarshal(b, &s)
		*n = parseNumber(s)
	case '0':
		*n = parseNumber(string(b))
	case 'n':
	default:
		*n = number{given: true, bad: true}
	}
	return nil
}

// parseNumber reads a whole number as files write it: "30", " 30 ", "30.0", "3e1", "".
func parseNumber(s string) number {
	s = strings.TrimSpace(s)
	switch strings.ToLower(s) {
	case "", "null", "undefined", "nil", "none":
		return number{}
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return whole(n)
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && f == float64(int64(f)) && f > -1e15 && f < 1e15 {
		return whole(int64(f))
	}
	return number{given: true, bad: true}
}

// or is the number, or what it is when it is absent.
func (n number) or(absent int64) int64 {
	if !n.given || n.bad {
		return absent
	}
	return n.value
}

// flag is a JSON boolean; 1, "1", "true" and "yes" are true as well, everything else is false.
type flag bool

// UnmarshalJSON never fails.
func (f *flag) UnmarshalJSON(b []byte) error {
	*f = flag(isTrue(strings.Trim(string(b), `" `)))
	return nil
}

func isTrue(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "1", "yes", "y":
		return true
	}
	return false
}

// list is a JSON array whose elements are looked at one by one, so that one bad element does not spoil the others. Anything
// that is no array is empty.
type list []json.RawMessage

// UnmarshalJSON never fails.
func (l *list) UnmarshalJSON(b []byte) error {
	*l = nil
	if value(b).kind() == '[' {
		var raw []json.RawMessage
		if json.Unmarshal(b, &raw) == nil {
			*l = raw
		}
	}
	return nil
}

// texts is a list of strings, or one string.
type texts []string

// UnmarshalJSON never fails.
func (l *texts) UnmarshalJSON(b []byte) error {
	*l = nil
	switch value(b).kind() {
	case '[':
		var raw []text
		if json.Unmarshal(b, &raw) == nil {
			for _, t := range raw {
				*l = append(*l, string(t))
			}
		}
	case '"':
		var t text
		_ = t.UnmarshalJSON(b)
		*l = texts{string(t)}
	}
	return nil
}

// object reads a value into a struct when it is an object, and leaves it alone otherwise.
type object[T any] struct {
	it    T
	given bool
}

// UnmarshalJSON never fails.
func (o *object[T]) UnmarshalJSON(b []byte) error {
	*o = object[T]{}
	if value(b).kind() == '{' {
		o.given = json.Unmarshal(b, &o.it) == nil
	}
	return nil
}
