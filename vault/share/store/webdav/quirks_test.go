package webdav_test

import (
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	xdav "golang.org/x/net/webdav"

	"github.com/icholy/digest"

	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/storetest"
	"github.com/tallystick/tallystick/vault/share/store/web"
	"github.com/tallystick/tallystick/vault/share/store/webdav"
)

// log is what reached a server: method, path and depth.
type log struct {
	mu    sync.Mutex
	lines []string
}

func (l *log) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		l.mu.Lock()
		l.lines = append(l.lines, strings.TrimSpace(req.Method+" "+req.URL.Path+" "+req.Header.Get("Depth")))
		l.mu.Unlock()
		h.ServeHTTP(w, req)
	})
}

func (l *log) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := l.lines
	l.lines = nil
	return lines
}

func (l *log) count(method string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if strings.HasPrefix(line, method+" ") {
			n++
		}
	}
	return n
}

// quirk stands between a client and an honest server, and may answer itself.
type quirk func(w http.ResponseWriter, req *http.Request, honest http.Handler)

// Everything is kept with each of the habits that servers have.
func TestQuirks(t *testing.T) {
	depth := func(allowed string, otherwise func(w http.ResponseWriter, req *http.Request, honest http.Handler)) quirk {
		return func(w http.ResponseWriter, req *http.Request, honest http.Handler) {
			if req.Method == "PROPFIND" && req.Header.Get("Depth") == "infinity" && allowed != "infinity" {
				otherwise(w, req, honest)
				return
			}
			honest.ServeHTTP(w, req)
		}
	}
	status := func(method string, code int) quirk {
		return func(w http.ResponseWriter, req *http.Request, honest http.Handler) {
			if rec := (&recorder{header: http.Header{}}); req.Method == method {
				honest.ServeHTTP(rec, req)
				if rec.code >= 400 {
					rec.code, rec.body = code, nil
				}
				rec.send(w)
				return
			}
			honest.ServeHTTP(w, req)
		}
	}
	for name, q := range map[string]quirk{
		"a listing of everything is refused": depth("1", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { w.WriteHeader(http.StatusForbidden) }),
		"a listing of everything is an error": depth("1", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.WriteHeader(http.StatusBadRequest)
		}),
		"a listing of everything is one of a folder": depth("1", func(w http.ResponseWriter, req *http.Request, honest http.Handler) {
			req.Header.Set("Depth", "1")
			honest.ServeHTTP(w, req)
		}),
		"hrefs are whole addresses": func(w http.ResponseWriter, req *http.Request, honest http.Handler) {
			rewrite(w, req, honest, strings.NewReplacer("<D:href>/", "<D:href>http://internal.example:81/"))
		},
		"hrefs escape everything": func(w http.ResponseWriter, req *http.Request, honest http.Handler) {
			rewrite(w, req, honest, strings.NewReplacer("sv-", "%73v%2D", "/dev/", "/d%65v/"))
		},
		"another prefix for the namespace": func(w http.ResponseWriter, req *http.Request, honest http.Handler) {
			rewrite(w, req, honest, strings.NewReplacer("D:", "lp1:", ":D=", ":lp1="))
		},
		"no sizes": func(w http.ResponseWriter, req *http.Request, honest http.Handler) {
			rewrite(w, req, honest, strings.NewReplacer("getcontentlength", "x"))
		},
		"a folder that is missing is not found": status(http.MethodPut, http.StatusNotFound),
		"a folder that is missing is forbidden": status(http.MethodPut, http.StatusForbidden),
		"a folder that is missing is a fault":   status(http.MethodPut, http.StatusInternalServerError),
		"a folder that is there is a conflict":  status("MKCOL", http.StatusConflict),
		"a folder that is there is forbidden":   status("MKCOL", http.StatusForbidden),
		"a name that is taken is forbidden":     status("MOVE", http.StatusForbidden),
		"a name that is taken is a conflict":    status("MOVE", http.StatusConflict),
		"behind a server that speaks TLS for it": func(w http.ResponseWriter, req *http.Request, honest http.Handler) {
			if req.Method == "MOVE" && !strings.HasPrefix(req.Header.Get("Destination"), "https://") {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			honest.ServeHTTP(w, req)
		},
		"moving is not possible": func(w http.ResponseWriter, req *http.Request, honest http.Handler) {
			if req.Method == "MOVE" {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			honest.ServeHTTP(w, req)
		},
		"moving is not known": func(w http.ResponseWriter, req *http.Request, honest http.Handler) {
			if req.Method == "MOVE" {
				w.WriteHeader(http.StatusMethodNotAllowed)
				return
			}
			honest.ServeHTTP(w, req)
		},
		"only the path is understood as a destination": func(w http.ResponseWriter, req *http.Request, honest http.Handler) {
			if req.Method == "MOVE" && !strings.HasPrefix(req.Header.Get("Destination"), "/") {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			if req.Method == "MOVE" {
				req.Header.Set("Destination", "http://"+req.Host+req.Header.Get("Destination"))
			}
			honest.ServeHTTP(w, req)
		},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Conform(t, func(t *testing.T) storetest.Storage {
				honest, _ := storetest.ServeWebDAV()
				srv := storetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { q(w, req, honest) }))
				return storetest.Storage{
					Open:  func(t testing.TB) store.Store { return open(t, webdav.Config{URL: srv.URL + "/"}) },
					Brief: true,
				}
			})
		})
	}
}

// rewrite changes what the server says in listings.
func rewrite(w http.ResponseWriter, req *http.Request, honest http.Handler, r *strings.Replacer) {
	if req.Method != "PROPFIND" {
		honest.ServeHTTP(w, req)
		return
	}
	rec := &recorder{header: http.Header{}}
	honest.ServeHTTP(rec, req)
	rec.body = []byte(r.Replace(string(rec.body)))
	rec.send(w)
}

// recorder keeps a reply, to be changed.
type recorder struct {
	header http.Header
	code   int
	body   []byte
}

func (r *recorder) Header() http.Header { return r.header }
func (r *recorder) WriteHeader(code int) {
	if r.code == 0 {
		r.code = code
	}
}
func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	r.body = append(r.body, p...)
	return len(p), nil
}
func (r *recorder) send(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(max(r.code, 200))
	_, _ = w.Write(r.body)
}

func put(t *testing.T, s store.Store, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := s.PutNew(t.Context(), name, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
}

// Requests are what a sync costs.
func TestCost(t *testing.T) {
	honest, _ := storetest.ServeWebDAV()
	l := &log{}
	srv := storetest.Serve(t, l.wrap(honest))
	s := open(t, webdav.Config{URL: srv.URL + "/"})
	put(t, s, "sv-a/dev/aa/1-00")
	l.take()
	put(t, s, "sv-a/dev/aa/2-00")
	if got := l.take(); len(got) != 2 || !strings.HasPrefix(got[0], "PUT /sv-a/dev/aa/.~tally-") || !strings.HasPrefix(got[1], "MOVE ") {
		t.Errorf("a new object: %q, want PUT and MOVE", got)
	}
	if _, err := s.List(t.Context(), "sv-a/"); err != nil {
		t.Fatal(err)
	}
	if got := l.take(); !slices.Equal(got, []string{"PROPFIND /sv-a/ infinity"}) {
		t.Errorf("a listing: %q, want one request", got)
	}
	if _, err := s.Get(t.Context(), "sv-a/dev/aa/1-00", 10); err != nil {
		t.Fatal(err)
	}
	if got := l.take(); !slices.Equal(got, []string{"GET /sv-a/dev/aa/1-00"}) {
		t.Errorf("reading: %q, want one request", got)
	}
}

// tagged is a file system whose folders have an entity tag that follows what is in them, as on most servers; depth 1 is all there is.
func tagged(fs xdav.FileSystem, honest http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method != "PROPFIND" {
			honest.ServeHTTP(w, req)
			return
		}
		if req.Header.Get("Depth") == "infinity" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		rec := &recorder{header: http.Header{}}
		honest.ServeHTTP(rec, req)
		body := string(rec.body)
		var out strings.Builder
		for i, part := range strings.Split(body, "<D:response>") {
			if i > 0 {
				part = "<D:response>" + part
			}
			_, rest, ok := strings.Cut(part, "<D:href>")
			href, _, _ := strings.Cut(rest, "</D:href>")
			if ok && strings.HasSuffix(href, "/") {
				// The handler gives folders no tag; here they have one made of what is in them.
				part = strings.Replace(part, "<D:resourcetype>", "<D:getetag>"+tagOf(fs, href)+"</D:getetag><D:resourcetype>", 1)
				part = strings.Replace(part, "<D:propstat><D:prop><D:getcontentlength></D:getcontentlength><D:getetag></D:getetag></D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>", "", 1)
			}
			out.WriteString(part)
		}
		rec.body = []byte(out.String())
		rec.send(w)
	})
}

func tagOf(fs xdav.FileSystem, folder string) string {
	f, err := fs.OpenFile(context.Background(), path.Clean("/"+folder), 0, 0)
	if err != nil {
		return ""
	}
	defer f.Close()
	infos, _ := f.Readdir(0)
	var names []string
	for _, i := range infos {
		names = append(names, i.Name())
	}
	slices.Sort(names)
	return fmt.Sprintf(`"%x"`, md5.Sum([]byte(strings.Join(names, "/"))))
}

// An idle sync asks for the folders that hold folders, however many devices there are, and misses nothing.
func TestUnchangedFolders(t *testing.T) {
	honest, fs := storetest.ServeWebDAV()
	l := &log{}
	srv := storetest.Serve(t, l.wrap(tagged(fs, honest)))
	now := time.Now()
	open := func() store.Store {
		return open(t, webdav.Config{URL: srv.URL + "/", Web: web.Config{Now: func() time.Time { return now }}})
	}
	other, s := open(), open()
	for i := range 30 {
		put(t, other, fmt.Sprintf("sv-a/dev/%02x/1-00", i))
	}
	put(t, other, "sv-a/ctl/1-00", "sv-a/key/1-00")
	list := func() int {
		t.Helper()
		l.take()
		list, err := s.List(t.Context(), "sv-a/")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	if n := list(); n != 32 || l.count("PROPFIND") != 35 {
		t.Errorf("first: %d objects, %d requests", n, l.count("PROPFIND"))
	}
	if n := list(); n != 32 || l.count("PROPFIND") != 2 {
		t.Errorf("idle: %d objects, %d requests, want 2", n, l.count("PROPFIND"))
	}
	put(t, other, "sv-a/dev/07/2-00", "sv-a/ctl/2-00")
	if n := list(); n != 34 || l.count("PROPFIND") != 4 {
		t.Errorf("after two changes: %d objects, %d requests, want 4", n, l.count("PROPFIND"))
	}
	put(t, s, "sv-a/dev/07/3-00")
	if err := s.Delete(t.Context(), "sv-a/dev/08/1-00"); err != nil {
		t.Fatal(err)
	}
	if n := list(); n != 34 || l.count("PROPFIND") != 4 {
		t.Errorf("after changes of our own: %d objects, %d requests, want 4", n, l.count("PROPFIND"))
	}
	// Once in a while all is asked for: a server's tags may not follow what is in its folders.
	now = now.Add(6 * time.Minute)
	if n := list(); n != 34 || l.count("PROPFIND") != 34 {
		t.Errorf("later: %d objects, %d requests", n, l.count("PROPFIND"))
	}
}

// A server made with sabre/dav says of a folder that it is not there when one file in it goes while it lists it. Nothing may be missing
// from a listing for that, at the top, below or in between; a folder that is truly gone is.
func TestFolderSaidToBeGone(t *testing.T) {
	for _, depth := range []string{"infinity", "1"} {
		for _, folder := range []string{"/", "/sv-a/", "/sv-a/dev/", "/sv-a/dev/01/", "/sv-a/inbox/"} {
			for _, prefix := range []string{"", "sv-a/", "sv-a/dev/"} {
				t.Run(depth+" "+folder+" "+prefix, func(t *testing.T) {
					honest, fs := storetest.ServeWebDAV()
					var lie atomic.Bool
					srv := storetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
						asked := req.Header.Get("Depth")
						switch {
						case req.Method == "PROPFIND" && asked != "0" && strings.TrimSuffix(req.URL.Path, "/")+"/" == folder && lie.Swap(false):
							w.WriteHeader(http.StatusNotFound)
							return
						case req.Method == "PROPFIND" && asked == "infinity":
							req.Header.Set("Depth", depth)
						}
						honest.ServeHTTP(w, req)
					}))
					raw := open(t, webdav.Config{URL: srv.URL + "/"})
					put(t, raw, "sv-a/ctl/0-00", "sv-a/dev/01/1-00", "sv-a/dev/02/1-00", "sv-a/inbox/1-00")
					want, err := raw.List(t.Context(), prefix)
					if err != nil || len(want) < 2 {
						t.Fatalf("%d objects, %v", len(want), err)
					}
					lie.Store(true)
					patient := store.Retry(raw, store.Policy{Attempts: 2, Sleep: func(context.Context, time.Duration) error { return nil }})
					got, err := patient.List(t.Context(), prefix)
					if err != nil || !slices.Equal(got, want) {
						t.Errorf("a folder said to be gone:\n got %v, %v\nwant %v", got, err, want)
					}
					lie.Store(false)
					if err := fs.RemoveAll(t.Context(), "/sv-a/inbox"); err != nil {
						t.Fatal(err)
					}
					got, err = raw.List(t.Context(), "sv-a/")
					if err != nil || len(got) != 3 {
						t.Errorf("a folder that is gone: %v, %v", got, err)
					}
				})
			}
		}
	}
}

// A server with tags that never change is believed for minutes, not for ever.
func TestTagsThatLie(t *testing.T) {
	honest, _ := storetest.ServeWebDAV()
	srv := storetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method != "PROPFIND" {
			honest.ServeHTTP(w, req)
			return
		}
		if req.Header.Get("Depth") == "infinity" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		rec := &recorder{header: http.Header{}}
		honest.ServeHTTP(rec, req)
		rec.body = []byte(strings.ReplaceAll(string(rec.body), "<D:resourcetype>", "<D:getetag>\"same\"</D:getetag><D:resourcetype>"))
		rec.send(w)
	}))
	now := time.Now()
	other := open(t, webdav.Config{URL: srv.URL + "/"})
	s := open(t, webdav.Config{URL: srv.URL + "/", Web: web.Config{Now: func() time.Time { return now }}})
	put(t, other, "sv-a/ctl/1-00")
	for i, want := range []int{1, 1, 2, 2} {
		if i == 1 {
			put(t, other, "sv-a/ctl/2-00")
		}
		if i == 2 {
			now = now.Add(6 * time.Minute)
		}
		list, err := s.List(t.Context(), "sv-a/")
		if err != nil || len(list) != want {
			t.Errorf("listing %d: %d objects, %v, want %d", i, len(list), err, want)
		}
	}
}

// Temporary files are not seen, and swept when they are old.
func TestSweep(t *testing.T) {
	honest, fs := storetest.ServeWebDAV()
	later := time.Duration(0)
	srv := storetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Date", time.Now().Add(later).UTC().Format(http.TimeFormat))
		honest.ServeHTTP(w, req)
	}))
	s := open(t, webdav.Config{URL: srv.URL + "/"})
	put(t, s, "sv-a/ctl/1-00")
	storetest.PlantWebDAV(t, fs, "sv-a/ctl/.~tally-00.tmp", []byte("x"))
	storetest.PlantWebDAV(t, fs, "sv-a/ctl/.~lock.tmp", []byte("x"))
	// One that somebody is just beginning to write has no time yet.
	const begun = "/sv-a/ctl/.~tally-01.tmp"
	f, err := fs.OpenFile(t.Context(), begun, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := f.Stat(); err != nil || !info.ModTime().IsZero() {
		t.Fatalf("a file without content was changed at %v, %v", info.ModTime(), err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	there := func() bool {
		f, err := fs.Stat(t.Context(), "/sv-a/ctl/.~tally-00.tmp")
		return err == nil && f != nil
	}
	for _, c := range []struct {
		later time.Duration
		there bool
	}{{0, true}, {23 * time.Hour, true}, {25 * time.Hour, false}} {
		later = c.later
		if list, err := s.List(t.Context(), ""); err != nil || len(list) != 1 {
			t.Fatalf("List %v, %v", list, err)
		}
		if there() != c.there {
			t.Errorf("%v later it is there: %v", c.later, there())
		}
	}
	if _, err := fs.Stat(t.Context(), "/sv-a/ctl/.~lock.tmp"); err != nil {
		t.Error("somebody else's file was removed")
	}
	if _, err := fs.Stat(t.Context(), begun); err != nil {
		t.Error("a file that is just being written was removed")
	}
}

// A hostile listing names what is not below the folder.
func TestForeignNames(t *testing.T) {
	const file = `<D:response><D:href>%s</D:href><D:propstat><D:prop><D:resourcetype>%s</D:resourcetype></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>`
	srv := storetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Depth") == "infinity" && req.URL.Path != "/dav/sv-a/" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.WriteHeader(http.StatusMultiStatus)
		_, _ = io.WriteString(w, `<D:multistatus xmlns:D="DAV:">`)
		for _, href := range []string{
			"/dav/sv-a/1-00", "/dav/sv-a/1-00", "/dav/sv-b/1-00", "/sv-a/2-00", "/dav/sv-a/../sv-a/3-00", "/dav/sv-a/%2e%2e/4-00", "https://evil.example/dav/sv-a/5-00", "/dav/sv-a/%00", "%zz", "",
			"/dav/sv-a//6-00", "/dav/sv-a/A", "/dav/sv-a/nul", "relative/7-00", "/dav/sv-ax/8-00", "/dav/sv-a/..%2f9-00",
		} {
			_, _ = fmt.Fprintf(w, file, href, "")
		}
		_, _ = fmt.Fprintf(w, file, "/dav/sv-a/", "<D:collection/>")
		_, _ = fmt.Fprintf(w, file, "/dav/", "<D:collection/>")
		_, _ = io.WriteString(w, `</D:multistatus>`)
	}))
	s := open(t, webdav.Config{URL: srv.URL + "/dav/"})
	list, err := s.List(t.Context(), "sv-a/")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range list {
		names = append(names, o.Name)
	}
	if !slices.Equal(names, []string{"sv-a/1-00", "sv-a/5-00"}) {
		t.Errorf("listed %q", names)
	}
}

// Folders that hold themselves, or go on for ever.
func TestEndlessTree(t *testing.T) {
	asked := 0
	var mu sync.Mutex
	srv := storetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		mu.Lock()
		asked++
		mu.Unlock()
		if req.Header.Get("Depth") == "infinity" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.WriteHeader(http.StatusMultiStatus)
		_, _ = io.WriteString(w, `<D:multistatus xmlns:D="DAV:">`)
		for _, href := range []string{req.URL.Path, req.URL.Path + "a/", "/sv-a/", "/"} {
			_, _ = fmt.Fprintf(w, `<D:response><D:href>%s</D:href><D:propstat><D:prop><D:resourcetype><D:collection/></D:resourcetype></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>`, href)
		}
		_, _ = io.WriteString(w, `</D:multistatus>`)
	}))
	list, err := open(t, webdav.Config{URL: srv.URL + "/"}).List(t.Context(), "sv-a/")
	if err != nil || len(list) != 0 || asked > store.MaxName {
		t.Errorf("%d objects, %v, %d requests", len(list), err, asked)
	}
}

// Credentials are kept back until they are asked for, and given in the form that is asked for.
func TestAuthentication(t *testing.T) {
	const user, password = "ann", "pass:wörd"
	honest, _ := storetest.ServeWebDAV()
	nonce := "first"
	var basics, unsigned int
	demand := func(w http.ResponseWriter, offers ...string) {
		for _, o := range offers {
			w.Header().Add("WWW-Authenticate", o)
		}
		w.WriteHeader(http.StatusUnauthorized)
	}
	basic := func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Authorization") == "" {
			unsigned++
		}
		u, p, ok := req.BasicAuth()
		if !ok || u != user || p != password {
			demand(w, `Negotiate`, `Basic realm="x"`)
			return
		}
		honest.ServeHTTP(w, req)
	}
	digested := func(w http.ResponseWriter, req *http.Request) {
		if _, _, ok := req.BasicAuth(); ok {
			basics++
		}
		challenge := &digest.Challenge{Realm: "x", Nonce: nonce, QOP: []string{"auth"}, Algorithm: "SHA-256"}
		c, err := digest.ParseCredentials(req.Header.Get("Authorization"))
		if err != nil {
			demand(w, `Basic realm="x"`, challenge.String())
			return
		}
		want, err := digest.Digest(challenge, digest.Options{Method: req.Method, URI: req.URL.RequestURI(), Count: c.Nc, Cnonce: c.Cnonce, Username: user, Password: password})
		if err != nil || c.Nonce != nonce || c.Response != want.Response {
			challenge.Stale = c.Nonce != nonce
			demand(w, `Basic realm="x"`, challenge.String())
			return
		}
		honest.ServeHTTP(w, req)
	}
	for name, handler := range map[string]http.HandlerFunc{"basic": basic, "digest": digested} {
		srv := storetest.Serve(t, handler)
		cfg := webdav.Config{URL: srv.URL + "/", User: user, Password: secret.FromString(password)}
		s := open(t, cfg)
		put(t, s, "sv-"+name+"/ctl/1-00")
		nonce = "second"
		put(t, s, "sv-"+name+"/ctl/2-00")
		if list, err := s.List(t.Context(), "sv-"+name+"/"); err != nil || len(list) != 2 {
			t.Errorf("%s: %v, %v", name, list, err)
		}
		cfg.Password = secret.FromString("wrong")
		if err := open(t, cfg).PutNew(t.Context(), "sv-a/ctl/3-00", []byte("x")); !errors.Is(err, store.ErrDenied) {
			t.Errorf("%s: a wrong password: %v, want ErrDenied", name, err)
		}
		cfg.User, cfg.Password = "", secret.Bytes{}
		if _, err := open(t, cfg).List(t.Context(), "sv-a/"); !errors.Is(err, store.ErrDenied) {
			t.Errorf("%s: nobody: %v, want ErrDenied", name, err)
		}
	}
	if unsigned != 3 {
		t.Errorf("%d requests without credentials, want one for each of three clients", unsigned)
	}
	if basics != 0 {
		t.Errorf("the password went over the wire %d times although it need not", basics)
	}
}

// The folder itself: made for a new vault, missed when it is gone.
func TestMake(t *testing.T) {
	honest, fs := storetest.ServeWebDAV()
	srv := storetest.Serve(t, honest)
	s := open(t, webdav.Config{URL: srv.URL + "/Team%20keys/"})
	if _, err := s.List(t.Context(), "sv-a/"); !errors.Is(err, store.ErrStorage) {
		t.Errorf("List in a folder that is not there: %v, want ErrStorage", err)
	}
	if err := s.PutNew(t.Context(), "sv-a/ctl/1-00", nil); !errors.Is(err, store.ErrStorage) {
		t.Errorf("PutNew in a folder that is not there: %v, want ErrStorage", err)
	}
	for range 2 {
		if err := s.Make(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := s.List(t.Context(), "sv-a/"); err != nil || len(list) != 0 {
		t.Errorf("List in a new folder: %v, %v", list, err)
	}
	put(t, s, "sv-a/ctl/1-00")
	if _, err := fs.Stat(t.Context(), "/Team keys/sv-a/ctl/1-00"); err != nil {
		t.Error(err)
	}
	if err := open(t, webdav.Config{URL: srv.URL + "/none/below/"}).Make(t.Context()); err == nil {
		t.Error("made a folder below one that is not there")
	}
	for _, u := range []string{srv.URL + "/?x=1", "http://ann:pw@127.0.0.1/", "ftp://127.0.0.1/", "", "/x"} {
		if s, err := webdav.New(webdav.Config{URL: u}); err == nil {
			t.Errorf("%q: %v", u, s)
		}
	}
}
