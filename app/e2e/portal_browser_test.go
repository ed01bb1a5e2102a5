//go:build e2e && linux

package e2e

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/remote"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

// surfer is a person at a browser window that lies on the screen. It clicks on what can be seen and types into it, over
// Chromium's DevTools; what the page says, it reads there too.
type surfer struct {
	t         testing.TB
	d         *desktop.Desktop
	tab       context.Context // of the DevTools client
	window    *desktop.Window // nil for a second person
	downloads string
	pages     int // left so far
}

// surf opens a browser on a page, beside the place where Tallystick's window lies.
func surf(t testing.TB, d *desktop.Desktop, url string) *surfer {
	t.Helper()
	_, window, tools, err := d.BrowserWithTools(within(t, patience), url, image.Rect(560, 30, 1500, 880), 1)
	if err != nil {
		t.Fatal(err)
	}
	all, cancel := remote.NewAllocator(context.Background(), tools, remote.NoModifyURL)
	t.Cleanup(cancel)
	// A client without a tab of its own, to find the one that is open.
	door, cancel := chromedp.NewContext(all)
	t.Cleanup(cancel)
	connected := time.AfterFunc(patience, cancel) // the first call must not have a deadline of its own: it would be the connection's
	defer connected.Stop()
	var page chromedp.ContextOption
	err = desktop.Wait(within(t, patience), "the browser to name its page", func() error {
		infos, err := chromedp.Targets(door)
		if err != nil {
			return err
		}
		for _, info := range infos {
			if info.Type == "page" {
				page = chromedp.WithTargetID(info.TargetID)
				return nil
			}
		}
		return fmt.Errorf("no page among %d targets", len(infos))
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &surfer{t: t, d: d, window: window, downloads: filepath.Join(d.Home, "Downloads")}
	s.attach(door, page)
	// What a person sets in the browser's settings: where downloads go, without asking each time.
	err = chromedp.Do(s.tab, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		settings := map[string]any{"behavior": "allow", "downloadPath": s.downloads}
		return chromedp.FromContext(ctx).Browser.Call(ctx, "Browser.setDownloadBehavior", settings, nil)
	}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// attach makes a tab of the browser the surfer's.
func (s *surfer) attach(parent context.Context, how chromedp.ContextOption) {
	s.t.Helper()
	tab, cancel := chromedp.NewContext(parent, how)
	s.t.Cleanup(cancel)
	s.tab = tab
	attached := time.AfterFunc(patience, cancel)
	defer attached.Stop()
	if err := chromedp.Do(tab); err != nil {
		s.t.Fatalf("the browser's tools: %v", err)
	}
}

// somebodyElse is a second person, at a window of the same browser that shares no cookies with the first.
func (s *surfer) somebodyElse(url string) *surfer {
	s.t.Helper()
	other := &surfer{t: s.t, d: s.d, downloads: s.downloads}
	other.attach(s.tab, chromedp.WithNewBrowserContext())
	other.arrive("opening "+url, chromedp.Navigate(url))
	return other
}

// do carries out steps within the usual patience.
func (s *surfer) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.tab, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		s.t.Fatalf("%s: %v\nthe page says: %s", what, err, s.page())
	}
}

// page is the text of the page and its address, for messages; "" when it cannot be had.
func (s *surfer) page() string {
	ctx, cancel := context.WithTimeout(s.tab, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	if err != nil {
		return ""
	}
	return text
}

// click clicks on something that leads to no other page.
func (s *surfer) click(css string) {
	s.t.Helper()
	s.do("clicking on "+css, chromedp.Click(chromedp.CSS(css)))
}

// follow clicks on links and buttons that lead to other pages, one after the other.
func (s *surfer) follow(css ...string) {
	s.t.Helper()
	for _, css := range css {
		s.arrive("clicking on "+css, chromedp.Click(chromedp.CSS(css)))
	}
}

// arrive carries out a step that leads to another page, and waits until that is there and drawn.
func (s *surfer) arrive(what string, step chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.tab, patience)
	defer cancel()
	s.pages++
	err := chromedp.Do(ctx, mark(s.pages), step)
	if err == nil {
		err = desktop.Wait(ctx, "another page", func() error {
			// While pages change there is none to ask, which is an error.
			there, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf(`document.readyState === "complete" && window.left !== %d`, s.pages)))
			if err == nil && !there {
				err = errors.New("the page is the same, or not complete")
			}
			return err
		})
	}
	if err == nil {
		_, err = chromedp.Run(ctx, chromedp.Evaluate[bool](drawn, chromedp.EvalAwaitPromise))
	}
	if err != nil {
		s.t.Fatalf("%s: %v\nthe page says: %s", what, err, s.page())
	}
}

// mark tells a page from the one that follows: numbers, because going back can bring a page that was marked before.
func mark(n int) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		_, err = chromedp.Evaluate[int](fmt.Sprintf("window.left = %d", n))(ctx, t)
		return none, err
	}
}

// drawn is fulfilled when the page has been drawn: two frames from now.
const drawn = `new Promise(ok => requestAnimationFrame(() => requestAnimationFrame(() => ok(true))))`

// back goes to the page before, and waits until that is there. The page goes only after it has answered: an answer that the change of
// pages overtakes never comes.
func (s *surfer) back() {
	s.t.Helper()
	s.arrive("going back", func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		_, err = chromedp.Evaluate[int](`setTimeout(() => history.back())`)(ctx, t)
		return none, err
	})
}

// fill empties a field and types into it.
func (s *surfer) fill(css, text string) {
	s.t.Helper()
	s.do("filling "+css, chromedp.Clear(chromedp.CSS(css)), chromedp.SendKeys(chromedp.CSS(css), text, chromedp.NodeVisible))
}

// text is what an element shows.
func (s *surfer) text(css string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.tab, patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(css), chromedp.NodeVisible))
	if err != nil {
		s.t.Fatalf("reading %s: %v\nthe page says: %s", css, err, s.page())
	}
	return strings.TrimSpace(text)
}

// offers reports whether the page has an element now.
func (s *surfer) offers(css string) bool {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.tab, patience)
	defer cancel()
	found, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf("document.querySelector(%q) !== null", css)))
	if err != nil {
		s.t.Fatalf("looking for %s: %v", css, err)
	}
	return found
}

// download clicks on a download and waits until the browser has put the whole file into Downloads. It returns its path.
func (s *surfer) download(css string) string {
	s.t.Helper()
	before := s.downloaded()
	s.click(css)
	var path string
	err := desktop.Wait(within(s.t, patience), "the download", func() error {
		for name := range s.downloaded() {
			// While it is under way it has another name.
			if !before[name] && filepath.Ext(name) != ".crdownload" && !strings.HasPrefix(name, ".") {
				path = filepath.Join(s.downloads, name)
				return nil
			}
		}
		return errors.New("nothing new in Downloads")
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return path
}

func (s *surfer) downloaded() map[string]bool {
	names := map[string]bool{}
	entries, _ := os.ReadDir(s.downloads) // made by the browser with the first download
	for _, e := range entries {
		names[e.Name()] = true
	}
	return names
}
