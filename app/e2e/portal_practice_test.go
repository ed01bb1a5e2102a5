//go:build e2e && linux

package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

// member is a person with an account at a practice portal.
type member struct {
	*surfer
	a      *tally
	portal string // its id
	url    string
	name   string // of the account, as the portal's sign-in page gives it
}

// visit opens the practice portals and goes to one of them, with a desktop and a Tallystick of its own.
func visit(t *testing.T, portal string) *member {
	t.Helper()
	d := newDesktop(t, desktop.Options{})
	a := newTally(t, d)
	p, err := d.Start("rehearse", desktop.StartOptions{}, a.bin, "rehearse", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var urls map[string]string
	err = desktop.Wait(within(t, patience), "the practice portals to open", func() error {
		line, _, _ := strings.Cut(p.Output(), "\n") // what follows is for people
		return json.Unmarshal([]byte(line), &urls)
	})
	if err != nil {
		t.Fatalf("%v\ntallystick rehearse said: %s", err, p.Output())
	}
	m := &member{a: a, portal: portal, url: urls[portal]}
	if m.url == "" {
		t.Fatalf("no practice portal %q among %v", portal, urls)
	}
	m.surfer = surf(t, d, m.url)
	m.name = m.text("#practice-username")
	return m
}

// settings ticks or unticks what other people decide in real life, and comes back to the door.
func (m *member) settings(boxes ...string) {
	m.t.Helper()
	m.follow("#settings")
	for _, box := range boxes {
		m.click(box)
	}
	m.follow("#save-settings")
	if got := m.text("#notice"); got != "Saved." {
		m.t.Fatalf("practice settings: %q", got)
	}
	m.follow("header .brand")
}

// password is the one that the sign-in page shows.
const password = "only-practice"

// signIn types name and password. What comes then is the portal's business: its home, or the second step.
func (m *member) signIn() {
	m.t.Helper()
	if got := m.text("#practice-password"); got != password {
		m.t.Fatalf("the practice password is %q, want %q", got, password)
	}
	m.fill("#username", m.text("#practice-username"))
	m.fill("#password", password)
	m.follow("#sign-in")
}

// isIn holds the portal to having let the person in.
func (m *member) isIn() {
	m.t.Helper()
	if got, want := m.text("#signed-in"), "You are signed in as "+m.name+"."; got != want {
		m.t.Fatalf("the portal says %q, want %q", got, want)
	}
}

func (m *member) signOut() {
	m.t.Helper()
	m.follow("#sign-out")
	m.says("You are signed out.")
}

// says holds the portal to a message.
func (m *member) says(want string) {
	m.t.Helper()
	if got := m.text("#notice"); got != want {
		m.t.Fatalf("the portal says %q, want %q", got, want)
	}
}

// What the portals say of codes and keys they do not take.
const (
	saysWrong    = "This code is not right. It changes every 30 seconds: type the one shown now."
	saysUsed     = "This code was used already. Wait for the next one."
	saysRecovery = "This Recovery Key is not right, or it was used already."
)

// verify types a code of the second step, or of enrollment, and sends it.
func (m *member) verify(code string) {
	m.t.Helper()
	m.fill("#code", code)
	m.follow("#verify")
}

// sent reads the newest code that the portal sent, on the mailbox or phone page, and comes back.
func (m *member) sent(where string) string {
	m.t.Helper()
	m.follow(where)
	code := m.text(`.message[data-portal="` + m.portal + `"] .code`) // the newest is first
	picture(m.t, m.d, "message")
	m.back()
	return code
}

// Where codes arrive: links on every page.
const (
	mailbox = "#mailbox"
	phone   = "#phone-messages"
)

// scans waits until the QR code of the page is on the screen, and has the command line add it.
func (m *member) scans() {
	m.t.Helper()
	m.do("waiting for the QR code", chromedp.WaitVisible(chromedp.CSS("#qr")))
	m.onScreen()
	m.a.exits(done, "", "scan", "--screen", "--add")
}

// onScreen waits until one QR code can be scanned: the browser says that the page is there before the screen shows it.
func (m *member) onScreen() {
	m.t.Helper()
	err := desktop.WaitFor(within(m.t, patience), "a QR code on the screen", func() bool {
		res := m.a.run("", "scan", "--screen", "--json")
		return res.Exit == done && len(decode[look](m.t, res.Stdout).Codes) == 1
	})
	if err != nil {
		m.t.Fatal(err)
	}
}

// The portals take the code of the period before, this one, and the one after, and each only once. So a code that is to
// be accepted belongs to a later period than the last one that was.
const period = 30

func periodNow() int64 { return time.Now().Unix() / period }

// generator gives codes of one account, no period twice.
type generator struct {
	a       *tally
	where   []string // arguments that choose the vault
	account string   // id, or words
	last    int64    // the period of the last code
}

// shown is what `code --json` says of an account.
type shown struct {
	ID        string
	Code      string
	Remaining int
}

// now is the code of this moment, used or not.
func (g *generator) now() string {
	g.a.t.Helper()
	out := g.a.exits(done, "", append(slices.Clone(g.where), "code", g.account, "--json")...).Stdout
	list := decode[[]shown](g.a.t, out)
	if len(list) != 1 || len(list[0].Code) != 6 || list[0].Remaining < 1 || list[0].Remaining > period {
		g.a.t.Fatalf("code %s --json: %s", g.account, out)
	}
	return list[0].Code
}

// fresh waits for a period whose code was not used and that is not about to end, and gives its code.
func (g *generator) fresh() string {
	g.a.t.Helper()
	g.wait()
	code, at := sameSecond(g.a.t, g.now)
	g.last = at.Unix() / period
	return code
}

// wait waits for a period whose code was not used and that is not about to end.
func (g *generator) wait() {
	g.a.t.Helper()
	err := desktop.WaitFor(within(g.a.t, patience), "a fresh code", func() bool { return periodNow() > g.last && midPeriod() })
	if err != nil {
		g.a.t.Fatal(err)
	}
}

// wrong is a code that is not right now: the last digit of the right one is another.
func wrong(code string) string {
	return code[:5] + string('0'+(code[5]-'0'+5)%10)
}

// sheets is what `recovery list` and `recovery add` say in JSON.
type sheets struct {
	ID          string
	Added       int
	Left, Total int
	Sheets      []struct {
		File        string
		Replaced    string
		Left, Total int
		Keys        []struct {
			Number int
			Used   *time.Time
		}
	}
}

// usesRecoveryKey signs in with the key that Tallystick gives out, twice: it works once.
func (m *member) usesRecoveryKey(account string) {
	m.t.Helper()
	used := decode[struct {
		Key         string
		Used        time.Time
		Left, Total int
	}](m.t, m.a.exits(done, "", "recovery", "use", account, "--json").Stdout)
	if used.Key == "" || used.Left != 0 || used.Used.IsZero() {
		m.t.Fatalf("recovery use: %d left of %d, used %v", used.Left, used.Total, used.Used)
	}
	m.signIn()
	m.follow("#use-recovery-key")
	m.fill("#recovery_key", used.Key)
	picture(m.t, m.d, "recovery-key-typed")
	m.follow("#use-key")
	m.isIn()
	picture(m.t, m.d, "signed-in-with-the-recovery-key")

	list := decode[sheets](m.t, m.a.exits(done, "", "recovery", "list", account, "--json").Stdout)
	if list.Left != 0 {
		m.t.Errorf("recovery list: %d left, want none", list.Left)
	}
	for _, sheet := range list.Sheets {
		for _, key := range sheet.Keys {
			if sheet.Replaced == "" && key.Used == nil {
				m.t.Errorf("key %d of %s is not marked as used", key.Number, sheet.File)
			}
		}
	}

	m.signOut()
	m.signIn()
	m.follow("#use-recovery-key")
	m.fill("#recovery_key", used.Key)
	m.follow("#use-key")
	m.says(saysRecovery)
	picture(m.t, m.d, "recovery-key-refused")
	m.a.exits(nothing, "", "recovery", "use", account)
	m.follow("#use-code", "header .brand") // to the door: nobody is in
	if m.offers("#signed-in") {
		m.t.Fatal("a used recovery key let somebody in")
	}
}
