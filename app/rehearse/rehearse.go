// Package rehearse serves practice portals: small web sites on this computer that turn two-factor sign-in on, ask for it and
// hand out recovery keys the way the portals of the guides do, so that a person can try all of it without risk.
//
// Purpose: [Start] opens one HTTP server on 127.0.0.1 with a practice portal for each guide it knows, a mailbox and a phone that
// receive the codes, and a page of practice settings (also the portal's clock). The tests of the whole program use the same
// portals. Codes are checked by an implementation of RFC 6238 of its own (totp.go), so that two implementations are compared.
//
// Who may import it: app/cli, and tests. Of ours it imports app/portal.
//
// Concurrency: a [Rehearsal] may be used from many goroutines. One lock guards everything a visit can change.
//
// Ownership: everything lives in memory and ends with the context given to Start. Keys here open nothing but the practice
// portals, which is why they are plain bytes and pages may show them.
package rehearse

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/tallystick/tallystick/app/portal"
)

// ErrNoPortal is returned by Start for an id no practice portal has.
var ErrNoPortal = errors.New("rehearse: no practice portal of that name")

// ErrPort is returned by Start when it may not answer at the port; it wraps what the system says.
var ErrPort = errors.New("rehearse: port cannot be used")

// Config is what Start needs. The zero Config but for Guides is fine.
type Config struct {
	// Guides name the portals and the steps that the pages show. A guide no practice portal is written for is left out.
	Guides *portal.Set
	// Only are the ids of the portals to open; empty means all.
	Only []string
	// Port on 127.0.0.1; 0 means a free one.
	Port int
	// Now is the clock of the portals; nil means the system's. What the practice settings say is added to it.
	Now func() time.Time
	// Rand makes keys and codes; nil means crypto/rand.
	Rand io.Reader
}

// Rehearsal is the running practice portals.
type Rehearsal struct {
	port    int
	now     func() time.Time
	rand    io.Reader
	portals []*practice
	done    chan struct{}
	err     error // set before done is closed

	mu       sync.Mutex // guards what follows, and everything in practice and session
	sessions map[string]*session
	arrivals []string // tokens of sessions, oldest first
	messages []message
}

// Limits on what a visitor can make this hold.
const (
	maxBody     = 64 << 10 // bytes of a form
	maxHeader   = 64 << 10 // bytes; the cookies of everything else on 127.0.0.1 come along
	maxSessions = 256
	maxMessages = 100
)

// Start opens the practice portals and returns once they can be visited. They end with ctx; Wait says when. It returns
// ErrNoPortal for an unknown id, and ErrPort when the port is taken.
func Start(ctx context.Context, c Config) (*Rehearsal, error) {
	r := &Rehearsal{now: c.Now, rand: c.Rand, done: make(chan struct{}), sessions: map[string]*session{}}
	if r.now == nil {
		r.now = time.Now
	}
	if r.rand == nil {
		r.rand = rand.Reader
	}
	var err error
	if r.portals, err = choose(c.Guides, c.Only); err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Port)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPort, err)
	}
	r.port = listener.Addr().(*net.TCPAddr).Port
	server := &http.Server{
		Handler:           r.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          silent,
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() {
		defer close(r.done)
		defer stop()
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			r.err = err
		}
	}()
	return r, nil
}

// Wait returns when the portals have ended: nil when ctx ended them, else what went wrong.
func (r *Rehearsal) Wait() error {
	<-r.done
	return r.err
}

// URL is the page that links all practice portals, with a slash at its end.
func (r *Rehearsal) URL() string { return fmt.Sprintf("http://127.0.0.1:%d/", r.port) }

// URLs are the addresses of the practice portals by the id of their guide, each with a slash at its end.
func (r *Rehearsal) URLs() map[string]string {
	urls := map[string]string{}
	for _, p := range r.portals {
		urls[p.id] = r.URL() + p.id + "/"
	}
	return urls
}

// Listed are the ids of the practice portals in the order of their names.
func (r *Rehearsal) Listed() []string {
	var ids []string
	for _, p := range r.portals {
		ids = append(ids, p.id)
	}
	return ids
}

// counts is what a practice portal counts of its one account, since the start or since "Start over".
type counts struct {
	SignIns      int // sign-ins carried to the end
	Accepted     int // codes of an authenticator that were accepted, at enrollment and at sign-in
	Refused      int // codes, of any kind, that were refused
	LastDrift    int // of the last accepted code: -1 from the period before, 0 the portal's own, +1 from the one after
	RecoveryKeys int // recovery keys handed out
	RecoveryUsed int // sign-ins with one
}

// choose makes the practice portals that are wanted, in the order of their guides' names.
func choose(guides *portal.Set, only []string) ([]*practice, error) {
	if guides == nil {
		guides = &portal.Set{}
	}
	wanted := map[string]bool{}
	for _, id := range only {
		wanted[id] = true
	}
	var list []*practice
	for _, g := range guides.All() {
		build, known := practices[g.ID]
		if !known || len(only) > 0 && !wanted[g.ID] {
			continue
		}
		delete(wanted, g.ID)
		p := build()
		p.id, p.guide = g.ID, g
		p.addCommonPages()
		list = append(list, p)
	}
	if len(wanted) > 0 || len(list) == 0 {
		return nil, ErrNoPortal
	}
	return list, nil
}
