// Package backend opens the storage that an address names.
//
// Purpose: the one place that knows all back ends, so that nobody else has to. It adds the wrapper of store.Retry.
//
// Who may import it: vault/share, app/model, app/cli.
//
// Concurrency: what Open returns may be used by many goroutines at once.
package backend

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/dir"
	"github.com/tallystick/tallystick/vault/share/store/s3"
	"github.com/tallystick/tallystick/vault/share/store/web"
	"github.com/tallystick/tallystick/vault/share/store/webdav"
)

// Access is what opening takes besides the address: kept in the vault, never in configuration. The zero Access is for a folder,
// or for a server that asks nobody.
type Access struct {
	User      string       // WebDAV: the user's name. S3: the access key ID
	Password  secret.Bytes // WebDAV: the password, better an app password. S3: the secret access key
	CA        []byte       // certificates in PEM, trusted besides those of the system
	PlainHTTP bool         // the person insisted on http:// to another computer
}

// Config is what back ends get from outside. Zero fields are the system's.
type Config struct {
	Now    func() time.Time
	Random io.Reader
	Retry  store.Policy
}

// Store is an open storage.
type Store struct {
	store.Store
	maker  interface{ Make(context.Context) error }
	closer interface{ Close() }
}

// Open makes a Store for the storage at l. Nothing is sent before it is used. The password stays the caller's and is read when
// requests are made. Errors: store.ErrLocation, store.ErrUntrusted.
func Open(l store.Location, a Access, cfg Config) (*Store, error) {
	conn := web.Config{CA: a.CA, PlainHTTP: a.PlainHTTP, Now: cfg.Now}
	switch l.Kind {
	case store.Folder:
		s := dir.New(l.Path, dir.Config{Now: cfg.Now, Random: cfg.Random})
		return &Store{store.Retry(s, cfg.Retry), s, nil}, nil
	case store.WebDAV:
		s, err := webdav.New(webdav.Config{URL: l.URL, User: a.User, Password: a.Password, Web: conn, Random: cfg.Random})
		if err != nil {
			return nil, err
		}
		return &Store{store.Retry(s, cfg.Retry), s, s}, nil
	case store.S3:
		s, err := s3.New(s3.Config{Endpoint: l.URL, Bucket: l.Bucket, Prefix: l.Prefix, Region: l.Region, Style: l.Style, KeyID: a.User, Key: a.Password, Web: conn})
		if err != nil {
			return nil, err
		}
		return &Store{store.Retry(s, cfg.Retry), s, s}, nil
	}
	return nil, fmt.Errorf("%w: unknown kind", store.ErrLocation)
}

// Unwrap gives the store below, for store.Watch and store.Clock.
func (s *Store) Unwrap() store.Store { return s.Store }

// Make makes the folder or the bucket if it is not there, for a vault that is about to be created. A place that is there already
// and whose credentials may not make one is no error.
func (s *Store) Make(ctx context.Context) error {
	err := s.maker.Make(ctx)
	if errors.Is(err, store.ErrDenied) {
		if _, lerr := s.List(ctx, probe); lerr == nil {
			return nil
		}
	}
	return err
}

// probe is a prefix nothing has: listing it shows whether the storage can be used, and costs one small reply.
const probe = "tallystick-probe/"

// Close lets go of idle connections. The Store must not be used afterwards.
func (s *Store) Close() {
	if s.closer != nil {
		s.closer.Close()
	}
}
