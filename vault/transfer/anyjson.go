package transfer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
)

// anyJSON is JSON of an app that has no source of its own, or of a script: objects that name their key "secret" or the like, and links
// wherever they stand. Nothing is taken that does not say what it is.
var anyJSON = source{
	id: "json", name: "JSON",
	sniff: func(in *input) bool {
		return in.json != nil && in.json.err == nil && (bytes.Contains(in.text, []byte("otpauth")) || in.hasEach("secret") || bytes.Contains(in.text, []byte(`"secret"`)))
	},
	open: func(_ context.Context, in *input) (opened, error) {
		found := 0
		if err := walkObjects(in.text, func(o anyObject) bool { found++; return false }, func(string) bool { found++; return false }); err != nil || found == 0 {
			return opened{}, errors.Join(ErrUnknown, err)
		}
		return plain(func(ctx context.Context) (Result, error) { return readAnyJSON(ctx, in.text) }), nil
	},
}

// anyObject is an object with a key, by all the names that were seen for its members.
type anyObject struct {
	Secret    text   `json:"secret"`
	Issuer    text   `json:"issuer"`
	Service   text   `json:"service"`
	Provider  text   `json:"provider"`
	Name      text   `json:"name"`
	Account   text   `json:"account"`
	Label     text   `json:"label"`
	Username  text   `json:"username"`
	Email     text   `json:"email"`
	Type      text   `json:"type"`
	Algorithm text   `json:"algorithm"`
	Algo      text   `json:"algo"`
	Digits    number `json:"digits"`
	Period    number `json:"period"`
	Interval  number `json:"interval"`
	Timer     number `json:"timer"`
	Counter   number `json:"counter"`
	Note      text   `json:"note"`
	Notes     text   `json:"notes"`
	Tags      texts  `json:"tags"`
	Group     text   `json:"group"`
	Favorite  flag   `json:"favorite"`
}

// maxLook is how deep objects with a key are looked for.
const maxLook = 8

// walkObjects calls object for every object with a string called "secret", whose members are not looked into, and link for every
// string elsewhere that is a link. Either ends the walk by returning false.
func walkObjects(data []byte, object func(anyObject) bool, link func(string) bool) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(data), jsonOptions...)
	for {
		if dec.PeekKind() == '{' {
			start := int(dec.InputOffset())
			// Looking at every object reads what is in it once for every level.
			var head *shape
			if dec.StackDepth() < maxLook {
				head = readHead(bytes.TrimLeft(data[start:], " \t\r\n:,"))
			}
			if head != nil && head.err == nil && head.keys["secret"].kind() == '"' {
				v, err := dec.ReadValue()
				if err != nil {
					return err
				}
				var o anyObject
				if json.Unmarshal(v, &o) == nil && !object(o) {
					return nil
				}
				continue
			}
		}
		token, err := dec.ReadToken()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return ErrDamaged
		case dec.StackDepth() > maxDepth:
			return ErrDamaged
		}
		if token.Kind() != '"' {
			continue
		}
		if f := otpauth.Recognise(token.String()); (f == otpauth.URI || f == otpauth.Migration) && strings.Contains(token.String(), "otp") && !link(token.String()) {
			return nil
		}
	}
}

func readAnyJSON(ctx context.Context, data []byte) (Result, error) {
	g := newGather(ctx)
	var exports batches
	err := walkObjects(data, func(o anyObject) bool {
		g.addAny(o)
		return g.err == nil
	}, func(link string) bool {
		g.addLine(link, "a link", &exports)
		return g.err == nil
	})
	if err != nil {
		g.result.Wipe()
		return Result{}, err
	}
	exports.add(g)
	return g.done()
}

func (g *gather) addAny(o anyObject) {
	issuer, name := first(o.Issuer, o.Service, o.Provider), first(o.Account, o.Username, o.Name, o.Label, o.Email)
	x := extra{note: first(o.Note, o.Notes), tags: append(append([]string{}, o.Tags...), string(o.Group)), favourite: bool(o.Favorite)}
	if strings.Contains(string(o.Secret), "://") {
		g.addLink(string(o.Secret), issuer, name, x)
		return
	}
	kind, ok := kindOf(string(o.Type))
	if !ok {
		kind = otp.Kind(strings.ToLower(string(o.Type)))
	}
	if ok = ok || kind == "login" || kind == "otp"; !ok {
		g.skip(title(issuer, name), notSupported)
		return
	}
	if kind == "login" || kind == "otp" {
		kind = otp.TOTP
	}
	d := draft{
		kind: kind, issuer: issuer, name: name, key: string(o.Secret), algorithm: first(o.Algorithm, o.Algo), digits: o.Digits,
		period: o.Period, counter: o.Counter, extra: x,
	}
	for _, p := range []number{o.Interval, o.Timer} {
		if !d.period.given {
			d.period = p
		}
	}
	g.add(d)
}
