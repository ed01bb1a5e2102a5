package transfer

import (
	"bytes"
	"context"
	"strings"

	"golang.org/x/net/html"

	"github.com/tallystick/tallystick/vault/otpauth"
)

// page is an HTML file: Stratum writes one with a link in a <code> element for each account, Aegis one with a table. Links are taken
// from any text and any href.
var page = source{
	name: "Web page", any: true,
	sniff: func(in *input) bool {
		if in.text == nil || in.prefs != nil {
			return false
		}
		head := bytes.ToLower(bytes.TrimLeft(in.text[:min(len(in.text), 4096)], " \t\r\n"))
		return bytes.HasPrefix(head, []byte("<")) && (bytes.Contains(head, []byte("<html")) || bytes.HasPrefix(head, []byte("<!doctype html")))
	},
	open: func(_ context.Context, in *input) (opened, error) {
		o := plain(func(ctx context.Context) (Result, error) { return readPage(ctx, in.text) })
		o.format, o.app = plainLinks.id, plainLinks.name
		switch {
		case bytes.Contains(in.text, []byte("Aegis")):
			o.format, o.app = aegis.id, aegis.name
		case bytes.Contains(in.text, []byte("Stratum")), bytes.Contains(in.text, []byte("Authenticator Pro")):
			o.format, o.app = stratum.id, stratum.name
		case bytes.Contains(in.text, []byte("Raivo")):
			o.format, o.app = raivo.id, raivo.name
		}
		return o, nil
	},
}

// maxCells is how many cells of a table are looked at.
const maxCells = 40

func readPage(ctx context.Context, data []byte) (Result, error) {
	g := newGather(ctx)
	var exports batches
	seen := map[string]bool{}
	take := func(text string) bool {
		text = strings.TrimSpace(text)
		f := otpauth.Recognise(text)
		if f != otpauth.URI && f != otpauth.Migration || seen[text] {
			return f == otpauth.URI || f == otpauth.Migration
		}
		seen[text] = true
		g.addLine(text, "a link", &exports)
		return true
	}
	z := html.NewTokenizer(bytes.NewReader(data))
	z.SetMaxBuf(1 << 20)
	var header, cells []string
	var cell strings.Builder
	inCell, isHeader, skip := false, false, 0
	for g.err == nil {
		kind := z.Next()
		if kind == html.ErrorToken {
			break // the end, or a tag that is too long
		}
		switch t := z.Token(); kind {
		case html.StartTagToken, html.SelfClosingTagToken:
			for _, a := range t.Attr {
				if a.Key == "href" && skip == 0 {
					take(a.Val)
				}
			}
			switch t.Data {
			case "script", "style":
				if kind == html.StartTagToken {
					skip++
				}
			case "tr":
				cells, isHeader = nil, false
			case "td", "th":
				inCell, isHeader = true, isHeader || t.Data == "th"
				cell.Reset()
			case "br":
				if inCell {
					cell.WriteByte('\n')
				}
			}
		case html.TextToken:
			switch {
			case skip > 0:
			case take(t.Data):
			case inCell && cell.Len() < maxNote:
				cell.WriteString(t.Data)
			}
		case html.EndTagToken:
			switch t.Data {
			case "script", "style":
				skip = max(skip-1, 0)
			case "td", "th":
				if inCell && len(cells) < maxCells {
					cells = append(cells, strings.TrimSpace(cell.String()))
				}
				inCell = false
			case "tr":
				switch {
				case isHeader:
					header = cells
				case len(header) > 0 && len(cells) > 0:
					g.addCells(header, cells)
				}
				cells = nil
			}
		}
	}
	exports.add(g)
	return g.done()
}

// addCells adds a row of Aegis' table.
func (g *gather) addCells(header, cells []string) {
	get := func(name string) string {
		for i, h := range header {
			if strings.EqualFold(h, name) && i < len(cells) {
				return cells[i]
			}
		}
		return ""
	}
	key := get("Secret")
	if key == "" {
		return
	}
	kind, ok := kindOf(get("Type"))
	if !ok {
		g.skip(title(get("Issuer"), get("Name")), notSupported)
		return
	}
	d := draft{
		kind: kind, issuer: get("Issuer"), name: get("Name"), key: key, algorithm: get("Algo"), digits: parseNumber(get("Digits")),
		period: parseNumber(get("Period")), counter: parseNumber(get("Counter")), pin: get("PIN"),
		extra: extra{note: get("Note"), favourite: isTrue(get("Favorite"))},
	}
	if kind == "motp" {
		d.bytes = hexText(key)
	}
	g.add(d)
}
