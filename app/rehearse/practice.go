package rehearse

import (
	"slices"
	"strconv"
	"time"

	"github.com/tallystick/tallystick/app/portal"
)

// practice is one practice portal: what its maker in the file of its name says about it, and its one account.
type practice struct {
	id    string
	guide portal.Guide

	user     string // of the practice account; the password is the same everywhere
	shows    string // what there is to see, in a sentence, for the page that links all portals
	code     string // how the portal calls a code of the second step
	verify   string // the button beside it
	resend   string // the button that has a code sent; "" = none is ever sent
	settings []*setting
	pages    map[string]page

	recoveryKey int // length of the recovery keys it hands out, in characters; 0 = none

	// needsCode, where set, may let a sign-in do without its second step.
	needsCode func() bool
	// welcome, where set, says where a visitor lands after signing in; "" = at home.
	welcome func(v *visit) string

	clock   time.Duration // by how much the portal's clock is wrong; from the practice settings
	account account
}

// setting is a switch that is not the person's own in real life: the organisation's policy, the reseller's contract.
type setting struct {
	Name, Text  string
	On, initial bool
}

func newSetting(name, text string, on bool) *setting {
	return &setting{Name: name, Text: text, On: on, initial: on}
}

// practices makes each portal anew.
var practices = map[string]func() *practice{
	"b3networks":       b3networks,
	"qontak":           qontak,
	"ringlogix":        ringlogix,
	"voip-admin-panel": voipAdminPanel,
	"yeastar":          yeastar,
}

// clockErrors are by how much the practice settings let the portal's clock be wrong, in seconds.
var clockErrors = []int{-90, -31, -10, 0, 10, 31, 90}

// addCommonPages adds what is the same everywhere: signing in and out, and the practice settings.
func (p *practice) addCommonPages() {
	p.pages[""] = page{show: func(v *visit) reply {
		if v.s.stage == signedIn {
			return goTo("home")
		}
		return goTo("sign-in")
	}}
	home := func(v *visit) reply { return show("home", nil) }
	if own := p.pages["home"].show; own != nil {
		home = own
	}
	p.pages["home"] = page{from: signedIn, show: home}
	p.pages["sign-in"] = page{
		show: func(v *visit) reply { return show("sign-in", practicePassword) },
		do:   (*visit).signIn,
	}
	p.pages["second-step"] = page{from: halfway, show: func(v *visit) reply {
		if v.s.stage == signedIn {
			return goTo("home")
		}
		a := &p.account
		return show("second-step", map[string]any{
			"App": a.app != nil, "Sent": v.s.sent != nil, "CanSend": a.email || a.phone != "", "SMS": a.phone != "",
			"Recovery": p.pages["recovery"].do != nil,
		})
	}, do: (*visit).secondStep}
	p.pages["second-step/send"] = page{from: halfway, do: (*visit).sendAtSignIn}
	p.pages["sign-out"] = page{do: func(v *visit) reply {
		*v.s = session{portal: p.id}
		return v.tell("sign-in", "You are signed out.")
	}}
	p.pages["settings"] = page{show: func(v *visit) reply {
		return show("settings", map[string]any{"Settings": p.settings, "Clocks": clockErrors, "Clock": int(p.clock / time.Second)})
	}, do: (*visit).saveSettings}
	p.pages["start-over"] = page{do: (*visit).startOver}
}

func (v *visit) signIn() reply {
	if v.form.Get("username") != v.p.user || v.form.Get("password") != practicePassword {
		return v.refuse("sign-in", refusedSignIn)
	}
	*v.s = session{portal: v.p.id}
	if !v.p.account.protected() || v.p.needsCode != nil && !v.p.needsCode() {
		return v.enter()
	}
	v.s.stage = halfway
	// An SMS goes out at each sign-in; an e-mail only where there is no authenticator.
	if a := &v.p.account; a.phone != "" || a.email && a.app == nil {
		if err := v.send("sign-in", a.phone != ""); err != nil {
			return broken(err)
		}
	}
	return goTo("second-step")
}

// enter ends a sign-in.
func (v *visit) enter() reply {
	v.s.stage, v.s.sent = signedIn, nil
	v.p.account.SignIns++
	if v.p.welcome != nil {
		if to := v.p.welcome(v); to != "" {
			return goTo(to)
		}
	}
	return goTo("home")
}

func (v *visit) secondStep() reply {
	if v.s.stage == signedIn {
		return goTo("home")
	}
	code := squeezed(v.form.Get("code"))
	if v.takeSent("sign-in", code) {
		return v.enter()
	}
	if app := v.p.account.app; app != nil {
		if refusal := v.checkApp(app, code); refusal != "" {
			return v.refuse("second-step", refusal)
		}
		return v.enter()
	}
	v.p.account.Refused++
	return v.refuse("second-step", refusedSent)
}

func (v *visit) sendAtSignIn() reply {
	a := &v.p.account
	if v.s.stage != halfway || !a.email && a.phone == "" {
		return goTo("second-step")
	}
	if err := v.send("sign-in", a.phone != ""); err != nil {
		return broken(err)
	}
	return goTo("second-step")
}

func (v *visit) saveSettings() reply {
	for _, s := range v.p.settings {
		s.On = v.form.Has(s.Name)
	}
	seconds, err := strconv.Atoi(v.form.Get("clock"))
	if v.form.Has("clock") && (err != nil || !slices.Contains(clockErrors, seconds)) {
		return v.refuse("settings", "The clock can be wrong only by what the list offers.")
	}
	v.p.clock = time.Duration(seconds) * time.Second
	return v.tell("settings", "Saved.")
}

// startOver forgets everything that was done at this portal, and sends everybody to its door.
func (v *visit) startOver() reply {
	v.p.account, v.p.clock = account{}, 0
	for _, s := range v.p.settings {
		s.On = s.initial
	}
	for _, s := range v.r.sessions {
		if s.portal == v.p.id {
			*s = session{portal: v.p.id}
		}
	}
	v.r.messages = slices.DeleteFunc(v.r.messages, func(m message) bool { return m.Portal == v.p.id })
	return v.tell("sign-in", "Everything at this portal is as it was at the start.")
}

// enrolling is what a page with a QR code shows.
func (v *visit) enrolling(app *authenticator) (map[string]any, error) {
	qr, err := picture(app.link(v.p.guide.Issuers[0], v.p.user, v.p.guide.Key != portal.Key{}))
	return map[string]any{"QR": qr, "Key": app.typed()}, err
}
