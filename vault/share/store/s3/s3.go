// Package s3 keeps the objects of shared vaults in a bucket of an S3-compatible object store: Amazon, MinIO, Ceph, Garage,
// versitygw, Backblaze, Wasabi, Hetzner and many others.
//
// Purpose: the S3 back end of vault/share/store, over minio-go. A new object is put with "If-None-Match: *", which is atomic
// where the server knows it. A server that answers that it does not know the header is asked whether the name is taken and then
// given the object without it; one that ignores the header overwrites, with equal bytes, because names end in their hash.
//
// Who may import it: store/backend and tests.
//
// Concurrency: a Store may be used by many goroutines at once.
//
// Ownership: the credentials are the caller's; they are read when requests are signed, so wiping them ends the access.
package s3

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/web"
)

// maxReply bounds every reply but that to a Get: a page of a listing has 1,000 objects.
const maxReply = 8 << 20

// maxRequests bounds the requests of one operation: pages of a listing may be short, and a hostile server's never end.
const maxRequests = 2_000

// Config is what a Store gets from outside.
type Config struct {
	Endpoint string // scheme and host
	Bucket   string
	Prefix   string // of every key; empty or ends in '/'
	Region   string // empty = what the endpoint's name says, else us-east-1
	Style    string // "path", "host", or empty: path except at Amazon
	KeyID    string // the access key's public half; empty = no credentials
	Key      secret.Bytes
	Web      web.Config
}

// Store is a part of a bucket.
type Store struct {
	client   *minio.Client
	web      *web.Client
	limiter  *limiter
	bucket   string
	prefix   string
	region   string
	noHeader atomic.Bool // If-None-Match is not known to the server
}

// New makes a store. Nothing is sent until it is used. Errors are those of web.New, and ErrLocation.
func New(cfg Config) (*Store, error) {
	conn, err := web.New(cfg.Endpoint, cfg.Web)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(cfg.Endpoint)
	if err != nil {
		return nil, store.ErrLocation
	}
	lookup := minio.BucketLookupPath
	switch {
	case cfg.Style == "host", cfg.Style == "" && strings.HasSuffix(u.Hostname(), ".amazonaws.com") && !strings.Contains(cfg.Bucket, "."):
		lookup = minio.BucketLookupDNS
	}
	region := cfg.Region
	if region == "" && !strings.HasSuffix(u.Hostname(), ".amazonaws.com") {
		region = "us-east-1"
	}
	limiter := &limiter{next: conn}
	client, err := minio.New(u.Host, &minio.Options{
		Creds:        credentials.New(&provider{cfg.KeyID, cfg.Key}),
		Secure:       u.Scheme == "https",
		Transport:    limiter,
		Region:       region,
		BucketLookup: lookup,
		MaxRetries:   1, // store.Retry does that, with a clock that tests can move
	})
	if err != nil {
		return nil, fmt.Errorf("%w: the endpoint or the bucket has an impossible name", store.ErrLocation)
	}
	return &Store{client: client, web: conn, limiter: limiter, bucket: cfg.Bucket, prefix: cfg.Prefix, region: region}, nil
}

// provider hands the credentials over whenever a request is signed.
type provider struct {
	id  string
	key secret.Bytes
}

func (p *provider) Retrieve() (credentials.Value, error) {
	if p.id == "" {
		return credentials.Value{SignerType: credentials.SignatureAnonymous}, nil
	}
	return credentials.Value{AccessKeyID: p.id, SecretAccessKey: string(p.key.Reveal()), SignerType: credentials.SignatureV4}, nil
}

func (p *provider) RetrieveWithCredContext(*credentials.CredContext) (credentials.Value, error) {
	return p.Retrieve()
}

// IsExpired makes the library ask every time, so that it keeps no copy of its own for longer.
func (p *provider) IsExpired() bool { return true }

// limiter is the transport of the library: no reply is longer than the request's context says, and replies that ask to be left
// alone are remembered for it.
type limiter struct{ next *web.Client }

type limitKey struct{}

// reply is what is kept of the last reply of one operation.
type reply struct {
	max    int64 // bytes of each reply
	asked  int   // requests so far
	status int
	code   string // the server's word for what went wrong
	after  time.Duration
	err    error
	// giveUp ends the operation: the library would wait after a failure, even though it is not to try again.
	giveUp context.CancelFunc
}

func (l *limiter) RoundTrip(req *http.Request) (*http.Response, error) {
	r, ok := req.Context().Value(limitKey{}).(*reply)
	if !ok {
		r = &reply{max: maxReply, giveUp: func() {}}
	}
	r.status, r.code, r.after, r.err = 0, "", 0, nil
	if r.asked++; r.asked > maxRequests {
		r.err = &store.Failure{Op: req.Method, Kind: store.ErrStorage, Detail: "its listing does not end"}
		return nil, r.err
	}
	if req.ContentLength == 0 && req.Body != nil && req.Body != http.NoBody {
		// An empty object: net/http takes a length of zero beside a body for an unknown one, which servers refuse.
		req = req.Clone(req.Context())
		req.Body, req.GetBody = http.NoBody, nil
	}
	res, err := l.next.RoundTrip(req)
	if err != nil {
		r.err = err
		r.giveUp()
		return nil, err
	}
	r.status, r.after = res.StatusCode, web.After(res)
	if res.StatusCode >= 300 {
		return r.refusal(res), nil
	}
	res.Body = web.Limit(res.Body, r.max)
	if res.StatusCode == http.StatusOK && req.URL.Query().Has("list-type") {
		return r.listing(req, res)
	}
	return res, nil
}

// maxRefusal is how much is read of a reply that says what went wrong.
const maxRefusal = 64 << 10

// refusal reads what went wrong.
func (r *reply) refusal(res *http.Response) *http.Response {
	body, _ := io.ReadAll(io.LimitReader(res.Body, maxRefusal))
	_ = res.Body.Close()
	var said struct {
		Code string `xml:"Code"`
	}
	if xml.Unmarshal(body, &said) == nil {
		r.code = said.Code
	}
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.giveUp()
	return res
}

// listing sees to it that what should be a listing is one: the library takes any XML for an empty one, so that a web page in its
// place would look like a bucket with nothing in it.
func (r *reply) listing(req *http.Request, res *http.Response) (*http.Response, error) {
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		r.err = err
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	for d := xml.NewDecoder(bytes.NewReader(body)); ; {
		token, err := d.RawToken()
		if element, ok := token.(xml.StartElement); ok && element.Name.Local == "ListBucketResult" {
			return res, nil
		} else if ok || err != nil {
			r.err = &store.Failure{Op: req.Method, Kind: store.ErrStorage, Detail: "the reply is no list"}
			return nil, r.err
		}
	}
}

// ClockReading gives what the server's replies told about the clock.
func (s *Store) ClockReading() (store.ClockReading, bool) { return s.web.ClockReading() }

// Close lets go of idle connections.
func (s *Store) Close() { s.web.Close() }

// Make makes the bucket, if it is not there.
func (s *Store) Make(ctx context.Context) error {
	inner, r := limited(ctx, maxReply)
	defer r.giveUp()
	there, err := s.client.BucketExists(inner, s.bucket)
	if err == nil && there {
		return nil
	}
	if r.status != http.StatusNotFound {
		return s.failed(ctx, "HEAD bucket", r, err)
	}
	inner, r = limited(ctx, maxReply)
	defer r.giveUp()
	err = s.client.MakeBucket(inner, s.bucket, minio.MakeBucketOptions{Region: s.region})
	if r.code == minio.BucketAlreadyOwnedByYou {
		return nil
	}
	return s.failed(ctx, "PUT bucket", r, err)
}

// limited makes the context of one operation of the library. The caller calls giveUp at the end.
func limited(ctx context.Context, max int64) (context.Context, *reply) {
	ctx, cancel := context.WithCancel(ctx)
	r := &reply{max: max, giveUp: cancel}
	return context.WithValue(ctx, limitKey{}, r), r
}

// List reads the keys that begin with the prefix, a page of up to 1,000 at a time.
func (s *Store) List(ctx context.Context, prefix string) ([]store.Object, error) {
	if !store.ValidPrefix(prefix) {
		return nil, fmt.Errorf("%w: %.120q", store.ErrName, prefix)
	}
	inner, r := limited(ctx, maxReply)
	defer r.giveUp() // ends the library's goroutine
	var list []store.Object
	named := 0
	for o := range s.client.ListObjectsIter(inner, s.bucket, minio.ListObjectsOptions{Prefix: s.prefix + prefix, Recursive: true}) {
		if o.Err != nil {
			return nil, s.failed(ctx, "list", r, o.Err)
		}
		// Counted before they are looked at: a hostile server names others, or the same again and again.
		if named++; named > store.MaxObjects {
			return nil, &store.Failure{Op: "list", Kind: store.ErrStorage, Detail: "too many files"}
		}
		name, ok := strings.CutPrefix(o.Key, s.prefix)
		if ok && strings.HasPrefix(name, prefix) && store.CheckName(name) == nil {
			list = append(list, store.Object{Name: name, Size: o.Size})
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b store.Object) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(list, func(a, b store.Object) bool { return a.Name == b.Name }), nil
}

// Get reads an object.
func (s *Store) Get(ctx context.Context, name string, max int64) ([]byte, error) {
	if err := store.CheckName(name); err != nil {
		return nil, err
	}
	inner, r := limited(ctx, max)
	defer r.giveUp()
	// Core.GetObject is one request; the object of Client.GetObject would ask again for every range.
	body, info, _, err := minio.Core{Client: s.client}.GetObject(inner, s.bucket, s.prefix+name, minio.GetObjectOptions{})
	if err != nil {
		return nil, s.failed(ctx, "GET", r, err)
	}
	defer body.Close()
	if info.Size > max {
		return nil, &store.Failure{Op: "GET", Kind: store.ErrTooLarge}
	}
	data, err := io.ReadAll(body)
	switch {
	case errors.Is(err, web.ErrLimit):
		return nil, &store.Failure{Op: "GET", Kind: store.ErrTooLarge}
	case err != nil:
		return nil, s.web.Failed(ctx, "GET", err)
	case info.Size >= 0 && int64(len(data)) != info.Size:
		return nil, &store.Failure{Op: "GET", Kind: store.ErrOffline, Detail: "the object came incomplete", Again: true}
	}
	return data, nil
}

// PutNew puts an object under the condition that the name is free.
func (s *Store) PutNew(ctx context.Context, name string, data []byte) error {
	if err := store.CheckName(name); err != nil {
		return err
	}
	for {
		conditional := !s.noHeader.Load()
		if !conditional {
			err := s.same(ctx, name, data)
			if !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		inner, r := limited(ctx, maxReply)
		opts := minio.PutObjectOptions{ContentType: "application/octet-stream", DisableMultipart: true}
		if conditional {
			opts.SetMatchETagExcept("*")
		}
		_, err := s.client.PutObject(inner, s.bucket, s.prefix+name, bytes.NewReader(data), int64(len(data)), opts)
		r.giveUp()
		if err == nil {
			return nil
		}
		switch {
		case conditional && (r.status == http.StatusNotImplemented || r.code == "NotImplemented"):
			s.noHeader.Store(true)
			continue
		case r.status == http.StatusPreconditionFailed:
			err := s.same(ctx, name, data)
			if errors.Is(err, store.ErrNotFound) {
				// Deleted in between, by somebody who had a reason.
				return &store.Failure{Op: "PUT", Kind: store.ErrOffline, Detail: "the name was taken and is free again", Again: true}
			}
			return err
		}
		return s.failed(ctx, "PUT", r, err)
	}
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

// Delete removes an object.
func (s *Store) Delete(ctx context.Context, name string) error {
	if err := store.CheckName(name); err != nil {
		return err
	}
	inner, r := limited(ctx, maxReply)
	defer r.giveUp()
	err := s.client.RemoveObject(inner, s.bucket, s.prefix+name, minio.RemoveObjectOptions{})
	if err == nil {
		return nil
	}
	if err := s.failed(ctx, "DELETE", r, err); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}

// failed says what an error of the library means. Its own text is not repeated: it may hold the address, the key's name and
// whatever the server made up.
func (s *Store) failed(ctx context.Context, op string, r *reply, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if r.err != nil {
		return s.web.Failed(ctx, op, r.err)
	}
	if r.status == 0 || r.status >= 200 && r.status < 300 {
		if r.status == 0 {
			return &store.Failure{Op: op, Kind: store.ErrStorage, Detail: "the request could not be made"}
		}
		if errors.Is(err, web.ErrLimit) || errors.Is(err, io.ErrUnexpectedEOF) {
			return s.web.Failed(ctx, op, err)
		}
		f := &store.Failure{Op: op, Kind: store.ErrStorage, Detail: "its reply cannot be read"}
		return f
	}
	if r.status >= 300 && r.status < 400 {
		return &store.Failure{Op: op, Kind: store.ErrStorage, Detail: "it answers with a redirect: the region or the endpoint is another"}
	}
	f := web.Status(op, &http.Response{StatusCode: r.status})
	if f.Again {
		f.After = r.after
	}
	switch r.code {
	case minio.NoSuchBucket:
		f.Kind, f.Again, f.Detail = store.ErrStorage, false, "there is no such bucket"
	case minio.NoSuchKey:
		f.Kind = store.ErrNotFound
	case minio.AccessDenied, minio.InvalidAccessKeyID, minio.SignatureDoesNotMatch, minio.AllAccessDisabled:
		f.Kind, f.Again = store.ErrDenied, false
	case minio.RequestTimeTooSkewed:
		f.Kind, f.Again, f.Detail = store.ErrDenied, false, "the clock of this computer is wrong"
	case minio.AuthorizationHeaderMalformed:
		f.Kind, f.Again, f.Detail = store.ErrDenied, false, "the region is another"
	case minio.EntityTooLarge:
		f.Kind = store.ErrTooLarge
	case "QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "InsufficientCapacity":
		f.Kind, f.Again, f.Detail = store.ErrFull, false, ""
	case "SlowDown", "ServiceUnavailable", "Busy", "RequestTimeout", "ConditionalRequestConflict", "OperationAborted":
		f.Kind, f.Again = store.ErrOffline, true
	}
	if f.Detail == "" {
		f.Detail = "status " + strconv.Itoa(r.status)
	}
	return f
}
