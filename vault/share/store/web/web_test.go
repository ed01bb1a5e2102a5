package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault/share/store"
)

func client(t *testing.T) *Client {
	t.Helper()
	c, err := New("https://cloud.example:8443/dav/", Config{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What errors of the network mean, and that they tell nothing of the address.
func TestFailed(t *testing.T) {
	c := client(t)
	for _, x := range []struct {
		err   error
		want  error
		again bool
	}{
		{&net.DNSError{Err: "no such host", Name: "sekret.example", IsNotFound: true}, store.ErrOffline, false},
		{&net.DNSError{Err: "timeout", Name: "sekret.example", IsTimeout: true}, store.ErrOffline, true},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, store.ErrOffline, true},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, store.ErrOffline, true},
		{io.ErrUnexpectedEOF, store.ErrOffline, true},
		{errors.New("http2: server sent GOAWAY and closed the connection"), store.ErrOffline, true},
		{errors.New("net/http: HTTP/1.x transport connection broken: malformed HTTP status code \"sekret\""), store.ErrStorage, false},
		{errors.New("net/http: too many 1xx informational responses"), store.ErrStorage, false},
		{http.ErrSchemeMismatch, store.ErrUntrusted, false},
		{tls.RecordHeaderError{Msg: "sekret"}, store.ErrUntrusted, false},
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, store.ErrUntrusted, false},
		{&tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: &x509.Certificate{}, Host: "sekret"}}, store.ErrUntrusted, false},
		{&tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.Expired, Detail: "sekret"}}, store.ErrUntrusted, false},
		{tls.AlertError(40), store.ErrUntrusted, false},
		{ErrLimit, store.ErrStorage, false},
		{errElsewhere, store.ErrStorage, false},
	} {
		for _, err := range []error{x.err, &url.Error{Op: "Get", URL: "https://ann:sekret@cloud.example/", Err: x.err}} {
			got := c.Failed(t.Context(), "GET", err)
			f := (*store.Failure)(nil)
			if !errors.Is(got, x.want) || !errors.As(got, &f) || f.Again != x.again {
				t.Errorf("%v: %v, again %v, want %v, %v", err, got, f != nil && f.Again, x.want, x.again)
			}
			if strings.Contains(got.Error(), "sekret") {
				t.Errorf("%v: repeats too much: %v", err, got)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Failed(ctx, "GET", io.ErrUnexpectedEOF); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the context's error", err)
	}
	if err := c.Failed(ctx, "GET", nil); err != nil {
		t.Error(err)
	}
}

// Requests go nowhere but to the server.
func TestElsewhere(t *testing.T) {
	c := client(t)
	for _, address := range []string{"https://evil.example/", "https://cloud.example/", "http://cloud.example:8443/", "https://evilcloud.example:8443/", "https://cloud.example.evil.example:8443/"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Basic c2VrcmV0")
		if _, err := c.Do(req, 10); !errors.Is(err, store.ErrStorage) {
			t.Errorf("%s: %v, want ErrStorage", address, err)
		}
	}
}

func TestLimit(t *testing.T) {
	for _, c := range []struct {
		size, max int
		ok        bool
	}{{0, 0, true}, {1, 0, false}, {10, 10, true}, {11, 10, false}, {100_000, 99_999, false}, {100_000, 100_000, true}} {
		data, err := io.ReadAll(Limit(io.NopCloser(strings.NewReader(strings.Repeat("x", c.size))), int64(c.max)))
		if c.ok && (err != nil || len(data) != c.size) || !c.ok && (!errors.Is(err, ErrLimit) || len(data) != c.max) {
			t.Errorf("%d of %d bytes: %d, %v", c.max, c.size, len(data), err)
		}
	}
}

func TestAfter(t *testing.T) {
	const date = "Thu, 01 Jan 2026 00:00:00 GMT"
	for _, c := range []struct {
		text, date string
		want       time.Duration
	}{
		{"", date, 0}, {"7", date, 7 * time.Second}, {" 0 ", date, 0}, {"-1", date, 0}, {"99999999999", date, 0}, {"soon", date, 0},
		{"Thu, 01 Jan 2026 00:01:00 GMT", date, time.Minute}, {"Wed, 31 Dec 2025 00:01:00 GMT", date, 0}, {"Thu, 01 Jan 2026 00:01:00 GMT", "", 0},
	} {
		if got := After(&http.Response{Header: http.Header{"Retry-After": {c.text}, "Date": {c.date}}}); got != c.want {
			t.Errorf("%q: %v, want %v", c.text, got, c.want)
		}
	}
}

// Readings narrow each other down, and give way when a clock was set.
func TestClock(t *testing.T) {
	c := client(t)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	reply := func(local time.Duration, took time.Duration, server time.Duration) {
		c.read(start.Add(server).Truncate(time.Second).Format(http.TimeFormat), start.Add(local), start.Add(local+took))
	}
	c.read("nonsense", start, start)
	c.read("Thu, 01 Jan 2026 00:00:00 GMT", start, start.Add(-time.Second))
	if _, ok := c.ClockReading(); ok {
		t.Error("learned from nothing")
	}
	const ahead = 30*time.Second + 250*time.Millisecond
	var width time.Duration
	for i := range 20 {
		local := time.Duration(i) * 1100 * time.Millisecond
		reply(local, 100*time.Millisecond, local+50*time.Millisecond+ahead)
		r, ok := c.ClockReading()
		if !ok || r.Low > ahead || r.High < ahead {
			t.Fatalf("reply %d: %+v", i, r)
		}
		if i > 0 && r.High-r.Low > width {
			t.Errorf("reply %d is wider: %v", i, r.High-r.Low)
		}
		width = r.High - r.Low
	}
	if width > 300*time.Millisecond {
		t.Errorf("after 20 replies known to %v", width)
	}
	// The clock of this computer is set.
	reply(time.Minute, 100*time.Millisecond, time.Minute)
	if r, _ := c.ClockReading(); r.Low > 0 || r.High < 0 {
		t.Errorf("after the clock was set: %+v", r)
	}
	// After a long time, an old reading says nothing.
	reply(time.Hour, 2*time.Second, time.Hour+time.Second)
	if r, _ := c.ClockReading(); r.High-r.Low < 2*time.Second || !r.At.Equal(start.Add(time.Hour+2*time.Second)) {
		t.Errorf("much later: %+v", r)
	}
}
