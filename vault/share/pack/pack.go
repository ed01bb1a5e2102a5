// Package pack makes and reads code packs: the codes of chosen accounts for some hours or days, computed beforehand, for somebody who
// is to sign in but not to have the secret.
//
// Purpose: a [Pack] holds codes and no key. It cannot be extended, works offline, and is worth nothing after its last code. On disk it is
// one age file, under a passphrase or to one person's key; docs/format.md describes it.
//
// Who may import it: app/model, app/cli, tests. It imports vault/otp, vault/secret and libraries; it knows no clock, no disk.
//
// Concurrency: functions may run at once; a Pack may be read by many goroutines.
//
// Ownership: what goes in stays the caller's. A Pack is a secret for as long as it lasts: it prints redacted, and Wipe overwrites it.
package pack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"filippo.io/age"
	"github.com/go-json-experiment/json"
	"golang.org/x/text/unicode/norm"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// Errors of this package. None says anything about a code or a key.
var (
	// ErrKind says that an account has no codes that follow the time: a counter, or codes the portal sends.
	ErrKind = errors.New("pack: the codes of this account do not follow the time")
	// ErrLife says that a pack would last for no time, or for more than MaxLife.
	ErrLife = errors.New("pack: it can last from a minute to 31 days")
	// ErrTooLarge says that a pack would hold, or holds, more than a pack may.
	ErrTooLarge = errors.New("pack: too large")
	// ErrDamaged says that a file is no pack, or was changed.
	ErrDamaged = errors.New("pack: not a code pack, or damaged")
	// ErrNewer says that a later program made it.
	ErrNewer = errors.New("pack: format is newer than this program")
	// ErrWrongKey says that a passphrase or key does not open it.
	ErrWrongKey = errors.New("pack: the passphrase or key does not open it")
	// ErrRecipient says that a text is not a key to encrypt for.
	ErrRecipient = errors.New("pack: not the key of somebody")
	// ErrNotYet and ErrOver say that a moment lies outside of the pack.
	ErrNotYet = errors.New("pack: its first code is still to come")
	ErrOver   = errors.New("pack: it has run out")
)

// Limits of a pack.
const (
	MinLife     = time.Minute
	MaxLife     = 31 * 24 * time.Hour
	MaxAccounts = 1_000
	MaxCodes    = 5_000_000
	MaxFile     = 64 << 20 // bytes
	maxLabel    = 1_000    // code points
	format      = 1
	// maxWork is the most that opening a pack with a passphrase may cost, as a power of two of scrypt's N: 2 GiB of memory would be 21.
	maxWork = 20
)

// Account is an account whose codes go into a pack.
type Account struct {
	Issuer, Name string
	Params       otp.Params
}

// Codes are the codes of one account.
type Codes struct {
	Issuer, Name string
	Kind         otp.Kind // for how to show them
	Period       int      // seconds
	start        int64    // number of the first step
	width        int      // bytes of one code
	text         secret.Bytes
}

// Pack is an opened pack.
type Pack struct {
	From, Until time.Time // first and last moment with a code; Until is not among them
	// By is what its maker calls themselves, at most 1,000 code points; "" = they did not say. Nothing proves it.
	By       string
	Accounts []Codes
}

// Format keeps codes out of every printed form.
func (p Pack) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "pack of %d accounts %s", len(p.Accounts), secret.Redacted)
}

// Format keeps codes out of every printed form.
func (c Codes) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{%s %s %s}", c.Issuer, c.Name, secret.Redacted)
}

// Wipe overwrites all codes.
func (p *Pack) Wipe() {
	for _, c := range p.Accounts {
		c.text.Wipe()
	}
	p.Accounts = nil
}

// Size is about how many bytes a file with the codes of accounts for a time has. It works nothing out, and needs no keys: only names, kind,
// period and digits of the accounts are looked at. Errors: ErrLife, ErrKind, ErrTooLarge, otp.ErrTime, as Make has them.
func Size(accounts []Account, from time.Time, life time.Duration) (int64, error) {
	// What stands around the codes: the header of age with the key of a post-quantum recipient, and a line for each account.
	const around, line = 2_500, 90
	p, steps, err := plan(accounts, from, life)
	if err != nil {
		return 0, err
	}
	size := int64(around + len(p.By))
	for i, a := range accounts {
		size += int64(line+len(a.Issuer)+len(a.Name)) + int64(steps[i].last-steps[i].first+1)*int64(a.Params.Digits)
	}
	return size, nil
}

type span struct{ first, last uint64 } // numbers of steps, both among them

// plan is a pack without codes, and for each account the steps that it is to have.
func plan(accounts []Account, from time.Time, life time.Duration) (Pack, []span, error) {
	if life < MinLife || life > MaxLife {
		return Pack{}, nil, ErrLife
	}
	if len(accounts) == 0 || len(accounts) > MaxAccounts {
		return Pack{}, nil, fmt.Errorf("%w: %d accounts", ErrTooLarge, len(accounts))
	}
	p := Pack{From: from.UTC().Truncate(time.Second), Until: from.Add(life).UTC().Truncate(time.Second)}
	steps := make([]span, len(accounts))
	total := int64(0)
	for i, a := range accounts {
		if !a.Params.Kind.Rolling() {
			return Pack{}, nil, ErrKind
		}
		if utf8.RuneCountInString(a.Issuer) > maxLabel || utf8.RuneCountInString(a.Name) > maxLabel {
			return Pack{}, nil, fmt.Errorf("%w: a name", ErrTooLarge)
		}
		first, ok := a.Params.Step(p.From)
		last, _ := a.Params.Step(p.Until.Add(-time.Second))
		if !ok {
			return Pack{}, nil, otp.ErrTime
		}
		steps[i] = span{first, last}
		if total += int64(last - first + 1); total > MaxCodes {
			return Pack{}, nil, fmt.Errorf("%w: over %d codes", ErrTooLarge, MaxCodes)
		}
	}
	return p, steps, nil
}

// Make computes the codes of accounts for a time. Errors: ErrLife, ErrKind, ErrTooLarge, otp.ErrTime, and those of otp.Params.Validate and Code.
func Make(accounts []Account, from time.Time, life time.Duration) (Pack, error) {
	p, steps, err := plan(accounts, from, life)
	if err != nil {
		return Pack{}, err
	}
	for i, a := range accounts {
		if err := a.Params.Validate(); err != nil {
			p.Wipe()
			return Pack{}, err
		}
		first, last := steps[i].first, steps[i].last
		c := Codes{Issuer: a.Issuer, Name: a.Name, Kind: a.Params.Kind, Period: a.Params.Period, start: int64(first)}
		var text []byte
		for step := first; step <= last; step++ {
			code, err := a.Params.Code(time.Unix(int64(step)*int64(a.Params.Period), 0))
			if err != nil {
				clear(text)
				p.Wipe()
				return Pack{}, err
			}
			if c.width == 0 {
				c.width = len(code)
				text = make([]byte, 0, int(last-first+1)*c.width)
			}
			text = append(text, code...)
		}
		c.text = secret.New(text)
		p.Accounts = append(p.Accounts, c)
	}
	return p, nil
}

// Code returns the code at a moment, and how long it lasts. Errors: ErrNotYet, ErrOver.
func (c Codes) Code(t time.Time) (string, time.Duration, error) {
	n := t.Unix()/int64(c.Period) - c.start
	switch {
	case t.Unix() < 0 || n < 0:
		return "", 0, ErrNotYet
	case n >= int64(c.text.Len()/c.width):
		return "", 0, ErrOver
	}
	left := time.Duration(c.Period)*time.Second - time.Duration(t.Unix()%int64(c.Period))*time.Second - time.Duration(t.Nanosecond())
	return string(c.text.Reveal()[int(n)*c.width : (int(n)+1)*c.width]), left, nil
}

// Left says what a moment is to the pack: nil, ErrNotYet or ErrOver.
func (p Pack) Left(t time.Time) (time.Duration, error) {
	switch {
	case t.Before(p.From):
		return 0, ErrNotYet
	case !t.Before(p.Until):
		return 0, ErrOver
	}
	return p.Until.Sub(t), nil
}

// Same reports whether two packs hold the same codes for the same time and accounts, from the same maker.
func (p Pack) Same(o Pack) bool {
	return p.From.Equal(o.From) && p.Until.Equal(o.Until) && p.By == o.By && slices.EqualFunc(p.Accounts, o.Accounts, func(a, b Codes) bool {
		return a.Issuer == b.Issuer && a.Name == b.Name && a.Kind == b.Kind && a.Period == b.Period && a.start == b.start && a.width == b.width && a.text.Equal(b.text)
	})
}

// Clone is a pack of its own, to be wiped by itself.
func (p Pack) Clone() Pack {
	p.Accounts = slices.Clone(p.Accounts)
	for i := range p.Accounts {
		p.Accounts[i].text = p.Accounts[i].text.Clone()
	}
	return p
}

// Digits is how many characters each of the codes has.
func (c Codes) Digits() int { return c.width }

type packText struct {
	Format   int         `json:"format"`
	From     int64       `json:"from"`  // seconds since 1970
	Until    int64       `json:"until"` // seconds since 1970, the first one without a code
	By       string      `json:"by,omitzero"`
	Accounts []codesText `json:"accounts"`
}

type codesText struct {
	Issuer string `json:"issuer,omitzero"`
	Name   string `json:"name,omitzero"`
	Kind   string `json:"kind"`
	Period int    `json:"period"`
	Start  int64  `json:"start"` // the first code is that of second start*period
	Width  int    `json:"width"` // characters of one code
	Codes  string `json:"codes"` // all of them, one after the other
}

func (p Pack) encode() ([]byte, error) {
	if utf8.RuneCountInString(p.By) > maxLabel {
		return nil, fmt.Errorf("%w: a name", ErrTooLarge)
	}
	t := packText{Format: format, From: p.From.Unix(), Until: p.Until.Unix(), By: p.By, Accounts: []codesText{}}
	for _, c := range p.Accounts {
		t.Accounts = append(t.Accounts, codesText{c.Issuer, c.Name, string(c.Kind), c.Period, c.start, c.width, string(c.text.Reveal())})
	}
	text, err := json.Marshal(t, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("pack: encode: %w", err)
	}
	return text, nil
}

// Decode reads the inside of a pack, as [Pack.SealTo] encrypts it. text is not kept. Errors: ErrDamaged, ErrNewer, ErrTooLarge.
func Decode(text []byte) (Pack, error) {
	bad := func(what string) (Pack, error) { return Pack{}, fmt.Errorf("%w: %s", ErrDamaged, what) }
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(text, &version); err != nil || version.Format < 1 {
		return bad("its inside")
	}
	if version.Format > format {
		return Pack{}, fmt.Errorf("%w: format %d, this program knows %d", ErrNewer, version.Format, format)
	}
	var t packText
	if err := json.Unmarshal(text, &t, json.RejectUnknownMembers(true)); err != nil {
		return bad("its inside")
	}
	if t.From < 0 || t.Until <= t.From || t.Until-t.From > int64(MaxLife/time.Second) {
		return bad("its time")
	}
	if utf8.RuneCountInString(t.By) > maxLabel {
		return bad("its maker")
	}
	if len(t.Accounts) == 0 || len(t.Accounts) > MaxAccounts {
		return Pack{}, fmt.Errorf("%w: %d accounts", ErrTooLarge, len(t.Accounts))
	}
	p := Pack{From: time.Unix(t.From, 0).UTC(), Until: time.Unix(t.Until, 0).UTC(), By: t.By}
	for _, c := range t.Accounts {
		if !otp.Kind(c.Kind).Rolling() || c.Period < otp.MinPeriod || c.Period > otp.MaxPeriod || c.Width < otp.MinDigits || c.Width > otp.MaxDigits ||
			utf8.RuneCountInString(c.Issuer) > maxLabel || utf8.RuneCountInString(c.Name) > maxLabel {
			p.Wipe()
			return bad("an account")
		}
		first, last := t.From/int64(c.Period), (t.Until-1)/int64(c.Period)
		if c.Start != first || int64(len(c.Codes)) != (last-first+1)*int64(c.Width) || strings.ContainsFunc(c.Codes, func(r rune) bool {
			return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
		}) {
			p.Wipe()
			return bad("codes")
		}
		p.Accounts = append(p.Accounts, Codes{
			Issuer: c.Issuer, Name: c.Name, Kind: otp.Kind(c.Kind), Period: c.Period, start: c.Start, width: c.Width, text: secret.FromString(c.Codes),
		})
	}
	return p, nil
}

// SealTo encrypts a pack to one person's key: an age recipient, age1… or age1pq1…. ErrRecipient, ErrTooLarge.
func (p Pack) SealTo(recipient string) ([]byte, error) {
	to, err := recipientOf(recipient)
	if err != nil {
		return nil, err
	}
	return p.seal(to)
}

// IsKey reports whether a text is a key that SealTo takes.
func IsKey(text string) bool {
	_, err := recipientOf(text)
	return err == nil
}

func recipientOf(text string) (to age.Recipient, err error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "age1pq1") {
		to, err = age.ParseHybridRecipient(text)
	} else {
		to, err = age.ParseX25519Recipient(text)
	}
	if err != nil { // the library's errors quote what they read
		return nil, ErrRecipient
	}
	return to, nil
}

// SealPassphrase encrypts a pack under a passphrase, which is normalised to NFKC first. ErrWrongKey for an empty one, ErrTooLarge.
func (p Pack) SealPassphrase(passphrase secret.Bytes) ([]byte, error) {
	return p.sealPassphrase(passphrase, 0)
}

func (p Pack) sealPassphrase(passphrase secret.Bytes, work int) ([]byte, error) {
	if passphrase.IsEmpty() {
		return nil, fmt.Errorf("%w: it is empty", ErrWrongKey)
	}
	to, err := age.NewScryptRecipient(string(norm.NFKC.Bytes(passphrase.Reveal())))
	if err != nil {
		return nil, fmt.Errorf("%w: it cannot be used", ErrWrongKey)
	}
	if work > 0 {
		to.SetWorkFactor(work)
	}
	return p.seal(to)
}

func (p Pack) seal(to age.Recipient) ([]byte, error) {
	text, err := p.encode()
	if err != nil {
		return nil, err
	}
	defer clear(text)
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err != nil {
		return nil, fmt.Errorf("pack: encrypt: %w", err)
	}
	if _, err := w.Write(text); err != nil {
		return nil, fmt.Errorf("pack: encrypt: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("pack: encrypt: %w", err)
	}
	if out.Len() > MaxFile {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, out.Len())
	}
	return out.Bytes(), nil
}

// NeedsPassphrase reports whether a file is encrypted under a passphrase; otherwise it is to a key.
func NeedsPassphrase(file []byte) bool {
	return bytes.HasPrefix(file, []byte("age-encryption.org/v1\n-> scrypt "))
}

// OpenPassphrase opens a pack with its passphrase. Errors: ErrWrongKey, ErrDamaged, ErrNewer, ErrTooLarge.
func OpenPassphrase(file []byte, passphrase secret.Bytes) (Pack, error) {
	if !NeedsPassphrase(file) {
		return Pack{}, fmt.Errorf("%w: or it is for a key", ErrDamaged)
	}
	if passphrase.IsEmpty() {
		return Pack{}, ErrWrongKey
	}
	id, err := age.NewScryptIdentity(string(norm.NFKC.Bytes(passphrase.Reveal())))
	if err != nil {
		return Pack{}, ErrWrongKey
	}
	id.SetMaxWorkFactor(maxWork)
	return open(file, id)
}

func open(file []byte, ids ...age.Identity) (Pack, error) {
	if len(file) > MaxFile {
		return Pack{}, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(file))
	}
	r, err := age.Decrypt(bytes.NewReader(file), ids...)
	if err != nil { // the library's errors quote what they read
		var none *age.NoIdentityMatchError
		if errors.As(err, &none) || strings.Contains(err.Error(), "incorrect passphrase") {
			return Pack{}, ErrWrongKey
		}
		return Pack{}, ErrDamaged
	}
	var text bytes.Buffer
	if _, err := io.Copy(&text, r); err != nil {
		return Pack{}, ErrDamaged
	}
	defer clear(text.Bytes())
	return Decode(text.Bytes())
}
