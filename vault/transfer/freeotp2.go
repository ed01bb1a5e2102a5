package transfer

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"hash"
	"strings"
	"unicode/utf16"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// freeotp2 is the backup of FreeOTP 2, externalBackup.xml, which is not XML: a Java HashMap of strings, serialised. Under
// masterKey is the master key, encrypted with the passphrase; under a UUID an account's key, encrypted with the master key;
// under the UUID with -token what belongs to it.
var freeotp2 = source{
	id: "freeotp", name: "FreeOTP",
	sniff: func(in *input) bool { return len(in.data) > 4 && binary.BigEndian.Uint32(in.data) == javaMagic },
	open:  openFreeOTP2,
}

// sealedKey is an encrypted key as FreeOTP writes it. Byte arrays are lists of signed numbers.
type sealedKey struct {
	Cipher     text   `json:"mCipher"`
	CipherText signed `json:"mCipherText"`
	Parameters signed `json:"mParameters"` // DER
	Token      text   `json:"mToken"`      // the algorithm the key is for; authenticated
}

// open decrypts the key.
func (k sealedKey) open(key []byte) ([]byte, error) {
	if !strings.EqualFold(string(k.Cipher), "AES/GCM/NoPadding") {
		return nil, errSealed
	}
	nonce, ok := gcmNonce(k.Parameters)
	if !ok {
		return nil, errSealed
	}
	return openGCM(key, nonce, k.CipherText, []byte(k.Token))
}

// gcmNonce finds the nonce in the parameters: an OCTET STRING alone, as Android 6 writes it, or RFC 5084's SEQUENCE of it and
// the length of the tag.
func gcmNonce(der []byte) ([]byte, bool) {
	var nonce []byte
	if rest, err := asn1.Unmarshal(der, &nonce); err == nil && len(rest) == 0 {
		return nonce, len(nonce) > 0
	}
	var p struct {
		Nonce []byte
		Tag   int `asn1:"optional,default:12"`
	}
	if rest, err := asn1.Unmarshal(der, &p); err != nil || len(rest) > 0 || p.Tag != 16 {
		return nil, false
	}
	return p.Nonce, len(p.Nonce) > 0
}

// freeotpHashes are the key derivations it has had.
func freeotpHash(algorithm string) (func() hash.Hash, bool) {
	switch strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(algorithm)) {
	case "pbkdf2withhmacsha1":
		return sha1.New, true
	case "pbkdf2withhmacsha256":
		return sha256.New, true
	case "pbkdf2withhmacsha512":
		return sha512.New, true
	}
	return nil, false
}

func openFreeOTP2(_ context.Context, in *input) (opened, error) {
	names, values, err := readJavaMap(in.data)
	if err != nil {
		return opened{}, err
	}
	var master struct {
		Algorithm  text      `json:"mAlgorithm"`
		Iterations number    `json:"mIterations"`
		Salt       signed    `json:"mSalt"`
		Key        sealedKey `json:"mEncryptedKey"`
	}
	raw, ok := values["masterKey"]
	if !ok {
		return opened{}, fmt.Errorf("%w: there is no master key in it", ErrDamaged)
	}
	if err := decode([]byte(raw), &master); err != nil {
		return opened{}, err
	}
	h, ok := freeotpHash(string(master.Algorithm))
	if !ok {
		return opened{}, fmt.Errorf("%w: another key derivation", ErrNewer)
	}
	d, err := pbkdf2Of(h, master.Salt, master.Iterations.or(0), 32)
	if err != nil {
		return opened{}, err
	}
	return opened{encrypted: true, cost: d.cost, read: func(ctx context.Context, passphrase secret.Bytes) (Result, error) {
		key, err := d.key(ctx, passphrase)
		if err != nil {
			return Result{}, err
		}
		defer key.Wipe()
		open, err := master.Key.open(key.Reveal())
		if err != nil {
			return Result{}, ErrPassphrase
		}
		defer clear(open)
		return readFreeOTP2(ctx, names, values, open)
	}}, nil
}

func readFreeOTP2(ctx context.Context, names []string, values map[string]string, master []byte) (Result, error) {
	g := newGather(ctx)
	for _, name := range names {
		id, isToken := strings.CutSuffix(name, "-token")
		if !isToken {
			if _, has := values[name+"-token"]; !has && name != "masterKey" {
				g.skip("", "There is a key without the account it belongs to.")
			}
			continue
		}
		g.addFreeOTP2(values[name], values[id], master)
		if g.err != nil {
			break
		}
	}
	return g.done()
}

// addFreeOTP2 adds an account: what belongs to it, and its encrypted key.
func (g *gather) addFreeOTP2(token, sealed string, master []byte) {
	var t struct {
		Algo, Type, Label    text
		IssuerExt, IssuerInt text
		Digits, Period       number
		Counter              number
	}
	if err := decode([]byte(token), &t); err != nil {
		g.skip("", reason(err))
		return
	}
	d := draft{
		issuer: string(t.IssuerExt), name: string(t.Label), algorithm: string(t.Algo), digits: t.Digits, period: t.Period, counter: t.Counter,
	}
	if d.issuer == "" {
		d.issuer = string(t.IssuerInt)
	}
	var outer struct {
		Key text `json:"key"`
	}
	var key sealedKey
	if decode([]byte(sealed), &outer) != nil || decode([]byte(outer.Key), &key) != nil {
		g.skip(title(d.issuer, d.name), "Its key is missing or damaged.")
		return
	}
	raw, err := key.open(master)
	if err != nil {
		g.skip(title(d.issuer, d.name), "Its key is missing or damaged.")
		return
	}
	d.bytes, d.key = secret.New(raw), "-"
	if d.algorithm == "" {
		d.algorithm = string(key.Token)
	}
	kind, known := kindOf(string(t.Type))
	if !known {
		g.skip(title(d.issuer, d.name), notSupported)
		return
	}
	// FreeOTP shows codes of an account that is called Steam the way Steam does.
	if d.kind = kind; kind == otp.TOTP && strings.EqualFold(d.issuer, "Steam") && t.Digits.or(5) == 5 {
		d.kind = otp.Steam
	}
	g.add(d)
}

// Java's serialisation: what of it a map of strings needs.
// https://docs.oracle.com/en/java/javase/21/docs/specs/serialization/protocol.html
const (
	javaMagic      = 0xACED0005
	javaNull       = 0x70
	javaReference  = 0x71
	javaString     = 0x74
	javaLongString = 0x7C
	javaBlock      = 0x77
	javaEnd        = 0x78

	javaFirstHandle = 0x7E0000
	javaStringsFrom = javaFirstHandle + 2 // the class and the map come before them
)

// javaMap is the beginning: an object of class java.util.HashMap.
var javaMap = []byte("\xac\xed\x00\x05sr\x00\x11java.util.HashMap")

// javaSizes is the bytes of a field of a simple type.
var javaSizes = map[byte]int{'B': 1, 'C': 2, 'D': 8, 'F': 4, 'I': 4, 'J': 8, 'S': 2, 'Z': 1}

// skipJavaFields passes over the class's number, flags and fields, which differ between versions of Android, and over the fields'
// values. What follows is the map's own data.
func skipJavaFields(data []byte) ([]byte, bool) {
	const head = 8 + 1 + 2
	if len(data) < head {
		return nil, false
	}
	count, values := int(binary.BigEndian.Uint16(data[9:])), 0
	data = data[head:]
	for range count {
		if len(data) < 3 {
			return nil, false
		}
		size, simple := javaSizes[data[0]]
		name := int(binary.BigEndian.Uint16(data[1:]))
		if !simple || len(data) < 3+name {
			return nil, false
		}
		values += size
		data = data[3+name:]
	}
	// The end of the class's description, no class above it.
	if len(data) < 2+values || data[0] != javaEnd || data[1] != javaNull {
		return nil, false
	}
	return data[2+values:], true
}

// readJavaMap reads a HashMap of strings, and its keys in the order of the file.
func readJavaMap(data []byte) (names []string, values map[string]string, err error) {
	damaged := fmt.Errorf("%w: it is no backup of FreeOTP, or cut off", ErrDamaged)
	if !bytes.HasPrefix(data, javaMap) {
		return nil, nil, damaged
	}
	// Then a block of 8 bytes: capacity and number of pairs.
	rest, ok := skipJavaFields(data[len(javaMap):])
	if !ok || len(rest) < 10 || rest[0] != javaBlock || rest[1] != 8 {
		return nil, nil, damaged
	}
	count := binary.BigEndian.Uint32(rest[6:])
	rest = rest[10:]
	var handles []string
	next := func() (string, bool) {
		if len(rest) == 0 {
			return "", false
		}
		kind, head := rest[0], 0
		switch kind {
		case javaNull:
			rest = rest[1:]
			return "", true
		case javaString:
			head = 2
		case javaReference:
			head = 4
		case javaLongString:
			head = 8
		default:
			return "", false
		}
		if rest = rest[1:]; len(rest) < head {
			return "", false
		}
		var n uint64
		for _, b := range rest[:head] {
			n = n<<8 | uint64(b)
		}
		rest = rest[head:]
		if kind == javaReference {
			if n < javaStringsFrom || n-javaStringsFrom >= uint64(len(handles)) {
				return "", false
			}
			return handles[n-javaStringsFrom], true
		}
		if n > uint64(len(rest)) {
			return "", false
		}
		s, ok := fromJavaText(rest[:n])
		rest = rest[n:]
		handles = append(handles, s)
		return s, ok
	}
	if count > 2*MaxEntries+16 {
		return nil, nil, fmt.Errorf("%w: more than %d accounts", ErrTooLarge, MaxEntries)
	}
	values = make(map[string]string)
	for range count {
		name, ok := next()
		if !ok {
			return nil, nil, damaged
		}
		value, ok := next()
		if !ok {
			return nil, nil, damaged
		}
		if _, double := values[name]; !double {
			names = append(names, name)
		}
		values[name] = value
	}
	if len(rest) == 0 || rest[0] != javaEnd {
		return nil, nil, damaged
	}
	return names, values, nil
}

// fromJavaText reads "modified UTF-8": UTF-8 of UTF-16 units, with two bytes for zero.
func fromJavaText(data []byte) (string, bool) {
	plain := true
	for _, c := range data {
		plain = plain && c != 0 && c < 0x80
	}
	if plain {
		return string(data), true
	}
	units := make([]uint16, 0, len(data))
	for i := 0; i < len(data); {
		c, more := data[i], 0
		switch {
		case c < 0x80:
			units = append(units, uint16(c))
		case c>>5 == 0b110:
			more = 1
			c &= 0x1F
		case c>>4 == 0b1110:
			more = 2
			c &= 0x0F
		default:
			return "", false
		}
		i++
		if more == 0 {
			continue
		}
		if i+more > len(data) {
			return "", false
		}
		u := uint16(c)
		for _, c := range data[i : i+more] {
			if c>>6 != 0b10 {
				return "", false
			}
			u = u<<6 | uint16(c&0x3F)
		}
		i += more
		units = append(units, u)
	}
	return string(utf16.Decode(units)), true
}
