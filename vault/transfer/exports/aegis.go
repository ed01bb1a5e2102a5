package exports

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"golang.org/x/crypto/scrypt"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
)

// Aegis: docs/vault.md of that app. The database is version 3, which has groups of its own.

type aegisFile struct {
	Version int         `json:"version"`
	Header  aegisHeader `json:"header"`
	DB      any         `json:"db"` // the database, or base64 of it encrypted
}

type aegisHeader struct {
	Slots  []aegisSlot  `json:"slots"`
	Params *aegisParams `json:"params"`
}

type aegisParams struct {
	Nonce string `json:"nonce"`
	Tag   string `json:"tag"`
}

type aegisSlot struct {
	Type     int         `json:"type"`
	UUID     string      `json:"uuid"`
	Key      string      `json:"key"`
	Params   aegisParams `json:"key_params"`
	N        int         `json:"n"`
	R        int         `json:"r"`
	P        int         `json:"p"`
	Salt     string      `json:"salt"`
	Repaired bool        `json:"repaired"`
	IsBackup bool        `json:"is_backup"`
}

type aegisDB struct {
	Version int          `json:"version"`
	Entries []aegisEntry `json:"entries"`
	Groups  []aegisGroup `json:"groups"`
}

type aegisGroup struct {
	UUID string `json:"uuid"`
	Name string `json:"name"`
}

type aegisEntry struct {
	Type     string    `json:"type"`
	UUID     string    `json:"uuid"`
	Name     string    `json:"name"`
	Issuer   string    `json:"issuer"`
	Note     string    `json:"note"`
	Favorite bool      `json:"favorite"`
	Icon     []byte    `json:"icon"` // base64, or null
	IconMIME string    `json:"icon_mime,omitempty"`
	Info     aegisInfo `json:"info"`
	Groups   []string  `json:"groups"`
}

type aegisInfo struct {
	Secret  string  `json:"secret"`
	Algo    string  `json:"algo"`
	Digits  int     `json:"digits"`
	Period  *int    `json:"period,omitempty"`
	Counter *uint64 `json:"counter,omitempty"`
	PIN     string  `json:"pin,omitempty"`
}

// What Aegis itself encrypts with.
const (
	aegisWork     = 15 // 2^15 = 32768
	aegisR        = 8
	aegisP        = 1
	aegisPassword = 1
)

func aegis(accounts []vault.Account, o Options) ([]byte, error) {
	db := aegisDB{Version: 3, Entries: []aegisEntry{}, Groups: []aegisGroup{}}
	groups := map[string]string{}
	for _, a := range accounts {
		p := a.Params
		e := aegisEntry{
			Type: string(p.Kind), UUID: uuidOf(string(a.ID)), Name: a.Name, Issuer: a.Issuer, Note: a.Note, Favorite: a.Favourite, Groups: []string{},
			Info: aegisInfo{Secret: otp.EncodeBase32(p.Secret.Reveal()), Algo: string(p.Algorithm), Digits: p.Digits, PIN: string(p.PIN.Reveal())},
		}
		if a.Picture != "" { // its hash may be missing: the app works it out
			e.Icon, e.IconMIME = []byte(a.Picture), "image/png"
		}
		if p.Kind == otp.MOTP { // the bytes that the text stands for
			key, err := hex.DecodeString(string(p.Secret.Reveal()))
			if err != nil {
				return nil, ErrFormat // lowerHexPairs has seen to that
			}
			e.Info.Secret = otp.EncodeBase32(key)
			clear(key)
		}
		if p.Kind == otp.HOTP {
			e.Info.Counter = &p.Counter
		} else {
			e.Info.Period = &p.Period
		}
		for _, tag := range a.Tags {
			if groups[tag] == "" {
				id, err := newUUID(o.Rand)
				if err != nil {
					return nil, err
				}
				groups[tag] = id
				db.Groups = append(db.Groups, aegisGroup{id, tag})
			}
			e.Groups = append(e.Groups, groups[tag])
		}
		db.Entries = append(db.Entries, e)
	}
	file := aegisFile{Version: 1, DB: db}
	if o.Passphrase.IsEmpty() {
		return indent(file)
	}
	text, err := json.Marshal(db)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	random := make([]byte, 32+32+12+12) // master key, salt, two nonces
	if _, err := io.ReadFull(o.Rand, random); err != nil {
		return nil, fmt.Errorf("exports: no randomness: %w", err)
	}
	master, salt, keyNonce, nonce := random[:32], random[32:64], random[64:76], random[76:]
	defer clear(master)
	work := o.Work
	if work == 0 {
		work = aegisWork
	}
	key, err := scrypt.Key(o.Passphrase.Reveal(), salt, 1<<work, aegisR, aegisP, 32)
	if err != nil {
		return nil, fmt.Errorf("exports: %w", err)
	}
	defer clear(key)
	id, err := newUUID(o.Rand)
	if err != nil {
		return nil, err
	}
	box, tag, err := sealGCM(key, keyNonce, master)
	if err != nil {
		return nil, err
	}
	file.Header.Slots = []aegisSlot{{
		Type: aegisPassword, UUID: id, Key: hex.EncodeToString(box), Params: aegisParams{hex.EncodeToString(keyNonce), hex.EncodeToString(tag)},
		N: 1 << work, R: aegisR, P: aegisP, Salt: hex.EncodeToString(salt), Repaired: true,
	}}
	if box, tag, err = sealGCM(master, nonce, text); err != nil {
		return nil, err
	}
	file.Header.Params = &aegisParams{hex.EncodeToString(nonce), hex.EncodeToString(tag)}
	file.DB = box // as base64
	return indent(file)
}

// sealGCM encrypts with AES-256-GCM, the tag apart.
func sealGCM(key, nonce, plain []byte) (box, tag []byte, err error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, nil, err
	}
	sealed := gcm.Seal(nil, nonce, plain, nil)
	return sealed[:len(plain)], sealed[len(plain):], nil
}
