package s3_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/s3"
	"github.com/tallystick/tallystick/vault/share/store/storetest"
	"github.com/tallystick/tallystick/vault/share/store/web"
)

// servers differ in what they make of "If-None-Match: *".
func TestConditions(t *testing.T) {
	for name, habit := range map[string]func(w http.ResponseWriter, req *http.Request) bool{
		"unknown": func(w http.ResponseWriter, req *http.Request) bool {
			if req.Header.Get("If-None-Match") == "" {
				return true
			}
			w.WriteHeader(http.StatusNotImplemented)
			_, _ = w.Write([]byte(`<Error><Code>NotImplemented</Code><Message>A header you provided asks for what this server cannot do</Message></Error>`))
			return false
		},
		"known": func(http.ResponseWriter, *http.Request) bool { return true },
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Conform(t, func(t *testing.T) storetest.Storage {
				honest, _ := storetest.ServeS3(t)
				srv := storetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					if habit(w, req) {
						honest.ServeHTTP(w, req)
					}
				}))
				return storetest.Storage{
					Open: func(t testing.TB) store.Store { return open(t, s3.Config{Endpoint: srv.URL}) }, Weak: name != "known", Brief: true,
				}
			})
		})
	}
}

// requests is what reached a server.
type requests struct {
	mu   sync.Mutex
	list []string
}

func (r *requests) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		r.list = append(r.list, req.Method+" "+req.Host+req.URL.Path+" "+req.URL.Query().Get("prefix")+" "+req.Header.Get("If-None-Match"))
		r.mu.Unlock()
		h.ServeHTTP(w, req)
	})
}

func (r *requests) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.list
	r.list = nil
	return list
}

// Requests are what a sync costs, and what a provider counts.
func TestCost(t *testing.T) {
	honest, _ := storetest.ServeS3(t)
	r := &requests{}
	srv := storetest.Serve(t, r.wrap(honest))
	host := strings.TrimPrefix(srv.URL, "http://")
	s := open(t, s3.Config{Endpoint: srv.URL, Prefix: "a/team/"})
	ctx := t.Context()
	if err := s.PutNew(ctx, "sv-a/ctl/1-00", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.List(ctx, "sv-a/"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(ctx, "sv-a/ctl/1-00", 5); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(ctx, "sv-a/ctl/1-00"); err != nil {
		t.Fatal(err)
	}
	const key = "/team/a/team/sv-a/ctl/1-00  "
	want := []string{"PUT " + host + key + "*", "GET " + host + "/team/ a/team/sv-a/ ", "GET " + host + key, "DELETE " + host + key}
	if got := r.take(); !slices.Equal(got, want) {
		t.Errorf("requests\n%q, want\n%q", got, want)
	}
}

// The bucket is a part of the host name where that was asked for, and credentials reach no other host for it.
func TestHostStyle(t *testing.T) {
	var hosts []string
	srv := storetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		hosts = append(hosts, req.Host+req.URL.Path)
		w.WriteHeader(http.StatusNotFound)
	}))
	// *.localhost is loopback, RFC 6761; not every resolver knows, so a failure to reach it is no failure of the test.
	endpoint := strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)
	_, err := open(t, s3.Config{Endpoint: endpoint, Style: "host"}).Get(t.Context(), "sv-a/ctl/1-00", 10)
	if !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrOffline) {
		t.Errorf("Get: %v", err)
	}
	for _, h := range hosts {
		if h != "team."+strings.TrimPrefix(endpoint, "http://")+"/sv-a/ctl/1-00" {
			t.Errorf("asked %s", h)
		}
	}
}

func page(truncated bool, token string, keys ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>%v</IsTruncated><NextContinuationToken>%s</NextContinuationToken>`, truncated, token)
	for _, k := range keys {
		fmt.Fprintf(&b, `<Contents><Key>%s</Key><Size>1</Size></Contents>`, k)
	}
	return b.String() + `</ListBucketResult>`
}

// Listings that never end, or name what was not asked for.
func TestHostileListings(t *testing.T) {
	serve := func(t *testing.T, answer func(n int) string) (store.Store, *int) {
		n := 0
		srv := storetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			n++
			_, _ = w.Write([]byte(answer(n)))
		}))
		return open(t, s3.Config{Endpoint: srv.URL, Prefix: "p/"}), &n
	}
	t.Run("empty pages", func(t *testing.T) {
		s, n := serve(t, func(n int) string { return page(true, fmt.Sprint(n)) })
		if list, err := s.List(t.Context(), "sv-a/"); !errors.Is(err, store.ErrStorage) || list != nil || *n > 3000 {
			t.Errorf("%d objects, %v, %d requests", len(list), err, *n)
		}
	})
	t.Run("the same again and again", func(t *testing.T) {
		keys := slices.Repeat([]string{"p/sv-a/1-00"}, 1000)
		s, n := serve(t, func(n int) string { return page(true, fmt.Sprint(n), keys...) })
		if list, err := s.List(t.Context(), "sv-a/"); !errors.Is(err, store.ErrStorage) || list != nil || *n > 300 {
			t.Errorf("%d objects, %v, %d requests", len(list), err, *n)
		}
	})
	t.Run("what was not asked for", func(t *testing.T) {
		s, _ := serve(t, func(int) string {
			return page(false, "", "p/sv-b/1-00", "sv-a/2-00", "p/sv-a/9-00", "p/sv-a/3-00", "p/sv-a/../4-00", "p/sv-a/A", "p/sv-a/3-00", "p/sv-a/", "q/sv-a/5-00", "p/sv-a/nul", "")
		})
		list, err := s.List(t.Context(), "sv-a/")
		if err != nil || len(list) != 2 || list[0].Name != "sv-a/3-00" || list[1].Name != "sv-a/9-00" {
			t.Errorf("%v, %v", list, err)
		}
	})
}

// The server's words for what went wrong.
func TestErrorCodes(t *testing.T) {
	for _, c := range []struct {
		code   string
		status int
		want   error
		again  bool
	}{
		{"NoSuchBucket", 404, store.ErrStorage, false}, {"NoSuchKey", 404, store.ErrNotFound, false}, {"AccessDenied", 403, store.ErrDenied, false},
		{"InvalidAccessKeyId", 403, store.ErrDenied, false}, {"SignatureDoesNotMatch", 403, store.ErrDenied, false}, {"RequestTimeTooSkewed", 403, store.ErrDenied, false},
		{"AuthorizationHeaderMalformed", 400, store.ErrDenied, false}, {"SlowDown", 503, store.ErrOffline, true}, {"InternalError", 500, store.ErrStorage, true},
		{"QuotaExceeded", 403, store.ErrFull, false}, {"ConditionalRequestConflict", 409, store.ErrOffline, true}, {"Odd<b>", 418, store.ErrStorage, false},
	} {
		srv := storetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte("<Error><Code>" + c.code + "</Code><Message>" + storetest.SecretPassword + "</Message></Error>"))
		}))
		s := open(t, s3.Config{Endpoint: srv.URL, KeyID: storetest.SecretUser, Key: secret.FromString(storetest.SecretPassword)})
		_, gerr := s.Get(t.Context(), "sv-a/ctl/1-00", 10)
		for op, err := range map[string]error{"Get": gerr, "PutNew": s.PutNew(t.Context(), "sv-a/ctl/1-00", []byte("x"))} {
			f := (*store.Failure)(nil)
			if !errors.Is(err, c.want) || !errors.As(err, &f) || f.Again != c.again {
				t.Errorf("%s: %s: %v, want %v, again %v", c.code, op, err, c.want, c.again)
			}
			if err != nil && strings.Contains(err.Error(), storetest.SecretPassword) {
				t.Errorf("%s: the error repeats the server: %v", c.code, err)
			}
		}
	}
}

// The bucket itself: made for a new vault.
func TestMake(t *testing.T) {
	honest, backend := storetest.ServeS3(t)
	srv := storetest.Serve(t, honest)
	s := open(t, s3.Config{Endpoint: srv.URL, Bucket: "fresh"})
	if _, err := s.List(t.Context(), "sv-a/"); !errors.Is(err, store.ErrStorage) {
		t.Errorf("List without a bucket: %v, want ErrStorage", err)
	}
	for range 2 {
		if err := s.Make(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if ok, err := backend.BucketExists("fresh"); !ok || err != nil {
		t.Errorf("no bucket: %v", err)
	}
	if list, err := s.List(t.Context(), "sv-a/"); err != nil || len(list) != 0 {
		t.Errorf("List in a new bucket: %v, %v", list, err)
	}
	for _, cfg := range []s3.Config{{Endpoint: "ftp://x", Bucket: "team"}, {Endpoint: "", Bucket: "team"}, {Endpoint: "https://ann:pw@host", Bucket: "team"}, {Endpoint: "http://nas", Bucket: "team"}} {
		if s, err := s3.New(cfg); err == nil {
			t.Errorf("%+v: %v", cfg, s)
		}
	}
	if _, err := s3.New(s3.Config{Endpoint: "http://nas:9000", Bucket: "team", Web: web.Config{PlainHTTP: true}}); err != nil {
		t.Errorf("plain HTTP, insisted: %v", err)
	}
}

// Credentials that were wiped open nothing any more.
func TestWiped(t *testing.T) {
	var auth string
	srv := storetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		auth = req.Header.Get("Authorization")
		w.WriteHeader(http.StatusNotFound)
	}))
	key := secret.FromString("key")
	s := open(t, s3.Config{Endpoint: srv.URL, KeyID: "id", Key: key})
	_, _ = s.Get(t.Context(), "sv-a/ctl/1-00", 10)
	if !strings.Contains(auth, "Credential=id/") {
		t.Fatalf("signed with %q", auth)
	}
	key.Wipe()
	auth = ""
	if _, err := s.Get(t.Context(), "sv-a/ctl/1-00", 10); err == nil || auth != "" {
		t.Errorf("after the key was wiped: %v, signed with %q", err, auth)
	}
}
