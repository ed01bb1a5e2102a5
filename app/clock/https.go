package clock

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"time"
)

// maxHeader is the most a server may send us, in bytes.
const maxHeader = 32 << 10

// Web makes sources of web servers' clocks: every answer over HTTP says when it was made
// (the Date header, RFC 9110 section 6.6.1). Transport carries the requests; nil = the
// system's proxy and certificates. Now is the system clock.
type Web struct {
	Transport http.RoundTripper
	Now       func() time.Time
}

// Sources makes one source for each host among addresses, in their order, leaving out
// what is not an https address.
func (w Web) Sources(addresses []string) []Source {
	var list []Source
	seen := map[string]bool{}
	for _, a := range addresses {
		s, err := w.Source(a)
		if err != nil || seen[s.Name()] {
			continue
		}
		seen[s.Name()] = true
		list = append(list, s)
	}
	return list
}

// Source makes a source of one https address. Of the address only host and port are
// used: paths and queries of sign-in pages say things the question does not need.
// ErrAddress for everything else.
func (w Web) Source(address string) (Source, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || !strings.EqualFold(u.Scheme, "https") || u.Hostname() == "" || len(u.Host) > 260 {
		return nil, ErrAddress
	}
	if w.Transport == nil {
		w.Transport = transport()
	}
	return webSource{Web: w, host: strings.ToLower(u.Host)}, nil
}

func transport() http.RoundTripper {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: sourceTime}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    sourceTime,
		ResponseHeaderTimeout:  sourceTime,
		MaxResponseHeaderBytes: maxHeader,
		DisableKeepAlives:      true, // one question, then nothing stays open
	}
}

type webSource struct {
	Web
	host string // with the port, if the address has one
}

func (s webSource) Name() string { return s.host }

// Measure sends one HEAD request for the front page, without cookies, a name, or
// following anywhere. Any answer will do, a refusal too: it is the clock that is asked.
//
// The server wrote the time between the moment the connection stood and the first byte
// of its answer, and cut it to the second. That gives half a second more than half the
// way there and back, which for codes is plenty.
func (s webSource) Measure(ctx context.Context) (Sample, error) {
	var mu sync.Mutex
	sent, got := s.Now(), time.Time{}
	trace := &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) {
			mu.Lock()
			defer mu.Unlock()
			sent = s.Now()
		},
		GotFirstResponseByte: func() {
			mu.Lock()
			defer mu.Unlock()
			got = s.Now()
		},
	}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), http.MethodHead, "https://"+s.host+"/", nil)
	if err != nil {
		return Sample{}, ErrAddress
	}
	req.Header.Set("User-Agent", "") // says nothing about the program
	req.Header.Set("Cache-Control", "no-cache")
	client := &http.Client{
		Transport:     s.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return Sample{}, webError(err)
	}
	_ = resp.Body.Close() // of a HEAD request: empty
	mu.Lock()
	defer mu.Unlock()
	if got.IsZero() {
		got = s.Now()
	}
	if jumped(sent, got) {
		return Sample{}, ErrJumped
	}
	date, err := serverTime(resp.Header)
	if err != nil {
		return Sample{}, err
	}
	sent, got = sent.Round(0), got.Round(0)
	return between(sent.Sub(date.Add(time.Second)), got.Sub(date)), nil
}

// serverTime reads the Date header strictly: whoever sends none, two, one out of a cache
// or an impossible one has not said what time it is.
func serverTime(h http.Header) (time.Time, error) {
	dates := h.Values("Date")
	if len(dates) != 1 || len(dates[0]) > 64 {
		return time.Time{}, ErrNoTime
	}
	if age := strings.TrimSpace(h.Get("Age")); age != "" && strings.Trim(age, "0") != "" {
		return time.Time{}, fmt.Errorf("%w: from a cache", ErrNoTime)
	}
	date, err := http.ParseTime(dates[0])
	if err != nil || !Plausible(date) {
		return time.Time{}, ErrNoTime
	}
	return date, nil
}

// webError sorts what can go wrong. Nothing of the error's own text is kept but for a log.
func webError(err error) error {
	var invalid x509.CertificateInvalidError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return ErrCertificateTime
	case errors.As(err, &untrusted):
		return ErrUntrusted
	}
	return fmt.Errorf("%w: %w", ErrNoAnswer, err)
}
