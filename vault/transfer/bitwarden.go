package transfer

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/vault/secret"
)

// Bitwarden and Bitwarden Authenticator: {"encrypted":false,"folders":[…],"items":[…]}, the same encrypted with a password, and a table.
var (
	bitwarden = source{
		id: "bitwarden", name: "Bitwarden",
		sniff: func(in *input) bool {
			return in.has("encrypted", "items") || in.has("encrypted", "encKeyValidation_DO_NOT_EDIT") || in.has("passwordProtected", "data") ||
				in.has("items", "folders") || in.has("items", "collections")
		},
		open: openBitwarden,
	}
	bitwardenTable = source{
		id: "bitwarden", name: "Bitwarden",
		sniff: func(in *input) bool { return in.named("login_totp") },
		open: func(_ context.Context, in *input) (opened, error) {
			return plain(func(ctx context.Context) (Result, error) { return readBitwardenTable(ctx, in.table) }), nil
		},
	}
)

type bitwardenFile struct {
	Encrypted  flag   `json:"encrypted"`
	Protected  flag   `json:"passwordProtected"`
	Salt       text   `json:"salt"` // base64, used as the text it is
	KDF        number `json:"kdfType"`
	Iterations number `json:"kdfIterations"`
	Memory     number `json:"kdfMemory"` // MiB
	Lanes      number `json:"kdfParallelism"`
	Validation text   `json:"encKeyValidation_DO_NOT_EDIT"`
	Data       text   `json:"data"`
}

func openBitwarden(_ context.Context, in *input) (opened, error) {
	var file bitwardenFile
	if err := decode(in.text, &file); err != nil {
		return opened{}, err
	}
	switch {
	case bool(file.Protected):
	case bool(file.Encrypted):
		return opened{}, fmt.Errorf("%w: in Bitwarden, export again and choose \"Password protected\", or the type .json", ErrRestricted)
	default:
		return plain(func(ctx context.Context) (Result, error) { return readBitwarden(ctx, in.text) }), nil
	}
	var d derivation
	var err error
	switch file.KDF.or(0) {
	case 0:
		d, err = pbkdf2Of(sha256.New, []byte(file.Salt), file.Iterations.or(0), 32)
	case 1:
		salt := sha256.Sum256([]byte(file.Salt))
		if file.Memory.or(0) > MaxMemory>>20 {
			return opened{}, fmt.Errorf("%w: %d MiB of memory, at most %d are allowed", ErrTooCostly, file.Memory.value, MaxMemory>>20)
		}
		d, err = argon2id(salt[:], file.Iterations.or(0), file.Memory.or(0)<<10, file.Lanes.or(0), 32)
	default:
		err = fmt.Errorf("%w: key derivation %d", ErrNewer, file.KDF.value)
	}
	if err != nil {
		return opened{}, err
	}
	return opened{encrypted: true, cost: d.cost, read: func(ctx context.Context, passphrase secret.Bytes) (Result, error) {
		master, err := d.key(ctx, passphrase)
		if err != nil {
			return Result{}, err
		}
		defer master.Wipe()
		if file.Validation != "" {
			if _, err := openBitwardenSealed(master.Reveal(), string(file.Validation)); err != nil {
				return Result{}, ErrPassphrase
			}
		}
		open, err := openBitwardenSealed(master.Reveal(), string(file.Data))
		if err != nil {
			if file.Validation == "" {
				return Result{}, ErrPassphrase
			}
			return Result{}, fmt.Errorf("%w: the passphrase is right, and the content was changed", ErrDamaged)
		}
		defer clear(open)
		return readBitwarden(ctx, open)
	}}, nil
}

// openBitwardenSealed opens a text "2.iv|ciphertext|mac": AES-256-CBC, and HMAC-SHA-256 over IV and ciphertext, with keys that
// HKDF-Expand makes of the master key. Fails with errSealed.
func openBitwardenSealed(master []byte, text string) ([]byte, error) {
	body, ok := strings.CutPrefix(text, "2.")
	parts := strings.Split(body, "|")
	if !ok || len(parts) != 3 {
		return nil, errSealed
	}
	var b [3][]byte
	for i := range parts {
		var err error
		if b[i], err = fromBase64(parts[i]); err != nil {
			return nil, errSealed
		}
	}
	encKey, err := hkdf.Expand(sha256.New, master, "enc", 32)
	if err != nil {
		return nil, errSealed
	}
	defer clear(encKey)
	macKey, err := hkdf.Expand(sha256.New, master, "mac", 32)
	if err != nil {
		return nil, errSealed
	}
	defer clear(macKey)
	mac := hmac.New(sha256.New, macKey)
	mac.Write(b[0])
	mac.Write(b[1])
	if !hmac.Equal(mac.Sum(nil), b[2]) {
		return nil, errSealed
	}
	return openCBCPadded(encKey, b[0], b[1])
}

func readBitwarden(ctx context.Context, data []byte) (Result, error) {
	var file struct {
		Folders     list `json:"folders"`
		Collections list `json:"collections"`
		Items       list `json:"items"`
	}
	if err := decode(data, &file); err != nil {
		return Result{}, err
	}
	names := map[string]string{}
	for _, raws := range []list{file.Folders, file.Collections} {
		for _, raw := range raws {
			var f struct {
				ID   text `json:"id"`
				Name text `json:"name"`
			}
			if decode(raw, &f) == nil {
				names[string(f.ID)] = string(f.Name)
			}
		}
	}
	g := newGather(ctx)
	for _, raw := range file.Items {
		var item struct {
			Name        text  `json:"name"`
			Notes       text  `json:"notes"`
			Favorite    flag  `json:"favorite"`
			FolderID    text  `json:"folderId"`
			Collections texts `json:"collectionIds"`
			Deleted     text  `json:"deletedDate"`
			Archived    text  `json:"archivedDate"`
			Login       object[struct {
				Username text `json:"username"`
				TOTP     text `json:"totp"`
				URIs     list `json:"uris"`
			}] `json:"login"`
		}
		if err := decode(raw, &item); err != nil {
			g.skip("", reason(err))
			continue
		}
		login := item.Login.it
		if strings.TrimSpace(string(login.TOTP)) == "" {
			continue // a password without a second factor
		}
		x := extra{
			tags: []string{names[string(item.FolderID)]}, note: string(item.Notes), favourite: bool(item.Favorite),
			archived: item.Deleted != "" || item.Archived != "",
		}
		for _, id := range item.Collections {
			x.tags = append(x.tags, names[id])
		}
		for _, raw := range login.URIs {
			var u struct {
				URI text `json:"uri"`
			}
			if decode(raw, &u) == nil && isWeb(string(u.URI)) {
				x.url = string(u.URI)
				break
			}
		}
		g.addLink(string(login.TOTP), string(item.Name), string(login.Username), x)
	}
	return g.done()
}

func readBitwardenTable(ctx context.Context, t *table) (Result, error) {
	g := newGather(ctx)
	g.expect(t.count())
	err := t.rows(func(r row) bool {
		if link := r.get("login_totp"); link != "" {
			x := extra{tags: []string{r.get("folder", "collections")}, note: r.get("notes"), favourite: isTrue(r.get("favorite"))}
			if uri, _, _ := strings.Cut(r.get("login_uri"), ","); isWeb(uri) {
				x.url = uri
			}
			g.addLink(link, r.get("name"), r.get("login_username"), x)
		}
		return g.err == nil
	})
	if err != nil {
		return Result{}, err
	}
	return g.done()
}

// isWeb reports whether an address is one of the web.
func isWeb(uri string) bool {
	return strings.HasPrefix(uri, "https://") || strings.HasPrefix(uri, "http://")
}
