package rehearse

import "fmt"

// B3Networks and Qontak Call Center turn two-factor sign-in on in much the same place: Manage Account, Security and Credentials.
// Codes come by e-mail, with a recovery key beside them; an authenticator comes in by a way of each portal's own.

func b3networks() *practice {
	policy := newSetting("policy", "The organisation's Security Policy enables two-factor authentication with an authenticator app", false)
	p := &practice{
		user:   "robin@practice.test",
		shows:  "A code by e-mail and a Recovery Key; or an authenticator, offered right after signing in once the organisation's Security Policy allows it (see its practice settings).",
		code:   "Verification code",
		verify: "Verify",
		resend: "Send verification code",
		pages:  map[string]page{},
	}
	p.settings = []*setting{policy, verifiedEmail()}
	p.welcome = func(v *visit) string {
		if policy.On && v.p.account.app == nil {
			return "set-up"
		}
		return ""
	}
	p.addManageAccount("Finish", 32, "B3Networks-Recovery-Key.txt")
	p.pages["disable"], p.pages["disable/send"] = p.byEmail("disable", "Disable two-factor authentication", func(v *visit) reply {
		a := &v.p.account
		a.app, a.email, a.recovery = nil, false, nil
		return v.tell("security", "Two-factor authentication is off.")
	})
	p.pages["set-up"] = page{from: signedIn,
		show: func(*visit) reply { return show("set-up", nil) },
		do: func(v *visit) reply {
			if !policy.On {
				return v.refuse("security", "The organisation's Security Policy does not enable the authenticator app.")
			}
			if v.form.Get("method") != "authenticator" {
				return v.refuse("set-up", "Choose a way.")
			}
			return v.startApp()
		}}
	p.pages["scan"] = scanPage(func(v *visit) reply { return v.handOut("Continue") })
	return p
}

func qontak() *practice {
	required := newSetting("required", "The organisation's admin requires two-factor authentication at the next sign-in", false)
	p := &practice{
		user:   "robin@practice.test",
		shows:  "A code by e-mail and a Recovery Key; an authenticator from the same page. The admin can require it (see its practice settings).",
		code:   "Verification code",
		verify: "Verify",
		resend: "Send verification code",
		pages:  map[string]page{},
	}
	p.settings = []*setting{required, verifiedEmail()}
	missing := func(v *visit) bool { return required.On && !v.p.account.protected() }
	p.welcome = func(v *visit) string {
		if missing(v) {
			v.s.notice = notice{"error", "Your organisation requires two-factor authentication. Set it up to go on."}
			return "security"
		}
		return ""
	}
	p.pages["home"] = page{show: func(v *visit) reply {
		if missing(v) {
			return goTo(v.p.welcome(v))
		}
		return show("home", nil)
	}}
	p.addManageAccount("Close", 40, "qontak_recovery_key.txt")
	p.pages["set-up"] = page{from: signedIn, do: (*visit).startApp}
	p.pages["scan"] = scanPage(func(v *visit) reply {
		return v.tell("security", "The authenticator app is set up. Use its code from the next sign-in on.")
	})
	return p
}

func verifiedEmail() *setting {
	return newSetting("email_verified", "The e-mail address of the practice account is verified", true)
}

func (p *practice) setting(name string) bool {
	for _, s := range p.settings {
		if s.Name == name {
			return s.On
		}
	}
	return false
}

// addManageAccount adds the pages both portals have. finish is the button below the recovery key.
func (p *practice) addManageAccount(finish string, keyLength int, fileName string) {
	p.recoveryKey = keyLength
	p.pages["account"] = page{from: signedIn, show: func(*visit) reply {
		return show("account", p.setting("email_verified"))
	}}
	p.pages["security"] = page{from: signedIn, show: func(*visit) reply {
		a := &p.account
		return show("security", map[string]any{
			"Protected": a.protected(), "Email": a.email, "App": a.app != nil, "Recovery": a.recovery != nil, "Had": a.RecoveryKeys > 0,
			"SetUp": p.pages["set-up"].show == nil, "Disable": p.pages["disable"].do != nil,
		})
	}}
	p.pages["enable"], p.pages["enable/send"] = p.byEmail("enable", "Enable Two-Factor Authentication", func(v *visit) reply {
		p.account.email = true
		return v.handOut(finish)
	})
	p.pages["new-recovery-key"], p.pages["new-recovery-key/send"] = p.byEmail("new-recovery-key", "Create new Recovery Key",
		func(v *visit) reply { return v.handOut(finish) })

	p.pages["recovery-key"] = page{from: signedIn, show: func(v *visit) reply {
		if v.s.fresh == nil {
			return goTo("security")
		}
		return show("recovery-key", map[string]any{"Key": v.s.fresh.key, "Button": v.s.fresh.button})
	}}
	p.pages["recovery-key/download"] = page{from: signedIn, show: func(v *visit) reply {
		if v.s.fresh == nil {
			return v.refuse("security", "A Recovery Key can be downloaded once. Create a new one.")
		}
		return reply{file: &file{fileName, recoveryText(p.guide.Name, p.user, v.s.fresh.key, v.now.Format("2 January 2006"))}}
	}}
	p.pages["recovery-key/finish"] = page{from: signedIn, do: func(v *visit) reply {
		v.s.fresh = nil
		return v.tell("security", "Two-factor authentication is on.")
	}}
	p.pages["recovery"] = page{from: halfway,
		show: func(v *visit) reply {
			if v.s.stage == signedIn {
				return goTo("home")
			}
			return show("recovery", nil)
		},
		do: (*visit).signInByRecoveryKey,
	}
}

// recoveryText is the downloaded file: a key, with prose around it, as portals write it.
func recoveryText(name, user, key, day string) string {
	return fmt.Sprintf("%s (practice portal)\r\n\r\nRecovery Key for %s\r\nCreated on %s\r\n\r\n%s\r\n\r\n"+
		"Use it to sign in when you cannot get a verification code. It works once.\r\n"+
		"Keep it where nobody else can read it.\r\n", name, user, day, key)
}

// byEmail is a page that has a code sent by e-mail, takes it, and then does something.
func (p *practice) byEmail(purpose, title string, then func(*visit) reply) (code, send page) {
	code = page{from: signedIn,
		show: func(v *visit) reply {
			waiting := v.s.sent != nil && v.s.sent.purpose == purpose
			return show("mail-code", map[string]any{"Path": purpose, "Title": title, "Sent": waiting, "To": p.user})
		},
		do: func(v *visit) reply {
			if !v.takeSent(purpose, squeezed(v.form.Get("code"))) {
				p.account.Refused++
				return v.refuse(purpose, refusedSent)
			}
			return then(v)
		}}
	send = page{from: signedIn, do: func(v *visit) reply {
		if !p.setting("email_verified") {
			return v.refuse(purpose, refusedEmail)
		}
		if err := v.send(purpose, false); err != nil {
			return broken(err)
		}
		return goTo(purpose)
	}}
	return code, send
}

// handOut makes a recovery key, which is shown until button is pressed. A key handed out before is dead.
func (v *visit) handOut(button string) reply {
	key, err := v.r.newRecoveryKey(v.p.recoveryKey)
	if err != nil {
		return broken(err)
	}
	a := &v.p.account
	a.recovery = fingerprint(key)
	a.RecoveryKeys++
	v.s.fresh = &freshKey{key, button}
	return goTo("recovery-key")
}

func (v *visit) signInByRecoveryKey() reply {
	if v.s.stage == signedIn {
		return goTo("home")
	}
	a := &v.p.account
	if a.recovery == nil || *fingerprint(v.form.Get("recovery_key")) != *a.recovery {
		a.Refused++
		return v.refuse("recovery", refusedRecovery)
	}
	a.recovery = nil
	a.RecoveryUsed++
	return v.enter()
}

// startApp hands out a key for an authenticator, to be confirmed with a code.
func (v *visit) startApp() reply {
	app, err := v.r.newAuthenticator()
	if err != nil {
		return broken(err)
	}
	v.s.pending = app
	return goTo("scan")
}

// scanPage shows the QR code and takes the first code.
func scanPage(then func(*visit) reply) page {
	return page{from: signedIn,
		show: func(v *visit) reply {
			if v.s.pending == nil {
				return goTo("security")
			}
			data, err := v.enrolling(v.s.pending)
			if err != nil {
				return broken(err)
			}
			return show("scan", data)
		},
		do: func(v *visit) reply {
			if v.s.pending == nil {
				return goTo("security")
			}
			if refusal := v.checkApp(v.s.pending, squeezed(v.form.Get("code"))); refusal != "" {
				return v.refuse("scan", refusal)
			}
			v.p.account.app, v.s.pending = v.s.pending, nil
			return then(v)
		}}
}
