package rehearse

import (
	"bytes"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// silent swallows what the HTTP server has to say about visitors that hang up.
var silent = log.New(io.Discard, "", 0)

// stage is how far a visitor has come.
type stage int

const (
	outside stage = iota
	halfway       // the password was right, the second step is due
	signedIn
)

// session is one visitor of one portal.
type session struct {
	portal  string
	stage   stage
	notice  notice         // shown on the next page, once
	sent    *sentCode      // the code this visitor waits for
	pending *authenticator // handed out, not confirmed yet
	fresh   *freshKey      // the recovery key to be downloaded
}

type notice struct {
	Kind, Text string // Kind is "error" or "done"
}

// freshKey is a recovery key while it is shown: once.
type freshKey struct {
	key, button string // button ends the showing
}

// page is one address of a portal.
type page struct {
	from stage                // who comes too early is sent to where they are
	show func(v *visit) reply // GET
	do   func(v *visit) reply // POST
}

// visit is one request to one portal.
type visit struct {
	r    *Rehearsal
	p    *practice
	s    *session
	form url.Values
	now  time.Time // by the portal's clock
}

// reply is what a visit leads to: a page, another address of the portal, a download, or an error.
type reply struct {
	page string
	data any
	to   string
	file *file
	err  error
}

type file struct{ name, text string }

func show(page string, data any) reply { return reply{page: page, data: data} }
func goTo(path string) reply           { return reply{to: "/" + path} }
func broken(err error) reply           { return reply{err: err} }

// refuse goes to a page and says there what was wrong.
func (v *visit) refuse(path, text string) reply {
	v.s.notice = notice{"error", text}
	return goTo(path)
}

// tell goes to a page and says there what was done.
func (v *visit) tell(path, text string) reply {
	v.s.notice = notice{"done", text}
	return goTo(path)
}

// handler is the whole server. Other web sites that are open in the person's browser cannot reach through it: a name that was
// bent to 127.0.0.1 has the wrong Host, and forms of strangers are refused.
func (r *Rehearsal) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", r.index)
	mux.HandleFunc("GET /mailbox", func(w http.ResponseWriter, _ *http.Request) { r.inbox(w, false) })
	mux.HandleFunc("GET /phone", func(w http.ResponseWriter, _ *http.Request) { r.inbox(w, true) })
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write(style)
	})
	for _, p := range r.portals {
		mux.HandleFunc("/"+p.id+"/{path...}", func(w http.ResponseWriter, req *http.Request) { r.visit(w, req, p) })
	}
	guarded := http.MaxBytesHandler(http.NewCrossOriginProtection().Handler(mux), maxBody)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; img-src data:; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		if !r.isOurs(req.Host) {
			http.Error(w, "This is a practice portal on 127.0.0.1 and answers to no other name.", http.StatusMisdirectedRequest)
			return
		}
		guarded.ServeHTTP(w, req)
	})
}

// isOurs reports whether a Host header names this server.
func (r *Rehearsal) isOurs(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = host, "80"
	}
	return (name == "127.0.0.1" || strings.EqualFold(name, "localhost")) && port == strconv.Itoa(r.port)
}

// visit finds the page, the visitor's session, and carries out what is asked.
func (r *Rehearsal) visit(w http.ResponseWriter, req *http.Request, p *practice) {
	place, known := p.pages[req.PathValue("path")]
	if !known {
		http.NotFound(w, req)
		return
	}
	act := place.show
	switch req.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPost:
		act = place.do
	default:
		act = nil
	}
	if act == nil {
		var allowed []string
		if place.show != nil {
			allowed = append(allowed, "GET", "HEAD")
		}
		if place.do != nil {
			allowed = append(allowed, "POST")
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	if err := req.ParseForm(); err != nil {
		status := http.StatusBadRequest
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		http.Error(w, http.StatusText(status), status)
		return
	}

	out, status := r.carryOut(w.Header(), req, p, place, act)
	w.WriteHeader(status)
	_, _ = w.Write(out)
}

// carryOut is one visit under the lock. It returns the body, and the status; what goes into the header is set.
func (r *Rehearsal) carryOut(h http.Header, req *http.Request, p *practice, place page, act func(*visit) reply) ([]byte, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, err := r.session(h, req, p)
	if err != nil {
		return []byte("The practice portal has no random numbers."), http.StatusInternalServerError
	}
	v := &visit{r: r, p: p, s: s, form: req.PostForm, now: r.now().Add(p.clock)}
	h.Set("Date", v.now.UTC().Format(http.TimeFormat)) // the portal's clock, as far as anybody can see it from outside
	var got reply
	switch {
	case s.stage >= place.from:
		got = act(v)
	case s.stage == halfway:
		got = goTo("second-step")
	default:
		got = goTo("sign-in")
	}
	switch {
	case got.err != nil:
		return []byte("The practice portal has no random numbers."), http.StatusInternalServerError
	case got.file != nil:
		h.Set("Content-Type", "text/plain; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="`+got.file.name+`"`)
		return []byte(got.file.text), http.StatusOK
	case got.to != "":
		h.Set("Location", "/"+p.id+got.to)
		return nil, http.StatusSeeOther
	}
	var b bytes.Buffer
	if err := r.render(&b, v, got.page, got.data); err != nil {
		return []byte("The page could not be made."), http.StatusInternalServerError
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	return b.Bytes(), http.StatusOK
}

// session finds the visitor, or gives a newcomer a cookie. Cookies do not know ports, so its name holds the port: two rehearsals
// at a time do not sign each other out.
func (r *Rehearsal) session(h http.Header, req *http.Request, p *practice) (*session, error) {
	name := "practice-" + p.id + "-" + strconv.Itoa(r.port)
	if c, err := req.Cookie(name); err == nil {
		if s := r.sessions[c.Value]; s != nil && s.portal == p.id {
			return s, nil
		}
	}
	token, err := r.newToken()
	if err != nil {
		return nil, err
	}
	if len(r.arrivals) >= maxSessions {
		delete(r.sessions, r.arrivals[0])
		r.arrivals = r.arrivals[1:]
	}
	s := &session{portal: p.id}
	r.sessions[token] = s
	r.arrivals = append(r.arrivals, token)
	cookie := http.Cookie{Name: name, Value: token, Path: "/" + p.id + "/", HttpOnly: true, SameSite: http.SameSiteStrictMode}
	h.Add("Set-Cookie", cookie.String())
	return s, nil
}
