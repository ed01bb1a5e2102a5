package webdav_test

import (
	"testing"

	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/storetest"
	"github.com/tallystick/tallystick/vault/share/store/web"
	"github.com/tallystick/tallystick/vault/share/store/webdav"
)

func TestDistrust(t *testing.T) {
	storetest.Distrust(t, func(t testing.TB, url string, ca []byte) (store.Store, error) {
		s, err := webdav.New(webdav.Config{URL: url + "/", User: storetest.SecretUser, Password: secret.FromString(storetest.SecretPassword), Web: web.Config{CA: ca}})
		if err == nil {
			t.Cleanup(s.Close)
		}
		return s, err
	})
}
