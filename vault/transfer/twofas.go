package transfer

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
	"github.com/tallystick/tallystick/vault/secret"
)

// 2FAS: {"services":[…],"groups":[…],"schemaVersion":1…4,"servicesEncrypted"}.
var twofas = source{
	id: "2fas", name: "2FAS",
	sniff: func(in *input) bool {
		return in.has("servicesEncrypted") || in.has("services", "schemaVersion") || in.has("services", "appVersionCode") ||
			in.has("services", "appOrigin")
	},
	open: openTwofas,
}

// What encrypts a 2FAS export. Its cost is not in the file.
const (
	twofasRounds = 10_000
	twofasSchema = 4 // the newest
)

type twofasFile struct {
	Services  list   `json:"services"`
	Groups    list   `json:"groups"`
	Schema    number `json:"schemaVersion"`
	Sealed    text   `json:"servicesEncrypted"`
	Reference text   `json:"reference"`
}

type twofasService struct {
	Name    text `json:"name"`
	Secret  text `json:"secret"`
	GroupID text `json:"groupId"`
	OTP     object[struct {
		Link      text   `json:"link"`
		Label     text   `json:"label"`
		Account   text   `json:"account"`
		Issuer    text   `json:"issuer"`
		Digits    number `json:"digits"`
		Period    number `json:"period"`
		Algorithm text   `json:"algorithm"`
		Counter   number `json:"counter"`
		TokenType text   `json:"tokenType"`
	}] `json:"otp"`
	Badge object[struct {
		Color text `json:"color"`
	}] `json:"badge"`
}

func openTwofas(_ context.Context, in *input) (opened, error) {
	var file twofasFile
	if err := decode(in.text, &file); err != nil {
		return opened{}, err
	}
	if file.Schema.or(1) > twofasSchema {
		return opened{}, fmt.Errorf("%w: schema %d", ErrNewer, file.Schema.value)
	}
	if strings.TrimSpace(string(file.Sealed)) == "" {
		return plain(func(ctx context.Context) (Result, error) { return readTwofas(ctx, file.Services, file.Groups) }), nil
	}
	box, err := splitTwofas(string(file.Sealed))
	if err != nil {
		return opened{}, err
	}
	d, err := pbkdf2Of(sha256.New, box.salt, twofasRounds, 32)
	if err != nil {
		return opened{}, err
	}
	return opened{encrypted: true, cost: d.cost, read: func(ctx context.Context, passphrase secret.Bytes) (Result, error) {
		key, err := d.key(ctx, passphrase)
		if err != nil {
			return Result{}, err
		}
		defer key.Wipe()
		open, err := openGCM(key.Reveal(), box.iv, box.sealed, nil)
		if err != nil {
			if twofasReference(ctx, file.Reference, passphrase) {
				return Result{}, fmt.Errorf("%w: the passphrase is right, and the content was changed", ErrDamaged)
			}
			return Result{}, ErrPassphrase
		}
		defer clear(open)
		var services list
		if err := decode(open, &services); err != nil {
			return Result{}, err
		}
		return readTwofas(ctx, services, file.Groups)
	}}, nil
}

// twofasBox is something encrypted: base64 of ciphertext and tag, of the salt, and of the nonce, with colons between.
type twofasBox struct{ sealed, salt, iv []byte }

func splitTwofas(text string) (twofasBox, error) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return twofasBox{}, fmt.Errorf("%w: the encrypted part is incomplete", ErrDamaged)
	}
	var b [3][]byte
	for i := range parts {
		var err error
		if b[i], err = fromBase64(parts[i]); err != nil || len(b[i]) == 0 {
			return twofasBox{}, fmt.Errorf("%w: the encrypted part is incomplete", ErrDamaged)
		}
	}
	return twofasBox{b[0], b[1], b[2]}, nil
}

// twofasReference reports whether the passphrase opens the text that the export holds for trying it.
func twofasReference(ctx context.Context, reference text, passphrase secret.Bytes) bool {
	box, err := splitTwofas(string(reference))
	if err != nil {
		return false
	}
	d, err := pbkdf2Of(sha256.New, box.salt, twofasRounds, 32)
	if err != nil {
		return false
	}
	key, err := d.key(ctx, passphrase)
	if err != nil {
		return false
	}
	defer key.Wipe()
	_, err = openGCM(key.Reveal(), box.iv, box.sealed, nil)
	return err == nil
}

func readTwofas(ctx context.Context, services, groups list) (Result, error) {
	names := map[string]string{}
	for _, raw := range groups {
		var g struct {
			ID   text `json:"id"`
			Name text `json:"name"`
		}
		if decode(raw, &g) == nil {
			names[string(g.ID)] = string(g.Name)
		}
	}
	g := newGather(ctx)
	g.expect(len(services))
	for _, raw := range services {
		var s twofasService
		if err := decode(raw, &s); err != nil {
			g.skip("", reason(err))
			continue
		}
		g.addTwofas(s, names)
	}
	return g.done()
}

func (g *gather) addTwofas(s twofasService, groups map[string]string) {
	o := s.OTP.it
	kind, ok := kindOf(string(o.TokenType))
	d := draft{
		kind: kind, issuer: string(o.Issuer), name: string(o.Account), key: string(s.Secret),
		algorithm: string(o.Algorithm), digits: o.Digits, period: o.Period, counter: o.Counter,
		extra: extra{tags: []string{groups[string(s.GroupID)]}},
	}
	if d.issuer == "" {
		d.issuer = string(s.Name)
	}
	if d.name == "" {
		// Schema 1 writes "Issuer:Account" here.
		d.name = afterIssuer(string(o.Label), d.issuer)
	}
	if link, err := otpauth.Parse(string(o.Link)); err == nil {
		if d.name == "" {
			d.name = link.Name
		}
		if d.key == "" {
			d.bytes = link.Params.Secret.Clone()
		}
		d.fillFrom(link.Params)
	}
	if !ok {
		g.skip(title(d.issuer, d.name), notSupported)
		return
	}
	g.add(d)
}

// fillFrom takes the settings that an export left out from the link it keeps, when the link is of the same kind.
func (d *draft) fillFrom(p otp.Params) {
	if p.Kind != d.kind || d.kind != otp.TOTP && d.kind != otp.HOTP {
		return
	}
	if d.algorithm == "" {
		d.algorithm = string(p.Algorithm)
	}
	if !d.digits.given {
		d.digits = whole(int64(p.Digits))
	}
	if !d.period.given && d.kind == otp.TOTP {
		d.period = whole(int64(p.Period))
	}
	if !d.counter.given && d.kind == otp.HOTP {
		d.counter = whole(int64(p.Counter))
	}
}

// afterIssuer is a label without the issuer it begins with: "Deno:Mason", "Deno: Mason".
func afterIssuer(label, issuer string) string {
	if issuer != "" && len(label) > len(issuer) && strings.EqualFold(label[:len(issuer)], issuer) {
		if rest := strings.TrimLeft(label[len(issuer):], " "); strings.HasPrefix(rest, ":") {
			return strings.TrimSpace(rest[1:])
		}
	}
	return label
}

// millis is a time in milliseconds since 1970; zero when it is absent or impossible.
func millis(n number) time.Time {
	const latest = 253_402_300_799_000 // the end of the year 9999
	if v := n.or(0); v > 0 && v <= latest {
		return time.UnixMilli(v).UTC()
	}
	return time.Time{}
}
