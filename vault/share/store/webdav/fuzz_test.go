package webdav

import (
	"errors"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/share/store"
)

// Whatever a server says, a listing gives names of objects below the folder, or says that the server misbehaves.
func FuzzListing(f *testing.F) {
	f.Add(`<D:multistatus xmlns:D="DAV:"><D:response><D:href>/dav/sv-a/1-00</D:href><D:propstat><D:prop><D:getcontentlength>5</D:getcontentlength></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>`)
	f.Add(`<multistatus xmlns="DAV:"><response><href>/dav/sv-a/x/</href><propstat><prop><resourcetype><collection/></resourcetype><getetag>"a"</getetag></prop></propstat></response></multistatus>`)
	f.Add(`<multistatus xmlns="DAV:"><response><href>/dav/sv-a/%2e%2e/%00</href><status>HTTP/1.1 404</status></response></multistatus>`)
	f.Add(`<!DOCTYPE x [<!ENTITY a "b">]><multistatus xmlns="DAV:">&a;</multistatus>`)
	f.Add(`<multistatus xmlns="DAV:"><response><href>/dav/sv-a</href></response>`)
	s, err := New(Config{URL: "https://cloud.example/dav/"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := s.parse(strings.NewReader(text), "sv-a/", "Thu, 01 Jan 2026 00:00:00 GMT")
		if err != nil {
			if !errors.Is(err, store.ErrStorage) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		w := &walk{s: s, prefix: "sv-a/"}
		for _, e := range entries {
			if e.name != "sv-a" && !strings.HasPrefix(e.name, "sv-a/") || e.size < -1 {
				t.Errorf("%q: %+v", text, e)
			}
			if err := w.take(e); err != nil {
				t.Fatal(err)
			}
		}
		for _, o := range w.list {
			if store.CheckName(o.Name) != nil || !strings.HasPrefix(o.Name, "sv-a/") {
				t.Errorf("%q: lists %q", text, o.Name)
			}
		}
	})
}
