package kit

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/secret"
)

// The text of the QR code is in capitals, which QR codes pack tightest:
//
//	TALLYSTICK-KIT:1:0123456789ABCDEF0123456789ABCDEF:AGE-SECRET-KEY-PQ-1…
//
// a name, the form's number, the fingerprint of the key, and the key as age writes it.
const (
	codeName = "TALLYSTICK-KIT:"
	codeForm = "1"
)

// identityName begins every key of our kind in the text form of age.
const identityName = "AGE-SECRET-KEY-PQ-"

// seedLen is the number of bytes in such a key.
const seedLen = 32

// QRText is what the QR code of the kit says: 128 characters that QR codes can hold in
// their alphanumeric mode.
func (k Kit) QRText() secret.Bytes {
	identity := encodeIdentity(k.seed)
	defer identity.Wipe()
	head := codeName + codeForm + ":" + strings.ToUpper(k.vault) + ":"
	return secret.New(append([]byte(head), identity.Reveal()...))
}

// isCode reports whether a text is meant to be that of a kit's QR code, or a bare key.
func isCode(text []byte) bool {
	upper := bytes.ToUpper(bytes.TrimSpace(text[:min(len(text), 200)]))
	return bytes.HasPrefix(upper, []byte(codeName)) || bytes.HasPrefix(upper, []byte(identityName))
}

func parseCode(text []byte) (Kit, error) {
	upper := bytes.ToUpper(bytes.TrimSpace(text))
	defer clear(upper)
	identity, fingerprint := upper, ""
	if rest, is := bytes.CutPrefix(upper, []byte(codeName)); is {
		form, rest, ok := bytes.Cut(rest, []byte(":"))
		if !ok || len(form) == 0 || len(bytes.Trim(form, "0123456789")) > 0 {
			return Kit{}, ErrDamaged
		}
		if string(form) != codeForm {
			return Kit{}, ErrNewer
		}
		print, rest, ok := bytes.Cut(rest, []byte(":"))
		if !ok {
			return Kit{}, ErrDamaged
		}
		identity, fingerprint = rest, strings.ToLower(string(print))
	}
	seed, err := decodeIdentity(secret.New(bytes.Clone(identity)))
	if err != nil {
		return Kit{}, ErrDamaged
	}
	k, err := fromSeed(seed)
	if err != nil {
		return Kit{}, ErrDamaged
	}
	if fingerprint != "" && fingerprint != k.vault {
		k.Wipe()
		return Kit{}, ErrDamaged
	}
	return k, nil
}

// encodeIdentity writes a key as age does: Bech32 (BIP 173, without its limit of 90
// characters) in capitals. age exports no function for that.
func encodeIdentity(seed secret.Bytes) secret.Bytes {
	values := regroup(seed.Reveal(), 8, 5, true)
	defer clear(values)
	sum := checksum(append(values, 0, 0, 0, 0, 0, 0)) ^ 1
	text := append([]byte(identityName), '1')
	for _, v := range values {
		text = append(text, alphabet[v])
	}
	for i := range checksumLen {
		text = append(text, alphabet[sum>>(5*(checksumLen-1-i))&31])
	}
	return secret.New(text)
}

// decodeIdentity is the reverse. Errors: seal.ErrKey.
func decodeIdentity(text secret.Bytes) (secret.Bytes, error) {
	bad := fmt.Errorf("%w: not made of %d bytes", seal.ErrKey, seedLen)
	data, ok := bytes.CutPrefix(text.Reveal(), []byte(identityName+"1"))
	if !ok {
		return secret.Bytes{}, bad
	}
	values := make([]byte, 0, len(data))
	defer func() { clear(values) }()
	for _, c := range data {
		v := strings.IndexByte(alphabet, c)
		if v < 0 {
			return secret.Bytes{}, bad
		}
		values = append(values, byte(v))
	}
	if len(values) < checksumLen || checksum(values) != 1 {
		return secret.Bytes{}, bad
	}
	seed := regroup(values[:len(values)-checksumLen], 5, 8, false)
	if len(seed) != seedLen {
		clear(seed)
		return secret.Bytes{}, bad
	}
	return secret.New(seed), nil
}

const (
	alphabet    = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
	checksumLen = 6
)

// checksum is BIP 173's, over the name and values.
func checksum(values []byte) uint32 {
	sum := uint32(1)
	add := func(v byte) {
		top := sum >> 25
		sum = sum&0x1ffffff<<5 ^ uint32(v)
		for i, g := range [...]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	name := strings.ToLower(identityName)
	for i := range len(name) {
		add(name[i] >> 5)
	}
	add(0)
	for i := range len(name) {
		add(name[i] & 31)
	}
	for _, v := range values {
		add(v)
	}
	return sum
}

// regroup turns numbers of from bits into numbers of to bits. Without pad, bits that are
// left over have to be zero and fewer than from; else the result is nil.
func regroup(in []byte, from, to uint, pad bool) []byte {
	var out []byte
	var have uint
	var bits uint32
	for _, b := range in {
		bits = bits<<from | uint32(b)
		for have += from; have >= to; {
			have -= to
			out = append(out, byte(bits>>have&(1<<to-1)))
		}
		bits &= 1<<have - 1
	}
	switch {
	case pad && have > 0:
		out = append(out, byte(bits<<(to-have)&(1<<to-1)))
	case !pad && (have >= from || bits != 0):
		clear(out)
		return nil
	}
	return out
}
