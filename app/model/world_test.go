package model_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tallystick/tallystick/app/apptest"
	"github.com/tallystick/tallystick/app/clock"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/portal"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// noon is the beginning of a 30-second step.
var noon = time.Date(2026, 6, 3, 12, 0, 0, 0, time.UTC)

// world is a session with everything around it in memory, and time moved by hand.
type world struct {
	*testing.T
	loop     *apptest.Loop
	vault    *apptest.Vault
	scanner  *apptest.Scanner
	screens  *apptest.Screens
	picture  *apptest.Picture
	clip     *apptest.FakeClipboard
	settings *apptest.Settings

	downloads string
	guides    *portal.Set
	languages []string

	clock   *clock.Clock
	sources func(addresses []string, server string) ([]clock.Source, error)
	body    model.Body
	cameras model.Cameras
	backups model.BackupKeeper
	exports model.ExportReminders
	teams   model.Teams
	packs   model.PackKeeper

	s       *model.Session
	list    *model.List
	add     *model.Add
	notices []model.Notice
	changes int // of the list
}

// inWorld runs a test in which every goroutine is accounted for: when test returns,
// Close has been called and all of them have ended, or the test fails.
func inWorld(t *testing.T, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{
			T: t, loop: apptest.NewLoop(noon), vault: apptest.NewVault(), scanner: &apptest.Scanner{},
			screens: &apptest.Screens{}, picture: &apptest.Picture{}, clip: &apptest.FakeClipboard{}, settings: &apptest.Settings{},
		}
		w.vault.Clock = w.loop.Now
		w.screens.Set("screen 1")
		defer func() {
			if w.s != nil {
				w.s.Close()
				w.loop.Settle()
			}
		}()
		test(w)
	})
}

// deps is what the session is made of.
func (w *world) deps() model.Deps {
	return model.Deps{
		Vault: w.vault, Scanner: w.scanner, Screens: w.screens.Take, Cameras: w.cameras, ClipboardPicture: w.picture.Read, Clipboard: w.clip,
		Settings: w.settings, Now: w.loop.Now, Post: w.loop.Post, After: w.loop.After, Hide: w.screens.Hide,
		Downloads: func() string { return w.downloads }, Guides: w.guides, Languages: w.languages,
		Clock: w.clock, TimeSources: w.sources, Body: w.body, Backups: w.backups, Exports: w.exports, Teams: w.teams, Packs: w.packs,
	}
}

// begin starts the session.
func (w *world) begin() {
	w.Helper()
	w.s = model.NewSession(w.deps())
	w.list, w.add = w.s.List(), w.s.Add()
	w.list.OnNotice(func(n model.Notice) { w.notices = append(w.notices, n) })
	w.list.OnChange(func() { w.changes++ })
	w.s.Start(w.Context())
	w.loop.Settle()
}

// open starts the session with these accounts, unlocked with pass.
func (w *world) open(pass string, accounts ...vault.Account) []vault.ID {
	w.Helper()
	ids := w.vault.Fill(pass, accounts...)
	w.begin()
	if pass != "" {
		w.s.Unlock(secret.FromString(pass))
		w.loop.Settle()
	}
	if w.s.State() != model.Open {
		w.Fatalf("state %v, problem %+v, error %q", w.s.State(), w.s.Problem(), w.s.Error())
	}
	return ids
}

// tick lets n seconds pass as the view does.
func (w *world) tick(n int) {
	w.Helper()
	for range n {
		w.loop.Advance(time.Second)
		w.list.Tick()
		w.add.Tick()
		w.loop.Settle()
	}
}

func (w *world) clipboard() string {
	w.Helper()
	text, err := w.clip.Text(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return text
}

// notice returns the last notice.
func (w *world) notice() model.Notice {
	if len(w.notices) == 0 {
		return model.Notice{}
	}
	return w.notices[len(w.notices)-1]
}

func (w *world) titles() []string {
	var out []string
	for i := range w.list.Len() {
		r := w.list.Row(i)
		out = append(out, strings.TrimSpace(r.Issuer+" "+r.Name))
	}
	return out
}

func (w *world) row(id vault.ID) model.Row {
	w.Helper()
	r, ok := w.list.Get(id)
	if !ok {
		w.Fatalf("account %s is gone", id)
	}
	return r
}

func (w *world) wantTitles(want ...string) {
	w.Helper()
	if got := w.titles(); !slices.Equal(got, want) {
		w.Errorf("rows %q, want %q", got, want)
	}
}

func wantText(t *testing.T, what, got string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(got, p) {
			t.Errorf("%s: %q does not contain %q", what, got, p)
		}
	}
}

// key is a different key for every n, and never the same as another one's.
func key(n int) secret.Bytes {
	b := []byte("tallystick-test-key!")
	b[0], b[1], b[2] = byte(n), byte(n>>8), byte(n>>16)
	return secret.New(b)
}

func totp(issuer, name string, n int) vault.Account {
	return vault.Account{Issuer: issuer, Name: name, Params: otp.New(otp.TOTP, key(n))}
}

func hotp(issuer, name string, n int) vault.Account {
	return vault.Account{Issuer: issuer, Name: name, Params: otp.New(otp.HOTP, key(n))}
}

func manual(issuer, name string) vault.Account {
	return vault.Account{Issuer: issuer, Name: name, Params: otp.Params{Kind: otp.Manual}}
}

func codeAt(t *testing.T, a vault.Account, at time.Time) string {
	t.Helper()
	code, err := a.Params.Code(at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}
