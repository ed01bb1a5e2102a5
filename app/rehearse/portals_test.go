package rehearse_test

import (
	"mime"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
	"github.com/tallystick/tallystick/vault/recovery"
)

const step = 30 * time.Second

// wrongThenRight types a wrong code, then the right one, at a form whose field and button have these ids.
func (b *browser) wrongThenRight(p otp.Params, field, button, refusal string, more ...string) {
	b.t.Helper()
	code := b.code(p, 0)
	b.press(button, append([]string{field, notThis(code)}, more...)...).refused(refusal)
	b.press(button, append([]string{field, code}, more...)...)
}

// signInsByCode checks what every portal does with the codes of an authenticator at sign-in. The code of now was used already.
func (b *browser) signInsByCode(p otp.Params) {
	b.t.Helper()
	enrolled := b.code(p, 0)
	b.signOut()
	b.signIn().shows("Two-factor authentication")
	b.open("/" + b.portal + "/home").shows("Two-factor authentication") // nobody is in without the code
	b.press("verify", "code", enrolled).refused("used already")
	b.c.pass(step)
	code := b.code(p, 0)
	b.press("verify", "code", notThis(code)).refused("not right")
	b.press("verify", "code", code[:3]+" "+code[3:]).inside()
	b.signOut()
	b.signIn()
	b.press("verify", "code", code).refused("used already")

	// One step to either side is accepted, two are not.
	for _, try := range []struct {
		away time.Duration
		said string
	}{{-2 * step, "not right"}, {2 * step, "not right"}, {-step, ""}, {step, ""}, {0, ""}} {
		b.c.pass(5 * step)
		if try.said != "" {
			b.press("verify", "code", b.code(p, try.away)).refused(try.said)
			continue
		}
		before := b.state()
		b.press("verify", "code", b.code(p, try.away)).inside()
		after := b.state()
		if after.LastDrift != int(try.away/step) || after.Accepted != before.Accepted+1 || after.SignIns != before.SignIns+1 {
			b.t.Errorf("a code %v away: %+v, before %+v", try.away, after, before)
		}
		b.signOut()
		b.signIn()
	}
	b.c.pass(5 * step)
	b.press("verify", "code", b.code(p, 0)).inside()
}

// downloadKey downloads the recovery key of the page and reads it as the program would.
func (b *browser) downloadKey() string {
	b.t.Helper()
	shown := b.text("recovery-key")
	other := *b
	other.click("download")
	kind, params, err := mime.ParseMediaType(other.header.Get("Content-Disposition"))
	if err != nil || kind != "attachment" || !strings.HasSuffix(params["filename"], ".txt") {
		b.t.Errorf("not a download: %q", other.header.Get("Content-Disposition"))
	}
	draft, err := recovery.ReadBytes(b.t.Context(), []byte(other.body), params["filename"])
	if err != nil || len(draft.Keys) != 1 || string(draft.Keys[0].Text.Reveal()) != shown {
		b.t.Fatalf("the sheet is read as %d keys (%v): %s", len(draft.Keys), err, other.body)
	}
	return shown
}

// signsInOnceByKey checks that a recovery key opens the portal once.
func (b *browser) signsInOnceByKey(key string) {
	b.t.Helper()
	b.signOut()
	b.signIn().click("use-recovery-key")
	b.press("use-key", "recovery_key", key[:len(key)-1]).refused("Recovery Key")
	b.press("use-key", "recovery_key", " "+key+" ").inside()
	if s := b.state(); s.RecoveryUsed != 1 || s.RecoveryReady {
		b.t.Errorf("%+v", s)
	}
	b.signOut()
	b.signIn().click("use-recovery-key")
	b.press("use-key", "recovery_key", key).refused("used already")
	b.open("/" + b.portal + "/home").shows("Two-factor authentication")
}

// signsInByMessage signs in with the code that was sent.
func (b *browser) signsInByMessage(page string) {
	b.t.Helper()
	b.signOut()
	b.signIn()
	code := b.message(page)
	b.press("verify", "code", notThis(code)).refused("not right")
	b.press("send-code")
	b.press("verify", "code", code).refused("not right") // a newer one is on its way
	b.press("verify", "code", b.message(page)).inside()
	b.signOut()
	b.signIn()
	b.c.pass(11 * time.Minute)
	b.press("verify", "code", b.message(page)).refused("too old")
	b.press("send-code")
	b.press("verify", "code", b.message(page)).inside()
}

// belongs checks that an account leads to the guide of the portal it was scanned at.
func (b *browser) belongs(e otpauth.Entry) otp.Params {
	b.t.Helper()
	if g, ok := guides(b.t).ForIssuer(e.Issuer); !ok || g.ID != b.portal || e.Name != b.state().User {
		b.t.Errorf("%s %s of %s leads to %q", e.Issuer, e.Name, b.portal, g.ID)
	}
	if len(e.Warnings) > 0 {
		b.t.Errorf("warnings: %v", e.Warnings)
	}
	return e.Params
}

func TestB3NetworksByEmail(t *testing.T) {
	r, c := start(t)
	b := newBrowser(t, r, c, "b3networks")
	b.press("sign-in", "username", b.text("practice-username"), "password", "wrong").refused("not right")
	b.signIn().inside()
	b.click("manage-account").click("security-and-credentials").click("enable")
	b.press("send-code")
	sent := b.message("/mailbox")
	b.press("continue", "code", notThis(sent)).refused("not right")
	if b.state().Email {
		t.Error("a wrong code turned it on")
	}
	b.press("continue", "code", sent)
	key := b.downloadKey()
	b.press("finish").shows("Two-factor authentication is on.")
	b.open("/b3networks/recovery-key/download").refused("downloaded once")

	b.signsInByMessage("/mailbox")
	b.signsInOnceByKey(key)

	// A new key, the documented way; the one before is dead.
	b.press("send-code")
	b.press("verify", "code", b.message("/mailbox")).inside()
	b.click("manage-account").click("security-and-credentials").shows("There is none left").click("new-recovery-key")
	b.press("send-code").press("continue", "code", b.message("/mailbox"))
	second := b.downloadKey()
	b.press("finish").click("new-recovery-key").press("send-code").press("continue", "code", b.message("/mailbox"))
	third := b.downloadKey()
	b.press("finish")
	b.signOut()
	b.signIn().click("use-recovery-key")
	b.press("use-key", "recovery_key", second).refused("not right")
	b.press("use-key", "recovery_key", third).inside()
	if s := b.state(); s.RecoveryKeys != 3 || s.RecoveryUsed != 2 {
		t.Errorf("%+v", s)
	}

	// A code is good for what it was sent for, and for nothing else.
	b.open("/b3networks/disable").press("send-code")
	disabling := *b // the form waits in another tab
	b.open("/b3networks/new-recovery-key").press("send-code")
	disabling.press("continue", "code", b.message("/mailbox")).refused("not right")
	b.open("/b3networks/disable").press("send-code").press("continue", "code", b.message("/mailbox")).shows("is off")
	b.signOut()
	b.signIn().inside()
}

// An e-mail address that is not verified gets no code.
func TestUnverifiedEmail(t *testing.T) {
	r, c := start(t)
	for _, id := range []string{"b3networks", "qontak"} {
		b := newBrowser(t, r, c, id)
		b.click("settings").press("save-settings", "clock", "0")
		b.open(r.URLs()[id]).signIn().click("manage-account").shows("not verified").click("security-and-credentials").click("enable")
		b.press("send-code").refused("must be verified")
		b.open("/mailbox").shows("Nothing has arrived yet.")
	}
}

func TestB3NetworksByAuthenticator(t *testing.T) {
	r, c := start(t)
	b := newBrowser(t, r, c, "b3networks")
	b.signIn().inside() // without the policy nothing is offered
	b.click("settings").press("save-settings", "policy", "on", "email_verified", "on", "clock", "0")
	b.open(r.URLs()["b3networks"]).signOut()
	b.signIn().shows("Enable With Authenticator App")
	b.press("continue").refused("Choose a way")
	b.press("continue", "method", "authenticator")
	p := b.belongs(b.scan())
	b.wrongThenRight(p, "code", "verify", "not right")
	key := b.downloadKey()
	b.press("finish").shows("Two-factor authentication is on.")
	b.signInsByCode(p)
	b.signsInOnceByKey(key)
}

func TestQontakByEmail(t *testing.T) {
	r, c := start(t)
	b := newBrowser(t, r, c, "qontak")
	b.click("settings").press("save-settings", "required", "on", "email_verified", "on", "clock", "0")
	b.open(r.URLs()["qontak"]).signIn().refused("requires two-factor authentication")
	b.open("/qontak/home").refused("requires two-factor authentication")
	b.click("enable").press("send-code").press("continue", "code", b.message("/mailbox"))
	key := b.downloadKey()
	b.press("finish")
	b.open("/qontak/home").inside()
	b.signsInByMessage("/mailbox")
	b.signsInOnceByKey(key)
}

func TestQontakByAuthenticator(t *testing.T) {
	r, c := start(t)
	b := newBrowser(t, r, c, "qontak")
	b.signIn().click("manage-account").click("security-and-credentials").press("set-up")
	p := b.belongs(b.scan())
	b.wrongThenRight(p, "code", "verify", "not right")
	b.shows("The authenticator app is set up.")
	b.signInsByCode(p)
}

func TestYeastar(t *testing.T) {
	for _, way := range []string{"scanned", "typed"} {
		t.Run(way, func(t *testing.T) {
			r, c := start(t)
			b := newBrowser(t, r, c, "yeastar")
			b.signIn().click("change-password-security").click("security-settings")
			b.press("confirm", "password", "wrong").refused("password is not right")
			b.press("confirm", "password", b.state().Password)
			p := b.belongs(b.scan())
			if way == "typed" {
				typed, warnings, err := otpauth.ParseKey(otp.TOTP, b.text("key"))
				if err != nil || len(warnings) > 0 || !typed.Same(p) {
					t.Fatalf("%v %v: the key is not the one of the QR code", err, warnings)
				}
				p = typed
			}
			b.press("save", "code", b.code(p, 0)).refused("Choose how")
			b.wrongThenRight(p, "code", "save", "not right", "method", "authenticator")
			b.shows("Edited successfully.")
			b.signInsByCode(p)

			b.click("change-password-security").click("security-settings")
			b.press("confirm", "password", b.state().Password).shows("Edited successfully.")
			b.signOut()
			b.signIn().inside()
		})
	}
}

func TestRingLogix(t *testing.T) {
	r, c := start(t)
	b := newBrowser(t, r, c, "ringlogix")
	b.signIn().click("settings").press("save-settings", "clock", "0")
	b.open(r.URLs()["ringlogix"]).click("profile").shows("Open a ticket")
	b.click("settings").press("save-settings", "reseller", "on", "clock", "0")
	b.open(r.URLs()["ringlogix"]).click("profile").press("set-up")
	p := b.belongs(b.scan())
	code, password := b.code(p, 0), b.state().Password
	// Which of the two is wrong is not said, and a wrong password does not use the passcode up.
	for _, c := range [][2]string{{notThis(code), password}, {code, "wrong"}, {code, ""}, {"", password}} {
		b.press("save", "passcode", c[0], "current_password", c[1]).refused("may just have changed")
	}
	b.press("save", "passcode", code, "current_password", password).shows("Saved.")
	b.signInsByCode(p)

	// RingOS has single sign-on instead.
	b.click("settings").press("save-settings", "reseller", "on", "ringos", "on", "clock", "0")
	b.open(r.URLs()["ringlogix"]).signOut()
	b.signIn().inside()
}

func TestVoIPAdminPanel(t *testing.T) {
	r, c := start(t)
	b := newBrowser(t, r, c, "voip-admin-panel")
	b.signIn().click("my-profile").click("enable")
	for _, bad := range [][2]string{{"", "5551234"}, {"+49", ""}, {"0049", "5551234"}, {"+49", "call me"}, {"+49", "12345678901234567890"}} {
		b.press("save", "country_code", bad[0], "phone", bad[1]).refused("country code")
	}
	b.press("save", "country_code", "49", "phone", "151 555-0123").shows("Tokens go to +49 1515550123.")
	b.signsInByMessage("/phone")
	if s := b.state(); !s.SMS || s.Phone != "+49 1515550123" || s.Authenticator {
		t.Errorf("%+v", s)
	}

	// The shared login: two computers take the same key, and each signs in with it.
	b.click("my-profile").press("use-app")
	p := b.belongs(b.scan())
	other := newBrowser(t, r, c, "voip-admin-panel")
	other.signIn()
	other.press("verify", "code", other.message("/phone")).inside()
	other.click("my-profile").press("use-app")
	q := other.belongs(other.scan())
	typed, _, err := otpauth.ParseKey(otp.TOTP, other.text("key"))
	if err != nil || !p.Same(q) || !typed.Same(q) {
		t.Fatalf("the two have different keys (%v)", err)
	}
	other.signOut()
	other.signIn().press("verify", "code", other.code(q, 0)).inside()
	b.signInsByCode(p) // the code of now was used by the other one

	// The token of the SMS still works beside it.
	b.signOut()
	b.signIn().press("verify", "code", b.message("/phone")).inside()
}

// A portal whose clock is wrong refuses right codes, and says its time in the Date of every answer.
func TestThePortalsClock(t *testing.T) {
	r, c := start(t)
	for _, seconds := range []string{"-90", "-31", "-10", "10", "31", "90"} {
		b := newBrowser(t, r, c, "yeastar")
		b.signIn()
		b.click("settings").press("save-settings", "clock", seconds)
		off, err := time.ParseDuration(seconds + "s")
		if err != nil {
			t.Fatal(err)
		}
		b.open("/yeastar/home").shows("clock is " + strings.TrimPrefix(strings.TrimPrefix(seconds, "-"), "+") + " seconds")
		date, err := time.Parse(time.RFC1123, b.header.Get("Date"))
		if err != nil || !date.Equal(c.Now().Add(off)) {
			t.Errorf("%s: Date is %v, the clock is %v", seconds, date, c.Now())
		}
		b.click("change-password-security").click("security-settings").press("confirm", "password", b.state().Password)
		p := b.scan().Params
		if far := seconds == "90" || seconds == "-90"; far {
			b.press("save", "method", "authenticator", "code", b.code(p, 0)).refused("not right")
		}
		b.press("save", "method", "authenticator", "code", b.code(p, off)).shows("Edited successfully.")
		b.open("/yeastar/settings").press("start-over").shows("as it was at the start")
	}
	b := newBrowser(t, r, c, "yeastar")
	b.click("settings").press("save-settings", "clock", "7").refused("list")
}

// What one portal and one browser do is nothing to the others, and starting over forgets all of it.
func TestPortalsStandAlone(t *testing.T) {
	r, c := start(t)
	b := newBrowser(t, r, c, "b3networks")
	stranger := newBrowser(t, r, c, "b3networks")
	b.signIn().click("manage-account").click("security-and-credentials").click("enable")
	b.press("send-code")
	stranger.signIn().open("/b3networks/enable").shows("To be sure that it is you") // no code is on its way to the stranger
	b.press("continue", "code", b.message("/mailbox"))
	stranger.open("/b3networks/recovery-key").shows("Security and Credentials") // the key is shown to the one who made it
	if strings.Contains(stranger.body, b.text("recovery-key")) {
		t.Error("somebody else sees the recovery key")
	}
	other := newBrowser(t, r, c, "qontak")
	other.signIn().inside()
	b.open("/").shows("is <strong>on</strong>")

	b.open("/b3networks/settings").press("start-over")
	if s := b.state(); s.Email || s.RecoveryReady || s.RecoveryKeys != 0 || s.SignIns != 0 {
		t.Errorf("%+v", s)
	}
	stranger.open("/b3networks/home").shows("Practice account:") // everybody was sent to the door
	stranger.signIn().inside()
	other.open("/qontak/home").inside()
	b.open("/mailbox").shows("Nothing has arrived yet.")
	if _, ok := r.State("nobody"); ok {
		t.Error("a state of nobody")
	}
}
