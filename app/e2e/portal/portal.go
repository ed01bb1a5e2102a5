// Package portal is a web site that one can sign in to with a second step: a page that shows a QR code, a field for
// the code, and a server that checks it. It stands for the portals that Tallystick is for, in the end-to-end tests and
// in `make run` without a display. It makes codes by itself, from RFC 6238 and the standard library, so that it agrees
// with Tallystick only if both are right.
//
// Imported by: app/e2e and app/e2e/demo, nothing else. It imports nothing of ours.
//
// Concurrency: a Portal is safe for concurrent use. Ownership: the caller closes it.
package portal

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"html/template"
	"image/color"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/skip2/go-qrcode"
)

// Header is the colour of the bar at the top and the bottom of the page, and nothing else on a screen: when both bars
// can be seen, the browser has drawn all of the page.
var Header = color.RGBA{0x2b, 0x4c, 0x7e, 0xff}

// step is the period of the codes, in seconds.
const step = 30

// Portal is a running server on 127.0.0.1. It knows one person and one key: SHA1, 6 digits, 30 seconds.
type Portal struct {
	// URL is the address of the page.
	URL string
	// Issuer and Name are what the QR code says.
	Issuer, Name string
	// Key is the shared key.
	Key []byte

	server *http.Server
	shown  chan struct{}

	mu       sync.Mutex
	once     sync.Once
	attempts []bool
}

// Start starts a portal with a new random key.
func Start(issuer, name string) (*Portal, error) {
	key := make([]byte, 20)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	return StartWithKey(issuer, name, key)
}

// StartWithKey starts a portal with a given key.
func StartWithKey(issuer, name string, key []byte) (*Portal, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Portal{URL: "http://" + listener.Addr().String() + "/", Issuer: issuer, Name: name, Key: key, shown: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.page)
	mux.HandleFunc("POST /shown", func(http.ResponseWriter, *http.Request) { p.once.Do(func() { close(p.shown) }) })
	mux.HandleFunc("POST /verify", p.verify)
	p.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = p.server.Serve(listener) }() // ends with Close
	return p, nil
}

// Close stops the server.
func (p *Portal) Close() error { return p.server.Close() }

// URI is what the QR code says.
func (p *Portal) URI() string {
	return fmt.Sprintf("otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=SHA1&digits=6&period=30",
		url.PathEscape(p.Issuer), url.PathEscape(p.Name), p.Secret(), url.QueryEscape(p.Issuer))
}

// Secret is the key in base32, as a person would type it.
func (p *Portal) Secret() string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(p.Key)
}

// Shown is closed when a browser has drawn the page.
func (p *Portal) Shown() <-chan struct{} { return p.shown }

// Attempts says for each code that was sent to the portal whether it was right.
func (p *Portal) Attempts() []bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]bool(nil), p.attempts...)
}

// Code is the right code at a time: RFC 6238 with SHA1, 6 digits, 30 seconds.
func (p *Portal) Code(at time.Time) string {
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(at.Unix()/step))
	mac := hmac.New(sha1.New, p.Key)
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[offset:])&0x7fffffff%1e6)
}

func (p *Portal) verify(w http.ResponseWriter, r *http.Request) {
	code, ok := r.PostFormValue("code"), false
	for _, drift := range []time.Duration{-step * time.Second, 0, step * time.Second} { // as portals do
		if subtle.ConstantTimeCompare([]byte(code), []byte(p.Code(time.Now().Add(drift)))) == 1 {
			ok = true
		}
	}
	p.mu.Lock()
	p.attempts = append(p.attempts, ok)
	p.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = answer.Execute(w, struct {
		OK   bool
		Name string
	}{ok, p.Name})
}

func (p *Portal) page(w http.ResponseWriter, _ *http.Request) {
	png, err := qrcode.Encode(p.URI(), qrcode.Medium, 200)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = page.Execute(w, struct {
		Issuer, Name string
		QR           template.URL
	}{p.Issuer, p.Name, template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(png))})
}

const style = `<style>
 body { margin: 0; font: 15px "DejaVu Sans", sans-serif; color: #223; background: #eef1f5; }
 .bar { background: #2b4c7e; color: white; padding: 14px 24px; font-weight: bold; }
 main { background: white; margin: 24px; padding: 24px; border: 1px solid #d5dae2; border-radius: 6px; }
 main img { display: block; width: 200px; height: 200px; }
 input, button { font: inherit; padding: 8px 12px; }
</style>`

var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Issuer}}: two-factor sign-in</title>` + style + `</head>
<body><div class="bar">{{.Issuer}}</div><main>
<h2>Set up two-factor sign-in</h2>
<p>{{.Name}}, scan this code with your authenticator app, then type the code it shows.</p>
<img src="{{.QR}}" alt="QR code">
<form method="post" action="/verify"><p><input name="code" autocomplete="off" placeholder="6-digit code" autofocus> <button>Verify</button></p></form>
</main><div class="bar">&nbsp;</div>
<script>
 // Two frames after everything has loaded, the page has been drawn.
 window.addEventListener("load", () => requestAnimationFrame(() => requestAnimationFrame(() => fetch("/shown", {method: "POST"}))));
</script></body></html>`))

var answer = template.Must(template.New("answer").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{{if .OK}}Signed in{{else}}Wrong code{{end}}</title>` + style + `</head>
<body><div class="bar">&nbsp;</div><main>
{{if .OK}}<h2>Signed in</h2><p>Welcome, {{.Name}}. The code was right.</p>{{else}}<h2>Wrong code</h2><p>That code was not right.</p>{{end}}
</main></body></html>`))
