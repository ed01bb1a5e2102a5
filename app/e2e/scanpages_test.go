//go:build e2e && linux

package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/skip2/go-qrcode"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

// gallery is a web site whose pages show codes in all the ways that portals do.
type gallery struct{ url string }

// linkOn is the text of the code on a page of the gallery: the account is named for the page, so that one cannot be taken for another.
func linkOn(room string) string {
	return "otpauth://totp/Example%20Portal:" + room + "@shop.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example%20Portal"
}

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
	two := picture(twoLink)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.Trim(r.URL.Path, "/")
		tmpl, ok := rooms[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = tmpl.Execute(w, struct{ One, Two template.URL }{picture(linkOn(name)), two})
	}))
	t.Cleanup(server.Close)
	return &gallery{server.URL + "/"}
}

// rooms are the pages.
var rooms = map[string]*template.Template{
	"empty": room(`<h2>Nothing to see</h2>`),
	"plain": room(`<p>Scan this code.</p><img src="{{.One}}">`),
	// For the zoom of the browser.
	"larger": room(`<p>Scan this code.</p><img src="{{.One}}">`), "twice": room(`<p>Scan this code.</p><img src="{{.One}}">`),
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

// zoom makes the page as large as a person makes it, with the browser's keys.
func (s *surfer) zoom(times float64) {
	s.t.Helper()
	ctx := within(s.t, patience)
	if err := s.window.Key(ctx, "ctrl+0"); err != nil {
		s.t.Fatal(err)
	}
	err := desktop.Wait(ctx, fmt.Sprintf("the page at %v times its size", times), func() error {
		var now float64
		s.do("asking for the zoom", func(ctx context.Context, target *chromedp.Target) (none chromedp.Void, err error) {
			now, err = chromedp.Evaluate[float64]("devicePixelRatio")(ctx, target)
			return none, err
		})
		switch {
		case math.Abs(now-times) < 0.01:
			return nil
		case now < times:
			if err := s.window.Key(ctx, "ctrl+plus"); err != nil {
				return err
			}
		}
		return fmt.Errorf("it is %v", now)
	})
	if err != nil {
		s.t.Fatal(err)
	}
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
		zoom  float64
		texts []string
	}{
		{"plain", 1, []string{linkOn("plain")}},
		{"larger", 1.5, []string{linkOn("larger")}}, {"twice", 2, []string{linkOn("twice")}},
		{"dark", 1, []string{linkOn("dark")}},
		{"two", 1, []string{linkOn("two"), twoLink}},
		{"moving", 1, []string{linkOn("moving")}},
		{"empty", 1, nil},
		{"covered", 1, nil},
	} {
		g.show(s, page.name)
		s.zoom(page.zoom)
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

// The window: a page at every zoom, dark, moving; and where the code is not simply there: two to choose from, one that is
// covered, one that comes late.
func TestScanPagesInTheWindow(t *testing.T) {
	d := newDesktop(t, desktop.Options{})
	a := newTally(t, d)
	g := openGallery(t)
	p, w := a.open()
	a.shows(w, "Start")
	a.press(w, "Return")
	a.shows(w, "Add your first account")
	s := surf(t, d, g.url+"plain")
	for _, page := range []struct {
		name string
		zoom float64
	}{{"plain", 1}, {"larger", 1.5}, {"twice", 2}, {"dark", 1}, {"moving", 1}} {
		g.show(s, page.name)
		s.zoom(page.zoom)
		a.press(w, "ctrl+shift+s")
		a.shows(w, page.name+"@shop.example")
		picture(t, d, page.name)
		a.press(w, "Escape")
		a.shows(w, "Scan my screen")
	}

	g.show(s, "covered")
	s.zoom(1)
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
	a.shows(w, "late@shop.example")
	a.press(w, "Return")
	a.finish(w)

	// Two at once: a chooser.
	g.show(s, "two")
	a.press(w, "ctrl+shift+s")
	a.shows(w, "Other Portal")
	picture(t, d, "two")
	a.clicks(w, "Other Portal")
	a.shows(w, "Is this it")
	a.press(w, "Return")
	a.finish(w)
	picture(t, d, "chosen")
	a.quit(p, w)
	var names []string
	for _, acc := range a.list() {
		names = append(names, acc.Issuer+" "+acc.Name)
	}
	if slices.Sort(names); !slices.Equal(names, []string{"Example Portal late@shop.example", "Other Portal paul"}) {
		t.Errorf("accounts: %q", names)
	}
}
