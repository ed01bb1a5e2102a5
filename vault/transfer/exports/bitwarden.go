package exports

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
)

// Bitwarden: an item of a login for each account, with nothing but the code in it.

type bitwardenFile struct {
	Encrypted bool              `json:"encrypted"`
	Folders   []bitwardenFolder `json:"folders"`
	Items     []bitwardenItem   `json:"items"`
}

type bitwardenFolder struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type bitwardenItem struct {
	ID             string         `json:"id"`
	OrganizationID *string        `json:"organizationId"`
	FolderID       *string        `json:"folderId"`
	Type           int            `json:"type"` // 1 = login
	Reprompt       int            `json:"reprompt"`
	Name           string         `json:"name"`
	Notes          *string        `json:"notes"`
	Favorite       bool           `json:"favorite"`
	Login          bitwardenLogin `json:"login"`
	CollectionIDs  []string       `json:"collectionIds"`
}

type bitwardenLogin struct {
	URIs     []bitwardenURI `json:"uris"`
	Username *string        `json:"username"`
	Password *string        `json:"password"`
	TOTP     string         `json:"totp"`
}

type bitwardenURI struct {
	Match *int   `json:"match"`
	URI   string `json:"uri"`
}

type bitwardenSealed struct {
	Encrypted  bool   `json:"encrypted"`
	Protected  bool   `json:"passwordProtected"`
	Salt       string `json:"salt"`
	KDF        int    `json:"kdfType"`
	Iterations int    `json:"kdfIterations"`
	Validation string `json:"encKeyValidation_DO_NOT_EDIT"`
	Data       string `json:"data"`
}

// bitwardenRounds is what the app itself takes: PBKDF2-HMAC-SHA256.
const bitwardenRounds = 600_000

func bitwarden(accounts []vault.Account, o Options) ([]byte, error) {
	file := bitwardenFile{Folders: []bitwardenFolder{}, Items: []bitwardenItem{}}
	folders := map[string]string{}
	for _, a := range accounts {
		item := bitwardenItem{ID: uuidOf(string(a.ID)), Type: 1, Name: a.Issuer, Favorite: a.Favourite, Login: bitwardenLogin{URIs: []bitwardenURI{}}}
		if strings.TrimSpace(item.Name) == "" {
			item.Name = a.Name
		}
		if item.Name == "" {
			item.Name = "Account"
		}
		if a.Note != "" {
			item.Notes = &a.Note
		}
		if a.Name != "" {
			item.Login.Username = &a.Name
		}
		if a.URL != "" {
			item.Login.URIs = append(item.Login.URIs, bitwardenURI{URI: a.URL})
		}
		if a.Params.Kind == otp.Steam {
			item.Login.TOTP = "steam://" + otp.EncodeBase32(a.Params.Secret.Reveal())
		} else {
			link, err := otpauth.Format(otpauth.Entry{Issuer: a.Issuer, Name: a.Name, Params: a.Params})
			if err != nil { // names too long for a link, which the item has in its own places
				link, err = otpauth.Format(otpauth.Entry{Params: a.Params})
			}
			if err != nil {
				return nil, fmt.Errorf("exports: %w", err)
			}
			item.Login.TOTP = link
		}
		if len(a.Tags) > 0 {
			tag := a.Tags[0]
			if folders[tag] == "" {
				id, err := newUUID(o.Rand)
				if err != nil {
					return nil, err
				}
				folders[tag] = id
				file.Folders = append(file.Folders, bitwardenFolder{id, tag})
			}
			id := folders[tag]
			item.FolderID = &id
		}
		file.Items = append(file.Items, item)
	}
	if o.Passphrase.IsEmpty() {
		return indent(file)
	}
	text, err := json.Marshal(file)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	salt := make([]byte, 16)
	if _, err := io.ReadFull(o.Rand, salt); err != nil {
		return nil, fmt.Errorf("exports: no randomness: %w", err)
	}
	out := bitwardenSealed{Encrypted: true, Protected: true, Salt: base64.StdEncoding.EncodeToString(salt), Iterations: bitwardenRounds}
	master, err := pbkdf2.Key(sha256.New, string(o.Passphrase.Reveal()), []byte(out.Salt), bitwardenRounds, 32) // the text of the salt, not its bytes
	if err != nil {
		return nil, fmt.Errorf("exports: %w", err)
	}
	defer clear(master)
	id, err := newUUID(o.Rand)
	if err != nil {
		return nil, err
	}
	if out.Validation, err = bitwardenBox(master, []byte(id), o.Rand); err != nil {
		return nil, err
	}
	if out.Data, err = bitwardenBox(master, text, o.Rand); err != nil {
		return nil, err
	}
	return indent(out)
}

// bitwardenBox is "2.iv|ciphertext|mac": AES-256-CBC, then HMAC-SHA-256 over IV and ciphertext.
func bitwardenBox(master, plain []byte, random io.Reader) (string, error) {
	encKey, err := hkdf.Expand(sha256.New, master, "enc", 32)
	if err != nil {
		return "", err
	}
	defer clear(encKey)
	macKey, err := hkdf.Expand(sha256.New, master, "mac", 32)
	if err != nil {
		return "", err
	}
	defer clear(macKey)
	iv := make([]byte, aes.BlockSize)
	if _, err := io.ReadFull(random, iv); err != nil {
		return "", fmt.Errorf("exports: no randomness: %w", err)
	}
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	text := make([]byte, len(plain)+pad)
	for i := copy(text, plain); i < len(text); i++ {
		text[i] = byte(pad)
	}
	block, err := aes.NewCipher(encKey)
	if err != nil {
		return "", err
	}
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(text, text)
	mac := hmac.New(sha256.New, macKey)
	mac.Write(iv)
	mac.Write(text)
	b64 := base64.StdEncoding.EncodeToString
	return "2." + b64(iv) + "|" + b64(text) + "|" + b64(mac.Sum(nil)), nil
}
