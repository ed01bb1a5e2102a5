package transfer

import (
	"context"
	"crypto/aes"
	"crypto/sha1" // what the format uses
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// Authy has no export. What people have is the preferences of its Android app, what the app asked its server for, what tools made of
// it, and the table that Twilio sends to who asks for their data. All hold the same tokens with other names for the fields.
var (
	authyPrefs = source{id: "authy", name: "Authy", sniff: func(in *input) bool { return len(authyLists(in)) > 0 }, open: openAuthy}
	authyJSON  = source{id: "authy", name: "Authy", sniff: func(in *input) bool {
		return in.has("authenticator_tokens") || in.has("decrypted_authenticator_tokens") || in.has("authy_tokens") ||
			in.hasEach("encryptedSecret") || in.hasEach("decryptedSecret") || in.hasEach("secretSeed") ||
			in.hasEach("encrypted_seed") || in.hasEach("decrypted_seed")
	}, open: openAuthy}
	authyTable = source{id: "authy", name: "Authy", sniff: func(in *input) bool { return in.named("encrypted_seed", "salt") }, open: openAuthy}
)

// What encrypts a token when the file does not say.
const (
	authyRounds = 1_000
	authyTotal  = 100_000_000 // rounds of one file: each token has a salt of its own
)

// authyToken is one token. The names are those of the app and of its server.
type authyToken struct {
	Type      text   `json:"accountType"`
	Type2     text   `json:"account_type"`
	Name      text   `json:"name"`
	Original  text   `json:"originalName"`
	Original2 text   `json:"original_name"`
	Issuer    text   `json:"originalIssuer"`
	Issuer2   text   `json:"issuer"`
	Digits    number `json:"digits"`
	Period    number `json:"period"`
	Plain     text   `json:"decryptedSecret"`
	Plain2    text   `json:"decrypted_seed"`
	Plain3    text   `json:"secret"`
	Seed      text   `json:"secretSeed"` // hex
	Sealed    text   `json:"encryptedSecret"`
	Sealed2   text   `json:"encrypted_seed"`
	Salt      text   `json:"salt"`
	IV        text   `json:"unique_iv"` // hex
	IV2       text   `json:"iv"`
	Rounds    number `json:"key_derivation_iterations"`
}

func first(values ...text) string {
	for _, v := range values {
		if v != "" {
			return string(v)
		}
	}
	return ""
}

// authyLists is the values of a preferences file that hold tokens.
func authyLists(in *input) []string {
	if in.prefs == nil {
		return nil
	}
	var lists []string
	for _, name := range in.prefs.names {
		if strings.HasPrefix(name, "com.authy.storage.tokens") && strings.HasPrefix(strings.TrimSpace(in.prefs.values[name]), "[") {
			lists = append(lists, in.prefs.values[name])
		}
	}
	return lists
}

func openAuthy(_ context.Context, in *input) (opened, error) {
	tokens, bad, err := authyTokens(in)
	if err != nil {
		return opened{}, err
	}
	var total int64
	encrypted := false
	for _, t := range tokens {
		if !t.sealed() {
			continue
		}
		encrypted = true
		rounds := t.Rounds.or(authyRounds)
		if rounds > maxRounds {
			return opened{}, fmt.Errorf("%w: %d rounds, at most %d are allowed", ErrTooCostly, rounds, maxRounds)
		}
		if total += rounds; total > authyTotal {
			return opened{}, fmt.Errorf("%w: %d rounds for all accounts, at most %d are allowed", ErrTooCostly, total, authyTotal)
		}
	}
	return opened{encrypted: encrypted, cost: Cost{Iterations: total}, read: func(ctx context.Context, passphrase secret.Bytes) (Result, error) {
		g := newGather(ctx)
		for range bad {
			g.skip("", reason(ErrDamaged))
		}
		wrong, right := 0, 0
		for _, t := range tokens {
			ok, err := g.addAuthy(t, passphrase)
			if err != nil {
				g.result.Wipe()
				return Result{}, err
			}
			if t.sealed() && ok {
				right++
			} else if t.sealed() {
				wrong++
			}
		}
		if wrong > 0 && right == 0 {
			g.result.Wipe()
			return Result{}, ErrPassphrase
		}
		return g.done()
	}}, nil
}

// authyTokens collects the tokens of any of the shapes, and counts those that are none.
func authyTokens(in *input) (tokens []authyToken, bad int, err error) {
	take := func(raws list) {
		for _, raw := range raws {
			var t authyToken
			if json.Unmarshal(raw, &t) != nil {
				bad++
				continue
			}
			tokens = append(tokens, t)
		}
	}
	switch {
	case in.prefs != nil:
		for _, text := range authyLists(in) {
			var raws list
			if err := decode([]byte(text), &raws); err != nil {
				return nil, 0, err
			}
			take(raws)
		}
	case in.table != nil:
		err = in.table.rows(func(r row) bool {
			tokens = append(tokens, authyToken{
				Name: text(r.get("name")), Issuer: text(r.get("issuer")), Sealed: text(r.get("encrypted_seed")), Salt: text(r.get("salt")),
				IV: text(r.get("iv", "unique_iv")), Rounds: parseNumber(r.get("key_derivation_iterations")), Digits: parseNumber(r.get("digits")),
			})
			return len(tokens) <= MaxEntries
		})
	case in.json.array:
		var raws list
		err = decode(in.text, &raws)
		take(raws)
	default:
		var file struct {
			Tokens list `json:"authenticator_tokens"`
			Plain  list `json:"decrypted_authenticator_tokens"`
			Own    list `json:"authy_tokens"`
		}
		err = decode(in.text, &file)
		take(file.Tokens)
		take(file.Plain)
		take(file.Own)
	}
	return tokens, bad, err
}

func (t authyToken) sealed() bool {
	return first(t.Sealed, t.Sealed2) != "" && first(t.Plain, t.Plain2, t.Plain3, t.Seed) == ""
}

// addAuthy adds one token. ok is false when the passphrase does not open it.
func (g *gather) addAuthy(t authyToken, passphrase secret.Bytes) (ok bool, err error) {
	d := draft{kind: otp.TOTP, digits: t.Digits, period: t.Period, issuer: first(t.Issuer, t.Issuer2), name: string(t.Name)}
	if d.name == "" {
		d.name = first(t.Original, t.Original2)
	}
	if before, _, split := strings.Cut(first(t.Original, t.Original2), ":"); d.issuer == "" && split {
		d.issuer = before
	}
	if d.issuer == "" {
		if before, after, split := strings.Cut(d.name, ":"); split {
			d.suggest(before, after)
		}
	}
	switch {
	case t.Seed != "":
		// Authy's own tokens: the key is in hex, and a code lasts 10 seconds.
		if !d.digits.given {
			d.digits = whole(7)
		}
		if !d.period.given {
			d.period = whole(10)
		}
		d.bytes, d.key = hexBytes(string(t.Seed)), "-"
	case !t.sealed():
		d.key = first(t.Plain, t.Plain2, t.Plain3)
	default:
		key, err := openAuthyToken(g.ctx, t, passphrase)
		if ctxErr := g.ctx.Err(); ctxErr != nil {
			return false, ctxErr
		}
		if err != nil {
			g.skip(title(d.issuer, d.name), "The passphrase does not open this account, or it is damaged.")
			return false, nil
		}
		d.key = string(key)
		clear(key)
		if _, err := otp.DecodeBase32(d.key); err != nil {
			g.skip(title(d.issuer, d.name), "The passphrase does not open this account, or it is damaged.")
			return false, nil
		}
	}
	g.add(d)
	return true, nil
}

func openAuthyToken(ctx context.Context, t authyToken, passphrase secret.Bytes) ([]byte, error) {
	sealed, err := fromBase64(first(t.Sealed, t.Sealed2))
	if err != nil {
		return nil, err
	}
	iv := make([]byte, aes.BlockSize)
	if given := first(t.IV, t.IV2); given != "" {
		if iv, err = hex.DecodeString(given); err != nil || len(iv) != aes.BlockSize {
			if iv, err = fromBase64(given); err != nil || len(iv) != aes.BlockSize {
				return nil, ErrDamaged
			}
		}
	}
	d, err := pbkdf2Of(sha1.New, []byte(t.Salt), t.Rounds.or(authyRounds), 32) // the salt as text, although it looks like base64
	if err != nil {
		return nil, err
	}
	key, err := d.key(ctx, passphrase)
	if err != nil {
		return nil, err
	}
	defer key.Wipe()
	return openCBCPadded(key.Reveal(), iv, sealed)
}

// hexBytes reads hex digits; empty when it is none.
func hexBytes(text string) secret.Bytes {
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return secret.Bytes{}
	}
	return secret.New(b)
}
