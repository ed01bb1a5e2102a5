package transfer

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// otpauthIOS is OTP Auth for iOS: a backup of everything (.otpauthdb) or one account (.otpauth). Outside is AES-256-CBC with a key
// everybody knows, so there is no mark, but its first block tells. Under it is an archive (NSKeyedArchiver) with the version, and
// the content once more encrypted, with the passphrase.
var otpauthIOS = source{
	id: "otpauth-ios", name: "OTP Auth",
	sniff: func(in *input) bool { return in.text == nil && otpauthOuterKey(in.data) != nil },
	open:  openOTPAuth,
}

// otpauthWords are hashed to the outer key: of a backup, and of one account.
var otpauthWords = []string{"Authenticator", "OTPAuth"}

const plistMagic = "bplist00"

// otpauthOuterKey finds the key under which the first block is the beginning of a property list; nil when there is none.
func otpauthOuterKey(data []byte) []byte {
	if len(data) < 64 || len(data)%16 != 0 {
		return nil
	}
	for _, word := range otpauthWords {
		key := sha256.Sum256([]byte(word))
		if first, err := openCBC(key[:], make([]byte, 16), data[:16]); err == nil && bytes.HasPrefix(first, []byte(plistMagic)) {
			return key[:]
		}
	}
	return nil
}

func openOTPAuth(_ context.Context, in *input) (opened, error) {
	open, err := openCBCPadded(otpauthOuterKey(in.data), make([]byte, 16), in.data)
	if err != nil {
		return opened{}, fmt.Errorf("%w: it ends too early", ErrDamaged)
	}
	outer, err := readArchive(open)
	if err != nil {
		return opened{}, err
	}
	root := outer.root()
	version := outer.float(root["Version"])
	sealed, isAccount := outer.bytes(root["Data"]), true
	if sealed == nil {
		sealed, isAccount = outer.bytes(root["WrappedData"]), false
	}
	if sealed == nil {
		return opened{}, fmt.Errorf("%w: there is no content in it", ErrDamaged)
	}
	if version >= 2 {
		return opened{}, fmt.Errorf("%w: version %.1f", ErrNewer, version)
	}
	// Texts, in most versions.
	iv, salt := outer.bytes(root["IV"]), outer.bytes(root["Salt"])
	if iv == nil {
		iv = []byte(outer.text(root["IV"]))
	}
	if salt == nil {
		salt = []byte(outer.text(root["Salt"]))
	}
	o := opened{encrypted: true}
	unseal := func(_ context.Context, passphrase secret.Bytes) ([]byte, error) {
		return openOTPAuthOld(sealed, iv, salt, passphrase)
	}
	if len(iv) == 0 || len(salt) == 0 {
		keys, err := rncryptorKeys(sealed)
		if err != nil {
			return opened{}, err
		}
		o.cost = Cost{Iterations: 2 * rncryptorRounds}
		unseal = func(ctx context.Context, passphrase secret.Bytes) ([]byte, error) {
			return openRNCryptor(ctx, sealed, keys, passphrase)
		}
	}
	o.read = func(ctx context.Context, passphrase secret.Bytes) (Result, error) {
		open, err := unseal(ctx, passphrase)
		if errors.Is(err, errSealed) {
			return Result{}, ErrPassphrase
		}
		if err != nil {
			return Result{}, err
		}
		defer clear(open)
		if !bytes.HasPrefix(open, []byte(plistMagic)) {
			// One wrong passphrase in 256 comes this far.
			return Result{}, ErrPassphrase
		}
		return readOTPAuth(ctx, open, isAccount)
	}
	return o, nil
}

// openOTPAuthOld is how backups of version 1.0 and accounts of version 1.1 are encrypted.
func openOTPAuthOld(sealed, iv, salt []byte, passphrase secret.Bytes) ([]byte, error) {
	h := sha256.New()
	h.Write(salt)
	h.Write([]byte("-"))
	h.Write(passphrase.Reveal())
	key := h.Sum(nil)
	defer clear(key)
	start := sha1.Sum(iv)
	return openCBCPadded(key, start[:16], sealed)
}

// RNCryptor version 3, https://github.com/RNCryptor/RNCryptor-Spec/blob/master/RNCryptor-Spec-v3.md: version, options 1,
// salt 8 and salt 8 for two keys, start value 16, AES-256-CBC, HMAC-SHA256 over everything before it.
const (
	rncryptorRounds = 10_000
	rncryptorHead   = 2 + 8 + 8 + 16
	rncryptorMAC    = 32
)

// rncryptorKeys is the derivations of the key of the cipher and of the HMAC.
func rncryptorKeys(sealed []byte) (keys [2]derivation, err error) {
	if len(sealed) < rncryptorHead+16+rncryptorMAC || sealed[1] != 1 {
		return keys, fmt.Errorf("%w: its content", ErrDamaged)
	}
	if sealed[0] != 3 {
		return keys, fmt.Errorf("%w: RNCryptor version %d", ErrNewer, sealed[0])
	}
	for i := range keys {
		if keys[i], err = pbkdf2Of(sha1.New, sealed[2+8*i:10+8*i], rncryptorRounds, 32); err != nil {
			return keys, err
		}
	}
	return keys, nil
}

func openRNCryptor(ctx context.Context, sealed []byte, keys [2]derivation, passphrase secret.Bytes) ([]byte, error) {
	macKey, err := keys[1].key(ctx, passphrase)
	if err != nil {
		return nil, err
	}
	defer macKey.Wipe()
	body, code := sealed[:len(sealed)-rncryptorMAC], sealed[len(sealed)-rncryptorMAC:]
	mac := hmac.New(sha256.New, macKey.Reveal())
	mac.Write(body)
	if !hmac.Equal(mac.Sum(nil), code) {
		return nil, errSealed
	}
	key, err := keys[0].key(ctx, passphrase)
	if err != nil {
		return nil, err
	}
	defer key.Wipe()
	return openCBCPadded(key.Reveal(), sealed[rncryptorHead-16:rncryptorHead], body[rncryptorHead:])
}

// readOTPAuth reads the content: one account, or folders of accounts.
func readOTPAuth(ctx context.Context, data []byte, isAccount bool) (Result, error) {
	a, err := readArchive(data)
	if err != nil {
		return Result{}, err
	}
	g := newGather(ctx)
	root := a.root()
	if isAccount {
		g.addOTPAuth(a, root, "")
		return g.done()
	}
	for _, f := range a.list(root["Folders"]) {
		folder := a.object(f)
		for _, acc := range a.list(folder["accounts"]) {
			g.addOTPAuth(a, a.object(acc), a.text(folder["name"]))
			if g.err != nil {
				return g.done()
			}
		}
	}
	return g.done()
}

// addOTPAuth adds an account. Zero stands for what is usual. The folder Accounts is where everything is at first.
func (g *gather) addOTPAuth(a archive, o map[string]any, folder string) {
	algorithms := []string{"", "SHA1", "SHA256", "SHA512", "MD5"}
	d := draft{issuer: a.text(o["issuer"]), name: a.text(o["label"]), key: "-"}
	key := a.bytes(o["secret"])
	if key == nil {
		g.skip(title(d.issuer, d.name), "The key is missing or damaged.")
		return
	}
	d.bytes = secret.New(bytes.Clone(key))
	switch a.int(o["type"]) {
	case 1:
		d.kind, d.counter = otp.HOTP, whole(a.int(o["counter"]))
	case 0, 2:
		d.kind = otp.TOTP
		if n := a.int(o["period"]); n != 0 {
			d.period = whole(n)
		}
	default:
		g.skip(title(d.issuer, d.name), notSupported)
		return
	}
	if n := a.int(o["digits"]); n != 0 {
		d.digits = whole(n)
	}
	if n := a.int(o["algorithm"]); n >= 0 && n < int64(len(algorithms)) {
		d.algorithm = algorithms[n]
	} else {
		d.algorithm = "unknown"
	}
	if folder != "" && !strings.EqualFold(folder, "Accounts") {
		d.tags = []string{folder}
	}
	g.add(d)
}
