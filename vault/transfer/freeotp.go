package transfer

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/tallystick/tallystick/vault/secret"
)

// FreeOTP 1 keeps its tokens in the preferences of the Android app, FreeOTP+ exports {"tokenOrder":[…],"tokens":[…]} with the same
// objects. Both store the counter of the last code of HOTP, not of the next one. FreeOTP 2 is another format altogether.
var (
	freeotpPrefs = source{id: "freeotp", name: "FreeOTP", sniff: sniffFreeOTP, open: func(_ context.Context, in *input) (opened, error) {
		return plain(func(ctx context.Context) (Result, error) { return readFreeOTPPrefs(ctx, in.prefs) }), nil
	}}
	freeotpPlus = source{
		id: "freeotpplus", name: "FreeOTP+",
		sniff: func(in *input) bool {
			return in.has("tokens", "tokenOrder") || in.has("tokens") && in.json.keys["tokens"].kind() == '['
		},
		open: func(_ context.Context, in *input) (opened, error) {
			return plain(func(ctx context.Context) (Result, error) { return readFreeOTPPlus(ctx, in.text) }), nil
		},
	}
)

const freeotpOrder = "tokenOrder"

func sniffFreeOTP(in *input) bool {
	if in.prefs == nil {
		return false
	}
	for _, name := range in.prefs.names {
		v := strings.TrimSpace(in.prefs.values[name])
		if strings.HasPrefix(v, "otpauth://") || strings.HasPrefix(v, "{") && strings.Contains(v, `"secret"`) && strings.Contains(v, `"label"`) {
			return true
		}
	}
	return false
}

// freeotpToken is one account. The alternative names are the person's own.
type freeotpToken struct {
	Algo      text   `json:"algo"`
	Counter   number `json:"counter"`
	Digits    number `json:"digits"`
	IssuerExt text   `json:"issuerExt"` // from the label
	IssuerInt text   `json:"issuerInt"` // from the issuer parameter
	IssuerAlt text   `json:"issuerAlt"`
	Label     text   `json:"label"`
	LabelAlt  text   `json:"labelAlt"`
	Period    number `json:"period"`
	Type      text   `json:"type"`
	Secret    signed `json:"secret"`
}

// signed is bytes as Java writes them: an array of numbers from -128 to 127. It is nil for what is no such array.
type signed []byte

// UnmarshalJSON never fails.
func (s *signed) UnmarshalJSON(b []byte) error {
	*s = nil
	var numbers []int16
	if json.Unmarshal(b, &numbers) != nil {
		return nil
	}
	out := make([]byte, len(numbers))
	for i, n := range numbers {
		if n < -128 || n > 255 {
			return nil
		}
		out[i] = byte(n)
	}
	*s = out
	return nil
}

func readFreeOTPPrefs(ctx context.Context, p *prefs) (Result, error) {
	g := newGather(ctx)
	g.expect(len(p.names))
	for _, name := range p.names {
		v := strings.TrimSpace(p.values[name])
		switch {
		case name == freeotpOrder:
		case strings.HasPrefix(v, "otpauth://"):
			g.addLink(v, "", name, extra{})
		case strings.HasPrefix(v, "{"):
			var t freeotpToken
			if json.Unmarshal([]byte(v), &t) != nil {
				g.skip(name, reason(ErrDamaged))
				continue
			}
			g.addFreeOTP(t)
		}
	}
	if p.err != nil {
		g.warn("The end of the file is damaged. Accounts may be missing.")
	}
	return g.done()
}

func readFreeOTPPlus(ctx context.Context, data []byte) (Result, error) {
	var file struct {
		Tokens list `json:"tokens"`
	}
	if err := decode(data, &file); err != nil {
		return Result{}, err
	}
	g := newGather(ctx)
	g.expect(len(file.Tokens))
	for _, raw := range file.Tokens {
		var t freeotpToken
		if err := decode(raw, &t); err != nil {
			g.skip("", reason(err))
			continue
		}
		g.addFreeOTP(t)
	}
	return g.done()
}

func (g *gather) addFreeOTP(t freeotpToken) {
	issuer, name := first(t.IssuerAlt, t.IssuerExt, t.IssuerInt), first(t.LabelAlt, t.Label)
	kind, ok := kindOf(string(t.Type))
	if !ok {
		g.skip(title(issuer, name), notSupported)
		return
	}
	if len(t.Secret) == 0 {
		g.skip(title(issuer, name), "The key is missing or damaged.")
		return
	}
	d := draft{
		kind: kind, issuer: issuer, name: name, bytes: secret.New(t.Secret), algorithm: string(t.Algo),
		digits: t.Digits, period: t.Period, counter: t.Counter,
	}
	d.lastCounter = kind == "hotp" && t.Counter.given
	g.add(d)
}
