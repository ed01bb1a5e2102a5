package transfer

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// otpclient is the database of OTPClient, versions 2 and 3:
//
//	"OTPClient", version u32, start value 16, salt 32, passes u32, memory KiB u32, lanes u32; AES-256-GCM with the
//	header as additional data and the tag at the end; key = Argon2id
//
// Version 2 is the same as a C structure of the computer that wrote it: three bytes of padding after the name, and its own order of
// bytes.
var otpclient = source{
	id: "otpclient", name: "OTPClient",
	sniff: func(in *input) bool { return bytes.HasPrefix(in.data, []byte(otpclientName)) },
	open:  openOTPClient,
}

// otpclientOld is version 1: start value 16, salt 32, AES-256-GCM with both as additional data; key = PBKDF2-HMAC-SHA512. It has
// no mark of its own.
var otpclientOld = source{
	id: "otpclient", name: "OTPClient",
	sniff: func(in *input) bool {
		return in.text == nil && len(in.data) > otpclientIV+otpclientSalt+otpclientTag && looksRandom(in.data)
	},
	open: openOTPClient1,
}

const (
	otpclientName   = "OTPClient"
	otpclientIV     = 16
	otpclientSalt   = 32
	otpclientTag    = 16
	otpclientRounds = 100_000
)

func openOTPClient(_ context.Context, in *input) (opened, error) {
	const rest = 4 + otpclientIV + otpclientSalt + 3*4 + otpclientTag // after the name
	data := in.data
	short := fmt.Errorf("%w: it ends too early", ErrDamaged)
	if len(data) < len(otpclientName)+rest {
		return opened{}, short
	}
	at, order, version := len(otpclientName), binary.ByteOrder(binary.BigEndian), uint32(0)
	if version = order.Uint32(data[at:]); version > 2 && version < 1<<8 {
		if version > 3 {
			return opened{}, fmt.Errorf("%w: version %d", ErrNewer, version)
		}
	} else {
		if at += 3; len(data) < at+rest {
			return opened{}, short
		}
		if binary.LittleEndian.Uint32(data[at:]) == 2 {
			order = binary.LittleEndian
		}
		if version = order.Uint32(data[at:]); version != 2 {
			return opened{}, fmt.Errorf("%w: its header", ErrDamaged)
		}
	}
	at += 4
	iv, salt := data[at:at+otpclientIV], data[at+otpclientIV:at+otpclientIV+otpclientSalt]
	at += otpclientIV + otpclientSalt
	number := func(n int) int64 { return int64(order.Uint32(data[at+4*n:])) }
	d, err := argon2id(salt, number(0), number(1), number(2), 32)
	if err != nil {
		return opened{}, err
	}
	header := at + 3*4
	return opened{encrypted: true, cost: d.cost, read: func(ctx context.Context, passphrase secret.Bytes) (Result, error) {
		return readOTPClientSealed(ctx, d, otpclientForms(passphrase.Reveal()), iv, data[:header], data[header:])
	}}, nil
}

func openOTPClient1(ctx context.Context, in *input) (opened, error) {
	const header = otpclientIV + otpclientSalt
	d, err := pbkdf2Of(sha512.New, in.data[otpclientIV:header], otpclientRounds, 32)
	if err != nil {
		return opened{}, err
	}
	return opened{encrypted: true, cost: d.cost, read: func(ctx context.Context, passphrase secret.Bytes) (Result, error) {
		return readOTPClientSealed(ctx, d, otpclientForms(passphrase.Reveal()), in.data[:otpclientIV], in.data[:header], in.data[header:])
	}}, nil
}

// otpclientForms is what old versions made of a passphrase beyond ASCII: they counted characters and took as many bytes.
func otpclientForms(passphrase []byte) [][]byte {
	forms := [][]byte{passphrase}
	if n := utf8.RuneCount(passphrase); n < len(passphrase) {
		forms = append(forms, passphrase[:n])
	}
	return forms
}

func readOTPClientSealed(ctx context.Context, d derivation, forms [][]byte, iv, header, sealed []byte) (Result, error) {
	for _, form := range forms {
		key, err := d.keyOf(ctx, form)
		if err != nil {
			return Result{}, err
		}
		open, err := openGCM(key.Reveal(), iv, sealed, header)
		key.Wipe()
		if err != nil {
			continue
		}
		defer clear(open)
		return readOTPClient(ctx, bytes.TrimRight(open, "\x00"))
	}
	return Result{}, ErrPassphrase
}

// readOTPClient reads the JSON inside: an array of {"type","label","issuer","secret","digits","algo","period" or "counter","group"}.
func readOTPClient(ctx context.Context, data []byte) (Result, error) {
	var entries list
	if err := decode(data, &entries); err != nil {
		return Result{}, err
	}
	g := newGather(ctx)
	for _, raw := range entries {
		var e struct {
			Type, Label, Issuer, Secret, Algo, Group text
			Digits, Period, Counter                  number
		}
		if err := decode(raw, &e); err != nil {
			g.skip("", reason(err))
			continue
		}
		kind, known := kindOf(string(e.Type))
		if !known {
			g.skip(title(string(e.Issuer), string(e.Label)), notSupported)
			continue
		}
		d := draft{
			kind: kind, issuer: string(e.Issuer), name: string(e.Label), key: string(e.Secret), algorithm: string(e.Algo),
			digits: e.Digits, period: e.Period, counter: e.Counter,
		}
		if kind == otp.TOTP && strings.EqualFold(strings.TrimSpace(d.issuer), "steam") {
			d.kind = otp.Steam // by the issuer's name, as the app does it
		}
		if e.Group != "" {
			d.tags = []string{string(e.Group)}
		}
		g.add(d)
	}
	return g.done()
}
