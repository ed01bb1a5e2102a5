package model

import (
	"strings"

	"github.com/tallystick/tallystick/app/portal"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
)

// GuideChoice is a portal a person can pick from the list.
type GuideChoice struct{ ID, Name string }

// Guide is one way through one portal's enrollment, in the person's language.
type Guide struct {
	ID, Portal string
	Issuer     string   // for an account of this portal that is typed
	Sends      bool     // the portal sends the codes itself, by e-mail or SMS
	Way        string   // "With an authenticator"
	Other      []string // titles of the portal's other ways, by their place in Ways
	Before     []string // what has to be so first
	Wants      string   // what the portal wants besides the code; "" = nothing
	Key        string   // what it prescribes for typed keys; "" = nothing
	Steps      []GuideStep
	NewKey     string // how to get a new recovery key; "" = the guide does not know
	Refusals   []string
}

// GuideStep is one step.
type GuideStep struct {
	Text string
	Path string // "Manage Account → Security and Credentials", as the portal writes it
	Does GuideAction
}

// GuideAction is what Tallystick does at a step.
type GuideAction = portal.Action

// The actions.
const (
	GuideScan     = portal.Scan
	GuideCode     = portal.Code
	GuideRecovery = portal.Recovery
	GuideDone     = portal.Done
)

// Guides are the portals there are guides for, by name.
func (s *Session) Guides() []GuideChoice {
	if s.d.Guides == nil {
		return nil
	}
	var out []GuideChoice
	for _, g := range s.d.Guides.All() {
		out = append(out, GuideChoice{g.ID, g.Name})
	}
	return out
}

// GuideFor is the id of the guide an account follows, or of the one that fits its issuer; "" = none.
func (s *Session) GuideFor(id vault.ID) string {
	e := s.list.entry(id)
	if e == nil || s.d.Guides == nil {
		return ""
	}
	if _, ok := s.d.Guides.ByID(e.acc.Portal); ok {
		return e.acc.Portal
	}
	g, _ := s.d.Guides.ForIssuer(e.issuer)
	return g.ID
}

// LatestOf is the account that was added last among those of a portal's guide whose codes the portal sends, or does not send.
func (s *Session) LatestOf(guide string, sends bool) (Row, bool) {
	var latest Row
	if s.list.snap == nil {
		return latest, false
	}
	for i := range s.list.snap.entries {
		e := &s.list.snap.entries[i]
		if e.broken == "" && (e.acc.Params.Kind == otp.Manual) == sends && s.GuideFor(e.acc.ID) == guide && (latest.ID == "" || e.acc.Created.After(latest.Created)) {
			latest = s.list.row(e)
		}
	}
	return latest, latest.ID != ""
}

// Guide is the way-th way of a portal; false when there is none.
func (s *Session) Guide(id string, way int) (Guide, bool) {
	if s.d.Guides == nil {
		return Guide{}, false
	}
	g, ok := s.d.Guides.ByID(id)
	if !ok || way < 0 || way >= len(g.Ways) {
		return Guide{}, false
	}
	in := func(t portal.Text) string { return t.In(s.d.Languages...) }
	all := func(ts []portal.Text) (out []string) {
		for _, t := range ts {
			out = append(out, in(t))
		}
		return out
	}
	w := g.Ways[way]
	out := Guide{
		ID: g.ID, Portal: g.Name, Way: in(w.Title), Before: append(all(g.Before), all(w.Before)...), Refusals: all(g.Refusals),
		NewKey: joinPath(g.NewRecoveryKey), Issuer: g.Name, Sends: w.Kind != portal.Authenticator,
	}
	if len(g.Issuers) > 0 {
		out.Issuer = g.Issuers[0]
	}
	for _, other := range g.Ways {
		out.Other = append(out.Other, in(other.Title))
	}
	for _, want := range w.Wants {
		switch want {
		case "password":
			out.Wants = "Have your password ready: the portal asks for it."
		case "phone":
			out.Wants = "Have your mobile phone ready: the portal sends it a message."
		}
	}
	if g.Key != (portal.Key{}) && w.Kind == portal.Authenticator {
		out.Key = strings.ToUpper(g.Key.Kind) + ", " + g.Key.Algorithm + ", " + digits(g.Key.Digits) + ", " + seconds(g.Key.Period)
	}
	for _, st := range w.Steps {
		out.Steps = append(out.Steps, GuideStep{Text: in(st.Text), Path: joinPath(st), Does: st.Does})
	}
	return out, true
}

func joinPath(s portal.Step) string { return strings.Join(s.Path, " → ") }
