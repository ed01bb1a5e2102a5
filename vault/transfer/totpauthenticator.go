package transfer

import (
	"context"
	"crypto/aes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// TOTP Authenticator (BinaryBoot): preferences of the Android app, and a backup that is base64 of AES-256-CBC under the SHA-256 of a
// passphrase, or of one that every copy of the app knows.
var (
	totpAuthenticatorPrefs = source{
		id: "totpauthenticator", name: "TOTP Authenticator",
		sniff: func(in *input) bool { _, ok := in.pref("STATIC_TOTP_CODES_LIST"); return ok },
		open: func(_ context.Context, in *input) (opened, error) {
			v, _ := in.pref("STATIC_TOTP_CODES_LIST")
			return plain(func(ctx context.Context) (Result, error) { return readTOTPAuthenticator(ctx, []byte(v)) }), nil
		},
	}
	totpAuthenticator = source{
		id: "totpauthenticator", name: "TOTP Authenticator",
		sniff: func(in *input) bool { return isBase64(in.text) },
		open:  openTOTPAuthenticator,
	}
)

// totpAuthenticatorDefault is the passphrase of backups for which none was chosen.
const totpAuthenticatorDefault = "TotpAuthenticator"

func openTOTPAuthenticator(_ context.Context, in *input) (opened, error) {
	sealed, err := fromBase64(string(in.text))
	if err != nil {
		return opened{}, err
	}
	if open, err := openTOTPAuthenticatorSealed(sealed, []byte(totpAuthenticatorDefault)); err == nil {
		return plain(func(ctx context.Context) (Result, error) { return readTOTPAuthenticator(ctx, open) }), nil
	}
	return opened{encrypted: true, read: func(ctx context.Context, passphrase secret.Bytes) (Result, error) {
		open, err := openTOTPAuthenticatorSealed(sealed, passphrase.Reveal())
		if err != nil {
			return Result{}, fmt.Errorf("%w, or the file is none of TOTP Authenticator; an encrypted maFile of Steam needs its manifest.json", ErrPassphrase)
		}
		defer clear(open)
		return readTOTPAuthenticator(ctx, open)
	}}, nil
}

// openTOTPAuthenticatorSealed returns the array of accounts. It is the name of the only member of an object.
func openTOTPAuthenticatorSealed(sealed, passphrase []byte) ([]byte, error) {
	key := sha256.Sum256(passphrase)
	defer clear(key[:])
	open, err := openCBCPadded(key[:], make([]byte, aes.BlockSize), sealed)
	if err != nil {
		return nil, err
	}
	defer clear(open)
	var outer map[string]json.RawMessage
	if json.Unmarshal(open, &outer) != nil {
		if value(open).kind() == '[' && json.Valid(open) {
			return append([]byte(nil), open...), nil
		}
		return nil, errSealed
	}
	for name := range outer {
		if strings.HasPrefix(strings.TrimSpace(name), "[") {
			return []byte(name), nil
		}
	}
	return nil, errSealed
}

func readTOTPAuthenticator(ctx context.Context, data []byte) (Result, error) {
	var entries list
	if err := decode(data, &entries); err != nil {
		return Result{}, err
	}
	g := newGather(ctx)
	for _, raw := range entries {
		var e struct {
			Issuer   text   `json:"issuer"`
			Name     text   `json:"name"`
			Key      text   `json:"key"`
			Base     number `json:"base"`
			Digits   number `json:"digits"`
			Period   number `json:"period"`
			Favorite flag   `json:"isFavorite"`
		}
		if err := decode(raw, &e); err != nil {
			g.skip("", reason(err))
			continue
		}
		d := draft{
			kind: otp.TOTP, issuer: string(e.Issuer), name: string(e.Name), key: string(e.Key), digits: e.Digits, period: e.Period,
			extra: extra{favourite: bool(e.Favorite)},
		}
		if d.issuer == "Unknown" {
			d.issuer = ""
		}
		switch e.Base.or(32) {
		case 16:
			d.bytes, d.key = hexBytes(d.key), "!"
		case 64:
			key, err := fromBase64(d.key)
			if err == nil {
				d.bytes = secret.New(key)
			}
			d.key = "!"
		}
		g.add(d)
	}
	return g.done()
}
