package transfer

import (
	"context"
	"fmt"
	"strings"
)

// passwordTable is a table that a password manager exports, with a column for one-time codes.
type passwordTable struct {
	id, app string
	marks   []string // columns that only this app has; all of them
	code    []string
	title   []string
	user    []string
	url     []string
	note    []string
	tags    []string
	star    []string
	gone    []string // archived
}

// passwordTables is the tables that are known, the ones with the most certain marks first. The names are in lower case. Where apps
// changed their columns, all names are here.
var passwordTables = []passwordTable{
	{
		id: "1password", app: "1Password", marks: []string{"otpauth", "archived"},
		code: []string{"otpauth"}, title: []string{"title"}, user: []string{"username"}, url: []string{"url", "website", "urls"}, note: []string{"notes"},
		tags: []string{"tags"}, star: []string{"favorite"}, gone: []string{"archived"},
	},
	{
		id: "1password", app: "1Password", marks: []string{"otpauth", "website"},
		code: []string{"otpauth"}, title: []string{"title"}, user: []string{"username"}, url: []string{"website"}, note: []string{"notes"}, tags: []string{"tags"},
	},
	{
		id: "1password", app: "1Password", marks: []string{"otpauth", "tags"},
		code: []string{"otpauth"}, title: []string{"title"}, user: []string{"username"}, url: []string{"url", "urls"}, note: []string{"notes"}, tags: []string{"tags"},
	},
	{
		id: "apple", app: "Apple Passwords", marks: []string{"otpauth"},
		code: []string{"otpauth"}, title: []string{"title"}, user: []string{"username"}, url: []string{"url", "website"}, note: []string{"notes"},
	},
	{
		id: "keepass", app: "KeePass", marks: []string{"group", "title", "totp"},
		code: []string{"totp"}, title: []string{"title"}, user: []string{"username", "user name"}, url: []string{"url"}, note: []string{"notes"}, tags: []string{"group"},
	},
	{
		id: "proton-pass", app: "Proton Pass", marks: []string{"totp", "vault"},
		code: []string{"totp"}, title: []string{"name"}, user: []string{"username", "email"}, url: []string{"url"}, note: []string{"note"}, tags: []string{"vault"},
	},
	{
		id: "lastpass", app: "LastPass", marks: []string{"totp", "grouping"},
		code: []string{"totp"}, title: []string{"name"}, user: []string{"username"}, url: []string{"url"}, note: []string{"extra"}, tags: []string{"grouping"}, star: []string{"fav"},
	},
	{
		id: "csv", app: "Table (CSV)",
		code:  []string{"otpauth", "otp_url", "otpurl", "otpauth_url", "totp", "otpsecret", "otp", "totp_secret", "totpsecret", "secret", "seed", "2fa", "uri", "timeotp-secret-base32", "hmacotp-secret-base32"},
		title: []string{"issuer", "service", "title", "name", "account"}, user: []string{"username", "user name", "user", "login", "email", "account", "label", "name"},
		url: []string{"url", "website", "login_uri"}, note: []string{"notes", "note", "comments"}, tags: []string{"tags", "tag", "folder", "group", "category"},
		star: []string{"favorite", "favourite", "fav"},
	},
}

// tableOf finds the description of a table.
func tableOf(in *input) (passwordTable, bool) {
	if in.table == nil {
		return passwordTable{}, false
	}
	for _, t := range passwordTables {
		if in.named(t.marks...) && (len(t.marks) > 0 || in.any(t.code) && in.any(append(t.title, t.user...))) {
			return t, true
		}
	}
	return passwordTable{}, false
}

func (in *input) any(columns []string) bool {
	for _, c := range columns {
		if in.named(c) {
			return true
		}
	}
	return false
}

// tableSources is one source for each app with a table.
func tableSources() []source {
	var all []source
	have := map[string]bool{}
	for _, t := range passwordTables {
		if have[t.id] {
			continue
		}
		have[t.id] = true
		all = append(all, source{
			id: t.id, name: t.app,
			sniff: func(in *input) bool { found, ok := tableOf(in); return ok && found.id == t.id },
			open: func(_ context.Context, in *input) (opened, error) {
				found, ok := tableOf(in)
				if !ok {
					return opened{}, fmt.Errorf("%w: no column with codes", ErrDamaged)
				}
				return plain(func(ctx context.Context) (Result, error) { return readTable(ctx, in.table, found) }), nil
			},
		})
	}
	return all
}

func readTable(ctx context.Context, t *table, p passwordTable) (Result, error) {
	g := newGather(ctx)
	g.expect(t.count())
	err := t.rows(func(r row) bool {
		if code := r.get(p.code...); code != "" {
			g.addRow(r, p, code)
		}
		return g.err == nil
	})
	if err != nil {
		return Result{}, err
	}
	return g.done()
}

func (g *gather) addRow(r row, p passwordTable, code string) {
	x := extra{note: r.get(p.note...), favourite: isTrue(r.get(p.star...)), archived: isTrue(r.get(p.gone...))}
	if u := r.get(p.url...); isWeb(u) {
		x.url = u
	}
	tags := r.get(p.tags...)
	for _, t := range strings.FieldsFunc(tags, func(c rune) bool { return c == ';' || c == ',' }) {
		if p.id == "keepass" {
			t = strings.TrimPrefix(strings.TrimPrefix(t, "Root/"), "Root")
		}
		x.tags = append(x.tags, t)
	}
	issuer, name := r.get(p.title...), r.get(p.user...)
	if p.id != "csv" || strings.Contains(code, "://") {
		g.addLink(code, issuer, name, x)
		return
	}
	if r.get("timeotp-secret-base32") == "" && r.get("hmacotp-secret-base32") != "" {
		g.add(draft{kind: "hotp", issuer: issuer, name: name, key: code, counter: parseNumber(r.get("hmacotp-counter")), extra: x})
		return
	}
	kind, ok := kindOf(r.get("type", "kind", "otp type", "otptype"))
	if !ok {
		g.skip(title(issuer, name), notSupported)
		return
	}
	if name == issuer {
		name = ""
	}
	g.add(draft{
		kind: kind, issuer: issuer, name: name, key: code, algorithm: r.get("algorithm", "algo", "hash"), digits: parseNumber(r.get("digits", "length")),
		period: parseNumber(r.get("period", "timer", "step", "interval")), counter: parseNumber(r.get("counter")), extra: x,
	})
}
