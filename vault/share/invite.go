package share

import (
	"bytes"
	"compress/flate"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tallystick/tallystick/vault/secret"
)

// InvitePrefix is what the text of an invite begins with; the number is its form.
const InvitePrefix = "TALLYSTICK-SHARE:1:"

// MaxInvite is the most bytes the text of an invite may have.
const MaxInvite = 8 << 10

// Invite lets one device ask to join. Whoever has it can ask once; an admin still has to confirm. It is a secret.
type Invite struct {
	Vault   VaultID
	Name    string // of the vault, as it was called when the invite was made
	Genesis Hash
	Head    Head     // of the chain
	By      DeviceID // who made the invite
	Seen    Head     // the latest contribution of By: what it saw, the newcomer expects to be shown
	Where   string   // the storage, as vault/share/store writes it
	ID      InviteID
	Role    Role
	Expires time.Time
	key     secret.Bytes // one-time
}

// Format keeps the key out of every printed form.
func (i Invite) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "invite %s to %s %s", i.ID, i.Vault, secret.Redacted)
}

type inviteText struct {
	Format  int      `json:"format"`
	Vault   VaultID  `json:"vault"`
	Name    string   `json:"name,omitzero"`
	Genesis Hash     `json:"genesis"`
	Head    Head     `json:"head"`
	By      DeviceID `json:"by"`
	Seen    Head     `json:"seen"`
	Where   string   `json:"where"`
	Invite  InviteID `json:"invite"`
	Role    Role     `json:"role"`
	Expires int64    `json:"expires"`
	Key     string   `json:"key"`
}

// Text is the invite on one line: InvitePrefix and base64url without padding. Whoever shows it to nobody but the one who is
// invited, keeps it a secret.
func (i Invite) Text() (secret.Bytes, error) {
	body, err := i.body()
	if err != nil {
		return secret.Bytes{}, err
	}
	defer clear(body)
	return secret.New(base64.RawURLEncoding.AppendEncode([]byte(InvitePrefix), body)), nil
}

// Code is the invite as a QR code holds it: deflated, and in signs of which a code takes more. With a third fewer modules each is large enough
// on a screen to be read from a picture of it. It is as secret as Text.
func (i Invite) Code() (secret.Bytes, error) {
	body, err := i.body()
	if err != nil {
		return secret.Bytes{}, err
	}
	defer clear(body)
	var short bytes.Buffer
	defer func() { clear(short.Bytes()) }()
	w, err := flate.NewWriter(&short, flate.BestCompression)
	if err != nil {
		return secret.Bytes{}, fmt.Errorf("share: encode: %w", err)
	}
	_, _ = w.Write(body) // into memory
	_ = w.Close()
	return secret.New(codeSigns.AppendEncode([]byte(InvitePrefix), short.Bytes())), nil
}

// codeSigns are some of those that a QR code has a dense form for.
var codeSigns = base32.StdEncoding.WithPadding(base32.NoPadding)

func (i Invite) body() ([]byte, error) {
	return marshal(inviteText{
		Format: Format, Vault: i.Vault, Name: i.Name, Genesis: i.Genesis, Head: i.Head, By: i.By, Seen: i.Seen, Where: i.Where,
		Invite: i.ID, Role: i.Role, Expires: millis(i.Expires), Key: string(i.key.Reveal()),
	})
}

// decodeInvite takes what follows InvitePrefix apart. What Text writes has small letters in it, from the beginning of its JSON on.
func decodeInvite(text []byte) ([]byte, error) {
	if bytes.ContainsFunc(text, func(c rune) bool { return (c < 'A' || c > 'Z') && (c < '2' || c > '7') }) {
		return base64.RawURLEncoding.Strict().AppendDecode(nil, text)
	}
	short, err := codeSigns.AppendDecode(nil, text)
	defer clear(short)
	if err != nil {
		return nil, err
	}
	from := bytes.NewReader(short)
	body, err := io.ReadAll(io.LimitReader(flate.NewReader(from), MaxInvite+1))
	if err == nil && (len(body) > MaxInvite || from.Len() > 0) {
		err = fmt.Errorf("%w: too long", ErrInvite)
	}
	if err != nil {
		clear(body)
		return nil, err
	}
	return body, nil
}

// IsInvite reports whether a text looks like an invite, of this form or a later one.
func IsInvite(text []byte) bool {
	text = bytes.TrimSpace(text)
	const stem = "TALLYSTICK-SHARE:"
	return len(text) > len(stem) && strings.EqualFold(string(text[:len(stem)]), stem)
}

// ParseInvite reads the text of an invite, as Text or Code writes it; space around and line breaks within it do not matter. Errors: ErrInvite, ErrNewer.
func ParseInvite(text secret.Bytes) (Invite, error) {
	bad := func(what string) (Invite, error) { return Invite{}, fmt.Errorf("%w: %s", ErrInvite, what) }
	raw := text.Reveal()
	if len(raw) > MaxInvite {
		return bad("too long")
	}
	line := bytes.Join(bytes.Fields(raw), nil)
	defer clear(line)
	if !IsInvite(line) {
		return bad("it does not begin like one")
	}
	if !bytes.HasPrefix(bytes.ToUpper(line[:min(len(line), len(InvitePrefix))]), []byte(InvitePrefix)) {
		return Invite{}, fmt.Errorf("%w: an invite of another form", ErrNewer)
	}
	body, err := decodeInvite(line[len(InvitePrefix):])
	if err != nil {
		return bad("a part of it is missing or changed")
	}
	defer clear(body)
	if err := formatOf(body); err != nil {
		if strings.Contains(err.Error(), ErrNewer.Error()) {
			return Invite{}, err
		}
		return bad("a part of it is missing or changed")
	}
	var t inviteText
	if err := unmarshal(body, &t); err != nil {
		return bad("a part of it is missing or changed")
	}
	switch {
	case !t.Vault.Valid(), !t.Genesis.Valid(), !t.Head.Hash.Valid(), t.Head.N < 0, !t.By.Valid(), !t.Invite.Valid(), !t.Role.Valid(),
		t.Expires < 0, t.Expires >= maxWall, t.Seen.N < 0, t.Seen.N > maxNumber, t.Seen.N > 0 && !t.Seen.Hash.Valid(),
		len(t.Key) == 0 || len(t.Key) > 256, utf8.RuneCountInString(t.Name) > MaxLabel, len(t.Where) > 4096:
		return bad("it says what cannot be")
	}
	return Invite{
		Vault: t.Vault, Name: t.Name, Genesis: t.Genesis, Head: t.Head, By: t.By, Seen: t.Seen, Where: t.Where, ID: t.Invite, Role: t.Role,
		Expires: timeOf(t.Expires), key: secret.FromString(t.Key),
	}, nil
}

// checkOf is what the chain says of a one-time key.
func checkOf(key secret.Bytes) Hash {
	text := append([]byte("tallystick share invite 1\n"), key.Reveal()...)
	defer clear(text)
	return hashOf(text)
}

// requestText is what a device that wants to join says.
type requestText struct {
	Format    int      `json:"format"`
	Vault     VaultID  `json:"vault"`
	Invite    InviteID `json:"invite"`
	Device    DeviceID `json:"device"`
	Public    []byte   `json:"public"`
	Recipient string   `json:"recipient"`
	Person    Person   `json:"person"`
	Time      int64    `json:"time"`
	Proof     string   `json:"proof"` // that whoever wrote it has the one-time key: HMAC-SHA256 over everything before
}

func (t requestText) prove(key secret.Bytes) (string, error) {
	t.Proof = ""
	body, err := marshal(t)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key.Reveal())
	mac.Write([]byte(signedRequest))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil)), nil
}

// sealRequest writes the inbox object of a device.
func sealRequest(crypto Crypto, i Invite, signer secret.Bytes, t requestText) ([]byte, error) {
	proof, err := t.prove(i.key)
	if err != nil {
		return nil, err
	}
	t.Proof = proof
	body, err := marshal(t)
	if err != nil {
		return nil, err
	}
	plain, err := sign(crypto, signer, signedRequest, body)
	if err != nil {
		return nil, err
	}
	recipient, err := crypto.Recipient(i.key)
	if err != nil {
		return nil, fmt.Errorf("%w: its key", ErrInvite)
	}
	stored, err := crypto.Seal(recipient, plain)
	if err == nil && len(stored) > maxInbox {
		return nil, fmt.Errorf("%w: a request to join", ErrTooLarge)
	}
	return stored, err
}

// openRequest reads an inbox object with the one-time key of its invite. Errors: ErrDamaged, ErrForeign, ErrForged, ErrSwapped, ErrFormat, ErrNewer.
func openRequest(crypto Crypto, vault VaultID, name object, stored []byte, key secret.Bytes) (requestText, error) {
	var t requestText
	if hashOf(stored) != name.hash {
		return t, ErrDamaged
	}
	plain, err := crypto.Open(key, stored)
	if err != nil {
		return t, err
	}
	sig, body, err := split(plain)
	if err != nil {
		return t, err
	}
	if err := formatOf(body); err != nil {
		return t, err
	}
	if err := unmarshal(body, &t); err != nil {
		return t, err
	}
	proof, err := t.prove(key)
	if err != nil {
		return t, err
	}
	if !hmac.Equal([]byte(proof), []byte(t.Proof)) || !crypto.Verify(t.Public, append([]byte(signedRequest), body...), sig) {
		return t, fmt.Errorf("%w: a request to join", ErrForged)
	}
	if t.Vault != vault || t.Invite != name.invite {
		return t, fmt.Errorf("%w: a request to join", ErrSwapped)
	}
	if t.Format != Format || len(t.Public) != 32 || len(t.Recipient) > maxRecipient || t.Device != deviceOf(t.Public, t.Recipient) ||
		utf8.RuneCountInString(t.Person.Name) > MaxLabel || utf8.RuneCountInString(t.Person.Device) > MaxLabel || t.Time < 0 || t.Time >= maxWall {
		return t, fmt.Errorf("%w: a request to join", ErrFormat)
	}
	return t, nil
}
