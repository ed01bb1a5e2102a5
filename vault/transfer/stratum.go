package transfer

import (
	"context"
	"slices"

	"github.com/tallystick/tallystick/vault/otp"
)

// Stratum, formerly Authenticator Pro: {"Authenticators":[…],"Categories","AuthenticatorCategories","CustomIcons"}. This is its
// unencrypted backup, and what the encrypted ones hold.
var stratum = source{
	id: "stratum", name: "Stratum",
	sniff: func(in *input) bool { return in.has("Authenticators") },
	open: func(_ context.Context, in *input) (opened, error) {
		return plain(func(ctx context.Context) (Result, error) { return readStratum(ctx, in.text) }), nil
	},
}

// stratumKinds and stratumAlgorithms are the app's numbers.
var (
	stratumKinds      = map[int64]otp.Kind{1: otp.HOTP, 2: otp.TOTP, 3: otp.MOTP, 4: otp.Steam, 5: otp.Yandex}
	stratumAlgorithms = []otp.Algorithm{otp.SHA1, otp.SHA256, otp.SHA512}
)

// readStratum reads the JSON of a backup.
func readStratum(ctx context.Context, data []byte) (Result, error) {
	var file struct {
		Authenticators list
		Categories     list
		Bindings       list `json:"AuthenticatorCategories"`
		Icons          list `json:"CustomIcons"`
	}
	if err := decode(data, &file); err != nil {
		return Result{}, err
	}
	categories := map[string]string{}
	for _, raw := range file.Categories {
		var c struct{ ID, Name text }
		if decode(raw, &c) == nil {
			categories[string(c.ID)] = string(c.Name)
		}
	}
	tags := map[string][]string{} // by secret, as the app does it
	for _, raw := range file.Bindings {
		var b struct{ CategoryID, AuthenticatorSecret text }
		if decode(raw, &b) == nil {
			secret := string(b.AuthenticatorSecret)
			tags[secret] = append(tags[secret], categories[string(b.CategoryID)])
		}
	}
	icons := map[string]string{}
	for _, raw := range file.Icons {
		var i struct{ ID, Data text }
		if decode(raw, &i) == nil {
			icons["@"+string(i.ID)] = string(i.Data)
		}
	}
	g := newGather(ctx)
	g.expect(len(file.Authenticators))
	for _, raw := range file.Authenticators {
		var a struct {
			Type, Digits, Period, Counter, Algorithm number
			Icon, Issuer, Username, Secret, Pin      text
		}
		if err := decode(raw, &a); err != nil {
			g.skip("", reason(err))
			continue
		}
		g.addStratum(stratumRow{
			kind: a.Type, algorithm: a.Algorithm, issuer: string(a.Issuer), username: string(a.Username), secret: string(a.Secret),
			pin: string(a.Pin), digits: a.Digits, period: a.Period, counter: a.Counter,
		}, extra{tags: slices.Clone(tags[string(a.Secret)]), icon: iconOf("", icons[string(a.Icon)])})
	}
	return g.done()
}

// stratumRow is one account, from a backup or from the app's database.
type stratumRow struct {
	kind, algorithm          number
	issuer, username, secret string
	pin                      string
	digits, period, counter  number
}

func (g *gather) addStratum(r stratumRow, x extra) {
	kind, known := stratumKinds[r.kind.or(2)]
	a := r.algorithm.or(0)
	if !known {
		g.skip(title(r.issuer, r.username), notSupported)
		return
	}
	d := draft{
		kind: kind, issuer: r.issuer, name: r.username, key: r.secret, pin: r.pin,
		digits: r.digits, period: r.period, counter: r.counter, extra: x,
	}
	if a >= 0 && a < int64(len(stratumAlgorithms)) {
		d.algorithm = string(stratumAlgorithms[a])
	} else {
		d.algorithm = "unknown"
	}
	g.add(d)
}
