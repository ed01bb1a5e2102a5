package transfer

import "context"

// LastPass Authenticator: {"version":1 (iOS) or 3 (Android),"accounts":[…],"folders":[…]}.
var lastpass = source{
	id: "lastpass", name: "LastPass Authenticator",
	sniff: func(in *input) bool {
		if !in.has("accounts") || in.json.keys["accounts"].kind() != '[' {
			return false
		}
		first := readHead(in.json.keys["accounts"])
		return first != nil && (first.all([]string{"issuerName"}) || first.all([]string{"userName", "secret"}) || first.all([]string{"originalUserName"}) ||
			first.count == 0 && in.has("folders"))
	},
	open: func(_ context.Context, in *input) (opened, error) {
		return plain(func(ctx context.Context) (Result, error) { return readLastPass(ctx, in.text) }), nil
	},
}

// Folders that the app has by itself.
const (
	lastpassOther      = 0
	lastpassFavourites = 1
)

func readLastPass(ctx context.Context, data []byte) (Result, error) {
	var file struct {
		Accounts list `json:"accounts"`
		Folders  list `json:"folders"`
	}
	if err := decode(data, &file); err != nil {
		return Result{}, err
	}
	folders := map[int64]string{}
	for _, raw := range file.Folders {
		var f struct {
			ID   number `json:"id"`
			Name text   `json:"name"`
		}
		if decode(raw, &f) == nil {
			folders[f.ID.or(lastpassOther)] = string(f.Name)
		}
	}
	g := newGather(ctx)
	for _, raw := range file.Accounts {
		var a struct {
			Issuer    text   `json:"issuerName"`
			User      text   `json:"userName"`
			Secret    text   `json:"secret"`
			TimeStep  number `json:"timeStep"`
			Digits    number `json:"digits"`
			Algorithm text   `json:"algorithm"`
			Favourite flag   `json:"isFavorite"`
			Push      flag   `json:"pushNotification"`
			Folder    object[struct {
				ID number `json:"folderId"`
			}] `json:"folderData"`
		}
		if err := decode(raw, &a); err != nil {
			g.skip("", reason(err))
			continue
		}
		if a.Secret == "" && bool(a.Push) {
			g.skip(title(string(a.Issuer), string(a.User)), "It is approved with a tap in LastPass Authenticator. Set it up again at the portal.")
			continue
		}
		d := draft{
			kind: "totp", issuer: string(a.Issuer), name: string(a.User), key: string(a.Secret), algorithm: string(a.Algorithm),
			digits: a.Digits, period: a.TimeStep, extra: extra{favourite: bool(a.Favourite)},
		}
		switch id := a.Folder.it.ID.or(lastpassOther); id {
		case lastpassOther:
		case lastpassFavourites:
			d.favourite = true
		default:
			d.tags = []string{folders[id]}
		}
		g.add(d)
	}
	return g.done()
}
