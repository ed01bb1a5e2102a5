package transfer

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// Battle.net: preferences of the Android app, in which key and serial are masked with a fixed row of bytes. The key is the hex text of
// 20 bytes.
var battlenet = source{id: "battlenet", name: "Battle.net", sniff: func(in *input) bool { return battlenetPref(in, "DEVICE_SECRET") != "" }, open: openBattlenet}

// battlenetMask is the row of bytes, in hex. It is the same in every copy of the app.
const battlenetMask = "398e27fc50276a656065b0e525f4c06c04c61075286b8e7aeda59da9813b5dd6c80d2fb38068773fa59ba47c17ca6c6479015c1d5b8b8f6b9a"

// battlenetPref is a value by the end of its name: the beginning is the app's package, which changed.
func battlenetPref(in *input, end string) string {
	if in.prefs == nil {
		return ""
	}
	for _, name := range in.prefs.names {
		if strings.HasSuffix(name, "AUTHENTICATOR_"+end) {
			return in.prefs.values[name]
		}
	}
	return ""
}

func openBattlenet(_ context.Context, in *input) (opened, error) {
	key, err := battlenetUnmask(battlenetPref(in, "DEVICE_SECRET"))
	if err != nil {
		return opened{}, err
	}
	serial, err := battlenetUnmask(battlenetPref(in, "SERIAL"))
	if err != nil {
		serial = nil
	}
	raw := make([]byte, hex.DecodedLen(len(key)))
	if _, err := hex.Decode(raw, key); err != nil || len(raw) == 0 {
		return opened{}, fmt.Errorf("%w: the key is none, or masked in a way that is not known", ErrDamaged)
	}
	clear(key)
	return plain(func(ctx context.Context) (Result, error) {
		g := newGather(ctx)
		g.add(draft{kind: otp.TOTP, issuer: "Battle.net", name: string(serial), bytes: secret.New(append([]byte(nil), raw...)), digits: whole(8)})
		return g.done()
	}), nil
}

func battlenetUnmask(text string) ([]byte, error) {
	masked, err := hex.DecodeString(strings.TrimSpace(text))
	mask, _ := hex.DecodeString(battlenetMask)
	if err != nil || len(masked) > len(mask) {
		return nil, fmt.Errorf("%w: the key is not in hex", ErrDamaged)
	}
	for i := range masked {
		masked[i] ^= mask[i]
	}
	return masked, nil
}
