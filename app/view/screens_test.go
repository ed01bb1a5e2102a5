package view

import (
	"errors"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/scanner/capture"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/secret"
)

var screenshots = flag.String("screenshots", "", "write the pictures of every screen to this `directory`")

// pictures lie here, and are the ones the README and the docs show.
const picturesDir = "../../docs/pictures"

func shortcutFor(key fyne.KeyName, mod fyne.KeyModifier) fyne.Shortcut {
	return &desktop.CustomShortcut{KeyName: key, Modifier: mod}
}

const link = "otpauth://totp/Yeastar%20P-Series:superadmin?secret=NB2W45DFOIZA3LFOQ4WYLTTEBQXA4DM&issuer=Yeastar%20P-Series"

var (
	phone = fyne.NewSize(look.StartWidth, look.StartHeight)
	wide  = fyne.NewSize(1000, 680)
	small = fyne.NewSize(look.MinWidth, 600)
)

// screens are all of them, each in a state that shows what it is for.
var screens = slices.Concat([]screenOf{
	{"setup", phone, 1, nil, nil},
	{"setup-no-keyring", phone, 1, func(s *stage) { s.vault.Keyring(errKeyring) }, nil},
	{"unlock", phone, 1, lockedVault, nil},
	{"trouble", phone, 1, func(s *stage) {
		s.vault.Fill("", accounts()...)
		s.vault.Fail("unlock", vault.ErrDamaged)
		s.vault.Older(vault.Generation{Path: "a", Saved: noon.Add(-3600e9), Bytes: 5321}, vault.Generation{Path: "b", Saved: noon.Add(-90000e9), Bytes: 5102})
	}, nil},
	{"empty", phone, 1, emptyVault, nil},
	{"list", phone, 1, openVault, nil},
	{"list-last-seconds", phone, 1, openVault, func(s *stage) {
		s.at(12e9)
		s.session.List().Copy(s.session.List().Row(0).ID)
		s.until(func() bool { return s.session.List().Row(0).Copied })
		s.root.Tick()
	}},
	{"list-hidden", phone, 1, openVault, func(s *stage) {
		p := s.session.Settings().Prefs()
		p.HideCodes = true
		s.session.Settings().Set(p)
		s.loop.Run()
	}},
	{"list-200-percent", small, 2, openVault, nil},
	{"list-pictures", phone, 1, picturedVault, nil},
	{"edit-picture", phone, 1, picturedVault, func(s *stage) { s.root.openEdit(s.session.List().Row(0).ID) }},
	{"search", phone, 1, openVault, func(s *stage) { s.write("ring") }},
	{"two-panes", wide, 1, openVault, func(s *stage) { s.press(fyne.KeyDown); s.press(fyne.KeyUp) }},
	{"detail", phone, 1, openVault, func(s *stage) { s.shortcut(fyne.KeyD, false) }},
	{"add", phone, 1, openVault, func(s *stage) { s.shortcut(fyne.KeyN, false) }},
	{"add-found", phone, 1, openVault, func(s *stage) { s.session.Add().ReadText(link); s.idle() }},
	{"add-several", phone, 1, openVault, func(s *stage) { drawnScreen(s); s.session.Add().ScanScreen(); s.idle() }},
	{"add-nothing", phone, 1, openVault, func(s *stage) { s.sick.capture = "x11"; s.session.Add().ScanScreen(); s.idle() }},
	{"add-waiting", phone, 1, openVault, func(s *stage) {
		s.sick.capture = "x11"
		s.session.Add().WatchScreen()
	}},
	{"add-camera", phone, 1, withCamera, filming},
	{"move-in-preview", fyne.NewSize(look.StartWidth, 1300), 1, openVault, movingIn},
	{"move-in-done", phone, 1, openVault, func(s *stage) {
		movingIn(s)
		s.session.MoveIn().Save()
		s.until(func() bool { return s.session.MoveIn().Stage() == model.MoveInDone })
	}},
	{"add-type-key", phone, 1, openVault, func(s *stage) { s.session.Add().TypeKey() }},
	{"add-manual", phone, 1, openVault, func(s *stage) { s.session.Add().TypeManual("Qontak") }},
	{"add-prove-it", phone, 1, openVault, proveIt},
	{"add-refused", phone, 1, openVault, func(s *stage) { proveIt(s); s.session.Add().Refused() }},
	{"add-keep-keys", phone, 1, openVault, keepKeys},
	{"add-keep-picture", phone, 1, openVault, func(s *stage) {
		keepPicture(s)
		p := s.root.current.(*addPage).keys
		p.picture.Zoom(1)
		p.text.SetText("4f8a-91c2\n77de-03b5")
	}},
	{"add-keys-kept", phone, 1, openVault, func(s *stage) {
		keepKeys(s)
		s.session.Keep().Save(false)
		s.until(func() bool { return s.session.Keep().Saved() > 0 })
	}},
	{"add-done", phone, 1, openVault, func(s *stage) { proveIt(s); s.session.Add().Accepted(); s.session.Add().KeysKept() }},
	{"unfinished", phone, 1, openVault, func(s *stage) { proveIt(s); s.session.Add().Cancel() }},
	{"recovery-keys", phone, 1, openVault, func(s *stage) {
		keepKeys(s)
		s.session.Keep().Save(false)
		s.until(func() bool { return s.session.Keep().Saved() > 0 })
		id := s.session.Keep().Account()
		s.session.Add().KeysKept()
		s.session.Add().Finish()
		s.loop.Run()
		sheet := s.session.List().Sheets(id)[0]
		s.session.List().UseRecoveryKey(id, sheet.ID, 1)
		s.until(func() bool { return strings.Contains(s.root.toast.Text(), "4 keys") })
		s.root.openRecovery(id)
		s.root.current.(*confirmPage).then()
	}},
	{"doctor", fyne.NewSize(look.StartWidth, 1000), 1, openVault, func(s *stage) { openDoctor(s) }},
	{"doctor-clock-wrong", phone, 1, wrongClock, func(s *stage) {
		openDoctor(s)
		s.session.Doctor().Measure("")
		s.until(func() bool { return s.session.Doctor().Busy() == "" })
	}},
	{"kit", phone, 1, openVault, func(s *stage) { s.root.openKit(); s.until(func() bool { return !s.session.Kit().Busy() }) }},
	{"kit-rehearsal", phone, 1, openVault, func(s *stage) { savedKit(s) }},
	{"rescue", phone, 1, lockedVault, func(s *stage) {
		s.root.openRescue()
		s.root.current.(*rescuePage).words.SetText("adapt explain ecology dinner glare old unfiar empty expect road off")
	}},
	{"rescue-choose", phone, 1, lockedVault, func(s *stage) {
		s.root.openRescue()
		s.session.Rescue().ReadWords(secret.FromString(kitWords))
		s.until(s.session.Rescue().Fits)
		s.root.current.(*rescuePage).how = model.ByKeyringAndPassphrase
		s.root.current.update()
	}},
	{"backup", phone, 1, backedUp, func(s *stage) { s.until(s.session.Backup().IsSet); s.root.openBackup() }},
	{"backup-set-up", phone, 1, notBackedUp, func(s *stage) {
		s.until(func() bool { return s.session.Backup().Reminder() != "" })
		s.root.openBackup()
		s.root.current.(*backupPage).folder = "/media/stick"
		s.root.current.update()
	}},
	{"restore", phone, 1, backedUp, func(s *stage) { previewed(s) }},
	{"export", phone, 1, openVault, func(s *stage) { s.root.openExport() }},
	{"export-losses", phone, 1, openVault, func(s *stage) { s.root.openExport(); s.session.Export().Choose("bitwarden", false) }},
	{"list-reminders", phone, 1, notBackedUp, func(s *stage) { s.until(func() bool { return s.session.Backup().Reminder() != "" }) }},
	{"guides", phone, 1, openVault, func(s *stage) { s.root.openGuides() }},
	{"guide-window", fyne.NewSize(GuideWidth, GuideHeight), 1, openVault, func(s *stage) { guideAt(s, 3) }},
	{"guide-window-start", fyne.NewSize(GuideWidth, GuideHeight), 1, openVault, func(s *stage) { guideAt(s, 0) }},
	{"edit", phone, 1, openVault, func(s *stage) { s.shortcut(fyne.KeyE, false) }},
	{"trash", phone, 1, openVault, func(s *stage) {
		l := s.session.List()
		total := l.Total()
		l.Remove(l.Row(2).ID)
		s.until(func() bool { return l.Total() == total-1 })
		s.root.openTrash()
	}},
	{"qr-confirm", phone, 1, openVault, func(s *stage) { s.shortcut(fyne.KeyQ, true) }},
	{"qr", phone, 1, openVault, func(s *stage) { s.root.showQR(s.session.List().Row(0).ID, "B3Networks (maria@shop.example)") }},
	{"settings", phone, 1, openVault, func(s *stage) { s.shortcut(fyne.KeyComma, false) }},
	{"move-in", phone, 1, openVault, func(s *stage) { s.root.openMoveIn() }},
	{"keyboard", phone, 1, openVault, func(s *stage) { s.root.openHelp() }},
}, shareScreens, packScreens)

// screenOf is a screen: how large the window is, how large the text, what lies in the vault, and how one gets there.
type screenOf struct {
	name    string
	size    fyne.Size
	scale   float32
	prepare func(*stage)
	walk    func(*stage)
}

var errKeyring = errors.Join(vault.ErrNoKeyring, keys.ErrNone)

func proveIt(s *stage) {
	s.session.Add().ReadText(link)
	s.idle()
	s.session.Add().Save(model.AddNew)
	s.until(func() bool { return s.session.Add().Stage() == model.ProveIt })
	s.root.Tick()
}

// keepKeys walks to the recovery keys and pastes a sheet.
func keepKeys(s *stage) {
	proveIt(s)
	s.session.Add().Accepted()
	s.until(func() bool { return s.session.Add().Stage() == model.KeepKeys })
	s.session.Keep().ReadText("Yeastar recovery codes\n\n1. 4f8a-91c2\n2. 77de-03b5\n3. c01a-5e6f\n4. 9b3d-2a48\n5. e5f7-60d1\n")
}

// keepPicture walks to the recovery keys and opens a photograph of a sheet.
func keepPicture(s *stage) {
	proveIt(s)
	s.session.Add().Accepted()
	s.until(func() bool { return s.session.Add().Stage() == model.KeepKeys })
	s.session.Keep().ReadFile(sheetPicture(s.t))
	s.until(func() bool { return s.session.Keep().Picture() != nil })
}

// sheetPicture is a picture of recovery keys without a QR code.
func sheetPicture(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "codes.png")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	paper := test.NewTempWindow(t, widget.NewPadded(24, 24, widget.NewColumn(8,
		widget.NewText(widget.Title, "Your backup codes"), widget.NewText(widget.Body, "Each of them works once. Keep them in a safe place."),
		widget.NewText(widget.Mono, "4f8a-91c2   77de-03b5\nc01a-5e6f   9b3d-2a48\ne5f7-60d1"))))
	paper.Resize(fyne.NewSize(420, 220))
	img := paper.Canvas().Capture()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	return path
}

// savedKit makes a recovery kit, saves its page to a file, and returns that.
func savedKit(s *stage) string {
	s.root.openKit()
	s.until(func() bool { return !s.session.Kit().Busy() })
	path := filepath.Join(s.t.TempDir(), "kit.pdf")
	s.session.Kit().Save(path)
	s.until(func() bool { return s.session.Kit().Saved() != "" })
	return path
}

// guideAt puts the B3Networks guide into the window, some steps on.
func guideAt(s *stage, step int) {
	g := s.root.NewGuideWindow("b3networks", func() {})
	for range step {
		g.step++
		g.update()
	}
	s.win.SetContent(g.Content())
	s.win.Resize(fyne.NewSize(GuideWidth, GuideHeight))
	g.Tick()
}

// drawnScreen puts two squares on the screen that stand for an account's code and another one.
func drawnScreen(s *stage) {
	img := image.NewRGBA(image.Rect(0, 0, 640, 420))
	for i := range img.Pix {
		img.Pix[i] = 0xff
	}
	square := func(x, y int) {
		for dy := range 96 {
			for dx := range 96 {
				if (dx/6*7+dy/6*13+dx/6*dy/6)%3 == 0 || dx < 12 || dy < 12 {
					img.Set(x+dx, y+dy, color.Black)
				}
			}
		}
	}
	square(80, 80)
	square(400, 160)
	square(200, 280)
	s.screens.Put(capture.Shot{Name: "screen 1", Bounds: img.Rect, Image: img})
	corners := func(x, y float64) [4]scanner.Point {
		return [4]scanner.Point{{X: x, Y: y}, {X: x + 96, Y: y}, {X: x + 96, Y: y + 96}, {X: x, Y: y + 96}}
	}
	s.scanner.See(func(image.Image) (scanner.Result, error) {
		return scanner.Result{Codes: []scanner.Code{
			{Text: link, Corners: corners(80, 80)},
			{Text: "otpauth://totp/Qontak:agent12?secret=MFZWKY3SMV2CA33GEB2GQZI&issuer=Qontak", Corners: corners(400, 160)},
			{Text: "https://portal.example/help", Corners: corners(200, 280)},
		}}, nil
	})
}

var appearances = []struct {
	name string
	is   look.Appearance
}{{"light", look.Light}, {"dark", look.Dark}}

// TestScreenshots draws every screen in both variants. With -screenshots it writes them; without, it holds the committed pictures
// against what is drawn now, so that the documentation cannot show what no longer is.
func TestScreenshots(t *testing.T) {
	for _, screen := range screens {
		for _, appearance := range appearances {
			name := screen.name + "-" + appearance.name + ".png"
			t.Run(name, func(t *testing.T) {
				s := newStage(t, screen.size, look.Config{Appearance: appearance.is, TextScale: screen.scale}, screen.prepare)
				// A picture taken while something is still being read would show now this and now that.
				s.until(s.session.Resting)
				if screen.walk != nil {
					screen.walk(s)
					s.until(s.session.Resting)
					s.loop.Run()
				}
				drawn := s.pictureNow()
				if *screenshots != "" {
					writePicture(t, filepath.Join(*screenshots, name), drawn)
					return
				}
				if d := difference(drawn, readPicture(t, filepath.Join(picturesDir, name))); d > tolerated {
					out := filepath.Join(t.ArtifactDir(), name)
					writePicture(t, out, drawn)
					t.Errorf("%.2f %% of the picture in docs/pictures differ from the screen as it is now. If the change is meant: make screenshots, and look at it.\ndrawn: %s", 100*d, out)
				}
			})
		}
	}
}

// tolerated is the share of pixels that may differ: rounding in the renderer differs between processors, a changed word does not
// fit into it.
const tolerated = 0.001

func writePicture(t *testing.T, path string, img image.Image) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func readPicture(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatalf("no picture of this screen: make screenshots (%v)", err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// difference is the share of pixels that are visibly not the same.
func difference(a, b image.Image) float64 {
	if a.Bounds().Size() != b.Bounds().Size() {
		return 1
	}
	size, other := a.Bounds().Size(), 0
	for y := range size.Y {
		for x := range size.X {
			r1, g1, b1, _ := a.At(a.Bounds().Min.X+x, a.Bounds().Min.Y+y).RGBA()
			r2, g2, b2, _ := b.At(b.Bounds().Min.X+x, b.Bounds().Min.Y+y).RGBA()
			if apart(r1, r2) || apart(g1, g2) || apart(b1, b2) {
				other++
			}
		}
	}
	return float64(other) / float64(size.X*size.Y)
}

// apart reports channels that differ by more than 16 of 255.
func apart(a, b uint32) bool { return max(a, b)-min(a, b) > 16<<8 }
