package transfer

import (
	"bytes"
	"context"
	"crypto/sha1"
	"fmt"

	"github.com/tallystick/tallystick/vault/secret"
)

// stratumSealed is Stratum's encrypted backup, as it is now and as it was:
//
//	"AUTHENTICATORPRO", salt 16, nonce 12, AES-256-GCM; key = Argon2id with 3 passes, 64 MiB, 4 lanes
//	"AuthenticatorPro", salt 20, start value 16, AES-256-CBC; key = PBKDF2-HMAC-SHA1 with 64,000 rounds
var stratumSealed = source{
	id: "stratum", name: "Stratum",
	sniff: func(in *input) bool {
		return bytes.HasPrefix(in.data, []byte(stratumStrong)) || bytes.HasPrefix(in.data, []byte(stratumLegacy))
	},
	open: openStratumSealed,
}

const (
	stratumStrong = "AUTHENTICATORPRO"
	stratumLegacy = "AuthenticatorPro"

	stratumStrongHead = 16 + 16 + 12 // bytes before the sealed text
	stratumLegacyHead = 16 + 20 + 16
)

func openStratumSealed(_ context.Context, in *input) (opened, error) {
	data := in.data
	strong := bytes.HasPrefix(data, []byte(stratumStrong))
	if len(data) < stratumLegacyHead+16 {
		return opened{}, fmt.Errorf("%w: it ends too early", ErrDamaged)
	}
	var d derivation
	var err error
	if strong {
		d, err = argon2id(data[16:32], 3, 64<<10, 4, 32)
	} else {
		d, err = pbkdf2Of(sha1.New, data[16:36], 64_000, 32)
	}
	if err != nil {
		return opened{}, err
	}
	return opened{encrypted: true, cost: d.cost, read: func(ctx context.Context, passphrase secret.Bytes) (Result, error) {
		key, err := d.key(ctx, passphrase)
		if err != nil {
			return Result{}, err
		}
		defer key.Wipe()
		var open []byte
		if strong {
			open, err = openGCM(key.Reveal(), data[32:stratumStrongHead], data[stratumStrongHead:], nil)
		} else {
			open, err = openCBCPadded(key.Reveal(), data[36:stratumLegacyHead], data[stratumLegacyHead:])
		}
		if err != nil {
			return Result{}, ErrPassphrase
		}
		defer clear(open)
		if !strong && !bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(open, []byte("\xef\xbb\xbf"))), []byte("{")) {
			// One wrong passphrase in 256 comes this far.
			return Result{}, ErrPassphrase
		}
		return readStratum(ctx, bytes.TrimPrefix(open, []byte("\xef\xbb\xbf")))
	}}, nil
}
