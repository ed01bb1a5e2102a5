package rehearse

import "regexp"

// A country code and the number after it (ITU-T E.164: 15 digits in all).
var (
	countryCode = regexp.MustCompile(`^\+?[1-9][0-9]{0,2}$`)
	phoneNumber = regexp.MustCompile(`^[0-9]{4,12}$`)
)

// voipAdminPanel: a token by SMS at each sign-in; and for a login that several people share, a key for their authenticators,
// whose codes the same field takes.
func voipAdminPanel() *practice {
	p := &practice{
		user:   "frontdesk",
		shows:  "A token by SMS at each sign-in; and one login for several people, each with the same key in an authenticator.",
		code:   "Token",
		verify: "Log In",
		resend: "Send the token again",
	}
	p.pages = map[string]page{
		"profile": {from: signedIn, show: func(v *visit) reply {
			return show("voip-profile", map[string]any{"Phone": v.p.account.phone, "App": v.p.account.app != nil})
		}},
		"two-factor": {from: signedIn, show: func(*visit) reply { return show("voip-two-factor", nil) }, do: func(v *visit) reply {
			country, number := squeezed(v.form.Get("country_code")), squeezed(v.form.Get("phone"))
			if !countryCode.MatchString(country) || !phoneNumber.MatchString(number) {
				return v.refuse("two-factor", "Type a country code such as +49, and the mobile phone number after it.")
			}
			if country[0] != '+' {
				country = "+" + country
			}
			v.p.account.phone = country + " " + number
			return v.tell("profile", "Two-factor authentication is enabled.")
		}},
		"app": {from: signedIn, show: func(v *visit) reply {
			if v.p.account.app == nil {
				return goTo("profile")
			}
			data, err := v.enrolling(v.p.account.app)
			if err != nil {
				return broken(err)
			}
			return show("voip-app", data)
		}, do: func(v *visit) reply {
			if v.p.account.phone == "" {
				return v.refuse("profile", "Enable two-factor authentication first.")
			}
			if v.p.account.app == nil {
				app, err := v.r.newAuthenticator()
				if err != nil {
					return broken(err)
				}
				v.p.account.app = app
			}
			return goTo("app")
		}},
	}
	return p
}
