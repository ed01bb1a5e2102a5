package backend_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/backend"
	"github.com/tallystick/tallystick/vault/share/store/storetest"
)

func open(t testing.TB, address string, a backend.Access) *backend.Store {
	t.Helper()
	l, err := store.ParseLocation(address)
	if err != nil {
		t.Fatal(err)
	}
	s, err := backend.Open(l, a, backend.Config{Retry: store.Policy{Base: time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Every kind of address leads to a storage that keeps the promises.
func TestEveryKind(t *testing.T) {
	access := backend.Access{User: "ann", Password: secret.FromString("password")}
	for _, kind := range []string{store.Folder, store.WebDAV, store.S3} {
		t.Run(kind, func(t *testing.T) {
			storetest.Conform(t, func(t *testing.T) storetest.Storage {
				address := "dir:" + filepath.Join(t.TempDir(), "new")
				switch kind {
				case store.WebDAV:
					handler, _ := storetest.ServeWebDAV()
					address = "webdav:" + storetest.Serve(t, handler).URL + "/new"
				case store.S3:
					handler, _ := storetest.ServeS3(t)
					address = "s3:" + storetest.Serve(t, handler).URL + "/new-bucket/prefix"
				}
				s := open(t, address, access)
				for range 2 {
					if err := s.Make(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				return storetest.Storage{Open: func(t testing.TB) store.Store { return open(t, address, access) }, Brief: true}
			})
		})
	}
}

func TestRefused(t *testing.T) {
	for address, want := range map[string]error{"webdav:http://nas/dav": store.ErrUntrusted, "s3:http://nas:9000/bucket": store.ErrUntrusted} {
		l, err := store.ParseLocation(address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := backend.Open(l, backend.Access{}, backend.Config{}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", address, err, want)
		}
		if _, err := backend.Open(l, backend.Access{PlainHTTP: true}, backend.Config{}); err != nil {
			t.Errorf("%s, insisted: %v", address, err)
		}
		if _, err := backend.Open(l, backend.Access{PlainHTTP: true, CA: []byte("x")}, backend.Config{}); !errors.Is(err, store.ErrUntrusted) {
			t.Errorf("%s with a CA that is none: %v", address, err)
		}
	}
	if _, err := backend.Open(store.Location{}, backend.Access{}, backend.Config{}); !errors.Is(err, store.ErrLocation) {
		t.Errorf("nowhere: %v", err)
	}
}

// A place that is there, and whose credentials may not make one, can be used.
func TestMayNotMake(t *testing.T) {
	handler, fs := storetest.ServeWebDAV()
	if err := fs.Mkdir(t.Context(), "/team", 0o777); err != nil {
		t.Fatal(err)
	}
	deny := "MKCOL"
	srv := storetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == deny || deny == "*" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		handler.ServeHTTP(w, req)
	}))
	s := open(t, "webdav:"+srv.URL+"/team", backend.Access{})
	if err := s.Make(t.Context()); err != nil {
		t.Errorf("Make where it is there: %v", err)
	}
	deny = "*"
	if err := s.Make(t.Context()); !errors.Is(err, store.ErrDenied) {
		t.Errorf("Make where nothing is allowed: %v", err)
	}
}

// What wraps a storage does not hide what else it can do.
func TestWhatElseItCan(t *testing.T) {
	dir := open(t, "dir:"+t.TempDir(), backend.Access{})
	ctx, cancel := context.WithCancel(t.Context())
	ch, err := store.Watch(ctx, dir, "sv-a/")
	if err != nil || ch == nil {
		t.Errorf("Watch: %v, %v", ch, err)
	}
	cancel()
	for range ch {
	}
	handler, _ := storetest.ServeWebDAV()
	dav := open(t, "webdav:"+storetest.Serve(t, handler).URL, backend.Access{})
	if ch, err := store.Watch(t.Context(), dav, ""); ch != nil || err != nil {
		t.Errorf("Watch of WebDAV: %v, %v", ch, err)
	}
	if _, err := dav.List(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if r, ok := store.Clock(dav); !ok || r.Low > time.Minute || r.High < -time.Minute {
		t.Errorf("Clock: %+v, %v", r, ok)
	}
}
