package exports

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
)

// 2FAS: its schema 4, which Android and iOS write and read.

type twofasFile struct {
	Services    []twofasService `json:"services"`
	Groups      []twofasGroup   `json:"groups"`
	UpdatedAt   int64           `json:"updatedAt"`
	Schema      int             `json:"schemaVersion"`
	VersionCode int             `json:"appVersionCode"`
	VersionName string          `json:"appVersionName"`
	Origin      string          `json:"appOrigin"`
	Sealed      string          `json:"servicesEncrypted,omitempty"`
	Reference   string          `json:"reference,omitempty"`
}

type twofasGroup struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Expanded  bool   `json:"isExpanded"`
	UpdatedAt int64  `json:"updatedAt"`
}

type twofasService struct {
	Name      string     `json:"name"`
	Secret    string     `json:"secret"`
	UpdatedAt int64      `json:"updatedAt"`
	OTP       twofasOTP  `json:"otp"`
	Order     twofasRank `json:"order"`
	Icon      twofasIcon `json:"icon"`
	GroupID   string     `json:"groupId,omitempty"`
}

type twofasOTP struct {
	Account   string  `json:"account"`
	Issuer    string  `json:"issuer"`
	Digits    int     `json:"digits"`
	Period    int     `json:"period,omitempty"`
	Algorithm string  `json:"algorithm"`
	Counter   *uint64 `json:"counter,omitempty"`
	TokenType string  `json:"tokenType"`
	Source    string  `json:"source"`
}

type twofasRank struct {
	Position int `json:"position"`
}

type twofasIcon struct {
	Selected   string           `json:"selected"`
	Label      twofasLabel      `json:"label"`
	Collection twofasCollection `json:"iconCollection"`
}

type twofasLabel struct {
	Text  string `json:"text"`
	Color string `json:"backgroundColor"`
}

type twofasCollection struct {
	ID string `json:"id"`
}

const (
	twofasSchema  = 4
	twofasVersion = 5000012 // a version of the app that wrote this schema
	twofasName    = "5.0.12"
	twofasRounds  = 10_000 // of PBKDF2: fixed by the app
	twofasSalt    = 256    // bytes
	// twofasIcons is the collection of the app's own pictures; the letters are shown instead.
	twofasIcons = "a5b3fb65-4ec5-43e6-8ec1-49e24ca9e7ad"
	// twofasReference is what the app encrypts along, to try a passphrase on: the same text in every export.
	twofasReference = "tRViSsLKzd86Hprh4ceC2OP7xazn4rrt4xhfEUbOjxLX8Rc3mkISXE0lWbmnWfggogbBJhtYgpK6fMl1D6mtsy92R3HkdGfwuXbzLebqVFJsR7IZ2w58t938iymwG4824igYy1wi6n2WDpO1Q1P69zwJGs2F5a1qP4MyIiDSD7NCV2OvidXQCBnDlGfmz0f1BQySRkkt4ryiJeCjD2o4QsveJ9uDBUn8ELyOrESv5R5DMDkD4iAF8TXU7KyoJujd"
)

func twofas(accounts []vault.Account, o Options) ([]byte, error) {
	file := twofasFile{
		Services: []twofasService{}, Groups: []twofasGroup{}, UpdatedAt: o.Now.UnixMilli(),
		Schema: twofasSchema, VersionCode: twofasVersion, VersionName: twofasName, Origin: "android",
	}
	groups := map[string]string{}
	for i, a := range accounts {
		p := a.Params
		s := twofasService{
			Name: a.Issuer, Secret: otp.EncodeBase32(p.Secret.Reveal()), UpdatedAt: millis(a.Changed), Order: twofasRank{i},
			OTP: twofasOTP{
				Account: a.Name, Issuer: a.Issuer, Digits: p.Digits, Period: p.Period, Algorithm: string(p.Algorithm),
				TokenType: strings.ToUpper(string(p.Kind)), Source: "Manual",
			},
		}
		if strings.TrimSpace(s.Name) == "" {
			s.Name = a.Name // a service has to be called something
		}
		if p.Kind == otp.HOTP {
			s.OTP.Counter = &p.Counter
		}
		s.Icon = twofasIcon{"Label", twofasLabel{letters(s.Name), "Default"}, twofasCollection{twofasIcons}}
		if len(a.Tags) > 0 {
			tag := a.Tags[0]
			if groups[tag] == "" {
				id, err := newUUID(o.Rand)
				if err != nil {
					return nil, err
				}
				groups[tag] = id
				file.Groups = append(file.Groups, twofasGroup{id, tag, true, o.Now.UnixMilli()})
			}
			s.GroupID = groups[tag]
		}
		file.Services = append(file.Services, s)
	}
	if o.Passphrase.IsEmpty() {
		return indent(file)
	}
	text, err := json.Marshal(file.Services)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	file.Services = []twofasService{}
	salt := make([]byte, twofasSalt)
	if _, err := io.ReadFull(o.Rand, salt); err != nil {
		return nil, fmt.Errorf("exports: no randomness: %w", err)
	}
	key, err := pbkdf2.Key(sha256.New, string(o.Passphrase.Reveal()), salt, twofasRounds, 32)
	if err != nil {
		return nil, fmt.Errorf("exports: %w", err)
	}
	defer clear(key)
	if file.Sealed, err = twofasBox(key, salt, text, o.Rand); err != nil {
		return nil, err
	}
	if file.Reference, err = twofasBox(key, salt, []byte(twofasReference), o.Rand); err != nil {
		return nil, err
	}
	return indent(file)
}

// twofasBox is base64 of ciphertext and tag, of the salt, and of the nonce, with colons between.
func twofasBox(key, salt, plain []byte, random io.Reader) (string, error) {
	nonce := make([]byte, 12)
	if _, err := io.ReadFull(random, nonce); err != nil {
		return "", fmt.Errorf("exports: no randomness: %w", err)
	}
	box, tag, err := sealGCM(key, nonce, plain)
	if err != nil {
		return "", err
	}
	b64 := base64.StdEncoding.EncodeToString
	return b64(append(box, tag...)) + ":" + b64(salt) + ":" + b64(nonce), nil
}

// letters are the first two of a name, in capitals.
func letters(name string) string {
	var out []rune
	for _, r := range name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			if out = append(out, unicode.ToUpper(r)); len(out) == 2 {
				break
			}
		}
	}
	return string(out)
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
