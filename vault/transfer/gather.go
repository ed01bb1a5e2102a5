package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
)

// Limits of what comes along with an account. They are those of a vault.
const (
	maxNote = 10_000 // code points
	maxURL  = 4_000  // code points
	maxTag  = 100    // code points
	maxTags = 50
	maxIcon = 1 << 20 // bytes
)

// draft is one account as a file tells it, before anything was checked.
type draft struct {
	kind         otp.Kind
	issuer, name string
	key          string       // as keys of the kind are written: base32, for mOTP the hex digits
	bytes        secret.Bytes // instead of key: what key stands for
	pin          string
	algorithm    string // in any spelling; empty = as usual
	digits       number
	period       number // seconds
	counter      number // of the next code
	extra
}

// extra is what an account has besides its code.
type extra struct {
	tags      []string
	favourite bool
	archived  bool
	note      string
	url       string
	icon      Icon
	used      time.Time
	recovery  []secret.Bytes // found by the source; those in the note are looked for by gather
	warnings  []string

	better      *names
	lastCounter bool // of HOTP: the counter that is stored is the one of the last code
}

// suggest says what the account had better be called than the export does. The export's own writing stays in the Entry.
func (x *extra) suggest(issuer, name string) { x.better = &names{issuer, name} }

// gather collects the entries of one export: checks, cleans, and sorts out what cannot be used.
type gather struct {
	ctx    context.Context
	result Result
	count  int   // entries and skipped ones
	err    error // sticky: the context's, or ErrTooLarge
}

func newGather(ctx context.Context) *gather { return &gather{ctx: ctx} }

// expect makes room for n more entries at once, so that a list of thousands takes no more than it needs.
func (g *gather) expect(n int) {
	g.result.Entries = slices.Grow(g.result.Entries, min(n, MaxEntries))
}

// done returns what was collected.
func (g *gather) done() (Result, error) {
	if g.err != nil {
		g.result.Wipe()
		return Result{}, g.err
	}
	return g.result, nil
}

// next counts one more entry and reports whether there is room and time for it.
func (g *gather) next() bool {
	if g.err != nil {
		return false
	}
	g.count++
	if g.count > MaxEntries {
		g.err = fmt.Errorf("%w: more than %d accounts", ErrTooLarge, MaxEntries)
	} else if g.count%256 == 0 {
		g.err = g.ctx.Err()
	}
	return g.err == nil
}

// place is how the entry that was counted last is called when it has no name.
func (g *gather) place() string { return fmt.Sprintf("entry %d", g.count) }

// warn says something about the export as a whole, once.
func (g *gather) warn(text string) {
	if !slices.Contains(g.result.Warnings, text) {
		g.result.Warnings = append(g.result.Warnings, text)
	}
}

// skip names an entry that cannot be used. what is a name from the file, or empty.
func (g *gather) skip(what, why string) {
	if g.next() {
		g.skipCounted(what, why)
	}
}

func (g *gather) skipCounted(what, why string) {
	what, _ = cleanName(what)
	if what == "" {
		what = g.place()
	}
	g.result.Skipped = append(g.result.Skipped, Skipped{what, why})
}

// add takes an account from its single fields.
func (g *gather) add(d draft) {
	if !g.next() {
		return
	}
	p, warnings, err := d.params()
	if err != nil {
		g.skipCounted(title(d.issuer, d.name), reason(err))
		return
	}
	g.keep(d.issuer, d.name, p, nil, d.extra, warnings)
}

// addLink takes an account from a link, or from a bare key. The names in the link come first; issuer and name fill what it
// leaves empty.
func (g *gather) addLink(link, issuer, name string, x extra) {
	if !g.next() {
		return
	}
	e, err := otpauth.Parse(link)
	if errors.Is(err, otpauth.ErrNotURI) && !strings.Contains(link, "://") {
		// A password manager's field is a key even where a text found somewhere is not.
		e.Params, e.Warnings, err = otpauth.ParseKey(otp.TOTP, link)
	}
	if err != nil {
		g.skipCounted(title(issuer, name), reason(err))
		return
	}
	g.addParsed(e, issuer, name, x)
}

// addParsed takes what package otpauth has read already. The entry has been counted.
func (g *gather) addParsed(e otpauth.Entry, issuer, name string, x extra) {
	if e.Issuer == "" {
		e.Issuer = issuer
	}
	if e.Name == "" {
		e.Name = name
	}
	if e.Label != "" {
		e.Name = e.Label // Entry.Account takes the issuer off again
	}
	g.keep(e.Issuer, e.Name, e.Params, e.Tags, x, e.Warnings)
}

// keep takes a checked account.
func (g *gather) keep(issuer, name string, p otp.Params, tags []string, x extra, warnings []otpauth.Warning) {
	e := Entry{
		Params: p, Favourite: x.favourite, Archived: x.archived, Used: x.used, Icon: x.icon, Recovery: x.recovery, Warnings: x.warnings,
		lastCounter: x.lastCounter,
	}
	if x.better != nil {
		e.better = &names{}
		e.better.issuer, _ = cleanName(x.better.issuer)
		e.better.name, _ = cleanName(x.better.name)
	}
	if x.lastCounter {
		e.Warnings = append(e.Warnings, "The export holds the counter of the last code. Counting goes on with the next one.")
	}
	for _, w := range warnings {
		e.Warnings = append(e.Warnings, w.Text)
	}
	warn := func(text string) {
		if text != "" && !slices.Contains(e.Warnings, text) {
			e.Warnings = append(e.Warnings, text)
		}
	}
	var changed string
	e.Issuer, changed = cleanName(issuer)
	warn(changed)
	e.Name, changed = cleanName(name)
	warn(changed)
	if e.Issuer == "" && e.Name == "" {
		warn("The export has no name for this account.")
	}
	e.Note, changed = cleanNote(x.note)
	warn(changed)
	e.URL, _ = cleanName(cut(x.url, maxURL))
	e.Tags = cleanTags(slices.Concat(x.tags, tags))
	if len(e.Icon.Data) > maxIcon || len(e.Icon.Data) == 0 {
		e.Icon = Icon{}
	}
	for _, k := range recoveryIn(e.Note) {
		if !slices.ContainsFunc(e.Recovery, func(o secret.Bytes) bool { return recovery.Same(o, k) }) {
			e.Recovery = append(e.Recovery, k)
		}
	}
	if p.Kind.NeedsPIN() && p.PIN.IsEmpty() {
		warn(pinMissing)
	}
	// Texts may be pieces of a line or a record that also holds the key, or a password. Those are not to stay with them.
	for _, t := range []*string{&e.Issuer, &e.Name, &e.Note, &e.URL} {
		*t = strings.Clone(*t)
	}
	for i, t := range e.Tags {
		e.Tags[i] = strings.Clone(t)
	}
	g.result.Entries = append(g.result.Entries, e)
}

const pinMissing = "Codes also depend on your PIN, which is not in the export."

// params reads key and settings.
func (d *draft) params() (otp.Params, []otpauth.Warning, error) {
	var p otp.Params
	var warnings []otpauth.Warning
	switch {
	case !d.bytes.IsEmpty():
		p = otp.New(d.kind, d.bytes)
	default:
		var err error
		if p, warnings, err = otpauth.ParseKey(d.kind, d.key); err != nil {
			return otp.Params{}, nil, err
		}
	}
	if d.kind.NeedsPIN() {
		p.PIN = secret.FromString(strings.TrimSpace(d.pin))
	}
	if d.kind == otp.TOTP || d.kind == otp.HOTP {
		a, err := algorithmOf(d.algorithm)
		if err != nil {
			return otp.Params{}, nil, err
		}
		p.Algorithm = a
		if p.Digits, err = within(d.digits, p.Digits, otp.MaxDigits, otp.ErrDigits); err != nil {
			return otp.Params{}, nil, err
		}
	}
	if d.kind == otp.TOTP {
		var err error
		if p.Period, err = within(d.period, p.Period, otp.MaxPeriod, otp.ErrPeriod); err != nil {
			return otp.Params{}, nil, err
		}
	}
	if d.kind == otp.HOTP {
		switch {
		case d.counter.bad, d.counter.value < 0:
			return otp.Params{}, nil, otp.ErrCounter
		case !d.counter.given:
			d.warnings = append(d.warnings, "The export has no counter for this account. Counting starts at 0.")
		}
		p.Counter = uint64(d.counter.value)
	}
	if err := p.Validate(); err != nil && (!errors.Is(err, otp.ErrPIN) || !p.PIN.IsEmpty()) {
		return otp.Params{}, nil, err
	}
	return p, warnings, nil
}

// within reads a setting; an absent one is as usual, an impossible one an error.
func within(n number, usual, maximum int, wrong error) (int, error) {
	switch {
	case !n.given:
		return usual, nil
	case n.bad, n.value < 1, n.value > int64(maximum):
		return 0, wrong
	}
	return int(n.value), nil
}

// algorithmOf reads the hash of TOTP and HOTP in any spelling: sha1, HmacSHA256, SHA-512, Algorithm.sha256.
func algorithmOf(text string) (otp.Algorithm, error) {
	bare := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, text)
	bare = strings.TrimPrefix(strings.TrimPrefix(bare, "ALGORITHM"), "HMAC")
	switch bare {
	case "", "NULL", "UNDEFINED", "DEFAULT":
		return otp.SHA1, nil
	case "SHA1":
		return otp.SHA1, nil
	case "SHA256", "SHA2256":
		return otp.SHA256, nil
	case "SHA512", "SHA2512":
		return otp.SHA512, nil
	case "MD5", "SHA224", "SHA384", "GOST", "GOST3411", "SHA3", "SHA3256", "SHA3512":
		return "", fmt.Errorf("%w: %s is not supported", otp.ErrAlgorithm, bare)
	}
	return "", otp.ErrAlgorithm
}

// kindOf reads how other apps call the kinds.
func kindOf(text string) (otp.Kind, bool) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "totp", "time", "timebased", "time-based", "":
		return otp.TOTP, true
	case "hotp", "counter", "counterbased", "counter-based":
		return otp.HOTP, true
	case "steam", "steamguard":
		return otp.Steam, true
	case "motp", "mobile-otp":
		return otp.MOTP, true
	case "yandex", "yaotp":
		return otp.Yandex, true
	}
	return "", false
}

// notSupported is why an entry of a kind that makes no codes here is left out.
const notSupported = "It is of a kind that this app has no codes for."

// reason is an error as a sentence for Skipped.Why.
func reason(err error) string {
	for _, r := range []struct {
		is  error
		why string
	}{
		{otp.ErrAlgorithm, "It uses an algorithm that this app does not have. The other app must stay, or set the account up again at the portal."},
		{otp.ErrDigits, "The number of digits is impossible."},
		{otp.ErrPeriod, "The period is impossible."},
		{otp.ErrCounter, "The counter is impossible."},
		{otp.ErrPIN, "The PIN is impossible."},
		{otpauth.ErrNoSecret, "There is no key in it."},
		{otpauth.ErrSecret, "The key is mistyped or damaged."},
		{otp.ErrSecret, "The key is missing or damaged."},
		{otpauth.ErrType, notSupported},
		{otp.ErrKind, notSupported},
		{otpauth.ErrTooLong, "It is too long."},
		{otpauth.ErrNotURI, "It is neither an authenticator link nor a key."},
		{otpauth.ErrParameter, "One of its settings is impossible or not supported."},
		{ErrDamaged, "It is damaged."},
	} {
		if errors.Is(err, r.is) {
			return r.why
		}
	}
	return "It cannot be read."
}

// title is an entry's name for a message.
func title(issuer, name string) string {
	issuer, name = strings.TrimSpace(issuer), strings.TrimSpace(name)
	switch {
	case issuer == "":
		return name
	case name == "":
		return issuer
	}
	return issuer + " (" + name + ")"
}

// cleanName brings an issuer, a name or a tag into the form that links' ones have.
func cleanName(s string) (clean, warning string) {
	clean, warnings := otpauth.CleanLabel(s)
	if len(warnings) > 0 {
		return clean, warnings[0].Text
	}
	return clean, ""
}

// cleanNote is cleanName for a text of several lines.
func cleanNote(s string) (clean, warning string) {
	s = strings.ToValidUTF8(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n"), "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\ufeff' {
			return -1
		}
		return r
	}, s)
	s = strings.TrimRightFunc(strings.TrimLeft(s, "\n"), unicode.IsSpace)
	if short := cut(s, maxNote); short != s {
		return short, "A very long note was cut."
	}
	return s, ""
}

// cleanTags brings tags into the form a vault keeps: each once, in order.
func cleanTags(tags []string) []string {
	var kept []string
	for _, t := range tags {
		t, _ = cleanName(t)
		t = strings.TrimSpace(cut(t, maxTag))
		if t == "" || len(kept) == maxTags || slices.ContainsFunc(kept, func(o string) bool { return strings.EqualFold(o, t) }) {
			continue
		}
		kept = append(kept, t)
	}
	return kept
}

// cut is the first n code points of s.
func cut(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// recoveryIn finds what looks like recovery keys in a note.
func recoveryIn(note string) []secret.Bytes {
	if !mayHoldKeys(note) {
		return nil
	}
	d := recovery.Parse(note)
	var keys []secret.Bytes
	for _, k := range d.Keys {
		if k.Used {
			k.Text.Wipe()
			continue
		}
		keys = append(keys, k.Text)
	}
	return keys
}

// mayHoldKeys is a quick look at whether a note is worth reading for recovery keys, which takes a while for thousands of notes: it
// says that it holds some, or has two words or more with digits among letters, or of digits alone, as keys have them.
func mayHoldKeys(note string) bool {
	if len(note) < 6 {
		return false
	}
	small := strings.ToLower(note)
	for _, word := range []string{"recover", "backup", "back-up", "scratch", "emergency", "one-time", "single-use", "codes", "wiederherstellung", "récup", "recuper", "резерв"} {
		if strings.Contains(small, word) {
			return true
		}
	}
	words := 0
	for word := range strings.FieldsFuncSeq(note, func(r rune) bool { return r <= ' ' || r == ',' || r == ';' }) {
		if len(word) >= 5 && strings.ContainsAny(word, "0123456789") && !strings.Contains(word, "://") {
			if words++; words == 2 {
				return true
			}
		}
	}
	return false
}
