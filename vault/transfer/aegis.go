package transfer

import (
	"context"
	"encoding/hex"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// Aegis: {"version":1,"header":{"slots","params"},"db"}, where db is an object, or base64 when it is encrypted. Format: the app's
// docs/vault.md. Its other exports, links and HTML, are those of otpauth-uri and of html.go.
var aegis = source{
	id: "aegis", name: "Aegis",
	sniff: func(in *input) bool {
		return in.has("db", "header") || in.has("db", "version") && in.json.keys["db"].kind() == '{'
	},
	open: openAegis,
}

// aegisFile is the outer layer.
type aegisFile struct {
	Version number `json:"version"`
	Header  struct {
		Slots  []aegisSlot         `json:"slots"`
		Params object[aegisParams] `json:"params"`
	} `json:"header"`
}

type aegisParams struct {
	Nonce text `json:"nonce"` // hex
	Tag   text `json:"tag"`   // hex
}

// aegisSlot is one way to the master key. Types: 0 raw, 1 password, 2 biometric.
type aegisSlot struct {
	Type     number      `json:"type"`
	Key      text        `json:"key"` // hex
	Params   aegisParams `json:"key_params"`
	N        number      `json:"n"`
	R        number      `json:"r"`
	P        number      `json:"p"`
	Salt     text        `json:"salt"` // hex
	Repaired flag        `json:"repaired"`
}

const (
	aegisPassword = 1  // slot type
	aegisSlots    = 16 // passwords that are tried
)

func openAegis(_ context.Context, in *input) (opened, error) {
	if in.json.err != nil {
		return opened{}, fmt.Errorf("%w: %s", ErrDamaged, "the end is missing, or it is no valid JSON")
	}
	var head struct{ V, H value }
	head.V, head.H = in.json.keys["version"], in.json.keys["header"]
	var file aegisFile
	if head.V != nil {
		_ = file.Version.UnmarshalJSON(head.V)
	}
	if head.H != nil && head.H.kind() == '{' {
		if err := decode(head.H, &file.Header); err != nil {
			return opened{}, err
		}
	}
	if file.Version.or(1) > 1 {
		return opened{}, fmt.Errorf("%w: version %d", ErrNewer, file.Version.value)
	}
	db := in.json.keys["db"]
	switch db.kind() {
	case '{':
		return plain(func(ctx context.Context) (Result, error) { return readAegis(ctx, db) }), nil
	case '"':
	default:
		return opened{}, fmt.Errorf("%w: there is no database in it", ErrDamaged)
	}
	type slot struct {
		aegisSlot
		derivation
	}
	var slots []slot
	var cost Cost
	for _, s := range file.Header.Slots {
		if s.Type.or(-1) != aegisPassword || len(slots) == aegisSlots {
			continue
		}
		salt, err := hex.DecodeString(string(s.Salt))
		if err != nil {
			return opened{}, ErrDamaged
		}
		d, err := scryptOf(salt, s.N.or(0), s.R.or(0), s.P.or(0), 32)
		if err != nil {
			return opened{}, err
		}
		slots = append(slots, slot{s, d})
		cost.Memory, cost.Iterations = max(cost.Memory, d.cost.Memory), cost.Iterations+d.cost.Iterations
	}
	if len(slots) == 0 {
		return opened{}, fmt.Errorf("%w: no password opens it, only the phone's fingerprint reader; export again with a password", ErrRestricted)
	}
	return opened{encrypted: true, cost: cost, read: func(ctx context.Context, passphrase secret.Bytes) (Result, error) {
		for _, s := range slots {
			for _, form := range aegisForms(passphrase.Reveal(), bool(s.Repaired)) {
				key, err := s.keyOf(ctx, form)
				clear(form)
				if err != nil {
					return Result{}, err
				}
				master, err := openAegisSealed(key.Reveal(), s.Params, s.Key)
				key.Wipe()
				if err != nil {
					continue
				}
				defer clear(master)
				return openAegisDB(ctx, master, file.Header.Params.it, db)
			}
		}
		return Result{}, ErrPassphrase
	}}, nil
}

// aegisForms is the bytes that the app may have made of a password. Old versions took the whole buffer that encoding it to
// UTF-8 had made, with the zeros at its end. Up to 64 bytes that gives the same key.
func aegisForms(password []byte, repaired bool) [][]byte {
	forms := [][]byte{append([]byte(nil), password...)}
	if repaired || len(password) <= 64 {
		return forms
	}
	units := 0
	for i := 0; i < len(password); {
		r, n := utf8.DecodeRune(password[i:])
		units, i = units+utf16.RuneLen(max(r, 0)), i+n
	}
	size := int(float32(units) * 1.1) // what Java expects UTF-8 to need
	for size < len(password) {
		size = 2*size + 1
	}
	if size > len(password) {
		forms = append(forms, append(append(make([]byte, 0, size), password...), make([]byte, size-len(password))...))
	}
	return forms
}

// openAegisSealed opens a key of a slot.
func openAegisSealed(key []byte, p aegisParams, sealed text) ([]byte, error) {
	nonce, e1 := hex.DecodeString(string(p.Nonce))
	tag, e2 := hex.DecodeString(string(p.Tag))
	body, e3 := hex.DecodeString(string(sealed))
	if e1 != nil || e2 != nil || e3 != nil {
		return nil, errSealed
	}
	return openGCM(key, nonce, append(body, tag...), nil)
}

func openAegisDB(ctx context.Context, master []byte, p aegisParams, db value) (Result, error) {
	var sealed text
	_ = sealed.UnmarshalJSON(db)
	body, err := fromBase64(string(sealed))
	if err != nil {
		return Result{}, err
	}
	nonce, e1 := hex.DecodeString(string(p.Nonce))
	tag, e2 := hex.DecodeString(string(p.Tag))
	if e1 != nil || e2 != nil {
		return Result{}, ErrDamaged
	}
	open, err := openGCM(master, nonce, append(body, tag...), nil)
	if err != nil {
		return Result{}, fmt.Errorf("%w: the passphrase is right, and the content was changed", ErrDamaged)
	}
	defer clear(open)
	return readAegis(ctx, open)
}

// aegisEntry is one account. Versions 1 and 2 of the database have a group's name in Group, version 3 has ids in Groups.
type aegisEntry struct {
	Type     text  `json:"type"`
	Name     text  `json:"name"`
	Issuer   text  `json:"issuer"`
	Note     text  `json:"note"`
	Favorite flag  `json:"favorite"`
	Icon     text  `json:"icon"` // base64
	IconMIME text  `json:"icon_mime"`
	Group    text  `json:"group"`
	Groups   texts `json:"groups"`
	Info     struct {
		Secret  text   `json:"secret"`
		Algo    text   `json:"algo"`
		Digits  number `json:"digits"`
		Period  number `json:"period"`
		Counter number `json:"counter"`
		PIN     text   `json:"pin"`
	} `json:"info"`
}

func readAegis(ctx context.Context, db []byte) (Result, error) {
	var file struct {
		Version number `json:"version"`
		Entries list   `json:"entries"`
		Groups  list   `json:"groups"`
	}
	if err := decode(db, &file); err != nil {
		return Result{}, err
	}
	if file.Version.or(1) > 3 {
		return Result{}, fmt.Errorf("%w: version %d of the database", ErrNewer, file.Version.value)
	}
	groups := map[string]string{}
	for _, raw := range file.Groups {
		var g struct {
			UUID text `json:"uuid"`
			Name text `json:"name"`
		}
		if decode(raw, &g) == nil {
			groups[string(g.UUID)] = string(g.Name)
		}
	}
	g := newGather(ctx)
	g.expect(len(file.Entries))
	for _, raw := range file.Entries {
		var e aegisEntry
		if err := decode(raw, &e); err != nil {
			g.skip("", reason(err))
			continue
		}
		kind, ok := kindOf(string(e.Type))
		if !ok {
			g.skip(title(string(e.Issuer), string(e.Name)), notSupported)
			continue
		}
		d := draft{
			kind: kind, issuer: string(e.Issuer), name: string(e.Name), key: string(e.Info.Secret), pin: string(e.Info.PIN),
			algorithm: string(e.Info.Algo), digits: e.Info.Digits, period: e.Info.Period, counter: e.Info.Counter,
			extra: extra{note: string(e.Note), favourite: bool(e.Favorite), icon: iconOf(string(e.IconMIME), string(e.Icon))},
		}
		if e.Group != "" {
			d.tags = append(d.tags, string(e.Group))
		}
		for _, id := range e.Groups {
			d.tags = append(d.tags, groups[id])
		}
		switch {
		case kind == otp.MOTP:
			d.bytes = hexText(string(e.Info.Secret))
		case kind == otp.HOTP && d.algorithm == string(otp.MD5):
			d.algorithm = string(otp.SHA1)
			d.warnings = append(d.warnings, "The export names an algorithm that Aegis is known to have written by mistake. The usual one was taken: check that the first code is accepted.")
		}
		g.add(d)
	}
	return g.done()
}

// hexText is the key of mOTP, which is the text of hex digits, from base32 of the bytes they stand for. Empty when it is none.
func hexText(base32 string) secret.Bytes {
	key, err := otp.DecodeBase32(base32)
	if err != nil {
		return secret.Bytes{}
	}
	defer key.Wipe()
	return secret.New(hex.AppendEncode(nil, key.Reveal()))
}
