package transfer

import (
	"context"
	"strings"
)

// onePassword is export.data, the JSON in a 1PUX file: accounts[].vaults[].items[].details.sections[].fields[].value.totp. A key may
// be a link or a bare key, and an item may have several.
var onePassword = source{
	id: "1password", name: "1Password",
	sniff: func(in *input) bool {
		if !in.has("accounts") {
			return false
		}
		first := readHead(in.json.keys["accounts"])
		return first != nil && first.array && first.all([]string{"vaults"})
	},
	open: func(_ context.Context, in *input) (opened, error) {
		return plain(func(ctx context.Context) (Result, error) { return readOnePassword(ctx, in.text) }), nil
	},
}

type onePasswordItem struct {
	Favourite number `json:"favIndex"`
	State     text   `json:"state"` // active, archived
	Trashed   flag   `json:"trashed"`
	Overview  struct {
		Title text  `json:"title"`
		URL   text  `json:"url"`
		Tags  texts `json:"tags"`
	} `json:"overview"`
	Details struct {
		Login    list `json:"loginFields"`
		Notes    text `json:"notesPlain"`
		Sections list `json:"sections"`
	} `json:"details"`
}

func readOnePassword(ctx context.Context, data []byte) (Result, error) {
	var file struct {
		Accounts list `json:"accounts"`
	}
	if err := decode(data, &file); err != nil {
		return Result{}, err
	}
	g := newGather(ctx)
	for _, raw := range file.Accounts {
		var a struct {
			Vaults list `json:"vaults"`
		}
		if decode(raw, &a) != nil {
			g.skip("", reason(ErrDamaged))
			continue
		}
		for _, raw := range a.Vaults {
			var v struct {
				Attributes struct {
					Name text `json:"name"`
				} `json:"attrs"`
				Items list `json:"items"`
			}
			if decode(raw, &v) != nil {
				g.skip("", reason(ErrDamaged))
				continue
			}
			for _, raw := range v.Items {
				var item onePasswordItem
				if decode(raw, &item) != nil {
					var old struct { // the first versions wrapped every item
						Item onePasswordItem `json:"item"`
					}
					if decode(raw, &old) != nil {
						g.skip("", reason(ErrDamaged))
						continue
					}
					item = old.Item
				}
				g.addOnePassword(item, string(v.Attributes.Name))
			}
		}
	}
	return g.done()
}

func (g *gather) addOnePassword(item onePasswordItem, vault string) {
	x := extra{
		tags: append(append([]string{}, item.Overview.Tags...), vault), note: string(item.Details.Notes), url: string(item.Overview.URL),
		favourite: item.Favourite.or(0) > 0, archived: strings.EqualFold(string(item.State), "archived") || bool(item.Trashed),
	}
	if !isWeb(x.url) {
		x.url = ""
	}
	name := ""
	for _, raw := range item.Details.Login {
		var f struct {
			Value       text `json:"value"`
			Designation text `json:"designation"`
		}
		if decode(raw, &f) == nil && f.Designation == "username" {
			name = string(f.Value)
		}
	}
	for _, raw := range item.Details.Sections {
		var s struct {
			Fields list `json:"fields"`
		}
		if decode(raw, &s) != nil {
			continue
		}
		for _, raw := range s.Fields {
			var f struct {
				Value object[struct {
					TOTP text `json:"totp"`
				}] `json:"value"`
			}
			if decode(raw, &f) == nil && f.Value.it.TOTP != "" {
				g.addLink(string(f.Value.it.TOTP), string(item.Overview.Title), name, x)
			}
		}
	}
}
