package transfer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
	"github.com/tallystick/tallystick/vault/secret"
)

// Lists of links, one in a line: what nearly every app can write in some form. Whose it is shows in parameters that only one app
// writes. Google Authenticator's export is links that hold several accounts each, read from its QR codes; its parts may come in several
// files, so all lists of one import are read together.
var (
	googleLinks = source{id: "google", name: "Google Authenticator", any: true, sniff: linksOf(isMigration), together: openLinks}
	enteLinks   = source{id: "ente", name: "Ente Auth", any: true, sniff: linksOf(has("codedisplay=")), together: openLinks}
	winauthText = source{id: "winauth", name: "WinAuth", any: true, sniff: linksOf(isWinAuth), together: openLinks}
	plainLinks  = source{id: "otpauth-uri", name: "Links", any: true, sniff: linksOf(func(string) bool { return true }), together: openLinks}
)

// linksOf is a sniff for texts with a link in one of the first lines that is like this. like gets it in lower case.
func linksOf(like func(string) bool) func(*input) bool {
	return func(in *input) bool {
		if in.text == nil || in.prefs != nil || in.json != nil {
			return false
		}
		found, tries := false, 0
		lines(in.text, func(_ int, line string) bool {
			if isComment(line) {
				return true
			}
			if tries++; tries > 1000 {
				return false
			}
			if in.table == nil {
				line = fromLink(line)
			}
			if f := otpauth.Recognise(line); f == otpauth.URI || f == otpauth.Migration {
				found = like(strings.ToLower(line))
			}
			return !found
		})
		return found
	}
}

func isComment(line string) bool {
	return strings.HasPrefix(line, "#") || strings.HasPrefix(line, "//")
}

// fromLink is a line from the link in it on, for lists that have something before it: a name, a number, a quotation mark.
func fromLink(line string) string {
	small := strings.ToLower(line)
	at := strings.Index(small, "otpauth://")
	if m := strings.Index(small, "otpauth-migration://"); m >= 0 && (at < 0 || m < at) {
		at = m
	}
	if at <= 0 {
		return line
	}
	if strings.HasSuffix(small[:at], "apple-") {
		at -= len("apple-")
	}
	return strings.TrimRight(line[at:], "\"'`>,; ")
}

func has(part string) func(string) bool {
	return func(link string) bool { return strings.Contains(link, part) }
}

func isMigration(link string) bool { return strings.Contains(link, "otpauth-migration://") }

func isWinAuth(link string) bool {
	return strings.Contains(link, "icon=winauth") || strings.Contains(link, "/winauth:") || strings.Contains(link, "/winauth%3a") ||
		strings.Contains(link, "&deviceid=android") || strings.Contains(link, "&serial=us-") || strings.Contains(link, "&serial=eu-")
}

func openLinks(_ context.Context, inputs []*input) (opened, error) {
	return plain(func(ctx context.Context) (Result, error) {
		texts := make([][]byte, len(inputs))
		for i, in := range inputs {
			texts[i] = in.text
		}
		return readLinks(ctx, texts...)
	}), nil
}

// readLinks reads lists of links, in order.
func readLinks(ctx context.Context, texts ...[]byte) (Result, error) {
	g := newGather(ctx)
	for _, text := range texts {
		g.expect(bytes.Count(text, []byte("://")))
	}
	var exports batches
	for i, text := range texts {
		lines(text, func(number int, line string) bool {
			where := fmt.Sprintf("line %d", number)
			if len(texts) > 1 {
				where = fmt.Sprintf("line %d of file %d", number, i+1)
			}
			g.addLine(line, where, &exports)
			return g.err == nil
		})
	}
	exports.add(g)
	return g.done()
}

// addLine reads one line of a list.
func (g *gather) addLine(line, where string, exports *batches) {
	if !isComment(line) {
		line = fromLink(line)
	}
	switch otpauth.Recognise(line) {
	case otpauth.Migration:
		p, err := otpauth.ParseMigration(line)
		if err == nil {
			err = exports.take(p)
		}
		if err != nil {
			g.skip(where, "This part of the export is damaged. Scan its QR code again.")
		}
	case otpauth.URI:
		link, x := g.readExtras(line)
		if !g.next() {
			return
		}
		e, err := otpauth.Parse(link)
		if err != nil {
			g.skipCounted(where, reason(err))
			return
		}
		g.addParsed(e, "", "", x)
	case otpauth.BareKey:
		if !isComment(line) {
			g.addLink(line, "", "", extra{})
		}
	default:
		if !isComment(line) && strings.Contains(line, "://") {
			g.skip(where, reason(otpauth.ErrNotURI))
		}
	}
}

// readExtras takes what only one app understands out of a link.
func (g *gather) readExtras(link string) (string, extra) {
	x, _ := enteDisplay(link)
	return winauthSteam(link), x
}

// winauthSteam makes a Steam link of WinAuth's, which calls it totp and keeps the key once more in a data parameter.
func winauthSteam(link string) string {
	if !strings.Contains(link, "deviceid=") {
		return link
	}
	_, query, _ := strings.Cut(link, "?")
	for _, part := range strings.Split(query, "&") {
		v, ok := strings.CutPrefix(part, "data=")
		if !ok {
			continue
		}
		plain, err := url.QueryUnescape(v)
		var data struct {
			Secret text `json:"shared_secret"`
		}
		if err != nil || json.Unmarshal([]byte(plain), &data) != nil || data.Secret == "" {
			continue
		}
		key, err := fromBase64(string(data.Secret))
		if err != nil || len(key) == 0 {
			continue
		}
		head, _, _ := strings.Cut(link, "?")
		if i := strings.Index(strings.ToLower(head), "://totp"); i >= 0 {
			head = head[:i] + "://steam" + head[i+len("://totp"):]
		}
		return head + "?secret=" + otp.EncodeBase32(key)
	}
	return link
}

// batches joins the parts of Google's exports. Parts that do not belong together are of different exports.
type batches struct{ collectors []*otpauth.Collector }

func (b *batches) take(p otpauth.Part) error {
	for _, c := range b.collectors {
		err := c.Add(p)
		if !errors.Is(err, otpauth.ErrOtherBatch) {
			return err
		}
	}
	c := &otpauth.Collector{}
	b.collectors = append(b.collectors, c)
	return c.Add(p)
}

// add adds what was taken, and says which parts are not there.
func (b *batches) add(g *gather) {
	for _, c := range b.collectors {
		for _, e := range c.Entries() {
			if !g.next() {
				return
			}
			// The parts keep theirs; an account belongs to the result.
			e.Params.Secret, e.Params.PIN = e.Params.Secret.Clone(), secret.Bytes{}
			g.addParsed(e, "", "", extra{})
		}
		for _, s := range c.Skipped() {
			g.skip(title(s.Issuer, s.Name), reason(s.Err))
		}
		if missing := c.Missing(); len(missing) > 0 {
			g.warn(missingParts(missing, c.Size()))
		}
	}
}

func missingParts(missing []int, size int) string {
	names := make([]string, 0, len(missing))
	for _, m := range missing {
		if names = append(names, fmt.Sprint(m+1)); len(names) == 20 && len(missing) > 20 {
			names = append(names, "…")
			break
		}
	}
	what := "number " + names[0] + " is"
	if len(names) > 1 {
		what = "numbers " + strings.Join(names, ", ") + " are"
	}
	return fmt.Sprintf("The export has %d QR codes, and %s not here. Their accounts are missing.", size, what)
}
