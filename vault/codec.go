package vault

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// The JSON of one account, written and read by hand: 10,000 of them are saved and
// unlocked in a few hundredths of a second, keys go from and to bytes without ever
// being a string, and members of a later program survive. docs/format.md describes it.

const timeLayout = "2006-01-02T15:04:05.000Z"

var keyEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// errEntry is why an entry does not parse. Its texts name members, never values.
var errEntry = errors.New("vault: entry does not parse")

// encode returns every entry as JSON. All but broken entries lie in one block, which
// the caller wipes with the second result.
func (v *Vault) encode() (entries [][]byte, wipe func()) {
	size := 0
	for _, e := range v.entries {
		a := &e.account
		size += 448 + len(a.Issuer) + len(a.Name) + len(a.Note) + len(a.URL) + len(a.Icon) + base64.StdEncoding.EncodedLen(len(a.Picture)) + 2*a.Params.Secret.Len()
		for _, t := range a.Tags {
			size += len(t) + 4
		}
		for _, x := range e.extra {
			size += len(x) + 1
		}
	}
	block := make([]byte, 0, size)
	ends := make([]int, len(v.entries))
	for i, e := range v.entries {
		if e.broken == nil {
			block = appendEntry(block, e)
		}
		ends[i] = len(block)
	}
	entries = make([][]byte, len(v.entries))
	start := 0
	for i, e := range v.entries {
		if entries[i] = block[start:ends[i]]; e.broken != nil {
			entries[i] = e.raw
		}
		start = ends[i]
	}
	return entries, func() { clear(block) }
}

func appendEntry(out []byte, e *entry) []byte {
	a, p := &e.account, &e.account.Params
	out = append(out, `{"id":"`...)
	out = append(out, a.ID...)
	out = append(out, `","kind":`...)
	out = appendText(out, string(p.Kind))
	out = appendMember(out, `,"issuer":`, a.Issuer)
	out = appendMember(out, `,"name":`, a.Name)
	out = appendParams(out, p)
	for i, t := range a.Tags {
		if i == 0 {
			out = append(out, `,"tags":[`...)
		} else {
			out = append(out, ',')
		}
		out = appendText(out, t)
		if i == len(a.Tags)-1 {
			out = append(out, ']')
		}
	}
	if a.Favourite {
		out = append(out, `,"favourite":true`...)
	}
	out = appendMember(out, `,"note":`, a.Note)
	out = appendMember(out, `,"url":`, a.URL)
	out = appendMember(out, `,"icon":`, a.Icon)
	if a.Picture != "" {
		out = append(out, `,"picture":"`...)
		out = base64.StdEncoding.AppendEncode(out, []byte(a.Picture))
		out = append(out, '"')
	}
	out = appendTime(out, `,"created":"`, a.Created)
	out = appendTime(out, `,"changed":"`, a.Changed)
	out = appendTime(out, `,"used":"`, a.Used)
	out = appendTime(out, `,"trashed":"`, a.Trashed)
	out = appendMember(out, `,"portal":`, a.Portal)
	out = appendMember(out, `,"pending":`, string(a.Pending))
	out = appendHistory(out, a.History)
	out = appendSheets(out, a.Recovery)
	out = appendMember(out, `,"shared":`, a.Shared)
	for _, x := range e.extra {
		out = append(append(out, ','), x...)
	}
	return append(out, '}')
}

// appendParams writes the members of p but its kind, each with a comma before it.
func appendParams(out []byte, p *otp.Params) []byte {
	if !p.Secret.IsEmpty() {
		out = append(out, `,"secret":"`...)
		out = keyEncoding.AppendEncode(out, p.Secret.Reveal())
		out = append(out, '"')
	}
	if !p.PIN.IsEmpty() {
		out = append(out, `,"pin":`...)
		out = appendText(out, p.PIN.Reveal())
	}
	out = appendMember(out, `,"algorithm":`, string(p.Algorithm))
	out = appendNumber(out, `,"digits":`, uint64(p.Digits))
	out = appendNumber(out, `,"period":`, uint64(p.Period))
	out = appendNumber(out, `,"counter":`, p.Counter)
	return out
}

// appendText quotes a text. Texts in a vault are valid UTF-8, the only thing that could fail.
func appendText[T string | []byte](out []byte, text T) []byte {
	quoted, err := jsontext.AppendQuote(out, text)
	if err != nil {
		panic("vault: text that is not UTF-8 got into a vault")
	}
	return quoted
}

func appendMember(out []byte, name, text string) []byte {
	if text == "" {
		return out
	}
	return appendText(append(out, name...), text)
}

func appendNumber(out []byte, name string, n uint64) []byte {
	if n == 0 {
		return out
	}
	return strconv.AppendUint(append(out, name...), n, 10)
}

func appendTime(out []byte, name string, t time.Time) []byte {
	if t.IsZero() {
		return out
	}
	return append(t.UTC().AppendFormat(append(out, name...), timeLayout), '"')
}

// decodeVault reads entries. It always succeeds: an entry that does not parse becomes
// a broken one. Nothing of the result shares memory with entries.
func decodeVault(entries [][]byte) *Vault {
	v := &Vault{entries: make([]*entry, 0, len(entries)), index: make(map[ID]int, len(entries))}
	block := make([]entry, len(entries))
	var dec jsontext.Decoder
	for i, text := range entries {
		e := &block[i]
		err := decodeEntry(&dec, text, e)
		if err == nil {
			if _, twice := v.index[e.account.ID]; twice {
				err = fmt.Errorf("%w: its id occurs twice", errEntry)
			}
		}
		if err != nil {
			a := e.account
			a.Params.Secret.Wipe()
			a.Params.PIN.Wipe()
			*e = entry{raw: slices.Clone(text), broken: &Broken{ID: a.ID, Issuer: a.Issuer, Name: a.Name, Err: err}}
		} else {
			v.index[e.account.ID] = len(v.entries)
		}
		v.entries = append(v.entries, e)
	}
	return v
}

// decodeEntry fills e as far as it gets: id and names are wanted even of a broken entry.
func decodeEntry(dec *jsontext.Decoder, text []byte, e *entry) error {
	dec.Reset(bytes.NewBuffer(text)) // strict: no doubled names, no invalid UTF-8
	if dec.PeekKind() != '{' {
		return fmt.Errorf("%w: not an object", errEntry)
	}
	if _, err := dec.ReadToken(); err != nil {
		return notJSON(dec)
	}
	var first error
	for dec.PeekKind() == '"' {
		name, err := dec.ReadValue()
		if err != nil {
			return notJSON(dec)
		}
		end := dec.InputOffset()
		rawName := text[end-int64(len(name)) : end]
		if bytes.IndexByte(rawName, '\\') >= 0 {
			plain, err := jsontext.AppendUnquote(nil, rawName)
			if err != nil {
				return notJSON(dec)
			}
			name, _ = jsontext.AppendQuote(nil, plain)
		} else {
			name = rawName
		}
		value, err := dec.ReadValue()
		if err != nil {
			return notJSON(dec)
		}
		known, err := decodeMember(string(name), value, &e.account)
		switch {
		case err != nil && first == nil:
			first = err // go on: id and names may still come
		case !known:
			extra := append(slices.Clone(rawName), ':')
			e.extra = append(e.extra, append(extra, value...))
		}
	}
	if _, err := dec.ReadToken(); err != nil { // the closing brace; nothing follows it, seal saw to that
		return notJSON(dec)
	}
	if first != nil {
		return first
	}
	if e.account.ID == "" {
		return fmt.Errorf("%w: it has no id", errEntry)
	}
	if err := checkParams(e.account.Params); err != nil {
		return err
	}
	return nil
}

// decodeMember sets one field. name is quoted.
func decodeMember(name string, value []byte, a *Account) (known bool, err error) {
	p := &a.Params
	ok := true
	switch name {
	case `"id"`:
		var id string
		id, ok = text(value)
		if ok = ok && ID(id).Valid(); ok {
			a.ID = ID(id)
		}
	case `"kind"`:
		var kind string
		kind, ok = text(value)
		p.Kind = otp.Kind(kind)
	case `"issuer"`:
		a.Issuer, ok = text(value)
	case `"name"`:
		a.Name, ok = text(value)
	case `"secret"`:
		p.Secret, ok = key(value)
	case `"pin"`:
		p.PIN, ok = textBytes(value)
	case `"algorithm"`:
		var algorithm string
		algorithm, ok = text(value)
		p.Algorithm = otp.Algorithm(algorithm)
	case `"digits"`:
		p.Digits, ok = small(value)
	case `"period"`:
		p.Period, ok = small(value)
	case `"counter"`:
		p.Counter, err = strconv.ParseUint(string(value), 10, 64)
		ok = err == nil
	case `"tags"`:
		a.Tags, ok = texts(value)
	case `"favourite"`:
		a.Favourite = string(value) == "true"
		ok = a.Favourite || string(value) == "false"
	case `"note"`:
		a.Note, ok = text(value)
	case `"url"`:
		a.URL, ok = text(value)
	case `"icon"`:
		a.Icon, ok = text(value)
	case `"picture"`:
		a.Picture, ok = file(value)
	case `"created"`:
		a.Created, ok = moment(value)
	case `"changed"`:
		a.Changed, ok = moment(value)
	case `"used"`:
		a.Used, ok = moment(value)
	case `"trashed"`:
		a.Trashed, ok = moment(value)
	case `"portal"`:
		a.Portal, ok = text(value)
	case `"pending"`:
		var pending string
		pending, ok = text(value)
		a.Pending = Pending(pending)
	case `"history"`:
		a.History, ok = history(value)
	case `"recovery"`:
		a.Recovery, ok = sheets(value)
	case `"shared"`:
		a.Shared, ok = text(value)
		ok = ok && ID(a.Shared).Valid()
	default:
		return false, nil
	}
	if !ok {
		return true, fmt.Errorf("%w: %s is not what it should be", errEntry, name)
	}
	return true, nil
}

func isText(value []byte) bool { return len(value) >= 2 && value[0] == '"' }

func text(value []byte) (string, bool) {
	if !isText(value) {
		return "", false
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1]), true
	}
	s, err := jsontext.AppendUnquote(nil, value)
	return string(s), err == nil
}

// textBytes is text for what must not become a string.
func textBytes(value []byte) (secret.Bytes, bool) {
	if !isText(value) {
		return secret.Bytes{}, false
	}
	s, err := jsontext.AppendUnquote(nil, value)
	return secret.New(s), err == nil
}

// key reads base32 as appendEntry writes it: upper case, no padding, no stray bits.
// The library lets wrong lengths and stray bits pass, so what it read is written again.
func key(value []byte) (secret.Bytes, bool) {
	if !isText(value) {
		return secret.Bytes{}, false
	}
	value = value[1 : len(value)-1]
	raw := make([]byte, keyEncoding.DecodedLen(len(value)))
	n, err := keyEncoding.Decode(raw, value)
	raw = raw[:n]
	if err != nil {
		clear(raw)
		return secret.Bytes{}, false
	}
	var again [256]byte
	written := keyEncoding.AppendEncode(again[:0], raw)
	same := bytes.Equal(written, value)
	clear(written)
	if !same {
		clear(raw)
		return secret.Bytes{}, false
	}
	return secret.New(raw), true
}

// file reads the bytes of a small file in base64 as appendEntry writes it.
func file(value []byte) (string, bool) {
	if !isText(value) {
		return "", false
	}
	value = value[1 : len(value)-1]
	raw := make([]byte, base64.StdEncoding.DecodedLen(len(value)))
	n, err := base64.StdEncoding.Strict().Decode(raw, value)
	if err != nil || base64.StdEncoding.EncodedLen(n) != len(value) { // the library passes over line ends
		return "", false
	}
	return string(raw[:n]), true
}

func small(value []byte) (int, bool) {
	n, err := strconv.ParseUint(string(value), 10, 31)
	return int(n), err == nil
}

func moment(value []byte) (time.Time, bool) {
	if len(value) != len(timeLayout)+2 {
		return time.Time{}, false
	}
	t, err := time.Parse(timeLayout, string(value[1:len(value)-1]))
	return t, err == nil && isText(value)
}

func texts(value []byte) ([]string, bool) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(value))
	if dec.PeekKind() != '[' {
		return nil, false
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, false
	}
	var list []string
	for dec.PeekKind() == '"' {
		v, err := dec.ReadValue()
		if err != nil {
			return nil, false
		}
		s, ok := text(v)
		if !ok {
			return nil, false
		}
		list = append(list, s)
	}
	end, err := dec.ReadToken()
	return list, err == nil && end.Kind() == ']'
}

// notJSON says where, never what.
func notJSON(dec *jsontext.Decoder) error {
	return fmt.Errorf("%w: not strict JSON after byte %d", errEntry, dec.InputOffset())
}
