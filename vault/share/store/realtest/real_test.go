// Package realtest runs the conformance suite of shared storages against other people's servers, each started by its test.
package realtest

import (
	"encoding/pem"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/s3"
	"github.com/tallystick/tallystick/vault/share/store/storetest"
	"github.com/tallystick/tallystick/vault/share/store/web"
	"github.com/tallystick/tallystick/vault/share/store/webdav"

	"github.com/tallystick/tallystick/vault/share/store/realtest/servers"
)

// plant writes a file into a folder that a server serves.
func plant(t testing.TB, root, name string, data []byte) {
	t.Helper()
	file := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// conformWebDAV gives every test of the suite a folder of its own on one server.
func conformWebDAV(t *testing.T, srv servers.Server, weak bool) {
	n := 0
	storetest.Conform(t, func(t *testing.T) storetest.Storage {
		n++
		folder := "test" + strconv.Itoa(n)
		cfg := webdav.Config{URL: srv.URL + folder + "/", User: srv.User, Password: secret.FromString(srv.Password), Web: web.Config{CA: srv.CA}}
		open := func(t testing.TB) store.Store {
			s, err := webdav.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.Close)
			return s
		}
		if err := open(t).(*webdav.Store).Make(t.Context()); err != nil {
			t.Fatal(err)
		}
		return storetest.Storage{
			Open:  open,
			Plant: func(t testing.TB, name string, data []byte) { plant(t, filepath.Join(srv.Files, folder), name, data) },
			Weak:  weak,
			Many:  150,
		}
	})
}

func TestApacheTLS(t *testing.T)    { t.Parallel(); conformWebDAV(t, servers.ApacheTLS(t), true) }
func TestApacheDigest(t *testing.T) { t.Parallel(); conformWebDAV(t, servers.ApacheDigest(t), true) }
func TestLighttpd(t *testing.T)     { t.Parallel(); conformWebDAV(t, servers.Lighttpd(t), true) }
func TestNginx(t *testing.T)        { t.Parallel(); conformWebDAV(t, servers.Nginx(t), true) }
func TestRclone(t *testing.T)       { t.Parallel(); conformWebDAV(t, servers.Rclone(t), true) }
func TestSabre(t *testing.T)        { t.Parallel(); conformWebDAV(t, servers.Sabre(t, false), true) }
func TestSabreTags(t *testing.T)    { t.Parallel(); conformWebDAV(t, servers.Sabre(t, true), true) }

// A server that stands behind another one, which speaks TLS for it: with the name people know it by, and with one of its own.
func TestApacheBehindAnother(t *testing.T) {
	t.Parallel()
	for name, outgoing := range map[string]func(r *httputil.ProxyRequest, inner *url.URL){
		"known by its name": func(r *httputil.ProxyRequest, inner *url.URL) {
			r.SetURL(inner)
			r.Out.Host = r.In.Host
		},
		"known by another name": func(r *httputil.ProxyRequest, inner *url.URL) { r.SetURL(inner) },
	} {
		t.Run(name, func(t *testing.T) {
			srv := servers.ApacheDigest(t)
			inner, err := url.Parse(srv.URL)
			if err != nil {
				t.Fatal(err)
			}
			folder := inner.EscapedPath()
			inner.Path = ""
			front := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { outgoing(r, inner) }})
			t.Cleanup(front.Close)
			srv.URL, srv.CA = front.URL+folder, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})
			conformWebDAV(t, srv, true)
		})
	}
}

func TestS3(t *testing.T) {
	t.Parallel()
	srv := servers.S3(t)
	n := 0
	storetest.Conform(t, func(t *testing.T) storetest.Storage {
		n++
		prefix := "test" + strconv.Itoa(n) + "/"
		return storetest.Storage{
			Open: func(t testing.TB) store.Store {
				s, err := s3.New(s3.Config{
					Endpoint: srv.URL, Bucket: servers.Bucket, Prefix: prefix, KeyID: srv.User, Key: secret.FromString(srv.Password), Web: web.Config{CA: srv.CA},
				})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(s.Close)
				return s
			},
			Plant: func(t testing.TB, name string, data []byte) { plant(t, filepath.Join(srv.Files, prefix), name, data) },
			Many:  1100,
		}
	})
}
