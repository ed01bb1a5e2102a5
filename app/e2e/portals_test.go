//go:build e2e && linux

package e2e

import (
	"os"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

// The five systems, each from the first sign-in to the recovery key: real portals as far as a browser can tell, that
// make and check codes by themselves. Who signs in does what the guide says, and nothing else.

// B3Networks, with the window: scan, prove it, keep the recovery key from Downloads, sign in with a copied code.
func TestPortalB3Networks(t *testing.T) {
	m := visit(t, "b3networks")
	a, d, ctx := m.a, m.d, within(t, 10*patience)
	m.settings("#policy")
	m.signIn()
	m.click("#method-authenticator")
	picture(t, d, "enable-with-authenticator-app")
	m.follow("#continue")
	m.onScreen()

	p, w := a.open()
	a.shows(w, "Your accounts are encrypted", "Start")
	a.press(w, "Return")
	a.shows(w, "Add your first account")
	a.press(w, "ctrl+shift+s")
	a.shows(w, "Is this it")
	picture(t, d, "found")
	a.press(w, "Return")
	a.shows(w, "Type this into")
	codes := &generator{a: a, account: "b3networks"}
	codes.wait()
	code, at := sameSecond(t, func() string { return windowCode(t, w, codes) })
	codes.last = at.Unix() / period

	// First a slip of the finger: the portal says so, and the account stays.
	m.verify(wrong(code))
	m.says(saysWrong)
	picture(t, d, "refused")
	m.verify(code)
	key := m.text("#recovery-key")
	file := m.download("#download")
	picture(t, d, "downloaded")

	// The file is offered, and understood.
	a.press(w, "Return") // the portal accepted it
	a.shows(w, "Keep the recovery keys")
	a.shows(w, "Appeared in Downloads")
	picture(t, d, "offered")
	a.clicks(w, "Appeared in Downloads")
	a.shows(w, "One key was understood")
	picture(t, d, "understood")
	a.clicks(w, "Keep these keys")
	a.shows(w, "The file is still there")
	picture(t, d, "kept")
	if list := a.exits(done, "", "recovery", "list", "b3networks", "--show-secrets").Stdout; !strings.Contains(list, key) {
		t.Fatal("the key that is kept is not the one on the page")
	}
	a.clicks(w, "Overwrite and delete it")
	err := desktop.WaitFor(ctx, "the file to be gone", func() bool {
		_, err := os.Stat(file)
		return os.IsNotExist(err)
	})
	if err != nil {
		t.Fatal(err)
	}
	a.clicks(w, "Continue")
	a.shows(w, "Show my accounts")
	a.press(w, "Return")
	a.shows(w, "B3Networks")
	m.follow("#finish")
	m.signOut()

	// The next sign-in: copied in the window, pasted into the page.
	m.signIn()
	codes.wait()
	if err := d.SetClipboard(ctx, "something else"); err != nil {
		t.Fatal(err)
	}
	codes.last = periodNow()
	a.press(w, "Down", "Return")
	err = desktop.WaitFor(ctx, "a code on the clipboard", func() bool {
		text, err := d.Clipboard(ctx)
		return err == nil && len(text) == 6 && text == codes.now()
	})
	if err != nil {
		t.Fatal(err)
	}
	m.click("#code")
	if err := m.window.Key(ctx, "ctrl+v"); err != nil {
		t.Fatal(err)
	}
	picture(t, d, "pasted")
	m.follow("#verify")
	m.isIn()
	picture(t, d, "signed-in")
	m.signOut()

	m.usesRecoveryKey("b3networks")
	a.quit(p, w)
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

// B3Networks by e-mail: codes come from the portal, the recovery key is what Tallystick is for.
func TestPortalB3NetworksByEmail(t *testing.T) {
	m := visit(t, "b3networks")
	m.signIn()
	m.isIn()
	m.enableByEmail("#finish")
	m.signOut()

	m.signIn()
	m.verify(m.sent(mailbox))
	m.isIn()
	m.signOut()
	m.usesRecoveryKey("b3networks")
}

// enableByEmail turns codes by e-mail on, and keeps the recovery key in an account without codes. finish is the button
// that ends it.
func (m *member) enableByEmail(finish string) {
	m.t.Helper()
	m.click("#profile-icon")
	m.follow("#manage-account", "#security-and-credentials", "#enable", "#send-code")
	m.fill("#code", m.sent(mailbox))
	picture(m.t, m.d, "code-from-the-mailbox")
	m.follow("#continue")
	file := m.download("#download")
	m.manual("by e-mail")
	m.keeps("e-mail", file)
	picture(m.t, m.d, "recovery-key")
	m.follow(finish)
	m.says("Two-factor authentication is on.")
}

// manual adds an account whose codes the portal sends.
func (m *member) manual(how string) {
	m.t.Helper()
	m.a.exits(done, "", "add", "--manual", "--kind", "manual", "--issuer", m.portal, "--name", m.name+" "+how)
	m.a.exits(done, "", "edit", strings.TrimPrefix(how, "by "), "--url", m.url)
	list := m.a.list("--show-secrets")
	added := list[len(list)-1]
	if added.Kind != "manual" || added.Issuer != m.portal || added.Secret != "" {
		m.t.Fatalf("a manual account: %+v", added)
	}
}

// Qontak Call Center: e-mail first, kept in a manual account; then an authenticator, and a new recovery key for it.
func TestPortalQontak(t *testing.T) {
	m := visit(t, "qontak")
	m.signIn()
	m.isIn()
	m.enableByEmail("#finish")
	m.signOut()
	m.signIn()
	m.verify(m.sent(mailbox))
	m.isIn()
	m.signOut()
	m.usesRecoveryKey("e-mail")

	m.signIn()
	m.verify(m.sent(mailbox))
	m.click("#profile-icon")
	m.follow("#manage-account", "#security-and-credentials", "#set-up")
	m.scans("")
	picture(t, m.d, "scanned")
	accounts := m.a.list()
	if len(accounts) != 2 || accounts[1].Kind != "totp" || accounts[1].Issuer != "Qontak" {
		t.Fatalf("accounts: %+v", accounts)
	}
	codes := &generator{a: m.a, account: accounts[1].ID}
	code := codes.fresh()
	m.verify(code)
	m.says("The authenticator app is set up. Use its code from the next sign-in on.")

	m.follow("#new-recovery-key", "#send-code")
	m.fill("#code", m.sent(mailbox))
	m.follow("#continue")
	m.keeps(codes.account, m.download("#download"))
	picture(t, m.d, "new-recovery-key")
	m.follow("#finish")
	m.signOut()

	// The code of the enrollment again: the portal takes none twice.
	m.signIn()
	m.verify(code)
	if got := m.text("#notice"); got != saysUsed && got != saysWrong { // wrong: it is too old by now
		t.Fatalf("the code of the enrollment, once more: %q", got)
	}
	m.verify(codes.fresh())
	m.isIn()
	picture(t, m.d, "signed-in")
	m.signOut()
	m.usesRecoveryKey(codes.account)
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
			if how == "scanned" {
				m.scans("")
			} else {
				m.click("#cant-scan")
				picture(t, m.d, "cant-scan")
				m.a.exits(done, m.text("#key")+"\n", "add", "--manual", "--issuer", "Yeastar", "--name", m.name, "-")
			}
			accounts := m.a.list()
			if len(accounts) != 1 || accounts[0].Issuer != "Yeastar" || accounts[0].Name != m.name ||
				accounts[0].Algorithm != "SHA1" || accounts[0].Digits != 6 || accounts[0].Period != period {
				t.Fatalf("accounts: %+v", accounts)
			}

			codes := &generator{a: m.a, account: "yeastar"}
			code := codes.fresh()
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
			m.verify(codes.fresh())
			m.isIn()
			picture(t, m.d, "signed-in")
			// This portal hands out no recovery key, and asks for none.
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
	m.manual("by SMS")
	const spoken = "fdsk-71qm-x8ty"
	got := decode[sheets](t, m.a.exits(done, "Recovery key: "+spoken+"\n", "recovery", "add", "sms", "-", "--json").Stdout)
	if got.Added != 1 || got.Left != 1 {
		t.Fatalf("recovery add: %+v, want one new key", got)
	}
	if list := m.a.exits(done, "", "recovery", "list", "sms", "--show-secrets").Stdout; !strings.Contains(list, spoken) {
		t.Fatalf("recovery list: %s", list)
	}

	// The front desk: two people scan the same key, each into a profile.
	m.click("#admin-panel")
	m.follow("#my-profile", "#use-app")
	people := []*generator{{a: m.a, profile: "a", account: "voip"}, {a: m.a, profile: "b", account: "voip"}}
	for _, g := range people {
		m.scans(g.profile)
	}
	picture(t, m.d, "scanned-by-both")
	m.follow("#back")
	m.signOut()
	one, two := people[0], people[1]
	one.wait()
	both, at := sameSecond(t, func() string { return one.now() + " " + two.now() })
	code, other, _ := strings.Cut(both, " ")
	if code != other {
		t.Fatalf("at the same moment one profile says %s, the other %s", code, other)
	}
	one.last, two.last = at.Unix()/period, at.Unix()/period

	m.signIn()
	m.verify(code)
	m.isIn()
	picture(t, m.d, "one-is-in")
	second := &member{surfer: m.somebodyElse(m.url), a: m.a, portal: m.portal, url: m.url, name: m.name}
	second.signIn()
	second.verify(code) // it is the login's code, not the person's: the first one used it up
	second.says(saysUsed)
	picture(t, m.d, "two-is-refused-the-used-code")
	second.verify(two.fresh())
	second.isIn()
	picture(t, m.d, "two-is-in")
	m.follow("header .brand") // and the first one still is
	m.isIn()
}

// RingLogix PBX Dashboard: passcode and current password are saved together.
func TestPortalRingLogix(t *testing.T) {
	const refused = "Not saved. The passcode may just have changed, which it does every 30 seconds, or the current password is not right."
	m := visit(t, "ringlogix")
	m.signIn()
	m.isIn()
	m.follow("#profile", "#set-up")
	m.scans("")
	picture(t, m.d, "scanned")
	codes := &generator{a: m.a, account: "ringlogix"}
	codes.wait()
	code := codes.now()
	m.fill("#passcode", code)
	m.fill("#current_password", "not the password")
	m.follow("#save")
	m.says(refused)
	picture(t, m.d, "refused")
	m.fill("#passcode", wrong(code))
	m.fill("#current_password", password)
	m.follow("#save")
	m.says(refused)
	m.fill("#passcode", codes.fresh())
	m.fill("#current_password", password)
	m.follow("#save")
	m.says("Saved. Log out and in again: the passcode is asked for from now on.")
	m.signOut()

	m.signIn()
	m.verify(codes.fresh())
	m.isIn()
	picture(t, m.d, "signed-in")
}
