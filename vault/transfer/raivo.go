package transfer

import (
	"context"

	"github.com/tallystick/tallystick/vault/otp"
)

// raivo is what Raivo OTP's encrypted ZIP file holds: an array of {"issuer","account","secret","kind","algorithm","digits","timer",
// "counter","pinned"} with all values as strings. Whoever unpacked the file already may import that.
var raivo = source{
	id: "raivo", name: "Raivo OTP",
	sniff: func(in *input) bool {
		return in.hasEach("secret", "kind", "timer") || in.hasEach("secret", "kind", "iconValue")
	},
	open: func(_ context.Context, in *input) (opened, error) {
		return plain(func(ctx context.Context) (Result, error) { return readRaivo(ctx, in.text) }), nil
	},
}

// readRaivo reads the JSON of an export.
func readRaivo(ctx context.Context, data []byte) (Result, error) {
	var entries list
	if err := decode(data, &entries); err != nil {
		return Result{}, err
	}
	g := newGather(ctx)
	g.expect(len(entries))
	for _, raw := range entries {
		var e struct {
			Issuer, Account, Secret, Kind, Algorithm text
			Digits, Timer, Counter                   number
			Pinned                                   flag
		}
		if err := decode(raw, &e); err != nil {
			g.skip("", reason(err))
			continue
		}
		kind, ok := kindOf(string(e.Kind))
		if !ok {
			g.skip(title(string(e.Issuer), string(e.Account)), notSupported)
			continue
		}
		d := draft{
			kind: kind, issuer: string(e.Issuer), name: string(e.Account), key: string(e.Secret), algorithm: string(e.Algorithm),
			digits: e.Digits, counter: e.Counter, extra: extra{favourite: bool(e.Pinned)},
		}
		if kind == otp.TOTP {
			d.period = e.Timer
		}
		g.add(d)
	}
	return g.done()
}
