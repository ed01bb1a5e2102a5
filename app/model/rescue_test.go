package model_test

import (
	"bytes"
	"context"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/app/apptest"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/print"
	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/scanner/capture"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// rescued is a session over a real vault whose key is out of reach, and the page of its kit.
type rescued struct {
	*real
	cfg     vault.Config
	ring    *vaulttest.Keyring
	page    print.Kit
	words   []string
	rescue  *model.Rescue
	screens *apptest.Screens
	picture *apptest.Picture
}

// locksOut makes a vault with a kit, does harm to its key, and starts a session.
func locksOut(t *testing.T, passphrase string, harm func(cfg vault.Config, ring *vaulttest.Keyring)) *rescued {
	t.Helper()
	m, cfg := vaulttest.Create(t, passphrase, totp("Acme", "maria", 1))
	k, err := m.Kit(t.Context(), secret.FromString(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	r := &rescued{cfg: cfg, ring: cfg.Keyring.(*vaulttest.Keyring), screens: &apptest.Screens{}, picture: &apptest.Picture{}}
	r.page = print.Kit{Vault: k.Short(), Made: noon, Words: k.Words(), QR: k.QRText()}
	for _, w := range k.Words() {
		r.words = append(r.words, string(w.Reveal()))
	}
	if harm != nil {
		harm(cfg, r.ring)
	}
	r.start(t)
	return r
}

// start opens the window on the vault.
func (r *rescued) start(t *testing.T) {
	t.Helper()
	m := vaulttest.Open(t, r.cfg)
	r.real = &real{T: t, loop: apptest.NewLoop(noon), clip: &apptest.FakeClipboard{}}
	r.s = model.NewSession(model.Deps{
		Vault: m, Kits: m, Scanner: scanner.New(), Screens: r.screens.Take, ClipboardPicture: r.picture.Read, Clipboard: r.clip,
		Settings: model.FileSettings(filepath.Join(t.TempDir(), "settings.json")),
		Now:      r.loop.Now, Post: r.loop.Post, After: r.loop.After, Hide: r.screens.Hide,
	})
	t.Cleanup(r.s.Close)
	r.s.Start(t.Context())
	r.until(func() bool { return r.s.State() != model.Starting })
	r.rescue = r.s.Rescue()
}

func (r *rescued) idle() {
	r.Helper()
	r.until(func() bool { return r.rescue.Busy() == "" && !r.s.Busy() })
}

// opens chooses a protection and holds the window to having opened, now and at the next start.
func (r *rescued) opens(how model.Protection, pass string) {
	r.Helper()
	r.rescue.Restore(how, secret.FromString(pass))
	r.idle()
	if r.s.State() != model.Open || r.s.List().Total() != 1 || r.rescue.Active() {
		r.Fatalf("state %v, error %q %q", r.s.State(), r.rescue.Error(), r.s.Error())
	}
	r.s.Close()
	if text, err := r.clip.Text(r.Context()); err != nil || text != "" {
		r.Errorf("the clipboard still holds the kit (%v)", err)
	}
	r.start(r.T)
	if how.NeedsPassphrase() {
		if r.s.State() != model.Locked {
			r.Fatalf("at the next start: state %v", r.s.State())
		}
		r.s.Unlock(secret.FromString(pass))
		r.until(func() bool { return !r.s.Busy() })
	}
	if r.s.State() != model.Open || r.s.List().Total() != 1 {
		r.Fatalf("at the next start: state %v, error %q", r.s.State(), r.s.Error())
	}
}

func (r *rescued) png() []byte {
	r.Helper()
	var b bytes.Buffer
	if err := print.KitPNG(&b, r.page); err != nil {
		r.Fatal(err)
	}
	return b.Bytes()
}

func (r *rescued) file(name string, data []byte) string {
	r.Helper()
	path := filepath.Join(r.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		r.Fatal(err)
	}
	return path
}

// Whoever forgot the passphrase types the words, is told which are wrong, and chooses another protection.
func TestRescueFromAForgottenPassphrase(t *testing.T) {
	for _, how := range []model.Protection{model.ByKeyring, model.ByKeyringAndPassphrase, model.ByPassphrase} {
		t.Run(string(how), func(t *testing.T) {
			r := locksOut(t, "forgotten", nil)
			if r.s.State() != model.Locked || !r.s.OffersKit() {
				t.Fatalf("state %v, offers a kit: %v", r.s.State(), r.s.OffersKit())
			}
			r.rescue.ReadWords(secret.FromString(strings.Join(r.words, " "))) // not begun
			r.rescue.Begin()
			if r.rescue.Fits() || r.rescue.Busy() != "" {
				t.Fatal("a kit was taken before the way in was begun")
			}

			// Typing: how far, and what cannot be right.
			progress, doubts := r.rescue.Typed(strings.Join(r.words[:7], " "))
			if progress != "7 of 24 words" || len(doubts) != 0 {
				t.Errorf("%q, %q", progress, doubts)
			}
			typo := append([]string(nil), r.words...)
			typo[6] = "qzzzq"
			_, doubts = r.rescue.Typed(strings.Join(typo, " "))
			if len(doubts) != 1 || !strings.HasPrefix(doubts[0], "Word 7 is not in the list") {
				t.Errorf("%q", doubts)
			}
			_, doubts = r.rescue.Typed("adapt explian ")
			if len(doubts) != 1 || doubts[0] != "Word 2 is not in the list of words. Did you mean “explain”?" {
				t.Errorf("%q", doubts)
			}
			_, doubts = r.rescue.Typed(strings.Repeat("xqxq ", 20))
			if len(doubts) != 5 || doubts[4] != "And 16 more words are not in the list." {
				t.Errorf("%q", doubts)
			}

			for _, c := range [][2]string{
				{strings.Join(typo, " "), "Word 7 is not"},
				{strings.Join(r.words[:23], " "), "these are 23"},
				{strings.Repeat("able ", 24), "do not belong together"},
				{"zz xx qq, 123", "neither its words"},
			} {
				r.rescue.ReadWords(secret.FromString(c[0]))
				r.idle()
				wantText(t, c[0], r.rescue.Error(), c[1])
				if r.rescue.Fits() {
					t.Fatal("it fits")
				}
			}
			r.rescue.ReadWords(secret.FromString(strings.Join(r.words, "\n")))
			r.idle()
			if !r.rescue.Fits() || r.rescue.Vault() != r.page.Vault || len(r.rescue.Ways()) != 3 {
				t.Fatalf("fits %v, vault %q, ways %v, error %q", r.rescue.Fits(), r.rescue.Vault(), r.rescue.Ways(), r.rescue.Error())
			}
			pass := ""
			if how.NeedsPassphrase() {
				pass = "chosen anew"
				r.rescue.Restore(how, secret.Bytes{}) // nothing typed
				r.idle()
				if r.s.State() != model.Locked || r.rescue.Error() == "" {
					t.Fatalf("state %v, error %q", r.s.State(), r.rescue.Error())
				}
			}
			r.opens(how, pass)
		})
	}
}

// The keyring lost its key: the page is shown as a picture, a PDF, on the screen, or copied.
func TestRescueWithThePage(t *testing.T) {
	lost := func(_ vault.Config, ring *vaulttest.Keyring) {
		for name := range ring.Values() {
			_ = ring.Delete(context.Background(), name) // the state of the session says whether it did
		}
	}
	for name, show := range map[string]func(r *rescued){
		"picture": func(r *rescued) { r.rescue.ReadFile(r.file("page.png", r.png())) },
		"PDF": func(r *rescued) {
			var b bytes.Buffer
			if err := print.KitPDF(&b, r.page); err != nil {
				r.Fatal(err)
			}
			r.rescue.ReadFile(r.file("page.pdf", b.Bytes()))
		},
		"screen": func(r *rescued) {
			img, err := scanner.DecodePicture(bytes.NewReader(r.png()), scanner.DefaultLimits())
			if err != nil {
				r.Fatal(err)
			}
			whole := image.NewRGBA(img.Bounds())
			for y := range img.Bounds().Dy() {
				for x := range img.Bounds().Dx() {
					whole.Set(x, y, img.At(x, y))
				}
			}
			r.screens.Put(capture.Shot{Name: "screen 1", Bounds: whole.Rect, Image: whole})
			r.rescue.ScanScreen()
			r.idle()
			for _, b := range whole.Pix {
				if b != 0 {
					r.Fatal("the picture of the screen is still in memory")
				}
			}
			if got := r.screens.Events(); strings.Join(got, " ") != "hidden taken shown" {
				r.Errorf("the window: %v", got)
			}
		},
		"copied picture": func(r *rescued) {
			r.picture.Set(r.png())
			r.rescue.ReadClipboard()
		},
		"copied text": func(r *rescued) {
			r.clip.CopyElsewhere(string(r.page.QR.Reveal()))
			r.rescue.ReadClipboard()
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := locksOut(t, "", lost)
			if r.s.State() != model.Trouble || !r.s.OffersKit() || r.s.Problem().Title != "The key is not in the keyring" {
				t.Fatalf("state %v, %+v", r.s.State(), r.s.Problem())
			}
			r.rescue.Begin()
			show(r)
			r.idle()
			if !r.rescue.Fits() {
				t.Fatalf("error %q", r.rescue.Error())
			}
			clip := r.clip
			r.opens(model.ByKeyring, "")
			if history := clip.History(); name == "copied picture" && (len(history) == 0 || history[len(history)-1] != "") {
				t.Errorf("the picture of the page is still on the clipboard: %q", history)
			}
		})
	}
}

// Without a keyring there is one way only, and another vault's kit, a picture of something else and a file that is no
// picture change nothing.
func TestRescueThatDoesNotFit(t *testing.T) {
	r := locksOut(t, "forgotten", func(_ vault.Config, ring *vaulttest.Keyring) { ring.FailAll(keys.ErrNone) })
	other, _ := vaulttest.Create(t, "")
	wrong, err := other.Kit(t.Context(), secret.Bytes{})
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(r.cfg.Dir, "device.json"))
	if err != nil {
		t.Fatal(err)
	}
	r.rescue.Begin()
	r.rescue.ReadWords(wrong.QRText())
	r.idle()
	wantText(t, "another vault's kit", r.rescue.Error(), "another vault", wrong.Short(), "Nothing was changed")
	r.rescue.ReadFile(r.file("words.txt", []byte("able able")))
	r.idle()
	wantText(t, "a text", r.rescue.Error(), "neither a picture nor a PDF")
	r.rescue.ReadFile(r.TempDir())
	r.idle()
	wantText(t, "a folder", r.rescue.Error(), "neither a picture nor a PDF")
	white := print.Kit{Vault: "1A2B-3C4D", Made: noon, QR: secret.FromString("https://portal.example")}
	var b bytes.Buffer
	if err := print.KitPNG(&b, white); err != nil {
		t.Fatal(err)
	}
	r.rescue.ReadFile(r.file("other.png", b.Bytes()))
	r.idle()
	wantText(t, "another code", r.rescue.Error(), "not a recovery kit")
	r.screens.Set("screen 1")
	r.rescue.ScanScreen()
	r.idle()
	wantText(t, "an empty screen", r.rescue.Error(), "No QR code")
	r.rescue.ReadClipboard()
	r.idle()
	wantText(t, "nothing copied", r.rescue.Error(), "Nothing was copied")
	r.rescue.Restore(model.ByPassphrase, secret.FromString("new")) // nothing fits yet
	if r.rescue.Busy() != "" {
		t.Fatal("something is being restored")
	}
	after, err := os.ReadFile(filepath.Join(r.cfg.Dir, "device.json"))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the device file was changed (%v)", err)
	}

	r.rescue.ReadWords(r.page.QR)
	r.idle()
	if ways := r.rescue.Ways(); !r.rescue.Fits() || len(ways) != 1 || ways[0] != model.ByPassphrase {
		t.Fatalf("fits %v, ways %v, error %q", r.rescue.Fits(), ways, r.rescue.Error())
	}
	r.opens(model.ByPassphrase, "new")
}

// The vault file was put beside the device file of another vault, whose key works: that key is not replaced.
func TestRescueLeavesAnotherVaultsKey(t *testing.T) {
	var other vault.Config
	r := locksOut(t, "", func(cfg vault.Config, _ *vaulttest.Keyring) {
		_, other = vaulttest.Create(t, "")
		device, err := os.ReadFile(filepath.Join(other.Dir, "device.json"))
		if err == nil {
			err = os.WriteFile(filepath.Join(cfg.Dir, "device.json"), device, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	r.rescue.Begin()
	r.rescue.ReadWords(r.page.QR.Clone())
	r.idle()
	r.rescue.Restore(model.ByKeyring, secret.Bytes{})
	r.idle()
	wantText(t, "error", r.rescue.Error(), "key of another vault", "left as it is")
}

// The vault file is damaged as well: the key comes back, and then the older copies are offered.
func TestRescueWithADamagedVault(t *testing.T) {
	r := locksOut(t, "", func(cfg vault.Config, ring *vaulttest.Keyring) {
		for name := range ring.Values() {
			_ = ring.Delete(context.Background(), name) // the state of the session says whether it did
		}
		if err := os.WriteFile(filepath.Join(cfg.Dir, "vault.age"), []byte("not a vault"), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	r.rescue.Begin()
	r.rescue.ReadWords(r.page.QR.Clone())
	r.idle()
	if !r.rescue.Fits() {
		t.Fatalf("error %q", r.rescue.Error())
	}
	r.rescue.Restore(model.ByKeyring, secret.Bytes{})
	r.until(func() bool { return r.s.State() == model.Trouble && !r.s.Busy() })
	if p := r.s.Problem(); len(p.Generations) == 0 || r.rescue.Active() {
		t.Fatalf("%+v", p)
	}
	r.s.RestoreGeneration(r.s.Problem().Generations[0], secret.Bytes{})
	r.until(func() bool { return r.s.State() == model.Open })
}

// What is held is wiped when the person leaves.
func TestRescueLeft(t *testing.T) {
	r := locksOut(t, "forgotten", nil)
	r.rescue.Begin()
	r.rescue.ReadWords(r.page.QR.Clone())
	r.rescue.Close() // before it was read
	r.rescue.Begin()
	r.rescue.ReadWords(secret.FromString("able"))
	r.idle()
	if r.rescue.Fits() || r.rescue.Error() == "" {
		t.Error("what was read before is still there")
	}
	r.rescue.ReadWords(r.page.QR.Clone())
	r.idle()
	if !r.rescue.Fits() {
		t.Fatalf("error %q", r.rescue.Error())
	}
	r.rescue.Close()
	if r.rescue.Fits() || r.rescue.Vault() != "" {
		t.Error("the kit is still there")
	}
	r.s.Unlock(secret.FromString("forgotten")) // it was not, after all
	r.until(func() bool { return r.s.State() == model.Open })
	if r.s.OffersKit() {
		t.Error("a kit is offered to an open vault")
	}
}

var _ model.KitKeeper = (*vault.Manager)(nil)
