package model_test

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/portal"
	"github.com/tallystick/tallystick/assets"
	"github.com/tallystick/tallystick/vault"
)

const sheetText = "Acme backup codes\n\n4f8a-91c2\n77de-03b5\nc01a-5e6f\n"

// enrolled walks to the recovery keys of a new account and returns its id.
func (w *world) enrolled(n int) vault.ID {
	w.Helper()
	w.add.ReadText(link("Acme", "maria", n))
	w.add.Save(model.AddNew)
	w.loop.Settle()
	w.wantStage(model.ProveIt)
	return w.add.Saved()[0]
}

func (w *world) account(id vault.ID) (a vault.Account) {
	w.Helper()
	w.vault.Content(func(v *vault.Vault) { a, _ = v.Account(id) })
	return a
}

// An enrollment that was interrupted at the code, and then at the recovery keys, is offered again each time, and goes on where it was.
func TestInterruptedEnrollment(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		id := w.enrolled(1)
		w.add.Cancel()
		w.loop.Settle()
		rows := w.list.Unfinished()
		if len(rows) != 1 || rows[0].ID != id || w.account(id).Pending != vault.PendingProof {
			t.Fatalf("unfinished %v, pending %q", rows, w.account(id).Pending)
		}
		w.add.Resume(id)
		w.wantStage(model.ProveIt)
		if w.add.Proof().Code == "" {
			t.Error("no code to go on with")
		}
		w.add.Accepted()
		w.loop.Settle()
		w.wantStage(model.KeepKeys)
		w.add.Cancel()
		w.loop.Settle()
		if w.account(id).Pending != vault.PendingRecovery {
			t.Fatalf("pending %q", w.account(id).Pending)
		}
		w.add.Resume(id)
		w.wantStage(model.KeepKeys)
		w.add.KeysKept()
		w.loop.Settle()
		w.wantStage(model.Done)
		if len(w.list.Unfinished()) != 0 || w.account(id).Pending != vault.PendingNothing {
			t.Error("a finished enrollment is still offered")
		}
	})
}

// Keys are read from a file that appeared in Downloads, corrected, kept, used once, and the file is deleted.
func TestKeepRecoveryKeys(t *testing.T) {
	inWorld(t, func(w *world) {
		dir := t.TempDir()
		file := filepath.Join(dir, "acme-codes.txt")
		write := func(name string, age time.Duration) {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte(sheetText), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, noon.Add(-age), noon.Add(-age)); err != nil {
				t.Fatal(err)
			}
		}
		write("acme-codes.txt", 2*time.Minute)
		write("yesterday.txt", 24*time.Hour)
		w.downloads = dir
		w.open("")
		id := w.enrolled(1)
		w.add.Accepted()
		w.loop.Settle()
		keep := w.s.Keep()
		if got := keep.Recent(); len(got) != 1 || got[0].Name != "acme-codes.txt" || got[0].Ago != 2*time.Minute {
			t.Fatalf("recent downloads %+v", got)
		}
		keep.ReadFile(keep.Recent()[0].Path)
		w.loop.Settle()
		if got := keep.Lines(); len(got) != 3 || got[1].Text != "77de-03b5" {
			t.Fatalf("understood %+v, error %q", got, keep.Error())
		}
		keep.Correct("4f8a-91c2\n\n 77de-03b6 \n")
		keep.Save(false)
		w.loop.Settle()
		if keep.Saved() != 2 || keep.LooseFile() != "acme-codes.txt" || len(keep.Lines()) != 0 {
			t.Fatalf("saved %d, loose %q, still shown %v, error %q", keep.Saved(), keep.LooseFile(), keep.Lines(), keep.Error())
		}
		if got := w.list.Recovery(id); got.Left != 2 || got.Total != 2 || got.Warning != "" {
			t.Errorf("recovery %+v", got)
		}
		keep.RemoveLooseFile()
		w.loop.Settle()
		if _, err := os.Stat(file); !os.IsNotExist(err) || keep.LooseFile() != "" {
			t.Errorf("the file is still there: %v", err)
		}
		w.add.KeysKept()
		w.loop.Settle()

		sheet := w.list.Sheets(id)[0]
		w.list.UseRecoveryKey(id, sheet.ID, 1)
		w.loop.Settle()
		if w.clipboard() != "77de-03b6" || w.list.Recovery(id).Left != 1 {
			t.Errorf("clipboard %q, %+v", w.clipboard(), w.list.Recovery(id))
		}
		w.list.UseRecoveryKey(id, sheet.ID, 0)
		w.loop.Settle()
		if w.list.Recovery(id).Warning == "" {
			t.Error("no warning with no key left")
		}
		w.list.UndoRecoveryKey(id, sheet.ID, 0)
		w.loop.Settle()
		if got := w.list.Recovery(id); got.Left != 1 {
			t.Errorf("after undo %+v", got)
		}
		// A new sheet replaces the old one, which is kept and marked.
		keep.Begin(id)
		keep.ReadText("New backup codes\n\n1a2b-1111\n3c4d-2222\n5e6f-3333\n")
		keep.Save(false)
		w.loop.Settle()
		sheets := w.list.Sheets(id)
		if len(sheets) != 2 || !sheets[0].Dead.IsZero() || sheets[1].Dead.IsZero() || w.list.Recovery(id).Left != 3 {
			t.Errorf("sheets %+v", sheets)
		}
	})
}

// What was copied is kept and then taken off the clipboard: a text, or a picture without a QR code, which is shown to type from
// and painted over when it is done with, whichever way that comes.
func TestKeepWhatWasCopied(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "maria", 1))
		keep := w.s.Keep()
		begin := func() {
			keep.Begin(ids[0])
			w.loop.Settle()
		}
		begin()
		keep.ReadClipboard()
		w.loop.Settle()
		wantText(t, "nothing copied", keep.Error(), "Nothing was copied")

		w.clip.CopyElsewhere(sheetText)
		keep.ReadClipboard()
		w.loop.Settle()
		if len(keep.Lines()) != 3 || keep.Picture() != nil {
			t.Fatalf("understood %+v, error %q", keep.Lines(), keep.Error())
		}
		keep.Save(false)
		w.loop.Settle()
		if keep.Saved() != 3 || w.clipboard() != "" {
			t.Errorf("saved %d, the clipboard still holds %q", keep.Saved(), w.clipboard())
		}

		var data bytes.Buffer
		img := image.NewGray(image.Rect(0, 0, 60, 5000))
		for i := range img.Pix {
			img.Pix[i] = 200
		}
		if err := png.Encode(&data, img); err != nil {
			t.Fatal(err)
		}
		wiped := func(img image.Image) bool {
			return !slices.ContainsFunc(img.(*image.RGBA).Pix, func(b uint8) bool { return b != 0 })
		}
		shown := func() image.Image {
			t.Helper()
			w.picture.Set(bytes.Clone(data.Bytes()))
			keep.ReadClipboard()
			w.loop.Settle()
			shown := keep.Picture()
			if shown == nil || keep.Error() != "" || len(keep.Lines()) != 0 {
				t.Fatalf("no picture; error %q, lines %v", keep.Error(), keep.Lines())
			}
			if b := shown.Bounds(); b.Dy() != 3000 || b.Dx() != 36 || wiped(shown) {
				t.Errorf("shown: %v", b)
			}
			return shown
		}
		for name, done := range map[string]func(){
			"put away":     keep.DropPicture,
			"pasted":       func() { keep.ReadText(sheetText) },
			"left":         keep.Cancel,
			"another step": begin,
		} {
			begin()
			before := shown()
			done()
			if keep.Picture() != nil || !wiped(before) {
				t.Errorf("%s: the picture is still there", name)
			}
		}
		begin()
		before := shown()
		keep.Correct("1a2b-1111\n")
		if keep.Picture() == nil || wiped(before) {
			t.Fatal("the picture went away while it is typed from")
		}
		keep.Save(false)
		w.loop.Settle()
		if keep.Saved() != 1 || keep.Picture() != nil || !wiped(before) {
			t.Errorf("saved %d, picture %v", keep.Saved(), keep.Picture() != nil)
		}
		if history := w.clip.History(); len(history) == 0 || history[len(history)-1] != "" {
			t.Errorf("the picture is still on the clipboard: %q", history)
		}

		// A picture that comes when the step was left already is not kept by anybody.
		begin()
		w.picture.Set(bytes.Clone(data.Bytes()))
		keep.ReadClipboard()
		keep.Cancel()
		w.loop.Settle()
		if keep.Picture() != nil || keep.Active() {
			t.Error("a picture that came too late is shown")
		}

		// A picture with a code that holds no keys, as that of the enrollment, is one to type from, too.
		begin()
		w.scanner.SeeTexts(link("Acme", "maria", 1))
		shown()
		w.scanner.SeeTexts(sheetText)
		keep.ReadClipboard()
		w.loop.Settle()
		if keep.Picture() != nil || len(keep.Lines()) != 3 {
			t.Errorf("the keys in the code: %+v", keep.Lines())
		}
	})
}

// Locking drops what was pasted and what is shown.
func TestLockDropsRecoveryKeys(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("open sesame", totp("Acme", "maria", 1))
		keep := w.s.Keep()
		keep.Begin(ids[0])
		keep.ReadText(sheetText)
		if len(keep.Lines()) != 3 {
			t.Fatal("nothing was read")
		}
		w.s.Lock()
		w.loop.Settle()
		if keep.Active() || len(keep.Lines()) != 0 || len(w.list.Sheets(ids[0])) != 0 {
			t.Error("recovery keys survive the lock")
		}
	})
}

// Enrolling again keeps the account, its recovery keys and its old key, which can come back.
func TestEnrollAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "maria", 1))
		w.add.ReadText(link("Acme", "maria", 2))
		if d := w.add.Draft(); d.Same != nil || len(d.SameNames) != 1 {
			t.Fatalf("draft %+v", d)
		}
		w.add.SaveOver(ids[0])
		w.loop.Settle()
		w.wantStage(model.ProveIt)
		a := w.account(ids[0])
		if !a.Params.Same(totp("", "", 2).Params) || len(a.History) != 1 || !a.History[0].Params.Same(totp("", "", 1).Params) || w.list.Total() != 1 {
			t.Fatalf("after enrolling again: %d accounts, %+v", w.list.Total(), a)
		}
		w.list.RestoreKey(ids[0], 0)
		w.loop.Settle()
		if a := w.account(ids[0]); !a.Params.Same(totp("", "", 1).Params) || len(w.list.History(ids[0])) != 1 {
			t.Errorf("after restoring: %+v", a)
		}
		wantText(t, "notice", w.notice().Text, "The former key is back")
	})
}

// The guide of an account is found by its issuer, in the person's language.
func TestGuides(t *testing.T) {
	inWorld(t, func(w *world) {
		set, err := portal.Load(assets.Portals())
		if err != nil {
			t.Fatal(err)
		}
		w.guides, w.languages = set, []string{"de-AT"}
		ids := w.open("", totp("Yeastar P-Series", "superadmin", 1), totp("Other", "x", 2))
		if got := w.s.GuideFor(ids[0]); got != "yeastar" || w.s.GuideFor(ids[1]) != "" {
			t.Errorf("guides %q and %q", got, w.s.GuideFor(ids[1]))
		}
		g, ok := w.s.Guide("yeastar", 0)
		if !ok || g.Way != "Mit einem Authenticator" || g.Key != "TOTP, SHA1, 6 digits, 30 seconds" || g.Wants == "" || len(g.Steps) != 7 {
			t.Errorf("guide %+v", g)
		}
		if _, ok := w.s.Guide("yeastar", 7); ok {
			t.Error("a way that is not there")
		}
		if row, ok := w.s.LatestOf("yeastar", false); !ok || row.ID != ids[0] {
			t.Errorf("latest %+v", row)
		}
		if row, ok := w.s.LatestOf("yeastar", true); ok {
			t.Errorf("an account whose code the portal sends: %+v", row)
		}
		if g.Issuer != "Yeastar" || g.Sends {
			t.Errorf("guide %+v", g)
		}
		if g, ok := w.s.Guide("qontak", 1); !ok || !g.Sends || g.Issuer != "Qontak" {
			t.Errorf("guide %+v", g)
		}

		// The account of an e-mail way is typed with its portal and kind put in, and goes straight to its recovery keys.
		w.add.TypeManual("Qontak")
		f := w.add.Form()
		if f.Kind != model.Manual || f.Issuer != "Qontak" || w.add.Stage() != model.Typing {
			t.Fatalf("form %+v", f)
		}
		f.Name = "agent"
		w.add.SetForm(f)
		w.add.SubmitForm()
		w.loop.Settle()
		w.add.Save(model.AddNew)
		w.loop.Settle()
		w.wantStage(model.KeepKeys)
		if row, ok := w.s.LatestOf("qontak", true); !ok || row.Name != "agent" || row.ID != w.s.Keep().Account() {
			t.Errorf("latest %+v", row)
		}
	})
}
