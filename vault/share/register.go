package share

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
)

// Names of registers of an account. A name that is not known is kept and merged like a text: it is a later program's.
const (
	regOTP     = "otp"
	regIssuer  = "issuer"
	regName    = "name"
	regTags    = "tags"
	regIcon    = "icon"
	regNote    = "note"
	regURL     = "url"
	regDeleted = "deleted"
	regSheet   = "sheet/"   // and the sheet's id
	regUsed    = "used/"    // and the sheet's id, a slash, the place of the key in it
	regCounter = "counter/" // and the digest of the otp value it counts for
)

// Names of registers of the vault itself.
const (
	regPerson = "person/" // and the device
	regInvite = "invite/" // and the invite
)

// Limits of what an account may hold; the texts as package vault has them, in code points.
const (
	MaxLabel   = 1_000 // issuer, name, and the names of vaults, people and devices
	MaxNote    = 10_000
	MaxURL     = 4_000
	MaxIcon    = 200
	MaxTag     = 100
	MaxTags    = 50
	MaxSheets  = 20
	MaxPast    = 5  // former values of otp
	maxKnows   = 16 // ancestors of an otp value
	maxValue   = 1 << 20
	maxRegName = 100
)

// version tells one writing of a register from every other one of it.
type version struct {
	At     Clock
	Author DeviceID
}

func (v version) compare(w version) int {
	return cmp.Or(v.At.Compare(w.At), cmp.Compare(v.Author, w.Author))
}

// Register is one value of one register, as somebody wrote it. It is never changed once made.
type Register struct {
	Account AccountID
	Name    string
	version
	value secret.Bytes // canonical JSON

	// What merging needs of the value.
	rank  version // what decides between two values
	final bool    // of equal rank, wins
	count uint64  // counter
	code  *code   // otp
}

// Format keeps values out of every printed form.
func (r *Register) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{%s %s %s}", r.Account, r.Name, secret.Redacted)
}

// code is the value of an otp register.
type code struct {
	params  otp.Params // counter 0
	digest  string
	epoch   int64      // the key under which it was written first: whoever has that key has seen the secret
	knows   []ancestor // the last one first
	horizon Clock      // everything up to here is known as well
	past    []Past
}

type ancestor struct {
	digest string
	at     Clock
}

// Past is a value otp had before.
type Past struct {
	Params otp.Params
	By     DeviceID
	At     time.Time
	epoch  int64
}

// newRegister takes a value apart as far as merging needs it. value is canonical JSON and is taken over. ErrFormat, ErrTooLarge.
func newRegister(account AccountID, name string, v version, value []byte) (*Register, error) {
	bad := func(what string) (*Register, error) {
		return nil, fmt.Errorf("%w: a register: %s", ErrFormat, what)
	}
	switch {
	case !account.Valid():
		return bad("account")
	case !validRegName(name):
		return bad("name")
	case !v.At.valid() || !v.Author.Valid():
		return bad("who or when")
	case len(value) > maxValue:
		return nil, fmt.Errorf("%w: a register of %d bytes", ErrTooLarge, len(value))
	}
	r := &Register{Account: account, Name: name, version: v, value: secret.New(value), rank: v}
	if err := r.prepare(value); err != nil {
		return nil, fmt.Errorf("%w: the value of %s", err, strings.SplitN(name, "/", 2)[0])
	}
	return r, nil
}

func validRegName(s string) bool {
	if s == "" || len(s) > maxRegName {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '/' && c != '-' {
			return false
		}
	}
	return true
}

// prepare checks a value by the rules of its name.
func (r *Register) prepare(value []byte) error {
	kind, rest, _ := strings.Cut(r.Name, "/")
	if r.Account == Self {
		return r.prepareSelf(kind, rest, value)
	}
	switch kind {
	case regOTP:
		if rest != "" {
			return ErrFormat
		}
		c, err := decodeCode(value)
		r.code = c
		return err
	case regIssuer, regName:
		return checkText(value, MaxLabel)
	case regIcon:
		return checkText(value, MaxIcon)
	case regNote:
		return checkText(value, MaxNote)
	case regURL:
		return checkText(value, MaxURL)
	case regTags:
		_, err := decodeTags(value)
		return err
	case regDeleted:
		_, err := decodeDeleted(value)
		return err
	case "sheet":
		_, _, err := decodeSheet(rest, value)
		return err
	case "used":
		id, at, ok := strings.Cut(rest, "/")
		n, err := strconv.Atoi(at)
		if !ok || !AccountID(id).Valid() || err != nil || n < 0 || n >= recovery.MaxKeys || strconv.Itoa(n) != at {
			return ErrFormat
		}
		u, err := decodeUsed(value)
		if err != nil {
			return err
		}
		if u.Undo != nil {
			r.rank, r.final = version{Clock{u.Undo.Wall, u.Undo.Tick}, u.Undo.Author}, true
			if r.rank.compare(r.version) >= 0 {
				return ErrFormat // nobody takes back what comes later
			}
		}
		return nil
	case "counter":
		if !hexDigits(rest, 32) {
			return ErrFormat
		}
		n, err := strconv.ParseUint(string(value), 10, 63)
		r.count = n
		if err != nil || strconv.FormatUint(n, 10) != string(value) {
			return ErrFormat
		}
		return nil
	}
	return nil
}

func (r *Register) prepareSelf(kind, rest string, value []byte) error {
	switch kind {
	case regName:
		return checkText(value, MaxLabel)
	case "person":
		if !DeviceID(rest).Valid() {
			return ErrFormat
		}
		_, err := decodePerson(value)
		return err
	case "invite":
		if !InviteID(rest).Valid() {
			return ErrFormat
		}
		_, err := decodeOpenInvite(value)
		return err
	}
	return nil
}

// beats reports whether r stands when both r and o were written.
func (r *Register) beats(o *Register) bool {
	if r.code != nil && o.code != nil {
		if c := r.version.compare(o.version); c != 0 || r.code.digest != o.code.digest {
			return c > 0 && r.code.knowsOf(o)
		}
		// One writing, bound to two keys: a copy of a vault file was brought back in between. The secret was out with the older key.
		if c := cmp.Compare(o.code.epoch, r.code.epoch); c != 0 {
			return c > 0
		}
		return bytes.Compare(r.value.Reveal(), o.value.Reveal()) > 0
	}
	if c := cmp.Compare(r.count, o.count); c != 0 {
		return c > 0
	}
	if c := r.rank.compare(o.rank); c != 0 {
		return c > 0
	}
	if r.final != o.final {
		return r.final
	}
	if c := r.version.compare(o.version); c != 0 {
		return c > 0
	}
	return bytes.Compare(r.value.Reveal(), o.value.Reveal()) > 0
}

// same reports whether two registers are the same writing.
func (r *Register) same(o *Register) bool {
	return r.version == o.version && r.Account == o.Account && r.Name == o.Name && bytes.Equal(r.value.Reveal(), o.value.Reveal())
}

// knowsOf reports whether whoever wrote c knew o: an ancestor, the same value, or older than all that is remembered.
func (c *code) knowsOf(o *Register) bool {
	if c.digest == o.code.digest || o.At.Compare(c.horizon) <= 0 {
		return true
	}
	return slices.ContainsFunc(c.knows, func(a ancestor) bool { return a.digest == o.code.digest })
}

// ---- values

type paramsText struct {
	Kind      string `json:"kind"`
	Secret    []byte `json:"secret,omitempty"`
	PIN       string `json:"pin,omitzero"`
	Algorithm string `json:"algorithm,omitzero"`
	Digits    int    `json:"digits,omitzero"`
	Period    int    `json:"period,omitzero"`
}

func textOfParams(p otp.Params) paramsText {
	if p.Kind == otp.Manual {
		return paramsText{Kind: string(otp.Manual)}
	}
	return paramsText{string(p.Kind), p.Secret.Reveal(), string(p.PIN.Reveal()), string(p.Algorithm), p.Digits, p.Period}
}

func (t paramsText) params() (otp.Params, error) {
	p := otp.Params{Kind: otp.Kind(t.Kind), Secret: secret.New(t.Secret), PIN: secret.FromString(t.PIN), Algorithm: otp.Algorithm(t.Algorithm), Digits: t.Digits, Period: t.Period}
	if err := p.Validate(); err != nil {
		return otp.Params{}, ErrFormat // the cause is an error of package otp, and this is not a form to correct
	}
	if p.Kind == otp.Manual && (t.Algorithm != "" || t.Digits != 0 || t.Period != 0 || len(t.Secret) > 0 || t.PIN != "") || p.Kind == otp.HOTP && t.Period != 0 {
		return otp.Params{}, ErrFormat
	}
	return p, nil
}

// digestOf names a value of otp: two with the same make the same codes.
func digestOf(p otp.Params) string {
	text, err := marshal(textOfParams(p))
	if err != nil {
		panic("share: parameters that cannot be written") // strings, numbers and bytes always can
	}
	sum := sha256.Sum256(append([]byte("tallystick share otp 1\n"), text...))
	clear(text)
	return hex.EncodeToString(sum[:16])
}

type codeText struct {
	paramsText
	Epoch   int64          `json:"epoch"`
	Knows   []ancestorText `json:"knows,omitempty"`
	Horizon *clockText     `json:"horizon,omitzero"`
	Past    []pastText     `json:"past,omitempty"`
}

type ancestorText struct {
	Digest string `json:"digest"`
	Wall   int64  `json:"wall"`
	Tick   int64  `json:"tick,omitzero"`
}

type clockText struct {
	Wall int64 `json:"wall"`
	Tick int64 `json:"tick,omitzero"`
}

type versionText struct {
	Wall   int64    `json:"wall"`
	Tick   int64    `json:"tick,omitzero"`
	Author DeviceID `json:"author"`
}

func (t versionText) version() version { return version{Clock{t.Wall, t.Tick}, t.Author} }

func (t versionText) valid() bool { return Clock{t.Wall, t.Tick}.valid() && t.Author.Valid() }

type pastText struct {
	paramsText
	Epoch int64    `json:"epoch"`
	By    DeviceID `json:"by"`
	Wall  int64    `json:"wall"`
}

func encodeCode(c *code) ([]byte, error) {
	t := codeText{paramsText: textOfParams(c.params), Epoch: c.epoch}
	for _, a := range c.knows {
		t.Knows = append(t.Knows, ancestorText{a.digest, a.at.Wall, a.at.Tick})
	}
	if c.horizon != (Clock{}) {
		t.Horizon = &clockText{c.horizon.Wall, c.horizon.Tick}
	}
	for _, p := range c.past {
		t.Past = append(t.Past, pastText{textOfParams(p.Params), p.epoch, p.By, millis(p.At)})
	}
	return marshal(t)
}

func decodeCode(value []byte) (*code, error) {
	var t codeText
	if err := unmarshal(value, &t); err != nil {
		return nil, err
	}
	p, err := t.params()
	if err != nil {
		return nil, err
	}
	if t.Epoch < 1 || t.Epoch > maxEntries || len(t.Knows) > maxKnows || len(t.Past) > MaxPast {
		return nil, ErrFormat
	}
	c := &code{params: p, digest: digestOf(p), epoch: t.Epoch}
	for _, a := range t.Knows {
		at := Clock{a.Wall, a.Tick}
		if !hexDigits(a.Digest, 32) || !at.valid() {
			return nil, ErrFormat
		}
		c.knows = append(c.knows, ancestor{a.Digest, at})
	}
	if t.Horizon != nil {
		if c.horizon = (Clock{t.Horizon.Wall, t.Horizon.Tick}); !c.horizon.valid() {
			return nil, ErrFormat
		}
	}
	for _, past := range t.Past {
		p, err := past.params()
		if err != nil {
			return nil, err
		}
		if !past.By.Valid() || past.Epoch < 1 || past.Epoch > maxEntries || !(Clock{Wall: past.Wall}).valid() {
			return nil, ErrFormat
		}
		c.past = append(c.past, Past{p, past.By, time.UnixMilli(past.Wall).UTC(), past.Epoch})
	}
	return c, nil
}

func encodeText(s string) ([]byte, error) { return marshal(s) }

func decodeText(value []byte) (string, error) {
	var s string
	err := unmarshal(value, &s)
	return s, err
}

func checkText(value []byte, most int) error {
	s, err := decodeText(value)
	if err != nil {
		return err
	}
	if utf8.RuneCountInString(s) > most {
		return ErrTooLarge
	}
	return nil
}

func decodeTags(value []byte) ([]string, error) {
	var tags []string
	if err := unmarshal(value, &tags); err != nil {
		return nil, err
	}
	if len(tags) > MaxTags {
		return nil, ErrTooLarge
	}
	for i, t := range tags {
		if t == "" || t != strings.TrimSpace(t) || slices.ContainsFunc(tags[:i], func(o string) bool { return strings.EqualFold(o, t) }) {
			return nil, ErrFormat
		}
		if utf8.RuneCountInString(t) > MaxTag {
			return nil, ErrTooLarge
		}
	}
	return tags, nil
}

// deletedText says that an account is gone, and what of it was known when it went: whatever was written beyond that brings it back.
type deletedText struct {
	Gone bool                   `json:"gone"`
	Saw  map[string]versionText `json:"saw,omitempty"` // by register; of otp by "otp/" and the digest
}

func decodeDeleted(value []byte) (deletedText, error) {
	var t deletedText
	if err := unmarshal(value, &t); err != nil {
		return t, err
	}
	for name, v := range t.Saw {
		if !validRegName(name) || !v.valid() {
			return t, ErrFormat
		}
	}
	return t, nil
}

type usedText struct {
	Used int64        `json:"used,omitzero"` // milliseconds since 1970
	Undo *versionText `json:"undo,omitzero"` // the use that is taken back
}

func decodeUsed(value []byte) (usedText, error) {
	var t usedText
	if err := unmarshal(value, &t); err != nil {
		return t, err
	}
	if (t.Used != 0) == (t.Undo != nil) || !(Clock{Wall: t.Used}).valid() || t.Undo != nil && !t.Undo.valid() {
		return t, ErrFormat
	}
	return t, nil
}

// sheetText is a sheet of recovery keys without what was used of it, or the trace of one that was thrown away.
type sheetText struct {
	Gone    bool     `json:"gone,omitzero"`
	Service string   `json:"service,omitzero"`
	File    string   `json:"file,omitzero"`
	Account string   `json:"account,omitzero"`
	Printed int64    `json:"printed,omitzero"`
	Added   int64    `json:"added,omitzero"`
	Dead    int64    `json:"dead,omitzero"`
	Keys    []string `json:"keys,omitempty"`
}

func encodeSheet(s recovery.Sheet) ([]byte, error) {
	t := sheetText{Service: s.Origin.Service, File: s.Origin.File, Account: s.Account, Printed: stampOf(s.Printed), Added: stampOf(s.Added), Dead: stampOf(s.Dead)}
	for _, k := range s.Keys {
		t.Keys = append(t.Keys, string(k.Text.Reveal()))
	}
	return marshal(t)
}

// stampOf and timeOf keep a time as milliseconds since 1970 in which 0 means none.
func stampOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return max(1, millis(t))
}

func timeOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func decodeSheet(id string, value []byte) (s recovery.Sheet, gone bool, err error) {
	if !AccountID(id).Valid() {
		return s, false, ErrFormat
	}
	var t sheetText
	if err := unmarshal(value, &t); err != nil {
		return s, false, err
	}
	if t.Gone {
		if len(t.Keys) > 0 {
			return s, false, ErrFormat
		}
		return s, true, nil
	}
	for _, ms := range []int64{t.Printed, t.Added, t.Dead} {
		if !(Clock{Wall: ms}).valid() {
			return s, false, ErrFormat
		}
	}
	for _, text := range []string{t.Service, t.File, t.Account} {
		if utf8.RuneCountInString(text) > MaxLabel {
			return s, false, ErrTooLarge
		}
	}
	s = recovery.Sheet{ID: id, Origin: recovery.Origin{Service: t.Service, File: t.File}, Account: t.Account, Printed: timeOf(t.Printed), Added: timeOf(t.Added), Dead: timeOf(t.Dead)}
	for _, k := range t.Keys {
		s.Keys = append(s.Keys, recovery.Key{Text: secret.FromString(k)})
	}
	if s.Validate() != nil { // its error is about a form somebody filled in
		return s, false, ErrFormat
	}
	return s, false, nil
}

// Person is who a device says it belongs to, as an admin confirmed it.
type Person struct {
	Name   string `json:"name"`            // of the person
	Device string `json:"device,omitzero"` // what the person calls the device
}

// clone keeps no memory of the text it was read from.
func (p Person) clone() Person { return Person{strings.Clone(p.Name), strings.Clone(p.Device)} }

func decodePerson(value []byte) (Person, error) {
	var p Person
	if err := unmarshal(value, &p); err != nil {
		return p, err
	}
	if utf8.RuneCountInString(p.Name) > MaxLabel || utf8.RuneCountInString(p.Device) > MaxLabel {
		return p, ErrTooLarge
	}
	return p, nil
}

// openInvite is what admins have to know of an invite to read the answer to it.
type openInvite struct {
	Key     string `json:"key,omitzero"` // the one-time key; empty once the invite is of no more use
	Role    Role   `json:"role"`
	Expires int64  `json:"expires"`
}

func decodeOpenInvite(value []byte) (openInvite, error) {
	var i openInvite
	if err := unmarshal(value, &i); err != nil {
		return i, err
	}
	if !i.Role.Valid() || len(i.Key) > maxRecipient || i.Expires < 0 || i.Expires >= maxWall {
		return i, ErrFormat
	}
	return i, nil
}

// ---- the text of registers

// MarshalJSONTo writes [account, name, wall, tick, author, value].
func (r *Register) MarshalJSONTo(enc *jsontext.Encoder) error {
	for _, t := range []jsontext.Token{
		jsontext.BeginArray, jsontext.String(string(r.Account)), jsontext.String(r.Name),
		jsontext.Int(r.At.Wall), jsontext.Int(r.At.Tick), jsontext.String(string(r.Author)),
	} {
		if err := enc.WriteToken(t); err != nil {
			return err
		}
	}
	if err := enc.WriteValue(r.value.Reveal()); err != nil {
		return err
	}
	return enc.WriteToken(jsontext.EndArray)
}

// UnmarshalJSONFrom reads what MarshalJSONTo writes.
func (r *Register) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var account, name, author string
	var v version
	if dec.PeekKind() != '[' {
		return ErrFormat
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for _, into := range []any{&account, &name, &v.At.Wall, &v.At.Tick, &author} {
		if err := json.UnmarshalDecode(dec, into); err != nil {
			return err
		}
	}
	v.Author = DeviceID(author)
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	if end, err := dec.ReadToken(); err != nil || end.Kind() != ']' {
		return ErrFormat
	}
	made, err := newRegister(AccountID(account), name, v, bytes.Clone(value))
	if err != nil {
		return err
	}
	*r = *made
	return nil
}
