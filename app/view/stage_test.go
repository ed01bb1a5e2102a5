package view

import (
	"bytes"
	"context"
	"image"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/tallystick/tallystick/app/apptest"
	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/portal"
	"github.com/tallystick/tallystick/assets"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/kit"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
)

// stage is a window over fakes, with a clock that is moved by hand.
type stage struct {
	t         *testing.T
	loop      *apptest.Loop
	vault     *apptest.Vault
	scanner   *apptest.Scanner
	screens   *apptest.Screens
	clip      *apptest.FakeClipboard
	picture   *apptest.Picture
	session   *model.Session
	win       fyne.Window
	root      *Root
	opened    []string // web addresses
	sick      sickness // of the computer, for the check-up
	guide     *GuideWindow
	links     bool   // links open here
	downloads string // directory of downloads
	cameras   model.Cameras
	backups   model.BackupKeeper
	exports   model.ExportReminders
	teams     model.Teams
	packs     model.PackKeeper
	ids       []vault.ID // of the accounts that were filled in for sharing
}

// noon is when the pictures are taken: 19 seconds before codes with a period of 30 s change.
var noon = time.Date(2026, 3, 14, 9, 26, 41, 0, time.UTC)

// newStage opens a window of that size. The vault is as prepare leaves it; without prepare there is none.
func newStage(t *testing.T, size fyne.Size, config look.Config, prepare func(*stage)) *stage {
	t.Helper()
	app := test.NewTempApp(t)
	app.Settings().SetTheme(look.New(config))
	s := &stage{
		t: t, loop: apptest.NewLoop(noon), vault: apptest.NewVault(), scanner: &apptest.Scanner{},
		screens: &apptest.Screens{}, clip: &apptest.FakeClipboard{}, picture: &apptest.Picture{},
	}
	s.vault.Clock = s.loop.Now
	s.screens.Set("screen 1")
	s.sick.begin(s)
	s.teams = &apptest.Teams{}
	if prepare != nil {
		prepare(s)
	}
	s.session = model.NewSession(model.Deps{
		Vault: s.vault, Scanner: s.scanner, Screens: s.screens.Take, ClipboardPicture: s.picture.Read,
		Clipboard: s.clip, Settings: &apptest.Settings{}, Now: s.loop.Now, Rand: bytes.NewReader(bytes.Repeat([]byte{9, 130, 77, 201, 5}, 400)), Post: s.loop.Post, After: s.loop.After, Hide: s.screens.Hide,
		Backups: s.backups, Exports: s.exports, Teams: s.teams, Packs: s.packs, Who: func() share.Person { return share.Person{Name: "Maria", Device: "desk PC"} },
		Kits: kits{}, Downloads: func() string { return s.downloads }, Guides: guides(t),
		Cameras: s.cameras, Clock: s.sick.clock, TimeSources: s.sick.sources, Body: s.sick.body,
	})
	s.win = test.NewTempWindow(t, nil)
	s.win.SetPadded(false)
	s.root = NewRoot(s.win, s.session, Env{
		About:         About{Version: "1.0.0", DataDir: "~/.local/share/tallystick", KeyringName: "the keyring"},
		OpenURL:       func(u string) { s.opened = append(s.opened, u) },
		OpenGuide:     func(id string) { s.guide = s.root.NewGuideWindow(id, func() { s.guide = nil }) },
		Raise:         func() {},
		PacksToo:      true,
		LinksOpenHere: func(then func(on, possible bool)) { then(s.links, true) },
		OpenLinksHere: func(on bool, then func(string)) { s.links = on; then("") },
		After:         s.loop.After,
		Quit:          func() {},
	})
	s.win.SetContent(s.root.Content())
	s.win.Resize(size)
	s.session.Start(t.Context())
	t.Cleanup(s.session.Close)
	s.until(func() bool { return s.session.State() != model.Starting })
	return s
}

// kitWords are those of a kit that opens nothing.
const kitWords = "adapt explain ecology dinner glare old unfair empty expect road off suggest dash dolphin captain version oval census uncover inform arrest trash first nice"

// kits makes recovery kits of a key that never changes.
type kits struct{}

func (kits) Kit(context.Context, secret.Bytes) (kit.Kit, error) {
	return kit.Parse(secret.FromString(kitWords))
}

func (kits) FitsKit(context.Context, kit.Kit) error { return nil }

func (kits) RestoreKitAs(context.Context, kit.Kit, vault.KitPlace) error { return nil }

// guides are those of the program.
func guides(t *testing.T) *portal.Set {
	t.Helper()
	set, err := portal.Load(assets.Portals())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// until runs the window's loop until cond holds.
func (s *stage) until(cond func() bool) {
	s.t.Helper()
	s.loop.Until(cond)
}

// idle runs the loop until nothing slow is under way.
func (s *stage) idle() {
	s.t.Helper()
	s.until(func() bool { return !s.session.Busy() && s.session.Add().Busy() == "" })
}

// at moves the clock and lets a second tick.
func (s *stage) at(d time.Duration) {
	s.loop.Jump(s.loop.Now().Add(d))
	s.root.Tick()
}

// picturePNG is what the window looks like now.
func (s *stage) pictureNow() image.Image { return s.win.Canvas().Capture() }

// press types a key wherever the keyboard is.
func (s *stage) press(key fyne.KeyName) {
	s.t.Helper()
	event := &fyne.KeyEvent{Name: key}
	if f := s.win.Canvas().Focused(); f != nil {
		f.TypedKey(event)
	} else {
		s.win.Canvas().OnTypedKey()(event)
	}
	if f := s.win.Canvas().Focused(); key == fyne.KeySpace && f != nil { // as the driver does, to what has the keyboard by now
		f.TypedRune(' ')
	}
}

// write types text wherever the keyboard is.
func (s *stage) write(text string) {
	s.t.Helper()
	for _, r := range text {
		if f := s.win.Canvas().Focused(); f != nil {
			f.TypedRune(r)
		} else {
			s.win.Canvas().OnTypedRune()(r)
		}
	}
}

// shortcut presses a key with Ctrl, and with Shift if asked.
func (s *stage) shortcut(key fyne.KeyName, shift bool) {
	s.t.Helper()
	mod := fyne.KeyModifierShortcutDefault
	if shift {
		mod |= fyne.KeyModifierShift
	}
	s.root.shortcuts.TypedShortcut(shortcutFor(key, mod))
}

// accounts are those of the pictures: names from the portals people use, keys made up for here.
func accounts() []vault.Account {
	key := func(s string) secret.Bytes { return secret.FromString("a key for pictures: " + s) }
	counter := otp.New(otp.HOTP, key("vpn"))
	counter.Counter = 41
	long := otp.New(otp.TOTP, key("eight"))
	long.Digits = 8
	return []vault.Account{
		{Issuer: "B3Networks", Name: "maria@shop.example", Params: otp.New(otp.TOTP, key("b3")), Favourite: true, Tags: []string{"Telephony"},
			URL: "https://portal.example/login", Note: "Organisation: Shop & Sons. The recovery key is in the safe.",
			Used: noon.Add(-26 * time.Hour)},
		{Issuer: "Yeastar P-Series", Name: "superadmin", Params: otp.New(otp.TOTP, key("yeastar")), Tags: []string{"Telephony"}},
		{Issuer: "Qontak", Name: "agent07@callcentre.example", Params: otp.New(otp.TOTP, key("qontak"))},
		{Issuer: "RingLogix", Name: "reseller-eu", Params: long, Tags: []string{"Telephony", "Customers"}},
		{Issuer: "VoIP admin panel", Name: "team@shop.example", Params: otp.Params{Kind: otp.Manual}, Note: "The code comes by SMS to the team's phone."},
		{Issuer: "Warehouse VPN", Name: "maria", Params: counter},
		{Issuer: "Steam", Name: "grandmaria", Params: otp.New(otp.Steam, key("steam"))},
	}
}

func openVault(s *stage)   { s.vault.Fill("", accounts()...) }
func emptyVault(s *stage)  { s.vault.Fill("") }
func lockedVault(s *stage) { s.vault.Fill("correct horse", accounts()...) }
