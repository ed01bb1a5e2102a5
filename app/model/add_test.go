package model_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tallystick/tallystick/app/apptest"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/scanner/capture"
	"github.com/tallystick/tallystick/scanner/clipimage"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
	"github.com/tallystick/tallystick/vault/secret"
)

// link is an authenticator link with a key of its own for every n.
func link(issuer, name string, n int, more ...string) string {
	return fmt.Sprintf("otpauth://totp/%s:%s?secret=%s&issuer=%s%s",
		issuer, name, otp.EncodeBase32(key(n).Reveal()), issuer, strings.Join(more, ""))
}

func (w *world) wantStage(want model.Stage) {
	w.Helper()
	if got := w.add.Stage(); got != want {
		w.Fatalf("stage %v, want %v; reason %q, error %q", got, want, w.add.Reason(), w.add.Error())
	}
}

func (w *world) scanScreen(texts ...string) {
	w.Helper()
	w.scanner.SeeTexts(texts...)
	w.add.ScanScreen()
	w.loop.Settle()
}

func TestScanScreenFindsOne(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.screens.Set("screen 1", "screen 2")
		w.scanner.See(func(img image.Image) (scanner.Result, error) {
			if img.Bounds().Dx() == 321 {
				return apptest.Codes(img, link("Acme", "maria", 1), "https://acme.example/help"), nil
			}
			return apptest.Codes(img), nil
		})
		w.add.Begin()
		if !w.add.Active() {
			t.Error("the flow is not active")
		}
		w.add.ScanScreen()
		w.wantStage(model.Working)
		wantText(t, "busy", w.add.Busy(), "screen")
		w.loop.Settle()
		w.wantStage(model.Found) // a web address beside it is no reason to ask
		if got := w.screens.Events(); !slices.Equal(got, []string{"hidden", "taken", "shown"}) {
			t.Errorf("events %q", got)
		}
		d := w.add.Draft()
		if d.Issuer != "Acme" || d.Name != "maria" || d.Params.Kind != otp.TOTP || d.Same != nil || len(d.Lines) != 0 || d.About == "" {
			t.Errorf("draft %+v", d)
		}
		// The picture of the screen is not kept, not even in memory.
		for _, img := range w.scanner.Seen() {
			if slices.ContainsFunc(img.(*image.RGBA).Pix, func(b byte) bool { return b != 0 }) {
				t.Error("the picture of the screen was not wiped")
			}
		}
	})
}

func TestScanScreenFindsSeveral(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("", totp("Acme", "maria", 1))
		w.scanner.See(func(img image.Image) (scanner.Result, error) {
			for i := range img.(*image.RGBA).Pix {
				img.(*image.RGBA).Pix[i] = 77
			}
			return apptest.Codes(img, "WIFI:S:home;P:secret;;", link("Acme", "maria", 1), link("Beta", "maria", 2), link("Beta", "maria", 2)), nil
		})
		w.add.ScanScreen()
		w.loop.Settle()
		w.wantStage(model.Several)
		c := w.add.Candidates()
		if len(c) != 3 {
			t.Fatalf("%d candidates, want two that can be used and one that cannot", len(c))
		}
		if c[0].Draft.Same == nil || len(c[0].Draft.SameNames) != 0 || c[0].Chosen || c[1].Draft.Same != nil || !c[1].Chosen {
			t.Errorf("the account that is there already: %+v %+v", c[0], c[1])
		}
		wantText(t, "problem", c[2].Problem, "Wi-Fi", "screen 1")
		if strings.Contains(c[2].Problem, "secret") {
			t.Error("the problem repeats what was in the code")
		}
		// 40 pixels of code and a margin of 12 on each side.
		if b := c[1].Cutout.Bounds(); b.Dx() != 64 || b.Dy() != 64 || b.Min != (image.Point{}) {
			t.Errorf("cut-out %v", b)
		}
		w.add.Pick(2) // cannot be used
		w.wantStage(model.Several)
		w.add.Pick(1)
		w.wantStage(model.Found)
		if w.add.Draft().Issuer != "Beta" {
			t.Errorf("draft of %q", w.add.Draft().Issuer)
		}
		w.add.Back()
		w.wantStage(model.Several)
		cutout := c[1].Cutout.(*image.RGBA)
		w.add.Back()
		w.wantStage(model.Choose)
		if slices.ContainsFunc(cutout.Pix, func(b byte) bool { return b != 0 }) {
			t.Error("the cut-out, a picture of the key, was not wiped")
		}
	})
}

func TestNothingOnTheScreen(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.screens.Set("screen 1", "screen 2", "screen 3")
		w.scanner.See(func(img image.Image) (scanner.Result, error) {
			if img.Bounds().Dx() == 321 {
				return scanner.Result{Reason: scanner.ReasonUnreadable}, nil
			}
			return scanner.Result{Reason: scanner.ReasonNoCode}, nil
		})
		w.add.ScanScreen()
		w.loop.Settle()
		w.wantStage(model.NothingFound)
		wantText(t, "reason", w.add.Reason(), "no QR code on screen 1 or screen 3", "QR code on screen 2", "cut off", "scan again")
	})
}

// TestUnreadCode: what the scanner knows about a code it could not read is said.
func TestUnreadCode(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.screens.Set("screen 1", "screen 2")
		w.scanner.See(func(img image.Image) (scanner.Result, error) {
			if img.Bounds().Dx() == 321 {
				return scanner.Result{Reason: scanner.ReasonUnreadable, Unread: &scanner.Unread{Why: scanner.CutOff, Edges: []string{"left"}}}, nil
			}
			return scanner.Result{Reason: scanner.ReasonNoCode}, nil
		})
		w.add.ScanScreen()
		w.loop.Settle()
		w.wantStage(model.NothingFound)
		wantText(t, "reason", w.add.Reason(), "no QR code on screen 1", "QR code on screen 2, but it cannot be read: it is cut off at the left edge.", "scan again")
	})
}

func TestForeignCodes(t *testing.T) {
	for text, want := range map[string]string{
		"https://portal.example/activate?token=hunter2":                     "web address (portal.example)",
		"HTTPS://PORTAL.EXAMPLE/x":                                          "web address (portal.example)",
		"https://xn--80ak6aa92e.example/":                                   "web address",
		"WIFI:T:WPA;S:home;P:hunter2;;":                                     "Wi-Fi",
		"duo://hunter2-YXBpLWhvc3Q":                                         "Duo",
		"https://m-1a2b3c.duosecurity.com/activate/hunter2":                 "Duo",
		"phonefactor://activate_account?code=hunter2&url=https%3A%2F%2Fx":   "Microsoft",
		"FIDO:/13086400838107303667332719012595115747821895775708323189557": "passkey",
		"BEGIN:VCARD\nFN:hunter2":                                           "contact",
		"oktaverify://email/?t=hunter2":                                     "Okta",
		"tel:+49301234567":                                                  "telephone",
		"hello hunter2":                                                     "plain text",
		"4006381333931":                                                     "number",
		"slack://hunter2":                                                   "another program",
		"steam://run/440":                                                   "starts Steam",
		"https://s.team/q/1/hunter2":                                        "Steam sign-in",
		"":                                                                  "empty",
	} {
		t.Run(text, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.open("")
				w.scanScreen(text)
				w.wantStage(model.NothingFound)
				wantText(t, "reason", w.add.Reason(), "The QR code on screen 1 is ", want)
				if strings.Contains(w.add.Reason(), "hunter2") {
					t.Errorf("the reason repeats what may be a secret: %q", w.add.Reason())
				}
			})
		})
	}
}

func TestBadLinkSaysWhatIsWrong(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.scanScreen("otpauth://totp/Acme:maria?secret=JBSW0189&issuer=Acme")
		w.wantStage(model.NothingFound)
		wantText(t, "reason", w.add.Reason(), "authenticator key that cannot be used", "The key ")
	})
}

func TestNoPictureOfTheScreen(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{capture.ErrDenied, "did not allow"}, {capture.ErrCancelled, "answered with no"}, {capture.ErrNoDisplay, "no screen"},
		{capture.ErrFailed, "No picture"}, {context.DeadlineExceeded, "too long"},
	} {
		t.Run(c.want, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.open("")
				w.screens.Fail(fmt.Errorf("wrapped: %w", c.err))
				w.add.ScanScreen()
				w.loop.Settle()
				w.wantStage(model.NothingFound)
				wantText(t, "reason", w.add.Reason(), c.want)
				if got := w.screens.Events(); got[len(got)-1] != "shown" {
					t.Errorf("the window stays hidden: %q", got)
				}
			})
		})
	}
}

// A scan that was cancelled must not come back.
func TestCancelledScan(t *testing.T) {
	for name, leave := range map[string]func(w *world){
		"cancel": func(w *world) { w.add.Cancel() },
		"back":   func(w *world) { w.add.Back() },
		"lock":   func(w *world) { w.s.Lock() },
		"typing": func(w *world) { w.add.TypeKey() },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.open("open sesame")
				w.scanner.SeeTexts(link("Acme", "maria", 1))
				release := w.scanner.Hold()
				w.add.ScanScreen()
				w.loop.Settle()
				w.wantStage(model.Working)
				leave(w)
				stage := w.add.Stage()
				release()
				w.loop.Settle()
				if w.add.Stage() != stage || w.add.Busy() != "" || w.add.Draft().Issuer != "" {
					t.Errorf("stage %v, busy %q, draft of %q", w.add.Stage(), w.add.Busy(), w.add.Draft().Issuer)
				}
				if got := w.screens.Events(); got[len(got)-1] != "shown" {
					t.Errorf("the window stays hidden: %q", got)
				}
			})
		})
	}
}

// The second scan wins, even when the first one ends later.
func TestSecondScanWins(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.scanner.SeeTexts(link("Old", "maria", 1))
		release := w.scanner.Hold()
		w.add.ScanScreen()
		w.loop.Settle()
		w.add.ReadText(link("New", "maria", 2))
		release()
		w.loop.Settle()
		w.wantStage(model.Found)
		if w.add.Draft().Issuer != "New" {
			t.Errorf("draft of %q", w.add.Draft().Issuer)
		}
	})
}

func migration(t *testing.T, n int) []string {
	t.Helper()
	var entries []otpauth.Entry
	for i := range n {
		entries = append(entries, otpauth.Entry{Issuer: fmt.Sprintf("Portal %d", i+1), Name: "maria", Params: otp.New(otp.TOTP, key(100+i))})
	}
	parts, _, err := otpauth.FormatMigration(entries, 4711, otpauth.MaxMigrationText)
	if err != nil {
		t.Fatal(err)
	}
	return parts
}

func TestMigrationInParts(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		parts := migration(t, 25)
		if len(parts) != 3 {
			t.Fatalf("%d parts", len(parts))
		}
		w.add.Begin()
		w.scanScreen(parts[2])
		w.wantStage(model.Several)
		wantText(t, "missing", w.add.MissingParts(), "Parts 1 and 2 of 3 are missing")
		w.scanScreen(parts[0], parts[2])
		wantText(t, "missing", w.add.MissingParts(), "Part 2 of 3 is missing")
		if n := len(w.add.Candidates()); n != 15 {
			t.Errorf("%d candidates, want 15", n)
		}
		w.scanScreen() // nothing there: what was seen is not lost
		w.wantStage(model.NothingFound)
		w.add.Back()
		w.scanScreen(parts[1])
		w.wantStage(model.Several)
		if w.add.MissingParts() != "" {
			t.Errorf("missing %q", w.add.MissingParts())
		}
		var got []string
		for _, c := range w.add.Candidates() {
			got = append(got, c.Draft.Issuer)
		}
		if len(got) != 25 || got[0] != "Portal 1" || got[24] != "Portal 25" {
			t.Errorf("candidates %q", got)
		}
		w.add.AddAll()
		w.loop.Settle()
		w.wantStage(model.Done)
		if len(w.add.Saved()) != 25 || w.list.Total() != 25 || w.vault.Calls("update") != 1 {
			t.Errorf("%d saved, %d accounts, %d saves", len(w.add.Saved()), w.list.Total(), w.vault.Calls("update"))
		}
		w.add.Finish()
		if w.add.Active() || !w.row(w.list.Row(0).ID).Fresh {
			t.Error("the new rows are not highlighted")
		}
	})
}

func TestAddAllLeavesOutWhatIsThere(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("", totp("Portal 2", "maria", 101))
		w.scanScreen(append(migration(t, 4), "https://portal.example")...)
		w.wantStage(model.Several)
		w.add.Choose(2, false)
		w.add.AddAll()
		w.loop.Settle()
		w.wantStage(model.Done)
		w.wantTitles("Portal 1 maria", "Portal 2 maria", "Portal 4 maria")
		if len(w.add.Saved()) != 2 {
			t.Errorf("saved %d", len(w.add.Saved()))
		}
		wantText(t, "skipped", strings.Join(w.add.SkippedLines(), "|"), "Portal 2 (maria) was there already", "web address")
	})
}

// A part in which nothing can be used is still a part of an export, not nothing.
func TestMigrationPartWithoutUsableEntries(t *testing.T) {
	entry := protowire.AppendString(protowire.AppendTag(nil, 2, protowire.BytesType), "Acme:maria") // a name and no key
	payload := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), entry)
	for field, value := range map[protowire.Number]uint64{2: 1, 3: 2, 4: 0, 5: 4711} { // version, size, index, batch
		payload = protowire.AppendVarint(protowire.AppendTag(payload, field, protowire.VarintType), value)
	}
	inWorld(t, func(w *world) {
		w.open("")
		w.scanScreen("otpauth-migration://offline?data=" + url.QueryEscape(base64.StdEncoding.EncodeToString(payload)))
		w.wantStage(model.Several)
		wantText(t, "missing", w.add.MissingParts(), "Part 2 of 2")
		if c := w.add.Candidates(); len(c) != 1 || !strings.Contains(c[0].Problem, "cannot be used") {
			t.Errorf("candidates %+v", c)
		}
	})
}

func TestExportOfOneAccount(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.scanScreen(migration(t, 1)...)
		w.wantStage(model.Found)
	})
}

func pngFile(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 200, 100))
	for i := range img.Pix {
		img.Pix[i] = 200
	}
	img.Set(1, 1, color.Black)
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadFiles(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		dir := t.TempDir()
		good, text := filepath.Join(dir, "shot.png"), filepath.Join(dir, "notes.txt")
		for path, data := range map[string][]byte{good: pngFile(t), text: []byte("no picture")} {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		w.add.ReadFiles([]string{good, text, filepath.Join(dir, "gone.png"), dir})
		w.loop.Settle()
		w.wantStage(model.NothingFound)
		wantText(t, "reason", w.add.Reason(), "no QR code in shot.png", "Notes.txt: This is not a picture", "Gone.png: There is no such file")
		if strings.Contains(w.add.Reason(), dir) {
			t.Errorf("a raw path: %q", w.add.Reason())
		}
		w.scanner.SeeTexts(link("Acme", "maria", 1))
		w.add.ReadFiles([]string{text, good})
		w.loop.Settle()
		w.wantStage(model.Found)
		w.add.ReadFiles([]string{dir + "/https:/shop.example/code.png"}) // dragged from a browser
		w.loop.Settle()
		wantText(t, "reason", w.add.Reason(), "address on the web")
		w.add.ReadFiles(make([]string, 1000))
		w.loop.Settle()
		wantText(t, "reason", w.add.Reason(), "more than 100")
	})
}

func TestScanClipboardPicture(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.picture.Set(pngFile(t))
		w.scanner.SeeTexts(link("Acme", "maria", 1))
		w.add.ScanClipboard()
		w.loop.Settle()
		w.wantStage(model.Found)
		if len(w.clip.History()) != 0 {
			t.Error("the clipboard was touched before anything is saved")
		}
		w.add.Save(model.AddNew)
		w.loop.Settle()
		if got := w.clip.History(); len(got) != 1 || got[0] != "" {
			t.Errorf("the picture of the key was left on the clipboard (%q)", got)
		}
	})
}

func TestClipboardPictureOfOthersStays(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.picture.Set(pngFile(t))
		w.scanner.SeeTexts(link("Acme", "maria", 1))
		w.add.ScanClipboard()
		w.loop.Settle()
		w.picture.Set(append(pngFile(t), 0)) // the person copied another one
		w.add.Save(model.AddNew)
		w.loop.Settle()
		if got := w.clip.History(); len(got) != 0 {
			t.Errorf("the clipboard was overwritten: %q", got)
		}
	})
}

func TestScanClipboardText(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		copied := " " + link("Acme", "maria", 1) + "\n"
		w.clip.CopyElsewhere(copied)
		w.picture.Fail(clipimage.ErrUnsupported)
		w.add.ScanClipboard()
		w.loop.Settle()
		w.wantStage(model.Found)
		w.add.Cancel()
		w.clip.CopyElsewhere("a shopping list")
		w.add.ScanClipboard()
		w.loop.Settle()
		w.wantStage(model.NothingFound)
		wantText(t, "reason", w.add.Reason(), "This text is plain text")
		w.clip.CopyElsewhere("jbsw y3dp ehpk 3pxp")
		w.add.ScanClipboard()
		w.loop.Settle()
		w.wantStage(model.Typing) // a key alone still needs names
		if w.add.Form().Key != "jbsw y3dp ehpk 3pxp" || len(w.add.FormProblems()) != 0 {
			t.Errorf("form %+v, problems %v", w.add.Form(), w.add.FormProblems())
		}
		w.clip.CopyElsewhere("")
		w.picture.Fail(nil)
		w.add.ScanClipboard()
		w.loop.Settle()
		w.wantStage(model.NothingFound)
		wantText(t, "reason", w.add.Reason(), "neither a picture nor a text")
	})
}

func TestClipboardTextIsRemovedOnceSaved(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.clip.CopyElsewhere(link("Acme", "maria", 1))
		w.add.ScanClipboard()
		w.loop.Settle()
		w.add.Save(model.AddNew)
		w.loop.Settle()
		if w.clipboard() != "" {
			t.Error("the link was left on the clipboard")
		}
	})
}

func TestReadTextWithSeveralLinks(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.add.ReadText("my accounts:\n" + link("Acme", "maria", 1) + "\r\n\n" + link("Beta", "maria", 2))
		w.wantStage(model.Several)
		if n := len(w.add.Candidates()); n != 2 {
			t.Errorf("%d candidates", n)
		}
	})
}

func TestLinkWhileLocked(t *testing.T) {
	inWorld(t, func(w *world) {
		w.vault.Fill("open sesame")
		w.begin()
		w.add.ReadText(link("Acme", "maria", 1))
		if w.add.Active() {
			t.Error("the flow begins while the vault is locked")
		}
		w.s.Unlock(pass("open sesame"))
		w.loop.Settle()
		w.wantStage(model.Found)
		if w.add.Draft().Issuer != "Acme" {
			t.Errorf("draft of %q", w.add.Draft().Issuer)
		}
	})
}

func TestOddParametersAreTold(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.add.ReadText("otpauth://totp/maria?secret=" + otp.EncodeBase32(key(1).Reveal()) + "&digits=8&period=60&algorithm=SHA256")
		w.wantStage(model.Found)
		lines := strings.Join(w.add.Draft().Lines, "|")
		wantText(t, "lines", lines, "This code has 8 digits", "60 seconds", "SHA256", "The link gave no issuer")
		w.add.Cancel()
		w.add.ReadText("otpauth://hotp/Acme:maria?issuer=Acme&secret=" + otp.EncodeBase32(key(1).Reveal()))
		lines = strings.Join(w.add.Draft().Lines, "|")
		wantText(t, "lines", lines, "no counter", "does not change with the time")
	})
}

func TestSaveAndFinish(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("", totp("Zebra", "z", 9))
		w.list.SetQuery("zebra")
		w.add.ReadText(link("Acme", "maria", 1))
		w.add.SetNames("  Acme GmbH ", "maria@shop.example")
		w.add.Save(model.AddNew)
		if w.add.Busy() == "" {
			t.Error("saving is not shown")
		}
		w.add.Save(model.AddNew) // a double click
		w.loop.Settle()
		w.wantStage(model.ProveIt)
		if w.list.Total() != 2 || len(w.add.Saved()) != 1 {
			t.Fatalf("%d accounts, %d saved", w.list.Total(), len(w.add.Saved()))
		}
		w.add.Accepted()
		w.wantStage(model.KeepKeys)
		w.loop.Settle()
		w.add.KeysKept()
		w.wantStage(model.Done)
		w.add.Finish()
		if w.add.Active() {
			t.Error("the flow goes on")
		}
		w.wantTitles("Acme GmbH maria@shop.example", "Zebra z") // the search that hid it is gone
		id, ok := w.list.Selected()
		if !ok || w.list.Index(id) != 0 || !w.row(id).Fresh {
			t.Errorf("selected %v, place %d, row %+v", ok, w.list.Index(id), w.row(id))
		}
		w.tick(16)
		if w.row(id).Fresh {
			t.Error("highlighted for ever")
		}
	})
}

func TestSaveThatFails(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.add.ReadText(link("Acme", "maria", 1))
		w.vault.Fail("update", vault.ErrSave)
		w.add.Save(model.AddNew)
		w.loop.Settle()
		w.wantStage(model.Found)
		wantText(t, "error", w.add.Error(), "could not be saved")
		w.vault.Fail("update", nil)
		w.add.Save(model.AddNew)
		w.loop.Settle()
		w.wantStage(model.ProveIt)
		if w.add.Error() != "" {
			t.Errorf("error %q", w.add.Error())
		}
	})
}

func TestSameKey(t *testing.T) {
	there := totp("Acme", "old name", 1)
	there.Tags, there.Note, there.Favourite = []string{"work"}, "note", true
	prepare := func(w *world) vault.ID {
		ids := w.open("", there, totp("acme", "MARIA", 2))
		w.add.ReadText(link("Acme", "maria", 1))
		w.wantStage(model.Found)
		d := w.add.Draft()
		if d.Same == nil || d.Same.ID != ids[0] || len(d.SameNames) != 1 || d.SameNames[0].ID != ids[1] {
			t.Fatalf("same %+v, same names %+v", d.Same, d.SameNames)
		}
		return ids[0]
	}
	inWorld(t, func(w *world) {
		id := prepare(w)
		w.add.Save(model.Replace)
		w.loop.Settle()
		r := w.row(id)
		if w.list.Total() != 2 || r.Name != "maria" || !r.Favourite || r.Note != "note" || !slices.Equal(r.Tags, []string{"work"}) {
			t.Errorf("%d accounts, row %+v", w.list.Total(), r)
		}
		if got := w.add.Saved(); len(got) != 1 || got[0] != id {
			t.Errorf("saved %q", got)
		}
	})
	inWorld(t, func(w *world) {
		prepare(w)
		w.add.Save(model.KeepBoth)
		w.loop.Settle()
		if w.list.Total() != 3 {
			t.Errorf("%d accounts", w.list.Total())
		}
	})
	inWorld(t, func(w *world) {
		prepare(w)
		w.add.Save(model.AddNew) // nobody answered the question
		w.loop.Settle()
		w.wantStage(model.Found)
		if w.list.Total() != 2 {
			t.Errorf("%d accounts: added without asking", w.list.Total())
		}
	})
}

// A typed key that is there already is told on the preview, like one that was scanned; and nothing is saved that has no name.
func TestSameKeyTyped(t *testing.T) {
	inWorld(t, func(w *world) {
		there := totp("Acme", "maria", 1)
		there.Params.Secret = secret.FromString("Hello!\xde\xad\xbe\xef")
		ids := w.open("", there)
		w.add.TypeKey()
		f := w.add.Form()
		f.Issuer, f.Name, f.Key = "Globex", "anna", "jbsw y3dp ehpk 3pxp"
		w.add.SetForm(f)
		w.add.SubmitForm()
		w.wantStage(model.Found)
		if d := w.add.Draft(); d.Same == nil || d.Same.ID != ids[0] {
			t.Errorf("the same key is there, and the preview says %+v", d.Same)
		}
		w.add.SetNames("", "")
		w.add.Save(model.KeepBoth)
		w.loop.Settle()
		w.wantStage(model.Found)
		wantText(t, "error", w.add.Error(), "who the portal is")
		if w.list.Total() != 1 {
			t.Errorf("%d accounts", w.list.Total())
		}
	})
}

func TestSameKeyTurnsUpMeanwhile(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.add.ReadText(link("Acme", "maria", 1))
		release := w.vault.Hold("update")
		w.add.Save(model.AddNew)
		w.vault.Outside(func(v *vault.Vault) {
			if _, err := v.Add(totp("Acme", "other window", 1), strings.NewReader(strings.Repeat("y", 64)), noon); err != nil {
				t.Error(err)
			}
		})
		release()
		w.loop.Settle()
		w.wantStage(model.Found)
		w.loop.Settle()
		if d := w.add.Draft(); d.Same == nil || w.add.Error() != "" {
			t.Errorf("the preview says %+v and %q, instead of asking", d.Same, w.add.Error())
		}
		if w.list.Total() != 1 {
			t.Errorf("%d accounts", w.list.Total())
		}
	})
}

// An account of the same name is told while the name is being typed.
func TestSameNameTyped(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Globex", "anna", 2))
		w.add.ReadText(link("Acme", "maria", 1))
		for _, c := range []struct {
			issuer, name string
			same         int
		}{{"Acme", "anna", 0}, {"globex", "Anna", 1}, {"Globex", "maria", 0}} {
			w.add.SetNames(c.issuer, c.name)
			d := w.add.Draft()
			if len(d.SameNames) != c.same || c.same > 0 && d.SameNames[0].ID != ids[0] {
				t.Errorf("%s, %s: accounts of the same name: %+v", c.issuer, c.name, d.SameNames)
			}
		}
	})
}

func TestReplaceKeepsTheCounter(t *testing.T) {
	a := hotp("Acme", "maria", 1)
	a.Params.Counter = 57
	inWorld(t, func(w *world) {
		ids := w.open("", a)
		w.add.ReadText("otpauth://hotp/Acme:maria?counter=1&issuer=Acme&secret=" + otp.EncodeBase32(key(1).Reveal()))
		w.add.Save(model.Replace)
		w.loop.Settle()
		w.vault.Content(func(v *vault.Vault) {
			if a, _ := v.Account(ids[0]); a.Params.Counter != 58 { // 57 was shown to prove it
				t.Errorf("counter %d", a.Params.Counter)
			}
		})
		if w.add.Proof().Code != codeAt(t, a, noon) {
			t.Error("the code to prove it with is not that of the kept counter")
		}
	})
}

func TestKeyInTheTrash(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "maria", 1))
		w.list.Remove(ids[0])
		w.loop.Settle()
		w.add.ReadText(link("Acme", "maria", 1))
		w.wantStage(model.Found)
		if w.add.Draft().Same != nil {
			t.Error("an account in the trash is offered to be replaced")
		}
		wantText(t, "lines", strings.Join(w.add.Draft().Lines, "|"), "in the trash")
	})
}

func TestBackAndCancel(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.add.Begin()
		w.add.Back()
		if w.add.Active() {
			t.Error("back from the first step does not leave the flow")
		}
		w.add.ReadText(link("Acme", "maria", 1))
		d := w.add.Draft()
		w.add.Back()
		w.wantStage(model.Choose)
		if !d.Params.Secret.IsEmpty() {
			t.Error("the key of a draft that was left is still there")
		}
		w.add.ReadText(link("Acme", "maria", 1))
		w.add.Save(model.AddNew)
		w.loop.Settle()
		w.add.Back() // saved: there is no way back
		w.wantStage(model.ProveIt)
		w.add.Cancel()
		if w.list.Total() != 1 || w.add.Active() {
			t.Errorf("%d accounts, active %v", w.list.Total(), w.add.Active())
		}
		wantText(t, "notice", w.notice().Text, "was kept")
	})
}

// Leaving the flow while it saves: the account is saved, the flow stays left.
func TestCancelWhileSaving(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.add.ReadText(link("Acme", "maria", 1))
		release := w.vault.Hold("update")
		w.add.Save(model.AddNew)
		w.add.Back() // a save cannot be gone back on
		w.wantStage(model.Found)
		w.add.Cancel()
		release()
		w.loop.Settle()
		if w.add.Active() || w.add.Stage() != model.Choose || len(w.add.Saved()) != 0 || w.list.Total() != 1 {
			t.Errorf("active %v, stage %v, %d accounts", w.add.Active(), w.add.Stage(), w.list.Total())
		}
		w.vault.Content(func(v *vault.Vault) {
			if a := v.Accounts()[0]; a.Params.Secret.IsEmpty() {
				t.Error("the key was wiped under the save")
			}
		})
	})
}

func TestProofWaitsForAFreshCode(t *testing.T) {
	a := totp("Acme", "maria", 1)
	inWorld(t, func(w *world) {
		w.open("")
		w.loop.Jump(noon.Add(23 * time.Second))
		w.add.ReadText(link("Acme", "maria", 1))
		w.add.Save(model.AddNew)
		w.loop.Settle()
		p := w.add.Proof()
		if p.Code != "" || p.Waiting != 7 || p.Portal != "Acme" {
			t.Fatalf("proof %+v: the code that is about to end is shown", p)
		}
		changes := 0
		w.add.OnChange(func() { changes++ })
		w.tick(6)
		if p := w.add.Proof(); p.Code != "" || p.Waiting != 1 || changes != 0 {
			t.Errorf("proof %+v after %d changes", p, changes)
		}
		w.tick(1)
		if p := w.add.Proof(); p.Code != codeAt(t, a, noon.Add(30*time.Second)) || p.Waiting != 0 || p.Remaining != 30 || changes != 1 {
			t.Errorf("proof %+v after %d changes", p, changes)
		}
		w.tick(25) // once on show it stays to the end, and then the next one is shown
		if p := w.add.Proof(); p.Code == "" || p.Remaining != 5 {
			t.Errorf("proof %+v", p)
		}
		w.tick(5)
		if p := w.add.Proof(); p.Code != codeAt(t, a, noon.Add(60*time.Second)) || changes != 2 {
			t.Errorf("proof %+v after %d changes", p, changes)
		}
		w.add.Accepted()
		w.wantStage(model.KeepKeys)
		w.loop.Settle()
		w.add.KeysKept()
		w.wantStage(model.Done)
		id := w.add.Saved()[0]
		if w.row(id).Used.IsZero() {
			t.Error("an accepted code does not count as used")
		}
	})
	inWorld(t, func(w *world) {
		w.open("")
		w.loop.Jump(noon.Add(22 * time.Second)) // 8 s are enough
		w.add.ReadText(link("Acme", "maria", 1))
		w.add.Save(model.AddNew)
		w.loop.Settle()
		if p := w.add.Proof(); p.Code == "" || p.Waiting != 0 {
			t.Errorf("proof %+v", p)
		}
	})
}

// Ten-second codes would never have eight seconds left for long.
func TestProofOfShortPeriods(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.loop.Jump(noon.Add(4 * time.Second))
		w.add.ReadText(link("Acme", "maria", 1, "&period=10"))
		w.add.Save(model.AddNew)
		w.loop.Settle()
		if p := w.add.Proof(); p.Code == "" {
			t.Errorf("proof %+v", p)
		}
	})
}

func TestProofWhenTheClockIsSetBack(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.loop.Jump(noon.Add(25 * time.Second))
		w.add.ReadText(link("Acme", "maria", 1))
		w.add.Save(model.AddNew)
		w.loop.Settle()
		w.loop.Jump(noon.Add(-time.Hour))
		if p := w.add.Proof(); p.Code == "" {
			t.Errorf("proof %+v: waits for an hour", p)
		}
	})
}

func TestRefused(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.add.ReadText(link("Acme", "maria", 1))
		w.add.Save(model.AddNew)
		w.tick(33)
		if len(w.add.Proof().Advice) != 0 {
			t.Error("advice before anything was refused")
		}
		w.add.Refused()
		w.wantStage(model.ProveIt)
		advice := strings.Join(w.add.Proof().Advice, "|")
		wantText(t, "advice", advice, "changed 3 seconds ago", "12:00:33 on Wednesday, 3 June 2026", "maria", "new QR code", "other settings")
		w.tick(22)
		w.add.Refused()
		if p := w.add.Proof(); p.Code != "" || p.Waiting != 5 {
			t.Errorf("after a refusal late in the step: %+v, want a fresh code", p)
		}
		if strings.Contains(strings.Join(w.add.Proof().Advice, "|"), "seconds ago") {
			t.Error("25 seconds after the change the change is blamed")
		}
		w.tick(5)
		w.add.Accepted()
		w.wantStage(model.KeepKeys)
		w.loop.Settle()
		w.add.KeysKept()
		w.wantStage(model.Done)
	})
	inWorld(t, func(w *world) {
		w.open("")
		w.add.ReadText(link("Acme", "maria", 1, "&digits=8"))
		w.add.Save(model.AddNew)
		w.loop.Settle()
		w.add.Refused()
		wantText(t, "advice", strings.Join(w.add.Proof().Advice, "|"), "unusual", "8 digits")
	})
}

func TestProofOfHOTP(t *testing.T) {
	a := hotp("Acme", "maria", 1)
	inWorld(t, func(w *world) {
		w.open("")
		w.add.ReadText("otpauth://hotp/Acme:maria?counter=0&issuer=Acme&secret=" + otp.EncodeBase32(key(1).Reveal()))
		w.add.Save(model.AddNew)
		w.loop.Settle()
		w.wantStage(model.ProveIt)
		if w.add.Proof().Code != codeAt(t, a, noon) {
			t.Errorf("proof %+v", w.add.Proof())
		}
		w.add.Refused()
		w.loop.Settle()
		a.Params.Counter = 1
		if w.add.Proof().Code != codeAt(t, a, noon) {
			t.Errorf("proof %+v, want the next code", w.add.Proof())
		}
		w.vault.Content(func(v *vault.Vault) {
			if got := v.Accounts()[0].Params.Counter; got != 2 {
				t.Errorf("counter %d on disk", got)
			}
		})
	})
}

func TestTypedForm(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.add.TypeKey()
		w.wantStage(model.Typing)
		f := w.add.Form()
		if f.Kind != otp.TOTP || f.Algorithm != otp.SHA1 || f.Digits != "6" || f.Period != "30" || len(w.add.FormProblems()) != 0 {
			t.Fatalf("form %+v, problems %v", f, w.add.FormProblems())
		}
		w.add.SubmitForm()
		w.wantStage(model.Typing)
		for _, field := range []string{"issuer", "key"} {
			if w.add.FormProblems()[field] == "" {
				t.Errorf("no problem with %s: %v", field, w.add.FormProblems())
			}
		}
		f.Issuer, f.Name, f.Key = "Acme", "maria", "jbsw y3dp ehpk 3pxp"
		w.add.SetForm(f)
		if len(w.add.FormProblems()) != 0 {
			t.Errorf("problems %v", w.add.FormProblems())
		}
		w.add.SubmitForm()
		w.wantStage(model.Found)
		if d := w.add.Draft(); d.Issuer != "Acme" || d.Name != "maria" || string(d.Params.Secret.Reveal()) != "Hello!\xde\xad\xbe\xef" {
			t.Errorf("draft %+v", d)
		}
		w.add.Back()
		w.wantStage(model.Typing)
		if w.add.Form().Key == "" {
			t.Error("going back loses what was typed")
		}
		w.add.SubmitForm()
		w.add.Save(model.AddNew)
		w.loop.Settle()
		w.wantStage(model.ProveIt)
		if f := w.add.Form(); f.Key != "" {
			t.Error("the typed key is kept after the form was left")
		}
	})
}

func TestTypedKeyIsCheckedAsTyped(t *testing.T) {
	for _, c := range []struct {
		kind          otp.Kind
		key           string
		problem, hint string
	}{
		{otp.TOTP, "", "", ""},
		{otp.TOTP, "J", "", ""},
		{otp.TOTP, "JBSWY3DP", "", ""},
		{otp.TOTP, "JBSWY3DPEHPK3PXP", "", ""},
		{otp.TOTP, "JBSWY3D0", "0, 1, 8 or 9", ""},
		{otp.TOTP, "JBSWY3D!", "“!”", ""},
		{otp.TOTP, "492039", "looks like a code", ""},
		{otp.TOTP, "482 930", "looks like a code", ""},
		{otp.TOTP, "234567", "", "looks like a code"},
		{otp.TOTP, "https://portal.example", "web address", ""},
		{otp.TOTP, "maria@shop.example", "e-mail address", ""},
		{otp.TOTP, "0123456789abcdef0123", "hexadecimal", ""},
		{otp.TOTP, "duo://x", "Duo", ""},
		{otp.TOTP, link("Acme", "maria", 1), "", "whole link"},
		{otp.MOTP, "0123456789abcdef", "", ""},
		{otp.MOTP, "0123", "", ""}, // still being typed
		{otp.Steam, "JBSWY3DPEHPK3PXP", "", ""},
		{otp.Manual, "whatever", "", ""},
	} {
		t.Run(string(c.kind)+" "+c.key, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.open("")
				w.add.TypeKey()
				w.add.SetKind(c.kind)
				f := w.add.Form()
				f.Key = c.key
				w.add.SetForm(f)
				problem, hint := w.add.FormProblems()["key"], w.add.FormHints()["key"]
				if (problem == "") != (c.problem == "") || (hint == "") != (c.hint == "") {
					t.Errorf("problem %q, hint %q", problem, hint)
				}
				wantText(t, "problem", problem, c.problem)
				wantText(t, "hint", hint, c.hint)
			})
		})
	}
}

func TestFormNumbers(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.add.TypeKey()
		f := w.add.Form()
		f.Digits, f.Period = "11", "0"
		w.add.SetForm(f)
		for _, field := range []string{"digits", "period"} {
			if w.add.FormProblems()[field] == "" {
				t.Errorf("no problem with %s: %v", field, w.add.FormProblems())
			}
		}
		f.Digits, f.Period = "8", " 60 "
		w.add.SetForm(f)
		if len(w.add.FormProblems()) != 0 {
			t.Errorf("problems %v", w.add.FormProblems())
		}
		w.add.SetKind(otp.HOTP)
		f = w.add.Form()
		if f.Counter != "0" || f.Period != "" || f.Digits != "6" {
			t.Errorf("presets %+v", f)
		}
		f.Counter = "-1"
		w.add.SetForm(f)
		if w.add.FormProblems()["counter"] == "" {
			t.Error("a counter below zero is taken")
		}
	})
}

func TestTypedKinds(t *testing.T) {
	for _, c := range []struct {
		kind     otp.Kind
		key, pin string
		bad      string // a PIN that is not one
	}{
		{otp.TOTP, "JBSWY3DPEHPK3PXP", "", ""},
		{otp.HOTP, "JBSWY3DPEHPK3PXP", "", ""},
		{otp.Steam, "JBSWY3DPEHPK3PXP", "", ""},
		{otp.MOTP, "0123456789abcdef", "1234", "12"},
		{otp.Yandex, "LA2V6KMCGYMWWVEW64RNP3JA3I", "5239", "1"},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.open("")
				w.add.TypeKey()
				w.add.SetKind(c.kind)
				f := w.add.Form()
				f.Issuer, f.Key, f.PIN = "Acme", c.key, c.bad
				w.add.SetForm(f)
				if c.pin != "" {
					if w.add.FormProblems()["pin"] == "" {
						t.Errorf("problems %v", w.add.FormProblems())
					}
					f.PIN = ""
					w.add.SetForm(f)
					if len(w.add.FormProblems()) != 0 {
						t.Errorf("a PIN that is not typed yet is a problem: %v", w.add.FormProblems())
					}
					w.add.SubmitForm()
					w.wantStage(model.Typing)
				}
				f.PIN = c.pin
				w.add.SetForm(f)
				w.add.SubmitForm()
				w.wantStage(model.Found)
				w.add.Save(model.AddNew)
				w.loop.Settle()
				w.wantStage(model.ProveIt)
				if p := w.add.Proof(); p.Code == "" && p.Waiting == 0 {
					t.Errorf("proof %+v", p)
				}
			})
		})
	}
}

func TestManualAccount(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.add.TypeKey()
		w.add.SetKind(otp.Manual)
		f := w.add.Form()
		f.Issuer = "Bank"
		w.add.SetForm(f)
		w.add.SubmitForm()
		w.wantStage(model.Found)
		w.add.Save(model.AddNew)
		w.loop.Settle()
		w.wantStage(model.KeepKeys) // there is no code to type
		w.add.KeysKept()
		w.wantStage(model.Done)
		w.add.Finish()
		w.wantTitles("Bank")
	})
}

func TestWholeLinkInTheKeyField(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.add.TypeKey()
		f := w.add.Form()
		f.Key = link("Acme", "maria", 1, "&digits=8")
		w.add.SetForm(f)
		w.add.SubmitForm()
		w.wantStage(model.Found)
		if d := w.add.Draft(); d.Issuer != "Acme" || d.Params.Digits != 8 || w.add.Form().Key != "" {
			t.Errorf("draft %+v", d)
		}
	})
}

// A mOTP link carries no PIN: the person is asked, with everything else filled in.
func TestLinkWithoutPIN(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.add.ReadText("motp://Acme:maria?secret=0123456789abcdef")
		w.wantStage(model.Typing)
		f := w.add.Form()
		if f.Kind != otp.MOTP || f.Issuer != "Acme" || f.Name != "maria" || f.Key != "0123456789abcdef" {
			t.Fatalf("form %+v", f)
		}
		f.PIN = "1234"
		w.add.SetForm(f)
		w.add.SubmitForm()
		w.wantStage(model.Found)
	})
}
