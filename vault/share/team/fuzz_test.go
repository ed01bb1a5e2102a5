package team

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/backend"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// nowhere is a storage that is not reached.
type nowhere struct{}

func (nowhere) List(context.Context, string) ([]store.Object, error) { return nil, store.ErrOffline }
func (nowhere) Get(context.Context, string, int64) ([]byte, error)   { return nil, store.ErrOffline }
func (nowhere) PutNew(context.Context, string, []byte) error         { return store.ErrOffline }
func (nowhere) Delete(context.Context, string) error                 { return store.ErrOffline }

// sampleRecord is what a device keeps of a shared vault it made, with one account in it.
func sampleRecord(f *testing.F, s *Service) []byte {
	f.Helper()
	r, err := share.Create(share.Config{}, "Harbour desk", share.Person{Name: "Anna", Device: "laptop"}, vaulttest.Epoch)
	if err != nil {
		f.Fatal(err)
	}
	a := vaulttest.Canonical()[0]
	if _, err := r.Put(share.Account{ID: share.AccountID("0123456789abcdef0123456789abcdef"), Issuer: a.Issuer, Name: a.Name, Params: a.Params}, vaulttest.Epoch); err != nil {
		f.Fatal(err)
	}
	rec := &record{
		where: store.Location{Kind: store.S3, URL: "https://s3.example.com", Bucket: "desk"}, access: backend.Access{User: "id", Password: secret.FromString("key")},
		aliases:  map[share.AccountID]vault.ID{"0123456789abcdef0123456789abcdef": "00112233445566778899aabbccddeeff"},
		personal: map[share.AccountID]personal{"0123456789abcdef0123456789abcdef": {Add: []string{"own"}, Hide: []string{"theirs"}}},
		synced:   vaulttest.Epoch, replica: r,
	}
	text, err := rec.encode()
	if err != nil {
		f.Fatal(err)
	}
	return text
}

// FuzzRecord takes in what a device keeps of a shared vault: whatever it says, nothing panics, what is read can be written and says the same,
// and a vault with it works on.
func FuzzRecord(f *testing.F) {
	s := New(Config{Now: func() time.Time { return vaulttest.Epoch.Add(time.Hour) }})
	sample := sampleRecord(f, s)
	f.Add(sample)
	f.Add(bytes.Replace(sample, []byte(`"format":1`), []byte(`"format":2`), 1))
	f.Add(bytes.Replace(sample, []byte("s3:https"), []byte("dir:/srv"), 1))
	f.Add([]byte(`{"format":1}`))
	cfg := vaulttest.Config(f.TempDir(), nil)
	m := vaulttest.Open(f, cfg)
	if err := m.Create(context.Background(), secret.Bytes{}); err != nil {
		f.Fatal(err)
	}
	s.cfg.Vault = m
	s.cfg.Open = func(store.Location, backend.Access) (store.Store, error) { return nowhere{}, nil }
	f.Fuzz(func(t *testing.T, text []byte) {
		rec, err := s.decode(text)
		if err != nil {
			if !errors.Is(err, ErrRecord) {
				t.Errorf("not an error of records: %v", err)
			}
			return
		}
		again, err := rec.encode()
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		twice, err := s.decode(again)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if third, err := twice.encode(); err != nil || !bytes.Equal(third, again) {
			t.Errorf("written once more it is another one: %v", err)
		}
		id := rec.replica.ID()
		errUndo := errors.New("undo")
		err = m.Update(context.Background(), func(v *vault.Vault) error {
			if err := v.SetShare(string(id), bytes.Clone(again)); err != nil {
				return errUndo
			}
			if rec.project(v) == nil {
				_ = rec.absorb(v, vaulttest.Epoch.Add(2*time.Hour))
				_ = rec.project(v)
			}
			return errUndo
		})
		if !errors.Is(err, errUndo) {
			t.Errorf("%v", err)
		}
	})
}
