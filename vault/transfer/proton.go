package transfer

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/vault/secret"
)

// Proton Authenticator: {"version":1,"entries":[{"note","content":{"uri","entry_type","name"}}]}, and the same encrypted as
// {"version":1,"salt","content"}. Proton Pass: {"vaults":{id:{"name","items":[…]}}} in a ZIP file.
var (
	proton = source{
		id: "proton", name: "Proton Authenticator",
		sniff: func(in *input) bool {
			if !in.has("entries") {
				return false
			}
			first := readHead(in.json.keys["entries"])
			return first != nil && first.array && (first.all([]string{"content"}) || first.count == 0 && in.has("version"))
		},
		open: func(_ context.Context, in *input) (opened, error) {
			if err := protonVersion(in); err != nil {
				return opened{}, err
			}
			return plain(func(ctx context.Context) (Result, error) { return readProton(ctx, in.text) }), nil
		},
	}
	protonSealed = source{
		id: "proton", name: "Proton Authenticator",
		sniff: func(in *input) bool { return in.has("version", "salt", "content") },
		open:  openProton,
	}
	protonPass = source{
		id: "proton-pass", name: "Proton Pass",
		sniff: func(in *input) bool { return in.has("vaults") && in.json.keys["vaults"].kind() == '{' },
		open: func(_ context.Context, in *input) (opened, error) {
			return plain(func(ctx context.Context) (Result, error) { return readProtonPass(ctx, in.text) }), nil
		},
	}
)

// What encrypts an export. It is not in the file.
const (
	protonPasses  = 2
	protonMemory  = 19 << 10 // KiB
	protonNonce   = 12
	protonContext = "proton.authenticator.export.v1"
)

func protonVersion(in *input) error {
	var version number
	if v := in.json.keys["version"]; v != nil {
		_ = version.UnmarshalJSON(v)
	}
	if version.or(1) > 1 {
		return fmt.Errorf("%w: version %d", ErrNewer, version.value)
	}
	return nil
}

func openProton(_ context.Context, in *input) (opened, error) {
	if err := protonVersion(in); err != nil {
		return opened{}, err
	}
	var file struct{ Salt, Content text }
	if err := decode(in.text, &file); err != nil {
		return opened{}, err
	}
	salt, e1 := fromBase64(string(file.Salt))
	sealed, e2 := fromBase64(string(file.Content))
	if e1 != nil || e2 != nil || len(sealed) <= protonNonce {
		return opened{}, fmt.Errorf("%w: the encrypted part is incomplete", ErrDamaged)
	}
	d, err := argon2id(salt, protonPasses, protonMemory, 1, 32)
	if err != nil {
		return opened{}, err
	}
	return opened{encrypted: true, cost: d.cost, read: func(ctx context.Context, passphrase secret.Bytes) (Result, error) {
		key, err := d.key(ctx, passphrase)
		if err != nil {
			return Result{}, err
		}
		defer key.Wipe()
		open, err := openGCM(key.Reveal(), sealed[:protonNonce], sealed[protonNonce:], []byte(protonContext))
		if err != nil {
			return Result{}, ErrPassphrase
		}
		defer clear(open)
		return readProton(ctx, open)
	}}, nil
}

func readProton(ctx context.Context, data []byte) (Result, error) {
	var file struct {
		Entries list `json:"entries"`
	}
	if err := decode(data, &file); err != nil {
		return Result{}, err
	}
	g := newGather(ctx)
	for _, raw := range file.Entries {
		var e struct {
			Note    text `json:"note"`
			Content object[struct {
				URI  text `json:"uri"`
				Type text `json:"entry_type"`
				Name text `json:"name"`
			}] `json:"content"`
		}
		if err := decode(raw, &e); err != nil {
			g.skip("", reason(err))
			continue
		}
		link := string(e.Content.it.URI)
		if strings.EqualFold(string(e.Content.it.Type), "steam") && link != "" && !strings.Contains(link, "://") {
			link = "steam://" + link
		}
		g.addLink(link, "", string(e.Content.it.Name), extra{note: string(e.Note)})
	}
	return g.done()
}

// protonPlaceholder is what Proton Pass calls an account whose key was typed without names.
const protonPlaceholder = "Proton Pass"

type protonItem struct {
	State  number `json:"state"` // 1 active, 2 in the trash
	Pinned flag   `json:"pinned"`
	Data   struct {
		Type     text `json:"type"`
		Metadata struct {
			Name text `json:"name"`
			Note text `json:"note"`
		} `json:"metadata"`
		Content object[struct {
			TOTP     text  `json:"totpUri"`
			Username text  `json:"itemUsername"`
			Old      text  `json:"username"`
			Email    text  `json:"itemEmail"`
			URLs     texts `json:"urls"`
			Sections list  `json:"sections"`
		}] `json:"content"`
		Fields list `json:"extraFields"`
	} `json:"data"`
}

func readProtonPass(ctx context.Context, data []byte) (Result, error) {
	var file struct {
		Encrypted flag                       `json:"encrypted"`
		Vaults    map[string]json.RawMessage `json:"vaults"`
	}
	if err := decode(data, &file); err != nil {
		return Result{}, err
	}
	ids := make([]string, 0, len(file.Vaults))
	for id := range file.Vaults {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	g := newGather(ctx)
	for _, id := range ids {
		var v struct {
			Name  text `json:"name"`
			Items list `json:"items"`
		}
		if decode(file.Vaults[id], &v) != nil {
			g.skip("", reason(ErrDamaged))
			continue
		}
		for _, raw := range v.Items {
			var item protonItem
			if decode(raw, &item) != nil {
				g.skip("", reason(ErrDamaged))
				continue
			}
			g.addProtonPass(item, string(v.Name))
		}
	}
	return g.done()
}

func (g *gather) addProtonPass(item protonItem, vault string) {
	d := item.Data
	c := d.Content.it
	name := first(c.Username, c.Email, c.Old)
	x := extra{tags: []string{vault}, note: string(d.Metadata.Note), favourite: bool(item.Pinned), archived: item.State.or(1) == 2}
	for _, u := range c.URLs {
		if isWeb(u) {
			x.url = u
			break
		}
	}
	links := []string{string(c.TOTP)}
	fields := d.Fields
	for _, raw := range c.Sections {
		var s struct {
			Fields list `json:"sectionFields"`
		}
		if decode(raw, &s) == nil {
			fields = append(fields, s.Fields...)
		}
	}
	for _, raw := range fields {
		var f struct {
			Type text `json:"type"`
			Data object[struct {
				TOTP    text `json:"totpUri"`
				Content text `json:"content"`
			}] `json:"data"`
		}
		if decode(raw, &f) == nil && f.Type == "totp" {
			links = append(links, first(f.Data.it.TOTP, f.Data.it.Content))
		}
	}
	for _, link := range links {
		if link = strings.TrimSpace(link); link == "" {
			continue
		}
		before := len(g.result.Entries)
		g.addLink(link, string(d.Metadata.Name), name, x)
		if len(g.result.Entries) > before {
			e := &g.result.Entries[before]
			if e.Name == protonPlaceholder {
				e.Name, _ = cleanName(name)
			}
		}
	}
}
