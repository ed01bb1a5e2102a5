package transfer

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/transfer/kdbx"
)

// keepass is a database of KeePass 2, KeePassXC, Strongbox, KeePassDX and so on.
var keepass = source{
	id: "keepass", name: "KeePass",
	sniff: func(in *input) bool { return kdbx.Recognise(in.data) },
	open: func(_ context.Context, in *input) (opened, error) {
		d, err := kdbx.Parse(in.data)
		if err != nil {
			return opened{}, ofKeePass(err)
		}
		var cost Cost
		cost.Memory, cost.Iterations = d.Cost()
		return opened{encrypted: true, cost: cost, read: func(ctx context.Context, passphrase secret.Bytes) (Result, error) {
			c, err := d.Read(ctx, passphrase)
			if err != nil {
				return Result{}, ofKeePass(err)
			}
			return readKeePass(ctx, c)
		}}, nil
	},
}

// keepassXML is what KeePass and KeePassXC write as XML.
var keepassXML = source{
	id: "keepass", name: "KeePass",
	sniff: func(in *input) bool { return in.text != nil && kdbx.RecogniseXML(in.text) },
	open: func(_ context.Context, in *input) (opened, error) {
		return plain(func(ctx context.Context) (Result, error) {
			c, err := kdbx.ReadXML(ctx, in.text)
			if err != nil {
				return Result{}, ofKeePass(err)
			}
			return readKeePass(ctx, c)
		}), nil
	},
}

// ofKeePass is an error of package kdbx as one of this package.
func ofKeePass(err error) error {
	switch {
	case errors.Is(err, kdbx.ErrPassphrase):
		return fmt.Errorf("%w; if the database also needs a key file or a hardware key, save a copy without it first", ErrPassphrase)
	case errors.Is(err, kdbx.ErrOld):
		return fmt.Errorf("%w: a database of KeePass 1; open it in KeePass 2 or KeePassXC and save it there", ErrUnknown)
	case errors.Is(err, kdbx.ErrNewer):
		return fmt.Errorf("%w: %s", ErrNewer, after(err))
	case errors.Is(err, kdbx.ErrDamaged), errors.Is(err, kdbx.ErrNotKDBX):
		return fmt.Errorf("%w: %s", ErrDamaged, after(err))
	case errors.Is(err, kdbx.ErrTooLarge):
		return fmt.Errorf("%w: what is in the database", ErrTooLarge)
	case errors.Is(err, kdbx.ErrTooCostly):
		return fmt.Errorf("%w: %s", ErrTooCostly, after(err))
	}
	return err
}

// after is what an error says after the sentence it wraps.
func after(err error) string {
	parts := strings.SplitN(err.Error(), ": ", 3)
	return parts[len(parts)-1]
}

// readKeePass picks the entries with one-time passwords. The content is wiped.
func readKeePass(ctx context.Context, c kdbx.Content) (Result, error) {
	defer c.Wipe()
	g := newGather(ctx)
	refs := keePassRefs(c.Entries)
	for _, e := range c.Entries {
		g.addKeePass(e, refs)
		if g.err != nil {
			break
		}
	}
	if c.Binned > 0 {
		g.warn("What is in the recycle bin was left out.")
	}
	if c.Locked > 0 {
		g.warn("Some values in the file are still encrypted and were left out. Export again as unencrypted XML.")
	}
	return g.done()
}

// addKeePass adds the accounts of an entry: mostly none or one. There are five ways to write one down, and an entry may have
// the same account in several of them.
func (g *gather) addKeePass(e kdbx.Entry, refs map[string]kdbx.Entry) {
	get := func(name string) string { return strings.TrimSpace(followRef(string(e.Get(name).Reveal()), refs)) }
	issuer, name := get("Title"), get("UserName")
	x := extra{note: string(e.Get("Notes").Reveal()), url: get("URL"), icon: iconFrom("", e.Icon)}
	if path := strings.Join(e.Groups, "/"); path != "" {
		x.tags = append(x.tags, path)
	}
	for _, t := range e.Tags {
		switch strings.ToLower(t) {
		case "favorite", "favourite", "favorites", "favourites":
			x.favourite = true
		default:
			x.tags = append(x.tags, t)
		}
	}
	for _, f := range e.Fields {
		if mentionsRecovery(f.Name) {
			x.recovery = append(x.recovery, recoveryIn("Recovery codes:\n"+string(f.Value.Reveal()))...)
		}
	}
	first := len(g.result.Entries)
	// took sees to it that an account is there once, and its note and recovery keys with the first of them.
	took := func() {
		if n := len(g.result.Entries); n > first {
			last := &g.result.Entries[n-1]
			for _, o := range g.result.Entries[first : n-1] {
				if o.Params.Same(last.Params) {
					last.Params.Secret.Wipe()
					g.result.Entries = g.result.Entries[:n-1]
					break
				}
			}
			x.note, x.recovery = "", nil
		}
	}
	add := func(d draft) {
		d.issuer, d.name, d.extra = issuer, name, x
		g.add(d)
		took()
	}
	settings := trayTOTP(get("TOTP Settings"))
	switch otpField := get("otp"); {
	case otpField == "":
	case strings.Contains(otpField, "://"):
		g.addLink(otpField, issuer, name, x)
		took()
	case strings.Contains(strings.ToLower(otpField), "key="):
		add(keeOTP(otpField))
	default:
		settings.key = otpField
		add(settings)
	}
	if d, ok := keePassSecret(get, "TimeOtp-Secret"); ok {
		d.kind, d.algorithm = otp.TOTP, get("TimeOtp-Algorithm")
		d.digits, d.period = parseNumber(get("TimeOtp-Length")), parseNumber(get("TimeOtp-Period"))
		add(d)
	}
	if d, ok := keePassSecret(get, "HmacOtp-Secret"); ok {
		d.kind, d.counter = otp.HOTP, parseNumber(get("HmacOtp-Counter"))
		add(d)
	}
	if seed := get("TOTP Seed"); seed != "" {
		settings.key = seed
		add(settings)
	}
	for _, f := range e.Fields {
		text := strings.TrimSpace(string(f.Value.Reveal()))
		if strings.EqualFold(f.Name, "otp") || !strings.HasPrefix(text, "otpauth://") && !strings.HasPrefix(text, "motp://") {
			continue
		}
		g.addLink(text, issuer, name, x)
		took()
	}
	if len(g.result.Entries) == first {
		for _, k := range x.recovery {
			k.Wipe()
		}
	}
}

// keePassRefs finds entries by their UUID in hexadecimal digits, which is how fields refer to those of other entries.
func keePassRefs(entries []kdbx.Entry) map[string]kdbx.Entry {
	refs := make(map[string]kdbx.Entry, len(entries))
	for _, e := range entries {
		if id, err := base64.StdEncoding.DecodeString(strings.TrimSpace(e.UUID)); err == nil && len(id) == 16 {
			refs[strings.ToUpper(hex.EncodeToString(id))] = e
		}
	}
	return refs
}

// keePassRef is a reference: {REF:U@I:46C9B1FFBD4ABC4BBB260C6190BAD20C} is the user name of the entry with that UUID.
// https://keepass.info/help/base/fieldrefs.html
var keePassRef = regexp.MustCompile(`(?i)\{REF:([TUAN])@I:([0-9A-F]{32})\}`)

// maxRefs is the bytes of a text in which references are looked for, and of what one may stand for: a text of nothing but references
// to a long one would become very long.
const maxRefs = 2 << 10

// followRef puts in what references by UUID stand for, one step far. Other ways to search for an entry stay as they are.
func followRef(text string, refs map[string]kdbx.Entry) string {
	if len(text) > maxRefs || !strings.Contains(text, "{") {
		return text
	}
	names := map[string]string{"T": "Title", "U": "UserName", "A": "URL", "N": "Notes"}
	return keePassRef.ReplaceAllStringFunc(text, func(ref string) string {
		parts := keePassRef.FindStringSubmatch(ref)
		e, ok := refs[strings.ToUpper(parts[2])]
		value := e.Get(names[strings.ToUpper(parts[1])])
		if !ok || value.Len() > maxRefs {
			return ref
		}
		return string(value.Reveal())
	})
}

// mentionsRecovery reports whether a field's name says that recovery keys are in it.
func mentionsRecovery(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"recovery", "backup code", "backup key", "backup-code", "scratch", "emergency"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// keePassSecret reads one of KeePass's four ways to write a key: name as text in UTF-8, or with -Hex, -Base32, -Base64 after
// it. A key that cannot be read is one without bytes, which is skipped with the reason.
func keePassSecret(get func(string) string, name string) (draft, bool) {
	if text := get(name); text != "" {
		return draft{bytes: secret.FromString(text)}, true
	}
	if text := get(name + "-Hex"); text != "" {
		raw, _ := hex.DecodeString(strings.Map(dropSeparators, text))
		return draft{bytes: secret.New(raw), key: "-"}, true
	}
	if text := get(name + "-Base32"); text != "" {
		return draft{key: text}, true
	}
	if text := get(name + "-Base64"); text != "" {
		raw, _ := fromBase64(text)
		return draft{bytes: secret.New(raw), key: "-"}, true
	}
	return draft{}, false
}

// dropSeparators is for strings.Map.
func dropSeparators(r rune) rune {
	if otp.IsSeparator(r) {
		return -1
	}
	return r
}

// trayTOTP reads the settings of KeeTrayTOTP: "30;6", "30;8;time server", or "30;S" for Steam. Without any they are as usual.
func trayTOTP(text string) draft {
	d := draft{kind: otp.TOTP}
	period, rest, _ := strings.Cut(text, ";")
	digits, _, _ := strings.Cut(rest, ";")
	if strings.EqualFold(strings.TrimSpace(digits), "S") {
		d.kind = otp.Steam
		return d
	}
	d.period, d.digits = parseNumber(period), parseNumber(digits)
	return d
}

// keeOTP reads the field of the plugins KeeOtp and KeeOtp2: key=…&size=8&step=25&otpHashMode=Sha256&type=Hotp&counter=3&encoding=Hex.
func keeOTP(text string) draft {
	values := map[string]string{}
	for pair := range strings.SplitSeq(strings.TrimPrefix(text, "?"), "&") {
		name, value, _ := strings.Cut(pair, "=")
		if open, err := url.PathUnescape(value); err == nil {
			value = open
		}
		values[strings.ToLower(strings.TrimSpace(name))] = value
	}
	d := draft{
		kind: otp.TOTP, key: values["key"], algorithm: values["otphashmode"],
		digits: parseNumber(values["size"]), period: parseNumber(values["step"]),
	}
	switch strings.ToLower(values["type"]) {
	case "hotp":
		d.kind, d.counter = otp.HOTP, parseNumber(values["counter"])
	case "steam":
		d.kind = otp.Steam
	case "", "totp":
	default:
		d.kind = otp.Kind("unknown")
	}
	switch strings.ToLower(values["encoding"]) {
	case "hex":
		raw, _ := hex.DecodeString(strings.Map(dropSeparators, d.key))
		d.bytes, d.key = secret.New(raw), "-"
	case "base64":
		raw, err := base64.StdEncoding.DecodeString(d.key)
		if err != nil {
			raw = nil
		}
		d.bytes, d.key = secret.New(raw), "-"
	case "utf8", "utf-8":
		d.bytes, d.key = secret.FromString(d.key), "-"
	}
	return d
}
