// Package web is how the back ends that speak HTTP reach their server: only over a connection that can be trusted, never
// following it elsewhere, never reading more than was agreed, and keeping an eye on its clock.
//
// Purpose: one place for TLS, certificates, the rule for plain HTTP, redirects, limits on replies, what network errors mean,
// and the Date header.
//
// Who may import it: store/webdav, store/s3, store/backend and tests.
//
// Concurrency: a Client may be used by many goroutines at once.
package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tallystick/tallystick/vault/share/store"
)

// Config is what a Client may do and gets from outside. Zero is a careful client.
type Config struct {
	CA        []byte           // certificates in PEM, trusted besides those of the system
	PlainHTTP bool             // the person insisted on http:// to another computer
	Now       func() time.Time // nil = the system's clock
	UserAgent string           // empty = "Tallystick"
}

// Limits of a reply.
const (
	maxHeader = 64 << 10
)

// Client sends requests to one server.
type Client struct {
	base      *url.URL
	transport *http.Transport
	now       func() time.Time
	agent     string

	mu      sync.Mutex
	reading store.ClockReading
	known   bool
}

// New makes a client for the server of address, an http(s) URL: ErrUntrusted when that would be plain HTTP to another
// computer and nobody insisted, or when the CA holds no certificate; ErrLocation when it is no such URL.
func New(address string, cfg Config) (*Client, error) {
	base, err := url.Parse(address)
	if err != nil || base.User != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("%w: not a web address", store.ErrLocation)
	}
	if base.Scheme == "http" && !cfg.PlainHTTP && !store.IsLoopback(base.Hostname()) {
		return nil, &store.Failure{Kind: store.ErrUntrusted, Op: "open", Detail: "plain http to " + base.Hostname() + "; use https"}
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(cfg.CA) > 0 {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(cfg.CA) {
			return nil, &store.Failure{Kind: store.ErrUntrusted, Op: "open", Detail: "no certificate in the CA file"}
		}
		conf.RootCAs = pool
	}
	c := &Client{base: base, now: cfg.Now, agent: cfg.UserAgent}
	if c.now == nil {
		c.now = time.Now
	}
	if c.agent == "" {
		c.agent = "Tallystick"
	}
	dialer := &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}
	c.transport = &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        conf,
		TLSHandshakeTimeout:    15 * time.Second,
		ResponseHeaderTimeout:  time.Minute,
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConnsPerHost:    4,
		MaxConnsPerHost:        8,
		MaxResponseHeaderBytes: maxHeader,
		// A reply that grows when it is unpacked has no place here: what we store does not compress.
		DisableCompression: true,
		ForceAttemptHTTP2:  true,
	}
	return c, nil
}

// Close lets go of connections that are idle.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Do sends a request to the server of the Client. Redirects come back as errors: whoever answers for the server may send us
// anywhere, and credentials and objects go nowhere but where the person said. Errors are store.Failure, or the context's.
// The body of the reply ends with an error after max bytes. It is closed by the caller.
func (c *Client) Do(req *http.Request, max int64) (*http.Response, error) {
	res, err := c.RoundTrip(req)
	if err != nil {
		return nil, c.Failed(req.Context(), req.Method, err)
	}
	if res.StatusCode >= 300 && res.StatusCode < 400 && res.StatusCode != http.StatusNotModified {
		drop(res)
		return nil, &store.Failure{Op: req.Method, Kind: store.ErrStorage, Detail: "it answers with a redirect" + towards(res) + "; give its own address"}
	}
	res.Body = Limit(res.Body, max)
	return res, nil
}

// towards names the host that a redirect leads to, and nothing else of it.
func towards(res *http.Response) string {
	if u, err := res.Location(); err == nil && u.Host != "" && len(u.Host) < 100 {
		return " to " + strconv.Quote(u.Scheme+"://"+u.Host)
	}
	return ""
}

// RoundTrip makes a Client the transport of a library that builds its own requests. It adds nothing but the rule that
// requests go to the server of the Client (or, for buckets in host names, below it), and reads the clock.
func (c *Client) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != c.base.Scheme || req.URL.Host != c.base.Host && !strings.HasSuffix(req.URL.Host, "."+c.base.Host) {
		return nil, errElsewhere
	}
	if req.Header.Get("User-Agent") == "" {
		req = req.Clone(req.Context())
		req.Header.Set("User-Agent", c.agent)
	}
	sent := c.now()
	res, err := c.transport.RoundTrip(req)
	if err == nil {
		c.read(res.Header.Get("Date"), sent, c.now())
	}
	return res, err
}

var errElsewhere = errors.New("request to another server")

// read learns from the Date of a reply: the server's clock stood between Date and Date + 1 s at some moment between sending
// and receiving (RFC 9110 section 6.6.1: whole seconds).
func (c *Client) read(date string, sent, received time.Time) {
	at, err := http.ParseTime(date)
	if err != nil || received.Before(sent) {
		return
	}
	fresh := store.ClockReading{Low: at.Sub(received), High: at.Add(time.Second).Sub(sent), At: received}
	c.mu.Lock()
	defer c.mu.Unlock()
	// Readings that overlap are of the same truth, and narrow each other down; one that does not means that a clock was
	// set. An old one says less and less: clocks drift.
	if c.known && received.Sub(c.reading.At) < 10*time.Minute && !received.Before(c.reading.At) {
		low, high := max(fresh.Low, c.reading.Low), min(fresh.High, c.reading.High)
		if low <= high {
			fresh.Low, fresh.High = low, high
		}
	}
	c.reading, c.known = fresh, true
}

// ClockReading gives what replies told so far.
func (c *Client) ClockReading() (store.ClockReading, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reading, c.known
}

// ErrLimit is the end of a body that is longer than agreed.
var ErrLimit = errors.New("web: reply longer than allowed")

// Limit makes a body end with ErrLimit when it has more than max bytes.
func Limit(body io.ReadCloser, max int64) io.ReadCloser { return &limited{body, max} }

type limited struct {
	io.ReadCloser
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left < 0 {
		return 0, ErrLimit
	}
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.ReadCloser.Read(p)
	l.left -= int64(n)
	if l.left < 0 {
		return n + int(l.left), ErrLimit
	}
	return n, err
}

// drop reads a little of a body that nobody wants, so that the connection can be used again, and closes it.
func drop(res *http.Response) {
	_, _ = io.CopyN(io.Discard, res.Body, 32<<10)
	_ = res.Body.Close()
}

// Drop closes the body of a reply whose content nobody wants.
func Drop(res *http.Response) { drop(res) }

// Failed says what an error of sending or reading means. Nothing of it repeats the address or a header.
func (c *Client) Failed(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	if f := (*store.Failure)(nil); errors.As(err, &f) {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err // without the address: it says more than a reader of a log needs to know
	}
	f := &store.Failure{Op: op, Kind: store.ErrOffline, Again: true}
	var (
		record  tls.RecordHeaderError
		invalid *tls.CertificateVerificationError
		alert   tls.AlertError
		dns     *net.DNSError
		network net.Error
	)
	text := err.Error()
	switch {
	case errors.Is(err, ErrLimit), errors.Is(err, errElsewhere):
		f.Kind, f.Again = store.ErrStorage, false
		f.Detail = text
	case errors.As(err, &invalid):
		f.Kind, f.Again = store.ErrUntrusted, false
		f.Detail = certificate(invalid.Err)
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		f.Kind, f.Again = store.ErrUntrusted, false
		f.Detail = "it does not speak https there"
	case errors.As(err, &alert):
		f.Kind, f.Again = store.ErrUntrusted, false
		f.Detail = "no agreement on encryption"
	case errors.As(err, &dns):
		f.Detail = "the name of the server is not known here"
		f.Again = dns.IsTemporary || dns.IsTimeout
	case errors.Is(err, syscall.ECONNREFUSED):
		f.Detail = "nobody answers there"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		f.Detail = "no answer in time"
	case strings.Contains(text, "malformed"), strings.Contains(text, "1xx"), strings.Contains(text, "exceeded"), strings.Contains(text, "protocol error"), strings.Contains(text, "PROTOCOL_ERROR"), strings.Contains(text, "invalid header"):
		// net/http has no types for replies that are no HTTP.
		f.Kind, f.Again = store.ErrStorage, false
		f.Detail = "its reply is no proper HTTP"
	default:
		f.Detail = "the connection was lost"
	}
	return f
}

func certificate(err error) string {
	var (
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &authority):
		return "its certificate is signed by nobody this computer trusts"
	case errors.As(err, &hostname):
		return "its certificate is for another name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired, or the clock of this computer is wrong"
	}
	return "its certificate cannot be verified"
}

// Status says what a status of HTTP that is no success means for an object or a folder.
func Status(op string, res *http.Response) *store.Failure {
	f := &store.Failure{Op: op, Kind: store.ErrStorage, Status: res.StatusCode, Detail: "status " + strconv.Itoa(res.StatusCode)}
	switch code := res.StatusCode; {
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusProxyAuthRequired, code == http.StatusPaymentRequired:
		f.Kind = store.ErrDenied
	case code == http.StatusNotFound, code == http.StatusGone:
		f.Kind = store.ErrNotFound
	case code == http.StatusRequestEntityTooLarge:
		f.Kind = store.ErrTooLarge
	case code == http.StatusInsufficientStorage:
		f.Kind = store.ErrFull
	case code == http.StatusPreconditionFailed:
		f.Kind = store.ErrExists
	case code == http.StatusRequestTimeout, code == http.StatusLocked, code == http.StatusTooEarly, code == http.StatusTooManyRequests,
		code == http.StatusBadGateway, code == http.StatusServiceUnavailable, code == http.StatusGatewayTimeout:
		f.Kind, f.Again, f.After = store.ErrOffline, true, After(res)
	case code >= 500 && code != http.StatusNotImplemented && code != http.StatusHTTPVersionNotSupported:
		f.Again, f.After = true, After(res)
	}
	return f
}

// After reads Retry-After (RFC 9110 section 10.2.3): seconds, or a date, which is measured against the server's own Date.
func After(res *http.Response) time.Duration {
	text := strings.TrimSpace(res.Header.Get("Retry-After"))
	if text == "" {
		return 0
	}
	if n, err := strconv.ParseInt(text, 10, 32); err == nil && n >= 0 {
		return time.Duration(n) * time.Second
	}
	until, err := http.ParseTime(text)
	from, err2 := http.ParseTime(res.Header.Get("Date"))
	if err != nil || err2 != nil || until.Before(from) {
		return 0
	}
	return until.Sub(from)
}
