package transfer

import (
	"bytes"
	"cmp"
	"context"
	"crypto/md5" // what the format uses
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// authenticator.cc, the browser extension "Authenticator": an object whose members are accounts, keyed by a hash or a UUID. Encrypted
// ones are {"dataType":"EncOTPStorage","keyId","data"} with {"dataType":"Key","id","salt","hash","version":3}; before
// that each account had only its secret encrypted, under "key":{"enc","hash"}.
var extension = source{id: "authenticator", name: "Authenticator extension", sniff: sniffExtension, open: openExtension}

func sniffExtension(in *input) bool {
	if in.json == nil || in.json.array {
		return false
	}
	for name, v := range in.json.keys {
		if v.kind() != '{' {
			continue
		}
		s := readHead(v)
		switch {
		case s == nil:
		case s.all([]string{"dataType"}) && (s.all([]string{"secret"}) || s.all([]string{"data"}) || s.all([]string{"salt"})):
			return true
		case s.all([]string{"secret", "hash"}), s.all([]string{"secret", "encrypted"}), s.all([]string{"secret", "account"}), s.all([]string{"secret", "index"}):
			return true
		case s.all([]string{"secret"}) && isHash(name):
			return true
		case name == "key" && s.all([]string{"enc", "hash"}):
			return true
		}
	}
	return false
}

// isHash reports whether a member's name is an MD5 in hex or a UUID.
func isHash(name string) bool {
	name = strings.ReplaceAll(name, "-", "")
	_, err := hex.DecodeString(name)
	return err == nil && len(name) == 32
}

// What makes a key of a passphrase in version 3.
const (
	extensionPasses = 2
	extensionMemory = 19 << 10 // KiB
	extensionKeys   = 4        // keys of one file
)

type extensionEntry struct {
	Account   text   `json:"account"`
	Issuer    text   `json:"issuer"`
	Secret    text   `json:"secret"`
	Type      text   `json:"type"`
	Counter   number `json:"counter"`
	Digits    number `json:"digits"`
	Period    number `json:"period"`
	Algorithm text   `json:"algorithm"`
	Pinned    flag   `json:"pinned"`
	Encrypted flag   `json:"encrypted"`
	DataType  text   `json:"dataType"`
	Index     number `json:"index"`
	KeyID     text   `json:"keyId"`
	Data      text   `json:"data"`
	ID        text   `json:"id"`
	Salt      text   `json:"salt"`
	Version   number `json:"version"`
	Enc       text   `json:"enc"`
}

// extensionFile is a file taken apart.
type extensionFile struct {
	entries, keys []extensionEntry
	old           text // the encrypted passphrase of version 2
	bad           int  // members that are none of these
}

func parseExtension(data []byte) (f extensionFile, err error) {
	var file map[string]json.RawMessage
	if err := decode(data, &file); err != nil {
		return f, err
	}
	names := make([]string, 0, len(file))
	for name := range file {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		var e extensionEntry
		switch {
		case name == "UserSettings", name == "LocalStorage", value(file[name]).kind() != '{':
		case json.Unmarshal(file[name], &e) != nil:
			f.bad++
		case e.DataType == "Key":
			f.keys = append(f.keys, e)
		case name == "key" && e.Enc != "":
			f.old = e.Enc
		case e.Secret == "" && e.Data == "":
			f.bad++
		default:
			f.entries = append(f.entries, e)
		}
	}
	slices.SortStableFunc(f.entries, func(a, b extensionEntry) int { return cmp.Compare(a.Index.or(0), b.Index.or(0)) })
	return f, nil
}

func openExtension(_ context.Context, in *input) (opened, error) {
	f, err := parseExtension(in.text)
	if err != nil {
		return opened{}, err
	}
	if len(f.keys) > extensionKeys {
		return opened{}, fmt.Errorf("%w: %d keys", ErrTooCostly, len(f.keys))
	}
	var cost Cost
	encrypted := slices.ContainsFunc(f.entries, extensionEntry.sealed)
	for _, k := range f.keys {
		if k.Version.or(3) > 3 {
			return opened{}, fmt.Errorf("%w: version %d of the key", ErrNewer, k.Version.value)
		}
		if encrypted {
			cost = Cost{Memory: extensionMemory << 10, Iterations: cost.Iterations + extensionPasses}
		}
	}
	return opened{encrypted: encrypted, cost: cost, read: func(ctx context.Context, passphrase secret.Bytes) (Result, error) {
		f, err := parseExtension(in.text) // once more, and not kept: it takes several times the room of the file
		if err != nil {
			return Result{}, err
		}
		open := map[string][]byte{} // passphrases by id of the key; "" for those without
		if encrypted {
			open[""] = extensionOld(string(f.old), passphrase.Reveal())
			for _, k := range f.keys {
				p, err := extensionKey(ctx, string(k.Salt), passphrase)
				if err != nil {
					return Result{}, err
				}
				open[string(k.ID)] = p
			}
		}
		return readExtension(ctx, f.entries, f.bad, open)
	}}, nil
}

func (e extensionEntry) sealed() bool { return bool(e.Encrypted) || e.DataType == "EncOTPStorage" }

// extensionKey is the passphrase that encrypts the accounts: the hash of the person's, in the text form of Argon2.
func extensionKey(ctx context.Context, salt string, passphrase secret.Bytes) ([]byte, error) {
	d, err := argon2id([]byte(salt), extensionPasses, extensionMemory, 1, 32)
	if err != nil {
		return nil, err
	}
	key, err := d.key(ctx, passphrase)
	if err != nil {
		return nil, err
	}
	defer key.Wipe()
	return base64.RawStdEncoding.AppendEncode(nil, key.Reveal()), nil
}

// extensionOld is the passphrase of version 2: a random one in hex, itself encrypted. Before that it was the person's own.
func extensionOld(enc string, passphrase []byte) []byte {
	if enc == "" {
		return append([]byte(nil), passphrase...)
	}
	if random, err := openCryptoJS(enc, passphrase); err == nil {
		return hex.AppendEncode(nil, random)
	}
	return nil
}

func readExtension(ctx context.Context, entries []extensionEntry, bad int, open map[string][]byte) (Result, error) {
	g := newGather(ctx)
	g.expect(len(entries))
	wrong, right := 0, 0
	for range bad {
		g.skip("", reason(ErrDamaged))
	}
	for _, e := range entries {
		if e.sealed() {
			var ok bool
			if e, ok = e.open(open); !ok {
				wrong++
				g.skip(title(string(e.Issuer), string(e.Account)), "The passphrase does not open this account, or it is damaged.")
				continue
			}
			right++
		}
		g.addExtension(e)
	}
	if wrong > 0 && right == 0 {
		g.result.Wipe()
		return Result{}, ErrPassphrase
	}
	return g.done()
}

// open decrypts an account, or only its secret.
func (e extensionEntry) open(passphrases map[string][]byte) (extensionEntry, bool) {
	p, ok := passphrases[string(e.KeyID)]
	if !ok {
		p = passphrases[""]
	}
	if len(p) == 0 {
		return e, false
	}
	if e.Data == "" {
		plain, err := openCryptoJS(string(e.Secret), p)
		if err != nil || len(plain) == 0 || !isPrintable(plain) {
			return e, false
		}
		e.Secret = text(plain)
		clear(plain)
		return e, true
	}
	plain, err := openCryptoJS(string(e.Data), p)
	if err != nil {
		return e, false
	}
	defer clear(plain)
	var inner extensionEntry
	if json.Unmarshal(plain, &inner) != nil {
		return e, false
	}
	return inner, true
}

func isPrintable(b []byte) bool {
	return bytes.IndexFunc(b, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}

func (g *gather) addExtension(e extensionEntry) {
	d := draft{
		kind: otp.TOTP, issuer: string(e.Issuer), name: string(e.Account), key: string(e.Secret), algorithm: string(e.Algorithm),
		digits: e.Digits, period: e.Period, counter: e.Counter, extra: extra{favourite: bool(e.Pinned)},
	}
	if before, domain, ok := strings.Cut(d.issuer, "::"); ok {
		d.issuer = before
		if strings.Contains(domain, ".") && !strings.ContainsAny(domain, " /") {
			d.url = "https://" + domain
		}
	}
	// The numbers are those of the extension's own enumerations.
	switch d.algorithm {
	case "1", "2", "3":
		d.algorithm = []string{"SHA1", "SHA256", "SHA512"}[d.algorithm[0]-'1']
	}
	kind := strings.ToLower(string(e.Type))
	for prefix, k := range map[string]string{"blz-": "battle", "bliz-": "battle", "stm-": "steam"} {
		if rest, ok := strings.CutPrefix(d.key, prefix); ok {
			d.key, kind = rest, k
		}
	}
	switch kind {
	case "hotp", "hhex", "2", "6":
		d.kind = otp.HOTP
	case "battle", "3":
		d.digits = whole(8)
		if d.issuer == "" {
			d.issuer = "Battle.net"
		}
	case "steam", "4":
		d.kind = otp.Steam
	case "", "totp", "hex", "1", "5":
	default:
		g.skip(title(d.issuer, d.name), notSupported)
		return
	}
	if d.kind == otp.HOTP && !d.counter.given {
		d.counter = whole(0)
	}
	if d.digits.given && d.digits.value == 0 {
		d.digits = number{}
	}
	if d.period.given && d.period.value == 0 {
		d.period = number{}
	}
	if _, err := otp.DecodeBase32(d.key); err != nil || kind == "hex" || kind == "hhex" || kind == "5" || kind == "6" {
		if key := hexBytes(d.key); !key.IsEmpty() {
			d.bytes = key
		}
	}
	g.add(d)
}

// openCryptoJS decrypts what CryptoJS.AES.encrypt(text, passphrase) writes: base64 of "Salted__", 8 bytes of salt and AES-256-CBC; key and
// IV are OpenSSL's EVP_BytesToKey with MD5.
func openCryptoJS(text string, passphrase []byte) ([]byte, error) {
	data, err := fromBase64(text)
	if err != nil || len(data) < 32 || string(data[:8]) != "Salted__" {
		return nil, errSealed
	}
	var derived, block []byte
	for len(derived) < 48 {
		h := md5.New()
		h.Write(block)
		h.Write(passphrase)
		h.Write(data[8:16])
		block = h.Sum(nil)
		derived = append(derived, block...)
	}
	defer clear(derived)
	return openCBCPadded(derived[:32], derived[32:48], data[16:])
}
