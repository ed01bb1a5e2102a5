//go:build e2e && linux

package e2e

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

// The five systems, each from the first sign-in to the recovery key: real portals as far as a browser can tell, that
// make and check codes by themselves. Who signs in does what the guide says, and nothing else.

// B3Networks, with the window: scan, prove it, keep the recovery key from Downloads, sign in with a copied code.
func TestPortalB3Networks(t *testing.T) {
	m := visit(t, "b3networks")
	d := m.d
	m.settings("#policy")
	m.signIn()
	m.click("#method-authenticator")
	picture(t, d, "enable-with-authenticator-app")
	m.follow("#continue")

	s := m.sits()
	s.scansScreen()
	codes := s.codes("b3networks")
	code := s.reads(codes)

	// First a slip of the finger: the portal says so, and the account stays.
	m.verify(wrong(code))
	m.says(saysWrong)
	picture(t, d, "refused")
	m.verify(code)
	file := m.download("#download")
	picture(t, d, "downloaded")

	// The file is offered, and understood.
	s.accepted()
	key := s.keepsDownload("b3networks", file)
	s.shows("Show my accounts")
	s.press("Return")
	s.shows("B3Networks")
	m.follow("#finish")
	m.signOut()

	// The next sign-in: copied in the window, pasted into the page.
	m.signIn()
	s.pastesCode(codes, "#code")
	m.follow("#verify")
	m.isIn()
	picture(t, d, "signed-in")
	m.signOut()

	s.usesKeyFromWindow("b3networks", key)
	s.quit()
}

// windowCode is the code that the window shows, read until it is the one the command line prints.
func windowCode(t *testing.T, w *desktop.Window, g *generator) string {
	t.Helper()
	var code string
	err := desktop.WaitFor(within(t, patience), "the window and the command line to show the same code", func() bool {
		code = readCode(t, w)
		return code == g.now()
	})
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// B3Networks by e-mail, along the guide: codes come from the portal, the recovery key is what Tallystick is for. It is kept in an
// account without codes, and once it lets its owner in.
func TestPortalB3NetworksByEmail(t *testing.T) {
	m := visit(t, "b3networks")
	s := m.sits()
	g := s.opensGuide("B3Networks", "B3Networks")
	g.shows("Step 1 of 6")
	s.a.clicks(g.w, "Code by e-mail")
	g.follows("Step 1 of 5", "Two-Factor Authentication")
	m.signIn()
	m.isIn()
	g.next()
	g.follows("Step 2 of 5", "Send verification code")
	m.click("#profile-icon")
	m.follow("#manage-account", "#security-and-credentials", "#enable", "#send-code")
	g.next()
	m.fill("#code", m.sent(mailbox))
	picture(m.t, m.d, "code-from-the-mailbox")
	m.follow("#continue")
	file := m.download("#download")
	g.next()
	g.follows("Step 4 of 5", "Recovery Key")

	// The guide leads to the form, with portal and kind put in.
	g.first() // "Keep the recovery keys"
	s.front()
	s.shows("Account name")
	picture(t, m.d, "manual-account")
	s.types("\t" + m.name)
	s.clicks("Continue")
	s.shows("Is this it")
	s.press("Return")
	s.shows("Keep the recovery keys")
	key := s.keepsDownload("b3networks", file)
	s.shows("Show my accounts")
	s.press("Return")
	s.shows("B3Networks")
	m.follow("#finish")
	m.says("Two-factor authentication is on.")
	g.next()
	g.follows("Step 5 of 5")
	g.closes()
	if list := s.a.list("--show-secrets"); len(list) != 1 || list[0].Kind != "manual" || list[0].Issuer != "B3Networks" || list[0].Secret != "" {
		t.Fatalf("a manual account: %+v", list)
	}
	m.signOut()

	m.signIn()
	m.verify(m.sent(mailbox))
	m.isIn()
	m.signOut()
	s.usesKeyFromWindow("b3networks", key)
	s.quit()
}

// Qontak Call Center: e-mail first, kept in a manual account; then an authenticator, and a new recovery key for it.
func TestPortalQontak(t *testing.T) {
	m := visit(t, "qontak")
	s := m.sits()
	m.signIn()
	m.isIn()
	m.click("#profile-icon")
	m.follow("#manage-account", "#security-and-credentials", "#enable", "#send-code")
	m.fill("#code", m.sent(mailbox))
	m.follow("#continue")
	file := m.download("#download")
	s.typesManual("Qontak", "by e-mail")
	byMail := s.keepsDownload("e-mail", file)
	s.shows("Show my accounts")
	s.press("Return")
	s.shows("Qontak")
	m.follow("#finish")
	m.says("Two-factor authentication is on.")
	m.signOut()
	m.signIn()
	m.verify(m.sent(mailbox))
	m.isIn()
	m.signOut()
	s.usesKeyFromWindow("e-mail", byMail)

	m.signIn()
	m.verify(m.sent(mailbox))
	m.click("#profile-icon")
	m.follow("#manage-account", "#security-and-credentials", "#set-up")
	s.scansScreen()
	accounts := m.a.list()
	if len(accounts) != 2 || accounts[1].Kind != "totp" || accounts[1].Issuer != "Qontak" {
		t.Fatalf("accounts: %+v", accounts)
	}
	codes := s.codes(accounts[1].ID)
	code := s.reads(codes)
	m.verify(code)
	m.says("The authenticator app is set up. Use its code from the next sign-in on.")

	m.follow("#new-recovery-key", "#send-code")
	m.fill("#code", m.sent(mailbox))
	m.follow("#continue")
	file = m.download("#download")
	s.accepted()
	key := s.keepsDownload(codes.account, file)
	picture(m.t, m.d, "new-recovery-key")
	s.shows("Show my accounts")
	s.press("Return")
	s.shows("Favourites")
	m.follow("#finish")
	m.signOut()

	// The code of the enrollment again: the portal takes none twice.
	m.signIn()
	m.verify(code)
	if got := m.text("#notice"); got != saysUsed && got != saysWrong { // wrong: it is too old by now
		t.Fatalf("the code of the enrollment, once more: %q", got)
	}
	s.press("Home")
	m.verify(codes.fresh())
	m.isIn()
	picture(t, m.d, "signed-in")
	m.signOut()
	if list := s.a.exits(done, "", "recovery", "list", codes.account, "--show-secrets").Stdout; !strings.Contains(list, key) {
		t.Fatal("the new recovery key is not kept with the new account")
	}
	m.usesRecoveryKey(codes.account)
	s.quit()
}

// Yeastar PBX: the account's password first; then the QR code, or the key to be typed.
func TestPortalYeastar(t *testing.T) {
	for _, how := range []string{"scanned", "typed"} {
		t.Run(how, func(t *testing.T) {
			m := visit(t, "yeastar")
			m.signIn()
			m.isIn()
			m.click("#account")
			m.follow("#change-password-security", "#security-settings")
			m.click("#two-factor") // a window comes up that wants the password
			m.fill("#password", "not the password")
			m.follow("#confirm")
			m.says("The password is not right.")
			m.click("#two-factor")
			m.fill("#password", password)
			picture(t, m.d, "password")
			m.follow("#confirm")
			m.click("#method-authenticator")
			var s *seat
			if how == "scanned" { // on the command line
				m.scans()
			} else {
				m.click("#cant-scan")
				picture(t, m.d, "cant-scan")
				s = m.sits()
				s.typesKey("Yeastar", m.text("#key"))
			}
			accounts := m.a.list()
			if len(accounts) != 1 || accounts[0].Issuer != "Yeastar" || accounts[0].Name != m.name ||
				accounts[0].Algorithm != "SHA1" || accounts[0].Digits != 6 || accounts[0].Period != period {
				t.Fatalf("accounts: %+v", accounts)
			}

			codes := &generator{a: m.a, account: "yeastar"}
			var code string
			if s == nil {
				code = codes.fresh()
			} else {
				code = s.reads(codes)
			}
			m.fill("#code", wrong(code))
			m.follow("#save")
			m.says(saysWrong)
			m.click("#method-authenticator")
			m.fill("#code", code)
			picture(t, m.d, "authentication-code")
			m.follow("#save")
			m.says("Edited successfully.")
			m.signOut()

			m.signIn()
			if s == nil {
				m.verify(codes.fresh())
			} else {
				s.accepted()
				s.none() // this portal hands out no recovery key
				s.pastesCode(codes, "#code")
				m.follow("#verify")
				s.quit()
			}
			m.isIn()
			picture(t, m.d, "signed-in")
			// It asks for none, either.
			m.signOut()
			m.signIn()
			if m.offers("#use-recovery-key") {
				t.Error("the second step offers a recovery key that was never handed out")
			}
		})
	}
}

// The VoIP admin panel: a token by SMS for the one whose phone it is; and one login for several people, each with a
// vault of their own.
func TestPortalVoIPAdminPanel(t *testing.T) {
	m := visit(t, "voip-admin-panel")
	m.signIn()
	m.isIn()
	m.click("#admin-panel")
	m.follow("#my-profile", "#enable")
	m.fill("#country_code", "+49")
	m.fill("#phone", "1701234567")
	picture(t, m.d, "phone-number")
	m.follow("#save")
	m.says("Two-factor authentication is enabled.")
	m.signOut()
	m.signIn()
	token := m.sent(phone)
	m.verify(wrong(token))
	m.says("This code is not right, or it is too old. Send a new one.")
	m.verify(token)
	m.isIn()
	picture(t, m.d, "signed-in-by-sms")

	// The panel hands out no recovery key by itself. What its operator gives somebody on the telephone is typed.
	one := m.sits("--dir", filepath.Join(m.d.Home, "one"))
	g := one.opensGuide("VoIP admin panel", "VoIP admin panel (code by SMS)")
	g.shows("Step 1 of 3")
	g.next()
	g.next()
	g.follows("Step 3 of 3", "There is no code to make")
	g.first()
	one.front()
	one.shows("Account name")
	one.types("\t" + m.name + " by SMS")
	one.clicks("Continue")
	one.shows("Is this it")
	one.press("Return")
	one.shows("Keep the recovery keys")
	g.closes()
	one.front()
	const spoken = "fdsk-71qm-x8ty"
	one.clicks("Paste or type the keys here")
	one.types(spoken)
	one.shows("One key was understood")
	one.clicks("Keep these keys")
	one.shows("is with this account now")
	one.clicks("Continue")
	one.shows("Show my accounts")
	one.press("Return")
	one.shows("Favourites")
	if list := m.a.exits(done, "", append(slices.Clone(one.where), "recovery", "list", "sms", "--show-secrets")...).Stdout; !strings.Contains(list, spoken) {
		t.Fatalf("recovery list: %s", list)
	}

	// The front desk: two people scan the same key, each into a vault of their own.
	m.click("#admin-panel")
	m.follow("#my-profile", "#use-app")
	one.scansScreen()
	two := m.sits("--dir", filepath.Join(m.d.Home, "two"))
	two.scansScreen()
	picture(t, m.d, "scanned-by-both")
	m.follow("#back")
	m.signOut()
	// The one who keeps a manual account for the same login has two by that name.
	codesOne, codesTwo := one.codes(one.accountOf("totp")), two.codes("voip")
	var code, other string
	for code == "" || codesOne.last != codesTwo.last { // until it is one and the same moment
		one.front()
		code = one.reads(codesOne)
		codesTwo.last = codesOne.last - 1
		two.front()
		other = two.reads(codesTwo)
	}
	if code != other {
		t.Fatalf("at the same moment one window says %s, the other %s", code, other)
	}

	m.signIn()
	m.verify(code)
	m.isIn()
	picture(t, m.d, "one-is-in")
	second := &member{surfer: m.somebodyElse(m.url), a: m.a, portal: m.portal, url: m.url, name: m.name}
	second.signIn()
	second.verify(code) // it is the login's code, not the person's: the first one used it up
	second.says(saysUsed)
	picture(t, m.d, "two-is-refused-the-used-code")
	second.verify(two.reads(codesTwo))
	second.isIn()
	picture(t, m.d, "two-is-in")
	m.follow("header .brand") // and the first one still is
	m.isIn()
	for _, s := range []*seat{two, one} {
		s.front()
		s.accepted()
		s.none()
		s.quit()
	}
}

// RingLogix PBX Dashboard: passcode and current password are saved together.
func TestPortalRingLogix(t *testing.T) {
	const refused = "Not saved. The passcode may just have changed, which it does every 30 seconds, or the current password is not right."
	m := visit(t, "ringlogix")
	s := m.sits()
	g := s.opensGuide("RingLogix", "RingLogix PBX Dashboard")
	g.follows("Step 1 of 4", "Set Up Google Authenticator")
	m.signIn()
	m.isIn()
	m.follow("#profile", "#set-up")
	g.next()
	g.follows("Step 2 of 4", "Type the key")
	g.scans()
	g.next()
	g.follows("Step 3 of 4", "Passcode")
	codes := s.codes("ringlogix")
	code := s.reads(codes)
	if got := readCode(t, g.w); got != code && got != codes.now() {
		t.Errorf("the guide shows %s, the window %s", got, code)
	}
	m.fill("#passcode", code)
	m.fill("#current_password", "not the password")
	m.follow("#save")
	m.says(refused)
	picture(t, m.d, "refused")
	m.fill("#passcode", wrong(code))
	m.fill("#current_password", password)
	m.follow("#save")
	m.says(refused)
	m.fill("#passcode", s.reads(codes))
	m.fill("#current_password", password)
	m.follow("#save")
	m.says("Saved. Log out and in again: the passcode is asked for from now on.")
	g.next()
	g.follows("Step 4 of 4", "Sign out and in again")
	g.closes()
	s.front()
	s.accepted()
	s.none()
	m.signOut()

	m.signIn()
	s.pastesCode(codes, "#code")
	m.follow("#verify")
	m.isIn()
	picture(t, m.d, "signed-in")
	s.quit()
}
