package webdav_test

import (
	"testing"

	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/storetest"
	"github.com/tallystick/tallystick/vault/share/store/webdav"
)

func open(t testing.TB, cfg webdav.Config) *webdav.Store {
	t.Helper()
	s, err := webdav.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestConformance(t *testing.T) {
	storetest.Conform(t, func(t *testing.T) storetest.Storage {
		handler, fs := storetest.ServeWebDAV()
		srv := storetest.Serve(t, handler)
		return storetest.Storage{
			Open:  func(t testing.TB) store.Store { return open(t, webdav.Config{URL: srv.URL + "/"}) },
			Plant: func(t testing.TB, name string, data []byte) { storetest.PlantWebDAV(t, fs, name, data) },
			Many:  400,
		}
	})
}
