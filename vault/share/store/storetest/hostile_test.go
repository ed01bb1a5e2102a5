package storetest_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/s3"
	"github.com/tallystick/tallystick/vault/share/store/storetest"
	"github.com/tallystick/tallystick/vault/share/store/webdav"
)

func overWebDAV(t testing.TB, url, client string) store.Store {
	t.Helper()
	s, err := webdav.New(webdav.Config{URL: url + "/", User: client, Password: secret.FromString("any")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func overS3(t testing.TB, url, prefix, client string) store.Store {
	t.Helper()
	s, err := s3.New(s3.Config{Endpoint: url, Bucket: storetest.Bucket, Prefix: prefix, KeyID: client, Key: secret.FromString("any")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// As long as it is honest, it keeps every promise, over each of its fronts.
func TestHonestHostile(t *testing.T) {
	t.Run("in the process", func(t *testing.T) {
		storetest.Conform(t, func(t *testing.T) storetest.Storage {
			h := storetest.NewHostile()
			return storetest.Storage{Open: func(testing.TB) store.Store { return h.Store("a") }}
		})
	})
	t.Run("over WebDAV", func(t *testing.T) {
		storetest.Conform(t, func(t *testing.T) storetest.Storage {
			srv := storetest.Serve(t, storetest.NewHostile().WebDAV())
			return storetest.Storage{Open: func(t testing.TB) store.Store { return overWebDAV(t, srv.URL, "a") }}
		})
	})
	t.Run("over S3", func(t *testing.T) {
		storetest.Conform(t, func(t *testing.T) storetest.Storage {
			srv := storetest.Serve(t, storetest.NewHostile().S3("team/"))
			return storetest.Storage{Open: func(t testing.TB) store.Store { return overS3(t, srv.URL, "team/", "a") }, Many: 1100}
		})
	})
}

// Each attack is seen through each front as what it is.
func TestAttacks(t *testing.T) {
	for _, front := range []string{"in the process", "over WebDAV", "over S3"} {
		t.Run(front, func(t *testing.T) {
			h := storetest.NewHostile()
			open := func(client string) store.Store {
				switch front {
				case "over WebDAV":
					return overWebDAV(t, storetest.Serve(t, h.WebDAV()).URL, client)
				case "over S3":
					return overS3(t, storetest.Serve(t, h.S3("")).URL, "", client)
				}
				return h.Store(client)
			}
			ann, bob := open("ann"), open("bob")
			ctx := t.Context()
			put := func(s store.Store, name, text string) {
				t.Helper()
				if err := s.PutNew(ctx, name, []byte(text)); err != nil {
					t.Fatal(err)
				}
			}
			sees := func(s store.Store, want ...string) {
				t.Helper()
				list, err := s.List(ctx, "")
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, o := range list {
					data, err := s.Get(ctx, o.Name, 100)
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, o.Name+"="+string(data))
				}
				if !slices.Equal(got, want) {
					t.Fatalf("sees %q, want %q", got, want)
				}
			}
			put(ann, "v/1", "one")
			early := h.Mark()
			put(bob, "v/2", "two")
			sees(ann, "v/1=one", "v/2=two")

			h.Swap("v/1", "v/2")
			sees(ann, "v/1=two", "v/2=one")
			h.Swap("v/1", "v/2")

			h.Truncate("v/1", 2)
			h.Flip("v/2", -1)
			sees(bob, "v/1=on", "v/2=twn")
			h.Flip("v/2", 2)
			h.Inject("v/1", []byte("one"))

			h.Withhold("bob", func(name string) bool { return name == "v/1" })
			sees(bob, "v/2=two")
			sees(ann, "v/1=one", "v/2=two")
			h.Honest()
			sees(bob, "v/1=one", "v/2=two")

			h.Rollback(early)
			sees(ann, "v/1=one")
			if got := h.Replay(nil); !slices.Equal(got, []string{"v/2"}) {
				t.Fatalf("brought back %q", got)
			}
			sees(ann, "v/1=one", "v/2=two")

			h.Fork("bob")
			put(ann, "v/3", "of ann")
			put(bob, "v/3", "of bob")
			sees(ann, "v/1=one", "v/2=two", "v/3=of ann")
			sees(bob, "v/1=one", "v/2=two", "v/3=of bob")
			h.Honest()
			sees(bob, "v/1=one", "v/2=two", "v/3=of ann")

			h.Hold()
			put(ann, "v/4", "late")
			if err := ann.Delete(ctx, "v/3"); err != nil {
				t.Fatal(err)
			}
			sees(ann, "v/1=one", "v/2=two", "v/4=late")
			sees(bob, "v/1=one", "v/2=two", "v/3=of ann")
			h.Release()
			sees(bob, "v/1=one", "v/2=two", "v/4=late")

			h.Rename("v/4", "v/5")
			h.Remove("v/1")
			sees(ann, "v/2=two", "v/5=late")

			h.Before(storetest.Offline("bob"))
			if _, err := bob.List(ctx, ""); !errors.Is(err, store.ErrOffline) {
				t.Errorf("offline: %v", err)
			}
			sees(ann, "v/2=two", "v/5=late")
			h.Before(nil)

			put(ann, "v/6", "a Secret name")
			for _, word := range []string{"secret", "of bob", "v/5"} {
				if len(h.Leaks(word)) == 0 && len(word) > 3 {
					t.Errorf("%q went through and is not found", word)
				}
			}
			if got := h.Leaks("nobody wrote this"); len(got) != 0 {
				t.Errorf("found %q", got)
			}
			cost := h.Cost()
			if cost.Ops["PutNew"] < 6 || cost.Up == 0 || cost.Down == 0 || (cost.Requests > 0) != (front != "in the process") {
				t.Errorf("cost %+v", cost)
			}
			h.Forget()
			if cost := h.Cost(); cost.Up != 0 || len(h.Ops()) != 0 {
				t.Errorf("cost after Forget %+v", cost)
			}
		})
	}
}

// Words are found in every form.
func TestLeakForms(t *testing.T) {
	for _, form := range []string{
		"xx Example Portal yy", "EXAMPLE PORTAL", "Example%20Portal", "4578616d706c6520506f7274616c", "RXhhbXBsZSBQb3J0YWw", "YUV4YW1wbGUgUG9ydGFs", "YWFFeGFtcGxlIFBvcnRhbA==",
		string(bytes.Join(bytes.Split([]byte("Example Portal"), nil), []byte{0})) + "\x00",
	} {
		h := storetest.NewHostile()
		if err := h.Store("a").PutNew(t.Context(), "a/1", []byte(form)); err != nil {
			t.Fatal(err)
		}
		if got := h.Leaks("Example Portal"); len(got) != 1 {
			t.Errorf("%q: found %q", form, got)
		}
	}
}
