package rehearse

// State is what one practice portal knows about its one account.
type State struct {
	counts
	User, Password string // the practice credentials, as the sign-in page shows them
	Authenticator  bool   // codes of an authenticator are accepted
	Email, SMS     bool   // codes are sent by e-mail, by SMS
	Phone          string // the number SMS go to, "" = none
	RecoveryReady  bool   // one was handed out and is not used yet
}

// State looks at a portal from behind; false when there is none of that id.
func (r *Rehearsal) State(id string) (State, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.portals {
		if p.id == id {
			a := &p.account
			return State{
				counts: a.counts, User: p.user, Password: practicePassword,
				Authenticator: a.app != nil, Email: a.email, SMS: a.phone != "", Phone: a.phone, RecoveryReady: a.recovery != nil,
			}, true
		}
	}
	return State{}, false
}
