//go:build e2e && linux

package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/skip2/go-qrcode"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

// gallery is a web site whose pages show codes in all the ways that portals do.
type gallery struct{ url string }

const (
	oneLink = "otpauth://totp/Example%20Portal:maria@shop.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example%20Portal"
	twoLink = "otpauth://totp/Other%20Portal:paul?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Other%20Portal"
)

func openGallery(t *testing.T) *gallery {
	t.Helper()
	picture := func(text string) template.URL {
		png, err := qrcode.Encode(text, qrcode.Medium, -4)
		if err != nil {
			t.Fatal(err)
		}
		return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(png))
	}
	shown := struct{ One, Two template.URL }{picture(oneLink), picture(twoLink)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tmpl, ok := rooms[strings.Trim(r.URL.Path, "/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = tmpl.Execute(w, shown)
	}))
	t.Cleanup(server.Close)
	return &gallery{server.URL + "/"}
}

// rooms are the pages.
var rooms = map[string]*template.Template{
	"empty":  room(`<h2>Nothing to see</h2>`),
	"plain":  room(`<p>Scan this code.</p><img src="{{.One}}">`),
	"zoom-1": room(`<img src="{{.One}}">`), "zoom-1.5": room(`<style>body{zoom:1.5}</style><img src="{{.One}}">`),
	"zoom-2": room(`<style>body{zoom:2}</style><img src="{{.One}}">`),
	// Light on dark, without the white border that the standard asks for.
	"dark": room(`<style>body{background:#15171c;color:#ddd} div{width:180px;height:180px;overflow:hidden;background:#15171c}
		img{filter:invert(1);mix-blend-mode:lighten;margin:-16px}</style><p>Dark mode</p><div><img src="{{.One}}"></div>`),
	// A banner for cookies lies over the lower half, with one of the three corners that a code is found by.
	"covered": room(`<style>img{width:260px} aside{position:absolute;left:0;top:150px;width:700px;height:300px;background:#345;color:#fff;padding:20px}</style>
		<img src="{{.One}}"><aside>We value your privacy</aside>`),
	"two": room(`<p>Two accounts</p><img src="{{.One}}"> &nbsp; &nbsp; &nbsp; <img src="{{.Two}}">`),
	"late": room(`<p id="wait">We are sending you an e-mail …</p><script>window.appear = () => {
		document.getElementById("wait").innerHTML = '<img src="{{.One}}">' }</script>`),
	// Like a film: the ground shimmers and the code drifts.
	"moving": room(`<style>@keyframes drift{from{margin-left:0}to{margin-left:300px}} @keyframes glow{from{background:#fde}to{background:#dfe}}
		main{animation:glow .7s alternate infinite linear;height:600px} img{animation:drift 3s alternate infinite linear;width:220px}</style><main><img src="{{.One}}"></main>`),
}

func room(body string) *template.Template {
	return template.Must(template.New("room").Parse(`<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Gallery</title>
<style>body{font:16px "DejaVu Sans",sans-serif;margin:24px;background:#fff}</style></head><body>` + body + `</body></html>`))
}

// show brings a page of the gallery onto the screen.
func (g *gallery) show(s *surfer, name string) {
	s.t.Helper()
	s.arrive("opening "+name, chromedp.Navigate(g.url+name))
}

// What is on the screen is read however the page shows it, and what is not readable is said why.
func TestScanPages(t *testing.T) {
	d := newDesktop(t, desktop.Options{})
	a := newTally(t, d)
	g := openGallery(t)
	s := surf(t, d, g.url+"empty")

	scan := func() look {
		t.Helper()
		res := a.run("", "scan", "--screen", "--json")
		return decode[look](t, res.Stdout)
	}
	for _, page := range []struct {
		name  string
		texts []string
	}{
		{"plain", []string{oneLink}},
		{"zoom-1", []string{oneLink}}, {"zoom-1.5", []string{oneLink}}, {"zoom-2", []string{oneLink}},
		{"dark", []string{oneLink}},
		{"two", []string{oneLink, twoLink}},
		{"moving", []string{oneLink}},
		{"empty", nil},
		{"covered", nil},
	} {
		g.show(s, page.name)
		seen := scan()
		texts := map[string]bool{}
		for _, c := range seen.Codes {
			texts[c.Text] = true
		}
		if len(texts) != len(page.texts) {
			picture(t, d, "missed-"+page.name)
			t.Errorf("%s: %d codes, want %d (%s)", page.name, len(texts), len(page.texts), seen.Reason)
		}
		for _, want := range page.texts {
			if !texts[want] {
				t.Errorf("%s: a code is missing", page.name)
			}
		}
		if len(page.texts) == 0 && seen.Reason == "" {
			t.Errorf("%s: no reason", page.name)
		}
		t.Logf("%s: %d codes in %.0f ms %s", page.name, len(seen.Codes), seen.MS, seen.Reason)
	}
}

// The window, where the code is not simply there: two to choose from, one that is covered, one that comes late.
func TestScanPagesInTheWindow(t *testing.T) {
	d := newDesktop(t, desktop.Options{})
	a := newTally(t, d)
	g := openGallery(t)
	p, w := a.open()
	a.shows(w, "Start")
	a.press(w, "Return")
	a.shows(w, "Add your first account")
	s := surf(t, d, g.url+"covered")

	a.press(w, "ctrl+shift+s")
	a.shows(w, "Nothing to add was found")
	picture(t, d, "covered")
	if text, err := w.Read(within(t, patience)); err != nil || !strings.Contains(desktop.Text(text), "cover") {
		t.Errorf("a code under a banner: %v %s", err, desktop.Text(text))
	}

	// Late: the window waits, and takes the code when the page has got round to it.
	g.show(s, "late")
	a.clicks(w, "Wait for it to appear")
	a.shows(w, "Waiting for a code")
	picture(t, d, "waiting")
	s.do("letting five seconds pass, then showing the code", func(ctx context.Context, target *chromedp.Target) (none chromedp.Void, err error) {
		_, err = chromedp.Evaluate[bool](`new Promise(ok => setTimeout(() => { appear(); ok(true) }, 5000))`, chromedp.EvalAwaitPromise)(ctx, target)
		return none, err
	})
	a.shows(w, "Is this it")
	a.shows(w, "maria@shop.example")
	a.press(w, "Return")
	a.finish(w)

	// Two at once: a chooser.
	g.show(s, "two")
	a.press(w, "ctrl+shift+s")
	a.shows(w, "Other Portal")
	picture(t, d, "two")
	a.clicks(w, "Other Portal")
	a.shows(w, "Is this it", "Type this into", "Added", "Favourites")
	picture(t, d, "chosen")
	a.quit(p, w)
	if list := a.list(); len(list) < 1 || list[0].Issuer != "Example Portal" {
		t.Errorf("accounts: %s", fmt.Sprint(len(list)))
	}
}
