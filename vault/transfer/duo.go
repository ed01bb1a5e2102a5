package transfer

import (
	"context"
	"strings"

	"github.com/tallystick/tallystick/vault/otp"
)

// Duo Mobile: accounts.json of the Android app, an array of {"name","accountType","otpGenerator":{"otpSecret","counter"}}.
var duo = source{
	id: "duo", name: "Duo Mobile",
	sniff: func(in *input) bool { return in.hasEach("otpGenerator") || in.hasEach("accountType", "name", "pkey") },
	open: func(_ context.Context, in *input) (opened, error) {
		return plain(func(ctx context.Context) (Result, error) { return readDuo(ctx, in.text) }), nil
	},
}

func readDuo(ctx context.Context, data []byte) (Result, error) {
	var entries list
	if err := decode(data, &entries); err != nil {
		return Result{}, err
	}
	g := newGather(ctx)
	for _, raw := range entries {
		var e struct {
			Name      text `json:"name"`
			Type      text `json:"accountType"`
			Generator object[struct {
				Secret  text   `json:"otpSecret"`
				Counter number `json:"counter"`
			}] `json:"otpGenerator"`
		}
		if err := decode(raw, &e); err != nil {
			g.skip("", reason(err))
			continue
		}
		if !e.Generator.given || e.Generator.it.Secret == "" {
			g.skip(string(e.Name), "It is approved with a tap in Duo Mobile, and only Duo can move it. Add the new device at the portal, or ask for a method with codes.")
			continue
		}
		d := draft{kind: otp.TOTP, name: string(e.Name), key: string(e.Generator.it.Secret)}
		if strings.EqualFold(string(e.Type), "DuoAccount") {
			d.warnings = append(d.warnings, "Only the passcodes come along. What is approved with a tap stays in Duo Mobile.")
		}
		if e.Generator.it.Counter.given {
			d.kind, d.counter = otp.HOTP, e.Generator.it.Counter
		}
		g.add(d)
	}
	return g.done()
}
