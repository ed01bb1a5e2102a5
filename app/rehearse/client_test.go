package rehearse_test

import (
	"context"
	"encoding/base64"
	"html"
	"image/png"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"github.com/tallystick/tallystick/app/portal"
	"github.com/tallystick/tallystick/app/rehearse"
	"github.com/tallystick/tallystick/assets"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
)

// clock is the time at the portals; the tests move it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// start opens all practice portals for the length of a test.
func start(t testing.TB) (*rehearse.Rehearsal, *clock) {
	t.Helper()
	guides, err := portal.Load(assets.Portals())
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{now: time.Date(2026, 3, 4, 12, 0, 10, 0, time.UTC)}
	ctx, cancel := context.WithCancel(t.Context())
	r, err := rehearse.Start(ctx, rehearse.Config{Guides: guides, Now: c.Now, Rand: rand.NewChaCha8([32]byte{1})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := r.Wait(); err != nil {
			t.Error(err)
		}
	})
	return r, c
}

// browser visits one portal, with cookies, following redirects, as a person would: by the links and forms of the page it is on.
type browser struct {
	t      testing.TB
	r      *rehearse.Rehearsal
	c      *clock
	portal string
	client *http.Client

	body   string // of the page it is on
	header http.Header
	status int
}

func newBrowser(t testing.TB, r *rehearse.Rehearsal, c *clock, portal string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, r: r, c: c, portal: portal, client: &http.Client{Jar: jar, Timeout: 10 * time.Second}}
	b.open(r.URLs()[portal])
	return b
}

func (b *browser) take(resp *http.Response, err error) *browser {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.body, b.header, b.status = string(body), resp.Header, resp.StatusCode
	if b.status != http.StatusOK {
		b.t.Fatalf("%s: %s: %s", resp.Request.URL, resp.Status, b.body)
	}
	return b
}

// open visits an address; one that begins with a slash is on the server.
func (b *browser) open(address string) *browser {
	b.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = strings.TrimSuffix(b.r.URL(), "/") + address
	}
	return b.take(b.client.Get(address))
}

// click follows the link of that id.
func (b *browser) click(id string) *browser {
	b.t.Helper()
	tag := b.tag("a", id)
	return b.open(attribute(tag, "href"))
}

// press sends the form that holds the button of that id, with fields filled in: name, value, name, value …
func (b *browser) press(id string, fields ...string) *browser {
	b.t.Helper()
	for _, form := range formTag.FindAllString(b.body, -1) {
		if !strings.Contains(form, `<button id="`+id+`"`) {
			continue
		}
		values := url.Values{}
		for i := 0; i < len(fields); i += 2 {
			if !strings.Contains(form, `name="`+fields[i]+`"`) {
				b.t.Fatalf("the form of %s has no field %s: %s", id, fields[i], form)
			}
			values.Set(fields[i], fields[i+1])
		}
		return b.take(b.client.PostForm(strings.TrimSuffix(b.r.URL(), "/")+attribute(form, "action"), values))
	}
	b.t.Fatalf("no button %s on %s", id, b.body)
	return b
}

var (
	formTag  = regexp.MustCompile(`(?s)<form .*?</form>`)
	codeTag  = regexp.MustCompile(`<strong class="code">(\d+)</strong>`)
	guideTag = regexp.MustCompile(`(?s)<summary id="guide">.*?</details>`)
	qrTag    = regexp.MustCompile(`src="data:image/png;base64,([^"]+)"`)
)

func (b *browser) tag(name, id string) string {
	b.t.Helper()
	found := regexp.MustCompile(`<` + name + `[^>]* id="` + id + `"[^>]*>`).FindString(b.body)
	if found == "" {
		b.t.Fatalf("no %s %s on %s", name, id, b.body)
	}
	return found
}

func attribute(tag, name string) string {
	m := regexp.MustCompile(` ` + name + `="([^"]*)"`).FindStringSubmatch(tag)
	if m == nil {
		return ""
	}
	return html.UnescapeString(m[1])
}

// text is what an element of that id holds.
func (b *browser) text(id string) string {
	b.t.Helper()
	m := regexp.MustCompile(`(?s) id="` + id + `"[^>]*>(.*?)</`).FindStringSubmatch(b.body)
	if m == nil {
		b.t.Fatalf("no element %s on %s", id, b.body)
	}
	return html.UnescapeString(m[1])
}

// shows checks that the page holds a text, beside what the guide says there.
func (b *browser) shows(text string) *browser {
	b.t.Helper()
	if !strings.Contains(html.UnescapeString(guideTag.ReplaceAllString(b.body, "")), text) {
		b.t.Fatalf("the page does not say %q: %s", text, b.body)
	}
	return b
}

// refused checks that the page refuses for that reason.
func (b *browser) refused(because string) *browser {
	b.t.Helper()
	if !strings.Contains(b.body, `class="notice error"`) {
		b.t.Fatalf("nothing was refused: %s", b.body)
	}
	return b.shows(because)
}

// signIn types the credentials that the page shows.
func (b *browser) signIn() *browser {
	b.t.Helper()
	return b.press("sign-in", "username", b.text("practice-username"), "password", b.text("practice-password"))
}

func (b *browser) signOut() *browser {
	b.t.Helper()
	return b.press("sign-out").shows("You are signed out.")
}

// inside checks that the visitor is signed in.
func (b *browser) inside() *browser { b.t.Helper(); return b.shows("You are signed in as ") }

// message is the code in the newest message of this portal.
func (b *browser) message(page string) string {
	b.t.Helper()
	other := *b
	other.open(page)
	for _, article := range regexp.MustCompile(`(?s)<article.*?</article>`).FindAllString(other.body, -1) {
		if strings.Contains(article, `data-portal="`+b.portal+`"`) {
			return codeTag.FindStringSubmatch(article)[1]
		}
	}
	b.t.Fatalf("no message of %s on %s", b.portal, other.body)
	return ""
}

// scan reads the QR code of the page, and gives the account in it.
func (b *browser) scan() otpauth.Entry {
	b.t.Helper()
	m := qrTag.FindStringSubmatch(b.body)
	if m == nil {
		b.t.Fatalf("no QR code on %s", b.body)
	}
	img, err := png.Decode(base64.NewDecoder(base64.StdEncoding, strings.NewReader(html.UnescapeString(m[1]))))
	if err != nil {
		b.t.Fatal(err)
	}
	if w := img.Bounds().Dx(); w < 180 || w > 220 {
		b.t.Errorf("the QR code is %d pixels wide", w)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		b.t.Fatal(err)
	}
	found, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	entry, err := otpauth.Parse(found.GetText())
	if err != nil {
		b.t.Fatal(err)
	}
	return entry
}

// code is the code of our side, at a distance from the portal's clock.
func (b *browser) code(p otp.Params, away time.Duration) string {
	b.t.Helper()
	code, err := p.Code(b.c.Now().Add(away))
	if err != nil {
		b.t.Fatal(err)
	}
	return code
}

func (b *browser) state() rehearse.State {
	b.t.Helper()
	s, ok := b.r.State(b.portal)
	if !ok {
		b.t.Fatal("no state")
	}
	return s
}

// notThis is a code that is surely wrong.
func notThis(code string) string {
	return string('0'+('9'-code[0])) + code[1:]
}
