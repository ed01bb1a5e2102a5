package s3_test

import (
	"testing"

	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/s3"
	"github.com/tallystick/tallystick/vault/share/store/storetest"
	"github.com/tallystick/tallystick/vault/share/store/web"
)

func TestDistrust(t *testing.T) {
	storetest.Distrust(t, func(t testing.TB, url string, ca []byte) (store.Store, error) {
		s, err := s3.New(s3.Config{Endpoint: url, Bucket: storetest.Bucket, KeyID: storetest.SecretUser, Key: secret.FromString(storetest.SecretPassword), Web: web.Config{CA: ca}})
		if err == nil {
			t.Cleanup(s.Close)
		}
		return s, err
	})
}
