package clock

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var wrongBy = []time.Duration{-90 * time.Second, -31 * time.Second, -10 * time.Second, 0, 10 * time.Second, 31 * time.Second, 90 * time.Second}

// TestWrongClock: every source finds how wrong the clock is within a second, and says no
// more than it knows.
func TestWrongClock(t *testing.T) {
	for _, ahead := range wrongBy {
		c := newComputer(t, ahead)
		server, err := TimeServer(ntpServer(t, func(request []byte) []byte { return ntpReply(request, c.really) }), c.now)
		if err != nil {
			t.Fatal(err)
		}
		for _, source := range []Source{webServer(t, c, rightTime(c)), server} {
			got, err := source.Measure(t.Context())
			if err != nil {
				t.Fatalf("%v ahead, %s: %v", ahead, source.Name(), err)
			}
			if off := (got.Offset - ahead).Abs(); off > got.Error || off > time.Second || got.Error > time.Second {
				t.Errorf("%v ahead, %s: found %v ± %v", ahead, source.Name(), got.Offset, got.Error)
			}
		}
	}
}

// TestCutToTheSecond: wherever in a second the server answers, the truth is in the interval.
func TestCutToTheSecond(t *testing.T) {
	for _, part := range []time.Duration{0, 1, 250e6, 999999999} {
		c := newComputer(t, 47*time.Second)
		c.really = truth.Truncate(time.Second).Add(part)
		got, err := webServer(t, c, rightTime(c)).Measure(t.Context())
		if err != nil || got.low() > 47*time.Second || got.high() < 47*time.Second || got.Error > 501*time.Millisecond {
			t.Errorf("%v into the second: %v %v", part, got, err)
		}
	}
}

// TestTheWayThereAndBack: a slow answer makes the interval wider, never wrong.
func TestTheWayThereAndBack(t *testing.T) {
	for _, stampedAfter := range []time.Duration{0, 2 * time.Second, 4 * time.Second} {
		c := newComputer(t, -31*time.Second)
		source := webServer(t, c, func(w http.ResponseWriter, r *http.Request) {
			c.pass(stampedAfter)
			rightTime(c)(w, r)
			c.pass(4*time.Second - stampedAfter)
		})
		got, err := source.Measure(t.Context())
		if err != nil || got.low() > -31*time.Second || got.high() < -31*time.Second || got.Error > 2600*time.Millisecond {
			t.Errorf("stamped after %v: %v ± %v, %v", stampedAfter, got.Offset, got.Error, err)
		}
	}
}

// TestWhatTheServerSees: one HEAD request for the front page, with nothing in it that
// says who asks, and no second one wherever the answer points.
func TestWhatTheServerSees(t *testing.T) {
	c := newComputer(t, 0)
	var other atomic.Int32
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { other.Add(1) }))
	defer elsewhere.Close()
	var seen atomic.Int32
	source := webServer(t, c, func(w http.ResponseWriter, r *http.Request) {
		seen.Add(1)
		if r.Method != http.MethodHead || r.URL.String() != "/" {
			t.Errorf("asked for %s %s", r.Method, r.URL)
		}
		for name := range r.Header {
			if name != "Cache-Control" && name != "Connection" {
				t.Errorf("sent %s: %s", name, r.Header.Get(name))
			}
		}
		rightTime(c)(w, r)
		w.Header().Set("Set-Cookie", "who=me")
		w.Header().Set("Location", elsewhere.URL)
		w.WriteHeader(http.StatusFound)
	})
	for range 2 {
		if _, err := source.Measure(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if seen.Load() != 2 || other.Load() != 0 {
		t.Errorf("%d questions, %d elsewhere", seen.Load(), other.Load())
	}
}

// TestARefusalHasATime: it is the clock that is asked.
func TestARefusalHasATime(t *testing.T) {
	c := newComputer(t, 10*time.Second)
	for _, status := range []int{400, 403, 405, 500, 503} {
		source := webServer(t, c, func(w http.ResponseWriter, r *http.Request) {
			rightTime(c)(w, r)
			w.WriteHeader(status)
		})
		if got, err := source.Measure(t.Context()); err != nil || (got.Offset-10*time.Second).Abs() > got.Error {
			t.Errorf("%d: %v %v", status, got, err)
		}
	}
}

func TestHostileAnswers(t *testing.T) {
	good := truth.Format(http.TimeFormat)
	for name, headers := range map[string][]string{
		"no date":         nil,
		"empty":           {"Date", ""},
		"not a date":      {"Date", "yesterday"},
		"two":             {"Date", good, "Date", good},
		"before":          {"Date", "Thu, 01 Jan 1970 00:00:00 GMT"},
		"after":           {"Date", "Fri, 31 Dec 9999 23:59:59 GMT"},
		"impossible":      {"Date", "Mon, 99 Feb 2026 25:61:61 GMT"},
		"long":            {"Date", good + strings.Repeat(" ", 100) + "x"},
		"very long":       {"Date", strings.Repeat("9", 20000)},
		"from a cache":    {"Date", good, "Age", "86400"},
		"age not a digit": {"Date", good, "Age", "-1"},
	} {
		c := newComputer(t, 0)
		source := webServer(t, c, func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Date"] = nil
			for i := 0; i+1 < len(headers); i += 2 {
				w.Header().Add(headers[i], headers[i+1])
			}
		})
		if got, err := source.Measure(t.Context()); !errors.Is(err, ErrNoTime) {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
}

func TestHugeAnswer(t *testing.T) {
	c := newComputer(t, 0)
	source := webServer(t, c, func(w http.ResponseWriter, r *http.Request) {
		rightTime(c)(w, r)
		w.Header().Set("Location", "https://"+strings.Repeat("a", 1<<20))
		w.WriteHeader(http.StatusMovedPermanently)
	})
	if _, err := source.Measure(t.Context()); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("%v", err)
	}
}

// TestSlowServer: the context ends the wait.
func TestSlowServer(t *testing.T) {
	c := newComputer(t, 0)
	ctx, cancel := context.WithCancel(t.Context())
	source := webServer(t, c, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	if _, err := source.Measure(ctx); !errors.Is(err, ErrNoAnswer) || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}

	ctx, cancel = context.WithCancel(t.Context())
	silent, err := TimeServer(ntpServer(t, func([]byte) []byte { cancel(); return nil }), c.now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := silent.Measure(ctx); !errors.Is(err, ErrNoAnswer) || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	source, err := Web{Now: time.Now}.Source("https://" + address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.Measure(t.Context()); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("%v", err)
	}
}

// quiet keeps the handshake errors of a server out of the test's output.
func quiet(server *httptest.Server) {
	server.Config.ErrorLog = log.New(&bytes.Buffer{}, "", 0)
}

func TestCertificates(t *testing.T) {
	c := newComputer(t, 0)
	stranger := httptest.NewUnstartedServer(rightTime(c))
	quiet(stranger)
	stranger.StartTLS()
	defer stranger.Close()
	source, err := Web{Now: c.now}.Source(stranger.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.Measure(t.Context()); !errors.Is(err, ErrUntrusted) {
		t.Errorf("a stranger's certificate: %v", err)
	}

	for name, valid := range map[string][2]time.Time{
		"no longer valid": {time.Unix(0, 0), time.Unix(1e9, 0)},
		"not valid yet":   {time.Date(2140, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2150, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), NotBefore: valid[0], NotAfter: valid[1], IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewUnstartedServer(rightTime(c))
		server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
		quiet(server)
		server.StartTLS()
		defer server.Close()
		tr := transport().(*http.Transport)
		tr.TLSClientConfig.RootCAs = x509.NewCertPool()
		tr.TLSClientConfig.RootCAs.AddCert(leaf)
		source, err := Web{Transport: tr, Now: c.now}.Source(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := source.Measure(t.Context()); !errors.Is(err, ErrCertificateTime) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHostileTimeServers(t *testing.T) {
	c := newComputer(t, 0)
	for name, spoil := range map[string]func([]byte) []byte{
		"kiss of death":    func(b []byte) []byte { b[1] = 0; copy(b[12:], "DENY"); return b },
		"stratum":          func(b []byte) []byte { b[1] = 16; return b },
		"not synchronised": func(b []byte) []byte { b[0] |= 3 << 6; return b },
		"short":            func(b []byte) []byte { return b[:20] },
		"empty":            func([]byte) []byte { return []byte{} },
		"of another":       func(b []byte) []byte { b[24] ^= 1; return b },
		"a client's":       func(b []byte) []byte { b[0] = 4<<3 | 3; return b },
		"in 1970":          func(b []byte) []byte { return ntpReply(append(make([]byte, 40), b[24:32]...), time.Unix(0, 0)) },
		"far from a clock": func(b []byte) []byte { b[9] = 9; return b }, // root dispersion of 9 s
	} {
		server, err := TimeServer(ntpServer(t, func(request []byte) []byte { return spoil(ntpReply(request, c.really)) }), c.now)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := server.Measure(t.Context()); !errors.Is(err, ErrNoTime) && !errors.Is(err, ErrNoAnswer) {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
}

func TestAddresses(t *testing.T) {
	web := Web{Now: time.Now}
	for _, bad := range []string{"", "portal.example", "http://portal.example", "ftp://portal.example", "https://", "https:///x", "https://a b", "javascript:alert(1)", "https://" + strings.Repeat("a", 300)} {
		if s, err := web.Source(bad); !errors.Is(err, ErrAddress) {
			t.Errorf("%q: %v %v", bad, s, err)
		}
	}
	var names []string
	for _, s := range web.Sources([]string{"https://Portal.example/login?x=1", "http://no.example", "HTTPS://portal.EXAMPLE/other", "https://me:pass@pbx.example:8443/#a"}) {
		names = append(names, s.Name())
	}
	if got := strings.Join(names, " "); got != "portal.example pbx.example:8443" {
		t.Errorf("%q", got)
	}
	for _, bad := range []string{"", " ", "a b", "user@host", "http://host", "host\n", "a/b", strings.Repeat("a", 300)} {
		if s, err := TimeServer(bad, time.Now); (err == nil) != (strings.TrimSpace(bad) == "host") {
			t.Errorf("%q: %v %v", bad, s, err)
		}
	}
}

// TestMeasureAsksAll: at the same time, not more than the limit, and each gets its line.
func TestMeasureAsksAll(t *testing.T) {
	var list []Source
	for range MaxSources + 3 {
		list = append(list, fixed{name: "a", Sample: Sample{1, 1}})
	}
	list[1] = fixed{name: "b", err: ErrNoAnswer}
	readings := Measure(t.Context(), list)
	if len(readings) != MaxSources || readings[1].Source != "b" || readings[1].Err == nil || readings[0].Err != nil {
		t.Errorf("%+v", readings)
	}
}

// TestAccepted: whatever a portal's clock shows, and whether it takes the codes beside
// its own or not, what its answer says holds the truth.
func TestAccepted(t *testing.T) {
	const period = 30
	step := func(at time.Time) int64 { return at.Unix() / period }
	tried := 0
	for ahead := -100 * time.Second; ahead <= 100*time.Second; ahead += time.Second {
		for _, window := range []int64{0, 1} {
			for _, doubt := range []time.Duration{0, 20 * time.Second} { // how long ago it may have been
				ours := truth.Add(ahead)
				for _, try := range []int64{0, -1, 1, -2, 2} { // the nearest first
					if d := step(ours) + try - step(truth); d < -window || d > window {
						continue
					}
					got, err := Accepted(ours.Add(-doubt/2), ours.Add(doubt/2), period*time.Second, step(ours)+try).Measure(t.Context())
					if err != nil || ahead < got.low() || ahead > got.high() || got.Error > 46*time.Second+doubt/2 {
						t.Errorf("%v ahead, window %d, took %+d: %v ± %v, %v", ahead, window, try, got.Offset, got.Error, err)
					}
					if try != 0 && doubt == 0 && got.Error > 31*time.Second {
						t.Errorf("%v ahead, took %+d: ± %v says too little", ahead, try, got.Error)
					}
					tried++
					break
				}
			}
		}
	}
	if tried < 400 {
		t.Errorf("only %d", tried)
	}
	now := truth.Unix() / period
	for name, bad := range map[string]Source{
		"no period":    Accepted(truth, truth, 0, now),
		"long period":  Accepted(truth, truth, 48*time.Hour, now),
		"backwards":    Accepted(truth, truth.Add(-time.Second), period*time.Second, now),
		"for hours":    Accepted(truth, truth.Add(2*time.Hour), period*time.Second, now),
		"no such step": Accepted(truth, truth, period*time.Second, 1<<62),
		"before 1970":  Accepted(truth, truth, period*time.Second, -1),
	} {
		if got, err := bad.Measure(t.Context()); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}
