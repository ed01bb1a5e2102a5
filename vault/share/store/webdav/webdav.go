// Package webdav keeps the objects of shared vaults on a WebDAV server: Nextcloud, ownCloud, Apache, lighttpd, nginx with
// dav-ext, rclone, a NAS.
//
// Purpose: the WebDAV back end of vault/share/store (RFC 4918). A new object is uploaded under a temporary name and moved to
// its own with "Overwrite: F". That is what servers honour: most of them overwrite in spite of "If-None-Match: *". Whether two
// moves to one name at the same moment exclude one another is up to the server; names end in a hash of the bytes, so both
// would be equal. A server that cannot move, or stands behind another in a way that its moves fail, gets objects put under their
// own names where these are free, with "If-None-Match: *" for those that know it; a reader may then see half of one, and the hash
// in the name shows it.
//
// Why a client of our own: the usual library has no contexts, so that a request cannot be given up, follows redirects with its
// credentials, and reads replies of any length. What is used of WebDAV here is six methods and one kind of XML.
//
// Listing: servers may refuse "Depth: infinity", or treat it as 1 without a word. So it is tried, what it left out is asked for
// folder by folder, and a server that refused is not asked again. A folder whose entity tag is the one it had is not asked for
// again for a while (see cache.go).
//
// Who may import it: store/backend and tests.
//
// Concurrency: a Store may be used by many goroutines at once.
//
// Ownership: the credentials are the caller's; they are read at every request and not copied, so wiping them ends the access.
package webdav

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/web"
)

const (
	// Temporary files, as in a folder: programs that keep folders in step leave these names alone.
	tempPrefix, tempSuffix = ".~tally-", ".tmp"
	staleAfter             = 24 * time.Hour
	// dated is the first year a time of change is believed: servers give a file that is just being written none, which reads as the
	// year 1, 1601 or 1970, and it is no file that somebody left behind.
	dated = 2000
	// maxSmall bounds replies whose content does not matter.
	maxSmall = 1 << 20
	// parallel is how many folders are asked for at once.
	parallel = 4
)

// Config is what a Store gets from outside.
type Config struct {
	URL      string // of the folder; ends in '/'
	User     string // empty = no credentials
	Password secret.Bytes
	Web      web.Config
	Random   io.Reader // nil = the system's
}

// Store is a folder on a WebDAV server.
type Store struct {
	base   *url.URL
	client *web.Client
	random io.Reader
	auth   auth
	cache  cache

	shallow  atomic.Bool  // "Depth: infinity" is not honoured
	form     atomic.Int32 // which form of Destination the server takes
	immobile atomic.Bool  // it takes none
}

// New makes a store. Nothing is sent until it is used. Errors are those of web.New.
func New(cfg Config) (*Store, error) {
	client, err := web.New(cfg.URL, cfg.Web)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(cfg.URL)
	if err != nil || base.RawQuery != "" || base.Fragment != "" || base.User != nil {
		return nil, store.ErrLocation
	}
	if !strings.HasSuffix(base.Path, "/") {
		base.Path += "/"
	}
	s := &Store{base: base, client: client, random: cfg.Random, auth: auth{user: cfg.User, password: cfg.Password}}
	s.cache.now = cfg.Web.Now
	if s.cache.now == nil {
		s.cache.now = time.Now
	}
	if s.random == nil {
		s.random = rand.Reader
	}
	return s, nil
}

// ClockReading gives what the server's replies told about the clock.
func (s *Store) ClockReading() (store.ClockReading, bool) { return s.client.ClockReading() }

// Close lets go of idle connections.
func (s *Store) Close() { s.client.Close() }

// Make makes the folder itself, if it is not there; the one above it has to be.
func (s *Store) Make(ctx context.Context) error {
	if s.base.Path == "/" {
		return nil
	}
	return s.mkcol(ctx, "")
}

// address is the URL of an object, or of a folder when name is empty or ends in '/'.
func (s *Store) address(name string) *url.URL {
	u := *s.base
	u.Path += name
	u.RawPath = ""
	return &u
}

// send sends one request, with credentials, once more when the server asks for them in another way. The caller closes the body.
func (s *Store) send(ctx context.Context, method, name string, body []byte, max int64, header ...string) (*http.Response, error) {
	for tries := 0; ; tries++ {
		req, err := http.NewRequestWithContext(ctx, method, s.address(name).String(), bytes.NewReader(body))
		if err != nil {
			return nil, &store.Failure{Op: method, Kind: store.ErrName}
		}
		for i := 0; i+1 < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		used := s.auth.sign(req)
		res, err := s.client.Do(req, max)
		if err != nil {
			return nil, err
		}
		if res.StatusCode != http.StatusUnauthorized || tries == 2 || !s.auth.learn(res.Header, used) {
			return res, nil
		}
		web.Drop(res)
	}
}

// Get reads an object.
func (s *Store) Get(ctx context.Context, name string, max int64) ([]byte, error) {
	if err := store.CheckName(name); err != nil {
		return nil, err
	}
	res, err := s.send(ctx, http.MethodGet, name, nil, max)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		defer web.Drop(res)
		return nil, web.Status("GET", res)
	}
	if res.ContentLength > max {
		_ = res.Body.Close()
		return nil, &store.Failure{Op: "GET", Kind: store.ErrTooLarge}
	}
	data, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	switch {
	case errors.Is(err, web.ErrLimit):
		return nil, &store.Failure{Op: "GET", Kind: store.ErrTooLarge}
	case err != nil:
		return nil, s.client.Failed(ctx, "GET", err)
	}
	return data, nil
}

// PutNew uploads under a temporary name and moves.
func (s *Store) PutNew(ctx context.Context, name string, data []byte) error {
	if err := store.CheckName(name); err != nil {
		return err
	}
	defer s.cache.forget(path.Dir(name))
	if s.immobile.Load() {
		return s.putDirect(ctx, name, data)
	}
	temp, err := s.tempName(path.Dir(name))
	if err != nil {
		return err
	}
	if err := s.upload(ctx, temp, data); err != nil {
		return err
	}
	f, err := s.move(ctx, temp, name)
	if err == nil && f == nil {
		return nil
	}
	defer s.discard(ctx, temp)
	if err != nil {
		return err
	}
	// Refused. Servers have several ways of saying that the name is taken; what counts is what is there.
	if err := s.same(ctx, name, data); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	switch f.Status {
	case http.StatusNotFound, http.StatusGone, http.StatusPreconditionFailed:
		// Neither the old nor the new name is there: somebody removed one of them meanwhile.
		return &store.Failure{Op: "MOVE", Kind: store.ErrOffline, Detail: f.Detail, Again: true}
	case http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusNotImplemented, http.StatusBadGateway:
		s.immobile.Store(true)
		return s.putDirect(ctx, name, data)
	}
	return f
}

// putDirect puts an object under its own name, if nothing has it.
func (s *Store) putDirect(ctx context.Context, name string, data []byte) error {
	if err := s.same(ctx, name, data); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	err := s.upload(ctx, name, data, "If-None-Match", "*")
	if errors.Is(err, store.ErrExists) {
		if err := s.same(ctx, name, data); !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return err
}

// same reports nil when the object holds data, ErrExists when it holds something else.
func (s *Store) same(ctx context.Context, name string, data []byte) error {
	there, err := s.Get(ctx, name, int64(len(data)))
	switch {
	case err == nil && bytes.Equal(there, data):
		return nil
	case err == nil, errors.Is(err, store.ErrTooLarge):
		return &store.Failure{Op: "PUT", Kind: store.ErrExists}
	}
	return err
}

func (s *Store) tempName(folder string) (string, error) {
	var b [12]byte
	if _, err := io.ReadFull(s.random, b[:]); err != nil {
		return "", err
	}
	return path.Join(folder, tempPrefix+hex.EncodeToString(b[:])+tempSuffix), nil
}

// discard removes a temporary file of ours. When the caller has given up, or the server is not reached, it stays, and a listing
// sweeps it later.
func (s *Store) discard(ctx context.Context, temp string) {
	if ctx.Err() != nil {
		return
	}
	if res, err := s.send(ctx, http.MethodDelete, temp, nil, maxSmall); err == nil {
		web.Drop(res)
	}
}

// upload writes a file and makes the folders above it when they are missing.
func (s *Store) upload(ctx context.Context, name string, data []byte, header ...string) error {
	header = append([]string{"Content-Type", "application/octet-stream"}, header...)
	for made := false; ; made = true {
		res, err := s.send(ctx, http.MethodPut, name, data, maxSmall, header...)
		if err != nil {
			return err
		}
		web.Drop(res)
		if res.StatusCode >= 200 && res.StatusCode < 300 {
			return nil
		}
		f := web.Status("PUT", res)
		switch res.StatusCode {
		// RFC 4918 section 9.7.1 asks for 409; others were seen.
		case http.StatusConflict, http.StatusNotFound, http.StatusForbidden, http.StatusInternalServerError:
			if made {
				break
			}
			if err := s.folders(ctx, path.Dir(name)); err != nil {
				return err
			}
			continue
		}
		if f.Kind == store.ErrNotFound || res.StatusCode == http.StatusConflict {
			f.Kind, f.Detail = store.ErrStorage, "the folder cannot be made"
		}
		return f
	}
}

// folders makes a folder and those above it, from the top.
func (s *Store) folders(ctx context.Context, folder string) error {
	if folder == "." || folder == "" {
		return nil
	}
	for i := range len(folder) + 1 {
		if i == len(folder) || folder[i] == '/' {
			if err := s.mkcol(ctx, folder[:i]+"/"); err != nil {
				return err
			}
		}
	}
	return nil
}

// mkcol makes one folder; that it is there already is no error.
func (s *Store) mkcol(ctx context.Context, folder string) error {
	res, err := s.send(ctx, "MKCOL", folder, nil, maxSmall)
	if err != nil {
		return err
	}
	web.Drop(res)
	s.cache.forget(path.Dir(strings.TrimSuffix(folder, "/")))
	switch code := res.StatusCode; {
	case code >= 200 && code < 300, code == http.StatusMethodNotAllowed: // RFC 4918 section 9.3.1: 405 = it is there
		return nil
	}
	f := web.Status("MKCOL", res)
	// Some servers say 403 or 409 of a folder that is there.
	if _, err := s.propfind(ctx, folder, "0"); err == nil {
		return nil
	}
	if res.StatusCode == http.StatusConflict || res.StatusCode == http.StatusNotFound {
		f.Kind, f.Detail = store.ErrStorage, "the folder above is not there"
	}
	return f
}

// destinations are the forms of the Destination header. A server behind another one that speaks TLS for it takes the address we use
// for that of a foreign server: RFC 4918 section 10.3 allows the path alone then, which its predecessor does not; what is left is
// the address as that server knows it.
var destinations = []func(u *url.URL) string{
	(*url.URL).String,
	(*url.URL).EscapedPath,
	func(u *url.URL) string {
		other := *u
		if other.Scheme = "http"; u.Scheme == "http" {
			other.Scheme = "https"
		}
		return other.String()
	},
}

// move renames without overwriting. A nil Failure is success; a Failure is a refusal that may mean that the name is taken.
func (s *Store) move(ctx context.Context, from, to string) (*store.Failure, error) {
	first := int(s.form.Load())
	for i := range destinations {
		form := (first + i) % len(destinations)
		res, err := s.send(ctx, "MOVE", from, nil, maxSmall, "Destination", destinations[form](s.address(to)), "Overwrite", "F")
		if err != nil {
			return nil, err
		}
		web.Drop(res)
		code := res.StatusCode
		if code >= 200 && code < 300 && code != http.StatusMultiStatus {
			s.form.Store(int32(form))
			return nil, nil
		}
		if (code == http.StatusBadGateway || code == http.StatusBadRequest) && i < len(destinations)-1 {
			continue
		}
		f := web.Status("MOVE", res)
		switch {
		case code == http.StatusMultiStatus:
			return &store.Failure{Op: "MOVE", Kind: store.ErrStorage, Status: code, Detail: "it cannot rename"}, nil
		case f.Again && code != http.StatusBadGateway:
			return nil, f
		}
		return f, nil
	}
	return nil, nil // not reached
}

// Delete removes an object.
func (s *Store) Delete(ctx context.Context, name string) error {
	if err := store.CheckName(name); err != nil {
		return err
	}
	defer s.cache.forget(path.Dir(name))
	res, err := s.send(ctx, http.MethodDelete, name, nil, maxSmall)
	if err != nil {
		return err
	}
	defer web.Drop(res)
	if code := res.StatusCode; code >= 200 && code < 300 && code != http.StatusMultiStatus || code == http.StatusNotFound || code == http.StatusGone {
		return nil
	}
	f := web.Status("DELETE", res)
	return f
}

var errDepth = fmt.Errorf("%w: no listing of that depth", store.ErrStorage)
