package s3_test

import (
	"testing"

	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/s3"
	"github.com/tallystick/tallystick/vault/share/store/storetest"
)

func open(t testing.TB, cfg s3.Config) *s3.Store {
	t.Helper()
	if cfg.Bucket == "" {
		cfg.Bucket = storetest.Bucket
	}
	if cfg.KeyID == "" {
		cfg.KeyID, cfg.Key = "id", secret.FromString("key")
	}
	s, err := s3.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestConformance(t *testing.T) {
	for _, prefix := range []string{"", "of a/team/"} {
		storetest.Conform(t, func(t *testing.T) storetest.Storage {
			handler, backend := storetest.ServeS3(t)
			srv := storetest.Serve(t, handler)
			storetest.PlantS3(t, backend, "zz/not-ours", []byte("x"))
			if prefix == "" {
				if _, err := backend.DeleteObject(storetest.Bucket, "zz/not-ours"); err != nil {
					t.Fatal(err)
				}
			}
			return storetest.Storage{
				Open:  func(t testing.TB) store.Store { return open(t, s3.Config{Endpoint: srv.URL, Prefix: prefix}) },
				Plant: func(t testing.TB, name string, data []byte) { storetest.PlantS3(t, backend, prefix+name, data) },
				Many:  1200,
			}
		})
	}
}
