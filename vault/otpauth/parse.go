package otpauth

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// Parse reads one account from an otpauth://, apple-otpauth://, motp:// or steam://
// link, or from a bare key (as Recognise tells it), which becomes TOTP as usual.
//
// Errors: ErrNotURI (also for an export, which ParseMigration reads), ErrTooLong,
// ErrNoSecret, ErrSecret, ErrType, ErrParameter.
func Parse(text string) (Entry, error) {
	if len(text) > MaxText {
		return Entry{}, ErrTooLong
	}
	scheme, rest := cutScheme(text)
	var e Entry
	var err error
	switch scheme {
	case schemeOTPAuth, schemeApple:
		e, err = withoutFragment(rest, parseOTPAuth)
	case schemeMOTP:
		e, err = withoutFragment(rest, parseMOTP)
	case schemeSteam:
		if isSteamCommand(rest) {
			return Entry{}, fmt.Errorf("%w: it is a command for Steam", ErrNotURI)
		}
		e, err = parseSteam(rest)
	case schemeMigration:
		return Entry{}, fmt.Errorf("%w: it is a part of an export of several accounts", ErrNotURI)
	default:
		if !isBareKey(text) {
			return Entry{}, ErrNotURI
		}
		e, err = parseBareKey(rest)
	}
	if err != nil {
		return Entry{}, err
	}
	return finish(e)
}

// withoutFragment reads a link taking every # for a piece of a name, as most are.
// Only when that fails where a # stands in the query, the link is read without what
// follows it, unless that holds parameters: without them codes could come out wrong.
func withoutFragment(rest string, parse func(string) (Entry, error)) (Entry, error) {
	e, err := parse(rest)
	if err == nil {
		return e, nil
	}
	label, query := findQuery(rest)
	hash := strings.IndexByte(query, '#')
	if hash < 0 || hasKnown(query[hash+1:]) {
		return Entry{}, err
	}
	e, retry := parse(label + "?" + query[:hash])
	if retry != nil {
		return Entry{}, err
	}
	warn := warnings(e.Warnings)
	warn.add(WarnFragment)
	e.Warnings = warn
	return e, nil
}

// parseOTPAuth reads what follows otpauth://.
func parseOTPAuth(rest string) (Entry, error) {
	if err := oneLink(rest); err != nil {
		return Entry{}, err
	}
	var warn warnings
	head, raw := findQuery(rest)
	host, label, _ := strings.Cut(head, "/")
	kind, err := kindOf(host)
	if err != nil {
		return Entry{}, err
	}
	q, err := readQuery(raw, &warn)
	if err != nil {
		return Entry{}, err
	}
	if kind, err = q.steam(kind); err != nil {
		return Entry{}, err
	}
	p, err := q.params(kind, &warn)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Params: p}
	e.Issuer, e.Name = splitLabel(label, q.values["issuer"], &warn)
	warn.addIf(kind == otp.TOTP && strings.EqualFold(e.Issuer, "Steam"), WarnSteamIssuer)
	for _, raw := range q.tags {
		tag := clean(unescape(raw, true), &warn)
		switch {
		case tag == "":
		case len(e.Tags) == MaxTags:
			warn.add(WarnLabelCut)
		default:
			e.Tags = append(e.Tags, tag)
		}
	}
	e.Warnings = warn
	return e, nil
}

// oneLink refuses a link that another line or another link follows: both would be
// taken for parts of the key or of a name.
func oneLink(rest string) error {
	if strings.ContainsAny(rest, "\r\n") {
		return fmt.Errorf("%w: the link goes over several lines", ErrParameter)
	}
	rest = lowerASCII(rest)
	for _, another := range []string{schemeOTPAuth, schemeMOTP, schemeMigration} {
		if strings.Contains(rest, another) {
			return fmt.Errorf("%w: more than one link", ErrParameter)
		}
	}
	return nil
}

// kindOf reads the part before the label.
func kindOf(host string) (otp.Kind, error) {
	switch strings.ToLower(strings.TrimSpace(host)) {
	case "totp":
		return otp.TOTP, nil
	case "hotp":
		return otp.HOTP, nil
	case "steam":
		return otp.Steam, nil
	case "motp":
		return otp.MOTP, nil
	case "yaotp", "yandex":
		return otp.Yandex, nil
	}
	return "", ErrType
}

// steam applies the two parameters that make a totp link a Steam one: encoder=steam
// (KeePassXC) and steam (Stratum). An issuer's name is never a reason.
func (q query) steam(kind otp.Kind) (otp.Kind, error) {
	flag := q.has("steam")
	switch v := q.get("steam"); {
	case v == "", v == "1", strings.EqualFold(v, "true"), strings.EqualFold(v, "yes"):
	case v == "0", strings.EqualFold(v, "false"), strings.EqualFold(v, "no"):
		flag = false
	default:
		return "", fmt.Errorf("%w: steam is neither yes nor no", ErrParameter)
	}
	if encoder := q.get("encoder"); encoder != "" {
		if !strings.EqualFold(encoder, "steam") {
			return "", fmt.Errorf("%w: an encoder that this app does not know", ErrParameter)
		}
		flag = true
	}
	switch {
	case !flag, kind == otp.Steam:
		return kind, nil
	case kind == otp.TOTP:
		return otp.Steam, nil
	}
	return "", fmt.Errorf("%w: a Steam code of another type", ErrParameter)
}

// params reads key and settings.
func (q query) params(kind otp.Kind, warn *warnings) (otp.Params, error) {
	text, err := q.key()
	if err != nil {
		return otp.Params{}, err
	}
	var p otp.Params
	if kind == otp.MOTP {
		p, err = motpLinkKey(text, warn)
	} else {
		p, err = parseKey(kind, text, warn)
	}
	if err != nil {
		return otp.Params{}, err
	}
	switch kind {
	case otp.TOTP, otp.HOTP:
		return q.settings(p, warn)
	default:
		warn.addIf(q.contradicts(p), WarnIgnored)
	}
	if kind == otp.Yandex {
		// pin_length says how many digits to ask for; it is checked and not kept.
		if _, _, err := q.number("pin_length", 4, 16); err != nil {
			return otp.Params{}, err
		}
	}
	if pin := q.get("pin"); pin != "" && kind.NeedsPIN() {
		if p.PIN, err = linkPIN(pin); err != nil {
			return otp.Params{}, err
		}
	}
	return p, nil
}

// settings reads what TOTP and HOTP let a portal choose.
func (q query) settings(p otp.Params, warn *warnings) (otp.Params, error) {
	if a, given, err := q.algorithm(warn); err != nil {
		return p, err
	} else if given {
		p.Algorithm = a
	}
	if n, given, err := q.number("digits", otp.MinDigits, otp.MaxDigits); err != nil {
		return p, err
	} else if given {
		p.Digits = int(n)
		warn.addIf(n < 6 || n > 8, WarnOddDigits)
	}
	if p.Kind == otp.HOTP {
		n, given, err := q.number("counter", 0, otp.MaxCounter)
		p.Counter = n
		warn.addIf(!given, WarnCounterMissing)
		return p, err
	}
	if n, given, err := q.number("period", otp.MinPeriod, otp.MaxPeriod); err != nil {
		return p, err
	} else if given {
		p.Period = int(n)
	}
	return p, nil
}

// contradicts reports whether the link sets something that p's kind has fixed to
// another value. TOTP's defaults do not count: many writers add them to everything.
func (q query) contradicts(p otp.Params) bool {
	usual := otp.New(otp.TOTP, secret.Bytes{})
	other := func(name string, values ...string) bool {
		v := q.get(name)
		return v != "" && !slices.ContainsFunc(values, func(s string) bool { return strings.EqualFold(s, v) })
	}
	return other("algorithm", string(p.Algorithm), string(usual.Algorithm)) ||
		other("digits", strconv.Itoa(p.Digits), strconv.Itoa(usual.Digits)) ||
		other("period", strconv.Itoa(p.Period), strconv.Itoa(usual.Period))
}

// parseMOTP reads what follows motp://: Issuer:name?secret=HEX.
func parseMOTP(rest string) (Entry, error) {
	if err := oneLink(rest); err != nil {
		return Entry{}, err
	}
	var warn warnings
	label, raw := findQuery(rest)
	q, err := readQuery(raw, &warn)
	if err != nil {
		return Entry{}, err
	}
	text, err := q.key()
	if err != nil {
		return Entry{}, err
	}
	e := Entry{}
	if e.Params, err = parseKey(otp.MOTP, text, &warn); err != nil {
		return Entry{}, err
	}
	if pin := q.get("pin"); pin != "" {
		if e.Params.PIN, err = linkPIN(pin); err != nil {
			return Entry{}, err
		}
	}
	e.Issuer, e.Name = splitLabel(strings.TrimPrefix(label, "/"), q.values["issuer"], &warn)
	e.Warnings = warn
	return e, nil
}

// parseSteam reads what follows steam://: a key in base32, or in Steam's base64.
func parseSteam(rest string) (Entry, error) {
	text := steamText(rest)
	if err := grouped(text); err != nil {
		return Entry{}, err
	}
	var warn warnings
	p, err := parseKey(otp.Steam, text, &warn)
	return Entry{Params: p, Warnings: warn}, err
}

// steamText is the key in what follows steam://. Its + and / belong to base64.
func steamText(rest string) string {
	if end := strings.IndexAny(rest, "?#"); end >= 0 {
		rest = rest[:end]
	}
	return strings.TrimSuffix(unescape(rest, false), "/")
}

func parseBareKey(text string) (Entry, error) {
	var warn warnings
	p, err := parseKey(otp.TOTP, text, &warn)
	warn.add(WarnBareKey)
	return Entry{Params: p, Warnings: warn}, err
}

// finish holds every entry to what otp accepts, whichever way it was read.
func finish(e Entry) (Entry, error) {
	err := e.Params.Validate()
	if err == nil {
		return e, nil
	}
	if !errors.Is(err, otp.ErrPIN) {
		return Entry{}, checkKey(e.Params)
	}
	if !e.Params.PIN.IsEmpty() {
		return Entry{}, fmt.Errorf("%w (%w)", ErrParameter, err)
	}
	warn := warnings(e.Warnings)
	warn.add(WarnPINMissing)
	e.Warnings = warn
	return e, nil
}
