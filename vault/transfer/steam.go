package transfer

import (
	"bytes"
	"context"
	"crypto/sha1" // what the format uses
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
	"github.com/tallystick/tallystick/vault/secret"
)

// Steam: the file "Steamguard-…" of the Android app, {"shared_secret","account_name",…} or {"accounts":{id:{…}}}; the .maFile of Steam
// Desktop Authenticator and steamguard-cli, one account each, with a manifest.json that says how they are encrypted. Only shared_secret is
// taken, and the revocation code, which is Steam's recovery key. The link in these files has been seen with another key. Session tokens
// and the key for trades are never read.
var steam = source{id: "steam", name: "Steam", sniff: sniffSteam, together: openSteam}

// steamDesktop is what Steam Desktop Authenticator encrypts with: AES-256-CBC and PBKDF2-HMAC-SHA1.
const steamDesktopRounds = 50_000

// steamManifestName is the file that belongs beside .maFile files.
const steamManifestName = "manifest.json"

type steamAccount struct {
	Secret     text `json:"shared_secret"`
	Name       text `json:"account_name"`
	URI        text `json:"uri"`
	Revocation text `json:"revocation_code"`
	SteamID    text `json:"steamid"`
	SteamID2   text `json:"steam_id"`
}

type steamManifest struct {
	Version number             `json:"version"`
	Entries []steamManifestRow `json:"entries"`
}

type steamManifestRow struct {
	File text `json:"filename"`
	Name text `json:"account_name"`
	ID   text `json:"steamid"`
	// Steam Desktop Authenticator
	IV   text `json:"encryption_iv"`
	Salt text `json:"encryption_salt"`
	// steamguard-cli
	Encryption object[struct {
		Scheme text `json:"scheme"`
		IV     text `json:"iv"`
		Salt   text `json:"salt"`
	}] `json:"encryption"`
}

func isSteamManifest(in *input) bool {
	if !in.has("entries") {
		return false
	}
	first := readHead(in.json.keys["entries"])
	return first != nil && first.array && (first.all([]string{"filename"}) || first.count == 0 && in.has("periodic_checking"))
}

func sniffSteam(in *input) bool {
	if in.has("shared_secret") || isSteamManifest(in) {
		return true
	}
	if in.has("accounts") && in.json.keys["accounts"].kind() == '{' {
		return bytes.Contains(in.json.keys["accounts"], []byte(`"shared_secret"`))
	}
	// Encrypted: nothing but the manifest beside it says what it is.
	return in.json == nil && (isBase64(in.text) || in.text == nil) && slices.ContainsFunc(in.others, func(o *input) bool {
		return isSteamManifest(o) && (isBase64(in.text) || bytes.Contains(o.text, []byte(path.Base(in.name))))
	})
}

// isBase64 reports whether a text is base64 and nothing else, of whole AES blocks.
func isBase64(text []byte) bool {
	if len(text) < 20 {
		return false
	}
	n, padding := 0, 0
	for _, c := range text {
		switch {
		case c == '\r', c == '\n', c == ' ', c == '\t':
		case c == '=':
			padding++
		case padding > 0:
			return false
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
			n++
		default:
			return false
		}
	}
	return n*6/8%16 == 0
}

// steamSealed is a file that a passphrase opens.
type steamSealed struct {
	name string
	data []byte
	iv   []byte
	derivation
}

func openSteam(_ context.Context, inputs []*input) (opened, error) {
	var rows []steamManifestRow
	for _, in := range inputs {
		if isSteamManifest(in) {
			var m steamManifest
			if err := decode(in.text, &m); err != nil {
				return opened{}, err
			}
			if m.Version.or(1) > 1 {
				return opened{}, fmt.Errorf("%w: version %d of the manifest", ErrNewer, m.Version.value)
			}
			rows = append(rows, m.Entries...)
		}
	}
	if len(rows) > MaxEntries {
		return opened{}, fmt.Errorf("%w: %d accounts in the manifest", ErrTooLarge, len(rows))
	}
	var sealed []steamSealed
	var open []*input
	var cost Cost
	here := map[string]bool{}
	for _, in := range inputs {
		base := strings.ToLower(path.Base(strings.ReplaceAll(in.name, `\`, "/")))
		here[base] = true
		switch {
		case isSteamManifest(in):
		case in.json != nil:
			open = append(open, in)
		default:
			s, err := sealSteam(in, base, rows)
			if err != nil {
				return opened{}, err
			}
			sealed = append(sealed, s)
			cost.Memory, cost.Iterations = max(cost.Memory, s.cost.Memory), cost.Iterations+s.cost.Iterations
		}
	}
	return opened{encrypted: len(sealed) > 0, cost: cost, read: func(ctx context.Context, passphrase secret.Bytes) (Result, error) {
		g := newGather(ctx)
		for _, in := range open {
			if err := g.addSteamFile(in.text); err != nil {
				return Result{}, err
			}
		}
		for _, s := range sealed {
			plain, err := s.open(ctx, passphrase)
			if err != nil {
				g.result.Wipe()
				return Result{}, err
			}
			err = g.addSteamFile(plain)
			clear(plain)
			if err != nil {
				g.result.Wipe()
				return Result{}, ErrPassphrase // one wrong passphrase in 256 gives a padding that is right
			}
		}
		missing := slices.DeleteFunc(slices.Clone(rows), func(r steamManifestRow) bool { return here[strings.ToLower(string(r.File))] })
		switch {
		case len(missing) == 0:
		case len(open)+len(sealed) == 0:
			for _, r := range missing {
				g.skip(first(r.Name, r.File), "Its file "+cut(string(r.File), 100)+" is not here. Choose it along with manifest.json.")
			}
		default:
			g.warn(fmt.Sprintf("manifest.json names accounts whose files are not here: %d.", len(missing)))
		}
		return g.done()
	}}, nil
}

// sealSteam finds in the manifest how a file is encrypted: by its name, or when there is but one entry, by that.
func sealSteam(in *input, base string, rows []steamManifestRow) (steamSealed, error) {
	i := slices.IndexFunc(rows, func(r steamManifestRow) bool { return strings.EqualFold(string(r.File), base) })
	if i < 0 && len(rows) == 1 {
		i = 0
	}
	if i < 0 {
		return steamSealed{}, fmt.Errorf("%w: %s is encrypted, and manifest.json does not say how", ErrDamaged, in.name)
	}
	r := rows[i]
	iv, e1 := fromBase64(first(r.Encryption.it.IV, r.IV))
	salt, e2 := fromBase64(first(r.Encryption.it.Salt, r.Salt))
	if e1 != nil || e2 != nil || len(iv) != 16 {
		return steamSealed{}, fmt.Errorf("%w: manifest.json does not say how %s is encrypted", ErrDamaged, in.name)
	}
	s := steamSealed{name: in.name, iv: iv}
	switch scheme := string(r.Encryption.it.Scheme); scheme {
	case "", "LegacySdaCompatible":
		s.derivation, e1 = pbkdf2Of(sha1.New, salt, steamDesktopRounds, 32)
	case "Argon2idAes256":
		s.derivation, e1 = argon2id(salt, 3, 12<<10, 12, 32)
	default:
		e1 = fmt.Errorf("%w: encryption %s", ErrNewer, cut(scheme, 40))
	}
	if e1 != nil {
		return steamSealed{}, e1
	}
	s.data = in.data
	if in.text != nil && isBase64(in.text) {
		if s.data, e1 = fromBase64(string(in.text)); e1 != nil {
			return steamSealed{}, e1
		}
	}
	return s, nil
}

func (s steamSealed) open(ctx context.Context, passphrase secret.Bytes) ([]byte, error) {
	key, err := s.key(ctx, passphrase)
	if err != nil {
		return nil, err
	}
	defer key.Wipe()
	plain, err := openCBCPadded(key.Reveal(), s.iv, s.data)
	if err != nil {
		return nil, ErrPassphrase
	}
	return plain, nil
}

// addSteamFile adds the account or the accounts of one file.
func (g *gather) addSteamFile(data []byte) error {
	var file struct {
		steamAccount
		Accounts map[string]json.RawMessage `json:"accounts"`
	}
	if err := decode(data, &file); err != nil {
		return err
	}
	if file.Secret != "" || len(file.Accounts) == 0 {
		g.addSteam(file.steamAccount)
	}
	ids := make([]string, 0, len(file.Accounts))
	for id := range file.Accounts {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		var a steamAccount
		if json.Unmarshal(file.Accounts[id], &a) != nil {
			g.skip(id, reason(ErrDamaged))
			continue
		}
		g.addSteam(a)
	}
	return nil
}

func (g *gather) addSteam(a steamAccount) {
	name := string(a.Name)
	if name == "" {
		if link, err := otpauth.Parse(string(a.URI)); err == nil {
			name = link.Name
		}
	}
	if name == "" {
		name = first(a.SteamID, a.SteamID2)
	}
	key, err := fromBase64(string(a.Secret))
	if err != nil || len(key) == 0 {
		g.skip(title("Steam", name), "The key is missing or damaged.")
		return
	}
	d := draft{kind: otp.Steam, issuer: "Steam", name: name, bytes: secret.New(key)}
	if code := strings.TrimSpace(string(a.Revocation)); code != "" {
		d.recovery = []secret.Bytes{secret.FromString(code)}
		d.note = "Steam revocation code: " + code // so that it is not lost when nobody keeps it as a recovery key
	}
	g.add(d)
}
