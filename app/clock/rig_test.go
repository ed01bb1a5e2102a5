package clock

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// truth is when the tests take place. It is half a second past a full one, so that what
// servers cut off matters.
var truth = time.Date(2026, 3, 4, 12, 0, 10, 500e6, time.UTC)

// computer is a computer whose clock is wrong. Time passes only when a test says so.
type computer struct {
	mu     sync.Mutex
	really time.Time
	ahead  time.Duration // of the system clock
	boot   string
	up     time.Duration
	path   string
}

func newComputer(t testing.TB, ahead time.Duration) *computer {
	return &computer{really: truth, ahead: ahead, boot: "first", up: time.Hour, path: filepath.Join(t.TempDir(), "data", "clock.json")}
}

func (c *computer) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.really.Add(c.ahead)
}

func (c *computer) uptime() (string, time.Duration, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.boot, c.up, nil
}

// pass lets time pass.
func (c *computer) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.really, c.up = c.really.Add(d), c.up+d
}

// set sets the clock forward.
func (c *computer) set(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// restart starts the computer anew; it is off for a minute.
func (c *computer) restart() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.boot, c.up, c.really = c.boot+"+", 20*time.Second, c.really.Add(time.Minute)
}

// clock is a start of the program on this computer.
func (c *computer) clock() *Clock {
	return Open(Config{Path: c.path, Now: c.now, Uptime: c.uptime})
}

// webServer answers with the Date header that date returns, over TLS, and gives the
// source that asks it.
func webServer(t testing.TB, c *computer, answer http.HandlerFunc) Source {
	t.Helper()
	server := httptest.NewTLSServer(answer)
	t.Cleanup(server.Close)
	source, err := Web{Transport: trusting(server), Now: c.now}.Source(server.URL + "/login?session=abc")
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// trusting is the transport of the program with the certificate of a test server.
func trusting(server *httptest.Server) http.RoundTripper {
	tr := transport().(*http.Transport)
	tr.TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	return tr
}

// rightTime answers with the true time, as servers do.
func rightTime(c *computer) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		w.Header().Set("Date", c.really.UTC().Format(http.TimeFormat))
	}
}

// ntpServer answers each packet on a loopback port with what answer makes of it; nil = nothing.
func ntpServer(t testing.TB, answer func(request []byte) []byte) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buf := make([]byte, 2048)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if reply := answer(buf[:n]); reply != nil {
				_, _ = conn.WriteTo(reply, from)
			}
		}
	}()
	return conn.LocalAddr().String()
}

// ntpReply is an answer of a good server at a time.
func ntpReply(request []byte, at time.Time) []byte {
	reply := make([]byte, 48)
	reply[0] = 0<<6 | 4<<3 | 4 // no leap second, version 4, server
	reply[1] = 2               // stratum
	reply[3] = 0xe9            // precision
	copy(reply[24:32], request[40:48])
	for _, place := range []int{16, 32, 40} {
		seconds := uint64(at.Unix() + 2208988800)
		stamp := seconds<<32 | uint64(at.Nanosecond())<<32/1e9
		for i := range 8 {
			reply[place+i] = byte(stamp >> (56 - 8*i))
		}
	}
	return reply
}

// fixed is a source that says what it was told to.
type fixed struct {
	name string
	Sample
	err error
}

func (f fixed) Name() string { return f.name }
func (f fixed) Measure(_ context.Context) (Sample, error) {
	return f.Sample, f.err
}
