package view

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/apptest"
	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/backup"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/transfer/exports"
)

// backedUp is an open vault with backups that were made yesterday.
func backedUp(s *stage) {
	openVault(s)
	k := &apptest.Backups{Now: s.loop.Now, Accounts: 34}
	k.Put(backup.Status{Set: true, Folder: "/media/stick/Backups", FolderThere: true, Last: &backup.Last{Made: noon.Add(-15 * time.Hour), Accounts: 34}})
	s.backups, s.exports = k, &apptest.Exports{}
}

// notBackedUp is an open vault whose backups were never set up.
func notBackedUp(s *stage) {
	openVault(s)
	s.backups, s.exports = &apptest.Backups{Now: s.loop.Now, Accounts: 6}, &apptest.Exports{}
}

// previewed opens an older export of the accounts, without the first and with another one.
func previewed(s *stage) {
	s.t.Helper()
	old := vault.New()
	for i, a := range append(accounts()[1:], accounts()[0]) {
		if i == len(accounts())-1 {
			a.Issuer, a.Params.Secret = "Old shop", secret.FromString("a key that is nowhere")
		}
		a.Note = strings.Repeat("older ", i%2)
		if _, err := old.Add(a, &counter{byte(200 + i)}, noon.Add(-48*time.Hour)); err != nil {
			s.t.Fatal(err)
		}
	}
	data, err := exports.Tallystick.Write(old, exports.Options{Passphrase: secret.FromString("words"), Now: noon.Add(-48 * time.Hour), Work: 2})
	if err != nil {
		s.t.Fatal(err)
	}
	file := filepath.Join(s.t.TempDir(), "tallystick-export.age")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.root.openRestore()
	r := s.session.Restore()
	r.Choose(file)
	s.until(func() bool { return r.Chosen() != "" })
	r.Unlock(secret.FromString("words"))
	s.until(r.IsOpen)
}

// counter is a source of ids that differ.
type counter [1]byte

func (c *counter) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = c[0]
	}
	return len(p), nil
}

// typeInto writes a passphrase as a person does.
func (s *stage) typeInto(e *widget.PassphraseEntry, text string) {
	s.t.Helper()
	s.root.focusOn(e.Focusable())
	s.write(text)
}

func newBackupStage(t *testing.T, prepare func(*stage)) *stage {
	return newStage(t, phone, look.Config{Appearance: look.Light, TextScale: 1}, prepare)
}

func TestBackupsAreSetUp(t *testing.T) {
	s := newBackupStage(t, notBackedUp)
	s.until(func() bool { return s.session.Backup().Reminder() != "" })
	if s.root.main.care.Hidden {
		t.Error("nothing reminds of a backup")
	}
	s.root.openBackup()
	p := s.root.current.(*backupPage)
	p.begin()
	if p.backup.IsSet() {
		t.Error("set up without a folder")
	}
	p.folder = "/media/stick"
	p.begin()
	s.typeInto(p.first, "correct horse")
	s.typeInto(p.again, "correct house")
	p.begin()
	if p.backup.IsSet() || !p.first.IsEmpty() {
		t.Error("two different passphrases were taken")
	}
	s.typeInto(p.first, "correct horse")
	s.typeInto(p.again, "correct horse")
	p.begin()
	s.until(func() bool { return p.backup.IsSet() && !p.backup.Busy() })
	k := s.backups.(*apptest.Backups)
	if k.Passphrase() != "correct horse" || k.Made() != 1 || !p.first.IsEmpty() || !p.again.IsEmpty() {
		t.Errorf("%q, %d made", k.Passphrase(), k.Made())
	}
	k.Fail(errors.Join(backup.ErrFailed, backup.ErrFolder))
	p.backup.MakeNow()
	s.until(func() bool { return p.backup.Error() != "" })
	s.root.home()
	if !s.root.main.care.Hidden {
		t.Error("one failure is spoken of above the list")
	}
}

// The page begins with the keyboard on what is done next.
func TestBackupsBeginWithTheKeyboard(t *testing.T) {
	s := newStage(t, phone, look.Config{}, backedUp)
	s.root.openBackup()
	s.idle()
	if s.win.Canvas().Focused() != fyne.Focusable(s.button("Back up now")) {
		t.Errorf("where backups are made the keyboard is on %T", s.win.Canvas().Focused())
	}
	s.button("New passphrase").OnTapped()
	if s.win.Canvas().Focused() != s.root.current.(*backupPage).first.Focusable() {
		t.Errorf("where a new passphrase is asked for the keyboard is on %T", s.win.Canvas().Focused())
	}
	s = newStage(t, phone, look.Config{}, notBackedUp)
	s.root.openBackup()
	s.idle()
	if s.win.Canvas().Focused() != fyne.Focusable(s.button("Choose a folder")) {
		t.Errorf("where none are set up the keyboard is on %T", s.win.Canvas().Focused())
	}
}

func TestRestorePageAsksTwiceBeforeReplacing(t *testing.T) {
	s := newBackupStage(t, backedUp)
	previewed(s)
	p := s.root.current.(*restorePage)
	total := s.session.List().Total()
	p.sure = true
	p.update()
	if s.session.List().Total() != total {
		t.Error("replaced at the first press")
	}
	p.restore.Merge()
	s.until(func() bool { return p.restore.Done() != "" && s.session.List().Total() > total })
	p.escape()
	if p.restore.IsOpen() || p.restore.Done() != "" {
		t.Error("the flow is still open")
	}
}

// In the open only after the person was asked who they are; leaving forgets everything.
func TestExportPage(t *testing.T) {
	s := newBackupStage(t, backedUp)
	s.root.openExport()
	p := s.root.current.(*exportPage)
	p.export.Choose("google", false)
	p.confirm("show them", p.show)
	asked, isAsked := s.root.current.(*confirmPage)
	if !isAsked {
		t.Fatal("nobody was asked")
	}
	if _, _, of, _ := p.export.Code(); of != 0 {
		t.Fatal("QR codes before the question")
	}
	asked.then()
	if _, _, of, _ := p.export.Code(); of == 0 || s.root.current != page(p) {
		t.Fatal("no QR codes after the question")
	}
	for range qrSeconds {
		s.root.Tick()
	}
	if _, _, of, _ := p.export.Code(); of != 0 || s.root.current != page(s.root.main) {
		t.Error("QR codes stay on the screen")
	}

	s.root.openExport()
	p = s.root.current.(*exportPage)
	p.export.Choose("uris", false)
	p.save()
	asked, isAsked = s.root.current.(*confirmPage)
	if !isAsked {
		t.Fatal("nobody was asked")
	}
	asked.back()
	if s.root.current != page(p) {
		t.Fatal("not back at the export")
	}
	file := filepath.Join(t.TempDir(), "x.txt")
	p.export.Save(file, secret.Bytes{})
	s.until(func() bool { return p.export.Left() != "" })
	s.root.home()
	if s.root.main.care.Hidden {
		t.Error("nothing reminds of the file")
	}
	if _, chosen := p.export.Chosen(); chosen {
		t.Error("the flow is still open")
	}

	s.root.openExport()
	p = s.root.current.(*exportPage)
	p.export.Choose("aegis", false)
	p.save()
	s.typeInto(p.first, "a")
	s.typeInto(p.again, "b")
	p.save()
	if len(p.export.Saved()) != 0 || !p.first.IsEmpty() {
		t.Error("two different passphrases were taken")
	}
	s.press(fyne.KeyEscape)
}
