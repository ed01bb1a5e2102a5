package storetest

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault/share/store"
)

// Credentials that Distrust looks for in errors, and in what reaches servers they are not for.
const (
	SecretUser     = "sekret-user"
	SecretPassword = "sekret-password"
)

// Front opens a store over HTTP at a base URL without a path, with SecretUser and SecretPassword, and certificates in PEM to trust.
type Front func(t testing.TB, url string, ca []byte) (store.Store, error)

// Distrust holds a back end that speaks HTTP against servers, and people between, that mean it harm. Nothing it does may give
// credentials away, read without end, or wait without end; every failure has its name.
func Distrust(t *testing.T, front Front) {
	open := func(t testing.TB, url string) store.Store {
		t.Helper()
		s, err := front(t, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Run("redirects", func(t *testing.T) { redirects(t, open) })
	t.Run("statuses", func(t *testing.T) { statuses(t, open) })
	t.Run("endless bodies", func(t *testing.T) { endless(t, open) })
	t.Run("interim replies without end", func(t *testing.T) { interim(t, open) })
	t.Run("headers without end", func(t *testing.T) { headers(t, open) })
	t.Run("replies that are none", func(t *testing.T) { garbage(t, open) })
	t.Run("listings that are none", func(t *testing.T) { nonsense(t, open) })
	t.Run("cut off", func(t *testing.T) { cutOff(t, open) })
	t.Run("silence", func(t *testing.T) { silence(t, open) })
	t.Run("nobody there", func(t *testing.T) { nobody(t, open) })
	t.Run("certificates", func(t *testing.T) { certificates(t, front) })
	t.Run("the clock", func(t *testing.T) { clockOf(t, open) })
}

// all does each operation, at the same time, and gives its error.
func all(ctx context.Context, s store.Store) map[string]error {
	var group sync.WaitGroup
	var list, get, put, del error
	group.Go(func() { _, list = s.List(ctx, "sv-a/") })
	group.Go(func() { _, get = s.Get(ctx, "sv-a/ctl/1-00", 100) })
	group.Go(func() { put = s.PutNew(ctx, "sv-a/ctl/1-00", []byte("x")) })
	group.Go(func() { del = s.Delete(ctx, "sv-a/ctl/1-00") })
	group.Wait()
	return map[string]error{"List": list, "Get": get, "PutNew": put, "Delete": del}
}

// quiet holds an error against what must not be in it.
func quiet(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, secret := range []string{SecretUser, SecretPassword, base64.StdEncoding.EncodeToString([]byte(SecretUser + ":" + SecretPassword)), "sv-a"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error %q tells %q", err, secret)
		}
	}
}

func redirects(t *testing.T, open func(testing.TB, string) store.Store) {
	var reached atomic.Int32
	elsewhere := Serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reached.Add(1)
		w.WriteHeader(http.StatusOK)
	}))
	for _, to := range []string{elsewhere.URL + "/", strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1) + "/x", "//" + SecretUser + ":" + SecretPassword + "@" + strings.TrimPrefix(elsewhere.URL, "http://") + "/", "/other", "ftp://x/"} {
		for _, code := range []int{301, 302, 303, 307, 308} {
			srv := Serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", to)
				w.WriteHeader(code)
			}))
			for op, err := range all(t.Context(), open(t, srv.URL)) {
				if !errors.Is(err, store.ErrStorage) {
					t.Errorf("%s answered with %d to %s: %v, want ErrStorage", op, code, to, err)
				}
				quiet(t, err)
			}
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("the other server was reached %d times", n)
	}
}

func statuses(t *testing.T, open func(testing.TB, string) store.Store) {
	for code, want := range map[int]error{
		400: store.ErrStorage, 401: store.ErrDenied, 402: store.ErrDenied, 403: store.ErrDenied, 407: store.ErrDenied, 408: store.ErrOffline, 418: store.ErrStorage,
		423: store.ErrOffline, 429: store.ErrOffline, 500: store.ErrStorage, 501: store.ErrStorage, 502: store.ErrOffline, 503: store.ErrOffline, 504: store.ErrOffline,
		507: store.ErrFull, 599: store.ErrStorage, 304: store.ErrStorage,
	} {
		srv := Serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(code)
		}))
		s := open(t, srv.URL)
		for op, err := range all(t.Context(), s) {
			if !errors.Is(err, want) {
				t.Errorf("%s answered with %d: %v, want %v", op, code, err, want)
			}
			quiet(t, err)
			var f *store.Failure
			if !errors.As(err, &f) {
				t.Errorf("%s answered with %d: %T is no Failure", op, code, err)
				continue
			}
			if again := code == 408 || code == 423 || code == 429 || code >= 500 && code != 501 && code != 507; f.Again != again || again && f.After != 7*time.Second {
				t.Errorf("%s answered with %d: again %v after %v", op, code, f.Again, f.After)
			}
		}
	}
	// Nothing there at all.
	srv := Serve(t, http.NotFoundHandler())
	s := open(t, srv.URL)
	if _, err := s.Get(t.Context(), "sv-a/ctl/1-00", 10); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get answered with 404: %v", err)
	}
	if err := s.Delete(t.Context(), "sv-a/ctl/1-00"); err != nil {
		t.Errorf("Delete answered with 404: %v", err)
	}
	if err := s.PutNew(t.Context(), "sv-a/ctl/1-00", nil); err == nil {
		t.Error("PutNew answered with 404 succeeds")
	}
}

// endless sends without end, as long as somebody reads.
func endless(t *testing.T, open func(testing.TB, string) store.Store) {
	for _, code := range []int{200, 207, 403, 404, 500} {
		var sent atomic.Int64
		srv := Serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
			w.Header().Set("ETag", `"x"`)
			w.WriteHeader(code)
			block := []byte(strings.Repeat("<a><b>", 10_000))
			for {
				n, err := w.Write(block)
				sent.Add(int64(n))
				if err != nil {
					return
				}
			}
		}))
		s := open(t, srv.URL)
		_, err := s.Get(t.Context(), "sv-a/ctl/1-00", 1000)
		if code == 200 && !errors.Is(err, store.ErrTooLarge) || err == nil {
			t.Errorf("Get of an endless reply of status %d: %v", code, err)
		}
		quiet(t, err)
		for op, err := range all(t.Context(), s) {
			// That something was written or removed may be believed without reading what is said about it.
			if err == nil && (op == "List" || op == "Get") {
				t.Errorf("%s of an endless reply of status %d succeeds", op, code)
			}
			quiet(t, err)
		}
		if n := sent.Load(); n > 600<<20 {
			t.Errorf("status %d: %d MB were sent", code, n>>20)
		}
	}
}

// raw serves bytes without HTTP's help.
func raw(t *testing.T, talk func(c net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = c.Read(make([]byte, 64<<10))
				talk(c)
			}()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return "http://" + l.Addr().String()
}

func interim(t *testing.T, open func(testing.TB, string) store.Store) {
	url := raw(t, func(c net.Conn) {
		for {
			if _, err := c.Write([]byte("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")); err != nil {
				return
			}
		}
	})
	for op, err := range all(t.Context(), open(t, url)) {
		if !errors.Is(err, store.ErrStorage) && !errors.Is(err, store.ErrOffline) {
			t.Errorf("%s: %v", op, err)
		}
		quiet(t, err)
	}
}

func headers(t *testing.T, open func(testing.TB, string) store.Store) {
	url := raw(t, func(c net.Conn) {
		_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\n"))
		for i := 0; ; i++ {
			if _, err := fmt.Fprintf(c, "X-%d: %s\r\n", i, strings.Repeat("x", 1000)); err != nil {
				return
			}
		}
	})
	for op, err := range all(t.Context(), open(t, url)) {
		if !errors.Is(err, store.ErrStorage) && !errors.Is(err, store.ErrOffline) {
			t.Errorf("%s: %v", op, err)
		}
		quiet(t, err)
	}
}

func garbage(t *testing.T, open func(testing.TB, string) store.Store) {
	for _, text := range []string{
		"SSH-2.0-OpenSSH_9.2\r\n", "\x00\x01\x02", "HTTP/1.1 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno header\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "",
	} {
		url := raw(t, func(c net.Conn) { _, _ = c.Write([]byte(text)) })
		for op, err := range all(t.Context(), open(t, url)) {
			if op == "PutNew" || op == "Delete" {
				// Whoever answers 200 and then nonsense may have done it: the next listing shows.
				quiet(t, err)
				continue
			}
			if !errors.Is(err, store.ErrStorage) && !errors.Is(err, store.ErrOffline) {
				t.Errorf("%s answered with %q: %v", op, text, err)
			}
			quiet(t, err)
		}
	}
}

func nonsense(t *testing.T, open func(testing.TB, string) store.Store) {
	for _, text := range []string{
		"", "ok", "<html><body>Welcome to the hotel</body></html>", "<?xml version=\"1.0\"?>", "<a>", "<multistatus/>", "{}",
		`<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><D:multistatus xmlns:D="DAV:"><D:response><D:href>&b;</D:href></D:response></D:multistatus>`,
		`<D:multistatus xmlns:D="DAV:"><D:response><D:href>/sv-a/x</D:response>`, `<D:multistatus xmlns:D="DAV:">` + strings.Repeat("<D:response>", 20_000),
		`<ListBucketResult><Contents><Key>`, "\xff\xfe<\x00a\x00>\x00", "<ListBucketResult><IsTruncated>perhaps</IsTruncated></ListBucketResult>",
	} {
		for _, code := range []int{200, 207} {
			srv := Serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(code)
				_, _ = w.Write([]byte(text))
			}))
			list, err := open(t, srv.URL).List(t.Context(), "sv-a/")
			if !errors.Is(err, store.ErrStorage) && !(err == nil && len(list) == 0 && strings.Contains(text, "ListBucketResult")) {
				t.Errorf("List answered with %d %.60q: %v, %v, want ErrStorage", code, text, list, err)
			}
			quiet(t, err)
		}
	}
}

func cutOff(t *testing.T, open func(testing.TB, string) store.Store) {
	url := raw(t, func(c net.Conn) {
		_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 50\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\nETag: \"x\"\r\n\r\nonly this"))
	})
	data, err := open(t, url).Get(t.Context(), "sv-a/ctl/1-00", 100)
	if !errors.Is(err, store.ErrOffline) || data != nil {
		t.Errorf("Get of a reply that is cut off: %q, %v, want ErrOffline", data, err)
	}
	quiet(t, err)
	if f := (*store.Failure)(nil); !errors.As(err, &f) || !f.Again {
		t.Error("it is not tried again")
	}
}

func silence(t *testing.T, open func(testing.TB, string) store.Store) {
	hang := make(chan struct{})
	srv := Serve(t, http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		select {
		case <-hang:
		case <-req.Context().Done():
		}
	}))
	defer close(hang)
	s := open(t, srv.URL)
	patient := store.Retry(s, store.Policy{Timeout: 30 * time.Millisecond})
	for op, err := range all(t.Context(), patient) {
		if !errors.Is(err, store.ErrOffline) {
			t.Errorf("%s: %v, want ErrOffline", op, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	for op, err := range all(ctx, s) {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v, want the context's error", op, err)
		}
	}
}

func nobody(t *testing.T, open func(testing.TB, string) store.Store) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	for op, err := range all(t.Context(), open(t, "http://"+address)) {
		if !errors.Is(err, store.ErrOffline) {
			t.Errorf("%s: %v, want ErrOffline", op, err)
		}
		quiet(t, err)
	}
}

func certificates(t *testing.T, front Front) {
	handler := http.NotFoundHandler()
	srv := httptest.NewUnstartedServer(handler)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of clients that go away, which they are to do
	srv.StartTLS()
	defer srv.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	get := func(url string, ca []byte) error {
		s, err := front(t, url, ca)
		if err != nil {
			return err
		}
		_, err = s.Get(t.Context(), "sv-a/ctl/1-00", 10)
		quiet(t, err)
		return err
	}
	plain := Serve(t, handler)
	for _, c := range []struct {
		name, url string
		ca        []byte
		want      error
	}{
		{"unknown authority", srv.URL, nil, store.ErrUntrusted},
		{"authority of our own", srv.URL, ca, store.ErrNotFound},
		{"another name", strings.Replace(srv.URL, "127.0.0.1", "localhost", 1), ca, store.ErrUntrusted},
		{"no https there", "https" + strings.TrimPrefix(plain.URL, "http"), nil, store.ErrUntrusted},
		{"no authority in the file", srv.URL, []byte("not a certificate"), store.ErrUntrusted},
		{"plain to another computer", "http://192.0.2.1", nil, store.ErrUntrusted},
		{"plain to another computer, by name", "http://nas", nil, store.ErrUntrusted},
		{"plain to a name that begins like this computer", "http://localhost.example", nil, store.ErrUntrusted},
	} {
		if err := get(c.url, c.ca); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func clockOf(t *testing.T, open func(testing.TB, string) store.Store) {
	const ahead = 90 * time.Second
	srv := Serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusNotFound)
	}))
	s := open(t, srv.URL)
	if r, ok := store.Clock(s); ok {
		t.Errorf("a reading before any reply: %+v", r)
	}
	for range 3 {
		_, _ = s.Get(t.Context(), "sv-a/ctl/1-00", 10)
	}
	r, ok := store.Clock(store.Retry(s, store.Policy{}))
	if !ok || r.Low > ahead || r.High < ahead || r.High < r.Low || r.At.IsZero() {
		t.Errorf("reading %+v, %v, want one around %v", r, ok, ahead)
	}
}
