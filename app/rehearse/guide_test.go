package rehearse_test

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/app/portal"
	"github.com/tallystick/tallystick/assets"
)

func guides(t testing.TB) *portal.Set {
	t.Helper()
	set, err := portal.Load(assets.Portals())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// a walk is how a browser gets from one step of a guide's path to the page on which the next is found.
type walk map[string]func(*browser)

// TestGuidesLeadThroughThePortals follows the click path of every way of every guide. What the guide tells a person to click
// or to fill in has to be on the page that the steps before it lead to, in the portal's own words. So a guide and its practice
// portal cannot drift apart.
func TestGuidesLeadThroughThePortals(t *testing.T) {
	link := func(id string) func(*browser) { return func(b *browser) { b.click(id) } }
	press := func(id string, fields ...string) func(*browser) {
		return func(b *browser) { b.press(id, fields...) }
	}
	stay := func(*browser) {}
	download := func(b *browser) { other := *b; other.click("download") } // the page stays where it is
	mailed := func(b *browser) { b.press("continue", "code", b.message("/mailbox")) }
	manage := walk{
		"profile icon": stay, "Manage Account": link("manage-account"), "Security and Credentials": link("security-and-credentials"),
		"Enable Two-Factor Authentication": link("enable"), "Send verification code": press("send-code"), "Continue": mailed,
		"Recovery Key": download, "Download": download, "Finish": press("finish"),
		"Two-Factor Authentication": stay, "Set Up": press("set-up"),
	}
	password := "only-practice"
	walks := map[string]walk{
		"b3networks authenticator": {
			"Enable With Authenticator App": stay, "Verification code": stay, "Recovery Key": stay,
			"Continue": func(b *browser) {
				if slices.Contains(clickable(b.body), "Enable With Authenticator App") {
					b.press("continue", "method", "authenticator")
				} else {
					b.press("finish")
				}
			},
			"Verify": func(b *browser) { b.press("verify", "code", b.code(b.scan().Params, 0)) },
		},
		"b3networks email": manage,
		"qontak email":     manage,
		"qontak authenticator": func() walk {
			w := walk{"Verify": func(b *browser) { b.press("verify", "code", b.code(b.scan().Params, 0)) }}
			for k, v := range manage {
				w[k] = v
			}
			return w
		}(),
		"yeastar authenticator": {
			"account (top right)": stay, "Change Password & Security": link("change-password-security"), "Security Settings": link("security-settings"),
			"Two-Factor Authentication": stay, "Password": stay, "Confirm": press("confirm", "password", password),
			"Authenticated by Authenticator": stay, "Can't scan": stay, "Authentication Code": stay,
			"Save": func(b *browser) { b.press("save", "method", "authenticator", "code", b.code(b.scan().Params, 0)) },
		},
		"voip-admin-panel sms": {
			"Admin Panel": stay, "My Profile": link("my-profile"), "Two-Factor Authentication": stay, "Enable": link("enable"),
		},
		"voip-admin-panel authenticator": {},
		"ringlogix authenticator": {
			"Profile": link("profile"), "Change Account Security": stay, "Set Up Google Authenticator": press("set-up"),
			"Passcode": stay, "Current Password": stay,
			"Save": func(b *browser) {
				b.press("save", "passcode", b.code(b.scan().Params, 0), "current_password", password)
			},
		},
	}
	for _, g := range guides(t).All() {
		for _, way := range g.Ways {
			name := g.ID + " " + string(way.Kind)
			t.Run(name, func(t *testing.T) {
				w, known := walks[name]
				if !known {
					t.Skip("no practice portal is written for this way")
				}
				r, c := start(t)
				b := newBrowser(t, r, c, g.ID)
				if name == "b3networks authenticator" {
					b.click("settings").press("save-settings", "policy", "on", "email_verified", "on", "clock", "0").open(r.URLs()[g.ID])
				}
				b.signIn()
				for _, s := range way.Steps {
					follow(t, b, w, s.Path)
				}
			})
		}
		if path := g.NewRecoveryKey.Path; path != nil {
			t.Run(g.ID+" new recovery key", func(t *testing.T) {
				r, c := start(t)
				b := newBrowser(t, r, c, g.ID)
				b.signIn()
				follow(t, b, manage, []string{"profile icon", "Manage Account", "Security and Credentials", "Enable Two-Factor Authentication", "Send verification code", "Continue", "Finish"})
				b.open(r.URLs()[g.ID])
				w := walk{
					"Create new Recovery Key": link("new-recovery-key"),
					"Send verification code":  func(b *browser) { b.press("send-code"); mailed(b) },
				}
				for k, v := range manage {
					if w[k] == nil {
						w[k] = v
					}
				}
				follow(t, b, w, path)
			})
		}
	}
}

// follow takes the steps of a path, after looking for each on the page.
func follow(t *testing.T, b *browser, w walk, path []string) {
	t.Helper()
	for _, said := range path {
		if !slices.Contains(clickable(b.body), said) {
			t.Fatalf("the guide says %q; on the page are %q", said, clickable(b.body))
		}
		act := w[said]
		if act == nil {
			t.Fatalf("the guide says %q, and nobody wrote down what that does", said)
		}
		act(b)
	}
}

var (
	beside = regexp.MustCompile(`(?s)<aside>.*?</aside>|<nav.*?</nav>`)
	labels = regexp.MustCompile(`(?s)<(?:a|button|summary|h1|h2|label|span)\b([^>]*)>(?:<input[^>]*>)?([^<]*)<`)
)

// clickable is what can be clicked, filled in or read as a heading on a page, without what the guide itself says there.
func clickable(page string) []string {
	var list []string
	for _, m := range labels.FindAllStringSubmatch(beside.ReplaceAllString(page, ""), -1) {
		text := html.UnescapeString(m[2])
		if spoken := attribute(m[1], "aria-label"); spoken != "" {
			text = spoken
		}
		if text = strings.TrimSuffix(strings.TrimSpace(text), " ▾"); text != "" {
			list = append(list, text)
		}
	}
	return list
}
