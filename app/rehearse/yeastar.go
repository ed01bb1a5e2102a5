package rehearse

// yeastar: Security Settings of the account menu; a password before anything changes; a QR code, or its key as text.
func yeastar() *practice {
	p := &practice{
		user:   "robin",
		shows:  "An authenticator, with the account's password asked for first; the QR code, or the key to be typed when it cannot be scanned.",
		code:   "Authentication Code",
		verify: "Log in",
	}
	p.pages = map[string]page{
		"password": {from: signedIn, show: func(*visit) reply { return show("yeastar-password", nil) }},
		"security": {from: signedIn, show: func(v *visit) reply {
			if v.s.pending == nil {
				return show("yeastar-security", map[string]any{"On": v.p.account.app != nil})
			}
			data, err := v.enrolling(v.s.pending)
			if err != nil {
				return broken(err)
			}
			data["Chosen"] = v.s.notice.Kind == "error" // after a refusal the code is typed again at once
			return show("yeastar-security", data)
		}, do: func(v *visit) reply {
			if v.s.pending == nil {
				return goTo("security")
			}
			if v.form.Get("method") != "authenticator" {
				return v.refuse("security", "Choose how sign-ins are authenticated.")
			}
			if refusal := v.checkApp(v.s.pending, squeezed(v.form.Get("code"))); refusal != "" {
				return v.refuse("security", refusal)
			}
			v.p.account.app, v.s.pending = v.s.pending, nil
			return v.tell("security", "Edited successfully.")
		}},
		"security/confirm": {from: signedIn, do: func(v *visit) reply {
			if v.form.Get("password") != practicePassword {
				return v.refuse("security", refusedPassword)
			}
			if v.p.account.app != nil {
				v.p.account.app = nil
				return v.tell("security", "Edited successfully.")
			}
			app, err := v.r.newAuthenticator()
			if err != nil {
				return broken(err)
			}
			v.s.pending = app
			return goTo("security")
		}},
		"security/cancel": {from: signedIn, do: func(v *visit) reply {
			v.s.pending = nil
			return goTo("security")
		}},
	}
	return p
}
