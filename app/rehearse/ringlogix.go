package rehearse

// refusedPasscode is the one answer to a wrong passcode and to a wrong password: the portal does not say which it was.
const refusedPasscode = "Not saved. The passcode may just have changed, which it does every 30 seconds, or the current password is not right."

// ringlogix: Change Account Security in the profile; passcode and current password are saved together.
func ringlogix() *practice {
	reseller := newSetting("reseller", "RingLogix has enabled two-factor authentication for the reseller account (a ticket asked for it)", true)
	ringOS := newSetting("ringos", "This is a RingOS address: single sign-on instead of a passcode", false)
	p := &practice{
		user:     "robin@practice.test",
		shows:    "An authenticator, saved together with the current password. The reseller's ticket and RingOS addresses are in its practice settings.",
		code:     "Passcode",
		verify:   "Log In",
		settings: []*setting{reseller, ringOS},
	}
	p.needsCode = func() bool { return !ringOS.On }
	p.pages = map[string]page{
		"profile": {from: signedIn, show: func(v *visit) reply {
			return show("ringlogix-profile", map[string]any{"Reseller": reseller.On, "On": v.p.account.app != nil})
		}},
		"authenticator": {from: signedIn, show: func(v *visit) reply {
			if v.s.pending == nil {
				return goTo("profile")
			}
			data, err := v.enrolling(v.s.pending)
			if err != nil {
				return broken(err)
			}
			return show("ringlogix-authenticator", data)
		}, do: func(v *visit) reply {
			if v.s.pending == nil {
				return goTo("profile")
			}
			// The password first: a passcode is not used up by a wrong password.
			if v.form.Get("current_password") != practicePassword {
				return v.refuse("authenticator", refusedPasscode)
			}
			if refusal := v.checkApp(v.s.pending, squeezed(v.form.Get("passcode"))); refusal != "" {
				return v.refuse("authenticator", refusedPasscode)
			}
			v.p.account.app, v.s.pending = v.s.pending, nil
			return v.tell("profile", "Saved. Log out and in again: the passcode is asked for from now on.")
		}},
		"authenticator/start": {from: signedIn, do: func(v *visit) reply {
			if !reseller.On {
				return v.refuse("profile", "Two-factor authentication is not enabled for your reseller account.")
			}
			app, err := v.r.newAuthenticator()
			if err != nil {
				return broken(err)
			}
			v.s.pending = app
			return goTo("authenticator")
		}},
	}
	return p
}
