package transfer

import (
	"context"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"golang.org/x/crypto/chacha20"
	//lint:ignore SA1019 the construction is libsodium's own, and there is no other Poly1305 to build it of
	"golang.org/x/crypto/poly1305"

	"github.com/tallystick/tallystick/vault/secret"
)

// enteSealed is Ente Auth's encrypted export: {"version":1,"kdfParams":{"memLimit","opsLimit","salt"},"encryptedData","encryptionNonce"}. Its
// plain export is a list of links with a codeDisplay parameter, see links.go.
var enteSealed = source{
	id: "ente", name: "Ente Auth",
	sniff: func(in *input) bool {
		return in.has("kdfParams", "encryptedData") || in.has("encryptedData", "encryptionNonce")
	},
	open: openEnte,
}

func openEnte(_ context.Context, in *input) (opened, error) {
	var file struct {
		Version number `json:"version"`
		KDF     object[struct {
			Memory number `json:"memLimit"` // bytes
			Passes number `json:"opsLimit"`
			Salt   text   `json:"salt"`
		}] `json:"kdfParams"`
		Data  text `json:"encryptedData"`
		Nonce text `json:"encryptionNonce"`
	}
	if err := decode(in.text, &file); err != nil {
		return opened{}, err
	}
	if file.Version.or(1) > 1 {
		return opened{}, fmt.Errorf("%w: version %d", ErrNewer, file.Version.value)
	}
	salt, e1 := fromBase64(string(file.KDF.it.Salt))
	header, e2 := fromBase64(string(file.Nonce))
	sealed, e3 := fromBase64(string(file.Data))
	if e1 != nil || e2 != nil || e3 != nil || len(header) != streamHeader || len(sealed) < streamOverhead {
		return opened{}, fmt.Errorf("%w: the encrypted part is incomplete", ErrDamaged)
	}
	d, err := argon2id(salt, file.KDF.it.Passes.or(0), file.KDF.it.Memory.or(0)>>10, 1, 32)
	if err != nil {
		return opened{}, err
	}
	return opened{encrypted: true, cost: d.cost, read: func(ctx context.Context, passphrase secret.Bytes) (Result, error) {
		key, err := d.key(ctx, passphrase)
		if err != nil {
			return Result{}, err
		}
		defer key.Wipe()
		open, err := openSecretstream(key.Reveal(), header, sealed)
		if err != nil {
			return Result{}, ErrPassphrase
		}
		defer clear(open)
		return readLinks(ctx, open)
	}}, nil
}

// Sizes of libsodium's crypto_secretstream_xchacha20poly1305, in bytes.
const (
	streamHeader   = 24
	streamOverhead = 1 + poly1305.TagSize // of every chunk
	streamTagFinal = 3
)

// openSecretstream opens a stream of one chunk (libsodium, crypto_secretstream_xchacha20poly1305_pull): a tag byte, the
// message, and a Poly1305 over both.
//
// The subkey is HChaCha20 of the header's first 16 bytes; the nonce is a counter of 1 and the rest of the header. Block 0 of the key
// stream is the Poly1305 key, block 1 hides the tag byte, the message begins with block 2. Fails with errSealed.
func openSecretstream(key, header, sealed []byte) ([]byte, error) {
	if len(header) != streamHeader || len(sealed) < streamOverhead {
		return nil, errSealed
	}
	subkey, err := chacha20.HChaCha20(key, header[:16])
	if err != nil {
		return nil, errSealed
	}
	defer clear(subkey)
	nonce := binary.LittleEndian.AppendUint32(make([]byte, 0, chacha20.NonceSize), 1)
	nonce = append(nonce, header[16:]...)
	var stream cipher.Stream
	if stream, err = chacha20.NewUnauthenticatedCipher(subkey, nonce); err != nil {
		return nil, errSealed
	}
	var macKey [32]byte
	var block0, block1 [64]byte
	defer clear(macKey[:])
	stream.XORKeyStream(block0[:], block0[:])
	copy(macKey[:], block0[:])
	clear(block0[:])

	message, mac := sealed[1:len(sealed)-poly1305.TagSize], sealed[len(sealed)-poly1305.TagSize:]
	block1[0] = sealed[0]
	stream.XORKeyStream(block1[:], block1[:])
	tag := block1[0]
	block1[0] = sealed[0] // the MAC is over the tag byte as it was sent
	h := poly1305.New(&macKey)
	_, _ = h.Write(block1[:])
	_, _ = h.Write(message)
	// libsodium pads to 16 bytes counting from one block less than there is.
	_, _ = h.Write(make([]byte, (16-len(block1)+len(message))&15))
	var sizes [16]byte
	binary.LittleEndian.PutUint64(sizes[8:], uint64(len(block1)+len(message)))
	_, _ = h.Write(sizes[:])
	if subtle.ConstantTimeCompare(h.Sum(nil), mac) != 1 || tag > streamTagFinal {
		return nil, errSealed
	}
	open := make([]byte, len(message))
	stream.XORKeyStream(open, message)
	return open, nil
}

// enteDisplay reads what Ente keeps in a link's codeDisplay parameter. ok is false when there is none.
func enteDisplay(link string) (x extra, ok bool) {
	_, query, _ := strings.Cut(link, "?")
	for _, part := range strings.Split(query, "&") {
		name, v, _ := strings.Cut(part, "=")
		if !strings.EqualFold(name, "codeDisplay") {
			continue
		}
		ok = true
		plain, err := url.PathUnescape(v) // a plus is a plus: Dart writes %20
		if err != nil {
			plain = v
		}
		var d struct {
			Pinned  flag   `json:"pinned"`
			Trashed flag   `json:"trashed"`
			Used    number `json:"lastUsedAt"` // microseconds
			Tags    texts  `json:"tags"`
			Note    text   `json:"note"`
		}
		if json.Unmarshal([]byte(plain), &d) != nil {
			continue
		}
		x = extra{favourite: bool(d.Pinned), archived: bool(d.Trashed), tags: d.Tags, note: string(d.Note)}
		if used := d.Used.or(0); used > 0 {
			x.used = time.UnixMicro(used).UTC()
			if x.used.Year() > 9999 {
				x.used = time.Time{}
			}
		}
	}
	return x, ok
}
