package webdav

import (
	"net/http"
	"strings"
	"sync"

	"github.com/icholy/digest"

	"github.com/tallystick/tallystick/vault/secret"
)

// auth signs requests in the way the server asked for. The first request carries nothing: only the server's answer says
// whether the password may stay at home (digest, RFC 7616) or has to be sent (basic, RFC 7617).
type auth struct {
	user     string
	password secret.Bytes

	mu        sync.Mutex
	basic     bool
	challenge *digest.Challenge
	count     int // how often the nonce of the challenge was used
	round     int // grows with every challenge that was learned
}

// sign adds credentials, if the server asked for some, and gives the round of learning they are from.
func (a *auth) sign(req *http.Request) (round int) {
	if a.user == "" && a.password.IsEmpty() {
		return 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.challenge != nil:
		a.count++
		signed, err := digest.Digest(a.challenge, digest.Options{
			Method: req.Method, URI: req.URL.RequestURI(), GetBody: req.GetBody, Count: a.count,
			Username: a.user, Password: string(a.password.Reveal()),
		})
		if err == nil {
			req.Header.Set("Authorization", signed.String())
		}
	case a.basic:
		req.SetBasicAuth(a.user, string(a.password.Reveal()))
	}
	return a.round
}

// learn reads what a reply of status 401 asks for, and reports whether another try may succeed. used is the round whose
// credentials were refused.
func (a *auth) learn(header http.Header, used int) bool {
	if a.user == "" && a.password.IsEmpty() {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if used != a.round {
		return true // somebody learned something meanwhile
	}
	if challenge, err := digest.FindChallenge(header); err == nil && digest.CanDigest(challenge) {
		if a.challenge != nil && !challenge.Stale && a.challenge.Nonce == challenge.Nonce {
			return false
		}
		refused := a.challenge != nil && !challenge.Stale && a.count == 1
		a.challenge, a.count, a.basic = challenge, 0, false
		a.round++
		return !refused // a fresh nonce was refused as well: the password is wrong
	}
	if a.basic {
		return false
	}
	for _, offer := range header.Values("WWW-Authenticate") {
		if strings.Contains(strings.ToLower(offer), "basic") {
			a.basic, a.challenge = true, nil
			a.round++
			return true
		}
	}
	return false
}
