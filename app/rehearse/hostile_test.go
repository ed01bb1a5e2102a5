package rehearse_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/tallystick/tallystick/app/portal"
	"github.com/tallystick/tallystick/app/rehearse"
)

// ask sends one request as it is, without following anything.
func ask(t testing.TB, method, address string, body io.Reader, change func(*http.Request)) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(req)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

func portOf(t testing.TB, r *rehearse.Rehearsal) string {
	t.Helper()
	u, err := url.Parse(r.URL())
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

// A name of somebody else's that leads to 127.0.0.1 gets nothing.
func TestOnlyOurOwnNames(t *testing.T) {
	r, _ := start(t)
	port := portOf(t, r)
	for host, status := range map[string]int{
		"127.0.0.1:" + port: http.StatusOK, "localhost:" + port: http.StatusOK, "LOCALHOST:" + port: http.StatusOK,
		"evil.example:" + port: http.StatusMisdirectedRequest, "evil.example": http.StatusMisdirectedRequest, "127.0.0.1": http.StatusMisdirectedRequest,
		"127.0.0.1:1": http.StatusMisdirectedRequest, "127.0.0.1.evil.example:" + port: http.StatusMisdirectedRequest,
		"localhost.:" + port: http.StatusMisdirectedRequest, "0.0.0.0:" + port: http.StatusMisdirectedRequest, "[::1]:" + port: http.StatusMisdirectedRequest,
	} {
		for _, path := range []string{"", "mailbox", "style.css", "yeastar/sign-in"} {
			resp, body := ask(t, http.MethodGet, r.URL()+path, nil, func(req *http.Request) { req.Host = host })
			if resp.StatusCode != status || status != http.StatusOK && (resp.Header.Get("Set-Cookie") != "" || strings.Contains(body, "password")) {
				t.Errorf("Host %s, /%s: %s", host, path, resp.Status)
			}
		}
	}
}

// A form on a strange web page does nothing.
func TestFormsOfStrangers(t *testing.T) {
	r, _ := start(t)
	form := url.Values{"username": {"robin"}, "password": {"only-practice"}}.Encode()
	for name, set := range map[string][2]string{"Origin": {"Origin", "https://evil.example"}, "Sec-Fetch-Site": {"Sec-Fetch-Site", "cross-site"}} {
		resp, _ := ask(t, http.MethodPost, r.URLs()["yeastar"]+"sign-in", strings.NewReader(form), func(req *http.Request) {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set(set[0], set[1])
		})
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s", name, resp.Status)
		}
	}
	if s, _ := r.State("yeastar"); s.SignIns != 0 {
		t.Errorf("%+v", s)
	}
}

func TestOddRequests(t *testing.T) {
	r, _ := start(t)
	at := r.URLs()["yeastar"]
	formType := func(req *http.Request) { req.Header.Set("Content-Type", "application/x-www-form-urlencoded") }
	for _, c := range []struct {
		method, address string
		body            io.Reader
		status          int
	}{
		{"DELETE", at + "sign-in", nil, http.StatusMethodNotAllowed},
		{"TRACE", at + "sign-in", nil, http.StatusMethodNotAllowed},
		{"FROBNICATE", at + "sign-in", nil, http.StatusMethodNotAllowed},
		{"PUT", at + "security", strings.NewReader("method=authenticator"), http.StatusMethodNotAllowed},
		{"GET", at + "sign-out", nil, http.StatusMethodNotAllowed},
		{"GET", at + "start-over", nil, http.StatusMethodNotAllowed},
		{"POST", at + "home", nil, http.StatusMethodNotAllowed},
		{"POST", r.URL(), nil, http.StatusMethodNotAllowed},
		{"POST", r.URL() + "mailbox", nil, http.StatusMethodNotAllowed},
		{"HEAD", at + "sign-in", nil, http.StatusOK},
		{"GET", at + "nowhere", nil, http.StatusNotFound},
		{"GET", at + "recovery", nil, http.StatusNotFound}, // this portal has no recovery key
		{"GET", r.URL() + "nobody/", nil, http.StatusNotFound},
		{"GET", r.URL() + "favicon.ico", nil, http.StatusNotFound},
		{"GET", at + "..%2f..%2fetc%2fpasswd", nil, http.StatusNotFound},
		{"GET", r.URL() + "yeastar", nil, http.StatusTemporaryRedirect},
		{"GET", at + "home", nil, http.StatusSeeOther},
		{"POST", at + "sign-in", strings.NewReader("username=%zz"), http.StatusBadRequest},
		{"POST", at + "sign-in", strings.NewReader("username=" + strings.Repeat("a", 65<<10)), http.StatusRequestEntityTooLarge},
		{"POST", at + "sign-in", iotest.OneByteReader(strings.NewReader(strings.Repeat("a=b&", 20<<10))), http.StatusRequestEntityTooLarge},
		{"POST", at + "sign-in", strings.NewReader(""), http.StatusSeeOther},
	} {
		resp, _ := ask(t, c.method, c.address, c.body, formType)
		if resp.StatusCode != c.status {
			t.Errorf("%s %s: %s, want %d", c.method, c.address, resp.Status, c.status)
		}
		if c.status == http.StatusMethodNotAllowed && resp.Header.Get("Allow") == "" {
			t.Errorf("%s %s: does not say what is allowed", c.method, c.address)
		}
		if strings.Contains(resp.Header.Get("Location"), "//") {
			t.Errorf("%s %s leads away, to %s", c.method, c.address, resp.Header.Get("Location"))
		}
	}
	resp, _ := ask(t, http.MethodGet, at+"sign-in", nil, nil)
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "frame-ancestors 'none'", "Set-Cookie": "HttpOnly; SameSite=Strict",
	} {
		if !strings.Contains(resp.Header.Get(name), want) {
			t.Errorf("%s: %q", name, resp.Header.Get(name))
		}
	}
}

// Nothing behind the door opens to somebody who has not come through it.
func TestNothingWithoutSigningIn(t *testing.T) {
	r, _ := start(t)
	for id, paths := range map[string]string{
		"b3networks":       "home account security enable enable/send set-up scan recovery-key recovery-key/download recovery-key/finish new-recovery-key new-recovery-key/send disable second-step second-step/send recovery",
		"qontak":           "home account security enable enable/send set-up scan recovery-key recovery-key/download second-step recovery",
		"yeastar":          "home password security security/confirm security/cancel second-step",
		"ringlogix":        "home profile authenticator authenticator/start second-step",
		"voip-admin-panel": "home profile two-factor app second-step",
	} {
		for _, path := range strings.Fields(paths) {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				resp, _ := ask(t, method, r.URLs()[id]+path, nil, nil)
				if resp.StatusCode != http.StatusMethodNotAllowed && resp.Header.Get("Location") != "/"+id+"/sign-in" {
					t.Errorf("%s %s/%s: %s %s", method, id, path, resp.Status, resp.Header.Get("Location"))
				}
			}
		}
		if s, _ := r.State(id); s.Authenticator || s.Email || s.SMS || s.RecoveryKeys > 0 || s.SignIns > 0 {
			t.Errorf("%s: %+v", id, s)
		}
	}
}

// What is typed is shown as text, wherever it turns up.
func TestWhatIsTypedIsText(t *testing.T) {
	r, c := start(t)
	b := newBrowser(t, r, c, "voip-admin-panel")
	b.press("sign-in", "username", `"><script>alert(1)</script>`, "password", "x").refused("not right")
	if strings.Contains(b.body, "<script") {
		t.Error("a script came through")
	}
}

// Visitors without cookies do not fill the memory: the oldest of them is forgotten.
func TestManyVisitors(t *testing.T) {
	r, c := start(t)
	b := newBrowser(t, r, c, "yeastar")
	b.signIn().inside()
	for range 300 {
		ask(t, http.MethodGet, r.URLs()["yeastar"]+"sign-in", nil, nil)
	}
	b.open("/yeastar/home").shows("Practice account:")
	m := newBrowser(t, r, c, "b3networks")
	m.signIn().open("/b3networks/enable")
	for range 120 {
		m.press("send-code")
	}
	m.open("/mailbox")
	if n := strings.Count(m.body, "<article"); n != 100 {
		t.Errorf("%d messages are kept", n)
	}
}

// Many at once; the race detector looks on.
func TestManyAtOnce(t *testing.T) {
	r, _ := start(t)
	var all sync.WaitGroup
	for id, address := range r.URLs() {
		for range 4 {
			all.Go(func() {
				jar, _ := cookiejar.New(nil)
				client := http.Client{Jar: jar}
				s, _ := r.State(id)
				for _, path := range []string{"sign-in", "security", "authenticator/start", "set-up", "settings", "start-over"} {
					resp, err := client.PostForm(address+path, url.Values{"username": {s.User}, "password": {s.Password}, "clock": {"0"}})
					if err != nil {
						t.Error(err)
						return
					}
					_ = resp.Body.Close()
				}
			})
		}
	}
	all.Wait()
}

func TestStart(t *testing.T) {
	set := guides(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := rehearse.Start(ctx, rehearse.Config{Guides: set, Only: []string{"yeastar"}})
	if err != nil {
		t.Fatal(err)
	}
	if ids := r.Listed(); len(ids) != 1 || ids[0] != "yeastar" || r.URLs()["yeastar"] != r.URL()+"yeastar/" {
		t.Errorf("%v %v", ids, r.URLs())
	}
	ask(t, http.MethodGet, r.URLs()["yeastar"]+"sign-in", nil, nil)

	port, err := strconv.Atoi(portOf(t, r))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rehearse.Start(ctx, rehearse.Config{Guides: set, Port: port}); !errors.Is(err, rehearse.ErrPort) {
		t.Errorf("a taken port: %v", err)
	}
	for _, c := range []rehearse.Config{{}, {Guides: set, Only: []string{"nobody"}}, {Guides: set, Only: []string{"yeastar", "nobody"}}, {Guides: &portal.Set{}}} {
		if _, err := rehearse.Start(ctx, c); !errors.Is(err, rehearse.ErrNoPortal) {
			t.Errorf("%v: %v", c.Only, err)
		}
	}

	cancel()
	if err := r.Wait(); err != nil {
		t.Error(err)
	}
	if conn, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
		_ = conn.Close()
		t.Error("it still answers")
	}
}

// Without random numbers there are no keys, rather than bad ones.
func TestNoRandomNumbers(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := rehearse.Start(ctx, rehearse.Config{Guides: guides(t), Rand: iotest.ErrReader(io.ErrUnexpectedEOF)})
	if err != nil {
		t.Fatal(err)
	}
	resp, _ := ask(t, http.MethodGet, r.URLs()["yeastar"]+"sign-in", nil, nil)
	if resp.StatusCode != http.StatusInternalServerError {
		t.Error(resp.Status)
	}
}
